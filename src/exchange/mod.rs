//! One request and what came back: the bytes, the times, the three transports.
//!
//! Everything above this module sees [`Request`], [`Response`] and [`Exchange`];
//! which [`Transport`] carried them makes no difference there.

mod base_url;
mod body;
mod bounds;
mod connect_clock;
mod dial;
mod dot_segment;
mod failure;
mod head;
mod keep_budget;
mod kept;
mod masked;
mod outgoing;
mod percent;
mod pooled;
mod proxy;
mod raw_head;
mod settings;
mod tap;
mod tapped;
mod tls;
mod verifier;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::secret::Secret;

pub use self::base_url::{BaseUrl, BaseUrlError, BaseUrlWarning};
pub use self::body::{BODY_LIMIT, VALUE_LIMIT};
pub use self::dial::{Dialler, Wire};
pub use self::keep_budget::{KEEP_DEFAULT, KeepBudget, count_values};
pub use self::kept::{BodyCut, InCommon, Kept, WHOLE_LIMIT};
pub use self::masked::{mask_exchange, redact, redact_request};
pub use self::percent::{SpaceAs, escape_at, path_segment, percent_decode, query_value};
pub use self::pooled::Pooled;
pub use self::proxy::ProxyChoice;
pub use self::settings::{Doubts, Pem, Settings, SettingsError};
pub use self::tapped::Tapped;

/// An HTTP method that Okta, or a probe, sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
}

impl Method {
    /// The method as it stands in a request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }

    /// Whether the method can change the target (RFC 9110, 9.2.1).
    #[must_use]
    pub fn is_write(self) -> bool {
        !matches!(self, Self::Get | Self::Head | Self::Options)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A header value; a secret one prints as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderText {
    /// May be shown.
    Plain(String),
    /// Goes to the wire only.
    Secret(Secret),
}

impl HeaderText {
    /// The value for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Secret(secret) => secret.fmt(f),
        }
    }
}

/// One request, complete but for `Host` and `Content-Length`, which a transport puts
/// at Okta's recorded place (after `Authorization`). One that brings along
/// `Transfer-Encoding: chunked` is sent in chunks, and without a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// What follows the base URL, percent-encoded: `/Users/2819c223?x=y`.
    pub target: String,
    /// Headers in the order in which they are sent.
    pub headers: Vec<(String, HeaderText)>,
    /// The body, if the request has one.
    pub body: Option<Bytes>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers as received; names keep their case where the transport can see it.
    pub headers: Vec<(String, String)>,
    /// The body, decoded when it came gzip- or deflate-encoded.
    pub body: Body,
}

impl Response {
    /// The first header of that name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.body.json.as_deref().ok()
    }
}

/// A response body: its bytes and what they mean as JSON, always both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes after content decoding.
    pub bytes: Bytes,
    /// The parsed value, or why there is none. Shared, because one of a large body takes a multiple of its text.
    pub json: Result<Arc<Value>, NotJson>,
    /// Oddities that a parsed value no longer shows.
    pub oddities: Vec<BodyOddity>,
}

/// Why a body is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// There is no body.
    #[error("the body is empty")]
    Empty,
    /// It looks like a web page.
    #[error("the body is HTML, not JSON")]
    Html,
    /// Cut short: the text ends inside a value.
    #[error("the JSON text ends too early (line {line}, column {column})")]
    Truncated {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// More than is read of one body.
    #[error("the body has more than {} JSON values, so it was not read", number_in_words(*.limit))]
    TooManyValues {
        /// The bound that was hit.
        limit: usize,
    },
    /// Larger than what it answers can be.
    #[error("the body is larger than the {} of one resource, so it was not read", size_in_words(*.limit))]
    TooLargeForOne {
        /// Its bytes.
        bytes: usize,
        /// The bound that was hit.
        limit: usize,
    },
    /// It may have been JSON when it came; only its beginning was kept.
    #[error("the body had {bytes} bytes, of which the beginning was kept")]
    Cut {
        /// Its bytes.
        bytes: usize,
    },
    /// Not JSON at all.
    #[error("not JSON: {reason} (line {line}, column {column})")]
    Syntax {
        /// The parser's words.
        reason: String,
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
}

impl NotJson {
    /// Whether the body was left unread because of its size: it may well be JSON, and Okta may read it.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        matches!(
            self,
            Self::TooManyValues { .. } | Self::TooLargeForOne { .. } | Self::Cut { .. }
        )
    }
}

/// Something odd about a body's bytes that its value does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyOddity {
    /// The text starts with a byte order mark (RFC 8259, 8.1 forbids it).
    ByteOrderMark,
    /// A key stands twice in one object; the pointer names it.
    DuplicateKey(String),
    /// Bytes followed a response that must not have a body (204, 304).
    BodyAfterNoContent,
    /// The declared content encoding could not be decoded.
    BadEncoding(String),
}

