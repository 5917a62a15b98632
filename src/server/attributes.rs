//! Attributes as they are kept: JSON text, which takes a tenth of what a tree of values takes
//! and goes into an answer as it is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::scim::urn;

/// The attributes of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attributes {
    /// A JSON object.
    json: Box<str>,
    /// Some attribute is a schema extension.
    extended: bool,
}

impl From<Map<String, Value>> for Attributes {
    fn from(attributes: Map<String, Value>) -> Self {
        Self {
            extended: attributes.keys().any(|name| urn::is_urn(name)),
            json: Value::Object(attributes).to_string().into_boxed_str(),
        }
    }
}

impl Attributes {
    /// All of them as a tree, to be read or changed.
    pub(super) fn to_map(&self) -> Map<String, Value> {
        self.pick(|_| true)
    }

    /// Those whose names are wanted; the others are passed over unread.
    pub(super) fn pick(&self, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
        let mut text = serde_json::Deserializer::from_str(&self.json);
        // The text was written from a tree, so it can be read.
        Pick(wanted).deserialize(&mut text).unwrap_or_default()
    }

    /// One of them.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        self.pick(|key| key == name).shift_remove(name)
    }

    /// One that is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there are attributes of that extension.
    pub(super) fn has_extension(&self, urn: &str) -> bool {
        self.extended && self.get(urn).is_some()
    }

    /// What stands between the braces of the JSON object; empty when there is nothing.
    pub(super) fn inner_json(&self) -> &str {
        let inner = self.json.strip_prefix('{');
        inner
            .and_then(|inner| inner.strip_suffix('}'))
            .unwrap_or_default()
    }
}

/// Reads the members of an object that are wanted.
struct Pick<W>(W);

impl<'de, W: Fn(&str) -> bool> DeserializeSeed<'de> for Pick<W> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, object: D) -> Result<Self::Value, D::Error> {
        object.deserialize_map(self)
    }
}

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for Pick<W> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut picked = Map::new();
        while let Some(name) = object.next_key_seed(Name(&self.0))? {
            match name {
                Some(name) => {
                    picked.insert(name, object.next_value()?);
                }
                None => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(picked)
    }
}

/// Reads a name; `None` when it is not wanted.
struct Name<'w, W>(&'w W);

impl<'de, W: Fn(&str) -> bool> DeserializeSeed<'de> for Name<'_, W> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<W: Fn(&str) -> bool> Visitor<'_> for Name<'_, W> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.0)(name).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else {
            panic!("not an object")
        };
        object
    }

    #[test]
    fn some_are_read_without_the_others() {
        let attributes = Attributes::from(object(json!({
            "userName": "a\"\\\u{1f980}", "active": false, "name": {"active": true},
            urn::ENTERPRISE_USER: {"department": "Ops"},
        })));
        assert_eq!(
            attributes.text("userName").as_deref(),
            Some("a\"\\\u{1f980}")
        );
        assert_eq!(attributes.get("active"), Some(Value::Bool(false)));
        assert_eq!(attributes.text("active"), None);
        assert_eq!(attributes.get("department"), None);
        assert!(attributes.has_extension(urn::ENTERPRISE_USER));
        assert!(!attributes.has_extension(urn::USER));
        assert_eq!(
            attributes.inner_json(),
            r#""userName":"a\"\\🦀","active":false,"name":{"active":true},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Ops"}"#
        );
        assert_eq!(Attributes::from(Map::new()).inner_json(), "");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_altered_by_being_kept(
            members in proptest::collection::vec((any::<String>(), value()), 0..6)
        ) {
            let map: Map<String, Value> = members.into_iter().collect();
            let kept = Attributes::from(map.clone());
            prop_assert_eq!(kept.to_map(), map.clone());
            prop_assert_eq!(Value::Object(kept.to_map()).to_string(), Value::Object(map).to_string());
        }
    }
}
