//! "Did you mean": the known name that a mistyped one is closest to.

/// The name among `known` that `typed` probably stands for, if one is close enough:
/// one slip for every three characters.
#[must_use]
pub fn closest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let typed_plain = plain(typed);
    let allowed = (typed_plain.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        // A name that is known, but not allowed here, is no advice.
        .filter(|name| *name != typed)
        .map(|name| (slips(&typed_plain, &plain(name)), name))
        .filter(|(count, _)| *count <= allowed)
        .min_by_key(|(count, _)| *count)
        .map(|(_, name)| name)
}

/// The hint for a mistyped name: the closest one, or else all there are.
pub(crate) fn did_you_mean<'k>(
    typed: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<String> {
    if let Some(name) = closest(typed, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let all: Vec<&str> = known.into_iter().collect();
    (!all.is_empty()).then(|| format!("there is: {}", all.join(", ")))
}

/// `first_name`, `first-name` and `firstName` are one slip of the same kind, not several.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .take(64)
        .collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that make `a` into `b`
/// (optimal string alignment).
fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (row, x) in a.chars().enumerate() {
        let mut line = Vec::with_capacity(above.len());
        line.push(row + 1);
        for (column, y) in b.iter().enumerate() {
            let replaced = above[column] + usize::from(x != *y);
            let mut cost = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            if column > 0 && last == Some(*y) && b[column - 1] == x {
                cost = cost.min(before[column - 1] + 1);
            }
            line.push(cost);
        }
        last = Some(x);
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_closest_name_or_none() {
        for (typed, known, wanted) in [
            ("loggin", &["login", "email"][..], Some("login")),
            ("first_name", &["lastName", "firstName"], Some("firstName")),
            ("titel", &["tags", "title"], Some("title")),
            ("asign", &["unassign", "assign"], Some("assign")),
            ("zebra", &["title", "steps"], None),
            ("", &["title"], None),
            ("crowd", &["crowd"], None),
            ("x", &[], None),
        ] {
            assert_eq!(closest(typed, known.iter().copied()), wanted, "{typed}");
        }
    }

    #[test]
    fn counts_slips() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "acb", 1),
            ("abcd", "abxd", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(slips(a, b), wanted, "{a} {b}");
        }
    }
}
