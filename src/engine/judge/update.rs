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
        let (former, how) = self.note_change(resource, id, change);
        let groups = self.with_book(|b| b.groups_of(id));
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
        let now = self
            .read_back_after(resource, id, change, how, write)
            .await?;
        if let Some(now) = now {
            self.taken_name(resource, id, &now, write);
            self.answer_must_show(resource, change.sets, &now, &update::ANSWER, write);
        }
        if resource == Resource::User || change.name.is_some() {
            self.must_find(resource, id, write.place, write.call.evidence)
                .await?;
        }
        if let Some(former) = former {
            self.former_name_must_be_free(resource, id, &former, write.place, write.call.evidence)
                .await?;
        }
        if resource == Resource::User {
            let deactivated = change.active() == Some(false);
            for group in groups {
                self.groups_after_user_write(id, &group, deactivated, write)
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes what the resource must be now; the name that it had before, when it has another one, and what has
    /// become of it.
    pub(super) fn note_change(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
    ) -> (Option<String>, &'static str) {
        self.with_book(|book| {
            let Some(account) = book.get_mut(resource, id) else {
                return (None, AFTER_UPDATE);
            };
            let woken = account.inactive && change.active() == Some(true);
            if let Some(active) = change.active() {
                account.inactive = !active;
            }
            let Some(name) = change.name.filter(|n| *n != account.name) else {
                let how = if woken {
                    "after-reactivation"
                } else {
                    AFTER_UPDATE
                };
                return (None, how);
            };
            let former = std::mem::replace(&mut account.name, name.to_owned());
            account.former_name = Some(former.clone());
            (Some(former), "after-rename")
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
