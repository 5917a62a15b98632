//! Which resources in an answer are the run's own; all others are masked before anything is stored.

use serde_json::{Map, Value};

use crate::exchange::{Exchange, ForeignNames, Ownership, mask_exchange};

use super::ledger::Ledger;

/// The run's own resources: those in its ledger, and those that carry its id in their name, such as the one in
/// the very answer that is about to be claimed.
struct Own<'a> {
    ledger: &'a Ledger,
    run_id: &'a str,
    /// The id in this answer, when the answer is a resource with our name.
    fresh: Option<String>,
}

/// Whether a resource carries the run's id in its name. Another scenario of the run may list it before the one
/// that makes it has its answer, so the ledger alone does not tell.
#[must_use]
pub fn has_our_name(resource: &Map<String, Value>, run_id: &str) -> bool {
    ["userName", "displayName"].iter().any(|key| {
        resource
            .get(*key)
            .and_then(Value::as_str)
            .is_some_and(|name| name.to_ascii_lowercase().contains(run_id))
    })
}

impl Ownership for Own<'_> {
    fn owns_id(&self, id: &str) -> bool {
        self.fresh.as_deref() == Some(id) || self.ledger.owns_id(id)
    }

    fn owns_resource(&self, resource: &Map<String, Value>) -> bool {
        has_our_name(resource, self.run_id)
            || resource
                .get("id")
                .and_then(Value::as_str)
                .is_some_and(|id| self.owns_id(id))
    }
}

/// Masks what is not the run's own. `run_id` is part of every name that the run makes.
pub fn strangers(exchange: &mut Exchange, ledger: &Ledger, run_id: &str, names: &ForeignNames) {
    let mut own = Own {
        ledger,
        run_id,
        fresh: None,
    };
    let answer = exchange
        .response()
        .and_then(|r| r.json())
        .and_then(Value::as_object);
    own.fresh = answer
        .filter(|resource| has_our_name(resource, run_id))
        .and_then(|resource| resource.get("id"))
        .and_then(Value::as_str)
        // Somebody else's id stays somebody else's, whatever name the answer puts on it.
        .filter(|id| !ledger.knows_id_as_foreign(id))
        .map(str::to_owned);
    mask_exchange(exchange, &own, names);
}
