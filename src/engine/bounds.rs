//! How much of an answer is looked at. What a target sends has no bound in all; what a run remembers of it has.

use std::collections::HashMap;

use crate::exchange::{Exchange, NotJson};
use crate::okta::request::{Intent, Resource};

/// The most bytes of one user: somebody in thousands of groups has less. A run remembers the last state of each of its
/// users.
const USER_LIMIT: usize = 512 * 1024;

/// The most bytes of one group, about 40,000 members.
const GROUP_LIMIT: usize = 4 * 1024 * 1024;

/// The most bytes of a document that describes the target.
const DOCUMENT_LIMIT: usize = 4 * 1024 * 1024;

/// How often one thing is told of within one scenario: more say nothing new.
const REPEATS: u32 = 1000;

/// How many different things are told of within one scenario.
const MOST_KINDS: usize = 1000;

/// The longest text of an observation, in bytes.
const LONGEST_TEXT: usize = 4 * 1024;

/// Lets go of the parsed body of an answer that is larger than what was asked for can be.
pub(super) fn unread_if_too_large(exchange: &mut Exchange, intent: &Intent) {
    let limit = match intent {
        Intent::Read { resource, .. }
        | Intent::Create { resource, .. }
        | Intent::Update { resource, .. }
        | Intent::Delete { resource, .. } => match resource {
            Resource::User => USER_LIMIT,
            Resource::Group => GROUP_LIMIT,
        },
        Intent::Discover(_) => DOCUMENT_LIMIT,
        // Pages are looked at one by one, and a literal request may ask for anything.
        Intent::LookUp { .. } | Intent::List { .. } | Intent::Literal => return,
    };
    if let Ok(response) = &mut exchange.outcome
        && response.body.json.is_ok()
        && response.body.bytes.len() > limit
    {
        let bytes = response.body.bytes.len();
        response.body.json = Err(NotJson::TooLargeForOne { bytes, limit });
    }
}

/// A text of the target's, in a length that can be remembered.
pub(super) fn short(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.push('…');
    }
    text
}

/// How often each kind of thing was told of.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<(&'static str, String), u32>);

impl Repeats {
    /// Counts one more; whether it is to be told of.
    pub(super) fn may_tell(&mut self, check: &'static str, facet: &str) -> bool {
        let key = (check, facet.to_owned());
        if self.0.len() >= MOST_KINDS && !self.0.contains_key(&key) {
            return false;
        }
        let count = self.0.entry(key).or_default();
        *count = count.saturating_add(1);
        *count <= REPEATS
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::{Body, Method, Request, Response, Timing};

    fn answer(bytes: usize) -> Exchange {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        Exchange {
            request: Request {
                method: Method::Get,
                target: "/Users/1".to_owned(),
                headers: Vec::new(),
                body: None,
            },
            outcome: Ok(Response {
                status: 200,
                headers: Vec::new(),
                body: Body::read(Bytes::from(text), None),
            }),
            timing: Timing::default(),
        }
    }

    #[test]
    fn one_resource_has_a_bound_and_a_list_has_not() {
        let read = |resource| Intent::Read {
            resource,
            id: "1".to_owned(),
        };
        let list = Intent::List {
            resource: Resource::User,
            start_index: 1,
            count: 100,
        };
        let table = [
            (read(Resource::User), USER_LIMIT, true),
            (read(Resource::User), USER_LIMIT + 1, false),
            (read(Resource::Group), USER_LIMIT + 1, true),
            (read(Resource::Group), GROUP_LIMIT + 1, false),
            (list, GROUP_LIMIT + 1, true),
            (Intent::Literal, GROUP_LIMIT + 1, true),
        ];
        for (intent, bytes, is_read) in table {
            let mut exchange = answer(bytes);
            unread_if_too_large(&mut exchange, &intent);
            let json = exchange.response().and_then(Response::json);
            assert_eq!(json.is_some(), is_read, "{intent:?} {bytes}");
        }
    }

    #[test]
    fn the_same_is_told_often_but_not_for_ever() {
        let mut repeats = Repeats::default();
        let told = (0..REPEATS * 2).filter(|_| repeats.may_tell("a/b", "c"));
        assert_eq!(told.count(), 1000);
        assert!(repeats.may_tell("a/b", "d"));
        let kinds = (0..MOST_KINDS * 2).filter(|n| repeats.may_tell("a/b", &n.to_string()));
        assert_eq!(kinds.count(), MOST_KINDS - 2);
    }

    #[test]
    fn a_long_text_ends_at_a_character() {
        let long = short("é".repeat(5000) + "x");
        assert!(long.len() <= LONGEST_TEXT + 3 && long.ends_with("é…"));
        assert_eq!(short("x".to_owned()), "x");
    }
}
