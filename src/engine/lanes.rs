//! How many requests are under way at the same time: more while the target answers as fast as before, fewer when it
//! gets slower or says that it is too much.
//!
//! A target far away is mostly waited for, and a small one is soon overrun. Nobody has to know which one it is.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "small numbers, bounded above and below"
)]

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::exchange::{Exchange, Method, Request};

/// How many at first.
const FIRST: usize = 4;
/// Never fewer, unless the user wants fewer.
const FEWEST: usize = 2;
/// So many times as slow as the best answer of its kind is slower.
const SLOWER: f64 = 2.0;
/// So many times is as fast as before.
const AS_FAST: f64 = 1.5;
/// What an answer may take longer without being slower: the clock of a busy machine.
const JITTER: Duration = Duration::from_millis(20);
/// The best answer counts for less with each one that comes: a target may get slower for other reasons than this run.
const FORGETTING: f64 = 1.01;

/// What takes about the same time at a target.
type Kind = (Method, Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    One,
    LookUp,
    List,
}

fn kind(request: &Request) -> Kind {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.target.as_str(), ""),
    };
    let shape = if query.contains("filter=") {
        Shape::LookUp
    } else if request.method == Method::Get && !path.trim_matches('/').contains('/') {
        Shape::List
    } else {
        Shape::One
    };
    (request.method, shape)
}

/// Lanes to the target.
#[derive(Debug)]
pub struct Lanes {
    most: usize,
    free: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Lanes that are open.
    open: usize,
    /// Lanes that close when what is under way there has ended.
    closing: usize,
    /// Nothing has ever been too much: the number may still grow fast.
    is_first_rise: bool,
    best: HashMap<Kind, f64>,
    window: Window,
}

impl State {
    /// How many times as slow as the best answer of its kind one was that took so many seconds.
    fn slowness(&mut self, kind: Kind, took: f64) -> f64 {
        let best = self.best.entry(kind).or_insert(took.max(1e-6));
        *best = (*best * FORGETTING).min(took).max(1e-6);
        if took <= *best + JITTER.as_secs_f64() {
            1.0
        } else {
            took / *best
        }
    }
}

/// The answers since the last change.
#[derive(Debug, Default)]
struct Window {
    answers: usize,
    /// Sum of how many times as slow as the best they were.
    slowness: f64,
    is_too_much: bool,
}

/// A lane that is taken.
#[derive(Debug)]
pub struct Lane<'a> {
    lanes: &'a Lanes,
    permit: Option<SemaphorePermit<'a>>,
}

impl Lanes {
    /// At most so many.
    #[must_use]
    pub fn at_most(most: usize) -> Self {
        let most = most.max(1);
        let open = FIRST.min(most);
        Self {
            most,
            free: Semaphore::new(open),
            state: Mutex::new(State {
                open,
                closing: 0,
                is_first_rise: true,
                best: HashMap::new(),
                window: Window::default(),
            }),
        }
    }

    /// Waits for a free one.
    pub async fn enter(&self) -> Lane<'_> {
        Lane {
            lanes: self,
            // Closed never.
            permit: self.free.acquire().await.ok(),
        }
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.state().open
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of an answer, or that none came, and opens or closes lanes when a round of them is in.
    pub fn note(&self, exchange: &Exchange, took: Duration) {
        let is_too_much = match &exchange.outcome {
            Ok(response) => matches!(response.status, 429 | 503),
            Err(_) => true,
        };
        let mut state = self.state();
        let slowness = if is_too_much {
            1.0
        } else {
            state.slowness(kind(&exchange.request), took.as_secs_f64())
        };
        state.window.answers += 1;
        state.window.slowness += slowness;
        state.window.is_too_much |= is_too_much;
        if state.window.answers < state.open && !is_too_much {
            return;
        }
        let window = std::mem::take(&mut state.window);
        #[allow(clippy::cast_precision_loss, reason = "a few dozen")]
        let slowness = window.slowness / window.answers.max(1) as f64;
        let open = state.open;
        let wanted = if window.is_too_much {
            open / 2
        } else if slowness > SLOWER {
            open - 1
        } else if slowness > AS_FAST {
            open
        } else if state.is_first_rise {
            open + open / 2
        } else {
            open + 1
        };
        if wanted < open {
            state.is_first_rise = false;
        }
        self.set(&mut state, wanted);
    }

    fn set(&self, state: &mut State, wanted: usize) {
        let wanted = wanted.clamp(FEWEST.min(self.most), self.most);
        if wanted > state.open {
            let more = wanted - state.open;
            let kept = more.min(state.closing);
            state.closing -= kept;
            self.free.add_permits(more - kept);
        } else {
            let fewer = state.open - wanted;
            let closed = self.free.forget_permits(fewer);
            state.closing += fewer - closed;
        }
        state.open = wanted;
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        if state.closing > 0
            && let Some(permit) = self.permit.take()
        {
            state.closing -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::{Body, Response, SendError, Timing};

    fn answered(status: u16) -> Exchange {
        Exchange {
            request: Request {
                method: Method::Get,
                target: "/Users/1".to_owned(),
                headers: Vec::new(),
                body: None,
            },
            outcome: Ok(Response {
                status,
                headers: Vec::new(),
                body: Body::read(Bytes::new(), None),
            }),
            timing: Timing::default(),
        }
    }

    fn after(lanes: &Lanes, answers: usize, took: u64) -> usize {
        for _ in 0..answers {
            lanes.note(&answered(200), Duration::from_millis(took));
        }
        lanes.open()
    }

    #[test]
    fn more_while_it_is_as_fast_and_never_more_than_allowed() {
        let lanes = Lanes::at_most(16);
        assert_eq!(lanes.open(), 4);
        assert_eq!(after(&lanes, 4, 100), 6);
        assert_eq!(after(&lanes, 6, 110), 9);
        assert_eq!(after(&lanes, 500, 100), 16);
        assert_eq!(after(&Lanes::at_most(1), 500, 100), 1);
        assert_eq!(after(&Lanes::at_most(3), 500, 100), 3);
    }

    #[test]
    fn fewer_when_it_gets_slower() {
        let lanes = Lanes::at_most(16);
        let open = after(&lanes, 100, 100);
        assert_eq!(open, 16);
        assert_eq!(after(&lanes, 16, 500), 15);
        assert!(after(&lanes, 40, 500) < 15);
        assert!(after(&lanes, 400, 100) >= 15, "it may be fast again");
    }

    #[test]
    fn half_when_it_is_too_much() {
        let lanes = Lanes::at_most(16);
        after(&lanes, 100, 100);
        lanes.note(&answered(429), Duration::from_millis(1));
        assert_eq!(lanes.open(), 8);
        let mut none = answered(200);
        none.outcome = Err(SendError::Closed {
            reason: "no answer came".to_owned(),
        });
        for _ in 0..10 {
            lanes.note(&none, Duration::from_millis(1));
        }
        assert_eq!(lanes.open(), FEWEST);
        assert_eq!(after(&lanes, 2, 100), 3, "carefully, from now on");
    }

    #[tokio::test]
    async fn a_lane_that_is_taken_closes_when_it_is_left() {
        let lanes = Lanes::at_most(16);
        let taken = [
            lanes.enter().await,
            lanes.enter().await,
            lanes.enter().await,
        ];
        lanes.note(&answered(503), Duration::from_millis(1));
        assert_eq!(lanes.open(), 2);
        assert_eq!(lanes.free.available_permits(), 0);
        drop(taken);
        assert_eq!(lanes.free.available_permits(), 2);
    }
}
