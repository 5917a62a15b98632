//! What is kept of a finding after its run, so that `explain F1` can tell it again.

use serde::{Deserialize, Serialize};

use crate::engine::outcome::RunResult;
use crate::okta::Evidence;
use crate::verdict::{At, Finding, Kind, Level};

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
    /// What Okta sent.
    pub sent: String,
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
    /// The command that repeats the first occurrence.
    pub repeat: Option<String>,
    /// The exchange that showed it first, as HTTP text.
    pub exchange: Option<String>,
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
            wanted: finding.wanted.clone(),
            got: finding.got.clone(),
            pointer: finding.pointer.clone(),
            evidence: finding.evidence,
            okta_admin_sees: finding.okta_admin_sees.clone(),
            at: finding.at.clone(),
            consequences: finding.consequences.clone(),
            repeat: first.map(|at| finding::repeat(at, run)),
            exchange: first.and_then(|at| exchange(at, run)),
        }
    }
}

/// The exchange that `at` names, as text without colour.
fn exchange(at: &At, run: &RunResult) -> Option<String> {
    let id = at.exchange.as_ref()?;
    let scenario = run
        .scenarios
        .iter()
        .find(|s| s.id.0 == at.scenario && s.app == at.app)?;
    let recorded = scenario.exchanges.iter().find(|e| e.id == *id)?;
    Some(palette::plain(&http::render(recorded, false)))
}
