//! `run`: from arguments to settings, through the backend, to reports and an exit code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::outcome::{Broken, Plan, RunResult};
use crate::oin::Readiness;
use crate::okta::App;
use crate::report::file;
use crate::report::plan::AtEnd;
use crate::report::{Closing, Terminal, TerminalOptions, Verbosity, csv, json, junit};
use crate::scenario::Risk;
use crate::verdict::{Level, Verdict};

use super::args::RunArgs;
use super::ask::{self, AskError};
use super::backend::{Backend, Driven};
use super::environment::Environment;
use super::error::{CliError, tell};
use super::exit::Exit;
use super::last_run::{self, LastRun, LastRunError};
use super::plan;
use super::selection::Selection;
use super::settings::{
    Beyond, Limits, People, Remote, RunSettings, SnapshotMode, Snapshots, TargetChoice,
};
use super::streams::{Person, Streams};
use super::target;
use super::values::{Cleanup, ReportForm, ReportTo, ReportWish};
use super::variants;

/// Sizes of the crowd when the user names none.
const SCALE: [u32; 2] = [100, 1_000];

/// Runs, and says how it went.
///
/// # Errors
/// [`CliError`], when nothing was run or a report could not be written.
pub(crate) fn execute(
    args: &RunArgs,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let mut settings = settings(args, env)?;
    check_reports(&args.report)?;
    let target = settings.target.name();
    let before = if args.failed {
        let before = load_before(env, &target)?;
        settings.selection.only = Some(before.failed()?);
        Some(before)
    } else {
        None
    };
    let options = TerminalOptions {
        width: streams.width,
        verbosity: verbosity(args),
        progress: streams.can_show_progress,
        at_end: at_end(settings.cleanup),
    };
    let terminal = Arc::new(Terminal::new(options, (streams.person.talk)()));
    let person = streams.person;
    if matches!(settings.target, TargetChoice::Remote(_)) && last_run::folder(env).is_err() {
        let text = "what this run creates is remembered nowhere, so that sweep could not remove it; set SCIM_CONFORM_STATE to a folder";
        tell(&mut (person.talk)(), "warning", text)?;
    }
    let consent = |plan: &Plan| consent(plan, &settings, args.yes, person);
    let driven = backend.drive(&settings, terminal.clone(), &consent)?;

    let readiness = readiness(&settings, &driven);
    let plan = readiness.as_ref();
    let render = |form| match form {
        ReportForm::Json => Ok(json::render(&driven.run, driven.snapshots.as_ref(), plan)),
        ReportForm::Junit => junit::render(&driven.run).map_err(CliError::from),
        ReportForm::Csv => Ok(plan.map(csv::render).unwrap_or_default()),
    };
    let (written, failure) = write_reports(&args.report, &render, streams);
    remember(env, &target, &driven.run, streams);
    let closing = Closing {
        written,
        compared: before
            .map(|before| last_run::compare(&before, &driven.run).lines())
            .unwrap_or_default(),
        plan: readiness,
        next: next(args, &settings.target, &driven.run),
    };
    show(&terminal, &driven, &closing, &args.report, streams)?;
    match failure {
        Some(error) => Err(error),
        None => Ok(Exit::from_result(&driven.run, driven.snapshots_differ)
            .with_hook(driven.hook_failed)
            .with_plan(closing.plan.as_ref())),
    }
}

/// What the run says about the plan that it followed. One that broke off before it began says nothing.
fn readiness(settings: &RunSettings, driven: &Driven) -> Option<Readiness> {
    let claims = settings.plan.clone()?;
    let began = !matches!(driven.run.broken, Some(Broken::Preflight { .. }));
    began.then(|| {
        let apps = &settings.selection.apps;
        Readiness::of(&driven.run, apps, claims, driven.preconditions.clone())
    })
}

