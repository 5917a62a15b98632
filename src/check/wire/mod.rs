//! Looks at one exchange on its own: the envelope, the list, the shape of resources, errors, secrets.

mod error_body;
mod list_answer;
mod resource_shape;
mod secrets;

#[cfg(test)]
mod tests;

use std::time::Duration;

use self::error_body::error_body;
use self::list_answer::list_answer;
use self::resource_shape::resource_shape;
use self::secrets::secrets;
use super::Seen;
use super::catalogue::{connection, create, envelope, list};
use crate::exchange::{BodyOddity, Exchange, Method, NotJson, Request, Response, SendError};
use crate::okta::request::{Document, Intent};
use crate::redact::Redactor;

/// What an exchange was for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// What the request was meant to do.
    pub intent: &'a Intent,
    /// What must not come back: credentials, and passwords that were sent.
    pub secrets: &'a Redactor,
    /// What a returned password would be named after: the last write that carried one.
    pub password_after: &'a str,
    /// The request is a probe's, so its answer may be an error on purpose.
    pub probe: bool,
    /// Host and port that requests go to; none when nobody knows.
    pub authority: Option<&'a str>,
}

/// Host and port of an absolute URL; the port that goes without saying is left out.
#[must_use]
pub fn authority_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let default = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    let host = host.strip_suffix(default).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

/// From here on an answer is slow; Okta's certification suite wants 600 ms.
const SLOW: Duration = Duration::from_secs(1);

/// Everything that is wrong with `exchange` on its own.
#[must_use]
pub fn look(exchange: &Exchange, purpose: &Purpose<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    match &exchange.outcome {
        Err(error) => seen.extend(no_answer(error)),
        Ok(response) => {
            oddities(response, &mut seen);
            secrets(exchange, response, purpose, &mut seen);
            if exchange.timing.total >= SLOW {
                let got = format!("{:.1} s", exchange.timing.total.as_secs_f64());
                seen.push(Seen::new(&connection::SLOW, "600 ms", got));
            }
            match response.status {
                // What a probe wants to come back, its scenario says.
                300..400 if purpose.probe => {}
                300..400 => seen.push(
                    Seen::new(
                        &connection::REDIRECTS,
                        "an answer",
                        format!("{} redirect", response.status),
                    )
                    .facet(exchange.request.method.as_str()),
                ),
                // An answer to HEAD has no body (RFC 9110, 9.3.2), and nobody says what one to OPTIONS holds (9.3.7).
                _ if matches!(exchange.request.method, Method::Head | Method::Options) => {}
                400.. => error_body(response, &mut seen),
                _ => success(exchange, response, purpose, &mut seen),
            }
        }
    }
    seen
}

fn no_answer(error: &SendError) -> Option<Seen> {
    let facet = match error {
        SendError::Dns { .. } | SendError::Connect { .. } => "connect",
        SendError::Tls { .. } => "tls",
        SendError::Closed { .. } => "closed",
        SendError::TimedOut { .. } => "timed-out",
        SendError::TooLarge { .. } => "too-large",
        SendError::NotHttp { .. } => "not-http",
        // Our own doing, not the target's.
        SendError::AnswerLost { .. } | SendError::Unsendable { .. } => return None,
    };
    Some(Seen::new(&connection::ANSWERS, "a complete answer", error.to_string()).facet(facet))
}

fn oddities(response: &Response, seen: &mut Vec<Seen>) {
    for oddity in &response.body.oddities {
        seen.push(match oddity {
            BodyOddity::ByteOrderMark => Seen::new(
                &envelope::BYTE_ORDER_MARK,
                "JSON text",
                "a byte order mark first",
            ),
            BodyOddity::DuplicateKey(pointer) => {
                Seen::new(&envelope::DUPLICATE_KEYS, "each key once", "a key twice")
                    .at(pointer.clone())
            }
            BodyOddity::BodyAfterNoContent => Seen::new(
                &envelope::BODY_AFTER_204,
                "no body",
                format!("bytes after {}", response.status),
            ),
            BodyOddity::BadEncoding(encoding) => Seen::new(
                &envelope::ENCODING,
                "a decodable body",
                format!("Content-Encoding {encoding} that is not"),
            ),
        });
    }
}

fn success(exchange: &Exchange, response: &Response, purpose: &Purpose<'_>, seen: &mut Vec<Seen>) {
    let is_list = matches!(
        purpose.intent,
        Intent::List { .. }
            | Intent::LookUp { .. }
            | Intent::Discover(Document::Entitlements { .. })
    );
    match &response.body.json {
        // An empty answer to a write is judged where it matters: a create must return the resource.
        Err(NotJson::Empty) if exchange.request.method.is_write() => return,
        Err(NotJson::Empty) if is_list => {
            seen.push(Seen::new(
                &list::READABLE,
                "a ListResponse",
                "an empty body",
            ));
            return;
        }
        Err(why) => {
            seen.push(
                Seen::new(
                    &envelope::JSON,
                    "JSON",
                    format!("{} and {why}", response.status),
                )
                .facet(match why {
                    NotJson::Empty => "empty",
                    NotJson::Html => "html",
                    NotJson::Truncated { .. } => "truncated",
                    NotJson::Syntax { .. } => "syntax",
                    NotJson::TooManyValues { .. }
                    | NotJson::TooLargeForOne { .. }
                    | NotJson::Cut { .. } => "too-large",
                }),
            );
            return;
        }
        Ok(json) => {
            media_type(&exchange.request, response, seen);
            match purpose.intent {
                Intent::List {
                    resource,
                    start_index,
                    count,
                } => {
                    let page = Some((*start_index, *count));
                    list_answer(json, Some(*resource), page, purpose.authority, seen);
                }
                Intent::LookUp { resource, .. } => {
                    list_answer(json, Some(*resource), None, purpose.authority, seen);
                }
                Intent::Create { resource, .. } | Intent::Update { resource, .. } => {
                    if json.is_object() {
                        resource_shape(json, *resource, "", purpose.authority, seen);
                    }
                }
                Intent::Read { resource, .. } => {
                    resource_shape(json, *resource, "", purpose.authority, seen);
                }
                Intent::Discover(Document::Entitlements {
                    start_index, count, ..
                }) => {
                    let page = Some((*start_index, *count));
                    list_answer(json, None, page, purpose.authority, seen);
                }
                Intent::Discover(_) | Intent::Delete { .. } | Intent::Literal => {}
            }
        }
    }
    if matches!(purpose.intent, Intent::Create { .. }) && response.status != 201 && !purpose.probe {
        seen.push(Seen::new(
            &create::STATUS,
            "201",
            response.status.to_string(),
        ));
    }
}

/// Who accepts nothing but `application/json` may be answered with it (RFC 7644, 3.1).
fn accepts_only_plain_json(request: &Request) -> bool {
    let accept = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("accept"));
    accept.is_some_and(|(_, value)| {
        let range = value.expose().split(';').next().unwrap_or_default();
        range.trim().eq_ignore_ascii_case("application/json")
    })
}

fn media_type(request: &Request, response: &Response, seen: &mut Vec<Seen>) {
    let given = response.header("content-type").unwrap_or_default();
    let kind = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_plain = kind == "application/json" && accepts_only_plain_json(request);
    if kind != "application/scim+json" && !is_plain {
        let got = if kind.is_empty() {
            "no Content-Type".to_owned()
        } else {
            kind
        };
        seen.push(Seen::new(
            &envelope::MEDIA_TYPE,
            "application/scim+json",
            got,
        ));
    }
}
