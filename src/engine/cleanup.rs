//! Removes what a run has made: groups first, the newest first.

use std::collections::{HashMap, HashSet};

use crate::exchange::Method;
use crate::okta::Variants;
use crate::okta::request::{Intent, Resource, one};
use crate::okta::{body, reading};
use crate::verdict::Origin;

use super::outcome::LeftBehind;
use super::session::{Place, Session, observer_call};
use super::settings::Cleanup;

/// Removes those of `ids` that the run owns; what stays is returned with the reason.
pub async fn clean_up(
    session: &Session,
    ids: &HashSet<(Resource, String)>,
    how: Cleanup,
) -> Vec<LeftBehind> {
    let mut left = Vec::new();
    // By kind: whether a delete really deletes, once it was looked at.
    let mut deletes: HashMap<Resource, bool> = HashMap::new();
    for (resource, id, name) in session.run.ledger.newest_first(ids) {
        let reason = match (how, resource) {
            (Cleanup::Nothing, _) => Err("clean-up is switched off".to_owned()),
            (Cleanup::Deactivate, Resource::User) => deactivate(session, &id).await,
            _ => match delete(session, resource, &id).await {
                Ok(()) if !really_deletes(session, resource, &id, &mut deletes).await => {
                    Err("DELETE was answered with success, and it is still there".to_owned())
                }
                ended => ended,
            },
        };
        match reason {
            Ok(()) => session.run.ledger.release(resource, &id),
            Err(reason) => left.push(LeftBehind {
                resource: resource.as_str(),
                id,
                name,
                reason,
            }),
        }
    }
    left
}

/// Looks for what creates without an answer may have made, so that it can be removed: whatever has exactly that name,
/// with the run's id in it, is the run's own from now on. What cannot be looked for is returned with the reason.
pub async fn find_lost(session: &Session, lost: &[(Resource, String)]) -> Vec<LeftBehind> {
    let mut unknown = Vec::new();
    for (resource, name) in lost {
        let looked = session.look_for_lost(*resource, name, &place()).await;
        if let Err(reason) = looked {
            unknown.push(LeftBehind {
                resource: resource.as_str(),
                id: "unknown".to_owned(),
                name: name.clone(),
                reason: format!("its create got no answer, and looking for it failed: {reason}"),
            });
        }
    }
    unknown
}

/// Whether what was deleted is gone. One look for each kind is enough: a service deletes, or it deactivates.
async fn really_deletes(
    session: &Session,
    resource: Resource,
    id: &str,
    known: &mut HashMap<Resource, bool>,
) -> bool {
    if let Some(known) = known.get(&resource) {
        return *known;
    }
    let request = session.client.read(resource, id);
    let call = observer_call(request, Intent::Literal);
    let sent = session.perform(&call, Origin::Cleanup, &place()).await;
    let still_there = sent.is_ok_and(|sent| {
        let body = sent.exchange.response().filter(|r| r.is_success());
        body.and_then(|r| r.json())
            .and_then(reading::id_of)
            .as_deref()
            == Some(id)
    });
    known.insert(resource, !still_there);
    !still_there
}

fn place() -> Place {
    Place {
        step: "clean-up".to_owned(),
        case: None,
        facet: None,
        may_refuse: true,
    }
}

async fn delete(session: &Session, resource: Resource, id: &str) -> Result<(), String> {
    match send(session, Method::Delete, resource, id, None).await {
        Some(200..=299 | 404) => Ok(()),
        status => {
            let refused = match status {
                Some(status) => format!("DELETE answered {status}"),
                None => "DELETE got no answer".to_owned(),
            };
            if resource == Resource::Group {
                return Err(refused);
            }
            match deactivate(session, id).await {
                Ok(()) => Err(format!("{refused}; it is deactivated")),
                Err(why) => Err(format!("{refused}; {why}")),
            }
        }
    }
}

/// Deactivated counts as left behind, but in order, only when nothing else was asked for.
async fn deactivate(session: &Session, id: &str) -> Result<(), String> {
    let patch = body::patch_active(id, false, Variants::NONE).body;
    if let Some(200..=299) = send(session, Method::Patch, Resource::User, id, Some(&patch)).await {
        return Ok(());
    }
    let now = session
        .get(Resource::User, id, &place())
        .await
        .ok()
        .flatten();
    if let Some((_, now)) = now {
        let put = body::put_active(&now, false, "", Variants::NONE).body;
        if let Some(200..=299) = send(session, Method::Put, Resource::User, id, Some(&put)).await {
            return Ok(());
        }
    }
    Err("it could not be deactivated either".to_owned())
}

async fn send(
    session: &Session,
    method: Method,
    resource: Resource,
    id: &str,
    body: Option<&serde_json::Value>,
) -> Option<u16> {
    let target = one(resource, id);
    let request = match body {
        Some(body) => session.client.send_json(method, target, body),
        None => session.client.request(method, target, None),
    };
    let call = observer_call(request, Intent::Literal);
    session
        .perform(&call, Origin::Cleanup, &place())
        .await
        .ok()?
        .exchange
        .status()
}
