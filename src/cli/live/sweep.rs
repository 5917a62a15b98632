//! `sweep`: removes what the ledgers of earlier runs say is still there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::cleanup;
use crate::engine::ledger::{self, Ledger, Told};
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
    told: Told,
}

pub(super) async fn sweep(
    live: &Live,
    settings: &SweepSettings,
    consent: SweepConsent<'_>,
) -> Result<Swept, Refusal> {
    let reached = reach(&settings.target, settings.timeout, false)?;
    let leftovers = leftovers(live, &reached.base.to_string(), &settings.run_ids)?;
    let resources = |told: &Told| (told.owned.len() + told.lost.len()) as u64;
    consent(leftovers.iter().map(|l| resources(&l.told)).sum())?;
    let how = engine_cleanup(settings.cleanup);
    let base = reached.base.to_string();
    let transport = reached.transport;
    let mut swept = Swept {
        removed: 0,
        left_behind: Vec::new(),
    };
    for Leftover { path, told } in leftovers {
        let ledger = Ledger::default();
        let mut ids = HashSet::new();
        // The file lists the newest first; claiming starts with the oldest.
        for owned in told.owned.iter().rev() {
            if let Some(resource) = resource(&owned.resource) {
                ledger.claim(resource, &owned.id, &owned.name);
                ids.insert((resource, owned.id.clone()));
            }
        }
        let run = Run::new(
            &told.run_id,
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
        let lost: Vec<_> = told
            .lost
            .iter()
            .filter_map(|(word, name)| Some((resource(word)?, name.clone())))
            .collect();
        let work = async {
            let unknown = cleanup::find_lost(&session, &lost).await;
            ids.extend(session.with_book(|b| b.ids()));
            let left = cleanup::clean_up(&session, &ids, how).await;
            (unknown, left)
        };
        let (unknown, left) = tokio::select! {
            ended = work => ended,
            () = interrupted() => return Err(Refusal::Interrupted),
        };
        swept.removed += (ids.len() - left.len()) as u64;
        if unknown.is_empty() && left.is_empty() {
            std::fs::remove_file(&path)
                .map_err(|e| world(&format!("cannot remove {}: {e}", path.display()), None))?;
        }
        for mut left in unknown.into_iter().chain(left) {
            left.redact(&session.run.secrets);
            swept.left_behind.push(left);
        }
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
    let told = ledger::read_file(path).ok()?;
    let wanted = told.target == target && (run_ids.is_empty() || run_ids.contains(&told.run_id));
    wanted.then(|| Leftover {
        path: path.to_owned(),
        told,
    })
}
