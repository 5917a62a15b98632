//! From observations to findings: one finding a root cause, at a level that says what it means for Okta.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::check::catalogue::membership;
use crate::check::frame::NO_MEMBERS;
use crate::okta::{App, Evidence};

use crate::verdict::{
    CheckMeta, Finding, Kind, Level, Observation, Outcome, ScenarioResult, Verdict,
};

use super::absorb::{ABSORBS, explains};

/// What one scenario under one app has shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The scenario's result; its outcome and findings are filled in here.
    pub result: ScenarioResult,
    /// What the rows of its table are about, each once; empty without a table.
    pub rows: BTreeSet<String>,
    /// Its observations, in order.
    pub observations: Vec<Observation>,
    /// Some group showed a member when it was read by id.
    pub members_seen: bool,
    /// The run was being stopped before it had ended.
    pub is_cut: bool,
}

impl Shown {
    /// The same, shown by another kind of app, to which Okta has sent exactly the same.
    #[must_use]
    pub fn for_app(&self, app: App) -> Self {
        let mut same = self.clone();
        same.result.app = Some(app);
        for observation in &mut same.observations {
            observation.at.app = Some(app);
        }
        same
    }
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

/// Concludes a run. `strict_rfc` raises breaches of RFC MUSTs to errors.
///
/// Whether a scenario has failed, and how serious what it has shown is, follows from its own observations alone. What
/// the others have shown decides how a finding is named, and which findings are one.
#[must_use]
pub fn conclude(shown: Vec<Shown>, apps: &[App], strict_rfc: bool) -> Conclusion {
    let members_seen = shown.iter().any(|s| s.members_seen);
    let named: Vec<Vec<Identity>> = name(&shown, members_seen);
    let graded: Vec<Vec<Grade>> = shown.iter().map(|s| grades(s, strict_rfc)).collect();
    let mut causes = Causes::default();
    let mut shown_by_others = vec![false; shown.len()];
    for (n, shown) in shown.iter().enumerate() {
        let (Some(named), Some(graded)) = (named.get(n), graded.get(n)) else {
            continue;
        };
        let mut graded = graded.clone();
        if members_seen && !shown.members_seen {
            let lifted = lift(&shown.observations, named, &mut graded, strict_rfc);
            if let Some(is_error) = shown_by_others.get_mut(n) {
                *is_error = lifted;
            }
        }
        causes.add(n, &shown.observations, named, &graded);
    }
    causes.absorb();
    let findings = causes.number();
    let mut scenarios = Vec::with_capacity(shown.len());
    for ((n, shown), graded) in shown.into_iter().enumerate().zip(&graded) {
        let mut result = shown.result;
        let met = findings.iter().filter(|(_, at)| at.contains(&n));
        result.findings = met.map(|(f, _)| f.id.clone()).collect();
        if graded.iter().any(|(level, _)| *level == Level::Error) {
            result.outcome = Outcome::Failed;
        }
        scenarios.push(result);
    }
    let verdicts = apps
        .iter()
        .map(|app| (*app, verdict(*app, &scenarios, &shown_by_others)))
        .collect();
    Conclusion {
        findings: findings.into_iter().map(|(f, _)| f).collect(),
        scenarios,
        verdicts,
    }
}

/// The verdict for one kind of app: its own scenarios and the probes, which belong to every app.
/// What no scenario shows by itself, but all of them together, decides it as well.
fn verdict(app: App, scenarios: &[ScenarioResult], shown_by_others: &[bool]) -> Verdict {
    let is_concerned = |s: &ScenarioResult| s.app.is_none_or(|a| a == app);
    let concerned = || scenarios.iter().filter(|s| is_concerned(s));
    let together = scenarios.iter().zip(shown_by_others);
    let mut together = together.filter(|(s, is_error)| is_concerned(s) && **is_error);
    if concerned().any(|s| s.outcome == Outcome::Failed) || together.next().is_some() {
        Verdict::Fails
    } else if concerned().any(|s| s.outcome == Outcome::Passed && s.app.is_some()) {
        Verdict::Conforms
    } else {
        Verdict::Undecided
    }
}

/// How serious an observation is, and of what kind.
type Grade = (Level, Kind);

/// The grade of each observation of a scenario, by what this scenario has shown and nothing else. What follows from
/// something else has that to answer for it, and is worth a note itself.
fn grades(shown: &Shown, strict_rfc: bool) -> Vec<Grade> {
    let alone = std::slice::from_ref(shown);
    let named = name(alone, shown.members_seen).pop().unwrap_or_default();
    let grades = shown.observations.iter().zip(&named);
    grades
        .map(
            |(observation, (check, _))| match cause(&shown.observations, observation, &named) {
                Some(_) => (Level::Note, check.kind),
                None => grade(observation, check, strict_rfc),
            },
        )
        .collect()
}

/// Whoever saw no members at all could not know whether the target hides them; the others have seen that it does not.
/// That is no failure of the scenario, and it is a finding all the same. Says whether one at error is among them.
fn lift(
    observations: &[Observation],
    named: &[Identity],
    graded: &mut [Grade],
    strict_rfc: bool,
) -> bool {
    let mut has_error = false;
    for ((observation, (check, _)), mine) in observations.iter().zip(named).zip(graded) {
        let is_lost = check.id == membership::MATCHES.id && observation.got == NO_MEMBERS;
        if is_lost && cause(observations, observation, named).is_none() {
            *mine = grade(observation, check, strict_rfc);
            has_error |= mine.0 == Level::Error;
        }
    }
    has_error
}

/// What explains an observation of a scenario, if it is an earlier one of the same. What is hidden explains nothing.
fn cause<'a>(
    observations: &[Observation],
    observation: &Observation,
    named: &'a [Identity],
) -> Option<&'a Identity> {
    root(observations, observation)
        .and_then(|root| named.get(root))
        .filter(|(check, _)| check.id != membership::HIDDEN.id)
}

