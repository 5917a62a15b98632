//! Carries out the steps of one scenario under one app.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::Value;

use crate::check;
use crate::check::catalogue::{lookup, sequence, state};
use crate::check::frame;
use crate::check::wire::Seen;
use crate::exchange::{Exchange, HeaderText, path_segment};
use crate::okta::app::{Traits, Verb};
use crate::okta::drive::{self, Line, NotSent, Trouble};
use crate::okta::org::{AdminAction, Org};
use crate::okta::reading::{self, Match};
use crate::okta::request::{Call, Intent, Resource};
use crate::okta::task::{Effect, Subject as JobSubject, Task};
use crate::okta::{App, Behaviour, Evidence};
use crate::scenario::placeholder::{Template, Value as Placeholder};
use crate::scenario::{
    Action, Case, Expect, GroupMust, LiteralRequest, Observe, OktaAction, PersonMust, Scenario,
    Step, TokenForm, Variant,
};
use crate::verdict::Origin;

use super::book::Subject;
use super::cast::{self, Naming};
use super::judge::LETTER_CASE;
use super::session::{Context, Place, Sent, Session, changes, observer_call};

/// Why a scenario did not get to its end, through no fault of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenOff(pub String);

/// What a scenario's steps stand on.
pub struct Stage<'a> {
    /// Okta's behaviour.
    pub behaviour: &'a Behaviour,
    /// Variants of it.
    pub variants: &'a [Variant],
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
}

/// The line of one job: guards, sends, judges.
struct JobLine<'a> {
    session: &'a Session,
    place: &'a Place,
    lose: bool,
    last: Option<(Intent, Sent)>,
    pages: Vec<Sent>,
}

impl Line for JobLine<'_> {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        if let Some((resource, id)) = changes(&call)
            && !self.session.run.ledger.owns(resource, id)
        {
            return Err(NotSent::NotOurs);
        }
        let sent = self
            .session
            .perform(&call, Origin::Okta, self.place)
            .await?;
        self.last = Some((call.intent.clone(), sent.clone()));
        if matches!(call.intent, Intent::List { .. }) {
            self.pages.push(sent.clone());
        }
        self.session.judge(&call, &sent, self.place).await?;
        if self.lose && call.request.method.is_write() {
            self.lose = false;
            return Err(NotSent::AnswerLost);
        }
        Ok(sent.exchange)
    }
}

/// The state of a scenario between its steps.
struct Running<'a> {
    stage: &'a Stage<'a>,
    org: Org,
    traits: Traits,
    /// Every id that a person or group was linked to, in order.
    ids: HashMap<String, Vec<String>>,
    former: HashMap<String, String>,
}

impl Stage<'_> {
    /// Runs all steps.
    ///
    /// # Errors
    /// When the scenario could not be carried to its end, and the target is not to blame.
    pub async fn play(&self) -> Result<(), BrokenOff> {
        let org = cast::org(self.scenario, self.case, self.app, &self.naming);
        for person in org.people.values() {
            self.session.hide(&person.password, "create");
        }
        let mut traits = self.behaviour.apps.traits(self.app);
        if self.app == App::Oin && self.variants.contains(&Variant::PatchProfile) {
            traits.profile = Verb::Patch;
        }
        let mut running = Running {
            stage: self,
            org,
            traits,
            ids: HashMap::new(),
            former: HashMap::new(),
        };
        for (n, step) in self.scenario.steps.iter().enumerate() {
            if step.only.is_some_and(|app| app != self.app) {
                continue;
            }
            for _ in 0..step.times.max(1) {
                running.step(n + 1, step).await?;
            }
        }
        Ok(())
    }

    fn place(&self, n: usize, what: &str, step: &Step) -> Place {
        Place {
            step: format!("{n} {what}"),
            case: self.case.map(|c| c.id.clone()),
            facet: self
                .case
                .map(|c| c.facet.clone().unwrap_or_else(|| c.id.clone())),
            may_refuse: step.may_refuse,
        }
    }
}

