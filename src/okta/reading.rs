//! Answers as Okta reads them: what matched, what is trouble, which text the admin sees.
//!
//! Okta is lenient where this module is: any 2xx with a parseable body is success, list keys may be
//! lower case, `Content-Type` does not matter (Okta's SCIM reference; knowledge base). Whether an answer is
//! *right* is not decided here but by the checks.

use serde_json::Value;

use super::job::MatchWord;
use super::request::EntitlementType;
use crate::exchange::{Exchange, NotJson, Response};

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Nobody.
    None,
    /// One resource.
    One {
        /// Its id.
        id: String,
        /// `active` is not false.
        active: bool,
    },
    /// More than one.
    Many(u64),
    /// Okta cannot make sense of the answer.
    Unreadable(String),
}

impl Match {
    /// The word that jobs use.
    #[must_use]
    pub fn word(&self) -> MatchWord {
        match self {
            Self::None => MatchWord::None,
            Self::One { active: true, .. } => MatchWord::Active,
            Self::One { active: false, .. } => MatchWord::Inactive,
            Self::Many(_) => MatchWord::Many,
            Self::Unreadable(_) => MatchWord::Unreadable,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<'a> {
    /// `totalResults`.
    pub total: u64,
    /// `Resources`.
    pub resources: &'a [Value],
}

/// A key of a list envelope; Okta also takes it in lower case (Okta's SCIM guide of 2018).
fn envelope<'v>(json: &'v Value, key: &str) -> Option<&'v Value> {
    json.get(key).or_else(|| json.get(key.to_ascii_lowercase()))
}

/// Reads a list. The counters must be JSON numbers: a string made Okta stop without a word
/// (Okta help center question 0D54z0000A4i091CQA).
///
/// # Errors
/// The text that the admin sees.
pub fn page(response: &Response) -> Result<Page<'_>, String> {
    let no_users = || "No results for users returned".to_owned();
    let json = match &response.body.json {
        Ok(json) => json,
        // So the knowledge base says of both, for the test of a connection.
        Err(NotJson::Empty | NotJson::Html) => return Err(no_users()),
        Err(not_json) => return Err(unreadable(response, not_json)),
    };
    let number = |key: &str| match envelope(json, key) {
        Some(Value::Number(n)) => n.as_u64().or_else(|| {
            n.as_f64()
                .filter(|f| f.fract() == 0.0 && *f >= 0.0)
                .map(|f| f as u64)
        }),
        _ => None,
    };
    if !json.is_object() {
        return Err(no_users());
    }
    for key in ["startIndex", "itemsPerPage"] {
        if envelope(json, key).is_some_and(Value::is_string) {
            return Err(String::new());
        }
    }
    let total = match envelope(json, "totalResults") {
        Some(Value::String(_)) => return Err(String::new()),
        _ => number("totalResults").ok_or_else(no_users)?,
    };
    let resources = match envelope(json, "Resources") {
        Some(Value::Array(resources)) => resources.as_slice(),
        None | Some(Value::Null) if total == 0 => &[],
        _ => return Err(no_users()),
    };
    Ok(Page { total, resources })
}

/// Reads the answer to a look-up by name. A 404 with a SCIM error counts as "nobody" (Okta's SCIM reference).
#[must_use]
pub fn look_up(response: &Response) -> Match {
    if response.status == 404 && is_scim_error(response) {
        return Match::None;
    }
    match page(response) {
        Err(text) => Match::Unreadable(text),
        Ok(page) if page.total > 1 || page.resources.len() > 1 => {
            Match::Many(page.total.max(page.resources.len() as u64))
        }
        Ok(page) => match page.resources.first() {
            None if page.total == 0 => Match::None,
            None => Match::Unreadable("No results for users returned".to_owned()),
            Some(resource) => match id_of(resource) {
                Some(id) => Match::One {
                    id,
                    active: resource.get("active") != Some(&Value::Bool(false)),
                },
                None => Match::Unreadable("the resource has no id".to_owned()),
            },
        },
    }
}

