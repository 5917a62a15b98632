//! `request:` steps: one literal HTTP request of a probe.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use crate::document::{Diagnostics, Fields, Kind, Node, Span};
use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::selector::Selector;
use crate::scenario::scope::Subject;
use crate::scenario::{Expect, LiteralRequest, Shows, StatusPattern, TokenForm, lint};

use super::{Reading, wanted};

pub(super) const METHODS: [(&str, Method); 7] = [
    ("GET", Method::Get),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
    ("HEAD", Method::Head),
    ("OPTIONS", Method::Options),
];

pub(super) const TOKENS: [(&str, TokenForm); 8] = [
    (TokenForm::Right.as_str(), TokenForm::Right),
    (TokenForm::None.as_str(), TokenForm::None),
    (TokenForm::Wrong.as_str(), TokenForm::Wrong),
    (TokenForm::Empty.as_str(), TokenForm::Empty),
    (TokenForm::Malformed.as_str(), TokenForm::Malformed),
    (TokenForm::Bare.as_str(), TokenForm::Bare),
    (TokenForm::LowerCase.as_str(), TokenForm::LowerCase),
    (TokenForm::TwoBlanks.as_str(), TokenForm::TwoBlanks),
];

pub(super) const EVIDENCE: [(&str, Evidence); 4] = [
    (Evidence::Recorded.as_str(), Evidence::Recorded),
    (Evidence::Documented.as_str(), Evidence::Documented),
    (Evidence::Reported.as_str(), Evidence::Reported),
    (Evidence::Inferred.as_str(), Evidence::Inferred),
];

/// The request of a `request:` step.
pub(super) fn request(
    node: &Node,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<LiteralRequest> {
    reading.requests = reading.requests.saturating_add(1);
    let mut fields = Fields::of(node, "request", diagnostics)?;
    let method = fields.require("method", diagnostics).and_then(|node| {
        let name = node.text("method", diagnostics)?;
        lint::word("method", name, &METHODS, &node.span, diagnostics)
    });
    let path = fields.require("path", diagnostics).and_then(|node| {
        let path = node.text("path", diagnostics)?;
        lint::request_path(path, &node.span, diagnostics);
        lint::placeholders(path, &node.span, &reading.scope, diagnostics);
        Some(path.to_owned())
    });
    let headers = headers(fields.take("headers"), reading, diagnostics);
    let raw = fields.flag("raw", diagnostics);
    let body = body(&mut fields, raw, reading, diagnostics);
    let token = fields
        .take("token")
        .and_then(|node| {
            let name = node.text("token", diagnostics)?;
            token(name, &node.span, diagnostics)
        })
        .unwrap_or_default();
    let to_other = other(&mut fields, reading, diagnostics);
    let evidence = fields.take("evidence").and_then(|node| {
        let word = node.text("evidence", diagnostics)?;
        lint::word("evidence", word, &EVIDENCE, &node.span, diagnostics)
    });
    let expect = fields
        .require("expect", diagnostics)
        .and_then(|node| expect(node, reading, diagnostics));
    fields.finish(diagnostics);
    let expect = expect?;
    // What is called a client's mistake is nothing that Okta is known to send.
    let usual = if expect.check == "error/client-mistake" {
        Evidence::Inferred
    } else {
        Evidence::Documented
    };
    Some(LiteralRequest {
        method: method?,
        path: path?,
        headers,
        body,
        token,
        to_other,
        evidence: evidence.unwrap_or(usual),
        expect: Box::new(expect),
    })
}

/// `at: other`: the second tenant.
fn other(
    fields: &mut Fields<'_>,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(entry) = fields.entry("at") else {
        return false;
    };
    if entry
        .value
        .text("at", diagnostics)
        .is_some_and(|at| at != "other")
    {
        let mistake = diagnostics.error(&entry.value.span, "`at` wants `other`, the second tenant");
        mistake.hint("leave it out for the target itself");
    }
    reading.other.get_or_insert_with(|| entry.key_span.clone());
    true
}

/// The form of a token. What else stands there may be a token, so it is not repeated.
fn token(name: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<TokenForm> {
    let found = TOKENS.iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let names: Vec<_> = TOKENS.iter().map(|(known, _)| *known).collect();
        let message = format!("`token` wants one of {}", names.join(", "));
        let mistake = diagnostics.error(span, message);
        mistake.hint("the token itself comes from the command line or the environment");
    }
    found.map(|(_, form)| *form)
}

