//! Drives scenarios against a target and keeps the books.

pub mod absorb;
pub mod book;
mod bounds;
pub mod cast;
pub mod cleanup;
pub mod conclude;
pub mod event;
pub mod growth;
pub mod insider;
pub mod judge;
pub mod ledger;
pub mod listed;
pub mod masking;
pub mod outcome;
pub mod passwords;
pub mod plan;
pub mod preflight;
pub mod run;
pub mod session;
pub mod settings;
pub mod steps;
pub mod target;
