//! What a server says about itself, where it claims that Okta may ask: schema discovery and entitlements.

use crate::verdict::{CheckMeta, Kind, Level};

/// Okta cannot read what the server says about itself.
pub static PARSES: CheckMeta = CheckMeta {
    id: "discovery/parses",
    title: "Okta cannot read /ResourceTypes or /Schemas",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 4",
        "RFC 7643, 6 and 7",
        "Okta: Build a SCIM 2.0 server with entitlements",
    ],
    why: "Import User Schema and entitlement management begin with these two; nothing is offered to the admin when they cannot be read.",
    fix: "Answer with a ListResponse; every resource type needs name, endpoint and schema, every schema id and attributes.",
    passing: "\"Resources\":[{\"name\":\"User\",\"endpoint\":\"/Users\",\"schema\":\"urn:ietf:params:scim:schemas:core:2.0:User\"}]",
    failing: "[{\"name\":\"User\"}]",
};

/// /Schemas does not describe users.
pub static USER_SCHEMA: CheckMeta = CheckMeta {
    id: "discovery/user-schema",
    title: "/ResourceTypes and /Schemas do not describe users",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 6 and 8.7.1",
        "Okta: OIN Wizard, \"Import User Schema\"",
    ],
    why: "Okta takes the core attributes that it offers from the core User schema; without it there are none to map.",
    fix: "List a resource type User, and the schema urn:ietf:params:scim:schemas:core:2.0:User with its attributes.",
    passing: "{\"id\":\"urn:ietf:params:scim:schemas:core:2.0:User\",\"attributes\":[{\"name\":\"userName\",\"type\":\"string\"}]}",
    failing: "/Schemas with extensions alone",
};

/// An extension is used, and not announced; or announced, and not described.
pub static SCHEMA_EXTENSIONS: CheckMeta = CheckMeta {
    id: "discovery/schema-extensions",
    title: "an extension of users is missing from /ResourceTypes or /Schemas",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 6, schemaExtensions",
        "Okta: OIN Wizard, \"Import User Schema\"",
        "Okta: SCIM QA test plan, C9390",
    ],
    why: "Okta finds custom attributes by the URNs below the User resource type; one that is not there cannot be mapped.",
    fix: "Name each extension in schemaExtensions of the User resource type, and describe it in /Schemas.",
    passing: "\"schemaExtensions\":[{\"schema\":\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\",\"required\":false}]",
    failing: "\"schemaExtensions\":[]",
};

/// A value has another type than its schema says.
pub static ATTRIBUTE_TYPES: CheckMeta = CheckMeta {
    id: "discovery/attribute-types",
    title: "a value has another type than its schema says",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 2.3 and 7"],
    why: "An attribute that an admin adds from the schema gets the announced type, and its values then do not fit.",
    fix: "Announce the type, and multiValued, as the values are.",
    passing: "{\"name\":\"active\",\"type\":\"boolean\",\"multiValued\":false}",
    failing: "{\"name\":\"active\",\"type\":\"string\"}",
};

/// No resource type is a role or an entitlement.
pub static ENTITLEMENT_TYPES: CheckMeta = CheckMeta {
    id: "discovery/entitlement-types",
    title: "no resource type is a role or an entitlement",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "Okta: Build a SCIM 2.0 server with entitlements",
        "Okta: SCIM QA test plan, C9370",
    ],
    why: "Okta finds what it may govern by the schema of a resource type; the Governance tab stays empty.",
    fix: "List each with the schema urn:okta:scim:schemas:core:1.0:Role, or the same with Entitlement at its end.",
    passing: "{\"name\":\"Role\",\"endpoint\":\"/Roles\",\"schema\":\"urn:okta:scim:schemas:core:1.0:Role\"}",
    failing: "User and Group alone",
};

/// A role or an entitlement lacks what Okta shows and assigns it by.
pub static ENTITLEMENTS: CheckMeta = CheckMeta {
    id: "discovery/entitlements",
    title: "a role or an entitlement lacks its id, name or type",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["Okta: Build a SCIM 2.0 server with entitlements"],
    why: "Okta shows it by displayName and assigns it by id; without them it cannot be picked.",
    fix: "Send id and displayName, of an entitlement also the name of its resource type as type; description has 1,000 characters at most.",
    passing: "{\"id\":\"r1\",\"displayName\":\"Editor\"}",
    failing: "{\"id\":\"r1\"}",
};

/// The counters of an entitlement endpoint are not what it holds.
pub static COUNTS: CheckMeta = CheckMeta {
    id: "discovery/counts",
    title: "an entitlement endpoint counts wrongly",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.4",
        "Okta: entitlement suite, itemsPerPage",
        "Okta: SCIM QA test plan, C9370",
    ],
    why: "Okta's suite asks for one with count=1 and wants itemsPerPage 1; its test plan compares what was imported with totalResults.",
    fix: "Take startIndex and count, and say in totalResults how many there are.",
    passing: "count=1: \"totalResults\":2,\"itemsPerPage\":1",
    failing: "count=1: \"totalResults\":2,\"itemsPerPage\":2",
};

/// /ServiceProviderConfig says something else than the server does.
pub static HONEST: CheckMeta = CheckMeta {
    id: "discovery/honest",
    title: "/ServiceProviderConfig contradicts what the server does",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 7643, 5", "Okta: SCIM FAQ"],
    why: "Okta does not read it, but other clients and test suites do, and leave out what it denies.",
    fix: "Say supported: true for what works, and for nothing else.",
    passing: "\"patch\":{\"supported\":true} and PATCH answered 200",
    failing: "\"patch\":{\"supported\":false} and PATCH answered 200",
};
