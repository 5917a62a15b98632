//! Whole runs through the binary: real sockets, real files, exit codes.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;
#[path = "support/raw_server.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod raw_server;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use program::{Done, Serving, TOKEN, command};
use raw_server::{RawServer, Step, json, write, write_and_close};
use serde_json::Value;

fn run(state: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = command(state, arguments);
    command.envs(variables.iter().copied());
    Done::of(command)
}

/// A server with faults.
fn serving(state: &Path, faults: &[&str]) -> Serving {
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    Serving::start(state, TOKEN, &faults.collect::<Vec<_>>())
}

#[test]
fn the_demo_conforms_and_says_that_it_is_the_demo() {
    let state = tempfile::tempdir().unwrap();
    let done = run(state.path(), &["run", "connection", "lifecycle"], &[]);
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert!(
        done.talk
            .contains("demo against the built-in reference server"),
        "{}",
        done.talk
    );
    for app in ["custom", "OIN"] {
        let line = done
            .out
            .lines()
            .find(|l| l.contains(&format!("works with Okta {app} app")))
            .unwrap();
        assert!(line.contains("YES"), "{line}");
    }
}

#[test]
fn a_fault_is_found_explained_and_repeated() {
    let state = tempfile::tempdir().unwrap();
    let fault = "rename-leaves-index-stale";
    let done = run(
        state.path(),
        &[
            "run",
            "rename/login-and-email",
            "lifecycle/deactivate",
            "--fault",
            fault,
        ],
        &[],
    );
    assert_eq!(done.code, 1, "{}{}", done.talk, done.out);
    assert!(done.out.contains("F1 ERROR"), "{}", done.out);
    // A long command goes on in the next line, behind a backslash.
    let joined = done.out.replace("\\\n", "");
    let joined = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        joined.contains(
            "scim-conform run rename/login-and-email --app custom --fault rename-leaves-index-stale"
        ),
        "{}",
        done.out
    );
    let explained = run(state.path(), &["explain", "F1"], &[]);
    assert_eq!(explained.code, 0);
    assert!(
        explained.out.contains("lookup/finds-user"),
        "{}",
        explained.out
    );
    let again = run(state.path(), &["run", "--failed", "--fault", fault], &[]);
    assert_eq!(again.code, 1);
    assert!(again.out.contains("still"), "{}", again.out);
    assert!(
        !again.out.contains("lifecycle/deactivate"),
        "only what failed runs again: {}",
        again.out
    );
}

#[test]
fn a_target_is_asked_for_cleaned_up_and_its_secrets_are_kept() {
    let state = tempfile::tempdir().unwrap();
    let reports = tempfile::tempdir().unwrap();
    let serving = serving(
        state.path(),
        &["password-returned", "token-echoed-in-error"],
    );
    let path = |name: &str| reports.path().join(name).to_str().unwrap().to_owned();
    let (json, junit, snapshots) = (
        format!("json={}", path("r.json")),
        format!("junit={}", path("r.xml")),
        path("snaps"),
    );
    let arguments = [
        "run",
        "--target",
        &serving.url,
        "connection",
        "security",
        "users/create",
        "errors",
        "--report",
        &json,
        "--report",
        &junit,
        "--snapshots",
        &snapshots,
        "--update-snapshots",
        "--diff",
        "-v",
        "--settle",
        "0s",
    ];
    let token = [("SCIM_CONFORM_TOKEN", TOKEN)];
    let refused = run(state.path(), &arguments, &token);
    assert_eq!(refused.code, 2, "without a terminal nobody agrees");
    assert!(refused.talk.contains("--yes"), "{}", refused.talk);
    assert_eq!(serving.users(), 0);

    let done = run(state.path(), &[&arguments[..], &["--yes"]].concat(), &token);
    // Its answers are accepted, whatever is wrong with them.
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert!(
        done.out.contains("secret/") || done.out.contains("password comes back"),
        "{}",
        done.out
    );
    assert_eq!(serving.users(), 0, "everything is removed: {}", done.out);

    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(path("r.json")).unwrap()).unwrap();
    assert_eq!(report["format"], 2);
    let checks: BTreeSet<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["check"].as_str())
        .collect();
    assert!(
        checks.contains("secret/password-returned") && checks.contains("secret/token-returned"),
        "{checks:?}"
    );
    let mut passwords = Vec::new();
    collect_passwords(&report, &mut passwords);
    assert!(
        !passwords.is_empty(),
        "requests with passwords are in the report"
    );
    assert!(passwords.iter().all(|p| *p == "***"), "{passwords:?}");

    let mut written = vec![done.out, done.talk];
    for folder in [reports.path(), state.path()] {
        read_all(folder, &mut written);
    }
    assert!(
        written.len() > 5,
        "reports, snapshots and state are looked through"
    );
    for text in &written {
        assert!(!text.contains(TOKEN), "the token is in an output");
    }
}

