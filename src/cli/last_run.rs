//! What is kept of the last run against each target: what failed, for `--failed`, and the
//! findings, for `explain F1`.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::outcome::RunResult;
use crate::okta::App;
use crate::redact::characters;
use crate::report::file::{self, WriteError};
use crate::report::kept::KeptFinding;
use crate::scenario::ScenarioId;
use crate::verdict::Outcome;

use super::environment::{self, Environment};

/// The number in `format`.
const FORMAT: u32 = 1;
/// Targets that are remembered.
const TARGETS: usize = 20;
/// Of these, ways to have the built-in server. However many demos there are, they push no target out.
const DEMOS: usize = 5;
/// Findings that are remembered of a run.
const FINDINGS: usize = 500;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why the last run is not known.
#[derive(Debug, thiserror::Error)]
pub enum LastRunError {
    /// No variable says where to keep it.
    #[error("there is no folder to keep the last run in")]
    NoFolder,
    /// The folder could not be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Not readable.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Not ours, or of another version.
    #[error("{} does not hold a last run: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Not writable.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Nothing was run yet.
    #[error("no run is remembered")]
    NoRun,
    /// Nothing was run against this target yet.
    #[error("no run against {target} is remembered")]
    NoRunOf {
        /// The target.
        target: String,
    },
    /// Everything passed.
    #[error("nothing failed in the last run against {target}")]
    NothingFailed {
        /// The target.
        target: String,
    },
}

impl LastRunError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoFolder => "set SCIM_CONFORM_STATE to a folder",
            Self::Folder { .. } | Self::Read { .. } | Self::Write(_) => {
                "SCIM_CONFORM_STATE names another folder"
            }
            Self::Form { .. } => "delete the file; the next run writes it anew",
            Self::NoRun => "start with scim-conform run",
            Self::NoRunOf { .. } => "start without --failed",
            Self::NothingFailed { .. } => "run everything again without --failed",
        }
    }
}

/// How `explain F1` finds a run that was remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Without further words.
    AsLatest,
    /// As the last demo: the last run is one against a target.
    AsDemo,
}

/// A scenario under an app; a probe has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The scenario's id.
    pub scenario: String,
    /// The app.
    pub app: Option<App>,
}

/// What is kept of the last run against one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// The target's URL, or what stands for the built-in server.
    pub target: String,
    /// It was the built-in server, which is nobody's.
    #[serde(default)]
    pub is_demo: bool,
    /// Its run id.
    pub run_id: String,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// What failed when it last ran.
    pub failed: BTreeSet<Pair>,
    /// The findings of the last run.
    pub findings: Vec<KeptFinding>,
}

/// The last run of each target, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRuns {
    format: u32,
    runs: Vec<LastRun>,
}

impl Default for LastRuns {
    fn default() -> Self {
        Self {
            format: FORMAT,
            runs: Vec::new(),
        }
    }
}

impl LastRuns {
    /// The latest run against a target, and where there was none, the latest demo.
    ///
    /// # Errors
    /// [`LastRunError::NoRun`].
    pub fn latest(&self) -> Result<&LastRun, LastRunError> {
        let mut runs = self.runs.iter();
        let of_target = runs.find(|run| !run.is_demo);
        of_target.or(self.runs.first()).ok_or(LastRunError::NoRun)
    }

    /// The latest run against the built-in server.
    ///
    /// # Errors
    /// [`LastRunError::NoRun`].
    pub fn latest_demo(&self) -> Result<&LastRun, LastRunError> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.is_demo).ok_or(LastRunError::NoRun)
    }

    /// The last run against `target`.
    ///
    /// # Errors
    /// [`LastRunError::NoRunOf`].
    pub fn of(&self, target: &str) -> Result<&LastRun, LastRunError> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.target == target)
            .ok_or_else(|| LastRunError::NoRunOf {
                target: target.to_owned(),
            })
    }

    /// Remembers `run` as the last one against `target`. What failed before and did not run
    /// now still counts as failed.
    pub fn remember(&mut self, target: &str, run: &RunResult) {
        let position = self.runs.iter().position(|last| last.target == target);
        let before = position.map(|at| self.runs.remove(at));
        let mut failed = before.map(|last| last.failed).unwrap_or_default();
        for (pair, outcome) in outcomes(run) {
            match outcome {
                Outcome::Passed => {
                    failed.remove(&pair);
                }
                Outcome::Failed => {
                    failed.insert(pair);
                }
                Outcome::NotRun(_) => {}
            }
        }
        let findings = run.findings.iter().take(FINDINGS);
        self.runs.insert(
            0,
            LastRun {
                target: target.to_owned(),
                is_demo: run.target.embedded,
                run_id: run.run_id.clone(),
                started: run.started.clone(),
                failed,
                findings: findings.map(|f| KeptFinding::of(f, run)).collect(),
            },
        );
        let mut demos = 0_usize;
        self.runs.retain(|run| {
            demos = demos.saturating_add(usize::from(run.is_demo));
            !run.is_demo || demos <= DEMOS
        });
        self.runs.truncate(TARGETS);
    }
}

