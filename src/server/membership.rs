//! The members of a group: adding or removing one costs by the change, not by the group.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::store::Id;

/// One member as it is stored, and as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Member {
    /// The id of a user or a group.
    #[serde(serialize_with = "as_text")]
    pub(super) value: Id,
    /// What the client sent as `$ref`.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<Box<str>>,
    /// What the client sent as `display`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<Box<str>>,
    /// `User` or `Group`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

impl Member {
    /// The member as it is answered.
    pub(super) fn to_json(&self) -> Value {
        // Texts alone make no mistakes when they are written.
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn as_text<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id)
}

/// The members of one group, in the order in which they came. A user has none, and pays for a
/// pointer only.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Option<Box<Listed>>);

#[derive(Clone, Debug, Default)]
struct Listed {
    in_order: BTreeMap<u64, Member>,
    place_of: HashMap<Id, u64>,
    next: u64,
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What was done to a set of members, so that it can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Added(Id),
    Removed(u64, Member),
    Altered(u64, Member),
}

impl Members {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.iter().flat_map(|listed| listed.in_order.values())
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |listed| listed.in_order.len())
    }

    pub(super) fn get(&self, id: &str) -> Option<&Member> {
        let listed = self.0.as_ref()?;
        listed.in_order.get(listed.place_of.get(id)?)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        let listed = self.0.as_ref();
        listed.is_some_and(|listed| listed.place_of.contains_key(id))
    }

    /// Adds a member; one who is there already keeps the place and takes what is new of
    /// `display` and `$ref`.
    pub(super) fn insert(&mut self, member: Member, journal: &mut Vec<Change>) {
        let listed = self.listed();
        let known = listed.place_of.get(&member.value).copied();
        if let Some((place, old)) = known.and_then(|p| listed.in_order.get_mut(&p).map(|m| (p, m)))
        {
            let renewed = Member {
                display: member.display.or_else(|| old.display.clone()),
                reference: member.reference.or_else(|| old.reference.clone()),
                ..old.clone()
            };
            if renewed != *old {
                journal.push(Change::Altered(place, std::mem::replace(old, renewed)));
            }
            return;
        }
        let id = Id::clone(&member.value);
        journal.push(Change::Added(Id::clone(&id)));
        listed.place_of.insert(id, listed.next);
        listed.append(member);
    }

    /// Puts another member with the same id in the place of one.
    pub(super) fn alter(&mut self, member: Member, journal: &mut Vec<Change>) {
        let listed = self.listed();
        let known = listed.place_of.get(&member.value).copied();
        if let Some((place, old)) = known.and_then(|p| listed.in_order.get_mut(&p).map(|m| (p, m)))
            && *old != member
        {
            journal.push(Change::Altered(place, std::mem::replace(old, member)));
        }
    }

    /// Adds a member once more; for servers that keep duplicates.
    pub(super) fn insert_again(&mut self, member: Member) {
        self.listed().append(member);
    }

    /// Removes a member; whether there was one.
    pub(super) fn remove(&mut self, id: &str, journal: &mut Vec<Change>) -> bool {
        let listed = self.listed();
        let Some(place) = listed.place_of.remove(id) else {
            return false;
        };
        if let Some(member) = listed.in_order.remove(&place) {
            journal.push(Change::Removed(place, member));
        }
        true
    }

    /// Removes all members that `gone` accepts.
    pub(super) fn remove_where(
        &mut self,
        gone: impl Fn(&Member) -> bool,
        journal: &mut Vec<Change>,
    ) {
        let ids: Vec<Id> = self
            .iter()
            .filter(|member| gone(member))
            .map(|member| Id::clone(&member.value))
            .collect();
        for id in ids {
            self.remove(&id, journal);
        }
    }

    /// Undoes what the journal tells, last change first.
    pub(super) fn undo(&mut self, journal: Vec<Change>) {
        let listed = self.listed();
        for change in journal.into_iter().rev() {
            match change {
                Change::Added(id) => {
                    if let Some(place) = listed.place_of.remove(&id) {
                        listed.in_order.remove(&place);
                    }
                }
                Change::Removed(place, member) => {
                    listed.place_of.insert(Id::clone(&member.value), place);
                    listed.in_order.insert(place, member);
                }
                Change::Altered(place, member) => {
                    listed.in_order.insert(place, member);
                }
            }
        }
    }

    fn listed(&mut self) -> &mut Listed {
        self.0.get_or_insert_default()
    }
}

impl Listed {
    fn append(&mut self, member: Member) {
        self.in_order.insert(self.next, member);
        self.next = self.next.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, display: &str) -> Member {
        Member {
            value: id.into(),
            display: Some(display.into()),
            reference: None,
            kind: "User",
        }
    }

    fn listed(members: &Members) -> Vec<(String, Option<Box<str>>)> {
        members
            .iter()
            .map(|m| (m.value.to_string(), m.display.clone()))
            .collect()
    }

    #[test]
    fn undoing_restores_order_and_displays() {
        let mut members = Members::default();
        for id in ["a", "b", "c"] {
            members.insert(member(id, "old"), &mut Vec::new());
        }
        let before = listed(&members);
        let mut journal = Vec::new();
        assert!(members.remove("a", &mut journal));
        assert!(!members.remove("a", &mut journal));
        members.insert(member("b", "new"), &mut journal);
        members.insert(member("d", "old"), &mut journal);
        members.insert(member("a", "back"), &mut journal);
        members.remove_where(|m| &*m.value == "c", &mut journal);
        assert_eq!(
            listed(&members)
                .into_iter()
                .map(|(id, _)| id)
                .collect::<Vec<_>>(),
            ["b", "d", "a"]
        );
        members.undo(journal);
        assert_eq!(listed(&members), before);
        assert!(members.contains("a") && !members.contains("d"));
        assert_eq!(members.iter().count(), 3);
    }
}
