//! Roles and entitlements: what Okta imports to govern who holds what
//! (<https://developer.okta.com/docs/guides/scim-with-entitlements/main/>).

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::answer::{Answer, Problem};
use super::ingest;
use super::patch;
use super::request::Incoming;
use super::resource::{self, Context};
use super::resource_type::Kind;
use super::store::{Id, Record, Store};

/// `POST /Roles`, `POST /Entitlements`: files a new role or entitlement; its id.
pub(super) fn insert(
    context: Context<'_>,
    store: &mut Store,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<Id, Problem> {
    let attributes = ingest::resource(context.resource_type(kind), body)?;
    named(&attributes)?;
    let id = context.policy.new_id(kind, store, &attributes);
    store
        .of_mut(kind)
        .insert(Record::new(id.clone(), attributes));
    Ok(id)
}

/// `PUT` or `PATCH` of `/Roles/{id}` or `/Entitlements/{id}`
pub(super) fn change(
    context: Context<'_>,
    store: &mut Store,
    kind: Kind,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let of = context.resource_type(kind);
    let body = incoming.object()?;
    let id = resource::changeable(context.policy, store, kind, id, &incoming.headers)?;
    let old = resource::visible(context.policy, store, kind, &id)?
        .attributes
        .to_map();
    let attributes = if incoming.method == Method::PUT {
        ingest::resource(of, body)?
    } else {
        let mut attributes = old.clone();
        for operation in patch::read(body)? {
            patch::apply(of, &mut attributes, &operation)?;
        }
        attributes
    };
    named(&attributes)?;
    if old != attributes {
        store.of_mut(kind).set_attributes(&id, attributes, &[]);
        if let Some(record) = store.of_mut(kind).get_mut(&id) {
            record.touch();
        }
    }
    let record = resource::visible(context.policy, store, kind, &id)?;
    let (status, query) = (StatusCode::OK, &incoming.query);
    Ok(resource::answer(
        context, store, kind, record, status, query,
    ))
}

fn named(attributes: &Map<String, Value>) -> Result<(), Problem> {
    match attributes.get("displayName").and_then(Value::as_str) {
        None | Some("") => Err(Problem::invalid_value("displayName is required")),
        Some(_) => Ok(()),
    }
}
