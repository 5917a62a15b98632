//! External names: how an Okta app attribute says where in a resource its value stands.
//!
//! Seen in Okta's profile editor and in vendors' guides: `userName`, `name.givenName`,
//! `emails.^[primary==true].value`, `roles.^[type=='base'].value`; a namespace is a schema URN
//! (Okta knowledge base, "How to Pass Multivalued Attributes").

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// An external name with its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The extension's URN; none for the core schema.
    pub namespace: Option<String>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Element { attribute: String, wanted: Wanted },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    Bool(bool),
    Text(String),
}

impl Wanted {
    fn value(&self) -> Value {
        match self {
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Text(text) => Value::String(text.clone()),
        }
    }

    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Text(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        }
    }
}

/// An external name that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an external name such as `name.givenName` or `emails.^[primary==true].value`"
)]
pub struct BadSelector(String);

impl FromStr for Selector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, BadSelector> {
        let bad = || BadSelector(text.to_owned());
        let mut steps = Vec::new();
        for part in text.split('.') {
            let step = match part.strip_prefix("^[") {
                None if part.is_empty() || part.contains(['[', ']', '^', '=']) => return Err(bad()),
                None => Step::Key(part.to_owned()),
                Some(rest) => {
                    let condition = rest.strip_suffix(']').ok_or_else(bad)?;
                    let (attribute, literal) = condition.split_once("==").ok_or_else(bad)?;
                    // A value stands in a sub-attribute of an element, never in its place.
                    if attribute.is_empty() || !matches!(steps.last(), Some(Step::Key(_))) {
                        return Err(bad());
                    }
                    let wanted = match literal {
                        "true" => Wanted::Bool(true),
                        "false" => Wanted::Bool(false),
                        quoted => Wanted::Text(
                            quoted
                                .strip_prefix('\'')
                                .and_then(|t| t.strip_suffix('\''))
                                .ok_or_else(bad)?
                                .to_owned(),
                        ),
                    };
                    Step::Element {
                        attribute: attribute.to_owned(),
                        wanted,
                    }
                }
            };
            steps.push(step);
        }
        match steps.last() {
            Some(Step::Key(_)) => Ok(Self {
                namespace: None,
                steps,
            }),
            _ => Err(bad()),
        }
    }
}

/// As a SCIM path: `emails[primary eq true].value`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.namespace {
            write!(f, "{urn}:")?;
        }
        for (i, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Element {
                    attribute,
                    wanted: Wanted::Bool(b),
                } => write!(f, "[{attribute} eq {b}]")?,
                Step::Element {
                    attribute,
                    wanted: Wanted::Text(t),
                } => write!(f, "[{attribute} eq {}]", Value::from(t.as_str()))?,
            }
        }
        Ok(())
    }
}

impl Selector {
    /// The same name within the extension `urn`.
    #[must_use]
    pub fn within(mut self, urn: Option<String>) -> Self {
        self.namespace = urn;
        self
    }

    /// The name of the top-level attribute.
    #[must_use]
    pub fn attribute(&self) -> &str {
        match self.steps.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// The value at this place of a resource. An array that holds a single element without
    /// the selecting sub-attribute counts as that element.
    #[must_use]
    pub fn read<'v>(&self, resource: &'v Value) -> Option<&'v Value> {
        let mut at = match &self.namespace {
            Some(urn) => resource.get(urn)?,
            None => resource,
        };
        for step in &self.steps {
            at = match step {
                Step::Key(key) => at.get(key)?,
                Step::Element { attribute, wanted } => {
                    let elements = at.as_array()?;
                    elements.get(chosen(elements, attribute, wanted)?)?
                }
            };
        }
        Some(at)
    }

    /// Puts `value` at this place, making what is missing on the way. Arrays are edited in
    /// place, the other elements stay (recorded: Okta added `type` to the target's element).
    pub fn write(&self, resource: &mut Map<String, Value>, value: Value) {
        let root = match &self.namespace {
            Some(urn) => {
                let slot = resource.entry(urn.clone()).or_insert_with(empty_object);
                if !slot.is_object() {
                    *slot = empty_object();
                }
                slot.as_object_mut()
            }
            None => Some(resource),
        };
        if let Some(root) = root {
            write_steps(root, &self.steps, value);
        }
    }

    /// Takes the value at this place out, and with it what then holds nothing any more: an object, an element that is
    /// left with its mark alone, an array, an extension.
    pub fn remove(&self, resource: &mut Map<String, Value>) {
        match &self.namespace {
            Some(urn) => {
                if let Some(extension) = resource.get_mut(urn).and_then(Value::as_object_mut) {
                    remove_steps(extension, &self.steps);
                    if extension.is_empty() {
                        resource.shift_remove(urn);
                    }
                }
            }
            None => remove_steps(resource, &self.steps),
        }
    }
}

