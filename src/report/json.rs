//! The machine report, format 2. A public interface: `docs/json-report.md` describes every
//! key. Within a format, keys may be added; none is renamed, removed or given another meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::engine::growth::Growth;
use crate::engine::outcome::{Broken, Defect, LeftBehind, RunResult};
use crate::exchange::{Body, BodyCut, BodyOddity, Exchange, Kept, Request, Response, Timing};
use crate::oin::Readiness;
use crate::okta::{App, Evidence};
use crate::redact::characters;
use crate::verdict::{
    At, Finding, Kind, Level, Origin, Outcome, Recorded, ScenarioResult, Verdict,
};

use super::snapshots::{OwnSnapshots, SnapshotCounts, SnapshotOutcome};
use super::{finding, kept};
use plan::Plan;

mod plan;

/// Of a finding that stands everywhere, the exchanges of so many places are told.
const MOST_PLACES: usize = 20;

/// The number in `format`.
const FORMAT: u32 = 2;

const TOOL: Tool = Tool {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
};

/// The report as indented JSON text with a line break at its end. `snapshots` is `None` when
/// none were compared, `plan` when the run followed none.
#[must_use]
pub fn render(
    run: &RunResult,
    snapshots: Option<&SnapshotOutcome>,
    plan: Option<&Readiness>,
) -> String {
    let document = Document::of(run, snapshots, plan);
    // Serialising to memory fails only on map keys that are not strings; there are none.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    characters::json(text)
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    tool: Tool,
    run_id: &'a str,
    seed: u64,
    started: &'a str,
    duration_ms: u64,
    target: Target<'a>,
    variants: BTreeMap<&'a str, bool>,
    verdict: BTreeMap<App, Verdict>,
    summary: Summary<'a>,
    /// Only when the user's own snapshots were compared or accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshots: Option<&'a OwnSnapshots>,
    scenarios: Vec<Scenario<'a>>,
    findings: Vec<FindingEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    growth: Vec<GrowthEntry<'a>>,
    left_behind: Vec<Left<'a>>,
    broken: Option<BrokenEntry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defects: Vec<DefectEntry<'a>>,
    around: Vec<Opened<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan<'a>>,
    /// Only when a recording was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<&'a str>,
}

#[derive(Serialize)]
struct GrowthEntry<'a> {
    scenario: &'a str,
    app: Option<App>,
    step: &'a str,
    request: &'a str,
    points: Vec<PointEntry>,
}

#[derive(Serialize)]
struct PointEntry {
    size: u32,
    requests: usize,
    median_ms: f64,
}

impl<'a> GrowthEntry<'a> {
    fn of(growth: &'a Growth) -> Self {
        let points = growth.points.iter().map(|point| PointEntry {
            size: point.size,
            requests: point.requests,
            median_ms: (point.median.as_secs_f64() * 1e6).round() / 1e3,
        });
        Self {
            scenario: &growth.scenario.0,
            app: growth.app,
            step: &growth.step,
            request: &growth.request,
            points: points.collect(),
        }
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    url: &'a str,
    vendor: Option<&'a str>,
    embedded: bool,
    faults: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    chaos: Option<&'a str>,
    /// Why Okta would refuse its certificate, where the user let it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<&'a str>,
}

#[derive(Serialize)]
struct Summary<'a> {
    scenarios: ScenarioCounts,
    exchanges: u64,
    findings: FindingCounts,
    snapshots: Option<&'a SnapshotCounts>,
    left_behind: usize,
    #[serde(skip_serializing_if = "is_none_cut")]
    cut: u64,
}

#[derive(Serialize)]
struct ScenarioCounts {
    total: usize,
    passed: usize,
    failed: usize,
    not_run: usize,
}

#[derive(Serialize)]
struct FindingCounts {
    error: usize,
    warning: usize,
    note: usize,
}

#[derive(Serialize)]
struct Scenario<'a> {
    id: &'a str,
    app: Option<App>,
    outcome: &'a str,
    reason: Option<&'a str>,
    duration_ms: u64,
    findings: &'a [String],
    /// How many exchanges it had.
    requests: usize,
    /// Those that explain something: all of one that failed or was not run, else what a finding points to.
    exchanges: Vec<Opened<'a>>,
}

