//! Masking of text that should have been JSON but cannot be parsed.

use crate::secret::MASK;

/// Replaces every value in a broken JSON text and keeps keys, punctuation and the words
/// `true`, `false` and `null`; none when the text does not look like JSON at all, such as
/// a proxy's plain message.
#[must_use]
pub fn broken_json(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with(['{', '[', '"']) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => mask_string(rest, &mut out),
            c if c.is_alphanumeric() => mask_word(rest, &mut out),
            c => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Some(out)
}

/// Writes the string literal at the start of `rest`, masked unless it is a key. Returns its
/// length in `rest`.
fn mask_string(rest: &str, out: &mut String) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let closing = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closing
    });
    let length = end.map_or(rest.len(), |(at, _)| at.saturating_add(1));
    let (literal, after) = rest.split_at(length);
    if after.trim_start().starts_with(':') {
        out.push_str(literal);
    } else {
        out.push('"');
        out.push_str(MASK);
        if end.is_some() {
            out.push('"');
        }
    }
    length
}

/// Writes the number or bare word at the start of `rest`, masked unless it is JSON's own.
fn mask_word(rest: &str, out: &mut String) -> usize {
    let length = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    let word = rest.get(..length).unwrap_or_default();
    if matches!(word, "true" | "false" | "null") {
        out.push_str(word);
    } else {
        out.push('*');
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_and_structure_stays() {
        let cases = [
            (
                r#"{"Resources":[{"userName" : "ada@x.test","active":true,"n":17,"a":["b\"c",null],"gi"#,
                r#"{"Resources":[{"userName" : "***","active":true,"n":*,"a":["***",null],"***"#,
            ),
            (r"{'userName': 'ada@x.test'}", r"{'*': '*@*.*'}"),
            (r#"{"a":"Łódź \\"} trailing"#, r#"{"a":"***"} *"#),
            ("\u{feff}[\"x\u{fffd}\"", "[\"***\""),
        ];
        for (text, masked) in cases {
            assert_eq!(
                broken_json(text.as_bytes()),
                Some(masked.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn plain_messages_stay() {
        assert_eq!(broken_json(b"upstream connect error"), None);
        assert_eq!(broken_json(b""), None);
    }
}
