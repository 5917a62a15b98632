//! `run` with a backend that remembers what it was told.

use std::io;

use clap::Parser as _;

use super::*;
use crate::check;
use crate::cli::args::{Cli, Command};
use crate::cli::testing::{Prepared, Shared, result, scenario, streams};
use crate::okta::Evidence;
use crate::scenario::ScenarioId;
use crate::verdict::{Finding, Kind, Origin, Outcome};

/// A folder for the state, and what one command after another did.
struct Bench {
    folder: tempfile::TempDir,
    can_ask: bool,
    answer: fn() -> Box<dyn io::BufRead>,
}

struct Done {
    exit: Result<Exit, String>,
    told: Option<RunSettings>,
    out: String,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            can_ask: false,
            answer: || Box::new(io::empty()),
        }
    }

    fn run(&self, line: &str, run: RunResult) -> Done {
        let words = ["scim-conform", "run"]
            .into_iter()
            .chain(line.split_whitespace());
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Run(args) = cli.command else {
            unreachable!("run was given");
        };
        // Environment::of takes static text; a test may leak a path.
        let state: &'static str = self.folder.path().display().to_string().leak();
        let env = Environment::of([("SCIM_CONFORM_STATE", state)]);
        let out = Shared::default();
        let mut streams = streams(&out);
        streams.person.can_ask = self.can_ask;
        streams.person.input = self.answer;
        let backend = Prepared::of(run, vec![]);
        let exit = execute(&args, &env, &backend, &mut streams);
        Done {
            exit: exit.map_err(|error| error.to_string()),
            told: backend.told.into_inner().unwrap(),
            out: out.text(),
        }
    }
}

const TARGET: &str = "--target https://a.test/v2/";

fn run_of(outcomes: &[(&str, Outcome)]) -> RunResult {
    let scenarios = outcomes
        .iter()
        .map(|(id, outcome)| scenario(id, Some(App::Oin), outcome.clone()));
    let failed = outcomes.iter().any(|(_, o)| *o == Outcome::Failed);
    let verdict = if failed {
        Verdict::Fails
    } else {
        Verdict::Conforms
    };
    result(scenarios.collect(), &[(App::Oin, verdict)])
}

fn passed() -> RunResult {
    run_of(&[("a/a", Outcome::Passed)])
}

#[test]
fn without_a_terminal_only_yes_writes_to_a_server() {
    let bench = Bench::new();
    let refused = bench.run(TARGET, passed());
    assert_eq!(
        refused.exit,
        Err("this writes to https://a.test/v2, and there is no terminal to ask on".into())
    );
    assert_eq!(
        bench.run(&format!("{TARGET} --yes"), passed()).exit,
        Ok(Exit::Success)
    );
    assert_eq!(bench.run("", passed()).exit, Ok(Exit::Success));
}

#[test]
fn on_a_terminal_the_answer_decides() {
    let mut bench = Bench::new();
    bench.can_ask = true;
    bench.answer = || Box::new("y\n".as_bytes());
    assert_eq!(bench.run(TARGET, passed()).exit, Ok(Exit::Success));
    bench.answer = || Box::new("n\n".as_bytes());
    let declined = bench.run("--target http://127.0.0.1:1/v2", passed()).exit;
    assert!(declined.unwrap_err().starts_with("not started"));
}

