//! What an update leaves behind, taken or refused.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{sequence, state, update};
use crate::check::frame::{self, Difference};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Intent, MemberChange, Resource, Set};

use super::super::book::Subject;
use super::super::session::{Context, Place, Sent, Session};
use super::{Change, Write, good, is_success, member_set, show};

/// How an id comes to be another one, when neither a rename nor a reactivation did it.
pub(super) const AFTER_UPDATE: &str = "after-update";

/// An update that went well, and what a read has shown before the job sent the next one.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Updated {
    pub(in crate::engine) call: Call,
    pub(in crate::engine) sent: Sent,
    /// None of the last one: what it has made is read when it is judged.
    pub(in crate::engine) shown: Option<Sent>,
}

/// What a server may find a resource by.
const FOUND_BY: [&str; 5] = ["userName", "displayName", "emails", "active", "externalId"];

/// What an update changes of how a resource is found.
pub(super) struct Changed {
    /// The name before, when it has another one now.
    former: Option<String>,
    /// It is deactivated or woken up.
    state: bool,
    /// What a change of its id would come from.
    how: &'static str,
}

impl Changed {
    fn nothing() -> Self {
        Self {
            former: None,
            state: false,
            how: AFTER_UPDATE,
        }
    }
}

impl Session {
    /// Judges what the updates of one job have made of a group, after the last of them. In between, the group is half
    /// changed, and right so: the first PUT of a custom app keeps those who leave.
    ///
    /// # Errors
    /// When the run is being stopped, or Okta would now go on with a resource that is not ours.
    pub(in crate::engine) async fn judge_updates(
        &self,
        updates: &[Updated],
        place: &Place,
    ) -> Result<(), NotSent> {
        let Some((last, earlier)) = updates.split_last() else {
            return Ok(());
        };
        if earlier.is_empty() {
            return self.judge(&last.call, &last.sent, place).await;
        }
        let mut sum = Sum::default();
        for update in updates {
            sum.add(&update.call.intent);
        }
        let Intent::Update { resource, id, .. } = &last.call.intent else {
            return Ok(());
        };
        let write = Write {
            call: &last.call,
            sent: &last.sent,
            place,
            earlier,
        };
        let change = Change {
            name: sum.name.as_deref(),
            base: sum.base.as_ref(),
            sets: &sum.sets,
            members: sum.members.as_ref(),
        };
        self.judge_update(*resource, id, &change, write).await
    }

    pub(super) async fn judge_update(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        if write.sent.exchange.response().is_none() && !is_success(&write.sent.exchange) {
            return self
                .updated_without_answer(resource, id, change, write)
                .await;
        }
        if !is_success(&write.sent.exchange) {
            return self.must_be_unchanged(resource, id, write).await;
        }
        if self.is_gone(resource, id) {
            self.judge_gone(resource, id, write);
            return Ok(());
        }
        let Changed { former, state, how } = self.note_change(resource, id, change);
        let before = self.with_book(|b| b.get(resource, id).and_then(|a| a.state.clone()));
        let is_user = resource == Resource::User;
        let groups = match resource {
            Resource::User => self.with_book(|b| b.groups_of(id)),
            Resource::Group => Vec::new(),
        };
        if let Some(other) = good(&write.sent.exchange)
            .and_then(reading::id_of)
            .filter(|other| other != id)
        {
            let subjects = vec![Subject::Resource(resource, id.to_owned())];
            let context = self.context(write, write.sent, subjects);
            if self
                .id_has_changed(resource, id, &other, how, &context)
                .await?
            {
                return Ok(());
            }
        }
        let name = self.with_book(|b| b.get(resource, id).map(|a| a.name.clone()));
        let found_otherwise = former.is_some() || state;
        let found = name.filter(|_| found_otherwise).into_iter();
        let reads = std::iter::once(self.reading(resource, id))
            .chain(found.map(|name| self.looking_up(resource, &name)))
            .chain(former.iter().map(|name| self.looking_up(resource, name)))
            .chain(
                groups
                    .iter()
                    .map(|group| self.reading(Resource::Group, group)),
            );
        self.look_ahead(reads.collect(), write.place).await?;
        let now = self
            .read_back_after(resource, id, change, how, write)
            .await?;
        // What nothing was changed of that a server may find it by, is found as before.
        let is_found_as_before = !found_otherwise
            && match (&before, &now) {
                (Some(before), Some(now)) => {
                    FOUND_BY.iter().all(|at| before.get(at) == now.get(at))
                }
                _ => false,
            };
        if let Some(now) = now {
            self.taken_name(resource, id, &now, write);
            for (sets, write) in write.each() {
                self.answer_must_show(resource, sets, &now, &update::ANSWER, write);
            }
        }
        if (is_user || change.name.is_some()) && !is_found_as_before {
            self.must_find(resource, id, write.place, write.call.evidence)
                .await?;
        }
        if let Some(former) = former {
            self.former_name_must_be_free(resource, id, &former, write.place, write.call.evidence)
                .await?;
        }
        let deactivated = change.active() == Some(false);
        for group in groups {
            self.groups_after_user_write(id, &group, deactivated, write)
                .await?;
        }
        Ok(())
    }

    /// Notes what the resource must be now, and tells what that changes.
    pub(super) fn note_change(&self, resource: Resource, id: &str, change: &Change<'_>) -> Changed {
        self.with_book(|book| {
            let Some(account) = book.get_mut(resource, id) else {
                return Changed::nothing();
            };
            let was_inactive = account.inactive;
            if let Some(active) = change.active() {
                account.inactive = !active;
            }
            let state = was_inactive != account.inactive;
            let how = if state && was_inactive {
                "after-reactivation"
            } else {
                AFTER_UPDATE
            };
            let Some(name) = change.name.filter(|n| *n != account.name) else {
                return Changed {
                    former: None,
                    state,
                    how,
                };
            };
            let former = std::mem::replace(&mut account.name, name.to_owned());
            account.former_name = Some(former.clone());
            Changed {
                former: Some(former),
                state,
                how: "after-rename",
            }
        })
    }

