//! The exchanges of one scenario under one app that a snapshot keeps.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::{
    BodyCut, BodyOddity, Exchange, Kept, Method, NotJson, Request, Response, SendError,
    percent_decode,
};
use crate::verdict::{Origin, Recorded, Row, ScenarioResult};

use super::aliases::{Aliases, Kind};
use super::lists::{self, Opened};
use super::normalise::{Normaliser, RunNames};
use super::order::{self, natural, resource_id, step_number};
use super::races;
use super::text::lines_of;

/// The step under which the final state of each resource is kept.
pub(super) const FINALLY: &str = "finally";

/// What stands for a body that is too large to be kept whole. It is a matter of its size alone, so it is the same in
/// every run.
const TOO_LARGE: &str = "(more than 1 MiB: not compared)";

/// The most bytes of all bodies of one scenario that are compared: parsed, they take a multiple of it.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The longest text that is kept of a body that is not JSON, in characters.
const TEXT_LIMIT: usize = 2000;

/// Okta's own exchanges of a scenario, then the final state of each resource, normalised.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The exchanges, those of one step of one case together.
    pub entries: Vec<Entry>,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where in the scenario it belongs.
    pub place: Place,
    /// The exchange's id in its run (`E17`); not part of a snapshot, so absent after reading one.
    pub exchange: Option<String>,
    /// What was sent.
    pub sent: Sent,
    /// What came back.
    pub answer: Answer,
}

/// What identifies an exchange within its scenario and app.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The step, as `3 push-profile ada`, or `finally`.
    pub step: String,
    /// The case row, if the scenario has cases.
    pub case: Option<String>,
    /// Job and slot, as `assign/find`; the resource (`<ada>`) for a final state.
    pub slot: Option<String>,
    /// 1 for the first exchange of its step, case and slot, and so on.
    pub repeat: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step)?;
        if let Some(case) = &self.case {
            write!(f, " | case {case}")?;
        }
        if let Some(slot) = &self.slot {
            write!(f, " | {slot}")?;
        }
        if self.repeat > 1 {
            write!(f, " | repeat {}", self.repeat)?;
        }
        Ok(())
    }
}

/// A normalised request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The method, as it stands in a request line.
    pub method: String,
    /// What follows the base URL.
    pub target: String,
    /// `Accept` and `Content-Type`, in the order in which they were sent.
    pub headers: Vec<(String, String)>,
    /// The body; keys are in the order in which they were sent.
    pub body: Content,
}

/// A normalised answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A response came.
    Response {
        /// Status code.
        status: u16,
        /// `Content-Type` and `Location`, as far as the response has them.
        headers: Vec<(String, String)>,
        /// What a parsed body does not show: that it is cut short, that a key stands twice.
        notes: Vec<String>,
        /// The body; keys are sorted, because their order means nothing (RFC 8259, 4).
        body: Content,
    },
    /// None came; says why, without what differs from machine to machine.
    Nothing(String),
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// There is none.
    Empty,
    /// It is JSON.
    Json(Value),
    /// It is something else.
    Text(String),
}

/// Whether a final state is that of a resource of others.
fn is_anothers(recorded: &Recorded, aliases: &Aliases<'_>) -> bool {
    let target = recorded.exchange.target();
    let id = resource_id(target).map(percent_decode);
    Kind::of_target(target)
        .zip(id)
        .is_some_and(|(kind, id)| aliases.is_anothers(kind, &id))
}

/// Why the exchanges of a scenario cannot be compared with anybody's, if they cannot.
#[must_use]
pub fn not_comparable(result: &ScenarioResult) -> Option<&'static str> {
    let mut shown = order::sent(&result.exchanges, &result.script);
    shown.extend(order::last_states(&result.exchanges, &result.script));
    let kept = || shown.iter().map(|recorded| &recorded.exchange);
    let by_chance = kept().any(|kept| {
        let mut cuts = kept.request_cut().into_iter().chain(kept.answer_cut());
        cuts.any(BodyCut::is_by_chance)
    });
    if by_chance {
        return Some("not all of its answers were kept; see --keep");
    }
    let bytes: usize = kept().map(Kept::weight).sum();
    (bytes > MOST_BYTES).then_some("its answers have more than 16 MiB together")
}

