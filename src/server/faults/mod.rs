//! What can be switched wrong about the reference server, and who was reported for it.
//!
//! A fault is a row of `table`. What it does is decided at a point that [`super::policy`] names, or it is done to a
//! whole request (`refuse`, `amend`) or answer (`rewrite`); `seldom` has all that is about what Okta seldom sends.

pub(super) mod amend;
mod body;
pub(super) mod refuse;
pub(super) mod rewrite;
pub(super) mod seldom;
mod table;

use std::fmt;

use crate::suggest;

pub use self::table::Fault;

/// A part of the conversation with Okta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the faults of a family say what it is about")]
pub enum Family {
    List,
    LookUp,
    Create,
    Shape,
    Lifecycle,
    Profile,
    Rename,
    Group,
    Members,
    Error,
    Auth,
    Media,
    Transport,
    Discovery,
}

impl Family {
    /// All families, in the order of the faults.
    pub const ALL: [Self; 14] = [
        Self::List,
        Self::LookUp,
        Self::Create,
        Self::Shape,
        Self::Lifecycle,
        Self::Profile,
        Self::Rename,
        Self::Group,
        Self::Members,
        Self::Error,
        Self::Auth,
        Self::Media,
        Self::Transport,
        Self::Discovery,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::LookUp => "look-up",
            Self::Create => "create",
            Self::Shape => "shape",
            Self::Lifecycle => "lifecycle",
            Self::Profile => "profile",
            Self::Rename => "rename",
            Self::Group => "group",
            Self::Members => "members",
            Self::Error => "error",
            Self::Auth => "auth",
            Self::Media => "media",
            Self::Transport => "transport",
            Self::Discovery => "discovery",
        }
    }

    /// The family of that name.
    ///
    /// # Errors
    /// The names there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|family| family.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            suggest::question(&suggest::closest(name, names))
                .unwrap_or_else(|| format!("the families are: {}", names.join(", ")))
        })
    }
}

/// What is known about one fault.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    family: Family,
    right: &'static str,
    wrong: &'static str,
    product: Option<&'static str>,
    url: &'static str,
}

/// The end of a message: `; did you mean a, b or c?`, or nothing.
fn suggestion(names: &[&str]) -> String {
    suggest::question(names).map_or(String::new(), |question| format!("; {question}"))
}

/// No such fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault {name:?}{}", suggestion(.similar))]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    /// Names that look alike, the most similar first.
    pub similar: Vec<&'static str>,
}

impl Fault {
    /// The fault of that name.
    ///
    /// # Errors
    /// When there is none; with the names that look alike.
    pub fn from_name(name: &str) -> Result<Self, UnknownName> {
        let known = Self::ALL.iter().copied();
        known
            .clone()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| UnknownName {
                name: name.to_owned(),
                similar: suggest::closest(name, known.map(Self::name)),
            })
    }

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What the fault is about.
    #[must_use]
    pub fn family(self) -> Family {
        self.entry().family
    }

    /// What a server should do, in one line.
    #[must_use]
    pub fn right(self) -> &'static str {
        self.entry().right
    }

    /// What the server does instead, in one line.
    #[must_use]
    pub fn wrong(self) -> &'static str {
        self.entry().wrong
    }

    /// Who was reported for it; `None` when no report is public.
    #[must_use]
    pub fn product(self) -> Option<&'static str> {
        self.entry().product
    }

    /// Where it was reported, or the norm that it breaks.
    #[must_use]
    pub fn url(self) -> &'static str {
        self.entry().url
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_its_own_name_and_is_documented() {
        let mut names = BTreeSet::new();
        for fault in Fault::ALL.iter().copied() {
            let name = fault.name();
            assert!(names.insert(name), "{name} stands twice");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name} is not kebab-case"
            );
            assert_ne!(fault.right(), fault.wrong(), "{name}");
            for line in [fault.right(), fault.wrong()] {
                assert!(line.ends_with(['.', '"']) && !line.contains('\n'), "{line}");
            }
            assert!(fault.url().starts_with("https://"), "{name}");
            assert_eq!(Fault::from_name(name), Ok(fault));
        }
    }

    #[test]
    fn families_have_names_and_follow_each_other() {
        let mut families: Vec<Family> = Fault::ALL.iter().map(|fault| fault.family()).collect();
        families.dedup();
        assert_eq!(families, Family::ALL);
        for family in Family::ALL {
            assert_eq!(Family::from_name(family.name()), Ok(family));
        }
        assert!(
            Family::from_name("zebra")
                .unwrap_err()
                .contains("list, look-up")
        );
    }

    #[test]
    fn a_misspelt_name_is_answered_with_similar_ones() {
        let error = Fault::from_name("filter-ignore").unwrap_err();
        assert_eq!(error.similar.first(), Some(&"filter-ignored"));
        assert_eq!(
            Fault::from_name("page-cap-5").unwrap_err().to_string(),
            "there is no fault \"page-cap-5\"; did you mean page-cap-50 or page-cap-20?"
        );
        let error = Fault::from_name("xyzzy").unwrap_err();
        assert!(error.similar.is_empty());
    }
}
