//! `scenarios list`, `show`, `lint`, `new` and `schema`.

mod list;
mod starter;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::check;
use crate::engine::event::{Event, Listener};
use crate::okta::App;
use crate::report::http;
use crate::report::text::{count, hang, printable};
use crate::scenario::{self, Risk, SMALLEST_SCALE, Scenario};
use crate::verdict::{Origin, Outcome, ScenarioResult};

use super::args::{LintArgs, ScenariosCommand, ShowArgs};
use super::backend::Backend;
use super::error::CliError;
use super::exit::Exit;
use super::selection::Selection;
use super::settings::{Beyond, Limits, People, RunSettings, TargetChoice};
use super::streams::Streams;
use super::values::Cleanup;
use super::variants;

/// Lists, shows or checks.
///
/// # Errors
/// [`CliError`].
pub(crate) fn execute(
    command: &ScenariosCommand,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let text = match command {
        ScenariosCommand::List(args) => list::list(args, backend, streams.width)?,
        ScenariosCommand::Show(args) => show(args, backend, streams.width)?,
        ScenariosCommand::Lint(args) => lint(args, backend)?,
        ScenariosCommand::Variants => variants::table(streams.width),
        ScenariosCommand::New(args) => starter::write(args)?,
        ScenariosCommand::Schema => schema(),
    };
    streams.print(&text)?;
    Ok(Exit::Success)
}

fn lint(args: &LintArgs, backend: &dyn Backend) -> Result<String, CliError> {
    let (scenarios, mut text) = match &args.folder {
        Some(folder) => {
            let own = backend.own_scenarios(folder)?;
            (own.scenarios, own.oddities)
        }
        None => (backend.catalogue(None)?, String::new()),
    };
    if !text.is_empty() {
        text.push('\n');
    }
    let number = count(scenarios.len() as u64, "scenario");
    text.push_str(&format!("{number}, no mistakes\n"));
    Ok(text)
}

/// The JSON Schema of a scenario file.
fn schema() -> String {
    let checks: Vec<&str> = check::ALL.iter().map(|meta| meta.id).collect();
    format!("{:#}\n", scenario::schema(&checks))
}

fn show(args: &ShowArgs, backend: &dyn Backend, width: usize) -> Result<String, CliError> {
    let catalogue = backend.catalogue(args.scenarios.as_deref())?;
    let selection = Selection {
        patterns: vec![args.id.clone()],
        tags: vec![],
        quick: false,
        apps: args.app.map_or(App::ALL.to_vec(), |app| vec![app]),
        only: None,
    };
    variants::check(&args.variant, &selection.apps)?;
    let chosen = selection.choose(&catalogue)?;
    let settings = settings(args, selection.clone());
    let driven = backend.drive(&settings, Arc::new(Deaf), &|_| Ok(()))?;
    let mut shown = String::new();
    let mut last = None;
    for (scenario, app) in chosen {
        if last != Some(&scenario.id) {
            if last.is_some() {
                shown.push('\n');
            }
            shown.push_str(&heading(scenario, width));
            last = Some(&scenario.id);
        }
        let result = driven
            .run
            .scenarios
            .iter()
            .find(|result| result.id == scenario.id && result.app == app);
        if let Some(result) = result {
            shown.push_str(&transcript(result, args));
        }
    }
    Ok(shown)
}

/// The scenario against the built-in server, in this process.
fn settings(args: &ShowArgs, selection: Selection) -> RunSettings {
    RunSettings {
        target: TargetChoice::Embedded {
            faults: vec![],
            chaos: None,
        },
        selection,
        plan: None,
        variants: args.variant.clone(),
        as_required: true,
        // Shown is what a tenant of one's own would see, with the smallest crowd.
        beyond: Beyond {
            allowed: Risk::ALL.to_vec(),
            scale: vec![SMALLEST_SCALE],
            ..Beyond::default()
        },
        scenarios: args.scenarios.clone(),
        // The same HTTP whenever it is shown.
        seed: Some(0),
        run_id: Some("r0".to_owned()),
        limits: Limits::default(),
        people: People::default(),
        cleanup: Cleanup::Delete,
        strict_rfc: false,
        snapshots: None,
        diff: false,
        tap: false,
    }
}

