//! The JSON Schema (draft 2020-12) of a scenario file, from the tables that the reader reads by. An editor completes
//! and checks with it; what it lets pass can still be wrong in meaning, which only the reader tells.

#![allow(clippy::indexing_slicing, reason = "objects of our own")]

use serde_json::{Map, Value, json};

use crate::scenario::{Circumstance, Claim, ImportGroups, Risk, TokenForm, Variant};

use super::okta::{ALONE, ON_GROUPS, ON_PEOPLE, UNLINK};
use super::people::OWN;
use super::request::{EVIDENCE, METHODS, TOKENS};
use super::{APPS, ATTRIBUTES, LIST_ATTRIBUTES, MAX_CROWD};

/// Names of people, groups, cases, facets and tags.
const KEY: &str = "^[a-z][a-z0-9-]*$";

/// The schema; `checks` are the ids that `expect: {check: …}` may name.
#[must_use]
pub fn schema(checks: &[&str]) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of scim-conform",
        "description": "What an Okta admin does. docs/writing-scenarios.md explains every field.",
        "type": "object",
        "required": ["title", "steps"],
        "additionalProperties": false,
        "properties": header(),
        "$defs": {
            "key": {"type": "string", "pattern": KEY},
            "keys": one_or_many(&json!({"$ref": "#/$defs/key"})),
            "person": person(),
            "people": by_key("person"),
            "group": object(&json!({"name": text("Holds {run}."), "members": {"$ref": "#/$defs/keys"}}), &[]),
            "groups": by_key("group"),
            "case": case(),
            "step": step(),
            "okta": okta(),
            "observe": observe(),
            "outside": outside(),
            "request": request(checks),
        },
    })
}

fn header() -> Value {
    json!({
        "title": text("What happens, in a few words."),
        "why": text("What breaks for a customer if it does not work."),
        "tags": one_or_many(&json!({"$ref": "#/$defs/key"})),
        "circumstances": one_or_many(&words(Circumstance::ALL.iter().map(|one| one.as_str()))),
        "about": {"$ref": "#/$defs/key"},
        "apps": one_or_many(&words(APPS.iter().map(|(name, _)| *name))),
        "requires": one_or_many(&words(requirements())),
        "probe": {"type": "boolean", "description": "True exactly when a step is a request."},
        "exclusive": {"type": "boolean", "description": "Runs alone and last; needed for imports."},
        "variants": one_or_many(&words(Variant::ALL.iter().map(|variant| variant.as_str()))),
        "import-groups": {"enum": ImportGroups::NAMED.map(|(word, _)| word), "description": "The state of the app's switch; without a word, the recorded one."},
        "crowd": {"oneOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_CROWD},
            {"const": "scale", "description": "As many as the user says."},
        ]},
        "people": {"$ref": "#/$defs/people"},
        "groups": {"$ref": "#/$defs/groups"},
        "cases": {"type": "array", "items": {"$ref": "#/$defs/case"}},
        "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
    })
}

fn requirements() -> impl Iterator<Item = String> {
    let variants = Variant::ALL.into_iter();
    let variants = variants.flat_map(|variant| {
        ["variant", "without"].map(|word| format!("{word}:{}", variant.as_str()))
    });
    let claims = Claim::ALL.into_iter();
    let claims = claims.map(|claim| format!("claim:{}", claim.as_str()));
    let risks = Risk::ALL.into_iter();
    let risks = risks.map(|risk| format!("allow:{}", risk.as_str()));
    ["outside", "other-target"]
        .map(str::to_owned)
        .into_iter()
        .chain(risks)
        .chain(claims)
        .chain(variants)
}

fn person() -> Value {
    let mut properties = Map::new();
    for name in OWN {
        properties.insert(name.to_owned(), json!({"type": "string"}));
    }
    for name in ATTRIBUTES {
        properties.insert(name.to_owned(), json!({"type": ["string", "null"]}));
    }
    for name in LIST_ATTRIBUTES {
        let list = json!({"type": ["array", "null"], "items": {"type": "string"}});
        properties.insert(name.to_owned(), list);
    }
    object(&Value::Object(properties), &[])
}

/// A mapping by key, or a plain list of keys.
fn by_key(what: &str) -> Value {
    let value = json!({"oneOf": [{"$ref": format!("#/$defs/{what}")}, {"type": "null"}]});
    json!({"oneOf": [
        {"type": "object", "propertyNames": {"pattern": KEY}, "additionalProperties": value},
        {"type": "array", "items": {"$ref": "#/$defs/key"}},
    ]})
}

fn case() -> Value {
    let properties = json!({
        "id": {"$ref": "#/$defs/key"},
        "facet": {"$ref": "#/$defs/key"},
        "people": {"$ref": "#/$defs/people"},
        "groups": {"$ref": "#/$defs/groups"},
    });
    object(&properties, &["id"])
}

