//! The text of a transcript: what a snapshot file holds, and what people review.
//!
//! ```text
//! === 1 assign ada | assign/create
//! > POST /Users
//! > Content-Type: application/scim+json; charset=utf-8
//! >
//! > {
//! >   "userName": "ada.<run>@example.com"
//! > }
//! < 201
//! <
//! < {
//! <   "id": "<ada>"
//! < }
//! ```
//!
//! Characters that could steer a terminal or hide from whoever reviews the file stand as escapes: `\u202e` in JSON,
//! `\u{202e}` elsewhere. Lines of a body that is not JSON begin with `>|` or `<|`; a line with `!` says what no other
//! line can show. [`Transcript::parse`] is the inverse of [`Transcript::render`].

use std::fmt::Write as _;

use super::transcript::{Answer, Content, Entry, Place, Sent, Transcript};
use crate::redact::characters::{escaped, json, unescaped};

const HEADING: &str = "=== ";
const NOTHING: &str = "no answer: ";

/// Why a text is no transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the transcript: {problem}")]
pub struct TranscriptError {
    /// 1-based, counted from the first line of the transcript.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Transcript {
    /// The transcript as text, without a line feed at its end. Equal transcripts give equal bytes.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (n, entry) in self.entries.iter().enumerate() {
            if n > 0 {
                out.push_str("\n\n");
            }
            out.push_str(&lines_of(entry).join("\n"));
        }
        out
    }

    /// Reads what [`Transcript::render`] wrote.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let mut entries = Vec::new();
        let mut lines = Lines::new(text);
        while let Some(line) = lines.peek() {
            if line.is_empty() {
                lines.next();
            } else {
                entries.push(read_entry(&mut lines)?);
            }
        }
        Ok(Self { entries })
    }
}

pub(super) fn lines_of(entry: &Entry) -> Vec<String> {
    let mut out = vec![format!("{HEADING}{}", escaped(&entry.place.to_string()))];
    let sent = &entry.sent;
    out.push(format!("> {} {}", sent.method, escaped(&sent.target)));
    push_headers(&mut out, '>', &sent.headers);
    push_body(&mut out, '>', &sent.body);
    match &entry.answer {
        Answer::Nothing(why) => out.push(format!("! {NOTHING}{}", escaped(why))),
        Answer::Response {
            status,
            headers,
            notes,
            body,
        } => {
            out.push(format!("< {status}"));
            push_headers(&mut out, '<', headers);
            out.extend(notes.iter().map(|note| format!("! {}", escaped(note))));
            push_body(&mut out, '<', body);
        }
    }
    out
}

fn push_headers(out: &mut Vec<String>, mark: char, headers: &[(String, String)]) {
    out.extend(
        headers
            .iter()
            .map(|(name, value)| format!("{mark} {}: {}", escaped(name), escaped(value))),
    );
}

fn push_body(out: &mut Vec<String>, mark: char, body: &Content) {
    match body {
        Content::Empty => {}
        Content::Json(value) => {
            out.push(mark.to_string());
            // The alternate form of a `Value` is pretty-printed JSON.
            out.extend(
                json(format!("{value:#}"))
                    .split('\n')
                    .map(|l| format!("{mark} {l}")),
            );
        }
        Content::Text(text) => {
            out.extend(text.split('\n').map(|line| {
                let mut marked = format!("{mark}|");
                if !line.is_empty() {
                    // Writing to a `String` cannot fail.
                    let _ = write!(marked, " {}", escaped(line));
                }
                marked
            }));
        }
    }
}

/// The lines of a text, one ahead.
struct Lines<'t> {
    rest: std::iter::Peekable<std::str::Split<'t, char>>,
    number: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            rest: text.split('\n').peekable(),
            number: 1,
        }
    }

    fn peek(&mut self) -> Option<&'t str> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        self.number += 1;
        self.rest.next()
    }

    /// The next line without `mark`, if it begins so.
    fn take(&mut self, mark: &str) -> Option<&'t str> {
        let stripped = self.peek()?.strip_prefix(mark)?;
        self.next();
        Some(stripped)
    }

    /// The next line does not fit.
    fn wrong(&self, problem: &str) -> TranscriptError {
        TranscriptError {
            line: self.number,
            problem: problem.to_owned(),
        }
    }

    /// The line that was taken last does not fit.
    fn wrong_before(&self, problem: &str) -> TranscriptError {
        TranscriptError {
            line: self.number.saturating_sub(1),
            problem: problem.to_owned(),
        }
    }
}

