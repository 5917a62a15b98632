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

pub mod check;
pub mod cli;
pub mod document;
pub mod embedded;
pub mod engine;
pub mod exchange;
pub mod oin;
pub mod okta;
pub mod recording;
pub mod redact;
pub mod report;
pub mod runscope;
pub mod scenario;
pub mod scim;
pub mod secret;
pub mod server;
pub mod snapshot;
pub mod suggest;
pub mod verdict;
