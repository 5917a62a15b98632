//! The ownership guard's book: which resources this run has made. A write goes out only to an id in here.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::okta::request::Resource;

/// How many ids of others are remembered.
const MOST_FOREIGN: usize = 1_000_000;

/// One resource that the run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// `User` or `Group`.
    pub resource: String,
    /// Its id at the target.
    pub id: String,
    /// Login or group name.
    pub name: String,
}

/// One line of a ledger file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// First line: where and for which run.
    Run {
        /// Run id.
        run_id: String,
        /// Base URL.
        target: String,
    },
    /// The run made it.
    Made(Owned),
    /// The run removed it again.
    Removed {
        /// `User` or `Group`.
        resource: String,
        /// Its id.
        id: String,
    },
    /// A create got no answer: perhaps it is there, under a name that nobody else has.
    Lost {
        /// `User` or `Group`.
        resource: String,
        /// Login or group name.
        name: String,
    },
}

/// What a ledger file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The run that wrote it.
    pub run_id: String,
    /// The base URL of its target.
    pub target: String,
    /// What is still there, in the order in which it is to be removed.
    pub owned: Vec<Owned>,
    /// What may be there: `User` or `Group`, and the name to look it up by.
    pub lost: Vec<(String, String)>,
}

#[derive(Default)]
struct Books {
    /// What we own, with the order in which it was made.
    owned: HashMap<(Resource, String), (usize, String)>,
    /// Ids that were in any answer and are not ours.
    foreign: HashSet<(Resource, String)>,
    made: usize,
    file: Option<File>,
}

/// What the run owns, shared by all its scenarios; optionally kept in a file from the first write on.
#[derive(Default)]
pub struct Ledger(Mutex<Books>);

impl Ledger {
    /// A ledger that is kept in `path`, one JSON line each.
    ///
    /// # Errors
    /// When the file cannot be made: a run that could not clean up after a crash must not start.
    pub fn in_file(path: &Path, run_id: &str, target: &str) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::options().create_new(true).append(true).open(path)?;
        let ledger = Self(Mutex::new(Books {
            file: Some(file),
            ..Books::default()
        }));
        ledger.write(&Line::Run {
            run_id: run_id.to_owned(),
            target: target.to_owned(),
        });
        Ok(ledger)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &Line) {
        let mut books = self.books();
        if let (Some(file), Ok(mut text)) = (&mut books.file, serde_json::to_string(line)) {
            text.push('\n');
            // Losing a line costs a later sweep one resource; failing the run would cost the clean-up of all.
            let _ = file.write_all(text.as_bytes()).and_then(|()| file.flush());
        }
    }

    /// Whether the run made it.
    #[must_use]
    pub fn owns(&self, resource: Resource, id: &str) -> bool {
        self.books().owned.contains_key(&(resource, id.to_owned()))
    }

    /// Whether any resource of ours has this id.
    #[must_use]
    pub fn owns_id(&self, id: &str) -> bool {
        self.owns(Resource::User, id) || self.owns(Resource::Group, id)
    }

    /// Notes an id that stood in an answer.
    pub fn saw(&self, resource: Resource, id: &str) {
        let mut books = self.books();
        let key = (resource, id.to_owned());
        // A target may show new ids without end; each claim is proven by itself.
        if !books.owned.contains_key(&key) && books.foreign.len() < MOST_FOREIGN {
            books.foreign.insert(key);
        }
    }

    /// Whether the id stood in an answer before it was ours.
    #[must_use]
    pub fn knows_as_foreign(&self, resource: Resource, id: &str) -> bool {
        self.books().foreign.contains(&(resource, id.to_owned()))
    }

    /// Claims a resource that the run has just made.
    pub fn claim(&self, resource: Resource, id: &str, name: &str) {
        {
            let mut books = self.books();
            books.made += 1;
            let order = books.made;
            books
                .owned
                .insert((resource, id.to_owned()), (order, name.to_owned()));
        }
        self.write(&Line::Made(Owned {
            resource: resource.as_str().to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
        }));
    }

    /// Notes that a create got no answer, so that what it made can be looked for later.
    pub fn lose(&self, resource: Resource, name: &str) {
        self.write(&Line::Lost {
            resource: resource.as_str().to_owned(),
            name: name.to_owned(),
        });
    }

    /// The resource is gone.
    pub fn release(&self, resource: Resource, id: &str) {
        self.books().owned.remove(&(resource, id.to_owned()));
        self.write(&Line::Removed {
            resource: resource.as_str().to_owned(),
            id: id.to_owned(),
        });
    }

    /// Everything owned among `ids`, the newest first.
    #[must_use]
    pub fn newest_first(
        &self,
        ids: &HashSet<(Resource, String)>,
    ) -> Vec<(Resource, String, String)> {
        let books = self.books();
        let mut all: Vec<_> = books
            .owned
            .iter()
            .filter(|(key, _)| ids.contains(*key))
            .map(|((resource, id), (order, name))| (*order, *resource, id.clone(), name.clone()))
            .collect();
        all.sort_by_key(|(order, resource, ..)| {
            (*resource != Resource::Group, std::cmp::Reverse(*order))
        });
        all.into_iter()
            .map(|(_, resource, id, name)| (resource, id, name))
            .collect()
    }
}

