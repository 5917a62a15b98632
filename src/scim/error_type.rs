//! The `scimType` keywords of an error (RFC 7644, 3.12, table 9).

use std::fmt;

/// Detail of a 400 or 409 answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// The filter is malformed, or this comparison is not supported.
    InvalidFilter,
    /// More results than the server is willing to compute.
    TooMany,
    /// A value is in use that must be unique.
    Uniqueness,
    /// The change contradicts the attribute's mutability.
    Mutability,
    /// The body is malformed, or does not conform to its schema.
    InvalidSyntax,
    /// The PATCH path is malformed, or names no attribute.
    InvalidPath,
    /// The PATCH path's filter selects nothing.
    NoTarget,
    /// A required value is missing, or a value has the wrong type.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request would put private data into a URL.
    Sensitive,
}

impl ErrorType {
    /// All keywords, in the order of the RFC's table.
    pub const ALL: [Self; 10] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
    ];

    /// The keyword as it stands in an error.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
