//! The SCIM traffic of a recording: which of its entries belong to the SCIM server, in the order in which they were
//! sent, as exchanges.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::exchange::{
    Body, BodyOddity, Exchange, HeaderText, Method, Request, Response, SendError,
};
use crate::secret::Secret;

use super::har::{Answer, Content, Entry, header};
use super::url;

/// One exchange with the SCIM server.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    /// Its entry in the file, from 1.
    pub number: usize,
    /// The exchange; its target is what follows the base URL.
    pub exchange: Exchange,
    /// What is known of the body that was sent.
    pub sent_whole: bool,
    /// What is known of the body that came back.
    pub got_whole: bool,
    /// Header fields of the answer were recorded.
    pub has_headers: bool,
    /// Whether Okta says that it sent it.
    pub from_okta: bool,
    /// Milliseconds since the first request of the recording.
    pub start: i64,
    /// The same, when the answer was there.
    pub end: i64,
    /// The clock time of the request, for people.
    pub at: Option<jiff::Timestamp>,
}

impl Captured {
    /// The body of a successful answer, when it is JSON and all of it is there.
    #[must_use]
    pub(super) fn good(&self) -> Option<&serde_json::Value> {
        self.exchange
            .response()
            .filter(|r| self.got_whole && r.is_success())
            .and_then(Response::json)
    }

    /// Whether the answer was 2xx.
    #[must_use]
    pub(super) fn is_success(&self) -> bool {
        self.exchange.response().is_some_and(Response::is_success)
    }
}

/// What was left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Entries that are not SCIM, or go elsewhere.
    pub other: usize,
    /// Entries without any answer in the recording.
    pub unanswered: usize,
    /// SCIM requests by somebody else than Okta.
    pub other_clients: usize,
    /// Other SCIM servers in the recording, with the number of their requests.
    pub other_bases: BTreeMap<String, usize>,
}

/// The traffic with one SCIM server.
#[derive(Clone, Debug)]
pub(super) struct Traffic {
    /// The base URL.
    pub base: String,
    /// Exchanges in the order in which they were sent.
    pub captured: Vec<Captured>,
    /// What is not among them.
    pub left_out: LeftOut,
}

/// The base URLs below which there are signs of SCIM, those with the most requests first.
pub(super) fn bases_with_signs(entries: &[Entry]) -> Vec<String> {
    let found = bases(entries)
        .into_iter()
        .filter(|(_, votes)| votes.signs > 0);
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|((_, path), votes)| (std::cmp::Reverse(votes.requests), path.len()));
    found
        .into_iter()
        .map(|((origin, path), _)| origin + &path)
        .collect()
}

/// Picks the traffic below `base`, or below the base URL that most SCIM requests share. None when there is none.
#[must_use]
pub(super) fn pick(mut entries: Vec<Entry>, base: Option<&str>) -> Option<Traffic> {
    in_order(&mut entries);
    let total = entries.len();
    let bases = bases(&entries);
    let base = match base {
        Some(base) => {
            let (origin, path) = url::split(base.trim(), None)?;
            (origin, url::path(&path).trim_end_matches('/').to_owned())
        }
        None => {
            let mut found: Vec<_> = bases.iter().filter(|(_, votes)| votes.signs > 0).collect();
            found.sort_by_key(|(base, votes)| (std::cmp::Reverse(votes.requests), base.1.len()));
            found.first().map(|(base, _)| (*base).clone())?
        }
    };
    let first = entries.iter().find_map(|entry| entry.started);
    let mut captured = Vec::new();
    let mut unanswered = 0;
    for entry in entries {
        match capture(entry, &base, first) {
            Capture::Got(one) => captured.push(*one),
            Capture::Unanswered => unanswered = usize::saturating_add(unanswered, 1),
            Capture::Other => {}
        }
    }
    if captured.is_empty() {
        return None;
    }
    let other = total
        .saturating_sub(captured.len())
        .saturating_sub(unanswered);
    let all = captured.len();
    // Where Okta is named, others are not Okta; where nobody is, a gateway has taken the names away.
    if captured.iter().any(|one| one.from_okta) {
        let seen = |one: &Captured| one.from_okta || one.exchange.request.method.is_write();
        captured.retain(seen);
    } else {
        captured.iter_mut().for_each(|one| one.from_okta = true);
    }
    let by_others = captured.iter().filter(|one| !one.from_okta).count();
    let left_out = LeftOut {
        other,
        unanswered,
        other_clients: all.saturating_sub(captured.len()).saturating_add(by_others),
        other_bases: bases
            .into_iter()
            .filter(|(other, votes)| *other != base && votes.signs > 0)
            .map(|((origin, path), votes)| (origin + &path, votes.requests))
            .collect(),
    };
    Some(Traffic {
        base: base.0 + &base.1,
        captured,
        left_out,
    })
}

