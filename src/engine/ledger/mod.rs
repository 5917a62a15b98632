//! The ledger: what the run has made, and what it may have made, at a target.
//!
//! Every create is "perhaps there" from before it is sent until an id is known for it, or a look-up and the list have
//! shown that nothing is there. What an id stands for is decided in [`super::ownership`]; the ledger remembers it for all
//! scenarios, and writes it to a file that `sweep` reads.

mod file;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use unicode_normalization::UnicodeNormalization as _;

pub use self::file::OpenError;
use self::file::{Line, Owned};
use super::ownership::{Sign, Standing};
use crate::okta::request::Resource;
use crate::redact::Redactor;

/// Characters that follow the run id in a name: two for the scenario and app, two for the row.
pub const NAME_TAIL: usize = 4;

/// How many ids are remembered, those of others included.
const MOST_ENTRIES: usize = 1_000_000;

/// How an answer identifies a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// By a name that the run has made.
    Ours,
    /// By another name.
    Another,
    /// It shows no name.
    Nameless,
}

/// A name under which something may be at the target, though no id is known for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// User or group.
    pub resource: Resource,
    /// Login or group name; empty where the create had none.
    pub name: String,
    /// A look-up by the name has found nothing since the last create.
    pub not_found: bool,
    /// The target has refused the last create with a status 4xx.
    pub refused: bool,
}

/// What a ledger file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The run that wrote it.
    pub run_id: String,
    /// The base URL of its target.
    pub target: String,
    /// How many resources are, or may be, still there.
    pub resources: usize,
    /// Numbers of the lines that cannot be read.
    pub damaged: Vec<usize>,
}

/// One id.
#[derive(Clone, Debug, Default)]
struct Entry {
    standing: Standing,
    /// The name of the create that it came from, or that a read has shown since.
    name: String,
    /// When it was first named.
    order: usize,
    /// It stays on purpose, deactivated.
    is_kept: bool,
}

/// Creates of one name whose outcome is not known.
#[derive(Clone, Debug, Default)]
struct Attempts {
    open: usize,
    /// Those of them that were refused with 409.
    taken: usize,
    not_found: bool,
    refused: bool,
}

#[derive(Default)]
struct Books {
    entries: HashMap<(Resource, String), Entry>,
    attempts: BTreeMap<(Resource, String), Attempts>,
    /// Must stand in every name of the run. A play of a file from elsewhere has none: there the whole name counts.
    run_id: Option<String>,
    /// Beginnings of names that nobody else can have: the run id, scenario, app and row.
    tokens: BTreeSet<String>,
    named: usize,
    /// What was the run's own until a read showed another name: id, and the name of its create.
    revoked: Vec<(Resource, String, String)>,
    /// What a list has shown under a name of the run, though it belongs to others.
    contradictory: BTreeSet<(Resource, String, String)>,
    file: Option<File>,
    /// They are written to no file.
    secrets: Redactor,
    failure: Option<String>,
}

/// What the run has made at one target, shared by all its scenarios; optionally kept in a file.
#[derive(Default)]
pub struct Ledger(Mutex<Books>);

impl Ledger {
    /// A ledger in memory of a run with that id.
    #[must_use]
    pub fn of_run(run_id: &str) -> Self {
        Self(Mutex::new(Books {
            run_id: Some(run_id.to_owned()),
            ..Books::default()
        }))
    }

