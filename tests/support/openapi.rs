//! The OpenAPI description of the reference server, made from the schemas that the program knows.
//!
//! What JSON Schema cannot say stands in descriptions: that members exist, that names are unique, and that paths of
//! a PATCH may hold filters.

use scim_conform::scim::schema::{self, Attribute, Kind, Mutability, Returned, Schema};
use scim_conform::scim::urn;
use serde_json::{Map, Value, json};

const MEDIA_TYPES: [&str; 2] = ["application/scim+json", "application/json"];

/// A type of resources as it is served.
struct Resource {
    name: &'static str,
    path: &'static str,
    schema: &'static Schema,
    extension: Option<&'static Schema>,
}

const RESOURCES: [Resource; 4] = [
    Resource {
        name: "User",
        path: "/Users",
        schema: &schema::USER,
        extension: Some(&schema::ENTERPRISE_USER),
    },
    Resource {
        name: "Group",
        path: "/Groups",
        schema: &schema::GROUP,
        extension: None,
    },
    Resource {
        name: "Role",
        path: "/Roles",
        schema: &schema::ROLE,
        extension: None,
    },
    Resource {
        name: "Entitlement",
        path: "/Entitlements",
        schema: &schema::ENTITLEMENT,
        extension: None,
    },
];

/// The whole document.
pub(crate) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "scim-conform reference server",
            "summary": "SCIM 2.0 as RFC 7643 and RFC 7644 define it",
            "description": "What `scim-conform serve` answers while no fault is switched on. Names of attributes have \
                no case, attributes that no schema defines are ignored, and `null` stands for a value that is not \
                assigned. Every path answers HEAD as GET without the body.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8080/scim/v2"}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths(),
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "The token of `--token`. A server that was started without one serves everybody.",
            }},
            "parameters": parameters(),
            "headers": headers(),
            "responses": refusals(),
            "schemas": schemas(),
        },
    })
}

fn tags() -> Value {
    let mut tags: Vec<Value> = RESOURCES
        .iter()
        .map(|r| json!({"name": r.name, "description": r.schema.description}))
        .collect();
    for (name, description) in [
        ("Me", "The user whom the token belongs to"),
        ("Search", "Queries over all types of resources"),
        ("Bulk", "Several operations in one request"),
        ("Discovery", "What the server says about itself"),
    ] {
        tags.push(json!({"name": name, "description": description}));
    }
    tags.into()
}

fn reference(section: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{section}/{name}")})
}

fn of_schema(name: &str) -> Value {
    reference("schemas", name)
}

/// A body in both media types.
fn content(schema: &Value) -> Value {
    let of = MEDIA_TYPES.map(|name| (name.to_owned(), json!({"schema": schema})));
    Value::Object(of.into_iter().collect())
}

fn body(schema: &str) -> Value {
    json!({"required": true, "content": content(&of_schema(schema))})
}

/// The refusals of an operation, and the answers that all operations share.
fn with_refusals(mut responses: Map<String, Value>, statuses: &[u16]) -> Value {
    let common = [401, 408, 413, 503];
    for status in statuses.iter().chain(&common) {
        responses.insert(
            status.to_string(),
            reference("responses", &format!("{status}")),
        );
    }
    responses.sort_keys();
    responses.into()
}

fn answers(status: u16, description: &str, schema: &str, headers: &[&str]) -> Map<String, Value> {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|name| ((*name).to_owned(), reference("headers", name)))
        .collect();
    let mut response = json!({"description": description, "content": content(&of_schema(schema))});
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    Map::from_iter([(status.to_string(), response)])
}

fn empty(status: u16, description: &str) -> Map<String, Value> {
    Map::from_iter([(status.to_string(), json!({"description": description}))])
}

fn parameter(names: &[&str]) -> Value {
    names.iter().map(|n| reference("parameters", n)).collect()
}

const LIST: [&str; 7] = [
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "attributes",
    "excludedAttributes",
];
const PROJECTION: [&str; 2] = ["attributes", "excludedAttributes"];

