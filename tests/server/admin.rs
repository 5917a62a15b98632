//! The admin face: its operations, who may use them, and what it tells.

use scim_conform::secret::Secret;
use scim_conform::server::{Chaos, Fault, Options, Policy, Running, Server, Tenant};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Client, TOKEN};

fn ok(tenant: &Tenant, operation: &Value) -> Value {
    let answer = tenant.perform(operation);
    assert_eq!(answer["ok"], true, "{operation} {answer}");
    answer
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}

#[test]
fn somebody_changes_people_behind_the_back_of_scim() {
    let client = Client::good();
    let tenant = &client.tenant;
    let ada = client.create_user("ada@example.com");
    let local = json!({"operation": "create-user", "user": {
        "userName": "local@example.com", "title": "Clerk", "name": {"givenName": "L", "familyName": "O"}}});
    let local = id_of(&ok(tenant, &local));
    ok(
        tenant,
        &json!({"operation": "update-user", "userName": "LOCAL@example.com",
            "changes": {"active": false, "title": null, "name": {"familyName": "P"}}}),
    );
    let seen = client.get(&format!("/Users/{local}")).json;
    assert_eq!(seen["active"], false);
    assert_eq!(seen["title"], Value::Null);
    assert_eq!(seen["name"], json!({"givenName": "L", "familyName": "P"}));

    let crew = json!({"operation": "create-group",
        "group": {"displayName": "Crew", "members": [{"value": ada}]}});
    let crew = id_of(&ok(tenant, &crew));
    let by_name = |operation: &str, more: Value| {
        let mut whole = json!({"operation": operation, "displayName": "Crew"});
        let fields = more.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(fields);
        whole
    };
    ok(tenant, &by_name("add-members", json!({"members": [local]})));
    assert_eq!(client.members(&crew), [ada.clone(), local.clone()]);
    ok(
        tenant,
        &by_name("remove-members", json!({"members": [ada, "nobody"]})),
    );
    assert_eq!(client.members(&crew), [local.as_str()]);
    let groups = client.get(&format!("/Users/{ada}")).json["groups"].clone();
    assert_eq!(groups, json!([]), "the way back follows");
    ok(
        tenant,
        &by_name(
            "update-group",
            json!({"changes": {"displayName": "Crew 2"}}),
        ),
    );
    ok(
        tenant,
        &json!({"operation": "delete-group", "displayName": "Crew 2"}),
    );
    // The id goes before the name.
    ok(
        tenant,
        &json!({"operation": "delete-user", "id": ada, "userName": "local@example.com"}),
    );
    assert_eq!(client.get(&format!("/Users/{ada}")).status(), 404);
    assert_eq!(client.get("/Users").total(), 1);
    assert_eq!(client.get("/Groups").total(), 0);
}

#[test]
fn what_cannot_be_done_is_said() {
    let client = Client::new(Policy::default().with_fault(Fault::NamesakeGroupCreated));
    client.create_user("ada@example.com");
    for _ in 0..2 {
        client.create_group("Twins", &[]);
    }
    let table = [
        (json!({}), "bad-request", "an operation is a JSON object"),
        (json!([1]), "bad-request", "an operation is a JSON object"),
        (
            json!({"operation": "delete-usr"}),
            "unknown-operation",
            "did you mean delete-user?",
        ),
        (
            json!({"operation": "dump"}),
            "bad-request",
            "for the admin face",
        ),
        (
            json!({"operation": "delete-user"}),
            "bad-request",
            "which user? give its id or its userName",
        ),
        (
            json!({"operation": "delete-user", "id": "x"}),
            "not-found",
            "there is no user \"x\"",
        ),
        (
            json!({"operation": "delete-user", "userName": "x"}),
            "not-found",
            "userName \"x\"",
        ),
        (
            json!({"operation": "delete-user", "username": "x"}),
            "bad-request",
            "unknown field `username`",
        ),
        (
            json!({"operation": "delete-group", "displayName": "Twins"}),
            "conflict",
            "2 groups have",
        ),
        (
            json!({"operation": "create-user", "user": {"userName": "ADA@example.com"}}),
            "conflict",
            "already in use",
        ),
        (
            json!({"operation": "create-user", "user": {}}),
            "bad-request",
            "userName is required",
        ),
        (
            json!({"operation": "create-user", "user": 7}),
            "bad-request",
            "create-user",
        ),
        (
            json!({"operation": "update-user", "userName": "ada@example.com", "changes": {}}),
            "bad-request",
            "changes is empty",
        ),
        (
            json!({"operation": "update-user", "userName": "ada@example.com", "changes": {"active": "no"}}),
            "bad-request",
            "active must be boolean",
        ),
        (
            json!({"operation": "create-group", "group": {"displayName": "G", "members": [{"value": "x"}]}}),
            "bad-request",
            "Member x does not exist",
        ),
    ];
    for (operation, error, message) in table {
        let answer = client.tenant.perform(&operation);
        assert_eq!(answer["ok"], false, "{operation}");
        assert_eq!(answer["error"], error, "{operation} {answer}");
        let told = answer["message"].as_str().unwrap();
        assert!(told.contains(message), "{operation} {told}");
    }
    let listed = ok(&client.tenant, &json!({"operation": "list-operations"}));
    assert_eq!(listed["contract"], 1);
    assert_eq!(listed["operations"].as_array().unwrap().len(), 9);
}

