//! What is told about requests: to whoever watches the server, and in a bounded log that the
//! admin face shows. Bodies are never kept, secrets never told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Request, header, response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::WireEffect;
use crate::redact::{Redactor, without_secret_values};
use crate::secret::{MASK, Secret};

/// Requests that the log keeps.
const MOST_ENTRIES: usize = 1_000;

/// Bytes of a path with its query, and of a header's value, that are kept.
const LONGEST: usize = 2_048;

/// Request headers that say something about a SCIM client. Their values are no secrets;
/// `Authorization` is shown by its scheme alone.
const TOLD_OF_A_REQUEST: [header::HeaderName; 10] = [
    header::HOST,
    header::USER_AGENT,
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
];

/// Response headers that change what a SCIM client does next.
const TOLD_OF_AN_ANSWER: [header::HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
];

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1 for the first request since the log was begun.
    pub number: u64,
    /// When its head had come.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Path and query as they came, secrets masked.
    pub target: String,
    /// Headers of the request.
    pub headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub answer_headers: Vec<(String, String)>,
    /// Bytes of the answer's body.
    pub bytes: usize,
    /// From the head of the request to the answer.
    pub took: Duration,
    /// What was done to the connection, if anything.
    pub effect: Option<&'static str>,
}

impl Entry {
    /// One line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let effect = self.effect.map(|e| format!(" {e}")).unwrap_or_default();
        let agent = self.headers.iter().find(|(name, _)| name == "user-agent");
        let agent = agent.map_or("-", |(_, value)| value.as_str());
        format!(
            "{:.3} {} {} {} {:.1}ms {}B{effect} {agent:?}",
            self.at,
            self.method,
            self.target,
            self.status,
            self.milliseconds(),
            self.bytes,
        )
    }

    /// The same and more for a program.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let object = |pairs: &[(String, String)]| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| (name.clone(), value.as_str().into()));
            Value::Object(pairs.collect::<Map<String, Value>>())
        };
        json!({
            "number": self.number,
            "at": format!("{:.3}", self.at),
            "method": self.method,
            "target": self.target,
            "headers": object(&self.headers),
            "status": self.status,
            "answerHeaders": object(&self.answer_headers),
            "bytes": self.bytes,
            "milliseconds": self.milliseconds(),
            "effect": self.effect,
        })
    }

    fn milliseconds(&self) -> f64 {
        (self.took.as_secs_f64() * 10_000.0).round() / 10.0
    }
}

/// Somebody who is told about every request, on the task that serves it: it must not block.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Entry) + Send + Sync>);

impl Observer {
    /// Tells `told`.
    pub fn new(told: impl Fn(&Entry) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The last requests.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    /// Requests since the log was begun, also those that it has let go of.
    seen: u64,
}

impl RequestLog {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, entry: &Entry) {
        let mut kept = self.kept();
        if kept.entries.len() >= MOST_ENTRIES {
            kept.entries.pop_front();
        }
        kept.entries.push_back(entry.clone());
    }

    /// The requests with a greater number, oldest first, and how many there were in all.
    pub(super) fn after(&self, number: u64) -> (Vec<Entry>, u64) {
        let kept = self.kept();
        let entries = kept.entries.iter().filter(|entry| entry.number > number);
        (entries.cloned().collect(), kept.seen)
    }

    /// Begins anew.
    pub(super) fn clear(&self) {
        *self.kept() = Kept::default();
    }
}

/// The part of a listener that watches. Without anybody to tell it costs nothing.
#[derive(Debug)]
pub(super) struct Traffic {
    secrets: Redactor,
    observer: Option<Observer>,
    log: Option<Arc<RequestLog>>,
    /// Numbers requests where there is no log.
    unlogged: RequestLog,
}

/// A request whose answer is not yet known.
#[derive(Debug)]
pub(super) struct Arrival {
    entry: Entry,
    since: Instant,
}

impl Traffic {
    pub(super) fn new(
        token: Option<Secret>,
        observer: Option<Observer>,
        log: Option<Arc<RequestLog>>,
    ) -> Self {
        let secrets = Redactor::new();
        if let Some(token) = token {
            secrets.add_credential(&token);
        }
        Self {
            secrets,
            observer,
            log,
            unlogged: RequestLog::default(),
        }
    }

