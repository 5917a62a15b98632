//! The transport with raw sight: one connection, and a tap on its bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::bounds::{Bounds, Collected};
use super::dial::Dialler;
use super::dot_segment::refuse_dot_segment;
use super::failure::{Peer, Stage};
use super::head::{MAX_HEADERS, header_map, header_texts};
use super::outgoing::Outgoing;
use super::pooled::{KEEP_ALIVE, wire_method};
use super::raw_head::final_head;
use super::tap::{Recorder, Tap};
use super::{
    Body, BodyOddity, Exchange, Leave, Request, Response, SendError, Sending, Settings,
    SettingsError, Timing, Transport,
};

/// How long a body is waited for after a response that must not have one. Such bytes usually
/// come in the same packet as the headers; whatever is slower goes unseen.
const SURPLUS_WAIT: Duration = Duration::from_millis(30);

/// How many interim answers (RFC 9110, 15.2) may come before the final one. Each of them costs time, and a connection
/// brings tens of thousands in a second.
const MOST_INTERIM: usize = 100;

/// Counts the interim answers to one request.
#[derive(Clone, Debug, Default)]
struct Interim(Arc<(AtomicUsize, Notify)>);

impl Interim {
    fn watching<B>(request: &mut http::Request<B>) -> Self {
        let counting = Self::default();
        let counted = counting.clone();
        hyper::ext::on_informational(request, move |_| {
            let (count, too_many) = &*counted.0;
            if count.fetch_add(1, Ordering::Relaxed) == MOST_INTERIM {
                too_many.notify_one();
            }
        });
        counting
    }

    async fn too_many(&self) {
        self.0.1.notified().await;
    }
}

/// Sends through hyper on a connection of its own, one request after the other.
///
/// Sees what [`Pooled`](super::Pooled) cannot: the case of header names and a body after 204.
/// Targets go out verbatim, also with apostrophes and backslashes; dot segments are refused here as there. It never uses a proxy.
pub struct Tapped {
    settings: Settings,
    dialler: Dialler,
    live: Mutex<Option<Live>>,
}

