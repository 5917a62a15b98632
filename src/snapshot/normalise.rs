//! Replaces what differs from run to run by a stable name, and nothing else.
//!
//! The shape is looked at first: a creation time that is no xsd:dateTime, or an id that is a
//! number, stays as it is, because a snapshot must show the mistake.

use serde_json::{Map, Number, Value};

use super::aliases::{Aliases, Kind, SOME_ID};
use super::shape::{is_date_time, is_entity_tag};
use super::words::{Stretch, stretches};
use crate::exchange::{SpaceAs, percent_decode, query_value};

/// What names this run alone.
#[derive(Clone, Debug)]
pub struct RunNames {
    /// The run id, part of every login and group name.
    pub run_id: String,
    /// So many letters or digits follow the run id in a name, to tell scenarios and rows apart.
    pub tail: usize,
    /// The target's base URL, with or without a slash at its end.
    pub base_url: String,
    /// The target's host, with the port if the URL has one.
    pub host: String,
}

/// A JSON document about users, normalised on its own: its ids are those that it shows itself.
///
/// Applying it twice changes nothing more.
#[must_use]
pub fn normalise(document: &Value, names: &RunNames) -> Value {
    let mut aliases = Aliases::default();
    aliases.learn_document(Kind::User, document);
    Normaliser::new(names, &aliases).value(document, Some(Kind::User))
}

/// Rewrites texts, URLs and JSON with the ids that are known by now.
pub(super) struct Normaliser<'a> {
    aliases: &'a Aliases<'a>,
    base: &'a str,
    host: &'a str,
    run: &'a str,
    /// The run id as it stands in a URL.
    run_escaped: String,
    tail: usize,
}

/// A stretch of text while it is rewritten.
enum Piece<'t> {
    Open(&'t str),
    Done(String),
}

/// Where in a tree a value stands.
#[derive(Clone, Copy)]
struct Position<'t> {
    key: &'t str,
    parent: &'t str,
    kind: Option<Kind>,
}

impl Position<'_> {
    /// Whose id stands here, where an id is expected.
    fn holds_id_of(self) -> Option<Kind> {
        match (self.key, self.parent) {
            ("id", _) => self.kind,
            ("value", "members" | "value" | "manager") => Some(Kind::User),
            ("value", "groups") => Some(Kind::Group),
            _ => None,
        }
    }
}

impl<'a> Normaliser<'a> {
    pub(super) fn new(names: &'a RunNames, aliases: &'a Aliases<'a>) -> Self {
        Self {
            aliases,
            base: names.base_url.trim_end_matches('/'),
            host: &names.host,
            run: &names.run_id,
            run_escaped: query_value(&names.run_id, SpaceAs::Percent),
            tail: names.tail,
        }
    }

