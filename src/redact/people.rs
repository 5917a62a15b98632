//! People in the texts that a server writes: what is known of them, and what looks like them.

use std::collections::HashSet;

use crate::secret::MASK;

/// A known value with fewer characters may be part of ordinary words.
const LEAST: usize = 3;
/// Words that are joined to look for a known value, such as a full name.
const WORDS: usize = 4;

/// Texts about people, to be hidden wherever they stand.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// In lower case.
    known: HashSet<String>,
}

impl People {
    /// A name, an address, or another text about somebody.
    pub fn learn(&mut self, text: &str) {
        if text.trim().chars().count() >= LEAST {
            self.known.insert(text.trim().to_lowercase());
        }
    }

    /// How many texts it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// The text without known values, addresses and what looks like an id; the longest run of words goes first.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        self.replace(text, looks_personal, |_| MASK.to_owned())
    }

    /// The text with a stand-in for known values, and for words that are `strange`.
    pub(super) fn replace(
        &self,
        text: &str,
        strange: impl Fn(&str) -> bool,
        stand_in: impl Fn(&str) -> String,
    ) -> String {
        let words = words(text);
        let mut shown = String::with_capacity(text.len());
        let (mut copied, mut at) = (0, 0);
        while let Some((start, end)) = words.get(at).copied() {
            let run = (0..WORDS).rev().find_map(|more| {
                let (_, last) = *words.get(at + more)?;
                let run = text.get(start..last)?;
                self.known
                    .contains(&run.to_lowercase())
                    .then_some((more, last))
            });
            let word = text.get(start..end).unwrap_or_default();
            let hidden = run.or_else(|| strange(word).then_some((0, end)));
            at += 1;
            if let Some((more, last)) = hidden {
                shown.push_str(text.get(copied..start).unwrap_or_default());
                shown.push_str(&stand_in(text.get(start..last).unwrap_or_default()));
                copied = last;
                at += more;
            }
        }
        shown.push_str(text.get(copied..).unwrap_or_default());
        shown
    }
}

/// A filter or a path without what is compared with.
#[must_use]
pub fn without_literals(text: &str) -> String {
    let parts: Vec<&str> = text.split('"').collect();
    let mut shown = String::new();
    for (n, part) in parts.iter().enumerate() {
        shown.push_str(if n % 2 == 0 { part } else { MASK });
        if n + 1 < parts.len() {
            shown.push('"');
        }
    }
    shown
}

/// Where the words of a text begin and end.
fn words(text: &str) -> Vec<(usize, usize)> {
    let joins =
        |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '+' | '\'' | '’');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, joins(c)) {
            (None, true) => start = Some(at),
            (Some(begun), false) => {
                let word = text.get(begun..at).unwrap_or_default();
                let bare = word.trim_matches(['.', '\'', '-']);
                let front = word.len() - word.trim_start_matches(['.', '\'', '-']).len();
                if !bare.is_empty() {
                    words.push((begun + front, begun + front + bare.len()));
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// An address, or an id: a long run of digits, or of letters and digits together.
pub(super) fn looks_personal(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    word.contains('@') || digits >= 6 || (digits >= 3 && letters >= 3 && word.len() >= 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_server_lose_people() {
        let mut people = People::default();
        for known in ["Ada Byron", "crew 7", "o'neil", " ada ", "is"] {
            people.learn(known);
        }
        let table = [
            (
                "A user with userName 'ada.byron@x.test' exists.",
                "A user with userName '***' exists.",
            ),
            ("ADA BYRON is there already", "*** is there already"),
            ("group \"Crew 7\" not found", "group \"***\" not found"),
            ("Mr. O'Neil, Ada.", "Mr. ***, ***."),
            ("no user 3f0f7c1e-9b1d-4b0e-8f5e", "no user ***"),
            ("call +4912345678", "call ***"),
            (
                "attribute name.givenName is required (400)",
                "attribute name.givenName is required (400)",
            ),
            ("", ""),
        ];
        for (text, wanted) in table {
            assert_eq!(people.hide(text), wanted);
        }
    }

    #[test]
    fn a_filter_keeps_its_form() {
        let filter = r#"userName eq "ada" and members[value eq "8"]"#;
        let shown = r#"userName eq "***" and members[value eq "***"]"#;
        assert_eq!(without_literals(filter), shown);
    }
}
