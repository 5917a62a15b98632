//! The path of a PATCH operation (RFC 7644, 3.5.2): `attrPath / valuePath [subAttr]`.

use std::fmt;

use super::attribute_path::{AttributePath, is_name};
use super::filter::Filter;
use super::lexer::{Lexer, TokenKind};
use super::syntax::{Expected, SyntaxError};
use super::urn;

/// What a PATCH operation aims at.
#[derive(Clone, Debug, PartialEq)]
pub enum PatchPath {
    /// A whole schema, by one of its registered URNs: `urn:…:enterprise:2.0:User`.
    ///
    /// The URN of an unregistered extension cannot be told from an attribute by its text;
    /// it is read as [`PatchPath::Attribute`].
    Schema(&'static str),
    /// An attribute or sub-attribute: `name.familyName`.
    Attribute(AttributePath),
    /// Elements of a multi-valued attribute, or one of their sub-attributes:
    /// `members[value eq "2819c223"]`, `emails[type eq "work"].value`.
    Elements {
        /// The multi-valued attribute.
        attribute: AttributePath,
        /// Which of its elements.
        filter: Filter,
        /// What of them; none is the elements themselves.
        sub: Option<String>,
    },
}

impl PatchPath {
    /// Reads `text`, all of it.
    ///
    /// # Errors
    /// When `text` is not a path, or is longer than [`super::MAX_LENGTH`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if let Some(known) = urn::known(text.trim_matches(' ')) {
            return Ok(Self::Schema(known));
        }
        let mut lexer = Lexer::new(text)?;
        let start = lexer.offset();
        let attribute = match lexer.next()?.map(|token| token.kind) {
            Some(TokenKind::Word(word)) => AttributePath::from_word(&lexer, start, word)?,
            _ => return Err(lexer.error(start, Expected::AttributeName)),
        };
        let bracket = lexer.offset();
        let path = match lexer.next()?.map(|token| token.kind) {
            None => return Ok(Self::Attribute(attribute)),
            Some(TokenKind::OpenBracket) => {
                let filter = Filter::parse_brackets(&mut lexer)?;
                let sub = sub_attribute(&mut lexer)?;
                Self::Elements {
                    attribute,
                    filter,
                    sub,
                }
            }
            Some(_) => return Err(lexer.error(bracket, Expected::End)),
        };
        let end = lexer.offset();
        match lexer.next()? {
            None => Ok(path),
            Some(_) => Err(lexer.error(end, Expected::End)),
        }
    }
}

/// `.value` right behind a `]`.
fn sub_attribute(lexer: &mut Lexer<'_>) -> Result<Option<String>, SyntaxError> {
    if !lexer.take_char('.') {
        return Ok(None);
    }
    let start = lexer.offset();
    match lexer.next()?.map(|token| token.kind) {
        Some(TokenKind::Word(word)) if is_name(word) => Ok(Some(word.to_owned())),
        _ => Err(lexer.error(start, Expected::AttributeName)),
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(urn) => f.write_str(urn),
            Self::Attribute(path) => write!(f, "{path}"),
            Self::Elements {
                attribute,
                filter,
                sub: None,
            } => write!(f, "{attribute}[{filter}]"),
            Self::Elements {
                attribute,
                filter,
                sub: Some(sub),
            } => write!(f, "{attribute}[{filter}].{sub}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arbitrary;
    use super::*;

    #[test]
    fn the_forms_of_the_rfc_are_read() {
        let table = [
            "members",
            "name.familyName",
            r#"addresses[type eq "work"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName"#,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            r#"urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work" or primary eq true].value"#,
        ];
        for text in table {
            assert_eq!(PatchPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_whole_schema_is_told_from_its_attributes() {
        let text = urn::ENTERPRISE_USER.to_uppercase();
        assert_eq!(
            PatchPath::parse(&text),
            Ok(PatchPath::Schema(urn::ENTERPRISE_USER))
        );
        let text = format!("{}:department", urn::ENTERPRISE_USER);
        let Ok(PatchPath::Attribute(path)) = PatchPath::parse(&text) else {
            panic!("not an attribute")
        };
        assert_eq!(path.urn.as_deref(), Some(urn::ENTERPRISE_USER));
        assert_eq!(path.name, "department");
    }

    #[test]
    fn a_wrong_path_names_the_byte() {
        let table = [
            ("", 0),
            ("[value eq \"x\"]", 0),
            ("members[", 8),
            ("members[value]", 13),
            ("members[value eq \"x\"", 20),
            ("members[value eq \"x\"].", 22),
            ("members[value eq \"x\"].a.b", 22),
            ("members[value eq \"x\"] x", 22),
            ("members value", 8),
        ];
        for (text, offset) in table {
            assert_eq!(PatchPath::parse(text).unwrap_err().offset, offset, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(path in arbitrary::patch_path()) {
            prop_assert_eq!(PatchPath::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = PatchPath::parse(&text);
        }
    }
}
