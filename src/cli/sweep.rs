//! `sweep`: removes what earlier runs left at a target.

use crate::engine::outcome::Presence;
use crate::report::text::{count, printable};

use super::args::SweepArgs;
use super::ask::AskError;
use super::backend::{Backend, PassedOver, Swept, WhyPassedOver};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::settings::SweepSettings;
use super::streams::{Person, Streams};
use super::target;

/// Removes, after asking.
///
/// # Errors
/// [`CliError`], when nothing could be looked up or nobody agreed.
pub(crate) fn execute(
    args: &SweepArgs,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let settings = SweepSettings {
        target: target::required(&args.target, env)?,
        run_ids: args.run_id.clone(),
        cleanup: args.cleanup,
        timeout: args.target.timeout,
    };
    let person = streams.person;
    let consent = |resources| consent(resources, &settings, args.yes, person);
    let swept = backend.sweep(&settings, &consent)?;
    streams.print(&told(&swept))?;
    let unread = swept.passed_over.iter().any(|one| {
        matches!(
            one.why,
            WhyPassedOver::Unreadable { .. } | WhyPassedOver::Damaged { .. }
        )
    });
    Ok(if swept.left_behind.is_empty() && !unread {
        Exit::Success
    } else {
        Exit::Undecided
    })
}

fn consent(
    resources: u64,
    settings: &SweepSettings,
    yes: bool,
    person: Person,
) -> Result<(), AskError> {
    let target = settings.target.base.trim();
    if yes || resources == 0 {
        return Ok(());
    }
    let question = format!(
        "This removes {} at {}. Continue?",
        count(resources, "resource"),
        printable(target)
    );
    person.ask(&question, target)
}

fn told(swept: &Swept) -> String {
    let mut told = format!("removed {}\n", count(swept.removed, "resource"));
    for left in &swept.left_behind {
        let word = match left.presence {
            Presence::There => "left",
            Presence::Perhaps => "perhaps",
        };
        let line = format!(
            "{word:7} {} {} ({}): {}",
            left.resource, left.id, left.name, left.reason
        );
        told.push_str(&format!("{}\n", printable(&line)));
    }
    for one in &swept.passed_over {
        told.push_str(&format!("{}\n", printable(&passed_over(one))));
    }
    told
}

fn passed_over(PassedOver { path, why }: &PassedOver) -> String {
    let path = path.display();
    match why {
        WhyPassedOver::InUse { run_id } => {
            format!("ledger  {path}: run {run_id} is still going on, so it was left alone")
        }
        WhyPassedOver::Unreadable { problem } => format!("ledger  {path}: {problem}"),
        WhyPassedOver::Damaged { run_id, lines } => {
            let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
            format!(
                "ledger  {path}: line {} cannot be read; look for names with {run_id} in them at \
                 the target, then delete the file",
                lines.join(", ")
            )
        }
        WhyPassedOver::OtherTarget {
            run_id,
            target,
            resources,
        } => format!(
            "ledger  {path}: run {run_id} left {} at {target}",
            count(*resources as u64, "resource")
        ),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};
    use crate::cli::testing::{Prepared, Shared, result, streams};

    fn sweep(line: &str) -> (Result<Exit, String>, String) {
        let words = ["scim-conform", "sweep"]
            .into_iter()
            .chain(line.split_whitespace());
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Sweep(args) = cli.command else {
            unreachable!("sweep was given");
        };
        let out = Shared::default();
        let backend = Prepared::of(result(vec![], &[]), vec![]);
        let env = Environment::default();
        let exit = execute(&args, &env, &backend, &mut streams(&out));
        (exit.map_err(|error| error.to_string()), out.text())
    }

    #[test]
    fn what_remains_is_told_and_is_no_success() {
        let (exit, out) = sweep("--target https://a.test --yes");
        assert_eq!(exit, Ok(Exit::Undecided));
        assert_eq!(
            out,
            "removed 1 resource\nleft    User 2819c223 (ada): DELETE answered 405\n"
        );
    }

    #[test]
    fn nothing_is_removed_unasked() {
        let (exit, out) = sweep("--target https://a.test");
        assert!(exit.unwrap_err().contains("no terminal to ask on"));
        assert_eq!(out, "");
    }
}
