//! `run`: settings to an engine run.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::defect::{self, Phase};
use crate::engine::cast;
use crate::engine::event::Listener;
use crate::engine::insider::{Insider, Performing, TenantInsider};
use crate::engine::outcome::{Defect, During, TargetInfo};
use crate::engine::plan::{self, Part};
use crate::engine::run::{self, RunError};
use crate::engine::settings::{
    Cleanup as EngineCleanup, OtherTenant, Reach, Settings, TenantTransport,
};
use crate::exchange::{self, BaseUrl, Doubts, HeaderText, ProxyChoice, Transport};
use crate::okta::Behaviour;
use crate::okta::app::Mapped;
use crate::okta::request::{Agent, Client};
use crate::okta::selector::Selector;
use crate::scenario::{Claim, Scenario};
use crate::secret::Secret;
use crate::server::{Chaos, Fault, Mode, Options, Policy, Running, Server};

use super::super::backend::{Backend as _, Consent, Driven, Refusal};
use super::super::selection::{Selection, SelectionError};
use super::super::settings::{Chance, Remote, RunSettings, TargetChoice};
use super::super::signals::interrupts;
use super::super::values::Cleanup;
use super::compare::{self, Compared};
use super::hook::Hook;
use super::plan::{self as before_suites, Asked};
use super::{Live, behaviour, reach, transport, usage, world};

/// Seed of generated names when none is given; fixed, because the reference snapshots were made with it.
const SEED: u64 = 1;
/// How long a run waits for a target that answers 429, for one request. Okta itself would wait for hours.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the requests go, and what keeps the server alive meanwhile.
struct Way {
    reach: Reach,
    info: TargetInfo,
    client: Client,
    secrets: Vec<Secret>,
    insider: Option<TenantInsider>,
    other: Option<OtherTenant>,
    server: Option<Arc<Running>>,
    /// What is wrong with the certificates of the target, where any is accepted.
    doubts: Doubts,
}

