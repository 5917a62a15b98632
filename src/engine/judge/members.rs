//! Who is in a group, after writes of groups and of users.

use std::collections::BTreeSet;

use crate::check::Seen;
use crate::check::catalogue::membership;
use crate::check::frame::{NO_MEMBERS, so_many_members};
use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::request::{Intent, MemberChange, Resource};

use super::super::book::Subject;
use super::super::session::{Context, Place, Sent, Session};
use super::{Change, Write, member_set};

type Ids = BTreeSet<String>;

impl Session {
    /// Compares the members that a group shows after a write with those it must have.
    pub(super) fn report_members(
        &self,
        change: &Change<'_>,
        was: &Ids,
        wanted: &Ids,
        there: Vec<String>,
        write: Write<'_>,
        context: &Context<'_>,
    ) {
        let count = there.len();
        let there: Ids = there.into_iter().collect();
        if there.len() < count {
            let seen = Seen::new(
                &membership::REPEATED,
                so_many_members(there.len()),
                format!("{count} entries"),
            )
            .at("/members");
            self.observe(seen, context);
        }
        if &there != wanted {
            let mut context = context.clone();
            let culprit = write.culprit(was, wanted, &there);
            let facet = match &culprit {
                Some(culprit) => {
                    let call = &culprit.update.call;
                    (context.cause, context.evidence) = (Some(&call.request), call.evidence);
                    let members = match &call.intent {
                        Intent::Update { members, .. } => members.as_ref(),
                        _ => None,
                    };
                    let method = call.request.method;
                    form(
                        method,
                        members,
                        &culprit.was,
                        &culprit.wanted,
                        &culprit.there,
                    )
                }
                None => form(
                    write.call.request.method,
                    change.members,
                    was,
                    wanted,
                    &there,
                ),
            };
            let subjects = match context.subjects.first() {
                Some(Subject::Resource(_, id)) => self.subjects_of_members(id, &there, wanted),
                _ => context.subjects.clone(),
            };
            self.observe(
                membership_seen(facet, wanted, &there),
                &Context {
                    loses_data: true,
                    subjects,
                    ..context
                },
            );
        }
        if let Some(Subject::Resource(_, id)) = context.subjects.first() {
            if there.is_empty() && !wanted.is_empty() {
                // Maybe membership is never shown; then what was pushed is the best knowledge there is.
                self.accept_members(id, wanted);
            } else {
                self.accept_members(id, &there);
            }
        }
    }

    /// What was made with members before Okta came must show them: Okta's own requests cannot lose them then.
    pub(in crate::engine) fn judge_made_members(
        &self,
        group: &str,
        wanted: &Ids,
        sent: &Sent,
        place: &Place,
    ) {
        let there = self.with_book(|b| {
            let state = b.get(Resource::Group, group)?.state.as_ref()?;
            Some(member_set(state))
        });
        let Some(there) = there.filter(|there| there != wanted) else {
            return;
        };
        let subjects = self.subjects_of_members(group, &there, wanted);
        let context = Context {
            loses_data: true,
            ..Context::new(place, sent, subjects, Evidence::Documented)
        };
        self.observe(membership_seen("create", wanted, &there), &context);
    }

    pub(super) fn accept_members(&self, group: &str, there: &Ids) {
        self.with_book(|b| {
            if let Some(account) = b.get_mut(Resource::Group, group) {
                account.members.clone_from(there);
            }
        });
    }

    /// The group, and everybody whose membership is in question.
    fn subjects_of_members(&self, group: &str, there: &Ids, wanted: &Ids) -> Vec<Subject> {
        let mut subjects = vec![Subject::Resource(Resource::Group, group.to_owned())];
        self.with_book(|b| {
            for id in there.symmetric_difference(wanted) {
                subjects.extend(b.subjects(Resource::User, id));
            }
        });
        subjects
    }

    fn members_in_book(&self, group: &str) -> Ids {
        self.with_book(|b| b.get(Resource::Group, group).map(|a| a.members.clone()))
            .unwrap_or_default()
    }

    /// Pushing a user must not change groups: Okta echoes `groups` as it read it, which is read-only
    /// (RFC 7643, 4.1.2). A server may take a deactivated user out, but Okta does not know about it.
    pub(super) async fn groups_after_user_write(
        &self,
        user: &str,
        group: &str,
        deactivated: bool,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        let Some((sent, now)) = self.get(Resource::Group, group, write.place).await? else {
            return Ok(());
        };
        let there = member_set(&now);
        let wanted = self.members_in_book(group);
        if there == wanted {
            return Ok(());
        }
        let subjects = vec![
            Subject::Resource(Resource::Group, group.to_owned()),
            Subject::Resource(Resource::User, user.to_owned()),
        ];
        let context = self.context(write, &sent, subjects);
        let without: Ids = wanted.iter().filter(|id| *id != user).cloned().collect();
        let shown = self.with_book(|b| {
            let state = b.get(Resource::Group, group).and_then(|a| a.state.as_ref());
            state.is_some_and(|s| !member_set(s).is_empty())
        });
        if deactivated && there == without && (shown || !there.is_empty()) {
            let seen = Seen::new(
                &membership::INACTIVE,
                so_many_members(wanted.len()),
                format!("{} members, without the deactivated one", there.len()),
            )
            .at("/members");
            self.observe(seen, &context);
        } else if !(deactivated && there.is_empty()) {
            self.observe(
                membership_seen("user-push", &wanted, &there),
                &context.losing_data(),
            );
        } else {
            // Hidden, or gone with the user: later reads will tell.
            return Ok(());
        }
        self.accept_members(group, &there);
        Ok(())
    }

