//! Faults in what Okta seldom or never sends: other spellings, forms, parameters and headers.

use std::collections::HashSet;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Map, Value};

use super::Fault;
use super::body::{idle, operations, operations_mut};
use super::rewrite::path_of;
use crate::scim::{Comparison, ErrorType, Filter, Literal, PatchPath};
use crate::server::answer::{Answer, Problem};
use crate::server::policy::Policy;
use crate::server::request::Incoming;
use crate::server::resource_type::Kind;
use crate::server::route::Route;
use crate::server::store::Store;
use crate::server::{limits, listing};

/// Refuses a request whose route may not exist.
pub(in crate::server) fn by_line(
    policy: &Policy,
    method: &Method,
    path: &str,
) -> Result<(), Problem> {
    let odd = matches!(*method, Method::HEAD | Method::OPTIONS);
    if policy.has(Fault::OddMethods500) && odd
        || policy.has(Fault::RootPath500) && path.trim_matches('/').is_empty()
    {
        return Err(Problem::internal("null"));
    }
    Ok(())
}

/// Refuses a request by its headers.
pub(in crate::server) fn by_headers(policy: &Policy, headers: &HeaderMap) -> Result<(), Problem> {
    let conditions = [header::IF_MATCH, header::IF_NONE_MATCH];
    let conditional = conditions.iter().any(|name| headers.contains_key(name));
    if policy.has(Fault::ConditionalRequests500) && conditional {
        return Err(Problem::internal("Unparseable ETag"));
    }
    Ok(())
}

/// The body of a request, as far as it is read.
pub(in crate::server) fn read_body(policy: &Policy, request: &mut Request<Bytes>) {
    let in_chunks = request.headers().contains_key(header::TRANSFER_ENCODING);
    if policy.has(Fault::ChunkedBodyUnread) && in_chunks {
        *request.body_mut() = Bytes::new();
    }
}

/// Answers a request in the server's stead.
pub(in crate::server) fn instead(
    policy: &Policy,
    store: &Store,
    incoming: &Incoming,
) -> Result<Option<Answer>, Problem> {
    let query = &incoming.query;
    if let Some(filter) = &query.filter
        && policy.has(Fault::FilterWordsCaseSensitive)
        && is_spelt_otherwise(filter)
    {
        return Err(Problem::bad_request(
            ErrorType::InvalidFilter,
            "Unknown attribute or operator",
        ));
    }
    let below = query.start_index.is_some_and(|n| n < 1) || query.count.is_some_and(|n| n < 0);
    if policy.has(Fault::PagingCorners500) && below {
        return Err(Problem::internal("OFFSET must not be negative"));
    }
    let lists = incoming.method == Method::GET && matches!(incoming.route, Route::Collection(_));
    let bare = query.filter.is_none() && query.start_index.is_none() && query.count.is_none();
    if lists && bare && policy.has(Fault::ListNeedsParameters) {
        let nothing = listing::response(0, 1, Vec::new());
        return Ok(Some(Answer::json(StatusCode::OK, nothing)));
    }
    let Some(body) = incoming.body.as_ref().and_then(Value::as_object) else {
        return Ok(None);
    };
    refuse_body(policy, store, incoming, body)?;
    Ok(None)
}

/// Whether `userName eq` or `displayName eq` is written in other letters.
fn is_spelt_otherwise(filter: &str) -> bool {
    let mut words = filter.split(' ');
    let mut otherwise = |known: &[&str]| {
        let word = words.next().unwrap_or_default();
        let mut same = known.iter().filter(|k| k.eq_ignore_ascii_case(word));
        same.any(|known| *known != word)
    };
    let name = otherwise(&["userName", "displayName"]);
    otherwise(&["eq"]) || name
}

