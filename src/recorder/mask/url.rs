//! URLs, targets, filters and paths of a PATCH: their literals and ids go, their form and spelling stay.

use std::ops::Range;

use crate::exchange::{escape_at, percent_decode};
use crate::secret::MASK;

use super::{Mask, names_credential};

/// Endpoints whose resources have ids that may name a person.
const WITH_IDS: [&str; 5] = ["users", "groups", "roles", "entitlements", "me"];
/// Endpoints below which no person is named.
const PUBLIC: [&str; 5] = [
    "schemas",
    "resourcetypes",
    "serviceproviderconfig",
    "serviceproviderconfigs",
    "bulk",
];
/// Parameters whose values belong to the protocol.
const PARAMETERS: [&str; 6] = [
    "startindex",
    "count",
    "attributes",
    "excludedattributes",
    "sortby",
    "sortorder",
];
/// Attributes whose values name no person.
const IMPERSONAL: [&str; 6] = [
    "active",
    "primary",
    "type",
    "schemas",
    "resourcetype",
    "lastmodified",
];
/// Operators that a value follows (RFC 7644, 3.4.2.2).
const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// Whether a target leads to documents about the server (RFC 7644, 4).
pub(in crate::recorder) fn is_public(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let mut segments = path.split('/');
    segments.any(|segment| is_one_of(segment, &PUBLIC[..4]))
        && !path.split('/').any(|segment| is_one_of(segment, &WITH_IDS))
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Mask {
    /// A path with its query, as it stands in a request line.
    pub(in crate::recorder) fn target(&mut self, target: &str, base: &str) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let below = path
            .strip_prefix(base)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let mut shown = match below {
            Some(rest) => format!("{base}{}", self.path(rest)),
            None => self.path(path),
        };
        if let Some(query) = query {
            shown.push('?');
            shown.push_str(&self.query(query));
        }
        self.hidden(shown)
    }

    fn path(&self, path: &str) -> String {
        if self.shows_people() {
            return path.to_owned();
        }
        let mut after: Option<bool> = None;
        let segments = path.split('/').map(|segment| {
            if after.is_none() && is_one_of(segment, &WITH_IDS) {
                after = Some(true);
                return segment.to_owned();
            }
            if after.is_none() && is_one_of(segment, &PUBLIC) {
                after = Some(false);
                return segment.to_owned();
            }
            let is_id = match after {
                Some(true) => segment != ".search",
                Some(false) => false,
                None => !is_plain(segment),
            };
            if is_id && !segment.is_empty() {
                self.segment(segment)
            } else {
                segment.to_owned()
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn segment(&self, segment: &str) -> String {
        let alias = self.alias_of(&percent_decode(segment));
        spelled(&alias, segment.contains('@'))
    }

    fn query(&mut self, query: &str) -> String {
        let pairs = query.split('&').map(|pair| {
            let Some((name, value)) = pair.split_once('=') else {
                return if is_plain(pair) {
                    pair.to_owned()
                } else {
                    MASK.to_owned()
                };
            };
            let plain_name = percent_decode(name).to_ascii_lowercase();
            let is_secret = ["key", "code", "password"].contains(&plain_name.as_str());
            if is_secret || names_credential(&plain_name) {
                return format!("{name}={}", self.credential(&percent_decode(value)));
            }
            let is_harmless = PARAMETERS.contains(&plain_name.as_str()) && is_plain_list(value);
            match plain_name.as_str() {
                "filter" => format!("{name}={}", self.filter(value, Spelling::Query)),
                _ if is_harmless || self.shows_people() => pair.to_owned(),
                _ => format!("{name}={MASK}"),
            }
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// An absolute or a relative URL.
    pub(super) fn url(&mut self, url: &str, base: &str) -> String {
        if self.shows_people() {
            return self.hidden(url.to_owned());
        }
        let url = url.split('#').next().unwrap_or_default();
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                let authority = authority.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{authority}{}", self.target(rest, base))
            }
            None => self.target(url, base),
        }
    }

    /// The path of an operation (RFC 7644, 3.5.2; of a bulk request, 3.7).
    pub(super) fn operation_path(&mut self, path: &str, base: &str) -> String {
        if path.starts_with('/') {
            self.target(path, base)
        } else {
            self.filter(path, Spelling::Plain)
        }
    }

    /// A filter without what is compared with, in its own spelling.
    fn filter(&mut self, raw: &str, spelling: Spelling) -> String {
        let bytes = read(raw, spelling);
        let plain: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
        let mut shown = String::with_capacity(raw.len());
        let mut kept = 0;
        for literal in literals(&plain) {
            let Some(place) = place(&bytes, &literal.at) else {
                continue;
            };
            let was = raw.get(place.clone()).unwrap_or_default();
            let stand_in = self.literal(&literal);
            shown.push_str(raw.get(kept..place.start).unwrap_or_default());
            match (&stand_in, spelling) {
                (None, _) => shown.push_str(was),
                (Some(text), Spelling::Plain) => shown.push_str(text),
                (Some(text), Spelling::Query) => shown.push_str(&spelled(text, was.contains('@'))),
            }
            kept = place.end;
        }
        shown.push_str(raw.get(kept..).unwrap_or_default());
        shown
    }

    /// What stands for a literal of a filter; none when it may stay.
    fn literal(&mut self, literal: &Literal) -> Option<String> {
        let text = String::from_utf8_lossy(&literal.text).into_owned();
        let names = literal.attribute.rsplit(['.', ':']);
        let last = names.into_iter().next().unwrap_or_default();
        if names_credential(last) || last.eq_ignore_ascii_case("password") {
            return Some(self.password(&text));
        }
        if self.shows_people() {
            return None;
        }
        let is_word = literal.is_bare && matches!(text.as_str(), "true" | "false" | "null");
        if is_word || is_one_of(last, &IMPERSONAL) && is_plain(&text.replace(':', "")) {
            return None;
        }
        self.learn(last, &text);
        Some(self.alias_of(&text))
    }
}

/// How a filter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// As itself.
    Plain,
    /// In a query: with escapes, and perhaps `+` for a blank.
    Query,
}

/// What a filter compares with.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    /// The name before the operator.
    attribute: String,
    text: Vec<u8>,
    /// Its place, without quotation marks.
    at: Range<usize>,
    /// It has no quotation marks.
    is_bare: bool,
}

/// The bytes that are meant, each with its place.
fn read(raw: &str, spelling: Spelling) -> Vec<(u8, Range<usize>)> {
    let bytes = raw.as_bytes();
    let mut read = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = bytes.get(at..).and_then(escape_at);
        let (meant, length) = match (spelling, escape, byte) {
            (Spelling::Query, Some(meant), _) => (meant, 3),
            (Spelling::Query, None, b'+') => (b' ', 1),
            (_, _, byte) => (*byte, 1),
        };
        read.push((meant, at..at + length));
        at += length;
    }
    read
}

/// The place in the raw text of a range of bytes that are meant.
fn place(bytes: &[(u8, Range<usize>)], at: &Range<usize>) -> Option<Range<usize>> {
    let first = bytes.get(at.start)?;
    let last = bytes.get(at.end.checked_sub(1)?)?;
    Some(first.1.start..last.1.end)
}

fn literals(filter: &[u8]) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut words: [String; 2] = Default::default();
    let mut at = 0;
    while let Some(byte) = filter.get(at) {
        let attribute = || words[0].clone();
        if *byte == b'"' {
            let end = string_end(filter, at + 1);
            let inside = filter.get(at + 1..end).unwrap_or_default();
            let quoted = [b"\"", inside, b"\""].concat();
            let text = serde_json::from_slice::<String>(&quoted).map(String::into_bytes);
            found.push(Literal {
                attribute: attribute(),
                text: text.unwrap_or_else(|_| inside.to_vec()),
                at: at + 1..end,
                is_bare: false,
            });
            words = Default::default();
            at = end + 1;
        } else if b" ()[]".contains(byte) {
            at += 1;
        } else {
            let rest = filter.get(at..).unwrap_or_default();
            let length = rest.iter().position(|b| b" ()[]\"".contains(b));
            let length = length.unwrap_or(rest.len());
            let word = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
            if is_one_of(&words[1], &OPERATORS) {
                found.push(Literal {
                    attribute: attribute(),
                    text: word.clone().into_owned().into_bytes(),
                    at: at..at + length,
                    is_bare: true,
                });
                words = Default::default();
            } else {
                words.swap(0, 1);
                words[1] = word.into_owned();
            }
            at += length;
        }
    }
    found.retain(|literal| !literal.at.is_empty());
    found
}

/// Where a string ends that begins at `at`.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut escaped = false;
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    at + end.unwrap_or(rest.len())
}