fn remove_steps(object: &mut Map<String, Value>, steps: &[Step]) {
    let [Step::Key(key), rest @ ..] = steps else {
        return;
    };
    let empty = match (rest, object.get_mut(key)) {
        ([], _) => true,
        ([Step::Element { attribute, wanted }, rest @ ..], Some(Value::Array(elements))) => {
            if let Some(index) = chosen(elements, attribute, wanted)
                && let Some(element) = elements.get_mut(index).and_then(Value::as_object_mut)
            {
                remove_steps(element, rest);
                if element.keys().all(|key| key == attribute) {
                    elements.remove(index);
                }
            }
            elements.is_empty()
        }
        (rest, Some(Value::Object(inner))) => {
            remove_steps(inner, rest);
            inner.is_empty()
        }
        _ => false,
    };
    if empty {
        object.shift_remove(key);
    }
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

fn chosen(elements: &[Value], attribute: &str, wanted: &Wanted) -> Option<usize> {
    elements
        .iter()
        .position(|e| e.get(attribute).is_some_and(|v| wanted.is(v)))
        .or_else(|| match elements {
            [only] if only.is_object() && only.get(attribute).is_none_or(Value::is_null) => Some(0),
            _ => None,
        })
}

fn write_steps(object: &mut Map<String, Value>, steps: &[Step], value: Value) {
    match steps {
        [] => {}
        [Step::Key(key)] => {
            object.insert(key.clone(), value);
        }
        [
            Step::Key(key),
            Step::Element { attribute, wanted },
            rest @ ..,
        ] => {
            let slot = object
                .entry(key.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            if !slot.is_array() {
                *slot = Value::Array(Vec::new());
            }
            let Some(elements) = slot.as_array_mut() else {
                return;
            };
            let index = chosen(elements, attribute, wanted).unwrap_or_else(|| {
                elements.push(empty_object());
                elements.len().saturating_sub(1)
            });
            if let Some(element) = elements.get_mut(index).and_then(Value::as_object_mut) {
                if element.get(attribute).is_none_or(Value::is_null) {
                    element.insert(attribute.clone(), wanted.value());
                }
                write_steps(element, rest, value);
            }
        }
        [Step::Key(key), rest @ ..] => {
            let slot = object.entry(key.clone()).or_insert_with(empty_object);
            if !slot.is_object() {
                *slot = empty_object();
            }
            if let Some(inner) = slot.as_object_mut() {
                write_steps(inner, rest, value);
            }
        }
        [Step::Element { .. }, ..] => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn selector(text: &str) -> Selector {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_writes_in_place() {
        let mut user = json!({"emails": [
            {"value": "home@example.com", "type": "home"},
            {"value": "old@example.com", "primary": true, "display": "Old"},
        ]});
        let email = selector("emails.^[primary==true].value");
        assert_eq!(email.read(&user), Some(&json!("old@example.com")));
        email.write(user.as_object_mut().unwrap(), json!("new@example.com"));
        selector("emails.^[primary==true].type")
            .write(user.as_object_mut().unwrap(), json!("work"));
        assert_eq!(
            user.to_string(),
            r#"{"emails":[{"value":"home@example.com","type":"home"},{"value":"new@example.com","primary":true,"display":"Old","type":"work"}]}"#
        );
    }

    #[test]
    fn makes_what_is_missing_in_okta_s_key_order() {
        let mut user = json!({});
        let object = user.as_object_mut().unwrap();
        selector("name.givenName").write(object, json!("Ada"));
        selector("emails.^[primary==true].value").write(object, json!("ada@example.com"));
        selector("phoneNumbers.^[type=='work'].value").write(object, json!("1"));
        selector("department")
            .within(Some("urn:x".into()))
            .write(object, json!("Sales"));
        assert_eq!(
            user.to_string(),
            r#"{"name":{"givenName":"Ada"},"emails":[{"primary":true,"value":"ada@example.com"}],"phoneNumbers":[{"type":"work","value":"1"}],"urn:x":{"department":"Sales"}}"#
        );
    }

    #[test]
    fn a_single_element_without_the_mark_counts() {
        let user = json!({"emails": [{"value": "a@example.com"}]});
        assert_eq!(
            selector("emails.^[primary==true].value").read(&user),
            Some(&json!("a@example.com"))
        );
        let two = json!({"emails": [{"value": "a"}, {"value": "b"}]});
        assert_eq!(selector("emails.^[primary==true].value").read(&two), None);
    }

    #[test]
    fn takes_out_what_then_holds_nothing() {
        let table = [
            (
                "phoneNumbers.^[type=='work'].value",
                json!({"phoneNumbers": [{"type": "work", "value": "1"}], "title": "x"}),
                json!({"title": "x"}),
            ),
            (
                "phoneNumbers.^[type=='work'].value",
                json!({"phoneNumbers": [{"type": "home", "value": "2"}, {"type": "work", "value": "1", "display": "W"}]}),
                json!({"phoneNumbers": [{"type": "home", "value": "2"}, {"type": "work", "display": "W"}]}),
            ),
            (
                "name.middleName",
                json!({"name": {"middleName": "M"}}),
                json!({}),
            ),
            (
                "name.middleName",
                json!({"name": {"middleName": "M", "givenName": "A"}}),
                json!({"name": {"givenName": "A"}}),
            ),
            ("title", json!({"name": 1}), json!({"name": 1})),
            (
                "name.middleName",
                json!({"name": "odd"}),
                json!({"name": "odd"}),
            ),
        ];
        for (name, mut resource, left) in table {
            selector(name).remove(resource.as_object_mut().unwrap());
            assert_eq!(resource, left, "{name}");
        }
        let mut user = json!({"urn:x": {"department": "Sales"}});
        selector("department")
            .within(Some("urn:x".into()))
            .remove(user.as_object_mut().unwrap());
        assert_eq!(user, json!({}));
    }

    #[test]
    fn refuses_what_is_no_external_name() {
        for bad in [
            "",
            ".",
            "a..b",
            "^[primary==true].value",
            "emails.^[primary=true].value",
            "emails.^[type==work].value",
            "emails[0].value",
            "emails.^[primary==true]",
            "emails.^[==true].value",
            "emails.^[primary==true].^[type=='work'].value",
        ] {
            assert!(bad.parse::<Selector>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn prints_as_a_scim_path() {
        assert_eq!(
            selector("emails.^[primary==true].value").to_string(),
            "emails[primary eq true].value"
        );
        assert_eq!(
            selector("manager.value")
                .within(Some("urn:x".into()))
                .to_string(),
            "urn:x:manager.value"
        );
        assert_eq!(
            selector(r#"roles.^[type=='a"b\c'].value"#).to_string(),
            r#"roles[type eq "a\"b\\c"].value"#
        );
    }

    /// Names such as an administrator may write, with all shapes that there are.
    fn external_name() -> impl Strategy<Value = String> {
        let key = "[a-c]|é| |😀";
        // The marks are other attributes than the values: who writes over the mark loses the element.
        let mark = "\\^\\[(primary==(true|false)|type=='[ab\"\\\\]{0,2}')\\]";
        let place =
            proptest::string::string_regex(&format!("({key})(\\.{mark})?(\\.({key})){{0,2}}"));
        place
            .unwrap()
            .prop_filter("a value stands in a sub-attribute", |n| !n.ends_with(']'))
    }

    /// Resources that fit the names above, or do not.
    fn resource() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ab😀]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let key = prop_oneof![
                "[a-c]|é| |😀",
                Just("primary".to_owned()),
                Just("type".to_owned())
            ];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key, inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-b.^\\[\\]='é true]{0,24}|\\PC{0,24}", resource in resource()) {
            if let Ok(selector) = text.parse::<Selector>() {
                prop_assert!(!selector.to_string().is_empty());
                prop_assert!(text.starts_with(selector.attribute()));
                let _ = selector.read(&resource);
                let mut object = resource.as_object().cloned().unwrap_or_default();
                selector.write(&mut object, Value::Null);
                selector.remove(&mut object);
            }
        }

        #[test]
        fn what_was_written_is_read(
            name in external_name(),
            urn in proptest::option::of("urn:[a-c]"),
            resource in resource(),
            value in resource(),
        ) {
            let selector = selector(&name).within(urn);
            let mut object = resource.as_object().cloned().unwrap_or_default();
            selector.write(&mut object, value.clone());
            let once = Value::Object(object.clone());
            prop_assert_eq!(selector.read(&once), Some(&value));
            selector.write(&mut object, value);
            prop_assert_eq!(Value::Object(object).to_string(), once.to_string(), "twice is once");
        }

        #[test]
        fn a_write_leaves_the_rest_and_its_order(
            name in external_name(),
            resource in resource(),
            value in resource(),
        ) {
            let selector = selector(&name);
            let before = resource.as_object().cloned().unwrap_or_default();
            let mut after = before.clone();
            selector.write(&mut after, value);
            prop_assert!(after.keys().zip(before.keys()).all(|(new, old)| new == old));
            for (key, old) in before.iter().filter(|(key, _)| *key != selector.attribute()) {
                prop_assert_eq!(after.get(key), Some(old));
            }
        }
    }
}
