//! Two requests, side by side.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::exchange::{Request, percent_decode};

use super::super::traffic::Captured;
use super::super::url;

/// Most differences that are told of one action.
const MOST: usize = 12;
/// Header fields that Okta decides.
const HEADERS: [&str; 4] = ["accept", "accept-charset", "content-type", "user-agent"];

/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Difference {
    /// The request, from 1, in its action.
    pub request: usize,
    /// Where: `method`, `path`, `query`, a header field, or a JSON pointer into the body.
    pub at: String,
    /// What was recorded.
    pub recorded: String,
    /// What our Okta sends.
    pub ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            at,
            recorded,
            ours,
        } = self;
        write!(
            f,
            "request {request}, {at}: recorded {recorded}, ours {ours}"
        )
    }
}

/// A request without ids and values: `PUT /Groups/{id}`.
#[must_use]
pub(in crate::recording) fn line(request: &Request) -> String {
    let path = url::path(&request.target);
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let endpoint = segments.next().unwrap_or_default();
    let id = if segments.next().is_some() {
        "/{id}"
    } else {
        ""
    };
    let query = if request.target.contains("filter=") {
        "?filter=…"
    } else {
        ""
    };
    format!("{} /{endpoint}{id}{query}", request.method)
}

/// What differs between two sequences.
#[must_use]
pub(super) fn all(recorded: &[&Captured], ours: &[Request], unordered: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    let requests = recorded.len().max(ours.len());
    for n in 0..requests {
        let request = n.saturating_add(1);
        let nothing = || "nothing".to_owned();
        match (recorded.get(n), ours.get(n)) {
            (Some(one), Some(ours)) => one_of(request, one, ours, unordered, &mut found),
            (one, ours) => found.push(Difference {
                request,
                at: "sequence".to_owned(),
                recorded: one.map_or_else(nothing, |one| line(&one.exchange.request)),
                ours: ours.map_or_else(nothing, line),
            }),
        }
    }
    found.truncate(MOST);
    found
}

fn one_of(
    request: usize,
    recorded: &Captured,
    ours: &Request,
    unordered: bool,
    found: &mut Vec<Difference>,
) {
    let theirs = &recorded.exchange.request;
    if line(theirs) != line(ours) {
        found.push(Difference {
            request,
            at: "sequence".to_owned(),
            recorded: line(theirs),
            ours: line(ours),
        });
        return;
    }
    let mut differ = |at: &str, recorded: String, ours: String| {
        found.push(Difference {
            request,
            at: at.to_owned(),
            recorded,
            ours,
        });
    };
    let id = |target: &str| percent_decode(url::path(target));
    if id(&theirs.target) != id(&ours.target) {
        differ(
            "path",
            "another id".to_owned(),
            "the one of the answers".to_owned(),
        );
    }
    let (asked, asks) = (query(&theirs.target), query(&ours.target));
    if asked != asks {
        let same = parameters(&theirs.target) == parameters(&ours.target);
        if !same {
            let names = |target: &str| {
                let names = url::parameters(target).into_iter().map(|(name, _)| name);
                names.collect::<Vec<_>>().join(", ")
            };
            differ("query", names(&theirs.target), names(&ours.target));
        } else if !unordered {
            differ(
                "query",
                "another spelling or order".to_owned(),
                spelled(asks),
            );
        }
    }
    for name in HEADERS {
        let of = |request: &Request| {
            let mut all = request.headers.iter();
            let field = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
            field.map(|(_, value)| value.expose().to_owned())
        };
        // A recorder may leave fields out.
        if let Some(there) = of(theirs)
            && of(ours).as_ref() != Some(&there)
        {
            differ(
                name,
                there,
                of(ours).unwrap_or_else(|| "nothing".to_owned()),
            );
        }
    }
    if !recorded.sent_whole {
        return;
    }
    let parsed = |request: &Request| {
        let body = request.body.as_deref().filter(|body| !body.is_empty());
        body.map(|body| serde_json::from_slice::<Value>(body).unwrap_or_default())
    };
    match (parsed(theirs), parsed(ours)) {
        (None, None) => {}
        (Some(there), Some(here)) => bodies("", &there, &here, unordered, &mut differ),
        (there, here) => {
            let is =
                |body: Option<Value>| if body.is_some() { "a body" } else { "none" }.to_owned();
            differ("body", is(there), is(here));
        }
    }
}

fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// The parameters by their names, as a server reads them.
fn parameters(target: &str) -> Vec<(String, String)> {
    let mut all = url::parameters(target);
    all.sort();
    all
}

/// A query without its values.
fn spelled(query: &str) -> String {
    let parts = query.split('&');
    let names: Vec<&str> = parts
        .map(|part| part.split_once('=').map_or(part, |(name, _)| name))
        .collect();
    format!("{}, a blank as %20", names.join(", "))
}

fn bodies(
    at: &str,
    there: &Value,
    here: &Value,
    unordered: bool,
    differ: &mut impl FnMut(&str, String, String),
) {
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let at = format!("{at}/{}", escaped(key));
                match b.get(key) {
                    Some(other) => bodies(&at, value, other, unordered, differ),
                    None => differ(&at, kind(value), "nothing".to_owned()),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                let at = format!("{at}/{}", escaped(key));
                differ(&at, "nothing".to_owned(), kind(value));
            }
            if !unordered && a.len() == b.len() && !a.keys().eq(b.keys()) {
                let keys = |object: &serde_json::Map<String, Value>| {
                    object.keys().cloned().collect::<Vec<_>>().join(", ")
                };
                if a.keys().all(|key| b.contains_key(key)) {
                    let at = if at.is_empty() { "/" } else { at };
                    differ(at, keys(a), keys(b));
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                let count = |n: usize| format!("{n} elements");
                differ(at, count(a.len()), count(b.len()));
                return;
            }
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                bodies(&format!("{at}/{n}"), a, b, unordered, differ);
            }
        }
        // A recorder has taken it out.
        (Value::String(text), _) if is_blotted(text) => {}
        (a, b) if a == b => {}
        (Value::String(_), Value::String(_)) => {
            differ(at, "a text".to_owned(), "another text".to_owned());
        }
        (a, b) => differ(at, kind(a), kind(b)),
    }
}

fn is_blotted(text: &str) -> bool {
    text.contains("***") || text.to_ascii_lowercase().contains("redacted")
}

/// What a value is; texts may name people.
fn kind(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(all) => format!("a list of {}", all.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
