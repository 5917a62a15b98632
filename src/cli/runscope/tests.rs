use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;
use serde_json::{Value, json};

use super::*;
use crate::cli::args::{Cli, Command};
use crate::cli::backend::Refusal;
use crate::cli::testing::{Prepared, Shared, result, streams};
use crate::engine::outcome::{LeftBehind, Presence};
use crate::report::text::width_of;
use crate::runscope::play::{Flaw, Played};

/// A folder with a test of one look-up and one create.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.with(
            "test.json",
            &json!({"name": "A test", "steps": [
                {"step_type": "request", "method": "GET", "note": "Look somebody up", "url": "{{SCIMBaseURL}}/Users?count=1"},
                {"step_type": "pause", "duration": 5},
                {"step_type": "pause", "duration": 5, "skipped": true},
                {"step_type": "request", "method": "POST", "note": "Create somebody", "url": "{{SCIMBaseURL}}/Users"},
            ]})
            .to_string(),
        );
        files
    }

    fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

fn runscope(file: &str, line: &str, played: Outcome) -> (Result<Exit, CliError>, String) {
    let words = ["scim-conform", "runscope", file];
    let cli = Cli::try_parse_from(words.into_iter().chain(line.split_whitespace())).unwrap();
    let Command::Runscope(args) = cli.command else {
        unreachable!("runscope was given");
    };
    let mut backend = Prepared::of(result(vec![], &[]), vec![]);
    backend.played = played;
    let out = Shared::default();
    let done = execute(&args, &Environment::default(), &backend, &mut streams(&out));
    (done, out.text())
}

#[test]
fn each_outcome_has_its_words_and_its_code() {
    let files = Files::new();
    let flaw = |wanted: &str, got: &str| Flaw {
        wanted: wanted.to_owned(),
        got: got.to_owned(),
    };
    let cases = [
        (Outcome::Passed, Exit::Success, "2 passed, 0 failed"),
        (
            Outcome::Failed(vec![flaw("status equals the number 200", "404")]),
            Exit::Findings,
            "0 passed, 2 failed",
        ),
        (
            Outcome::Open("the script was not run".to_owned()),
            Exit::Undecided,
            "0 passed, 0 failed, 2 open",
        ),
        (
            Outcome::NotRun("no value".to_owned()),
            Exit::Undecided,
            "0 passed, 0 failed, 2 not run",
        ),
    ];
    for (outcome, exit, foot) in cases {
        let line = "--target https://scim.example.test/v2 --yes";
        let (done, out) = runscope(&files.path("test.json"), line, outcome);
        assert_eq!(done.unwrap(), exit, "{foot}");
        assert!(out.ends_with(&format!("\n{foot}\n")), "{out}");
    }
}

