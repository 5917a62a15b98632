//! Faults and freedoms of lists.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::shape::shape;
use super::{Asked, internal};
use crate::scim::urn;
use crate::server::answer::Answer;
use crate::server::faults::Fault;
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::resource_type::Kind;

pub(super) fn list(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let count = asked.incoming.and_then(|incoming| incoming.query.count);
    let governed = matches!(asked.kind(), Some(Kind::Role | Kind::Entitlement));
    // The faults of lists were reported for users and groups.
    if !governed
        && total(&answer) == Some(0)
        && let Some(other) = empty_list(policy, asked)
    {
        return other;
    }
    if let Some(kind) = asked.kind()
        && let Some(body) = answer.object_mut()
    {
        if policy.has(Fault::ListCrashesOnIncompleteUser) && kind == Kind::User && incomplete(body)
        {
            return internal("null");
        }
        let resources = body.get_mut("Resources").and_then(Value::as_array_mut);
        for resource in resources
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            shape(policy, kind, resource);
        }
        if !governed {
            list_body(policy, kind, asked.filters(), count, body);
        }
    }
    answer
}

fn total(answer: &Answer) -> Option<u64> {
    answer.object()?.get("totalResults")?.as_u64()
}

/// What stands in the place of a list without hits.
fn empty_list(policy: &Policy, asked: &Asked<'_>) -> Option<Answer> {
    let ok = |body| Some(Answer::json(StatusCode::OK, body));
    let not_found = |detail: &str| {
        let body = json!({"schemas": [urn::ERROR], "status": "404", "detail": detail});
        Some(Answer::json(StatusCode::NOT_FOUND, body))
    };
    if policy.has(Fault::EmptyListAsArray) {
        return ok(json!([]));
    }
    if policy.has(Fault::EmptyListAsEmptyBody) {
        return Some(Answer::empty(StatusCode::OK));
    }
    if policy.has(Fault::EmptyListAsNull) {
        return ok(Value::Null);
    }
    if policy.has(Fault::EmptyStore404) && !asked.filters() {
        return not_found("No users");
    }
    if policy.takes(Freedom::LookupMissNotFound) && asked.filters() {
        return not_found("No match");
    }
    None
}

fn incomplete(body: &Map<String, Value>) -> bool {
    let resources = body.get("Resources").and_then(Value::as_array);
    let named = |user: &Value| user.pointer("/name/givenName").is_some();
    resources.is_some_and(|users| !users.iter().all(named))
}

fn list_body(
    policy: &Policy,
    kind: Kind,
    filters: bool,
    count: Option<i64>,
    body: &mut Map<String, Value>,
) {
    let returned = body
        .get("Resources")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if policy.has(Fault::UserReturnedTwice) && filters && kind == Kind::User && returned == 1 {
        if let Some(users) = body.get_mut("Resources").and_then(Value::as_array_mut) {
            users.extend_from_within(..);
        }
        body.insert("totalResults".into(), 2.into());
        body.insert("itemsPerPage".into(), 2.into());
    }
    if policy.has(Fault::TotalIsPageSize) {
        body.insert("totalResults".into(), returned.into());
    }
    if policy.has(Fault::TotalTooLow)
        && !filters
        && let Some(total) = body.get("totalResults").and_then(Value::as_u64)
    {
        body.insert("totalResults".into(), total.saturating_sub(1).into());
    }
    if policy.has(Fault::TotalTooHigh)
        && !filters
        && let Some(total) = body.get("totalResults").and_then(Value::as_u64)
    {
        body.insert("totalResults".into(), total.saturating_add(1).into());
    }
    if policy.has(Fault::ItemsPerPageEchoed)
        && let Some(count) = count
    {
        body.insert("itemsPerPage".into(), count.into());
    }
    if policy.has(Fault::CountersAsStrings) {
        for name in ["totalResults", "startIndex", "itemsPerPage"] {
            if let Some(counter) = body.get_mut(name) {
                *counter = counter.to_string().into();
            }
        }
    }
    if policy.has(Fault::ListSchemaWrong) {
        body.insert("schemas".into(), json!([kind.schema().urn]));
    }
    if policy.has(Fault::EmptyListWithoutResources) && returned == 0 {
        body.shift_remove("Resources");
    }
    if policy.has(Fault::LowerCaseResources)
        && let Some(resources) = body.shift_remove("Resources")
    {
        body.insert("resources".into(), resources);
    }
}
