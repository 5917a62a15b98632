//! What may be shown of a recording. It holds real people and working credentials.
//!
//! Credentials and passwords are hidden always. Of people nothing is shown unless somebody asks for it: ids get
//! aliases, texts become `***`, and in the server's own error texts known names, addresses and ids are replaced.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use indexmap::IndexSet;
use serde_json::{Map, Value};

use crate::exchange::{Body, Exchange, HeaderText, NotJson, Request, Scrubber, percent_decode};
use crate::secret::{MASK, Secret};

use super::traffic::Captured;
use super::url;

/// Response headers that say nothing about anybody.
const HARMLESS: [&str; 12] = [
    "age",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "transfer-encoding",
    "vary",
    "www-authenticate",
];
/// Query parameters whose values say nothing about anybody.
const PARAMETERS: [&str; 6] = [
    "startIndex",
    "count",
    "attributes",
    "excludedAttributes",
    "sortBy",
    "sortOrder",
];
/// Keys whose values belong to the protocol.
const PROTOCOL: [&str; 7] = [
    "schemas",
    "op",
    "resourcetype",
    "scimtype",
    "status",
    "type",
    "primary",
];
/// A known value with fewer characters may be part of ordinary words.
const LEAST: usize = 3;
/// Words that are joined to look for a known value, such as a full name.
const WORDS: usize = 4;

/// Decides what is shown.
pub(super) struct Veil {
    show_people: bool,
    secrets: Scrubber,
    /// Texts about people, in lower case.
    known: HashSet<String>,
    ids: Mutex<IndexSet<String>>,
}

impl Veil {
    /// Learns what must not be shown of the traffic.
    #[must_use]
    pub(super) fn over(captured: &[Captured], show_people: bool) -> Self {
        let secrets = Scrubber::new();
        let mut known = HashSet::new();
        for one in captured {
            for (name, value) in &one.exchange.request.headers {
                if let (HeaderText::Secret(secret), true) = (value, is_credential(name)) {
                    secrets.add(secret);
                }
            }
            for text in bodies(&one.exchange) {
                learn(None, &text, &secrets, &mut known);
            }
            let names = url::parameters(&one.exchange.request.target);
            for (_, value) in names.iter().filter(|(name, _)| name == "filter") {
                known.extend(value.split('"').skip(1).step_by(2).map(str::to_lowercase));
            }
        }
        known.retain(|text| text.chars().count() >= LEAST);
        Self {
            show_people,
            secrets,
            known,
            ids: Mutex::default(),
        }
    }

    /// What stands for an id.
    #[must_use]
    pub(super) fn id(&self, id: &str) -> String {
        if self.show_people {
            return self.secrets.scrub(id).into_owned();
        }
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        format!("<id-{}>", ids.insert_full(id.to_owned()).0 + 1)
    }

    /// A name or another text about somebody; `word` stands for it.
    #[must_use]
    pub(super) fn personal(&self, text: &str, word: &str) -> String {
        if self.show_people {
            self.secrets.scrub(text).into_owned()
        } else {
            format!("<{word}>")
        }
    }

    /// A value of a resource, in a few words.
    #[must_use]
    pub(super) fn value(&self, value: Option<&Value>) -> String {
        const MOST: usize = 120;
        match value {
            None | Some(Value::Null) => "nothing".to_owned(),
            Some(value) if self.show_people => {
                let text = self.secrets.scrub(&value.to_string()).into_owned();
                match text.char_indices().nth(MOST) {
                    Some((end, _)) => format!("{}…", &text[..end]),
                    None => text,
                }
            }
            Some(value) => crate::check::what(value),
        }
    }