fn paths() -> Value {
    let mut paths = Map::new();
    for resource in &RESOURCES {
        paths.insert(resource.path.to_owned(), collection(resource));
        paths.insert(format!("{}/.search", resource.path), search(resource.name));
        paths.insert(format!("{}/{{id}}", resource.path), one(resource));
    }
    paths.insert("/Me".into(), me());
    paths.insert(
        "/".into(),
        json!({"get": {
            "tags": ["Search"], "operationId": "listAll", "summary": "List resources of all types (RFC 7644, 3.4.2.1)",
            "parameters": parameter(&LIST),
            "responses": with_refusals(answers(200, "A page of them", "ListOfAny", &[]), &[400]),
        }}),
    );
    paths.insert("/.search".into(), search("Any"));
    paths.insert(
        "/Bulk".into(),
        json!({"post": {
            "tags": ["Bulk"], "operationId": "bulk", "summary": "Several operations in one request (RFC 7644, 3.7)",
            "description": "A bulkId may stand in the place of an id, as `bulkId:…`, also in a circle. Each POST \
                needs one of its own.",
            "requestBody": body("BulkRequest"),
            "responses": with_refusals(answers(200, "What became of each of them", "BulkResponse", &[]), &[400, 415]),
        }}),
    );
    for (path, name, many) in [
        ("/ServiceProviderConfig", "ServiceProviderConfig", false),
        ("/ResourceTypes", "ResourceType", true),
        ("/Schemas", "Schema", true),
    ] {
        discovery(&mut paths, path, name, many);
    }
    paths.into()
}

/// `/Users`
fn collection(resource: &Resource) -> Value {
    let Resource { name, schema, .. } = resource;
    let created = |operation: &str| {
        json!({
            "operationId": format!("{operation}{name}"),
            "parameters": {"id": "$response.body#/id"},
        })
    };
    let mut responses = answers(
        201,
        "It was created",
        name,
        &["ETag", "Location", "Content-Location"],
    );
    responses["201"]["links"] = json!({
        "get": created("get"), "replace": created("replace"), "modify": created("modify"), "delete": created("delete"),
    });
    let mut refusals = vec![400, 415];
    // A second group of one name is refused, though no schema says that names of groups are unique.
    if unique(schema) || *name == "Group" {
        refusals.push(409);
    }
    json!({
        "get": {
            "tags": [name], "operationId": format!("list{name}s"), "summary": "List or find (RFC 7644, 3.4.2)",
            "parameters": parameter(&LIST),
            "responses": with_refusals(answers(200, "A page of them", &format!("ListOf{name}"), &[]), &[400]),
        },
        "post": {
            "tags": [name], "operationId": format!("create{name}"), "summary": "Create (RFC 7644, 3.3)",
            "parameters": parameter(&PROJECTION),
            "requestBody": body(&format!("{name}Request")),
            "responses": with_refusals(responses, &refusals),
        },
    })
}

/// Whether a value of the schema may be taken.
fn unique(schema: &Schema) -> bool {
    let mut attributes = schema.attributes.iter();
    attributes.any(|attribute| attribute.uniqueness != schema::Uniqueness::None)
}

/// `/Users/{id}`
fn one(resource: &Resource) -> Value {
    let Resource { name, schema, .. } = resource;
    let mut item = changeable(name, name, unique(schema), &[404]);
    item["parameters"] = parameter(&["id"]);
    item
}

