//! The header section of a request or an answer, as its bytes stand on the wire (RFC 9112, 2 to 6).
//!
//! What goes on is the bytes themselves; this only finds out what they say.

use std::ops::Range;

use super::framing::{Framing, chunked_last};

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name in its own case.
    pub(super) name: String,
    /// Its value without the blanks around it.
    pub(super) value: String,
    /// Where the value stands in the bytes of the section.
    pub(super) at: Range<usize>,
}

/// Header fields in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(pub(super) Vec<Field>);

impl Fields {
    /// Every value of that name, compared without case.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// The first value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(&field.value)
    }

    /// Whether a field that is a list of words holds this one.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|one| one.trim().eq_ignore_ascii_case(word))
    }

    /// The length that is announced: none, or one number, however often it is said.
    fn length(&self) -> Result<Option<u64>, Wrong> {
        let mut length = None;
        for one in self.all("content-length").flat_map(|v| v.split(',')) {
            let one = one.trim();
            let is_number = !one.is_empty() && one.bytes().all(|byte| byte.is_ascii_digit());
            let number = one.parse::<u64>().ok().filter(|_| is_number);
            match (number, length) {
                (None, _) => return Err(Wrong::Length),
                (Some(number), Some(before)) if number != before => return Err(Wrong::Length),
                (number, _) => length = number,
            }
        }
        Ok(length)
    }
}

/// What is wrong with a header section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No HTTP at all.
    NotHttp,
    /// The beginning of a TLS handshake.
    Tls,
    /// HTTP of another version.
    Version,
    /// A target that is no path.
    Target,
    /// A header field that is none.
    Field,
    /// More than one `Host`.
    Hosts,
    /// A length that is no number, or more than one.
    Length,
    /// A length and chunks, or another coding: nobody knows where the body ends.
    Coding,
}

impl Wrong {
    /// What is wrong, for the client.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NotHttp => "this is not an HTTP request",
            Self::Tls => "this port speaks plain HTTP; put what ends TLS in front of it",
            Self::Version => "only HTTP/1.1 and HTTP/1.0 are spoken here",
            Self::Target => "the target of the request must be a path",
            Self::Field => "a header field cannot be read",
            Self::Hosts => "there is more than one Host",
            Self::Length => "Content-Length is not one number",
            Self::Coding => "Content-Length and Transfer-Encoding do not say where the body ends",
        }
    }
}

/// The header section of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) method: String,
    /// Path and query as they are written.
    pub(super) target: String,
    /// `HTTP/1.1`.
    pub(super) version: String,
    pub(super) fields: Fields,
    /// Bytes of the section.
    pub(super) length: usize,
    pub(super) framing: Framing,
}

/// The header section of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AnswerHead {
    pub(super) version: String,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) fields: Fields,
    /// Bytes of the section.
    pub(super) length: usize,
}

