//! A whole run: pre-flight, all scenarios, clean-up, conclusions.

use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::exchange::{KeepBudget, Method, Transport};
use crate::okta::{App, Behaviour, Variants};
use crate::scenario::{Action, Case, OktaAction, Requirement, Scenario, Step};
use crate::verdict::{Outcome, Recorded, ScenarioResult, Verdict};

use super::cast::Naming;
use super::cleanup;
use super::conclude::{self, Shown};
use super::event::{Event, Listener};
use super::growth;
use super::insider::Insider;
use super::ledger::Ledger;
use super::outcome::{Broken, LeftBehind, Plan, RunResult};
use super::plan::{self, Part};
use super::preflight;
use super::session::Session;
use super::settings::{Cleanup, OtherTenant, Reach, Settings};
use super::steps::Stage;
use super::target::Run;

/// Characters that follow the run id in a name: two for the scenario and app, two for the row.
pub const NAME_TAIL: usize = 4;

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The ledger file cannot be made.
    #[error("cannot write the ledger: {0}")]
    Ledger(std::io::Error),
    /// Nobody agreed to the plan.
    #[error("declined")]
    Declined(E),
}

/// Runs `parts`. `consent` is asked after a good pre-flight and before the first write; `interrupt` completes when the
/// user wants it to stop.
///
/// # Errors
/// When the ledger file cannot be made, or `consent` is refused.
pub async fn run<E>(
    settings: Arc<Settings>,
    behaviour: Arc<Behaviour>,
    plan: &Plan,
    parts: Vec<Part>,
    listener: Arc<dyn Listener>,
    consent: impl Fn(&Plan) -> Result<(), E>,
    interrupt: impl Future<Output = ()> + Send + 'static,
) -> Result<RunResult, RunError<E>> {
    let started = Instant::now();
    let began = jiff::Timestamp::now();
    let ledger = match &settings.ledger {
        Some(path) => Ledger::in_file(path, &settings.run_id, &settings.target.url)
            .map_err(RunError::Ledger)?,
        None => Ledger::default(),
    };
    let keep = Arc::new(KeepBudget::of(settings.keep));
    let run = Run::new(
        &settings.run_id,
        &settings.target.url,
        ledger,
        settings.settle,
        settings.patience,
        settings.rate,
    )
    .keeping(&keep);
    let second = match &settings.other {
        Some(other) => Some(
            second_run(other, &settings)
                .map_err(RunError::Ledger)?
                .keeping(&keep),
        ),
        None => None,
    };
    for run in [Some(&run), second.as_ref()].into_iter().flatten() {
        run.hide_credentials(&settings.credentials);
        if let Some(other) = &settings.other {
            run.hide_credentials(&other.credentials);
        }
    }
    let watch = tokio::spawn({
        let (run, second) = (Arc::clone(&run), second.clone());
        async move {
            interrupt.await;
            run.stop();
            if let Some(second) = second {
                second.stop();
            }
        }
    });
    let whole = Whole {
        settings: Arc::clone(&settings),
        behaviour,
        run: Arc::clone(&run),
        second: second.clone(),
        listener,
    };
    let ended = whole.all(plan, parts, consent).await;
    watch.abort();
    let ledgers = || {
        let second = settings.other.as_ref().and_then(|o| o.ledger.as_ref());
        settings.ledger.iter().chain(second)
    };
    if ended.is_err() {
        // Nothing was made, so there is nothing to keep the book of.
        for path in ledgers() {
            let _ = std::fs::remove_file(path);
        }
    }
    let mut ended = ended.map_err(RunError::Declined)?;
    if run.is_stopped() {
        ended.broken = Some(match run.gone() {
            Some(problem) => Broken::Gone {
                problem: problem.to_owned(),
            },
            None => Broken::Interrupted,
        });
    }
    let conclusion = conclude::conclude(ended.shown, &settings.apps, settings.strict_rfc);
    let mut scenarios = conclusion.scenarios;
    let growth = scenarios.iter().flat_map(growth::of).collect();
    scenarios.extend(
        plan.not_run
            .iter()
            .map(|(id, app, reason)| not_run(id.clone(), *app, reason)),
    );
    let mut verdicts = conclusion.verdicts;
    if ended.broken.is_some() {
        for verdict in verdicts.values_mut().filter(|v| **v == Verdict::Conforms) {
            *verdict = Verdict::Undecided;
        }
    }
    if ended.left_behind.is_empty() {
        // Nothing is left to sweep.
        for path in ledgers() {
            let _ = std::fs::remove_file(path);
        }
    }
    let result = RunResult {
        run_id: settings.run_id.clone(),
        seed: settings.seed,
        started: format!("{began:.0}"),
        duration: started.elapsed(),
        target: settings.target.clone(),
        variants: settings
            .variants
            .iter()
            .map(|v| v.as_str().to_owned())
            .collect(),
        verdicts,
        scenarios,
        findings: conclusion.findings,
        around: ended.around,
        exchanges: run.exchanges() + second.map_or(0, |second| second.exchanges()),
        growth,
        left_behind: ended.left_behind,
        broken: ended.broken,
        recording: None,
    };
    whole.listener.on(&Event::Finished(&result));
    Ok(result)
}