impl LastRun {
    /// What failed, as a selection takes it.
    ///
    /// # Errors
    /// [`LastRunError::NothingFailed`].
    pub fn failed(&self) -> Result<Vec<(ScenarioId, Option<App>)>, LastRunError> {
        if self.failed.is_empty() {
            return Err(LastRunError::NothingFailed {
                target: self.target.clone(),
            });
        }
        let failed = self.failed.iter();
        Ok(failed
            .map(|pair| (ScenarioId(pair.scenario.clone()), pair.app))
            .collect())
    }

    /// The finding of that id (`F1`, in any case).
    #[must_use]
    pub fn finding(&self, id: &str) -> Option<&KeptFinding> {
        self.findings
            .iter()
            .find(|finding| finding.id.eq_ignore_ascii_case(id))
    }
}

fn outcomes(run: &RunResult) -> impl Iterator<Item = (Pair, &Outcome)> {
    run.scenarios.iter().map(|scenario| {
        let pair = Pair {
            scenario: scenario.id.0.clone(),
            app: scenario.app,
        };
        (pair, &scenario.outcome)
    })
}

/// How a run compares with the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Failed before, passed now.
    pub fixed: Vec<Pair>,
    /// Failed before and now.
    pub still: Vec<Pair>,
    /// Failed now and not before.
    pub new: Vec<Pair>,
    /// Failed before, not run now.
    pub not_run: Vec<Pair>,
}

/// Compares a run with what had failed before it.
#[must_use]
pub fn compare(before: &LastRun, run: &RunResult) -> Comparison {
    let mut comparison = Comparison::default();
    for (pair, outcome) in outcomes(run) {
        match (before.failed.contains(&pair), outcome) {
            (true, Outcome::Passed) => comparison.fixed.push(pair),
            (true, Outcome::Failed) => comparison.still.push(pair),
            (true, Outcome::NotRun(_)) => comparison.not_run.push(pair),
            (false, Outcome::Failed) => comparison.new.push(pair),
            (false, Outcome::Passed | Outcome::NotRun(_)) => {}
        }
    }
    comparison
}

impl Comparison {
    /// The comparison in lines for the terminal; none when there is nothing to tell.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let groups = [
            ("fixed", &self.fixed),
            ("still failing", &self.still),
            ("newly failing", &self.new),
            ("not run again", &self.not_run),
        ];
        let mut lines = Vec::new();
        for (word, pairs) in groups {
            for pair in pairs {
                let app = pair.app.map_or("probe", App::as_str);
                lines.push(format!("{word:<14} {} ({app})", pair.scenario));
            }
        }
        lines
    }
}

/// The file that the last runs are kept in.
///
/// # Errors
/// [`LastRunError::NoFolder`].
pub fn path(env: &Environment) -> Result<PathBuf, LastRunError> {
    Ok(folder(env)?.join("last-run.json"))
}

/// The folder for what a run leaves to later ones: below `SCIM_CONFORM_STATE`, else the place that the
/// system has for a program's state (XDG Base Directory Specification; `LOCALAPPDATA`).
///
/// # Errors
/// [`LastRunError::NoFolder`].
pub fn folder(env: &Environment) -> Result<PathBuf, LastRunError> {
    let own = |folder: PathBuf| folder.join("scim-conform");
    let absolute = |path: &PathBuf| path.is_absolute();
    // The specification says that a relative XDG path is to be ignored.
    let xdg = || env.path("XDG_STATE_HOME").filter(absolute).map(own);
    let local = || env.path("LOCALAPPDATA").filter(absolute).map(own);
    let home = || Some(own(env.path("HOME")?.join(".local").join("state")));
    let folder = match env.path(environment::STATE) {
        Some(folder) => Some(folder),
        None if cfg!(windows) => local(),
        None => xdg().or_else(home),
    };
    folder.ok_or(LastRunError::NoFolder)
}

