//! Which resource a path names.

use crate::scim::schema::{self, Schema};
use crate::scim::urn;

/// The two types of resources that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    /// `User` or `Group`.
    pub(super) fn name(self) -> &'static str {
        self.schema().name
    }

    /// `/Users` or `/Groups`.
    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The core schema.
    pub(super) fn schema(self) -> &'static Schema {
        match self {
            Self::User => &schema::USER,
            Self::Group => &schema::GROUP,
        }
    }

    /// The extensions that resources of this type may have.
    pub(super) fn extensions(self) -> &'static [&'static Schema] {
        static OF_A_USER: [&Schema; 1] = [&schema::ENTERPRISE_USER];
        match self {
            Self::User => &OF_A_USER,
            Self::Group => &[],
        }
    }

    /// The extension with that URN, without case.
    pub(super) fn extension(self, text: &str) -> Option<&'static Schema> {
        let wanted = urn::known(text)?;
        self.extensions()
            .iter()
            .copied()
            .find(|extension| extension.urn == wanted)
    }
}

/// What a path names, relative to the base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/Users`
    Collection(Kind),
    /// `/Users/{id}`
    Resource(Kind, String),
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
        let endpoint = segments.next()?;
        let id = match segments.next() {
            Some(segment) => Some(percent_decode(segment, false)?),
            None => None,
        };
        if segments.next().is_some() {
            return None;
        }
        match (endpoint, id) {
            ("Users", None) => Some(Self::Collection(Kind::User)),
            ("Groups", None) => Some(Self::Collection(Kind::Group)),
            ("Users", Some(id)) => Some(Self::Resource(Kind::User, id)),
            ("Groups", Some(id)) => Some(Self::Resource(Kind::Group, id)),
            ("ServiceProviderConfig", None) => Some(Self::ServiceProviderConfig),
            ("ResourceTypes", id) => Some(Self::ResourceTypes(id)),
            ("Schemas", id) => Some(Self::Schemas(id)),
            _ => None,
        }
    }

    /// Whether the path belongs to users or to groups.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Collection(kind) | Self::Resource(kind, _) => Some(*kind),
            _ => None,
        }
    }

    /// Methods that the path answers, for `Allow`.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Collection(_) => "GET, HEAD, POST",
            Self::Resource(..) => "GET, HEAD, PUT, PATCH, DELETE",
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
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
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
            ("/", None),
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
