//! The known-good server under every variant of Okta: nothing that nobody has shown is an error there.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::bench::{self, Bench};
use scim_conform::okta::Variant;
use scim_conform::verdict::Verdict;

#[test]
fn the_known_good_server_conforms_under_every_variant() {
    // What is left out is long, and sends nothing that these do not.
    let bench = Bench::new(&[
        "connection/",
        "users/create",
        "users/link",
        "users/login",
        "users/shared",
        "lifecycle/",
        "profile/",
        "rename/",
        "groups/",
        "imports/users",
        "special-characters/neighbours",
        "special-characters/filter",
        "special-characters/group-names",
        "discovery/",
        "entitlements/",
    ]);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(variant) = Variant::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (plan, result) = bench.under(&[*variant], Duration::ZERO);
            let mut lines = bench::lines(&result);
            lines.extend(
                plan.not_run
                    .iter()
                    .map(|(id, _, why)| format!("{id}: {why}")),
            );
            lines.dedup();
            let conforms = result.verdicts.values().all(|v| *v == Verdict::Conforms);
            done.lock().unwrap().insert(*variant, (conforms, lines));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut text = String::new();
    for (variant, (conforms, lines)) in done.into_inner().unwrap() {
        assert!(conforms, "{variant}: {lines:#?}");
        text += &format!("{variant}\n");
        for line in lines {
            text += &format!("  {line}\n");
        }
    }
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(text);
    });
}
