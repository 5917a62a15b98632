//! Everything that one tenant holds: records, their order, and the indexes for look-ups.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::fold;
use super::membership::{Change, Member, Members};
use super::resource_type::Kind;
use crate::secret::Secret;

/// The id of a user or a group.
pub(super) type Id = Arc<str>;

/// One user or group.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: Id,
    /// Place in the order of creation.
    pub(super) rank: u64,
    /// What the client set, under the schema's spelling; neither `id`, `meta`, `groups`
    /// nor `members` nor `password`.
    pub(super) attributes: Map<String, Value>,
    /// Of a group; a user has none.
    pub(super) members: Members,
    /// Of a user; a known-good server never answers it.
    pub(super) password: Option<Secret>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Counts the changes, from 1.
    pub(super) version: u64,
    /// When it was created, for servers whose look-ups lag behind.
    pub(super) born: Instant,
    /// It was there before SCIM: put in by the test, not by the client.
    pub(super) seeded: bool,
    /// Deleted, but still found by servers that forget to clean their index.
    pub(super) ghost: bool,
    /// The members before the last PATCH, for servers that read them from a replica.
    pub(super) members_before: Option<Vec<Member>>,
    /// The first name of a group that has another one now, for servers whose lists show it.
    pub(super) first_name: Option<String>,
}

impl Record {
    /// A record that is created now.
    pub(super) fn new(id: Id, attributes: Map<String, Value>) -> Self {
        let now = Timestamp::now();
        Self {
            id,
            rank: 0,
            attributes,
            members: Members::default(),
            password: None,
            created: now,
            modified: now,
            version: 1,
            born: Instant::now(),
            seeded: false,
            ghost: false,
            members_before: None,
            first_name: None,
        }
    }

    /// A single-valued string attribute.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// Whether the account may be used; a user is active unless told otherwise.
    pub(super) fn is_active(&self) -> bool {
        self.attributes.get("active") != Some(&Value::Bool(false))
    }

    /// Counts a change.
    pub(super) fn touch(&mut self) {
        self.version += 1;
        self.modified = Timestamp::now();
    }
}

/// What can be looked up without reading every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Indexed {
    UserName,
    ExternalId,
    Email,
    DisplayName,
}

impl Indexed {
    /// The key under which a value is filed: `externalId` minds the case (RFC 7643, 3.1).
    fn key(self, text: &str) -> (Self, String) {
        match self {
            Self::ExternalId => (self, text.to_owned()),
            _ => (self, fold::key(text)),
        }
    }

    /// All keys of a record.
    fn keys(attributes: &Map<String, Value>) -> Vec<(Self, String)> {
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        let mut keys = Vec::new();
        for (indexed, name) in [
            (Self::UserName, "userName"),
            (Self::ExternalId, "externalId"),
            (Self::DisplayName, "displayName"),
        ] {
            keys.extend(text(name).map(|value| indexed.key(value)));
        }
        let emails = attributes.get("emails").and_then(Value::as_array);
        for email in emails.into_iter().flatten() {
            let address = email.get("value").and_then(Value::as_str);
            keys.extend(address.map(|value| Self::Email.key(value)));
        }
        keys
    }
}

/// All records of one type.
#[derive(Debug, Default)]
pub(super) struct Collection {
    records: HashMap<Id, Record>,
    /// By rank, so that a page costs by its size.
    order: Vec<(u64, Id)>,
    index: HashMap<(Indexed, String), Vec<Id>>,
    next_rank: u64,
}

impl Collection {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Record> {
        self.records.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Record> {
        self.records.get_mut(id)
    }

    /// Up to `count` records from `offset` on, in the order of creation.
    pub(super) fn page(&self, offset: usize, count: usize) -> impl Iterator<Item = &Record> {
        let end = offset.saturating_add(count).min(self.order.len());
        let ids = self.order.get(offset..end).unwrap_or_default();
        ids.iter().filter_map(|(_, id)| self.records.get(id))
    }

