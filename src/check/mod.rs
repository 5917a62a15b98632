//! The checks: what they are about ([`catalogue`]), how they look at one exchange ([`wire`]), and how a state is
//! compared with what it should be ([`frame`]). Each says what it saw as a [`Seen`]. Checks read raw bytes and plain
//! JSON; they never call server code.

pub mod catalogue;
pub mod frame;
mod seen;
pub mod wire;

pub use catalogue::ALL;
pub use seen::{Seen, what};

use crate::verdict::CheckMeta;

/// The check of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static CheckMeta> {
    ALL.iter().copied().find(|meta| meta.id == id)
}
