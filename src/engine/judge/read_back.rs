//! Reading back by id after a write.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{guard, sequence, state};
use crate::check::frame::{self, Difference};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::super::answers::Look;
use super::super::book::Subject;
use super::super::ownership::LastRead;
use super::super::session::{Context, Sent, Session};
use super::super::target::Settling;
use super::create::ANOTHER_NAME;
use super::{Change, Write, good, is_success, status_word};

/// From here on a lag is worth a word: Okta's next request comes about 200 ms after the answer.
const LAG: Duration = Duration::from_millis(200);

/// What a read-back has shown when it was right, or when the wait was over.
struct Shown {
    sent: Sent,
    differences: Vec<Difference>,
    there: Option<Vec<String>>,
    settled: bool,
    settling: Settling,
}

/// What a difference is about, whatever the values are; for states it matters which one is not reached.
fn what_differs(difference: &Difference) -> String {
    match difference {
        Difference::NotApplied { at, wanted, .. } | Difference::Ignored { at, wanted, .. }
            if wanted.is_boolean() =>
        {
            format!("{at} {wanted}")
        }
        other => other.at().to_owned(),
    }
}

/// What is wrong about the members of a group.
fn wrong_members(there: &[String], wanted: &BTreeSet<String>) -> Option<&'static str> {
    let there: BTreeSet<&String> = there.iter().collect();
    let missing = wanted.iter().any(|id| !there.contains(id));
    let extra = there.iter().any(|id| !wanted.contains(*id));
    match (missing, extra) {
        (false, false) => None,
        (true, false) => Some("missing"),
        (false, true) => Some("too many"),
        (true, true) => Some("others"),
    }
}

impl Session {
    /// Reads a new resource back.
    pub(super) async fn read_back(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        write: Write<'_>,
    ) -> Result<Option<Value>, NotSent> {
        self.read_back_after(resource, id, change, "after-create", write)
            .await
    }

    /// Reads by id until the frame rule holds or the bound is reached, then goes on from what is really there. `how`
    /// names what a change of the id would come from.
    pub(super) async fn read_back_after(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        how: &str,
        write: Write<'_>,
    ) -> Result<Option<Value>, NotSent> {
        let before = self.with_book(|b| b.get(resource, id).and_then(|a| a.state.clone()));
        let before = change.base.or(before.as_ref());
        let was_members = self
            .with_book(|b| b.get(resource, id).map(|a| a.members.clone()))
            .unwrap_or_default();
        let wanted_members = change
            .members
            .map_or_else(|| was_members.clone(), |c| c.apply(&was_members));
        let shown = self
            .settle(resource, id, before, change, &wanted_members, write)
            .await?;
        let sent = &shown.sent;
        let subjects = vec![Subject::Resource(resource, id.to_owned())];
        let context = self.context(write, sent, subjects);
        if !is_success(&sent.exchange) {
            self.unreadable(resource, id, how, sent, write).await?;
            return Ok(None);
        }
        self.report_lag(&shown.settling, shown.settled, &context);
        let now = good(&sent.exchange);
        if let Some(other) = now.and_then(reading::id_of).filter(|other| other != id) {
            self.id_has_changed(resource, id, &other, how, &context)
                .await?;
        }
        let ignored = now.is_some_and(|now| frame::is_ignored(before, now, change.sets));
        let setting = write.that_sets_something();
        let of_setting = self.context(setting, sent, context.subjects.clone());
        self.report_differences(resource, &shown.differences, ignored, setting, &of_setting);
        if resource == Resource::Group {
            let there = shown.there.unwrap_or_default();
            self.report_members(
                change,
                &was_members,
                &wanted_members,
                there,
                write,
                &context,
            );
        }
        self.with_book(|book| {
            if let Some(account) = book.get_mut(resource, id) {
                account.state = now.cloned();
            }
        });
        Ok(now.cloned())
    }

