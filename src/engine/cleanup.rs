//! Removes what a run has made: groups first, the newest first.
//!
//! Whose a resource is, is proven before its deletion is sent; and it is gone when a read of it says so, whatever the
//! deletion was answered with, or when success has always meant that it is. Everything else is left behind, and told.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::exchange::Method;
use crate::okta::Variants;
use crate::okta::body;
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Match};
use crate::okta::request::{Intent, Resource, one};
use crate::verdict::Origin;

use super::deletions::Deleted;
use super::judge::status_word;
use super::outcome::{LeftBehind, Presence};
use super::ownership::{LastRead, Standing};
use super::session::{Place, Sent, Session, observer_call};
use super::settings::Cleanup;

/// Why something stays, and whether it is known to be there.
struct Stays {
    presence: Presence,
    reason: String,
    is_undeletable: bool,
}

impl Stays {
    fn there(reason: impl Into<String>) -> Self {
        Self {
            presence: Presence::There,
            reason: reason.into(),
            is_undeletable: false,
        }
    }

    fn perhaps(reason: impl Into<String>) -> Self {
        Self {
            presence: Presence::Perhaps,
            reason: reason.into(),
            is_undeletable: false,
        }
    }
}

/// Removes those of `ids` that the run knows as its own; what stays is returned with the reason.
pub async fn clean_up(
    session: &Session,
    ids: &HashSet<(Resource, String)>,
    how: Cleanup,
) -> Vec<LeftBehind> {
    let known = session.ledger.newest_first(ids);
    let (groups, users): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|(resource, ..)| *resource == Resource::Group);
    let mut left = Vec::new();
    // Some servers refuse to delete a user who is still a member.
    for some in [groups, users] {
        let removing = some.into_iter().map(|(resource, id, name)| async move {
            let stays = remove(session, resource, &id, &name, how).await.err()?;
            // What a read has shown to be another's is not the run's to tell of; what the run has made under that
            // name is looked for at the end.
            let is_known = session.ledger.knows(resource, &id);
            is_known.then(|| LeftBehind {
                resource: resource.as_str(),
                id,
                name,
                presence: stays.presence,
                reason: stays.reason,
                is_undeletable: stays.is_undeletable,
            })
        });
        let removed = stream::iter(removing).buffered(session.removals_at_once.max(1));
        left.extend(removed.collect::<Vec<_>>().await.into_iter().flatten());
    }
    left
}

async fn remove(
    session: &Session,
    resource: Resource,
    id: &str,
    name: &str,
    how: Cleanup,
) -> Result<(), Stays> {
    match (how, resource) {
        (Cleanup::Nothing, _) => Err(Stays::there("clean-up is switched off")),
        _ if session.run.gone().is_some() => Err(Stays::perhaps("the target is gone")),
        (Cleanup::Deactivate, Resource::User) => {
            deactivate(session, id).await?;
            session.ledger.keep(resource, id);
            Ok(())
        }
        _ => delete(session, resource, id, name).await,
    }
}

/// Deletes it, and reads whether it is gone, until the target's word for it is enough.
async fn delete(session: &Session, resource: Resource, id: &str, name: &str) -> Result<(), Stays> {
    let sent = write(session, Method::Delete, resource, id, None).await;
    let sent = match sent {
        Ok(sent) => sent,
        // It was deleted before: by Okta, or by a run that was killed then.
        Err(_) if session.ledger.standing(resource, id) == Standing::Gone => return Ok(()),
        Err(NotSent::Unproven)
            if session.ledger.standing(resource, id) == Standing::Deleting
                && is_found_nowhere(session, resource, name).await =>
        {
            session.ledger.release(resource, id);
            return Ok(());
        }
        Err(why) => return Err(not_sent(session, resource, id, &why)),
    };
    let deleted = Deleted {
        resource,
        is_inactive: session
            .with_book(|book| book.get(resource, id).is_some_and(|one| one.inactive)),
    };
    let deletions = &session.run.deletions;
    if is_success(&sent) && deletions.are_believed(deleted) {
        session.ledger.release(resource, id);
        return Ok(());
    }
    let answered = status_word(&sent.exchange);
    let looked = session.look(resource, id, Origin::Cleanup, &place()).await;
    let (read, last) = looked.map_err(|why| not_sent(session, resource, id, &why))?;
    if is_success(&sent) {
        deletions.note(deleted, last == LastRead::NotThere);
    }
    match last {
        LastRead::NotThere => Ok(()),
        // Some servers answer anything but 404 for what is not there. The list is looked through at the end, too.
        LastRead::Unclear
            if is_success(&sent) && is_found_nowhere(session, resource, name).await =>
        {
            session.ledger.release(resource, id);
            Ok(())
        }
        LastRead::Unclear => Err(Stays::perhaps(format!(
            "DELETE was answered {answered}, and a read of it {}",
            status_word(&read.exchange)
        ))),
        LastRead::Ours if is_success(&sent) => Err(Stays::there(
            "DELETE was answered with success, and it is still there",
        )),
        LastRead::Ours if resource == Resource::Group => {
            Err(Stays::there(format!("DELETE was answered {answered}")))
        }
        LastRead::Ours => {
            let end = match deactivate(session, id).await {
                Ok(()) => "it is deactivated",
                Err(_) => "it could not be deactivated either",
            };
            Err(Stays {
                is_undeletable: refuses_deletion(&sent),
                ..Stays::there(format!("DELETE was answered {answered}; {end}"))
            })
        }
    }
}

