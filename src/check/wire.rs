//! Looks at one exchange on its own: the envelope, the list, the shape of resources, errors, secrets.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use super::catalogue::{connection, create, envelope, error, list, resource, secret};
use crate::exchange::{BodyOddity, Exchange, Method, NotJson, Request, Response, SendError};
use crate::okta::request::{Document, Intent, Resource};
use crate::verdict::{CheckMeta, Level};

/// Something that a check saw, not yet tied to a place in the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The check.
    pub check: &'static CheckMeta,
    /// What within the check.
    pub facet: String,
    /// What it is when a special circumstance turns out not to matter: checks and facets, the more general ones last.
    pub general: Vec<(&'static CheckMeta, String)>,
    /// What should have come.
    pub wanted: String,
    /// What came. Never a value of a resource: it might be somebody else's.
    pub got: String,
    /// JSON pointer into the body.
    pub pointer: String,
}

impl Seen {
    /// Something wanted and something got.
    #[must_use]
    pub fn new(
        check: &'static CheckMeta,
        wanted: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self {
            check,
            facet: String::new(),
            general: Vec::new(),
            wanted: wanted.into(),
            got: got.into(),
            pointer: String::new(),
        }
    }

    /// What it is about within the check.
    #[must_use]
    pub fn facet(mut self, facet: impl Into<String>) -> Self {
        self.facet = facet.into();
        self
    }

    /// What it is when a special circumstance turns out not to matter; more general than what was said before.
    #[must_use]
    pub fn or(mut self, check: &'static CheckMeta, facet: impl Into<String>) -> Self {
        self.general.push((check, facet.into()));
        self
    }

    /// Where in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }
}

/// What an exchange was for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// What the request was meant to do.
    pub intent: &'a Intent,
    /// Texts that must not come back: the credential of the request.
    pub credentials: &'a [String],
    /// What a returned password would be named after: the last write that carried one.
    pub password_after: &'a str,
    /// The request is a probe's, so its answer may be an error on purpose.
    pub probe: bool,
    /// Host and port that requests go to; none when nobody knows.
    pub authority: Option<&'a str>,
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

fn secrets(exchange: &Exchange, response: &Response, purpose: &Purpose<'_>, seen: &mut Vec<Seen>) {
    if let Some(json) = response.json() {
        for (pointer, resource) in resources(json) {
            if resource.get("password").is_some_and(|p| !p.is_null()) {
                seen.push(
                    Seen::new(&secret::PASSWORD, "no password", "a password")
                        .facet(purpose.password_after)
                        .at(format!("{pointer}/password")),
                );
                break;
            }
        }
    }
    // Also a wrong token: it is somebody's, and may differ from the right one by a slip.
    let sent = exchange
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .filter_map(|(_, value)| value.expose().rsplit(' ').next());
    let text = String::from_utf8_lossy(&response.body.bytes);
    let known = purpose.credentials.iter().map(String::as_str);
    for credential in known.chain(sent).filter(|c| c.len() >= 6) {
        let in_header = response.headers.iter().any(|(_, v)| v.contains(credential));
        if in_header || text.contains(credential) {
            seen.push(Seen::new(
                &secret::TOKEN,
                "no credentials",
                if in_header {
                    "the token, in a header"
                } else {
                    "the token, in the body"
                },
            ));
            break;
        }
    }
}

