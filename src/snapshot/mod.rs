//! What crossed the wire in a scenario, written down so that two runs can be compared.
//!
//! A [`Transcript`] holds Okta's own exchanges of one scenario under one app, and the final
//! state of each resource, with everything that differs from run to run replaced by a stable
//! name: `<ada>`, `<time>`, `<run>`. It is kept in a [`SnapshotFile`], whose format is the
//! one of the `insta` crate, so that its tools can read the files.
//!
//! The same scenario against the same server gives the same transcript, whoever else is there and in whatever order
//! things arrive: [`Transcript::of`] leaves out whoever is not the scenario's own, and makes a set of what ran at once.
//!
//! There are two sets of snapshots, never mixed. The [`Reference`] set is part of the tool and
//! shows what a known-good server answers; [`compare`] with [`Tolerance::Reference`] folds what
//! Okta does not care about. A vendor's own accepted set is kept by [`Store`] and is a
//! regression gate. Snapshots never decide a verdict.

mod aliases;
mod compare;
mod difference;
mod file;
mod lists;
mod normalise;
mod order;
mod races;
mod reference;
mod shape;
mod store;
mod text;
mod transcript;
mod walk;
mod words;

pub use compare::compare;
pub use difference::{Compared, Comparison, Counts, Difference, Subject, Tolerance};
pub use file::{FileError, SnapshotFile};
pub use normalise::{RunNames, normalise};
pub use reference::{Folder, Reference, write_reference};
pub use store::{Checked, Name, Store, StoreError, Writing};
pub use text::TranscriptError;
pub use transcript::{Answer, Content, Entry, Place, Sent, Transcript, not_comparable};
