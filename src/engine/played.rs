//! One scenario of a run, as it is played and when it is over.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::defect::Panic;
use crate::exchange::Method;
use crate::okta::App;
use crate::okta::request::Resource;
use crate::scenario::ScenarioId;
use crate::verdict::{Outcome, Recorded, ScenarioResult, Script};

use super::conclude::Shown;
use super::outcome::{Defect, During, LeftBehind};
use super::plan::Part;

/// A scenario that was in the plan and could not be begun.
pub(super) fn unplayed(part: &Part, reason: &str) -> Shown {
    Shown {
        result: not_run(part.scenario.id.clone(), part.app, reason),
        rows: BTreeSet::new(),
        observations: Vec::new(),
        members_seen: false,
        is_cut: false,
    }
}

impl Part {
    /// What it has shown, once for each kind of app that it stands for.
    pub(super) fn for_each_app(&self, shown: Shown) -> Vec<Shown> {
        let others: Vec<Shown> = self.also.iter().map(|app| shown.for_app(*app)).collect();
        std::iter::once(shown).chain(others).collect()
    }
}

/// What came of one.
pub(super) struct Played {
    pub(super) ordinal: usize,
    /// Creates of users that it has sent.
    pub(super) users_sent: u64,
    /// Once for each kind of app that it stands for.
    pub(super) shown: Vec<Shown>,
    pub(super) around: Vec<Recorded>,
    /// At the target, and at the second tenant.
    pub(super) left_behind: [Vec<LeftBehind>; 2],
    pub(super) defects: Vec<Defect>,
}

impl Played {
    /// One that was not begun.
    pub(super) fn not_begun(part: &Part, reason: &str) -> Self {
        Self {
            ordinal: part.ordinal,
            users_sent: 0,
            shown: part.for_each_app(unplayed(part, reason)),
            around: Vec::new(),
            left_behind: [Vec::new(), Vec::new()],
            defects: Vec::new(),
        }
    }

    /// Users that it has made and that are still there. Where this tool has failed, nobody knows, so all of them.
    pub(super) fn users_left(&self) -> u64 {
        if !self.defects.is_empty() {
            return self.users_sent;
        }
        let left = self.left_behind.iter().flatten();
        left.filter(|left| left.resource == Resource::User.as_str())
            .count() as u64
    }

    /// One that this tool has lost.
    pub(super) fn dead(part: &Part, panic: Panic) -> Self {
        let defect = Defect {
            during: During::Scenario(part.scenario.id.clone(), part.app),
            panic,
        };
        Self {
            defects: vec![defect.clone()],
            ..Self::not_begun(part, &defect.reason())
        }
    }
}

/// A scenario that has not run, and why.
pub(super) fn not_run(id: ScenarioId, app: Option<App>, reason: &str) -> ScenarioResult {
    ScenarioResult {
        id,
        title: String::new(),
        app,
        outcome: Outcome::NotRun(reason.to_owned()),
        duration: std::time::Duration::ZERO,
        findings: Vec::new(),
        exchanges: Vec::new(),
        script: Script::default(),
    }
}

/// Whether a group showed a member when it was read by id.
pub(super) fn shows_a_member(recorded: &Recorded) -> bool {
    let kept = &recorded.exchange;
    kept.method() == Method::Get
        && kept.target().starts_with("/Groups/")
        && kept
            .open()
            .response()
            .and_then(|r| r.json())
            .and_then(|g| g.get("members"))
            .and_then(Value::as_array)
            .is_some_and(|m| !m.is_empty())
}
