//! What a scenario knows about the target: its accounts and groups as they were last read, and which of them an
//! earlier observation has already spoiled.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::okta::request::Resource;
use crate::verdict::{CheckMeta, Level};

/// Among so many nobody is out of reach of a look-up.
const FEW: usize = 20;

/// What an observation is about; consequences find their cause by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A resource.
    Resource(Resource, String),
    /// Whoever has this login or group name; folded.
    Name(Resource, String),
    /// The list of all.
    List(Resource),
}

impl Subject {
    /// The subject of a name; logins are the same without regard to case.
    #[must_use]
    pub fn name(resource: Resource, name: &str) -> Self {
        Self::Name(resource, name.to_lowercase())
    }
}

/// One resource as last read.
#[derive(Clone, Debug)]
pub struct Account {
    /// User or group.
    pub resource: Resource,
    /// Its id.
    pub id: String,
    /// The name Okta last gave it.
    pub name: String,
    /// The name before that.
    pub former_name: Option<String>,
    /// The last representation read by id.
    pub state: Option<Value>,
    /// Members that must be there.
    pub members: BTreeSet<String>,
    /// Okta has deactivated it.
    pub inactive: bool,
    /// Okta has deleted it.
    pub gone: bool,
}

/// The books of one scenario under one app.
#[derive(Debug, Default)]
pub struct Book {
    accounts: Vec<Account>,
    spoiled: HashMap<Subject, usize>,
    /// Groups that showed no members at all. They may be hidden rather than lost, which is known only at the end of
    /// the run; so this explains what is seen of members later, and nothing else.
    without_members: HashMap<Subject, usize>,
    /// Names under which something was created without an answer, and was not found yet.
    lost: HashSet<(Resource, String)>,
    /// A look-up has found one that has nothing special about its name.
    found_plain: HashSet<Resource>,
}

impl Book {
    /// A new resource.
    pub fn open(&mut self, resource: Resource, id: &str, name: &str) {
        self.accounts
            .retain(|a| (a.resource, a.id.as_str()) != (resource, id));
        self.accounts.push(Account {
            resource,
            id: id.to_owned(),
            name: name.to_owned(),
            former_name: None,
            state: None,
            members: BTreeSet::new(),
            inactive: false,
            gone: false,
        });
    }

    /// Takes over what another row of the scenario has made.
    pub fn take_in(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.lost.extend(other.lost);
    }

    /// It is not what it seemed to be.
    pub fn close(&mut self, resource: Resource, id: &str) {
        self.accounts
            .retain(|a| (a.resource, a.id.as_str()) != (resource, id));
    }

