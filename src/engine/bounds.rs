//! How much of an answer is looked at. What a target sends has no bound in all; what a run remembers of it has.

use std::collections::HashMap;

use crate::exchange::{Exchange, NotJson, count_values};
use crate::okta::request::{Intent, Resource};

/// What one answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    bytes: usize,
    values: usize,
}

/// One user: somebody in thousands of groups has less. A run remembers the last state of each of its users.
const USER: Limit = Limit {
    bytes: 512 * 1024,
    values: 20_000,
};

/// One group, about 20,000 members, beside those that the run itself has made.
const GROUP: Limit = Limit {
    bytes: 4 * 1024 * 1024,
    values: 100_000,
};

/// What a member takes in a group.
const MEMBER: Limit = Limit {
    bytes: 512,
    values: 10,
};

/// A document that describes the target.
const DOCUMENT: Limit = Limit {
    bytes: 4 * 1024 * 1024,
    values: 100_000,
};

/// How often one thing is told of within one scenario: more say nothing new.
const REPEATS: u32 = 1000;

/// How many different things are told of within one scenario.
const MOST_KINDS: usize = 1000;

/// The longest text of an observation, in bytes.
const LONGEST_TEXT: usize = 4 * 1024;

/// Lets go of the parsed body of an answer that is larger than what was asked for can be; `people` are those that the
/// scenario has made.
pub(super) fn unread_if_too_large(exchange: &mut Exchange, intent: &Intent, people: usize) {
    let limit = match intent {
        Intent::Read { resource, .. }
        | Intent::Create { resource, .. }
        | Intent::Update { resource, .. }
        | Intent::Delete { resource, .. } => match resource {
            Resource::User => USER,
            Resource::Group => Limit {
                bytes: GROUP
                    .bytes
                    .saturating_add(MEMBER.bytes.saturating_mul(people)),
                values: GROUP
                    .values
                    .saturating_add(MEMBER.values.saturating_mul(people)),
            },
        },
        Intent::Discover(_) => DOCUMENT,
        // Pages are looked at one by one, and a literal request may ask for anything.
        Intent::LookUp { .. } | Intent::List { .. } | Intent::Literal => return,
    };
    let Ok(response) = &mut exchange.outcome else {
        return;
    };
    let Some(json) = response.json() else { return };
    let bytes = response.body.bytes.len();
    if bytes > limit.bytes {
        let limit = limit.bytes;
        response.body.json = Err(NotJson::TooLargeForOne { bytes, limit });
    } else if bytes > limit.values && count_values(json) > limit.values {
        let limit = limit.values;
        response.body.json = Err(NotJson::TooManyValues { limit });
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

    fn answer(text: String) -> Exchange {
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
        let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let many = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
        let (user, group) = (read(Resource::User), read(Resource::Group));
        let table = [
            (&user, long(USER.bytes), 0, true),
            (&user, long(USER.bytes + 1), 0, false),
            (&user, many(USER.values), 0, true),
            (&user, many(USER.values + 1), 0, false),
            (&group, long(USER.bytes + 1), 0, true),
            (&group, long(GROUP.bytes + 1), 0, false),
            (&group, long(GROUP.bytes + 1), 1, true),
            (&group, many(GROUP.values + 1), 0, false),
            (&group, many(GROUP.values + 1), 1, true),
            (&list, many(GROUP.values + 1), 0, true),
            (&Intent::Literal, long(GROUP.bytes + 1), 0, true),
        ];
        for (intent, text, people, is_read) in table {
            let bytes = text.len();
            let mut exchange = answer(text);
            unread_if_too_large(&mut exchange, intent, people);
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