fn error_body(response: &Response, seen: &mut Vec<Seen>) {
    let wanted = "a SCIM error: schemas, status, detail";
    let json = match &response.body.json {
        Err(NotJson::Empty) => {
            seen.push(
                Seen::new(
                    &error::BODY,
                    wanted,
                    format!("{} without a body", response.status),
                )
                .facet("empty"),
            );
            return;
        }
        Err(why) => {
            seen.push(
                Seen::new(
                    &error::BODY,
                    wanted,
                    format!("{}, and {why}", response.status),
                )
                .facet("not-json"),
            );
            return;
        }
        Ok(json) => json,
    };
    let names_error = json
        .get("schemas")
        .and_then(Value::as_array)
        .is_some_and(|s| {
            s.iter()
                .any(|s| s == "urn:ietf:params:scim:api:messages:2.0:Error")
        });
    let has_detail = json
        .get("detail")
        .and_then(Value::as_str)
        .is_some_and(|d| !d.is_empty());
    if !names_error || !has_detail {
        let missing = match (names_error, has_detail) {
            (false, false) => "neither the Error schema nor a detail",
            (false, true) => "no Error schema",
            _ => "no detail",
        };
        seen.push(
            Seen::new(
                &error::BODY,
                wanted,
                format!("{} with {missing}", response.status),
            )
            .facet("shape"),
        );
    }
    if let Some(got) = json
        .get("detail")
        .and_then(Value::as_str)
        .and_then(not_for_people)
    {
        let wanted = "a sentence for an administrator";
        seen.push(Seen::new(&error::DETAIL, wanted, got).at("/detail"));
    }
    let stated = match json.get("status") {
        Some(Value::String(s)) => s.trim().parse().ok(),
        Some(Value::Number(n)) => n.as_u64(),
        _ => None,
    };
    if let Some(stated) = stated
        && stated != u64::from(response.status)
    {
        seen.push(
            Seen::new(
                &error::STATUS,
                format!("\"{}\"", response.status),
                format!("\"{stated}\""),
            )
            .at("/status"),
        );
    }
}

/// What keeps a text from being meant for people: its length, or that it is a stack trace.
fn not_for_people(detail: &str) -> Option<String> {
    const MOST: usize = 1_000;
    const TRACES: [&str; 4] = [
        "Traceback (most recent call last)",
        "\n\tat ",
        "\n    at ",
        "\n   at ",
    ];
    if TRACES.iter().any(|trace| detail.contains(trace)) {
        return Some("a stack trace".to_owned());
    }
    let length = detail.chars().count();
    (length > MOST).then(|| format!("{length} letters"))
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

fn list_answer(
    json: &Value,
    kind: Option<Resource>,
    page: Option<(u64, u64)>,
    authority: Option<&str>,
    seen: &mut Vec<Seen>,
) {
    let wanted = "a ListResponse";
    let Some(object) = json.as_object() else {
        seen.push(Seen::new(&list::READABLE, wanted, what(json)));
        return;
    };
    list_keys(object, seen);
    let total = counter(object, "totalResults").and_then(Value::as_u64);
    if counter(object, "totalResults").is_none() {
        seen.push(
            Seen::new(&list::READABLE, wanted, "an object without totalResults")
                .at("/totalResults"),
        );
        return;
    }
    let listed = object
        .get("schemas")
        .and_then(Value::as_array)
        .is_some_and(|s| {
            s.iter()
                .any(|s| s == "urn:ietf:params:scim:api:messages:2.0:ListResponse")
        });
    if !listed {
        seen.push(
            Seen::new(&list::SCHEMAS, "the ListResponse URN", "another or none").at("/schemas"),
        );
    }
    let past_the_end = page.is_some_and(|(start, _)| total.is_some_and(|t| start > t));
    let found = match counter(object, "Resources") {
        Some(Value::Array(found)) => found.as_slice(),
        None | Some(Value::Null) if total == Some(0) => {
            seen.push(
                Seen::new(&list::RESOURCES, "Resources: []", "no Resources").at("/Resources"),
            );
            &[]
        }
        // Past the end there may be none.
        None if past_the_end => &[],
        None => {
            seen.push(Seen::new(&list::READABLE, "an array", "no Resources").at("/Resources"));
            return;
        }
        Some(other) => {
            seen.push(Seen::new(&list::READABLE, "an array", what(other)).at("/Resources"));
            return;
        }
    };
    // Okta takes one page of all without resources for an empty one, but stops at such an answer to a look-up.
    if let Some(total) = total.filter(|t| *t > 0 && found.is_empty() && page.is_none()) {
        seen.push(
            Seen::new(
                &list::READABLE,
                "the resources that totalResults announces",
                format!("totalResults {total} and Resources []"),
            )
            .facet("announced-but-absent")
            .at("/Resources"),
        );
    }
    let mut ids = HashSet::new();
    if found
        .iter()
        .filter_map(crate::okta::reading::id_of)
        .any(|id| !ids.insert(id))
    {
        seen.push(
            Seen::new(
                &list::REPEATS,
                "each once",
                "the same one twice in one answer",
            )
            .facet("in-one-answer")
            .at("/Resources"),
        );
    }
    counts(object, found.len() as u64, total, page, seen);
    // Roles and entitlements have a shape of their own.
    let Some(kind) = kind else { return };
    for (i, resource) in found.iter().enumerate() {
        let before = seen.len();
        resource_shape(resource, kind, &format!("/Resources/{i}"), authority, seen);
        // One bad element says it all; one that is merely odd does not.
        let new = seen.get(before..).unwrap_or_default();
        if new.iter().any(|s| s.check.level == Level::Error) {
            break;
        }
    }
}

/// A key of a list answer, as in the RFC or in lower case, which Okta reads, too.
fn counter<'v>(object: &'v serde_json::Map<String, Value>, key: &str) -> Option<&'v Value> {
    object
        .get(key)
        .or_else(|| object.get(&key.to_ascii_lowercase()))
}

