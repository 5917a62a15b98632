//! `runscope`: variables, the player, and clean-up of what the test created.

mod claims;
mod intent;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::defect::{self, Phase};
use crate::engine::cast;
use crate::engine::cleanup;
use crate::engine::interrupt::Interrupts;
use crate::engine::ledger::Ledger;
use crate::engine::outcome::{Broken, LeftBehind, Presence};
use crate::engine::preflight;
use crate::engine::session::Session;
use crate::engine::target::Run;
use crate::exchange::{self, HeaderText, Method, Transport};
use crate::okta::request::{Agent, Client, Resource};
use crate::runscope::play::{self, Performance, Stage};
use crate::runscope::variables::Variables;
use crate::secret::Secret;
use crate::server::{InProcess, Tenant};

use super::super::backend::{Heard, PlayedExport, Refusal, RunscopeConsent};
use super::super::runscope::FileError;
use super::super::settings::{RunscopeSettings, TargetChoice};
use super::super::signals::interrupts;
use super::super::values::Cleanup;
use super::drive::{engine_cleanup, policy};
use super::{Live, reach, world};
use claims::{Claims, Estate, Sight};

/// The names by which Okta's suites know the target's base URL.
const BASES: [&str; 2] = ["SCIMBaseURL", "SCIMUrl"];
/// The names by which they know the value of the `Authorization` header.
const AUTHORIZATIONS: [&str; 2] = ["auth", "SCIMAuth"];
/// The token of the built-in server, which nobody else can reach.
const EMBEDDED: &str = "embedded-server";

/// How long the pre-flight and the clean-up wait for a target that answers 429.
const PATIENCE: Duration = Duration::from_secs(60);

/// The target, ready to be talked to.
struct Way {
    transport: Arc<dyn Transport>,
    base: String,
    client: Client,
    secrets: Vec<Secret>,
    /// What is wrong with its certificates, where any is accepted.
    doubts: Option<exchange::Doubts>,
    is_remote: bool,
}

pub(super) async fn runscope(
    live: &Live,
    settings: &RunscopeSettings,
    consent: RunscopeConsent<'_>,
    hear: &mut (dyn FnMut(Heard<'_>) + Send),
) -> Result<PlayedExport, Refusal> {
    let way = way(settings)?;
    let variables = variables(settings, &way)?;
    let mut interrupts = interrupts();
    let users = tokio::select! {
        users = prepare(&way) => users?,
        () = interrupts.first() => return Err(Refusal::Interrupted),
    };
    consent(&way.base)?;
    // Whoever was asked may have answered like this.
    if interrupts.are_there() {
        return Err(Refusal::Interrupted);
    }
    let mut told = interrupts.clone();
    let stop = async move { told.first().await };
    let run_id = cast::run_id();
    let path = live
        .ledgers()
        .filter(|_| way.is_remote && settings.export.calls().any(|call| call.method.is_write()))
        .map(|folder| folder.join(format!("{run_id}.jsonl")));
    let session = session(&way, &run_id, ledger(path.as_ref(), &run_id, &way.base)?);
    let redactor = &session.run.secrets;
    let stage = Stage {
        transport: way.transport.as_ref(),
        base: &way.base,
        extra: &way.client.extra,
        redactor,
        pause_scale: settings.pauses(),
    };
    hear(Heard::Begins {
        target: way.is_remote.then_some(&*way.base),
        users,
    });
    let sight = Sight {
        transport: way.transport.as_ref(),
        client: &way.client,
    };
    let mut claims = Claims::new(&session.run.ledger, sight, settings.changes_others, hear);
    let playing = async {
        defect::plant(Phase::Runscope);
        play::play(&settings.export, variables, &stage, &mut claims, stop).await
    };
    // What is known to be the test's own is removed, however it ended.
    let (performance, mut defect) = match defect::caught(playing).await {
        Ok(performance) => (performance, None),
        Err(panic) => (Performance::default(), Some(panic)),
    };
    let Estate {
        ids,
        left: mut left_behind,
        is_open,
    } = claims.finish().await;
    let made = ids.len();
    if way.is_remote {
        let removing = clean_up(&session, &ids, settings.cleanup, &interrupts);
        match defect::caught(removing).await {
            Ok(left) => left_behind.extend(left),
            Err(panic) => {
                defect.get_or_insert(panic);
                left_behind.extend(still_there(
                    &session,
                    &ids,
                    "scim-conform itself failed while removing it",
                ));
            }
        }
    }
    let still_there = session.run.ledger.newest_first(&ids).len();
    if let Some(path) = path
        .as_ref()
        .filter(|_| still_there == 0 && !is_open && defect.is_none())
    {
        // Nothing is left to sweep.
        let _ = std::fs::remove_file(path);
    }
    for left in &mut left_behind {
        left.redact(redactor);
    }
    Ok(PlayedExport {
        played: performance.played,
        removed: if way.is_remote {
            made.saturating_sub(still_there) as u64
        } else {
            0
        },
        left_behind,
        can_sweep: path.is_some() && (still_there > 0 || is_open),
        untrusted: way
            .doubts
            .as_ref()
            .and_then(exchange::Doubts::first)
            .map(str::to_owned),
        interrupted: performance.stopped || interrupts.are_there(),
        defect,
    })
}

fn ledger(path: Option<&PathBuf>, run_id: &str, base: &str) -> Result<Ledger, Refusal> {
    let Some(path) = path else {
        return Ok(Ledger::default());
    };
    let ledger = Ledger::in_file(path, run_id, base).map(Ledger::by_whole_names);
    ledger.map_err(|error| {
        world(
            &format!("cannot write the list of what this test creates: {error}"),
            Some("set SCIM_CONFORM_STATE to a folder that can be written to"),
        )
    })
}

fn session(way: &Way, run_id: &str, ledger: Ledger) -> Session {
    let run = Run::new(run_id, &way.base, ledger, Duration::ZERO, PATIENCE, None);
    Session::new(
        run,
        Arc::clone(&way.transport),
        way.client.clone(),
        "runscope".to_owned(),
        None,
        way.secrets.clone(),
    )
}

/// The values of all variables.
fn variables(settings: &RunscopeSettings, way: &Way) -> Result<Variables, Refusal> {
    let mut variables = Variables::of_the_guide(uuid::Uuid::new_v4().as_u64_pair().0);
    for name in BASES {
        variables.set(name, way.base.as_str());
    }
    let authorization = way.client.authorization.as_ref();
    for name in AUTHORIZATIONS {
        variables.set(name, authorization.map_or("", HeaderText::expose));
    }
    let mut missing = settings.export.inputs();
    for (name, _) in &settings.variables {
        if !variables.has(name) && !missing.contains(name) {
            return Err(refused(&FileError::UnknownVariable {
                name: name.clone(),
                known: missing,
            }));
        }
    }
    for (name, value) in &settings.variables {
        variables.set(name, value.as_str());
    }
    missing.retain(|name| !variables.has(name));
    if missing.is_empty() {
        return Ok(variables);
    }
    Err(refused(&FileError::without_value(missing)))
}

fn refused(problem: &FileError) -> Refusal {
    Refusal::Usage {
        hint: problem.hint(),
        problem: problem.to_string(),
    }
}

/// Makes sure that there is a SCIM server that lets us in, as before a run; how many users it has.
async fn prepare(way: &Way) -> Result<u64, Refusal> {
    if !way.is_remote {
        return populate(way).await.map(|()| 1);
    }
    let session = session(way, "", Ledger::default());
    preflight::check(&session)
        .await
        .map_err(|broken| match broken {
            Broken::Preflight { problem, hint } => world(&problem, Some(&hint)),
            Broken::Gone { problem } | Broken::Ledger { problem } => world(&problem, None),
            Broken::Interrupted => Refusal::Interrupted,
        })
}

/// Okta's suites need what a server has that is in use: somebody with every attribute, a role, an entitlement.
async fn populate(way: &Way) -> Result<(), Refusal> {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "grace.hopper@example.com", "active": true,
        "name": {"givenName": "Grace", "familyName": "Hopper"},
        "emails": [{"value": "grace.hopper@example.com", "type": "work", "primary": true}],
    });
    let held: [(&str, Value); 3] = [
        ("/Users", user),
        ("/Roles", json!({"displayName": "Analyst", "active": true})),
        (
            "/Entitlements",
            json!({"displayName": "Reports", "type": "feature"}),
        ),
    ];
    for (endpoint, resource) in held {
        let body = Bytes::from(resource.to_string());
        let request = way
            .client
            .request(Method::Post, endpoint.to_owned(), Some(body));
        // A fault may well refuse it: then the suite finds the server as empty as it is.
        let _ = way.transport.send(request).await;
    }
    Ok(())
}

