//! Updating.

use crate::verdict::{CheckMeta, Kind, Level};

/// A write with an attribute that the server does not know is refused.
pub static UNKNOWN_ATTRIBUTE: CheckMeta = CheckMeta {
    id: "update/unknown-attribute",
    title: "a write with an attribute that the server does not know is refused",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.5.1",
        "fleetdm/fleet pull request 42678",
        "better-auth/better-auth issue 10980",
    ],
    why: "As soon as an administrator maps one more attribute, every push of everybody fails.",
    fix: "Ignore attributes that you do not know and store the others.",
    passing: "200, and the known attributes applied",
    failing: "400 invalidSyntax",
};

/// An update that repeats a read-only attribute is refused.
pub static READ_ONLY: CheckMeta = CheckMeta {
    id: "update/read-only-attribute",
    title: "an update that repeats a read-only attribute is refused",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "Okta: SCIM 2.0 reference, id inside the value of a PATCH",
        "jelhub/scimgateway issue 113",
    ],
    why: "Okta puts the id into the value of a group's PATCH, and implementers report id, schemas and meta for users, too.",
    fix: "Ignore id, schemas and meta inside a value when they say what is there already.",
    passing: "200, and active is false",
    failing: "400 mutability",
};

/// The answer to an update does not show what was stored.
pub static ANSWER: CheckMeta = CheckMeta {
    id: "update/answer",
    title: "the answer to an update does not show what was stored",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.1 and 3.5.2", "wso2/product-is issue 7475"],
    why: "Okta believes in success whatever the answer shows; Okta's CRUD suite and other clients read it.",
    fix: "Answer 200 with the resource as it is stored, or 204 to a PATCH.",
    passing: "200 with \"active\":false, as sent",
    failing: "200 with \"active\":true, while a read shows false",
};

/// A change has another effect than its request says.
pub static MEANING: CheckMeta = CheckMeta {
    id: "update/meaning",
    title: "a change has another effect than its request says",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.2"],
    why: "Okta writes its changes in one form. The same change in another form, from another client or a later Okta, is lost, or changes something else.",
    fix: "Apply path and value by the rules of the RFC, one operation after the other; refuse with 400 what you do not support.",
    passing: "replace with path \"title\": GET shows the new title",
    failing: "200, and GET shows the old title",
};

/// An update changes another resource than the one it names.
pub static OTHER_RESOURCE: CheckMeta = CheckMeta {
    id: "update/other-resource",
    title: "an update changes another resource than the one it names",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.5.1",
        "RFC 7643, 3.1 (id is issued by the service provider and does not change)",
    ],
    why: "Two people's accounts are mixed up by one slip, and nobody is told.",
    fix: "Go by the path; ignore an id in the body, or refuse another one with 400.",
    passing: "PUT /Users/1 with id 2: user 1 is changed, or 400",
    failing: "PUT /Users/1 with id 2: user 2 is changed",
};
