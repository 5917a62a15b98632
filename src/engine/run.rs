//! A whole run: pre-flight, all scenarios, clean-up, conclusions.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::task::JoinSet;

use crate::defect::{self, Panic, Phase};
use crate::exchange::{KeepBudget, Transport};
use crate::okta::request::Resource;
use crate::okta::{App, Behaviour, Variants};
use crate::redact::Redactor;
use crate::scenario::{Action, Case, OktaAction, Requirement, Scenario, Step};
use crate::verdict::{Outcome, Recorded, ScenarioResult, Script};

use super::allowance::Allowance;
use super::cast::Naming;
use super::cleanup;
use super::conclude::{self, Shown};
use super::concluded::Concluded;
use super::event::{Event, Listener};
use super::growth;
use super::insider::Insider;
use super::interrupt::Interrupts;
use super::ledger::Ledger;
use super::outcome::{self, Broken, Defect, During, LeftBehind, Plan, Presence, RunResult};
use super::plan::{self, Part};
use super::played::{Played, not_run, shows_a_member, unplayed};
use super::preflight;
use super::residue;
use super::session::Session;
use super::settings::{Cleanup, OtherTenant, Reach, Settings};
use super::steps::Stage;
use super::target::Run;

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The ledger file cannot be made.
    #[error("cannot write the ledger: {0}")]
    Ledger(std::io::Error),
    /// Nobody agreed to the plan.
    #[error("declined")]
    Declined(E),
    /// The user interrupted the clean-up, too; the ledger knows what is there.
    #[error("interrupted twice")]
    Left,
}

