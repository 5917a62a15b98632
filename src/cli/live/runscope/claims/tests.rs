use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::exchange::{HeaderText, Sending};
use crate::okta::request::Agent;
use crate::redact::Redactor;
use crate::runscope::export::Export;
use crate::runscope::play::{self, Outcome, Performance, Stage};
use crate::runscope::variables::Variables;
use crate::secret::Secret;
use crate::server::{Fault, InProcess, Policy, Tenant};

const BASE: &str = "https://scim.example.test/v2";

/// A tenant with a stranger, a group of theirs, and what was said of them when nobody had touched them yet.
struct Place {
    tenant: Arc<Tenant>,
    stranger: String,
    group: String,
    before: Vec<Value>,
}

/// What an export did.
struct Done {
    performance: Performance,
    ids: HashSet<(Resource, String)>,
    left: Vec<LeftBehind>,
}

impl Place {
    fn new(policy: Policy) -> Self {
        let tenant = Tenant::new(Some(Secret::new("t0ken-of-the-test")), policy);
        let precious = json!({"userName": "precious@corp.example", "active": true, "name": {"givenName": "P", "familyName": "C"}});
        let stranger = tenant.seed_user(&precious).unwrap();
        let crew = json!({"displayName": "Crew", "members": [{"value": stranger}]});
        let group = tenant.seed_group(&crew).unwrap();
        let mut place = Self {
            tenant: Arc::new(tenant),
            stranger,
            group,
            before: Vec::new(),
        };
        place.before = place.strangers();
        place
    }

    /// The strangers as they are now, versions and times included.
    fn strangers(&self) -> Vec<Value> {
        [
            format!("/Users/{}", self.stranger),
            format!("/Groups/{}", self.group),
        ]
        .iter()
        .map(|path| {
            let request = http::Request::get(path)
                .header("authorization", "Bearer t0ken-of-the-test")
                .body(bytes::Bytes::new());
            let answer = self.tenant.handle(request.unwrap());
            serde_json::from_slice(answer.body()).unwrap()
        })
        .collect()
    }

    async fn play(&self, steps: &[Value], changes_others: bool) -> Done {
        self.play_through(steps, changes_others, |_| None).await
    }

    /// Plays steps; `twist` may give another answer than the tenant does.
    async fn play_through(
        &self,
        steps: &[Value],
        changes_others: bool,
        twist: fn(&Exchange) -> Option<Value>,
    ) -> Done {
        let transport = Twisted(InProcess::new(Arc::clone(&self.tenant)), twist);
        let authorization = HeaderText::Plain("Bearer t0ken-of-the-test".to_owned());
        let client = Client {
            agent: Agent::Okta,
            authorization: Some(authorization.clone()),
            extra: Vec::new(),
        };
        let extra = [("Authorization".to_owned(), authorization)];
        let redactor = Redactor::new();
        let stage = Stage {
            transport: &transport,
            base: BASE,
            extra: &extra,
            redactor: &redactor,
            pause_scale: 0.0,
        };
        let mut variables = Variables::default();
        variables.set("base", BASE);
        variables.set("stranger", self.stranger.as_str());
        variables.set("group", self.group.as_str());
        let export = Export::parse(&json!({"steps": steps}).to_string()).unwrap();
        let ledger = Ledger::default().by_whole_names();
        let mut hear = |_: Heard<'_>| {};
        let sight = Sight {
            transport: &transport,
            client: &client,
        };
        let mut claims = Claims::new(&ledger, sight, changes_others, &mut hear);
        let never = std::future::pending();
        let performance = play::play(&export, variables, &stage, &mut claims, never).await;
        let Estate { ids, left, .. } = claims.finish().await;
        for (kind, id) in &ids {
            assert!(ledger.owns(*kind, id));
        }
        Done {
            performance,
            ids,
            left,
        }
    }
}

/// A transport whose answers somebody has changed.
struct Twisted(InProcess, fn(&Exchange) -> Option<Value>);

