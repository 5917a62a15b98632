//! Which users and groups an exported test has made: only these are cleaned up.

use std::collections::HashSet;

use serde_json::Value;

use crate::engine::ledger::Ledger;
use crate::engine::outcome::{LeftBehind, Presence};
use crate::exchange::{Exchange, Method};
use crate::okta::reading;
use crate::okta::request::Resource;
use crate::runscope::play::{Audience, Played};

use super::super::super::backend::Heard;

/// Follows a play, passes on what is decided, and notes what the target says it has made.
///
/// A resource is the test's own when a POST was answered with 2xx, an id that stood in no answer before, and the name
/// that was sent. Whatever else an answer may hand out belongs to somebody.
pub(super) struct Claims<'a> {
    ledger: &'a Ledger,
    hear: &'a mut (dyn FnMut(Heard<'_>) + Send),
    ids: HashSet<(Resource, String)>,
    unclear: Vec<LeftBehind>,
}

impl<'a> Claims<'a> {
    /// Nothing is made yet.
    pub(super) fn new(ledger: &'a Ledger, hear: &'a mut (dyn FnMut(Heard<'_>) + Send)) -> Self {
        Self {
            ledger,
            hear,
            ids: HashSet::new(),
            unclear: Vec::new(),
        }
    }

    /// What is the test's own, and what perhaps is, but cannot be told from somebody else's.
    pub(super) fn finish(self) -> (HashSet<(Resource, String)>, Vec<LeftBehind>) {
        (self.ids, self.unclear)
    }

    fn made(&mut self, resource: Resource, exchange: &Exchange) {
        let sent = exchange.request.body.as_deref();
        let sent = sent.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let Some(name) = sent.as_ref().and_then(|sent| name_of(sent, resource)) else {
            return;
        };
        let response = match exchange.response() {
            Some(response) if response.is_success() => response,
            Some(_) => return,
            None => return self.unclear(resource, name, "no answer came, so it may be there"),
        };
        let answer = response.json();
        let id = answer.and_then(reading::id_of).filter(|id| !id.is_empty());
        let is_named_so = answer
            .and_then(|answer| name_of(answer, resource))
            .is_some_and(|answered| answered.eq_ignore_ascii_case(name));
        match id {
            Some(id) if self.ledger.knows(resource, &id) => {}
            Some(id) if self.ledger.knows_as_foreign(resource, &id) || !is_named_so => {
                self.unclear(
                    resource,
                    name,
                    "the answer handed out another resource, which was left alone",
                );
            }
            Some(id) => {
                self.ledger.named(resource, &id, name);
                self.ids.insert((resource, id));
            }
            None => self.unclear(resource, name, "the answer has no id to remove it by"),
        }
    }

    fn unclear(&mut self, resource: Resource, name: &str, reason: &str) {
        self.unclear.push(LeftBehind {
            resource: resource.as_str(),
            id: "?".to_owned(),
            name: name.to_owned(),
            presence: Presence::Perhaps,
            reason: reason.to_owned(),
        });
    }

    /// Whatever an answer shows that is not the test's own belongs to somebody.
    fn saw(&self, resource: Resource, exchange: &Exchange) {
        let Some(json) = exchange.response().and_then(|response| response.json()) else {
            return;
        };
        let listed = json.get("Resources").and_then(Value::as_array);
        let shown = listed.into_iter().flatten().chain([json]);
        for id in shown.filter_map(reading::id_of) {
            self.ledger.saw(resource, &id);
        }
    }
}

impl Audience for Claims<'_> {
    fn answered(&mut self, exchange: &Exchange) {
        let path = exchange
            .request
            .target
            .split('?')
            .next()
            .unwrap_or_default();
        let path = path.trim_end_matches('/');
        let resource = [Resource::User, Resource::Group]
            .into_iter()
            .find(|resource| {
                let rest = path.strip_prefix(resource.endpoint());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        let Some(resource) = resource else { return };
        if exchange.request.method == Method::Post && path == resource.endpoint() {
            self.made(resource, exchange);
        } else {
            self.saw(resource, exchange);
        }
    }

    fn decided(&mut self, played: &Played) {
        (self.hear)(Heard::Decided(played));
    }
}

fn name_of(resource: &Value, kind: Resource) -> Option<&str> {
    resource.get(kind.name_attribute())?.as_str()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::exchange::{Body, Request, Response, SendError, Timing};

    fn exchange(
        method: Method,
        target: &str,
        sent: &Value,
        came: Option<(u16, Value)>,
    ) -> Exchange {
        Exchange {
            request: Request {
                method,
                target: target.to_owned(),
                headers: vec![],
                body: Some(Bytes::from(sent.to_string())),
            },
            outcome: match came {
                Some((status, body)) => Ok(Response {
                    status,
                    headers: vec![],
                    body: Body::read(Bytes::from(body.to_string()), None),
                }),
                None => Err(SendError::Closed {
                    reason: "reset".to_owned(),
                }),
            },
            timing: Timing::default(),
        }
    }

    #[test]
    fn only_what_is_surely_the_test_s_own_is_claimed() {
        let ada = json!({"userName": "Ada@example.com"});
        let list = json!({"Resources": [{"id": "7", "userName": "grace@example.com"}]});
        let post = |came| exchange(Method::Post, "/Users", &ada, came);
        // What is answered, whether it is claimed, what is said to be unclear.
        let table: [(&str, Exchange, bool, Option<&str>); 8] = [
            (
                "a plain create",
                post(Some((
                    201,
                    json!({"id": "8", "userName": "ada@example.com"}),
                ))),
                true,
                None,
            ),
            (
                "a create that answers 200",
                post(Some((
                    200,
                    json!({"id": "8", "userName": "Ada@example.com"}),
                ))),
                true,
                None,
            ),
            (
                "a refusal",
                post(Some((409, json!({"detail": "taken"})))),
                false,
                None,
            ),
            (
                "somebody who was there",
                post(Some((
                    201,
                    json!({"id": "7", "userName": "ada@example.com"}),
                ))),
                false,
                Some("another resource"),
            ),
            (
                "somebody else",
                post(Some((
                    201,
                    json!({"id": "9", "userName": "bob@example.com"}),
                ))),
                false,
                Some("another resource"),
            ),
            ("no id", post(Some((201, json!({})))), false, Some("no id")),
            ("no answer", post(None), false, Some("may be there")),
            (
                "another endpoint",
                exchange(
                    Method::Post,
                    "/UsersToo",
                    &ada,
                    Some((201, json!({"id": "8"}))),
                ),
                false,
                None,
            ),
        ];
        for (name, answered, is_claimed, unclear) in table {
            let ledger = Ledger::default();
            let mut heard = 0;
            let mut hear = |_: Heard<'_>| heard += 1;
            let mut claims = Claims::new(&ledger, &mut hear);
            claims.answered(&exchange(
                Method::Get,
                "/Users?count=1",
                &Value::Null,
                Some((200, list.clone())),
            ));
            claims.answered(&answered);
            let (ids, left) = claims.finish();
            assert_eq!(ids.len(), usize::from(is_claimed), "{name}");
            assert_eq!(ledger.owns(Resource::User, "8"), is_claimed, "{name}");
            assert_eq!(left.len(), usize::from(unclear.is_some()), "{name}");
            for (left, unclear) in left.iter().zip(unclear) {
                assert!(left.reason.contains(unclear), "{name}: {}", left.reason);
            }
            assert_eq!(heard, 0);
        }
    }
}
