//! Runs a test that was exported from Runscope (now BlazeMeter API Monitoring), which is how
//! Okta publishes its own SCIM suites
//! (<https://developer.okta.com/docs/guides/scim-provisioning-integration-test/main/>).
//!
//! The user brings the file; the project ships none. An [`export`] is read, its [`variables`]
//! are given values, the [`play`]er sends one step after the other, and each assertion is
//! decided as Runscope decides it: [`compare`] on the value that a [`property`] path finds.
//! These comparisons are looser than Okta's runtime and than this project's own checks; they
//! say what Okta's suite will say, not whether the server is right.

pub mod compare;
pub mod export;
pub mod play;
pub mod property;
pub mod script;
pub mod variables;
