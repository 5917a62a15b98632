//! A finding as a block of a few lines.

use crate::engine::outcome::RunResult;
use crate::okta::Evidence;
use crate::verdict::{At, Finding, Kind, Origin};

use super::command::{self, quoted, repeating};
use super::palette::{self, BOLD, COMMAND, DIM};
use super::text::{clip, hang, pad, printable, width_of};

/// Columns before a value: three blanks, the label, two blanks.
const LABEL: usize = 15;
/// Lines that one value may take here; `explain` shows all of it.
const LINES: usize = 3;
/// Lines that a request may take here. That of a large group takes more.
const REQUEST: usize = 24;
/// What stands before the server's own words in a message of Okta's.
const SERVER_SAYS: &str = "Errors reported by remote server: ";
/// Differences from the known-good server that are shown here.
const DIFFERENCES: usize = 2;

/// How much of a finding's texts is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What a person reads at a terminal; the requests that led to it whole, and the server's own words.
    Terminal,
    /// All of it: nobody can ask a file for the rest.
    Whole,
}

impl Extent {
    /// At most `lines` at a terminal.
    fn lines(self, lines: usize) -> usize {
        match self {
            Self::Terminal => lines,
            Self::Whole => usize::MAX,
        }
    }
}

/// The block of a finding, with colour codes, at most `width` columns wide.
///
/// `run` is where the finding is from; it decides how the command that repeats it reads.
#[must_use]
pub(crate) fn block(finding: &Finding, run: &RunResult, width: usize, extent: Extent) -> String {
    let mut shown = heading(&finding.id, finding, width);
    let mut line = |label: &str, value: &str, lines: usize| {
        if !value.is_empty() {
            shown.push_str(&labelled(label, value, width, extent.lines(lines)));
        }
    };
    line(sender(finding.sent_by), &finding.sent, REQUEST);
    let shown_by = finding.shown_by.as_deref().unwrap_or_default();
    line(sender(Origin::Observe), shown_by, LINES);
    line("wanted", &finding.wanted, LINES - 1);
    line("got", &got(&finding.got, &finding.pointer), LINES);
    for difference in finding.differences.iter().take(extent.lines(DIFFERENCES)) {
        line("differs", difference, 1);
    }
    let admin = finding.okta_admin_sees.as_deref().unwrap_or_default();
    let admin = match extent {
        Extent::Terminal => without_boilerplate(admin, width),
        Extent::Whole => admin.to_owned(),
    };
    line("admin sees", &admin, usize::MAX);
    line("fix", finding.check.fix, LINES - 1);
    line("then", &consequences(&finding.consequences), 1);
    line("evidence", &evidence(finding), 1);
    if let Some(at) = finding.at.first().filter(|_| run.recording.is_some()) {
        line("where", &at.step, 1);
    }
    if let Some(at) = finding.at.first() {
        shown.push_str(&repeat_line(&repeat(at, run), width));
    }
    shown
}

/// Who sent a request, as a label: what Okta itself would send is told apart from what is sent to look.
pub(crate) fn sender(origin: Origin) -> &'static str {
    match origin {
        Origin::Okta => "Okta sent",
        Origin::Probe => "probe sent",
        Origin::Observe | Origin::Setup | Origin::Preflight | Origin::Cleanup => "we asked",
    }
}

/// What an administrator sees, without more of Okta's own words than fit into a line. What the server has said itself
/// is never cut.
fn without_boilerplate(text: &str, width: usize) -> String {
    let room = width.saturating_sub(LABEL).max(10);
    let Some(at) = text.find(SERVER_SAYS) else {
        return text.to_owned();
    };
    let (okta, server) = text.split_at(at);
    if width_of(text) <= room.saturating_mul(LINES - 1) || width_of(okta) <= room {
        return text.to_owned();
    }
    format!(
        "{}… {server}",
        clip(okta, room.saturating_sub(2)).trim_end()
    )
}

