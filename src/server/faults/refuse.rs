//! Faults and freedoms that meet a request before it is served: refusing it, or answering in the server's stead.

use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Map, Value};

use super::Fault;
use super::body::{operations, primary_address};
use crate::scim::urn;
use crate::server::answer::{Answer, Problem};
use crate::server::freedoms::Freedom;
use crate::server::index::Indexed;
use crate::server::listing;
use crate::server::policy::Policy;
use crate::server::request::{Incoming, Query};
use crate::server::resource::Context;
use crate::server::resource_type::Kind;
use crate::server::route::Route;
use crate::server::store::{Id, Store};

/// Refuses a request by its method, path and headers alone.
pub(in crate::server) fn by_head(
    context: Context<'_>,
    method: &Method,
    path: &str,
    route: &Route,
    headers: &HeaderMap,
) -> Result<(), Box<Answer>> {
    let policy = context.policy;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let accept = text(header::ACCEPT).unwrap_or_default();
    let refuse = |status, detail: &str| Err(Problem::new(status, detail).into());
    let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let has_body = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    if has_body && policy.has(Fault::ScimJsonRefused) && content_type.contains("scim+json") {
        return refuse(unsupported, "Content-Type must be application/json");
    }
    if has_body
        && policy.has(Fault::PlainJsonRefused)
        && content_type.starts_with("application/json")
    {
        return refuse(unsupported, "Content-Type must be application/scim+json");
    }
    if has_body && policy.has(Fault::CharsetRefused) && content_type.contains(';') {
        return refuse(unsupported, "Unsupported Content-Type");
    }
    if policy.has(Fault::AcceptRefused) && accept.contains("scim+json") {
        return refuse(StatusCode::NOT_ACCEPTABLE, "Not acceptable");
    }
    if policy.has(Fault::CreateRedirected) && *method == Method::POST && !path.ends_with('/') {
        return Err(Box::new(
            Answer::empty(StatusCode::TEMPORARY_REDIRECT)
                .with_header(header::LOCATION, format!("{}{path}/", context.base_url)),
        ));
    }
    if policy.has(Fault::GroupsMissing) && route.kind() == Some(Kind::Group) {
        return refuse(StatusCode::NOT_FOUND, "Not found");
    }
    if policy.takes(Freedom::NoDiscovery) && route.is_discovery() {
        return refuse(StatusCode::NOT_FOUND, "Not found");
    }
    Ok(())
}

/// Answers a request in the server's stead.
pub(in crate::server) fn instead(
    policy: &Policy,
    store: &Store,
    incoming: &Incoming,
) -> Result<Option<Answer>, Problem> {
    if let Some(filter) = &incoming.query.filter {
        refuse_filter(policy, &incoming.route, filter)?;
        if policy.has(Fault::EscapedQuoteMissed) && filter.contains("\\\"") {
            let nothing = listing::response(0, 1, Vec::new());
            return Ok(Some(Answer::json(StatusCode::OK, nothing)));
        }
    }
    let lists = incoming.method == Method::GET
        && matches!(incoming.route, Route::Collection(Kind::User | Kind::Group));
    if lists && incoming.query.filter.is_none() && policy.has(Fault::UnfilteredListRefused) {
        return Err(Problem::invalid_value("A filter is required"));
    }
    match incoming.route.kind() {
        Some(Kind::User) => refuse_user(policy, store, incoming)?,
        Some(Kind::Group) => refuse_group(policy, store, incoming)?,
        Some(Kind::Role | Kind::Entitlement) | None => {}
    }
    let deletes = incoming.method == Method::DELETE;
    if deletes && is_group(incoming) && policy.has(Fault::GroupDeleteIgnored) {
        return Ok(Some(Answer::empty(StatusCode::NO_CONTENT)));
    }
    Ok(None)
}

fn is_group(incoming: &Incoming) -> bool {
    incoming.route.kind() == Some(Kind::Group)
}

