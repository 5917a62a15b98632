//! Which stable name stands for which id: `<ada>` for whoever the scenario calls so.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::exchange::{Exchange, Method};
use crate::okta::request::Resource;
use crate::redact::is_nobodys;
use crate::secret::MASK;
use crate::verdict::{Actor, Row};

use super::shape::is_okta_id;
use super::words::is_word_byte;

/// What stands for an id of which no more is known than that it is one.
pub(super) const SOME_ID: &str = "<id>";

/// What stands for an id of an Okta org that nobody of the scenario has.
const SOME_OKTA_ID: &str = "<okta id>";

/// What an id is the id of. A server that counts may have a user 1 and a group 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    const ALL: [Self; 2] = [Self::User, Self::Group];

    fn word(self) -> &'static str {
        self.resource().word()
    }

    fn resource(self) -> Resource {
        match self {
            Self::User => Resource::User,
            Self::Group => Resource::Group,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::User => Self::Group,
            Self::Group => Self::User,
        }
    }

    /// The kind of resource below the endpoint `segment` of a path.
    pub(super) fn of_endpoint(segment: &str) -> Option<Self> {
        if segment.eq_ignore_ascii_case("Users") {
            Some(Self::User)
        } else if segment.eq_ignore_ascii_case("Groups") {
            Some(Self::Group)
        } else {
            None
        }
    }

    /// What a resource says it is.
    pub(super) fn of_resource(resource: &Value) -> Option<Self> {
        if resource.get("userName").is_some() {
            return Some(Self::User);
        }
        match resource.pointer("/meta/resourceType")?.as_str()? {
            "User" => Some(Self::User),
            "Group" => Some(Self::Group),
            _ => None,
        }
    }

    /// The kind of resource that a request to `target` is about.
    pub(super) fn of_target(target: &str) -> Option<Self> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        path.trim_start_matches('/')
            .split('/')
            .next()
            .and_then(Self::of_endpoint)
    }
}

#[derive(Debug)]
struct Alias {
    name: String,
    /// The id is so distinctive that it means this resource wherever it stands.
    anywhere: bool,
    /// It plays in the row, rather than belonging to another scenario or to a stranger.
    own: bool,
}

/// When somebody was first seen. What is made at once has no order, and hence shares a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// One after the other.
    InTurn,
    /// In this step, whose requests were sent at once.
    AtOnce(usize),
}

/// The ids of one row of a scenario, each with its name.
#[derive(Debug, Default)]
pub(super) struct Aliases<'r> {
    row: Option<&'r Row>,
    ids: HashMap<(Kind, String), Alias>,
    /// When each of those was first seen whom the scenario calls the same.
    moments: HashMap<String, Vec<Moment>>,
    okta: HashMap<String, String>,
}

impl<'r> Aliases<'r> {
    /// Of a row whose cast is known. Without one, everybody is taken for a part of the scenario, and is `<user>` or
    /// `<group>`.
    pub(super) fn of(row: Option<&'r Row>) -> Self {
        let cast = row.into_iter().flat_map(|row| &row.cast);
        let okta = cast.filter_map(|actor| {
            let name = format!("<okta {}>", actor.key);
            Some((actor.okta_id.clone()?, name))
        });
        Self {
            row,
            okta: okta.collect(),
            ..Self::default()
        }
    }

    /// Learns the ids of an answer: one resource, or a list of them. Only what a server says is an id becomes one; an
    /// invented id of a probe stays readable. Exchanges are to come in the order of the scenario.
    pub(super) fn learn(&mut self, step: Option<usize>, exchange: &Exchange) {
        let request = &exchange.request;
        let response = exchange.response().filter(|r| r.is_success());
        // The `id` of an error is the server's own business, such as the id of a log entry.
        let Some(Value::Object(answer)) = response.and_then(|r| r.json()) else {
            return;
        };
        let asked_for = Kind::of_target(&request.target);
        let moment = step
            .filter(|step| self.row.is_some_and(|row| row.at_once.contains(step)))
            .map_or(Moment::InTurn, Moment::AtOnce);
        let sent = request
            .body
            .as_deref()
            .filter(|_| request.method == Method::Post);
        let sent: Option<Map<String, Value>> =
            sent.and_then(|body| serde_json::from_slice(body).ok());
        if let Some(kind) = asked_for {
            self.learn_resource(kind, answer, sent.as_ref(), moment);
            self.learn_groups(kind, answer, moment);
        }
        for row in rows(answer) {
            let kind = asked_for.or_else(|| Kind::of_resource(row));
            if let (Some(kind), Value::Object(resource)) = (kind, row) {
                self.learn_resource(kind, resource, None, moment);
                self.learn_groups(kind, resource, moment);
            }
        }
    }

