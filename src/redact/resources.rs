//! Masking of other people's data, before an exchange is stored or shown.
//!
//! A tenant under test may hold real people. Their resources keep their shape and JSON types,
//! so that a structure can still be judged, but lose their values.

use serde_json::{Map, Value};

use super::foreign::{ForeignNames, Ownership, field};
use super::spelling::spells;
use crate::secret::MASK;

/// Tells the run's own resources from those of others, which it masks.
#[derive(Clone, Copy)]
pub struct Strangers<'a> {
    /// What is the run's own.
    pub own: &'a dyn Ownership,
    /// What stands for the ids of others.
    pub names: &'a ForeignNames,
}

impl Strangers<'_> {
    /// Masks every foreign resource in a response's JSON, and the foreign members and groups of own ones. Returns how
    /// many it masked.
    ///
    /// A resource is what has an `id` or a `userName`, wherever it stands; service provider configuration, resource
    /// types, schemas and errors are not people's and stay.
    pub fn answer(self, value: &mut Value) -> usize {
        match value {
            Value::Array(elements) => elements
                .iter_mut()
                .map(|element| self.answer(element))
                .sum(),
            Value::Object(object) if is_public(object) => 0,
            Value::Object(object) if is_resource(object) => {
                if self.own.owns_resource(object) {
                    self.own(object)
                } else {
                    self.foreign(object);
                    1
                }
            }
            Value::Object(object) => object.values_mut().map(|child| self.answer(child)).sum(),
            _ => 0,
        }
    }

    /// Foreign members and groups of an own resource. Its manager stays: that is what this
    /// run sent.
    fn own(self, object: &mut Map<String, Value>) -> usize {
        object
            .iter_mut()
            .filter(|(key, _)| is_one_of(key, &["members", "groups"]))
            .filter_map(|(_, value)| value.as_array_mut())
            .flatten()
            .map(|reference| usize::from(self.foreign_reference(reference)))
            .sum()
    }

    fn foreign_reference(self, reference: &mut Value) -> bool {
        let owned = |value: &Value| value.as_str().is_some_and(|id| self.own.owns_id(id));
        let id = match &*reference {
            Value::Object(object) => field(object, "value"),
            other => Some(other),
        };
        if id.is_some_and(owned) {
            return false;
        }
        self.hide_reference(reference);
        true
    }

    /// Masks in a request: resources with a foreign id, and foreign ids wherever they stand. Returns how many it
    /// replaced.
    pub fn request(self, value: &mut Value) -> usize {
        let is_known = |id: &str| self.names.known(id).is_some();
        match value {
            Value::Object(object)
                if field(object, "id")
                    .and_then(Value::as_str)
                    .is_some_and(is_known) =>
            {
                self.foreign(object);
                1
            }
            Value::Object(object) => object.values_mut().map(|child| self.request(child)).sum(),
            Value::Array(elements) => elements.iter_mut().map(|child| self.request(child)).sum(),
            Value::String(text) => match self.names.known(text) {
                Some(alias) => {
                    *text = alias;
                    1
                }
                None => 0,
            },
            _ => 0,
        }
    }

    /// Masks a resource.
    fn foreign(self, object: &mut Map<String, Value>) {
        let id = field(object, "id")
            .and_then(Value::as_str)
            .map(str::to_owned);
        for (key, value) in object.iter_mut() {
            match key.to_ascii_lowercase().as_str() {
                "schemas" => {}
                "id" => self.hide_id(value),
                "meta" => self.hide_meta(value, id.as_deref()),
                "members" | "groups" => match value {
                    Value::Array(elements) => elements.iter_mut().for_each(|element| {
                        self.foreign_reference(element);
                    }),
                    other => self.hide(other),
                },
                _ => self.hide(value),
            }
        }
    }

    fn hide_meta(self, meta: &mut Value, id: Option<&str>) {
        let Value::Object(object) = meta else {
            return self.hide(meta);
        };
        for (key, value) in object.iter_mut() {
            match (key.to_ascii_lowercase().as_str(), &mut *value, id) {
                ("resourcetype", ..) => {}
                ("location", Value::String(url), Some(id)) => self.hide_url(url, id),
                _ => self.hide(value),
            }
        }
    }

    fn hide_reference(self, reference: &mut Value) {
        let Value::Object(object) = reference else {
            return self.hide_id(reference);
        };
        let id = field(object, "value")
            .and_then(Value::as_str)
            .map(str::to_owned);
        for (key, value) in object.iter_mut() {
            match (key.to_ascii_lowercase().as_str(), &mut *value, &id) {
                ("value", ..) => self.hide_id(value),
                ("$ref", Value::String(url), Some(id)) => self.hide_url(url, id),
                _ => self.hide(value),
            }
        }
    }

    fn hide_id(self, id: &mut Value) {
        match id {
            Value::String(text) => *text = self.names.alias(text),
            Value::Number(number) => *id = self.names.number(&number.to_string()).into(),
            other => self.hide(other),
        }
    }

    /// The URL of a resource stays when its only secret is the id at its end.
    fn hide_url(self, url: &mut String, id: &str) {
        *url = match url.rsplit_once('/') {
            Some((front, last)) if spells(last, id) => {
                format!("{front}/{}", self.names.alias(id))
            }
            _ => MASK.to_owned(),
        };
    }

    fn hide(self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) => *value = 0.into(),
            // An empty text tells nothing about anybody, and checks want to see it.
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => MASK.clone_into(text),
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.hide(element)),
            Value::Object(object) => object.values_mut().for_each(|child| self.hide(child)),
        }
    }
}

/// Whether a name is one of these, compared without case.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_resource(object: &Map<String, Value>) -> bool {
    field(object, "id").is_some() || field(object, "userName").is_some()
}

