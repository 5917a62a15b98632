//! Which resource a path names.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use super::resource_type::Kind;

/// The endpoint of a query in a request's body (RFC 7644, 3.4.3).
const SEARCH: &str = ".search";

/// What a path names, relative to the base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/`
    Root,
    /// `/Users`
    Collection(Kind),
    /// `/Users/{id}`
    Resource(Kind, String),
    /// `/.search`, or `/Users/.search`
    Search(Option<Kind>),
    /// `/Bulk`
    Bulk,
    /// `/Me`
    Me,
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/ResourceTypes`, perhaps with an id
    ResourceTypes(Option<String>),
    /// `/Schemas`, perhaps with an id
    Schemas(Option<String>),
}

impl Route {
    /// Reads a path. Doubled and trailing slashes are forgiven: administrators paste base
    /// URLs with a slash at the end.
    pub(super) fn of(path: &str) -> Option<Self> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let Some(endpoint) = segments.next() else {
            return Some(Self::Root);
        };
        let id = match segments.next() {
            Some(segment) => Some(percent_decode(segment, false)?),
            None => None,
        };
        if segments.next().is_some() {
            return None;
        }
        if let Some(kind) = Kind::at(endpoint) {
            return Some(match id {
                None => Self::Collection(kind),
                Some(id) if id == SEARCH => Self::Search(Some(kind)),
                Some(id) => Self::Resource(kind, id),
            });
        }
        match (endpoint, id) {
            (SEARCH, None) => Some(Self::Search(None)),
            ("Bulk", None) => Some(Self::Bulk),
            ("Me", None) => Some(Self::Me),
            ("ServiceProviderConfig", None) => Some(Self::ServiceProviderConfig),
            ("ResourceTypes", id) => Some(Self::ResourceTypes(id)),
            ("Schemas", id) => Some(Self::Schemas(id)),
            _ => None,
        }
    }

    /// Whether the path tells about the service provider itself (RFC 7644, 4).
    pub(super) fn is_discovery(&self) -> bool {
        matches!(
            self,
            Self::ServiceProviderConfig | Self::ResourceTypes(_) | Self::Schemas(_)
        )
    }

    /// The kind of resources that the path belongs to.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Collection(kind) | Self::Resource(kind, _) => Some(*kind),
            Self::Search(kind) => *kind,
            _ => None,
        }
    }

    /// Methods that the path answers, for `Allow`.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Collection(_) => "GET, HEAD, POST",
            Self::Resource(..) | Self::Me => "GET, HEAD, PUT, PATCH, DELETE",
            Self::Search(_) | Self::Bulk => "POST",
            _ => "GET, HEAD",
        }
    }
}

/// Decodes `%41`, and `+` as a blank in a query; `None` when what results is not UTF-8 or
/// an escape is broken.
pub(super) fn percent_decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            b'+' if plus_is_blank => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Encodes everything but unreserved characters (RFC 3986, 2.3): an id may be any text.
pub(super) fn percent_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(is_unreserved) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                if let Some(digit) = DIGITS.get(usize::from(nibble)) {
                    encoded.push(char::from(*digit));
                }
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources() {
        let id = |text: &str| text.to_owned();
        let table = [
            ("/Users", Some(Route::Collection(Kind::User))),
            ("/Users/", Some(Route::Collection(Kind::User))),
            ("//Groups", Some(Route::Collection(Kind::Group))),
            (
                "/Groups/Eng%20%26%20Ops",
                Some(Route::Resource(Kind::Group, id("Eng & Ops"))),
            ),
            (
                "/Users/a%2Fb+c",
                Some(Route::Resource(Kind::User, id("a/b+c"))),
            ),
            ("/Schemas/urn:x", Some(Route::Schemas(Some(id("urn:x"))))),
            ("/users", None),
            ("/Users/1/2", None),
            ("/Users/%zz", None),
            ("/Users/%ff", None),
            ("/", Some(Route::Root)),
            ("/Roles", Some(Route::Collection(Kind::Role))),
            ("/.search", Some(Route::Search(None))),
            ("/Groups/.search", Some(Route::Search(Some(Kind::Group)))),
            ("/Bulk", Some(Route::Bulk)),
            ("/Bulk/1", None),
            ("/Me", Some(Route::Me)),
        ];
        for (path, route) in table {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in [
            "Eng & Ops",
            "tanaka@example.com",
            "a/b?c#d",
            "Łukasz 🦀",
            "%41+",
        ] {
            let encoded = percent_encode(text);
            assert!(encoded.is_ascii());
            assert_eq!(percent_decode(&encoded, true).as_deref(), Some(text));
        }
    }
}