fn refuse_body(
    policy: &Policy,
    store: &Store,
    incoming: &Incoming,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    let creates = incoming.method == Method::POST;
    match incoming.route.kind() {
        Some(Kind::User)
            if creates && policy.has(Fault::EmailsRequired) && !body.contains_key("emails") =>
        {
            return Err(Problem::invalid_value("emails is required"));
        }
        Some(Kind::Group) if incoming.method == Method::PATCH => {
            let crashes = policy.has(Fault::AbsentMemberRemoval500);
            if crashes && removes_absent(store, incoming, body) {
                return Err(Problem::internal("null"));
            }
        }
        Some(Kind::Group) => {
            let extended = body.keys().any(|key| key.starts_with("urn:"));
            if policy.has(Fault::GroupExtensionRefused) && extended {
                return Err(Problem::invalid_value("Unknown schema"));
            }
            if policy.has(Fault::RepeatedMemberInPut500) && !creates && repeats_member(body) {
                let detail = "duplicate key value violates unique constraint";
                return Err(Problem::internal(detail));
            }
        }
        _ => {}
    }
    Ok(())
}

fn repeats_member(body: &Map<String, Value>) -> bool {
    let members = body.get("members").and_then(Value::as_array);
    let mut seen = HashSet::new();
    members
        .into_iter()
        .flatten()
        .filter_map(|member| member.get("value").and_then(Value::as_str))
        .any(|id| !seen.insert(id))
}

/// Whether `members[value eq "id"]` is to be removed of a group that has no such member.
fn removes_absent(store: &Store, incoming: &Incoming, body: &Map<String, Value>) -> bool {
    let Route::Resource(kind, id) = &incoming.route else {
        return false;
    };
    let Some(group) = store.of(*kind).get(id) else {
        return false;
    };
    operations(body).any(|operation| {
        let path = operation.get("path").and_then(Value::as_str);
        let path = path.and_then(|path| PatchPath::parse(path).ok());
        match path {
            Some(PatchPath::Elements { filter, .. }) => {
                limits::value_of(&filter).is_some_and(|id| !group.members.contains(id))
            }
            _ => false,
        }
    })
}

/// Changes what a request says.
pub(in crate::server) fn amend(policy: &Policy, incoming: &mut Incoming) {
    if policy.has(Fault::AttributeSelectionIgnored) {
        incoming.query.attributes.clear();
        incoming.query.excluded_attributes.clear();
    }
    let kind = incoming.route.kind();
    let method = incoming.method.clone();
    let Some(body) = incoming.body.as_mut().and_then(Value::as_object_mut) else {
        return;
    };
    match kind {
        Some(Kind::User) if method == Method::PATCH => amend_user_patch(policy, body),
        Some(Kind::User) if method == Method::PUT && policy.has(Fault::PutGoesByBodyId) => {
            let id = body.get("id").and_then(Value::as_str).map(str::to_owned);
            if let (Some(given), Route::Resource(_, id)) = (id, &mut incoming.route) {
                *id = given;
            }
        }
        Some(Kind::Group) if policy.has(Fault::TrimmedOnWriteOnly) => trim_name(body),
        _ => {}
    }
}

fn amend_user_patch(policy: &Policy, body: &mut Map<String, Value>) {
    let Some(operations) = body.get_mut("Operations").and_then(Value::as_array_mut) else {
        return;
    };
    if policy.has(Fault::FirstOperationWins) {
        let mut seen = HashSet::new();
        operations.retain(
            |operation| match operation.get("path").and_then(Value::as_str) {
                Some(path) => seen.insert(path.to_owned()),
                None => true,
            },
        );
    }
    for operation in operations.iter_mut().filter_map(Value::as_object_mut) {
        let path = operation.get("path").and_then(Value::as_str);
        let text = operation.get("value").is_some_and(Value::is_string);
        let op = operation.get("op").and_then(Value::as_str);
        let known = matches!(op, Some("add" | "replace" | "remove"));
        let sound = known && path.is_some_and(|path| PatchPath::parse(path).is_ok());
        let ignored = sound && policy.has(Fault::PatchWithPathIgnored)
            || path == Some("active") && text && policy.has(Fault::TextForBooleanIgnored);
        if ignored {
            idle(operation);
        } else if path == Some("emails") && policy.has(Fault::SecondaryEmailPromoted) {
            promote(operation);
        }
    }
}

