//! The listener: tenants, limits, and what only a socket can show.

use std::sync::Arc;
use std::time::Duration;

use scim_conform::exchange::{
    BodyOddity, HeaderText, Method, NotJson, Request, SendError, Transport,
};
use scim_conform::secret::Secret;
use scim_conform::server::{
    Fault, InProcess, Limits, Mode, Options, Policy, Running, Server, StartError, Tenant,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::TOKEN;

/// Longer than anything here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(20);

const ADA: &str = r#"{"userName":"ada"}"#;

async fn start(change: impl FnOnce(&mut Options)) -> Running {
    let mut options = Options {
        token: Some(Secret::new(TOKEN)),
        ..Options::default()
    };
    change(&mut options);
    Server::start(options).await.unwrap()
}

async fn start_with(fault: Fault) -> Running {
    start(|options| options.policy = Policy::default().with_fault(fault)).await
}

async fn connect(server: &Running) -> TcpStream {
    TcpStream::connect(server.address()).await.unwrap()
}

/// Everything until the server closes.
async fn drain(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A reset behind the answer is as good as a close.
    let _ = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("the server neither answers nor closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends text, and reads everything until the server closes.
async fn talk(server: &Running, text: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(text.as_bytes()).await.unwrap();
    drain(&mut stream).await
}

fn request(line: &str, body: &str) -> String {
    let content = if body.is_empty() {
        String::new()
    } else {
        let length = body.len();
        format!("Content-Type: application/scim+json\r\nContent-Length: {length}\r\n")
    };
    format!(
        "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\n{content}\r\n{body}"
    )
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn one_tenant_is_served_under_the_base_path() {
    let server = start(|_| {}).await;
    assert_eq!(
        server.base_url(),
        format!("http://{}/scim/v2", server.address())
    );
    let created = talk(&server, &request("POST /scim/v2/Users", ADA)).await;
    assert_eq!(status(&created), "201");
    assert!(created.contains(&format!("location: {}/Users/", server.base_url())));
    let list = talk(
        &server,
        &request("GET /scim/v2/Users?startIndex=1&count=2", ""),
    )
    .await;
    assert!(body(&list).contains(r#""totalResults":1"#), "{list}");
    for path in ["/Users", "/scim/v2x/Users", "/scim"] {
        let answer = talk(&server, &request(&format!("GET {path}"), "")).await;
        assert_eq!(status(&answer), "404", "{path}");
        assert!(body(&answer).contains("messages:2.0:Error"), "{path}");
    }
    let head = talk(&server, &request("HEAD /scim/v2/Users", "")).await;
    assert_eq!((status(&head), body(&head)), ("200", ""));
    assert!(head.contains("content-length: "));
    assert_eq!(server.tenant("").unwrap().base_url(), server.base_url());
    server.stop().await;
}

#[tokio::test]
async fn every_first_segment_is_a_tenant_of_its_own() {
    let server = start(|options| options.mode = Mode::PerScenario).await;
    for name in ["rename%2Fa", "b"] {
        let line = format!("POST /{name}/scim/v2/Users");
        let created = talk(&server, &request(&line, ADA)).await;
        assert_eq!(status(&created), "201", "{created}");
    }
    let root = format!("http://{}", server.address());
    let url = server.tenant_url("rename/a");
    let list = format!("GET {}/Users", url.strip_prefix(&root).unwrap());
    let answer = talk(&server, &request(&list, "")).await;
    assert!(body(&answer).contains(r#""totalResults":1"#), "{answer}");
    let tenant = server.tenant("rename/a").unwrap();
    tenant.seed_user(&json!({"userName": "old"})).unwrap();
    let answer = talk(&server, &request(&list, "")).await;
    assert!(body(&answer).contains(r#""totalResults":2"#), "{answer}");
    assert_eq!(
        status(&talk(&server, &request("GET /scim", "")).await),
        "404"
    );
    server.stop().await;
}

#[tokio::test]
async fn connections_are_kept_and_end_with_the_server() {
    let server = start(|_| {}).await;
    let mut stream = connect(&server).await;
    let keep = request("GET /scim/v2/Users", "").replace("Connection: close\r\n", "");
    for _ in 0..3 {
        stream.write_all(keep.as_bytes()).await.unwrap();
        let mut seen = String::new();
        while !seen.ends_with("\"Resources\":[]}") {
            let mut buffer = [0; 1024];
            let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
            let read = read.unwrap().unwrap();
            assert_ne!(read, 0, "the connection was not kept: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }
    let address = server.address();
    server.stop().await;
    assert_eq!(drain(&mut stream).await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let server = start(|_| {}).await;
    let port = server.address().port();
    let options = Options {
        port,
        ..Options::default()
    };
    let StartError::Listen { port: named, .. } = Server::start(options).await.unwrap_err();
    assert_eq!(named, port);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let server = start(|_| {}).await;
    let filler = "y".repeat(100_000);
    let long = format!("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX: {filler}\r\n\r\n");
    let answer = talk(&server, &long).await;
    // The reset that follows unread bytes may overtake the answer.
    assert!(answer.is_empty() || status(&answer) == "431", "{answer}");
    let endless = format!("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX: {filler}");
    let answer = talk(&server, &endless).await;
    assert!(answer.is_empty() || status(&answer) == "431", "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = start(|options| options.limits.body = 1000).await;
    let large = request("POST /scim/v2/Users", &format!("\"{}\"", "y".repeat(2000)));
    let answer = talk(&server, &large).await;
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(body(&answer).contains("larger than 1000 bytes"));
    let chunk = format!("200\r\n{}\r\n", "y".repeat(512));
    let chunked = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert_eq!(status(&talk(&server, &chunked).await), "413");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = start(|_| {}).await;
    for garbage in [
        "\0\u{1}\u{2}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(garbage.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = drain(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{garbage:?} {answer}"
        );
    }
    let answer = talk(&server, &request("GET /scim/v2/Users", "")).await;
    assert_eq!(status(&answer), "200", "it still serves");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_finish_is_let_go() {
    let short = Duration::from_millis(50);
    let server = start(|options| {
        options.limits = Limits {
            head_wait: short,
            body_wait: short,
            ..Limits::default()
        };
    })
    .await;
    assert_eq!(talk(&server, "").await, "", "a silent connection is closed");
    let answer = talk(&server, "GET /scim/v2/Users HTTP/1.1\r\nHost:").await;
    assert!(answer.is_empty() || status(&answer) == "408", "{answer}");
    let whole = request("POST /scim/v2/Users", ADA);
    let answer = talk(&server, whole.strip_suffix(ADA).unwrap()).await;
    assert_eq!(status(&answer), "408", "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_create_can_be_stored_and_never_answered() {
    let server = start_with(Fault::ConnectionClosedAfterCreate).await;
    assert_eq!(
        talk(&server, &request("POST /scim/v2/Users", ADA)).await,
        ""
    );
    let list = talk(&server, &request("GET /scim/v2/Users", "")).await;
    assert!(body(&list).contains(r#""totalResults":1"#), "{list}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_can_end_before_its_announced_length() {
    let server = start_with(Fault::BodyCutShort).await;
    let tenant = server.tenant("").unwrap();
    let id = tenant.seed_user(&json!({"userName": "ada"})).unwrap();
    let answer = talk(&server, &request(&format!("GET /scim/v2/Users/{id}"), "")).await;
    let announced = answer.split("content-length: ").nth(1).unwrap();
    let announced: usize = announced.split("\r\n").next().unwrap().parse().unwrap();
    assert!(body(&answer).starts_with('{'), "{answer}");
    assert!(body(&answer).len() < announced, "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_can_follow_204() {
    let server = start_with(Fault::BodyAfterNoContent).await;
    let tenant = server.tenant("").unwrap();
    let id = tenant.seed_group(&json!({"displayName": "G"})).unwrap();
    let line = format!("DELETE /scim/v2/Groups/{id}");
    let answer = talk(&server, &request(&line, "")).await;
    assert_eq!((status(&answer), body(&answer)), ("204", "{}"));
    server.stop().await;
}

#[tokio::test]
async fn a_redirected_create_names_a_url_that_serves_it() {
    let server = start_with(Fault::CreateRedirected).await;
    let answer = talk(&server, &request("POST /scim/v2/Users", ADA)).await;
    assert_eq!(status(&answer), "307");
    let location = answer.split("location: ").nth(1).unwrap();
    let location = location.split("\r\n").next().unwrap();
    let root = format!("http://{}", server.address());
    let path = location.strip_prefix(&root).unwrap();
    let answer = talk(&server, &request(&format!("POST {path}"), ADA)).await;
    assert_eq!(status(&answer), "201", "{answer}");
    server.stop().await;
}

fn in_process(policy: Policy) -> InProcess {
    InProcess::new(Arc::new(Tenant::new(Some(Secret::new(TOKEN)), policy)))
}

fn okta(method: Method, target: &str, body: Option<&'static str>) -> Request {
    let media_type = "application/scim+json; charset=utf-8".to_owned();
    let token = Secret::new(format!("Bearer {TOKEN}"));
    Request {
        method,
        target: target.to_owned(),
        headers: vec![
            ("Content-Type".to_owned(), HeaderText::Plain(media_type)),
            ("Authorization".to_owned(), HeaderText::Secret(token)),
        ],
        body: body.map(|text| text.as_bytes().into()),
    }
}

#[tokio::test]
async fn the_in_process_transport_sees_what_a_socket_would() {
    let good = in_process(Policy::default());
    let exchange = good.send(okta(Method::Post, "/Users", Some(ADA))).await;
    assert_eq!(exchange.status(), Some(201));
    let response = exchange.response().unwrap();
    assert_eq!(response.json().unwrap()["userName"], "ada");
    assert!(response.header("Location").is_some());
    let head = good.send(okta(Method::Head, "/Users", None)).await;
    assert_eq!(head.response().unwrap().body.json, Err(NotJson::Empty));
    let bad = good.send(okta(Method::Get, "/Users?x= y", None)).await;
    assert!(matches!(bad.outcome, Err(SendError::Unsendable { .. })));

    let closes = in_process(Policy::default().with_fault(Fault::ConnectionClosedAfterCreate));
    let exchange = closes.send(okta(Method::Post, "/Users", Some(ADA))).await;
    assert!(matches!(exchange.outcome, Err(SendError::Closed { .. })));

    let trailing = in_process(Policy::default().with_fault(Fault::BodyAfterNoContent));
    let group = trailing.tenant().seed_group(&json!({"displayName": "G"}));
    let target = format!("/Groups/{}", group.unwrap());
    let exchange = trailing.send(okta(Method::Delete, &target, None)).await;
    let body = &exchange.response().unwrap().body;
    assert_eq!(body.oddities, [BodyOddity::BodyAfterNoContent]);
}

/// What a client without the right token sends before it lets the server wait for the rest.
fn slow_bodies() -> [String; 3] {
    let head = "POST /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\
                Content-Type: application/scim+json\r\n";
    [
        format!("{head}Content-Length: 1000000\r\n\r\n{{"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        format!("{head}Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"),
    ]
}

#[tokio::test]
async fn whoever_has_no_token_takes_no_place_with_a_body_that_never_ends() {
    const PLACES: usize = 4;
    let server = start(|options| options.limits.connections = PLACES).await;
    let mut held = Vec::new();
    for opening in slow_bodies() {
        let mut round = Vec::new();
        for _ in 0..PLACES {
            let mut stream = connect(&server).await;
            stream.write_all(opening.as_bytes()).await.unwrap();
            round.push(stream);
        }
        for stream in &mut round {
            let answer = drain(stream).await;
            assert_eq!(status(&answer), "401", "{opening}: {answer}");
            let closes = answer.to_ascii_lowercase().contains("connection: close");
            assert!(closes, "{answer}");
        }
        // None of them closes from its side, and the next round finds as many places.
        held.push(round);
    }
    for (line, expected) in [("GET /healthz", "200"), ("GET /scim/v2/Users", "200")] {
        let answer = talk(&server, &request(line, "")).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refused_request_whose_body_has_come_keeps_its_connection() {
    let server = start(|_| {}).await;
    let mut stream = connect(&server).await;
    let wrong = request("POST /scim/v2/Users", ADA)
        .replace(TOKEN, "wrong")
        .replace("Connection: close\r\n", "");
    // What is behind the refused body is the next request, and not a part of it.
    let both = wrong + &request("GET /scim/v2/Users", "");
    stream.write_all(both.as_bytes()).await.unwrap();
    let answers = drain(&mut stream).await;
    let statuses: Vec<&str> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| answer.get(..3).unwrap_or_default())
        .collect();
    assert_eq!(statuses, ["401", "200"], "{answers}");
    server.stop().await;
}

#[tokio::test]
async fn an_open_server_is_reached_by_names_of_this_machine_only() {
    let open = start(|options| options.token = None).await;
    let guarded = start(|_| {}).await;
    let port = open.address().port();
    let table = [
        ("localhost".to_owned(), "200"),
        (format!("127.0.0.1:{port}"), "200"),
        (format!("LOCALHOST:{port}"), "200"),
        (format!("[::1]:{port}"), "200"),
        (format!("rebound.example.com:{port}"), "403"),
        ("127.0.0.1.example.com".to_owned(), "403"),
        ("192.0.2.1".to_owned(), "403"),
    ];
    for (host, expected) in table {
        for line in [
            "GET /scim/v2/Users",
            "DELETE /scim/v2/Users/1",
            "GET /scim/v2/Nowhere",
        ] {
            let text = request(line, "").replace("Host: x", &format!("Host: {host}"));
            let answer = talk(&open, &text).await;
            let refused = status(&answer) == "403";
            assert_eq!(refused, expected == "403", "{host} {line}: {answer}");
            // Whoever knows the token is no page in a browser, whatever the name.
            assert_ne!(status(&talk(&guarded, &text).await), "403", "{host} {line}");
        }
    }
    let foreign = request("GET http://rebound.example.com/scim/v2/Users", "");
    let foreign = foreign.replace("Host: x", "Host: localhost");
    assert_eq!(status(&talk(&open, &foreign).await), "403");
    let health = request("GET /healthz", "");
    assert_eq!(status(&talk(&open, &health).await), "200");
    open.stop().await;
    guarded.stop().await;
}
