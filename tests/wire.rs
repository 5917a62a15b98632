//! What goes over the wire is what Okta sends, byte for byte, through both transports.

#[path = "support/okta_requests.rs"]
mod okta_requests;
#[expect(
    dead_code,
    reason = "its worse manners are for the tests of bad networks"
)]
#[path = "support/raw_server.rs"]
mod raw_server;

use okta_requests::{both, get, request, settings};
use raw_server::{RawServer, Step, json, write, write_and_close};
use scim_conform::exchange::{
    BodyOddity, HeaderText, Method, NotJson, Pooled, Request, SendError, SpaceAs, Tapped,
    Transport, path_segment, percent_decode, query_value,
};

const LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;

/// The header section that all requests share, around the lines that not all have.
fn wanted(line: &str, content_type: bool, body: Option<&str>, host: &str) -> String {
    let content_type = if content_type {
        "Content-Type: application/scim+json; charset=utf-8\r\n"
    } else {
        ""
    };
    let length = body.map_or(String::new(), |body| {
        format!("Content-Length: {}\r\n", body.len())
    });
    format!(
        "{line} HTTP/1.1\r\n\
         Accept: application/scim+json\r\n\
         Accept-Charset: utf-8\r\n\
         {content_type}\
         User-Agent: Okta SCIM Client 1.0.0\r\n\
         Authorization: Bearer t0ken-for-tests\r\n\
         {length}\
         Host: {host}\r\n\
         Connection: Keep-Alive\r\n\
         Accept-Encoding: gzip,deflate\r\n\
         \r\n\
         {}",
        body.unwrap_or_default()
    )
}

