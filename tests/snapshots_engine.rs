//! The snapshot engine from a finished scenario to a file, a comparison and a diff.

#[path = "support/diff.rs"]
mod diff;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use diff::unified;
use proptest::prelude::*;
use scim_conform::exchange::{
    Body, BodyOddity, Exchange, HeaderText, Kept, Method, NotJson, Request, Response, SendError,
    Timing,
};
use scim_conform::okta::App;
use scim_conform::okta::request::Resource;
use scim_conform::scenario::ScenarioId;
use scim_conform::snapshot::{
    Answer, Compared, Comparison, Content, Counts, RunNames, SnapshotFile, Tolerance, Transcript,
    compare, normalise, write_reference,
};
use scim_conform::verdict::{Actor, Origin, Outcome, Recorded, Row, ScenarioResult, Script};
use serde_json::{Value, json};

const USER: &str = "2819c223-7f76-453a-919d-413861904646";

fn names() -> RunNames {
    RunNames {
        run_id: "k3x9f2".to_owned(),
        tail: 0,
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
            json: body.cloned().map(std::sync::Arc::new).ok_or(NotJson::Empty),
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
        exchange: Kept::of(Exchange {
            request,
            outcome,
            timing: Timing::default(),
        }),
    }
}

/// Changes what was recorded.
fn edit(recorded: &mut Recorded, change: impl FnOnce(&mut Exchange)) {
    let mut exchange = recorded.exchange.open();
    change(&mut exchange);
    recorded.exchange = Kept::of(exchange);
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
        script: script(),
    }
}

/// Ada, and a crew of hers.
fn script() -> Script {
    let actor = |key: &str, resource, name: &str, okta_id: Option<&str>| Actor {
        key: key.to_owned(),
        resource,
        names: vec![name.to_owned()],
        okta_id: okta_id.map(str::to_owned),
        ids: Vec::new(),
    };
    let ada = ("ada.k3x9f2@example.com", Some("00u4k2m9qZTn1RsWx5d7"));
    Script {
        rows: vec![Row {
            run: "k3x9f2".to_owned(),
            cast: vec![
                actor("ada", Resource::User, ada.0, ada.1),
                actor("crew", Resource::Group, "Crew k3x9f2", None),
            ],
            ..Row::default()
        }],
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
            "/Users?filter=userName%20eq%20%22ADA.K3X9F2%40example.com%22&startIndex=1&count=100",
            None,
        ),
        response(200, Some(&json!({"totalResults": 0, "Resources": []}))),
    )
}

fn account(id: &str) -> Value {
    json!({
        "userName": "ada.k3x9f2@example.com",
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "active": true,
        "externalId": "00u4k2m9qZTn1RsWx5d7",
        "emails": [{"primary": true, "value": "ada.k3x9f2@example.com"}],
        "meta": {
            "created": "2026-03-01T10:00:00.123Z",
            "location": format!("http://127.0.0.1:4711/scim/v2/Users/{id}"),
            "version": "W/\"1\"",
        },
    })
}

