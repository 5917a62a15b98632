//! From observations to findings: one finding a root cause, at a level that says what it means for Okta.

use std::collections::BTreeMap;

use crate::check::catalogue::membership;
use crate::check::frame::NO_MEMBERS;
use crate::okta::{App, Evidence};

use crate::verdict::{
    CheckMeta, Finding, Kind, Level, Observation, Outcome, ScenarioResult, Verdict,
};

/// What one scenario under one app has shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The scenario's result; its outcome and findings are filled in here.
    pub result: ScenarioResult,
    /// Its observations, in order.
    pub observations: Vec<Observation>,
    /// Some group showed a member when it was read by id.
    pub members_seen: bool,
}

/// What is concluded from a run.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The findings, most serious first.
    pub findings: Vec<Finding>,
    /// The scenarios with their outcomes.
    pub scenarios: Vec<ScenarioResult>,
    /// One verdict an app.
    pub verdicts: BTreeMap<App, Verdict>,
}

/// A check and one of its facets; an empty one stands for any.
type Identity = (&'static str, &'static str);

/// A finding absorbs others that are the same root cause under another name: (check, facet or any) absorbs
/// (check, facet or any). Only where the first explains the second on every server.
const ABSORBS: [(Identity, Identity); 9] = [
    // Paging that loses people also hands out wrong pages.
    (("list/complete", ""), ("list/past-the-end", "")),
    (("list/complete", ""), ("list/total-results", "")),
    (("list/complete", ""), ("list/repeats", "")),
    (
        ("list/past-the-end", ""),
        ("list/items-per-page-past-the-end", ""),
    ),
    // What is never found is not found with special characters either.
    (
        ("lookup/finds-user", "after-create"),
        ("lookup/special-characters", ""),
    ),
    (
        ("lookup/finds-user", "after-create"),
        ("lookup/finds-user", "letter-case"),
    ),
    // A filter that finds everybody finds them under a former name, too.
    (("lookup/only-exact", ""), ("lookup/former-name", "")),
    // A PUT that is ignored as a whole does not change the state flag either.
    (
        ("state/write-ignored", "put user"),
        ("state/applied", "active by put"),
    ),
    (
        ("state/write-ignored", "put user"),
        ("state/applied", "userName"),
    ),
];

/// Concludes a run. `strict_rfc` raises breaches of RFC MUSTs to errors.
#[must_use]
pub fn conclude(shown: Vec<Shown>, apps: &[App], strict_rfc: bool) -> Conclusion {
    let members_seen = shown.iter().any(|s| s.members_seen);
    let mut causes = Causes::default();
    for (n, shown) in shown.iter().enumerate() {
        causes.add(n, &shown.observations, members_seen, strict_rfc);
    }
    causes.absorb();
    let findings = causes.number();
    let mut scenarios = Vec::with_capacity(shown.len());
    for (n, shown) in shown.into_iter().enumerate() {
        let mut result = shown.result;
        let met: Vec<&(Finding, Vec<usize>)> =
            findings.iter().filter(|(_, at)| at.contains(&n)).collect();
        result.findings = met.iter().map(|(f, _)| f.id.clone()).collect();
        if met.iter().any(|(f, _)| f.level == Level::Error) {
            result.outcome = Outcome::Failed;
        }
        scenarios.push(result);
    }
    let verdicts = apps
        .iter()
        .map(|app| (*app, verdict(*app, &scenarios)))
        .collect();
    Conclusion {
        findings: findings.into_iter().map(|(f, _)| f).collect(),
        scenarios,
        verdicts,
    }
}

/// The verdict for one kind of app: its own scenarios and the probes, which belong to every app.
fn verdict(app: App, scenarios: &[ScenarioResult]) -> Verdict {
    let concerned = || scenarios.iter().filter(|s| s.app.is_none_or(|a| a == app));
    if concerned().any(|s| s.outcome == Outcome::Failed) {
        Verdict::Fails
    } else if concerned().any(|s| s.outcome == Outcome::Passed && s.app.is_some()) {
        Verdict::Conforms
    } else {
        Verdict::Undecided
    }
}