/// Whether a resource type is one that Okta governs: by its schema
/// (Okta: Build a SCIM 2.0 server with entitlements).
const ENTITLEMENT_SCHEMAS: [(&str, bool); 2] = [
    ("urn:okta:scim:schemas:core:1.0:Role", true),
    ("urn:okta:scim:schemas:core:1.0:Entitlement", false),
];

/// The resource types of roles and entitlements, in the order of the answer.
#[must_use]
pub fn entitlement_types(types: &[Value]) -> Vec<EntitlementType> {
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    types
        .iter()
        .filter_map(|one| {
            let schema = text(one, "schema")?;
            let (_, is_role) = ENTITLEMENT_SCHEMAS
                .iter()
                .find(|(urn, _)| urn.eq_ignore_ascii_case(&schema))?;
            Some(EntitlementType {
                name: text(one, "name")?,
                endpoint: endpoint(&text(one, "endpoint")?)?,
                is_role: *is_role,
            })
        })
        .collect()
}

/// An endpoint as a path below the base URL (RFC 7643, 6); nothing that leads elsewhere.
fn endpoint(text: &str) -> Option<String> {
    let name = text.strip_prefix('/').unwrap_or(text);
    let is_path = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b);
    let leads_up = name.split('/').any(|segment| segment == "..");
    (!name.is_empty() && name.bytes().all(is_path) && !leads_up).then(|| format!("/{name}"))
}

/// The id of a resource, as text: Okta's Java client reads a number as one, too (inferred).
#[must_use]
pub fn id_of(resource: &Value) -> Option<String> {
    match resource.get("id")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn is_scim_error(response: &Response) -> bool {
    response
        .json()
        .and_then(|j| j.get("schemas"))
        .and_then(Value::as_array)
        .is_some_and(|s| {
            s.iter()
                .any(|s| s.as_str().is_some_and(|s| s.ends_with(":Error")))
        })
}

/// What Okta writes behind "...:" when a request failed: the reason phrase and the `detail` of the error body.
#[must_use]
pub fn failure(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Err(error) => error.to_string(),
        Ok(response) => match &response.body.json {
            Ok(json) => match json.get("detail").and_then(Value::as_str) {
                Some(detail) => format!(
                    "{}. Errors reported by remote server: {detail}",
                    reason(response.status)
                ),
                None => reason(response.status).to_owned(),
            },
            Err(NotJson::Empty) => reason(response.status).to_owned(),
            Err(not_json) => match unreadable(response, not_json) {
                complaint if complaint.is_empty() => reason(response.status).to_owned(),
                complaint => format!(
                    "{}. Errors reported by remote server: {complaint}",
                    reason(response.status)
                ),
            },
        },
    }
}

/// What the admin sees when a 2xx answer holds no resource: the parser's complaint, or nothing when
/// there is nothing to complain about.
#[must_use]
pub(super) fn no_resource(response: &Response) -> String {
    match &response.body.json {
        Ok(_) | Err(NotJson::Empty) => String::new(),
        Err(not_json) => unreadable(response, not_json),
    }
}

/// Okta's parser complains about its own trouble and hides the cause (recorded on a 502 with plain text).
fn unreadable(response: &Response, why: &NotJson) -> String {
    if why.is_unread() {
        // Okta may have read it: what it says then is not known.
        return String::new();
    }
    let text = String::from_utf8_lossy(&response.body.bytes);
    let text = text.trim_start();
    let token: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .take(40)
        .collect();
    match text.chars().next() {
        Some(_) if !token.is_empty() => format!("Invalid JSON: Unrecognized token '{token}'"),
        Some(first @ '<') => {
            let code = u32::from(first);
            format!("Invalid JSON: Unexpected character ('{first}' (code {code}))")
        }
        _ => format!("Invalid JSON: {why}"),
    }
}

