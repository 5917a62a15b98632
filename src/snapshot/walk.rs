//! Where two JSON values differ, and which of the differences mean nothing to Okta.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use crate::secret::MASK;

use super::difference::Tolerance;

/// One place where two values differ; `None` is a value that is not there.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch {
    pub(super) pointer: String,
    pub(super) reference: Option<Value>,
    pub(super) target: Option<Value>,
}

/// The result of comparing two values.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Walked {
    pub(super) mismatches: Vec<Mismatch>,
    /// Differences that are harmless under the tolerance.
    pub(super) folded: u64,
}

/// Compares two bodies. In an error answer, texts made for people are free.
pub(super) fn walk(
    reference: &Value,
    target: &Value,
    tolerance: Tolerance,
    is_error: bool,
) -> Walked {
    let mut walk = Walk {
        tolerance,
        is_error,
        walked: Walked::default(),
    };
    walk.values("", "", reference, target);
    walk.walked
}

struct Walk {
    tolerance: Tolerance,
    is_error: bool,
    walked: Walked,
}

impl Walk {
    fn values(&mut self, pointer: &str, key: &str, reference: &Value, target: &Value) {
        if reference == target {
            return;
        }
        if self.is_free(key)
            || (self.lenient() && is_unassigned(reference) && is_unassigned(target))
        {
            self.walked.folded += 1;
            return;
        }
        match (reference, target) {
            (Value::Object(r), Value::Object(t)) => self.objects(pointer, r, t),
            (Value::Array(r), Value::Array(t)) => self.arrays(pointer, key, r, t),
            _ => self.mismatch(pointer.to_owned(), Some(reference), Some(target)),
        }
    }

    fn lenient(&self) -> bool {
        self.tolerance == Tolerance::Reference
    }

    /// Whether an attribute may hold anything: `meta` is the server's own (RFC 7643, 3.1), and
    /// `detail` of an error is for people (RFC 7644, 3.12).
    fn is_free(&self, key: &str) -> bool {
        self.lenient() && (key == "meta" || (self.is_error && key == "detail"))
    }

    fn mismatch(&mut self, pointer: String, reference: Option<&Value>, target: Option<&Value>) {
        self.walked.mismatches.push(Mismatch {
            pointer,
            reference: reference.cloned(),
            target: target.cloned(),
        });
    }

    fn objects(&mut self, at: &str, reference: &Map<String, Value>, target: &Map<String, Value>) {
        for (key, wanted) in reference {
            let pointer = below(at, key);
            match target.get(key) {
                Some(got) => self.values(&pointer, key, wanted, got),
                // Null, an empty array and absence all mean "unassigned" (RFC 7643, 2.5).
                None if self.lenient() && is_unassigned(wanted) => self.walked.folded += 1,
                None if self.is_free(key) => self.walked.folded += 1,
                None => self.mismatch(pointer, Some(wanted), None),
            }
        }
        for (key, got) in target
            .iter()
            .filter(|(key, _)| !reference.contains_key(*key))
        {
            // A server may know more attributes than the reference, but never shows a password
            // (RFC 7643, 4.1.1).
            if self.lenient() && !key.eq_ignore_ascii_case("password") {
                self.walked.folded += 1;
            } else {
                self.mismatch(below(at, key), None, Some(got));
            }
        }
    }

    /// Elements are matched by what they are about, not by where they stand: nothing in SCIM
    /// gives the order of a multi-valued attribute, or of an unsorted list, a meaning.
    fn arrays(&mut self, at: &str, key: &str, reference: &[Value], target: &[Value]) {
        let matched = Matched::of(reference, target);
        if matched.out_of_order() {
            self.walked.folded += 1;
        }
        for (r, t) in &matched.pairs {
            if let (Some(wanted), Some(got)) = (reference.get(*r), target.get(*t)) {
                self.values(&below(at, &t.to_string()), "", wanted, got);
            }
        }
        for r in &matched.missing {
            self.mismatch(below(at, &r.to_string()), reference.get(*r), None);
        }
        for t in &matched.extra {
            let got = target.get(*t);
            if self.lenient() && (key == "schemas" || got.is_some_and(is_masked)) {
                self.walked.folded += 1;
            } else {
                self.mismatch(below(at, &t.to_string()), None, got);
            }
        }
    }
}

