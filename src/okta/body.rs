//! Body builders. Each returns the body and the places it touches: that is how the judge knows what
//! must hold afterwards without knowing how a server applies it.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::app::Mapped;
use super::request::Set;
use super::selector::Selector;
use super::{Variant, Variants};
use crate::secret::Secret;

/// URN of the core User schema (RFC 7643, 8.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of a PATCH request (RFC 7644, 3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A profile: values by Okta app attribute; null marks one that was cleared since the last push.
pub type Profile = IndexMap<String, Value>;

/// A body with the places it touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The body.
    pub body: Value,
    /// Places that must afterwards hold these values.
    pub sets: Vec<Set>,
}

/// A member as Okta sends it: the id and, for show, the login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The member's id at the target.
    pub id: String,
    /// Its login. None of a member that only the target knows, and shows without one: it goes back as null
    /// ([scimgateway #95](https://github.com/jelhub/scimgateway/issues/95)).
    pub display: Option<String>,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn at(path: &str) -> Option<Selector> {
    path.parse().ok()
}

fn set(path: &str, value: Value) -> Option<Set> {
    at(path).map(|at| Set { at, value })
}

/// The values of `profile` that `mapping` sends, in its order.
fn mapped<'a>(
    profile: &'a Profile,
    mapping: &'a [Mapped],
    variants: Variants,
) -> impl Iterator<Item = (&'a Selector, Value)> {
    mapping.iter().filter_map(move |m| {
        let value = profile.get(&m.from)?;
        Some((&m.to, variants.value(&m.from, value)))
    })
}

/// `POST /Users`. Key order is Okta's: schemas, userName, name, emails, displayName, locale, further mapped
/// attributes, externalId, groups, password, active. Values that are absent are left out, and with them an
/// extension that has none.
#[must_use]
pub fn create_user(
    profile: &Profile,
    mapping: &[Mapped],
    okta_id: &str,
    password: &Secret,
    variants: Variants,
) -> Built {
    let mut body = Map::new();
    let mut schemas = vec![USER.to_owned()];
    body.insert("schemas".into(), Value::Null);
    let mut sets = Vec::new();
    for (selector, value) in mapped(profile, mapping, variants).filter(|(_, v)| !v.is_null()) {
        if let Some(urn) = &selector.namespace
            && !schemas.contains(urn)
        {
            schemas.push(urn.clone());
        }
        selector.write(&mut body, value.clone());
        sets.push(Set {
            at: selector.clone(),
            value,
        });
    }
    body.insert("schemas".into(), json!(schemas));
    body.insert("externalId".into(), okta_id.into());
    body.insert("groups".into(), json!([]));
    body.insert("password".into(), password.expose().into());
    body.insert("active".into(), true.into());
    sets.extend(set("externalId", okta_id.into()));
    sets.extend(set("active", true.into()));
    Built {
        body: Value::Object(body),
        sets,
    }
}

/// What a profile push is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// A user who was found is linked, or comes back: `active` is true and `groups` is empty, whatever the target has
    /// shown (recorded).
    Link,
    /// A mapped attribute has changed: `active` and `groups` go back as the target has shown them.
    Change,
}

