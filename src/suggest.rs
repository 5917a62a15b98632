//! "Did you mean": known names close to one that is not known.

/// More than this is not a suggestion but a list.
const MOST: usize = 3;

/// The known names closest to `name`, the closest first, at most three; none when nothing is close. Names of which
/// a word begins with `name`, or that share its last path segment, count as close; a name that is known needs no suggestion.
#[must_use]
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = plain(name);
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((rank(&typed, candidate)?, candidate)))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name)
        .collect()
}

/// `first_name`, `first-name` and `firstName` are one slip of the same kind, not several.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    letters.flat_map(char::to_lowercase).take(64).collect()
}

/// How far `candidate` is from `name`, or nothing when it is too far.
fn rank(name: &str, known: &str) -> Option<usize> {
    let candidate = plain(known);
    let slips = strsim::osa_distance(name, &candidate);
    // A third of a name may be wrong; of a short one, a single letter.
    let bearable = (name.chars().count() / 3).max(1);
    if slips <= bearable {
        return Some(slips);
    }
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    if last(name) == last(&candidate) {
        return Some(bearable + 1);
    }
    let long_enough = name.chars().count() >= 3;
    (long_enough && has_word(known, name)).then_some(bearable + 2)
}

/// Whether `typed` stands in the name where one of its words begins: `cap` is in `page-cap-50`, `nope` is not in
/// `unknown-operation`.
fn has_word(known: &str, typed: &str) -> bool {
    let mut before = None;
    known.char_indices().any(|(at, c)| {
        let begins = c.is_uppercase() || !before.replace(c).is_some_and(char::is_alphanumeric);
        let rest = known.get(at..).unwrap_or_default();
        begins && c.is_alphanumeric() && plain(rest).starts_with(typed)
    })
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

/// The hint for a mistyped name in a file: the closest one, or else all there are.
#[must_use]
pub fn or_all<'k>(typed: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> Option<String> {
    if let Some(name) = closest(typed, known.clone()).first() {
        return Some(format!("did you mean `{name}`?"));
    }
    let all: Vec<&str> = known.into_iter().collect();
    (!all.is_empty()).then(|| format!("there is: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(closest("email"), ["rename/login-and-email"]);
        assert!(closest("quux/zzzzz").is_empty());
        assert!(closest("nande").is_empty(), "across two words");
        assert!(closest("").is_empty());
        assert!(closest("import/users").is_empty());
    }

    #[test]
    fn the_closest_comes_first() {
        for (typed, known, wanted) in [
            ("loggin", &["login", "email"][..], Some("login")),
            ("first_name", &["lastName", "firstName"], Some("firstName")),
            ("titel", &["tags", "title"], Some("title")),
            ("asign", &["unassign", "assign"], Some("assign")),
            ("zebra", &["title", "steps"], None),
            ("x", &[], None),
        ] {
            assert_eq!(
                closest(typed, known.iter().copied()).first().copied(),
                wanted,
                "{typed}"
            );
        }
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