pub(super) async fn drive(
    live: &Live,
    settings: &RunSettings,
    listener: Arc<dyn Listener>,
    consent: Consent<'_>,
) -> Result<Driven, Refusal> {
    let mut interrupts = interrupts();
    let catalogue = live.catalogue(settings.scenarios.as_deref())?;
    let parts = parts(&settings.selection, &catalogue)?;
    let run_id = settings.run_id.clone().unwrap_or_else(cast::run_id);
    let ledger = |name: &str| Some(live.ledgers()?.join(format!("{name}.jsonl")));
    let hook = settings.beyond.hook.as_deref().map(Hook::new).map(Arc::new);
    let way = match &settings.target {
        TargetChoice::Embedded { faults, chaos } => embedded(faults, *chaos, settings.tap).await?,
        TargetChoice::Remote(remote) => {
            let reached = reach(remote, settings.limits.timeout, settings.tap)?;
            Way {
                info: TargetInfo {
                    url: reached.base.to_string(),
                    embedded: false,
                    faults: Vec::new(),
                    chaos: None,
                },
                doubts: reached.doubts,
                reach: Reach::Shared(reached.transport),
                client: reached.client,
                secrets: reached.secrets,
                insider: hook.clone().map(everywhere),
                other: match &settings.beyond.other {
                    Some(other) => {
                        let ledger = ledger(&format!("{run_id}-other"));
                        Some(second(other, settings, ledger)?)
                    }
                    None => None,
                },
                server: None,
            }
        }
    };
    let (behaviour, user_attributes) = with_attributes(behaviour()?, &settings.people.attributes)?;
    let is_remote = matches!(settings.target, TargetChoice::Remote(_));
    let engine = Arc::new(Settings {
        target: way.info,
        reach: way.reach,
        client: way.client,
        credentials: way.secrets,
        apps: settings.selection.apps.clone(),
        variants: settings.variants.clone(),
        as_required: settings.as_required,
        claims: if is_remote {
            settings.beyond.claims.clone()
        } else {
            Claim::ALL.to_vec()
        },
        allowed: settings.beyond.allowed.clone(),
        scale: settings.beyond.scale.clone(),
        insider: way.insider,
        other: way.other,
        seed: settings.seed.unwrap_or(SEED),
        settle: settings.limits.settle,
        patience: PATIENCE,
        concurrency: settings.limits.concurrency as usize,
        rate: settings.limits.rate,
        max_users: settings.limits.max_users,
        max_users_at_once: settings.limits.max_users_at_once,
        max_foreign_users: settings.limits.cap_foreign_users,
        keep: settings.limits.keep,
        email: settings
            .people
            .email
            .as_ref()
            .map(|pattern| pattern.fill("{}")),
        user_attributes,
        cleanup: engine_cleanup(settings.cleanup),
        ledger: is_remote.then(|| ledger(&run_id)).flatten(),
        strict_rfc: settings.strict_rfc,
        run_id,
    });
    let asked = match (&settings.plan, BaseUrl::parse(&engine.target.url)) {
        (Some(_), Ok(base)) => tokio::select! {
            asked = before_suites::ask(&engine, &settings.target, &base) => asked,
            () = interrupts.first() => return Err(Refusal::Interrupted),
        },
        _ => Asked::default(),
    };
    let (plan, parts) = plan::plan(parts, &engine);
    let ended = run::run(
        Arc::clone(&engine),
        Arc::new(behaviour),
        &plan,
        parts,
        listener,
        consent,
        interrupts,
    )
    .await;
    let mut run = ended.map_err(|error| match error {
        RunError::Left => Refusal::Left {
            target: engine.target.url.clone(),
            can_sweep: engine.ledger.is_some(),
        },
        RunError::Ledger(error) => world(
            &format!("cannot write the list of what this run creates: {error}"),
            Some("set SCIM_CONFORM_STATE to a folder that can be written to"),
        ),
        RunError::Declined(why) => Refusal::Ask(why),
    })?;
    run.exchanges = run.exchanges.saturating_add(asked.exchanges.len() as u64);
    run.around.splice(..0, asked.exchanges);
    if let Some(server) = way.server.and_then(Arc::into_inner) {
        server.stop().await;
    }
    run.untrusted = way.doubts.first().map(str::to_owned);
    let compared = defect::caught_now(|| {
        defect::plant(Phase::Snapshots);
        compare::with_snapshots(&mut run, settings, &catalogue)
    });
    let compared = compared.unwrap_or_else(|panic| {
        let during = During::Snapshots;
        run.admit(Defect { during, panic });
        Compared::default()
    });
    Ok(Driven {
        snapshots: compared.outcome,
        snapshots_failed: compared.failure,
        preconditions: asked.preconditions,
        differences: compared.text,
        hook_failed: hook.is_some_and(|hook| hook.has_failed()),
        run,
    })
}

/// The user's command, the same for every scenario.
fn everywhere(hook: Arc<Hook>) -> TenantInsider {
    let hook: Arc<dyn Insider> = hook;
    Arc::new(move |_| Arc::clone(&hook))
}

/// The second tenant of a server.
fn second(
    other: &Remote,
    settings: &RunSettings,
    ledger: Option<PathBuf>,
) -> Result<OtherTenant, Refusal> {
    let reached = reach(other, settings.limits.timeout, settings.tap)?;
    Ok(OtherTenant {
        url: reached.base.to_string(),
        reach: Reach::Shared(reached.transport),
        client: reached.client,
        credentials: reached.secrets,
        ledger,
    })
}

/// The user's constants under the names of Okta attributes. One that the mapping does not know is a SCIM path: where
/// Okta maps an attribute to that path it is that attribute's value, else it gets a line of its own in the mapping.
fn with_attributes(
    mut behaviour: Behaviour,
    attributes: &[(String, Value)],
) -> Result<(Behaviour, Vec<(String, Value)>), Refusal> {
    let mut named = Vec::with_capacity(attributes.len());
    for (name, value) in attributes {
        let mapping = &mut behaviour.apps.mapping;
        if mapping.iter().any(|m| m.from == *name) {
            named.push((name.clone(), value.clone()));
            continue;
        }
        let to = scim_path(name)?;
        let known = mapping.iter().find(|m| m.to == to).map(|m| m.from.clone());
        let from = known.unwrap_or_else(|| {
            mapping.push(Mapped {
                from: name.clone(),
                to,
            });
            name.clone()
        });
        named.push((from, value.clone()));
    }
    Ok((behaviour, named))
}

