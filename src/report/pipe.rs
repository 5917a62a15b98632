//! Writing to what is no file: a pipe, a device, a terminal. Nobody may read a pipe, and that must not keep a run that
//! is over.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a reader may be missing, or take nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Writes `text` to `path`, as long as somebody takes it.
///
/// # Errors
/// Those of the system, and [`ErrorKind::TimedOut`] when nobody takes it.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    write_within(path, text, PATIENCE)
}

fn write_within(path: &Path, text: &str, patience: Duration) -> io::Result<()> {
    let mut since = Instant::now();
    let wait = |since: Instant| {
        if since.elapsed() >= patience {
            return Err(io::Error::new(
                ErrorKind::TimedOut,
                format!("nobody reads it, waited for {} s", patience.as_secs()),
            ));
        }
        std::thread::sleep(PAUSE);
        Ok(())
    };
    let mut pipe = loop {
        match open(path) {
            Err(error) if is_without_reader(&error) => wait(since)?,
            opened => break opened?,
        }
    };
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match pipe.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                rest = rest.get(written..).unwrap_or_default();
                since = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(since)?,
            Err(error) => return Err(error),
        }
    }
    pipe.flush()
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    File::options()
        .write(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path)
}

/// A pipe that nobody has opened for reading (POSIX, `open`).
#[cfg(unix)]
fn is_without_reader(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

#[cfg(not(unix))]
fn is_without_reader(_: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;

    use super::*;

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        let mode = nix::sys::stat::Mode::S_IRWXU;
        nix::unistd::mkfifo(&path, mode).unwrap();
        path
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let briefly = Duration::from_millis(50);
        let error = write_within(&path, "text", briefly).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        // Nor one whose reader takes nothing.
        let _reader = File::options().read(true).write(true).open(&path).unwrap();
        let error = write_within(&path, &"x".repeat(10_000_000), briefly).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_pipe_that_is_read_late_and_slowly_gets_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe(folder.path());
        let reading = std::thread::spawn({
            let path = path.clone();
            move || {
                std::thread::sleep(Duration::from_millis(100));
                let mut all = String::new();
                File::open(path).unwrap().read_to_string(&mut all).unwrap();
                all.len()
            }
        });
        write(&path, &"x".repeat(1_000_000)).unwrap();
        assert_eq!(reading.join().unwrap(), 1_000_000);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let error = write(Path::new("/dev/full"), "text").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
}