#[test]
fn faults_have_no_part_in_what_an_administrator_does() {
    let client = Client::new(
        Policy::default()
            .with_fault(Fault::RenameRefused)
            .with_fault(Fault::ReactivationIgnored),
    );
    let ada = client.create_user("ada@example.com");
    for changes in [
        json!({"userName": "b@example.com", "active": false}),
        json!({"active": true}),
    ] {
        let change = json!({"operation": "update-user", "id": ada, "changes": changes});
        ok(&client.tenant, &change);
    }
    let seen = client.get(&format!("/Users/{ada}")).json;
    assert_eq!(
        (&seen["userName"], &seen["active"]),
        (&json!("b@example.com"), &json!(true))
    );
}

/// A server with an admin face.
struct Console {
    server: Running,
}

impl Console {
    async fn start(token: Option<&str>) -> Self {
        let server = Server::start(Options {
            token: token.map(Secret::new),
            policy: Policy::default().with_fault(Fault::PageCap50),
            chaos: Some(Chaos::new(1, 0)),
            admin_port: Some(0),
            ..Options::default()
        });
        Self {
            server: server.await.unwrap(),
        }
    }

    async fn raw(&self, head: &str, body: &str) -> (String, Value) {
        let address = self.server.admin_address().unwrap();
        talk(address, head, body).await
    }

    async fn perform(&self, operation: Value) -> Value {
        let (status, answer) = self
            .raw(&head("localhost", Some(TOKEN)), &operation.to_string())
            .await;
        assert_eq!(status, "200", "{operation} {answer}");
        answer
    }