/// `name.middleName`, or an extension's URN, a colon and a path within it.
fn scim_path(text: &str) -> Result<Selector, Refusal> {
    let (namespace, path) = match text.rsplit_once(':') {
        Some((urn, path)) if urn.starts_with("urn:") => (Some(urn.to_owned()), path),
        _ => (None, text),
    };
    let selector: Selector = path.parse().map_err(|e| {
        usage(
            &format!("--user-attribute: {e}"),
            Some("name an Okta attribute (title) or a SCIM path (name.middleName)"),
        )
    })?;
    Ok(selector.within(namespace))
}

fn parts(selection: &Selection, catalogue: &[Scenario]) -> Result<Vec<Part>, Refusal> {
    let chosen = selection
        .choose(catalogue)
        .map_err(|e: SelectionError| usage(&e, Some(&e.hint())))?;
    let parts = chosen
        .into_iter()
        .enumerate()
        .map(|(ordinal, (scenario, app))| Part {
            scenario: Arc::new(scenario.clone()),
            app,
            ordinal,
            also: Vec::new(),
        });
    Ok(parts.collect())
}

/// The reference server in this process, behind real sockets, with a tenant for each scenario and app.
async fn embedded(names: &[String], chance: Option<Chance>, tap: bool) -> Result<Way, Refusal> {
    let policy = policy(names)?;
    let seeds_stranger = policy
        .faults()
        .iter()
        .any(|f| f.name().contains("stranger"));
    let neighbours = policy.clone();
    let token = Secret::new(Uuid::new_v4().simple().to_string());
    let options = Options {
        mode: Mode::PerScenario,
        token: Some(token.clone()),
        policy,
        chaos: chance.map(chaos),
        ..Options::default()
    };
    let running = Server::start(options).await.map_err(|e| world(&e, None))?;
    let running = Arc::new(running);
    let url = running.base_url();
    let server = Arc::clone(&running);
    let insiders = Arc::downgrade(&running);
    let insider: TenantInsider = Arc::new(move |tenant| {
        Arc::new(Console {
            server: Weak::clone(&insiders),
            tenant: tenant.to_owned(),
        })
    });
    let lodging: TenantTransport = Arc::new(move |tenant| {
        if seeds_stranger && let Some(tenant) = running.tenant(tenant) {
            // The faults that hand out somebody else need somebody else.
            let _ = tenant.seed_user(&stranger());
            let _ = tenant.seed_group(&json!({"displayName": "Board"}));
        }
        if tenant == before_suites::TENANT
            && let Some(tenant) = running.tenant(tenant)
        {
            let _ = tenant.seed_user(&before_suites::first_user());
        }
        Arc::new(Lodging {
            transport: loopback(&running.tenant_url(tenant), tap),
            server: Arc::downgrade(&running),
            tenant: tenant.to_owned(),
        })
    });
    let client = Client {
        agent: Agent::Okta,
        authorization: Some(HeaderText::Secret(Secret::new(format!(
            "Bearer {}",
            token.expose()
        )))),
        extra: Vec::new(),
    };
    let next_door = Arc::clone(&lodging);
    Ok(Way {
        other: Some(OtherTenant {
            url: url.clone(),
            reach: Reach::Isolated(Arc::new(move |tenant| {
                next_door(&neighbours.other_tenant(tenant))
            })),
            client: client.clone(),
            credentials: vec![token.clone()],
            ledger: None,
        }),
        insider: Some(insider),
        reach: Reach::Isolated(lodging),
        client,
        info: TargetInfo {
            url,
            embedded: true,
            faults: names.to_vec(),
            chaos: chance.map(|chance| chance.to_string()),
        },
        secrets: vec![token],
        server: Some(server),
        doubts: Doubts::default(),
    })
}

