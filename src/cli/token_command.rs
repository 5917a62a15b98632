//! A token from the output of a command, such as a password manager's.

use std::process::ExitStatus;
use std::time::Duration;

use crate::secret::Secret;

use super::shell::{self, OnTerminal, ShellError};
use super::signals::interrupted;

/// How long a command may take; long enough to unlock a password manager.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than this is not a token. Bytes.
const LONGEST: usize = 64 * 1024;

/// Why the command gave no token. No variant repeats its output.
#[derive(Debug, thiserror::Error)]
pub enum TokenCommandError {
    /// It could not be started.
    #[error("the token command cannot be started: {0}")]
    Start(std::io::Error),
    /// It ended with an error.
    #[error("the token command failed ({0})")]
    Failed(ExitStatus),
    /// It did not end.
    #[error("the token command did not end within {} s", PATIENCE.as_secs())]
    TimedOut,
    /// The user interrupted it.
    #[error("interrupted")]
    Interrupted,
    /// It printed nothing.
    #[error("the token command printed nothing")]
    Empty,
    /// It printed too much, or something else than text.
    #[error("the token command printed something that is not a token")]
    NoToken,
}

impl TokenCommandError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Interrupted => None,
            _ => Some(
                "run the command of --token-cmd by itself; it must print the token and nothing else",
            ),
        }
    }
}

/// Runs `command` in the system's shell and takes what it prints. Its error output goes to ours.
///
/// # Errors
/// [`TokenCommandError`].
pub(crate) fn run(command: &str) -> Result<Secret, TokenCommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(TokenCommandError::Start)?;
    let output = runtime.block_on(async {
        tokio::select! {
            output = tokio::time::timeout(PATIENCE, output(command)) => {
                output.unwrap_or(Err(TokenCommandError::TimedOut))
            }
            () = interrupted() => Err(TokenCommandError::Interrupted),
        }
    })?;
    let text = String::from_utf8(output).map_err(|_| TokenCommandError::NoToken)?;
    if text.trim().is_empty() {
        return Err(TokenCommandError::Empty);
    }
    Ok(Secret::new(text))
}

async fn output(command: &str) -> Result<Vec<u8>, TokenCommandError> {
    let (status, output) = shell::output(command, &[], LONGEST, OnTerminal::MayAsk)
        .await
        .map_err(|error| match error {
            ShellError::Start(error) => TokenCommandError::Start(error),
            ShellError::TooMuch => TokenCommandError::NoToken,
        })?;
    if is_interrupted(status) {
        return Err(TokenCommandError::Interrupted);
    }
    if !status.success() {
        return Err(TokenCommandError::Failed(status));
    }
    Ok(output)
}

/// Whether Ctrl-C has ended it: while it may ask on the terminal, it hears of that alone.
#[cfg(unix)]
fn is_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(nix::sys::signal::Signal::SIGINT as i32)
}

#[cfg(not(unix))]
fn is_interrupted(_: ExitStatus) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_a_token() {
        assert_eq!(run("echo abc").unwrap().expose().trim(), "abc");
    }

    #[test]
    fn a_command_that_fails_says_so_and_shows_nothing() {
        let cases = [
            (
                "echo swordfish; exit 3",
                "the token command failed (exit status: 3)",
            ),
            ("true", "the token command printed nothing"),
            (
                "printf '\\377'",
                "the token command printed something that is not a token",
            ),
            (
                "head -c 100000 /dev/zero",
                "the token command printed something that is not a token",
            ),
        ];
        for (command, message) in cases {
            assert_eq!(run(command).unwrap_err().to_string(), message);
        }
    }
}
