//! Reads back after every write, by id and by name, and compares with what must hold.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::check::catalogue::{create, guard, list, lookup, membership, sequence, state};
use crate::check::frame::{self, Difference, NO_MEMBERS};
use crate::check::wire::{Seen, what};
use crate::exchange::Exchange;
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Match};
use crate::okta::request::{Call, Intent, MemberChange, Resource, Set};
use crate::okta::{Evidence, job};
use crate::verdict::Origin;

use super::book::Subject;
use super::session::{Context, Place, Sent, Session, observer_call};
use super::target::Settling;

/// A lag below this is the time of a few re-reads on a loaded machine, and not worth a word.
const NOTEWORTHY_LAG: Duration = Duration::from_millis(200);

/// What a write was, for the judge.
#[derive(Clone, Copy)]
struct Write<'a> {
    call: &'a Call,
    sent: &'a Sent,
    place: &'a Place,
}

impl Session {
    /// Looks at the outcome of one of Okta's calls in the light of everything known.
    ///
    /// # Errors
    /// When Okta would now go on with a resource that is not ours.
    pub async fn judge(&self, call: &Call, sent: &Sent, place: &Place) -> Result<(), NotSent> {
        let write = Write { call, sent, place };
        match &call.intent {
            Intent::LookUp { resource, name } => self.judge_look_up(*resource, name, write),
            Intent::Create {
                resource,
                name,
                sets,
                members,
                ..
            } => {
                self.judge_create(*resource, name, sets, members, write)
                    .await
            }
            Intent::Update {
                resource,
                id,
                name,
                base,
                sets,
                members,
            } => {
                let change = Change {
                    name: name.as_deref(),
                    base: base.as_ref(),
                    sets,
                    members: members.as_ref(),
                };
                self.judge_update(*resource, id, &change, write).await
            }
            Intent::Delete { resource, id } => self.judge_delete(*resource, id, write).await,
            Intent::Read { .. } | Intent::List { .. } | Intent::Literal => Ok(()),
        }
    }

    fn context<'a>(&self, write: Write<'a>, sent: &'a Sent, subjects: Vec<Subject>) -> Context<'a> {
        Context {
            cause: Some(&write.call.request),
            ..Context::new(write.place, sent, subjects, write.call.evidence)
        }
    }

    /// What Okta's look-up found, against what it must find. A stranger stops the job.
    fn judge_look_up(
        &self,
        resource: Resource,
        name: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let Some(response) = write.sent.exchange.response() else {
            return Ok(());
        };
        if !response.is_success() && response.status != 404 {
            return Ok(());
        }
        let found = reading::look_up(response);
        let wanted: Vec<String> = self.with_book(|b| {
            b.named(resource, name)
                .into_iter()
                .map(|a| a.id.clone())
                .collect()
        });
        let subjects = vec![Subject::name(resource, name)];
        let context = self.context(write, write.sent, subjects);
        if response.status == 404 && found == Match::None {
            self.observe(
                Seen::new(&lookup::NOBODY, "200 and totalResults 0", "404"),
                &context,
            );
        }
        match found {
            Match::One { id, .. } if wanted.contains(&id) => Ok(()),
            Match::One { id, .. } => {
                let seen = if self.run.ledger.owns(resource, &id) {
                    Seen::new(
                        &lookup::ONLY_EXACT,
                        wanted_words(&wanted),
                        "somebody else of this run",
                    )
                    .facet(resource.word())
                } else {
                    Seen::new(
                        &guard::SOMEBODY_ELSE,
                        wanted_words(&wanted),
                        "one resource that this run did not make",
                    )
                    .facet("look-up")
                };
                self.observe(
                    seen,
                    &Context {
                        loses_data: true,
                        ..context
                    },
                );
                Err(NotSent::NotOurs)
            }
            Match::Many(n) => {
                let facet = if wanted.is_empty() {
                    resource.word().to_owned()
                } else {
                    format!("{} twice", resource.word())
                };
                let admin = format!(
                    "Multiple {}s found. Expected 0 or 1 results but was [{n}]",
                    resource.word()
                );
                let seen = Seen::new(
                    &lookup::ONLY_EXACT,
                    wanted_words(&wanted),
                    format!("{n} resources"),
                )
                .facet(facet);
                self.observe(
                    seen,
                    &Context {
                        admin_sees: Some(admin),
                        ..context
                    },
                );
                Ok(())
            }
            Match::None if !wanted.is_empty() => {
                self.observe(
                    self.not_found(resource, &wanted[0], write.place, "totalResults 0"),
                    &context,
                );
                Ok(())
            }
            Match::None | Match::Unreadable(_) => Ok(()),
        }
    }

