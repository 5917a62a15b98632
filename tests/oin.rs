//! The plan of a submission to the Okta Integration Network: its rows against the catalogue, what a faulty server
//! does to them, and how they are shown.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod fixture;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bench::Bench;
use scim_conform::engine::outcome::RunResult;
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::Transport;
use scim_conform::oin::{
    Answer, Claims, Class, Feature, Precondition, ROWS, Readiness, SUITES, Standing,
};
use scim_conform::okta::App;
use scim_conform::report::plan::AtEnd;
use scim_conform::report::text::width_of;
use scim_conform::report::{Closing, Extent, Terminal, TerminalOptions, Verbosity, csv, json};
use scim_conform::scenario::ScenarioId;
use scim_conform::scenario::catalog::Catalog;
use scim_conform::scenario::{Action, Context, Requirement};
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};
use scim_conform::verdict::{Origin, Outcome, ScenarioResult, Script};
use serde_json::Value;

/// Everything that can be claimed.
fn everything() -> Claims {
    Claims::usual(&Feature::ALL, &[]).unwrap()
}

fn catalog() -> Catalog {
    let checks: Vec<&str> = scim_conform::check::ALL.iter().map(|c| c.id).collect();
    Catalog::embedded(Context { checks: &checks }).unwrap()
}

/// Runs, as the OIN app, what everything that can be claimed needs, against a server with this fault.
fn run(fault: Option<Fault>) -> RunResult {
    let ids = Readiness::scenarios(&everything());
    let only: Vec<&str> = ids.iter().map(String::as_str).collect();
    let policy = fault.map_or_else(Policy::default, |f| Policy::default().with_fault(f));
    let reach = Reach::Isolated(Arc::new(move |_: &str| -> Arc<dyn Transport> {
        let tenant = Tenant::new(Some(Secret::new(bench::TOKEN)), policy.clone());
        Arc::new(InProcess::new(Arc::new(tenant)))
    }));
    let settings = Settings {
        apps: vec![App::Oin],
        ..bench::settings(reach, Duration::from_secs(1))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (plan, run) = runtime.block_on(Bench::new(&only).play_by(settings));
    assert_eq!(plan.not_run, []);
    run
}

fn readiness(run: &RunResult) -> Readiness {
    Readiness::of(run, &[App::Oin], everything(), vec![])
}

fn failed(readiness: &Readiness) -> Vec<&'static str> {
    let answers = readiness.suites.iter().chain(&readiness.rows);
    answers
        .filter(|a| matches!(a.standing, Standing::Failed(_)))
        .map(|a| a.row.case)
        .collect()
}

#[test]
fn every_scenario_of_the_plan_exists_and_runs_by_default_under_the_oin_app() {
    let catalog = catalog();
    for row in ROWS.iter().chain(SUITES) {
        let ids = row.class.scenarios();
        let unique: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{} names one twice", row.case);
        for id in ids {
            let scenario = catalog.scenarios().iter().find(|s| s.id.0 == *id);
            let scenario = scenario.unwrap_or_else(|| panic!("{}: there is no {id}", row.case));
            assert!(scenario.probe || scenario.apps.contains(&App::Oin), "{id}");
            let offered: Vec<_> = row.features.iter().filter_map(|f| f.offered()).collect();
            let runs = |requirement: &Requirement| match requirement {
                Requirement::Claim(claim) => offered.contains(claim),
                Requirement::WithoutVariant(_) => true,
                _ => false,
            };
            assert!(
                scenario.requires.iter().all(runs),
                "{id} needs more than a claim"
            );
        }
    }
}

/// The tag says what blocks a certification: a suite of Okta's, or a row of its plan. Nothing else does.
#[test]
fn oin_is_what_okta_asks_for() {
    // A row asks for it, and only somebody with a hook can run it.
    const WITH_A_HOOK: [&str; 1] = ["users/made-in-the-product"];
    let asked: BTreeSet<&str> = ROWS
        .iter()
        .chain(SUITES)
        .flat_map(|row| row.class.scenarios())
        .copied()
        .collect();
    for scenario in catalog().scenarios() {
        let id = scenario.id.0.as_str();
        let has = |tag: &str| scenario.tags.iter().any(|t| t == tag);
        let wanted = asked.contains(id) || has("oin-suite") || WITH_A_HOOK.contains(&id);
        assert_eq!(has("oin"), wanted, "{id}");
    }
}

