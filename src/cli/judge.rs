//! `judge`: recorded traffic from files to findings, reports and an exit code.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::defect;
use crate::okta::App;
use crate::recording::har::{self, Entry};
use crate::recording::{self, Judged, Options, Overview};
use crate::report::recording::{Summary, render};
use crate::report::text::count;
use crate::report::{Verbosity, json, junit};
use crate::verdict::Level;

use super::args::JudgeArgs;
use super::environment::Environment;
use super::error::{CliError, tell};
use super::exit::Exit;
use super::reports;
use super::run::remember;
use super::streams::Streams;
use super::values::{ReportForm, ReportTo};

/// The largest file that is read, in MiB.
const LARGEST: u64 = 512;

/// Judges.
///
/// # Errors
/// [`CliError`], when a file cannot be read or a report cannot be written.
pub(crate) fn execute(
    args: &JudgeArgs,
    env: &Environment,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    reports::check(&args.report)?;
    reports::without_run(&args.report)?;
    let entries = read_all(&args.files)?;
    let all = entries.len();
    let names: Vec<String> = args.files.iter().map(|path| shown(path)).collect();
    let options = Options {
        name: names.join(" "),
        base: args.base.clone(),
        show_people: args.show_people,
        strict_rfc: args.strict_rfc,
    };
    let elsewhere = match &args.base {
        Some(_) => recording::bases(&entries),
        None => Vec::new(),
    };
    let Some(judged) = recording::judge(entries, &options)? else {
        return nothing(all, args.base.is_some(), &elsewhere, streams);
    };
    let (mut closing, failure) = write_reports(args, &judged, streams);
    let _ = remember(
        env,
        &format!("recording {}", options.name),
        &judged.run,
        streams,
    );
    let errors = judged.run.findings.iter().any(|f| f.level == Level::Error);
    if let Some(first) = judged.run.findings.first() {
        closing.push(format!(
            "scim-conform explain {}  why it matters, and what to do",
            first.id
        ));
    }
    let verbosity = match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let summary = summary(&judged.overview, closing);
    let undecided = summary.undecided.is_some();
    let text = render(
        &judged.run,
        &summary,
        verbosity,
        streams.width,
        streams.extent,
    );
    if args.report.iter().any(|wish| wish.to == ReportTo::Stdout) {
        (streams.person.talk)().write_all(text.as_bytes())?;
    } else {
        streams.print(&text)?;
    }
    let exit = match (errors, undecided) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Undecided,
        (false, false) => Exit::Success,
    };
    let exit = exit.with_failure(failure.is_some());
    if let Some(error) = failure {
        // What could not be written takes nothing from what was found.
        error.tell(&mut (streams.person.talk)())?;
    }
    Ok(exit)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Reads files; the entries of each are numbered on from those before it.
///
/// # Errors
/// When one cannot be read, or is no HAR.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    for path in paths {
        read(path, &mut entries)?;
    }
    Ok(entries)
}

fn read(path: &Path, entries: &mut Vec<Entry>) -> Result<(), CliError> {
    let failed = |source| CliError::NoRecording {
        file: shown(path),
        source,
    };
    let mut text = Vec::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let bound = LARGEST * 1024 * 1024;
    input
        .take(bound + 1)
        .read_to_end(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > bound {
        return Err(CliError::LargeRecording {
            file: shown(path),
            limit: LARGEST,
        });
    }
    let before = entries.len();
    har::read(&text, |entry| {
        entries.push(Entry {
            number: before.saturating_add(entry.number),
            ..entry
        });
    })
    .map_err(|source| CliError::BadRecording {
        file: shown(path),
        source,
    })?;
    Ok(())
}

/// Nothing of SCIM in it: that is no success.
///
/// # Errors
/// When that cannot be told.
pub(super) fn nothing(
    all: usize,
    has_base: bool,
    elsewhere: &[String],
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let what = match has_base {
        true => "no request to that base URL",
        false => "no SCIM request",
    };
    let text = format!(
        "{what} among {}",
        count(all as u64, "entry").replace("entrys", "entries")
    );
    let mut talk = (streams.person.talk)();
    tell(&mut talk, "error", &text)?;
    let hint = match elsewhere {
        [] => "a browser does not see what Okta sends; scim-conform record does, in front of your server: docs/recording.md".to_owned(),
        there => format!("there is SCIM below {}", there.join(" and ")),
    };
    tell(&mut talk, "hint", &hint)?;
    Ok(Exit::Undecided)
}

fn write_reports(
    args: &JudgeArgs,
    judged: &Judged,
    streams: &mut Streams,
) -> (Vec<String>, Option<CliError>) {
    let (made, failed) = reports::make(&args.report, |form| match form {
        ReportForm::Json => Ok(json::render(&judged.run, None, None)),
        ReportForm::Csv => Err(CliError::CsvWithoutPlan),
        ReportForm::Har => Err(CliError::HarWithoutRun),
        ReportForm::Junit => Ok(junit::render(&judged.run, None)?),
    });
    for failed in failed {
        defect::leave(failed.panic);
    }
    let (written, failure) = reports::write(made, streams);
    let written = written
        .iter()
        .map(|path| format!("wrote {}", path.display()));
    (written.collect(), failure)
}

fn summary(overview: &Overview, closing: Vec<String>) -> Summary {
    let app = match overview.apps.as_slice() {
        [App::Custom] => "an app from the App Integration Wizard (custom)",
        [App::Oin] => "an app from Okta's catalogue or a SCIM 2.0 template (oin)",
        [] => "either kind of app: nothing in it tells which",
        _ => "both kinds of app",
    };
    Summary {
        app: app.to_owned(),
        period: overview
            .period
            .as_ref()
            .map(|(first, last)| format!("{first} to {last}"))
            .unwrap_or_default(),
        seen: overview
            .seen
            .iter()
            .map(|(number, noun)| times(*number, noun))
            .collect(),
        not_seen: overview
            .not_seen
            .iter()
            .map(|noun| (*noun).to_owned())
            .collect(),
        left_out: overview.left_out.clone(),
        undecided: (!overview.decided).then(|| "every request was refused with 401".to_owned()),
        closing,
    }
}

/// `3 deactivations`, `2 users created`.
fn times(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    let (head, rest) = match noun.split_once(' ') {
        Some((head, rest)) if matches!(head, "user" | "group" | "import" | "change") => {
            (head, Some(rest))
        }
        _ => (noun, None),
    };
    let many = count(number as u64, head);
    rest.map_or(many.clone(), |rest| format!("{many} {rest}"))
}
