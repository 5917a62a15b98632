//! `runscope`: plays a test that was exported from Runscope, such as Okta's own suites.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use crate::report::text::{clip, count, duration, hang, pad, printable};
use crate::runscope::export::{Export, ExportError, MOST_BYTES};
use crate::runscope::play::{Outcome, Played};

use super::args::RunscopeArgs;
use super::ask::AskError;
use super::backend::{Backend, PlayedExport};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::settings::{RunscopeSettings, TargetChoice};
use super::streams::Streams;
use super::target;

/// Columns of the status and the time at the end of a line.
const TAIL: usize = 14;

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
    /// Variables without a value.
    #[error("the test needs a value for {}", .names.join(", "))]
    Variables {
        /// Their names.
        names: Vec<String>,
    },
}

impl FileError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Variables { names } if names.iter().any(|name| is_of_an_org(name)) => Some(
                "this suite drives Okta itself, and needs an Okta org; the SPEC suite does not"
                    .to_owned(),
            ),
            Self::Variables { names } => {
                let name = names.first().map_or("name", String::as_str);
                Some(format!("add --var {name}=VALUE"))
            }
            Self::Export { .. } => {
                Some("give a file that Runscope or BlazeMeter exported as JSON".to_owned())
            }
            Self::Unreadable { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// The variables of Okta's CRUD suites that name an org.
fn is_of_an_org(name: &str) -> bool {
    ["oktaOrgUrl", "oktaAppId", "oktaToken"].contains(&name)
}

/// Plays, tells, and exits.
///
/// # Errors
/// [`CliError`], when nothing was sent.
pub(crate) fn execute(
    args: &RunscopeArgs,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let export = read(&args.file)?;
    let settings = RunscopeSettings {
        target: target::of_export(args, env)?,
        variables: args.var.clone(),
        pause_scale: args.pause_scale,
        cleanup: args.cleanup,
        timeout: args.target.timeout,
        export,
    };
    let width = streams.width;
    let head = head(&settings);
    streams.print(&head)?;
    let person = streams.person;
    let consent = |target: &str| {
        let posts = settings
            .export
            .calls()
            .filter(|call| call.method.is_write());
        let posts = posts.count() as u64;
        if args.yes || posts == 0 || matches!(settings.target, TargetChoice::Embedded { .. }) {
            return Ok(());
        }
        let writes = count(posts, "request");
        let question =
            format!("This sends {writes} that can change something at {target}. Continue?");
        person.ask(&question, target)
    };
    let consent: &(dyn Fn(&str) -> Result<(), AskError> + Send + Sync) = &consent;
    let mut broken = None;
    let mut hear = |played: &Played| {
        let line = line(played, width);
        if let Err(error) = streams.print(&line) {
            broken.get_or_insert(error);
        }
    };
    let done = backend.runscope(&settings, consent, &mut hear)?;
    if let Some(error) = broken {
        return Err(error);
    }
    streams.print(&foot(&done))?;
    Ok(exit(&done))
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

fn head(settings: &RunscopeSettings) -> String {
    let calls = settings.export.calls().count() as u64;
    let pauses = settings
        .export
        .pauses()
        .mul_f64(settings.pause_scale.clamp(0.0, 100.0));
    let mut head = format!(
        "{}: {}",
        printable(&settings.export.name),
        count(calls, "request")
    );
    if !pauses.is_zero() {
        let _ = write!(head, ", with pauses of {} in all", duration(pauses));
    }
    head.push('\n');
    head
}

fn line(played: &Played, width: usize) -> String {
    let word = match &played.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed(_) => "FAILED",
        Outcome::Open(_) => "open",
        Outcome::NotRun(_) => "not run",
    };
    let start = format!("{:>3} {} ", played.number, pad(word, 7));
    let room = width.saturating_sub(start.len() + TAIL).max(20);
    let title = pad(&clip(&printable(&played.title), room), room);
    let tail = match played.status {
        Some(status) => format!(" {status} {:>9}", duration(played.took)),
        None => String::new(),
    };
    let mut shown = format!("{}\n", format!("{start}{title}{tail}").trim_end());
    let mut more = |first: &str, text: &str| {
        shown.push_str(&hang(
            &format!("            {first}"),
            &printable(text),
            width,
            3,
        ));
    };
    match &played.outcome {
        Outcome::Passed => {}
        Outcome::Failed(flaws) => {
            for flaw in flaws {
                more("wanted  ", &flaw.wanted);
                more("got     ", &flaw.got);
            }
        }
        Outcome::Open(reason) | Outcome::NotRun(reason) => more("because ", reason),
    }
    shown
}

fn foot(done: &PlayedExport) -> String {
    let number = |wanted: fn(&Outcome) -> bool| {
        done.played
            .iter()
            .filter(|played| wanted(&played.outcome))
            .count()
    };
    let passed = number(|outcome| matches!(outcome, Outcome::Passed));
    let failed = number(|outcome| matches!(outcome, Outcome::Failed(_)));
    let open = number(|outcome| matches!(outcome, Outcome::Open(_)));
    let not_run = number(|outcome| matches!(outcome, Outcome::NotRun(_)));
    let mut foot = format!("\n{passed} passed, {failed} failed");
    if open > 0 {
        let _ = write!(foot, ", {open} open");
    }
    if not_run > 0 {
        let _ = write!(foot, ", {not_run} not run");
    }
    foot.push('\n');
    for left in &done.left_behind {
        let line = format!("left    {} {}: {}\n", left.resource, left.id, left.reason);
        foot.push_str(&printable(&line).replace("\\n", "\n"));
    }
    foot
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
