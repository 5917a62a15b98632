//! Carries out the steps of one scenario under one app.

mod expected;
mod line;
mod literal;
mod observe;
mod outside;
mod seed;
mod shape;
mod untouched;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::{join, join_all};
use serde_json::Value;

use crate::defect::{self, Phase};
use crate::exchange::Leave;
use crate::okta::drive::{self, NotSent, Trouble};
use crate::okta::org::{AdminAction, Org, Person};
use crate::okta::request::Resource;
use crate::okta::task::{Effect, Subject as JobSubject, Task};
use crate::okta::{App, Behaviour, Evidence, Variants};
use crate::scenario::{Action, Case, LoseAnswer, OktaAction, Scenario, Step};
use crate::verdict::{Actor, Origin, Row};

use super::cast::{self, Naming};
use super::guard::Aim;
use super::insider::Insider;
use super::judge::{Imported, is_honest};
use super::session::{Place, Session};
use super::target::JOBS_OF_ONE_ACTION;
use line::JobLine;
use literal::Prepared;

/// Why a write did not go out whose target could not be read.
const UNPROVEN: &str =
    "a read never showed that this run has made what the next request would change";

/// Why a scenario did not get to its end, through no fault of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenOff(pub String);

/// What a scenario's steps stand on.
pub struct Stage<'a> {
    /// Okta's behaviour.
    pub behaviour: &'a Behaviour,
    /// Variants of it.
    pub variants: Variants,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The case row.
    pub case: Option<&'a Case>,
    /// The app whose behaviour is shown; for a probe any will do.
    pub app: App,
    /// Names.
    pub naming: Naming<'a>,
    /// Sends and records.
    pub session: Arc<Session>,
    /// The same for the second tenant, where there is one.
    pub other: Option<Arc<Session>>,
    /// Does things behind Okta's back, where somebody can.
    pub insider: Option<Arc<dyn Insider>>,
}

/// The state of a scenario between its steps.
struct Running<'a> {
    stage: &'a Stage<'a>,
    org: Org,
    /// Every id that a person or group was linked to, in order.
    ids: HashMap<String, Vec<String>>,
    former: HashMap<String, String>,
    /// People as they were before the last change.
    unchanged: HashMap<String, Person>,
    /// Groups whose last job has met trouble.
    failed: HashSet<String>,
    /// Users who were linked in this step.
    linked: Vec<String>,
    /// A job of Okta's has met trouble.
    troubled: bool,
    /// The body of the answer to the last literal request.
    last: Option<Value>,
    /// Why a literal request was left out: the answer that it builds on did not come.
    left_out: Option<BrokenOff>,
    /// Who is who, for whoever reads the exchanges later.
    row: Row,
}

impl Stage<'_> {
    /// Runs all steps.
    ///
    /// # Errors
    /// When the scenario could not be carried to its end, and the target is not to blame.
    pub async fn play(&self) -> Result<(), BrokenOff> {
        let mut org = cast::org(self.scenario, self.case, self.app, &self.naming);
        org.variants = self.variants;
        for person in org.people.values() {
            self.session.hide(&person.password, "create");
        }
        let row = Row {
            case: self.case.map(|c| c.id.clone()),
            run: self.naming.run.to_owned(),
            cast: actors(&org),
            ..Row::default()
        };
        let mut running = Running {
            stage: self,
            org,
            row,
            ids: HashMap::new(),
            former: HashMap::new(),
            unchanged: HashMap::new(),
            failed: HashSet::new(),
            linked: Vec::new(),
            troubled: false,
            last: None,
            left_out: None,
        };
        let played = running.steps().await;
        self.session.note_row(running.row_played());
        played?;
        if self.scenario.probe {
            self.session.judge_configuration();
        }
        running.left_out.map_or(Ok(()), Err)
    }

    fn place(&self, n: usize, what: &str, step: &Step) -> Place {
        Place {
            step: format!("{n} {what}"),
            case: self.case.map(|c| c.id.clone()),
            facet: self.case.and_then(Case::about),
            may_refuse: step.may_refuse,
        }
    }
}

