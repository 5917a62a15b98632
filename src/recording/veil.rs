//! What may be shown of a recording. It holds real people and working credentials.
//!
//! Credentials and passwords are hidden always. Of people nothing is shown unless somebody asks for it: ids get
//! aliases, texts become `***`, and in the server's own error texts known names, addresses and ids are replaced.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use indexmap::IndexSet;
use serde_json::{Map, Value};

use crate::exchange::{self, Body, Exchange, HeaderText, NotJson, Request, percent_decode};
use crate::redact::{People, Redactor, is_credential_field, passwords, without_literals};
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
/// Decides what is shown.
pub(super) struct Veil {
    show_people: bool,
    secrets: Redactor,
    /// Those of them that must not come back; a cookie may.
    not_to_return: Redactor,
    people: People,
    ids: Mutex<IndexSet<String>>,
}

impl Veil {
    /// Learns what must not be shown of the traffic.
    #[must_use]
    pub(super) fn over(captured: &[Captured], show_people: bool) -> Self {
        let (secrets, not_to_return) = (Redactor::new(), Redactor::new());
        let mut people = People::default();
        for one in captured {
            for (name, value) in &one.exchange.request.headers {
                if let (HeaderText::Secret(secret), true) = (value, is_credential_field(name)) {
                    secrets.add_credential(secret);
                    if name.eq_ignore_ascii_case("authorization") {
                        // Whatever the scheme is, the server may repeat what follows it alone.
                        let (_, bare) = secret.expose().split_once(' ').unwrap_or_default();
                        for secret in [secret, &Secret::new(bare)] {
                            secrets.add_credential(secret);
                            not_to_return.add_credential(secret);
                        }
                    }
                    cookies(name, secret).for_each(|cookie| secrets.add_credential(&cookie));
                }
            }
            let (bodies, texts) = (bodies(&one.exchange), texts(&one.exchange));
            bodies
                .iter()
                .for_each(|value| learn(None, value, &mut people));
            let named = bodies.iter().flat_map(passwords::find).map(Secret::new);
            let told = texts.iter().flat_map(|text| passwords::find_in_text(text));
            for password in named.chain(told.map(Secret::new)) {
                secrets.add_password(&password);
            }
            let sent = one.exchange.request.body.as_deref();
            let sent = sent.and_then(|body| serde_json::from_slice::<Value>(body).ok());
            for password in sent.iter().flat_map(passwords::find) {
                not_to_return.add_password(&Secret::new(password));
            }
            let names = url::parameters(&one.exchange.request.target);
            for (_, value) in names.iter().filter(|(name, _)| name == "filter") {
                value
                    .split('"')
                    .skip(1)
                    .step_by(2)
                    .for_each(|text| people.learn(text));
            }
        }
        Self {
            show_people,
            secrets,
            not_to_return,
            people,
            ids: Mutex::default(),
        }
    }

    /// What must not stand in an answer.
    #[must_use]
    pub(super) fn not_to_return(&self) -> &Redactor {
        &self.not_to_return
    }

    /// What stands for an id.
    #[must_use]
    pub(super) fn id(&self, id: &str) -> String {
        if self.show_people {
            return self.secrets.text(id).into_owned();
        }
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        format!("<id-{}>", ids.insert_full(id.to_owned()).0 + 1)
    }