    /// A request whose head has come; `None` when nobody wants to know.
    pub(super) fn arrival<B>(&self, request: &Request<B>) -> Option<Arrival> {
        if self.observer.is_none() && self.log.is_none() {
            return None;
        }
        let log = self.log.as_deref().unwrap_or(&self.unlogged);
        let number = {
            let mut kept = log.kept();
            kept.seen = kept.seen.saturating_add(1);
            kept.seen
        };
        let mut headers = self.told(&TOLD_OF_A_REQUEST, request.headers());
        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            let scheme = value.to_str().unwrap_or_default().split_once(' ');
            // Without a blank the whole value may be the secret.
            let shown = scheme.map_or(MASK.to_owned(), |(scheme, _)| format!("{scheme} {MASK}"));
            headers.push(("authorization".to_owned(), self.masked(&shown)));
        }
        let target = request.uri().path_and_query();
        let target = target.map_or("/", http::uri::PathAndQuery::as_str);
        Some(Arrival {
            entry: Entry {
                number,
                at: Timestamp::now(),
                method: request.method().to_string(),
                target: self.masked(&without_secret_values(target)),
                headers,
                status: 0,
                answer_headers: Vec::new(),
                bytes: 0,
                took: Duration::ZERO,
                effect: None,
            },
            since: Instant::now(),
        })
    }

    /// Tells what became of it.
    pub(super) fn answered(
        &self,
        arrival: Arrival,
        answer: &response::Parts,
        bytes: usize,
        effect: Option<&WireEffect>,
    ) {
        let Arrival { mut entry, since } = arrival;
        entry.status = answer.status.as_u16();
        entry.answer_headers = self.told(&TOLD_OF_AN_ANSWER, &answer.headers);
        entry.bytes = bytes;
        entry.took = since.elapsed();
        entry.effect = effect.map(name);
        if let Some(log) = &self.log {
            log.push(&entry);
        }
        if let Some(Observer(told)) = &self.observer {
            told(&entry);
        }
    }

    fn told(&self, names: &[header::HeaderName], headers: &HeaderMap) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for name in names {
            for value in headers.get_all(name) {
                let value = String::from_utf8_lossy(value.as_bytes());
                told.push((name.as_str().to_owned(), self.masked(&value)));
            }
        }
        told
    }

    /// A text without this server's token, and not too long.
    fn masked(&self, text: &str) -> String {
        let mut masked = self.secrets.text(text).into_owned();
        if masked.len() > LONGEST {
            let end = masked.floor_char_boundary(LONGEST);
            masked.truncate(end);
            masked.push('…');
        }
        masked
    }
}

fn name(effect: &WireEffect) -> &'static str {
    match effect {
        WireEffect::CloseWithoutAnswer => "closed",
        WireEffect::Reset => "reset",
        WireEffect::TruncateBody => "cut-short",
        WireEffect::BodyAfterNoContent(_) => "body-after-204",
        WireEffect::Delay(_) => "delayed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic() -> (Traffic, Arc<RequestLog>) {
        let log = Arc::new(RequestLog::default());
        let token = Some(Secret::new("sw/rdfish"));
        (Traffic::new(token, None, Some(Arc::clone(&log))), log)
    }

    fn pass(traffic: &Traffic, request: &Request<()>) {
        let arrival = traffic.arrival(request).unwrap();
        let (parts, ()) = http::Response::new(()).into_parts();
        traffic.answered(arrival, &parts, 17, None);
    }

    #[test]
    fn no_secret_is_kept() {
        let table = [
            (
                "/Users?filter=userName%20eq%20%22ada%22&count=1",
                "/Users?filter=userName%20eq%20%22ada%22&count=1",
            ),
            ("/Users?filter=pass%57ord+eq+%22x%22", "/Users?filter=***"),
            (
                "/Users?Access%5FToken=abc&count=1",
                "/Users?Access%5FToken=***&count=1",
            ),
            ("/Users?x=sw%2Frdfish", "/Users?x=***"),
            ("/Users/sw/rdfish", "/Users/***"),
            ("/Users/sw%5C%2frdfish", "/Users/***"),
            ("/Users/x%3Dc3cvcmRmaXNo", "/Users/x%3D***"),
            ("/Users?%ff=1", "/Users?%ff=***"),
        ];
        for (target, told) in table {
            assert_eq!(traffic().0.masked(&without_secret_values(target)), told);
        }
        let (traffic, log) = traffic();
        for authorization in ["Bearer sw/rdfish", "sw/rdfish", "sw/rdfish trailing"] {
            let request = Request::builder()
                .header("Authorization", authorization)
                .header("User-Agent", "sw/rdfish")
                .header("Cookie", "session=1")
                .body(())
                .unwrap();
            pass(&traffic, &request);
        }
        let (entries, _) = log.after(0);
        let shown = format!("{entries:?}");
        assert!(
            !shown.contains("rdfish") && !shown.contains("session"),
            "{shown}"
        );
        assert!(shown.contains("Bearer ***"), "{shown}");
    }

    #[test]
    fn the_log_is_bounded_and_counts_on() {
        let (traffic, log) = traffic();
        let long = format!(
            "/Users?filter={}",
            "é".repeat(10_000).replace('é', "%C3%A9")
        );
        for _ in 0..MOST_ENTRIES + 5 {
            pass(&traffic, &Request::builder().uri(&long).body(()).unwrap());
        }
        let (entries, seen) = log.after(0);
        assert_eq!(entries.len(), MOST_ENTRIES);
        assert_eq!((entries[0].number, seen), (6, 1005));
        assert!(entries[0].target.len() < LONGEST + 5);
        assert_eq!(log.after(1004).0.len(), 1);
        log.clear();
        assert_eq!(log.after(0), (vec![], 0));
    }

    #[test]
    fn an_entry_is_one_line() {
        let entry = Entry {
            number: 3,
            at: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            method: "GET".to_owned(),
            target: "/scim/v2/Users?count=1".to_owned(),
            headers: vec![("user-agent".to_owned(), "x\n\"y\"".to_owned())],
            status: 200,
            answer_headers: vec![],
            bytes: 311,
            took: Duration::from_micros(1_260),
            effect: Some("delayed"),
        };
        insta::assert_snapshot!(entry.line(), @r#"2026-01-02T03:04:05.678Z GET /scim/v2/Users?count=1 200 1.3ms 311B delayed "x\n\"y\"""#);
    }
}
