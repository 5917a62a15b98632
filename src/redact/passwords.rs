//! Passwords that are told by their place: whatever stands under the name, or at the path, is hidden, known or not.

use serde_json::{Map, Value};

use super::spelling::plain;
use crate::secret::MASK;

/// The attribute (RFC 7643, 4.1.1).
const NAME: &str = "password";

/// Whether an attribute's name or path leads to a password: in any case, also below the URN of a schema, also behind
/// other attributes.
#[must_use]
pub fn is_password(path: &str) -> bool {
    let last = path.rsplit([':', '.', '/']).next().unwrap_or_default();
    let last = last.split('[').next().unwrap_or_default().trim();
    last.eq_ignore_ascii_case(NAME)
}

/// Hides every password in a value: under its name, and in operations of a PATCH that name it as their path. Its JSON
/// type stays to be seen. Says whether there was any.
pub fn hide(value: &mut Value) -> bool {
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .fold(false, |found, element| hide(element) | found),
        Value::Object(object) => {
            let at_path = is_operation_on_password(object);
            object.iter_mut().fold(false, |found, (key, value)| {
                let is_it = is_password(key) || at_path && key.eq_ignore_ascii_case("value");
                let hidden = if is_it { mask(value) } else { hide(value) };
                hidden | found
            })
        }
        _ => false,
    }
}

/// Whether [`hide`] would find anything.
#[must_use]
pub fn stand_in(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(stand_in),
        Value::Object(object) => {
            let at_path = is_operation_on_password(object);
            object.iter().any(|(key, value)| {
                let is_it = is_password(key) || at_path && key.eq_ignore_ascii_case("value");
                if is_it {
                    has_value(value)
                } else {
                    stand_in(value)
                }
            })
        }
        _ => false,
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => *value != 0,
        Value::String(text) => !text.is_empty() && text != MASK,
        Value::Array(elements) => elements.iter().any(has_value),
        Value::Object(object) => object.values().any(has_value),
    }
}

/// Every password in a value that is a text.
#[must_use]
pub fn find(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    collect(value, false, &mut found);
    found
}

fn collect<'v>(value: &'v Value, is_it: bool, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if is_it => found.push(text),
        Value::Array(elements) => elements.iter().for_each(|e| collect(e, is_it, found)),
        Value::Object(object) => {
            let at_path = is_operation_on_password(object);
            for (key, value) in object {
                let named = is_password(key) || at_path && key.eq_ignore_ascii_case("value");
                collect(value, is_it || named, found);
            }
        }
        _ => {}
    }
}

fn is_operation_on_password(object: &Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| {
        key.eq_ignore_ascii_case("path") && value.as_str().is_some_and(is_password)
    })
}

/// Hides a value and keeps its type; nothing is to be hidden in nothing.
fn mask(value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if text.is_empty() || text == MASK => false,
        Value::String(text) => {
            MASK.clone_into(text);
            true
        }
        Value::Number(_) => {
            let changed = *value != 0;
            *value = 0.into();
            changed
        }
        Value::Array(elements) => elements.iter_mut().fold(false, |found, e| mask(e) | found),
        Value::Object(object) => object.values_mut().fold(false, |found, v| mask(v) | found),
    }
}

/// Hides passwords in a text that is no JSON, as far as they can be told: in forms, XML, cut JSON and prose with
/// `password=...`. None when there is nothing to hide.
#[must_use]
pub fn hide_in_text(text: &str) -> Option<String> {
    let places = places(text);
    let last = places.last()?.end;
    let mut shown = String::with_capacity(text.len());
    let mut kept = 0;
    for place in places {
        shown.push_str(text.get(kept..place.start).unwrap_or_default());
        shown.push_str(MASK);
        kept = place.end;
    }
    shown.push_str(text.get(last..).unwrap_or_default());
    Some(shown)
}

/// The passwords in a text that is no JSON, with their escapes undone.
#[must_use]
pub fn find_in_text(text: &str) -> Vec<String> {
    let places = places(text).into_iter();
    places
        .filter_map(|place| text.get(place))
        .map(plain)
        .collect()
}

/// Where the values of passwords stand.
fn places(text: &str) -> Vec<std::ops::Range<usize>> {
    // ASCII lower case keeps every offset.
    let lower = text.to_ascii_lowercase();
    let mut places: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, name) in lower.match_indices(NAME) {
        let behind = at + name.len();
        let done = places.last().map_or(0, |place| place.end);
        let value = value_behind(&lower, behind).or_else(|| value_of_operation(&lower, behind));
        places.extend(value.filter(|value| value.start >= done && !value.is_empty()));
    }
    places
}

/// Marks around a name or a value: quotation marks, as they are or escaped.
const QUOTES: [&str; 8] = [
    "\\\"", "\"", "\\'", "'", "&quot;", "&#34;", "%22", "\\u0022",
];
/// What stands between a name and its value.
const SIGNS: [&str; 6] = ["=>", "=", ":", "%3d", "%3a", "&#61;"];

/// The value behind a name: `password=…`, `"password": "…"`, `<password>…<`, or a part of a form on lines of its own.
fn value_behind(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let rest = text.get(at..)?;
    let behind = skip(rest, &QUOTES);
    if let Some(value) = ["\r\n\r\n", "\n\n"]
        .iter()
        .find_map(|gap| behind.strip_prefix(gap))
    {
        return Some(until(text, value, &["\r", "\n"]));
    }
    if let Some(tag) = behind.strip_prefix(|c: char| c == '>' || c.is_whitespace())
        && text
            .get(..at)
            .and_then(|before| before.rfind('<'))
            .is_some_and(|open| {
                let name = text.get(open..at).unwrap_or_default();
                !name.contains(['>', '/']) && !name.contains(char::is_whitespace)
            })
    {
        // Attributes of the element end before its content.
        let content = if behind.starts_with('>') {
            tag
        } else {
            tag.split_once('>')?.1
        };
        return Some(until(text, content, &["<"]));
    }
    let sign = behind.trim_start();
    let value = SIGNS
        .iter()
        .find_map(|sign_of| sign.strip_prefix(sign_of))?;
    Some(quoted_or_word(text, value))
}

