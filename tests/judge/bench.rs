//! Runs the whole catalogue in process against the reference server: one tenant a scenario and app, time that
//! passes only when everybody waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scim_conform::engine::event::{Event, Listener};
use scim_conform::engine::insider::{Insider, Performing};
use scim_conform::engine::interrupt::Interrupts;
use scim_conform::engine::outcome::{Plan, RunResult, TargetInfo};
use scim_conform::engine::plan::{self, Part};
use scim_conform::engine::run;
use scim_conform::engine::settings::{Cleanup, OtherTenant, Reach, Settings};
use scim_conform::exchange::{HeaderText, KEEP_DEFAULT, Transport};
use scim_conform::okta::request::{Agent, Client};
use scim_conform::okta::{App, Behaviour};
use scim_conform::scenario::catalog::Catalog;
use scim_conform::scenario::{Claim, Context, Requirement, Risk, Scenario, Variant};
use scim_conform::secret::Secret;
use scim_conform::server::{Freedom, InProcess, Policy, Tenant};
use scim_conform::verdict::{Finding, Outcome};

/// The token of every tenant.
pub(crate) const TOKEN: &str = "bench-token-5d0e";

/// Puts into a new tenant what was there before the run.
pub(crate) type Seed = fn(&Tenant);

/// Nobody was there before.
pub(crate) fn nobody(_: &Tenant) {}

/// The catalogue and everything else that runs share.
pub(crate) struct Bench {
    scenarios: Vec<Arc<Scenario>>,
    behaviour: Arc<Behaviour>,
}

struct Silent;

impl Listener for Silent {
    fn on(&self, _: &Event<'_>) {}
}

impl Bench {
    /// The embedded catalogue, narrowed to ids that begin with one of `only`; all of it when there is none.
    pub(crate) fn new(only: &[&str]) -> Self {
        let checks: Vec<&str> = scim_conform::check::ALL.iter().map(|c| c.id).collect();
        let catalog = Catalog::embedded(Context { checks: &checks }).unwrap();
        let scenarios = catalog
            .scenarios()
            .iter()
            .filter(|s| only.is_empty() || only.iter().any(|o| s.id.0.starts_with(o)))
            .cloned()
            .map(Arc::new)
            .collect();
        Self {
            scenarios,
            behaviour: Arc::new(Behaviour::embedded().unwrap()),
        }
    }

    /// The scenarios, as they stand in the catalogue.
    pub(crate) fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// The same with these scenarios alone.
    pub(crate) fn with(&self, scenarios: Vec<Arc<Scenario>>) -> Self {
        Self {
            scenarios,
            behaviour: Arc::clone(&self.behaviour),
        }
    }

    /// Runs it on virtual time; `settle` is how long a write may take to become visible.
    pub(crate) fn run(&self, policy: &Policy, seed: Seed, settle: Duration) -> RunResult {
        let mut settings = House::new(policy.clone(), seed).settings(settle);
        let claims = |scenario: &Scenario| {
            let mut requires = scenario.requires.iter();
            requires.any(|required| matches!(required, Requirement::Claim(_)))
        };
        if policy.takes(Freedom::NoDiscovery) {
            // Nobody claims what is not there.
            settings.claims.clear();
            let mut scenarios = self.scenarios.clone();
            scenarios.retain(|scenario| !claims(scenario));
            let behaviour = Arc::clone(&self.behaviour);
            let bench = Self {
                scenarios,
                behaviour,
            };
            return on_virtual_time(bench.play_by(settings)).1;
        }
        let (plan, result) = on_virtual_time(self.play_by(settings));
        assert_eq!(plan.not_run, []);
        result
    }

    /// Runs it against the known-good server as an Okta with these variants.
    pub(crate) fn under(&self, variants: &[Variant], settle: Duration) -> (Plan, RunResult) {
        let house = House::new(Policy::default(), nobody);
        let settings = Settings {
            variants: variants.to_vec(),
            as_required: false,
            ..house.settings(settle)
        };
        on_virtual_time(self.play_by(settings))
    }

    /// Runs it against whatever `reach` leads to.
    pub(crate) async fn play(&self, reach: Reach, settle: Duration) -> RunResult {
        let (plan, result) = self.play_by(settings(reach, settle)).await;
        // Nobody is there who could act behind Okta's back, and there is no second tenant.
        let beyond = |reason: &str| reason.contains("--hook") || reason.contains("--other-target");
        let unexpected = plan.not_run.iter().find(|(.., reason)| !beyond(reason));
        assert_eq!(unexpected, None);
        result
    }

    /// A probe once, every other scenario once an app.
    fn parts(&self, apps: &[App]) -> Vec<Part> {
        let mut parts = Vec::new();
        for scenario in &self.scenarios {
            let under: Vec<Option<App>> = if scenario.probe {
                vec![None]
            } else {
                let apps = apps.iter().filter(|app| scenario.apps.contains(app));
                apps.map(|app| Some(*app)).collect()
            };
            for app in under {
                parts.push(Part {
                    scenario: Arc::clone(scenario),
                    app,
                    ordinal: parts.len(),
                    also: Vec::new(),
                });
            }
        }
        parts
    }

    /// Runs it as `settings` say.
    pub(crate) async fn play_by(&self, settings: Settings) -> (Plan, RunResult) {
        self.play_to(settings, Arc::new(Silent)).await
    }