/// A profile push: the target's own answer with the mapped attributes laid over it. `externalId` becomes Okta's id;
/// every other key stays, in its place (recorded). A cleared attribute is sent
/// [as nobody has shown](Variants::cleared), and only where the target has it.
#[must_use]
pub fn put_profile(
    base: &Value,
    profile: &Profile,
    mapping: &[Mapped],
    okta_id: &str,
    push: Push,
    variants: Variants,
) -> Built {
    let mut body = object(base.clone());
    let mut sets = Vec::new();
    for (selector, value) in mapped(profile, mapping, variants) {
        if !value.is_null() {
            selector.write(&mut body, value.clone());
            list_extension(&mut body, selector);
        } else if selector.read(base).is_some_and(|v| !v.is_null()) {
            match variants.cleared(selector.attribute()) {
                Some(cleared) => selector.write(&mut body, cleared),
                None => selector.remove(&mut body),
            }
        } else {
            continue;
        }
        sets.push(Set {
            at: selector.clone(),
            value,
        });
    }
    body.insert("externalId".into(), okta_id.into());
    sets.extend(set("externalId", okta_id.into()));
    match push {
        Push::Link => drop(body.insert("groups".into(), json!([]))),
        Push::Change if variants.has(Variant::GroupsAdded) => {
            body.entry("groups").or_insert_with(|| json!([]));
        }
        Push::Change => {}
    }
    if push == Push::Link || variants.has(Variant::ActiveOnEveryPush) {
        body.insert("active".into(), true.into());
        sets.extend(set("active", true.into()));
    }
    Built {
        body: Value::Object(body),
        sets,
    }
}

/// An extension that a push brings in must stand in `schemas`, too (RFC 7643, 3.3).
fn list_extension(body: &mut Map<String, Value>, selector: &Selector) {
    let Some(urn) = &selector.namespace else {
        return;
    };
    if let Some(schemas) = body.get_mut("schemas").and_then(Value::as_array_mut)
        && !schemas.iter().any(|s| s == urn)
    {
        schemas.push(urn.as_str().into());
    }
}

/// The target's own answer with only `active` changed.
#[must_use]
pub fn put_active(base: &Value, active: bool, okta_id: &str, variants: Variants) -> Built {
    let mut built = put_one(base, "active", active.into());
    if variants.has(Variant::ExternalIdOnDeactivate)
        && base.get("externalId").is_none_or(Value::is_null)
        && let Some(body) = built.body.as_object_mut()
    {
        body.insert("externalId".into(), okta_id.into());
    }
    built
}

/// The target's own answer with a new password. What must hold afterwards is that nothing else changed.
#[must_use]
pub fn put_password(base: &Value, password: &Secret) -> Built {
    Built {
        sets: Vec::new(),
        ..put_one(base, "password", password.expose().into())
    }
}

fn put_one(base: &Value, key: &str, value: Value) -> Built {
    let mut body = object(base.clone());
    body.insert(key.to_owned(), value.clone());
    Built {
        body: Value::Object(body),
        sets: set(key, value).into_iter().collect(),
    }
}

fn patch(operations: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// `{"op":"replace","value":{"active":...}}`: without a path, as recorded.
#[must_use]
pub fn patch_active(id: &str, active: bool, variants: Variants) -> Built {
    let operation = if variants.has(Variant::ActiveWithPath) {
        json!({"op": "replace", "path": "active", "value": active})
    } else if variants.has(Variant::ActiveWithId) {
        json!({"op": "replace", "value": {"id": id, "active": active}})
    } else {
        json!({"op": "replace", "value": {"active": active}})
    };
    Built {
        body: patch(&json!([operation])),
        sets: set("active", active.into()).into_iter().collect(),
    }
}

/// `{"op":"replace","value":{"password":...}}`: the shape is inferred from that of `active`.
#[must_use]
pub fn patch_password(password: &Secret, variants: Variants) -> Built {
    let operation = if variants.has(Variant::PasswordWithPath) {
        json!({"op": "replace", "path": "password", "value": password.expose()})
    } else {
        json!({"op": "replace", "value": {"password": password.expose()}})
    };
    Built {
        body: patch(&json!([operation])),
        sets: Vec::new(),
    }
}

/// All mapped attributes in one value object without a path (inferred).
#[must_use]
pub fn patch_profile(profile: &Profile, mapping: &[Mapped], variants: Variants) -> Built {
    let mut value = Map::new();
    let mut sets = Vec::new();
    for (selector, new) in mapped(profile, mapping, variants) {
        let sent = if new.is_null() {
            // What a PATCH leaves out it does not clear.
            let cleared = variants.without(Variant::ClearByOmission);
            cleared.cleared(selector.attribute()).unwrap_or_default()
        } else {
            new.clone()
        };
        selector.write(&mut value, sent);
        sets.push(Set {
            at: selector.clone(),
            value: new,
        });
    }
    Built {
        body: patch(&json!([{"op": "replace", "value": value}])),
        sets,
    }
}

fn member_values<'a>(members: impl IntoIterator<Item = &'a Member>, variants: Variants) -> Value {
    let by_id = variants.has(Variant::MembersWithoutDisplay);
    members
        .into_iter()
        .map(|m| {
            if by_id {
                json!({"value": m.id})
            } else {
                json!({"value": m.id, "display": m.display})
            }
        })
        .collect()
}

