//! Faults and freedoms that change an answer after a request was served rightly.

mod error;
mod list;
mod message;
mod shape;

use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use self::error::error;
use self::list::list;
use self::message::message;
pub(super) use self::shape::path_of;
use self::shape::shape;
use super::{Fault, seldom};
use crate::scim::urn;
use crate::server::answer::{Answer, Payload};
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::request::Incoming;
use crate::server::resource_type::Kind;
use crate::server::route::Route;

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = "<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>";

/// What was asked, as far as it could be read.
pub(in crate::server) struct Asked<'a> {
    pub(in crate::server) method: &'a Method,
    pub(in crate::server) route: Option<&'a Route>,
    pub(in crate::server) authorization: Option<&'a str>,
    pub(in crate::server) incoming: Option<&'a Incoming>,
    /// How many users there are.
    pub(in crate::server) users: u32,
}

impl Asked<'_> {
    fn kind(&self) -> Option<Kind> {
        self.route.and_then(Route::kind)
    }

    fn filters(&self) -> bool {
        self.incoming
            .is_some_and(|incoming| incoming.query.filter.is_some())
    }

    fn sent(&self, name: &str) -> Option<&Value> {
        self.incoming?.body.as_ref()?.get(name)
    }
}

/// The answer as this server sends it.
pub(in crate::server) fn answer(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    if policy.is_known_good() {
        return answer;
    }
    if answer.status.is_client_error() || answer.status.is_server_error() {
        answer = error(policy, asked, answer);
    } else if is_list(&answer) && asked.kind().is_some() {
        answer = list(policy, asked, answer);
    } else if asked.kind().is_some() {
        answer = resource(policy, asked, answer);
    }
    seldom::answer(policy, asked.incoming, &mut answer);
    message(policy, asked, answer)
}

fn is_list(answer: &Answer) -> bool {
    answer
        .object()
        .is_some_and(|body| body.contains_key("totalResults"))
}

fn resource(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let Some(kind) = asked.kind() else {
        return answer;
    };
    let created = answer.status == StatusCode::CREATED;
    let patched = *asked.method == Method::PATCH;
    if created && policy.has(Fault::CreateAnswers200) {
        answer.status = StatusCode::OK;
    }
    if let Some(body) = answer.object_mut() {
        shape(policy, kind, body);
        echoes(policy, asked, kind, created, body);
    }
    let empty = match kind {
        Kind::User => policy.has(Fault::CreateAnswersEmpty),
        Kind::Group => policy.has(Fault::GroupCreateAnswersEmpty),
        Kind::Role | Kind::Entitlement => false,
    };
    if created && empty {
        answer.body = Payload::Empty;
    }
    if created && policy.takes(Freedom::NoLocationHeader) {
        answer.headers.retain(|(name, _)| *name != header::LOCATION);
    }
    if patched && policy.takes(Freedom::PatchNoContent) {
        answer = Answer::empty(StatusCode::NO_CONTENT);
    }
    let deleted_group = *asked.method == Method::DELETE && kind == Kind::Group;
    if deleted_group && policy.takes(Freedom::GroupDeleteWithBody) {
        answer = Answer::json(StatusCode::OK, json!({}));
    }
    answer
}

/// What an answer repeats, or fails to repeat, of its own request.
fn echoes(
    policy: &Policy,
    asked: &Asked<'_>,
    kind: Kind,
    created: bool,
    body: &mut Map<String, Value>,
) {
    let patched = *asked.method == Method::PATCH;
    if created && kind == Kind::User {
        if policy.has(Fault::CreateWithoutId) {
            body.shift_remove("id");
        }
        if policy.has(Fault::CreateAnswersInactive) {
            body.insert("active".into(), false.into());
        }
        if policy.has(Fault::PasswordEchoedOnCreate)
            && let Some(password) = asked.sent("password")
        {
            body.insert("password".into(), password.clone());
        }
    }
    if *asked.method == Method::PUT
        && policy.has(Fault::RenameEchoedNotStored)
        && let Some(name) = asked.sent("userName")
    {
        body.insert("userName".into(), name.clone());
    }
    if patched && policy.has(Fault::PatchEchoesPatchSchema) {
        body.insert("schemas".into(), json!([urn::PATCH_OP]));
    }
    if patched
        && policy.has(Fault::PasswordEchoedOnPatch)
        && let Some(password) = patched_password(asked)
    {
        body.insert("password".into(), password);
    }
}

fn patched_password(asked: &Asked<'_>) -> Option<Value> {
    let operations = asked.sent("Operations")?.as_array()?;
    operations.iter().find_map(|operation| {
        let value = operation.get("value")?;
        let by_path = operation.get("path").and_then(Value::as_str) == Some("password");
        if by_path {
            return Some(value.clone());
        }
        value.get("password").cloned()
    })
}

fn internal(detail: &str) -> Answer {
    Answer::json(
        StatusCode::INTERNAL_SERVER_ERROR,
        json!({"schemas": [urn::ERROR], "status": "500", "detail": detail}),
    )
}
