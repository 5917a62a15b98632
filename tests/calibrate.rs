//! `calibrate`: recordings of a real tenant, rebuilt in their shape, beside what our Okta sends; and recordings of our own.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[path = "support/har.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod har;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bench::{Bench, nobody};
use program::Done;
use scim_conform::exchange::SendError;
use scim_conform::okta::{App, Variant};
use scim_conform::recording::calibrate::{self, Calibration, Difference, Options, Outcome};
use scim_conform::recording::har::read;
use scim_conform::server::Policy;
use scim_conform::verdict::ScenarioResult;
use serde_json::{Value, json};

const REBUILT: [(App, &str); 2] = [
    (App::Custom, "okta-2026-custom.har"),
    (App::Oin, "okta-2026-oin.har"),
];

fn rebuilt(app: App) -> Value {
    let (_, file) = REBUILT.iter().find(|(of, _)| *of == app).unwrap();
    let text = std::fs::read_to_string(format!("tests/recordings/{file}")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn calibrated(har: &Value, options: &Options) -> Calibration {
    let mut entries = Vec::new();
    read(har.to_string().as_bytes(), |entry| entries.push(entry)).unwrap();
    calibrate::calibrate(entries, options)
        .unwrap()
        .expect("SCIM in it")
}

fn not_equal(calibration: &Calibration) -> Vec<String> {
    let others = calibration.actions.iter();
    others
        .filter(|action| action.outcome != Outcome::Equal)
        .map(|action| format!("{action:?}"))
        .collect()
}

/// The two runs that thedadams/obot publishes (pkg/scim/testdata/phase0, 2026), action by action with values of our own.
#[test]
fn the_recordings_of_2026_are_what_is_sent_here() {
    for (app, wanted) in [
        (
            App::Custom,
            &[
                ("test-connection", 3),
                ("assign", 4),
                ("push-group", 3),
                ("update-group", 5),
                ("push-group-now", 2),
                ("delete-group", 1),
                ("push-profile", 1),
                ("deactivate", 1),
            ][..],
        ),
        (
            App::Oin,
            &[
                ("test-connection", 2),
                ("save-integration", 2),
                ("assign", 5),
                ("push-profile", 3),
                ("deactivate", 2),
                ("push-group", 3),
                ("update-group", 5),
                ("push-group-now", 2),
                ("delete-group", 1),
            ][..],
        ),
    ] {
        let calibration = calibrated(&rebuilt(app), &Options::default());
        assert_eq!(calibration.app, app);
        assert_eq!(not_equal(&calibration), Vec::<String>::new(), "{app}");
        let mut jobs = BTreeMap::new();
        for action in &calibration.actions {
            *jobs.entry(action.job.as_deref().unwrap()).or_insert(0) += 1;
        }
        assert_eq!(jobs, wanted.iter().copied().collect(), "{app}");
        let requests: usize = calibration.actions.iter().map(|a| a.entries.len()).sum();
        assert_eq!(
            requests, calibration.requests,
            "every request is in one action"
        );
    }
}

/// Entries of a method at an endpoint, in their order.
fn entries<'v>(har: &'v mut Value, method: &str, endpoint: &str) -> Vec<&'v mut Value> {
    let all = har["log"]["entries"].as_array_mut().unwrap().iter_mut();
    all.filter(|entry| {
        let request = &entry["request"];
        request["method"] == method && request["url"].as_str().unwrap().contains(endpoint)
    })
    .collect()
}

fn change_body(entry: &mut Value, change: impl FnOnce(&mut Value)) {
    let text = entry["request"]["postData"]["text"].as_str().unwrap();
    let mut body: Value = serde_json::from_str(text).unwrap();
    change(&mut body);
    entry["request"]["postData"]["text"] = body.to_string().into();
}

fn remove_entry(har: &mut Value, method: &str, endpoint: &str, which: usize) {
    let all = har["log"]["entries"].as_array_mut().unwrap();
    let mut fitting = all.iter().enumerate().filter(|(_, entry)| {
        let request = &entry["request"];
        request["method"] == method && request["url"].as_str().unwrap().contains(endpoint)
    });
    let (at, _) = fitting.nth(which).unwrap();
    all.remove(at);
}

