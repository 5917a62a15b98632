//! What it means that a job ended early.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::catalogue::{create, discovery, list, lookup, membership, sequence};
use crate::check::frame;
use crate::check::{Seen, what};
use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::drive::{Cause, Trouble};
use crate::okta::job;
use crate::okta::request::{Intent, MemberChange, Resource, Set};
use crate::scenario::Circumstance;
use crate::verdict::CheckMeta;

use super::super::session::{Context, Place, Sent, Session, subjects_of};
use super::status_word;

/// RFC 7644, 3.12: the uniqueness of something is violated.
const CONFLICT: u16 = 409;
/// RFC 7644, 3.12: the operation is not supported.
const NOT_IMPLEMENTED: u16 = 501;
/// What is refused because it changes nothing.
const NO_CHANGE: &str = "no-change";
/// The PATCH of a group's name.
const GROUP_NAME: &str = "PATCH group name";
/// The slot of a request that sets a password.
const PASSWORD: &str = "password";

impl Session {
    /// Observes why a job ended early, as far as no other check has seen it.
    pub fn judge_trouble(
        &self,
        trouble: &Trouble,
        job: &job::Job,
        last: Option<&(Intent, Sent)>,
        place: &Place,
    ) {
        let Some((intent, sent)) = last else { return };
        let looked_up = job
            .requests
            .iter()
            .any(|t| t.slot == trouble.slot && t.reads.is_some());
        let status = sent.exchange.status().unwrap_or_default();
        let seen = match &trouble.cause {
            Cause::Refused(_) if self.refused_rightly(intent, status) => return,
            Cause::Refused(_) => self.refused(trouble, intent, sent, place, looked_up),
            Cause::Unreadable(text) if trouble.slot == "create" => {
                Seen::new(&create::RETURNS, "the new resource", text.clone())
                    .facet(resource_of(intent).word())
            }
            Cause::Unreadable(_) if matches!(intent, Intent::Discover(_)) && !sent.broken => {
                let body = sent.exchange.response().and_then(|r| r.json());
                let got = what(body.unwrap_or(&Value::Null));
                Seen::new(&discovery::PARSES, "a ListResponse", got)
            }
            Cause::Unreadable(_) if !sent.broken => {
                let body = sent.exchange.response().and_then(|r| r.json());
                Seen::new(
                    &list::READABLE,
                    "an answer that Okta can read",
                    what(body.unwrap_or(&Value::Null)),
                )
            }
            // Seen by the look at the exchange alone, or by the look-up's own judgement.
            Cause::Unreadable(_) | Cause::NoAnswer(_) | Cause::Many(_) | Cause::NotSent(_) => {
                return;
            }
        };
        let evidence = if clears(intent) {
            // That Okta clears a value is documented; in which form is inferred.
            Evidence::Inferred
        } else {
            trouble.evidence
        };
        let context = Context {
            admin_sees: Some(trouble.admin_sees.clone()),
            // Changing passwords is optional (RFC 7643, 5).
            refusal: matches!(trouble.cause, Cause::Refused(_))
                && (place.may_refuse && is_honest(status)
                    || trouble.slot == PASSWORD
                        && (is_honest(status) || status == NOT_IMPLEMENTED)),
            in_any_row: is_about_the_head(status),
            ..Context::new(place, sent, subjects_of(intent), evidence)
        };
        self.observe(seen, &context);
    }

    fn refused(
        &self,
        trouble: &Trouble,
        intent: &Intent,
        sent: &Sent,
        place: &Place,
        looked_up: bool,
    ) -> Seen {
        let status = sent.exchange.status().unwrap_or_default();
        let request = &sent.exchange.request;
        let (check, facet) = refusal_of(request.method, intent, Some(&trouble.slot), status);
        let seen = |check| Seen::new(check, "2xx", status_word(&sent.exchange));
        if looked_up
            && place.facet.is_some()
            && self.is_in(Circumstance::Characters)
            && !is_about_the_head(status)
        {
            return seen(&lookup::SPECIAL).or(check, facet);
        }
        if self.takes_a_name(intent) {
            return seen(check)
                .facet(format!("{facet}/onto-a-taken-login"))
                .or(check, facet);
        }
        if let Some(about) = self.circumstance(trouble, intent, place, status) {
            return seen(check)
                .facet(format!("{facet}/{about}"))
                .or(check, facet);
        }
        if self.adds_members_again(intent) && !is_about_the_head(status) {
            return seen(&membership::PRESENT).or(check, facet);
        }
        if !self.changes_nothing(intent) || is_about_the_head(status) {
            return seen(check).facet(facet);
        }
        if facet == GROUP_NAME {
            // Okta sends it with every push, so that it changes nothing is its nature.
            return seen(check).facet(facet).or(check, NO_CHANGE);
        }
        seen(check).facet(NO_CHANGE).or(check, facet)
    }

