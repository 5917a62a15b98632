//! Which resources in an answer are the run's own; all others are masked before anything is stored.

use serde_json::{Map, Value};

use crate::exchange::{Exchange, ForeignNames, Ownership, mask_exchange};

use super::ledger::Ledger;

/// The run's own resources: those in its ledger, and those that carry its id in their name, such as the one in
/// the very answer that is about to be claimed.
pub struct Own<'a> {
    /// What the run has made.
    pub ledger: &'a Ledger,
    /// Part of every name that the run makes.
    pub run_id: &'a str,
}

impl Ownership for Own<'_> {
    fn owns_id(&self, id: &str) -> bool {
        self.ledger.owns_id(id)
    }

    fn owns_resource(&self, resource: &Map<String, Value>) -> bool {
        let named = ["userName", "displayName"].iter().any(|key| {
            resource
                .get(*key)
                .and_then(Value::as_str)
                .is_some_and(|n| n.to_ascii_lowercase().contains(self.run_id))
        });
        named
            || resource
                .get("id")
                .and_then(Value::as_str)
                .is_some_and(|id| self.owns_id(id))
    }
}

/// Masks what is not the run's own.
pub fn strangers(exchange: &mut Exchange, ledger: &Ledger, run_id: &str, names: &ForeignNames) {
    mask_exchange(exchange, &Own { ledger, run_id }, names);
}
