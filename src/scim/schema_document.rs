//! Reads a schema as `/Schemas/{urn}` serves it (RFC 7643, 7).

use serde_json::Value;

use super::schema::{Attribute, Kind, Mutability, Returned, Schema, Uniqueness};
use super::urn;

/// How deep attributes nest: sub-attributes have none themselves (RFC 7643, 2.3.8).
const DEPTH: usize = 2;

/// What a schema document does wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct SchemaDocumentError {
    /// Where: `id`, `attributes.badge.type`.
    pub at: String,
    /// What is wrong there.
    pub problem: String,
}

type Read<T> = Result<T, SchemaDocumentError>;

impl Schema {
    /// The schema that a document describes.
    ///
    /// It lives as long as the process: schemas are loaded once, at start, and stored values
    /// point into them.
    ///
    /// # Errors
    /// When a member is missing, has the wrong type, or a word that RFC 7643 does not know.
    pub fn from_document(document: &Value) -> Read<&'static Self> {
        let urn = text(document, "", "id")?;
        if !urn::is_urn(urn) {
            return Err(wrong(
                "",
                "id",
                "must be a URN, such as urn:acme:badge:1.0:User",
            ));
        }
        let name = optional_text(document, "", "name")?;
        let last = urn.rsplit(':').next().unwrap_or_default();
        let description = optional_text(document, "", "description")?;
        Ok(Box::leak(Box::new(Self {
            urn: keep(urn),
            name: keep(name.unwrap_or(last)),
            description: keep(description.unwrap_or_default()),
            attributes: attributes(document, "", "attributes", DEPTH)?,
        })))
    }
}

fn keep(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn place(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn wrong(at: &str, name: &str, problem: impl Into<String>) -> SchemaDocumentError {
    SchemaDocumentError {
        at: place(at, name),
        problem: problem.into(),
    }
}

fn optional_text<'v>(object: &'v Value, at: &str, name: &str) -> Read<Option<&'v str>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(at, name, "must be a string")),
    }
}

fn text<'v>(object: &'v Value, at: &str, name: &str) -> Read<&'v str> {
    let text = optional_text(object, at, name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(at, name, "is missing"))
}

fn flag(object: &Value, at: &str, name: &str) -> Read<bool> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(wrong(at, name, "must be true or false")),
    }
}

/// The member of a closed list that a word names; the first when there is no word.
fn word<T: Copy>(
    object: &Value,
    at: &str,
    name: &str,
    known: &[T],
    as_str: fn(T) -> &'static str,
) -> Read<T> {
    let given = optional_text(object, at, name)?;
    let found = match given {
        None => known.first(),
        Some(given) => known
            .iter()
            .find(|one| as_str(**one).eq_ignore_ascii_case(given)),
    };
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|one| as_str(*one)).collect();
        wrong(at, name, format!("must be one of {}", words.join(", ")))
    })
}

fn texts(object: &Value, at: &str, name: &str) -> Read<&'static [&'static str]> {
    let Some(elements) = object.get(name).filter(|value| !value.is_null()) else {
        return Ok(&[]);
    };
    let elements = elements.as_array();
    let texts = elements.and_then(|elements| {
        let texts = elements.iter().map(|element| element.as_str().map(keep));
        texts.collect::<Option<Vec<_>>>()
    });
    let texts = texts.ok_or_else(|| wrong(at, name, "must be an array of strings"))?;
    Ok(texts.leak())
}

fn attributes(object: &Value, at: &str, name: &str, depth: usize) -> Read<&'static [Attribute]> {
    let elements = object
        .get(name)
        .and_then(Value::as_array)
        .ok_or_else(|| wrong(at, name, "must be an array"))?;
    let at = place(at, name);
    let attributes = elements
        .iter()
        .map(|element| attribute(element, &at, depth));
    let attributes = attributes.collect::<Read<Vec<Attribute>>>()?;
    for (place, attribute) in attributes.iter().enumerate() {
        let same = |other: &Attribute| other.name.eq_ignore_ascii_case(attribute.name);
        if attributes.iter().take(place).any(same) {
            return Err(wrong(&at, attribute.name, "is there twice"));
        }
    }
    Ok(attributes.leak())
}

