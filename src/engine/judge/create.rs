//! What a create leaves behind.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{create, guard, sequence, state};
use crate::check::frame;
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Intent, MemberChange, Resource, Set};
use crate::verdict::Origin;

use super::super::book::Subject;
use super::super::ownership::LastRead;
use super::super::session::{Place, Sent, Session};
use super::{Change, Write, good, is_success, same_name, status_word};

/// What a create hands out that belongs to others.
pub(super) const ANOTHER_NAME: &str = "a resource of another name";

impl Session {
    pub(super) async fn judge_create(
        &self,
        resource: Resource,
        name: &str,
        sets: &[Set],
        members: &BTreeSet<String>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let exchange = &write.sent.exchange;
        let id = if exchange.response().is_none() {
            match self.created_without_answer(resource, name, write).await? {
                // Without a status it may have been half done, which is right until Okta has sent it again.
                Some(id) if is_success(exchange) => id,
                _ => return Ok(()),
            }
        } else if is_success(exchange) {
            match self.new_id(resource, name, write).await? {
                Some(id) => id,
                None => return Ok(()),
            }
        } else {
            return self.must_not_have_created(resource, name, write).await;
        };
        let change = MemberChange::Replace(members.clone());
        let change = Change {
            name: Some(name),
            base: None,
            sets,
            members: (resource == Resource::Group).then_some(&change),
        };
        let is_found_surely = self.with_book(|book| book.is_found_surely(resource, name));
        let mut reads = vec![self.reading(resource, &id)];
        if !is_found_surely {
            reads.push(self.looking_up(resource, name));
        }
        self.look_ahead(reads, write.place).await?;
        let now = self.read_back(resource, &id, &change, write).await?;
        if let Some(now) = now {
            self.answer_must_show(resource, sets, &now, &create::ANSWER, write);
        }
        if is_found_surely {
            return Ok(());
        }
        self.must_find(resource, &id, write.place, write.call.evidence)
            .await
    }

    /// Whether a create went well as far as its answer tells, and Okta reads next what it has made: that shows the rest.
    pub(crate) fn is_read_next(&self, call: &Call, sent: &Sent) -> bool {
        let Intent::Create { resource, name, .. } = &call.intent else {
            return false;
        };
        let id = good(&sent.exchange).and_then(reading::id_of);
        let Some(id) = id.filter(|_| call.reads_next && !self.is_racing()) else {
            return false;
        };
        let is_new = self.whose(*resource, &id, name, sent).is_none();
        if is_new {
            self.take_over(*resource, &id, name);
        }
        is_new
    }

    /// The id of what was created, which is the run's own from now on.
    async fn new_id(
        &self,
        resource: Resource,
        name: &str,
        write: Write<'_>,
    ) -> Result<Option<String>, NotSent> {
        let id = match good(&write.sent.exchange).and_then(reading::id_of) {
            Some(id) => id,
            // A create that names no id may have made an account all the same: found by its name, it can be removed.
            None => match self.find_exactly(resource, name, write.place).await? {
                Some((id, _)) => id,
                None => return Ok(None),
            },
        };
        self.guard_created(resource, &id, name, write)?;
        self.suspect_second(resource, name, &id, write);
        self.take_over(resource, &id, name);
        Ok(Some(id))
    }

    /// An answer gives this id to a name that was sent. Nothing is written to it until a read has shown it.
    pub(crate) fn take_over(&self, resource: Resource, id: &str, name: &str) {
        self.ledger.named(resource, id, name);
        self.with_book(|book| {
            book.open(resource, id, name);
            book.inherit(resource, id, name);
        });
    }

