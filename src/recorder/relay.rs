//! One connection of a client, and one to the target for it.
//!
//! Requests go through one after the other. Bytes go on as they come, but for two things: the value of `Host`, unless it is
//! to be kept, and the last piece of an answer, which waits until the exchange is in the file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::exchange::Dialler;

use super::archive::Archive;
use super::budget::Budget;
use super::directions::{Both, Ended, READ, Upstream};
use super::head::{self, RequestHead, Wrong};
use super::inbox::{Inbox, NoHead};
use super::passage::Times;
use super::refusal::Refusal;

/// How long a client may keep a connection without a request. Who is behind it may keep a pool of them.
const CLIENT_IDLE: Duration = Duration::from_secs(300);
/// How long the header section of a request may take.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a client is listened to after its last answer, so that it can read that answer.
const LINGER: Duration = Duration::from_secs(2);
/// How long the rest of a request may take whose answer has come already.
const REST_WAIT: Duration = Duration::from_secs(10);

/// What all connections share.
pub(super) struct Relay {
    pub(super) dialler: Dialler,
    /// `Host` goes on as it came.
    pub(super) keeps_host: bool,
    pub(super) budget: Budget,
    pub(super) archive: Arc<Archive>,
}

/// The connection of a client.
struct Connection<'r> {
    relay: &'r Relay,
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    inbox: Inbox,
    upstream: Option<Upstream>,
    /// When the first byte of the request came that is in the inbox.
    began: Option<(Timestamp, Instant)>,
}

/// What comes next on a connection.
enum Next {
    Request(Bytes),
    Refused(Refusal),
    /// The client, or the target, has closed, or the recorder stops.
    End,
}

/// What becomes of a connection after an exchange.
enum After {
    Goes,
    Ends,
    /// It breaks, because an end in order would say that the answer is whole.
    Breaks,
    Refused(Refusal),
}

/// Serves one client until either side closes, or `stop` becomes true.
pub(super) async fn serve(relay: &Relay, client: TcpStream, stop: watch::Receiver<bool>) {
    // Without it small pieces wait for each other.
    let _ = client.set_nodelay(true);
    let (read, write) = client.into_split();
    let connection = Connection {
        relay,
        read,
        write,
        inbox: Inbox::default(),
        upstream: None,
        began: None,
    };
    connection.run(stop).await;
}