/// Where the section ends that `bytes` begin with, once all of it is there. Empty lines before it belong to it (RFC
/// 9112, 2.2). `from` is how far an earlier look has come.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let begins = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    let begins = begins.count();
    // An end may lie across the place where the last look stopped.
    let mut at = from.saturating_sub(3).max(begins);
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        at += found + 1;
        match bytes.get(at..) {
            Some([b'\n', ..]) => return Some(at + 1),
            Some([b'\r', b'\n', ..]) => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// Whether the first bytes of a connection may still become a request: a handshake of TLS and other noise are told
/// from it before a header section is waited for.
pub(super) fn may_begin(bytes: &[u8]) -> Result<(), Wrong> {
    let begin = bytes.trim_ascii_start();
    match begin {
        [0x16, 0x03, ..] => return Err(Wrong::Tls),
        [first, ..] if !is_token(*first) => return Err(Wrong::NotHttp),
        _ => {}
    }
    let line = begin.split(|byte| *byte == b'\n').next().unwrap_or(begin);
    let odd = line
        .iter()
        .any(|byte| byte.is_ascii_control() && *byte != b'\r');
    if odd { Err(Wrong::NotHttp) } else { Ok(()) }
}

/// Reads the section of a request, the whole of `section`.
pub(super) fn request(section: &[u8]) -> Result<RequestHead, Wrong> {
    let mut lines = Lines::of(section);
    let first = lines.next().map(|line| line.text).unwrap_or_default();
    let (method, rest) = first.split_once(' ').ok_or(Wrong::NotHttp)?;
    let (target, version) = rest.rsplit_once(' ').ok_or(Wrong::NotHttp)?;
    if method.is_empty() || !method.bytes().all(is_token) || !version.starts_with("HTTP/") {
        return Err(Wrong::NotHttp);
    }
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(Wrong::Version);
    }
    // A proxy in front of one server has no use for other forms (RFC 9112, 3.2), but for `OPTIONS *`.
    let is_path = target.starts_with('/') || (target == "*" && method == "OPTIONS");
    let is_authority = method.eq_ignore_ascii_case("CONNECT");
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if !(is_path || is_authority) || target.contains(odd) {
        return Err(Wrong::Target);
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    let version = version.to_owned();
    let mut fields = Vec::new();
    for line in lines {
        fields.push(line.field().ok_or(Wrong::Field)?);
    }
    let fields = Fields(fields);
    if fields.all("host").count() > 1 {
        return Err(Wrong::Hosts);
    }
    let length = fields.length()?;
    let framing = match (fields.get("transfer-encoding").is_some(), length) {
        (true, None) if chunked_last(&fields) == Some(true) => Framing::chunked(),
        (true, _) => return Err(Wrong::Coding),
        (false, Some(length)) => Framing::length(length),
        (false, None) => Framing::None,
    };
    Ok(RequestHead {
        method,
        target,
        version,
        fields,
        length: section.len(),
        framing,
    })
}

/// Reads the section of an answer, the whole of `section`. Its fields are taken as they come: the client judges them.
pub(super) fn answer(section: &[u8]) -> Result<AnswerHead, Wrong> {
    let mut lines = Lines::of(section);
    let first = lines.next().map(|line| line.text).unwrap_or_default();
    let (version, rest) = first.split_once(' ').ok_or(Wrong::NotHttp)?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    if !version.starts_with("HTTP/1.") || status.len() != 3 {
        return Err(Wrong::NotHttp);
    }
    let status = status.parse().map_err(|_| Wrong::NotHttp)?;
    if !(100..1000).contains(&status) {
        return Err(Wrong::NotHttp);
    }
    let (version, reason) = (version.to_owned(), reason.trim().to_owned());
    let mut fields: Vec<Field> = Vec::new();
    for line in lines {
        match (line.field(), fields.last_mut()) {
            (Some(field), _) => fields.push(field),
            // A value may go on in the next line (RFC 9112, 5.2).
            (None, Some(before)) if line.text.starts_with([' ', '\t']) => {
                before.value.push(' ');
                before.value.push_str(line.text.trim());
            }
            (None, _) => {}
        }
    }
    Ok(AnswerHead {
        version,
        status,
        reason,
        fields: Fields(fields),
        length: section.len(),
    })
}

impl AnswerHead {
    /// How the body of an answer to `method` ends (RFC 9112, 6.3).
    pub(super) fn framing(&self, method: &str) -> Result<Framing, Wrong> {
        if method.eq_ignore_ascii_case("HEAD") || matches!(self.status, 100..200 | 204 | 304) {
            return Ok(Framing::None);
        }
        match chunked_last(&self.fields) {
            Some(true) => return Ok(Framing::chunked()),
            Some(false) => return Ok(Framing::UntilClose),
            None => {}
        }
        Ok(match self.fields.length()? {
            Some(length) => Framing::length(length),
            None => Framing::UntilClose,
        })
    }

    /// Whether it is not the last answer to its request.
    pub(super) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The lines of a section up to the empty one, with their places.
struct Lines<'s> {
    section: &'s [u8],
    at: usize,
}

struct Line<'s> {
    text: std::borrow::Cow<'s, str>,
    bytes: &'s [u8],
    at: usize,
}

impl<'s> Lines<'s> {
    fn of(section: &'s [u8]) -> Self {
        let empty = section.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        Self {
            section,
            at: empty.count(),
        }
    }
}

impl<'s> Iterator for Lines<'s> {
    type Item = Line<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.section.get(self.at..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let bytes = rest.get(..length)?;
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let at = self.at;
        self.at += length + 1;
        (!bytes.is_empty()).then(|| Line {
            text: String::from_utf8_lossy(bytes),
            bytes,
            at,
        })
    }
}

