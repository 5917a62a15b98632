//! `okta:` steps: what an admin does in Okta.

use crate::document::{Diagnostics, Entry, Fields, Kind, Node};
use crate::scenario::scope::Subject;
use crate::scenario::{Key, OktaAction};
use crate::suggest;

use super::Reading;

/// An action on people or groups, still without its keys.
pub(super) type OnKeys = fn(Vec<Key>) -> OktaAction;

pub(super) const ON_PEOPLE: [(&str, OnKeys); 7] = [
    ("assign", OktaAction::Assign),
    ("unassign", OktaAction::Unassign),
    ("deactivate", OktaAction::Deactivate),
    ("suspend", OktaAction::Suspend),
    ("reactivate", OktaAction::Reactivate),
    ("push-profile", OktaAction::PushProfile),
    ("sync-password", OktaAction::SyncPassword),
];

pub(super) const ON_GROUPS: [(&str, OnKeys); 2] = [
    ("push-group", OktaAction::PushGroup),
    ("push-group-now", OktaAction::PushGroupNow),
];

pub(super) const ALONE: [(&str, OktaAction); 6] = [
    ("test-connection", OktaAction::TestConnection),
    ("save-integration", OktaAction::SaveIntegration),
    ("import-users", OktaAction::ImportUsers),
    ("import-groups", OktaAction::ImportGroups),
    ("import-schema", OktaAction::ImportSchema),
    ("import-entitlements", OktaAction::ImportEntitlements),
];

pub(super) const UNLINK: &str = "unlink-group";

/// The action of an `okta:` step.
pub(super) fn action(
    node: &Node,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<OktaAction> {
    let action = match &node.kind {
        Kind::String(name) => alone(name, node, diagnostics),
        Kind::Mapping(entries) => match &entries[..] {
            [entry] => on_keys(entry, reading, diagnostics),
            _ => {
                let mistake = diagnostics.error(&node.span, "`okta` wants one action");
                mistake.hint("write one step for each action");
                None
            }
        },
        _ => {
            let message = format!("`okta` wants an action, but this is {}", node.describe());
            let mistake = diagnostics.error(&node.span, message);
            mistake.hint("for example `okta: {assign: ada}` or `okta: test-connection`");
            None
        }
    };
    reading.imports |= matches!(
        action,
        Some(OktaAction::ImportUsers | OktaAction::ImportGroups)
    );
    action
}

fn alone(name: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<OktaAction> {
    if let Some((_, action)) = ALONE.iter().find(|(known, _)| *known == name) {
        return Some(action.clone());
    }
    if all_names().any(|known| known == name) {
        let mistake = diagnostics.error(&node.span, format!("`{name}` wants a name"));
        mistake.hint(format!("write `okta: {{{name}: ada}}`"));
    } else {
        unknown(name, &node.span, diagnostics);
    }
    None
}

fn on_keys(
    entry: &Entry,
    reading: &Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<OktaAction> {
    let name = entry.key.as_str();
    for (table, subject) in [
        (&ON_PEOPLE[..], Subject::Person),
        (&ON_GROUPS[..], Subject::Group),
    ] {
        if let Some((_, action)) = table.iter().find(|(known, _)| *known == name) {
            let keys = reading.scope.keys(subject, &entry.value, name, diagnostics);
            if keys.is_empty() && entry.value.kind == Kind::Sequence(Vec::new()) {
                diagnostics.error(&entry.value.span, format!("`{name}` names nobody"));
            }
            return Some(action(keys));
        }
    }
    if name == UNLINK {
        return unlink(&entry.value, reading, diagnostics);
    }
    if ALONE.iter().any(|(known, _)| *known == name) {
        let message = format!("`{name}` takes no names");
        let mistake = diagnostics.error(&entry.key_span, message);
        mistake.hint(format!("write `okta: {name}`"));
    } else {
        unknown(name, &entry.key_span, diagnostics);
    }
    None
}

fn unlink(node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<OktaAction> {
    let mut fields = Fields::of(node, UNLINK, diagnostics)?;
    let group = fields.require("group", diagnostics).and_then(|node| {
        let key = node.text("group", diagnostics)?;
        reading
            .scope
            .check(Subject::Group, key, &node.span, diagnostics)
            .then(|| key.to_owned())
    });
    let delete = fields
        .require("delete", diagnostics)
        .and_then(|node| node.truth("delete", diagnostics));
    fields.finish(diagnostics);
    Some(OktaAction::UnlinkGroup {
        group: group?,
        delete: delete?,
    })
}

fn unknown(name: &str, span: &crate::document::Span, diagnostics: &mut Diagnostics) {
    let mistake = diagnostics.error(span, format!("Okta has no action `{name}`"));
    let known: Vec<&str> = all_names().collect();
    if let Some(hint) = suggest::or_all(name, known) {
        mistake.hint(hint);
    }
}

fn all_names() -> impl Iterator<Item = &'static str> {
    let alone = ALONE.iter().map(|(name, _)| *name);
    let people = ON_PEOPLE.iter().map(|(name, _)| *name);
    let groups = ON_GROUPS.iter().map(|(name, _)| *name);
    alone.chain(people).chain(groups).chain([UNLINK])
}
