//! Header fields: those that say nothing about anybody stay.

use crate::redact::is_credential_field;
use crate::secret::MASK;

use super::Mask;

/// Header fields of requests and answers that belong to the protocol.
const HARMLESS: [&str; 27] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "keep-alive",
    "last-modified",
    "pragma",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "user-agent",
    "vary",
    "www-authenticate",
];

impl Mask {
    /// Learns the credentials in a header field of a request, before anything is written.
    pub(in crate::recorder) fn learn_field(&self, name: &str, value: &str) {
        // Behind the first pair of `Set-Cookie` stand its attributes.
        let pairs = match name.to_ascii_lowercase().as_str() {
            "cookie" => usize::MAX,
            "set-cookie" => 1,
            name if is_credential(name) => {
                self.credential(bare(value).1);
                return;
            }
            _ => return,
        };
        for cookie in value.split(';').take(pairs) {
            if let Some((_, cookie)) = cookie.split_once('=') {
                self.credential(cookie.trim());
            }
        }
    }

    /// The value of a header field as it may be written.
    pub(in crate::recorder) fn field(&mut self, name: &str, value: &str, base: &str) -> String {
        let name = name.to_ascii_lowercase();
        let shown = match name.as_str() {
            _ if value.is_empty() => String::new(),
            "cookie" | "set-cookie" => MASK.to_owned(),
            _ if is_credential(&name) => {
                let (scheme, credential) = bare(value);
                match scheme {
                    "" => self.credential(credential),
                    scheme => format!("{scheme} {}", self.credential(credential)),
                }
            }
            "location" | "content-location" => self.url(value, base),
            "etag" | "if-match" | "if-none-match" => self.version(value),
            _ if HARMLESS.contains(&name.as_str()) || is_rate(&name) => value.to_owned(),
            _ => MASK.to_owned(),
        };
        self.hidden(shown)
    }

    /// A version of a resource (RFC 9110, 8.8.3), alone or in a list.
    pub(super) fn version(&self, value: &str) -> String {
        if self.shows_people() || value == "*" {
            return value.to_owned();
        }
        let tags = value.split(',').map(|tag| {
            let tag = tag.trim();
            let (weak, tag) = match tag.strip_prefix("W/") {
                Some(tag) => ("W/", tag),
                None => ("", tag),
            };
            match tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) {
                Some(inside) => format!("{weak}\"{}\"", self.alias_of(inside)),
                None => format!("{weak}{}", self.alias_of(tag)),
            }
        });
        tags.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a header field, in lower case, may be a credential. What a server asks for is none.
fn is_credential(name: &str) -> bool {
    name != "www-authenticate" && is_credential_field(name)
}

/// How often may be asked, as many servers say it: numbers alone.
fn is_rate(name: &str) -> bool {
    let name = name.strip_prefix("x-").unwrap_or(name);
    name.starts_with("ratelimit") || name.starts_with("rate-limit")
}

/// A scheme, where there is one (RFC 9110, 11.4), and a credential.
fn bare(value: &str) -> (&str, &str) {
    match value.split_once(' ') {
        Some((scheme, rest))
            if scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
        {
            (scheme, rest.trim())
        }
        _ => ("", value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::mask;

    #[test]
    fn credentials_are_hidden_and_told_apart() {
        for people in [false, true] {
            let mut mask = mask(people);
            let mut shown = |name: &str, value: &str| mask.field(name, value, "");
            let first = shown("Authorization", "Bearer swordfish-1");
            assert!(first.starts_with("Bearer ***-"), "{first}");
            assert_eq!(shown("authorization", "Bearer swordfish-1"), first);
            assert_ne!(shown("Authorization", "Bearer swordfish-2"), first);
            assert!(shown("Authorization", "swordfish-3").starts_with("***-"));
            assert!(shown("X-Api-Key", "swordfish-4").starts_with("***-"));
            assert_eq!(shown("Cookie", "a=swordfish-5; b=c"), "***");
            assert_eq!(shown("X-Forwarded-For", "192.0.2.7"), "***");
            assert_eq!(
                shown("Accept", "application/scim+json"),
                "application/scim+json"
            );
            assert_eq!(shown("X-RateLimit-Remaining", "7"), "7");
            let echoed = shown("Server", "acme/swordfish-1");
            assert!(echoed.starts_with("acme/***-"), "{echoed}");
        }
    }

    #[test]
    fn places_and_versions_lose_ids() {
        let mut mask = mask(false);
        let id = mask.alias_of("7");
        let location = mask.field("Location", "https://x.test/v2/Users/7", "/v2");
        assert_eq!(location, format!("https://x.test/v2/Users/{id}"));
        assert_eq!(mask.field("ETag", "W/\"7\"", ""), format!("W/\"{id}\""));
        assert_eq!(mask.field("If-None-Match", "*", ""), "*");
    }
}