fn refuse_filter(policy: &Policy, route: &Route, filter: &str) -> Result<(), Problem> {
    let bad_filter = |detail: &str| {
        Err(Problem::bad_request(
            crate::scim::ErrorType::InvalidFilter,
            detail,
        ))
    };
    let value = filter.split_once('"').map_or("", |(_, value)| value);
    if policy.has(Fault::BackslashCrashesFilter) && filter.contains('\\') {
        return Err(Problem::internal("Unexpected token \\"));
    }
    if policy.has(Fault::NonAsciiFilterRefused) && !filter.is_ascii() {
        return bad_filter("Unexpected character");
    }
    if policy.has(Fault::ParenthesisInFilterRefused) && value.contains(')') {
        return bad_filter("Unexpected )");
    }
    if route.kind() == Some(Kind::Group) {
        if policy.has(Fault::GroupLookup501) {
            let detail = "Filtering groups is not implemented";
            return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, detail));
        }
        if policy.has(Fault::GroupLookupSplitsAtBlank) && value.contains(' ') {
            return bad_filter("Expected three words");
        }
    }
    Ok(())
}

fn refuse_user(policy: &Policy, store: &Store, incoming: &Incoming) -> Result<(), Problem> {
    let put = incoming.method == Method::PUT;
    let patch = incoming.method == Method::PATCH;
    let status = |status, detail: &str| Err(Problem::new(status, detail));
    if patch && policy.has(Fault::UserPatch501) {
        return status(StatusCode::NOT_IMPLEMENTED, "PATCH is not supported");
    }
    if patch && policy.has(Fault::UserPatch404) || put && policy.has(Fault::UserPut404) {
        return status(StatusCode::NOT_FOUND, "Not found");
    }
    if put && policy.has(Fault::UserPut405) {
        return status(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    let Some(body) = incoming.body.as_ref().and_then(Value::as_object) else {
        return Ok(());
    };
    if patch {
        return refuse_user_patch(policy, body);
    }
    refuse_freely(policy, body)?;
    if let Route::Resource(kind, id) = &incoming.route
        && policy.has(Fault::FirstDisplayNameCrashes)
        && body.contains_key("displayName")
        && let Some(user) = store.of(*kind).get(id)
        && user.text("displayName").is_none()
    {
        return Err(Problem::internal("key not present"));
    }
    refuse_user_body(policy, put, body)
}

fn refuse_user_patch(policy: &Policy, body: &Map<String, Value>) -> Result<(), Problem> {
    for operation in operations(body) {
        let path_less = operation.get("path").is_none();
        if path_less && policy.has(Fault::PathLessPatch500) {
            return Err(Problem::internal("null"));
        }
        let value = operation.get("value").and_then(Value::as_object);
        let read_only = |value: &Map<String, Value>| {
            ["id", "schemas", "meta"]
                .iter()
                .any(|name| value.contains_key(*name))
        };
        if policy.has(Fault::ReadOnlyInPatchRefused) && value.is_some_and(read_only) {
            return Err(Problem::invalid_value("Unsupported attribute id"));
        }
        if policy.takes(Freedom::PasswordPatchRefused)
            && value.is_some_and(|value| value.contains_key("password"))
        {
            return Err(Problem::invalid_value("Passwords cannot be changed here"));
        }
    }
    Ok(())
}

/// Honest refusals of what a server need not take.
fn refuse_freely(policy: &Policy, body: &Map<String, Value>) -> Result<(), Problem> {
    let empty = |value: &Value| value.as_str() == Some("");
    if policy.takes(Freedom::EmptyTextRefused) && any_text(body, &empty) {
        return Err(Problem::invalid_value("A text must not be empty"));
    }
    let odd =
        |sign: char| sign.is_ascii() && !sign.is_ascii_alphanumeric() && !"@.+-_'".contains(sign);
    if policy.takes(Freedom::OddAddressesRefused)
        && primary_address(body).is_some_and(|address| address.contains(odd))
    {
        return Err(Problem::invalid_value("Invalid e-mail address"));
    }
    Ok(())
}

fn refuse_user_body(policy: &Policy, put: bool, body: &Map<String, Value>) -> Result<(), Problem> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let extension = body.get(urn::ENTERPRISE_USER);
    let refuse = |fault, wrong: bool, detail: &str| {
        if wrong && policy.has(fault) {
            return Err(Problem::invalid_value(detail));
        }
        Ok(())
    };
    let crash = |fault, wrong: bool, detail: &str| {
        if wrong && policy.has(fault) {
            return Err(Problem::internal(detail));
        }
        Ok(())
    };
    let name = text("userName");
    refuse(
        Fault::UserNameMustBeEmail,
        !name.contains('@'),
        "userName must be an e-mail address",
    )?;
    refuse(
        Fault::AtSignRefused,
        name.contains('@'),
        "userName holds an invalid character",
    )?;
    refuse(
        Fault::ExternalIdRequired,
        !put && !body.contains_key("externalId"),
        "externalId is required",
    )?;
    let password = text("password");
    let without_symbol = !password.is_empty() && password.chars().all(char::is_alphanumeric);
    refuse(
        Fault::PasswordPolicyEnforced,
        without_symbol,
        "Password must contain symbol",
    )?;
    let known =
        |key: &String| Kind::User.schema().attribute(key).is_some() || urn::known(key).is_some();
    refuse(
        Fault::UnknownAttributeRefused,
        !body.keys().all(known),
        "Unknown attribute",
    )?;
    let roles = body.get("roles").and_then(Value::as_array);
    let strings = roles.into_iter().flatten().any(Value::is_string);
    refuse(
        Fault::RolesAsStringsRefused,
        strings,
        "roles must be objects",
    )?;
    let read_only = ["id", "meta", "groups"]
        .iter()
        .any(|name| body.contains_key(*name));
    refuse(
        Fault::UserPutRefusesReadOnly,
        put && read_only,
        "Attribute is readOnly",
    )?;
    refuse(
        Fault::ExtensionRefused,
        extension.is_some(),
        "Unknown schema",
    )?;
    let manager = extension.and_then(|extension| extension.get("manager"));
    crash(
        Fault::ManagerCrashes,
        manager.is_some_and(Value::is_object),
        "manager is no string",
    )?;
    crash(Fault::NullCrashes, body.values().any(holds_null), "null")?;
    let long = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() > 64);
    crash(
        Fault::LongValueCrashes,
        any_text(body, &long),
        "Data too long for column",
    )
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(holds_null),
        Value::Object(object) => object.values().any(holds_null),
        _ => false,
    }
}