impl Transcript {
    /// Writes down `result`: what Okta or a probe sent, then for each resource the last time
    /// it was read by id for judging.
    ///
    /// The same scenario gives the same transcript whatever else is at the target, whatever other scenarios do
    /// meanwhile, and in whatever order requests arrive that are sent at once.
    #[must_use]
    pub fn of(result: &ScenarioResult, names: &RunNames) -> Self {
        let (mut entries, mut last) = (Vec::new(), Vec::new());
        for row in by_row(result) {
            let cast = result.script.row(row.case);
            let aliases = row.aliases(cast);
            let normaliser = Normaliser::new(names, &aliases);
            let sent = races::without_outcome(row.sent, cast);
            let mut of_row: Vec<Entry> = lists::relative(sent, cast, &aliases)
                .iter()
                .map(|(recorded, exchange)| {
                    let place = place(&normaliser, recorded);
                    entry(&normaliser, recorded, exchange, place)
                })
                .collect();
            races::sort(&mut of_row, cast);
            entries.extend(of_row);
            let mut states: Vec<Entry> = row
                .last
                .iter()
                .filter(|(recorded, _)| !is_anothers(recorded, &aliases))
                .map(|(recorded, exchange)| {
                    let place = final_place(&normaliser, recorded);
                    entry(&normaliser, recorded, exchange, place)
                })
                .collect();
            states.sort_by_cached_key(|state| {
                let slot = state.place.slot.as_deref().unwrap_or_default();
                (natural(slot), lines_of(state))
            });
            last.extend(states);
        }
        entries.extend(last);
        number_repeats(&mut entries);
        Self { entries }
    }
}

/// What was recorded of one row of a scenario, with answers opened.
struct RowRecorded<'r> {
    case: Option<&'r str>,
    /// What was there before is part of no transcript, but its ids stand in the answers.
    before: Vec<Opened<'r>>,
    sent: Vec<Opened<'r>>,
    last: Vec<Opened<'r>>,
}

impl RowRecorded<'_> {
    fn aliases<'c>(&self, cast: Option<&'c Row>) -> Aliases<'c> {
        let mut seen: Vec<&Opened<'_>> = self.before.iter().chain(&self.sent).collect();
        seen.sort_by_key(|(recorded, _)| step_number(&recorded.step));
        let mut aliases = Aliases::of(cast);
        for (recorded, exchange) in seen.into_iter().chain(&self.last) {
            aliases.learn(step_number(&recorded.step), exchange);
        }
        aliases
    }
}

/// What was recorded, row by row in the order of the table.
fn by_row(result: &ScenarioResult) -> Vec<RowRecorded<'_>> {
    let mut rows: Vec<RowRecorded<'_>> = Vec::new();
    let parts = [
        order::sent(&result.exchanges, &result.script),
        made_before(&result.exchanges),
        order::last_states(&result.exchanges, &result.script),
    ];
    for (part, recorded) in parts.into_iter().enumerate() {
        for recorded in recorded {
            let case = recorded.case.as_deref();
            let at = rows.iter().position(|row| row.case == case);
            let at = at.unwrap_or_else(|| {
                rows.push(RowRecorded {
                    case,
                    before: Vec::new(),
                    sent: Vec::new(),
                    last: Vec::new(),
                });
                rows.len().saturating_sub(1)
            });
            let Some(row) = rows.get_mut(at) else {
                continue;
            };
            let opened = (recorded, recorded.exchange.open());
            match part {
                0 => row.sent.push(opened),
                1 => row.before.push(opened),
                _ => row.last.push(opened),
            }
        }
    }
    for row in &mut rows {
        // Several are made at once; by their names they are in the same order whenever this is written down.
        row.before
            .sort_by(|(_, a), (_, b)| a.request.body.cmp(&b.request.body));
    }
    rows
}

/// The creates of what a scenario had there before Okta came.
fn made_before(exchanges: &[Recorded]) -> Vec<&Recorded> {
    let setup = exchanges.iter().filter(|r| r.origin == Origin::Setup);
    setup
        .filter(|r| r.exchange.method() == Method::Post)
        .collect()
}

fn place(normaliser: &Normaliser<'_>, recorded: &Recorded) -> Place {
    let slot = match (&recorded.job, &recorded.slot) {
        (Some(job), Some(slot)) => Some(format!("{job}/{slot}")),
        (job, slot) => job.clone().or_else(|| slot.clone()),
    };
    Place {
        step: label(&normaliser.text(&recorded.step)),
        case: recorded.case.as_deref().map(label),
        slot: slot.as_deref().map(label),
        repeat: 1,
    }
}

fn final_place(normaliser: &Normaliser<'_>, recorded: &Recorded) -> Place {
    let target = normaliser.target(recorded.exchange.target());
    Place {
        step: FINALLY.to_owned(),
        case: recorded.case.as_deref().map(label),
        slot: resource_id(&target).map(label),
        repeat: 1,
    }
}

fn number_repeats(entries: &mut [Entry]) {
    let mut seen: HashMap<Place, u32> = HashMap::new();
    for entry in entries {
        let count = seen.entry(entry.place.clone()).or_default();
        *count = count.saturating_add(1);
        entry.place.repeat = *count;
    }
}

