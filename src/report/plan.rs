//! What a run is going to do, told before the first write.

use std::time::Duration;

use crate::engine::outcome::Plan;

use super::palette::{BOLD, DIM, paint};
use super::text::{count, hang, pad, printable};

/// Columns before a value.
const LABEL: usize = 10;

/// Shorter times are no reason to wonder.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// A time that is not known better: `40 s`, `3 min`.
#[must_use]
pub(crate) fn roughly(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{} s", time.as_secs().max(1)),
        seconds @ 10..100 => format!("{} s", seconds.div_ceil(5).saturating_mul(5)),
        seconds => count_minutes(seconds),
    }
}

fn count_minutes(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    match minutes {
        0..120 => format!("{minutes} min"),
        _ => format!("{} h", minutes.div_ceil(60)),
    }
}

/// What becomes of the resources that a run made, when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// They are removed.
    #[default]
    Removed,
    /// Groups are removed, users deactivated.
    Deactivated,
    /// They stay.
    Kept,
}

/// The plan in a few lines, with colour codes.
#[must_use]
pub fn render(plan: &Plan, at_end: AtEnd, width: usize) -> String {
    let mut shown = format!(
        "{}\n",
        paint(
            BOLD,
            &format!("Run {} is going to", printable(&plan.run_id))
        )
    );
    if plan.target.embedded {
        shown.push_str(
            "  (a demo against the built-in reference server; --target URL tests yours)\n",
        );
    }
    let mut line = |label: &str, value: &str| {
        let first = format!("  {}", pad(&paint(DIM, label), LABEL));
        shown.push_str(&hang(&first, &printable(value), width, 3));
    };
    line("replay", &scenarios(plan));
    if plan.users > 0 {
        line(
            "create",
            &format!(
                "{}, such as {}",
                at_most(plan.users, "user"),
                plan.example_login
            ),
        );
    }
    if plan.groups > 0 {
        line(
            "create",
            &format!(
                "{}, such as {}",
                at_most(plan.groups, "group"),
                plan.example_group
            ),
        );
    }
    if plan.users + plan.groups > 0 {
        match at_end {
            AtEnd::Removed => line("remove", "all of them at the end, and nothing else"),
            AtEnd::Deactivated => line("remove", "the groups at the end, and deactivate the users"),
            AtEnd::Kept => line("leave", "all of them there"),
        }
    }
    shown
}

/// `up to 24 groups`, and a single one as `1 group`.
#[must_use]
pub fn at_most(number: u64, noun: &str) -> String {
    if number > 1 {
        format!("up to {}", count(number, noun))
    } else {
        count(number, noun)
    }
}

/// How many scenarios, and about how many requests.
fn scenarios(plan: &Plan) -> String {
    let mut text = count(plan.scenarios.len() as u64, "scenario");
    if !plan.not_run.is_empty() {
        text.push_str(&format!(" ({} will not run)", plan.not_run.len()));
    }
    text.push_str(&format!(", about {}", count(plan.requests, "request")));
    if let Some(lasts) = plan.lasts.filter(|lasts| *lasts >= WORTH_A_WORD) {
        text.push_str(&format!(", about {}", roughly(lasts)));
    }
    text
}
