//! What is told of an exported test, in lines.

use std::fmt::Write as _;

use crate::report::text::{clip, count, duration, hang, pad, printable, width_of};
use crate::runscope::play::{Outcome, Played};

use super::super::backend::PlayedExport;
use super::super::settings::RunscopeSettings;

/// Columns of the status and the time at the end of a line.
const TAIL: usize = 15;
/// Lines of a value at most.
const MOST_LINES: usize = 3;

/// What is played, where, and how long the pauses are.
pub(super) fn head(
    settings: &RunscopeSettings,
    target: Option<&str>,
    users: u64,
    width: usize,
) -> String {
    let export = &settings.export;
    let mut what = count(export.calls().count() as u64, "request");
    if export.skipped > 0 {
        let _ = write!(
            what,
            ", {} skipped in the file",
            count(export.skipped, "step")
        );
    }
    let pauses = export.pauses(settings.pauses());
    if !pauses.is_zero() {
        let _ = write!(what, ", pauses of {} in all", duration(pauses));
    }
    let at = target.map_or_else(|| settings.target.name(), str::to_owned);
    let mut head = hang(
        "",
        &printable(&format!("{}: {what}", export.name)),
        width,
        3,
    );
    head.push_str(&hang("at ", &printable(&at), width, 3));
    if target.is_some() && users == 0 {
        let note = "the target has no users; Okta's SPEC and CRUD suites want one, with a name and an e-mail address, before they start";
        head.push_str(&hang("note: ", note, width, 4));
    }
    head.push('\n');
    head
}

/// One request.
pub(super) fn line(played: &Played, width: usize) -> String {
    let word = match &played.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed(_) => "FAILED",
        Outcome::Open(_) => "open",
        Outcome::NotRun(_) => "not run",
    };
    let start = format!("{:>3} {} ", played.number, pad(word, 7));
    let room = width
        .saturating_sub(width_of(&start))
        .saturating_sub(TAIL)
        .max(10);
    let title = pad(&cut(&printable(&played.title), room), room);
    let tail = match played.status {
        Some(status) => format!(" {status} {:>10}", duration(played.took)),
        None => String::new(),
    };
    let mut shown = format!("{}\n", format!("{start}{title}{tail}").trim_end());
    let mut more = |first: &str, text: &str| {
        let first = format!("            {first}");
        shown.push_str(&hang(&first, &printable(text), width, MOST_LINES));
    };
    match &played.outcome {
        Outcome::Passed => {}
        Outcome::Failed(flaws) => {
            for flaw in flaws {
                more("wanted  ", &flaw.wanted);
                more("got     ", &flaw.got);
            }
        }
        Outcome::Open(reason) | Outcome::NotRun(reason) => more("because ", reason),
    }
    shown
}

/// The text, or its start and an ellipsis.
fn cut(text: &str, room: usize) -> String {
    if width_of(text) <= room {
        return text.to_owned();
    }
    format!("{}…", clip(text, room.saturating_sub(1)).trim_end())
}

/// How it went, and what is left at the target.
pub(super) fn foot(done: &PlayedExport, requests: usize, width: usize) -> String {
    let number = |wanted: fn(&Outcome) -> bool| {
        let fitting = done.played.iter().filter(|one| wanted(&one.outcome));
        fitting.count()
    };
    let passed = number(|outcome| matches!(outcome, Outcome::Passed));
    let failed = number(|outcome| matches!(outcome, Outcome::Failed(_)));
    let open = number(|outcome| matches!(outcome, Outcome::Open(_)));
    let not_run = number(|outcome| matches!(outcome, Outcome::NotRun(_)));
    let mut foot = format!("\n{passed} passed, {failed} failed");
    if open > 0 {
        let _ = write!(foot, ", {open} open");
    }
    if not_run > 0 {
        let _ = write!(foot, ", {not_run} not run");
    }
    if done.interrupted {
        let _ = write!(
            foot,
            "; interrupted after {} of {}",
            done.played.len(),
            count(requests as u64, "request")
        );
    }
    foot.push('\n');
    if done.removed > 0 {
        let removed = format!(
            "removed {} that the test had made\n",
            count(done.removed, "resource")
        );
        foot.push_str(&removed);
    }
    for left in &done.left_behind {
        let text = format!(
            "{} {} ({}): {}",
            left.resource, left.id, left.name, left.reason
        );
        foot.push_str(&hang("left    ", &printable(&text), width, MOST_LINES));
    }
    if let Some(why) = &done.untrusted {
        let text = format!("{}; --insecure let it pass", printable(why));
        foot.push_str(&hang(
            "Okta would refuse the certificate: ",
            &text,
            width,
            MOST_LINES,
        ));
    }
    if done.can_sweep {
        foot.push_str("hint: scim-conform sweep removes what is left\n");
    }
    foot
}
