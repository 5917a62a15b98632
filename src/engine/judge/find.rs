//! Look-ups: Okta's own, and the judge's after every write.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{guard, lookup};
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Match};
use crate::okta::request::{Call, Intent, Resource};
use crate::scenario::Circumstance;

use super::super::answers::Look;
use super::super::book::{Account, Subject};
use super::super::ownership::Standing;
use super::super::session::{Context, Place, Sent, Session, observer_call};
use super::super::target::Settling;
use super::{Write, good, status_word};

/// What a look-up that depends on upper and lower case is about.
pub const LETTER_CASE: &str = "letter-case";
const AFTER_CREATE: &str = "after-create";
const AFTER_RENAME: &str = "after-rename";
const INACTIVE: &str = "inactive";
const NOT_THE_EMAIL: &str = "login-is-not-the-email";
const AMONG_MANY: &str = "among-many";
/// From here on somebody who is not found may be out of reach because there are so many.
const MANY: usize = 50;

impl Session {
    /// What Okta's look-up found, against what it must find. A stranger stops the job.
    pub(super) async fn judge_look_up(
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
        let wanted = self.ids_named(resource, name);
        let subjects = vec![Subject::name(resource, name)];
        let context = self.context(write, write.sent, subjects);
        if response.status == 404 && found == Match::None {
            let seen = Seen::new(&lookup::NOBODY, "200 and totalResults 0", "404");
            self.observe(seen.facet(resource.word()), &context);
        }
        match found {
            Match::One { id, .. } if wanted.contains(&id) => Ok(()),
            Match::One { id, .. }
                if self.is_lost_one(resource, &id, name, write.sent)
                    && self.claim_lost(resource, &id, name, write.place).await? =>
            {
                Ok(())
            }
            // It has the right name, and no read by its id can be made anything of, which is seen there.
            Match::One { id, .. }
                if self.ledger.standing(resource, &id) == Standing::Named
                    && !wanted.contains(&id) =>
            {
                Err(NotSent::Unproven)
            }
            Match::One { id, .. } => {
                self.observe(
                    self.somebody_else(resource, &id, &wanted),
                    &context.losing_data(),
                );
                Err(NotSent::NotOurs)
            }
            // One record shown twice, or two of ours with one name: seen where it came about.
            Match::Many(n)
                if distinct_ids(write.sent).len() < 2 && write.sent.broken
                    || wanted.len() as u64 >= n =>
            {
                Ok(())
            }
            Match::Many(n) => {
                let admin = format!(
                    "Multiple {}s found. Expected 0 or 1 results but was [{n}]",
                    resource.word()
                );
                let seen = Seen::new(
                    &lookup::ONLY_EXACT,
                    wanted_words(&wanted),
                    format!("{n} resources"),
                );
                self.observe(
                    seen.facet(resource.word()),
                    &Context {
                        admin_sees: Some(admin),
                        ..context
                    },
                );
                Ok(())
            }
            Match::None => {
                if let Some(id) = wanted.first() {
                    let seen = self.not_found(resource, id, write.place, "totalResults 0");
                    self.observe(seen, &context);
                }
                Ok(())
            }
            Match::Unreadable(_) => Ok(()),
        }
    }

    fn ids_named(&self, resource: Resource, name: &str) -> Vec<String> {
        self.with_book(|b| {
            let named = b.named(resource, name).into_iter();
            named.map(|a| a.id.clone()).collect()
        })
    }

