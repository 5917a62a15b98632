//! What a comparison of two transcripts says.

use std::fmt;

use serde::Serialize;

use super::transcript::Place;

/// What is folded into a count instead of being listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Another server against the reference: order of arrays and keys, extra attributes, `meta`,
    /// null or empty for absent, 200 or 204 to a PATCH or DELETE, the wording of errors, the
    /// spelling of media types and URLs, and all requests, which follow from earlier answers.
    Reference,
    /// A server against its own past: order of arrays and keys.
    Own,
}

/// How a snapshot compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    /// Nothing differs.
    Same,
    /// Only what was folded.
    Folded,
    /// Something that matters.
    Changed,
    /// There is nothing to compare with.
    New,
}

/// How many snapshots compared how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Nothing differs.
    pub same: usize,
    /// Only what was folded.
    pub folded: usize,
    /// Something that matters.
    pub changed: usize,
    /// Nothing to compare with.
    pub new: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, compared: Compared) {
        let count = match compared {
            Compared::Same => &mut self.same,
            Compared::Folded => &mut self.folded,
            Compared::Changed => &mut self.changed,
            Compared::New => &mut self.new,
        };
        *count = count.saturating_add(1);
    }
}

/// What of two exchanges differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Okta went on with another request: an earlier answer led it there.
    NextRequest,
    /// The request line.
    RequestLine,
    /// A request header.
    RequestHeader(String),
    /// The request body, by JSON pointer.
    RequestBody(String),
    /// The status, or whether there was an answer at all.
    Status,
    /// A response header.
    Header(String),
    /// The response body, by JSON pointer.
    Body(String),
    /// What is odd about the bytes of the response body.
    Oddity,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextRequest => f.write_str("next request"),
            Self::RequestLine => f.write_str("request"),
            Self::RequestHeader(name) => write!(f, "request {name}"),
            Self::RequestBody(pointer) if pointer.is_empty() => f.write_str("request body"),
            Self::RequestBody(pointer) => write!(f, "request {pointer}"),
            Self::Status => f.write_str("status"),
            Self::Header(name) => f.write_str(name),
            Self::Body(pointer) if pointer.is_empty() => f.write_str("body"),
            Self::Body(pointer) => f.write_str(pointer),
            Self::Oddity => f.write_str("bytes"),
        }
    }
}

/// One difference that matters. Its `Display` is one line: `/emails/0/primary  true → "true"`.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where in the scenario it was first seen.
    pub place: Place,
    /// The id of that exchange in the run (`E17`), when the target's transcript is of a run.
    pub exchange: Option<String>,
    /// What differs.
    pub subject: Subject,
    /// The reference's side; JSON values as JSON, shortened.
    pub reference: String,
    /// The target's side.
    pub target: String,
    /// How often the very same difference was seen in the scenario.
    pub times: u32,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {} → {}", self.subject, self.reference, self.target)?;
        if self.times > 1 {
            write!(f, "  (seen {} times)", self.times)?;
        }
        Ok(())
    }
}

/// Two transcripts, compared.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// What matters, in the order of the scenario.
    pub differences: Vec<Difference>,
    /// How many differences were folded.
    pub folded: u64,
}

impl Comparison {
    /// The comparison in a word; never [`Compared::New`].
    #[must_use]
    pub fn compared(&self) -> Compared {
        match (self.differences.is_empty(), self.folded) {
            (false, _) => Compared::Changed,
            (true, 0) => Compared::Same,
            (true, _) => Compared::Folded,
        }
    }
}