    /// A request target: `/Users/2819c223?filter=...`. Escapes stay as they were sent.
    pub(super) fn target(&self, target: &str) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut out = self.path(path);
        if let Some(query) = query {
            out.push('?');
            out.push_str(&self.filter(&self.text(query)));
        }
        out
    }

    /// An absolute or relative URL of a resource: `Location`, `meta.location`, `$ref`.
    pub(super) fn url(&self, url: &str) -> String {
        let mut pieces = Vec::new();
        self.split_base(url, &mut pieces);
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Open(open) => self.path(open),
                Piece::Done(name) => name,
            })
            .collect()
    }

    fn path(&self, path: &str) -> String {
        let mut before: Option<Kind> = None;
        let mut out = String::with_capacity(path.len());
        for (n, segment) in path.split('/').enumerate() {
            if n > 0 {
                out.push('/');
            }
            let known = before.and_then(|kind| self.aliases.find(&percent_decode(segment), kind));
            match known {
                Some(name) => out.push_str(name),
                None => out.push_str(&self.text(segment)),
            }
            before = Kind::of_endpoint(segment);
        }
        out
    }

    /// Replaces ids that are short or look like words, where a filter or a PATCH path compares
    /// with them: `members[value eq "42"]`. Distinctive ids were found as words before.
    fn filter(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let readable = percent_decode(text);
        let mentioned = |(id, _): &(&str, &str)| readable.contains(id);
        for (id, name) in self.aliases.indistinct().filter(mentioned) {
            let escaped = query_value(id, SpaceAs::Percent);
            for (blank, quote, id) in [
                (" ", "\"", id),
                ("%20", "%22", &escaped),
                ("+", "%22", &escaped),
            ] {
                for attribute in ["value", "id"] {
                    let head = format!("{attribute}{blank}eq{blank}{quote}");
                    out = out.replace(
                        &format!("{head}{id}{quote}"),
                        &format!("{head}{name}{quote}"),
                    );
                }
            }
        }
        out
    }

    /// Running text: a detail message, a profile value, a body that is not JSON.
    pub(super) fn text(&self, text: &str) -> String {
        let mut pieces = vec![Piece::Open(text)];
        pieces = rewrite(pieces, |open, out| self.split_base(open, out));
        pieces = rewrite(pieces, split_masked);
        // Ids first, because an id may hold the run id.
        pieces = rewrite(pieces, |open, out| self.split_words(open, out));
        pieces = rewrite(pieces, |open, out| self.split_run(open, out));
        let mut out = String::with_capacity(text.len());
        for piece in &pieces {
            match piece {
                Piece::Open(open) => out.push_str(open),
                Piece::Done(name) => out.push_str(name),
            }
        }
        out
    }

    fn split_base<'t>(&self, text: &'t str, out: &mut Vec<Piece<'t>>) {
        let mut rest = text;
        while let Some((at, length, name)) = self.find_base(rest) {
            out.push(Piece::Open(rest.get(..at).unwrap_or_default()));
            out.push(Piece::Done(name.to_owned()));
            rest = rest.get(at + length..).unwrap_or_default();
        }
        out.push(Piece::Open(rest));
    }

    /// The first base URL in `text`, or the first mention of its host as a URL's authority.
    fn find_base(&self, text: &str) -> Option<(usize, usize, &'static str)> {
        let base = find_url_part(text, self.base).map(|at| (at, self.base.len(), "<base>"));
        let authority = format!("//{}", self.host);
        let host = Some(self.host)
            .filter(|host| !host.is_empty())
            .and_then(|host| Some((find_url_part(text, &authority)? + 2, host.len(), "<host>")));
        match (base, host) {
            // The base URL holds the host, so it begins first where both match.
            (Some(base), Some(host)) => Some(if base.0 <= host.0 { base } else { host }),
            (base, host) => base.or(host),
        }
    }

    fn split_words<'t>(&self, text: &'t str, out: &mut Vec<Piece<'t>>) {
        // What is no id stays in one piece: the run id may reach over several words.
        let (mut open_from, mut at) = (0, 0);
        for stretch in stretches(text) {
            let (Stretch::Word(part) | Stretch::Between(part)) = stretch;
            let name = match stretch {
                Stretch::Word(word) => self.aliases.find_word(word),
                Stretch::Between(_) => None,
            };
            let end = at + part.len();
            if let Some(name) = name {
                out.push(Piece::Open(text.get(open_from..at).unwrap_or_default()));
                out.push(Piece::Done(name.to_owned()));
                open_from = end;
            }
            at = end;
        }
        out.push(Piece::Open(text.get(open_from..).unwrap_or_default()));
    }

    /// `<run>` is the run id as it is, `<RUN>` the run id in another case: Okta looks names up
    /// in the case of the username, and a server that changes the case must be seen doing so.
    fn split_run<'t>(&self, text: &'t str, out: &mut Vec<Piece<'t>>) {
        let mut rest = text;
        loop {
            let found = [self.run, &self.run_escaped]
                .into_iter()
                .filter_map(|form| Some((find_ignoring_case(rest, form)?, form)))
                .min_by_key(|(at, form)| (*at, std::cmp::Reverse(form.len())));
            let Some((at, form)) = found else { break };
            let end = at + form.len();
            let same = rest.get(at..end) == Some(form);
            let tail = rest.get(end..).unwrap_or_default();
            let end = end
                + tail
                    .bytes()
                    .take(self.tail)
                    .take_while(u8::is_ascii_alphanumeric)
                    .count();
            out.push(Piece::Open(rest.get(..at).unwrap_or_default()));
            out.push(Piece::Done(if same { "<run>" } else { "<RUN>" }.to_owned()));
            rest = rest.get(end..).unwrap_or_default();
        }
        out.push(Piece::Open(rest));
    }

    /// A JSON value of a request or an answer about resources of `kind`. Keys keep their order.
    pub(super) fn value(&self, value: &Value, kind: Option<Kind>) -> Value {
        let root = Position {
            key: "",
            parent: "",
            kind,
        };
        self.tree(value, root)
    }

    fn tree(&self, value: &Value, at: Position<'_>) -> Value {
        if at.key.eq_ignore_ascii_case("password") {
            return password(value);
        }
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(number, at),
            Value::String(text) => Value::String(self.string(text, at)),
            Value::Array(list) => Value::Array(list.iter().map(|v| self.tree(v, at)).collect()),
            Value::Object(object) => Value::Object(self.object(object, at)),
        }
    }

    fn object(&self, object: &Map<String, Value>, at: Position<'_>) -> Map<String, Value> {
        let is_password_operation = object
            .get("path")
            .and_then(Value::as_str)
            .is_some_and(|path| path.eq_ignore_ascii_case("password"));
        object
            .iter()
            .map(|(key, value)| {
                let normal = if is_password_operation && key.eq_ignore_ascii_case("value") {
                    password(value)
                } else {
                    let below = Position {
                        key,
                        parent: at.key,
                        kind: at.kind,
                    };
                    self.tree(value, below)
                };
                (key.clone(), normal)
            })
            .collect()
    }

    /// A number that is made up anew in each run, in a place where a text belongs: the wrong type is shown.
    fn number(&self, number: &Number, at: Position<'_>) -> Value {
        let id = at.holds_id_of();
        let id = id.and_then(|kind| self.aliases.find(&number.to_string(), kind));
        let name = match (id, at.parent, at.key) {
            (Some(name), ..) => format!("{}, a number>", name.trim_end_matches('>')),
            (None, "meta", "created" | "lastModified") => "<time, a number>".to_owned(),
            (None, "meta", "version") => "<version, a number>".to_owned(),
            _ => return Value::Number(number.clone()),
        };
        Value::String(name)
    }

    fn string(&self, text: &str, at: Position<'_>) -> String {
        let id_of = at.holds_id_of();
        if let Some(name) = id_of.and_then(|kind| self.aliases.find(text, kind)) {
            return name.to_owned();
        }
        match at.key {
            "$ref" | "location" => self.url(text),
            "version" if at.parent == "meta" => version(text),
            "created" | "lastModified" if at.parent == "meta" => time(text),
            "path" => self.filter(&self.text(text)),
            _ if is_date_time(text) => "<time>".to_owned(),
            _ => self.text(text),
        }
    }
}

