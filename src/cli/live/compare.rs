//! A finished run, compared with snapshots: with the known-good server's, and with the user's own.

use std::collections::HashSet;

use crate::engine::ledger;
use crate::engine::outcome::RunResult;
use crate::okta::App;
use crate::report::snapshots::{
    AcceptedSnapshots, OwnSnapshots, SnapshotCounts, SnapshotDifference, SnapshotOutcome,
    SnapshotProblem,
};
use crate::scenario::Scenario;
use crate::snapshot::{
    self, Checked, Comparison, Name, Reference, RunNames, Store, StoreError, Tolerance, Transcript,
    Writing, not_comparable,
};
use crate::verdict::{Finding, Outcome, ScenarioResult};

use super::super::settings::{RunSettings, SnapshotMode, Snapshots};

/// The snapshots that the binary carries.
static REFERENCE: Reference = Reference(crate::embedded::reference);

/// What came of it.
#[derive(Default)]
pub(super) struct Compared {
    /// For the reports.
    pub(super) outcome: Option<SnapshotOutcome>,
    /// Differences as text, where the user asked for them or minds them.
    pub(super) text: String,
    /// Why some could not be read or written. The run is over, and what it found stays.
    pub(super) failure: Option<String>,
}

/// Compares every scenario that ran. The differences from the known-good server go to the findings that they belong to.
pub(super) fn with_snapshots(
    run: &mut RunResult,
    settings: &RunSettings,
    catalogue: &[Scenario],
) -> Compared {
    let names = names_of(run);
    let mut compared = with_reference(run, settings.diff, &names);
    if let Some(own) = &settings.snapshots {
        let mut ours = Own::new(own, run, &names);
        match ours.compare(catalogue) {
            Ok(()) => {}
            Err(error) => compared.failure = compared.failure.or(Some(error.to_string())),
        }
        compared.text.push_str(&ours.text);
        compared.outcome = Some(SnapshotOutcome {
            counts: totals(&ours.counts),
            own: Some(ours.told),
        });
    }
    compared
}

fn names_of(run: &RunResult) -> RunNames {
    let after_scheme = run.target.url.split("://").nth(1);
    let host = after_scheme.and_then(|rest| rest.split('/').next());
    RunNames {
        run_id: run.run_id.clone(),
        tail: ledger::NAME_TAIL,
        base_url: run.target.url.clone(),
        host: host.unwrap_or_default().to_owned(),
    }
}

fn totals(counts: &snapshot::Counts) -> SnapshotCounts {
    SnapshotCounts {
        same: counts.same as u64,
        folded: counts.folded as u64,
        changed: counts.changed as u64,
        new: counts.new as u64,
    }
}

/// Scenarios that sent something.
fn sent_something(run: &RunResult) -> impl Iterator<Item = &ScenarioResult> {
    run.scenarios.iter().filter(|s| !s.exchanges.is_empty())
}

fn with_reference(run: &mut RunResult, tell: bool, names: &RunNames) -> Compared {
    const THAN: &str = "the known-good server";
    let mut counts = snapshot::Counts::default();
    let mut compared = Compared::default();
    let mut differences = Vec::new();
    for scenario in sent_something(run) {
        if let Some(reason) = not_comparable(scenario) {
            if tell {
                compared
                    .text
                    .push_str(&not_compared(scenario, THAN, reason));
            }
            continue;
        }
        let transcript = Transcript::of(scenario, names);
        let reference = REFERENCE.transcript(scenario.app, &scenario.id.0);
        let reference = reference.unwrap_or_else(|error| {
            compared.failure.get_or_insert(error.to_string());
            None
        });
        let Some(reference) = reference else {
            counts.add(snapshot::Compared::New);
            continue;
        };
        let comparison = snapshot::compare(&reference, &transcript, Tolerance::Reference);
        counts.add(comparison.compared());
        if tell && !comparison.differences.is_empty() {
            compared.text.push_str(&heading(scenario, THAN));
            compared.text.push_str(&indented(&lines(&comparison)));
        }
        differences.push((scenario.id.0.clone(), scenario.app, comparison));
    }
    for finding in &mut run.findings {
        finding.differences = of_finding(finding, &differences);
    }
    compared.outcome = Some(SnapshotOutcome {
        counts: totals(&counts),
        own: None,
    });
    compared
}

/// The differences in the exchange that shows a finding, at most three.
fn of_finding(finding: &Finding, differences: &[(String, Option<App>, Comparison)]) -> Vec<String> {
    let Some(at) = finding.at.first() else {
        return Vec::new();
    };
    let here = differences
        .iter()
        .find(|(id, app, _)| *id == at.scenario && *app == at.app);
    here.map(|(_, _, comparison)| {
        let of_step = comparison
            .differences
            .iter()
            .filter(|d| d.place.step == at.step);
        of_step.take(3).map(ToString::to_string).collect()
    })
    .unwrap_or_default()
}

/// The user's own snapshots, while they are compared.
struct Own<'r> {
    settings: &'r Snapshots,
    run: &'r RunResult,
    names: &'r RunNames,
    store: Store,
    told: OwnSnapshots,
    counts: snapshot::Counts,
    text: String,
}

