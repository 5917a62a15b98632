//! `explain` leads from what an Okta administrator reads to the checks that find the cause.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::collections::BTreeSet;
use std::time::Duration;

use bench::{Bench, nobody};
use program::Done;
use scim_conform::check;
use scim_conform::embedded::SCENARIOS;
use scim_conform::okta::Behaviour;
use scim_conform::report::explain::message::{self, Message};
use scim_conform::report::explain::{self, Found};
use scim_conform::report::text::width_of;
use scim_conform::server::{Fault, Policy};

fn messages(text: &str) -> Vec<&'static Message> {
    match explain::find(text, check::ALL) {
        Found::Messages(messages) => messages,
        other => panic!("{text}: {other:?}"),
    }
}

/// Messages as people paste them, with what was found first to have caused them.
#[test]
fn a_message_of_okta_leads_to_the_checks_that_find_its_cause() {
    let cases = [
        ("No results for users returned", "list/readable"),
        (
            "Create new user returned empty user",
            "create/returns-resource",
        ),
        ("Multiple users found", "lookup/only-exact"),
        (
            "Multiple users found by userName. Expected 0 or 1 results but was [2]",
            "lookup/only-exact",
        ),
        ("Error authenticating", "connection/rejects-wrong-token"),
        ("Unrecognized token", "envelope/json"),
        (
            "Invalid JSON: Unrecognized token 'error': was expecting ('true', 'false' or 'null')",
            "envelope/json",
        ),
        (
            "Conflict. Errors reported by remote server",
            "lookup/finds-user",
        ),
        (
            "  CONFLICT.\n  Errors reported by remote server: taken ",
            "lookup/finds-user",
        ),
        ("No schema’s defined in scim user", "resource/schemas"),
        ("PKIX path building failed", "connection/answers"),
        (
            "Error while creating user group Crew: Forbidden. Errors reported by remote server: no",
            "sequence/refused",
        ),
    ];
    for (text, check) in cases {
        let found = messages(text);
        assert_eq!(found[0].checks[0].id, check, "{text}");
    }
}

/// However it was copied, it is the same message.
#[test]
fn a_message_is_known_in_any_dress() {
    let event = r#"{"eventType": "application.provision.user.push", "displayMessage": "Push new user to external application",
        "outcome": {"result": "FAILURE", "reason": "Conflict. Errors reported by remote server: it\u2019s taken"},
        "target": [{"alternateId": "ada@example.com", "displayName": "Ada"}]}"#;
    let table = [
        (
            event,
            &["Push new user", "Conflict.", "Errors reported"][..],
        ),
        (
            &format!("[{event}]"),
            &["Push new user", "Conflict.", "Errors reported"],
        ),
        ("No schema&#39;s defined in scim user", &["No schema's"]),
        (
            "Multiple users found by userName.&nbsp;Expected 0 or 1 results but was [2]",
            &["Multiple users"],
        ),
        (
            "Invalid JSON: Unexpected character (&#39;&lt;&#39; (code 60)): expected a valid value",
            &["Invalid JSON"],
        ),
        (
            "2026-03-01T12:00:00Z,application.provision.user.sync,Sync user in external application,FAILURE,",
            &["Sync user"],
        ),
        ("“Unsupported Media Type”", &["Not Acceptable."]),
        ("{\"broken\": \"Too Many Requests", &["Too Many Requests."]),
        (
            "Automatic deactivation of user Ada to app Acme failed: Error while trying to deactivate ada: Not Implemented. \
             Errors reported by remote server: PATCH",
            &[
                "Error while trying to deactivate",
                "Method Not Allowed.",
                "Errors reported",
            ],
        ),
        (
            "Error authenticating: Connect to acme.io:443 [acme.io/192.0.2.1] failed: Connect timed out",
            &["Error authenticating", "... Connect timed out"],
        ),
        (
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
            &["PKIX"],
        ),
        (
            "Unable to delete Group Push mapping target App group Crew: Forbidden",
            &["Unable to update", "Unable to delete", "Forbidden."],
        ),
    ];
    for (text, wanted) in table {
        let found: Vec<&str> = messages(text).iter().map(|m| m.text).collect();
        assert_eq!(found.len(), wanted.len(), "{text}: {found:?}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert!(found.starts_with(wanted), "{text}: {found}");
        }
    }
}

