//! Facts first, opinion later: observations, the findings concluded from them, the verdict.

mod script;

pub use script::{Actor, Row, Script};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::okta::{App, Evidence};
use crate::scenario::ScenarioId;

/// How much a finding matters to somebody who connects Okta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// A breach of a norm without effect on Okta, or a conclusion that rests on an inferred request.
    Warning,
    /// Breaks Okta, or loses or mixes up data.
    Error,
}

impl Level {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What sort of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Wrong behaviour.
    Fault,
    /// An honest refusal: 4xx, and nothing changed.
    Limitation,
    /// SCIM cannot show whether it is right.
    Unverifiable,
    /// A choice the norm leaves open, worth knowing.
    Policy,
}

/// What a check is about, and why; see [`crate::check::ALL`].
#[derive(Debug)]
pub struct CheckMeta {
    /// `family/name`, for ever.
    pub id: &'static str,
    /// What is wrong when it trips, present tense, lower case, no full stop.
    pub title: &'static str,
    /// The level of an observation that rests on recorded or documented requests.
    pub level: Level,
    /// The kind of finding.
    pub kind: Kind,
    /// Where the requirement stands: RFC sections, Okta pages.
    pub norms: &'static [&'static str],
    /// Why it matters to Okta.
    pub why: &'static str,
    /// What to do at the server.
    pub fix: &'static str,
    /// An answer that passes.
    pub passing: &'static str,
    /// An answer that trips it.
    pub failing: &'static str,
}

/// Where in a run something was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct At {
    /// The scenario.
    pub scenario: String,
    /// The app; none for a probe, which belongs to every app.
    pub app: Option<App>,
    /// The step, as `3 push-profile ada`.
    pub step: String,
    /// The exchange's id (`E17` within its scenario), if one shows it.
    pub exchange: Option<String>,
}

/// One fact that a check saw. It has no level: that is concluded at the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The check.
    pub check: &'static CheckMeta,
    /// What within the check: with it, the identity of a root cause.
    pub facet: String,
    /// The row of the scenario's table that it was seen in, by the row's facet, when it may be about the row.
    pub row: Option<String>,
    /// What it is when the special circumstance that check or facet name turns out not to matter: checks and facets,
    /// the more general ones last.
    pub general: Vec<(&'static CheckMeta, String)>,
    /// Where.
    pub at: At,
    /// The request that led to it, in a line: the write, where there was one.
    pub sent: String,
    /// Who sent that.
    pub sent_by: Origin,
    /// The read of our own whose answer shows it, in a line, where that is another request.
    pub shown_by: Option<String>,
    /// What should have come back.
    pub wanted: String,
    /// What did.
    pub got: String,
    /// JSON pointer into the answer, or empty.
    pub pointer: String,
    /// How we know that Okta sends what showed it.
    pub evidence: Evidence,
    /// The text that an Okta admin gets to see, if Okta notices at all.
    pub okta_admin_sees: Option<String>,
    /// An honest refusal where the scenario allows one.
    pub refusal: bool,
    /// The scenario sends what only another identity provider sends. Whatever it shows: Okta works.
    pub is_of_another_provider: bool,
    /// Data is lost or mixed up, so an inferred request does not lower the level.
    pub loses_data: bool,
    /// The earlier observation of the same scenario that this one follows from, by index.
    pub follows: Option<usize>,
}

impl PartialEq for CheckMeta {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// One root cause, with every place it was seen at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// `F1`, local to the run.
    pub id: String,
    /// The check.
    pub check: &'static CheckMeta,
    /// What within the check.
    pub facet: String,
    /// Concluded level.
    pub level: Level,
    /// Concluded kind.
    pub kind: Kind,
    /// The request that led to it, whole, in a line: the write, where there was one.
    pub sent: String,
    /// Who sent that.
    pub sent_by: Origin,
    /// The read of our own whose answer shows it, in a line, where that is another request.
    pub shown_by: Option<String>,
    /// What should have come back.
    pub wanted: String,
    /// What did.
    pub got: String,
    /// JSON pointer into the answer, or empty.
    pub pointer: String,
    /// How we know that Okta sends what showed it.
    pub evidence: Evidence,
    /// What an Okta admin gets to see.
    pub okta_admin_sees: Option<String>,
    /// Every place where it was seen itself, each once, the first one first.
    pub at: Vec<At>,
    /// What followed from it: (check id, got).
    pub consequences: Vec<(String, String)>,
    /// Every other place where something was seen that follows from it, each once.
    pub consequences_at: Vec<At>,
    /// How the step that shows it differs from the known-good server, in lines.
    pub differences: Vec<String>,
}

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It showed nothing at error.
    Passed,
    /// It showed something at error itself. What other scenarios have shown has no part in it, nor how findings are
    /// merged.
    Failed,
    /// It did not run, or did not get to its end through no fault of the target; says why.
    NotRun(String),
}

impl Outcome {
    /// The word in reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun(_) => "not-run",
        }
    }
}

/// Whether a kind of app works with the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes: scenarios ran, none failed.
    Conforms,
    /// No: at least one failed.
    Fails,
    /// Nothing ran, or the run broke.
    Undecided,
}

/// A scenario under one app, finished.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// Its id.
    pub id: ScenarioId,
    /// Its title.
    pub title: String,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: std::time::Duration,
    /// Ids of the findings it met.
    pub findings: Vec<String>,
    /// Every exchange, in order.
    pub exchanges: Vec<Recorded>,
    /// Who is who in them.
    pub script: Script,
}

/// Who caused an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Okta itself would send it.
    Okta,
    /// Reading back, to judge.
    Observe,
    /// A literal request.
    Probe,
    /// Preparing a scenario.
    Setup,
    /// Before the run.
    Preflight,
    /// Removing what the run made.
    Cleanup,
}

/// An exchange with its place in the run; masked, so safe to print.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `E1`, `E2`, ... within its scenario and app.
    pub id: String,
    /// The step, as `3 push-profile ada`.
    pub step: String,
    /// Who caused it.
    pub origin: Origin,
    /// The job, if one sent it: `assign`.
    pub job: Option<String>,
    /// The slot within the job: `find`.
    pub slot: Option<String>,
    /// How we know that Okta sends it; only for Okta's own.
    pub evidence: Option<Evidence>,
    /// The case row, if the scenario has cases.
    pub case: Option<String>,
    /// What was sent and what came back.
    pub exchange: crate::exchange::Kept,
}
