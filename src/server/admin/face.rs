//! The admin face over HTTP: `POST /` with an operation. Only programs on this machine that know
//! the token are served, never a page in a browser.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::Admin;
use crate::defect;
use crate::secret::Secret;
use crate::server::listen::{
    Addressed, Answers, Budget, Closed, HEALTH, Limits, Mischief, Sent, addressed, health, read,
};

/// The admin port.
pub(in crate::server) struct Face {
    admin: Arc<Admin>,
    token: Option<Secret>,
    limits: Limits,
    budget: Budget,
}

/// Why a request is not even read.
type Turned = (StatusCode, &'static str, String);

impl Answers for Face {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        _: Mischief,
    ) -> Result<Response<Sent>, Closed> {
        if let Err(turned) = host(request.uri(), request.headers()) {
            return Ok(refusal(turned));
        }
        if request.uri().path() == HEALTH {
            return Ok(health(request.method()));
        }
        if let Err(turned) = self.admit(&request) {
            return Ok(refusal(turned));
        }
        let whole = match read(request.into_body(), self.limits, &self.budget).await {
            Ok(whole) => whole,
            Err(problem) => {
                return Ok(refusal((problem.status, "bad-request", problem.detail)));
            }
        };
        let operation: Value = match serde_json::from_slice(&whole.bytes) {
            Ok(operation) => operation,
            Err(e) => {
                let message = format!("the body is not JSON: {e}");
                return Ok(refusal((StatusCode::BAD_REQUEST, "bad-request", message)));
            }
        };
        let admin = Arc::clone(&self.admin);
        // Seeding and dumping take their time.
        let performed = tokio::task::spawn_blocking(move || {
            // A failure of this tool costs one answer, and is told by whoever runs the server.
            let (status, answer) =
                defect::caught_now(|| admin.perform(&operation)).map_err(defect::leave)?;
            Ok((status, answer.to_string()))
        });
        Ok(match performed.await.unwrap_or(Err(())) {
            Ok((status, text)) => answer(status, text),
            Err(()) => refusal((
                StatusCode::INTERNAL_SERVER_ERROR,
                "defect",
                "the operation could not be carried out".to_owned(),
            )),
        })
    }
}

impl Face {
    pub(in crate::server) fn new(admin: Admin, token: Option<Secret>, limits: Limits) -> Self {
        Self {
            admin: Arc::new(admin),
            token,
            limits,
            budget: Budget::new(limits.all_bodies),
        }
    }

    fn admit(&self, request: &Request<Incoming>) -> Result<(), Turned> {
        let text = |name| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or("")
        };
        let path = request.uri().path();
        if path != "/" {
            let message = format!("there is no {path}; POST an operation to /");
            return Err((StatusCode::NOT_FOUND, "not-found", message));
        }
        if request.method() != Method::POST {
            let message = format!("{} is not for here; POST an operation", request.method());
            return Err((StatusCode::METHOD_NOT_ALLOWED, "bad-request", message));
        }
        // A page in a browser can send this type only after a question that is never answered.
        let essence = text(header::CONTENT_TYPE).split(';').next().unwrap_or("");
        if !essence.trim().eq_ignore_ascii_case("application/json") {
            let message = "Content-Type must be application/json".to_owned();
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad-request", message));
        }
        let Some(token) = &self.token else {
            return Ok(());
        };
        match text(header::AUTHORIZATION).split_once(' ') {
            Some((scheme, given))
                if scheme.eq_ignore_ascii_case("Bearer") && given.trim() == token.expose() =>
            {
                Ok(())
            }
            _ => {
                let message = "the token of the server is needed: Authorization: Bearer <token>";
                Err((StatusCode::UNAUTHORIZED, "unauthorized", message.to_owned()))
            }
        }
    }
}

/// Refuses whoever does not ask for this machine by a name of its own.
fn host(uri: &Uri, headers: &HeaderMap) -> Result<(), Turned> {
    if addressed(uri, headers) == Addressed::Here {
        return Ok(());
    }
    let message = "the admin face is reached as 127.0.0.1 or localhost only".to_owned();
    Err((StatusCode::FORBIDDEN, "forbidden", message))
}

fn refusal((status, error, message): Turned) -> Response<Sent> {
    let body = json!({"ok": false, "error": error, "message": message});
    let mut refusal = answer(status, body.to_string());
    let headers = refusal.headers_mut();
    // The body was perhaps not read.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        StatusCode::UNAUTHORIZED => {
            let challenge = HeaderValue::from_static(r#"Bearer realm="admin""#);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        _ => {}
    }
    refusal
}

fn answer(status: StatusCode, text: String) -> Response<Sent> {
    let mut answer = Response::new(Sent::whole(Bytes::from(text + "\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