/// The settings that the arguments and the environment amount to.
///
/// # Errors
/// [`CliError`], when they do not amount to a run.
pub(crate) fn settings(args: &RunArgs, env: &Environment) -> Result<RunSettings, CliError> {
    let plan = plan::claims(args)?;
    let apps = if args.app.is_empty() {
        plan::usual_apps(plan.as_ref())
    } else {
        App::ALL
            .into_iter()
            .filter(|app| args.app.contains(app))
            .collect()
    };
    variants::check(&args.variant, &apps)?;
    let target = target::of_run(args, env)?;
    let other = target::other_of_run(args, env, &target)?;
    Ok(RunSettings {
        target,
        selection: Selection {
            patterns: match &plan {
                Some(claims) => Readiness::scenarios(claims),
                None => args.selection.clone(),
            },
            tags: args.tag.clone(),
            apps,
            only: None,
        },
        plan,
        variants: args.variant.clone(),
        as_required: false,
        beyond: beyond(args, other),
        scenarios: args.scenarios.clone(),
        seed: args.seed,
        run_id: args.run_id.clone(),
        limits: Limits {
            settle: args.settle,
            timeout: args.target.timeout,
            concurrency: args.concurrency,
            rate: args.rate,
            max_users: args.max_users,
            cap_foreign_users: args.cap_foreign_users,
            keep: args.keep,
        },
        people: People {
            email: args.email.clone(),
            attributes: args.user_attribute.clone(),
        },
        cleanup: args.cleanup,
        strict_rfc: args.strict_rfc,
        snapshots: snapshots(args, env)?,
        diff: args.diff,
        tap: args.tap,
    })
}

/// What the scenarios may do and use. Whoever names sizes allows them.
fn beyond(args: &RunArgs, other: Option<Box<Remote>>) -> Beyond {
    let mut allowed = args.allow.clone();
    let mut scale = args.scale.clone();
    if scale.is_empty() {
        scale = SCALE.to_vec();
    } else {
        allowed.push(Risk::Scale);
    }
    scale.sort_unstable();
    scale.dedup();
    Beyond {
        claims: args.claim.iter().filter_map(|f| f.offered()).collect(),
        allowed,
        scale,
        hook: args.hook.clone(),
        other,
    }
}

fn snapshots(args: &RunArgs, env: &Environment) -> Result<Option<Snapshots>, CliError> {
    let mode = match (args.update_snapshots, env.is_ci()) {
        (true, true) => return Err(CliError::UpdateInCi),
        (true, false) => SnapshotMode::Update,
        (false, true) => SnapshotMode::Check,
        (false, false) => SnapshotMode::Propose,
    };
    Ok(args
        .snapshots
        .clone()
        .map(|folder| Snapshots { folder, mode }))
}

impl TargetChoice {
    /// The target as it is remembered and named: its base URL without a slash at the end.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Embedded { faults, chaos } => {
                let chaos = chaos.map(|chaos| format!("chaos {}", chaos.seed));
                let with: Vec<String> = faults.iter().cloned().chain(chaos).collect();
                if with.is_empty() {
                    return "the built-in server".to_owned();
                }
                format!("the built-in server with {}", with.join(", "))
            }
            Self::Remote(remote) => remote.base.trim().trim_end_matches('/').to_owned(),
        }
    }
}

fn verbosity(args: &RunArgs) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}

fn at_end(cleanup: Cleanup) -> AtEnd {
    match cleanup {
        Cleanup::Delete => AtEnd::Removed,
        Cleanup::Deactivate => AtEnd::Deactivated,
        Cleanup::None => AtEnd::Kept,
    }
}

/// The built-in server is nobody's, so nobody is asked. A server on this machine may be a
/// tunnel to another one, so somebody is.
fn consent(plan: &Plan, settings: &RunSettings, yes: bool, person: Person) -> Result<(), AskError> {
    let TargetChoice::Remote(_) = settings.target else {
        return Ok(());
    };
    if yes || plan.users + plan.groups == 0 {
        return Ok(());
    }
    let target = settings.target.name();
    let question = ask::run_question(plan, at_end(settings.cleanup), &target);
    person.ask(&question, &target)
}

/// Finds out before the run what would else be found out after it.
///
/// # Errors
/// When a report cannot be written where it should.
pub(crate) fn check_reports(wishes: &[ReportWish]) -> Result<(), CliError> {
    let mut places = Vec::new();
    for wish in wishes {
        if places.contains(&&wish.to) {
            let place = match &wish.to {
                ReportTo::Stdout => "the standard output".to_owned(),
                ReportTo::File(path) => path.display().to_string(),
            };
            return Err(CliError::SamePlace(place));
        }
        places.push(&wish.to);
        if let ReportTo::File(path) = &wish.to {
            file::check(path)?;
        }
    }
    Ok(())
}

/// Writes every report that can be written, and gives the first failure.
pub(crate) fn write_reports(
    wishes: &[ReportWish],
    render: &dyn Fn(ReportForm) -> Result<String, CliError>,
    streams: &mut Streams,
) -> (Vec<PathBuf>, Option<CliError>) {
    let mut written = Vec::new();
    let mut failure = None;
    for wish in wishes {
        let done = render(wish.form).and_then(|text| match &wish.to {
            ReportTo::Stdout => streams.print(&text),
            ReportTo::File(path) => {
                file::write(path, &text)?;
                written.push(path.clone());
                Ok(())
            }
        });
        if let Err(error) = done {
            failure.get_or_insert(error);
        }
    }
    (written, failure)
}

