//! The end of a run in text: what did not run, the verdict on each app, counts, what is left.

use std::collections::BTreeMap;

use crate::engine::outcome::{Broken, Presence, RunResult};
use crate::okta::App;
use crate::verdict::{Level, Outcome, ScenarioResult, Verdict};

use super::command::{self, reaching};
use super::palette::{BAD, BOLD, DIM, DOUBT, GOOD, paint};
use super::text::{count, duration, hang, list, pad, printable};

/// Scenarios or resources that are named before the rest is only counted.
const NAMED: usize = 3;

/// Scenarios that did not run, those with the same reason together.
#[must_use]
pub(crate) fn not_run(run: &RunResult, width: usize, fold: bool) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scenario in &run.scenarios {
        if let Outcome::NotRun(reason) = &scenario.outcome {
            reasons.entry(reason).or_default().push(name(scenario));
        }
    }
    if reasons.is_empty() {
        return String::new();
    }
    let mut shown = format!("{}\n", paint(BOLD, "Not run"));
    for (reason, mut names) in reasons {
        names.dedup();
        let most = if fold { NAMED } else { usize::MAX };
        shown.push_str(&hang("  ", &printable(reason), width, 2));
        let dim = list(&names, most);
        for line in hang("    ", &printable(&dim), width, usize::MAX).lines() {
            shown.push_str(&paint(DIM, line));
            shown.push('\n');
        }
    }
    shown
}

/// `rename/login-and-email (oin)`.
fn name(scenario: &ScenarioResult) -> String {
    match scenario.app {
        Some(app) => format!("{} ({app})", scenario.id),
        None => scenario.id.to_string(),
    }
}

/// What to do about a target that is gone.
pub(crate) const GONE: &str =
    "look for a crash in its log, at the last request that it answered; the rest was not judged";

/// What to do about a ledger that cannot be written.
pub(crate) const LEDGER: &str = "make room, or set SCIM_CONFORM_STATE to a folder that can be written to; the rest was not judged";

/// Why the run broke off, if it did.
#[must_use]
pub(crate) fn broken(broken: &Broken, width: usize) -> String {
    match broken {
        Broken::Preflight { problem, hint } => {
            let bad = paint(BAD, "broke off");
            let first = format!("{}  ", pad(&bad, 9));
            let mut shown = hang(&first, &printable(problem), width, 4);
            let first = format!("{}  ", pad(&paint(DIM, "hint"), 9));
            shown.push_str(&hang(&first, &printable(hint), width, 4));
            shown
        }
        Broken::Gone { problem } => {
            let first = format!("{}  ", pad(&paint(BAD, "broke off"), 9));
            let told = format!("the target was there, and is gone: {}", printable(problem));
            let mut shown = hang(&first, &told, width, 4);
            let first = format!("{}  ", pad(&paint(DIM, "hint"), 9));
            shown.push_str(&hang(&first, GONE, width, 4));
            shown
        }
        Broken::Ledger { problem } => {
            let first = format!("{}  ", pad(&paint(BAD, "broke off"), 9));
            let told = format!(
                "the run keeps a list of what it creates, and cannot write it any more: {}",
                printable(problem)
            );
            let mut shown = hang(&first, &told, width, 4);
            let first = format!("{}  ", pad(&paint(DIM, "hint"), 9));
            shown.push_str(&hang(&first, LEDGER, width, 4));
            shown
        }
        Broken::Interrupted => hang(
            &format!("{}  ", paint(DOUBT, "interrupted")),
            "what this run had made was cleaned up; the rest was not judged",
            width,
            4,
        ),
    }
}

/// One line an app.
#[must_use]
pub(crate) fn verdicts(run: &RunResult, width: usize) -> String {
    let mut shown = String::new();
    for (app, verdict) in &run.verdicts {
        let (style, word) = match verdict {
            Verdict::Conforms => (GOOD, "YES"),
            Verdict::Fails => (BAD, "NO"),
            Verdict::Undecided => (DOUBT, "UNDECIDED"),
        };
        let label = format!("works with Okta {} app:", app_name(*app));
        shown.push_str(&format!(
            "{} {} {}\n",
            pad(&paint(BOLD, &label), 29),
            pad(&paint(style, word), 10),
            paint(DIM, &reason(run, *app, *verdict))
        ));
    }
    if run.scenarios.iter().any(|s| s.app.is_none()) {
        shown.push_str(&format!(
            "{} {}\n",
            pad("probes, which every app needs:", 40),
            paint(DIM, &tally(run, None))
        ));
    }
    shown.push_str(&unfinished(run, width));
    if let Some(why) = &run.untrusted {
        shown.push_str(&hang(
            &format!("{} ", paint(DOUBT, "Okta would refuse the certificate:")),
            &format!("{}; --insecure let it pass", printable(why)),
            width,
            4,
        ));
    }
    shown
}

/// Scenarios that were begun and given up through no fault of what they test, such as those of a target that throttles:
/// without them a YES says less than it seems to.
fn unfinished(run: &RunResult, width: usize) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for scenario in run.scenarios.iter().filter(|s| !s.exchanges.is_empty()) {
        if let Outcome::NotRun(reason) = &scenario.outcome {
            let number = reasons.entry(reason).or_default();
            *number = number.saturating_add(1);
        }
    }
    if run.broken.is_some() {
        // Which says it of all of them.
        return String::new();
    }
    let line = |(reason, number): (&str, u64)| {
        let told = format!("{}: {}", count(number, "scenario"), printable(reason));
        let first = format!("{} ", paint(DOUBT, "begun, and not finished:"));
        hang(&first, &told, width, 4)
    };
    reasons.into_iter().map(line).collect()
}

