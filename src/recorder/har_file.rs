//! The file of a recording: an HTTP archive that is whole after every entry.
//!
//! Each entry is a line. A new one is written over the end of the archive, in one go and together with a new end. A
//! process that is killed while it writes leaves a file that ends within that entry: `judge` and `calibrate` read what
//! stands before it, and [`HarFile::open`] takes it away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::recording::har::RECORDER;

/// What closes an archive.
const END: &[u8] = b"\n]}}\n";
/// A file that grows beyond this is not added to: nothing reads it any more.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Why a file cannot be recorded into. Each text names it and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refuses.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is no regular file", path.display())]
    NotRegular {
        /// What was given.
        path: PathBuf,
    },
    /// Something else is in it.
    #[error("{} holds something else than a recording of scim-conform record", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// It was recorded otherwise.
    #[error(
        "{} was recorded {} people, and this recording would be {} them",
        path.display(), if *shows_people { "with" } else { "without" }, if *shows_people { "without" } else { "with" }
    )]
    OtherPeople {
        /// The file.
        path: PathBuf,
        /// People are in it.
        shows_people: bool,
    },
    /// Another process writes to it.
    #[error("another recorder writes to {}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It has become too large.
    #[error("{} has more than 512 MiB, which nothing reads any more", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// What to do with a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfThere {
    /// Go on with a recording; leave anything else alone.
    GoOn,
    /// Begin anew, whatever is in it.
    Overwrite,
}

/// An archive that entries are added to.
#[derive(Debug)]
pub(super) struct HarFile {
    file: File,
    path: PathBuf,
    /// Where the end of the archive begins.
    end: u64,
    /// Entries in it.
    entries: usize,
}

impl HarFile {
    /// Opens a file, or makes it, readable for its owner alone.
    pub(super) fn open(
        path: &Path,
        shows_people: bool,
        if_there: IfThere,
    ) -> Result<Self, FileError> {
        let io = |source| FileError::Io {
            path: path.to_owned(),
            source,
        };
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            return Err(FileError::NotRegular {
                path: path.to_owned(),
            });
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(FileError::InUse {
                    path: path.to_owned(),
                });
            }
            // Where the system cannot lock, nobody is kept out.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.metadata().map_err(io)?.len();
        if length > LARGEST && if_there == IfThere::GoOn {
            return Err(FileError::TooLarge {
                path: path.to_owned(),
            });
        }
        let mut text = Vec::new();
        if if_there == IfThere::GoOn {
            file.read_to_end(&mut text).map_err(io)?;
        }
        let mut opened = Self {
            file,
            path: path.to_owned(),
            end: 0,
            entries: 0,
        };
        if text.trim_ascii().is_empty() {
            opened.begin(shows_people).map_err(io)?;
            return Ok(opened);
        }
        let Some(there) = There::of(&text) else {
            return Err(FileError::NotOurs {
                path: path.to_owned(),
            });
        };
        if there.shows_people != shows_people {
            return Err(FileError::OtherPeople {
                path: path.to_owned(),
                shows_people: there.shows_people,
            });
        }
        opened.end = there.end as u64;
        opened.entries = there.entries;
        if text.get(there.end..) != Some(END) {
            opened.close_archive().map_err(io)?;
        }
        Ok(opened)
    }

    /// Entries that are in it.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn begin(&mut self, shows_people: bool) -> io::Result<()> {
        let head = head(shows_people);
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&[head.as_bytes(), END].concat())?;
        self.end = head.len() as u64;
        Ok(())
    }

    /// Cuts the file off where the end of the archive belongs, and writes that.
    fn close_archive(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(END)
    }

    /// Adds an entry, a JSON text on one line. When that fails the archive is as it was.
    pub(super) fn add(&mut self, entry: &str) -> Result<(), FileError> {
        let separator = if self.entries == 0 { "\n" } else { ",\n" };
        let bytes = [separator.as_bytes(), entry.as_bytes(), END].concat();
        let longer = self.end + (bytes.len() - END.len()) as u64;
        let io = |source| FileError::Io {
            path: self.path.clone(),
            source,
        };
        if longer > LARGEST {
            return Err(FileError::TooLarge {
                path: self.path.clone(),
            });
        }
        self.file.seek(SeekFrom::Start(self.end)).map_err(io)?;
        if let Err(error) = self.file.write_all(&bytes) {
            let failed = io(error);
            // There was room for the end before. Without it the file reads like one of a process that was killed.
            let _ = self.close_archive();
            return Err(failed);
        }
        self.end = longer;
        self.entries += 1;
        Ok(())
    }

    /// Waits until it is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// The first line, up to where entries begin.
fn head(shows_people: bool) -> String {
    let creator = json!({"name": RECORDER, "version": env!("CARGO_PKG_VERSION")});
    let people = if shows_people { "shown" } else { "aliases" };
    format!(
        "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"_people\":\"{people}\",\"entries\":["
    )
}

/// A recording that is there already.
#[derive(Debug, PartialEq, Eq)]
struct There {
    shows_people: bool,
    /// Where its last whole entry ends.
    end: usize,
    entries: usize,
}

