//! The exchanges of one scenario under one app that a snapshot keeps.

use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::{
    BodyCut, BodyOddity, Exchange, Kept, Method, NotJson, Request, Response, SendError,
};
use crate::verdict::{Origin, Recorded, ScenarioResult};

use super::aliases::{Aliases, Kind};
use super::normalise::{Normaliser, RunNames};

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
    /// Job and slot, as `assign/find`; the resource (`<user-1>`) for a final state.
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

/// Why the exchanges of a scenario cannot be compared with anybody's, if they cannot.
#[must_use]
pub fn not_comparable(result: &ScenarioResult) -> Option<&'static str> {
    let mut shown = by_step(&result.exchanges);
    shown.extend(final_states(&result.exchanges));
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
    #[must_use]
    pub fn of(result: &ScenarioResult, names: &RunNames) -> Self {
        let own = opened(by_step(&result.exchanges));
        let last = opened(final_states(&result.exchanges));
        // What was there before is part of no transcript, but its ids stand in the answers.
        let mut seeded = opened(made_before(&result.exchanges));
        // Several are made at once; by their names they are in the same order whenever this is written down.
        seeded.sort_by(|(_, a), (_, b)| a.request.body.cmp(&b.request.body));
        let mut aliases = Aliases::default();
        for (_, exchange) in seeded.iter().chain(&own).chain(&last) {
            learn(&mut aliases, exchange);
        }
        let normaliser = Normaliser::new(names, &aliases);
        let mut entries: Vec<Entry> = own
            .iter()
            .map(|(recorded, exchange)| {
                let place = place(&normaliser, recorded);
                entry(&normaliser, recorded, exchange, place)
            })
            .collect();
        entries.extend(last.iter().map(|(recorded, exchange)| {
            let place = final_place(&normaliser, recorded);
            entry(&normaliser, recorded, exchange, place)
        }));
        number_repeats(&mut entries);
        Self { entries }
    }
}

fn opened(kept: Vec<&Recorded>) -> Vec<(&Recorded, Exchange)> {
    kept.into_iter()
        .map(|recorded| (recorded, recorded.exchange.open()))
        .collect()
}

/// The creates of what a scenario had there before Okta came.
fn made_before(exchanges: &[Recorded]) -> Vec<&Recorded> {
    let setup = exchanges.iter().filter(|r| r.origin == Origin::Setup);
    setup
        .filter(|r| r.exchange.method() == Method::Post)
        .collect()
}

/// Okta's exchanges and the probes, brought together by case and step in the order in which
/// these first appear: what runs at once may be recorded interleaved.
fn by_step(exchanges: &[Recorded]) -> Vec<&Recorded> {
    let own = exchanges
        .iter()
        .filter(|r| matches!(r.origin, Origin::Okta | Origin::Probe));
    let mut order: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let mut found: Vec<(usize, &Recorded)> = Vec::new();
    for recorded in own {
        let next = order.len();
        let group = (recorded.case.as_deref(), recorded.step.as_str());
        found.push((*order.entry(group).or_insert(next), recorded));
    }
    found.sort_by_key(|(group, _)| *group);
    found.into_iter().map(|(_, recorded)| recorded).collect()
}

/// The last time each resource was read by id for judging, by the resource's first appearance.
fn final_states(exchanges: &[Recorded]) -> Vec<&Recorded> {
    let mut order: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let mut last: Vec<&Recorded> = Vec::new();
    for recorded in exchanges.iter().filter(|r| reads_one_resource(r)) {
        let resource = (recorded.case.as_deref(), recorded.exchange.target());
        let at = *order.entry(resource).or_insert(last.len());
        match last.get_mut(at) {
            Some(slot) => *slot = recorded,
            None => last.push(recorded),
        }
    }
    last
}

fn reads_one_resource(recorded: &Recorded) -> bool {
    let target = recorded.exchange.target();
    recorded.origin == Origin::Observe
        && recorded.exchange.method() == Method::Get
        && !target.contains('?')
        && Kind::of_target(target).is_some()
        && resource_id(target).is_some()
}

/// The path segment after the endpoint.
fn resource_id(target: &str) -> Option<&str> {
    let (_, id) = target.trim_start_matches('/').split_once('/')?;
    Some(id).filter(|id| !id.is_empty() && !id.contains('/'))
}

fn learn(aliases: &mut Aliases, exchange: &Exchange) {
    let request = &exchange.request;
    aliases.learn_okta_text(&request.target);
    if let Content::Json(body) = request_body(request.body.as_ref()) {
        aliases.learn_okta(&body);
    }
    let Some(response) = exchange.response() else {
        return;
    };
    let Some(body) = response.json() else {
        return;
    };
    // The `id` of an error is the server's own business, such as the id of a log entry.
    if response.is_success()
        && let Some(kind) = Kind::of_target(&request.target)
    {
        aliases.learn(kind, body);
    }
    aliases.learn_okta(body);
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