fn collect_passwords<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "password" => found.push(text),
                    other => collect_passwords(other, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|v| collect_passwords(v, found)),
        _ => {}
    }
}

fn read_all(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            read_all(&entry.path(), texts);
        } else {
            texts.push(String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned());
        }
    }
}

#[test]
fn what_a_run_leaves_a_sweep_removes() {
    let state = tempfile::tempdir().unwrap();
    let serving = serving(state.path(), &[]);
    let token = [("SCIM_CONFORM_TOKEN", TOKEN)];
    let target = ["--target", &serving.url, "--yes"];
    let done = run(
        state.path(),
        &[
            &["run", "lifecycle/deactivate", "--cleanup", "none"],
            &target[..],
        ]
        .concat(),
        &token,
    );
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert!(done.out.contains("Left behind"), "{}", done.out);
    assert!(serving.users() > 0);
    let swept = run(state.path(), &[&["sweep"], &target[..]].concat(), &token);
    assert_eq!(swept.code, 0, "{}{}", swept.talk, swept.out);
    assert_eq!(serving.users(), 0);
    let again = run(state.path(), &[&["sweep"], &target[..]].concat(), &token);
    assert_eq!(again.code, 0);
}

/// Waits until a run has made somebody.
fn wait_for_users(serving: &Serving) {
    let mut looks = 0..600;
    while serving.users() == 0 {
        assert!(looks.next().is_some(), "nobody has been made");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_cleans_up() {
    let state = tempfile::tempdir().unwrap();
    let serving = serving(state.path(), &[]);
    let arguments = ["run", "--target", &serving.url, "--yes", "--rate", "40"];
    let mut child = command(state.path(), &arguments)
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Interrupted as soon as something is there to clean up.
    wait_for_users(&serving);
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
    assert_eq!(serving.users(), 0);
}

/// A target that crashes is not told of with every request that was left.
#[test]
fn a_target_that_is_gone_ends_the_run() {
    let state = tempfile::tempdir().unwrap();
    let serving = serving(state.path(), &[]);
    let report = state.path().join("report.json");
    let to_report = format!("json={}", report.display());
    let target = [
        "--target",
        &serving.url,
        "--yes",
        "--rate",
        "40",
        "--concurrency",
        "4",
    ];
    let arguments = [&["run", "users", "--report", &to_report], &target[..]].concat();
    let child = command(state.path(), &arguments)
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_users(&serving);
    drop(serving);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("the target was there, and is gone"), "{text}");
    assert!(text.contains("Left behind"), "{text}");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["broken"]["why"], "gone");
    let scenarios = report["scenarios"].as_array().unwrap();
    let not_run = scenarios
        .iter()
        .filter(|s| s["reason"] == "the target is gone");
    assert!(not_run.count() > scenarios.len() / 2, "{text}");
}

