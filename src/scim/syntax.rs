//! What can be wrong with a filter or a path, and where.

use std::fmt;

/// Parentheses and brackets may nest this deep; deeper input is refused, so that
/// reading a filter never exhausts the stack.
pub const MAX_DEPTH: usize = 64;

/// Longest filter or path that is read, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// A filter or path that does not follow the grammar of RFC 7644.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {offset}, found {found}")]
pub struct SyntaxError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What the grammar allows there.
    pub expected: Expected,
    /// What stands there, shortened.
    pub found: String,
}

/// What the grammar allows at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An attribute, a parenthesis, or `not`.
    Expression,
    /// An attribute name.
    AttributeName,
    /// One sub-attribute at most.
    SubAttribute,
    /// `eq`, `ne`, `co`, `sw`, `ew`, `gt`, `ge`, `lt`, `le` or `pr`.
    Operator,
    /// A JSON string, number, `true`, `false` or `null`.
    Literal,
    /// The quote that ends a string.
    ClosingQuote,
    /// A JSON string's escape sequence.
    Escape,
    /// `(`
    OpeningParenthesis,
    /// `)`
    ClosingParenthesis,
    /// `]`
    ClosingBracket,
    /// No `[` within a `[`.
    NoNestedBrackets,
    /// `and` or `or`, or the end.
    EndOrConjunction,
    /// The end.
    End,
    /// Fewer levels than [`MAX_DEPTH`].
    LessNesting,
    /// Fewer bytes than [`MAX_LENGTH`].
    ShorterText,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expression => f.write_str("an attribute, `not` or `(`"),
            Self::AttributeName => f.write_str("an attribute name"),
            Self::SubAttribute => f.write_str("one sub-attribute at most"),
            Self::Operator => {
                f.write_str("one of eq, ne, co, sw, ew, gt, ge, lt, le, pr after a blank")
            }
            Self::Literal => {
                f.write_str("a string in double quotes, a number, true, false or null")
            }
            Self::ClosingQuote => f.write_str("a closing double quote"),
            Self::Escape => f.write_str("a JSON escape sequence"),
            Self::OpeningParenthesis => f.write_str("`(`"),
            Self::ClosingParenthesis => f.write_str("`)`"),
            Self::ClosingBracket => f.write_str("`]`"),
            Self::NoNestedBrackets => f.write_str("no `[` within a `[`"),
            Self::EndOrConjunction => f.write_str("`and`, `or` or the end"),
            Self::End => f.write_str("the end"),
            Self::LessNesting => write!(f, "at most {MAX_DEPTH} levels of nesting"),
            Self::ShorterText => write!(f, "at most {MAX_LENGTH} bytes"),
        }
    }
}

impl SyntaxError {
    /// An error at `offset` of `text`; what follows there is quoted, shortened.
    pub(super) fn new(text: &str, offset: usize, expected: Expected) -> Self {
        const SHOWN: usize = 20;
        let rest = text.get(offset..).unwrap_or_default();
        let found = match rest.char_indices().nth(SHOWN) {
            None if rest.is_empty() => "the end".to_owned(),
            None => format!("`{rest}`"),
            Some((end, _)) => format!("`{}…`", rest.get(..end).unwrap_or_default()),
        };
        Self {
            offset,
            expected,
            found,
        }
    }
}