    /// The resource of that id.
    #[must_use]
    pub fn get(&self, resource: Resource, id: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|a| a.resource == resource && a.id == id)
    }

    /// The resource of that id.
    pub fn get_mut(&mut self, resource: Resource, id: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|a| a.resource == resource && a.id == id)
    }

    /// A create of `name` got no answer: perhaps it is there, and nobody knows its id.
    pub fn lose(&mut self, resource: Resource, name: &str) {
        self.lost.insert((resource, name.to_owned()));
    }

    /// What was created without an answer has been found.
    pub fn find_again(&mut self, resource: Resource, name: &str) {
        self.lost.remove(&(resource, name.to_owned()));
    }

    /// Whether a create of `name` got no answer, and what it made was not found yet.
    #[must_use]
    pub fn is_lost(&self, resource: Resource, name: &str) -> bool {
        self.lost.contains(&(resource, name.to_owned()))
    }

    /// A look-up by its name has found a resource at once, and nothing else.
    pub fn note_found(&mut self, resource: Resource, name: &str) {
        if is_plain(name) {
            self.found_plain.insert(resource);
        }
    }

    /// Whether a look-up of a new resource of this name would tell nothing new: one with as plain a name was found, and
    /// there are not so many that this one could be out of reach.
    #[must_use]
    pub fn is_found_surely(&self, resource: Resource, name: &str) -> bool {
        self.found_plain.contains(&resource)
            && is_plain(name)
            && self.existing(resource).count() <= FEW
    }

    /// Every resource that a look-up by `name` must find.
    #[must_use]
    pub fn named(&self, resource: Resource, name: &str) -> Vec<&Account> {
        let name = name.to_lowercase();
        self.accounts
            .iter()
            .filter(|a| a.resource == resource && !a.gone && a.name.to_lowercase() == name)
            .collect()
    }

    /// Everything that stands for a resource: itself, and its name.
    #[must_use]
    pub fn subjects(&self, resource: Resource, id: &str) -> Vec<Subject> {
        let name = self
            .get(resource, id)
            .map(|a| Subject::name(resource, &a.name));
        let itself = Subject::Resource(resource, id.to_owned());
        std::iter::once(itself).chain(name).collect()
    }

    /// Another resource than `id` that has this name.
    #[must_use]
    pub fn other_of_name(&self, resource: Resource, id: &str, name: &str) -> Option<String> {
        self.named(resource, name)
            .into_iter()
            .find(|a| a.id != id)
            .map(|a| a.id.clone())
    }

    /// Every resource of that kind that still exists.
    pub fn existing(&self, resource: Resource) -> impl Iterator<Item = &Account> {
        self.accounts
            .iter()
            .filter(move |a| a.resource == resource && !a.gone)
    }

    /// Groups that must hold the member.
    #[must_use]
    pub fn groups_of(&self, id: &str) -> Vec<String> {
        self.existing(Resource::Group)
            .filter(|g| g.members.contains(id))
            .map(|g| g.id.clone())
            .collect()
    }

    /// Ids of everything ever opened.
    #[must_use]
    pub fn ids(&self) -> HashSet<(Resource, String)> {
        self.accounts
            .iter()
            .map(|a| (a.resource, a.id.clone()))
            .collect()
    }

    /// The earlier observation that one of `check` about `subjects` follows from.
    #[must_use]
    pub fn cause(&self, check: &CheckMeta, subjects: &[Subject]) -> Option<usize> {
        let of = |causes: &HashMap<Subject, usize>| {
            subjects.iter().filter_map(|s| causes.get(s)).min().copied()
        };
        let members = (family(check) == "membership")
            .then(|| of(&self.without_members))
            .flatten();
        [of(&self.spoiled), members].into_iter().flatten().min()
    }

    /// Whether each of them has met an observation already.
    #[must_use]
    pub fn all_spoiled(&self, subjects: &[Subject]) -> bool {
        subjects.iter().all(|s| self.spoiled.contains_key(s))
    }

    /// What a new resource inherits from whoever had its name.
    pub fn inherit(&mut self, resource: Resource, id: &str, name: &str) {
        if let Some(cause) = self.spoiled.get(&Subject::name(resource, name)).copied() {
            self.spoil(&[Subject::Resource(resource, id.to_owned())], cause);
        }
    }

    /// A group shows no members, though it must have some.
    pub fn lose_members(&mut self, subjects: &[Subject], observation: usize) {
        for subject in subjects {
            self.without_members
                .entry(subject.clone())
                .or_insert(observation);
        }
    }

    /// Marks what an observation is about, so that its consequences find it.
    pub fn spoil(&mut self, subjects: &[Subject], observation: usize) {
        for subject in subjects {
            self.spoiled.entry(subject.clone()).or_insert(observation);
        }
    }
}

/// Whether an observation of this check spoils what it is about: whatever is seen of it later may be a consequence.
/// Leaks and error texts have no consequences.
#[must_use]
pub fn spoils(check: &CheckMeta) -> bool {
    check.level == Level::Error && !matches!(family(check), "secret" | "error")
}

/// Whether an observation of this check can be the consequence of an earlier one. The shape of an answer is
/// not: it is the same everywhere, and merged by its own identity.
#[must_use]
pub fn follows(check: &CheckMeta) -> bool {
    matches!(
        family(check),
        "lookup" | "state" | "membership" | "sequence" | "guard" | "create"
    ) || matches!(
        check.id,
        "list/complete"
            | "list/repeats"
            | "list/past-the-end"
            | "list/readable"
            | "list/first-user"
            | "tolerance/entra"
            | "update/meaning"
    )
}

