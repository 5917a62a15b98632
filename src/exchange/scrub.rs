//! The last line of defence: known secrets are replaced in every text that leaves the program.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::percent::{SpaceAs, query_value};
use crate::secret::{MASK, Secret};

/// Needles are found by their first bytes, so that a text is read once, however many there are.
const PREFIX: usize = 4;

/// A secret with fewer characters may be a part of an ordinary word (`test` in `latest`); it is
/// replaced where it stands alone.
const CERTAIN: usize = 8;

/// All secrets of a run: tokens, header values, passwords sent. Clones share them.
///
/// Types and masks keep secrets out of outputs in the first place; this catches what a server
/// echoes. Found are the secret itself and its percent-encoded, base64 and JSON-escaped forms.
/// Secrets of fewer than four bytes are ignored: they cannot be told from other text.
#[derive(Clone, Default)]
pub struct Scrubber(Arc<RwLock<Needles>>);

/// Per prefix, longest first.
type Needles = HashMap<[u8; PREFIX], Vec<Needle>>;

#[derive(PartialEq, Eq)]
struct Needle {
    text: String,
    alone: bool,
}

impl Scrubber {
    /// Knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret. From a whole `Authorization` value the scheme is left aside, and from
    /// Basic credentials the password is added, too.
    pub fn add(&self, secret: &Secret) {
        let text = secret.expose().trim();
        let credentials = match text.split_once(' ') {
            Some((scheme, rest))
                if ["bearer", "basic"].contains(&scheme.to_ascii_lowercase().as_str()) =>
            {
                rest.trim()
            }
            _ => text,
        };
        self.add_forms(credentials);
        let basic = STANDARD
            .decode(credentials)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        if let (true, Some((_, password))) = (
            credentials.len() < text.len(),
            basic.as_deref().and_then(|pair| pair.split_once(':')),
        ) {
            self.add_forms(password);
        }
    }

    fn add_forms(&self, text: &str) {
        let alone = text.chars().count() < CERTAIN;
        let mut needles = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms(text) {
            let Some(prefix) = form.as_bytes().first_chunk::<PREFIX>() else {
                continue;
            };
            let bucket = needles.entry(*prefix).or_default();
            let needle = Needle { text: form, alone };
            if !bucket.contains(&needle) {
                bucket.push(needle);
                bucket.sort_by_key(|needle| std::cmp::Reverse(needle.text.len()));
            }
        }
    }

    /// The text with `***` for every secret in it.
    #[must_use]
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let needles = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if needles.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(prefix) = text
            .as_bytes()
            .get(at..)
            .and_then(|rest| rest.first_chunk())
        {
            let found = needles
                .get(prefix)
                .and_then(|bucket| bucket.iter().find(|needle| needle.stands_at(text, at)));
            match found {
                Some(needle) => {
                    out.push_str(text.get(copied..at).unwrap_or_default());
                    out.push_str(MASK);
                    at += needle.text.len();
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber")
    }
}

impl Needle {
    fn stands_at(&self, text: &str, at: usize) -> bool {
        // Both are UTF-8, so a match starts and ends between characters.
        let Some(rest) = text
            .get(at..)
            .and_then(|rest| rest.strip_prefix(self.text.as_str()))
        else {
            return false;
        };
        let before = text.get(..at).and_then(|front| front.chars().next_back());
        let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !(self.alone && (joins(before) || joins(rest.chars().next())))
    }
}

/// How a secret may come back.
fn forms(text: &str) -> Vec<String> {
    let percent = query_value(text, SpaceAs::Percent);
    let escaped = json_escaped(text);
    let lower = ascii_only(&escaped, |unit| format!("\\u{unit:04x}"));
    let upper = ascii_only(&escaped, |unit| format!("\\u{unit:04X}"));
    let padded = STANDARD.encode(text);
    vec![
        text.to_owned(),
        query_value(text, SpaceAs::Plus),
        lower_escapes(&percent),
        percent,
        escaped.replace('/', "\\/"),
        escaped,
        lower,
        upper,
        padded.trim_end_matches('=').to_owned(),
        padded,
        URL_SAFE.encode(text),
        URL_SAFE_NO_PAD.encode(text),
    ]
}

/// The text as it stands between the quotes of a JSON string.
fn json_escaped(text: &str) -> String {
    let literal = serde_json::Value::from(text).to_string();
    let end = literal.len().saturating_sub(1);
    literal.get(1..end).unwrap_or_default().to_owned()
}

/// JSON as written by libraries that escape all that is not ASCII.
fn ascii_only(escaped: &str, unit: impl Fn(u16) -> String) -> String {
    let mut out = String::with_capacity(escaped.len());
    for c in escaped.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|code| unit(*code)));
        }
    }
    out
}

