//! `people:` and `groups:`, in the header, in cases and in changes.

use serde_json::Value;

use crate::document::{Diagnostics, Entry, Fields, Kind, Node, Span};
use crate::scenario::lint;
use crate::scenario::scope::{Scope, Subject};
use crate::scenario::{Email, GroupSpec, PersonSpec};
use crate::suggest;

use super::ByKey;

/// Attributes of an Okta profile that hold one text, by their Okta name
/// (Okta "User profile attributes"; the enterprise ones as Okta's SCIM apps name them).
pub const ATTRIBUTES: [&str; 26] = [
    "displayName",
    "nickName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
    "title",
    "userType",
    "profileUrl",
    "preferredLanguage",
    "locale",
    "timezone",
    "emailType",
    "primaryPhone",
    "mobilePhone",
    "streetAddress",
    "city",
    "state",
    "zipCode",
    "countryCode",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "managerValue",
    "managerDisplayName",
];

/// Attributes of an Okta profile that hold a list of texts.
pub const LIST_ATTRIBUTES: [&str; 1] = ["roles"];

/// The fields of a person that are no attributes.
pub(super) const OWN: [&str; 4] = ["login", "email", "firstName", "lastName"];

/// Makes the keys of the header known, before anything that refers to them is read.
pub(super) fn declare(
    node: Option<&Node>,
    subject: Subject,
    scope: &mut Scope,
    diagnostics: &mut Diagnostics,
) {
    for (key, span) in keys(node) {
        scope.declare(subject, key, span, diagnostics);
    }
}

/// Reports the keys of a case that the header does not know.
pub(super) fn known(
    node: Option<&Node>,
    subject: Subject,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) {
    for (key, span) in keys(node) {
        scope.check(subject, key, span, diagnostics);
    }
}

/// The keys of a mapping, or a plain list of keys.
fn keys(node: Option<&Node>) -> Vec<(&str, &Span)> {
    match node.map(|node| &node.kind) {
        Some(Kind::Mapping(entries)) => entries
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.key_span))
            .collect(),
        Some(Kind::Sequence(items)) => items
            .iter()
            .filter_map(|item| match &item.kind {
                Kind::String(key) => Some((key.as_str(), &item.span)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// People by key; a plain list of keys stands for people without further wishes.
pub(super) fn people(node: Option<&Node>, diagnostics: &mut Diagnostics) -> ByKey<PersonSpec> {
    by_key(node, "people", diagnostics, person)
}

/// Groups by key; a plain list of keys stands for groups without further wishes.
pub(super) fn groups(
    node: Option<&Node>,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> ByKey<GroupSpec> {
    by_key(node, "groups", diagnostics, |node, diagnostics| {
        group(node, scope, diagnostics)
    })
}

fn by_key<T: Default>(
    node: Option<&Node>,
    what: &str,
    diagnostics: &mut Diagnostics,
    read: impl Fn(&Node, &mut Diagnostics) -> T,
) -> ByKey<T> {
    let mut found = ByKey::new();
    let Some(node) = node else { return found };
    if let Kind::Sequence(items) = &node.kind {
        for item in items {
            if let Some(key) = item.text(what, diagnostics) {
                found.insert(key.to_owned(), T::default());
            }
        }
        return found;
    }
    for entry in node.entries(what, diagnostics).unwrap_or_default() {
        let value = match entry.value.kind {
            Kind::Null => T::default(),
            _ => read(&entry.value, diagnostics),
        };
        found.insert(entry.key.clone(), value);
    }
    found
}

/// One person, or the changes of one.
pub(super) fn person(node: &Node, diagnostics: &mut Diagnostics) -> PersonSpec {
    let mut spec = PersonSpec::default();
    for entry in node.entries("person", diagnostics).unwrap_or_default() {
        let value = &entry.value;
        match entry.key.as_str() {
            "login" => spec.login = login(value, diagnostics),
            "email" => spec.email = email(value, diagnostics),
            "firstName" => spec.first_name = profile_text(entry, diagnostics),
            "lastName" => spec.last_name = profile_text(entry, diagnostics),
            name if ATTRIBUTES.contains(&name) => {
                if let Some(value) = attribute(entry, diagnostics) {
                    spec.attributes.insert(entry.key.clone(), value);
                }
            }
            name if LIST_ATTRIBUTES.contains(&name) => {
                if let Some(value) = list_attribute(entry, diagnostics) {
                    spec.attributes.insert(entry.key.clone(), value);
                }
            }
            _ => unknown(entry, diagnostics),
        }
    }
    spec
}

fn unknown(entry: &Entry, diagnostics: &mut Diagnostics) {
    let known = OWN.into_iter().chain(ATTRIBUTES).chain(LIST_ATTRIBUTES);
    let message = format!("`{}` is no attribute of an Okta profile", entry.key);
    let mistake = diagnostics.error(&entry.key_span, message);
    // Authors think in SCIM names, too.
    let scim = match entry.key.as_str() {
        "userName" => Some("login"),
        "givenName" => Some("firstName"),
        "familyName" => Some("lastName"),
        "emails" => Some("email"),
        _ => None,
    };
    if let Some(name) = scim {
        mistake.hint(format!("Okta calls it `{name}`"));
    } else if let Some(hint) = suggest::or_all(&entry.key, known) {
        mistake.hint(hint);
    }
}

fn login(node: &Node, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = node.text("login", diagnostics)?;
    lint::holds_only_run(text, &node.span, diagnostics);
    lint::holds_run("login", text, &node.span, diagnostics);
    lint::address(text, &node.span, diagnostics);
    Some(text.to_owned())
}

fn email(node: &Node, diagnostics: &mut Diagnostics) -> Option<Email> {
    let text = node.text("email", diagnostics)?;
    if text == "same" {
        return Some(Email::Same);
    }
    if !text.contains('@') {
        let mistake = diagnostics.error(&node.span, "this is no e-mail address");
        mistake.hint("write an address, or `same` for the login");
    }
    lint::holds_only_run(text, &node.span, diagnostics);
    lint::holds_run("e-mail", text, &node.span, diagnostics);
    lint::address(text, &node.span, diagnostics);
    Some(Email::Address(text.to_owned()))
}

fn profile_text(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = entry.value.text(&entry.key, diagnostics)?;
    lint::holds_only_run(text, &entry.value.span, diagnostics);
    Some(text.to_owned())
}

fn attribute(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Value> {
    if entry.value.kind == Kind::Null {
        return Some(Value::Null);
    }
    profile_text(entry, diagnostics).map(Value::String)
}

fn list_attribute(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Value> {
    if entry.value.kind == Kind::Null {
        return Some(Value::Null);
    }
    let items = entry.value.items(&entry.key, diagnostics)?;
    let texts = items.iter().filter_map(|item| {
        let text = item.text(&entry.key, diagnostics)?;
        lint::holds_only_run(text, &item.span, diagnostics);
        Some(Value::String(text.to_owned()))
    });
    Some(Value::Array(texts.collect()))
}

/// One group, or the changes of one.
pub(super) fn group(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> GroupSpec {
    let Some(mut fields) = Fields::of(node, "group", diagnostics) else {
        return GroupSpec::default();
    };
    let name = fields.take("name").and_then(|node| {
        let text = node.text("name", diagnostics)?;
        lint::holds_only_run(text, &node.span, diagnostics);
        lint::holds_run("group name", text, &node.span, diagnostics);
        Some(text.to_owned())
    });
    let members = fields
        .take("members")
        .map(|node| scope.keys(Subject::Person, node, "members", diagnostics));
    fields.finish(diagnostics);
    GroupSpec { name, members }
}
