//! A run that is killed leaves nothing behind that `sweep` does not remove or tell of.
//!
//! `SCIM_CONFORM_KILLS=50 cargo test --test killed` kills as many runs.
#![cfg(unix)]

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::path::Path;
use std::time::Duration;

use program::{Done, TOKEN, command};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng};
use scim_conform::secret::Secret;
use scim_conform::server::{Chaos, Fault, Options, Policy, Running, Server, Tenant};
use serde_json::{Value, json};

const KILLS: u64 = 5;

/// They create, rename, deactivate and delete users and groups.
const SCENARIOS: [&str; 5] = ["users", "lifecycle", "groups", "rename", "robustness"];

struct Target {
    runtime: tokio::runtime::Runtime,
    server: Option<Running>,
}

impl Target {
    fn start(policy: Policy, chaos: Option<Chaos>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options {
            token: Some(Secret::new(TOKEN)),
            policy,
            chaos,
            ..Options::default()
        };
        let server = runtime.block_on(Server::start(options)).unwrap();
        let target = Self {
            runtime,
            server: Some(server),
        };
        let stranger = json!({"userName": "stranger@elsewhere.test"});
        target.tenant(|tenant| tenant.seed_user(&stranger).unwrap());
        target
    }

    fn url(&self) -> String {
        self.server.as_ref().unwrap().base_url()
    }

    fn tenant<T>(&self, work: impl FnOnce(&Tenant) -> T) -> T {
        work(&self.server.as_ref().unwrap().tenant("").unwrap())
    }

