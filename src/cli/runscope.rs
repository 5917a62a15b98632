//! `runscope`: plays a test that was exported from Runscope, such as Okta's own suites.

mod report;
mod told;

use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::defect;
use crate::report::text::{count, printable};
use crate::runscope::export::{Export, ExportError, MOST_BYTES};
use crate::runscope::play::Outcome;
use crate::suggest;

use super::args::RunscopeArgs;
use super::ask::AskError;
use super::backend::{Backend, Heard, PlayedExport};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::reports;
use super::settings::{RunscopeSettings, TargetChoice};
use super::streams::{Person, Streams};
use super::target;
use super::values::{Cleanup, ReportForm, ReportTo};

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Its path.
        path: String,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The file is larger than any such file.
    #[error("{path} is larger than {MOST_BYTES} bytes")]
    TooLarge {
        /// Its path.
        path: String,
    },
    /// The file is no export, or has something that is not supported.
    #[error("{path}: {problem}")]
    Export {
        /// Its path.
        path: String,
        /// What is wrong.
        problem: ExportError,
    },
    /// Steps that call Okta.
    #[error("this test drives an Okta org, and none is here: it wants {}", .names.join(", "))]
    Org {
        /// The variables that name the org.
        names: Vec<String>,
    },
    /// A value for a variable that nothing uses.
    #[error("the test has no variable {name}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// Variables without a value.
    #[error("the test needs a value for {}", .names.join(", "))]
    Variables {
        /// Their names.
        names: Vec<String>,
    },
}

/// The variables of Okta's CRUD suites that name an org.
const OF_AN_ORG: [&str; 3] = ["oktaOrgUrl", "oktaAppId", "oktaToken"];

impl FileError {
    /// The complaint about variables that nobody gave a value.
    #[must_use]
    pub fn without_value(names: Vec<String>) -> Self {
        let is_of_an_org = |name: &String| OF_AN_ORG.contains(&name.as_str());
        if names.iter().any(is_of_an_org) {
            let names = names.into_iter().filter(is_of_an_org).collect();
            return Self::Org { names };
        }
        Self::Variables { names }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Org { .. } => Some(
                "what it asks of the SCIM server is in scim-conform run okta-suite/crud; Okta's own run of it needs Runscope and an org"
                    .to_owned(),
            ),
            Self::UnknownVariable { name, known } => {
                let close = suggest::closest(name, known.iter().map(String::as_str));
                let all = (!known.is_empty()).then(|| format!("it has {}", known.join(", ")));
                suggest::question(&close).or(all)
            }
            Self::Variables { names } => {
                let value = |name: &String| match name.as_str() {
                    "EntitlementEndpoint" => "--var EntitlementEndpoint=/Roles".to_owned(),
                    name => format!("--var {name}=VALUE"),
                };
                let values: Vec<String> = names.iter().map(value).collect();
                Some(format!("add {}", values.join(" ")))
            }
            Self::Export { problem, .. } => Some(problem.hint().to_owned()),
            Self::TooLarge { .. } => Some("Okta's files have 20 KB".to_owned()),
            Self::Unreadable { .. } => None,
        }
    }
}

/// Plays, tells, and exits.
///
/// # Errors
/// [`CliError`], when nothing was sent, or a report could not be written.
pub(crate) fn execute(
    args: &RunscopeArgs,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    reports::check(&args.report)?;
    reports::without_run(&args.report)?;
    let settings = RunscopeSettings {
        export: read(&args.file)?,
        target: target::of_export(args, env)?,
        variables: args.var.clone(),
        pause_scale: args.pause_scale,
        changes_others: args.change_others,
        cleanup: args.cleanup,
        timeout: args.target.timeout,
    };
    let (width, person) = (streams.width, streams.person);
    let consent = |target: &str| consent(&settings, target, args.yes, person);
    let consent: &(dyn Fn(&str) -> Result<(), AskError> + Send + Sync) = &consent;
    // The results go to the standard output, unless a report goes there.
    let is_taken = args.report.iter().any(|wish| wish.to == ReportTo::Stdout);
    let mut broken = None;
    let mut say = |text: &str| {
        let said = if is_taken {
            (person.talk)()
                .write_all(text.as_bytes())
                .map_err(CliError::from)
        } else {
            streams.print(text)
        };
        if let Err(error) = said {
            broken.get_or_insert(error);
        }
    };
    let done = backend.runscope(&settings, consent, &mut |heard| {
        say(&match heard {
            Heard::Begins { target, users } => told::head(&settings, target, users, width),
            Heard::Decided(played) => told::line(played, width),
        });
    })?;
    say(&told::foot(&done, settings.export.calls().count(), width));
    let (made, failed) = reports::make(&args.report, |form| match form {
        ReportForm::Json => Ok(report::json(&settings, &done)),
        ReportForm::Csv => Err(CliError::CsvWithoutPlan),
        ReportForm::Har => Err(CliError::HarWithoutRun),
        ReportForm::Junit => report::junit(&settings, &done),
    });
    for failed in failed {
        defect::leave(failed.panic);
    }
    let (_, failure) = reports::write(made, streams);
    let exit = exit(&done);
    // It is told with all others at the end.
    done.defect.into_iter().for_each(defect::leave);
    let failure = broken.or(failure);
    let exit = exit.with_failure(failure.is_some());
    if let Some(error) = failure {
        // What could not be written takes nothing from what was found.
        let _ = error.tell(&mut (person.talk)());
    }
    Ok(exit)
}

/// Asks before something is written to somebody's server.
fn consent(
    settings: &RunscopeSettings,
    target: &str,
    yes: bool,
    person: Person,
) -> Result<(), AskError> {
    let writes = settings
        .export
        .calls()
        .filter(|call| call.method.is_write());
    let writes = writes.count() as u64;
    if yes || writes == 0 || matches!(settings.target, TargetChoice::Embedded { .. }) {
        return Ok(());
    }
    let end = match settings.cleanup {
        Cleanup::Delete => " and removes at the end what they create",
        Cleanup::Deactivate => " and deactivates at the end the users that they create",
        Cleanup::None => "",
    };
    let question = format!(
        "This sends {} that can change something at {}{end}. Continue?",
        count(writes, "request"),
        printable(target)
    );
    person.ask(&question, target)
}

fn read(path: &Path) -> Result<Export, FileError> {
    let shown = || printable(&path.display().to_string()).into_owned();
    let unreadable = |reason| FileError::Unreadable {
        path: shown(),
        reason,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(FileError::TooLarge { path: shown() });
    }
    Export::parse(&String::from_utf8_lossy(&bytes)).map_err(|problem| FileError::Export {
        path: shown(),
        problem,
    })
}

fn exit(done: &PlayedExport) -> Exit {
    let any =
        |wanted: fn(&Outcome) -> bool| done.played.iter().any(|played| wanted(&played.outcome));
    if done.interrupted {
        Exit::Interrupted
    } else if any(|outcome| matches!(outcome, Outcome::Failed(_))) {
        Exit::Findings
    } else if done.played.is_empty()
        || any(|outcome| matches!(outcome, Outcome::Open(_) | Outcome::NotRun(_)))
    {
        Exit::Undecided
    } else {
        Exit::Success
    }
}

#[cfg(test)]
mod tests;
