//! The result of an exported test for programs.

#![allow(clippy::indexing_slicing, reason = "objects of our own")]

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use crate::redact::characters;
use crate::report::junit::JunitError;
use crate::report::text::printable;
use crate::runscope::play::{Outcome, Played};

use super::super::backend::PlayedExport;
use super::super::error::CliError;
use super::super::settings::RunscopeSettings;

/// The report as JSON text, `format` 1; `docs/okta-suites.md` has its fields.
pub(super) fn json(settings: &RunscopeSettings, done: &PlayedExport) -> String {
    let requests: Vec<Value> = done.played.iter().map(request).collect();
    let left_behind: Vec<Value> = done
        .left_behind
        .iter()
        .map(|left| {
            json!({"resource": left.resource, "id": left.id, "name": left.name, "presence": left.presence.as_str(), "reason": left.reason})
        })
        .collect();
    let mut report = json!({
        "format": 1,
        "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
        "test": settings.export.name,
        "target": settings.target.name(),
        "interrupted": done.interrupted,
        "requests": requests,
        "left_behind": left_behind,
    });
    if let Some(panic) = &done.defect {
        report["defect"] = json!({"message": panic.message, "location": panic.location});
    }
    characters::json(format!("{report:#}\n"))
}

fn request(played: &Played) -> Value {
    let mut request = json!({
        "number": played.number,
        "title": played.title,
        "outcome": word(&played.outcome),
        "status": played.status,
        "duration_ms": u64::try_from(played.took.as_millis()).unwrap_or(u64::MAX),
    });
    match &played.outcome {
        Outcome::Passed => {}
        Outcome::Failed(flaws) => {
            let flaws = flaws
                .iter()
                .map(|flaw| json!({"wanted": flaw.wanted, "got": flaw.got}));
            request["failed_assertions"] = flaws.collect();
        }
        Outcome::Open(reason) | Outcome::NotRun(reason) => {
            request["reason"] = reason.as_str().into();
        }
    }
    request
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "failed",
        Outcome::Open(_) => "open",
        Outcome::NotRun(_) => "not-run",
    }
}

/// The report in JUnit's XML form: a test case for each request.
///
/// # Errors
/// When the XML writer refuses a text, which it does for none that is known.
pub(super) fn junit(settings: &RunscopeSettings, done: &PlayedExport) -> Result<String, CliError> {
    let mut suite = TestSuite::new(&*printable(&settings.export.name));
    suite.add_property(("target", &*printable(&settings.target.name())));
    for played in &done.played {
        let name = format!("{} {}", played.number, printable(&played.title));
        let mut case = TestCase::new(name, status(&played.outcome));
        case.set_classname("scim-conform.runscope");
        case.set_time(played.took);
        suite.add_test_case(case);
    }
    if done.interrupted {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the test was interrupted");
        suite.add_test_case(TestCase::new("interrupted", status));
    }
    if let Some(panic) = &done.defect {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let message = format!("scim-conform itself failed, a defect of ours: {panic}");
        status.set_message(&*printable(&message));
        suite.add_test_case(TestCase::new("defect", status));
    }
    suite.set_time(done.played.iter().map(|played| played.took).sum());
    let mut report = Report::new(env!("CARGO_PKG_NAME"));
    report.add_test_suite(suite);
    let xml = report.to_string().map_err(JunitError::from)?;
    Ok(xml)
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    match outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed(flaws) => {
            let lines: Vec<String> = flaws
                .iter()
                .map(|flaw| {
                    format!(
                        "wanted {}, got {}",
                        printable(&flaw.wanted),
                        printable(&flaw.got)
                    )
                })
                .collect();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(lines.first().map_or("", String::as_str));
            status.set_description(lines.join("\n"));
            status
        }
        Outcome::Open(reason) | Outcome::NotRun(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(&*printable(reason));
            status
        }
    }
}
