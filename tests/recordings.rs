//! `judge`: recordings of what Okta sends, made from runs of our own and by hand, and what is found in them.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[path = "support/har.rs"]
mod har;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::{Bench, nobody};
use program::Done;
use proptest::prelude::*;
use scim_conform::engine::outcome::RunResult;
use scim_conform::exchange::SendError;
use scim_conform::okta::App;
use scim_conform::recording::{self, Judged, Options};
use scim_conform::server::{Fault, Freedom, Policy};
use scim_conform::verdict::{Finding, Kind, Level, Outcome, ScenarioResult};
use serde_json::{Value, json};

fn judged(har: &Value, options: &Options) -> Option<Judged> {
    let mut entries = Vec::new();
    recording::har::read(har.to_string().as_bytes(), |entry| entries.push(entry)).unwrap();
    recording::judge(entries, options).unwrap()
}

fn judge(har: &Value) -> Judged {
    judged(har, &Options::default()).expect("SCIM in it")
}

fn line(finding: &Finding) -> String {
    format!("{} [{}] {}", finding.check.id, finding.facet, finding.level)
}

fn lines(judged: &Judged) -> Vec<String> {
    judged.run.findings.iter().map(line).collect()
}

/// What somebody in the product renames within a minute of Okta's own write looks in a recording like a write that
/// was not stored; `docs/judging-recordings.md` says so.
const RENAMED_IN_THE_PRODUCT: &str = "imports/renamed-in-the-product";

/// The scenarios of an app, played to their ends: what Okta would have sent.
fn played(run: &RunResult) -> impl Iterator<Item = &ScenarioResult> {
    run.scenarios
        .iter()
        .filter(|s| s.app.is_some() && !matches!(s.outcome, Outcome::NotRun(_)))
        .filter(|s| s.id.0 != RENAMED_IN_THE_PRODUCT)
}

#[test]
fn a_good_server_raises_no_alarm_whatever_is_recorded() {
    let run = Bench::new(&[]).run(&Policy::default(), nobody, Duration::from_millis(500));
    let mut recordings = 0;
    for scenario in played(&run) {
        let Some(har) = har::of(scenario) else {
            continue;
        };
        recordings += 1;
        // Reads of schemas and entitlements alone do not tell where a base URL ends.
        let options = Options {
            base: Some(har::BASE.to_owned()),
            ..Options::default()
        };
        let mut exchanges = scenario.exchanges.iter().map(|e| e.exchange.open());
        let loses = exchanges.any(|e| matches!(e.outcome, Err(SendError::AnswerLost { .. })));
        for finding in &judged(&har, &options).expect("SCIM in it").run.findings {
            // A login that another account has must be refused; a recording cannot tell that it has.
            let honest = finding.kind == Kind::Limitation && scenario.id.0.ends_with("taken-login");
            // An answer that was lost did not come, and a recording shows just that.
            let lost = loses && finding.check.id == "connection/answers";
            // Nor can it tell what was deleted behind Okta's back, where Okta does not read before it writes.
            let behind = finding.check.id == "sequence/refused"
                && finding.level < Level::Error
                && scenario.id.0.ends_with("deleted-behind-okta-s-back");
            assert!(
                honest || lost || behind,
                "{} {:?}: {}",
                scenario.id,
                scenario.app,
                line(finding)
            );
        }
    }
    assert!(recordings > 80, "only {recordings} recordings");
}

/// What a server is free to do raises no alarm either.
#[test]
fn no_freedom_is_an_error() {
    let bench = Bench::new(&[
        "lifecycle/rehire",
        "profile/many-changes",
        "groups/add-and-remove",
        "imports/users",
        "rename/login-and-email",
    ]);
    for freedom in Freedom::ALL.iter().copied() {
        let run = bench.run(
            &Policy::default().with_freedom(freedom),
            nobody,
            Duration::ZERO,
        );
        for har in played(&run).filter_map(har::of) {
            for finding in &judge(&har).run.findings {
                assert!(
                    finding.level < Level::Error,
                    "{freedom:?}: {}",
                    line(finding)
                );
            }
        }
    }
}