    async fn scim(&self, target: &str) -> Value {
        let head = format!(
            "GET /scim/v2{target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        );
        talk(self.server.address(), &head, "").await.1
    }
}

fn head(host: &str, token: Option<&str>) -> String {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let token = token.unwrap_or_default();
    format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{token}")
}

async fn talk(address: std::net::SocketAddr, head: &str, body: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let whole = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(whole.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn only_those_who_may_are_served() {
    let console = Console::start(Some(TOKEN)).await;
    let dump = r#"{"operation":"dump"}"#;
    let good = head("127.0.0.1", Some(TOKEN));
    let table = [
        (good.clone(), dump, "200"),
        (head("127.0.0.1:8080", Some("wrong")), dump, "401"),
        (head("127.0.0.1:8080", None), dump, "401"),
        // A page in a browser, under a name that was made to mean this machine.
        (head("rebound.example.test", Some(TOKEN)), dump, "403"),
        (good.replace("application/json", "text/plain"), dump, "415"),
        (
            good.replace("Content-Type: application/json\r\n", ""),
            dump,
            "415",
        ),
        (good.replace("POST / ", "GET / "), "", "405"),
        (good.replace("POST / ", "OPTIONS / "), "", "405"),
        (good.replace("POST / ", "POST /scim/v2/Users "), dump, "404"),
        (good.clone(), "{", "400"),
        (
            good.clone(),
            r#"{"operation":"delete-user","id":"x"}"#,
            "404",
        ),
        (good, r#"{"operation":"fly"}"#, "501"),
    ];
    for (head, body, expected) in table {
        let (status, answer) = console.raw(&head, body).await;
        assert_eq!(status, expected, "{head} {answer}");
        assert_eq!(answer["ok"], status == "200");
        assert!(!answer.to_string().contains(TOKEN));
    }
    let (status, answer) = console
        .raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n", "")
        .await;
    assert_eq!((status.as_str(), &answer["status"]), ("200", &json!("ok")));
    console.server.stop().await;

    let open = Console::start(None).await;
    let (status, _) = open.raw(&head("localhost", None), dump).await;
    assert_eq!(status, "200", "an open server has an open face");
    open.server.stop().await;
}

#[tokio::test]
async fn a_test_looks_at_everything_and_sets_it_back() {
    let console = Console::start(Some(TOKEN)).await;
    let seeded = console
        .perform(json!({"operation": "seed", "users": 60, "seed": 3}))
        .await;
    assert_eq!(
        (&seeded["users"], &seeded["groups"]),
        (&json!(60), &json!(3))
    );
    let page = console.scim("/Users?startIndex=1&count=100").await;
    assert_eq!(page["itemsPerPage"], 50, "the fault of the start is on");
    let set = console
        .perform(json!({"operation": "set-faults", "faults": ["page-cap-20"]}))
        .await;
    assert_eq!(set["on"], json!(["page-cap-20"]));
    let page = console.scim("/Users?startIndex=1&count=100").await;
    assert_eq!(page["itemsPerPage"], 20);
    let faults = console.perform(json!({"operation": "list-faults"})).await;
    assert_eq!(faults["on"], json!(["page-cap-20"]));
    assert_eq!(faults["known"].as_array().unwrap().len(), Fault::ALL.len());

    let dump = console.perform(json!({"operation": "dump"})).await;
    let count = |name: &str| dump[name].as_array().unwrap().len();
    assert_eq!(
        (count("users"), count("groups"), count("local")),
        (60, 3, 63)
    );

    let requests = console
        .perform(json!({"operation": "list-requests", "after": 1}))
        .await;
    assert_eq!(
        (
            requests["requests"].as_array().unwrap().len(),
            &requests["seen"]
        ),
        (1, &json!(2))
    );
    let request = &requests["requests"][0];
    assert_eq!(request["target"], "/scim/v2/Users?startIndex=1&count=100");
    assert_eq!(request["headers"]["authorization"], "Bearer ***");
    assert_eq!(request["status"], 200);
    assert!(!requests.to_string().contains(TOKEN));

    let chaos = console
        .perform(json!({"operation": "set-chaos", "seed": 5, "rate": 100}))
        .await;
    assert_eq!((&chaos["seed"], &chaos["rate"]), (&json!(5), &json!(100)));
    assert_eq!(
        console.server.tenant("").unwrap().chaos(),
        Some(Chaos::new(5, 100))
    );

    console.perform(json!({"operation": "reset"})).await;
    let dump = console.perform(json!({"operation": "dump"})).await;
    assert_eq!(dump["users"], json!([]));
    let faults = console.perform(json!({"operation": "list-faults"})).await;
    assert_eq!(faults["on"], json!(["page-cap-50"]), "as at the start");
    let requests = console.perform(json!({"operation": "list-requests"})).await;
    assert_eq!(requests["seen"], 0);
    for (operation, error) in [
        (
            json!({"operation": "set-faults", "faults": ["page-cap-2"]}),
            "not-found",
        ),
        (
            json!({"operation": "set-chaos", "rate": 101}),
            "bad-request",
        ),
        (
            json!({"operation": "seed", "users": 10_000_001}),
            "bad-request",
        ),
    ] {
        let head = head("localhost", Some(TOKEN));
        let (_, answer) = console.raw(&head, &operation.to_string()).await;
        assert_eq!(answer["error"], error, "{answer}");
    }
    console.server.stop().await;
}

/// The page names every operation, and its examples are operations.
#[tokio::test]
async fn the_contract_is_what_the_server_does() {
    let console = Console::start(Some(TOKEN)).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/admin-contract.md");
    let page = std::fs::read_to_string(path).unwrap();
    let listed = console
        .perform(json!({"operation": "list-operations"}))
        .await;
    let listed: Vec<&str> = listed["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let named: Vec<&str> = rows
        .map(|(name, _)| name)
        .filter(|name| *name != "error" && !name.contains('`'))
        .filter(|name| name.contains('-') || ["seed", "dump", "reset"].contains(name))
        .filter(|name| !["bad-request", "not-found", "unknown-operation"].contains(name))
        .collect();
    assert_eq!(named, listed);

    let examples = page
        .lines()
        .filter(|line| line.starts_with("{\"operation\""));
    let mut tried = 0;
    for example in examples {
        let operation: Value = serde_json::from_str(example).unwrap();
        let head = head("localhost", Some(TOKEN));
        let (status, answer) = console.raw(&head, &operation.to_string()).await;
        // The ids of the page name nobody here.
        let known = status == "200"
            || answer["message"].as_str().unwrap().contains("2819c223")
            || answer["error"] == "not-found";
        assert!(known, "{example} {answer}");
        tried += 1;
    }
    assert!(tried > 5, "only {tried} examples");
    console.server.stop().await;
}
