//! A vendor's own accepted snapshots: `<dir>/<app>/<scenario>.snap`, `probe` for probes.
//!
//! What differs is put beside the accepted file as `.snap.new`, to be accepted or rejected by a
//! person. Apps never share a file here, because a run may have been for one app only.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::okta::App;

use super::compare::compare;
use super::difference::{Compared, Comparison, Tolerance};
use super::file::{FileError, SnapshotFile, read, remove, write};
use super::reference::Folder;
use super::transcript::Transcript;

const ACCEPTED: &str = ".snap";
const PENDING: &str = ".snap.new";

/// What may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Nothing: in CI nobody would see it.
    Nothing,
    /// What differs, as `.snap.new` beside the accepted file.
    Pending,
    /// What differs, as accepted.
    Accept,
}

/// A scenario under an app, or a probe.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The app; none for a probe.
    pub app: Option<App>,
    /// The scenario's id.
    pub scenario: String,
}

/// What became of one snapshot.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How it compares with the accepted one.
    pub compared: Compared,
    /// What differs; empty when there is no readable accepted snapshot.
    pub comparison: Comparison,
    /// The accepted file, whether it exists or not.
    pub path: PathBuf,
    /// The file that was written.
    pub written: Option<PathBuf>,
    /// Why the accepted snapshot could not be read; it counts as changed.
    pub unreadable: Option<FileError>,
}

/// Why a store failed. A difference is no failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The id is no relative path of plain names, so no file may be made of it.
    #[error("the scenario id `{0}` cannot name a snapshot file")]
    BadName(String),
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// A folder of accepted snapshots.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    writing: Writing,
}

impl Store {
    /// The store below `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, writing: Writing) -> Self {
        Self {
            root: root.into(),
            writing,
        }
    }

    /// Compares a transcript with the accepted one, and writes what may be written. A pending
    /// file that is no longer needed is removed.
    ///
    /// # Errors
    /// When the id cannot name a file, or a file cannot be read or written.
    pub fn check(
        &self,
        name: &Name,
        title: &str,
        transcript: &Transcript,
    ) -> Result<Checked, StoreError> {
        let path = self.path(name, ACCEPTED)?;
        let new = SnapshotFile::new(&name.scenario, title, transcript);
        let accepted = read(&path).map_err(failed("read", &path))?;
        let mut checked = Checked {
            compared: Compared::New,
            comparison: Comparison::default(),
            path,
            written: None,
            unreadable: None,
        };
        if let Some(text) = accepted {
            match against(&text, &new, transcript) {
                Ok((compared, comparison)) => {
                    checked.compared = compared;
                    checked.comparison = comparison;
                }
                Err(error) => {
                    checked.compared = Compared::Changed;
                    checked.unreadable = Some(error);
                }
            }
        }
        checked.written = self.keep(name, &new, &checked)?;
        Ok(checked)
    }

    /// The accepted file of a scenario below the folder, with `/` between its parts.
    ///
    /// # Errors
    /// When the id cannot name a file.
    pub fn file_name(&self, name: &Name) -> Result<String, StoreError> {
        self.path(name, ACCEPTED)?;
        let folder = Folder::of(name.app);
        Ok(format!("{}/{}{ACCEPTED}", folder.as_str(), name.scenario))
    }

    /// Whether there is an accepted file.
    ///
    /// # Errors
    /// When the id cannot name a file.
    pub fn has(&self, name: &Name) -> Result<bool, StoreError> {
        Ok(self.path(name, ACCEPTED)?.is_file())
    }

    /// The accepted files that belong to no scenario which `is_known`, below the folder, sorted.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn stale(&self, is_known: impl Fn(&Name) -> bool) -> Result<Vec<String>, StoreError> {
        let mut stale = Vec::new();
        for app in App::ALL.map(Some).into_iter().chain([None]) {
            let folder = Folder::of(app).as_str();
            let mut scenarios = Vec::new();
            accepted_below(&self.root.join(folder), "", &mut scenarios)?;
            for scenario in scenarios {
                let name = Name { app, scenario };
                if !is_known(&name) {
                    stale.push(format!("{folder}/{}{ACCEPTED}", name.scenario));
                }
            }
        }
        stale.sort();
        Ok(stale)
    }

    fn keep(
        &self,
        name: &Name,
        new: &SnapshotFile,
        checked: &Checked,
    ) -> Result<Option<PathBuf>, StoreError> {
        let pending = self.path(name, PENDING)?;
        let differs = matches!(checked.compared, Compared::Changed | Compared::New);
        let wanted = match self.writing {
            Writing::Nothing => return Ok(None),
            Writing::Pending => differs.then_some(&pending),
            Writing::Accept => (checked.compared != Compared::Same).then_some(&checked.path),
        };
        if wanted != Some(&pending) {
            remove(&pending).map_err(failed("remove", &pending))?;
        }
        if let Some(path) = wanted {
            write(path, &new.render()).map_err(failed("write", path))?;
        }
        Ok(wanted.cloned())
    }

    fn path(&self, name: &Name, suffix: &str) -> Result<PathBuf, StoreError> {
        let id = Path::new(&name.scenario);
        let plain = !name.scenario.is_empty()
            && !name.scenario.ends_with('/')
            && id.components().all(|c| matches!(c, Component::Normal(_)));
        if !plain {
            return Err(StoreError::BadName(name.scenario.clone()));
        }
        // Appended, because an id may hold a dot.
        let file = format!("{}{suffix}", name.scenario);
        Ok(self.root.join(Folder::of(name.app).as_str()).join(file))
    }
}

