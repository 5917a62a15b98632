//! YAML files, read so that every mistake of a file is told at once, each at its place.
//!
//! [`Source::read`] checks size and encoding, [`parse`] makes a tree of [`Node`]s that
//! know where they stand, [`Fields`] reads a mapping of it field by field, and all of them
//! drop what is wrong into one [`Diagnostics`]. [`render`] shows those the way `rustc`
//! shows its own.

mod diagnostic;
mod node;
mod parse;
mod reader;
mod render;
mod source;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use node::{Entry, Kind, Node};
pub use parse::parse;
pub use reader::Fields;
pub use render::{Look, render};
pub use source::{MAX_BYTES, Source, Span};
