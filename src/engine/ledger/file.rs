//! The file that a ledger is kept in: one JSON line for each thing that happened, written before the request that it is
//! about is sent. It survives a crash of the run, and `sweep` reads it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::redact::{Redactor, characters};

/// Larger files are refused: no run writes so much.
const MOST_BYTES: u64 = 1 << 30;

/// One line of a ledger file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// First line: where and for which run.
    Run {
        /// Run id.
        run_id: String,
        /// Base URL.
        target: String,
    },
    /// Whole names tell what is the run's: they were not written for it, and its id is not in them.
    WholeNames,
    /// A create is about to be sent: from now on something may be there under this name.
    Sent {
        /// `User` or `Group`.
        resource: String,
        /// Login or group name.
        name: String,
    },
    /// An answer gave this id to the name. No read has shown it yet.
    Named(Owned),
    /// The run made it: a read by its id has shown it.
    Made(Owned),
    /// It belongs to others, so what the create made is elsewhere.
    Foreign {
        /// `User` or `Group`.
        resource: String,
        /// Its id.
        id: String,
    },
    /// Its deletion is about to be sent.
    Deleting {
        /// `User` or `Group`.
        resource: String,
        /// Its id.
        id: String,
    },
    /// It is deleted, or deactivated where that was asked for.
    Removed {
        /// `User` or `Group`.
        resource: String,
        /// Its id.
        id: String,
    },
    /// Nothing is there under this name: a look-up and the list have shown it.
    Absent {
        /// `User` or `Group`.
        resource: String,
        /// Login or group name.
        name: String,
    },
    /// Earlier versions: a create got no answer.
    Lost {
        /// `User` or `Group`.
        resource: String,
        /// Login or group name.
        name: String,
    },
}

impl Line {
    /// The line as it may be written. An id that holds a secret cannot be kept; what has it is looked for by its name.
    pub(super) fn without(&self, secrets: &Redactor) -> Self {
        let shown = |text: &String| secrets.text(text).into_owned();
        let id_and = |resource: &String, id: &String| (resource.clone(), shown(id));
        let name_and = |resource: &String, name: &String| (resource.clone(), shown(name));
        match self {
            Self::Run { run_id, target } => Self::Run {
                run_id: run_id.clone(),
                target: shown(target),
            },
            Self::WholeNames => Self::WholeNames,
            Self::Named(owned) | Self::Made(owned) if shown(&owned.id) != owned.id => Self::Sent {
                resource: owned.resource.clone(),
                name: shown(&owned.name),
            },
            Self::Named(owned) => Self::Named(owned.without(secrets)),
            Self::Made(owned) => Self::Made(owned.without(secrets)),
            Self::Foreign { resource, id } => {
                let (resource, id) = id_and(resource, id);
                Self::Foreign { resource, id }
            }
            Self::Deleting { resource, id } => {
                let (resource, id) = id_and(resource, id);
                Self::Deleting { resource, id }
            }
            Self::Removed { resource, id } => {
                let (resource, id) = id_and(resource, id);
                Self::Removed { resource, id }
            }
            Self::Sent { resource, name } => {
                let (resource, name) = name_and(resource, name);
                Self::Sent { resource, name }
            }
            Self::Absent { resource, name } => {
                let (resource, name) = name_and(resource, name);
                Self::Absent { resource, name }
            }
            Self::Lost { resource, name } => {
                let (resource, name) = name_and(resource, name);
                Self::Lost { resource, name }
            }
        }
    }
}

/// One resource that the run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owned {
    /// `User` or `Group`.
    pub(super) resource: String,
    /// Its id at the target.
    pub(super) id: String,
    /// Login or group name.
    pub(super) name: String,
}

impl Owned {
    fn without(&self, secrets: &Redactor) -> Self {
        Self {
            name: secrets.text(&self.name).into_owned(),
            ..self.clone()
        }
    }
}

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works with it.
    #[error("a run that is going on keeps it")]
    InUse,
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Makes a new file that nobody else may read, and keeps others from working with it.
pub(super) fn create(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create_new(true).read(true).append(true);
    owner_only(&mut options);
    let file = options.open(path)?;
    // Where a file system has no locks, a sweep at the same time cannot be kept off; the run is still right.
    let _ = file.try_lock();
    Ok(file)
}

/// Opens a file of an earlier run to go on writing, unless somebody else works with it; gives its lines, and the numbers
/// of those that cannot be read.
pub(super) fn reopen(path: &Path) -> Result<(File, Vec<Line>, Vec<usize>), OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    let mut file = options.open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
        // Without locks nobody can tell; a sweep must still be possible there.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let (lines, damaged, whole) = lines(&mut file)?;
    // What was being written when the run ended must not spoil the next line; nothing was sent for it.
    file.set_len(whole)?;
    Ok((file, lines, damaged))
}

/// Reads a file without keeping anybody off.
pub(super) fn peek(path: &Path) -> std::io::Result<(Vec<Line>, Vec<usize>)> {
    let (lines, damaged, _) = lines(&mut File::open(path)?)?;
    Ok((lines, damaged))
}

/// The lines, the numbers of those that cannot be read, and the length of all that end.
fn lines(file: &mut File) -> std::io::Result<(Vec<Line>, Vec<usize>, u64)> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    if bytes.len() as u64 >= MOST_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |last| last.saturating_add(1));
    let mut lines = Vec::new();
    let mut damaged = Vec::new();
    let ended = bytes.get(..whole).unwrap_or_default();
    for (index, line) in ended.split(|byte| *byte == b'\n').enumerate() {
        match serde_json::from_slice(line) {
            Ok(line) => lines.push(line),
            Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Err(_) => damaged.push(index.saturating_add(1)),
        }
    }
    Ok((lines, damaged, whole as u64))
}

/// Writes a line at once: what is in the file when the process dies is there.
pub(super) fn append(file: &mut File, line: &Line) -> std::io::Result<()> {
    let text = serde_json::to_string(line).map_err(std::io::Error::from)?;
    let mut text = characters::json(text);
    text.push('\n');
    file.write_all(text.as_bytes())
}

/// Logins and ids of a customer's tenant are nobody else's business.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder)?.permissions().mode();
        if mode & 0o077 != 0 {
            let only_owner = std::fs::Permissions::from_mode(mode & 0o700);
            match std::fs::set_permissions(folder, only_owner) {
                // The folder may belong to somebody else who lets us write there; the file is private all the same.
                Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