#[test]
fn a_bad_pre_flight_is_told_with_a_hint_and_exits_3() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<!doctype html><html/>";
    let large = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n".to_vec(),
        vec![b' '; 20_000_000],
    ]
    .concat();
    let chunk = b"1000\r\n"
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b' ', 4096))
        .chain(*b"\r\n")
        .collect();
    let chunked = Step::Write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec());
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://login.example.test/\r\nContent-Length: 0\r\n\r\n";
    let slow = Step::Trickle(json("200 OK", &" ".repeat(500)), Duration::from_millis(100));
    let cases: Vec<(&str, Vec<Step>, &str)> = vec![
        ("a web page", write(page), "HTML"),
        ("a redirect", write(redirect), "redirect"),
        (
            "a wrong token",
            write(json("401 Unauthorized", "{}")),
            "SCIM_CONFORM_TOKEN",
        ),
        (
            "a wrong path",
            write(json("404 Not Found", "{}")),
            "/scim/v2",
        ),
        (
            "a failing server",
            write(json("503 Service Unavailable", "{}")),
            "log",
        ),
        (
            "cut short",
            write(json("200 OK", r#"{"totalResults": 1, "Resour"#)),
            "too early",
        ),
        ("closed at once", vec![Step::Close], "closed"),
        (
            "not HTTP",
            write_and_close("SSH-2.0-OpenSSH_9.6\r\n"),
            "HTTP",
        ),
        ("20 MB", vec![Step::Write(large)], "larger than"),
        (
            "endless",
            vec![chunked, Step::Forever(chunk)],
            "larger than",
        ),
        ("a byte now and then", vec![slow], "within"),
        ("silent", vec![Step::Hang], "within"),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    std::thread::scope(|scope| {
        for (what, answer, told) in cases {
            let server = runtime.block_on(RawServer::start(vec![answer]));
            scope.spawn(move || {
                // The server lives as long as its case.
                let server = server;
                let state = tempfile::tempdir().unwrap();
                let address = server.address;
                let url = format!("http://{address}/scim/v2");
                let limit = if told == "within" { "1s" } else { "30s" };
                let arguments = [
                    "run",
                    "--target",
                    &url,
                    "--token",
                    TOKEN,
                    "--yes",
                    "--timeout",
                    limit,
                    "connection",
                ];
                let done = run(state.path(), &arguments, &[]);
                let all = format!("{}{}", done.talk, done.out);
                assert_eq!(done.code, 3, "{what}: {all}");
                assert!(all.contains(told) && all.contains("hint"), "{what}: {all}");
                assert!(!all.contains(TOKEN), "{what}");
            });
        }
    });
}

#[test]
fn nobody_listening_and_wrong_hosts_are_told() {
    let state = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/scim/v2");
    let done = run(
        state.path(),
        &[
            "run",
            "--target",
            &url,
            "--token",
            TOKEN,
            "--yes",
            "connection",
        ],
        &[],
    );
    assert_eq!(done.code, 3);
    assert!(
        done.out.contains("cannot connect") && done.out.contains("running"),
        "{}",
        done.out
    );
}

#[test]
fn reports_can_go_to_standard_output() {
    let state = tempfile::tempdir().unwrap();
    let done = run(
        state.path(),
        &["run", "connection", "--report", "json=-"],
        &[],
    );
    assert_eq!(done.code, 0);
    let report: Value = serde_json::from_str(&done.out).expect("nothing but the report");
    assert_eq!(
        report["verdict"],
        serde_json::json!({"custom": "conforms", "oin": "conforms"})
    );
}

#[test]
fn a_body_after_204_is_seen_only_through_the_tap() {
    let state = tempfile::tempdir().unwrap();
    let fault = [
        "run",
        "groups/unlink-and-delete",
        "--fault",
        "body-after-no-content",
        "--settle",
        "0s",
    ];
    let has = |done: &Done| done.out.contains("must not have a body");
    let tapped = run(state.path(), &[&fault[..], &["--tap"]].concat(), &[]);
    assert!(has(&tapped), "{}{}", tapped.talk, tapped.out);
    assert!(
        !has(&run(state.path(), &fault, &[])),
        "a client library swallows it"
    );
}

/// The names of the files below a folder of snapshots, with `/` between the parts.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(names(&entry.path()).iter().map(|n| format!("{name}/{n}")));
        } else {
            found.insert(name);
        }
    }
    found
}