/// The name of an app within a sentence.
pub(crate) fn app_name(app: App) -> &'static str {
    match app {
        App::Custom => "custom",
        App::Oin => "OIN",
    }
}

/// The tally of one app, and a word about the probes where they alone decide.
fn reason(run: &RunResult, app: App, verdict: Verdict) -> String {
    let failed = |of: Option<App>| {
        run.scenarios
            .iter()
            .any(|s| s.app == of && s.outcome == Outcome::Failed)
    };
    let tally = tally(run, Some(app));
    if verdict == Verdict::Fails && !failed(Some(app)) && failed(None) {
        format!("{tally}, but a probe failed")
    } else if verdict == Verdict::Fails && !failed(Some(app)) {
        format!("{tally}, but together they show an error")
    } else {
        tally
    }
}

/// `18 passed, 2 failed, 1 not run` of one app.
fn tally(run: &RunResult, app: Option<App>) -> String {
    outcomes(run.scenarios.iter().filter(|s| s.app == app))
}

fn outcomes<'a>(scenarios: impl Iterator<Item = &'a ScenarioResult>) -> String {
    let (mut passed, mut failed, mut not_run) = (0, 0, 0);
    for scenario in scenarios {
        match scenario.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed => failed += 1,
            Outcome::NotRun(_) => not_run += 1,
        }
    }
    let mut parts = vec![format!("{passed} passed")];
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if not_run > 0 {
        parts.push(format!("{not_run} not run"));
    }
    parts.join(", ")
}

/// Findings, exchanges and time in two lines.
#[must_use]
pub(crate) fn counts(run: &RunResult) -> String {
    let of = |level: Level| run.findings.iter().filter(|f| f.level == level).count() as u64;
    format!(
        "{}\n{}\n{}",
        [
            count(of(Level::Error), "error"),
            count(of(Level::Warning), "warning"),
            count(of(Level::Note), "note"),
        ]
        .join(", "),
        paint(
            DIM,
            &format!(
                "{} ({}), {} in {}, seed {}",
                count(run.scenarios.len() as u64, "scenario"),
                outcomes(run.scenarios.iter()),
                count(run.exchanges, "exchange"),
                duration(run.duration),
                run.seed
            )
        ),
        cut(run.cut())
    )
}

/// What the reports do not have.
fn cut(exchanges: u64) -> String {
    if exchanges == 0 {
        return String::new();
    }
    let told = format!(
        "of {} the beginning was kept: too large, or beyond --keep",
        count(exchanges, "exchange")
    );
    format!("{}\n", paint(DIM, &told))
}

/// What the run could not remove, and how to.
#[must_use]
pub(crate) fn left_behind(run: &RunResult, width: usize) -> String {
    let left = run.left_behind.as_slice();
    if left.is_empty() {
        return String::new();
    }
    let kinds = |presence: Presence| {
        let some = left.iter().filter(|l| l.presence == presence);
        let some: Vec<_> = some.map(|l| l.resource).collect();
        let mut kinds = Vec::new();
        for (resource, noun) in [("User", "user"), ("Group", "group")] {
            let number = some.iter().filter(|one| **one == resource).count() as u64;
            if number > 0 {
                kinds.push(count(number, noun));
            }
        }
        kinds.join(", ")
    };
    let mut parts = Vec::new();
    let there = kinds(Presence::There);
    if !there.is_empty() {
        parts.push(there);
    }
    let perhaps = kinds(Presence::Perhaps);
    if !perhaps.is_empty() {
        parts.push(format!("perhaps {perhaps}"));
    }
    let mut shown = format!("{} {}\n", paint(DOUBT, "Left behind:"), parts.join("; "));
    for one in left.iter().take(NAMED) {
        let text = format!("{} {} ({}): {}", one.resource, one.id, one.name, one.reason);
        shown.push_str(&hang("  ", &printable(&text), width, 2));
    }
    if let Some(more) = left.len().checked_sub(NAMED).filter(|more| *more > 0) {
        shown.push_str(&format!("  and {more} more\n"));
    }
    shown.push_str(&advice(run, width));
    shown
}

/// What to do about what is left. A server that refuses to delete refuses it the next time, too.
fn advice(run: &RunResult, width: usize) -> String {
    let reaching = reaching(run);
    let sweep = format!("scim-conform sweep{reaching}");
    let mut shown = String::new();
    let mut add = |what: &str, command: &str| {
        shown.push_str(&hang("  ", what, width, usize::MAX));
        shown.push_str(&command::lines(command, 4, width));
    };
    if run.left_behind.iter().any(|one| !one.is_undeletable) {
        add("remove them later:", &sweep);
    }
    if run.left_behind.iter().any(|one| one.is_undeletable) {
        add(
            "the server refuses to delete users, so a sweep cannot remove them either: remove them in your product, \
             or accept that they stay, deactivated:",
            &format!("{sweep} --cleanup deactivate"),
        );
        add(
            "and from now on have users deactivated at the end, which leaves nothing to tell of:",
            &format!("scim-conform run{reaching} --cleanup deactivate"),
        );
    }
    shown
}
