use serde_json::json;

use super::super::resource_type::{Kind, ResourceTypes};
use super::*;

/// Applies operations to a user; the attributes afterwards, or the scimType of the refusal.
fn patched(before: Value, operations: Value) -> Result<Value, Option<ErrorType>> {
    let Value::Object(mut attributes) = before else {
        panic!("not an object")
    };
    let body = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let operations = read(body.as_object().unwrap()).map_err(|problem| problem.kind)?;
    for operation in &operations {
        apply(
            ResourceTypes::default().get(Kind::User),
            &mut attributes,
            operation,
        )
        .map_err(|problem| problem.kind)?;
    }
    Ok(Value::Object(attributes))
}

fn babs() -> Value {
    json!({
        "userName": "babs",
        "name": {"givenName": "Barbara", "familyName": "Jensen"},
        "emails": [
            {"value": "babs@example.com", "type": "work", "primary": true},
            {"value": "babs@home.test", "type": "home"},
        ],
        "active": true,
    })
}

fn with(changes: Value) -> Value {
    let mut user = babs();
    for (name, value) in changes.as_object().unwrap() {
        user[name] = value.clone();
    }
    user
}

fn without(name: &str) -> Value {
    let mut user = babs();
    user.as_object_mut().unwrap().shift_remove(name);
    user
}

const ENTERPRISE: &str = urn::ENTERPRISE_USER;

#[test]
fn values_are_added() {
    let work = json!({"value": "babs@example.com", "type": "work", "primary": true});
    let home = json!({"value": "babs@home.test", "type": "home"});
    let table = [
        // RFC 7644, 3.5.2.1, second example: no path.
        (
            json!([{"op": "add", "value": {"emails": [{"value": "babs@jensen.org", "type": "home"}], "nickName": "Babs"}}]),
            with(
                json!({"emails": [work, home, {"value": "babs@jensen.org", "type": "home"}], "nickName": "Babs"}),
            ),
        ),
        // What is there already is not added again.
        (
            json!([{"op": "add", "path": "emails", "value": [home]}]),
            babs(),
        ),
        // A new primary value demotes the former one.
        (
            json!([{"op": "Add", "path": "emails", "value": {"value": "new@x.test", "primary": true}}]),
            with(json!({"emails": [
                {"value": "babs@example.com", "type": "work", "primary": false}, home,
                {"value": "new@x.test", "primary": true},
            ]})),
        ),
        // A complex value is merged.
        (
            json!([{"op": "add", "path": "name", "value": {"middleName": "Jane"}}]),
            with(
                json!({"name": {"givenName": "Barbara", "familyName": "Jensen", "middleName": "Jane"}}),
            ),
        ),
        // An add that selects nothing makes what it describes.
        (
            json!([{"op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+1-555"}]),
            with(json!({"phoneNumbers": [{"type": "work", "value": "+1-555"}]})),
        ),
        (
            json!([{"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Ops"}]),
            with(json!({ENTERPRISE: {"department": "Ops"}})),
        ),
    ];
    for (operations, after) in table {
        assert_eq!(
            patched(babs(), operations.clone()),
            Ok(after),
            "{operations}"
        );
    }
}

#[test]
fn values_are_replaced() {
    let home = json!({"value": "babs@home.test", "type": "home"});
    let table = [
        // Okta's deactivation: path-less.
        (
            json!([{"op": "replace", "value": {"active": false}}]),
            with(json!({"active": false})),
        ),
        // Read-only and unknown keys of a path-less value are ignored.
        (
            json!([{"op": "Replace", "value": {"id": "x", "schemas": [], "meta": {}, "groups": [], "shoe": 7, "active": false}}]),
            with(json!({"active": false})),
        ),
        (
            json!([{"op": "replace", "path": "name.familyName", "value": "O'Neil-Łukasz"}]),
            with(json!({"name": {"givenName": "Barbara", "familyName": "O'Neil-Łukasz"}})),
        ),
        (
            json!([{"op": "replace", "value": {"name.givenName": "Babs", "USERNAME": "b"}}]),
            with(json!({"userName": "b", "name": {"givenName": "Babs", "familyName": "Jensen"}})),
        ),
        // RFC 7644, 3.5.2.3: a selected element, and a sub-attribute of it.
        (
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x.test"}]),
            with(json!({"emails": [{"value": "b@x.test", "type": "work", "primary": true}, home]})),
        ),
        // The selected element as a whole, and none of what it was.
        (
            json!([{"op": "replace", "path": "emails[primary eq true]", "value": {"value": "b@x.test"}}]),
            with(json!({"emails": [{"value": "b@x.test"}, home]})),
        ),
        (
            json!([{"op": "replace", "path": "emails[primary eq true]", "value": {"value": null}}]),
            with(json!({"emails": [home]})),
        ),
        (
            json!([{"op": "replace", "path": "emails", "value": [home]}]),
            with(json!({"emails": [home]})),
        ),
        (
            json!([{"op": "replace", "path": "emails", "value": []}]),
            without("emails"),
        ),
        (
            json!([{"op": "replace", "value": {"emails": null, "title": null}}]),
            without("emails"),
        ),
        // An extension by its URN, alone and before an attribute.
        (
            json!([{"op": "replace", "value": {ENTERPRISE: {"department": "Ops", "manager": {"value": "7"}}}}]),
            with(json!({ENTERPRISE: {"department": "Ops", "manager": {"value": "7"}}})),
        ),
        (
            json!([{"op": "replace", "value": {format!("{ENTERPRISE}:department"): "Ops"}}]),
            with(json!({ENTERPRISE: {"department": "Ops"}})),
        ),
        (
            json!([{"op": "replace", "path": ENTERPRISE, "value": {"division": "East"}},
                   {"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": "8"}]),
            with(json!({ENTERPRISE: {"division": "East", "manager": {"value": "8"}}})),
        ),
        (
            json!([{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "Dr"}]),
            with(json!({"title": "Dr"})),
        ),
    ];
    for (operations, after) in table {
        assert_eq!(
            patched(babs(), operations.clone()),
            Ok(after),
            "{operations}"
        );
    }
}

