//! Which faults of the reference server trip which checks, as the judge's own trial has shown
//! (`tests/judge/matrix.rs`): names only, so that a page can say how to see a finding happen.

/// A fault a line, with the checks that see it first: `filter-ignored: lookup/only-exact list/total-results`.
/// Written by a test; see [`super`].
const SEEN: &str = include_str!("faults.txt");

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    SEEN.lines().filter_map(|line| line.split_once(": "))
}

/// Faults that trip a check, those first that trip no other.
#[must_use]
pub fn that_trip(check: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &str)> = lines()
        .map(|(fault, checks)| (fault, checks.split(' ').collect::<Vec<_>>()))
        .filter(|(_, checks)| checks.contains(&check))
        .map(|(fault, checks)| (checks.len(), fault))
        .collect();
    found.sort_by_key(|(others, _)| *others);
    found.into_iter().map(|(_, fault)| fault).collect()
}

/// Checks that a fault trips.
#[must_use]
pub fn tripped_by(fault: &str) -> Vec<&'static str> {
    lines()
        .filter(|(name, _)| *name == fault)
        .flat_map(|(_, checks)| checks.split(' '))
        .collect()
}
