//! Carries out a job: (inputs, line) → (exchanges, effects). The effects are applied by the caller afterwards,
//! so a job never sees a half-changed org.

use std::collections::BTreeSet;
use std::future::Future;

use indexmap::IndexSet;
use serde_json::Value;

use super::app::{Apps, Traits};
use super::body::{self, Built, Member, Profile};
use super::job::{Job, MatchWord, PatchName, PatchOf, PutName, PutOf, Reads, Send, Template};
use super::org::Subject;
use super::reading::{self, Match};
use super::request::{Call, Client, Intent, MemberChange, Resource, one};
use super::{App, Evidence};
use crate::exchange::{Exchange, Method, Request};
use crate::secret::Secret;

/// A person, as a job needs to know her.
#[derive(Clone, Debug)]
pub struct Person {
    /// Her key.
    pub key: String,
    /// `00u...`
    pub okta_id: String,
    /// Okta app username.
    pub login: String,
    /// First and last name.
    pub name: String,
    /// Full profile.
    pub profile: Profile,
    /// Password to send.
    pub password: Secret,
    /// The target's id.
    pub link: Option<String>,
}

/// A group, as a job needs to know it.
#[derive(Clone, Debug)]
pub struct GroupCard {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Members that are provisioned.
    pub members: Vec<Member>,
    /// Ids last pushed.
    pub pushed: IndexSet<String>,
    /// Ids last pushed that Okta leaves alone.
    pub keep: BTreeSet<String>,
    /// The target's id.
    pub link: Option<String>,
}

impl GroupCard {
    fn ids(&self) -> BTreeSet<String> {
        self.members.iter().map(|m| m.id.clone()).collect()
    }

    /// Members that were not pushed yet.
    #[must_use]
    pub fn added(&self) -> Vec<Member> {
        self.members
            .iter()
            .filter(|m| !self.pushed.contains(&m.id))
            .cloned()
            .collect()
    }

    /// Ids that were pushed and have left.
    #[must_use]
    pub fn removed(&self) -> Vec<String> {
        let ids = self.ids();
        self.pushed
            .iter()
            .filter(|id| !ids.contains(*id) && !self.keep.contains(*id))
            .cloned()
            .collect()
    }
}

/// What a job changed in Okta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The person has an External ID now.
    LinkedPerson {
        /// Who.
        key: String,
        /// The target's id.
        id: String,
    },
    /// Her profile was pushed.
    PushedProfile {
        /// Who.
        key: String,
    },
    /// The group is linked now.
    LinkedGroup {
        /// Which.
        key: String,
        /// The target's id.
        id: String,
    },
    /// The group was sent.
    PushedGroup {
        /// Which.
        key: String,
        /// The name, if it was sent.
        name: Option<String>,
        /// The members that Okta now believes to be there, if any were sent.
        members: Option<IndexSet<String>>,
    },
    /// The group has no link any more.
    UnlinkedGroup {
        /// Which.
        key: String,
    },
}

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
    /// It would change a resource that is not ours.
    NotOurs,
    /// The answer was lost on purpose.
    AnswerLost,
    /// The target asks for more patience than the run has.
    Throttled(String),
    /// The run is being stopped.
    Stopped,
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
    /// Its traits, after variants.
    pub traits: Traits,
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
        effects: Vec::new(),
    };
    let mut trouble = None;
    for template in &job.requests {
        if !template.when.holds(
            settings.traits,
            settings.import_groups,
            drive.matched.as_ref().map(Match::word),
        ) {
            continue;
        }
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
    effects: Vec<Effect>,
}

