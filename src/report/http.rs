//! An exchange as HTTP text.

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::{BodyCut, Kept, NotJson};
use crate::verdict::{Origin, Recorded};

use super::palette::{BAD, BOLD, DIM, paint};
use super::text::{duration, printable};

/// Characters of one body that are shown; a report in JSON has all of it.
const BODY_LIMIT: usize = 16 * 1024;

/// The exchange as text, with colour codes: who sent it, the request, the answer. `headers`
/// chooses whether headers are shown; secret ones stay masked.
#[must_use]
pub fn render(recorded: &Recorded, headers: bool) -> String {
    let mut shown = paint(DIM, &caption(recorded));
    shown.push('\n');
    shown.push_str(&exchange(&recorded.exchange, headers));
    shown
}

/// `E3 assign/create, recorded, 12 ms`.
fn caption(recorded: &Recorded) -> String {
    let mut caption = recorded.id.clone();
    match (&recorded.job, &recorded.slot) {
        (Some(job), Some(slot)) => caption.push_str(&format!(" {job}/{slot}")),
        (Some(name), None) | (None, Some(name)) => caption.push_str(&format!(" {name}")),
        (None, None) => caption.push_str(&format!(" {}", origin_word(recorded.origin))),
    }
    if let Some(evidence) = recorded.evidence {
        caption.push_str(&format!(", {evidence}"));
    }
    if let Some(case) = &recorded.case {
        caption.push_str(&format!(", case {case}"));
    }
    caption.push_str(&format!(", {}", duration(recorded.exchange.timing().total)));
    printable(&caption).into_owned()
}

fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Okta => "okta",
        Origin::Observe => "observe",
        Origin::Probe => "probe",
        Origin::Setup => "setup",
        Origin::Preflight => "preflight",
        Origin::Cleanup => "cleanup",
    }
}

fn exchange(kept: &Kept, headers: bool) -> String {
    let exchange = kept.open();
    let request = &exchange.request;
    let line = format!("{} {}", request.method, printable(&request.target));
    let mut shown = format!("{}\n", paint(BOLD, &line));
    if headers {
        for (name, value) in &request.headers {
            shown.push_str(&header(name, &value.to_string()));
        }
    }
    if let Some(bytes) = &request.body {
        shown.push_str(&body(bytes, parsed(bytes).as_ref()));
        shown.push_str(&cut(kept.request_cut()));
    }
    match &exchange.outcome {
        Ok(response) => {
            shown.push_str(&format!("{}\n", paint(BOLD, &status(response.status))));
            if headers {
                for (name, value) in &response.headers {
                    shown.push_str(&header(name, value));
                }
            }
            shown.push_str(&body(&response.body.bytes, response.json()));
            shown.push_str(&cut(kept.answer_cut()));
            if let Err(reason) = &response.body.json
                && !matches!(reason, NotJson::Empty | NotJson::Cut { .. })
            {
                shown.push_str(&format!("({reason})\n"));
            }
        }
        Err(error) => {
            let text = format!("no answer: {error}");
            shown.push_str(&format!("{}\n", paint(BAD, &printable(&text))));
        }
    }
    shown
}

/// What is missing of a body.
fn cut(cut: Option<&BodyCut>) -> String {
    cut.map_or(String::new(), |cut| {
        format!("… of {} bytes, SHA-256 {}\n", cut.bytes, cut.sha256)
    })
}

fn parsed(bytes: &Bytes) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

fn status(code: u16) -> String {
    let reason = http::StatusCode::from_u16(code)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!("HTTP {code} {reason}").trim_end().to_owned()
}

fn header(name: &str, value: &str) -> String {
    format!("{}: {}\n", printable(name), printable(value))
}

/// A body, JSON indented, each line harmless.
fn body(bytes: &Bytes, json: Option<&Value>) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let text = match json {
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut shown = String::with_capacity(text.len());
    let mut used = 0;
    for line in text.lines() {
        let room = BODY_LIMIT - used;
        let start: String = line.chars().take(room).collect();
        used += start.chars().count();
        shown.push_str(&printable(&start));
        if start.len() < line.len() {
            shown.push_str(&format!("… of {} bytes\n", bytes.len()));
            break;
        }
        shown.push('\n');
    }
    shown
}
