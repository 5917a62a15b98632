//! `run`: from arguments to settings, through the backend, to reports and an exit code.

use std::sync::Arc;

use crate::defect::{self, Phase};
use crate::engine::outcome::{Broken, Defect, During, Plan, RunResult};
use crate::oin::Readiness;
use crate::okta::App;
use crate::report::command::quoted;
use crate::report::plan::AtEnd;
use crate::report::{self, Closing, Terminal, TerminalOptions, Verbosity, csv, har, json, junit};
use crate::scenario::Risk;
use crate::verdict::{Level, Verdict};

use super::args::RunArgs;
use super::ask::{self, AskError};
use super::backend::{Backend, Driven};
use super::environment::Environment;
use super::error::{CliError, tell};
use super::exit::Exit;
use super::last_run::{self, LastRun, LastRunError, Remembered};
use super::plan;
use super::repeat;
use super::reports;
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

/// Users that are made in all when the user names no number: more than all scenarios but those that scale make.
const MAX_USERS: u64 = 3_000;

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
    reports::check(&args.report)?;
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
        extent: streams.extent,
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
    let mut driven = backend.drive(&settings, terminal.clone(), &consent)?;
    driven.run.options = repeat::options(args, &settings);
    for panic in defect::uncaught() {
        let during = During::Elsewhere;
        driven.run.admit(Defect { during, panic });
    }

    let found = defect::caught_now(|| readiness(&settings, &driven));
    let readiness = admitted(&mut driven.run, "plan", found).unwrap_or_default();
    let (made, failed) = make_reports(&args.report, &driven, readiness.as_ref());
    let made = if failed.is_empty() {
        made
    } else {
        let forms: Vec<ReportForm> = failed.iter().map(|failed| failed.form).collect();
        for failed in failed {
            admitted::<()>(&mut driven.run, failed.form.name(), Err(failed.panic));
        }
        // The others must not look as if all were well.
        let others = args.report.iter().filter(|w| !forms.contains(&w.form));
        make_reports(others, &driven, readiness.as_ref()).0
    };
    let (written, mut failure) = reports::write(made, streams);
    let kept = defect::caught_now(|| remember(env, &target, &driven.run, streams));
    let kept = admitted(&mut driven.run, "file for explain and --failed", kept);
    let explained = explained(args, env, &driven.run, kept.unwrap_or_default());
    let closing = Closing {
        written,
        compared: before
            .map(|before| last_run::compare(&before, &driven.run).lines())
            .unwrap_or_default(),
        plan: readiness,
        snapshots: driven.snapshots.as_ref().and_then(|s| s.own.clone()),
        next: next(args, &settings.target, &driven, explained),
    };
    if let Err(error) = show(&terminal, &mut driven, &closing, &args.report, streams) {
        failure.get_or_insert(error);
    }
    let snapshots_fail = driven.snapshots.as_ref().is_some_and(|s| s.fails());
    let own = driven.snapshots.as_ref().and_then(|s| s.own.as_ref());
    let has_accepted =
        own.is_some_and(|own| own.accepted.is_some()) && driven.snapshots_failed.is_none();
    let exit = Exit::from_result(&driven.run, snapshots_fail)
        .with_accepted(has_accepted)
        .with_hook(driven.hook_failed)
        .with_plan(closing.plan.as_ref())
        .with_defect(!driven.run.defects.is_empty())
        .with_failure(failure.is_some() || driven.snapshots_failed.is_some());
    // What could not be written takes nothing from what was found.
    if let Some(problem) = &driven.snapshots_failed {
        let _ = tell(&mut (person.talk)(), "error", problem);
    }
    if let Some(error) = failure {
        let _ = error.tell(&mut (person.talk)());
    }
    Ok(exit)
}

/// What was done, unless this tool failed in it, which the run then has to say.
fn admitted<T>(
    run: &mut RunResult,
    what: &'static str,
    done: Result<T, defect::Panic>,
) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(panic) => {
            let during = During::Report(what);
            run.admit(Defect { during, panic });
            None
        }
    }
}

