//! Okta's SPEC suite and our scenario of it agree, step by step, on a good server and on every fault.

#[path = "../support/spec_export.rs"]
mod export;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scim_conform::exchange::{Exchange, HeaderText, Method, Scrubber, Transport};
use scim_conform::okta::request::Client;
use scim_conform::runscope::export::Export;
use scim_conform::runscope::play::{self, Audience, Outcome, Played, Stage};
use scim_conform::runscope::variables::Variables;
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};
use scim_conform::verdict::Origin;

use crate::bench::{self, Bench, Seed, TOKEN};
use crate::matrix;

/// The scenario.
const TWIN: &str = "okta-suite/spec";
/// Steps of the suite.
const STEPS: usize = 12;
/// A folder with the files that Okta publishes; what this project holds of them is their meaning.
const OKTAS_OWN: &str = "SCIM_CONFORM_OKTA_SUITES";

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Passed,
    Failed,
    NotRun,
}

use Step::{Failed, NotRun, Passed};

/// Where our scenario says something else than Okta's suite.
struct Difference {
    fault: Fault,
    steps: &'static [usize],
    theirs: Step,
    ours: Step,
    why: &'static str,
}

const fn sharper(fault: Fault, steps: &'static [usize], why: &'static str) -> Difference {
    Difference {
        fault,
        steps,
        theirs: Passed,
        ours: Failed,
        why,
    }
}

const fn patient(fault: Fault) -> Difference {
    Difference {
        fault,
        steps: &[4, 9],
        theirs: Failed,
        ours: Passed,
        why: "we wait as Okta waits after 429, Runscope does not",
    }
}

const fn guarded(steps: &'static [usize], theirs: Step) -> Difference {
    Difference {
        fault: Fault::CreateAnswersStranger,
        steps,
        theirs,
        ours: NotRun,
        why: "whoever is handed a stranger stops, and the first to be created is",
    }
}

/// All of them.
const DIFFERENCES: &[Difference] = &[
    sharper(
        Fault::EmptyListAsArray,
        &[10],
        "Okta's script about groups notices no more than that the body is JSON",
    ),
    sharper(
        Fault::CountersAsStrings,
        &[1, 3, 5],
        "Okta's suite takes a text for a number, its runtime does not",
    ),
    sharper(
        Fault::CountersAsStrings,
        &[10],
        "Okta's script about groups notices no more than that the body is JSON",
    ),
    guarded(&[1, 2, 3, 4, 5], Passed),
    guarded(&[6, 7, 8], Failed),
    guarded(&[9, 10, 11, 12], Passed),
    sharper(
        Fault::IdAsNumber,
        &[1, 2, 6],
        "an id is a text (RFC 7643, 3.1); Okta's suite casts",
    ),
    sharper(
        Fault::ActiveAsString,
        &[1, 2, 6],
        "active is a truth value (RFC 7643, 4.1.1); Okta's suite casts",
    ),
    sharper(
        Fault::ActiveAsNumber,
        &[1, 2],
        "active is a truth value (RFC 7643, 4.1.1); Okta's suite wants something",
    ),
    patient(Fault::RateLimited),
    patient(Fault::RetryAfterAsDate),
];

/// Hears everything, and says nothing.
struct Silent;

impl Audience for Silent {
    fn answered(&mut self, _: &Exchange) {}

    fn decided(&mut self, _: &Played) {}
}

/// Runs on time that passes only when everybody waits.
fn on_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// How each step of an export goes on a server where, as Okta asks, somebody is there already: the person whom our
/// scenario begins with.
fn by_export(export: &Export, policy: &Policy, seed: Seed) -> Vec<Step> {
    let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy.clone());
    seed(&tenant);
    let base = tenant.base_url().to_owned();
    let transport = InProcess::new(Arc::new(tenant));
    let authorization = format!("Bearer {TOKEN}");
    let client = Client {
        authorization: Some(HeaderText::Plain(authorization.clone())),
        extra: vec![],
    };
    let somebody = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Grace.Okta@example.test","name":{"givenName":"Grace","familyName":"Hopper"},"emails":[{"primary":true,"value":"Grace.Okta@example.test","type":"work"}],"displayName":"Grace Hopper","active":true}"#;
    let somebody = client.request(Method::Post, "/Users".to_owned(), Some(somebody.into()));
    let mut variables = Variables::of_the_guide(1);
    variables.set("SCIMBaseURL", base.as_str());
    variables.set("auth", authorization);
    let scrubber = Scrubber::new();
    let stage = Stage {
        transport: &transport,
        base: &base,
        extra: &[],
        scrubber: &scrubber,
        pause_scale: 1.0,
    };
    let done = on_virtual_time(async {
        let _ = transport.send(somebody).await;
        let never = std::future::pending();
        play::play(export, variables, &stage, &mut Silent, never).await
    });
    let step = |played: &Played| match &played.outcome {
        Outcome::Passed => Passed,
        Outcome::Failed(_) => Failed,
        Outcome::NotRun(_) => NotRun,
        Outcome::Open(why) => panic!("{}: {why}", played.title),
    };
    done.played.iter().map(step).collect()
}

