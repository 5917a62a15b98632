//! The plan of a run and its result.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::defect::Panic;
use crate::okta::App;
use crate::redact::Redactor;
use crate::scenario::ScenarioId;
use crate::verdict::{Finding, Outcome, Recorded, ScenarioResult, Verdict};

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
    /// How long they will take, about, as fast as the pre-flight was answered; none when nothing was asked before.
    pub lasts: Option<Duration>,
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

/// Whether something that a run has made is known to be at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A read has shown it.
    There,
    /// It may be there: the target has said neither that it is, nor that it is not.
    Perhaps,
}

impl Presence {
    /// `there` or `perhaps`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Perhaps => "perhaps",
        }
    }
}

/// Something that the run has made, or may have made, and could not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    /// `User` or `Group`.
    pub resource: &'static str,
    /// Its id at the target; `unknown` where only the name is known.
    pub id: String,
    /// Login or group name.
    pub name: String,
    /// Whether it is known to be there.
    pub presence: Presence,
    /// Why it is still there, and in what state.
    pub reason: String,
    /// The target has refused to delete it, and would again.
    pub is_undeletable: bool,
}

impl LeftBehind {
    /// Hides every secret that a target has put into it.
    pub fn redact(&mut self, secrets: &Redactor) {
        for text in [&mut self.id, &mut self.name, &mut self.reason] {
            *text = secrets.owned(std::mem::take(text));
        }
    }
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
    /// What the run creates could not be noted in its ledger any more.
    Ledger {
        /// Why not.
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
            Self::Ledger { problem } => Self::Ledger { problem },
            Self::Interrupted => Self::Interrupted,
        }
    }
}

/// What this tool was about when it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum During {
    /// The one request before a run.
    Preflight,
    /// The question whether the run may begin.
    Consent,
    /// Playing or judging a scenario.
    Scenario(ScenarioId, Option<App>),
    /// Removing what a scenario had made.
    CleanUp(ScenarioId, Option<App>),
    /// Concluding what was seen.
    Conclusion,
    /// Comparing answers with snapshots.
    Snapshots,
    /// Making a report.
    Report(&'static str),
    /// The end of the run.
    End,
    /// Something beside the run.
    Elsewhere,
}

impl During {
    /// The scenario that it is about.
    #[must_use]
    pub fn scenario(&self) -> Option<(&ScenarioId, Option<App>)> {
        match self {
            Self::Scenario(id, app) | Self::CleanUp(id, app) => Some((id, *app)),
            _ => None,
        }
    }
}

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |id: &ScenarioId, app: &Option<App>| match app {
            Some(app) => format!("{id} ({app})"),
            None => id.to_string(),
        };
        match self {
            Self::Preflight => f.write_str("before the run"),
            Self::Consent => f.write_str("while asking before the run"),
            Self::Scenario(id, app) => write!(f, "in {}", named(id, app)),
            Self::CleanUp(id, app) => write!(f, "while cleaning up after {}", named(id, app)),
            Self::Conclusion => f.write_str("while concluding what was seen"),
            Self::Snapshots => f.write_str("while comparing with snapshots"),
            Self::Report(form) => write!(f, "while making the {form}"),
            Self::End => f.write_str("at the end of the run"),
            Self::Elsewhere => f.write_str("beside the run"),
        }
    }
}

/// A failure of this tool itself. It says nothing about the target, and what it touched is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What it was about.
    pub during: During,
    /// What the code said.
    pub panic: Panic,
}

impl Defect {
    /// Why a scenario has no outcome.
    #[must_use]
    pub fn reason(&self) -> String {
        format!(
            "scim-conform itself failed here, a defect of ours: {}",
            self.panic
        )
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
    /// The options that a repetition of the run needs, each as it is typed in a shell, the target among them; none of
    /// them holds a secret. Empty where nothing is known but the target.
    pub options: Vec<String>,
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
    /// What failed of this tool itself. Such a run is never good.
    pub defects: Vec<Defect>,
    /// Why Okta would refuse the certificate of the target, where the user let it pass.
    pub untrusted: Option<String>,
    /// The file that was judged, when nothing was sent.
    pub recording: Option<String>,
}

/// Hides every secret in what a target may have had a say in. Exchanges and observations were redacted when they were
/// recorded; names of checks and scenarios are this program's own words, which a weak secret must not garble.
pub(super) fn redact(result: &mut RunResult, secrets: &Redactor) {
    let hide = |text: &mut String| *text = secrets.owned(std::mem::take(text));
    for scenario in &mut result.scenarios {
        if let Outcome::NotRun(reason) = &mut scenario.outcome {
            hide(reason);
        }
        scenario.script.texts().for_each(hide);
    }
    for finding in &mut result.findings {
        let texts = [
            &mut finding.facet,
            &mut finding.sent,
            &mut finding.wanted,
            &mut finding.got,
            &mut finding.pointer,
        ];
        texts.into_iter().for_each(hide);
        finding.okta_admin_sees.as_mut().map(hide);
        finding.shown_by.as_mut().map(hide);
        finding
            .consequences
            .iter_mut()
            .for_each(|(_, got)| hide(got));
        finding.differences.iter_mut().for_each(hide);
    }
    for left in &mut result.left_behind {
        left.redact(secrets);
    }
    match &mut result.broken {
        Some(Broken::Preflight { problem, hint }) => [problem, hint].into_iter().for_each(hide),
        Some(Broken::Gone { problem } | Broken::Ledger { problem }) => hide(problem),
        Some(Broken::Interrupted) | None => {}
    }
}

impl RunResult {
    /// Takes note of a failure of this tool: what it says from now on, nobody may rely on.
    pub fn admit(&mut self, defect: Defect) {
        self.defects.push(defect);
        for verdict in self.verdicts.values_mut() {
            if *verdict == Verdict::Conforms {
                *verdict = Verdict::Undecided;
            }
        }
    }

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
