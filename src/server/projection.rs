//! `attributes` and `excludedAttributes` (RFC 7644, 3.9).

use serde_json::{Map, Value};

use super::request::Query;
use super::resource_type::ResourceType;
use crate::scim::AttributePath;
use crate::scim::schema::Returned;

/// Leaves in a resource what the query asks for. What is always returned stays.
pub(super) fn apply(of: ResourceType, resource: &mut Map<String, Value>, query: &Query) {
    hide(of, resource, query);
    if !query.attributes.is_empty() {
        let wanted: Vec<Selector> = selectors(of, &query.attributes);
        resource.retain(|name, value| always(of, name) || keep(&wanted, name, value));
    } else if !query.excluded_attributes.is_empty() {
        for selector in selectors(of, &query.excluded_attributes) {
            if !always(of, &selector.key) {
                selector.exclude(resource);
            }
        }
    }
}

/// Takes out what extensions never return, or only on request (RFC 7643, 7, `returned`).
/// The only such attribute of the core schemas, `password`, is not rendered at all.
fn hide(of: ResourceType, resource: &mut Map<String, Value>, query: &Query) {
    for extension in of.extensions() {
        let schema = extension.schema;
        let Some(object) = resource.get_mut(schema.urn).and_then(Value::as_object_mut) else {
            continue;
        };
        let asked = |name: &str| {
            let full = format!("{}:{name}", schema.urn);
            let mut names = query.attributes.iter();
            names.any(|asked| asked.eq_ignore_ascii_case(&full))
        };
        let hidden = schema
            .attributes
            .iter()
            .filter(|attribute| match attribute.returned {
                Returned::Never => true,
                Returned::Request => !asked(attribute.name),
                Returned::Always | Returned::Default => false,
            });
        for attribute in hidden {
            object.shift_remove(attribute.name);
        }
    }
}

/// One name of the list: a key of the resource, and perhaps a key below it.
struct Selector {
    key: String,
    sub: Option<String>,
}

fn selectors(of: ResourceType, names: &[String]) -> Vec<Selector> {
    names.iter().filter_map(|name| selector(of, name)).collect()
}

fn selector(of: ResourceType, name: &str) -> Option<Selector> {
    if let Some(extension) = of.extension(name) {
        return Some(Selector {
            key: extension.urn.to_owned(),
            sub: None,
        });
    }
    let path = AttributePath::parse(name).ok()?;
    match path.urn.as_deref().and_then(|urn| of.extension(urn)) {
        Some(extension) => Some(Selector {
            key: extension.urn.to_owned(),
            sub: Some(path.name),
        }),
        None => Some(Selector {
            key: path.name,
            sub: path.sub,
        }),
    }
}

fn always(of: ResourceType, name: &str) -> bool {
    of.schema()
        .attribute(name)
        .is_some_and(|attribute| attribute.returned == Returned::Always)
}

fn keep(wanted: &[Selector], name: &str, value: &mut Value) -> bool {
    let hits: Vec<&Selector> = wanted
        .iter()
        .filter(|selector| selector.key.eq_ignore_ascii_case(name))
        .collect();
    if !hits.is_empty() && hits.iter().all(|selector| selector.sub.is_some()) {
        for_objects(value, |object| {
            object.retain(|key, _| hits.iter().any(|selector| selector.has_sub(key)));
        });
    }
    !hits.is_empty()
}

impl Selector {
    fn has_sub(&self, key: &str) -> bool {
        self.sub
            .as_ref()
            .is_some_and(|sub| sub.eq_ignore_ascii_case(key))
    }

    fn exclude(&self, resource: &mut Map<String, Value>) {
        if self.sub.is_none() {
            resource.retain(|name, _| !self.key.eq_ignore_ascii_case(name));
            return;
        }
        for (name, value) in resource.iter_mut() {
            if self.key.eq_ignore_ascii_case(name) {
                for_objects(value, |object| object.retain(|key, _| !self.has_sub(key)));
            }
        }
    }
}

/// Calls `change` with an object, or with each object of an array.
fn for_objects(value: &mut Value, mut change: impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => change(object),
        Value::Array(elements) => elements
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(change),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resource_type::{Kind, ResourceTypes};
    use super::*;
    use crate::scim::urn;

    fn projected(attributes: &[&str], excluded: &[&str]) -> Value {
        let mut resource = json!({
            "schemas": [urn::USER], "id": "1", "userName": "ada", "title": "Dr",
            "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"value": "a@x.test", "type": "work"}],
            urn::ENTERPRISE_USER: {"department": "Ops", "division": "East"},
        });
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let query = Query {
            attributes: owned(attributes),
            excluded_attributes: owned(excluded),
            ..Query::default()
        };
        apply(
            ResourceTypes::default().get(Kind::User),
            resource.as_object_mut().unwrap(),
            &query,
        );
        resource
    }

    #[test]
    fn what_is_asked_for_and_what_is_always_returned_stays() {
        assert_eq!(
            projected(&["USERNAME", "name.givenName", "emails.value"], &[]),
            json!({"schemas": [urn::USER], "id": "1", "userName": "ada",
                "name": {"givenName": "Ada"}, "emails": [{"value": "a@x.test"}]})
        );
        let department = format!("{}:department", urn::ENTERPRISE_USER);
        assert_eq!(
            projected(&[&department], &[]),
            json!({"schemas": [urn::USER], "id": "1", urn::ENTERPRISE_USER: {"department": "Ops"}})
        );
    }

    #[test]
    fn what_is_excluded_goes_unless_it_is_always_returned() {
        assert_eq!(
            projected(
                &[],
                &[
                    "id",
                    "title",
                    "name.familyName",
                    "emails",
                    urn::ENTERPRISE_USER
                ]
            ),
            json!({"schemas": [urn::USER], "id": "1", "userName": "ada", "name": {"givenName": "Ada"}})
        );
    }
}
