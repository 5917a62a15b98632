//! HTTP archives (HAR 1.2), as browsers, proxies and gateways write them.
//!
//! Writers differ, and many leave something out, so every field is taken as it is found and none is required but
//! `log.entries`. Errors never repeat a value of the file: it holds tokens and people.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::exchange::{BODY_LIMIT, Timing};

/// Who has made an archive that `record` has written.
pub const RECORDER: &str = "scim-conform record";

/// Why a text is not a HAR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarError {
    /// Broken JSON.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Syntax {
        /// The parser's words.
        reason: String,
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Nothing, or blanks.
    #[error("the file is empty")]
    Empty,
    /// The text ends inside a value.
    #[error("the file ends too early, at line {line}, column {column}")]
    Truncated {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// JSON, and something else.
    #[error("JSON, but not a HAR: it has no log.entries")]
    NoEntries,
}

/// What is known of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it; empty when there was none.
    Whole(Bytes),
    /// Its beginning: the recorder did not keep the rest.
    Cut(Bytes),
    /// There was one, or may have been one, and the recorder did not keep it.
    Missing,
}

impl Content {
    /// The bytes that are there.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) | Self::Cut(bytes) => bytes,
            Self::Missing => &[],
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer.
    Came {
        /// The status.
        status: u16,
        /// Header fields.
        headers: Vec<(String, String)>,
        /// The body.
        content: Content,
        /// The recorder saw bytes behind it that belong to no answer.
        has_surplus: bool,
    },
    /// None, and the recorder says why.
    Failed(String),
    /// None is recorded; nobody knows whether there was one.
    Unknown,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the file, from 1.
    pub number: usize,
    /// When the request began.
    pub started: Option<Timestamp>,
    /// When what happened within it.
    pub timing: Timing,
    /// The method as written.
    pub method: String,
    /// The URL as written.
    pub url: String,
    /// Header fields of the request, without the pseudo-header fields of HTTP/2.
    pub headers: Vec<(String, String)>,
    /// The body of the request.
    pub content: Content,
    /// What came back.
    pub answer: Answer,
}

/// Reads a HAR and hands over one entry after the other, so that a large file is never in memory twice.
///
/// An archive of `record` may break off within its last entry, when the recorder was killed while it wrote: what stands
/// before it is whole, and the client had not got that answer.
///
/// # Errors
/// [`HarError`]; entries before the mistake have been handed over.
pub fn read(text: &[u8], mut each: impl FnMut(Entry)) -> Result<usize, HarError> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let mut number = 0;
    let mut found = false;
    let mut take = |value: Value| {
        number = usize::saturating_add(number, 1);
        each(entry(number, &value));
    };
    let path = Path {
        keys: &["log", "entries"],
        each: &mut take,
        found: &mut found,
    };
    let read = path
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| match text.trim_ascii() {
            [] => HarError::Empty,
            _ => mistake(&error),
        });
    match read {
        Err(HarError::Truncated { .. }) if found && is_of_record(text) => {}
        read => read?,
    }
    if found {
        Ok(number)
    } else {
        Err(HarError::NoEntries)
    }
}

/// Whether `record` has written this: it says so before its first entry.
fn is_of_record(text: &[u8]) -> bool {
    const SIGHT: usize = 256;
    let head = text.get(..SIGHT).unwrap_or(text);
    let head = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let creator = format!("\"creator\":{{\"name\":\"{RECORDER}\"");
    head.windows(creator.len())
        .any(|window| window == creator.as_bytes())
}

fn mistake(error: &serde_json::Error) -> HarError {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return HarError::Truncated { line, column };
    }
    if error.is_data() {
        // The parser's words would hold the value that it met.
        return HarError::NoEntries;
    }
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason)
        .to_owned();
    HarError::Syntax {
        reason,
        line,
        column,
    }
}

