//! A target that repeats secrets: in many forms, at every place of its answers. It knows nothing of the redactor, and
//! neither do the encoders here.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// An answer while it is spoiled.
pub(crate) struct Spoiled {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Where a secret is put.
const PLACES: [&str; 22] = [
    "an attribute",
    "the name of an attribute",
    "the id",
    "the name",
    "meta.location",
    "a member",
    "a row of a list",
    "the id of a row",
    "a header",
    "the name of a header",
    "a cookie",
    "Location",
    "ETag",
    "the reason phrase",
    "a detail",
    "scimType",
    "schemas",
    "a text body",
    "a web page",
    "cut JSON",
    "a redirect",
    "the content encoding",
];

/// Where a form is put within an answer's JSON.
const MARK: &str = "@@ECHO@@";

/// The text as it stands between the quotes of a JSON string.
fn json_string(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn units(text: &str, upper: bool, all: bool) -> String {
    let mut written = String::new();
    for c in text.chars() {
        if !all && c.is_ascii_alphanumeric() {
            written.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            written += &if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            };
        }
    }
    written
}

fn percent(text: &str, upper: bool, all: bool) -> String {
    let escape = |byte: u8| match (all, byte, upper) {
        (false, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~', _) => {
            char::from(byte).to_string()
        }
        (.., true) => format!("%{byte:02X}"),
        (.., false) => format!("%{byte:02x}"),
    };
    text.bytes().map(escape).collect()
}

fn html(text: &str, escape: impl Fn(char) -> String) -> String {
    text.chars().map(escape).collect()
}

fn named(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '/' => "&sol;".to_owned(),
        '+' => "&plus;".to_owned(),
        '=' => "&equals;".to_owned(),
        c => c.to_string(),
    }
}

/// Every form of a secret, by what it is.
pub(crate) fn forms(secret: &str) -> BTreeMap<String, String> {
    let mut forms: BTreeMap<String, String> = [
        ("plain", secret.to_owned()),
        ("JSON", json_string(secret)),
        (
            "JSON, slashes escaped",
            json_string(secret).replace('/', "\\/"),
        ),
        ("JSON, some as \\u002f", units(secret, false, false)),
        ("JSON, some as \\u002F", units(secret, true, false)),
        ("JSON, all as \\u002f", units(secret, false, true)),
        ("JSON, all as \\u002F", units(secret, true, true)),
        (
            "JSON in JSON",
            json_string(&json_string(secret).replace('/', "\\/")),
        ),
        (
            "JSON in JSON, as \\\\u002f",
            json_string(&units(secret, false, true)),
        ),
        ("percent, upper case", percent(secret, true, false)),
        ("percent, lower case", percent(secret, false, false)),
        ("percent, all upper case", percent(secret, true, true)),
        ("percent, all lower case", percent(secret, false, true)),
        (
            "percent, twice",
            percent(&percent(secret, true, false), true, false),
        ),
        (
            "percent, all twice",
            percent(&percent(secret, false, true), false, true),
        ),
        ("a form", percent(secret, true, false).replace("%20", "+")),
        (
            "percent of JSON",
            percent(&json_string(secret).replace('/', "\\/"), true, false),
        ),
        ("HTML, named", html(secret, named)),
        (
            "HTML, decimal",
            html(secret, |c| format!("&#{};", u32::from(c))),
        ),
        (
            "HTML, hexadecimal",
            html(secret, |c| format!("&#x{:x};", u32::from(c))),
        ),
        (
            "HTML, hexadecimal upper case",
            html(secret, |c| format!("&#x{:02X};", u32::from(c))),
        ),
        ("HTML, twice", html(&html(secret, named), named)),
        ("HTML in JSON", units(&html(secret, named), false, false)),
        (
            "digits, lower case",
            secret.bytes().map(|b| format!("{b:02x}")).collect(),
        ),
        (
            "digits, upper case",
            secret.bytes().map(|b| format!("{b:02X}")).collect(),
        ),
    ]
    .map(|(name, form)| (name.to_owned(), form))
    .into();
    for before in ["", "u", "us", "user:"] {
        for (name, alphabet) in [
            ("base64", STANDARD),
            ("base64 bare", STANDARD_NO_PAD),
            ("base64url", URL_SAFE),
            ("base64url bare", URL_SAFE_NO_PAD),
        ] {
            let form = alphabet.encode(format!("{before}{secret}"));
            forms.insert(format!("{name} of {before:?} and it"), form);
        }
    }
    let within = STANDARD.encode(format!("user:{secret}:more"));
    forms.insert(
        "base64 within, escaped".to_owned(),
        within.replace('/', "\\/"),
    );
    forms
}

