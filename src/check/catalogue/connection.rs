//! Reaching the target and being let in.

use crate::verdict::{CheckMeta, Kind, Level};

/// A request gets no usable answer.
pub static ANSWERS: CheckMeta = CheckMeta {
    id: "connection/answers",
    title: "a request gets no usable answer",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 9110, 15", "Okta: SCIM FAQ, 60 s without an answer"],
    why: "Okta closes the socket after 60 seconds without data and reports the task as failed; an administrator has to retry it by hand.",
    fix: "Answer every request with a complete HTTP response within 60 seconds; look for crashes and proxies that cut the connection.",
    passing: "HTTP/1.1 200 OK, complete body",
    failing: "connection closed before the answer was complete",
};

/// A request without valid credentials is not refused with 401.
pub static REJECTS_WRONG_TOKEN: CheckMeta = CheckMeta {
    id: "connection/rejects-wrong-token",
    title: "a request without valid credentials is not refused with 401",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 2",
        "Okta: SCIM 2.0 SPEC suite, \"Check status 401\"",
        "Okta: OIN requirements, no anonymous access",
    ],
    why: "Okta's certification suite sends a wrong token and demands 401. Anything else means that strangers may read or change accounts, or that an expired token looks like a broken server.",
    fix: "Check the Authorization header first, also when it is absent, empty or malformed; answer 401 with a SCIM error body.",
    passing: "HTTP/1.1 401 Unauthorized\n{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"401\",\"detail\":\"...\"}",
    failing: "HTTP/1.1 200 OK\n{\"totalResults\":12,...}",
};

/// A request is answered with a redirect.
pub static REDIRECTS: CheckMeta = CheckMeta {
    id: "connection/redirects",
    title: "a request is answered with a redirect",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.1"],
    why: "Okta sends its writes to the configured base URL. A redirect turns a POST into a GET or is not followed; the task fails.",
    fix: "Serve SCIM below exactly the base URL that you give to customers, without redirects for trailing slashes, hosts or log-in pages.",
    passing: "HTTP/1.1 201 Created",
    failing: "HTTP/1.1 302 Found\nLocation: /login",
};

/// The target limits the request rate.
pub static THROTTLED: CheckMeta = CheckMeta {
    id: "connection/throttled",
    title: "the target limits the request rate",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 6585, 4", "Okta: SCIM concepts, rate limits"],
    why: "Okta waits for a whole number of seconds in Retry-After; without one it waits five minutes, doubles that each time and gives up after ten attempts.",
    fix: "Send Retry-After as whole seconds with every 429, and allow bursts of a hundred requests.",
    passing: "HTTP/1.1 429 Too Many Requests\nRetry-After: 2",
    failing: "HTTP/1.1 429 Too Many Requests",
};

/// An answer takes longer than a second.
pub static SLOW: CheckMeta = CheckMeta {
    id: "connection/slow",
    title: "an answer takes longer than a second",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["Okta: SCIM 2.0 SPEC suite, 600 ms for each answer"],
    why: "Okta waits for 60 seconds, but its certification suite wants each answer within 600 milliseconds, and an import of thousands takes as many answers.",
    fix: "Answer look-ups from an index.",
    passing: "200 after 40 ms",
    failing: "200 after 1.5 s",
};

/// A request takes longer the more people there are.
pub static GROWTH: CheckMeta = CheckMeta {
    id: "connection/growth",
    title: "a request takes longer the more people there are",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["Okta: SCIM FAQ, 60 s without an answer"],
    why: "Okta gives up after 60 seconds. What takes twice as long with twice as many people works in every test, and fails at the largest customer.",
    fix: "Look users and groups up in an index, and change members without reading or rewriting all of them.",
    passing: "12 ms with 1,000 people, 13 ms with 10,000",
    failing: "150 ms with 1,000 people, 1.5 s with 10,000",
};

/// The token is accepted without its scheme.
pub static BARE_TOKEN: CheckMeta = CheckMeta {
    id: "connection/bare-token",
    title: "the token is accepted without its scheme",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 6750, 2.1", "RFC 9110, 11.6.2"],
    why: "Okta sends the scheme, so this breaks nothing; it shows that the header is not parsed but searched.",
    fix: "Accept `Authorization: Bearer <token>` and nothing else.",
    passing: "HTTP/1.1 401 Unauthorized",
    failing: "HTTP/1.1 200 OK",
};

/// Another way of writing the base URL makes the server fail.
pub static BASE_URL: CheckMeta = CheckMeta {
    id: "connection/base-url",
    title: "another way of writing the base URL makes the server fail",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 9110, 15.6", "RFC 7644, 3.2"],
    why: "An administrator pastes the URL with a slash at its end, or opens it in a browser to see whether it is right. A crash says that the endpoint is broken.",
    fix: "Answer 404 with a SCIM error, or serve it, for the root and for a doubled slash.",
    passing: "HTTP/1.1 404 Not Found",
    failing: "HTTP/1.1 500 Internal Server Error",
};

/// A body that comes in chunks is not read.
pub static CHUNKED_BODY: CheckMeta = CheckMeta {
    id: "connection/chunked-body",
    title: "a body that comes in chunks is not read",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 9112, 7.1 (a recipient must decode chunks)",
        "RFC 9112, 6.3 (it may answer 411 instead)",
    ],
    why: "Okta sends every body with its length. Proxies, gateways and content delivery networks may pass it on in chunks: then each create and update arrives empty, and nothing in Okta says why.",
    fix: "Read the body to its end, with or without a Content-Length; where WSGI or CGI cannot, let the web server buffer requests.",
    passing: "POST /Users\nTransfer-Encoding: chunked\n\nHTTP/1.1 201 Created",
    failing: "POST /Users\nTransfer-Encoding: chunked\n\nHTTP/1.1 400 Bad Request\n{\"detail\":\"the body is empty\",...}",
};

/// Another spelling of the scheme of the token makes the server fail.
pub static SCHEME_SPELLING: CheckMeta = CheckMeta {
    id: "connection/scheme-spelling",
    title: "another spelling of the scheme of the token makes the server fail",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 9110, 11.1 (the scheme is case-insensitive)",
        "RFC 6750, 2.1",
    ],
    why: "In apps with an HTTP header, administrators type the scheme themselves. Refused with 401 they look for their slip; after a crash they look at the server.",
    fix: "Compare the scheme without case, and answer 401 to whatever you do not take.",
    passing: "HTTP/1.1 200 OK, or 401",
    failing: "HTTP/1.1 500 Internal Server Error",
};
