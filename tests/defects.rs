//! Failures of this tool itself, planted in every phase: none is ever green, each is told in plain words, what was made
//! is removed, and what may be left is remembered.
#![cfg(debug_assertions)]

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::path::Path;
use std::process::Stdio;

use program::{Done, Serving, TOKEN, command};
use serde_json::Value;

/// Runs with a panic planted in `phase`.
fn planted(state: &Path, phase: &str, arguments: &[&str]) -> Done {
    let mut command = command(state, arguments);
    command.env("SCIM_CONFORM_TEST_PANIC", phase);
    command.env("SCIM_CONFORM_TOKEN", TOKEN);
    Done::of(command)
}

fn ledgers(state: &Path) -> usize {
    std::fs::read_dir(state.join("ledgers")).map_or(0, Iterator::count)
}

fn is_told(done: &Done, what: &str) {
    let all = words(&done.all());
    assert_eq!(done.code, 3, "{what}: {all}");
    for wanted in [
        "scim-conform itself failed",
        "a defect of ours",
        &format!("planted in {what} (src/defect.rs:"),
        "please report it",
        concat!("scim-conform ", env!("CARGO_PKG_VERSION"), " on "),
    ] {
        assert!(all.contains(wanted), "{what}: {wanted} in {all}");
    }
    assert!(!all.contains("YES"), "{what}: {all}");
    assert!(!all.contains(TOKEN), "{what}: {all}");
}

/// The text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Phases of a run, and what is said about when it was.
const OF_A_RUN: [(&str, &str); 13] = [
    ("Preflight", "failed before the run"),
    ("Consent", "failed while asking before the run"),
    ("Step", "failed in "),
    ("Judging", "failed in "),
    ("CleanUp", "failed while cleaning up after "),
    ("Conclusion", "failed while concluding what was seen"),
    ("Snapshots", "failed while comparing with snapshots"),
    ("End", "failed at the end of the run"),
    ("Json", "failed while making the JSON report"),
    ("Junit", "failed while making the JUnit report"),
    ("Csv", "failed while making the table of the plan"),
    (
        "Terminal",
        "failed while making the result for the terminal",
    ),
    (
        "LastRun",
        "failed while making the file for explain and --failed",
    ),
];

#[test]
fn no_failure_in_any_phase_of_a_run_is_green_or_leaves_anything() {
    let home = tempfile::tempdir().unwrap();
    let serving = Serving::start(home.path(), TOKEN, &[]);
    for (phase, during) in OF_A_RUN {
        let state = tempfile::tempdir().unwrap();
        let path = |name: &str| state.path().join(name).to_str().unwrap().to_owned();
        let (json, junit, csv) = (path("r.json"), path("r.xml"), path("r.csv"));
        let reports = [
            format!("json={json}"),
            format!("junit={junit}"),
            format!("csv={csv}"),
        ];
        let mut arguments = vec!["run", "--yes", "--settle", "0s", "--target", &serving.url];
        if phase == "Csv" {
            arguments.extend(["--plan", "oin", "--report", &reports[2]]);
        } else {
            arguments.extend(["lifecycle/rehire", "users/create-minimal"]);
        }
        arguments.extend(["--report", &reports[0], "--report", &reports[1]]);
        let done = planted(state.path(), phase, &arguments);
        is_told(&done, phase);
        let all = words(&done.all());
        assert!(all.contains(during), "{phase}: {all}");
        assert_eq!(serving.users(), 0, "{phase}: {all}");

        let in_a_scenario = ["Step", "Judging", "CleanUp"].contains(&phase);
        assert_eq!(ledgers(state.path()), usize::from(in_a_scenario), "{phase}");
        if in_a_scenario {
            assert!(
                all.contains("scim-conform sweep --target"),
                "{phase}: {all}"
            );
            let swept = planted(
                state.path(),
                "",
                &["sweep", "--yes", "--target", &serving.url],
            );
            assert_eq!(swept.code, 0, "{}", swept.all());
            assert_eq!(ledgers(state.path()), 0, "{phase}");
        }
        if phase == "Json" {
            assert!(!Path::new(&json).exists(), "no half report");
        } else if phase != "Terminal" && phase != "LastRun" {
            in_the_json_report(&json, phase, in_a_scenario);
        }
        if !["Junit", "Terminal", "LastRun"].contains(&phase) {
            in_the_junit_report(&junit, phase, in_a_scenario);
        }
    }
}

fn in_the_json_report(path: &str, phase: &str, in_a_scenario: bool) {
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let defects = report["defects"].as_array().unwrap();
    assert_eq!(defects.len(), 1, "{phase}: {defects:?}");
    assert_eq!(defects[0]["message"], format!("planted in {phase}"));
    assert_eq!(defects[0]["scenario"].is_string(), in_a_scenario, "{phase}");
    let verdicts = report["verdict"].as_object().unwrap();
    assert!(
        verdicts.values().all(|verdict| verdict == "undecided"),
        "{phase}: {verdicts:?}"
    );
    if !in_a_scenario {
        return;
    }
    // The one that it happened in says why it has no outcome, and the others have theirs.
    let scenarios = report["scenarios"].as_array().unwrap();
    let (lost, others): (Vec<&Value>, Vec<&Value>) = scenarios
        .iter()
        .partition(|scenario| scenario["outcome"] == "not-run");
    // What is played once for both kinds of app is lost for both.
    assert!((1..=2).contains(&lost.len()), "{phase}: {lost:?}");
    for lost in &lost {
        assert_eq!(lost["id"], defects[0]["scenario"], "{phase}");
    }
    let reason = lost[0]["reason"].as_str().unwrap();
    assert!(reason.contains("a defect of ours: planted in"), "{reason}");
    assert_eq!(others.len(), 4 - lost.len(), "{phase}");
    assert!(
        others
            .iter()
            .all(|scenario| scenario["outcome"] == "passed")
    );
}

