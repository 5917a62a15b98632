//! What a run tells while it goes on; a report listens.

use crate::okta::App;
use crate::verdict::{Finding, ScenarioResult};

use super::outcome::{Plan, RunResult};

/// Something that happened in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// What the run is about to do.
    Planned(&'a Plan),
    /// A scenario begins.
    ScenarioStarted {
        /// Its id.
        id: &'a str,
        /// The app; none for a probe.
        app: Option<App>,
    },
    /// So many exchanges so far, over all scenarios.
    Progress {
        /// Count.
        exchanges: u64,
    },
    /// A scenario ended; its findings are not concluded yet.
    ScenarioFinished(&'a ScenarioResult),
    /// A new root cause was met (its final level is concluded at the end).
    Met(&'a Finding),
    /// Removing what the run made.
    CleaningUp {
        /// Resources to remove.
        resources: usize,
    },
    /// All is done.
    Finished(&'a RunResult),
}

/// Receives the events of a run, from any task.
pub trait Listener: Send + Sync {
    /// Called for each event, in order within a scenario.
    fn on(&self, event: &Event<'_>);
}
