//! From the bytes of a response to a [`Body`]: content decoding, JSON, and the oddities that
//! a JSON value no longer shows.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Body, BodyOddity, NotJson, size_in_words};

/// The most bytes that a body may have, before and after content decoding.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The most JSON values that are read of a body, keys not counted. A value takes up to a hundred times the memory of its
/// text (`[]`); with this many, a body of [`BODY_LIMIT`] bytes still holds a page of 20,000 users.
pub const VALUE_LIMIT: usize = 500_000;

/// How many duplicate keys are reported for one body; more say nothing new.
const MAX_DUPLICATES: usize = 20;

/// How far into a body a tag is looked for that makes it a web page, in bytes.
const HTML_SIGHT: usize = 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A body grows beyond the limit when it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Body {
    /// Reads a body as it came over the wire; `content_encoding` is that header's value.
    ///
    /// A body that cannot be decoded, or that grows beyond [`BODY_LIMIT`], is kept as it came
    /// and carries [`BodyOddity::BadEncoding`].
    #[must_use]
    pub fn read(raw: Bytes, content_encoding: Option<&str>) -> Self {
        Self::read_within(raw.clone(), content_encoding, BODY_LIMIT).unwrap_or_else(|TooLarge| {
            let mut body = Self::parse(raw);
            let limit = size_in_words(BODY_LIMIT);
            let reason = format!("larger than {limit} when decoded");
            body.oddities.push(BodyOddity::BadEncoding(reason));
            body
        })
    }

    /// As [`Body::read`], but a body that grows beyond `limit` bytes is an error.
    pub(super) fn read_within(
        raw: Bytes,
        content_encoding: Option<&str>,
        limit: usize,
    ) -> Result<Self, TooLarge> {
        let (bytes, trouble) = decode(raw, content_encoding.unwrap_or_default(), limit)?;
        let mut body = Self::parse(bytes);
        body.oddities.extend(trouble.map(BodyOddity::BadEncoding));
        Ok(body)
    }

    /// Reads decoded bytes.
    pub(super) fn parse(bytes: Bytes) -> Self {
        let mut oddities = Vec::new();
        let text = match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => {
                oddities.push(BodyOddity::ByteOrderMark);
                rest
            }
            None => &bytes[..],
        };
        let json = parse_json(text, &mut oddities);
        Self {
            bytes,
            json,
            oddities,
        }
    }
}

/// Undoes the encodings, last one first (RFC 9110, 8.4). The text says what went wrong; the
/// bytes are then what could be read.
fn decode(
    raw: Bytes,
    content_encoding: &str,
    limit: usize,
) -> Result<(Bytes, Option<String>), TooLarge> {
    let mut bytes = raw;
    for name in content_encoding.rsplit(',').map(str::trim) {
        let decoded = match name.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            // An empty body (204, HEAD) has nothing to decode, whatever its headers say.
            _ if bytes.is_empty() => return Ok((bytes, None)),
            "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(&bytes[..]), limit)?,
            "deflate" => inflate_deflate(&bytes, limit)?,
            _ => {
                let trouble = format!("{name} was not asked for; Okta accepts gzip and deflate");
                return Ok((bytes, Some(trouble)));
            }
        };
        match decoded {
            Inflated::Whole(plain) => bytes = plain.into(),
            Inflated::Broken(plain, reason) => {
                let bytes = if plain.is_empty() {
                    bytes
                } else {
                    plain.into()
                };
                return Ok((bytes, Some(format!("{name}: {reason}"))));
            }
        }
    }
    Ok((bytes, None))
}

enum Inflated {
    Whole(Vec<u8>),
    /// What could be read before the error.
    Broken(Vec<u8>, String),
}

fn inflate(decoder: impl Read, limit: usize) -> Result<Inflated, TooLarge> {
    let mut plain = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let outcome = decoder.take(bound).read_to_end(&mut plain);
    if plain.len() > limit {
        return Err(TooLarge);
    }
    Ok(match outcome {
        Ok(_) => Inflated::Whole(plain),
        Err(error) => Inflated::Broken(plain, error.to_string()),
    })
}

/// `deflate` means the zlib format; some servers send the bare stream (RFC 9110, 8.4.1.2).
fn inflate_deflate(bytes: &[u8], limit: usize) -> Result<Inflated, TooLarge> {
    let zlib = inflate(ZlibDecoder::new(bytes), limit)?;
    if matches!(&zlib, Inflated::Broken(plain, _) if plain.is_empty())
        && let whole @ Inflated::Whole(_) = inflate(DeflateDecoder::new(bytes), limit)?
    {
        return Ok(whole);
    }
    Ok(zlib)
}