/// Whether the answer to a DELETE says that nobody is deleted here, not just not now.
fn refuses_deletion(sent: &Sent) -> bool {
    let status = sent.exchange.status();
    status.is_some_and(|status| matches!(status, 403 | 405 | 501))
}

fn is_success(sent: &Sent) -> bool {
    sent.exchange.response().is_some_and(|r| r.is_success())
}

async fn is_found_nowhere(session: &Session, resource: Resource, name: &str) -> bool {
    let request = session.client.look_up(resource, name, session.variants);
    let intent = Intent::LookUp {
        resource,
        name: name.to_owned(),
    };
    let call = observer_call(request, intent);
    let sent = session.perform(&call, Origin::Cleanup, &place()).await;
    sent.is_ok_and(|sent| {
        let response = sent.exchange.response();
        response.is_some_and(|r| r.is_success() && reading::look_up(r) == Match::None)
    })
}

/// Deactivated counts as left behind, but in order, only when nothing else was asked for.
async fn deactivate(session: &Session, id: &str) -> Result<(), Stays> {
    let user = Resource::User;
    let patch = body::patch_active(id, false, Variants::NONE).body;
    let patched = write(session, Method::Patch, user, id, Some(&patch)).await;
    let patched = patched.map_err(|why| not_sent(session, user, id, &why))?;
    if is_success(&patched) {
        return Ok(());
    }
    let now = session.get(user, id, &place()).await.ok().flatten();
    if let Some((_, now)) = now {
        let put = body::put_active(&now, false, "", Variants::NONE).body;
        let sent = write(session, Method::Put, user, id, Some(&put)).await;
        if sent.is_ok_and(|sent| is_success(&sent)) {
            return Ok(());
        }
    }
    let answered = status_word(&patched.exchange);
    Err(Stays::there(format!(
        "its deactivation was answered {answered}"
    )))
}

/// Why a write of the clean-up did not go out.
fn not_sent(session: &Session, resource: Resource, id: &str, why: &NotSent) -> Stays {
    match why {
        NotSent::Throttled(why) => Stays::perhaps(why.clone()),
        NotSent::Stopped(why) => Stays::perhaps(*why),
        NotSent::AnswerLost => Stays::perhaps("an answer was lost"),
        NotSent::NotOurs => Stays::perhaps("a read of it shows another name"),
        NotSent::Unproven => match session.last_read(resource, id) {
            Some(LastRead::NotThere) => Stays::perhaps(
                "a read of it is answered as if it were not there, though nothing has deleted it; \
                 the target may hide it",
            ),
            _ => Stays::perhaps("no read shows that this run has made it, so it was not deleted"),
        },
    }
}

async fn write(
    session: &Session,
    method: Method,
    resource: Resource,
    id: &str,
    body: Option<&serde_json::Value>,
) -> Result<Sent, NotSent> {
    let target = one(resource, id);
    let request = match body {
        Some(body) => session.client.send_json(method, target, body),
        None => session.client.request(method, target, None),
    };
    let mut call = observer_call(request, Intent::Literal);
    call.intent = match method {
        Method::Delete => Intent::Delete {
            resource,
            id: id.to_owned(),
        },
        _ => Intent::Update {
            resource,
            id: id.to_owned(),
            name: None,
            base: None,
            sets: Vec::new(),
            members: None,
        },
    };
    session.perform(&call, Origin::Cleanup, &place()).await
}

pub(super) fn place() -> Place {
    Place {
        step: "clean-up".to_owned(),
        case: None,
        facet: None,
        may_refuse: true,
    }
}
