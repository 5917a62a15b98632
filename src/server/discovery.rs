//! What the server says about itself (RFC 7644, 4).

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem};
use super::bulk;
use super::faults::Fault;
use super::listing;
use super::policy::MAX_RESULTS;
use super::resource::Context;
use super::resource_type::Kind;
use crate::scim::schema::{Attribute, Kind as Type, Schema};
use crate::scim::urn;

/// `GET /ServiceProviderConfig`
pub(super) fn service_provider_config(context: Context<'_>) -> Answer {
    Answer::json(
        StatusCode::OK,
        json!({
            "schemas": [urn::SERVICE_PROVIDER_CONFIG],
            "patch": {"supported": !context.policy.has(Fault::PatchDenied)},
            "bulk": {
                "supported": true,
                "maxOperations": bulk::MAX_OPERATIONS,
                "maxPayloadSize": bulk::MAX_PAYLOAD_SIZE,
            },
            "filter": {"supported": true, "maxResults": MAX_RESULTS},
            "changePassword": {"supported": true},
            "sort": {"supported": true},
            "etag": {"supported": true},
            "authenticationSchemes": [{
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A token in the Authorization header (RFC 6750)",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": true,
            }],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/ServiceProviderConfig", context.base_url),
            },
        }),
    )
}

/// `GET /ResourceTypes`, `GET /ResourceTypes/{id}`
pub(super) fn resource_types(context: Context<'_>, id: Option<&str>) -> Result<Answer, Problem> {
    let governed = !context.policy.has(Fault::EntitlementTypesMissing);
    let named = Kind::ALL
        .into_iter()
        .filter(|kind| governed || matches!(kind, Kind::User | Kind::Group));
    let all = named.map(|kind| resource_type(context, kind)).collect();
    one_or_all(context, id, all)
}

/// `GET /Schemas`, `GET /Schemas/{urn}`
pub(super) fn schemas(context: Context<'_>, id: Option<&str>) -> Result<Answer, Problem> {
    let all = context.types.schemas().filter(|schema| {
        !context.policy.has(Fault::UserSchemaMissing) || schema.urn != Kind::User.schema().urn
    });
    let all = all.map(|schema| render_schema(context, schema)).collect();
    one_or_all(context, id, all)
}

fn one_or_all(context: Context<'_>, id: Option<&str>, all: Vec<Value>) -> Result<Answer, Problem> {
    let Some(id) = id else {
        if context.policy.has(Fault::DiscoveryAsArrays) {
            return Ok(Answer::json(StatusCode::OK, Value::Array(all)));
        }
        let list = listing::response(all.len(), 1, all);
        return Ok(Answer::json(StatusCode::OK, list));
    };
    all.into_iter()
        .find(|resource| {
            let own = resource.get("id").and_then(Value::as_str);
            own.is_some_and(|own| own.eq_ignore_ascii_case(id))
        })
        .map(|resource| Answer::json(StatusCode::OK, resource))
        .ok_or_else(|| Problem::not_found(id))
}

fn resource_type(context: Context<'_>, kind: Kind) -> Value {
    let extensions: Vec<Value> = context
        .resource_type(kind)
        .extensions()
        .iter()
        .filter(|_| !context.policy.has(Fault::ExtensionsNotAnnounced))
        .map(|extension| json!({"schema": extension.schema.urn, "required": extension.required}))
        .collect();
    json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "description": kind.schema().description,
        "endpoint": kind.endpoint(),
        "schema": kind.schema().urn,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{}/ResourceTypes/{}", context.base_url, kind.name()),
        },
    })
}

fn render_schema(context: Context<'_>, schema: &Schema) -> Value {
    let mut attributes: Vec<Value> = schema.attributes.iter().map(render_attribute).collect();
    if context.policy.has(Fault::ActiveAnnouncedAsString) {
        for attribute in &mut attributes {
            if attribute.get("name").and_then(Value::as_str) == Some("active")
                && let Some(attribute) = attribute.as_object_mut()
            {
                attribute.insert("type".to_owned(), "string".into());
            }
        }
    }
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": attributes,
        "meta": {
            "resourceType": "Schema",
            "location": format!("{}/Schemas/{}", context.base_url, schema.urn),
        },
    })
}

fn render_attribute(attribute: &Attribute) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("name", attribute.name.into());
    put("type", attribute.kind.as_str().into());
    put("multiValued", attribute.multi_valued.into());
    if !attribute.description.is_empty() {
        put("description", attribute.description.into());
    }
    put("required", attribute.required.into());
    if attribute.kind != Type::Complex {
        put("caseExact", attribute.case_exact.into());
    }
    put("mutability", attribute.mutability.as_str().into());
    put("returned", attribute.returned.as_str().into());
    put("uniqueness", attribute.uniqueness.as_str().into());
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", attribute.canonical_values.into());
    }
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", attribute.reference_types.into());
    }
    if !attribute.sub_attributes.is_empty() {
        let subs = attribute.sub_attributes.iter().map(render_attribute);
        put("subAttributes", subs.collect());
    }
    Value::Object(object)
}
