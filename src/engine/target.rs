//! The server under test, as a whole run sees it: one transport or many, the request rate, what is owned, what stops.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::check::wire;
use crate::exchange::{Exchange, ForeignNames, KeepBudget, SendError};
use crate::secret::Secret;

use super::ledger::Ledger;
use super::passwords::Passwords;

/// Requests in a row that find nobody, before the target is taken for gone. Some servers refuse a connection or two in a
/// rush, and go on.
const GIVE_UP: u64 = 20;
/// Bytes that a credential needs to be looked for in what is kept.
const SHORTEST_SECRET: usize = 6;

/// Shared by all scenarios of a run.
pub struct Run {
    /// Part of every name that the run makes; lower case.
    pub run_id: String,
    /// Host and port of the target, as far as its base URL is one.
    pub authority: Option<String>,
    /// What the run has made.
    pub ledger: Ledger,
    /// Stable names for the ids of other people's resources.
    pub foreign_names: ForeignNames,
    /// How long a write may take to become visible.
    pub settle: Duration,
    /// How long the run waits for a target that answers 429, for one request.
    pub patience: Duration,
    exchanges: AtomicU64,
    /// Requests in a row that have found nobody.
    unreached: AtomicU64,
    gone: OnceLock<String>,
    stopped: AtomicBool,
    stopping: Notify,
    pace: Option<Pace>,
    never_settles: Mutex<HashSet<String>>,
    keep: Arc<KeepBudget>,
    /// Of all scenarios: the list that one asks for shows the people of the others, too.
    passwords: Mutex<Passwords>,
}

struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Run {
    /// A run over `ledger`.
    #[must_use]
    pub fn new(
        run_id: &str,
        base_url: &str,
        ledger: Ledger,
        settle: Duration,
        patience: Duration,
        rate: Option<f64>,
    ) -> Arc<Self> {
        let pace = rate.filter(|r| r.is_finite() && *r > 0.0).map(|r| Pace {
            gap: Duration::from_secs_f64((1.0 / r).min(60.0)),
            next: Mutex::new(Instant::now()),
        });
        Arc::new(Self {
            run_id: run_id.to_owned(),
            authority: wire::authority_of(base_url).map(str::to_owned),
            ledger,
            foreign_names: ForeignNames::new(),
            settle,
            patience,
            exchanges: AtomicU64::new(0),
            unreached: AtomicU64::new(0),
            gone: OnceLock::new(),
            stopped: AtomicBool::new(false),
            stopping: Notify::new(),
            pace,
            never_settles: Mutex::default(),
            keep: Arc::default(),
            passwords: Mutex::default(),
        })
    }

    /// The same, before anything else knows it, with what may be kept of its exchanges.
    #[must_use]
    pub fn keeping(mut self: Arc<Self>, keep: &Arc<KeepBudget>) -> Arc<Self> {
        if let Some(run) = Arc::get_mut(&mut self) {
            run.keep = Arc::clone(keep);
        }
        self
    }

    /// What may be kept of its exchanges.
    #[must_use]
    pub fn keep(&self) -> &Arc<KeepBudget> {
        &self.keep
    }

    /// From now on nothing is sent any more but the clean-up.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.stopping.notify_waiters();
    }

    /// Takes note of whether a request found anybody there. A target that is gone would be told of with every request
    /// that is left, so the run ends.
    pub fn note_reached(&self, exchange: &Exchange) {
        match &exchange.outcome {
            Err(error @ (SendError::Connect { .. } | SendError::Dns { .. })) => {
                if self.unreached.fetch_add(1, Ordering::SeqCst) + 1 == GIVE_UP {
                    // Only the first reason counts.
                    let _ = self.gone.set(error.to_string());
                    self.stop();
                }
            }
            _ => self.unreached.store(0, Ordering::SeqCst),
        }
    }

    /// What happened, when the target is gone.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        self.gone.get().map(String::as_str)
    }

    /// Why nothing is sent any more.
    #[must_use]
    pub fn why_stopped(&self) -> &'static str {
        match self.gone() {
            Some(_) => "the target is gone",
            None => "interrupted",
        }
    }

    /// Waits, but not longer than until the run is stopped.
    pub async fn pause(&self, duration: Duration) {
        let stopping = self.stopping.notified();
        if self.is_stopped() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = stopping => {}
        }
    }

    /// Whether the run is being stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// A password that will be sent: it is masked in every record from now on.
    pub fn hide(&self, password: &Secret) {
        self.passwords().add(password);
    }

    /// Credentials of the run: they are masked in every record from now on.
    pub fn hide_credentials(&self, credentials: &[Secret]) {
        // A word that short is no secret, and hiding it would garble every answer.
        let secret = credentials
            .iter()
            .filter(|c| c.expose().len() >= SHORTEST_SECRET);
        for credential in secret {
            self.hide(credential);
        }
    }

    /// Every password that was sent, or will be.
    pub fn passwords(&self) -> MutexGuard<'_, Passwords> {
        self.passwords
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one exchange.
    pub fn count(&self) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    /// Exchanges so far.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// Waits for this request's turn.
    pub async fn turn(&self) {
        let Some(pace) = &self.pace else { return };
        let at = {
            let mut next = pace.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + pace.gap;
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// How long to wait for something of this kind. What never settled before in this run is not waited for
    /// again in full: a broken server would otherwise cost the bound at every step.
    #[must_use]
    pub fn settle_for(&self, kind: &str) -> Duration {
        let hopeless = self
            .never_settles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(kind);
        if hopeless {
            self.settle / 20
        } else {
            self.settle
        }
    }

    /// Remembers that something of this kind did not settle.
    pub fn never_settled(&self, kind: &str) {
        self.never_settles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kind.to_owned());
    }
}

/// Re-reads with growing pauses, up to a bound.
pub struct Settling {
    started: Instant,
    bound: Duration,
    pause: Duration,
    looks: u32,
}

impl Settling {
    /// Starts now.
    #[must_use]
    pub fn new(bound: Duration) -> Self {
        Self {
            started: Instant::now(),
            bound,
            pause: Duration::from_millis(20),
            looks: 0,
        }
    }

    /// Pauses before another look; false when the bound is reached.
    pub async fn again(&mut self) -> bool {
        let left = self.bound.saturating_sub(self.started.elapsed());
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(self.pause.min(left)).await;
        self.looks += 1;
        self.pause = (self.pause * 2).min(Duration::from_millis(400));
        true
    }

    /// Whether the first look was not enough.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        self.looks > 0
    }

    /// Time since the start.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }
}
