//! Disturbances by chance: reproducible, before and after the store is touched, on a real socket.

use std::io::ErrorKind;

use http::Method;
use scim_conform::server::{Chaos, Options, Policy, Server, WireEffect};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::Client;

/// What became of so many POSTs, one line each, and how many users there are now.
fn fates(chaos: Chaos, posts: usize) -> (Vec<String>, u64) {
    let client = Client::new(Policy::default());
    client.tenant.set_chaos(Some(chaos));
    let fates = (0..posts).map(|n| {
        let answer = client.send(
            Method::POST,
            "/Users",
            Some(json!({"userName": format!("u{n}")})),
        );
        let effect = answer.response.extensions().get::<WireEffect>();
        let retry = answer.header("retry-after").unwrap_or("-");
        let media = answer.header("content-type").unwrap_or("-");
        format!("{} {media} {retry} {effect:?}", answer.status())
    });
    let fates = fates.collect();
    client.tenant.set_chaos(None);
    (fates, client.get("/Users").total())
}

#[test]
fn the_same_seed_disturbs_the_same_requests() {
    let (first, stored) = fates(Chaos::new(7, 50), 60);
    assert_eq!(fates(Chaos::new(7, 50), 60), (first.clone(), stored));
    assert_ne!(fates(Chaos::new(8, 50), 60).0, first);
    let (undisturbed, all) = fates(Chaos::new(7, 0), 20);
    assert!(
        undisturbed
            .iter()
            .all(|fate| fate.starts_with("201") && fate.ends_with("None"))
    );
    assert_eq!(all, 20);
}

#[test]
fn requests_and_answers_are_lost() {
    let (fates, stored) = fates(Chaos::new(3, 100), 200);
    let count = |what: &str| fates.iter().filter(|fate| fate.contains(what)).count();
    for what in [
        "500 text/html",
        "502 text/html",
        "503 text/html",
        "429 application/scim+json 1",
        "429 application/scim+json -",
        "Reset",
        "TruncateBody",
        "Delay",
    ] {
        assert!(count(what) > 0, "{what}");
    }
    let answered = u64::try_from(count("201 ")).unwrap();
    assert!(
        stored > answered,
        "some answers are lost: {stored} {answered}"
    );
    assert!(stored < 200, "some requests are lost");
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_server_goes_on() {
    // Which request is hit is the seed's business; all are tried until one is reset.
    let server = Server::start(Options {
        chaos: Some(Chaos::new(1, 100)),
        ..Options::default()
    });
    let server = server.await.unwrap();
    let mut reset = false;
    for _ in 0..60 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request =
            b"GET /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer).await {
            Err(error) if error.kind() == ErrorKind::ConnectionReset && answer.is_empty() => {
                reset = true;
            }
            _ => {}
        }
    }
    assert!(reset, "no connection was reset");
    server.stop().await;
}
