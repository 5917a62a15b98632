//! A byte stream that remembers what came through it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many received bytes are kept, counted from the start of an answer: more than the
/// longest header section that hyper takes.
const RECORD_LIMIT: usize = 512 * 1024;

/// What came through since [`Recorder::restart`].
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The first [`RECORD_LIMIT`] bytes received.
    pub(super) received: Vec<u8>,
    /// When bytes were last sent before the first byte came back.
    pub(super) last_write: Option<Instant>,
    /// When the first byte came.
    pub(super) first_read: Option<Instant>,
}

/// The reader's end of a [`Tap`].
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    record: Arc<Mutex<Record>>,
    arrival: Arc<Notify>,
}

impl Recorder {
    /// Forgets everything, before the next request.
    pub(super) fn restart(&self) {
        *self.lock() = Record::default();
    }

    /// The record so far.
    pub(super) fn lock(&self) -> MutexGuard<'_, Record> {
        // A record is never left half-written, so a panic elsewhere does not spoil it.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until bytes come in; may return early, for bytes that came before.
    pub(super) async fn arrival(&self) {
        self.arrival.notified().await;
    }

    fn sent(&self) {
        let mut record = self.lock();
        if record.first_read.is_none() {
            record.last_write = Some(Instant::now());
        }
    }

    fn received(&self, bytes: &[u8]) {
        let mut record = self.lock();
        record.first_read.get_or_insert_with(Instant::now);
        let room = RECORD_LIMIT.saturating_sub(record.received.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        record.received.extend_from_slice(kept);
        drop(record);
        self.arrival.notify_one();
    }
}

/// Passes everything on and copies what is received.
#[derive(Debug)]
pub(super) struct Tap<S> {
    stream: S,
    recorder: Recorder,
}

impl<S> Tap<S> {
    /// Taps `stream`.
    pub(super) fn new(stream: S, recorder: Recorder) -> Self {
        Self { stream, recorder }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        match buffer.filled().get(before..) {
            None | Some([]) => {}
            Some(bytes) => self.recorder.received(bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.recorder.sent();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
