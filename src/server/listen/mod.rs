//! Tenants on a loopback port: HTTP/1.1, every size and every wait bounded.

mod body;
mod connection;
mod encoding;
mod front;
mod host;
mod places;
mod sent;
mod tenants;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::admin::{Admin, Face};
use super::chaos::Chaos;
use super::policy::Policy;
use super::resource_type::ResourceTypes;
use super::tenant::Tenant;
use super::tls::Tls;
use super::traffic::{Observer, RequestLog, Traffic};
use crate::secret::Secret;
pub(super) use body::{Budget, read};
use connection::Accepting;
pub(super) use connection::Answers;
use front::Front;
pub(super) use front::{HEALTH, health};
pub(super) use host::{Addressed, addressed};
pub(super) use sent::{Closed, Sent};
use tenants::{Template, Tenants};
pub(super) use wire::Mischief;

/// How tenants are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// One tenant under the base path.
    #[default]
    Single,
    /// One isolated tenant for each first path segment, made when it is first named:
    /// `http://127.0.0.1:PORT/<name>/scim/v2`.
    PerScenario,
}

/// How the server is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 takes a free port.
    pub port: u16,
    /// One tenant or many.
    pub mode: Mode,
    /// What clients must present; none serves everybody.
    pub token: Option<Secret>,
    /// How every tenant behaves.
    pub policy: Policy,
    /// What resources there are.
    pub resource_types: ResourceTypes,
    /// The userName of whom the token belongs to, who answers at `/Me`.
    pub me: Option<String>,
    /// Where SCIM begins, with a slash at the start and none at the end.
    pub base_path: String,
    /// Sizes and waits.
    pub limits: Limits,
    /// Disturbances by chance.
    pub chaos: Option<Chaos>,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Answers are compressed for clients that ask for it (RFC 9110, 12.5.3).
    pub compress: bool,
    /// Who is told about every request.
    pub observer: Option<Observer>,
    /// The port of the admin face, which is for a server with a single tenant; 0 takes a free
    /// one. It is plain HTTP, and has the token of the server.
    pub admin_port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            mode: Mode::Single,
            token: None,
            policy: Policy::default(),
            resource_types: ResourceTypes::default(),
            me: None,
            base_path: "/scim/v2".to_owned(),
            limits: Limits::default(),
            chaos: None,
            tls: None,
            compress: false,
            observer: None,
            admin_port: None,
        }
    }
}

/// Bounds of the connections, one by one and together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head; more is answered 431.
    pub head: usize,
    /// Bytes of a request's body; more is answered 413.
    pub body: usize,
    /// Until a request's head is complete; also how long an idle connection is kept.
    pub head_wait: Duration,
    /// Bytes of all large bodies that are being read or served at one time; more is answered
    /// 503.
    pub all_bodies: usize,
    /// Until a request's body is complete; then 408.
    pub body_wait: Duration,
    /// How long a client may take no byte of its answer; then the connection is closed.
    pub write_wait: Duration,
    /// Until the answers under way are sent when the server stops.
    pub stop_wait: Duration,
    /// Connections at one time. One more takes the place of whoever is idle longest, or waits.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            body: 16 * 1024 * 1024,
            all_bodies: 256 * 1024 * 1024,
            head_wait: Duration::from_secs(30),
            body_wait: Duration::from_secs(60),
            write_wait: Duration::from_secs(30),
            stop_wait: Duration::from_secs(2),
            connections: 512,
        }
    }
}

/// The server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be had.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {reason}; choose another port, or 0 for a free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// The system's words.
        reason: io::Error,
    },
}

/// The reference server; see [`Server::start`].
#[derive(Debug)]
pub struct Server;

/// A server that has its ports. Nobody is answered before [`Bound::serve`]: whoever connects
/// waits, while tenants can be filled.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    admin: Option<TcpListener>,
    address: SocketAddr,
    tenants: Arc<Tenants>,
    options: Options,
}

