//! Goes through a recording from its beginning to its end and notes what is wrong.
//!
//! Nothing can be asked, so nothing is concluded that somebody else may have caused: a write is judged by the next
//! read of the same resource, when no other write lies between; what differs long afterwards counts only when it is
//! as it was before the write.

mod create;
mod list;
mod look_up;
mod read;
mod refusal;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::check::Seen;
use crate::check::wire::{self, Purpose};
use crate::okta::request::Resource;
use crate::okta::{Behaviour, Evidence, reading};
use crate::verdict::{At, Level, Observation, Origin};

use super::book::Book;
use super::jobs::Place;
use super::recognise::Act;
use super::traffic::Captured;
use super::veil::Veil;

/// A write may take so long to become visible, in milliseconds; a run waits as long.
const SETTLE: i64 = 2_000;
/// So long after a write a difference is the server's doing and nobody else's, in milliseconds.
const NEAR: i64 = 60_000;
/// So long somebody who was seen counts as still there, in milliseconds.
const STILL_THERE: i64 = 600_000;

/// What was seen, by job.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Observations of each job.
    pub observations: BTreeMap<&'static str, Vec<Observation>>,
    /// A group showed a member.
    pub members_seen: bool,
    /// Logins that were changed.
    pub renames: usize,
    /// Requests that were refused for their credentials.
    pub unauthorised: usize,
}

/// Judges all of it.
#[must_use]
pub(super) fn judge(
    captured: &[Captured],
    acts: &[Act],
    places: &[Place],
    behaviour: &Behaviour,
    veil: &Veil,
) -> Judged {
    let mut judge = Judge {
        captured,
        acts,
        places,
        behaviour,
        veil,
        book: Book::default(),
        judged: Judged::default(),
        nobody: HashMap::new(),
        succeeded: succeeded(captured, acts, places),
        authorised: authorised(captured),
        imports: HashMap::new(),
        password_after: "create",
    };
    for n in 0..captured.len() {
        judge.one(n);
    }
    judge.judged
}

struct Judge<'a> {
    captured: &'a [Captured],
    acts: &'a [Act],
    places: &'a [Place],
    behaviour: &'a Behaviour,
    veil: &'a Veil,
    book: Book,
    judged: Judged,
    /// Look-ups that found nobody, by name: which request it was.
    nobody: HashMap<(Resource, String), usize>,
    /// Kinds of request that were taken at least once.
    succeeded: HashSet<(&'static str, &'static str)>,
    /// Credentials that were taken at least once.
    authorised: HashSet<String>,
    /// Pages of an import that is going on.
    imports: HashMap<Resource, Vec<usize>>,
    password_after: &'static str,
}

fn succeeded(
    captured: &[Captured],
    acts: &[Act],
    places: &[Place],
) -> HashSet<(&'static str, &'static str)> {
    let all = captured.iter().zip(acts).zip(places);
    all.filter(|((one, _), _)| one.is_success())
        .map(|((one, act), place)| kind(one, act, *place))
        .collect()
}

/// Requests of one kind: a server that takes one of them refuses another one for what it holds.
fn kind(one: &Captured, act: &Act, place: Place) -> (&'static str, &'static str) {
    let resource = resource_of(act).map_or("", Resource::word);
    let what = match act {
        Act::Patch { .. } => place.slot,
        _ => one.exchange.request.method.as_str(),
    };
    (resource, what)
}

fn resource_of(act: &Act) -> Option<Resource> {
    match act {
        Act::LookUp { resource, .. }
        | Act::Search { resource }
        | Act::Page { resource, .. }
        | Act::Read { resource, .. }
        | Act::Create { resource, .. }
        | Act::Put { resource, .. }
        | Act::Patch { resource, .. }
        | Act::Delete { resource, .. } => Some(*resource),
        Act::Other => None,
    }
}

/// The `Authorization` value of a request.
fn credentials(one: &Captured) -> String {
    let headers = one.exchange.request.headers.iter();
    headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| value.expose().to_owned())
        .next()
        .unwrap_or_default()
}

fn authorised(captured: &[Captured]) -> HashSet<String> {
    captured
        .iter()
        .filter(|one| one.is_success())
        .map(credentials)
        .collect()
}

/// What an observation needs beside what was seen.
#[derive(Clone, Default)]
struct About {
    /// The request that it is told with, when that is not the one that shows it.
    cause: Option<usize>,
    /// What went wrong, as Okta tells it; the rest of the administrator's text is Okta's own.
    error: Option<String>,
    /// An honest refusal.
    refusal: bool,
    /// Whoever is asked cannot have been somebody else's business.
    loses_data: bool,
    /// The observation that this one follows from.
    follows: Option<usize>,
    /// Nobody has shown that Okta means it so.
    inferred: bool,
}

