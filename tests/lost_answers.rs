//! An answer that gets lost is really lost: the client has sent its request, and goes away.

#[path = "support/okta_requests.rs"]
mod okta_requests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use okta_requests::{both, get, request, settings};
use scim_conform::exchange::{Leave, Method, Request, SendError, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const BODY: &str = r#"{"userName":"ada"}"#;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Shorter than an unused connection is kept: whoever has gone by then was not idle.
const KEPT: Duration = Duration::from_secs(3);
const SOON: Leave = Leave::After(Duration::from_millis(5));

fn post() -> Request {
    request(Method::Post, "/Users", Some(BODY))
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// Reads the request, writes `answer`, and reads on: gives the request, and whether the client has gone then.
async fn serve(listener: &TcpListener, answer: &str) -> (String, bool) {
    let (mut tcp, _) = listener.accept().await.expect("a client");
    let mut text = String::new();
    while !text.ends_with(BODY) {
        let mut buffer = [0; 1024];
        let count = tcp.read(&mut buffer).await.expect("a request");
        assert!(count > 0, "the client left in the middle of: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    // The client may be gone before all of it is written.
    let _ = tcp.write_all(answer.as_bytes()).await;
    (text, is_gone(&mut tcp).await)
}

async fn is_gone(tcp: &mut TcpStream) -> bool {
    let read = timeout(KEPT, tcp.read(&mut [0; 16])).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn the_request_is_whole_and_the_connection_is_cut() {
    let announced = "HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n";
    let whole = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    let cases = [
        ("the body is still to come", Leave::OnceAnswered, announced),
        // What has come with the head could be read without waiting, and the connection kept.
        ("the body is there", Leave::OnceAnswered, whole),
        ("there is no answer", SOON, ""),
        ("the answer is faster", SOON, whole),
    ];
    for (name, leave, answer) in cases {
        let (listener, address) = listen().await;
        for (transport_name, transport) in both(&settings("http", address)) {
            let sending = transport.send_and_leave(post(), leave);
            let (exchange, (text, gone)) = tokio::join!(sending, serve(&listener, answer));
            let answered = matches!(leave, Leave::OnceAnswered).then_some(201);
            assert!(
                matches!(exchange.outcome, Err(SendError::AnswerLost { status }) if status == answered || leave == SOON && !answer.is_empty()),
                "{name}, {transport_name}: {:?}",
                exchange.outcome
            );
            assert_eq!(exchange.request, post());
            assert!(
                text.starts_with("POST /scim/v2/Users HTTP/1.1\r\n"),
                "{text}"
            );
            assert!(text.ends_with(BODY), "{text}");
            assert!(gone, "{name}, {transport_name}");
        }
    }
}

/// Tells when it is dropped.
struct Work(mpsc::UnboundedSender<&'static str>);

impl Drop for Work {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

/// A server like most: the work on a request is dropped together with its connection.
async fn never_ready(tcp: TcpStream, told: mpsc::UnboundedSender<&'static str>) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let told = told.clone();
        async move {
            let body = request.into_body().collect().await.expect("a body");
            assert_eq!(body.to_bytes(), BODY.as_bytes());
            let work = Work(told.clone());
            let _ = told.send("at work");
            std::future::pending::<()>().await;
            drop(work);
            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::new())))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new();
    let _ = connection
        .serve_connection(TokioIo::new(tcp), service)
        .await;
}

#[tokio::test]
async fn a_server_at_work_is_told_that_the_client_has_gone() {
    let (listener, address) = listen().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(never_ready(tcp, told.clone()));
        }
    });
    for (name, transport) in both(&settings("http", address)) {
        let leave = Leave::After(Duration::from_millis(50));
        let exchange = transport.send_and_leave(post(), leave).await;
        let lost = SendError::AnswerLost { status: None };
        assert_eq!(exchange.outcome, Err(lost), "{name}");
        for wanted in ["at work", "dropped"] {
            let word = timeout(PATIENCE, heard.recv()).await.expect(name);
            assert_eq!(word, Some(wanted), "{name}");
        }
    }
    server.abort();
}

/// Answers every request of every connection, and says on which it came.
async fn numbered(listener: TcpListener, told: mpsc::UnboundedSender<usize>) {
    let mut connection = 0;
    while let Ok((mut tcp, _)) = listener.accept().await {
        let told = told.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            // The requests of this test come in one piece each.
            while tcp.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                let _ = told.send(connection);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                let _ = tcp.write_all(answer).await;
            }
        });
        connection += 1;
    }
}

#[tokio::test]
async fn the_requests_after_it_go_on() {
    let (listener, address) = listen().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let server = tokio::spawn(numbered(listener, told));
    for (name, transport) in both(&settings("http", address)) {
        let mut on = Vec::new();
        for lost in [false, true, false] {
            let exchange = if lost {
                transport.send_and_leave(get(), Leave::OnceAnswered).await
            } else {
                transport.send(get()).await
            };
            assert_eq!(exchange.response().is_none(), lost, "{name}");
            on.push(heard.recv().await.expect(name));
        }
        let [before, lost, after] = on[..] else {
            panic!("{on:?}")
        };
        assert_ne!(lost, after, "{name}: the cut connection is used by nobody");
        assert!(before <= lost && before <= after, "{name}: {on:?}");
    }
    server.abort();
}

#[tokio::test]
async fn without_an_answer_none_is_lost() {
    let (listener, nobody) = listen().await;
    drop(listener);
    for leave in [Leave::OnceAnswered, SOON] {
        for (name, transport) in both(&settings("http", nobody)) {
            let outcome = transport.send_and_leave(post(), leave).await.outcome;
            assert!(
                matches!(outcome, Err(SendError::Connect { .. })),
                "{name}: {outcome:?}"
            );
        }
    }
    let (listener, silent) = listen().await;
    let server = tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let _ = tcp.read(&mut [0; 4096]).await;
        }
    });
    for (name, transport) in both(&settings("http", silent)) {
        let sending = transport.send_and_leave(post(), Leave::OnceAnswered);
        let outcome = sending.await.outcome;
        assert!(
            matches!(outcome, Err(SendError::Closed { .. })),
            "{name}: {outcome:?}"
        );
    }
    server.abort();
}

#[tokio::test]
async fn without_a_connection_the_answer_is_dropped() {
    use scim_conform::server::{InProcess, Policy, Tenant};
    let tenant = Arc::new(Tenant::new(None, Policy::default()));
    let transport = InProcess::new(tenant);
    for leave in [Leave::OnceAnswered, SOON] {
        let exchange = transport.send_and_leave(get(), leave).await;
        let status = Some(200);
        assert_eq!(exchange.outcome, Err(SendError::AnswerLost { status }));
    }
    let mut unsendable = get();
    unsendable.target = "/Users?\u{7f}".to_owned();
    let exchange = transport.send_and_leave(unsendable, SOON).await;
    assert!(matches!(
        exchange.outcome,
        Err(SendError::Unsendable { .. })
    ));
}
