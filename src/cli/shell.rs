//! Commands that the user names, run by the system's shell.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShellError {
    /// It could not be started, or not be waited for.
    #[error("{0}")]
    Start(io::Error),
    /// It printed more than it may.
    #[error("it prints too much")]
    TooMuch,
}

/// Runs `command` with `input`, and takes up to `longest` bytes of what it prints. Its error output goes to ours.
/// It ends at the latest when this is dropped.
pub(crate) async fn output(
    command: &str,
    input: &[u8],
    longest: u64,
) -> Result<(ExitStatus, Vec<u8>), ShellError> {
    let mut child = shell(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ShellError::Start)?;
    let mut output = Vec::new();
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A command that does not want to know is free not to read.
            let _ = stdin.write_all(input).await;
        }
    };
    let read = async {
        match stdout {
            Some(stdout) => stdout.take(longest + 1).read_to_end(&mut output).await,
            None => Ok(0),
        }
    };
    let ((), read) = tokio::join!(write, read);
    let read = read.map_err(ShellError::Start)?;
    if read as u64 > longest {
        return Err(ShellError::TooMuch);
    }
    let status = child.wait().await.map_err(ShellError::Start)?;
    Ok((status, output))
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}