fn load_before(env: &Environment, target: &str) -> Result<LastRun, LastRunError> {
    Ok(last_run::load(&last_run::path(env)?)?.of(target)?.clone())
}

/// Keeps the run for `--failed` and `explain`. That this fails is worth a warning and no more:
/// a container without a home is a usual place to run in.
pub(super) fn remember(env: &Environment, target: &str, run: &RunResult, streams: &Streams) {
    if matches!(run.broken, Some(Broken::Preflight { .. })) {
        return;
    }
    let kept = last_run::path(env).and_then(|path| {
        // A damaged file is replaced: it can no longer tell anything.
        let mut runs = match last_run::load(&path) {
            Err(LastRunError::Form { .. }) => last_run::LastRuns::default(),
            loaded => loaded?,
        };
        runs.remember(target, run);
        last_run::save(&path, &runs)
    });
    if let Err(error) = kept {
        let text = format!("this run is not kept for explain and --failed: {error}");
        // Where even talk fails, nobody is there to be warned.
        let _ = tell(&mut (streams.person.talk)(), "warning", &text);
    }
}

/// The result goes to the standard output, unless a report goes there.
fn show(
    terminal: &Terminal,
    driven: &Driven,
    closing: &Closing,
    wishes: &[ReportWish],
    streams: &mut Streams,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    if !driven.differences.is_empty() {
        text.extend_from_slice(driven.differences.trim_end().as_bytes());
        text.extend_from_slice(b"\n\n");
    }
    terminal.finish(&driven.run, closing, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    if wishes.iter().any(|wish| wish.to == ReportTo::Stdout) {
        (streams.person.talk)().write_all(text.as_bytes())?;
        return Ok(());
    }
    streams.print(&text)
}

/// What to do next, as commands.
fn next(args: &RunArgs, target: &TargetChoice, run: &RunResult) -> Vec<(String, String)> {
    let mut next = Vec::new();
    let mut add = |command: String, purpose: &str| next.push((command, purpose.to_owned()));
    if run.broken.is_some() {
        return next;
    }
    let worst = run.findings.iter().find(|f| f.level == Level::Error);
    let worst = worst.or(run.findings.iter().find(|f| f.level == Level::Warning));
    if let Some(finding) = worst {
        add(
            format!("scim-conform explain {}", finding.id),
            "why it matters, and what to do",
        );
    }
    let against = match target {
        TargetChoice::Embedded { faults, chaos } => faults
            .iter()
            .map(|fault| format!(" --fault {fault}"))
            .chain(chaos.map(|chaos| format!(" {chaos}")))
            .collect(),
        TargetChoice::Remote(_) if args.target.target.is_some() => {
            format!(" --target {}", target.name())
        }
        TargetChoice::Remote(_) => String::new(),
    };
    if args.email.is_none() && may_mind_the_domain(target, run) {
        add(
            format!("scim-conform run{against} --email '{{}}@acme.io'"),
            "if it refuses example.com: name a domain of yours",
        );
    }
    if run.count("failed") > 0 {
        add(
            format!("scim-conform run{against} --failed"),
            "once it is fixed",
        );
    } else if args.failed {
        add(format!("scim-conform run{against}"), "everything again");
    }
    let all_well = run.verdicts.values().all(|v| *v == Verdict::Conforms);
    if matches!(target, TargetChoice::Embedded { .. }) && all_well {
        add(
            if args.plan.is_some() {
                "scim-conform run --plan oin --target URL".to_owned()
            } else {
                "scim-conform run --target URL".to_owned()
            },
            "the same against your server",
        );
    }
    next
}

/// Whether every user was refused as invalid: some servers take addresses of known domains only, or ask the domain's
/// name server, which tells that nobody gets mail at `example.com` (RFC 2606, 3).
fn may_mind_the_domain(target: &TargetChoice, run: &RunResult) -> bool {
    matches!(target, TargetChoice::Remote(_))
        && run.findings.iter().any(|finding| {
            finding.check.id == "sequence/refused"
                && finding.facet == "POST user"
                && (finding.got.starts_with("400") || finding.got.starts_with("422"))
        })
}

#[cfg(test)]
mod tests;