/// Exchanges outside of scenarios: those of the pre-flight, and the clean-up where something stays.
fn around(run: &RunResult) -> impl Iterator<Item = &Recorded> {
    let is_clean = run.left_behind.is_empty() && run.broken.is_none() && run.defects.is_empty();
    let around = run.around.iter();
    around.filter(move |one| !is_clean || one.origin != Origin::Cleanup)
}

/// One exchange, opened when its turn comes: all of them at once would take many times the room of the report.
struct Opened<'a>(&'a Recorded);

impl Serialize for Opened<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ExchangeEntry::of(self.0, &self.0.exchange.open()).serialize(serializer)
    }
}

#[derive(Serialize)]
struct ExchangeEntry<'a> {
    id: &'a str,
    step: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    origin: Origin,
    job: Option<&'a str>,
    slot: Option<&'a str>,
    evidence: Option<Evidence>,
    request: RequestEntry<'a>,
    response: ResponseEntry<'a>,
    timing: TimingEntry,
}

#[derive(Serialize)]
struct RequestEntry<'a> {
    method: &'static str,
    target: &'a str,
    headers: Vec<Header<'a>>,
    body: Value,
    body_form: BodyForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_cut: Option<Cut<'a>>,
}

/// What is known of a body of which the beginning alone was kept.
#[derive(Serialize)]
struct Cut<'a> {
    bytes: usize,
    sha256: &'a str,
}

impl<'a> Cut<'a> {
    fn of(cut: &'a BodyCut) -> Self {
        Self {
            bytes: cut.bytes,
            sha256: &cut.sha256,
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn is_none_cut(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: String,
}

/// An answer, or why there was none.
#[derive(Serialize)]
#[serde(untagged)]
enum ResponseEntry<'a> {
    Answer {
        status: u16,
        headers: Vec<Header<'a>>,
        #[serde(skip_serializing_if = "is_zero")]
        headers_cut: usize,
        body: Value,
        body_form: BodyForm,
        #[serde(skip_serializing_if = "Option::is_none")]
        body_cut: Option<Cut<'a>>,
        body_oddities: Vec<String>,
    },
    None {
        error: String,
    },
}

/// How `body` is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum BodyForm {
    /// No body; `body` is null.
    None,
    /// `body` is the value itself.
    Json,
    /// Not JSON; `body` is the text.
    Text,
    /// Neither JSON nor UTF-8; `body` is the bytes in base64 (RFC 4648, 4).
    Base64,
}

#[derive(Serialize)]
struct TimingEntry {
    connect_ms: Option<f64>,
    first_byte_ms: f64,
    total_ms: f64,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    id: &'a str,
    check: &'static str,
    facet: &'a str,
    level: Level,
    kind: Kind,
    title: &'static str,
    sent: &'a str,
    sent_by: Origin,
    shown_by: Option<&'a str>,
    wanted: &'a str,
    got: &'a str,
    pointer: &'a str,
    norm: &'static [&'static str],
    evidence: Evidence,
    okta_admin_sees: Option<&'a str>,
    fix: &'static str,
    /// Set by an `accept` entry of a vendor file; null for every other finding.
    accepted: Option<&'a str>,
    at: &'a [At],
    consequences: Vec<Consequence<'a>>,
    consequences_at: &'a [At],
    differences: &'a [String],
    /// The command that repeats the first occurrence.
    repeat: Option<String>,
    /// The exchange that showed it first, as HTTP text.
    exchange: Option<String>,
}

#[derive(Serialize)]
struct Consequence<'a> {
    check: &'a str,
    got: &'a str,
}

#[derive(Serialize)]
struct Left<'a> {
    resource: &'static str,
    id: &'a str,
    name: &'a str,
    presence: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "why")]
enum BrokenEntry<'a> {
    Preflight { problem: &'a str, hint: &'a str },
    Gone { problem: &'a str },
    Ledger { problem: &'a str },
    Interrupted,
}

/// A failure of this tool itself.
#[derive(Serialize)]
struct DefectEntry<'a> {
    during: String,
    scenario: Option<&'a str>,
    app: Option<App>,
    message: &'a str,
    location: Option<&'a str>,
}

impl<'a> DefectEntry<'a> {
    fn of(defect: &'a Defect) -> Self {
        let scenario = defect.during.scenario();
        Self {
            during: defect.during.to_string(),
            scenario: scenario.map(|(id, _)| &*id.0),
            app: scenario.and_then(|(_, app)| app),
            message: &defect.panic.message,
            location: defect.panic.location.as_deref(),
        }
    }
}