fn make_reports<'w>(
    wishes: impl IntoIterator<Item = &'w ReportWish>,
    driven: &Driven,
    plan: Option<&Readiness>,
) -> (Vec<reports::Made<'w>>, Vec<reports::Failed>) {
    reports::make(wishes, |form| match form {
        ReportForm::Json => Ok(json::render(&driven.run, driven.snapshots.as_ref(), plan)),
        ReportForm::Har => Ok(har::render(&driven.run)),
        ReportForm::Junit => {
            junit::render(&driven.run, driven.snapshots.as_ref()).map_err(CliError::from)
        }
        ReportForm::Csv => Ok(plan.map(csv::render).unwrap_or_default()),
    })
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
    let is_remote = matches!(target, TargetChoice::Remote(_));
    Ok(RunSettings {
        target,
        selection: Selection {
            patterns: match &plan {
                Some(claims) => Readiness::scenarios(claims),
                None => args.selection.clone(),
            },
            tags: args.tag.clone(),
            quick: args.quick,
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
            max_users: max_users(args, is_remote),
            max_users_at_once: args.max_users_at_once,
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

/// Users that may be made in all. Whoever names sizes has said how many there may be, and the built-in server is
/// nobody's.
fn max_users(args: &RunArgs, is_remote: bool) -> Option<u64> {
    let usual = (is_remote && args.scale.is_empty()).then_some(MAX_USERS);
    args.max_users.or(usual)
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
    if yes || (plan.users == 0 && plan.groups == 0) {
        return Ok(());
    }
    let target = settings.target.name();
    let question = ask::run_question(plan, at_end(settings.cleanup), &target);
    person.ask(&question, &target)
}

fn load_before(env: &Environment, target: &str) -> Result<LastRun, LastRunError> {
    Ok(last_run::load(&last_run::path(env)?)?.of(target)?.clone())
}

/// Keeps the run for `--failed` and `explain`. That this fails is worth a warning and no more:
/// a container without a home is a usual place to run in. Says how `explain` finds it.
pub(super) fn remember(
    env: &Environment,
    target: &str,
    run: &RunResult,
    streams: &Streams,
) -> Option<Remembered> {
    defect::plant(Phase::LastRun);
    if matches!(run.broken, Some(Broken::Preflight { .. })) {
        return None;
    }
    let kept = last_run::path(env).and_then(|path| {
        // A damaged file is replaced: it can no longer tell anything.
        let mut runs = match last_run::load(&path) {
            Err(LastRunError::Form { .. }) => last_run::LastRuns::default(),
            loaded => loaded?,
        };
        runs.remember(target, run);
        last_run::save(&path, &runs)?;
        Ok(match runs.latest() {
            Ok(latest) if latest.target == target => Remembered::AsLatest,
            _ => Remembered::AsDemo,
        })
    });
    match kept {
        Ok(remembered) => Some(remembered),
        Err(error) => {
            let text = format!("this run is not kept for explain and --failed: {error}");
            // Where even talk fails, nobody is there to be warned.
            let _ = tell(&mut (streams.person.talk)(), "warning", &text);
            None
        }
    }
}

/// The command that explains the worst finding. Another machine, such as the one of a CI job, has no last run: there
/// it reads the report, or explains the check.
fn explained(
    args: &RunArgs,
    env: &Environment,
    run: &RunResult,
    remembered: Option<Remembered>,
) -> Option<String> {
    let worst = run.findings.iter().find(|f| f.level == Level::Error);
    let worst = worst.or(run.findings.iter().find(|f| f.level == Level::Warning))?;
    let report = args
        .report
        .iter()
        .find_map(|wish| match (wish.form, &wish.to) {
            (ReportForm::Json, ReportTo::File(path)) => Some(path.display().to_string()),
            _ => None,
        });
    let command = match (remembered, report) {
        (Some(Remembered::AsLatest), _) if !env.is_ci() => format!("explain {}", worst.id),
        (Some(Remembered::AsDemo), _) if !env.is_ci() => format!("explain {} --embedded", worst.id),
        (_, Some(report)) => format!("explain {} --report {}", worst.id, quoted(&report)),
        (_, None) => format!("explain {}", worst.check.id),
    };
    Some(format!("scim-conform {command}"))
}

/// The result goes to the standard output, unless a report goes there.
fn show(
    terminal: &Terminal,
    driven: &mut Driven,
    closing: &Closing,
    wishes: &[ReportWish],
    streams: &mut Streams,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    if !driven.differences.is_empty() {
        text.extend_from_slice(driven.differences.trim_end().as_bytes());
        text.extend_from_slice(b"\n\n");
    }
    let shown = defect::caught_now(|| {
        defect::plant(Phase::Terminal);
        terminal.finish(&driven.run, closing, &mut text)
    });
    match admitted(&mut driven.run, "result for the terminal", shown) {
        Some(finished) => finished?,
        None => {
            // What can still be said is said as plainly as possible.
            for defect in &driven.run.defects {
                tell(&mut text, "error", &report::defect::sentence(defect))?;
            }
            tell(&mut text, "hint", &report::defect::what_to_send())?;
        }
    }
    let text = String::from_utf8_lossy(&text);
    if wishes.iter().any(|wish| wish.to == ReportTo::Stdout) {
        (streams.person.talk)().write_all(text.as_bytes())?;
        return Ok(());
    }
    streams.print(&text)
}

/// What to do next, as commands.
fn next(
    args: &RunArgs,
    target: &TargetChoice,
    driven: &Driven,
    explained: Option<String>,
) -> Vec<(String, String)> {
    let run = &driven.run;
    let mut next = Vec::new();
    let mut add = |command: String, purpose: &str| next.push((command, purpose.to_owned()));
    if run.broken.is_some() || !run.defects.is_empty() {
        return next;
    }
    if let Some(command) = explained {
        add(command, "why it matters, and what to do");
    }
    let against: String = run.options.iter().map(|one| format!(" {one}")).collect();
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
    if let Some(folder) = &args.snapshots
        && driven
            .snapshots
            .as_ref()
            .is_some_and(|s| s.can_be_accepted())
    {
        let folder = folder.display().to_string();
        add(
            format!(
                "scim-conform run{against} --snapshots {} --update-snapshots",
                quoted(&folder)
            ),
            "if the answers are meant to be as they are now",
        );
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