/// `%2F` → `%2f`.
fn lower_escapes(percent: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let inside = digits > 0;
        digits = if c == '%' { 2 } else { digits.max(1) - 1 };
        if inside { c.to_ascii_lowercase() } else { c }
    };
    percent.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber(secrets: &[&str]) -> Scrubber {
        let scrubber = Scrubber::new();
        for secret in secrets {
            scrubber.add(&Secret::new(*secret));
        }
        scrubber
    }

    #[test]
    fn every_form_of_a_secret_is_replaced() {
        let secret = "p/ss \"wörd\"+Ł7";
        let scrubber = scrubber(&[secret]);
        let forms = [
            "p/ss \"wörd\"+Ł7",
            "p%2Fss%20%22w%C3%B6rd%22%2B%C5%817",
            "p%2fss%20%22w%c3%b6rd%22%2b%c5%817",
            "p%2Fss+%22w%C3%B6rd%22%2B%C5%817",
            r#"p/ss \"wörd\"+Ł7"#,
            r#"p\/ss \"wörd\"+Ł7"#,
            r#"p/ss \"w\u00f6rd\"+\u01417"#,
            r#"p/ss \"w\u00F6rd\"+\u01417"#,
            "cC9zcyAid8O2cmQiK8WBNw==",
            "cC9zcyAid8O2cmQiK8WBNw",
        ];
        for form in forms {
            let text = format!("<{form}>, again {form}");
            assert_eq!(scrubber.scrub(&text), "<***>, again ***", "{form}");
        }
    }

    #[test]
    fn a_header_value_hides_its_credentials() {
        let scrubber = scrubber(&["Bearer abcdefgh12", "Basic YWRhOmh1bnRlcjItaHVudGVyMg=="]);
        assert_eq!(
            scrubber.scrub("token abcdefgh12 is wrong"),
            "token *** is wrong"
        );
        assert_eq!(scrubber.scrub("no hunter2-hunter2 here"), "no *** here");
        assert_eq!(
            scrubber.scrub("Basic YWRhOmh1bnRlcjItaHVudGVyMg=="),
            "Basic ***"
        );
        assert_eq!(scrubber.scrub("Bearer is a scheme"), "Bearer is a scheme");
    }

    #[test]
    fn a_short_secret_is_no_part_of_words() {
        let scrubber = scrubber(&["test", "abc", ""]);
        assert_eq!(
            scrubber.scrub("the latest test, abc: tests"),
            "the latest ***, abc: tests"
        );
        assert!(matches!(scrubber.scrub("the latest"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_longest_secret_wins_and_neighbours_are_all_found() {
        let scrubber = scrubber(&["passwords", "passwords-and-more"]);
        assert_eq!(
            scrubber.scrub("passwords-and-more|passwordspasswords"),
            "***|******"
        );
        assert_eq!(scrubber.scrub("é passwords é"), "é *** é");
        assert_eq!(scrubber.scrub("passwor"), "passwor");
    }

    #[test]
    fn clones_share_what_they_know_and_show_none_of_it() {
        let first = scrubber(&[]);
        let second = first.clone();
        first.add(&Secret::new("hunter2-hunter2"));
        assert_eq!(second.scrub("hunter2-hunter2"), "***");
        assert!(!format!("{second:?}").contains("hunter2"));
    }
}
