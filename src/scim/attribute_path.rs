//! `attrPath` of RFC 7644, 3.4.2.2: `[URI ":"] ATTRNAME ["." ATTRNAME]`.

use std::fmt;

use super::lexer::{Lexer, TokenKind};
use super::syntax::{Expected, SyntaxError};
use super::urn;

/// An attribute, perhaps with the URN of its schema before it and a sub-attribute after it.
///
/// Names keep the case in which they were written; compare them without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePath {
    /// The schema's URN without the colon that follows it.
    pub urn: Option<String>,
    /// The attribute.
    pub name: String,
    /// Its sub-attribute.
    pub sub: Option<String>,
}

impl AttributePath {
    /// Reads `text`, all of it.
    ///
    /// # Errors
    /// When `text` is not an `attrPath`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut lexer = Lexer::new(text)?;
        let path = match lexer.next()? {
            Some(token) => match token.kind {
                TokenKind::Word(word) => Self::from_word(&lexer, token.offset, word)?,
                _ => return Err(lexer.error(token.offset, Expected::AttributeName)),
            },
            None => return Err(lexer.error(text.len(), Expected::AttributeName)),
        };
        let end = lexer.offset();
        match lexer.next()? {
            None => Ok(path),
            Some(_) => Err(lexer.error(end, Expected::End)),
        }
    }

    /// Reads one word of a longer text, which starts at `offset` there.
    pub(super) fn from_word(
        lexer: &Lexer<'_>,
        offset: usize,
        word: &str,
    ) -> Result<Self, SyntaxError> {
        // A URN holds dots and colons itself ("...:core:2.0:User:userName"): the attribute
        // is what follows the last colon.
        let (prefix, local) = match word.rsplit_once(':') {
            Some((prefix, local)) if urn::is_urn(word) => (Some(prefix), local),
            _ => (None, word),
        };
        let start = offset + word.len() - local.len();
        let mut parts = local.splitn(3, '.');
        let name = parts.next().unwrap_or_default();
        if !is_name(name) || prefix.is_some_and(|p| !is_urn_body(p)) {
            return Err(lexer.error(start, Expected::AttributeName));
        }
        let sub = parts.next();
        if let Some(sub) = sub
            && !is_name(sub)
        {
            return Err(lexer.error(start + name.len() + 1, Expected::AttributeName));
        }
        if let (Some(sub), Some(_)) = (sub, parts.next()) {
            let offset = start + name.len() + 1 + sub.len();
            return Err(lexer.error(offset, Expected::SubAttribute));
        }
        Ok(Self {
            urn: prefix.map(str::to_owned),
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// Whether this is `name` of the core schema, without a sub-attribute and without case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.sub.is_none() && self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// `ATTRNAME`, and `$ref`, which RFC 7643 uses although the grammar has no `$`.
pub(super) fn is_name(text: &str) -> bool {
    let plain = text.strip_prefix('$').unwrap_or(text);
    let mut bytes = plain.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Visible ASCII, as in every URN (RFC 8141, 2).
fn is_urn_body(text: &str) -> bool {
    text.len() > 4 && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::AttributePath;

    #[test]
    fn urn_attribute_and_sub_attribute_are_told_apart() {
        let table = [
            ("userName", None, "userName", None),
            ("name.familyName", None, "name", Some("familyName")),
            ("members.$ref", None, "members", Some("$ref")),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName",
                Some("urn:ietf:params:scim:schemas:core:2.0:User"),
                "name",
                Some("familyName"),
            ),
            (
                "URN:okta:acme_1:1.0:user:custom:hire-date",
                Some("URN:okta:acme_1:1.0:user:custom"),
                "hire-date",
                None,
            ),
        ];
        for (text, urn, name, sub) in table {
            let path = AttributePath::parse(text).unwrap();
            assert_eq!(path.urn.as_deref(), urn, "{text}");
            assert_eq!(path.name, name, "{text}");
            assert_eq!(path.sub.as_deref(), sub, "{text}");
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn a_wrong_path_names_the_byte() {
        let table = [
            ("", 0),
            ("1st", 0),
            ("name.", 5),
            ("name.1", 5),
            ("a.b.c", 3),
            ("userName x", 9),
            ("http://example.test", 0),
            ("urn:x:2.0", 6),
            ("näme", 0),
        ];
        for (text, offset) in table {
            assert_eq!(
                AttributePath::parse(text).unwrap_err().offset,
                offset,
                "{text}"
            );
        }
    }
}
