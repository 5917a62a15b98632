//! A target that answers nothing any more ends a run, and one that fails now and then does not. And what fails of this
//! tool itself on the way to a target: on virtual time, against one tenant that all scenarios share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scim_conform::engine::outcome::{Broken, Defect, During, RunResult};
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::{
    Exchange, Leave, Method, Request, SendError, Sending, Timing, Transport,
};
use scim_conform::okta::App;
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};
use scim_conform::verdict::{Outcome, Verdict};

use crate::bench::{self, Bench, TOKEN};

/// What becomes of a request, by its number.
type Fate = Box<dyn Fn(usize, &Request) -> Option<SendError> + Send + Sync>;

/// Whether a request is one of those.
type Which = fn(&Request) -> bool;

/// A tenant on a bad day.
struct Moody {
    tenant: InProcess,
    fate: Fate,
    seen: AtomicUsize,
    took: Duration,
    sent: Mutex<Vec<(Method, String)>>,
}

impl Moody {
    fn new(
        policy: Policy,
        fate: impl Fn(usize, &Request) -> Option<SendError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            tenant: InProcess::new(Arc::new(Tenant::new(Some(Secret::new(TOKEN)), policy))),
            fate: Box::new(fate),
            seen: AtomicUsize::new(0),
            took: Duration::from_secs(60),
            sent: Mutex::default(),
        })
    }

    async fn exchange(&self, request: Request) -> Result<Request, Exchange> {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let sent = (request.method, request.target.clone());
        self.sent.lock().unwrap().push(sent);
        let Some(error) = (self.fate)(number, &request) else {
            return Ok(request);
        };
        if matches!(error, SendError::TimedOut { .. }) {
            tokio::time::sleep(self.took).await;
        }
        Err(Exchange {
            request,
            outcome: Err(error),
            timing: Timing::default(),
        })
    }
}

impl Transport for Moody {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            match self.exchange(request).await {
                Ok(request) => self.tenant.send(request).await,
                Err(exchange) => exchange,
            }
        })
    }

    fn send_and_leave<'a>(&'a self, request: Request, leave: Leave) -> Sending<'a> {
        Box::pin(async move {
            match self.exchange(request).await {
                Ok(request) => self.tenant.send_and_leave(request, leave).await,
                Err(exchange) => exchange,
            }
        })
    }
}

fn run(
    target: &Arc<Moody>,
    only: &[&str],
    change: impl FnOnce(&mut Settings),
) -> (RunResult, Duration) {
    let reach = Reach::Shared(Arc::clone(target) as Arc<dyn Transport>);
    let mut settings = bench::settings(reach, Duration::ZERO);
    settings.concurrency = 4;
    change(&mut settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let began = tokio::time::Instant::now();
        let (_, result) = Bench::new(only).play_by(settings).await;
        (result, began.elapsed())
    })
}

fn timed_out() -> SendError {
    SendError::TimedOut {
        limit: Duration::from_secs(60),
    }
}

fn closed() -> SendError {
    SendError::Closed {
        reason: "reset".to_owned(),
    }
}

/// Every reason why no answer comes.
fn no_answers() -> [SendError; 5] {
    [
        timed_out(),
        closed(),
        SendError::Dns {
            host: "scim.test".to_owned(),
        },
        SendError::Connect {
            host: "scim.test:443".to_owned(),
            reason: "refused".to_owned(),
        },
        SendError::Tls {
            reason: "no common cipher".to_owned(),
        },
    ]
}

#[test]
fn a_target_that_falls_silent_ends_the_run_soon_whatever_silence_is() {
    for error in no_answers() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.jsonl");
        let told = error.to_string();
        let target = Moody::new(Policy::default(), move |number, _| {
            (number > 60).then(|| error.clone())
        });
        let (result, took) = run(&target, &["users/", "lifecycle/"], |settings| {
            settings.ledger = Some(ledger.clone());
        });
        assert_eq!(
            result.broken,
            Some(Broken::Gone {
                problem: told.clone()
            })
        );
        let unanswered = target.seen.load(Ordering::SeqCst) - 60;
        // Twenty, those that were under way then, and a few of the clean-up.
        assert!((20..=40).contains(&unanswered), "{told}: {unanswered}");
        assert!(took < Duration::from_secs(60 * 22), "{told}: {took:?}");
        assert!(!result.left_behind.is_empty(), "{told}");
        assert!(ledger.exists(), "{told}: it can be swept");
        assert!(
            result.verdicts.values().all(|v| *v != Verdict::Conforms),
            "{told}"
        );
        let waits = result.scenarios.iter().filter(|scenario| {
            scenario.outcome == Outcome::NotRun("the target is gone".to_owned())
        });
        assert!(waits.count() > result.scenarios.len() / 2, "{told}");
    }
}

#[test]
fn a_target_that_answers_now_and_then_is_there() {
    // Nineteen of twenty requests get no answer; and every second one.
    for every in [2, 20] {
        let target = Moody::new(Policy::default(), move |number, _| {
            // The first one is the pre-flight.
            (number > 1 && !number.is_multiple_of(every)).then(closed)
        });
        let (result, _) = run(&target, &["users/"], |_| {});
        assert_eq!(result.broken, None, "one of {every}");
    }
}

