//! An exchange as it is kept until the reports are written.
//!
//! A run keeps thousands. A parsed body is several times as large as its text, Okta sends the same headers with every
//! request, and who reads back gets the same answer again; so what is kept is the text alone, and once. What a target
//! answers has no bound in all, so what is kept of it has: of a body that is large, or that comes when the budget of the
//! run is used up, its beginning, its size and its hash.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::keep_budget::{KeepBudget, cost, sha256};
use super::{
    Body, BodyOddity, Exchange, HeaderText, Method, NotJson, Request, Response, SendError, Timing,
};

/// A body up to this size is kept whole, in bytes: the size alone decides, so that the same answer is kept in the same
/// way in every run. A page of 100 users has about 100 KB.
pub const WHOLE_LIMIT: usize = 1024 * 1024;

/// A body up to this size is small, in bytes.
const SMALL: usize = 64 * 1024;

/// How much is kept of the beginning of a larger one, in bytes.
const START: usize = 1024;

/// How many bytes of headers, or of a request's target, are kept; when the budget is used up, no more than [`START`].
const HEAD_LIMIT: usize = 16 * 1024;

/// How much is kept of one header value, in bytes.
const VALUE_LIMIT: usize = 4 * 1024;

/// An exchange without the parsed body of its answer; [`Kept::open`] parses it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    method: Method,
    target: Box<str>,
    headers: Arc<[(String, HeaderText)]>,
    body: Option<KeptBody>,
    outcome: Result<Answer, SendError>,
    timing: Timing,
}

/// What is kept of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeptBody {
    Whole(Bytes),
    Start(Bytes, Box<BodyCut>),
}

impl BodyCut {
    /// Whether it was kept no further because the budget was used up; in another order of exchanges it may be whole.
    #[must_use]
    pub fn is_by_chance(&self) -> bool {
        self.bytes <= WHOLE_LIMIT
    }
}

/// What is known of a body whose beginning alone was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyCut {
    /// How many bytes it had, after masking.
    pub bytes: usize,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Lines,
    body: KeptBody,
    /// Why the body was not JSON when it came. Masking may have made JSON of it since, or put its mistake
    /// elsewhere; it stays what it was.
    unreadable: Option<Box<NotJson>>,
    oddities: Box<[BodyOddity]>,
}

impl Kept {
    /// Lets go of what can be had again.
    #[must_use]
    pub fn of(exchange: Exchange) -> Self {
        Self::sharing(exchange, &mut InCommon::default())
    }

    /// The same, with the headers and bodies of earlier exchanges where they are equal.
    #[must_use]
    pub fn sharing(exchange: Exchange, in_common: &mut InCommon) -> Self {
        let Exchange {
            request,
            outcome,
            timing,
        } = exchange;
        Self {
            method: request.method,
            target: in_common.target(request.target),
            headers: in_common.headers(request.headers),
            body: request
                .body
                .map(|body| in_common.body(&body, cost(&body, None))),
            outcome: outcome.map(|response| Answer::of(response, in_common)),
            timing,
        }
    }

    /// The exchange as it was, with its body parsed.
    #[must_use]
    pub fn open(&self) -> Exchange {
        Exchange {
            request: Request {
                method: self.method,
                target: self.target.to_string(),
                headers: self.headers.to_vec(),
                body: self.body.as_ref().map(KeptBody::bytes),
            },
            outcome: match &self.outcome {
                Ok(answer) => Ok(answer.open()),
                Err(error) => Err(error.clone()),
            },
            timing: self.timing,
        }
    }

    /// The same, but of a body that is large the beginning alone: who looks at many exchanges at a time has no room for
    /// all that is in them.
    #[must_use]
    pub fn open_if_small(&self) -> Exchange {
        match &self.outcome {
            Ok(answer) if answer.body.bytes().len() > SMALL => Self {
                outcome: Ok(Answer {
                    body: cut(&answer.body.bytes()),
                    ..answer.clone()
                }),
                ..self.clone()
            }
            .open(),
            _ => self.open(),
        }
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The target of the request.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The status of the answer, if one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref().ok().map(|answer| answer.status)
    }

    /// Bytes of both bodies, as far as they are kept.
    #[must_use]
    pub fn weight(&self) -> usize {
        let answer = self.outcome.as_ref().ok().map(|answer| &answer.body);
        let bodies = self.body.iter().chain(answer);
        bodies.map(|body| body.bytes().len()).sum()
    }

    /// What is missing of the request's body.
    #[must_use]
    pub fn request_cut(&self) -> Option<&BodyCut> {
        self.body.as_ref()?.cut()
    }

