//! Servers and networks that misbehave: every outcome is told apart, and every wait ends.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/okta_requests.rs"]
mod okta_requests;
#[path = "support/proxies.rs"]
mod proxies;
#[path = "support/raw_server.rs"]
mod raw_server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use certificates::{Authority, Identity};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use okta_requests::{both, get, settings};
use proxies::{Protocol, Proxy};
use raw_server::{RawServer, Step, json, write, write_and_close};
use scim_conform::exchange::{
    BaseUrl, BodyOddity, Exchange, NotJson, Pem, Pooled, ProxyChoice, SendError, Settings,
    SettingsError, Tapped, Transport,
};
use serde_json::json;

/// What a bad answer has to come out as.
type Wanted = fn(&SendError) -> bool;

async fn fails(name: &str, answer: Vec<Step>, change: fn(&mut Settings), wanted: Wanted) {
    let server = RawServer::start(vec![answer]).await;
    let mut settings = settings("http", server.address);
    change(&mut settings);
    for (transport_name, transport) in both(&settings) {
        let exchange = transport.send(get()).await;
        let error = exchange.outcome.expect_err(name);
        assert!(wanted(&error), "{name}, {transport_name}: {error:?}");
    }
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 1], "{name}: sent once by each transport");
}

#[tokio::test]
async fn broken_answers_are_told_apart() {
    let keep: fn(&mut Settings) = |_| {};
    let closed: Wanted = |e| matches!(e, SendError::Closed { .. });
    let not_http: Wanted = |e| matches!(e, SendError::NotHttp { .. });
    let cases: [(&str, &[u8], Wanted); 10] = [
        ("no byte", b"", closed),
        ("half a status line", b"HTTP/1.1 20", closed),
        (
            "half a header section",
            b"HTTP/1.1 200 OK\r\nContent-",
            closed,
        ),
        (
            "half a body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":",
            |e| matches!(e, SendError::Closed { reason } if reason.contains("after 5 bytes")),
        ),
        (
            "half a chunked body",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
            |e| matches!(e, SendError::Closed { reason } if reason.contains("after 5 bytes")),
        ),
        ("garbage", b"220 smtp.example.test ESMTP\r\n\r\n", not_http),
        (
            "a TLS alert",
            b"\x15\x03\x03\x00\x02\x02\x46",
            |e| matches!(e, SendError::NotHttp { reason } if reason.contains("https://")),
        ),
        (
            "an impossible status",
            b"HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n",
            not_http,
        ),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            not_http,
        ),
        (
            "a chunk without size",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            not_http,
        ),
    ];
    for (name, bytes, wanted) in cases {
        fails(name, write_and_close(bytes), keep, wanted).await;
    }
}