/// Whether an attribute, or a part of the name, fulfils `wanted`.
fn any_text(body: &Map<String, Value>, wanted: &dyn Fn(&Value) -> bool) -> bool {
    let own = |name: &str| !["id", "schemas", "meta", "groups"].contains(&name);
    body.iter()
        .filter(|(name, _)| own(name))
        .any(|(name, value)| {
            let inner = value.as_object().filter(|_| !urn::is_urn(name));
            wanted(value) || inner.is_some_and(|object| object.values().any(wanted))
        })
}

fn refuse_group(policy: &Policy, store: &Store, incoming: &Incoming) -> Result<(), Problem> {
    if incoming.method == Method::DELETE && policy.has(Fault::GroupDelete405) {
        let detail = "Method not allowed";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
    }
    let Some(body) = incoming.body.as_ref().and_then(Value::as_object) else {
        return Ok(());
    };
    if policy.has(Fault::NewUserRefusedAsMember) {
        refuse_new_members(store, incoming, body)?;
    }
    if incoming.method != Method::PATCH {
        return refuse_group_body(policy, store, incoming, body);
    }
    if let Route::Resource(kind, id) = &incoming.route {
        let record = store.of(*kind).get(id);
        let untouched = record.is_some_and(|record| record.version == 1 && !record.seeded);
        if untouched && policy.has(Fault::GroupPatchAfterCreateRefused) {
            return Err(Problem::invalid_value("The group is not ready"));
        }
    }
    operations(body).try_for_each(|operation| refuse_group_operation(policy, operation))
}

