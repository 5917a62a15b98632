//! The Okta you can run in CI: replays Okta's SCIM provisioning traffic
//! against any SCIM 2.0 server and judges the answers.
//!
//! Data flows one way: a [`scenario`] says what the Okta admin does; [`okta`]
//! turns that into jobs, and jobs into requests; [`exchange`] puts them on the
//! wire and keeps what came back; [`engine`] drives all of it and hands each
//! exchange to [`check`], which yields observations; [`verdict`] concludes
//! findings from them; [`report`] shows the findings.
//!
//! The reference server in [`server`] stands apart: only the command line and
//! the tests may name it, so that the judge never certifies its own logic.

// Whatever a target, a file or a user says must not make this tool fail. Tests may.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod check;
pub mod cli;
pub mod defect;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places in a text that is in memory"
)]
pub mod document;
pub mod embedded;
pub mod engine;
pub mod exchange;
pub mod oin;
pub mod okta;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places in texts, and counts of what is in memory"
)]
pub mod recorder;
pub mod recording;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "offsets into what is in memory"
)]
pub mod redact;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "columns, and counts of what is in memory"
)]
pub mod report;
pub mod runscope;
pub mod scenario;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places in a text that is in memory"
)]
pub mod scim;
pub mod secret;
pub mod server;
#[allow(
    clippy::arithmetic_side_effects,
    reason = "places in texts, and counts of what is in memory"
)]
pub mod snapshot;
#[allow(clippy::arithmetic_side_effects, reason = "lengths of words")]
pub mod suggest;
pub mod verdict;