    /// A name or another text about somebody; `word` stands for it.
    #[must_use]
    pub(super) fn personal(&self, text: &str, word: &str) -> String {
        if self.show_people {
            self.secrets.text(text).into_owned()
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
                let mut value = value.clone();
                passwords::hide(&mut value);
                let text = self.secrets.text(&value.to_string()).into_owned();
                match text.char_indices().nth(MOST) {
                    Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                    None => text,
                }
            }
            Some(value) => crate::check::what(value),
        }
    }

    /// A text that the server wrote, such as the detail of an error.
    #[must_use]
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.secrets.text(text);
        if self.show_people {
            return text.into_owned();
        }
        self.people.hide(&text)
    }

    /// A target without ids and names.
    #[must_use]
    pub(super) fn target(&self, target: &str) -> String {
        let path = url::path(target);
        let mut segments = Vec::new();
        for (n, segment) in path.split('/').enumerate() {
            segments.push(match n {
                2 if !segment.is_empty() && !self.show_people => self.id(&percent_decode(segment)),
                _ => self.secrets.text(segment).into_owned(),
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
            shown.push_str(&self.secrets.text(name));
            if !pair.contains('=') {
                continue;
            }
            shown.push('=');
            if PARAMETERS.contains(&name) || (self.show_people && name == "filter") {
                shown.push_str(&self.secrets.text(value));
            } else if name == "filter" {
                shown.push_str(&without_literals(&url::query_text(value)));
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
        let mut shown = request.clone();
        shown.target = self.target(&request.target);
        shown.body = request.body.as_ref().map(|body| self.bytes(body));
        exchange::redact_request(&mut shown, &self.secrets);
        let mut text = format!("{} {}", shown.method, shown.target);
        if let Some(body) = &shown.body {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(body));
        }
        match text.char_indices().nth(MOST) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    /// A body without people; what is no JSON is told by its length.
    fn bytes(&self, bytes: &Bytes) -> Bytes {
        if self.show_people {
            return bytes.clone();
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => Bytes::from(self.json(None, &value).to_string()),
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
                if !HARMLESS.contains(&name.as_str()) {
                    MASK.clone_into(value);
                }
            }
            let was = &response.body;
            if !self.show_people && !matches!(was.json, Err(NotJson::Empty)) {
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
        exchange::redact(&mut shown, &self.secrets);
        shown
    }

    /// A value without people.
    fn json(&self, key: Option<&str>, value: &Value) -> Value {
        let key = key.map(str::to_ascii_lowercase);
        let key = key.as_deref().unwrap_or_default();
        match value {
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
            "detail" | "message" => self.people.hide(text),
            "path" => without_literals(text),
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

/// The values of cookies, any of which a server may repeat alone.
fn cookies<'s>(name: &str, secret: &'s Secret) -> impl Iterator<Item = Secret> + 's {
    let all = if name.eq_ignore_ascii_case("cookie") {
        secret.expose()
    } else {
        ""
    };
    all.split(';')
        .filter_map(|cookie| Some(Secret::new(cookie.split_once('=')?.1.trim())))
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

/// Both bodies, where they are no JSON.
fn texts(exchange: &Exchange) -> Vec<String> {
    let sent = exchange.request.body.as_ref();
    let sent = sent.filter(|bytes| serde_json::from_slice::<Value>(bytes).is_err());
    let got = exchange.response().filter(|r| r.json().is_none());
    let texts = sent.into_iter().chain(got.map(|r| &r.body.bytes));
    texts
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect()
}

fn learn(key: Option<&str>, value: &Value, people: &mut People) {
    let name = key.map(str::to_ascii_lowercase).unwrap_or_default();
    match value {
        Value::String(_) if passwords::is_password(&name) => {}
        Value::String(text)
            if !PROTOCOL.contains(&name.as_str()) && name != "detail" && name != "path" =>
        {
            people.learn(text);
            if matches!(
                name.as_str(),
                "givenname" | "familyname" | "formatted" | "displayname"
            ) {
                text.split_whitespace().for_each(|word| people.learn(word));
            }
        }
        Value::Array(elements) => elements.iter().for_each(|e| learn(key, e, people)),
        Value::Object(object) => {
            object
                .iter()
                .for_each(|(key, value)| learn(Some(key), value, people));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn veil(show_people: bool) -> Veil {
        Veil {
            show_people,
            secrets: Redactor::new(),
            not_to_return: Redactor::new(),
            people: People::default(),
            ids: Mutex::default(),
        }
    }

    #[test]
    fn bodies_lose_people_and_keep_their_shape() {
        let veil = veil(false);
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
        let veil = veil(false);
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