/// Spelling and types of the keys. One of them wrong is all of them wrong: they come from one place.
fn list_keys(object: &serde_json::Map<String, Value>, seen: &mut Vec<Seen>) {
    let lower: Vec<&str> = ["totalResults", "startIndex", "itemsPerPage", "Resources"]
        .into_iter()
        .filter(|key| !object.contains_key(*key) && object.contains_key(&key.to_ascii_lowercase()))
        .collect();
    if let Some(first) = lower.first() {
        seen.push(
            Seen::new(
                &list::KEYS,
                lower.join(", "),
                lower.join(", ").to_lowercase(),
            )
            .at(format!("/{}", first.to_ascii_lowercase())),
        );
    }
    let wrong: Vec<&str> = ["totalResults", "startIndex", "itemsPerPage"]
        .into_iter()
        .filter(|key| counter(object, key).is_some_and(|value| !value.is_u64()))
        .collect();
    if let Some(first) = wrong.first() {
        let got = counter(object, first).map_or_else(String::new, what);
        seen.push(
            Seen::new(
                &list::COUNTERS,
                "numbers",
                format!("{got} in {}", wrong.join(", ")),
            )
            .at(format!("/{first}")),
        );
    }
}

fn counts(
    object: &serde_json::Map<String, Value>,
    found: u64,
    total: Option<u64>,
    page: Option<(u64, u64)>,
    seen: &mut Vec<Seen>,
) {
    let past_the_end = page.is_some_and(|(start, _)| total.is_some_and(|t| start > t));
    if let Some(per_page) = counter(object, "itemsPerPage").and_then(Value::as_u64)
        && per_page != found
    {
        let check = if past_the_end && found == 0 {
            &list::ITEMS_PAST_THE_END
        } else {
            &list::ITEMS_PER_PAGE
        };
        seen.push(Seen::new(check, found.to_string(), per_page.to_string()).at("/itemsPerPage"));
    }
    let Some(total) = total else { return };
    if found > total {
        seen.push(
            Seen::new(&list::TOTAL, format!("at least {found}"), total.to_string())
                .facet("too-low")
                .at("/totalResults"),
        );
    }
    if past_the_end && found > 0 {
        let (start, _) = page.unwrap_or_default();
        seen.push(
            Seen::new(
                &list::PAST_THE_END,
                format!("no resources from startIndex {start} of {total}"),
                format!("{found} resources"),
            )
            .at("/Resources"),
        );
    }
}