/// Findings under construction, by identity, each with the scenarios that met it.
#[derive(Default)]
struct Causes(BTreeMap<(&'static str, String), (Finding, Vec<usize>)>);

impl Causes {
    fn add(
        &mut self,
        scenario: usize,
        observations: &[Observation],
        members_seen: bool,
        strict_rfc: bool,
    ) {
        let concluded: Vec<(&'static CheckMeta, String)> = observations
            .iter()
            .map(|o| identity(o, members_seen))
            .collect();
        for (observation, (check, facet)) in observations.iter().zip(&concluded) {
            let cause = root(observations, observation)
                .filter(|root| concluded[*root].0.id != membership::HIDDEN.id);
            if let Some(root) = cause {
                let (check, facet) = &concluded[root];
                if let Some((finding, at)) = self.0.get_mut(&(check.id, facet.clone())) {
                    follow(finding, observation);
                    meet(at, scenario);
                }
                continue;
            }
            let (level, kind) = grade(observation, check, strict_rfc);
            match self.0.get_mut(&(check.id, facet.clone())) {
                None => {
                    let finding = Finding {
                        id: String::new(),
                        check,
                        facet: facet.clone(),
                        level,
                        kind,
                        sent: observation.sent.clone(),
                        wanted: observation.wanted.clone(),
                        got: observation.got.clone(),
                        pointer: observation.pointer.clone(),
                        evidence: observation.evidence,
                        okta_admin_sees: observation.okta_admin_sees.clone(),
                        at: vec![observation.at.clone()],
                        consequences: Vec::new(),
                        differences: Vec::new(),
                    };
                    self.0
                        .insert((check.id, facet.clone()), (finding, vec![scenario]));
                }
                Some((finding, at)) => {
                    finding.at.push(observation.at.clone());
                    finding.evidence = finding.evidence.max(observation.evidence);
                    if finding.okta_admin_sees.is_none() {
                        finding
                            .okta_admin_sees
                            .clone_from(&observation.okta_admin_sees);
                    }
                    if level > finding.level {
                        (finding.level, finding.kind) = (level, kind);
                    }
                    meet(at, scenario);
                }
            }
        }
    }

    fn absorb(&mut self) {
        for ((cause, cause_facet), (other, other_facet)) in ABSORBS {
            let fits = |key: &(&str, String), check: &str, facet: &str| {
                key.0 == check && (facet.is_empty() || key.1 == facet)
            };
            let Some(winner) = self
                .0
                .iter()
                .find(|(key, (f, _))| fits(key, cause, cause_facet) && f.level == Level::Error)
                .map(|(key, _)| key.clone())
            else {
                continue;
            };
            let losers: Vec<_> = self
                .0
                .keys()
                .filter(|key| fits(key, other, other_facet) && **key != winner)
                .cloned()
                .collect();
            for loser in losers {
                let Some((lost, met)) = self.0.remove(&loser) else {
                    continue;
                };
                if let Some((finding, at)) = self.0.get_mut(&winner) {
                    finding.at.extend(lost.at);
                    consequence(finding, lost.check.id, &lost.got);
                    met.into_iter().for_each(|n| meet(at, n));
                }
            }
        }
    }

    fn number(self) -> Vec<(Finding, Vec<usize>)> {
        let mut all: Vec<_> = self.0.into_values().collect();
        all.sort_by(|(a, a_at), (b, b_at)| {
            b.level
                .cmp(&a.level)
                .then_with(|| b_at.len().cmp(&a_at.len()))
                .then_with(|| (a.check.id, &a.facet).cmp(&(b.check.id, &b.facet)))
        });
        for (n, (finding, _)) in all.iter_mut().enumerate() {
            finding.id = format!("F{}", n + 1);
        }
        all
    }
}

fn meet(at: &mut Vec<usize>, scenario: usize) {
    if !at.contains(&scenario) {
        at.push(scenario);
    }
}

/// The first cause of an observation: an index into the same list.
fn root(observations: &[Observation], observation: &Observation) -> Option<usize> {
    let mut at = observation.follows?;
    // An observation follows an earlier one, so this ends.
    while let Some(before) = observations.get(at)?.follows.filter(|before| *before < at) {
        at = before;
    }
    Some(at)
}

fn follow(finding: &mut Finding, observation: &Observation) {
    finding.at.push(observation.at.clone());
    if observation.check.id != finding.check.id {
        consequence(finding, observation.check.id, &observation.got);
    }
    if finding.okta_admin_sees.is_none() {
        finding
            .okta_admin_sees
            .clone_from(&observation.okta_admin_sees);
    }
}

fn consequence(finding: &mut Finding, check: &str, got: &str) {
    if !finding.consequences.iter().any(|(known, _)| known == check) {
        finding
            .consequences
            .push((check.to_owned(), got.to_owned()));
    }
}

/// What an observation is about: a group that shows no members, on a target that never showed one, hides them.
fn identity(observation: &Observation, members_seen: bool) -> (&'static CheckMeta, String) {
    if observation.check.id == membership::MATCHES.id
        && observation.got == NO_MEMBERS
        && !members_seen
    {
        return (&membership::HIDDEN, String::new());
    }
    (observation.check, observation.facet.clone())
}

fn grade(observation: &Observation, check: &CheckMeta, strict_rfc: bool) -> (Level, Kind) {
    if observation.refusal {
        return (Level::Warning, Kind::Limitation);
    }
    let mut level = check.level;
    if strict_rfc
        && level == Level::Warning
        && check.kind == Kind::Fault
        && check.norms.iter().any(|n| n.starts_with("RFC"))
    {
        level = Level::Error;
    }
    if observation.evidence == Evidence::Inferred && !observation.loses_data {
        level = level.min(Level::Warning);
    }
    (level, check.kind)
}
