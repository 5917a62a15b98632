//! What the body of a write changes: the places that it touches, and the members of a group.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::frame;
use crate::okta::request::{MemberChange, Resource, Set};
use crate::okta::selector::Selector;
use crate::scim::{Comparison, Filter, Literal, PatchPath};

/// What a PATCH changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    /// Places, and what they must hold afterwards.
    pub sets: Vec<Set>,
    /// What happens to members.
    pub members: Option<MemberChange>,
    /// It carries a password.
    pub password: bool,
}

impl Change {
    /// The value that it gives a place.
    #[must_use]
    pub(super) fn value(&self, place: &str) -> Option<&Value> {
        let set = self.sets.iter().find(|set| set.at.to_string() == place);
        set.map(|set| &set.value)
    }
}

/// What a PATCH body changes; none when any operation of it is not understood.
#[must_use]
pub(super) fn change(body: &Value, resource: Resource) -> Option<Change> {
    let mut change = Change::default();
    for operation in body.get("Operations")?.as_array()? {
        let op = operation.get("op")?.as_str()?.to_ascii_lowercase();
        let value = operation.get("value");
        let path = operation.get("path").and_then(Value::as_str);
        match path {
            None | Some("") => without_path(&op, value?, resource, &mut change)?,
            Some(path) if path.eq_ignore_ascii_case("members") => {
                let ids = match (op.as_str(), value) {
                    // Without a value it removes all of them (RFC 7644, 3.5.2.2).
                    ("remove", None | Some(Value::Null)) => return None,
                    (_, value) => ids(value?)?,
                };
                members(&op, ids, &mut change)?;
            }
            Some(path) => at_path(&op, path, value, &mut change)?,
        }
    }
    Some(change)
}

fn without_path(op: &str, value: &Value, resource: Resource, change: &mut Change) -> Option<()> {
    if op == "remove" {
        return None;
    }
    change.password |= value.get("password").is_some();
    if let Some(all) = value.get("members").filter(|_| resource == Resource::Group) {
        members(op, ids(all)?, change)?;
    }
    value.as_object()?;
    change.sets.extend(places(value));
    Some(())
}

fn at_path(op: &str, path: &str, value: Option<&Value>, change: &mut Change) -> Option<()> {
    match PatchPath::parse(path).ok()? {
        PatchPath::Attribute(attribute) if attribute.is("password") => {
            change.password = true;
            Some(())
        }
        PatchPath::Attribute(attribute) if op != "remove" => {
            let sub = attribute.sub.as_ref().map(|sub| format!(".{sub}"));
            let name = attribute.name + &sub.unwrap_or_default();
            let value = value?;
            if value.is_array() || value.is_object() {
                return None;
            }
            let at = name.parse::<Selector>().ok()?.within(attribute.urn);
            change.sets.push(Set {
                at,
                value: value.clone(),
            });
            Some(())
        }
        PatchPath::Elements {
            attribute,
            filter: Filter::Compare(by, Comparison::Eq, Literal::Text(id)),
            sub: None,
        } if op == "remove" && attribute.is("members") && by.is("value") => {
            members(op, BTreeSet::from([id]), change)
        }
        _ => None,
    }
}

/// Adds one change of members to those before it; none when the order of the two would matter.
fn members(op: &str, ids: BTreeSet<String>, change: &mut Change) -> Option<()> {
    let before = change.members.take();
    let now = match (op, before) {
        ("replace", _) => MemberChange::Replace(ids),
        ("add", None) => MemberChange::Delta {
            remove: BTreeSet::new(),
            add: ids,
        },
        ("remove", None) => MemberChange::Delta {
            remove: ids,
            add: BTreeSet::new(),
        },
        ("add", Some(MemberChange::Delta { remove, add })) => MemberChange::Delta {
            remove: remove.difference(&ids).cloned().collect(),
            add: add.union(&ids).cloned().collect(),
        },
        ("remove", Some(MemberChange::Delta { remove, add })) => MemberChange::Delta {
            remove: remove.union(&ids).cloned().collect(),
            add: add.difference(&ids).cloned().collect(),
        },
        ("add", Some(MemberChange::Replace(all))) => {
            MemberChange::Replace(all.union(&ids).cloned().collect())
        }
        ("remove", Some(MemberChange::Replace(all))) => {
            MemberChange::Replace(all.difference(&ids).cloned().collect())
        }
        _ => return None,
    };
    change.members = Some(now);
    Some(())
}