/// The members that the first PUT of a changed group sends: those whom the target has shown, and those of Okta's group
/// who were missing. Whoever leaves is still among them (recorded).
#[must_use]
pub fn kept_and_missing(base: &Value, members: &[Member]) -> Vec<Member> {
    let shown = base.get("members").and_then(Value::as_array);
    let mut all: Vec<Member> = Vec::new();
    for one in shown.into_iter().flatten() {
        let Some(id) = one.get("value").and_then(Value::as_str) else {
            continue;
        };
        let display = one.get("display").and_then(Value::as_str);
        let login = || members.iter().find(|m| m.id == id)?.display.clone();
        if all.iter().all(|known| known.id != id) {
            all.push(Member {
                id: id.to_owned(),
                display: display.map(str::to_owned).or_else(login),
            });
        }
    }
    let missing: Vec<_> = members
        .iter()
        .filter(|m| all.iter().all(|known| known.id != m.id))
        .cloned()
        .collect();
    all.extend(missing);
    all
}

/// `POST /Groups`.
#[must_use]
pub fn create_group(name: &str, members: &[Member], variants: Variants) -> Built {
    Built {
        body: json!({"schemas": [GROUP], "displayName": name, "members": member_values(members, variants)}),
        sets: set("displayName", name.into()).into_iter().collect(),
    }
}

/// The whole group: its schemas, id, name and members, in this order, and nothing else of what the target has shown
/// (recorded).
#[must_use]
pub fn put_group(
    base: &Value,
    id: &str,
    name: &str,
    members: &[Member],
    variants: Variants,
) -> Built {
    let members = member_values(members, variants);
    let body = if variants.has(Variant::BareGroupPut) {
        json!({"schemas": [GROUP], "displayName": name, "members": members})
    } else if variants.has(Variant::GroupPutEcho) {
        let mut body = object(base.clone());
        body.insert("displayName".into(), name.into());
        body.insert("members".into(), members);
        Value::Object(body)
    } else {
        json!({"schemas": [GROUP], "id": id, "displayName": name, "members": members})
    };
    Built {
        body,
        sets: set("displayName", name.into()).into_iter().collect(),
    }
}

/// The name, without a path, and with the id inside the value (Okta developer docs; reported as recently as 2026).
#[must_use]
pub fn patch_group_name(id: &str, name: &str) -> Built {
    Built {
        body: patch(&json!([{"op": "replace", "value": {"id": id, "displayName": name}}])),
        sets: set("displayName", name.into()).into_iter().collect(),
    }
}

/// One batch of a membership change: removes first, one operation each, then one add with all.
#[must_use]
pub fn patch_members(remove: &[String], add: &[Member], variants: Variants) -> Value {
    let mut operations: Vec<Value> = remove
        .iter()
        .map(|id| json!({"op": "remove", "path": format!("members[value eq {}]", Value::from(id.as_str()))}))
        .collect();
    let at_once = if variants.has(Variant::AddEachMember) {
        1
    } else {
        add.len().max(1)
    };
    operations.extend(
        add.chunks(at_once).map(
            |add| json!({"op": "add", "path": "members", "value": member_values(add, variants)}),
        ),
    );
    patch(&operations.into())
}

