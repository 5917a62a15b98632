//! The server under test, as a whole run sees it: one transport or many, the request rate, what is owned, what stops.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::check::wire;
use crate::exchange::{Exchange, KeepBudget, SendError};
use crate::redact::{ForeignNames, Redactor, passwords};
use crate::secret::Secret;

use super::allowance::Allowance;
use super::deletions::Deletions;
use super::lanes::Lanes;
use super::ledger::Ledger;

/// Requests in a row that get no answer, before the target is taken for gone. Some servers refuse a connection or two in
/// a rush, and go on.
const GIVE_UP: u32 = 20;
/// How many of them must be reads. Some servers answer no create, and everything else.
const READS: u32 = 3;
/// Requests at the same time, where nobody has said another number.
const AT_ONCE: usize = 8;
/// Requests of the clean-up in a row that get no answer, once the run is stopped, before it gives up.
const GIVE_UP_CLEANING: u32 = 3;
/// How long the clean-up may take in all, once the run is stopped.
const LONGEST_CLEANING: Duration = Duration::from_secs(120);

/// Jobs that Okta runs side by side when an action names several users or groups; more were not recorded.
pub(super) const JOBS_OF_ONE_ACTION: usize = 3;

/// Shared by all scenarios of a run.
pub struct Run {
    /// Part of every name that the run makes; lower case.
    pub run_id: String,
    /// Host and port of the target, as far as its base URL is one.
    pub authority: Option<String>,
    /// What the run has made.
    pub ledger: Arc<Ledger>,
    /// Stable names for the ids of other people's resources.
    pub foreign_names: ForeignNames,
    /// The secrets of all scenarios: the list that one asks for shows the people of the others, too.
    pub secrets: Redactor,
    /// How long a write may take to become visible.
    pub settle: Duration,
    /// How long the run waits for a target that answers 429, for one request.
    pub patience: Duration,
    exchanges: AtomicU64,
    silence: Mutex<Silence>,
    gone: OnceLock<String>,
    /// Why what the run creates cannot be noted any more.
    unwritten: OnceLock<String>,
    /// Since when nothing is sent any more but the clean-up.
    stopped: OnceLock<Instant>,
    stopping: Notify,
    pace: Option<Pace>,
    never_settles: Mutex<HashSet<String>>,
    keep: Arc<KeepBudget>,
    /// Whether its answers to deletions can be believed.
    pub(super) deletions: Deletions,
    /// What is under way at the same time.
    pub lanes: Lanes,
    /// Okta's jobs that may be under way at the same time: each holds the answers that it builds on.
    jobs: Semaphore,
    /// How many users may be made.
    pub allowance: Arc<Allowance>,
}