/// What a recording shows of servers with faults. Apps without a reading after their writes show less than a run does.
#[test]
fn a_fault_is_found_where_a_recording_can_show_it() {
    let table: [(Fault, &str, &str); 20] = [
        (
            Fault::EmptyListAsArray,
            "connection/test-connection",
            "list/readable [] error",
        ),
        (
            Fault::CountersAsStrings,
            "users/create",
            "list/counters [] error",
        ),
        (
            Fault::FilterIgnored,
            "users/look-up-exact",
            "lookup/only-exact [user] error",
        ),
        (
            Fault::InactiveHiddenFromLookup,
            "lifecycle/rehire",
            "lookup/finds-user [inactive] error",
        ),
        (
            Fault::RenameLeavesIndexStale,
            "rename/then-deactivated",
            "lookup/finds-user [inactive] error",
        ),
        (
            Fault::PageCap50,
            "imports/more-than-a-page",
            "list/complete [user] error",
        ),
        (
            Fault::PagesOverlap,
            "imports/more-than-a-page",
            "list/repeats [user] error",
        ),
        (
            Fault::TotalTooLow,
            "imports/users",
            "list/total-results [too-low] error",
        ),
        (
            Fault::CreateAnswersEmpty,
            "users/create",
            "create/returns-resource [user] error",
        ),
        (
            Fault::CreateAnswers200,
            "users/create",
            "create/status [] warning",
        ),
        (
            Fault::DeactivationPatchIgnored,
            "lifecycle/rehire",
            "state/applied [deactivation by patch] error",
        ),
        (
            Fault::DeactivationPutIgnored,
            "lifecycle/rehire",
            "state/applied [deactivation by put] error",
        ),
        (
            Fault::UserPutIgnored,
            "profile/many-changes",
            "state/write-ignored [put user] error",
        ),
        (
            Fault::PathLessPatch500,
            "lifecycle/deactivate",
            "sequence/server-error [PATCH user] error",
        ),
        (
            Fault::PasswordReturned,
            "users/create",
            "secret/password-returned [create] error",
        ),
        (
            Fault::IdAsNumber,
            "users/create",
            "resource/id [user] error",
        ),
        (
            Fault::ActiveAsString,
            "users/create",
            "resource/active [] error",
        ),
        (
            Fault::GroupPutMembersIgnored,
            "groups/add-and-remove",
            "membership/matches [put] error",
        ),
        (
            Fault::JsonLabelledHtml,
            "users/create",
            "envelope/media-type [] warning",
        ),
        (Fault::DuplicateCreated, "users/create", ""),
    ];
    let mut missing = Vec::new();
    for (fault, scenario, wanted) in table {
        let run = Bench::new(&[scenario]).run(
            &Policy::default().with_fault(fault),
            nobody,
            Duration::ZERO,
        );
        let found: BTreeSet<String> = played(&run)
            .filter_map(har::of)
            .flat_map(|har| lines(&judge(&har)))
            .collect();
        if !(found.contains(wanted) || wanted.is_empty() && found.is_empty()) {
            missing.push(format!(
                "{fault} in {scenario}: {wanted:?} is not among {found:?}"
            ));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn file(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_recording_by_a_proxy_is_read_as_it_is() {
    let judged = judge(&file("good-custom-app.har"));
    assert_eq!(
        lines(&judged),
        [] as [&str; 0],
        "{:#?}",
        judged.run.findings
    );
    let overview = &judged.overview;
    assert_eq!(overview.base, "https://scim.acme.example/scim/v2");
    assert_eq!(
        (overview.apps.as_slice(), overview.requests),
        (&[App::Custom][..], 11)
    );
    let seen: Vec<String> = overview
        .seen
        .iter()
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    assert_eq!(
        seen,
        [
            "1 connection test",
            "1 user looked up to assign",
            "1 user found and linked",
            "1 reactivation",
            "1 profile update",
            "1 deactivation",
            "1 import of users",
        ]
    );
    assert!(overview.not_seen.contains(&"password sync"));
    assert_eq!(
        overview.left_out,
        [
            "1 entry that is not SCIM at this base URL",
            "1 request without a recorded answer",
            "2 answers whose bodies were not recorded whole",
        ]
    );
}

#[test]
fn somebody_whom_a_look_up_hides_is_told_with_what_the_administrator_saw() {
    let judged = judge(&file("hidden-when-inactive.har"));
    assert_eq!(lines(&judged), ["lookup/finds-user [inactive] error"]);
    let finding = &judged.run.findings[0];
    assert_eq!(finding.consequences[0].0, "sequence/refused");
    assert_eq!(
        finding.okta_admin_sees.as_deref(),
        Some(
            "Automatic provisioning of user <name> to app <your app> failed: Error while creating user <login>: \
             Conflict. Errors reported by remote server: userName *** is taken by *** (***)"
        )
    );
}

#[test]
fn an_ignored_filter_is_seen_in_the_answer_itself() {
    let judged = judge(&file("filter-ignored.har"));
    assert_eq!(lines(&judged), ["lookup/only-exact [user] error"]);
    assert_eq!(judged.run.findings[0].at.len(), 2);
    assert_eq!(
        judged.overview.left_out,
        ["1 SCIM request that Okta did not send"]
    );
}

/// Texts that must stand in no output, from the recordings.
const SECRETS: [&str; 3] = ["tok-3f9a7c51e8", "pw-Zx81kQ0v", "cookie-77aa"];
const PEOPLE: [&str; 8] = [
    "ada", "quimby", "bob", "ortega", "00u1ada", "u-1001", "u-2002", "clerk",
];

fn command(state: &Path, arguments: &[&str], input: &[u8]) -> Done {
    let mut command = program::command(state, arguments);
    command.current_dir(folder());
    Done::with_input(command, input)
}

#[test]
fn every_recording_has_its_exit_code() {
    let state = tempfile::tempdir().unwrap();
    let table = [
        (&["judge", "good-custom-app.har"][..], 0, "NO FAULT SEEN"),
        (&["judge", "hidden-when-inactive.har"], 1, "F1 ERROR"),
        (&["judge", "-"], 1, "F1 ERROR"),
        (
            &["judge", "good-custom-app.har", "hidden-when-inactive.har"],
            1,
            "F1 ERROR",
        ),
        (
            &[
                "judge",
                "hidden-when-inactive.har",
                "--base",
                "https://scim.acme.example/scim/v2/",
            ],
            1,
            "F1 ERROR",
        ),
        (
            &[
                "judge",
                "hidden-when-inactive.har",
                "--base",
                "https://other.example",
            ],
            3,
            "hint: there is SCIM below https://scim.acme.example/scim/v2\n",
        ),
        (
            &["judge", "no-scim.har"],
            3,
            "no SCIM request among 1 entry",
        ),
        (&["judge", "wrong-token.har"], 3, "UNDECIDED"),
        (
            &["judge", "cut-off.har"],
            2,
            "the file ends too early, at line",
        ),
        (&["judge", "empty.har"], 2, "empty.har: the file is empty"),
        (&["judge", "none.har"], 2, "cannot read none.har"),
        (&["judge"], 2, "FILE"),
    ];
    let input = std::fs::read(folder().join("hidden-when-inactive.har")).unwrap();
    for (arguments, code, text) in table {
        let done = command(state.path(), arguments, &input);
        let all = done.all();
        assert_eq!(done.code, code, "{arguments:?}\n{all}");
        assert!(all.contains(text), "{arguments:?}\n{all}");
    }
}

#[test]
fn a_finding_of_a_recording_is_explained_and_nobody_is_named() {
    let state = tempfile::tempdir().unwrap();
    let reports = [state.path().join("r.json"), state.path().join("r.xml")];
    let [json, junit] = [("json", &reports[0]), ("junit", &reports[1])]
        .map(|(form, path)| format!("{form}={}", path.display()));
    let arguments = [
        "judge",
        "hidden-when-inactive.har",
        "good-custom-app.har",
        "-v",
        "--report",
        &json,
        "--report",
        &junit,
    ];
    let done = command(state.path(), &arguments, b"");
    assert_eq!(done.code, 1, "{}", done.talk);
    let explained = command(state.path(), &["explain", "F1"], b"");
    assert_eq!(explained.code, 0, "{}", explained.talk);
    assert!(
        explained.out.contains("lookup/finds-user"),
        "{}",
        explained.out
    );
    assert!(
        explained.out.contains("scim-conform judge"),
        "{}",
        explained.out
    );
    let mut texts = vec![done.out, done.talk, explained.out];
    for path in reports.iter().chain([&state.path().join("last-run.json")]) {
        texts.push(std::fs::read_to_string(path).unwrap());
    }
    for text in texts {
        let lower = text.to_lowercase();
        for hidden in SECRETS.iter().chain(&PEOPLE) {
            assert!(
                !lower.contains(&hidden.to_lowercase()),
                "{hidden} in {text}"
            );
        }
    }
    let shown = command(
        state.path(),
        &[
            "judge",
            "hidden-when-inactive.har",
            "--show-people",
            "--report",
            "json=-",
        ],
        b"",
    );
    assert!(shown.out.contains("ada.quimby@acme.example"));
    for hidden in SECRETS {
        assert!(!shown.out.contains(hidden), "{hidden} is shown");
        assert!(!shown.talk.contains(hidden), "{hidden} is shown");
    }
}

/// Some place of a document, by numbers that lead down into it.
fn place<'v>(value: &'v mut Value, way: &[usize]) -> &'v mut Value {
    let Some((first, rest)) = way.split_first() else {
        return value;
    };
    let length = match value {
        Value::Array(elements) => elements.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if length == 0 {
        return value;
    }
    match value {
        Value::Array(elements) => place(&mut elements[first % length], rest),
        Value::Object(fields) => place(fields.values_mut().nth(first % length).unwrap(), rest),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// A recording may be broken in any way: something is said of it, or nothing.
    #[test]
    fn no_recording_is_too_odd(
        name in prop::sample::select(vec!["good-custom-app.har", "hidden-when-inactive.har", "filter-ignored.har"]),
        changes in prop::collection::vec((prop::collection::vec(0..40_usize, 3..9), 0..9_usize), 1..12),
        show_people: bool,
    ) {
        let mut har = file(name);
        for (way, what) in changes {
            let entries = &mut har["log"]["entries"];
            *place(entries, &way) = [
                json!(null), json!(-1), json!(true), json!(""), json!("{\"Resources\":"), json!([]), json!({}),
                json!({"Operations": [{"op": "add", "path": "members", "value": "x"}]}), json!("https://x.test/Users"),
            ][what].clone();
        }
        let options = Options { show_people, ..Options::default() };
        if let Some(judged) = judged(&har, &options) {
            let shown = scim_conform::report::json::render(&judged.run, None, None);
            prop_assert!(SECRETS.iter().all(|secret| !shown.contains(secret)));
            prop_assert!(judged.run.findings.iter().all(|f| f.level >= Level::Note));
        }
    }
}

/// Who asks for people gets no password, wherever a request or an answer holds it.
#[test]
fn passwords_stay_hidden_from_who_asks_for_people() {
    const URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User:password";
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ada@x.test"}"#;
    let operations = |list: Value| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list})
            .to_string()
    };
    let exchanges: [(&str, &str, &str, String, &str); 8] = [
        ("POST", "/Users", "json", json!({"userName": "ada@x.test", "Password": "hush-001"}).to_string(), user),
        ("PATCH", "/Users/1", "json", operations(json!([{"op": "replace", "path": "password", "value": "hush-002"}])), user),
        ("PATCH", "/Users/1", "json", operations(json!([{"op": "Replace", "Path": URN, "value": "hush-003"}])), user),
        ("PATCH", "/Users/1", "json", operations(json!([{"op": "replace", "value": {"PASSWORD": "hush-004", URN: "no5"}}])), user),
        (
            "POST",
            "/Bulk",
            "json",
            json!({"Operations": [{"method": "PATCH", "path": "/Users/1", "data": {"Operations": [{"path": "password", "value": "no6"}]}}]}).to_string(),
            "{}",
        ),
        ("POST", "/Users", "x-www-form-urlencoded", "userName=ada%40x.test&password=hush%2D007&x=1".to_owned(), "hush-007 is too weak"),
        ("PUT", "/Users/1", "xml", "<user><name>ada@x.test</name><password>hush-008</password></user>".to_owned(), "{\"password\":\"hush-009\",\"userName"),
        ("PUT", "/Users/1", "json", json!({"id": "1", "userName": "ada@x.test"}).to_string(), r#"{"id":"1","userName":"ada@x.test","password":"no10"}"#),
    ];
    let entries = exchanges.iter().enumerate().map(|(n, (method, target, kind, sent, came))| {
        json!({
            "startedDateTime": format!("2026-03-01T12:00:{n:02}.000Z"), "time": 5,
            "request": {
                "method": method, "url": format!("{}{target}", har::BASE),
                "headers": [{"name": "User-Agent", "value": "Okta SCIM Client 1.0.0"}],
                "postData": {"mimeType": format!("application/{kind}"), "text": sent},
            },
            "response": {
                "status": 200, "headers": [{"name": "Content-Type", "value": "application/scim+json"}],
                "content": {"mimeType": "application/scim+json", "text": came},
            },
        })
    });
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("passwords.har");
    std::fs::write(&path, har::archive(entries.collect()).to_string()).unwrap();
    let report = state.path().join("r.json");
    let json = format!("json={}", report.display());
    let arguments = [
        "judge",
        path.to_str().unwrap(),
        "--show-people",
        "-v",
        "--report",
        &json,
    ];
    let done = command(state.path(), &arguments, b"");
    let kept = std::fs::read_to_string(state.path().join("last-run.json")).unwrap();
    let report = std::fs::read_to_string(report).unwrap();
    assert!(
        report.contains("ada@x.test") && report.contains("***"),
        "{report}"
    );
    for text in [done.all(), report, kept] {
        for hidden in ["hush-00", "hush%2D", "\"no5", "\"no6", "\"no10"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}
