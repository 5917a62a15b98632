//! The default transport: reqwest with a pool of kept-alive connections, proxies and TLS,
//! sending exactly the bytes that Okta sends.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING};
use reqwest::redirect;
use rustls::ClientConfig;

use super::bounds::{Bounds, Collected};
use super::connect_clock::{self, ConnectClock};
use super::dot_segment::refuse_dot_segment;
use super::failure::{Peer, Stage};
use super::head::{MAX_HEADERS, header_map, header_texts};
use super::outgoing::Outgoing;
use super::{
    Body, Exchange, Leave, Method, Request, Response, SendError, Sending, Settings, SettingsError,
    Timing, Transport, tls,
};

/// How long an unused connection is kept. Shorter than what common servers keep theirs
/// (Node.js: 5 s), so that a request seldom meets one that its peer is just closing.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// Sends through reqwest.
///
/// Redirects are not followed and nothing is sent twice. What it cannot see: the case of
/// response header names, and bytes after a response that must not have a body; the
/// [`Tapped`](super::Tapped) transport can.
#[derive(Debug)]
pub struct Pooled {
    client: reqwest::Client,
    tls: ClientConfig,
    settings: Settings,
    proxy: Option<String>,
}

impl Pooled {
    /// Sets up TLS and the proxy; connects to nobody yet.
    ///
    /// # Errors
    /// [`SettingsError`] for certificates, keys and proxies that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let tls = tls::client_config(&settings)?;
        let client = client(&settings, &tls)?;
        let proxy = settings.proxy_in_use();
        Ok(Self {
            client,
            tls,
            settings,
            proxy,
        })
    }

    fn peer(&self) -> Peer<'_> {
        Peer {
            base: &self.settings.base,
            proxy: self.proxy.as_deref(),
        }
    }

    fn prepare(&self, request: &Request) -> Result<reqwest::Request, SendError> {
        let base = &self.settings.base;
        let unsendable = |reason: String| SendError::Unsendable { reason };
        refuse_dot_segment(&request.target)?;
        let url = reqwest::Url::parse(&base.join(&request.target))
            .map_err(|error| unsendable(error.to_string()))?;
        let wanted = base.origin_form(&request.target);
        let becomes = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        if becomes != wanted || url.fragment().is_some() {
            return Err(unsendable(format!(
                "its target {wanted} would become {becomes}; percent-encode it"
            )));
        }
        let headers = header_map(request, base)?;
        if !headers.contains_key(ACCEPT) {
            return Err(unsendable(
                "it has no Accept header, and the HTTP library would add one".to_owned(),
            ));
        }
        let mut prepared = reqwest::Request::new(wire_method(request.method), url);
        *prepared.headers_mut() = headers;
        *prepared.body_mut() = if request.is_chunked() {
            Some(reqwest::Body::wrap(Outgoing::of(request)))
        } else {
            request.body.clone().map(Into::into)
        };
        Ok(prepared)
    }

    /// Sends on a connection that nobody else uses, and drops it with everything that belongs to it: a pool would
    /// read a short answer to its end, and keep the connection.
    async fn leave(
        &self,
        request: &Request,
        leave: Leave,
        bounds: &Bounds,
        timing: &mut Timing,
    ) -> SendError {
        let prepared = self.prepare(request);
        let alone = client(&self.settings, &self.tls).map_err(|error| SendError::Unsendable {
            reason: error.to_string(),
        });
        let (mut prepared, alone) = match (prepared, alone) {
            (Ok(prepared), Ok(alone)) => (prepared, alone),
            (Err(error), _) | (_, Err(error)) => return error,
        };
        let (body, taken_over) = Outgoing::of(request).watched();
        *prepared.body_mut() = Some(reqwest::Body::wrap(body));
        let sending = connect_clock::timed(bounds.within(alone.execute(prepared)));
        let (answer, connect) = tokio::select! {
            biased;
            answered = sending => answered,
            () = taken_over.until(leave) => return SendError::AnswerLost { status: None },
        };
        timing.connect = connect;
        timing.first_byte = bounds.elapsed().saturating_sub(connect.unwrap_or_default());
        match answer {
            Ok(Ok(unread)) => SendError::AnswerLost {
                status: Some(unread.status().as_u16()),
            },
            Ok(Err(error)) => self.diagnose(&error, Stage::Head),
            Err(error) => error,
        }
    }

    async fn receive(
        &self,
        request: &Request,
        bounds: &Bounds,
        timing: &mut Timing,
    ) -> Result<Response, SendError> {
        let prepared = self.prepare(request)?;
        let sending = bounds.within(self.client.execute(prepared));
        let (sent, connect) = connect_clock::timed(sending).await;
        timing.connect = connect;
        timing.first_byte = bounds.elapsed().saturating_sub(connect.unwrap_or_default());
        let mut answer = sent?.map_err(|error| self.diagnose(&error, Stage::Head))?;
        let status = answer.status().as_u16();
        let headers = header_texts(answer.headers());
        let encoding = answer.headers().get(CONTENT_ENCODING).cloned();
        let limit = self.settings.body_limit;
        let mut collected = Collected::new(limit, answer.content_length())?;
        while let Some(piece) = bounds
            .within(answer.chunk())
            .await?
            .map_err(|error| self.diagnose(&error, Stage::Body(collected.len())))?
        {
            collected.push(&piece)?;
        }
        let encoding = encoding.as_ref().and_then(|value| value.to_str().ok());
        let body = Body::read_within(collected.finish(), encoding, limit)
            .map_err(|_| SendError::TooLarge { limit })?;
        Ok(Response {
            status,
            headers,
            body,
        })
    }

    fn diagnose(&self, error: &reqwest::Error, stage: Stage) -> SendError {
        if error.is_dns() {
            return self.peer().unknown_host();
        }
        let stage = if error.is_connect() {
            Stage::Connecting
        } else {
            stage
        };
        self.peer().diagnose(error, stage)
    }
}

impl Transport for Pooled {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            let bounds = Bounds::start(&self.settings);
            let mut timing = Timing::default();
            let outcome = self.receive(&request, &bounds, &mut timing).await;
            timing.total = bounds.elapsed();
            Exchange {
                request,
                outcome,
                timing,
            }
        })
    }

    fn send_and_leave<'a>(&'a self, request: Request, leave: Leave) -> Sending<'a> {
        Box::pin(async move {
            let bounds = Bounds::start(&self.settings);
            let mut timing = Timing::default();
            let outcome = Err(self.leave(&request, leave, &bounds, &mut timing).await);
            timing.total = bounds.elapsed();
            Exchange {
                request,
                outcome,
                timing,
            }
        })
    }
}

/// A client with a pool of its own.
fn client(settings: &Settings, tls: &ClientConfig) -> Result<reqwest::Client, SettingsError> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .http1_only()
        .http1_title_case_headers()
        .http1_max_headers(MAX_HEADERS)
        // Should any crate of the build switch the features on: bodies stay as they came.
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_idle_timeout(KEEP_ALIVE)
        .connector_layer(ConnectClock);
    let client = settings.proxy.apply(client)?.build();
    client.map_err(|error| SettingsError::Client {
        reason: error.to_string(),
    })
}

/// The method as the HTTP libraries name it.
pub(super) fn wire_method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        Method::Head => http::Method::HEAD,
        Method::Options => http::Method::OPTIONS,
    }
}
