//! The reference set: `snapshots/reference/<folder>/<scenario>.snap`.
//!
//! The folder is `custom` or `oin`; `both` when the two kinds of app give the same transcript,
//! which is then stored once; `probe` for literal requests, which belong to no app.

use std::io;
use std::path::{Path, PathBuf};

use crate::okta::App;

use super::file::{FileError, SnapshotFile, read, remove, write};
use super::transcript::Transcript;

/// A folder of a set of snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    /// One kind of app.
    App(App),
    /// Both kinds of app, with the same transcript; only in the reference set.
    Both,
    /// No app: a probe.
    Probe,
}

impl Folder {
    /// All, in the order in which they are looked through.
    pub const ALL: [Self; 4] = [
        Self::App(App::Custom),
        Self::App(App::Oin),
        Self::Both,
        Self::Probe,
    ];

    /// The folder of an app's own snapshots, or of a probe's.
    #[must_use]
    pub fn of(app: Option<App>) -> Self {
        app.map_or(Self::Probe, Self::App)
    }

    /// The name of the folder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App(app) => app.as_str(),
            Self::Both => "both",
            Self::Probe => "probe",
        }
    }
}

/// The reference set, embedded into the binary: from a folder's name and a scenario's id to the
/// bytes of `<folder>/<scenario>.snap`.
#[derive(Clone, Copy, Debug)]
pub struct Reference(pub fn(folder: &str, scenario: &str) -> Option<&'static str>);

impl Reference {
    /// The file of a scenario under an app, or of a probe.
    #[must_use]
    pub fn text(&self, app: Option<App>, scenario: &str) -> Option<&'static str> {
        let Self(lookup) = self;
        let own = lookup(Folder::of(app).as_str(), scenario);
        match app {
            Some(_) => own.or_else(|| lookup(Folder::Both.as_str(), scenario)),
            None => own,
        }
    }

    /// The transcript of a scenario under an app, or of a probe.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn transcript(
        &self,
        app: Option<App>,
        scenario: &str,
    ) -> Result<Option<Transcript>, FileError> {
        self.text(app, scenario)
            .map(|text| SnapshotFile::parse(text)?.transcript())
            .transpose()
    }
}

/// Writes the snapshots of one scenario below `root`, identical apps once, and removes what the
/// scenario has in other folders. `taken` holds every app the scenario runs under. Files that are
/// right already are left alone. Returns what was written or removed.
///
/// # Errors
/// When a file cannot be read, written or removed.
pub fn write_reference(
    root: &Path,
    taken: &[(Option<App>, SnapshotFile)],
) -> io::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    let Some((_, first)) = taken.first() else {
        return Ok(changed);
    };
    let share = App::ALL.iter().all(|app| {
        taken
            .iter()
            .any(|(a, file)| *a == Some(*app) && file.body == first.body)
    });
    for folder in Folder::ALL {
        let wanted = match folder {
            Folder::Both => share.then_some(first),
            Folder::App(_) if share => None,
            own => taken
                .iter()
                .find(|(app, _)| Folder::of(*app) == own)
                .map(|(_, file)| file),
        };
        let path = root
            .join(folder.as_str())
            .join(format!("{}.snap", first.scenario));
        let differs = match wanted.map(SnapshotFile::render) {
            Some(text) if read(&path)?.as_deref() != Some(text.as_str()) => {
                write(&path, &text)?;
                true
            }
            Some(_) => false,
            None => remove(&path)?,
        };
        if differs {
            changed.push(path);
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(body: &str) -> SnapshotFile {
        SnapshotFile {
            scenario: "a/b".to_owned(),
            title: "t".to_owned(),
            body: body.to_owned(),
            first: 1,
        }
    }

    fn present(root: &Path) -> Vec<&'static str> {
        Folder::ALL
            .into_iter()
            .map(Folder::as_str)
            .filter(|folder| root.join(folder).join("a/b.snap").exists())
            .collect()
    }

    #[test]
    fn identical_apps_are_stored_once() {
        let root = tempfile::tempdir().unwrap();
        let same = [(Some(App::Custom), file("x")), (Some(App::Oin), file("x"))];
        let other = [(Some(App::Custom), file("x")), (Some(App::Oin), file("y"))];
        assert_eq!(write_reference(root.path(), &same).unwrap().len(), 1);
        assert_eq!(present(root.path()), ["both"]);
        assert_eq!(write_reference(root.path(), &other).unwrap().len(), 3);
        assert_eq!(present(root.path()), ["custom", "oin"]);
        assert_eq!(write_reference(root.path(), &other).unwrap().len(), 0);
        write_reference(root.path(), &same).unwrap();
        assert_eq!(present(root.path()), ["both"]);
        write_reference(root.path(), &[(Some(App::Oin), file("x"))]).unwrap();
        assert_eq!(present(root.path()), ["oin"]);
        write_reference(root.path(), &[(None, file("x"))]).unwrap();
        assert_eq!(present(root.path()), ["probe"]);
    }

    #[test]
    fn an_app_finds_its_own_file_or_the_shared_one() {
        let reference = Reference(|folder, scenario| match (folder, scenario) {
            ("custom", "a") => Some("own"),
            ("both", "a") => Some("shared"),
            ("probe", "p") => Some("probe"),
            _ => None,
        });
        assert_eq!(reference.text(Some(App::Custom), "a"), Some("own"));
        assert_eq!(reference.text(Some(App::Oin), "a"), Some("shared"));
        assert_eq!(reference.text(None, "p"), Some("probe"));
        assert_eq!(reference.text(None, "a"), None);
    }
}