impl Connection<'_> {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let section = match self.next(&mut stop).await {
                Next::Request(section) => section,
                Next::Refused(refusal) => {
                    self.relay.archive.count_refusal(refusal.status);
                    return self.refuse(&refusal, false).await;
                }
                Next::End => return,
            };
            match self.pass(&section).await {
                After::Goes => {}
                After::Ends => return self.close().await,
                After::Breaks => return self.reset(),
                After::Refused(refusal) => {
                    let to_head = section.trim_ascii_start().starts_with(b"HEAD ");
                    return self.refuse(&refusal, to_head).await;
                }
            }
        }
    }

    /// Waits for a request. What the target says unasked goes on to the client meanwhile.
    async fn next(&mut self, stop: &mut watch::Receiver<bool>) -> Next {
        let mut since = Instant::now();
        loop {
            match self.inbox.take_request() {
                Ok(Some(section)) => return Next::Request(section),
                Ok(None) => {}
                Err(NoHead::TooLong) => {
                    let detail = "the header section is longer than 128 KiB";
                    return Next::Refused(Refusal::new(431, detail));
                }
                Err(NoHead::Wrong(wrong)) => return Next::Refused(wrong.refusal()),
            }
            let begun = !self.inbox.is_empty();
            if begun && self.began.is_none() {
                self.began = Some((Timestamp::now(), Instant::now()));
                since = Instant::now();
            }
            let wait = if begun { HEAD_WAIT } else { CLIENT_IDLE };
            let Some(until) = since.checked_add(wait) else {
                return Next::End;
            };
            self.inbox.room().reserve(READ);
            tokio::select! {
                read = self.read.read_buf(self.inbox.room()) => match read {
                    Ok(0) | Err(_) => return Next::End,
                    Ok(_) => {}
                },
                unasked = unasked(&mut self.upstream) => match unasked {
                    Some(bytes) => {
                        if !self.hand_over(&bytes).await {
                            return Next::End;
                        }
                    }
                    // The request that has begun gets a new connection.
                    None if begun => self.upstream = None,
                    // A target that has closed does so here, too, before a request goes into the void.
                    None => return Next::End,
                },
                () = sleep_until(until) => {
                    return match begun {
                        true => Next::Refused(Refusal::new(408, "the request did not come to its end")),
                        false => Next::End,
                    };
                }
                () = stopped(stop) => return Next::End,
            }
        }
    }

    /// Passes one request on, and what comes back.
    async fn pass(&mut self, section: &Bytes) -> After {
        let now = || (Timestamp::now(), Instant::now());
        let (started, clock) = self.began.take().unwrap_or_else(now);
        let refused = |refusal: Refusal| {
            self.relay.archive.count_refusal(refusal.status);
            After::Refused(refusal)
        };
        let request = match head::request(section) {
            Ok(request) => request,
            Err(wrong) => return refused(wrong.refusal()),
        };
        if request.method.eq_ignore_ascii_case("CONNECT") {
            let detail = "CONNECT is for proxies that lead anywhere; this one leads to one server";
            return refused(Refusal::new(405, detail));
        }
        if request.fields.get("upgrade").is_some() {
            let detail = "Upgrade cannot be recorded; send HTTP/1.1 alone";
            return refused(Refusal::new(501, detail));
        }
        let (outgoing, authority) = self.relay.addressed(section, &request);
        let mut times = Times::default();
        if let Some(heard) = unasked(&mut self.upstream).now_or_never() {
            match heard {
                // It goes before the answer, as it has come.
                Some(bytes) => drop(self.hand_over(&bytes).await),
                // Closed in the meantime, and nothing of the request was sent.
                None => self.upstream = None,
            }
        }
        let mut upstream = match self.upstream.take() {
            Some(upstream) => Ok(upstream),
            None => {
                let dialled = Instant::now();
                let wire = self.relay.dialler.dial().await;
                times.connect = wire.is_ok().then(|| dialled.elapsed());
                wire.map(Upstream::of)
            }
        };
        let base = &self.relay.dialler.settings().base;
        let scheme = if base.is_https() { "https" } else { "http" };
        let origin = format!("{scheme}://{authority}");
        let both = Both::new(self.relay, clock, times);
        let ended = match &mut upstream {
            Err(error) => Ended::failed(error),
            Ok(upstream) => {
                let client = (&mut self.read, &mut self.inbox, &mut self.write);
                both.run(client, upstream, outgoing, &request).await
            }
        };
        let has_surplus = match (&mut upstream, &ended) {
            (Ok(upstream), Ended::Whole { .. }) => !upstream.inbox.is_empty(),
            _ => false,
        };
        let waits = request.fields.lists("expect", "100-continue");
        let goes = both.goes_on(&request);
        let is_unsent = both.is_unsent();
        let passage = both.passage(started, origin, request, &ended, has_surplus);
        self.relay.archive.keep(passage).await;
        match ended {
            Ended::Whole { last, is_sent } => {
                let Ok(mut upstream) = upstream else {
                    return After::Ends;
                };
                let surplus = upstream.inbox.take_all();
                for bytes in [last, surplus] {
                    if !self.hand_over(&bytes).await {
                        return After::Ends;
                    }
                }
                if !is_sent {
                    // A client that asked first, and has got its answer, sends no body any more.
                    if !(waits && is_unsent) {
                        self.rest(upstream).await;
                    }
                    return After::Ends;
                }
                if !goes {
                    return After::Ends;
                }
                self.upstream = Some(upstream);
                After::Goes
            }
            Ended::Target {
                reason,
                has_begun: false,
                ..
            } => After::Refused(Refusal::new(502, reason)),
            Ended::Target {
                until_close: true, ..
            } => After::Breaks,
            Ended::Target { .. } => After::Ends,
            Ended::Client(_) => After::Ends,
            Ended::BadRequest => After::Refused(Refusal::new(400, "a chunk of the body is none")),
        }
    }

    /// Whether the client has taken bytes, as long as it takes some at all.
    async fn hand_over(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match timeout(CLIENT_IDLE, self.write.write(bytes)).await {
                Ok(Ok(count @ 1..)) => bytes = bytes.get(count..).unwrap_or_default(),
                _ => return false,
            }
        }
        true
    }

    /// The answer is there, and the request is not whole: it goes on as long as somebody reads it.
    async fn rest(&mut self, mut upstream: Upstream) {
        let moving = async {
            loop {
                let bytes = self.inbox.take_all();
                if upstream.write.write_all(&bytes).await.is_err() {
                    return;
                }
                self.inbox.room().reserve(READ);
                match self.read.read_buf(self.inbox.room()).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        let closed = async {
            let mut unread = [0; 1024];
            while upstream.read.read(&mut unread).await.is_ok_and(|n| n > 0) {}
        };
        tokio::select! {
            () = moving => {}
            () = closed => {}
            () = tokio::time::sleep(REST_WAIT) => {}
        }
    }

    fn reset(self) {
        // Either half alone would end in order. Where the system cannot, the connection is closed the common way.
        if let Ok(whole) = self.read.reunite(self.write) {
            let _ = whole.set_zero_linger();
        }
    }

    async fn refuse(mut self, refusal: &Refusal, to_head: bool) {
        let bytes = refusal.bytes(to_head);
        if timeout(LINGER, self.write.write_all(&bytes)).await.is_ok() {
            self.close().await;
        }
    }

    /// Closes in order: a reset, as it follows from unread bytes, would take the last answer from the client.
    async fn close(mut self) {
        self.upstream = None;
        let _ = self.write.shutdown().await;
        let mut unread = [0; 1024];
        let drained = async { while self.read.read(&mut unread).await.is_ok_and(|n| n > 0) {} };
        let _ = timeout(LINGER, drained).await;
    }
}

/// Completes when the recorder stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    let _ = stop.wait_for(|stops| *stops).await;
}