    async fn settle(
        &self,
        resource: Resource,
        id: &str,
        before: Option<&Value>,
        change: &Change<'_>,
        members: &BTreeSet<String>,
        write: Write<'_>,
    ) -> Result<Shown, NotSent> {
        let is_user = resource == Resource::User;
        let kind = format!("{} {}", write.call.request.method, resource.word());
        let mut settling = Settling::new(self.run.settle);
        let mut look = Look::Known;
        loop {
            let sent = self.read(resource, id, look, write.place).await?;
            look = Look::Fresh;
            if let Intent::Create { name, .. } = &write.call.intent
                && self.ledger.knows_as_foreign(resource, id)
            {
                self.with_book(|book| book.close(resource, id));
                return Err(self.hands_out_another(resource, name, ANOTHER_NAME, &sent, write));
            }
            let now = good(&sent.exchange);
            let differences = now
                .map(|now| frame::compare(before, now, change.sets, is_user))
                .unwrap_or_default();
            let there = now.map(|now| frame::members(now).unwrap_or_default());
            let wrong = match now {
                None => vec![format!("{kind} unreadable")],
                Some(_) => {
                    let there = there.as_deref().filter(|_| !is_user);
                    let places = differences
                        .iter()
                        .map(|d| format!("{kind} {}", what_differs(d)));
                    let members = there.and_then(|there| wrong_members(there, members));
                    places
                        .chain(members.map(|wrong| format!("{kind} members {wrong}")))
                        .collect()
                }
            };
            let settled = wrong.is_empty();
            let hopeless = wrong.iter().all(|wrong| self.run.is_hopeless(wrong));
            if hopeless || !settling.again().await {
                for wrong in &wrong {
                    self.run.never_settled(wrong);
                }
                return Ok(Shown {
                    sent,
                    differences,
                    there,
                    settled,
                    settling,
                });
            }
        }
    }

    /// It cannot be read by its id any more: perhaps it has another one now.
    pub(super) async fn unreadable(
        &self,
        resource: Resource,
        id: &str,
        how: &str,
        sent: &Sent,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let name = self
            .with_book(|b| b.get(resource, id).map(|a| a.name.clone()))
            .unwrap_or_default();
        let subjects = vec![
            Subject::Resource(resource, id.to_owned()),
            Subject::name(resource, &name),
        ];
        let context = self.context(write, sent, subjects);
        if sent.exchange.status() == Some(404)
            && let Some((other, _)) = self.find_exactly(resource, &name, write.place).await?
            && other != id
        {
            self.id_has_changed(resource, id, &other, how, &context)
                .await?;
            return Ok(());
        }
        if sent.broken {
            return Ok(());
        }
        let inactive = self.with_book(|b| b.get(resource, id).is_some_and(|a| a.inactive));
        let facet = if inactive {
            "inactive".to_owned()
        } else {
            format!("{} after {}", resource.word(), write.call.request.method)
        };
        let seen = Seen::new(&state::READABLE, "200", status_word(&sent.exchange)).facet(facet);
        self.observe(seen, &context.losing_data());
        Ok(())
    }

    /// An answer about what Okta is linked to shows another id. A read of that id decides: it is the same resource, which
    /// has moved; or it is one of others, which the answer should not have shown. Whether it has moved, or may have.
    pub(super) async fn id_has_changed(
        &self,
        resource: Resource,
        id: &str,
        other: &str,
        how: &str,
        context: &Context<'_>,
    ) -> Result<bool, NotSent> {
        let name = self
            .with_book(|b| b.get(resource, id).map(|a| a.name.clone()))
            .unwrap_or_default();
        let is_known = self.ledger.knows(resource, other);
        let moved = !is_known
            && self
                .adopt(resource, other, &name, Origin::Observe, context.place)
                .await?;
        let is_foreign = self.ledger.knows_as_foreign(resource, other);
        let seen = if is_foreign {
            let wanted = "the resource that Okta is linked to";
            Seen::new(&guard::SOMEBODY_ELSE, wanted, ANOTHER_NAME)
                .facet(format!("update {}", resource.word()))
        } else {
            Seen::new(
                &sequence::ID_CHANGED,
                "the id that Okta is linked to",
                "another id",
            )
            .facet(how)
        };
        let mut subjects = context.subjects.clone();
        subjects.push(Subject::name(resource, &name));
        subjects.push(Subject::Resource(resource, other.to_owned()));
        self.observe(
            seen.at("/id"),
            &Context {
                loses_data: true,
                subjects,
                ..context.clone()
            },
        );
        if moved {
            self.with_book(|b| {
                if let Some(old) = b.get_mut(resource, id) {
                    old.gone = true;
                }
            });
            let (_, last) = self
                .look(resource, id, Origin::Observe, context.place)
                .await?;
            if last == LastRead::NotThere {
                self.ledger.release(resource, id);
            }
        }
        Ok(!is_foreign)
    }

    pub(super) fn report_lag(&self, settling: &Settling, settled: bool, context: &Context<'_>) {
        let waited = settling.waited();
        if settled && settling.has_waited() && waited >= LAG {
            let seen = Seen::new(
                &state::LAG,
                "visible at once",
                format!("visible after {:.1} s", waited.as_secs_f64()),
            );
            self.observe(seen, context);
        }
    }
}
