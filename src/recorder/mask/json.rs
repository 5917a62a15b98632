//! Bodies: every text of a JSON document gets what stands for it, and all else stays as it is written, blanks, the
//! order of keys, a key that stands twice, and where the document breaks off.

use serde::de::IgnoredAny;

use crate::exchange::{Body, NotJson};
use crate::redact::passwords;
use crate::secret::MASK;

use super::{Mask, names_credential};

/// Nested deeper than this nothing is read; parsers give up as well.
const DEEPEST: usize = 120;
/// Keys whose texts belong to the protocol, in lower case.
const PROTOCOL: [&str; 10] = [
    "schemas",
    "op",
    "resourcetype",
    "scimtype",
    "status",
    "method",
    "bulkid",
    "totalresults",
    "startindex",
    "itemsperpage",
];
/// Keys whose texts stay when they are a plain word, a date or the name of a language.
const PLAIN: [&str; 8] = [
    "type",
    "primary",
    "active",
    "created",
    "lastmodified",
    "locale",
    "preferredlanguage",
    "version",
];
/// Keys of texts that a server writes for people.
const PROSE: [&str; 5] = ["detail", "message", "error", "errordescription", "title"];

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recorder) enum Kind {
    /// Of a request, or of an answer about resources.
    Resources,
    /// Of an answer about the server itself (RFC 7644, 4): its texts stay.
    Public,
    /// Of an answer that is an error: its title is written for people.
    Error,
}

/// A document is no JSON from here on.
struct Broken;

impl Mask {
    /// A body as it may be written. What is no JSON is told by its length, unless people are kept.
    pub(in crate::recorder) fn body(&mut self, bytes: &[u8], kind: Kind, base: &str) -> Vec<u8> {
        if bytes.is_empty() {
            return Vec::new();
        }
        let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let looks_so = matches!(start.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
        let shown = match looks_so || serde_json::from_slice::<IgnoredAny>(start).is_ok() {
            true => self.json(bytes, kind, base),
            false => self.other(bytes),
        };
        self.hidden_bytes(shown)
    }

    /// Learns whom and which secrets a body names, before anything is written: an error may repeat what stands behind it.
    pub(in crate::recorder) fn learn_body(&mut self, bytes: &[u8], kind: Kind, base: &str) {
        if matches!(
            bytes.trim_ascii_start().first(),
            Some(b'{' | b'[' | b'\xEF')
        ) {
            self.json(bytes, kind, base);
        } else {
            let text = String::from_utf8_lossy(bytes);
            for password in passwords::find_in_text(&text) {
                self.password(&password);
            }
        }
    }

    fn other(&mut self, bytes: &[u8]) -> Vec<u8> {
        let length = bytes.len();
        if !self.shows_people() {
            let is_page = matches!(
                Body::read(bytes.to_vec().into(), None).json,
                Err(NotJson::Html)
            );
            return match is_page {
                true => format!("<!doctype html>({length} bytes)"),
                false => format!("({length} bytes that are not JSON)"),
            }
            .into_bytes();
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return bytes.to_vec();
        };
        let text = self.form(text);
        passwords::hide_in_text(&text).unwrap_or(text).into_bytes()
    }

    /// A form without credentials; other texts have nothing that looks so.
    fn form(&mut self, text: &str) -> String {
        if text.contains(char::is_whitespace) || !text.contains('=') {
            return text.to_owned();
        }
        let pairs = text.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if names_credential(name) => {
                format!("{name}={}", self.credential(value))
            }
            _ => pair.to_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    fn json(&mut self, bytes: &[u8], kind: Kind, base: &str) -> Vec<u8> {
        let mut writer = Writer {
            bytes,
            at: if bytes.starts_with(b"\xEF\xBB\xBF") {
                3
            } else {
                0
            },
            shown: Vec::with_capacity(bytes.len()),
            mask: self,
            kind,
            base,
            depth: 0,
        };
        writer.shown.extend(bytes.iter().take(writer.at));
        let ended = writer.value(&Place::ROOT);
        writer.blanks();
        if ended.is_err() || writer.at < bytes.len() {
            // One character tells a parser as much as all of them.
            if let Some(odd) = bytes.get(writer.at).filter(|byte| byte.is_ascii_graphic()) {
                writer.shown.push(*odd);
            }
            if writer.at < bytes.len() {
                writer.shown.extend_from_slice(MASK.as_bytes());
            }
        }
        writer.shown
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// The nearest key, in lower case and without the URN of a schema.
    key: &'p str,
    /// Below a password or a token.
    is_secret: bool,
    /// An element of the operations of a PATCH or a bulk request.
    is_operation: bool,
}

impl Place<'_> {
    const ROOT: Place<'static> = Place {
        key: "",
        is_secret: false,
        is_operation: false,
    };
}

/// Reads a document and writes what may be shown of it.
struct Writer<'w> {
    bytes: &'w [u8],
    at: usize,
    shown: Vec<u8>,
    mask: &'w mut Mask,
    kind: Kind,
    base: &'w str,
    depth: usize,
}