fn step() -> Value {
    let actions = json!({
        "okta": {"$ref": "#/$defs/okta"},
        "change": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"oneOf": [{"$ref": "#/$defs/person"}, {"$ref": "#/$defs/group"}]},
            "description": "Edits people and groups in Okta; nothing is sent until a push.",
        },
        "observe": {"$ref": "#/$defs/observe"},
        "request": {"$ref": "#/$defs/request"},
        "seed": {"$ref": "#/$defs/keys"},
        "outside": {"$ref": "#/$defs/outside"},
        "together": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/step"}},
    });
    let one_of: Vec<Value> = super::step::ACTIONS
        .iter()
        .map(|action| json!({"required": [action]}))
        .collect();
    let mut step = object(&actions, &[]);
    if let Some(properties) = step.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("may-refuse".to_owned(), json!({"type": "boolean"}));
        properties.insert("only".to_owned(), words(APPS.iter().map(|(name, _)| *name)));
        let times = json!({"type": "integer", "minimum": 1, "maximum": super::step::MAX_TIMES});
        properties.insert("times".to_owned(), times.clone());
        let after = json!({"type": "integer", "minimum": 1, "maximum": super::step::MAX_LEAVE});
        let which = object(&json!({"write": times, "after-ms": after}), &[]);
        properties.insert(
            "lose-answer".to_owned(),
            json!({"oneOf": [{"type": "boolean"}, which]}),
        );
        properties.insert("linked".to_owned(), json!({"type": "boolean"}));
    }
    step["oneOf"] = one_of.into();
    step
}

fn okta() -> Value {
    let keys = ON_PEOPLE
        .iter()
        .map(|(name, _)| *name)
        .chain(ON_GROUPS.iter().map(|(name, _)| *name));
    let mut actions: Map<String, Value> = keys
        .map(|name| (name.to_owned(), json!({"$ref": "#/$defs/keys"})))
        .collect();
    let unlink = json!({"group": {"$ref": "#/$defs/key"}, "delete": {"type": "boolean"}});
    actions.insert(UNLINK.to_owned(), object(&unlink, &["group", "delete"]));
    json!({"oneOf": [
        words(ALONE.iter().map(|(name, _)| *name)),
        single(Value::Object(actions)),
    ]})
}

fn observe() -> Value {
    let person = json!({
        "same-id": {"const": true},
        "active": {"type": "boolean"},
        "former-login": {"const": "nobody"},
        "other-case": {"const": "found"},
        "accounts": {"type": "integer", "minimum": 0, "maximum": 1000},
    });
    let group = json!({
        "same-id": {"const": true},
        "members": {"$ref": "#/$defs/keys"},
        "former-name": {"const": "nobody"},
        "gone": {"const": true},
    });
    let statements = |properties: &Value| {
        let mut object = object(properties, &[]);
        object["minProperties"] = 1.into();
        object
    };
    // `same-id: true` alone can be said of both.
    let one = json!({"anyOf": [{"$ref": "#/$defs/keys"}, statements(&person), statements(&group)]});
    json!({"type": "object", "minProperties": 1, "additionalProperties": one})
}

fn outside() -> Value {
    let about = |inner: Value| json!({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": inner});
    let attributes = || about(json!({"type": "object", "minProperties": 1}));
    let key = json!({"$ref": "#/$defs/key"});
    let members = || about(json!({"$ref": "#/$defs/keys"}));
    let mut operations = Map::new();
    for name in super::outside::OPERATIONS {
        let value = match name {
            "create-user" => json!({"oneOf": [key, attributes()]}),
            "update-user" | "update-group" => attributes(),
            "add-members" | "remove-members" => members(),
            _ => key.clone(),
        };
        operations.insert(name.to_owned(), value);
    }
    single(Value::Object(operations))
}

fn request(checks: &[&str]) -> Value {
    let status = json!({"oneOf": [
        {"type": "integer", "minimum": 100, "maximum": 599},
        {"type": "string", "pattern": "^[1-5]xx$"},
    ]});
    let expect = json!({
        "status": one_or_many(&status),
        "check": words(checks.iter().copied()),
        "facet": {"$ref": "#/$defs/key"},
        "total": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "within-ms": {"type": "integer", "minimum": 1, "maximum": 60_000},
        "body": wanted(),
        "unchanged": {"$ref": "#/$defs/keys"},
        "creates": {"$ref": "#/$defs/key"},
        "finds": {"$ref": "#/$defs/keys"},
        "shows": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"$ref": "#/$defs/keys"}, {"type": "object"}]},
            "description": "Values of people and groups by external name, or the members of a group.",
        },
    });
    let properties = json!({
        "method": words(METHODS.iter().map(|(name, _)| *name)),
        "path": {"type": "string", "pattern": "^/", "description": "Below the base URL, percent-encoded."},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": text("The body, every byte of it; write it behind |-."),
        "raw": {"type": "boolean", "description": "The body is deliberately not JSON."},
        "token": words(TOKENS.iter().map(|(_, form)| TokenForm::as_str(*form))),
        "at": {"const": "other", "description": "The second tenant."},
        "evidence": words(EVIDENCE.iter().map(|(name, _)| *name)),
        "expect": object(&expect, &["status", "check"]),
    });
    object(&properties, &["method", "path", "expect"])
}

/// What must stand where in a body, by JSON pointer.
fn wanted() -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^/"},
        "additionalProperties": true,
        "description": "A value, an array of what must be among the elements, {one-of: [...]}, {type: string}, or {present: true}.",
    })
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn words<T: Into<Value>>(words: impl Iterator<Item = T>) -> Value {
    json!({"enum": words.map(Into::into).collect::<Vec<Value>>()})
}

fn one_or_many(item: &Value) -> Value {
    json!({"oneOf": [item, {"type": "array", "items": item}]})
}

fn object(properties: &Value, required: &[&str]) -> Value {
    let mut object =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// A mapping with exactly one of these entries.
fn single(entries: Value) -> Value {
    json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": entries,
    })
}
