//! What a write leaves behind.

use crate::verdict::{CheckMeta, Kind, Level};

/// A value that Okta pushed is not there afterwards.
pub static APPLIED: CheckMeta = CheckMeta {
    id: "state/applied",
    title: "a value that Okta pushed is not there afterwards",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5"],
    why: "Okta sees 2xx and believes that the value has arrived; it does not compare.",
    fix: "Store what was sent, or refuse it with 4xx.",
    passing: "PUT userName new, GET shows new",
    failing: "PUT userName new, GET shows old",
};

/// A write is answered with success and changes nothing.
pub static IGNORED: CheckMeta = CheckMeta {
    id: "state/write-ignored",
    title: "a write is answered with success and changes nothing",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5"],
    why: "Okta reports success while both sides drift apart; a deactivated person keeps access.",
    fix: "Apply the write, or refuse it with 4xx or 501.",
    passing: "GET shows the change",
    failing: "200, and GET shows no change",
};

/// A write changes something that it did not touch.
pub static UNTOUCHED: CheckMeta = CheckMeta {
    id: "state/untouched",
    title: "a write changes something that it did not touch",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.1 and 3.5.2"],
    why: "Okta does not notice: profile data or memberships are lost silently.",
    fix: "Change only what the request names.",
    passing: "everything else as before",
    failing: "a deactivation that drops the e-mail",
};

/// An optional attribute is not kept.
pub static DROPPED: CheckMeta = CheckMeta {
    id: "state/dropped",
    title: "an optional attribute is not kept",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 4.1 (attributes are optional for a service provider)"],
    why: "Okta keeps pushing it; administrators see a mapping that never takes effect.",
    fix: "Store the attribute, or tell customers to remove it from the mapping.",
    passing: "\"title\":\"Engineer\" comes back",
    failing: "no title",
};

/// The spelling of a name is changed.
pub static CASE: CheckMeta = CheckMeta {
    id: "state/case",
    title: "the spelling of a name is changed",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &[
        "RFC 7643, 4.1.1",
        "Okta: SCIM 2.0 SPEC suite compares userName exactly",
        "PostHog/posthog pull request 42253",
    ],
    why: "Okta's certification suite compares the returned userName with the one sent.",
    fix: "Compare without regard to case, but keep the spelling.",
    passing: "Ann.Lee@example.com comes back so",
    failing: "ann.lee@example.com",
};

/// Text comes back in another Unicode form.
pub static UNICODE: CheckMeta = CheckMeta {
    id: "state/unicode",
    title: "text comes back in another Unicode form",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.1 (UTF-8)", "Unicode Standard Annex 15"],
    why: "It looks the same, but look-ups with the original form may miss.",
    fix: "Store text as it came; compare in a normal form if you like.",
    passing: "e + U+0301 comes back so",
    failing: "U+00E9 comes back",
};

/// A refused request changes something all the same.
pub static REFUSAL: CheckMeta = CheckMeta {
    id: "state/refusal-changed",
    title: "a refused request changes something all the same",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.5.2 (atomic)"],
    why: "Okta reports a failure and tries again later, on a state that nobody meant.",
    fix: "Validate first, then change; roll back on errors.",
    passing: "409, and GET as before",
    failing: "409, and GET shows half of it",
};

/// A resource cannot be read after a write.
pub static READABLE: CheckMeta = CheckMeta {
    id: "state/readable",
    title: "a resource cannot be read after a write",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7644, 3.4.1", "Okta: developer forum 24187"],
    why: "Okta reads a deactivated user by id; with 404 its CRUD suite fails and nobody can be reactivated.",
    fix: "Keep the resource readable by its id, also when it is inactive.",
    passing: "GET /Users/{id}: 200, active false",
    failing: "GET /Users/{id}: 404",
};

/// A write becomes visible only after a while.
pub static LAG: CheckMeta = CheckMeta {
    id: "state/lag",
    title: "a write becomes visible only after a while",
    level: Level::Note,
    kind: Kind::Policy,
    norms: &["RFC 7644, 3.3"],
    why: "Okta sends the next request about 200 milliseconds later; what it reads then, it writes back.",
    fix: "Read your own writes.",
    passing: "visible at once",
    failing: "visible after 1.4 s",
};

/// A text is not stored letter by letter.
pub static TEXT: CheckMeta = CheckMeta {
    id: "state/text",
    title: "a text is not stored letter by letter",
    level: Level::Error,
    kind: Kind::Fault,
    norms: &["RFC 7643, 2.3.1 (Unicode)", "RFC 7644, 3.1 (UTF-8)"],
    why: "Names of people and groups come back damaged; Okta believes that they arrived, and looks groups and logins up by what it sent.",
    fix: "Store every Unicode character and every punctuation mark as it came; escape on output, never on input.",
    passing: "Łukasz comes back as Łukasz",
    failing: "?ukasz",
};

/// Blanks at the ends of a text are cut off.
pub static TRIMMED: CheckMeta = CheckMeta {
    id: "state/trimmed",
    title: "blanks at the ends of a text are cut off",
    level: Level::Warning,
    kind: Kind::Fault,
    norms: &["RFC 7643, 2.3.1", "wso2/product-is issue 6904"],
    why: "Hardly anybody misses them, but what Okta pushes and what is there differ for ever.",
    fix: "Store text as it came.",
    passing: "\"Byron \" comes back so",
    failing: "\"Byron\"",
};
