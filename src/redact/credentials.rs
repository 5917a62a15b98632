//! Hides what looks like a credential in an excerpt of a file.

use std::ops::Range;

/// `text` with credentials replaced by as many `*`, so that offsets stay valid: the value
/// behind `authorization`, and a word behind `bearer`, `basic` or `token` that is no
/// ordinary word.
///
/// Scenario files may not hold credentials at all; this is for the message that says so.
#[must_use]
pub fn starred(text: &str) -> String {
    let mut masked = text.to_owned();
    for span in credentials(text) {
        let stars = "*".repeat(span.len());
        masked.replace_range(span, &stars);
    }
    masked
}

/// Whether the name of a header field says that its value is a credential.
#[must_use]
pub fn is_credential_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "auth",
        "cookie",
        "credential",
        "key",
        "pass",
        "secret",
        "session",
        "token",
    ]
    .iter()
    .any(|part| name.contains(part))
}

fn credentials(text: &str) -> Vec<Range<usize>> {
    // ASCII lower case keeps every offset.
    let lower = text.to_ascii_lowercase();
    let word = |span: &Range<usize>| lower.get(span.clone()).unwrap_or("");
    let mut found = Vec::new();
    for name in ["bearer", "basic", "token"] {
        let after = lower.match_indices(name).map(|(at, _)| at + name.len());
        let words = after.filter_map(|at| word_after(text, at));
        found.extend(words.filter(|span| looks_random(word(span))));
    }
    let name = "authorization";
    let after = lower.match_indices(name).map(|(at, _)| at + name.len());
    let words = after.filter_map(|at| word_after(text, at));
    found.extend(words.filter(|span| !matches!(word(span), "bearer" | "basic")));
    found
}

/// Whether a word is none that people write in prose.
fn looks_random(word: &str) -> bool {
    word.len() >= 20 || word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The word behind a name, with a blank, a colon or a quotation mark between them.
fn word_after(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let word = rest.trim_start_matches([':', ' ', '"', '\'']);
    let start = at + (rest.len() - word.len());
    let length = word
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}'))
        .unwrap_or(word.len());
    (start > at && length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::starred;

    #[test]
    fn hides_credentials_and_keeps_lengths() {
        for (text, wanted) in [
            (
                "Authorization: Bearer abc.d3f",
                "Authorization: Bearer *******",
            ),
            ("authorization: Bearer", "authorization: Bearer"),
            ("{authorization: \"secret\"}", "{authorization: \"******\"}"),
            ("a: 'basic dXNlcg=9'", "a: 'basic ********'"),
            ("b: Bearer geh3ím, c: 1", "b: Bearer *******, c: 1"),
            ("token: 00abc", "token: *****"),
            ("token: malformed", "token: malformed"),
            ("title: Basic authentication", "title: Basic authentication"),
        ] {
            assert_eq!(starred(text), wanted);
            assert_eq!(starred(text).len(), text.len());
        }
    }
}