fn create(answer: &Value) -> Recorded {
    let sent = json!({
        "userName": "ada.k3x9f2@example.com",
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
    insta::assert_snapshot!(transcript.render(), @r#"
    === 1 assign ada | assign/find
    > GET /Users?filter=userName%20eq%20%22ADA.<RUN>%40example.com%22&startIndex=1&count=100
    > Accept: application/scim+json
    < 200
    < Content-Type: application/scim+json
    <
    < {
    <   "Resources": [],
    <   "totalResults": 0
    < }

    === 1 assign ada | assign/create
    > POST /Users
    > Accept: application/scim+json
    > Content-Type: application/scim+json; charset=utf-8
    >
    > {
    >   "userName": "ada.<run>@example.com",
    >   "externalId": "<okta ada>",
    >   "password": "<password>",
    >   "active": true
    > }
    < 201
    < Content-Type: application/scim+json
    < Location: <base>/Users/<ada>
    <
    < {
    <   "active": true,
    <   "emails": [
    <     {
    <       "primary": true,
    <       "value": "ada.<run>@example.com"
    <     }
    <   ],
    <   "externalId": "<okta ada>",
    <   "id": "<ada>",
    <   "meta": {
    <     "created": "<time>",
    <     "location": "<base>/Users/<ada>",
    <     "version": "<version>"
    <   },
    <   "schemas": [
    <     "urn:ietf:params:scim:schemas:core:2.0:User"
    <   ],
    <   "userName": "ada.<run>@example.com"
    < }

    === finally | <ada>
    > GET /Users/<ada>
    > Accept: application/scim+json
    < 404
    < Content-Type: application/scim+json
    "#);
}

#[test]
fn a_transcript_reads_back_as_it_was_written() {
    let mut broken = look_up();
    let body = Body {
        bytes: Bytes::from_static(b"<html>\r\n\nbad\x07 gateway k3x9f2\n"),
        json: Err(NotJson::Html),
        oddities: vec![BodyOddity::ByteOrderMark],
    };
    edit(&mut broken, |exchange| {
        exchange.outcome = Ok(Response {
            status: 502,
            headers: Vec::new(),
            body,
        });
    });
    let mut lost = create(&account(USER));
    edit(&mut lost, |exchange| {
        exchange.outcome = Err(SendError::Closed {
            reason: "os error 104".to_owned(),
        });
    });
    lost.case = Some("a | b".to_owned());
    let text = transcript(vec![look_up(), broken, lost, create(&account(USER))]).render();
    assert_eq!(Transcript::parse(&text).unwrap().render(), text);
    assert!(text.contains("! the body is HTML, not JSON"), "{text}");
    assert!(
        text.contains("! the body starts with a byte order mark"),
        "{text}"
    );
    assert!(text.contains("<| bad\\u{7} gateway <run>"), "{text}");
    assert!(text.contains("! no answer: connection closed"), "{text}");
    assert!(
        text.contains("=== 1 assign ada | case a / b | assign/create"),
        "{text}"
    );
    assert!(
        text.contains("=== 1 assign ada | assign/find | repeat 2"),
        "{text}"
    );
}

#[test]
fn a_text_that_is_no_transcript_is_refused_with_its_line() {
    for (text, line) in [
        ("hello", 1),
        ("=== 1\nhello", 2),
        ("=== 1\n> GET /Users\n", 3),
        ("=== 1\n> GET", 2),
        ("=== 1\n> GET /Users\n> Accept", 3),
        ("=== 1\n> GET /Users\n! odd", 3),
        ("=== 1\n> GET /Users\n< two", 3),
        ("=== 1\n> GET /Users\n< 200\n<\n< {\n< \"a\" 1\n< }", 6),
    ] {
        let error = Transcript::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

/// Reads every snapshot below `folder` with insta and with our own reader; says how many.
fn read_with_insta(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += read_with_insta(&path);
        } else if path.extension().is_some_and(|e| e == "snap") {
            let ours = SnapshotFile::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let theirs = insta::Snapshot::from_file(&path).unwrap();
            let text = theirs.as_text().map(ToString::to_string);
            assert_eq!(text.as_ref(), Some(&ours.body), "{}", path.display());
            assert_eq!(theirs.metadata().description(), Some(&*ours.title));
            let source = format!("scenarios/{}.yaml", ours.scenario);
            assert_eq!(theirs.metadata().source(), Some(&*source));
            assert_eq!(ours.transcript().unwrap().render(), ours.body);
            count += 1;
        }
    }
    count
}

#[test]
fn insta_reads_the_files() {
    let transcript = transcript(vec![look_up(), create(&account(USER))]);
    let title = "Somebody new: \"Ada\" - é # no comment";
    let file = |scenario| SnapshotFile::new(scenario, title, &transcript);
    let folder = tempfile::tempdir().unwrap();
    for (app, scenario) in [(Some(App::Custom), "a/custom"), (None, "a/probe")] {
        write_reference(folder.path(), &[(app, file(scenario))]).unwrap();
    }
    assert_eq!(read_with_insta(folder.path()), 2);

    let embedded = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/reference");
    if embedded.exists() {
        assert_ne!(read_with_insta(&embedded), 0);
    }
}

#[test]
fn setup_and_cleanup_are_no_part_and_preflight_neither() {
    let exchanges = [Origin::Setup, Origin::Cleanup, Origin::Preflight]
        .map(|origin| {
            let request = request(Method::Get, "/Users", None);
            recorded(origin, "1 assign ada", "", request, Ok(response(200, None)))
        })
        .to_vec();
    assert_eq!(transcript(exchanges).render(), "");
}

#[test]
fn what_runs_at_once_is_brought_together_by_step() {
    let get = |step| {
        okta(
            step,
            "get",
            request(Method::Get, "/Users/x", None),
            response(404, None),
        )
    };
    let transcript = transcript(vec![get("2 a"), get("2 b"), get("2 a")]);
    let places: Vec<String> = transcript
        .entries
        .iter()
        .map(|e| e.place.to_string())
        .collect();
    assert_eq!(
        places,
        [
            "2 a | assign/get",
            "2 a | assign/get | repeat 2",
            "2 b | assign/get"
        ]
    );
}

#[test]
fn another_run_against_an_equal_server_gives_the_same_bytes() {
    let first = transcript(vec![look_up(), create(&account(USER))]).render();
    let (id, run) = ("6f1c0a52-6c1d-4a55-9d7e-0f3c6a2b9e11", "q7w8e9");
    let again: Vec<Recorded> = vec![look_up(), create(&account(USER))]
        .into_iter()
        .map(|mut recorded| {
            let other = |text: &str| {
                text.replace(USER, id)
                    .replace("k3x9f2", run)
                    .replace("K3X9F2", &run.to_uppercase())
                    .replace("127.0.0.1:4711/scim/v2", "scim.example.test/tenant/7")
                    .replace("2026-03-01T10:00:00.123Z", "2027-01-01T00:00:00Z")
                    .replace("00u4k2m9qZTn1RsWx5d7", "00uAAAAAAAAAAAAAAAA1")
                    .replace("9fKq2LwX", "7hGm4PzQ")
            };
            edit(&mut recorded, |exchange| {
                let request = &mut exchange.request;
                request.target = other(&request.target);
                request.body = request
                    .body
                    .as_ref()
                    .map(|b| Bytes::from(other(std::str::from_utf8(b).unwrap())));
                let response = exchange.outcome.as_mut().unwrap();
                for (_, value) in &mut response.headers {
                    *value = other(value);
                }
                let text = String::from_utf8(response.body.bytes.to_vec()).unwrap();
                response.body = Body::read(other(&text).into(), None);
            });
            recorded
        })
        .collect();
    let names = RunNames {
        run_id: run.to_owned(),
        tail: 0,
        base_url: "http://scim.example.test/tenant/7/".to_owned(),
        host: "scim.example.test".to_owned(),
    };
    let mut again = scenario(again);
    for row in &mut again.script.rows {
        row.run = run.to_owned();
        row.cast[0].names = vec![format!("ada.{run}@example.com")];
        row.cast[0].okta_id = Some("00uAAAAAAAAAAAAAAAA1".to_owned());
    }
    assert_eq!(Transcript::of(&again, &names).render(), first);
}

/// Compares a run that got `answer` to its POST with the reference.
fn compared(answer: &Value) -> Comparison {
    let reference = transcript(vec![look_up(), create(&account(USER))]);
    let mut post = create(answer);
    edit(&mut post, |exchange| {
        if let (Ok(response), Some(id)) = (&mut exchange.outcome, answer["id"].as_str()) {
            let location = (
                "Location".to_owned(),
                format!("https://elsewhere.test/x/Users/{id}"),
            );
            *response.headers.last_mut().unwrap() = location;
        }
    });
    let target = transcript(vec![look_up(), post]);
    compare(&reference, &target, Tolerance::Reference)
}

fn lines(comparison: &Comparison) -> Vec<String> {
    comparison
        .differences
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_wrong_type_is_a_line_and_a_different_server_is_not() {
    let mut answer = account("another-id-4711");
    let reference = transcript(vec![look_up(), create(&account(USER))]);
    let same = compare(&reference, &reference, Tolerance::Reference);
    assert_eq!(same.compared(), Compared::Same);

    answer["nickName"] = json!("extra");
    answer["meta"]["version"] = json!("7");
    let harmless = compared(&answer);
    assert_eq!(lines(&harmless), Vec::<String>::new());
    assert_eq!(harmless.compared(), Compared::Folded);

    answer["emails"][0]["primary"] = json!("true");
    let wrong = compared(&answer);
    assert_eq!(lines(&wrong), ["/emails/0/primary  true → \"true\""]);
    assert_eq!(wrong.compared(), Compared::Changed);
    assert_eq!(
        wrong.differences[0].place.to_string(),
        "1 assign ada | assign/create"
    );
    assert_eq!(wrong.differences[0].exchange.as_deref(), Some("E2"));
}

#[test]
fn a_branch_is_one_line() {
    let get = |slot: &str, method| {
        let target = format!("/Users/{USER}");
        okta(
            "1 assign ada",
            slot,
            request(method, &target, None),
            response(200, Some(&account(USER))),
        )
    };
    let reference = transcript(vec![look_up(), create(&account(USER))]);
    let target = transcript(vec![
        look_up(),
        get("get", Method::Get),
        get("push", Method::Put),
    ]);
    assert_eq!(
        lines(&compare(&reference, &target, Tolerance::Reference)),
        ["next request  assign/create: POST /Users → assign/get: GET /Users/<ada> and 1 more"]
    );
    let stopped = transcript(vec![look_up()]);
    assert_eq!(
        lines(&compare(&reference, &stopped, Tolerance::Reference)),
        ["next request  assign/create: POST /Users → none"]
    );
}

#[test]
fn exchanges_after_a_branch_meet_their_own_kind_again() {
    let create = || create(&account(USER));
    let get = okta(
        "1 assign ada",
        "get",
        request(Method::Get, "/Users/1", None),
        response(200, None),
    );
    let reference = transcript(vec![look_up(), create(), look_up(), create()]);
    let target = transcript(vec![look_up(), get, look_up(), create()]);
    assert_eq!(
        lines(&compare(&reference, &target, Tolerance::Reference)),
        ["next request  assign/create: POST /Users → assign/get: GET /Users/1"]
    );
}

#[test]
fn a_mistake_that_comes_back_with_every_answer_is_one_line() {
    let mut wrong = account(USER);
    wrong["active"] = json!("true");
    let put = |answer: &Value| {
        let request = request(Method::Put, &format!("/Users/{USER}"), Some(answer));
        okta(
            "2 push-profile ada",
            "push",
            request,
            response(200, Some(answer)),
        )
    };
    let list = |answer: &Value| {
        let answer = json!({"Resources": [answer]});
        let request = request(Method::Get, "/Users?startIndex=1&count=100", None);
        let mut page = okta(
            "3 import-users",
            "page",
            request,
            response(200, Some(&answer)),
        );
        page.job = Some("import-users".to_owned());
        page
    };
    let of = |answer: &Value| transcript(vec![create(answer), put(answer), list(answer)]);
    assert_eq!(
        lines(&compare(
            &of(&account(USER)),
            &of(&wrong),
            Tolerance::Reference
        )),
        ["/active  true → \"true\"  (seen 3 times)"]
    );
}

#[test]
fn what_this_run_was_told_to_send_is_no_difference() {
    let reference = transcript(vec![create(&account(USER))]);
    let mut answer = account(USER);
    answer["userName"] = json!("qa+ada.k3x9f2@acme.test");
    let mut told = create(&answer);
    let sent = json!({"userName": "qa+ada.k3x9f2@acme.test", "active": true});
    edit(&mut told, |exchange| {
        exchange.request.body = Some(Bytes::from(sent.to_string()));
    });
    let target = transcript(vec![told]);
    assert_eq!(
        lines(&compare(&reference, &target, Tolerance::Reference)),
        Vec::<String>::new()
    );
    // A server that invents the name is caught by the same comparison.
    let target = transcript(vec![create(&answer)]);
    assert_eq!(
        lines(&compare(&reference, &target, Tolerance::Reference)),
        ["/userName  \"ada.<run>@example.com\" → \"qa+ada.<run>@acme.test\""]
    );
}

#[test]
fn statuses_and_headers() {
    let patch = |status, body: Option<&Value>| {
        let request = request(Method::Patch, "/Users/x", None);
        transcript(vec![okta("1", "patch", request, response(status, body))])
    };
    let ok = patch(200, Some(&account(USER)));
    for (target, expected) in [
        (patch(204, None), vec![]),
        (patch(202, None), vec!["status  200 → 202"]),
        (patch(200, None), vec!["body  JSON → none"]),
    ] {
        assert_eq!(
            lines(&compare(&ok, &target, Tolerance::Reference)),
            expected
        );
    }
    assert_eq!(
        lines(&compare(&ok, &patch(204, None), Tolerance::Own)),
        ["status  200 → 204"]
    );

    let with_type = |media_type: &str| {
        let mut transcript = ok.clone();
        if let Answer::Response { headers, .. } = &mut transcript.entries[0].answer {
            *headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        }
        transcript
    };
    for (media_type, expected) in [
        ("application/json;charset=UTF-8", vec![]),
        (
            "text/html",
            vec!["Content-Type  application/scim+json → text/html"],
        ),
    ] {
        assert_eq!(
            lines(&compare(&ok, &with_type(media_type), Tolerance::Reference)),
            expected
        );
    }
}

#[test]
fn counts_add_up() {
    let mut counts = Counts::default();
    for compared in [
        Compared::Same,
        Compared::Changed,
        Compared::Same,
        Compared::New,
    ] {
        counts.add(compared);
    }
    assert_eq!(
        serde_json::to_value(counts).unwrap(),
        json!({"same": 2, "folded": 0, "changed": 1, "new": 1})
    );
}

#[test]
fn the_diff_shows_the_line_and_its_neighbours() {
    let mut answer = account(USER);
    answer["active"] = json!("true");
    let reference = transcript(vec![create(&account(USER))]).render();
    let target = transcript(vec![create(&answer)]).render();
    insta::assert_snapshot!(
        unified(("reference", &reference), ("this run", &target)),
        @r#"
        --- reference
        +++ this run
        @@ -14,7 +14,7 @@
         < Location: <base>/Users/<ada>
         <
         < {
        -<   "active": true,
        +<   "active": "true",
         <   "emails": [
         <     {
         <       "primary": true,
        "#
    );
}

/// JSON as servers may send it, with the keys and values that normalising looks at.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,24}".prop_map(Value::from),
        "(http://127.0.0.1:4711(/scim/v2)?)?(/Users/|/Groups/)?(k3x9f2|K3X9f2|[a-c1-3]{1,9}|00u4k2m9qZTn1RsWx5d7|%22|<run>|<user-[12]>){0,4}"
            .prop_map(Value::from),
        "[a-c1-3]{7,9}".prop_map(Value::from),
        "(W/)?\"?[a-c]{0,3}\"?".prop_map(Value::from),
        "202[0-9]-0[0-9]-1[0-9][T ]1[0-9]:00:00Z?".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("id"),
        Just("value"),
        Just("members"),
        Just("groups"),
        Just("meta"),
        Just("version"),
        Just("location"),
        Just("$ref"),
        Just("path"),
        Just("password"),
        Just("Resources"),
        Just("userName"),
        Just("x"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normalising_twice_changes_nothing_more(value in arbitrary_json()) {
        let once = normalise(&value, &names());
        prop_assert_eq!(normalise(&once, &names()), once);
    }

    #[test]
    fn any_answer_gives_a_transcript_that_reads_back(
        value in arbitrary_json(),
        text in any::<Vec<u8>>(),
        target in "/(Users|Groups|)/?.{0,16}",
        status in 200_u16..600,
    ) {
        let json = okta("1 a", "s", request(Method::Put, &target, Some(&value)), response(status, Some(&value)));
        let mut other = json.clone();
        edit(&mut other, |exchange| {
            exchange.request.body = Some(Bytes::from(text.clone()));
            if let Ok(response) = &mut exchange.outcome {
                response.body.bytes = Bytes::from(text);
                response.body.json = Err(NotJson::Html);
            }
        });
        let transcript = transcript(vec![json, other]);
        let rendered = transcript.render();
        let parsed = Transcript::parse(&rendered).unwrap();
        prop_assert_eq!(parsed.render(), rendered);
        prop_assert_eq!(parsed.entries.len(), 2);
        for tolerance in [Tolerance::Reference, Tolerance::Own] {
            let comparison = compare(&transcript, &parsed, tolerance);
            prop_assert_eq!(comparison.compared(), Compared::Same);
        }
        let mut bare = parsed.clone();
        bare.entries.truncate(1);
        if let Answer::Response { body, .. } = &mut bare.entries[0].answer {
            *body = Content::Empty;
        }
        let changed = compare(&parsed, &bare, Tolerance::Own);
        prop_assert_eq!(changed.compared(), Compared::Changed);
    }

    #[test]
    fn reading_a_transcript_never_panics(text in "(=== .*\n|> .*\n|< .*\n|<\n|>\n|! .*\n|\\PC*\n){0,12}") {
        if let Ok(transcript) = Transcript::parse(&text) {
            let rendered = transcript.render();
            prop_assert!(Transcript::parse(&rendered).is_ok(), "{}", rendered);
        }
        let _ = SnapshotFile::parse(&text);
    }
}