impl Transport for Twisted {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            let mut exchange = self.0.send(request).await;
            if let Some(body) = self.1(&exchange)
                && let Ok(response) = &mut exchange.outcome
            {
                response.body = crate::exchange::Body::read(body.to_string().into(), None);
            }
            exchange
        })
    }
}

fn step(method: &str, path: &str, body: &Value) -> Value {
    let mut step = json!({
        "step_type": "request", "method": method, "url": format!("{{{{base}}}}{path}"),
        "headers": {"Content-Type": ["application/scim+json"]},
    });
    if !body.is_null() {
        step["body"] = body.to_string().into();
    }
    step
}

/// The same, and what it keeps of the answer.
fn keeping(mut step: Value, name: &str, path: &str) -> Value {
    step["variables"] = json!([{"name": name, "source": "response_json", "property": path}]);
    step
}

fn first_user() -> Value {
    keeping(
        step("GET", "/Users?count=1", &Value::Null),
        "first",
        "Resources[0].id",
    )
}

fn create(name: &str) -> Value {
    let ada =
        json!({"userName": name, "active": true, "name": {"givenName": "A", "familyName": "B"}});
    keeping(step("POST", "/Users", &ada), "own", "id")
}

/// For each step whether it was sent.
fn sent(done: &Done) -> Vec<bool> {
    let played = done.performance.played.iter();
    played
        .map(|one| !matches!(one.outcome, Outcome::NotRun(_)))
        .collect()
}

#[tokio::test]
async fn nothing_that_would_change_a_stranger_is_sent() {
    let none = Value::Null;
    let off = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    let bulk = |operation: Value| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]});
    let put = json!({"userName": "precious@corp.example", "active": false});
    let attacks = [
        step("DELETE", "/Users/{{first}}", &none),
        step("PATCH", "/Users/{{first}}", &off),
        step("PUT", "/Users/{{first}}", &put),
        step("DELETE", "/Users/{{stranger}}?x=y", &none),
        step("DELETE", "/users/{{stranger}}/", &none),
        step("DELETE", "//Users//{{stranger}}", &none),
        step("DELETE", "/Groups/{{group}}", &none),
        step(
            "PATCH",
            "/Groups/{{group}}",
            &json!({"Operations": [{"op": "remove", "path": "members"}]}),
        ),
        step(
            "PUT",
            "/Users/{{own}}",
            &json!({"id": "{{stranger}}", "userName": "x"}),
        ),
        step(
            "POST",
            "/Users",
            &json!({"id": "{{stranger}}", "userName": "x@corp.example"}),
        ),
        step(
            "POST",
            "/Users",
            &json!({"userName": "Precious@corp.example"}),
        ),
        step("POST", "/Users/{{stranger}}/activate", &none),
        step(
            "POST",
            "/Bulk",
            &bulk(json!({"method": "DELETE", "path": "/Users/{{stranger}}"})),
        ),
        step(
            "POST",
            "/Bulk",
            &bulk(json!({"method": "patch", "path": "/Users/{{first}}", "data": off})),
        ),
        step("POST", "/Bulk", &json!({"Operations": "everybody"})),
        step("DELETE", "/Me", &none),
        step("DELETE", "/Users", &none),
        step("GET", "/Users/{{stranger}}?_method=delete", &none),
    ];
    let place = Place::new(Policy::default());
    for attack in &attacks {
        let steps = [first_user(), create("ada@example.com"), attack.clone()];
        let done = place.play(&steps, false).await;
        assert_eq!(sent(&done), [true, true, false], "{attack}");
        let Some(Outcome::NotRun(why)) = done.performance.played.last().map(|one| &one.outcome)
        else {
            panic!("{attack}");
        };
        assert!(why.contains("--change-others"), "{why}");
        assert_eq!(place.strangers(), place.before, "{attack}");
        // What is the test's own is there to be removed.
        assert_eq!(done.ids.len(), 1, "{attack}");
        for (_, id) in &done.ids {
            assert!(place.tenant.remove_user(id));
        }
    }
}

