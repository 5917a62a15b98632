//! What of an exchange may be kept and shown: [`crate::redact`] knows what to hide, here is where it may stand.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::percent::percent_decode;
use super::{Body, BodyOddity, Exchange, HeaderText, NotJson, Request, Response, SendError};
use crate::redact::{ForeignNames, Ownership, Redactor, Strangers, broken_json, passwords};

/// Masks other people's data in a whole exchange: the response's JSON, bytes and `Location`, and in the request the
/// ids that are known to be foreign. Returns how many resources it masked.
///
/// A body that should be JSON but cannot be parsed loses all its values, unless the request
/// was about an own resource: nobody can tell whose data it holds. Its error's line and column
/// still count in the body as it came.
pub fn mask_exchange(exchange: &mut Exchange, own: &dyn Ownership, names: &ForeignNames) -> usize {
    let strangers = Strangers { own, names };
    let mut count = 0;
    if let Ok(response) = &mut exchange.outcome {
        count = mask_body(strangers, &mut response.body, &exchange.request);
        for (name, value) in &mut response.headers {
            if ["location", "content-location"].contains(&name.to_ascii_lowercase().as_str()) {
                *value = rewrite_ids(value, |id| (!own.owns_id(id)).then(|| names.alias(id)));
            }
        }
    }
    mask_request(strangers, &mut exchange.request);
    count
}

fn mask_body(strangers: Strangers<'_>, body: &mut Body, request: &Request) -> usize {
    match &mut body.json {
        Ok(value) => {
            let value = Arc::make_mut(value);
            let count = strangers.answer(value);
            // Of two equal keys the value holds the last one only; the bytes hold both.
            let hidden = body
                .oddities
                .iter()
                .any(|oddity| matches!(oddity, BodyOddity::DuplicateKey(_)));
            if count > 0 || hidden {
                body.bytes = Bytes::from(value.to_string());
            }
            count
        }
        Err(why)
            if why.is_unread()
                || matches!(why, NotJson::Truncated { .. } | NotJson::Syntax { .. })
                    && !is_about_own(strangers.own, request) =>
        {
            match broken_json(&body.bytes) {
                Some(masked) => {
                    body.bytes = masked.into();
                    1
                }
                None => 0,
            }
        }
        Err(_) => 0,
    }
}

fn is_about_own(own: &dyn Ownership, request: &Request) -> bool {
    let mut is_own = false;
    rewrite_ids(&request.target, |id| {
        is_own |= own.owns_id(id);
        None
    });
    is_own
}

fn mask_request(strangers: Strangers<'_>, request: &mut Request) {
    let target = rewrite_ids(&request.target, |id| strangers.names.known(id));
    request.target = strangers.names.replace_in(&target);
    if let Some(bytes) = &request.body
        && let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
        && strangers.request(&mut value) > 0
    {
        request.body = Some(Bytes::from(value.to_string()));
    }
}

/// Rewrites the ids in the path of a URL or target: the segments after `Users` and `Groups`.
fn rewrite_ids(url: &str, mut rewrite: impl FnMut(&str) -> Option<String>) -> String {
    let (path, query) = match url.find(['?', '#']) {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let mut after_endpoint = false;
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| {
            let alias = (after_endpoint && !segment.is_empty())
                .then(|| rewrite(&percent_decode(segment)))
                .flatten();
            let endpoints = ["users", "groups"];
            after_endpoint = endpoints
                .iter()
                .any(|known| known.eq_ignore_ascii_case(segment));
            alias.unwrap_or_else(|| segment.to_owned())
        })
        .collect();
    segments.join("/") + query
}

/// Hides every secret of an exchange, wherever it may stand, and passwords by their place. What was JSON stays JSON.
pub fn redact(exchange: &mut Exchange, secrets: &Redactor) {
    redact_request(&mut exchange.request, secrets);
    match &mut exchange.outcome {
        Ok(response) => redact_response(response, secrets),
        Err(error) => redact_error(error, secrets),
    }
}

