//! The body of an error: what Okta shows to an administrator.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::error;
use crate::exchange::{NotJson, Response};

pub(super) fn error_body(response: &Response, seen: &mut Vec<Seen>) {
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