    /// All records in the order of creation.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.page(0, usize::MAX)
    }

    /// The records filed under a value.
    pub(super) fn lookup(&self, indexed: Indexed, value: &str) -> &[Id] {
        self.index
            .get(&indexed.key(value))
            .map_or(&[], Vec::as_slice)
    }

    /// Files a new record behind all others.
    pub(super) fn insert(&mut self, mut record: Record) {
        record.rank = self.next_rank;
        self.next_rank += 1;
        for key in Indexed::keys(&record.attributes) {
            self.index.entry(key).or_default().push(record.id.clone());
        }
        self.order.push((record.rank, record.id.clone()));
        self.records.insert(record.id.clone(), record);
    }

    /// Gives a record new attributes; keys of the kinds in `stale` stay filed as they were.
    pub(super) fn set_attributes(
        &mut self,
        id: &str,
        attributes: Map<String, Value>,
        stale: &[Indexed],
    ) {
        let Some(record) = self.records.get_mut(id) else {
            return;
        };
        let id = record.id.clone();
        let before = Indexed::keys(&record.attributes);
        let after = Indexed::keys(&attributes);
        record.attributes = attributes;
        for key in before.iter().filter(|key| !stale.contains(&key.0)) {
            self.unfile(key, &id);
        }
        for key in after.into_iter().filter(|key| !stale.contains(&key.0)) {
            let ids = self.index.entry(key).or_default();
            if !ids.contains(&id) {
                ids.push(id.clone());
            }
        }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, id: &str) -> Option<Record> {
        let record = self.records.remove(id)?;
        for key in Indexed::keys(&record.attributes) {
            self.unfile(&key, &record.id);
        }
        if let Ok(place) = self
            .order
            .binary_search_by_key(&record.rank, |(rank, _)| *rank)
        {
            self.order.remove(place);
        }
        Some(record)
    }

    fn unfile(&mut self, key: &(Indexed, String), id: &Id) {
        if let Some(ids) = self.index.get_mut(key) {
            ids.retain(|filed| filed != id);
            if ids.is_empty() {
                self.index.remove(key);
            }
        }
    }
}

/// Users, groups, and who is in which group.
#[derive(Debug, Default)]
pub(super) struct Store {
    users: Collection,
    groups: Collection,
    roles: Collection,
    entitlements: Collection,
    /// From a member's id to the groups, in their order.
    groups_of: HashMap<Id, BTreeSet<(u64, Id)>>,
}

impl Store {
    pub(super) fn of(&self, kind: Kind) -> &Collection {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
            Kind::Role => &self.roles,
            Kind::Entitlement => &self.entitlements,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut Collection {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
            Kind::Role => &mut self.roles,
            Kind::Entitlement => &mut self.entitlements,
        }
    }

    /// What a member id names: a user, a group (RFC 7643, 4.2), or nothing.
    pub(super) fn member_kind(&self, id: &str) -> Option<Kind> {
        [Kind::User, Kind::Group]
            .into_iter()
            .find(|kind| self.of(*kind).get(id).is_some_and(|record| !record.ghost))
    }

    /// The groups that hold this id as a member.
    pub(super) fn groups_of(&self, id: &str) -> impl Iterator<Item = &Record> {
        self.groups_of
            .get(id)
            .into_iter()
            .flatten()
            .filter_map(|(_, group)| self.groups.get(group))
    }

    /// Brings the way back, from member to group, up to date with a change of members.
    pub(super) fn follow(&mut self, group: &str, journal: &[Change]) {
        let Some(record) = self.groups.get(group) else {
            return;
        };
        let place = (record.rank, record.id.clone());
        for change in journal {
            match change {
                Change::Added(member) => {
                    let groups = self.groups_of.entry(member.clone()).or_default();
                    groups.insert(place.clone());
                }
                Change::Removed(_, member) => {
                    if let Some(groups) = self.groups_of.get_mut(&member.value) {
                        groups.remove(&place);
                    }
                }
                Change::Altered(..) => {}
            }
        }
    }