impl<L: Line + std::marker::Send> Drive<'_, L> {
    async fn request(&mut self, template: &Template) -> Result<(), Trouble> {
        match &template.send {
            Send::ProbeUsers => self.probe(template, Resource::User, 2).await,
            Send::ProbeGroups => self.probe(template, Resource::Group, 100).await,
            Send::ImportUsers => self.import(template, Resource::User).await,
            Send::ImportGroups => self.import(template, Resource::Group).await,
            Send::LookUpUser => self.look_up(template, Resource::User).await,
            Send::LookUpGroup => self.look_up(template, Resource::Group).await,
            Send::CreateUser | Send::CreateGroup => self.create(template).await,
            Send::GetUser => self.get(template, Resource::User).await,
            Send::GetGroup => self.get(template, Resource::Group).await,
            Send::DeleteGroup => self.delete(template).await,
            Send::Put(of) => self.put(template, of).await,
            Send::Patch(of) => self.patch(template, of).await,
        }
    }

    fn client(&self) -> &Client {
        self.settings.client
    }

    async fn probe(
        &mut self,
        template: &Template,
        resource: Resource,
        count: u64,
    ) -> Result<(), Trouble> {
        let request = self.client().list(resource, 1, count);
        let exchange = self
            .send(
                template,
                request,
                Intent::List {
                    resource,
                    start_index: 1,
                    count,
                },
            )
            .await?;
        self.read_page(template, &exchange).map(|_| ())
    }

    /// Okta adds the page size to `startIndex` whatever came back, while `totalResults` is larger.
    async fn import(&mut self, template: &Template, resource: Resource) -> Result<(), Trouble> {
        let count = self.settings.apps.page_size;
        let mut start_index = 1;
        loop {
            let request = self.client().list(resource, start_index, count);
            let exchange = self
                .send(
                    template,
                    request,
                    Intent::List {
                        resource,
                        start_index,
                        count,
                    },
                )
                .await?;
            let total = self.read_page(template, &exchange)?;
            start_index += count;
            // A lying total must not keep us here for ever; 100,000 resources are beyond any test tenant.
            if start_index > total || start_index > 100_000 {
                return Ok(());
            }
        }
    }

    fn read_page(&self, template: &Template, exchange: &Exchange) -> Result<u64, Trouble> {
        let Some(response) = exchange.response() else {
            return Ok(0);
        };
        reading::page(response)
            .map(|page| page.total)
            .map_err(|text| {
                self.trouble(
                    template,
                    Method::Get,
                    Cause::Unreadable(text.clone()),
                    &text,
                )
            })
    }

    async fn look_up(&mut self, template: &Template, resource: Resource) -> Result<(), Trouble> {
        let name = match self.subject {
            Subject::Person(p) => p.login.clone(),
            Subject::Group(g) => g.name.clone(),
            Subject::App => return Ok(()),
        };
        let request = self.client().look_up(resource, &name);
        let exchange = self
            .send_any(template, request, Intent::LookUp { resource, name })
            .await?;
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
        let (resource, name, built, members) = match self.subject {
            Subject::Person(p) => {
                let built = body::create_user(
                    &p.profile,
                    &self.settings.apps.mapping,
                    &p.okta_id,
                    &p.password,
                );
                (Resource::User, p.login.clone(), built, Vec::new())
            }
            Subject::Group(g) => {
                let members = if self.settings.traits.create_with_members {
                    g.members.clone()
                } else {
                    Vec::new()
                };
                (
                    Resource::Group,
                    g.name.clone(),
                    body::create_group(&g.name, &members),
                    members,
                )
            }
            Subject::App => return Ok(()),
        };
        let request =
            self.client()
                .send_json(Method::Post, resource.endpoint().to_owned(), &built.body);
        let ids: BTreeSet<String> = members.iter().map(|m| m.id.clone()).collect();
        let intent = Intent::Create {
            resource,
            name,
            sent: built.body,
            sets: built.sets,
            members: ids.clone(),
        };
        let exchange = self.send(template, request, intent).await?;
        let answer = exchange.response().and_then(|r| r.json());
        if let Some(id) = answer.and_then(reading::id_of) {
            self.id = Some(id);
            self.succeeded(
                template,
                None,
                (resource == Resource::Group).then(|| ids.into_iter().collect()),
            );
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
        let request = self.client().read(resource, &id);
        let exchange = self
            .send(template, request, Intent::Read { resource, id })
            .await?;
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
        let request = self
            .client()
            .request(Method::Delete, one(Resource::Group, &id), None);
        self.send(
            template,
            request,
            Intent::Delete {
                resource: Resource::Group,
                id,
            },
        )
        .await?;
        if template.unlinks
            && let Subject::Group(g) = self.subject
        {
            self.effects
                .push(Effect::UnlinkedGroup { key: g.key.clone() });
        }
        Ok(())
    }

    async fn put(&mut self, template: &Template, of: &PutOf) -> Result<(), Trouble> {
        let (Some(id), Some(base)) = (self.id.clone(), self.base.take()) else {
            return Ok(());
        };
        let mapping = &self.settings.apps.mapping;
        let (resource, built, name, members) = match (of, self.subject) {
            (PutOf::Active { active }, _) => {
                (Resource::User, body::put_active(&base, *active), None, None)
            }
            (PutOf::Named(PutName::Profile), Subject::Person(p)) => {
                let built = body::put_profile(&base, &p.profile, mapping, &p.okta_id);
                (Resource::User, built, Some(p.login.clone()), None)
            }
            (PutOf::Named(PutName::Password), Subject::Person(p)) => (
                Resource::User,
                body::put_password(&base, &p.password),
                None,
                None,
            ),
            (PutOf::Named(PutName::Group), Subject::Group(g)) => {
                let built = body::put_group(&base, &g.name, &g.members);
                (Resource::Group, built, Some(g.name.clone()), Some(g.ids()))
            }
            _ => return Ok(()),
        };
        let Built { body, sets } = built;
        let request = self
            .client()
            .send_json(Method::Put, one(resource, &id), &body);
        let change = members.clone().map(MemberChange::Replace);
        let intent = Intent::Update {
            resource,
            id,
            name,
            base: Some(base),
            sets,
            members: change,
        };
        self.send(template, request, intent).await?;
        self.succeeded(
            template,
            matches!(of, PutOf::Named(PutName::Profile)).then_some(()),
            members.map(|ids| ids.into_iter().collect()),
        );
        Ok(())
    }

    async fn patch(&mut self, template: &Template, of: &PatchOf) -> Result<(), Trouble> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        match (of, self.subject) {
            (PatchOf::Active { active }, _) => {
                self.patch_one(
                    template,
                    Resource::User,
                    id,
                    body::patch_active(*active),
                    None,
                )
                .await
            }
            (PatchOf::Named(PatchName::Password), Subject::Person(p)) => {
                self.patch_one(
                    template,
                    Resource::User,
                    id,
                    body::patch_password(&p.password),
                    None,
                )
                .await
            }
            (PatchOf::Named(PatchName::Profile), Subject::Person(p)) => {
                let built = body::patch_profile(&p.profile, &self.settings.apps.mapping);
                self.patch_one(template, Resource::User, id, built, Some(p.login.clone()))
                    .await?;
                self.effects
                    .push(Effect::PushedProfile { key: p.key.clone() });
                Ok(())
            }
            (PatchOf::Named(PatchName::Name), Subject::Group(g)) => {
                let built = body::patch_group_name(&id, &g.name);
                self.patch_one(template, Resource::Group, id, built, Some(g.name.clone()))
                    .await?;
                self.succeeded(template, None, None);
                Ok(())
            }
            (PatchOf::Named(PatchName::Members), Subject::Group(g)) => {
                self.patch_delta(template, &id, g).await
            }
            (PatchOf::Named(PatchName::AllMembers), Subject::Group(g)) => {
                self.patch_all(template, &id, g).await
            }
            _ => Ok(()),
        }
    }

    async fn patch_one(
        &mut self,
        template: &Template,
        resource: Resource,
        id: String,
        built: Built,
        name: Option<String>,
    ) -> Result<(), Trouble> {
        let request = self
            .client()
            .send_json(Method::Patch, one(resource, &id), &built.body);
        let intent = Intent::Update {
            resource,
            id,
            name,
            base: None,
            sets: built.sets,
            members: None,
        };
        self.send(template, request, intent).await.map(|_| ())
    }

    /// Removes and adds since the last push. A batch counts both: the OIN Manager asked for the number of
    /// membership changes in a PATCH.
    async fn patch_delta(
        &mut self,
        template: &Template,
        id: &str,
        group: &GroupCard,
    ) -> Result<(), Trouble> {
        let batch = self.settings.apps.member_batch;
        // On a first push or a new link everything is new: what the target's group held before stays (test plan C9315).
        let mut believed = group.pushed.clone();
        let removed = group.removed();
        let added = group.added();
        for start in (0..removed.len() + added.len()).step_by(batch) {
            let remove: Vec<String> = removed.iter().skip(start).take(batch).cloned().collect();
            let add: Vec<Member> = added
                .iter()
                .skip(start.saturating_sub(removed.len()))
                .take(batch - remove.len())
                .cloned()
                .collect();
            let change = MemberChange::Delta {
                remove: remove.iter().cloned().collect(),
                add: add.iter().map(|m| m.id.clone()).collect(),
            };
            believed.retain(|id| !remove.contains(id));
            believed.extend(add.iter().map(|m| m.id.clone()));
            self.patch_members(template, id, &body::patch_members(&remove, &add), change)
                .await?;
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
        let batch = self.settings.apps.member_batch;
        let mut first = true;
        let mut rest = group.members.as_slice();
        while first || !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(batch));
            let ids: BTreeSet<String> = now.iter().map(|m| m.id.clone()).collect();
            let (body, change) = if first {
                (body::patch_all_members(now), MemberChange::Replace(ids))
            } else {
                (
                    body::patch_members(&[], now),
                    MemberChange::Delta {
                        remove: BTreeSet::new(),
                        add: ids,
                    },
                )
            };
            self.patch_members(template, id, &body, change).await?;
            (first, rest) = (false, later);
        }
        self.effects.push(Effect::PushedGroup {
            key: group.key.clone(),
            name: None,
            members: Some(group.members.iter().map(|m| m.id.clone()).collect()),
        });
        Ok(())
    }

    async fn patch_members(
        &mut self,
        template: &Template,
        id: &str,
        body: &Value,
        change: MemberChange,
    ) -> Result<(), Trouble> {
        let request = self
            .client()
            .send_json(Method::Patch, one(Resource::Group, id), body);
        let intent = Intent::Update {
            resource: Resource::Group,
            id: id.to_owned(),
            name: None,
            base: None,
            sets: Vec::new(),
            members: Some(change),
        };
        self.send(template, request, intent).await.map(|_| ())
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

    async fn send_any(
        &mut self,
        template: &Template,
        request: Request,
        intent: Intent,
    ) -> Result<Exchange, Trouble> {
        let method = request.method;
        let call = Call {
            job: Some(self.job.name.clone()),
            slot: Some(template.slot.clone()),
            evidence: template.evidence.of(self.settings.app),
            request,
            intent,
        };
        self.line.send(call).await.map_err(|why| {
            let text = match &why {
                NotSent::AnswerLost => "Read timed out",
                _ => "",
            };
            self.trouble(template, method, Cause::NotSent(why), text)
        })
    }

    async fn send(
        &mut self,
        template: &Template,
        request: Request,
        intent: Intent,
    ) -> Result<Exchange, Trouble> {
        let exchange = self.send_any(template, request, intent).await?;
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
            evidence: template.evidence.of(self.settings.app),
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
