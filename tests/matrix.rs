//! The judge on trial: every fault of the reference server against the whole catalogue.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bench::{Bench, Seed};
use scim_conform::server::{Fault, Freedom, Policy, Tenant};
use serde_json::json;

fn incomplete_user(tenant: &Tenant) {
    tenant
        .seed_user(&json!({"userName": "system@elsewhere.test", "active": true}))
        .unwrap();
}

/// Who must have been there before, so that the fault shows.
fn seed(fault: Fault) -> Seed {
    match fault {
        Fault::LookupMissAnswersStranger | Fault::CreateAnswersStranger => bench::strangers,
        Fault::ListCrashesOnIncompleteUser => incomplete_user,
        _ => bench::nobody,
    }
}

/// A server with the fault, and with the freedom that brings Okta to send what it fails on.
fn policy(fault: Fault) -> Policy {
    let policy = Policy::default().with_fault(fault);
    match fault {
        // Okta puts back the nulls of the answer.
        Fault::NullCrashes => policy.with_freedom(Freedom::NullForAbsent),
        // Okta puts back the empty groups of the answer.
        Fault::GroupsOfUserWritten => policy.with_freedom(Freedom::UserGroupsNotKept),
        _ => policy,
    }
}

fn settle(fault: Fault) -> Duration {
    match fault {
        Fault::LookupLags => Duration::from_secs(2),
        _ => Duration::ZERO,
    }
}

fn all() -> BTreeMap<Fault, Vec<String>> {
    let bench = Bench::new(&[]);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ran = bench.run(&policy(*fault), seed(*fault), settle(*fault));
            done.lock()
                .unwrap()
                .insert(*fault, bench::lines(&ran.result));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap()
}

#[test]
fn known_good() {
    for seed in [bench::nobody as Seed, bench::strangers] {
        let ran = Bench::new(&[]).run(&Policy::default(), seed, Duration::ZERO);
        assert_eq!(bench::lines(&ran.result), Vec::<String>::new());
    }
}

#[test]
fn matrix() {
    let all = all();
    let mut text = String::new();
    for (fault, lines) in &all {
        text += &format!("{fault}: {}\n", fault.wrong());
        for line in lines {
            text += &format!("  {line}\n");
        }
    }
    insta::assert_snapshot!(text);
}