fn headers(
    node: Option<&Node>,
    reading: &Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<String, String> {
    let mut headers = IndexMap::new();
    let entries = node.and_then(|node| node.entries("headers", diagnostics));
    for entry in entries.unwrap_or_default() {
        let Some(value) = entry.value.text(&entry.key, diagnostics) else {
            continue;
        };
        lint::header(&entry.key, value, &entry.key_span, diagnostics);
        lint::placeholders(value, &entry.value.span, &reading.scope, diagnostics);
        headers.insert(entry.key.clone(), value.to_owned());
    }
    headers
}

fn body(
    fields: &mut Fields<'_>,
    raw: bool,
    reading: &Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let node = fields.take("body")?;
    if matches!(node.kind, Kind::Mapping(_) | Kind::Sequence(_)) {
        let message = "a body is a text, so that every byte of it is the author's";
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint("put a `|` behind `body:` and the JSON below it");
        return None;
    }
    let text = node.text("body", diagnostics)?;
    lint::placeholders(text, &node.span, &reading.scope, diagnostics);
    lint::body(text, raw, &node.span, diagnostics);
    Some(text.to_owned())
}

fn expect(node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<Expect> {
    let mut fields = Fields::of(node, "expect", diagnostics)?;
    let status = fields
        .require("status", diagnostics)
        .map(|node| statuses(node, diagnostics));
    let check = fields.require("check", diagnostics).and_then(|node| {
        let id = node.text("check", diagnostics)?;
        lint::check_id(id, reading.context.checks, &node.span, diagnostics);
        Some(id.to_owned())
    });
    let facet = super::facet(&mut fields, diagnostics);
    let total = fields
        .take("total")
        .and_then(|node| node.whole("total", 0..=1_000_000, diagnostics));
    let body = fields
        .take("body")
        .map(|node| wanted::body(node, &reading.scope, diagnostics));
    let within = fields
        .take("within-ms")
        .and_then(|node| node.whole("within-ms", 1..=60_000, diagnostics))
        .map(Duration::from_millis);
    let unchanged = fields.take("unchanged").map(|node| {
        let scope = &reading.scope;
        scope.any_keys(node, "unchanged", diagnostics)
    });
    let creates = fields.take("creates").and_then(|node| {
        let key = node.text("creates", diagnostics)?;
        let scope = &reading.scope;
        let wanted = scope.subject(key).unwrap_or(Subject::Person);
        scope
            .check(wanted, key, &node.span, diagnostics)
            .then(|| key.to_owned())
    });
    let finds = fields.take("finds").map(|node| {
        let scope = &reading.scope;
        scope.any_keys(node, "finds", diagnostics)
    });
    let shows = fields
        .take("shows")
        .map(|node| shows(node, reading, diagnostics));
    fields.finish(diagnostics);
    Some(Expect {
        status: status?,
        check: check?,
        facet,
        total,
        body: body.unwrap_or_default(),
        within,
        unchanged: unchanged.unwrap_or_default(),
        creates,
        finds,
        shows: shows.unwrap_or_default(),
    })
}

fn shows(node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Vec<Shows> {
    let mut shows = Vec::new();
    for entry in node.entries("shows", diagnostics).unwrap_or_default() {
        let key = entry.key.clone();
        match (
            reading.scope.entry_subject(entry, diagnostics),
            &entry.value.kind,
        ) {
            (Some(Subject::Group), Kind::Sequence(_)) => {
                let scope = &reading.scope;
                let members = scope.keys(Subject::Person, &entry.value, "shows", diagnostics);
                shows.push(Shows::Members { key, members });
            }
            (Some(_), _) => {
                let values = values(&entry.value, reading, diagnostics);
                shows.push(Shows::Values { key, values });
            }
            (None, _) => {}
        }
    }
    shows
}

/// Places in a resource, by external name, and what must stand there.
fn values(
    node: &Node,
    reading: &Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Selector, Value)> {
    let mut values = Vec::new();
    for entry in node.entries("shows", diagnostics).unwrap_or_default() {
        if let Kind::String(text) = &entry.value.kind {
            lint::placeholders(text, &entry.value.span, &reading.scope, diagnostics);
        }
        let (namespace, name) = match entry.key.rsplit_once(':') {
            Some((urn, name)) if urn.starts_with("urn:") => (Some(urn.to_owned()), name),
            _ => (None, entry.key.as_str()),
        };
        match name.parse::<Selector>() {
            Ok(selector) => {
                let value = entry.value.to_json();
                values.push((selector.within(namespace), value));
            }
            Err(error) => {
                diagnostics.error(&entry.key_span, error.to_string());
            }
        }
    }
    values
}

fn statuses(node: &Node, diagnostics: &mut Diagnostics) -> Vec<StatusPattern> {
    if node.one_or_many().is_empty() {
        diagnostics.error(&node.span, "`status` names no status");
    }
    node.one_or_many()
        .iter()
        .filter_map(|node| {
            let found = pattern(node);
            if found.is_none() {
                let mistake = diagnostics.error(&node.span, "this is no HTTP status");
                mistake.hint("write a status such as 404, or a class such as 4xx");
            }
            found
        })
        .collect()
}

fn pattern(node: &Node) -> Option<StatusPattern> {
    match &node.kind {
        Kind::Number(number) => {
            let status = u16::try_from(number.as_u64()?).ok()?;
            (100..600)
                .contains(&status)
                .then_some(StatusPattern::Exact(status))
        }
        Kind::String(text) => {
            let class: u8 = text.strip_suffix("xx")?.parse().ok()?;
            (1..=5)
                .contains(&class)
                .then_some(StatusPattern::Class(class))
        }
        _ => None,
    }
}
