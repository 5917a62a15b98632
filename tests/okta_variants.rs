//! What each variant changes on the wire, and nothing else: the conversation of a job with the variant, against the
//! one without it.

#[path = "support/diff.rs"]
mod diff;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use diff::unified;
use indexmap::IndexMap;
use scim_conform::exchange::{Body, Exchange, Method, Response, Timing};
use scim_conform::okta::body::Member;
use scim_conform::okta::drive::{self, Line, NotSent};
use scim_conform::okta::org::{AdminAction, Org, Person, Status};
use scim_conform::okta::request::{Call, Client};
use scim_conform::okta::task::{GroupCard, PersonCard, Subject};
use scim_conform::okta::{App, Behaviour, Evidence, Variant, Variants};
use scim_conform::secret::Secret;
use serde_json::{Value, json};

/// A target that finds a user in this state, or nobody; and groups as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Empty,
    Active,
    Inactive,
}

/// Answers every call, and keeps the requests.
struct Known {
    target: Target,
    sent: Vec<(String, Evidence)>,
}

impl Known {
    fn answer(&self, call: &Call) -> (u16, Value) {
        let user = json!({"id": "u1", "userName": "ada", "title": "Dr", "active": self.target == Target::Active});
        let path = call.request.target.split('?').next().unwrap_or_default();
        match (call.request.method, path) {
            (Method::Get, "/Users") if self.target != Target::Empty => {
                (200, json!({"totalResults": 1, "Resources": [user]}))
            }
            (Method::Get, "/Users" | "/Groups") => (200, json!({"totalResults": 0})),
            (Method::Get, "/Groups/g1") => (
                200,
                json!({"id": "g1", "meta": {"version": "1"}, "displayName": "Old", "members": []}),
            ),
            (Method::Post, "/Groups") => (201, json!({"id": "g1"})),
            (Method::Post, _) => (201, user),
            _ => (200, user),
        }
    }
}

impl Line for Known {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        let request = &call.request;
        let body = request.body.as_deref().unwrap_or_default();
        let text = format!(
            "{} {}\n{}",
            request.method,
            request.target,
            String::from_utf8_lossy(body)
        );
        self.sent.push((text, call.evidence));
        let (status, json) = self.answer(&call);
        let body = Bytes::from(json.to_string());
        Ok(Exchange {
            request: call.request,
            outcome: Ok(Response {
                status,
                headers: vec![],
                body: Body::read(body, None),
            }),
            timing: Timing::default(),
        })
    }
}

/// What a job sends, each request with how it is known.
async fn sent(
    app: App,
    job: &str,
    subject: &Subject,
    target: Target,
    variants: Variants,
) -> Vec<(String, Evidence)> {
    let behaviour = Behaviour::embedded().unwrap();
    let client = Client::default();
    let settings = drive::Settings {
        app,
        variants,
        apps: &behaviour.apps,
        client: &client,
        import_groups: false,
    };
    let mut line = Known {
        target,
        sent: Vec::new(),
    };
    let job = behaviour.jobs.get(job).unwrap();
    let done = drive::run(job, subject, &settings, &mut line).await;
    assert_eq!(done.trouble, None);
    line.sent
}

/// Ada, whose title was emptied.
fn ada(link: Option<&str>) -> Subject {
    Subject::Person(PersonCard {
        key: "ada".to_owned(),
        okta_id: "00u1".to_owned(),
        login: "ada".to_owned(),
        name: "Ada Byron".to_owned(),
        profile: IndexMap::from([
            ("login".to_owned(), json!("ada")),
            ("email".to_owned(), json!("ada+x@example.com")),
            ("locale".to_owned(), json!("en-US")),
            ("title".to_owned(), Value::Null),
            ("roles".to_owned(), json!(["admin", "editor"])),
        ]),
        password: Secret::new("9fKq2LwX"),
        link: link.map(str::to_owned),
    })
}

/// A group of those who were pushed before and those who are new.
fn crew(link: Option<&str>, pushed: &[&str], members: &[&str]) -> Subject {
    let member = |id: &&str| Member {
        id: (*id).to_owned(),
        display: Some(format!("{id}@example.com")),
    };
    Subject::Group(GroupCard {
        key: "crew".to_owned(),
        name: "Night \"Shift\"".to_owned(),
        members: members.iter().map(member).collect(),
        pushed: pushed.iter().map(|id| (*id).to_owned()).collect(),
        keep: BTreeSet::new(),
        link: link.map(str::to_owned),
    })
}