#[test]
fn failed_repeats_what_failed_against_the_same_target() {
    let bench = Bench::new();
    let line = format!("{TARGET} --yes --failed");
    let unknown = bench.run(&line, passed());
    assert_eq!(
        unknown.exit,
        Err("no run against https://a.test/v2 is remembered".into())
    );
    assert!(unknown.told.is_none());
    let first = run_of(&[
        ("a/a", Outcome::Failed),
        ("a/b", Outcome::Failed),
        ("a/c", Outcome::Passed),
    ]);
    let first = bench.run(&format!("{TARGET} --yes"), first);
    assert_eq!(first.exit, Ok(Exit::Findings));
    assert!(
        first
            .out
            .contains("scim-conform run --target https://a.test/v2 --failed")
    );
    let again = run_of(&[("a/a", Outcome::Passed), ("a/b", Outcome::Failed)]);
    let again = bench.run(&line, again);
    let wanted = ["a/a", "a/b"].map(|id| (ScenarioId(id.into()), Some(App::Oin)));
    assert_eq!(again.told.unwrap().selection.only, Some(wanted.to_vec()));
    assert!(
        again
            .out
            .contains("fixed          a/a (oin)\nstill failing  a/b (oin)\n")
    );
    let last = bench.run(&line, run_of(&[("a/b", Outcome::Passed)]));
    assert_eq!(last.exit, Ok(Exit::Success));
    let nothing = bench.run(&line, passed());
    assert!(nothing.exit.unwrap_err().starts_with("nothing failed"));
}

#[test]
fn reports_are_written_and_a_report_on_stdout_is_alone_there() {
    let bench = Bench::new();
    let path = bench.folder.path().join("scim.xml");
    let done = bench.run(
        &format!("--report junit={} --report json=-", path.display()),
        passed(),
    );
    assert_eq!(done.exit, Ok(Exit::Success));
    let value: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(value["format"], 2);
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("<testsuite")
    );
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_it_starts() {
    let bench = Bench::new();
    let folder = bench.folder.path().display();
    for line in [
        format!("--report json={folder}"),
        format!("--report json={folder}/no/such/file"),
        format!("--report json={folder}/a --report junit={folder}/a"),
    ] {
        let done = bench.run(&line, passed());
        assert!(done.exit.is_err(), "{line}");
        assert!(done.told.is_none(), "{line}");
    }
}