fn parse_json(text: &[u8], oddities: &mut Vec<BodyOddity>) -> Result<Arc<Value>, NotJson> {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Err(NotJson::Empty);
    }
    if looks_like_html(trimmed) {
        return Err(NotJson::Html);
    }
    let mut tally = Tally::default();
    let mut parser = serde_json::Deserializer::from_slice(text);
    let seed = Node {
        place: Place::Root,
        tally: &mut tally,
    };
    let value = seed
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value));
    if tally.values > VALUE_LIMIT {
        return Err(NotJson::TooManyValues { limit: VALUE_LIMIT });
    }
    let value = value.map_err(|error| not_json(&error))?;
    oddities.extend(tally.duplicates.into_iter().map(BodyOddity::DuplicateKey));
    Ok(Arc::new(value))
}

fn not_json(error: &serde_json::Error) -> NotJson {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return NotJson::Truncated { line, column };
    }
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason)
        .to_owned();
    NotJson::Syntax {
        reason,
        line,
        column,
    }
}

fn looks_like_html(trimmed: &[u8]) -> bool {
    if trimmed.first() != Some(&b'<') {
        return false;
    }
    let head = trimmed
        .get(..HTML_SIGHT)
        .unwrap_or(trimmed)
        .to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body"]
        .iter()
        .any(|tag| head.windows(tag.len()).any(|window| window == *tag))
}

/// Where the parser stands, as a list from the inside out, so that nothing is allocated
/// for documents without duplicate keys.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// A JSON pointer (RFC 6901).
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => {
                let key = key.replace('~', "~0").replace('/', "~1");
                format!("{}/{key}", parent.pointer())
            }
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// A pointer in a length that can be told.
fn short(mut pointer: String) -> String {
    const LONGEST: usize = 1024;
    if pointer.len() > LONGEST {
        pointer.truncate(pointer.floor_char_boundary(LONGEST));
        pointer.push('…');
    }
    pointer
}

/// What is noted while a body is read.
#[derive(Default)]
struct Tally {
    /// Pointers to the keys that stand twice.
    duplicates: Vec<String>,
    values: usize,
}

