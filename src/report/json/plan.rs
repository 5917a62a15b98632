//! The answers to a plan, as the report holds them.

use serde::Serialize;

use crate::oin::{Answer, Feature, Precondition, Readiness};

/// The plan that the run followed.
#[derive(Serialize)]
pub(super) struct Plan<'a> {
    name: &'static str,
    ready: Option<bool>,
    claimed: Vec<&'static str>,
    not_claimed: Vec<&'static str>,
    summary: Counts,
    preconditions: Vec<PreconditionEntry<'a>>,
    suites: Vec<Row<'a>>,
    rows: Vec<Row<'a>>,
    still_wanted: Vec<&'static str>,
}

#[derive(Serialize)]
struct Counts {
    total: usize,
    passed: usize,
    failed: usize,
    not_run: usize,
    by_hand: usize,
    not_claimed: usize,
}

#[derive(Serialize)]
struct PreconditionEntry<'a> {
    id: &'static str,
    title: &'static str,
    result: &'static str,
    seen: &'a str,
    to_do: &'static str,
}

#[derive(Serialize)]
struct Row<'a> {
    case: &'static str,
    area: String,
    title: &'static str,
    class: &'static str,
    features: Vec<&'static str>,
    result: &'static str,
    reason: Option<&'a str>,
    by_hand: &'static str,
    scenarios: &'static [&'static str],
    findings: &'a [String],
    source: &'static str,
}

impl<'a> Plan<'a> {
    pub(super) fn of(readiness: &'a Readiness) -> Self {
        Self {
            name: "oin",
            ready: match (readiness.has_failed(), readiness.is_undecided()) {
                (true, _) => Some(false),
                (false, true) => None,
                (false, false) => Some(true),
            },
            claimed: readiness.claims.iter().map(Feature::as_str).collect(),
            not_claimed: readiness.claims.others().map(Feature::as_str).collect(),
            summary: Counts {
                total: readiness.rows.len(),
                passed: readiness.count("passed"),
                failed: readiness.count("failed"),
                not_run: readiness.count("not-run"),
                by_hand: readiness.count("by-hand"),
                not_claimed: readiness.count("not-claimed"),
            },
            preconditions: readiness.preconditions.iter().map(precondition).collect(),
            suites: readiness.suites.iter().map(row).collect(),
            rows: readiness.rows.iter().map(row).collect(),
            still_wanted: readiness.still_wanted().collect(),
        }
    }
}

fn precondition(one: &Precondition) -> PreconditionEntry<'_> {
    PreconditionEntry {
        id: one.id,
        title: one.title,
        result: one.standing.as_str(),
        seen: &one.seen,
        to_do: one.to_do,
    }
}

fn row(answer: &Answer) -> Row<'_> {
    let Answer { row, standing } = answer;
    Row {
        case: row.case,
        area: row.area.to_string(),
        title: row.title,
        class: row.class.as_str(),
        features: row
            .features
            .iter()
            .map(|feature| feature.as_str())
            .collect(),
        result: standing.as_str(),
        reason: standing.reason(),
        by_hand: row.by_hand,
        scenarios: row.class.scenarios(),
        findings: standing.findings(),
        source: row.sheet.file(),
    }
}