/// A server that listens. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    tenants: Arc<Tenants>,
    listeners: Vec<Listener>,
}

/// A task that accepts connections.
#[derive(Debug)]
struct Listener {
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on the loopback address, and serves.
    ///
    /// # Errors
    /// When a port is taken or may not be used.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        Ok(Self::bind(options).await?.serve())
    }

    /// Takes the ports on the loopback address.
    ///
    /// # Errors
    /// When a port is taken or may not be used.
    pub async fn bind(options: Options) -> Result<Bound, StartError> {
        let (listener, address) = listen(options.port).await?;
        let admin = match options.admin_port {
            Some(port) => Some(listen(port).await?.0),
            None => None,
        };
        let tenants = Arc::new(Tenants::new(
            if options.tls.is_some() {
                "https"
            } else {
                "http"
            },
            address,
            options.mode,
            options.base_path.clone(),
            Template {
                token: options.token.clone(),
                policy: options.policy.clone(),
                chaos: options.chaos,
                resource_types: options.resource_types,
                me: options.me.clone(),
            },
        ));
        Ok(Bound {
            listener,
            admin,
            address,
            tenants,
            options,
        })
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |reason| StartError::Listen { port, reason };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

impl Bound {
    /// As [`Running::tenant`].
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants.get(name)
    }

    /// Begins to answer.
    #[must_use]
    pub fn serve(self) -> Running {
        let options = self.options;
        let admin_address = self.admin.as_ref().and_then(|l| l.local_addr().ok());
        let log = self
            .admin
            .is_some()
            .then(|| Arc::new(RequestLog::default()));
        let traffic = Traffic::new(options.token.clone(), options.observer, log.clone());
        let front = Front::new(
            Arc::clone(&self.tenants),
            options.limits,
            options.compress,
            options.token.is_none(),
            traffic,
        );
        let mut listeners = vec![Listener::begin(Accepting {
            listener: self.listener,
            limits: options.limits,
            tls: options.tls,
            answers: Arc::new(front),
        })];
        if let (Some(listener), Some(log), Some(tenant)) = (self.admin, log, self.tenants.get("")) {
            let admin = Admin::new(tenant, log);
            listeners.push(Listener::begin(Accepting {
                listener,
                limits: options.limits,
                tls: None,
                answers: Arc::new(Face::new(admin, options.token, options.limits)),
            }));
        }
        Running {
            address: self.address,
            admin_address,
            tenants: self.tenants,
            listeners,
        }
    }
}

impl Listener {
    fn begin<A: Answers>(accepting: Accepting<A>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self {
            stop: Some(stop),
            accepting: tokio::spawn(accepting.run(stopped)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin face listens, if there is one.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// The base URL of the single tenant, without a slash at the end; of a server with many
    /// tenants, what [`Running::tenant_url`] puts a name behind.
    #[must_use]
    pub fn base_url(&self) -> String {
        match self.tenants.mode {
            Mode::Single => self.tenants.base_url(None),
            Mode::PerScenario => self.tenants.origin().to_owned(),
        }
    }

    /// The base URL of the tenant of that name.
    #[must_use]
    pub fn tenant_url(&self, name: &str) -> String {
        self.tenants.base_url(Some(name))
    }

    /// The single tenant (`""`), or the tenant of that name, made now if need be; `None` when
    /// there are too many.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants.get(name)
    }

    /// Forgets the tenant of that name and all that it holds; named again, it begins anew.
    pub fn remove_tenant(&self, name: &str) {
        self.tenants.remove(name);
    }

    /// Takes no more connections, lets answers under way be sent, and stops.
    pub async fn stop(mut self) {
        for listener in &mut self.listeners {
            if let Some(stop) = listener.stop.take() {
                // The receiver is gone only when accepting has ended already.
                let _ = stop.send(());
            }
        }
        for listener in &mut self.listeners {
            let _ = (&mut listener.accepting).await;
        }
    }
}