/// A check and what within it: a root cause.
type Identity = (&'static CheckMeta, String);

/// The identity of every observation. One that was seen in a special circumstance only, such as the characters of
/// a name, is about that; one that was also seen without it, or in every row of a table, is not.
fn name(shown: &[Shown], members_seen: bool) -> Vec<Vec<Identity>> {
    let mut known = Known::default();
    for shown in shown {
        for observation in &shown.observations {
            known.note(observation, members_seen);
        }
        known.note_rows(shown);
    }
    shown
        .iter()
        .map(|s| {
            let name = |o| known.name(o, members_seen);
            s.observations.iter().map(name).collect()
        })
        .collect()
}

/// What was seen outside of rows, or in all of them.
#[derive(Default)]
struct Known(BTreeSet<(&'static str, String)>);

impl Known {
    fn note(&mut self, observation: &Observation, members_seen: bool) {
        if observation.follows.is_none() && observation.row.is_none() {
            let (check, facet) = identity(observation, members_seen);
            self.0.insert((check.id, facet));
        }
    }

    /// What stands in every row of a table is not about the rows.
    fn note_rows(&mut self, shown: &Shown) {
        let all: BTreeSet<&String> = shown.rows.iter().collect();
        let mut seen: BTreeMap<(&'static str, &str), BTreeSet<&String>> = BTreeMap::new();
        for o in &shown.observations {
            let (None, Some(row), false) = (o.follows, &o.row, o.refusal) else {
                continue;
            };
            // Without a facet of its own the row is all there is to it.
            let key = match o.general.first() {
                Some((check, facet)) if o.facet.is_empty() => (check.id, facet.as_str()),
                _ => (o.check.id, o.facet.as_str()),
            };
            seen.entry(key).or_default().insert(row);
        }
        for ((check, facet), rows) in seen {
            if all.len() > 1 && rows.is_superset(&all) {
                self.0.insert((check, facet.to_owned()));
            }
        }
    }

    fn name(&self, observation: &Observation, members_seen: bool) -> Identity {
        let known = |(check, facet): &&Identity| self.0.contains(&(check.id, facet.clone()));
        if let Some(general) = observation.general.iter().rev().find(known) {
            return general.clone();
        }
        let (check, facet) = identity(observation, members_seen);
        let Some(row) = &observation.row else {
            return (check, facet);
        };
        if self.0.contains(&(check.id, facet.clone())) {
            (check, facet)
        } else if facet.is_empty() || facet == *row {
            (check, row.clone())
        } else {
            (check, format!("{facet}/{row}"))
        }
    }
}

/// A finding under construction.
struct Cause {
    finding: Finding,
    /// The scenarios that met it.
    met: Vec<usize>,
    /// It was first seen in a special circumstance, which does not tell it well.
    special: bool,
}

/// Findings under construction, by identity.
#[derive(Default)]
struct Causes(BTreeMap<(&'static str, String), Cause>);

impl Causes {
    fn add(
        &mut self,
        scenario: usize,
        observations: &[Observation],
        named: &[Identity],
        graded: &[Grade],
    ) {
        for ((observation, (check, facet)), grade) in observations.iter().zip(named).zip(graded) {
            if let Some((check, facet)) = cause(observations, observation, named) {
                if let Some(cause) = self.0.get_mut(&(check.id, facet.clone())) {
                    follow(&mut cause.finding, observation);
                    meet(&mut cause.met, scenario);
                }
                continue;
            }
            let (level, kind) = *grade;
            let special = !observation.general.is_empty() || observation.row.is_some();
            let new = || Finding {
                id: String::new(),
                check,
                facet: facet.clone(),
                level,
                kind,
                sent: observation.sent.clone(),
                sent_by: observation.sent_by,
                shown_by: observation.shown_by.clone(),
                wanted: observation.wanted.clone(),
                got: observation.got.clone(),
                pointer: observation.pointer.clone(),
                evidence: observation.evidence,
                okta_admin_sees: observation.okta_admin_sees.clone(),
                at: vec![observation.at.clone()],
                consequences: Vec::new(),
                consequences_at: Vec::new(),
                differences: Vec::new(),
            };
            match self.0.get_mut(&(check.id, facet.clone())) {
                None => {
                    let cause = Cause {
                        finding: new(),
                        met: vec![scenario],
                        special,
                    };
                    self.0.insert((check.id, facet.clone()), cause);
                }
                Some(cause) => {
                    cause.again(observation, new(), special);
                    meet(&mut cause.met, scenario);
                }
            }
        }
    }

    fn absorb(&mut self) {
        for rule in ABSORBS {
            let Some((winner, level)) = self
                .0
                .iter()
                .filter(|((check, facet), _)| rule.cause.fits(check, facet))
                .max_by_key(|(_, cause)| cause.finding.level)
                .map(|(key, cause)| (key.clone(), cause.finding.level))
            else {
                continue;
            };
            let losers: Vec<_> = self
                .0
                .iter()
                .filter(|((check, facet), cause)| {
                    rule.other.fits(check, facet) && cause.finding.level <= level
                })
                .map(|(key, _)| key.clone())
                .collect();
            self.merge(&winner, losers);
        }
        let winners: Vec<_> = self.0.keys().cloned().collect();
        for winner in winners {
            let losers: Vec<_> = self
                .0
                .keys()
                .filter(|other| explains(&winner, other))
                .cloned()
                .collect();
            self.merge(&winner, losers);
        }
    }

    /// `losers` become consequences of `winner`, if it is there.
    fn merge(&mut self, winner: &(&'static str, String), losers: Vec<(&'static str, String)>) {
        for loser in losers.into_iter().filter(|loser| loser != winner) {
            if !self.0.contains_key(winner) {
                return;
            }
            let Some(lost) = self.0.remove(&loser) else {
                continue;
            };
            if let Some(cause) = self.0.get_mut(winner) {
                if lost.finding.check.id == cause.finding.check.id {
                    cause.finding.at.extend(lost.finding.at);
                } else {
                    cause.finding.consequences_at.extend(lost.finding.at);
                    consequence(&mut cause.finding, lost.finding.check.id, &lost.finding.got);
                }
                let further = lost.finding.consequences_at;
                cause.finding.consequences_at.extend(further);
                let own = cause.finding.check.id;
                for (check, got) in lost.finding.consequences.iter().filter(|(c, _)| c != own) {
                    consequence(&mut cause.finding, check, got);
                }
                lost.met.into_iter().for_each(|n| meet(&mut cause.met, n));
            }
        }
    }

    fn number(self) -> Vec<(Finding, Vec<usize>)> {
        let mut all: Vec<_> = self.0.into_values().map(|c| (c.finding, c.met)).collect();
        all.sort_by(|(a, a_at), (b, b_at)| {
            b.level
                .cmp(&a.level)
                .then_with(|| b_at.len().cmp(&a_at.len()))
                .then_with(|| (a.check.id, &a.facet).cmp(&(b.check.id, &b.facet)))
        });
        for (n, (finding, _)) in all.iter_mut().enumerate() {
            finding.id = format!("F{}", n.saturating_add(1));
            list_once(finding);
        }
        all
    }
}

impl Cause {
    /// It was seen once more.
    fn again(&mut self, observation: &Observation, new: Finding, special: bool) {
        let finding = &mut self.finding;
        if self.special && !special {
            let told = std::mem::replace(finding, new);
            finding.at.splice(0..0, told.at);
            finding.evidence = finding.evidence.max(told.evidence);
            finding.okta_admin_sees = finding.okta_admin_sees.take().or(told.okta_admin_sees);
            finding.consequences = told.consequences;
            finding.consequences_at = told.consequences_at;
            if told.level > finding.level {
                (finding.level, finding.kind) = (told.level, told.kind);
            }
            self.special = false;
            return;
        }
        finding.at.push(observation.at.clone());
        finding.evidence = finding.evidence.max(observation.evidence);
        if finding.okta_admin_sees.is_none() {
            finding
                .okta_admin_sees
                .clone_from(&observation.okta_admin_sees);
        }
        if new.level > finding.level {
            (finding.level, finding.kind) = (new.level, new.kind);
        }
    }
}

/// No place is listed twice, be it with the finding itself or with what follows from it.
fn list_once(finding: &mut Finding) {
    let mut listed = HashSet::new();
    finding.at.retain(|at| listed.insert(at.clone()));
    let places = &mut finding.consequences_at;
    places.retain(|at| listed.insert(at.clone()));
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
    finding.consequences_at.push(observation.at.clone());
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

/// What an observation is about, circumstances included: a group that shows no members, on a target that never showed one, hides them.
fn identity(observation: &Observation, members_seen: bool) -> Identity {
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
    if observation.is_of_another_provider {
        level = level.min(Level::Note);
    }
    (level, check.kind)
}

#[cfg(test)]
mod tests;