/// Hides every secret of a request.
pub fn redact_request(request: &mut Request, secrets: &Redactor) {
    hide(&mut request.target, secrets);
    for (name, value) in &mut request.headers {
        hide(name, secrets);
        if let HeaderText::Plain(text) = value {
            hide(text, secrets);
        }
    }
    if let Some(body) = &mut request.body {
        let json = serde_json::from_slice::<Value>(body);
        if let Some(hidden) = hidden_body(body, json.ok().as_ref(), secrets) {
            *body = hidden;
        }
    }
}

fn redact_response(response: &mut Response, secrets: &Redactor) {
    for (name, value) in &mut response.headers {
        hide(name, secrets);
        hide(value, secrets);
    }
    let body = &mut response.body;
    for oddity in &mut body.oddities {
        match oddity {
            BodyOddity::DuplicateKey(text) | BodyOddity::BadEncoding(text) => hide(text, secrets),
            BodyOddity::ByteOrderMark | BodyOddity::BodyAfterNoContent => {}
        }
    }
    if let Some(bytes) = hidden_body(&body.bytes, body.json.as_deref().ok(), secrets) {
        // Why it was no JSON stays true, and what is odd about it as well.
        body.json = match std::mem::replace(&mut body.json, Err(NotJson::Empty)) {
            Ok(_) => Body::parse(bytes.clone()).json,
            Err(why) => Err(why),
        };
        body.bytes = bytes;
    }
    if let Err(NotJson::Syntax { reason, .. }) = &mut body.json {
        hide(reason, secrets);
    }
}

/// A body without secrets; none when there is nothing to hide.
fn hidden_body(bytes: &Bytes, json: Option<&Value>, secrets: &Redactor) -> Option<Bytes> {
    let Some(json) = json else {
        let hidden = secrets.bytes(bytes);
        let text = String::from_utf8_lossy(hidden.as_deref().unwrap_or(bytes));
        return match passwords::hide_in_text(&text) {
            Some(text) => Some(text.into()),
            None => hidden.map(Bytes::from),
        };
    };
    let hidden = secrets.bytes(bytes).map(Bytes::from);
    let mut value = match &hidden {
        None if !passwords::stand_in(json) => return None,
        None => json.clone(),
        Some(hidden) => match Body::parse(hidden.clone()).json {
            Ok(value) if !passwords::stand_in(&value) => return Some(hidden.clone()),
            Ok(value) => Arc::unwrap_or_clone(value),
            // Within an escape, or in a number, a place that is replaced leaves no JSON behind.
            Err(_) => {
                let mut value = json.clone();
                secrets.json(&mut value);
                value
            }
        },
    };
    passwords::hide(&mut value);
    Some(value.to_string().into())
}

fn redact_error(error: &mut SendError, secrets: &Redactor) {
    match error {
        SendError::Dns { host } => hide(host, secrets),
        SendError::Connect { host, reason } => {
            hide(host, secrets);
            hide(reason, secrets);
        }
        SendError::Tls { reason }
        | SendError::Closed { reason }
        | SendError::NotHttp { reason }
        | SendError::Unsendable { reason } => hide(reason, secrets),
        SendError::TimedOut { .. } | SendError::TooLarge { .. } | SendError::AnswerLost { .. } => {}
    }
}