/// Errors (RFC 7644, 3.12) and discovery (RFC 7643, 5 to 7) describe the server, not people.
/// Told by shape, too, because a server at fault may omit `schemas`.
fn is_public(object: &Map<String, Value>) -> bool {
    const PUBLIC: [&str; 4] = [
        "urn:ietf:params:scim:api:messages:2.0:Error",
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
        "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
        "urn:ietf:params:scim:schemas:core:2.0:Schema",
    ];
    if field(object, "userName").is_some() {
        return false;
    }
    let declared = field(object, "schemas")
        .and_then(Value::as_array)
        .is_some_and(|schemas| {
            schemas
                .iter()
                .any(|s| s.as_str().is_some_and(|s| is_one_of(s, &PUBLIC)))
        });
    declared
        || field(object, "authenticationSchemes").is_some()
        || (field(object, "endpoint").is_some() && field(object, "schema").is_some())
        || field(object, "attributes").is_some_and(Value::is_array)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

    fn own(id: &str) -> bool {
        id.starts_with("own")
    }

    fn masked(mut value: Value) -> (usize, Value) {
        let names = &ForeignNames::new();
        let count = Strangers { own: &own, names }.answer(&mut value);
        (count, value)
    }

    #[test]
    fn foreign_users_lose_their_values_and_keep_their_shape() {
        let user = |id: &str| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "id": id, "userName": "ada@x.test", "active": true, "age": 36, "nickName": "",
                "name": {"givenName": "Ada", "formatted": null},
                "emails": [{"value": "ada@x.test", "type": "work", "primary": true}],
                "meta": {"resourceType": "User", "created": "2026-01-01T00:00:00Z",
                         "location": format!("https://x.test/v2/Users/{id}")}
            })
        };
        let (count, list) = masked(json!({
            "schemas": [LIST], "totalResults": 3, "startIndex": "1",
            "resources": [user("own-1"), user("u-7"), user("u-8"), user("u-7")]
        }));
        let hidden = |alias: &str| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "id": alias, "userName": "***", "active": true, "age": 0, "nickName": "",
                "name": {"givenName": "***", "formatted": null},
                "emails": [{"value": "***", "type": "***", "primary": true}],
                "meta": {"resourceType": "User", "created": "***",
                         "location": format!("https://x.test/v2/Users/{alias}")}
            })
        };
        assert_eq!(count, 3);
        assert_eq!(
            (&list["totalResults"], &list["startIndex"]),
            (&json!(3), &json!("1"))
        );
        assert_eq!(
            list["resources"],
            json!([
                user("own-1"),
                hidden("<foreign-1>"),
                hidden("<foreign-2>"),
                hidden("<foreign-1>")
            ])
        );
    }

    #[test]
    fn a_foreign_resource_is_found_wherever_it_stands() {
        let cases = [
            (
                json!({"id": 17, "userName": "ada"}),
                json!({"id": 1, "userName": "***"}),
            ),
            (json!({"userName": "ada"}), json!({"userName": "***"})),
            (
                json!({"ID": "u-7", "displayName": "Crew"}),
                json!({"ID": "<foreign-1>", "displayName": "***"}),
            ),
            (
                json!([{"id": "u-7", "x": "y"}]),
                json!([{"id": "<foreign-1>", "x": "***"}]),
            ),
            (
                json!({"data": {"user": {"id": "u-7", "x": "y"}}}),
                json!({"data": {"user": {"id": "<foreign-1>", "x": "***"}}}),
            ),
            (
                json!({"id": "u-7", "meta": {"location": "https://x.test/people/ada"}}),
                json!({"id": "<foreign-1>", "meta": {"location": "***"}}),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(masked(value), (1, expected));
        }
    }

    #[test]
    fn foreign_members_and_groups_of_own_resources_are_masked() {
        let reference = |id: &str, url: &str| json!({"value": id, "display": "Ada", "$ref": url, "type": "User"});
        let (count, group) = masked(json!({
            "id": "own-1", "displayName": "Crew", "manager": {"value": "chief"},
            "members": [reference("own-2", "/Users/own-2"), reference("u-7", "/v2/Users/u-7"), "u-8", "own-3"],
            "groups": [{"value": "g-1", "display": "Everyone"}]
        }));
        assert_eq!(count, 3);
        assert_eq!(
            group,
            json!({
                "id": "own-1", "displayName": "Crew", "manager": {"value": "chief"},
                "members": [
                    reference("own-2", "/Users/own-2"),
                    {"value": "<foreign-1>", "display": "***", "$ref": "/v2/Users/<foreign-1>", "type": "***"},
                    "<foreign-2>",
                    "own-3"
                ],
                "groups": [{"value": "<foreign-3>", "display": "***"}]
            })
        );
    }

    #[test]
    fn an_own_member_of_a_foreign_group_stays() {
        let (count, group) =
            masked(json!({"id": "g-1", "members": [{"value": "own-2"}, {"value": "u-7"}]}));
        assert_eq!(count, 1);
        assert_eq!(
            group["members"],
            json!([{"value": "own-2"}, {"value": "<foreign-2>"}])
        );
    }

    #[test]
    fn what_describes_the_server_stays() {
        let values = [
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "id": "trace", "detail": "no"}),
            json!({"Resources": [{"id": "User", "endpoint": "/Users", "schema": "urn:x"}]}),
            json!([{"id": "urn:x:User", "name": "User", "attributes": [{"name": "userName"}]}]),
            json!({"id": "config", "patch": {"supported": true}, "authenticationSchemes": []}),
            json!("text"),
        ];
        for value in values {
            assert_eq!(masked(value.clone()), (0, value));
        }
    }
}
