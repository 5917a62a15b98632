//! The connection below hyper: bytes after an answer that must not have a body, a reset, and an
//! end to the patience with a client that does not read.
//!
//! hyper rightly never sends a body with 204, so a fault that does has to go below it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

/// What is to happen to a connection that HTTP has no words for.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Mischief(Arc<Plan>);

#[derive(Debug, Default)]
struct Plan {
    trailing: Mutex<Bytes>,
    resets: AtomicBool,
}

impl Mischief {
    /// Sends `bytes` once hyper has flushed its answer.
    pub(super) fn trail(&self, bytes: Bytes) {
        *self
            .0
            .trailing
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    /// Ends the connection with a reset when it is let go of.
    pub(super) fn reset(&self) {
        self.0.resets.store(true, Ordering::Relaxed);
    }
}

/// A stream that can be told to end with a reset.
pub(super) trait Resets {
    /// What is not sent yet will not be sent, and closing resets.
    fn reset_on_close(&self);
}

impl Resets for TcpStream {
    fn reset_on_close(&self) {
        // Where the system cannot, the connection is closed the common way.
        let _ = self.set_zero_linger();
    }
}

impl Resets for TlsStream<TcpStream> {
    fn reset_on_close(&self) {
        self.get_ref().0.reset_on_close();
    }
}

/// The connection.
pub(super) struct Wire<T: Resets> {
    inner: TokioIo<T>,
    mischief: Mischief,
    /// How long the client may take no byte of what is ready for it.
    write_wait: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T: Resets> Wire<T> {
    pub(super) fn new(inner: T, mischief: Mischief, write_wait: Duration) -> Self {
        Self {
            inner: TokioIo::new(inner),
            mischief,
            write_wait,
            waiting: None,
        }
    }

    /// What came of writing, or that it has taken too long. A timer is set only for a client
    /// that cannot take more.
    fn patient<R>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.waiting = None;
            return polled;
        }
        let wait = self.write_wait;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(wait)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Resets> Drop for Wire<T> {
    fn drop(&mut self) {
        if self.mischief.0.resets.load(Ordering::Relaxed) {
            self.inner.inner().reset_on_close();
        }
    }
}

impl<T: Resets + Unpin> Read for Wire<T>
where
    TokioIo<T>: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<T: Resets + Unpin> Write for Wire<T>
where
    TokioIo<T>: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.patient(context, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let plan = Arc::clone(&this.mischief.0);
        let mut trailing = plan.trailing.lock().unwrap_or_else(PoisonError::into_inner);
        while trailing.has_remaining() {
            let polled = Pin::new(&mut this.inner).poll_write(context, &trailing);
            let sent = ready!(this.patient(context, polled))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            trailing.advance(sent);
        }
        let polled = Pin::new(&mut this.inner).poll_flush(context);
        this.patient(context, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_shutdown(context);
        this.patient(context, polled)
    }
}