    /// A login that another account has must be refused, and what is not there any more cannot be found.
    fn refused_rightly(&self, intent: &Intent, status: u16) -> bool {
        if matches!(status, 404 | 410)
            && let Intent::Read { resource, id }
            | Intent::Update { resource, id, .. }
            | Intent::Delete { resource, id } = intent
        {
            return self.is_gone(*resource, id);
        }
        is_honest(status) && self.takes_a_name(intent)
            || status == CONFLICT && self.makes_a_group_again(intent)
    }

    /// Whether a group is created whose name a group of this run has: the admin then links that one.
    fn makes_a_group_again(&self, intent: &Intent) -> bool {
        self.knows_created_name(Resource::Group, intent) == Some(true)
    }

    /// What is special about a request that is refused, while others of its kind need not be.
    fn circumstance(
        &self,
        trouble: &Trouble,
        intent: &Intent,
        place: &Place,
        status: u16,
    ) -> Option<&'static str> {
        if !is_honest(status) && status != NOT_IMPLEMENTED {
            return None;
        }
        if trouble.slot == PASSWORD {
            return Some(PASSWORD);
        }
        if clears(intent) {
            return Some("cleared-value");
        }
        if status == CONFLICT && !place.may_refuse && self.is_nobodys_name(intent) {
            return Some("conflict");
        }
        self.renames(intent)
            .then_some("rename")
            .filter(|_| is_honest(status))
    }

    /// Whether a user is created under a login that no account of this run has.
    fn is_nobodys_name(&self, intent: &Intent) -> bool {
        self.knows_created_name(Resource::User, intent) == Some(false)
    }

    /// Whether something of this run has the name of what is created; none when nothing of that kind is.
    fn knows_created_name(&self, kind: Resource, intent: &Intent) -> Option<bool> {
        match intent {
            Intent::Create { resource, name, .. } if *resource == kind => {
                Some(self.with_book(|b| !b.named(kind, name).is_empty()))
            }
            _ => None,
        }
    }

    fn takes_a_name(&self, intent: &Intent) -> bool {
        let Intent::Update {
            resource: Resource::User,
            id,
            name: Some(name),
            ..
        } = intent
        else {
            return false;
        };
        self.with_book(|b| b.other_of_name(Resource::User, id, name).is_some())
    }

    fn renames(&self, intent: &Intent) -> bool {
        let Intent::Update {
            resource: Resource::User,
            id,
            name: Some(name),
            ..
        } = intent
        else {
            return false;
        };
        self.with_book(|b| b.get(Resource::User, id).is_some_and(|a| a.name != *name))
    }

    /// Whether a PATCH adds users to a group of whom some are in it.
    fn adds_members_again(&self, intent: &Intent) -> bool {
        let Intent::Update {
            resource: Resource::Group,
            id,
            members: Some(MemberChange::Delta { remove, add }),
            ..
        } = intent
        else {
            return false;
        };
        let some_are_in = |members: &BTreeSet<String>| !add.is_disjoint(members);
        remove.is_empty()
            && self.with_book(|b| {
                b.get(Resource::Group, id)
                    .is_some_and(|group| some_are_in(&group.members))
            })
    }

    /// Whether an update leaves everything as it was last read.
    fn changes_nothing(&self, intent: &Intent) -> bool {
        let Intent::Update {
            resource,
            id,
            sets,
            members,
            ..
        } = intent
        else {
            return false;
        };
        self.with_book(|b| {
            b.get(*resource, id).is_some_and(|account| {
                let same = |set: &Set| {
                    let there = account.state.as_ref().and_then(|s| set.at.read(s));
                    frame::is_same(&set.value, there)
                };
                let same_members = members
                    .as_ref()
                    .is_none_or(|change| change.apply(&account.members) == account.members);
                sets.iter().all(same) && same_members && !(sets.is_empty() && members.is_none())
            })
        })
    }
}

