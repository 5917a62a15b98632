//! How long connecting took, for each request by itself.
//!
//! reqwest tells no times. A layer around its connector measures DNS, TCP and TLS together; a
//! task-local cell carries the result to the request that waited for it.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static CONNECT: Cell<Option<Duration>>;
}

/// Runs `send`; the duration is none when a kept-alive connection served it.
pub(super) async fn timed<F: Future>(send: F) -> (F::Output, Option<Duration>) {
    CONNECT
        .scope(Cell::new(None), async {
            let output = send.await;
            (output, CONNECT.with(Cell::get))
        })
        .await
}

/// Puts a [`Clocked`] around a connector.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectClock;

impl<S> Layer<S> for ConnectClock {
    type Service = Clocked<S>;

    fn layer(&self, connector: S) -> Clocked<S> {
        Clocked { connector }
    }
}

/// A connector that notes how long it took.
#[derive(Clone, Debug)]
pub(super) struct Clocked<S> {
    connector: S,
}

impl<S, R> Service<R> for Clocked<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let started = Instant::now();
        let connecting = self.connector.call(destination);
        Box::pin(async move {
            let outcome = connecting.await;
            // Outside a request's task when another connection came free first: then nobody
            // waits for this one, and there is no cell to write to.
            let _ = CONNECT.try_with(|cell| cell.set(Some(started.elapsed())));
            outcome
        })
    }
}
