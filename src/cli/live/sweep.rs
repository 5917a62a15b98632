//! `sweep`: removes what the ledgers of earlier runs say is still there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::cleanup;
use crate::engine::ledger::{self, Ledger, Owned};
use crate::engine::session::Session;
use crate::engine::target::Run;
use crate::okta::request::Resource;

use super::super::backend::{Refusal, SweepConsent, Swept};
use super::super::settings::SweepSettings;
use super::drive::engine_cleanup;
use super::{Live, interrupted, reach, world};

/// One ledger with something left.
struct Leftover {
    path: PathBuf,
    run_id: String,
    owned: Vec<Owned>,
}

pub(super) async fn sweep(
    live: &Live,
    settings: &SweepSettings,
    consent: SweepConsent<'_>,
) -> Result<Swept, Refusal> {
    let reached = reach(&settings.target, settings.timeout, false)?;
    let leftovers = leftovers(live, &reached.base.to_string(), &settings.run_ids)?;
    consent(leftovers.iter().map(|l| l.owned.len() as u64).sum())?;
    let how = engine_cleanup(settings.cleanup);
    let base = reached.base.to_string();
    let transport = reached.transport;
    let mut swept = Swept {
        removed: 0,
        left_behind: Vec::new(),
    };
    for leftover in leftovers {
        let ledger = Ledger::default();
        let mut ids = HashSet::new();
        // The file lists the newest first; claiming starts with the oldest.
        for owned in leftover.owned.iter().rev() {
            if let Some(resource) = resource(&owned.resource) {
                ledger.claim(resource, &owned.id, &owned.name);
                ids.insert((resource, owned.id.clone()));
            }
        }
        let run = Run::new(
            &leftover.run_id,
            &base,
            ledger,
            Duration::ZERO,
            Duration::from_secs(60),
            None,
        );
        let session = Session::new(
            run,
            transport.clone(),
            reached.client.clone(),
            "sweep".to_owned(),
            None,
            reached.secrets.clone(),
        );
        let left = tokio::select! {
            left = cleanup::clean_up(&session, &ids, how) => left,
            () = interrupted() => return Err(Refusal::Interrupted),
        };
        swept.removed += (ids.len() - left.len()) as u64;
        if left.is_empty() {
            std::fs::remove_file(&leftover.path).map_err(|e| {
                world(
                    &format!("cannot remove {}: {e}", leftover.path.display()),
                    None,
                )
            })?;
        }
        swept.left_behind.extend(left);
    }
    Ok(swept)
}

fn resource(word: &str) -> Option<Resource> {
    [Resource::User, Resource::Group]
        .into_iter()
        .find(|r| r.as_str() == word)
}

/// Ledgers of `target`, of these runs or of all.
fn leftovers(live: &Live, target: &str, run_ids: &[String]) -> Result<Vec<Leftover>, Refusal> {
    let Some(folder) = live.ledgers() else {
        return Ok(Vec::new());
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => {
            return Err(world(
                &format!("cannot read {}: {e}", folder.display()),
                None,
            ));
        }
    };
    let mut found: Vec<Leftover> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .filter_map(|path| read(&path, target, run_ids))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn read(path: &Path, target: &str, run_ids: &[String]) -> Option<Leftover> {
    let (run_id, at, owned) = ledger::read_file(path).ok()?;
    let wanted = at == target && (run_ids.is_empty() || run_ids.contains(&run_id));
    wanted.then(|| Leftover {
        path: path.to_owned(),
        run_id,
        owned,
    })
}
