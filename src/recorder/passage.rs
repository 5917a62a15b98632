//! One request that has passed, and what came back for it.

use std::time::Duration;

use jiff::Timestamp;

use super::budget::KeptBody;
use super::head::{AnswerHead, RequestHead};

/// A request and its answer, as they passed: with tokens and people in them.
#[derive(Debug)]
pub(super) struct Passage {
    /// When the first byte of the request came.
    pub(super) started: Timestamp,
    pub(super) times: Times,
    /// `https://scim.acme.io`: where the request went, by the name that the target was called.
    pub(super) origin: String,
    pub(super) request: RequestHead,
    pub(super) sent: KeptBody,
    /// The answer, as far as it came.
    pub(super) answer: Option<Answered>,
    /// Why it did not come whole.
    pub(super) failure: Option<Failure>,
}

/// An answer of the target.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) head: AnswerHead,
    pub(super) body: KeptBody,
    /// Bytes came behind it that belong to no answer.
    pub(super) has_surplus: bool,
}

/// Why an answer did not come whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The target failed, in these words.
    Target {
        /// What happened.
        reason: String,
        /// The status that the client was given in its place; none when it had a part of the answer already.
        answered: Option<u16>,
    },
    /// The client went away.
    Client(Leaving),
}

/// How a client went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Before it had the answer.
    Gone,
    /// Before its request was whole.
    Unfinished,
}

/// A client that goes away after this long has waited for as long as it can, and that is no whim of its own. Okta gives
/// up after 60 s (Okta, "SCIM FAQs").
const PATIENCE: Duration = Duration::from_secs(50);

impl Leaving {
    /// What is written of it, in words that `judge` knows: it counts a time-out, and leaves out the rest.
    pub(super) fn text(self, after: Duration) -> String {
        match self {
            Self::Gone if after >= PATIENCE => {
                format!("timed out: the client gave up after {} s", after.as_secs())
            }
            Self::Gone => "client disconnected before it had the answer".to_owned(),
            Self::Unfinished => "client disconnected before its request was whole".to_owned(),
        }
    }
}

/// When what happened, counted from the first byte of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    /// How long connecting took; none on a connection that was open already.
    pub(super) connect: Option<Duration>,
    /// The last byte of the request went on.
    pub(super) sent: Option<Duration>,
    /// The first byte of the answer came.
    pub(super) first_byte: Option<Duration>,
    /// The last byte of the answer came.
    pub(super) end: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_waited_long_is_no_client_that_goes_away() {
        let text = |seconds| Leaving::Gone.text(Duration::from_secs(seconds));
        assert_eq!(text(60), "timed out: the client gave up after 60 s");
        assert!(text(49).starts_with("client disconnected"));
        let unfinished = Leaving::Unfinished.text(Duration::from_secs(60));
        assert!(unfinished.starts_with("client disconnected"));
    }
}
