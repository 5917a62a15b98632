//! The text of two snapshots, side by side.

use std::time::Duration;

use similar::TextDiff;

/// A diff that took longer would be no diff to read; beyond, it may show more than necessary.
const DEADLINE: Duration = Duration::from_millis(500);

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff of two transcripts, empty when they are equal. Headed by `reference` and
/// `target`, or whatever the two sides are called.
#[must_use]
pub fn unified(reference: (&str, &str), target: (&str, &str)) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        insta::assert_snapshot!(
            unified(("reference", "a\nb\nc\n"), ("target", "a\nB\nc\n")),
            @r"
        --- reference
        +++ target
        @@ -1,3 +1,3 @@
         a
        -b
        +B
         c
        "
        );
        assert_eq!(unified(("r", "a"), ("t", "a")), "");
    }
}
