//! A request as the server understands it.

use std::num::IntErrorKind;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Map, Value};

use super::answer::Problem;
use super::route::{Route, percent_decode};
use crate::scim::{ErrorType, urn};

/// A request whose path, query and body have been read.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    /// The body, when the request has one.
    pub(super) body: Option<Value>,
}

/// The query parameters that SCIM defines (RFC 7644, 3.4.2 and 3.9), or the same in a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) filter: Option<String>,
    /// 1-based; what is below 1 counts as 1.
    pub(super) start_index: Option<i64>,
    /// What is below 0 counts as 0.
    pub(super) count: Option<i64>,
    pub(super) attributes: Vec<String>,
    pub(super) excluded_attributes: Vec<String>,
    pub(super) sort_by: Option<String>,
    /// `sortOrder` is `descending`.
    pub(super) descending: bool,
}

impl Incoming {
    /// Reads a request whose route is known.
    pub(super) fn read(request: Request<Bytes>, route: Route) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut query = Query::read(parts.uri.query().unwrap_or_default())?;
        let body = if body.is_empty() {
            None
        } else {
            check_encoding(&parts.headers)?;
            check_media_type(&parts.headers)?;
            Some(read_json(&body)?)
        };
        if matches!(route, Route::Search(_)) && parts.method == Method::POST {
            query = Query::of_search(object(body.as_ref())?)?;
        }
        Ok(Self {
            method: parts.method,
            route,
            query,
            headers: parts.headers,
            body,
        })
    }

    /// The body, which must be a JSON object.
    pub(super) fn object(&self) -> Result<&Map<String, Value>, Problem> {
        object(self.body.as_ref())
    }
}

fn object(body: Option<&Value>) -> Result<&Map<String, Value>, Problem> {
    body.and_then(Value::as_object).ok_or_else(|| {
        Problem::bad_request(
            ErrorType::InvalidSyntax,
            "The request body must be a JSON object",
        )
    })
}

/// Bodies are taken as they are: SCIM clients do not compress them (RFC 9110, 15.5.16).
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.flat_map(|value| value.to_str().unwrap_or("?").split(','));
    match codings.find(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Encoding {} is not supported", coding.trim()),
        )),
    }
}

/// `application/scim+json` and `application/json`, in UTF-8 (RFC 7644, 3.1 and 8.1).
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = ["application/scim+json", "application/json"]
        .iter()
        .any(|media_type| essence.eq_ignore_ascii_case(media_type));
    let utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| {
            charset
                .trim()
                .trim_matches('"')
                .eq_ignore_ascii_case("utf-8")
        });
    if known && utf8 {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("Content-Type must be application/scim+json in UTF-8, not \"{text}\""),
    ))
}

fn read_json(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|problem| {
        Problem::bad_request(
            ErrorType::InvalidSyntax,
            format!("The request body is not JSON: {problem}"),
        )
    })
}

impl Query {
    fn read(text: &str) -> Result<Self, Problem> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = percent_decode(name, true).zip(percent_decode(value, true));
            let (name, value) = decoded
                .ok_or_else(|| Problem::invalid_value("The query is not percent-encoded UTF-8"))?;
            match name.as_str() {
                "filter" => query.filter = Some(value),
                "startIndex" => query.start_index = Some(integer(&name, &value)?),
                "count" => query.count = Some(integer(&name, &value)?),
                "attributes" => query.attributes = names(&value),
                "excludedAttributes" => query.excluded_attributes = names(&value),
                "sortBy" => query.sort_by = Some(value),
                "sortOrder" => query.descending = is_descending(&value)?,
                _ => {}
            }
        }
        Ok(query)
    }

    /// Reads the body of a search (RFC 7644, 3.4.3).
    fn of_search(body: &Map<String, Value>) -> Result<Self, Problem> {
        let schemas = body.get("schemas").and_then(Value::as_array);
        if !schemas.is_some_and(|urns| urns.iter().any(|named| named == urn::SEARCH_REQUEST)) {
            return Err(Problem::bad_request(
                ErrorType::InvalidSyntax,
                "schemas must hold the SearchRequest URN",
            ));
        }
        let mut query = Self::default();
        for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "filter" => query.filter = Some(text(name, value)?.to_owned()),
                "sortBy" => query.sort_by = Some(text(name, value)?.to_owned()),
                "sortOrder" => query.descending = is_descending(text(name, value)?)?,
                "startIndex" => query.start_index = Some(number(name, value)?),
                "count" => query.count = Some(number(name, value)?),
                "attributes" => query.attributes = texts(name, value)?,
                "excludedAttributes" => query.excluded_attributes = texts(name, value)?,
                _ => {}
            }
        }
        Ok(query)
    }
}

fn is_descending(value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "ascending" => Ok(false),
        "descending" => Ok(true),
        _ => Err(Problem::invalid_value(format!(
            "sortOrder must be ascending or descending, not \"{value}\""
        ))),
    }
}

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, Problem> {
    let problem = || Problem::invalid_value(format!("{name} must be a string"));
    value.as_str().ok_or_else(problem)
}

fn number(name: &str, value: &Value) -> Result<i64, Problem> {
    whole(value).ok_or_else(|| Problem::invalid_value(format!("{name} must be an integer")))
}

/// A JSON number without a fraction, be it written as `1.0`; one that is too large is the
/// largest, which here means the same.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the conversion of a float keeps within bounds"
)]
pub(super) fn whole(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|float| float.fract() == 0.0);
    value.as_i64().or_else(|| float().map(|float| float as i64))
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, Problem> {
    let problem = || Problem::invalid_value(format!("{name} must be an array of strings"));
    let elements = value.as_array().ok_or_else(problem)?;
    let texts = elements
        .iter()
        .map(|element| element.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(problem)
}

fn integer(name: &str, value: &str) -> Result<i64, Problem> {
    let parsed: Result<i64, _> = value.parse();
    parsed.or_else(|problem| match problem.kind() {
        IntErrorKind::PosOverflow => Ok(i64::MAX),
        IntErrorKind::NegOverflow => Ok(i64::MIN),
        _ => Err(Problem::invalid_value(format!(
            "{name} must be an integer, not \"{value}\""
        ))),
    })
}

fn names(list: &str) -> Vec<String> {
    list.split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_in_both_encodings_of_a_blank() {
        let query = Query::read(
            "filter=userName%20eq+%22ada%2Bx%40example.com%22&startIndex=1&count=100&attributes=id,%20userName",
        )
        .unwrap();
        assert_eq!(
            query.filter.as_deref(),
            Some(r#"userName eq "ada+x@example.com""#)
        );
        assert_eq!(query.start_index, Some(1));
        assert_eq!(query.count, Some(100));
        assert_eq!(query.attributes, ["id", "userName"]);
        assert!(Query::read("count=ten").is_err());
        assert!(Query::read("filter=%C3").is_err());
    }

    #[test]
    fn media_types_of_okta_and_of_its_suites_are_taken() {
        let table = [
            ("application/scim+json; charset=utf-8", true),
            ("application/scim+json;charset=\"UTF-8\"", true),
            ("Application/JSON", true),
            ("application/json; charset=iso-8859-1", false),
            ("text/plain", false),
            ("", false),
        ];
        for (text, accepted) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(check_media_type(&headers).is_ok(), accepted, "{text}");
        }
    }
}
