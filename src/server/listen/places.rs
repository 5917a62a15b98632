//! Room for connections: bounded, and nobody who is idle keeps others out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// How often a newcomer looks again for somebody who has become idle.
const NEXT_LOOK: Duration = Duration::from_millis(50);

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// Somebody who has been busy with one request for longer gives way, too.
    longest: Duration,
    since: Instant,
    seats: Mutex<Seats>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<u64, Arc<Seat>>,
    next: u64,
}

/// What is known about one connection.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// Milliseconds after the start of the listener at which it last began or ended something.
    last: AtomicU64,
    /// Requests under way, counted until their answer has been handed over.
    busy: AtomicUsize,
    asked_to_leave: Notify,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    seat: Arc<Seat>,
}

/// A request under way; over when it is dropped.
#[derive(Debug)]
pub(super) struct Busy {
    places: Arc<Places>,
    seat: Arc<Seat>,
}

impl Places {
    pub(super) fn new(most: usize, longest: Duration) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            longest,
            since: Instant::now(),
            seats: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A place, once there is one. When all are taken, whoever has been idle longest must go.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.take_free() {
                return place;
            }
            self.dismiss();
            // Nobody is woken for a seat that merely became idle: hence the second look.
            let _ = timeout(NEXT_LOOK, self.freed.notified()).await;
        }
    }

    fn take_free(self: &Arc<Self>) -> Option<Place> {
        let now = self.now();
        let mut seats = self.seats();
        if seats.taken.len() >= self.most {
            return None;
        }
        let seat = Arc::new(Seat {
            last: AtomicU64::new(now),
            ..Seat::default()
        });
        let number = seats.next;
        seats.next = seats.next.saturating_add(1);
        seats.taken.insert(number, Arc::clone(&seat));
        Some(Place {
            places: Arc::clone(self),
            number,
            seat,
        })
    }

    fn dismiss(&self) {
        let too_long = u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX);
        let now = self.now();
        let seats = self.seats();
        let gone = seats.taken.iter().filter_map(|(number, seat)| {
            let last = seat.last.load(Ordering::Relaxed);
            let idle = seat.busy.load(Ordering::Relaxed) == 0;
            (idle || now.saturating_sub(last) > too_long).then_some(((!idle, last, *number), seat))
        });
        // Of two who have been idle equally long, whoever came first.
        if let Some((_, seat)) = gone.min_by_key(|(order, _)| *order) {
            seat.asked_to_leave.notify_one();
        }
    }
}

impl Place {
    /// Says that a request is under way.
    pub(super) fn busy(&self) -> Busy {
        Busy::new(Arc::clone(&self.places), Arc::clone(&self.seat))
    }

    /// Completes when somebody else needs the place more.
    pub(super) async fn asked_to_leave(&self) {
        self.seat.asked_to_leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.seats().taken.remove(&self.number);
        self.places.freed.notify_one();
    }
}

impl Busy {
    fn new(places: Arc<Places>, seat: Arc<Seat>) -> Self {
        seat.last.store(places.now(), Ordering::Relaxed);
        seat.busy.fetch_add(1, Ordering::Relaxed);
        Self { places, seat }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.seat.last.store(self.places.now(), Ordering::Relaxed);
        self.seat.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn the_one_who_was_idle_longest_gives_way() {
        let places = Places::new(3, LONG);
        let first = places.take().await;
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = places.take().await;
        let third = places.take().await;
        let _working = first.busy();
        let newcomer = places.take();
        tokio::pin!(newcomer);
        assert!(
            timeout(Duration::from_secs(1), &mut newcomer)
                .await
                .is_err()
        );
        second.asked_to_leave().await;
        assert!(
            timeout(Duration::from_millis(1), first.asked_to_leave())
                .await
                .is_err(),
            "who works stays"
        );
        drop(second);
        newcomer.await;
        drop(third);
    }

    #[tokio::test(start_paused = true)]
    async fn who_works_for_too_long_gives_way_in_the_end() {
        let places = Places::new(1, LONG);
        let only = places.take().await;
        let _working = only.busy();
        let newcomer = places.take();
        tokio::pin!(newcomer);
        assert!(timeout(LONG, &mut newcomer).await.is_err());
        assert!(timeout(LONG, &mut newcomer).await.is_err());
        only.asked_to_leave().await;
        drop(only);
        newcomer.await;
    }
}
