//! `explain` leads from what an Okta administrator reads to the checks that find the cause.

use std::collections::BTreeSet;

use scim_conform::check;
use scim_conform::embedded::SCENARIOS;
use scim_conform::okta::Behaviour;
use scim_conform::report::explain::message::{self, Message};
use scim_conform::report::explain::{self, Found};
use scim_conform::report::text::width_of;

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
        envelope/json       the body of a successful answer is not JSON
        error/body          an error has no SCIM error body
        error/server-error  a correct request is answered with a server error

      See whether your server has it
        scim-conform run errors connection --target URL

      Where the message is known from
        https://github.com/Metatavu/keycloak-scim-server/issues/100
    ");
}
