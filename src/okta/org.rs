//! The Okta org: people, groups, links to the target, and which job an admin action starts, if any.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::body::{Member, Profile};
use super::task::{Effect, GroupCard, PersonCard, Subject, Task};
use super::{App, Variant, Variants};
use crate::secret::Secret;

/// State of a person in Okta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Can sign in.
    Active,
    /// Cannot sign in, keeps every assignment. Okta sends nothing for it (Okta's SCIM reference, since 2021-07-27).
    Suspended,
    /// Has lost every assignment.
    Deactivated,
}

/// A person of the directory.
#[derive(Clone, Debug)]
pub struct Person {
    /// `00u...`
    pub okta_id: String,
    /// Okta app username.
    pub login: String,
    /// Profile without the login, by Okta app attribute.
    pub profile: Profile,
    /// Placeholder or synced password.
    pub password: Secret,
    /// State in Okta.
    pub status: Status,
    /// External ID: the target's id, while assigned and provisioned.
    pub link: Option<String>,
}

impl Person {
    /// The full profile, login first.
    #[must_use]
    pub fn full_profile(&self) -> Profile {
        let mut all: Profile =
            IndexMap::from([("login".to_owned(), Value::from(self.login.as_str()))]);
        all.extend(self.profile.clone());
        all
    }

    /// First and last name, as in Okta's messages.
    #[must_use]
    pub fn display_name(&self) -> String {
        let part = |key: &str| {
            self.profile
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        format!("{} {}", part("firstName"), part("lastName"))
            .trim()
            .to_owned()
    }
}

/// A group of the directory.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Keys of its members.
    pub members: BTreeSet<String>,
    /// The target's id, while pushed and linked.
    pub link: Option<String>,
    /// What Okta last sent.
    pub pushed: Pushed,
}

/// What Okta last sent of a group.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// The name.
    pub name: Option<String>,
    /// Member ids at the target.
    pub members: IndexSet<String>,
}

/// An org with one app.
#[derive(Clone, Debug)]
pub struct Org {
    /// The kind of app.
    pub app: App,
    /// "Import Groups" is on.
    pub import_groups: bool,
    /// What differs from the default, where nobody knows better.
    pub variants: Variants,
    /// People by key.
    pub people: IndexMap<String, Person>,
    /// Groups by key.
    pub groups: IndexMap<String, Group>,
}

