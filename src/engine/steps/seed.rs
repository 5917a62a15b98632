//! Accounts and groups that are at the target before Okta looks for them, made by plain requests.

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};

use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::body::{self, Built};
use crate::okta::drive::NotSent;
use crate::okta::org::{Person, Pushed};
use crate::okta::reading::{self, Match};
use crate::okta::request::{Call, Intent, Resource};
use crate::verdict::Origin;

use super::super::answers::Look;
use super::super::judge::status_word;
use super::super::session::{Place, Sent, observer_call};
use super::super::target::Settling;
use super::{BrokenOff, Running, broken_off};

/// Requests at the same time: a crowd of thousands should not take all day.
const AT_ONCE: usize = 16;
/// Up to so many are read back one by one, for the judge to know all about them.
const READ_BACK: usize = 20;

/// What was asked for, the answer, and the id that it got.
struct Made {
    key: String,
    sent: Sent,
    id: String,
}

impl Running<'_> {
    /// Makes the accounts and groups of `keys`. They are not judged, except for members that are lost: what is made like
    /// this stands for what was there before Okta came, or `linked`, for what Okta made long ago.
    pub(super) async fn seed(
        &mut self,
        keys: &[String],
        linked: bool,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let (groups, people): (Vec<_>, Vec<_>) = keys
            .iter()
            .partition(|key| self.org.groups.contains_key(*key));
        let calls = people.into_iter().filter_map(|key| {
            let person = self.org.people.get(key)?;
            Some((key.clone(), self.account(person, linked)))
        });
        let made = self.make(calls.collect(), Resource::User, place).await?;
        for Made { key, id, .. } in made {
            if let Some(person) = self.org.people.get_mut(&key).filter(|_| linked) {
                person.link = Some(id.clone());
            }
            self.ids.entry(key).or_default().push(id);
        }
        let mut calls = Vec::new();
        for key in groups {
            calls.extend(self.group(key, linked)?.map(|call| (key.clone(), call)));
        }
        let made = self.make(calls, Resource::Group, place).await?;
        for Made { key, sent, id } in made {
            let members: Vec<String> = self.members_of(&key)?;
            self.stage.session.with_book(|book| {
                if let Some(account) = book.get_mut(Resource::Group, &id) {
                    account.members = members.iter().cloned().collect();
                }
            });
            let wanted = members.iter().cloned().collect();
            let session = &self.stage.session;
            session.judge_made_members(&id, &wanted, &sent, place);
            if let Some(group) = self.org.groups.get_mut(&key).filter(|_| linked) {
                group.link = Some(id.clone());
                group.pushed = Pushed {
                    name: Some(group.name.clone()),
                    members: members.into_iter().collect(),
                };
            }
            self.ids.entry(key).or_default().push(id);
        }
        Ok(())
    }

    /// `POST /Users`: of an account that Okta has never seen, without what only Okta sends.
    fn account(&self, person: &Person, linked: bool) -> Call {
        let mapping = &self.stage.behaviour.apps.mapping;
        let profile = person.full_profile();
        let Built { mut body, sets } = body::create_user(
            &profile,
            mapping,
            &person.okta_id,
            &person.password,
            self.stage.variants,
        );
        if let Some(body) = body.as_object_mut().filter(|_| !linked) {
            for okta_s in ["externalId", "groups", "password"] {
                body.shift_remove(okta_s);
            }
        }
        self.create(Resource::User, &person.login, body, sets)
    }

    /// `POST /Groups`, with its members.
    fn group(&self, key: &str, linked: bool) -> Result<Option<Call>, BrokenOff> {
        let Some(group) = self.org.groups.get(key) else {
            return Ok(None);
        };
        if linked && group.members.iter().any(|m| self.last_id(m).is_none()) {
            let why = format!("not all members of {key} are at the target");
            return Err(BrokenOff(why));
        }
        let members: Vec<Value> = self
            .members_of(key)?
            .into_iter()
            .map(|id| json!({"value": id}))
            .collect();
        let body = json!({"schemas": [body::GROUP], "displayName": group.name, "members": members});
        Ok(Some(self.create(
            Resource::Group,
            &group.name,
            body,
            Vec::new(),
        )))
    }

    /// Ids of those members who are at the target.
    pub(super) fn members_of(&self, key: &str) -> Result<Vec<String>, BrokenOff> {
        let group = self.org.groups.get(key);
        let group = group.ok_or_else(|| BrokenOff(format!("no group is called {key}")))?;
        Ok(group
            .members
            .iter()
            .filter_map(|m| self.last_id(m))
            .collect())
    }

    fn create(
        &self,
        resource: Resource,
        name: &str,
        body: Value,
        sets: Vec<crate::okta::request::Set>,
    ) -> Call {
        let client = &self.stage.session.client;
        let request = client.send_json(Method::Post, resource.endpoint().to_owned(), &body);
        let intent = Intent::Create {
            resource,
            name: name.to_owned(),
            sent: body,
            sets,
            members: std::collections::BTreeSet::new(),
        };
        observer_call(request, intent)
    }

    /// Sends the creates, and takes what they made for the run's own.
    async fn make(
        &self,
        calls: Vec<(String, Call)>,
        resource: Resource,
        place: &Place,
    ) -> Result<Vec<Made>, BrokenOff> {
        let session = &*self.stage.session;
        let read_back = calls.len() <= READ_BACK;
        let sending = calls.into_iter().map(|(key, call)| async move {
            let sent = session.perform(&call, Origin::Setup, place).await;
            let sent = sent.map_err(broken_off)?;
            let response = sent.exchange.response().filter(|r| r.is_success());
            let id = response.and_then(|r| r.json()).and_then(reading::id_of);
            let Some(id) = id else {
                let why = match response {
                    Some(_) => "the answer names no id".to_owned(),
                    None => status_word(&sent.exchange),
                };
                return Err(BrokenOff(format!(
                    "{key} could not be made at the target: {why}"
                )));
            };
            let Intent::Create { name, .. } = &call.intent else {
                return Err(broken_off(NotSent::NotOurs));
            };
            if session.whose(resource, &id, name, &sent).is_some() {
                return Err(broken_off(NotSent::NotOurs));
            }
            session.take_over(resource, &id, name);
            if read_back {
                self.learn(resource, &id, place).await?;
            }
            Ok(Made { key, sent, id })
        });
        let mut all = stream::iter(sending).buffered(AT_ONCE);
        let mut made = Vec::new();
        while let Some(one) = all.next().await {
            made.push(one?);
        }
        if let Some(last) = made.last() {
            self.wait_for(resource, &last.id, place).await?;
        }
        Ok(made)
    }

    /// Waits until a look-up finds what was there long ago as far as Okta is concerned, or until a write has had its
    /// time to become visible.
    pub(super) async fn wait_for(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let session = &*self.stage.session;
        let name = session.with_book(|book| book.get(resource, id).map(|a| a.name.clone()));
        let Some(name) = name else { return Ok(()) };
        let mut settling = Settling::new(session.run.settle_for("seed"));
        let mut look = Look::Known;
        loop {
            let found = session.find(resource, &name, look, place).await;
            look = Look::Fresh;
            let (found, _) = found.map_err(broken_off)?;
            if found != Match::None || !settling.again().await {
                return Ok(());
            }
        }
    }

    /// Reads a resource, so that the judge knows how it is now.
    pub(super) async fn learn(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<bool, BrokenOff> {
        self.learn_as(resource, id, place, Evidence::Recorded).await
    }

    /// The same, of what came to be by requests of which no more than this is known.
    pub(super) async fn learn_as(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<bool, BrokenOff> {
        let session = &*self.stage.session;
        let now = session.get_as(resource, id, place, evidence).await;
        let now = now.map_err(broken_off)?;
        let there = now.is_some();
        session.with_book(|book| {
            if let Some(account) = book.get_mut(resource, id) {
                account.state = now.map(|(_, state)| state);
            }
        });
        Ok(there)
    }
}