    /// A ledger that is kept in `path`, readable by its owner alone, and locked until it is dropped.
    ///
    /// # Errors
    /// When the file cannot be made or written: a run that could not clean up after a crash must not start.
    pub fn in_file(path: &Path, run_id: &str, target: &str) -> std::io::Result<Self> {
        let mut file = file::create(path)?;
        let line = Line::Run {
            run_id: run_id.to_owned(),
            target: target.to_owned(),
        };
        if let Err(error) = file::append(&mut file, &line) {
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        let ledger = Self::of_run(run_id);
        ledger.books().file = Some(file);
        Ok(ledger)
    }

    /// The ledger of an earlier run, to go on with.
    ///
    /// # Errors
    /// When a run that is going on keeps it, or it cannot be read.
    pub fn reopen(path: &Path) -> Result<(Self, Told), OpenError> {
        let (file, lines, damaged) = file::reopen(path)?;
        let (mut books, told) = Books::read(lines, damaged);
        books.file = Some(file);
        Ok((Self(Mutex::new(books)), told))
    }

    /// From now on no secret is written to the file.
    pub fn redact_by(&self, secrets: &Redactor) {
        self.books().secrets = secrets.clone();
    }

    /// Names with this in them are the run's: the run id, scenario, app and row.
    pub fn expect(&self, name: &str) {
        self.books().learn_token(name);
    }

    /// Knows a resource by its whole name alone, with or without the id of the run in it: for requests that were not
    /// written for this run.
    #[must_use]
    pub fn by_whole_names(self) -> Self {
        {
            let mut books = self.books();
            books.run_id = None;
            books.write(&Line::WholeNames);
        }
        self
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the ledger's file could not be written. Nothing may be created any more.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.books().failure.clone()
    }

    /// A create of `name` is about to be sent.
    ///
    /// # Errors
    /// When it cannot be noted. The request must not go out.
    pub fn sending(&self, resource: Resource, name: &str) -> Result<(), String> {
        let mut books = self.books();
        books.write(&Line::Sent {
            resource: resource.as_str().to_owned(),
            name: name.to_owned(),
        });
        match &books.failure {
            Some(failure) => Err(failure.clone()),
            None => {
                books.note_attempt(resource, name);
                Ok(())
            }
        }
    }

    /// The target has refused the create of `name` with a status 4xx.
    pub fn refused(&self, resource: Resource, name: &str) {
        if let Some(attempts) = self.books().attempts.get_mut(&(resource, name.to_owned())) {
            attempts.refused = true;
        }
    }

    /// The target has refused the create of `name` with 409: something has that name, and this create has made nothing.
    /// When what the run has made under that name is known, that is the reason.
    pub fn taken(&self, resource: Resource, name: &str) {
        let mut books = self.books();
        let is_made = books.entries.iter().any(|((r, _), entry)| {
            *r == resource && entry.standing == Standing::Ours && books.is_same(&entry.name, name)
        });
        if let Some(attempts) = books.attempts.get_mut(&(resource, name.to_owned())) {
            attempts.taken = attempts.taken.saturating_add(1);
        }
        if is_made {
            books.settle_attempts(resource, name);
        }
    }

    /// A look-up of `name` has found nothing.
    pub fn not_found(&self, resource: Resource, name: &str) {
        if let Some(attempts) = self.books().attempts.get_mut(&(resource, name.to_owned())) {
            attempts.not_found = true;
        }
    }

    /// Nothing is there under this name.
    pub fn absent(&self, resource: Resource, name: &str) {
        let mut books = self.books();
        if books
            .attempts
            .remove(&(resource, name.to_owned()))
            .is_some()
        {
            books.write(&Line::Absent {
                resource: resource.as_str().to_owned(),
                name: name.to_owned(),
            });
        }
    }

    /// An answer gives the id to `name`, which the run has sent.
    pub fn named(&self, resource: Resource, id: &str, name: &str) {
        self.books().named(resource, id, name);
    }

    /// It has another name of the run from now on.
    pub fn renamed(&self, resource: Resource, id: &str, name: &str) {
        if let Some(entry) = self.books().entries.get_mut(&(resource, id.to_owned())) {
            entry.name = name.to_owned();
        }
    }

    /// A read by its id has shown a resource.
    pub fn shown(&self, resource: Resource, id: &str, identity: Identity) {
        let sign = match identity {
            Identity::Ours => Sign::ShownAsOurs,
            Identity::Another => Sign::ShownAsAnothers,
            Identity::Nameless => return,
        };
        self.books().note(resource, id, sign);
    }

    /// A list or a look-up has shown the id under a name that is not of the run.
    pub fn saw(&self, resource: Resource, id: &str) {
        self.books().note(resource, id, Sign::ListedAsAnothers);
    }

    /// A read by its id has found nothing there.
    pub fn not_there(&self, resource: Resource, id: &str) {
        self.books().note(resource, id, Sign::NotThere);
    }

    /// The deletion of the id is about to be sent.
    pub fn deleting(&self, resource: Resource, id: &str) {
        self.books().note(resource, id, Sign::DeleteSent);
    }

    /// It stays on purpose, as it is now: whoever finds it again leaves it alone.
    pub fn keep(&self, resource: Resource, id: &str) {
        self.release(resource, id);
        if let Some(entry) = self.books().entries.get_mut(&(resource, id.to_owned())) {
            entry.is_kept = true;
        }
    }

    /// Whether it stays on purpose.
    #[must_use]
    pub fn keeps(&self, resource: Resource, id: &str) -> bool {
        let books = self.books();
        let entry = books.entries.get(&(resource, id.to_owned()));
        entry.is_some_and(|entry| entry.is_kept)
    }

    /// It is gone: nothing of it is to be removed any more.
    pub fn release(&self, resource: Resource, id: &str) {
        let mut books = self.books();
        if let Some(entry) = books.entries.get_mut(&(resource, id.to_owned()))
            && entry.standing != Standing::Foreign
        {
            entry.standing = Standing::Gone;
            books.write(&Line::Removed {
                resource: resource.as_str().to_owned(),
                id: id.to_owned(),
            });
        }
    }

    /// What is known of the id.
    #[must_use]
    pub fn standing(&self, resource: Resource, id: &str) -> Standing {
        let books = self.books();
        let entry = books.entries.get(&(resource, id.to_owned()));
        entry.map_or(Standing::Unknown, |entry| entry.standing)
    }

    /// Whether an answer has given the id to the run, and it is not gone.
    #[must_use]
    pub fn knows(&self, resource: Resource, id: &str) -> bool {
        self.standing(resource, id).is_known()
    }

    /// Whether any resource of the run has this id.
    #[must_use]
    pub fn knows_id(&self, id: &str) -> bool {
        self.knows(Resource::User, id) || self.knows(Resource::Group, id)
    }

    /// Whether a read has shown that it is the run's own.
    #[must_use]
    pub fn owns(&self, resource: Resource, id: &str) -> bool {
        self.standing(resource, id) == Standing::Ours
    }

    /// Whether the id is known to belong to others.
    #[must_use]
    pub fn knows_as_foreign(&self, resource: Resource, id: &str) -> bool {
        self.standing(resource, id) == Standing::Foreign
    }

    /// How a name that an answer shows identifies the resource of that id.
    #[must_use]
    pub fn identify(&self, resource: Resource, id: &str, shown: Option<&str>) -> Identity {
        let Some(shown) = shown.filter(|shown| !shown.is_empty()) else {
            return Identity::Nameless;
        };
        let books = self.books();
        let entry = books.entries.get(&(resource, id.to_owned()));
        let is_same = entry.is_some_and(|entry| books.is_same(&entry.name, shown));
        if is_same || books.has_token(shown) {
            Identity::Ours
        } else {
            Identity::Another
        }
    }

    /// Whether a text holds the beginning of a name that only this run can have made.
    #[must_use]
    pub fn is_marked(&self, text: &str) -> bool {
        self.books().has_token(text)
    }

    /// Everything known among `ids`, the newest first, groups before users: id and name.
    #[must_use]
    pub fn newest_first(
        &self,
        ids: &HashSet<(Resource, String)>,
    ) -> Vec<(Resource, String, String)> {
        self.all_known(|key| ids.contains(key))
    }

    /// The same of everything that is known.
    #[must_use]
    pub fn known(&self) -> Vec<(Resource, String, String)> {
        self.all_known(|_| true)
    }

    fn all_known(
        &self,
        wanted: impl Fn(&(Resource, String)) -> bool,
    ) -> Vec<(Resource, String, String)> {
        let books = self.books();
        let mut all: Vec<_> = books
            .entries
            .iter()
            .filter(|(key, entry)| entry.standing.is_known() && wanted(key))
            .map(|((resource, id), entry)| (entry.order, *resource, id.clone(), entry.name.clone()))
            .collect();
        all.sort_by_key(|(order, resource, ..)| {
            (*resource != Resource::Group, std::cmp::Reverse(*order))
        });
        all.into_iter()
            .map(|(_, resource, id, name)| (resource, id, name))
            .collect()
    }

    /// The id that a read had shown under this name, until a later one showed another name there.
    #[must_use]
    pub fn revoked(&self, resource: Resource, name: &str) -> Option<String> {
        let books = self.books();
        let mut all = books.revoked.iter();
        all.find(|(r, _, n)| *r == resource && n == name)
            .map(|(_, id, _)| id.clone())
    }

    /// A list shows an id of others under a name of the run.
    pub fn listed_as_ours(&self, resource: Resource, id: &str, name: &str) {
        let row = (resource, id.to_owned(), name.to_owned());
        self.books().contradictory.insert(row);
    }

    /// What a list has shown under a name of the run, and a read by its id under another one: id, and the name.
    #[must_use]
    pub fn contradictory(&self) -> Vec<(Resource, String, String)> {
        self.books().contradictory.iter().cloned().collect()
    }

    /// How many of the run's resources are gone.
    #[must_use]
    pub fn gone(&self) -> usize {
        let books = self.books();
        let all = books.entries.values();
        all.filter(|entry| entry.standing == Standing::Gone).count()
    }

    /// Whether the outcome of a create of `name` is not known.
    #[must_use]
    pub fn is_unresolved(&self, resource: Resource, name: &str) -> bool {
        self.books()
            .attempts
            .contains_key(&(resource, name.to_owned()))
    }

    /// Names under which something may be there, in the order of their letters.
    #[must_use]
    pub fn unresolved(&self) -> Vec<Unresolved> {
        let books = self.books();
        let all = books.attempts.iter();
        all.map(|((resource, name), attempts)| Unresolved {
            resource: *resource,
            name: name.clone(),
            not_found: attempts.not_found,
            refused: attempts.refused,
        })
        .collect()
    }

    /// Whether the run has sent a create of this kind.
    #[must_use]
    pub fn has_sent(&self, resource: Resource) -> bool {
        let books = self.books();
        let named = books
            .entries
            .iter()
            .any(|((r, _), entry)| *r == resource && entry.standing != Standing::Foreign);
        named || books.attempts.keys().any(|(r, _)| *r == resource)
    }
}

impl Books {
    fn write(&mut self, line: &Line) {
        let Some(file) = self.file.as_mut().filter(|_| self.failure.is_none()) else {
            return;
        };
        if let Err(error) = file::append(file, &line.without(&self.secrets)) {
            self.failure = Some(error.to_string());
        }
    }

