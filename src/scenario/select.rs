//! Choosing scenarios by id, folder or tag.

use crate::document::closest;

use super::Scenario;

/// What marks a tag among the names on a command line.
const TAG: &str = "tag:";

/// A name that chooses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No scenario and no folder of that name.
    #[error("there is no scenario or folder `{name}`{}", hint(.meant.as_deref(), .known))]
    Name {
        /// As typed.
        name: String,
        /// The id or folder that is probably meant.
        meant: Option<String>,
        /// The folders that there are.
        known: Vec<String>,
    },
    /// No scenario has that tag.
    #[error("no scenario has the tag `{tag}`{}", hint(.meant.as_deref(), .known))]
    Tag {
        /// As typed.
        tag: String,
        /// The tag that is probably meant.
        meant: Option<String>,
        /// The tags that there are.
        known: Vec<String>,
    },
}

fn hint(meant: Option<&str>, known: &[String]) -> String {
    match meant {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; there is: {}", known.join(", ")),
    }
}

/// The scenarios that at least one of `names` chooses, in the order of the catalogue;
/// all of them when there are no names.
///
/// A name is an id (`rename/login-and-email`, with or without `.yaml`), a folder
/// (`rename`, `rename/`), or a tag (`tag:groups`).
///
/// # Errors
///
/// A name that chooses nothing: a run of nothing would be green.
pub fn select<'s>(
    scenarios: &'s [Scenario],
    names: &[String],
) -> Result<Vec<&'s Scenario>, SelectError> {
    let mut chosen = vec![names.is_empty(); scenarios.len()];
    for name in names {
        let mut found = false;
        for (scenario, chosen) in scenarios.iter().zip(&mut chosen) {
            if fits(scenario, name) {
                *chosen = true;
                found = true;
            }
        }
        if !found {
            return Err(unknown(scenarios, name));
        }
    }
    let pairs = scenarios.iter().zip(chosen);
    Ok(pairs
        .filter_map(|(scenario, chosen)| chosen.then_some(scenario))
        .collect())
}

fn fits(scenario: &Scenario, name: &str) -> bool {
    if let Some(tag) = name.strip_prefix(TAG) {
        return scenario.tags.iter().any(|known| known == tag);
    }
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    let folder = name.trim_end_matches('/');
    let id = scenario.id.0.as_str();
    let below = id.strip_prefix(folder);
    id == name || (!folder.is_empty() && below.is_some_and(|rest| rest.starts_with('/')))
}

fn unknown(scenarios: &[Scenario], name: &str) -> SelectError {
    if let Some(tag) = name.strip_prefix(TAG) {
        let known = sorted(scenarios.iter().flat_map(|one| &one.tags).cloned());
        let meant = closest(tag, known.iter().map(String::as_str)).map(str::to_owned);
        let tag = tag.to_owned();
        return SelectError::Tag { tag, meant, known };
    }
    let known = sorted(scenarios.iter().map(|one| one.id.folder().to_owned()));
    let ids = scenarios.iter().map(|one| one.id.0.as_str());
    let typed = name.strip_suffix(".yaml").unwrap_or(name);
    let meant = closest(typed, known.iter().map(String::as_str).chain(ids.clone()))
        // Somebody who forgot the folder knows the rest of the id.
        .or_else(|| ids.clone().find(|id| id.rsplit('/').next() == Some(typed)))
        .map(str::to_owned);
    let name = name.to_owned();
    SelectError::Name { name, meant, known }
}

fn sorted(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = words.collect();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Diagnostics, Source};
    use crate::scenario::{Context, ScenarioId, read};

    fn catalogue() -> Vec<Scenario> {
        [
            ("groups/push", "groups"),
            ("groups/rename", "groups"),
            ("rename/login", "users"),
            ("rename/login-and-email", "users"),
        ]
        .into_iter()
        .filter_map(|(id, tag)| {
            let text = format!("title: T\ntags: {tag}\nsteps: [okta: test-connection]\n");
            let source = Source::new(id, text);
            let context = Context { checks: &[] };
            let id = ScenarioId(id.to_owned());
            read(id, &source, context, &mut Diagnostics::new(&source))
        })
        .collect()
    }

    fn ids(names: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let all = catalogue();
        select(&all, &names)
            .map(|chosen| chosen.iter().map(|one| one.id.0.clone()).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn chooses_by_id_folder_and_tag() {
        let all = [
            "groups/push",
            "groups/rename",
            "rename/login",
            "rename/login-and-email",
        ];
        for (names, wanted) in [
            (&[][..], &all[..]),
            (&["rename/login"], &all[2..3]),
            (&["rename/login.yaml"], &all[2..3]),
            (&["rename"], &all[2..]),
            (&["rename/"], &all[2..]),
            (&["tag:groups"], &all[..2]),
            (&["rename/login", "groups"], &all[..3]),
            (&["rename/login", "rename"], &all[2..]),
        ] {
            assert_eq!(ids(names).unwrap(), wanted, "{names:?}");
        }
    }

    #[test]
    fn says_what_there_is_instead() {
        for (name, wanted) in [
            (
                "renam",
                "there is no scenario or folder `renam`; did you mean `rename`?",
            ),
            (
                "rename/logn",
                "there is no scenario or folder `rename/logn`; did you mean `rename/login`?",
            ),
            (
                "push",
                "there is no scenario or folder `push`; did you mean `groups/push`?",
            ),
            (
                "zebra",
                "there is no scenario or folder `zebra`; there is: groups, rename",
            ),
            (
                "",
                "there is no scenario or folder ``; there is: groups, rename",
            ),
            (
                "/",
                "there is no scenario or folder `/`; there is: groups, rename",
            ),
            (
                "tag:group",
                "no scenario has the tag `group`; did you mean `groups`?",
            ),
            (
                "tag:zebra",
                "no scenario has the tag `zebra`; there is: groups, users",
            ),
        ] {
            assert_eq!(ids(&[name]).unwrap_err(), wanted);
        }
    }
}
