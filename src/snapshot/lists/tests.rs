//! What of lists belongs to a scenario.

use serde_json::json;

use super::*;
use crate::exchange::{Body, Kept, Request, Response, Timing};
use crate::okta::request::Resource;
use crate::verdict::{Actor, Row};

const LOOK_UP: &str = "/Users?filter=userName%20eq%20%22ada.run1%40x%22&startIndex=1&count=100";

fn row() -> Row {
    let actor = |key: &str| Actor {
        key: key.to_owned(),
        resource: Resource::User,
        names: vec![format!("{key}.run1@x")],
        okta_id: None,
        ids: Vec::new(),
    };
    Row {
        run: "run1".to_owned(),
        cast: ["ada", "bob", "crowd-1", "crowd-2"].map(actor).into(),
        as_shown: [4].into(),
        ..Row::default()
    }
}

fn user(name: &str) -> Value {
    json!({"id": name, "userName": format!("{name}.run1@x")})
}

fn stranger(n: usize) -> Value {
    json!({"id": format!("<foreign-{n}>"), "userName": "***"})
}

fn of_another_scenario(n: usize) -> Value {
    json!({"id": format!("o{n}"), "userName": format!("ada.run2@{n}")})
}

fn recorded(job: Option<&str>, target: &str, status: u16, body: &Value) -> Recorded {
    Recorded {
        id: "E1".to_owned(),
        step: "3 import-users".to_owned(),
        origin: if job.is_some() {
            Origin::Okta
        } else {
            Origin::Probe
        },
        job: job.map(str::to_owned),
        slot: job.map(|_| "page".to_owned()),
        evidence: None,
        case: None,
        exchange: Kept::of(Exchange {
            request: Request {
                method: Method::Get,
                target: target.to_owned(),
                headers: Vec::new(),
                body: None,
            },
            outcome: Ok(Response {
                status,
                headers: Vec::new(),
                body: Body::read(body.to_string().into(), None),
            }),
            timing: Timing::default(),
        }),
    }
}