impl<'a> Document<'a> {
    fn of(
        run: &'a RunResult,
        snapshots: Option<&'a SnapshotOutcome>,
        plan: Option<&'a Readiness>,
    ) -> Self {
        Self {
            format: FORMAT,
            tool: TOOL,
            run_id: &run.run_id,
            seed: run.seed,
            started: &run.started,
            duration_ms: whole_millis(run.duration),
            target: Target {
                url: &run.target.url,
                vendor: None,
                embedded: run.target.embedded,
                faults: &run.target.faults,
                chaos: run.target.chaos.as_deref(),
                untrusted: run.untrusted.as_deref(),
            },
            variants: run.variants.iter().map(|v| (v.as_str(), true)).collect(),
            verdict: run.verdicts.clone(),
            summary: Summary::of(run, snapshots.map(|s| &s.counts)),
            snapshots: snapshots.and_then(|s| s.own.as_ref()),
            scenarios: run
                .scenarios
                .iter()
                .map(|one| Scenario::of(one, run))
                .collect(),
            findings: run
                .findings
                .iter()
                .map(|finding| FindingEntry::of(finding, run))
                .collect(),
            growth: run.growth.iter().map(GrowthEntry::of).collect(),
            left_behind: run.left_behind.iter().map(Left::of).collect(),
            broken: run.broken.as_ref().map(BrokenEntry::of),
            defects: run.defects.iter().map(DefectEntry::of).collect(),
            around: around(run).map(Opened).collect(),
            plan: plan.map(Plan::of),
            recording: run.recording.as_deref(),
        }
    }
}

impl<'a> Summary<'a> {
    fn of(run: &RunResult, snapshots: Option<&'a SnapshotCounts>) -> Self {
        let findings = |level| run.findings.iter().filter(|f| f.level == level).count();
        Self {
            scenarios: ScenarioCounts {
                total: run.scenarios.len(),
                passed: run.count("passed"),
                failed: run.count("failed"),
                not_run: run.count("not-run"),
            },
            exchanges: run.exchanges,
            findings: FindingCounts {
                error: findings(Level::Error),
                warning: findings(Level::Warning),
                note: findings(Level::Note),
            },
            snapshots,
            left_behind: run.left_behind.len(),
            cut: run.cut(),
        }
    }
}

impl<'a> Scenario<'a> {
    fn of(scenario: &'a ScenarioResult, run: &'a RunResult) -> Self {
        let pointed_to: BTreeSet<&str> = run
            .findings
            .iter()
            .flat_map(|finding| finding.at.iter().take(MOST_PLACES))
            .filter(|at| at.scenario == scenario.id.0 && at.app == scenario.app)
            .filter_map(|at| at.exchange.as_deref())
            .collect();
        let is_green = scenario.outcome == Outcome::Passed && run.recording.is_none();
        let exchanges = scenario.exchanges.iter();
        let told = exchanges.filter(|one| !is_green || pointed_to.contains(one.id.as_str()));
        Self {
            id: &scenario.id.0,
            app: scenario.app,
            outcome: scenario.outcome.as_str(),
            reason: match &scenario.outcome {
                Outcome::NotRun(reason) => Some(reason),
                Outcome::Passed | Outcome::Failed => None,
            },
            duration_ms: whole_millis(scenario.duration),
            findings: &scenario.findings,
            requests: scenario.exchanges.len(),
            exchanges: told.map(Opened).collect(),
        }
    }
}

impl<'a> ExchangeEntry<'a> {
    fn of(recorded: &'a Recorded, exchange: &'a Exchange) -> Self {
        let Exchange {
            request,
            outcome,
            timing,
        } = exchange;
        Self {
            id: &recorded.id,
            step: &recorded.step,
            case: recorded.case.as_deref(),
            origin: recorded.origin,
            job: recorded.job.as_deref(),
            slot: recorded.slot.as_deref(),
            evidence: recorded.evidence,
            request: RequestEntry::of(request, recorded.exchange.request_cut()),
            response: match outcome {
                Ok(response) => ResponseEntry::of(response, &recorded.exchange),
                Err(error) => ResponseEntry::None {
                    error: error.to_string(),
                },
            },
            timing: TimingEntry::of(timing),
        }
    }
}

