//! `sweep`: removes what the ledgers of earlier runs say is still there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::defect::{self, Phase};
use crate::engine::ledger::{self, Ledger, OpenError, Told};
use crate::engine::outcome::LeftBehind;
use crate::engine::residue;
use crate::engine::session::Session;
use crate::engine::target::Run;

use super::super::backend::{PassedOver, Refusal, SweepConsent, Swept, WhyPassedOver};
use super::super::settings::SweepSettings;
use super::super::signals::interrupts;
use super::drive::engine_cleanup;
use super::{Live, Reached, reach, world};

/// How long the sweep waits for a target that answers 429, for one request.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ledgers about the target, and those that are passed over.
#[derive(Default)]
struct Found {
    leftovers: Vec<(PathBuf, Told)>,
    passed_over: Vec<PassedOver>,
}

pub(super) async fn sweep(
    live: &Live,
    settings: &SweepSettings,
    consent: SweepConsent<'_>,
) -> Result<Swept, Refusal> {
    let mut interrupts = interrupts();
    let reached = reach(&settings.target, settings.timeout, false)?;
    let found = find(live, &reached.base.to_string(), &settings.run_ids)?;
    let resources: usize = found.leftovers.iter().map(|(_, told)| told.resources).sum();
    consent(resources as u64)?;
    let mut swept = Swept {
        removed: 0,
        left_behind: Vec::new(),
        passed_over: found.passed_over,
    };
    for (path, told) in found.leftovers {
        let (ledger, told) = match Ledger::reopen(&path) {
            Ok(opened) => opened,
            Err(error) => {
                let why = match error {
                    OpenError::InUse => WhyPassedOver::InUse {
                        run_id: told.run_id,
                    },
                    OpenError::Io(error) => WhyPassedOver::Unreadable {
                        problem: error.to_string(),
                    },
                };
                swept.passed_over.push(PassedOver { path, why });
                continue;
            }
        };
        let run = run(&reached, ledger, &told.run_id);
        let ended = tokio::select! {
            ended = defect::caught(remove(&reached, &run, settings)) => ended,
            // What is not removed yet stands in the ledgers, as before.
            () = interrupts.first() => return Err(Refusal::Left {
                target: reached.base.to_string(),
                can_sweep: true,
            }),
        };
        let (removed, left) = match ended {
            Ok(ended) => ended,
            Err(panic) => {
                // Its ledger stays, and the others are swept.
                defect::leave(panic);
                continue;
            }
        };
        swept.removed = swept.removed.saturating_add(removed as u64);
        if left.is_empty() && told.damaged.is_empty() {
            std::fs::remove_file(&path)
                .map_err(|e| world(&format!("cannot remove {}: {e}", path.display()), None))?;
        }
        if !told.damaged.is_empty() {
            let why = WhyPassedOver::Damaged {
                run_id: told.run_id,
                lines: told.damaged,
            };
            swept.passed_over.push(PassedOver { path, why });
        }
        for mut left in left {
            left.redact(&run.secrets);
            swept.left_behind.push(left);
        }
        if let Some(problem) = run.gone() {
            let problem = format!("the target is gone: {problem}");
            return Err(world(
                &problem,
                Some("what is left is remembered; sweep again later"),
            ));
        }
    }
    Ok(swept)
}

fn run(reached: &Reached, ledger: Ledger, run_id: &str) -> Arc<Run> {
    Run::new(
        run_id,
        &reached.base.to_string(),
        ledger,
        Duration::ZERO,
        PATIENCE,
        None,
    )
}

/// Removes what one ledger knows of, and what its run may have made besides: how many are gone, and what is not.
async fn remove(
    reached: &Reached,
    run: &Arc<Run>,
    settings: &SweepSettings,
) -> (usize, Vec<LeftBehind>) {
    defect::plant(Phase::Sweep);
    let session = Session::new(
        Arc::clone(run),
        reached.transport.clone(),
        reached.client.clone(),
        "sweep".to_owned(),
        None,
        reached.secrets.clone(),
    );
    let how = engine_cleanup(settings.cleanup);
    let gone_before = session.ledger.gone();
    let left = residue::remove_rest(&session, how, Vec::new()).await;
    (session.ledger.gone().saturating_sub(gone_before), left)
}

/// Ledgers of `target`, of these runs or of all.
fn find(live: &Live, target: &str, run_ids: &[String]) -> Result<Found, Refusal> {
    let Some(folder) = live.ledgers() else {
        return Ok(Found::default());
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(e) => {
            return Err(world(
                &format!("cannot read {}: {e}", folder.display()),
                None,
            ));
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    paths.sort();
    let mut found = Found::default();
    let mut elsewhere = Vec::new();
    for path in paths {
        match ledger::read_file(&path) {
            Err(error) => found.passed_over.push(PassedOver {
                path,
                why: WhyPassedOver::Unreadable {
                    problem: error.to_string(),
                },
            }),
            Ok(told) if told.target.is_empty() => found.passed_over.push(PassedOver {
                path,
                why: WhyPassedOver::Unreadable {
                    problem: "its first line does not say which run and target it is about"
                        .to_owned(),
                },
            }),
            Ok(told) if !run_ids.is_empty() && !run_ids.contains(&told.run_id) => {}
            Ok(told) if told.target == target => found.leftovers.push((path, told)),
            Ok(told) => elsewhere.push(other_target(&path, told)),
        }
    }
    if found.leftovers.is_empty() {
        found.passed_over.extend(elsewhere);
    }
    Ok(found)
}

fn other_target(path: &Path, told: Told) -> PassedOver {
    PassedOver {
        path: path.to_owned(),
        why: WhyPassedOver::OtherTarget {
            run_id: told.run_id,
            target: told.target,
            resources: told.resources,
        },
    }
}
