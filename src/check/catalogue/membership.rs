//! Who is in a group.

use crate::verdict::{CheckMeta, Kind, Level};

/// The members of a group are not those that Okta pushed.
pub static MATCHES: CheckMeta = CheckMeta {
    id: "membership/matches",
    title: "the members of a group are not those that Okta pushed",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.2", "Okta: SCIM 2.0 reference, groups"],
    why: "Okta sees 2xx and believes the group to be in sync. People keep access that was taken from them, or lose what they were given.",
    fix: "Apply add, remove, replace and PUT of members exactly; absent members mean no change, [] means nobody.",
    passing: "members as pushed",
    failing: "200, and members as before",
};

/// Membership cannot be verified over SCIM.
pub static HIDDEN: CheckMeta = CheckMeta {
    id: "membership/hidden",
    title: "membership cannot be verified over SCIM",
    level: Level::Note,
    kind: Kind::Unverifiable,
    norms: &[
        "RFC 7643, 4.2",
        "Okta: SCIM 2.0 reference, members may be null in answers",
    ],
    why: "Okta does not need the members back, so this is allowed; but neither this tool nor an administrator can see whether a push took effect.",
    fix: "Return members in GET /Groups/{id}.",
    passing: "\"members\":[{\"value\":\"...\"}]",
    failing: "\"members\":[] always",
};

/// A member stands in a group more than once.
pub static REPEATED: CheckMeta = CheckMeta {
    id: "membership/repeated",
    title: "a member stands in a group more than once",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 2.4"],
    why: "Counts are wrong, and one remove may leave the second entry.",
    fix: "Treat members as a set.",
    passing: "each value once",
    failing: "the same value twice",
};

/// A user who is a member cannot be added once more.
pub static PRESENT: CheckMeta = CheckMeta {
    id: "membership/present",
    title: "adding a user who is a member already is refused",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.2.1 (a value that is there already changes nothing)"],
    why: "Okta creates a group with its members and adds the same members once more, and adds a user again who has come back: the push of the group fails.",
    fix: "Answer with success, and leave the member in the group once.",
    passing: "2xx",
    failing: "409 Conflict",
};

/// Deactivation takes a user out of the groups.
pub static INACTIVE: CheckMeta = CheckMeta {
    id: "membership/inactive",
    title: "deactivation takes a user out of the groups",
    level: Level::Warning,
    kind: Kind::Policy,
    norms: &[
        "RFC 7644, 3.5.2",
        "Okta: knowledge base, deactivated users are not removed from groups",
    ],
    why: "Okta does not know about it, and does not push the groups again when the user comes back: the access is gone until somebody pushes by hand.",
    fix: "Keep the memberships of a deactivated user.",
    passing: "members as before",
    failing: "the deactivated member is gone",
};
