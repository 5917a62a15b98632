//! Masking of a whole exchange: answer, header, target and body of the request.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::foreign::{ForeignNames, Ownership, field};
use super::mask::{Masking, is_one_of};
use super::percent::percent_decode;
use super::unparsed::mask_text;
use super::{Body, BodyOddity, Exchange, NotJson, Request};

/// Masks a whole exchange: the response's JSON, bytes and `Location`, and in the request the
/// ids that are known to be foreign. Returns how many resources it masked.
///
/// A body that should be JSON but cannot be parsed loses all its values, unless the request
/// was about an own resource: nobody can tell whose data it holds. Its error's line and column
/// still count in the body as it came.
pub fn mask_exchange(exchange: &mut Exchange, own: &dyn Ownership, names: &ForeignNames) -> usize {
    let masking = Masking { own, names };
    let mut count = 0;
    if let Ok(response) = &mut exchange.outcome {
        count = masking.body(&mut response.body, &exchange.request);
        for (name, value) in &mut response.headers {
            if ["location", "content-location"].contains(&name.to_ascii_lowercase().as_str()) {
                *value = masking.url(value, |id| (!own.owns_id(id)).then(|| names.alias(id)));
            }
        }
    }
    masking.request(&mut exchange.request);
    count
}

impl Masking<'_> {
    fn body(self, body: &mut Body, request: &Request) -> usize {
        match &mut body.json {
            Ok(value) => {
                let value = Arc::make_mut(value);
                let count = self.any(value);
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
                        && !self.is_about_own(request) =>
            {
                match mask_text(&body.bytes) {
                    Some(masked) => {
                        body.bytes = masked;
                        1
                    }
                    None => 0,
                }
            }
            Err(_) => 0,
        }
    }

    fn is_about_own(self, request: &Request) -> bool {
        let mut own = false;
        self.url(&request.target, |id| {
            own |= self.own.owns_id(id);
            None
        });
        own
    }

    fn request(self, request: &mut Request) {
        let target = self.url(&request.target, |id| self.names.known(id));
        request.target = self.names.replace_in(&target);
        let Some(bytes) = &request.body else {
            return;
        };
        if let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
            && self.known(&mut value) > 0
        {
            request.body = Some(Bytes::from(value.to_string()));
        }
    }

    /// In a request: resources with a foreign id, and foreign ids wherever they stand. Returns
    /// how many it replaced.
    fn known(self, value: &mut Value) -> usize {
        let is_known = |id: &str| self.names.known(id).is_some();
        match value {
            Value::Object(object)
                if field(object, "id")
                    .and_then(Value::as_str)
                    .is_some_and(is_known) =>
            {
                self.foreign(object);
                1
            }
            Value::Object(object) => object.values_mut().map(|child| self.known(child)).sum(),
            Value::Array(elements) => elements.iter_mut().map(|child| self.known(child)).sum(),
            Value::String(text) => match self.names.known(text) {
                Some(alias) => {
                    *text = alias;
                    1
                }
                None => 0,
            },
            _ => 0,
        }
    }

    /// Rewrites the ids in the path of a URL or target: the segments after `Users` and `Groups`.
    fn url(self, url: &str, mut rewrite: impl FnMut(&str) -> Option<String>) -> String {
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
                after_endpoint = is_one_of(segment, &["users", "groups"]);
                alias.unwrap_or_else(|| segment.to_owned())
            })
            .collect();
        segments.join("/") + query
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
