//! Whose resources are whose, and what stands for the ids of others.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::percent::path_segment;

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

#[derive(Debug, Default)]
struct Known {
    ids: IndexSet<String>,
    bytes: usize,
    more: HashSet<u64>,
    hasher: RandomState,
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
            return self.ids.insert_full(id.to_owned()).0 + 1;
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

    /// Replaces every foreign id in a text such as a target's query, also percent-encoded.
    pub(super) fn replace_in(&self, text: &str) -> String {
        let known = self.lock();
        let mut text = text.to_owned();
        for (index, id) in known
            .ids
            .iter()
            .enumerate()
            .filter(|(_, id)| id.len() >= MIN_ID_IN_TEXT)
        {
            for form in [path_segment(id), id.clone()] {
                if text.contains(&form) {
                    text = text.replace(&form, &alias_of(index + 1));
                }
            }
        }
        text
    }

    pub(super) fn number(&self, id: &str) -> usize {
        self.lock().add(id)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // A set is never left half-changed, so a panic elsewhere does not spoil it.
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