/// A version tells versions apart, whatever its form; that it is no entity tag is shown.
fn version(text: &str) -> String {
    const TAG: &str = "<version>";
    const OTHER: &str = "<version, not an entity tag>";
    match text {
        "" => String::new(),
        TAG => TAG.to_owned(),
        _ if text.starts_with("<version, ") => text.to_owned(),
        _ if is_entity_tag(text) => TAG.to_owned(),
        _ => OTHER.to_owned(),
    }
}

/// A point in time tells runs apart, whatever its form; that it is no xsd:dateTime is shown.
fn time(text: &str) -> String {
    const TIME: &str = "<time>";
    const OTHER: &str = "<time, not an xsd:dateTime>";
    match text {
        "" => String::new(),
        TIME => TIME.to_owned(),
        _ if text.starts_with("<time, ") => text.to_owned(),
        _ if is_date_time(text) => TIME.to_owned(),
        _ => OTHER.to_owned(),
    }
}

/// A password is hidden whatever its type, but a wrong type is shown.
fn password(value: &Value) -> Value {
    const NAMES: [&str; 4] = [
        "<password>",
        "<password, a number>",
        "<password, an array>",
        "<password, an object>",
    ];
    let [text, number, array, object] = NAMES;
    let name = match value {
        Value::Null | Value::Bool(_) => return value.clone(),
        Value::String(s) if s.is_empty() || NAMES.contains(&s.as_str()) => return value.clone(),
        Value::String(_) => text,
        Value::Number(_) => number,
        Value::Array(_) => array,
        Value::Object(_) => object,
    };
    Value::String(name.to_owned())
}

