//! One connection of a client, and one to the target for it.
//!
//! Requests go through one after the other; within each, both directions run at once, so that `100 Continue`, early
//! answers and long bodies behave as without a recorder. Bytes go on as they come, but for two things: the value of
//! `Host`, unless it is to be kept, and the last piece of an answer, which waits until the exchange is in the file.

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::exchange::{Dialler, SendError, Wire};

use super::archive::Archive;
use super::budget::{Budget, KeptBody};
use super::framing::Framing;
use super::head::{self, AnswerHead, RequestHead, Wrong};
use super::inbox::{Inbox, NoHead};
use super::passage::{Answered, Failure, Leaving, Passage, Times};
use super::refusal::Refusal;

/// How long a client may keep a connection without a request. Who is behind it may keep a pool of them.
const CLIENT_IDLE: Duration = Duration::from_secs(300);
/// How long the header section of a request may take.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a client is listened to after its last answer, so that it can read that answer.
const LINGER: Duration = Duration::from_secs(2);
/// How long the rest of a request may take whose answer has come already.
const REST_WAIT: Duration = Duration::from_secs(10);
/// Interim answers (RFC 9110, 15.2) to one request.
const MOST_INTERIM: usize = 100;
/// How much is read at a time.
const READ: usize = 32 * 1024;

/// What all connections share.
pub(super) struct Relay {
    pub(super) dialler: Dialler,
    /// `Host` goes on as it came.
    pub(super) keeps_host: bool,
    pub(super) budget: Budget,
    pub(super) archive: Arc<Archive>,
}