#[tokio::test]
async fn a_tapped_connection_tells_silence_from_half_an_answer() {
    for (bytes, words) in [
        ("", "without a single byte"),
        ("HTTP/1.1", "complete header section"),
    ] {
        let server = RawServer::start(vec![write_and_close(bytes)]).await;
        let tapped = Tapped::new(settings("http", server.address)).expect("tapped");
        let error = tapped.send(get()).await.outcome.expect_err("closed");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn headers_without_end_are_bounded() {
    let mut many = "HTTP/1.1 200 OK\r\n".to_owned();
    for number in 0..200 {
        many += &format!("X-Header-{number}: x\r\n");
    }
    let not_http: Wanted =
        |e| matches!(e, SendError::NotHttp { reason } if reason.contains("headers"));
    fails(
        "200 headers",
        write(many + "Content-Length: 0\r\n\r\n"),
        |_| {},
        not_http,
    )
    .await;
    let endless = vec![
        Step::Write(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
        Step::Forever(vec![b'x'; 8192]),
    ];
    fails("a header without end", endless, |_| {}, not_http).await;
}

#[tokio::test]
async fn bodies_without_end_hit_the_limit() {
    let too_large: Wanted = |e| *e == SendError::TooLarge { limit: 100_000 };
    let limit: fn(&mut Settings) = |settings| settings.body_limit = 100_000;
    let endless = vec![
        Step::Write(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Step::Forever(vec![b' '; 8192]),
    ];
    fails("endless", endless, limit, too_large).await;
    let declared = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n".to_vec();
    fails(
        "declared",
        vec![Step::Write(declared), Step::Hang],
        limit,
        too_large,
    )
    .await;
    let bomb = gzip(&vec![b' '; 1_000_000]);
    assert!(bomb.len() < 10_000);
    fails("gzip bomb", write(encoded("gzip", &bomb)), limit, too_large).await;
}

#[tokio::test]
async fn waits_end_at_the_idle_and_the_total_limit() {
    let short: fn(&mut Settings) = |settings| {
        settings.idle_timeout = Duration::from_millis(150);
        settings.total_timeout = Duration::from_millis(400);
    };
    let idle: Wanted = |e| {
        *e == SendError::TimedOut {
            limit: Duration::from_millis(150),
        }
    };
    let total: Wanted = |e| {
        *e == SendError::TimedOut {
            limit: Duration::from_millis(400),
        }
    };
    fails("silence", vec![Step::Hang], short, idle).await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{".to_vec();
    fails(
        "silence in the body",
        vec![Step::Write(head.clone()), Step::Hang],
        short,
        idle,
    )
    .await;
    let drip = Step::Trickle(vec![b' '; 999], Duration::from_millis(20));
    fails(
        "a byte at a time",
        vec![Step::Write(head), drip],
        short,
        total,
    )
    .await;
}

#[tokio::test]
async fn odd_bodies_are_read_and_reported() {
    let syntax = |json: &Result<_, NotJson>| matches!(json, Err(NotJson::Syntax { .. }));
    let cases: [(&str, &[u8], Vec<BodyOddity>); 3] = [
        (
            "a byte order mark",
            b"\xEF\xBB\xBF{\"id\":\"2\"}",
            vec![BodyOddity::ByteOrderMark],
        ),
        (
            "a key twice",
            b"{\"id\":\"1\",\"id\":\"2\"}",
            vec![BodyOddity::DuplicateKey("/id".to_owned())],
        ),
        ("nothing odd", b"{\"id\":\"2\"}", vec![]),
    ];
    for (name, body, oddities) in cases {
        let exchange = answered(encoded("identity", body)).await;
        let body = &exchange.response().expect(name).body;
        assert_eq!(
            (&body.json, &body.oddities),
            (&Ok(Arc::new(json!({"id": "2"}))), &oddities),
            "{name}"
        );
    }
    let exchange = answered(json("502 Bad Gateway", "<!DOCTYPE html><p>nginx")).await;
    assert_eq!(
        exchange.response().expect("a response").body.json,
        Err(NotJson::Html)
    );
    let exchange = answered(json("200 OK", "OK")).await;
    assert!(syntax(&exchange.response().expect("a response").body.json));
}

#[tokio::test]
async fn compressed_bodies_are_decoded() {
    let text = br#"{"userName":"ada"}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text).expect("memory");
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
    bare.write_all(text).expect("memory");
    let cases = [
        ("gzip", gzip(text)),
        ("deflate", zlib.finish().expect("memory")),
        ("deflate", bare.finish().expect("memory")),
    ];
    for (encoding, bytes) in cases {
        let exchange = answered(encoded(encoding, &bytes)).await;
        let response = exchange.response().expect(encoding);
        assert_eq!(
            response.json(),
            Some(&json!({"userName": "ada"})),
            "{encoding}"
        );
        assert_eq!(
            response.header("content-encoding"),
            Some(encoding),
            "the header stays visible"
        );
        assert_eq!(response.body.oddities, []);
    }
    let exchange = answered(encoded("gzip", text)).await;
    let body = &exchange.response().expect("a response").body;
    assert_eq!(
        body.json,
        Ok(Arc::new(json!({"userName": "ada"}))),
        "what only claims to be gzip is read as it is"
    );
    assert!(
        matches!(&body.oddities[..], [BodyOddity::BadEncoding(_)]),
        "{:?}",
        body.oddities
    );
}

#[tokio::test]
async fn hosts_that_are_not_there() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound")
    };
    for (name, transport) in both(&settings("http", nobody)) {
        match transport.send(get()).await.outcome {
            Err(SendError::Connect { host, reason }) => {
                assert_eq!(host, nobody.to_string(), "{name}");
                assert!(
                    reason.to_lowercase().contains("refused"),
                    "{name}: {reason}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    // A label longer than 63 bytes is refused by the resolver without asking any network.
    let host = format!("{}.test", "a".repeat(64));
    let mut settings = settings("http", nobody);
    settings.base = BaseUrl::parse(&format!("http://{host}/scim/v2")).expect("a base URL");
    for (name, transport) in both(&settings) {
        let outcome = transport.send(get()).await.outcome;
        assert_eq!(
            outcome,
            Err(SendError::Dns { host: host.clone() }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn certificates_are_checked_as_the_settings_say() {
    let authority = Authority::new();
    let own = Identity::self_signed("127.0.0.1");
    let issued = authority.issue("127.0.0.1");
    let foreign = authority.issue("other.example.test");
    let between = authority.between();
    let issued_by_it = between.issue("127.0.0.1");
    let old = authority.issue_for("127.0.0.1", 2020, 2021);
    let early = authority.issue_for("127.0.0.1", 2100, 2101);
    type Change<'a> = &'a dyn Fn(&mut Settings);
    let as_is: Change<'_> = &|_| {};
    let trusting: Change<'_> = &|settings| settings.ca = vec![authority.pem()];
    let trusting_own: Change<'_> =
        &|settings| settings.ca = vec![Pem::new("own.pem", own.certificate_pem())];
    let insecure: Change<'_> = &|settings| settings.insecure = true;
    type Row<'a> = (
        &'a str,
        Arc<rustls::ServerConfig>,
        Change<'a>,
        Option<&'a str>,
    );
    let cases: [Row<'_>; 13] = [
        ("self-signed", own.server(), as_is, Some("is self-signed")),
        ("self-signed and trusted", own.server(), trusting_own, None),
        ("self-signed, insecure", own.server(), insecure, None),
        (
            "private authority",
            issued.server(),
            as_is,
            Some("came alone"),
        ),
        (
            "private authority and trusted",
            issued.server(),
            trusting,
            None,
        ),
        (
            "another private authority trusted",
            issued.server(),
            trusting_own,
            Some("came alone"),
        ),
        (
            "incomplete chain",
            issued_by_it.server(),
            trusting,
            Some("does not send the intermediate certificates"),
        ),
        (
            "complete chain",
            issued_by_it.server_with(&between),
            trusting,
            None,
        ),
        (
            "complete chain to a private authority",
            issued_by_it.server_with(&between),
            as_is,
            Some("sent with it (1) lead to no authority"),
        ),
        (
            "expired",
            old.server(),
            trusting,
            Some("has expired (2021-01-01)"),
        ),
        (
            "not valid yet",
            early.server(),
            trusting,
            Some("only from 2100-01-01 on"),
        ),
        (
            "another host's",
            foreign.server(),
            trusting,
            Some("belongs to another host"),
        ),
        ("another host's, insecure", foreign.server(), insecure, None),
    ];
    for (name, config, change, trouble) in cases {
        let server = RawServer::start_tls(vec![write(json("200 OK", "{}"))], config).await;
        let mut settings = settings("https", server.address);
        change(&mut settings);
        for (transport_name, transport) in both(&settings) {
            let exchange = transport.send(get()).await;
            match (&exchange.outcome, trouble) {
                (Ok(response), None) => assert_eq!(response.status, 200),
                (Err(SendError::Tls { reason }), Some(words)) => {
                    assert!(reason.contains(words), "{name}, {transport_name}: {reason}");
                }
                (outcome, _) => panic!("{name}, {transport_name}: {outcome:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_demanded_and_given() {
    let authority = Authority::new();
    let config = authority.issue("127.0.0.1").server_demanding(&authority);
    let server = RawServer::start_tls(vec![write(json("200 OK", "{}"))], config).await;
    let mut settings = settings("https", server.address);
    settings.ca = vec![authority.pem()];
    for (name, transport) in both(&settings) {
        match transport.send(get()).await.outcome {
            Err(SendError::Tls { reason }) => assert!(
                reason.contains("demands a client certificate"),
                "{name}: {reason}"
            ),
            other => panic!("{name}: {other:?}"),
        }
    }
    settings.client_identity = Some(authority.issue("client").identity_pem());
    for (name, transport) in both(&settings) {
        let exchange = transport.send(get()).await;
        assert_eq!(
            exchange.status(),
            Some(200),
            "{name}: {:?}",
            exchange.outcome
        );
    }
}

#[tokio::test]
async fn tls_that_cannot_be_agreed_on_is_explained() {
    // Alerts (RFC 8446, 6) of servers that know older versions alone, or other ciphers.
    let answers = [
        (
            write_and_close("HTTP/1.1 400 Bad Request\r\n\r\n"),
            "http://",
        ),
        (vec![Step::Close], "during the handshake"),
        (
            write_and_close([0x15, 3, 1, 0, 2, 2, 70]),
            "no version of TLS from 1.2 on",
        ),
        (
            write_and_close([0x15, 3, 3, 0, 2, 2, 40]),
            "accepts no cipher",
        ),
    ];
    for (answer, words) in answers {
        // A client hello has no end of a header section, so the server must not wait for one.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("bound");
        let server = tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut hello = [0; 4096];
                let _ = tcp.read(&mut hello).await;
                if let Some(Step::Write(bytes)) = answer.first() {
                    let _ = tcp.write_all(bytes).await;
                }
            }
        });
        for (name, transport) in both(&settings("https", address)) {
            match transport.send(get()).await.outcome {
                Err(SendError::Tls { reason }) => {
                    assert!(reason.contains(words), "{name}: {reason}")
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        server.abort();
    }
}

#[tokio::test]
async fn unusable_pem_files_are_named_with_a_remedy() {
    let identity = Identity::self_signed("client");
    let other = Identity::self_signed("other");
    let certificate = identity.certificate_pem();
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("empty", Vec::new(), "it is empty"),
        (
            "only a key",
            identity.key_pem().into_bytes(),
            "put the certificate into the same file",
        ),
        ("binary", b"\x30\x82\x01\x0a".to_vec(), "openssl x509"),
        (
            "no key",
            certificate.clone().into_bytes(),
            "holds no private key",
        ),
        (
            "encrypted",
            (certificate.clone() + "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n").into_bytes(),
            "openssl pkey",
        ),
        (
            "another's key",
            (certificate + &other.key_pem()).into_bytes(),
            "cannot be used with its key",
        ),
        (
            "broken",
            b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n".to_vec(),
            "cannot be used",
        ),
    ];
    let anybody: SocketAddr = ([127, 0, 0, 1], 1).into();
    for (name, bytes, words) in cases {
        let mut settings = settings("https", anybody);
        settings.client_identity = Some(Pem::new("client.pem", bytes));
        let error = Pooled::new(settings.clone()).expect_err(name).to_string();
        assert!(
            error.contains("client.pem") && error.contains(words),
            "{name}: {error}"
        );
        assert_eq!(Tapped::new(settings).expect_err(name).to_string(), error);
    }
    let missing = Pem::read(std::path::Path::new("/no/such/ca.pem"));
    assert!(
        matches!(missing, Err(SettingsError::Unreadable { file, .. }) if file == "/no/such/ca.pem")
    );
    let debug = format!("{:?}", identity.identity_pem());
    assert!(
        debug.contains("client.pem") && !debug.contains("BEGIN"),
        "{debug}"
    );
}

#[tokio::test]
async fn a_plain_proxy_gets_the_absolute_target() {
    let proxy = RawServer::start(vec![write(json("200 OK", "{}"))]).await;
    let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
    let mut settings = settings("http", nobody);
    settings.proxy =
        ProxyChoice::url(&format!("http://ada:hunter2@{}", proxy.address), "").expect("a proxy");
    let pooled = Pooled::new(settings).expect("pooled");
    assert!(!format!("{pooled:?}").contains("hunter2"), "{pooled:?}");
    let exchange = pooled.send(get()).await;
    assert_eq!(exchange.status(), Some(200), "{:?}", exchange.outcome);
    let text = proxy.only_request();
    assert!(
        text.starts_with("GET http://127.0.0.1:9/scim/v2/Users?startIndex=1&count=1 HTTP/1.1\r\n"),
        "{text}"
    );
    assert!(
        text.contains("\r\nProxy-Authorization: Basic YWRhOmh1bnRlcjI=\r\n"),
        "{text}"
    );
}

#[tokio::test]
async fn tunnels_through_proxies() {
    let authority = Authority::new();
    let config = authority.issue("127.0.0.1").server();
    for (scheme, protocol) in [("http", Protocol::Connect), ("socks5", Protocol::Socks5)] {
        let server = RawServer::start_tls(vec![write(json("200 OK", "{}"))], config.clone()).await;
        let proxy = Proxy::start(protocol).await;
        let mut settings = settings("https", server.address);
        settings.ca = vec![authority.pem()];
        settings.proxy =
            ProxyChoice::url(&format!("{scheme}://{}", proxy.address), "").expect("a proxy");
        assert_eq!(
            settings.proxy_in_use(),
            Some(format!("{scheme}://{}", proxy.address))
        );
        let exchange = Pooled::new(settings).expect("pooled").send(get()).await;
        assert_eq!(
            exchange.status(),
            Some(200),
            "{scheme}: {:?}",
            exchange.outcome
        );
        let asked = proxy.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].contains(&server.address.to_string()), "{asked:?}");
        assert!(
            !asked[0].contains("Authorization"),
            "the token stays inside the tunnel: {asked:?}"
        );
        assert!(server.only_request().starts_with("GET /scim/v2/Users?"));
    }
}

#[tokio::test]
async fn trouble_with_a_proxy_names_the_proxy() {
    let nobody: SocketAddr = ([127, 0, 0, 1], 9).into();
    let unwilling = Proxy::start(Protocol::ConnectRefused).await;
    for (proxy, words) in [
        (unwilling.address, "did not open a tunnel"),
        (([127, 0, 0, 1], 1).into(), "refused"),
    ] {
        let mut settings = settings("https", nobody);
        settings.proxy = ProxyChoice::url(&format!("http://{proxy}"), "").expect("a proxy");
        let error = Pooled::new(settings)
            .expect("pooled")
            .send(get())
            .await
            .outcome
            .expect_err("no proxy");
        let text = error.to_string();
        assert!(
            text.contains(&proxy.to_string()) && text.contains(words),
            "{error:?}"
        );
    }
}

/// Set in the process that the next test starts of itself: where that one sends its request.
const CHILD_TARGET: &str = "SCIM_CONFORM_TEST_CHILD_TARGET";

/// Sends one request as the environment of this process says.
async fn send_as_the_environment_says(target: &str) {
    let mut settings = settings("http", target.parse().expect("an address"));
    settings.proxy = ProxyChoice::Environment;
    let exchange = Pooled::new(settings).expect("pooled").send(get()).await;
    assert_eq!(exchange.status(), Some(200), "{:?}", exchange.outcome);
}

/// A process has one environment, so each case runs in a process of its own: this test again.
#[tokio::test]
async fn the_environment_s_proxy_and_its_exceptions() {
    if let Ok(target) = std::env::var(CHILD_TARGET) {
        return send_as_the_environment_says(&target).await;
    }
    let proxy = RawServer::start(vec![write(json("200 OK", "{}"))]).await;
    let target = RawServer::start(vec![write(json("200 OK", "{}"))]).await;
    for (exceptions, seen) in [("", (1, 0)), ("other.test,127.0.0.0/8", (1, 1))] {
        let mut child = tokio::process::Command::new(std::env::current_exe().expect("this test"));
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "REQUEST_METHOD",
        ] {
            child.env_remove(name).env_remove(name.to_lowercase());
        }
        let output = child
            .args(["--exact", "the_environment_s_proxy_and_its_exceptions"])
            .env(CHILD_TARGET, target.address.to_string())
            .env("http_proxy", format!("http://{}", proxy.address))
            .env("NO_PROXY", exceptions)
            .output()
            .await
            .expect("this test runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(
            (proxy.seen().len(), target.seen().len()),
            seen,
            "NO_PROXY={exceptions}"
        );
    }
}

async fn answered(response: Vec<u8>) -> Exchange {
    let server = RawServer::start(vec![write(response)]).await;
    let [(_, pooled), (_, tapped)] = both(&settings("http", server.address));
    let exchange = pooled.send(get()).await;
    let other = tapped.send(get()).await;
    let body = |exchange: &Exchange| exchange.response().map(|response| response.body.clone());
    assert_eq!(body(&exchange), body(&other), "both transports read alike");
    exchange
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn interim_answers_are_taken_and_counted() {
    let early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let few = [early.repeat(20), json("200 OK", "{}")].concat();
    let server = RawServer::start(vec![write(few)]).await;
    for (name, transport) in both(&settings("http", server.address)) {
        let exchange = transport.send(get()).await;
        assert_eq!(
            exchange.status(),
            Some(200),
            "{name}: {:?}",
            exchange.outcome
        );
    }
    for line in ["103 Early Hints", "100 Continue"] {
        let flood = format!("HTTP/1.1 {line}\r\n\r\n").into_bytes();
        let server = RawServer::start(vec![vec![Step::Forever(flood)]]).await;
        let tapped = Tapped::new(settings("http", server.address)).expect("tapped");
        let outcome = tapped.send(get()).await.outcome;
        let told = "more than 100 interim answers (1xx), and no other".to_owned();
        assert_eq!(outcome, Err(SendError::NotHttp { reason: told }), "{line}");
    }
}