/// Runs `parts`. `consent` is asked after a good pre-flight and before the first write. The first of the `interrupts`
/// drops what is under way and cleans up, the second leaves everything as it is.
///
/// # Errors
/// When the ledger file cannot be made, `consent` is refused, or there was a second interruption.
pub async fn run<E>(
    settings: Arc<Settings>,
    behaviour: Arc<Behaviour>,
    plan: &Plan,
    parts: Vec<Part>,
    listener: Arc<dyn Listener>,
    consent: impl Fn(&Plan) -> Result<(), E>,
    interrupts: Interrupts,
) -> Result<RunResult, RunError<E>> {
    let started = Instant::now();
    let began = jiff::Timestamp::now();
    let ledger = match &settings.ledger {
        Some(path) => Ledger::in_file(path, &settings.run_id, &settings.target.url)
            .map_err(RunError::Ledger)?,
        None => Ledger::of_run(&settings.run_id),
    };
    let keep = Arc::new(KeepBudget::of(settings.keep));
    let allowance = Arc::new(Allowance::of(
        settings.max_users,
        settings.max_users_at_once,
    ));
    let run = Run::new(
        &settings.run_id,
        &settings.target.url,
        ledger,
        settings.settle,
        settings.patience,
        settings.rate,
    )
    .within(&keep)
    .at_once(settings.concurrency)
    .allowing(&allowance);
    for (name, value) in &settings.user_attributes {
        run.hide_constant(name, value);
    }
    let second = match &settings.other {
        Some(other) => Some(
            second_run(other, &settings, &run.secrets)
                .map_err(RunError::Ledger)?
                .within(&keep)
                .at_once(settings.concurrency)
                .allowing(&allowance),
        ),
        None => None,
    };
    run.hide_credentials(&settings.credentials);
    if let Some(other) = &settings.other {
        run.hide_credentials(&other.credentials);
    }
    let watch = tokio::spawn({
        let (run, second) = (Arc::clone(&run), second.clone());
        let mut interrupts = interrupts.clone();
        async move {
            interrupts.first().await;
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
    let mut hurried = interrupts;
    let ended = tokio::select! {
        ended = whole.all(plan, parts, consent) => Some(ended),
        () = hurried.second() => None,
    };
    watch.abort();
    // Whatever is there stands in the ledger, which stays.
    let ended = ended.ok_or(RunError::Left)?;
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
        ended.broken = Some(match (run.unwritten(), run.gone()) {
            (Some(problem), _) => Broken::Ledger {
                problem: problem.to_owned(),
            },
            (None, Some(problem)) => Broken::Gone {
                problem: problem.to_owned(),
            },
            (None, None) => Broken::Interrupted,
        });
    }
    if ended.left_behind.is_empty() && !ended.may_have_left {
        // Nothing is left to sweep.
        for path in ledgers() {
            let _ = std::fs::remove_file(path);
        }
    }
    let concluded = Concluded::of(ended.shown, ended.broken.as_ref(), &settings);
    let mut scenarios = concluded.conclusion.scenarios;
    scenarios.extend(
        plan.not_run
            .iter()
            .map(|(id, app, reason)| not_run(id.clone(), *app, reason)),
    );
    let mut result = RunResult {
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
        options: Vec::new(),
        verdicts: concluded.conclusion.verdicts,
        scenarios,
        findings: concluded.conclusion.findings,
        around: ended.around,
        exchanges: run
            .exchanges()
            .saturating_add(second.map_or(0, |second| second.exchanges())),
        growth: concluded.growth,
        left_behind: ended.left_behind,
        broken: ended.broken,
        defects: Vec::new(),
        untrusted: None,
        recording: None,
    };
    for defect in ended.defects.into_iter().chain(concluded.defect) {
        result.admit(defect);
    }
    outcome::redact(&mut result, &run.secrets);
    let told = defect::caught_now(|| {
        defect::plant(Phase::End);
        whole.listener.on(&Event::Finished(&result));
    });
    if let Err(panic) = told {
        result.admit(Defect {
            during: During::End,
            panic,
        });
    }
    Ok(result)
}

/// The second tenant has books of its own: an id means something else there.
fn second_run(
    other: &OtherTenant,
    settings: &Settings,
    secrets: &Redactor,
) -> std::io::Result<Arc<Run>> {
    let ledger = match &other.ledger {
        Some(path) => Ledger::in_file(path, &settings.run_id, &other.url)?,
        None => Ledger::of_run(&settings.run_id),
    };
    Ok(Run::keeping(
        &settings.run_id,
        &other.url,
        ledger,
        settings.settle,
        settings.patience,
        settings.rate,
        secrets.clone(),
    ))
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
    defects: Vec<Defect>,
    /// This tool failed while something was there, so the books may not know of all of it.
    may_have_left: bool,
}

impl Ended {
    /// Asks whether the target is there; none when this tool itself failed in it.
    async fn preflight(&mut self, session: &Session) -> Option<Result<u64, Broken>> {
        let checked = defect::caught(async {
            defect::plant(Phase::Preflight);
            preflight::check(session).await
        })
        .await;
        self.around.extend(session.finish().0);
        match checked {
            Ok(checked) => Some(checked),
            Err(panic) => {
                let during = During::Preflight;
                self.defects.push(Defect { during, panic });
                None
            }
        }
    }
}

/// What one scenario is played with.
struct Arrangement<'a> {
    scenario: &'a Scenario,
    /// The number of its first row, part of its names.
    row: usize,
    session: &'a Arc<Session>,
    second: Option<&'a Arc<Session>>,
    insider: Option<&'a Arc<dyn Insider>>,
    /// The sessions of its rows, at the target and at the second tenant.
    rows: &'a Mutex<Vec<[Option<Arc<Session>>; 2]>>,
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
        // What the scenario is about goes before what the user has chosen for all.
        let own = &scenario.variants;
        let chosen = self.settings.variants.iter().copied();
        let chosen = chosen.filter(|variant| own.iter().all(|own| !own.excludes(*variant)));
        required.chain(own.iter().copied()).chain(chosen).collect()
    }

    fn session(&self, scenario: &str, app: Option<App>, transport: Arc<dyn Transport>) -> Session {
        let session = Session::new(
            Arc::clone(&self.run),
            transport,
            self.settings.client.clone(),
            scenario.to_owned(),
            app,
            self.settings.credentials.clone(),
        );
        let session = session.at_once(self.settings.concurrency);
        self.settings.reach.settle_in(session)
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
        let session = session.at_once(self.settings.concurrency);
        Some(other.reach.settle_in(session).with_second_tenant())
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
            match ended.preflight(&session).await {
                Some(Ok(there)) => foreign = there,
                Some(Err(broken)) => {
                    ended.broken = Some(broken);
                    return Ok(ended);
                }
                None => return Ok(ended),
            }
            if let Some(session) = self.second_session("pre-flight", None, "") {
                match ended.preflight(&session).await {
                    Some(Ok(_)) => {}
                    Some(Err(broken)) => {
                        ended.broken = Some(broken.of_second_tenant());
                        return Ok(ended);
                    }
                    None => return Ok(ended),
                }
            }
        }
        if self.run.is_stopped() {
            // Whoever wants it to stop is not asked whether it may begin.
            return Ok(ended);
        }
        let latency = ended
            .around
            .first()
            .map(|sent| sent.exchange.timing().total);
        let plan = &Plan {
            lasts: latency.map(|latency| plan::lasts(plan.requests, latency, &self.settings)),
            ..plan.clone()
        };
        let asked = defect::caught_now(|| {
            defect::plant(Phase::Consent);
            self.listener.on(&Event::Planned(plan));
            consent(plan)
        });
        match asked {
            Ok(answer) => answer?,
            Err(panic) => {
                let during = During::Consent;
                ended.defects.push(Defect { during, panic });
                return Ok(ended);
            }
        }
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
            ended.shown.extend(
                first
                    .iter()
                    .flat_map(|part| part.for_each_app(unplayed(part, &reason))),
            );
        }
        let (together, alone): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .partition(|p| isolated || !p.scenario.exclusive);
        let (odd, together): (Vec<Part>, Vec<Part>) = together
            .into_iter()
            .partition(|part| !isolated && part.writes_odd_things());
        for some in [together, odd] {
            self.some(some, self.settings.concurrency, &met, &mut played)
                .await;
        }
        let (too_much, alone): (Vec<Part>, Vec<Part>) = alone.into_iter().partition(|part| {
            foreign > self.settings.max_foreign_users
                && part.scenario.steps.iter().any(lists_everything)
        });
        if !too_much.is_empty() {
            let reason = format!(
                "lists everybody, and the target holds {foreign} users of others (allowed: {}); see --cap-foreign-users",
                self.settings.max_foreign_users
            );
            let unplayed = |part: &Part| part.for_each_app(unplayed(part, &reason));
            ended.shown.extend(too_much.iter().flat_map(unplayed));
        }
        self.some(alone, 1, &met, &mut played).await;
        played.sort_by_key(|p| p.ordinal);
        let mut told = [Vec::new(), Vec::new()];
        for one in played {
            ended.may_have_left |= !one.defects.is_empty();
            ended.defects.extend(one.defects);
            ended.shown.extend(one.shown);
            ended.around.extend(one.around);
            for (all, left) in told.iter_mut().zip(one.left_behind) {
                all.extend(left);
            }
        }
        self.look_for_rest(&mut ended, told).await;
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
        let mut waiting = parts.into_iter();
        let mut playing = JoinSet::new();
        let mut parts_by_task = HashMap::new();
        loop {
            while playing.len() < at_once.max(1) {
                let Some(part) = waiting.next() else { break };
                let (whole, met) = (self.clone(), Arc::clone(met));
                let known = part.clone();
                let task = playing.spawn(async move {
                    let sized = part.sized(&whole.settings.scale);
                    let users = sized.iter().map(|scenario| plan::users(scenario)).sum();
                    let allowance = &whole.run.allowance;
                    let held = tokio::select! {
                        held = allowance.hold(users) => held,
                        // It is played to its first request, and told as the others.
                        () = whole.run.stopped() => Ok(()),
                    };
                    if let Err(reason) = held {
                        return Played::not_begun(&part, &reason);
                    }
                    let one = defect::caught(whole.one(part.clone(), &met)).await;
                    let one = one.unwrap_or_else(|panic| Played::dead(&part, panic));
                    allowance.free(users, one.users_sent, one.users_left());
                    one
                });
                parts_by_task.insert(task.id(), known);
            }
            match playing.join_next_with_id().await {
                None => return,
                Some(Ok((_, one))) => played.push(one),
                Some(Err(lost)) => {
                    let panic = Panic {
                        message: "its task has died".to_owned(),
                        location: None,
                    };
                    let part = parts_by_task.get(&lost.id());
                    played.extend(part.map(|part| Played::dead(part, panic)));
                }
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
        let session = Arc::new(session.of(scenario).under(variants));
        let second = self
            .second_session(&scenario.id.0, part.app, &tenant)
            .map(|second| Arc::new(second.of(scenario).under(variants)));
        let insider = self.settings.insider.as_ref().map(|of| of(&tenant));
        let sized = part.sized(&self.settings.scale);
        let rows = Mutex::default();
        let plays = async {
            let mut outcome = Outcome::Passed;
            for (row, scenario) in sized.iter().enumerate() {
                let stage = Arrangement {
                    scenario,
                    row,
                    session: &session,
                    second: second.as_ref(),
                    insider: insider.as_ref(),
                    rows: &rows,
                };
                if let Outcome::NotRun(why) = self.play(&part, &stage).await {
                    outcome = Outcome::NotRun(why);
                }
            }
            outcome
        };
        let mut defects = Vec::new();
        let outcome = defect::caught(plays).await.unwrap_or_else(|panic| {
            let during = During::Scenario(scenario.id.clone(), part.app);
            let defect = Defect { during, panic };
            let outcome = Outcome::NotRun(defect.reason());
            defects.push(defect);
            outcome
        });
        for row in rows.into_inner().unwrap_or_else(PoisonError::into_inner) {
            let whole = [Some(&session), second.as_ref()];
            for (whole, row) in whole.into_iter().zip(&row) {
                if let (Some(whole), Some(row)) = (whole, row) {
                    whole.take_in(row);
                }
            }
        }
        let is_cut = self.run.is_stopped();
        let (mut exchanges, mut observations) = session.finish();
        if let Some(second) = &second {
            let (theirs, observed) = second.finish();
            exchanges.extend(theirs);
            let before = observations.len();
            observations.extend(observed.into_iter().map(|mut observation| {
                observation.follows = observation
                    .follows
                    .map(|index| index.saturating_add(before));
                observation
            }));
        }
        let members_seen = exchanges.iter().any(shows_a_member);
        let mut left_behind = [Vec::new(), Vec::new()];
        let mut around = Vec::new();
        // Where each scenario has a tenant of its own, that goes away as a whole.
        if let Reach::Shared(_) = self.settings.reach {
            let sessions = [Some(&session), second.as_ref()];
            for (session, left) in sessions.into_iter().zip(&mut left_behind) {
                let Some(session) = session else { continue };
                *left = self.removed(&part, session, &mut defects).await;
                around.extend(session.finish().0);
            }
        }
        let result = ScenarioResult {
            id: scenario.id.clone(),
            title: scenario.title.clone(),
            app: part.app,
            outcome,
            duration: started.elapsed(),
            findings: Vec::new(),
            exchanges,
            script: session.script().in_order(&table(&sized)),
        };
        if scenario.scales {
            observations.extend(growth::of(&result).iter().filter_map(growth::observation));
        }
        if !defects.is_empty() {
            // Where this tool has failed, nobody knows what it saw rightly.
            observations.clear();
        }
        let mut shown = Shown {
            result,
            rows: sized
                .iter()
                .flat_map(|scenario| scenario.cases.iter().filter_map(Case::about))
                .collect(),
            observations,
            members_seen,
            is_cut,
        };
        let told = defect::caught_now(|| {
            self.tell(&shown, met);
            for app in &part.also {
                self.tell(&shown.for_app(*app), met);
            }
        });
        if let Err(panic) = told {
            let during = During::Scenario(scenario.id.clone(), part.app);
            defects.push(Defect { during, panic });
        }
        if let Some(defect) = defects.first() {
            shown.observations.clear();
            shown.result.outcome = Outcome::NotRun(defect.reason());
        }
        let sent = |session: &Arc<Session>| session.users_sent.load(Ordering::Relaxed);
        Played {
            ordinal: part.ordinal,
            users_sent: sent(&session).saturating_add(second.as_ref().map_or(0, sent)),
            shown: part.for_each_app(shown),
            around,
            left_behind,
            defects,
        }
    }

    /// Cleans up. Where this tool fails in the middle of it, it goes on with one at a time, so that whatever it fails at
    /// keeps nothing else there.
    async fn removed(
        &self,
        part: &Part,
        session: &Session,
        defects: &mut Vec<Defect>,
    ) -> Vec<LeftBehind> {
        let removing = async {
            defect::plant(Phase::CleanUp);
            self.remove(session).await
        };
        match defect::caught(removing).await {
            Ok(left) => return left,
            Err(panic) => defects.push(Defect {
                during: During::CleanUp(part.scenario.id.clone(), part.app),
                panic,
            }),
        }
        let left_as = |resource: Resource, id: String, name: String| LeftBehind {
            resource: resource.as_str(),
            id,
            name,
            presence: Presence::Perhaps,
            reason: "scim-conform itself failed while removing it".to_owned(),
            is_undeletable: false,
        };
        let mut left = Vec::new();
        let ids = session.with_book(|book| book.ids());
        for (resource, id, name) in session.ledger.newest_first(&ids) {
            let one = HashSet::from([(resource, id.clone())]);
            let removing = cleanup::clean_up(session, &one, self.settings.cleanup);
            let removed = defect::caught(removing).await;
            left.extend(removed.unwrap_or_else(|_| vec![left_as(resource, id, name)]));
        }
        left
    }

    async fn play(&self, part: &Part, arrangement: &Arrangement<'_>) -> Outcome {
        let scenario = arrangement.scenario;
        if scenario.cases.is_empty() {
            let [session, second] = [Some(arrangement.session), arrangement.second];
            let sessions = [session.map(Arc::clone), second.map(Arc::clone)];
            return self.play_row(part, arrangement, 0, None, sessions).await;
        }
        // Whatever lists everything would see another row's people come and go.
        let at_once = if scenario.exclusive || part.needs_nobody() {
            1
        } else {
            self.settings.concurrency.max(1)
        };
        let rows = scenario.cases.iter().enumerate().map(|(n, case)| {
            let whole = [Some(arrangement.session), arrangement.second];
            let sessions = whole.map(|whole| whole.map(|whole| Arc::new(whole.for_row())));
            let known = sessions.clone();
            let mut rows = arrangement
                .rows
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            rows.push(known);
            self.play_row(part, arrangement, n, Some(case), sessions)
        });
        // In the order of the table: the sessions are taken in as they stand there.
        let rows: Vec<_> = rows.collect();
        let outcomes: Vec<Outcome> = stream::iter(rows).buffered(at_once).collect().await;
        let not_run = |outcome: &Outcome| matches!(outcome, Outcome::NotRun(_));
        let last = outcomes.into_iter().rev().find(not_run);
        last.unwrap_or(Outcome::Passed)
    }

    async fn play_row(
        &self,
        part: &Part,
        arrangement: &Arrangement<'_>,
        n: usize,
        case: Option<&Case>,
        [session, other]: [Option<Arc<Session>>; 2],
    ) -> Outcome {
        let scenario = arrangement.scenario;
        let run_name = format!(
            "{}{}{}",
            self.settings.run_id,
            base36(part.ordinal),
            base36(arrangement.row.saturating_add(n))
        );
        let session = session.unwrap_or_else(|| Arc::clone(arrangement.session));
        let stage = Stage {
            behaviour: &self.behaviour,
            variants: session.variants,
            scenario,
            case,
            app: part.app.unwrap_or(scenario.acts_as()),
            naming: Naming {
                run: &run_name,
                seed: self.settings.seed,
                email: self.settings.email.as_deref(),
                attributes: &self.settings.user_attributes,
            },
            session,
            other,
            insider: arrangement.insider.map(Arc::clone),
        };
        for session in [Some(&stage.session), stage.other.as_ref()]
            .into_iter()
            .flatten()
        {
            session.ledger.expect(&run_name);
        }
        match stage.play().await {
            Ok(()) => Outcome::Passed,
            Err(broken) => Outcome::NotRun(self.run.secrets.owned(broken.0)),
        }
    }

    /// Looks for what is left when every scenario has removed what it knew of.
    async fn look_for_rest(&self, ended: &mut Ended, told: [Vec<LeftBehind>; 2]) {
        let Reach::Shared(transport) = &self.settings.reach else {
            return;
        };
        let first = self.session("clean-up", None, Arc::clone(transport));
        let second = self.second_session("clean-up", None, "");
        for (session, told) in [Some(first), second].into_iter().zip(told) {
            let Some(session) = session else { continue };
            let rest = residue::remove_rest(&session, self.settings.cleanup, told.clone());
            match defect::caught(rest).await {
                Ok(left) => ended.left_behind.extend(left),
                Err(panic) => {
                    // What the scenarios have told stays told; the ledger knows the rest.
                    ended.left_behind.extend(told);
                    ended.may_have_left = true;
                    ended.defects.push(Defect {
                        during: During::End,
                        panic,
                    });
                }
            }
            ended.around.extend(session.finish().0);
        }
    }

    async fn remove(&self, session: &Session) -> Vec<LeftBehind> {
        residue::find_sent(session).await;
        let ids = session.with_book(|b| b.ids());
        self.listener.on(&Event::CleaningUp {
            resources: ids.len(),
        });
        let how = if self.settings.cleanup == Cleanup::Nothing {
            Cleanup::Nothing
        } else {
            self.settings.cleanup
        };
        cleanup::clean_up(session, &ids, how).await
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
                script: Script::default(),
            },
            rows: shown.rows.clone(),
            observations: shown.observations.clone(),
            members_seen: shown.members_seen,
            is_cut: shown.is_cut,
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

/// The ids of the rows of a scenario, in the order of its table.
fn table(sized: &[Arc<Scenario>]) -> Vec<String> {
    let cases = sized.iter().flat_map(|scenario| &scenario.cases);
    cases.map(|case| case.id.clone()).collect()
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
        .filter_map(|d| DIGITS.get(*d).copied())
        .map(char::from)
        .collect()
}