/// What differs, once something in the recording is otherwise.
fn after(app: App, change: impl FnOnce(&mut Value)) -> Vec<Difference> {
    let mut har = rebuilt(app);
    change(&mut har);
    let calibration = calibrated(
        &har,
        &Options {
            app: Some(app),
            ..Options::default()
        },
    );
    let differing = calibration.actions.into_iter();
    differing
        .flat_map(|action| match action.outcome {
            Outcome::Differs(differences) => differences,
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn whatever_is_sent_otherwise_is_named() {
    let places = |differences: &[Difference]| -> Vec<String> {
        let mut places: Vec<String> = differences.iter().map(|d| d.at.clone()).collect();
        places.dedup();
        places
    };
    // A PUT of a group that holds what the GET has shown.
    let found = after(App::Custom, |har| {
        let put = entries(har, "PUT", "/Groups/").remove(3);
        change_body(put, |body| body["externalId"] = json!("x"));
    });
    assert_eq!(places(&found), ["/externalId"]);
    assert_eq!(
        found[0].to_string(),
        "request 3, /externalId: recorded a text, ours nothing"
    );
    // Keys in another order, with all the same values.
    let found = after(App::Custom, |har| {
        let put = entries(har, "PUT", "/Groups/").remove(3);
        change_body(put, |body| {
            let id = body.as_object_mut().unwrap().shift_remove("id").unwrap();
            body["id"] = id;
        });
    });
    assert_eq!(places(&found), ["/"]);
    // Whoever is removed leaves with the first PUT.
    let found = after(App::Custom, |har| {
        let put = entries(har, "PUT", "/Groups/").remove(6);
        change_body(put, |body| {
            drop(body["members"].as_array_mut().unwrap().remove(0))
        });
    });
    assert_eq!(places(&found), ["/members"]);
    // A member without her login.
    let found = after(App::Custom, |har| {
        let put = entries(har, "PUT", "/Groups/").remove(4);
        change_body(put, |body| body["members"][0]["display"] = Value::Null);
    });
    assert_eq!(places(&found), ["/members/0/display"]);
    // The memberships of a user who comes back are echoed.
    let found = after(App::Custom, |har| {
        let put = entries(har, "PUT", "/Users/").pop().unwrap();
        change_body(put, |body| body["groups"] = json!([{"value": "g"}]));
    });
    assert_eq!(places(&found), ["/groups"]);
    // The group is not looked at before it is deleted, and not before its name is sent.
    let found = after(App::Oin, |har| {
        let all = har["log"]["entries"].as_array_mut().unwrap();
        let delete = all
            .iter()
            .position(|e| e["request"]["method"] == "DELETE")
            .unwrap();
        all.remove(delete - 1);
    });
    assert_eq!(places(&found), ["sequence"]);
    // The query in another order.
    let found = after(App::Custom, |har| {
        let look_up = entries(har, "GET", "filter=").remove(0);
        let url = look_up["request"]["url"].as_str().unwrap().to_owned();
        let (start, filter) = url.split_once("?filter=").unwrap();
        let (filter, rest) = filter.split_once('&').unwrap();
        look_up["request"]["url"] = format!("{start}?{rest}&filter={filter}").into();
    });
    assert_eq!(places(&found), ["query"]);
    // A header.
    let found = after(App::Oin, |har| {
        let create = entries(har, "POST", "/Users").remove(0);
        let headers = create["request"]["headers"].as_array_mut().unwrap();
        let accept = headers.iter_mut().find(|h| h["name"] == "Accept").unwrap();
        accept["value"] = "application/json".into();
    });
    assert_eq!(places(&found), ["accept"]);
    // A request too many, and one that no job sends.
    let found = after(App::Oin, |har| remove_entry(har, "PATCH", "/Groups/", 0));
    assert_eq!(places(&found), ["sequence"]);
    let mut har = rebuilt(App::Oin);
    entries(&mut har, "DELETE", "/Groups/")[0]["request"]["method"] = "OPTIONS".into();
    let unknown = calibrated(&har, &Options::default());
    let unknown = unknown.actions.iter();
    assert!(unknown.filter(|a| a.outcome == Outcome::Unknown).count() >= 1);
}

/// Sorts the keys of every body and the parameters of every query, as many recorders do.
fn sort(har: &mut Value) {
    fn sorted(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.sort_keys();
                object.values_mut().for_each(sorted);
            }
            Value::Array(all) => all.iter_mut().for_each(sorted),
            _ => {}
        }
    }
    for entry in har["log"]["entries"].as_array_mut().unwrap() {
        if entry["request"]["postData"].is_object() {
            change_body(entry, sorted);
        }
        let url = entry["request"]["url"].as_str().unwrap().to_owned();
        if let Some((path, query)) = url.split_once('?') {
            let mut parameters: Vec<&str> = query.split('&').collect();
            parameters.sort_unstable();
            let query = parameters.join("&").replace("%20", "+");
            entry["request"]["url"] = format!("{path}?{query}").into();
        }
    }
}

#[test]
fn what_a_recorder_has_sorted_is_compared_without_order() {
    for app in App::ALL {
        let mut har = rebuilt(app);
        sort(&mut har);
        let ordered = calibrated(&har, &Options::default());
        assert!(ordered.others() > 10, "{app}");
        let unordered = calibrated(
            &har,
            &Options {
                unordered: true,
                ..Options::default()
            },
        );
        assert_eq!(not_equal(&unordered), Vec::<String>::new(), "{app}");
    }
}

/// What one scenario has sent, where a recording can tell what happened.
fn recordings(run: &scim_conform::engine::outcome::RunResult) -> Vec<(&ScenarioResult, Value)> {
    let told = run.scenarios.iter().filter(|scenario| {
        let mut exchanges = scenario.exchanges.iter().map(|e| e.exchange.open());
        scenario.app.is_some()
            && !exchanges.any(|e| matches!(e.outcome, Err(SendError::AnswerLost { .. })))
    });
    told.filter_map(|scenario| Some((scenario, har::of(scenario)?)))
        .collect()
}

fn beside(scenario: &ScenarioResult, har: &Value) -> Calibration {
    let options = Options {
        // Discovery alone does not tell where a base URL ends.
        base: Some(har::BASE.to_owned()),
        app: scenario.app,
        ..Options::default()
    };
    calibrated(har, &options)
}

#[test]
fn whatever_a_run_sends_is_what_is_sent_here() {
    let run = Bench::new(&[]).run(&Policy::default(), nobody, Duration::ZERO);
    let mut actions = 0;
    for (scenario, har) in recordings(&run) {
        let calibration = beside(scenario, &har);
        let known = calibration.actions.iter().filter(|action| {
            // Which documents of a discovery follow from the answers is no action of an administrator's.
            let is_discovery = |sent: &String| {
                [
                    "/ResourceTypes",
                    "/Schemas",
                    "/Roles",
                    "/Entitlements",
                    "/Licenses",
                ]
                .iter()
                .any(|endpoint| sent.contains(endpoint))
            };
            !action.sent.iter().any(is_discovery)
        });
        for action in known {
            actions += 1;
            let under = match action.outcome.clone() {
                Outcome::Variant(variant) => Some(variant),
                Outcome::Equal => None,
                other => panic!("{} {:?}: {other:?} {action:?}", scenario.id, scenario.app),
            };
            let under_variants = [
                "lifecycle/state-by-put",
                "lifecycle/reactivate-by-put",
                "lifecycle/suspended-means-deactivated",
                "profile/update-by-patch",
            ];
            let may = under_variants.contains(&scenario.id.0.as_str());
            assert!(under.is_none() || may, "{}: {under:?}", scenario.id);
        }
    }
    assert!(actions > 600, "only {actions} actions");
}

#[test]
fn a_variant_is_recognised() {
    let bench = Bench::new(&[
        "users/create",
        "lifecycle/rehire",
        "profile/update",
        "profile/clear-a-value",
        "groups/push",
        "groups/add-and-remove",
        "groups/push-now",
        "groups/rename",
    ]);
    let mut recognised = BTreeSet::new();
    for variant in Variant::ALL {
        let (_, run) = bench.under(&[variant], Duration::ZERO);
        for (scenario, har) in recordings(&run) {
            for action in beside(scenario, &har).actions {
                match action.outcome {
                    Outcome::Equal => {}
                    Outcome::Variant(_) => drop(recognised.insert(variant)),
                    other => panic!("{variant} {} {:?}: {other:?}", scenario.id, action.sent),
                }
            }
        }
    }
    let unseen: Vec<&str> = Variant::ALL
        .iter()
        .filter(|variant| !recognised.contains(variant))
        .map(|variant| variant.as_str())
        .collect();
    insta::assert_snapshot!(unseen.join("\n"));
}

fn run(arguments: &[&str]) -> Done {
    let state = tempfile::tempdir().unwrap();
    Done::of(program::command(state.path(), arguments))
}

#[test]
fn the_command_says_how_much_is_equal() {
    let done = run(&["calibrate", "tests/recordings/okta-2026-oin.har"]);
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(
        done.out.contains("25 of 25 actions as replayed here"),
        "{}",
        done.out
    );
    let done = run(&[
        "calibrate",
        "--app",
        "custom",
        "tests/recordings/okta-2026-oin.har",
    ]);
    assert_eq!(done.code, 1, "{}", done.all());
    assert!(done.out.contains("differs"), "{}", done.out);
    assert!(done.out.contains("please open an issue"), "{}", done.out);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.json");
    let report = format!("json={}", file.display());
    let done = run(&[
        "calibrate",
        "tests/recordings/okta-2026-custom.har",
        "--report",
        &report,
    ]);
    assert_eq!(done.code, 0, "{}", done.all());
    let text = std::fs::read_to_string(&file).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&json["format"], &json["app"]),
        (&json!(1), &json!("custom"))
    );
    assert_eq!(json["actions"].as_array().unwrap().len(), 20);
    // Nobody is named in it.
    for person in ["grace", "alan", "edith", "Compilers"] {
        assert!(
            !text.contains(person) && !done.out.contains(person),
            "{person}"
        );
    }
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (arguments, code, words) in [
        (&["tests/recordings/no-scim.har"][..], 3, "no SCIM request"),
        (&["tests/recordings/empty.har"][..], 2, "error"),
        (&["tests/recordings/cut-off.har"][..], 2, "cut off"),
        (&["tests/recordings/nowhere.har"][..], 2, "nowhere.har"),
        (
            &[
                "tests/recordings/okta-2026-oin.har",
                "--report",
                "junit=x.xml",
            ][..],
            2,
            "json=FILE",
        ),
        (
            &[
                "tests/recordings/okta-2026-oin.har",
                "--base",
                "https://x.test/scim",
            ][..],
            3,
            "there is SCIM below https://scim.acme.example/scim/v2",
        ),
    ] {
        let done = run(&[&["calibrate"], arguments].concat());
        assert_eq!(done.code, code, "{arguments:?} {}", done.all());
        assert!(done.all().contains(words), "{arguments:?} {}", done.all());
    }
}
