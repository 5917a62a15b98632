//! Okta's SPEC suite and our scenario of it agree, step by step, on a good server and on every fault.

#[path = "../support/suite_exports.rs"]
mod exports;
mod org;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scim_conform::engine::outcome::RunResult;
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::{Exchange, HeaderText, Method, Transport};
use scim_conform::okta::request::{Agent, Client};
use scim_conform::okta::{App, Behaviour};
use scim_conform::redact::Redactor;
use scim_conform::runscope::export::Export;
use scim_conform::runscope::play::{self, Audience, Outcome, Played, Stage, Waiting};
use scim_conform::runscope::variables::Variables;
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, Freedom, InProcess, Policy, Tenant};
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
    fn answered<'a>(&'a mut self, _: &'a Exchange) -> Waiting<'a, ()> {
        Box::pin(std::future::ready(()))
    }

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
        agent: Agent::Okta,
        authorization: Some(HeaderText::Plain(authorization.clone())),
        extra: vec![],
    };
    let somebody = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Grace.Okta@example.com","name":{"givenName":"Grace","familyName":"Hopper"},"emails":[{"primary":true,"value":"Grace.Okta@example.com","type":"work"}],"displayName":"Grace Hopper","active":true}"#;
    let somebody = client.request(Method::Post, "/Users".to_owned(), Some(somebody.into()));
    let mut variables = Variables::of_the_guide(1);
    variables.set("SCIMBaseURL", base.as_str());
    variables.set("auth", authorization);
    let redactor = Redactor::new();
    let stage = Stage {
        transport: &transport,
        base: &base,
        extra: &[],
        redactor: &redactor,
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
    let export = Export::parse(&exports::spec()).unwrap();
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
    let export = Export::parse(&exports::spec()).unwrap();
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
    let own = Export::parse(&exports::spec()).unwrap();
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
    let oktas = oktas_own(&folder, "SPEC");
    assert_eq!(oktas.pauses(1.0), own.pauses(1.0));
    assert_eq!(verdicts(&oktas), own_verdicts);
    let (oktas, own) = (
        oktas_own(&folder, "CRUD"),
        Export::parse(&exports::crud()).unwrap(),
    );
    assert_eq!(oktas.pauses(1.0), own.pauses(1.0));
    let behaviour = Arc::new(Behaviour::embedded().unwrap());
    for fault in Fault::ALL.iter().copied().map(Some) {
        for app in App::ALL {
            let looks = |export: &Export| by_crud(export, app, &behaviour, fault);
            assert_eq!(looks(&oktas), looks(&own), "{fault:?} {app}");
        }
    }
}

/// A file of Okta's.
fn oktas_own(folder: &OsStr, suite: &str) -> Export {
    let path = Path::new(folder).join(format!("Okta-SCIM-20-{suite}-Test.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{OKTAS_OWN} is set, but {} cannot be read: {error}",
            path.display()
        )
    });
    Export::parse(&text).unwrap()
}

/// The looks of the CRUD suite at the target, and the steps of our scenario that lead to each.
const LOOKS: [(usize, std::ops::RangeInclusive<usize>); 5] = [
    (4, 1..=2),
    (6, 3..=5),
    (8, 6..=7),
    (11, 8..=9),
    (13, 10..=11),
];

/// What Okta's CRUD suite sees, and our scenario of it leaves to others.
const LEFT_OUT: [(Fault, &str); 1] = [(
    Fault::NamesMissingInLists,
    "Okta's suite reads names from the look-up; we read by id, and lists where users are imported",
)];

/// How each look at the target goes while an export drives an org.
fn by_crud(export: &Export, app: App, behaviour: &Arc<Behaviour>, fault: Option<Fault>) -> String {
    let policy = fault.map_or_else(Policy::default, matrix::policy);
    let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy);
    fault.map_or(bench::nobody as Seed, matrix::seed)(&tenant);
    let target = InProcess::new(Arc::new(tenant));
    let okta = org::Okta::new(app, Arc::clone(behaviour), target);
    let mut variables = Variables::default();
    for (name, value) in [
        ("oktaOrgUrl", org::ORG),
        ("oktaAppId", "0oa1"),
        ("oktaToken", "x"),
        ("SCIMUrl", org::TARGET),
        ("SCIMAuth", &*format!("Bearer {TOKEN}")),
        ("okta_user_firstname", "Ada"),
        ("okta_user_firstname_update", "Adaupdate"),
        ("okta_user_lastname", "Lovelace"),
        ("okta_user_email", "Ada.Crud@example.com"),
        ("okta_user_title", "Engineer"),
        ("okta_user_primaryphone", "555-0100"),
    ] {
        variables.set(name, value);
    }
    let stage = Stage {
        transport: &okta,
        base: org::PLACE,
        extra: &[],
        redactor: &Redactor::new(),
        pause_scale: 1.0,
    };
    let never = std::future::pending();
    let done = on_virtual_time(play::play(export, variables, &stage, &mut Silent, never));
    let looks = LOOKS.iter().map(|(number, _)| &done.played[number - 1]);
    looks
        .map(|look| mark(look.outcome == Outcome::Passed))
        .collect()
}