/// Requests in a row without an answer.
#[derive(Default)]
struct Silence {
    requests: u32,
    reads: u32,
    since_stopped: u32,
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
        let secrets = Redactor::new();
        Self::keeping(run_id, base_url, ledger, settle, patience, rate, secrets)
    }

    /// Waits until so many jobs of one action can begin together. They end when what is returned is dropped.
    pub(super) async fn jobs_begin(&self, jobs: usize) -> Option<SemaphorePermit<'_>> {
        let jobs = jobs.min(JOBS_OF_ONE_ACTION);
        // It is never closed.
        let begin = self.jobs.acquire_many(u32::try_from(jobs).unwrap_or(1));
        self.or_stopped(begin).await?.ok()
    }

    /// The same with secrets that are shared with another run, such as the one at the second tenant.
    #[must_use]
    pub fn keeping(
        run_id: &str,
        base_url: &str,
        ledger: Ledger,
        settle: Duration,
        patience: Duration,
        rate: Option<f64>,
        secrets: Redactor,
    ) -> Arc<Self> {
        ledger.redact_by(&secrets);
        let gap = rate.filter(|r| r.is_finite() && *r > 0.0);
        let gap = gap.and_then(|r| Duration::try_from_secs_f64((1.0 / r).min(60.0)).ok());
        let pace = gap.map(|gap| Pace {
            gap,
            next: Mutex::new(Instant::now()),
        });
        Arc::new(Self {
            run_id: run_id.to_owned(),
            authority: wire::authority_of(base_url).map(str::to_owned),
            ledger: Arc::new(ledger),
            foreign_names: ForeignNames::new(),
            secrets,
            settle,
            patience,
            exchanges: AtomicU64::new(0),
            silence: Mutex::default(),
            gone: OnceLock::new(),
            unwritten: OnceLock::new(),
            stopped: OnceLock::new(),
            stopping: Notify::new(),
            pace,
            never_settles: Mutex::default(),
            keep: Arc::default(),
            deletions: Deletions::default(),
            lanes: Lanes::at_most(AT_ONCE),
            jobs: Semaphore::new(AT_ONCE),
            allowance: Arc::default(),
        })
    }

    /// The same, before anything else knows it, with what may be kept of its exchanges.
    #[must_use]
    pub fn within(mut self: Arc<Self>, keep: &Arc<KeepBudget>) -> Arc<Self> {
        if let Some(run) = Arc::get_mut(&mut self) {
            run.keep = Arc::clone(keep);
        }
        self
    }

    /// The same, before anything else knows it, with at most so many requests at the same time.
    #[must_use]
    pub fn at_once(mut self: Arc<Self>, requests: usize) -> Arc<Self> {
        if let Some(run) = Arc::get_mut(&mut self) {
            run.lanes = Lanes::at_most(requests);
            run.jobs = Semaphore::new(requests.max(JOBS_OF_ONE_ACTION));
        }
        self
    }

    /// The same, before anything else knows it, with the users that it may make.
    #[must_use]
    pub fn allowing(mut self: Arc<Self>, allowance: &Arc<Allowance>) -> Arc<Self> {
        if let Some(run) = Arc::get_mut(&mut self) {
            run.allowance = Arc::clone(allowance);
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
        // Only the first one counts.
        let _ = self.stopped.set(Instant::now());
        self.stopping.notify_waiters();
    }

    /// Takes note of whether a request got an answer. A target that is gone or silent would be told of with every
    /// request that is left, and each would be waited for, so the run ends.
    pub fn note_reached(&self, exchange: &Exchange) {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let error = match &exchange.outcome {
            Err(
                error @ (SendError::Connect { .. }
                | SendError::Dns { .. }
                | SendError::Tls { .. }
                | SendError::Closed { .. }
                | SendError::TimedOut { .. }),
            ) => error,
            // This side went away before anybody could answer, or sent nothing at all.
            Err(SendError::AnswerLost { status: None } | SendError::Unsendable { .. }) => return,
            Err(
                SendError::AnswerLost { status: Some(_) }
                | SendError::TooLarge { .. }
                | SendError::NotHttp { .. },
            )
            | Ok(_) => {
                *silence = Silence::default();
                return;
            }
        };
        let is_read = !exchange.request.method.is_write();
        silence.requests = silence.requests.saturating_add(1);
        silence.reads = silence.reads.saturating_add(u32::from(is_read));
        if self.is_stopped() {
            silence.since_stopped = silence.since_stopped.saturating_add(1);
        } else if silence.requests >= GIVE_UP && silence.reads >= READS {
            // Only the first reason counts.
            let _ = self.gone.set(error.to_string());
            self.stop();
        }
    }

    /// Whether the clean-up of a stopped run has tried for long enough.
    pub(super) fn has_cleaned_enough(&self) -> bool {
        let silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = self.stopped.get();
        stopped.is_some_and(|since| {
            silence.since_stopped >= GIVE_UP_CLEANING || since.elapsed() >= LONGEST_CLEANING
        })
    }

    /// What happened, when the target is gone.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        self.gone.get().map(String::as_str)
    }

    /// What the run creates cannot be noted: a crash would leave it behind for good, so the run ends.
    pub fn cannot_note(&self, why: String) {
        let _ = self.unwritten.set(why);
        self.stop();
    }

    /// Why what the run creates cannot be noted.
    #[must_use]
    pub fn unwritten(&self) -> Option<&str> {
        self.unwritten.get().map(String::as_str)
    }

    /// Why nothing is sent any more.
    #[must_use]
    pub fn why_stopped(&self) -> &'static str {
        match (self.unwritten(), self.gone()) {
            (Some(_), _) => "the ledger cannot be written",
            (None, Some(_)) => "the target is gone",
            (None, None) => "interrupted",
        }
    }

    /// Waits, but not longer than until the run is stopped.
    pub async fn pause(&self, duration: Duration) {
        self.or_stopped(tokio::time::sleep(duration)).await;
    }

    /// Completes when the run is stopped.
    pub async fn stopped(&self) {
        let mut stopping = std::pin::pin!(self.stopping.notified());
        // Whoever stops it from now on is heard, and whoever has stopped it is seen.
        stopping.as_mut().enable();
        if !self.is_stopped() {
            stopping.await;
        }
    }

    /// Whether the run is being stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Credentials of the run: they are in nothing that is kept from now on.
    pub fn hide_credentials(&self, credentials: &[Secret]) {
        for credential in credentials {
            self.secrets.add_credential(credential);
        }
    }

    /// A user's constant, which may be a password or hold one.
    pub fn hide_constant(&self, name: &str, value: &Value) {
        let named = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        for password in passwords::find(&named) {
            self.secrets.add_password(&Secret::new(password));
        }
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
            *next = at.checked_add(pace.gap).unwrap_or(at);
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
        if hopeless { self.brief() } else { self.settle }
    }

    /// Whether exactly this was waited for before, and never came: it is not waited for again.
    #[must_use]
    pub(super) fn is_hopeless(&self, what: &str) -> bool {
        let known = self.never_settles.lock();
        known.unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    /// A small part of the time in which a write becomes visible.
    pub(super) fn brief(&self) -> Duration {
        self.settle.checked_div(20).unwrap_or_default()
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
        self.looks = self.looks.saturating_add(1);
        self.pause = self.pause.saturating_mul(2).min(Duration::from_millis(400));
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