    /// Takes over what a look-up or a list has shown under a name that was sent, when a read of it shows the same;
    /// whether it does.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub(in crate::engine) async fn adopt(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        origin: Origin,
        place: &Place,
    ) -> Result<bool, NotSent> {
        self.ledger.named(resource, id, name);
        if self.last_read(resource, id) != Some(LastRead::Ours) {
            self.look(resource, id, origin, place).await?;
        }
        let is_ours = self.ledger.owns(resource, id);
        if is_ours {
            self.take_over(resource, id, name);
        }
        Ok(is_ours)
    }

    /// A create that was refused must not have made an account all the same; if it has, the run must remove it.
    async fn must_not_have_created(
        &self,
        resource: Resource,
        name: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        if self.with_book(|b| !b.named(resource, name).is_empty()) {
            return Ok(());
        }
        let found = self.find_exactly(resource, name, write.place).await?;
        let Some((id, sent)) = found else {
            if write.sent.exchange.status() == Some(409) {
                self.taken_by_nobody(resource, name, write);
            }
            return Ok(());
        };
        if self.is_lost_one(resource, &id, name, &sent) {
            // It comes from an earlier create, whose answer nobody has read.
            return self
                .claim_lost(resource, &id, name, write.place)
                .await
                .map(drop);
        }
        if self.ledger.knows_as_foreign(resource, &id) {
            return Ok(());
        }
        let context = self.context(write, &sent, vec![Subject::name(resource, name)]);
        let got = format!(
            "{}, and the {} is there",
            status_word(&write.sent.exchange),
            resource.word()
        );
        let seen = Seen::new(&state::REFUSAL, "nobody of that name", got);
        self.observe(
            seen.facet(format!("POST {}", resource.word())),
            &context.losing_data(),
        );
        self.adopt(resource, &id, name, Origin::Observe, write.place)
            .await
            .map(drop)
    }

    /// A create must answer with a new resource: an id that nobody had before, and the name that was sent, or at
    /// least one that holds the run's id.
    pub(super) fn guard_created(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        if let Some(got) = self.whose(resource, id, name, write.sent) {
            return Err(self.hands_out_another(resource, name, got, write.sent, write));
        }
        Ok(())
    }

    /// A create has answered with a resource that is not the one it was to make, as `sent` shows.
    pub(super) fn hands_out_another(
        &self,
        resource: Resource,
        name: &str,
        got: &str,
        sent: &Sent,
        write: Write<'_>,
    ) -> NotSent {
        let seen = Seen::new(
            &guard::SOMEBODY_ELSE,
            "a new resource with the name that was sent",
            got,
        )
        .facet(format!("create {}", resource.word()))
        .at("/id");
        let context = self.context(write, sent, vec![Subject::name(resource, name)]);
        self.observe(seen, &context.losing_data());
        NotSent::NotOurs
    }

    /// Whose resource a create has answered with, when it is not a new one of ours.
    pub(crate) fn whose(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        sent: &Sent,
    ) -> Option<&'static str> {
        let ledger = &self.ledger;
        if ledger.knows(resource, id) {
            let another = self.with_book(|b| {
                b.get(resource, id)
                    .is_some_and(|a| !same_name(&a.name, name))
            });
            return another.then_some("the resource of somebody else of this run");
        }
        if ledger.knows_as_foreign(resource, id) {
            return Some("a resource that existed before");
        }
        let answer = good(&sent.exchange)?;
        let named = answer.get(resource.name_attribute())?.as_str()?;
        (!same_name(named, name) && !self.is_name_of_run(named)).then_some(ANOTHER_NAME)
    }

    fn suspect_second(&self, resource: Resource, name: &str, id: &str, write: Write<'_>) {
        let first = self.with_book(|b| b.named(resource, name).first().map(|a| a.id.clone()));
        let Some(first) = first.filter(|f| f != id) else {
            return;
        };
        let subjects = vec![
            Subject::Resource(resource, first),
            Subject::name(resource, name),
        ];
        let context = self.context(write, write.sent, subjects);
        let got = "201 and another id";
        match resource {
            Resource::User => {
                let seen = Seen::new(&sequence::SECOND, "the account that is there", got);
                self.observe(seen.facet(resource.word()), &context.losing_data());
            }
            Resource::Group => {
                let wanted = "409: the group is there, and the admin links it";
                self.observe(Seen::new(&sequence::SECOND_GROUP, wanted, got), &context);
            }
        }
    }

    /// The answer to a write must show what a read shows afterwards, as far as it shows anything.
    pub(super) fn answer_must_show(
        &self,
        resource: Resource,
        sets: &[Set],
        now: &Value,
        check: &'static crate::verdict::CheckMeta,
        write: Write<'_>,
    ) {
        let Some(answer) = good(&write.sent.exchange) else {
            return;
        };
        let wrong = sets
            .iter()
            .find(|set| frame::contradicts(answer, now, set, resource == Resource::User));
        let Some(set) = wrong else { return };
        let at = set.at.to_string();
        let name = self.with_book(|b| {
            reading::id_of(now)
                .and_then(|id| b.get(resource, &id).map(|a| a.name.clone()))
                .unwrap_or_default()
        });
        let seen = Seen::new(
            check,
            super::show(set.at.read(now)),
            super::show(set.at.read(answer)),
        )
        .at(at);
        let context = self.context(write, write.sent, vec![Subject::name(resource, &name)]);
        self.observe(seen, &context);
    }
}
