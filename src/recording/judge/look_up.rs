//! What Okta's look-ups found, against what the recording knows.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::lookup;
use crate::okta::reading::{self, Match};
use crate::okta::request::Resource;

use super::super::book::{Account, same_name};
use super::super::recognise::{Act, name_in};
use super::super::traffic::Captured;
use super::super::words;
use super::read::Form;
use super::{About, Judge, SETTLE, STILL_THERE, resource_of};

impl Judge<'_> {
    pub(super) fn look_up(&mut self, n: usize, one: &Captured, resource: Resource, name: &str) {
        let key = (resource, name.to_lowercase());
        self.nobody.remove(&key);
        let Some(response) = one.exchange.response().filter(|_| one.got_whole) else {
            return;
        };
        if !response.is_success() && response.status != 404 {
            return;
        }
        let found = reading::look_up(response);
        if response.status == 404 && found == Match::None && one.from_okta {
            let seen = Seen::new(&lookup::NOBODY, "200 and totalResults 0", "404");
            self.observe(n, seen.facet(resource.word()), About::default());
        }
        match found {
            Match::None => {
                self.nobody.insert(key, n);
                if one.from_okta {
                    self.must_know_nobody(n, one, resource, name);
                }
            }
            Match::One { id, active } => {
                let listed = response.json().and_then(first);
                if one.from_okta {
                    self.must_be_the_one(n, resource, name, &id, listed);
                }
                let account = self.book.entry(resource, &id);
                if let Some(named) = listed.and_then(|one| name_in(one, resource)) {
                    account.call(&named, one.end);
                }
                account.gone = false;
                if account.pending.is_none() {
                    account.inactive = !active;
                }
                if let Some(listed) = listed {
                    let listed = listed.clone();
                    self.shown(n, one, (resource, &id), &listed, Form::Listed);
                }
            }
            Match::Many(number) if one.from_okta => self.too_many(n, one, resource, name, number),
            Match::Many(_) | Match::Unreadable(_) => {}
        }
    }

    /// Nobody was found: then nobody of that name may have been there.
    fn must_know_nobody(&mut self, n: usize, one: &Captured, resource: Resource, name: &str) {
        // Somebody in the app may have removed an account; one that comes up again was there all the time.
        let there = self.book.named(resource, name).find(|(id, account)| {
            is_there(account, one.start)
                && (account.inactive || self.is_seen_later(resource, id, n))
        });
        let Some((_, account)) = there else { return };
        let facet = special_about(account, name);
        let (check, wanted) = check_of(resource);
        let seen = Seen::new(check, wanted, "totalResults 0").facet(facet);
        self.observe(
            n,
            seen,
            About {
                loses_data: true,
                ..About::default()
            },
        );
    }

    /// Somebody was found, whom Okta would link and overwrite.
    fn must_be_the_one(
        &mut self,
        n: usize,
        resource: Resource,
        name: &str,
        id: &str,
        listed: Option<&Value>,
    ) {
        let word = resource.word();
        let account = self.book.get(resource, id);
        let seen = if account.is_some_and(|account| account.gone) {
            Seen::new(&lookup::FORMER_NAME, "totalResults 0", "the deleted one")
                .facet(format!("deleted {word}"))
        } else if account.is_some_and(|account| is_former(account, name)) {
            Seen::new(
                &lookup::FORMER_NAME,
                "totalResults 0 for the former name",
                "the renamed one",
            )
            .facet(word)
        } else if listed
            .and_then(|one| name_in(one, resource))
            .is_some_and(|named| !same_name(&named, name))
        {
            Seen::new(
                &lookup::ONLY_EXACT,
                "exactly the account of that name",
                format!("one of another {}", resource.name_attribute()),
            )
            .facet(word)
            .at(format!("/Resources/0/{}", resource.name_attribute()))
        } else {
            return;
        };
        self.observe(
            n,
            seen,
            About {
                loses_data: true,
                ..About::default()
            },
        );
    }

    /// Whether a later answer shows the resource of that id.
    pub(super) fn is_seen_later(&self, resource: Resource, id: &str, n: usize) -> bool {
        let later = self
            .captured
            .iter()
            .zip(self.acts)
            .skip(n.saturating_add(1));
        later
            .filter(|(one, act)| one.is_success() && resource_of(act) == Some(resource))
            .any(|(one, act)| match act {
                Act::Read { id: read, .. } => read == id,
                Act::LookUp { .. } | Act::Page { .. } => one
                    .good()
                    .and_then(resources)
                    .is_some_and(|all| all.iter().filter_map(reading::id_of).any(|one| one == id)),
                _ => false,
            })
    }

    fn too_many(&mut self, n: usize, one: &Captured, resource: Resource, name: &str, number: u64) {
        let listed = one.good().and_then(resources).unwrap_or_default();
        let mut ids: Vec<String> = listed.iter().filter_map(reading::id_of).collect();
        ids.sort();
        ids.dedup();
        // One that is shown twice is the business of the check for that.
        if ids.len() == 1 && number == listed.len() as u64 {
            return;
        }
        let of_that_name = listed
            .iter()
            .filter_map(|one| name_in(one, resource))
            .filter(|named| same_name(named, name))
            .count();
        let seen = if of_that_name > 1 {
            Seen::new(
                &lookup::ONLY_EXACT,
                "at most one account of that name",
                format!("{of_that_name} of that name"),
            )
            .facet(format!("several {}s of one name", resource.word()))
        } else {
            Seen::new(
                &lookup::ONLY_EXACT,
                "exactly the account of that name, or nobody",
                format!("{number} resources"),
            )
            .facet(resource.word())
        };
        let place = self
            .places
            .get(n)
            .copied()
            .unwrap_or(super::super::jobs::OTHER);
        let text = words::many(self.behaviour, place, number, self.acts.get(n), self.veil);
        let index = self.observe(n, seen, About::default());
        if let Some(observation) = self
            .judged
            .observations
            .get_mut(place.job)
            .and_then(|all| all.get_mut(index))
        {
            observation.okta_admin_sees = Some(text).filter(|text| !text.is_empty());
        }
    }
}

/// Whether somebody who was seen is still there without doubt, and has been so long enough to be found.
pub(super) fn is_there(account: &Account, now: i64) -> bool {
    let since = now.saturating_sub(account.seen.max(account.written));
    !account.gone && (SETTLE..=STILL_THERE).contains(&since)
}

fn is_former(account: &Account, name: &str) -> bool {
    let is = |known: &Option<String>| known.as_ref().is_some_and(|known| same_name(known, name));
    is(&account.former) && !is(&account.name)
}

/// The check and what is wanted of somebody who is not found.
pub(super) fn check_of(resource: Resource) -> (&'static crate::verdict::CheckMeta, &'static str) {
    let check = match resource {
        Resource::User => &lookup::FINDS_USER,
        Resource::Group => &lookup::FINDS_GROUP,
    };
    (check, "totalResults 1, this resource")
}

/// What is special about somebody who is not found.
pub(super) fn special_about(account: &Account, name: &str) -> &'static str {
    if account.inactive {
        "inactive"
    } else if account.former.is_some() {
        "after-rename"
    } else if account.name.as_ref().is_some_and(|known| known != name) {
        "letter-case"
    } else {
        "after-create"
    }
}

fn resources(list: &Value) -> Option<&[Value]> {
    let keys = ["Resources", "resources"];
    let found = keys.iter().find_map(|key| list.get(*key))?;
    found.as_array().map(Vec::as_slice)
}

fn first(list: &Value) -> Option<&Value> {
    resources(list)?.first()
}