/// Compares with an accepted file. Whoever rewrites only the head changes nothing.
fn against(
    accepted: &str,
    new: &SnapshotFile,
    transcript: &Transcript,
) -> Result<(Compared, Comparison), FileError> {
    let accepted = SnapshotFile::parse(accepted)?;
    if accepted.body == new.body {
        return Ok((Compared::Same, Comparison::default()));
    }
    let comparison = compare(&accepted.transcript()?, transcript, Tolerance::Own);
    // The texts differ, if only in the order of keys.
    let compared = match comparison.compared() {
        Compared::Same => Compared::Folded,
        other => other,
    };
    Ok((compared, comparison))
}

/// The ids of the scenarios that have an accepted file in `folder` or below.
fn accepted_below(folder: &Path, id: &str, found: &mut Vec<String>) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", folder)(error)),
    };
    for entry in entries {
        let path = entry.map_err(failed("read", folder))?.path();
        // What is no text is no name that a scenario has.
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            accepted_below(&path, &format!("{id}{name}/"), found)?;
        } else if let Some(name) = name.strip_suffix(ACCEPTED) {
            found.push(format!("{id}{name}"));
        }
    }
    Ok(())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TITLE: &str = "t";

    fn name(scenario: &str) -> Name {
        Name {
            app: Some(App::Oin),
            scenario: scenario.to_owned(),
        }
    }

    fn answered(status: u16) -> Transcript {
        Transcript::parse(&format!("=== 1 assign ada\n> GET /Users\n< {status}")).unwrap()
    }

    fn answered_with(body: &str) -> Transcript {
        Transcript::parse(&format!("=== 1\n> GET /Users\n< 200\n<\n< {body}")).unwrap()
    }

    fn files(root: &Path) -> Vec<String> {
        fn collect(folder: &Path, below: &str, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                if path.is_dir() {
                    collect(&path, &format!("{below}{name}/"), found);
                } else {
                    found.push(format!("{below}{name}"));
                }
            }
        }
        let mut names = Vec::new();
        collect(root, "", &mut names);
        names.sort();
        names
    }

    #[test]
    fn pending_lies_beside_the_accepted_until_it_is_accepted_or_right_again() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), Writing::Pending);
        let check = |status| store.check(&name("a/b"), TITLE, &answered(status)).unwrap();

        assert_eq!(check(200).compared, Compared::New);
        assert_eq!(files(root.path()), ["oin/a/b.snap.new"]);
        let [accepted, pending] = ["oin/a/b.snap", "oin/a/b.snap.new"].map(|n| root.path().join(n));
        fs::rename(pending, accepted).unwrap();
        assert_eq!(files(root.path()), ["oin/a/b.snap"]);

        assert_eq!(check(200).compared, Compared::Same);
        assert_eq!(files(root.path()), ["oin/a/b.snap"]);

        let changed = check(500);
        assert_eq!(changed.compared, Compared::Changed);
        assert_eq!(
            changed.comparison.differences[0].to_string(),
            "status  200 → 500"
        );
        assert_eq!(changed.written, Some(root.path().join("oin/a/b.snap.new")));
        assert_eq!(files(root.path()), ["oin/a/b.snap", "oin/a/b.snap.new"]);

        assert_eq!(check(200).compared, Compared::Same);
        assert_eq!(files(root.path()), ["oin/a/b.snap"]);
    }

    #[test]
    fn nothing_is_written_when_nothing_may_be() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), Writing::Nothing);
        let checked = store.check(&name("a"), TITLE, &answered(200)).unwrap();
        assert_eq!((checked.compared, checked.written), (Compared::New, None));
        assert_eq!(files(root.path()), Vec::<String>::new());

        Store::new(root.path(), Writing::Accept)
            .check(&name("a"), TITLE, &answered(200))
            .unwrap();
        let checked = store.check(&name("a"), TITLE, &answered(500)).unwrap();
        assert_eq!(
            (checked.compared, checked.written),
            (Compared::Changed, None)
        );
        assert_eq!(files(root.path()), ["oin/a.snap"]);
    }

    #[test]
    fn accepting_writes_the_accepted_file_and_clears_the_pending_one() {
        let root = tempfile::tempdir().unwrap();
        Store::new(root.path(), Writing::Pending)
            .check(&name("a"), TITLE, &answered(200))
            .unwrap();
        let store = Store::new(root.path(), Writing::Accept);
        for (status, compared) in [
            (200, Compared::New),
            (500, Compared::Changed),
            (500, Compared::Same),
        ] {
            let checked = store.check(&name("a"), TITLE, &answered(status)).unwrap();
            assert_eq!(checked.compared, compared);
            assert_eq!(files(root.path()), ["oin/a.snap"]);
        }
    }

    #[test]
    fn an_order_that_means_nothing_is_no_change() {
        let root = tempfile::tempdir().unwrap();
        Store::new(root.path(), Writing::Accept)
            .check(&name("a"), TITLE, &answered_with("[1, 2]"))
            .unwrap();
        let store = Store::new(root.path(), Writing::Pending);
        let checked = store
            .check(&name("a"), TITLE, &answered_with("[2, 1]"))
            .unwrap();
        assert_eq!(
            (checked.compared, checked.written),
            (Compared::Folded, None)
        );
    }

    #[test]
    fn an_unreadable_accepted_file_is_a_change_with_a_reason() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("oin")).unwrap();
        fs::write(root.path().join("oin/a.snap"), "<<<<<<< HEAD").unwrap();
        let store = Store::new(root.path(), Writing::Pending);
        let checked = store.check(&name("a"), TITLE, &answered(200)).unwrap();
        assert_eq!(checked.compared, Compared::Changed);
        assert_eq!(
            checked.unreadable.unwrap().to_string(),
            "line 1: it does not begin with a head between two lines `---`"
        );
        assert_eq!(files(root.path()), ["oin/a.snap", "oin/a.snap.new"]);
    }

    #[test]
    fn files_of_scenarios_that_are_no_more_are_found() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), Writing::Accept);
        assert_eq!(store.stale(|_| false).unwrap(), Vec::<String>::new());
        for id in ["a/b", "a/c", "d"] {
            store.check(&name(id), TITLE, &answered(200)).unwrap();
        }
        for other in ["README.md", "oin/a/x.snap.new", "oin/notes.txt"] {
            fs::write(root.path().join(other), "").unwrap();
        }
        let stale = store.stale(|name| name.scenario == "a/b" && name.app == Some(App::Oin));
        assert_eq!(stale.unwrap(), ["oin/a/c.snap", "oin/d.snap"]);
        assert!(store.has(&name("d")).unwrap() && !store.has(&name("e")).unwrap());
    }

    #[test]
    fn an_id_cannot_lead_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path(), Writing::Accept);
        for id in ["", "../x", "a/../../x", "/x", "a/"] {
            let result = store.check(&name(id), TITLE, &answered(200));
            assert!(matches!(result, Err(StoreError::BadName(_))), "{id}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_snapshot_is_readable_for_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let plain = root.path().join("plain");
        fs::write(&plain, "").unwrap();
        let store = Store::new(root.path(), Writing::Accept);
        let written = store
            .check(&name("a"), TITLE, &answered(200))
            .unwrap()
            .written;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&written.unwrap()), mode(&plain));
    }
}
