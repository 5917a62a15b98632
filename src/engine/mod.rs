//! Drives scenarios against a target and keeps the books.

pub mod event;
pub mod outcome;