#[test]
fn arguments_become_settings() {
    let bench = Bench::new();
    let done = bench.run(
        "rename --app oin,aiw --tag fast --variant patch-profile --claim entitlements --seed 7 --run-id abcdef \
         --settle 500ms --timeout 5s --concurrency 2 --rate 1.5 --max-users 9 --max-users-at-once 4 \
         --cap-foreign-users 8 --email qa+{}@acme.io --user-attribute title=Boss \
         --cleanup none --strict-rfc --snapshots snaps --diff --fault duplicate-created",
        passed(),
    );
    insta::assert_debug_snapshot!(done.told.unwrap(), @r#"
    RunSettings {
        target: Embedded {
            faults: [
                "duplicate-created",
            ],
            chaos: None,
        },
        selection: Selection {
            patterns: [
                "rename",
            ],
            tags: [
                "fast",
            ],
            quick: false,
            apps: [
                Custom,
                Oin,
            ],
            only: None,
        },
        plan: None,
        variants: [
            PatchProfile,
        ],
        as_required: false,
        beyond: Beyond {
            claims: [
                Entitlements,
            ],
            allowed: [],
            scale: [
                100,
                1000,
            ],
            hook: None,
            other: None,
        },
        scenarios: None,
        seed: Some(
            7,
        ),
        run_id: Some(
            "abcdef",
        ),
        limits: Limits {
            settle: 500ms,
            timeout: 5s,
            concurrency: 2,
            rate: Some(
                1.5,
            ),
            max_users: Some(
                9,
            ),
            max_users_at_once: Some(
                4,
            ),
            cap_foreign_users: 8,
            keep: 256000000,
        },
        people: People {
            email: Some(
                EmailPattern {
                    before: "qa+",
                    after: "@acme.io",
                },
            ),
            attributes: [
                (
                    "title",
                    String("Boss"),
                ),
            ],
        },
        cleanup: None,
        strict_rfc: true,
        snapshots: Some(
            Snapshots {
                folder: "snaps",
                mode: Propose,
            },
        ),
        diff: true,
        tap: false,
    }
    "#);
}

#[test]
fn a_run_that_cannot_be_kept_still_counts() {
    let bench = Bench::new();
    // Nothing can be written to where a folder is.
    std::fs::create_dir(bench.folder.path().join("last-run.json")).unwrap();
    assert_eq!(bench.run("", passed()).exit, Ok(Exit::Success));
}

#[test]
fn a_run_that_broke_off_is_not_kept() {
    let bench = Bench::new();
    let line = format!("{TARGET} --yes");
    bench.run(&line, run_of(&[("a/a", Outcome::Failed)]));
    let mut broken = run_of(&[]);
    broken.broken = Some(Broken::Preflight {
        problem: "GET /Users answered 401".into(),
        hint: "check the token".into(),
    });
    let done = bench.run(&line, broken);
    assert_eq!(done.exit, Ok(Exit::Undecided));
    assert!(
        done.out
            .contains("broke off  GET /Users answered 401\nhint       check the token")
    );
    let again = bench.run(&format!("{line} --failed"), passed());
    assert_eq!(again.told.unwrap().selection.only.unwrap().len(), 1);
}

#[test]
fn whoever_refuses_all_addresses_is_offered_another_domain() {
    let bench = Bench::new();
    let run = |got: &str, more: &str| {
        let mut run = run_of(&[("a/a", Outcome::Failed)]);
        run.findings.push(Finding {
            id: "F1".into(),
            check: check::find("sequence/refused").unwrap(),
            facet: "POST user".into(),
            level: Level::Error,
            kind: Kind::Fault,
            sent: String::new(),
            sent_by: Origin::Okta,
            shown_by: None,
            wanted: "2xx".into(),
            got: got.into(),
            pointer: String::new(),
            evidence: Evidence::Recorded,
            okta_admin_sees: None,
            at: vec![],
            consequences: vec![],
            consequences_at: vec![],
            differences: vec![],
        });
        bench.run(&format!("{TARGET} --yes {more}"), run).out
    };
    let offer = "--email '{}@acme.io'";
    assert!(run("400 Bad Request", "").contains(offer));
    assert!(run("422 Unprocessable Content", "").contains(offer));
    assert!(!run("500 Internal Server Error", "").contains(offer));
    assert!(!run("400 Bad Request", "--email {}@acme.test").contains(offer));
}

#[test]
fn every_printed_command_carries_what_a_repetition_needs_and_no_secret() {
    let bench = Bench::new();
    let mut run = run_of(&[("a/a", Outcome::Failed)]);
    run.findings.push(Finding {
        id: "F1".into(),
        check: check::find("sequence/refused").unwrap(),
        facet: "PUT user".into(),
        level: Level::Error,
        kind: Kind::Fault,
        sent: String::new(),
        sent_by: Origin::Okta,
        shown_by: None,
        wanted: "2xx".into(),
        got: "500".into(),
        pointer: String::new(),
        evidence: Evidence::Recorded,
        okta_admin_sees: None,
        at: vec![crate::verdict::At {
            scenario: "a/a".into(),
            app: Some(App::Oin),
            step: "1 assign ada".into(),
            exchange: None,
        }],
        consequences: vec![],
        consequences_at: vec![],
        differences: vec![],
    });
    let done = bench.run(
        &format!(
            "{TARGET} --yes --seed 7 --variant patch-profile --email qa+{{}}@acme.test --strict-rfc \
             --token s3cret-t0ken --header X-Key:s3cret-h3ader --insecure"
        ),
        run,
    );
    // Long commands are broken as a shell takes them.
    let out = done.out.replace(" \\\n", " ");
    let repeat = out.lines().find(|line| line.contains("run a/a"));
    let repeat = repeat.unwrap();
    for option in [
        "--target https://",
        "--app oin",
        "--seed 7",
        "--variant patch-profile",
        "--email 'qa+{}@acme.test'",
        "--strict-rfc",
        "--header 'X-Key: …'",
        "--insecure",
    ] {
        assert!(repeat.contains(option), "{option}: {repeat}");
    }
    let again = out.lines().find(|line| line.contains("--failed"));
    assert!(again.unwrap().contains("--target https://"), "{}", done.out);
    assert!(!done.out.contains("s3cret"), "{}", done.out);
}
