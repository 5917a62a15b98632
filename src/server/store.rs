//! Everything that one tenant holds: records, their order, and the indexes for look-ups.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::attributes::Attributes;
use super::index::{Index, Indexed, Keys, Rank};
use super::membership::{Change, Member, Members};
use super::ranks::Ranks;
use super::resource_type::Kind;
use crate::secret::Secret;

/// The id of a user or a group.
pub(super) type Id = Arc<str>;

/// One user or group.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: Id,
    /// Place in the order of creation.
    pub(super) rank: Rank,
    /// What the client set, under the schema's spelling; neither `id`, `meta`, `groups`
    /// nor `members` nor `password`.
    pub(super) attributes: Attributes,
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
            attributes: attributes.into(),
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
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.attributes.text(name)
    }

    /// Whether the account may be used; a user is active unless told otherwise.
    pub(super) fn is_active(&self) -> bool {
        self.attributes.get("active") != Some(Value::Bool(false))
    }

    /// Counts a change.
    pub(super) fn touch(&mut self) {
        self.version += 1;
        self.modified = Timestamp::now();
    }
}

/// All records of one type.
#[derive(Debug, Default)]
pub(super) struct Collection {
    records: BTreeMap<Rank, Box<Record>>,
    taken: Ranks,
    keys: Keys,
    index: Index,
    next_rank: Rank,
}

impl Collection {
    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Record> {
        self.at(self.rank_of(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Record> {
        let rank = self.rank_of(id)?;
        self.records.get_mut(&rank).map(Box::as_mut)
    }

    /// The record of that rank, if it is still there.
    pub(super) fn at(&self, rank: Rank) -> Option<&Record> {
        self.records.get(&rank).map(Box::as_ref)
    }

    /// The records of that rank and above, in the order of creation.
    pub(super) fn from(&self, rank: Rank) -> impl Iterator<Item = &Record> {
        self.records.range(rank..).map(|(_, record)| &**record)
    }

    /// Up to `count` records from `offset` on, in the order of creation.
    pub(super) fn page(&self, offset: usize, count: usize) -> impl Iterator<Item = &Record> {
        let (rank, left_out) = self.taken.seek(offset);
        self.from(rank).skip(left_out).take(count)
    }

    /// All records in the order of creation.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.from(Rank::MIN)
    }

    /// The ranks that are filed under a value, lowest first.
    pub(super) fn ranks<'s>(
        &'s self,
        indexed: Indexed,
        value: &str,
    ) -> impl Iterator<Item = Rank> + use<'s> {
        self.index.ranks(self.keys.of(indexed, value))
    }

    /// The records that are filed under a value, in the order of creation.
    pub(super) fn lookup(&self, indexed: Indexed, value: &str) -> impl Iterator<Item = &Record> {
        self.ranks(indexed, value).filter_map(|rank| self.at(rank))
    }

    /// Files a new record behind all others.
    pub(super) fn insert(&mut self, mut record: Record) {
        record.rank = self.next_rank;
        self.next_rank += 1;
        self.taken.take(record.rank);
        let id = self.keys.of(Indexed::Id, &record.id);
        self.index.file(id, record.rank);
        for (_, key) in self.keys.of_attributes(&record.attributes.to_map()) {
            self.index.file(key, record.rank);
        }
        self.records.insert(record.rank, Box::new(record));
    }

    /// Gives a record new attributes; keys of the kinds in `stale` stay filed as they were.
    pub(super) fn set_attributes(
        &mut self,
        id: &str,
        attributes: Map<String, Value>,
        stale: &[Indexed],
    ) {
        let Some(rank) = self.rank_of(id) else {
            return;
        };
        let Some(record) = self.records.get_mut(&rank) else {
            return;
        };
        let before = self.keys.of_attributes(&record.attributes.to_map());
        let after = self.keys.of_attributes(&attributes);
        record.attributes = attributes.into();
        for (_, key) in before.iter().filter(|(kind, _)| !stale.contains(kind)) {
            self.index.unfile(*key, rank);
        }
        for (_, key) in after.iter().filter(|(kind, _)| !stale.contains(kind)) {
            self.index.file(*key, rank);
        }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, id: &str) -> Option<Record> {
        let rank = self.rank_of(id)?;
        let record = self.records.remove(&rank)?;
        self.taken.release(rank);
        self.index.unfile(self.keys.of(Indexed::Id, id), rank);
        for (_, key) in self.keys.of_attributes(&record.attributes.to_map()) {
            self.index.unfile(key, rank);
        }
        Some(*record)
    }