    /// Learns the scenario's own groups that a user shows: Okta may never have read one whose create got lost.
    fn learn_groups(&mut self, kind: Kind, user: &Map<String, Value>, moment: Moment) {
        let shown = user.get("groups").filter(|_| kind == Kind::User);
        for group in shown.and_then(Value::as_array).into_iter().flatten() {
            let (Some(id), Some(name)) = (group.get("value"), group.get("display")) else {
                continue;
            };
            let group = Map::from_iter([
                ("id".to_owned(), id.clone()),
                ("displayName".to_owned(), name.clone()),
            ]);
            if self.is_own(Kind::Group, &Value::Object(group.clone())) {
                self.learn_resource(Kind::Group, &group, None, moment);
            }
        }
    }

    /// Learns the ids of a document about resources of `kind`.
    pub(super) fn learn_document(&mut self, kind: Kind, document: &Value) {
        let Value::Object(object) = document else {
            return;
        };
        self.learn_resource(kind, object, None, Moment::InTurn);
        for resource in rows(object) {
            if let Value::Object(resource) = resource {
                self.learn_resource(kind, resource, None, Moment::InTurn);
            }
        }
    }

    fn learn_resource(
        &mut self,
        kind: Kind,
        resource: &Map<String, Value>,
        sent: Option<&Map<String, Value>>,
        moment: Moment,
    ) {
        let Some(id) = id_of(resource) else { return };
        // Some servers use the name as the id; it must stay readable where it is the name.
        let is_name = ["userName", "displayName", "externalId"]
            .iter()
            .any(|key| resource.get(*key).and_then(Value::as_str) == Some(&id));
        let anywhere = !is_name && is_distinctive(&id);
        if let Some(known) = self.ids.get_mut(&(kind, id.clone())) {
            known.anywhere &= anywhere;
            return;
        }
        let label = self.label(kind, &id, resource, sent);
        let own = label.is_some();
        let name = label.map_or(SOME_ID.to_owned(), |label| self.numbered(label, moment));
        let alias = Alias {
            name,
            anywhere,
            own,
        };
        self.ids.insert((kind, id), alias);
    }

    /// How the scenario calls a resource; none when it belongs to others.
    fn label(
        &self,
        kind: Kind,
        id: &str,
        resource: &Map<String, Value>,
        sent: Option<&Map<String, Value>>,
    ) -> Option<String> {
        let Some(row) = self.row else {
            return Some(kind.word().to_owned());
        };
        let cast = || {
            let of_kind = |actor: &&Actor| actor.resource == kind.resource();
            row.cast.iter().filter(of_kind)
        };
        let text = |of: &Map<String, Value>, key: &str| -> Option<String> {
            of.get(key).and_then(Value::as_str).map(str::to_owned)
        };
        let name_key = kind.resource().name_attribute();
        // The surest sign first: Okta gives an id to nobody twice, but a name to one after the other.
        let by_okta_id = |of: &Map<String, Value>| {
            let okta_id = text(of, "externalId")?;
            cast().find(|actor| actor.okta_id.as_ref() == Some(&okta_id))
        };
        let by_link = || {
            let mut linked = cast().filter(|actor| actor.ids.iter().any(|known| known == id));
            linked.next().filter(|_| linked.next().is_none())
        };
        let by_name = |of: &Map<String, Value>| {
            let name = text(of, name_key)?;
            let is = |same: fn(&str, &str) -> bool| {
                cast().find(|actor| actor.names.iter().any(|known| same(known, &name)))
            };
            is(|a, b| a == b).or_else(|| is(|a, b| a.to_lowercase() == b.to_lowercase()))
        };
        let actor = by_okta_id(resource)
            .or_else(by_link)
            .or_else(|| by_name(resource))
            .or_else(|| by_okta_id(sent?))
            .or_else(|| by_name(sent?));
        if let Some(actor) = actor {
            return Some(actor.key.clone());
        }
        let name = text(resource, name_key).or_else(|| text(sent?, name_key));
        let stem = name.and_then(|name| stem(&name, &row.run));
        // What was created here is the scenario's, whatever the server has made of its name.
        let stem = stem.or_else(|| sent.map(|_| String::new()))?;
        Some(format!("{} {stem}", kind.word()).trim_end().to_owned())
    }

