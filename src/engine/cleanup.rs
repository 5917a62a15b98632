//! Removes what a run has made: groups first, the newest first.

use std::collections::HashSet;

use crate::exchange::Method;
use crate::okta::Variants;
use crate::okta::body;
use crate::okta::request::{Intent, Resource, one};
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
    for (resource, id, name) in session.run.ledger.newest_first(ids) {
        let reason = match (how, resource) {
            (Cleanup::Nothing, _) => Err("clean-up is switched off".to_owned()),
            (Cleanup::Deactivate, Resource::User) => deactivate(session, &id).await,
            _ => delete(session, resource, &id).await,
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
