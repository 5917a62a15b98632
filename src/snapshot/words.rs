//! The words of a text, as far as an id can be one: runs of letters, digits, `-` and `_`.
//!
//! What touches a stable name from outside (`<run>abc`) is no word: it was a part of a longer one
//! before the name stood there, and normalising twice must change nothing more.

use crate::exchange::escape_at;

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch<'t> {
    /// A word.
    Word(&'t str),
    /// What stands between words; a percent-escape is no part of a word.
    Between(&'t str),
}

/// Whether `byte` can be part of a word.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Cuts `text` into words and what stands between them; together they are the text again.
pub(super) fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let bytes = rest.as_bytes();
        let word = bytes.iter().take_while(|b| is_word_byte(**b)).count();
        let end = if word > 0 { word } else { gap(bytes) };
        // Both ends lie next to an ASCII byte or at the end, hence on character boundaries.
        let (stretch, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let touches_name = tail.starts_with('<')
            || matches!(out.last(), Some(Stretch::Between(gap)) if gap.ends_with('>'));
        out.push(if word > 0 && !touches_name {
            Stretch::Word(stretch)
        } else {
            Stretch::Between(stretch)
        });
        rest = tail;
    }
    out
}

/// The length of what stands before the next word.
fn gap(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(tail) = bytes.get(at..).filter(|tail| !tail.is_empty()) {
        if escape_at(tail).is_some() {
            at += 3;
        } else if tail.first().is_some_and(|b| is_word_byte(*b)) {
            break;
        } else {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_end_a_word() {
        use Stretch::{Between, Word};
        assert_eq!(
            stretches("eq%20%22a-1%22&é"),
            [Word("eq"), Between("%20%22"), Word("a-1"), Between("%22&é"),]
        );
        assert_eq!(stretches(""), []);
        assert_eq!(
            stretches("<a>b <c> d<e>"),
            [
                Between("<"),
                Word("a"),
                Between(">"),
                Between("b"),
                Between(" <"),
                Word("c"),
                Between("> "),
                Between("d"),
                Between("<"),
                Word("e"),
                Between(">"),
            ]
        );
        assert_eq!(stretches("50%x"), [Word("50"), Between("%"), Word("x")]);
    }
}