    /// What is missing of the answer's body.
    #[must_use]
    pub fn answer_cut(&self) -> Option<&BodyCut> {
        self.outcome.as_ref().ok()?.body.cut()
    }

    /// How many header fields of the answer were left out or shortened.
    #[must_use]
    pub fn headers_cut(&self) -> usize {
        let answer = self.outcome.as_ref().ok();
        answer.map_or(0, |answer| answer.headers.cut)
    }

    /// When what happened.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }
}

impl KeptBody {
    fn bytes(&self) -> Bytes {
        match self {
            Self::Whole(bytes) | Self::Start(bytes, _) => bytes.clone(),
        }
    }

    fn cut(&self) -> Option<&BodyCut> {
        match self {
            Self::Whole(_) => None,
            Self::Start(_, cut) => Some(cut),
        }
    }
}

impl Answer {
    fn of(response: Response, in_common: &mut InCommon) -> Self {
        let body = response.body;
        let cost = cost(&body.bytes, body.json.as_deref().ok());
        Self {
            status: response.status,
            headers: in_common.lines(&response.headers),
            body: in_common.body(&body.bytes, cost),
            unreadable: body.json.err().map(Box::new),
            oddities: body.oddities.into(),
        }
    }

    fn open(&self) -> Response {
        let bytes = self.body.bytes();
        // What was odd about the bytes as they came, masking may have taken out of them.
        let oddities = self.oddities.to_vec();
        let body = match (&self.unreadable, self.body.cut()) {
            (Some(why), _) => Body {
                bytes,
                json: Err(NotJson::clone(why)),
                oddities,
            },
            (None, Some(cut)) => Body {
                bytes,
                json: Err(NotJson::Cut { bytes: cut.bytes }),
                oddities,
            },
            (None, None) => Body {
                oddities,
                ..Body::parse(bytes)
            },
        };
        Response {
            status: self.status,
            headers: self.headers.open(),
            body,
        }
    }
}

/// Header fields in one piece of text: two words of bookkeeping each in place of two allocations.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lines {
    text: Box<str>,
    /// Where each name ends and each value, in turn.
    ends: Box<[usize]>,
    /// How many fields were left out or shortened.
    cut: usize,
}

impl Lines {
    /// The first fields, up to so many bytes in all.
    fn of(headers: &[(String, String)], most: usize) -> Self {
        let mut text = String::new();
        let mut ends = Vec::new();
        let mut cut = 0;
        for (name, value) in headers {
            let start = start_of(value, VALUE_LIMIT);
            if text.len() + name.len() + start.len() > most {
                cut += 1;
                continue;
            }
            cut += usize::from(start.len() < value.len());
            for part in [name, start] {
                text.push_str(part);
                ends.push(text.len());
            }
        }
        Self {
            text: text.into(),
            ends: ends.into(),
            cut,
        }
    }

    fn open(&self) -> Vec<(String, String)> {
        let mut start = 0;
        let mut next = |end: usize| {
            let part = self.text.get(start..end).unwrap_or_default().to_owned();
            start = end;
            part
        };
        let mut headers = Vec::with_capacity(self.ends.len() / 2);
        for field in self.ends.chunks_exact(2) {
            if let [name, value] = *field {
                headers.push((next(name), next(value)));
            }
        }
        headers
    }
}

