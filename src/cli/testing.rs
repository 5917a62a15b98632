//! Small results for the tests of the command line, and a backend that gives them.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indexmap::IndexMap;

use crate::cli::backend::{
    Backend, Consent, Driven, Heard, OwnScenarios, PlayedExport, Refusal, RunscopeConsent,
    SweepConsent, Swept, Talk,
};
use crate::cli::settings::{RunSettings, RunscopeSettings, ServeSettings, SweepSettings};
use crate::cli::streams::{Person, Streams};
use crate::engine::event::{Event, Listener};
use crate::engine::outcome::{LeftBehind, Plan, Presence, RunResult, TargetInfo};
use crate::okta::App;
use crate::runscope::play::Played;
use crate::scenario::{ImportGroups, Scenario, ScenarioId};
use crate::verdict::{Outcome, ScenarioResult, Script, Verdict};

/// A scenario that ended so.
pub(crate) fn scenario(id: &str, app: Option<App>, outcome: Outcome) -> ScenarioResult {
    ScenarioResult {
        id: ScenarioId(id.to_owned()),
        title: String::new(),
        app,
        outcome,
        duration: Duration::ZERO,
        findings: vec![],
        exchanges: vec![],
        script: Script::default(),
    }
}

/// A run of these scenarios, without findings.
pub(crate) fn result(scenarios: Vec<ScenarioResult>, verdicts: &[(App, Verdict)]) -> RunResult {
    RunResult {
        run_id: "r7x2".into(),
        seed: 1,
        started: "2026-03-01T12:00:00Z".into(),
        duration: Duration::from_millis(5),
        target: TargetInfo {
            url: "https://scim.example.test/v2".into(),
            embedded: false,
            faults: vec![],
            chaos: None,
        },
        variants: vec![],
        options: Vec::new(),
        verdicts: verdicts.iter().copied().collect(),
        scenarios,
        findings: vec![],
        around: vec![],
        exchanges: 0,
        growth: vec![],
        left_behind: vec![],
        broken: None,
        defects: Vec::new(),
        untrusted: None,
        recording: None,
    }
}

/// Gives a prepared result and catalogue, and remembers what it was told.
pub(crate) struct Prepared {
    run: RunResult,
    catalogue: Vec<Scenario>,
    pub(crate) told: Mutex<Option<RunSettings>>,
    /// What becomes of each request of an exported test.
    pub(crate) played: crate::runscope::play::Outcome,
}

impl Prepared {
    pub(crate) fn of(run: RunResult, catalogue: Vec<Scenario>) -> Self {
        Self {
            run,
            catalogue,
            told: Mutex::default(),
            played: crate::runscope::play::Outcome::Passed,
        }
    }
}

impl Backend for Prepared {
    fn drive(
        &self,
        settings: &RunSettings,
        listener: Arc<dyn Listener>,
        consent: Consent<'_>,
    ) -> Result<Driven, Refusal> {
        *self.told.lock().unwrap() = Some(settings.clone());
        let plan = Plan {
            target: TargetInfo {
                url: "https://scim.example.test/v2".into(),
                embedded: false,
                faults: vec![],
                chaos: None,
            },
            scenarios: vec![],
            not_run: vec![],
            users: 2,
            groups: 1,
            requests: 10,
            lasts: None,
            example_login: "ada@example.com".into(),
            example_group: "Crew".into(),
            run_id: "r7x2".into(),
        };
        listener.on(&Event::Planned(&plan));
        consent(&plan)?;
        Ok(Driven {
            run: self.run.clone(),
            snapshots: None,
            snapshots_failed: None,
            hook_failed: false,
            preconditions: vec![],
            differences: String::new(),
        })
    }

    fn catalogue(&self, _: Option<&Path>) -> Result<Vec<Scenario>, Refusal> {
        Ok(self.catalogue.clone())
    }

    fn own_scenarios(&self, _: &Path) -> Result<OwnScenarios, Refusal> {
        Ok(OwnScenarios {
            scenarios: self.catalogue(None)?,
            oddities: String::new(),
        })
    }

    fn serve(&self, _: &ServeSettings, _: Talk) -> Result<(), Refusal> {
        Ok(())
    }

    fn runscope(
        &self,
        settings: &RunscopeSettings,
        consent: RunscopeConsent<'_>,
        hear: &mut (dyn FnMut(Heard<'_>) + Send),
    ) -> Result<PlayedExport, Refusal> {
        let target = "https://scim.example.test/v2";
        consent(target)?;
        hear(Heard::Begins {
            target: Some(target),
            users: 0,
        });
        let played: Vec<Played> = settings
            .export
            .calls()
            .zip(1..)
            .map(|(call, number)| Played {
                number,
                title: call.title.clone(),
                outcome: self.played.clone(),
                status: Some(200),
                took: Duration::from_millis(5),
            })
            .collect();
        played
            .iter()
            .for_each(|played| hear(Heard::Decided(played)));
        Ok(PlayedExport {
            played,
            removed: 0,
            left_behind: vec![],
            can_sweep: false,
            untrusted: None,
            interrupted: false,
            defect: None,
        })
    }

    fn sweep(&self, _: &SweepSettings, consent: SweepConsent<'_>) -> Result<Swept, Refusal> {
        consent(2)?;
        Ok(Swept {
            removed: 1,
            left_behind: vec![LeftBehind {
                resource: "User",
                id: "2819c223".into(),
                name: "ada".into(),
                presence: Presence::There,
                reason: "DELETE answered 405".into(),
                is_undeletable: false,
            }],
            passed_over: vec![],
        })
    }
}

/// A stream whose text the test can read.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// What was written, without colour codes.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }
}

/// A scenario of the catalogue, without steps.
pub(crate) fn catalogued(
    id: &str,
    title: &str,
    tags: &[&str],
    apps: &[App],
    probe: bool,
) -> Scenario {
    Scenario {
        id: ScenarioId(id.to_owned()),
        title: title.to_owned(),
        why: String::new(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        circumstances: vec![],
        about: None,
        apps: apps.to_vec(),
        requires: vec![],
        probe,
        exclusive: false,
        variants: Vec::new(),
        import_groups: ImportGroups::Recorded,
        crowd: 0,
        scales: false,
        people: IndexMap::new(),
        groups: IndexMap::new(),
        cases: vec![],
        steps: vec![],
    }
}

/// Streams whose results go to `out`; nobody can be asked.
pub(crate) fn streams(out: &Shared) -> Streams {
    Streams {
        out: Box::new(out.clone()),
        person: Person {
            can_ask: false,
            talk: || Box::new(io::sink()),
            input: || Box::new(io::empty()),
        },
        can_show_progress: false,
        width: 80,
        extent: crate::report::Extent::Terminal,
    }
}