/// The operations on one resource.
fn changeable(tag: &str, name: &str, unique: bool, missing: &[u16]) -> Value {
    let id = |operation: &str| match tag {
        "Me" => format!("{operation}Me"),
        _ => format!("{operation}{name}"),
    };
    let headers: &[&str] = if tag == "Me" {
        &["ETag", "Location", "Content-Location"]
    } else {
        &["ETag", "Content-Location"]
    };
    let answered = |description| answers(200, description, name, headers);
    let refusals = |own: &[u16]| [own, missing].concat();
    let mut written = vec![400, 412, 415];
    written.extend(unique.then_some(409));
    let conditional = |names: &[&str]| parameter(&[names, &["If-Match", "If-None-Match"]].concat());
    json!({
        "get": {
            "tags": [tag], "operationId": id("get"), "summary": "Read (RFC 7644, 3.4.1)",
            "parameters": parameter(&["attributes", "excludedAttributes", "If-None-Match"]),
            "responses": with_refusals(
                [answered("The resource"), empty(304, "It has not changed")].into_iter().flatten().collect(),
                &refusals(&[400]),
            ),
        },
        "put": {
            "tags": [tag], "operationId": id("replace"), "summary": "Replace (RFC 7644, 3.5.1)",
            "parameters": conditional(&PROJECTION),
            "requestBody": body(&format!("{name}Request")),
            "responses": with_refusals(answered("The resource as it is now"), &refusals(&written)),
        },
        "patch": {
            "tags": [tag], "operationId": id("modify"), "summary": "Change a part (RFC 7644, 3.5.2)",
            "parameters": conditional(&PROJECTION),
            "requestBody": body(&format!("{name}Patch")),
            "responses": with_refusals(answered("The resource as it is now"), &refusals(&written)),
        },
        "delete": {
            "tags": [tag], "operationId": id("delete"), "summary": "Delete (RFC 7644, 3.6)",
            "parameters": conditional(&[]),
            "responses": with_refusals(empty(204, "It is gone"), &refusals(&[400, 412])),
        },
    })
}

fn me() -> Value {
    let mut item = changeable("Me", "User", true, &[404, 501]);
    item["description"] = "The user of `--me`; 501 when the server was started without.".into();
    item
}

fn search(name: &str) -> Value {
    let tag = if name == "Any" { "Search" } else { name };
    json!({"post": {
        "tags": [tag], "operationId": format!("search{name}"), "summary": "Query by a body (RFC 7644, 3.4.3)",
        "requestBody": body("SearchRequest"),
        "responses": with_refusals(answers(200, "A page of them", &format!("ListOf{name}"), &[]), &[400, 415]),
    }})
}

fn discovery(paths: &mut Map<String, Value>, path: &str, name: &str, many: bool) {
    let get = |operation: String, parameters: Value, answer: &str, refusals: &[u16]| {
        json!({"get": {
            "tags": ["Discovery"], "operationId": operation, "summary": "What the server is like (RFC 7644, 4)",
            "parameters": parameters,
            "responses": with_refusals(answers(200, "It", answer, &[]), refusals),
        }})
    };
    let filtered = parameter(&["filter"]);
    if !many {
        paths.insert(
            path.into(),
            get(format!("get{name}"), filtered, name, &[400, 403]),
        );
        return;
    }
    let list = get(
        format!("list{name}s"),
        filtered,
        &format!("ListOf{name}"),
        &[400, 403],
    );
    paths.insert(path.into(), list);
    let by_id = get(
        format!("get{name}"),
        parameter(&["id", "filter"]),
        name,
        &[400, 403, 404],
    );
    paths.insert(format!("{path}/{{id}}"), by_id);
}

/// Filters without parentheses and brackets: what an expression can say of a language that nests.
fn filter_pattern() -> String {
    let attribute = r"[A-Za-z][A-Za-z0-9]{0,30}(\.[A-Za-z][A-Za-z0-9]{0,30})?";
    let value = r#"("[ !#-\[\]-~]{0,100}"|true|false|null|-?(0|[1-9][0-9]{0,8}))"#;
    let term = format!("{attribute} (pr|(eq|ne|co|sw|ew|gt|ge|lt|le) {value})");
    format!("^{term}( (and|or) {term}){{0,5}}$")
}

fn attribute_name_pattern() -> &'static str {
    r"^[A-Za-z][A-Za-z0-9]{0,30}(\.[A-Za-z][A-Za-z0-9]{0,30})?$"
}

fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| {
        let parameter =
            json!({"name": name, "in": "query", "description": description, "schema": schema});
        (name.to_owned(), parameter)
    };
    let names = |name: &str, description: &str| {
        let (name, mut parameter) = query(
            name,
            description,
            json!({"type": "array", "items": {"type": "string"}}),
        );
        parameter["style"] = "form".into();
        parameter["explode"] = false.into();
        (name, parameter)
    };
    let header = |name: &str, description: &str| {
        let parameter = json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}});
        (name.to_owned(), parameter)
    };
    let id = json!({
        "name": "id", "in": "path", "required": true, "description": "Any text, percent-encoded.",
        "schema": {"type": "string", "minLength": 1},
    });
    let parameters = [
        ("id".to_owned(), id),
        query(
            "filter",
            "RFC 7644, 3.4.2.2. Parentheses, `not (…)`, `emails[type eq \"work\"]`, URNs before names and JSON's \
             escapes are understood, too.",
            json!({"type": "string", "pattern": filter_pattern(), "examples": ["userName eq \"ada\""]}),
        ),
        query(
            "sortBy",
            "An attribute (RFC 7644, 3.4.2.3); a URN may stand before its name.",
            json!({"type": "string", "pattern": attribute_name_pattern(), "examples": ["name.familyName"]}),
        ),
        query(
            "sortOrder",
            "`ascending` unless said otherwise.",
            json!({"type": "string", "enum": ["ascending", "descending"], "default": "ascending"}),
        ),
        query(
            "startIndex",
            "1-based; what is below 1 counts as 1 (RFC 7644, 3.4.2.4).",
            json!({"type": "integer", "default": 1}),
        ),
        query(
            "count",
            "Most resources in the answer; what is below 0 counts as 0, what is above 1000 as 1000.",
            json!({"type": "integer", "default": 1000}),
        ),
        names(
            "attributes",
            "Answer only these, and what is always answered (RFC 7644, 3.9).",
        ),
        names("excludedAttributes", "Answer all but these."),
        header("If-Match", "Entity tags, or `*` (RFC 7644, 3.14)."),
        header("If-None-Match", "Entity tags, or `*` (RFC 7644, 3.14)."),
    ];
    Value::Object(parameters.into_iter().collect())
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "required": true, "schema": {"type": "string"}});
    json!({
        "ETag": {"description": "The same as `meta.version`.", "required": true, "schema": {"type": "string", "pattern": "^W/\".+\"$"}},
        "Location": text("The URL of the resource."),
        "Content-Location": text("The same as `meta.location`."),
        "WWW-Authenticate": text("How to authenticate (RFC 6750, 3)."),
    })
}

fn refusals() -> Value {
    let all = [
        (
            400,
            "Malformed, or against the schema; `scimType` says in what way (RFC 7644, 3.12)",
        ),
        (401, "No token, or not the right one"),
        (
            403,
            "What the server says about itself cannot be filtered (RFC 7644, 4)",
        ),
        (404, "There is no such resource"),
        (408, "The body did not come in time"),
        (409, "A value that must be unique is in use"),
        (
            412,
            "The resource has another version than the one that was asked for, or just that one",
        ),
        (
            413,
            "The body is larger than 16 MiB, or a bulk larger than its limits",
        ),
        (
            415,
            "The body is not `application/scim+json` or `application/json` in UTF-8",
        ),
        (503, "The server holds as many large bodies as it can"),
        (501, "The token belongs to no user"),
    ];
    let responses = all.map(|(status, description)| {
        let mut response =
            json!({"description": description, "content": content(&of_schema("Error"))});
        if status == 401 {
            response["headers"] =
                json!({"WWW-Authenticate": reference("headers", "WWW-Authenticate")});
        }
        (status.to_string(), response)
    });
    Value::Object(responses.into_iter().collect())
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    for resource in &RESOURCES {
        let name = resource.name;
        schemas.insert(name.into(), answered(resource));
        schemas.insert(format!("{name}Request"), requested(resource));
        schemas.insert(format!("{name}Patch"), patch(resource));
        schemas.insert(format!("ListOf{name}"), list(&of_schema(name)));
    }
    let any: Vec<Value> = RESOURCES.iter().map(|r| of_schema(r.name)).collect();
    schemas.insert("ListOfAny".into(), list(&json!({"anyOf": any})));
    for name in ["ResourceType", "Schema"] {
        schemas.insert(format!("ListOf{name}"), list(&of_schema(name)));
    }
    let fixed = [
        ("Error", error()),
        ("SearchRequest", search_request()),
        ("BulkRequest", bulk_request()),
        ("BulkResponse", bulk_response()),
        ("ServiceProviderConfig", service_provider_config()),
        ("ResourceType", resource_type()),
        ("Schema", schema_document()),
        ("Attribute", attribute_document()),
        ("DiscoveryMeta", discovery_meta()),
        ("Meta", meta()),
    ];
    schemas.extend(fixed.map(|(name, schema)| (name.to_owned(), schema)));
    schemas.into()
}

