//! Which admin action starts which job, or none; what a job leaves behind in the org; and what the admin sees when
//! a target misbehaves.

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

use std::collections::BTreeSet;

use indexmap::IndexMap;
use okta_jobs::{Okta, Told, error, group, list, no_content, nobody, ok, person};
use raw_server::json;
use scim_conform::exchange::Method;
use scim_conform::okta::drive::Cause;
use scim_conform::okta::org::{AdminAction, Group, Org, Person, Pushed, Status};
use scim_conform::okta::task::{Effect, Subject, Task};
use scim_conform::okta::{App, Variants};
use scim_conform::secret::Secret;
use serde_json::{Value, json as value};

const USER: &str = r#"{"id":"u-ada","userName":"ada@example.com","active":true}"#;
const INACTIVE: &str = r#"{"id":"u-ada","userName":"ada@example.com","active":false}"#;
const GROUP: &str = r#"{"id":"g-crew","displayName":"Crew"}"#;

/// Ada, Bea and Cyd, all active, nobody assigned; Ada and Bea are the crew.
fn org(app: App) -> Org {
    let people = ["ada", "bea", "cyd"].map(|key| {
        let person = Person {
            okta_id: format!("00u-{key}"),
            login: format!("{key}@example.com"),
            profile: IndexMap::from([("firstName".to_owned(), Value::from(key))]),
            password: Secret::new("9fKq2LwX"),
            status: Status::Active,
            link: None,
        };
        (key.to_owned(), person)
    });
    let crew = Group {
        name: "Crew".to_owned(),
        members: BTreeSet::from(["ada".to_owned(), "bea".to_owned()]),
        link: None,
        pushed: Pushed::default(),
    };
    Org {
        app,
        import_groups: app == App::Oin,
        variants: Variants::NONE,
        people: IndexMap::from(people),
        groups: IndexMap::from([("crew".to_owned(), crew)]),
    }
}

/// The same with everybody assigned and the crew pushed.
fn provisioned(app: App) -> Org {
    let mut org = org(app);
    for (key, person) in &mut org.people {
        person.link = Some(format!("u-{key}"));
    }
    let crew = &mut org.groups["crew"];
    crew.link = Some("g-crew".to_owned());
    crew.pushed = Pushed {
        name: Some("Crew".to_owned()),
        members: indexmap::IndexSet::from(["u-ada".to_owned(), "u-bea".to_owned()]),
    };
    org
}

/// Carries out a task and applies what it changed.
async fn carry_out(org: &mut Org, task: &Task, answers: &[Vec<u8>]) -> Told {
    let told = Okta::new(org.app)
        .run(task.job, &task.subject, answers)
        .await;
    org.apply(&told.done.effects);
    told
}

/// An admin action that must start a job, carried out.
async fn act(org: &mut Org, action: &AdminAction<'_>, answers: &[Vec<u8>]) -> Told {
    let task = org.act(action).expect("a job");
    carry_out(org, &task, answers).await
}

fn group_card(task: &Task) -> (Vec<&str>, Vec<String>, Vec<String>) {
    let Subject::Group(card) = &task.subject else {
        panic!("not about a group: {task:?}");
    };
    (
        card.members.iter().map(|m| m.id.as_str()).collect(),
        card.added().into_iter().map(|m| m.id).collect(),
        card.removed().into_iter().collect(),
    )
}

#[test]
fn actions_and_their_jobs() {
    use AdminAction as A;
    let leave = A::UnlinkGroup {
        group: "crew",
        delete: false,
    };
    let delete = A::UnlinkGroup {
        group: "crew",
        delete: true,
    };
    // Action; its job when everybody is provisioned; its job when nobody is.
    let table = [
        (
            A::TestConnection,
            Some("test-connection"),
            Some("test-connection"),
        ),
        (A::ImportUsers, Some("import-users"), Some("import-users")),
        (
            A::ImportGroups,
            Some("import-groups"),
            Some("import-groups"),
        ),
        (A::Assign("ada"), None, Some("assign")),
        (A::Reactivate("ada"), None, Some("assign")),
        (A::Suspend("ada"), None, None),
        (A::Unassign("ada"), Some("deactivate"), None),
        (A::Deactivate("ada"), Some("deactivate"), None),
        (A::PushProfile("ada"), Some("push-profile"), None),
        (A::SyncPassword("ada"), Some("sync-password"), None),
        (A::PushGroup("crew"), None, Some("push-group")),
        (
            A::PushGroupNow("crew"),
            Some("push-group-now"),
            Some("push-group"),
        ),
        (leave, None, None),
        (delete, Some("delete-group"), None),
        (A::Assign("nobody"), None, None),
        (A::Deactivate("nobody"), None, None),
        (A::PushGroup("nobody"), None, None),
    ];
    for app in App::ALL {
        for (action, linked, unlinked) in &table {
            let job = |mut org: Org| org.act(action).map(|task| task.job);
            assert_eq!(job(provisioned(app)), *linked, "{action:?}, provisioned");
            assert_eq!(job(org(app)), *unlinked, "{action:?}, not provisioned");
        }
    }
}

