//! The operations as JSON objects: one name under `operation`, and fields of its own.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::outcome::Refused;

/// What can be done behind Okta's back, to any service that takes the contract upon itself.
pub(super) const OUTSIDE: [&str; 9] = [
    "list-operations",
    "create-user",
    "update-user",
    "delete-user",
    "create-group",
    "update-group",
    "add-members",
    "remove-members",
    "delete-group",
];

/// What only the reference server can do.
pub(super) const OWN: [&str; 8] = [
    "seed",
    "dump",
    "reset",
    "list-faults",
    "set-faults",
    "set-chaos",
    "list-requests",
    "clear-requests",
];

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "operation",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(super) enum Operation {
    ListOperations {},
    CreateUser {
        user: Map<String, Value>,
    },
    UpdateUser {
        id: Option<String>,
        user_name: Option<String>,
        changes: Map<String, Value>,
    },
    DeleteUser {
        id: Option<String>,
        user_name: Option<String>,
    },
    CreateGroup {
        group: Map<String, Value>,
    },
    UpdateGroup {
        id: Option<String>,
        display_name: Option<String>,
        changes: Map<String, Value>,
    },
    AddMembers {
        id: Option<String>,
        display_name: Option<String>,
        members: Vec<String>,
    },
    RemoveMembers {
        id: Option<String>,
        display_name: Option<String>,
        members: Vec<String>,
    },
    DeleteGroup {
        id: Option<String>,
        display_name: Option<String>,
    },
    Seed {
        users: usize,
        groups: Option<usize>,
        seed: Option<u64>,
    },
    Dump {},
    Reset {},
    ListFaults {},
    SetFaults {
        faults: Vec<String>,
    },
    SetChaos {
        seed: Option<u64>,
        rate: u8,
    },
    ListRequests {
        after: Option<u64>,
    },
    ClearRequests {},
}

impl Operation {
    /// Reads an operation; every mistake is named.
    pub(super) fn read(value: &Value) -> Result<Self, Refused> {
        let Some(name) = value.get("operation").and_then(Value::as_str) else {
            return Err(Refused::bad_request(
                "an operation is a JSON object such as {\"operation\":\"list-operations\"}",
            ));
        };
        if !OUTSIDE.contains(&name) && !OWN.contains(&name) {
            return Err(Refused::unknown_operation(name));
        }
        Self::deserialize(value).map_err(|e| Refused::bad_request(format!("{name}: {e}")))
    }
}
