//! What a check says it saw, before anybody knows where in the run it belongs.

use serde_json::Value;

use crate::verdict::CheckMeta;

/// Something that a check saw, not yet tied to a place in the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The check.
    pub check: &'static CheckMeta,
    /// What within the check.
    pub facet: String,
    /// What it is when a special circumstance turns out not to matter: checks and facets, the more general ones last.
    pub general: Vec<(&'static CheckMeta, String)>,
    /// What should have come.
    pub wanted: String,
    /// What came. Never a value of a resource: it might be somebody else's.
    pub got: String,
    /// JSON pointer into the body.
    pub pointer: String,
}

impl Seen {
    /// Something wanted and something got.
    #[must_use]
    pub fn new(
        check: &'static CheckMeta,
        wanted: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self {
            check,
            facet: String::new(),
            general: Vec::new(),
            wanted: wanted.into(),
            got: got.into(),
            pointer: String::new(),
        }
    }

    /// What it is about within the check.
    #[must_use]
    pub fn facet(mut self, facet: impl Into<String>) -> Self {
        self.facet = facet.into();
        self
    }

    /// What it is when a special circumstance turns out not to matter; more general than what was said before.
    #[must_use]
    pub fn or(mut self, check: &'static CheckMeta, facet: impl Into<String>) -> Self {
        self.general.push((check, facet.into()));
        self
    }

    /// Where in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }
}

/// A value's type, for messages that must not hold the value itself.
#[must_use]
pub fn what(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(s) if s.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(a) if a.is_empty() => "[]".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(o) if o.is_empty() => "{}".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