    async fn judge_create(
        &self,
        resource: Resource,
        name: &str,
        sets: &[Set],
        members: &BTreeSet<String>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let answer = &write.sent.exchange;
        let Some(response) = answer.response().filter(|r| r.is_success()) else {
            return Ok(());
        };
        let id = response.json().and_then(reading::id_of);
        let id = match id {
            Some(id) => id,
            None => match self.find_unlinked(resource, name, write.place).await? {
                Some(id) => id,
                None => return Ok(()),
            },
        };
        self.guard_created(resource, &id, name, write)?;
        self.suspect_second(resource, name, &id, write);
        if !self.run.ledger.owns(resource, &id) {
            self.run.ledger.claim(resource, &id, name);
        }
        self.with_book(|book| {
            book.open(resource, &id, name);
            book.inherit(resource, &id, name);
        });
        let change = MemberChange::Replace(members.clone());
        let members = (resource == Resource::Group).then_some(&change);
        self.read_back(
            resource,
            &id,
            &Change {
                name: Some(name),
                base: None,
                sets,
                members,
            },
            write,
        )
        .await?;
        self.must_find(resource, &id, write.place, write.call.evidence)
            .await
    }

    /// A create that named no id may have made an account all the same: found by its name, it can be removed later.
    async fn find_unlinked(
        &self,
        resource: Resource,
        name: &str,
        place: &Place,
    ) -> Result<Option<String>, NotSent> {
        let call = observer_call(
            self.client.look_up(resource, name),
            Intent::LookUp {
                resource,
                name: name.to_owned(),
            },
        );
        let sent = self.perform(&call, Origin::Observe, place).await?;
        let Some(json) = sent
            .exchange
            .response()
            .filter(|r| r.is_success())
            .and_then(|r| r.json())
        else {
            return Ok(None);
        };
        let only = json
            .get("Resources")
            .and_then(Value::as_array)
            .filter(|r| r.len() == 1)
            .and_then(|r| r.first());
        Ok(only
            .filter(|r| names_it(r, resource, name))
            .and_then(reading::id_of))
    }

    fn guard_created(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let ledger = &self.run.ledger;
        let answer = write.sent.exchange.response().and_then(|r| r.json());
        let another_name = answer.is_some_and(|a| {
            a.get(resource.name_attribute()).is_some() && !names_it(a, resource, name)
        });
        let stranger =
            !ledger.owns(resource, id) && (ledger.knows_as_foreign(resource, id) || another_name);
        if stranger {
            let seen = Seen::new(
                &guard::SOMEBODY_ELSE,
                "a new resource with the name that was sent",
                "a resource that existed before",
            )
            .facet("create")
            .at("/id");
            let context = self.context(write, write.sent, vec![Subject::name(resource, name)]);
            self.observe(
                seen,
                &Context {
                    loses_data: true,
                    ..context
                },
            );
            return Err(NotSent::NotOurs);
        }
        Ok(())
    }

    fn suspect_second(&self, resource: Resource, name: &str, id: &str, write: Write<'_>) {
        let first = self.with_book(|b| b.named(resource, name).first().map(|a| a.id.clone()));
        if resource == Resource::User
            && let Some(first) = first.filter(|f| f != id)
        {
            let subjects = vec![
                Subject::Resource(resource, first),
                Subject::name(resource, name),
            ];
            let context = self.context(write, write.sent, subjects);
            let seen = Seen::new(
                &sequence::SECOND,
                "the account that is there",
                "201 and another id",
            );
            self.observe(
                seen,
                &Context {
                    loses_data: true,
                    ..context
                },
            );
        }
    }

    async fn judge_update(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let response = write.sent.exchange.response();
        if !response.is_some_and(crate::exchange::Response::is_success) {
            return self.must_be_unchanged(resource, id, write).await;
        }
        let renamed = self.with_book(|book| {
            let account = book.get_mut(resource, id)?;
            for set in change.sets.iter().filter(|s| s.at.attribute() == "active") {
                account.inactive = set.value == Value::Bool(false);
            }
            let name = change.name.filter(|n| *n != account.name)?;
            let former = std::mem::replace(&mut account.name, name.to_owned());
            account.former_name = Some(former.clone());
            Some(former)
        });
        let groups = self.with_book(|b| b.groups_of(id));
        self.read_back(resource, id, change, write).await?;
        if resource == Resource::User || change.name.is_some() {
            self.must_find(resource, id, write.place, write.call.evidence)
                .await?;
        }
        if let Some(former) = renamed {
            self.former_name_must_be_free(resource, id, &former, write.place, write.call.evidence)
                .await?;
        }
        if resource == Resource::User {
            let deactivated = change
                .sets
                .iter()
                .any(|s| s.at.attribute() == "active" && s.value == Value::Bool(false));
            for group in groups {
                self.groups_after_user_write(&group, deactivated, write)
                    .await?;
            }
        }
        Ok(())
    }

