//! The shape of one resource, alone or in a list.

use serde_json::Value;

use super::authority_of;
use crate::check::catalogue::{envelope, resource};
use crate::check::{Seen, what};
use crate::okta::request::Resource;

/// The shape of one resource. Values are not looked at, only types: it may be somebody else's.
pub(super) fn resource_shape(
    json: &Value,
    kind: Resource,
    pointer: &str,
    authority: Option<&str>,
    seen: &mut Vec<Seen>,
) {
    let Some(object) = json.as_object() else {
        seen.push(
            Seen::new(&envelope::JSON, "a resource", what(json))
                .facet("no-object")
                .at(pointer),
        );
        return;
    };
    let facet = kind.word();
    match object.get("id") {
        Some(Value::String(id)) if !id.is_empty() => {}
        other => seen.push(
            Seen::new(
                &resource::ID,
                "a string",
                other.map_or("none".to_owned(), what),
            )
            .facet(facet)
            .at(format!("{pointer}/id")),
        ),
    }
    schemas(object.get("schemas"), kind, pointer, seen);
    if let Some(kind_stated) = object
        .get("meta")
        .and_then(|m| m.get("resourceType"))
        .and_then(Value::as_str)
        && kind_stated != kind.as_str()
    {
        seen.push(
            Seen::new(&resource::TYPE, kind.as_str(), kind_stated)
                .facet(facet)
                .at(format!("{pointer}/meta/resourceType")),
        );
    }
    let location = object
        .get("meta")
        .and_then(|m| m.get("location"))
        .and_then(Value::as_str);
    if let (Some(wanted), Some(given)) = (authority, location.and_then(authority_of))
        && !wanted.eq_ignore_ascii_case(given)
    {
        seen.push(
            Seen::new(&resource::LOCATION, wanted, given).at(format!("{pointer}/meta/location")),
        );
    }
    match kind {
        Resource::User => user_shape(object, pointer, seen),
        Resource::Group => group_shape(object, pointer, seen),
    }
}

fn schemas(stated: Option<&Value>, kind: Resource, pointer: &str, seen: &mut Vec<Seen>) {
    let urn = match kind {
        Resource::User => crate::okta::body::USER,
        Resource::Group => crate::okta::body::GROUP,
    };
    let named = stated.and_then(Value::as_array).is_some_and(|s| {
        s.iter()
            .any(|s| s.as_str().is_some_and(|s| s.eq_ignore_ascii_case(urn)))
    });
    if named {
        return;
    }
    let got = match stated {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::Array(s)) if s.iter().any(|s| s == crate::okta::body::PATCH_OP) => {
            "the PatchOp schema".to_owned()
        }
        Some(_) => "others".to_owned(),
    };
    seen.push(
        Seen::new(&resource::SCHEMAS, urn, got)
            .facet(kind.word())
            .at(format!("{pointer}/schemas")),
    );
}

fn user_shape(object: &serde_json::Map<String, Value>, pointer: &str, seen: &mut Vec<Seen>) {
    match object.get("active") {
        Some(Value::Bool(_)) => {}
        other => seen.push(
            Seen::new(
                &resource::ACTIVE,
                "true or false",
                other.map_or("no active".to_owned(), what),
            )
            .at(format!("{pointer}/active")),
        ),
    }
    match object.get("emails") {
        None | Some(Value::Null) => {}
        Some(Value::Array(emails)) if emails.iter().all(Value::is_object) => {
            let primary = emails
                .iter()
                .filter(|e| e.get("primary") == Some(&Value::Bool(true)))
                .count();
            if primary > 1 {
                seen.push(
                    Seen::new(&resource::PRIMARY, "at most one", primary.to_string())
                        .at(format!("{pointer}/emails")),
                );
            }
        }
        Some(other) => seen.push(
            Seen::new(&resource::EMAILS, "an array of objects", what(other))
                .at(format!("{pointer}/emails")),
        ),
    }
}

fn group_shape(object: &serde_json::Map<String, Value>, pointer: &str, seen: &mut Vec<Seen>) {
    match object.get("members") {
        None | Some(Value::Null) => {}
        Some(Value::Array(members))
            if members
                .iter()
                .all(|m| m.get("value").is_some_and(Value::is_string)) => {}
        Some(other) => seen.push(
            Seen::new(
                &resource::MEMBERS,
                "an array of objects with a value",
                what(other),
            )
            .at(format!("{pointer}/members")),
        ),
    }
}
