//! The key that aliases of people are made with: one for this machine, so that somebody has the same alias in all of
//! its recordings, and `judge` can read them together. Who has a recording and not the key cannot check a guess.

use std::fs;
use std::path::Path;

use uuid::Uuid;

use crate::report::file;

/// Its file, in the folder for what must outlive a run.
const FILE: &str = "alias-key";

/// The key that is kept, or a new one; where it cannot be kept, it is for this recording alone.
pub(super) fn of(folder: Option<&Path>) -> Vec<u8> {
    let Some(folder) = folder else {
        return made().into_bytes();
    };
    let path = folder.join(FILE);
    if let Some(kept) = read(&path) {
        return kept.into_bytes();
    }
    let key = made();
    // A folder that cannot be written to costs the aliases in common, and nothing else.
    let _ = fs::create_dir_all(folder);
    let _ = file::write_private(&path, &format!("{key}\n"));
    // Whoever begins at the same time may have been quicker.
    read(&path).unwrap_or(key).into_bytes()
}

fn made() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let key = text.trim();
    let is_key = key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key.then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_one_key_and_without_a_place_each_recording_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let key = of(Some(&state));
        assert_eq!(key.len(), 64);
        assert_eq!(of(Some(&state)), key);
        fs::write(state.join(FILE), "not a key").unwrap();
        let other = of(Some(&state));
        assert_ne!(other, key);
        assert_eq!(of(Some(&state)), other);
        assert_ne!(of(None), of(None));
    }
}
