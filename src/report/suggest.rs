//! "Did you mean": known names close to one that is not known.

/// More than this is not a suggestion but a list.
const MOST: usize = 3;

/// The known names closest to `name`, the closest first, at most three; none when nothing is
/// close. Names that contain `name`, or share its last path segment, count as close.
#[must_use]
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| Some((rank(&name, &candidate.to_lowercase())?, candidate)))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name)
        .collect()
}

/// How far `candidate` is from `name`, or nothing when it is too far.
fn rank(name: &str, candidate: &str) -> Option<usize> {
    let distance = edit_distance(name, candidate);
    // A third of a name may be wrong; of a short one, a single letter.
    let bearable = (name.chars().count() / 3).max(1);
    if distance <= bearable {
        return Some(distance);
    }
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if last(name) == last(candidate) {
        return Some(bearable + 1);
    }
    let long_enough = name.chars().count() >= 3;
    (long_enough && candidate.contains(name)).then_some(bearable + 2)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, x) in a.chars().enumerate() {
        let mut current = Vec::with_capacity(b.len() + 1);
        current.push(row + 1);
        for (column, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let mut best = (at(&last, column) + usize::from(x != *y))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped =
                column > 0 && previous == Some(*y) && b.get(column - 1) == Some(&x) && row > 0;
            if swapped {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(x);
    }
    last.last().copied().unwrap_or_default()
}

/// The sentence after an error: `did you mean a, b or c?`
#[must_use]
pub fn question(names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [front @ .., last] => Some(format!("did you mean {} or {last}?", front.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_keystrokes() {
        let cases = [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
            ("é", "e", 1),
        ];
        for (a, b, distance) in cases {
            assert_eq!(edit_distance(a, b), distance, "{a} {b}");
            assert_eq!(edit_distance(b, a), distance, "{b} {a}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        let known = [
            "rename/login-and-email",
            "rename/login",
            "group/push",
            "import/users",
        ];
        let closest = |name| closest(name, known);
        assert_eq!(closest("rename/logn"), ["rename/login"]);
        assert_eq!(closest("gruop/push"), ["group/push"]);
        assert_eq!(closest("push"), ["group/push"]);
        assert_eq!(
            closest("rename"),
            ["rename/login", "rename/login-and-email"]
        );
        assert!(closest("quux/zzzzz").is_empty());
        assert!(closest("").is_empty());
    }

    #[test]
    fn the_question_reads_like_english() {
        assert_eq!(question(&[]), None);
        assert_eq!(question(&["a"]).as_deref(), Some("did you mean a?"));
        assert_eq!(
            question(&["a", "b", "c"]).as_deref(),
            Some("did you mean a, b or c?")
        );
    }
}
