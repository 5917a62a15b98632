//! How the answers of a run compare with snapshots, as all reports tell it.

use serde::Serialize;

use crate::okta::App;

use super::palette::{BAD, BOLD, DIM, DOUBT, GOOD, paint};
use super::text::{count, hang, pad, printable};

/// Snapshots that are named before the rest is only counted.
const NAMED: usize = 8;

/// How the scenarios of a run compare with snapshots: one's own, where there is a folder of them, else the reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SnapshotCounts {
    /// Equal after normalisation.
    pub same: u64,
    /// Differ in ways that never matter (order, extra attributes, `meta`).
    pub folded: u64,
    /// Differ.
    pub changed: u64,
    /// There is no snapshot of them.
    pub new: u64,
}

/// What came of comparing a run with snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotOutcome {
    /// How many scenarios compare how.
    pub counts: SnapshotCounts,
    /// The user's own accepted snapshots, if they were asked for.
    pub own: Option<OwnSnapshots>,
}

/// What came of comparing with the user's own accepted snapshots, or of accepting them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnSnapshots {
    /// The folder.
    pub folder: String,
    /// The folder does not exist, so nothing was compared.
    pub missing_folder: bool,
    /// The run broke off, so nothing was compared and nothing accepted.
    pub broken_off: bool,
    /// Nobody looks on who could accept what is new: in CI that is an error, too.
    #[serde(skip)]
    pub strict: bool,
    /// Whatever is not as it was accepted.
    pub differ: Vec<SnapshotDifference>,
    /// Accepted files, below the folder, that no scenario has any more.
    pub stale: Vec<String>,
    /// What was accepted, where that was asked for; then nothing of this is an error.
    pub accepted: Option<AcceptedSnapshots>,
    /// So many wait as `.snap.new` to be looked at.
    #[serde(skip)]
    pub waiting: u64,
}

/// What accepting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AcceptedSnapshots {
    /// Had no accepted file before.
    pub new: u64,
    /// Had another.
    pub changed: u64,
    /// Were as accepted already.
    pub same: u64,
}

/// A scenario that is not as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SnapshotDifference {
    /// The scenario.
    pub scenario: String,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// What is wrong.
    pub why: SnapshotProblem,
    /// The accepted file, whether there is one or not.
    pub file: String,
    /// Line and reason of a file that cannot be read, or why there is nothing to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// One line each, with its step.
    pub differences: Vec<String>,
}

/// Why a scenario is not as it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotProblem {
    /// The answers differ.
    Differs,
    /// There is no accepted file.
    New,
    /// The accepted file is damaged, or of another release.
    Unreadable,
    /// Not all of its answers were kept.
    NotCompared,
}

impl OwnSnapshots {
    /// Whether the run is not all well because of this.
    #[must_use]
    pub fn fails(&self) -> bool {
        if self.accepted.is_some() {
            return false;
        }
        let of_strict = self.missing_folder || self.broken_off || !self.stale.is_empty();
        self.differ.iter().any(|one| self.is_error(one)) || self.strict && of_strict
    }

    /// Whether a scenario that is not as it was accepted makes the run not all well.
    #[must_use]
    pub fn is_error(&self, one: &SnapshotDifference) -> bool {
        self.accepted.is_none() && (self.strict || one.why != SnapshotProblem::New)
    }

    /// The entry of a scenario.
    #[must_use]
    pub fn of(&self, scenario: &str, app: Option<App>) -> Option<&SnapshotDifference> {
        let is_it = |one: &&SnapshotDifference| one.scenario == scenario && one.app == app;
        self.differ.iter().find(is_it)
    }

    fn number(&self, why: SnapshotProblem) -> u64 {
        self.differ.iter().filter(|one| one.why == why).count() as u64
    }
}

impl SnapshotOutcome {
    /// Whether the run is not all well because of the user's own snapshots. The reference decides nothing.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.own.as_ref().is_some_and(OwnSnapshots::fails)
    }

    /// Whether there is something to accept.
    #[must_use]
    pub fn can_be_accepted(&self) -> bool {
        self.own.as_ref().is_some_and(|own| {
            own.accepted.is_none()
                && !own.broken_off
                && (own.missing_folder
                    || own
                        .differ
                        .iter()
                        .any(|d| d.why != SnapshotProblem::NotCompared))
        })
    }
}