    /// A text that the server wrote, such as the detail of an error.
    #[must_use]
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.secrets.scrub(text);
        if self.show_people {
            return text.into_owned();
        }
        self.without_people(&text)
    }

    /// Replaces known values, addresses and what looks like an id; the longest run of words first.
    fn without_people(&self, text: &str) -> String {
        let words = words(text);
        let mut shown = String::with_capacity(text.len());
        let (mut copied, mut at) = (0, 0);
        while let Some((start, end)) = words.get(at).copied() {
            let run = (0..WORDS).rev().find_map(|more| {
                let (_, last) = *words.get(at + more)?;
                let run = text.get(start..last)?;
                self.known
                    .contains(&run.to_lowercase())
                    .then_some((more, last))
            });
            let word = text.get(start..end).unwrap_or_default();
            let hidden = run.or_else(|| looks_personal(word).then_some((0, end)));
            at += 1;
            if let Some((more, last)) = hidden {
                shown.push_str(text.get(copied..start).unwrap_or_default());
                shown.push_str(MASK);
                copied = last;
                at += more;
            }
        }
        shown.push_str(text.get(copied..).unwrap_or_default());
        shown
    }

    /// A target without ids and names.
    #[must_use]
    pub(super) fn target(&self, target: &str) -> String {
        let path = url::path(target);
        let mut segments = Vec::new();
        for (n, segment) in path.split('/').enumerate() {
            segments.push(match n {
                2 if !segment.is_empty() && !self.show_people => self.id(&percent_decode(segment)),
                _ => self.secrets.scrub(segment).into_owned(),
            });
        }
        let mut shown = segments.join("/");
        let query = target.split_once('?').map(|(_, query)| query);
        for (n, pair) in query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .enumerate()
        {
            shown.push(if n == 0 { '?' } else { '&' });
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            shown.push_str(&self.secrets.scrub(name));
            if !pair.contains('=') {
                continue;
            }
            shown.push('=');
            if PARAMETERS.contains(&name) || (self.show_people && name == "filter") {
                shown.push_str(&self.secrets.scrub(value));
            } else if name == "filter" {
                shown.push_str(&literals(&url::query_text(value)));
            } else {
                shown.push_str(MASK);
            }
        }
        shown
    }

    /// A request in a line.
    #[must_use]
    pub(super) fn line(&self, request: &Request) -> String {
        const MOST: usize = 240;
        let mut text = format!("{} {}", request.method, self.target(&request.target));
        if let Some(body) = &request.body {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(&self.bytes(body)));
        }
        match text.char_indices().nth(MOST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    fn bytes(&self, bytes: &Bytes) -> Bytes {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => {
                let shown = self.json(None, &value).to_string();
                Bytes::from(self.secrets.scrub(&shown).into_owned())
            }
            Err(_) if self.show_people => {
                let text = String::from_utf8_lossy(bytes);
                Bytes::from(self.secrets.scrub(&text).into_owned())
            }
            Err(_) => Bytes::from(format!("({} bytes that are not JSON)", bytes.len())),
        }
    }

    /// An exchange as it may be kept.
    #[must_use]
    pub(super) fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut shown = exchange.clone();
        shown.request.target = self.target(&exchange.request.target);
        shown.request.body = exchange.request.body.as_ref().map(|body| self.bytes(body));
        if let Ok(response) = &mut shown.outcome {
            for (name, value) in &mut response.headers {
                let name = name.to_ascii_lowercase();
                *value = if HARMLESS.contains(&name.as_str()) {
                    self.secrets.scrub(value).into_owned()
                } else {
                    MASK.to_owned()
                };
            }
            let was = &response.body;
            if !matches!(was.json, Err(NotJson::Empty)) {
                response.body = Body {
                    json: match &was.json {
                        Ok(value) => Ok(Arc::new(self.json(None, value))),
                        Err(why) => Err(why.clone()),
                    },
                    bytes: self.bytes(&was.bytes),
                    oddities: was.oddities.clone(),
                };
            }
        }
        shown
    }

    fn json(&self, key: Option<&str>, value: &Value) -> Value {
        let key = key.map(str::to_ascii_lowercase);
        let key = key.as_deref().unwrap_or_default();
        if key == "password" && !value.is_null() {
            return Value::from(MASK);
        }
        match value {
            Value::Object(object) if self.show_people => object
                .iter()
                .map(|(key, value)| (key.clone(), self.json(Some(key), value)))
                .collect(),
            Value::Array(elements) if self.show_people => elements
                .iter()
                .map(|element| self.json(None, element))
                .collect(),
            value if self.show_people => value.clone(),
            Value::Object(object) => object
                .iter()
                .map(|(name, value)| (name.clone(), self.field(key, object, name, value)))
                .collect(),
            Value::Array(elements) => elements
                .iter()
                .map(|element| self.json(Some(key), element))
                .collect(),
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) if is_counter(key) => value.clone(),
            Value::Number(_) => 0.into(),
            // An empty text tells nothing about anybody.
            Value::String(text) if text.is_empty() || PROTOCOL.contains(&key) => value.clone(),
            Value::String(text) => self.string(key, text).into(),
        }
    }

    fn field(&self, parent: &str, object: &Map<String, Value>, name: &str, value: &Value) -> Value {
        let refers = matches!(parent, "members" | "groups");
        match (name.to_ascii_lowercase().as_str(), value) {
            ("value", Value::String(id)) if refers => self.id(id).into(),
            // The members in a PATCH stand under its value.
            ("value", Value::Array(list)) if is_about_members(object) => list
                .iter()
                .map(|member| self.json(Some("members"), member))
                .collect(),
            _ => self.json(Some(name), value),
        }
    }

    fn string(&self, key: &str, text: &str) -> String {
        match key {
            "id" | "members" | "groups" => self.id(text),
            "detail" | "message" => self.without_people(text),
            "path" => literals(text),
            "location" | "$ref" => match text.rsplit_once('/') {
                Some((front, last)) if front.ends_with("/Users") || front.ends_with("/Groups") => {
                    format!("{front}/{}", self.id(&percent_decode(last)))
                }
                _ => MASK.to_owned(),
            },
            _ => MASK.to_owned(),
        }
    }
}

