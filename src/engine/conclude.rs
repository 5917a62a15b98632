//! From observations to findings: one finding a root cause, at a level that says what it means for Okta.

use std::collections::{BTreeMap, BTreeSet};

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
#[must_use]
pub fn conclude(shown: Vec<Shown>, apps: &[App], strict_rfc: bool) -> Conclusion {
    let members_seen = shown.iter().any(|s| s.members_seen);
    let named: Vec<Vec<Identity>> = name(&shown, members_seen);
    let mut causes = Causes::default();
    for (n, (shown, named)) in shown.iter().zip(&named).enumerate() {
        causes.add(n, &shown.observations, named, strict_rfc);
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
        strict_rfc: bool,
    ) {
        for (observation, (check, facet)) in observations.iter().zip(named) {
            let cause = root(observations, observation)
                .and_then(|root| named.get(root))
                .filter(|(check, _)| check.id != membership::HIDDEN.id);
            if let Some((check, facet)) = cause {
                if let Some(cause) = self.0.get_mut(&(check.id, facet.clone())) {
                    follow(&mut cause.finding, observation);
                    meet(&mut cause.met, scenario);
                }
                continue;
            }
            let (level, kind) = grade(observation, check, strict_rfc);
            let special = !observation.general.is_empty() || observation.row.is_some();
            let new = || Finding {
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
                cause.finding.at.extend(lost.finding.at);
                if lost.finding.check.id != cause.finding.check.id {
                    consequence(&mut cause.finding, lost.finding.check.id, &lost.finding.got);
                }
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
            finding.id = format!("F{}", n + 1);
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
    if is_of_another_provider(&observation.at.scenario) {
        level = level.min(Level::Note);
    }
    (level, check.kind)
}

/// Whether a scenario sends what only another identity provider sends. Whatever it shows: Okta works.
fn is_of_another_provider(scenario: &str) -> bool {
    scenario.starts_with("entra/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::scenario::ScenarioId;
    use crate::verdict::At;

    /// An observation of a check, with nothing special about it.
    fn seen(check: &str, facet: &str) -> Observation {
        Observation {
            check: check::find(check).unwrap(),
            facet: facet.to_owned(),
            row: None,
            general: Vec::new(),
            at: At {
                scenario: "a/b".to_owned(),
                app: Some(App::Oin),
                step: "1 assign ada".to_owned(),
                exchange: None,
            },
            sent: "GET /".to_owned(),
            wanted: "this".to_owned(),
            got: "that".to_owned(),
            pointer: String::new(),
            evidence: Evidence::Recorded,
            okta_admin_sees: None,
            refusal: false,
            loses_data: false,
            follows: None,
        }
    }

    fn in_row(row: &str, observation: Observation) -> Observation {
        Observation {
            row: Some(row.to_owned()),
            ..observation
        }
    }

    fn or(check: &str, facet: &str, observation: Observation) -> Observation {
        let mut general = observation.general;
        general.push((check::find(check).unwrap(), facet.to_owned()));
        Observation {
            general,
            ..observation
        }
    }

    fn shown(observations: Vec<Observation>) -> Shown {
        Shown {
            result: ScenarioResult {
                id: ScenarioId("a/b".to_owned()),
                title: String::new(),
                app: Some(App::Oin),
                outcome: Outcome::Passed,
                duration: std::time::Duration::ZERO,
                findings: Vec::new(),
                exchanges: Vec::new(),
            },
            rows: BTreeSet::new(),
            observations,
            members_seen: false,
        }
    }

    fn with_rows(rows: &[&str], observations: Vec<Observation>) -> Shown {
        Shown {
            rows: rows.iter().map(|r| (*r).to_owned()).collect(),
            ..shown(observations)
        }
    }

    fn concluded(shown: Vec<Shown>) -> Conclusion {
        conclude(shown, &[App::Oin], false)
    }

    /// Findings as `check [facet] level ×occurrences then consequences`.
    fn lines(conclusion: &Conclusion) -> Vec<String> {
        let line = |f: &Finding| {
            let then: Vec<&str> = f.consequences.iter().map(|(c, _)| c.as_str()).collect();
            format!(
                "{} [{}] {} ×{} {}",
                f.check.id,
                f.facet,
                f.level,
                f.at.len(),
                then.join(" ")
            )
            .trim_end()
            .to_owned()
        };
        conclusion.findings.iter().map(line).collect()
    }

    fn all(observations: Vec<Observation>) -> Vec<String> {
        lines(&concluded(vec![shown(observations)]))
    }

    #[test]
    fn the_same_is_said_once() {
        let one = || seen("state/applied", "title");
        let conclusion = concluded(vec![shown(vec![one(), one()]), shown(vec![one()])]);
        assert_eq!(lines(&conclusion), ["state/applied [title] error ×3"]);
        let finding = &conclusion.findings[0];
        assert_eq!(finding.id, "F1");
        for scenario in &conclusion.scenarios {
            assert_eq!(scenario.outcome, Outcome::Failed);
            assert_eq!(scenario.findings, ["F1"]);
        }
        assert_eq!(conclusion.verdicts[&App::Oin], Verdict::Fails);
    }

    #[test]
    fn the_most_serious_comes_first() {
        let found = all(vec![
            seen("state/lag", ""),
            seen("state/dropped", "title"),
            seen("state/applied", "userName"),
        ]);
        assert_eq!(
            found,
            [
                "state/applied [userName] error ×1",
                "state/dropped [title] warning ×1",
                "state/lag [] note ×1",
            ]
        );
    }

    #[test]
    fn a_consequence_stands_under_its_first_cause() {
        let found = all(vec![
            seen("lookup/finds-user", "after-create"),
            Observation {
                follows: Some(0),
                ..seen("sequence/second-account", "user")
            },
            Observation {
                follows: Some(1),
                ..seen("state/applied", "title")
            },
        ]);
        assert_eq!(
            found,
            ["lookup/finds-user [after-create] error ×3 sequence/second-account state/applied"]
        );
    }

    #[test]
    fn what_explains_another_finding_absorbs_it() {
        let found = all(vec![
            seen("list/past-the-end", ""),
            seen("list/complete", "user"),
            seen("list/complete", "group"),
        ]);
        assert_eq!(found, ["list/complete [user] error ×3 list/past-the-end"]);
        let alone = all(vec![seen("list/past-the-end", "")]);
        assert_eq!(alone, ["list/past-the-end [] error ×1"]);
    }

    #[test]
    fn a_warning_does_not_absorb_an_error() {
        let guessed = Observation {
            evidence: Evidence::Inferred,
            ..seen("list/complete", "user")
        };
        let found = all(vec![guessed, seen("list/past-the-end", "")]);
        assert_eq!(
            found,
            [
                "list/past-the-end [] error ×1",
                "list/complete [user] warning ×1"
            ]
        );
    }

    #[test]
    fn a_row_is_named_only_when_it_matters() {
        let refused = || seen("sequence/refused", "POST user");
        let rows = ["plus", "dot", "astral"];
        let some = with_rows(&rows, vec![in_row("plus", refused())]);
        assert_eq!(
            lines(&concluded(vec![some.clone()])),
            ["sequence/refused [POST user/plus] error ×1"]
        );
        // Also seen where there is no row.
        let elsewhere = shown(vec![refused()]);
        assert_eq!(
            lines(&concluded(vec![some, elsewhere])),
            ["sequence/refused [POST user] error ×2"]
        );
        // Seen in every row.
        let every = rows.iter().map(|row| in_row(row, refused())).collect();
        assert_eq!(
            lines(&concluded(vec![with_rows(&rows, every)])),
            ["sequence/refused [POST user] error ×3"]
        );
    }

    #[test]
    fn the_most_general_name_that_is_known_wins() {
        let special = |row: &str| {
            let special = in_row(row, seen("lookup/special-characters", ""));
            or(
                "lookup/finds-user",
                "after-create",
                or("lookup/finds-user", "inactive", special),
            )
        };
        let alone = vec![shown(vec![special("plus")])];
        assert_eq!(
            lines(&concluded(alone)),
            ["lookup/special-characters [plus] error ×1"]
        );
        for known in ["inactive", "after-create"] {
            let plain = seen("lookup/finds-user", known);
            assert_eq!(
                all(vec![special("plus"), plain]),
                [format!("lookup/finds-user [{known}] error ×2")]
            );
        }
    }

    #[test]
    fn the_plain_case_tells_the_story() {
        let special = Observation {
            sent: "special".to_owned(),
            okta_admin_sees: Some("sees".to_owned()),
            ..or(
                "lookup/finds-user",
                "after-create",
                seen("lookup/finds-user", "letter-case"),
            )
        };
        let plain = Observation {
            sent: "plain".to_owned(),
            ..seen("lookup/finds-user", "after-create")
        };
        let conclusion = concluded(vec![shown(vec![special, plain])]);
        let finding = &conclusion.findings[0];
        assert_eq!(finding.sent, "plain");
        assert_eq!(finding.okta_admin_sees.as_deref(), Some("sees"));
        assert_eq!(finding.at.len(), 2);
    }

    #[test]
    fn members_that_no_group_ever_shows_are_hidden_not_lost() {
        let lost = || Observation {
            got: NO_MEMBERS.to_owned(),
            ..seen("membership/matches", "add")
        };
        let later = Observation {
            follows: Some(0),
            ..seen("sequence/refused", "PATCH group members")
        };
        let never = shown(vec![lost(), later]);
        assert_eq!(
            lines(&concluded(vec![never.clone()])),
            [
                // What is hidden explains nothing.
                "sequence/refused [PATCH group members] error ×1",
                "membership/hidden [] note ×1",
            ]
        );
        let somewhere = Shown {
            members_seen: true,
            ..shown(Vec::new())
        };
        assert_eq!(
            lines(&concluded(vec![never, somewhere])),
            ["membership/matches [add] error ×2 sequence/refused"]
        );
    }

    #[test]
    fn what_only_another_provider_sends_is_worth_a_note() {
        let mut observation = seen("resource/active", "");
        observation.at.scenario = "entra/users".to_owned();
        let (level, kind) = grade(&observation, observation.check, true);
        assert_eq!((level, kind), (Level::Note, Kind::Fault));
        observation.at.scenario = "lifecycle/deactivate".to_owned();
        let (level, _) = grade(&observation, observation.check, false);
        assert_eq!(level, Level::Error);
    }

    #[test]
    fn the_level_says_what_is_known() {
        let table: [(&str, Observation, bool, Level, Kind); 6] = [
            (
                "documented",
                seen("state/applied", "x"),
                false,
                Level::Error,
                Kind::Fault,
            ),
            (
                "inferred",
                Observation {
                    evidence: Evidence::Inferred,
                    ..seen("state/applied", "x")
                },
                false,
                Level::Warning,
                Kind::Fault,
            ),
            (
                "inferred, but data is lost",
                Observation {
                    evidence: Evidence::Inferred,
                    loses_data: true,
                    ..seen("state/applied", "x")
                },
                false,
                Level::Error,
                Kind::Fault,
            ),
            (
                "an honest refusal",
                Observation {
                    refusal: true,
                    ..seen("sequence/refused", "PUT user")
                },
                true,
                Level::Warning,
                Kind::Limitation,
            ),
            (
                "a MUST, strictly",
                seen("list/schemas", ""),
                true,
                Level::Error,
                Kind::Fault,
            ),
            (
                "a note, strictly",
                seen("state/lag", ""),
                true,
                Level::Note,
                Kind::Policy,
            ),
        ];
        for (what, observation, strict, level, kind) in table {
            let conclusion = conclude(vec![shown(vec![observation])], &[App::Oin], strict);
            let finding = &conclusion.findings[0];
            assert_eq!((finding.level, finding.kind), (level, kind), "{what}");
            let fails = level == Level::Error;
            assert_eq!(
                conclusion.verdicts[&App::Oin] == Verdict::Fails,
                fails,
                "{what}"
            );
            assert_eq!(
                conclusion.scenarios[0].outcome == Outcome::Failed,
                fails,
                "{what}"
            );
        }
    }

    #[test]
    fn a_probe_counts_for_every_app_but_does_not_make_one_conform() {
        let probe = |observations| {
            let mut shown = shown(observations);
            shown.result.app = None;
            shown
        };
        let verdict = |shown| conclude(shown, &App::ALL, false).verdicts;
        let undecided = verdict(vec![probe(Vec::new())]);
        assert_eq!(undecided[&App::Custom], Verdict::Undecided);
        let failed = verdict(vec![
            probe(vec![seen("error/duplicate", "users")]),
            shown(vec![]),
        ]);
        assert!(failed.values().all(|v| *v == Verdict::Fails));
        let one = verdict(vec![shown(vec![])]);
        assert_eq!(one[&App::Oin], Verdict::Conforms);
        assert_eq!(one[&App::Custom], Verdict::Undecided);
    }
}
