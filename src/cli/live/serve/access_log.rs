//! A line for every request, written by a thread of its own: a slow reader of the log must not
//! slow the server.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::report::text::printable;
use crate::server::{Entry, Observer};

use super::super::super::backend::Talk;
use super::super::super::values::LogForm;

/// Lines that wait for the writer; more are lost, and counted.
const MOST_WAITING: usize = 10_000;

/// How long the last lines may take when the server stops.
const END: Duration = Duration::from_secs(1);

/// The log.
pub(super) struct AccessLog {
    form: LogForm,
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
    written: oneshot::Receiver<()>,
}

impl AccessLog {
    pub(super) fn begin(form: LogForm, talk: Talk) -> Self {
        let (lines, waiting) = sync_channel(MOST_WAITING);
        let (done, written) = oneshot::channel();
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        std::thread::spawn(move || {
            write(&waiting, &counted, &mut talk());
            // Nobody waits any more when the process ends in a hurry.
            let _ = done.send(());
        });
        Self {
            form,
            lines,
            lost,
            written,
        }
    }

    /// Who puts requests into it.
    pub(super) fn observer(&self) -> Observer {
        let (form, lines, lost) = (self.form, self.lines.clone(), Arc::clone(&self.lost));
        Observer::new(move |entry| {
            if lines.try_send(line(form, entry)).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// Lets the last lines be written, once the server has stopped.
    pub(super) async fn end(self) {
        drop(self.lines);
        let _ = tokio::time::timeout(END, self.written).await;
    }
}

fn line(form: LogForm, entry: &Entry) -> String {
    match form {
        LogForm::Text => printable(&entry.line()).into_owned(),
        LogForm::Json => entry.to_json().to_string(),
    }
}

fn write(waiting: &Receiver<String>, lost: &AtomicU64, talk: &mut dyn Write) {
    while let Ok(line) = waiting.recv() {
        // Without a reader the lines go nowhere, and the server on.
        let _ = writeln!(talk, "{line}");
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(talk, "({lost} lines lost: the log is read too slowly)");
        }
    }
}
