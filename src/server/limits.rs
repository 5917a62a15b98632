//! Bounds on what one request may ask for, so that none keeps the others waiting or takes all
//! the memory. What they refuse is told which bound it is.
//!
//! The bounds of a request's bytes and of connections are in [`super::Limits`], those of bulk
//! requests in [`super::bulk`].

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use http::StatusCode;
use serde_json::{Map, Value};

use super::answer::Problem;
use super::evaluate;
use super::patch::Operation;
use crate::scim::{Comparison, Filter, Literal, PatchPath};

/// Most operations of one PATCH.
pub(super) const MOST_OPERATIONS: usize = 1000;

/// Most values of one multi-valued attribute; members of a group are not counted.
pub(super) const MOST_VALUES: usize = 1000;

/// Most bytes of one resource, members not counted.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// Most comparisons of one search: a filter's terms times the values that no index rules out.
pub(super) const MOST_SEARCHED: usize = 20_000_000;

/// Most comparisons of the paths of one PATCH, which has the store for itself meanwhile.
const MOST_SELECTED: usize = 1_000_000;

fn too_large(detail: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// Refuses a PATCH of too many operations.
pub(super) fn check_count(operations: usize) -> Result<(), Problem> {
    if operations <= MOST_OPERATIONS {
        return Ok(());
    }
    Err(too_large(format!(
        "{operations} operations are more than the {MOST_OPERATIONS} of one PATCH"
    )))
}

/// Refuses operations whose paths compare too much: their terms times `values`, the most
/// that each of them selects from.
pub(super) fn check_paths(operations: &[Operation], values: usize) -> Result<(), Problem> {
    let terms: usize = operations.iter().map(terms).sum();
    if terms.saturating_mul(values) <= MOST_SELECTED {
        return Ok(());
    }
    Err(too_large(format!(
        "{terms} terms in paths and {values} values make more than the {MOST_SELECTED} comparisons of one PATCH; \
         send several"
    )))
}

/// The terms of an operation's path that no index answers.
fn terms(operation: &Operation) -> usize {
    match &operation.path {
        Some(PatchPath::Elements { filter, .. }) if value_of(filter).is_none() => {
            evaluate::comparisons(filter)
        }
        _ => 0,
    }
}

/// The id in `[value eq "id"]`.
pub(super) fn value_of(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare(path, Comparison::Eq, Literal::Text(value)) if path.is("value") => {
            Some(value)
        }
        _ => None,
    }
}

/// Refuses to put a value into so many places that the resource becomes too large.
pub(super) fn check_copies(value: &Value, copies: usize) -> Result<(), Problem> {
    check_bytes(weight(value).saturating_mul(copies))
}

/// Refuses too many values of one attribute.
pub(super) fn check_values(name: &str, values: usize) -> Result<(), Problem> {
    if values <= MOST_VALUES {
        return Ok(());
    }
    Err(too_large(format!(
        "{name} has {values} values, more than {MOST_VALUES}"
    )))
}

/// Refuses attributes that are too large to be kept.
pub(super) fn check_attributes(attributes: &Map<String, Value>) -> Result<(), Problem> {
    for (name, value) in attributes {
        check_values(name, value.as_array().map_or(0, Vec::len))?;
    }
    let bytes = attributes.iter();
    check_bytes(bytes.map(|(name, value)| name.len() + weight(value)).sum())
}

fn check_bytes(bytes: usize) -> Result<(), Problem> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(too_large(format!(
        "The resource would be larger than {MOST_BYTES} bytes"
    )))
}

/// About as many bytes as the value takes.
fn weight(value: &Value) -> usize {
    /// Of a bracket, comma or number.
    const SIGN: usize = 2;
    match value {
        Value::String(text) => text.len() + SIGN,
        Value::Array(elements) => elements.iter().map(weight).sum::<usize>() + SIGN,
        Value::Object(object) => {
            let members = object.iter();
            let members = members.map(|(name, value)| name.len() + SIGN + weight(value));
            members.sum::<usize>() + SIGN
        }
        _ => SIGN,
    }
}