/// The shape of one resource. Values are not looked at, only types: it may be somebody else's.
fn resource_shape(
    json: &Value,
    kind: Resource,
    pointer: &str,
    authority: Option<&str>,
    seen: &mut Vec<Seen>,
) {
    let Some(object) = json.as_object() else {
        seen.push(
            Seen::new(&envelope::JSON, "a resource", what(json))
                .facet("no-object")
                .at(pointer),
        );
        return;
    };
    let facet = kind.word();
    match object.get("id") {
        Some(Value::String(id)) if !id.is_empty() => {}
        other => seen.push(
            Seen::new(
                &resource::ID,
                "a string",
                other.map_or("none".to_owned(), what),
            )
            .facet(facet)
            .at(format!("{pointer}/id")),
        ),
    }
    schemas(object.get("schemas"), kind, pointer, seen);
    if let Some(kind_stated) = object
        .get("meta")
        .and_then(|m| m.get("resourceType"))
        .and_then(Value::as_str)
        && kind_stated != kind.as_str()
    {
        seen.push(
            Seen::new(&resource::TYPE, kind.as_str(), kind_stated)
                .facet(facet)
                .at(format!("{pointer}/meta/resourceType")),
        );
    }
    let location = object
        .get("meta")
        .and_then(|m| m.get("location"))
        .and_then(Value::as_str);
    if let (Some(wanted), Some(given)) = (authority, location.and_then(authority_of))
        && !wanted.eq_ignore_ascii_case(given)
    {
        seen.push(
            Seen::new(&resource::LOCATION, wanted, given).at(format!("{pointer}/meta/location")),
        );
    }
    match kind {
        Resource::User => user_shape(object, pointer, seen),
        Resource::Group => group_shape(object, pointer, seen),
    }
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

fn schemas(stated: Option<&Value>, kind: Resource, pointer: &str, seen: &mut Vec<Seen>) {
    let urn = match kind {
        Resource::User => crate::okta::body::USER,
        Resource::Group => crate::okta::body::GROUP,
    };
    let named = stated.and_then(Value::as_array).is_some_and(|s| {
        s.iter()
            .any(|s| s.as_str().is_some_and(|s| s.eq_ignore_ascii_case(urn)))
    });
    if named {
        return;
    }
    let got = match stated {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::Array(s)) if s.iter().any(|s| s == crate::okta::body::PATCH_OP) => {
            "the PatchOp schema".to_owned()
        }
        Some(_) => "others".to_owned(),
    };
    seen.push(
        Seen::new(&resource::SCHEMAS, urn, got)
            .facet(kind.word())
            .at(format!("{pointer}/schemas")),
    );
}

fn user_shape(object: &serde_json::Map<String, Value>, pointer: &str, seen: &mut Vec<Seen>) {
    match object.get("active") {
        Some(Value::Bool(_)) => {}
        other => seen.push(
            Seen::new(
                &resource::ACTIVE,
                "true or false",
                other.map_or("no active".to_owned(), what),
            )
            .at(format!("{pointer}/active")),
        ),
    }
    match object.get("emails") {
        None | Some(Value::Null) => {}
        Some(Value::Array(emails)) if emails.iter().all(Value::is_object) => {
            let primary = emails
                .iter()
                .filter(|e| e.get("primary") == Some(&Value::Bool(true)))
                .count();
            if primary > 1 {
                seen.push(
                    Seen::new(&resource::PRIMARY, "at most one", primary.to_string())
                        .at(format!("{pointer}/emails")),
                );
            }
        }
        Some(other) => seen.push(
            Seen::new(&resource::EMAILS, "an array of objects", what(other))
                .at(format!("{pointer}/emails")),
        ),
    }
}