impl<'r> Own<'r> {
    fn new(settings: &'r Snapshots, run: &'r RunResult, names: &'r RunNames) -> Self {
        let writing = match settings.mode {
            SnapshotMode::Propose => Writing::Pending,
            SnapshotMode::Check => Writing::Nothing,
            SnapshotMode::Update => Writing::Accept,
        };
        let is_update = settings.mode == SnapshotMode::Update;
        Self {
            settings,
            run,
            names,
            store: Store::new(&settings.folder, writing),
            told: OwnSnapshots {
                folder: settings.folder.display().to_string(),
                strict: settings.mode == SnapshotMode::Check,
                accepted: is_update.then(AcceptedSnapshots::default),
                ..OwnSnapshots::default()
            },
            counts: snapshot::Counts::default(),
            text: String::new(),
        }
    }

    /// Compares all there is. What cannot be read or written keeps the others from nothing.
    fn compare(&mut self, catalogue: &[Scenario]) -> Result<(), StoreError> {
        if self.run.broken.is_some() {
            // Half a run is not what anybody wants to accept, or to be told about.
            self.told.broken_off = true;
            return Ok(());
        }
        if self.settings.mode != SnapshotMode::Update && !self.settings.folder.is_dir() {
            // Mistyped, most likely: nothing is to be written to where nobody will look.
            self.told.missing_folder = true;
            return Ok(());
        }
        let mut failed = None;
        for scenario in sent_something(self.run) {
            if let Err(error) = self.one(scenario) {
                failed.get_or_insert(error);
            }
        }
        let known = names_in(catalogue);
        match self.store.stale(|name| known.contains(name)) {
            Ok(stale) => self.told.stale = stale,
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn one(&mut self, scenario: &ScenarioResult) -> Result<(), StoreError> {
        let name = Name {
            app: scenario.app,
            scenario: scenario.id.0.clone(),
        };
        let file = self.store.file_name(&name)?;
        let mut difference = SnapshotDifference {
            scenario: name.scenario.clone(),
            app: name.app,
            why: SnapshotProblem::NotCompared,
            file,
            problem: None,
            differences: Vec::new(),
        };
        let broke_off = match &scenario.outcome {
            Outcome::NotRun(reason) => Some(&**reason),
            Outcome::Passed | Outcome::Failed => None,
        };
        if broke_off.is_some() && (self.told.accepted.is_some() || !self.store.has(&name)?) {
            // It did not get to its end, which is told elsewhere, and nobody has ever accepted that it does.
            return Ok(());
        }
        if let Some(reason) = not_comparable(scenario).or(broke_off) {
            difference.problem = Some(reason.to_owned());
            self.told.differ.push(difference);
            return Ok(());
        }
        let transcript = Transcript::of(scenario, self.names);
        let checked = self.store.check(&name, &scenario.title, &transcript)?;
        self.count(&checked);
        if self.told.accepted.is_some() {
            return Ok(());
        }
        difference.why = match (&checked.unreadable, checked.compared) {
            (Some(_), _) => SnapshotProblem::Unreadable,
            (None, snapshot::Compared::New) => SnapshotProblem::New,
            (None, snapshot::Compared::Changed) => SnapshotProblem::Differs,
            (None, snapshot::Compared::Same | snapshot::Compared::Folded) => return Ok(()),
        };
        difference.problem = checked.unreadable.as_ref().map(ToString::to_string);
        difference.differences = lines(&checked.comparison);
        if difference.why == SnapshotProblem::Differs {
            self.text
                .push_str(&heading(scenario, "your accepted snapshot"));
            self.text.push_str(&indented(&difference.differences));
        }
        self.told.differ.push(difference);
        Ok(())
    }

    fn count(&mut self, checked: &Checked) {
        self.counts.add(checked.compared);
        if let Some(accepted) = &mut self.told.accepted {
            let count = match checked.compared {
                snapshot::Compared::New => &mut accepted.new,
                snapshot::Compared::Changed => &mut accepted.changed,
                snapshot::Compared::Same | snapshot::Compared::Folded => &mut accepted.same,
            };
            *count = count.saturating_add(1);
        } else if checked.written.is_some() {
            self.told.waiting = self.told.waiting.saturating_add(1);
        }
    }
}

/// Every snapshot that the catalogue can have, whether this run was about it or not.
fn names_in(catalogue: &[Scenario]) -> HashSet<Name> {
    let names = catalogue.iter().flat_map(|scenario| {
        let apps: Vec<Option<App>> = if scenario.probe {
            vec![None]
        } else {
            App::ALL.map(Some).to_vec()
        };
        apps.into_iter().map(|app| Name {
            app,
            scenario: scenario.id.0.clone(),
        })
    });
    names.collect()
}

fn of_app(scenario: &ScenarioResult) -> String {
    scenario
        .app
        .map(|app| format!(" ({app})"))
        .unwrap_or_default()
}

fn not_compared(scenario: &ScenarioResult, with: &str, reason: &str) -> String {
    let app = of_app(scenario);
    format!(
        "{}{app} was not compared with {with}: {reason}\n",
        scenario.id
    )
}

fn heading(scenario: &ScenarioResult, than: &str) -> String {
    format!("{}{} differs from {than}:\n", scenario.id, of_app(scenario))
}

fn lines(comparison: &Comparison) -> Vec<String> {
    let differences = comparison.differences.iter();
    differences.map(|d| format!("{}: {d}", d.place)).collect()
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}\n")).collect()
}
