//! Judges recorded traffic: what a real Okta tenant has sent to a SCIM server, and what came back.
//!
//! Nothing is sent. The checks are those of a run, as far as they can tell anything from what happens to have been
//! recorded; how a later request shows what became of an earlier one is in `judge.rs`. What was not recorded is
//! never taken for right or wrong, so there is no verdict on a kind of app, but an [`Overview`] of what was seen.

mod actions;
mod book;
pub mod calibrate;
pub mod har;
mod jobs;
mod judge;
pub mod live;
mod overview;
mod patch;
mod recognise;
mod traffic;
mod url;
mod veil;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::engine::conclude::{Shown, conclude};
use crate::engine::outcome::{RunResult, TargetInfo};
use crate::exchange::{InCommon, Kept};
use crate::okta::request::Resource;
use crate::okta::{App, Behaviour, Evidence, LoadError};
use crate::scenario::ScenarioId;
use crate::verdict::{Origin, Outcome, Recorded, ScenarioResult, Script};

use self::har::Entry;
use self::jobs::{OTHER, Place};
use self::traffic::{Captured, Traffic};
use self::veil::Veil;

pub use self::overview::Overview;

/// How a recording is judged.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file, as reports name it.
    pub name: String,
    /// The base URL, when it is not to be found out.
    pub base: Option<String>,
    /// Show names, addresses and ids of people; credentials and passwords stay hidden.
    pub show_people: bool,
    /// Raise breaches of RFC MUSTs to errors.
    pub strict_rfc: bool,
}

/// A recording that has been judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Findings and masked exchanges, a scenario for each job of Okta's.
    pub run: RunResult,
    /// What was seen.
    pub overview: Overview,
}

/// The id under which what belongs to a job is reported.
fn scenario_of(job: &str) -> String {
    format!("recording/{job}")
}

/// The base URLs below which there are signs of SCIM, those with the most requests first.
#[must_use]
pub fn bases(entries: &[Entry]) -> Vec<String> {
    traffic::bases_with_signs(entries)
}

/// Judges the entries of a recording. None when there is nothing of SCIM among them.
///
/// # Errors
/// When this build's own description of Okta cannot be read.
pub fn judge(entries: Vec<Entry>, options: &Options) -> Result<Option<Judged>, LoadError> {
    let behaviour = Behaviour::embedded()?;
    let Some(traffic) = traffic::pick(entries, options.base.as_deref()) else {
        return Ok(None);
    };
    let captured = &traffic.captured;
    let acts: Vec<_> = captured
        .iter()
        .map(|one| recognise::act(&one.exchange.request, one.sent_whole))
        .collect();
    let actions = actions::of(captured, &acts);
    let mut places = jobs::sort(captured, &acts);
    // What belongs to a change of a group shows only in the whole of it.
    let of_groups = actions
        .iter()
        .filter(|action| action.about == Some(Resource::Group));
    for (n, place) in of_groups.flat_map(|action| action.places(&acts)) {
        let from_okta = captured.get(n).is_some_and(|one| one.from_okta);
        if let Some(known) = places.get_mut(n).filter(|_| from_okta) {
            *known = place;
        }
    }
    let veil = Veil::over(captured, options.show_people);
    let seen = judge::judge(captured, &acts, &places, &behaviour, &veil);
    let apps = jobs::apps(&acts, &places);
    let overview = overview::of(&traffic, &acts, &places, &actions, &apps, &seen);
    let app = match apps.as_slice() {
        [app] => Some(*app),
        _ => None,
    };
    let shown = by_job(&traffic, &places, seen, &behaviour, &veil, app);
    let conclusion = conclude(shown, &[], options.strict_rfc);
    let end = captured.iter().map(|one| one.end).max().unwrap_or_default();
    let run = RunResult {
        run_id: "recording".to_owned(),
        seed: 0,
        started: captured
            .iter()
            .find_map(|one| one.at)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        duration: Duration::from_millis(u64::try_from(end).unwrap_or_default()),
        target: TargetInfo {
            url: traffic.base.clone(),
            embedded: false,
            faults: Vec::new(),
            chaos: None,
        },
        variants: Vec::new(),
        options: Vec::new(),
        verdicts: BTreeMap::new(),
        scenarios: conclusion.scenarios,
        findings: conclusion.findings,
        around: Vec::new(),
        exchanges: captured.len() as u64,
        left_behind: Vec::new(),
        broken: None,
        defects: Vec::new(),
        untrusted: None,
        growth: Default::default(),
        recording: Some(options.name.clone()),
    };
    Ok(Some(Judged { run, overview }))
}

/// What each job of Okta's has shown; those that were not recorded have not run.
fn by_job(
    traffic: &Traffic,
    places: &[Place],
    mut seen: judge::Judged,
    behaviour: &Behaviour,
    veil: &Veil,
    app: Option<App>,
) -> Vec<Shown> {
    let names = behaviour
        .jobs
        .iter()
        .map(|job| (job.name.as_str(), job.title.as_str()));
    let mut shown = Vec::new();
    for (name, title) in names.chain([(OTHER.job, "Requests of no known job")]) {
        let exchanges = recorded(&traffic.captured, places, name, veil);
        if name == OTHER.job && exchanges.is_empty() {
            continue;
        }
        let mut observations = seen.observations.remove(name).unwrap_or_default();
        for observation in &mut observations {
            observation.at.app = app;
        }
        shown.push(Shown {
            result: ScenarioResult {
                id: ScenarioId(scenario_of(name)),
                title: title.to_owned(),
                app,
                outcome: if exchanges.is_empty() {
                    Outcome::NotRun("not in the recording".to_owned())
                } else {
                    Outcome::Passed
                },
                duration: exchanges.iter().map(|e| e.exchange.timing().total).sum(),
                findings: Vec::new(),
                exchanges,
                script: Script::default(),
            },
            rows: BTreeSet::new(),
            observations,
            is_cut: false,
            members_seen: seen.members_seen,
        });
    }
    shown
}

fn recorded(captured: &[Captured], places: &[Place], job: &str, veil: &Veil) -> Vec<Recorded> {
    let mut in_common = InCommon::default();
    captured
        .iter()
        .zip(places)
        .filter(|(one, place)| place.job == job && one.from_okta)
        .map(|(one, place)| Recorded {
            id: format!("E{}", one.number),
            step: words::step(Some(one), *place),
            origin: Origin::Okta,
            job: (*place != OTHER).then(|| place.job.to_owned()),
            slot: (*place != OTHER).then(|| place.slot.to_owned()),
            evidence: Some(Evidence::Recorded),
            case: None,
            exchange: Kept::sharing(veil.exchange(&one.exchange), &mut in_common),
        })
        .collect()
}
