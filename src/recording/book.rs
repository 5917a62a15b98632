//! What a recording has shown of each resource so far, and since when.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::okta::request::{MemberChange, Resource, Set};

/// A place that a write has touched, and which request it was.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    /// Where, and what must be there.
    pub set: Set,
    /// The request, by its index.
    pub by: usize,
}

/// What was written and not read since.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// How it was before, as last read.
    pub before: Option<Value>,
    /// Places that were touched.
    pub touched: Vec<Touched>,
    /// Members before, change, and the request.
    pub members: Option<Members>,
    /// The last write, by its index.
    pub last: usize,
    /// When it was answered.
    pub end: i64,
    /// It was refused, so nothing may have changed.
    pub refused: bool,
    /// A read soon after it still showed the former state.
    pub early: bool,
    /// What the last write answered, when it answered with a resource.
    pub answer: Option<Value>,
}

/// A change of members that was not read since.
#[derive(Clone, Debug)]
pub(super) struct Members {
    /// Before, when it is known.
    pub was: Option<BTreeSet<String>>,
    /// Afterwards.
    pub wanted: BTreeSet<String>,
    /// The change that led there.
    pub change: MemberChange,
    /// The request, by its index.
    pub by: usize,
}

/// One resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Its name, when it is known.
    pub name: Option<String>,
    /// The name before that.
    pub former: Option<String>,
    /// The representation last read by id, and when; nothing was written since.
    pub read: Option<(Value, i64)>,
    /// Members that must be there, when that is known.
    pub members: Option<BTreeSet<String>>,
    /// What was written and not read since.
    pub pending: Option<Pending>,
    /// Okta has deactivated it.
    pub inactive: bool,
    /// It was deleted.
    pub gone: bool,
    /// When it last was seen to exist under its name.
    pub seen: i64,
    /// When the last write was answered.
    pub written: i64,
}

/// All resources that the recording has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Book(HashMap<(Resource, String), Account>);

impl Book {
    /// The resource of that id.
    #[must_use]
    pub(super) fn get(&self, resource: Resource, id: &str) -> Option<&Account> {
        self.0.get(&(resource, id.to_owned()))
    }

    /// The resource of that id; a new one when nothing is known of it.
    pub(super) fn entry(&mut self, resource: Resource, id: &str) -> &mut Account {
        self.0.entry((resource, id.to_owned())).or_default()
    }

    /// Forgets what was there under that id.
    pub(super) fn forget(&mut self, resource: Resource, id: &str) {
        self.0.remove(&(resource, id.to_owned()));
    }

    /// Resources of that name that exist, with their ids.
    pub(super) fn named<'b>(
        &'b self,
        resource: Resource,
        name: &'b str,
    ) -> impl Iterator<Item = (&'b str, &'b Account)> + 'b {
        self.existing(resource)
            .filter(move |(_, account)| account.name.as_ref().is_some_and(|n| same_name(n, name)))
    }

    /// Resources of that kind that exist, with their ids.
    pub(super) fn existing(&self, resource: Resource) -> impl Iterator<Item = (&str, &Account)> {
        self.0
            .iter()
            .filter(move |((kind, _), account)| *kind == resource && !account.gone)
            .map(|((_, id), account)| (id.as_str(), account))
    }
}

impl Account {
    /// Nothing is known of its content from here on.
    pub(super) fn muddle(&mut self, end: i64) {
        self.pending = None;
        self.read = None;
        self.members = None;
        self.written = end;
    }

    /// It goes by this name now.
    pub(super) fn call(&mut self, name: &str, at: i64) {
        if let Some(before) = self.name.take().filter(|before| !same_name(before, name)) {
            self.former = Some(before);
        }
        self.name = Some(name.to_owned());
        self.seen = at;
    }
}

/// Whether two names are one for a service provider: case does not count, nor does the Unicode form.
#[must_use]
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase().nfc().eq(b.to_lowercase().nfc())
}
