//! Reads back after every write, by id and by name, and compares with what must hold.

mod configuration;
mod create;
mod differences;
mod discovery;
mod find;
mod gone;
mod import;
mod lost;
mod members;
mod read_back;
mod trouble;
mod update;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::exchange::{Exchange, SendError};
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Intent, MemberChange, Resource, Set};
use crate::verdict::Origin;

use super::answers::Look;
use super::book::Subject;
use super::session::{Context, Place, Sent, Session, observer_call};

pub(crate) use self::differences::{active_facet, place_name};
pub(in crate::engine) use self::discovery::Read;
pub use self::find::LETTER_CASE;
pub use self::import::Imported;
pub(crate) use self::members::{form as membership_form, membership_seen};
pub use self::trouble::{is_honest, refusal_of};
pub(in crate::engine) use self::update::Updated;
pub(crate) use self::update::changed;

/// What a write was, for the judge.
#[derive(Clone, Copy)]
struct Write<'a> {
    call: &'a Call,
    sent: &'a Sent,
    place: &'a Place,
    /// What the same job has sent before of the same group, if it is judged together with this.
    earlier: &'a [Updated],
}

/// What an update was to change.
struct Change<'a> {
    name: Option<&'a str>,
    base: Option<&'a Value>,
    sets: &'a [Set],
    members: Option<&'a MemberChange>,
}

impl Change<'_> {
    /// The state flag that it sets, if it does.
    fn active(&self) -> Option<bool> {
        self.sets
            .iter()
            .find(|s| s.at.attribute() == "active")
            .and_then(|s| s.value.as_bool())
    }
}

impl Session {
    /// Looks at the outcome of one of Okta's calls in the light of everything known.
    ///
    /// # Errors
    /// When Okta would now go on with a resource that is not ours.
    pub async fn judge(&self, call: &Call, sent: &Sent, place: &Place) -> Result<(), NotSent> {
        let write = Write {
            call,
            sent,
            place,
            earlier: &[],
        };
        match &call.intent {
            Intent::LookUp { resource, name } => self.judge_look_up(*resource, name, write).await,
            Intent::Create {
                resource,
                name,
                sets,
                members,
                ..
            } => {
                self.judge_create(*resource, name, sets, members, write)
                    .await
            }
            Intent::Update {
                resource,
                id,
                name,
                base,
                sets,
                members,
            } => {
                let change = Change {
                    name: name.as_deref(),
                    base: base.as_ref(),
                    sets,
                    members: members.as_ref(),
                };
                self.judge_update(*resource, id, &change, write).await
            }
            Intent::Delete { resource, id } => self.judge_delete(*resource, id, write).await,
            Intent::Read { resource, id } => {
                self.judge_gone(*resource, id, write);
                Ok(())
            }
            Intent::List { .. } | Intent::Discover(_) | Intent::Literal => Ok(()),
        }
    }

    fn context<'a>(&self, write: Write<'a>, sent: &'a Sent, subjects: Vec<Subject>) -> Context<'a> {
        Context {
            cause: Some(&write.call.request),
            ..Context::new(write.place, sent, subjects, write.call.evidence)
        }
    }

    /// Reads one by id.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn read(
        &self,
        resource: Resource,
        id: &str,
        look: Look,
        place: &Place,
    ) -> Result<Sent, NotSent> {
        self.observed(self.reading(resource, id), look, place).await
    }

    /// The read of one by its id.
    fn reading(&self, resource: Resource, id: &str) -> Call {
        let intent = Intent::Read {
            resource,
            id: id.to_owned(),
        };
        observer_call(self.client.read(resource, id), intent)
    }

    /// Sends a read of the judge's own, unless its answer is known.
    async fn observed(&self, call: Call, look: Look, place: &Place) -> Result<Sent, NotSent> {
        let held = (look == Look::Known).then(|| self.held(&call.request));
        match held.flatten() {
            Some(sent) => Ok(sent),
            None => self.perform(&call, Origin::Observe, place).await,
        }
    }

    /// Reads one by id; `None` when there is no such answer.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn get(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
    ) -> Result<Option<(Sent, Value)>, NotSent> {
        self.get_as(resource, id, place, Evidence::Recorded).await
    }

    /// The same, of something that came to be as it is by requests of which no more than this is known: what looks
    /// wrong about it may never look so to Okta.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn get_as(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<Option<(Sent, Value)>, NotSent> {
        let call = Call {
            evidence,
            ..self.reading(resource, id)
        };
        let sent = self.observed(call, Look::Known, place).await?;
        let json = good(&sent.exchange).cloned();
        Ok(json.map(|json| (sent, json)))
    }
}

/// The body of a successful answer.
fn good(exchange: &Exchange) -> Option<&Value> {
    exchange
        .response()
        .filter(|r| r.is_success())
        .and_then(|r| r.json())
}

/// Whether the target has said that it did what was asked, even if nobody has read more of its answer.
fn is_success(exchange: &Exchange) -> bool {
    exchange
        .status()
        .or_else(|| unread_status(exchange))
        .is_some_and(|status| (200..300).contains(&status))
}

/// The status of an answer that got lost.
fn unread_status(exchange: &Exchange) -> Option<u16> {
    match exchange.outcome {
        Err(SendError::AnswerLost { status }) => status,
        _ => None,
    }
}

/// Whether two names are one for a service provider: case does not count, nor does the Unicode form.
fn same_name(a: &str, b: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    a.to_lowercase().nfc().eq(b.to_lowercase().nfc())
}

pub(in crate::engine) fn names_it(resource: &Value, kind: Resource, name: &str) -> bool {
    resource
        .get(kind.name_attribute())
        .and_then(Value::as_str)
        .is_some_and(|n| same_name(n, name))
}

fn member_set(group: &Value) -> BTreeSet<String> {
    crate::check::frame::members(group)
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// Status and reason phrase, or why there is no status.
#[must_use]
pub fn status_word(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Ok(response) => format!("{} {}", response.status, reading::reason(response.status)),
        Err(SendError::AnswerLost {
            status: Some(status),
        }) => format!("{status} {}, unread", reading::reason(*status)),
        Err(error) => error.to_string(),
    }
}

fn show(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(120) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}
