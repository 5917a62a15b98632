//! Takes a client's attributes into the schema's shape, without altering a value.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::answer::Problem;
use super::resource_type::ResourceType;
use crate::scim::ErrorType;
use crate::scim::schema::{Attribute, Kind as Type, Mutability, Schema};

/// Multi-valued attributes that Okta's template apps send as an array of strings, although
/// RFC 7643, 4.1.2 has objects there.
const TAKEN_AS_STRINGS: [&str; 2] = ["roles", "entitlements"];

/// The attributes of a whole resource: known ones under the schema's spelling, read-only
/// and unknown ones left out, `null` and `[]` as unassigned (RFC 7643, 2.5).
pub(super) fn resource(
    of: ResourceType,
    body: &Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    check_schemas(of, body)?;
    let mut attributes = Map::new();
    for (name, value) in body {
        if let Some(extension) = of.extension(name) {
            let object = as_object(extension.urn, value)?;
            let taken = object_of(extension, object)?;
            if !taken.is_empty() {
                attributes.insert(extension.urn.into(), Value::Object(taken));
            }
        } else if let Some((attribute, taken)) = member_of(of.schema(), name, value)? {
            attributes.insert(attribute.name.into(), taken);
        }
    }
    Ok(attributes)
}

/// Refuses what says that it is something else. Leaving `schemas` out is forgiven, and so is a
/// URN that this server does not know: administrators of Okta map extensions of their own.
fn check_schemas(of: ResourceType, body: &Map<String, Value>) -> Result<(), Problem> {
    let named = body
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let Some((_, schemas)) = named.filter(|(_, schemas)| !schemas.is_null()) else {
        return Ok(());
    };
    let own = |urn: &Value| {
        let urn = urn.as_str();
        urn.is_some_and(|urn| urn.eq_ignore_ascii_case(of.schema().urn))
    };
    if schemas.as_array().is_some_and(|urns| urns.iter().any(own)) {
        return Ok(());
    }
    Err(Problem::bad_request(
        ErrorType::InvalidSyntax,
        format!("schemas must hold {}", of.schema().urn),
    ))
}

/// The attributes of one schema.
pub(super) fn object_of(
    schema: &Schema,
    object: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, Problem> {
    let mut attributes = Map::new();
    for (name, value) in object.into_iter().flatten() {
        if let Some((attribute, taken)) = member_of(schema, name, value)? {
            attributes.insert(attribute.name.into(), taken);
        }
    }
    Ok(attributes)
}

fn member_of(
    schema: &Schema,
    name: &str,
    value: &Value,
) -> Result<Option<(&'static Attribute, Value)>, Problem> {
    match schema.attribute(name) {
        Some(attribute) if attribute.mutability != Mutability::ReadOnly => {
            Ok(value_of(attribute, value)?.map(|taken| (attribute, taken)))
        }
        _ => Ok(None),
    }
}

fn as_object<'v>(name: &str, value: &'v Value) -> Result<Option<&'v Map<String, Value>>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::Object(object) => Ok(Some(object)),
        _ => Err(wrong_type(name, "an object")),
    }
}

