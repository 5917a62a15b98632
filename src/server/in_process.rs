//! Calls a tenant without a socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::answer::WireEffect;
use super::tenant::Tenant;
use crate::exchange::{
    Body, BodyOddity, Exchange, Method, Request, Response, SendError, Sending, Timing, Transport,
};

/// How long an answer is waited for: as long as Okta waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// A transport that ends in a tenant of this process.
#[derive(Clone, Debug)]
pub struct InProcess(Arc<Tenant>);

impl InProcess {
    /// A transport to `tenant`.
    #[must_use]
    pub fn new(tenant: Arc<Tenant>) -> Self {
        Self(tenant)
    }

    /// The tenant behind the transport.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.0
    }

    async fn exchange(&self, request: Request) -> Exchange {
        let started = Instant::now();
        let outcome = match to_http(&request) {
            Ok(message) => {
                let answer = self.0.handle(message);
                match answer.extensions().get() {
                    Some(WireEffect::Delay(delay)) if *delay > PATIENCE => {
                        tokio::time::sleep(PATIENCE).await;
                        Err(SendError::TimedOut { limit: PATIENCE })
                    }
                    Some(WireEffect::Delay(delay)) => {
                        tokio::time::sleep(*delay).await;
                        outcome(request.method, answer)
                    }
                    _ => outcome(request.method, answer),
                }
            }
            Err(problem) => Err(problem),
        };
        Exchange {
            request,
            outcome,
            timing: timing(started.elapsed()),
        }
    }
}

impl Transport for InProcess {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(self.exchange(request))
    }
}

fn timing(elapsed: Duration) -> Timing {
    Timing {
        connect: None,
        first_byte: elapsed,
        total: elapsed,
    }
}

fn to_http(request: &Request) -> Result<http::Request<Bytes>, SendError> {
    let unsendable = |reason: String| SendError::Unsendable { reason };
    let mut message = http::Request::builder()
        .method(request.method.as_str())
        .uri(&request.target)
        .body(request.body.clone().unwrap_or_default())
        .map_err(|problem| unsendable(problem.to_string()))?;
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(name.as_str());
        // The value may be a secret: the error names neither the value nor the library's words.
        let value = HeaderValue::try_from(value.expose());
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(unsendable(
                "a header holds a forbidden character".to_owned(),
            ));
        };
        message.headers_mut().append(name, value);
    }
    Ok(message)
}

fn outcome(method: Method, answer: http::Response<Bytes>) -> Result<Response, SendError> {
    let (parts, bytes) = answer.into_parts();
    let bytes = if method == Method::Head {
        Bytes::new()
    } else {
        bytes
    };
    let encoding = parts.headers.get(http::header::CONTENT_ENCODING);
    let mut body = Body::read(bytes, encoding.and_then(|e| e.to_str().ok()));
    match parts.extensions.get() {
        Some(WireEffect::CloseWithoutAnswer) => {
            return Err(SendError::Closed {
                reason: "no answer came".to_owned(),
            });
        }
        Some(WireEffect::Reset) => {
            return Err(SendError::Closed {
                reason: "the connection was reset".to_owned(),
            });
        }
        Some(WireEffect::TruncateBody) => {
            return Err(SendError::Closed {
                reason: "the body is shorter than announced".to_owned(),
            });
        }
        Some(WireEffect::BodyAfterNoContent(_)) => {
            body.oddities.push(BodyOddity::BodyAfterNoContent);
        }
        Some(WireEffect::Delay(_)) | None => {}
    }
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Ok(Response {
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body,
    })
}