/// The second tenant has books of its own: an id means something else there.
fn second_run(other: &OtherTenant, settings: &Settings) -> std::io::Result<Arc<Run>> {
    let ledger = match &other.ledger {
        Some(path) => Ledger::in_file(path, &settings.run_id, &other.url)?,
        None => Ledger::default(),
    };
    Ok(Run::new(
        &settings.run_id,
        &other.url,
        ledger,
        settings.settle,
        settings.patience,
        settings.rate,
    ))
}

fn not_run(id: crate::scenario::ScenarioId, app: Option<App>, reason: &str) -> ScenarioResult {
    ScenarioResult {
        id,
        title: String::new(),
        app,
        outcome: Outcome::NotRun(reason.to_owned()),
        duration: std::time::Duration::ZERO,
        findings: Vec::new(),
        exchanges: Vec::new(),
    }
}

/// What all scenarios of a run share.
#[derive(Clone)]
struct Whole {
    settings: Arc<Settings>,
    behaviour: Arc<Behaviour>,
    run: Arc<Run>,
    /// The same at the second tenant.
    second: Option<Arc<Run>>,
    listener: Arc<dyn Listener>,
}

/// What came of all scenarios.
#[derive(Default)]
struct Ended {
    shown: Vec<Shown>,
    around: Vec<Recorded>,
    left_behind: Vec<LeftBehind>,
    broken: Option<Broken>,
}

/// What one scenario is played with.
struct Arrangement<'a> {
    scenario: &'a Scenario,
    /// The number of its first row, part of its names.
    row: usize,
    session: &'a Arc<Session>,
    second: Option<&'a Arc<Session>>,
    insider: Option<&'a Arc<dyn Insider>>,
}

/// A scenario that was in the plan and could not be begun.
fn unplayed(part: &Part, reason: &str) -> Shown {
    Shown {
        result: not_run(part.scenario.id.clone(), part.app, reason),
        rows: BTreeSet::new(),
        observations: Vec::new(),
        members_seen: false,
    }
}

/// What came of one.
struct Played {
    ordinal: usize,
    shown: Shown,
    around: Vec<Recorded>,
    left_behind: Vec<LeftBehind>,
}

impl Whole {
    /// The variants that are on for a scenario.
    fn variants(&self, scenario: &Scenario) -> Variants {
        let required = scenario
            .requires
            .iter()
            .filter_map(|required| match required {
                Requirement::Variant(variant) if self.settings.as_required => Some(*variant),
                _ => None,
            });
        required
            .chain(self.settings.variants.iter().copied())
            .collect()
    }