/// On a good server every row has an answer, and where Okta must send nothing, nothing is sent: after the last
/// request of Okta's the admin does something more.
#[test]
fn a_good_server_passes_every_row_that_a_run_can_show() {
    let run = run(None);
    let readiness = readiness(&run);
    for Answer { row, standing } in readiness.suites.iter().chain(&readiness.rows) {
        let wanted = match row.class {
            Class::Wire(_) | Class::NothingSent(_) => Standing::Passed,
            Class::Fixture(_) | Class::ByHand => Standing::ByHand,
        };
        assert_eq!(*standing, wanted, "{}", row.case);
    }
    assert!(!readiness.has_failed() && !readiness.is_undecided());

    let catalog = catalog();
    let silent = ROWS
        .iter()
        .filter(|row| matches!(row.class, Class::NothingSent(_)));
    for id in silent.flat_map(|row| row.class.scenarios()) {
        let scenario = catalog.scenarios().iter().find(|s| s.id.0 == *id).unwrap();
        let acts = |action: &Action| matches!(action, Action::Okta(_) | Action::Change { .. });
        let last_act = scenario
            .steps
            .iter()
            .rposition(|s| acts(&s.action))
            .unwrap()
            + 1;
        let of_oin = run
            .scenarios
            .iter()
            .find(|s| s.id.0 == *id && s.app == Some(App::Oin));
        let by_okta = of_oin
            .unwrap()
            .exchanges
            .iter()
            .filter(|e| e.origin == Origin::Okta);
        let steps = by_okta.map(|e| e.step.split(' ').next().unwrap().parse::<usize>().unwrap());
        assert!(steps.max().unwrap() < last_act, "{id}");
    }
}

#[test]
fn a_fault_fails_the_rows_that_it_breaks_and_no_others() {
    let cases: [(Fault, &[&str]); 7] = [
        (Fault::RenameLeavesIndexStale, &["C9310"]),
        (Fault::PageCap50, &["C9304"]),
        (Fault::ReactivationIgnored, &["CRUD", "C9293", "C9310"]),
        // Nothing but "Push now" replaces a list of members.
        (Fault::MembersReplaceIgnored, &["C9316"]),
        (
            Fault::AddReplacesMembers,
            &["C9315", "C9320", "C9322", "C9329", "C9330", "C9332"],
        ),
        // A warning, and Okta's plan asks for it.
        (Fault::AnyPathServed, &["C9340"]),
        // It is a warning.
        (Fault::BareTokenAccepted, &[]),
    ];
    for (fault, wanted) in cases {
        let run = run(Some(fault));
        let readiness = readiness(&run);
        assert_eq!(failed(&readiness), wanted, "{fault}");
        assert_eq!(readiness.has_failed(), !wanted.is_empty());
        for answer in &readiness.rows {
            if let Standing::Failed(findings) = &answer.standing {
                assert!(!findings.is_empty(), "{fault}: {}", answer.row.case);
                let known = |id: &String| run.findings.iter().any(|f| f.id == *id);
                assert!(findings.iter().all(known), "{fault}: {findings:?}");
            }
        }
    }
}

