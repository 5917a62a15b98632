//! `explain`: a finding of the last run, a check, a message of Okta's, or the checks that speak of some words.

use crate::check;
use crate::report::explain::{self, Found};
use crate::suggest;

use super::args::ExplainArgs;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::last_run;
use super::streams::Streams;

/// Explains.
///
/// # Errors
/// [`CliError`], when nothing is known about it.
pub(crate) fn execute(
    args: &ExplainArgs,
    env: &Environment,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let what = args.what.join(" ");
    let page = if is_finding_id(&what) {
        finding(&what, env, streams.width)?
    } else {
        check(&what, streams.width)?
    };
    streams.print(&page)?;
    Ok(Exit::Success)
}

/// `F12`, in any case.
fn is_finding_id(what: &str) -> bool {
    what.strip_prefix(['F', 'f']).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn finding(id: &str, env: &Environment, width: usize) -> Result<String, CliError> {
    let runs = last_run::load(&last_run::path(env)?)?;
    let last = runs.latest()?;
    let finding = last.finding(id).ok_or_else(|| CliError::NoFinding {
        id: id.to_owned(),
        hint: match (last.findings.first(), last.findings.last()) {
            (Some(first), Some(end)) if last.findings.len() > 1 => {
                format!("it has {} to {}", first.id, end.id)
            }
            (Some(only), _) => format!("it has only {}", only.id),
            (None, _) => format!("it had none; it was against {}", last.target),
        },
    })?;
    Ok(explain::finding(
        finding,
        check::find(&finding.check),
        width,
    ))
}

fn check(what: &str, width: usize) -> Result<String, CliError> {
    match explain::find(what, check::ALL) {
        Found::Check(meta) => Ok(explain::check(meta, width)),
        Found::Messages(messages) => Ok(explain::messages(&messages, width)),
        Found::Several(checks) => Ok(explain::choices(&checks, width)),
        Found::None { suggestions } => Err(CliError::Unexplained {
            what: what.to_owned(),
            hint: suggest::question(&suggestions).or_else(|| Some(families())),
        }),
    }
}

/// What to ask for when nothing else helps.
fn families() -> String {
    let mut families: Vec<&str> = check::ALL
        .iter()
        .filter_map(|meta| meta.id.split('/').next())
        .collect();
    families.dedup();
    format!(
        "try fewer words, or a family of checks: {}",
        families.join(", ")
    )
}
