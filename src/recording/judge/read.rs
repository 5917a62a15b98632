//! Reads: what they show of the writes before them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{create, membership, state, update};
use crate::check::frame::{self, Difference};
use crate::engine::judge::{active_facet, changed, membership_form, membership_seen, place_name};
use crate::exchange::Method;
use crate::okta::reading;
use crate::okta::request::{Resource, Set};

use super::super::book::{Account, Members, Pending};
use super::super::recognise::{Act, name_in};
use super::super::traffic::Captured;
use super::{About, Judge, NEAR, SETTLE, STILL_THERE};

/// How a resource is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its own URL: all of it.
    Own,
    /// In a list, where a server may leave things out.
    Listed,
}

/// Something wrong, and the write that it is about.
struct Wrong {
    seen: Seen,
    by: usize,
    loses_data: bool,
    inferred: bool,
}

impl Judge<'_> {
    pub(super) fn read(&mut self, n: usize, one: &Captured, resource: Resource, id: &str) {
        if one.exchange.status() == Some(404) {
            self.absent(n, one, resource, id);
            return;
        }
        let Some(now) = one.good().filter(|json| json.is_object()).cloned() else {
            return;
        };
        let gone = self
            .book
            .get(resource, id)
            .is_some_and(|account| account.gone);
        if gone && name_in(&now, resource).is_some() && one.from_okta {
            let seen = Seen::new(&state::IGNORED, "404 after the delete", "200 OK")
                .facet(format!("delete {}", resource.word()));
            self.observe(n, seen, About::default());
        }
        self.shown(n, one, (resource, id), &now, Form::Own);
        let account = self.book.entry(resource, id);
        account.gone = false;
        if let Some(name) = name_in(&now, resource) {
            account.call(&name, one.end);
        }
        if resource == Resource::Group {
            let there = frame::members(&now).unwrap_or_default();
            self.judged.members_seen |= !there.is_empty();
            self.repeated_members(n, one, &there);
        }
    }

    /// It is not there: a server that takes away who was deactivated leaves Okta with nobody to activate again.
    fn absent(&mut self, n: usize, one: &Captured, resource: Resource, id: &str) {
        let Some(account) = self.book.get(resource, id).filter(|account| !account.gone) else {
            return;
        };
        let since = one.start.saturating_sub(account.seen.max(account.written));
        if !(SETTLE..=STILL_THERE).contains(&since) || !one.from_okta {
            return;
        }
        let facet = if account.inactive {
            "inactive".to_owned()
        } else if self.is_seen_later(resource, id, n) {
            format!("{} after a write", resource.word())
        } else {
            // Somebody in the app may have removed it.
            self.book.entry(resource, id).gone = true;
            return;
        };
        let seen = Seen::new(&state::READABLE, "200", "404 Not Found").facet(facet);
        let error = reading::failure(&one.exchange);
        self.observe(
            n,
            seen,
            About {
                loses_data: true,
                error: Some(error),
                ..About::default()
            },
        );
        self.book.entry(resource, id).gone = true;
    }

    /// A resource is shown: what was written to it before must be there.
    pub(super) fn shown(
        &mut self,
        n: usize,
        one: &Captured,
        (resource, id): (Resource, &str),
        now: &Value,
        form: Form,
    ) {
        let account = self.book.entry(resource, id);
        let Some(pending) = account.pending.take() else {
            self.note(one, resource, id, now, form);
            return;
        };
        let since = one.start.saturating_sub(pending.end);
        if since < 0 || one.start < account.written {
            // Asked before the write was answered: either state is right.
            account.pending = Some(pending);
            return;
        }
        let wrong = self.wrong(&pending, resource, now, form, since);
        if wrong.is_empty() {
            self.settled(n, one, &pending, since, form, resource, now);
            if form == Form::Own {
                self.note(one, resource, id, now, form);
            } else {
                // A list shows less: a later read of the resource itself may show more.
                self.book.entry(resource, id).pending = Some(pending);
            }
            return;
        }
        if since < SETTLE {
            let account = self.book.entry(resource, id);
            account.pending = Some(Pending {
                early: true,
                ..pending
            });
            return;
        }
        for wrong in wrong {
            self.observe(
                n,
                wrong.seen,
                About {
                    cause: Some(wrong.by),
                    loses_data: wrong.loses_data,
                    inferred: wrong.inferred,
                    ..About::default()
                },
            );
        }
        self.note(one, resource, id, now, form);
    }

    /// Takes what is shown for what is there.
    fn note(&mut self, one: &Captured, resource: Resource, id: &str, now: &Value, form: Form) {
        let account: &mut Account = self.book.entry(resource, id);
        if form == Form::Listed || one.start < account.written {
            return;
        }
        account.read = Some((now.clone(), one.end));
        account.inactive = now.get("active") == Some(&Value::Bool(false));
        if resource == Resource::Group
            && let Some(there) = frame::members(now)
        {
            account.members = Some(there.into_iter().collect());
        }
    }

    /// What was written is there; perhaps it took a while, or the answer to the write told otherwise.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of them are what is compared"
    )]
    fn settled(
        &mut self,
        n: usize,
        one: &Captured,
        pending: &Pending,
        since: i64,
        form: Form,
        resource: Resource,
        now: &Value,
    ) {
        if pending.early && form == Form::Own {
            let got = format!("visible after {:.1} s at most", since as f64 / 1000.0);
            let seen = Seen::new(&state::LAG, "visible at once", got);
            self.observe(n, seen, About::default());
        }
        let Some(answer) = pending
            .answer
            .as_ref()
            .filter(|_| form == Form::Own && since <= NEAR)
        else {
            return;
        };
        let is_user = resource == Resource::User;
        let last = pending.touched.iter().filter(|t| t.by == pending.last);
        let Some(told) = last
            .map(|t| &t.set)
            .find(|set| frame::contradicts(answer, now, set, is_user))
        else {
            return;
        };
        let check = match self.acts.get(pending.last) {
            Some(Act::Create { .. }) => &create::ANSWER,
            _ => &update::ANSWER,
        };
        let wanted = self.veil.value(told.at.read(now));
        let got = format!("another value: {}", self.veil.value(told.at.read(answer)));
        let seen = Seen::new(check, wanted, got).at(told.at.to_string());
        let _ = one;
        self.observe(
            n,
            seen,
            About {
                cause: Some(pending.last),
                ..About::default()
            },
        );
    }

    fn wrong(
        &self,
        pending: &Pending,
        resource: Resource,
        now: &Value,
        form: Form,
        since: i64,
    ) -> Vec<Wrong> {
        if pending.refused {
            return self.after_refusal(pending, resource, now, form, since);
        }
        let is_user = resource == Resource::User;
        let sets: Vec<Set> = pending.touched.iter().map(|t| t.set.clone()).collect();
        let before = pending.before.as_ref();
        // In a list much may be missing, and long afterwards much may have been changed by others.
        let before_now = before.filter(|_| form == Form::Own && since <= NEAR);
        let ignored = frame::is_ignored(before, now, &sets);
        let mut wrong: Vec<Wrong> = frame::compare(before_now, now, &sets, is_user)
            .into_iter()
            .filter(|difference| may_be_told(difference, form, since, before, &sets))
            .filter_map(|difference| self.told(pending, resource, &difference, ignored))
            .collect();
        if let Some(members) = &pending.members
            && let Some(seen) = members_wrong(members, now, self.method(members.by), form, since)
        {
            wrong.push(Wrong {
                seen,
                by: members.by,
                loses_data: true,
                inferred: false,
            });
        }
        wrong
    }

    fn after_refusal(
        &self,
        pending: &Pending,
        resource: Resource,
        now: &Value,
        form: Form,
        since: i64,
    ) -> Vec<Wrong> {
        let before = pending.before.as_ref();
        let Some(before) = before.filter(|_| form == Form::Own && since <= NEAR) else {
            return Vec::new();
        };
        let Some((at, was, got)) = changed(before, now, resource) else {
            return Vec::new();
        };
        let method = self.method(pending.last);
        let (wanted, got) = (self.veil.value(Some(&was)), self.other(got.as_ref()));
        vec![Wrong {
            seen: Seen::new(&state::REFUSAL, wanted, got)
                .facet(format!("{method} {}", resource.word()))
                .at(at),
            by: pending.last,
            loses_data: true,
            inferred: false,
        }]
    }

    fn method(&self, n: usize) -> Method {
        self.captured
            .get(n)
            .map_or(Method::Get, |one| one.exchange.request.method)
    }

    /// A value that is not the one that should be there.
    fn other(&self, got: Option<&Value>) -> String {
        match got {
            None | Some(Value::Null) => "nothing".to_owned(),
            got => format!("another value: {}", self.veil.value(got)),
        }
    }

    /// A difference in words.
    fn told(
        &self,
        pending: &Pending,
        resource: Resource,
        difference: &Difference,
        ignored: bool,
    ) -> Option<Wrong> {
        let place = place_name(resource, difference.at());
        let by = by(pending, difference.at());
        let method = self.method(by);
        let verb = method.as_str().to_lowercase();
        let show = |value: &Value| self.veil.value(Some(value));
        let applied = |at: &str, wanted: &Value| {
            if at == "active" && method != Method::Post {
                active_facet(wanted == &Value::Bool(true), method)
            } else {
                place.clone()
            }
        };
        let whole = format!("{verb} {}", resource.word());
        let seen = match difference {
            Difference::NotApplied { at, wanted, got } => {
                let seen = Seen::new(&state::APPLIED, show(wanted), self.other(got.as_ref()))
                    .facet(applied(at, wanted));
                if ignored {
                    seen.or(&state::IGNORED, whole)
                } else {
                    seen
                }
            }
            Difference::Ignored { wanted, .. } => {
                Seen::new(&state::IGNORED, show(wanted), "the value from before").facet(whole)
            }
            Difference::Dropped { wanted, got, .. } => {
                Seen::new(&state::DROPPED, show(wanted), self.other(got.as_ref())).facet(place)
            }
            Difference::NotCleared { got, .. } => {
                Seen::new(&state::APPLIED, "nothing", show(got)).facet("cleared value")
            }
            Difference::Case { wanted, .. } => Seen::new(
                &state::CASE,
                show(wanted),
                "the same letters in another case",
            )
            .facet(place.clone())
            .or(&state::APPLIED, place),
            Difference::Unicode { wanted, .. } => Seen::new(
                &state::UNICODE,
                show(wanted),
                "the same text in another Unicode form",
            ),
            Difference::Trimmed { wanted, .. } => Seen::new(
                &state::TRIMMED,
                show(wanted),
                "the text without the blanks at its ends",
            ),
            Difference::Untouched { was, got, .. } => {
                Seen::new(&state::UNTOUCHED, show(was), self.other(got.as_ref()))
                    .facet(format!("{place} by {verb}"))
            }
        };
        Some(Wrong {
            seen: seen.at(difference.at()),
            by,
            loses_data: difference.loses_data(),
            // How Okta clears a value is inferred.
            inferred: matches!(difference, Difference::NotCleared { .. }),
        })
    }

    fn repeated_members(&mut self, n: usize, one: &Captured, there: &[String]) {
        let different: BTreeSet<&String> = there.iter().collect();
        if different.len() < there.len() && one.from_okta {
            let seen = Seen::new(
                &membership::REPEATED,
                frame::so_many_members(different.len()),
                format!("{} entries", there.len()),
            )
            .at("/members");
            self.observe(n, seen, About::default());
        }
    }
}