impl Running<'_> {
    async fn step(&mut self, n: usize, step: &Step) -> Result<(), BrokenOff> {
        match &step.action {
            Action::Okta(action) => {
                for (what, action) in admin_actions(action) {
                    let place = self.stage.place(n, &what, step);
                    self.act(&action, step.lose_answer, &place).await?;
                }
                Ok(())
            }
            Action::Change { people, groups } => {
                for (key, spec) in people {
                    if let Some(person) = self.org.people.get_mut(key) {
                        let before = person.login.clone();
                        cast::change_person(person, spec, &self.stage.naming);
                        if person.login != before {
                            self.former.insert(key.clone(), before);
                        }
                    }
                }
                for (key, spec) in groups {
                    if let Some(group) = self.org.groups.get_mut(key) {
                        let before = group.name.clone();
                        cast::change_group(group, spec, self.stage.naming.run);
                        if group.name != before {
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
                self.literal(request, &place).await
            }
            Action::Outside(what) => Err(BrokenOff(format!(
                "\"{what}\" needs something that acts behind Okta's back"
            ))),
            Action::Together(steps) => self.together(n, steps).await,
        }
    }

    async fn act(
        &mut self,
        action: &AdminAction<'_>,
        lose: bool,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        if let AdminAction::SyncPassword(key) = action
            && let Some(person) = self.org.people.get_mut(*key)
        {
            person.password = cast::password();
            self.stage.session.hide(&person.password, "sync");
        }
        let Some(task) = self.org.act(action) else {
            return Ok(());
        };
        let (effects, trouble) = self.job(&task, lose, place).await?;
        self.apply(&effects);
        if trouble.is_some_and(|t| t.cause == drive::Cause::NotSent(NotSent::AnswerLost)) {
            // The administrator retries the task: the whole job once more (recorded for group push).
            let again = self.org.act(action).or(Some(task));
            if let Some(task) = again {
                let (effects, _) = self.job(&task, false, place).await?;
                self.apply(&effects);
            }
        }
        Ok(())
    }

    /// Sends several admin actions at once: each job sees the org as it was before.
    async fn together(&mut self, n: usize, steps: &[Step]) -> Result<(), BrokenOff> {
        let mut tasks = Vec::new();
        for step in steps {
            let Action::Okta(action) = &step.action else {
                continue;
            };
            for (what, action) in admin_actions(action) {
                if let Some(task) = self.org.act(&action) {
                    tasks.push((task, self.stage.place(n, &what, step)));
                }
            }
        }
        let jobs = tasks
            .iter()
            .map(|(task, place)| self.job(task, false, place));
        for outcome in join_all(jobs).await {
            let (effects, _) = outcome?;
            self.apply(&effects);
        }
        Ok(())
    }

    async fn job(
        &self,
        task: &Task,
        lose: bool,
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
            traits: self.traits,
            apps: &self.stage.behaviour.apps,
            client: &session.client,
            import_groups: self.org.import_groups,
        };
        let mut line = JobLine {
            session,
            place,
            lose,
            last: None,
            pages: Vec::new(),
        };
        let done = drive::run(job, &task.subject, &settings, &mut line).await;
        if let Some(trouble) = &done.trouble {
            match &trouble.cause {
                drive::Cause::NotSent(NotSent::Throttled(why)) => {
                    return Err(BrokenOff(why.clone()));
                }
                drive::Cause::NotSent(NotSent::Stopped) => {
                    return Err(BrokenOff("interrupted".to_owned()));
                }
                _ => session.judge_trouble(trouble, job, line.last.as_ref(), place),
            }
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
                .judge_import(resource, &line.pages, place, evidence)
                .await
                .map_err(broken_off)?;
        }
        Ok((done.effects, done.trouble))
    }

    fn apply(&mut self, effects: &[Effect]) {
        self.org.apply(effects);
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

    async fn observe(&mut self, n: usize, observe: &Observe, step: &Step) -> Result<(), BrokenOff> {
        match observe {
            Observe::Person { key, must } => {
                let place = self.stage.place(n, &format!("observe {key}"), step);
                for must in must {
                    self.person_must(key, must, &place)
                        .await
                        .map_err(broken_off)?;
                }
            }
            Observe::Group { key, must } => {
                let place = self.stage.place(n, &format!("observe {key}"), step);
                for must in must {
                    self.group_must(key, must, &place)
                        .await
                        .map_err(broken_off)?;
                }
            }
        }
        Ok(())
    }

    async fn person_must(
        &self,
        key: &str,
        must: &PersonMust,
        place: &Place,
    ) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let Some(person) = self.org.people.get(key) else {
            return Ok(());
        };
        // Whoever was never linked has met an observation already.
        let Some(id) = self.last_id(key) else {
            return Ok(());
        };
        match must {
            PersonMust::SameId => self.same_id(key, Resource::User, &id, place).await,
            PersonMust::Active(wanted) => {
                let Some((sent, now)) = session.get(Resource::User, &id, place).await? else {
                    return Ok(());
                };
                if now.get("active").and_then(Value::as_bool) == Some(!wanted) {
                    let subjects = vec![Subject::Resource(Resource::User, id)];
                    let context = Context {
                        loses_data: true,
                        ..Context::new(place, &sent, subjects, Evidence::Recorded)
                    };
                    let verb = if self.traits.state == Verb::Put {
                        "put"
                    } else {
                        "patch"
                    };
                    let seen = Seen::new(
                        &state::APPLIED,
                        format!("active {wanted}"),
                        format!("active {}", !wanted),
                    )
                    .facet(format!("active by {verb}"))
                    .at("/active");
                    session.observe(seen, &context);
                }
                Ok(())
            }
            PersonMust::FormerLoginFree => match self.former.get(key) {
                Some(former) => {
                    session
                        .former_name_must_be_free(
                            Resource::User,
                            &id,
                            former,
                            place,
                            Evidence::Recorded,
                        )
                        .await
                }
                None => Ok(()),
            },
            PersonMust::FoundInOtherCase => {
                let other = swap_case(&person.login);
                session
                    .must_find_as(
                        Resource::User,
                        &id,
                        &other,
                        Some(LETTER_CASE),
                        place,
                        Evidence::Documented,
                    )
                    .await
            }
            PersonMust::Accounts(wanted) => {
                let (found, sent) = session.find(Resource::User, &person.login, place).await?;
                let count = match found {
                    Match::None => 0,
                    Match::One { .. } => 1,
                    Match::Many(n) => n,
                    Match::Unreadable(_) => return Ok(()),
                };
                if count != *wanted {
                    let subjects = vec![
                        Subject::Resource(Resource::User, id),
                        Subject::name(Resource::User, &person.login),
                    ];
                    let context = Context {
                        loses_data: true,
                        ..Context::new(place, &sent, subjects, Evidence::Recorded)
                    };
                    let check = if count > *wanted {
                        &sequence::SECOND
                    } else {
                        &lookup::FINDS_USER
                    };
                    session.observe(
                        Seen::new(check, format!("{wanted} accounts"), format!("{count}")),
                        &context,
                    );
                }
                Ok(())
            }
        }
    }

    async fn group_must(&self, key: &str, must: &GroupMust, place: &Place) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let Some(id) = self.last_id(key) else {
            return Ok(());
        };
        match must {
            GroupMust::SameId => self.same_id(key, Resource::Group, &id, place).await,
            GroupMust::Members(keys) => {
                let wanted = keys.iter().filter_map(|k| self.last_id(k)).collect();
                session.must_have_members(&id, wanted, place).await
            }
            GroupMust::FormerNameFree => match self.former.get(key) {
                Some(former) => {
                    session
                        .former_name_must_be_free(
                            Resource::Group,
                            &id,
                            former,
                            place,
                            Evidence::Documented,
                        )
                        .await
                }
                None => Ok(()),
            },
            GroupMust::Gone => {
                let gone =
                    session.with_book(|b| b.get(Resource::Group, &id).is_some_and(|a| a.gone));
                if gone {
                    Ok(())
                } else {
                    session
                        .must_be_gone(Resource::Group, &id, place, Evidence::Documented)
                        .await
                }
            }
        }
    }

    /// The id is the one of the first link.
    async fn same_id(
        &self,
        key: &str,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<(), NotSent> {
        let first = self
            .ids
            .get(key)
            .and_then(|ids| ids.first())
            .cloned()
            .unwrap_or_default();
        let session = &*self.stage.session;
        let sent = session.read(resource, id, place).await?;
        if first != id {
            let name = self
                .org
                .people
                .get(key)
                .map(|p| p.login.clone())
                .or_else(|| self.org.groups.get(key).map(|g| g.name.clone()));
            let mut subjects = vec![
                Subject::Resource(resource, first),
                Subject::Resource(resource, id.to_owned()),
            ];
            subjects.extend(name.map(|n| Subject::name(resource, &n)));
            let context = Context {
                loses_data: true,
                ..Context::new(place, &sent, subjects, Evidence::Recorded)
            };
            session.observe(
                Seen::new(&sequence::SECOND, "the id of the first time", "another id")
                    .facet(resource.word()),
                &context,
            );
        }
        Ok(())
    }

    async fn literal(&mut self, request: &LiteralRequest, place: &Place) -> Result<(), BrokenOff> {
        let session = Arc::clone(&self.stage.session);
        let target = self.fill(&request.path)?;
        let body = request.body.as_ref().map(|b| self.fill(b)).transpose()?;
        let mut sent_request = session.client.request(
            request.method,
            target.clone(),
            body.clone().map(|b| Bytes::from(b.trim_end().to_owned())),
        );
        for (name, value) in &request.headers {
            let value = HeaderText::Plain(self.fill(value)?);
            sent_request
                .headers
                .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            // The media types stay in their place, before the user agent.
            let at = sent_request
                .headers
                .iter()
                .position(|(n, _)| n == "User-Agent")
                .unwrap_or(0);
            sent_request.headers.insert(at, (name.clone(), value));
        }
        apply_token(&mut sent_request.headers, request.token);
        self.guard_literal(request, &target)?;
        let intent = self.literal_intent(request, &target, body.as_deref());
        let call = Call {
            evidence: Evidence::Documented,
            ..observer_call(sent_request, intent)
        };
        let before = self.states_of(&request.expect);
        let sent = session
            .perform(&call, Origin::Probe, place)
            .await
            .map_err(broken_off)?;
        self.claim_literal(request, body.as_deref(), &sent);
        self.judge_literal(&request.expect, &sent, place);
        self.must_be_unchanged(&request.expect, before, &sent, place)
            .await
            .map_err(broken_off)
    }

    /// A probe, too, changes only what the run has made.
    fn guard_literal(&self, request: &LiteralRequest, target: &str) -> Result<(), BrokenOff> {
        use crate::exchange::Method;
        let path = target.split('?').next().unwrap_or_default();
        let ours = self
            .ids
            .values()
            .flatten()
            .any(|id| path.ends_with(&format!("/{}", path_segment(id))));
        if matches!(request.method, Method::Put | Method::Patch | Method::Delete)
            && !ours
            && !path.ends_with(NOBODY)
        {
            return Err(BrokenOff(format!(
                "{} {path} would change something that this run did not make",
                request.method
            )));
        }
        Ok(())
    }

    /// What a probe's request means, as far as the shape of its answer goes.
    fn literal_intent(&self, request: &LiteralRequest, target: &str, body: Option<&str>) -> Intent {
        use crate::exchange::Method;
        let resource = if target.starts_with("/Groups") {
            Resource::Group
        } else {
            Resource::User
        };
        let is_collection = [Resource::User, Resource::Group].iter().any(|r| {
            target
                .strip_prefix(r.endpoint())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
        });
        match (request.method, is_collection) {
            (Method::Get, true) => Intent::LookUp {
                resource,
                name: String::new(),
            },
            (Method::Post, true) => Intent::Create {
                resource,
                name: body.and_then(|b| name_in(b, resource)).unwrap_or_default(),
                sent: Value::Null,
                sets: Vec::new(),
                members: std::collections::BTreeSet::new(),
            },
            _ => Intent::Literal,
        }
    }

    fn claim_literal(&mut self, request: &LiteralRequest, body: Option<&str>, sent: &Sent) {
        use crate::exchange::Method;
        let session = &*self.stage.session;
        let Some(response) = sent.exchange.response().filter(|r| r.is_success()) else {
            return;
        };
        if request.method != Method::Post {
            return;
        }
        let resource = if request.path.starts_with("/Groups") {
            Resource::Group
        } else {
            Resource::User
        };
        let (Some(id), Some(name)) = (
            response.json().and_then(reading::id_of),
            body.and_then(|b| name_in(b, resource)),
        ) else {
            return;
        };
        let ledger = &session.run.ledger;
        if ledger.knows_as_foreign(resource, &id) {
            return;
        }
        if !ledger.owns(resource, &id) {
            ledger.claim(resource, &id, &name);
            session.with_book(|b| b.open(resource, &id, &name));
        }
        if let Some(key) = &request.expect.creates {
            self.ids.entry(key.clone()).or_default().push(id.clone());
            if let Some(person) = self.org.people.get_mut(key) {
                person.link = Some(id);
            } else if let Some(group) = self.org.groups.get_mut(key) {
                group.link = Some(id);
            }
        }
    }

    fn judge_literal(&self, expect: &Expect, sent: &Sent, place: &Place) {
        let session = &*self.stage.session;
        let Some(meta) = check::find(&expect.check) else {
            return;
        };
        let default = self
            .stage
            .scenario
            .id
            .0
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let facet = expect
            .facet
            .clone()
            .or_else(|| place.facet.clone())
            .unwrap_or(default);
        let context = Context::new(place, sent, Vec::new(), Evidence::Documented);
        let Some(status) = sent.exchange.status() else {
            return;
        };
        let words: Vec<String> = expect.status.iter().map(ToString::to_string).collect();
        if !expect.status.is_empty() && !expect.status.iter().any(|s| s.matches(status)) {
            let got = format!("{status} {}", reading::reason(status));
            session.observe(
                Seen::new(meta, words.join(" or "), got).facet(facet),
                &context,
            );
            return;
        }
        let total = sent
            .exchange
            .response()
            .and_then(|r| reading::page(r).ok())
            .map(|p| p.total);
        if let Some(wanted) = expect.total
            && total != Some(wanted)
        {
            let got = total.map_or("no readable list".to_owned(), |t| {
                format!("totalResults {t}")
            });
            session.observe(
                Seen::new(meta, format!("totalResults {wanted}"), got).facet(facet),
                &context,
            );
        }
    }

    fn states_of(&self, expect: &Expect) -> Vec<(String, Value)> {
        let session = &*self.stage.session;
        let ids = expect.unchanged.iter().filter_map(|key| self.last_id(key));
        ids.filter_map(|id| {
            session
                .with_book(|b| b.get(Resource::User, &id).and_then(|a| a.state.clone()))
                .map(|state| (id, state))
        })
        .collect()
    }

    async fn must_be_unchanged(
        &self,
        expect: &Expect,
        before: Vec<(String, Value)>,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let Some(meta) = check::find(&expect.check) else {
            return Ok(());
        };
        for (id, before) in before {
            let Some((_, now)) = session.get(Resource::User, &id, place).await? else {
                continue;
            };
            if let Some(difference) = frame::compare(Some(&before), &now, &[], true)
                .into_iter()
                .next()
            {
                let at = match difference {
                    frame::Difference::Untouched { at, .. } => at,
                    _ => String::new(),
                };
                let context = Context {
                    loses_data: true,
                    ..Context::new(
                        place,
                        sent,
                        vec![Subject::Resource(Resource::User, id)],
                        Evidence::Documented,
                    )
                };
                session.observe(
                    Seen::new(
                        meta,
                        "the first account as it was",
                        format!("{at} is another"),
                    )
                    .facet("overwritten")
                    .at(at),
                    &context,
                );
            }
        }
        Ok(())
    }

    /// A text of a step, where all placeholders make sense.
    fn fill(&self, text: &str) -> Result<String, BrokenOff> {
        let template = Template::parse(text).map_err(|e| BrokenOff(e.to_string()))?;
        template.fill(|value| match value {
            Placeholder::Run => Ok(self.stage.naming.run.to_owned()),
            Placeholder::Id(key) => self
                .last_id(key)
                .ok_or_else(|| BrokenOff(format!("{key} has no id at the target"))),
            Placeholder::Login(key) => self
                .org
                .people
                .get(key)
                .map(|p| p.login.clone())
                .ok_or_else(|| BrokenOff(format!("nobody is called {key}"))),
            Placeholder::Name(key) => self
                .org
                .groups
                .get(key)
                .map(|g| g.name.clone())
                .ok_or_else(|| BrokenOff(format!("no group is called {key}"))),
            Placeholder::Seen(key, pointer) => {
                let id = self.last_id(key).unwrap_or_default();
                let resource = if self.org.people.contains_key(key) {
                    Resource::User
                } else {
                    Resource::Group
                };
                let seen = self.stage.session.with_book(|b| {
                    b.get(resource, &id)
                        .and_then(|a| a.state.as_ref())
                        .and_then(|s| s.pointer(pointer))
                        .map(|v| match v {
                            Value::String(text) => text.clone(),
                            other => other.to_string(),
                        })
                });
                seen.ok_or_else(|| {
                    BrokenOff(format!("the target's answer about {key} has no {pointer}"))
                })
            }
        })
    }
}

/// An id that no server has issued, for probes of unknown resources.
const NOBODY: &str = "/00000000-0000-4000-8000-000000000000";

fn broken_off(why: NotSent) -> BrokenOff {
    BrokenOff(match why {
        NotSent::Throttled(why) => why,
        NotSent::Stopped => "interrupted".to_owned(),
        NotSent::NotOurs => "the target handed out somebody else's resource".to_owned(),
        NotSent::AnswerLost => "an answer was lost".to_owned(),
    })
}

fn name_in(body: &str, resource: Resource) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get(resource.name_attribute())
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn apply_token(headers: &mut Vec<(String, HeaderText)>, form: TokenForm) {
    let value = match form {
        TokenForm::Right => return,
        TokenForm::None => {
            headers.retain(|(name, _)| name != "Authorization");
            return;
        }
        TokenForm::Wrong => "Bearer wrong-token-of-scim-conform",
        TokenForm::Empty => "Bearer ",
        TokenForm::Malformed => "scim-conform",
    };
    let value = HeaderText::Plain(value.to_owned());
    match headers.iter_mut().find(|(name, _)| name == "Authorization") {
        Some((_, old)) => *old = value,
        None => headers.push(("Authorization".to_owned(), value)),
    }
}

fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_uppercase() {
                c.to_ascii_lowercase()
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect()
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
        OktaAction::ImportUsers => vec![("import-users".to_owned(), AdminAction::ImportUsers)],
        OktaAction::ImportGroups => vec![("import-groups".to_owned(), AdminAction::ImportGroups)],
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