#[test]
fn a_difference_from_ones_own_snapshots_waits_beside_them_except_in_ci() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let snapshots = folder.path().join("snaps");
    let take = |more: &[&str], variables: &[(&str, &str)]| {
        let mut arguments = vec!["run", "--embedded", "users/create", "--app", "oin"];
        arguments.extend(["--snapshots", snapshots.to_str().unwrap(), "--settle", "0s"]);
        arguments.extend(more);
        run(state.path(), &arguments, variables)
    };
    let ci = [("CI", "true")];
    let fault = ["--fault", "create-answers-200"];
    let accepted = "oin/users/create.snap";

    for (variables, code) in [(&ci[..], 1), (&[], 0)] {
        let missing = take(&[], variables);
        assert_eq!(missing.code, code, "{}{}", missing.talk, missing.out);
        let told = "none, because the folder does not exist";
        assert!(missing.out.contains(told), "{}", missing.out);
        let next = "--snapshots";
        assert!(missing.out.contains(next), "{}", missing.out);
        assert!(names(&snapshots).is_empty(), "perhaps it is mistyped");
    }
    let told = take(&["--update-snapshots"], &ci);
    assert_eq!(told.code, 2, "{}", told.talk);

    std::fs::create_dir(&snapshots).unwrap();
    let new_in_ci = take(&[], &ci);
    assert_eq!(new_in_ci.code, 1, "{}{}", new_in_ci.talk, new_in_ci.out);
    assert!(names(&snapshots).is_empty(), "in CI nothing is written");
    let new = take(&[], &[]);
    assert_eq!(new.code, 0, "{}{}", new.talk, new.out);
    for told in [
        "1 is not accepted",
        "1 waits as .snap.new",
        "--update-snapshots",
    ] {
        assert!(new.out.contains(told), "{told}: {}", new.out);
    }
    assert_eq!(
        names(&snapshots),
        BTreeSet::from([format!("{accepted}.new")])
    );

    let told = take(&["--update-snapshots"], &[]);
    assert_eq!(told.code, 0, "{}{}", told.talk, told.out);
    let says = "accepted 1 (1 new, 0 changed), 0 were as before";
    assert!(told.out.contains(says), "{}", told.out);
    assert_eq!(names(&snapshots), BTreeSet::from([accepted.to_owned()]));
    let before = std::fs::read(snapshots.join(accepted)).unwrap();
    assert_eq!(take(&[], &[]).code, 0);
    assert_eq!(names(&snapshots), BTreeSet::from([accepted.to_owned()]));

    for (variables, written) in [(&ci[..], false), (&[], true)] {
        let changed = take(&fault, variables);
        assert_eq!(changed.code, 1, "{}{}", changed.talk, changed.out);
        assert!(
            changed.out.contains("differs from your accepted snapshot"),
            "{}",
            changed.out
        );
        assert!(changed.out.contains("1 differs"), "{}", changed.out);
        let pending = names(&snapshots).contains(&format!("{accepted}.new"));
        assert_eq!(pending, written, "{:?}", names(&snapshots));
    }
    assert_eq!(
        std::fs::read(snapshots.join(accepted)).unwrap(),
        before,
        "what is accepted stays until somebody accepts something else"
    );
}

