//! Creates: what they answer, and whom they make a second time.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{create, sequence};
use crate::check::frame;
use crate::okta::reading;
use crate::okta::request::{MemberChange, Resource};

use super::super::book::{Account, Members, Pending, Touched, same_name};
use super::super::patch::places;
use super::super::traffic::Captured;
use super::look_up::{check_of, is_there, special_about};
use super::{About, Judge};

impl Judge<'_> {
    pub(super) fn create(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        name: Option<&str>,
        body: Option<&Value>,
    ) {
        if !one.is_success() {
            if let Some(name) = name.filter(|_| one.from_okta) {
                self.conflict(n, one, resource, name);
            }
            return;
        }
        if !one.got_whole {
            return;
        }
        let Some(id) = one.good().and_then(reading::id_of) else {
            if one.from_okta {
                self.without_resource(n, one, resource);
            }
            return;
        };
        if one.from_okta && self.is_anothers(n, one, resource, name, &id) {
            return;
        }
        self.book.forget(resource, &id);
        let members = (resource == Resource::Group)
            .then(|| body.map(|body| frame::members(body).unwrap_or_default()))
            .flatten()
            .map(|members| members.into_iter().collect::<BTreeSet<_>>());
        let touched = body.map(places).unwrap_or_default();
        let account = self.book.entry(resource, &id);
        *account = Account {
            written: one.end,
            inactive: body.and_then(|b| b.get("active")) == Some(&Value::Bool(false)),
            members: members.clone(),
            pending: Some(Pending {
                touched: touched
                    .into_iter()
                    .map(|set| Touched { set, by: n })
                    .collect(),
                members: members.map(|wanted| Members {
                    was: Some(BTreeSet::new()),
                    change: MemberChange::Replace(wanted.clone()),
                    wanted,
                    by: n,
                }),
                last: n,
                end: one.end,
                answer: one.good().cloned(),
                ..Pending::default()
            }),
            ..Account::default()
        };
        if let Some(name) = name {
            account.call(name, one.end);
        }
        if !one.from_okta {
            account.muddle(one.end);
        }
    }

    /// Success, and nothing that Okta could store.
    fn without_resource(&mut self, n: usize, one: &Captured, resource: Resource) {
        let word = resource.word();
        let Some(response) = one.exchange.response() else {
            return;
        };
        // A body that is no JSON, or a resource without an id, was seen by the look at the exchange alone.
        if response.json().is_some_and(Value::is_object) {
            return;
        }
        let text = format!("Create new {word} returned empty {word}.");
        let got = format!("{} without a resource", response.status);
        let seen = Seen::new(&create::RETURNS, "the new resource", got).facet(word);
        self.observe(
            n,
            seen,
            About {
                error: Some(text),
                ..About::default()
            },
        );
    }

    /// Whether the answer names a resource that has another name, or makes a second one of the same name.
    fn is_anothers(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        name: Option<&str>,
        id: &str,
    ) -> bool {
        let Some(name) = name else { return false };
        let loses_data = About {
            loses_data: true,
            ..About::default()
        };
        let is_other = self.book.get(resource, id).is_some_and(|known| {
            !known.gone && known.name.as_ref().is_some_and(|n| !same_name(n, name))
        });
        if is_other {
            let seen = Seen::new(
                &create::RETURNS,
                "the new resource",
                "a resource that was there before, under another name",
            )
            .facet(resource.word())
            .at("/id");
            self.observe(n, seen, loses_data);
            return true;
        }
        let is_second = resource == Resource::User
            && self.book.named(resource, name).any(|(known, account)| {
                known != id
                    && is_there(account, one.start)
                    && (account.inactive || self.is_seen_later(resource, known, n))
            });
        if is_second {
            let seen = Seen::new(
                &sequence::SECOND,
                "the account that is there",
                "201 and another id",
            )
            .facet(resource.word());
            let follows = self.cause_of(resource, name, n);
            self.observe(
                n,
                seen,
                About {
                    follows,
                    ..loses_data
                },
            );
        }
        false
    }

    /// The observation that a look-up for this name has just not found it, if there is one.
    fn cause_of(&self, resource: Resource, name: &str, n: usize) -> Option<usize> {
        let looked = self.nobody.get(&(resource, name.to_lowercase()))?;
        let job = self.places.get(n)?.job;
        let exchange = format!("E{}", self.captured.get(*looked)?.number);
        let (check, _) = check_of(resource);
        self.judged
            .observations
            .get(job)?
            .iter()
            .position(|o| o.check.id == check.id && o.at.exchange.as_ref() == Some(&exchange))
    }

    /// 409 after a look-up that found nobody: the two contradict each other, unless another attribute is the reason.
    fn conflict(&mut self, n: usize, one: &Captured, resource: Resource, name: &str) {
        if one.exchange.status() != Some(409) {
            return;
        }
        let Some(looked) = self.nobody.get(&(resource, name.to_lowercase())).copied() else {
            return;
        };
        if self.cause_of(resource, name, n).is_some() || speaks_of_another_attribute(one) {
            return;
        }
        let facet = self
            .book
            .named(resource, name)
            .map(|(_, account)| special_about(account, name))
            .next();
        let (check, wanted) = check_of(resource);
        let seen = Seen::new(check, wanted, "totalResults 0, and then 409 for its create")
            .facet(facet.unwrap_or("409-after-nobody"));
        self.observe(
            looked,
            seen,
            About {
                loses_data: true,
                ..About::default()
            },
        );
    }

    /// The observation that a refused create follows from.
    pub(super) fn cause_of_refusal(&self, n: usize) -> Option<usize> {
        let super::Act::Create {
            resource,
            name: Some(name),
            ..
        } = self.acts.get(n)?
        else {
            return None;
        };
        self.cause_of(*resource, name, n)
    }
}

/// Whether the server says that something else than the name is taken.
fn speaks_of_another_attribute(one: &Captured) -> bool {
    let text = one
        .exchange
        .response()
        .map(|r| String::from_utf8_lossy(&r.body.bytes).to_lowercase())
        .unwrap_or_default();
    let names = |words: &[&str]| words.iter().any(|word| text.contains(word));
    names(&[
        "email",
        "e-mail",
        "externalid",
        "phone",
        "licen",
        "seat",
        "slug",
        "limit",
    ]) && !names(&["username", "user name", "displayname"])
}