/// The whole membership, as a replacement; `[]` empties the group.
#[must_use]
pub fn patch_all_members(id: &str, name: &str, members: &[Member], variants: Variants) -> Built {
    let members = member_values(members, variants);
    let with_name = variants.has(Variant::MembersWithName);
    let operation = if with_name {
        json!({"op": "replace", "value": {"members": members, "id": id, "displayName": name}})
    } else if variants.has(Variant::MembersWithoutPath) {
        json!({"op": "replace", "value": {"members": members}})
    } else {
        json!({"op": "replace", "path": "members", "value": members})
    };
    Built {
        body: patch(&json!([operation])),
        sets: with_name
            .then(|| set("displayName", name.into()))
            .flatten()
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::app::Apps;
    use crate::okta::embedded_apps;

    const NONE: Variants = Variants::NONE;

    fn mapping() -> Vec<Mapped> {
        Apps::read(embedded_apps()).unwrap().mapping
    }

    fn profile(pairs: Value) -> Profile {
        object(pairs).into_iter().collect()
    }

    #[test]
    fn a_create_is_compact_and_in_okta_s_key_order() {
        let profile = profile(
            json!({"login": "ada@example.com", "firstName": "Ada", "lastName": "Byron",
            "email": "ada@example.com", "emailType": "work", "displayName": "Ada Byron", "locale": "en-US"}),
        );
        let built = create_user(&profile, &mapping(), "00u1", &Secret::new("9fKq2LwX"), NONE);
        assert_eq!(
            built.body.to_string(),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","name":{"givenName":"Ada","familyName":"Byron"},"emails":[{"primary":true,"value":"ada@example.com","type":"work"}],"displayName":"Ada Byron","locale":"en-US","externalId":"00u1","groups":[],"password":"9fKq2LwX","active":true}"#
        );
        assert!(
            built.sets.iter().all(|s| s.at.attribute() != "password"),
            "a password is never expected back"
        );
    }

    #[test]
    fn an_extension_is_sent_only_with_a_value() {
        let with = profile(
            json!({"login": "a", "department": "Sales", "managerValue": "00u9", "costCenter": null}),
        );
        let built = create_user(&with, &mapping(), "00u1", &Secret::new("x"), NONE);
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(built.body["schemas"], json!([USER, urn]));
        assert_eq!(
            built.body[urn],
            json!({"department": "Sales", "manager": {"value": "00u9"}})
        );
    }

    #[test]
    fn a_profile_push_echoes_what_the_target_said() {
        let base: Value = serde_json::from_str(
            r#"{"id":"7","externalId":"x","meta":{"location":"https://elsewhere.test/7"},"schemas":["s"],"userName":"old","custom":{"b":1,"a":2},"name":{"formatted":"Old Name","givenName":"Old"},"emails":[{"value":"old@example.com","primary":true}],"active":false}"#,
        )
        .unwrap();
        let new = profile(
            json!({"login": "new", "firstName": "New", "email": "new@example.com", "emailType": "work"}),
        );
        let built = put_profile(&base, &new, &mapping(), "00u1", Push::Change, NONE);
        let start = r#"{"id":"7","externalId":"00u1","meta":{"location":"https://elsewhere.test/7"},"schemas":["s"],"userName":"new","custom":{"b":1,"a":2},"name":{"formatted":"Old Name","givenName":"New"},"emails":[{"value":"new@example.com","primary":true,"type":"work"}],"active":"#;
        assert_eq!(built.body.to_string(), format!("{start}false}}"));
        let built = put_profile(&base, &new, &mapping(), "00u1", Push::Link, NONE);
        let linked = format!(r#"{start}true,"groups":[]}}"#);
        assert_eq!(built.body.to_string(), linked);
        let both = NONE
            .with(Variant::GroupsAdded)
            .with(Variant::ActiveOnEveryPush);
        let built = put_profile(&base, &new, &mapping(), "00u1", Push::Change, both);
        assert_eq!(built.body.to_string(), linked);
    }

    #[test]
    fn who_comes_back_is_told_to_be_in_no_group() {
        let base = json!({"groups": [{"value": "g1", "$ref": "x"}], "active": false});
        let groups = |push| {
            let built = put_profile(&base, &Profile::new(), &mapping(), "00u1", push, NONE);
            built.body["groups"].clone()
        };
        assert_eq!(groups(Push::Link), json!([]));
        assert_eq!(groups(Push::Change), base["groups"]);
    }

    #[test]
    fn a_group_is_put_with_its_id_and_without_what_else_the_target_has() {
        let base = json!({"meta": {"location": "x"}, "id": "7", "externalId": "e", "displayName": "Old", "members": []});
        let ada = Member {
            id: "1".into(),
            display: Some("ada@example.com".into()),
        };
        let body = |variants| {
            let built = put_group(
                &base,
                "7",
                "Night Shift",
                std::slice::from_ref(&ada),
                variants,
            );
            built.body.to_string()
        };
        assert_eq!(
            body(NONE),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"7","displayName":"Night Shift","members":[{"value":"1","display":"ada@example.com"}]}"#
        );
        assert!(body(NONE.with(Variant::GroupPutEcho)).starts_with(r#"{"meta":"#));
        assert!(!body(NONE.with(Variant::BareGroupPut)).contains(r#""id""#));
    }

    #[test]
    fn the_first_put_of_a_changed_group_takes_nobody_out() {
        let member = |id: &str| Member {
            id: id.into(),
            display: Some(format!("{id}@example.com")),
        };
        let base = json!({"members": [
            {"value": "3", "display": "3@example.com"}, {"value": "1"}, {"display": "nobody"}, {"value": "7"},
        ]});
        let kept = kept_and_missing(&base, &[member("2"), member("3"), member("1")]);
        let none = Member {
            id: "7".into(),
            display: None,
        };
        assert_eq!(kept, [member("3"), member("1"), none, member("2")]);
        assert_eq!(kept_and_missing(&json!({}), &[member("2")]), [member("2")]);
    }

    #[test]
    fn a_deactivation_changes_active_alone() {
        let base = json!({"id": "7", "active": true, "externalId": "foreign"});
        assert_eq!(
            put_active(&base, false, "00u1", NONE).body.to_string(),
            r#"{"id":"7","active":false,"externalId":"foreign"}"#
        );
        let patch = patch_active("7", false, NONE).body.to_string();
        assert_eq!(
            patch,
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}"#
        );
        assert_eq!(patch.len(), 118, "the recorded Content-Length");
    }

    #[test]
    fn removes_come_before_one_add() {
        let member = |id: &str| Member {
            id: id.into(),
            display: Some(format!("{id}@example.com")),
        };
        let body = patch_members(&["x\"y".to_owned()], &[member("a"), member("b")], NONE);
        assert_eq!(
            body["Operations"].to_string(),
            r#"[{"op":"remove","path":"members[value eq \"x\\\"y\"]"},{"op":"add","path":"members","value":[{"value":"a","display":"a@example.com"},{"value":"b","display":"b@example.com"}]}]"#
        );
    }

    #[test]
    fn a_cleared_attribute_is_sent_empty_only_where_the_target_has_it() {
        let new = profile(json!({"roles": null}));
        let put = |base: Value, new: &Profile| {
            put_profile(&base, new, &mapping(), "00u1", Push::Change, NONE)
        };
        let built = put(json!({"roles": ["a"]}), &new);
        assert_eq!(built.body["roles"], json!([]));
        let new = profile(json!({"title": null, "nickName": null}));
        let built = put(json!({"title": "Dr"}), &new);
        assert_eq!(built.body["title"], "");
        assert!(built.body.get("nickName").is_none());
        assert_eq!(built.sets[0].value, Value::Null);
    }
}