fn way(settings: &RunscopeSettings) -> Result<Way, Refusal> {
    match &settings.target {
        TargetChoice::Embedded { faults, .. } => {
            let tenant = Tenant::new(Some(Secret::new(EMBEDDED)), policy(faults)?);
            let base = tenant.base_url().to_owned();
            let authorization = Secret::new(format!("Bearer {EMBEDDED}"));
            Ok(Way {
                transport: Arc::new(InProcess::new(Arc::new(tenant))),
                base,
                client: Client {
                    agent: Agent::Okta,
                    authorization: Some(HeaderText::Secret(authorization)),
                    extra: Vec::new(),
                },
                secrets: Vec::new(),
                doubts: None,
                is_remote: false,
            })
        }
        TargetChoice::Remote(remote) => {
            let reached = reach(remote, settings.timeout, false)?;
            Ok(Way {
                transport: reached.transport,
                base: reached.base.to_string().trim_end_matches('/').to_owned(),
                client: reached.client,
                secrets: reached.secrets,
                doubts: Some(reached.doubts),
                is_remote: true,
            })
        }
    }
}

/// Removes what the test created; what remains. An interruption makes it hurry, and a second one ends it.
async fn clean_up(
    session: &Session,
    ids: &HashSet<(Resource, String)>,
    how: Cleanup,
    interrupts: &Interrupts,
) -> Vec<LeftBehind> {
    let (mut first, mut second) = (interrupts.clone(), interrupts.clone());
    let removing = cleanup::clean_up(session, ids, engine_cleanup(how));
    let hurried = async {
        first.first().await;
        session.run.stop();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        left = removing => left,
        () = hurried => Vec::new(),
        () = second.second() => still_there(session, ids, "the clean-up was interrupted"),
    }
}

/// What of `ids` was not removed, all for the same reason.
fn still_there(
    session: &Session,
    ids: &HashSet<(Resource, String)>,
    reason: &str,
) -> Vec<LeftBehind> {
    let still_there = session.run.ledger.newest_first(ids).into_iter();
    still_there
        .map(|(resource, id, name)| LeftBehind {
            resource: resource.as_str(),
            id,
            name,
            presence: Presence::There,
            reason: reason.to_owned(),
            is_undeletable: false,
        })
        .collect()
}
