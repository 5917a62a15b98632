//! Hiding secrets in JSON, which stays JSON.

use serde_json::{Map, Value};

use super::secrets::Redactor;
use crate::secret::MASK;

impl Redactor {
    /// The bytes of a JSON text with `***` for every secret, still JSON; none when there is nothing to hide. What is no
    /// JSON is treated as text.
    #[must_use]
    pub fn json_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let hidden = self.bytes(bytes)?;
        let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
            return Some(hidden);
        };
        // Within an escape, or in a number, a place that is replaced leaves no JSON behind.
        if serde_json::from_slice::<Value>(&hidden).is_ok() {
            return Some(hidden);
        }
        self.json(&mut value);
        Some(value.to_string().into_bytes())
    }

    /// Hides every secret in the texts, names and numbers of a value. Says whether there was any.
    pub fn json(&self, value: &mut Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => {
                let found = self.bytes(number.to_string().as_bytes()).is_some();
                if found {
                    *value = MASK.into();
                }
                found
            }
            Value::String(text) => match self.bytes(text.as_bytes()) {
                Some(hidden) => {
                    *text = String::from_utf8_lossy(&hidden).into_owned();
                    true
                }
                None => false,
            },
            Value::Array(elements) => elements
                .iter_mut()
                .fold(false, |found, element| self.json(element) | found),
            Value::Object(object) => self.object(object),
        }
    }

    fn object(&self, object: &mut Map<String, Value>) -> bool {
        let mut found = object
            .values_mut()
            .fold(false, |found, value| self.json(value) | found);
        if object
            .keys()
            .any(|key| self.bytes(key.as_bytes()).is_some())
        {
            found = true;
            *object = std::mem::take(object)
                .into_iter()
                .map(|(key, value)| (self.owned(key), value))
                .collect();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn json_stays_json() {
        let redactor = Redactor::new();
        for secret in ["ntoken/123", "e9-secret", "12345678", "quote\"d\\secret"] {
            redactor.add_credential(&Secret::new(secret));
        }
        for (text, wanted) in [
            (r#"{"a": "ntoken\/123" }"#, r#"{"a": "***" }"#),
            // The letter behind the backslash belongs to the escape and to the secret.
            (r#"{"a":"\ntoken/123"}"#, r#"{"a":"\ntoken/123"}"#),
            (r#"{"a":"\u00e9-secret"}"#, r#"{"a":"é-secret"}"#),
            (r#"{"a":12345678,"b":1}"#, r#"{"a":"***","b":1}"#),
            (r#"{"12345678":[912345678]}"#, r#"{"***":["***"]}"#),
            (r#"["quote\"d\\secret"]"#, r#"["***"]"#),
            (r#"["quote\\\"d\\\\secret"]"#, r#"["***"]"#),
            (r#"{"a":"12345678"#, r#"{"a":"***"#),
        ] {
            let hidden = redactor.json_bytes(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&hidden), wanted, "{text}");
        }
        assert_eq!(redactor.json_bytes(br#"{"a":"b"}"#), None);
    }
}
