//! Whether the target's answers to deletions can be believed.
//!
//! The clean-up reads what it has deleted. When the first of them are really gone, a later deletion that is answered
//! with success counts: the lists are read at the end of the run all the same, and show what is still there. When one
//! of them is not gone, each is read.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::okta::request::Resource;

/// So many of a kind must be gone.
const ENOUGH: u32 = 5;

/// What is deleted: some servers keep those who are inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Deleted {
    /// User or group.
    pub(super) resource: Resource,
    /// Okta has deactivated it before.
    pub(super) is_inactive: bool,
}

#[derive(Debug, Default)]
struct Record {
    gone: u32,
    is_doubtful: bool,
}

/// What became of deletions that were answered with success.
#[derive(Debug, Default)]
pub(super) struct Deletions(Mutex<HashMap<Deleted, Record>>);

impl Deletions {
    /// A read has shown whether it is gone.
    pub(super) fn note(&self, deleted: Deleted, is_gone: bool) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = records.entry(deleted).or_default();
        record.gone = record.gone.saturating_add(u32::from(is_gone));
        record.is_doubtful |= !is_gone;
    }

    /// Whether success means that it is gone.
    #[must_use]
    pub(super) fn are_believed(&self, deleted: Deleted) -> bool {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_doubtful = records.values().any(|record| record.is_doubtful);
        let gone = records.get(&deleted).map_or(0, |record| record.gone);
        !is_doubtful && gone >= ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Deleted = Deleted {
        resource: Resource::User,
        is_inactive: false,
    };
    const INACTIVE: Deleted = Deleted {
        is_inactive: true,
        ..USER
    };

    #[test]
    fn some_of_the_same_kind_must_be_gone() {
        let deletions = Deletions::default();
        for _ in 0..ENOUGH {
            assert!(!deletions.are_believed(USER));
            deletions.note(USER, true);
        }
        assert!(deletions.are_believed(USER));
        assert!(!deletions.are_believed(INACTIVE));
    }

    #[test]
    fn one_that_is_there_makes_all_doubtful() {
        let deletions = Deletions::default();
        for _ in 0..ENOUGH {
            deletions.note(USER, true);
        }
        deletions.note(INACTIVE, false);
        assert!(!deletions.are_believed(USER));
    }
}