fn read_entry(lines: &mut Lines<'_>) -> Result<Entry, TranscriptError> {
    let heading = lines
        .take(HEADING)
        .ok_or_else(|| lines.wrong("expected a heading, `=== step`"))?;
    let place = read_place(&unescaped(heading));
    let request = lines
        .take("> ")
        .ok_or_else(|| lines.wrong("expected a request, `> METHOD target`"))?;
    let (method, target) = request
        .split_once(' ')
        .ok_or_else(|| lines.wrong_before("expected a method and a target"))?;
    let sent = Sent {
        method: method.to_owned(),
        target: unescaped(target).into_owned(),
        headers: read_headers(lines, "> ")?,
        body: read_body(lines, '>')?,
    };
    let answer = read_answer(lines)?;
    Ok(Entry {
        place,
        exchange: None,
        sent,
        answer,
    })
}

fn read_place(heading: &str) -> Place {
    let mut parts = heading.split(" | ");
    let mut place = Place {
        step: parts.next().unwrap_or_default().to_owned(),
        case: None,
        slot: None,
        repeat: 1,
    };
    for part in parts {
        let repeat = part.strip_prefix("repeat ").and_then(|n| n.parse().ok());
        if let Some(case) = part.strip_prefix("case ") {
            place.case = Some(case.to_owned());
        } else if let Some(repeat) = repeat {
            place.repeat = repeat;
        } else {
            place.slot = Some(part.to_owned());
        }
    }
    place
}

fn read_headers(
    lines: &mut Lines<'_>,
    mark: &str,
) -> Result<Vec<(String, String)>, TranscriptError> {
    let mut headers = Vec::new();
    while let Some(line) = lines.take(mark) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| lines.wrong_before("expected a header, `Name: value`"))?;
        let read = |text| unescaped(text).into_owned();
        headers.push((read(name), read(value.trim())));
    }
    Ok(headers)
}

fn read_answer(lines: &mut Lines<'_>) -> Result<Answer, TranscriptError> {
    if let Some(note) = lines.take("! ") {
        return note
            .strip_prefix(NOTHING)
            .map(|why| Answer::Nothing(unescaped(why).into_owned()))
            .ok_or_else(|| lines.wrong_before("expected `! no answer: ...` or `< status`"));
    }
    let status = lines
        .take("< ")
        .ok_or_else(|| lines.wrong("expected an answer, `< status`"))?
        .trim()
        .parse()
        .map_err(|_| lines.wrong_before("expected a status code"))?;
    let headers = read_headers(lines, "< ")?;
    let mut notes = Vec::new();
    while let Some(note) = lines.take("! ") {
        notes.push(unescaped(note).into_owned());
    }
    Ok(Answer::Response {
        status,
        headers,
        notes,
        body: read_body(lines, '<')?,
    })
}

fn read_body(lines: &mut Lines<'_>, mark: char) -> Result<Content, TranscriptError> {
    let text_mark = format!("{mark}|");
    let mut text = Vec::new();
    while let Some(line) = lines.take(&text_mark) {
        text.push(unescaped(line.strip_prefix(' ').unwrap_or(line)));
    }
    if !text.is_empty() {
        return Ok(Content::Text(text.join("\n")));
    }
    // Editors cut the blank that would stand before nothing, so the bare mark is the separator.
    if lines.peek().map(str::trim_end) != Some(mark.to_string().as_str()) {
        return Ok(Content::Empty);
    }
    lines.next();
    let first = lines.number;
    let json_mark = format!("{mark} ");
    let mut json = String::new();
    while let Some(line) = lines.take(&json_mark) {
        json.push_str(line);
        json.push('\n');
    }
    serde_json::from_str(&json)
        .map(Content::Json)
        .map_err(|error| TranscriptError {
            line: first + error.line().saturating_sub(1),
            problem: format!("the body is not JSON: {error}"),
        })
}
