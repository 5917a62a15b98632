//! `runscope` through the front door: the binary, real sockets, a test as Runscope exports one.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;
#[path = "support/raw_server.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod raw_server;
#[path = "support/suite_exports.rs"]
mod suite_exports;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::{Done, Serving, TOKEN};
use raw_server::{RawServer, json, write};
use scim_conform::report::text::width_of;
use serde_json::Value;

/// A folder with the test, and another one for the state.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.spec(), suite_exports::spec()).unwrap();
        place
    }

    fn spec(&self) -> PathBuf {
        self.0.path().join("spec.json")
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(&self.state(), arguments);
        command.env("SCIM_CONFORM_TOKEN", TOKEN);
        command
    }

    fn serve(&self, options: &[&str]) -> Serving {
        Serving::start(&self.state(), TOKEN, options)
    }

    fn run(&self, file: &Path, arguments: &[&str]) -> Done {
        let arguments = [&["runscope", file.to_str().unwrap()], arguments].concat();
        let mut command = self.command(&arguments);
        if !arguments.contains(&"--target") {
            command.env_remove("SCIM_CONFORM_TOKEN");
        }
        let done = Done::of(command);
        assert!(!done.all().contains(TOKEN));
        assert!(!done.out.contains('\u{1b}'), "colours in a pipe");
        for line in done.out.lines() {
            assert!(width_of(line) <= 80, "{line}");
        }
        done
    }

    /// What ledgers there are: what a sweep would find.
    fn ledgers(&self) -> usize {
        let folder = self.state().join("ledgers");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }
}

#[test]
fn the_suite_passes_on_the_built_in_server_and_fails_on_a_broken_one() {
    let place = Place::new();
    let done = place.run(&place.spec(), &[]);
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert!(
        done.out.contains("at the built-in server\n"),
        "{}",
        done.out
    );
    assert!(
        done.out.ends_with("\n12 passed, 0 failed\n"),
        "{}",
        done.out
    );
    let done = place.run(&place.spec(), &["--fault", "errors-as-plain-text"]);
    assert_eq!(done.code, 1, "{}{}", done.talk, done.out);
    assert!(
        done.out.contains("wanted  detail is not empty"),
        "{}",
        done.out
    );
    assert!(done.out.ends_with("\n9 passed, 3 failed\n"), "{}", done.out);
}

#[test]
fn at_a_target_the_suite_leaves_nothing_behind() {
    let place = Place::new();
    let server = place.serve(&["--seed-users", "3"]);
    let unasked = place.run(&place.spec(), &["--target", &server.url]);
    assert_eq!(unasked.code, 2, "{}{}", unasked.talk, unasked.out);
    assert!(unasked.talk.contains("hint: add --yes"), "{}", unasked.talk);
    let quick = ["--target", &server.url, "--yes", "--pause-scale", "0"];
    let done = place.run(&place.spec(), &quick);
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert!(
        done.out
            .ends_with("\n12 passed, 0 failed\nremoved 1 resource that the test had made\n"),
        "{}",
        done.out
    );
    assert_eq!((server.users(), place.ledgers()), (3, 0));

    let kept = place.run(
        &place.spec(),
        &[&quick[..], &["--cleanup", "none"]].concat(),
    );
    assert_eq!(kept.code, 0, "{}{}", kept.talk, kept.out);
    assert!(kept.out.contains("\nleft    User "), "{}", kept.out);
    assert_eq!((server.users(), place.ledgers()), (4, 1));
    let swept = place
        .command(&["sweep", "--yes", "--target", &server.url])
        .output()
        .unwrap();
    assert_eq!(swept.status.code(), Some(0));
    assert_eq!((server.users(), place.ledgers()), (3, 0));
}

#[test]
fn an_empty_target_is_told_about_before_it_fails() {
    let place = Place::new();
    let server = place.serve(&[]);
    let arguments = ["--target", &server.url, "--yes", "--pause-scale", "0"];
    let done = place.run(&place.spec(), &arguments);
    assert_eq!(done.code, 1, "{}{}", done.talk, done.out);
    assert!(
        done.out.contains("note: the target has no users"),
        "{}",
        done.out
    );
    assert!(
        done.out.contains("\n10 passed, 1 failed, 1 not run\n"),
        "{}",
        done.out
    );
    assert_eq!(server.users(), 0);
}

#[test]
fn who_cannot_be_reached_or_lets_nobody_in_is_no_verdict() {
    let place = Place::new();
    let server = place.serve(&[]);
    let wrong_path = server.url.replace("/scim/v2", "/scim/v3");
    let cases = [
        (
            vec!["--target", &server.url, "--token", "wrong-one"],
            "error: GET /Users answered 401 Unauthorized\nhint: check the token",
        ),
        (
            vec!["--target", &wrong_path],
            "error: GET /Users answered 404 Not Found\nhint: check the URL",
        ),
        (
            vec!["--target", "http://127.0.0.1:1/scim/v2"],
            "error: cannot connect to 127.0.0.1:1",
        ),
    ];
    for (arguments, told) in cases {
        let done = place.run(&place.spec(), &[&arguments[..], &["--yes"]].concat());
        assert_eq!(
            (done.code, &*done.out),
            (3, ""),
            "{arguments:?}: {}",
            done.talk
        );
        assert!(done.talk.starts_with(told), "{arguments:?}: {}", done.talk);
    }
    assert_eq!(place.ledgers(), 0);
}