fn page_of(start: usize, total: usize, resources: &[Value]) -> Recorded {
    let body = json!({
        "totalResults": total, "startIndex": start, "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    let target = format!("/Users?startIndex={start}&count=2");
    recorded(Some("import-users"), &target, 200, &body)
}

/// The bodies that are left.
fn left(recorded: &[Recorded]) -> Vec<Value> {
    let row = row();
    let opened: Vec<Opened<'_>> = recorded.iter().map(|r| (r, r.exchange.open())).collect();
    let mut aliases = Aliases::of(Some(&row));
    for (_, exchange) in &opened {
        aliases.learn(Some(3), exchange);
    }
    relative(opened, Some(&row), &aliases)
        .iter()
        .map(|(_, exchange)| {
            let response = exchange.response().unwrap();
            response.json().cloned().unwrap_or(response.status.into())
        })
        .collect()
}

#[test]
fn an_import_is_one_list_of_the_scenario_s_own() {
    let alone = left(&[page_of(1, 2, &[user("ada"), user("bob")])]);
    let wanted = json!({
        "totalResults": 2, "startIndex": 1, "itemsPerPage": 2,
        "Resources": [user("ada"), user("bob")],
    });
    assert_eq!(alone, [wanted]);
    // Wherever others push the boundaries of the pages.
    let crowded = [
        page_of(1, 6, &[stranger(1), user("ada")]),
        page_of(3, 6, &[of_another_scenario(1), of_another_scenario(2)]),
        page_of(5, 6, &[user("bob"), stranger(2)]),
        page_of(7, 6, &[]),
    ];
    assert_eq!(left(&crowded), alone);
}

#[test]
fn whom_of_a_crowd_a_part_shows_is_chance() {
    let shows = |names: &[&str]| {
        let rows: Vec<Value> = names.iter().map(|name| user(name)).collect();
        left(&[page_of(1, names.len(), &rows)])
    };
    let cut = shows(&["ada", "crowd-2"]);
    assert_eq!(cut, shows(&["ada", "crowd-1"]));
    assert_eq!(cut[0]["Resources"], json!([user("ada"), ONE_OF_CROWD]));
    // All of it is all of it.
    let whole = shows(&["crowd-1", "crowd-2"]);
    assert_eq!(
        whole[0]["Resources"],
        json!([user("crowd-1"), user("crowd-2")])
    );
}

#[test]
fn a_count_that_is_wrong_by_itself_stays_wrong() {
    let lies = |total, others: &[Value]| {
        let rows = [&[user("ada")], others].concat();
        left(&[page_of(1, total, &rows)])[0]["totalResults"].clone()
    };
    assert_eq!(lies(7, &[]), 7);
    assert_eq!(lies(9, &[stranger(1), stranger(2)]), 7);
}

#[test]
fn a_page_that_fails_is_told_apart() {
    let error = json!({"detail": "oh"});
    let pages = [
        page_of(1, 4, &[user("ada"), stranger(1)]),
        recorded(
            Some("import-users"),
            "/Users?startIndex=3&count=2",
            500,
            &error,
        ),
    ];
    let left = left(&pages);
    assert_eq!(left.len(), 2);
    assert_eq!(left[1], error);
}

#[test]
fn a_look_up_shows_the_scenario_s_own_and_counts_them() {
    let answered = |total: usize, resources: &[Value]| {
        let body =
            json!({"totalResults": total, "itemsPerPage": resources.len(), "Resources": resources});
        left(&[recorded(Some("assign"), LOOK_UP, 200, &body)]).remove(0)
    };
    let found = json!({"totalResults": 1, "itemsPerPage": 1, "Resources": [user("ada")]});
    assert_eq!(answered(1, &[user("ada")]), found);
    // The server does not obey the filter.
    assert_eq!(
        answered(3, &[stranger(1), user("ada"), of_another_scenario(1)]),
        found
    );
    let none = json!({"totalResults": 0, "itemsPerPage": 0, "Resources": []});
    assert_eq!(answered(0, &[]), none);
    assert_eq!(answered(1, &[stranger(1)]), none);
}

#[test]
fn a_list_of_whoever_is_there_is_a_matter_of_form() {
    let body = |total: Value, resources: &[Value]| json!({"totalResults": total, "itemsPerPage": resources.len(), "Resources": resources});
    let of = |target: &str, body: &Value| left(&[recorded(None, target, 200, body)]).remove(0);
    for target in [
        "/Users?startIndex=1&count=2",
        "/Users",
        "/",
        "/Users?filter=active%20eq%20true",
    ] {
        let one = of(target, &body(json!(1), &[user("ada")]));
        let other = of(target, &body(json!(40), &[stranger(1), stranger(2)]));
        let none = of(target, &body(json!(0), &[]));
        assert_eq!(one, other, "{target}");
        assert_eq!(one, none, "{target}");
        let as_text = of(target, &body(json!("40"), &[stranger(1)]));
        assert_ne!(one, as_text, "{target}");
    }
    let schemas = json!({"totalResults": 1, "Resources": [{"id": "urn:x", "name": "User"}]});
    assert_eq!(of("/Schemas", &schemas), schemas);
}

#[test]
fn nothing_of_a_resource_of_others_is_told_but_that_it_came() {
    let of = |body: &Value| left(&[recorded(None, "/Users/7", 200, body)]).remove(0);
    assert_eq!(of(&user("ada")), user("ada"));
    let hidden = json!({"id": "o1", ANOTHERS: null});
    assert_eq!(of(&of_another_scenario(1)), hidden);
    assert_eq!(
        of(&stranger(3)),
        json!({"id": "<foreign-3>", ANOTHERS: null})
    );
}

#[test]
fn whoever_comes_first_is_nobody_in_particular() {
    let first_is = |one: &Value| {
        let list = json!({"totalResults": 9, "Resources": [one]});
        let mut read = recorded(None, "/Users/x", 200, one);
        read.step = "4 request GET".to_owned();
        left(&[recorded(None, "/Users?count=1", 200, &list), read])
    };
    let hidden = json!({"id": SOME_ID, ANOTHERS: null});
    assert_eq!(first_is(&user("ada"))[1], hidden);
    assert_eq!(first_is(&stranger(1))[1], hidden);
    // What an answer about one's own has shown is one's own.
    let mut read = recorded(None, "/Users/ada", 200, &user("ada"));
    read.step = "4 request GET".to_owned();
    assert_eq!(left(&[read]), [user("ada")]);
}
