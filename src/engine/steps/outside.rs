//! What is done behind Okta's back, in the product itself.

use serde_json::{Map, Value, json};

use crate::okta::body;
use crate::okta::request::Resource;
use crate::scenario::Outside;
use crate::scenario::placeholder::Template;

use super::super::answers::Look;
use super::super::judge::status_word;
use super::super::session::Place;
use super::super::target::Settling;
use super::{BrokenOff, Running, broken_off};

/// Something done to one that is there.
struct Known {
    resource: Resource,
    id: String,
}

impl Running<'_> {
    /// Has an operation carried out, and takes from the target how things are now.
    pub(super) async fn outside(
        &mut self,
        outside: &Outside,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let key = outside.key();
        match outside {
            Outside::CreateUser(_, attributes) => {
                let user = self.user(key, attributes)?;
                let name = text_of(&user, "userName");
                self.note_before(Resource::User, &name)?;
                let answer = self.perform(outside, "user", None, user).await?;
                self.appeared(Resource::User, key, &name, &answer, place)
                    .await
            }
            Outside::CreateGroup(_) => {
                let members = self.members_of(key)?;
                let group = self.org.groups.get(key);
                let name = group.map(|g| g.name.clone()).unwrap_or_default();
                self.note_before(Resource::Group, &name)?;
                let listed: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
                let group = json!({"displayName": name, "members": listed});
                let answer = self.perform(outside, "group", None, group).await?;
                self.appeared(Resource::Group, key, &name, &answer, place)
                    .await?;
                self.note_members(key, |there| there.extend(members));
                Ok(())
            }
            Outside::UpdateUser(_, changes) | Outside::UpdateGroup(_, changes) => {
                let known = self.known(outside)?;
                let changes = self.filled(changes)?;
                let name = text_of(&changes, known.resource.name_attribute());
                self.perform(outside, "changes", Some(&known), changes)
                    .await?;
                self.renamed(&known, &name);
                self.learn(known.resource, &known.id, place).await.map(drop)
            }
            Outside::AddMembers(_, members) | Outside::RemoveMembers(_, members) => {
                let known = self.known(outside)?;
                let ids: Vec<String> = members.iter().filter_map(|m| self.last_id(m)).collect();
                self.perform(outside, "members", Some(&known), json!(ids))
                    .await?;
                let joins = matches!(outside, Outside::AddMembers(..));
                self.note_members(key, |there| {
                    for id in ids {
                        if joins {
                            there.insert(id);
                        } else {
                            there.remove(&id);
                        }
                    }
                });
                self.learn(known.resource, &known.id, place).await.map(drop)
            }
            Outside::DeleteUser(_) | Outside::DeleteGroup(_) => {
                let known = self.known(outside)?;
                self.perform(outside, "", Some(&known), Value::Null).await?;
                self.disappeared(&known, place).await
            }
        }
    }

    /// What the insider is about to make is the run's to remove, whatever becomes of the answer.
    fn note_before(&self, resource: Resource, name: &str) -> Result<(), BrokenOff> {
        let session = &self.stage.session;
        session.note_name_sent(resource, name);
        if resource == Resource::User {
            let taken = session.take_user_place();
            taken.map_err(|why| BrokenOff(why.to_owned()))?;
        }
        session.ledger.sending(resource, name).map_err(|why| {
            session.run.cannot_note(why);
            BrokenOff(session.run.why_stopped().to_owned())
        })
    }

    /// The one that an operation is about, which must be the run's own.
    fn known(&self, outside: &Outside) -> Result<Known, BrokenOff> {
        let key = outside.key();
        let resource = if self.org.groups.contains_key(key) {
            Resource::Group
        } else {
            Resource::User
        };
        let id = self.last_id(key);
        let id = id.ok_or_else(|| BrokenOff(format!("{key} has no id at the target")))?;
        if !self.stage.session.ledger.owns(resource, &id) {
            return Err(BrokenOff(format!("{key} was not made by this run")));
        }
        Ok(Known { resource, id })
    }

    /// Sends one operation to the insider; the answer, when it is a good one.
    async fn perform(
        &self,
        outside: &Outside,
        field: &str,
        known: Option<&Known>,
        value: Value,
    ) -> Result<Value, BrokenOff> {
        let name = outside.operation();
        let insider = self.stage.insider.as_ref();
        let insider =
            insider.ok_or_else(|| BrokenOff(format!("nobody can {name} behind Okta's back")))?;
        let mut operation = Map::from_iter([("operation".to_owned(), name.into())]);
        if let Some(Known { resource, id }) = known {
            operation.insert("id".to_owned(), id.as_str().into());
            let called = self
                .stage
                .session
                .with_book(|book| book.get(*resource, id).map(|account| account.name.clone()));
            operation.insert(resource.name_attribute().to_owned(), called.into());
        }
        if !field.is_empty() {
            operation.insert(field.to_owned(), value);
        }
        let operation = Value::Object(operation);
        let run = &self.stage.session.run;
        // Whoever wants the run to stop does not wait for a hook either.
        let answer = run.or_stopped(insider.perform(&operation)).await;
        self.stage.session.forget_last_reads(None);
        let answer = answer.ok_or_else(|| BrokenOff(run.why_stopped().to_owned()))?;
        let answer =
            answer.map_err(|why| BrokenOff(format!("{name} behind Okta's back: {why}")))?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            return Ok(answer);
        }
        let word = text_of(&answer, "error");
        let why = match (word.as_str(), text_of(&answer, "message")) {
            ("unknown-operation", _) => "the hook does not offer it".to_owned(),
            ("", message) if message.is_empty() => "the answer has no \"ok\": true".to_owned(),
            (word, message) => format!("{word}: {message}"),
        };
        Err(BrokenOff(format!("{name} behind Okta's back: {why}")))
    }

    /// A person as somebody would type them into a form: login, names, e-mail.
    fn user(&self, key: &str, attributes: &Map<String, Value>) -> Result<Value, BrokenOff> {
        let person = self.org.people.get(key);
        let person = person.ok_or_else(|| BrokenOff(format!("nobody is called {key}")))?;
        let of = |name: &str| person.profile.get(name).cloned().unwrap_or_default();
        let mut user = json!({
            "schemas": [body::USER],
            "userName": person.login,
            "name": {"givenName": of("firstName"), "familyName": of("lastName")},
            "emails": [{"value": of("email"), "type": "work", "primary": true}],
            "active": true,
        });
        let attributes = self.filled(attributes)?;
        if let (Some(user), Value::Object(attributes)) = (user.as_object_mut(), attributes) {
            user.extend(attributes);
            user.retain(|_, value| !value.is_null());
        }
        Ok(user)
    }

    /// Attributes with the placeholders in their texts filled in.
    fn filled(&self, attributes: &Map<String, Value>) -> Result<Value, BrokenOff> {
        let filled = attributes
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.filled_value(value)?)));
        filled
            .collect::<Result<Map<_, _>, BrokenOff>>()
            .map(Value::Object)
    }

    fn filled_value(&self, value: &Value) -> Result<Value, BrokenOff> {
        Ok(match value {
            // Most texts hold no placeholder at all.
            Value::String(text) if Template::parse(text).is_ok() => self.fill(text)?.into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.filled_value(item))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
            Value::Object(attributes) => self.filled(attributes)?,
            other => other.clone(),
        })
    }

    /// Something is there that was not: the run's own from now on.
    async fn appeared(
        &mut self,
        resource: Resource,
        key: &str,
        name: &str,
        answer: &Value,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let id = text_of(answer, "id");
        if id.is_empty() {
            return Err(BrokenOff(format!(
                "the answer to the making of {key} has no \"id\""
            )));
        }
        let session = &*self.stage.session;
        // The run may own the same id in another tenant.
        let known = session.with_book(|book| book.get(resource, &id).is_some_and(|a| !a.gone));
        if known || session.ledger.knows_as_foreign(resource, &id) {
            return Err(BrokenOff(format!(
                "the id of {key} was there before it was made"
            )));
        }
        session.take_over(resource, &id, name);
        self.learn(resource, &id, place).await?;
        // It was there long before Okta looks.
        self.wait_for(resource, &id, place).await?;
        self.ids.entry(key.to_owned()).or_default().push(id);
        Ok(())
    }

    /// It must be gone for SCIM, too; otherwise what follows would be about something else.
    async fn disappeared(&mut self, known: &Known, place: &Place) -> Result<(), BrokenOff> {
        let Known { resource, id } = known;
        let session = &*self.stage.session;
        let mut settling = Settling::new(session.run.settle_for("outside"));
        loop {
            let sent = session
                .read(*resource, id, Look::Fresh, place)
                .await
                .map_err(broken_off)?;
            if matches!(sent.exchange.status(), Some(404 | 410)) {
                break;
            }
            if !settling.again().await {
                return Err(BrokenOff(format!(
                    "deleted behind Okta's back, and the {} is still answered {}",
                    resource.word(),
                    status_word(&sent.exchange)
                )));
            }
        }
        session.with_book(|book| {
            if let Some(account) = book.get_mut(*resource, id) {
                account.gone = true;
            }
            for group in book.groups_of(id) {
                if let Some(group) = book.get_mut(Resource::Group, &group) {
                    group.members.remove(id);
                }
            }
        });
        session.ledger.release(*resource, id);
        Ok(())
    }

    fn renamed(&self, known: &Known, name: &str) {
        self.stage.session.with_book(|book| {
            if let Some(account) = book
                .get_mut(known.resource, &known.id)
                .filter(|account| !name.is_empty() && account.name != name)
            {
                account.former_name = Some(std::mem::replace(&mut account.name, name.to_owned()));
            }
        });
    }

    fn note_members(&self, key: &str, work: impl FnOnce(&mut std::collections::BTreeSet<String>)) {
        let Some(id) = self.last_id(key) else { return };
        self.stage.session.with_book(|book| {
            if let Some(group) = book.get_mut(Resource::Group, &id) {
                work(&mut group.members);
            }
        });
    }
}

fn text_of(object: &Value, name: &str) -> String {
    let text = object.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
