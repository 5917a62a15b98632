//! Reading the body of a request: bounded in size, in time, and together with all others.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Limits;
use crate::server::answer::Problem;

/// A body up to this size is free; Okta's are smaller.
pub(super) const SMALL: usize = 64 * 1024;

/// Large bodies are counted in pieces of this size.
const PIECE: usize = 16 * 1024;

/// What all large bodies together may take of the memory.
#[derive(Clone, Debug)]
pub(in crate::server) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(in crate::server) fn new(bytes: usize) -> Self {
        let pieces = (bytes / PIECE).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(pieces)))
    }
}

/// How long a body that nobody wants is waited for: as long as a client takes that writes head and body one after the
/// other.
const UNWANTED_WAIT: Duration = Duration::from_millis(20);

/// Whether the rest of a request that is refused has come with its head, so that the connection can be used again. A
/// client that is about to send a body may otherwise meet a closed connection before it has read why.
pub(super) async fn is_at_hand(headers: &HeaderMap, mut body: Incoming) -> bool {
    if body.is_end_stream() {
        return true;
    }
    // Whoever asks first is told no, and sends nothing (RFC 9110, 10.1.1).
    if headers.contains_key(header::EXPECT) {
        return false;
    }
    let drained = async {
        let mut left = SMALL;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    timeout(UNWANTED_WAIT, drained).await.unwrap_or(false)
}

/// A whole body, with its part of the budget.
pub(in crate::server) struct Whole {
    pub(in crate::server) bytes: Bytes,
    /// Given back when the request has been served.
    pub(in crate::server) reserved: Vec<OwnedSemaphorePermit>,
}

/// Reads a body to its end.
pub(in crate::server) async fn read(
    body: Incoming,
    limits: Limits,
    budget: &Budget,
) -> Result<Whole, Problem> {
    match timeout(limits.body_wait, collect(body, limits.body, budget)).await {
        Ok(whole) => whole,
        Err(_) => {
            let detail = "The request body did not come in time";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

async fn collect(mut body: Incoming, most: usize, budget: &Budget) -> Result<Whole, Problem> {
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is larger than {most} bytes"),
        )
    };
    // What is announced too large is not waited for.
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    let mut reserved = Vec::new();
    let mut covered = SMALL;
    while let Some(frame) = body.frame().await {
        let broke_off = |_| Problem::new(StatusCode::BAD_REQUEST, "The request body broke off");
        let Ok(data) = frame.map_err(broke_off)?.into_data() else {
            continue;
        };
        if data.len() > most.saturating_sub(bytes.len()) {
            return Err(too_large());
        }
        while bytes.len().saturating_add(data.len()) > covered {
            let piece = Arc::clone(&budget.0).try_acquire_owned().map_err(|_| {
                let detail = "Too many large requests at once";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            })?;
            reserved.push(piece);
            covered = covered.saturating_add(PIECE);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Whole {
        bytes: bytes.freeze(),
        reserved,
    })
}