impl<'a> RequestEntry<'a> {
    fn of(request: &'a Request, cut: Option<&'a BodyCut>) -> Self {
        let bytes = request.body.clone().unwrap_or_default();
        let (body, body_form) = body(&bytes, serde_json::from_slice(&bytes).ok());
        Self {
            method: request.method.as_str(),
            target: &request.target,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| Header {
                    name,
                    // The text for display, in which a secret is masked.
                    value: value.to_string(),
                })
                .collect(),
            body,
            body_form,
            body_cut: cut.map(Cut::of),
        }
    }
}

impl<'a> ResponseEntry<'a> {
    fn of(response: &'a Response, kept: &'a Kept) -> Self {
        let Body {
            bytes,
            json,
            oddities,
        } = &response.body;
        let (body, body_form) = body(bytes, json.as_deref().ok().cloned());
        Self::Answer {
            status: response.status,
            headers: response
                .headers
                .iter()
                .map(|(name, value)| Header {
                    name,
                    value: value.clone(),
                })
                .collect(),
            headers_cut: kept.headers_cut(),
            body,
            body_form,
            body_cut: kept.answer_cut().map(Cut::of),
            body_oddities: oddities.iter().map(oddity).collect(),
        }
    }
}

fn body(bytes: &Bytes, json: Option<Value>) -> (Value, BodyForm) {
    if bytes.is_empty() {
        return (Value::Null, BodyForm::None);
    }
    if let Some(value) = json {
        return (value, BodyForm::Json);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Value::from(text), BodyForm::Text),
        Err(_) => (Value::from(STANDARD.encode(bytes)), BodyForm::Base64),
    }
}

fn oddity(oddity: &BodyOddity) -> String {
    match oddity {
        BodyOddity::ByteOrderMark => "byte order mark".to_owned(),
        BodyOddity::DuplicateKey(pointer) => format!("duplicate key {pointer}"),
        BodyOddity::BodyAfterNoContent => "body after a status without one".to_owned(),
        BodyOddity::BadEncoding(reason) => format!("bad content encoding: {reason}"),
    }
}

impl TimingEntry {
    fn of(timing: &Timing) -> Self {
        Self {
            connect_ms: timing.connect.map(millis),
            first_byte_ms: millis(timing.first_byte),
            total_ms: millis(timing.total),
        }
    }
}

impl<'a> FindingEntry<'a> {
    fn of(finding: &'a Finding, run: &RunResult) -> Self {
        let first = finding.at.first();
        Self {
            id: &finding.id,
            check: finding.check.id,
            facet: &finding.facet,
            level: finding.level,
            kind: finding.kind,
            title: finding.check.title,
            sent: &finding.sent,
            sent_by: finding.sent_by,
            shown_by: finding.shown_by.as_deref(),
            wanted: &finding.wanted,
            got: &finding.got,
            pointer: &finding.pointer,
            norm: finding.check.norms,
            evidence: finding.evidence,
            okta_admin_sees: finding.okta_admin_sees.as_deref(),
            fix: finding.check.fix,
            accepted: None,
            at: &finding.at,
            consequences: finding
                .consequences
                .iter()
                .map(|(check, got)| Consequence { check, got })
                .collect(),
            consequences_at: &finding.consequences_at,
            differences: &finding.differences,
            repeat: first.map(|at| finding::repeat(at, run)),
            exchange: first.and_then(|at| kept::exchange(at, run)),
        }
    }
}

impl<'a> Left<'a> {
    fn of(left: &'a LeftBehind) -> Self {
        Self {
            resource: left.resource,
            id: &left.id,
            name: &left.name,
            presence: left.presence.as_str(),
            reason: &left.reason,
        }
    }
}

impl<'a> BrokenEntry<'a> {
    fn of(broken: &'a Broken) -> Self {
        match broken {
            Broken::Preflight { problem, hint } => Self::Preflight { problem, hint },
            Broken::Gone { problem } => Self::Gone { problem },
            Broken::Ledger { problem } => Self::Ledger { problem },
            Broken::Interrupted => Self::Interrupted,
        }
    }
}

/// Whole milliseconds; a run of more than 500 million years is cut.
fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds to the microsecond.
fn millis(time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
