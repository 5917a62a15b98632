//! Which resources in an answer are the run's own; all others are masked before anything is stored.

use serde_json::{Map, Value};

use crate::exchange::{Exchange, mask_exchange};
use crate::okta::reading;
use crate::okta::request::Resource;
use crate::redact::{ForeignNames, Ownership, is_nobodys};

use super::ledger::Ledger;

/// The run's own resources: those in its ledger, and those that carry its id in their name, such as the one in
/// the very answer that is about to be claimed.
pub struct Own<'a> {
    /// What the run has made.
    pub ledger: &'a Ledger,
    /// Part of every name that the run makes.
    pub run_id: &'a str,
    /// The id of the resource that is being answered, when its name is ours: a 201 names it in `Location`, too,
    /// before the ledger knows it.
    pub here: Option<String>,
}

/// Whether a resource carries the run's id in its name. Another scenario of the run may list it before the one
/// that makes it has its answer, so the ledger alone does not tell.
#[must_use]
pub fn has_our_name(resource: &Map<String, Value>, run_id: &str) -> bool {
    ["userName", "displayName"].iter().any(|key| {
        resource
            .get(*key)
            .and_then(Value::as_str)
            .is_some_and(|n| n.to_ascii_lowercase().contains(run_id))
    })
}

impl Ownership for Own<'_> {
    fn owns_id(&self, id: &str) -> bool {
        self.here.as_deref() == Some(id) || self.ledger.knows_id(id) || is_nobodys(id)
    }

    fn owns_resource(&self, resource: &Map<String, Value>) -> bool {
        let owns = |id| match kind_of(resource) {
            // Where ids are small numbers, user 1 is another one than group 1.
            Some(kind) => self.ledger.knows(kind, id),
            None => self.owns_id(id),
        };
        has_our_name(resource, self.run_id)
            || resource.get("id").and_then(Value::as_str).is_some_and(owns)
    }
}

/// What a resource is, where it shows so.
fn kind_of(resource: &Map<String, Value>) -> Option<Resource> {
    let schemas = resource.get("schemas").and_then(Value::as_array);
    let has_schema = |end: &str| {
        let mut texts = schemas.into_iter().flatten().filter_map(Value::as_str);
        texts.any(|schema| schema.ends_with(end))
    };
    if resource.contains_key("userName") || has_schema("core:2.0:User") {
        Some(Resource::User)
    } else if resource.contains_key("members") || has_schema("core:2.0:Group") {
        Some(Resource::Group)
    } else {
        None
    }
}

/// Masks what is not the run's own.
pub fn strangers(exchange: &mut Exchange, ledger: &Ledger, run_id: &str, names: &ForeignNames) {
    let here = exchange
        .response()
        .and_then(|r| r.json())
        .filter(|json| json.as_object().is_some_and(|o| has_our_name(o, run_id)))
        .and_then(reading::id_of);
    mask_exchange(
        exchange,
        &Own {
            ledger,
            run_id,
            here,
        },
        names,
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_no_id_of_another_kind() {
        let ledger = Ledger::of_run("rabc12");
        ledger.named(Resource::Group, "1", "Crew rabc120000");
        let own = Own {
            ledger: &ledger,
            run_id: "rabc12",
            here: None,
        };
        assert!(own.owns_id("00000000-0000-4000-8000-000000000000"));
        assert!(!own.owns_id("5c7eee7f-d4f2-431b-ac9c-8ce0149e4c0d"));
        let table = [
            (
                json!({"id": "1", "userName": "stranger@elsewhere.test"}),
                false,
            ),
            (
                json!({"id": "1", "displayName": "???", "members": []}),
                true,
            ),
            (
                json!({"id": "2", "displayName": "Strangers", "members": []}),
                false,
            ),
            (
                json!({"id": "2", "userName": "ada.rabc120000@example.com"}),
                true,
            ),
        ];
        for (resource, is_own) in table {
            let resource = resource.as_object().unwrap();
            assert_eq!(own.owns_resource(resource), is_own, "{resource:?}");
        }
    }
}
