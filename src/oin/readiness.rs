//! From a finished run to an answer for every row.

use crate::engine::outcome::{Broken, RunResult};
use crate::okta::App;
use crate::verdict::{Kind, Level, Outcome, ScenarioResult};

use super::plan::{Class, Row};
use super::precondition::Precondition;
use super::table::{ROWS, SUITES};
use super::{Claims, ENTITLEMENT_SUITE, Feature, STILL_WANTED};

/// What is left to do of a row whose request an honest server refuses.
const REFUSED: &str = "the server refuses what was sent here: try the row with what it takes, and name the limit in your guide";

/// The family of the checks that stand for Okta's suites and its plan.
const SUITE_CHECKS: &str = "certification/";

/// How a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All its scenarios ran, none met an error, and nothing was refused.
    Passed,
    /// A scenario met an error; the ids of those findings.
    Failed(Vec<String>),
    /// A person has to do it.
    ByHand,
    /// A person has to do it, because the server refused, honestly, what a scenario sent; the ids of those limitations.
    Refused(Vec<String>),
    /// It belongs to a feature that is not claimed.
    NotClaimed,
    /// A scenario of it did not run, and why.
    NotRun(String),
}

impl Standing {
    /// The word in machine-readable reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::ByHand | Self::Refused(_) => "by-hand",
            Self::NotClaimed => "not-claimed",
            Self::NotRun(_) => "not-run",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::ByHand | Self::Refused(_) => "by hand",
            Self::NotClaimed => "not claimed",
            Self::NotRun(_) => "not run",
            Self::Passed | Self::Failed(_) => self.as_str(),
        }
    }

    /// Why it stands so, where the word does not say it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotRun(why) => Some(why),
            Self::Refused(_) => Some(REFUSED),
            Self::Passed | Self::Failed(_) | Self::ByHand | Self::NotClaimed => None,
        }
    }

    /// The findings that it stands on.
    #[must_use]
    pub fn findings(&self) -> &[String] {
        match self {
            Self::Failed(findings) | Self::Refused(findings) => findings,
            Self::Passed | Self::ByHand | Self::NotClaimed | Self::NotRun(_) => &[],
        }
    }
}

/// A row and how it stands.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The row.
    pub row: &'static Row,
    /// How it stands.
    pub standing: Standing,
}

/// Everything that is known about a submission after a run.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// What is claimed.
    pub claims: Claims,
    /// What must hold before Okta's suites run.
    pub preconditions: Vec<Precondition>,
    /// What Okta's suites look at.
    pub suites: Vec<Answer>,
    /// Every row of the plan, in Okta's order.
    pub rows: Vec<Answer>,
}

impl Readiness {
    /// The answers that `run`, under these apps, gives to somebody who claims `claims`.
    #[must_use]
    pub fn of(
        run: &RunResult,
        apps: &[App],
        claims: Claims,
        preconditions: Vec<Precondition>,
    ) -> Self {
        let answer = |row: &'static Row| Answer {
            row,
            standing: standing(row, run, apps, &claims),
        };
        let suites = SUITES.iter().map(answer).collect();
        let rows = ROWS.iter().map(answer).collect();
        Self {
            claims,
            preconditions,
            suites,
            rows,
        }
    }

    /// Ids of the scenarios that answer what is claimed, each once.
    #[must_use]
    pub fn scenarios(claims: &Claims) -> Vec<String> {
        let claimed = SUITES
            .iter()
            .chain(ROWS)
            .filter(|row| claims.cover(row.features));
        let mut ids: Vec<String> = claimed
            .flat_map(|row| row.class.scenarios())
            .map(|id| (*id).to_owned())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What Okta still asks for, whatever this run has shown.
    pub fn still_wanted(&self) -> impl Iterator<Item = &'static str> {
        let entitlements = self.claims.cover(&[Feature::Entitlements]);
        STILL_WANTED
            .into_iter()
            .chain(entitlements.then_some(ENTITLEMENT_SUITE))
    }

    /// Number of rows of the plan that stand as this word of [`Standing::as_str`] says.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        let rows = self.rows.iter();
        rows.filter(|a| a.standing.as_str() == word).count()
    }

    /// Whether something that is claimed failed: a row, what a suite looks at, or a precondition.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.standings().any(|s| matches!(s, Standing::Failed(_)))
    }

    /// Whether something that is claimed could not be decided by this run.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.standings().any(|s| matches!(s, Standing::NotRun(_)))
    }

    fn standings(&self) -> impl Iterator<Item = &Standing> {
        let answers = self.suites.iter().chain(&self.rows);
        let preconditions = self.preconditions.iter().map(|p| &p.standing);
        answers.map(|a| &a.standing).chain(preconditions)
    }
}

