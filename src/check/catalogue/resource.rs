//! The shape of a user or a group.

use crate::verdict::{CheckMeta, Kind, Level};

/// A resource has no usable id.
pub static ID: CheckMeta = CheckMeta {
    id: "resource/id",
    title: "a resource has no usable id",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 3.1",
        "Okta: SCIM 2.0 reference, the id is stored as External ID",
    ],
    why: "Okta stores the id as its link. Without one a later deactivation is never sent.",
    fix: "Return a non-empty string id in every representation.",
    passing: "\"id\":\"23a35c27-...\"",
    failing: "\"id\":23, or no id",
};

/// A resource does not name its schema.
pub static SCHEMAS: CheckMeta = CheckMeta {
    id: "resource/schemas",
    title: "a resource does not name its schema",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 3",
        "grokability/snipe-it issue 18864",
        "jelhub/scimgateway issue 33",
    ],
    why: "Okta was reported to fail with \"No schema's defined in scim user\", and on group answers that named the PatchOp schema.",
    fix: "Return the schema URNs of the resource in schemas, also in answers to PATCH.",
    passing: "\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"]",
    failing: "no schemas",
};

/// Active is not a JSON boolean.
pub static ACTIVE: CheckMeta = CheckMeta {
    id: "resource/active",
    title: "active is not a JSON boolean",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 4.1.1",
        "Okta: SCIM 2.0 CRUD suite",
        "grokability/snipe-it issues 13855, 13948",
    ],
    why: "Okta's suite reads active after deactivation, and the look-up decides by it whether to reactivate.",
    fix: "Always return active as true or false, also when it is false.",
    passing: "\"active\":false",
    failing: "\"active\":\"false\", \"active\":0, or no active",
};

/// Emails is not an array of objects.
pub static EMAILS: CheckMeta = CheckMeta {
    id: "resource/emails",
    title: "emails is not an array of objects",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 4.1.2",
        "Okta: SCIM FAQ, multi-valued attributes are arrays",
    ],
    why: "Okta picks the element with primary true; what is no array is not imported.",
    fix: "Return emails as an array, also for a single address.",
    passing: "\"emails\":[{\"value\":\"a@example.com\",\"primary\":true}]",
    failing: "\"emails\":{\"value\":\"a@example.com\"}",
};

/// More than one e-mail is marked primary.
pub static PRIMARY: CheckMeta = CheckMeta {
    id: "resource/primary",
    title: "more than one e-mail is marked primary",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 2.4"],
    why: "Which address Okta takes is left to chance.",
    fix: "Mark at most one value as primary.",
    passing: "one primary",
    failing: "two primary",
};

/// Meta.resourceType names another type.
pub static TYPE: CheckMeta = CheckMeta {
    id: "resource/resource-type",
    title: "meta.resourceType names another type",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 3.1"],
    why: "Clients that go by it read the wrong schema.",
    fix: "Return User or Group.",
    passing: "\"resourceType\":\"User\"",
    failing: "\"resourceType\":\"Users\"",
};

/// Members is not an array of objects with a value.
pub static MEMBERS: CheckMeta = CheckMeta {
    id: "resource/members",
    title: "members is not an array of objects with a value",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7643, 4.2"],
    why: "Okta edits this array and sends it back.",
    fix: "Return members as an array of objects with the user's id in value, or leave it out.",
    passing: "\"members\":[{\"value\":\"2819c223\"}]",
    failing: "\"members\":[\"2819c223\"]",
};

/// Meta.location is the URL of another host.
pub static LOCATION: CheckMeta = CheckMeta {
    id: "resource/location",
    title: "meta.location is the URL of another host",
    level: Level::Note,
    kind: Kind::Fault,
    norms: &["RFC 7643, 3.1", "jelhub/scimgateway issue 110"],
    why: "Okta does not follow it; a client that does ends at a host that it cannot reach, and an internal name leaks.",
    fix: "Build URLs from the public base URL, not from the host behind a proxy.",
    passing: "\"location\":\"https://scim.example.com/v2/Users/23a35c27\"",
    failing: "\"location\":\"http://backend.internal:8080/v2/Users/23a35c27\"",
};

/// Attributes and excludedAttributes are ignored.
pub static SELECTION: CheckMeta = CheckMeta {
    id: "resource/attribute-selection",
    title: "attributes and excludedAttributes are ignored",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 7644, 3.9"],
    why: "Okta asks for whole resources. Other clients leave members out because a large group takes long to show.",
    fix: "Honour both parameters, and do not load what nobody asked for.",
    passing: "excludedAttributes=members: no members",
    failing: "excludedAttributes=members: 5,000 members",
};
