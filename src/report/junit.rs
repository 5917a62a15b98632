//! The report in JUnit's XML form, as CI systems read it: a suite for each app and one for the
//! probes, a test case for each scenario.
//!
//! A scenario that met an error is a *failure*; a run that broke off is an *error* in a suite of
//! its own, so that the two are never mixed up.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::engine::outcome::{Broken, RunResult};
use crate::okta::App;
use crate::verdict::{Finding, Level, Outcome, ScenarioResult};

use super::finding::Extent;
use super::palette;
use super::snapshots::{OwnSnapshots, SnapshotDifference, SnapshotOutcome};
use super::summary::{GONE, LEDGER};
use super::text::printable;
use super::{defect, finding};

/// Columns of a finding's text; wide, because a CI page breaks lines itself.
const WIDTH: usize = 400;

/// Why the report could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the JUnit report cannot be written as XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The report as XML text.
///
/// # Errors
/// When the XML writer refuses a text, which it does for none that is known.
pub fn render(run: &RunResult, snapshots: Option<&SnapshotOutcome>) -> Result<String, JunitError> {
    let own = snapshots.and_then(|snapshots| snapshots.own.as_ref());
    let mut report = Report::new(env!("CARGO_PKG_NAME"));
    report.set_time(run.duration);
    for app in App::ALL.map(Some).into_iter().chain([None]) {
        if let Some(suite) = suite(run, app, own) {
            report.add_test_suite(suite);
        }
    }
    if let Some(broken) = &run.broken {
        report.add_test_suite(broken_suite(broken));
    }
    if let Some(files) = own.and_then(files) {
        report.add_test_suite(files);
    }
    if let Some(defects) = defects(run) {
        report.add_test_suite(defects);
    }
    Ok(report.to_string()?)
}

/// The suite of an app, or of the probes; none when it would be empty.
fn suite(run: &RunResult, app: Option<App>, own: Option<&OwnSnapshots>) -> Option<TestSuite> {
    let name = app.map_or("probes", App::as_str);
    let mut scenarios = run.scenarios.iter().filter(|s| s.app == app).peekable();
    scenarios.peek()?;
    let mut suite = TestSuite::new(name);
    suite.add_property(("target", &*printable(&run.target.url)));
    suite.add_property(("run_id", &*printable(&run.run_id)));
    suite.add_property(("seed", &*run.seed.to_string()));
    suite.add_property(("started", &*printable(&run.started)));
    let mut time = std::time::Duration::ZERO;
    for scenario in scenarios {
        time = time.saturating_add(scenario.duration);
        suite.add_test_case(case(run, scenario, name, own));
    }
    suite.set_time(time);
    Some(suite)
}

fn case(
    run: &RunResult,
    scenario: &ScenarioResult,
    suite: &str,
    own: Option<&OwnSnapshots>,
) -> TestCase {
    let met: Vec<&Finding> = run
        .findings
        .iter()
        .filter(|finding| scenario.findings.contains(&finding.id))
        .collect();
    let mut text = texts(run, met.iter().copied());
    let differs = own.and_then(|own| {
        let one = own.of(&scenario.id.0, scenario.app)?;
        own.is_error(one).then_some(one)
    });
    if let Some(differs) = differs {
        text.push_str(&snapshot_text(differs));
    }
    let status = match &scenario.outcome {
        Outcome::Passed if differs.is_some() => {
            differs.map_or_else(TestCaseStatus::success, |one| snapshot_failure(one, &text))
        }
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::NotRun(reason) if failed_itself(run, scenario) => error(reason),
        Outcome::NotRun(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(&*printable(reason));
            status
        }
        Outcome::Failed => failure(&met, &text),
    };
    let mut case = TestCase::new(&*scenario.id.0, status);
    case.set_classname(format!("scim-conform.{suite}"));
    case.set_time(scenario.duration);
    let is_failure = matches!(
        case.status,
        TestCaseStatus::NonSuccess {
            kind: NonSuccessKind::Failure,
            ..
        }
    );
    if !is_failure && !text.is_empty() {
        case.set_system_out(text);
    }
    case
}

