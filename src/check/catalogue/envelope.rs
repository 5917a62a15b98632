//! The HTTP answer around the JSON.

use crate::verdict::{CheckMeta, Kind, Level};

/// The body of a successful answer is not JSON.
pub static JSON: CheckMeta = CheckMeta {
    id: "envelope/json",
    title: "the body of a successful answer is not JSON",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.1",
        "Okta: knowledge base, \"No results for users returned\"",
    ],
    why: "Okta parses every body as JSON. What it cannot parse fails the task with a message about its parser, and the real cause is hidden.",
    fix: "Answer with complete JSON in UTF-8 on every path below the base URL, also from proxies and error handlers.",
    passing: "HTTP/1.1 200 OK\n{\"schemas\":[...],...}",
    failing: "HTTP/1.1 200 OK\n<!doctype html>...",
};

/// The Content-Type of an answer is not a SCIM media type.
pub static MEDIA_TYPE: CheckMeta = CheckMeta {
    id: "envelope/media-type",
    title: "the Content-Type of an answer is not a SCIM media type",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.1 and 8.1"],
    why: "Okta parses the body whatever the type says, but other clients do not.",
    fix: "Send Content-Type: application/scim+json.",
    passing: "Content-Type: application/scim+json",
    failing: "Content-Type: text/html",
};

/// Bytes follow an answer that must not have a body.
pub static BODY_AFTER_204: CheckMeta = CheckMeta {
    id: "envelope/body-after-204",
    title: "bytes follow an answer that must not have a body",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 9110, 15.3.5"],
    why: "On a kept-alive connection such bytes are read as the start of the next answer, so a later request fails at random.",
    fix: "Send no body and no Content-Length with 204.",
    passing: "HTTP/1.1 204 No Content",
    failing: "HTTP/1.1 204 No Content\n\n{}",
};

/// The JSON text starts with a byte order mark.
pub static BYTE_ORDER_MARK: CheckMeta = CheckMeta {
    id: "envelope/byte-order-mark",
    title: "the JSON text starts with a byte order mark",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 8259, 8.1"],
    why: "Parsers may refuse the text.",
    fix: "Write JSON without a byte order mark.",
    passing: "{\"schemas\":...",
    failing: "\\ufeff{\"schemas\":...",
};

/// A key stands twice in one JSON object.
pub static DUPLICATE_KEYS: CheckMeta = CheckMeta {
    id: "envelope/duplicate-keys",
    title: "a key stands twice in one JSON object",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 8259, 4"],
    why: "Which value counts depends on the parser.",
    fix: "Write each key once.",
    passing: "{\"active\":true}",
    failing: "{\"active\":true,\"active\":false}",
};

/// The body cannot be decoded as its Content-Encoding says.
pub static ENCODING: CheckMeta = CheckMeta {
    id: "envelope/content-encoding",
    title: "the body cannot be decoded as its Content-Encoding says",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 9110, 8.4"],
    why: "Okta asks for gzip and deflate and cannot read the answer.",
    fix: "Compress correctly, or not at all.",
    passing: "Content-Encoding: gzip",
    failing: "Content-Encoding: gzip over plain text",
};

/// A create with Content-Type application/json is refused.
pub static ACCEPTS_JSON: CheckMeta = CheckMeta {
    id: "envelope/accepts-json",
    title: "a create with Content-Type application/json is refused",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.1",
        "Okta: SCIM 2.0 SPEC suite, \"Create Okta user\"",
    ],
    why: "Okta's certification suite posts users as application/json, while Okta itself sends application/scim+json; both must work.",
    fix: "Accept both media types, with and without a charset parameter.",
    passing: "HTTP/1.1 201 Created",
    failing: "HTTP/1.1 415 Unsupported Media Type",
};
