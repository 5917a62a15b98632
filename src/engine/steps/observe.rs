//! What must hold at the target, where a scenario says so.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{lookup, sequence, state};
use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::app::Verb;
use crate::okta::drive::NotSent;
use crate::okta::reading::Match;
use crate::okta::request::Resource;
use crate::scenario::{GroupMust, Observe, PersonMust, Step};

use super::super::answers::Look;
use super::super::book::Subject;
use super::super::judge::{self, LETTER_CASE};
use super::super::session::{Context, Place};
use super::{BrokenOff, Running, broken_off};

impl Running<'_> {
    pub(super) async fn observe(
        &mut self,
        n: usize,
        observe: &Observe,
        step: &Step,
    ) -> Result<(), BrokenOff> {
        match observe {
            Observe::Person { key, must } => {
                let place = self.stage.place(n, &format!("observe {key}"), step);
                for must in must {
                    self.person_must(key, must, &place)
                        .await
                        .map_err(broken_off)?;
                }
            }
            Observe::Group { key, must } => {
                let place = self.stage.place(n, &format!("observe {key}"), step);
                for must in must {
                    self.group_must(key, must, &place)
                        .await
                        .map_err(broken_off)?;
                }
            }
        }
        Ok(())
    }

    async fn person_must(
        &self,
        key: &str,
        must: &PersonMust,
        place: &Place,
    ) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let Some(person) = self.org.people.get(key) else {
            return Ok(());
        };
        // Whoever was never linked has met an observation already.
        let Some(id) = self.last_id(key) else {
            return Ok(());
        };
        match must {
            PersonMust::SameId => self.same_id(key, Resource::User, &id, place).await,
            PersonMust::Active(wanted) => {
                let Some((sent, now)) = session.get(Resource::User, &id, place).await? else {
                    return Ok(());
                };
                if now.get("active").and_then(Value::as_bool) == Some(!wanted) {
                    let subjects = session.with_book(|b| b.subjects(Resource::User, &id));
                    let context = Context {
                        loses_data: true,
                        ..Context::new(place, &sent, subjects, Evidence::Recorded)
                    };
                    let (app, apps) = (self.stage.app, &self.stage.behaviour.apps);
                    let traits = self.stage.variants.traits(app, apps.traits(app));
                    let method = match traits.state {
                        Verb::Put => Method::Put,
                        Verb::Patch => Method::Patch,
                    };
                    let seen = Seen::new(
                        &state::APPLIED,
                        format!("active {wanted}"),
                        format!("active {}", !wanted),
                    )
                    .facet(judge::active_facet(*wanted, method))
                    .at("/active");
                    session.observe(seen, &context);
                }
                Ok(())
            }
            PersonMust::FormerLoginFree => match self.former.get(key) {
                Some(former) => {
                    session
                        .former_name_must_be_free(
                            Resource::User,
                            &id,
                            former,
                            place,
                            Evidence::Recorded,
                        )
                        .await
                }
                None => Ok(()),
            },
            PersonMust::FoundInOtherCase => {
                let other = swap_case(&person.login);
                session
                    .must_find_as(
                        Resource::User,
                        &id,
                        &other,
                        Some(LETTER_CASE),
                        place,
                        Evidence::Documented,
                    )
                    .await
            }
            PersonMust::Accounts(wanted) => self.accounts(&id, *wanted, place).await,
        }
    }

    /// A look-up by the login that the account has finds this many.
    async fn accounts(&self, id: &str, wanted: u64, place: &Place) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        // A refused change leaves the account with the login that it had.
        let Some(login) = session.with_book(|b| b.get(Resource::User, id).map(|a| a.name.clone()))
        else {
            return Ok(());
        };
        let (found, sent) = session
            .find(Resource::User, &login, Look::Known, place)
            .await?;
        let count = match found {
            Match::None => 0,
            Match::One { .. } => 1,
            Match::Many(n) => n,
            Match::Unreadable(_) => return Ok(()),
        };
        if count == wanted || sent.broken {
            return Ok(());
        }
        let ours = session.with_book(|b| b.named(Resource::User, &login).len() as u64);
        let subjects = vec![
            Subject::Resource(Resource::User, id.to_owned()),
            Subject::name(Resource::User, &login),
        ];
        let context = Context {
            loses_data: true,
            ..Context::new(place, &sent, subjects, Evidence::Recorded)
        };
        if count < wanted {
            return session
                .must_find(Resource::User, id, place, Evidence::Recorded)
                .await;
        }
        let check = if ours >= count {
            &sequence::SECOND
        } else {
            &lookup::ONLY_EXACT
        };
        let seen = Seen::new(check, format!("{wanted} accounts"), count.to_string());
        session.observe(seen.facet(Resource::User.word()), &context);
        Ok(())
    }

    async fn group_must(&self, key: &str, must: &GroupMust, place: &Place) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let Some(id) = self.last_id(key) else {
            return Ok(());
        };
        if self.failed.contains(key) && !matches!(must, GroupMust::SameId) {
            // What the last push was to do has not come to pass, and why has been told.
            return Ok(());
        }
        match must {
            GroupMust::SameId => self.same_id(key, Resource::Group, &id, place).await,
            GroupMust::Members(keys) => {
                let wanted = keys.iter().filter_map(|k| self.last_id(k)).collect();
                session.must_have_members(&id, wanted, place).await
            }
            GroupMust::FormerNameFree => match self.former.get(key) {
                Some(former) => {
                    session
                        .former_name_must_be_free(
                            Resource::Group,
                            &id,
                            former,
                            place,
                            Evidence::Documented,
                        )
                        .await
                }
                None => Ok(()),
            },
            GroupMust::Gone => {
                let gone =
                    session.with_book(|b| b.get(Resource::Group, &id).is_some_and(|a| a.gone));
                if gone {
                    Ok(())
                } else {
                    session
                        .must_be_gone(Resource::Group, &id, place, Evidence::Documented)
                        .await
                }
            }
        }
    }

    /// The id is the one of the first link.
    async fn same_id(
        &self,
        key: &str,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<(), NotSent> {
        let first = self
            .ids
            .get(key)
            .and_then(|ids| ids.first())
            .cloned()
            .unwrap_or_default();
        let session = &*self.stage.session;
        let sent = session.read(resource, id, Look::Known, place).await?;
        if first != id {
            let name = self
                .org
                .people
                .get(key)
                .map(|p| p.login.clone())
                .or_else(|| self.org.groups.get(key).map(|g| g.name.clone()));
            let mut subjects = vec![
                Subject::Resource(resource, first),
                Subject::Resource(resource, id.to_owned()),
            ];
            subjects.extend(name.map(|n| Subject::name(resource, &n)));
            let context = Context {
                loses_data: true,
                ..Context::new(place, &sent, subjects, Evidence::Recorded)
            };
            let (wanted, got) = ("the id of the first time", "another id");
            let seen = match resource {
                Resource::User => Seen::new(&sequence::SECOND, wanted, got).facet(resource.word()),
                Resource::Group => Seen::new(&sequence::SECOND_GROUP, wanted, got),
            };
            session.observe(seen, &context);
        }
        Ok(())
    }
}

fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_uppercase() {
                c.to_ascii_lowercase()
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect()
}
