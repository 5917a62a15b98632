//! Drives scenarios against a target and keeps the books.

pub mod absorb;
pub mod book;
mod bounds;
pub mod cast;
pub mod cleanup;
pub mod conclude;
pub mod event;
pub mod growth;
pub mod guard;
pub mod insider;
pub mod interrupt;
pub mod judge;
pub mod ledger;
pub mod listed;
pub mod masking;
pub mod outcome;
pub mod ownership;
pub mod plan;
pub mod preflight;
pub mod residue;
pub mod run;
mod sending;
pub mod session;
pub mod settings;
pub mod steps;
pub mod target;
