//! How many users a run may make: in all, and how many of them may be there at a time.
//!
//! What a scenario needs is known before, so those that do not fit are not run. What is really sent is counted all the
//! same: no plan knows how often a refused create is tried again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Why nothing more is made.
pub(super) const TOO_MANY: &str =
    "it would make more users than --max-users allows; raise --max-users";
/// Why nothing more is made at present.
pub(super) const TOO_MANY_AT_ONCE: &str =
    "it would make more users than may be there at a time; raise --max-users-at-once";

/// What a run may make, and has made.
#[derive(Default)]
pub struct Allowance {
    most: Option<u64>,
    most_at_once: Option<u64>,
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Default)]
struct Counts {
    /// Creates of users that were sent.
    sent: u64,
    /// Of these, those whose user may still be there.
    there: u64,
    /// Places that scenarios hold which are being played.
    held: u64,
    /// Users that could not be removed.
    stuck: u64,
}

impl Allowance {
    /// At most so many users in all, and so many at a time.
    #[must_use]
    pub fn of(most: Option<u64>, most_at_once: Option<u64>) -> Self {
        Self {
            most,
            most_at_once,
            ..Self::default()
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room for the users of a scenario.
    ///
    /// # Errors
    /// Why there will be none.
    pub(super) async fn hold(&self, users: u64) -> Result<(), String> {
        let Some(most) = self.most_at_once else {
            return Ok(());
        };
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Whoever frees a place from now on is heard.
            freed.as_mut().enable();
            {
                let mut counts = self.counts();
                if users.saturating_add(counts.stuck) > most {
                    return Err(format!(
                        "needs {users} users, and {} that could not be removed take up places; \
                         raise --max-users-at-once (now {most})",
                        counts.stuck
                    ));
                }
                let taken = counts.held.saturating_add(counts.stuck);
                if taken.saturating_add(users) <= most {
                    counts.held = counts.held.saturating_add(users);
                    return Ok(());
                }
            }
            freed.await;
        }
    }

    /// A scenario is over that held room for so many users, has sent so many creates, and has left so many users.
    pub(super) fn free(&self, held: u64, sent: u64, left: u64) {
        let mut counts = self.counts();
        if self.most_at_once.is_some() {
            counts.held = counts.held.saturating_sub(held);
        }
        counts.there = counts.there.saturating_sub(sent.saturating_sub(left));
        counts.stuck = counts.stuck.saturating_add(left);
        drop(counts);
        self.freed.notify_waiters();
    }

    /// Counts one create of a user that is about to be sent.
    ///
    /// # Errors
    /// Why it may not be sent.
    pub(super) fn take(&self) -> Result<(), &'static str> {
        let mut counts = self.counts();
        if self.most.is_some_and(|most| counts.sent >= most) {
            return Err(TOO_MANY);
        }
        if self.most_at_once.is_some_and(|most| counts.there >= most) {
            return Err(TOO_MANY_AT_ONCE);
        }
        counts.sent = counts.sent.saturating_add(1);
        counts.there = counts.there.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_made_than_allowed() {
        let all = Allowance::of(Some(2), None);
        assert_eq!(all.take(), Ok(()));
        assert_eq!(all.take(), Ok(()));
        all.free(2, 2, 0);
        assert_eq!(all.take(), Err(TOO_MANY));
        let at_once = Allowance::of(None, Some(1));
        assert_eq!(at_once.take(), Ok(()));
        assert_eq!(at_once.take(), Err(TOO_MANY_AT_ONCE));
        at_once.free(1, 1, 0);
        assert_eq!(at_once.take(), Ok(()));
        at_once.free(1, 1, 1);
        assert_eq!(at_once.take(), Err(TOO_MANY_AT_ONCE), "it is still there");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_fit_waits_or_is_told() {
        let allowance = Allowance::of(None, Some(3));
        assert_eq!(allowance.hold(2).await, Ok(()));
        let second = tokio::time::timeout(std::time::Duration::from_secs(1), allowance.hold(2));
        assert!(second.await.is_err(), "there is no room yet");
        let waiting = allowance.hold(2);
        let freeing = async { allowance.free(2, 2, 0) };
        let (held, ()) = tokio::join!(waiting, freeing);
        assert_eq!(held, Ok(()));
        allowance.free(2, 2, 2);
        let told = allowance.hold(2).await.unwrap_err();
        assert!(told.contains("raise --max-users-at-once (now 3)"), "{told}");
        assert_eq!(allowance.hold(1).await, Ok(()));
    }
}