fn stranger() -> Value {
    json!({"userName": "stranger@example.com", "name": {"givenName": "Some", "familyName": "Stranger"},
        "emails": [{"value": "stranger@example.com", "primary": true}], "active": true})
}

/// A loopback transport, without proxies.
fn loopback(url: &str, tap: bool) -> Arc<dyn Transport> {
    let settings = BaseUrl::parse(url).map(|base| exchange::Settings {
        proxy: ProxyChoice::None,
        ..exchange::Settings::new(base)
    });
    match settings.map(|settings| transport(settings, tap)) {
        Ok(Ok(transport)) => transport,
        // A loopback URL of our own making always parses; what cannot be sent says so in its exchange.
        _ => Arc::new(Nowhere),
    }
}

/// The way to a tenant that nobody needs once its scenario is over.
struct Lodging {
    transport: Arc<dyn Transport>,
    server: Weak<Running>,
    tenant: String,
}

impl Transport for Lodging {
    fn send<'a>(&'a self, request: exchange::Request) -> exchange::Sending<'a> {
        self.transport.send(request)
    }

    fn send_and_leave<'a>(
        &'a self,
        request: exchange::Request,
        leave: exchange::Leave,
    ) -> exchange::Sending<'a> {
        self.transport.send_and_leave(request, leave)
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        if let Some(server) = self.server.upgrade() {
            server.remove_tenant(&self.tenant);
        }
    }
}

/// The admin's side of a tenant of the embedded server.
struct Console {
    server: Weak<Running>,
    tenant: String,
}

impl Insider for Console {
    fn perform<'a>(&'a self, operation: &'a Value) -> Performing<'a> {
        let server = self.server.upgrade();
        let tenant = server.and_then(|server| server.tenant(&self.tenant));
        let answer = tenant.map(|tenant| tenant.perform(operation));
        let answer = answer.ok_or_else(|| "the embedded server has ended".to_owned());
        Box::pin(std::future::ready(answer))
    }
}

/// A transport that goes nowhere.
struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, request: exchange::Request) -> exchange::Sending<'a> {
        let outcome = Err(exchange::SendError::Unsendable {
            reason: "the embedded server has no address".to_owned(),
        });
        Box::pin(std::future::ready(exchange::Exchange {
            request,
            outcome,
            timing: exchange::Timing::default(),
        }))
    }
}

/// The engine's own word for it.
pub(super) fn engine_cleanup(cleanup: Cleanup) -> EngineCleanup {
    match cleanup {
        Cleanup::Delete => EngineCleanup::Delete,
        Cleanup::Deactivate => EngineCleanup::Deactivate,
        Cleanup::None => EngineCleanup::Nothing,
    }
}

/// A policy with the named faults.
pub(super) fn policy(names: &[String]) -> Result<Policy, Refusal> {
    names.iter().try_fold(Policy::default(), |policy, name| {
        let fault = Fault::from_name(name).map_err(|e| {
            usage(
                &e,
                Some("scim-conform serve --list-faults shows all of them"),
            )
        })?;
        Ok(policy.with_fault(fault))
    })
}

/// The server's own word for it.
pub(super) fn chaos(chance: Chance) -> Chaos {
    Chaos::new(chance.seed, chance.percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_constant_goes_where_okta_would_map_it() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        let given: Vec<(String, Value)> = ["title", urn, "x.y"]
            .map(|name| (name.to_owned(), json!("v")))
            .to_vec();
        let before = behaviour().unwrap().apps.mapping.len();
        let (behaviour, named) = with_attributes(behaviour().unwrap(), &given).unwrap();
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["title", "department", "x.y"]);
        assert_eq!(behaviour.apps.mapping.len(), before + 1);
        assert!(with_attributes(behaviour, &[("a..b".to_owned(), json!(1))]).is_err());
    }
}