/// Walks down to the entries and passes over everything else.
struct Path<'a, F> {
    keys: &'a [&'static str],
    each: &'a mut F,
    found: &'a mut bool,
}

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Path<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.keys.is_empty() {
            deserializer.deserialize_seq(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Path<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a HAR")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match self.keys.split_first() {
                Some((wanted, keys)) if key == *wanted => map.next_value_seed(Path {
                    keys,
                    each: &mut *self.each,
                    found: &mut *self.found,
                })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        *self.found = true;
        while let Some(value) = seq.next_element::<Value>()? {
            (self.each)(value);
        }
        Ok(())
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One entry of a log.
#[must_use]
pub fn entry(number: usize, value: &Value) -> Entry {
    let request = value.get("request").unwrap_or(&Value::Null);
    let headers = headers(request);
    let content = sent(request);
    Entry {
        number,
        started: text(value, "startedDateTime").parse().ok(),
        timing: timing(value),
        method: text(request, "method").to_owned(),
        url: text(request, "url").to_owned(),
        headers,
        content,
        answer: answer(value),
    }
}

/// Header fields; those that begin with a colon are no fields, but the request line of HTTP/2 (RFC 9113, 8.3).
fn headers(message: &Value) -> Vec<(String, String)> {
    let fields = message.get("headers").and_then(Value::as_array);
    fields
        .into_iter()
        .flatten()
        .map(|field| (text(field, "name"), text(field, "value")))
        .filter(|(name, _)| !name.is_empty() && !name.starts_with(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}

/// A number of milliseconds; -1 stands for "does not apply" (HAR 1.2, timings).
fn millis(value: Option<&Value>) -> Option<Duration> {
    let millis = value?.as_f64().filter(|ms| (0.0..1e12).contains(ms))?;
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

fn timing(entry: &Value) -> Timing {
    let timings = entry.get("timings").unwrap_or(&Value::Null);
    let part = |key: &str| millis(timings.get(key));
    let connect = [part("dns"), part("connect")].into_iter().flatten().sum();
    let exchange: Option<Duration> = match (part("send"), part("wait"), part("receive")) {
        (None, None, None) => None,
        (send, wait, receive) => Some([send, wait, receive].into_iter().flatten().sum()),
    };
    Timing {
        connect: Some(connect).filter(|connect: &Duration| !connect.is_zero()),
        first_byte: part("wait").unwrap_or_default(),
        // What a browser waited before it sent is not the server's.
        total: exchange
            .filter(|time| !time.is_zero())
            .or_else(|| millis(entry.get("time")))
            .unwrap_or_default(),
    }
}

fn sent(request: &Value) -> Content {
    let data = request.get("postData").unwrap_or(&Value::Null);
    if let Some(content) = as_recorded(data) {
        return content;
    }
    let size = size(request, "bodySize");
    match data.get("text").and_then(Value::as_str) {
        Some(text) if !text.is_empty() => decoded(text, data),
        _ if size.is_some_and(|size| size > 0) => Content::Missing,
        _ => match header(&headers(request), "content-length").map(str::trim) {
            Some(length) if length != "0" => Content::Missing,
            _ => Content::Whole(Bytes::new()),
        },
    }
}

fn size(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

/// What `record` says of a body: it knows how much of it is there, whatever the sizes look like after what must not be
/// written was replaced.
fn as_recorded(content: &Value) -> Option<Content> {
    let word = content.get("_recorded")?.as_str()?;
    Some(match (word, decoded(text(content, "text"), content)) {
        ("whole", content) => content,
        ("cut", Content::Whole(bytes)) => Content::Cut(bytes),
        _ => Content::Missing,
    })
}

fn decoded(text: &str, content: &Value) -> Content {
    let is_encoded = self::text(content, "encoding").eq_ignore_ascii_case("base64");
    let bytes = if is_encoded {
        let packed: String = text.split_ascii_whitespace().collect();
        match STANDARD.decode(packed) {
            Ok(bytes) => Bytes::from(bytes),
            Err(_) => return Content::Missing,
        }
    } else {
        Bytes::copy_from_slice(text.as_bytes())
    };
    if bytes.len() > BODY_LIMIT {
        return Content::Missing;
    }
    Content::Whole(bytes)
}

fn answer(entry: &Value) -> Answer {
    let response = entry.get("response").unwrap_or(&Value::Null);
    let status = response.get("status").and_then(Value::as_u64);
    let status = status
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| (100..1000).contains(status));
    let why = [text(response, "_error"), text(entry, "_error")];
    let why = why.into_iter().find(|why| !why.is_empty());
    let status = match (status, why) {
        // With a status the answer has begun, and did not come to its end.
        (_, Some(why)) => return Answer::Failed(why.to_owned()),
        (None, None) => return Answer::Unknown,
        (Some(status), None) => status,
    };
    let mut headers = headers(response);
    let content = response.get("content").unwrap_or(&Value::Null);
    let kind = text(content, "mimeType");
    // Some writers keep no header fields, but the media type. Chrome's word for none is x-unknown.
    if header(&headers, "content-type").is_none() && !matches!(kind, "" | "x-unknown") {
        headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    let is_head = text(entry.get("request").unwrap_or(&Value::Null), "method") == "HEAD";
    let content = match status {
        _ if is_head => Content::Whole(Bytes::new()),
        204 | 304 => Content::Whole(Bytes::new()),
        _ => received(response, content, &headers),
    };
    Answer::Came {
        status,
        headers,
        content,
        has_surplus: response.get("_surplus") == Some(&Value::Bool(true)),
    }
}

fn received(response: &Value, content: &Value, headers: &[(String, String)]) -> Content {
    if let Some(content) = as_recorded(content) {
        return content;
    }
    let declared = size(content, "size");
    let length = header(headers, "content-length").and_then(|n| n.trim().parse::<u64>().ok());
    let text = content.get("text").and_then(Value::as_str);
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        let none = length == Some(0)
            || (content.get("text").is_some()
                && declared == Some(0)
                && length.is_none()
                && size(response, "bodySize").unwrap_or_default() == 0);
        return if none {
            Content::Whole(Bytes::new())
        } else {
            Content::Missing
        };
    };
    let Content::Whole(bytes) = decoded(text, content) else {
        return Content::Missing;
    };
    let ends_early = serde_json::from_slice::<IgnoredAny>(&bytes).is_err_and(|e| e.is_eof());
    let is_encoded = header(headers, "content-encoding").is_some_and(|e| e != "identity");
    let as_long = |size: Option<u64>| size == Some(bytes.len() as u64);
    // Only when all of what was sent is there, the server is the one who cut it.
    if ends_early && (is_encoded || !(as_long(length) || (length.is_none() && as_long(declared)))) {
        return Content::Cut(bytes);
    }
    Content::Whole(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entries(har: &Value) -> Vec<Entry> {
        let mut entries = Vec::new();
        read(har.to_string().as_bytes(), |entry| entries.push(entry)).unwrap();
        entries
    }

    fn one(entry: Value) -> Entry {
        entries(&json!({"log": {"version": "1.2", "entries": [entry]}})).remove(0)
    }

    fn content_of(response: Value) -> Content {
        match one(json!({"request": {"method": "GET"}, "response": response})).answer {
            Answer::Came { content, .. } => content,
            other => panic!("{other:?}"),
        }
    }

    fn whole(text: &str) -> Content {
        Content::Whole(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn an_entry_is_read() {
        let entry = one(json!({
            "startedDateTime": "2026-03-01T12:00:00.250+01:00", "time": 99.0,
            "timings": {"blocked": 50, "dns": 1, "connect": 4, "ssl": 3, "send": 0, "wait": 20, "receive": 2},
            "request": {"method": "POST", "url": "https://a.test/v2/Users",
                "headers": [{"name": ":authority", "value": "a.test"}, {"name": "Accept", "value": "x"}],
                "postData": {"mimeType": "application/json", "text": "{}"}},
            "response": {"status": 201, "headers": [], "content": {"size": 2, "mimeType": "application/scim+json", "text": "{}"}}
        }));
        assert_eq!(
            entry.started.unwrap().to_string(),
            "2026-03-01T11:00:00.25Z"
        );
        assert_eq!(entry.timing.total, Duration::from_millis(22));
        assert_eq!(entry.timing.connect, Some(Duration::from_millis(5)));
        assert_eq!(entry.headers, [("Accept".to_owned(), "x".to_owned())]);
        assert_eq!(entry.content, whole("{}"));
        let Answer::Came {
            status,
            headers,
            content,
            ..
        } = entry.answer
        else {
            panic!("no answer");
        };
        assert_eq!((status, content), (201, whole("{}")));
        assert_eq!(
            header(&headers, "content-type"),
            Some("application/scim+json")
        );
    }

    #[test]
    fn bodies_are_whole_cut_or_missing() {
        let table = [
            (
                "text",
                json!({"status": 200, "content": {"size": 2, "text": "[]"}}),
                whole("[]"),
            ),
            (
                "base64",
                json!({"status": 200, "content": {"size": 2, "text": "W1\n0=", "encoding": "base64"}}),
                whole("[]"),
            ),
            (
                "broken base64",
                json!({"status": 200, "content": {"text": "!", "encoding": "base64"}}),
                Content::Missing,
            ),
            (
                "not kept",
                json!({"status": 200, "content": {"size": 90}}),
                Content::Missing,
            ),
            (
                "nothing said",
                json!({"status": 200, "content": {"size": 0}}),
                Content::Missing,
            ),
            ("no content", json!({"status": 200}), Content::Missing),
            (
                "said to be empty",
                json!({"status": 200, "content": {"size": 0, "text": ""}}),
                whole(""),
            ),
            (
                "none by its length",
                json!({"status": 404, "headers": [{"name": "content-length", "value": "0"}]}),
                whole(""),
            ),
            (
                "no content by its status",
                json!({"status": 204}),
                whole(""),
            ),
            (
                "cut by the recorder",
                json!({"status": 200, "content": {"size": 90, "text": "[1"}}),
                Content::Cut(Bytes::from("[1")),
            ),
            (
                "cut by the server",
                json!({"status": 200, "content": {"size": 2, "text": "[1"}}),
                whole("[1"),
            ),
            (
                "nobody knows by whom",
                json!({"status": 200, "headers": [{"name": "Content-Encoding", "value": "gzip"}],
                "content": {"size": 2, "text": "[1"}}),
                Content::Cut(Bytes::from("[1")),
            ),
        ];
        for (what, response, wanted) in table {
            assert_eq!(content_of(response), wanted, "{what}");
        }
    }

    #[test]
    fn a_recorder_of_ours_knows_how_much_of_a_body_is_there() {
        for (content, wanted) in [
            (
                json!({"size": 99, "text": "[1", "_recorded": "whole"}),
                whole("[1"),
            ),
            (
                json!({"size": 2, "text": "[1", "_recorded": "cut"}),
                Content::Cut(Bytes::from("[1")),
            ),
            (json!({"size": -1, "_recorded": "none"}), Content::Missing),
            (
                json!({"size": 0, "text": "", "_recorded": "whole"}),
                whole(""),
            ),
        ] {
            let response = json!({"status": 200, "content": content});
            assert_eq!(content_of(response), wanted, "{content}");
            let request = json!({"method": "PUT", "bodySize": 9, "postData": content});
            assert_eq!(one(json!({ "request": request })).content, wanted);
        }
    }

    #[test]
    fn an_archive_of_a_recorder_that_was_killed_is_read_up_to_there() {
        let of = |creator: &str| {
            let text = format!(
                "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"{creator}\"}},\"entries\":[\n{{}},\n{{\"req"
            );
            read(text.as_bytes(), |_| ())
        };
        assert_eq!(of(RECORDER), Ok(1));
        assert!(matches!(of("proxy"), Err(HarError::Truncated { .. })));
    }

    #[test]
    fn no_answer_is_told_from_one_that_is_not_recorded() {
        let table = [
            (
                json!({"response": {"status": 0, "_error": "net::ERR_TIMED_OUT"}}),
                Answer::Failed("net::ERR_TIMED_OUT".into()),
            ),
            (
                json!({"response": {"status": 0, "_error": null}}),
                Answer::Unknown,
            ),
            (
                json!({"response": {"status": 200, "content": {"text": "{"}, "_error": "closed"}}),
                Answer::Failed("closed".into()),
            ),
            (json!({}), Answer::Unknown),
        ];
        for (entry, wanted) in table {
            assert_eq!(one(entry).answer, wanted);
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_without_the_value() {
        let mistake = |text: &str| read(text.as_bytes(), |_| ()).unwrap_err().to_string();
        assert_eq!(
            mistake("{\"log\":\n {\"entries\": [{\"a\" \"s3cret\"}]}}"),
            "not JSON at line 2, column 20: expected `:`"
        );
        assert_eq!(
            mistake("{\"log\": {\"entries\": [{}"),
            "the file ends too early, at line 1, column 23"
        );
        for other in [
            "[]",
            "{}",
            "\"s3cret\"",
            "{\"log\": \"s3cret\"}",
            "{\"log\": {\"entries\": {\"s3cret\": 1}}}",
        ] {
            assert_eq!(mistake(other), "JSON, but not a HAR: it has no log.entries");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~]{0,8}".prop_map(Value::from),
        ];
        let key = prop::sample::select(vec![
            "request",
            "response",
            "headers",
            "content",
            "text",
            "size",
            "encoding",
            "status",
            "method",
            "url",
            "postData",
            "timings",
            "wait",
            "time",
            "startedDateTime",
            "name",
            "value",
        ]);
        leaf.prop_recursive(4, 32, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| fields
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn anything_may_stand_in_an_entry(value in json_value()) {
            prop_assert_eq!(entries(&json!({"log": {"entries": [value]}})).len(), 1);
        }

        #[test]
        fn any_text_is_a_har_or_a_mistake(text in ".{0,60}") {
            let _ = read(text.as_bytes(), |_| ());
        }
    }
}