    fn session(&self, scenario: &str, app: Option<App>, transport: Arc<dyn Transport>) -> Session {
        Session::new(
            Arc::clone(&self.run),
            transport,
            self.settings.client.clone(),
            scenario.to_owned(),
            app,
            self.settings.credentials.clone(),
        )
    }

    /// The session with the second tenant, where there is one.
    fn second_session(&self, scenario: &str, app: Option<App>, tenant: &str) -> Option<Session> {
        let other = self.settings.other.as_ref()?;
        let session = Session::new(
            Arc::clone(self.second.as_ref()?),
            other.reach.transport(tenant),
            other.client.clone(),
            scenario.to_owned(),
            app,
            other.credentials.clone(),
        );
        Some(session.with_second_tenant())
    }

    async fn all<E>(
        &self,
        plan: &Plan,
        parts: Vec<Part>,
        consent: impl Fn(&Plan) -> Result<(), E>,
    ) -> Result<Ended, E> {
        let mut ended = Ended::default();
        let mut foreign = 0;
        if let Reach::Shared(transport) = &self.settings.reach {
            let session = self.session("pre-flight", None, Arc::clone(transport));
            let checked = preflight::check(&session).await;
            ended.around.extend(session.finish().0);
            match checked {
                Ok(there) => foreign = there,
                Err(broken) => {
                    ended.broken = Some(broken);
                    return Ok(ended);
                }
            }
            if let Some(session) = self.second_session("pre-flight", None, "") {
                let checked = preflight::check(&session).await;
                ended.around.extend(session.finish().0);
                if let Err(broken) = checked {
                    ended.broken = Some(broken.of_second_tenant());
                    return Ok(ended);
                }
            }
        }
        self.listener.on(&Event::Planned(plan));
        consent(plan)?;
        let met = Arc::new(Mutex::new(HashSet::new()));
        let mut played = Vec::with_capacity(parts.len());
        let isolated = matches!(self.settings.reach, Reach::Isolated(_));
        // Nobody is there before the others begin.
        let (first, parts): (Vec<Part>, Vec<Part>) =
            parts.into_iter().partition(Part::needs_nobody);
        if isolated || foreign == 0 {
            self.some(first, 1, &met, &mut played).await;
        } else {
            let reason = format!("needs a tenant without users, and there are {foreign}");
            ended
                .shown
                .extend(first.iter().map(|part| unplayed(part, &reason)));
        }
        let (together, alone): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .partition(|p| isolated || !p.scenario.exclusive);
        self.some(together, self.settings.concurrency, &met, &mut played)
            .await;
        let (too_much, alone): (Vec<Part>, Vec<Part>) = alone.into_iter().partition(|part| {
            foreign > self.settings.max_foreign_users
                && part.scenario.steps.iter().any(lists_everything)
        });
        if !too_much.is_empty() {
            let reason = format!(
                "lists everybody, and the target holds {foreign} users of others (allowed: {}); see --cap-foreign-users",
                self.settings.max_foreign_users
            );
            let unplayed = too_much.iter().map(|part| unplayed(part, &reason));
            ended.shown.extend(unplayed);
        }
        self.some(alone, 1, &met, &mut played).await;
        played.sort_by_key(|p| p.ordinal);
        for one in played {
            ended.shown.push(one.shown);
            ended.around.extend(one.around);
            ended.left_behind.extend(one.left_behind);
        }
        Ok(ended)
    }

