//! What a recording holds: counts of what Okta was doing, and what was left out.

use crate::okta::App;
use crate::okta::reading::{self, Match};
use crate::okta::request::Resource;

use super::jobs::Place;
use super::judge::Judged;
use super::recognise::Act;
use super::traffic::{Captured, LeftOut, Traffic};

/// What was seen and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The base URL.
    pub base: String,
    /// First and last request, RFC 3339.
    pub period: Option<(String, String)>,
    /// Kinds of app that the requests tell.
    pub apps: Vec<App>,
    /// Requests judged.
    pub requests: usize,
    /// What Okta was seen doing, and how often.
    pub seen: Vec<(usize, &'static str)>,
    /// What it was not seen doing.
    pub not_seen: Vec<&'static str>,
    /// What was left out, in sentences.
    pub left_out: Vec<String>,
    /// At least one request was answered otherwise than by a refusal of its credentials.
    pub decided: bool,
}

/// What is counted: the noun, and which requests.
type Counted = (&'static str, fn(&Act, Place, &Captured) -> bool);

const COUNTED: [Counted; 15] = [
    ("connection test", |_, place, _| {
        is(place, "test-connection", "probe-users")
    }),
    ("user looked up to assign", |_, place, _| {
        is(place, "assign", "find")
    }),
    ("user created", |_, place, one| {
        is(place, "assign", "create") && one.is_success()
    }),
    ("existing user linked", |_, place, one| {
        is(place, "assign", "find") && found(one)
    }),
    ("reactivation", |_, place, _| is(place, "assign", "wake")),
    ("profile update", |_, place, _| {
        is(place, "push-profile", "push")
    }),
    ("deactivation", |_, place, _| {
        is(place, "deactivate", "deactivate")
    }),
    ("password sync", |_, place, _| {
        is(place, "sync-password", "password")
    }),
    ("group created", |_, place, one| {
        is(place, "push-group", "create") && one.is_success()
    }),
    ("existing group linked", |_, place, one| {
        is(place, "push-group", "find") && found(one)
    }),
    ("change of a group", |act, place, _| {
        place.job == "update-group" && !matches!(act, Act::Read { .. })
    }),
    ("group pushed whole", |_, place, _| {
        is(place, "push-group-now", "members")
    }),
    ("group deleted", |_, place, _| {
        is(place, "delete-group", "delete")
    }),
    ("import of users", |act, place, _| {
        place.job == "import-users" && is_first(act)
    }),
    ("import of groups", |act, place, _| {
        place.job == "import-groups" && is_first(act)
    }),
];

fn is(place: Place, job: &str, slot: &str) -> bool {
    place.job == job && place.slot == slot
}

fn is_first(act: &Act) -> bool {
    matches!(act, Act::Page { start: 1, .. })
}

fn found(one: &Captured) -> bool {
    let response = one.exchange.response().filter(|_| one.got_whole);
    response.is_some_and(|r| matches!(reading::look_up(r), Match::One { .. }))
}

pub(super) fn of(
    traffic: &Traffic,
    acts: &[Act],
    places: &[Place],
    apps: &[App],
    judged: &Judged,
) -> Overview {
    let all = || traffic.captured.iter().zip(acts).zip(places);
    let count = |counted: &Counted| {
        all()
            .filter(|((one, act), place)| one.from_okta && (counted.1)(act, **place, one))
            .count()
    };
    let mut seen = Vec::new();
    let mut not_seen = Vec::new();
    for counted in &COUNTED {
        match count(counted) {
            0 => not_seen.push(counted.0),
            n => seen.push((n, counted.0)),
        }
    }
    match judged.renames {
        0 => not_seen.push("change of a login"),
        n => seen.push((n, "change of a login")),
    }
    let okta: Vec<&Captured> = traffic
        .captured
        .iter()
        .filter(|one| one.from_okta)
        .collect();
    let first = okta.iter().find_map(|one| one.at);
    let last = okta.iter().rev().find_map(|one| one.at);
    let show = |at: jiff::Timestamp| format!("{at:.0}");
    Overview {
        base: traffic.base.clone(),
        period: first
            .zip(last)
            .map(|(first, last)| (show(first), show(last))),
        apps: apps.to_vec(),
        requests: okta.len(),
        seen,
        not_seen,
        left_out: left_out(
            &traffic.left_out,
            &okta,
            &all().map(|((_, act), _)| act).collect::<Vec<_>>(),
            judged,
        ),
        decided: okta.iter().any(|one| one.exchange.status() != Some(401)),
    }
}

fn left_out(left: &LeftOut, okta: &[&Captured], acts: &[&Act], judged: &Judged) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |number: usize, one: &str, many: &str| {
        if number > 0 {
            lines.push(format!("{number} {}", if number == 1 { one } else { many }));
        }
    };
    say(
        left.other,
        "entry that is not SCIM at this base URL",
        "entries that are not SCIM at this base URL",
    );
    say(
        left.other_clients,
        "SCIM request that Okta did not send",
        "SCIM requests that Okta did not send",
    );
    say(
        left.unanswered,
        "request without a recorded answer",
        "requests without a recorded answer",
    );
    let blind = okta.iter().filter(|one| !one.got_whole).count();
    say(
        blind,
        "answer whose body was not recorded whole",
        "answers whose bodies were not recorded whole",
    );
    let unread = acts
        .iter()
        .filter(|act| match act {
            Act::Patch { change: None, .. }
            | Act::Put { body: None, .. }
            | Act::Create { body: None, .. } => true,
            Act::Delete { resource, .. } => *resource == Resource::User,
            _ => false,
        })
        .count();
    say(
        unread,
        "write in a form that is not known of Okta, or without its body",
        "writes in a form that is not known of Okta, or without their bodies",
    );
    say(judged.unauthorised, "answer was 401", "answers were 401");
    for (base, requests) in &left.other_bases {
        lines.push(format!(
            "another SCIM server, {base} ({requests} requests): judge it with --base {base}"
        ));
    }
    lines
}
