//! Who is who in a finished scenario, and what of it happened at once.
//!
//! The target makes up ids, and the run makes up names: neither is the same in the next run. What stays is the key under
//! which the scenario speaks of somebody (`ada`, `crew`, `crowd-17`), and a script leads from the one to the other.

use std::collections::BTreeSet;

use crate::okta::request::Resource;

/// Who played in a scenario under one app, row by row in the order of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// One for each row of the table; one without a case when there is no table.
    pub rows: Vec<Row>,
}

/// Who played in one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The row's id, if the scenario has cases.
    pub case: Option<String>,
    /// What `{run}` stood for: it is part of each name of this row, and of no other row or scenario.
    pub run: String,
    /// The people and groups, in the order of the scenario.
    pub cast: Vec<Actor>,
    /// Numbers of the steps whose requests were sent at once.
    pub at_once: BTreeSet<usize>,
    /// Numbers of the steps that ask for what the answer before has shown.
    pub as_shown: BTreeSet<usize>,
    /// Numbers of the steps of which chance decides how far they get: an answer is lost after so many milliseconds.
    pub by_chance: BTreeSet<usize>,
}

/// A person or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The key in the scenario.
    pub key: String,
    /// Which of the two.
    pub resource: Resource,
    /// The logins and e-mail addresses, or the group's names, in the order in which they were given.
    pub names: Vec<String>,
    /// The id in Okta's org; groups have none that is ever sent.
    pub okta_id: Option<String>,
    /// The ids at the target, in the order in which they were linked.
    pub ids: Vec<String>,
}

impl Script {
    /// The row of a case.
    #[must_use]
    pub fn row(&self, case: Option<&str>) -> Option<&Row> {
        self.rows.iter().find(|row| row.case.as_deref() == case)
    }

    /// The same with its rows in the order of the table, whichever came to its end first.
    #[must_use]
    pub fn in_order(mut self, cases: &[String]) -> Self {
        self.rows.sort_by_key(|row| {
            let at = cases
                .iter()
                .position(|case| Some(case) == row.case.as_ref());
            at.unwrap_or(cases.len())
        });
        self
    }

    /// Every text that a target or a user may have put a secret into.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let actors = self.rows.iter_mut().flat_map(|row| &mut row.cast);
        actors.flat_map(|actor| {
            let names = actor.names.iter_mut().chain(&mut actor.ids);
            names.chain(&mut actor.okta_id)
        })
    }

    /// Where in the table a row stands; a row that the script does not know stands behind all others.
    #[must_use]
    pub fn position(&self, case: Option<&str>) -> usize {
        let mut rows = self.rows.iter();
        let position = rows.position(|row| row.case.as_deref() == case);
        position.unwrap_or(self.rows.len())
    }
}

impl Row {
    /// Notes a name that somebody has from now on.
    pub fn call(&mut self, key: &str, name: &str) {
        let actor = self.cast.iter_mut().find(|actor| actor.key == key);
        if let Some(actor) = actor.filter(|actor| !actor.names.iter().any(|n| n == name)) {
            actor.names.push(name.to_owned());
        }
    }

    /// Notes an id that somebody has at the target.
    pub fn link(&mut self, key: &str, id: &str) {
        let actor = self.cast.iter_mut().find(|actor| actor.key == key);
        if let Some(actor) = actor.filter(|actor| !actor.ids.iter().any(|known| known == id)) {
            actor.ids.push(id.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_noted_once_and_in_order() {
        let mut row = Row {
            cast: vec![Actor {
                key: "ada".to_owned(),
                resource: Resource::User,
                names: Vec::new(),
                okta_id: None,
                ids: Vec::new(),
            }],
            ..Row::default()
        };
        for name in ["ada@x", "king@x", "ada@x"] {
            row.call("ada", name);
            row.link("ada", name);
        }
        row.call("nobody", "x");
        assert_eq!(row.cast[0].names, ["ada@x", "king@x"]);
        assert_eq!(row.cast[0].ids, ["ada@x", "king@x"]);
    }

    #[test]
    fn rows_stand_in_the_order_of_the_table() {
        let script = Script {
            rows: ["b", "a"]
                .map(|case| Row {
                    case: Some(case.to_owned()),
                    ..Row::default()
                })
                .to_vec(),
        };
        let cases = ["a", "b"].map(str::to_owned);
        assert_eq!(script.clone().in_order(&cases).position(Some("a")), 0);
        assert_eq!(script.position(Some("a")), 1);
        assert_eq!(script.position(Some("new")), 2);
        assert_eq!(script.row(Some("b")), script.rows.first());
        assert_eq!(script.row(None), None);
    }
}
