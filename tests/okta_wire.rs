//! Every job of Okta's, byte for byte: which requests, in which order, with which headers and bodies.
//!
//! A snapshot holds the whole conversation of a job for one kind of app, or for both when they do not differ,
//! and below it what Okta makes of the answers. Both transports must send the same.

#[path = "support/okta_jobs.rs"]
mod okta_jobs;
#[expect(
    dead_code,
    reason = "its single requests are for the tests of transports"
)]
#[path = "support/okta_requests.rs"]
mod okta_requests;
#[expect(
    dead_code,
    reason = "its worse manners are for the tests of bad networks"
)]
#[path = "support/raw_server.rs"]
mod raw_server;

use std::fmt::Write as _;

use okta_jobs::{Okta, Told, error, group, list, no_content, nobody, ok, person};
use raw_server::json;
use scim_conform::okta::body::Member;
use scim_conform::okta::task::Subject;
use scim_conform::okta::{App, Variant, Variants};

const USER_ID: &str = "7b1c0a52-6c1d-4a55-9d7e-0f3c6a2b9e11";
const GROUP_ID: &str = "a1/b c";

/// A target's answer about a user: keys in an order of its own, keys of its own, a stale `formatted`, an element
/// without `type`, a foreign `externalId` and escaped characters.
fn user(active: bool) -> String {
    format!(
        r#"{{"id":"{USER_ID}","externalId":"foreign","meta":{{"version":"W/\"3\"","location":"https://elsewhere.test/7"}},"x-tier":{{"b":2,"a":[1,null,1.5]}},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"name":{{"familyName":"Byron","formatted":"Ad\u00e9le Byron","givenName":"Adéle"}},"userName":"ada@example.com","active":{active},"emails":[{{"primary":false,"value":"home@example.com"}},{{"primary":true,"value":"ada@example.com","display":"Ada"}}],"nickName":"Lu/\\"}}"#
    )
}

/// A target's answer about a group.
fn stored_group(members: &str) -> String {
    format!(
        r#"{{"members":{members},"meta":{{"resourceType":"Group"}},"id":"{GROUP_ID}","x-color":"blau ö","displayName":"Night Shift","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}}"#
    )
}

fn created(body: &str) -> Vec<u8> {
    json("201 Created", body)
}

/// The conversation and its outcome, as text.
fn told(told: &Told) -> String {
    let mut text = told.requests.join("\n\n");
    for effect in &told.done.effects {
        write!(text, "\n\n=> {effect:?}").expect("a string takes everything");
    }
    if let Some(trouble) = &told.done.trouble {
        write!(
            text,
            "\n\n=> {} failed: {:?}\n   {}",
            trouble.slot,
            trouble.cause,
            told.admin_sees()
        )
        .expect("a string takes everything");
    }
    text
}

/// Runs a job for both kinds of app, each with its own answers.
async fn by_app(job: &str, subject: Subject, custom: &[Vec<u8>], oin: &[Vec<u8>]) -> String {
    let mut texts = Vec::new();
    for (app, answers) in App::ALL.into_iter().zip([custom, oin]) {
        texts.push(told(&Okta::new(app).run(job, &subject, answers).await));
    }
    match &texts[..] {
        [custom, oin] if custom == oin => format!("##### custom and oin\n\n{custom}"),
        [custom, oin] => format!("##### custom\n\n{custom}\n\n\n##### oin\n\n{oin}"),
        other => panic!("two kinds of app, not {other:?}"),
    }
}

/// The same where both kinds get the same answers.
async fn both_apps(job: &str, subject: Subject, answers: &[Vec<u8>]) -> String {
    by_app(job, subject, answers, answers).await
}

fn unassigned() -> Subject {
    Subject::Person(person(None))
}

fn assigned() -> Subject {
    Subject::Person(person(Some(USER_ID)))
}

/// A group with these members, of whom those in `pushed` were sent before.
fn crew(name: &str, link: Option<&str>, members: &[&str], pushed: &[&str]) -> Subject {
    let members: Vec<Member> = members
        .iter()
        .map(|id| Member {
            id: (*id).to_owned(),
            display: Some(format!("{id}@example.com")),
        })
        .collect();
    Subject::Group(group(name, link, &members, pushed))
}

/// The same job of a kind of app in a state of "Import Groups".
fn importing(app: App, import_groups: bool) -> Okta {
    Okta {
        import_groups,
        ..Okta::new(app)
    }
}

