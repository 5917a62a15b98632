//! The vocabulary of SCIM 2.0: filters, PATCH paths, schemas, error types.
//!
//! Grammar and tables only. Nothing here evaluates a filter or applies a PATCH, so that
//! the judge and the reference server can share the words without sharing behaviour.

mod attribute_path;
mod error_type;
mod filter;
mod lexer;
mod patch_path;
pub mod schema;
mod schema_document;
mod syntax;
pub mod urn;

#[cfg(test)]
mod arbitrary;

pub use attribute_path::AttributePath;
pub use error_type::ErrorType;
pub use filter::{Comparison, Filter, Literal};
pub use patch_path::PatchPath;
pub use schema_document::SchemaDocumentError;
pub use syntax::{Expected, MAX_DEPTH, MAX_LENGTH, SyntaxError};
