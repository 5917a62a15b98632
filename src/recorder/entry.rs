//! An exchange as an entry of an HTTP archive ([HAR 1.2]), with nothing in it that must not be written.
//!
//! Fields of our own begin with an underscore: `_recorded` says how much of a body is there, `_error` why no whole
//! answer came, `_surplus` that bytes came behind the answer.
//!
//! [HAR 1.2]: http://www.softwareishard.com/blog/har-12-spec/

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::exchange::{Body, BodyOddity};

use super::budget::KeptBody;
use super::head::Fields;
use super::mask::{Kind, Mask, is_public};
use super::passage::{Answered, Failure, Passage, Times};

/// A body as it is kept.
struct Recorded {
    /// Without its encoding; none when it cannot be had.
    bytes: Option<Bytes>,
    /// Why not.
    comment: String,
    is_cut: bool,
}

/// The entry. `base` is the path of the target, which names no person.
pub(super) fn entry(passage: &Passage, mask: &mut Mask, base: &str) -> Value {
    let Passage {
        request,
        answer,
        failure,
        times,
        ..
    } = passage;
    let sent = recorded(&passage.sent, &request.fields);
    let came = answer
        .as_ref()
        .map(|answer| recorded(&answer.body, &answer.head.fields));
    let kind = answer.as_ref().map_or(Kind::Resources, |answer| {
        kind(&request.target, answer.head.status, came.as_ref())
    });
    // All that must be hidden is known before anything is written.
    let answered = answer.iter().flat_map(|answer| &answer.head.fields.0);
    for field in request.fields.0.iter().chain(answered) {
        mask.learn_field(&field.name, &field.value);
    }
    let target = mask.target(&request.target, base);
    if let Some(bytes) = &sent.bytes {
        mask.learn_body(bytes, Kind::Resources, base);
    }
    if let Some(bytes) = came.as_ref().and_then(|came| came.bytes.as_ref()) {
        mask.learn_body(bytes, kind, base);
    }
    let target = mask.hidden(target);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let query: Vec<Value> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut shown = json!({
        "method": mask.hidden(request.method.clone()),
        "url": format!("{}{target}", passage.origin),
        "httpVersion": request.version,
        "cookies": [],
        "headers": headers(&request.fields, mask, base),
        "queryString": query,
        "headersSize": request.length,
        "bodySize": passage.sent.length(),
    });
    if passage.sent.length() > 0
        && let Some(shown) = shown.as_object_mut()
    {
        let mut data = Map::new();
        data.insert("mimeType".to_owned(), media_type(&request.fields));
        content(&sent, Kind::Resources, mask, base, &mut data);
        shown.insert("postData".to_owned(), data.into());
    }
    let mut response = match answer.as_ref().zip(came) {
        Some((answer, came)) => response(answer, &came, kind, mask, base),
        None => no_response(),
    };
    if let (Some(failure), Some(response)) = (failure, response.as_object_mut()) {
        tell(failure, times, mask, response);
    }
    json!({
        "startedDateTime": format!("{:.3}", passage.started),
        "time": millis(times.end),
        "request": shown,
        "response": response,
        "cache": {},
        "timings": timings(times),
    })
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn timings(times: &Times) -> Value {
    let connect = times.connect.unwrap_or_default();
    let sent = times.sent.unwrap_or(times.end).max(connect);
    let first = times.first_byte.unwrap_or(times.end).max(sent);
    json!({
        "connect": times.connect.map_or(-1.0, millis),
        "send": millis(sent - connect),
        "wait": millis(first - sent),
        "receive": millis(times.end.saturating_sub(first)),
    })
}

fn headers(fields: &Fields, mask: &mut Mask, base: &str) -> Vec<Value> {
    let mut shown = Vec::with_capacity(fields.0.len());
    for field in &fields.0 {
        let value = mask.field(&field.name, &field.value, base);
        shown.push(json!({"name": mask.hidden(field.name.clone()), "value": value}));
    }
    shown
}

fn media_type(fields: &Fields) -> Value {
    fields.get("content-type").unwrap_or_default().into()
}

/// What is kept of a body, without its encoding (RFC 9110, 8.4).
fn recorded(body: &KeptBody, fields: &Fields) -> Recorded {
    let encodings: Vec<&str> = fields.all("content-encoding").collect();
    let encoding = encodings.join(", ");
    let is_encoded = !matches!(encoding.trim(), "" | "identity") && body.length() > 0;
    let nothing = |comment: String| Recorded {
        bytes: None,
        comment,
        is_cut: body.is_cut(),
    };
    if is_encoded && body.is_cut() {
        return nothing(format!(
            "{} bytes of {encoding}: too long to be kept",
            body.length()
        ));
    }
    let bytes = Bytes::copy_from_slice(body.bytes());
    if !is_encoded {
        let comment = match body.is_cut() {
            true => format!("the first {} of {} bytes", bytes.len(), body.length()),
            false => String::new(),
        };
        return Recorded {
            bytes: Some(bytes),
            comment,
            is_cut: body.is_cut(),
        };
    }
    let read = Body::read(bytes, Some(&encoding));
    let trouble = read.oddities.into_iter().find_map(|oddity| match oddity {
        BodyOddity::BadEncoding(why) => Some(why),
        _ => None,
    });
    match trouble {
        // What cannot be read cannot be searched for what must not be written.
        Some(why) => nothing(format!("not kept, because it cannot be decoded: {why}")),
        None => Recorded {
            bytes: Some(read.bytes),
            comment: String::new(),
            is_cut: false,
        },
    }
}

/// What an answer is about. A document about the server that names a person is none.
fn kind(target: &str, status: u16, came: Option<&Recorded>) -> Kind {
    if status >= 400 {
        return Kind::Error;
    }
    let bytes = came.and_then(|came| came.bytes.as_deref());
    let text = String::from_utf8_lossy(bytes.unwrap_or_default()).to_ascii_lowercase();
    let has_key = |key: &str| {
        let mut behind = text
            .match_indices(key)
            .filter_map(|(at, _)| text.get(at + key.len()..));
        behind.any(|rest| rest.trim_start().starts_with(':'))
    };
    let names_people = [
        "\"username\"",
        "\"emails\"",
        "\"members\"",
        "\"displayname\"",
    ];
    match is_public(target) && !names_people.into_iter().any(has_key) {
        true => Kind::Public,
        false => Kind::Resources,
    }
}

/// Puts what is kept of a body into `content` of a HAR, or into `postData`, which has the same fields.
fn content(
    body: &Recorded,
    kind: Kind,
    mask: &mut Mask,
    base: &str,
    into: &mut Map<String, Value>,
) {
    let mut put = |name: &str, value: Value| into.insert(name.to_owned(), value);
    let word = match (&body.bytes, body.is_cut) {
        (None, _) => "none",
        (Some(_), true) => "cut",
        (Some(_), false) => "whole",
    };
    if let Some(bytes) = &body.bytes {
        let shown = mask.body(bytes, kind, base);
        match String::from_utf8(shown) {
            Ok(text) => put("text", text.into()),
            Err(error) => {
                put("encoding", "base64".into());
                put("text", STANDARD.encode(error.as_bytes()).into())
            }
        };
    }
    put("_recorded", word.into());
    if !body.comment.is_empty() {
        put("comment", mask.hidden(body.comment.clone()).into());
    }
}

fn response(answer: &Answered, came: &Recorded, kind: Kind, mask: &mut Mask, base: &str) -> Value {
    let head = &answer.head;
    let size = came
        .bytes
        .as_ref()
        .map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(-1));
    let mut shown = Map::new();
    shown.insert("size".to_owned(), size.into());
    shown.insert("mimeType".to_owned(), media_type(&head.fields));
    content(came, kind, mask, base, &mut shown);
    let location = head.fields.get("location").unwrap_or_default();
    let mut response = json!({
        "status": head.status,
        "statusText": mask.reason(head.status, &head.reason),
        "httpVersion": head.version,
        "cookies": [],
        "headers": headers(&head.fields, mask, base),
        "content": shown,
        "redirectURL": mask.field("location", location, base),
        "headersSize": head.length,
        "bodySize": answer.body.length(),
    });
    if answer.has_surplus
        && let Some(response) = response.as_object_mut()
    {
        response.insert("_surplus".to_owned(), true.into());
    }
    response
}

/// What browsers write when no answer came.
fn no_response() -> Value {
    json!({
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    })
}

fn tell(failure: &Failure, times: &Times, mask: &Mask, response: &mut Map<String, Value>) {
    let (error, comment) = match failure {
        Failure::Target { reason, answered } => (
            reason.clone(),
            answered
                .map(|status| format!("the recorder answered {status} in the place of the server")),
        ),
        Failure::Client(leaving) => (leaving.text(times.end), None),
    };
    response.insert("_error".to_owned(), mask.hidden(error).into());
    if let Some(comment) = comment {
        response.insert("comment".to_owned(), comment.into());
    }
    if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut)
        && content.contains_key("_recorded")
    {
        content.insert("_recorded".to_owned(), "cut".into());
    }
}