    fn numbered(&mut self, label: String, moment: Moment) -> String {
        let moments = self.moments.entry(label.clone()).or_default();
        let shared = moments
            .iter()
            .position(|known| moment != Moment::InTurn && *known == moment);
        let number = shared.unwrap_or_else(|| {
            moments.push(moment);
            moments.len().saturating_sub(1)
        });
        match number {
            0 => format!("<{label}>"),
            n => format!("<{label} {}>", n.saturating_add(1)),
        }
    }

    /// Whether a resource plays in the row.
    pub(super) fn is_own(&self, kind: Kind, resource: &Value) -> bool {
        let Some((row, resource)) = self.row.zip(resource.as_object()) else {
            return self.row.is_none();
        };
        match id_of(resource).and_then(|id| self.ids.get(&(kind, id))) {
            Some(alias) => alias.own,
            None => {
                let name = resource.get(kind.resource().name_attribute());
                let name = name.and_then(Value::as_str);
                name.is_some_and(|name| stem(name, &row.run).is_some())
            }
        }
    }

    /// Whether a resource is of the row's crowd.
    pub(super) fn is_of_crowd(&self, kind: Kind, resource: &Value) -> bool {
        let id = resource.as_object().and_then(id_of);
        let alias = id.and_then(|id| self.ids.get(&(kind, id)));
        let key = alias.and_then(|alias| alias.name.strip_prefix('<'));
        key.is_some_and(is_of_crowd)
    }

    /// How many of a kind the row's crowd has.
    pub(super) fn crowd(&self, kind: Kind) -> usize {
        let cast = self.row.into_iter().flat_map(|row| &row.cast);
        cast.filter(|actor| actor.resource == kind.resource() && is_of_crowd(&actor.key))
            .count()
    }

    /// Whether an id is known to be of others.
    pub(super) fn is_anothers(&self, kind: Kind, id: &str) -> bool {
        let alias = self.ids.get(&(kind, id.to_owned()));
        alias.is_some_and(|alias| !alias.own) || is_masked(id)
    }

    /// Whether a text speaks of somebody in the row, by name or by id.
    pub(super) fn speaks_of_own(&self, text: &str) -> bool {
        let Some(row) = self.row else { return true };
        let text = text.to_lowercase();
        let mentions = |id: &str| text.contains(&id.to_lowercase());
        let ids = self.ids.iter().filter(|(_, alias)| alias.own);
        text.contains(&row.run.to_lowercase())
            || self.okta.keys().any(|id| mentions(id))
            || ids.map(|((_, id), _)| id).any(|id| mentions(id))
    }

    /// The name of `id` where an id of that kind is expected; failing that, one of the other kind.
    pub(super) fn find(&self, id: &str, expected: Kind) -> Option<&str> {
        if is_masked(id) {
            return Some(SOME_ID);
        }
        [expected, expected.other()]
            .iter()
            .find_map(|kind| self.ids.get(&(*kind, id.to_owned())))
            .map(|alias| alias.name.as_str())
    }

    /// The name of a word of running text, if the word is distinctive enough to be an id there.
    pub(super) fn find_word(&self, word: &str) -> Option<&str> {
        Kind::ALL
            .iter()
            .filter_map(|kind| self.ids.get(&(*kind, word.to_owned())))
            .find(|alias| alias.anywhere)
            .map(|alias| alias.name.as_str())
            .or_else(|| self.okta.get(word).map(String::as_str))
            .or_else(|| is_okta_id(word).then_some(SOME_OKTA_ID))
            .or_else(|| is_made_up(word).then_some(SOME_ID))
    }

    /// Ids that are replaced only where an id is expected, users first.
    pub(super) fn indistinct(&self) -> impl Iterator<Item = (&str, &str)> {
        Kind::ALL.iter().flat_map(move |wanted| {
            let of_kind: BTreeSet<(&str, &str)> = self
                .ids
                .iter()
                .filter(move |((kind, _), alias)| kind == wanted && !alias.anywhere)
                .map(|((_, id), alias)| (id.as_str(), alias.name.as_str()))
                .collect();
            of_kind
        })
    }
}