/// A finding in two lines: what, and what came back.
#[must_use]
pub(crate) fn brief(finding: &Finding, width: usize) -> String {
    let mut shown = heading(&finding.id, finding, width);
    shown.push_str(&labelled(
        "got",
        &got(&finding.got, &finding.pointer),
        width,
        LINES - 1,
    ));
    shown
}

/// `F1 ERROR  title`, and the kind where it is not a plain fault.
fn heading(id: &str, finding: &Finding, width: usize) -> String {
    let level = finding.level.as_str().to_uppercase();
    let first = format!(
        "{} {}  ",
        palette::paint(BOLD, id),
        palette::paint(palette::of(finding.level), &level)
    );
    let mut title = printable(finding.check.title).into_owned();
    if !finding.facet.is_empty() {
        title.push_str(&format!(" [{}]", printable(&finding.facet)));
    }
    if finding.kind != Kind::Fault {
        title.push_str(&format!(" ({})", kind_word(finding.kind)));
    }
    hang(&first, &title, width, LINES)
}

/// One labelled value; foreign text is made harmless here.
pub(crate) fn labelled(label: &str, value: &str, width: usize, lines: usize) -> String {
    let first = format!("   {}", pad(&palette::paint(DIM, label), LABEL - 3));
    hang(&first, &printable(value), width, lines)
}

/// What came back, with the place in the answer where there is one.
pub(crate) fn got(got: &str, pointer: &str) -> String {
    if pointer.is_empty() {
        got.to_owned()
    } else {
        format!("{got} (at {pointer})")
    }
}

/// How sure it is that Okta sends this, and how often it was seen.
fn evidence(finding: &Finding) -> String {
    let times = finding.at.len() as u64;
    let mut scenarios: Vec<_> = finding.at.iter().map(|at| &at.scenario).collect();
    scenarios.sort_unstable();
    scenarios.dedup();
    let seen = match (times, scenarios.len()) {
        (0 | 1, _) => String::new(),
        (times, 1) => format!(", seen {times} times"),
        (times, many) => format!(", seen {times} times in {many} scenarios"),
    };
    format!("{}{seen}", evidence_words(finding.evidence))
}

/// The grade of evidence as a statement.
pub(crate) fn evidence_words(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Recorded => "recorded in traces of Okta",
        Evidence::Documented => "documented by Okta",
        Evidence::Reported => "reported by others who connected Okta",
        Evidence::Inferred => "inferred; nobody has recorded this request",
    }
}

/// The word for a kind of finding.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Fault => "fault",
        Kind::Limitation => "limitation",
        Kind::Unverifiable => "unverifiable",
        Kind::Policy => "policy",
    }
}

/// What followed from a root cause, in a line.
pub(crate) fn consequences(consequences: &[(String, String)]) -> String {
    let Some(((check, got), rest)) = consequences.split_first() else {
        return String::new();
    };
    if rest.is_empty() {
        format!("{check}: {got}")
    } else {
        format!("{check}: {got} (and {} more)", rest.len())
    }
}

/// The command that repeats what was seen: at the same target, under the same app, with the options that matter.
#[must_use]
pub(crate) fn repeat(at: &At, run: &RunResult) -> String {
    if let Some(recording) = &run.recording {
        return format!("scim-conform judge {}", printable(&quoted(recording)));
    }
    let mut command = format!("scim-conform run {}", printable(&at.scenario));
    if let Some(app) = at.app {
        command.push_str(&format!(" --app {app}"));
    }
    command.push_str(&repeating(run));
    command
}

/// The command on lines of its own, broken in no other way than a shell takes: it is there to be copied.
fn repeat_line(command: &str, width: usize) -> String {
    let label = palette::paint(DIM, "repeat:");
    let painted = palette::paint(COMMAND, command);
    let line = format!("   {label} {painted}\n");
    if width_of(&line) <= width {
        return line;
    }
    format!("   {label}\n{}", command::lines(command, 3, width))
}
