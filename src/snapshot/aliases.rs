//! Which stable name stands for which id: `<user-1>` for the first account seen, and so on.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::secret::MASK;

use super::shape::is_okta_id;
use super::words::{Stretch, is_word_byte, stretches};

/// What an id is the id of. A server that counts may have a user 1 and a group 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    const ALL: [Self; 2] = [Self::User, Self::Group];

    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
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
}

/// The ids seen so far, each with its name.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    ids: HashMap<(Kind, String), Alias>,
    users: u32,
    groups: u32,
    okta: HashMap<String, String>,
}

impl Aliases {
    /// Learns the ids of an answer about resources of `kind`: one resource, or a list of them.
    /// Only what a server says is an id becomes one; an invented id of a probe stays readable.
    pub(super) fn learn(&mut self, kind: Kind, answer: &Value) {
        let Value::Object(object) = answer else {
            return;
        };
        self.learn_resource(kind, object);
        let lists = object
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("Resources"));
        for resource in lists.filter_map(|(_, list)| list.as_array()).flatten() {
            if let Value::Object(resource) = resource {
                self.learn_resource(kind, resource);
            }
        }
    }

    fn learn_resource(&mut self, kind: Kind, resource: &Map<String, Value>) {
        let id = match resource.get("id") {
            Some(Value::String(text)) if !text.is_empty() && text != MASK => text.clone(),
            // A number is the wrong type and stays visible in the body, but in URLs it is an id.
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        // Some servers use the name as the id; it must stay readable where it is the name.
        let is_name = ["userName", "displayName", "externalId"]
            .iter()
            .any(|key| resource.get(*key).and_then(Value::as_str) == Some(&id));
        let anywhere = !is_name && is_distinctive(&id);
        if let Some(known) = self.ids.get_mut(&(kind, id.clone())) {
            known.anywhere &= anywhere;
            return;
        }
        let count = match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        };
        *count = count.saturating_add(1);
        let name = format!("<{}-{count}>", kind.word());
        self.ids.insert((kind, id), Alias { name, anywhere });
    }

    /// Learns the ids of an Okta org in `value`, in the order in which they stand there.
    pub(super) fn learn_okta(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.learn_okta_text(text),
            Value::Array(list) => list.iter().for_each(|v| self.learn_okta(v)),
            Value::Object(object) => object.values().for_each(|v| self.learn_okta(v)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Learns the ids of an Okta org in a text.
    pub(super) fn learn_okta_text(&mut self, text: &str) {
        for stretch in stretches(text) {
            if let Stretch::Word(word) = stretch
                && is_okta_id(word)
                && !self.okta.contains_key(word)
            {
                let name = format!("<okta-{}>", self.okta.len() + 1);
                self.okta.insert(word.to_owned(), name);
            }
        }
    }

    /// The name of `id` where an id of that kind is expected; failing that, one of the other kind.
    pub(super) fn find(&self, id: &str, expected: Kind) -> Option<&str> {
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
    }

    /// Ids that are replaced only where an id is expected, users first.
    pub(super) fn indistinct(&self) -> impl Iterator<Item = (&str, &str)> {
        Kind::ALL.iter().flat_map(move |wanted| {
            self.ids
                .iter()
                .filter(move |((kind, _), alias)| kind == wanted && !alias.anywhere)
                .map(|((_, id), alias)| (id.as_str(), alias.name.as_str()))
        })
    }
}

/// Long, with a digit, and made of characters that a word of text is made of: a UUID, an object
/// id, but not `42`, `admin` or an e-mail address.
fn is_distinctive(id: &str) -> bool {
    id.len() >= 8 && id.bytes().any(|b| b.is_ascii_digit()) && id.bytes().all(is_word_byte)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_follow_the_first_appearance() {
        let mut aliases = Aliases::default();
        aliases.learn(
            Kind::User,
            &json!({"Resources": [{"id": "b"}, {"id": "a"}]}),
        );
        aliases.learn(Kind::User, &json!({"id": "a"}));
        aliases.learn(Kind::Group, &json!({"id": "a"}));
        assert_eq!(aliases.find("b", Kind::User), Some("<user-1>"));
        assert_eq!(aliases.find("a", Kind::User), Some("<user-2>"));
        assert_eq!(aliases.find("a", Kind::Group), Some("<group-1>"));
        assert_eq!(aliases.find("b", Kind::Group), Some("<user-1>"));
    }

    #[test]
    fn an_id_that_is_the_name_is_no_word() {
        let mut aliases = Aliases::default();
        aliases.learn(
            Kind::User,
            &json!({"id": "ada-lovelace-1", "userName": "ada-lovelace-1"}),
        );
        assert_eq!(aliases.find_word("ada-lovelace-1"), None);
        assert_eq!(aliases.find("ada-lovelace-1", Kind::User), Some("<user-1>"));
    }

    #[test]
    fn masked_and_empty_ids_get_no_name() {
        let mut aliases = Aliases::default();
        aliases.learn(
            Kind::User,
            &json!({"Resources": [{"id": "***"}, {"id": ""}, {"id": null}]}),
        );
        aliases.learn(Kind::User, &json!({"id": "x"}));
        assert_eq!(aliases.find("x", Kind::User), Some("<user-1>"));
        assert_eq!(aliases.find("***", Kind::User), None);
    }
}