/// Entries need not be in order (HAR 1.2, entries). One without a time stays behind its neighbour.
fn in_order(entries: &mut [Entry]) {
    let mut last = None;
    for entry in &mut *entries {
        last = entry.started.or(last);
        entry.started = last;
    }
    entries.sort_by_key(|entry| entry.started);
}

#[derive(Default)]
struct Votes {
    requests: usize,
    signs: usize,
}

/// Origin and path of a base URL.
pub(super) type Base = (String, String);

fn bases(entries: &[Entry]) -> BTreeMap<Base, Votes> {
    let mut bases: BTreeMap<Base, Votes> = BTreeMap::new();
    for entry in entries {
        let Some((origin, target)) = url::split(&entry.url, header(&entry.headers, "host")) else {
            continue;
        };
        let path = url::path(&target);
        let Some(end) = url::base_length(path) else {
            continue;
        };
        let votes = bases
            .entry((origin, path.get(..end).unwrap_or_default().to_owned()))
            .or_default();
        votes.requests = votes.requests.saturating_add(1);
        votes.signs = votes.signs.saturating_add(usize::from(is_scim(entry)));
    }
    bases
}

/// Whether anything but the path says that it is SCIM.
fn is_scim(entry: &Entry) -> bool {
    let names_it = |headers: &[(String, String)]| {
        headers.iter().any(|(name, value)| {
            ["accept", "content-type"].contains(&name.to_ascii_lowercase().as_str())
                && value.to_ascii_lowercase().contains("scim+json")
        })
    };
    let speaks = |content: &Content| {
        const URN: &[u8] = b"urn:ietf:params:scim:";
        let bytes = content.bytes();
        let head = bytes.get(..2048).unwrap_or(bytes);
        head.windows(URN.len()).any(|window| window == URN)
    };
    let answered = match &entry.answer {
        Answer::Came {
            headers, content, ..
        } => names_it(headers) || speaks(content),
        Answer::Failed(_) | Answer::Unknown => false,
    };
    answered || names_it(&entry.headers) || is_okta(entry) || speaks(&entry.content)
}

/// Okta's user agent (recorded since 2018): `Okta SCIM Client 1.0.0`.
fn is_okta(entry: &Entry) -> bool {
    header(&entry.headers, "user-agent")
        .is_some_and(|agent| agent.trim().to_ascii_lowercase().starts_with("okta"))
}

/// What an entry is.
pub(super) enum Capture {
    /// An exchange with the SCIM server.
    Got(Box<Captured>),
    /// A request whose answer is not recorded.
    Unanswered,
    /// Not SCIM, or elsewhere.
    Other,
}

pub(super) fn capture(entry: Entry, base: &Base, first: Option<jiff::Timestamp>) -> Capture {
    let from_okta = is_okta(&entry);
    let split = url::split(&entry.url, header(&entry.headers, "host"));
    let target = split
        .filter(|(origin, _)| *origin == base.0)
        .and_then(|(_, target)| url::below(&target, &base.1).map(str::to_owned))
        .filter(|target| url::is_endpoint(target));
    let (Some(target), Some(method)) = (target, method(&entry.method)) else {
        return Capture::Other;
    };
    let timing = entry.timing;
    let mut got_whole = true;
    let mut has_headers = true;
    let outcome = match entry.answer {
        Answer::Unknown => return Capture::Unanswered,
        Answer::Failed(why) => match failure(&why, timing.total) {
            Some(error) => Err(error),
            None => return Capture::Unanswered,
        },
        Answer::Came {
            status,
            headers,
            content,
            has_surplus,
        } => {
            got_whole = matches!(content, Content::Whole(_));
            has_headers = !headers.is_empty();
            let mut body = body(&content, &headers);
            if has_surplus && matches!(status, 204 | 304) {
                body.oddities.push(BodyOddity::BodyAfterNoContent);
            }
            Ok(Response {
                status,
                body,
                headers,
            })
        }
    };
    let start = match (entry.started, first) {
        (Some(at), Some(first)) => at.as_millisecond().saturating_sub(first.as_millisecond()),
        _ => 0,
    };
    let length = i64::try_from(timing.total.as_millis()).unwrap_or(i64::MAX);
    let sent_whole = matches!(&entry.content, Content::Whole(_));
    let body = match &entry.content {
        Content::Missing => None,
        content => Some(Bytes::copy_from_slice(content.bytes())),
    };
    Capture::Got(Box::new(Captured {
        number: entry.number,
        exchange: Exchange {
            request: Request {
                method,
                target,
                headers: entry.headers.into_iter().map(field).collect(),
                body: body.filter(|body| !body.is_empty()),
            },
            outcome,
            timing,
        },
        sent_whole,
        got_whole,
        has_headers,
        from_okta,
        start,
        end: start.saturating_add(length),
        at: entry.started,
    }))
}