/// What a ledger file says is still there, and where.
///
/// # Errors
/// When the file cannot be read. Lines that make no sense (a crash in the middle of one) are skipped.
pub fn read_file(path: &Path) -> std::io::Result<Told> {
    let text = std::fs::read_to_string(path)?;
    let mut told = Told::default();
    for line in text.lines().filter_map(|l| serde_json::from_str(l).ok()) {
        match line {
            Line::Run { run_id, target } => (told.run_id, told.target) = (run_id, target),
            Line::Made(owned) => {
                told.lost
                    .retain(|(resource, name)| (resource, name) != (&owned.resource, &owned.name));
                told.owned.push(owned);
            }
            Line::Removed { resource, id } => {
                told.owned.retain(|o| o.resource != resource || o.id != id)
            }
            Line::Lost { resource, name } => told.lost.push((resource, name)),
        }
    }
    told.owned.reverse();
    told.owned.sort_by_key(|o| o.resource != "Group");
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_go_before_users_and_the_newest_first() {
        let ledger = Ledger::default();
        ledger.claim(Resource::User, "1", "a");
        ledger.claim(Resource::Group, "2", "g");
        ledger.claim(Resource::User, "3", "b");
        let all = HashSet::from([
            (Resource::User, "1".into()),
            (Resource::Group, "2".into()),
            (Resource::User, "3".into()),
        ]);
        let ids: Vec<_> = ledger
            .newest_first(&all)
            .into_iter()
            .map(|(_, id, _)| id)
            .collect();
        assert_eq!(ids, ["2", "3", "1"]);
    }

    #[test]
    fn an_id_seen_before_is_a_stranger_s() {
        let ledger = Ledger::default();
        ledger.saw(Resource::User, "7");
        assert!(ledger.knows_as_foreign(Resource::User, "7"));
        assert!(!ledger.owns(Resource::User, "7"));
        ledger.claim(Resource::User, "8", "a");
        ledger.saw(Resource::User, "8");
        assert!(!ledger.knows_as_foreign(Resource::User, "8"));
    }

    #[test]
    fn a_file_tells_what_is_left_even_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/run.jsonl");
        let ledger = Ledger::in_file(&path, "k1", "https://t.test/v2").unwrap();
        ledger.claim(Resource::User, "1", "a");
        ledger.claim(Resource::Group, "2", "g");
        ledger.claim(Resource::User, "3", "b");
        ledger.release(Resource::User, "1");
        ledger.lose(Resource::User, "found");
        ledger.claim(Resource::User, "4", "found");
        ledger.lose(Resource::Group, "lost");
        std::fs::write(
            &path,
            std::fs::read_to_string(&path).unwrap() + "{\"made\":{\"res",
        )
        .unwrap();
        let told = read_file(&path).unwrap();
        assert_eq!(
            (told.run_id.as_str(), told.target.as_str()),
            ("k1", "https://t.test/v2")
        );
        assert_eq!(
            told.owned.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(),
            ["2", "4", "3"]
        );
        assert_eq!(told.lost, [("Group".to_owned(), "lost".to_owned())]);
        assert!(
            Ledger::in_file(&path, "k1", "x").is_err(),
            "an old ledger is never overwritten"
        );
    }
}