#[test]
fn a_target_that_answers_no_create_is_there() {
    let target = Moody::new(Policy::default(), |_, request| {
        (request.method == Method::Post).then(closed)
    });
    let (result, _) = run(&target, &["users/", "lifecycle/", "groups/"], |_| {});
    assert_eq!(result.broken, None);
    let policy = Policy::default().with_fault(Fault::ConnectionClosedAfterCreate);
    let target = Moody::new(policy, |_, _| None);
    let (result, _) = run(&target, &["users/", "lifecycle/", "groups/"], |_| {});
    assert_eq!(result.broken, None);
}

#[test]
fn answers_that_are_lost_on_purpose_say_nothing_about_the_target() {
    let target = Moody::new(Policy::default(), |_, _| None);
    let (result, _) = run(&target, &["users/link-active", "robustness/"], |_| {});
    assert_eq!(result.broken, None);
    // Neither do they hide that it is gone.
    let target = Moody::new(Policy::default(), |number, request| {
        let is_lost = request.method.is_write() && number.is_multiple_of(2);
        let lost = SendError::AnswerLost { status: None };
        (number > 1).then(|| if is_lost { lost } else { closed() })
    });
    let (result, _) = run(&target, &["users/", "lifecycle/"], |_| {});
    assert!(matches!(result.broken, Some(Broken::Gone { .. })));
}

#[test]
fn a_wait_that_nobody_can_add_up_is_too_long() {
    // The first create is answered 429 twice; whole seconds of Retry-After are honoured, whatever their number.
    struct Throttling(InProcess, AtomicUsize);
    impl Transport for Throttling {
        fn send<'a>(&'a self, request: Request) -> Sending<'a> {
            Box::pin(async move {
                let is_create = request.method == Method::Post;
                let mut exchange = self.0.send(request).await;
                let turn = if is_create {
                    self.1.fetch_add(1, Ordering::SeqCst)
                } else {
                    usize::MAX
                };
                let wait = match turn {
                    0 => "2",
                    1 => "9223372036854775807",
                    _ => return exchange,
                };
                if let Ok(answer) = &mut exchange.outcome {
                    answer.status = 429;
                    answer.headers = vec![("Retry-After".to_owned(), wait.to_owned())];
                }
                exchange
            })
        }
    }
    let tenant = Arc::new(Tenant::new(Some(Secret::new(TOKEN)), Policy::default()));
    let transport = Throttling(InProcess::new(tenant), AtomicUsize::new(0));
    let mut settings = bench::settings(Reach::Shared(Arc::new(transport)), Duration::ZERO);
    settings.apps = vec![App::Oin];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (_, result) = runtime.block_on(Bench::new(&["lifecycle/rehire"]).play_by(settings));
    assert_eq!(result.defects, []);
    let [scenario] = &result.scenarios[..] else {
        panic!("{:?}", result.scenarios);
    };
    let Outcome::NotRun(reason) = &scenario.outcome else {
        panic!("{:?}", scenario.outcome);
    };
    assert!(reason.contains("429"), "{reason}");
    assert_eq!(result.verdicts[&App::Oin], Verdict::Undecided);
}

#[test]
fn whatever_fails_of_this_tool_is_told_and_what_is_there_is_removed_or_told() {
    // A transport that fails in every write, every read, every create, every delete.
    let is_write = |request: &Request| matches!(request.method, Method::Put | Method::Patch);
    let is_delete = |request: &Request| request.method == Method::Delete;
    let is_read =
        |request: &Request| request.method == Method::Get && request.target.starts_with("/Users/");
    // Whether all is gone, and whether something is told to be left: what cannot be read is not deleted.
    let fails: [(&str, Which, bool, bool); 3] = [
        ("write", is_write, true, false),
        ("read", is_read, false, true),
        ("delete", is_delete, false, true),
    ];
    for (name, fails, is_gone, is_told) in fails {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.jsonl");
        let target = Moody::new(Policy::default(), move |_, request| {
            assert!(!fails(request), "planted");
            None
        });
        let only = ["lifecycle/rehire", "users/create-minimal", "errors/"];
        let (result, _) = run(&target, &only, |settings| {
            settings.ledger = Some(ledger.clone());
        });
        assert!(!result.defects.is_empty(), "{name}");
        for scenario in &result.scenarios {
            // One play may stand for both kinds of app.
            let id = &scenario.id;
            let is_of_it = |defect: &&Defect| defect.during.scenario().is_some_and(|it| it.0 == id);
            let Some(first) = result.defects.iter().find(is_of_it) else {
                assert_eq!(scenario.outcome, Outcome::Passed, "{name}");
                continue;
            };
            assert_eq!(first.panic.message, "planted", "{name}");
            let cleans = matches!(first.during, During::CleanUp(..));
            assert_eq!(cleans, name == "delete", "{name}");
            assert_eq!(scenario.outcome, Outcome::NotRun(first.reason()), "{name}");
        }
        assert!(
            result.verdicts.values().all(|v| *v != Verdict::Conforms),
            "{name}"
        );
        assert!(ledger.exists(), "{name}: it can be swept");
        assert_eq!(!result.left_behind.is_empty(), is_told, "{name}");
        assert_eq!(users(&target) == 0, is_gone, "{name}");
    }
}

fn users(target: &Moody) -> u64 {
    let request = Request {
        method: Method::Get,
        target: "/Users?startIndex=1&count=1".to_owned(),
        headers: vec![(
            "Authorization".to_owned(),
            scim_conform::exchange::HeaderText::Plain(format!("Bearer {TOKEN}")),
        )],
        body: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let exchange = runtime.block_on(target.tenant.send(request));
    exchange.response().unwrap().json().unwrap()["totalResults"]
        .as_u64()
        .unwrap()
}
