//! The backend that does the work: it is where the engine, the reference server and the snapshots meet.

mod compare;
mod drive;
mod hook;
mod plan;
mod record;
mod runscope;
mod serve;
mod sweep;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;

use crate::check;
use crate::document::{self, Diagnostic, Look};
use crate::engine::event::Listener;
use crate::exchange::{
    self, BaseUrl, HeaderText, Pem, Pooled, ProxyChoice, SettingsError, Tapped, Transport,
};
use crate::okta::Behaviour;
use crate::okta::request::{Agent, Client};
use crate::recorder::Tally;
use crate::scenario::catalog::{Catalog, CatalogError};
use crate::scenario::{Context, Scenario};
use crate::secret::Secret;

use super::backend::{
    Backend, Consent, Driven, Heard, OwnScenarios, PlayedExport, Refusal, RunscopeConsent,
    SweepConsent, Swept, Talk,
};
use super::environment::Environment;
use super::last_run;
use super::record::RecordSettings;
use super::settings::{
    Credentials, Network, Proxy, Remote, RunSettings, RunscopeSettings, ServeSettings,
    SweepSettings,
};

/// The real backend.
#[derive(Debug, Default)]
pub struct Live {
    /// Folder for what must survive a crash: the ledgers of runs. None where the system names no place.
    pub state: Option<PathBuf>,
}

impl Backend for Live {
    fn drive(
        &self,
        settings: &RunSettings,
        listener: Arc<dyn Listener>,
        consent: Consent<'_>,
    ) -> Result<Driven, Refusal> {
        block_on(drive::drive(self, settings, listener, consent))?
    }

    fn catalogue(&self, folder: Option<&Path>) -> Result<Vec<Scenario>, Refusal> {
        let checks: Vec<&str> = check::ALL.iter().map(|meta| meta.id).collect();
        let context = Context { checks: &checks };
        let mut scenarios = Catalog::embedded(context)
            .map_err(|e| mistakes(&e))?
            .scenarios()
            .to_vec();
        if let Some(folder) = folder {
            for scenario in self.own_scenarios(folder)?.scenarios {
                // One's own scenario replaces a built-in one of the same id.
                scenarios.retain(|built_in| built_in.id != scenario.id);
                scenarios.push(scenario);
            }
            scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Ok(scenarios)
    }

    fn own_scenarios(&self, folder: &Path) -> Result<OwnScenarios, Refusal> {
        let checks: Vec<&str> = check::ALL.iter().map(|meta| meta.id).collect();
        let own =
            Catalog::from_folder(folder, Context { checks: &checks }).map_err(|e| mistakes(&e))?;
        Ok(OwnScenarios {
            scenarios: own.scenarios().to_vec(),
            oddities: shown(own.warnings()),
        })
    }

    fn serve(&self, settings: &ServeSettings, talk: Talk) -> Result<(), Refusal> {
        block_on(serve::serve(settings, talk))?
    }

    fn runscope(
        &self,
        settings: &RunscopeSettings,
        consent: RunscopeConsent<'_>,
        hear: &mut (dyn FnMut(Heard<'_>) + Send),
    ) -> Result<PlayedExport, Refusal> {
        block_on(runscope::runscope(self, settings, consent, hear))?
    }

    fn sweep(&self, settings: &SweepSettings, consent: SweepConsent<'_>) -> Result<Swept, Refusal> {
        block_on(sweep::sweep(self, settings, consent))?
    }
}

impl Live {
    /// The backend of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            state: last_run::folder(&Environment::of_process()).ok(),
        }
    }

    /// Where ledgers of runs lie.
    fn ledgers(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|folder| folder.join("ledgers"))
    }
}

/// Records what passes, until interrupted.
///
/// # Errors
/// [`Refusal`], when it cannot.
pub(super) fn record(
    settings: &RecordSettings,
    talk: Talk,
    on_terminal: bool,
) -> Result<Tally, Refusal> {
    block_on(record::record(settings, talk, on_terminal))?
}

fn shown(diagnostics: &[Diagnostic]) -> String {
    let look = Look {
        color: true,
        ..Look::default()
    };
    document::render(diagnostics, look)
}

fn mistakes(error: &CatalogError) -> Refusal {
    Refusal::Files {
        shown: shown(error.diagnostics()),
        mistakes: error.diagnostics().len(),
    }
}

fn usage(problem: &dyn std::fmt::Display, hint: Option<&str>) -> Refusal {
    Refusal::Usage {
        problem: problem.to_string(),
        hint: hint.map(str::to_owned),
    }
}