fn many(count: usize) -> Subject {
    let ids: Vec<String> = (0..count).map(|n| format!("m{n:04}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    crew(Some("g1"), &[], &ids)
}

/// A situation in which a variant shows.
fn situations() -> Vec<(&'static str, &'static str, Subject, Target)> {
    let linked = || ada(Some("u1"));
    let changed = crew(Some("g1"), &["a", "b"], &["b", "c", "d"]);
    vec![
        ("assigned anew", "assign", ada(None), Target::Empty),
        ("found active", "assign", ada(None), Target::Active),
        ("found inactive", "assign", ada(None), Target::Inactive),
        ("changed", "push-profile", linked(), Target::Active),
        (
            "changed while inactive",
            "push-profile",
            linked(),
            Target::Inactive,
        ),
        ("deactivated", "deactivate", linked(), Target::Active),
        ("new password", "sync-password", linked(), Target::Active),
        (
            "group pushed",
            "push-group",
            crew(None, &[], &["a", "b"]),
            Target::Empty,
        ),
        (
            "group changed",
            "update-group",
            changed.clone(),
            Target::Empty,
        ),
        ("group pushed now", "push-group-now", changed, Target::Empty),
        ("large group", "update-group", many(1100), Target::Empty),
    ]
}

fn text(sent: &[(String, Evidence)]) -> String {
    let mut text = String::new();
    for (request, _) in sent {
        for line in request.trim_end().lines() {
            // A thousand members are counted.
            let members = line.matches("\"value\":\"m").count();
            if members > 3 {
                writeln!(text, "{{… {members} members}}").unwrap();
            } else {
                writeln!(text, "{line}").unwrap();
            }
        }
    }
    text
}

/// The lines that a diff takes away and brings.
fn changes(old: &str, new: &str) -> String {
    let diff = unified(("default", old), ("variant", new));
    diff.lines()
        .filter(|line| line.starts_with(['+', '-']))
        .filter(|line| !line.starts_with("+++") && !line.starts_with("---"))
        .map(|line| format!("  {line}\n"))
        .collect()
}

#[tokio::test]
async fn what_each_variant_changes() {
    let situations = situations();
    let mut shown = String::new();
    for variant in Variant::ALL {
        let meta = variant.meta();
        writeln!(shown, "{variant}: {}", meta.meaning).unwrap();
        let variants = Variants::NONE.with(variant);
        let mut apps = BTreeSet::new();
        for (what, job, subject, target) in &situations {
            let mut by_app = Vec::new();
            for app in App::ALL {
                let before = sent(app, job, subject, *target, Variants::NONE).await;
                let after = sent(app, job, subject, *target, variants).await;
                if before == after {
                    continue;
                }
                apps.insert(app);
                for (request, evidence) in &after {
                    // What is the same without it is known as well as without it; the rest no better than it is.
                    match before.iter().find(|(other, _)| other == request) {
                        Some((_, known)) => {
                            assert!(evidence == known || *evidence <= meta.evidence)
                        }
                        None => assert!(*evidence <= meta.evidence, "{variant}: {request}"),
                    }
                }
                by_app.push((app, changes(&text(&before), &text(&after))));
            }
            match &by_app[..] {
                [(_, custom), (_, oin)] if custom == oin => {
                    write!(shown, " {what}, both\n{custom}").unwrap();
                }
                several => {
                    for (app, changes) in several.iter().filter(|(_, c)| !c.is_empty()) {
                        write!(shown, " {what}, {app}\n{changes}").unwrap();
                    }
                }
            }
        }
        // These are not about what a job sends.
        let elsewhere = [Variant::SuspendAsDeactivate, Variant::PagedDiscovery];
        if elsewhere.contains(&variant) {
            assert!(apps.is_empty(), "{variant}");
        } else {
            let named: BTreeSet<App> = meta.apps.iter().copied().collect();
            assert_eq!(apps, named, "{variant} names the apps that it changes");
        }
    }
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(shown);
    });
}

/// Suspension is a decision of the org, before any request.
#[test]
fn suspending_starts_a_deactivation_only_under_the_variant() {
    for (variants, job) in [
        (Variants::NONE, None),
        (
            Variants::NONE.with(Variant::SuspendAsDeactivate),
            Some("deactivate"),
        ),
    ] {
        let person = Person {
            okta_id: "00u1".to_owned(),
            login: "ada".to_owned(),
            profile: IndexMap::new(),
            password: Secret::new("9fKq2LwX"),
            status: Status::Active,
            link: Some("u1".to_owned()),
        };
        let mut org = Org {
            app: App::Oin,
            import_groups: true,
            variants,
            people: IndexMap::from([("ada".to_owned(), person)]),
            groups: IndexMap::new(),
        };
        let started = org.act(&AdminAction::Suspend("ada")).map(|task| task.job);
        assert_eq!(started, job);
        let back = org
            .act(&AdminAction::Reactivate("ada"))
            .map(|task| task.job);
        assert_eq!(back, job.map(|_| "assign"));
    }
}