    fn note_attempt(&mut self, resource: Resource, name: &str) {
        self.learn_token(name);
        let attempts = self
            .attempts
            .entry((resource, name.to_owned()))
            .or_default();
        attempts.open = attempts.open.saturating_add(1);
        (attempts.not_found, attempts.refused) = (false, false);
    }

    fn resolve_attempt(&mut self, resource: Resource, name: &str) {
        let key = (resource, name.to_owned());
        if let Some(attempts) = self.attempts.get_mut(&key) {
            attempts.open = attempts.open.saturating_sub(1);
        }
        self.settle_attempts(resource, name);
    }

    /// When something of the name is known, creates that were refused because of it have made nothing.
    fn settle_attempts(&mut self, resource: Resource, name: &str) {
        let key = (resource, name.to_owned());
        let attempts = self.attempts.get(&key);
        if attempts.is_some_and(|attempts| attempts.open <= attempts.taken) {
            self.attempts.remove(&key);
        }
    }

    /// The run id and what follows it in a name.
    fn learn_token(&mut self, name: &str) {
        let Some(run_id) = &self.run_id else { return };
        let name = name.to_lowercase();
        let token = name.find(run_id.as_str()).and_then(|at| {
            let end = at.checked_add(run_id.len())?.checked_add(NAME_TAIL)?;
            name.get(at..end)
        });
        let alphanumeric = |token: &&str| token.bytes().all(|b| b.is_ascii_alphanumeric());
        if let Some(token) = token.filter(alphanumeric) {
            self.tokens.insert(token.to_owned());
        }
    }

