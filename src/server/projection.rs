//! `attributes` and `excludedAttributes` (RFC 7644, 3.9).

use serde_json::{Map, Value};

use super::request::Query;
use super::resource_type::ResourceType;
use crate::scim::AttributePath;
use crate::scim::schema::{Attribute, Returned};

/// What an answer holds of a resource.
pub(super) struct Projection<'q> {
    pub(super) of: ResourceType,
    /// What the query asks for by name.
    asked: &'q [String],
    /// None: all.
    wanted: Option<Vec<Selector>>,
    excluded: Vec<Selector>,
}

impl<'q> Projection<'q> {
    /// What a query asks for. `attributes` wins over `excludedAttributes`: a request has one
    /// of the two.
    pub(super) fn of(of: ResourceType, query: &'q Query) -> Self {
        let asked = query.attributes.as_slice();
        let wanted = (!asked.is_empty()).then(|| selectors(of, asked));
        let excluded = match &wanted {
            None => selectors(of, &query.excluded_attributes),
            Some(_) => Vec::new(),
        };
        Self {
            of,
            asked,
            wanted,
            excluded,
        }
    }

    /// Whether nothing is ever left out.
    pub(super) fn is_whole(&self) -> bool {
        let mut extensions = self.of.extensions().iter();
        let shown = |attribute: &Attribute| {
            matches!(attribute.returned, Returned::Always | Returned::Default)
        };
        self.wanted.is_none()
            && self.excluded.is_empty()
            && extensions.all(|extension| extension.schema.attributes.iter().all(shown))
    }

    /// Whether the answer may hold something of the attribute or extension.
    pub(super) fn wants(&self, name: &str) -> bool {
        let names = |selector: &Selector| selector.key.eq_ignore_ascii_case(name);
        let wanted = self.wanted.as_ref();
        always(self.of, name)
            || wanted.is_none_or(|wanted| wanted.iter().any(names))
                && !self.excluded.iter().any(|s| names(s) && s.sub.is_none())
    }

    /// Leaves in a resource what is asked for. What is always returned stays.
    pub(super) fn apply(&self, resource: &mut Map<String, Value>) {
        self.hide(resource);
        if let Some(wanted) = &self.wanted {
            resource.retain(|name, value| always(self.of, name) || keep(wanted, name, value));
        }
        for selector in &self.excluded {
            if !always(self.of, &selector.key) {
                selector.exclude(resource);
            }
        }
    }

    /// Takes out what extensions never return, or only on request (RFC 7643, 7, `returned`).
    /// The only such attribute of the core schemas, `password`, is not rendered at all.
    fn hide(&self, resource: &mut Map<String, Value>) {
        for extension in self.of.extensions() {
            let schema = extension.schema;
            let Some(object) = resource.get_mut(schema.urn).and_then(Value::as_object_mut) else {
                continue;
            };
            let asked = |name: &str| {
                let full = format!("{}:{name}", schema.urn);
                let mut names = self.asked.iter();
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
        let projection = Projection::of(ResourceTypes::default().get(Kind::User), &query);
        let resource = resource.as_object_mut().unwrap();
        let whole = resource.clone();
        projection.apply(resource);
        let kept = |name: &String| projection.wants(name) || !resource.contains_key(name);
        assert!(whole.keys().all(kept));
        Value::Object(std::mem::take(resource))
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
