//! Two texts, side by side.

use std::time::Duration;

use similar::TextDiff;

/// A diff that took longer would be no diff to read; beyond, it may show more than necessary.
const DEADLINE: Duration = Duration::from_millis(500);

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff of two texts under their names, empty when they are equal.
pub(crate) fn unified(reference: (&str, &str), target: (&str, &str)) -> String {
    let (old_name, old) = reference;
    let (new_name, new) = target;
    if old == new {
        return String::new();
    }
    TextDiff::configure()
        .timeout(DEADLINE)
        .diff_lines(old, new)
        .unified_diff()
        .context_radius(CONTEXT)
        .missing_newline_hint(false)
        .header(old_name, new_name)
        .to_string()
}
