//! The ownership guard: whatever a broken server hands out, nothing of anybody else is written.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;

use std::time::Duration;

use bench::{Bench, stranger, strangers};
use bytes::Bytes;
use scim_conform::server::{Fault, Policy, Tenant};
use serde_json::Value;

/// What the tenant's only stranger looks like, read past all faults: by the list, which none of these touches.
fn list(tenant: &Tenant, endpoint: &str) -> Vec<Value> {
    let request = http::Request::builder()
        .uri(format!("{endpoint}?startIndex=1&count=200"))
        .header("Authorization", format!("Bearer {}", bench::TOKEN))
        .body(Bytes::new())
        .unwrap();
    let answer: Value = serde_json::from_slice(tenant.handle(request).body()).unwrap();
    answer["Resources"].as_array().unwrap().clone()
}

/// Runs what handles people and groups, with strangers in every tenant; gives back the checks that tripped.
fn run(fault: Fault) -> Vec<String> {
    let bench = Bench::new(&["users", "groups", "rename", "lifecycle"]);
    let policy = Policy::default().with_fault(fault);
    let ran = bench.run(&policy, strangers, Duration::ZERO);
    assert!(ran.tenants.len() > 50, "one for each scenario and app");
    for (name, tenant) in &ran.tenants {
        let wanted = stranger();
        let users = list(tenant, "/Users");
        let found: Vec<&Value> = users
            .iter()
            .filter(|u| u["userName"] == wanted["userName"])
            .collect();
        assert_eq!(
            found.len(),
            1,
            "{fault} {name}: the stranger is still there, once"
        );
        for key in ["name", "emails", "active"] {
            assert_eq!(found[0][key], wanted[key], "{fault} {name}: {key}");
        }
        assert_eq!(
            found[0]["meta"]["version"], "W/\"1\"",
            "{fault} {name}: never written"
        );
        let groups = list(tenant, "/Groups");
        let group = groups
            .iter()
            .find(|g| g["displayName"] == "Strangers")
            .expect("the group is still there");
        assert_eq!(
            group["meta"]["version"], "W/\"1\"",
            "{fault} {name}: never written"
        );
    }
    ran.result
        .findings
        .iter()
        .map(|f| f.check.id.to_owned())
        .collect()
}

#[test]
fn a_look_up_that_ignores_its_filter_with_one_stranger_in_the_store() {
    let checks = run(Fault::LookupMissAnswersStranger);
    assert!(
        checks.iter().any(|c| c == "guard/somebody-else"),
        "{checks:?}"
    );
}

#[test]
fn a_create_that_is_answered_with_a_stranger() {
    let checks = run(Fault::CreateAnswersStranger);
    assert!(
        checks.iter().any(|c| c == "guard/somebody-else"),
        "{checks:?}"
    );
}

#[test]
fn a_filter_that_finds_everybody() {
    let checks = run(Fault::FilterIgnored);
    assert!(
        checks
            .iter()
            .any(|c| c == "lookup/only-exact" || c == "guard/somebody-else"),
        "{checks:?}"
    );
}

#[test]
fn a_group_filter_that_finds_a_group_that_was_there_before() {
    let checks = run(Fault::GroupFilterIgnored);
    assert!(
        checks
            .iter()
            .any(|c| c == "guard/somebody-else" || c == "lookup/only-exact"),
        "{checks:?}"
    );
}
