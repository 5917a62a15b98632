//! What a scenario file must mean, beyond having the right shape. The checks are called
//! while a file is read, because only then the place of every text is at hand.

use crate::document::{Diagnostics, Span};
use crate::suggest;

use super::placeholder::{PlaceholderError, Template, Value};
use super::scope::{Scope, Subject};

/// Domains that belong to nobody (RFC 2606, RFC 6761).
const RESERVED_DOMAINS: [&str; 6] = [
    "example.com",
    "example.org",
    "example.net",
    "test",
    "example",
    "invalid",
];

/// Okta names that a run creates must not collide with those of another run.
pub(super) fn holds_run(what: &str, text: &str, span: &Span, diagnostics: &mut Diagnostics) {
    let Some(template) = template(text, span, diagnostics) else {
        return;
    };
    if template.placeholders().all(|one| one.value != Value::Run) {
        let message = format!("the {what} does not hold `{{run}}`");
        let mistake = diagnostics.error(span, message);
        mistake.hint("the same name in a second run would meet what the first one left behind");
    }
}

/// Texts of the Okta directory are known before anything is sent: `{run}` is all they can hold.
pub(super) fn holds_only_run(text: &str, span: &Span, diagnostics: &mut Diagnostics) {
    let Some(template) = template(text, span, diagnostics) else {
        return;
    };
    if template.placeholders().any(|one| one.value != Value::Run) {
        let message = "only `{run}` can stand in the profile of a person or in a group name";
        diagnostics.error(span, message);
    }
}