    /// What is there beside the stranger: id and name.
    fn left(&self) -> Vec<(String, String)> {
        let state: Value = self.tenant(|tenant| serde_json::from_str(&tenant.state().0).unwrap());
        let all = ["users", "groups"].into_iter().flat_map(|kind| {
            let of_kind = state[kind].as_array().cloned().unwrap_or_default();
            of_kind.into_iter().map(|one| {
                let name = &one["attributes"];
                let name = name["userName"].as_str().or(name["displayName"].as_str());
                let id = one["id"].as_str().unwrap_or_default().to_owned();
                (id, name.unwrap_or_default().to_owned())
            })
        });
        all.filter(|(_, name)| name != "stranger@elsewhere.test")
            .collect()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

fn with_token(state: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = command(state, arguments);
    command.env("SCIM_CONFORM_TOKEN", TOKEN);
    command
}

/// Starts a run, and kills it after so long; whether it had ended by itself.
fn kill_after(state: &Path, url: &str, wait: Duration) -> bool {
    let mut arguments = vec!["run", "--yes", "-q", "--settle", "100ms", "--target", url];
    arguments.extend(SCENARIOS);
    let mut run = with_token(state, &arguments);
    run.stdout(std::process::Stdio::null());
    run.stderr(std::process::Stdio::null());
    let mut child = run.spawn().unwrap();
    std::thread::sleep(wait);
    let has_ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    has_ended
}

fn sweep(state: &Path, url: &str) -> Done {
    Done::of(with_token(state, &["sweep", "--yes", "--target", url]))
}

fn ledgers(state: &Path) -> usize {
    std::fs::read_dir(state.join("ledgers")).map_or(0, |all| all.flatten().count())
}

#[test]
fn what_a_killed_run_left_is_removed_or_told() {
    let kills = std::env::var("SCIM_CONFORM_KILLS");
    let kills = kills.map_or(KILLS, |number| number.parse().expect("a number"));
    let mut killed = 0;
    for round in 0..kills {
        let mut random = ChaCha8Rng::seed_from_u64(round);
        // Every other time the target is in a bad way, too.
        let (policy, chaos) = match round % 4 {
            1 => (Policy::default(), Some(Chaos::new(round, 10))),
            3 => (Policy::default().with_fault(Fault::CreateWithoutId), None),
            _ => (Policy::default(), None),
        };
        let target = Target::start(policy, chaos);
        let state = tempfile::tempdir().unwrap();
        let wait = Duration::from_millis(random.random_range(30..700));
        killed += u64::from(!kill_after(state.path(), &target.url(), wait));
        let there = target.left();
        let done = sweep(state.path(), &target.url());
        let left = target.left();
        for (id, name) in &left {
            assert!(
                done.out.contains(id) || done.out.contains(name),
                "round {round}: {name} is untold:\n{}{}",
                done.out,
                done.talk
            );
        }
        if chaos.is_none() {
            assert_eq!(left, [], "round {round}: {}{}", done.out, done.talk);
            assert_eq!(done.code, 0, "round {round}: {}{}", done.out, done.talk);
            assert_eq!(ledgers(state.path()), 0);
            assert!(
                !done.out.contains("perhaps"),
                "round {round}, of {}: {}",
                there.len(),
                done.out
            );
        }
    }
    assert!(
        killed > 0,
        "no run was still going on when it was to be killed"
    );
}

/// A crowd may be larger than what one clean-up tries again.
#[test]
fn a_sweep_removes_all_that_a_ledger_tells_of() {
    let target = Target::start(Policy::default(), None);
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("ledgers");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = json!({"run": {"run_id": "rcrowd", "target": target.url()}}).to_string() + "\n";
    for index in 0..450 {
        let name = format!("crowd-{index}.rcrowd0000@example.com");
        let user = json!({"userName": name});
        let id = target.tenant(|tenant| tenant.seed_user(&user).unwrap());
        let made = json!({"made": {"resource": "User", "id": id, "name": name}});
        lines += &(made.to_string() + "\n");
    }
    std::fs::write(folder.join("rcrowd.jsonl"), lines).unwrap();
    let done = sweep(state.path(), &target.url());
    assert!(done.out.contains("removed 450 resources\n"), "{}", done.out);
    assert_eq!((done.code, target.left()), (0, vec![]));
}

#[test]
fn a_sweep_leaves_a_run_alone_that_is_going_on() {
    let target = Target::start(Policy::default().with_fault(Fault::SlowAnswers), None);
    let state = tempfile::tempdir().unwrap();
    let url = target.url();
    let arguments = ["run", "--yes", "-q", "--target", &url, "users/create"];
    let mut run = with_token(state.path(), &arguments);
    run.stdout(std::process::Stdio::null());
    run.stderr(std::process::Stdio::null());
    let mut child = run.spawn().unwrap();
    while ledgers(state.path()) == 0 {
        std::thread::sleep(Duration::from_millis(5));
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
    }
    let done = sweep(state.path(), &url);
    assert!(done.out.contains("removed 0 resources"), "{}", done.out);
    assert!(
        done.out.contains("is still going on, so it was left alone"),
        "{}",
        done.out
    );
    assert_eq!(done.code, 0);
    assert_eq!(ledgers(state.path()), 1, "its ledger is its own");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_sweep_says_which_ledgers_it_passes_over() {
    let target = Target::start(Policy::default(), None);
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("ledgers");
    std::fs::create_dir_all(&folder).unwrap();
    let run = |id: &str, target: &str| {
        json!({"run": {"run_id": id, "target": target}}).to_string() + "\n"
    };
    let made = json!({"made": {"resource": "User", "id": "7", "name": "ada.relsew0000"}});
    let elsewhere = run("relsew", "https://elsewhere.test/v2") + &made.to_string() + "\n";
    std::fs::write(folder.join("relsew.jsonl"), elsewhere).unwrap();
    std::fs::write(folder.join("empty.jsonl"), "").unwrap();
    let done = sweep(state.path(), &target.url());
    for told in [
        "removed 0 resources",
        "run relsew left 1 resource at https://elsewhere.test/v2",
        "empty.jsonl: its first line does not say",
    ] {
        assert!(done.out.contains(told), "{told}: {}", done.out);
    }
    assert_eq!(
        done.code, 3,
        "a ledger that cannot be read hides what is left"
    );

    // A damaged line costs that line.
    let id = target.tenant(|tenant| {
        let user = json!({"userName": "ada.rdamag0000@example.com"});
        tenant.seed_user(&user).unwrap()
    });
    let made =
        json!({"made": {"resource": "User", "id": id, "name": "ada.rdamag0000@example.com"}});
    let mut damaged = run("rdamag", &target.url()).into_bytes();
    damaged.extend_from_slice(b"{\"made\":{\"name\":\"\xc3\n");
    damaged.extend_from_slice(made.to_string().as_bytes());
    damaged.push(b'\n');
    std::fs::write(folder.join("rdamag.jsonl"), damaged).unwrap();
    std::fs::remove_file(folder.join("empty.jsonl")).unwrap();
    let done = sweep(state.path(), &target.url());
    assert!(done.out.contains("removed 1 resource\n"), "{}", done.out);
    assert!(done.out.contains("line 2 cannot be read"), "{}", done.out);
    assert_eq!((done.code, target.left()), (3, vec![]));
}

#[test]
fn what_a_killed_test_of_runscope_may_have_made_is_told_and_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let slow = Policy::default().with_fault(Fault::CreateAnsweredTooLate);
    let target = Target::start(slow, None);
    let create = |name: &str| {
        json!({
            "step_type": "request", "method": "POST", "url": "{{SCIMBaseURL}}/Users",
            "headers": {"Authorization": ["{{auth}}"], "Content-Type": ["application/scim+json"]},
            "body": json!({"userName": name}).to_string(),
        })
    };
    let export = state.path().join("export.json");
    std::fs::write(
        &export,
        json!({"steps": [create("made@runscope.test")]}).to_string(),
    )
    .unwrap();
    let url = target.url();
    let file = export.to_str().unwrap();
    let arguments = [
        "runscope",
        file,
        "--yes",
        "--timeout",
        "60s",
        "--target",
        &url,
    ];
    let mut child = with_token(state.path(), &arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The server has stored the user, and still holds its answer back.
    while target.left().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let swept = sweep(state.path(), &url);
    // Only its name speaks for it, and anybody may have that name.
    assert!(swept.out.contains("made@runscope.test"), "{}", swept.out);
    assert_eq!(target.left().len(), 1);
    assert_eq!(ledgers(state.path()), 1);
    // Who removes it by hand has nothing more to hear of it.
    let id = target.left().remove(0).0;
    let operation = json!({"operation": "delete-user", "id": id});
    target.tenant(|tenant| tenant.perform(&operation));
    assert!(target.left().is_empty());
    let swept = sweep(state.path(), &url);
    assert_eq!((swept.code, ledgers(state.path())), (0, 0), "{}", swept.out);
}