fn hide(text: &mut String, secrets: &Redactor) {
    if let std::borrow::Cow::Owned(hidden) = secrets.text(text) {
        *text = hidden;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{Method, Response, SendError, Timing};

    fn own(id: &str) -> bool {
        id.starts_with("own")
    }

    fn exchange(target: &str, sent: Option<Value>, answer: &str) -> Exchange {
        Exchange {
            request: Request {
                method: Method::Get,
                target: target.to_owned(),
                headers: Vec::new(),
                body: sent.map(|value| value.to_string().into()),
            },
            outcome: Ok(Response {
                status: 200,
                headers: vec![(
                    "Location".to_owned(),
                    "https://x.test/v2/Users/ada%40x.test?a=b".to_owned(),
                )],
                body: Body::read(Bytes::copy_from_slice(answer.as_bytes()), None),
            }),
            timing: Timing::default(),
        }
    }

    #[test]
    fn an_exchange_is_masked_in_all_its_parts() {
        let names = ForeignNames::new();
        let answer = r#"{"id":"ada@x.test","userName":"ada@x.test"}"#;
        let sent =
            json!({"Operations": [{"value": [{"value": "ada@x.test"}, {"value": "own-2"}]}]});
        let target = "/Groups/own-1?filter=members%20eq%20%22ada%40x.test%22";
        let mut exchange = exchange(target, Some(sent), answer);
        assert_eq!(mask_exchange(&mut exchange, &own, &names), 1);
        let text = format!("{exchange:?}");
        assert!(!text.contains("ada"), "{text}");
        assert!(text.contains("own-1") && text.contains("own-2"), "{text}");
        let response = exchange.response().expect("a response");
        assert_eq!(
            response.header("location"),
            Some("https://x.test/v2/Users/<foreign-1>?a=b")
        );
        assert_eq!(
            &response.body.bytes[..],
            br#"{"id":"<foreign-1>","userName":"***"}"#
        );
    }

    #[test]
    fn an_own_exchange_stays_byte_for_byte() {
        let answer = " {\"id\": \"own-1\", \"userName\" : \"bob\"}\n";
        let mut exchange = exchange("/Users/own-1", Some(json!({"id": "own-1"})), answer);
        if let Ok(response) = &mut exchange.outcome {
            response.headers.clear();
        }
        let before = exchange.clone();
        assert_eq!(mask_exchange(&mut exchange, &own, &ForeignNames::new()), 0);
        assert_eq!(exchange, before);
    }

    #[test]
    fn a_foreign_resource_that_was_sent_back_is_masked_in_the_request() {
        let user = json!({"id": "ada@x.test", "userName": "ada@x.test"});
        let mut exchange = exchange("/Users/ada%40x.test", Some(user.clone()), &user.to_string());
        mask_exchange(&mut exchange, &own, &ForeignNames::new());
        assert_eq!(exchange.request.target, "/Users/<foreign-1>");
        assert!(!format!("{exchange:?}").contains("ada"));
    }

    #[test]
    fn broken_answers_show_nobody_unless_they_are_about_an_own_resource() {
        let cut = r#"{"Resources":[{"userName":"ada@x.test","na"#;
        for (target, shown) in [
            ("/Users", false),
            ("/Users/u-7", false),
            ("/Users/own-1", true),
        ] {
            let mut exchange = exchange(target, None, cut);
            mask_exchange(&mut exchange, &own, &ForeignNames::new());
            let body = &exchange.response().expect("a response").body;
            let text = String::from_utf8_lossy(&body.bytes);
            assert_eq!(text.contains("ada"), shown, "{target}: {text}");
            assert!(matches!(body.json, Err(NotJson::Truncated { .. })));
        }
    }

    #[test]
    fn the_first_of_two_equal_keys_does_not_leak() {
        let answer = r#"{"Resources":[{"id":"u-7","userName":"ada"}],"Resources":[]}"#;
        let mut exchange = exchange("/Users", None, answer);
        mask_exchange(&mut exchange, &own, &ForeignNames::new());
        assert!(!format!("{exchange:?}").contains("u-7"));
    }

    #[test]
    fn an_exchange_without_answer_is_left_alone() {
        let mut exchange = exchange("/Users/unknown", None, "");
        exchange.outcome = Err(SendError::TooLarge { limit: 1 });
        let before = exchange.clone();
        assert_eq!(mask_exchange(&mut exchange, &own, &ForeignNames::new()), 0);
        assert_eq!(exchange, before);
    }
}