    /// Takes an id out of every group.
    pub(super) fn leave_groups(&mut self, id: &str) {
        for (_, group) in self.groups_of.remove(id).unwrap_or_default() {
            if let Some(record) = self.groups.get_mut(&group) {
                record.members.remove(id, &mut Vec::new());
                record.touch();
            }
        }
    }

    /// Takes a record out, and out of every group.
    pub(super) fn remove(&mut self, kind: Kind, id: &str) -> Option<Record> {
        let record = self.of_mut(kind).remove(id)?;
        self.leave_groups(id);
        if kind == Kind::Group {
            for member in record.members.iter() {
                if let Some(groups) = self.groups_of.get_mut(&member.value) {
                    groups.remove(&(record.rank, record.id.clone()));
                }
            }
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(id: &str, attributes: Value) -> Record {
        let Value::Object(attributes) = attributes else {
            panic!("not an object")
        };
        Record::new(id.into(), attributes)
    }

    fn ids(records: impl Iterator<Item = impl std::borrow::Borrow<Record>>) -> Vec<String> {
        records.map(|r| r.borrow().id.to_string()).collect()
    }

    #[test]
    fn every_index_follows_a_change() {
        let mut users = Collection::default();
        users.insert(record(
            "1",
            json!({"userName": "Ada", "externalId": "X", "emails": [{"value": "A@x.test"}]}),
        ));
        assert_eq!(users.lookup(Indexed::UserName, "ADA"), ["1".into()]);
        assert_eq!(users.lookup(Indexed::Email, "a@X.test"), ["1".into()]);
        assert_eq!(users.lookup(Indexed::ExternalId, "X"), ["1".into()]);
        assert!(users.lookup(Indexed::ExternalId, "x").is_empty());
        let Value::Object(renamed) = json!({"userName": "Byron"}) else {
            unreachable!()
        };
        users.set_attributes("1", renamed, &[]);
        assert!(users.lookup(Indexed::UserName, "Ada").is_empty());
        assert!(users.lookup(Indexed::Email, "a@x.test").is_empty());
        assert_eq!(users.lookup(Indexed::UserName, "byron"), ["1".into()]);
        users.remove("1");
        assert!(users.lookup(Indexed::UserName, "byron").is_empty());
        assert!(users.index.is_empty());
    }

    #[test]
    fn pages_keep_the_order_when_records_leave() {
        let mut users = Collection::default();
        for n in 0..6 {
            users.insert(record(&n.to_string(), json!({"userName": n.to_string()})));
        }
        users.remove("2");
        users.insert(record("2", json!({"userName": "2"})));
        assert_eq!(ids(users.page(1, 3)), ["1", "3", "4"]);
        assert_eq!(ids(users.page(4, 9)), ["5", "2"]);
        assert_eq!(users.page(7, 1).count(), 0);
        assert_eq!(users.page(usize::MAX, usize::MAX).count(), 0);
    }

    #[test]
    fn a_removed_user_leaves_its_groups() {
        let mut store = Store::default();
        store
            .of_mut(Kind::User)
            .insert(record("u", json!({"userName": "u"})));
        store
            .of_mut(Kind::Group)
            .insert(record("g", json!({"displayName": "g"})));
        let mut journal = Vec::new();
        let member = super::super::membership::Member {
            value: "u".into(),
            display: None,
            reference: None,
            kind: "User",
        };
        let group = store.of_mut(Kind::Group).get_mut("g").unwrap();
        group.members.insert(member, &mut journal);
        store.follow("g", &journal);
        assert_eq!(ids(store.groups_of("u")), ["g"]);
        store.remove(Kind::User, "u");
        let group = store.of(Kind::Group).get("g").unwrap();
        assert_eq!(group.members.iter().count(), 0);
        assert_eq!(store.groups_of("u").count(), 0);
    }
}