/// When what happened within one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// DNS, TCP and TLS together; none when a kept-alive connection was used.
    pub connect: Option<Duration>,
    /// From the last byte sent to the first byte received.
    pub first_byte: Duration,
    /// From the start of sending to the last byte received.
    pub total: Duration,
}

/// Why no usable response came. The texts are shown to users, so they say what happened,
/// not which library said so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Host name not found.
    #[error("cannot find the host {host}")]
    Dns {
        /// The name asked for.
        host: String,
    },
    /// Nobody listens, or the network refused.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// The system's words.
        reason: String,
    },
    /// TLS could not be agreed on.
    #[error("TLS failed: {reason}")]
    Tls {
        /// The library's words.
        reason: String,
    },
    /// The peer closed or reset the connection before the answer was complete.
    #[error("the connection was closed before the answer was complete ({reason})")]
    Closed {
        /// What was seen.
        reason: String,
    },
    /// No byte for the idle limit, or not finished within the total limit.
    #[error("no complete answer within {limit:?}")]
    TimedOut {
        /// The bound that was hit.
        limit: Duration,
    },
    /// More than the body limit.
    #[error("the answer is larger than {}", size_in_words(*.limit))]
    TooLarge {
        /// The bound that was hit, in bytes.
        limit: usize,
    },
    /// Not HTTP/1.1.
    #[error("the answer is not valid HTTP: {reason}")]
    NotHttp {
        /// What was seen.
        reason: String,
    },
    /// It was not read, on purpose: this side sent the whole request and went away ([`Transport::send_and_leave`]).
    #[error("lost on purpose: the connection was cut before the answer was read")]
    AnswerLost {
        /// The status that had come before the connection was cut.
        status: Option<u16>,
    },
    /// This side could not form the request.
    #[error("the request cannot be sent: {reason}")]
    Unsendable {
        /// Why.
        reason: String,
    },
}

/// A bound on bytes as people say it: `16 MiB`. A long number would be taken for somebody's telephone number where
/// texts of recordings lose what is personal.
fn size_in_words(bytes: usize) -> String {
    const UNITS: [(usize, &str); 2] = [(1024 * 1024, "MiB"), (1024, "KiB")];
    let whole = UNITS.iter().find_map(|(unit, word)| {
        let is_whole = bytes >= *unit && bytes.is_multiple_of(*unit);
        is_whole.then(|| bytes.checked_div(*unit).zip(Some(*word)))?
    });
    match whole {
        Some((number, word)) => format!("{number} {word}"),
        None => format!("{bytes} bytes"),
    }
}

/// The same of another number: `500 thousand`.
fn number_in_words(number: usize) -> String {
    if number >= 1000 && number.is_multiple_of(1000) {
        format!("{} thousand", number / 1000)
    } else {
        number.to_string()
    }
}

/// One request with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// What came back, or why nothing did.
    pub outcome: Result<Response, SendError>,
    /// When.
    pub timing: Timing,
}

impl Exchange {
    /// The response, if there is one.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok()
    }

    /// The status, if there is a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response().map(|r| r.status)
    }
}

/// A future that a [`Transport`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Exchange> + Send + 'a>>;

/// When a client goes away from a request whose answer it does not read.
///
/// Okta gives up a request after 60 s without a byte, closes the connection, and leaves a failed task until somebody
/// retries it (Okta, "SCIM FAQs": time-outs). What the target had done by then nobody knows, so there are two cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// As soon as the header section of the answer has come: the target has done what was asked, and its answer gets
    /// lost on the way. The same on every target, however fast, and it needs no waiting for work that goes on unseen.
    OnceAnswered,
    /// So long after the request was written, while the target may be at work: one that drops its work together
    /// with the connection may stop half-way. An answer that comes sooner is lost as well.
    After(Duration),
}

/// The seam between Okta's client and a network. Never fails: a failure is an exchange, too.
pub trait Transport: Send + Sync {
    /// Sends one request and waits, within bounds, for its outcome.
    fn send<'a>(&'a self, request: Request) -> Sending<'a>;

    /// Sends one request whole, and cuts the connection before the answer was read. The outcome is
    /// [`SendError::AnswerLost`], or another error when there was no answer to lose.
    ///
    /// A transport that has a connection must cut it. This one is for those that have none: the target has
    /// always done its work, and the answer is dropped.
    fn send_and_leave<'a>(&'a self, request: Request, _: Leave) -> Sending<'a> {
        Box::pin(async move {
            let exchange = self.send(request).await;
            let status = exchange.status();
            Exchange {
                outcome: exchange.outcome.and(Err(SendError::AnswerLost { status })),
                ..exchange
            }
        })
    }
}
