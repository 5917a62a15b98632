//! How much a run keeps of what its target answers.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use ring::digest::{SHA256, digest};
use serde_json::Value;

/// What is kept unless somebody says otherwise, in bytes. A full run against a target of common manners keeps a tenth.
pub const KEEP_DEFAULT: usize = 256 * 1000 * 1000;

/// What an indented report writes around a JSON value beside its text, in bytes.
const AROUND_A_VALUE: usize = 24;

/// A number of bytes that all exchanges of a run share. Which bodies find it used up depends on the order in which they
/// come, and on nothing else.
#[derive(Debug)]
pub struct KeepBudget(AtomicUsize);

impl Default for KeepBudget {
    fn default() -> Self {
        Self::of(KEEP_DEFAULT)
    }
}

impl KeepBudget {
    /// So many bytes.
    #[must_use]
    pub fn of(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Takes so many bytes, if there are as many left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        taken.is_ok()
    }
}

/// What keeping a body takes: its text, once for the run and once for each report, which writes every value of it on a
/// line of its own.
pub(super) fn cost(bytes: &[u8], json: Option<&Value>) -> usize {
    let values = json.map_or(0, count_values);
    bytes
        .len()
        .saturating_add(AROUND_A_VALUE.saturating_mul(values))
}

/// How many values there are, keys not counted. The parser bounds the depth, and with it this recursion.
#[must_use]
pub fn count_values(json: &Value) -> usize {
    fn sum<'v>(values: impl Iterator<Item = &'v Value>) -> usize {
        values.fold(1, |sum, value| sum.saturating_add(count_values(value)))
    }
    match json {
        Value::Array(elements) => sum(elements.iter()),
        Value::Object(object) => sum(object.values()),
        _ => 1,
    }
}

/// SHA-256 in hexadecimal digits (FIPS 180-4).
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_what_is_too_much_is_not_taken() {
        let budget = KeepBudget::of(100);
        assert!(budget.take(60) && !budget.take(41) && budget.take(40) && !budget.take(1));
        assert!(budget.take(0));
    }

    #[test]
    fn the_cost_counts_every_value() {
        let json = json!({"a": [1, [], {}], "b": null});
        let text = json.to_string();
        let expected = text.len() + 6 * AROUND_A_VALUE;
        assert_eq!(cost(text.as_bytes(), Some(&json)), expected);
        assert_eq!(cost(b"text", None), 4);
    }

    #[test]
    fn a_hash_is_that_of_the_norm() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