/// An object with these properties and no others.
fn closed(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn schemas_of(urns: &[&str]) -> Value {
    json!({"type": "array", "items": {"type": "string", "enum": urns}, "minItems": 1, "uniqueItems": true})
}

/// `schemas` of a message: the URN, and perhaps others.
fn required_schemas(urn: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "contains": {"const": urn}})
}

/// `schemas` of a resource, which may be left out.
fn schemas_with(urn: &str) -> Value {
    json!({"type": ["array", "null"], "items": {"type": "string"}, "contains": {"const": urn}})
}

fn meta() -> Value {
    let time = json!({"type": "string", "format": "date-time"});
    let text = json!({"type": "string"});
    closed(
        json!({
            "resourceType": {"type": "string", "enum": RESOURCES.map(|r| r.name)},
            "created": time, "lastModified": time, "location": text, "version": text,
        }),
        &[],
    )
}

fn discovery_meta() -> Value {
    let text = json!({"type": "string"});
    closed(
        json!({"resourceType": text, "location": text}),
        &["resourceType", "location"],
    )
}

fn list(items: &Value) -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    closed(
        json!({
            "schemas": schemas_of(&[urn::LIST_RESPONSE]), "totalResults": count, "startIndex": {"type": "integer", "minimum": 1},
            "itemsPerPage": count, "Resources": {"type": "array", "items": items},
        }),
        &[
            "schemas",
            "totalResults",
            "startIndex",
            "itemsPerPage",
            "Resources",
        ],
    )
}

