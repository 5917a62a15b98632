//! Finding accounts and groups by name.

use crate::verdict::{CheckMeta, Kind, Level};

/// A user is not found by userName.
pub static FINDS_USER: CheckMeta = CheckMeta {
    id: "lookup/finds-user",
    title: "a user is not found by userName",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2",
        "Okta: SCIM 2.0 reference, determine if the user exists",
    ],
    why: "Okta looks every person up by userName before it assigns. Who is not found gets created: a second account, or a 409 that never clears.",
    fix: "Compare the current userName without regard to case; find inactive users, too; keep the index up to date on renames.",
    passing: "totalResults 1, the same id",
    failing: "totalResults 0",
};

/// A group is not found by displayName.
pub static FINDS_GROUP: CheckMeta = CheckMeta {
    id: "lookup/finds-group",
    title: "a group is not found by displayName",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2",
        "Okta: SCIM 2.0 reference, groups (since 2024-05)",
    ],
    why: "Okta looks a group up by displayName before it pushes; one that is not found gets created a second time.",
    fix: "Support filter=displayName eq \"...\" and keep its index up to date on renames.",
    passing: "totalResults 1, the same id",
    failing: "totalResults 0",
};

/// A name with special characters is not found.
pub static SPECIAL: CheckMeta = CheckMeta {
    id: "lookup/special-characters",
    title: "a name with special characters is not found",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.2 (JSON strings)", "RFC 3986, 2.1"],
    why: "People called O'Brien, addresses with a plus sign and groups with quotes are looked up like all others; who is not found gets created again.",
    fix: "Percent-decode the query once, read the filter's value as a JSON string, and compare it as it is.",
    passing: "totalResults 1",
    failing: "totalResults 0, or an error",
};

/// A look-up finds somebody else.
pub static ONLY_EXACT: CheckMeta = CheckMeta {
    id: "lookup/only-exact",
    title: "a look-up finds somebody else",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.2"],
    why: "With more than one result Okta stops: \"Multiple users found by userName\". With exactly one wrong result it takes over that person's account.",
    fix: "Evaluate the filter on every list request; eq means equal, not contains, not starts-with.",
    passing: "totalResults 0 for an unknown name",
    failing: "all users, whatever the filter says",
};

/// After a rename the former name still finds the account.
pub static FORMER_NAME: CheckMeta = CheckMeta {
    id: "lookup/former-name",
    title: "after a rename the former name still finds the account",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.2.2"],
    why: "A new hire who gets the old name is matched to the renamed person's account.",
    fix: "Update the look-up index together with the name.",
    passing: "former name: totalResults 0",
    failing: "former name: the renamed user",
};

/// A look-up without a match is not answered with an empty list.
pub static NOBODY: CheckMeta = CheckMeta {
    id: "lookup/nobody",
    title: "a look-up without a match is not answered with an empty list",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2",
        "Okta: SCIM 2.0 SPEC suite, \"Required Test: Test invalid User by username\"",
    ],
    why: "Okta accepts a 404 with a SCIM error as nobody, but its certification suite demands 200 and totalResults 0.",
    fix: "Answer 200 with totalResults 0 and Resources [].",
    passing: "HTTP/1.1 200 OK\n{...,\"totalResults\":0}",
    failing: "HTTP/1.1 404 Not Found",
};

/// A look-up that is spelt or encoded in another way has another result.
pub static SPELLING: CheckMeta = CheckMeta {
    id: "lookup/spelling",
    title: "a look-up that is spelt or encoded in another way has another result",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2 (attribute names and operators are case-insensitive)",
        "RFC 3986, 2.1",
    ],
    why: "Okta writes its filters one way today. Scripts, other identity providers and a later Okta may write the same filter another way, and find nobody.",
    fix: "Parse the query and the filter by their grammars instead of comparing texts.",
    passing: "USERNAME EQ finds the same user",
    failing: "400, or totalResults 0",
};

/// A look-up by another attribute finds the wrong accounts.
pub static OTHER_ATTRIBUTE: CheckMeta = CheckMeta {
    id: "lookup/other-attribute",
    title: "a look-up by another attribute finds the wrong accounts",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2",
        "Okta: custom apps, unique identifier field for users",
    ],
    why: "An administrator can choose another field to match people by. A filter that is ignored lists everybody, and Okta links the first; one that finds nobody makes second accounts.",
    fix: "Evaluate the attribute, or refuse the filter with 400 invalidFilter.",
    passing: "the one account, or 400 invalidFilter",
    failing: "200 with every account",
};
