//! The seam between the command line and what does the work.
//!
//! The command line reads arguments, asks, tells and exits; an implementation of [`Backend`]
//! drives scenarios, serves and sweeps. It installs the handling of Ctrl-C around what it does,
//! because only it knows what must be cleaned up.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::defect::Panic;
use crate::engine::event::Listener;
use crate::engine::outcome::{LeftBehind, Plan, RunResult};
use crate::oin::Precondition;
use crate::report::SnapshotOutcome;
use crate::runscope::play::Played;
use crate::scenario::Scenario;

use super::ask::AskError;
use super::settings::{RunSettings, RunscopeSettings, ServeSettings, SweepSettings};

/// Asks a person (or the flags) whether the planned run may write. Called once, after
/// [`Planned`](crate::engine::event::Event::Planned) was told and before the first write.
pub type Consent<'a> = &'a (dyn Fn(&Plan) -> Result<(), AskError> + Send + Sync);

/// The same before a sweep; its argument is how many resources would be removed.
pub type SweepConsent<'a> = &'a (dyn Fn(u64) -> Result<(), AskError> + Send + Sync);

/// The same before an exported test; its argument is the target.
pub type RunscopeConsent<'a> = &'a (dyn Fn(&str) -> Result<(), AskError> + Send + Sync);

/// Makes a stream to the person in front of the terminal.
pub type Talk = fn() -> Box<dyn Write + Send>;

/// What is heard of an exported test while it is played.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// It begins.
    Begins {
        /// The target; none for the built-in server.
        target: Option<&'a str>,
        /// Users that are there already.
        users: u64,
    },
    /// A request is decided.
    Decided(&'a Played),
}

/// The scenarios of a folder of the user's.
pub struct OwnScenarios {
    /// All of them.
    pub scenarios: Vec<Scenario>,
    /// What is odd about the files without keeping them from loading, to be shown; empty for nothing.
    pub oddities: String,
}

/// Does the work of the commands.
pub trait Backend {
    /// Carries out a run: loads and selects scenarios, makes a plan, asks for `consent`, drives,
    /// cleans up. What the target does wrong is in the result; it is never an error.
    ///
    /// # Errors
    /// [`Refusal`], when nothing was run.
    fn drive(
        &self,
        settings: &RunSettings,
        listener: Arc<dyn Listener>,
        consent: Consent<'_>,
    ) -> Result<Driven, Refusal>;

    /// The built-in scenarios and those in `folder`.
    ///
    /// # Errors
    /// [`Refusal::Files`] with every mistake, when a file does not load.
    fn catalogue(&self, folder: Option<&Path>) -> Result<Vec<Scenario>, Refusal>;

    /// The scenarios in `folder` alone, and what is odd about them.
    ///
    /// # Errors
    /// [`Refusal::Files`] with every mistake, when a file does not load.
    fn own_scenarios(&self, folder: &Path) -> Result<OwnScenarios, Refusal>;

    /// Serves until interrupted; says on `talk` where it listens.
    ///
    /// # Errors
    /// [`Refusal`], when it cannot listen, or not keep its state.
    fn serve(&self, settings: &ServeSettings, talk: Talk) -> Result<(), Refusal>;

    /// Plays an exported test, tells `hear` what happens, and cleans up.
    ///
    /// # Errors
    /// [`Refusal`], when the test was not begun.
    fn runscope(
        &self,
        settings: &RunscopeSettings,
        consent: RunscopeConsent<'_>,
        hear: &mut (dyn FnMut(Heard<'_>) + Send),
    ) -> Result<PlayedExport, Refusal>;

    /// Removes what earlier runs left.
    ///
    /// # Errors
    /// [`Refusal`], when nothing could be looked up.
    fn sweep(&self, settings: &SweepSettings, consent: SweepConsent<'_>) -> Result<Swept, Refusal>;
}

/// A finished run and how it compares with snapshots.
#[derive(Debug)]
pub struct Driven {
    /// The run.
    pub run: RunResult,
    /// How it compares with snapshots; none when nothing was compared.
    pub snapshots: Option<SnapshotOutcome>,
    /// Why some snapshots could not be read or written, and what to do.
    pub snapshots_failed: Option<String>,
    /// The user's hook gave no answer, so that something was not run that the user meant to run.
    pub hook_failed: bool,
    /// What must hold before Okta's suites; empty unless the run followed a plan.
    pub preconditions: Vec<Precondition>,
    /// Differences as text, for `--diff` and for own snapshots; may be empty.
    pub differences: String,
}

/// An exported test that was played.
#[derive(Debug)]
pub struct PlayedExport {
    /// Its requests in order.
    pub played: Vec<Played>,
    /// How much of what the test created is gone again.
    pub removed: u64,
    /// The rest of it.
    pub left_behind: Vec<LeftBehind>,
    /// A sweep knows what is left.
    pub can_sweep: bool,
    /// Why Okta would refuse the certificate of the target, where the user let it pass.
    pub untrusted: Option<String>,
    /// It was interrupted.
    pub interrupted: bool,
    /// How this tool itself failed in it.
    pub defect: Option<Panic>,
}

/// A finished sweep.
#[derive(Debug)]
pub struct Swept {
    /// Resources that are gone now.
    pub removed: u64,
    /// Resources that are not.
    pub left_behind: Vec<LeftBehind>,
    /// Ledgers that were left alone, or not read in full.
    pub passed_over: Vec<PassedOver>,
}

/// A ledger that a sweep has left alone, or could not read in full.
#[derive(Debug)]
pub struct PassedOver {
    /// Its file.
    pub path: PathBuf,
    /// Why.
    pub why: WhyPassedOver,
}

/// Why a sweep has left a ledger alone.
#[derive(Debug)]
pub enum WhyPassedOver {
    /// A run that is going on keeps it.
    InUse {
        /// That run.
        run_id: String,
    },
    /// It cannot be read.
    Unreadable {
        /// Why not.
        problem: String,
    },
    /// Some of its lines cannot be read; the others were swept.
    Damaged {
        /// The run that wrote it: its id stands in every name.
        run_id: String,
        /// Numbers of the lines.
        lines: Vec<usize>,
    },
    /// It is about another target, and none is about this one.
    OtherTarget {
        /// The run that wrote it.
        run_id: String,
        /// The base URL of that target.
        target: String,
        /// What it says is left there.
        resources: usize,
    },
}

/// Why the work was not begun.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Wrong usage.
    #[error("{problem}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Files do not load.
    #[error("{}", mistakes_in_files(*.mistakes))]
    Files {
        /// Every mistake with its place, as text with colour codes.
        shown: String,
        /// How many.
        mistakes: usize,
    },
    /// The world does not let it.
    #[error("{problem}")]
    World {
        /// What happened.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// No consent.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Interrupted before there was a result.
    #[error("interrupted")]
    Interrupted,
    /// Interrupted while it cleaned up.
    #[error("interrupted; what was still there is not removed")]
    Left {
        /// The base URL of the target.
        target: String,
        /// A sweep knows what is there.
        can_sweep: bool,
    },
}

fn mistakes_in_files(number: usize) -> String {
    if number == 1 {
        "1 mistake in scenario files".to_owned()
    } else {
        format!("{number} mistakes in scenario files")
    }
}
