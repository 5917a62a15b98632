//! The filter grammar of RFC 7644, 3.4.2.2.

use std::fmt;

use serde_json::Number;

use super::attribute_path::AttributePath;
use super::lexer::{Lexer, Token, TokenKind};
use super::syntax::{Expected, MAX_DEPTH, SyntaxError};

/// A filter expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of two or more expressions.
    And(Vec<Filter>),
    /// Any of two or more expressions.
    Or(Vec<Filter>),
    /// `not (…)`
    Not(Box<Filter>),
    /// `attribute pr`
    Present(AttributePath),
    /// `attribute eq "value"`
    Compare(AttributePath, Comparison, Literal),
    /// `attribute[…]`: one element of a multi-valued attribute fulfils the inner expression.
    Element(AttributePath, Box<Filter>),
}

/// A comparison operator (RFC 7644, table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less or equal.
    Le,
}

impl Comparison {
    /// All operators.
    pub const ALL: [Self; 9] = [
        Self::Eq,
        Self::Ne,
        Self::Co,
        Self::Sw,
        Self::Ew,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
    ];

    /// The operator as RFC 7644 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// `compValue`: a JSON value that is neither an array nor an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, decoded.
    Text(String),
}

impl Filter {
    /// Reads `text`, all of it. Operators, `and`, `or` and `not` are read without case.
    ///
    /// # Errors
    /// When `text` is not a filter, nests deeper than [`MAX_DEPTH`] or is longer than
    /// [`super::MAX_LENGTH`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser {
            lexer: Lexer::new(text)?,
            depth: 0,
            in_brackets: false,
        };
        let filter = parser.any_of()?;
        match parser.lexer.next()? {
            None => Ok(filter),
            Some(token) => Err(parser.lexer.error(token.offset, Expected::EndOrConjunction)),
        }
    }

    /// Reads what stands between `[` and `]`; `lexer` is just behind the `[` and ends up
    /// just behind the `]`.
    pub(super) fn parse_brackets(lexer: &mut Lexer<'_>) -> Result<Self, SyntaxError> {
        let mut parser = Parser {
            lexer: lexer.clone(),
            depth: 1,
            in_brackets: true,
        };
        let filter = parser.any_of()?;
        parser.expect(&TokenKind::CloseBracket, Expected::ClosingBracket)?;
        *lexer = parser.lexer;
        Ok(filter)
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    /// `or` binds weakest.
    fn any_of(&mut self) -> Result<Filter, SyntaxError> {
        let mut terms = vec![self.all_of()?];
        while self.take_word("or")? {
            terms.push(self.all_of()?);
        }
        Ok(single_or(terms, Filter::Or))
    }

    fn all_of(&mut self) -> Result<Filter, SyntaxError> {
        let mut terms = vec![self.term()?];
        while self.take_word("and")? {
            terms.push(self.term()?);
        }
        Ok(single_or(terms, Filter::And))
    }

    fn term(&mut self) -> Result<Filter, SyntaxError> {
        let token = self.take(Expected::Expression)?;
        match token.kind {
            TokenKind::Open => self.group(token.offset),
            TokenKind::Word(word)
                if word.eq_ignore_ascii_case("not")
                    && matches!(self.lexer.peek()?, Some(t) if t.kind == TokenKind::Open) =>
            {
                self.expect(&TokenKind::Open, Expected::OpeningParenthesis)?;
                Ok(Filter::Not(Box::new(self.group(token.offset)?)))
            }
            TokenKind::Word(word) => {
                let path = AttributePath::from_word(&self.lexer, token.offset, word)?;
                self.comparison(path)
            }
            _ => Err(self.lexer.error(token.offset, Expected::Expression)),
        }
    }

    /// What follows a `(`, with its `)`.
    fn group(&mut self, offset: usize) -> Result<Filter, SyntaxError> {
        self.descend(offset)?;
        let filter = self.any_of()?;
        self.expect(&TokenKind::Close, Expected::ClosingParenthesis)?;
        self.depth -= 1;
        Ok(filter)
    }

    fn descend(&mut self, offset: usize) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.lexer.error(offset, Expected::LessNesting));
        }
        Ok(())
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Filter, SyntaxError> {
        let token = self.take(Expected::Operator)?;
        let word = match token.kind {
            TokenKind::OpenBracket => return self.element(path, token.offset),
            TokenKind::Word(word) => word,
            _ => return Err(self.lexer.error(token.offset, Expected::Operator)),
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Comparison::ALL
            .into_iter()
            .find(|operator| word.eq_ignore_ascii_case(operator.as_str()))
            .ok_or_else(|| self.lexer.error(token.offset, Expected::Operator))?;
        Ok(Filter::Compare(path, operator, self.literal()?))
    }

    fn element(&mut self, path: AttributePath, offset: usize) -> Result<Filter, SyntaxError> {
        if self.in_brackets {
            return Err(self.lexer.error(offset, Expected::NoNestedBrackets));
        }
        self.descend(offset)?;
        self.in_brackets = true;
        let inner = self.any_of()?;
        self.expect(&TokenKind::CloseBracket, Expected::ClosingBracket)?;
        self.in_brackets = false;
        self.depth -= 1;
        Ok(Filter::Element(path, Box::new(inner)))
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        let token = self.take(Expected::Literal)?;
        match token.kind {
            TokenKind::Text(text) => Ok(Literal::Text(text)),
            TokenKind::Word("null") => Ok(Literal::Null),
            TokenKind::Word("true") => Ok(Literal::Bool(true)),
            TokenKind::Word("false") => Ok(Literal::Bool(false)),
            TokenKind::Word(word) => serde_json::from_str(word)
                .map(Literal::Number)
                .map_err(|_| self.lexer.error(token.offset, Expected::Literal)),
            _ => Err(self.lexer.error(token.offset, Expected::Literal)),
        }
    }

    fn take(&mut self, expected: Expected) -> Result<Token<'a>, SyntaxError> {
        let end = self.lexer.offset();
        self.lexer
            .next()?
            .ok_or_else(|| self.lexer.error(end, expected))
    }

    fn take_word(&mut self, wanted: &str) -> Result<bool, SyntaxError> {
        let found = matches!(
            self.lexer.peek()?,
            Some(Token { kind: TokenKind::Word(word), .. }) if word.eq_ignore_ascii_case(wanted)
        );
        if found {
            self.lexer.next()?;
        }
        Ok(found)
    }

    fn expect(&mut self, kind: &TokenKind<'_>, expected: Expected) -> Result<(), SyntaxError> {
        let token = self.take(expected)?;
        if &token.kind == kind {
            Ok(())
        } else {
            Err(self.lexer.error(token.offset, expected))
        }
    }
}

