//! When two texts that differ in case are the same.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A key that is equal for texts that are a canonical caseless match (Unicode, 3.13, D145).
///
/// RFC 7643 says "case insensitive" and names no algorithm; this one takes `STRASSE` for
/// `Straße` and a composed `é` for a decomposed one, but never `İ` for `i`.
pub(super) fn key(text: &str) -> String {
    folded(text).into_owned()
}

/// The same; what is its own key is not copied.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text.nfd().default_case_fold().nfd().collect();
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text.to_ascii_lowercase().into();
    }
    text.into()
}

/// The key without accents, as a database of another collation compares.
pub(super) fn without_accents(text: &str) -> String {
    key(text)
        .chars()
        .filter(|c| !is_combining_mark(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn canonical_caseless_matches_are_equal() {
        let table = [
            ("Ada@Example.com", "ada@example.COM", true),
            ("Straße", "STRASSE", true),
            ("ΣΊΣΥΦΟΣ", "σίσυφος", true),
            ("é", "e\u{301}", true),
            ("İ", "i", false),
            ("ada", "adam", false),
        ];
        for (left, right, equal) in table {
            assert_eq!(key(left) == key(right), equal, "{left} {right}");
        }
    }
}