/// How each step of our scenario goes. The request before the suite is not counted.
fn by_twin(bench: &Bench, policy: &Policy, seed: Seed) -> Vec<Step> {
    let result = bench.run(policy, seed, Duration::ZERO);
    let [scenario] = &result.scenarios[..] else {
        panic!("{} scenarios", result.scenarios.len());
    };
    let step = |number: usize| {
        let is_it = |step: &str| step.split(' ').next() == Some(&*(number + 1).to_string());
        let unmet = result
            .findings
            .iter()
            .filter(|finding| finding.check.id == "certification/suite");
        let sent = scenario
            .exchanges
            .iter()
            .any(|one| one.origin == Origin::Probe && is_it(&one.step));
        match unmet
            .flat_map(|finding| &finding.at)
            .any(|at| is_it(&at.step))
        {
            true => Failed,
            false if sent => Passed,
            false => NotRun,
        }
    };
    (1..=STEPS).map(step).collect()
}

#[test]
fn both_pass_on_a_good_server() {
    let export = Export::parse(&export::spec()).unwrap();
    let twin = Bench::new(&[TWIN]);
    for seed in [bench::nobody as Seed, matrix::strangers] {
        assert_eq!(
            by_export(&export, &Policy::default(), seed),
            [Passed; STEPS]
        );
        assert_eq!(by_twin(&twin, &Policy::default(), seed), [Passed; STEPS]);
    }
}

#[test]
fn both_say_the_same_about_every_fault() {
    let export = Export::parse(&export::spec()).unwrap();
    let twin = Bench::new(&[TWIN]);
    let mut different = Vec::new();
    for fault in Fault::ALL {
        let (policy, seed) = (matrix::policy(*fault), matrix::seed(*fault));
        let theirs = by_export(&export, &policy, seed);
        let ours = by_twin(&twin, &policy, seed);
        assert_eq!((theirs.len(), ours.len()), (STEPS, STEPS));
        let both = theirs.into_iter().zip(ours).zip(1..);
        let differing = both.filter(|((theirs, ours), _)| theirs != ours);
        different.extend(differing.map(|((theirs, ours), step)| (*fault, step, theirs, ours)));
    }
    let known: Vec<_> = DIFFERENCES
        .iter()
        .flat_map(|d| {
            d.steps
                .iter()
                .map(|step| (d.fault, *step, d.theirs, d.ours))
        })
        .collect();
    assert_eq!(different, known);
    assert!(DIFFERENCES.iter().all(|d| !d.why.is_empty()));
}

/// The suite that this test has written means what Okta's file means. Without Okta's file it must at least see what
/// Okta's is known to see and not to see.
#[test]
fn the_export_means_what_okta_s_means() {
    let own = Export::parse(&export::spec()).unwrap();
    let verdicts = |export: &Export| -> Vec<(Fault, Vec<Step>)> {
        let of = |fault: &Fault| by_export(export, &matrix::policy(*fault), matrix::seed(*fault));
        Fault::ALL.iter().map(|fault| (*fault, of(fault))).collect()
    };
    let own_verdicts = verdicts(&own);
    let Some(folder) = std::env::var_os(OKTAS_OWN) else {
        let failed = |fault: Fault| {
            let steps = &own_verdicts.iter().find(|(of, _)| *of == fault).unwrap().1;
            let failed = steps.iter().zip(1..).filter(|(step, _)| **step == Failed);
            failed.map(|(_, number)| number).collect::<Vec<usize>>()
        };
        assert_eq!(failed(Fault::ErrorsAsPlainText), [4, 11, 12]);
        return;
    };
    let path = Path::new(&folder).join("Okta-SCIM-20-SPEC-Test.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{OKTAS_OWN} is set, but {} cannot be read: {error}",
            path.display()
        )
    });
    let oktas = Export::parse(&text).unwrap();
    assert_eq!(oktas.pauses(1.0), own.pauses(1.0));
    assert_eq!(verdicts(&oktas), own_verdicts);
}
