//! Whatever a server hands out, the run never writes to what it did not make.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bench::{self, Bench, TOKEN};
use bytes::Bytes;
use http::Request;
use scim_conform::engine::settings::Reach;
use scim_conform::exchange::Transport;
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};
use serde_json::{Value, json};

/// Must be in no record of a run.
const PRIVATE: &str = "stranger@elsewhere.test";

fn seed_user(tenant: &Tenant) -> String {
    let id = tenant.seed_user(&json!({
        "userName": PRIVATE,
        "name": {"givenName": "Sam", "familyName": "Stranger"},
        "emails": [{"primary": true, "value": PRIVATE, "type": "work"}],
        "active": true,
    }));
    format!("/Users/{}", id.unwrap())
}

fn seed_group(tenant: &Tenant, name: &str) -> String {
    let member = seed_user(tenant).replace("/Users/", "");
    let group = json!({"displayName": name, "members": [{"value": member}]});
    format!("/Groups/{}", tenant.seed_group(&group).unwrap())
}

/// A resource as it is stored, `meta` included: a write would show there.
fn read(tenant: &Tenant, target: &str) -> Value {
    let request = Request::get(target)
        .header("Authorization", format!("Bearer {TOKEN}"))
        .body(Bytes::new());
    serde_json::from_slice(tenant.handle(request.unwrap()).body()).unwrap()
}

/// A stranger in a tenant: where, and what was there before the run.
struct Watched {
    tenant: Arc<Tenant>,
    target: String,
    before: Value,
}

/// Runs the scenarios against tenants with a stranger in each; the findings, after having looked that nobody has
/// touched the strangers or written them down.
fn run(
    fault: Option<Fault>,
    only: &[&str],
    shared: bool,
    seed: fn(&Tenant) -> String,
) -> Vec<String> {
    let policy = fault
        .into_iter()
        .fold(Policy::default(), Policy::with_fault);
    let watched: Arc<Mutex<Vec<Watched>>> = Arc::default();
    let make = {
        let watched = Arc::clone(&watched);
        move || -> Arc<dyn Transport> {
            let tenant = Arc::new(Tenant::new(Some(Secret::new(TOKEN)), policy.clone()));
            let target = seed(&tenant);
            watched.lock().unwrap().push(Watched {
                before: read(&tenant, &target),
                tenant: Arc::clone(&tenant),
                target,
            });
            Arc::new(InProcess::new(tenant))
        }
    };
    let reach = if shared {
        Reach::Shared(make())
    } else {
        Reach::Isolated(Arc::new(move |_| make()))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let result = runtime.block_on(Bench::new(only).play(reach, Duration::ZERO));
    for Watched {
        tenant,
        target,
        before,
    } in &*watched.lock().unwrap()
    {
        assert_eq!(
            &read(tenant, target),
            before,
            "{fault:?}: somebody has written to {target}"
        );
    }
    let recorded = format!("{:?} {:?}", result.scenarios, result.around);
    assert!(
        !recorded.contains(PRIVATE),
        "{fault:?}: a stranger was written down"
    );
    assert!(
        result
            .findings
            .iter()
            .all(|f| !format!("{f:?}").contains(PRIVATE))
    );
    result
        .findings
        .iter()
        .filter(|f| f.check.id.starts_with("guard/"))
        .map(bench::line)
        .collect()
}

/// A fault, the scenarios that meet it, who was there before, and how the finding begins.
type Row<'a> = (Fault, &'a [&'a str], fn(&Tenant) -> String, &'a str);

#[test]
fn a_stranger_is_never_written_to() {
    let table: [Row<'_>; 4] = [
        (
            Fault::FilterIgnored,
            &["users/create"],
            seed_user,
            "guard/somebody-else [look-up user] error",
        ),
        (
            Fault::LookupMissAnswersStranger,
            &["users/", "rename/", "lifecycle/"],
            seed_user,
            "guard/somebody-else [look-up user] error",
        ),
        (
            Fault::CreateAnswersStranger,
            &["users/", "rename/", "security/"],
            seed_user,
            "guard/somebody-else [create user] error",
        ),
        (
            Fault::GroupFilterIgnored,
            &["groups/push"],
            |tenant| seed_group(tenant, "Strangers"),
            "guard/somebody-else [look-up group] error",
        ),
    ];
    for (fault, only, seed, finding) in table {
        for shared in [false, true] {
            let found = run(Some(fault), only, shared, seed);
            assert!(
                found.len() == 1 && found[0].starts_with(finding),
                "{fault}, shared {shared}: {found:?}"
            );
        }
    }
}

#[test]
fn a_group_of_the_same_name_is_not_taken_over() {
    // The run's names are known here: run id, part, row.
    let found = run(None, &["groups/push-empty"], false, |tenant| {
        seed_group(tenant, "Crew m4tr1x0100");
        seed_group_named(tenant, "Crew m4tr1x0000")
    });
    assert_eq!(
        found,
        ["guard/somebody-else [look-up group] error ×1 (custom, oin)"]
    );
}

fn seed_group_named(tenant: &Tenant, name: &str) -> String {
    let group = json!({"displayName": name});
    format!("/Groups/{}", tenant.seed_group(&group).unwrap())
}

#[test]
fn strangers_are_no_finding() {
    assert_eq!(run(None, &[], true, seed_user), Vec::<String>::new());
}
