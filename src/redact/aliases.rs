//! Aliases: what stands for a text about somebody, the same wherever and however often it comes up.
//!
//! An alias follows from the text and a key, so nothing has to be remembered, and nobody who lacks the key can check a
//! guess. Texts that differ in case alone, or in the form of Unicode, have aliases that differ in case alone; the alias
//! of an address looks like an address, that of a number like a number, and so on, so that what is done with the texts
//! can be done with their aliases.

use ring::hmac;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::secret::MASK;

/// Makes aliases.
#[derive(Clone)]
pub struct Aliases(hmac::Key);

impl std::fmt::Debug for Aliases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aliases")
    }
}

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Address,
    Uuid,
    Number,
    Phone,
    Url,
    Words,
}

/// How the letters of a text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
    /// Each word begins with a capital letter.
    Title,
    /// Otherwise: each letter of the alias as a bit says.
    Other(u64),
}

impl Aliases {
    /// Those of this key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// What stands for a text. An empty one tells nothing about anybody, and stays.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let folded: String = text.to_lowercase().nfc().collect();
        let hash = self.hash(b"text", folded.as_bytes());
        let case = self.case(text, &folded);
        match look(&folded) {
            Look::Address => cased(&words(hash, 3), case) + "@example.com",
            Look::Uuid => uuid(hash, case),
            Look::Number => number(hash).to_string(),
            Look::Phone => format!("+{}", number(hash)),
            Look::Url => format!("https://example.com/{}", cased(&words(hash, 3), case)),
            Look::Words => cased(&words(hash, 3), case),
        }
    }

    /// What stands for a number, as it is written in JSON: the same as for a text of these digits.
    #[must_use]
    pub fn number(&self, digits: &str) -> u64 {
        number(self.hash(b"text", digits.as_bytes()))
    }

    /// What stands for a secret: it says that something is hidden, and which other one is the same.
    #[must_use]
    pub fn secret(&self, secret: &str) -> String {
        let hash = self.hash(b"secret", secret.as_bytes());
        format!("{MASK}-{}", words(hash, 2))
    }

    fn hash(&self, what: &[u8], text: &[u8]) -> u128 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(what);
        context.update(&[0]);
        context.update(text);
        let tag = context.sign();
        let bytes = tag.as_ref().first_chunk().copied().unwrap_or_default();
        u128::from_le_bytes(bytes)
    }

    fn case(&self, text: &str, folded: &str) -> Case {
        if text == folded {
            return Case::Lower;
        }
        let has = |which: fn(char) -> bool| text.chars().any(which);
        if is_nfc(text) {
            if is_title(text) {
                return Case::Title;
            }
            if !has(char::is_lowercase) {
                return Case::Upper;
            }
        }
        Case::Other(self.hash(b"case", text.as_bytes()) as u64)
    }
}

fn is_title(text: &str) -> bool {
    let mut after_letter = false;
    let mut capitals = 0;
    for c in text.chars() {
        if c.is_alphabetic() {
            let fits = if after_letter {
                !c.is_uppercase()
            } else {
                capitals += usize::from(c.is_uppercase());
                !c.is_lowercase()
            };
            if !fits {
                return false;
            }
        }
        after_letter = c.is_alphabetic();
    }
    capitals > 0
}

fn look(folded: &str) -> Look {
    let is_blank = |c: char| c.is_whitespace();
    if let Some((before, behind)) = folded.split_once('@')
        && !before.is_empty()
        && !behind.is_empty()
        && !behind.contains('@')
        && !folded.contains(is_blank)
    {
        return Look::Address;
    }
    if is_uuid(folded) {
        return Look::Uuid;
    }
    let digits = folded.bytes().filter(u8::is_ascii_digit).count();
    if digits == folded.len() {
        return Look::Number;
    }
    let of_phone = |byte: u8| byte.is_ascii_digit() || b"+-() ./".contains(&byte);
    if digits >= 5 && folded.bytes().all(of_phone) {
        return Look::Phone;
    }
    if folded.starts_with("https://") || folded.starts_with("http://") {
        return Look::Url;
    }
    Look::Words
}

/// Places of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn is_uuid(text: &str) -> bool {
    let fits = |(n, byte): (usize, u8)| match HYPHENS.contains(&n) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn uuid(hash: u128, case: Case) -> String {
    // Version 4 of the variant of RFC 9562.
    let bits = hash & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let mut text = format!("{bits:032x}");
    for place in HYPHENS {
        text.insert(place, '-');
    }
    match case {
        Case::Lower => text,
        Case::Upper | Case::Title => text.to_uppercase(),
        Case::Other(_) => cased(&text, case),
    }
}

