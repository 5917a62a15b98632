//! What only several requests together show.

use crate::verdict::{CheckMeta, Kind, Level};

/// A request that Okta sends in this sequence is refused.
pub static REFUSED: CheckMeta = CheckMeta {
    id: "sequence/refused",
    title: "a request that Okta sends in this sequence is refused",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5", "Okta: SCIM 2.0 reference"],
    why: "The task fails and stays failed until an administrator retries it; after a failed assignment Okta does not even send the deactivation later.",
    fix: "Accept the request in the form in which Okta sends it. If you must refuse it, change nothing and say why in the error's detail.",
    passing: "2xx",
    failing: "501 Not Implemented",
};

/// A request that Okta sends in this sequence makes the server fail.
pub static SERVER_ERROR: CheckMeta = CheckMeta {
    id: "sequence/server-error",
    title: "a request that Okta sends in this sequence makes the server fail",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 9110, 15.6"],
    why: "The task fails and stays failed until an administrator retries it.",
    fix: "Look into the server's log for this request.",
    passing: "2xx",
    failing: "500 Internal Server Error",
};

/// One person gets a second account.
pub static SECOND: CheckMeta = CheckMeta {
    id: "sequence/second-account",
    title: "one person gets a second account",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7643, 4.1.1 (userName is unique)"],
    why: "Two accounts for one person: licences, data and access are split, and deactivation reaches only one.",
    fix: "Find the existing account in the look-up, and refuse a second one with 409.",
    passing: "the same id again",
    failing: "201 with a new id",
};

/// A group is created a second time.
pub static SECOND_GROUP: CheckMeta = CheckMeta {
    id: "sequence/second-group",
    title: "a second group of the same name is created",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "Okta: SCIM 2.0 reference, while \"Import Groups\" is on a group is created without a lookup",
    ],
    why: "Okta fills the new group, and whatever the product grants to the old one stays with its old members.",
    fix: "Refuse it with 409: the Okta admin then links the group that exists, with \"Link Group\".",
    passing: "409",
    failing: "201 with a new id",
};

/// The id of a resource changes.
pub static ID_CHANGED: CheckMeta = CheckMeta {
    id: "sequence/id-changed",
    title: "the id of a resource changes",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 3.1 (id is stable)",
        "Okta: SCIM 2.0 reference, the id is stored as External ID",
    ],
    why: "Okta's link points nowhere: every later update and the deactivation fail.",
    fix: "Never change an id, whatever is renamed.",
    passing: "the same id",
    failing: "a new id after a rename",
};

/// A login that another account has is given away a second time.
pub static NAME_TAKEN: CheckMeta = CheckMeta {
    id: "sequence/name-taken",
    title: "a login that another account has is given away a second time",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 4.1.1 (userName is unique)",
        "RFC 7644, 3.5.1 and 3.12 (409 uniqueness)",
        "simpleidserver/SimpleIdServer issue 928",
    ],
    why: "Two people have one login: \"Multiple users found by userName\", and neither can be assigned or deactivated any more.",
    fix: "Check uniqueness on updates, too, and answer 409 with scimType uniqueness.",
    passing: "HTTP/1.1 409 Conflict",
    failing: "HTTP/1.1 200 OK, and a look-up finds two",
};