    /// After a refusal the members must be as they were.
    pub(super) fn members_after_refusal(&self, group: &str, there: &Ids, context: &Context<'_>) {
        let wanted = self.members_in_book(group);
        if there == &wanted {
            return;
        }
        self.observe(
            membership_seen("refused", &wanted, there),
            &Context {
                loses_data: true,
                ..context.clone()
            },
        );
        self.accept_members(group, there);
    }

    /// A group must show exactly these members.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_have_members(
        &self,
        group: &str,
        wanted: Ids,
        place: &Place,
    ) -> Result<(), NotSent> {
        let Some((sent, now)) = self.get(Resource::Group, group, place).await? else {
            return Ok(());
        };
        let there = member_set(&now);
        // That a deactivated member has left was seen when it happened.
        let wanted: Ids = self.with_book(|b| {
            let inactive = |id: &String| b.get(Resource::User, id).is_some_and(|a| a.inactive);
            wanted
                .into_iter()
                .filter(|id| there.contains(id) || there.is_empty() || !inactive(id))
                .collect()
        });
        if there != wanted {
            // Whoever could not be woken up is not pushed either.
            let subjects = self.subjects_of_members(group, &there, &wanted);
            let context = Context {
                loses_data: true,
                ..Context::new(place, &sent, subjects, Evidence::Documented)
            };
            // A probe's scenario is about one form of the change, an app's about what was pushed before.
            let facet = match self.app {
                None => self.scenario.rsplit('/').next().unwrap_or_default(),
                Some(_) => "later",
            };
            self.observe(membership_seen(facet, &wanted, &there), &context);
        }
        Ok(())
    }
}

/// In which form the change that did not work was sent.
pub(crate) fn form(
    method: Method,
    change: Option<&MemberChange>,
    was: &Ids,
    wanted: &Ids,
    there: &Ids,
) -> &'static str {
    match (method, change) {
        (Method::Post, _) => "create",
        (Method::Put, _) => "put",
        (_, None) => "rename",
        (_, Some(MemberChange::Replace(all))) if all.is_empty() => "empty",
        (_, Some(MemberChange::Replace(_))) => "replace",
        (_, Some(MemberChange::Delta { remove, add })) => {
            let kept = !remove.is_disjoint(there);
            let lost = was.intersection(wanted).any(|id| !there.contains(id));
            let missed = !add.is_subset(there);
            match (remove.is_empty(), add.is_empty()) {
                (true, _) => "add",
                (false, true) => "remove",
                // Either operation can have thrown out those who were to stay.
                _ if lost && !missed => "add-and-remove",
                _ if kept || lost => "remove",
                _ => "add",
            }
        }
    }
}

/// What is wanted of the members of a group, and what is there.
pub(crate) fn membership_seen(facet: &str, wanted: &Ids, there: &Ids) -> Seen {
    let missing = wanted.difference(there).count();
    let extra = there.difference(wanted).count();
    let got = match (there.len(), missing, extra) {
        (0, _, _) => NO_MEMBERS.to_owned(),
        (n, 0, extra) => format!("{n} members, {extra} too many"),
        (n, missing, 0) => format!("{n} members, {missing} missing"),
        (n, missing, extra) => format!("{n} members, {missing} missing and {extra} too many"),
    };
    Seen::new(&membership::MATCHES, so_many_members(wanted.len()), got)
        .facet(facet)
        .at("/members")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Ids {
        text.chars().map(|c| c.to_string()).collect()
    }

    #[test]
    fn the_form_that_did_not_work() {
        let delta = |remove: &str, add: &str| MemberChange::Delta {
            remove: ids(remove),
            add: ids(add),
        };
        let table = [
            ("an add is ignored", delta("", "c"), "ab", "ab", "add"),
            ("an add replaces", delta("", "c"), "ab", "c", "add"),
            ("a remove is ignored", delta("b", ""), "ab", "ab", "remove"),
            ("a remove removes all", delta("b", ""), "ab", "", "remove"),
            (
                "of both the remove is ignored",
                delta("a", "c"),
                "ab",
                "abc",
                "remove",
            ),
            (
                "of both the add is ignored",
                delta("a", "c"),
                "ab",
                "b",
                "add",
            ),
            (
                "of both one went too far",
                delta("a", "c"),
                "ab",
                "c",
                "add-and-remove",
            ),
        ];
        for (what, change, was, there, wanted) in table {
            let after = change.apply(&ids(was));
            let form = form(Method::Patch, Some(&change), &ids(was), &after, &ids(there));
            assert_eq!(form, wanted, "{what}");
        }
        let all = MemberChange::Replace(ids("a"));
        let table = [
            (Method::Post, Some(&all), "create"),
            (Method::Put, Some(&all), "put"),
            (Method::Patch, Some(&all), "replace"),
            (
                Method::Patch,
                Some(&MemberChange::Replace(ids(""))),
                "empty",
            ),
            (Method::Patch, None, "rename"),
        ];
        for (method, change, wanted) in table {
            assert_eq!(
                form(method, change, &ids("b"), &ids("a"), &ids("b")),
                wanted
            );
        }
    }
}
