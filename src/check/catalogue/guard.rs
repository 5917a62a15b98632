//! Other people's accounts.

use crate::verdict::{CheckMeta, Kind, Level};

/// An answer names another account than the one that it is about.
pub static SOMEBODY_ELSE: CheckMeta = CheckMeta {
    id: "guard/somebody-else",
    title: "an answer hands Okta another account; Okta would now write to it, this run did not",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2",
        "Okta: SCIM 2.0 reference, a single match is linked",
    ],
    why: "Okta links whatever a look-up or a create hands it, goes on with the id of an update's answer, and pushes a profile over the account that it names. This run stopped before the write.",
    fix: "Return only the resource that was asked for, created or updated.",
    passing: "the id of the new account",
    failing: "the id of an account that existed before",
};

/// The token of one customer opens the accounts of another.
pub static TENANTS_APART: CheckMeta = CheckMeta {
    id: "guard/tenants-apart",
    title: "the token of one customer opens the accounts of another",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 6 (multi-tenancy)",
        "Reported: vouch 317, Cogtrix 128",
    ],
    why: "Okta sends each customer's token to your server; whoever has one could read, deactivate or delete the people of all others.",
    fix: "Take the tenant from the token, and look for ids and names within that tenant alone; answer 404 for everything else.",
    passing: "HTTP/1.1 404 Not Found",
    failing: "HTTP/1.1 200 OK\n{\"userName\":\"somebody@another-customer.example\",...}",
};

/// The last administrator can be deactivated.
pub static LAST_ADMINISTRATOR: CheckMeta = CheckMeta {
    id: "guard/last-administrator",
    title: "the last administrator can be deactivated",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.12 (403: the operation is not permitted)",
        "croffasia/itsaplan pull request 250",
    ],
    why: "One wrong assignment in Okta locks the customer out of the product, and nobody is left to undo it.",
    fix: "Refuse with 403 and say in the detail that somebody else must become an administrator first.",
    passing: "HTTP/1.1 403 Forbidden\n{...,\"detail\":\"The last administrator cannot be deactivated\"}",
    failing: "HTTP/1.1 200 OK\n{...,\"active\":false}",
};