    /// A look-up finds one, and it is not the one.
    fn somebody_else(&self, resource: Resource, id: &str, wanted: &[String]) -> Seen {
        let word = resource.word();
        let deleted = self.with_book(|b| b.get(resource, id).is_some_and(|a| a.gone));
        if deleted {
            Seen::new(&lookup::FORMER_NAME, "totalResults 0", "the deleted one")
                .facet(format!("deleted {word}"))
        } else if self.ledger.knows(resource, id) {
            Seen::new(
                &lookup::ONLY_EXACT,
                wanted_words(wanted),
                "somebody else of this run",
            )
            .facet(word)
        } else {
            Seen::new(
                &guard::SOMEBODY_ELSE,
                wanted_words(wanted),
                "one resource that this run did not make",
            )
            .facet(format!("look-up {word}"))
        }
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
        facet: Option<&'static str>,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let special = facet.unwrap_or_else(|| self.special(resource, id));
        let row = place.facet.as_deref().unwrap_or_default();
        let kind = format!("look-up {} {special} {row}", resource.word());
        let mut settling = Settling::new(match self.run.is_hopeless(&kind) {
            true => Duration::ZERO,
            false => self.run.settle,
        });
        let mut look = Look::Known;
        let (found, sent) = loop {
            let (found, sent) = self.find(resource, name, look, place).await?;
            look = Look::Fresh;
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
        let rivals = self.ids_named(resource, name);
        let not_found = |got: &str| match facet {
            Some(facet) => self.not_found_because(resource, facet, place, got),
            None => self.not_found(resource, id, place, got),
        };
        let only_exact = |got: String| {
            Seen::new(&lookup::ONLY_EXACT, "this resource alone", got).facet(resource.word())
        };
        let seen = match &found {
            Match::One { id: found, .. } if found == id => {
                self.report_lag(&settling, true, &context);
                if !settling.has_waited() {
                    self.with_book(|book| book.note_found(resource, name));
                }
                return Ok(());
            }
            Match::One { id: found, .. } if rivals.contains(found) => {
                not_found("another one of the same name")
            }
            Match::One { .. } => only_exact("somebody else".to_owned()),
            Match::Many(_) if sent.broken && distinct_ids(&sent).len() < 2 => return Ok(()),
            Match::Many(n) if rivals.len() as u64 >= *n => return Ok(()),
            Match::Many(n) => only_exact(format!("{n} resources")),
            Match::None => not_found(&format!("{}, totalResults 0", status_word(&sent.exchange))),
            Match::Unreadable(_) if sent.broken => return Ok(()),
            Match::Unreadable(_) => not_found(&status_word(&sent.exchange)),
        };
        self.observe(seen, &context);
        Ok(())
    }

    /// The finding that a resource is not found by its name, by what is special about it.
    pub(super) fn not_found(&self, resource: Resource, id: &str, place: &Place, got: &str) -> Seen {
        self.not_found_because(resource, self.special(resource, id), place, got)
    }

    /// What is special about a resource that has to be found.
    fn special(&self, resource: Resource, id: &str) -> &'static str {
        self.with_book(|b| match b.get(resource, id) {
            Some(account) => special_about(resource, account, b.existing(resource).count()),
            None => AFTER_CREATE,
        })
    }

    fn not_found_because(
        &self,
        resource: Resource,
        facet: &'static str,
        place: &Place,
        got: &str,
    ) -> Seen {
        let wanted = "totalResults 1, this resource";
        let check = if resource == Resource::User {
            &lookup::FINDS_USER
        } else {
            &lookup::FINDS_GROUP
        };
        // Whoever is never found is not found because of any of these.
        let general = match facet {
            LETTER_CASE | NOT_THE_EMAIL | AMONG_MANY => AFTER_CREATE,
            other => other,
        };
        let seen = if place.facet.is_none() {
            Seen::new(check, wanted, got).facet(facet)
        } else if self.is_in(Circumstance::Characters) {
            Seen::new(&lookup::SPECIAL, wanted, got).or(check, facet)
        } else {
            Seen::new(check, wanted, got).or(check, facet)
        };
        if general == facet {
            seen
        } else {
            seen.or(check, general)
        }
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
            // Somebody else has it now, or only the case has changed, or the change was refused.
            return Ok(());
        }
        let mut settling = Settling::new(self.run.settle_for("former name"));
        let mut look = Look::Known;
        let (found, sent) = loop {
            let (found, sent) = self.find(resource, former, look, place).await?;
            look = Look::Fresh;
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
        let wanted = "totalResults 0 for the former name";
        let seen = match found {
            Match::One { id: found, .. } if found == id => {
                Seen::new(&lookup::FORMER_NAME, wanted, "the renamed one")
            }
            Match::Many(_) if sent.broken => return Ok(()),
            Match::One { .. } | Match::Many(_) => {
                Seen::new(&lookup::ONLY_EXACT, wanted, "somebody else")
            }
            Match::None => {
                self.report_lag(&settling, true, &context);
                return Ok(());
            }
            Match::Unreadable(_) => return Ok(()),
        };
        self.run.never_settled("former name");
        self.observe(seen.facet(resource.word()), &context);
        Ok(())
    }