    /// Plays parts, at most `at_once` at a time.
    async fn some(
        &self,
        parts: Vec<Part>,
        at_once: usize,
        met: &Arc<Mutex<HashSet<(String, String)>>>,
        played: &mut Vec<Played>,
    ) {
        // Test users at the same time, over all scenarios: a target may have that many licences and no more.
        let most = self
            .settings
            .max_users
            .map_or(u32::MAX >> 3, |n| u32::try_from(n).unwrap_or(u32::MAX >> 3));
        let beds = Arc::new(Semaphore::new(most as usize));
        let mut waiting = parts.into_iter();
        let mut playing = JoinSet::new();
        loop {
            while playing.len() < at_once.max(1) {
                let Some(part) = waiting.next() else { break };
                let (whole, met) = (self.clone(), Arc::clone(met));
                let beds = Arc::clone(&beds);
                playing.spawn(async move {
                    let sized = part.sized(&whole.settings.scale);
                    let users = sized
                        .iter()
                        .map(|scenario| plan::users(scenario))
                        .sum::<u64>();
                    let users = u32::try_from(users).unwrap_or(u32::MAX);
                    // Closed never; a scenario that needs more than there are was left out of the plan.
                    let _held = beds.acquire_many(users.min(most)).await;
                    whole.one(part, &met).await
                });
            }
            match playing.join_next().await {
                None => return,
                Some(Ok(one)) => played.push(one),
                // A panic in a scenario is a defect of this tool; the runtime has printed it, the others go on.
                Some(Err(_)) => {}
            }
        }
    }

    async fn one(&self, part: Part, met: &Mutex<HashSet<(String, String)>>) -> Played {
        let started = Instant::now();
        let scenario = &part.scenario;
        self.listener.on(&Event::ScenarioStarted {
            id: &scenario.id.0,
            app: part.app,
        });
        let app_word = part.app.map_or("probe", App::as_str);
        let tenant = format!("{}-{app_word}", scenario.id.0.replace('/', "-"));
        let transport = self.settings.reach.transport(&tenant);
        let variants = self.variants(scenario);
        let session = self.session(&scenario.id.0, part.app, transport);
        let session = Arc::new(session.under(variants));
        let second = self
            .second_session(&scenario.id.0, part.app, &tenant)
            .map(|second| Arc::new(second.under(variants)));
        let insider = self.settings.insider.as_ref().map(|of| of(&tenant));
        let sized = part.sized(&self.settings.scale);
        let mut outcome = Outcome::Passed;
        for (row, scenario) in sized.iter().enumerate() {
            let stage = Arrangement {
                scenario,
                row,
                session: &session,
                second: second.as_ref(),
                insider: insider.as_ref(),
            };
            if let Outcome::NotRun(why) = self.play(&part, &stage).await {
                outcome = Outcome::NotRun(why);
            }
        }
        let (mut exchanges, mut observations) = session.finish();
        if let Some(second) = &second {
            let (theirs, observed) = second.finish();
            exchanges.extend(theirs);
            let before = observations.len();
            observations.extend(observed.into_iter().map(|mut observation| {
                observation.follows = observation.follows.map(|index| index + before);
                observation
            }));
        }
        let members_seen = exchanges.iter().any(shows_a_member);
        let mut left_behind = match self.settings.reach {
            // The tenant goes away as a whole.
            Reach::Isolated(_) => Vec::new(),
            Reach::Shared(_) => self.remove(&session).await,
        };
        let (mut around, _) = session.finish();
        if let (Some(second), Reach::Shared(_)) = (&second, &self.settings.reach) {
            left_behind.extend(self.remove(second).await);
            around.extend(second.finish().0);
        }
        let result = ScenarioResult {
            id: scenario.id.clone(),
            title: scenario.title.clone(),
            app: part.app,
            outcome,
            duration: started.elapsed(),
            findings: Vec::new(),
            exchanges,
        };
        if scenario.scales {
            observations.extend(growth::of(&result).iter().filter_map(growth::observation));
        }
        let shown = Shown {
            result,
            rows: sized
                .iter()
                .flat_map(|scenario| scenario.cases.iter().map(Case::about))
                .collect(),
            observations,
            members_seen,
        };
        self.tell(&shown, met);
        Played {
            ordinal: part.ordinal,
            shown,
            around,
            left_behind,
        }
    }

