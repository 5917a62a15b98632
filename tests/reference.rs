//! The reference snapshots: what the known-good server answers to the whole catalogue.
//!
//! `UPDATE_REFERENCE=1 cargo test --test reference` writes them anew.

#[path = "judge/bench.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[path = "support/diff.rs"]
mod diff;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bench::{Bench, nobody};
use scim_conform::engine::ledger::NAME_TAIL;
use scim_conform::okta::App;
use scim_conform::server::Policy;
use scim_conform::snapshot::{RunNames, SnapshotFile, Transcript, write_reference};

/// Every scenario's snapshots, one an app.
type Taken = BTreeMap<String, Vec<(Option<App>, SnapshotFile)>>;

fn taken() -> Taken {
    let ran = Bench::new(&[]).run(&Policy::default(), nobody, std::time::Duration::ZERO);
    let names = RunNames {
        run_id: ran.run_id.clone(),
        tail: NAME_TAIL,
        base_url: ran.target.url.clone(),
        host: "localhost".to_owned(),
    };
    let mut taken = Taken::new();
    for scenario in &ran.scenarios {
        let file = SnapshotFile::new(
            &scenario.id.0,
            &scenario.title,
            &Transcript::of(scenario, &names),
        );
        taken
            .entry(scenario.id.0.clone())
            .or_default()
            .push((scenario.app, file));
    }
    taken
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/reference")
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_reference_snapshots_are_what_the_known_good_server_answers() {
    let taken = taken();
    let update = std::env::var_os("UPDATE_REFERENCE").is_some();
    let scratch = tempfile::tempdir().unwrap();
    let to = if update {
        root()
    } else {
        scratch.path().to_owned()
    };
    if update {
        let _ = fs::remove_dir_all(root());
    }
    for scenario in taken.values() {
        write_reference(&to, scenario).unwrap();
    }
    let (mut now, mut kept) = (BTreeMap::new(), BTreeMap::new());
    files(&to, &mut now);
    files(&root(), &mut kept);
    let relative = |files: BTreeMap<PathBuf, String>, root: &Path| -> BTreeMap<PathBuf, String> {
        files
            .into_iter()
            .map(|(path, text)| (path.strip_prefix(root).unwrap().to_owned(), text))
            .collect()
    };
    let (now, kept) = (relative(now, &to), relative(kept, &root()));
    let changed: BTreeSet<&PathBuf> = now
        .keys()
        .chain(kept.keys())
        .filter(|path| now.get(*path) != kept.get(*path))
        .collect();
    if let Some(first) = changed.first() {
        let text =
            |files: &BTreeMap<PathBuf, String>| files.get(*first).cloned().unwrap_or_default();
        let diff = diff::unified(("kept", &text(&kept)), ("now", &text(&now)));
        panic!(
            "{} of {} snapshots differ; look at the change, then UPDATE_REFERENCE=1 cargo test --test reference\n{}\n{diff}",
            changed.len(),
            now.len(),
            first.display(),
        );
    }
}
