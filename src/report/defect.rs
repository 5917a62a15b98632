//! What failed of this tool itself, in plain words, and what to send to those who can mend it.

use crate::engine::outcome::{Defect, During, RunResult};

use super::palette::{BAD, COMMAND, DIM, paint};
use super::text::{hang, pad, printable};

/// Defects that are told in full; the machine reports have all of them.
const TOLD: usize = 5;

/// What failed, in a sentence.
#[must_use]
pub fn sentence(defect: &Defect) -> String {
    format!(
        "scim-conform itself failed {}, a defect of ours that says nothing about the target: {}",
        defect.during, defect.panic
    )
}

/// What to send, and that it can be sent.
#[must_use]
pub fn what_to_send() -> String {
    format!(
        "please report it with this, which holds nothing of your server: {} {} on {} {}",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// The block on the terminal; empty when nothing failed.
#[must_use]
pub(crate) fn block(run: &RunResult, width: usize) -> String {
    if run.defects.is_empty() {
        return String::new();
    }
    let line = |style, label, text: &str| {
        let first = format!("{}  ", pad(&paint(style, label), 9));
        hang(&first, text, width, 6)
    };
    let mut shown = String::new();
    for defect in run.defects.iter().take(TOLD) {
        shown.push_str(&line(BAD, "defect", &printable(&sentence(defect))));
    }
    if let Some(more) = run.defects.len().checked_sub(TOLD).filter(|more| *more > 0) {
        shown.push_str(&format!("           and {more} more\n"));
    }
    shown.push_str(&line(DIM, "hint", &what_to_send()));
    let may_have_left = |defect: &Defect| {
        matches!(
            defect.during,
            During::Scenario(..) | During::CleanUp(..) | During::Elsewhere
        )
    };
    if !run.target.embedded && run.left_behind.is_empty() && run.defects.iter().any(may_have_left) {
        let command = format!("scim-conform sweep --target {}", printable(&run.target.url));
        shown.push_str("           what it may have left there is found by:\n");
        shown.push_str(&format!("    {}\n", paint(COMMAND, &command)));
    }
    shown
}
