//! The checks: what they are about ([`ALL`]) and how they look at an exchange.

use crate::verdict::CheckMeta;

/// Every check, by id. Ids are for ever: a check is never renamed, its id never reused.
pub static ALL: &[&CheckMeta] = &[];

/// The check of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static CheckMeta> {
    ALL.iter().copied().find(|meta| meta.id == id)
}