impl Writer<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes a byte as it is.
    fn keep(&mut self) {
        if let Some(byte) = self.peek() {
            self.shown.push(byte);
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.keep();
        }
    }

    fn value(&mut self, place: &Place<'_>) -> Result<(), Broken> {
        self.blanks();
        if self.depth >= DEEPEST {
            return Err(Broken);
        }
        self.depth += 1;
        let done = match self.peek() {
            Some(b'{') => self.object(place),
            Some(b'[') => self.array(place),
            Some(b'"') => self.string(place),
            Some(b'-' | b'0'..=b'9') => self.number(place),
            _ => self.word(),
        };
        self.depth -= 1;
        done
    }

    fn word(&mut self) -> Result<(), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        for word in ["true", "false", "null"] {
            if rest.starts_with(word.as_bytes()) {
                self.shown.extend_from_slice(word.as_bytes());
                self.at += word.len();
                return Ok(());
            }
        }
        if ["true", "false", "null"]
            .iter()
            .any(|word| word.as_bytes().starts_with(rest))
        {
            // The document ends within it.
            self.shown.extend_from_slice(rest);
            self.at = self.bytes.len();
        }
        Err(Broken)
    }

    fn number(&mut self, place: &Place<'_>) -> Result<(), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let of_number = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = rest.iter().take_while(of_number).count();
        let digits = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
        if serde_json::from_str::<serde_json::Number>(&digits).is_err() {
            return Err(Broken);
        }
        let is_harmless = PROTOCOL.contains(&place.key) || PLAIN.contains(&place.key);
        let shown = match () {
            () if place.is_secret => "0".to_owned(),
            () if is_harmless || self.kind == Kind::Public => digits.into_owned(),
            () => self.mask.number(&digits),
        };
        self.shown.extend_from_slice(shown.as_bytes());
        self.at += length;
        Ok(())
    }

    /// The text at this place, and the length of its token. One that is cut off has no text.
    fn token(&self) -> Result<(String, usize), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut escaped = false;
        let end = rest.iter().skip(1).position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        let length = end.ok_or(Broken)? + 2;
        let token = rest.get(..length).unwrap_or_default();
        let text = match serde_json::from_slice(token) {
            Ok(text) => text,
            // In another encoding, or with an escape that is none: its alias is of what it looks like.
            Err(_) => {
                String::from_utf8_lossy(token.get(1..length - 1).unwrap_or_default()).into_owned()
            }
        };
        Ok((text, length))
    }

    fn string(&mut self, place: &Place<'_>) -> Result<(), Broken> {
        let Ok((text, length)) = self.token() else {
            // The document ends within it.
            self.shown.push(b'"');
            self.shown.extend_from_slice(MASK.as_bytes());
            self.at = self.bytes.len();
            return Err(Broken);
        };
        match self.shown_text(place, &text) {
            None => {
                let token = self.bytes.get(self.at..self.at + length);
                self.shown.extend_from_slice(token.unwrap_or_default());
            }
            Some(shown) => self.write(&shown),
        }
        self.at += length;
        Ok(())
    }

    fn write(&mut self, text: &str) {
        let token = serde_json::Value::from(text).to_string();
        self.shown.extend_from_slice(token.as_bytes());
    }

    /// What is shown of a text; none when it stays as it is written.
    fn shown_text(&mut self, place: &Place<'_>, text: &str) -> Option<String> {
        if place.is_secret {
            return (!text.is_empty()).then(|| match passwords::is_password(place.key) {
                true => self.mask.password(text),
                false => self.mask.credential(text),
            });
        }
        let key = place.key;
        if key == "path" && place.is_operation {
            return Some(self.mask.operation_path(text, self.base));
        }
        if text.is_empty() || self.mask.shows_people() || self.kind == Kind::Public {
            return None;
        }
        let is_error = self.kind == Kind::Error;
        Some(match key {
            "location" | "$ref" => self.mask.url(text, self.base),
            "version" => self.mask.version(text),
            key if PROTOCOL.contains(&key) && is_word(text) => return None,
            key if PLAIN.contains(&key) && is_word(text) => return None,
            key if PROSE.contains(&key) && (is_error || key == "detail") => self.mask.prose(text),
            _ => {
                self.mask.learn(key, text);
                self.mask.alias_of(text)
            }
        })
    }

    fn array(&mut self, place: &Place<'_>) -> Result<(), Broken> {
        self.keep();
        self.blanks();
        let element = Place {
            is_operation: place.key == "operations",
            ..*place
        };
        if self.peek() == Some(b']') {
            self.keep();
            return Ok(());
        }
        loop {
            self.value(&element)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.keep(),
                Some(b']') => {
                    self.keep();
                    return Ok(());
                }
                _ => return Err(Broken),
            }
        }
    }

    fn object(&mut self, place: &Place<'_>) -> Result<(), Broken> {
        // What the value of an operation is, its path says, which may stand behind it.
        let path = if place.is_operation {
            self.path_ahead()
        } else {
            None
        };
        self.keep();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.keep();
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(Broken);
            }
            let name = self.key()?;
            let name = if name == "value" {
                path.as_deref().unwrap_or(&name)
            } else {
                &name
            };
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(Broken);
            }
            self.keep();
            let inner = Place {
                key: name,
                is_secret: place.is_secret
                    || passwords::is_password(name)
                    || names_credential(name),
                is_operation: place.is_operation && name == "path",
            };
            self.value(&inner)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.keep(),
                Some(b'}') => {
                    self.keep();
                    return Ok(());
                }
                _ => return Err(Broken),
            }
        }
    }

    /// Writes a key, and gives it in lower case, without the URN of a schema before it.
    fn key(&mut self) -> Result<String, Broken> {
        let Ok((text, length)) = self.token() else {
            self.shown.push(b'"');
            self.shown.extend_from_slice(MASK.as_bytes());
            self.at = self.bytes.len();
            return Err(Broken);
        };
        if is_key(&text) || self.mask.shows_people() {
            let token = self.bytes.get(self.at..self.at + length);
            self.shown.extend_from_slice(token.unwrap_or_default());
        } else {
            let alias = self.mask.alias_of(&text);
            self.write(&alias);
        }
        self.at += length;
        Ok(attribute(&text))
    }

    /// The attribute that the path of the operation names which begins here.
    fn path_ahead(&self) -> Option<String> {
        let mut ahead = Ahead {
            bytes: self.bytes,
            at: self.at + 1,
        };
        let path = ahead.text_of("path")?;
        Some(attribute(&path)).filter(|name| !name.is_empty())
    }
}

