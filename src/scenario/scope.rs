//! The people and groups that a scenario file declares, and the names that refer to them.

use indexmap::IndexSet;

use crate::document::{Diagnostic, Diagnostics, Entry, Node, Span};
use crate::suggest;

use super::Key;
use super::placeholder::is_key;

/// Stands for all people of the crowd in a list of people.
pub(super) const CROWD: &str = "crowd";

/// The keys of a crowd of that size.
pub(super) fn crowd_keys(size: u32) -> impl Iterator<Item = Key> {
    (1..=size).map(|number| format!("{CROWD}-{number}"))
}

/// Names that mean something else.
const RESERVED: [&str; 2] = ["run", CROWD];

/// What a key refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Person,
    Group,
}

/// The keys of one file.
#[derive(Debug, Default)]
pub(super) struct Scope {
    people: IndexSet<Key>,
    groups: IndexSet<Key>,
    crowd: u32,
    scales: bool,
}

impl Scope {
    /// A scope whose crowd has `crowd` people, or at least that many.
    pub(super) fn new(crowd: u32, scales: bool) -> Self {
        Self {
            crowd,
            scales,
            ..Self::default()
        }
    }

    /// Adds a key, unless it is malformed or taken, which is reported.
    pub(super) fn declare(
        &mut self,
        subject: Subject,
        key: &str,
        span: &Span,
        diagnostics: &mut Diagnostics,
    ) {
        if RESERVED.contains(&key) || key.starts_with("crowd-") {
            let mistake = diagnostics.error(span, format!("the name `{key}` is reserved"));
            mistake.hint("`run` is the id of the run, `crowd` and `crowd-1` are generated people");
        } else if !is_key(key) {
            let message = format!("`{key}` cannot name a person or a group");
            let mistake = diagnostics.error(span, message);
            mistake.hint("use lower-case letters, digits and `-`, with a letter in front");
        }
        let taken = match subject {
            Subject::Person => !self.people.insert(key.to_owned()),
            Subject::Group => self.people.contains(key) || !self.groups.insert(key.to_owned()),
        };
        if taken {
            diagnostics.error(span, format!("the name `{key}` is taken already"));
        }
    }

    /// What `key` refers to, if anything.
    pub(super) fn subject(&self, key: &str) -> Option<Subject> {
        if self.people.contains(key) || self.in_crowd(key) {
            Some(Subject::Person)
        } else if self.groups.contains(key) {
            Some(Subject::Group)
        } else {
            None
        }
    }

    fn in_crowd(&self, key: &str) -> bool {
        let number = key.strip_prefix("crowd-").unwrap_or("");
        let plain = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
        plain
            && number
                .parse()
                .is_ok_and(|number: u32| (1..=self.crowd).contains(&number))
    }

    /// The keys of one kind, for hints.
    pub(super) fn names(&self, subject: Subject) -> impl Iterator<Item = &str> + Clone {
        let set = match subject {
            Subject::Person => &self.people,
            Subject::Group => &self.groups,
        };
        let crowd = (subject == Subject::Person && self.crowd > 0).then_some(CROWD);
        set.iter().map(String::as_str).chain(crowd)
    }

    /// Whether `key` refers to a `wanted`; if not, it is reported.
    pub(super) fn check(
        &self,
        wanted: Subject,
        key: &str,
        span: &Span,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        match (self.subject(key), wanted) {
            (Some(found), _) if found == wanted => return true,
            (Some(Subject::Group), _) => {
                diagnostics.error(span, format!("`{key}` is a group; this wants a person"));
            }
            (Some(Subject::Person), _) => {
                diagnostics.error(span, format!("`{key}` is a person; this wants a group"));
            }
            (None, Subject::Person) => {
                let mistake = diagnostics.error(span, format!("there is no person `{key}`"));
                self.hint(wanted, key, mistake);
            }
            (None, Subject::Group) => {
                let mistake = diagnostics.error(span, format!("there is no group `{key}`"));
                self.hint(wanted, key, mistake);
            }
        }
        false
    }

    fn hint(&self, wanted: Subject, key: &str, mistake: &mut Diagnostic) {
        if let Some(hint) = suggest::or_all(key, self.names(wanted)) {
            mistake.hint(hint);
        } else if wanted == Subject::Person {
            mistake.hint("declare it under `people:`");
        } else {
            mistake.hint("declare it under `groups:`");
        }
    }

    /// The known key that a mistyped one is closest to, of either kind.
    pub(super) fn closest(&self, key: &str) -> Option<&str> {
        let names = self
            .names(Subject::Person)
            .chain(self.names(Subject::Group));
        suggest::closest(key, names).first().copied()
    }

    /// All of the crowd; its name where nobody knows yet how many they will be.
    fn everybody(&self) -> Vec<Key> {
        if self.scales {
            return vec![CROWD.to_owned()];
        }
        crowd_keys(self.crowd).collect()
    }

    /// One key or a list of keys; `crowd` among people stands for everybody of the crowd.
    pub(super) fn keys(
        &self,
        wanted: Subject,
        node: &Node,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Key> {
        self.listed(Some(wanted), node, what, diagnostics)
    }

    /// One key or a list of keys, of people and groups alike; `crowd` stands for everybody of the crowd.
    pub(super) fn any_keys(
        &self,
        node: &Node,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Key> {
        self.listed(None, node, what, diagnostics)
    }

    fn listed(
        &self,
        wanted: Option<Subject>,
        node: &Node,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Key> {
        let mut keys = Vec::new();
        for item in node.one_or_many() {
            let Some(key) = item.text(what, diagnostics) else {
                continue;
            };
            if key == CROWD && wanted != Some(Subject::Group) && self.crowd > 0 {
                keys.extend(self.everybody());
                continue;
            }
            let wanted = wanted.or_else(|| self.subject(key));
            let wanted = wanted.unwrap_or(Subject::Person);
            if self.check(wanted, key, &item.span, diagnostics) {
                keys.push(key.to_owned());
            }
        }
        keys
    }

    /// Whether an entry is named after a declared person or group; if not, it is reported.
    pub(super) fn entry_subject(
        &self,
        entry: &Entry,
        diagnostics: &mut Diagnostics,
    ) -> Option<Subject> {
        let found = self.subject(&entry.key);
        if found.is_none() {
            let message = format!("there is no person or group `{}`", entry.key);
            let mistake = diagnostics.error(&entry.key_span, message);
            if let Some(name) = self.closest(&entry.key) {
                mistake.hint(format!("did you mean `{name}`?"));
            } else {
                mistake.hint("declare it under `people:` or `groups:`");
            }
        }
        found
    }
}
