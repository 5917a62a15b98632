//! `observe:` steps: what must now hold at the target.

use crate::document::{Diagnostics, Entry, Fields, Kind, Node};
use crate::scenario::scope::{Scope, Subject};
use crate::scenario::{GroupMust, Observe, PersonMust};

/// All statements of an `observe:` step.
pub(super) fn observe(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> Vec<Observe> {
    let entries = node.entries("observe", diagnostics).unwrap_or_default();
    if matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty()) {
        diagnostics.error(&node.span, "`observe` looks at nothing");
    }
    entries
        .iter()
        .filter_map(|entry| match scope.entry_subject(entry, diagnostics)? {
            Subject::Person => person(entry, diagnostics),
            Subject::Group => group(entry, scope, diagnostics),
        })
        .collect()
}

fn person(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Observe> {
    let mut fields = Fields::of(&entry.value, &entry.key, diagnostics)?;
    let mut must = Vec::new();
    if only_true(&mut fields, "same-id", diagnostics) {
        must.push(PersonMust::SameId);
    }
    if let Some(node) = fields.take("active") {
        must.extend(node.truth("active", diagnostics).map(PersonMust::Active));
    }
    if only_word(&mut fields, "former-login", "nobody", diagnostics) {
        must.push(PersonMust::FormerLoginFree);
    }
    if only_word(&mut fields, "other-case", "found", diagnostics) {
        must.push(PersonMust::FoundInOtherCase);
    }
    if let Some(node) = fields.take("accounts") {
        let accounts = node.whole("accounts", 0..=1_000, diagnostics);
        must.extend(accounts.map(PersonMust::Accounts));
    }
    finish(fields, entry, diagnostics);
    Some(Observe::Person {
        key: entry.key.clone(),
        must,
    })
}

fn group(entry: &Entry, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Observe> {
    let key = entry.key.clone();
    if matches!(entry.value.kind, Kind::Sequence(_) | Kind::String(_)) {
        let members = scope.keys(Subject::Person, &entry.value, "members", diagnostics);
        let must = vec![GroupMust::Members(members)];
        return Some(Observe::Group { key, must });
    }
    let mut fields = Fields::of(&entry.value, &entry.key, diagnostics)?;
    let mut must = Vec::new();
    if only_true(&mut fields, "same-id", diagnostics) {
        must.push(GroupMust::SameId);
    }
    if let Some(node) = fields.take("members") {
        let members = scope.keys(Subject::Person, node, "members", diagnostics);
        must.push(GroupMust::Members(members));
    }
    if only_word(&mut fields, "former-name", "nobody", diagnostics) {
        must.push(GroupMust::FormerNameFree);
    }
    if only_true(&mut fields, "gone", diagnostics) {
        must.push(GroupMust::Gone);
    }
    finish(fields, entry, diagnostics);
    Some(Observe::Group { key, must })
}

fn finish(fields: Fields<'_>, entry: &Entry, diagnostics: &mut Diagnostics) {
    if matches!(&entry.value.kind, Kind::Mapping(entries) if entries.is_empty()) {
        let message = format!("nothing is said about `{}`", entry.key);
        diagnostics.error(&entry.key_span, message);
    }
    fields.finish(diagnostics);
}

/// A statement that has no opposite: `false` would claim nothing.
fn only_true(fields: &mut Fields<'_>, name: &'static str, diagnostics: &mut Diagnostics) -> bool {
    let Some(node) = fields.take(name) else {
        return false;
    };
    let value = node.truth(name, diagnostics);
    if value == Some(false) {
        let message = format!("`{name}` can only be `true`");
        diagnostics
            .error(&node.span, message)
            .hint("or leave it out");
    }
    value == Some(true)
}

/// A statement with one possible word.
fn only_word(
    fields: &mut Fields<'_>,
    name: &'static str,
    word: &str,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(node) = fields.take(name) else {
        return false;
    };
    let found = node.text(name, diagnostics);
    if found.is_some_and(|found| found != word) {
        let message = format!("`{name}` can only be `{word}`");
        diagnostics
            .error(&node.span, message)
            .hint("or leave it out");
    }
    found == Some(word)
}
