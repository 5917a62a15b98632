//! The two directions of one exchange. They run at once, so that `100 Continue`, early answers and long bodies behave as
//! without a recorder.

use std::io;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep_until};

use crate::exchange::{SendError, Wire};

use super::budget::KeptBody;
use super::framing::Framing;
use super::head::{self, AnswerHead, RequestHead, Wrong};
use super::inbox::Inbox;
use super::passage::{Answered, Failure, Leaving, Passage, Times};
use super::relay::Relay;

/// Interim answers (RFC 9110, 15.2) to one request.
const MOST_INTERIM: usize = 100;
/// How much is read at a time.
pub(super) const READ: usize = 32 * 1024;

/// The connection to the target.
pub(super) struct Upstream {
    pub(super) read: ReadHalf<Box<dyn Wire>>,
    pub(super) write: WriteHalf<Box<dyn Wire>>,
    pub(super) inbox: Inbox,
}

impl Upstream {
    pub(super) fn of(wire: Box<dyn Wire>) -> Self {
        let (read, write) = tokio::io::split(wire);
        Self {
            read,
            write,
            inbox: Inbox::default(),
        }
    }

    pub(super) async fn read_more(&mut self) -> io::Result<usize> {
        self.inbox.room().reserve(READ);
        self.read.read_buf(self.inbox.room()).await
    }
}

/// How an exchange ended.
pub(super) enum Ended {
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
    pub(super) fn failed(error: &SendError) -> Self {
        Self::Target {
            reason: error.to_string(),
            has_begun: false,
            until_close: false,
        }
    }
}

/// Both directions of one exchange.
pub(super) struct Both<'r> {
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

impl<'r> Both<'r> {
    /// An exchange that began at `clock`.
    pub(super) fn new(relay: &'r Relay, clock: Instant, times: Times) -> Self {
        Self {
            relay,
            clock,
            state: Mutex::new(State {
                times,
                active: Instant::now(),
                writes_to_client: false,
                has_begun: false,
                is_closing: false,
                sent: KeptBody::within(&relay.budget),
                answer: None,
            }),
        }
    }

    /// Whether another request may follow on the same connection (RFC 9112, 9.3).
    pub(super) fn goes_on(&self, request: &RequestHead) -> bool {
        let state = self.state();
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

    /// Whether nothing of the request's body has come.
    pub(super) fn is_unsent(&self) -> bool {
        self.state().sent.length() == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in it is ever left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        self.state().active = Instant::now();
    }

    /// Runs both until the answer is whole, or cannot become so.
    pub(super) async fn run(
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

    /// What has passed.
    pub(super) fn passage(
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