    /// Pushing a user must not change groups: Okta echoes `groups` as it read it, which is read-only
    /// (RFC 7643, 4.1.2). Whether a deactivated user leaves them is the server's choice.
    async fn groups_after_user_write(
        &self,
        group: &str,
        deactivated: bool,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let Some((sent, now)) = self.get(Resource::Group, group, write.place).await? else {
            return Ok(());
        };
        let there: BTreeSet<String> = frame::members(&now)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let wanted = self
            .with_book(|b| b.get(Resource::Group, group).map(|a| a.members.clone()))
            .unwrap_or_default();
        if deactivated {
            self.with_book(|b| {
                if let Some(account) = b.get_mut(Resource::Group, group)
                    && !there.is_empty()
                {
                    account.members = there;
                }
            });
        } else if there != wanted {
            let context = self.context(
                write,
                &sent,
                vec![Subject::Resource(Resource::Group, group.to_owned())],
            );
            self.observe(
                membership_seen("user-push", &wanted, &there),
                &Context {
                    loses_data: true,
                    ..context
                },
            );
            self.accept_members(group, &there);
        }
        Ok(())
    }

    async fn judge_delete(
        &self,
        resource: Resource,
        id: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        if !write
            .sent
            .exchange
            .response()
            .is_some_and(crate::exchange::Response::is_success)
        {
            return Ok(());
        }
        self.must_be_gone(resource, id, write.place, write.call.evidence)
            .await
    }