/// The value of an attribute; `None` when it is unassigned.
pub(super) fn value_of(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Problem> {
    if value.is_null() {
        return Ok(None);
    }
    if !attribute.multi_valued {
        return single(attribute, value);
    }
    let Some(elements) = value.as_array() else {
        return Err(wrong_type(attribute.name, "an array"));
    };
    let elements = elements_of(attribute, elements)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

/// The elements of a multi-valued attribute; empty ones are left out.
pub(super) fn elements_of(
    attribute: &Attribute,
    elements: &[Value],
) -> Result<Vec<Value>, Problem> {
    let mut taken = Vec::with_capacity(elements.len());
    for element in elements {
        taken.extend(single(attribute, element)?);
    }
    drop_repeated(&mut taken);
    if primaries(&taken) > 1 {
        return Err(Problem::invalid_value(format!(
            "{} has more than one primary value",
            attribute.name
        )));
    }
    Ok(taken)
}

/// The same value of the same type is not returned more than once (RFC 7643, 2.4).
fn drop_repeated(elements: &mut Vec<Value>) {
    let mut seen = HashSet::with_capacity(elements.len());
    let first: Vec<bool> = elements.iter().map(|e| seen.insert(e)).collect();
    let mut first = first.into_iter();
    elements.retain(|_| first.next().unwrap_or(true));
}

/// How many elements say that they are the primary one; RFC 7643, 2.4 allows one.
pub(super) fn primaries(elements: &[Value]) -> usize {
    elements
        .iter()
        .filter(|element| is_primary(element))
        .count()
}

/// Whether an element says that it is the primary one.
pub(super) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// One value, or one element.
fn single(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Problem> {
    if attribute.kind == Type::Complex {
        if value.is_string() && TAKEN_AS_STRINGS.contains(&attribute.name) {
            return Ok(Some(value.clone()));
        }
        return complex(attribute, value);
    }
    let fits = match attribute.kind {
        Type::Boolean => value.is_boolean(),
        Type::Integer => value.is_i64() || value.is_u64(),
        Type::Decimal => value.is_number(),
        Type::Binary => value.as_str().is_some_and(is_base64),
        _ => value.is_string(),
    };
    if fits {
        Ok(Some(value.clone()))
    } else {
        Err(wrong_type(attribute.name, attribute.kind.as_str()))
    }
}

/// Base64 whose last character may hold bits that no byte needs.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// RFC 7643, 2.3.6 refers to RFC 4648, 4.
fn is_base64(text: &str) -> bool {
    BASE64.decode(text).is_ok()
}

/// A complex value, or an element of a multi-valued attribute with sub-attributes.
pub(super) fn complex(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Problem> {
    let Some(object) = value.as_object() else {
        return Err(wrong_type(attribute.name, "an object"));
    };
    let mut taken = Map::new();
    for (name, value) in object {
        // Read-only sub-attributes (`manager.displayName`) are kept: Okta maps and sends them.
        if let Some(sub) = attribute.sub_attribute(name)
            && let Some(value) = value_of(sub, value)?
        {
            taken.insert(sub.name.into(), value);
        }
    }
    Ok((!taken.is_empty()).then_some(Value::Object(taken)))
}

fn wrong_type(name: &str, wanted: &str) -> Problem {
    Problem::invalid_value(format!("{name} must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resource_type::{Kind, ResourceTypes};
    use super::*;
    use crate::scim::urn;

    fn taken(body: Value) -> Result<Value, String> {
        resource(
            ResourceTypes::default().get(Kind::User),
            body.as_object().unwrap(),
        )
        .map(Value::Object)
        .map_err(|problem| problem.detail)
    }

    #[test]
    fn values_are_kept_and_names_are_spelled_as_in_the_schema() {
        let body = json!({
            "USERNAME": " Ada ", "id": "x", "meta": {}, "groups": [], "nonsense": 1,
            "name": {"GivenName": "e\u{301}", "formatted": null}, "title": null, "emails": [],
            "roles": ["admin"], "active": false,
            urn::ENTERPRISE_USER.to_uppercase(): {"department": "Ops", "manager": {"value": "7", "displayName": "Lena"}},
        });
        assert_eq!(
            taken(body).unwrap(),
            json!({
                "userName": " Ada ", "name": {"givenName": "e\u{301}"}, "roles": ["admin"], "active": false,
                urn::ENTERPRISE_USER: {"department": "Ops", "manager": {"value": "7", "displayName": "Lena"}},
            })
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused() {
        let table = [
            (json!({"active": "true"}), "active must be boolean"),
            (json!({"userName": 7}), "userName must be string"),
            (json!({"emails": {"value": "x"}}), "emails must be an array"),
            (json!({"emails": ["x"]}), "emails must be an object"),
            (json!({"name": "Ada"}), "name must be an object"),
            (
                json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
                "emails has more than one primary value",
            ),
        ];
        for (body, detail) in table {
            assert_eq!(taken(body).unwrap_err(), detail);
        }
    }
}
