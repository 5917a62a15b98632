//! How large a resource may be, and what an extension's schema demands of it as a whole (RFC
//! 7643, 2.2 and 7): required,
//! immutable and unique values, and values that no answer shows.
//!
//! The core schemas have few such rules, and `users`, `groups` and `entitlements` know them.

use serde_json::{Map, Value};

use super::answer::Problem;
use super::fold;
use super::limits;
use super::resource_type::ResourceType;
use super::store::{Id, Store};
use crate::scim::ErrorType;
use crate::scim::schema::{Attribute, Mutability, Returned, Schema, Uniqueness};

/// Refuses new attributes that break a rule; `old` are those before a change.
pub(super) fn check(
    of: ResourceType,
    store: &Store,
    own: Option<&Id>,
    old: Option<&Map<String, Value>>,
    new: &Map<String, Value>,
) -> Result<(), Problem> {
    limits::check_attributes(new)?;
    for extension in of.extensions() {
        let schema = extension.schema;
        let Some(object) = object_of(new, schema) else {
            if extension.required {
                return Err(missing(schema.urn));
            }
            continue;
        };
        require(schema.attributes, object)?;
        let before = old.and_then(|old| object_of(old, schema));
        for attribute in schema.attributes {
            let value = object.get(attribute.name);
            let former = before.and_then(|before| before.get(attribute.name));
            if attribute.mutability == Mutability::Immutable && former.is_some() && former != value
            {
                return Err(Problem::bad_request(
                    ErrorType::Mutability,
                    format!("{} cannot be changed", attribute.name),
                ));
            }
            if attribute.uniqueness != Uniqueness::None
                && let Some(value) = value
                && is_taken(of, store, own, schema, attribute, value)
            {
                return Err(Problem::conflict(format!(
                    "{} is already in use",
                    attribute.name
                )));
            }
        }
    }
    Ok(())
}

fn object_of<'m>(
    attributes: &'m Map<String, Value>,
    schema: &Schema,
) -> Option<&'m Map<String, Value>> {
    attributes.get(schema.urn)?.as_object()
}

fn missing(name: &str) -> Problem {
    Problem::invalid_value(format!("{name} is required"))
}

/// Required attributes, and required sub-attributes of what is there.
fn require(attributes: &[Attribute], object: &Map<String, Value>) -> Result<(), Problem> {
    for attribute in attributes {
        let elements = match object.get(attribute.name) {
            None if attribute.required => return Err(missing(attribute.name)),
            None => continue,
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(single) => std::slice::from_ref(single),
        };
        for element in elements.iter().filter_map(Value::as_object) {
            require(attribute.sub_attributes, element)?;
        }
    }
    Ok(())
}

/// Whether another resource has the value. No index knows what a file declares, so this
/// reads every resource; only schemas with a unique attribute pay for it.
fn is_taken(
    of: ResourceType,
    store: &Store,
    own: Option<&Id>,
    schema: &Schema,
    attribute: &Attribute,
    value: &Value,
) -> bool {
    let key = |value: &Value| match value.as_str() {
        Some(text) if !attribute.case_exact => Value::from(fold::key(text)),
        _ => value.clone(),
    };
    let wanted = key(value);
    store.of(of.kind).iter().any(|record| {
        let extension = record.attributes.get(schema.urn);
        let has = extension
            .as_ref()
            .and_then(|object| object.get(attribute.name))
            .is_some_and(|value| key(value) == wanted);
        has && Some(&record.id) != own
    })
}

/// Keeps, in the attributes of a PUT, what no GET could have shown: a client that sends back
/// what it read must not clear it.
pub(super) fn keep_unshown(
    of: ResourceType,
    old: &Map<String, Value>,
    new: &mut Map<String, Value>,
) {
    for extension in of.extensions() {
        let schema = extension.schema;
        let Some(before) = object_of(old, schema) else {
            continue;
        };
        for attribute in schema.attributes {
            let Some(value) = before.get(attribute.name).filter(|_| is_unshown(attribute)) else {
                continue;
            };
            let object = new
                .entry(schema.urn)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(object) = object.as_object_mut() {
                object.entry(attribute.name).or_insert(value.clone());
            }
        }
    }
}

fn is_unshown(attribute: &Attribute) -> bool {
    matches!(attribute.returned, Returned::Never | Returned::Request)
}
