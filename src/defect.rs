//! Defects of this tool itself: a panic is caught where it happens, kept, and told in plain words at the end.
//!
//! Nothing that a target sends may make a run look well by making this tool fail, and no panic may write over a
//! progress display. [`collect`], which the binary calls first of all, makes panics silent and notes where they
//! happen; [`caught`] and [`caught_now`] give back what they stop. What nobody stops waits for [`uncaught`].

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// Characters of a message that are kept.
const LONGEST: usize = 200;
/// Panics that wait to be told. One that repeats without end is told often enough.
const MOST: usize = 50;

/// What of a message stands in quotes and is of this language, not of a target.
const WORDS_OF_RUST: [&str; 7] = [
    "Option::unwrap()",
    "Option::expect()",
    "Result::unwrap()",
    "Result::unwrap_err()",
    "None",
    "Err",
    "Ok",
];

/// A panic: what the code said, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The message, without what may come from a target or a user.
    pub message: String,
    /// File, line and column; none where nobody collects panics.
    pub location: Option<String>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.location {
            Some(location) => write!(f, " ({location})"),
            None => Ok(()),
        }
    }
}

/// Panics that happened and were given to nobody yet, by number.
static WAITING: Mutex<Vec<(u64, Panic)>> = Mutex::new(Vec::new());
/// The number of the next one.
static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The last one of this thread: whoever catches it runs on the same thread.
    static LAST: Cell<Option<u64>> = const { Cell::new(None) };
}

fn waiting() -> MutexGuard<'static, Vec<(u64, Panic)>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on a panic of this process says nothing by itself, and is kept.
pub fn collect() {
    panic::set_hook(Box::new(keep));
}

fn keep(info: &PanicHookInfo<'_>) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let panic = Panic {
        message: harmless(info.payload_as_str().unwrap_or("no message")),
        location: info.location().map(ToString::to_string),
    };
    let mut waiting = waiting();
    if waiting.len() < MOST {
        waiting.push((number, panic));
        LAST.set(Some(number));
    }
}

/// Polls `work` to its end, or until it panics.
///
/// # Errors
/// The panic.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panic> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        // After a panic the work is never polled again, and what it shares is kept behind locks that recover.
        match caught_now(|| work.as_mut().poll(context)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Does `work`, unless it panics.
///
/// # Errors
/// The panic.
pub fn caught_now<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let kept = LAST.take().and_then(|number| {
            let mut waiting = waiting();
            let at = waiting.iter().position(|(n, _)| *n == number)?;
            Some(waiting.remove(at).1)
        });
        kept.unwrap_or_else(|| {
            let text = payload.downcast_ref::<&'static str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            Panic {
                message: harmless(text.unwrap_or("no message")),
                location: None,
            }
        })
    })
}

/// Gives back a panic that was caught, where nobody can be told of it, so that it is told at the end.
pub fn leave(panic: Panic) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut waiting = waiting();
    if waiting.len() < MOST {
        waiting.push((number, panic));
    }
}

/// Everything that was given to nobody so far.
#[must_use]
pub fn uncaught() -> Vec<Panic> {
    let panics = std::mem::take(&mut *waiting());
    panics.into_iter().map(|(_, panic)| panic).collect()
}

/// A message without what may be of a target: texts in quotes, and the values that are printed at its end. It is to
/// be sent to strangers, and nobody can know what stands in it.
fn harmless(message: &str) -> String {
    let mut rest = message.split(" value: ").next().unwrap_or_default();
    let mut kept = String::new();
    while let Some(at) = rest.find(['`', '"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        kept.push_str(before);
        let mut inside = quoted.chars();
        let quote = inside.next().unwrap_or_default();
        match inside.as_str().split_once(quote) {
            Some((word, after)) if WORDS_OF_RUST.contains(&word) => {
                kept.extend([quote]);
                kept.push_str(word);
                kept.extend([quote]);
                rest = after;
            }
            // The text may hold its own quote, so what follows cannot be told from it.
            _ => {
                kept.push('…');
                rest = "";
            }
        }
    }
    kept.push_str(rest);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = kept.chars().map(plain).take(LONGEST).collect();
    if kept.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// Where a test can make this tool fail, to show that it is told. No released build has any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the request before a run.
    Preflight,
    /// Before the question whether the run may begin.
    Consent,
    /// After a step of a scenario.
    Step,
    /// Before an answer is judged.
    Judging,
    /// Before what a scenario made is removed.
    CleanUp,
    /// Before conclusions are drawn.
    Conclusion,
    /// Before answers are compared with snapshots.
    Snapshots,
    /// When a run has ended.
    End,
    /// While the JSON report is made.
    Json,
    /// While the archive of all exchanges is made.
    Har,
    /// While the JUnit report is made.
    Junit,
    /// While the table of a plan is made.
    Csv,
    /// While the result is made for the terminal.
    Terminal,
    /// While the run is kept for later.
    LastRun,
    /// While the reference server answers.
    Serve,
    /// While a recording is judged.
    Judge,
    /// While an exported test is played.
    Runscope,
    /// While an earlier run is swept up.
    Sweep,
    /// While something is explained.
    Explain,
    /// While scenarios are shown.
    Scenarios,
}

/// The variable that names the phase to fail in, once in a process.
#[cfg(debug_assertions)]
const PLANTED: &str = "SCIM_CONFORM_TEST_PANIC";

/// Panics when a test wants it here.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "it is what the tests plant")]
pub fn plant(phase: Phase) {
    use std::sync::atomic::AtomicBool;
    static DONE: AtomicBool = AtomicBool::new(false);

    let is_wanted = std::env::var(PLANTED).is_ok_and(|wanted| wanted == format!("{phase:?}"));
    if is_wanted && !DONE.swap(true, Ordering::SeqCst) {
        panic!("planted in {phase:?}");
    }
}

/// Does nothing: no released build has planted panics.
#[cfg(not(debug_assertions))]
pub fn plant(_: Phase) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_what_a_developer_needs_and_nothing_of_a_target() {
        let table = [
            (
                "overflow when adding durations",
                "overflow when adding durations",
            ),
            (
                "index out of bounds: the len is 3 but the index is 5",
                "index out of bounds: the len is 3 but the index is 5",
            ),
            (
                "called `Option::unwrap()` on a `None` value",
                "called `Option::unwrap()` on a `None` value",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Error(\"swordfish\")",
                "called `Result::unwrap()` on an `Err`",
            ),
            (
                "end byte index 5 is out of bounds of `swordfish`, says `None`",
                "end byte index 5 is out of bounds of …",
            ),
            (
                "byte index 1 is not a char boundary; it is inside 'é' of `swordfish`",
                "byte index 1 is not a char boundary; it is inside …",
            ),
            ("two\nlines\u{1b}[31m", "two lines [31m"),
            ("an open `quote", "an open …"),
        ];
        for (message, kept) in table {
            assert_eq!(harmless(message), kept);
        }
        let long = harmless(&"é".repeat(1_000));
        assert_eq!(long.chars().count(), LONGEST + 1);
    }

    #[tokio::test]
    async fn work_is_done_or_gives_its_panic_also_after_a_pause() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        assert_eq!(caught_now(|| 7), Ok(7));
        let broken = caught(async {
            tokio::task::yield_now().await;
            if true {
                panic!("too {}", "late");
            }
        });
        assert_eq!(broken.await.unwrap_err().message, "too late");
        let empty: [u8; 0] = [];
        let at = empty.len();
        let broken = caught_now(|| empty[at]).unwrap_err();
        assert!(broken.message.contains("out of bounds"), "{broken}");
    }
}
