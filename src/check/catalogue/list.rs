//! List answers and paging.

use crate::verdict::{CheckMeta, Kind, Level};

/// Okta cannot read a list answer.
pub static READABLE: CheckMeta = CheckMeta {
    id: "list/readable",
    title: "Okta cannot read a list answer",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2",
        "Okta: knowledge base, \"No results for users returned\"",
    ],
    why: "The connection test, the look-up before every assignment and the import read this envelope; when they cannot, provisioning stops.",
    fix: "Answer with schemas, totalResults, startIndex, itemsPerPage and Resources; for nothing found with totalResults 0 and [].",
    passing: "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":0,\"startIndex\":1,\"itemsPerPage\":0,\"Resources\":[]}",
    failing: "[]",
};

/// A counter of a list answer is not a JSON number.
pub static COUNTERS: CheckMeta = CheckMeta {
    id: "list/counters",
    title: "a counter of a list answer is not a JSON number",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2",
        "Okta: help center question 0D54z0000A4i091CQA",
    ],
    why: "With \"startIndex\":\"1\" as text Okta stopped after the look-up: no create, and a failure without a reason in the system log.",
    fix: "Send totalResults, startIndex and itemsPerPage as numbers.",
    passing: "\"totalResults\":0",
    failing: "\"totalResults\":\"0\"",
};

/// An empty list answer has no Resources array.
pub static RESOURCES: CheckMeta = CheckMeta {
    id: "list/resources",
    title: "an empty list answer has no Resources array",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2",
        "Okta: knowledge base, \"No results for users returned\"",
    ],
    why: "The RFC allows it, but Okta's own article asks for Resources: [].",
    fix: "Send Resources: [] when nothing is found.",
    passing: "\"totalResults\":0,\"Resources\":[]",
    failing: "\"totalResults\":0",
};

/// A list answer does not name the ListResponse schema.
pub static SCHEMAS: CheckMeta = CheckMeta {
    id: "list/schemas",
    title: "a list answer does not name the ListResponse schema",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2"],
    why: "Okta's certification suite asserts it.",
    fix: "Send schemas: [\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"].",
    passing: "\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"]",
    failing: "\"schemas\":[]",
};

/// ItemsPerPage is not the number of resources returned.
pub static ITEMS_PER_PAGE: CheckMeta = CheckMeta {
    id: "list/items-per-page",
    title: "itemsPerPage is not the number of resources returned",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.4"],
    why: "Okta's review counts with it.",
    fix: "Send the length of Resources.",
    passing: "\"itemsPerPage\":2 with two resources",
    failing: "\"itemsPerPage\":100 with two resources",
};

/// ItemsPerPage is not 0 on an empty page past the end.
pub static ITEMS_PAST_THE_END: CheckMeta = CheckMeta {
    id: "list/items-per-page-past-the-end",
    title: "itemsPerPage is not 0 on an empty page past the end",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.4", "ory/polis pull request 4054"],
    why: "Okta's review was reported to block a submission for it.",
    fix: "Send itemsPerPage 0 when Resources is empty.",
    passing: "\"itemsPerPage\":0,\"Resources\":[]",
    failing: "\"itemsPerPage\":100,\"Resources\":[]",
};

/// TotalResults is not the number of all matches.
pub static TOTAL: CheckMeta = CheckMeta {
    id: "list/total-results",
    title: "totalResults is not the number of all matches",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2"],
    why: "Okta reads pages until startIndex passes totalResults: too low, and people are missing from the import; too high, and it asks for pages that are not there.",
    fix: "Count all matches, not those on the page.",
    passing: "\"totalResults\":130 on every page",
    failing: "\"totalResults\":100 on page one of 130",
};

/// An import does not see everybody.
pub static COMPLETE: CheckMeta = CheckMeta {
    id: "list/complete",
    title: "an import does not see everybody",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.4",
        "Okta: SCIM 2.0 reference, startIndex grows by 100",
    ],
    why: "Okta steps by 100 whatever came back. Who is on no page is not imported, and a full import removes the assignments of those who vanished.",
    fix: "Return up to count resources (at least 100) from startIndex on, in a stable order, and the true totalResults.",
    passing: "130 users: pages of 100 and 30, totalResults 130",
    failing: "130 users: a page of 50, totalResults 50",
};

