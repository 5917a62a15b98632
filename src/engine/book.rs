//! What a scenario knows about the target: its accounts and groups as they were last read, and which of them an
//! earlier observation has already spoiled.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::okta::request::Resource;
use crate::verdict::{CheckMeta, Level};

/// What an observation is about; consequences find their cause by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A resource.
    Resource(Resource, String),
    /// Whoever has this login or group name; folded.
    Name(Resource, String),
    /// The list of all.
    List(Resource),
}

impl Subject {
    /// The subject of a name; logins are the same without regard to case.
    #[must_use]
    pub fn name(resource: Resource, name: &str) -> Self {
        Self::Name(resource, name.to_lowercase())
    }
}

/// One resource as last read.
#[derive(Clone, Debug)]
pub struct Account {
    /// User or group.
    pub resource: Resource,
    /// Its id.
    pub id: String,
    /// The name Okta last gave it.
    pub name: String,
    /// The name before that.
    pub former_name: Option<String>,
    /// The last representation read by id.
    pub state: Option<Value>,
    /// Members that must be there.
    pub members: BTreeSet<String>,
    /// Okta has deactivated it.
    pub inactive: bool,
    /// Okta has deleted it.
    pub gone: bool,
}

/// The books of one scenario under one app.
#[derive(Debug, Default)]
pub struct Book {
    accounts: Vec<Account>,
    spoiled: HashMap<Subject, usize>,
    /// Groups that showed no members at all. They may be hidden rather than lost, which is known only at the end of
    /// the run; so this explains what is seen of members later, and nothing else.
    without_members: HashMap<Subject, usize>,
}

impl Book {
    /// A new resource.
    pub fn open(&mut self, resource: Resource, id: &str, name: &str) {
        self.accounts
            .retain(|a| (a.resource, a.id.as_str()) != (resource, id));
        self.accounts.push(Account {
            resource,
            id: id.to_owned(),
            name: name.to_owned(),
            former_name: None,
            state: None,
            members: BTreeSet::new(),
            inactive: false,
            gone: false,
        });
    }

    /// The resource of that id.
    #[must_use]
    pub fn get(&self, resource: Resource, id: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|a| a.resource == resource && a.id == id)
    }

    /// The resource of that id.
    pub fn get_mut(&mut self, resource: Resource, id: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|a| a.resource == resource && a.id == id)
    }

    /// Every resource that a look-up by `name` must find.
    #[must_use]
    pub fn named(&self, resource: Resource, name: &str) -> Vec<&Account> {
        let name = name.to_lowercase();
        self.accounts
            .iter()
            .filter(|a| a.resource == resource && !a.gone && a.name.to_lowercase() == name)
            .collect()
    }

    /// Everything that stands for a resource: itself, and its name.
    #[must_use]
    pub fn subjects(&self, resource: Resource, id: &str) -> Vec<Subject> {
        let name = self
            .get(resource, id)
            .map(|a| Subject::name(resource, &a.name));
        let itself = Subject::Resource(resource, id.to_owned());
        std::iter::once(itself).chain(name).collect()
    }

    /// Another resource than `id` that has this name.
    #[must_use]
    pub fn other_of_name(&self, resource: Resource, id: &str, name: &str) -> Option<String> {
        self.named(resource, name)
            .into_iter()
            .find(|a| a.id != id)
            .map(|a| a.id.clone())
    }

    /// Every resource of that kind that still exists.
    pub fn existing(&self, resource: Resource) -> impl Iterator<Item = &Account> {
        self.accounts
            .iter()
            .filter(move |a| a.resource == resource && !a.gone)
    }

    /// Groups that must hold the member.
    #[must_use]
    pub fn groups_of(&self, id: &str) -> Vec<String> {
        self.existing(Resource::Group)
            .filter(|g| g.members.contains(id))
            .map(|g| g.id.clone())
            .collect()
    }

    /// Ids of everything ever opened.
    #[must_use]
    pub fn ids(&self) -> HashSet<(Resource, String)> {
        self.accounts
            .iter()
            .map(|a| (a.resource, a.id.clone()))
            .collect()
    }

    /// The earlier observation that one of `check` about `subjects` follows from.
    #[must_use]
    pub fn cause(&self, check: &CheckMeta, subjects: &[Subject]) -> Option<usize> {
        let of = |causes: &HashMap<Subject, usize>| {
            subjects.iter().filter_map(|s| causes.get(s)).min().copied()
        };
        let members = (family(check) == "membership")
            .then(|| of(&self.without_members))
            .flatten();
        [of(&self.spoiled), members].into_iter().flatten().min()
    }

    /// Whether each of them has met an observation already.
    #[must_use]
    pub fn all_spoiled(&self, subjects: &[Subject]) -> bool {
        subjects.iter().all(|s| self.spoiled.contains_key(s))
    }

    /// What a new resource inherits from whoever had its name.
    pub fn inherit(&mut self, resource: Resource, id: &str, name: &str) {
        if let Some(cause) = self.spoiled.get(&Subject::name(resource, name)).copied() {
            self.spoil(&[Subject::Resource(resource, id.to_owned())], cause);
        }
    }

    /// A group shows no members, though it must have some.
    pub fn lose_members(&mut self, subjects: &[Subject], observation: usize) {
        for subject in subjects {
            self.without_members
                .entry(subject.clone())
                .or_insert(observation);
        }
    }

    /// Marks what an observation is about, so that its consequences find it.
    pub fn spoil(&mut self, subjects: &[Subject], observation: usize) {
        for subject in subjects {
            self.spoiled.entry(subject.clone()).or_insert(observation);
        }
    }
}

/// Whether an observation of this check spoils what it is about: whatever is seen of it later may be a consequence.
/// Leaks and error texts have no consequences.
#[must_use]
pub fn spoils(check: &CheckMeta) -> bool {
    check.level == Level::Error && !matches!(family(check), "secret" | "error")
}

/// Whether an observation of this check can be the consequence of an earlier one. The shape of an answer is
/// not: it is the same everywhere, and merged by its own identity.
#[must_use]
pub fn follows(check: &CheckMeta) -> bool {
    matches!(
        family(check),
        "lookup" | "state" | "membership" | "sequence" | "guard" | "create"
    ) || matches!(
        check.id,
        "list/complete" | "list/repeats" | "list/past-the-end" | "list/readable"
    )
}

fn family(check: &CheckMeta) -> &str {
    check.id.split('/').next().unwrap_or_default()
}

/// Whether an observation rests on how Okta escapes a quotation mark or a backslash in a filter. Nobody has
/// recorded that: it is concluded from RFC 7644, 3.4.2.2.
#[must_use]
pub fn rests_on_escapes(check: &CheckMeta, subjects: &[Subject]) -> bool {
    family(check) == "lookup"
        && subjects
            .iter()
            .any(|s| matches!(s, Subject::Name(_, name) if name.contains(['"', '\\'])))
}