/// Hears nothing.
struct Deaf;

impl Listener for Deaf {
    fn on(&self, _: &Event<'_>) {}
}

fn heading(scenario: &Scenario, width: usize) -> String {
    let mut shown = hang(
        &format!("{}  ", printable(&scenario.id.0)),
        &printable(&scenario.title),
        width,
        usize::MAX,
    );
    if !scenario.why.is_empty() {
        shown.push_str(&hang("", &printable(&scenario.why), width, usize::MAX));
    }
    if !scenario.tags.is_empty() {
        shown.push_str(&hang(
            "tags: ",
            &scenario.tags.join(", "),
            width,
            usize::MAX,
        ));
    }
    shown
}

/// What Okta sends in a scenario, step by step.
fn transcript(result: &ScenarioResult, args: &ShowArgs) -> String {
    let mut shown = String::new();
    let app = result
        .app
        .map_or("probe".to_owned(), |app| format!("app {app}"));
    // Writing to a String cannot fail.
    let _ = writeln!(shown, "\n=== {app}");
    if let Outcome::NotRun(reason) = &result.outcome {
        let _ = writeln!(shown, "\nnot run: {}", printable(reason));
    }
    let mut step = "";
    for recorded in &result.exchanges {
        let judges = !matches!(recorded.origin, Origin::Okta | Origin::Probe);
        if judges && !args.all {
            continue;
        }
        if step != recorded.step {
            step = &recorded.step;
            let _ = writeln!(shown, "\n--- {}", printable(step));
        }
        let _ = write!(shown, "\n{}", http::render(recorded, args.headers));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{ListArgs, NewArgs};
    use crate::cli::testing::{Prepared, Shared, catalogued, result, scenario, streams};
    use crate::exchange::{Exchange, Kept, Method, Request, SendError, Timing};
    use crate::verdict::Recorded;

    fn sent(id: &str, step: &str, origin: Origin, target: &str) -> Recorded {
        Recorded {
            id: id.into(),
            step: step.into(),
            origin,
            job: None,
            slot: None,
            evidence: None,
            case: None,
            exchange: Kept::of(Exchange {
                request: Request {
                    method: Method::Get,
                    target: target.into(),
                    headers: vec![],
                    body: None,
                },
                outcome: Err(SendError::TooLarge { limit: 5 }),
                timing: Timing::default(),
            }),
        }
    }

    fn backend() -> Prepared {
        let long = "a/very-long-name-of-a-scenario-that-breaks-the-table";
        let catalogue = vec![
            catalogued(
                "group/push",
                "A group is pushed",
                &["fast"],
                &App::ALL,
                false,
            ),
            catalogued(long, "日本語の題", &[], &[App::Oin], false),
            catalogued("probe/list", "Paging", &[], &App::ALL, true),
        ];
        let mut shown = scenario("group/push", Some(App::Oin), Outcome::Passed);
        shown.exchanges = vec![
            sent("E1", "1 push-group crew", Origin::Okta, "/Groups?x"),
            sent("E2", "1 push-group crew", Origin::Observe, "/Groups/1"),
            sent("E3", "2 unlink-group crew", Origin::Okta, "/Groups/1"),
        ];
        Prepared::of(result(vec![shown], &[]), catalogue)
    }

    fn told(command: &ScenariosCommand) -> Result<String, CliError> {
        let out = Shared::default();
        execute(command, &backend(), &mut streams(&out))?;
        Ok(out.text())
    }

    fn show(id: &str, all: bool) -> ScenariosCommand {
        ScenariosCommand::Show(ShowArgs {
            id: id.into(),
            app: Some(App::Oin),
            headers: false,
            all,
            variant: vec![],
            scenarios: None,
        })
    }

    #[test]
    fn the_list_is_grouped_counted_and_explained() {
        let list = ScenariosCommand::List(ListArgs {
            selection: vec![],
            tag: vec![],
            scenarios: None,
        });
        insta::assert_snapshot!(told(&list).unwrap(), @"
        group, 1 scenario
          group/push  both    A group is pushed

        a, 1 scenario
          a/very-long-name-of-a-scenario-that-breaks-the-table
                      oin     日本語の題

        probe, 1 scenario
          probe/list  probe   Paging

        3 scenarios
        which apps:      custom, oin, or both in turn; a probe sends requests of its
                         own, once
        by tag (--tag):  fast 1
        what they need:  nothing 3
        ");
    }

    /// A folder without a word on what it is about, or words about a folder that is gone.
    #[test]
    fn every_folder_of_the_catalogue_is_explained() {
        let folders = crate::embedded::SCENARIOS
            .iter()
            .filter_map(|(path, _)| Some(path.split_once('/')?.0))
            .filter(|folder| *folder != "okta");
        let folders: std::collections::BTreeSet<&str> = folders.collect();
        let explained = list::FOLDERS.map(|(folder, _)| folder);
        assert!(folders.into_iter().eq(explained));
    }

    #[test]
    fn a_new_scenario_loads_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let new = |id: &str| {
            told(&ScenariosCommand::New(NewArgs {
                id: id.to_owned(),
                scenarios: folder.path().to_owned(),
            }))
        };
        assert!(
            new("rename/after-marriage")
                .unwrap()
                .contains("scenarios lint")
        );
        let text = std::fs::read_to_string(folder.path().join("rename/after-marriage.yaml"));
        let text = text.unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=../scenario.schema.json\n"));
        assert!(text.contains("title: After marriage\n"), "{text}");
        let live = crate::cli::live::Live::default();
        assert_eq!(
            live.own_scenarios(folder.path()).unwrap().scenarios.len(),
            1
        );

        let again = new("rename/after-marriage").unwrap_err();
        assert!(again.hint().unwrap().contains("left alone"), "{again}");
        for id in ["../x", "/x", "okta/x", "X", "", "a/"] {
            assert!(matches!(new(id), Err(CliError::ScenarioId(_))), "{id}");
        }
    }

    #[test]
    fn a_scenario_shows_what_okta_sends() {
        insta::assert_snapshot!(told(&show("group/push", false)).unwrap(), @"
        group/push  A group is pushed
        tags: fast

        === app oin

        --- 1 push-group crew

        E1 okta, 0 ms
        GET /Groups?x
        no answer: the answer is larger than 5 bytes

        --- 2 unlink-group crew

        E3 okta, 0 ms
        GET /Groups/1
        no answer: the answer is larger than 5 bytes
        ");
        let all = told(&show("group/push", true)).unwrap();
        assert!(all.contains("E2 observe"), "{all}");
    }

    #[test]
    fn an_unknown_scenario_gets_a_suggestion() {
        let error = told(&show("group/psuh", false)).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean group/push?"));
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn lint_shows_what_is_odd() {
        let folder = tempfile::tempdir().unwrap();
        let text = "title: An odd body\nprobe: true\nsteps:\n- request:\n    method: POST\n    path: /Users\n    body: \"{\"\n    expect: {status: 4xx, check: error/client-mistake}\n";
        std::fs::write(folder.path().join("odd.yaml"), text).unwrap();
        let lint = ScenariosCommand::Lint(LintArgs {
            folder: Some(folder.path().to_owned()),
        });
        let out = Shared::default();
        let live = crate::cli::live::Live::default();
        execute(&lint, &live, &mut streams(&out)).unwrap();
        let text = out.text();
        assert!(text.contains("warning: the body is not JSON"), "{text}");
        assert!(text.ends_with("1 scenario, no mistakes\n"), "{text}");
    }

    #[test]
    fn lint_counts_what_loads() {
        let lint = ScenariosCommand::Lint(LintArgs { folder: None });
        assert_eq!(told(&lint).unwrap(), "3 scenarios, no mistakes\n");
    }
}
