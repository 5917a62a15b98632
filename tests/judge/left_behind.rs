//! What the run says it has left behind is what the store holds: for every fault alone, for random pairs, and where
//! answers are disturbed by chance.
//!
//! `SCIM_CONFORM_WHOLE=1 cargo test --test judge left_behind` plays the whole catalogue against each.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng};
use scim_conform::engine::outcome::Presence;
use scim_conform::engine::settings::Reach;
use scim_conform::exchange::Transport;
use scim_conform::server::{Chaos, Fault, InProcess, Policy};

use crate::bench::{self, Bench};
use crate::liar::{name_of, stored, with_strangers};

const PAIRS: usize = 200;
/// Seeds of chance, and how many of a hundred answers it disturbs.
const CHAOS: std::ops::Range<u64> = 0..20;
const DISTURBED: u8 = 15;

/// They create, rename, deactivate, rehire, push and delete in every way that Okta does, and in odd ones.
const SHORT: [&str; 14] = [
    "users/create",
    "users/link-",
    "rename/login-and-email",
    "lifecycle/rehire",
    "lifecycle/deactivate",
    "lifecycle/lost-answer",
    "lifecycle/post-onto-inactive",
    "groups/push",
    "groups/lost-answer",
    "groups/delete-again",
    "groups/namesake",
    "errors/malformed-bodies",
    "robustness/",
    "security/",
];

/// Faults for which the run says "perhaps" where nothing is there, and why it cannot know better.
const CANNOT_BE_KNOWN: &[(Fault, &str)] = &[(
    Fault::RenameChangesId,
    "an id that has moved without a word answers 404, as one that is hidden does",
)];

/// What differs between the store and what was told, a line each.
fn differences(bench: &Bench, faults: &[Fault], chaos: Option<Chaos>) -> (Vec<String>, usize) {
    let policy = faults
        .iter()
        .fold(Policy::default(), |policy, fault| policy.with_fault(*fault));
    let tenant = with_strangers(policy);
    let before: BTreeSet<String> = stored(&tenant)
        .iter()
        .map(|one| one["id"].to_string())
        .collect();
    tenant.set_chaos(chaos);
    let transport: Arc<dyn Transport> = Arc::new(InProcess::new(Arc::clone(&tenant)));
    let settings = bench::settings(Reach::Shared(transport), Duration::from_secs(2));
    let (_, result) = bench::on_virtual_time(bench.play_by(settings));
    let there: Vec<_> = stored(&tenant)
        .into_iter()
        .filter(|one| !before.contains(&one["id"].to_string()))
        .collect();
    let mut wrong = Vec::new();
    let is = |one: &serde_json::Value, id: &str, name: &str| {
        one["id"] == id || (!name.is_empty() && name_of(one).eq_ignore_ascii_case(name))
    };
    for one in &there {
        let told = &result.left_behind;
        if !told.iter().any(|left| is(one, &left.id, &left.name)) {
            wrong.push(format!("untold: {} {}", one["id"], name_of(one)));
        }
    }
    let mut not_there = 0;
    for left in &result.left_behind {
        if !there.iter().any(|one| is(one, &left.id, &left.name)) {
            match left.presence {
                Presence::There => wrong.push(format!("told, and not there: {left:?}")),
                Presence::Perhaps => not_there += 1,
            }
        }
    }
    (wrong, not_there)
}

fn catalogue() -> Bench {
    match std::env::var_os("SCIM_CONFORM_WHOLE") {
        Some(_) => Bench::new(&[]),
        None => Bench::new(&SHORT),
    }
}

fn on_all(bench: &Bench, all: &[Vec<Fault>]) -> Vec<(usize, Vec<String>, usize)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(faults) = all.get(index) else {
                return found;
            };
            let (wrong, not_there) = differences(bench, faults, None);
            found.push((index, wrong, not_there));
        }
    };
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    found.sort();
    found
}

fn names(faults: &[Fault]) -> String {
    let names: Vec<_> = faults.iter().map(|fault| fault.name()).collect();
    names.join(" + ")
}

#[test]
fn every_fault_alone() {
    let bench = catalogue();
    let all: Vec<Vec<Fault>> = std::iter::once(Vec::new())
        .chain(Fault::ALL.iter().map(|fault| vec![*fault]))
        .collect();
    let mut wrong = Vec::new();
    for (index, lines, not_there) in on_all(&bench, &all) {
        let faults = &all[index];
        wrong.extend(
            lines
                .iter()
                .take(3)
                .map(|line| format!("{}: {line}", names(faults))),
        );
        if lines.len() > 3 {
            wrong.push(format!("{}: and {} more", names(faults), lines.len() - 3));
        }
        let excused = CANNOT_BE_KNOWN
            .iter()
            .any(|(fault, _)| faults.contains(fault));
        if not_there > 0 && !excused {
            wrong.push(format!(
                "{}: {not_there} perhaps, and not there",
                names(faults)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn random_pairs() {
    let bench = catalogue();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut any = || Fault::ALL[random.random_range(0..Fault::ALL.len())];
    let all: Vec<Vec<Fault>> = (0..PAIRS).map(|_| vec![any(), any()]).collect();
    let mut wrong = Vec::new();
    for (index, lines, _) in on_all(&bench, &all) {
        let faults = names(&all[index]);
        wrong.extend(lines.iter().take(3).map(|line| format!("{faults}: {line}")));
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn chaos() {
    let bench = catalogue();
    let mut wrong = Vec::new();
    for seed in CHAOS {
        let (lines, _) = differences(&bench, &[], Some(Chaos::new(seed, DISTURBED)));
        wrong.extend(
            lines
                .iter()
                .take(3)
                .map(|line| format!("seed {seed}: {line}")),
        );
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