impl Running<'_> {
    async fn steps(&mut self) -> Result<(), BrokenOff> {
        let stage = self.stage;
        for (n, step) in stage.scenario.steps.iter().enumerate() {
            if step.only.is_some_and(|app| app != stage.app) {
                continue;
            }
            for _ in 0..step.times.max(1) {
                self.step(n.saturating_add(1), step).await?;
                defect::plant(Phase::Step);
            }
        }
        Ok(())
    }

    /// Who played, with every id that somebody has had.
    fn row_played(&self) -> Row {
        let mut row = self.row.clone();
        for (key, ids) in &self.ids {
            ids.iter().for_each(|id| row.link(key, id));
        }
        row
    }

    async fn step(&mut self, n: usize, step: &Step) -> Result<(), BrokenOff> {
        match &step.action {
            Action::Okta(action) => {
                if matches!(
                    step.lose_answer,
                    Some(LoseAnswer {
                        leave: Leave::After(_),
                        ..
                    })
                ) {
                    self.row.by_chance.insert(n);
                }
                let actions: Vec<(AdminAction<'_>, Place)> = admin_actions(action)
                    .into_iter()
                    .map(|(what, action)| (action, self.stage.place(n, &what, step)))
                    .collect();
                match actions.as_slice() {
                    [(action, place)] => self.act(action, step.lose_answer, place).await?,
                    several if step.lose_answer.is_some() => {
                        for (action, place) in several {
                            self.act(action, step.lose_answer, place).await?;
                        }
                    }
                    several => {
                        for some in several.chunks(JOBS_OF_ONE_ACTION) {
                            self.act_side_by_side(n, some).await?;
                        }
                    }
                }
                self.push_groups_again(n, step).await
            }
            Action::Change { people, groups } => {
                for (key, spec) in people {
                    if let Some(person) = self.org.people.get_mut(key) {
                        self.unchanged.insert(key.clone(), person.clone());
                        let before = person.login.clone();
                        cast::change_person(person, spec, &self.stage.naming);
                        if person.login != before {
                            self.former.insert(key.clone(), before);
                        }
                        for name in names_of(person) {
                            self.row.call(key, &name);
                        }
                    }
                }
                for (key, spec) in groups {
                    if let Some(group) = self.org.groups.get_mut(key) {
                        let before = group.name.clone();
                        cast::change_group(group, spec, self.stage.naming.run);
                        if group.name != before {
                            self.row.call(key, &group.name);
                            self.former.insert(key.clone(), before);
                        }
                    }
                }
                Ok(())
            }
            Action::Observe(observes) => {
                for observe in observes {
                    self.observe(n, observe, step).await?;
                }
                Ok(())
            }
            Action::Request(request) => {
                let place = self
                    .stage
                    .place(n, &format!("request {}", request.method), step);
                if request.path.contains("{last:") {
                    self.row.as_shown.insert(n);
                }
                self.literal(request, &place).await
            }
            Action::Seed { keys, linked } => {
                let place = self.stage.place(n, "seed", step);
                self.seed(keys, *linked, &place).await
            }
            Action::Outside(outside) => {
                let what = format!("outside {} {}", outside.operation(), outside.key());
                let place = self.stage.place(n, &what, step);
                self.outside(outside, &place).await
            }
            Action::Together(steps) => {
                self.together(n, steps).await?;
                self.push_groups_again(n, step).await
            }
        }
    }

    async fn act(
        &mut self,
        action: &AdminAction<'_>,
        lose: Option<LoseAnswer>,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let Some(task) = self.begin(action) else {
            return Ok(());
        };
        let run = Arc::clone(&self.stage.session.run);
        let _begun = run.jobs_begin(1).await;
        let (effects, trouble) = self.job(&task, lose, place).await?;
        self.apply(&effects);
        self.note_trouble(&task, trouble.as_ref());
        self.take_back(action, trouble.as_ref(), place);
        if trouble.is_some_and(|t| t.cause == drive::Cause::NotSent(NotSent::AnswerLost)) {
            // The administrator retries the task: the whole job once more (recorded for group push).
            let again = self.org.act(action).or(Some(task));
            if let Some(task) = again {
                let (effects, trouble) = self.job(&task, None, place).await?;
                self.apply(&effects);
                self.note_trouble(&task, trouble.as_ref());
            }
        }
        Ok(())
    }

    /// How a job has ended, for what must be true afterwards.
    fn note_trouble(&mut self, task: &Task, trouble: Option<&Trouble>) {
        self.troubled |= trouble.is_some();
        if let JobSubject::Group(group) = &task.subject {
            match trouble {
                Some(_) => self.failed.insert(group.key.clone()),
                None => self.failed.remove(&group.key),
            };
        }
    }

    /// The job that an action starts, with the password that it sends.
    fn begin(&mut self, action: &AdminAction<'_>) -> Option<Task> {
        if let AdminAction::SyncPassword(key) = action
            && let Some(person) = self.org.people.get_mut(*key)
        {
            person.password = cast::password();
            self.stage.session.hide(&person.password, "sync");
        }
        self.org.act(action)
    }

    /// An action that names several users or groups starts a job for each of them, all at once.
    async fn act_side_by_side(
        &mut self,
        n: usize,
        actions: &[(AdminAction<'_>, Place)],
    ) -> Result<(), BrokenOff> {
        let begun: Vec<_> = actions
            .iter()
            .filter_map(|(action, place)| Some((self.begin(action)?, action, place)))
            .collect();
        let jobs: Vec<_> = begun
            .iter()
            .map(|(task, _, place)| (task, *place))
            .collect();
        let ended = self.jobs_side_by_side(n, &jobs).await?;
        for ((_, action, place), trouble) in begun.iter().zip(ended) {
            self.take_back(action, trouble.as_ref(), place);
        }
        Ok(())
    }

    /// Okta pushes the groups of users who have just been linked again, by itself and all at once.
    async fn push_groups_again(&mut self, n: usize, step: &Step) -> Result<(), BrokenOff> {
        let linked = std::mem::take(&mut self.linked);
        let pushes = self.org.pushes_after_link(&linked);
        let pushes: Vec<(Task, Place)> = pushes
            .into_iter()
            .map(|(key, task)| {
                let what = format!("push-group {key}, as its members have changed");
                (task, self.stage.place(n, &what, step))
            })
            .collect();
        for some in pushes.chunks(JOBS_OF_ONE_ACTION) {
            let jobs: Vec<_> = some.iter().map(|(task, place)| (task, place)).collect();
            self.jobs_side_by_side(n, &jobs).await?;
        }
        Ok(())
    }

    /// Runs jobs at the same time; what troubled each of them.
    async fn jobs_side_by_side(
        &mut self,
        n: usize,
        jobs: &[(&Task, &Place)],
    ) -> Result<Vec<Option<Trouble>>, BrokenOff> {
        let of_group = |task: &Task| matches!(task.subject, JobSubject::Group(_));
        if jobs.iter().filter(|(task, _)| of_group(task)).count() > 1 {
            self.row.at_once.insert(n);
        }
        let session = &*self.stage.session;
        let _begun = session.run.jobs_begin(jobs.len()).await;
        session.set_side_by_side(jobs.len() > 1);
        let running = jobs.iter().map(|(task, place)| self.job(task, None, place));
        let ended = join_all(running).await;
        session.set_side_by_side(false);
        let mut troubles = Vec::new();
        for (outcome, (task, _)) in ended.into_iter().zip(jobs) {
            let (effects, trouble) = outcome?;
            self.apply(&effects);
            self.note_trouble(task, trouble.as_ref());
            troubles.push(trouble);
        }
        Ok(troubles)
    }

    /// The admin sees that a change of a person is refused, and takes it back.
    fn take_back(&mut self, action: &AdminAction<'_>, trouble: Option<&Trouble>, place: &Place) {
        let (AdminAction::PushProfile(key), Some(trouble)) = (action, trouble) else {
            return;
        };
        let honest = matches!(trouble.cause, drive::Cause::Refused(status) if is_honest(status));
        if let Some(before) = self
            .unchanged
            .get(*key)
            .filter(|_| honest && place.may_refuse)
            && let Some(person) = self.org.people.get_mut(*key)
        {
            person.login.clone_from(&before.login);
            person.profile.clone_from(&before.profile);
        }
    }

    /// Sends several things at once: each job, and each literal request, sees the org as it was before.
    async fn together(&mut self, n: usize, steps: &[Step]) -> Result<(), BrokenOff> {
        self.row.at_once.insert(n);
        let mut tasks = Vec::new();
        let mut prepared = Vec::new();
        for step in steps {
            match &step.action {
                Action::Okta(action) => {
                    for (what, action) in admin_actions(action) {
                        if let Some(task) = self.org.act(&action) {
                            tasks.push((task, self.stage.place(n, &what, step)));
                        }
                    }
                }
                Action::Request(request) => {
                    let what = format!("request {}", request.method);
                    for _ in 0..step.times.max(1) {
                        let place = self.stage.place(n, &what, step);
                        prepared.push((self.prepare(request)?, place));
                    }
                }
                // The reader of scenarios lets nothing else happen at once.
                _ => {}
            }
        }
        let session = &*self.stage.session;
        self.prove_before_race(&tasks, &prepared).await?;
        session.set_racing(true);
        let jobs = tasks
            .iter()
            .map(|(task, place)| self.job(task, None, place));
        let requests = prepared
            .iter()
            .map(|(prepared, place)| self.send_prepared(prepared, place));
        let (jobs, sent) = join(join_all(jobs), join_all(requests)).await;
        session.set_racing(false);
        for (outcome, (task, _)) in jobs.into_iter().zip(&tasks) {
            let (effects, trouble) = outcome?;
            self.note_trouble(task, trouble.as_ref());
            self.apply(&effects);
        }
        for ((prepared, place), sent) in prepared.iter().zip(sent) {
            self.judge_prepared(prepared, &sent?, place).await?;
        }
        Ok(())
    }

    /// Reads what several writes at once are about, so that none of them has to wait for its proof in the middle of
    /// the race.
    async fn prove_before_race(
        &self,
        tasks: &[(Task, Place)],
        prepared: &[(Prepared<'_>, Place)],
    ) -> Result<(), BrokenOff> {
        let linked = tasks.iter().filter_map(|(task, place)| {
            let (resource, link) = match &task.subject {
                JobSubject::Person(person) => (Resource::User, person.link.clone()),
                JobSubject::Group(group) => (Resource::Group, group.link.clone()),
                JobSubject::App => return None,
            };
            Some((resource, link?, place))
        });
        let named = prepared
            .iter()
            .filter_map(|(prepared, place)| match prepared.aim() {
                Aim::One(resource, id) => Some((resource, id, place)),
                _ => None,
            });
        let session = &*self.stage.session;
        let mut seen = HashSet::new();
        let missing: Vec<_> = linked
            .chain(named)
            .filter(|(resource, id, _)| {
                session.ledger.knows(*resource, id) && session.last_read(*resource, id).is_none()
            })
            .filter(|(resource, id, _)| seen.insert((*resource, id.clone())))
            .collect();
        let looking = missing
            .iter()
            .map(|(resource, id, place)| session.look(*resource, id, Origin::Observe, place));
        for looked in join_all(looking).await {
            looked.map_err(broken_off)?;
        }
        Ok(())
    }

    async fn job(
        &self,
        task: &Task,
        lose: Option<LoseAnswer>,
        place: &Place,
    ) -> Result<(Vec<Effect>, Option<Trouble>), BrokenOff> {
        let session = &*self.stage.session;
        let job = self
            .stage
            .behaviour
            .jobs
            .get(task.job)
            .map_err(|e| BrokenOff(e.to_string()))?;
        let settings = drive::Settings {
            app: self.stage.app,
            variants: self.stage.variants,
            apps: &self.stage.behaviour.apps,
            client: &session.okta,
            import_groups: self.org.import_groups,
        };
        let mut line = JobLine {
            session,
            place,
            lose,
            last: None,
            imported: Imported::default(),
            documents: Vec::new(),
            described: 0,
            unjudged: None,
            updates: Vec::new(),
            is_anothers: false,
        };
        let mut done = drive::run(job, &task.subject, &settings, &mut line).await;
        // Its read was not sent; whatever kept it from being sent is the trouble.
        let _ = line.judge_before().await;
        line.judge_updates().await.map_err(broken_off)?;
        if line.is_anothers {
            let links = |effect: &Effect| {
                matches!(
                    effect,
                    Effect::LinkedPerson { .. } | Effect::LinkedGroup { .. }
                )
            };
            done.effects.retain(|effect| !links(effect));
        }
        if done.trouble.is_none() && line.lose.is_some() {
            return Err(BrokenOff(format!(
                "{} sent too few writes for an answer to get lost",
                task.job
            )));
        }
        if let Some(trouble) = &done.trouble {
            match &trouble.cause {
                drive::Cause::NotSent(NotSent::Throttled(why)) => {
                    return Err(BrokenOff(why.clone()));
                }
                drive::Cause::NotSent(NotSent::Stopped(why)) => {
                    return Err(BrokenOff((*why).to_owned()));
                }
                drive::Cause::NotSent(NotSent::Unproven) => {
                    return Err(BrokenOff(UNPROVEN.to_owned()));
                }
                _ => session.judge_trouble(trouble, job, line.last.as_ref(), place),
            }
        } else if !line.documents.is_empty() {
            session
                .judge_discovery(&line.documents, task.job == "import-entitlements", place)
                .await
                .map_err(broken_off)?;
        } else if let (JobSubject::App, true) = (&task.subject, task.job.starts_with("import")) {
            let resource = if task.job == "import-groups" {
                Resource::Group
            } else {
                Resource::User
            };
            let evidence = job
                .requests
                .first()
                .map_or(Evidence::Documented, |r| r.evidence.of(self.stage.app));
            session
                .judge_import(resource, &line.imported, place, evidence)
                .await
                .map_err(broken_off)?;
        }
        Ok((done.effects, done.trouble))
    }

    fn apply(&mut self, effects: &[Effect]) {
        self.org.apply(effects);
        self.linked
            .extend(effects.iter().filter_map(|effect| match effect {
                Effect::LinkedPerson { key, .. } => Some(key.clone()),
                _ => None,
            }));
        for effect in effects {
            if let Effect::LinkedPerson { key, id } | Effect::LinkedGroup { key, id } = effect {
                let ids = self.ids.entry(key.clone()).or_default();
                if ids.last() != Some(id) {
                    ids.push(id.clone());
                }
            }
        }
    }

    fn last_id(&self, key: &str) -> Option<String> {
        self.ids.get(key).and_then(|ids| ids.last()).cloned()
    }
}

/// Everybody of an org, before the first step.
fn actors(org: &Org) -> Vec<Actor> {
    let people = org.people.iter().map(|(key, person)| Actor {
        key: key.clone(),
        resource: Resource::User,
        names: names_of(person),
        okta_id: Some(person.okta_id.clone()),
        ids: Vec::new(),
    });
    let groups = org.groups.iter().map(|(key, group)| Actor {
        key: key.clone(),
        resource: Resource::Group,
        names: vec![group.name.clone()],
        okta_id: None,
        ids: Vec::new(),
    });
    people.chain(groups).collect()
}

/// Login and e-mail address.
fn names_of(person: &Person) -> Vec<String> {
    let email = person.profile.get("email").and_then(Value::as_str);
    let email = email.filter(|email| *email != person.login);
    std::iter::once(person.login.clone())
        .chain(email.map(str::to_owned))
        .collect()
}

fn broken_off(why: NotSent) -> BrokenOff {
    BrokenOff(match why {
        NotSent::Throttled(why) => why,
        NotSent::Stopped(why) => why.to_owned(),
        NotSent::NotOurs => "the target handed out somebody else's resource".to_owned(),
        NotSent::Unproven => UNPROVEN.to_owned(),
        NotSent::AnswerLost => "an answer was lost".to_owned(),
    })
}

/// One admin action a key, with the words of the step.
fn admin_actions(action: &OktaAction) -> Vec<(String, AdminAction<'_>)> {
    fn each<'k>(
        word: &str,
        keys: &'k [String],
        action: impl Fn(&'k str) -> AdminAction<'k>,
    ) -> Vec<(String, AdminAction<'k>)> {
        keys.iter()
            .map(|key| (format!("{word} {key}"), action(key)))
            .collect()
    }
    match action {
        OktaAction::TestConnection => {
            vec![("test-connection".to_owned(), AdminAction::TestConnection)]
        }
        OktaAction::SaveIntegration => {
            vec![("save-integration".to_owned(), AdminAction::SaveIntegration)]
        }
        OktaAction::ImportUsers => vec![("import-users".to_owned(), AdminAction::ImportUsers)],
        OktaAction::ImportGroups => vec![("import-groups".to_owned(), AdminAction::ImportGroups)],
        OktaAction::ImportSchema => vec![("import-schema".to_owned(), AdminAction::ImportSchema)],
        OktaAction::ImportEntitlements => vec![(
            "import-entitlements".to_owned(),
            AdminAction::ImportEntitlements,
        )],
        OktaAction::Assign(keys) => each("assign", keys, AdminAction::Assign),
        OktaAction::Unassign(keys) => each("unassign", keys, AdminAction::Unassign),
        OktaAction::Deactivate(keys) => each("deactivate", keys, AdminAction::Deactivate),
        OktaAction::Suspend(keys) => each("suspend", keys, AdminAction::Suspend),
        OktaAction::Reactivate(keys) => each("reactivate", keys, AdminAction::Reactivate),
        OktaAction::PushProfile(keys) => each("push-profile", keys, AdminAction::PushProfile),
        OktaAction::SyncPassword(keys) => each("sync-password", keys, AdminAction::SyncPassword),
        OktaAction::PushGroup(keys) => each("push-group", keys, AdminAction::PushGroup),
        OktaAction::PushGroupNow(keys) => each("push-group-now", keys, AdminAction::PushGroupNow),
        OktaAction::UnlinkGroup { group, delete } => {
            vec![(
                format!("unlink-group {group}"),
                AdminAction::UnlinkGroup {
                    group,
                    delete: *delete,
                },
            )]
        }
    }
}
