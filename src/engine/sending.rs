//! One request of a session on its way: whoever stops the run is not kept waiting for an answer, and a clean-up after
//! that does not wait for long.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::exchange::{Exchange, Leave, Request, SendError, Timing};
use crate::okta::drive::NotSent;
use crate::okta::request::{Call, Intent, Resource};
use crate::verdict::Origin;

use super::guard::{Aim, aim};
use super::session::Session;
use super::target::Run;

/// How long one request of a clean-up may take once the run is stopped.
const HURRIED: Duration = Duration::from_secs(3);

impl Session {
    /// Sends a request of the run's or the clean-up's. Once the run is stopped, only the clean-up sends, and a request
    /// that is under way is dropped: that is an answer which got lost, through our own doing.
    ///
    /// # Errors
    /// When the run is stopped, or the clean-up has waited long enough.
    pub(super) async fn send(&self, call: &Call, origin: Origin) -> Result<Exchange, NotSent> {
        if origin == Origin::Cleanup {
            return self.send_to_clean_up(call).await;
        }
        let run = &self.run;
        if run.is_stopped() || run.or_stopped(run.turn()).await.is_none() {
            return Err(NotSent::Stopped(run.why_stopped()));
        }
        self.take_place(call)?;
        let sending = self.through_a_lane(call);
        match run.or_stopped(sending).await {
            Some(exchange) => {
                run.note_reached(&exchange);
                Ok(exchange)
            }
            None => Ok(unanswered(
                call.request.clone(),
                SendError::AnswerLost { status: None },
            )),
        }
    }

    /// Sends a request whose answer is not read.
    ///
    /// # Errors
    /// When the run is stopped.
    pub(super) async fn send_unread(&self, call: &Call, leave: Leave) -> Result<Exchange, NotSent> {
        let run = &self.run;
        if run.is_stopped() || run.or_stopped(run.turn()).await.is_none() {
            return Err(NotSent::Stopped(run.why_stopped()));
        }
        self.take_place(call)?;
        run.count();
        let sending = self.transport.send_and_leave(call.request.clone(), leave);
        let exchange = run.or_stopped(sending).await.unwrap_or_else(|| {
            let error = SendError::AnswerLost { status: None };
            unanswered(call.request.clone(), error)
        });
        run.note_reached(&exchange);
        Ok(exchange)
    }

    /// Sends a request when there is room for it. What races is sent at once: it is there to be under way together.
    async fn through_a_lane(&self, call: &Call) -> Exchange {
        let run = &self.run;
        let lane = match self.is_racing() {
            true => None,
            false => Some(run.lanes.enter().await),
        };
        run.count();
        let started = Instant::now();
        let exchange = self.transport.send(call.request.clone()).await;
        if lane.is_some() {
            run.lanes.note(&exchange, started.elapsed());
        }
        exchange
    }

    async fn send_to_clean_up(&self, call: &Call) -> Result<Exchange, NotSent> {
        let run = &self.run;
        run.turn().await;
        if run.has_cleaned_enough() {
            return Err(NotSent::Stopped(run.why_stopped()));
        }
        let sending = self.through_a_lane(call);
        let exchange = match run.hurried(sending).await {
            Some(exchange) => exchange,
            None => unanswered(call.request.clone(), SendError::TimedOut { limit: HURRIED }),
        };
        run.note_reached(&exchange);
        Ok(exchange)
    }

    /// Counts a create of a user among those that the run may send.
    fn take_place(&self, call: &Call) -> Result<(), NotSent> {
        match aim(call) {
            Aim::New(Resource::User, _) if call.request.method.is_write() => {
                self.take_user_place().map_err(NotSent::Stopped)
            }
            _ => Ok(()),
        }
    }

    /// Counts one user more that is made now.
    ///
    /// # Errors
    /// Why none may be made.
    pub(super) fn take_user_place(&self) -> Result<(), &'static str> {
        self.run.allowance.take()?;
        self.users_sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A create that was dropped may have been done all the same: it is looked for at the end, or by a sweep.
    pub(super) fn lose_dropped(&self, call: &Call) {
        if let Intent::Create { resource, name, .. } = &call.intent {
            self.with_book(|book| book.lose(*resource, name));
        }
    }
}

impl Run {
    /// What comes of `work`, unless the run is stopped before.
    pub(super) async fn or_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.stopped() => None,
            done = work => Some(done),
        }
    }

    /// What comes of `work` of the clean-up: once the run is stopped, none if it does not come soon.
    async fn hurried<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = self.stopped() => {}
        }
        timeout(HURRIED, work).await.ok()
    }

    /// Waits before something is tried again. The clean-up of a stopped run waits as well, but not for long.
    ///
    /// # Errors
    /// When that would take too long.
    pub(super) async fn wait(&self, duration: Duration, origin: Origin) -> Result<(), NotSent> {
        if origin != Origin::Cleanup {
            self.pause(duration).await;
            return Ok(());
        }
        let until = Instant::now().checked_add(duration);
        self.pause(duration).await;
        if !self.is_stopped() {
            return Ok(());
        }
        match until.filter(|until| until.saturating_duration_since(Instant::now()) <= HURRIED) {
            Some(until) => {
                tokio::time::sleep_until(until).await;
                Ok(())
            }
            None => Err(NotSent::Stopped(self.why_stopped())),
        }
    }
}

fn unanswered(request: Request, error: SendError) -> Exchange {
    Exchange {
        request,
        outcome: Err(error),
        timing: Timing::default(),
    }
}