/// Null or an empty array.
fn is_unassigned(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Somebody else's resource, which is masked wherever it is recorded.
fn is_masked(value: &Value) -> bool {
    value.get("id").and_then(Value::as_str) == Some(MASK)
}

/// A JSON pointer one step further (RFC 6901, 3).
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Which element of one array belongs to which of the other, by index.
struct Matched {
    pairs: Vec<(usize, usize)>,
    missing: Vec<usize>,
    extra: Vec<usize>,
}

impl Matched {
    /// Equal elements first, then those about the same thing, then those left over in order.
    fn of(reference: &[Value], target: &[Value]) -> Self {
        let mut matched = Self {
            pairs: Vec::new(),
            missing: (0..reference.len()).collect(),
            extra: (0..target.len()).collect(),
        };
        matched.pair(reference, target, |value| Some(value.to_string()));
        matched.pair(reference, target, subject);
        let rest = matched.missing.len().min(matched.extra.len());
        let left = matched.missing.drain(..rest);
        matched.pairs.extend(left.zip(matched.extra.drain(..rest)));
        matched.pairs.sort_unstable();
        matched
    }

    /// Pairs unpaired elements with the same mark, in order.
    fn pair(
        &mut self,
        reference: &[Value],
        target: &[Value],
        mark: impl Fn(&Value) -> Option<String>,
    ) {
        let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
        for t in &self.extra {
            if let Some(mark) = target.get(*t).and_then(&mark) {
                waiting.entry(mark).or_default().push_back(*t);
            }
        }
        let mut missing = Vec::new();
        for r in std::mem::take(&mut self.missing) {
            let found = reference
                .get(r)
                .and_then(&mark)
                .and_then(|mark| waiting.get_mut(&mark)?.pop_front());
            match found {
                Some(t) => self.pairs.push((r, t)),
                None => missing.push(r),
            }
        }
        self.missing = missing;
        let taken: std::collections::HashSet<usize> = self.pairs.iter().map(|(_, t)| *t).collect();
        self.extra.retain(|t| !taken.contains(t));
    }

    fn out_of_order(&self) -> bool {
        !self.pairs.is_sorted_by_key(|(_, t)| *t)
    }
}

/// What an element is about: its id, or its value.
fn subject(value: &Value) -> Option<String> {
    ["id", "value"]
        .iter()
        .find_map(|key| value.get(key).map(|v| format!("{key} {v}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Mismatches as `pointer reference target`, and the number of folded differences.
    fn check(reference: &Value, target: &Value, tolerance: Tolerance) -> (Vec<String>, u64) {
        let show = |v: &Option<Value>| v.as_ref().map_or("-".to_owned(), Value::to_string);
        let walked = walk(reference, target, tolerance, false);
        let lines = walked
            .mismatches
            .iter()
            .map(|m| format!("{} {} {}", m.pointer, show(&m.reference), show(&m.target)))
            .collect();
        (lines, walked.folded)
    }

    #[test]
    fn what_okta_does_not_care_about_is_folded() {
        let reference = json!({
            "schemas": ["u"], "id": "<user-1>", "title": null, "groups": [],
            "emails": [{"value": "a", "primary": true}, {"value": "b"}],
            "meta": {"created": "<time>"},
        });
        for (why, target, folded) in [
            ("equal", reference.clone(), 0),
            (
                "order of an array",
                json!({"schemas": ["u"], "id": "<user-1>", "title": null, "groups": [],
                    "emails": [{"value": "b"}, {"value": "a", "primary": true}],
                    "meta": {"created": "<time>"}}),
                1,
            ),
            (
                "extra attributes, absent for null and for empty, no meta, one more schema",
                json!({"schemas": ["u", "v"], "id": "<user-1>", "nickName": "x",
                    "emails": [{"value": "a", "primary": true, "type": "work"}, {"value": "b"}]}),
                6,
            ),
        ] {
            let (lines, count) = check(&reference, &target, Tolerance::Reference);
            assert_eq!(lines, Vec::<String>::new(), "{why}");
            assert_eq!(count, folded, "{why}");
        }
    }

    #[test]
    fn a_vendors_own_snapshot_folds_order_only() {
        let reference = json!({"a": [1, 2], "meta": {"version": "<version>"}, "n": null});
        assert_eq!(
            check(
                &reference,
                &json!({"a": [2, 1], "meta": {}, "x": 1}),
                Tolerance::Own
            ),
            (
                vec![
                    "/meta/version \"<version>\" -".to_owned(),
                    "/n null -".to_owned(),
                    "/x - 1".to_owned(),
                ],
                1
            )
        );
    }

    #[test]
    fn what_remains_is_named_by_pointer() {
        for (reference, target, line) in [
            (
                json!({"emails": [{"value": "a", "primary": true}]}),
                json!({"emails": [{"value": "a", "primary": "true"}]}),
                "/emails/0/primary true \"true\"",
            ),
            (
                json!({"members": [{"value": "<user-1>"}]}),
                json!({"members": [{"value": "<user-1>"}, {"value": "<user-2>"}]}),
                "/members/1 - {\"value\":\"<user-2>\"}",
            ),
            (
                json!({"schemas": ["a", "b"]}),
                json!({"schemas": ["b"]}),
                "/schemas/0 \"a\" -",
            ),
            (json!({"a/b": 1}), json!({"a/b": 2}), "/a~1b 1 2"),
            (
                json!({}),
                json!({"password": "<password>"}),
                "/password - \"<password>\"",
            ),
            (json!({"title": "x"}), json!({}), "/title \"x\" -"),
        ] {
            let (lines, _) = check(&reference, &target, Tolerance::Reference);
            assert_eq!(lines, [line]);
        }
    }

    #[test]
    fn resources_of_others_in_a_list_are_folded() {
        assert_eq!(
            check(
                &json!({"Resources": [{"id": "<user-1>"}]}),
                &json!({"Resources": [{"id": "***"}, {"id": "<user-1>"}]}),
                Tolerance::Reference
            ),
            (vec![], 1)
        );
    }

    #[test]
    fn the_words_of_an_error_are_free() {
        let walked = walk(
            &json!({"detail": "exists", "scimType": "uniqueness"}),
            &json!({"detail": "taken", "scimType": "invalidValue"}),
            Tolerance::Reference,
            true,
        );
        assert_eq!(walked.folded, 1);
        assert_eq!(walked.mismatches.len(), 1);
    }
}
