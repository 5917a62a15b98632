//! What an administrator of the service does behind Okta's back. Faults have no part in it: they
//! are about what SCIM clients see.

use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::outcome::{Outcome, Refused};
use crate::server::index::Indexed;
use crate::server::policy::Policy;
use crate::server::request::{Incoming, Query};
use crate::server::resource;
use crate::server::resource_type::Kind;
use crate::server::route::Route;
use crate::server::store::{Id, Store};
use crate::server::tenant::{SeedError, Tenant};
use crate::server::{groups, users};

/// Which user or group is meant: by its id, or by the name that people know it by.
pub(super) struct Which {
    pub(super) kind: Kind,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

impl Which {
    pub(super) fn user(id: Option<String>, name: Option<String>) -> Self {
        let kind = Kind::User;
        Self { kind, id, name }
    }

    pub(super) fn group(id: Option<String>, name: Option<String>) -> Self {
        let kind = Kind::Group;
        Self { kind, id, name }
    }

    /// The id; it goes before the name where both are given.
    fn find(&self, store: &Store) -> Result<Id, Refused> {
        let (word, indexed, name) = match self.kind {
            Kind::User => ("user", Indexed::UserName, "userName"),
            _ => ("group", Indexed::DisplayName, "displayName"),
        };
        match (&self.id, &self.name) {
            (Some(id), _) => match store.of(self.kind).get(id) {
                Some(record) => Ok(record.id.clone()),
                None => Err(Refused::not_found(format!("there is no {word} {id:?}"))),
            },
            (None, Some(wanted)) => {
                let mut found = store.of(self.kind).lookup(indexed, wanted);
                match (found.next(), found.count()) {
                    (None, _) => Err(Refused::not_found(format!(
                        "there is no {word} with the {name} {wanted:?}"
                    ))),
                    (Some(record), 0) => Ok(record.id.clone()),
                    (Some(_), others) => Err(Refused::conflict(format!(
                        "{} {word}s have the {name} {wanted:?}; give the id",
                        others.saturating_add(1)
                    ))),
                }
            }
            (None, None) => Err(Refused::bad_request(format!(
                "which {word}? give its id or its {name}"
            ))),
        }
    }
}

fn id_of(id: &str) -> Map<String, Value> {
    Map::from_iter([("id".to_owned(), id.into())])
}

/// What came of putting a resource in.
pub(super) fn created(outcome: Result<String, SeedError>) -> Outcome {
    match outcome {
        Ok(id) => Ok(id_of(&id)),
        Err(error) if error.is_taken() => Err(Refused::conflict(error.detail())),
        Err(error) => Err(Refused::bad_request(error.detail())),
    }
}

/// Sets attributes; `null` takes one away.
pub(super) fn update(tenant: &Tenant, which: &Which, changes: Map<String, Value>) -> Outcome {
    if changes.is_empty() {
        return Err(Refused::bad_request("changes is empty"));
    }
    patch(tenant, which, json!({"op": "replace", "value": changes}))
}

pub(super) fn add_members(tenant: &Tenant, which: &Which, members: &[String]) -> Outcome {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    patch(
        tenant,
        which,
        json!({"op": "add", "path": "members", "value": members}),
    )
}

/// Who is no member is passed over.
pub(super) fn remove_members(tenant: &Tenant, which: &Which, members: &[String]) -> Outcome {
    let mut store = tenant.write();
    let id = which.find(&store)?;
    let mut journal = Vec::new();
    if let Some(record) = store.of_mut(which.kind).get_mut(&id) {
        for member in members {
            record.members.remove(member, &mut journal);
        }
        if !journal.is_empty() {
            record.touch();
        }
    }
    store.follow(&id, &journal);
    Ok(id_of(&id))
}

fn patch(tenant: &Tenant, which: &Which, operation: Value) -> Outcome {
    let policy = Policy::default();
    let context = tenant.context(&policy);
    let mut store = tenant.write();
    let id = which.find(&store)?;
    let incoming = Incoming {
        method: Method::PATCH,
        route: Route::Resource(which.kind, id.to_string()),
        query: Query::default(),
        headers: HeaderMap::new(),
        body: Some(json!({"Operations": [operation]})),
    };
    match which.kind {
        Kind::User => users::modify(context, &mut store, &id, &incoming)?,
        _ => groups::modify(context, &mut store, &id, &incoming)?,
    };
    Ok(id_of(&id))
}

pub(super) fn delete(tenant: &Tenant, which: &Which) -> Outcome {
    let mut store = tenant.write();
    let id = which.find(&store)?;
    store.remove(which.kind, &id);
    Ok(id_of(&id))
}

/// Everything that there is, as a known-good server answers it, and what SCIM did not create.
pub(super) fn dump(tenant: &Tenant) -> Map<String, Value> {
    let policy = Policy::default();
    let context = tenant.context(&policy);
    let store = tenant.read();
    let mut dump = Map::new();
    let mut local = Vec::new();
    for kind in Kind::ALL {
        let mut resources = Vec::new();
        for record in store.of(kind).iter().filter(|record| !record.ghost) {
            let resource = resource::render(context, &store, kind, record, |_| true);
            resources.push(Value::Object(resource));
            if record.seeded {
                local.push(Value::from(&*record.id));
            }
        }
        let name = kind.endpoint().trim_start_matches('/');
        dump.insert(name.to_ascii_lowercase(), resources.into());
    }
    dump.insert("local".to_owned(), local.into());
    dump
}