    async fn play(&self, part: &Part, arrangement: &Arrangement<'_>) -> Outcome {
        let scenario = arrangement.scenario;
        let rows: Vec<_> = if scenario.cases.is_empty() {
            vec![None]
        } else {
            scenario.cases.iter().map(Some).collect()
        };
        let mut outcome = Outcome::Passed;
        for (n, case) in rows.into_iter().enumerate() {
            let run_name = format!(
                "{}{}{}",
                self.settings.run_id,
                base36(part.ordinal),
                base36(arrangement.row + n)
            );
            let stage = Stage {
                behaviour: &self.behaviour,
                variants: arrangement.session.variants,
                scenario,
                case,
                app: part.app.unwrap_or(scenario.acts_as()),
                naming: Naming {
                    run: &run_name,
                    seed: self.settings.seed,
                    email: self.settings.email.as_deref(),
                    attributes: &self.settings.user_attributes,
                },
                session: Arc::clone(arrangement.session),
                other: arrangement.second.map(Arc::clone),
                insider: arrangement.insider.map(Arc::clone),
            };
            if let Err(broken) = stage.play().await {
                outcome = Outcome::NotRun(broken.0);
            }
        }
        outcome
    }

    async fn remove(&self, session: &Session) -> Vec<LeftBehind> {
        let lost = session.with_book(|b| b.lost());
        let mut left = cleanup::find_lost(session, &lost).await;
        let ids = session.with_book(|b| b.ids());
        self.listener.on(&Event::CleaningUp {
            resources: ids.len(),
        });
        let how = if self.settings.cleanup == Cleanup::Nothing {
            Cleanup::Nothing
        } else {
            self.settings.cleanup
        };
        left.extend(cleanup::clean_up(session, &ids, how).await);
        left
    }

    /// Tells what a scenario has shown, as far as it is known before the end of the run.
    fn tell(&self, shown: &Shown, met: &Mutex<HashSet<(String, String)>>) {
        let result = &shown.result;
        let alone = Shown {
            result: ScenarioResult {
                id: result.id.clone(),
                title: result.title.clone(),
                app: result.app,
                outcome: result.outcome.clone(),
                duration: result.duration,
                findings: Vec::new(),
                // Many, and of no use to a line of progress.
                exchanges: Vec::new(),
            },
            rows: shown.rows.clone(),
            observations: shown.observations.clone(),
            members_seen: shown.members_seen,
        };
        let conclusion =
            conclude::conclude(vec![alone], &self.settings.apps, self.settings.strict_rfc);
        for finding in &conclusion.findings {
            let new = met
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert((finding.check.id.to_owned(), finding.facet.clone()));
            if new {
                self.listener.on(&Event::Met(finding));
            }
        }
        if let Some(result) = conclusion.scenarios.first() {
            self.listener.on(&Event::ScenarioFinished(result));
        }
        self.listener.on(&Event::Progress {
            exchanges: self.run.exchanges(),
        });
    }
}

/// Whether a step reads all users or all groups of the target.
fn lists_everything(step: &Step) -> bool {
    match &step.action {
        Action::Okta(OktaAction::ImportUsers | OktaAction::ImportGroups) => true,
        Action::Together(steps) => steps.iter().any(lists_everything),
        _ => false,
    }
}

/// Two characters, so that names of a run keep their length.
fn base36(n: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    [n / 36 % 36, n % 36]
        .iter()
        .map(|d| char::from(DIGITS[*d]))
        .collect()
}

fn shows_a_member(recorded: &Recorded) -> bool {
    let kept = &recorded.exchange;
    kept.method() == Method::Get
        && kept.target().starts_with("/Groups/")
        && kept
            .open()
            .response()
            .and_then(|r| r.json())
            .and_then(|g| g.get("members"))
            .and_then(Value::as_array)
            .is_some_and(|m| !m.is_empty())
}
