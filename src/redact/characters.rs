//! Characters that could steer a terminal, hide from whoever reviews a file, or break a parser: written as escapes.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is shown as an escape: control characters (C0, DEL, C1), bidirectional controls (Unicode TR 36,
/// 2.3; CVE-2021-42574), invisible spaces and joiners that are not part of an emoji, and what is no character at all
/// (XML 1.0, 2.2 forbids U+FFFE and U+FFFF).
#[must_use]
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{e0000}'..='\u{e0fff}'
        )
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// `text` on one line, with every such character as an escape for people.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if needs_escape(c) => push_escape(&mut shown, c),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A JSON text that means the same, in which every such character is written as `\uXXXX` (RFC 8259, 7). They stand in
/// strings only; what JSON has between its values stays.
#[must_use]
pub fn json(text: String) -> String {
    let in_string = |c: char| !c.is_ascii_whitespace() && (needs_escape(c) || is_joiner(c));
    if !text.chars().any(in_string) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if in_string(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A line of a file that is read again, with every such character as an escape; [`unescaped`] undoes it. A tab stays.
#[must_use]
pub fn escaped(line: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == '\t' || !(needs_escape(c) || is_joiner(c));
    if line.chars().all(is_plain) && !line.contains(OPENS) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 8);
    for (at, c) in line.char_indices() {
        // What looks like an escape already must not be taken for one.
        let looks_so = line.get(at..).is_some_and(|rest| rest.starts_with(OPENS));
        if is_plain(c) && !looks_so {
            shown.push(c);
        } else {
            push_escape(&mut shown, c);
        }
    }
    Cow::Owned(shown)
}

/// Undoes [`escaped`]. What is no escape stays as it is.
#[must_use]
pub fn unescaped(line: &str) -> Cow<'_, str> {
    if !line.contains(OPENS) {
        return Cow::Borrowed(line);
    }
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, inside)) = rest.split_once(OPENS) {
        plain.push_str(before);
        let escape = inside.split_once('}').and_then(|(digits, behind)| {
            let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            Some((c, behind))
        });
        match escape {
            Some((c, behind)) => {
                plain.push(c);
                rest = behind;
            }
            None => {
                plain.push_str(OPENS);
                rest = inside;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

const OPENS: &str = "\\u{";

/// Joins emoji, and letters of some scripts; where it stands alone nobody sees it.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn push_escape(shown: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = write!(shown, "{OPENS}{:x}}}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind.
    const STEERING: &str =
        "\u{7f}\u{9b}\u{85}\u{200b}\u{200d}\u{202e}\u{2066}\u{feff}\u{fffe}\u{ffff}\u{e0001}\u{1b}";

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        let cases = [
            ("plain ąß 日本", "plain ąß 日本"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("line\r\nnext\t", "line\\r\\nnext\\t"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{fffe}\u{1ffff}", "\\u{fffe}\\u{1ffff}"),
            // An emoji family is joined by U+200D, which therefore stays.
            ("👩\u{200d}👧", "👩\u{200d}👧"),
        ];
        for (raw, shown) in cases {
            assert_eq!(printable(raw), shown);
        }
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ STEERING: [STEERING, "é 日本"] });
        for text in [value.to_string(), format!("{value:#}\n")] {
            let shown = json(text);
            assert!(
                !shown
                    .chars()
                    .any(|c| !c.is_ascii_whitespace() && (needs_escape(c) || is_joiner(c))),
                "{shown}"
            );
            assert!(
                shown.contains("é 日本") && shown.contains("\\udb40\\udc01"),
                "{shown}"
            );
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                value
            );
        }
    }

    #[test]
    fn a_line_is_read_back_as_it_was() {
        for line in [
            STEERING,
            "plain\ttext ąß",
            "\\u{41}",
            "\\u{",
            "\\\\u{5c}u{41}\u{1}",
            "a\nb\r",
            "\\u{zz}",
            "",
        ] {
            let shown = escaped(line);
            assert!(
                !shown.chars().any(|c| c != '\t' && needs_escape(c)),
                "{shown}"
            );
            assert_eq!(unescaped(&shown), line, "{shown}");
        }
        assert_eq!(escaped("\u{202e}x"), "\\u{202e}x");
    }
}