#[tokio::test]
async fn test_connection() {
    insta::assert_snapshot!(both_apps("test-connection", Subject::App, &[nobody()]).await);
}

/// Groups are read only while "Import Groups" is on, whatever the kind of app.
#[tokio::test]
async fn save_the_integration() {
    let users = "GET /scim/v2/Users?startIndex=1&count=2";
    let groups = "GET /scim/v2/Groups?startIndex=1&count=100";
    for app in App::ALL {
        let save = async |import_groups: bool, answers: &[Vec<u8>]| {
            let okta = importing(app, import_groups);
            let told = okta.run("save-integration", &Subject::App, answers).await;
            told.lines()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(save(true, &[nobody(), nobody()]).await, [users, groups]);
        assert_eq!(save(false, &[nobody()]).await, [users]);
    }
}

/// A group is looked up before it is created only while Okta does not know the target's groups.
#[tokio::test]
async fn a_group_is_looked_up_while_groups_are_not_imported() {
    let subject = crew("Night Shift", None, &["u1"], &[]);
    let answer = stored_group(r#"[{"value":"u1"}]"#);
    for app in App::ALL {
        let rest: &[Vec<u8>] = match app {
            App::Custom => &[created(&answer), ok(&answer), ok(&answer)],
            App::Oin => &[created(&answer), no_content()],
        };
        let on = importing(app, true).run("push-group", &subject, rest).await;
        assert!(on.lines()[0].starts_with("POST /scim/v2/Groups"), "{app}");
        let answers = [&[nobody()], rest].concat();
        let off = importing(app, false)
            .run("push-group", &subject, &answers)
            .await;
        assert!(
            off.lines()[0].starts_with("GET /scim/v2/Groups?filter="),
            "{app}"
        );
        assert_eq!(off.lines()[1..], on.lines()[..], "{app}");
    }
}

#[tokio::test]
async fn assign_to_a_target_without_the_user() {
    let answers = [nobody(), created(&user(true))];
    insta::assert_snapshot!(both_apps("assign", unassigned(), &answers).await);
}

/// Okta takes a 404 with a SCIM error for "nobody".
#[tokio::test]
async fn assign_after_404() {
    let answers = [error("404 Not Found", "no match"), created(&user(true))];
    let told = Okta::new(App::Oin)
        .run("assign", &unassigned(), &answers)
        .await;
    assert_eq!(told.lines()[1], "POST /scim/v2/Users");
    assert_eq!(told.done.trouble, None);
}

#[tokio::test]
async fn assign_an_active_user() {
    let answers = [list(1, &[&user(true)]), ok(&user(true)), ok(&user(true))];
    insta::assert_snapshot!(both_apps("assign", unassigned(), &answers).await);
}

#[tokio::test]
async fn assign_an_inactive_user() {
    let found = list(1, &[&user(false)]);
    let custom = [
        found.clone(),
        ok(&user(false)),
        ok(&user(true)),
        ok(&user(true)),
        ok(&user(true)),
    ];
    let oin = [found, no_content(), ok(&user(true)), ok(&user(true))];
    insta::assert_snapshot!(by_app("assign", unassigned(), &custom, &oin).await);
}

#[tokio::test]
async fn assign_with_many_matches() {
    let answers = [list(2, &[&user(true), &user(false)])];
    insta::assert_snapshot!(both_apps("assign", unassigned(), &answers).await);
}

#[tokio::test]
async fn assign_with_an_unreadable_look_up() {
    let answers = [ok(
        r#"{"totalResults":0,"startIndex":"1","itemsPerPage":0,"Resources":[]}"#,
    )];
    insta::assert_snapshot!(both_apps("assign", unassigned(), &answers).await);
}

#[tokio::test]
async fn push_profile() {
    let answers = [ok(&user(true)), ok(&user(true))];
    insta::assert_snapshot!(both_apps("push-profile", assigned(), &answers).await);
}

/// A target that says next to nothing is sent the attributes in the order of a create.
#[tokio::test]
async fn push_profile_onto_a_bare_answer() {
    let answers = [ok("{}"), ok("{}")];
    insta::assert_snapshot!(both_apps("push-profile", assigned(), &answers).await);
}

#[tokio::test]
async fn push_profile_by_patch() {
    let okta = Okta {
        variants: Variants::NONE.with(Variant::PatchProfile),
        ..Okta::new(App::Oin)
    };
    let answers = [ok(&user(true))];
    insta::assert_snapshot!(told(&okta.run("push-profile", &assigned(), &answers).await));
}

#[tokio::test]
async fn deactivate() {
    let custom = [ok(&user(true)), ok(&user(false))];
    let oin = [no_content()];
    insta::assert_snapshot!(by_app("deactivate", assigned(), &custom, &oin).await);
}

#[tokio::test]
async fn sync_password() {
    let custom = [ok(&user(true)), ok(&user(true))];
    let oin = [no_content()];
    insta::assert_snapshot!(by_app("sync-password", assigned(), &custom, &oin).await);
}

#[tokio::test]
async fn push_a_new_group() {
    let subject = crew("Night \"Shift\" & Ü", None, &["u2", "u1"], &[]);
    let answer = stored_group("[]");
    let custom = [nobody(), created(&answer), ok(&answer), ok(&answer)];
    let oin = [created(&answer), no_content()];
    insta::assert_snapshot!(by_app("push-group", subject, &custom, &oin).await);
}

#[tokio::test]
async fn push_an_empty_group() {
    let subject = crew("Night Shift", None, &[], &[]);
    let answer = stored_group("[]");
    let custom = [nobody(), created(&answer), ok(&answer), ok(&answer)];
    let oin = [created(&answer)];
    insta::assert_snapshot!(by_app("push-group", subject, &custom, &oin).await);
}

#[tokio::test]
async fn link_a_group_by_name() {
    let subject = crew("Night Shift", None, &["u1"], &[]);
    let answer = stored_group(r#"[{"value":"stranger"}]"#);
    let found = list(1, &[&answer]);
    let custom = [found.clone(), ok(&answer), ok(&answer)];
    let oin = [found, ok(&answer), no_content(), no_content()];
    let mut told = Vec::new();
    for (app, answers) in [(App::Custom, &custom[..]), (App::Oin, &oin[..])] {
        let okta = importing(app, false);
        told.push(format!(
            "=== {app}\n{}",
            self::told(&okta.run("push-group", &subject, answers).await)
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn rename_a_group() {
    let subject = crew("Day Shift", Some(GROUP_ID), &["u1"], &["u1"]);
    let answer = stored_group(r#"[{"value":"u1"}]"#);
    let custom = vec![ok(&answer); 3];
    let oin = [ok(&answer), no_content()];
    insta::assert_snapshot!(by_app("update-group", subject, &custom, &oin).await);
}

#[tokio::test]
async fn change_the_members_of_a_group() {
    let subject = crew(
        "Night Shift",
        Some(GROUP_ID),
        &["u3", "u1", "u4"],
        &["u1", "u\"2", "u5"],
    );
    let answer = stored_group(r#"[{"value":"u1","$ref":"x"},{"value":"u\"2"},{"value":"u5"}]"#);
    let custom = vec![ok(&answer); 5];
    let oin = [ok(&answer), no_content(), no_content()];
    insta::assert_snapshot!(by_app("update-group", subject, &custom, &oin).await);
}

#[tokio::test]
async fn push_a_group_now() {
    let subject = crew("Night Shift", Some(GROUP_ID), &["u1", "u2"], &["u1"]);
    let answer = stored_group(r#"[{"value":"stranger"}]"#);
    let custom = vec![ok(&answer); 4];
    let oin = [ok(&answer), no_content(), no_content()];
    insta::assert_snapshot!(by_app("push-group-now", subject, &custom, &oin).await);
}

#[tokio::test]
async fn push_an_emptied_group_now() {
    let subject = crew("Night Shift", Some(GROUP_ID), &[], &["u1"]);
    let answer = stored_group(r#"[{"value":"u1"}]"#);
    let custom = vec![ok(&answer); 4];
    let oin = [ok(&answer), no_content(), no_content()];
    insta::assert_snapshot!(by_app("push-group-now", subject, &custom, &oin).await);
}

#[tokio::test]
async fn delete_a_group() {
    let subject = crew("Night Shift", Some(GROUP_ID), &["u1"], &["u1"]);
    let answers = [ok(&stored_group("[]")), no_content()];
    insta::assert_snapshot!(both_apps("delete-group", subject, &answers).await);
}

#[tokio::test]
async fn import_users() {
    let page = list(250, &[&user(true)]);
    let answers = [page.clone(), page.clone(), page];
    insta::assert_snapshot!(both_apps("import-users", Subject::App, &answers).await);
}

#[tokio::test]
async fn import_groups() {
    let page = list(101, &[&stored_group("[]")]);
    insta::assert_snapshot!(both_apps("import-groups", Subject::App, &[page.clone(), page]).await);
}

/// Okta adds 100 to `startIndex` whatever came back, for as long as `totalResults` says that there is more.
#[tokio::test]
async fn an_import_believes_the_total_alone() {
    let full: Vec<String> = (0..100).map(|n| format!(r#"{{"id":"{n}"}}"#)).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let table: [(&str, Vec<Vec<u8>>); 6] = [
        ("empty", vec![nobody()]),
        ("exactly a page", vec![list(100, &full)]),
        ("too low: the rest is lost", vec![list(50, &full)]),
        (
            "too high: empty pages",
            vec![list(201, &[]), list(201, &[]), list(201, &[])],
        ),
        (
            "pages of one: others are lost",
            vec![list(101, &full[..1]), list(101, &full[..1])],
        ),
        ("shrinks on the way", vec![list(300, &full), list(150, &[])]),
    ];
    for (what, answers) in table {
        for (job, endpoint) in [("import-users", "Users"), ("import-groups", "Groups")] {
            let told = Okta::new(App::Oin).run(job, &Subject::App, &answers).await;
            let wanted: Vec<String> = (0..answers.len())
                .map(|n| {
                    format!(
                        "GET /scim/v2/{endpoint}?startIndex={}&count=100",
                        n * 100 + 1
                    )
                })
                .collect();
            assert_eq!(told.lines(), wanted, "{what}");
            assert_eq!(told.done.trouble, None, "{what}");
        }
    }
}

/// A PATCH carries at most 100 membership changes, removes and adds together.
#[tokio::test]
async fn members_go_in_batches() {
    let ids = |prefix: &str, count: usize| -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n:03}")).collect()
    };
    let table = [
        ("update-group", 0, 100, vec![(0, 100)]),
        ("update-group", 0, 250, vec![(0, 100), (0, 100), (0, 50)]),
        ("update-group", 101, 0, vec![(100, 0), (1, 0)]),
        ("update-group", 60, 60, vec![(60, 40), (0, 20)]),
        ("update-group", 100, 100, vec![(100, 0), (0, 100)]),
        ("update-group", 150, 70, vec![(100, 0), (50, 50), (0, 20)]),
        ("push-group-now", 5, 201, vec![(0, 100), (0, 100), (0, 1)]),
    ];
    for (job, removed, added, wanted) in table {
        let (old, new) = (ids("old", removed), ids("new", added));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let subject = crew("Night Shift", Some(GROUP_ID), &new, &old);
        let mut answers = vec![ok(&stored_group("[]"))];
        answers.resize(wanted.len() + 2, no_content());
        let told = Okta::new(App::Oin).run(job, &subject, &answers).await;
        let bodies = told.bodies();
        let mut changes = Vec::new();
        let mut sent = Vec::new();
        for body in &bodies[1..] {
            let operations = body["Operations"].as_array().expect("operations");
            let (mut removes, mut adds) = (0, 0);
            for operation in operations {
                match operation["op"].as_str() {
                    Some("remove") => {
                        assert_eq!(adds, 0, "removes come first");
                        removes += 1;
                        sent.push(operation["path"].to_string());
                    }
                    Some("add" | "replace") => {
                        assert_eq!(operation["path"], "members");
                        assert_eq!(adds, 0, "one operation adds all");
                        let members = operation["value"].as_array().expect("an array");
                        adds += members.len();
                        sent.extend(members.iter().map(|m| m["value"].to_string()));
                    }
                    other => panic!("{other:?}"),
                }
            }
            changes.push((removes, adds));
        }
        assert_eq!(changes, wanted, "{job}: {removed} out, {added} in");
        let verbs: Vec<_> = bodies[1..]
            .iter()
            .map(|body| body["Operations"][0]["op"].clone())
            .collect();
        let replaces = verbs.iter().filter(|op| *op == "replace").count();
        assert_eq!(replaces, usize::from(job == "push-group-now"), "{verbs:?}");
        let mut expected: Vec<String> = Vec::new();
        if job == "update-group" {
            expected.extend(
                old.iter()
                    .map(|id| format!(r#""members[value eq \"{id}\"]""#)),
            );
        }
        expected.extend(new.iter().map(|id| format!("\"{id}\"")));
        assert_eq!(sent, expected, "{job}: everybody once, in order");
    }
}