/// What is repeated, and what has been.
pub(crate) struct Echo {
    says: Option<String>,
    /// Secrets that are known from the start.
    fixed: Vec<String>,
    /// Passwords that were sent.
    sent: Mutex<Vec<String>>,
    /// Passwords that were sent by processes that have ended.
    earlier: Mutex<Vec<String>>,
    count: Mutex<usize>,
    /// How often each place held something.
    placed: Mutex<BTreeMap<&'static str, usize>>,
}

impl Echo {
    pub(crate) fn new(fixed: &[&str]) -> Self {
        Self {
            says: None,
            fixed: fixed.iter().map(|secret| (*secret).to_owned()).collect(),
            sent: Mutex::default(),
            earlier: Mutex::default(),
            count: Mutex::default(),
            placed: Mutex::default(),
        }
    }

    /// One that says the same everywhere, whatever was sent.
    pub(crate) fn saying(text: &str) -> Self {
        Self {
            says: Some(text.to_owned()),
            ..Self::new(&[])
        }
    }

    /// Another process begins, which cannot know what earlier ones have sent.
    pub(crate) fn begin(&self) {
        let mut sent = self.sent.lock().unwrap();
        self.earlier.lock().unwrap().append(&mut sent);
    }

    /// Every secret that was repeated or may have been.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let (sent, earlier) = (self.sent.lock().unwrap(), self.earlier.lock().unwrap());
        let secrets = self.fixed.iter().chain(&*sent).chain(&*earlier);
        secrets.cloned().collect()
    }

    /// Every place has held something, several times.
    pub(crate) fn assert_every_place(&self) {
        let placed = self.placed.lock().unwrap();
        // The name of a header takes letters, digits and a few signs (RFC 9110, 5.6.2).
        let takes = |place: &&str| self.says.is_none() || *place != "the name of a header";
        for place in PLACES.into_iter().filter(takes) {
            let times = placed.get(place).copied().unwrap_or_default();
            assert!(times >= 3, "{place} held something {times} times");
        }
    }

    /// Learns the passwords of a request.
    pub(crate) fn hear(&self, body: &[u8]) {
        fn passwords(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    for (key, value) in object {
                        match value {
                            Value::String(text) if key == "password" => found.push(text.clone()),
                            value => passwords(value, found),
                        }
                    }
                }
                Value::Array(elements) => elements.iter().for_each(|e| passwords(e, found)),
                _ => {}
            }
        }
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            let mut sent = self.sent.lock().unwrap();
            passwords(&value, &mut sent);
            sent.retain(|password| password.len() >= 6);
            sent.sort();
            sent.dedup();
        }
    }

    /// Puts the next form of the next secret at the next place. Every other answer is left alone, so that a scenario
    /// gets on.
    pub(crate) fn spoil(&self, answer: &mut Spoiled) {
        let n = {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            *count
        };
        if n % 2 == 0 {
            return;
        }
        let n = n / 2;
        let secret = {
            let sent = self.sent.lock().unwrap();
            let number = n % (self.fixed.len() + 1);
            let latest = sent.last().cloned().unwrap_or_default();
            self.fixed.get(number).cloned().unwrap_or(latest)
        };
        let forms: Vec<String> = match &self.says {
            Some(text) => vec![text.clone()],
            None if secret.is_empty() => return,
            None => forms(&secret).into_values().collect(),
        };
        // The numbers of forms, places and secrets have little in common, so that they meet each other.
        let form = &forms[(n * 7 + n / forms.len()) % forms.len()];
        let place = PLACES[(n + n / PLACES.len()) % PLACES.len()];
        if put(answer, place, form) {
            *self.placed.lock().unwrap().entry(place).or_default() += 1;
        }
    }
}

/// Writes `value` with the form in place of the mark.
fn write(value: &Value, form: &str) -> Vec<u8> {
    let is_json = serde_json::from_str::<Value>(&format!("\"{form}\"")).is_ok();
    let form = if is_json {
        form.to_owned()
    } else {
        json_string(form)
    };
    value.to_string().replace(MARK, &form).into_bytes()
}