impl Judge<'_> {
    fn one(&mut self, n: usize) {
        let Some((one, act)) = self.captured.get(n).zip(self.acts.get(n)) else {
            return;
        };
        if one.from_okta {
            self.look(n, one, act);
        }
        if one.exchange.status() == Some(429) {
            self.throttled(n, one);
            return;
        }
        if let Act::Put {
            body: Some(body), ..
        }
        | Act::Create {
            body: Some(body), ..
        } = act
            && body.get("password").is_some_and(|p| !p.is_null())
        {
            self.password_after = if matches!(act, Act::Put { .. }) {
                "sync"
            } else {
                "create"
            };
        }
        match act {
            Act::LookUp { resource, name } => self.look_up(n, one, *resource, name),
            Act::Page {
                resource,
                start,
                count,
            } => self.page(n, one, *resource, (*start, *count)),
            Act::Read { resource, id } => self.read(n, one, *resource, id),
            Act::Create {
                resource,
                name,
                body,
            } => self.create(n, one, *resource, name.as_deref(), body.as_ref()),
            Act::Put { resource, id, body } => self.put(n, one, *resource, id, body.as_ref()),
            Act::Patch {
                resource,
                id,
                change,
            } => self.patch(n, one, *resource, id, change.as_ref()),
            Act::Delete { resource, id } => self.delete(n, one, *resource, id),
            Act::Search { .. } | Act::Other => {}
        }
        if one.from_okta && !one.is_success() {
            self.refused(n, one, act);
        }
    }

    /// What the exchange alone shows.
    fn look(&mut self, n: usize, one: &Captured, act: &Act) {
        let intent = act.intent();
        let mut seen = wire::look(
            &one.exchange,
            &Purpose {
                intent: &intent,
                secrets: self.veil.not_to_return(),
                password_after: self.password_after,
                probe: false,
                // The recorder may have been called by another name than the server knows itself by.
                authority: None,
            },
        );
        // Of a body that was not kept nothing is known.
        let blind = !one.got_whole;
        seen.retain(|seen| {
            let family = seen.check.id.split('/').next().unwrap_or_default();
            let of_head = matches!(family, "connection") || seen.got.ends_with("in a header");
            (!blind || of_head) && (one.has_headers || seen.check.id != "envelope/media-type")
        });
        for mut seen in seen {
            seen.got = self.veil.text(&seen.got);
            let loses_data = seen.check.id.starts_with("secret/");
            let error = self.trouble(n, one, &seen);
            self.observe(
                n,
                seen,
                About {
                    loses_data,
                    error,
                    ..About::default()
                },
            );
        }
    }

    /// What Okta says of a successful answer that it cannot use.
    fn trouble(&self, n: usize, one: &Captured, seen: &Seen) -> Option<String> {
        let response = one.exchange.response().filter(|r| r.is_success())?;
        if seen.check.level != Level::Error || !seen.check.id.starts_with("list/") {
            return None;
        }
        match self.acts.get(n)? {
            Act::LookUp { .. } => match reading::look_up(response) {
                reading::Match::Unreadable(text) => Some(text),
                _ => None,
            },
            Act::Page { .. } => reading::page(response).err(),
            _ => None,
        }
        .filter(|text| !text.is_empty())
    }

    fn throttled(&mut self, n: usize, one: &Captured) {
        let header = one
            .exchange
            .response()
            .and_then(|r| r.header("retry-after"));
        let facet = match header.map(|h| h.trim().parse::<u64>()) {
            Some(Ok(_)) => "",
            Some(Err(_)) => "retry-after-not-in-seconds",
            None => "no-retry-after",
        };
        let got = header.map_or("429 without Retry-After".to_owned(), |h| {
            format!("429, Retry-After: {}", self.veil.text(h))
        });
        let seen = Seen::new(
            &crate::check::catalogue::connection::THROTTLED,
            "whole seconds in Retry-After, if it must be",
            got,
        );
        self.observe(n, seen.facet(facet), About::default());
    }

    /// Notes an observation; gives back its place among those of its job.
    fn observe(&mut self, n: usize, seen: Seen, about: About) -> usize {
        let cause = about.cause.unwrap_or(n);
        let place = self
            .places
            .get(cause)
            .copied()
            .unwrap_or(super::jobs::OTHER);
        let sent = self
            .captured
            .get(cause)
            .map(|one| self.veil.line(&one.exchange.request))
            .unwrap_or_default();
        let observations = self.judged.observations.entry(place.job).or_default();
        let admin = about.error.map(|error| {
            super::words::admin_sees(
                self.behaviour,
                place,
                &error,
                self.acts.get(cause),
                self.veil,
            )
        });
        observations.push(Observation {
            check: seen.check,
            facet: seen.facet,
            row: None,
            general: seen.general,
            at: At {
                scenario: super::scenario_of(place.job),
                app: None,
                step: super::words::step(self.captured.get(n), place),
                exchange: self.captured.get(n).map(|one| format!("E{}", one.number)),
            },
            sent,
            sent_by: Origin::Okta,
            shown_by: None,
            wanted: seen.wanted,
            got: seen.got,
            pointer: seen.pointer,
            evidence: if about.inferred {
                Evidence::Inferred
            } else {
                Evidence::Recorded
            },
            okta_admin_sees: admin.filter(|text| !text.is_empty()),
            refusal: about.refusal,
            is_of_another_provider: false,
            loses_data: about.loses_data,
            follows: about.follows,
        });
        observations.len().saturating_sub(1)
    }
}
