//! A stored record as a client sees it, and what users and groups have in common.

use http::StatusCode;
use http::header::{self, HeaderMap};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem};
use super::policy::Policy;
use super::projection;
use super::request::{Incoming, Query};
use super::resource_type::{Kind, ResourceType, ResourceTypes};
use super::route::percent_encode;
use super::store::{Id, Record, Store};

/// What every operation needs beside the store.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) policy: &'a Policy,
    /// Without a slash at the end.
    pub(super) base_url: &'a str,
    pub(super) types: &'a ResourceTypes,
}

impl Context<'_> {
    /// The resource type of that kind.
    pub(super) fn resource_type(self, kind: Kind) -> ResourceType {
        self.types.get(kind)
    }
}

/// The resource as it is answered (RFC 7643, 3).
pub(super) fn render(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    record: &Record,
) -> Map<String, Value> {
    let mut schemas = vec![Value::from(kind.schema().urn)];
    let extensions = context.resource_type(kind).extensions().iter();
    schemas.extend(
        extensions
            .map(|extension| extension.schema.urn)
            .filter(|urn| record.attributes.contains_key(*urn))
            .map(Value::from),
    );
    let mut resource = Map::new();
    resource.insert("schemas".into(), schemas.into());
    resource.insert("id".into(), (*record.id).into());
    for (name, value) in &record.attributes {
        resource.insert(name.clone(), value.clone());
    }
    match kind {
        Kind::User => {
            let groups = store.groups_of(&record.id);
            let groups = groups
                .filter(|_| context.policy.keeps_groups_of_users())
                .map(|group| reference(context, Kind::Group, group));
            resource.insert("groups".into(), groups.collect());
            if let Some(password) = &record.password
                && context.policy.shows_passwords()
            {
                resource.insert("password".into(), password.expose().into());
            }
        }
        Kind::Group => {
            let members = record.members.iter();
            let members = members.map(|member| Value::Object(member.to_json()));
            resource.insert("members".into(), members.collect());
        }
        Kind::Role | Kind::Entitlement => {}
    }
    resource.insert("meta".into(), meta(context, kind, record));
    resource
}

fn reference(context: Context<'_>, kind: Kind, record: &Record) -> Value {
    json!({
        "value": *record.id,
        "$ref": location(context, kind, &record.id),
        "display": record.text("displayName"),
        "type": "direct",
    })
}

fn meta(context: Context<'_>, kind: Kind, record: &Record) -> Value {
    json!({
        "resourceType": kind.name(),
        "created": format!("{:.3}", record.created),
        "lastModified": format!("{:.3}", record.modified),
        "location": location(context, kind, &record.id),
        "version": version(record),
    })
}

/// The resource's URL.
pub(super) fn location(context: Context<'_>, kind: Kind, id: &str) -> String {
    let id = percent_encode(id);
    format!("{}{}/{id}", context.base_url, kind.endpoint())
}

/// The weak entity tag (RFC 7644, 3.14).
fn version(record: &Record) -> String {
    format!("W/\"{}\"", record.version)
}

/// Answers one resource.
pub(super) fn answer(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    record: &Record,
    status: StatusCode,
    query: &Query,
) -> Answer {
    let mut resource = render(context, store, kind, record);
    projection::apply(context.resource_type(kind), &mut resource, query);
    let location = location(context, kind, &record.id);
    let answer = Answer::json(status, Value::Object(resource))
        .with_header(header::ETAG, version(record))
        // RFC 7643, 3.1: the same as meta.location.
        .with_header(header::CONTENT_LOCATION, location.as_str());
    if status == StatusCode::CREATED {
        return answer.with_header(header::LOCATION, location);
    }
    answer
}

/// The record with that id, unless the policy hides it.
pub(super) fn visible<'s>(
    policy: &Policy,
    store: &'s Store,
    kind: Kind,
    id: &str,
) -> Result<&'s Record, Problem> {
    store
        .of(kind)
        .get(id)
        .filter(|record| policy.shows(record))
        .ok_or_else(|| Problem::not_found(id))
}

/// `GET /Users/{id}`, with `If-None-Match` (RFC 7644, 3.14).
pub(super) fn get(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let record = visible(context.policy, store, kind, id)?;
    if header_names(&incoming.headers, header::IF_NONE_MATCH, record) {
        return Ok(
            Answer::empty(StatusCode::NOT_MODIFIED).with_header(header::ETAG, version(record))
        );
    }
    let query = &incoming.query;
    Ok(answer(context, store, kind, record, StatusCode::OK, query))
}

/// The id of the record that a PUT, PATCH or DELETE changes, if `If-Match` and
/// `If-None-Match` allow it.
pub(super) fn changeable(
    policy: &Policy,
    store: &Store,
    kind: Kind,
    id: &str,
    headers: &HeaderMap,
) -> Result<Id, Problem> {
    let record = visible(policy, store, kind, id)?;
    let matches =
        !headers.contains_key(header::IF_MATCH) || header_names(headers, header::IF_MATCH, record);
    // RFC 9110, 13.1.2: a write with If-None-Match is refused where a GET would be 304.
    if !matches || header_names(headers, header::IF_NONE_MATCH, record) {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "The resource has changed since",
        ));
    }
    Ok(record.id.clone())
}

/// Whether one of the header's entity tags is the record's, compared weakly.
fn header_names(headers: &HeaderMap, name: header::HeaderName, record: &Record) -> bool {
    let current = format!("\"{}\"", record.version);
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current)
}

/// `DELETE /Users/{id}` (RFC 7644, 3.6).
pub(super) fn delete(
    context: Context<'_>,
    store: &mut Store,
    kind: Kind,
    id: &str,
    headers: &HeaderMap,
) -> Result<Answer, Problem> {
    let id = changeable(context.policy, store, kind, id, headers)?;
    if context.policy.leaves_ghosts(kind)
        && let Some(record) = store.of_mut(kind).get_mut(&id)
    {
        record.ghost = true;
    } else {
        store.remove(kind, &id);
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The refusal of a change that changes nothing, by servers that refuse it.
pub(super) fn no_change() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "No valid fields to update")
}
