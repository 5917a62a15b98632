//! The body of an answer on its way out.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::places::Busy;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
pub(in crate::server) struct Closed;

/// A body that is sent whole, or announced whole and broken off in the middle.
pub(in crate::server) struct Sent {
    rest: Option<Bytes>,
    announced: u64,
    breaks_off: bool,
    /// hyper has been given the time to send what it has.
    flushed: bool,
    /// The connection is at work until the body has been taken.
    busy: Option<Busy>,
}

impl Sent {
    pub(in crate::server) fn whole(bytes: Bytes) -> Self {
        Self {
            announced: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            rest: Some(bytes).filter(|bytes| !bytes.is_empty()),
            breaks_off: false,
            flushed: false,
            busy: None,
        }
    }

    pub(super) fn keeping(mut self, busy: Busy) -> Self {
        self.busy = Some(busy);
        self
    }

    pub(super) fn cut(mut self) -> Self {
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
