//! What only a transport shows comes to the same over a socket as in process.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use scim_conform::engine::settings::Reach;
use scim_conform::exchange::{BaseUrl, Method, Pooled, ProxyChoice, Settings, Tapped, Transport};
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, Mode, Options, Policy, Server, Tenant};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bench::{self, Bench, TOKEN};
use scim_conform::exchange::SendError;
use scim_conform::verdict::Outcome;

/// Which transport carries the requests.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    Pooled,
    Tapped,
}

impl Carrier {
    fn to(self, url: &str) -> Arc<dyn Transport> {
        let mut settings = Settings::new(BaseUrl::parse(url).unwrap());
        settings.proxy = ProxyChoice::None;
        match self {
            Self::Pooled => Arc::new(Pooled::new(settings).unwrap()),
            Self::Tapped => Arc::new(Tapped::new(settings).unwrap()),
        }
    }
}

async fn findings(fault: Option<Fault>, carrier: Carrier) -> Vec<String> {
    let policy = fault
        .into_iter()
        .fold(Policy::default(), Policy::with_fault);
    let options = Options {
        mode: Mode::PerScenario,
        token: Some(Secret::new(TOKEN)),
        policy,
        ..Options::default()
    };
    let server = Arc::new(Server::start(options).await.unwrap());
    let urls = Arc::clone(&server);
    let reach = Reach::Isolated(Arc::new(move |name: &str| -> Arc<dyn Transport> {
        carrier.to(&urls.tenant_url(name))
    }));
    let bench = Bench::new(&["users/create-minimal", "lifecycle/deactivate-in-okta"]);
    bench::lines(&bench.play(reach, Duration::ZERO).await)
}

#[tokio::test]
async fn transport_faults_are_seen_on_the_wire() {
    let table: [(Option<Fault>, &[&str]); 4] = [
        (None, &[]),
        (
            Some(Fault::ConnectionClosedAfterCreate),
            &["connection/answers [closed] error ×2 (custom, oin)"],
        ),
        (
            Some(Fault::BodyCutShort),
            &["connection/answers [closed] error ×2 (custom, oin)"],
        ),
        (
            Some(Fault::ContentEncodingWrong),
            &["envelope/content-encoding error ×2 (custom, oin)"],
        ),
    ];
    for (fault, wanted) in table {
        for carrier in [Carrier::Pooled, Carrier::Tapped] {
            let found = findings(fault, carrier).await;
            // The socket's address is another one than the target's URL of these tests says.
            let found: Vec<&str> = found
                .iter()
                .map(String::as_str)
                .filter(|line| !line.starts_with("resource/location "))
                .collect();
            assert_eq!(found, wanted, "{fault:?} {carrier:?}");
        }
    }
}

/// A pool reads what follows an answer only when it uses the connection again, so only the other one can tell.
#[tokio::test]
async fn bytes_behind_an_empty_answer_are_seen_by_the_transport_that_reads_them() {
    let found = findings(Some(Fault::BodyAfterNoContent), Carrier::Tapped).await;
    assert!(
        found.contains(&"envelope/body-after-204 warning ×1 (oin)".to_owned()),
        "{found:?}"
    );
}

/// The scenarios in which an answer gets lost.
const LOST: [&str; 5] = [
    "users/link-active",
    "groups/lost-answer",
    "groups/lost-answer-to-create",
    "lifecycle/lost-answer",
    "robustness/okta-gives-up",
];

#[tokio::test]
async fn an_answer_that_is_really_lost_leaves_nothing_behind() {
    for carrier in [Carrier::Pooled, Carrier::Tapped] {
        let options = Options {
            token: Some(Secret::new(TOKEN)),
            ..Options::default()
        };
        let server = Server::start(options).await.unwrap();
        let reach = Reach::Shared(carrier.to(&server.base_url()));
        let result = Bench::new(&LOST).play(reach, Duration::ZERO).await;
        for scenario in &result.scenarios {
            let id = scenario.id.0.as_str();
            assert_eq!(scenario.outcome, Outcome::Passed, "{id}");
            let exchanges = scenario.exchanges.iter().map(|e| e.exchange.open());
            let lost = exchanges.filter(|e| matches!(e.outcome, Err(SendError::AnswerLost { .. })));
            let wanted = if id.ends_with("gives-up") { 5 } else { 1 };
            assert_eq!(lost.count(), wanted, "{id} {carrier:?}");
        }
        assert_eq!(result.left_behind, [], "{carrier:?}");
        let client = carrier.to(&server.base_url());
        for all in ["/Users", "/Groups"] {
            let settings = bench::settings(Reach::Shared(Arc::clone(&client)), Duration::ZERO);
            let request = settings.client.request(Method::Get, all.to_owned(), None);
            let exchange = client.send(request).await;
            let list = exchange.response().unwrap().json().unwrap();
            assert_eq!(list["totalResults"], 0, "{carrier:?} {all}: {list}");
        }
    }
}

/// A server that takes the name of a new user, waits for something, and then makes the account. When the client goes
/// away in the meantime, that work is dropped, and the name stays taken.
struct HalfWay {
    tenant: Tenant,
    taken: Mutex<HashSet<String>>,
}

impl HalfWay {
    async fn answer(&self, request: http::Request<Incoming>) -> http::Response<Bytes> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        if head.method == http::Method::POST && head.uri.path() == "/Users" {
            let user: Value = serde_json::from_slice(&body).unwrap();
            let name = user["userName"].as_str().unwrap().to_owned();
            if !self.taken.lock().unwrap().insert(name) {
                let error = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": "409", "scimType": "uniqueness", "detail": "taken"});
                let answer = http::Response::builder()
                    .status(409)
                    .header("Content-Type", "application/scim+json");
                return answer.body(Bytes::from(error.to_string())).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.tenant.handle(http::Request::from_parts(head, body))
    }

    async fn serve(self: Arc<Self>, listener: TcpListener) {
        while let Ok((tcp, _)) = listener.accept().await {
            let server = Arc::clone(&self);
            let service = service_fn(move |request| {
                let server = Arc::clone(&server);
                async move {
                    let answer = server.answer(request).await;
                    Ok::<_, Infallible>(answer.map(Full::new))
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(tcp), service);
            tokio::spawn(connection);
        }
    }
}

#[tokio::test]
async fn work_that_is_dropped_half_way_is_seen_when_okta_gives_up() {
    // An answer that comes, and gets lost, leaves no work half done.
    let table: [(&str, &[&str]); 2] = [
        ("users/link-active", &[]),
        (
            "robustness/okta-gives-up",
            &["lookup/finds-user [after-create] error ×1 (custom, oin) then sequence/refused"],
        ),
    ];
    for (scenario, wanted) in table {
        for carrier in [Carrier::Pooled, Carrier::Tapped] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let server = Arc::new(HalfWay {
                tenant: Tenant::new(Some(Secret::new(TOKEN)), Policy::default()),
                taken: Mutex::default(),
            });
            let serving = tokio::spawn(server.serve(listener));
            let reach = Reach::Shared(carrier.to(&url));
            let result = Bench::new(&[scenario]).play(reach, Duration::ZERO).await;
            let found = bench::lines(&result);
            let found: Vec<_> = found
                .iter()
                .filter(|line| !line.starts_with("resource/location "))
                .collect();
            assert_eq!(found, wanted, "{carrier:?}");
            assert_eq!(result.left_behind, [], "{carrier:?}");
            serving.abort();
        }
    }
}
