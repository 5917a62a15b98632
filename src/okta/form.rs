//! The form of a job's requests: what they hold, under the variants that are on, and what they are meant to do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::app::{Apps, Verb};
use super::body::{self, Built, Member, Push};
use super::job::{PatchName, PatchOf, PutName, PutOf};
use super::request::{Client, Document, Intent, MemberChange, Resource, one};
use super::task::{GroupCard, Subject};
use super::{App, Variant, Variants};
use crate::exchange::{Method, Request};

/// A request with what it means.
pub(super) type Formed = (Request, Intent);

/// Forms requests as one kind of app does, under variants.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) client: &'a Client,
    pub(super) apps: &'a Apps,
    pub(super) app: App,
    pub(super) variants: Variants,
}

/// A part of a change of members that goes in one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) remove: Vec<String>,
    pub(super) add: Vec<Member>,
}

impl Form<'_> {
    pub(super) fn list(&self, resource: Resource, start_index: u64, count: u64) -> Formed {
        let intent = Intent::List {
            resource,
            start_index,
            count,
        };
        (self.client.list(resource, start_index, count), intent)
    }

    pub(super) fn discover(&self, document: &Document) -> Formed {
        let request = self.client.discover(document, self.variants);
        (request, Intent::Discover(document.clone()))
    }

    pub(super) fn look_up(&self, subject: &Subject) -> Option<Formed> {
        let (resource, name, request) = match subject {
            Subject::Person(p) => {
                let email = p.profile.get("email").and_then(Value::as_str);
                let request = self.client.look_up_user(&p.login, email, self.variants);
                (Resource::User, &p.login, request)
            }
            Subject::Group(g) => {
                let request = self.client.look_up(Resource::Group, &g.name, self.variants);
                (Resource::Group, &g.name, request)
            }
            Subject::App => return None,
        };
        let name = name.clone();
        Some((request, Intent::LookUp { resource, name }))
    }

    pub(super) fn create(&self, subject: &Subject) -> Option<Formed> {
        let (resource, name, built, members) = match subject {
            Subject::Person(p) => {
                let built = body::create_user(
                    &p.profile,
                    &self.apps.mapping,
                    &p.okta_id,
                    &p.password,
                    self.variants,
                );
                (Resource::User, &p.login, built, BTreeSet::new())
            }
            Subject::Group(g) => {
                let is_empty = self.variants.has(Variant::CreateGroupEmpty)
                    && self.apps.traits(self.app).groups == Verb::Patch;
                let members = if is_empty { &[] } else { g.members.as_slice() };
                let built = body::create_group(&g.name, members, self.variants);
                (Resource::Group, &g.name, built, ids_of(members))
            }
            Subject::App => return None,
        };
        let endpoint = resource.endpoint().to_owned();
        let request = self.client.send_json(Method::Post, endpoint, &built.body);
        let intent = Intent::Create {
            resource,
            name: name.clone(),
            sent: built.body,
            sets: built.sets,
            members,
        };
        Some((request, intent))
    }

    pub(super) fn read(&self, resource: Resource, id: &str) -> Formed {
        let id = id.to_owned();
        let request = self.client.read(resource, &id);
        (request, Intent::Read { resource, id })
    }

    pub(super) fn delete_group(&self, id: &str) -> Formed {
        let resource = Resource::Group;
        let request = self.client.request(Method::Delete, one(resource, id), None);
        let id = id.to_owned();
        (request, Intent::Delete { resource, id })
    }

    pub(super) fn put(
        &self,
        of: &PutOf,
        subject: &Subject,
        id: &str,
        base: &Value,
    ) -> Option<Formed> {
        let (mapping, variants) = (&self.apps.mapping, self.variants);
        let (resource, built, name, members) = match (of, subject) {
            (PutOf::Active { active }, Subject::Person(p)) => {
                let built = body::put_active(base, *active, &p.okta_id, variants);
                (Resource::User, built, None, None)
            }
            (PutOf::Named(name @ (PutName::Profile | PutName::Link)), Subject::Person(p)) => {
                let push = match name {
                    PutName::Link => Push::Link,
                    _ => Push::Change,
                };
                let (profile, okta_id) = (&p.profile, &p.okta_id);
                let built = body::put_profile(base, profile, mapping, okta_id, push, variants);
                (Resource::User, built, Some(&p.login), None)
            }
            (PutOf::Named(PutName::Password), Subject::Person(p)) => {
                let built = body::put_password(base, &p.password);
                (Resource::User, built, None, None)
            }
            (PutOf::Named(name @ (PutName::GroupName | PutName::Group)), Subject::Group(g)) => {
                let members = match name {
                    PutName::GroupName => body::kept_and_missing(base, &g.members),
                    _ => g.members.clone(),
                };
                let built = body::put_group(base, id, &g.name, &members, variants);
                let members = ids_of(&members);
                (Resource::Group, built, Some(&g.name), Some(members))
            }
            _ => return None,
        };
        // What a PUT leaves out, a server may drop (RFC 7644, 3.5.1).
        let reduced = match resource {
            Resource::User => None,
            Resource::Group => Some(only_what_is_sent(base, &built.body)),
        };
        let update = Update {
            resource,
            id,
            name,
            base: Some(reduced.as_ref().unwrap_or(base)),
            members: members.map(MemberChange::Replace),
        };
        Some(self.update(Method::Put, built, update))
    }

    /// The PATCH of something that goes in one request; members may need several.
    pub(super) fn patch(&self, of: &PatchOf, subject: &Subject, id: &str) -> Option<Formed> {
        let variants = self.variants;
        let (resource, built, name) = match (of, subject) {
            (PatchOf::Active { active }, Subject::Person(_)) => {
                let built = body::patch_active(id, *active, variants);
                (Resource::User, built, None)
            }
            (PatchOf::Named(PatchName::Password), Subject::Person(p)) => {
                let built = body::patch_password(&p.password, variants);
                (Resource::User, built, None)
            }
            (PatchOf::Named(PatchName::Profile), Subject::Person(p)) => {
                let built = body::patch_profile(&p.profile, &self.apps.mapping, variants);
                (Resource::User, built, Some(&p.login))
            }
            (PatchOf::Named(PatchName::Name), Subject::Group(g)) => {
                let built = body::patch_group_name(id, &g.name);
                (Resource::Group, built, Some(&g.name))
            }
            _ => return None,
        };
        let update = Update {
            resource,
            id,
            name,
            base: None,
            members: None,
        };
        Some(self.update(Method::Patch, built, update))
    }

    /// The requests that a change of members is cut into. A batch counts removes and adds: the OIN Manager asked for
    /// the number of membership changes in a PATCH.
    pub(super) fn batches(&self, removed: &[String], added: &[Member]) -> Vec<Batch> {
        let size = self.variants.member_batch(self.apps.member_batch);
        let mut batches: Vec<Batch> = removed
            .chunks(size)
            .map(|remove| Batch {
                remove: remove.to_vec(),
                add: Vec::new(),
            })
            .collect();
        let mut rest = added;
        if let Some(last) = batches.last_mut()
            && !self.variants.has(Variant::SplitMembers)
        {
            let room = rest.len().min(size.saturating_sub(last.remove.len()));
            let (now, later) = rest.split_at(room);
            last.add = now.to_vec();
            rest = later;
        }
        batches.extend(rest.chunks(size).map(|add| Batch {
            remove: Vec::new(),
            add: add.to_vec(),
        }));
        batches
    }

    pub(super) fn patch_members(&self, id: &str, batch: &Batch) -> Formed {
        let built = Built {
            body: body::patch_members(&batch.remove, &batch.add, self.variants),
            sets: Vec::new(),
        };
        let change = MemberChange::Delta {
            remove: batch.remove.iter().cloned().collect(),
            add: ids_of(&batch.add),
        };
        self.update(Method::Patch, built, Update::members(id, change))
    }

    /// The replacement that a full push begins with: the first batch of all members.
    pub(super) fn replace_members(&self, id: &str, group: &GroupCard) -> Formed {
        let first = self.first_batch(group);
        let built = body::patch_all_members(id, &group.name, first, self.variants);
        let change = MemberChange::Replace(ids_of(first));
        let update = Update {
            name: (!built.sets.is_empty()).then_some(&group.name),
            ..Update::members(id, change)
        };
        self.update(Method::Patch, built, update)
    }

    /// The members that a full push replaces the others with; the rest is added to them.
    pub(super) fn first_batch<'g>(&self, group: &'g GroupCard) -> &'g [Member] {
        let size = self.variants.member_batch(self.apps.member_batch);
        group.members.get(..size).unwrap_or(&group.members)
    }

    fn update(&self, method: Method, built: Built, update: Update<'_>) -> Formed {
        let target = one(update.resource, update.id);
        let request = self.client.send_json(method, target, &built.body);
        let intent = Intent::Update {
            resource: update.resource,
            id: update.id.to_owned(),
            name: update.name.cloned(),
            base: update.base.cloned(),
            sets: built.sets,
            members: update.members,
        };
        (request, intent)
    }
}

/// What an update is about.
struct Update<'a> {
    resource: Resource,
    id: &'a str,
    name: Option<&'a String>,
    base: Option<&'a Value>,
    members: Option<MemberChange>,
}

impl<'a> Update<'a> {
    fn members(id: &'a str, change: MemberChange) -> Self {
        Self {
            resource: Resource::Group,
            id,
            name: None,
            base: None,
            members: Some(change),
        }
    }
}

/// Of what the target has shown, the attributes that `sent` has as well.
fn only_what_is_sent(base: &Value, sent: &Value) -> Value {
    let shown = base.as_object().into_iter().flatten();
    let shown = shown.filter(|(key, _)| sent.get(key).is_some());
    Value::Object(
        shown
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn ids_of(members: &[Member]) -> BTreeSet<String> {
    members.iter().map(|m| m.id.clone()).collect()
}
