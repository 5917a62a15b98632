//! Which scenarios run, under which apps.

use std::collections::BTreeSet;

use crate::okta::App;
use crate::scenario::{Scenario, ScenarioId};
use crate::suggest;

/// The tag of the scenarios that find most faults with few requests.
pub const QUICK: &str = "quick";

/// What was asked for. Everything given must hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids, folders, or patterns with `*`; empty: all.
    pub patterns: Vec<String>,
    /// Tags of which a scenario has at least one; empty: any.
    pub tags: Vec<String>,
    /// Only scenarios with the tag [`QUICK`].
    pub quick: bool,
    /// The apps.
    pub apps: Vec<App>,
    /// Only these pairs, as after `--failed`.
    pub only: Option<Vec<(ScenarioId, Option<App>)>>,
}

/// Why nothing can be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// No scenario has that id, lies in that folder, or fits that pattern.
    #[error("there is no scenario {pattern}")]
    Unknown {
        /// As given.
        pattern: String,
        /// Ids or folders that are close.
        suggestions: Vec<String>,
    },
    /// No scenario has that tag.
    #[error("no scenario has the tag {tag}")]
    UnknownTag {
        /// As given.
        tag: String,
        /// Tags that are close, or all of them.
        known: Vec<String>,
    },
    /// Each wish can be met, but not all at once.
    #[error("no scenario fits everything that was asked for")]
    Nothing,
}

impl SelectionError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { suggestions, .. } => {
                let names: Vec<&str> = suggestions.iter().map(String::as_str).collect();
                suggest::question(&names)
                    .unwrap_or_else(|| "see scim-conform scenarios list".to_owned())
            }
            Self::UnknownTag { known, .. } => format!("the tags are: {}", known.join(", ")),
            Self::Nothing => {
                "give fewer of SELECTION, --tag, --quick, --app and --failed; see scim-conform scenarios list"
                    .to_owned()
            }
        }
    }
}

impl Selection {
    /// The scenarios of `catalogue` that were asked for, each with the apps it runs under, in
    /// the catalogue's order. A probe comes once, without an app.
    ///
    /// # Errors
    /// [`SelectionError`]; an empty selection is one, so that nothing is ever run by mistake.
    pub fn choose<'a>(
        &self,
        catalogue: &'a [Scenario],
    ) -> Result<Vec<(&'a Scenario, Option<App>)>, SelectionError> {
        for pattern in &self.patterns {
            if !catalogue.iter().any(|s| fits(pattern, &s.id.0)) {
                return Err(unknown(pattern, catalogue));
            }
        }
        for tag in &self.tags {
            if !catalogue.iter().any(|s| s.tags.contains(tag)) {
                return Err(unknown_tag(tag, catalogue));
            }
        }
        let chosen: Vec<_> = catalogue
            .iter()
            .filter(|scenario| self.wants(scenario))
            .flat_map(|scenario| self.apps_of(scenario).map(move |app| (scenario, app)))
            .filter(|(scenario, app)| self.is_among_only(&scenario.id, *app))
            .collect();
        if chosen.is_empty() {
            return Err(SelectionError::Nothing);
        }
        Ok(chosen)
    }

    fn wants(&self, scenario: &Scenario) -> bool {
        let named =
            self.patterns.is_empty() || self.patterns.iter().any(|p| fits(p, &scenario.id.0));
        let tagged = self.tags.is_empty() || self.tags.iter().any(|t| scenario.tags.contains(t));
        let is_quick = || scenario.tags.iter().any(|tag| tag == QUICK);
        named && tagged && (!self.quick || is_quick())
    }

    fn apps_of(&self, scenario: &Scenario) -> impl Iterator<Item = Option<App>> {
        let apps: Vec<Option<App>> = if scenario.probe {
            vec![None]
        } else {
            App::ALL
                .into_iter()
                .filter(|app| scenario.apps.contains(app) && self.apps.contains(app))
                .map(Some)
                .collect()
        };
        apps.into_iter()
    }

    fn is_among_only(&self, id: &ScenarioId, app: Option<App>) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|(i, a)| i == id && *a == app))
    }
}

/// Whether an id is meant by a pattern: the id itself (also as a path of its file), its folder,
/// or a pattern in which `*` stands for any text.
fn fits(pattern: &str, id: &str) -> bool {
    let pattern = pattern
        .strip_prefix("scenarios/")
        .unwrap_or(pattern)
        .trim_end_matches(".yaml")
        .trim_end_matches('/');
    if pattern.contains('*') {
        return matches_wildcard(pattern, id);
    }
    id == pattern
        || id
            .strip_prefix(pattern)
            .is_some_and(|rest| !pattern.is_empty() && rest.starts_with('/'))
}

