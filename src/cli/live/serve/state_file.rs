//! Users and groups in a file: loaded at the start, saved shortly after they change and at the
//! end. The file is replaced as a whole, so that a kill at any time leaves the old or the new one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::report::file;
use crate::server::Tenant;

use super::super::super::backend::{Refusal, Talk};
use super::super::super::error::tell;
use super::super::{usage, world};

/// How often a look is taken for changes.
const LOOK: Duration = Duration::from_millis(500);

/// Saving takes at most one part in so many of the time.
const PACE: u32 = 10;

/// A state file that has been read.
pub(super) struct StateFile {
    path: PathBuf,
    /// The number of the state that is in the file.
    saved: Option<u64>,
}

/// Saves until it is stopped.
pub(super) struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Refusal>>,
}

impl StateFile {
    /// Loads the file into `tenant`, if there is one.
    pub(super) fn open(path: &Path, tenant: &Tenant) -> Result<Self, Refusal> {
        let shown = path.display();
        // A device or a pipe would be read without end.
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            return Err(usage(&format!("{shown} is no regular file"), None));
        }
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                // Better now than after an hour of work.
                let empty = Self::new(path);
                let (_, number) = save(path, tenant).map_err(|e| world(&e, None))?;
                return Ok(Self {
                    saved: Some(number),
                    ..empty
                });
            }
            Err(e) => return Err(world(&format!("cannot read {shown}: {e}"), None)),
        };
        tenant.restore(&text).map_err(|e| {
            usage(
                &format!("{shown} cannot be loaded: {e}"),
                Some("the file is left as it is; move it away to begin with nothing"),
            )
        })?;
        Ok(Self {
            saved: Some(tenant.state_number()),
            ..Self::new(path)
        })
    }

    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            saved: None,
        }
    }

    /// Saves from now on.
    pub(super) fn keep(self, tenant: Arc<Tenant>, talk: Talk) -> Keeper {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(self.run(tenant, talk, stopped));
        Keeper { stop, task }
    }

    async fn run(
        mut self,
        tenant: Arc<Tenant>,
        talk: Talk,
        mut stopped: oneshot::Receiver<()>,
    ) -> Result<(), Refusal> {
        let mut wait = LOOK;
        let mut complained = false;
        loop {
            let stops = tokio::select! {
                () = tokio::time::sleep(wait) => false,
                _ = &mut stopped => true,
            };
            let changed = self.saved != Some(tenant.state_number());
            let began = Instant::now();
            let outcome = if changed {
                self.save(&tenant).await
            } else {
                Ok(())
            };
            match outcome {
                Err(problem) if stops => return Err(problem),
                Err(problem) if !complained => {
                    complained = true;
                    // With nowhere to talk to, serving goes on.
                    let _ = tell(&mut talk(), "warning", &problem.to_string());
                }
                Err(_) => {}
                Ok(()) => complained = false,
            }
            if stops {
                return Ok(());
            }
            wait = LOOK.max(began.elapsed().saturating_mul(PACE));
        }
    }

    async fn save(&mut self, tenant: &Arc<Tenant>) -> Result<(), Refusal> {
        let (path, tenant) = (self.path.clone(), Arc::clone(tenant));
        let saved = spawn_blocking(move || save(&path, &tenant)).await;
        let (_, number) = saved
            .map_err(|e| world(&e, None))?
            .map_err(|e| world(&format!("the state is not saved: {e}"), None))?;
        self.saved = Some(number);
        Ok(())
    }
}

/// Saves the state; its size in bytes and its number.
fn save(path: &Path, tenant: &Tenant) -> Result<(usize, u64), file::WriteError> {
    let (text, number) = tenant.state();
    file::write_private(path, &text)?;
    Ok((text.len(), number))
}

impl Keeper {
    /// Saves what has changed, and ends.
    pub(super) async fn stop(self) -> Result<(), Refusal> {
        // The receiver is gone only when the task has ended already.
        let _ = self.stop.send(());
        self.task.await.map_err(|e| world(&e, None))?
    }
}
