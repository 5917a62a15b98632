//! Which requests an observation tells of: the one that led to it, and the read of our own that showed it.

use crate::exchange::{self, Request};
use crate::okta::request::Resource;
use crate::redact::Redactor;
use crate::verdict::{Origin, Recorded};

use super::book::Subject;
use super::session::{Context, Place};

/// The longest line, in bytes. It is the write of a large group that is longer.
const LONGEST: usize = 16 * 1024;

/// The requests of an observation, each in a line; secrets masked.
pub(super) struct Told {
    /// The request that led to it.
    pub(super) sent: String,
    /// Who sent that.
    pub(super) sent_by: Origin,
    /// The read of our own that showed it, where that is another request.
    pub(super) shown_by: Option<String>,
}

/// What an observation tells, of all that its scenario has `recorded` so far.
pub(super) fn told(recorded: &[Recorded], context: &Context<'_>, secrets: &Redactor) -> Told {
    let shown = &context.sent.exchange.request;
    let origin = recorded
        .iter()
        .rfind(|one| one.id == context.sent.id)
        .map_or(Origin::Okta, |one| one.origin);
    let line = |request: &Request| describe(request, secrets);
    if let Some(cause) = context.cause.filter(|cause| !is_same(cause, shown)) {
        let sent_by = recorded
            .iter()
            .rfind(|one| is_of(one, cause))
            .map_or(Origin::Okta, |one| one.origin);
        return Told {
            sent: line(cause),
            sent_by,
            shown_by: Some(line(shown)),
        };
    }
    let written = is_our_read(origin)
        .then(|| last_write(recorded, context))
        .flatten();
    match written {
        Some(write) => Told {
            sent: line(&write.exchange.open().request),
            sent_by: write.origin,
            shown_by: Some(line(shown)),
        },
        None => Told {
            sent: line(shown),
            sent_by: origin,
            shown_by: None,
        },
    }
}

/// The last write before our read: to the resource that the observation is about, if there was one, else to any.
fn last_write<'r>(recorded: &'r [Recorded], context: &Context<'_>) -> Option<&'r Recorded> {
    let Place { case, .. } = context.place;
    let writes = || {
        let all = recorded.iter().rev();
        all.filter(|one| {
            matches!(one.origin, Origin::Okta | Origin::Probe)
                && one.exchange.method().is_write()
                && one.case == *case
        })
    };
    let endpoint = |resource: Resource| format!("{}/", resource.endpoint());
    let is_about = |one: &&Recorded| {
        let target = one.exchange.target();
        context.subjects.iter().any(|subject| match subject {
            Subject::Resource(resource, id) => target
                .strip_prefix(&endpoint(*resource))
                .is_some_and(|rest| rest.split('?').next() == Some(id)),
            Subject::Name(..) | Subject::List(_) => false,
        })
    };
    writes().find(is_about).or_else(|| writes().next())
}

fn is_our_read(origin: Origin) -> bool {
    matches!(origin, Origin::Observe | Origin::Setup)
}

fn is_same(a: &Request, b: &Request) -> bool {
    a.method == b.method && a.target == b.target && a.body == b.body
}

fn is_of(recorded: &Recorded, request: &Request) -> bool {
    recorded.exchange.method() == request.method && recorded.exchange.target() == request.target
}

/// A request in a line: method, target, and the body.
fn describe(request: &Request, secrets: &Redactor) -> String {
    let mut shown = request.clone();
    exchange::redact_request(&mut shown, secrets);
    let mut text = format!("{} {}", shown.method, shown.target);
    if let Some(body) = &shown.body {
        text.push(' ');
        text.push_str(&String::from_utf8_lossy(body));
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}