#[test]
fn what_fails_is_told_within_the_width() {
    let files = Files::new();
    let long = format!("{}\u{1b}[2J", "urn:ietf:params:scim:".repeat(20));
    let flaws = vec![
        Flaw {
            wanted: "totalResults is a number".to_owned(),
            got: "nothing".to_owned(),
        },
        Flaw {
            wanted: format!("schemas has the value {long}"),
            got: "an array of 1".to_owned(),
        },
    ];
    let line = "--target https://scim.example.test/v2 --yes --pause-scale 0.5";
    let (_, out) = runscope(&files.path("test.json"), line, Outcome::Failed(flaws));
    assert!(out.lines().all(|line| width_of(line) <= 80), "{out}");
    insta::assert_snapshot!(out, @r"
    A test: 2 requests, 1 step skipped in the file, pauses of 2.5 s in all
    at https://scim.example.test/v2
    note: the target has no users; Okta's SPEC and CRUD suites want one, with a name
          and an e-mail address, before they start

      1 FAILED  Look somebody up                                      200       5 ms
                wanted  totalResults is a number
                got     nothing
                wanted  schemas has the value urn:ietf:params:scim:urn:ietf:params:s
                        cim:urn:ietf:params:scim:urn:ietf:params:scim:urn:ietf:param
                        s:scim:urn:ietf:params:scim:urn:ietf:p … 293 more characters
                got     an array of 1
      2 FAILED  Create somebody                                       200       5 ms
                wanted  totalResults is a number
                got     nothing
                wanted  schemas has the value urn:ietf:params:scim:urn:ietf:params:s
                        cim:urn:ietf:params:scim:urn:ietf:params:scim:urn:ietf:param
                        s:scim:urn:ietf:params:scim:urn:ietf:p … 293 more characters
                got     an array of 1

    0 passed, 2 failed
    ");
}

#[test]
fn long_titles_end_in_an_ellipsis() {
    let played = |title: &str| Played {
        number: 3,
        title: title.to_owned(),
        outcome: Outcome::Passed,
        status: Some(200),
        took: Duration::from_secs(125),
    };
    for title in ["Create a user ".repeat(9), "名前".repeat(40)] {
        let line = told::line(&played(&title), 80);
        assert!(
            line.contains('…') && width_of(line.trim_end()) <= 80,
            "{line}"
        );
        assert!(line.ends_with("200 2 min 05 s\n"), "{line}");
    }
    let narrow = told::line(&played("Create"), 40);
    assert!(width_of(narrow.trim_end()) <= 40, "{narrow}");
}

#[test]
fn what_is_left_and_interrupted_is_told() {
    let done = PlayedExport {
        played: vec![],
        removed: 1,
        left_behind: vec![LeftBehind {
            resource: "User",
            id: "2819c223".to_owned(),
            name: "ada@example.com".to_owned(),
            presence: Presence::There,
            reason: "DELETE answered 405; it is deactivated".to_owned(),
            is_undeletable: false,
        }],
        can_sweep: true,
        untrusted: None,
        interrupted: true,
        defect: None,
    };
    assert_eq!(exit(&done), Exit::Interrupted);
    insta::assert_snapshot!(told::foot(&done, 12, 80), @r"

    0 passed, 0 failed; interrupted after 0 of 12 requests
    removed 1 resource that the test had made
    left    User 2819c223 (ada@example.com): DELETE answered 405; it is deactivated
    hint: scim-conform sweep removes what is left
    ");
}

#[test]
fn files_that_cannot_be_played_are_told_with_a_hint() {
    let files = Files::new();
    files.with("broken.json", "{\"steps\": [");
    files.with("page.json", "<html>");
    files.with("postman.json", r#"{"info": {"schema": "x"}, "item": []}"#);
    files.with("subtest.json", r#"{"steps": [{"step_type": "subtest"}]}"#);
    std::fs::File::create(files.0.path().join("huge.json"))
        .and_then(|file| file.set_len(MOST_BYTES + 1))
        .unwrap();
    let table = [
        ("missing.json", "cannot read", None),
        ("huge.json", "is larger than 4194304 bytes", Some("20 KB")),
        ("broken.json", "not JSON: EOF", Some("exported as JSON")),
        ("page.json", "a web page", Some("raw file")),
        (
            "postman.json",
            "a Postman collection",
            Some("exported as JSON"),
        ),
        (
            "subtest.json",
            "steps[0].step_type: \"subtest\" is not supported",
            Some("skip the step there"),
        ),
    ];
    for (name, problem, hint) in table {
        let (done, out) = runscope(&files.path(name), "", Outcome::Passed);
        let error = done.unwrap_err();
        assert_eq!((error.exit(), &*out), (Exit::Usage, ""), "{name}");
        assert!(error.to_string().contains(problem), "{name}: {error}");
        assert_eq!(error.hint().is_some(), hint.is_some(), "{name}");
        if let Some(hint) = hint {
            assert!(error.hint().unwrap().contains(hint), "{name}");
        }
    }
}

#[test]
fn variables_without_a_value_are_named_with_the_option_to_give() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let error = FileError::without_value(names(&["EntitlementEndpoint", "x"]));
    assert_eq!(
        error.to_string(),
        "the test needs a value for EntitlementEndpoint, x"
    );
    assert_eq!(
        error.hint().unwrap(),
        "add --var EntitlementEndpoint=/Roles --var x=VALUE"
    );
    let error = |known: &[&str]| FileError::UnknownVariable {
        name: "EntitlementEndpont".to_owned(),
        known: names(known),
    };
    let typo = error(&["EntitlementEndpoint"]);
    assert_eq!(
        typo.to_string(),
        "the test has no variable EntitlementEndpont"
    );
    assert_eq!(typo.hint().unwrap(), "did you mean EntitlementEndpoint?");
    assert_eq!(error(&["x", "y"]).hint().unwrap(), "it has x, y");
    assert_eq!(error(&[]).hint(), None);
    let error = FileError::without_value(names(&["okta_user_title", "oktaToken", "oktaAppId"]));
    assert!(error.to_string().ends_with("it wants oktaToken, oktaAppId"));
    assert!(error.hint().unwrap().contains("okta-suite/crud"));
}

#[test]
fn nothing_is_written_unasked() {
    let files = Files::new();
    let target = "--target https://scim.example.test/v2";
    let (done, out) = runscope(&files.path("test.json"), target, Outcome::Passed);
    assert!(matches!(
        done,
        Err(CliError::Refused(Refusal::Ask(AskError::NoTerminal { .. })))
    ));
    assert_eq!(out, "");
    // Who only reads need not ask.
    files.with(
        "read.json",
        r#"{"steps": [{"step_type": "request", "url": "{{SCIMBaseURL}}/Users"}]}"#,
    );
    let (done, _) = runscope(&files.path("read.json"), target, Outcome::Passed);
    assert_eq!(done.unwrap(), Exit::Success);
}

#[test]
fn reports_hold_every_request() {
    let files = Files::new();
    let (json_at, junit_at) = (files.path("report.json"), files.path("report.xml"));
    let line = format!("--embedded --report json={json_at} --report junit={junit_at}");
    let flaws = vec![Flaw {
        wanted: "status equals the number 201".to_owned(),
        got: "500".to_owned(),
    }];
    let (done, _) = runscope(&files.path("test.json"), &line, Outcome::Failed(flaws));
    assert_eq!(done.unwrap(), Exit::Findings);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(json_at).unwrap()).unwrap();
    assert_eq!(report["format"], 1);
    assert_eq!(
        report["requests"][1],
        json!({"number": 2, "title": "Create somebody", "outcome": "failed", "status": 200,
            "duration_ms": 5, "failed_assertions": [{"wanted": "status equals the number 201", "got": "500"}]})
    );
    let xml = std::fs::read_to_string(junit_at).unwrap();
    assert!(
        xml.contains("failures=\"2\"") && xml.contains("1 Look somebody up"),
        "{xml}"
    );
    let (done, out) = runscope(
        &files.path("test.json"),
        "--embedded --report json=-",
        Outcome::Passed,
    );
    assert_eq!(done.unwrap(), Exit::Success);
    let alone: Value = serde_json::from_str(&out).expect("the report alone is on the output");
    assert_eq!(alone["requests"][0]["outcome"], "passed");
}

#[test]
fn pauses_are_left_out_on_the_built_in_server_unless_they_are_asked_for() {
    let files = Files::new();
    let target = "--target https://scim.example.test/v2 --yes";
    for (line, paused) in [
        ("--embedded", None),
        ("--embedded --pause-scale 1", Some("pauses of 5.0 s")),
        (target, Some("pauses of 5.0 s")),
        (&*format!("{target} --pause-scale 0"), None),
    ] {
        let (_, out) = runscope(&files.path("test.json"), line, Outcome::Passed);
        match paused {
            Some(paused) => assert!(out.contains(paused), "{line}: {out}"),
            None => assert!(!out.contains("pauses"), "{line}: {out}"),
        }
    }
}
