//! What a write leaves behind whose answer nobody has read.
//!
//! It may have been done, or not; both are right, and the next thing that Okta sends must work either way. What has
//! to be known is what is there now: what the run made it must remove again, and nothing else may be written to.

use crate::check::frame;
use crate::okta::drive::NotSent;
use crate::okta::request::Resource;
use crate::verdict::Origin;

use super::super::answers::Look;
use super::super::book::Subject;
use super::super::session::{Place, Sent, Session};
use super::super::target::Settling;
use super::find::shows_name;
use super::update::AFTER_UPDATE;
use super::{Change, Write, good, is_success, member_set, status_word};

impl Session {
    /// Looks for what a create without an answer may have made, until it is found or the wait is over. Okta does the
    /// same when the task is retried: it looks up the name, and links what it finds.
    pub(super) async fn created_without_answer(
        &self,
        resource: Resource,
        name: &str,
        write: Write<'_>,
    ) -> Result<Option<String>, NotSent> {
        if self.with_book(|b| !b.named(resource, name).is_empty()) {
            // There was one of that name already, which is known.
            return Ok(None);
        }
        self.with_book(|b| b.lose(resource, name));
        let kind = format!("lost {}", resource.word());
        let mut settling = Settling::new(self.run.settle_for(&kind));
        // A look-up may find what no read by its id can be made of.
        let mut is_found = false;
        loop {
            let found = self.find_exactly(resource, name, write.place).await?;
            if let Some((id, sent)) = found
                && self.is_lost_one(resource, &id, name, &sent)
            {
                is_found = true;
                if self.claim_lost(resource, &id, name, write.place).await? {
                    return Ok(Some(id));
                }
            }
            if !settling.again().await {
                break;
            }
        }
        self.run.never_settled(&kind);
        if is_success(&write.sent.exchange) && !is_found {
            self.taken_by_nobody(resource, name, write);
        }
        Ok(None)
    }

    /// The target says that a name is taken, be it by what was just created, and a look-up of it finds nobody.
    pub(super) fn taken_by_nobody(&self, resource: Resource, name: &str, write: Write<'_>) {
        if !self.with_book(|b| b.is_lost(resource, name)) {
            return;
        }
        let got = format!(
            "{}, and a look-up finds nobody",
            status_word(&write.sent.exchange)
        );
        let seen = self.not_found(resource, "", write.place, &got);
        let context = self.context(write, write.sent, vec![Subject::name(resource, name)]);
        self.observe(seen, &context.losing_data());
    }

    /// Whether a look-up has found what a create without an answer made: it has exactly the name that was sent, nobody
    /// else can have that name because the run's own id is in it, and its id was never seen in anybody else's hands.
    pub(super) fn is_lost_one(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        found_by: &Sent,
    ) -> bool {
        self.with_book(|b| b.is_lost(resource, name))
            && self.is_name_of_run(name)
            && shows_name(found_by, resource, name)
            && !self.knows(resource, id)
            && !self.ledger.knows_as_foreign(resource, id)
    }

    /// Whether this scenario has met the resource already; the ledger would speak of other tenants, too.
    fn knows(&self, resource: Resource, id: &str) -> bool {
        self.with_book(|b| b.get(resource, id).is_some())
    }

    /// What a create without an answer made is the run's own from now on, when a read of it shows so; whether it does.
    pub(super) async fn claim_lost(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        place: &Place,
    ) -> Result<bool, NotSent> {
        let is_ours = self
            .adopt(resource, id, name, Origin::Observe, place)
            .await?;
        if is_ours {
            self.with_book(|b| b.find_again(resource, name));
        }
        Ok(is_ours)
    }

    /// Reads an account or group until it shows the change, or the wait is over, and goes on from what is there.
    pub(super) async fn updated_without_answer(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let known = self.with_book(|b| {
            let account = b.get(resource, id)?;
            Some((account.state.clone(), account.members.clone()))
        });
        let Some((before, members)) = known else {
            return Ok(());
        };
        let before = change.base.or(before.as_ref());
        let members = change
            .members
            .map_or(members.clone(), |c| c.apply(&members));
        let is_group = resource == Resource::Group;
        let kind = format!("lost {} {}", write.call.request.method, resource.word());
        let mut settling = Settling::new(self.run.settle_for(&kind));
        let (sent, now, done) = loop {
            let sent = self.read(resource, id, Look::Fresh, write.place).await?;
            let now = good(&sent.exchange).cloned();
            let done = now.as_ref().is_some_and(|now| {
                frame::compare(before, now, change.sets, !is_group).is_empty()
                    && (!is_group || member_set(now) == members)
            });
            if done || !settling.again().await {
                break (sent, now, done);
            }
        };
        if done || !is_success(&sent.exchange) {
            self.note_change(resource, id, change);
        }
        if !done {
            self.run.never_settled(&kind);
        }
        if !is_success(&sent.exchange) {
            // Done or not, it must be there.
            return self
                .unreadable(resource, id, AFTER_UPDATE, &sent, write)
                .await;
        }
        self.with_book(|b| {
            if let (Some(account), Some(now)) = (b.get_mut(resource, id), now) {
                account.state = Some(now);
                if done {
                    account.members = members;
                }
            }
        });
        Ok(())
    }

    /// Whatever was to be deleted is gone if it is not there any more.
    pub(super) async fn deleted_without_answer(
        &self,
        resource: Resource,
        id: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let sent = self.read(resource, id, Look::Fresh, write.place).await?;
        if sent.exchange.status() == Some(404) {
            self.with_book(|b| {
                if let Some(account) = b.get_mut(resource, id) {
                    account.gone = true;
                }
            });
        }
        Ok(())
    }
}