/// Fifteen digits, which every JSON number holds exactly.
fn number(hash: u128) -> u64 {
    const LEAST: u64 = 100_000_000_000_000;
    LEAST + hash as u64 % (9 * LEAST)
}

/// Syllables for each 16 bits (proquints: Wilkerson, 2009): `lusab-babad-gutih`.
fn words(mut hash: u128, count: usize) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aiou";
    let mut text = String::new();
    for n in 0..count {
        if n > 0 {
            text.push('-');
        }
        for place in 0..5 {
            let (letters, bits): (&[u8], u32) = match place % 2 {
                0 => (CONSONANTS, 4),
                _ => (VOWELS, 2),
            };
            let letter = hash as usize & (letters.len() - 1);
            hash >>= bits;
            text.push(char::from(letters.get(letter).copied().unwrap_or(b'x')));
        }
    }
    text
}

fn cased(text: &str, case: Case) -> String {
    let mut begins = true;
    let mut shown = String::with_capacity(text.len());
    // At least the first letter, so that it is not the alias in lower case.
    let mut bits = match case {
        Case::Other(bits) => bits | 1,
        _ => 0,
    };
    for c in text.chars() {
        let is_upper = match case {
            Case::Lower => false,
            Case::Upper => true,
            Case::Title => begins,
            Case::Other(_) => bits & 1 == 1,
        };
        if c.is_ascii_alphabetic() {
            bits >>= 1;
        }
        begins = !c.is_ascii_alphabetic();
        shown.push(if is_upper { c.to_ascii_uppercase() } else { c });
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn aliases() -> Aliases {
        Aliases::new(b"a key")
    }

    #[test]
    fn an_alias_looks_like_what_it_stands_for() {
        let aliases = aliases();
        let shape = |text: &str| -> String {
            let alias = aliases.text(text);
            let shape = |c: char| match c {
                'a'..='z' => 'a',
                'A'..='Z' => 'A',
                '0'..='9' => '0',
                c => c,
            };
            alias.chars().map(shape).collect()
        };
        assert_eq!(shape("ada@x.test"), "aaaaa-aaaaa-aaaaa@aaaaaaa.aaa");
        assert_eq!(shape("Ada Byron"), "Aaaaa-Aaaaa-Aaaaa");
        assert_eq!(shape("O'Brien"), "Aaaaa-Aaaaa-Aaaaa");
        assert_eq!(shape("ADA BYRON"), "AAAAA-AAAAA-AAAAA");
        assert_eq!(shape("byron"), "aaaaa-aaaaa-aaaaa");
        assert_eq!(shape("42"), "0".repeat(15));
        assert_eq!(shape("+49 (30) 123-45"), format!("+{}", "0".repeat(15)));
        assert_eq!(
            shape("https://x.test/ada"),
            "aaaaa://aaaaaaa.aaa/aaaaa-aaaaa-aaaaa"
        );
        assert_eq!(shape(""), "");
        let uuid = aliases.text("2819c223-7f76-453a-919d-413861904646");
        assert!(is_uuid(&uuid), "{uuid}");
        assert_eq!(
            aliases.text("2819C223-7F76-453A-919D-413861904646"),
            uuid.to_uppercase()
        );
        assert_eq!(aliases.text("42"), aliases.number("42").to_string());
        assert!(aliases.secret("swordfish").starts_with("***-"));
    }

    #[test]
    fn texts_that_differ_in_case_alone_have_such_aliases_and_all_are_different() {
        let aliases = aliases();
        let same = [
            "ada byron",
            "Ada Byron",
            "ADA BYRON",
            "ada Byron",
            "Ada byron",
            "aDa byron",
        ];
        let all: HashSet<String> = same.iter().map(|text| aliases.text(text)).collect();
        assert_eq!(all.len(), same.len());
        let folded: HashSet<String> = all.iter().map(|alias| alias.to_lowercase()).collect();
        assert_eq!(folded.len(), 1);
        let (composed, decomposed) = ("zo\u{eb}", "zoe\u{308}");
        assert_ne!(aliases.text(composed), aliases.text(decomposed));
        assert_eq!(
            aliases.text(composed),
            aliases.text(decomposed).to_lowercase()
        );
        let others: HashSet<String> = (0..20_000)
            .flat_map(|n| [format!("u{n}@x.test"), n.to_string(), format!("Name {n}")])
            .map(|text| aliases.text(&text).to_lowercase())
            .collect();
        assert_eq!(others.len(), 60_000);
    }

    #[test]
    fn another_key_gives_other_aliases() {
        let other = Aliases::new(b"another key");
        for text in ["ada", "42", "ada@x.test"] {
            assert_ne!(aliases().text(text), other.text(text));
            assert_eq!(aliases().text(text), aliases().text(text));
        }
        assert_ne!(aliases().secret("swordfish"), other.secret("swordfish"));
    }
}
