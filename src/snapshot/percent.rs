//! Percent-encoding (RFC 3986, 2.1), as far as finding a name in a URL needs it.

use std::fmt::Write as _;

/// `text` with everything but unreserved characters escaped, the way Okta escapes a filter value.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `text` with every complete escape decoded; what is no escape, or no UTF-8, stays readable.
pub(super) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(byte) = escape_at(rest) {
            out.push(byte);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            out.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The byte that the escape at the start of `bytes` stands for, if there is one.
pub(super) fn escape_at(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |b: &u8| char::from(*b).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_decoding_are_inverse() {
        for text in ["ada", "a b", "O’Neil+1@example.com", "100%", "ü/ß", ""] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(encode("a b@c"), "a%20b%40c");
    }

    #[test]
    fn incomplete_escapes_stay() {
        assert_eq!(decode("50%"), "50%");
        assert_eq!(decode("%4"), "%4");
        assert_eq!(decode("%zz"), "%zz");
    }
}
