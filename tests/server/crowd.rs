//! Many connections, slow ones, and large bodies: bounded, and nobody keeps others waiting.

use std::io::Read as _;
use std::net::SocketAddr;
use std::time::Duration;

use scim_conform::secret::Secret;
use scim_conform::server::{Limits, Options, Running, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::TOKEN;

/// Longer than anything here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(20);

async fn start(limits: Limits) -> Running {
    let options = Options {
        token: Some(Secret::new(TOKEN)),
        limits,
        compress: true,
        ..Options::default()
    };
    Server::start(options).await.unwrap()
}

fn get(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{more}\r\n")
}

async fn open(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn drain(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // A reset behind the answer is as good as a close.
    let _ = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("it neither answers nor closes");
    bytes
}

/// The status of a list, asked for on a connection of its own.
async fn status(server: &Running) -> String {
    let text = get("/scim/v2/Users?count=1", "Connection: close\r\n");
    let mut stream = open(server.address(), &text).await;
    let answer = String::from_utf8_lossy(&drain(&mut stream).await).into_owned();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    // Nobody is let go for taking long: only for the sake of others.
    let server = start(Limits {
        connections: 64,
        head_wait: PATIENCE * 10,
        ..Limits::default()
    })
    .await;
    let mut silent = Vec::new();
    for n in 0..600 {
        let text = if n % 2 == 0 {
            ""
        } else {
            "GET /scim/v2/Users HTTP/1.1\r\nHo"
        };
        silent.push(open(server.address(), text).await);
        if n % 100 == 99 {
            assert_eq!(status(&server).await, "200", "after {n} connections");
        }
    }
    // The first were let go.
    assert_eq!(drain(&mut silent[0]).await, b"");
    server.stop().await;
}

#[tokio::test]
async fn slow_bodies_keep_nobody_out_for_long() {
    let server = start(Limits {
        connections: 4,
        body_wait: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let mut slow = Vec::new();
    for _ in 0..8 {
        slow.push(open(server.address(), &head).await);
    }
    assert_eq!(status(&server).await, "200");
    for stream in &mut slow {
        let answer = String::from_utf8_lossy(&drain(stream).await).into_owned();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn who_never_reads_the_answer_is_let_go() {
    let server = start(Limits {
        write_wait: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    let tenant = server.tenant("").unwrap();
    let filler = "y".repeat(20_000);
    for n in 0..1000 {
        let user = json!({"userName": format!("u{n}"), "displayName": filler});
        tenant.seed_user(&user).unwrap();
    }
    let mut stuck = open(server.address(), &get("/scim/v2/Users", "")).await;
    // Twenty megabytes do not fit into the buffers of a connection on any system.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(status(&server).await, "200", "others are served meanwhile");
    tokio::time::sleep(Duration::from_millis(900)).await;
    let whole = drain(&mut stuck).await.len();
    assert!(
        whole > 0 && whole < 20_000_000,
        "it was let go after {whole} bytes"
    );
    server.stop().await;
}

#[tokio::test]
async fn large_bodies_share_what_there_is() {
    let server = start(Limits {
        all_bodies: 512 * 1024,
        ..Limits::default()
    })
    .await;
    let post = |length: usize| {
        format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
             Connection: close\r\nContent-Type: application/scim+json\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    let filler = " ".repeat(500 * 1024);
    // All but the end: it holds what it has sent.
    let mut first = open(server.address(), &(post(filler.len() + 18) + &filler)).await;
    let mut refused = false;
    // When the first one has been read is the machine's business.
    for _ in 0..100 {
        let mut second = open(server.address(), &post(filler.len())).await;
        let _ = second.write_all(filler.as_bytes()).await;
        let answer = String::from_utf8_lossy(&drain(&mut second).await).into_owned();
        refused = answer.is_empty() || answer.starts_with("HTTP/1.1 503");
        if refused {
            break;
        }
    }
    assert!(refused, "the second one must not be read, too");
    assert_eq!(status(&server).await, "200", "small requests are served");
    first.write_all(br#"{"userName":"ada"}"#).await.unwrap();
    let answer = String::from_utf8_lossy(&drain(&mut first).await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    server.stop().await;
}

/// The head of an answer in lower case, and its body.
async fn asked(server: &Running, target: &str, more: &str) -> (String, Vec<u8>) {
    let text = get(target, &format!("{more}Connection: close\r\n"));
    let mut stream = open(server.address(), &text).await;
    let bytes = drain(&mut stream).await;
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    (head, bytes[end + 4..].to_vec())
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let server = start(Limits::default()).await;
    server.tenant("").unwrap().populate(200, Some(0), 1);
    let list = "/scim/v2/Users?startIndex=1&count=200";
    let (head, plain) = asked(&server, list, "").await;
    assert!(!head.contains("content-encoding") && head.contains("vary: accept-encoding"));
    let (head, packed) = asked(&server, list, "Accept-Encoding: gzip,deflate\r\n").await;
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"));
    assert!(head.contains(&format!("content-length: {}", packed.len())));
    assert!(packed.len() * 4 < plain.len());
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
    decoder.read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let small = "/scim/v2/Users?startIndex=1&count=1";
    let (head, _) = asked(&server, small, "Accept-Encoding: gzip\r\n").await;
    assert!(
        !head.contains("content-encoding") && !head.contains("vary"),
        "{head}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_compressed_request_is_refused_and_health_is_for_everybody() {
    let server = start(Limits::default()).await;
    let post = |coding: &str| {
        format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
             Connection: close\r\nContent-Type: application/scim+json\r\n\
             Content-Encoding: {coding}\r\nContent-Length: 18\r\n\r\n{{\"userName\":\"ada\"}}"
        )
    };
    for (coding, status) in [
        ("gzip", "415"),
        ("identity", "201"),
        ("identity, br", "415"),
    ] {
        let mut stream = open(server.address(), &post(coding)).await;
        let answer = String::from_utf8_lossy(&drain(&mut stream).await).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{coding} {answer}"
        );
    }
    for (method, status) in [("GET", "200"), ("HEAD", "200"), ("POST", "405")] {
        let text = format!("{method} /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut stream = open(server.address(), &text).await;
        let answer = String::from_utf8_lossy(&drain(&mut stream).await).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {answer}"
        );
    }
    server.stop().await;
}