    fn has_token(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.tokens
            .iter()
            .any(|token| text.contains(token.as_str()))
    }

    /// Whether the name shown is the one that was sent: letter case and Unicode form do not count.
    fn is_same(&self, sent: &str, shown: &str) -> bool {
        let fold = |name: &str| name.to_lowercase().nfc().collect::<String>();
        let is_marked = |run_id: &String| sent.to_lowercase().contains(run_id.as_str());
        self.run_id.as_ref().is_none_or(is_marked) && fold(sent) == fold(shown)
    }

    fn named(&mut self, resource: Resource, id: &str, name: &str) {
        let entry = self.entries.entry((resource, id.to_owned())).or_default();
        let before = entry.standing;
        entry.standing = before.after(Sign::Named);
        if before == entry.standing {
            return;
        }
        self.named = self.named.saturating_add(1);
        (entry.order, entry.name) = (self.named, name.to_owned());
        self.learn_token(name);
        self.resolve_attempt(resource, name);
        self.write(&Line::Named(Owned {
            resource: resource.as_str().to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
        }));
    }

    fn note(&mut self, resource: Resource, id: &str, sign: Sign) {
        let key = (resource, id.to_owned());
        let before = self
            .entries
            .get(&key)
            .map_or(Standing::Unknown, |e| e.standing);
        let after = before.after(sign);
        if after == before {
            return;
        }
        // A target may list new ids without end; before a write, each is read by itself.
        if sign == Sign::ListedAsAnothers && self.entries.len() >= MOST_ENTRIES {
            return;
        }
        let entry = self.entries.entry(key).or_default();
        entry.standing = after;
        let name = entry.name.clone();
        let (resource_word, id) = (resource.as_str().to_owned(), id.to_owned());
        let revoked = id.clone();
        match after {
            Standing::Ours => self.write(&Line::Made(Owned {
                resource: resource_word,
                id,
                name,
            })),
            Standing::Deleting => self.write(&Line::Deleting {
                resource: resource_word,
                id,
            }),
            Standing::Gone => self.write(&Line::Removed {
                resource: resource_word,
                id,
            }),
            Standing::Foreign if matches!(before, Standing::Named | Standing::Ours) => {
                // What the create has made is somewhere else, if it is anywhere.
                self.write(&Line::Foreign {
                    resource: resource_word,
                    id,
                });
                self.note_attempt(resource, &name);
                if before == Standing::Ours {
                    self.revoked.push((resource, revoked, name));
                }
            }
            Standing::Unknown | Standing::Named | Standing::Foreign => {}
        }
    }

