//! Answers to reads that still hold: the scenario has written nothing since.
//!
//! A look at what was just read tells nothing new, and costs a round trip.

use std::collections::HashMap;

use super::session::Sent;

/// Larger answers are not held twice.
const MOST_BYTES: usize = 64 * 1024;
/// More than a scenario reads between two writes.
const MOST: usize = 200;

/// How a read may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// By an answer that still holds.
    Known,
    /// By the target, now.
    Fresh,
}

/// Answers to GET requests, by their targets.
#[derive(Debug, Default)]
pub struct Answers(HashMap<String, Sent>);

impl Answers {
    /// An answer has come.
    pub fn note(&mut self, sent: &Sent) {
        let Some(response) = sent.exchange.response() else {
            return;
        };
        if response.is_success() && response.body.bytes.len() <= MOST_BYTES && self.0.len() < MOST {
            let target = sent.exchange.request.target.clone();
            self.0.insert(target, sent.clone());
        }
    }

    /// Something is written: none holds any more.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// The answer to a GET of `target` that still holds.
    #[must_use]
    pub fn known(&self, target: &str) -> Option<Sent> {
        self.0.get(target).cloned()
    }
}
