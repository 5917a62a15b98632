//! A connection on which bytes can follow an answer that must not have a body.
//!
//! hyper rightly never sends a body with 204, so a fault that does has to go below it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};

/// Bytes that go out behind what hyper has written so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailing(Arc<Mutex<Bytes>>);

impl Trailing {
    /// Sends `bytes` once hyper has flushed its answer.
    pub(super) fn set(&self, bytes: Bytes) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }
}

/// The connection.
#[derive(Debug)]
pub(super) struct Wire<T> {
    inner: T,
    trailing: Trailing,
}

impl<T> Wire<T> {
    pub(super) fn new(inner: T, trailing: Trailing) -> Self {
        Self { inner, trailing }
    }
}

impl<T: Read + Unpin> Read for Wire<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for Wire<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let trailing = Arc::clone(&this.trailing.0);
        let mut trailing = trailing.lock().unwrap_or_else(PoisonError::into_inner);
        while trailing.has_remaining() {
            let sent = ready!(Pin::new(&mut this.inner).poll_write(context, &trailing))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            trailing.advance(sent);
        }
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