#[test]
fn a_suspension_sends_nothing_in_either_direction() {
    let mut org = provisioned(App::Oin);
    assert!(org.act(&AdminAction::Suspend("ada")).is_none());
    assert_eq!(org.people["ada"].status, Status::Suspended);
    assert!(org.act(&AdminAction::Assign("ada")).is_none());
    assert!(org.act(&AdminAction::PushGroup("crew")).is_none());
    assert!(org.act(&AdminAction::Reactivate("ada")).is_none());
    assert_eq!(org.people["ada"].status, Status::Active);
    assert_eq!(org.people["ada"].link.as_deref(), Some("u-ada"));
}

#[test]
fn nothing_is_sent_for_somebody_who_is_gone_already() {
    for first in [AdminAction::Deactivate("ada"), AdminAction::Unassign("ada")] {
        let mut org = provisioned(App::Custom);
        assert_eq!(org.act(&first).map(|t| t.job), Some("deactivate"));
        for action in [
            AdminAction::Deactivate("ada"),
            AdminAction::Unassign("ada"),
            AdminAction::Delete("ada"),
            AdminAction::PushProfile("ada"),
            AdminAction::SyncPassword("ada"),
        ] {
            assert!(org.act(&action).is_none(), "{action:?} after {first:?}");
        }
    }
}

#[test]
fn somebody_deactivated_can_only_come_back_by_a_new_assignment() {
    let mut org = provisioned(App::Oin);
    assert!(org.act(&AdminAction::Deactivate("ada")).is_some());
    assert!(org.act(&AdminAction::Assign("ada")).is_none(), "not active");
    let task = org.act(&AdminAction::Reactivate("ada")).expect("a job");
    assert_eq!(task.job, "assign");
    let Subject::Person(card) = &task.subject else {
        panic!("not about a person: {task:?}");
    };
    assert_eq!(card.link, None, "the old id is forgotten");
}

#[tokio::test]
async fn an_assignment_that_fails_keeps_no_link() {
    let refused = || error("500 Internal Server Error", "boom");
    let inactive = || list(1, &[INACTIVE]);
    let active = || list(1, &[USER]);
    let table: [(App, &str, Vec<Vec<u8>>); 9] = [
        (App::Custom, "look-up", vec![refused()]),
        (App::Custom, "many", vec![list(2, &[USER, INACTIVE])]),
        (App::Oin, "create", vec![nobody(), refused()]),
        (
            App::Oin,
            "empty create",
            vec![nobody(), json("201 Created", "")],
        ),
        (App::Custom, "read", vec![active(), refused()]),
        (App::Custom, "push", vec![active(), ok(USER), refused()]),
        (
            App::Custom,
            "wake by PUT",
            vec![inactive(), ok(INACTIVE), refused()],
        ),
        (App::Oin, "wake by PATCH", vec![inactive(), refused()]),
        (
            App::Oin,
            "push after wake",
            vec![inactive(), no_content(), ok(USER), refused()],
        ),
    ];
    for (app, what, answers) in table {
        let mut org = org(app);
        let told = act(&mut org, &AdminAction::Assign("ada"), &answers).await;
        assert!(told.done.trouble.is_some(), "{what}");
        assert_eq!(org.people["ada"].link, None, "{what}");
        assert!(org.act(&AdminAction::Unassign("ada")).is_none(), "{what}");
        let again = org.act(&AdminAction::Assign("ada")).map(|task| task.job);
        assert_eq!(again, Some("assign"), "{what}: a retry starts anew");
    }
}

