//! What was judged of a recording, in text: its findings, and what was seen.

use crate::engine::outcome::RunResult;
use crate::verdict::{Kind, Level};

use super::finding::{self, Extent};
use super::palette::{BAD, BOLD, DIM, DOUBT, GOOD, paint};
use super::terminal::Verbosity;
use super::text::{count, hang, pad, printable};

/// What is said after the findings.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What kind of app has sent it.
    pub app: String,
    /// From when to when.
    pub period: String,
    /// What Okta was seen doing.
    pub seen: Vec<String>,
    /// What it was not seen doing.
    pub not_seen: Vec<String>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    /// Nothing could be decided, and why.
    pub undecided: Option<String>,
    /// Lines to end with: files that were written, commands to go on with.
    pub closing: Vec<String>,
}

/// Columns before a value of the summary.
const LABEL: usize = 12;

/// The whole result, with colour codes.
#[must_use]
pub fn render(
    run: &RunResult,
    summary: &Summary,
    verbosity: Verbosity,
    width: usize,
    extent: Extent,
) -> String {
    let mut parts: Vec<String> = run
        .findings
        .iter()
        .filter(|f| verbosity > Verbosity::Quiet || f.level == Level::Error)
        .map(|f| {
            let brief = f.level == Level::Note
                && f.kind != Kind::Limitation
                && verbosity < Verbosity::Verbose;
            if brief {
                finding::brief(f, width)
            } else {
                finding::block(f, run, width, extent)
            }
        })
        .collect();
    let mut told = format!(
        "{} {}\n",
        paint(BOLD, "What the recording shows of"),
        printable(&run.target.url)
    );
    let requests = count(run.exchanges, "request");
    let sent = match summary.period.as_str() {
        "" => requests,
        period => format!("{requests}, {period}"),
    };
    for (label, values) in [
        ("from", std::slice::from_ref(&summary.app)),
        ("traffic", std::slice::from_ref(&sent)),
    ] {
        told.push_str(&line(label, &values.join(", "), width));
    }
    told.push_str(&line("seen", &or_nothing(&summary.seen), width));
    told.push_str(&line("not seen", &or_nothing(&summary.not_seen), width));
    for (n, left) in summary.left_out.iter().enumerate() {
        told.push_str(&line(if n == 0 { "left out" } else { "" }, left, width));
    }
    parts.push(told);
    parts.push(verdict(run, summary, width));
    if verbosity > Verbosity::Quiet && !summary.closing.is_empty() {
        parts.push(
            summary
                .closing
                .iter()
                .map(|line| format!("{line}\n"))
                .collect(),
        );
    }
    parts.join("\n")
}

fn or_nothing(values: &[String]) -> String {
    if values.is_empty() {
        "nothing".to_owned()
    } else {
        values.join(", ")
    }
}

fn line(label: &str, value: &str, width: usize) -> String {
    let first = format!("  {}", pad(&paint(DIM, label), LABEL - 2));
    hang(&first, &printable(value), width, usize::MAX)
}

/// What can be said of it: never that the server conforms, for much was not seen.
fn verdict(run: &RunResult, summary: &Summary, width: usize) -> String {
    let of = |level: Level| run.findings.iter().filter(|f| f.level == level).count() as u64;
    let counts = [
        count(of(Level::Error), "error"),
        count(of(Level::Warning), "warning"),
        count(of(Level::Note), "note"),
    ]
    .join(", ");
    let (style, word, why) = if of(Level::Error) > 0 {
        (BAD, "FAULTS", "in what was recorded".to_owned())
    } else if let Some(why) = &summary.undecided {
        (DOUBT, "UNDECIDED", why.clone())
    } else {
        (
            GOOD,
            "NO FAULT SEEN",
            "what was not recorded, a run tries".to_owned(),
        )
    };
    let first = format!("{}  ", paint(style, word));
    format!("{}{counts}\n", hang(&first, &printable(&why), width, 4))
}
