//! Bytes of one direction of a connection that have come and not gone on yet, taken out message by message.
//!
//! What comes out, put together, is what came in, byte for byte.

use bytes::{Bytes, BytesMut};

use super::framing::{BadChunk, Framing};
use super::head::{self, Wrong};

/// The longest header section. Servers take 8 to 64 KiB.
pub(super) const LONGEST_HEAD: usize = 128 * 1024;

/// Why no header section comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHead {
    /// It is too long.
    TooLong,
    /// It is none.
    Wrong(Wrong),
}

/// The bytes.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: BytesMut,
    /// Up to here there is no end of a header section.
    looked: usize,
}

/// A piece of a body, ready to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// As it came, sizes of chunks and all.
    pub(super) bytes: Bytes,
    /// The body ends with it.
    pub(super) is_last: bool,
}

impl Inbox {
    /// Where what is read next belongs.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whatever is there.
    pub(super) fn take_all(&mut self) -> Bytes {
        self.looked = 0;
        self.bytes.split().freeze()
    }

    /// A header section, once all of it is there.
    pub(super) fn take_head(&mut self) -> Result<Option<Bytes>, NoHead> {
        match head::end(&self.bytes, self.looked) {
            Some(end) if end > LONGEST_HEAD => Err(NoHead::TooLong),
            Some(end) => {
                self.looked = 0;
                Ok(Some(self.bytes.split_to(end).freeze()))
            }
            None if self.bytes.len() >= LONGEST_HEAD => Err(NoHead::TooLong),
            None => {
                self.looked = self.bytes.len();
                Ok(None)
            }
        }
    }

    /// The same of a request: what cannot become one is not waited for.
    pub(super) fn take_request(&mut self) -> Result<Option<Bytes>, NoHead> {
        head::may_begin(&self.bytes).map_err(NoHead::Wrong)?;
        self.take_head()
    }

    /// A piece of a body, when there is one; its content goes to `content`.
    pub(super) fn take_body(
        &mut self,
        framing: &mut Framing,
        content: impl FnMut(&[u8]),
    ) -> Result<Option<Piece>, BadChunk> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let taken = framing.take(&self.bytes, content)?;
        Ok(Some(Piece {
            bytes: self.bytes.split_to(taken.bytes).freeze(),
            is_last: taken.is_end,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message as it was taken out: its first line, the names of its fields, its content.
    type Message = (String, Vec<String>, Vec<u8>);

    /// What a stream of requests holds, and why it ends; `out` is what has gone on.
    struct Requests {
        inbox: Inbox,
        open: Option<(Message, Framing)>,
        whole: Vec<Message>,
        out: Vec<u8>,
        ended: Option<String>,
    }

    impl Requests {
        fn new() -> Self {
            Self {
                inbox: Inbox::default(),
                open: None,
                whole: Vec::new(),
                out: Vec::new(),
                ended: None,
            }
        }

        fn feed(&mut self, bytes: &[u8]) {
            self.inbox.room().extend_from_slice(bytes);
            while self.ended.is_none() && self.step() {}
        }

        fn step(&mut self) -> bool {
            let Some((message, framing)) = &mut self.open else {
                let section = match self.inbox.take_request() {
                    Ok(Some(section)) => section,
                    Ok(None) => return false,
                    Err(why) => {
                        self.ended = Some(format!("{why:?}"));
                        return false;
                    }
                };
                self.out.extend_from_slice(&section);
                match head::request(&section) {
                    Ok(head) => {
                        let names = head.fields.0.iter().map(|f| f.name.clone()).collect();
                        let line = format!("{} {}", head.method, head.target);
                        self.open = Some(((line, names, Vec::new()), head.framing));
                    }
                    Err(why) => self.ended = Some(format!("{why:?}")),
                }
                return true;
            };
            if framing.is_over() {
                self.whole
                    .extend(self.open.take().map(|(message, _)| message));
                return true;
            }
            match self
                .inbox
                .take_body(framing, |part| message.2.extend_from_slice(part))
            {
                Ok(Some(piece)) => self.out.extend_from_slice(&piece.bytes),
                Ok(None) => return false,
                Err(BadChunk) => self.ended = Some("chunk".to_owned()),
            }
            true
        }
    }

    fn request() -> impl Strategy<Value = Vec<u8>> {
        let body = prop::collection::vec(any::<u8>(), 0..60);
        let name = "[A-Za-z][A-Za-z0-9-]{0,12}";
        let fields = prop::collection::vec((name, "[ -~]{0,20}"), 0..5);
        (body, fields, 0..4_usize, 1..9_usize).prop_map(|(body, fields, kind, chunk)| {
            let mut text = b"\r\n".repeat(kind % 2);
            text.extend_from_slice(b"PATCH /v2/Users/7?x=%20 HTTP/1.1\r\n");
            let is_framed = |name: &str| {
                ["content-length", "transfer-encoding", "host"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
            };
            for (name, value) in fields.into_iter().filter(|(name, _)| !is_framed(name)) {
                text.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
            }
            match kind {
                0 => text.extend_from_slice(b"\r\n"),
                1 | 2 => {
                    text.extend_from_slice(
                        format!("content-LENGTH: {}\r\n\r\n", body.len()).as_bytes(),
                    );
                    text.extend_from_slice(&body);
                }
                _ => {
                    text.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                    for part in body.chunks(chunk) {
                        text.extend_from_slice(format!("{:X};e\r\n", part.len()).as_bytes());
                        text.extend_from_slice(part);
                        text.extend_from_slice(b"\r\n");
                    }
                    text.extend_from_slice(b"0\r\nX-Trailer: y\r\n\r\n");
                }
            }
            text
        })
    }

    fn cut(bytes: &[u8], cuts: &[usize]) -> Requests {
        let mut requests = Requests::new();
        let mut rest = bytes;
        for cut in cuts {
            let (piece, more) = rest.split_at((*cut).min(rest.len()));
            requests.feed(piece);
            rest = more;
        }
        requests.feed(rest);
        requests
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_a_stream_is_cut_the_messages_are_the_same(
            requests in prop::collection::vec(request(), 1..5),
            cuts in prop::collection::vec(0..40_usize, 0..30),
        ) {
            let bytes = requests.concat();
            let at_once = cut(&bytes, &[]);
            prop_assert_eq!(at_once.whole.len(), requests.len(), "{:?}", at_once.ended);
            let in_pieces = cut(&bytes, &cuts);
            prop_assert_eq!(&in_pieces.whole, &at_once.whole);
            let by_bytes = cut(&bytes, &vec![1; bytes.len()]);
            prop_assert_eq!(&by_bytes.whole, &at_once.whole);
            prop_assert_eq!(&by_bytes.out, &bytes);
            prop_assert_eq!(&in_pieces.out, &bytes);
        }

        #[test]
        fn arbitrary_bytes_are_something_or_nothing(
            noise in prop::collection::vec(any::<u8>(), 0..200),
            requests in prop::collection::vec(request(), 0..2),
            cuts in prop::collection::vec(0..40_usize, 0..10),
            place in any::<prop::sample::Index>(),
        ) {
            let mut bytes = requests.concat();
            let at = place.index(bytes.len() + 1);
            bytes.splice(at..at, noise);
            let in_pieces = cut(&bytes, &cuts);
            let at_once = cut(&bytes, &[]);
            prop_assert!(bytes.starts_with(&in_pieces.out));
            prop_assert_eq!(&in_pieces.whole, &at_once.whole);
            let _ = head::answer(&bytes);
        }
    }
}