/// Whether an update empties something that Okta has no value for any more.
fn clears(intent: &Intent) -> bool {
    matches!(intent, Intent::Update { sets, .. } if sets.iter().any(|set| set.value.is_null()))
}

/// A refusal of what was asked, not of asking: the method, the path, the headers and the rate are another matter.
#[must_use]
pub fn is_honest(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 404 | 405 | 406 | 415 | 429)
}

/// Statuses that speak of the request's header fields alone, whatever the request is about.
fn is_about_the_head(status: u16) -> bool {
    head_facet(status).is_some()
}

fn head_facet(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("authorization"),
        406 => Some("accept"),
        415 => Some("media-type"),
        _ => None,
    }
}

/// Which check and facet a refused request belongs to: by what the status speaks of, else by the request.
#[must_use]
pub fn refusal_of(
    method: Method,
    intent: &Intent,
    slot: Option<&str>,
    status: u16,
) -> (&'static CheckMeta, String) {
    if let Some(facet) = head_facet(status) {
        return (&sequence::REFUSED, facet.to_owned());
    }
    let check = if status >= 500 && status != 501 {
        &sequence::SERVER_ERROR
    } else {
        &sequence::REFUSED
    };
    let word = resource_of(intent).word();
    let facet = match intent {
        Intent::LookUp { .. } => format!("look-up {word}"),
        Intent::List { .. } => format!("list {word}s"),
        // A server refuses PATCH of users as a whole, but of groups one form and not the other.
        Intent::Update {
            resource: Resource::Group,
            members,
            ..
        } if method == Method::Patch => match (slot, members) {
            (Some("name"), _) | (None, None) => GROUP_NAME.to_owned(),
            _ => "PATCH group members".to_owned(),
        },
        Intent::Discover(document) => format!("read {}", document.path()),
        _ => format!("{method} {word}"),
    };
    (check, facet)
}

fn resource_of(intent: &Intent) -> Resource {
    match intent {
        Intent::LookUp { resource, .. }
        | Intent::Read { resource, .. }
        | Intent::List { resource, .. }
        | Intent::Create { resource, .. }
        | Intent::Update { resource, .. }
        | Intent::Delete { resource, .. } => *resource,
        Intent::Discover(_) | Intent::Literal => Resource::User,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_named_after_what_was_refused() {
        let look_up = Intent::LookUp {
            resource: Resource::Group,
            name: "x".into(),
        };
        let update = |resource| Intent::Update {
            resource,
            id: "1".into(),
            name: None,
            base: None,
            sets: Vec::new(),
            members: None,
        };
        let (user, group) = (update(Resource::User), update(Resource::Group));
        let table = [
            (
                Method::Get,
                &look_up,
                Some("find"),
                501,
                "sequence/refused look-up group",
            ),
            (
                Method::Get,
                &look_up,
                Some("find"),
                503,
                "sequence/server-error look-up group",
            ),
            (
                Method::Patch,
                &user,
                None,
                404,
                "sequence/refused PATCH user",
            ),
            (
                Method::Patch,
                &group,
                Some("name"),
                400,
                "sequence/refused PATCH group name",
            ),
            (
                Method::Patch,
                &group,
                Some("members"),
                400,
                "sequence/refused PATCH group members",
            ),
            (
                Method::Put,
                &group,
                Some("put"),
                400,
                "sequence/refused PUT group",
            ),
            (Method::Put, &user, None, 415, "sequence/refused media-type"),
            (Method::Get, &look_up, None, 406, "sequence/refused accept"),
        ];
        for (method, intent, slot, status, wanted) in table {
            let (check, facet) = refusal_of(method, intent, slot, status);
            assert_eq!(format!("{} {facet}", check.id), wanted);
        }
    }

    #[test]
    fn only_a_refusal_of_what_was_asked_is_honest() {
        for status in [400, 403, 409, 422] {
            assert!(is_honest(status), "{status}");
        }
        for status in [200, 302, 401, 404, 405, 406, 415, 429, 500, 501] {
            assert!(!is_honest(status), "{status}");
        }
    }
}