/// The bench with Okta as it is by default, as the org has it.
fn without_variants(bench: &Bench, policy: Policy, seed: Seed) -> RunResult {
    let reach = Reach::Isolated(Arc::new(move |_: &str| -> Arc<dyn Transport> {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy.clone());
        seed(&tenant);
        Arc::new(InProcess::new(Arc::new(tenant)))
    }));
    let settings = Settings {
        variants: vec![],
        ..bench::settings(reach, Duration::ZERO)
    };
    on_virtual_time(bench.play_by(settings)).1
}

fn mark(passed: bool) -> char {
    if passed { '.' } else { 'F' }
}

/// How the steps before each look go in our scenario: whether there is anything to find.
fn by_crud_twin(result: &RunResult, app: App) -> String {
    let unwell = |steps: &std::ops::RangeInclusive<usize>| {
        let at = result.findings.iter().flat_map(|finding| &finding.at);
        at.filter(|at| at.app == Some(app)).any(|at| {
            let number = at.step.split(' ').next().and_then(|n| n.parse().ok());
            number.is_some_and(|number: usize| steps.contains(&number))
        })
    };
    LOOKS
        .iter()
        .map(|(_, steps)| mark(!unwell(steps)))
        .collect()
}

/// Whatever Okta's CRUD suite sees at the target is seen by our scenario at the same action or before. Where ours sees
/// more, it reads back every write in full, and its shape as well; the snapshot has all of it, `F` for a look that
/// fails.
#[test]
fn the_crud_scenario_sees_what_okta_s_suite_sees() {
    let export = Export::parse(&exports::crud()).unwrap();
    let twin = Bench::new(&["okta-suite/crud"]);
    let behaviour = Arc::new(Behaviour::embedded().unwrap());
    let mut rows = String::new();
    for fault in [None]
        .into_iter()
        .chain(Fault::ALL.iter().copied().map(Some))
    {
        let policy = fault.map_or_else(Policy::default, matrix::policy);
        let seed = fault.map_or(bench::nobody as Seed, matrix::seed);
        let result = without_variants(&twin, policy, seed);
        for app in App::ALL {
            let theirs = by_crud(&export, app, &behaviour, fault);
            let ours = by_crud_twin(&result, app);
            let name = fault.map_or("no fault".to_owned(), |fault| fault.to_string());
            let first = |looks: &str| looks.find('F').unwrap_or(LOOKS.len());
            let is_left_out = LEFT_OUT
                .iter()
                .any(|(left_out, _)| fault == Some(*left_out));
            assert_eq!(
                first(&ours) > first(&theirs),
                is_left_out,
                "{name} {app}: {theirs} {ours}"
            );
            if theirs != ours {
                rows += &format!("{name} {app}: Okta's {theirs} ours {ours}\n");
            }
            if fault.is_none() {
                assert_eq!((&*theirs, &*ours), (".....", "....."));
            }
        }
    }
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(rows);
    });
}

/// Where a server does differently what it is free to do, both say the same; and Okta's suite takes it, with few exceptions.
#[test]
fn both_say_the_same_about_every_freedom() {
    let export = Export::parse(&exports::spec()).unwrap();
    let twin = Bench::new(&[TWIN]);
    let mut refused = Vec::new();
    for freedom in Freedom::ALL.iter().copied() {
        let policy = Policy::default().with_freedom(freedom);
        let theirs = by_export(&export, &policy, bench::nobody);
        let ours = by_twin(&twin, &policy, bench::nobody);
        assert_eq!(ours, theirs, "{freedom}");
        if theirs.contains(&Failed) {
            refused.push(freedom);
        }
    }
    // Okta's suite asks for more than the RFCs and Okta's own runtime do.
    let known = [
        Freedom::DetailOnlyErrors,
        Freedom::EmptyUnauthorized,
        Freedom::HtmlNotFoundForOddIds,
        Freedom::LookupMissNotFound,
    ];
    assert_eq!(refused, known);
}
