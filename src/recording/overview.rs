//! What a recording holds: counts of what Okta was doing, and what was left out.

use crate::okta::App;
use crate::okta::reading::{self, Match};
use crate::okta::request::Resource;

use super::actions::{Action, GroupChange};
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

/// What is counted: the noun, the job, its request (empty: any of them), and which of these count.
type Counted = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Act, &Captured) -> bool,
);

const COUNTED: [Counted; 13] = [
    ("connection test", "test-connection", "probe-users", always),
    ("user looked up to assign", "assign", "find", always),
    ("user created", "assign", "create", stored),
    ("user found and linked", "assign", "find", found),
    ("reactivation", "assign", "wake", always),
    ("profile update", "push-profile", "push", always),
    ("deactivation", "deactivate", "deactivate", always),
    ("password sync", "sync-password", "password", always),
    ("group created", "push-group", "create", stored),
    ("group found and linked", "push-group", "find", found),
    ("group deleted", "delete-group", "delete", always),
    ("import of users", "import-users", "", is_first),
    ("import of groups", "import-groups", "", is_first),
];

fn always(_: &Act, _: &Captured) -> bool {
    true
}

fn stored(_: &Act, one: &Captured) -> bool {
    one.is_success()
}

fn is_first(act: &Act, _: &Captured) -> bool {
    matches!(act, Act::Page { start: 1, .. })
}

fn found(_: &Act, one: &Captured) -> bool {
    let response = one.exchange.response().filter(|_| one.got_whole);
    response.is_some_and(|r| matches!(reading::look_up(r), Match::One { .. }))
}

pub(super) fn of(
    traffic: &Traffic,
    acts: &[Act],
    places: &[Place],
    actions: &[Action],
    apps: &[App],
    judged: &Judged,
) -> Overview {
    let all = || traffic.captured.iter().zip(acts).zip(places);
    let mut seen = Vec::new();
    let mut not_seen = Vec::new();
    for (noun, job, slot, counts) in COUNTED {
        let count = all()
            .filter(|(_, place)| place.job == job && (slot.is_empty() || place.slot == slot))
            .filter(|((one, act), _)| one.from_okta && counts(act, one))
            .count();
        match count {
            0 => not_seen.push(noun),
            n => seen.push((n, noun)),
        }
    }
    for (noun, count) in of_groups(&traffic.captured, acts, actions) {
        match count {
            0 => not_seen.push(noun),
            n => seen.push((n, noun)),
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

/// What Okta was seen changing of pushed groups, and how often.
fn of_groups(
    captured: &[Captured],
    acts: &[Act],
    actions: &[Action],
) -> [(&'static str, usize); 4] {
    let from_okta = |action: &&Action| {
        let first = action.requests.first().and_then(|n| captured.get(*n));
        first.is_some_and(|one| one.from_okta)
    };
    let of = |job: &'static str| {
        actions
            .iter()
            .filter(move |action| action.job == Some(job))
            .filter(from_okta)
    };
    let changed = |which: fn(&GroupChange) -> bool| {
        of("update-group")
            .filter(|action| which(&action.group_change(captured, acts)))
            .count()
    };
    [
        ("group renamed", changed(|change| change.renamed)),
        ("group with new members", changed(|change| change.added)),
        ("group with fewer members", changed(|change| change.removed)),
        ("group pushed whole", of("push-group-now").count()),
    ]
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
