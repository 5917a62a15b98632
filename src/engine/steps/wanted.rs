//! What a literal request wants in its answer, beyond the status.

use std::time::Duration;

use serde_json::Value;

use crate::exchange::Exchange;
use crate::scenario::Wanted;

/// Something that an answer does not fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    /// What was wanted.
    pub(super) wanted: String,
    /// What came; never a text of a resource, which might be somebody else's.
    pub(super) got: String,
    /// JSON pointer into the body, or empty.
    pub(super) pointer: String,
}

/// The first place where the body is not as wanted.
pub(super) fn body(body: &[(String, Wanted)], exchange: &Exchange) -> Option<Unmet> {
    let response = exchange.response()?;
    let json = response.json();
    body.iter().find_map(|(pointer, wanted)| {
        let value = json.and_then(|json| json.pointer(pointer));
        if holds(wanted, value) {
            return None;
        }
        let got = match (json, value) {
            (None, _) => "a body that is not JSON".to_owned(),
            (_, None) => "nothing".to_owned(),
            (_, Some(value)) => described(value).to_owned(),
        };
        Some(Unmet {
            wanted: format!("{} at {pointer}", said(wanted)),
            got,
            pointer: pointer.clone(),
        })
    })
}

/// How much too late the answer was complete.
pub(super) fn time(within: Option<Duration>, exchange: &Exchange) -> Option<Unmet> {
    let took = exchange.timing.total;
    within.filter(|within| took >= *within).map(|within| Unmet {
        wanted: format!("an answer within {} ms", within.as_millis()),
        got: format!("one after {} ms", took.as_millis()),
        pointer: String::new(),
    })
}

fn holds(wanted: &Wanted, value: Option<&Value>) -> bool {
    let Some(value) = value else {
        return matches!(wanted, Wanted::Present(false));
    };
    match wanted {
        Wanted::Equal(wanted) => wanted == value,
        Wanted::Present(present) => *present == is_something(value),
        Wanted::Among(wanted) => value
            .as_array()
            .is_some_and(|elements| wanted.iter().all(|one| elements.contains(one))),
        Wanted::OneOf(wanted) => wanted.contains(value),
        Wanted::Type(of) => of.fits(value),
    }
}

/// `pr` of RFC 7644, 3.4.2.2.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// What is wanted is the author's own, so it may be shown.
fn said(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Equal(value) => value.to_string(),
        Wanted::Among(values) => {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            format!("an array with {}", values.join(" and "))
        }
        Wanted::OneOf(values) => {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            values.join(" or ")
        }
        Wanted::Type(of) => format!("a value of type {}", of.as_str()),
        Wanted::Present(true) => "a value".to_owned(),
        Wanted::Present(false) => "no value".to_owned(),
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::exchange::{Body, Method, Request, Response, Timing};
    use crate::scenario::JsonType;

    fn exchange(text: &str) -> Exchange {
        Exchange {
            request: Request {
                method: Method::Get,
                target: "/Users".to_owned(),
                headers: vec![],
                body: None,
            },
            outcome: Ok(Response {
                status: 200,
                headers: vec![],
                body: Body::read(Bytes::copy_from_slice(text.as_bytes()), None),
            }),
            timing: Timing {
                total: Duration::from_millis(600),
                ..Timing::default()
            },
        }
    }

    #[test]
    fn json_types_count() {
        let answer = exchange(
            r#"{"n": 1, "t": "1", "e": "", "b": true, "z": null, "a": ["x", "y"], "o": {}, "f": 1.5}"#,
        );
        let equal = |value| Wanted::Equal(value);
        let among = |values: &[&str]| Wanted::Among(values.iter().map(|v| json!(v)).collect());
        let of = Wanted::Type;
        // Pointer, what is wanted, what came instead.
        let table = [
            ("/n", equal(json!(1)), None),
            ("/t", equal(json!(1)), Some("a text")),
            ("/n", equal(json!("1")), Some("a number")),
            ("/b", equal(json!("true")), Some("true")),
            ("/a/1", equal(json!("y")), None),
            ("/t", Wanted::OneOf(vec![json!("1"), json!(1)]), None),
            (
                "/b",
                Wanted::OneOf(vec![json!("1"), json!(1)]),
                Some("true"),
            ),
            ("/a", among(&["y"]), None),
            ("/a", among(&["y", "z"]), Some("an array")),
            ("/t", among(&["1"]), Some("a text")),
            ("/t", of(JsonType::String), None),
            ("/e", of(JsonType::String), Some("an empty text")),
            ("/n", of(JsonType::Integer), None),
            ("/f", of(JsonType::Integer), Some("a number")),
            ("/b", of(JsonType::Boolean), None),
            ("/z", of(JsonType::Boolean), Some("null")),
            ("/a", of(JsonType::Array), None),
            ("/o", of(JsonType::Object), None),
            ("/a/2", of(JsonType::String), Some("nothing")),
            ("/t", Wanted::Present(true), None),
            ("/b", Wanted::Present(true), None),
            ("/e", Wanted::Present(true), Some("an empty text")),
            ("/z", Wanted::Present(true), Some("null")),
            ("/o", Wanted::Present(true), Some("an object")),
            ("/a/2", Wanted::Present(true), Some("nothing")),
            ("/a/2", Wanted::Present(false), None),
            ("/e", Wanted::Present(false), None),
            ("/z", Wanted::Present(false), None),
            ("/a", Wanted::Present(false), Some("an array")),
            ("/n", Wanted::Present(false), Some("a number")),
        ];
        for (pointer, wanted, got) in table {
            let unmet = body(&[(pointer.to_owned(), wanted.clone())], &answer);
            let unmet = unmet.map(|unmet| unmet.got);
            assert_eq!(unmet.as_deref(), got, "{pointer} {wanted:?}");
        }
        let wanted = [("/n".to_owned(), of(JsonType::Integer))];
        let unmet = body(&wanted, &exchange("<html>")).unwrap();
        assert_eq!(unmet.got, "a body that is not JSON");
        assert_eq!(unmet.wanted, "a value of type integer at /n");
        let absent = [("/n".to_owned(), Wanted::Present(false))];
        assert_eq!(body(&absent, &exchange("<html>")), None);
    }

    #[test]
    fn an_answer_has_its_time() {
        let within = |millis| time(Some(Duration::from_millis(millis)), &exchange("{}"));
        assert_eq!(within(601), None);
        assert_eq!(within(600).unwrap().got, "one after 600 ms");
        assert_eq!(time(None, &exchange("{}")), None);
    }
}