/// Whether a header field holds what lets somebody in; others may hold words that stand everywhere.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "auth",
        "cookie",
        "credential",
        "key",
        "pass",
        "secret",
        "session",
        "token",
    ]
    .iter()
    .any(|part| name.contains(part))
}

fn is_about_members(operation: &Map<String, Value>) -> bool {
    let path = operation.get("path").and_then(Value::as_str);
    path.is_some_and(|path| path.eq_ignore_ascii_case("members"))
}

fn is_counter(key: &str) -> bool {
    matches!(
        key,
        "totalresults" | "startindex" | "itemsperpage" | "status"
    )
}

/// The JSON of both bodies.
fn bodies(exchange: &Exchange) -> Vec<Value> {
    let sent = exchange.request.body.as_ref();
    let sent = sent.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let got = exchange.response().and_then(|r| r.json()).cloned();
    sent.into_iter().chain(got).collect()
}

fn learn(key: Option<&str>, value: &Value, secrets: &Scrubber, known: &mut HashSet<String>) {
    let name = key.map(str::to_ascii_lowercase).unwrap_or_default();
    match value {
        Value::String(text) if name == "password" => secrets.add(&Secret::new(text.as_str())),
        Value::String(text)
            if !PROTOCOL.contains(&name.as_str()) && name != "detail" && name != "path" =>
        {
            known.insert(text.trim().to_lowercase());
            if matches!(
                name.as_str(),
                "givenname" | "familyname" | "formatted" | "displayname"
            ) {
                known.extend(text.split_whitespace().map(str::to_lowercase));
            }
        }
        Value::Array(elements) => elements.iter().for_each(|e| learn(key, e, secrets, known)),
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(key, value)| learn(Some(key), value, secrets, known));
        }
        _ => {}
    }
}

