//! The plan of a run and its result.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::okta::App;
use crate::scenario::ScenarioId;
use crate::verdict::{Finding, Recorded, ScenarioResult, Verdict};

use super::growth::Growth;

/// What a run is going to do to a target; announced before the first write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where.
    pub target: TargetInfo,
    /// Scenario and app pairs, in the order in which they will start; probes have no app.
    pub scenarios: Vec<(ScenarioId, Option<App>)>,
    /// Selected, but not going to run, with the reason.
    pub not_run: Vec<(ScenarioId, Option<App>, String)>,
    /// Users that will be created, at most.
    pub users: u64,
    /// Groups that will be created, at most.
    pub groups: u64,
    /// Requests, about.
    pub requests: u64,
    /// An example login, to show how the names look.
    pub example_login: String,
    /// An example group name.
    pub example_group: String,
    /// The run id, part of every name.
    pub run_id: String,
}

/// The target, as reports name it.
#[derive(Clone, Debug)]
pub struct TargetInfo {
    /// Base URL.
    pub url: String,
    /// It is the tool's own embedded server.
    pub embedded: bool,
    /// Faults switched on in the embedded server.
    pub faults: Vec<String>,
    /// The options that had its answers disturbed by chance, if they were.
    pub chaos: Option<String>,
}

/// Something the run made and could not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    /// `User` or `Group`.
    pub resource: &'static str,
    /// Its id at the target.
    pub id: String,
    /// Login or group name.
    pub name: String,
    /// Why it is still there, and in what state.
    pub reason: String,
}

/// Why a run broke off before it could decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The pre-flight got no usable answer; what happened, and what to do.
    Preflight {
        /// What happened.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The target was there at first, and then accepted no connection any more, many times in a row.
    Gone {
        /// What happened to the last of them.
        problem: String,
    },
    /// The user interrupted it; it was cleaned up.
    Interrupted,
}

impl Broken {
    /// The same, said of the second tenant.
    #[must_use]
    pub fn of_second_tenant(self) -> Self {
        match self {
            Self::Preflight { problem, hint } => Self::Preflight {
                problem: format!("the second tenant: {problem}"),
                // Its token comes from a variable of its own.
                hint: hint.replace("SCIM_CONFORM_TOKEN", "SCIM_CONFORM_OTHER_TOKEN"),
            },
            Self::Gone { problem } => Self::Gone { problem },
            Self::Interrupted => Self::Interrupted,
        }
    }
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Run id.
    pub run_id: String,
    /// Seed of generated people.
    pub seed: u64,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// Wall time.
    pub duration: Duration,
    /// The target.
    pub target: TargetInfo,
    /// Variants of Okta's behaviour that were switched on.
    pub variants: Vec<String>,
    /// One verdict an app.
    pub verdicts: BTreeMap<App, Verdict>,
    /// Every scenario of the selection.
    pub scenarios: Vec<ScenarioResult>,
    /// The findings, most serious first.
    pub findings: Vec<Finding>,
    /// Exchanges outside of scenarios: pre-flight, clean-up.
    pub around: Vec<Recorded>,
    /// All exchanges counted.
    pub exchanges: u64,
    /// How what requests take grows with the number of people, in scenarios that scale.
    pub growth: Vec<Growth>,
    /// What remains at the target.
    pub left_behind: Vec<LeftBehind>,
    /// Set when the run broke off.
    pub broken: Option<Broken>,
    /// The file that was judged, when nothing was sent.
    pub recording: Option<String>,
}

impl RunResult {
    /// Of how many exchanges a body, or a part of the head, was not kept whole.
    #[must_use]
    pub fn cut(&self) -> u64 {
        let all = self.scenarios.iter().flat_map(|s| &s.exchanges);
        let cut = all.chain(&self.around).filter(|recorded| {
            let kept = &recorded.exchange;
            kept.request_cut().is_some() || kept.answer_cut().is_some() || kept.headers_cut() > 0
        });
        cut.count() as u64
    }

    /// Number of scenarios per outcome word (`passed`, `failed`, `not-run`).
    #[must_use]
    pub fn count(&self, outcome: &str) -> usize {
        self.scenarios
            .iter()
            .filter(|s| s.outcome.as_str() == outcome)
            .count()
    }
}
