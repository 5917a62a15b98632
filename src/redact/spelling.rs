//! The ways in which one character may be written at a place of a text.
//!
//! An answer that repeats a secret writes it as its format wants it, or as the formats want it that lie around each
//! other: `/` is `\/` or `\u002f` in JSON (RFC 8259, 7), `%2F` in a URL (RFC 3986, 2.1), `&#47;`, `&#x2f;` or `&sol;` in
//! HTML; JSON within JSON has `\\\/`, a URL that was encoded twice `%252F`. A text need not say which formats it is in,
//! so every one is tried at every place, and a character that is written plainly is taken as such as well.

/// How many formats may lie around each other.
const DEPTH: u8 = 3;

/// The ways that are looked at in one place. A text with more of them in one place is no echo but a riddle.
const MOST: usize = 8;

/// So many backslashes in a row are one as well: each format doubles them.
const RIDDLE: &[u8] = &[b'\\'; 17];

/// What a character may be, and where the text goes on behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spelled {
    bytes: [u8; 4],
    length: u8,
    /// The place behind it.
    pub(super) end: usize,
}

impl Spelled {
    fn byte(byte: u8, end: usize) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
            end,
        }
    }

    fn character(c: char, end: usize) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Self {
            bytes,
            length: u8::try_from(length).unwrap_or_default(),
            end,
        }
    }

    /// The character in UTF-8, or one byte of it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    fn ascii(&self) -> Option<u8> {
        match self.bytes() {
            [byte] => Some(*byte),
            _ => None,
        }
    }
}

/// All that may be meant at one place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Readings {
    all: [Spelled; MOST],
    count: usize,
}

impl Readings {
    pub(super) fn as_slice(&self) -> &[Spelled] {
        self.all.get(..self.count).unwrap_or_default()
    }

    fn push(&mut self, spelled: Spelled) {
        if self.as_slice().contains(&spelled) {
            return;
        }
        if let Some(free) = self.all.get_mut(self.count) {
            *free = spelled;
            self.count += 1;
        }
    }
}

/// Whether a byte may begin an escape, or stand for another character.
pub(super) fn may_mean_more(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&' | b'+')
}

/// All that may be meant at `at`; the byte itself comes first. Nothing behind the end of the text.
pub(super) fn readings(text: &[u8], at: usize) -> Readings {
    let mut found = Readings::default();
    read(text, at, DEPTH, &mut found);
    // A form has `+` for a blank (WHATWG URL, 5.1).
    if text.get(at) == Some(&b'+') {
        found.push(Spelled::byte(b' ', at + 1));
    }
    found
}

/// Whether the whole of `text` may mean `meaning`.
pub(super) fn spells(text: &str, meaning: &str) -> bool {
    let text = text.as_bytes();
    reach(text, meaning.as_bytes(), 0, 0, usize::MAX).whole == Some(text.len())
}

/// The text with all its escapes undone, once: for names, which are compared without case afterwards.
pub(super) fn plain(text: &str) -> String {
    let text = text.as_bytes();
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let found = readings(text, at);
        let Some(longest) = found.as_slice().iter().max_by_key(|one| one.end) else {
            break;
        };
        plain.extend_from_slice(longest.bytes());
        at = longest.end;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// How far a meaning reaches in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Behind all of it.
    pub(super) whole: Option<usize>,
    /// Behind a part of it, at which the text was cut off.
    pub(super) cut: Option<usize>,
}

/// What stands where this program has cut a text off.
const CUT: &[u8] = "…".as_bytes();

/// Steps that are taken, for each byte of what is looked for, before the search is given up: a text in which every
/// character may be read in many ways would cost time without end.
const STEPS: usize = 16;

/// How far `meaning` reaches, of which `done` bytes have been found before `at`. A part of it before a cut counts when
/// it has at least `least` bytes.
pub(super) fn reach(
    text: &[u8],
    meaning: &[u8],
    mut done: usize,
    mut at: usize,
    least: usize,
) -> Reached {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut reached = Reached::default();
    let mut steps = meaning.len().saturating_mul(STEPS);
    loop {
        let dead = loop {
            let Some(wanted) = meaning.get(done) else {
                reached.whole = reached.whole.max(Some(at));
                break true;
            };
            let Some(&byte) = text.get(at) else {
                break true;
            };
            if may_mean_more(byte) {
                break false;
            }
            if byte != *wanted {
                if done >= least && text.get(at..).is_some_and(|rest| rest.starts_with(CUT)) {
                    reached.cut = reached.cut.max(Some(at));
                }
                break true;
            }
            done += 1;
            at += 1;
        };
        if !dead {
            steps = steps.saturating_sub(1);
            let rest = meaning.get(done..).unwrap_or_default();
            for one in readings(text, at).as_slice() {
                if rest.starts_with(one.bytes()) && open.len() < STEPS {
                    open.push((done + one.bytes().len(), one.end));
                }
            }
        }
        match open.pop().filter(|_| steps > 0) {
            Some(next) => (done, at) = next,
            None => return reached,
        }
    }
}