fn group_shape(object: &serde_json::Map<String, Value>, pointer: &str, seen: &mut Vec<Seen>) {
    match object.get("members") {
        None | Some(Value::Null) => {}
        Some(Value::Array(members))
            if members
                .iter()
                .all(|m| m.get("value").is_some_and(Value::is_string)) => {}
        Some(other) => seen.push(
            Seen::new(
                &resource::MEMBERS,
                "an array of objects with a value",
                what(other),
            )
            .at(format!("{pointer}/members")),
        ),
    }
}

/// Every resource in an answer: the elements of a list, or the answer itself.
fn resources(json: &Value) -> impl Iterator<Item = (String, &Value)> {
    let listed = json.get("Resources").and_then(Value::as_array);
    let single = if listed.is_none() {
        Some((String::new(), json))
    } else {
        None
    };
    listed
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, r)| (format!("/Resources/{i}"), r))
        .chain(single)
}

/// A value's type, for messages that must not hold the value itself.
#[must_use]
pub fn what(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(s) if s.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(a) if a.is_empty() => "[]".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(o) if o.is_empty() => "{}".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::{Body, HeaderText, Method, Timing};
    use crate::okta::request::Client;

    const MEDIA_TYPE: (&str, &str) = ("Content-Type", "application/scim+json");

    fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, SendError> {
        let headers = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Ok(Response {
            status,
            headers: headers.collect(),
            body: Body::read(Bytes::copy_from_slice(body.as_bytes()), None),
        })
    }

    fn exchange(method: Method, outcome: Result<Response, SendError>) -> Exchange {
        let client = Client {
            authorization: Some(HeaderText::Plain("Bearer s3cret-token".to_owned())),
            extra: Vec::new(),
        };
        Exchange {
            request: client.request(method, "/Users".to_owned(), None),
            outcome,
            timing: Timing::default(),
        }
    }

    /// What is seen of an exchange, as `check [facet]`.
    fn seen_of(exchange: &Exchange, intent: &Intent, probe: bool) -> Vec<String> {
        let purpose = Purpose {
            intent,
            credentials: &[],
            password_after: "create",
            probe,
            authority: Some("scim.example.test"),
        };
        look(exchange, &purpose)
            .iter()
            .map(|s| format!("{} [{}]", s.check.id, s.facet))
            .collect()
    }

    fn seen(method: Method, outcome: Result<Response, SendError>, intent: &Intent) -> Vec<String> {
        seen_of(&exchange(method, outcome), intent, false)
    }

    fn read() -> Intent {
        Intent::Read {
            resource: Resource::User,
            id: "1".to_owned(),
        }
    }

    fn look_up() -> Intent {
        Intent::LookUp {
            resource: Resource::User,
            name: "ada".to_owned(),
        }
    }

    #[test]
    fn plain_json_is_right_for_who_accepts_nothing_else() {
        let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1"}"#;
        let plain = [("Content-Type", "application/json; charset=utf-8")];
        let table = [
            ("application/json", false),
            ("Application/JSON;q=0.9", false),
            ("application/scim+json", true),
            ("application/json, application/scim+json", true),
        ];
        for (accept, warned) in table {
            let mut exchange = exchange(Method::Get, answered(200, &plain, user));
            exchange
                .request
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("accept"));
            let accept_header = ("Accept".to_owned(), HeaderText::Plain(accept.to_owned()));
            exchange.request.headers.push(accept_header);
            let found = seen_of(&exchange, &read(), false);
            let found = found
                .iter()
                .any(|seen| seen.starts_with("envelope/media-type"));
            assert_eq!(found, warned, "{accept}");
        }
    }

    #[test]
    fn an_answer_that_does_not_come_is_named_by_how() {
        let host = || "scim.example.test".to_owned();
        let reason = || "why".to_owned();
        let limit = Duration::from_secs(60);
        let table = [
            (SendError::Dns { host: host() }, "connect"),
            (
                SendError::Connect {
                    host: host(),
                    reason: reason(),
                },
                "connect",
            ),
            (SendError::Tls { reason: reason() }, "tls"),
            (SendError::Closed { reason: reason() }, "closed"),
            (SendError::TimedOut { limit }, "timed-out"),
            (SendError::TooLarge { limit: 1 }, "too-large"),
            (SendError::NotHttp { reason: reason() }, "not-http"),
        ];
        for (error, facet) in table {
            assert_eq!(
                seen(Method::Get, Err(error), &read()),
                [format!("connection/answers [{facet}]")]
            );
        }
        let ours = SendError::Unsendable { reason: reason() };
        assert!(seen(Method::Get, Err(ours), &read()).is_empty());
    }

    #[test]
    fn what_a_value_no_longer_shows() {
        let table = [
            (BodyOddity::ByteOrderMark, "envelope/byte-order-mark []"),
            (
                BodyOddity::DuplicateKey("/id".into()),
                "envelope/duplicate-keys []",
            ),
            (BodyOddity::BodyAfterNoContent, "envelope/body-after-204 []"),
            (
                BodyOddity::BadEncoding("gzip".into()),
                "envelope/content-encoding []",
            ),
        ];
        for (oddity, wanted) in table {
            let mut outcome = answered(204, &[], "");
            if let Ok(response) = &mut outcome {
                response.body.oddities.push(oddity);
            }
            assert_eq!(seen(Method::Patch, outcome, &Intent::Literal), [wanted]);
        }
    }

    #[test]
    fn lists() {
        let urn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
        let list = |rest: &str| format!(r#"{{"schemas":["{urn}"],{rest}}}"#);
        let ada =
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true}"#;
        let table: [(String, &[&str]); 11] = [
            (
                list(r#""totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]"#),
                &[],
            ),
            (
                list(&format!(r#""totalResults":1,"Resources":[{ada}]"#)),
                &[],
            ),
            (list(r#""totalResults":0"#), &["list/resources []"]),
            (list(r#""Resources":[]"#), &["list/readable []"]),
            (
                list(r#""totalResults":0,"Resources":{}"#),
                &["list/readable []"],
            ),
            (
                list(r#""totalResults":1,"Resources":[]"#),
                &["list/readable [announced-but-absent]"],
            ),
            (
                list(r#""totalResults":"0","startIndex":"1","Resources":[]"#),
                &["list/counters []"],
            ),
            (
                list(r#""totalresults":0,"resources":[]"#),
                &["list/key-case []"],
            ),
            (
                list(&format!(r#""totalResults":2,"Resources":[{ada},{ada}]"#)),
                &["list/repeats [in-one-answer]"],
            ),
            (
                list(&format!(
                    r#""totalResults":0,"itemsPerPage":9,"Resources":[{ada}]"#
                )),
                &["list/items-per-page []", "list/total-results [too-low]"],
            ),
            ("[]".to_owned(), &["list/readable []"]),
        ];
        for (body, wanted) in table {
            let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &look_up());
            assert_eq!(found, wanted, "{body}");
        }
    }

    #[test]
    fn past_the_end_there_is_nothing() {
        let urn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
        let page = Intent::List {
            resource: Resource::User,
            start_index: 101,
            count: 100,
        };
        let table: [(&str, &[&str]); 3] = [
            (r#""totalResults":2"#, &[]),
            (
                r#""totalResults":2,"itemsPerPage":100,"Resources":[]"#,
                &["list/items-per-page-past-the-end []"],
            ),
            (
                r#""totalResults":2,"Resources":[{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true}]"#,
                &["list/past-the-end []"],
            ),
        ];
        for (rest, wanted) in table {
            let body = format!(r#"{{"schemas":["{urn}"],{rest}}}"#);
            let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &page);
            assert_eq!(found, wanted, "{body}");
        }
    }

    #[test]
    fn the_shape_of_a_user() {
        let urn = r#""schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]"#;
        let table: [(&str, &[&str]); 9] = [
            (r#""id":"1","active":true"#, &[]),
            (r#""id":1,"active":true"#, &["resource/id [user]"]),
            (r#""active":true"#, &["resource/id [user]"]),
            (r#""id":"1","active":"true""#, &["resource/active []"]),
            (r#""id":"1""#, &["resource/active []"]),
            (
                r#""id":"1","active":true,"emails":{}"#,
                &["resource/emails []"],
            ),
            (
                r#""id":"1","active":true,"emails":[{"primary":true},{"primary":true}]"#,
                &["resource/primary []"],
            ),
            (
                r#""id":"1","active":true,"meta":{"resourceType":"Users","location":"/Users/1"}"#,
                &["resource/resource-type [user]"],
            ),
            (
                r#""id":"1","active":true,"meta":{"location":"http://internal:8080/Users/1"}"#,
                &["resource/location []"],
            ),
        ];
        for (rest, wanted) in table {
            let body = format!("{{{urn},{rest}}}");
            let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &read());
            assert_eq!(found, wanted, "{body}");
        }
    }

    #[test]
    fn errors_have_a_body() {
        let urn = "urn:ietf:params:scim:api:messages:2.0:Error";
        let table: [(String, &[&str]); 6] = [
            (
                format!(r#"{{"schemas":["{urn}"],"status":"404","detail":"no"}}"#),
                &[],
            ),
            (
                format!(r#"{{"schemas":["{urn}"],"status":404,"detail":"no"}}"#),
                &[],
            ),
            (
                format!(r#"{{"schemas":["{urn}"],"status":"400","detail":"no"}}"#),
                &["error/status []"],
            ),
            (r#"{"detail":"no"}"#.to_owned(), &["error/body [shape]"]),
            (String::new(), &["error/body [empty]"]),
            ("<html>".to_owned(), &["error/body [not-json]"]),
        ];
        for (body, wanted) in table {
            assert_eq!(
                seen(Method::Get, answered(404, &[], &body), &read()),
                wanted,
                "{body}"
            );
        }
    }

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true,"password":"x"}"#;
        let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], body), &read());
        assert_eq!(found, ["secret/password-returned [create]"]);
        let echo = ("X-Echo", "Bearer s3cret-token");
        let found = seen(Method::Get, answered(204, &[echo], ""), &Intent::Literal);
        assert!(
            found.contains(&"secret/token-returned []".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn a_redirect_is_a_probe_s_own_business() {
        let exchange = exchange(Method::Post, answered(302, &[("Location", "/login")], ""));
        assert_eq!(
            seen_of(&exchange, &Intent::Literal, false),
            ["connection/redirects [POST]"]
        );
        assert!(seen_of(&exchange, &Intent::Literal, true).is_empty());
    }

    #[test]
    fn a_second_is_slow() {
        let mut exchange = exchange(Method::Get, answered(404, &[], r#"{"detail":"no"}"#));
        exchange.timing.total = Duration::from_millis(999);
        assert!(!seen_of(&exchange, &read(), false).contains(&"connection/slow []".to_owned()));
        exchange.timing.total = Duration::from_secs(1);
        assert!(seen_of(&exchange, &read(), false).contains(&"connection/slow []".to_owned()));
    }

    #[test]
    fn the_authority_of_a_url() {
        let table = [
            (
                "https://scim.example.test/v2/Users/1",
                Some("scim.example.test"),
            ),
            (
                "https://scim.example.test:443/v2",
                Some("scim.example.test"),
            ),
            ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("http://user:pw@h.test:80?x", Some("h.test")),
            ("/v2/Users/1", None),
            ("http://", None),
        ];
        for (url, wanted) in table {
            assert_eq!(authority_of(url), wanted, "{url}");
        }
    }
}
