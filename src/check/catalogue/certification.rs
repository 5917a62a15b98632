//! What Okta's own test suites and its test plan say.

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

/// A wrong base URL is answered like the right one.
pub static WRONG_URL: CheckMeta = CheckMeta {
    id: "certification/wrong-base-url",
    title: "a wrong base URL is answered like the right one",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "Okta: test plan for SCIM integrations, C9340",
        "RFC 9110, 15.5.5",
    ],
    why: "Okta's test plan types a wrong base URL and wants an error. With success the admin saves a connection that somebody mistyped. At customers who have typed it right, nothing is lost.",
    fix: "Answer 404 to every path below the base URL that is not of SCIM, also behind a front end that serves all paths.",
    passing: "HTTP/1.1 404 Not Found",
    failing: "GET /no-such-path/Users?startIndex=1&count=2\nHTTP/1.1 200 OK\n{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":0,\"startIndex\":1,\"itemsPerPage\":0,\"Resources\":[]}",
};
