//! No stranger is ever written to, whatever a target answers: random lies against the real engine.
//!
//! `SCIM_CONFORM_LIES=1000000 cargo test --test judge ownership` tries a million of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng};
use scim_conform::engine::settings::{Cleanup, Reach};
use scim_conform::exchange::Transport;
use scim_conform::scenario::{Action, Scenario};
use serde_json::Value;

use crate::bench::{self, Bench};
use crate::liar::{self, Liar, SETTLE, name_of, stored};

const CASES: u64 = 10_000;
/// Longer scenarios say the same more slowly.
const MOST_ROWS: usize = 4;
const MOST_CROWD: u32 = 4;

fn is_short(scenario: &Scenario) -> bool {
    scenario.cases.len() <= MOST_ROWS
        && scenario.crowd <= MOST_CROWD
        && scenario.people.len() <= 6
        && !scenario.scales
        // Between the proof and a write of a race there is another write.
        && !scenario.steps.iter().any(|step| matches!(step.action, Action::Together(_)))
}

/// What strangers are; which groups they are in is said by the groups.
fn strangers(stored: &[Value]) -> Vec<Value> {
    stored
        .iter()
        .filter(|one| name_of(one).to_lowercase().contains("stranger"))
        .map(|one| {
            let mut one = one.clone();
            one.as_object_mut().unwrap().remove("groups");
            one
        })
        .collect()
}

/// One target, one or two scenarios. What went wrong, if anything did.
fn try_one(bench: &Bench, short: &[Arc<Scenario>], case: u64) -> Result<(), String> {
    let mut random = ChaCha8Rng::seed_from_u64(case);
    let tenant = liar::with_strangers(liar::policy(&mut random));
    let before = strangers(&stored(&tenant));
    let rate = [0, 5, 10, 25, 50][random.random_range(0..5)];
    let has_honest_lists = random.random_range(0..2) == 0;
    let target = Liar::new(Arc::clone(&tenant), case, rate, has_honest_lists);
    let transport: Arc<dyn Transport> = Arc::clone(&target) as Arc<dyn Transport>;
    let mut settings = bench::settings(Reach::Shared(transport), SETTLE);
    settings.patience = Duration::from_secs(5);
    settings.cleanup = match random.random_range(0..5) {
        0 => Cleanup::Deactivate,
        _ => Cleanup::Delete,
    };
    let cleanup = settings.cleanup;
    settings.apps.truncate(1 + random.random_range(0..2));
    let chosen = (0..1 + random.random_range(0..2))
        .map(|_| Arc::clone(&short[random.random_range(0..short.len())]))
        .collect();
    let (_, result) = bench::on_virtual_time(bench.with(chosen).play_by(settings));
    let after = stored(&tenant);
    // A fault may change others by itself, whomever a write is addressed to.
    let is_changed = tenant.policy().is_known_good() && strangers(&after) != before;
    if is_changed || !target.harm().is_empty() {
        return Err(format!(
            "a stranger was changed: {:?}\n{}",
            target.harm(),
            target.log()
        ));
    }
    // Where answers, look-ups and lists all lie, or hide what is there, nobody can know.
    let can_be_known = has_honest_lists && tenant.policy().is_known_good();
    if cleanup == Cleanup::Delete && can_be_known {
        let left = after
            .iter()
            .filter(|one| !name_of(one).to_lowercase().contains("stranger"));
        for one in left {
            let id = target.outer(one["id"].as_str().unwrap_or_default());
            let is_told = result
                .left_behind
                .iter()
                .any(|left| left.id == id || left.name.eq_ignore_ascii_case(name_of(one)));
            if !is_told {
                return Err(format!(
                    "left behind untold: {one}; told: {:?}\n{}",
                    result.left_behind,
                    target.log()
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn no_lie_makes_the_run_harm_a_stranger_or_hide_what_it_left() {
    let cases = std::env::var("SCIM_CONFORM_LIES");
    let cases = cases.map_or(CASES, |number| number.parse().expect("a number"));
    let bench = Bench::new(&[]);
    let short: Vec<_> = bench
        .scenarios()
        .iter()
        .filter(|s| is_short(s))
        .cloned()
        .collect();
    assert!(short.len() > 100, "only {} scenarios", short.len());
    let first = std::env::var("SCIM_CONFORM_FIRST_LIE");
    let first = first.map_or(0, |number| number.parse().expect("a number"));
    let next = AtomicU64::new(first);
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= first.saturating_add(cases) {
                return wrong;
            }
            if let Err(why) = try_one(&bench, &short, case) {
                wrong.push(format!("case {case}: {why}"));
            }
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {cases} cases:\n{}",
        wrong.len(),
        wrong.iter().take(4).cloned().collect::<Vec<_>>().join("\n")
    );
}
