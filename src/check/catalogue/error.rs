//! Errors.

use crate::verdict::{CheckMeta, Kind, Level};

/// An error has no SCIM error body.
pub static BODY: CheckMeta = CheckMeta {
    id: "error/body",
    title: "an error has no SCIM error body",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.12", "Okta: SCIM FAQ, error messages"],
    why: "Behind \"Errors reported by remote server:\" an administrator sees the detail of the body, or the parser's complaint about a body that is no JSON.",
    fix: "Answer errors with schemas, status (a string equal to the HTTP status) and detail as application/scim+json.",
    passing: "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"404\",\"detail\":\"User not found\"}",
    failing: "<html>404</html>",
};

/// An unknown resource is not answered with 404.
pub static NOT_FOUND: CheckMeta = CheckMeta {
    id: "error/not-found",
    title: "an unknown resource is not answered with 404",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.12",
        "Okta: SCIM 2.0 SPEC suite, \"Check status 404\"",
    ],
    why: "Okta's suite demands 404, and Okta tells a deleted account by it.",
    fix: "Answer 404 with a SCIM error for ids that do not exist.",
    passing: "HTTP/1.1 404 Not Found",
    failing: "HTTP/1.1 200 OK\nnull",
};

/// A correct request is answered with a server error.
pub static SERVER_ERROR: CheckMeta = CheckMeta {
    id: "error/server-error",
    title: "a correct request is answered with a server error",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 9110, 15.6"],
    why: "The task fails until somebody retries it, and fails again.",
    fix: "Look into the server's log for this request.",
    passing: "HTTP/1.1 200 OK",
    failing: "HTTP/1.1 500 Internal Server Error",
};

/// Creating an account a second time is not refused with 409.
pub static DUPLICATE: CheckMeta = CheckMeta {
    id: "error/duplicate",
    title: "creating an account a second time is not refused with 409",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.3",
        "Okta: SCIM 2.0 SPEC suite, \"Expect failure when recreating user\"",
    ],
    why: "Okta's suite demands 409. A second account, or a first one that is overwritten, mixes up two people.",
    fix: "Check userName for uniqueness, without regard to case, and answer 409 with scimType uniqueness.",
    passing: "HTTP/1.1 409 Conflict\n{...,\"scimType\":\"uniqueness\"}",
    failing: "HTTP/1.1 201 Created",
};

/// A client's mistake is not answered with 4xx.
pub static CLIENT_MISTAKE: CheckMeta = CheckMeta {
    id: "error/client-mistake",
    title: "a client's mistake is not answered with 4xx",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.12"],
    why: "Okta does not make this mistake, but a server that fails on bad input fails on unexpected input, too.",
    fix: "Answer 400 with a SCIM error and change nothing.",
    passing: "HTTP/1.1 400 Bad Request",
    failing: "HTTP/1.1 500 Internal Server Error",
};

/// The status in an error body is not the HTTP status.
pub static STATUS: CheckMeta = CheckMeta {
    id: "error/status",
    title: "the status in an error body is not the HTTP status",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.12", "Okta: SCIM 2.0 SPEC suite compares them"],
    why: "Okta's suite compares both.",
    fix: "Repeat the HTTP status in the body.",
    passing: "404 with \"status\":\"404\"",
    failing: "404 with \"status\":\"400\"",
};

/// The text of an error is not meant for people.
pub static DETAIL: CheckMeta = CheckMeta {
    id: "error/detail",
    title: "the text of an error is not meant for people",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.12 (detail: a human-readable message)",
        "Okta: SCIM FAQ, clear error messages",
    ],
    why: "Okta shows this text to the administrator. A stack trace or pages of it hide the cause, and show strangers how the server is built.",
    fix: "Say in a sentence what is wrong with which attribute; write the trace into the log.",
    passing: "\"detail\":\"userName is taken\"",
    failing: "\"detail\":\"Traceback (most recent call last): ...\"",
};