#[test]
fn what_cannot_be_played_is_wrong_usage() {
    let place = Place::new();
    let with = |url: &str| {
        let step = serde_json::json!({"step_type": "request", "url": url});
        place.file(
            "one.json",
            &serde_json::json!({"steps": [step]}).to_string(),
        )
    };
    let done = place.run(&place.file("crud.json", &suite_exports::crud()), &[]);
    assert_eq!((done.code, &*done.out), (2, ""));
    assert!(
        done.talk.starts_with("error: this test drives an Okta org, and none is here: it wants oktaOrgUrl, oktaAppId, oktaToken\nhint: what it asks of the SCIM server is in scim-conform run okta-suite/crud"),
        "{}",
        done.talk
    );
    let entitlements = with("{{SCIMBaseURL}}{{EntitlementEndpoint}}?count=1&startIndex=1");
    let done = place.run(&entitlements, &[]);
    assert_eq!(done.code, 2);
    assert!(
        done.talk
            .ends_with("hint: add --var EntitlementEndpoint=/Roles\n"),
        "{}",
        done.talk
    );
    for endpoint in ["/Roles", "/Entitlements"] {
        let value = format!("EntitlementEndpoint={endpoint}");
        let done = place.run(&entitlements, &["--var", &value]);
        assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    }
    let done = place.run(&place.file("page.html", "<html>"), &[]);
    assert_eq!(done.code, 2);
    assert!(
        done.talk.contains("page.html: a web page, not JSON"),
        "{}",
        done.talk
    );
}

/// The token comes back in a message, whole and as the header had it.
#[test]
fn a_token_that_a_server_repeats_is_in_no_output() {
    let place = Place::new();
    let echo = format!(r#"{{"detail":"no {TOKEN} (Bearer {TOKEN}) here"}}"#);
    let nobody = r#"{"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(RawServer::start(vec![
        write(json("200 OK", nobody)),
        write(json("400 Bad Request", &echo)),
    ]));
    let step = serde_json::json!({
        "step_type": "request", "url": "{{SCIMBaseURL}}/Users",
        "headers": {"Authorization": ["{{auth}}"], "X-Trace": ["{{auth}}"]},
        "assertions": [
            {"source": "response_json", "property": "detail", "comparison": "empty", "value": ""},
            {"source": "response_json", "property": "detail", "comparison": "equal", "value": "{{auth}}"},
        ],
    });
    let file = place.file(
        "echo.json",
        &serde_json::json!({"steps": [step]}).to_string(),
    );
    let url = format!("http://{}/scim/v2", server.address);
    let report = place.0.path().join("report.json");
    let wish = format!("json={}", report.display());
    let done = place.run(&file, &["--target", &url, "--report", &wish]);
    assert_eq!(done.code, 1, "{}{}", done.talk, done.out);
    let sent = server.seen();
    assert!(
        sent.len() == 2 && sent[1].text.contains(TOKEN),
        "{}",
        done.out
    );
    assert!(
        done.out.contains("no *** (Bearer ***) here"),
        "{}",
        done.out
    );
    let report = std::fs::read_to_string(report).unwrap();
    assert!(
        report.contains("***") && !report.contains(TOKEN),
        "{report}"
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["requests"][0]["outcome"], "failed");
}

#[cfg(unix)]
#[test]
fn an_interrupted_test_cleans_up() {
    let place = Place::new();
    let server = place.serve(&["--seed-users", "3"]);
    // The pause after the create is long enough for the interruption, and short enough if it is not heard.
    let spec: Value = serde_json::from_str(&suite_exports::spec()).unwrap();
    let mut steps = spec["steps"].as_array().unwrap().clone();
    for step in steps.iter_mut().filter(|step| step["step_type"] == "pause") {
        step["duration"] = 0.into();
    }
    steps.truncate(12);
    steps[11]["duration"] = 60.into();
    let file = place.file(
        "slow.json",
        &serde_json::json!({"steps": steps}).to_string(),
    );
    let arguments = [
        "runscope",
        file.to_str().unwrap(),
        "--target",
        &server.url,
        "--yes",
    ];
    let mut process = place
        .command(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let is_sixth = |line: &String| line.starts_with("  6 ok");
    assert!(
        lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| is_sixth(&line))
    );
    assert_eq!(server.users(), 4);
    let interrupted = Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(process.wait().unwrap().code(), Some(130));
    assert_eq!(
        rest,
        [
            "",
            "6 passed, 0 failed; interrupted after 6 of 6 requests",
            "removed 1 resource that the test had made",
        ]
    );
    assert_eq!((server.users(), place.ledgers()), (3, 0));
}

#[test]
fn a_test_that_would_change_strangers_is_not_sent_without_consent() {
    let place = Place::new();
    let server = place.serve(&["--seed-users", "3"]);
    let step = |method: &str, path: &str| {
        serde_json::json!({
            "step_type": "request", "method": method, "url": format!("{{{{SCIMBaseURL}}}}{path}"),
            "headers": {"Authorization": ["{{auth}}"]},
        })
    };
    let mut first = step("GET", "/Users?count=1");
    first["variables"] = serde_json::json!([{"name": "id", "source": "response_json", "property": "Resources[0].id"}]);
    let steps = serde_json::json!({"steps": [first, step("DELETE", "/Users/{{id}}")]});
    let file = place.file("strangers.json", &steps.to_string());
    let quick = ["--target", &server.url, "--yes"];
    let done = place.run(&file, &quick);
    assert_eq!(done.code, 3, "{}{}", done.talk, done.out);
    assert!(
        done.out.contains("1 passed, 0 failed, 1 not run"),
        "{}",
        done.out
    );
    assert!(
        done.out.contains("that the test did not create"),
        "{}",
        done.out
    );
    assert!(done.out.contains("--change-others"), "{}", done.out);
    assert_eq!(server.users(), 3);
    let allowed = [&quick[..], &["--change-others"]].concat();
    let done = place.run(&file, &allowed);
    assert_eq!(done.code, 0, "{}{}", done.talk, done.out);
    assert_eq!(server.users(), 2);
}