fn attribute(document: &Value, at: &str, depth: usize) -> Read<Attribute> {
    let name = text(document, at, "name")?;
    if !super::attribute_path::is_name(name) {
        return Err(wrong(at, name, "a name has letters, digits, - and _ only"));
    }
    let at = &place(at, name);
    let kind = word(document, at, "type", &Kind::ALL, Kind::as_str)?;
    let has_subs = document
        .get("subAttributes")
        .is_some_and(|subs| !subs.is_null());
    let sub_attributes = match (kind, has_subs) {
        (Kind::Complex, _) if depth <= 1 => {
            return Err(wrong(
                at,
                "type",
                "a sub-attribute cannot be complex itself",
            ));
        }
        (Kind::Complex, _) => attributes(document, at, "subAttributes", depth - 1)?,
        (_, true) => {
            return Err(wrong(
                at,
                "subAttributes",
                "only a complex attribute has them",
            ));
        }
        (_, false) => &[],
    };
    Ok(Attribute {
        name: keep(name),
        description: keep(optional_text(document, at, "description")?.unwrap_or_default()),
        kind,
        multi_valued: flag(document, at, "multiValued")?,
        required: flag(document, at, "required")?,
        mutability: word(
            document,
            at,
            "mutability",
            &Mutability::ALL,
            Mutability::as_str,
        )?,
        returned: word(document, at, "returned", &Returned::ALL, Returned::as_str)?,
        uniqueness: word(
            document,
            at,
            "uniqueness",
            &Uniqueness::ALL,
            Uniqueness::as_str,
        )?,
        case_exact: flag(document, at, "caseExact")?,
        canonical_values: texts(document, at, "canonicalValues")?,
        reference_types: texts(document, at, "referenceTypes")?,
        sub_attributes,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(attribute: Value) -> String {
        let document = json!({"id": "urn:acme:x:1.0:User", "attributes": [attribute]});
        Schema::from_document(&document).unwrap_err().to_string()
    }

    #[test]
    fn a_document_becomes_a_schema_with_the_defaults_of_the_rfc() {
        let schema = Schema::from_document(&json!({
            "id": "urn:acme:badge:1.0:User", "name": "Badge",
            "attributes": [
                {"name": "number", "type": "string", "required": true, "uniqueness": "server", "mutability": "immutable"},
                {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
                    {"name": "value", "type": "integer", "returned": "request"}]},
            ],
        }))
        .unwrap();
        assert_eq!(
            (schema.urn, schema.name),
            ("urn:acme:badge:1.0:User", "Badge")
        );
        let number = schema.attribute("NUMBER").unwrap();
        assert!(number.required && !number.case_exact && !number.multi_valued);
        assert_eq!(number.mutability, Mutability::Immutable);
        assert_eq!(number.returned, Returned::Default);
        let door = schema
            .attribute("doors")
            .unwrap()
            .sub_attribute("value")
            .unwrap();
        assert_eq!(
            (door.kind, door.returned),
            (Kind::Integer, Returned::Request)
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let table = [
            (json!({"type": "string"}), "attributes.name: is missing"),
            (
                json!({"name": "x", "type": "text"}),
                "attributes.x.type: must be one of string, boolean, decimal, integer, dateTime, binary, reference, complex",
            ),
            (
                json!({"name": "x", "multiValued": "yes"}),
                "attributes.x.multiValued: must be true or false",
            ),
            (
                json!({"name": "x", "type": "complex"}),
                "attributes.x.subAttributes: must be an array",
            ),
            (
                json!({"name": "x", "subAttributes": []}),
                "attributes.x.subAttributes: only a complex attribute has them",
            ),
            (
                json!({"name": "x", "type": "complex", "subAttributes": [{"name": "y", "type": "complex", "subAttributes": []}]}),
                "attributes.x.subAttributes.y.type: a sub-attribute cannot be complex itself",
            ),
            (
                json!({"name": "a b"}),
                "attributes.a b: a name has letters, digits, - and _ only",
            ),
        ];
        for (attribute, expected) in table {
            assert_eq!(problem(attribute), expected);
        }
        let no_urn = Schema::from_document(&json!({"id": "badge", "attributes": []}));
        assert!(
            no_urn
                .unwrap_err()
                .to_string()
                .starts_with("id: must be a URN")
        );
        let twice = json!({"id": "urn:x:y", "attributes": [{"name": "a"}, {"name": "A"}]});
        let twice = Schema::from_document(&twice).unwrap_err();
        assert_eq!(twice.to_string(), "attributes.A: is there twice");
    }
}