/// What may be meant, when so many formats may lie around each other.
fn read(text: &[u8], at: usize, depth: u8, found: &mut Readings) {
    let Some(&byte) = text.get(at) else {
        return;
    };
    found.push(Spelled::byte(byte, at + 1));
    if depth == 0 || !matches!(byte, b'\\' | b'%' | b'&') {
        return;
    }
    if text.get(at..).is_some_and(|rest| rest.starts_with(RIDDLE)) {
        return;
    }
    // The character that begins an escape may be written as one itself.
    let mut begins = Readings::default();
    read(text, at, depth - 1, &mut begins);
    for begun in begins.as_slice() {
        match begun.ascii() {
            Some(b'%') => percent(text, begun.end, depth - 1, found),
            Some(b'\\') => backslash(text, begun.end, depth - 1, found),
            Some(b'&') => entity(text, begun.end, depth - 1, found),
            _ => {}
        }
        found.push(*begun);
    }
}

/// The first reading that `wanted` takes.
fn next<T>(
    text: &[u8],
    at: usize,
    depth: u8,
    wanted: impl Fn(u8) -> Option<T>,
) -> Option<(T, usize)> {
    let byte = *text.get(at)?;
    if let Some(value) = wanted(byte) {
        return Some((value, at + 1));
    }
    if depth == 0 || !matches!(byte, b'\\' | b'%' | b'&') {
        return None;
    }
    let mut found = Readings::default();
    read(text, at, depth, &mut found);
    let mut all = found.as_slice().iter();
    all.find_map(|one| Some((wanted(one.ascii()?)?, one.end)))
}

fn exactly(wanted: u8) -> impl Fn(u8) -> Option<()> {
    move |byte| (byte == wanted).then_some(())
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// A number of so many hexadecimal digits.
fn hex_number(text: &[u8], mut at: usize, depth: u8, digits: usize) -> Option<(u32, usize)> {
    let mut number = 0;
    for _ in 0..digits {
        let (digit, end) = next(text, at, depth, hex)?;
        number = number * 16 + digit;
        at = end;
    }
    Some((number, at))
}

/// Behind a `%`: two digits for a byte, or `u` and four for a character (ECMA-262, B.2.1.1).
fn percent(text: &[u8], at: usize, depth: u8, found: &mut Readings) {
    if let Some((byte, end)) = hex_number(text, at, depth, 2) {
        found.push(Spelled::byte(u8::try_from(byte).unwrap_or_default(), end));
    } else if let Some(((), at)) = next(text, at, depth, exactly(b'u'))
        && let Some((unit, end)) = hex_number(text, at, depth, 4)
        && let Some(c) = char::from_u32(unit)
    {
        found.push(Spelled::character(c, end));
    }
}

/// Behind a `\`: JSON's escapes, and `\x2f` as scripts write it.
fn backslash(text: &[u8], at: usize, depth: u8, found: &mut Readings) {
    let mut behind = Readings::default();
    read(text, at, depth, &mut behind);
    for one in behind.as_slice() {
        let meant = match one.ascii() {
            Some(byte @ (b'/' | b'"' | b'\\' | b'\'')) => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => {
                if let Some((c, end)) = utf16(text, one.end, depth) {
                    found.push(Spelled::character(c, end));
                }
                continue;
            }
            Some(b'x') => {
                if let Some((byte, end)) = hex_number(text, one.end, depth, 2) {
                    found.push(Spelled::byte(u8::try_from(byte).unwrap_or_default(), end));
                }
                continue;
            }
            _ => continue,
        };
        found.push(Spelled::byte(meant, one.end));
    }
}

/// Behind `\u`: four digits, or twice four with another `\u` between them.
fn utf16(text: &[u8], at: usize, depth: u8) -> Option<(char, usize)> {
    let (unit, end) = hex_number(text, at, depth, 4)?;
    if let Some(c) = char::from_u32(unit) {
        return Some((c, end));
    }
    let mut begins = Readings::default();
    read(text, end, depth, &mut begins);
    let mut begins = begins.as_slice().iter();
    begins.find_map(|begun| {
        let at = begun
            .ascii()
            .filter(|byte| *byte == b'\\')
            .map(|_| begun.end)?;
        let ((), at) = next(text, at, depth, exactly(b'u'))?;
        let (low, end) = hex_number(text, at, depth, 4)?;
        let pair = [u16::try_from(unit).ok()?, u16::try_from(low).ok()?];
        let c = char::decode_utf16(pair).next()?.ok()?;
        Some((c, end))
    })
}

/// Behind an `&`: a number or a name; the semicolon is often forgotten.
fn entity(text: &[u8], at: usize, depth: u8, found: &mut Readings) {
    let closed = |at: usize| next(text, at, depth, exactly(b';')).map(|((), end)| end);
    if let Some(((), at)) = next(text, at, depth, exactly(b'#')) {
        let is_hex = next(text, at, depth, |b| matches!(b, b'x' | b'X').then_some(()));
        let (mut at, radix) = is_hex.map_or((at, 10), |((), at)| (at, 16));
        let mut number: Option<u32> = None;
        // As many digits as a character can have, and some leading zeros.
        for _ in 0..10 {
            let digit = next(text, at, depth, |byte| char::from(byte).to_digit(radix));
            let Some((digit, end)) = digit else { break };
            let so_far = number.unwrap_or_default();
            number = so_far.checked_mul(radix).and_then(|n| n.checked_add(digit));
            if number.is_none() {
                return;
            }
            at = end;
        }
        if let Some(c) = number.and_then(char::from_u32) {
            found.push(Spelled::character(c, closed(at).unwrap_or(at)));
        }
        return;
    }
    let mut name = [0_u8; LONGEST_NAME];
    let (mut length, mut at) = (0, at);
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric().then_some(byte);
    while let Some(free) = name.get_mut(length)
        && let Some((byte, end)) = next(text, at, depth, is_of_name)
    {
        *free = byte;
        (length, at) = (length + 1, end);
        // The four that XML has stand without a semicolon in old HTML, whatever follows.
        let so_far = name.get(..length).unwrap_or_default();
        if let Some(c) = without_semicolon(so_far) {
            found.push(Spelled::character(c, closed(at).unwrap_or(at)));
        }
    }
    let name = name.get(..length).unwrap_or_default();
    if let (Some(c), Some(end)) = (named(name), closed(at)) {
        found.push(Spelled::character(c, end));
    }
}

fn without_semicolon(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" | b"AMP" => '&',
        b"lt" | b"LT" => '<',
        b"gt" | b"GT" => '>',
        b"quot" | b"QUOT" => '"',
        _ => return None,
    })
}