    /// A login that somebody else has must be refused.
    fn taken_name(&self, resource: Resource, id: &str, now: &Value, write: Write<'_>) {
        let name = now.get(resource.name_attribute()).and_then(Value::as_str);
        let Some(name) = name.filter(|_| resource == Resource::User) else {
            return;
        };
        let Some(other) = self.with_book(|b| b.other_of_name(resource, id, name)) else {
            return;
        };
        let subjects = vec![
            Subject::Resource(resource, id.to_owned()),
            Subject::Resource(resource, other),
            Subject::name(resource, name),
        ];
        let context = self.context(write, write.sent, subjects);
        let got = super::status_word(&write.sent.exchange);
        self.observe(
            Seen::new(&sequence::NAME_TAKEN, "409", got).facet(resource.word()),
            &context.losing_data(),
        );
    }

    /// After a refusal nothing may have changed (RFC 7644, 3.5.2: atomic).
    async fn must_be_unchanged(
        &self,
        resource: Resource,
        id: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let before = self.with_book(|b| b.get(resource, id).and_then(|a| a.state.clone()));
        let Some(before) = before else { return Ok(()) };
        let Some((sent, now)) = self.get(resource, id, write.place).await? else {
            return Ok(());
        };
        let subjects = vec![Subject::Resource(resource, id.to_owned())];
        let context = self.context(write, &sent, subjects);
        if let Some((at, was, got)) = changed(&before, &now, resource) {
            let seen = Seen::new(&state::REFUSAL, show(Some(&was)), show(got.as_ref()))
                .facet(format!("{} {}", write.call.request.method, resource.word()))
                .at(at);
            self.observe(
                seen,
                &Context {
                    loses_data: true,
                    ..context.clone()
                },
            );
        }
        if resource == Resource::Group {
            self.members_after_refusal(id, &member_set(&now), &context);
        }
        self.with_book(|b| {
            if let Some(account) = b.get_mut(resource, id) {
                account.state = Some(now);
            }
        });
        Ok(())
    }
}

/// What several updates change together.
#[derive(Default)]
struct Sum {
    name: Option<String>,
    /// What the first of them has read.
    base: Option<Value>,
    sets: Vec<Set>,
    members: Option<MemberChange>,
}

impl Sum {
    fn add(&mut self, intent: &Intent) {
        let Intent::Update {
            name,
            base,
            sets,
            members,
            ..
        } = intent
        else {
            return;
        };
        if name.is_some() {
            self.name.clone_from(name);
        }
        self.base = self.base.take().or_else(|| base.clone());
        self.sets
            .retain(|before| sets.iter().all(|set| set.at != before.at));
        self.sets.extend(sets.iter().cloned());
        self.members = match (self.members.take(), members) {
            (Some(before), Some(next)) => Some(before.then(next)),
            (before, next) => before.or_else(|| next.clone()),
        };
    }
}

impl<'a> Write<'a> {
    /// Every update that is judged together with this one, itself at the end, with the places that it sets.
    fn each(self) -> impl Iterator<Item = (&'a [Set], Self)> {
        let earlier = self.earlier.iter().map(move |update| Write {
            call: &update.call,
            sent: &update.sent,
            place: self.place,
            earlier: &[],
        });
        earlier
            .chain([self])
            .filter_map(|write| match &write.call.intent {
                Intent::Update { sets, .. } => Some((sets.as_slice(), write)),
                _ => None,
            })
    }

    /// The update that was to set what is compared at these places: the last that names any, else this one.
    pub(super) fn that_sets_something(self) -> Self {
        let setting = self.each().filter(|(sets, _)| !sets.is_empty());
        setting.last().map_or(self, |(_, write)| write)
    }

    /// The first update after which the members were wrong, in a way in which they still are.
    pub(super) fn culprit(
        self,
        was: &Members,
        wanted: &Members,
        there: &Members,
    ) -> Option<Culprit<'a>> {
        let still_wrong: Members = wanted.symmetric_difference(there).cloned().collect();
        let mut before = was.clone();
        for update in self.earlier {
            let Intent::Update { members, .. } = &update.call.intent else {
                continue;
            };
            let after = members
                .as_ref()
                .map_or_else(|| before.clone(), |change| change.apply(&before));
            let shown = update.shown.as_ref().and_then(|s| good(&s.exchange));
            if let Some(shown) = shown.map(member_set)
                && !after
                    .symmetric_difference(&shown)
                    .all(|id| !still_wrong.contains(id))
            {
                return Some(Culprit {
                    update,
                    was: before,
                    wanted: after,
                    there: shown,
                });
            }
            before = after;
        }
        None
    }
}

type Members = BTreeSet<String>;

/// An update that has made the members wrong: those before it, those who were to be there after it, and those who were.
pub(super) struct Culprit<'a> {
    pub(super) update: &'a Updated,
    pub(super) was: Members,
    pub(super) wanted: Members,
    pub(super) there: Members,
}

/// The first place where two states differ, though nothing was to change: where, what was and what is there.
pub(crate) fn changed(
    before: &Value,
    now: &Value,
    resource: Resource,
) -> Option<(String, Value, Option<Value>)> {
    frame::compare(Some(before), now, &[], resource == Resource::User)
        .into_iter()
        .find_map(|difference| match difference {
            Difference::Untouched { at, was, got } => Some((at, was, got)),
            _ => None,
        })
}
