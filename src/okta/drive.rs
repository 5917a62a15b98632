//! Carries out a job: (inputs, line) → (exchanges, effects). The effects are applied by the caller afterwards,
//! so a job never sees a half-changed org.

use std::future::Future;

use indexmap::IndexSet;
use serde_json::Value;

use super::app::Apps;
use super::form::{Form, Formed};
use super::job::{
    Job, MatchWord, PatchName, PatchOf, PutName, PutOf, Reads, Send, Situation, Template,
};
use super::reading::{self, Match};
use super::request::{Call, Client, Document, EntitlementType, Intent, Resource};
use super::task::{Effect, GroupCard, Subject};
use super::{App, Evidence, Variants};
use crate::exchange::{Exchange, Method};

/// The most rows that an import reads.
const MOST_ROWS: usize = 1_000_000;

/// Why a job ended early.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The slot that failed.
    pub slot: String,
    /// The method of the failing request.
    pub method: Method,
    /// What the Okta admin sees; empty where Okta says nothing.
    pub admin_sees: String,
    /// Why, as Okta takes it.
    pub cause: Cause,
    /// How we know that Okta sends the failing request.
    pub evidence: Evidence,
}

/// What kind of trouble ended a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An HTTP status outside 2xx.
    Refused(u16),
    /// No usable answer came.
    NoAnswer(String),
    /// 2xx, but Okta cannot use the body.
    Unreadable(String),
    /// A look-up found more than one.
    Many(u64),
    /// The line did not send it, or took the answer away.
    NotSent(NotSent),
}

/// Why a line does not carry a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// It would change a resource of others.
    NotOurs,
    /// No read has shown that what it would change is ours.
    Unproven,
    /// The answer was lost on purpose.
    AnswerLost,
    /// The target asks for more patience than the run has.
    Throttled(String),
    /// The run is being stopped, and why.
    Stopped(&'static str),
}

/// The outcome of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What it changed.
    pub effects: Vec<Effect>,
    /// Why it ended early, if it did.
    pub trouble: Option<Trouble>,
}

/// Carries calls to the target, one after the other.
pub trait Line {
    /// Sends a call and gives back what came, or says why it was not sent.
    fn send(
        &mut self,
        call: Call,
    ) -> impl Future<Output = Result<Exchange, NotSent>> + std::marker::Send;
}

/// What all jobs of an app share.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// The kind of app.
    pub app: App,
    /// What differs from the default, where nobody knows better.
    pub variants: Variants,
    /// Batch and page sizes, mapping.
    pub apps: &'a Apps,
    /// Makes the requests.
    pub client: &'a Client,
    /// "Import Groups" is on.
    pub import_groups: bool,
}

/// Runs `job`.
pub async fn run<L: Line + std::marker::Send>(
    job: &Job,
    subject: &Subject,
    settings: &Settings<'_>,
    line: &mut L,
) -> Done {
    let mut drive = Drive {
        job,
        subject,
        settings,
        line,
        id: match subject {
            Subject::App => None,
            Subject::Person(p) => p.link.clone(),
            Subject::Group(g) => g.link.clone(),
        },
        base: None,
        matched: None,
        entitlement_types: Vec::new(),
        evidence: Evidence::Inferred,
        reads_next: false,
        effects: Vec::new(),
    };
    let mut trouble = None;
    for (n, template) in job.requests.iter().enumerate() {
        if !drive.is_sent(template, settings.variants) {
            continue;
        }
        let mut after = job.requests.iter().skip(n).skip(1);
        let next = after.find(|next| drive.is_sent(next, settings.variants));
        drive.reads_next =
            next.is_some_and(|next| matches!(next.send, Send::GetUser | Send::GetGroup));
        if let Err(why) = drive.request(template).await {
            trouble = Some(why);
            break;
        }
    }
    let mut effects = drive.effects;
    if trouble.is_some() {
        // A link is kept only when the whole job went well (Okta developer forum 7207).
        effects.retain(|e| !matches!(e, Effect::LinkedPerson { .. }));
    }
    Done { effects, trouble }
}

