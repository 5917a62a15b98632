//! An outcome belongs to its scenario: alone, among others and in whatever order it is the same.
//!
//! A sample of the faults, each with a sample of the catalogue, is tried; `SCIM_CONFORM_WHOLE=1` tries every fault with
//! every scenario.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom as _;

use crate::bench::{self, Bench};
use crate::matrix;
use scim_conform::engine::outcome::RunResult;
use scim_conform::okta::App;
use scim_conform::scenario::Scenario;
use scim_conform::server::{Fault, Policy};
use scim_conform::verdict::{Level, Outcome, Verdict};

/// How many faults are tried in short form.
const FAULTS: usize = 40;
/// With how many scenarios each.
const SCENARIOS: usize = 25;

/// These are always tried: what they show is named after what other scenarios show, or merged with it.
const ALWAYS: [Fault; 3] = [
    Fault::ItemsPerPageEchoed,
    Fault::MembersFromStaleReplica,
    Fault::TotalTooHigh,
];

type Outcomes = BTreeMap<(String, Option<App>), Outcome>;

fn outcomes(result: &RunResult) -> Outcomes {
    let scenarios = result.scenarios.iter();
    scenarios
        .map(|s| ((s.id.0.clone(), s.app), s.outcome.clone()))
        .collect()
}

/// The known-good server, or one with a fault.
fn run(bench: &Bench, fault: Option<Fault>) -> RunResult {
    match fault {
        None => bench.run(&Policy::default(), bench::nobody, Duration::ZERO),
        Some(fault) => bench.run(
            &matrix::policy(fault),
            matrix::seed(fault),
            matrix::settle(fault),
        ),
    }
}

/// What is wrong with a fault's outcomes, in sentences.
fn tried(catalogue: &Bench, fault: Option<Fault>, seed: u64, most: usize) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut some: Vec<Arc<Scenario>> = catalogue.scenarios().to_vec();
    some.shuffle(&mut random);
    some.truncate(most);
    let name = fault.map_or("the known-good server".to_owned(), |f| f.to_string());
    let mut wrong = Vec::new();
    let among_others = run(&catalogue.with(some.clone()), fault);
    let has_error = among_others
        .findings
        .iter()
        .any(|f| f.level == Level::Error);
    if has_error != (among_others.count("failed") > 0) {
        wrong.push(format!("{name}: the findings at error are nobody's"));
    }
    let among_others = outcomes(&among_others);
    for scenario in some {
        let id = scenario.id.clone();
        let alone = run(&catalogue.with(vec![scenario]), fault);
        for (key, alone) in outcomes(&alone) {
            let among = among_others.get(&key);
            if among != Some(&alone) {
                wrong.push(format!("{name}: {id}: alone {alone:?}, else {among:?}"));
            }
        }
    }
    wrong
}

#[test]
fn the_outcome_of_a_scenario_hangs_on_nothing_but_itself() {
    let is_whole = std::env::var_os("SCIM_CONFORM_WHOLE").is_some();
    let mut faults: Vec<Option<Fault>> = Fault::ALL.iter().copied().map(Some).collect();
    let mut most = usize::MAX;
    if !is_whole {
        faults.shuffle(&mut ChaCha8Rng::seed_from_u64(20));
        faults.truncate(FAULTS);
        faults.extend(ALWAYS.map(Some));
        most = SCENARIOS;
    }
    faults.push(None);
    let catalogue = Bench::new(&[]);
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(fault) = faults.get(n) else { break };
            let found = tried(&catalogue, *fault, n as u64, most);
            wrong.lock().unwrap().extend(found);
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was seen of a real server: one more scenario in the selection, and a run with nothing wrong had failed in full.
#[test]
fn what_another_scenario_shows_fails_nobody_else() {
    let push = run(
        &Bench::new(&["groups/push"]),
        Some(Fault::ItemsPerPageEchoed),
    );
    assert!(push.verdicts.values().all(|v| *v == Verdict::Conforms));
    let both = Bench::new(&["groups/push", "connection/first-listed-user"]);
    let both = outcomes(&run(&both, Some(Fault::ItemsPerPageEchoed)));
    for (key, outcome) in outcomes(&push) {
        assert_eq!(both.get(&key), Some(&outcome), "{key:?}");
    }
}

/// A file of the user's is judged as the one that it was copied from, whatever it is called.
#[test]
fn the_name_and_the_folder_of_a_file_decide_nothing() {
    let catalogue = Bench::new(&[
        "special-characters/names",
        "entra/users",
        "rename/login-only",
    ]);
    let copied: Vec<Arc<Scenario>> = catalogue
        .scenarios()
        .iter()
        .enumerate()
        .map(|(n, scenario)| {
            let mut copy = Scenario::clone(scenario);
            copy.id.0 = format!("intl/copy-{n}");
            Arc::new(copy)
        })
        .collect();
    let copies = catalogue.with(copied);
    for fault in ["latin1-only", "rename-refused", "text-for-boolean-ignored"] {
        let fault = Fault::from_name(fault).unwrap();
        let found = |bench| -> Vec<(&str, String, Level)> {
            let findings = run(bench, Some(fault)).findings.into_iter();
            let mut found: Vec<_> = findings.map(|f| (f.check.id, f.facet, f.level)).collect();
            found.sort();
            found
        };
        let original = found(&catalogue);
        assert!(!original.is_empty(), "{fault}");
        assert_eq!(found(&copies), original, "{fault}");
    }
}