fn in_the_junit_report(path: &str, phase: &str, in_a_scenario: bool) {
    let report = std::fs::read_to_string(path).unwrap();
    let errors = report.matches("<error").count();
    assert_eq!(errors, 1, "{phase}: {report}");
    let suite = report.contains("name=\"scim-conform itself\"");
    assert_eq!(suite, !in_a_scenario, "{phase}: {report}");
    assert!(report.contains("a defect of ours"), "{phase}: {report}");
}

#[test]
fn a_run_on_the_built_in_server_is_no_exception_and_its_server_neither() {
    let state = tempfile::tempdir().unwrap();
    for phase in ["Step", "Judging", "Conclusion", "Serve"] {
        let arguments = ["run", "lifecycle/rehire", "--settle", "0s"];
        is_told(&planted(state.path(), phase, &arguments), phase);
    }
}

#[test]
fn errors_that_are_known_stay_errors_beside_a_failure_of_ours() {
    let state = tempfile::tempdir().unwrap();
    let fault = ["--fault", "inactive-hidden-from-lookup"];
    let arguments = ["run", "lifecycle/rehire", "--settle", "0s"];
    // The first app is lost, the second shows what is wrong.
    let done = planted(state.path(), "Step", &[&arguments[..], &fault].concat());
    is_told(&done, "Step");
    let verdicts: Vec<&str> = done
        .out
        .lines()
        .filter(|line| line.starts_with("works with"))
        .collect();
    assert_eq!(verdicts.len(), 2, "{}", done.out);
    let is_no = |line: &&str| line.contains(" NO ");
    let is_open = |line: &&str| line.contains("UNDECIDED");
    assert_eq!(verdicts.iter().filter(|line| is_no(line)).count(), 1);
    assert_eq!(verdicts.iter().filter(|line| is_open(line)).count(), 1);
}

#[test]
fn other_commands_say_so_too() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let suite = state.path().join("suite.json");
    std::fs::write(&suite, suite_export()).unwrap();
    let suite = suite.to_str().unwrap();
    let kept = planted(
        state.path(),
        "",
        &[
            "run",
            "users/create-minimal",
            "--yes",
            "--cleanup",
            "none",
            "--settle",
            "0s",
            "--target",
            &serving.url,
        ],
    );
    assert_eq!(kept.code, 0, "{}", kept.all());
    let there = serving.users();
    assert!(there > 0 && ledgers(state.path()) == 1);
    let table: [(&str, &[&str]); 5] = [
        ("Judge", &["judge", "no.har"]),
        ("Explain", &["explain", "lookup/finds-user"]),
        ("Scenarios", &["scenarios", "list"]),
        ("Sweep", &["sweep", "--yes", "--target", &serving.url]),
        (
            "Runscope",
            &["runscope", suite, "--yes", "--target", &serving.url],
        ),
    ];
    for (phase, arguments) in table {
        is_told(&planted(state.path(), phase, arguments), phase);
    }
    assert_eq!(serving.users(), there);
    assert!(ledgers(state.path()) > 0, "it can be swept later");
}

/// The smallest test that Runscope exports.
fn suite_export() -> String {
    serde_json::json!({
        "name": "One look",
        "steps": [{
            "step_type": "request",
            "method": "GET",
            "url": "{{SCIMBaseURL}}/Users?count=1&startIndex=1",
            "headers": {"Authorization": ["{{auth}}"]},
            "assertions": [{"comparison": "equal_number", "value": 200, "source": "response_status"}],
        }],
    })
    .to_string()
}

#[test]
fn a_server_answers_500_tells_it_and_goes_on() {
    let state = tempfile::tempdir().unwrap();
    let port_file = state.path().join("port");
    let mut command = command(
        state.path(),
        &[
            "serve",
            "--open",
            "--port-file",
            port_file.to_str().unwrap(),
            "--port",
            "0",
        ],
    );
    command
        .env("SCIM_CONFORM_TEST_PANIC", "Serve")
        .stderr(Stdio::piped());
    let mut serving = command.spawn().unwrap();
    let address = loop {
        let told = std::fs::read_to_string(&port_file).unwrap_or_default();
        if let Some(port) = told.split_whitespace().next() {
            break format!("127.0.0.1:{port}");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let status = |_| {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET /scim/v2/Users HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    };
    let statuses: Vec<String> = (0..3).map(status).collect();
    assert_eq!(statuses, ["500", "200", "200"]);
    let mut told = std::io::BufReader::new(serving.stderr.take().unwrap());
    let mut all = String::new();
    while !all.contains("planted in Serve") {
        let read = std::io::BufRead::read_line(&mut told, &mut all).unwrap();
        assert!(read > 0, "{all}");
    }
    assert!(all.contains("scim-conform itself failed"), "{all}");
    serving.kill().unwrap();
    serving.wait().unwrap();
}
