//! The bounds of one exchange: time between pieces, time in all, bytes of a body.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout};

use super::{SendError, Settings};

/// The two clocks that run from the start of an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    started: Instant,
    idle: Duration,
    total: Duration,
}

impl Bounds {
    /// Starts both clocks.
    pub(super) fn start(settings: &Settings) -> Self {
        Self {
            started: Instant::now(),
            idle: settings.idle_timeout,
            total: settings.total_timeout,
        }
    }

    /// Waits for one piece of the answer, no longer than either bound allows.
    pub(super) async fn within<F: Future>(&self, piece: F) -> Result<F::Output, SendError> {
        let left = self.total.saturating_sub(self.elapsed());
        let (wait, limit) = if self.idle < left {
            (self.idle, self.idle)
        } else {
            (left, self.total)
        };
        timeout(wait, piece)
            .await
            .map_err(|_| SendError::TimedOut { limit })
    }

    /// Since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Collects a body up to its limit.
#[derive(Debug)]
pub(super) struct Collected {
    bytes: BytesMut,
    limit: usize,
}

impl Collected {
    /// Nothing yet. `declared` is the length that the headers promise.
    pub(super) fn new(limit: usize, declared: Option<u64>) -> Result<Self, SendError> {
        if declared.is_some_and(|length| usize::try_from(length).map_or(true, |n| n > limit)) {
            return Err(SendError::TooLarge { limit });
        }
        Ok(Self {
            bytes: BytesMut::new(),
            limit,
        })
    }

    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), SendError> {
        if self.bytes.len().saturating_add(piece.len()) > self.limit {
            return Err(SendError::TooLarge { limit: self.limit });
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// How many bytes came so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The whole body.
    pub(super) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}