/// An alias in a URL. Its letters, digits and hyphens need no escape; the sign of an address has one unless that of
/// the original has none.
fn spelled(alias: &str, bare: bool) -> String {
    let mut shown = String::with_capacity(alias.len());
    for byte in alias.bytes() {
        match byte {
            b'@' if bare => shown.push('@'),
            b'-' | b'.' | b'_' | b'~' | b'*' => shown.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => shown.push(char::from(byte)),
            byte => shown.push_str(&format!("%{byte:02X}")),
        }
    }
    shown
}

/// Whether a word of a URL names no person: short, and no address, id or number of a person.
fn is_plain(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    word.len() <= 64 && digits < 6 && word.bytes().all(is_plain)
}

/// The same of a list of attributes, or a number.
fn is_plain_list(value: &str) -> bool {
    let value = percent_decode(value);
    let parts = value.split([',', ':', ' ', '+']);
    parts.into_iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::mask;
    use super::*;
    use crate::exchange::{SpaceAs, query_value};

    #[test]
    fn a_target_loses_people_and_keeps_its_spelling() {
        let mut mask = mask(false);
        let alias = |text: &str| mask.alias_of(text);
        let (ada, id, crew) = (alias("ada@x.test"), alias("7"), alias("Crew 7"));
        let escaped = ada.replace('@', "%40");
        let table = [
            (
                "/scim/v2/Users?filter=userName%20eq%20%22ada%40x.test%22&startIndex=1&count=100",
                format!(
                    "/scim/v2/Users?filter=userName%20eq%20%22{escaped}%22&startIndex=1&count=100"
                ),
            ),
            (
                "/scim/v2/Users?count=2&filter=userName+eq+\"ada@x.test\"",
                format!("/scim/v2/Users?count=2&filter=userName+eq+\"{ada}\""),
            ),
            (
                "/scim/v2/Groups?filter=displayName%20eq%20%22Crew%207%22%20and%20active%20eq%20true",
                format!(
                    "/scim/v2/Groups?filter=displayName%20eq%20%22{crew}%22%20and%20active%20eq%20true"
                ),
            ),
            (
                "/scim/v2/Groups/7?filter=members%5Bvalue+eq+7+and+type+eq+%22User%22%5D",
                format!(
                    "/scim/v2/Groups/{id}?filter=members%5Bvalue+eq+{id}+and+type+eq+%22User%22%5D"
                ),
            ),
            (
                "/scim/v2/Users/ada%40x.test",
                format!("/scim/v2/Users/{escaped}"),
            ),
            (
                "/scim/v2/users/ada@x.test/",
                format!("/scim/v2/users/{ada}/"),
            ),
            (
                "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
                String::new(),
            ),
            ("/scim/v2/Users/.search", String::new()),
            (
                "/scim/v2/Users?attributes=userName,name.givenName&sortBy=id",
                String::new(),
            ),
            ("/scim/v2/Users?x=ada", "/scim/v2/Users?x=***".to_owned()),
            ("/healthz", String::new()),
            ("/profile/7", String::new()),
            ("/profile/ada@x.test", format!("/profile/{ada}")),
        ];
        for (target, wanted) in table {
            let wanted = if wanted.is_empty() { target } else { &wanted };
            assert_eq!(mask.target(target, "/scim/v2"), wanted);
        }
        let shown = mask.target(
            "/t/12345678/v2/Users?access_token=swordfish",
            "/t/12345678/v2",
        );
        assert!(
            shown.starts_with("/t/12345678/v2/Users?access_token=***-"),
            "{shown}"
        );
    }

    #[test]
    fn who_keeps_people_keeps_no_secret() {
        let mut mask = mask(true);
        let target = "/v2/Users/ada@x.test?filter=userName eq \"ada\"&x=ada";
        assert_eq!(mask.target(target, "/v2"), target);
        let shown = mask.target(
            "/v2/Users?filter=password%20eq%20%22swordfish%22&token=swordfish",
            "/v2",
        );
        assert!(!shown.contains("swordfish"), "{shown}");
    }

    #[test]
    fn paths_and_urls_lose_people() {
        let mut mask = mask(false);
        let id = mask.alias_of("7");
        for (path, wanted) in [
            (
                "members[value eq \"7\"]",
                format!("members[value eq \"{id}\"]"),
            ),
            (
                "emails[type eq \"work\"].value",
                "emails[type eq \"work\"].value".to_owned(),
            ),
            ("name.givenName", "name.givenName".to_owned()),
            ("/Users/7", format!("/Users/{id}")),
        ] {
            assert_eq!(mask.operation_path(path, ""), wanted);
        }
        for (url, wanted) in [
            (
                "https://a:b@x.test/v2/Users/7#x",
                format!("https://x.test/v2/Users/{id}"),
            ),
            ("../Users/7", format!("../Users/{id}")),
            ("https://x.test", "https://x.test".to_owned()),
        ] {
            assert_eq!(mask.url(url, "/v2"), wanted);
        }
    }

    #[test]
    fn odd_filters_are_no_trouble() {
        let mut mask = mask(false);
        for filter in [
            "",
            "\"",
            "userName eq \"",
            "a eq \\\"b",
            "%",
            "%2",
            "a%20eq%20%22%5C%22%22",
            "eq eq eq",
        ] {
            let _ = mask.filter(filter, Spelling::Query);
        }
        let quoted = mask.filter("userName eq \"a\\\"b\"", Spelling::Plain);
        assert_eq!(quoted, format!("userName eq \"{}\"", mask.alias_of("a\"b")));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_a_url_is_something_is_shown_and_the_same_again(
            path in "(/[a-zA-Z0-9.%@_-]{0,12}){0,4}",
            query in ".{0,40}",
            literal in "[ -~é]{1,16}",
            plus: bool,
        ) {
            let mut mask = mask(false);
            let target = format!("{path}?{query}");
            let shown = mask.target(&target, "/scim/v2");
            prop_assert_eq!(mask.target(&target, "/scim/v2"), shown);
            mask.url(&query, "");
            mask.operation_path(&query, "");
            // A literal is found in whatever spelling it comes, and its alias is spelled in the same way.
            let filter = format!("userName eq {}", serde_json::Value::from(literal.as_str()));
            let space = if plus { SpaceAs::Plus } else { SpaceAs::Percent };
            let encoded = query_value(&filter, space);
            let shown = mask.filter(&encoded, Spelling::Query);
            let alias = format!("userName eq \"{}\"", mask.alias_of(&literal));
            prop_assert_eq!(shown, query_value(&alias, space));
        }
    }
}