impl Line<'_> {
    fn field(&self) -> Option<Field> {
        let colon = self.bytes.iter().position(|byte| *byte == b':')?;
        let (name, value) = self.bytes.split_at_checked(colon)?;
        let value = value.get(1..)?;
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return None;
        }
        let trimmed = value.trim_ascii();
        let before = value.len() - value.trim_ascii_start().len();
        let start = self.at + colon + 1 + if trimmed.is_empty() { 0 } else { before };
        Some(Field {
            name: String::from_utf8_lossy(name).into_owned(),
            value: String::from_utf8_lossy(trimmed).into_owned(),
            at: start..start + trimmed.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_at_its_first_empty_line_wherever_it_is_cut() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody",
            "\r\n\nGET / HTTP/1.1\nHost: a\n\nbody",
            "GET / HTTP/1.1\r\nHost: a\n\r\nbody",
        ] {
            let bytes = text.as_bytes();
            let wanted = bytes.len() - 4;
            assert_eq!(end(bytes, 0), Some(wanted), "{text:?}");
            let mut from = 0;
            for length in 0..=bytes.len() {
                let found = end(&bytes[..length], from);
                assert_eq!(found.is_some(), length >= wanted, "{text:?} {length}");
                assert_eq!(found.unwrap_or(wanted), wanted);
                if found.is_none() {
                    from = length;
                }
            }
        }
        assert_eq!(end(b"\r\n\r\n", 0), None);
    }

    #[test]
    fn names_values_and_places_are_as_they_came() {
        let section = b"\r\nPoSt /v2/Users?a=%20b HTTP/1.1\r\nhOsT:  a.test:80 \r\nX-Odd:\r\nx-Odd: \xe9\r\n\r\n";
        let head = request(section).unwrap();
        assert_eq!(
            (head.method.as_str(), head.target.as_str()),
            ("PoSt", "/v2/Users?a=%20b")
        );
        let names: Vec<&str> = head.fields.0.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["hOsT", "X-Odd", "x-Odd"]);
        let host = &head.fields.0[0];
        assert_eq!(&section[host.at.clone()], b"a.test:80");
        assert_eq!(head.fields.get("x-odd"), Some(""));
        assert_eq!(head.length, section.len());
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        let wrong = |text: &str| request(text.as_bytes()).unwrap_err();
        let table = [
            ("nonsense\r\n\r\n", Wrong::NotHttp),
            ("GET /\r\n\r\n", Wrong::NotHttp),
            ("G\"T / HTTP/1.1\r\n\r\n", Wrong::NotHttp),
            ("PRI * HTTP/2.0\r\n\r\n", Wrong::Version),
            ("GET http://b.test/ HTTP/1.1\r\n\r\n", Wrong::Target),
            ("GET * HTTP/1.1\r\n\r\n", Wrong::Target),
            ("GET /a b HTTP/1.1\r\n\r\n", Wrong::Target),
            ("GET / HTTP/1.1\r\nbroken\r\n\r\n", Wrong::Field),
            ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", Wrong::Field),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Wrong::Field),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Wrong::Hosts),
            (
                "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
                Wrong::Length,
            ),
            (
                "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                Wrong::Length,
            ),
            (
                "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                Wrong::Coding,
            ),
            (
                "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
                Wrong::Coding,
            ),
            (
                "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
                Wrong::Coding,
            ),
        ];
        for (text, wanted) in table {
            assert_eq!(wrong(text), wanted, "{text:?}");
        }
        assert_eq!(may_begin(b"\x16\x03\x01\x02"), Err(Wrong::Tls));
        assert_eq!(may_begin(b"\0\0"), Err(Wrong::NotHttp));
        assert_eq!(may_begin(b"SSH-2.0-x\x01\r\n"), Err(Wrong::NotHttp));
        assert_eq!(may_begin(b"\r\nGET / HT"), Ok(()));
        assert_eq!(may_begin(b""), Ok(()));
    }

    #[test]
    fn an_answer_says_how_it_ends() {
        let framing = |method: &str, text: &str| {
            let head = answer(text.as_bytes()).unwrap();
            head.framing(method)
        };
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(framing("GET", ok), Ok(Framing::length(3)));
        assert_eq!(framing("HEAD", ok), Ok(Framing::None));
        assert_eq!(framing("GET", "HTTP/1.1 204\r\n\r\n"), Ok(Framing::None));
        assert_eq!(
            framing("GET", "HTTP/1.0 200 OK\r\n\r\n"),
            Ok(Framing::UntilClose)
        );
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n";
        assert_eq!(framing("GET", both), Ok(Framing::chunked()));
        let bad = "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n";
        assert_eq!(framing("GET", bad), Err(Wrong::Length));
        let folded =
            answer(b"HTTP/1.1 418 I'm a teapot\r\nA: b\r\n\t c\r\nnonsense\r\n\r\n").unwrap();
        assert_eq!(
            (folded.status, folded.reason.as_str()),
            (418, "I'm a teapot")
        );
        assert_eq!(folded.fields.get("a"), Some("b c"));
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 099 x\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
        ] {
            assert_eq!(
                answer(text.as_bytes()).unwrap_err(),
                Wrong::NotHttp,
                "{text:?}"
            );
        }
    }
}
