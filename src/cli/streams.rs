//! The three streams of the process and what is known about them.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc;

use anstream::{AutoStream, ColorChoice};
use console::Term;
use tokio::runtime::Handle;

use crate::defect;
use crate::report::Extent;

use super::args::Color;
use super::ask::{self, AskError};
use super::backend::Talk;
use super::error::CliError;
use super::signals::interrupted;

/// The width when the output is no terminal.
const WIDTH: usize = 80;
/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;
/// Below this the layout does not work.
const NARROWEST: usize = 40;

/// Where the output goes and the answers come from.
pub(crate) struct Streams {
    /// Results.
    pub(crate) out: Box<dyn Write + Send>,
    /// Whom to talk to.
    pub(crate) person: Person,
    /// Talk is a terminal, so progress can be shown.
    pub(crate) can_show_progress: bool,
    /// Columns of results.
    pub(crate) width: usize,
    /// How much of the texts of findings results show: all, unless they go to a terminal.
    pub(crate) extent: Extent,
}

/// The person in front of the terminal, or the log of a CI job.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    /// Can be asked: input and talk are a terminal.
    pub(crate) can_ask: bool,
    /// Makes a stream for talk.
    pub(crate) talk: Talk,
    /// Makes a stream of answers.
    pub(crate) input: fn() -> Box<dyn BufRead>,
}

impl Person {
    /// Asks a question about `target`.
    ///
    /// # Errors
    /// [`AskError`], unless the answer is yes.
    pub(crate) fn ask(self, question: &str, target: &str) -> Result<(), AskError> {
        if !self.can_ask {
            return Err(AskError::NoTerminal {
                target: target.to_owned(),
            });
        }
        let (answer, answered) = mpsc::channel();
        // Nobody can be kept from reading a line, so the reader is left behind when Ctrl-C is the answer.
        std::thread::spawn({
            let (question, answer) = (question.to_owned(), answer.clone());
            move || {
                let asks = || ask::ask(&question, &mut (self.input)(), &mut (self.talk)());
                let asked = defect::caught_now(asks).unwrap_or_else(|panic| {
                    defect::leave(panic);
                    Err(AskError::Declined)
                });
                // Nobody waits for it any more only when the process ends.
                let _ = answer.send(asked);
            }
        });
        let watching = Handle::try_current().map(|runtime| {
            runtime.spawn(async move {
                interrupted().await;
                let _ = answer.send(Err(AskError::Interrupted));
            })
        });
        let answered = answered.recv();
        if let Ok(watching) = watching {
            watching.abort();
        }
        // Whoever is asked always has the last word.
        let answered = answered.unwrap_or(Err(AskError::Declined));
        if matches!(answered, Err(AskError::Interrupted)) {
            // The cursor stands behind the question.
            writeln!((self.talk)())?;
        }
        answered
    }
}

impl Streams {
    /// Those of the process. Sets for the whole process when colours are used.
    pub(crate) fn of_process(color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        let talk_is_terminal = io::stderr().is_terminal();
        Self {
            out: Box::new(AutoStream::auto(io::stdout())),
            person: Person {
                can_ask: io::stdin().is_terminal() && talk_is_terminal,
                talk: || Box::new(AutoStream::auto(io::stderr())),
                input: || Box::new(io::BufReader::new(io::stdin())),
            },
            can_show_progress: talk_is_terminal,
            width: width(),
            extent: if io::stdout().is_terminal() {
                Extent::Terminal
            } else {
                Extent::Whole
            },
        }
    }
}

fn width() -> usize {
    let terminal = Term::stdout();
    match terminal.size_checked() {
        Some((_, columns)) if terminal.is_term() => usize::from(columns).clamp(NARROWEST, WIDEST),
        _ => WIDTH,
    }
}

impl Streams {
    /// Writes a result. A reader that has seen enough (`| head`) is no error.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CliError> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}
