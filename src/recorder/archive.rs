//! Where exchanges go: through the mask into the file, and on to whoever watches.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::defect;
use crate::redact::characters;

use super::entry;
use super::har_file::{FileError, HarFile};
use super::mask::Mask;
use super::passage::Passage;

/// Bodies beyond this many bytes are worked on where nobody else waits.
const LARGE: u64 = 64 * 1024;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// An exchange is in the file: its entry, as it stands there.
    Kept(Box<Value>),
    /// An exchange cannot be written.
    Lost(FileError),
    /// A client was refused, and the target did not hear of it: the status.
    Refused(u16),
}

/// Is told what happens.
pub type Observer = Box<dyn Fn(Event) + Send + Sync>;

/// What came of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries in the file, of this recording and of those that it goes on with.
    pub entries: usize,
    /// Exchanges of this recording that are in the file.
    pub kept: usize,
    /// Of them, those without a whole answer.
    pub unanswered: usize,
    /// Exchanges that could not be written.
    pub lost: usize,
    /// Clients that were refused, by status.
    pub refused: BTreeMap<u16, usize>,
}

/// The file, and what guards it.
pub(super) struct Archive {
    inner: Mutex<Inner>,
    /// The path of the target.
    base: String,
    observer: Observer,
}

struct Inner {
    file: HarFile,
    mask: Mask,
    tally: Tally,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Archive")
    }
}

impl Archive {
    pub(super) fn new(file: HarFile, mask: Mask, base: &str, observer: Observer) -> Self {
        let tally = Tally {
            entries: file.entries(),
            ..Tally::default()
        };
        Self {
            inner: Mutex::new(Inner { file, mask, tally }),
            base: base.to_owned(),
            observer,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What a panic may have left half done is a text in memory, never the file.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an exchange; afterwards it is in the file, or told as lost.
    pub(super) async fn keep(self: &Arc<Self>, passage: Passage) {
        let came = passage
            .answer
            .as_ref()
            .map_or(0, |answer| answer.body.length());
        if passage.sent.length() + came < LARGE {
            return self.write(&passage);
        }
        let this = Arc::clone(self);
        // It is cancelled only with the process.
        let _ = tokio::task::spawn_blocking(move || this.write(&passage)).await;
    }

    fn write(&self, passage: &Passage) {
        let mut inner = self.lock();
        // A failure of this tool costs an entry, and no answer.
        let made = defect::caught_now(|| {
            let entry = entry::entry(passage, &mut inner.mask, &self.base);
            let line = inner.mask.hidden_bytes(entry.to_string().into_bytes());
            let line = characters::json(String::from_utf8_lossy(&line).into_owned());
            (entry, line)
        });
        let event = match made {
            Err(panic) => {
                defect::leave(panic);
                inner.tally.lost += 1;
                return;
            }
            Ok((entry, line)) => match inner.file.add(&line) {
                Ok(()) => {
                    inner.tally.entries += 1;
                    inner.tally.kept += 1;
                    inner.tally.unanswered += usize::from(passage.failure.is_some());
                    Event::Kept(Box::new(entry))
                }
                Err(error) => {
                    inner.tally.lost += 1;
                    Event::Lost(error)
                }
            },
        };
        drop(inner);
        (self.observer)(event);
    }

    /// A client was refused.
    pub(super) fn count_refusal(&self, status: u16) {
        *self.lock().tally.refused.entry(status).or_default() += 1;
        (self.observer)(Event::Refused(status));
    }

    /// What came of it, once all of it is on the disk.
    pub(super) fn end(&self) -> Result<Tally, FileError> {
        let inner = self.lock();
        match inner.file.sync() {
            Ok(()) => Ok(inner.tally.clone()),
            Err(source) => Err(FileError::Io {
                path: inner.file.path().to_owned(),
                source,
            }),
        }
    }
}
