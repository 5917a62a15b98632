//! What the SCIM port answers: the tenants, and `/healthz` beside them.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use super::body::{self, SMALL};
use super::host::{Addressed, addressed};
use super::tenants::Tenants;
use super::{Answers, Budget, Closed, Limits, Mischief, Sent, encoding};
use crate::defect::{self, Phase};
use crate::server::answer::{Answer, Problem, WireEffect};
use crate::server::tenant::Tenant;
use crate::server::traffic::{Arrival, Traffic};

/// Where somebody can ask whether the server is up.
pub(in crate::server) const HEALTH: &str = "/healthz";

/// Large requests that are served at one time: each takes a multiple of its size as JSON.
const LARGE_AT_ONCE: usize = 4;

/// The SCIM port.
pub(super) struct Front {
    tenants: Arc<Tenants>,
    limits: Limits,
    budget: Budget,
    large: Semaphore,
    compress: bool,
    /// Whether everybody on the machine is served, without a token.
    open: bool,
    traffic: Traffic,
}

impl Answers for Front {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        mischief: Mischief,
    ) -> Result<Response<Sent>, Closed> {
        if request.uri().path() == HEALTH {
            return Ok(health(request.method()));
        }
        let arrival = self.traffic.arrival(&request);
        let wanted = if self.compress {
            encoding::wanted(request.method(), request.headers())
        } else {
            None
        };
        let mut answer = self.serve(request).await;
        if let Some(gzip) = wanted
            && encoding::is_worth_it(&answer)
        {
            answer
                .headers_mut()
                .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
            if gzip {
                answer = compressed(answer).await;
            }
        }
        self.send(answer, arrival, &mischief).await
    }
}

impl Front {
    pub(super) fn new(
        tenants: Arc<Tenants>,
        limits: Limits,
        compress: bool,
        open: bool,
        traffic: Traffic,
    ) -> Self {
        Self {
            tenants,
            limits,
            budget: Budget::new(limits.all_bodies),
            large: Semaphore::new(LARGE_AT_ONCE),
            compress,
            open,
            traffic,
        }
    }

    async fn serve(&self, request: Request<Incoming>) -> Response<Bytes> {
        let (mut parts, body) = request.into_parts();
        let found = self
            .check_host(&parts)
            .and_then(|()| relative(&self.tenants, &parts.uri));
        let tenant = match found {
            Ok((tenant, uri)) => {
                parts.uri = uri;
                tenant
            }
            Err(problem) => return refusal(problem),
        };
        if let Some(refused) = tenant.turn_away(&parts) {
            // A body is not waited for on behalf of somebody who may not come in anyway.
            return if body::is_at_hand(&parts.headers, body).await {
                refused
            } else {
                closing(refused)
            };
        }
        match super::read(body, self.limits, &self.budget).await {
            Ok(whole) => {
                let request = Request::from_parts(parts, whole.bytes);
                let answer = self.handle(tenant, request).await;
                drop(whole.reserved);
                answer
            }
            Err(problem) => refusal(problem),
        }
    }

    /// Without a token, the name that a page in a browser knows this machine by is all that tells it from a program here.
    fn check_host(&self, parts: &Parts) -> Result<(), Problem> {
        if self.open && addressed(&parts.uri, &parts.headers) == Addressed::Elsewhere {
            let detail = "A server that is open to everybody on the machine is reached as 127.0.0.1 or localhost only; \
                          start it with a token to reach it under another name";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(())
    }

    /// A large request is served where it keeps nobody else waiting.
    async fn handle(&self, tenant: Arc<Tenant>, request: Request<Bytes>) -> Response<Bytes> {
        let is_small = request.body().len() <= SMALL;
        // A failure of this tool costs one answer, and is told by whoever runs the server.
        let handled = move || {
            defect::caught_now(|| {
                defect::plant(Phase::Serve);
                tenant.handle(request)
            })
            .map_err(defect::leave)
        };
        let answer = if is_small {
            handled()
        } else {
            // The semaphore is never closed.
            let _turn = self.large.acquire().await;
            let served = tokio::task::spawn_blocking(handled).await;
            served.unwrap_or(Err(()))
        };
        answer.unwrap_or_else(|()| refusal(Problem::internal("The request could not be served")))
    }

    /// Sends an answer as its wire effect wants it, and tells those who watch.
    async fn send(
        &self,
        answer: Response<Bytes>,
        arrival: Option<Arrival>,
        mischief: &Mischief,
    ) -> Result<Response<Sent>, Closed> {
        let (mut parts, bytes) = answer.into_parts();
        let effect = parts.extensions.remove::<WireEffect>();
        if let Some(WireEffect::Delay(delay)) = &effect {
            tokio::time::sleep(*delay).await;
        }
        if let Some(arrival) = arrival {
            self.traffic
                .answered(arrival, &parts, bytes.len(), effect.as_ref());
        }
        let mut body = Sent::whole(bytes);
        match effect {
            Some(WireEffect::CloseWithoutAnswer) => return Err(Closed),
            Some(WireEffect::Reset) => {
                mischief.reset();
                return Err(Closed);
            }
            Some(WireEffect::TruncateBody) => body = body.cut(),
            Some(WireEffect::BodyAfterNoContent(bytes)) => mischief.trail(bytes),
            Some(WireEffect::Delay(_)) | None => {}
        }
        Ok(Response::from_parts(parts, body))
    }
}

/// The tenant, and the path relative to its base URL.
fn relative(tenants: &Tenants, uri: &Uri) -> Result<(Arc<Tenant>, Uri), Problem> {
    let (tenant, path) = tenants.of_path(uri.path())?;
    let path = if path.is_empty() { "/" } else { path };
    let relative = match uri.query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    let invalid = |_| Problem::new(StatusCode::BAD_REQUEST, "The path is not valid");
    Ok((tenant, relative.map_err(invalid)?))
}

/// An answer to a request whose body was perhaps not read to its end, so that the connection
/// cannot be used again.
fn refusal(problem: Problem) -> Response<Bytes> {
    closing(Answer::from(problem).into_response())
}

/// The same answer, the last one of its connection.
fn closing(mut answer: Response<Bytes>) -> Response<Bytes> {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

/// Large answers are compressed where it keeps nobody else waiting.
async fn compressed(answer: Response<Bytes>) -> Response<Bytes> {
    if answer.body().len() <= SMALL {
        return encoding::compress(answer);
    }
    let plain = answer.clone();
    let packed = tokio::task::spawn_blocking(move || encoding::compress(answer));
    packed.await.unwrap_or(plain)
}

/// 200 to everybody who asks, without a token, as long as the server serves.
pub(in crate::server) fn health(method: &Method) -> Response<Sent> {
    let answer = if *method == Method::GET || *method == Method::HEAD {
        Answer::raw(StatusCode::OK, "application/json", r#"{"status":"ok"}"#)
    } else {
        let detail = format!("{method} is not allowed here");
        Answer::from(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail))
            .with_header(header::ALLOW, "GET, HEAD")
    };
    answer.into_response().map(Sent::whole)
}
