//! How what a request takes grows with the size of the crowd, in scenarios that scale.

use std::time::Duration;

use indexmap::IndexMap;

use crate::check::catalogue::connection;
use crate::okta::{App, Evidence};
use crate::scenario::ScenarioId;
use crate::verdict::{At, Observation, Origin, Recorded, ScenarioResult};

/// Less than this is no cost, however it grows: a slow machine and a slow network take as much.
const NO_COST: Duration = Duration::from_millis(100);
/// Growth by this part of what the crowd has grown by counts as growing with it.
const ALL_BUT_LINEAR: f64 = 0.6;

/// How long one kind of request took, by the size of the crowd.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// The step, as `3 push-group crew`.
    pub step: String,
    /// The slot of the job, else the method: `find`, `GET`.
    pub request: String,
    /// The sizes, ascending.
    pub points: Vec<Point>,
}

/// One size.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// People in the crowd.
    pub size: u32,
    /// How many requests of the kind there were.
    pub requests: usize,
    /// The median of what they took.
    pub median: Duration,
    /// An exchange of that size.
    exchange: String,
}

#[cfg(test)]
impl Point {
    /// One request that took so long.
    pub(crate) fn sample(size: u32, median: Duration) -> Self {
        Self {
            size,
            requests: 1,
            median,
            exchange: String::new(),
        }
    }
}

impl Growth {
    /// What took how many times longer, and how many times larger the crowd was: from the smallest to the largest.
    #[must_use]
    pub fn factors(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let longer = last.median.as_secs_f64() / first.median.as_secs_f64().max(1e-6);
        (first.size < last.size).then(|| (longer, f64::from(last.size) / f64::from(first.size)))
    }

    /// Whether it costs as many times more as there are more people, or nearly so.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        let costs = self
            .points
            .last()
            .is_some_and(|last| last.median >= NO_COST);
        costs
            && self
                .factors()
                .is_some_and(|(longer, larger)| longer >= larger * ALL_BUT_LINEAR)
    }
}

/// The growth of each kind of request in a scenario that was played with several sizes.
#[must_use]
pub fn of(result: &ScenarioResult) -> Vec<Growth> {
    let mut kinds: IndexMap<(&str, &str), IndexMap<u32, Vec<&Recorded>>> = IndexMap::new();
    for recorded in &result.exchanges {
        let size = recorded.case.as_deref().and_then(|case| case.parse().ok());
        let asked = matches!(recorded.origin, Origin::Okta | Origin::Probe);
        if let Some(size) = size.filter(|_| asked) {
            let request = recorded.slot.as_deref();
            let request = request.unwrap_or_else(|| recorded.exchange.method().as_str());
            kinds
                .entry((&recorded.step, request))
                .or_default()
                .entry(size)
                .or_default()
                .push(recorded);
        }
    }
    let several = kinds.into_iter().filter(|(_, sizes)| sizes.len() > 1);
    several
        .map(|((step, request), sizes)| Growth {
            scenario: result.id.clone(),
            app: result.app,
            step: step.to_owned(),
            request: request.to_owned(),
            points: sizes
                .into_iter()
                .map(|(size, all)| point(size, all))
                .collect(),
        })
        .collect()
}

fn point(size: u32, mut all: Vec<&Recorded>) -> Point {
    all.sort_by_key(|recorded| recorded.exchange.timing().total);
    let middle = all.get(all.len() / 2);
    Point {
        size,
        requests: all.len(),
        median: middle.map_or(Duration::ZERO, |r| r.exchange.timing().total),
        exchange: middle.map(|r| r.id.clone()).unwrap_or_default(),
    }
}

/// What is seen of a growth that will one day reach Okta's 60 seconds.
#[must_use]
pub fn observation(growth: &Growth) -> Option<Observation> {
    let (first, last) = (growth.points.first()?, growth.points.last()?);
    growth.is_linear().then(|| Observation {
        check: &connection::GROWTH,
        facet: growth.request.clone(),
        row: None,
        general: Vec::new(),
        at: At {
            scenario: growth.scenario.0.clone(),
            app: growth.app,
            step: growth.step.clone(),
            exchange: Some(last.exchange.clone()),
        },
        sent: format!("{} in step {}", growth.request, growth.step),
        sent_by: Origin::Okta,
        shown_by: None,
        wanted: format!(
            "about {} ms, as with {} people",
            first.median.as_millis(),
            first.size
        ),
        got: format!("{} ms with {} people", last.median.as_millis(), last.size),
        pointer: String::new(),
        evidence: Evidence::Documented,
        okta_admin_sees: None,
        refusal: false,
        is_of_another_provider: false,
        loses_data: false,
        follows: None,
    })
}
