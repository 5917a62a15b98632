//! `scenarios new`: a file to begin with.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::scenario::ScenarioId;

use super::super::args::NewArgs;
use super::super::error::CliError;

/// What stands in it: enough to run, and a word on what can be added.
const TEXT: &str = "\
# yaml-language-server: $schema=SCHEMA
# How to go on: docs/writing-scenarios.md of scim-conform
title: TITLE
why: What breaks for a customer if it does not work?
tags: [own]
people: {ada: {login: \"ada.{run}@example.com\", email: same}}
groups: {crew: {members: [ada]}}
steps:
- okta: {assign: ada}
- okta: {push-group: crew}
- change: {ada: {title: Engineer}}
- okta: {push-profile: ada}
- observe: {ada: {same-id: true, accounts: 1}, crew: [ada]}
";

/// The schema lies beside the scenarios; it is no scenario, so its name does not end in `.yaml`.
const SCHEMA: &str = "scenario.schema.json";

/// Writes the file, and the schema when there is none; what to do next. Nothing that is there is overwritten.
///
/// # Errors
/// An id that cannot be one, a file that is there already, or a folder that cannot be written to.
pub(super) fn write(args: &NewArgs) -> Result<String, CliError> {
    let id = args.id.trim_end_matches(".yaml");
    if !ScenarioId(id.to_owned()).is_valid() {
        return Err(CliError::ScenarioId(args.id.clone()));
    }
    let path = args.scenarios.join(format!("{id}.yaml"));
    let depth = id.matches('/').count();
    let text = TEXT
        .replace("SCHEMA", &("../".repeat(depth) + SCHEMA))
        .replace("TITLE", &title(id));
    let cannot = |error| CliError::NewScenario {
        path: path.clone(),
        error,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    create(&path, &text).map_err(cannot)?;
    // Somebody's own is as good, or better.
    let _ = create(&args.scenarios.join(SCHEMA), &super::schema());
    let folder = args.scenarios.display();
    Ok(format!(
        "{} is there; now\n  scim-conform scenarios lint {folder}\n  \
         scim-conform scenarios show --scenarios {folder} {id}\n  \
         scim-conform run --scenarios {folder} {id}\n",
        path.display()
    ))
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// `rename/after-marriage` begins as `After marriage`.
fn title(id: &str) -> String {
    let name = id.rsplit('/').next().unwrap_or(id).replace('-', " ");
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
