//! The snapshot engine from a finished scenario to a file, a comparison and a diff.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use scim_conform::exchange::{
    Body, BodyOddity, Exchange, HeaderText, Method, NotJson, Request, Response, SendError, Timing,
};
use scim_conform::okta::App;
use scim_conform::scenario::ScenarioId;
use scim_conform::snapshot::{
    Answer, Compared, Comparison, Content, Counts, RunNames, SnapshotFile, Tolerance, Transcript,
    compare, normalise, unified,
};
use scim_conform::verdict::{Origin, Outcome, Recorded, ScenarioResult};
use serde_json::{Value, json};

const USER: &str = "2819c223-7f76-453a-919d-413861904646";

fn names() -> RunNames {
    RunNames {
        run_id: "k3x9f2".to_owned(),
        base_url: "http://127.0.0.1:4711/scim/v2".to_owned(),
        host: "127.0.0.1:4711".to_owned(),
    }
}

fn request(method: Method, target: &str, body: Option<&Value>) -> Request {
    let plain = |name: &str, value: &str| (name.to_owned(), HeaderText::Plain(value.to_owned()));
    let mut headers = vec![
        plain("Accept", "application/scim+json"),
        plain("User-Agent", "Okta SCIM Client 1.0.0"),
    ];
    if body.is_some() {
        headers.push(plain(
            "Content-Type",
            "application/scim+json; charset=utf-8",
        ));
    }
    Request {
        method,
        target: target.to_owned(),
        headers,
        body: body.map(|b| Bytes::from(b.to_string())),
    }
}

fn response(status: u16, body: Option<&Value>) -> Response {
    Response {
        status,
        headers: vec![
            (
                "Date".to_owned(),
                "Sun, 01 Mar 2026 10:00:00 GMT".to_owned(),
            ),
            (
                "content-type".to_owned(),
                "application/scim+json".to_owned(),
            ),
        ],
        body: Body {
            bytes: body.map(|b| Bytes::from(b.to_string())).unwrap_or_default(),
            json: body.cloned().ok_or(NotJson::Empty),
            oddities: Vec::new(),
        },
    }
}

fn recorded(
    origin: Origin,
    step: &str,
    slot: &str,
    request: Request,
    outcome: Result<Response, SendError>,
) -> Recorded {
    Recorded {
        id: "E1".to_owned(),
        step: step.to_owned(),
        origin,
        job: (origin == Origin::Okta).then(|| "assign".to_owned()),
        slot: (origin == Origin::Okta).then(|| slot.to_owned()),
        evidence: None,
        case: None,
        exchange: Exchange {
            request,
            outcome,
            timing: Timing::default(),
        },
    }
}

fn okta(step: &str, slot: &str, request: Request, response: Response) -> Recorded {
    recorded(Origin::Okta, step, slot, request, Ok(response))
}

fn scenario(mut exchanges: Vec<Recorded>) -> ScenarioResult {
    for (n, recorded) in exchanges.iter_mut().enumerate() {
        recorded.id = format!("E{}", n + 1);
    }
    ScenarioResult {
        id: ScenarioId("assign/new".to_owned()),
        title: "Assign somebody".to_owned(),
        app: Some(App::Custom),
        outcome: Outcome::Passed,
        duration: Duration::ZERO,
        findings: Vec::new(),
        exchanges,
    }
}

fn transcript(exchanges: Vec<Recorded>) -> Transcript {
    Transcript::of(&scenario(exchanges), &names())
}

fn look_up() -> Recorded {
    okta(
        "1 assign ada",
        "find",
        request(
            Method::Get,
            "/Users?filter=userName%20eq%20%22ADA.K3X9F2%40example.test%22&startIndex=1&count=100",
            None,
        ),
        response(200, Some(&json!({"totalResults": 0, "Resources": []}))),
    )
}

fn account(id: &str) -> Value {
    json!({
        "userName": "ada.k3x9f2@example.test",
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "active": true,
        "externalId": "00u4k2m9qZTn1RsWx5d7",
        "emails": [{"primary": true, "value": "ada.k3x9f2@example.test"}],
        "meta": {
            "created": "2026-03-01T10:00:00.123Z",
            "location": format!("http://127.0.0.1:4711/scim/v2/Users/{id}"),
            "version": "W/\"1\"",
        },
    })
}

fn create(answer: &Value) -> Recorded {
    let sent = json!({
        "userName": "ada.k3x9f2@example.test",
        "externalId": "00u4k2m9qZTn1RsWx5d7",
        "password": "9fKq2LwX",
        "active": true,
    });
    let mut response = response(201, Some(answer));
    response.headers.push((
        "Location".to_owned(),
        format!("http://127.0.0.1:4711/scim/v2/Users/{USER}"),
    ));
    okta(
        "1 assign ada",
        "create",
        request(Method::Post, "/Users", Some(&sent)),
        response,
    )
}

fn observe(answer: Response) -> Recorded {
    let target = format!("/Users/{USER}");
    recorded(
        Origin::Observe,
        "1 assign ada",
        "",
        request(Method::Get, &target, None),
        Ok(answer),
    )
}

#[test]
fn a_transcript_as_text() {
    let transcript = transcript(vec![
        look_up(),
        create(&account(USER)),
        observe(response(200, Some(&account(USER)))),
        observe(response(404, None)),
    ]);
    insta::assert_snapshot!(transcript.render(), @"");
}
