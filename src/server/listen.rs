//! Tenants on a loopback port: HTTP/1.1, every size and every wait bounded.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming as IncomingBody, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::answer::{Answer, Problem, WireEffect};
use super::policy::Policy;
use super::route::percent_decode;
use super::tenant::Tenant;
use super::wire::{Trailing, Wire};
use crate::secret::Secret;

/// Tenants that one server makes; more names are answered 503.
const MOST_TENANTS: usize = 10_000;

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
    /// Where SCIM begins, with a slash at the start and none at the end.
    pub base_path: String,
    /// Sizes and waits.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            mode: Mode::Single,
            token: None,
            policy: Policy::default(),
            base_path: "/scim/v2".to_owned(),
            limits: Limits::default(),
        }
    }
}

/// Bounds of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head; more is answered 431.
    pub head: usize,
    /// Bytes of a request's body; more is answered 413.
    pub body: usize,
    /// Until a request's head is complete; also how long an idle connection is kept.
    pub head_wait: Duration,
    /// Until a request's body is complete; then 408.
    pub body_wait: Duration,
    /// Until the answers under way are sent when the server stops.
    pub stop_wait: Duration,
    /// Connections at one time; more wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            body: 16 * 1024 * 1024,
            head_wait: Duration::from_secs(30),
            body_wait: Duration::from_secs(60),
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

/// A server that listens. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    tenants: Arc<Tenants>,
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on the loopback address.
    ///
    /// # Errors
    /// When the port is taken or may not be used.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let port = options.port;
        let failed = |reason| StartError::Listen { port, reason };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let limits = options.limits;
        let tenants = Arc::new(Tenants::new(address, options));
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&tenants), limits, stopped));
        Ok(Running {
            address,
            tenants,
            stop: Some(stop),
            accepting,
        })
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the single tenant, without a slash at the end; of a server with many
    /// tenants, what [`Running::tenant_url`] puts a name behind.
    #[must_use]
    pub fn base_url(&self) -> String {
        match self.tenants.options.mode {
            Mode::Single => self.tenants.base_url(None),
            Mode::PerScenario => format!("http://{}", self.address),
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
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only when accepting has ended already.
            let _ = stop.send(());
        }
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The tenants by name; the single one has the empty name.
#[derive(Debug)]
struct Tenants {
    address: SocketAddr,
    options: Options,
    by_name: Mutex<HashMap<String, Arc<Tenant>>>,
}

impl Tenants {
    fn new(address: SocketAddr, options: Options) -> Self {
        Self {
            address,
            options,
            by_name: Mutex::default(),
        }
    }

    fn base_url(&self, name: Option<&str>) -> String {
        let path = &self.options.base_path;
        match name.filter(|name| !name.is_empty()) {
            None => format!("http://{}{path}", self.address),
            Some(name) => {
                let name = super::route::percent_encode(name);
                format!("http://{}/{name}{path}", self.address)
            }
        }
    }

    fn get(&self, name: &str) -> Option<Arc<Tenant>> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = by_name.get(name) {
            return Some(Arc::clone(tenant));
        }
        if by_name.len() >= MOST_TENANTS {
            return None;
        }
        let tenant = Tenant::new(self.options.token.clone(), self.options.policy.clone());
        let tenant = Arc::new(tenant.with_base_url(self.base_url(Some(name))));
        by_name.insert(name.to_owned(), Arc::clone(&tenant));
        Some(tenant)
    }

    fn remove(&self, name: &str) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(name);
    }

    /// The tenant that a path names, and the rest of the path.
    fn of_path<'p>(&self, path: &'p str) -> Result<(Arc<Tenant>, &'p str), Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::NOT_FOUND,
                format!(
                    "There is no endpoint {path}; SCIM begins at {}",
                    self.base_url(None)
                ),
            )
        };
        let (name, rest) = match self.options.mode {
            Mode::Single => (String::new(), path),
            Mode::PerScenario => {
                let inner = path.strip_prefix('/').unwrap_or(path);
                let (name, _) = inner.split_once('/').ok_or_else(unknown)?;
                let rest = inner.get(name.len()..).unwrap_or_default();
                (percent_decode(name, false).ok_or_else(unknown)?, rest)
            }
        };
        let rest = rest
            .strip_prefix(self.options.base_path.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or_else(unknown)?;
        let full = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many tenants");
        Ok((self.get(&name).ok_or_else(full)?, rest))
    }
}

