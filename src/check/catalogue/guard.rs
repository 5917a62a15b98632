//! Other people's accounts.

use crate::verdict::{CheckMeta, Kind, Level};

/// Okta would now overwrite somebody else; this run did not.
pub static SOMEBODY_ELSE: CheckMeta = CheckMeta {
    id: "guard/somebody-else",
    title: "Okta would now overwrite somebody else; this run did not",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.4.2.2",
        "Okta: SCIM 2.0 reference, a single match is linked",
    ],
    why: "Okta links whatever a look-up or a create hands it, and pushes a profile over it. This run stopped before the write.",
    fix: "Return only the resource that was asked for or created.",
    passing: "the id of the new account",
    failing: "the id of an account that existed before",
};