/// The beginning of a text, in whole characters.
fn start_of(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// What the exchanges of a scenario have in common.
#[derive(Debug, Default)]
pub struct InCommon {
    headers: Vec<Arc<[(String, HeaderText)]>>,
    bodies: HashSet<Bytes>,
    budget: Arc<KeepBudget>,
}

impl InCommon {
    /// How many different request headers are remembered: a scenario has a handful, with and without a body, right
    /// token and wrong.
    const MOST_HEADERS: usize = 32;

    /// Nothing in common yet; what is kept counts towards `budget`.
    #[must_use]
    pub fn within(budget: Arc<KeepBudget>) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    /// How much of a head may be kept, in bytes, when it has so many.
    fn room(&self, length: usize) -> usize {
        let length = length.min(HEAD_LIMIT);
        if length <= START || self.budget.take(length) {
            HEAD_LIMIT
        } else {
            START
        }
    }

    fn target(&self, target: String) -> Box<str> {
        let start = start_of(&target, self.room(target.len()));
        if start.len() == target.len() {
            return target.into();
        }
        format!("{start}… ({} bytes)", target.len()).into()
    }

    fn lines(&self, headers: &[(String, String)]) -> Lines {
        let length = headers.iter().map(|(name, value)| name.len() + value.len());
        Lines::of(headers, self.room(length.sum()))
    }

    fn headers(&mut self, headers: Vec<(String, HeaderText)>) -> Arc<[(String, HeaderText)]> {
        if let Some(same) = self.headers.iter().find(|known| known[..] == headers[..]) {
            return Arc::clone(same);
        }
        let headers: Arc<[_]> = headers.into();
        if self.headers.len() < Self::MOST_HEADERS {
            self.headers.push(Arc::clone(&headers));
        }
        headers
    }

    fn body(&mut self, bytes: &Bytes, cost: usize) -> KeptBody {
        if bytes.len() <= WHOLE_LIMIT {
            if let Some(same) = self.bodies.get(bytes) {
                return KeptBody::Whole(same.clone());
            }
            // What is no longer than its beginning is kept in any case: there is nothing to save.
            if bytes.len() <= START || self.budget.take(cost) {
                // A copy has no room for growth, which a body comes with when it was collected in pieces.
                let body = Bytes::copy_from_slice(bytes);
                self.bodies.insert(body.clone());
                return KeptBody::Whole(body);
            }
        }
        cut(bytes)
    }
}

fn cut(bytes: &[u8]) -> KeptBody {
    let start = match std::str::from_utf8(bytes) {
        Ok(text) => start_of(text, START).as_bytes(),
        Err(_) => bytes.get(..START).unwrap_or(bytes),
    };
    let cut = BodyCut {
        bytes: bytes.len(),
        sha256: sha256(bytes),
    };
    KeptBody::Start(Bytes::copy_from_slice(start), Box::new(cut))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::exchange::mask_exchange;
    use crate::redact::ForeignNames;
    use crate::secret::Secret;

    fn exchange(answer: &'static [u8]) -> Exchange {
        Exchange {
            request: Request {
                method: Method::Put,
                target: "/Users/1?a=b".to_owned(),
                headers: vec![
                    ("Accept".to_owned(), HeaderText::Plain("*/*".to_owned())),
                    (
                        "Authorization".to_owned(),
                        HeaderText::Secret(Secret::new("Bearer x")),
                    ),
                ],
                body: Some(Bytes::from_static(b"{}")),
            },
            outcome: Ok(Response {
                status: 200,
                headers: [("Content-Type", "text/html"), ("X-Empty", ""), ("", "ł")]
                    .map(|(n, v)| (n.to_owned(), v.to_owned()))
                    .to_vec(),
                body: Body::read(Bytes::from_static(answer), None),
            }),
            timing: Timing {
                connect: Some(Duration::from_millis(3)),
                first_byte: Duration::from_millis(2),
                total: Duration::from_millis(5),
            },
        }
    }

    #[test]
    fn an_opened_exchange_is_the_one_that_was_kept() {
        let bodies: [&[u8]; 9] = [
            b"",
            b" \n",
            b"{\"id\":\"1\",\"n\":[1,-2,3.5,18446744073709551615,1e3,null],\"\":{}}",
            b"\xEF\xBB\xBF{\"a\":1}",
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":",
            b"<html></html>",
            b"oops",
            b"\xff\xfe",
        ];
        for body in bodies {
            let exchange = exchange(body);
            assert_eq!(Kept::of(exchange.clone()).open(), exchange, "{body:?}");
        }
        let mut lost = exchange(b"");
        lost.outcome = Err(SendError::TooLarge { limit: 7 });
        assert_eq!(Kept::of(lost.clone()).open(), lost);
    }

    #[test]
    fn what_masking_has_taken_out_does_not_come_back() {
        let answers: [&[u8]; 4] = [
            b"{\"id\":\"u-7\",\"userName\":\"ada@x.test\"}",
            b"{\"Resources\":[{\"id\":\"u-7\",\"userName\":\"ada\"}],\"Resources\":[]}",
            b"\xEF\xBB\xBF{\"id\":\"u-7\",\"userName\":\"ada@x.test\"}",
            b"{\"Resources\":[{\"userName\":\"ada@x.test\",\"na",
        ];
        for answer in answers {
            let mut masked = exchange(answer);
            masked.request.target = "/Users".to_owned();
            mask_exchange(
                &mut masked,
                &|id: &str| id == "own",
                &ForeignNames::default(),
            );
            let opened = Kept::of(masked.clone()).open();
            assert_eq!(opened, masked);
            let shown = format!("{opened:?}");
            assert!(!shown.contains("ada") && !shown.contains("u-7"), "{shown}");
        }
    }

    #[test]
    fn equal_request_headers_and_bodies_are_kept_once() {
        let mut shared = InCommon::default();
        let [first, second] =
            [exchange(b"1"), exchange(b"2")].map(|e| Kept::sharing(e, &mut shared));
        assert!(Arc::ptr_eq(&first.headers, &second.headers));
        let place = |kept: &Kept| kept.body.as_ref().map(|body| body.bytes().as_ptr());
        assert_eq!(place(&first), place(&second));
        let mut other = exchange(b"3");
        other.request.headers.pop();
        let other = Kept::sharing(other, &mut shared);
        assert_eq!(other.headers.len(), 1);
        assert_eq!(
            second.open().response().and_then(Response::json),
            Some(&Value::from(2))
        );
    }

    #[test]
    fn a_kept_exchange_prints_no_secret() {
        let shown = format!("{:?}", Kept::of(exchange(b"{}")));
        assert!(
            shown.contains("Authorization") && !shown.contains("Bearer x"),
            "{shown}"
        );
    }

    fn answering(body: impl Into<Bytes>) -> Exchange {
        let mut exchange = exchange(b"");
        if let Ok(response) = &mut exchange.outcome {
            response.body = Body::read(body.into(), None);
        }
        exchange
    }

    fn list_of(length: usize) -> String {
        format!("[\"{}\"]", "é".repeat((length - 4) / 2))
    }

    #[test]
    fn of_a_large_body_the_beginning_is_kept_whatever_the_budget() {
        let whole = answering(list_of(WHOLE_LIMIT));
        assert_eq!(Kept::of(whole.clone()).answer_cut(), None);
        assert_eq!(Kept::of(whole.clone()).open(), whole);
        let text = list_of(WHOLE_LIMIT + 2);
        let kept = Kept::of(answering(text.clone()));
        let cut = kept.answer_cut().expect("cut");
        assert_eq!(cut.bytes, text.len());
        assert_eq!(cut.sha256, sha256(text.as_bytes()));
        let opened = kept.open();
        let body = &opened.response().expect("an answer").body;
        assert_eq!(body.json, Err(NotJson::Cut { bytes: text.len() }));
        // Whole characters, and no more of them than were to be kept.
        assert_eq!(body.bytes, text[..START]);
        assert_eq!(kept.request_cut(), None);
    }

    #[test]
    fn what_comes_after_the_budget_is_used_up_is_cut_and_counted() {
        let budget = Arc::new(KeepBudget::of(100_000));
        let mut first = InCommon::within(Arc::clone(&budget));
        let mut second = InCommon::within(Arc::clone(&budget));
        let text = |n: usize| format!("[\"{n}{}\"]", "x".repeat(30_000));
        let is_cut = |n: usize, in_common: &mut InCommon| {
            let kept = Kept::sharing(answering(text(n)), in_common);
            kept.answer_cut().is_some()
        };
        assert!(!is_cut(1, &mut first) && !is_cut(2, &mut second) && !is_cut(3, &mut first));
        assert!(is_cut(4, &mut first) && is_cut(4, &mut second));
        // What is there already costs nothing, and what is short is kept always.
        assert!(!is_cut(3, &mut first));
        let short = answering("{\"id\":\"1\"}");
        assert_eq!(Kept::sharing(short.clone(), &mut first).open(), short);
    }

    #[test]
    fn a_body_of_many_values_costs_what_a_report_makes_of_them() {
        let budget = Arc::new(KeepBudget::of(1_000_000));
        let mut in_common = InCommon::within(Arc::clone(&budget));
        let dense = format!("[{}1]", "[],".repeat(100_000));
        let kept = Kept::sharing(answering(dense), &mut in_common);
        assert!(kept.answer_cut().is_some());
    }

    #[test]
    fn heads_are_bounded_too() {
        let mut large = exchange(b"{}");
        large.request.target = format!("/Users/{}", "x".repeat(100_000));
        if let Ok(response) = &mut large.outcome {
            response.headers = (0..1000)
                .map(|n| (format!("X-{n}"), "é".repeat(5_000)))
                .collect();
        }
        let kept = Kept::of(large);
        assert!(
            kept.target().len() < HEAD_LIMIT + 100 && kept.target().ends_with("(100007 bytes)")
        );
        let opened = kept.open();
        let headers = &opened.response().expect("an answer").headers;
        assert_eq!(headers.len(), HEAD_LIMIT / VALUE_LIMIT - 1);
        assert!(headers.iter().all(|(_, value)| value.len() <= VALUE_LIMIT));
        assert_eq!(kept.headers_cut(), 1000);
    }
}