/// A run of everything that is claimed as a rule, with one scenario that failed and one that did not run.
fn mixed() -> (RunResult, Readiness) {
    let mut run = fixture::run();
    let claims = Claims::usual(&[Feature::Password], &[Feature::ImportGroups]).unwrap();
    let of = |id: String| {
        let (outcome, findings) = match &*id {
            "rename/login-and-email" => (Outcome::Failed, vec!["F1".into(), "F2".into()]),
            "imports/users" => (
                Outcome::NotRun("=cmd() \u{1b}[31m, and more".into()),
                vec![],
            ),
            _ => (Outcome::Passed, vec![]),
        };
        ScenarioResult {
            id: ScenarioId(id),
            title: String::new(),
            app: Some(App::Oin),
            outcome,
            duration: Duration::ZERO,
            findings,
            exchanges: vec![],
            script: Script::default(),
        }
    };
    run.scenarios = Readiness::scenarios(&claims).into_iter().map(of).collect();
    let precondition = |id, title, standing, seen: &str, to_do| Precondition {
        id,
        title,
        standing,
        seen: seen.to_owned(),
        to_do,
    };
    let preconditions = vec![
        precondition("token", "Token", Standing::Passed, "sent as Bearer", ""),
        precondition(
            "first-user",
            "First listed user",
            Standing::Failed(vec![]),
            "answered 500 \u{202e}",
            "Have a user in the tenant.",
        ),
    ];
    let readiness = Readiness::of(&run, &[App::Oin], claims, preconditions);
    (run, readiness)
}

/// The table on a terminal, with colour codes.
fn terminal(run: &RunResult, readiness: Readiness, verbosity: Verbosity) -> String {
    let options = TerminalOptions {
        width: 80,
        extent: Extent::Terminal,
        verbosity,
        progress: false,
        at_end: AtEnd::Removed,
    };
    let closing = Closing {
        plan: Some(readiness),
        ..Closing::default()
    };
    let mut out = Vec::new();
    Terminal::new(options, Box::new(io::sink()))
        .finish(run, &closing, &mut out)
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    let start = text.find("\u{1b}[1mBefore Okta's suites").unwrap();
    text[start..].to_owned()
}

#[test]
fn the_table_fits_a_terminal_and_reads_without_colour() {
    for (verbosity, name) in [
        (Verbosity::Normal, "table"),
        (Verbosity::Quiet, "table_quiet"),
    ] {
        let (run, readiness) = mixed();
        let coloured = terminal(&run, readiness, verbosity);
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_ne!(coloured, plain);
        for line in plain.lines() {
            assert!(width_of(line) <= 80, "{} columns: {line}", width_of(line));
            assert_eq!(line.trim_end(), line, "blanks at the end: {line:?}");
        }
        insta::assert_snapshot!(name, plain);
    }
}

#[test]
fn the_csv_holds_every_row_and_no_formula() {
    let (_, readiness) = mixed();
    let text = csv::render(&readiness);
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + 2 + SUITES.len() + ROWS.len());
    let line = |case: &str| {
        let found = lines.iter().find(|l| l.starts_with(&format!("{case},")));
        *found.unwrap()
    };
    let shown = [
        "case",
        "first-user",
        "C9296",
        "C9310",
        "C9303",
        "C9338",
        "C9292",
    ];
    insta::assert_snapshot!("csv", shown.map(line).join("\n"));
    assert!(text.is_ascii(), "a spreadsheet may read it in any encoding");
}

#[test]
fn the_json_report_holds_the_plan_only_when_there_is_one() {
    let (run, readiness) = mixed();
    let parse = |plan| -> Value { serde_json::from_str(&json::render(&run, None, plan)).unwrap() };
    assert_eq!(parse(None).get("plan"), None);
    let report = parse(Some(&readiness));
    assert_eq!(report["format"], 2);
    let plan = &report["plan"];
    assert_eq!(plan["name"], "oin");
    assert_eq!(plan["ready"], false);
    assert_eq!(plan["rows"].as_array().unwrap().len(), 69);
    let summary = &plan["summary"];
    let counted: u64 = ["passed", "failed", "not_run", "by_hand", "not_claimed"]
        .map(|key| summary[key].as_u64().unwrap())
        .iter()
        .sum();
    assert_eq!(summary["total"], counted);
    let rows = plan["rows"].as_array().unwrap();
    let row = |case: &str| rows.iter().find(|r| r["case"] == case).unwrap();
    insta::assert_snapshot!(
        "json",
        serde_json::to_string_pretty(&serde_json::json!({
            "claimed": plan["claimed"],
            "not_claimed": plan["not_claimed"],
            "summary": summary,
            "precondition": plan["preconditions"][1],
            "suite": plan["suites"][1],
            "failed": row("C9310"),
            "not run": row("C9303"),
            "not claimed": row("C9338"),
            "still_wanted": plan["still_wanted"],
        }))
        .unwrap()
    );
}