    /// Runs it as `settings` say, and tells of it.
    pub(crate) async fn play_to(
        &self,
        settings: Settings,
        listener: Arc<dyn Listener>,
    ) -> (Plan, RunResult) {
        let settings = Arc::new(settings);
        let parts = self.parts(&settings.apps);
        let (plan, parts) = plan::plan(parts, &settings);
        let behaviour = Arc::clone(&self.behaviour);
        let never = Interrupts::never();
        let agreed = |_: &_| Ok::<(), std::convert::Infallible>(());
        let result = run::run(settings, behaviour, &plan, parts, listener, agreed, never)
            .await
            .unwrap();
        (plan, result)
    }
}

pub(crate) fn on_virtual_time<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(run)
}

/// Tenants by name: the one of a scenario, the one next door, and whoever acts behind Okta's back in them.
struct House {
    policy: Policy,
    seed: Seed,
    tenants: Mutex<HashMap<String, Arc<Tenant>>>,
}

impl House {
    fn new(policy: Policy, seed: Seed) -> Arc<Self> {
        Arc::new(Self {
            policy,
            seed,
            tenants: Mutex::default(),
        })
    }

    fn tenant(&self, name: &str) -> Arc<Tenant> {
        let mut tenants = self.tenants.lock().unwrap();
        let tenant = tenants.entry(name.to_owned()).or_insert_with(|| {
            let tenant = Tenant::new(Some(Secret::new(TOKEN)), self.policy.clone());
            (self.seed)(&tenant);
            Arc::new(tenant)
        });
        Arc::clone(tenant)
    }

    fn settings(self: Arc<Self>, settle: Duration) -> Settings {
        let (here, behind, there) = (Arc::clone(&self), Arc::clone(&self), self);
        let reach = Reach::Isolated(Arc::new(move |name: &str| -> Arc<dyn Transport> {
            Arc::new(InProcess::new(here.tenant(name)))
        }));
        let mut settings = settings(reach, settle);
        settings.scale = vec![10, 30];
        settings.insider = Some(Arc::new(move |name: &str| -> Arc<dyn Insider> {
            Arc::new(Console(behind.tenant(name)))
        }));
        settings.other = Some(OtherTenant {
            url: settings.target.url.clone(),
            client: settings.client.clone(),
            credentials: settings.credentials.clone(),
            ledger: None,
            reach: Reach::Isolated(Arc::new(move |name: &str| -> Arc<dyn Transport> {
                let next_door = there.policy.other_tenant(name);
                Arc::new(InProcess::new(there.tenant(&next_door)))
            })),
        });
        settings
    }
}

/// The admin of one tenant.
struct Console(Arc<Tenant>);

impl Insider for Console {
    fn perform<'a>(&'a self, operation: &'a serde_json::Value) -> Performing<'a> {
        Box::pin(std::future::ready(Ok(self.0.perform(operation))))
    }
}

/// What a run has when a test wants nothing else.
pub(crate) fn settings(reach: Reach, settle: Duration) -> Settings {
    Settings {
        target: TargetInfo {
            url: "http://localhost/scim/v2".to_owned(),
            embedded: true,
            faults: Vec::new(),
            chaos: None,
        },
        reach,
        client: Client {
            agent: Agent::Okta,
            authorization: Some(HeaderText::Secret(Secret::new(format!("Bearer {TOKEN}")))),
            extra: Vec::new(),
        },
        credentials: vec![Secret::new(TOKEN)],
        apps: App::ALL.to_vec(),
        variants: Vec::new(),
        claims: Claim::ALL.to_vec(),
        as_required: true,
        allowed: Risk::ALL.to_vec(),
        scale: vec![10],
        insider: None,
        other: None,
        run_id: "m4tr1x".to_owned(),
        seed: 1,
        settle,
        patience: Duration::from_secs(3600),
        concurrency: 1,
        rate: None,
        max_users: None,
        max_users_at_once: None,
        max_foreign_users: 1000,
        keep: KEEP_DEFAULT,
        email: None,
        user_attributes: Vec::new(),
        cleanup: Cleanup::Delete,
        ledger: None,
        strict_rfc: false,
    }
}

/// A finding in a line: `check [facet] level ×scenarios (apps) then consequences`.
pub(crate) fn line(finding: &Finding) -> String {
    let places = || finding.at.iter().chain(&finding.consequences_at);
    let mut scenarios: Vec<_> = places().map(|at| at.scenario.as_str()).collect();
    scenarios.sort_unstable();
    scenarios.dedup();
    let mut apps: Vec<_> = places()
        .map(|at| at.app.map_or("probe", App::as_str))
        .collect();
    apps.sort_unstable();
    apps.dedup();
    let mut line = finding.check.id.to_owned();
    if !finding.facet.is_empty() {
        line += &format!(" [{}]", finding.facet);
    }
    line += &format!(
        " {} ×{} ({})",
        finding.level,
        scenarios.len(),
        apps.join(", ")
    );
    if !finding.consequences.is_empty() {
        let then: Vec<_> = finding
            .consequences
            .iter()
            .map(|(check, _)| check.as_str())
            .collect();
        line += &format!(" then {}", then.join(", "));
    }
    line
}

/// Everything that a run has found, a line each; and what it could not run.
pub(crate) fn lines(result: &RunResult) -> Vec<String> {
    let mut lines: Vec<_> = result.findings.iter().map(line).collect();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for scenario in &result.scenarios {
        if let Outcome::NotRun(reason) = &scenario.outcome {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    lines.extend(
        reasons
            .into_iter()
            .map(|(reason, n)| format!("not run ×{n}: {reason}")),
    );
    lines
}