/// Nobody real may get mail: an address is on a domain reserved for examples.
pub(super) fn address(text: &str, span: &Span, diagnostics: &mut Diagnostics) {
    let Some((_, domain)) = text.rsplit_once('@') else {
        return;
    };
    let domain = domain.to_ascii_lowercase();
    let reserved = RESERVED_DOMAINS.iter().any(|name| {
        domain
            .strip_suffix(name)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    if !reserved {
        let message = format!("the domain `{domain}` may belong to somebody");
        let mistake = diagnostics.error(span, message);
        mistake.hint("use example.com, example.org, example.net, or a name under .test");
    }
}

/// Placeholders of a literal request: known, and about people and groups of this file.
pub(super) fn placeholders(text: &str, span: &Span, scope: &Scope, diagnostics: &mut Diagnostics) {
    let Some(template) = template(text, span, diagnostics) else {
        return;
    };
    for placeholder in template.placeholders() {
        match &placeholder.value {
            Value::Run | Value::Last(_) => {}
            Value::Login(key) => {
                scope.check(Subject::Person, key, span, diagnostics);
            }
            Value::Name(key) => {
                scope.check(Subject::Group, key, span, diagnostics);
            }
            Value::Id(key) | Value::Seen(key, _) => {
                if scope.subject(key).is_none() {
                    let message = format!("there is no person or group `{key}`");
                    let mistake = diagnostics.error(span, message);
                    if let Some(name) = scope.closest(key) {
                        mistake.hint(format!("did you mean `{name}`?"));
                    }
                }
            }
        }
    }
}

fn template(text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<Template> {
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(error) => {
            let hint = match &error {
                PlaceholderError::Unclosed { .. } => "write `{{` for a literal brace",
                PlaceholderError::Unknown { .. } => {
                    "there is {run}, {ada.id}, {ada.login}, {crew.name}, {last:/id}; `{{` is a literal brace"
                }
            };
            diagnostics.error(span, error.to_string()).hint(hint);
            None
        }
    }
}

/// A path below the base URL that can stand in a request line.
pub(super) fn request_path(text: &str, span: &Span, diagnostics: &mut Diagnostics) {
    if !text.starts_with('/') {
        let mistake = diagnostics.error(span, "a path starts with `/`");
        mistake.hint("it is the part below the base URL: /Users/{ada.id}");
    }
    let outside = Template::parse(text).ok().and_then(|template| {
        let literal = template.fill(|_| Ok::<_, std::convert::Infallible>(String::new()));
        let literal = literal.unwrap_or_default();
        literal.chars().find(|c| {
            !c.is_ascii_graphic()
                || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        })
    });
    if let Some(character) = outside {
        let shown = character.escape_default();
        let message = format!("`{shown}` cannot stand in a path as it is");
        let mistake = diagnostics.error(span, message);
        mistake.hint("percent-encode it: %20 for a blank, %22 for a quotation mark");
    }
}

/// A header of a literal request.
pub(super) fn header(name: &str, value: &str, span: &Span, diagnostics: &mut Diagnostics) {
    if name.eq_ignore_ascii_case("authorization")
        || name.eq_ignore_ascii_case("proxy-authorization")
    {
        let mistake = diagnostics.error(span, "a scenario file must not hold credentials");
        mistake.hint("use `token:` with right, none, wrong, empty or malformed");
    }
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        diagnostics.error(span, format!("`{name}` cannot be the name of a header"));
    }
    if name.eq_ignore_ascii_case("transfer-encoding") && value != "chunked" {
        let mistake = diagnostics.error(span, "a body is sent `chunked` or with its length");
        mistake.hint("write `Transfer-Encoding: chunked`, or leave the header out");
    }
    if value.chars().any(char::is_control) {
        diagnostics.error(
            span,
            format!("the header `{name}` holds a control character"),
        );
    }
}

/// A body is JSON, unless its author says that it is not.
pub(super) fn body(text: &str, raw: bool, span: &Span, diagnostics: &mut Diagnostics) {
    if raw {
        return;
    }
    // A number fits wherever a placeholder can stand, within quotes or without.
    let filled = Template::parse(text).ok().and_then(|template| {
        template
            .fill(|_| Ok::<_, std::convert::Infallible>("0".to_owned()))
            .ok()
    });
    let parsed = filled.map(|text| serde_json::from_str::<serde_json::Value>(&text));
    if let Some(Err(error)) = parsed {
        let mistake = diagnostics.warning(span, format!("the body is not JSON: {error}"));
        mistake.hint("if that is what the request is about, say `raw: true`");
    }
}

/// The id of a check that a mismatch belongs to.
pub(super) fn check_id(id: &str, known: &[&str], span: &Span, diagnostics: &mut Diagnostics) {
    if known.contains(&id) {
        return;
    }
    let mistake = diagnostics.error(span, format!("there is no check `{id}`"));
    match suggest::closest(id, known.iter().copied()).first() {
        Some(name) => mistake.hint(format!("did you mean `{name}`?")),
        None => mistake.hint("`scim-conform explain` lists the checks"),
    };
}

/// A word of a fixed list.
pub(super) fn word<T: Copy>(
    what: &str,
    typed: &str,
    known: &[(&'static str, T)],
    span: &Span,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == typed) {
        return Some(*value);
    }
    let mistake = diagnostics.error(span, format!("unknown {what} `{typed}`"));
    if let Some(hint) = suggest::or_all(typed, known.iter().map(|(name, _)| *name)) {
        mistake.hint(hint);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;

    fn count(check: impl FnOnce(&Span, &mut Diagnostics)) -> usize {
        let source = Source::new("x.yaml", "x");
        let mut diagnostics = Diagnostics::new(&source);
        check(&(0..1), &mut diagnostics);
        diagnostics.into_sorted().len()
    }

    #[test]
    fn addresses_are_on_domains_of_nobody() {
        for (text, mistakes) in [
            ("a@example.com", 0),
            ("a@mail.example.org", 0),
            ("a@EXAMPLE.NET", 0),
            ("a@acme.test", 0),
            ("a@x.invalid", 0),
            ("\"a@b\"@x.example", 0),
            ("a@acme.com", 1),
            ("a@notexample.com", 1),
            ("a@contest", 1),
            ("a@", 1),
            ("no address", 0),
        ] {
            assert_eq!(
                count(|span, all| address(text, span, all)),
                mistakes,
                "{text}"
            );
        }
    }

    #[test]
    fn paths_fit_into_a_request_line() {
        for (text, mistakes) in [
            ("/Users/{ada.id}", 0),
            (
                "/Users?filter=userName%20eq%20%22{ada.login%}%22&startIndex=1",
                0,
            ),
            ("Users", 1),
            ("/Users?filter=userName eq", 1),
            ("/Users/é", 1),
            ("/Users/{{x}", 1),
        ] {
            let found = count(|span, all| request_path(text, span, all));
            assert_eq!(found, mistakes, "{text}");
        }
    }

    #[test]
    fn bodies_are_json_or_said_to_be_raw() {
        for (text, raw, mistakes) in [
            (r#"{"userName":"{ada.login}"}"#, false, 0),
            (r#"{"active":{ada.seen:/active}}"#, false, 0),
            (r#"{"userName":"#, false, 1),
            (r#"{"userName":"#, true, 0),
        ] {
            assert_eq!(
                count(|span, all| body(text, raw, span, all)),
                mistakes,
                "{text}"
            );
        }
    }
}
