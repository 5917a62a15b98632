//! Accepting connections and serving HTTP/1.1 on each, until the server stops.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::places::{Place, Places};
use super::sent::{Closed, Sent};
use super::wire::{Mischief, Resets, Wire};
use super::{Limits, Tls};

/// Answers requests.
pub(in crate::server) trait Answers: Send + Sync + 'static {
    /// The answer to one request, and what is to happen to its connection.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        mischief: Mischief,
    ) -> impl Future<Output = Result<Response<Sent>, Closed>> + Send;
}

/// A listener with what it serves.
pub(in crate::server) struct Accepting<A> {
    pub(in crate::server) listener: TcpListener,
    pub(in crate::server) limits: Limits,
    pub(in crate::server) tls: Option<Tls>,
    pub(in crate::server) answers: Arc<A>,
}

impl<A: Answers> Accepting<A> {
    /// Serves until `stopped`, then lets the answers under way be sent.
    pub(in crate::server) async fn run(self, mut stopped: oneshot::Receiver<()>) {
        let limits = self.limits;
        let graceful = GracefulShutdown::new();
        let places = Places::new(limits.connections, limits.body_wait);
        let mut connections = tokio::task::JoinSet::new();
        loop {
            // Finished connections are let go of, so that the set does not grow.
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = next(&self.listener, &places) => accepted,
                _ = &mut stopped => break,
            };
            let Some((stream, place)) = accepted else {
                continue;
            };
            let connection = Connection {
                limits,
                answers: Arc::clone(&self.answers),
                place: Arc::new(place),
                watcher: graceful.watcher(),
            };
            let tls = self.tls.clone();
            connections.spawn(async move { connection.serve(stream, tls).await });
        }
        drop(self.listener);
        let _ = timeout(limits.stop_wait, graceful.shutdown()).await;
        connections.shutdown().await;
    }
}

/// The next connection, once there is room for it.
async fn next(listener: &TcpListener, places: &Arc<Places>) -> Option<(TcpStream, Place)> {
    match listener.accept().await {
        Ok((stream, _)) => {
            // Head and body go out in two writes: without this the second one waits for an
            // acknowledgement, 40 ms on a kept-alive connection.
            stream.set_nodelay(true).ok()?;
            Some((stream, places.take().await))
        }
        Err(_) => {
            // No file descriptor is free, most likely: give the others time to end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}

struct Connection<A> {
    limits: Limits,
    answers: Arc<A>,
    place: Arc<Place>,
    watcher: Watcher,
}

impl<A: Answers> Connection<A> {
    async fn serve(self, stream: TcpStream, tls: Option<Tls>) {
        let place = Arc::clone(&self.place);
        let serving = async {
            match tls {
                None => self.http(stream).await,
                Some(tls) => {
                    // Whoever does not speak TLS, or not in time, is let go.
                    let shaken = timeout(self.limits.head_wait, tls.accept(stream)).await;
                    if let Ok(Ok(stream)) = shaken {
                        self.http(stream).await;
                    }
                }
            }
        };
        tokio::select! {
            () = serving => {}
            () = place.asked_to_leave() => {}
        }
    }

    async fn http<T>(self, stream: T)
    where
        T: Resets + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits;
        let mischief = Mischief::default();
        let wire = Wire::new(stream, mischief.clone(), limits.write_wait);
        let service = service_fn(move |request| {
            let busy = self.place.busy();
            let answer = Arc::clone(&self.answers).answer(request, mischief.clone());
            async move { Ok::<_, Closed>(answer.await?.map(|body| body.keeping(busy))) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_wait)
            // The buffer alone is no limit: it may be overrun by the size of one read.
            .max_header_size(limits.head)
            .max_buf_size(limits.head.max(8 * 1024))
            .serve_connection(wire, service);
        // A client that breaks off, or a fault that does, is no concern of the server.
        let _ = self.watcher.watch(connection).await;
    }
}
