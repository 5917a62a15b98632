//! The scripts of an export. There is no JavaScript here: forms that Okta's files use are
//! recognised, whatever their variables are called, and others are said not to be run.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::fmt::Write as _;

use serde_json::Value;

/// A script that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Nothing.
    Empty,
    /// The body is JSON, and not `null`, which has no members. That is all that the script of Okta's
    /// step "Verify Groups endpoint" can notice: with `totalResults` 0 it asserts a text, which is
    /// always true, and with more it asserts what it has just found.
    BodyIsJson,
}

/// Two variables and a flag, a branch for no groups and one for some.
const GROUPS: &str = "var v0 = JSON . parse ( response . body ) ; \
    var v1 = v0 . totalResults ; var v2 = v0 . Resources ; var v3 = false ; \
    if ( v1 === 0 ) assert ( S , S ) ; \
    else if ( v1 >= 1 && Array . isArray ( v2 ) ) { v3 = true ; assert . ok ( v3 , S ) ; log ( v3 ) ; } ";

impl Script {
    /// The script, if it is understood.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let shape = shape(text);
        if shape.is_empty() {
            return Some(Self::Empty);
        }
        (shape == GROUPS).then_some(Self::BodyIsJson)
    }

    /// Whether the script finds nothing wrong.
    #[must_use]
    pub fn holds(self, body: Option<&Value>) -> bool {
        match self {
            Self::Empty => true,
            Self::BodyIsJson => body.is_some_and(|body| !body.is_null()),
        }
    }
}

/// The tokens of a script, each followed by a blank: variables are numbered in the order of
/// their declaration, texts are all alike, comments are gone.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut variables: Vec<&str> = Vec::new();
    let mut declares = false;
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        if token.starts_with("//") || token.starts_with("/*") {
            continue;
        }
        if declares {
            variables.push(token);
        }
        declares = matches!(token, "var" | "let" | "const");
        let written = match variables.iter().position(|variable| *variable == token) {
            Some(place) => write!(shape, "v{place} "),
            None if token.starts_with(['"', '\'']) => write!(shape, "S "),
            None => write!(shape, "{} ", if declares { "var" } else { token }),
        };
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
    }
    shape
}

fn token_length(rest: &str, first: char) -> usize {
    let until = |end: &str, skip: usize| {
        let inner = rest.get(skip..).unwrap_or_default();
        inner
            .find(end)
            .map_or(rest.len(), |at| skip + at + end.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    if first == '"' || first == '\'' {
        return until(if first == '"' { "\"" } else { "'" }, 1);
    }
    if first.is_alphanumeric() || first == '_' || first == '$' {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        return rest.find(|c| !word(c)).unwrap_or(rest.len());
    }
    let operators = ["===", "!==", ">=", "<=", "==", "!=", "&&", "||"];
    let operator = operators
        .iter()
        .find(|operator| rest.starts_with(**operator));
    operator.map_or(first.len_utf8(), |operator| operator.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_form_is_known_under_other_names() {
        let script = "
            const page = JSON.parse(response.body);  // the list
            let n = page.totalResults; let all = page.Resources; let found = false;
            if (n === 0) assert('none', 'There is none');
            else if (n >= 1 && Array.isArray(all)) { found = true; assert.ok(found, \"a list\"); log(found); }";
        let script = Script::of(script).unwrap();
        assert_eq!(script, Script::BodyIsJson);
        assert!(script.holds(Some(&json!([]))) && script.holds(Some(&json!(7))));
        assert!(!script.holds(None) && !script.holds(Some(&json!(null))));
    }

    #[test]
    fn nothing_is_nothing_and_the_rest_is_not_understood() {
        assert_eq!(Script::of(" \n/* later */ // x"), Some(Script::Empty));
        for unknown in [
            "assert.equal(1, 2);",
            "\"",
            "'",
            "/*",
            "var",
            "é",
            "assert.ok(false)",
        ] {
            let known = Script::of(unknown);
            assert!(known.is_none() || unknown == "/*", "{unknown}");
        }
    }
}
