//! The exit codes: a public interface, the same for every command.

use std::process::ExitCode;

use crate::engine::outcome::{Broken, RunResult};
use crate::verdict::{Level, Outcome, Verdict};

/// What the exit code of the process says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well; there may be warnings and notes.
    Success = 0,
    /// There are findings at error, or the accepted snapshots differ.
    Findings = 1,
    /// Wrong usage, or a file that does not load. Nothing was sent.
    Usage = 2,
    /// It could not be decided: unreachable (from the start, or later), unauthorised, the hook failed, or nothing ran.
    Undecided = 3,
    /// Interrupted, and cleaned up.
    Interrupted = 130,
}

impl Exit {
    /// What a finished run exits with. `snapshots_differ` is about the user's own accepted
    /// snapshots, never about the reference.
    ///
    /// An app for which scenarios were selected and none ran is undecided: a run is never green
    /// because it did nothing.
    #[must_use]
    pub fn from_result(run: &RunResult, snapshots_differ: bool) -> Self {
        match &run.broken {
            Some(Broken::Interrupted) => return Self::Interrupted,
            Some(Broken::Preflight { .. } | Broken::Gone { .. } | Broken::Ledger { .. }) => {
                return Self::Undecided;
            }
            None => {}
        }
        if !run.defects.is_empty() {
            // Whatever it says, part of it was not looked at.
            return Self::Undecided;
        }
        let failed = run.scenarios.iter().any(|s| s.outcome == Outcome::Failed)
            || run.findings.iter().any(|f| f.level == Level::Error)
            || run.verdicts.values().any(|v| *v == Verdict::Fails);
        if failed || snapshots_differ {
            return Self::Findings;
        }
        let ran = run
            .scenarios
            .iter()
            .any(|s| !matches!(s.outcome, Outcome::NotRun(_)));
        let undecided = run.verdicts.iter().any(|(app, verdict)| {
            *verdict == Verdict::Undecided && run.scenarios.iter().any(|s| s.app == Some(*app))
        });
        if !ran || undecided {
            return Self::Undecided;
        }
        Self::Success
    }
}

impl Exit {
    /// What a run exits with whose hook may have failed: what the user meant to run must not look as if it had.
    #[must_use]
    pub fn with_hook(self, failed: bool) -> Self {
        match self {
            Self::Success if failed => Self::Undecided,
            _ => self,
        }
    }
}

impl Exit {
    /// What a command exits with that could not deliver all it was asked for, such as a report: what it found stays
    /// as it is, and it is not all well.
    #[must_use]
    pub fn with_failure(self, failed: bool) -> Self {
        match self {
            Self::Success if failed => Self::Undecided,
            _ => self,
        }
    }

    /// What a command exits with in which this tool itself has failed.
    #[must_use]
    pub fn with_defect(self, failed: bool) -> Self {
        match self {
            Self::Interrupted => self,
            _ if failed => Self::Undecided,
            _ => self,
        }
    }
}

impl Exit {
    /// What a run exits with that has accepted today's answers, as it was asked to: what is wrong with them is told, and
    /// it has done its work.
    #[must_use]
    pub fn with_accepted(self, accepted: bool) -> Self {
        match self {
            Self::Findings if accepted => Self::Success,
            _ => self,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{result, scenario};
    use crate::okta::App;

    #[test]
    fn each_result_has_its_code() {
        let passed = || scenario("a/b", Some(App::Custom), Outcome::Passed);
        let failed = || scenario("a/b", Some(App::Custom), Outcome::Failed);
        let skipped = |app| scenario("a/c", Some(app), Outcome::NotRun("why".into()));
        let conforms = [(App::Custom, Verdict::Conforms)];
        let undecided = |app| [(App::Custom, Verdict::Conforms), (app, Verdict::Undecided)];
        let cases = [
            (
                "passed",
                result(vec![passed()], &conforms),
                false,
                Exit::Success,
            ),
            (
                "snapshots",
                result(vec![passed()], &conforms),
                true,
                Exit::Findings,
            ),
            (
                "failed",
                result(vec![failed()], &[(App::Custom, Verdict::Fails)]),
                false,
                Exit::Findings,
            ),
            (
                "some skipped",
                result(vec![passed(), skipped(App::Custom)], &conforms),
                false,
                Exit::Success,
            ),
            (
                "nothing selected",
                result(vec![], &[]),
                false,
                Exit::Undecided,
            ),
            (
                "nothing ran",
                result(vec![skipped(App::Oin)], &undecided(App::Oin)),
                false,
                Exit::Undecided,
            ),
            (
                "one app of two did nothing",
                result(vec![passed(), skipped(App::Oin)], &undecided(App::Oin)),
                false,
                Exit::Undecided,
            ),
            (
                "the other app was not selected",
                result(vec![passed()], &undecided(App::Oin)),
                false,
                Exit::Success,
            ),
        ];
        for (name, run, snapshots_differ, exit) in cases {
            let ended = Exit::from_result(&run, snapshots_differ);
            assert_eq!(ended, exit, "{name}");
            assert_eq!(ended.with_accepted(false), exit, "{name}");
            let accepted = match exit {
                Exit::Findings => Exit::Success,
                other => other,
            };
            assert_eq!(ended.with_accepted(true), accepted, "{name}");
        }
    }

    #[test]
    fn a_broken_run_is_never_green_nor_red() {
        let preflight = Broken::Preflight {
            problem: "401".into(),
            hint: String::new(),
        };
        let cases = [
            (preflight, Exit::Undecided),
            (Broken::Interrupted, Exit::Interrupted),
        ];
        for (broken, exit) in cases {
            let mut run = result(vec![scenario("a/b", None, Outcome::Passed)], &[]);
            run.broken = Some(broken);
            assert_eq!(Exit::from_result(&run, false), exit);
        }
    }
}
