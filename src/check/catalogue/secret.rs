//! What must never come back.

use crate::verdict::{CheckMeta, Kind, Level};

/// A password comes back in an answer.
pub static PASSWORD: CheckMeta = CheckMeta {
    id: "secret/password-returned",
    title: "a password comes back in an answer",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7643, 4.1.1 (returned: never)"],
    why: "Whatever an answer holds, Okta echoes in its next PUT and writes into logs; a password must leave the server never.",
    fix: "Drop password from every answer, and from what PATCH and PUT store beside the credential.",
    passing: "no password",
    failing: "\"password\":\"...\"",
};

/// The credentials of the request come back in an answer.
pub static TOKEN: CheckMeta = CheckMeta {
    id: "secret/token-returned",
    title: "the credentials of the request come back in an answer",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 6750, 5.3"],
    why: "Error texts are shown to administrators and kept in logs.",
    fix: "Do not put the Authorization header into answers.",
    passing: "\"detail\":\"invalid token\"",
    failing: "\"detail\":\"invalid token eyJ...\"",
};
