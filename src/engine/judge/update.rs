//! What an update leaves behind, taken or refused.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{sequence, state, update};
use crate::check::frame::{self, Difference};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::Resource;

use super::super::book::Subject;
use super::super::session::{Context, Session};
use super::{Change, Write, good, is_success, member_set, show};

/// How an id comes to be another one, when neither a rename nor a reactivation did it.
pub(super) const AFTER_UPDATE: &str = "after-update";

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
            self.answer_must_show(resource, change.sets, &now, &update::ANSWER, write);
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