/// The write that touched a place last; the last write when none did.
fn by(pending: &Pending, at: &str) -> usize {
    let touched = pending.touched.iter().rev();
    touched
        .filter(|t| t.set.at.to_string() == at || t.set.at.to_string().starts_with(at))
        .map(|t| t.by)
        .next()
        .unwrap_or(pending.last)
}

/// Whether a difference can only be the server's doing.
fn may_be_told(
    difference: &Difference,
    form: Form,
    since: i64,
    before: Option<&Value>,
    sets: &[Set],
) -> bool {
    let (got, wanted) = match difference {
        Difference::NotApplied { got, wanted, .. }
        | Difference::Ignored { got, wanted, .. }
        | Difference::Dropped { got, wanted, .. } => (got.as_ref(), wanted),
        Difference::NotCleared { .. }
        | Difference::Case { .. }
        | Difference::Unicode { .. }
        | Difference::Trimmed { .. }
        | Difference::Untouched { .. } => return since <= NEAR && form == Form::Own,
    };
    if form == Form::Listed && got.is_none() {
        return false;
    }
    if since <= NEAR {
        return true;
    }
    // Long afterwards it must be as it was: somebody else would hardly have put it back.
    let set = sets
        .iter()
        .find(|set| set.at.to_string() == difference.at());
    let was = set.and_then(|set| set.at.read(before?));
    match wanted {
        // A flag has but two values, so that it is the other one says nothing about who put it there.
        Value::Bool(_) => false,
        _ => was.is_some() && got == was,
    }
}

fn members_wrong(
    members: &Members,
    now: &Value,
    method: Method,
    form: Form,
    since: i64,
) -> Option<Seen> {
    let there = frame::members(now);
    if form == Form::Listed && there.as_ref().is_none_or(Vec::is_empty) {
        return None;
    }
    let there: BTreeSet<String> = there.unwrap_or_default().into_iter().collect();
    if there == members.wanted {
        return None;
    }
    let was = members.was.clone().unwrap_or_default();
    let as_before = members.was.is_some() && there == was;
    if since > NEAR && !as_before {
        return None;
    }
    let facet = membership_form(method, Some(&members.change), &was, &members.wanted, &there);
    Some(membership_seen(facet, &members.wanted, &there))
}