#[tokio::test]
async fn every_kind_of_request_is_byte_exact() {
    let filter = r#"userName eq "ada.byron+x@example.com""#;
    let list = "/Users?startIndex=1&count=100";
    let look_up = |space| {
        format!(
            "/Users?filter={}&startIndex=1&count=100",
            query_value(filter, space)
        )
    };
    let user = "{\"userName\":\"ada\",\n \"active\":true}";
    let cases: [(Method, String, Option<&str>, String); 8] = [
        (Method::Get, list.to_owned(), None, format!("GET /scim/v2{list}")),
        (
            Method::Get,
            look_up(SpaceAs::Percent),
            None,
            "GET /scim/v2/Users?filter=userName%20eq%20%22ada.byron%2Bx%40example.com%22&startIndex=1&count=100".to_owned(),
        ),
        (
            Method::Get,
            look_up(SpaceAs::Plus),
            None,
            "GET /scim/v2/Users?filter=userName+eq+%22ada.byron%2Bx%40example.com%22&startIndex=1&count=100".to_owned(),
        ),
        (Method::Post, "/Users".to_owned(), Some(user), "POST /scim/v2/Users".to_owned()),
        (Method::Post, "/Users".to_owned(), Some(""), "POST /scim/v2/Users".to_owned()),
        (Method::Put, "/Users/7b1c".to_owned(), Some(user), "PUT /scim/v2/Users/7b1c".to_owned()),
        (Method::Patch, "/Groups/a%2Fb".to_owned(), Some("{}"), "PATCH /scim/v2/Groups/a%2Fb".to_owned()),
        (Method::Delete, "/Groups/7b1c".to_owned(), None, "DELETE /scim/v2/Groups/7b1c".to_owned()),
    ];
    for (method, target, body, line) in cases {
        let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
        let expected = wanted(
            &line,
            method != Method::Get,
            body,
            &server.address.to_string(),
        );
        for (name, transport) in both(&settings("http", server.address)) {
            let exchange = transport.send(request(method, &target, body)).await;
            assert_eq!(
                exchange.status(),
                Some(200),
                "{name}: {:?}",
                exchange.outcome
            );
            assert_eq!(
                server.seen().last().map(|seen| seen.text.clone()),
                Some(expected.clone()),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_byte_exact_too() {
    let server = RawServer::start(vec![write(json("201 Created", LIST))]).await;
    let body = format!(r#"{{"userName":"ada","title":"{}"}}"#, "x".repeat(70));
    let mut chunked = request(Method::Post, "/Users", Some(&body));
    let value = HeaderText::Plain("chunked".to_owned());
    chunked
        .headers
        .push(("Transfer-Encoding".to_owned(), value));
    let (first, second) = body.split_at(64);
    let host = server.address.to_string();
    let expected = wanted("POST /scim/v2/Users", true, None, &host)
        .replace("Host:", "Transfer-Encoding: chunked\r\nHost:");
    let expected = format!(
        "{expected}40\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\n\r\n",
        second.len()
    );
    for (name, transport) in both(&settings("http", server.address)) {
        let exchange = transport.send(chunked.clone()).await;
        assert_eq!(
            exchange.status(),
            Some(201),
            "{name}: {:?}",
            exchange.outcome
        );
        assert_eq!(exchange.request, chunked);
        let seen = server.seen().last().map(|seen| seen.text.clone());
        assert_eq!(seen.as_ref(), Some(&expected), "{name}");
    }
}

#[tokio::test]
async fn a_header_of_the_users_own_stands_after_okta_s_and_is_not_doubled() {
    let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        let mut request = get();
        for (key, value) in [
            ("X-Tenant", "blue"),
            ("Host", "scim.example.test"),
            ("X-Tenant", "é"),
        ] {
            request
                .headers
                .push((key.to_owned(), HeaderText::Plain(value.to_owned())));
        }
        assert_eq!(transport.send(request).await.status(), Some(200), "{name}");
        let text = server.seen().last().expect("a request").text.clone();
        let (_, tail) = text.split_once("tests\r\n").expect("the token");
        assert_eq!(
            tail,
            "X-Tenant: blue\r\nX-Tenant: é\r\nHost: scim.example.test\r\n\
             Connection: Keep-Alive\r\nAccept-Encoding: gzip,deflate\r\n\r\n",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_target_that_would_change_is_refused_rather_than_sent() {
    let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
    let settings = settings("http", server.address);
    let pooled = Pooled::new(settings.clone()).expect("pooled");
    for target in [
        "/Users/../Groups",
        "/Users?filter=a eq 'b'",
        "/Users?x='",
        "/Users#top",
        "/Users/é",
        "/Users\\x",
    ] {
        let outcome = pooled
            .send(request(Method::Get, target, None))
            .await
            .outcome;
        assert!(
            matches!(outcome, Err(SendError::Unsendable { .. })),
            "{target}: {outcome:?}"
        );
    }
    let tapped = Tapped::new(settings).expect("tapped");
    for target in ["/Users?filter=a eq b", "/Users#top", "/Users/../Groups"] {
        let outcome = tapped
            .send(request(Method::Get, target, None))
            .await
            .outcome;
        assert!(
            matches!(outcome, Err(SendError::Unsendable { .. })),
            "{target}: {outcome:?}"
        );
    }
    assert!(server.seen().is_empty(), "{:?}", server.seen());
    let verbatim = "/Users?x='y'";
    assert_eq!(
        tapped
            .send(request(Method::Get, verbatim, None))
            .await
            .status(),
        Some(200)
    );
    assert!(
        server
            .only_request()
            .starts_with("GET /scim/v2/Users?x='y' HTTP/1.1\r\n")
    );
}

/// What targets have handed out, or could, to make a write hit something else.
fn odd_ids() -> [String; 29] {
    [
        "/",
        "a/b",
        "..",
        ".",
        "../Groups",
        "..\\Groups",
        "../../admin",
        "?",
        "a?b=c",
        "#",
        "a#b",
        "x\r\n\r\nDELETE /scim/v2/Users/1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "\n",
        "\0",
        "//host",
        "http://host/",
        "%2e%2e",
        "%2e",
        ".%2E",
        "%2f",
        "%00",
        "..;/",
        ";x=y",
        " ",
        "\u{202e}é",
        "7",
        "*",
        "",
        &"x".repeat(50_000),
    ]
    .map(str::to_owned)
}

#[tokio::test]
async fn an_id_of_the_target_stays_one_segment_whatever_it_is() {
    let server = RawServer::start(vec![write(json("200 OK", "{}"))]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        for id in odd_ids() {
            let before = server.seen().len();
            let target = format!("/Users/{}", path_segment(&id));
            let exchange = transport.send(request(Method::Delete, &target, None)).await;
            let new = server.seen().split_off(before);
            if [".", ".."].contains(&id.as_str()) {
                let refused = matches!(exchange.outcome, Err(SendError::Unsendable { .. }));
                assert!(refused && new.is_empty(), "{name}: {id:?}");
                continue;
            }
            let [only] = &new[..] else {
                panic!("{name}: {id:?}: {} requests", new.len());
            };
            let line = only.text.lines().next().unwrap_or_default();
            let sent = line.strip_prefix("DELETE /scim/v2/Users/");
            let sent = sent.and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
            let sent = sent.unwrap_or_else(|| panic!("{name}: {id:?}: {line}"));
            assert!(
                !sent.contains(['/', '?', '#', ' ', '\\', ';']),
                "{name}: {sent}"
            );
            assert_eq!(percent_decode(sent), id, "{name}");
        }
        // The same in a spelling that only the server undoes.
        for segment in ["%2e%2e", "%2E%2e", ".%2e", "%2e", "..", "."] {
            let before = server.seen().len();
            for target in [
                format!("/Users/{segment}"),
                format!("/Users/{segment}/Groups?x=y"),
            ] {
                let outcome = transport
                    .send(request(Method::Delete, &target, None))
                    .await
                    .outcome;
                assert!(
                    matches!(outcome, Err(SendError::Unsendable { .. })),
                    "{name} {target}: {outcome:?}"
                );
            }
            assert_eq!(server.seen().len(), before, "{name} {segment}");
        }
    }
}

#[tokio::test]
async fn headers_that_cannot_be_sent_are_named_but_not_shown() {
    let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        for (key, value) in [("X-Two", "secret\nline"), ("X Blank", "secret")] {
            let mut request = get();
            request
                .headers
                .push((key.to_owned(), HeaderText::Plain(value.to_owned())));
            let error = transport
                .send(request)
                .await
                .outcome
                .expect_err(name)
                .to_string();
            assert!(
                error.contains(key) && !error.contains("secret"),
                "{name}: {error}"
            );
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn requests_in_a_row_use_one_connection() {
    let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
    for (round, (name, transport)) in both(&settings("http", server.address))
        .into_iter()
        .enumerate()
    {
        let mut connects = Vec::new();
        for _ in 0..3 {
            let exchange = transport.send(get()).await;
            assert_eq!(exchange.status(), Some(200), "{name}");
            assert!(exchange.timing.total >= exchange.timing.first_byte);
            connects.push(exchange.timing.connect.is_some());
        }
        assert_eq!(connects, [true, false, false], "{name}");
        let connections: Vec<_> = server
            .seen()
            .iter()
            .skip(round * 3)
            .map(|seen| seen.connection)
            .collect();
        assert_eq!(connections, [round; 3], "{name}");
    }
}

#[tokio::test]
async fn a_connection_closed_between_requests_is_replaced() {
    let server = RawServer::start(vec![write_and_close(json("200 OK", LIST))]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        for _ in 0..3 {
            let exchange = transport.send(get()).await;
            assert_eq!(
                exchange.status(),
                Some(200),
                "{name}: {:?}",
                exchange.outcome
            );
            // Lets the client see the end of the connection, as the time between two steps would.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_body_after_204_is_seen_by_the_tapped_transport() {
    let silent = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let same_packet = b"HTTP/1.1 204 No Content\r\n\r\n{}".to_vec();
    let later = vec![
        Step::Write(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n".to_vec()),
        Step::Trickle(b"{}".to_vec(), std::time::Duration::from_millis(1)),
    ];
    for (answer, odd) in [
        (write(silent), false),
        (write(same_packet), true),
        (later, true),
    ] {
        let server = RawServer::start(vec![answer, write(json("200 OK", LIST))]).await;
        let tapped = Tapped::new(settings("http", server.address)).expect("tapped");
        let exchange = tapped
            .send(request(Method::Patch, "/Users/1", Some("{}")))
            .await;
        let response = exchange.response().expect("a response");
        assert_eq!(response.status, 204);
        assert_eq!(response.body.json, Err(NotJson::Empty));
        assert_eq!(
            response
                .body
                .oddities
                .contains(&BodyOddity::BodyAfterNoContent),
            odd
        );
        assert_eq!(
            tapped.send(get()).await.status(),
            Some(200),
            "the surplus spoils nothing"
        );
    }
}

#[tokio::test]
async fn the_case_of_header_names_is_seen_by_the_tapped_transport() {
    let answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
        HTTP/1.1 200 OK\r\nX-MiXeD: 1\r\ncontent-TYPE: a/b\r\nContent-Length: 2\r\n\r\n{}";
    let server = RawServer::start(vec![write(answer.to_vec())]).await;
    let tapped = Tapped::new(settings("http", server.address)).expect("tapped");
    let exchange = tapped.send(get()).await;
    let response = exchange.response().expect("a response");
    let names: Vec<_> = response
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["X-MiXeD", "content-TYPE", "Content-Length"]);
    assert_eq!(response.header("x-mixed"), Some("1"));
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let answer = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n";
    let server = RawServer::start(vec![write(answer.to_vec())]).await;
    for (count, (name, transport)) in both(&settings("http", server.address))
        .into_iter()
        .enumerate()
    {
        let exchange = transport.send(get()).await;
        let response = exchange.response().expect(name);
        assert_eq!(
            (response.status, response.header("Location")),
            (302, Some("/login")),
            "{name}"
        );
        assert_eq!(server.seen().len(), count + 1, "{name}");
    }
}

#[tokio::test]
async fn a_secret_is_in_no_debug_text() {
    let server = RawServer::start(vec![write(json("200 OK", LIST))]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        let exchange = transport.send(get()).await;
        assert!(
            server
                .seen()
                .last()
                .expect("a request")
                .text
                .contains(okta_requests::TOKEN)
        );
        let text = format!(
            "{exchange:?} {:#?}",
            exchange
                .request
                .wire_headers(&settings("http", server.address).base)
        );
        assert!(!text.contains(okta_requests::TOKEN), "{name}: {text}");
        assert!(text.contains("***"));
    }
}

#[tokio::test]
async fn a_well_formed_server_gets_each_request_once() {
    use wiremock::matchers::{body_json, header, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    let server = MockServer::start().await;
    let user = serde_json::json!({"id": "1", "userName": "ada"});
    Mock::given(method("GET"))
        .and(path("/scim/v2/Users"))
        .and(query_param("filter", "userName eq \"ada\""))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(serde_json::json!({"totalResults": 0})),
        )
        .expect(2)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/scim/v2/Users"))
        .and(header(
            "Content-Type",
            "application/scim+json; charset=utf-8",
        ))
        .and(body_json(serde_json::json!({"userName": "ada"})))
        .respond_with(ResponseTemplate::new(503).set_body_json(&user))
        .expect(2)
        .mount(&server)
        .await;
    let look_up = format!(
        "/Users?filter={}",
        query_value("userName eq \"ada\"", SpaceAs::Percent)
    );
    for (name, transport) in both(&settings("http", *server.address())) {
        assert_eq!(
            transport
                .send(request(Method::Get, &look_up, None))
                .await
                .status(),
            Some(200),
            "{name}"
        );
        let create: Request = request(Method::Post, "/Users", Some("{\"userName\":\"ada\"}"));
        let exchange = transport.send(create).await;
        let response = exchange.response().expect(name);
        assert_eq!(
            (response.status, response.json()),
            (503, Some(&user)),
            "{name}"
        );
    }
    server.verify().await;
}