fn entry(
    normaliser: &Normaliser<'_>,
    recorded: &Recorded,
    exchange: &Exchange,
    place: Place,
) -> Entry {
    let kind = Kind::of_target(&exchange.request.target);
    Entry {
        place,
        exchange: Some(recorded.id.clone()),
        sent: sent(normaliser, &exchange.request, kind),
        answer: match &exchange.outcome {
            Ok(response) => answer(normaliser, response, kind),
            Err(error) => Answer::Nothing(failure(error).to_owned()),
        },
    }
}

fn sent(normaliser: &Normaliser<'_>, request: &Request, kind: Option<Kind>) -> Sent {
    let headers = request
        .headers
        .iter()
        .filter(|(name, _)| is_one_of(name, &["Accept", "Content-Type", "Transfer-Encoding"]))
        .map(|(name, value)| (one_line(name), one_line(&value.to_string())))
        .collect();
    let body = match request_body(request.body.as_ref()) {
        Content::Json(value) => Content::Json(normaliser.value(&value, kind)),
        Content::Text(text) => Content::Text(plain_text(normaliser, &text)),
        Content::Empty => Content::Empty,
    };
    Sent {
        method: request.method.as_str().to_owned(),
        target: one_line(&normaliser.target(&request.target)),
        headers,
        body,
    }
}

fn request_body(body: Option<&Bytes>) -> Content {
    match body {
        None => Content::Empty,
        Some(bytes) => serde_json::from_slice(bytes).map_or_else(
            |_| Content::Text(String::from_utf8_lossy(bytes).into_owned()),
            Content::Json,
        ),
    }
}

fn answer(normaliser: &Normaliser<'_>, response: &Response, kind: Option<Kind>) -> Answer {
    let mut headers = Vec::new();
    if let Some(value) = response.header("Content-Type") {
        headers.push(("Content-Type".to_owned(), one_line(value)));
    }
    if let Some(value) = response.header("Location") {
        headers.push(("Location".to_owned(), one_line(&normaliser.url(value))));
    }
    let mut notes: Vec<String> = response.body.oddities.iter().map(oddity).collect();
    let body = match &response.body.json {
        Ok(value) => {
            let mut value = normaliser.value(value, kind);
            value.sort_all_objects();
            Content::Json(value)
        }
        Err(NotJson::Empty) => Content::Empty,
        // Its beginning is no more than a sample, and its size and hash hold ids and times: nothing to compare by.
        Err(NotJson::Cut { .. }) => Content::Text(TOO_LARGE.to_owned()),
        Err(why) => {
            notes.push(one_line(&why.to_string()));
            let text = String::from_utf8_lossy(&response.body.bytes);
            Content::Text(plain_text(normaliser, &text))
        }
    };
    Answer::Response {
        status: response.status,
        headers,
        notes,
        body,
    }
}

fn oddity(oddity: &BodyOddity) -> String {
    match oddity {
        BodyOddity::ByteOrderMark => "the body starts with a byte order mark".to_owned(),
        BodyOddity::DuplicateKey(pointer) => {
            format!("the key {} stands twice", one_line(pointer))
        }
        BodyOddity::BodyAfterNoContent => {
            "a body follows a response that must not have one".to_owned()
        }
        BodyOddity::BadEncoding(name) => {
            format!("the content encoding {} cannot be decoded", one_line(name))
        }
    }
}

/// The kind of failure. Host names, limits and the system's words differ between machines.
fn failure(error: &SendError) -> &'static str {
    match error {
        SendError::Dns { .. } => "host not found",
        SendError::Connect { .. } => "no connection",
        SendError::Tls { .. } => "TLS failed",
        SendError::Closed { .. } => "connection closed",
        SendError::TimedOut { .. } => "timed out",
        SendError::TooLarge { .. } => "too large",
        SendError::NotHttp { .. } => "not HTTP",
        SendError::AnswerLost { .. } => "answer lost",
        SendError::Unsendable { .. } => "not sendable",
    }
}

fn is_one_of(name: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|w| w.eq_ignore_ascii_case(name))
}

fn plain_text(normaliser: &Normaliser<'_>, text: &str) -> String {
    let kept: String = text.chars().take(TEXT_LIMIT).collect();
    let left = text.chars().count().saturating_sub(TEXT_LIMIT);
    let mut out = normaliser.text(&kept);
    if left > 0 {
        out.push_str(&format!("\n({left} more characters)"));
    }
    out
}

/// `text` as one line of a snapshot.
fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
        .replace('\r', "\\r")
        .trim()
        .to_owned()
}

/// `text` as a part of a heading, whose parts are separated by `|`.
fn label(text: &str) -> String {
    one_line(&text.replace('|', "/"))
}
