//! `seed:` and `outside:` steps: what is at the target without Okta's doing.

use serde_json::{Map, Value};

use crate::document::{Diagnostics, Entry, Kind, Node};
use crate::scenario::scope::{Scope, Subject};
use crate::scenario::{Key, Outside, lint};
use crate::suggest;

pub(super) const OPERATIONS: [&str; 8] = [
    "create-user",
    "update-user",
    "delete-user",
    "create-group",
    "update-group",
    "add-members",
    "remove-members",
    "delete-group",
];

/// The people and groups of a `seed:` step.
pub(super) fn seeded(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> Vec<Key> {
    if node.one_or_many().is_empty() {
        diagnostics.error(&node.span, "`seed` names nobody");
    }
    scope.any_keys(node, "seed", diagnostics)
}

/// The operation of an `outside:` step.
pub(super) fn outside(
    node: &Node,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Option<Outside> {
    let entry = match &node.kind {
        Kind::Mapping(entries) if entries.len() == 1 => entries.first()?,
        _ => {
            let mistake = diagnostics.error(&node.span, "`outside` wants one operation");
            mistake.hint("for example `outside: {delete-user: ada}`");
            return None;
        }
    };
    let value = &entry.value;
    match entry.key.as_str() {
        "create-user" => match &value.kind {
            Kind::Mapping(_) => with_attributes(entry, Subject::Person, scope, diagnostics),
            _ => one(entry, Subject::Person, scope, diagnostics).map(|key| (key, Map::new())),
        }
        .map(|(key, attributes)| Outside::CreateUser(key, attributes)),
        "update-user" => with_attributes(entry, Subject::Person, scope, diagnostics)
            .map(|(key, changes)| Outside::UpdateUser(key, changes)),
        "delete-user" => one(entry, Subject::Person, scope, diagnostics).map(Outside::DeleteUser),
        "create-group" => one(entry, Subject::Group, scope, diagnostics).map(Outside::CreateGroup),
        "update-group" => with_attributes(entry, Subject::Group, scope, diagnostics)
            .map(|(key, changes)| Outside::UpdateGroup(key, changes)),
        "add-members" => members(entry, scope, diagnostics)
            .map(|(key, members)| Outside::AddMembers(key, members)),
        "remove-members" => members(entry, scope, diagnostics)
            .map(|(key, members)| Outside::RemoveMembers(key, members)),
        "delete-group" => one(entry, Subject::Group, scope, diagnostics).map(Outside::DeleteGroup),
        other => {
            let message = format!("unknown operation `{other}`");
            let mistake = diagnostics.error(&entry.key_span, message);
            if let Some(hint) = suggest::or_all(other, OPERATIONS.iter().copied()) {
                mistake.hint(hint);
            }
            None
        }
    }
}

/// `delete-user: ada`
fn one(
    entry: &Entry,
    wanted: Subject,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Option<Key> {
    let key = entry.value.text(&entry.key, diagnostics)?;
    scope
        .check(wanted, key, &entry.value.span, diagnostics)
        .then(|| key.to_owned())
}

/// `update-user: {ada: {…}}`: the only entry, if it is about a `wanted`.
fn about<'n>(
    entry: &'n Entry,
    wanted: Subject,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Option<&'n Entry> {
    let inner = match entry.value.entries(&entry.key, diagnostics)? {
        [inner] => inner,
        _ => {
            let message = format!("`{}` is about one; write a step for each", entry.key);
            diagnostics.error(&entry.value.span, message);
            return None;
        }
    };
    scope
        .check(wanted, &inner.key, &inner.key_span, diagnostics)
        .then_some(inner)
}

/// `update-user: {ada: {active: false}}`: SCIM attributes, whose texts can hold placeholders.
fn with_attributes(
    entry: &Entry,
    wanted: Subject,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Option<(Key, Map<String, Value>)> {
    let inner = about(entry, wanted, scope, diagnostics)?;
    let attributes = inner.value.entries(&inner.key, diagnostics)?;
    if attributes.is_empty() {
        diagnostics.error(&inner.value.span, "no attribute is named");
    }
    let named_by = match wanted {
        Subject::Person => "userName",
        Subject::Group => "displayName",
    };
    for attribute in attributes {
        texts(&attribute.value, scope, diagnostics);
        if attribute.key == named_by
            && let Kind::String(name) = &attribute.value.kind
        {
            lint::holds_run(&attribute.key, name, &attribute.value.span, diagnostics);
        }
    }
    match inner.value.to_json() {
        Value::Object(attributes) => Some((inner.key.clone(), attributes)),
        _ => None,
    }
}

/// Placeholders anywhere in a value.
fn texts(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) {
    match &node.kind {
        Kind::String(text) => lint::placeholders(text, &node.span, scope, diagnostics),
        Kind::Sequence(items) => items
            .iter()
            .for_each(|item| texts(item, scope, diagnostics)),
        Kind::Mapping(entries) => entries
            .iter()
            .for_each(|entry| texts(&entry.value, scope, diagnostics)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}

/// `add-members: {crew: [ada, bob]}`
fn members(entry: &Entry, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<(Key, Vec<Key>)> {
    let inner = about(entry, Subject::Group, scope, diagnostics)?;
    let members = scope.keys(Subject::Person, &inner.value, &entry.key, diagnostics);
    Some((inner.key.clone(), members))
}
