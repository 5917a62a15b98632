//! Writing a report to a file: all of it or nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::pipe;

/// Why a file was not written; names the path.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A folder stands where the file should.
    #[error("{} is a folder, not a file", path.display())]
    Folder {
        /// The path asked for.
        path: PathBuf,
    },
    /// The folder of the file does not exist.
    #[error("there is no folder {}", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The path asked for.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Whether a report could be written to `path`, as far as that can be told before a run.
///
/// # Errors
/// [`WriteError`], when the path is a folder or lies in none.
pub fn check(path: &Path) -> Result<(), WriteError> {
    if path.is_dir() {
        return Err(WriteError::Folder {
            path: path.to_owned(),
        });
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(WriteError::NoFolder {
            folder: folder.to_owned(),
        });
    }
    Ok(())
}

/// Writes `text` to `path` by way of a temporary file beside it, so that a reader sees the old
/// file or the new one and never half of one.
///
/// # Errors
/// [`WriteError`]; the former file is then as it was.
pub fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    write_as(path, text, Access::Everybody)
}

/// The same for a file that only its owner may read.
///
/// # Errors
/// As [`write()`].
pub fn write_private(path: &Path, text: &str) -> Result<(), WriteError> {
    write_as(path, text, Access::Owner)
}

/// Who may read a file, where the system knows permissions.
#[derive(Clone, Copy)]
enum Access {
    Owner,
    Everybody,
}

fn write_as(path: &Path, text: &str, access: Access) -> Result<(), WriteError> {
    check(path)?;
    let io = |source| WriteError::Io {
        path: path.to_owned(),
        source,
    };
    // A link keeps pointing to the file it points to; only that file is replaced.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real.exists() && !real.is_file() {
        // A pipe or a device (`/dev/stderr`, `/dev/null`) must be written to, never replaced.
        return pipe::write(&real, text).map_err(io);
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".scim-conform-");
    set_access(&mut builder, access);
    let mut file = builder.tempfile_in(folder_of(&real)).map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    file.as_file().sync_data().map_err(io)?;
    file.persist(&real).map_err(|error| io(error.error))?;
    Ok(())
}

#[cfg(unix)]
fn set_access(builder: &mut tempfile::Builder<'_, '_>, access: Access) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    // The process's umask still takes away from this.
    let mode = match access {
        Access::Owner => 0o600,
        Access::Everybody => 0o666,
    };
    builder.permissions(Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn set_access(_: &mut tempfile::Builder<'_, '_>, _: Access) {}

/// The folder of `path`; the current one for a bare file name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write(&path, "first, and longer").unwrap();
        write(&path, "second").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), "text").unwrap_err();
        let shown = folder.path().display();
        assert_eq!(
            error.to_string(),
            format!("{shown} is a folder, not a file")
        );
        assert!(folder.path().is_dir());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/such");
        let error = check(&missing.join("report.json")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("there is no folder {}", missing.display())
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_to_its_file_and_a_device_stays_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        write(Path::new("/dev/null"), "gone").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last-run.json");
        write_private(&path, "{}").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