/// An id of a stranger was numbered when it was masked, in the order in which strangers came up in the run.
fn split_masked<'t>(text: &'t str, out: &mut Vec<Piece<'t>>) {
    const MASKED: &str = "<foreign-";
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MASKED) {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match after.get(digits..).and_then(|tail| tail.strip_prefix('>')) {
            Some(tail) => {
                out.push(Piece::Open(before));
                out.push(Piece::Done(SOME_ID.to_owned()));
                rest = tail;
            }
            None => break,
        }
    }
    out.push(Piece::Open(rest));
}

/// Applies `split` to every piece that is still open.
fn rewrite<'t>(
    pieces: Vec<Piece<'t>>,
    split: impl Fn(&'t str, &mut Vec<Piece<'t>>),
) -> Vec<Piece<'t>> {
    let mut out = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Open(open) => split(open, &mut out),
            done @ Piece::Done(_) => out.push(done),
        }
    }
    out
}

/// Finds the beginning of a URL, ended by what can end an authority or a path.
fn find_url_part(text: &str, part: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find_ignoring_case(text.get(from..)?, part)?;
        let next = text.get(at + part.len()..)?.chars().next();
        if next.is_none_or(|c| c.is_whitespace() || "/?#\"'`,;)>]".contains(c)) {
            return Some(at);
        }
        from = at + part.len();
    }
}

