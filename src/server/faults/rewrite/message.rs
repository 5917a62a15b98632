//! Faults and freedoms of the message around a body: media type, bytes, transport.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value};

use super::{Asked, HTML, PAGE};
use crate::server::answer::{Answer, Payload, SCIM_JSON, WireEffect};
use crate::server::faults::Fault;
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::resource_type::Kind;
use crate::server::route::Route;

/// Media type, bytes and transport.
pub(super) fn message(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let success = answer.status.is_success();
    let one = success && matches!(asked.route, Some(Route::Resource(..)));
    let read = one && *asked.method == Method::GET;
    if read && policy.has(Fault::HtmlWith200) {
        return Answer::raw(StatusCode::OK, HTML, PAGE);
    }
    if let Some(bytes) = faulty_json(policy, read, &answer) {
        answer.body = Payload::Raw(SCIM_JSON, bytes);
    }
    if success && policy.has(Fault::JsonLabelledHtml) && !matches!(answer.body, Payload::Empty) {
        answer.headers.push((header::CONTENT_TYPE, HTML.into()));
    }
    if policy.takes(Freedom::PlainJsonMediaType) && !matches!(answer.body, Payload::Empty) {
        answer
            .headers
            .push((header::CONTENT_TYPE, "application/json".into()));
    }
    if read && policy.has(Fault::ContentEncodingWrong) {
        answer
            .headers
            .push((header::CONTENT_ENCODING, "gzip".into()));
    }
    let changed = matches!(*asked.method, Method::PATCH | Method::DELETE);
    if changed && success && policy.has(Fault::BodyAfterNoContent) {
        let body = match answer.body {
            Payload::Json(value) => Bytes::from(value.to_string()),
            _ => Bytes::from_static(b"{}"),
        };
        return Answer::empty(StatusCode::NO_CONTENT)
            .with_wire(WireEffect::BodyAfterNoContent(body));
    }
    let created_user = answer.status == StatusCode::CREATED && asked.kind() == Some(Kind::User);
    if created_user && policy.has(Fault::ConnectionClosedAfterCreate) {
        return answer.with_wire(WireEffect::CloseWithoutAnswer);
    }
    if created_user && policy.has(Fault::CreateAnsweredTooLate) {
        return answer.with_wire(WireEffect::Delay(Duration::from_secs(70)));
    }
    if policy.has(Fault::SlowByMember) && asked.kind() == Some(Kind::Group) {
        let members = answer.object().map_or(0, members_shown);
        return answer.with_wire(WireEffect::Delay(
            Duration::from_millis(20).saturating_mul(members),
        ));
    }
    if asked.filters() && policy.has(Fault::SlowByUser) {
        return answer.with_wire(WireEffect::Delay(
            Duration::from_millis(5).saturating_mul(asked.users),
        ));
    }
    if read && policy.has(Fault::BodyCutShort) {
        return answer.with_wire(WireEffect::TruncateBody);
    }
    if asked.filters() && policy.has(Fault::SlowAnswers) {
        return answer.with_wire(WireEffect::Delay(Duration::from_millis(1500)));
    }
    answer
}

/// Members in an answer: of one group, or of all groups of a list.
fn members_shown(body: &Map<String, Value>) -> u32 {
    let length = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let groups = body.get("Resources").and_then(Value::as_array);
    let listed: usize = groups
        .into_iter()
        .flatten()
        .map(|group| length(group.get("members")))
        .sum();
    u32::try_from(listed.saturating_add(length(body.get("members")))).unwrap_or(u32::MAX)
}

/// The body as bytes, when they are not what a JSON writer makes.
fn faulty_json(policy: &Policy, one: bool, answer: &Answer) -> Option<Bytes> {
    let Payload::Json(value) = &answer.body else {
        return None;
    };
    if policy.has(Fault::ByteOrderMark) {
        return Some(Bytes::from(format!("\u{feff}{value}")));
    }
    if !one {
        return None;
    }
    let text = value.to_string();
    if policy.has(Fault::JsonCutShort) {
        let middle = text.floor_char_boundary(text.len() / 2);
        return text.get(..middle).map(|half| Bytes::from(half.to_owned()));
    }
    if policy.has(Fault::DuplicateKeys) {
        let rest = text.strip_prefix('{')?;
        return Some(Bytes::from(format!("{{\"id\":\"0\",{rest}")));
    }
    None
}
