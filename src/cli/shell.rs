//! Commands that the user names, run by the system's shell. A command is a group of processes with all that it has
//! started, and the group ends with it.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};

/// How long what a command has printed may still be on its way when it has ended. Whoever left its group may hold the
/// output open for ever.
const DRAIN: Duration = Duration::from_millis(500);

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

/// Whether a command may ask something on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTerminal {
    /// As if it were typed there.
    MayAsk,
    /// It runs beside other things.
    Silent,
}

/// Runs `command` with `input`, and takes up to `longest` bytes of what it prints. Its error output goes to ours.
/// It ends at the latest when this is dropped, with all that it has started.
pub(crate) async fn output(
    command: &str,
    input: &[u8],
    longest: usize,
    terminal: OnTerminal,
) -> Result<(ExitStatus, Vec<u8>), ShellError> {
    let mut shell = shell(command);
    #[cfg(unix)]
    shell.process_group(0);
    let mut child = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ShellError::Start)?;
    let group = Group::led_by(child.id());
    let lent = (terminal == OnTerminal::MayAsk).then(|| group.lend_terminal());
    let (stdin, mut stdout) = (child.stdin.take(), child.stdout.take());
    let mut write = pin!(async {
        if let Some(mut stdin) = stdin {
            // A command that does not want to know is free not to read.
            let _ = stdin.write_all(input).await;
        }
    });
    let (mut is_written, mut output, mut piece) = (false, Vec::new(), [0; 8192]);
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        let drained = ended.map(|(_, until)| until);
        tokio::select! {
            // What was printed before the end is taken before the end is seen.
            biased;
            read = read(&mut stdout, &mut piece), if stdout.is_some() => {
                match read.map_err(ShellError::Start)? {
                    0 => stdout = None,
                    count => output.extend(piece.iter().take(count)),
                }
                if output.len() > longest {
                    return Err(ShellError::TooMuch);
                }
            }
            () = &mut write, if !is_written => is_written = true,
            status = child.wait(), if ended.is_none() => {
                let status = status.map_err(ShellError::Start)?;
                group.end();
                let now = Instant::now();
                ended = Some((status, now.checked_add(DRAIN).unwrap_or(now)));
            }
            () = until(drained), if drained.is_some() => stdout = None,
        }
        if let (Some((status, _)), None) = (&ended, &stdout) {
            drop(lent);
            return Ok((*status, output));
        }
    }
}

async fn read(
    stdout: &mut Option<tokio::process::ChildStdout>,
    piece: &mut [u8],
) -> io::Result<usize> {
    match stdout {
        Some(stdout) => stdout.read(piece).await,
        None => Ok(0),
    }
}

async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        sleep_until(time).await;
    }
}

#[cfg(unix)]
use of_unix::Group;

#[cfg(unix)]
mod of_unix {
    use std::fs::File;

    use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg};
    use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

    /// A group of processes. It ends when this is dropped.
    pub(super) struct Group(Option<Pid>);

    impl Group {
        /// The group that a process was started in as its leader.
        pub(super) fn led_by(id: Option<u32>) -> Self {
            let id = id.and_then(|id| i32::try_from(id).ok());
            Self(id.filter(|id| *id > 1).map(Pid::from_raw))
        }

        /// Ends whoever is left of it.
        pub(super) fn end(&self) {
            if let Some(group) = self.0 {
                // Most often nobody is left.
                let _ = killpg(group, Signal::SIGKILL);
            }
        }

        /// Lets it read from the terminal, which only one group can, as long as the result is held. None where there is
        /// no terminal, or it is another's already.
        pub(super) fn lend_terminal(&self) -> Option<Lent> {
            let group = self.0?;
            let terminal = File::options()
                .read(true)
                .write(true)
                .open("/dev/tty")
                .ok()?;
            let ours = getpgrp();
            if tcgetpgrp(&terminal).ok()? != ours {
                return None;
            }
            tcsetpgrp(&terminal, group).ok()?;
            let lent = Lent { terminal, ours };
            // It may have asked before, and been stopped for it.
            let _ = killpg(group, Signal::SIGCONT);
            Some(lent)
        }
    }

    impl Drop for Group {
        fn drop(&mut self) {
            self.end();
        }
    }

    /// A terminal that comes back when this is dropped.
    pub(super) struct Lent {
        terminal: File,
        ours: Pid,
    }

    impl Drop for Lent {
        fn drop(&mut self) {
            // Whoever takes the terminal without having it is stopped, unless the signal is blocked.
            let blocked = SigSet::from(Signal::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK);
            let _ = tcsetpgrp(&self.terminal, self.ours);
            if let Ok(before) = blocked {
                let _ = before.thread_set_mask();
            }
        }
    }
}

#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn led_by(_: Option<u32>) -> Self {
        Self
    }

    fn end(&self) {}

    fn lend_terminal(&self) {}
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Runs a command that says the process id of something it leaves running; what it printed, and that id.
    async fn leaving(command: &str) -> (Result<String, ShellError>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let command = command.replace("FILE", file.to_str().unwrap());
        let ended = output(&command, b"", 1000, OnTerminal::Silent).await;
        let printed = ended.map(|(_, output)| String::from_utf8(output).unwrap());
        (
            printed,
            std::fs::read_to_string(&file).unwrap().trim().to_owned(),
        )
    }

    /// Whether a process is there that does something.
    fn is_running(id: &str) -> bool {
        let stat = std::process::Command::new("ps")
            .args(["-o", "stat=", "-p", id])
            .output();
        let stat = String::from_utf8(stat.unwrap().stdout).unwrap();
        !stat.trim().is_empty() && !stat.trim().starts_with('Z')
    }

    async fn ends(id: &str) {
        while is_running(id) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_a_command_leaves_running_ends_with_it_and_is_not_waited_for() {
        let (printed, id) = leaving("sleep 1000 & echo $! >FILE; echo done").await;
        assert_eq!(printed.unwrap(), "done\n");
        ends(&id).await;
        let (too_much, id) =
            leaving("sleep 1000 & echo $! >FILE; head -c 2000 /dev/zero; sleep 1000").await;
        assert!(matches!(too_much, Err(ShellError::TooMuch)));
        ends(&id).await;
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_ends_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let command = format!("sleep 1000 & echo $! >{}; wait", file.display());
        let running = output(&command, b"", 1000, OnTerminal::Silent);
        let id = async {
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(id) if id.ends_with('\n') => return id.trim().to_owned(),
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let id = tokio::select! {
            id = id => id,
            ended = running => panic!("it waits: {ended:?}"),
        };
        ends(&id).await;
    }

    #[tokio::test]
    async fn all_that_was_printed_is_taken() {
        let many = "i=0; while [ $i -lt 2000 ]; do echo line; i=$((i+1)); done";
        let ended = output(many, b"", 100_000, OnTerminal::Silent).await;
        assert_eq!(ended.unwrap().1.len(), 10_000);
    }
}