/// Whether there is nothing in a name that a look-up could stumble over: words, and in a login one dot and one `@`.
fn is_plain(name: &str) -> bool {
    let word = |word: &str, extra: &str| {
        let mut rest = word.chars();
        let starts = rest.next().is_some_and(|c| c.is_ascii_alphanumeric());
        starts && rest.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(c))
    };
    match name.split_once('@') {
        Some((local, domain)) => {
            let is_lower = !local.contains(|c: char| c.is_ascii_uppercase());
            let words = local.split('.').count() <= 2 && local.split('.').all(|w| word(w, ""));
            words && is_lower && word(domain, ".")
        }
        None => name.split(' ').all(|w| word(w, "")),
    }
}

fn family(check: &CheckMeta) -> &str {
    check.id.split('/').next().unwrap_or_default()
}

/// Whether an observation rests on how Okta escapes a quotation mark or a backslash in a filter. Nobody has
/// recorded that: it is concluded from RFC 7644, 3.4.2.2.
#[must_use]
pub fn rests_on_escapes(check: &CheckMeta, subjects: &[Subject]) -> bool {
    family(check) == "lookup"
        && subjects
            .iter()
            .any(|s| matches!(s, Subject::Name(_, name) if name.contains(['"', '\\'])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check;

    const USER: Resource = Resource::User;
    const GROUP: Resource = Resource::Group;

    fn user(id: &str) -> Subject {
        Subject::Resource(USER, id.to_owned())
    }

    fn check(id: &str) -> &'static CheckMeta {
        check::find(id).unwrap()
    }

    #[test]
    fn names_are_the_same_in_another_case_until_they_are_gone() {
        let mut book = Book::default();
        book.open(USER, "1", "Ada@example.com");
        book.open(USER, "2", "bob@example.com");
        book.open(GROUP, "3", "ada@example.com");
        let named = |book: &Book| book.named(USER, "ADA@example.com").len();
        assert_eq!(named(&book), 1);
        assert_eq!(book.other_of_name(USER, "1", "ada@example.com"), None);
        assert_eq!(
            book.other_of_name(USER, "1", "BOB@example.com").as_deref(),
            Some("2")
        );
        book.get_mut(USER, "1").unwrap().gone = true;
        assert_eq!(named(&book), 0);
        assert_eq!(book.existing(USER).count(), 1);
        assert_eq!(book.ids().len(), 3, "what is gone was made all the same");
    }

    #[test]
    fn opened_again_it_starts_anew() {
        let mut book = Book::default();
        book.open(USER, "1", "ada");
        book.get_mut(USER, "1").unwrap().state = Some(json!({}));
        book.open(USER, "1", "ada");
        assert_eq!(book.get(USER, "1").unwrap().state, None);
        assert_eq!(book.existing(USER).count(), 1);
    }

    #[test]
    fn a_member_s_groups() {
        let mut book = Book::default();
        book.open(GROUP, "g", "crew");
        book.open(GROUP, "h", "board");
        book.get_mut(GROUP, "g")
            .unwrap()
            .members
            .insert("1".to_owned());
        assert_eq!(book.groups_of("1"), ["g"]);
        book.get_mut(GROUP, "g").unwrap().gone = true;
        assert!(book.groups_of("1").is_empty());
    }

    #[test]
    fn the_earliest_cause_is_the_cause() {
        let mut book = Book::default();
        let applied = check("state/applied");
        let name = Subject::name(USER, "Ada");
        assert_eq!(book.cause(applied, &[user("1"), name.clone()]), None);
        book.spoil(std::slice::from_ref(&name), 7);
        book.spoil(&[user("1")], 3);
        book.spoil(&[user("1")], 9);
        assert_eq!(book.cause(applied, std::slice::from_ref(&name)), Some(7));
        assert_eq!(book.cause(applied, &[name, user("1")]), Some(3));
        assert_eq!(book.cause(applied, &[user("2")]), None);
        assert!(book.all_spoiled(&[user("1")]));
        assert!(!book.all_spoiled(&[user("1"), user("2")]));
    }

    #[test]
    fn a_new_account_inherits_what_is_wrong_with_its_name() {
        let mut book = Book::default();
        book.spoil(&[Subject::name(USER, "Ada")], 4);
        book.open(USER, "1", "ada");
        book.inherit(USER, "1", "ada");
        book.inherit(USER, "2", "bob");
        assert_eq!(book.cause(check("state/applied"), &[user("1")]), Some(4));
        assert_eq!(book.cause(check("state/applied"), &[user("2")]), None);
        book.open(USER, "1", "ada");
        assert_eq!(
            book.subjects(USER, "1"),
            [user("1"), Subject::name(USER, "ada")]
        );
    }

    #[test]
    fn members_that_are_not_shown_explain_memberships_alone() {
        let mut book = Book::default();
        let group = Subject::Resource(GROUP, "g".to_owned());
        book.lose_members(std::slice::from_ref(&group), 2);
        assert_eq!(
            book.cause(check("membership/matches"), std::slice::from_ref(&group)),
            Some(2)
        );
        assert_eq!(book.cause(check("lookup/finds-group"), &[group]), None);
    }

    #[test]
    fn a_second_plain_name_is_found_as_the_first_one() {
        let mut book = Book::default();
        assert!(!book.is_found_surely(USER, "bob.r1@example.com"));
        book.note_found(USER, "a.d.a.r1@example.com");
        assert!(!book.is_found_surely(USER, "bob.r1@example.com"));
        book.note_found(USER, "ada.r1@example.com");
        assert!(book.is_found_surely(USER, "bob.r1@example.com"));
        assert!(!book.is_found_surely(GROUP, "Crew r1"));
        let special = [
            "Bob.r1@example.com",
            "o'neil.r1@example.com",
            "b-b.r1@example.com",
            "b.o.r1@example.com",
            "",
        ];
        for name in special {
            assert!(!book.is_found_surely(USER, name), "{name}");
        }
        book.note_found(GROUP, "Crew r1");
        assert!(book.is_found_surely(GROUP, "Night Shift r1"));
        for name in ["A.p r1", "A-p r1", "Ops  Team r1", " Ops r1", "Équipe r1"] {
            assert!(!book.is_found_surely(GROUP, name), "{name}");
        }
        for n in 0..=FEW {
            book.open(USER, &n.to_string(), &format!("ada{n}.r1@example.com"));
        }
        assert!(
            !book.is_found_surely(USER, "bob.r1@example.com"),
            "there are many"
        );
    }

    #[test]
    fn what_spoils_and_what_follows() {
        // Check, whether it spoils, whether it can follow.
        let table = [
            ("lookup/finds-user", true, true),
            ("state/applied", true, true),
            ("state/dropped", false, true),
            ("sequence/refused", true, true),
            ("list/complete", true, true),
            ("list/schemas", false, false),
            ("resource/id", true, false),
            ("envelope/json", true, false),
            ("secret/password-returned", false, false),
            ("error/duplicate", false, false),
            ("connection/answers", true, false),
        ];
        for (id, spoils_it, follows_it) in table {
            assert_eq!(spoils(check(id)), spoils_it, "{id}");
            assert_eq!(follows(check(id)), follows_it, "{id}");
        }
    }

    #[test]
    fn only_a_name_that_needs_escapes_rests_on_them() {
        let table = [
            ("lookup/special-characters", "a\"b", true),
            ("lookup/special-characters", "a\\b", true),
            ("lookup/special-characters", "a'b", false),
            ("sequence/refused", "a\"b", false),
        ];
        for (id, name, wanted) in table {
            let subjects = [user("1"), Subject::name(USER, name)];
            assert_eq!(
                rests_on_escapes(check(id), &subjects),
                wanted,
                "{id} {name}"
            );
        }
    }
}