/// The last attribute of a name or a path, in lower case: `urn:…:User:name.familyName`, `emails[type eq "x"].value`.
fn attribute(path: &str) -> String {
    let mut depth = 0_usize;
    let outside: String = path
        .chars()
        .filter(|c| {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect();
    let last = outside.rsplit([':', '.', '/']).next().unwrap_or_default();
    last.trim().to_ascii_lowercase()
}

/// A name of an attribute or of a schema. Anything else may be about a person.
fn is_key(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.$ ".contains(&byte);
    text.len() <= 200 && digits < 8 && text.bytes().all(of_key)
}

/// A word, a date or a URN: no address, no name with a blank in it.
fn is_word(text: &str) -> bool {
    let of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.+/".contains(&byte);
    text.len() <= 128 && text.bytes().all(of_word)
}

/// Looks for a member of an object without taking anything.
struct Ahead<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Ahead<'_> {
    /// The text under a key of this object itself.
    fn text_of(&mut self, wanted: &str) -> Option<String> {
        let mut depth = 0_usize;
        let mut key: Option<String> = None;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    let text = self.string()?;
                    let is_name = depth == 0 && key.is_none();
                    match key.take() {
                        Some(name) if depth == 0 && name.eq_ignore_ascii_case(wanted) => {
                            return Some(text);
                        }
                        _ if is_name && self.next_is_colon() => key = Some(text),
                        _ => {}
                    }
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    key = None;
                }
                b'}' | b']' => depth = depth.checked_sub(1)?,
                b',' => key = None,
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    fn next_is_colon(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.trim_ascii_start().first() == Some(&b':')
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.at..)?;
        let mut escaped = false;
        let end = rest.iter().skip(1).position(|byte| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        })?;
        let token = rest.get(..end + 2)?;
        self.at += token.len();
        Some(serde_json::from_slice(token).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::tests::mask;
    use super::*;

    fn shown(mask: &mut Mask, body: &str) -> String {
        String::from_utf8(mask.body(body.as_bytes(), Kind::Resources, "/v2")).unwrap()
    }

    #[test]
    fn a_user_loses_its_person_and_keeps_its_form() {
        let mut mask = mask(false);
        let alias = |text: &str| mask.alias_of(text);
        let (ada, id, name) = (alias("ada@x.test"), alias("7"), alias("Ada"));
        let (version, full) = (alias("3"), alias("Ada Byron"));
        let body = concat!(
            "{ \"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\r\n\"id\":\"7\",\"userName\":\"ada@x.test\",",
            "\"name\":{\"givenName\":\"Ada\"},\"displayName\":\"Ada\\u0020Byron\",\"active\":true,\"x\":\"\",\"n\":null,",
            "\"emails\":[{\"value\":\"ada@x.test\",\"type\":\"work\",\"primary\":true}],\"age\":7,\"userName\":\"ada@x.test\",",
            "\"meta\":{\"resourceType\":\"User\",\"created\":\"2026-03-01T12:00:00Z\",\"version\":\"W/\\\"3\\\"\",",
            "\"location\":\"https://x.test/v2/Users/7\"}}\n"
        );
        let wanted = body
            .replace("ada@x.test", &ada)
            .replace("\"Ada\"", &format!("\"{name}\""))
            .replace("Ada\\u0020Byron", &full)
            .replace("\"id\":\"7\"", &format!("\"id\":\"{id}\""))
            .replace("\"age\":7", &format!("\"age\":{id}"))
            .replace("W/\\\"3\\\"", &format!("W/\\\"{version}\\\""))
            .replace("Users/7", &format!("Users/{id}"));
        assert_eq!(shown(&mut mask, body), wanted);
    }

    #[test]
    fn operations_are_read_by_their_paths() {
        let mut mask = mask(false);
        let (id, bob) = (mask.alias_of("8"), mask.alias_of("Bob"));
        let body = json!({"Operations": [
            {"op": "remove", "path": "members[value eq \"8\"]"},
            {"op": "add", "path": "members", "value": [{"value": "8", "display": "Bob"}]},
            {"op": "replace", "value": "False", "path": "active"},
            {"value": "swordfish-1", "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password"},
            {"op": "replace", "value": {"Password": "swordfish-2", "id": "8"}},
            {"op": "replace", "path": "displayName", "value": "Bob"},
        ]});
        let text = shown(&mut mask, &body.to_string());
        assert!(!text.contains("swordfish"), "{text}");
        let got: Value = serde_json::from_str(&text).unwrap();
        let of = |pointer: &str| got.pointer(pointer).unwrap().clone();
        assert_eq!(
            of("/Operations/0/path"),
            format!("members[value eq \"{id}\"]")
        );
        assert_eq!(
            of("/Operations/1/value/0"),
            json!({"value": id, "display": bob})
        );
        assert_eq!(of("/Operations/2/value"), "False");
        assert_eq!(of("/Operations/4/value/id"), id);
        assert_eq!(of("/Operations/5/value"), bob);
        let password = of("/Operations/3/value");
        assert!(password.as_str().unwrap().starts_with("***-"), "{password}");
        assert_eq!(
            shown(
                &mut mask,
                "{\"nickName\":\"x\",\"schemas\":[\"swordfish-1\"]}"
            )
            .matches("***-")
            .count(),
            1,
            "a password is hidden wherever it comes back"
        );
    }

    #[test]
    fn who_keeps_people_keeps_no_secret() {
        let mut mask = mask(true);
        let body = "{\"userName\" : \"ada@x.test\", \"password\":\"swordfish-1\", \"n\": 7,\"access_token\":\"swordfish-2\"}";
        let text = shown(&mut mask, body);
        assert!(
            text.contains("{\"userName\" : \"ada@x.test\"") && text.contains("\"n\": 7"),
            "{text}"
        );
        assert!(!text.contains("swordfish"), "{text}");
        let form = shown(&mut mask, "grant=x&client_secret=swordfish-3&password=hush");
        assert!(
            form.starts_with("grant=x&") && !form.contains("swordfish") && !form.contains("hush"),
            "{form}"
        );
        assert_eq!(shown(&mut mask, "<p>Ada</p>"), "<p>Ada</p>");
    }

    #[test]
    fn errors_tell_the_reason_and_nobody() {
        let mut mask = mask(false);
        let ada = mask.alias_of("ada@x.test");
        let body = "{\"status\":\"409\",\"scimType\":\"uniqueness\",\"detail\":\"userName ada@x.test is taken\"}";
        let text = String::from_utf8(mask.body(body.as_bytes(), Kind::Error, "")).unwrap();
        assert_eq!(text, body.replace("ada@x.test", &ada));
    }

    #[test]
    fn what_is_no_json_is_told_by_its_length() {
        let mut mask = mask(false);
        for (body, wanted) in [
            ("", ""),
            ("Ada is gone", "(11 bytes that are not JSON)"),
            ("<html><p>Ada", "<!doctype html>(12 bytes)"),
            ("{\"active\":tru", "{\"active\":tru"),
            ("{'userName': 'Ada'}", "{'***"),
            ("{\"active\":true} Ada", "{\"active\":true} A***"),
            ("{\"userName\":\"Ad", "{\"userName\":\"***"),
            ("\u{feff}{\"active\":NaN}", "\u{feff}{\"active\":N***"),
        ] {
            assert_eq!(shown(&mut mask, body), wanted, "{body}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "Quimby[ -~]{0,12}".prop_map(Value::from),
        ];
        let key = prop::sample::select(vec![
            "id",
            "userName",
            "value",
            "members",
            "Operations",
            "path",
            "op",
            "type",
            "meta",
            "location",
            "detail",
            "schemas",
            "urn:x:y:User",
            "name",
            "password",
            "status",
        ]);
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| fields
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()),
            ]
        })
    }

    fn shape(value: &Value) -> Value {
        match value {
            Value::Array(all) => all.iter().map(shape).collect(),
            Value::Object(all) => all.iter().map(|(k, v)| (k.clone(), shape(v))).collect(),
            Value::String(text) => Value::from(text.is_empty()),
            Value::Number(_) => 0.into(),
            other => other.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_document_keeps_its_shape_and_equal_texts_stay_equal(one in value(), pretty: bool) {
            let mut mask = mask(false);
            let text = if pretty { format!("{one:#}") } else { one.to_string() };
            let masked = shown(&mut mask, &text);
            let got: Value = serde_json::from_str(&masked).unwrap();
            prop_assert_eq!(shape(&got), shape(&one));
            prop_assert_eq!(shown(&mut mask, &text), masked);
        }

        #[test]
        fn whatever_stands_in_a_body_something_is_shown(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in any::<prop::sample::Index>(), one in value(), people: bool) {
            let mut mask = mask(people);
            mask.body(&bytes, Kind::Resources, "");
            let text = one.to_string();
            let cut = &text.as_bytes()[..cut.index(text.len() + 1)];
            let shown = mask.body(cut, Kind::Error, "");
            mask.body(&[cut, &bytes].concat(), Kind::Public, "");
            prop_assert!(serde_json::from_slice::<Value>(&shown).is_ok() == serde_json::from_slice::<Value>(cut).is_ok() || cut.is_empty());
        }
    }
}