/// The value of an operation whose path was just read: `"path":"password","value":"…"`, `<path>password</path><value>…`.
fn value_of_operation(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    const NEAR: usize = 40;
    let rest = text.get(at..)?;
    let end = rest.floor_char_boundary(NEAR.min(rest.len()));
    let near = rest.get(..end)?;
    let value = near.find("value")? + "value".len();
    value_behind(text, at + value)
}

fn quoted_or_word(text: &str, value: &str) -> std::ops::Range<usize> {
    let value = value.trim_start();
    if let Some(quote) = QUOTES.iter().find(|quote| value.starts_with(**quote)) {
        let inside = value.get(quote.len()..).unwrap_or_default();
        return until(text, inside, &[quote]);
    }
    let ends = [
        "&", ";", ",", "<", ">", "}", "]", ")", "\"", "'", "\\", " ", "\t", "\r", "\n",
    ];
    until(text, value, &ends)
}

/// From the start of `value`, which is the end of `text`, to the first of `ends`.
fn until(text: &str, value: &str, ends: &[&str]) -> std::ops::Range<usize> {
    let start = text.len() - value.len();
    let length = ends.iter().filter_map(|end| value.find(end)).min();
    start..start + length.unwrap_or(value.len())
}

fn skip<'t>(text: &'t str, marks: &[&str]) -> &'t str {
    marks
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_are_hidden_by_their_place() {
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User:password";
        let mut value = json!({
            "password": "one", "userName": "ada", "passwordless": "stays", "changePassword": {"supported": true},
            "Operations": [
                {"op": "replace", "path": "password", "value": "two"},
                {"op": "replace", "Path": "PassWord", "Value": "three"},
                {"op": "add", "path": urn, "value": "four"},
                {"op": "replace", "value": {"Password": "five", urn: "six", "active": true}},
                {"op": "replace", "path": "userName", "value": "stays"},
                {"method": "POST", "path": "/Users", "data": {"password": "seven"}},
                {"method": "PATCH", "path": "/Users/1", "data": {"Operations": [{"path": "password", "value": {"x": "eight"}}]}},
            ]
        });
        assert_eq!(
            find(&value),
            [
                "one", "two", "three", "four", "five", "six", "seven", "eight"
            ]
        );
        assert!(stand_in(&value) && hide(&mut value));
        assert_eq!(
            value,
            json!({
                "password": "***", "userName": "ada", "passwordless": "stays", "changePassword": {"supported": true},
                "Operations": [
                    {"op": "replace", "path": "password", "value": "***"},
                    {"op": "replace", "Path": "PassWord", "Value": "***"},
                    {"op": "add", "path": urn, "value": "***"},
                    {"op": "replace", "value": {"Password": "***", urn: "***", "active": true}},
                    {"op": "replace", "path": "userName", "value": "stays"},
                    {"method": "POST", "path": "/Users", "data": {"password": "***"}},
                    {"method": "PATCH", "path": "/Users/1", "data": {"Operations": [{"path": "password", "value": {"x": "***"}}]}},
                ]
            })
        );
        assert!(
            !stand_in(&value) && !hide(&mut value),
            "nothing is left to hide"
        );
        let mut shapes =
            json!([{"password": 7}, {"password": ["a"]}, {"password": null}, {"password": ""}]);
        hide(&mut shapes);
        assert_eq!(
            shapes,
            json!([{"password": 0}, {"password": ["***"]}, {"password": null}, {"password": ""}])
        );
    }

    #[test]
    fn passwords_are_hidden_in_texts_that_are_no_json() {
        for (text, wanted) in [
            (
                "userName=ada&password=hu%6Eter2&x=1",
                "userName=ada&password=***&x=1",
            ),
            ("Password: hunter2\nnext", "Password: ***\nnext"),
            ("the password=hunter2, sadly", "the password=***, sadly"),
            (
                "<User><Password>hunter2</Password></User>",
                "<User><Password>***</Password></User>",
            ),
            (
                "<ns:password type='x'>hunter2</ns:password>",
                "<ns:password type='x'>***</ns:password>",
            ),
            (r#"{"password" : "hunter2","x"#, r#"{"password" : "***","x"#),
            (
                r#"{\"password\":\"hunter2\",\"x"#,
                r#"{\"password\":\"***\",\"x"#,
            ),
            (
                r#"[{"path":"password","value":"hunter2"},"#,
                r#"[{"path":"password","value":"***"},"#,
            ),
            (
                "<path>password</path><value>hunter2</value>",
                "<path>password</path><value>***</value>",
            ),
            (
                "name=\"password\"\r\n\r\nhunter2\r\n--x",
                "name=\"password\"\r\n\r\n***\r\n--x",
            ),
            ("password%3Dhunter2%26x", "password%3D***"),
            ("{'password': 'hunter2'}", "{'password': '***'}"),
        ] {
            assert_eq!(hide_in_text(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["the password is too short", "", "password=", "passwords"] {
            assert_eq!(hide_in_text(text), None, "{text}");
        }
        assert_eq!(find_in_text("password=hu%6Eter2&x=1"), ["hunter2"]);
    }
}
