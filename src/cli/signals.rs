//! Interruptions from outside: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends that is closed, or a lost SSH
//! connection. All mean the same.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::engine::interrupt::{Interrupter, Interrupts};

/// Whoever presses once may be heard twice: a terminal that closes tells its shell and its programs, and both the
/// shell and a wrapper such as npm pass on what they were told.
const ECHO: Duration = Duration::from_millis(200);

/// Completes on the next interruption.
pub(crate) async fn interrupted() {
    Signals::listen().next().await;
}

/// From now on whoever asks is told of every interruption.
pub(crate) fn interrupts() -> Interrupts {
    let (interrupter, interrupts) = Interrupter::new();
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        loop {
            signals.next().await;
            interrupter.interrupt();
            if let Some(until) = Instant::now().checked_add(ECHO) {
                signals.pass_over(until).await;
            }
        }
    });
    interrupts
}

impl Signals {
    /// What comes before `until` is nothing new.
    async fn pass_over(&mut self, until: Instant) {
        loop {
            tokio::select! {
                () = self.next() => {}
                () = sleep_until(until) => return,
            }
        }
    }
}

#[cfg(unix)]
use of_unix::Signals;

#[cfg(unix)]
mod of_unix {
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The signals that interrupt.
    pub(super) struct Signals(Vec<Signal>);

    impl Signals {
        pub(super) fn listen() -> Self {
            let hangup = (!is_hangup_ignored()).then(SignalKind::hangup);
            let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
            // Where the system lets nobody listen, the signal ends the process.
            let signals = kinds.into_iter().chain(hangup).map(signal);
            Self(signals.filter_map(Result::ok).collect())
        }

        pub(super) async fn next(&mut self) {
            std::future::poll_fn(|context| {
                let any = self
                    .0
                    .iter_mut()
                    .any(|signal| signal.poll_recv(context).is_ready());
                if any { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// Whether SIGHUP was to be ignored when the process began: `nohup` wants it to outlive its terminal.
    fn is_hangup_ignored() -> bool {
        static AT_START: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        // Once somebody listens, the system does not know any more.
        *AT_START.get_or_init(|| {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            ignores_hangup(&status)
        })
    }

    /// Reads the mask of ignored signals, in hexadecimal digits; SIGHUP is signal 1, the lowest bit.
    pub(super) fn ignores_hangup(status: &str) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & 1 == 1)
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // The system lets nobody listen.
            std::future::pending().await
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::of_unix::ignores_hangup;

    #[test]
    fn nohup_is_respected() {
        let status = |mask: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(ignores_hangup(&status("0000000000000001")));
        assert!(ignores_hangup(&status("0000000000001003")));
        assert!(!ignores_hangup(&status("0000000000001000")));
        assert!(!ignores_hangup(&status("what?")));
        assert!(!ignores_hangup(""));
    }
}
