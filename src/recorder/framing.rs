//! Where a body ends (RFC 9112, 6 and 7), found in the bytes as they pass.

use super::head::Fields;

/// The longest line of a chunk's size or of a trailer; nobody needs as much.
const LONGEST_LINE: usize = 8 * 1024;

/// How a body ends, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// After so many bytes more.
    Length(u64),
    /// After its last chunk.
    Chunked(Chunks),
    /// With the connection.
    UntilClose,
}

/// A place within chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the line that says a size, of which this has come.
    Size(Vec<u8>),
    /// In the data of a chunk, so many bytes before its end.
    Data(u64),
    /// Behind the data, before the end of its line, of which so many bytes have come.
    After(usize),
    /// In a line of the trailer, of which this has come.
    Trailer(Vec<u8>),
    /// Behind all of it.
    Done,
}

/// Chunks that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadChunk;

/// What of some bytes belongs to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// So many of them.
    pub(super) bytes: usize,
    /// It ends there.
    pub(super) is_end: bool,
}

impl Framing {
    pub(super) fn length(length: u64) -> Self {
        match length {
            0 => Self::None,
            length => Self::Length(length),
        }
    }

    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunks::Size(Vec::new()))
    }

    /// Whether nothing of it is still to come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::None | Self::Chunked(Chunks::Done))
    }

    /// Whether the end of the connection is the end of it.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(
            self,
            Self::None | Self::UntilClose | Self::Chunked(Chunks::Done)
        )
    }

    /// Takes what of `bytes` belongs to the body, and hands its content to `content`, without the sizes of chunks.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        mut content: impl FnMut(&[u8]),
    ) -> Result<Taken, BadChunk> {
        match self {
            Self::None => Ok(Taken {
                bytes: 0,
                is_end: true,
            }),
            Self::UntilClose => {
                content(bytes);
                Ok(Taken {
                    bytes: bytes.len(),
                    is_end: false,
                })
            }
            Self::Length(left) => {
                let taken = as_far_as(bytes, *left);
                content(taken);
                *left -= taken.len() as u64;
                let is_end = *left == 0;
                if is_end {
                    *self = Self::None;
                }
                Ok(Taken {
                    bytes: taken.len(),
                    is_end,
                })
            }
            Self::Chunked(chunks) => {
                let bytes = chunks.take(bytes, &mut content)?;
                Ok(Taken {
                    bytes,
                    is_end: *chunks == Chunks::Done,
                })
            }
        }
    }
}

impl Chunks {
    fn take(&mut self, bytes: &[u8], content: &mut impl FnMut(&[u8])) -> Result<usize, BadChunk> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self {
                Self::Done => break,
                Self::Data(left) => {
                    let data = as_far_as(rest, *left);
                    content(data);
                    *left -= data.len() as u64;
                    if *left == 0 {
                        *self = Self::After(0);
                    }
                    data.len()
                }
                Self::Size(line) => {
                    let (part, ended) = line_part(rest);
                    line.extend_from_slice(part);
                    if line.len() > LONGEST_LINE {
                        return Err(BadChunk);
                    }
                    if ended {
                        *self = match size(line)? {
                            0 => Self::Trailer(Vec::new()),
                            size => Self::Data(size),
                        };
                    }
                    part.len() + usize::from(ended)
                }
                Self::After(seen) => {
                    match (rest.first(), *seen) {
                        (Some(b'\n'), _) => *self = Self::Size(Vec::new()),
                        (Some(b'\r'), 0) => *seen = 1,
                        _ => return Err(BadChunk),
                    }
                    1
                }
                Self::Trailer(line) => {
                    let (part, ended) = line_part(rest);
                    line.extend_from_slice(part);
                    if line.len() > LONGEST_LINE {
                        return Err(BadChunk);
                    }
                    if ended {
                        *self = match line.as_slice() {
                            b"" | b"\r" => Self::Done,
                            _ => Self::Trailer(Vec::new()),
                        };
                    }
                    part.len() + usize::from(ended)
                }
            };
        }
        Ok(at)
    }
}

/// What of `bytes` lies within the next `left` ones.
fn as_far_as(bytes: &[u8], left: u64) -> &[u8] {
    let most = usize::try_from(left).unwrap_or(usize::MAX);
    bytes.get(..most).unwrap_or(bytes)
}

/// The bytes of a line up to its line feed, and whether that has come.
fn line_part(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (bytes.get(..end).unwrap_or_default(), true),
        None => (bytes, false),
    }
}

/// `1a;name=value`.
fn size(line: &[u8]) -> Result<u64, BadChunk> {
    let number = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let number = number.trim_ascii();
    let is_hex = !number.is_empty() && number.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(number).ok().filter(|_| is_hex);
    let number = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    number.ok_or(BadChunk)
}

/// Whether chunks are the last coding of a body; none when there is no coding.
pub(super) fn chunked_last(fields: &Fields) -> Option<bool> {
    let codings = fields.all("transfer-encoding").flat_map(|v| v.split(','));
    let last = codings
        .map(str::trim)
        .filter(|coding| !coding.is_empty())
        .last()?;
    Some(last.eq_ignore_ascii_case("chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(
        framing: &mut Framing,
        bytes: &[u8],
        piece: usize,
    ) -> Result<(usize, Vec<u8>), BadChunk> {
        let mut content = Vec::new();
        let mut taken = 0;
        for piece in bytes.chunks(piece.max(1)) {
            let one = framing.take(piece, |part| content.extend_from_slice(part))?;
            taken += one.bytes;
            if one.is_end {
                break;
            }
        }
        Ok((taken, content))
    }

    #[test]
    fn chunks_are_undone_however_they_are_cut() {
        let body = b"5;x=\"y\"\r\nhello\r\n1\n \n0A\r\n0123456789\r\n0\r\nA: b\r\nC:\r\n\r\nnext";
        for piece in 1..=body.len() {
            let mut framing = Framing::chunked();
            let (taken, content) = whole(&mut framing, body, piece).unwrap();
            assert_eq!(&body[taken..], b"next", "{piece}");
            assert_eq!(content, b"hello 0123456789");
            assert!(framing.is_over());
        }
    }

    #[test]
    fn a_length_is_counted() {
        for piece in 1..9 {
            let mut framing = Framing::length(5);
            assert_eq!(
                whole(&mut framing, b"helloworld", piece),
                Ok((5, b"hello".to_vec()))
            );
            assert!(framing.is_over());
        }
        assert!(Framing::length(0).is_over());
    }

    #[test]
    fn what_are_no_chunks_is_told() {
        for body in [
            &b"x\r\n"[..],
            b"\r\n",
            b"-1\r\n",
            b"1\r\nab\r\n",
            b"fffffffffffffffff\r\n",
        ] {
            let mut framing = Framing::chunked();
            assert_eq!(whole(&mut framing, body, 3), Err(BadChunk), "{body:?}");
        }
        let mut framing = Framing::chunked();
        assert_eq!(whole(&mut framing, &[b'1'; 9000], 512), Err(BadChunk));
    }
}
