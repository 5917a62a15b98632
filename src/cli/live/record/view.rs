//! What is seen of a recording while it is made: on a terminal one line that is written anew, else a line for each
//! admin action that is over.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use console::Term;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::defect;
use crate::okta::LoadError;
use crate::recorder::{Event, Observer};
use crate::recording::har;
use crate::recording::live::{Seen, Watch};
use crate::report::text::{clip, count, printable, width_of};

use super::super::super::backend::Talk;
use super::super::super::error::{tell, tell_defects};

/// Events that wait to be told; more are in the file, and not told.
const MOST_WAITING: usize = 500;
/// How often a look is taken for what is over.
const LOOK: Duration = Duration::from_millis(500);
/// How long the last lines may take.
const END: Duration = Duration::from_secs(1);

/// Somebody who watches, and has not begun.
pub(super) struct View {
    events: SyncSender<Event>,
    waiting: Receiver<Event>,
    screen: Screen,
    watch: Watch,
}

/// Somebody who watches.
pub(super) struct Watching(oneshot::Receiver<()>);

impl View {
    pub(super) fn of(
        base: &str,
        file: &Path,
        talk: Talk,
        on_terminal: bool,
    ) -> Result<Self, LoadError> {
        let (events, waiting) = sync_channel(MOST_WAITING);
        Ok(Self {
            events,
            waiting,
            screen: Screen {
                talk: talk(),
                on_terminal,
                drawn: 0,
                file: file.display().to_string(),
                counts: Counts::default(),
                last: String::new(),
                has_complained: false,
            },
            watch: Watch::new(base)?,
        })
    }

    /// Who is told what happens. Nobody waits for it.
    pub(super) fn observer(&self) -> Observer {
        let events = self.events.clone();
        Box::new(move |event| {
            // What nobody sees is in the file all the same.
            let _ = events.try_send(event);
        })
    }

    /// Watches from now on, until nobody is left who could tell anything.
    pub(super) fn begin(self) -> Watching {
        let (done, ended) = oneshot::channel();
        let Self {
            events,
            waiting,
            mut screen,
            mut watch,
        } = self;
        drop(events);
        std::thread::spawn(move || {
            let watched = defect::caught_now(|| screen.watch(&waiting, &mut watch));
            if let Err(panic) = watched {
                defect::leave(panic);
            }
            // Nobody waits any more when the process ends in a hurry.
            let _ = done.send(());
        });
        Watching(ended)
    }
}

impl Watching {
    /// Lets the last lines be written, once the recorder is gone.
    pub(super) async fn end(self) {
        let _ = tokio::time::timeout(END, self.0).await;
    }
}

#[derive(Default)]
struct Counts {
    exchanges: usize,
    actions: usize,
    unanswered: usize,
    refused: usize,
    /// Exchanges that are not SCIM.
    other: usize,
}

/// Where it is shown.
struct Screen {
    talk: Box<dyn Write + Send>,
    on_terminal: bool,
    /// Columns of the line that is there.
    drawn: usize,
    file: String,
    counts: Counts,
    last: String,
    has_complained: bool,
}

impl Screen {
    fn watch(&mut self, events: &Receiver<Event>, watch: &mut Watch) {
        let mut looked = Instant::now();
        loop {
            match events.recv_timeout(LOOK) {
                Ok(event) => self.event(event, watch),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if looked.elapsed() < LOOK {
                continue;
            }
            looked = Instant::now();
            for seen in watch.over(Timestamp::now()) {
                self.seen(&seen);
            }
            let defects = defect::uncaught();
            if !defects.is_empty() {
                self.clear();
                // With nowhere to talk to, recording goes on.
                let _ = tell_defects(&defects, &mut self.talk);
            }
            self.draw();
        }
        for seen in watch.rest() {
            self.seen(&seen);
        }
        self.clear();
    }

    fn event(&mut self, event: Event, watch: &mut Watch) {
        match event {
            Event::Kept(entry) => {
                self.counts.exchanges += 1;
                let entry = har::entry(self.counts.exchanges, &entry);
                let failed = matches!(entry.answer, har::Answer::Failed(_));
                self.counts.unanswered += usize::from(failed);
                self.counts.other += usize::from(!watch.add(entry));
            }
            Event::Refused(_) => self.counts.refused += 1,
            Event::Lost(error) => {
                // Once is enough: the end says how many.
                if !std::mem::replace(&mut self.has_complained, true) {
                    self.clear();
                    let text = format!("{error}; what passes from now on may be missing");
                    let _ = tell(&mut self.talk, "warning", &text);
                }
            }
        }
    }

    fn seen(&mut self, seen: &Seen) {
        self.counts.actions += usize::from(seen.title.is_some());
        let title = seen.title.as_deref().unwrap_or("no action that is known");
        self.last = format!("{title}: {}", seen.requests.join(", "));
        if !self.on_terminal {
            let line = format!("{} {}", if seen.is_well { " " } else { "!" }, self.last);
            let _ = writeln!(self.talk, "{}", printable(&line));
            let _ = self.talk.flush();
        }
    }

    fn draw(&mut self) {
        if !self.on_terminal {
            return;
        }
        let Counts {
            exchanges,
            actions,
            unanswered,
            refused,
            other,
        } = self.counts;
        let mut line = format!(
            "{}: {}, {}",
            self.file,
            count(exchanges as u64, "exchange"),
            count(actions as u64, "action")
        );
        for (number, word) in [
            (unanswered, "without an answer"),
            (refused, "refused"),
            (other, "not SCIM"),
        ] {
            if number > 0 {
                line.push_str(&format!(", {number} {word}"));
            }
        }
        if !self.last.is_empty() {
            line.push_str(" | ");
            line.push_str(&self.last);
        }
        let columns = Term::stderr()
            .size_checked()
            .map_or(80, |(_, columns)| columns);
        let line = clip(&printable(&line), usize::from(columns).saturating_sub(1));
        let width = width_of(&line);
        let blanks = " ".repeat(self.drawn.saturating_sub(width));
        let _ = write!(self.talk, "\r{line}{blanks}");
        let _ = self.talk.flush();
        self.drawn = width;
    }

    /// Takes the line away, so that something else can stand there.
    fn clear(&mut self) {
        if self.drawn > 0 {
            let _ = write!(self.talk, "\r{}\r", " ".repeat(self.drawn));
            let _ = self.talk.flush();
            self.drawn = 0;
        }
    }
}