/// An admin action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAction<'a> {
    /// "Test Connector Configuration", "Test API Credentials".
    TestConnection,
    /// The settings of the API integration, or those "To App", are saved.
    SaveIntegration,
    /// Assign a person to the app.
    Assign(&'a str),
    /// Remove a person from the app.
    Unassign(&'a str),
    /// Deactivate a person in Okta.
    Deactivate(&'a str),
    /// Suspend a person in Okta.
    Suspend(&'a str),
    /// Delete a deactivated person from Okta.
    Delete(&'a str),
    /// Activate again and assign.
    Reactivate(&'a str),
    /// A mapped attribute changed.
    PushProfile(&'a str),
    /// The password changed.
    SyncPassword(&'a str),
    /// Push a group, or what changed of it.
    PushGroup(&'a str),
    /// Push the whole group.
    PushGroupNow(&'a str),
    /// Unlink a group.
    UnlinkGroup {
        /// Which.
        group: &'a str,
        /// Delete it in the target app.
        delete: bool,
    },
    /// Import users.
    ImportUsers,
    /// Import groups.
    ImportGroups,
    /// "Import User Schema".
    ImportSchema,
    /// Entitlement management is switched on, or its entitlements are read again.
    ImportEntitlements,
}

impl Org {
    /// The job that an admin action starts; none where Okta sends nothing. Changes the org's own state
    /// (assigned, suspended, ...), but not its links: those change by the effects of the job.
    pub fn act(&mut self, action: &AdminAction<'_>) -> Option<Task> {
        match *action {
            AdminAction::TestConnection => Some(Task {
                job: "test-connection",
                subject: Subject::App,
            }),
            AdminAction::SaveIntegration => Some(Task {
                job: "save-integration",
                subject: Subject::App,
            }),
            AdminAction::ImportUsers => Some(Task {
                job: "import-users",
                subject: Subject::App,
            }),
            AdminAction::ImportGroups => Some(Task {
                job: "import-groups",
                subject: Subject::App,
            }),
            AdminAction::ImportSchema => Some(Task {
                job: "import-schema",
                subject: Subject::App,
            }),
            AdminAction::ImportEntitlements => Some(Task {
                job: "import-entitlements",
                subject: Subject::App,
            }),
            AdminAction::Assign(key) => {
                let person = self.people.get(key)?;
                (person.link.is_none() && person.status == Status::Active)
                    .then(|| self.about(key, "assign"))?
            }
            AdminAction::Reactivate(key) => {
                let person = self.people.get_mut(key)?;
                let was = std::mem::replace(&mut person.status, Status::Active);
                // Lifting a suspension sends nothing: the assignment was never lost.
                (was == Status::Deactivated || person.link.is_none())
                    .then(|| self.about(key, "assign"))?
            }
            AdminAction::Suspend(key) => {
                self.people.get_mut(key)?.status = Status::Suspended;
                if self.variants.has(Variant::SuspendAsDeactivate) {
                    return self.take_away(key);
                }
                None
            }
            // Deactivation has already told the target everything.
            AdminAction::Delete(key) => {
                self.people.get_mut(key)?.status = Status::Deactivated;
                None
            }
            AdminAction::Unassign(key) => self.take_away(key),
            AdminAction::Deactivate(key) => {
                self.people.get_mut(key)?.status = Status::Deactivated;
                self.take_away(key)
            }
            AdminAction::PushProfile(key) => self.linked(key, "push-profile"),
            AdminAction::SyncPassword(key) => self.linked(key, "sync-password"),
            AdminAction::PushGroup(key) => self.push_group(key),
            AdminAction::PushGroupNow(key) => {
                let job = if self.groups.get(key)?.link.is_some() {
                    "push-group-now"
                } else {
                    "push-group"
                };
                Some(Task {
                    job,
                    subject: Subject::Group(self.group_card(key)?),
                })
            }
            AdminAction::UnlinkGroup { group, delete } => self.unlink_group(group, delete),
        }
    }

    /// Applies what a job changed.
    pub fn apply(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::LinkedPerson { key, id } => {
                    if let Some(person) = self.people.get_mut(key) {
                        person.link = Some(id.clone());
                        // Cleared attributes have been told; they are simply absent from now on.
                        person.profile.retain(|_, value| !value.is_null());
                    }
                    // Okta does not rely on what it believed of her memberships (recorded).
                    for group in self.groups.values_mut() {
                        if group.members.contains(key) {
                            group.pushed.members.shift_remove(id);
                        }
                    }
                }
                Effect::PushedProfile { key } => {
                    if let Some(person) = self.people.get_mut(key) {
                        person.profile.retain(|_, value| !value.is_null());
                    }
                }
                Effect::LinkedGroup { key, id } => {
                    if let Some(group) = self.groups.get_mut(key) {
                        group.link = Some(id.clone());
                    }
                }
                Effect::PushedGroup { key, name, members } => {
                    if let Some(group) = self.groups.get_mut(key) {
                        if let Some(name) = name {
                            group.pushed.name = Some(name.clone());
                        }
                        if let Some(members) = members {
                            group.pushed.members.clone_from(members);
                        }
                    }
                }
                Effect::UnlinkedGroup { key } => {
                    if let Some(group) = self.groups.get_mut(key) {
                        group.link = None;
                        group.pushed = Pushed::default();
                    }
                }
            }
        }
    }

    /// The pushes that Okta starts by itself when these users have been linked: every pushed group that they are in, once
    /// (recorded; of a joiner and of users who come back).
    #[must_use]
    pub fn pushes_after_link(&self, linked: &[String]) -> Vec<(String, Task)> {
        let concerned = self.groups.iter().filter(|(_, group)| {
            group.link.is_some() && linked.iter().any(|key| group.members.contains(key))
        });
        concerned
            .filter_map(|(key, _)| Some((key.clone(), self.push_group(key)?)))
            .collect()
    }

    fn about(&self, key: &str, job: &'static str) -> Option<Task> {
        Some(Task {
            job,
            subject: Subject::Person(self.person_card(key)?),
        })
    }

    fn linked(&self, key: &str, job: &'static str) -> Option<Task> {
        self.people.get(key)?.link.as_ref()?;
        self.about(key, job)
    }

    /// Without a link nothing can be deactivated, and nothing is sent: also not a second time
    /// (Okta developer forum 7207; recorded for the second deactivation).
    fn take_away(&mut self, key: &str) -> Option<Task> {
        let task = self.linked(key, "deactivate");
        self.people.get_mut(key)?.link = None;
        task
    }

    fn push_group(&self, key: &str) -> Option<Task> {
        let group = self.groups.get(key)?;
        let card = self.group_card(key)?;
        if group.link.is_none() {
            return Some(Task {
                job: "push-group",
                subject: Subject::Group(card),
            });
        }
        let changed = group.pushed.name.as_ref() != Some(&group.name) || card.has_changed_members();
        changed.then_some(Task {
            job: "update-group",
            subject: Subject::Group(card),
        })
    }

    fn unlink_group(&mut self, key: &str, delete: bool) -> Option<Task> {
        let card = self.group_card(key)?;
        let group = self.groups.get_mut(key)?;
        group.link.as_ref()?;
        if delete {
            return Some(Task {
                job: "delete-group",
                subject: Subject::Group(card),
            });
        }
        group.link = None;
        group.pushed = Pushed::default();
        None
    }

    fn person_card(&self, key: &str) -> Option<PersonCard> {
        let person = self.people.get(key)?;
        Some(PersonCard {
            key: key.to_owned(),
            okta_id: person.okta_id.clone(),
            login: person.login.clone(),
            name: person.display_name(),
            profile: person.full_profile(),
            password: person.password.clone(),
            link: person.link.clone(),
        })
    }

    /// A member is sent only when she is in the group, assigned, and provisioned (Okta help, "Troubleshooting
    /// Group Push"). Somebody who lost the link stays in the target's group: Okta sends nothing for that (recorded).
    fn group_card(&self, key: &str) -> Option<GroupCard> {
        let group = self.groups.get(key)?;
        let members = group
            .members
            .iter()
            .filter_map(|key| self.people.get(key))
            .filter_map(|p| {
                p.link.as_ref().map(|id| Member {
                    id: id.clone(),
                    display: Some(p.login.clone()),
                })
            })
            .collect();
        Some(GroupCard {
            key: key.to_owned(),
            name: group.name.clone(),
            members,
            pushed: group.pushed.members.clone(),
            keep: self.unprovisioned_members(group),
            link: group.link.clone(),
        })
    }

    /// Ids pushed earlier that belong to nobody provisioned any more.
    fn unprovisioned_members(&self, group: &Group) -> BTreeSet<String> {
        let linked: BTreeSet<&String> = self
            .people
            .values()
            .filter_map(|p| p.link.as_ref())
            .collect();
        group
            .pushed
            .members
            .iter()
            .filter(|id| !linked.contains(id))
            .cloned()
            .collect()
    }
}
