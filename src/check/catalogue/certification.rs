//! What Okta's own test suites say.

use crate::verdict::{CheckMeta, Kind, Level};

/// A step of Okta's own test suite fails.
pub static SUITE: CheckMeta = CheckMeta {
    id: "certification/suite",
    title: "a step of Okta's own test suite fails",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "Okta: Build your SCIM API service, Runscope SPEC test",
        "RFC 7644, 3.12",
    ],
    why: "Okta publishes an integration in its catalogue only with a passing run of this suite. Apps that a customer makes alone do not need it.",
    fix: "Play Okta's file to see each assertion: scim-conform runscope FILE. What else is found at the same request is the cause.",
    passing: "HTTP/1.1 404 Not Found\n{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"404\",\"detail\":\"User not found\"}",
    failing: "HTTP/1.1 404 Not Found\nNot Found",
};