    /// 404 by id, nothing by name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_be_gone(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let name = self
            .with_book(|b| b.get(resource, id).map(|a| a.name.clone()))
            .unwrap_or_default();
        let subjects = vec![Subject::Resource(resource, id.to_owned())];
        let mut settling = Settling::new(self.run.settle_for("delete"));
        let sent = loop {
            let sent = self.read(resource, id, place).await?;
            if sent.exchange.status() == Some(404) || !settling.again().await {
                break sent;
            }
        };
        if sent
            .exchange
            .response()
            .is_some_and(crate::exchange::Response::is_success)
        {
            self.run.never_settled("delete");
            let seen = Seen::new(
                &state::IGNORED,
                "404 after the delete",
                format!("{}", status_word(&sent.exchange)),
            )
            .facet(format!("delete {}", resource.word()));
            self.observe(seen, &Context::new(place, &sent, subjects, evidence));
            return Ok(());
        }
        self.with_book(|b| {
            if let Some(account) = b.get_mut(resource, id) {
                account.gone = true;
            }
        });
        self.run.ledger.release(resource, id);
        let (found, sent) = self.find(resource, &name, place).await?;
        if let Match::One { id: found, .. } = &found
            && found == id
        {
            let seen = Seen::new(
                &lookup::FORMER_NAME,
                "totalResults 0 after the delete",
                "the deleted one",
            )
            .facet(format!("deleted {}", resource.word()));
            self.observe(seen, &Context::new(place, &sent, subjects, evidence));
        }
        Ok(())
    }

    /// Reads by id until the frame rule holds or the bound is reached, then goes on from what is really there.
    async fn read_back(
        &self,
        resource: Resource,
        id: &str,
        change: &Change<'_>,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let before = self.with_book(|b| b.get(resource, id).and_then(|a| a.state.clone()));
        let before = change.base.or(before.as_ref());
        let was_members = self
            .with_book(|b| b.get(resource, id).map(|a| a.members.clone()))
            .unwrap_or_default();
        let wanted_members = change
            .members
            .map_or_else(|| was_members.clone(), |c| c.apply(&was_members));
        let kind = format!("{} {}", write.call.request.method, resource.word());
        let mut settling = Settling::new(self.run.settle_for(&kind));
        let (sent, differences, there, settled) = loop {
            let sent = self.read(resource, id, write.place).await?;
            let now = sent
                .exchange
                .response()
                .filter(|r| r.is_success())
                .and_then(|r| r.json());
            let differences = now
                .map(|now| frame::compare(before, now, change.sets, resource == Resource::User))
                .unwrap_or_default();
            let there = now.map(|now| frame::members(now).unwrap_or_default());
            let members_right = resource == Resource::User
                || there
                    .as_ref()
                    .is_some_and(|t| t.iter().cloned().collect::<BTreeSet<_>>() == wanted_members);
            let settled = now.is_some() && differences.is_empty() && members_right;
            if settled || !settling.again().await {
                if !settled {
                    self.run.never_settled(&kind);
                }
                break (sent, differences, there, settled);
            }
        };
        let subjects = vec![Subject::Resource(resource, id.to_owned())];
        let context = self.context(write, &sent, subjects);
        if !sent
            .exchange
            .response()
            .is_some_and(crate::exchange::Response::is_success)
        {
            if !sent.broken {
                let inactive = self.with_book(|b| b.get(resource, id).is_some_and(|a| a.inactive));
                let facet = if inactive {
                    "inactive".to_owned()
                } else {
                    format!("{} after {}", resource.word(), write.call.request.method)
                };
                let seen =
                    Seen::new(&state::READABLE, "200", status_word(&sent.exchange)).facet(facet);
                self.observe(
                    seen,
                    &Context {
                        loses_data: true,
                        ..context
                    },
                );
            }
            return Ok(());
        }
        self.report_lag(&settling, settled, &context);
        let now = sent.exchange.response().and_then(|r| r.json());
        self.report_id(now, id, &context);
        self.report_differences(resource, &differences, write, &context);
        if resource == Resource::Group {
            self.report_members(
                change,
                &was_members,
                &wanted_members,
                there.unwrap_or_default(),
                write,
                &context,
            );
        }
        self.with_book(|book| {
            if let Some(account) = book.get_mut(resource, id) {
                account.state = now.cloned();
            }
        });
        Ok(())
    }

    fn report_lag(&self, settling: &Settling, settled: bool, context: &Context<'_>) {
        let lag = settling.waited().filter(|lag| *lag >= NOTEWORTHY_LAG);
        if let Some(lag) = lag.filter(|_| settled) {
            let seen = Seen::new(
                &state::LAG,
                "visible at once",
                format!("visible after {:.1} s", lag.as_secs_f64()),
            );
            self.observe(seen, context);
        }
    }

    fn report_id(&self, now: Option<&Value>, id: &str, context: &Context<'_>) {
        if let Some(other) = now.and_then(reading::id_of).filter(|other| other != id) {
            let seen = Seen::new(
                &sequence::ID_CHANGED,
                "the id that was asked for",
                "another id",
            )
            .at("/id");
            let _ = other;
            self.observe(
                seen,
                &Context {
                    loses_data: true,
                    ..context.clone()
                },
            );
        }
    }

    fn report_differences(
        &self,
        resource: Resource,
        differences: &[Difference],
        write: Write<'_>,
        context: &Context<'_>,
    ) {
        let method = write.call.request.method.as_str().to_lowercase();
        for difference in differences {
            let mut context = Context {
                loses_data: true,
                ..context.clone()
            };
            let seen = match difference {
                Difference::NotApplied { at, wanted, got } => {
                    let facet = if at == "active" {
                        format!("active by {method}")
                    } else {
                        at.clone()
                    };
                    Seen::new(&state::APPLIED, show(Some(wanted)), show(got.as_ref()))
                        .facet(facet)
                        .at(at)
                }
                Difference::Ignored { at, wanted, got } => Seen::new(
                    &state::IGNORED,
                    show(Some(wanted)),
                    format!("{}, as before", show(got.as_ref())),
                )
                .facet(format!("{method} {}", resource.word()))
                .at(at),
                Difference::Dropped { at, wanted, got } => {
                    context.loses_data = false;
                    Seen::new(&state::DROPPED, show(Some(wanted)), show(got.as_ref()))
                        .facet(at)
                        .at(at)
                }
                Difference::NotCleared { at, got } => {
                    // How Okta clears a value is inferred.
                    context.loses_data = false;
                    context.evidence = Evidence::Inferred;
                    Seen::new(&state::APPLIED, "nothing", show(Some(got)))
                        .facet("cleared value")
                        .at(at)
                }
                Difference::Case { at, wanted, got } => {
                    Seen::new(&state::CASE, show(Some(wanted)), show(Some(got)))
                        .facet(at)
                        .at(at)
                }
                Difference::Unicode { at, wanted, got } => {
                    context.loses_data = false;
                    Seen::new(&state::UNICODE, escaped(wanted), escaped(got)).at(at)
                }
                Difference::Untouched { at, was, got } => {
                    Seen::new(&state::UNTOUCHED, show(Some(was)), show(got.as_ref()))
                        .facet(format!("{at} by {method}"))
                        .at(at)
                }
            };
            self.observe(seen, &context);
        }
    }

    fn report_members(
        &self,
        change: &Change<'_>,
        was: &BTreeSet<String>,
        wanted: &BTreeSet<String>,
        there: Vec<String>,
        write: Write<'_>,
        context: &Context<'_>,
    ) {
        let count = there.len();
        let there: BTreeSet<String> = there.into_iter().collect();
        if there.len() < count {
            let seen = Seen::new(
                &membership::REPEATED,
                format!("{} members", there.len()),
                format!("{count} entries"),
            )
            .at("/members");
            self.observe(seen, context);
        }
        if &there != wanted {
            let facet = match (write.call.request.method, change.members) {
                (crate::exchange::Method::Post, _) => "create",
                (crate::exchange::Method::Put, _) => "put",
                (_, None) => "rename",
                (_, Some(MemberChange::Replace(all))) if all.is_empty() => "empty",
                (_, Some(MemberChange::Replace(_))) => "replace",
                (_, Some(MemberChange::Delta { remove, .. }))
                    if !remove.is_disjoint(&there)
                        || removed_too_much(remove, was, wanted, &there) =>
                {
                    "remove"
                }
                _ => "add",
            };
            self.observe(
                membership_seen(facet, wanted, &there),
                &Context {
                    loses_data: true,
                    ..context.clone()
                },
            );
        }
        if let Some(Subject::Resource(_, id)) = context.subjects.first() {
            if there.is_empty() && !wanted.is_empty() {
                // Maybe membership is never shown; then what was pushed is the best knowledge there is.
                self.with_book(|b| {
                    if let Some(account) = b.get_mut(Resource::Group, id) {
                        account.members.clone_from(wanted);
                    }
                });
            } else {
                self.accept_members(id, &there);
            }
        }
    }

    fn accept_members(&self, group: &str, there: &BTreeSet<String>) {
        self.with_book(|b| {
            if let Some(account) = b.get_mut(Resource::Group, group) {
                account.members.clone_from(there);
            }
        });
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
        let differences = frame::compare(Some(&before), &now, &[], resource == Resource::User);
        let context = self.context(
            write,
            &sent,
            vec![Subject::Resource(resource, id.to_owned())],
        );
        if let Some(Difference::Untouched { at, was, got }) = differences.first() {
            let seen = Seen::new(&state::REFUSAL, show(Some(was)), show(got.as_ref()))
                .facet(format!("{} {}", write.call.request.method, resource.word()))
                .at(at);
            self.observe(
                seen,
                &Context {
                    loses_data: true,
                    ..context
                },
            );
        }
        let there: BTreeSet<String> = frame::members(&now)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let wanted = self
            .with_book(|b| b.get(resource, id).map(|a| a.members.clone()))
            .unwrap_or_default();
        if resource == Resource::Group && there != wanted {
            let context = self.context(
                write,
                &sent,
                vec![Subject::Resource(resource, id.to_owned())],
            );
            self.observe(
                membership_seen("refused", &wanted, &there),
                &Context {
                    loses_data: true,
                    ..context
                },
            );
            self.accept_members(id, &there);
        }
        self.with_book(|b| {
            if let Some(account) = b.get_mut(resource, id) {
                account.state = Some(now);
            }
        });
        Ok(())
    }

    /// A look-up by its name must find exactly this resource.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_find(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let Some(name) = self.with_book(|b| b.get(resource, id).map(|a| a.name.clone())) else {
            return Ok(());
        };
        self.must_find_as(resource, id, &name, None, place, evidence)
            .await
    }

    /// A look-up by `name` must find exactly this resource; `facet` says what is special about the name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_find_as(
        &self,
        resource: Resource,
        id: &str,
        name: &str,
        facet: Option<&str>,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let kind = format!(
            "look-up {} {}",
            resource.word(),
            facet.or(place.facet.as_deref()).unwrap_or_default()
        );
        let mut settling = Settling::new(self.run.settle_for(&kind));
        let (found, sent) = loop {
            let (found, sent) = self.find(resource, name, place).await?;
            let right = matches!(&found, Match::One { id: found, .. } if found == id);
            if right || !settling.again().await {
                if !right {
                    self.run.never_settled(&kind);
                }
                break (found, sent);
            }
        };
        let subjects = vec![
            Subject::Resource(resource, id.to_owned()),
            Subject::name(resource, name),
        ];
        let context = Context {
            loses_data: true,
            ..Context::new(place, &sent, subjects, evidence)
        };
        // Two records of one name, an earlier fault, are both right answers.
        let rivals: Vec<String> = self.with_book(|b| {
            b.named(resource, name)
                .iter()
                .map(|a| a.id.clone())
                .collect()
        });
        let seen = match &found {
            Match::One { id: found, .. } if found == id => return Ok(()),
            Match::One { id: found, .. } if rivals.contains(found) => {
                self.not_found(resource, id, place, "another one of the same name")
            }
            Match::One { .. } => Seen::new(&lookup::ONLY_EXACT, "this resource", "somebody else")
                .facet(resource.word()),
            Match::Many(n) if rivals.len() as u64 >= *n && *n > 1 => return Ok(()),
            Match::Many(n) => Seen::new(
                &lookup::ONLY_EXACT,
                "one resource",
                format!("{n} resources"),
            )
            .facet(resource.word()),
            Match::None => self.not_found(
                resource,
                id,
                place,
                &format!("{}, totalResults 0", status_word(&sent.exchange)),
            ),
            Match::Unreadable(_) if sent.broken => return Ok(()),
            Match::Unreadable(_) => {
                self.not_found(resource, id, place, &status_word(&sent.exchange))
            }
        };
        let seen = match facet {
            Some(facet)
                if seen.check == &lookup::FINDS_USER || seen.check == &lookup::FINDS_GROUP =>
            {
                seen.facet(facet)
            }
            _ => seen,
        };
        self.observe(seen, &context);
        Ok(())
    }

    /// The finding that a resource is not found by its name, by what is special about it.
    fn not_found(&self, resource: Resource, id: &str, place: &Place, got: &str) -> Seen {
        let wanted = "totalResults 1, this resource";
        if let Some(case) = place.facet.as_ref().filter(|_| self.is_about_characters()) {
            return Seen::new(&lookup::SPECIAL, wanted, got).facet(case);
        }
        let check = if resource == Resource::User {
            &lookup::FINDS_USER
        } else {
            &lookup::FINDS_GROUP
        };
        if let Some(case) = &place.facet {
            return Seen::new(check, wanted, got).facet(case);
        }
        let facet = self.with_book(|b| match b.get(resource, id) {
            Some(a) if a.inactive => "inactive",
            Some(a) if a.former_name.is_some() => "after-rename",
            Some(a)
                if a.name.bytes().any(|b| b.is_ascii_uppercase()) && resource == Resource::User =>
            {
                LETTER_CASE
            }
            Some(a) if a.email().is_some_and(|email| email != a.name) => LOGIN_NOT_EMAIL,
            _ => "after-create",
        });
        Seen::new(check, wanted, got).facet(facet)
    }

    /// After a rename nobody must be found by the former name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn former_name_must_be_free(
        &self,
        resource: Resource,
        id: &str,
        former: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let taken = self.with_book(|b| !b.named(resource, former).is_empty());
        if taken {
            // Somebody else has it now, or only the case has changed.
            return Ok(());
        }
        let mut settling = Settling::new(self.run.settle_for("former name"));
        let (found, sent) = loop {
            let (found, sent) = self.find(resource, former, place).await?;
            if found == Match::None || !settling.again().await {
                break (found, sent);
            }
        };
        let subjects = vec![
            Subject::Resource(resource, id.to_owned()),
            Subject::name(resource, former),
        ];
        let context = Context {
            loses_data: true,
            ..Context::new(place, &sent, subjects, evidence)
        };
        let seen = match found {
            Match::One { id: found, .. } if found == id => Seen::new(
                &lookup::FORMER_NAME,
                "totalResults 0 for the former name",
                "the renamed one",
            ),
            Match::One { .. } | Match::Many(_) => Seen::new(
                &lookup::ONLY_EXACT,
                "totalResults 0 for the former name",
                "somebody else",
            ),
            Match::None | Match::Unreadable(_) => return Ok(()),
        };
        self.run.never_settled("former name");
        self.observe(seen.facet(resource.word()), &context);
        Ok(())
    }

    /// Reads one by id.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn read(&self, resource: Resource, id: &str, place: &Place) -> Result<Sent, NotSent> {
        let call = observer_call(
            self.client.read(resource, id),
            Intent::Read {
                resource,
                id: id.to_owned(),
            },
        );
        self.perform(&call, Origin::Observe, place).await
    }

    /// Reads one by id; `None` when there is no such answer.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn get(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<Option<(Sent, Value)>, NotSent> {
        let sent = self.read(resource, id, place).await?;
        let json = sent
            .exchange
            .response()
            .filter(|r| r.is_success())
            .and_then(|r| r.json())
            .cloned();
        Ok(json.map(|json| (sent, json)))
    }

    /// Looks one up by name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn find(
        &self,
        resource: Resource,
        name: &str,
        place: &Place,
    ) -> Result<(Match, Sent), NotSent> {
        let call = observer_call(
            self.client.look_up(resource, name),
            Intent::LookUp {
                resource,
                name: name.to_owned(),
            },
        );
        let sent = self.perform(&call, Origin::Observe, place).await?;
        let found = match sent.exchange.response() {
            Some(response) if response.is_success() || response.status == 404 => {
                reading::look_up(response)
            }
            _ => Match::Unreadable(reading::failure(&sent.exchange)),
        };
        Ok((found, sent))
    }

    /// An import must see every account of the scenario exactly once, and nothing past the end.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn judge_import(
        &self,
        resource: Resource,
        pages: &[Sent],
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let Some(last) = pages.last() else {
            return Ok(());
        };
        if pages.iter().any(|p| {
            p.broken
                || !p
                    .exchange
                    .response()
                    .is_some_and(crate::exchange::Response::is_success)
        }) {
            return Ok(());
        }
        let mut times: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for page in pages {
            let json = page.exchange.response().and_then(|r| r.json());
            for one in json
                .and_then(|j| j.get("Resources"))
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                *times
                    .entry(reading::id_of(one).unwrap_or_default())
                    .or_default() += 1;
            }
        }
        let ours: Vec<String> =
            self.with_book(|b| b.existing(resource).map(|a| a.id.clone()).collect());
        let missing = ours.iter().filter(|id| !times.contains_key(*id)).count();
        let context = Context {
            loses_data: true,
            ..Context::new(place, last, vec![Subject::List(resource)], evidence)
        };
        if missing > 0 {
            let seen = Seen::new(
                &list::COMPLETE,
                format!("all {} of this run's {}s", ours.len(), resource.word()),
                format!("{missing} are missing"),
            )
            .facet(resource.word());
            self.observe(seen, &context);
        }
        let repeated = times.values().filter(|n| **n > 1).count();
        if repeated > 0 {
            let seen = Seen::new(
                &list::REPEATS,
                "each once",
                format!("{repeated} more than once"),
            )
            .facet(resource.word());
            self.observe(seen, &context);
        }
        self.past_the_end(resource, last, place, evidence).await
    }

    async fn past_the_end(
        &self,
        resource: Resource,
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let total = last
            .exchange
            .response()
            .and_then(|r| reading::page(r).ok().map(|p| p.total))
            .unwrap_or_default();
        let start_index = total.saturating_add(1);
        let request = self.client.list(resource, start_index, 100);
        let call = Call {
            evidence,
            ..observer_call(
                request,
                Intent::List {
                    resource,
                    start_index,
                    count: 100,
                },
            )
        };
        self.perform(&call, Origin::Observe, place)
            .await
            .map(|_| ())
    }

    /// A group must show exactly these members.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_have_members(
        &self,
        group: &str,
        wanted: BTreeSet<String>,
        place: &Place,
    ) -> Result<(), NotSent> {
        let Some((sent, now)) = self.get(Resource::Group, group, place).await? else {
            return Ok(());
        };
        let there: BTreeSet<String> = frame::members(&now)
            .unwrap_or_default()
            .into_iter()
            .collect();
        if there != wanted {
            let subjects = vec![Subject::Resource(Resource::Group, group.to_owned())];
            let context = Context {
                loses_data: true,
                ..Context::new(place, &sent, subjects, Evidence::Documented)
            };
            self.observe(membership_seen("later", &wanted, &there), &context);
        }
        Ok(())
    }

    /// What it means that a job ended early.
    pub fn judge_trouble(
        &self,
        trouble: &crate::okta::drive::Trouble,
        job: &job::Job,
        last: Option<&(Intent, Sent)>,
        place: &Place,
    ) {
        use crate::okta::drive::Cause;
        let Some((intent, sent)) = last else { return };
        let request = &sent.exchange.request;
        let endpoint = if request.target.starts_with("/Groups") {
            Resource::Group
        } else {
            Resource::User
        };
        let looked_up = job
            .requests
            .iter()
            .any(|t| t.slot == trouble.slot && t.reads.is_some());
        let status = sent.exchange.status().unwrap_or_default();
        let (seen, refusal) = match &trouble.cause {
            Cause::Refused(_)
                if looked_up && place.facet.is_some() && self.is_about_characters() =>
            {
                let facet = place.facet.clone().unwrap_or_default();
                (
                    Seen::new(&lookup::SPECIAL, "200", status_word(&sent.exchange)).facet(facet),
                    place.may_refuse && status < 500,
                )
            }
            Cause::Refused(_) => {
                let check = if status >= 500 && status != 501 {
                    &sequence::SERVER_ERROR
                } else {
                    &sequence::REFUSED
                };
                let facet = match endpoint {
                    // A server refuses PATCH of users as a whole, but group requests one by one.
                    Resource::User => format!(
                        "{} {}",
                        trouble.method,
                        if looked_up { "look-up" } else { "user" }
                    ),
                    Resource::Group => format!("{} group {}", trouble.method, trouble.slot),
                };
                (
                    Seen::new(check, "2xx", status_word(&sent.exchange)).facet(facet),
                    place.may_refuse && (400..500).contains(&status),
                )
            }
            Cause::Unreadable(text) if trouble.slot == "create" => (
                Seen::new(&create::RETURNS, "the new resource", text.clone())
                    .facet(endpoint.word()),
                false,
            ),
            Cause::Unreadable(_) if !sent.broken => (
                Seen::new(
                    &list::READABLE,
                    "an answer that Okta can read",
                    what(
                        sent.exchange
                            .response()
                            .and_then(|r| r.json())
                            .unwrap_or(&Value::Null),
                    ),
                ),
                false,
            ),
            // Seen by the look at the exchange alone, or by the look-up's own judgement.
            Cause::Unreadable(_) | Cause::NoAnswer(_) | Cause::Many(_) | Cause::NotSent(_) => {
                return;
            }
        };
        let subjects = super::session::subjects_of(intent);
        let context = Context {
            admin_sees: Some(trouble.admin_sees.clone()),
            refusal,
            ..Context::new(place, sent, subjects, trouble.evidence)
        };
        self.observe(seen, &context);
    }

    /// The rows of this scenario's table differ by the characters in names.
    fn is_about_characters(&self) -> bool {
        self.scenario.starts_with("special-characters/")
    }
}