/// What came of scenarios: id, app and outcome.
type Came<'a> = &'a [(&'a str, Option<App>, Outcome)];

#[test]
fn a_row_passes_only_when_all_its_scenarios_did() {
    let (custom, oin) = (Some(App::Custom), Some(App::Oin));
    let not_run = || Outcome::NotRun("why".to_owned());
    let passed = Outcome::Passed;
    // C9303 is shown by two scenarios, C9340 by a probe.
    let (users, inactive) = ("imports/users", "imports/inactive-users");
    let cases: [(&str, &[App], Came, Standing); 8] = [
        (
            "C9303",
            &[App::Oin],
            &[
                (users, oin, passed.clone()),
                (inactive, oin, passed.clone()),
            ],
            Standing::Passed,
        ),
        (
            "C9303",
            &[App::Oin],
            &[
                (users, oin, passed.clone()),
                (inactive, custom, passed.clone()),
            ],
            Standing::NotRun(format!("{inactive}: it was not part of this run")),
        ),
        (
            "C9303",
            &[App::Oin],
            &[(users, oin, not_run()), (inactive, oin, Outcome::Failed)],
            Standing::Failed(vec!["F1".to_owned()]),
        ),
        (
            "C9303",
            &App::ALL,
            &[
                (users, oin, passed.clone()),
                (users, custom, Outcome::Failed),
                (inactive, oin, passed.clone()),
            ],
            Standing::Failed(vec!["F1".to_owned()]),
        ),
        (
            "C9303",
            &[App::Oin],
            &[
                (users, oin, passed.clone()),
                (users, custom, Outcome::Failed),
                (inactive, oin, passed.clone()),
            ],
            Standing::Passed,
        ),
        (
            "C9340",
            &[App::Oin],
            &[
                ("connection/wrong-token", None, passed.clone()),
                ("connection/wrong-base-url", None, passed.clone()),
            ],
            Standing::Passed,
        ),
        (
            "C9340",
            &[App::Oin],
            &[("connection/wrong-token", None, not_run())],
            Standing::NotRun("connection/wrong-token: why".to_owned()),
        ),
        ("C9299", &[App::Oin], &[], Standing::ByHand),
    ];
    for (case, apps, came, wanted) in cases {
        let mut run = fixture::run();
        let of = |(id, app, outcome): &(&str, Option<App>, Outcome)| ScenarioResult {
            id: ScenarioId((*id).to_owned()),
            title: String::new(),
            app: *app,
            outcome: outcome.clone(),
            duration: Duration::ZERO,
            // F2 is a limitation, F4 a note.
            findings: match outcome {
                Outcome::Failed => vec!["F1".to_owned(), "F2".to_owned()],
                _ => vec!["F4".to_owned()],
            },
            exchanges: vec![],
            script: Script::default(),
        };
        run.scenarios = came.iter().map(of).collect();
        let readiness = Readiness::of(&run, apps, everything(), vec![]);
        let answer = readiness.rows.iter().find(|a| a.row.case == case).unwrap();
        assert_eq!(answer.standing, wanted, "{case} {came:?}");
    }
}

/// What an honest server refuses has not been shown to work: a person has to try it with what the server takes.
#[test]
fn a_row_whose_request_was_refused_is_left_to_a_person() {
    for (fault, wanted) in [
        (Fault::RenameRefused, &["C9310"][..]),
        (Fault::RolesAsStringsRefused, &["C9371", "C9372", "C9373"]),
    ] {
        let run = run(Some(fault));
        let readiness = readiness(&run);
        let refused: Vec<&str> = readiness
            .rows
            .iter()
            .filter(|a| matches!(a.standing, Standing::Refused(_)))
            .map(|a| a.row.case)
            .collect();
        assert_eq!(refused, wanted, "{fault}");
        assert!(!readiness.has_failed() && !readiness.is_undecided());
    }
}