/// Refuses members who are newer than the group.
fn refuse_new_members(
    store: &Store,
    incoming: &Incoming,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    let Route::Resource(kind, id) = &incoming.route else {
        return Ok(());
    };
    let Some(group) = store.of(*kind).get(id) else {
        return Ok(());
    };
    let sent = operations(body)
        .filter_map(|operation| operation.get("value"))
        .chain(body.get("members"));
    let members = sent.flat_map(|value| {
        let members = value.get("members").unwrap_or(value);
        members.as_array().into_iter().flatten()
    });
    let newer = members
        .filter_map(|member| member.get("value").and_then(Value::as_str))
        .filter_map(|id| store.of(Kind::User).get(id))
        .any(|user| user.created > group.created);
    if newer {
        return Err(Problem::new(StatusCode::NOT_FOUND, "User not found"));
    }
    Ok(())
}

fn refuse_group_body(
    policy: &Policy,
    store: &Store,
    incoming: &Incoming,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    let name = body.get("displayName").and_then(Value::as_str);
    let name = name.unwrap_or_default();
    if policy.has(Fault::GroupNameCharactersRefused) && name.contains(['.', ':', '&', '/', '#']) {
        return Err(Problem::invalid_value(
            "displayName holds an invalid character",
        ));
    }
    let members = body.get("members").and_then(Value::as_array);
    if policy.has(Fault::NullDisplayCrashes) && members.into_iter().flatten().any(holds_null) {
        return Err(Problem::internal("null"));
    }
    let same_slug = |slug: &str| {
        let groups = store.of(Kind::Group);
        let mut names = groups.iter().filter_map(|group| group.text("displayName"));
        names.any(|other| slug_of(&other) == slug)
    };
    let creates = incoming.method == Method::POST;
    if creates && policy.has(Fault::GroupSlugConflict) && same_slug(&slug_of(name)) {
        return Err(Problem::conflict("A team with this slug already exists."));
    }
    Ok(())
}

fn slug_of(name: &str) -> String {
    let dashed = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(dashed).collect()
}

fn refuse_group_operation(policy: &Policy, operation: &Map<String, Value>) -> Result<(), Problem> {
    let value = operation.get("value");
    let inner = value.and_then(Value::as_object);
    if policy.has(Fault::GroupIdInPatchRefused) && inner.is_some_and(|v| v.contains_key("id")) {
        return Err(Problem::invalid_value("Attribute id is readOnly"));
    }
    if operation.get("op").and_then(Value::as_str) != Some("replace") {
        return Ok(());
    }
    let by_path = operation.get("path").and_then(Value::as_str) == Some("members");
    let members = if by_path {
        value
    } else {
        inner.and_then(|v| v.get("members"))
    };
    let Some(members) = members else {
        return Ok(());
    };
    if by_path && policy.has(Fault::MembersReplace501) {
        let detail = "patch-REPLACE-operation not supported for group.members";
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, detail));
    }
    let empty = members.as_array().is_some_and(Vec::is_empty);
    if empty && policy.has(Fault::EmptyMembersReplaceRefused) {
        return Err(Problem::invalid_value("members.value is missing"));
    }
    Ok(())
}

/// The query that answers the first resource of all, whatever was asked.
pub(in crate::server) fn first_of_all(query: &Query) -> Query {
    Query {
        filter: None,
        start_index: Some(1),
        count: Some(1),
        ..query.clone()
    }
}

/// The record of somebody who was there before, answered to a POST of somebody new.
pub(in crate::server) fn stranger(
    policy: &Policy,
    store: &Store,
    incoming: &Incoming,
) -> Option<Id> {
    let creates = incoming.method == Method::POST;
    let users = incoming.route == Route::Collection(Kind::User);
    if !(creates && users && policy.has(Fault::CreateAnswersStranger)) {
        return None;
    }
    let name = incoming.body.as_ref()?.get("userName")?.as_str()?;
    let mut namesakes = store.of(Kind::User).lookup(Indexed::UserName, name);
    if namesakes.next().is_some() {
        return None;
    }
    let mut users = store.of(Kind::User).iter();
    users.find(|user| user.seeded).map(|user| user.id.clone())
}
