//! A stored record as a client sees it, and what users and groups have in common.

use http::StatusCode;
use http::header::{self, HeaderMap};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::{Answer, Problem, SCIM_JSON};
use super::object::{Object, Text, Tree};
use super::policy::Policy;
use super::projection::Projection;
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

/// Bytes that Okta's default user takes in an answer, and then some.
pub(super) const USUAL_SIZE: usize = 1024;

impl Context<'_> {
    /// Whether answers go out as they are written: nobody leaves a part of them out, and no
    /// fault changes them.
    pub(super) fn writes_text(self, projection: &Projection<'_>) -> bool {
        self.policy.is_known_good() && projection.is_whole()
    }
}

/// The resource as it is answered (RFC 7643, 3), or the wanted parts of it.
pub(super) fn render(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    record: &Record,
    wanted: impl Fn(&str) -> bool,
) -> Map<String, Value> {
    let mut tree = Tree::new(wanted);
    describe(context, store, kind, record, &mut tree);
    tree.object
}

/// Writes the whole resource as it is answered.
pub(super) fn write(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    record: &Record,
    out: &mut Vec<u8>,
) {
    let mut text = Text::new(out);
    describe(context, store, kind, record, &mut text);
    text.end();
}

fn describe(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    record: &Record,
    object: &mut impl Object,
) {
    if object.wants("schemas") {
        let extensions = context.resource_type(kind).extensions().iter();
        let extensions = extensions.map(|extension| extension.schema.urn);
        let extensions = extensions.filter(|urn| record.attributes.has_extension(urn));
        let schemas: Vec<&str> = [kind.schema().urn].into_iter().chain(extensions).collect();
        object.put("schemas", &schemas);
    }
    if object.wants("id") {
        object.put("id", &*record.id);
    }
    object.put_attributes(&record.attributes);
    match kind {
        Kind::User => {
            if object.wants("groups") {
                let groups = store.groups_of(&record.id);
                let groups: Vec<Reference> = groups
                    .filter(|_| context.policy.keeps_groups_of_users())
                    .map(|group| Reference::to(context, Kind::Group, group))
                    .collect();
                object.put("groups", &groups);
            }
            if let Some(password) = &record.password
                && context.policy.shows_passwords()
            {
                object.put("password", password.expose());
            }
        }
        Kind::Group => {
            if object.wants("members") {
                object.put("members", &record.members);
            }
        }
        Kind::Role | Kind::Entitlement => {}
    }
    if object.wants("meta") {
        object.put("meta", &Meta::of(context, kind, record));
    }
}

/// A group among the `groups` of a user.
#[derive(Serialize)]
struct Reference<'r> {
    value: &'r str,
    #[serde(rename = "$ref")]
    location: String,
    display: Option<String>,
    r#type: &'static str,
}

impl<'r> Reference<'r> {
    fn to(context: Context<'_>, kind: Kind, record: &'r Record) -> Self {
        Self {
            value: &record.id,
            location: location(context, kind, &record.id),
            display: record.text("displayName"),
            r#type: "direct",
        }
    }
}

/// RFC 7643, 3.1.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    created: String,
    last_modified: String,
    location: String,
    version: String,
}

impl Meta {
    fn of(context: Context<'_>, kind: Kind, record: &Record) -> Self {
        Self {
            resource_type: kind.name(),
            created: format!("{:.3}", record.created),
            last_modified: format!("{:.3}", record.modified),
            location: location(context, kind, &record.id),
            version: version(record),
        }
    }
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
    let projection = Projection::of(context.resource_type(kind), query);
    let mut answer = if context.writes_text(&projection) {
        let mut text = Vec::with_capacity(USUAL_SIZE);
        write(context, store, kind, record, &mut text);
        Answer::raw(status, SCIM_JSON, text)
    } else {
        let mut resource = render(context, store, kind, record, |name| projection.wants(name));
        projection.apply(&mut resource);
        Answer::json(status, Value::Object(resource))
    };
    answer.id = Some(record.id.clone());
    let location = location(context, kind, &record.id);
    let answer = answer
        .with_header(header::ETAG, version(record))
        // RFC 7643, 3.1: the same as meta.location.
        .with_header(header::CONTENT_LOCATION, location.as_str());
    if status == StatusCode::CREATED {
        return answer.with_header(header::LOCATION, location);
    }
    answer
}

/// The answer to a change that does not show the resource.
pub(super) fn no_content(record: &Record) -> Answer {
    let mut answer = Answer::empty(StatusCode::NO_CONTENT);
    answer.id = Some(record.id.clone());
    answer.with_header(header::ETAG, version(record))
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