/// The open connection.
struct Live {
    sender: SendRequest<Outgoing>,
    recorder: Recorder,
    driver: JoinHandle<()>,
    used: Instant,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl std::fmt::Debug for Tapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tapped")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Tapped {
    /// Sets up TLS; connects to nobody yet.
    ///
    /// # Errors
    /// [`SettingsError`] for certificates and keys that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            dialler: Dialler::new(settings.clone())?,
            settings,
            live: Mutex::new(None),
        })
    }

    fn peer(&self) -> Peer<'_> {
        self.dialler.peer()
    }

    fn prepare(
        &self,
        request: &Request,
        body: Outgoing,
    ) -> Result<http::Request<Outgoing>, SendError> {
        refuse_dot_segment(&request.target)?;
        let base = &self.settings.base;
        let wanted = base.origin_form(&request.target);
        let unsendable = |reason: String| SendError::Unsendable { reason };
        let target = PathAndQuery::try_from(wanted.as_str())
            .map_err(|error| unsendable(format!("its target {wanted} is not valid: {error}")))?;
        if target.as_str() != wanted {
            return Err(unsendable(format!(
                "its target {wanted} would become {target}"
            )));
        }
        let mut prepared = http::Request::new(body);
        *prepared.method_mut() = wire_method(request.method);
        *prepared.uri_mut() = Uri::from(target);
        *prepared.headers_mut() = header_map(request, base)?;
        Ok(prepared)
    }

    async fn connect(&self, bounds: &Bounds) -> Result<Live, SendError> {
        let stream = self.dialler.dial_within(bounds).await?;
        let recorder = Recorder::default();
        let io = TokioIo::new(Tap::new(stream, recorder.clone()));
        let (sender, connection) = bounds
            .within(
                http1::Builder::new()
                    .title_case_headers(true)
                    .max_headers(MAX_HEADERS)
                    .handshake(io),
            )
            .await?
            .map_err(|error| self.peer().diagnose(&error, Stage::Connecting))?;
        let driver = tokio::spawn(async move {
            // Its errors reach the request that waits; an idle connection may end as it likes.
            let _ = connection.await;
        });
        Ok(Live {
            sender,
            recorder,
            driver,
            used: Instant::now(),
        })
    }

    /// The kept connection, if it is still good.
    async fn reuse(&self, kept: Option<Live>, bounds: &Bounds) -> Result<Option<Live>, SendError> {
        let Some(mut live) = kept.filter(|live| live.used.elapsed() < KEEP_ALIVE) else {
            return Ok(None);
        };
        let ready = bounds.within(live.sender.ready()).await?.is_ok();
        Ok(ready.then_some(live))
    }

    /// Gets the answer's header section, on the kept connection or a new one.
    async fn head(
        &self,
        kept: &mut Option<Live>,
        prepared: http::Request<Outgoing>,
        bounds: &Bounds,
        timing: &mut Timing,
    ) -> Result<(Live, http::Response<Incoming>), SendError> {
        let mut prepared = prepared;
        let interim = Interim::watching(&mut prepared);
        let mut reusable = self.reuse(kept.take(), bounds).await?;
        loop {
            let fresh = reusable.is_none();
            let mut live = match reusable.take() {
                Some(live) => live,
                None => {
                    let before = bounds.elapsed();
                    let live = self.connect(bounds).await?;
                    timing.connect = Some(bounds.elapsed().saturating_sub(before));
                    live
                }
            };
            live.recorder.restart();
            let sending = bounds.within(live.sender.try_send_request(prepared));
            let sent = tokio::select! {
                biased;
                () = interim.too_many() => return Err(SendError::NotHttp {
                    reason: format!("more than {MOST_INTERIM} interim answers (1xx), and no other"),
                }),
                sent = sending => sent?,
            };
            let mut failed = match sent {
                Ok(answer) => return Ok((live, answer)),
                Err(failed) => failed,
            };
            match failed.take_message() {
                // Closed in the meantime, and nothing was sent: not a second sending.
                Some(unsent) if !fresh => prepared = unsent,
                _ => return Err(self.head_failed(&live, failed.error())),
            }
        }
    }

    fn head_failed(&self, live: &Live, error: &hyper::Error) -> SendError {
        let found = self.peer().diagnose(error, Stage::Head);
        let silent = live.recorder.lock().received.is_empty();
        match found {
            SendError::Closed { .. } if silent => SendError::Closed {
                reason: "without a single byte".to_owned(),
            },
            found => found,
        }
    }

    /// Sends, and drops the connection in place of reading what comes.
    async fn leave(
        &self,
        request: &Request,
        leave: Leave,
        bounds: &Bounds,
        timing: &mut Timing,
        kept: &mut Option<Live>,
    ) -> SendError {
        let (body, taken_over) = Outgoing::of(request).watched();
        let prepared = match self.prepare(request, body) {
            Ok(prepared) => prepared,
            Err(error) => return error,
        };
        tokio::select! {
            biased;
            answered = self.head(kept, prepared, bounds, timing) => match answered {
                Ok((_, unread)) => SendError::AnswerLost {
                    status: Some(unread.status().as_u16()),
                },
                Err(error) => error,
            },
            () = taken_over.until(leave) => SendError::AnswerLost { status: None },
        }
    }

    async fn receive(
        &self,
        request: &Request,
        bounds: &Bounds,
        timing: &mut Timing,
        kept: &mut Option<Live>,
    ) -> Result<Response, SendError> {
        let prepared = self.prepare(request, Outgoing::of(request))?;
        let (mut live, answer) = self.head(kept, prepared, bounds, timing).await?;
        let (head, incoming) = answer.into_parts();
        let (headers, head_end) = {
            let record = live.recorder.lock();
            timing.first_byte = match (record.last_write, record.first_read) {
                (Some(sent), Some(received)) => received.saturating_duration_since(sent),
                _ => Duration::ZERO,
            };
            raw_headers(&record.received, &head.headers)
        };
        let raw = self.body(incoming, bounds).await?;
        let encoding = head.headers.get(http::header::CONTENT_ENCODING);
        let limit = self.settings.body_limit;
        let mut body = Body::read_within(raw, encoding.and_then(|v| v.to_str().ok()), limit)
            .map_err(|_| SendError::TooLarge { limit })?;
        let surplus = matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) && has_surplus(&live.recorder, head_end).await;
        if surplus {
            body.oddities.push(BodyOddity::BodyAfterNoContent);
        } else {
            live.used = Instant::now();
            *kept = Some(live);
        }
        Ok(Response {
            status: head.status.as_u16(),
            headers,
            body,
        })
    }

    async fn body(&self, mut incoming: Incoming, bounds: &Bounds) -> Result<Bytes, SendError> {
        let declared = incoming.size_hint().exact();
        let mut collected = Collected::new(self.settings.body_limit, declared)?;
        while let Some(frame) = bounds.within(incoming.frame()).await? {
            let frame = frame
                .map_err(|error| self.peer().diagnose(&error, Stage::Body(collected.len())))?;
            if let Some(piece) = frame.data_ref() {
                collected.push(piece)?;
            }
        }
        Ok(collected.finish())
    }
}

/// Header names in their own case, and where the header section ended; if the raw bytes tell
/// something else than the library did, the library is right.
fn raw_headers(received: &[u8], parsed: &HeaderMap) -> (Vec<(String, String)>, Option<usize>) {
    match final_head(received) {
        Some(raw) if raw.headers.len() == parsed.len() => (raw.headers, Some(raw.end)),
        other => (header_texts(parsed), other.map(|raw| raw.end)),
    }
}

/// Whether bytes follow the header section of a response that must not have a body.
async fn has_surplus(recorder: &Recorder, head_end: Option<usize>) -> bool {
    let Some(end) = head_end else {
        return false;
    };
    let more = async {
        while recorder.lock().received.len() <= end {
            recorder.arrival().await;
        }
    };
    timeout(SURPLUS_WAIT, more).await.is_ok()
}

impl Transport for Tapped {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            let mut kept = self.live.lock().await;
            let bounds = Bounds::start(&self.settings);
            let mut timing = Timing::default();
            let outcome = self
                .receive(&request, &bounds, &mut timing, &mut kept)
                .await;
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
            let mut kept = self.live.lock().await;
            let bounds = Bounds::start(&self.settings);
            let mut timing = Timing::default();
            let outcome = Err(self
                .leave(&request, leave, &bounds, &mut timing, &mut kept)
                .await);
            timing.total = bounds.elapsed();
            Exchange {
                request,
                outcome,
                timing,
            }
        })
    }
}
