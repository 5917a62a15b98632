//! What is kept of a finding after its run, so that `explain F1` can tell it again.

use serde::{Deserialize, Serialize};

use crate::engine::outcome::RunResult;
use crate::okta::Evidence;
use crate::verdict::{At, Finding, Kind, Level, Origin};

use super::{finding, http, palette};

/// A finding without references into the program; its texts are masked, as those of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFinding {
    /// `F1`, local to the run.
    pub id: String,
    /// The check's id.
    pub check: String,
    /// The check's title, for a version of the tool that no longer has the check.
    pub title: String,
    /// What within the check.
    pub facet: String,
    /// Concluded level.
    pub level: Level,
    /// Concluded kind.
    pub kind: Kind,
    /// The request that led to it.
    pub sent: String,
    /// Who sent that.
    #[serde(default = "okta")]
    pub sent_by: Origin,
    /// The read of our own that showed it, where that is another request.
    #[serde(default)]
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
    /// Every occurrence.
    pub at: Vec<At>,
    /// What followed: (check id, got).
    pub consequences: Vec<(String, String)>,
    /// Every other place where something was seen that follows.
    #[serde(default)]
    pub consequences_at: Vec<At>,
    /// The command that repeats the first occurrence.
    pub repeat: Option<String>,
    /// The exchange that showed it first, as HTTP text.
    pub exchange: Option<String>,
}

/// Who sent what files tell of that were written before they said so.
fn okta() -> Origin {
    Origin::Okta
}

impl KeptFinding {
    /// What is kept of `finding`, which `run` concluded.
    #[must_use]
    pub fn of(finding: &Finding, run: &RunResult) -> Self {
        let first = finding.at.first();
        Self {
            id: finding.id.clone(),
            check: finding.check.id.to_owned(),
            title: finding.check.title.to_owned(),
            facet: finding.facet.clone(),
            level: finding.level,
            kind: finding.kind,
            sent: finding.sent.clone(),
            sent_by: finding.sent_by,
            shown_by: finding.shown_by.clone(),
            wanted: finding.wanted.clone(),
            got: finding.got.clone(),
            pointer: finding.pointer.clone(),
            evidence: finding.evidence,
            okta_admin_sees: finding.okta_admin_sees.clone(),
            at: finding.at.clone(),
            consequences: finding.consequences.clone(),
            consequences_at: finding.consequences_at.clone(),
            repeat: first.map(|at| finding::repeat(at, run)),
            exchange: first.and_then(|at| exchange(at, run)),
        }
    }
}

/// The exchange that `at` names, as text without colour.
pub(crate) fn exchange(at: &At, run: &RunResult) -> Option<String> {
    let id = at.exchange.as_ref()?;
    let scenario = run
        .scenarios
        .iter()
        .find(|s| s.id.0 == at.scenario && s.app == at.app)?;
    let recorded = scenario.exchanges.iter().find(|e| e.id == *id)?;
    Some(palette::plain(&http::render(recorded, false)))
}

/// The findings of a JSON report, as `explain` tells them.
#[derive(Debug, Deserialize)]
struct Report {
    findings: Vec<Reported>,
}

/// A finding as the JSON report has it.
#[derive(Debug, Deserialize)]
struct Reported {
    id: String,
    check: String,
    title: String,
    facet: String,
    level: Level,
    kind: Kind,
    sent: String,
    #[serde(default = "okta")]
    sent_by: Origin,
    #[serde(default)]
    shown_by: Option<String>,
    wanted: String,
    got: String,
    pointer: String,
    evidence: Evidence,
    okta_admin_sees: Option<String>,
    at: Vec<At>,
    #[serde(default)]
    consequences: Vec<Consequence>,
    #[serde(default)]
    consequences_at: Vec<At>,
    #[serde(default)]
    repeat: Option<String>,
    #[serde(default)]
    exchange: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Consequence {
    check: String,
    got: String,
}

/// Reads the findings of a JSON report.
///
/// # Errors
/// What is wrong with it.
pub fn of_report(json: &[u8]) -> Result<Vec<KeptFinding>, serde_json::Error> {
    let report: Report = serde_json::from_slice(json)?;
    let kept = report.findings.into_iter().map(|one| KeptFinding {
        id: one.id,
        check: one.check,
        title: one.title,
        facet: one.facet,
        level: one.level,
        kind: one.kind,
        sent: one.sent,
        sent_by: one.sent_by,
        shown_by: one.shown_by,
        wanted: one.wanted,
        got: one.got,
        pointer: one.pointer,
        evidence: one.evidence,
        okta_admin_sees: one.okta_admin_sees,
        at: one.at,
        consequences: one
            .consequences
            .into_iter()
            .map(|one| (one.check, one.got))
            .collect(),
        consequences_at: one.consequences_at,
        repeat: one.repeat,
        exchange: one.exchange,
    });
    Ok(kept.collect())
}
