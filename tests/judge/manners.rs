//! What a run may do to a target that is not its own: how many users at a time, how fast, and what it leaves out
//! where many others live.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scim_conform::engine::outcome::{Plan, RunResult};
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::{
    Exchange, Leave, Method, Request, SendError, Sending, Timing, Transport,
};
use scim_conform::okta::App;
use scim_conform::secret::Secret;
use scim_conform::server::{InProcess, Policy, Tenant};
use scim_conform::verdict::Outcome;
use serde_json::json;
use tokio::time::Instant;

use crate::bench::{self, Bench, TOKEN};

/// Watches one tenant that all scenarios share.
struct Watched {
    tenant: InProcess,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    sent: Vec<Instant>,
    users: HashSet<String>,
    most_users: usize,
    /// Creates of users that came, whatever they were answered.
    creates: u64,
}

impl Watched {
    fn with_strangers(number: usize) -> Arc<Self> {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), Policy::default());
        for n in 0..number {
            let name = format!("stranger{n}@elsewhere.test");
            tenant.seed_user(&json!({"userName": name})).unwrap();
        }
        Arc::new(Self {
            tenant: InProcess::new(Arc::new(tenant)),
            seen: Mutex::default(),
        })
    }
}

impl Transport for Watched {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            self.seen.lock().unwrap().sent.push(Instant::now());
            let exchange = self.tenant.send(request).await;
            // As long as a request takes, others may send theirs.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let request = &exchange.request;
            let mut seen = self.seen.lock().unwrap();
            let is_create = request.method == Method::Post && request.target == "/Users";
            seen.creates += u64::from(is_create);
            match (request.method, exchange.status()) {
                (Method::Post, Some(201)) if request.target == "/Users" => {
                    let id = &exchange.response().unwrap().json().unwrap()["id"];
                    seen.users
                        .insert(format!("/Users/{}", id.as_str().unwrap()));
                    seen.most_users = seen.most_users.max(seen.users.len());
                }
                (Method::Delete, Some(204)) => {
                    seen.users.remove(&request.target);
                }
                _ => {}
            }
            exchange
        })
    }
}