/// Where `needle` begins in `text`, ASCII letters compared without case; `None` if it is empty.
fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    // `needle` begins and ends at character boundaries, so an equal window does, too.
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> RunNames {
        RunNames {
            run_id: "k3x9f2".to_owned(),
            tail: 0,
            base_url: "http://127.0.0.1:4711/scim/v2/".to_owned(),
            host: "127.0.0.1:4711".to_owned(),
        }
    }

    const ADA: &str = "2819c223-7f76-453a-919d-413861904646";

    fn aliases() -> Aliases<'static> {
        let mut aliases = Aliases::default();
        aliases.learn_document(Kind::User, &json!({"id": ADA}));
        aliases.learn_document(Kind::User, &json!({"id": "1"}));
        aliases.learn_document(Kind::User, &json!({"id": "a b/c"}));
        aliases.learn_document(Kind::Group, &json!({"id": "1"}));
        aliases
    }

    #[test]
    fn request_targets() {
        let (names, aliases) = (names(), aliases());
        let normaliser = Normaliser::new(&names, &aliases);
        for (target, expected) in [
            (format!("/Users/{ADA}"), "/Users/<user>"),
            ("/Users/1".to_owned(), "/Users/<user 2>"),
            ("/Groups/1".to_owned(), "/Groups/<group>"),
            ("/Users/a%20b%2Fc".to_owned(), "/Users/<user 3>"),
            ("/Users/nobody".to_owned(), "/Users/nobody"),
            (
                "/Users?startIndex=1&count=100".to_owned(),
                "/Users?startIndex=1&count=100",
            ),
            (
                "/Users?filter=userName%20eq%20%22ada.k3x9f2%40example.com%22".to_owned(),
                "/Users?filter=userName%20eq%20%22ada.<run>%40example.com%22",
            ),
            (
                "/Users?filter=userName%20eq%20%22ADA.K3X9F2%40EXAMPLE.COM%22".to_owned(),
                "/Users?filter=userName%20eq%20%22ADA.<RUN>%40EXAMPLE.COM%22",
            ),
            (
                "/Groups?filter=displayName%20eq%20%22Crew%20k3x9f2%22".to_owned(),
                "/Groups?filter=displayName%20eq%20%22Crew%20<run>%22",
            ),
            (
                format!("/Groups?filter=members.value%20eq%20%22{ADA}%22"),
                "/Groups?filter=members.value%20eq%20%22<user>%22",
            ),
            (
                "/Groups?filter=members.value+eq+%221%22&count=1".to_owned(),
                "/Groups?filter=members.value+eq+%22<user 2>%22&count=1",
            ),
        ] {
            assert_eq!(normaliser.target(&target), expected, "{target}");
        }
    }

    #[test]
    fn a_run_id_that_needs_escaping_is_found_escaped() {
        let aliases = Aliases::default();
        let names = RunNames {
            run_id: "k3 ü".to_owned(),
            tail: 0,
            ..names()
        };
        let normaliser = Normaliser::new(&names, &aliases);
        assert_eq!(normaliser.text("Crew%20k3%20%C3%BC!"), "Crew%20<run>!");
        assert_eq!(normaliser.text("Crew%20K3%20%c3%bc!"), "Crew%20<RUN>!");
        assert_eq!(normaliser.text("Crew k3 ü!"), "Crew <run>!");
    }

    #[test]
    fn urls() {
        let (names, aliases) = (names(), aliases());
        let normaliser = Normaliser::new(&names, &aliases);
        for (url, expected) in [
            (
                "http://127.0.0.1:4711/scim/v2/Users/1".to_owned(),
                "<base>/Users/<user 2>",
            ),
            (
                format!("HTTP://127.0.0.1:4711/SCIM/v2/Users/{ADA}"),
                "<base>/Users/<user>",
            ),
            (
                "https://127.0.0.1:4711/scim/v2/Groups/1".to_owned(),
                "https://<host>/scim/v2/Groups/<group>",
            ),
            ("../Users/1".to_owned(), "../Users/<user 2>"),
            (
                "http://127.0.0.1:47110/scim/v2/Users/1".to_owned(),
                "http://127.0.0.1:47110/scim/v2/Users/<user 2>",
            ),
        ] {
            assert_eq!(normaliser.url(&url), expected, "{url}");
        }
    }

    #[test]
    fn words_of_a_text() {
        let (names, aliases) = (names(), aliases());
        let normaliser = Normaliser::new(&names, &aliases);
        for (text, expected) in [
            (format!("user {ADA} exists"), "user <user> exists"),
            (format!("x{ADA}"), &*format!("x{ADA}")),
            ("1 of 1".to_owned(), "1 of 1"),
            (
                "see <foreign-12>, <foreign-x>".to_owned(),
                "see <id>, <foreign-x>",
            ),
            (
                "6f1c0a52-6c1d-4a55-9d7e-0f3c6a2b9e11 is new".to_owned(),
                "<id> is new",
            ),
            ("by 00u4k2m9qZTn1RsWx5d7.".to_owned(), "by <okta id>."),
            ("mail@127.0.0.1:4711".to_owned(), "mail@127.0.0.1:4711"),
            (
                "see http://127.0.0.1:4711/docs".to_owned(),
                "see http://<host>/docs",
            ),
        ] {
            assert_eq!(normaliser.text(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_whole_resource() {
        let (names, aliases) = (names(), aliases());
        let normaliser = Normaliser::new(&names, &aliases);
        let normal = normaliser.value(
            &json!({
                "id": ADA, "externalId": "00u4k2m9qZTn1RsWx5d7", "userName": "ada.k3x9f2@example.com",
                "password": "x7!", "title": "1", "emails": [{"value": "1"}],
                "groups": [{"value": "1", "$ref": "../Groups/1"}],
                "meta": {
                    "created": "2026-03-01T10:00:00Z", "version": "W/\"7\"",
                    "location": format!("http://127.0.0.1:4711/scim/v2/Users/{ADA}"),
                },
            }),
            Some(Kind::User),
        );
        assert_eq!(
            normal,
            json!({
                "id": "<user>", "externalId": "<okta id>", "userName": "ada.<run>@example.com",
                "password": "<password>", "title": "1", "emails": [{"value": "1"}],
                "groups": [{"value": "<group>", "$ref": "../Groups/<group>"}],
                "meta": {
                    "created": "<time>", "version": "<version>",
                    "location": "<base>/Users/<user>",
                },
            })
        );
    }

    #[test]
    fn patch_operations() {
        let (names, aliases) = (names(), aliases());
        let normaliser = Normaliser::new(&names, &aliases);
        for (operation, expected) in [
            (
                json!({"op": "remove", "path": format!("members[value eq \"{ADA}\"]")}),
                json!({"op": "remove", "path": "members[value eq \"<user>\"]"}),
            ),
            (
                json!({"op": "remove", "path": "members[value eq \"1\"]"}),
                json!({"op": "remove", "path": "members[value eq \"<user 2>\"]"}),
            ),
            (
                json!({"op": "add", "path": "members", "value": [{"value": "1"}]}),
                json!({"op": "add", "path": "members", "value": [{"value": "<user 2>"}]}),
            ),
            (
                json!({"op": "replace", "value": {"id": "1", "displayName": "1"}}),
                json!({"op": "replace", "value": {"id": "<group>", "displayName": "1"}}),
            ),
            (
                json!({"op": "replace", "path": "password", "value": "secret"}),
                json!({"op": "replace", "path": "password", "value": "<password>"}),
            ),
        ] {
            let patch = json!({"Operations": [operation]});
            assert_eq!(
                normaliser.value(&patch, Some(Kind::Group)),
                json!({"Operations": [expected]})
            );
        }
    }

    #[test]
    fn a_wrong_shape_or_type_stays_visible() {
        for (wrong, expected) in [
            (
                json!({"meta": {"created": "2026-03-01 10:00:00"}}),
                Some(json!({"meta": {"created": "<time, not an xsd:dateTime>"}})),
            ),
            (
                json!({"meta": {"created": 1_772_359_200}}),
                Some(json!({"meta": {"created": "<time, a number>"}})),
            ),
            (
                json!({"meta": {"version": 7}}),
                Some(json!({"meta": {"version": "<version, a number>"}})),
            ),
            (
                json!({"meta": {"version": "7"}}),
                Some(json!({"meta": {"version": "<version, not an entity tag>"}})),
            ),
            (json!({"id": 42}), Some(json!({"id": "<user, a number>"}))),
            (json!({"id": ""}), None),
            (json!({"id": null, "active": "true"}), None),
            (json!({"totalResults": "1"}), None),
            (json!({"password": null}), None),
            (
                json!({"password": [1]}),
                Some(json!({"password": "<password, an array>"})),
            ),
        ] {
            assert_eq!(normalise(&wrong, &names()), expected.unwrap_or(wrong));
        }
    }

    #[test]
    fn a_numeric_id_is_a_number_in_the_body_and_an_id_in_urls() {
        let mut aliases = Aliases::default();
        aliases.learn_document(Kind::User, &json!({"id": 42}));
        let names = names();
        assert_eq!(
            Normaliser::new(&names, &aliases).target("/Users/42"),
            "/Users/<user>"
        );
    }
}