impl There {
    /// Reads one; none when it is not as [`HarFile`] leaves it.
    fn of(text: &[u8]) -> Option<Self> {
        let first = text.iter().position(|byte| *byte == b'\n')?;
        let head = text.get(..first)?.strip_suffix(b"[")?;
        // The first line is that of an archive without entries; another version may have written it.
        let archive: Value = serde_json::from_slice(&[head, b"[]}}"].concat()).ok()?;
        let log = archive.get("log")?;
        if log.pointer("/creator/name")? != RECORDER {
            return None;
        }
        let mut there = Self {
            shows_people: log.get("_people")? == "shown",
            end: first,
            entries: 0,
        };
        let mut at = first + 1;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split(|byte| *byte == b'\n').next()?;
            let is_last = line.len() == rest.len();
            let entry = line.strip_suffix(b",").unwrap_or(line);
            if entry.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(entry).is_ok() {
                there.entries += 1;
                there.end = at + entry.len();
                at += line.len() + 1;
                continue;
            }
            let is_end =
                END.trim_ascii().starts_with(line) && rest.trim_ascii() == line.trim_ascii();
            // A line that breaks off is that of a process that was killed. Anything else was put there by another program.
            return (is_end || is_last && entry.starts_with(b"{")).then_some(there);
        }
        Some(there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }

    fn entries(path: &Path) -> Vec<i64> {
        let archive: Value = serde_json::from_slice(&read(path)).unwrap();
        let entries = archive["log"]["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["n"].as_i64().unwrap()).collect()
    }

    #[test]
    fn the_archive_is_whole_after_every_entry_and_goes_on_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.har");
        let mut file = HarFile::open(&path, false, IfThere::GoOn).unwrap();
        assert_eq!(entries(&path), [0; 0]);
        for n in 0..3 {
            file.add(&format!("{{\"n\":{n}}}")).unwrap();
            assert_eq!(entries(&path), (0..=n).collect::<Vec<_>>());
        }
        let busy = HarFile::open(&path, false, IfThere::GoOn).unwrap_err();
        assert!(matches!(busy, FileError::InUse { .. }), "{busy}");
        drop(file);
        let mut file = HarFile::open(&path, false, IfThere::GoOn).unwrap();
        assert_eq!(file.entries(), 3);
        file.add("{\"n\":3}").unwrap();
        assert_eq!(entries(&path), [0, 1, 2, 3]);
        drop(file);
        let other = HarFile::open(&path, true, IfThere::GoOn).unwrap_err();
        assert!(matches!(other, FileError::OtherPeople { .. }), "{other}");
        drop(HarFile::open(&path, true, IfThere::Overwrite).unwrap());
        assert_eq!(entries(&path), [0; 0]);
    }

    /// Whoever is killed while writing leaves any part of what was to be written.
    #[test]
    fn a_file_that_breaks_off_anywhere_goes_on_with_its_whole_entries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.har");
        let mut file = HarFile::open(&path, false, IfThere::GoOn).unwrap();
        file.add("{\"n\":0,\"text\":\"a\\nb\"}").unwrap();
        let before = read(&path).len();
        file.add("{\"n\":1,\"text\":\"c\"}").unwrap();
        drop(file);
        let whole = read(&path);
        for length in before - END.len()..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let mut file = HarFile::open(&path, false, IfThere::GoOn).unwrap();
            let is_there = length >= whole.len() - END.len();
            assert_eq!(file.entries(), 1 + usize::from(is_there), "{length}");
            file.add("{\"n\":7}").unwrap();
            let wanted: &[i64] = if is_there { &[0, 1, 7] } else { &[0, 7] };
            assert_eq!(entries(&path), wanted, "{length}");
        }
        // The first entry as well.
        let head = head(false).len();
        for length in [head, head + 1, head + 9] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let file = HarFile::open(&path, false, IfThere::GoOn);
            if length == head {
                assert!(matches!(file, Err(FileError::NotOurs { .. })));
            } else {
                assert_eq!(file.unwrap().entries(), 0);
                assert_eq!(entries(&path), [0; 0]);
            }
        }
    }

    #[test]
    fn what_somebody_else_has_written_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.har");
        let mut file = HarFile::open(&path, false, IfThere::GoOn).unwrap();
        file.add("{\"n\":0}").unwrap();
        drop(file);
        let ours = String::from_utf8(read(&path)).unwrap();
        let archive: Value = serde_json::from_str(&ours).unwrap();
        for text in [
            "notes".to_owned(),
            "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"proxy\"},\"entries\":[]}}\n"
                .to_owned(),
            format!("{archive:#}"),
            archive.to_string(),
            ours.replace("{\"n\":0}", "{\"n\":0}\nnotes"),
            format!("{ours}notes\n"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = HarFile::open(&path, false, IfThere::GoOn).unwrap_err();
            assert!(
                matches!(error, FileError::NotOurs { .. }),
                "{text}: {error}"
            );
            assert_eq!(read(&path), text.as_bytes());
        }
        let error = HarFile::open(folder.path(), false, IfThere::Overwrite).unwrap_err();
        assert!(matches!(error, FileError::NotRegular { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.har");
        drop(HarFile::open(&path, false, IfThere::GoOn).unwrap());
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
