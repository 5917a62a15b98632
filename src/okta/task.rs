//! What goes into a job and what comes out of it: the cards of a person or a group as a job needs to know them,
//! and the effects that the org applies afterwards.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::body::{Member, Profile};
use crate::secret::Secret;

/// A job that is to be run, with what it is about.
#[derive(Clone, Debug)]
pub struct Task {
    /// The job's name.
    pub job: &'static str,
    /// What it is about.
    pub subject: Subject,
}

/// What a job is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The app itself.
    App,
    /// A person.
    Person(PersonCard),
    /// A group.
    Group(GroupCard),
}

/// A person, as a job needs to know her.
#[derive(Clone, Debug)]
pub struct PersonCard {
    /// Her key.
    pub key: String,
    /// `00u...`
    pub okta_id: String,
    /// Okta app username.
    pub login: String,
    /// First and last name.
    pub name: String,
    /// Full profile.
    pub profile: Profile,
    /// Password to send.
    pub password: Secret,
    /// The target's id.
    pub link: Option<String>,
}

/// A group, as a job needs to know it.
#[derive(Clone, Debug)]
pub struct GroupCard {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Members that are provisioned.
    pub members: Vec<Member>,
    /// Ids last pushed.
    pub pushed: IndexSet<String>,
    /// Ids last pushed that Okta leaves alone.
    pub keep: BTreeSet<String>,
    /// The target's id.
    pub link: Option<String>,
}

impl GroupCard {
    /// Ids of the members.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.members.iter().map(|m| m.id.clone()).collect()
    }

    /// Whether members have come or left since the last push.
    #[must_use]
    pub fn has_changed_members(&self) -> bool {
        !self.added().is_empty() || !self.removed().is_empty()
    }

    /// Members that were not pushed yet.
    #[must_use]
    pub fn added(&self) -> Vec<Member> {
        self.members
            .iter()
            .filter(|m| !self.pushed.contains(&m.id))
            .cloned()
            .collect()
    }

    /// Ids that were pushed and have left.
    #[must_use]
    pub fn removed(&self) -> Vec<String> {
        let ids = self.ids();
        self.pushed
            .iter()
            .filter(|id| !ids.contains(*id) && !self.keep.contains(*id))
            .cloned()
            .collect()
    }
}

/// What a job changed in Okta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The person has an External ID now.
    LinkedPerson {
        /// Who.
        key: String,
        /// The target's id.
        id: String,
    },
    /// Her profile was pushed.
    PushedProfile {
        /// Who.
        key: String,
    },
    /// The group is linked now.
    LinkedGroup {
        /// Which.
        key: String,
        /// The target's id.
        id: String,
    },
    /// The group was sent.
    PushedGroup {
        /// Which.
        key: String,
        /// The name, if it was sent.
        name: Option<String>,
        /// The members that Okta now believes to be there, if any were sent.
        members: Option<IndexSet<String>>,
    },
    /// The group has no link any more.
    UnlinkedGroup {
        /// Which.
        key: String,
    },
}