impl SnapshotDifference {
    /// `rename/login-and-email (oin)`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.app {
            Some(app) => format!("{} ({app})", self.scenario),
            None => self.scenario.clone(),
        }
    }

    /// What is wrong, in a line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let problem = self.problem.as_deref().unwrap_or_default();
        match self.why {
            SnapshotProblem::Differs => format!(
                "{} from your accepted snapshot {}",
                count(self.differences.len() as u64, "difference"),
                self.file
            ),
            SnapshotProblem::New => format!("there is no accepted snapshot {}", self.file),
            SnapshotProblem::Unreadable => format!("{}: {problem}", self.file),
            SnapshotProblem::NotCompared => format!("was not compared: {problem}"),
        }
    }
}

/// The lines of the verdict about the user's own snapshots; empty without any.
pub(crate) fn block(own: &OwnSnapshots, width: usize) -> String {
    let (style, word) = verdict(own);
    let first = format!("{} ", pad(&paint(BOLD, "snapshots:"), 29));
    let folder = format!("in {}", printable(&own.folder));
    let mut shown = hang(
        &first,
        &format!("{} {}", paint(style, &word), paint(DIM, &folder)),
        width,
        4,
    );
    let to_name = own.differ.iter().filter(|one| {
        let is_known = matches!(one.why, SnapshotProblem::New);
        one.why == SnapshotProblem::NotCompared || own.accepted.is_none() && !is_known
    });
    let to_name: Vec<String> = to_name
        .map(|one| format!("{}: {}", one.name(), one.sentence()))
        .collect();
    shown.push_str(&named(&to_name, width));
    if own.accepted.is_none() {
        let new = own
            .differ
            .iter()
            .filter(|one| one.why == SnapshotProblem::New);
        let new: Vec<String> = new
            .map(|one| format!("not accepted: {}", one.name()))
            .collect();
        shown.push_str(&named(&new, width));
    }
    let stale: Vec<String> = own
        .stale
        .iter()
        .map(|file| format!("no scenario has it any more, delete it: {file}"))
        .collect();
    shown.push_str(&named(&stale, width));
    if own.waiting > 0 {
        let text = format!(
            "{} as .snap.new beside the accepted files",
            waits(own.waiting)
        );
        shown.push_str(&hang("  ", &text, width, 4));
    }
    shown
}

fn waits(number: u64) -> String {
    match number {
        1 => "1 waits".to_owned(),
        n => format!("{n} wait"),
    }
}

fn named(lines: &[String], width: usize) -> String {
    let mut shown: String = lines
        .iter()
        .take(NAMED)
        .map(|line| hang("  ", &printable(line), width, 4))
        .collect();
    if let Some(more) = lines.len().checked_sub(NAMED).filter(|more| *more > 0) {
        shown.push_str(&format!("  and {more} more\n"));
    }
    shown
}

/// `3 differ, 1 is not accepted`.
fn verdict(own: &OwnSnapshots) -> (anstyle::Style, String) {
    if own.broken_off {
        let word = "not compared, because the run broke off".to_owned();
        return (DOUBT, word);
    }
    if let Some(accepted) = own.accepted {
        let total = accepted.new.saturating_add(accepted.changed);
        let word = if total == 0 {
            format!("all {} were accepted already", accepted.same)
        } else {
            format!(
                "accepted {total} ({} new, {} changed), {} were as before",
                accepted.new, accepted.changed, accepted.same
            )
        };
        return (GOOD, word);
    }
    if own.missing_folder {
        return (BAD, "none, because the folder does not exist".to_owned());
    }
    let mut parts = Vec::new();
    for (why, one, several) in [
        (SnapshotProblem::Differs, "differs", "differ"),
        (
            SnapshotProblem::Unreadable,
            "cannot be read",
            "cannot be read",
        ),
        (
            SnapshotProblem::NotCompared,
            "was not compared",
            "were not compared",
        ),
        (SnapshotProblem::New, "is not accepted", "are not accepted"),
    ] {
        match own.number(why) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {several}")),
        }
    }
    match own.stale.len() {
        0 => {}
        1 => parts.push("1 has no scenario".to_owned()),
        n => parts.push(format!("{n} have no scenario")),
    }
    if parts.is_empty() {
        return (GOOD, "all as accepted".to_owned());
    }
    let style = if own.fails() { BAD } else { DOUBT };
    (style, parts.join(", "))
}