    fn rank_of(&self, id: &str) -> Option<Rank> {
        self.ranks(Indexed::Id, id).next()
    }
}

/// Users, groups, and who is in which group.
#[derive(Debug, Default)]
pub(super) struct Store {
    users: Collection,
    groups: Collection,
    roles: Collection,
    entitlements: Collection,
    /// From a member's id to the ranks of the groups.
    groups_of: Index,
    keys: Keys,
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
    pub(super) fn member(&self, id: &str) -> Option<(Kind, Id)> {
        [Kind::User, Kind::Group].into_iter().find_map(|kind| {
            let record = self.of(kind).get(id).filter(|record| !record.ghost)?;
            Some((kind, record.id.clone()))
        })
    }

    /// The groups that hold this id as a member, in their order.
    pub(super) fn groups_of(&self, id: &str) -> impl Iterator<Item = &Record> {
        self.ranks_of_groups_of(id)
            .filter_map(|rank| self.groups.at(rank))
    }

    /// The ranks of the groups that hold this id as a member, lowest first.
    pub(super) fn ranks_of_groups_of<'s>(
        &'s self,
        id: &str,
    ) -> impl Iterator<Item = Rank> + use<'s> {
        self.groups_of.ranks(self.keys.of(Indexed::Id, id))
    }

    /// Brings the way back, from member to group, up to date with a change of members.
    pub(super) fn follow(&mut self, group: &str, journal: &[Change]) {
        let Some(record) = self.groups.get(group) else {
            return;
        };
        for change in journal {
            match change {
                Change::Added(member) => {
                    let key = self.keys.of(Indexed::Id, member);
                    self.groups_of.file(key, record.rank);
                }
                Change::Removed(_, member) => {
                    let key = self.keys.of(Indexed::Id, &member.value);
                    self.groups_of.unfile(key, record.rank);
                }
                Change::Altered(..) => {}
            }
        }
    }

    /// Takes an id out of every group.
    pub(super) fn leave_groups(&mut self, id: &str) {
        for rank in self.groups_of.unfile_all(self.keys.of(Indexed::Id, id)) {
            if let Some(record) = self.groups.records.get_mut(&rank) {
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
                let key = self.keys.of(Indexed::Id, &member.value);
                self.groups_of.unfile(key, record.rank);
            }
        }
        Some(record)
    }
}

/// A store that many requests use at once.
#[derive(Debug, Default)]
pub(super) struct Shared(RwLock<Store>);

// A panic in a request cannot leave the store half changed in a way that matters to the next
// one, and a test server that stops answering would hide the cause.
impl Shared {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store for one that reads long: others get their turn in between.
pub(super) struct Turns<'s> {
    shared: &'s Shared,
    store: Option<RwLockReadGuard<'s, Store>>,
}

impl<'s> Turns<'s> {
    pub(super) fn new(shared: &'s Shared) -> Self {
        let store = Some(shared.read());
        Self { shared, store }
    }

    /// The store, unchanged until the turn is over.
    pub(super) fn store(&mut self) -> &Store {
        self.store.get_or_insert_with(|| self.shared.read())
    }

    /// Lets others have the store.
    pub(super) fn over(&mut self) {
        self.store = None;
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
        assert_eq!(ids(users.lookup(Indexed::UserName, "ADA")), ["1"]);
        assert_eq!(ids(users.lookup(Indexed::Email, "a@X.test")), ["1"]);
        assert_eq!(ids(users.lookup(Indexed::ExternalId, "X")), ["1"]);
        assert_eq!(users.lookup(Indexed::ExternalId, "x").count(), 0);
        let Value::Object(renamed) = json!({"userName": "Byron"}) else {
            unreachable!()
        };
        users.set_attributes("1", renamed, &[]);
        assert_eq!(users.lookup(Indexed::UserName, "Ada").count(), 0);
        assert_eq!(users.lookup(Indexed::Email, "a@x.test").count(), 0);
        assert_eq!(ids(users.lookup(Indexed::UserName, "byron")), ["1"]);
        users.remove("1");
        assert_eq!(users.lookup(Indexed::UserName, "byron").count(), 0);
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