    /// Looks one up by name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn find(
        &self,
        resource: Resource,
        name: &str,
        look: Look,
        place: &Place,
    ) -> Result<(Match, Sent), NotSent> {
        let call = self.looking_up(resource, name);
        let sent = self.observed(call, look, place).await?;
        let found = match sent.exchange.response() {
            Some(response) if response.is_success() || response.status == 404 => {
                reading::look_up(response)
            }
            _ => Match::Unreadable(reading::failure(&sent.exchange)),
        };
        Ok((found, sent))
    }

    /// The look-up of one by its name.
    pub(super) fn looking_up(&self, resource: Resource, name: &str) -> Call {
        let intent = Intent::LookUp {
            resource,
            name: name.to_owned(),
        };
        let request = self.client.look_up(resource, name, self.variants);
        observer_call(request, intent)
    }

    /// The id of the only resource of exactly this name, with the exchange that shows it.
    pub(super) async fn find_exactly(
        &self,
        resource: Resource,
        name: &str,
        place: &Place,
    ) -> Result<Option<(String, Sent)>, NotSent> {
        let (found, sent) = self.find(resource, name, Look::Fresh, place).await?;
        let Match::One { id, .. } = found else {
            return Ok(None);
        };
        Ok(shows_name(&sent, resource, name).then_some((id, sent)))
    }
}

/// Whether the first resource of a list has exactly this name.
pub(super) fn shows_name(sent: &Sent, resource: Resource, name: &str) -> bool {
    good(&sent.exchange)
        .and_then(|list| reading_resources(list).first())
        .is_some_and(|one| super::names_it(one, resource, name))
}

/// What is special about somebody who is not found.
fn special_about(resource: Resource, account: &Account, existing: usize) -> &'static str {
    let user = resource == Resource::User;
    if account.inactive {
        INACTIVE
    } else if account.former_name.is_some() {
        AFTER_RENAME
    } else if user && !has_address(account, &account.name) {
        NOT_THE_EMAIL
    } else if user && account.name.bytes().any(|b| b.is_ascii_uppercase()) {
        LETTER_CASE
    } else if existing > MANY {
        AMONG_MANY
    } else {
        AFTER_CREATE
    }
}

/// Whether the account, as last read, has this address; unknown counts as yes.
fn has_address(account: &Account, address: &str) -> bool {
    let Some(emails) = account
        .state
        .as_ref()
        .and_then(|s| s.get("emails"))
        .and_then(Value::as_array)
    else {
        return true;
    };
    emails
        .iter()
        .filter_map(|e| e.get("value").and_then(Value::as_str))
        .any(|value| super::same_name(value, address))
}

fn reading_resources(list: &Value) -> &[Value] {
    ["Resources", "resources"]
        .iter()
        .find_map(|key| list.get(*key).and_then(Value::as_array))
        .map_or(&[], Vec::as_slice)
}

fn distinct_ids(sent: &Sent) -> BTreeSet<String> {
    good(&sent.exchange)
        .map(reading_resources)
        .unwrap_or_default()
        .iter()
        .filter_map(reading::id_of)
        .collect()
}

fn wanted_words(wanted: &[String]) -> &'static str {
    if wanted.is_empty() {
        "nobody (totalResults 0)"
    } else {
        "exactly the account of that name"
    }
}
