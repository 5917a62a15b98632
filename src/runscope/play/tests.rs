use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::exchange::{Body, Method, Sending};

/// Gives one answer after the other, and keeps what was sent.
struct Scripted {
    answers: Mutex<Vec<Option<(u16, String)>>>,
    sent: Mutex<Vec<Request>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let answers = answers.into_iter();
        let mut answers: Vec<_> = answers
            .map(|(status, body)| Some((status, body.to_string())))
            .collect();
        answers.reverse();
        Self {
            answers: Mutex::new(answers),
            sent: Mutex::default(),
        }
    }

    fn targets(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|request| request.target.clone()).collect()
    }
}

impl Transport for Scripted {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        self.sent.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop().flatten();
        Box::pin(async move {
            let Some((status, body)) = answer else {
                std::future::pending::<()>().await;
                unreachable!("nobody waits for ever");
            };
            Exchange {
                request,
                outcome: Ok(Response {
                    status,
                    headers: vec![("X-Note".to_owned(), "swordfish-12345".to_owned())],
                    body: Body::read(Bytes::from(body), None),
                }),
                timing: Timing::default(),
            }
        })
    }
}

#[derive(Default)]
struct Silent(usize);

impl Audience for Silent {
    fn answered<'a>(&'a mut self, _: &'a Exchange) -> Waiting<'a, ()> {
        self.0 += 1;
        Box::pin(std::future::ready(()))
    }

    fn decided(&mut self, _: &Played) {}
}

fn request(more: Value) -> Value {
    let mut step = json!({"step_type": "request", "method": "GET", "url": "{{SCIMBaseURL}}/Users"});
    let more = more.as_object().unwrap().clone();
    step.as_object_mut().unwrap().extend(more);
    step
}

fn export(steps: &[Value]) -> Export {
    Export::parse(&json!({"steps": steps}).to_string()).unwrap()
}

const BASE: &str = "https://scim.example.test/v2";

async fn played_until(
    steps: &[Value],
    transport: &Scripted,
    stop: impl Future<Output = ()>,
) -> (Performance, usize) {
    let redactor = Redactor::new();
    let stage = Stage {
        transport,
        base: BASE,
        extra: &[("X-Tenant".to_owned(), HeaderText::Plain("acme".to_owned()))],
        redactor: &redactor,
        pause_scale: 1.0,
    };
    let mut variables = Variables::default();
    variables.set("SCIMBaseURL", BASE);
    variables.set("auth", "SSWS swordfish-12345");
    variables.set("org", "https://org.example.test");
    let mut audience = Silent::default();
    let done = play(&export(steps), variables, &stage, &mut audience, stop).await;
    (done, audience.0)
}

async fn played(steps: &[Value], transport: &Scripted) -> Vec<Played> {
    let (done, _) = played_until(steps, transport, std::future::pending()).await;
    assert!(!done.stopped);
    done.played
}

fn asserts(source: &str, property: &str, comparison: &str, value: Value) -> Value {
    json!({"assertions": [{"source": source, "property": property, "comparison": comparison, "value": value}]})
}

