//! The body of a request on its way to a connection.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use super::{Leave, Request};

/// The length of a chunk, in bytes: short enough that a body of a few attributes takes several.
const CHUNK: usize = 64;

/// A body in one piece of known length, or in chunks.
#[derive(Debug)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    chunked: bool,
    /// Closed when the connection lets go of the body, because it has all of it.
    held: Option<oneshot::Sender<Infallible>>,
}

impl Outgoing {
    /// The body of `request`, in chunks if its headers say so.
    pub(super) fn of(request: &Request) -> Self {
        let chunked = request.is_chunked();
        let whole = request.body.clone().unwrap_or_default();
        let pieces = match whole.len() {
            0 => VecDeque::new(),
            _ if chunked => pieces(whole),
            _ => VecDeque::from([whole]),
        };
        Self {
            pieces,
            chunked,
            held: None,
        }
    }

    /// The same, and how to learn that the connection has taken over all of it.
    pub(super) fn watched(mut self) -> (Self, TakenOver) {
        let (held, taken) = oneshot::channel();
        self.held = Some(held);
        (self, TakenOver(taken))
    }
}

/// Comes about when a connection has taken over a whole request.
#[derive(Debug)]
pub(super) struct TakenOver(oneshot::Receiver<Infallible>);

impl TakenOver {
    /// Waits until it is time to go away; for ever, when only the answer says that.
    pub(super) async fn until(self, leave: Leave) {
        match leave {
            Leave::OnceAnswered => std::future::pending().await,
            Leave::After(pause) => self.and_then(pause).await,
        }
    }

    /// Waits until the connection has the request, and then for `pause`.
    ///
    /// A connection writes what it has taken over before it does anything else, so after a millisecond or more the
    /// bytes are with the system, which sends them even when the connection is closed.
    async fn and_then(self, pause: Duration) {
        // Nothing is ever sent: the end of the sender is the message.
        let _ = self.0.await;
        tokio::time::sleep(pause).await;
    }
}

fn pieces(mut whole: Bytes) -> VecDeque<Bytes> {
    let mut pieces = VecDeque::with_capacity(whole.len().div_ceil(CHUNK));
    while !whole.is_empty() {
        pieces.push_back(whole.split_to(whole.len().min(CHUNK)));
    }
    pieces
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked {
            return SizeHint::default();
        }
        let length: usize = self.pieces.iter().map(Bytes::len).sum();
        SizeHint::with_exact(length as u64)
    }
}