/// What a look-up is about that goes by the e-mail in place of the login.
const LOGIN_NOT_EMAIL: &str = "login-is-not-the-email";

/// What a look-up that depends on upper and lower case is about.
pub const LETTER_CASE: &str = "letter-case";

/// What an update was to change.
struct Change<'a> {
    name: Option<&'a str>,
    base: Option<&'a Value>,
    sets: &'a [Set],
    members: Option<&'a MemberChange>,
}

fn wanted_words(wanted: &[String]) -> &'static str {
    if wanted.is_empty() {
        "nobody (totalResults 0)"
    } else {
        "exactly the account of that name"
    }
}

fn removed_too_much(
    remove: &BTreeSet<String>,
    was: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
    there: &BTreeSet<String>,
) -> bool {
    !remove.is_empty() && was.intersection(wanted).any(|id| !there.contains(id))
}

fn membership_seen(facet: &str, wanted: &BTreeSet<String>, there: &BTreeSet<String>) -> Seen {
    let missing = wanted.difference(there).count();
    let extra = there.difference(wanted).count();
    let got = match (there.len(), missing, extra) {
        (0, _, _) => NO_MEMBERS.to_owned(),
        (n, 0, extra) => format!("{n} members, {extra} too many"),
        (n, missing, 0) => format!("{n} members, {missing} missing"),
        (n, missing, extra) => format!("{n} members, {missing} missing and {extra} too many"),
    };
    Seen::new(
        &membership::MATCHES,
        format!("{} members", wanted.len()),
        got,
    )
    .facet(facet)
    .at("/members")
}

fn names_it(resource: &Value, kind: Resource, name: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    resource
        .get(kind.name_attribute())
        .and_then(Value::as_str)
        .is_some_and(|n| n.to_lowercase().nfc().eq(name.to_lowercase().nfc()))
}

fn status_word(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Ok(response) => format!("{} {}", response.status, reading::reason(response.status)),
        Err(error) => error.to_string(),
    }
}

fn show(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(120) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

/// Non-ASCII as escapes, because both forms look the same.
fn escaped(value: &Value) -> String {
    show(Some(value))
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                format!("\\u{{{:x}}}", c as u32)
            }
        })
        .collect()
}