/// Reads the file; a missing one is an empty one.
///
/// # Errors
/// [`LastRunError`].
pub fn load(path: &Path) -> Result<LastRuns, LastRunError> {
    let read = |source| LastRunError::Read {
        path: path.to_owned(),
        source,
    };
    let form = |reason: String| LastRunError::Form {
        path: path.to_owned(),
        reason,
    };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(LastRuns::default());
        }
        Err(error) => return Err(read(error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(read)?;
    let runs: LastRuns = serde_json::from_slice(&bytes).map_err(|e| form(e.to_string()))?;
    if runs.format != FORMAT {
        return Err(form(format!("format {} is not {FORMAT}", runs.format)));
    }
    Ok(runs)
}

/// Writes the file for its owner alone, and the folder when there is none.
///
/// # Errors
/// [`LastRunError`].
pub fn save(path: &Path, runs: &LastRuns) -> Result<(), LastRunError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| LastRunError::Folder {
            path: folder.to_owned(),
            source,
        })?;
    }
    // Serialising to memory fails only on map keys that are not strings; there are none.
    let text = serde_json::to_string(runs).unwrap_or_default();
    Ok(file::write_private(path, &characters::json(text))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{result, scenario};

    const TARGET: &str = "https://a.test";

    fn not_run() -> Outcome {
        Outcome::NotRun("why".into())
    }

    fn pair(scenario: &str, app: Option<App>) -> Pair {
        Pair {
            scenario: scenario.into(),
            app,
        }
    }

    fn first_run() -> RunResult {
        let oin = Some(App::Oin);
        result(
            vec![
                scenario("a/a", oin, Outcome::Failed),
                scenario("a/b", oin, Outcome::Failed),
                scenario("a/c", oin, Outcome::Failed),
                scenario("a/d", oin, Outcome::Passed),
                scenario("p/p", None, Outcome::Failed),
            ],
            &[],
        )
    }

    #[test]
    fn what_did_not_run_again_stays_failed() {
        let oin = Some(App::Oin);
        let mut runs = LastRuns::default();
        runs.remember(TARGET, &first_run());
        let again = result(
            vec![
                scenario("a/a", oin, Outcome::Passed),
                scenario("a/b", oin, Outcome::Failed),
                scenario("a/c", oin, not_run()),
                scenario("a/d", oin, Outcome::Failed),
            ],
            &[],
        );
        let comparison = compare(runs.of(TARGET).unwrap(), &again);
        assert_eq!(
            comparison.lines(),
            [
                "fixed          a/a (oin)",
                "still failing  a/b (oin)",
                "newly failing  a/d (oin)",
                "not run again  a/c (oin)",
            ]
        );
        runs.remember(TARGET, &again);
        let expected = [
            pair("a/b", oin),
            pair("a/c", oin),
            pair("a/d", oin),
            pair("p/p", None),
        ];
        assert_eq!(runs.of(TARGET).unwrap().failed, expected.into());
    }

    #[test]
    fn targets_are_kept_apart_and_the_latest_is_first() {
        let mut runs = LastRuns::default();
        runs.remember(TARGET, &first_run());
        runs.remember("embedded", &result(vec![], &[]));
        assert_eq!(runs.latest().unwrap().target, "embedded");
        assert_eq!(runs.of(TARGET).unwrap().failed().unwrap().len(), 4);
        let error = runs.of("embedded").unwrap().failed().unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing failed in the last run against embedded"
        );
        assert!(matches!(runs.of("x"), Err(LastRunError::NoRunOf { .. })));
        for number in 0..30 {
            runs.remember(&number.to_string(), &result(vec![], &[]));
        }
        assert_eq!(runs.runs.len(), TARGETS);
    }

    #[test]
    fn a_demo_takes_the_place_of_no_target() {
        let mut demo = result(vec![], &[]);
        demo.target.embedded = true;
        let mut runs = LastRuns::default();
        runs.remember("demo", &demo);
        assert_eq!(runs.latest().unwrap().target, "demo", "there is no other");
        runs.remember(TARGET, &first_run());
        for number in 0..30 {
            runs.remember(&format!("demo {number}"), &demo);
        }
        assert_eq!(runs.latest().unwrap().target, TARGET);
        assert_eq!(runs.latest_demo().unwrap().target, "demo 29");
        assert_eq!(runs.runs.len(), 1 + DEMOS);
    }

    #[test]
    fn a_file_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/last-run.json");
        assert_eq!(load(&path).unwrap(), LastRuns::default());
        let mut runs = LastRuns::default();
        runs.remember(TARGET, &first_run());
        save(&path, &runs).unwrap();
        assert_eq!(load(&path).unwrap(), runs);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last-run.json");
        for text in ["", "{", "{\"format\":2,\"runs\":[]}", "[]"] {
            std::fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err();
            assert!(matches!(error, LastRunError::Form { .. }), "{text}");
            assert!(error.to_string().contains("last-run.json"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_place_follows_the_system() {
        let at = |variables: &[(&'static str, &'static str)]| {
            path(&Environment::of(variables.iter().copied())).map(|p| p.display().to_string())
        };
        let home = ("HOME", "/home/ada");
        let cases: [(&[(&str, &str)], &str); 4] = [
            (&[home], "/home/ada/.local/state/scim-conform/last-run.json"),
            (
                &[home, ("XDG_STATE_HOME", "/x")],
                "/x/scim-conform/last-run.json",
            ),
            (
                &[home, ("XDG_STATE_HOME", "relative")],
                "/home/ada/.local/state/scim-conform/last-run.json",
            ),
            (&[home, ("SCIM_CONFORM_STATE", "/s")], "/s/last-run.json"),
        ];
        for (variables, expected) in cases {
            assert_eq!(at(variables).unwrap(), expected);
        }
        assert!(matches!(at(&[]), Err(LastRunError::NoFolder)));
    }
}