/// The value of an attribute without its multiplicity.
fn single(attribute: &Attribute, of_sub: fn(&Attribute) -> Option<Value>) -> Value {
    let mut value = match attribute.kind {
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Decimal => json!({"type": "number"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::DateTime => json!({"type": "string", "format": "date-time"}),
        Kind::Binary => json!({
            "type": "string", "contentEncoding": "base64",
            "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        }),
        Kind::String | Kind::Reference => json!({"type": "string"}),
        Kind::Complex => {
            let subs = attribute.sub_attributes.iter();
            let subs: Map<String, Value> = subs
                .filter_map(|sub| Some((sub.name.to_owned(), of_sub(sub)?)))
                .collect();
            json!({"type": "object", "properties": subs})
        }
    };
    // Okta sends roles as texts; they come back as they were.
    if ["roles", "entitlements"].contains(&attribute.name) {
        value = json!({"anyOf": [{"type": "string"}, value]});
    }
    value
}

/// An attribute in an answer.
fn shown(attribute: &Attribute) -> Option<Value> {
    if attribute.returned == Returned::Never {
        return None;
    }
    let mut value = single(attribute, shown);
    if attribute.kind == Kind::Complex && value.get("properties").is_some() {
        value["additionalProperties"] = false.into();
    }
    if attribute.multi_valued {
        value = json!({"type": "array", "items": value});
    }
    value["description"] = attribute.description.into();
    Some(value)
}

fn answered(resource: &Resource) -> Value {
    let mut urns = vec![resource.schema.urn];
    urns.extend(resource.extension.map(|extension| extension.urn));
    let mut properties = Map::from_iter([
        ("schemas".to_owned(), schemas_of(&urns)),
        ("id".to_owned(), json!({"type": "string", "minLength": 1})),
        ("externalId".to_owned(), json!({"type": "string"})),
        ("meta".to_owned(), of_schema("Meta")),
    ]);
    let attributes = |schema: &Schema| -> Map<String, Value> {
        let shown = schema.attributes.iter();
        let shown = shown.filter_map(|a| Some((a.name.to_owned(), shown_of(a)?)));
        shown.collect()
    };
    properties.extend(attributes(resource.schema));
    if let Some(extension) = resource.extension {
        properties.insert(
            extension.urn.into(),
            closed(attributes(extension).into(), &[]),
        );
    }
    closed(properties.into(), &["schemas", "id"])
}

fn shown_of(attribute: &Attribute) -> Option<Value> {
    shown(attribute)
}

/// An attribute in a request: what a client may set, or `null`.
fn set(attribute: &Attribute) -> Option<Value> {
    if attribute.mutability == Mutability::ReadOnly {
        return None;
    }
    let mut value = single(attribute, set);
    if attribute.multi_valued {
        value = json!({"type": "array", "items": value});
        if attribute.sub_attribute("primary").is_some() {
            value["contains"] = json!({"type": "object", "properties": {"primary": {"const": true}}, "required": ["primary"]});
            value["minContains"] = 0.into();
            value["maxContains"] = 1.into();
        }
    }
    if attribute.name == "members" {
        value["items"]["required"] = json!(["value"]);
        value["items"]["properties"]["value"] = json!({"type": "string"});
        value["items"]["description"] = "A user or a group that exists".into();
    }
    if attribute.required {
        value["minLength"] = 1.into();
    } else {
        value = or_null(value);
    }
    value["description"] = attribute.description.into();
    Some(value)
}

fn or_null(mut value: Value) -> Value {
    match value.get("type").and_then(Value::as_str) {
        Some(kind) => {
            value["type"] = json!([kind, "null"]);
            value
        }
        None => json!({"anyOf": [value, {"type": "null"}]}),
    }
}

/// What can be set of a resource, by attribute and extension.
fn settable(resource: &Resource) -> Map<String, Value> {
    let attributes = |schema: &Schema| -> Map<String, Value> {
        let set_of = schema.attributes.iter();
        let set_of = set_of.filter_map(|a| Some((a.name.to_owned(), set(a)?)));
        set_of.collect()
    };
    let mut properties = attributes(resource.schema);
    let external = json!({"type": ["string", "null"], "description": "The client's own id"});
    properties.insert("externalId".into(), external);
    if let Some(extension) = resource.extension {
        let object = json!({"type": ["object", "null"], "properties": attributes(extension)});
        properties.insert(extension.urn.into(), object);
    }
    properties
}

fn requested(resource: &Resource) -> Value {
    let mut properties = settable(resource);
    properties.insert("schemas".into(), schemas_with(resource.schema.urn));
    json!({"type": "object", "required": required(resource), "properties": properties})
}

fn required(resource: &Resource) -> Vec<&'static str> {
    let attributes = resource.schema.attributes.iter();
    attributes.filter(|a| a.required).map(|a| a.name).collect()
}

/// A PATCH: what can be said of an attribute by its path alone. Each path has operations of its own, so that a
/// value of the wrong type is told from one of the right type.
fn patch(resource: &Resource) -> Value {
    let core = format!("{}:", resource.schema.urn);
    let mut operations = Vec::new();
    let mut removable = vec!["externalId".to_owned()];
    let whole = settable(resource);
    for attribute in resource.schema.attributes {
        let Some(value) = set(attribute) else {
            continue;
        };
        let paths = [
            attribute.name.to_owned(),
            format!("{core}{}", attribute.name),
        ];
        operations.push(assignment(&paths, &value));
        if !attribute.required {
            removable.extend(paths);
        }
        if attribute.kind == Kind::Complex && !attribute.multi_valued {
            sub_operations(attribute.name, attribute, &mut operations, &mut removable);
        }
        operations.extend(element_operation(attribute));
    }
    operations.push(assignment(&["externalId".to_owned()], &whole["externalId"]));
    if let Some(extension) = resource.extension {
        operations.push(assignment(
            &[extension.urn.to_owned()],
            &whole[extension.urn],
        ));
        removable.push(extension.urn.to_owned());
        for attribute in extension.attributes {
            let Some(value) = set(attribute) else {
                continue;
            };
            let path = format!("{}:{}", extension.urn, attribute.name);
            operations.push(assignment(std::slice::from_ref(&path), &value));
            if attribute.kind == Kind::Complex {
                sub_operations(&path, attribute, &mut operations, &mut removable);
            }
            removable.push(path);
        }
    }
    operations.push(json!({
        "type": "object", "required": ["op", "value"], "description": "Without a path, the value holds attributes",
        "properties": {"op": {"enum": ["add", "replace"]}, "path": {"type": "null"}, "value": {"type": "object", "properties": whole}},
    }));
    operations.push(json!({
        "type": "object", "required": ["op", "path"],
        "properties": {"op": {"const": "remove"}, "path": {"enum": removable}},
    }));
    json!({
        "type": "object", "required": ["Operations"],
        "description": "Paths may also hold filters, `emails[type eq \"work\"].value`; `replace` then needs an element that matches.",
        "properties": {
            "schemas": required_schemas(urn::PATCH_OP),
            "Operations": {"type": "array", "minItems": 1, "items": {"anyOf": operations}},
        },
    })
}

fn assignment(paths: &[String], value: &Value) -> Value {
    json!({
        "type": "object", "required": ["op", "path", "value"],
        "properties": {"op": {"enum": ["add", "replace"]}, "path": {"enum": paths}, "value": value},
    })
}

/// `name.givenName`
fn sub_operations(
    path: &str,
    attribute: &Attribute,
    operations: &mut Vec<Value>,
    removable: &mut Vec<String>,
) {
    for sub in attribute.sub_attributes {
        if let Some(value) = set(sub) {
            let path = format!("{path}.{}", sub.name);
            operations.push(assignment(std::slice::from_ref(&path), &value));
            removable.push(path);
        }
    }
}

/// `emails[type eq "work"].value`, which makes the element if there is none.
fn element_operation(attribute: &Attribute) -> Option<Value> {
    let value = attribute.sub_attribute("value")?;
    let types = attribute.sub_attribute("type")?.canonical_values;
    if !attribute.multi_valued || types.is_empty() || attribute.name == "members" {
        return None;
    }
    let paths = types
        .iter()
        .map(|kind| format!("{}[type eq \"{kind}\"].value", attribute.name));
    Some(json!({
        "type": "object", "required": ["op", "path", "value"],
        "properties": {"op": {"const": "add"}, "path": {"enum": paths.collect::<Vec<_>>()}, "value": single(value, set)},
    }))
}

fn error() -> Value {
    let types = scim_conform::scim::ErrorType::ALL.map(scim_conform::scim::ErrorType::as_str);
    closed(
        json!({
            "schemas": schemas_of(&[urn::ERROR]),
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$"},
            "scimType": {"type": "string", "enum": types},
            "detail": {"type": "string"},
        }),
        &["schemas", "status", "detail"],
    )
}

fn search_request() -> Value {
    let names = json!({"type": ["array", "null"], "items": {"type": "string"}});
    json!({
        "type": "object", "required": ["schemas"],
        "properties": {
            "schemas": required_schemas(urn::SEARCH_REQUEST),
            "filter": {"type": ["string", "null"], "pattern": filter_pattern()},
            "sortBy": {"type": ["string", "null"], "pattern": attribute_name_pattern()},
            "sortOrder": {"enum": ["ascending", "descending", null]},
            "startIndex": {"type": ["integer", "null"]},
            "count": {"type": ["integer", "null"]},
            "attributes": names, "excludedAttributes": names,
        },
    })
}

fn bulk_request() -> Value {
    let path = json!({
        "type": "string", "description": "A type of resources, or one of them; any other is 404 for this operation",
        "examples": ["/Users", "/Groups/bulkId:crew"],
    });
    let version = json!({"type": ["string", "null"], "description": "As If-Match"});
    let data = json!({"type": "object"});
    let operation = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties});
    let operations = [
        operation(
            &["method", "path", "bulkId", "data"],
            json!({"method": {"const": "POST"}, "path": path, "bulkId": {"type": "string", "minLength": 1}, "data": data}),
        ),
        operation(
            &["method", "path", "data"],
            json!({"method": {"enum": ["PUT", "PATCH"]}, "path": path, "version": version, "data": data}),
        ),
        operation(
            &["method", "path"],
            json!({"method": {"const": "DELETE"}, "path": path, "version": version}),
        ),
    ];
    json!({
        "type": "object", "required": ["schemas", "Operations"],
        "properties": {
            "schemas": required_schemas(urn::BULK_REQUEST),
            "failOnErrors": {"type": ["integer", "null"], "minimum": 0},
            "Operations": {"type": "array", "maxItems": 1000, "items": {"anyOf": operations}},
        },
    })
}

fn bulk_response() -> Value {
    let text = json!({"type": "string"});
    let operation = closed(
        json!({
            "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]}, "bulkId": text, "location": text,
            "version": text, "status": {"type": "string", "pattern": "^[2-5][0-9]{2}$"}, "response": of_schema("Error"),
        }),
        &["method", "status"],
    );
    closed(
        json!({"schemas": schemas_of(&[urn::BULK_RESPONSE]), "Operations": {"type": "array", "items": operation}}),
        &["schemas", "Operations"],
    )
}

fn service_provider_config() -> Value {
    let supported = closed(json!({"supported": {"type": "boolean"}}), &["supported"]);
    let limits = |names: &[&str]| {
        let mut properties = Map::from_iter([("supported".to_owned(), json!({"type": "boolean"}))]);
        properties.extend(
            names
                .iter()
                .map(|name| ((*name).to_owned(), json!({"type": "integer", "minimum": 0}))),
        );
        closed(properties.into(), &[&["supported"], names].concat())
    };
    let text = json!({"type": "string"});
    let scheme = closed(
        json!({"type": text, "name": text, "description": text, "specUri": text, "primary": {"type": "boolean"}}),
        &["type", "name", "description"],
    );
    let features = ["patch", "bulk", "filter", "changePassword", "sort", "etag"];
    closed(
        json!({
            "schemas": schemas_of(&[urn::SERVICE_PROVIDER_CONFIG]),
            "patch": supported, "bulk": limits(&["maxOperations", "maxPayloadSize"]), "filter": limits(&["maxResults"]),
            "changePassword": supported, "sort": supported, "etag": supported,
            "authenticationSchemes": {"type": "array", "minItems": 1, "items": scheme}, "meta": of_schema("DiscoveryMeta"),
        }),
        &[&["schemas", "authenticationSchemes", "meta"], &features[..]].concat(),
    )
}

fn resource_type() -> Value {
    let text = json!({"type": "string"});
    let extension = closed(
        json!({"schema": text, "required": {"type": "boolean"}}),
        &["schema", "required"],
    );
    closed(
        json!({
            "schemas": schemas_of(&[urn::RESOURCE_TYPE]), "id": text, "name": text, "description": text, "endpoint": text,
            "schema": text, "schemaExtensions": {"type": "array", "items": extension}, "meta": of_schema("DiscoveryMeta"),
        }),
        &["schemas", "id", "name", "endpoint", "schema", "meta"],
    )
}

fn schema_document() -> Value {
    let text = json!({"type": "string"});
    closed(
        json!({
            "schemas": schemas_of(&[urn::SCHEMA]), "id": text, "name": text, "description": text,
            "attributes": {"type": "array", "items": of_schema("Attribute")}, "meta": of_schema("DiscoveryMeta"),
        }),
        &["schemas", "id", "name", "attributes", "meta"],
    )
}

fn attribute_document() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let yes_or_no = json!({"type": "boolean"});
    let one_of = |words: Vec<&str>| json!({"type": "string", "enum": words});
    closed(
        json!({
            "name": text, "description": text, "type": one_of(Kind::ALL.map(Kind::as_str).into()),
            "multiValued": yes_or_no, "required": yes_or_no, "caseExact": yes_or_no,
            "mutability": one_of(Mutability::ALL.map(Mutability::as_str).into()),
            "returned": one_of(Returned::ALL.map(Returned::as_str).into()),
            "uniqueness": one_of(schema::Uniqueness::ALL.map(schema::Uniqueness::as_str).into()),
            "canonicalValues": texts, "referenceTypes": texts, "subAttributes": {"type": "array", "items": of_schema("Attribute")},
        }),
        &[
            "name",
            "type",
            "multiValued",
            "required",
            "mutability",
            "returned",
            "uniqueness",
        ],
    )
}