/// Recorders keep bodies as they are after decoding; what still is packed is unpacked.
fn body(content: &Content, headers: &[(String, String)]) -> Body {
    let bytes = Bytes::copy_from_slice(content.bytes());
    let is_packed = bytes.starts_with(&[0x1f, 0x8b]);
    let encoding = header(headers, "content-encoding").filter(|_| is_packed);
    Body::read(bytes, encoding)
}

fn method(name: &str) -> Option<Method> {
    [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
        Method::Head,
        Method::Options,
    ]
    .into_iter()
    .find(|method| method.as_str() == name)
}

/// Request headers that say nothing about anybody.
const HARMLESS: [&str; 9] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// Whatever is not known to be harmless is secret: gateways have header fields of their own for credentials.
fn field((name, value): (String, String)) -> (String, HeaderText) {
    let value = if HARMLESS.contains(&name.to_ascii_lowercase().as_str()) {
        HeaderText::Plain(value)
    } else {
        HeaderText::Secret(Secret::new(value))
    };
    (name, value)
}

/// The recorder's word for why no answer came; none when it was the client who went away.
fn failure(why: &str, after: Duration) -> Option<SendError> {
    let word = why.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if has(&["aborted", "client disconnected", "cancel"]) {
        return None;
    }
    // First those of `record`, which are the words of a run: some hold a word of another kind.
    Some(
        if has(&[
            "timed out",
            "timed_out",
            "timeout",
            "no complete answer within",
        ]) {
            SendError::TimedOut { limit: after }
        } else if has(&["the connection was closed before"]) {
            SendError::Closed {
                reason: "the recorder says so".to_owned(),
            }
        } else if has(&["not valid http"]) {
            SendError::NotHttp {
                reason: "the recorder says so".to_owned(),
            }
        } else if has(&["cannot find the host"]) {
            SendError::Dns {
                host: "the server".to_owned(),
            }
        } else if has(&["ssl", "tls", "cert"]) {
            SendError::Tls {
                reason: "the recorder says so".to_owned(),
            }
        } else if has(&["refused", "unreachable", "not_resolved", "connect"]) {
            SendError::Connect {
                host: "the server".to_owned(),
                reason: "the recorder says so".to_owned(),
            }
        } else {
            SendError::Closed {
                reason: "the recorder has no answer".to_owned(),
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_recorder_says_is_told_apart_by_its_kind() {
        let limit = Duration::from_secs(7);
        let peer = "127.0.0.1:1".to_owned();
        let reason = "reset".to_owned();
        let words = |error: &SendError| failure(&error.to_string(), limit);
        let same =
            |a: &SendError, b: &SendError| std::mem::discriminant(a) == std::mem::discriminant(b);
        for error in [
            SendError::Dns { host: peer.clone() },
            SendError::Connect {
                host: peer,
                reason: reason.clone(),
            },
            SendError::Tls {
                reason: reason.clone(),
            },
            SendError::Closed {
                reason: reason.clone(),
            },
            SendError::TimedOut { limit },
            SendError::NotHttp { reason },
        ] {
            assert!(
                words(&error).is_some_and(|found| same(&found, &error)),
                "{error}"
            );
        }
        for (word, wanted) in [
            ("net::ERR_CONNECTION_REFUSED", "cannot connect"),
            ("net::ERR_TIMED_OUT", "no complete answer"),
            ("net::ERR_CERT_INVALID", "TLS failed"),
            ("whatever", "the connection was closed"),
        ] {
            let text = failure(word, limit).unwrap().to_string();
            assert!(text.starts_with(wanted), "{word}: {text}");
        }
        let patient = failure("timed out: the client gave up after 60 s", limit);
        assert!(matches!(patient, Some(SendError::TimedOut { .. })));
        assert_eq!(
            failure("client disconnected before the answer was whole", limit),
            None
        );
    }
}