fn world(problem: &dyn std::fmt::Display, hint: Option<&str>) -> Refusal {
    Refusal::World {
        problem: problem.to_string(),
        hint: hint.map(str::to_owned),
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| world(&format!("cannot start: {e}"), None))?;
    let done = runtime.block_on(work);
    // What still hangs (a peer that never answers) must not keep the process.
    runtime.shutdown_background();
    Ok(done)
}

fn behaviour() -> Result<Behaviour, Refusal> {
    Behaviour::embedded()
        .map_err(|e| world(&e, Some("this is a defect of this build; please report it")))
}

/// A server under test, ready to be talked to.
struct Reached {
    transport: Arc<dyn Transport>,
    base: BaseUrl,
    client: Client,
    secrets: Vec<Secret>,
    /// What is wrong with its certificates, where any is accepted.
    doubts: exchange::Doubts,
}

fn reach(remote: &Remote, timeout: std::time::Duration, tap: bool) -> Result<Reached, Refusal> {
    let base = BaseUrl::parse(&remote.base).map_err(|e| usage(&e, None))?;
    let mut settings = exchange::Settings::new(base.clone());
    settings.idle_timeout = timeout;
    settings.total_timeout = timeout;
    network(&remote.network, &mut settings)?;
    if let Some(proxy) = settings.proxy_in_use().filter(|_| tap) {
        let problem = format!("--tap watches the connection itself, and {proxy} stands in between");
        return Err(usage(&problem, Some("leave out --tap, or add --no-proxy")));
    }
    let doubts = settings.doubts.clone();
    let of_proxy = settings.proxy_secrets();
    let transport = transport(settings, tap).map_err(|e| usage(&e, None))?;
    let (authorization, mut secrets) = authorization(&remote.credentials);
    secrets.extend(of_proxy);
    for (_, value) in &remote.headers {
        if let HeaderText::Secret(secret) = value {
            secrets.push(secret.clone());
        }
    }
    Ok(Reached {
        transport,
        base,
        doubts,
        client: Client {
            agent: Agent::Okta,
            authorization,
            extra: remote.headers.clone(),
        },
        secrets,
    })
}

/// The transport that replays Okta, or the one that also sees the bytes as they come.
fn transport(settings: exchange::Settings, tap: bool) -> Result<Arc<dyn Transport>, SettingsError> {
    Ok(if tap {
        Arc::new(Tapped::new(settings)?)
    } else {
        Arc::new(Pooled::new(settings)?)
    })
}

fn network(network: &Network, settings: &mut exchange::Settings) -> Result<(), Refusal> {
    let pem = |path: &PathBuf| Pem::read(path).map_err(|e| usage(&e, None));
    settings.ca = network
        .ca
        .as_ref()
        .map(pem)
        .transpose()?
        .into_iter()
        .collect();
    settings.client_identity = network.client_cert.as_ref().map(pem).transpose()?;
    settings.insecure = network.insecure;
    settings.proxy = match &network.proxy {
        Proxy::System => ProxyChoice::Environment,
        Proxy::Direct => ProxyChoice::None,
        Proxy::Url(url) => ProxyChoice::url(url.expose(), "").map_err(|e| usage(&e, None))?,
    };
    Ok(())
}

/// The `Authorization` value, and the texts that must appear nowhere.
fn authorization(credentials: &Credentials) -> (Option<HeaderText>, Vec<Secret>) {
    let value = match credentials {
        Credentials::Anonymous => return (None, Vec::new()),
        Credentials::Bearer(token) => Secret::new(format!("Bearer {}", token.expose())),
        Credentials::Basic(pair) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose());
            let password = pair
                .expose()
                .split_once(':')
                .map_or(pair.expose(), |(_, password)| password);
            let pair = pair.expose();
            let secrets = [encoded.as_str(), pair, password].map(Secret::new).to_vec();
            return (
                Some(HeaderText::Secret(Secret::new(format!("Basic {encoded}")))),
                secrets,
            );
        }
        Credentials::Header(value) => value.clone(),
    };
    let secrets = words_of(value.expose());
    (Some(HeaderText::Secret(value)), secrets)
}

/// What of a whole header value is secret: all that follows the scheme, and each word of it, as a server may repeat
/// one alone; the whole value when there is no scheme (RFC 9110, 11.4).
fn words_of(value: &str) -> Vec<Secret> {
    let (_, secret) = value.split_once(' ').unwrap_or_default();
    let secret = if secret.is_empty() { value } else { secret };
    let mut secrets = vec![Secret::new(secret)];
    if secret.contains(' ') {
        secrets.extend(secret.split_whitespace().map(Secret::new));
    }
    secrets
}

#[cfg(test)]
mod tests;
