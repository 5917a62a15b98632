//! `runscope`: variables, the player, and clean-up of what the test created.

use serde_json::json;

use crate::engine::outcome::LeftBehind;
use crate::exchange::{HeaderText, Method, Request, Scrubber, Transport};
use crate::runscope::play::{self, Created, Performance, Played, Stage};
use crate::runscope::variables::Variables;
use crate::secret::Secret;
use crate::server::{InProcess, Tenant};

use super::super::backend::{PlayedExport, Refusal};
use super::super::runscope::FileError;
use super::super::settings::{RunscopeSettings, TargetChoice};
use super::super::values::Cleanup;
use super::drive::policy;
use super::{interrupted, reach, world};

/// The names by which Okta's suites know the target's base URL.
const BASES: [&str; 2] = ["SCIMBaseURL", "SCIMUrl"];
/// The names by which they know the value of the `Authorization` header.
const AUTHORIZATIONS: [&str; 2] = ["auth", "SCIMAuth"];

/// The target, ready to be talked to.
struct Way {
    transport: std::sync::Arc<dyn Transport>,
    base: String,
    authorization: String,
    extra: Vec<(String, HeaderText)>,
    secrets: Vec<Secret>,
}

pub(super) async fn runscope(
    settings: &RunscopeSettings,
    consent: super::super::backend::RunscopeConsent<'_>,
    hear: &mut (dyn FnMut(&Played) + Send),
) -> Result<PlayedExport, Refusal> {
    let way = way(settings)?;
    let mut variables = Variables::of_the_guide(uuid::Uuid::new_v4().as_u64_pair().0);
    for name in BASES {
        variables.set(name, way.base.as_str());
    }
    for name in AUTHORIZATIONS {
        variables.set(name, way.authorization.as_str());
    }
    for (name, value) in &settings.variables {
        variables.set(name, value.as_str());
    }
    let inputs = settings.export.inputs();
    let missing: Vec<String> = inputs
        .into_iter()
        .filter(|name| !variables.has(name))
        .collect();
    if !missing.is_empty() {
        let problem = FileError::Variables { names: missing };
        return Err(Refusal::Usage {
            hint: problem.hint(),
            problem: problem.to_string(),
        });
    }
    consent(&way.base)?;
    let scrubber = Scrubber::new();
    way.secrets.iter().for_each(|secret| scrubber.add(secret));
    let stage = Stage {
        transport: way.transport.as_ref(),
        base: &way.base,
        extra: &way.extra,
        scrubber: &scrubber,
        pause_scale: settings.pause_scale,
    };
    let mut performance = Performance::default();
    let interrupted = tokio::select! {
        () = play::play(&settings.export, variables, &stage, &mut performance, hear) => false,
        () = interrupted() => true,
    };
    let left_behind = match settings.cleanup {
        Cleanup::None => Vec::new(),
        how => clean_up(&way, how, &performance.created).await,
    };
    Ok(PlayedExport {
        played: performance.played,
        left_behind,
        interrupted,
    })
}

fn way(settings: &RunscopeSettings) -> Result<Way, Refusal> {
    match &settings.target {
        TargetChoice::Embedded { faults, .. } => {
            let tenant = Tenant::new(Some(Secret::new("embedded")), policy(faults)?);
            // Okta's suite needs somebody who is there already, with every attribute.
            let somebody = json!({
                "userName": "grace.hopper@example.test", "active": true,
                "name": {"givenName": "Grace", "familyName": "Hopper"},
                "emails": [{"value": "grace.hopper@example.test", "type": "work", "primary": true}],
            });
            tenant.seed_user(&somebody).map_err(|e| world(&e, None))?;
            let base = tenant.base_url().to_owned();
            Ok(Way {
                transport: std::sync::Arc::new(InProcess::new(std::sync::Arc::new(tenant))),
                base,
                authorization: "Bearer embedded".to_owned(),
                extra: Vec::new(),
                secrets: Vec::new(),
            })
        }
        TargetChoice::Remote(remote) => {
            let reached = reach(remote, settings.timeout, false)?;
            let authorization = reached.client.authorization;
            Ok(Way {
                transport: reached.transport,
                base: reached.base.to_string().trim_end_matches('/').to_owned(),
                authorization: authorization
                    .map_or_else(String::new, |value| value.expose().to_owned()),
                extra: reached.client.extra,
                secrets: reached.secrets,
            })
        }
    }
}

/// Removes what the test created, the newest first; what remains.
async fn clean_up(way: &Way, how: Cleanup, created: &[Created]) -> Vec<LeftBehind> {
    let mut left = Vec::new();
    for resource in created.iter().rev() {
        let is_user = resource.endpoint == "/Users";
        let deletes = how == Cleanup::Delete || !is_user;
        let mut status = match deletes {
            true => send(way, Method::Delete, resource, None).await,
            false => None,
        };
        let gone = status.is_some_and(|status| (200..300).contains(&status) || status == 404);
        if !gone && is_user {
            let deactivate = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "value": {"active": false}}],
            });
            let patched = send(way, Method::Patch, resource, Some(deactivate.to_string())).await;
            if patched.is_some_and(|status| (200..300).contains(&status)) {
                continue;
            }
            status = status.or(patched);
        }
        if !gone {
            left.push(LeftBehind {
                resource: if is_user { "User" } else { "Group" },
                id: resource.id.clone(),
                name: String::new(),
                reason: status.map_or_else(
                    || "no answer".to_owned(),
                    |status| format!("it answered {status}"),
                ),
            });
        }
    }
    left
}

async fn send(way: &Way, method: Method, resource: &Created, body: Option<String>) -> Option<u16> {
    let mut headers = vec![
        (
            "Accept".to_owned(),
            HeaderText::Plain("application/scim+json".to_owned()),
        ),
        (
            "Authorization".to_owned(),
            HeaderText::Secret(Secret::new(way.authorization.clone())),
        ),
    ];
    if body.is_some() {
        let media_type = HeaderText::Plain("application/scim+json; charset=utf-8".to_owned());
        headers.push(("Content-Type".to_owned(), media_type));
    }
    headers.extend(way.extra.iter().cloned());
    let id = crate::exchange::path_segment(&resource.id);
    let request = Request {
        method,
        target: format!("{}/{id}", resource.endpoint),
        headers,
        body: body.map(bytes::Bytes::from),
    };
    way.transport.send(request).await.status()
}