/// An address that is added becomes the primary one, in the place of the others.
fn promote(operation: &mut Map<String, Value>) {
    operation.insert("op".into(), "replace".into());
    let emails = operation.get_mut("value").and_then(Value::as_array_mut);
    for email in emails
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        email.insert("primary".into(), true.into());
    }
}

fn trim_name(body: &mut Map<String, Value>) {
    let trim = |object: &mut Map<String, Value>| {
        if let Some(Value::String(name)) = object.get_mut("displayName") {
            *name = name.trim().to_owned();
        }
    };
    trim(body);
    for operation in operations_mut(body) {
        if let Some(value) = operation.get_mut("value").and_then(Value::as_object_mut) {
            trim(value);
        }
    }
}

/// The filter on users as this server understands it; `None` when it takes no notice.
pub(in crate::server) fn filter(policy: &Policy, filter: Filter) -> Option<Filter> {
    if policy.has(Fault::OtherFiltersIgnored) && !names_user_name(&filter) {
        return None;
    }
    if policy.has(Fault::ActiveFilterFromOtherColumn) {
        return Some(with_everybody_active(filter));
    }
    Some(filter)
}

fn names_user_name(filter: &Filter) -> bool {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().any(names_user_name),
        Filter::Not(inner) => names_user_name(inner),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Element(path, _) => {
            path.is("userName")
        }
    }
}

/// `active eq true` holds for everybody, `active eq false` for nobody.
fn with_everybody_active(filter: Filter) -> Filter {
    match filter {
        Filter::And(all) => Filter::And(all.into_iter().map(with_everybody_active).collect()),
        Filter::Compare(mut path, Comparison::Eq, Literal::Bool(active)) if path.is("active") => {
            "id".clone_into(&mut path.name);
            let everybody = Filter::Present(path);
            if active {
                everybody
            } else {
                Filter::Not(Box::new(everybody))
            }
        }
        other => other,
    }
}

/// Whether the scheme of the right token is spelt in a way that this server fails on.
pub(in crate::server) fn fails_on_spelling(policy: &Policy, authorization: &str) -> bool {
    let usual = authorization
        .strip_prefix("Bearer ")
        .is_some_and(|token| !token.starts_with(' '));
    policy.has(Fault::SchemeSpelling500) && !usual
}

/// Changes an answer that was right.
pub(in crate::server) fn answer(policy: &Policy, incoming: Option<&Incoming>, answer: &mut Answer) {
    let forwarded = incoming
        .filter(|_| policy.has(Fault::ForwardedHostReflected))
        .and_then(|incoming| incoming.headers.get("x-forwarded-host"))
        .and_then(|host| host.to_str().ok())
        .map(str::to_owned);
    let Some(body) = answer.object_mut() else {
        return;
    };
    if let Some(host) = forwarded
        && let Some(location) = body
            .get_mut("meta")
            .and_then(|meta| meta.get_mut("location"))
    {
        let path = location.as_str().map(path_of);
        *location = format!("https://{host}{}", path.unwrap_or_default()).into();
    }
    let users = incoming.is_some_and(|incoming| incoming.route.kind() == Some(Kind::User));
    if users && policy.has(Fault::NamesMissingInLists) {
        let listed = body.get_mut("Resources").and_then(Value::as_array_mut);
        for user in listed
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
            .filter(|resource| resource.contains_key("userName"))
        {
            user.shift_remove("name");
        }
    }
    if policy.has(Fault::StackTraceInDetail)
        && let Some(Value::String(detail)) = body.get_mut("detail")
    {
        detail.push_str("\n\tat scim.Users.handle(Users.java:42)");
    }
}