/// Whether a key is one that a crowd is counted by: `crowd-7`.
fn is_of_crowd(key: &str) -> bool {
    let number = key.strip_prefix("crowd-");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// The resources of a list.
pub(super) fn rows(list: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    list.iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case("Resources"))
        .filter_map(|(_, rows)| rows.as_array())
        .flatten()
}

/// The id that a resource says it has; none for one that was masked, or has its stable name already.
fn id_of(resource: &Map<String, Value>) -> Option<String> {
    match resource.get("id") {
        Some(Value::String(text)) => {
            let is_name = text.starts_with('<') && text.ends_with('>');
            (!text.is_empty() && text != MASK && !is_name).then(|| text.clone())
        }
        // A number is the wrong type and stays visible in the body, but in URLs it is an id.
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether the id was masked when it was recorded, because it belongs to a stranger.
fn is_masked(id: &str) -> bool {
    id.strip_prefix("<foreign-")
        .and_then(|rest| rest.strip_suffix('>'))
        .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// What is left of a name of the row when what tells runs apart is taken out: `dup` of `dup.{run}@example.com`. None
/// when it is no name of the row.
fn stem(name: &str, run: &str) -> Option<String> {
    const LONGEST: usize = 40;
    let run = run.to_lowercase();
    let lower = name.to_lowercase();
    let at = lower.find(&run).filter(|_| !run.is_empty())?;
    // Lower case may have another length, but then the name is none of ours before its run id.
    let before = name.get(..at).unwrap_or_default();
    let after = name.get(at.saturating_add(run.len())..).unwrap_or_default();
    let local = after.split('@').next().unwrap_or_default();
    let mut out = String::new();
    for c in before.chars().chain(['-']).chain(local.chars()) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let kept: String = out.trim_matches('-').chars().take(LONGEST).collect();
    Some(kept)
}

/// Long, with a digit, and made of characters that a word of text is made of: a UUID, an object
/// id, but not `42`, `admin` or an e-mail address.
fn is_distinctive(id: &str) -> bool {
    id.len() >= 8 && id.bytes().any(|b| b.is_ascii_digit()) && id.bytes().all(is_word_byte)
}

/// Whether a word looks like what machines make up as ids: a UUID, or 24 and more hexadecimal digits. The id that no
/// server has issued, which probes ask for, begins with zeros and stays readable.
fn is_made_up(word: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let is_uuid = lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| is_hex(part));
    let is_long = word.len() >= 24
        && is_hex(word)
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic());
    (is_uuid || is_long) && !is_nobodys(word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{Body, Request, Response, Timing};

    fn actor(key: &str, resource: Resource, names: &[&str]) -> Actor {
        Actor {
            key: key.to_owned(),
            resource,
            names: names.iter().map(|&name| name.to_owned()).collect(),
            okta_id: (resource == Resource::User).then(|| okta_id(key)),
            ids: Vec::new(),
        }
    }

    fn okta_id(key: &str) -> String {
        format!("00u{key:0>17}")
    }

    fn row() -> Row {
        Row {
            run: "k3x9f2".to_owned(),
            cast: vec![
                actor("ada", Resource::User, &["ada.k3x9f2@x"]),
                actor("twin", Resource::User, &["ADA.k3x9f2@x"]),
                actor("crew", Resource::Group, &["Crew k3x9f2"]),
            ],
            at_once: [2].into(),
            ..Row::default()
        }
    }

    fn answered(target: &str, sent: Option<Value>, answer: &Value) -> Exchange {
        Exchange {
            request: Request {
                method: if sent.is_some() {
                    Method::Post
                } else {
                    Method::Get
                },
                target: target.to_owned(),
                headers: Vec::new(),
                body: sent.map(|sent| sent.to_string().into()),
            },
            outcome: Ok(Response {
                status: 200,
                headers: Vec::new(),
                body: Body::read(answer.to_string().into(), None),
            }),
            timing: Timing::default(),
        }
    }

    #[test]
    fn people_are_called_as_the_scenario_calls_them() {
        let mut row = row();
        row.link("ada", "5");
        let mut aliases = Aliases::of(Some(&row));
        for (answer, sent, name) in [
            (
                json!({"id": "1", "userName": "ada.k3x9f2@x"}),
                None,
                "<ada>",
            ),
            (
                json!({"id": "2", "userName": "ADA.k3x9f2@x"}),
                None,
                "<twin>",
            ),
            (
                json!({"id": "3", "userName": "Ada.K3X9F2@x", "externalId": okta_id("twin")}),
                None,
                "<twin 2>",
            ),
            (
                json!({"id": "4"}),
                Some(json!({"userName": "ada.k3x9f2@x"})),
                "<ada 2>",
            ),
            (json!({"id": "5", "userName": "mangled"}), None, "<ada 3>"),
            (
                json!({"id": "6", "userName": "dup.k3x9f2@x"}),
                None,
                "<user dup>",
            ),
            (json!({"id": "7", "userName": "ada.zzzzzz@x"}), None, "<id>"),
            (json!({"id": "8"}), Some(json!({"userName": "x"})), "<user>"),
        ] {
            let id = answer["id"].as_str().unwrap().to_owned();
            aliases.learn(Some(1), &answered("/Users", sent, &answer));
            assert_eq!(aliases.find(&id, Kind::User), Some(name), "{answer}");
        }
        let crew = json!({"id": "1", "displayName": "Crew k3x9f2"});
        aliases.learn(Some(1), &answered("/Groups", None, &crew));
        assert_eq!(aliases.find("1", Kind::Group), Some("<crew>"));
        assert_eq!(aliases.find("2", Kind::Group), Some("<twin>"));
        assert_eq!(aliases.find_word(&okta_id("ada")), Some("<okta ada>"));
        assert_eq!(aliases.find_word(&okta_id("eve")), Some("<okta id>"));
        assert!(aliases.is_anothers(Kind::User, "7"));
        assert!(aliases.is_anothers(Kind::User, "<foreign-12>"));
        assert!(!aliases.is_anothers(Kind::User, "1"));
    }

    #[test]
    fn what_is_made_at_once_has_no_order() {
        let row = row();
        let mut aliases = Aliases::of(Some(&row));
        let ada = |id: &str| {
            let answer = json!({"id": id, "userName": "ada.k3x9f2@x"});
            answered("/Users", None, &answer)
        };
        for (step, id) in [(1, "a"), (2, "b"), (2, "c"), (3, "d")] {
            aliases.learn(Some(step), &ada(id));
        }
        let names = ["a", "b", "c", "d"].map(|id| aliases.find(id, Kind::User));
        assert_eq!(names, ["<ada>", "<ada 2>", "<ada 2>", "<ada 3>"].map(Some));
    }

    #[test]
    fn without_a_cast_everybody_is_a_user_or_a_group() {
        let mut aliases = Aliases::default();
        aliases.learn_document(
            Kind::User,
            &json!({"Resources": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}),
        );
        assert_eq!(aliases.find("b", Kind::User), Some("<user>"));
        assert_eq!(aliases.find("a", Kind::User), Some("<user 2>"));
    }

    #[test]
    fn an_id_that_is_the_name_is_no_word() {
        let mut aliases = Aliases::default();
        aliases.learn_document(
            Kind::User,
            &json!({"id": "ada-lovelace-1", "userName": "ada-lovelace-1"}),
        );
        assert_eq!(aliases.find_word("ada-lovelace-1"), None);
        assert_eq!(aliases.find("ada-lovelace-1", Kind::User), Some("<user>"));
    }

    #[test]
    fn masked_and_empty_ids_get_no_name() {
        let mut aliases = Aliases::default();
        aliases.learn_document(
            Kind::User,
            &json!({"Resources": [{"id": "***"}, {"id": ""}, {"id": null}]}),
        );
        aliases.learn_document(Kind::User, &json!({"id": "x"}));
        assert_eq!(aliases.find("x", Kind::User), Some("<user>"));
        assert_eq!(aliases.find("***", Kind::User), None);
    }

    #[test]
    fn ids_that_machines_make_up() {
        for made_up in [
            "2819c223-7f76-453a-919d-413861904646",
            "507f1f77bcf86cd799439011",
        ] {
            assert!(is_made_up(made_up), "{made_up}");
        }
        for word in [
            "00000000-0000-4000-8000-000000000000",
            "2819c223-7f76-453a-919d",
            "facade",
            "123456789012345678901234",
        ] {
            assert!(!is_made_up(word), "{word}");
        }
    }
}
