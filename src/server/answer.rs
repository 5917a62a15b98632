//! What the server answers, before it becomes bytes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::store::Id;
use crate::scim::{ErrorType, urn};

/// Media type of SCIM (RFC 7644, 8.1).
pub(super) const SCIM_JSON: &str = "application/scim+json";

/// The media type that every client knows (RFC 7644, 3.1).
pub(super) const PLAIN_JSON: &str = "application/json";

/// Something on the transport that no HTTP message can say; an extension of the response.
/// The listener does it to the socket, the in-process transport turns it into its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireEffect {
    /// The connection is closed before a byte of the answer is sent.
    CloseWithoutAnswer,
    /// The same by a TCP reset, as from a peer or a proxy that has died.
    Reset,
    /// The connection is closed in the middle of the announced body.
    TruncateBody,
    /// These bytes follow an answer that must not have a body.
    BodyAfterNoContent(Bytes),
    /// The answer comes so much later.
    Delay(Duration),
}

/// An answer whose body can still be changed as JSON.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Payload,
    /// Of the one resource that it holds.
    pub(super) id: Option<Id>,
    pub(super) wire: Option<WireEffect>,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Empty,
    Json(Value),
    /// Anything else, with its media type.
    Raw(&'static str, Bytes),
}

impl Answer {
    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Payload::Empty,
            id: None,
            wire: None,
        }
    }

    /// An answer with a JSON body.
    pub(super) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            body: Payload::Json(body),
            ..Self::empty(status)
        }
    }

    /// An answer with any other body.
    pub(super) fn raw(
        status: StatusCode,
        media_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            body: Payload::Raw(media_type, body.into()),
            ..Self::empty(status)
        }
    }

    /// The same with one more header.
    pub(super) fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, disturbed on the transport.
    pub(super) fn with_wire(mut self, effect: WireEffect) -> Self {
        self.wire = Some(effect);
        self
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(of, _)| of == name)?;
        Some(value)
    }

    /// The body as a JSON object, of an answer that is no text yet.
    pub(super) fn object(&self) -> Option<&Map<String, Value>> {
        match &self.body {
            Payload::Json(value) => value.as_object(),
            _ => None,
        }
    }

    /// The body as a JSON object that can be changed.
    pub(super) fn object_mut(&mut self) -> Option<&mut Map<String, Value>> {
        match &mut self.body {
            Payload::Json(value) => value.as_object_mut(),
            _ => None,
        }
    }

    /// The answer as an HTTP message.
    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        for (name, text) in self.headers {
            // Ids and names of a faulty answer may hold what no header can: such a header is left out.
            if let Ok(value) = HeaderValue::try_from(text) {
                response.headers_mut().insert(name, value);
            }
        }
        let (media_type, body) = match self.body {
            Payload::Empty => (None, Bytes::new()),
            Payload::Json(value) => (Some(SCIM_JSON), Bytes::from(value.to_string())),
            Payload::Raw(media_type, body) => (Some(media_type), body),
        };
        if let Some(media_type) = media_type
            && !response.headers().contains_key(header::CONTENT_TYPE)
        {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        *response.body_mut() = body;
        if let Some(effect) = self.wire {
            response.extensions_mut().insert(effect);
        }
        response
    }
}

/// A refusal, which is answered as a SCIM error (RFC 7644, 3.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) kind: Option<ErrorType>,
    pub(super) detail: String,
}

impl Problem {
    /// A refusal with a bare status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
        }
    }

    /// 400 with a `scimType`.
    pub(super) fn bad_request(kind: ErrorType, detail: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// 400 `invalidValue`.
    pub(super) fn invalid_value(detail: impl Into<String>) -> Self {
        Self::bad_request(ErrorType::InvalidValue, detail)
    }

    /// 409 `uniqueness`.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self {
            kind: Some(ErrorType::Uniqueness),
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// 404 for a resource.
    pub(super) fn not_found(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Resource {id} not found"))
    }

    /// 500.
    pub(super) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

/// A refusal on its way out, where errors should stay small.
impl From<Problem> for Box<Answer> {
    fn from(problem: Problem) -> Self {
        Self::new(problem.into())
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut body = json!({"schemas": [urn::ERROR], "status": problem.status.as_str()});
        if let (Some(kind), Some(object)) = (problem.kind, body.as_object_mut()) {
            object.insert("scimType".into(), kind.as_str().into());
        }
        if let Some(object) = body.as_object_mut() {
            object.insert("detail".into(), problem.detail.into());
        }
        let answer = Self::json(problem.status, body);
        if problem.status == StatusCode::UNAUTHORIZED {
            return answer.with_header(header::WWW_AUTHENTICATE, r#"Bearer realm="scim""#);
        }
        answer
    }
}
