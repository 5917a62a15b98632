//! What a literal request wants in the body of its answer.

use crate::document::{Diagnostics, Fields, Kind, Node};
use crate::scenario::scope::Scope;
use crate::scenario::{JsonType, Wanted, lint};

/// `{/schemas: ["urn:…"], /id: {type: string}, /active: true, /status: {one-of: ["404", 404]}, /password: {present: false}}`
pub(super) fn body(
    node: &Node,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Wanted)> {
    let entries = node.entries("body", diagnostics).unwrap_or_default();
    let mut body = Vec::new();
    for entry in entries {
        if !entry.key.starts_with('/') {
            let message = format!("`{}` is no JSON pointer", entry.key);
            let mistake = diagnostics.error(&entry.key_span, message);
            mistake.hint("a pointer starts with `/`: /Resources/0/id (RFC 6901)");
            continue;
        }
        if let Some(wanted) = wanted(&entry.value, scope, diagnostics) {
            body.push((entry.key.clone(), wanted));
        }
    }
    body
}

fn wanted(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) -> Option<Wanted> {
    match &node.kind {
        Kind::Mapping(_) => {
            let mut fields = Fields::of(node, "wanted value", diagnostics)?;
            if let Some(values) = fields.take("one-of") {
                fields.finish(diagnostics);
                let values = values.items("one-of", diagnostics)?;
                return Some(Wanted::OneOf(values.iter().map(Node::to_json).collect()));
            }
            if let Some(present) = fields.take("present") {
                fields.finish(diagnostics);
                return present.truth("present", diagnostics).map(Wanted::Present);
            }
            let found = fields.require("type", diagnostics).and_then(|node| {
                let name = node.text("type", diagnostics)?;
                let types = JsonType::ALL.map(|one| (one.as_str(), one));
                lint::word("type", name, &types, &node.span, diagnostics)
            });
            fields.finish(diagnostics);
            found.map(Wanted::Type)
        }
        Kind::Sequence(items) => {
            for item in items {
                placeholders(item, scope, diagnostics);
            }
            Some(Wanted::Among(items.iter().map(Node::to_json).collect()))
        }
        _ => {
            placeholders(node, scope, diagnostics);
            Some(Wanted::Equal(node.to_json()))
        }
    }
}

/// Whole resources are not compared: what else they hold is the server's affair.
fn placeholders(node: &Node, scope: &Scope, diagnostics: &mut Diagnostics) {
    match &node.kind {
        Kind::String(text) => lint::placeholders(text, &node.span, scope, diagnostics),
        Kind::Mapping(_) | Kind::Sequence(_) => {
            let message = format!("{} cannot be compared with", node.describe());
            let mistake = diagnostics.error(&node.span, message);
            mistake.hint("name the places within it: /emails/0/value: ada@example.com");
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => {}
    }
}
