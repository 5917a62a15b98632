//! Updates and deletes: what must hold after them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::sequence;
use crate::check::frame;
use crate::okta::reading;
use crate::okta::request::{MemberChange, Resource, Set};

use super::super::book::{Members, Pending, Touched};
use super::super::patch::{Change, pushed, repeated};
use super::super::recognise::name_in;
use super::super::traffic::Captured;
use super::{About, Judge, NEAR};

/// What a write changes.
struct Effect {
    sets: Vec<Set>,
    members: Option<MemberChange>,
    /// The state before, as far as the write leaves it as it was.
    before: Option<Value>,
    /// It says everything about the resource, so what was written before counts no more.
    whole: bool,
}

impl Judge<'_> {
    pub(super) fn put(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        id: &str,
        body: Option<&Value>,
    ) {
        let read = self.fresh(one, resource, id);
        let effect = body.map(|body| Effect {
            sets: pushed(body, read.as_ref()),
            members: (resource == Resource::Group)
                .then(|| frame::members(body))
                .flatten()
                .map(|ids| MemberChange::Replace(ids.into_iter().collect())),
            before: read.as_ref().map(|base| repeated(base, body)),
            whole: true,
        });
        let name = body.and_then(|body| name_in(body, resource));
        self.write(n, one, resource, id, effect, name);
    }

    pub(super) fn patch(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        id: &str,
        change: Option<&Change>,
    ) {
        let read = self.fresh(one, resource, id);
        let effect = change.map(|change| Effect {
            sets: change.sets.clone(),
            members: change.members.clone(),
            before: read,
            whole: false,
        });
        let name = change
            .and_then(|change| change.value(resource.name_attribute()))
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.write(n, one, resource, id, effect, name);
    }

    /// The state as last read, when that was short enough ago.
    fn fresh(&self, one: &Captured, resource: Resource, id: &str) -> Option<Value> {
        let account = self.book.get(resource, id)?;
        let (state, at) = account.read.as_ref()?;
        ((0..=NEAR).contains(&one.start.saturating_sub(*at))).then(|| state.clone())
    }

    fn write(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        id: &str,
        effect: Option<Effect>,
        name: Option<String>,
    ) {
        let account = self.book.entry(resource, id);
        // Two at once, one of unknown outcome or of unknown content: nobody can tell what must hold.
        let at_once = one.start < account.written;
        let lost = one.exchange.response().is_none();
        let Some(effect) = effect.filter(|_| one.from_okta && !at_once && !lost) else {
            account.muddle(one.end);
            return;
        };
        if !one.is_success() {
            let unread = account.pending.take();
            account.pending = effect
                .before
                .filter(|_| unread.is_none())
                .map(|before| Pending {
                    before: Some(before),
                    last: n,
                    end: one.end,
                    refused: true,
                    ..Pending::default()
                });
            account.read = None;
            account.written = one.end;
            return;
        }
        let former = account
            .pending
            .take()
            .filter(|p| !p.refused && !effect.whole);
        let mut pending = former.unwrap_or_else(|| Pending {
            before: effect.before,
            ..Pending::default()
        });
        for set in effect.sets {
            let at = set.at.to_string();
            pending.touched.retain(|t| t.set.at.to_string() != at);
            pending.touched.push(Touched { set, by: n });
        }
        if let Some(change) = effect.members {
            let was = account.members.take();
            let wanted: Option<BTreeSet<String>> = match (&change, &was) {
                (MemberChange::Replace(all), _) => Some(all.clone()),
                (change, Some(was)) => Some(change.apply(was)),
                (_, None) => None,
            };
            account.members.clone_from(&wanted);
            pending.members = wanted.map(|wanted| Members {
                was,
                wanted,
                change,
                by: n,
            });
        }
        (pending.last, pending.end, pending.early) = (n, one.end, false);
        pending.answer = one.good().cloned();
        let active = pending
            .touched
            .iter()
            .rev()
            .find(|t| t.set.at.attribute() == "active");
        if let Some(active) = active.and_then(|t| t.set.value.as_bool()) {
            account.inactive = !active;
        }
        account.pending = Some(pending);
        account.read = None;
        account.written = one.end;
        account.seen = one.end;
        if let Some(name) = name {
            let before = account.name.clone();
            account.call(&name, one.end);
            let renamed = resource == Resource::User && before.is_some() && before != account.name;
            self.judged.renames = self.judged.renames.saturating_add(usize::from(renamed));
        }
        self.same_id(n, one, resource, id);
    }

    /// The answer to an update names the id that Okta is linked to.
    fn same_id(&mut self, n: usize, one: &Captured, resource: Resource, id: &str) {
        let answered = one.good().and_then(reading::id_of);
        if answered.is_none_or(|answered| answered == id) {
            return;
        }
        let seen = Seen::new(
            &sequence::ID_CHANGED,
            "the id that Okta is linked to",
            "another id",
        )
        .facet("after-update")
        .at("/id");
        self.observe(
            n,
            seen,
            About {
                loses_data: true,
                ..About::default()
            },
        );
        self.book.entry(resource, id).muddle(one.end);
    }

    pub(super) fn delete(&mut self, _: usize, one: &Captured, resource: Resource, id: &str) {
        let account = self.book.entry(resource, id);
        account.muddle(one.end);
        account.gone = one.is_success();
    }
}