async fn accept(
    listener: TcpListener,
    tenants: Arc<Tenants>,
    limits: Limits,
    mut stopped: oneshot::Receiver<()>,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        // Finished connections are let go of, so that the set does not grow.
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = next(&listener, &slots) => accepted,
            _ = &mut stopped => break,
        };
        let Some((stream, slot)) = accepted else {
            continue;
        };
        let trailing = Trailing::default();
        let io = Wire::new(TokioIo::new(stream), trailing.clone());
        let tenants = Arc::clone(&tenants);
        let service = service_fn(move |request| {
            serve(Arc::clone(&tenants), limits, trailing.clone(), request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_wait)
            // The buffer alone is no limit: it may be overrun by the size of one read.
            .max_header_size(limits.head)
            .max_buf_size(limits.head.max(8 * 1024))
            .serve_connection(io, service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // A client that breaks off, or a fault that does, is no concern of the server.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.stop_wait, graceful.shutdown()).await;
    connections.shutdown().await;
}

/// The next connection, once there is room for it.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Head and body go out in two writes: without this the second one waits for an
            // acknowledgement, 40 ms on a kept-alive connection.
            stream.set_nodelay(true).ok()?;
            Some((stream, slot))
        }
        Err(_) => {
            // No file descriptor is free, most likely: give the others time to end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn serve(
    tenants: Arc<Tenants>,
    limits: Limits,
    trailing: Trailing,
    request: Request<IncomingBody>,
) -> Result<Response<Sent>, Closed> {
    let answer = match read(&tenants, limits, request).await {
        Ok((tenant, request)) => tenant.handle(request),
        Err(answer) => {
            // What is left of the body is not read, so the connection cannot be used again.
            let mut response = answer.into_response();
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        }
    };
    let (mut parts, bytes) = answer.into_parts();
    let effect = parts.extensions.remove::<WireEffect>();
    let mut body = Sent::whole(bytes);
    match effect {
        Some(WireEffect::CloseWithoutAnswer) => return Err(Closed),
        Some(WireEffect::TruncateBody) => body = body.cut(),
        Some(WireEffect::BodyAfterNoContent(bytes)) => trailing.set(bytes),
        Some(WireEffect::Delay(delay)) => tokio::time::sleep(delay).await,
        None => {}
    }
    Ok(Response::from_parts(parts, body))
}

/// Reads the body, and makes the path relative to the tenant's base URL.
async fn read(
    tenants: &Tenants,
    limits: Limits,
    request: Request<IncomingBody>,
) -> Result<(Arc<Tenant>, Request<Bytes>), Answer> {
    let (mut parts, body) = request.into_parts();
    let (tenant, path) = tenants.of_path(parts.uri.path())?;
    parts.uri = relative(path, parts.uri.query())
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "The path is not valid"))?;
    let collected =
        tokio::time::timeout(limits.body_wait, Limited::new(body, limits.body).collect());
    let body = match collected.await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(problem)) if problem.is::<LengthLimitError>() => {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The request body is larger than {} bytes", limits.body),
            )
            .into());
        }
        Ok(Err(_)) => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "The request body broke off").into());
        }
        Err(_) => {
            let detail = "The request body did not come in time";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into());
        }
    };
    Ok((tenant, Request::from_parts(parts, body)))
}

fn relative(path: &str, query: Option<&str>) -> Option<Uri> {
    let path = if path.is_empty() { "/" } else { path };
    match query {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.parse().ok(),
    }
}

/// A body that is sent whole, or announced whole and broken off in the middle.
struct Sent {
    rest: Option<Bytes>,
    announced: u64,
    breaks_off: bool,
    /// hyper has been given the time to send what it has.
    flushed: bool,
}

impl Sent {
    fn whole(bytes: Bytes) -> Self {
        Self {
            announced: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            rest: Some(bytes).filter(|bytes| !bytes.is_empty()),
            breaks_off: false,
            flushed: false,
        }
    }

    fn cut(mut self) -> Self {
        if let Some(bytes) = &mut self.rest {
            bytes.truncate(bytes.len() / 2);
        }
        self.breaks_off = true;
        self
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        match self.rest.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.breaks_off && !self.flushed => {
                // An error drops what is still buffered: the client would see no answer at
                // all instead of half of one.
                self.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None if self.breaks_off => Poll::Ready(Some(Err(Closed))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.breaks_off
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
