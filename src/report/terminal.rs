//! What a person sees of a run: the plan, progress while it goes on, and the findings.
//!
//! Talk (plan, progress) goes to the stream given to [`Terminal::new`], the result to the one
//! given to [`Terminal::finish`]; a progress bar appears only where a terminal shows it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::event::{Event, Listener};
use crate::engine::outcome::RunResult;
use crate::oin::Readiness;
use crate::okta::App;
use crate::verdict::{Finding, Kind, Level, ScenarioResult};

use super::finding::Extent;
use super::palette::{BOLD, COMMAND, DIM, paint};
use super::plan::AtEnd;
use super::snapshots::OwnSnapshots;
use super::text::{count, duration, hang, pad, printable};
use super::{command, defect, finding, growth, plan, readiness, snapshots, summary};

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors and the verdict.
    Quiet,
    /// Findings, the verdict, what did not run.
    #[default]
    Normal,
    /// Also each scenario as it ends, notes in full, and every scenario that did not run.
    Verbose,
}

/// How the terminal is written to.
#[derive(Clone, Copy, Debug)]
pub struct TerminalOptions {
    /// Columns.
    pub width: usize,
    /// How much of the texts of a finding is shown.
    pub extent: Extent,
    /// How much is told.
    pub verbosity: Verbosity,
    /// Draw a progress bar on stderr. Only for a stderr that is a terminal.
    pub progress: bool,
    /// What the plan says becomes of what the run makes.
    pub at_end: AtEnd,
}

/// What is said after the findings.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// Report files that were written.
    pub written: Vec<PathBuf>,
    /// Lines about how this run compares with an earlier one.
    pub compared: Vec<String>,
    /// What came of the user's own snapshots, if there are any.
    pub snapshots: Option<OwnSnapshots>,
    /// How ready for a submission the target is, when the run followed a plan.
    pub plan: Option<Readiness>,
    /// Commands to go on with, and what for.
    pub next: Vec<(String, String)>,
}

/// Listens to a run and tells a person about it.
pub struct Terminal {
    options: TerminalOptions,
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    talk: Box<dyn Write + Send>,
    exchanges: u64,
    met: u64,
    planned: u64,
    /// Requests of the whole run, about.
    expected: u64,
    /// When the first scenario began.
    started: Option<Instant>,
    /// What is being played, the longest first.
    playing: Vec<String>,
}

impl Terminal {
    /// A terminal that talks to `talk`.
    #[must_use]
    pub fn new(options: TerminalOptions, talk: Box<dyn Write + Send>) -> Self {
        Self {
            options,
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            state: Mutex::new(State {
                talk,
                exchanges: 0,
                met: 0,
                planned: 0,
                expected: 0,
                started: None,
                playing: Vec::new(),
            }),
        }
    }

    /// Tells the result to `out`: findings, what did not run, the verdict on each app, counts,
    /// what was left behind, and what `closing` adds.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(
        &self,
        run: &RunResult,
        closing: &Closing,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.bar.finish_and_clear();
        out.write_all(result(run, closing, self.options).as_bytes())?;
        out.flush()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere does not make counters unusable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `text` above the progress bar. A talk stream that is gone is no reason to stop a
    /// run that must still clean up.
    fn say(&self, text: &str) {
        self.bar.suspend(|| {
            let mut state = self.state();
            let _ = state.talk.write_all(text.as_bytes());
            let _ = state.talk.flush();
        });
    }

    /// Draws the bar from now on: not before the first scenario, for a question may come first.
    fn start_bar(&self) {
        if !self.options.progress || self.options.verbosity == Verbosity::Quiet {
            return;
        }
        if self.bar.length().is_none() {
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
                self.bar.set_style(style.progress_chars("━╸ "));
            }
            self.bar.set_length(self.state().planned);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.tick();
    }

    fn show_progress(&self) {
        let state = self.state();
        let mut message = count(state.exchanges, "request");
        if state.met > 0 {
            message.push_str(&format!(", {} so far", count(state.met, "finding")));
        }
        let elapsed = state.started.map(|started| started.elapsed());
        let left = elapsed.and_then(|elapsed| left(elapsed, state.exchanges, state.expected));
        if let Some(left) = left {
            message.push_str(&format!(", about {} left", plan::roughly(left)));
        }
        if let Some(playing) = state.playing.first() {
            message.push_str(&format!(" · {}", printable(playing)));
        }
        drop(state);
        self.bar.set_message(message);
    }
}