/// The ids of members, given as one or several.
fn ids(value: &Value) -> Option<BTreeSet<String>> {
    let list = match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let wanted = list.len();
    let group = serde_json::json!({ "members": list });
    let ids = frame::members(&group)?;
    (ids.len() == wanted).then(|| ids.into_iter().collect())
}

/// What a service provider must keep of a body: each simple value with its place. Values of elements that nothing
/// tells apart are left out.
#[must_use]
pub(super) fn places(body: &Value) -> Vec<Set> {
    const NOT_PUSHED: [&str; 6] = ["schemas", "id", "meta", "groups", "members", "password"];
    let mut sets = Vec::new();
    let object = body.as_object().into_iter().flatten();
    for (key, value) in object.filter(|(key, _)| !NOT_PUSHED.contains(&key.as_str())) {
        match value.as_object().filter(|_| key.starts_with("urn:")) {
            Some(extension) => {
                for (name, value) in extension {
                    attribute(name, value, Some(key), &mut sets);
                }
            }
            None => attribute(key, value, None, &mut sets),
        }
    }
    sets
}

fn attribute(name: &str, value: &Value, urn: Option<&str>, sets: &mut Vec<Set>) {
    let mut put = |path: String, value: &Value| {
        if let Ok(at) = path.parse::<Selector>() {
            sets.push(Set {
                at: at.within(urn.map(str::to_owned)),
                value: value.clone(),
            });
        }
    };
    match value {
        Value::Object(inner) => {
            for (sub, value) in inner.iter().filter(|(_, value)| is_simple(value)) {
                put(format!("{name}.{sub}"), value);
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for element in elements {
                let Some((by, selector)) = told_apart(element, elements) else {
                    continue;
                };
                let subs = element.as_object().into_iter().flatten();
                for (sub, value) in subs.filter(|(sub, value)| *sub != by && is_simple(value)) {
                    if sub != "primary" && sub != "$ref" && sub != "display" {
                        put(format!("{name}.^[{selector}].{sub}"), value);
                    }
                }
            }
        }
        // Whether an empty array stands for anything is left open (RFC 7643, 2.5).
        Value::Array(elements) if elements.is_empty() => {}
        simple => put(name.to_owned(), simple),
    }
}

fn is_simple(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// What tells an element of a multi-valued attribute from the others, as Okta's selectors do.
fn told_apart(element: &Value, all: &[Value]) -> Option<(&'static str, String)> {
    let count = |key: &str, value: &Value| all.iter().filter(|e| e.get(key) == Some(value)).count();
    if element.get("primary") == Some(&Value::Bool(true))
        && count("primary", &Value::Bool(true)) == 1
    {
        return Some(("primary", "primary==true".to_owned()));
    }
    let kind = element.get("type")?;
    let text = kind
        .as_str()
        .filter(|text| !text.contains(['\'', '.', '[', ']']))?;
    (count("type", kind) == 1).then(|| ("type", format!("type=='{text}'")))
}

/// What a PUT changes: `base` is the answer that Okta laid its values over, when that was recorded. Without it only
/// what Okta needs is taken to be pushed; the rest may be an echo of anything.
#[must_use]
pub(super) fn pushed(body: &Value, base: Option<&Value>) -> Vec<Set> {
    let sent = places(body);
    let Some(base) = base else {
        return sent
            .into_iter()
            .filter(|set| frame::ESSENTIAL.contains(&set.at.to_string().as_str()))
            .filter(|set| !frame::is_same(&set.value, None))
            .collect();
    };
    sent.into_iter()
        .filter(|set| !frame::is_same(&set.value, set.at.read(base)))
        .map(|set| match set.value {
            // An empty text clears (inferred).
            Value::String(ref text) if text.is_empty() => Set {
                value: Value::Null,
                ..set
            },
            _ => set,
        })
        .collect()
}

/// What of `base` a PUT of `body` leaves as it was: all that it repeats. What it leaves out may be cleared.
#[must_use]
pub(super) fn repeated(base: &Value, body: &Value) -> Value {
    match (base, body) {
        (Value::Object(base), Value::Object(body)) => base
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), repeated(value, body.get(key)?))))
            .collect(),
        (Value::Array(base), Value::Array(body)) if !base.iter().all(|e| body.contains(e)) => {
            Value::Null
        }
        (base, _) => base.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(sets: &[Set]) -> Vec<String> {
        sets.iter()
            .map(|set| format!("{} = {}", set.at, set.value))
            .collect()
    }

    fn changed(operations: Value, resource: Resource) -> Option<Change> {
        change(&json!({ "Operations": operations }), resource)
    }

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn places_of_a_user() {
        let body = json!({
            "schemas": ["x"], "userName": "ada", "name": {"givenName": "Ada"}, "active": true, "groups": [],
            "emails": [{"primary": true, "value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}],
            "phoneNumbers": [{"value": "1"}], "roles": ["admin"], "password": "s3cret",
            "urn:x:User": {"department": "R&D", "manager": {"value": "7"}}
        });
        assert_eq!(
            lines(&places(&body)),
            [
                "userName = \"ada\"",
                "name.givenName = \"Ada\"",
                "active = true",
                "emails[primary eq true].value = \"a@x\"",
                "emails[primary eq true].type = \"work\"",
                "emails[type eq \"home\"].value = \"b@x\"",
                "roles = [\"admin\"]",
                "urn:x:User:department = \"R&D\"",
                "urn:x:User:manager.value = \"7\"",
            ]
        );
    }

    #[test]
    fn a_put_changes_what_differs_from_its_base() {
        let base = json!({"userName": "ada", "title": "old", "nickName": "A", "meta": {"x": 1}});
        let body = json!({"userName": "ada", "title": "new", "nickName": "", "meta": {"x": 1}, "active": true});
        assert_eq!(
            lines(&pushed(&body, Some(&base))),
            ["title = \"new\"", "nickName = null", "active = true"]
        );
        assert_eq!(
            lines(&pushed(&body, None)),
            ["userName = \"ada\"", "active = true"]
        );
    }

    #[test]
    fn what_a_put_leaves_out_may_be_gone() {
        let base = json!({"title": "x", "locale": "en", "emails": [{"value": 1}, {"value": 2}], "name": {"a": 1, "b": 2}});
        let body = json!({"title": "y", "emails": [{"value": 2}], "name": {"a": 1}});
        assert_eq!(
            repeated(&base, &body),
            json!({"title": "x", "emails": null, "name": {"a": 1}})
        );
    }

    #[test]
    fn members_are_summed_up() {
        let add =
            json!({"op": "add", "path": "members", "value": [{"value": "c", "display": "x"}]});
        let remove =
            |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
        let table = [
            (
                json!([remove("a"), remove("b"), add]),
                Some(MemberChange::Delta {
                    remove: set(&["a", "b"]),
                    add: set(&["c"]),
                }),
            ),
            (
                json!([{"op": "replace", "path": "members", "value": []}]),
                Some(MemberChange::Replace(set(&[]))),
            ),
            (
                json!([{"op": "replace", "value": {"members": [{"value": "a"}], "displayName": "x"}}]),
                Some(MemberChange::Replace(set(&["a"]))),
            ),
            (
                json!([{"op": "Add", "path": "members", "value": {"value": "a"}}]),
                Some(MemberChange::Delta {
                    remove: set(&[]),
                    add: set(&["a"]),
                }),
            ),
            (
                json!([add, {"op": "replace", "path": "members", "value": [{"value": "a"}]}]),
                Some(MemberChange::Replace(set(&["a"]))),
            ),
        ];
        for (operations, wanted) in table {
            let change = changed(operations.clone(), Resource::Group).unwrap();
            assert_eq!(change.members, wanted, "{operations}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        let table = [
            json!([{"op": "remove", "path": "members"}]),
            json!([{"op": "remove", "path": "members[type eq \"User\"]"}]),
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}]),
            json!([{"op": "replace", "path": "name", "value": {"givenName": "x"}}]),
            json!([{"op": "replace", "path": "(", "value": "x"}]),
            json!([{"op": "replace"}]),
            json!([{"value": {}}]),
            json!([{"op": "add", "path": "members", "value": [{}]}]),
            json!({}),
        ];
        for operations in table {
            assert_eq!(
                changed(operations.clone(), Resource::Group),
                None,
                "{operations}"
            );
        }
    }

    #[test]
    fn states_and_passwords() {
        let change = changed(
            json!([{"op": "replace", "value": {"active": false}}]),
            Resource::User,
        )
        .unwrap();
        assert_eq!(change.value("active"), Some(&json!(false)));
        let change = changed(
            json!([{"op": "replace", "path": "active", "value": true}]),
            Resource::User,
        )
        .unwrap();
        assert_eq!(change.value("active"), Some(&json!(true)));
        let change = changed(
            json!([{"op": "replace", "value": {"password": "x"}}]),
            Resource::User,
        )
        .unwrap();
        assert!(change.password && change.sets.is_empty());
    }
}
