//! An exchange as it is kept until the reports are written.
//!
//! A run keeps thousands. A parsed body is several times as large as its text, Okta sends the same headers with every
//! request, and who reads back gets the same answer again; so what is kept is the text alone, and once.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::{
    Body, BodyOddity, Exchange, HeaderText, Method, NotJson, Request, Response, SendError, Timing,
};

/// An exchange without the parsed body of its answer; [`Kept::open`] parses it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    method: Method,
    target: Box<str>,
    headers: Arc<[(String, HeaderText)]>,
    body: Option<Bytes>,
    outcome: Result<Answer, SendError>,
    timing: Timing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Lines,
    body: Bytes,
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
            target: request.target.into(),
            headers: in_common.headers(request.headers),
            body: request.body.map(|body| in_common.body(&body)),
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
                body: self.body.clone(),
            },
            outcome: match &self.outcome {
                Ok(answer) => Ok(answer.open()),
                Err(error) => Err(error.clone()),
            },
            timing: self.timing,
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

    /// When what happened.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }
}

impl Answer {
    fn of(response: Response, in_common: &mut InCommon) -> Self {
        Self {
            status: response.status,
            headers: Lines::of(&response.headers),
            body: in_common.body(&response.body.bytes),
            unreadable: response.body.json.err().map(Box::new),
            oddities: response.body.oddities.into(),
        }
    }

    fn open(&self) -> Response {
        let body = match &self.unreadable {
            Some(why) => Body {
                bytes: self.body.clone(),
                json: Err(NotJson::clone(why)),
                oddities: self.oddities.to_vec(),
            },
            None => Body {
                // What was odd about the bytes as they came, masking may have taken out of them.
                oddities: self.oddities.to_vec(),
                ..Body::parse(self.body.clone())
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
}

impl Lines {
    fn of(headers: &[(String, String)]) -> Self {
        let mut text = String::with_capacity(headers.iter().map(|(n, v)| n.len() + v.len()).sum());
        let mut ends = Vec::with_capacity(headers.len() * 2);
        for part in headers.iter().flat_map(|(name, value)| [name, value]) {
            text.push_str(part);
            ends.push(text.len());
        }
        Self {
            text: text.into(),
            ends: ends.into(),
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

/// What the exchanges of a scenario have in common.
#[derive(Debug, Default)]
pub struct InCommon {
    headers: Vec<Arc<[(String, HeaderText)]>>,
    bodies: HashSet<Bytes>,
}

impl InCommon {
    /// How many different request headers are remembered: a scenario has a handful, with and without a body, right
    /// token and wrong.
    const MOST_HEADERS: usize = 32;

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

    fn body(&mut self, bytes: &Bytes) -> Bytes {
        if let Some(same) = self.bodies.get(bytes) {
            return same.clone();
        }
        // A copy has no room for growth, which a body comes with when it was collected in pieces.
        let body = Bytes::copy_from_slice(bytes);
        self.bodies.insert(body.clone());
        body
    }
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
        let place = |kept: &Kept| kept.body.as_ref().map(|body| body.as_ptr());
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
}
