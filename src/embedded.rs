//! The files below `scenarios/` and `snapshots/reference/` as the binary carries them, listed by the build script.
//! Every list is sorted by path.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The reference snapshot of a scenario in one of the folders of `snapshots/reference/`.
#[must_use]
pub fn reference(folder: &str, scenario: &str) -> Option<&'static str> {
    let path = format!("{folder}/{scenario}.snap");
    let at = REFERENCES
        .binary_search_by(|(name, _)| (*name).cmp(path.as_str()))
        .ok()?;
    REFERENCES.get(at).map(|(_, text)| *text)
}
