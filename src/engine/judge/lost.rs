//! What a write leaves behind whose answer nobody has read.
//!
//! It may have been done, or not; both are right, and the next thing that Okta sends must work either way. What has
//! to be known is what is there now: what the run made it must remove again, and nothing else may be written to.

use crate::check::frame;
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Match};
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::super::book::Subject;
use super::super::session::{Place, Sent, Session, observer_call};
use super::super::target::Settling;
use super::find::shows_name;
use super::update::AFTER_UPDATE;
use super::{Change, Write, good, is_success, member_set, names_it, status_word};

/// Resources of a page, as Okta's imports ask for them.
const PAGE: u64 = 100;
/// Pages that are looked through for something whose create got no answer.
const MOST_PAGES: usize = 20;

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
        self.run.ledger.lose(resource, name);
        let kind = format!("lost {}", resource.word());
        let mut settling = Settling::new(self.run.settle_for(&kind));
        loop {
            let found = self.find_exactly(resource, name, write.place).await?;
            if let Some((id, sent)) = found
                && self.is_lost_one(resource, &id, name, &sent)
            {
                self.claim_lost(resource, &id, name);
                return Ok(Some(id));
            }
            if !settling.again().await {
                break;
            }
        }
        self.run.never_settled(&kind);
        if is_success(&write.sent.exchange) {
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
            && !self.run.ledger.knows_as_foreign(resource, id)
    }

    /// Looks once more, at the end, for what a create without an answer may have made.
    ///
    /// # Errors
    /// The reason why nobody can say whether it is there.
    pub(in crate::engine) async fn look_for_lost(
        &self,
        resource: Resource,
        name: &str,
        place: &Place,
    ) -> Result<(), String> {
        self.with_book(|b| b.lose(resource, name));
        let request = self.client.look_up(resource, name, self.variants);
        let intent = Intent::LookUp {
            resource,
            name: name.to_owned(),
        };
        let call = observer_call(request, intent);
        let sent = self.perform(&call, Origin::Cleanup, place).await;
        let sent = sent.map_err(|_| "the target asks for too much patience".to_owned())?;
        let answer = sent.exchange.response();
        let answer = answer.filter(|r| r.is_success() || r.status == 404);
        match answer.map(reading::look_up) {
            Some(Match::None) => self.look_through_list(resource, name, place).await,
            // When the task was retried, it may have been created once more.
            Some(Match::One { id, .. }) if self.knows(resource, &id) => Ok(()),
            Some(Match::One { id, .. }) if self.is_lost_one(resource, &id, name, &sent) => {
                self.claim_lost(resource, &id, name);
                Ok(())
            }
            Some(Match::One { .. }) => Err("the look-up finds somebody else".to_owned()),
            Some(Match::Many(n)) => Err(format!("the look-up finds {n}")),
            Some(Match::Unreadable(_)) | None => Err(status_word(&sent.exchange)),
        }
    }

    /// Whether this scenario has met the resource already; the ledger would speak of other tenants, too.
    fn knows(&self, resource: Resource, id: &str) -> bool {
        self.with_book(|b| b.get(resource, id).is_some())
    }

    /// A look-up that finds nobody may be what is wrong with the target. What is not among the first of a long list either
    /// was most likely never made.
    async fn look_through_list(
        &self,
        resource: Resource,
        name: &str,
        place: &Place,
    ) -> Result<(), String> {
        let mut start_index = 1;
        for _ in 0..MOST_PAGES {
            let intent = Intent::List {
                resource,
                start_index,
                count: PAGE,
            };
            let call = observer_call(self.client.list(resource, start_index, PAGE), intent);
            let sent = self.perform(&call, Origin::Cleanup, place).await;
            let sent = sent.map_err(|_| "the target asks for too much patience".to_owned())?;
            let answer = sent.exchange.response().filter(|r| r.is_success());
            let Some(Ok(page)) = answer.map(reading::page) else {
                return Err(format!("{}, to a list", status_word(&sent.exchange)));
            };
            let named = page
                .resources
                .iter()
                .filter(|one| names_it(one, resource, name));
            for id in named.filter_map(reading::id_of) {
                let ledger = &self.run.ledger;
                let is_known = ledger.owns(resource, &id) || ledger.knows_as_foreign(resource, &id);
                if self.is_name_of_run(name) && !is_known {
                    self.claim_lost(resource, &id, name);
                }
            }
            let shown = page.resources.len() as u64;
            start_index = start_index.saturating_add(shown);
            if shown == 0 || start_index > page.total {
                break;
            }
        }
        Ok(())
    }

    /// What a create without an answer made is the run's own from now on.
    pub(super) fn claim_lost(&self, resource: Resource, id: &str, name: &str) {
        self.with_book(|b| b.find_again(resource, name));
        self.take_over(resource, id, name);
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
            let sent = self.read(resource, id, write.place).await?;
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
        let sent = self.read(resource, id, write.place).await?;
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