#[test]
fn queries_are_encoded_as_okta_does() {
    let table = [
        ("/Users?count=1&startIndex=1", "/Users?count=1&startIndex=1"),
        (
            "/Users?filter=userName eq \"a+b@x.test\"",
            "/Users?filter=userName%20eq%20%22a%2Bb%40x.test%22",
        ),
        ("/Users?filter=userName%20pr", "/Users?filter=userName%20pr"),
        ("/Groups", "/Groups"),
        ("/a b?c d", "/a%20b?c%20d"),
    ];
    for (typed, sent) in table {
        assert_eq!(encoded(typed), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_holds_is_kept_for_later_steps() {
    let transport = Scripted::new([(201, json!({"id": "a/b"})), (200, json!({}))]);
    let steps = [
        request(
            json!({"variables": [{"source": "response_json", "name": "id", "property": "id"}]}),
        ),
        json!({"step_type": "pause", "duration": 40}),
        request(
            json!({"url": "{{SCIMBaseURL}}/Users/{{id}}", "headers": {"Authorization": ["{{auth}}"]}}),
        ),
    ];
    let done = played(&steps, &transport).await;
    assert!(done.iter().all(|played| played.outcome == Outcome::Passed));
    assert_eq!(transport.targets(), ["/Users", "/Users/a/b"]);
    let sent = transport.sent.lock().unwrap();
    assert_eq!(sent[1].method, Method::Get);
    let headers: Vec<_> = sent[1]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose(), value.to_string()))
        .collect();
    assert_eq!(
        headers,
        [
            ("Authorization", "SSWS swordfish-12345", "***".to_owned()),
            ("Accept", "*/*", "*/*".to_owned()),
            ("X-Tenant", "acme", "acme".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_failed_step_does_not_end_the_test_and_what_needs_it_is_not_sent() {
    let transport = Scripted::new([(500, json!({})), (200, json!({}))]);
    let id = json!({"source": "response_json", "name": "id", "property": "id"});
    let steps = [
        request(json!({"variables": [id]})),
        request(json!({"url": "{{SCIMBaseURL}}/Users/{{id}}"})),
        request(json!({})),
    ];
    let done = played(&steps, &transport).await;
    let flaw = Flaw {
        wanted: "id is there, to be kept".to_owned(),
        got: "nothing".to_owned(),
    };
    assert_eq!(done[0].outcome, Outcome::Failed(vec![flaw]));
    let reason = "{{id}} has no value: no earlier step found it".to_owned();
    assert_eq!(done[1].outcome, Outcome::NotRun(reason));
    assert_eq!(done[2].outcome, Outcome::Passed);
    assert_eq!(transport.targets().len(), 2);
}

#[tokio::test]
async fn what_is_not_at_the_target_is_not_sent() {
    let transport = Scripted::new([]);
    let steps = [
        request(json!({"url": "{{org}}/api/v1/apps?x={{auth}}"})),
        request(json!({"url": "{{SCIMBaseURL}}Users"})),
        request(json!({"url": "{{SCIMBaseURL}}.evil.test/Users"})),
        request(json!({"before_scripts": ["request.url = 'x'"]})),
    ];
    let reasons: Vec<String> = played(&steps, &transport)
        .await
        .into_iter()
        .map(|played| match played.outcome {
            Outcome::NotRun(reason) => reason,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "{{org}}/api/v1/apps is not at the target; what calls Okta itself needs an Okta org",
            "{{SCIMBaseURL}}Users is not below the target: a slash is missing after its base URL",
            "{{SCIMBaseURL}}.evil.test/Users is not below the target: a slash is missing after its base URL",
            "a script would change the request first, and none is run here",
        ]
    );
    assert_eq!(transport.targets(), [""; 0]);
}

#[tokio::test]
async fn neither_secrets_nor_others_are_shown() {
    let body = json!({
        "detail": "the token swordfish-12345 is unknown",
        "long": "x".repeat(5000),
        "Resources": [{"userName": "grace@example.com", "name": {"familyName": "Hopper"}}],
    });
    let authorized = |mut more: Value| {
        more["headers"] = json!({"Authorization": "{{auth}}"});
        more["note"] = "with swordfish-12345".into();
        request(more)
    };
    // Source, property, comparison, what is wanted, what is shown of what came.
    let table = [
        (
            "response_json",
            "detail",
            "equal",
            "\"the token *** is unknown\"",
        ),
        ("response_headers", "x-note", "empty", "\"***\""),
        (
            "response_json",
            "Resources[0].userName",
            "equal",
            "a text of 17 characters",
        ),
        (
            "response_json",
            "Resources[0].name",
            "is_null",
            "an object of 1",
        ),
        ("response_json", "Resources", "equal", "an array of 1"),
        ("response_text", "", "equal", "a text of 5137 characters"),
        ("response_json", "detail.x", "not_empty", "nothing"),
    ];
    for (source, property, comparison, got) in table {
        let transport = Scripted::new([(200, body.clone())]);
        let steps = [authorized(asserts(
            source,
            property,
            comparison,
            json!("y"),
        ))];
        let done = played(&steps, &transport).await;
        let Outcome::Failed(flaws) = &done[0].outcome else {
            panic!("{source} {property}");
        };
        assert_eq!(flaws[0].got, got, "{source} {property}");
        assert_eq!(done[0].title, "with ***");
    }
    let transport = Scripted::new([(200, body)]);
    let steps = [request(asserts(
        "response_json",
        "long",
        "equal",
        json!("y"),
    ))];
    let done = played(&steps, &transport).await;
    let Outcome::Failed(flaws) = &done[0].outcome else {
        panic!("it is not y");
    };
    assert_eq!(flaws[0].got.chars().count(), MOST_SHOWN + 1);
    assert!(flaws[0].got.ends_with('…'));
}

#[tokio::test]
async fn scripts_decide_or_leave_it_open() {
    let unknown = json!({"scripts": ["assert.equal(1, 2)"]});
    let transport = Scripted::new([(200, json!({})), (200, json!({}))]);
    let mut failing = unknown.clone();
    failing["assertions"] =
        asserts("response_status", "", "equal_number", json!(404))["assertions"].clone();
    let done = played(&[request(unknown), request(failing)], &transport).await;
    assert!(matches!(done[0].outcome, Outcome::Open(_)));
    assert!(matches!(done[1].outcome, Outcome::Failed(_)));
}

/// Time that passes only when everybody waits.
#[tokio::test(start_paused = true)]
async fn an_interruption_ends_pauses_at_once_and_waits_for_what_is_under_way() {
    let pause = json!({"step_type": "pause", "duration": 500});
    let soon = || tokio::time::sleep(Duration::from_secs(1));
    let began = tokio::time::Instant::now();
    let transport = Scripted::new([(200, json!({})), (200, json!({}))]);
    let steps = [request(json!({})), pause, request(json!({}))];
    let (done, answered) = played_until(&steps, &transport, soon()).await;
    assert_eq!((done.stopped, done.played.len(), answered), (true, 1, 1));
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    // A request that never ends is given up after a while, and its audience hears of it.
    let began = tokio::time::Instant::now();
    let transport = Scripted::new([]);
    let (done, answered) = played_until(&[request(json!({}))], &transport, soon()).await;
    assert_eq!((done.stopped, done.played.len(), answered), (true, 0, 1));
    assert_eq!(began.elapsed(), Duration::from_secs(1) + GRACE);
}
