//! What only a transport shows comes to the same over a socket as in process.

use std::sync::Arc;
use std::time::Duration;

use scim_conform::engine::settings::Reach;
use scim_conform::exchange::{BaseUrl, Pooled, ProxyChoice, Settings, Tapped, Transport};
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, Mode, Options, Policy, Server};

use crate::bench::{self, Bench, TOKEN};

/// Which transport carries the requests.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    Pooled,
    Tapped,
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
        let base = BaseUrl::parse(&urls.tenant_url(name)).unwrap();
        let mut settings = Settings::new(base);
        settings.proxy = ProxyChoice::None;
        match carrier {
            Carrier::Pooled => Arc::new(Pooled::new(settings).unwrap()),
            Carrier::Tapped => Arc::new(Tapped::new(settings).unwrap()),
        }
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