#[test]
fn what_is_wrong_with_accepted_snapshots_is_told_with_its_place_in_every_report() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let snapshots = folder.path().join("snaps");
    let (json, junit) = (folder.path().join("r.json"), folder.path().join("r.xml"));
    let reports = [("json", &json), ("junit", &junit)]
        .map(|(form, path)| format!("{form}={}", path.display()));
    let take = |more: &[&str], variables: &[(&str, &str)]| {
        let mut arguments = vec!["run", "--embedded", "users/create", "--app", "oin"];
        arguments.extend(["--snapshots", snapshots.to_str().unwrap(), "--settle", "0s"]);
        arguments.extend(reports.iter().flat_map(|report| ["--report", report]));
        arguments.extend(more);
        run(state.path(), &arguments, variables)
    };
    let in_json = || -> Value {
        let text = std::fs::read_to_string(&json).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["snapshots"].clone()
    };
    let in_junit = || std::fs::read_to_string(&junit).unwrap();
    let ci = [("CI", "true")];

    assert_eq!(take(&["--update-snapshots"], &[]).code, 0);
    assert_eq!(in_json()["accepted"]["new"], 1);
    let accepted = snapshots.join("oin/users/create.snap");
    let whole = std::fs::read_to_string(&accepted).unwrap();

    // The answers differ.
    let changed = take(&["--fault", "create-answers-200"], &ci);
    assert_eq!(changed.code, 1, "{}", changed.out);
    let differ = &in_json()["differ"][0];
    assert_eq!(differ["scenario"], "users/create");
    assert_eq!(
        (&differ["app"], &differ["why"]),
        (&"oin".into(), &"differs".into())
    );
    let line = differ["differences"][0].as_str().unwrap();
    assert!(line.contains("status  201 → 200"), "{line}");
    assert!(in_junit().contains("<failure"), "{}", in_junit());
    assert!(in_junit().contains("status  201 → 200"), "{}", in_junit());
    let next = format!("--snapshots {} --update-snapshots", snapshots.display());
    assert!(changed.out.contains(&next), "{}", changed.out);

    // The file is damaged, or of an earlier release.
    let status = whole.lines().position(|l| l.starts_with("< 20")).unwrap() + 1;
    for (text, problem) in [
        (
            whole.replacen("\n< 20", "\n< 2o", 1),
            format!("line {status}: expected a status code"),
        ),
        (
            whole.replacen("format: 2", "format: 1", 1),
            "line 5: it has format 1 of an earlier release".to_owned(),
        ),
        (
            String::new(),
            "line 1: it does not begin with a head".to_owned(),
        ),
    ] {
        std::fs::write(&accepted, text).unwrap();
        let damaged = take(&[], &ci);
        assert_eq!(damaged.code, 1, "{}", damaged.out);
        assert!(damaged.out.contains("1 cannot be read"), "{}", damaged.out);
        let told = in_json()["differ"][0].clone();
        assert_eq!(told["why"], "unreadable");
        let told = told["problem"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&problem), "{told}");
        assert!(in_junit().contains(&problem), "{}", in_junit());
    }
    std::fs::write(&accepted, &whole).unwrap();

    // No scenario has the file any more.
    std::fs::write(snapshots.join("oin/users/gone.snap"), &whole).unwrap();
    for (variables, code) in [(&ci[..], 1), (&[], 0)] {
        let stale = take(&[], variables);
        assert_eq!(stale.code, code, "{}", stale.out);
        assert!(stale.out.contains("oin/users/gone.snap"), "{}", stale.out);
        assert_eq!(in_json()["stale"][0], "oin/users/gone.snap");
    }
    take(&[], &ci);
    assert!(in_junit().contains("oin/users/gone.snap"), "{}", in_junit());
    std::fs::remove_file(snapshots.join("oin/users/gone.snap")).unwrap();

    // All is well again, and says so.
    let well = take(&[], &ci);
    assert_eq!(well.code, 0, "{}", well.out);
    assert!(well.out.contains("all as accepted"), "{}", well.out);
    assert!(!in_junit().contains("<failure"), "{}", in_junit());
}

