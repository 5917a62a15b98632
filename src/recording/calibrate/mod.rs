//! Compares what a real tenant has sent with what our Okta would have sent in its place.
//!
//! 1. The requests are sorted by whom they are about, and cut into admin actions (`actions`).
//! 2. What Okta knew is read off the requests themselves: names, members, mapped attributes (`subject`).
//! 3. The job that the action starts is carried out once more, with the recorded answers (`replay`).
//! 4. The requests of both are compared one by one (`compare`). Where they differ, each variant is tried.
//!
//! Values are taken from the recording, so what is compared is the form: the sequence, the spelling, what an echo keeps,
//! who is among the members of which request. No value of a person is told.

mod compare;
mod replay;
mod subject;

use serde::Serialize;

use crate::okta::{App, Behaviour, LoadError, Variant, Variants};

use super::har::Entry;
use super::jobs;
use super::recognise::{self, Act};
use super::traffic::{self, Captured};

pub use compare::Difference;
pub(super) use compare::line;

use super::actions::{self, Action};

/// How a recording is compared.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The base URL, when it is not to be found out.
    pub base: Option<String>,
    /// The kind of app, when it is not to be found out.
    pub app: Option<App>,
    /// The recorder has sorted keys and parameters: their order tells nothing.
    pub unordered: bool,
}

/// A recording beside our Okta.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Calibration {
    /// The base URL.
    pub base: String,
    /// The kind of app that it was compared with.
    pub app: App,
    /// How many requests of Okta's there are.
    pub requests: usize,
    /// The admin actions in the order of their first requests.
    pub actions: Vec<Compared>,
}

/// One admin action, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Compared {
    /// What the admin did, in the words of the job; none when no job is known that sends this.
    pub action: Option<String>,
    /// The file of the job.
    pub job: Option<String>,
    /// Its requests, by the numbers of their entries.
    pub entries: Vec<usize>,
    /// Its requests: method and endpoint, without ids.
    pub sent: Vec<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// How a recorded action stands to ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Our Okta sends exactly that.
    Equal,
    /// It does under a variant.
    Variant(String),
    /// It sends something else.
    Differs(Vec<Difference>),
    /// No job is known that sends this.
    Unknown,
}

impl Calibration {
    /// How many actions are as ours.
    #[must_use]
    pub fn equal(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Equal))
    }

    /// How many are not, whatever the reason.
    #[must_use]
    pub fn others(&self) -> usize {
        self.actions.len().saturating_sub(self.equal())
    }

    fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        let all = self.actions.iter();
        all.filter(|action| wanted(&action.outcome)).count()
    }
}

/// Compares the entries of a recording. None when there is nothing of SCIM among them.
///
/// # Errors
/// When this build's own description of Okta cannot be read.
pub fn calibrate(entries: Vec<Entry>, options: &Options) -> Result<Option<Calibration>, LoadError> {
    let behaviour = Behaviour::embedded()?;
    let Some(mut traffic) = traffic::pick(entries, options.base.as_deref()) else {
        return Ok(None);
    };
    traffic.captured.retain(|one| one.from_okta);
    let captured = &traffic.captured;
    let acts: Vec<Act> = captured
        .iter()
        .map(|one| recognise::act(&one.exchange.request, one.sent_whole))
        .collect();
    let app = options.app.unwrap_or_else(|| app_of(captured, &acts));
    let actions = actions::of(captured, &acts);
    let bench = Bench {
        behaviour: &behaviour,
        captured,
        acts: &acts,
        app,
        unordered: options.unordered,
    };
    let mut compared = Vec::with_capacity(actions.len());
    for action in &actions {
        compared.push(bench.compared(action)?);
    }
    Ok(Some(Calibration {
        base: traffic.base.clone(),
        app,
        requests: captured.len(),
        actions: compared,
    }))
}

/// The kind of app that has sent this; a custom one when nothing tells.
fn app_of(captured: &[Captured], acts: &[Act]) -> App {
    let places = jobs::sort(captured, acts);
    match jobs::apps(acts, &places).as_slice() {
        [.., App::Oin] => App::Oin,
        _ => App::Custom,
    }
}

/// What all actions of a recording are compared with.
struct Bench<'a> {
    behaviour: &'a Behaviour,
    captured: &'a [Captured],
    acts: &'a [Act],
    app: App,
    unordered: bool,
}

impl Bench<'_> {
    fn compared(&self, action: &Action) -> Result<Compared, LoadError> {
        let recorded: Vec<&Captured> = action
            .requests
            .iter()
            .filter_map(|n| self.captured.get(*n))
            .collect();
        let entries = recorded.iter().map(|one| one.number).collect();
        let sent = recorded
            .iter()
            .map(|one| compare::line(&one.exchange.request))
            .collect();
        let Some(job) = action.job else {
            return Ok(Compared {
                action: None,
                job: None,
                entries,
                sent,
                outcome: Outcome::Unknown,
            });
        };
        let known = self.behaviour.jobs.get(job)?;
        let mapping = &self.behaviour.apps.mapping;
        let subject = subject::of(action, self.captured, self.acts, mapping);
        let differences = |variants: Variants| {
            let replayed = replay::replay(known, &subject, self, action, &recorded, variants);
            compare::all(&recorded, &replayed, self.unordered)
        };
        let plain = differences(Variants::NONE);
        let outcome = if plain.is_empty() {
            Outcome::Equal
        } else {
            let under = Variant::ALL
                .into_iter()
                .filter(|variant| variant.meta().apps.contains(&self.app))
                .find(|variant| differences(Variants::NONE.with(*variant)).is_empty());
            match under {
                Some(variant) => Outcome::Variant(variant.as_str().to_owned()),
                None => Outcome::Differs(plain),
            }
        };
        Ok(Compared {
            action: Some(known.title.clone()),
            job: Some(job.to_owned()),
            entries,
            sent,
            outcome,
        })
    }
}