    /// The books as the lines of a file tell them.
    fn read(lines: Vec<Line>, damaged: Vec<usize>) -> (Self, Told) {
        let mut books = Self::default();
        let mut told = Told {
            damaged,
            ..Told::default()
        };
        for line in lines {
            match line {
                Line::Run { run_id, target } => {
                    books.run_id = Some(run_id.clone());
                    (told.run_id, told.target) = (run_id, target);
                }
                Line::WholeNames => books.run_id = None,
                Line::Sent { resource, name } | Line::Lost { resource, name } => {
                    if let Some(resource) = resource_of(&resource) {
                        books.note_attempt(resource, &name);
                    }
                }
                Line::Named(owned) | Line::Made(owned) => {
                    if let Some(resource) = resource_of(&owned.resource) {
                        books.named(resource, &owned.id, &owned.name);
                    }
                }
                Line::Foreign { resource, id } => {
                    if let Some(resource) = resource_of(&resource) {
                        books.note(resource, &id, Sign::ShownAsAnothers);
                    }
                }
                Line::Deleting { resource, id } => {
                    if let Some(resource) = resource_of(&resource) {
                        // What was deleted had been shown before.
                        books.note(resource, &id, Sign::ShownAsOurs);
                        books.note(resource, &id, Sign::DeleteSent);
                    }
                }
                Line::Removed { resource, id } => {
                    if let Some(resource) = resource_of(&resource)
                        && let Some(entry) = books.entries.get_mut(&(resource, id))
                    {
                        entry.standing = Standing::Gone;
                    }
                }
                Line::Absent { resource, name } => {
                    if let Some(resource) = resource_of(&resource) {
                        books.attempts.remove(&(resource, name));
                    }
                }
            }
        }
        let known = books.entries.values().filter(|e| e.standing.is_known());
        told.resources = known.count().saturating_add(books.attempts.len());
        (books, told)
    }
}

fn resource_of(word: &str) -> Option<Resource> {
    [Resource::User, Resource::Group]
        .into_iter()
        .find(|resource| resource.as_str() == word)
}

/// What a ledger file says, without taking it over.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path) -> std::io::Result<Told> {
    let (lines, damaged) = file::peek(path)?;
    Ok(Books::read(lines, damaged).1)
}

#[cfg(test)]
mod tests;
