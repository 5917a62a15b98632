//! The same server gives the same snapshots, run after run: whatever else is there, in whatever order scenarios run, and
//! however their requests interleave.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bench::{Bench, TOKEN, on_virtual_time, settings};
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use scim_conform::engine::ledger::NAME_TAIL;
use scim_conform::engine::outcome::RunResult;
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::{Leave, Request, Sending, Transport};
use scim_conform::okta::App;
use scim_conform::secret::Secret;
use scim_conform::server::{InProcess, Policy, Tenant};
use scim_conform::snapshot::{RunNames, Tolerance, Transcript, compare};
use scim_conform::verdict::Outcome;
use serde_json::json;

/// A network on which every request and every answer takes another time.
struct Uneven {
    server: InProcess,
    seed: u64,
    sent: AtomicU64,
}

impl Uneven {
    async fn wait(&self) {
        let nth = self.sent.fetch_add(1, Ordering::Relaxed);
        let mut random = ChaCha8Rng::seed_from_u64(self.seed ^ nth.wrapping_mul(0x9e37_79b9));
        let micros = random.random_range(1..20_000);
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

impl Transport for Uneven {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            self.wait().await;
            let exchange = self.server.send(request).await;
            self.wait().await;
            exchange
        })
    }

    fn send_and_leave<'a>(&'a self, request: Request, leave: Leave) -> Sending<'a> {
        self.server.send_and_leave(request, leave)
    }
}

/// Runs scenarios in an order of its own against a tenant that they share with each other and with strangers.
fn run(bench: &Bench, tenant: &Arc<Tenant>, seed: u64) -> RunResult {
    let mut scenarios = bench.scenarios().to_vec();
    scenarios.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let reach = Reach::Shared(Arc::new(Uneven {
        server: InProcess::new(Arc::clone(tenant)),
        seed,
        sent: AtomicU64::new(0),
    }));
    let settings = Settings {
        run_id: format!("rep{seed:03}"),
        concurrency: 8,
        ..settings(reach, Duration::from_secs(2))
    };
    on_virtual_time(bench.with(scenarios).play_by(settings)).1
}

/// What each scenario that got to its end has shown.
fn transcripts(run: &RunResult) -> BTreeMap<(String, Option<App>), Transcript> {
    let names = RunNames {
        run_id: run.run_id.clone(),
        tail: NAME_TAIL,
        base_url: run.target.url.clone(),
        host: "localhost".to_owned(),
    };
    let done = run.scenarios.iter().filter(|scenario| {
        !scenario.exchanges.is_empty() && !matches!(scenario.outcome, Outcome::NotRun(_))
    });
    done.map(|scenario| {
        let transcript = Transcript::of(scenario, &names);
        ((scenario.id.0.clone(), scenario.app), transcript)
    })
    .collect()
}

fn strangers_move_in(tenant: &Tenant, run: u64) {
    for n in 0..40 * run {
        let name = format!("stranger-{run}-{n}@elsewhere.test");
        let stranger =
            json!({"userName": name, "externalId": format!("x{run}-{n}"), "active": true});
        tenant.seed_user(&stranger).unwrap();
    }
    let board = json!({"displayName": format!("Board {run}")});
    tenant.seed_group(&board).unwrap();
}

#[test]
fn whatever_else_happens_the_same_server_gives_the_same_snapshots() {
    let bench = Bench::new(&[]);
    let tenant = Arc::new(Tenant::new(Some(Secret::new(TOKEN)), Policy::default()));
    let accepted = transcripts(&run(&bench, &tenant, 1));
    assert!(accepted.len() > 200, "{}", accepted.len());
    for seed in 2..4 {
        strangers_move_in(&tenant, seed);
        let again = run(&bench, &tenant, seed);
        let mut compared = 0;
        let mut differ = Vec::new();
        for (name, transcript) in transcripts(&again) {
            // The accepted one went through a file.
            let Some(accepted) = accepted.get(&name) else {
                continue;
            };
            let accepted = Transcript::parse(&accepted.render()).unwrap();
            let comparison = compare(&accepted, &transcript, Tolerance::Own);
            compared += 1;
            let lines = comparison.differences.iter();
            differ.extend(lines.map(|d| format!("{name:?} {}: {d}", d.place)));
        }
        assert!(compared > 200, "{compared}");
        assert!(differ.is_empty(), "run {seed}:\n{}", differ.join("\n"));
    }
}
