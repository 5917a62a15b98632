//! Whose resources are whose, and what stands for the ids of others.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::needles::{Edge, Needles};

/// The id that no server has issued, and that probes ask for.
const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

/// Whether an id is the one that no server has issued: it is nobody's, whoever repeats it.
#[must_use]
pub fn is_nobodys(id: &str) -> bool {
    id.eq_ignore_ascii_case(NOBODYS)
}

const ALIAS: &str = "<foreign-";

/// How many ids have a number of their own, and how many bytes they have together; those that come later share one, and
/// are known by their hash.
const MOST_IDS: usize = 50_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;
const MOST_HASHES: usize = 2_000_000;

/// Ids shorter than this are replaced as whole path segments only: as a part of other text
/// they would match by accident.
const MIN_ID_IN_TEXT: usize = 8;

/// Which resources belong to this run. Any `Fn(&str) -> bool` on ids is one.
pub trait Ownership: Send + Sync {
    /// Whether this run created the resource with that id.
    fn owns_id(&self, id: &str) -> bool;

    /// Whether a resource is this run's; overridden where more than the id can tell, such as
    /// a name that holds the run's id in an answer whose id nobody has noted yet.
    fn owns_resource(&self, resource: &Map<String, Value>) -> bool {
        matches!(field(resource, "id"), Some(Value::String(id)) if self.owns_id(id))
    }
}

impl<F: Fn(&str) -> bool + Send + Sync> Ownership for F {
    fn owns_id(&self, id: &str) -> bool {
        self(id)
    }
}

/// The ids of foreign resources and what stands for them (`<foreign-1>`), the same in a
/// whole run.
#[derive(Debug, Default)]
pub struct ForeignNames(Mutex<Known>);

#[derive(Debug)]
struct Known {
    ids: IndexSet<String>,
    bytes: usize,
    /// Hashes of those that have no number of their own.
    more: HashSet<u64>,
    hasher: RandomState,
    /// Those that are long enough to be found in a text, with their place among the ids.
    needles: Needles<usize>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            ids: IndexSet::new(),
            bytes: 0,
            more: HashSet::new(),
            hasher: RandomState::new(),
            needles: Needles::new(usize::MAX),
        }
    }
}

impl Known {
    /// The number of an id, counted from 1.
    fn number(&self, id: &str) -> Option<usize> {
        match self.ids.get_index_of(id) {
            Some(index) => Some(index + 1),
            None => {
                let is_one_more = self.more.contains(&self.hasher.hash_one(id));
                is_one_more.then(|| self.shared_number())
            }
        }
    }

    /// The number of all that have none of their own.
    fn shared_number(&self) -> usize {
        self.ids.len() + 1
    }

    fn add(&mut self, id: &str) -> usize {
        if let Some(number) = self.number(id) {
            return number;
        }
        let has_room = self.more.is_empty()
            && self.ids.len() < MOST_IDS
            && self.bytes + id.len() <= MOST_BYTES;
        if has_room {
            self.bytes += id.len();
            let (index, _) = self.ids.insert_full(id.to_owned());
            if id.len() >= MIN_ID_IN_TEXT {
                self.needles.add(id.as_bytes(), Edge::default(), index);
            }
            return index + 1;
        }
        if self.more.len() < MOST_HASHES {
            self.more.insert(self.hasher.hash_one(id));
        }
        self.shared_number()
    }
}

impl ForeignNames {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands for `id`; a new id gets the next number.
    pub fn alias(&self, id: &str) -> String {
        alias_of(self.number(id))
    }

    /// What stands for `id`, if it has come up as a foreign one.
    #[must_use]
    pub fn known(&self, id: &str) -> Option<String> {
        self.lock().number(id).map(alias_of)
    }

    /// Replaces every foreign id in a text such as a target's query, however it is escaped there.
    #[must_use]
    pub fn replace_in(&self, text: &str) -> String {
        let mut hits = self.lock().needles.find(text.as_bytes());
        hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
        let mut shown = String::with_capacity(text.len());
        let mut kept = 0;
        for hit in hits {
            // One id may be a part of another.
            let Some(between) = text.get(kept..hit.start) else {
                continue;
            };
            shown.push_str(between);
            shown.push_str(&alias_of(hit.tag + 1));
            kept = hit.end;
        }
        shown.push_str(text.get(kept..).unwrap_or_default());
        shown
    }

    pub(super) fn number(&self, id: &str) -> usize {
        self.lock().add(id)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Ids are only ever added, so a panic elsewhere does not spoil them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alias_of(number: usize) -> String {
    format!("{ALIAS}{number}>")
}

/// Attribute names are case-insensitive (RFC 7643, 2.1).
pub(super) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_beyond_the_bound_share_a_number_and_are_known_all_the_same() {
        let names = ForeignNames::new();
        for n in 0..MOST_IDS + 10 {
            let number = names.number(&format!("foreign-id-{n}"));
            assert_eq!(number, n.min(MOST_IDS) + 1);
        }
        let shared = Some(format!("<foreign-{}>", MOST_IDS + 1));
        assert_eq!(names.known("foreign-id-0").as_deref(), Some("<foreign-1>"));
        assert_eq!(names.known(&format!("foreign-id-{}", MOST_IDS + 9)), shared);
        assert_eq!(names.known("nobody"), None);
        let long = ForeignNames::new();
        long.alias(&"x".repeat(MOST_BYTES + 1));
        assert_eq!(long.lock().bytes, 0);
    }
}