/// What the target says while no request is under way; none when it has closed. Never completes without a target.
async fn unasked(upstream: &mut Option<Upstream>) -> Option<Bytes> {
    match upstream {
        None => std::future::pending().await,
        Some(upstream) => match upstream.read_more().await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(upstream.inbox.take_all()),
        },
    }
}

impl Wrong {
    fn refusal(self) -> Refusal {
        let status = if self == Self::Version { 505 } else { 400 };
        Refusal::new(status, self.text())
    }
}

impl Relay {
    /// The header section as it goes on, and the name by which the target is called in it.
    fn addressed(&self, section: &Bytes, request: &RequestHead) -> (Bytes, String) {
        let authority = self.dialler.settings().base.authority();
        let mut fields = request.fields.0.iter();
        let host = fields.find(|field| field.name.eq_ignore_ascii_case("host"));
        let Some(host) = host else {
            return (section.clone(), authority.to_owned());
        };
        if self.keeps_host || host.value == authority {
            return (section.clone(), host.value.clone());
        }
        let (before, behind) = (section.get(..host.at.start), section.get(host.at.end..));
        let parts = [before.unwrap_or_default(), authority.as_bytes()];
        let outgoing = [&parts[..], &[behind.unwrap_or_default()]]
            .concat()
            .concat();
        (outgoing.into(), authority.to_owned())
    }
}

/// Refuses a client whatever it asks for.
pub(super) async fn answer_once(mut client: TcpStream, refusal: &Refusal) {
    let answered = async {
        client.write_all(&refusal.bytes(false)).await?;
        client.shutdown().await?;
        let mut unread = [0; 1024];
        while client.read(&mut unread).await? > 0 {}
        Ok::<(), io::Error>(())
    };
    // A client that is gone wants no answer.
    let _ = timeout(LINGER, answered).await;
}