/// The only term itself, or all of them joined.
fn single_or(mut terms: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (terms.len(), terms.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            terms.push(last);
            join(terms)
        }
        (_, None) => join(terms),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(terms) => join(f, terms, " and ", |term| {
                matches!(term, Self::And(_) | Self::Or(_))
            }),
            Self::Or(terms) => join(f, terms, " or ", |term| matches!(term, Self::Or(_))),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, operator, literal) => {
                write!(f, "{path} {} {literal}", operator.as_str())
            }
            Self::Element(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    terms: &[Filter],
    separator: &str,
    needs_parentheses: fn(&Filter) -> bool,
) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        if needs_parentheses(term) {
            write!(f, "({term})")?;
        } else {
            write!(f, "{term}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arbitrary;
    use super::super::syntax::Expected;
    use super::*;

    /// The examples of RFC 7644, 3.4.2.2, with what they print as.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let table = [
            r#"userName eq "bjensen""#,
            r#"name.familyName co "O'Malley""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            "title pr",
            r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
            r#"title pr and userType eq "Employee""#,
            r#"title pr or userType eq "Intern""#,
            r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
            r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        ];
        for text in table {
            assert_eq!(Filter::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn case_blanks_and_literals_are_taken_as_senders_write_them() {
        let table = [
            (r#"USERNAME EQ "x""#, r#"USERNAME eq "x""#),
            (
                r#"not(a pr)  AND  ( b eq true )"#,
                "not (a pr) and b eq true",
            ),
            ("a eq -1.5e3 Or b eq null", "a eq -1500.0 or b eq null"),
            (r#"a eq "\u00e9\"\\\/""#, r#"a eq "é\"\\/""#),
            (r#"not eq "x""#, r#"not eq "x""#),
            (r#"a eq """#, r#"a eq """#),
        ];
        for (text, printed) in table {
            assert_eq!(Filter::parse(text).unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn and_binds_stronger_than_or() {
        let filter = Filter::parse("a pr or b pr and c pr").unwrap();
        let Filter::Or(terms) = filter else {
            panic!("not an or: {filter:?}")
        };
        assert!(matches!(
            terms.as_slice(),
            [Filter::Present(_), Filter::And(_)]
        ));
    }

    #[test]
    fn an_error_names_the_byte_and_what_was_expected() {
        let table = [
            ("", 0, Expected::Expression),
            ("userName", 8, Expected::Operator),
            ("userName like \"x\"", 9, Expected::Operator),
            ("userName eq", 11, Expected::Literal),
            ("userName eq x", 12, Expected::Literal),
            ("userName eq 01", 12, Expected::Literal),
            ("userName eq \"x", 14, Expected::ClosingQuote),
            ("userName eq \"\\x\"", 14, Expected::Escape),
            ("userName eq \"x\" userName", 16, Expected::EndOrConjunction),
            ("(a pr", 5, Expected::ClosingParenthesis),
            ("a pr)", 4, Expected::EndOrConjunction),
            ("a[b pr", 6, Expected::ClosingBracket),
            ("a[b[c pr]]", 3, Expected::NoNestedBrackets),
            ("a pr and", 8, Expected::Expression),
            ("1 eq 1", 0, Expected::AttributeName),
        ];
        for (text, offset, expected) in table {
            let error = Filter::parse(text).unwrap_err();
            assert_eq!((error.offset, error.expected), (offset, expected), "{text}");
        }
        assert_eq!(
            Filter::parse("userName like \"x\"")
                .unwrap_err()
                .to_string(),
            "expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr after a blank at byte 9, \
             found `like \"x\"`"
        );
    }

    #[test]
    fn nesting_and_length_are_bounded() {
        let nested = |levels: usize| format!("{}a pr{}", "(".repeat(levels), ")".repeat(levels));
        assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
        let error = Filter::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(error.expected, Expected::LessNesting);
        assert!(Filter::parse(&"not(".repeat(4000)).is_err());
        let error = Filter::parse(&format!("a eq \"{}\"", "x".repeat(20_000))).unwrap_err();
        assert_eq!(error.expected, Expected::ShorterText);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(filter in arbitrary::filter()) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }

        #[test]
        fn any_value_survives_quoting(value in any::<String>()) {
            let quoted = serde_json::to_string(&value).unwrap();
            let filter = Filter::parse(&format!("userName eq {quoted}")).unwrap();
            let Filter::Compare(_, Comparison::Eq, Literal::Text(read)) = filter else {
                panic!("not a comparison")
            };
            prop_assert_eq!(read, value);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Filter::parse(&text);
        }

        #[test]
        fn no_text_of_the_alphabet_panics(text in r#"[a-z0-9 ()\[\]"\\.:$é-]{0,60}"#) {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!(text.is_char_boundary(error.offset));
            }
        }
    }
}