/// Runs the scenarios on a target with strangers, on virtual time.
fn run(
    only: &[&str],
    strangers: usize,
    change: impl FnOnce(&mut Settings),
) -> (Plan, RunResult, Arc<Watched>) {
    let target = Watched::with_strangers(strangers);
    let reach = Reach::Shared(Arc::clone(&target) as Arc<dyn Transport>);
    let mut settings = bench::settings(reach, Duration::ZERO);
    change(&mut settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (plan, result) = runtime.block_on(Bench::new(only).play_by(settings));
    assert!(target.seen.lock().unwrap().users.is_empty(), "swept");
    (plan, result, target)
}

fn not_run(result: &RunResult) -> Vec<(&str, &str)> {
    let reasons = result.scenarios.iter().filter_map(|s| match &s.outcome {
        Outcome::NotRun(reason) => Some((s.id.0.as_str(), reason.as_str())),
        _ => None,
    });
    let mut reasons: Vec<_> = reasons.collect();
    reasons.dedup();
    reasons
}

#[test]
fn where_many_others_live_nothing_is_listed_as_a_whole() {
    let run = |strangers| {
        run(&["imports/users", "users/create-minimal"], strangers, |s| {
            s.max_foreign_users = 3;
        })
    };
    let (_, result, _) = run(3);
    assert_eq!(not_run(&result), []);
    assert_eq!(result.count("passed"), 4);

    let (_, result, target) = run(4);
    let left_out = not_run(&result);
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let (id, reason) = left_out[0];
    assert_eq!(id, "imports/users");
    assert!(
        reason.contains("holds 4 users of others (allowed: 3)")
            && reason.contains("--cap-foreign-users"),
        "{reason}"
    );
    assert_eq!(result.count("passed"), 2);
    let kept = result.scenarios.iter().flat_map(|s| &s.exchanges);
    assert!(
        kept.map(|r| r.exchange.target())
            .all(|target| target != "/Users?startIndex=1&count=100"),
        "nobody has listed them"
    );
    assert!(target.seen.lock().unwrap().most_users > 0);
}

#[test]
fn no_more_users_than_allowed_are_there_at_a_time() {
    let only = ["users/", "lifecycle/", "groups/large"];
    let run = |most| {
        run(&only, 0, |s| {
            s.max_users_at_once = most;
            s.concurrency = 8;
        })
    };
    let (plan, result, target) = run(Some(3));
    let most = target.seen.lock().unwrap().most_users;
    assert!((1..=3).contains(&most), "{most}: no more than are allowed");
    let large: Vec<_> = plan
        .not_run
        .iter()
        .filter(|(id, _, _)| id.0 == "groups/large")
        .collect();
    assert_eq!(large.len(), 2, "{:?}", plan.not_run);
    assert!(
        large
            .iter()
            .all(|(_, _, reason)| reason.contains("raise --max-users-at-once (now 3)")),
        "{large:?}"
    );
    let told = not_run(&result);
    let unexpected = told.iter().find(|(_, reason)| {
        !["--hook", "raise --max-users-at-once"]
            .iter()
            .any(|known| reason.contains(known))
    });
    assert_eq!(unexpected, None);
    assert!(result.count("passed") > 0);
    let (plan, _, target) = run(None);
    let reasons = plan.not_run.iter().map(|(.., reason)| reason.as_str());
    let mut unexpected = reasons.filter(|reason| !reason.contains("--hook"));
    assert_eq!(unexpected.next(), None);
    assert!(target.seen.lock().unwrap().most_users > 3);
}

#[test]
fn no_more_users_than_allowed_are_made_in_all() {
    // Crowds, rows, retries after a lost answer, and probes that create.
    let only = [
        "users/",
        "lifecycle/",
        "groups/",
        "errors/",
        "robustness/",
        "special-characters/",
    ];
    for most in [0, 1, 7, 60] {
        let (plan, result, target) = run(&only, 0, |s| {
            s.max_users = Some(most);
            s.concurrency = 8;
        });
        let seen = target.seen.lock().unwrap();
        assert!(seen.creates <= most, "{} of {most}", seen.creates);
        assert!(plan.users <= most, "{} of {most}", plan.users);
        let option = "raise --max-users";
        let told = not_run(&result);
        assert!(told.iter().any(|(_, reason)| reason.contains(option)));
        assert_eq!(result.findings, []);
    }
}

#[test]
fn requests_keep_to_the_rate_whoever_sends_them() {
    let (_, _, target) = run(&["users/create", "lifecycle/"], 0, |s| {
        s.rate = Some(4.0);
        s.concurrency = 8;
    });
    let seen = target.seen.lock().unwrap();
    assert!(seen.sent.len() > 100, "{}", seen.sent.len());
    let gaps = seen.sent.windows(2).map(|two| two[1] - two[0]);
    // The clock of the runtime counts milliseconds.
    let shortest = gaps.min().unwrap();
    assert!(shortest >= Duration::from_millis(249), "{shortest:?}");
}

/// Hides whom a look-up would find, so many times; may drop all work when the client goes away.
struct Hiding {
    tenant: InProcess,
    left: Mutex<usize>,
    drops: bool,
}

impl Transport for Hiding {
    fn send<'a>(&'a self, mut request: Request) -> Sending<'a> {
        let mut left = self.left.lock().unwrap();
        if request.target.contains("filter=") && *left > 0 {
            *left -= 1;
            request.target = "/Users?filter=userName%20eq%20%22nobody%22".to_owned();
        }
        self.tenant.send(request)
    }

    fn send_and_leave<'a>(&'a self, request: Request, leave: Leave) -> Sending<'a> {
        if !self.drops {
            return self.tenant.send_and_leave(request, leave);
        }
        Box::pin(std::future::ready(Exchange {
            request,
            outcome: Err(SendError::AnswerLost { status: None }),
            timing: Timing::default(),
        }))
    }
}

#[test]
fn what_a_lost_create_has_made_is_found_at_the_end() {
    // Look-ups: before the create, after it, of the retry, and after that one was refused; then none finds it, ever.
    let table = [
        (1, false, 0),
        (2, false, 1),
        (4, false, 1),
        (usize::MAX, false, 1),
        (0, true, 0),
    ];
    for (hidden, drops, findings) in table {
        let tenant = Arc::new(Tenant::new(Some(Secret::new(TOKEN)), Policy::default()));
        let seeded = json!({"userName": "stranger@elsewhere.test"});
        tenant.seed_user(&seeded).unwrap();
        let transport = Arc::new(Hiding {
            tenant: InProcess::new(Arc::clone(&tenant)),
            left: Mutex::new(hidden),
            drops,
        });
        let reach = Reach::Shared(transport);
        let mut settings = bench::settings(reach, Duration::ZERO);
        settings.apps = vec![App::Oin];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let only = Bench::new(&["users/link-active"]);
        let (_, result) = runtime.block_on(only.play_by(settings));
        assert_eq!(result.left_behind, [], "hidden {hidden}");
        let found = result.findings.iter().map(bench::line).collect::<Vec<_>>();
        assert_eq!(found.len(), findings, "hidden {hidden}: {found:?}");
        let request = http::Request::get("/Users")
            .header("Authorization", format!("Bearer {TOKEN}"))
            .body(bytes::Bytes::new());
        let list = tenant.handle(request.unwrap());
        let list: serde_json::Value = serde_json::from_slice(list.body()).unwrap();
        assert_eq!(list["totalResults"], 1, "hidden {hidden}: {list}");
        assert_eq!(list["Resources"][0]["userName"], seeded["userName"]);
    }
}