/// The connection to the target.
struct Upstream {
    read: ReadHalf<Box<dyn Wire>>,
    write: WriteHalf<Box<dyn Wire>>,
    inbox: Inbox,
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
                        if !self.to_client(&bytes).await {
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
                Some(bytes) => drop(self.to_client(&bytes).await),
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
        let both = Both {
            relay: self.relay,
            clock,
            state: Mutex::new(State {
                times,
                active: Instant::now(),
                writes_to_client: false,
                has_begun: false,
                is_closing: false,
                sent: KeptBody::within(&self.relay.budget),
                answer: None,
            }),
        };
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
        let goes = goes_on(&request, &both);
        let is_unsent = both.state().sent.length() == 0;
        let passage = both.passage(started, origin, request, &ended, has_surplus);
        self.relay.archive.keep(passage).await;
        match ended {
            Ended::Whole { last, is_sent } => {
                let Ok(mut upstream) = upstream else {
                    return After::Ends;
                };
                let surplus = upstream.inbox.take_all();
                for bytes in [last, surplus] {
                    if !self.to_client(&bytes).await {
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
    async fn to_client(&mut self, mut bytes: &[u8]) -> bool {
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

impl Upstream {
    fn of(wire: Box<dyn Wire>) -> Self {
        let (read, write) = tokio::io::split(wire);
        Self {
            read,
            write,
            inbox: Inbox::default(),
        }
    }

    async fn read_more(&mut self) -> io::Result<usize> {
        self.inbox.room().reserve(READ);
        self.read.read_buf(self.inbox.room()).await
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

/// Whether another request may follow on the same connection (RFC 9112, 9.3).
fn goes_on(request: &RequestHead, both: &Both<'_>) -> bool {
    let state = both.state();
    let Some(answer) = &state.answer else {
        return false;
    };
    let keeps = |version: &str, fields: &head::Fields| {
        let closes = fields.lists("connection", "close");
        let asked = fields.lists("connection", "keep-alive");
        !closes && (version == "HTTP/1.1" || asked)
    };
    let ends = answer
        .head
        .framing(&request.method)
        .is_ok_and(|framing| framing == Framing::UntilClose);
    !ends
        && keeps(&request.version, &request.fields)
        && keeps(&answer.head.version, &answer.head.fields)
}

/// How an exchange ended.
enum Ended {
    /// The answer is whole; its last piece has not gone on yet.
    Whole {
        last: Bytes,
        /// The request went on whole as well.
        is_sent: bool,
    },
    /// The target failed.
    Target {
        reason: String,
        /// The client has a part of the answer.
        has_begun: bool,
        /// The answer would have ended with the connection.
        until_close: bool,
    },
    /// The client went away.
    Client(Leaving),
    /// The body of the request is none.
    BadRequest,
}

impl Ended {
    fn failed(error: &SendError) -> Self {
        Self::Target {
            reason: error.to_string(),
            has_begun: false,
            until_close: false,
        }
    }
}

/// Both directions of one exchange.
struct Both<'r> {
    relay: &'r Relay,
    clock: Instant,
    state: Mutex<State>,
}

/// What both directions know of each other.
struct State {
    times: Times,
    /// When bytes last moved.
    active: Instant,
    /// The client is what is waited for.
    writes_to_client: bool,
    /// The client has a part of the answer.
    has_begun: bool,
    /// The client says nothing more, and perhaps is gone.
    is_closing: bool,
    sent: KeptBody,
    answer: Option<Answered>,
}

/// How the direction to the target ended.
enum Up {
    Sent,
    ClientGone,
    /// The target takes no more; perhaps it has said why.
    NotTaken,
    BadChunk,
}

/// How the direction to the client ended.
enum Down {
    Whole(Bytes),
    Target(SendError),
    ClientGone,
}

type Client<'c> = (&'c mut OwnedReadHalf, &'c mut Inbox, &'c mut OwnedWriteHalf);

impl Both<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in it is ever left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        self.state().active = Instant::now();
    }

    async fn run(
        &self,
        client: Client<'_>,
        upstream: &mut Upstream,
        outgoing: Bytes,
        request: &RequestHead,
    ) -> Ended {
        let (client_read, client_inbox, client_write) = client;
        let Upstream { read, write, inbox } = upstream;
        let mut up = pin!(self.up(client_read, client_inbox, write, outgoing, request));
        let mut down = pin!(self.down(read, inbox, client_write, &request.method));
        let mut idle = pin!(self.idle());
        let mut sent = None;
        loop {
            tokio::select! {
                biased;
                ended = &mut up, if sent.is_none() => match ended {
                    Up::ClientGone => return Ended::Client(self.leaving()),
                    Up::BadChunk => return Ended::BadRequest,
                    Up::Sent => sent = Some(true),
                    Up::NotTaken => sent = Some(false),
                },
                ended = &mut down => return match ended {
                    Down::Whole(last) => Ended::Whole { last, is_sent: self.is_sent() },
                    Down::ClientGone => Ended::Client(Leaving::Gone),
                    Down::Target(error) => self.failed(&error, request),
                },
                () = &mut idle => {
                    let by_client = self.state().writes_to_client || sent.is_none() && !self.is_sent();
                    if by_client {
                        return Ended::Client(self.leaving());
                    }
                    let limit = self.relay.dialler.settings().idle_timeout;
                    return self.failed(&SendError::TimedOut { limit }, request);
                }
            }
        }
    }

    /// How a client leaves that leaves now.
    fn leaving(&self) -> Leaving {
        match self.is_sent() {
            true => Leaving::Gone,
            false => Leaving::Unfinished,
        }
    }

    fn is_sent(&self) -> bool {
        self.state().times.sent.is_some()
    }

    fn failed(&self, error: &SendError, request: &RequestHead) -> Ended {
        let state = self.state();
        if state.is_closing {
            // Most servers answer nobody who has gone.
            return Ended::Client(Leaving::Gone);
        }
        let head = state.answer.as_ref().map(|answer| &answer.head);
        let framing = head.and_then(|head| head.framing(&request.method).ok());
        Ended::Target {
            reason: error.to_string(),
            has_begun: state.has_begun,
            until_close: framing == Some(Framing::UntilClose),
        }
    }

    /// Completes when nothing has moved for the time that the target has.
    async fn idle(&self) {
        let limit = self.relay.dialler.settings().idle_timeout;
        loop {
            let active = self.state().active;
            match active.checked_add(limit) {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                Some(_) => return,
                None => std::future::pending().await,
            }
        }
    }

    async fn up(
        &self,
        client: &mut OwnedReadHalf,
        inbox: &mut Inbox,
        target: &mut WriteHalf<Box<dyn Wire>>,
        outgoing: Bytes,
        request: &RequestHead,
    ) -> Up {
        if target.write_all(&outgoing).await.is_err() || target.flush().await.is_err() {
            return Up::NotTaken;
        }
        let mut framing = request.framing.clone();
        while !framing.is_over() {
            let taken = inbox.take_body(&mut framing, |part| self.state().sent.push(part));
            match taken {
                Err(_) => return Up::BadChunk,
                Ok(Some(piece)) => {
                    self.moved();
                    if target.write_all(&piece.bytes).await.is_err()
                        || target.flush().await.is_err()
                    {
                        return Up::NotTaken;
                    }
                }
                Ok(None) => {
                    inbox.room().reserve(READ);
                    match client.read_buf(inbox.room()).await {
                        Ok(0) | Err(_) => return Up::ClientGone,
                        Ok(_) => self.moved(),
                    }
                }
            }
        }
        {
            let mut state = self.state();
            state.times.sent = Some(self.clock.elapsed());
            state.active = Instant::now();
        }
        // A client that goes away, or says that nothing more comes, is told on to the target, which may care.
        match client.peek(&mut [0]).await {
            Ok(0) => {
                self.state().is_closing = true;
                let _ = target.shutdown().await;
            }
            // The next request.
            Ok(_) => {}
            Err(_) => return Up::ClientGone,
        }
        Up::Sent
    }

    async fn down(
        &self,
        target: &mut ReadHalf<Box<dyn Wire>>,
        inbox: &mut Inbox,
        client: &mut OwnedWriteHalf,
        method: &str,
    ) -> Down {
        let (head, section) = match self.answer_head(target, inbox, client).await {
            Ok(found) => found,
            Err(down) => return down,
        };
        let Ok(mut framing) = head.framing(method) else {
            return not_http(Wrong::Length.text());
        };
        self.state().answer = Some(Answered {
            head,
            body: KeptBody::within(&self.relay.budget),
            has_surplus: false,
        });
        let push = |part: &[u8]| {
            if let Some(answer) = &mut self.state().answer {
                answer.body.push(part);
            }
        };
        // The header section goes on together with what has come of the body.
        let mut waiting = section;
        let mut count: usize = 0;
        loop {
            if framing.is_over() {
                return Down::Whole(waiting);
            }
            let piece = match inbox.take_body(&mut framing, push) {
                Ok(piece) => piece,
                // Nobody knows any more where it ends: what has come goes on, as without a recorder.
                Err(_) => return not_http("a chunk of the body is none"),
            };
            match piece {
                Some(piece) => {
                    count = count.saturating_add(piece.bytes.len());
                    waiting = joined(waiting, piece.bytes);
                    if piece.is_last {
                        return Down::Whole(waiting);
                    }
                }
                None => {
                    if !waiting.is_empty() {
                        let bytes = std::mem::take(&mut waiting);
                        self.state().has_begun = true;
                        if !self.to_client(client, &bytes).await {
                            return Down::ClientGone;
                        }
                    }
                    inbox.room().reserve(READ);
                    match target.read_buf(inbox.room()).await {
                        Ok(0) if framing.ends_with_connection() => return Down::Whole(waiting),
                        Ok(0) => return self.lost(None, Some(count)),
                        // TLS without a farewell, as many servers end it.
                        Err(error)
                            if error.kind() == io::ErrorKind::UnexpectedEof
                                && framing.ends_with_connection() =>
                        {
                            return Down::Whole(waiting);
                        }
                        Err(error) => return self.lost(Some(&error), Some(count)),
                        Ok(_) => self.moved(),
                    }
                }
            }
        }
    }

    /// The header section of the last answer; those before it go on at once.
    async fn answer_head(
        &self,
        target: &mut ReadHalf<Box<dyn Wire>>,
        inbox: &mut Inbox,
        client: &mut OwnedWriteHalf,
    ) -> Result<(AnswerHead, Bytes), Down> {
        for _ in 0..=MOST_INTERIM {
            let section = loop {
                if !inbox.is_empty() {
                    let came = self.clock.elapsed();
                    self.state().times.first_byte.get_or_insert(came);
                }
                match inbox.take_head() {
                    Ok(Some(section)) => break section,
                    Ok(None) => {}
                    Err(_) => return Err(not_http("its header section is longer than 128 KiB")),
                }
                inbox.room().reserve(READ);
                match target.read_buf(inbox.room()).await {
                    Ok(0) => return Err(self.lost(None, None)),
                    Err(error) => return Err(self.lost(Some(&error), None)),
                    Ok(_) => self.moved(),
                }
            };
            let head = head::answer(&section).map_err(|_| not_http("it has no status line"))?;
            if head.status == 101 {
                return Err(not_http("it switches to a protocol that nobody asked for"));
            }
            if !head.is_interim() {
                return Ok((head, section));
            }
            self.state().times.first_byte = None;
            if !self.to_client(client, &section).await {
                return Err(Down::ClientGone);
            }
        }
        Err(not_http(
            "more than 100 interim answers (1xx), and no other",
        ))
    }

    async fn to_client(&self, client: &mut OwnedWriteHalf, bytes: &[u8]) -> bool {
        self.state().writes_to_client = true;
        let written = client.write_all(bytes).await.is_ok();
        let mut state = self.state();
        state.writes_to_client = false;
        state.active = Instant::now();
        written
    }

    fn lost(&self, error: Option<&io::Error>, body: Option<usize>) -> Down {
        Down::Target(self.relay.dialler.lost(error, body))
    }

    fn passage(
        self,
        started: Timestamp,
        origin: String,
        request: RequestHead,
        ended: &Ended,
        has_surplus: bool,
    ) -> Passage {
        let state = self.state.into_inner();
        let State {
            mut times,
            sent,
            mut answer,
            is_closing,
            ..
        } = state.unwrap_or_else(PoisonError::into_inner);
        times.end = self.clock.elapsed();
        if let Some(answer) = &mut answer {
            answer.has_surplus = has_surplus;
        }
        let failure = match ended {
            Ended::Whole { .. } if is_closing => Some(Failure::Client(Leaving::Gone)),
            Ended::Whole { .. } => None,
            Ended::Target {
                reason, has_begun, ..
            } => Some(Failure::Target {
                reason: reason.clone(),
                answered: (!has_begun).then_some(502),
            }),
            Ended::Client(leaving) => Some(Failure::Client(*leaving)),
            Ended::BadRequest => Some(Failure::Client(Leaving::Unfinished)),
        };
        Passage {
            started,
            times,
            origin,
            request,
            sent,
            answer,
            failure,
        }
    }
}

fn not_http(reason: &str) -> Down {
    Down::Target(SendError::NotHttp {
        reason: reason.to_owned(),
    })
}

/// Two pieces that follow each other.
fn joined(first: Bytes, second: Bytes) -> Bytes {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second,
        (_, true) => first,
        _ => [first, second].concat().into(),
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