/// The character of a name in HTML (HTML Standard, 13.5): ASCII, and what Latin-1 has beyond it.
fn named(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    if let Some((_, c)) = ASCII.iter().find(|(known, _)| *known == name) {
        return Some(*c);
    }
    let place = LATIN.iter().position(|known| *known == name)?;
    char::from_u32(0xA0 + u32::try_from(place).ok()?)
}

/// Letters of the longest name below.
const LONGEST_NAME: usize = 8;

const ASCII: [(&str, char); 42] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];

/// U+00A0 to U+00FF.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_read_however_it_is_written() {
        let table: [(&str, &[&str]); 8] = [
            (
                "/",
                &[
                    "/",
                    r"\/",
                    r"\u002f",
                    r"\u002F",
                    "%2f",
                    "%2F",
                    "&#47;",
                    "&#047;",
                    "&#47",
                    "&#x2f;",
                    "&#X2F;",
                    "&sol;",
                    r"\x2f",
                    "%u002F",
                    r"\\/",
                    r"\\\/",
                    r"\\u002f",
                    "%252f",
                    "%25252F",
                    "%5C%2F",
                    "&amp;#47;",
                    "&amp;sol;",
                    "&amp;amp;#x2f;",
                    r"\u00252f",
                    r"\u0026#47;",
                    "%26%2347%3B",
                    "%25%32%66",
                ],
            ),
            (
                "\"",
                &[
                    "\"", "\\\"", "\\\\\\\"", "&quot;", "&quot", "&#34;", "%22", r"\u0022",
                ],
            ),
            (
                "&",
                &["&", "&amp;", "&amp", "&#38;", "%26", r"\u0026", "&amp;amp;"],
            ),
            ("<", &["<", "&lt;", "&lt", "%3C", r"\u003c", "&amp;lt;"]),
            (" ", &[" ", "+", "%20", "&#32;", r"\u0020"]),
            (
                "é",
                &[
                    "é", r"\u00e9", r"\u00E9", "%C3%A9", "%c3%a9", "&eacute;", "&#233;", "&#xE9;",
                ],
            ),
            (
                "😀",
                &[
                    "😀",
                    r"\ud83d\ude00",
                    r"\uD83D\uDE00",
                    "%F0%9F%98%80",
                    "&#128512;",
                    r"\\ud83d\\ude00",
                ],
            ),
            (
                "\\",
                &["\\", r"\\", "%5c", r"\u005c", "&bsol;", "&#92;", r"\\\\"],
            ),
        ];
        for (meaning, written) in table {
            for text in written {
                assert!(spells(text, meaning), "{text} is {meaning}");
                assert!(
                    !spells(&format!("{text}x"), meaning),
                    "{text}x is not {meaning}"
                );
            }
        }
        for text in [
            "%2",
            "%2g",
            r"\u002",
            r"\ud83d",
            "&sol",
            "&#;",
            "&#x;",
            "&nosuch;",
            "&#99999999999;",
        ] {
            for meaning in ["/", "\u{2}"] {
                assert!(!spells(text, meaning), "{text}");
            }
        }
    }

    #[test]
    fn names_are_made_plain() {
        for (text, wanted) in [
            ("pass%57ord", "passWord"),
            ("Access%5FToken", "Access_Token"),
            ("a+b%", "a b%"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(plain(text), wanted);
        }
    }

    #[test]
    fn a_riddle_costs_no_time_without_end() {
        let needle = "\\".repeat(200) + "x";
        let text = "\\".repeat(100_000);
        assert_eq!(
            reach(text.as_bytes(), needle.as_bytes(), 0, 0, 6).whole,
            None
        );
    }
}
