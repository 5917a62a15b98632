//! Creating.

use crate::verdict::{CheckMeta, Kind, Level};

/// A create does not return the new resource.
pub static RETURNS: CheckMeta = CheckMeta {
    id: "create/returns-resource",
    title: "a create does not return the new resource",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.3",
        "Okta: SCIM 2.0 reference, \"Create new user returned empty user\"",
    ],
    why: "Okta takes the id from this answer. Without it the account exists, is not linked, and is never deactivated.",
    fix: "Answer 201 with the full resource, its id included.",
    passing: "HTTP/1.1 201 Created\n{\"id\":\"...\",...}",
    failing: "HTTP/1.1 201 Created, empty body",
};

/// A create is not answered with 201.
pub static STATUS: CheckMeta = CheckMeta {
    id: "create/status",
    title: "a create is not answered with 201",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.3",
        "Okta: SCIM 2.0 SPEC suite, \"Create Okta user\"",
    ],
    why: "Okta takes any 2xx, its certification suite only 201.",
    fix: "Answer 201.",
    passing: "HTTP/1.1 201 Created",
    failing: "HTTP/1.1 200 OK",
};

/// A user without externalId is refused.
pub static WITHOUT_EXTERNAL_ID: CheckMeta = CheckMeta {
    id: "create/without-external-id",
    title: "a user without externalId is refused",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 3.1 (externalId is optional)",
        "Okta: SCIM 2.0 SPEC suite, \"Create Okta user\"",
    ],
    why: "Okta's certification suite creates a user without externalId.",
    fix: "Treat externalId as optional.",
    passing: "HTTP/1.1 201 Created",
    failing: "HTTP/1.1 400 Bad Request",
};

/// A client can choose the id of a new resource.
pub static CLIENT_ID: CheckMeta = CheckMeta {
    id: "create/client-chosen-id",
    title: "a client can choose the id of a new resource",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7643, 3.1 (id is issued by the service provider)"],
    why: "Somebody could overwrite another account by naming its id.",
    fix: "Ignore an id in a create, or refuse it with 400.",
    passing: "201 with an id of the server's",
    failing: "201 with the id of the request",
};

/// The answer to a create does not show what was stored.
pub static ANSWER: CheckMeta = CheckMeta {
    id: "create/answer",
    title: "the answer to a create does not show what was stored",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.3",
        "Okta: SCIM 2.0 SPEC suite, \"Create Okta user with realistic values\"",
    ],
    why: "Okta's certification suite compares the answer with what it sent, active and names included.",
    fix: "Answer 201 with the resource as it is stored.",
    passing: "201 with \"active\":true, as sent and as read afterwards",
    failing: "201 with \"active\":false, while a read shows true",
};

/// A create without an optional attribute is refused.
pub static OPTIONAL: CheckMeta = CheckMeta {
    id: "create/optional-attribute",
    title: "a create without an optional attribute is refused",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 4.1.2 and 4.2 (emails and members are optional)",
        "clerk/clerk-docs pull request 3308",
    ],
    why: "Okta sends both, but an administrator can leave the address out of the mapping; then nobody can be assigned.",
    fix: "Treat emails of a user and members of a group as optional; where the login is an address, take that.",
    passing: "HTTP/1.1 201 Created",
    failing: "HTTP/1.1 400 Bad Request",
};