#[tokio::test]
async fn an_assignment_links_to_the_id_that_the_target_gave() {
    let found = list(1, &[USER]);
    let created = |body: &str| vec![nobody(), json("201 Created", body)];
    let table = [
        ("created", created(USER), Some("u-ada")),
        ("created with 200", vec![nobody(), ok(USER)], Some("u-ada")),
        ("found", vec![found, ok(USER), ok(USER)], Some("u-ada")),
        // Okta believes in success, stores no id, and will send no deactivation.
        (
            "created without id",
            created(r#"{"userName":"ada@example.com"}"#),
            None,
        ),
    ];
    for (what, answers, link) in table {
        let mut org = org(App::Oin);
        let told = act(&mut org, &AdminAction::Assign("ada"), &answers).await;
        assert_eq!(told.done.trouble, None, "{what}");
        assert_eq!(org.people["ada"].link.as_deref(), link, "{what}");
        let next = org.act(&AdminAction::Unassign("ada")).map(|task| task.job);
        assert_eq!(next, link.map(|_| "deactivate"), "{what}");
    }
}

/// Okta makes a task for the admin; it does not try PUT.
#[tokio::test]
async fn a_refused_patch_is_not_tried_as_put() {
    let actions = [
        AdminAction::Deactivate("ada"),
        AdminAction::SyncPassword("ada"),
        AdminAction::PushGroupNow("crew"),
    ];
    for action in actions {
        for status in ["501 Not Implemented", "405 Method Not Allowed"] {
            let mut org = provisioned(App::Oin);
            let refused = error(status, "no PATCH here");
            let answers = match action {
                AdminAction::PushGroupNow(_) => vec![ok(GROUP), refused],
                _ => vec![refused],
            };
            let told = act(&mut org, &action, &answers).await;
            let trouble = told.done.trouble.as_ref().expect("trouble");
            assert_eq!(trouble.method, Method::Patch);
            let code = status[..3].parse().expect("a code");
            assert_eq!(trouble.cause, Cause::Refused(code), "{action:?}");
            let last = told.lines().last().copied().unwrap_or_default();
            assert!(last.starts_with("PATCH "), "{:?}", told.lines());
        }
    }
}

#[test]
fn only_provisioned_members_are_sent() {
    let mut org = org(App::Oin);
    let task = org.act(&AdminAction::PushGroup("crew")).expect("a job");
    assert!(group_card(&task).0.is_empty());

    org.people["bea"].link = Some("u-bea".to_owned());
    org.people["cyd"].link = Some("u-cyd".to_owned());
    let task = org.act(&AdminAction::PushGroup("crew")).expect("a job");
    assert_eq!(
        group_card(&task).0,
        ["u-bea"],
        "Cyd is no member, Ada not provisioned"
    );
}

#[tokio::test]
async fn a_deactivated_member_stays_in_the_pushed_group() {
    for app in App::ALL {
        let mut org = provisioned(app);
        assert!(org.act(&AdminAction::Deactivate("bea")).is_some());
        assert!(
            org.act(&AdminAction::PushGroup("crew")).is_none(),
            "nothing to push"
        );
        org.groups["crew"].members.remove("bea");
        assert!(
            org.act(&AdminAction::PushGroup("crew")).is_none(),
            "she has no id any more"
        );
    }

    let mut org = provisioned(App::Oin);
    assert!(org.act(&AdminAction::Deactivate("bea")).is_some());
    org.groups["crew"].members.insert("cyd".to_owned());
    let answers = [ok(GROUP), no_content(), no_content()];
    let told = act(&mut org, &AdminAction::PushGroup("crew"), &answers).await;
    assert_eq!(
        told.bodies()[1]["Operations"],
        value!([{"op": "add", "path": "members", "value": [{"value": "u-cyd", "display": "cyd@example.com"}]}])
    );
    let believed: Vec<&String> = org.groups["crew"].pushed.members.iter().collect();
    assert_eq!(believed, ["u-ada", "u-bea", "u-cyd"]);
}

#[test]
fn what_changed_of_a_group_is_what_was_not_pushed() {
    let mut org = provisioned(App::Oin);
    let crew = &mut org.groups["crew"];
    crew.members = BTreeSet::from(["ada".to_owned(), "cyd".to_owned()]);
    let task = org.act(&AdminAction::PushGroup("crew")).expect("a job");
    assert_eq!(task.job, "update-group");
    let wanted = (
        vec!["u-ada", "u-cyd"],
        vec!["u-cyd".to_owned()],
        vec!["u-bea".to_owned()],
    );
    assert_eq!(group_card(&task), wanted);

    let mut org = provisioned(App::Custom);
    org.groups["crew"].name = "Night Crew".to_owned();
    let job = org
        .act(&AdminAction::PushGroup("crew"))
        .map(|task| task.job);
    assert_eq!(job, Some("update-group"));
}

#[tokio::test]
async fn a_group_is_unlinked_by_the_admin_or_by_a_successful_delete() {
    let leave = AdminAction::UnlinkGroup {
        group: "crew",
        delete: false,
    };
    let mut org = provisioned(App::Oin);
    assert!(org.act(&leave).is_none());
    let crew = &org.groups["crew"];
    assert_eq!((&crew.link, crew.pushed.members.len()), (&None, 0));

    let delete = AdminAction::UnlinkGroup {
        group: "crew",
        delete: true,
    };
    for (answer, link) in [
        (no_content(), None),
        (error("500 Internal Server Error", "boom"), Some("g-crew")),
        (error("404 Not Found", "gone"), Some("g-crew")),
    ] {
        let mut org = provisioned(App::Oin);
        act(&mut org, &delete, &[ok(GROUP), answer]).await;
        assert_eq!(org.groups["crew"].link.as_deref(), link);
        let next = org
            .act(&AdminAction::PushGroup("crew"))
            .map(|task| task.job);
        assert_eq!(next, link.is_none().then_some("push-group"));
    }
}

/// A link to a group is kept although the push went wrong: the group is there, and a retry updates it.
#[tokio::test]
async fn a_group_push_that_fails_half_way_goes_on_from_there() {
    let mut org = provisioned(App::Oin);
    for n in 0..150 {
        let mut person = org.people["cyd"].clone();
        person.link = Some(format!("u-{n:03}"));
        org.people.insert(format!("crowd-{n:03}"), person);
    }
    let crew = &mut org.groups["crew"];
    crew.link = None;
    crew.pushed = Pushed::default();
    crew.members = (0..150).map(|n| format!("crowd-{n:03}")).collect();

    let answers = [
        json("201 Created", GROUP),
        no_content(),
        error("502 Bad Gateway", "later"),
    ];
    let told = act(&mut org, &AdminAction::PushGroup("crew"), &answers).await;
    assert_eq!(
        told.done.trouble.map(|t| t.slot).as_deref(),
        Some("members")
    );
    assert_eq!(org.groups["crew"].link.as_deref(), Some("g-crew"));
    assert_eq!(org.groups["crew"].pushed.members.len(), 100);

    let task = org.act(&AdminAction::PushGroup("crew")).expect("a job");
    assert_eq!(task.job, "update-group");
    assert_eq!(group_card(&task).1.len(), 50);
    let answers = [ok(GROUP), no_content(), no_content()];
    let told = carry_out(&mut org, &task, &answers).await;
    assert_eq!(told.done.trouble, None);
    assert!(org.act(&AdminAction::PushGroup("crew")).is_none());
}

#[tokio::test]
async fn a_cleared_attribute_is_told_once() {
    let had = r#"{"id":"u-ada","title":"Dr","active":true}"#;
    let mut org = provisioned(App::Custom);
    org.people["ada"]
        .profile
        .insert("title".to_owned(), Value::Null);

    let refused = error("400 Bad Request", "no");
    act(
        &mut org,
        &AdminAction::PushProfile("ada"),
        &[ok(had), refused],
    )
    .await;
    assert!(
        org.people["ada"].profile.contains_key("title"),
        "not told yet"
    );

    let answers = [ok(had), ok(had)];
    let told = act(&mut org, &AdminAction::PushProfile("ada"), &answers).await;
    assert_eq!(told.bodies()[0]["title"], "");
    assert!(!org.people["ada"].profile.contains_key("title"));
    let told = act(&mut org, &AdminAction::PushProfile("ada"), &answers).await;
    assert_eq!(told.bodies()[0]["title"], "Dr", "an echo from now on");
}

/// A job, its app and subject, the target's answers, and what the admin sees.
type Failing = (&'static str, App, Subject, Vec<Vec<u8>>, String);

/// The texts of Okta's knowledge base and of recorded tasks, for each way to fail.
#[tokio::test]
async fn what_the_admin_sees() {
    const ASSIGN: &str =
        "Automatic provisioning of user Łucja O’Neil 😀 to app <your app> failed: ";
    const LOGIN: &str = "ada.o'neil+x@example.com";
    let verifying = format!("{ASSIGN}Error while verifying if user {LOGIN} exists: ");
    let creating = format!("{ASSIGN}Error while creating user {LOGIN}: ");
    let pushing = format!("Error while trying to push profile update for {LOGIN}: ");
    let profile = format!(
        "Automatic profile push of user Łucja O’Neil 😀 to app <your app> failed: {pushing}"
    );
    let deactivating = format!(
        "Automatic deactivation of user Łucja O’Neil 😀 to app <your app> failed: \
         Error while trying to deactivate {LOGIN}: "
    );
    let pushing_group = "Unable to update Group Push mapping target App group Crew: ";
    let members =
        format!("{pushing_group}Error while updating user group membership for group Crew: ");
    let new = || Subject::Person(person(None));
    let known = || Subject::Person(person(Some("u-ada")));
    let crew = |link| Subject::Group(group("Crew", link, &[], &["u-bea"]));
    let status = |status: &str, body: &str| json(status, body);
    let unauthorized = || error("401 Unauthorized", "bad token");

    let table: Vec<Failing> = vec![
        // Saving the connector.
        (
            "test-connection",
            App::Custom,
            Subject::App,
            vec![status("401 Unauthorized", "")],
            "Error authenticating: Unauthorized".into(),
        ),
        (
            "test-connection",
            App::Custom,
            Subject::App,
            vec![ok("")],
            "Error authenticating: No results for users returned".into(),
        ),
        (
            "test-connection",
            App::Custom,
            Subject::App,
            vec![ok("[]")],
            "Error authenticating: No results for users returned".into(),
        ),
        (
            "test-connection",
            App::Oin,
            Subject::App,
            vec![ok("null")],
            "Error authenticating: No results for users returned".into(),
        ),
        (
            "test-connection",
            App::Oin,
            Subject::App,
            vec![ok("<!DOCTYPE html><html></html>")],
            "Error authenticating: No results for users returned".into(),
        ),
        (
            "test-connection",
            App::Oin,
            Subject::App,
            vec![ok("pong")],
            "Error authenticating: Invalid JSON: Unrecognized token 'pong'".into(),
        ),
        (
            "import-users",
            App::Oin,
            Subject::App,
            vec![ok("{}")],
            "Import of users from app <your app> failed: No results for users returned".into(),
        ),
        // Looking up.
        (
            "assign",
            App::Custom,
            new(),
            vec![list(3, &[USER, USER, USER])],
            "Multiple users found by userName. Expected 0 or 1 results but was [3]".into(),
        ),
        (
            "assign",
            App::Custom,
            new(),
            vec![list(2, &[USER])],
            "Multiple users found by userName. Expected 0 or 1 results but was [2]".into(),
        ),
        (
            "assign",
            App::Custom,
            new(),
            vec![unauthorized()],
            format!("{verifying}Unauthorized. Errors reported by remote server: bad token"),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![status("502 Bad Gateway", "error code: 502")],
            format!(
                "{verifying}Bad Gateway. Errors reported by remote server: \
                 Invalid JSON: Unrecognized token 'error'"
            ),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![ok(r#"{"totalResults":"0","Resources":[]}"#)],
            verifying.clone(),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![status("404 Not Found", "{}")],
            format!("{verifying}Not Found"),
        ),
        // Creating.
        (
            "assign",
            App::Custom,
            new(),
            vec![nobody(), status("201 Created", "")],
            format!("{creating}Create new user returned empty user."),
        ),
        (
            "assign",
            App::Custom,
            new(),
            vec![nobody(), status("201 Created", "null")],
            format!("{creating}Create new user returned empty user."),
        ),
        (
            "assign",
            App::Custom,
            new(),
            vec![nobody(), status("201 Created", "created")],
            format!("{creating}Invalid JSON: Unrecognized token 'created'"),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![nobody(), error("409 Conflict", "userName is taken")],
            format!("{creating}Conflict. Errors reported by remote server: userName is taken"),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![nobody(), status("400 Bad Request", "{}")],
            format!("{creating}Bad Request"),
        ),
        // Linking.
        (
            "assign",
            App::Oin,
            new(),
            vec![list(1, &[USER]), error("404 Not Found", "no such id")],
            format!("{ASSIGN}{pushing}Not Found. Errors reported by remote server: no such id"),
        ),
        (
            "assign",
            App::Oin,
            new(),
            vec![list(1, &[USER]), ok("")],
            format!("{ASSIGN}{pushing}"),
        ),
        // Afterwards.
        (
            "push-profile",
            App::Custom,
            known(),
            vec![ok(USER), error("409 Conflict", "taken")],
            format!("{profile}Conflict. Errors reported by remote server: taken"),
        ),
        (
            "push-profile",
            App::Custom,
            known(),
            vec![ok("oops")],
            format!("{profile}Invalid JSON: Unrecognized token 'oops'"),
        ),
        (
            "deactivate",
            App::Oin,
            known(),
            vec![error("501 Not Implemented", "no PATCH")],
            format!("{deactivating}Not Implemented. Errors reported by remote server: no PATCH"),
        ),
        // Groups.
        (
            "push-group",
            App::Custom,
            crew(None),
            vec![list(2, &[GROUP, GROUP])],
            format!(
                "{pushing_group}Multiple groups found by name. Expected 0 or 1 results but was [2]"
            ),
        ),
        (
            "push-group",
            App::Oin,
            crew(None),
            vec![error("403 Forbidden", "read only")],
            format!(
                "{pushing_group}Error while creating user group Crew: Forbidden. Errors reported by remote server: read only"
            ),
        ),
        (
            "update-group",
            App::Oin,
            crew(Some("g")),
            vec![
                ok(GROUP),
                no_content(),
                error("400 Bad Request", "User not found"),
            ],
            format!("{members}Bad Request. Errors reported by remote server: User not found"),
        ),
        (
            "update-group",
            App::Custom,
            crew(Some("g")),
            vec![status("502 Bad Gateway", "<html>")],
            format!(
                "{members}Bad Gateway. Errors reported by remote server: \
                 Invalid JSON: Unexpected character ('<' (code 60))"
            ),
        ),
        (
            "update-group",
            App::Oin,
            crew(Some("g")),
            vec![status("502 Bad Gateway", "error code: 502")],
            format!(
                "{members}Bad Gateway. Errors reported by remote server: \
                 Invalid JSON: Unrecognized token 'error'"
            ),
        ),
    ];
    for (job, app, subject, answers, wanted) in table {
        let told = Okta::new(app).run(job, &subject, &answers).await;
        assert_eq!(told.admin_sees(), wanted, "{job}: {:?}", told.done.trouble);
    }
}

/// Recorded: one second after somebody has come back, every pushed group that she is in is pushed again, unasked.
#[tokio::test]
async fn who_is_linked_is_pushed_into_her_groups_again() {
    for app in App::ALL {
        let mut org = provisioned(app);
        let board = Group {
            members: BTreeSet::from(["ada".to_owned()]),
            ..org.groups["crew"].clone()
        };
        let others = Group {
            members: BTreeSet::from(["bea".to_owned()]),
            ..org.groups["crew"].clone()
        };
        let unpushed = Group {
            link: None,
            ..board.clone()
        };
        for (key, group) in [("board", board), ("others", others), ("unpushed", unpushed)] {
            org.groups.insert(key.to_owned(), group);
        }
        org.act(&AdminAction::Deactivate("ada")).expect("a job");
        assert!(
            org.pushes_after_link(&["ada".to_owned()])
                .iter()
                .all(|(key, _)| key != "crew")
        );
        org.apply(&[Effect::LinkedPerson {
            key: "ada".to_owned(),
            id: "u-ada".to_owned(),
        }]);
        let pushes = org.pushes_after_link(&["ada".to_owned()]);
        let keys: Vec<&str> = pushes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["crew", "board"]);
        let (_, task) = &pushes[0];
        assert_eq!(group_card(task).1, ["u-ada"], "she is added once more");
        let answers = match app {
            App::Custom => vec![ok(GROUP); 5],
            App::Oin => vec![ok(GROUP), no_content(), no_content()],
        };
        let told = carry_out(&mut org, &task.clone(), &answers).await;
        let methods: Vec<&str> = told
            .lines()
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let wanted: &[&str] = match app {
            App::Custom => &["GET", "GET", "PUT", "GET", "PUT"],
            App::Oin => &["GET", "PATCH", "PATCH"],
        };
        assert_eq!(methods, wanted, "{app}");
    }
}
