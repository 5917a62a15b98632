//! The end of a run: what is concluded from it, as far as this tool is able to, and what a broken-off run leaves open.

use crate::defect::{self, Panic, Phase};
use crate::verdict::{Outcome, Recorded, ScenarioResult, Verdict};

use super::conclude::{self, Conclusion, Shown};
use super::growth;
use super::outcome::{Broken, Defect, During};
use super::settings::Settings;

/// Why a scenario has no outcome that had ended before the run was interrupted.
const CONCLUDES_NOTHING: &str =
    "it had ended when the run was interrupted, and an interrupted run concludes nothing";
/// The same of one that had not ended, or not begun.
const INTERRUPTED: &str = "interrupted";

/// What is concluded, as far as this tool is able to.
pub(super) struct Concluded {
    pub(super) conclusion: Conclusion,
    pub(super) growth: Vec<growth::Growth>,
    pub(super) defect: Option<Defect>,
}

impl Concluded {
    /// Concludes. Where this tool fails in it, nothing is concluded, and every scenario says so.
    pub(super) fn of(mut shown: Vec<Shown>, broken: Option<&Broken>, settings: &Settings) -> Self {
        let had_ended: Vec<bool> = shown.iter().map(|shown| !shown.is_cut).collect();
        if broken == Some(&Broken::Interrupted) {
            // What was under way had its requests dropped: what it has shown is half of it.
            let cut = shown.iter_mut().filter(|shown| shown.is_cut);
            cut.for_each(|shown| shown.observations.clear());
        }
        // Too many to have them twice; nothing is concluded from them.
        let take = |shown: &mut Shown| std::mem::take(&mut shown.result.exchanges);
        let exchanges: Vec<Vec<Recorded>> = shown.iter_mut().map(take).collect();
        let played: Vec<ScenarioResult> = shown.iter().map(|s| s.result.clone()).collect();
        let mut concluded = match defect::caught_now(|| {
            defect::plant(Phase::Conclusion);
            conclude::conclude(shown, &settings.apps, settings.strict_rfc)
        }) {
            Ok(conclusion) => Self {
                conclusion,
                growth: Vec::new(),
                defect: None,
            },
            Err(panic) => Self::nothing(played, settings, panic),
        };
        let scenarios = &mut concluded.conclusion.scenarios;
        for (scenario, exchanges) in scenarios.iter_mut().zip(exchanges) {
            scenario.exchanges = exchanges;
        }
        match defect::caught_now(|| scenarios.iter().flat_map(growth::of).collect()) {
            Ok(growth) => concluded.growth = growth,
            Err(panic) => {
                concluded.defect.get_or_insert(Defect {
                    during: During::Conclusion,
                    panic,
                });
            }
        }
        concluded.break_off(broken, &had_ended);
        concluded
    }

    /// A run that broke off says of no app that it works; one that was interrupted says nothing of any app or scenario.
    fn break_off(&mut self, broken: Option<&Broken>, had_ended: &[bool]) {
        let Some(broken) = broken else { return };
        let is_interrupted = *broken == Broken::Interrupted;
        for verdict in self.conclusion.verdicts.values_mut() {
            if is_interrupted || *verdict == Verdict::Conforms {
                *verdict = Verdict::Undecided;
            }
        }
        if !is_interrupted {
            return;
        }
        for (scenario, had_ended) in self.conclusion.scenarios.iter_mut().zip(had_ended) {
            let why = match (&scenario.outcome, had_ended) {
                // It would not have run in a whole run either.
                (Outcome::NotRun(_), true) => continue,
                (_, true) => CONCLUDES_NOTHING,
                (_, false) => INTERRUPTED,
            };
            scenario.outcome = Outcome::NotRun(why.to_owned());
        }
    }

    fn nothing(mut played: Vec<ScenarioResult>, settings: &Settings, panic: Panic) -> Self {
        let defect = Defect {
            during: During::Conclusion,
            panic,
        };
        for scenario in &mut played {
            scenario.outcome = Outcome::NotRun(defect.reason());
        }
        let undecided = settings.apps.iter().map(|app| (*app, Verdict::Undecided));
        Self {
            conclusion: Conclusion {
                findings: Vec::new(),
                scenarios: played,
                verdicts: undecided.collect(),
            },
            growth: Vec::new(),
            defect: Some(defect),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::okta::App;
    use crate::scenario::ScenarioId;
    use crate::verdict::Script;

    fn ended(id: &str, outcome: Outcome) -> ScenarioResult {
        ScenarioResult {
            id: ScenarioId(id.to_owned()),
            title: String::new(),
            app: Some(App::Oin),
            outcome,
            duration: std::time::Duration::ZERO,
            findings: Vec::new(),
            exchanges: Vec::new(),
            script: Script::default(),
        }
    }

    fn broken_off(broken: &Broken, verdict: Verdict) -> (Vec<String>, Verdict) {
        let mut concluded = Concluded {
            conclusion: Conclusion {
                findings: Vec::new(),
                scenarios: vec![
                    ended("a/passed", Outcome::Passed),
                    ended("a/failed", Outcome::Failed),
                    ended("a/cut", Outcome::Failed),
                    ended("a/needs", Outcome::NotRun("needs a hook".to_owned())),
                ],
                verdicts: BTreeMap::from([(App::Oin, verdict)]),
            },
            growth: Vec::new(),
            defect: None,
        };
        concluded.break_off(Some(broken), &[true, true, false, true]);
        let outcomes = concluded.conclusion.scenarios.iter();
        let words = outcomes.map(|s| match &s.outcome {
            Outcome::NotRun(reason) => reason.clone(),
            other => other.as_str().to_owned(),
        });
        (words.collect(), concluded.conclusion.verdicts[&App::Oin])
    }

    #[test]
    fn an_interrupted_run_concludes_nothing() {
        let (outcomes, verdict) = broken_off(&Broken::Interrupted, Verdict::Fails);
        assert_eq!(
            outcomes,
            [
                CONCLUDES_NOTHING,
                CONCLUDES_NOTHING,
                INTERRUPTED,
                "needs a hook"
            ]
        );
        assert_eq!(verdict, Verdict::Undecided);
    }

    #[test]
    fn a_target_that_is_gone_has_shown_what_it_has_shown() {
        let gone = Broken::Gone {
            problem: "refused".to_owned(),
        };
        let (outcomes, verdict) = broken_off(&gone, Verdict::Fails);
        assert_eq!(outcomes, ["passed", "failed", "failed", "needs a hook"]);
        assert_eq!(verdict, Verdict::Fails);
        assert_eq!(broken_off(&gone, Verdict::Conforms).1, Verdict::Undecided);
    }
}
