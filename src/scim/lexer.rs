//! Splits a filter or a path into words, strings and brackets.

use super::syntax::{Expected, MAX_LENGTH, SyntaxError};

/// One token and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// In bytes from the start of the text.
    pub(super) offset: usize,
    pub(super) kind: TokenKind<'a>,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    /// A run of anything that is no blank, bracket or quote: attribute, operator, number.
    Word(&'a str),
    /// A JSON string, decoded.
    Text(String),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
}

/// Reads tokens one by one; blanks between them are skipped, whatever their number.
///
/// RFC 7644 writes exactly one blank; senders write more, and none around parentheses.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`, unless `text` is too long to be read.
    pub(super) fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxError::new(text, 0, Expected::ShorterText));
        }
        Ok(Self { text, at: 0 })
    }

    /// An error of this text.
    pub(super) fn error(&self, offset: usize, expected: Expected) -> SyntaxError {
        SyntaxError::new(self.text, offset, expected)
    }

    /// Where the next token starts, or the end of the text.
    pub(super) fn offset(&mut self) -> usize {
        self.skip_blanks();
        self.at
    }

    /// The next token without taking it.
    pub(super) fn peek(&self) -> Result<Option<Token<'a>>, SyntaxError> {
        self.clone().next()
    }

    /// The character right at the current place, blanks included.
    pub(super) fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes `expected` when it is the very next character.
    pub(super) fn take_char(&mut self, expected: char) -> bool {
        let found = self.peek_char() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Takes the next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, SyntaxError> {
        self.skip_blanks();
        let offset = self.at;
        let Some(first) = self.peek_char() else {
            return Ok(None);
        };
        let kind = match first {
            '(' => self.punctuation(TokenKind::Open),
            ')' => self.punctuation(TokenKind::Close),
            '[' => self.punctuation(TokenKind::OpenBracket),
            ']' => self.punctuation(TokenKind::CloseBracket),
            '"' => TokenKind::Text(self.string()?),
            _ => TokenKind::Word(self.word()),
        };
        Ok(Some(Token { offset, kind }))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn punctuation(&mut self, kind: TokenKind<'a>) -> TokenKind<'a> {
        self.at += 1;
        kind
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find([' ', '(', ')', '[', ']', '"'])
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// A JSON string (RFC 7159, 7), which starts at the current place.
    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let rest = self.rest();
        let Some(length) = closing_quote(rest) else {
            return Err(self.error(self.text.len(), Expected::ClosingQuote));
        };
        let quoted = rest.get(..length).unwrap_or_default();
        // One reader of JSON strings is enough: it knows escapes, surrogates and control characters.
        match serde_json::from_str(quoted) {
            Ok(text) => {
                self.at += length;
                Ok(text)
            }
            Err(problem) => {
                let column = problem.column().saturating_sub(1).min(length);
                let offset = self.text.floor_char_boundary(start + column);
                Err(self.error(offset, Expected::Escape))
            }
        }
    }
}

/// Length of the string that `text` starts with, both quotes included.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}