#[test]
fn credentials_of_every_form_are_in_no_output() {
    // What is told, and what of it must be nowhere.
    let basic = "ada:open-sesame-0123";
    let table: [(&str, &str, &[&str]); 3] = [
        ("bearer", "swordfish-abc-0123", &["swordfish-abc-0123"]),
        (
            "basic",
            basic,
            &["open-sesame-0123", "YWRhOm9wZW4tc2VzYW1lLTAxMjM="],
        ),
        (
            "header",
            "Key id-17-4711 s3cret-99-0123",
            &["id-17-4711", "s3cret-99-0123"],
        ),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (form, credentials, secrets) in table {
        // What it was sent, in an error body: whole, and a piece of it alone.
        let echo = format!(r#"{{"detail":"{credentials} {}"}}"#, secrets.join(" and "));
        let nobody = r#"{"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;
        let server = runtime.block_on(RawServer::start(vec![
            write(json("200 OK", nobody)),
            write(json("400 Bad Request", &echo)),
        ]));
        let state = tempfile::tempdir().unwrap();
        let report = format!("json={}", state.path().join("r.json").to_str().unwrap());
        let url = format!("http://{}/scim/v2", server.address);
        let arguments = [
            "run",
            "--target",
            &url,
            "--auth",
            form,
            "--yes",
            "errors",
            "users/create",
            "--report",
            &report,
            "--diff",
            "-v",
            "--settle",
            "0s",
        ];
        let done = run(
            state.path(),
            &arguments,
            &[("SCIM_CONFORM_TOKEN", credentials)],
        );
        let sent = server.seen()[0].text.to_ascii_lowercase();
        assert!(
            secrets
                .iter()
                .any(|s| sent.contains(&s.to_ascii_lowercase())),
            "{form}: {sent}"
        );
        assert_eq!(done.code, 1, "{form}: {}{}", done.talk, done.out);
        let mut written = vec![done.out, done.talk];
        read_all(state.path(), &mut written);
        assert!(
            written
                .iter()
                .any(|text| text.contains("secret/token-returned")),
            "{form}: it was sent, and came back"
        );
        for text in &written {
            for secret in secrets {
                assert!(!text.contains(secret), "{form}: {secret} is in an output");
            }
        }
    }
}

#[test]
fn what_a_delete_leaves_there_is_left_behind() {
    let state = tempfile::tempdir().unwrap();
    let serving = serving(state.path(), &["group-delete-ignored"]);
    let arguments = [
        "run",
        "groups/push",
        "--app",
        "oin",
        "--yes",
        "--token",
        TOKEN,
    ];
    let done = run(
        state.path(),
        &[&arguments[..], &["--target", &serving.url]].concat(),
        &[],
    );
    let words: Vec<&str> = done.out.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("DELETE was answered with success, and it is still there"),
        "{}",
        done.out
    );
    assert_eq!(serving.users(), 0, "users are deleted all the same");
    let ledgers = state.path().join("ledgers");
    assert_eq!(
        std::fs::read_dir(ledgers).unwrap().count(),
        1,
        "for a later sweep"
    );
}

#[test]
fn the_plan_of_a_submission_ends_with_every_row() {
    let state = tempfile::tempdir().unwrap();
    let path = |name: &str| state.path().join(name).to_str().unwrap().to_owned();
    let (sheet, report) = (path("plan.csv"), path("plan.json"));
    let reports = [format!("csv={sheet}"), format!("json={report}")];
    let done = run(
        state.path(),
        &[
            "run",
            "--plan",
            "oin",
            "--claim",
            "password",
            "--report",
            &reports[0],
            "--report",
            &reports[1],
        ],
        &[],
    );
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    for line in done.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(!done.out.contains('\u{1b}'), "colours in a pipe");
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let plan = &plan["plan"];
    assert_eq!(plan["ready"], true);
    let rows = plan["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 69);
    let sheet = std::fs::read_to_string(sheet).unwrap();
    for row in rows {
        let case = row["case"].as_str().unwrap();
        assert!(done.out.contains(case), "{case} is not in the table");
        assert!(
            sheet.contains(&format!("\n{case},")),
            "{case} is not in the sheet"
        );
        let result = row["result"].as_str().unwrap();
        assert!(
            ["passed", "by-hand", "not-claimed"].contains(&result),
            "{case} {result}"
        );
    }
    for said in [
        "Okta still wants",
        "SPEC suite",
        "CRUD suite",
        "neither issues nor",
    ] {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(
        !done.out.contains("entitlement suite"),
        "nobody claims entitlements"
    );
}

#[test]
fn before_the_suites_somebody_must_be_there_and_stays_unnamed() {
    let state = tempfile::tempdir().unwrap();
    let report = state.path().join("plan.json");
    let wish = format!("json={}", report.to_str().unwrap());
    let plan = |url: &str| {
        let done = run(
            state.path(),
            &[
                "run",
                "--plan",
                "oin",
                "--target",
                url,
                "--without",
                "create,update,deactivate,groups,import-users,import-groups",
                "--yes",
                "--report",
                &wish,
            ],
            &[("SCIM_CONFORM_TOKEN", TOKEN)],
        );
        let text = std::fs::read_to_string(&report).unwrap();
        assert!(!text.contains(TOKEN));
        (done, serde_json::from_str::<Value>(&text).unwrap())
    };

    let empty = Serving::start(state.path(), TOKEN, &[]);
    let (done, report) = plan(&empty.url);
    assert_eq!(done.code, 1, "{}{}", done.talk, done.out);
    assert!(
        done.out
            .contains("failed       First listed user: the list shows nobody"),
        "{}",
        done.out
    );
    assert_eq!(report["plan"]["ready"], false);

    let used = Serving::start(state.path(), TOKEN, &["--seed-users", "2"]);
    let (done, report) = plan(&used.url);
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    let around = report["around"].as_array().unwrap();
    let asked: Vec<&Value> = around
        .iter()
        .filter(|exchange| exchange["step"] == "before Okta's suites")
        .collect();
    assert_eq!(asked.len(), 3);
    let listed = &asked[0]["response"]["body"]["Resources"][0];
    assert_eq!(listed["userName"], "***", "{listed}");
}
