//! What can be looked up without reading every record.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use serde_json::{Map, Value};

use super::fold;

/// A record's place in the order of creation, which no other record of its collection ever
/// has.
pub(super) type Rank = u64;

/// What records are filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Indexed {
    Id,
    UserName,
    ExternalId,
    Email,
    DisplayName,
}

/// A value and what it is, in 128 bits that nobody can foresee: two of a billion values meet
/// as rarely as two random ids do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64, u64);

/// Makes keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(RandomState, RandomState);

impl Keys {
    /// The key under which a value is filed: ids and `externalId` mind the case (RFC 7643, 3.1).
    pub(super) fn of(&self, indexed: Indexed, text: &str) -> Key {
        let folded;
        let text = match indexed {
            Indexed::Id | Indexed::ExternalId => text,
            _ => {
                folded = fold::folded(text);
                &folded
            }
        };
        let filed = (indexed, text);
        Key(self.0.hash_one(filed), self.1.hash_one(filed))
    }

    /// The keys of a record, but for its id.
    pub(super) fn of_attributes(&self, attributes: &Map<String, Value>) -> Vec<(Indexed, Key)> {
        let named = [
            (Indexed::UserName, "userName"),
            (Indexed::ExternalId, "externalId"),
            (Indexed::DisplayName, "displayName"),
        ];
        let named = named
            .into_iter()
            .filter_map(|(indexed, name)| Some((indexed, attributes.get(name)?.as_str()?)));
        let emails = attributes.get("emails").and_then(Value::as_array);
        let addresses = emails
            .into_iter()
            .flatten()
            .filter_map(|email| Some((Indexed::Email, email.get("value")?.as_str()?)));
        named
            .chain(addresses)
            .map(|(indexed, text)| (indexed, self.of(indexed, text)))
            .collect()
    }
}

/// Pairs of a key and a rank. A tree grows by one node at a time: no look-up ever waits until
/// a table of millions has been moved to a larger place.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeSet<(Key, Rank)>);

impl Index {
    pub(super) fn file(&mut self, key: Key, rank: Rank) {
        self.0.insert((key, rank));
    }

    pub(super) fn unfile(&mut self, key: Key, rank: Rank) {
        self.0.remove(&(key, rank));
    }

    /// Takes out everything that is filed under a key.
    pub(super) fn unfile_all(&mut self, key: Key) -> Vec<Rank> {
        let ranks: Vec<Rank> = self.ranks(key).collect();
        for rank in &ranks {
            self.unfile(key, *rank);
        }
        ranks
    }

    /// What is filed under a key, in the order of ranks.
    pub(super) fn ranks(&self, key: Key) -> impl Iterator<Item = Rank> {
        let filed = self.0.range((key, Rank::MIN)..=(key, Rank::MAX));
        filed.map(|(_, rank)| *rank)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
