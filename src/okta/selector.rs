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
        match steps.first() {
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
                } => write!(f, "[{attribute} eq \"{t}\"]")?,
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
                    &elements[chosen(elements, attribute, wanted)?]
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
                elements.len() - 1
            });
            if let Some(element) = elements[index].as_object_mut() {
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
    use serde_json::json;

    use super::*;

    fn selector(text: &str) -> Selector {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_writes_in_place() {
        let mut user = json!({"emails": [
            {"value": "home@example.test", "type": "home"},
            {"value": "old@example.test", "primary": true, "display": "Old"},
        ]});
        let email = selector("emails.^[primary==true].value");
        assert_eq!(email.read(&user), Some(&json!("old@example.test")));
        email.write(user.as_object_mut().unwrap(), json!("new@example.test"));
        selector("emails.^[primary==true].type")
            .write(user.as_object_mut().unwrap(), json!("work"));
        assert_eq!(
            user.to_string(),
            r#"{"emails":[{"value":"home@example.test","type":"home"},{"value":"new@example.test","primary":true,"display":"Old","type":"work"}]}"#
        );
    }

    #[test]
    fn makes_what_is_missing_in_okta_s_key_order() {
        let mut user = json!({});
        let object = user.as_object_mut().unwrap();
        selector("name.givenName").write(object, json!("Ada"));
        selector("emails.^[primary==true].value").write(object, json!("ada@example.test"));
        selector("phoneNumbers.^[type=='work'].value").write(object, json!("1"));
        selector("department")
            .within(Some("urn:x".into()))
            .write(object, json!("Sales"));
        assert_eq!(
            user.to_string(),
            r#"{"name":{"givenName":"Ada"},"emails":[{"primary":true,"value":"ada@example.test"}],"phoneNumbers":[{"type":"work","value":"1"}],"urn:x":{"department":"Sales"}}"#
        );
    }

    #[test]
    fn a_single_element_without_the_mark_counts() {
        let user = json!({"emails": [{"value": "a@example.test"}]});
        assert_eq!(
            selector("emails.^[primary==true].value").read(&user),
            Some(&json!("a@example.test"))
        );
        let two = json!({"emails": [{"value": "a"}, {"value": "b"}]});
        assert_eq!(selector("emails.^[primary==true].value").read(&two), None);
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
    }
}
