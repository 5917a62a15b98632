//! `explain`: a finding of the last run, a check, a fault, a scenario, a row of Okta's test plan, a variant, a message
//! of Okta's, or the checks that speak of some words.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use crate::check;
use crate::embedded::SCENARIOS;
use crate::oin;
use crate::okta::Variant;
use crate::report::explain::{self, FaultPage, Found};
use crate::report::kept::{self, KeptFinding};
use crate::scenario::Context;
use crate::scenario::catalog::Catalog;
use crate::server::Fault;
use crate::suggest;

use super::args::ExplainArgs;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::last_run;
use super::streams::Streams;

/// The longest text that is read from the standard input, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The largest report that is read, in bytes.
const LARGEST_REPORT: u64 = 1024 * 1024 * 1024;

/// Explains.
///
/// # Errors
/// [`CliError`], when nothing is known about it.
pub(crate) fn execute(
    args: &ExplainArgs,
    env: &Environment,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let mut what = args.what.join(" ");
    if what == "-" {
        what = pasted(streams)?;
    }
    let what = what.trim();
    if what.is_empty() {
        return Err(CliError::NothingToExplain);
    }
    let width = streams.width;
    if (args.report.is_some() || args.embedded) && !is_finding_id(what) {
        return Err(CliError::NoFindingId {
            what: start_of(what),
        });
    }
    let page = if is_finding_id(what) {
        finding(what, args, env, width)?
    } else if let Some(page) = named(what, width) {
        page
    } else {
        check(what, width)?
    };
    streams.print(&page)?;
    Ok(Exit::Success)
}

/// What stands in the standard input. A copied log may be cut within a character, or be in another encoding: what is
/// no text in it says nothing, and the rest still does.
fn pasted(streams: &Streams) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    (streams.person.input)()
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::NoRecording {
            file: "the standard input".to_owned(),
            source,
        })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The page of a fault, a row of the plan, a variant, or a built-in scenario.
fn named(what: &str, width: usize) -> Option<String> {
    if let Some(fault) = Fault::ALL.iter().find(|fault| fault.name() == what) {
        let product = fault.product().unwrap_or("the norm");
        return Some(explain::fault(
            &FaultPage {
                name: fault.name(),
                right: fault.right(),
                wrong: fault.wrong(),
                seen_at: &format!("{product}: {}", fault.url()),
            },
            width,
        ));
    }
    let is_case = |row: &&oin::Row| row.case.eq_ignore_ascii_case(what);
    if let Some(row) = oin::SUITES.iter().chain(oin::ROWS).find(is_case) {
        return Some(explain::row(row, width));
    }
    if let Some(variant) = Variant::ALL.into_iter().find(|v| v.as_str() == what) {
        return Some(explain::variant(variant.meta(), width));
    }
    let checks: Vec<&str> = check::ALL.iter().map(|meta| meta.id).collect();
    let path = format!("{what}.yaml");
    SCENARIOS.iter().find(|(name, _)| *name == path)?;
    let catalog = Catalog::embedded(Context { checks: &checks }).ok()?;
    let mut all = catalog.scenarios().iter();
    let scenario = all.find(|scenario| scenario.id.0 == what)?;
    Some(explain::scenario(
        what,
        &scenario.title,
        &scenario.why,
        width,
    ))
}

/// `F12`, in any case.
fn is_finding_id(what: &str) -> bool {
    what.strip_prefix(['F', 'f']).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn finding(
    id: &str,
    args: &ExplainArgs,
    env: &Environment,
    width: usize,
) -> Result<String, CliError> {
    let (of, findings, origin) = match &args.report {
        Some(report) => {
            let file = report.display().to_string();
            let origin = format!("all is well in {file}");
            (file, reported(report)?, origin)
        }
        None => {
            let runs = last_run::load(&last_run::path(env)?)?;
            let last = if args.embedded {
                runs.latest_demo()?
            } else {
                runs.latest()?
            };
            let origin = format!("it was against {}", last.target);
            ("the last run".to_owned(), last.findings.clone(), origin)
        }
    };
    let mut all = findings.iter();
    let finding = all.find(|finding| finding.id.eq_ignore_ascii_case(id));
    let finding = finding.ok_or_else(|| CliError::NoFinding {
        of,
        id: id.to_owned(),
        hint: match (findings.first(), findings.last()) {
            (Some(first), Some(end)) if findings.len() > 1 => {
                format!("it has {} to {}", first.id, end.id)
            }
            (Some(only), _) => format!("it has only {}", only.id),
            (None, _) => format!("it had none; {origin}"),
        },
    })?;
    Ok(explain::finding(
        finding,
        check::find(&finding.check),
        width,
    ))
}

/// The findings of a JSON report.
fn reported(path: &Path) -> Result<Vec<KeptFinding>, CliError> {
    let file = path.display().to_string();
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|opened| opened.take(LARGEST_REPORT).read_to_end(&mut bytes));
    read.map_err(|source| CliError::NoRecording {
        file: file.clone(),
        source,
    })?;
    kept::of_report(&bytes).map_err(|error| CliError::NoReport {
        file,
        reason: error.to_string(),
    })
}

fn check(what: &str, width: usize) -> Result<String, CliError> {
    match explain::find(what, check::ALL) {
        Found::Check(meta) => Ok(explain::check(meta, width)),
        Found::Messages(messages) => Ok(explain::messages(&messages, width)),
        Found::Several(checks) => Ok(explain::choices(&checks, width)),
        Found::None { suggestions } => Err(CliError::Unexplained {
            what: start_of(what),
            hint: folder(what)
                .or_else(|| suggest::question(&suggestions))
                .or_else(|| Some(families())),
        }),
    }
}

/// The beginning of what may be a whole log.
fn start_of(what: &str) -> String {
    const MOST: usize = 80;
    match what.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", what.get(..end).unwrap_or_default()),
        None => what.to_owned(),
    }
}

/// What to do about a folder of scenarios.
fn folder(what: &str) -> Option<String> {
    let below = format!("{}/", what.trim_end_matches('/'));
    let is_there = SCENARIOS.iter().any(|(path, _)| path.starts_with(&below));
    is_there.then(|| {
        let name = below.trim_end_matches('/');
        format!("{name} is a folder of scenarios: scim-conform scenarios list {name}")
    })
}

/// What to ask for when nothing else helps.
fn families() -> String {
    let families = check::ALL
        .iter()
        .filter_map(|meta| meta.id.split('/').next());
    let mut seen = BTreeSet::new();
    let families: Vec<&str> = families.filter(|family| seen.insert(*family)).collect();
    format!(
        "try fewer words, or a family of checks: {}",
        families.join(", ")
    )
}