fn standing(row: &Row, run: &RunResult, apps: &[App], claims: &Claims) -> Standing {
    if !claims.cover(row.features) {
        return Standing::NotClaimed;
    }
    let scenarios = match row.class {
        Class::Fixture(_) | Class::ByHand => return Standing::ByHand,
        Class::Wire(scenarios) | Class::NothingSent(scenarios) => scenarios,
    };
    let mut findings = Vec::new();
    let mut refused = Vec::new();
    let mut failed = false;
    let mut why = None;
    for id in scenarios {
        let mut ran = false;
        for scenario in of_scenario(run, id, apps) {
            ran = true;
            match &scenario.outcome {
                Outcome::Passed | Outcome::Failed => {
                    let before = findings.len();
                    findings.extend(against(run, scenario));
                    refused.extend(refused_to(run, scenario));
                    failed |= scenario.outcome == Outcome::Failed || findings.len() > before;
                }
                Outcome::NotRun(reason) => {
                    why.get_or_insert_with(|| format!("{id}: {reason}"));
                }
            }
        }
        if !ran {
            why.get_or_insert_with(|| format!("{id}: {}", missing(run)));
        }
    }
    match why {
        _ if failed => Standing::Failed(in_order(findings)),
        Some(why) => Standing::NotRun(why),
        None if refused.is_empty() => Standing::Passed,
        None => Standing::Refused(in_order(refused)),
    }
}

/// Ids of findings by their numbers, each once.
fn in_order(mut findings: Vec<String>) -> Vec<String> {
    findings.sort_by_key(|id| (id.len(), id.clone()));
    findings.dedup();
    findings
}

/// What came of a scenario: once for a probe, else once for each app.
fn of_scenario<'a>(
    run: &'a RunResult,
    id: &'a str,
    apps: &'a [App],
) -> impl Iterator<Item = &'a ScenarioResult> {
    run.scenarios
        .iter()
        .filter(move |s| s.id.0 == id && s.app.is_none_or(|app| apps.contains(&app)))
}

/// The findings of a scenario that count: those at error, and whatever fails a step of Okta's suites, of which Okta
/// itself may take no notice at run time.
fn against<'a>(
    run: &'a RunResult,
    scenario: &'a ScenarioResult,
) -> impl Iterator<Item = String> + 'a {
    // A scenario that has passed may name a finding of which others have shown worse.
    let has_failed = scenario.outcome == Outcome::Failed;
    let met = scenario.findings.iter().filter(move |id| {
        let finding = run.findings.iter().find(|finding| finding.id == **id);
        finding.is_some_and(|f| {
            (has_failed && f.level == Level::Error) || f.check.id.starts_with(SUITE_CHECKS)
        })
    });
    met.cloned()
}

/// The limitations of a scenario: what the server refused, honestly.
fn refused_to<'a>(
    run: &'a RunResult,
    scenario: &'a ScenarioResult,
) -> impl Iterator<Item = String> + 'a {
    let met = scenario.findings.iter().filter(|id| {
        let finding = run.findings.iter().find(|finding| finding.id == **id);
        finding.is_some_and(|f| f.kind == Kind::Limitation)
    });
    met.cloned()
}

fn missing(run: &RunResult) -> &'static str {
    match run.broken {
        Some(Broken::Interrupted) => "the run was interrupted",
        Some(Broken::Preflight { .. } | Broken::Gone { .. } | Broken::Ledger { .. }) => {
            "the run broke off"
        }
        None => "it was not part of this run",
    }
}