/// Where the words of a text begin and end.
fn words(text: &str) -> Vec<(usize, usize)> {
    let joins =
        |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '+' | '\'' | '’');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, joins(c)) {
            (None, true) => start = Some(at),
            (Some(begun), false) => {
                let word = text.get(begun..at).unwrap_or_default();
                let bare = word.trim_matches(['.', '\'', '-']);
                let front = word.len() - word.trim_start_matches(['.', '\'', '-']).len();
                if !bare.is_empty() {
                    words.push((begun + front, begun + front + bare.len()));
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// An address, or an id: a long run of digits, or of letters and digits together.
fn looks_personal(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    word.contains('@') || digits >= 6 || (digits >= 3 && letters >= 3 && word.len() >= 12)
}

/// A filter or a path without what is compared with.
fn literals(text: &str) -> String {
    let parts: Vec<&str> = text.split('"').collect();
    let mut shown = String::new();
    for (n, part) in parts.iter().enumerate() {
        shown.push_str(if n % 2 == 0 { part } else { MASK });
        if n + 1 < parts.len() {
            shown.push('"');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;
    use crate::exchange::{BODY_LIMIT, SendError, VALUE_LIMIT};

    fn veil(known: &[&str]) -> Veil {
        Veil {
            show_people: false,
            secrets: Scrubber::new(),
            known: known.iter().map(|text| text.to_lowercase()).collect(),
            ids: Mutex::default(),
        }
    }

    /// A body that grows beyond all bounds.
    fn packed() -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..17 {
            encoder.write_all(&[b' '; 1024 * 1024]).unwrap();
        }
        encoder.finish().unwrap().into()
    }

    #[test]
    fn texts_of_the_server_lose_people() {
        let veil = veil(&["ada byron", "crew 7", "o'neil", "ada"]);
        let table = [
            (
                "A user with userName 'ada.byron@x.test' exists.",
                "A user with userName '***' exists.",
            ),
            ("ADA BYRON is there already", "*** is there already"),
            ("group \"Crew 7\" not found", "group \"***\" not found"),
            ("Mr. O'Neil, Ada.", "Mr. ***, ***."),
            ("no user 3f0f7c1e-9b1d-4b0e-8f5e", "no user ***"),
            ("call +4912345678", "call ***"),
            (
                "attribute name.givenName is required (400)",
                "attribute name.givenName is required (400)",
            ),
            ("", ""),
        ];
        // A bound of our own is nobody's telephone number.
        let bounds = [
            SendError::TooLarge { limit: BODY_LIMIT }.to_string(),
            NotJson::TooManyValues { limit: VALUE_LIMIT }.to_string(),
            format!("{:?}", Body::read(packed(), Some("gzip")).oddities),
        ];
        for text in &bounds {
            assert_eq!(veil.text(text), *text);
        }
        for (text, wanted) in table {
            assert_eq!(veil.text(text), wanted);
        }
    }

    #[test]
    fn bodies_lose_people_and_keep_their_shape() {
        let veil = veil(&[]);
        let body = json!({
            "schemas": ["urn:x"], "id": "7", "userName": "ada@x.test", "active": false, "age": 36, "nickName": "",
            "emails": [{"value": "ada@x.test", "type": "work", "primary": true}],
            "members": [{"value": "8", "display": "Bob", "$ref": "https://x.test/v2/Users/8"}],
            "meta": {"resourceType": "User", "location": "https://x.test/v2/Users/7"},
            "Operations": [
                {"op": "remove", "path": "members[value eq \"8\"]"},
                {"op": "add", "path": "members", "value": [{"value": "8", "display": "Bob"}]},
                {"op": "replace", "value": {"password": "s3cret", "id": "7"}}
            ]
        });
        assert_eq!(
            veil.json(None, &body),
            json!({
                "schemas": ["urn:x"], "id": "<id-1>", "userName": "***", "active": false, "age": 0, "nickName": "",
                "emails": [{"value": "***", "type": "work", "primary": true}],
                "members": [{"value": "<id-2>", "display": "***", "$ref": "https://x.test/v2/Users/<id-2>"}],
                "meta": {"resourceType": "User", "location": "https://x.test/v2/Users/<id-1>"},
                "Operations": [
                    {"op": "remove", "path": "members[value eq \"***\"]"},
                    {"op": "add", "path": "members", "value": [{"value": "<id-2>", "display": "***"}]},
                    {"op": "replace", "value": {"password": "***", "id": "<id-1>"}}
                ]
            })
        );
    }

    #[test]
    fn targets_lose_people() {
        let veil = veil(&[]);
        let table = [
            ("/Users/ada%40x.test", "/Users/<id-1>"),
            (
                "/Users?filter=userName%20eq%20%22ada%22&startIndex=1&count=100",
                "/Users?filter=userName eq \"***\"&startIndex=1&count=100",
            ),
            ("/Users?access_token=s3cret&x", "/Users?access_token=***&x"),
        ];
        for (target, wanted) in table {
            assert_eq!(veil.target(target), wanted);
        }
    }
}