/// A list shows a resource more than once.
pub static REPEATS: CheckMeta = CheckMeta {
    id: "list/repeats",
    title: "a list shows a resource more than once",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.4"],
    why: "Somebody who stands on two pages pushes somebody else off both; somebody who stands twice in the answer to a look-up is \"Multiple users found by userName\".",
    fix: "Order by something that does not change, such as the id, count startIndex from 1, and join so that each resource comes once.",
    passing: "each id once",
    failing: "the same id twice",
};

/// A list shows a resource otherwise than its own URL does.
pub static CURRENT: CheckMeta = CheckMeta {
    id: "list/current",
    title: "a list shows a resource otherwise than its own URL does",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2", "getsentry/sentry issue 84838"],
    why: "An import takes everything from the list. A group that was renamed is renamed back; a user without names or address matches nobody, and one who is inactive is imported as a colleague.",
    fix: "Build lists from what GET by id returns, and not from a name that was noted down at the start.",
    passing: "GET /Groups shows \"Day Shift\", as GET /Groups/{id} does",
    failing: "GET /Groups shows \"Night Shift\", the name before",
};

/// A page past the end is not empty.
pub static PAST_THE_END: CheckMeta = CheckMeta {
    id: "list/past-the-end",
    title: "a page past the end is not empty",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.4", "ory/polis pull request 4054"],
    why: "A client that reads until an empty page never stops, and an import sees people twice.",
    fix: "Return an empty Resources when startIndex is larger than totalResults.",
    passing: "startIndex=101 of 2: Resources []",
    failing: "startIndex=101 of 2: the first page again",
};

/// TotalResults counts more than the pages hold.
pub static TOTAL_TOO_HIGH: CheckMeta = CheckMeta {
    id: "list/total-too-high",
    title: "totalResults counts more than the pages hold",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2", "keycloak/keycloak issue 50800"],
    why: "Okta reads on until startIndex passes totalResults, so at most it asks once too often; but whoever is counted and not shown may be somebody who should be.",
    fix: "Count what this client may see, with the filter that the page uses.",
    passing: "\"totalResults\":130 and 130 resources",
    failing: "\"totalResults\":131 and 130 resources",
};

/// A key of a list answer is not spelt as in the RFC.
pub static KEYS: CheckMeta = CheckMeta {
    id: "list/key-case",
    title: "a key of a list answer is not spelt as in the RFC",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2", "ssoready/ssoready pull request 232"],
    why: "Okta also reads the keys in lower case; other clients, and Okta's certification suite, do not.",
    fix: "Write schemas, totalResults, startIndex, itemsPerPage and Resources.",
    passing: "\"Resources\":[]",
    failing: "\"resources\":[]",
};

/// The first listed user is not a complete one.
pub static FIRST_USER: CheckMeta = CheckMeta {
    id: "list/first-user",
    title: "the first listed user is not a complete one",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["Okta: SCIM 2.0 SPEC suite, \"Required Test: Test Users endpoint\""],
    why: "Okta's certification suite reads the first user of the list and asserts id, userName, names, address and state; an import cannot match an account that lacks them.",
    fix: "List people only, and each with all that is known; keep system accounts out of the list.",
    passing: "Resources[0] with name.givenName and emails[0].value",
    failing: "Resources[0] with id and userName alone",
};

/// Unusual paging parameters are not answered as the RFC says.
pub static PARAMETERS: CheckMeta = CheckMeta {
    id: "list/parameters",
    title: "unusual paging parameters are not answered as the RFC says",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 7644, 3.4.2.4 (startIndex below 1 is 1, count below 0 is 0)"],
    why: "Okta sends none of these; other clients do.",
    fix: "Read startIndex below 1 as 1 and count below 0 as 0; refuse what is no number with 400; need neither.",
    passing: "startIndex=0: the first page",
    failing: "startIndex=0: 500",
};