/// What an administrator reads when the built-in server has a fault leads to a page that names the check which
/// found the fault.
#[test]
fn every_text_of_a_fault_leads_to_the_check_that_found_it() {
    let bench = Bench::new(&[
        "connection/test-connection",
        "users/create",
        "lifecycle/rehire",
        "groups/push",
    ]);
    let mut texts = 0;
    let mut lost = BTreeSet::new();
    for fault in Fault::ALL.iter().copied() {
        let run = bench.run(&Policy::default().with_fault(fault), nobody, Duration::ZERO);
        for finding in &run.findings {
            let Some(text) = &finding.okta_admin_sees else {
                continue;
            };
            texts += 1;
            let named = match explain::find(text, check::ALL) {
                Found::Messages(messages) => {
                    messages.iter().any(|m| m.checks.contains(&finding.check))
                }
                _ => false,
            };
            if !named {
                lost.insert(format!("{fault}: {} by {text}", finding.check.id));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(texts > 40, "only {texts} texts");
}

/// Explains by the binary; `input` is its standard input.
fn told(arguments: &[&str], input: &[u8]) -> Done {
    let state = tempfile::tempdir().unwrap();
    let arguments = [&["explain"], arguments].concat();
    Done::with_input(program::command(state.path(), &arguments), input)
}

#[test]
fn whatever_a_run_names_is_explained() {
    let table: [(&[&str], &[u8], &[&str]); 10] = [
        (
            &["filter-ignored"],
            b"",
            &[
                "What is right",
                "lookup/only-exact",
                "scim-conform run --fault filter-ignored",
            ],
        ),
        (
            &["lifecycle/rehire"],
            b"",
            &[
                "Why it matters",
                "scim-conform scenarios show lifecycle/rehire",
            ],
        ),
        (
            &["lookup/only-exact"],
            b"",
            &["See it happen", "scim-conform run --fault"],
        ),
        (
            &["-"],
            b"Create new user returned empty user.\n",
            &["create/returns-resource", "See whether your server has it"],
        ),
        (
            &["-"],
            b"{\"outcome\": {\"reason\": \"Bad Request\"}}",
            &["You answered 400"],
        ),
        (
            &["-"],
            b"lookup/only-exact",
            &["a look-up finds somebody else"],
        ),
        // A log in another encoding, cut within a character.
        (
            &["-"],
            b"Zo\xEB: Create new user returned empty user \xE2\x80",
            &["create/returns-resource"],
        ),
        (
            &["c9292"],
            b"",
            &[
                "C9292  A user is deactivated in Okta",
                "lifecycle/deactivate-in-okta",
                "By hand",
                "scim-conform run --plan oin",
            ],
        ),
        (&["C9339"], b"", &["Okta must send nothing"]),
        (
            &["patch-profile"],
            b"",
            &["inferred", "scim-conform run --variant patch-profile"],
        ),
    ];
    for (arguments, input, wanted) in table {
        let done = told(arguments, input);
        let text = done.all();
        assert_eq!(done.code, 0, "{arguments:?}: {text}");
        for wanted in wanted {
            assert!(
                text.contains(wanted),
                "{arguments:?}: no {wanted} in {text}"
            );
        }
    }
    for (arguments, input, wanted) in [
        (&["-"], &b" \n"[..], "there is nothing to explain"),
        (&[""], b"", "there is nothing to explain"),
        (&["{\"a\": 1}"], b"", "nothing is known about"),
        (
            &["robustness"],
            b"",
            "scim-conform scenarios list robustness",
        ),
    ] {
        let done = told(arguments, input);
        let text = done.all();
        assert!(
            done.code != 0 && text.contains(wanted),
            "{arguments:?}: {text}"
        );
    }
    // Each family of checks is named once, and read as it is told.
    let text = told(&["zzqx"], b"").all();
    assert_eq!(text.matches("guard").count(), 1, "{text}");
}

#[test]
fn a_long_message_is_taken_apart() {
    let texts = |text| messages(text).iter().map(|m| m.text).collect::<Vec<_>>();
    assert_eq!(
        texts(
            "Automatic profile push of user Ada Byron to app Acme failed: Error while trying to push profile \
             update for ada@example.com: Not Found. Errors reported by remote server: no such user"
        ),
        [
            "Error while trying to push profile update for ...: ...",
            "Not Found. Errors reported by remote server: ...",
            "Errors reported by remote server: ...",
        ]
    );
}

/// What a run prints behind `admin sees` can be pasted into `explain`.
#[test]
fn every_text_of_a_job_is_explained() {
    let behaviour = Behaviour::embedded().unwrap();
    let mut texts = 0;
    for job in behaviour.jobs.iter() {
        let of_requests = job
            .requests
            .iter()
            .filter_map(|request| request.fails.as_ref());
        for text in of_requests.chain(job.stops.values()).chain([&job.fails]) {
            assert!(!messages(text).is_empty());
            texts += 1;
        }
    }
    assert!(texts > 12, "only {texts} texts");
}

#[test]
fn every_message_is_found_by_its_own_text_and_names_what_exists() {
    for message in message::ALL {
        assert!(
            message::of(message.text).contains(&message),
            "{}",
            message.text
        );
        assert!(!message.checks.is_empty());
        for meta in message.checks {
            assert!(check::find(meta.id).is_some(), "{} is not listed", meta.id);
        }
        for name in message.run.split(' ') {
            let exists = SCENARIOS.iter().any(|(path, _)| {
                let rest = path.strip_prefix(name);
                rest.is_some_and(|rest| rest == ".yaml" || rest.starts_with('/'))
            });
            assert!(exists, "{name} of {}", message.text);
        }
    }
}

/// A title or an id must lead to its check, whatever words of Okta's it contains.
#[test]
fn every_check_is_found_by_its_id_and_by_its_title() {
    for meta in check::ALL {
        assert_eq!(explain::find(meta.id, check::ALL), Found::Check(meta));
        match explain::find(meta.title, check::ALL) {
            Found::Check(found) => assert_eq!(found, *meta),
            Found::Several(found) => assert!(found.contains(meta), "{}", meta.id),
            other => panic!("{}: {other:?}", meta.title),
        }
    }
}

#[test]
fn every_family_is_listed_by_its_name() {
    let families: BTreeSet<_> = check::ALL
        .iter()
        .filter_map(|m| m.id.split('/').next())
        .collect();
    for family in families {
        let found = match explain::find(family, check::ALL) {
            Found::Check(meta) => vec![meta],
            Found::Several(found) => found,
            other => panic!("{family}: {other:?}"),
        };
        let prefix = format!("{family}/");
        assert!(
            check::ALL
                .iter()
                .filter(|m| m.id.starts_with(&prefix))
                .all(|m| found.contains(m))
        );
    }
}

fn page(messages: &[&'static Message]) -> String {
    anstream::adapter::strip_str(&explain::messages(messages, 80)).to_string()
}

#[test]
fn pages_of_messages_fit_a_terminal() {
    let every: Vec<_> = message::ALL.iter().collect();
    for line in page(&every).lines() {
        assert!(width_of(line) <= 80, "{line}");
    }
    insta::assert_snapshot!(page(&messages("Unrecognized token")), @"
    Okta: Invalid JSON: Unrecognized token '...'
      Okta's parser met a body that is not JSON, often the error page of a proxy.
      The token is the first word of that body; the real cause is hidden behind it.

      Checks that find the cause
        envelope/json          the body of a successful answer is not JSON
        error/body             an error has no SCIM error body
        error/server-error     a correct request is answered with a server error
        sequence/refused       a request that Okta sends in this sequence is refused
        sequence/server-error  a request that Okta sends in this sequence makes the
                               server fail

      See it happen
        scim-conform run --fault html-with-200
        also with errors-as-plain-text, null-display-crashes,
        external-id-must-be-unique

      See whether your server has it
        scim-conform run errors connection --target URL

      Where the message is known from
        https://github.com/Metatavu/keycloak-scim-server/issues/100
    ");
}
