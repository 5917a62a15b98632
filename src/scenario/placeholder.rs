//! Placeholders in the texts of a scenario: `{run}`, `{ada.id}`, `{ada.login%}`, `{last:/Resources/0/id}`.
//!
//! A brace opens a placeholder only when a lower-case letter follows, so JSON needs no
//! escaping; `{{` stands for one `{`.

use std::fmt;

use super::Key;

/// What a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `{run}`: the random id of the run.
    Run,
    /// `{ada.id}`: the id that the target gave a person or a group.
    Id(Key),
    /// `{ada.login}`: a person's login as the Okta directory has it now.
    Login(Key),
    /// `{crew.name}`: a group's name as the Okta directory has it now.
    Name(Key),
    /// `{ada.seen:/meta/version}`: what stood at this JSON pointer (RFC 6901) in the
    /// target's last answer with that person or group.
    Seen(Key, String),
    /// `{last:/Resources/0/id}`: what stands at this JSON pointer in the answer to the literal request before.
    Last(String),
}

/// A value to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// What it stands for.
    pub value: Value,
    /// It ends in `%`: every byte but the unreserved ones of RFC 3986, 2.3 is percent-encoded.
    pub encoded: bool,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Stands for itself.
    Text(String),
    /// Is filled in.
    Fill(Placeholder),
}

/// A text with placeholders, ready to be filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// A brace and a letter, and no closing brace.
    #[error("the placeholder `{{{start}` has no closing brace")]
    Unclosed {
        /// What follows the brace, cut short.
        start: String,
    },
    /// Not one of the forms.
    #[error("unknown placeholder `{{{text}}}`")]
    Unknown {
        /// What stands between the braces.
        text: String,
    },
}

/// The longest text between braces that is looked at, in bytes.
const MAX_PLACEHOLDER: usize = 200;

impl Template {
    /// Splits `text` into its parts.
    ///
    /// # Errors
    ///
    /// A brace that opens a placeholder which is not closed, or not known.
    pub fn parse(text: &str) -> Result<Self, PlaceholderError> {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            template.push_text(before);
            let inside = from.strip_prefix('{').unwrap_or("");
            if let Some(after) = inside.strip_prefix('{') {
                template.push_text("{");
                rest = after;
            } else if inside.starts_with(|c: char| c.is_ascii_lowercase()) {
                let (placeholder, after) = one(inside)?;
                template.parts.push(Part::Fill(placeholder));
                rest = after;
            } else {
                template.push_text("{");
                rest = inside;
            }
        }
        template.push_text(rest);
        Ok(template)
    }

    /// The placeholders in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Fill(placeholder) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    /// The text with every placeholder replaced by what `value` says, percent-encoded
    /// where the placeholder asks for it.
    ///
    /// # Errors
    ///
    /// Whatever `value` returns.
    pub fn fill<E>(&self, mut value: impl FnMut(&Value) -> Result<String, E>) -> Result<String, E> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Fill(placeholder) if placeholder.encoded => {
                    percent_encode(&value(&placeholder.value)?, &mut filled);
                }
                Part::Fill(placeholder) => filled.push_str(&value(&placeholder.value)?),
            }
        }
        Ok(filled)
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Part::Text(last)) = self.parts.last_mut() {
            last.push_str(text);
        } else {
            self.parts.push(Part::Text(text.to_owned()));
        }
    }
}

/// The placeholder at the start of `inside`, and what follows its closing brace.
fn one(inside: &str) -> Result<(Placeholder, &str), PlaceholderError> {
    let window = inside.get(..inside.floor_char_boundary(MAX_PLACEHOLDER));
    let window = window.unwrap_or(inside);
    let line = window.split(['\n', '\r']).next().unwrap_or("");
    let Some((text, _)) = line.split_once('}') else {
        let start = line.chars().take(20).collect();
        return Err(PlaceholderError::Unclosed { start });
    };
    let (name, encoded) = text
        .strip_suffix('%')
        .map_or((text, false), |name| (name, true));
    let value = value(name).ok_or_else(|| PlaceholderError::Unknown {
        text: text.to_owned(),
    })?;
    let after = inside.get(text.len().saturating_add(1)..).unwrap_or("");
    Ok((Placeholder { value, encoded }, after))
}

fn value(name: &str) -> Option<Value> {
    if name == "run" {
        return Some(Value::Run);
    }
    if let Some(pointer) = name.strip_prefix("last:") {
        let is_pointer = pointer.starts_with('/');
        return is_pointer.then(|| Value::Last(pointer.to_owned()));
    }
    let (key, field) = name.split_once('.')?;
    if !is_key(key) {
        return None;
    }
    let key = key.to_owned();
    match field {
        "id" => Some(Value::Id(key)),
        "login" => Some(Value::Login(key)),
        "name" => Some(Value::Name(key)),
        _ => {
            let pointer = field.strip_prefix("seen:")?;
            pointer
                .starts_with('/')
                .then(|| Value::Seen(key, pointer.to_owned()))
        }
    }
}

/// Whether `text` can name a person or a group: a lower-case letter, then letters, digits, `-`.
#[must_use]
pub fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn percent_encode(text: &str, out: &mut String) {
    use fmt::Write as _;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => return error.to_string(),
        };
        let filled: Result<String, std::convert::Infallible> = template.fill(|value| {
            Ok(match value {
                Value::Run => "r1".to_owned(),
                Value::Id(key) => format!("<{key}/1>"),
                Value::Login(key) => format!("{key}+x@example.com"),
                Value::Name(key) => format!("[{key}]"),
                Value::Seen(key, pointer) => format!("{key}{pointer}"),
                Value::Last(pointer) => format!("last{pointer}"),
            })
        });
        filled.unwrap_or_default()
    }

    #[test]
    fn fills_in_every_form() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("", ""),
            ("ada.{run}@example.com", "ada.r1@example.com"),
            ("{run}{run}", "r1r1"),
            ("/Users/{ada.id}", "/Users/<ada/1>"),
            ("/Users/{ada.id%}", "/Users/%3Cada%2F1%3E"),
            ("{ada.login%}", "ada%2Bx%40example.com"),
            ("{crowd-12.login}", "crowd-12+x@example.com"),
            ("{crew.name}", "[crew]"),
            ("W/{ada.seen:/meta/version}", "W/ada/meta/version"),
            ("{last:/Resources/0/id%}", "last%2FResources%2F0%2Fid"),
            ("{{run}", "{run}"),
            ("{{{run}", "{r1"),
            (
                r#"{"a":{"b":"{run}"},"c":{}}"#,
                r#"{"a":{"b":"r1"},"c":{}}"#,
            ),
            ("{ run}", "{ run}"),
            ("{", "{"),
            ("}", "}"),
            ("é{run}é", "ér1é"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn says_what_is_no_placeholder() {
        for (text, wanted) in [
            ("{runn}", "unknown placeholder `{runn}`"),
            ("{ada}", "unknown placeholder `{ada}`"),
            ("{ada.email}", "unknown placeholder `{ada.email}`"),
            ("{ada.seen:meta}", "unknown placeholder `{ada.seen:meta}`"),
            ("{last:id}", "unknown placeholder `{last:id}`"),
            ("{a_b.id}", "unknown placeholder `{a_b.id}`"),
            ("{ada.id%%}", "unknown placeholder `{ada.id%%}`"),
            ("{ada.id", "the placeholder `{ada.id` has no closing brace"),
            ("{ada\n.id}", "the placeholder `{ada` has no closing brace"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }
}