impl Listener for Terminal {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Planned(plan) => {
                if self.options.verbosity > Verbosity::Quiet {
                    self.say(&plan::render(plan, self.options.at_end, self.options.width));
                    self.say("\n");
                }
                let mut state = self.state();
                state.planned = plan.scenarios.len() as u64;
                state.expected = plan.requests;
            }
            Event::ScenarioStarted { id, app } => {
                {
                    let mut state = self.state();
                    state.started.get_or_insert_with(Instant::now);
                    state.playing.push(playing(id, *app));
                }
                self.start_bar();
            }
            Event::Progress { exchanges } => {
                self.state().exchanges = *exchanges;
                self.show_progress();
            }
            Event::ScenarioFinished(scenario) => {
                self.bar.inc(1);
                let ended = playing(&scenario.id.0, scenario.app);
                self.state().playing.retain(|playing| *playing != ended);
                if self.options.verbosity == Verbosity::Verbose {
                    self.say(&scenario_line(scenario));
                }
            }
            Event::Met(_) => {
                self.state().met += 1;
                self.show_progress();
            }
            Event::CleaningUp { resources } => {
                let text = format!("removing {}", count(*resources as u64, "resource"));
                self.bar.set_message(text);
            }
            Event::Finished(_) => self.bar.finish_and_clear(),
        }
    }
}

fn playing(id: &str, app: Option<App>) -> String {
    match app {
        Some(app) => format!("{id} ({app})"),
        None => id.to_owned(),
    }
}

/// How long the rest will take, if it takes as long as what was sent so far; none while that tells nothing yet.
fn left(elapsed: Duration, sent: u64, expected: u64) -> Option<Duration> {
    const ENOUGH: u64 = 50;
    if sent < ENOUGH || expected <= sent {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "about so many")]
    let rest = (expected - sent) as f64 / sent as f64;
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * rest).ok()
}

/// `  passed   custom  rename/login-and-email  41 ms`.
fn scenario_line(scenario: &ScenarioResult) -> String {
    let app = scenario.app.map_or("probe", |app| app.as_str());
    format!(
        "  {} {} {}  {}\n",
        pad(scenario.outcome.as_str(), 8),
        pad(app, 7),
        printable(&scenario.id.0),
        paint(DIM, &duration(scenario.duration))
    )
}

/// The whole result as text with colour codes.
fn result(run: &RunResult, closing: &Closing, options: TerminalOptions) -> String {
    let width = options.width;
    let mut parts = findings(run, options);
    if options.verbosity > Verbosity::Quiet {
        let fold = options.verbosity < Verbosity::Verbose;
        parts.push(summary::not_run(run, width, fold));
    }
    if let Some(broken) = &run.broken {
        parts.push(summary::broken(broken, width));
    }
    parts.push(defect::block(run, width));
    if options.verbosity > Verbosity::Quiet {
        parts.push(growth::table(&run.growth, width));
    }
    let mut verdict = summary::verdicts(run, width);
    if !run.scenarios.is_empty() {
        verdict.push_str(&summary::counts(run));
    }
    if let Some(own) = &closing.snapshots {
        verdict.push_str(&snapshots::block(own, width));
    }
    parts.push(verdict);
    parts.push(summary::left_behind(run, width));
    parts.push(closing.compared.iter().map(|l| l.clone() + "\n").collect());
    if let Some(plan) = &closing.plan {
        let whole = options.verbosity > Verbosity::Quiet;
        parts.push(readiness::render(plan, width, whole));
    }
    if options.verbosity > Verbosity::Quiet {
        parts.push(files(closing, width));
        parts.push(next(closing, width));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The blocks of the findings that this verbosity shows; the counts tell of the others.
fn findings(run: &RunResult, options: TerminalOptions) -> Vec<String> {
    run.findings
        .iter()
        .filter(|f| options.verbosity > Verbosity::Quiet || f.level == Level::Error)
        .map(|finding| block(finding, run, options))
        .collect()
}

/// A note takes two lines, unless more was asked for; a limitation is told in full, because
/// somebody will look for the reason.
fn block(finding: &Finding, run: &RunResult, options: TerminalOptions) -> String {
    let short = finding.level == Level::Note
        && finding.kind != Kind::Limitation
        && options.verbosity < Verbosity::Verbose;
    if short {
        finding::brief(finding, options.width)
    } else {
        finding::block(finding, run, options.width, options.extent)
    }
}

fn files(closing: &Closing, width: usize) -> String {
    closing
        .written
        .iter()
        .map(|path| {
            let path = path.display().to_string();
            hang("wrote ", &printable(&path), width, usize::MAX)
        })
        .collect()
}

/// Commands to go on with, aligned.
fn next(closing: &Closing, width: usize) -> String {
    if closing.next.is_empty() {
        return String::new();
    }
    let widest = closing.next.iter().map(|(c, _)| c.len()).max().unwrap_or(0);
    let fits = closing
        .next
        .iter()
        .all(|(_, purpose)| widest + purpose.len() + 4 <= width);
    let mut shown = format!("{}\n", paint(BOLD, "Next"));
    for (command, purpose) in &closing.next {
        let purpose = paint(DIM, purpose);
        shown.push_str(&if fits {
            let command = paint(COMMAND, command);
            format!("  {}  {purpose}\n", pad(&command, widest))
        } else {
            format!("  {purpose}:\n{}", command::lines(command, 4, width))
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_was() {
        let second = Duration::from_secs(1);
        assert_eq!(left(second, 100, 400), Some(second * 3));
        assert_eq!(left(second, 10, 400), None, "too little is known");
        assert_eq!(left(second, 500, 400), None, "more than was expected");
    }
}
