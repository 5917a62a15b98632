//! How ready a server is to be submitted to the Okta Integration Network.
//!
//! Okta asks three things of a SCIM integration before it is submitted: a result of its SPEC suite, one of its CRUD
//! suite (and one of its entitlement suite, if entitlements are claimed), and its manual test plan, done by hand. Here
//! is that plan as [data](ROWS), [what must hold before the suites](precondition), and the [answer](Readiness) that a
//! run gives to every row.
//!
//! Sources: Okta, "Submit an integration with the OIN Wizard" and "Test your SCIM API"; the suites and the test plans
//! lie in okta/okta-developer-docs, `standards/SCIM/SCIMFiles`. Titles and instructions are our own words.

mod claims;
mod plan;
pub mod precondition;
mod readiness;
mod table;

pub use claims::{Claims, Contradiction, Feature};
pub use plan::{Area, Class, Row, Sheet};
pub use precondition::Precondition;
pub use readiness::{Answer, Readiness, Standing};
pub use table::{ROWS, SUITES};

/// What Okta still asks for, whatever a run of this tool has shown.
const STILL_WANTED: [&str; 3] = [
    "a link to a shared Runscope (BlazeMeter) result of Okta's SPEC suite",
    "a link to a shared Runscope (BlazeMeter) result of Okta's CRUD suite",
    "every row above that you claim, done by hand in your own Okta org, and your word for it",
];

/// What it asks for besides when entitlements are claimed.
const ENTITLEMENT_SUITE: &str =
    "a link to a shared Runscope (BlazeMeter) result of Okta's entitlement suite";

/// What a readiness table is, and is not.
pub const PRE_FLIGHT: &str =
    "This is the pre-flight: you ran it yourself, and Okta neither issues nor endorses it.";
