//! Updating.

use crate::verdict::{CheckMeta, Kind, Level};

/// An update with an attribute that the server does not know is refused.
pub static UNKNOWN_ATTRIBUTE: CheckMeta = CheckMeta {
    id: "update/unknown-attribute",
    title: "an update with an attribute that the server does not know is refused",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &[
        "RFC 7644, 3.5.1",
        "fleetdm/fleet pull request 42678",
        "better-auth/better-auth issue 10980",
    ],
    why: "As soon as an administrator maps one more attribute, every push of everybody fails.",
    fix: "Ignore attributes that you do not know and store the others.",
    passing: "200, and the known attributes applied",
    failing: "400 invalidSyntax",
};