/// Builds a [`Value`] as serde_json does (the last of two equal keys wins), notes the duplicates that serde_json passes
/// over in silence, and stops at [`VALUE_LIMIT`].
struct Node<'a> {
    place: Place<'a>,
    tally: &'a mut Tally,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.tally.values = self.tally.values.saturating_add(1);
        if self.tally.values > VALUE_LIMIT {
            // The text is never shown: the count says it all.
            return Err(serde::de::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Node {
            place: Place::Index(&self.place, array.len()),
            tally: &mut *self.tally,
        })? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let place = Place::Key(&self.place, &key);
            if object.contains_key(&key) && self.tally.duplicates.len() < MAX_DUPLICATES {
                self.tally.duplicates.push(short(place.pointer()));
            }
            let value = entries.next_value_seed(Node {
                place,
                tally: &mut *self.tally,
            })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Body {
        Body::read(Bytes::copy_from_slice(text.as_bytes()), None)
    }

    #[test]
    fn a_body_without_oddities_is_what_serde_json_reads() {
        let text = r#" {"b":[1,-2,3.5,18446744073709551615,1e3,true,null],"a":{"é\u00e9\n":""}} "#;
        let body = read(text);
        assert_eq!(
            body.json,
            Ok(Arc::new(serde_json::from_str(text).expect("valid")))
        );
        assert_eq!(body.oddities, []);
        let keys: Vec<_> = body
            .json
            .expect("valid")
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(keys, ["b", "a"], "the order of keys stays");
    }

    #[test]
    fn what_is_not_json_is_classified() {
        let syntax = |reason: &str, column| NotJson::Syntax {
            reason: reason.to_owned(),
            line: 1,
            column,
        };
        let cases = [
            ("", NotJson::Empty),
            (" \r\n", NotJson::Empty),
            ("\u{feff}", NotJson::Empty),
            ("<!DOCTYPE html><title>502</title>", NotJson::Html),
            ("\n  <HTML lang=en>", NotJson::Html),
            ("<?xml version=\"1.0\"?><html/>", NotJson::Html),
            ("<Error/>", syntax("expected value", 1)),
            ("{\"a\":[1,", NotJson::Truncated { line: 1, column: 8 }),
            ("{\n\"a\":\"x", NotJson::Truncated { line: 2, column: 6 }),
            ("{} {}", syntax("trailing characters", 4)),
            ("OK", syntax("expected value", 1)),
            ("{\"a\":1e400}", syntax("number out of range", 10)),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).json, Err(expected), "{text:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        for text in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
            let json = read(&text).json;
            assert!(
                matches!(&json, Err(NotJson::Syntax { reason, .. }) if reason.contains("recursion")),
                "{json:?}"
            );
        }
    }

    #[test]
    fn more_values_than_are_worth_reading_are_counted_and_not_built() {
        let list = |values: usize| format!("[{}1]", "[],".repeat(values - 2));
        assert!(read(&list(VALUE_LIMIT)).json.is_ok());
        let too_many = Err(NotJson::TooManyValues { limit: VALUE_LIMIT });
        let five_million = format!("[{}1]", "[],".repeat(5_000_000));
        let rows = format!(
            r#"{{"Resources":[{}1]}}"#,
            r#"{"id":"1","userName":"a"},"#.repeat(400_000)
        );
        for text in [
            list(VALUE_LIMIT + 1),
            five_million,
            rows,
            list(VALUE_LIMIT + 1) + "}",
        ] {
            assert_eq!(read(&text).json, too_many);
        }
    }

    #[test]
    fn duplicate_keys_are_pointed_at_and_the_last_one_wins() {
        let body = read(r#"{"a":[{"x/y":1,"x/y":{"~":1,"~":2}}],"a":0,"A":1}"#);
        assert_eq!(body.json, Ok(Arc::new(json!({"a": 0, "A": 1}))));
        let pointers = ["/a/0/x~1y", "/a/0/x~1y/~0", "/a"];
        assert_eq!(
            body.oddities,
            pointers.map(|pointer| BodyOddity::DuplicateKey(pointer.to_owned()))
        );
        let many = read(&format!("{{{}\"a\":1}}", "\"a\":1,".repeat(1000)));
        assert_eq!(many.oddities.len(), MAX_DUPLICATES);
    }

    #[test]
    fn a_byte_order_mark_is_reported_and_the_rest_read() {
        let body = read("\u{feff}[1]");
        assert_eq!(body.json, Ok(Arc::new(json!([1]))));
        assert_eq!(body.oddities, [BodyOddity::ByteOrderMark]);
    }

    #[test]
    fn encodings_are_undone_from_the_last_to_the_first() {
        use flate2::Compression;
        use flate2::write::{GzEncoder, ZlibEncoder};
        use std::io::Write;

        let mut inner = ZlibEncoder::new(Vec::new(), Compression::default());
        inner.write_all(b"[1]").expect("memory");
        let mut outer = GzEncoder::new(Vec::new(), Compression::default());
        outer
            .write_all(&inner.finish().expect("memory"))
            .expect("memory");
        let twice = outer.finish().expect("memory");
        assert_eq!(
            Body::read(twice.clone().into(), Some("deflate, GZip")).json,
            Ok(Arc::new(json!([1])))
        );

        let cut = Bytes::copy_from_slice(&twice[..twice.len() - 4]);
        let oddities = Body::read(cut, Some("deflate, gzip")).oddities;
        assert!(
            matches!(&oddities[..], [BodyOddity::BadEncoding(reason)] if reason.starts_with("gzip"))
        );

        for (encoding, odd) in [("br", true), ("identity", false), ("", false)] {
            let body = Body::read(Bytes::from_static(b"[1]"), Some(encoding));
            assert_eq!(
                (body.json, body.oddities.len()),
                (Ok(Arc::new(json!([1]))), usize::from(odd)),
                "{encoding}"
            );
        }
        assert_eq!(Body::read(Bytes::new(), Some("gzip")).oddities, []);
    }

    #[test]
    fn a_bomb_is_kept_packed() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(
            &mut std::io::repeat(b' ').take(BODY_LIMIT as u64 + 1),
            &mut encoder,
        )
        .expect("memory");
        let packed = encoder.finish().expect("memory");
        let body = Body::read(packed.clone().into(), Some("gzip"));
        assert_eq!(body.bytes, packed);
        assert!(body.json.is_err());
        let told = "larger than 16 MiB when decoded".to_owned();
        assert_eq!(body.oddities, [BodyOddity::BadEncoding(told)]);
    }
}