/// Whether this tool failed in a scenario.
fn failed_itself(run: &RunResult, scenario: &ScenarioResult) -> bool {
    let it = (&scenario.id, scenario.app);
    run.defects
        .iter()
        .any(|defect| defect.during.scenario() == Some(it))
}

/// Neither a success nor a failure of the target.
fn error(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(&*printable(message));
    status
}

/// What failed of this tool itself outside of scenarios.
fn defects(run: &RunResult) -> Option<TestSuite> {
    let outside = run
        .defects
        .iter()
        .filter(|defect| defect.during.scenario().is_none());
    let mut suite = TestSuite::new("scim-conform itself");
    for defect in outside {
        let mut status = error(&defect::sentence(defect));
        status.set_description(defect::what_to_send());
        let mut case = TestCase::new("defect", status);
        case.set_classname("scim-conform.run");
        suite.add_test_case(case);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// A failure, named after the first error of the scenario.
fn failure(met: &[&Finding], text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let first = met.iter().find(|finding| finding.level == Level::Error);
    if let Some(first) = first.or(met.first()) {
        status.set_message(format!(
            "{} {}: {}",
            first.id,
            first.check.title,
            printable(&first.got)
        ));
        status.set_type(first.check.id);
    }
    status.set_description(text);
    status
}

/// A scenario in which all is well but that it is not as it was accepted.
fn snapshot_failure(one: &SnapshotDifference, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(&*printable(&format!("snapshot: {}", one.sentence())));
    status.set_type("snapshot");
    status.set_description(text);
    status
}

fn snapshot_text(one: &SnapshotDifference) -> String {
    let lines = one.differences.iter().map(|line| format!("  {line}"));
    let lines = std::iter::once(format!("snapshot: {}", one.sentence())).chain(lines);
    lines
        .map(|line| format!("{}\n", printable(&line)))
        .collect()
}

/// What is wrong with the folder of accepted snapshots as a whole.
fn files(own: &OwnSnapshots) -> Option<TestSuite> {
    if !own.fails() {
        return None;
    }
    let mut suite = TestSuite::new("snapshots");
    let mut add = |name: &str, message: &str| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(&*printable(message));
        status.set_type("snapshot");
        let mut case = TestCase::new(&*printable(name), status);
        case.set_classname("scim-conform.snapshots");
        suite.add_test_case(case);
    };
    if own.missing_folder {
        add(&own.folder, "the folder does not exist");
    }
    if own.broken_off {
        add(&own.folder, "not compared, because the run broke off");
    }
    for file in &own.stale {
        add(file, "no scenario has it any more: delete it");
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// The blocks of findings, without colour.
fn texts<'a>(run: &RunResult, findings: impl Iterator<Item = &'a Finding>) -> String {
    let blocks: Vec<String> = findings
        .map(|finding| palette::plain(&finding::block(finding, run, WIDTH, Extent::Whole)))
        .collect();
    blocks.join("\n")
}

fn broken_suite(broken: &Broken) -> TestSuite {
    let (name, message, hint) = match broken {
        Broken::Preflight { problem, hint } => ("preflight", &**problem, &**hint),
        Broken::Gone { problem } => ("gone", &**problem, GONE),
        Broken::Ledger { problem } => ("ledger", &**problem, LEDGER),
        Broken::Interrupted => (
            "interrupted",
            "the run was interrupted",
            "what it had made was cleaned up; the rest was not judged",
        ),
    };
    let mut status = error(message);
    status.set_description(&*printable(hint));
    let mut case = TestCase::new(name, status);
    case.set_classname("scim-conform.run");
    let mut suite = TestSuite::new("run");
    suite.add_test_case(case);
    suite
}
