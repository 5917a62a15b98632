//! Shows what a run found: on the terminal, as JSON, as JUnit XML, and as pages that explain.
//!
//! Everything here is a pure function from a [`RunResult`](crate::engine::outcome::RunResult)
//! to text, but for [`Terminal`], which listens while a run goes on, and [`mod@file`], which writes.
//! Text from a target is shown escaped ([`text::printable`]), so that no server can steer the
//! terminal of the person who tests it.

pub mod command;
pub mod csv;
pub mod defect;
pub mod explain;
pub mod file;
mod finding;
mod growth;
pub mod har;
pub mod http;
pub mod json;
pub mod junit;
pub mod kept;
mod palette;
mod pipe;
pub mod plan;
mod readiness;
pub mod recording;
pub mod snapshots;
mod summary;
mod terminal;
pub mod text;

pub use finding::Extent;
pub use snapshots::{SnapshotCounts, SnapshotOutcome};
pub use terminal::{Closing, Terminal, TerminalOptions, Verbosity};