#[test]
fn values_are_removed() {
    let work = json!({"value": "babs@example.com", "type": "work", "primary": true});
    let table = [
        (json!([{"op": "remove", "path": "name"}]), without("name")),
        (
            json!([{"op": "remove", "path": "name.givenName"}]),
            with(json!({"name": {"familyName": "Jensen"}})),
        ),
        (
            json!([{"op": "remove", "path": "emails[type eq \"home\" and value ew \"home.test\"]"}]),
            with(json!({"emails": [work]})),
        ),
        (
            json!([{"op": "remove", "path": "emails[type eq \"home\"].type"}]),
            with(json!({"emails": [work, {"value": "babs@home.test"}]})),
        ),
        (
            json!([{"op": "remove", "path": "emails[value pr]"}]),
            without("emails"),
        ),
        (
            json!([{"op": "remove", "path": "emails[type eq \"other\"]"}, {"op": "remove", "path": "title"}]),
            babs(),
        ),
        (json!([{"op": "remove", "path": ENTERPRISE}]), babs()),
    ];
    for (operations, after) in table {
        assert_eq!(
            patched(babs(), operations.clone()),
            Ok(after),
            "{operations}"
        );
    }
}

#[test]
fn wrong_operations_are_refused() {
    let table = [
        (json!([]), ErrorType::InvalidSyntax),
        (
            json!([{"op": "move", "value": {}}]),
            ErrorType::InvalidSyntax,
        ),
        (
            json!([{"op": "replace", "value": "x"}]),
            ErrorType::InvalidValue,
        ),
        (
            json!([{"op": "replace", "path": "title"}]),
            ErrorType::InvalidValue,
        ),
        (json!([{"op": "remove"}]), ErrorType::NoTarget),
        (
            json!([{"op": "remove", "path": "userName"}]),
            ErrorType::Mutability,
        ),
        (
            json!([{"op": "replace", "path": "id", "value": "x"}]),
            ErrorType::Mutability,
        ),
        (
            json!([{"op": "add", "path": "groups", "value": []}]),
            ErrorType::Mutability,
        ),
        (
            json!([{"op": "replace", "path": "meta.version", "value": "x"}]),
            ErrorType::Mutability,
        ),
        (
            json!([{"op": "replace", "path": "shoeSize", "value": 7}]),
            ErrorType::InvalidPath,
        ),
        (
            json!([{"op": "replace", "path": "emails[", "value": 7}]),
            ErrorType::InvalidPath,
        ),
        (
            json!([{"op": "replace", "path": "name[givenName pr]", "value": {}}]),
            ErrorType::InvalidPath,
        ),
        (
            json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}]),
            ErrorType::NoTarget,
        ),
        (
            json!([{"op": "replace", "path": "active", "value": "false"}]),
            ErrorType::InvalidValue,
        ),
        (
            json!([{"op": "replace", "path": "emails", "value": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}]),
            ErrorType::InvalidValue,
        ),
        (
            json!([{"op": "replace", "path": "emails.primary", "value": true}]),
            ErrorType::InvalidValue,
        ),
    ];
    for (operations, kind) in table {
        assert_eq!(
            patched(babs(), operations.clone()),
            Err(Some(kind)),
            "{operations}"
        );
    }
}

#[test]
fn operations_are_applied_in_order() {
    let operations = json!([
        {"op": "replace", "path": "title", "value": "first"},
        {"op": "replace", "path": "title", "value": "last"},
        {"op": "add", "path": "nickName", "value": "Babs"},
        {"op": "remove", "path": "nickName"},
    ]);
    assert_eq!(
        patched(babs(), operations),
        Ok(with(json!({"title": "last"})))
    );
}

proptest::proptest! {
    #[test]
    fn no_path_and_no_value_panics(path in r#"[a-zA-Z.\[\]" :]{0,30}"#, value in ".{0,10}") {
        for op in ["add", "replace", "remove"] {
            let operation = json!([{"op": op, "path": path, "value": {"x": value}}]);
            let _ = patched(babs(), operation);
        }
    }
}