struct Drive<'a, L> {
    job: &'a Job,
    subject: &'a Subject,
    settings: &'a Settings<'a>,
    line: &'a mut L,
    id: Option<String>,
    base: Option<Value>,
    matched: Option<Match>,
    /// What `/ResourceTypes` names as roles and entitlements.
    entitlement_types: Vec<EntitlementType>,
    /// Of the last request.
    evidence: Evidence,
    /// The request after this one reads what it is about.
    reads_next: bool,
    effects: Vec<Effect>,
}

impl<L: Line + std::marker::Send> Drive<'_, L> {
    async fn request(&mut self, template: &Template) -> Result<(), Trouble> {
        match &template.send {
            Send::ProbeUsers => self.probe(template, Resource::User, 2).await,
            Send::ProbeGroups => self.probe(template, Resource::Group, 100).await,
            Send::ImportUsers => self.import(template, Resource::User).await,
            Send::ImportGroups => self.import(template, Resource::Group).await,
            Send::ResourceTypes => self.discover(template, Document::ResourceTypes).await,
            Send::Schemas => self.discover(template, Document::Schemas).await,
            Send::ImportEntitlements => self.import_entitlements(template).await,
            Send::LookUpUser | Send::LookUpGroup => self.look_up(template).await,
            Send::CreateUser | Send::CreateGroup => self.create(template).await,
            Send::GetUser => self.get(template, Resource::User).await,
            Send::GetGroup => self.get(template, Resource::Group).await,
            Send::DeleteGroup => self.delete(template).await,
            Send::Put(of) => self.put(template, of).await,
            Send::Patch(of) => self.patch(template, of).await,
        }
    }

    fn formed_under(&self, variants: Variants) -> Form<'_> {
        Form {
            client: self.settings.client,
            apps: self.settings.apps,
            app: self.settings.app,
            variants,
        }
    }

    /// Whether a request is sent under `variants`.
    fn is_sent(&self, template: &Template, variants: Variants) -> bool {
        let app = self.settings.app;
        let members_changed = match self.subject {
            Subject::Group(g) => g.has_changed_members(),
            _ => false,
        };
        template.when.holds(Situation {
            traits: variants.traits(app, self.settings.apps.traits(app)),
            variants,
            import_groups: self.settings.import_groups,
            matched: self.matched.as_ref().map_or(MatchWord::None, Match::word),
            members_changed,
        })
    }

    /// A call in the form that the variants give it. What would not be sent, or look otherwise, without one of them is
    /// known no better than that variant.
    fn form(
        &mut self,
        template: &Template,
        make: impl Fn(&Form<'_>) -> Option<Formed>,
    ) -> Option<Call> {
        let all = self.settings.variants;
        let (request, intent) = make(&self.formed_under(all))?;
        let rests_on = |less: Variants| {
            let without = make(&self.formed_under(less));
            !self.is_sent(template, less) || without.is_none_or(|(other, _)| other != request)
        };
        let evidence = all
            .iter()
            .filter(|variant| rests_on(all.without(*variant)))
            .map(|variant| variant.meta().evidence)
            .fold(template.evidence.of(self.settings.app), Evidence::min);
        self.evidence = evidence;
        Some(Call {
            job: Some(self.job.name.clone()),
            slot: Some(template.slot.clone()),
            evidence,
            request,
            intent,
            reads_next: self.reads_next,
        })
    }

    async fn probe(
        &mut self,
        template: &Template,
        resource: Resource,
        count: u64,
    ) -> Result<(), Trouble> {
        let Some(call) = self.form(template, |form| Some(form.list(resource, 1, count))) else {
            return Ok(());
        };
        let exchange = self.send(template, call).await?;
        self.read_page(template, &exchange).map(|_| ())
    }

    /// Okta adds the page size to `startIndex` whatever came back, while `totalResults` is larger.
    async fn import(&mut self, template: &Template, resource: Resource) -> Result<(), Trouble> {
        let count = self.settings.apps.page_size;
        let mut start_index = 1;
        let mut rows = 0;
        loop {
            let page = |form: &Form<'_>| Some(form.list(resource, start_index, count));
            let Some(call) = self.form(template, page) else {
                return Ok(());
            };
            let exchange = self.send(template, call).await?;
            let (total, on_page) = self.read_page(template, &exchange)?;
            start_index = u64::saturating_add(start_index, count);
            rows = usize::saturating_add(rows, on_page);
            // A lying total must not keep us here for ever; 100,000 resources are beyond any test tenant. Nor must pages
            // that hold more than was asked for.
            if start_index > total || start_index > 100_000 || rows > MOST_ROWS {
                return Ok(());
            }
        }
    }

    async fn discover(&mut self, template: &Template, document: Document) -> Result<(), Trouble> {
        let Some(call) = self.form(template, |form| Some(form.discover(&document))) else {
            return Ok(());
        };
        let exchange = self.send(template, call).await?;
        let Some(response) = exchange.response() else {
            return Ok(());
        };
        let page = reading::page(response).map_err(|text| self.unreadable(template, text))?;
        if document == Document::ResourceTypes {
            self.entitlement_types = reading::entitlement_types(page.resources);
        }
        Ok(())
    }

    /// Every role and entitlement, endpoint by endpoint, in pages like those of users.
    async fn import_entitlements(&mut self, template: &Template) -> Result<(), Trouble> {
        let count = self.settings.apps.page_size;
        for of in std::mem::take(&mut self.entitlement_types) {
            let mut start_index = 1;
            let mut rows = 0;
            loop {
                let of = of.clone();
                let page = Document::Entitlements {
                    of,
                    start_index,
                    count,
                };
                let Some(call) = self.form(template, |form| Some(form.discover(&page))) else {
                    return Ok(());
                };
                let exchange = self.send(template, call).await?;
                let (total, on_page) = self.read_page(template, &exchange)?;
                start_index = u64::saturating_add(start_index, count);
                rows = usize::saturating_add(rows, on_page);
                if start_index > total || start_index > 100_000 || rows > MOST_ROWS {
                    break;
                }
            }
        }
        Ok(())
    }

    fn unreadable(&self, template: &Template, text: String) -> Trouble {
        let cause = Cause::Unreadable(text.clone());
        self.trouble(template, Method::Get, cause, &text)
    }

    /// `totalResults`, and how many there are on the page.
    fn read_page(&self, template: &Template, exchange: &Exchange) -> Result<(u64, usize), Trouble> {
        let Some(response) = exchange.response() else {
            return Ok((0, 0));
        };
        reading::page(response)
            .map(|page| (page.total, page.resources.len()))
            .map_err(|text| self.unreadable(template, text))
    }

    async fn look_up(&mut self, template: &Template) -> Result<(), Trouble> {
        let subject = self.subject;
        let Some(call) = self.form(template, |form| form.look_up(subject)) else {
            return Ok(());
        };
        let exchange = self.send_any(template, call).await?;
        let found = match exchange.response() {
            // Any other status than 2xx and 404 fails the job; a 404 may mean "nobody".
            Some(response) if response.is_success() || response.status == 404 => {
                reading::look_up(response)
            }
            _ => return Err(self.refused(template, &exchange)),
        };
        if template.reads == Some(Reads::Match) {
            match &found {
                Match::One { id, .. } => self.id = Some(id.clone()),
                Match::Many(n) => {
                    let text = self
                        .job
                        .stops
                        .get(&MatchWord::Many)
                        .map_or(String::new(), |t| t.replace("{n}", &n.to_string()));
                    let admin_sees = self.fill(&text, "");
                    return Err(Trouble {
                        admin_sees,
                        ..self.trouble(template, Method::Get, Cause::Many(*n), "")
                    });
                }
                Match::Unreadable(text) => {
                    if exchange.status() == Some(404) {
                        return Err(self.refused(template, &exchange));
                    }
                    return Err(self.trouble(
                        template,
                        Method::Get,
                        Cause::Unreadable(text.clone()),
                        text,
                    ));
                }
                Match::None => self.id = None,
            }
            self.matched = Some(found);
        }
        Ok(())
    }

    async fn create(&mut self, template: &Template) -> Result<(), Trouble> {
        let subject = self.subject;
        let Some(call) = self.form(template, |form| form.create(subject)) else {
            return Ok(());
        };
        let (resource, members) = match &call.intent {
            Intent::Create {
                resource, members, ..
            } => (*resource, members.iter().cloned().collect()),
            _ => (Resource::User, IndexSet::new()),
        };
        let exchange = self.send(template, call).await?;
        let answer = exchange.response().and_then(|r| r.json());
        if let Some(id) = answer.and_then(reading::id_of) {
            self.id = Some(id);
            let members = (resource == Resource::Group).then_some(members);
            self.succeeded(template, None, members);
            return Ok(());
        }
        if answer.is_some_and(Value::is_object) {
            // Parseable, but without an id: Okta believes in success and stores no External ID.
            return Ok(());
        }
        let mut text = exchange
            .response()
            .map(reading::no_resource)
            .unwrap_or_default();
        if text.is_empty() {
            let word = resource.word();
            text = format!("Create new {word} returned empty {word}.");
        }
        Err(self.trouble(
            template,
            Method::Post,
            Cause::Unreadable(text.clone()),
            &text,
        ))
    }

    async fn get(&mut self, template: &Template, resource: Resource) -> Result<(), Trouble> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        let Some(call) = self.form(template, |form| Some(form.read(resource, &id))) else {
            return Ok(());
        };
        let exchange = self.send(template, call).await?;
        match exchange.response().and_then(|r| r.json()) {
            Some(json) if json.is_object() => {
                self.base = Some(json.clone());
                Ok(())
            }
            _ => {
                let text = exchange
                    .response()
                    .map(reading::no_resource)
                    .unwrap_or_default();
                Err(self.trouble(
                    template,
                    Method::Get,
                    Cause::Unreadable(text.clone()),
                    &text,
                ))
            }
        }
    }

    async fn delete(&mut self, template: &Template) -> Result<(), Trouble> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        let Some(call) = self.form(template, |form| Some(form.delete_group(&id))) else {
            return Ok(());
        };
        self.send(template, call).await?;
        if template.unlinks
            && let Subject::Group(g) = self.subject
        {
            self.effects
                .push(Effect::UnlinkedGroup { key: g.key.clone() });
        }
        Ok(())
    }

    async fn put(&mut self, template: &Template, of: &PutOf) -> Result<(), Trouble> {
        // "Push now" puts twice after one read.
        let base = match of {
            PutOf::Named(PutName::GroupName) => self.base.clone(),
            _ => self.base.take(),
        };
        let (Some(id), Some(base)) = (self.id.clone(), base) else {
            return Ok(());
        };
        let subject = self.subject;
        let Some(call) = self.form(template, |form| form.put(of, subject, &id, &base)) else {
            return Ok(());
        };
        self.send(template, call).await?;
        // After the step of the name, whoever leaves is still there.
        let members = match (of, subject) {
            (PutOf::Named(PutName::Group), Subject::Group(g)) => {
                Some(g.ids().into_iter().collect())
            }
            _ => None,
        };
        let pushed = matches!(of, PutOf::Named(PutName::Profile | PutName::Link)).then_some(());
        self.succeeded(template, pushed, members);
        Ok(())
    }

    async fn patch(&mut self, template: &Template, of: &PatchOf) -> Result<(), Trouble> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        let subject = self.subject;
        match (of, subject) {
            (PatchOf::Named(PatchName::Members), Subject::Group(g)) => {
                return self.patch_delta(template, &id, g).await;
            }
            (PatchOf::Named(PatchName::AllMembers), Subject::Group(g)) => {
                return self.patch_all(template, &id, g).await;
            }
            _ => {}
        }
        let Some(call) = self.form(template, |form| form.patch(of, subject, &id)) else {
            return Ok(());
        };
        self.send(template, call).await?;
        match (of, subject) {
            (PatchOf::Named(PatchName::Profile), Subject::Person(p)) => {
                let key = p.key.clone();
                self.effects.push(Effect::PushedProfile { key });
            }
            (PatchOf::Named(PatchName::Name), _) => self.succeeded(template, None, None),
            _ => {}
        }
        Ok(())
    }

    /// Removes and adds since the last push, in batches.
    async fn patch_delta(
        &mut self,
        template: &Template,
        id: &str,
        group: &GroupCard,
    ) -> Result<(), Trouble> {
        // On a first push or a new link everything is new: what the target's group held before stays (test plan C9315).
        let mut believed = group.pushed.clone();
        let removed = group.removed();
        let added = group.added();
        let all = self.settings.variants;
        let batches = self.formed_under(all).batches(&removed, &added);
        for (n, batch) in batches.iter().enumerate() {
            let make = |form: &Form<'_>| {
                if form.variants == all {
                    return Some(form.patch_members(id, batch));
                }
                let otherwise = form.batches(&removed, &added);
                Some(form.patch_members(id, otherwise.get(n)?))
            };
            let Some(call) = self.form(template, make) else {
                continue;
            };
            self.send(template, call).await?;
            believed.retain(|id| !batch.remove.contains(id));
            believed.extend(batch.add.iter().map(|m| m.id.clone()));
            self.effects.push(Effect::PushedGroup {
                key: group.key.clone(),
                name: None,
                members: Some(believed.clone()),
            });
        }
        Ok(())
    }

    /// The first batch replaces, the others add to it (the split is inferred; Okta documents only the replace).
    async fn patch_all(
        &mut self,
        template: &Template,
        id: &str,
        group: &GroupCard,
    ) -> Result<(), Trouble> {
        if let Some(call) = self.form(template, |form| Some(form.replace_members(id, group))) {
            self.send(template, call).await?;
        }
        let form = self.formed_under(self.settings.variants);
        let rest = group.members.get(form.first_batch(group).len()..);
        let rest = rest.unwrap_or_default();
        for batch in form.batches(&[], rest) {
            let make = |form: &Form<'_>| Some(form.patch_members(id, &batch));
            if let Some(call) = self.form(template, make) {
                self.send(template, call).await?;
            }
        }
        self.effects.push(Effect::PushedGroup {
            key: group.key.clone(),
            name: None,
            members: Some(group.members.iter().map(|m| m.id.clone()).collect()),
        });
        Ok(())
    }

    fn succeeded(
        &mut self,
        template: &Template,
        profile: Option<()>,
        members: Option<IndexSet<String>>,
    ) {
        let Some(id) = self.id.clone() else { return };
        match self.subject {
            Subject::Person(p) => {
                if template.links {
                    self.effects.push(Effect::LinkedPerson {
                        key: p.key.clone(),
                        id,
                    });
                } else if profile.is_some() {
                    self.effects
                        .push(Effect::PushedProfile { key: p.key.clone() });
                }
            }
            Subject::Group(g) => {
                if template.links {
                    self.effects.push(Effect::LinkedGroup {
                        key: g.key.clone(),
                        id,
                    });
                }
                self.effects.push(Effect::PushedGroup {
                    key: g.key.clone(),
                    name: Some(g.name.clone()),
                    members,
                });
            }
            Subject::App => {}
        }
    }

    async fn send_any(&mut self, template: &Template, call: Call) -> Result<Exchange, Trouble> {
        let method = call.request.method;
        self.line.send(call).await.map_err(|why| {
            let text = match &why {
                NotSent::AnswerLost => "Read timed out",
                _ => "",
            };
            self.trouble(template, method, Cause::NotSent(why), text)
        })
    }

    async fn send(&mut self, template: &Template, call: Call) -> Result<Exchange, Trouble> {
        let exchange = self.send_any(template, call).await?;
        if exchange
            .response()
            .is_some_and(crate::exchange::Response::is_success)
        {
            Ok(exchange)
        } else {
            Err(self.refused(template, &exchange))
        }
    }

    fn refused(&self, template: &Template, exchange: &Exchange) -> Trouble {
        let cause = match exchange.status() {
            Some(status) => Cause::Refused(status),
            None => Cause::NoAnswer(reading::failure(exchange)),
        };
        self.trouble(
            template,
            exchange.request.method,
            cause,
            &reading::failure(exchange),
        )
    }

    fn trouble(&self, template: &Template, method: Method, cause: Cause, error: &str) -> Trouble {
        let text = template.fails.as_ref().unwrap_or(&self.job.fails);
        Trouble {
            slot: template.slot.clone(),
            method,
            admin_sees: self.fill(text, error),
            cause,
            evidence: self.evidence,
        }
    }

    fn fill(&self, text: &str, error: &str) -> String {
        let (name, login, group) = match self.subject {
            Subject::Person(p) => (p.name.as_str(), p.login.as_str(), ""),
            Subject::Group(g) => ("", "", g.name.as_str()),
            Subject::App => ("", "", ""),
        };
        text.replace("{app}", "<your app>")
            .replace("{name}", name)
            .replace("{login}", login)
            .replace("{group}", group)
            .replace("{error}", error)
    }
}
