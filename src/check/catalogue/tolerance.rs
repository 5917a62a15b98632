//! What other identity providers send: worth knowing, and without effect on Okta.

use crate::verdict::{CheckMeta, Kind, Level};

/// A request in the form of Microsoft Entra ID is not applied.
pub static ENTRA: CheckMeta = CheckMeta {
    id: "tolerance/entra",
    title: "a request in the form of Microsoft Entra ID is not applied",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["Microsoft Entra ID: SCIM protocol reference and known issues"],
    why: "Okta does not write so. A customer with both identity providers needs a server that understands both.",
    fix: "Read operations and truth values without case, and a member to remove from the value as well as from the path.",
    passing: "Replace active \"False\": active is false",
    failing: "200, and active is still true",
};
