//! "Did you mean …?"

/// Most suggestions that are offered.
const MOST: usize = 3;

/// The known names that look most like `name`, the most similar first.
pub(super) fn similar(name: &str, known: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut scored: Vec<(usize, &str)> = known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= candidate.len().max(name.len()) / 3 || candidate.contains(name)
        })
        .collect();
    scored.sort_by_key(|(distance, _)| *distance);
    scored.truncate(MOST);
    scored.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The end of a message: `; did you mean a, b or c?`, or nothing.
pub(super) fn did_you_mean(similar: &[&str]) -> String {
    match similar {
        [] => String::new(),
        [only] => format!("; did you mean {only}?"),
        [most @ .., last] => format!("; did you mean {} or {last}?", most.join(", ")),
    }
}

/// Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.chars().enumerate() {
        let mut diagonal = above;
        let mut before = above + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&right) {
            let cost = diagonal + usize::from(from != *to);
            diagonal = *cell;
            before = cost.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (left, right, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("filter", "fliter", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
