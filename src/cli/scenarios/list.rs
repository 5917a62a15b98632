//! `scenarios list`: folder by folder, with what each needs before it runs.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::okta::App;
use crate::report::text::{count, hang, pad, printable, width_of};
use crate::scenario::{Requirement, Scenario};

use super::super::args::ListArgs;
use super::super::backend::Backend;
use super::super::error::CliError;
use super::super::selection::Selection;

/// Ids longer than this stand on a line of their own.
const LONGEST_ID: usize = 40;

/// Columns of ids where all are longer.
const USUAL_ID: usize = 10;

/// What the scenarios of a folder are about.
pub(super) const FOLDERS: [(&str, &str); 16] = [
    (
        "connection",
        "the admin connects the app, with and without a good token",
    ),
    (
        "discovery",
        "what the server tells of itself, for apps that read it",
    ),
    (
        "entitlements",
        "roles and entitlements, for apps that have them",
    ),
    ("entra", "what Microsoft Entra ID sends, and Okta does not"),
    ("errors", "what is wrong is refused, and changes nothing"),
    ("groups", "groups are pushed, changed, and taken away"),
    ("imports", "Okta reads who is there"),
    ("lifecycle", "people leave, come back, and are suspended"),
    ("okta-suite", "what Okta's own published suites send"),
    ("profile", "attributes are set, changed, and emptied"),
    ("rename", "logins, e-mail addresses and names change"),
    (
        "robustness",
        "much at once, lost answers, too many requests",
    ),
    ("scale", "as many users as you name"),
    ("security", "nobody gets what is not theirs"),
    (
        "special-characters",
        "names from everywhere, and what means something in a filter",
    ),
    ("users", "people are assigned to the app"),
];

/// The scenarios that are asked for, as text.
///
/// # Errors
/// Files that do not load, or nothing to list.
pub(super) fn list(
    args: &ListArgs,
    backend: &dyn Backend,
    width: usize,
) -> Result<String, CliError> {
    let catalogue = backend.catalogue(args.scenarios.as_deref())?;
    let selection = Selection {
        patterns: args.selection.clone(),
        tags: args.tag.clone(),
        quick: false,
        apps: App::ALL.to_vec(),
        only: None,
    };
    let mut chosen: Vec<&Scenario> = Vec::new();
    for (scenario, _) in selection.choose(&catalogue)? {
        if chosen.last().is_none_or(|last| last.id != scenario.id) {
            chosen.push(scenario);
        }
    }
    Ok(folders(&chosen, width) + &totals(&chosen, width))
}

/// Under a heading for each folder: id, apps and title of each, in columns.
fn folders(scenarios: &[&Scenario], width: usize) -> String {
    let mut shown = String::new();
    for folder in scenarios.chunk_by(|a, b| a.id.folder() == b.id.folder()) {
        let name = folder.first().map_or("", |scenario| scenario.id.folder());
        let about = FOLDERS.iter().find(|(known, _)| *known == name);
        let about = about.map_or(String::new(), |(_, about)| format!(": {about}"));
        let number = count(folder.len() as u64, "scenario");
        if !shown.is_empty() {
            shown.push('\n');
        }
        let heading = format!("{}, {number}{about}", printable(name));
        shown.push_str(&hang("", &heading, width, usize::MAX));
        let ids = folder.iter().map(|s| width_of(&s.id.0));
        let id_width = ids.filter(|w| *w <= LONGEST_ID).max().unwrap_or(USUAL_ID);
        for scenario in folder {
            shown.push_str(&entry(scenario, id_width, width));
        }
    }
    shown
}

fn entry(scenario: &Scenario, id_width: usize, width: usize) -> String {
    let mut shown = String::new();
    let id = printable(&scenario.id.0);
    let mut column = id.as_ref();
    if width_of(&id) > id_width {
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "  {id}");
        column = "";
    }
    let first = format!("  {}  {}  ", pad(column, id_width), pad(apps(scenario), 6));
    let mut title = printable(&scenario.title).into_owned();
    let options = scenario.requires.iter().filter_map(Requirement::option);
    let options: Vec<String> = options.collect();
    if !options.is_empty() {
        let _ = write!(title, " [{}]", options.join(" "));
    }
    shown.push_str(&hang(&first, &title, width, usize::MAX));
    shown
}

fn apps(scenario: &Scenario) -> &'static str {
    if scenario.probe {
        return "probe";
    }
    match (
        scenario.apps.contains(&App::Custom),
        scenario.apps.contains(&App::Oin),
    ) {
        (true, false) => "custom",
        (false, true) => "oin",
        _ => "both",
    }
}

/// How many there are, by tag and by what they need.
fn totals(scenarios: &[&Scenario], width: usize) -> String {
    let mut tags: BTreeMap<&str, u64> = BTreeMap::new();
    let mut needs: BTreeMap<String, u64> = BTreeMap::new();
    for scenario in scenarios {
        for tag in &scenario.tags {
            *tags.entry(tag).or_default() += 1;
        }
        for option in scenario.requires.iter().filter_map(Requirement::option) {
            *needs.entry(option).or_default() += 1;
        }
    }
    let mut shown = format!("\n{}\n", count(scenarios.len() as u64, "scenario"));
    shown.push_str(&hang(
        "which apps:      ",
        "custom, oin, or both in turn; a probe sends requests of its own, once",
        width,
        usize::MAX,
    ));
    let mut line = |label: &str, all: Vec<String>| {
        if !all.is_empty() {
            shown.push_str(&hang(label, &all.join(", "), width, usize::MAX));
        }
    };
    let is_free = |s: &&&Scenario| s.requires.iter().all(|r| r.option().is_none());
    let free = scenarios.iter().filter(is_free).count();
    let by_tag = tags
        .iter()
        .map(|(tag, n)| format!("{} {n}", printable(tag)));
    line("by tag (--tag):  ", by_tag.collect());
    let mut by_need = vec![format!("nothing {free}")];
    by_need.extend(needs.iter().map(|(option, n)| format!("{option} {n}")));
    line("what they need:  ", by_need);
    shown
}