fn matches_wildcard(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = id.strip_prefix(first) else {
        return false;
    };
    let middle: Vec<&str> = parts.collect();
    let Some((last, middle)) = middle.split_last() else {
        return rest.is_empty();
    };
    // The earliest place of each part leaves the most for those after it.
    for part in middle {
        match rest.find(part) {
            Some(at) => {
                rest = rest
                    .get(at.saturating_add(part.len())..)
                    .unwrap_or_default()
            }
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn unknown(pattern: &str, catalogue: &[Scenario]) -> SelectionError {
    let folders: BTreeSet<&str> = catalogue.iter().map(|s| s.id.folder()).collect();
    let names = catalogue.iter().map(|s| &*s.id.0).chain(folders);
    SelectionError::Unknown {
        pattern: pattern.to_owned(),
        suggestions: owned(suggest::closest(pattern, names)),
    }
}

fn unknown_tag(tag: &str, catalogue: &[Scenario]) -> SelectionError {
    let tags: BTreeSet<&str> = catalogue
        .iter()
        .flat_map(|s| s.tags.iter().map(String::as_str))
        .collect();
    SelectionError::UnknownTag {
        tag: tag.to_owned(),
        known: owned(tags.into_iter().collect()),
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::catalogued;

    fn catalogue() -> Vec<Scenario> {
        vec![
            catalogued("group/push", "", &["group"], &App::ALL, false),
            catalogued("rename/login", "", &["fast"], &App::ALL, false),
            catalogued("rename/login-and-email", "", &[], &[App::Oin], false),
            catalogued("probe/list", "", &["fast"], &App::ALL, true),
        ]
    }

    fn choose(selection: &Selection) -> Result<Vec<String>, SelectionError> {
        let catalogue = catalogue();
        let chosen = selection.choose(&catalogue)?;
        Ok(chosen
            .into_iter()
            .map(|(s, app)| format!("{} {}", s.id, app.map_or("-", App::as_str)))
            .collect())
    }

    fn patterns(patterns: &[&str]) -> Selection {
        Selection {
            patterns: owned(patterns.to_vec()),
            apps: App::ALL.to_vec(),
            ..Selection::default()
        }
    }

    #[test]
    fn ids_folders_patterns_and_files_select() {
        let cases: [(&[&str], &[&str]); 6] = [
            (
                &["rename/login"],
                &["rename/login custom", "rename/login oin"],
            ),
            (
                &["rename/"],
                &[
                    "rename/login custom",
                    "rename/login oin",
                    "rename/login-and-email oin",
                ],
            ),
            (&["*email"], &["rename/login-and-email oin"]),
            (&["r*lo*n"], &["rename/login custom", "rename/login oin"]),
            (&["scenarios/probe/list.yaml"], &["probe/list -"]),
            (
                &["probe", "group/push"],
                &["group/push custom", "group/push oin", "probe/list -"],
            ),
        ];
        for (given, chosen) in cases {
            assert_eq!(choose(&patterns(given)).unwrap(), chosen, "{given:?}");
        }
        assert_eq!(choose(&patterns(&[])).unwrap().len(), 6);
    }

    #[test]
    fn a_slip_gets_a_suggestion() {
        let error = choose(&patterns(&["rename/lgoin"])).unwrap_err();
        assert_eq!(error.to_string(), "there is no scenario rename/lgoin");
        assert_eq!(error.hint(), "did you mean rename/login?");
        let error = choose(&patterns(&["zzz*"])).unwrap_err();
        assert_eq!(error.hint(), "see scim-conform scenarios list");
        assert!(choose(&patterns(&["ren"])).is_err(), "no half folder");
        assert!(
            choose(&patterns(&[""])).is_err(),
            "an empty name is no name"
        );
    }

    #[test]
    fn wishes_add_up() {
        let mut selection = patterns(&[]);
        selection.tags = vec!["fast".into()];
        selection.apps = vec![App::Oin];
        assert_eq!(
            choose(&selection).unwrap(),
            ["rename/login oin", "probe/list -"]
        );
        selection.only = Some(vec![(ScenarioId("probe/list".into()), None)]);
        assert_eq!(choose(&selection).unwrap(), ["probe/list -"]);
        selection.patterns = vec!["group".into()];
        assert_eq!(choose(&selection), Err(SelectionError::Nothing));
        selection.tags = vec!["slow".into()];
        assert_eq!(
            choose(&selection).unwrap_err().hint(),
            "the tags are: fast, group"
        );
    }
}
