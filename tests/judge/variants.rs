//! The known-good server under every variant of Okta: nothing that nobody has shown is an error there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::bench::{self, Bench};
use scim_conform::okta::Variant;
use scim_conform::verdict::Verdict;

/// What a server of the RFCs cannot do for an Okta that leaves them.
const BEYOND_THE_RFC: [(Variant, &str, &str); 2] = [
    (
        Variant::LookupByEmail,
        "lookup/finds-user",
        "`email` is no attribute of SCIM",
    ),
    (
        Variant::FilterUnescaped,
        "lookup/special-characters",
        "a quote that is not escaped ends the text",
    ),
];

/// What is left out is long, and sends nothing that these do not.
const SCENARIOS: [&str; 15] = [
    "connection/",
    "users/create",
    "users/link-active",
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
];

#[test]
fn the_known_good_server_conforms_under_every_variant() {
    let bench = Bench::new(&SCENARIOS);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(variant) = Variant::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (_, result) = bench.under(&[*variant], Duration::ZERO);
            done.lock().unwrap().insert(*variant, result);
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    for (variant, result) in done.into_inner().unwrap() {
        let lines = bench::lines(&result);
        let conforms = result.verdicts.values().all(|v| *v == Verdict::Conforms);
        assert!(conforms, "{variant}: {lines:#?}");
        let found: BTreeSet<&str> = result.findings.iter().map(|f| f.check.id).collect();
        let known = BEYOND_THE_RFC.iter().filter(|(of, ..)| *of == variant);
        let known: BTreeSet<&str> = known.map(|(_, check, _)| *check).collect();
        assert_eq!(found, known, "{variant}: {lines:#?}");
    }
}
