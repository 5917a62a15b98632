//! How much of bodies is kept while they pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::exchange::BODY_LIMIT;

/// The most that is kept of one body; `judge` reads no more.
const OF_ONE: usize = BODY_LIMIT;
/// The most that is kept of all bodies that are on their way.
const OF_ALL: usize = 128 * 1024 * 1024;

/// Room for the bodies that are on their way.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(OF_ALL)))
    }
}

impl Budget {
    fn take(&self, bytes: usize) -> bool {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        left.is_ok()
    }
}

/// A body, or its beginning.
#[derive(Debug)]
pub(super) struct KeptBody {
    bytes: Vec<u8>,
    /// Bytes of the whole body, without the sizes of chunks.
    length: u64,
    is_cut: bool,
    budget: Budget,
}

impl KeptBody {
    /// Nothing of it has come.
    pub(super) fn within(budget: &Budget) -> Self {
        Self {
            bytes: Vec::new(),
            length: 0,
            is_cut: false,
            budget: budget.clone(),
        }
    }

    /// A piece passes.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.length += piece.len() as u64;
        let fits = self.bytes.len() + piece.len() <= OF_ONE;
        // Once something is missing, what comes later would stand in the wrong place.
        if self.is_cut || !fits || !self.budget.take(piece.len()) {
            self.is_cut = true;
            return;
        }
        self.bytes.extend_from_slice(piece);
    }

    /// What is kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the whole body.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether some of it passed and was not kept.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl Drop for KeptBody {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_beyond_the_limit_is_kept_as_a_beginning() {
        let budget = Budget::default();
        let mut body = KeptBody::within(&budget);
        let piece = vec![b'x'; 1024 * 1024];
        for _ in 0..17 {
            body.push(&piece);
        }
        body.push(b"y");
        assert_eq!(body.bytes().len(), OF_ONE);
        assert_eq!(body.length(), 17 * 1024 * 1024 + 1);
        assert!(body.is_cut());
        drop(body);
        assert_eq!(budget.0.load(Ordering::Relaxed), OF_ALL);
    }

    #[test]
    fn all_bodies_together_have_a_bound() {
        let budget = Budget::default();
        let piece = vec![b'x'; OF_ONE];
        let mut bodies: Vec<KeptBody> = (0..9).map(|_| KeptBody::within(&budget)).collect();
        bodies.iter_mut().for_each(|body| body.push(&piece));
        let cut = bodies.iter().filter(|body| body.is_cut()).count();
        assert_eq!(cut, 1);
    }
}