/// The reason phrase as Java's HTTP client knows it.
#[must_use]
pub fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|s| s.canonical_reason())
        .unwrap_or("Unknown status")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::Body;

    fn answer(status: u16, text: &str) -> Response {
        Response {
            status,
            headers: vec![],
            body: Body::read(Bytes::copy_from_slice(text.as_bytes()), None),
        }
    }

    #[test]
    fn look_ups_as_okta_reads_them() {
        let list = |total: &str, resources: &str| {
            format!(
                r#"{{"totalResults":{total},"startIndex":1,"itemsPerPage":1,"Resources":{resources}}}"#
            )
        };
        let table = [
            (list("0", "[]"), MatchWord::None),
            (r#"{"totalResults":0}"#.to_owned(), MatchWord::None),
            (list("1", r#"[{"id":"a"}]"#), MatchWord::Active),
            (
                list("1", r#"[{"id":"a","active":true}]"#),
                MatchWord::Active,
            ),
            (
                list("1", r#"[{"id":"a","active":false}]"#),
                MatchWord::Inactive,
            ),
            (list("1", r#"[{"id":7}]"#), MatchWord::Active),
            (
                r#"{"totalresults":1,"resources":[{"id":"a"}]}"#.to_owned(),
                MatchWord::Active,
            ),
            (list("2", r#"[{"id":"a"},{"id":"b"}]"#), MatchWord::Many),
            (list("40", r#"[{"id":"a"}]"#), MatchWord::Many),
            (list("\"0\"", "[]"), MatchWord::Unreadable),
            (
                r#"{"totalResults":0,"startIndex":"1","Resources":[]}"#.to_owned(),
                MatchWord::Unreadable,
            ),
            ("[]".to_owned(), MatchWord::Unreadable),
            (String::new(), MatchWord::Unreadable),
            ("null".to_owned(), MatchWord::Unreadable),
            ("<html>".to_owned(), MatchWord::Unreadable),
            (list("1", "[{}]"), MatchWord::Unreadable),
            (list("1", "[]"), MatchWord::Unreadable),
        ];
        for (text, word) in table {
            assert_eq!(look_up(&answer(200, &text)).word(), word, "{text}");
        }
    }

    #[test]
    fn what_okta_governs_is_known_by_its_schema() {
        let of = |endpoint: &str, schema: &str| serde_json::json!({"name": "X", "endpoint": endpoint, "schema": schema});
        let (role, licence) = (
            "urn:okta:scim:schemas:core:1.0:Role",
            "URN:okta:scim:schemas:core:1.0:Entitlement",
        );
        let types = [
            of("/Users", "urn:ietf:params:scim:schemas:core:2.0:User"),
            of("/Roles", role),
            of("Licenses", licence),
            of("https://elsewhere.test/Roles", role),
            of("/../admin", role),
            of("/Roles?x=1", role),
            of("/", role),
            serde_json::json!({"schema": role}),
        ];
        let found = entitlement_types(&types);
        let found: Vec<_> = found
            .iter()
            .map(|t| (t.endpoint.as_str(), t.is_role))
            .collect();
        assert_eq!(found, [("/Roles", true), ("/Licenses", false)]);
    }

    #[test]
    fn not_found_as_a_scim_error_means_nobody() {
        let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#;
        assert_eq!(look_up(&answer(404, error)), Match::None);
        assert_eq!(
            look_up(&answer(404, "<html>")).word(),
            MatchWord::Unreadable
        );
    }

    #[test]
    fn the_admin_sees_reason_and_detail() {
        let exchange = |status, text: &str| Exchange {
            request: super::super::request::Client::default()
                .read(super::super::request::Resource::User, "1"),
            outcome: Ok(answer(status, text)),
            timing: crate::exchange::Timing::default(),
        };
        assert_eq!(
            failure(&exchange(409, r#"{"detail":"taken"}"#)),
            "Conflict. Errors reported by remote server: taken"
        );
        assert_eq!(failure(&exchange(404, "")), "Not Found");
        assert_eq!(
            failure(&exchange(502, "error code: 502")),
            "Bad Gateway. Errors reported by remote server: Invalid JSON: Unrecognized token 'error'"
        );
        assert_eq!(
            failure(&exchange(502, "\n<html>")),
            "Bad Gateway. Errors reported by remote server: Invalid JSON: Unexpected character ('<' (code 60))"
        );
    }
}