fn put(answer: &mut Spoiled, place: &str, form: &str) -> bool {
    let mut value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let header = |answer: &mut Spoiled, name: &str, value: String| {
        answer.headers.push((name.to_owned(), value));
        true
    };
    match place {
        "a header" => return header(answer, "X-Echo", format!("sent {form}!")),
        "a cookie" => return header(answer, "Set-Cookie", format!("session={form}; Path=/")),
        "Location" => return header(answer, "Location", format!("/scim/v2/Users/{form}")),
        "ETag" => return header(answer, "ETag", format!("W/\"{form}\"")),
        "the content encoding" => return header(answer, "Content-Encoding", form.to_owned()),
        "the name of a header" => {
            let is_token = form
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.~%+&#".contains(&b));
            return is_token && header(answer, &format!("X-{form}"), "x".to_owned());
        }
        "the reason phrase" => {
            answer.reason = format!("Sent {form}");
            return true;
        }
        "a redirect" => {
            answer.status = 302;
            return header(
                answer,
                "Location",
                format!("https://elsewhere.test/?token={form}"),
            );
        }
        "a detail" | "scimType" => {
            answer.status = 400;
            let key = if place == "a detail" { "detail" } else { place };
            value = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400",
                key: format!("you sent {MARK}, which is wrong")});
        }
        "a text body" | "a web page" => {
            let is_page = place == "a web page";
            answer.status = if is_page { 502 } else { 500 };
            answer
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            let text = if is_page {
                format!("<html><body>You sent {form}</body></html>")
            } else {
                format!("Exception: You sent {form}\n at x")
            };
            answer.body = text.into_bytes();
            return header(answer, "Content-Type", "text/html".to_owned());
        }
        "cut JSON" => {
            value = json!({"id": MARK, "detail": format!("sent {MARK}"), "more": "cut"});
            answer.body = write(&value, form);
            answer.body.truncate(answer.body.len() - 4);
            return true;
        }
        "a row of a list" | "the id of a row" => {
            let Some(rows) = value.get_mut("Resources").and_then(Value::as_array_mut) else {
                return false;
            };
            let id = if place == "a row of a list" {
                "17"
            } else {
                MARK
            };
            rows.push(
                json!({"id": id, "userName": format!("{MARK}@example.com"), "displayName": MARK}),
            );
        }
        _ => {
            let Some(object) = value.as_object_mut() else {
                return false;
            };
            let (key, text) = match place {
                "an attribute" => ("nickName", json!(MARK)),
                "the name of an attribute" => (MARK, json!("x")),
                "the id" => ("id", json!(format!("u-{MARK}"))),
                "the name" => ("userName", json!(format!("{MARK}@example.com"))),
                "meta.location" => (
                    "meta",
                    json!({"location": format!("https://x.test/Users/{MARK}?a=b")}),
                ),
                "a member" => ("members", json!([{"value": MARK, "display": MARK}])),
                "schemas" => ("schemas", json!([MARK])),
                other => panic!("{other} is no place"),
            };
            object.insert(key.to_owned(), text);
        }
    }
    answer.body = write(&value, form);
    true
}

/// Fails when a form of a secret stands in an output: as it is written there, and as whoever reads JSON or XML sees it.
pub(crate) fn assert_nowhere(secrets: &[String], outputs: &[(String, String)]) {
    assert!(!secrets.is_empty() && !outputs.is_empty());
    let wanted: Vec<(&str, String, String)> = secrets
        .iter()
        .flat_map(|secret| {
            forms(secret)
                .into_iter()
                .map(move |(what, form)| (secret.as_str(), what, form))
        })
        .collect();
    let search = AhoCorasick::new(wanted.iter().map(|(.., form)| form)).unwrap();
    for (name, text) in outputs {
        for text in [text, &texts_of_json(text), &texts_of_xml(text)] {
            if let Some(found) = search.find(text) {
                let (secret, what, _) = &wanted[found.pattern().as_usize()];
                let start = text.floor_char_boundary(found.start().saturating_sub(200));
                let end = text.ceil_char_boundary((found.end() + 50).min(text.len()));
                panic!(
                    "{secret:?} ({what}) stands in {name}: …{}…",
                    &text[start..end]
                );
            }
        }
    }
}

/// All names and texts of what JSON there is, a document or one in each line.
fn texts_of_json(text: &str) -> String {
    fn collect(value: &Value, texts: &mut String) {
        match value {
            Value::String(text) => *texts += &format!("{text}\n"),
            Value::Array(elements) => elements.iter().for_each(|e| collect(e, texts)),
            Value::Object(object) => {
                for (name, value) in object {
                    *texts += &format!("{name}\n");
                    collect(value, texts);
                }
            }
            _ => {}
        }
    }
    let whole: Option<Value> = serde_json::from_str(text).ok();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let mut texts = String::new();
    for value in whole.into_iter().chain(lines) {
        collect(&value, &mut texts);
    }
    texts
}

fn texts_of_xml(text: &str) -> String {
    if !text.starts_with("<?xml") {
        return String::new();
    }
    let mut text = text.to_owned();
    for (escape, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escape, c);
    }
    text
}
