//! Runs that reach beyond one tenant of which only SCIM is known: hooks, a second tenant, many users. Through the
//! binary, on real sockets.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::path::{Path, PathBuf};

use program::{Done, Serving, TOKEN};

const OTHER_TOKEN: &str = "halibut-0123456789";

fn run(state: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = program::command(state, arguments);
    command
        // A hook is a command of the shell.
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .envs(variables.iter().copied());
    let done = Done::of(command);
    for token in [TOKEN, OTHER_TOKEN] {
        assert!(
            !done.all().contains(token),
            "a token is shown: {}",
            done.all()
        );
    }
    done
}

/// The example, as `cargo test` builds it.
fn http_hook() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_scim-conform"));
    let name = format!("http_hook{}", std::env::consts::EXE_SUFFIX);
    let hook = binary.parent().unwrap().join("examples").join(name);
    assert!(hook.exists(), "build it with `cargo build --examples`");
    hook
}

#[test]
fn a_hook_acts_behind_okta_s_back() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &["--admin-port", "0"]);
    let admin = serving.admin.as_ref().unwrap();
    let hook = format!("{} {admin}", http_hook().display());
    let scenario = "lifecycle/deleted-behind-okta-s-back";
    let with = |hook: &str| {
        let target = ["run", "--yes", scenario, "--target", &serving.url];
        let hook: &[&str] = if hook.is_empty() {
            &[]
        } else {
            &["--hook", hook]
        };
        run(state.path(), &[&target, hook].concat(), &[])
    };
    let done = with(&hook);
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(
        done.all().contains("2 scenarios (2 passed)"),
        "{}",
        done.all()
    );

    // Without a hook, and with one that does not work, it says what is missing, and that nothing was decided.
    let table = [
        ("", "--hook CMD lets it"),
        ("exit 3", "the hook failed (exit"),
        (
            "echo '{\"ok\":false,\"error\":\"unknown-operation\"}'",
            "does not offer it",
        ),
    ];
    for (hook, reason) in table {
        let done = with(hook);
        let all = done.all();
        let words: Vec<&str> = all.split_whitespace().collect();
        assert!(words.join(" ").contains(reason), "{all}");
        assert_eq!(done.code, 3, "{}", done.all());
    }
    // Nor is it green when something else was run beside.
    let beside = ["users/create", "--hook", "exit 3", "--target", &serving.url];
    let beside = [&["run", "--yes", scenario], &beside[..]].concat();
    let done = run(state.path(), &beside, &[]);
    assert!(done.all().contains("not run"), "{}", done.all());
    assert_eq!(done.code, 3, "{}", done.all());
}

#[test]
fn two_tenants_are_compared_and_both_are_cleaned_up() {
    let state = tempfile::tempdir().unwrap();
    let (here, there) = (
        Serving::start(state.path(), TOKEN, &[]),
        Serving::start(state.path(), OTHER_TOKEN, &[]),
    );
    let arguments = [
        "run",
        "--yes",
        "security/two-tenants",
        "--target",
        &here.url,
        "--other-target",
        &there.url,
    ];
    let allowed = [&arguments[..], &["--allow", "two-tenants"]].concat();
    let other = [("SCIM_CONFORM_OTHER_TOKEN", OTHER_TOKEN)];
    let done = run(state.path(), &allowed, &other);
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(
        done.all().contains("1 scenario (1 passed)"),
        "{}",
        done.all()
    );

    // Unless it is allowed, it is not done; a wrong token, and one tenant for both, are said before anything is sent.
    let done = run(state.path(), &arguments, &other);
    assert_eq!(done.code, 3, "{}", done.all());
    assert!(done.all().contains("--allow two-tenants"), "{}", done.all());
    let done = run(
        state.path(),
        &allowed,
        &[("SCIM_CONFORM_OTHER_TOKEN", "wrong")],
    );
    assert_eq!(done.code, 3, "{}", done.all());
    assert!(
        done.all()
            .contains("the second tenant: GET /Users answered 401"),
        "{}",
        done.all()
    );
    assert!(
        done.all()
            .contains("check the token in SCIM_CONFORM_OTHER_TOKEN"),
        "{}",
        done.all()
    );
    let done = run(state.path(), &allowed, &[]);
    assert_eq!(done.code, 3, "{}", done.all());
    let hint = "no token was sent; give it in SCIM_CONFORM_OTHER_TOKEN";
    assert!(done.all().contains(hint), "{}", done.all());
    let same = [
        "run",
        "--yes",
        "--target",
        &here.url,
        "--other-target",
        &here.url,
    ];
    let done = run(state.path(), &same, &[("SCIM_CONFORM_OTHER_TOKEN", TOKEN)]);
    assert_eq!(done.code, 2, "{}", done.all());
    assert!(
        done.all().contains("same URL and the same token"),
        "{}",
        done.all()
    );
    let ledgers = state.path().join("ledgers");
    let left = std::fs::read_dir(ledgers).into_iter().flatten().count();
    assert_eq!(left, 0, "whoever cleans up leaves no ledger");
}

#[test]
fn crowds_have_the_sizes_that_the_user_names() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let report = state.path().join("report.json");
    let to = format!("json={}", report.display());
    let archive = state.path().join("all.har");
    let to_archive = format!("har={}", archive.display());
    let target = [
        "run",
        "--yes",
        "scale/look-up",
        "--app",
        "oin",
        "--target",
        &serving.url,
    ];
    let done = run(
        state.path(),
        &[
            &target[..],
            &["--scale", "40,12", "--report", &to, "--report", &to_archive],
        ]
        .concat(),
        &[],
    );
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(done.all().contains("up to 54 users"), "{}", done.all());
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let growth = &report["growth"][0];
    assert_eq!(growth["scenario"], "scale/look-up");
    let sizes: Vec<_> = growth["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["size"])
        .collect();
    assert_eq!(sizes, [12, 40]);
    let archive: serde_json::Value =
        serde_json::from_slice(&std::fs::read(archive).unwrap()).unwrap();
    let seeded = archive["log"]["entries"].as_array().unwrap().iter();
    let seeded = seeded.filter(|e| e["_origin"] == "setup").count();
    assert_eq!(seeded, 52);
    assert_eq!(report["summary"]["left_behind"], 0);

    let done = run(state.path(), &target, &[]);
    assert_eq!(done.code, 3, "{}", done.all());
    assert!(done.all().contains("--allow scale"), "{}", done.all());
    let done = run(
        state.path(),
        &[&target[..], &["--scale", "5"]].concat(),
        &[],
    );
    assert_eq!(done.code, 2, "{}", done.all());
    assert!(
        done.all().contains("write numbers from 10"),
        "{}",
        done.all()
    );
}