#[tokio::test]
async fn with_consent_everything_is_sent() {
    let place = Place::new(Policy::default());
    let steps = [
        first_user(),
        step("DELETE", "/Users/{{first}}", &Value::Null),
    ];
    let done = place.play(&steps, true).await;
    assert_eq!(sent(&done), [true, true]);
    assert_eq!(done.performance.played[1].status, Some(204));
}

#[tokio::test]
async fn what_the_test_has_made_it_may_change_rename_and_delete() {
    let place = Place::new(Policy::default());
    let renamed = json!({"userName": "bea@example.com", "active": true, "name": {"givenName": "A", "familyName": "B"}});
    let members = json!({"displayName": "Own crew", "members": [{"value": "{{own}}"}]});
    let steps = [
        create("ada@example.com"),
        step("PUT", "/Users/{{own}}", &renamed),
        keeping(step("POST", "/Groups", &members), "crew", "id"),
        step(
            "PATCH",
            "/Groups/{{crew}}",
            &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": {"displayName": "Crew of the test"}}]}),
        ),
        step("DELETE", "/Groups/{{crew}}", &Value::Null),
        step("DELETE", "/Groups/{{crew}}", &Value::Null),
        step(
            "POST",
            "/Users/.search",
            &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1}),
        ),
        step(
            "POST",
            "/Bulk",
            &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "cy@example.com"}},
            {"method": "PATCH", "path": "/Users/bulkId:a", "data": {"Operations": [{"op": "add", "path": "title", "value": "x"}]}}]}),
        ),
    ];
    let done = place.play(&steps, false).await;
    assert_eq!(sent(&done), [true; 8]);
    let statuses: Vec<_> = done
        .performance
        .played
        .iter()
        .filter_map(|one| one.status)
        .collect();
    assert_eq!(statuses, [201, 200, 201, 200, 204, 404, 200, 200]);
    // Ada under her new name, and the one that the bulk request made; the group is gone.
    assert_eq!(done.ids.len(), 2, "{:?}", done.left);
    assert!(done.left.is_empty(), "{:?}", done.left);
    assert_eq!(place.strangers(), place.before);
}

/// The answer to a create is about the first user of the target.
fn mixed_up(exchange: &Exchange) -> Option<Value> {
    let is_create = exchange.request.method == Method::Post;
    let name = exchange.request.body.as_deref().unwrap_or_default();
    let sent: Value = serde_json::from_slice(name).unwrap_or_default();
    // The first id that a tenant gives is known beforehand: that of the stranger, who was seeded first.
    is_create.then(
        || json!({"id": STRANGER.with(|id| id.borrow().clone()), "userName": sent["userName"]}),
    )
}

thread_local! {
    static STRANGER: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

#[tokio::test]
async fn an_id_that_a_create_hands_out_is_looked_at_before_it_is_the_test_s_own() {
    let place = Place::new(Policy::default());
    STRANGER.with(|id| id.borrow_mut().clone_from(&place.stranger));
    let steps = [
        create("ada@example.com"),
        step("DELETE", "/Users/{{own}}", &Value::Null),
    ];
    let done = place.play_through(&steps, false, mixed_up).await;
    assert_eq!(sent(&done), [true, false]);
    assert!(done.ids.is_empty());
    assert_eq!(done.left.len(), 1);
    assert!(
        done.left[0].reason.contains("another resource"),
        "{:?}",
        done.left
    );
    assert_eq!(place.strangers(), place.before);
}

#[tokio::test]
async fn what_may_be_there_is_told() {
    let faults = [
        (Fault::CreateWithoutId, "no id"),
        (Fault::ConnectionClosedAfterCreate, "may be there"),
    ];
    for (fault, told) in faults {
        let place = Place::new(Policy::default().with_fault(fault));
        let done = place.play(&[create("ada@example.com")], false).await;
        assert!(done.ids.is_empty());
        assert_eq!(done.left.len(), 1, "{fault:?}");
        assert!(done.left[0].reason.contains(told), "{:?}", done.left);
    }
}
