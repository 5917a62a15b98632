//! Texts that a server writes for people, such as the detail of an error, without the people in them.
//!
//! Somebody whom nothing has shown yet may be named in such a text for the first time. So it is not enough to look for
//! whoever is known: what stands in quotes, and every word that looks like a name, goes as well, unless it is a word of
//! the trade.

use super::people::{People, looks_personal};

/// Words with a capital letter, and in quotes, that name nobody; in lower case.
const TRADE: [&str; 171] = [
    "a",
    "active",
    "addresses",
    "all",
    "already",
    "an",
    "and",
    "any",
    "api",
    "at",
    "attempt",
    "attribute",
    "attributes",
    "authentication",
    "authorization",
    "bad",
    "basic",
    "bearer",
    "body",
    "bulk",
    "by",
    "can",
    "cannot",
    "conflict",
    "content",
    "content-type",
    "could",
    "create",
    "created",
    "database",
    "deactivated",
    "delete",
    "deleted",
    "detail",
    "disabled",
    "display",
    "displayname",
    "does",
    "duplicate",
    "email",
    "emails",
    "endpoint",
    "enterprise",
    "enterpriseuser",
    "entitlement",
    "entitlements",
    "error",
    "errors",
    "exception",
    "exist",
    "existing",
    "exists",
    "expected",
    "external",
    "externalid",
    "failed",
    "failure",
    "familyname",
    "field",
    "filter",
    "for",
    "forbidden",
    "formatted",
    "found",
    "from",
    "gateway",
    "get",
    "givenname",
    "group",
    "groups",
    "has",
    "header",
    "http",
    "https",
    "id",
    "in",
    "inactive",
    "input",
    "internal",
    "invalid",
    "invalidfilter",
    "invalidpath",
    "invalidsyntax",
    "invalidvalue",
    "is",
    "it",
    "json",
    "length",
    "limit",
    "list",
    "login",
    "malformed",
    "manager",
    "member",
    "members",
    "message",
    "method",
    "missing",
    "must",
    "mutability",
    "name",
    "no",
    "not",
    "null",
    "okta",
    "only",
    "op",
    "operation",
    "operations",
    "or",
    "parameter",
    "password",
    "patch",
    "patchop",
    "path",
    "permission",
    "phonenumbers",
    "please",
    "post",
    "primary",
    "provided",
    "provider",
    "put",
    "read",
    "replace",
    "request",
    "required",
    "resource",
    "resources",
    "role",
    "roles",
    "schema",
    "schemas",
    "scim",
    "server",
    "service",
    "sql",
    "status",
    "string",
    "such",
    "support",
    "supported",
    "tenant",
    "the",
    "there",
    "this",
    "timeout",
    "title",
    "token",
    "too",
    "type",
    "unable",
    "unauthorized",
    "unexpected",
    "unique",
    "uniqueness",
    "unknown",
    "unsupported",
    "url",
    "urn",
    "user",
    "username",
    "users",
    "uuid",
    "validation",
    "value",
    "values",
    "with",
    "xml",
    "you",
    "your",
];

/// The text without people: `stand_in` says what stands for each of them.
#[must_use]
pub fn prose(text: &str, people: &People, stand_in: &dyn Fn(&str) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside, quote, behind)) = quoted(rest) {
        shown.push_str(&people.replace(before, is_strange, stand_in));
        shown.push(quote);
        match inside.split(|c: char| !of_word(c)).all(is_of_trade) {
            true => shown.push_str(inside),
            false => shown.push_str(&stand_in(inside)),
        }
        shown.push(quote);
        rest = behind;
    }
    shown.push_str(&people.replace(rest, is_strange, stand_in));
    shown
}

/// The first text in quotes, with what stands before and behind it. An apostrophe within a word is none.
fn quoted(text: &str) -> Option<(&str, &str, char, &str)> {
    let mut before = None;
    for (at, c) in text.char_indices() {
        let begins = matches!(c, '"' | '\'' | '`') && !before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        if !begins {
            continue;
        }
        let inside = text.get(at + 1..)?;
        let closes = |(end, _): &(usize, &str)| {
            let next = inside.get(end + 1..).and_then(|rest| rest.chars().next());
            !next.is_some_and(char::is_alphanumeric)
        };
        if let Some((end, _)) = inside.match_indices(c).find(closes) {
            return Some((
                text.get(..at)?,
                inside.get(..end)?,
                c,
                inside.get(end + 1..)?,
            ));
        }
    }
    None
}

fn of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '_' | '-' | '+' | '\'' | '’')
}

fn is_of_trade(word: &str) -> bool {
    let folded = word.to_lowercase();
    word.is_empty() || TRADE.binary_search(&folded.as_str()).is_ok()
}

/// Whether a word may name somebody: an address, an id, a name by its capital letter, a login by its dots.
fn is_strange(word: &str) -> bool {
    if looks_personal(word) {
        return true;
    }
    let mut parts = word.split('.').filter(|part| !part.is_empty());
    match parts.clone().count() {
        0 | 1 => word.starts_with(char::is_uppercase) && !is_of_trade(word),
        // `name.givenName` is an attribute; `2.0` and `400.` are numbers.
        _ => !parts.all(|part| is_of_trade(part) || part.bytes().all(|b| b.is_ascii_digit())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_trade_are_in_order() {
        assert!(TRADE.is_sorted());
    }

    #[test]
    fn nobody_is_named_whether_known_or_not() {
        let mut people = People::default();
        people.learn("crew 7");
        people.learn("grace");
        let table = [
            (
                "User 'ada.byron' is taken by Bob Ortega (bob@x.test).",
                "User '<>' is taken by <> <> (<>).",
            ),
            (
                "Conflict. Errors: userName Ada.Byron exists",
                "Conflict. Errors: userName <> exists",
            ),
            (
                "no group \"Crew 7\", no crew 7, no Crew 7",
                "no group \"<>\", no <>, no <>",
            ),
            ("the login grace exists", "the login <> exists"),
            ("O'Brien can't log in", "<> can't log in"),
            (
                "Attribute 'name.givenName' is required",
                "Attribute 'name.givenName' is required",
            ),
            (
                "The attribute emails.value of urn:ietf:params:scim:schemas:core:2.0:User must be unique",
                "The attribute emails.value of urn:ietf:params:scim:schemas:core:2.0:User must be unique",
            ),
            ("No user 3f0f7c1e-9b1d-4b0e-8f5e", "No user <>"),
            ("it isn't \"there", "it isn't \"there"),
            ("", ""),
        ];
        for (text, wanted) in table {
            assert_eq!(prose(text, &people, &|_| "<>".to_owned()), wanted);
        }
    }
}
