//! How ready for a submission a target is, as a table that ends a run.

use crate::oin::{Answer, Area, Class, Feature, PRE_FLIGHT, Precondition, Readiness, Standing};

use super::palette::{BAD, BOLD, DIM, DOUBT, GOOD, paint};
use super::text::{hang, list, pad, printable};

/// Columns of how a row stands.
const STANDING: usize = 11;
/// Columns of the id of a case.
const CASE: usize = 6;
/// Columns before the title of a row.
const TITLE: usize = 2 + STANDING + 2 + CASE + 2;
/// Rows that the verdict names before the rest is only counted.
const NAMED: usize = 2;
/// Marks the rows that are about Okta.
const ABOUT_OKTA: &str = " *";

/// The table, with colour codes, at most `width` columns wide; unless it is the `whole` one, only what failed or
/// could not be decided.
#[must_use]
pub(crate) fn render(readiness: &Readiness, width: usize, whole: bool) -> String {
    let mut parts = vec![
        preconditions(readiness, width, whole),
        suites(readiness, width, whole),
        plan(readiness, width, whole),
        summary(readiness, width, whole),
    ];
    if whole {
        parts.push(still_wanted(readiness, width));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn preconditions(readiness: &Readiness, width: usize, whole: bool) -> String {
    let shown: String = readiness
        .preconditions
        .iter()
        .filter(|p| whole || matters(&p.standing))
        .map(|p| precondition(p, width))
        .collect();
    titled("Before Okta's suites", &shown)
}

fn precondition(precondition: &Precondition, width: usize) -> String {
    let first = format!("  {}  ", standing(&precondition.standing));
    let text = format!("{}: {}", precondition.title, precondition.seen);
    let mut shown = hang(&first, &printable(&text), width, 3);
    note(&mut shown, precondition.to_do, 2 + STANDING + 2, width);
    shown
}

fn suites(readiness: &Readiness, width: usize, whole: bool) -> String {
    let shown = rows(readiness.suites.iter(), width, whole);
    titled("What Okta's suites look at", &shown)
}

/// The rows, part by part.
fn plan(readiness: &Readiness, width: usize, whole: bool) -> String {
    let mut shown = String::new();
    let mut area: Option<Area> = None;
    for answers in readiness.rows.chunk_by(|a, b| a.row.area == b.row.area) {
        let rows = rows(answers.iter(), width, whole);
        if rows.is_empty() {
            continue;
        }
        if let Some(first) = answers.first().filter(|a| area != Some(a.row.area)) {
            area = Some(first.row.area);
            shown.push_str(&format!(" {}\n", paint(BOLD, &first.row.area.to_string())));
        }
        shown.push_str(&rows);
    }
    if whole && readiness.rows.iter().any(is_about_okta) {
        let text = "a statement about Okta, which must send nothing here: this run sent nothing, and nothing changed";
        for line in hang("  * ", text, width, 3).lines() {
            shown.push_str(&paint(DIM, line));
            shown.push('\n');
        }
    }
    titled("Okta's test plan", &shown)
}

fn rows<'a>(answers: impl Iterator<Item = &'a Answer>, width: usize, whole: bool) -> String {
    answers
        .filter(|answer| whole || matters(&answer.standing))
        .map(|answer| row(answer, width, whole))
        .collect()
}

fn row(answer: &Answer, width: usize, whole: bool) -> String {
    let row = answer.row;
    let first = format!(
        "  {}  {}  ",
        standing(&answer.standing),
        pad(row.case, CASE)
    );
    let mut title = row.title.to_owned();
    if is_about_okta(answer) {
        title.push_str(ABOUT_OKTA);
    }
    let findings = answer.standing.findings();
    if !findings.is_empty() {
        title.push_str(&format!(": {}", findings.join(", ")));
    }
    let mut shown = hang(&first, &title, width, 2);
    if let Some(why) = answer.standing.reason() {
        note(&mut shown, why, TITLE, width);
    }
    if whole {
        by_hand(&mut shown, answer, width);
    }
    shown
}

/// What is left to a person.
fn by_hand(shown: &mut String, answer: &Answer, width: usize) {
    let row = answer.row;
    let text = match (&answer.standing, row.class) {
        (Standing::NotClaimed, _) => return,
        (Standing::ByHand, Class::Fixture(stand_in)) => {
            format!("{} Here: {stand_in}.", row.by_hand)
        }
        (Standing::ByHand, _) => row.by_hand.to_owned(),
        _ if row.by_hand.is_empty() => return,
        _ => format!("By hand: {}", row.by_hand),
    };
    note(shown, &text, TITLE, width);
}

/// Further lines of a row, below its title.
fn note(shown: &mut String, text: &str, indent: usize, width: usize) {
    if text.is_empty() {
        return;
    }
    let blanks = " ".repeat(indent);
    for line in hang(&blanks, &printable(text), width, usize::MAX).lines() {
        shown.push_str(&paint(DIM, line));
        shown.push('\n');
    }
}

fn standing(standing: &Standing) -> String {
    let style = match standing {
        Standing::Passed => GOOD,
        Standing::Failed(_) => BAD,
        Standing::ByHand | Standing::Refused(_) | Standing::NotRun(_) => DOUBT,
        Standing::NotClaimed => DIM,
    };
    pad(&paint(style, standing.word()), STANDING)
}

/// Whether it stands in the way of a submission.
fn matters(standing: &Standing) -> bool {
    matches!(standing, Standing::Failed(_) | Standing::NotRun(_))
}

fn is_about_okta(answer: &Answer) -> bool {
    matches!(answer.row.class, Class::NothingSent(_)) && answer.standing != Standing::NotClaimed
}

/// Counts, and the one line that people look for.
fn summary(readiness: &Readiness, width: usize, whole: bool) -> String {
    let (style, word, why) = if readiness.has_failed() {
        (
            BAD,
            "NO",
            named(readiness, |s| matches!(s, Standing::Failed(_))),
        )
    } else if readiness.is_undecided() {
        let why = named(readiness, |s| matches!(s, Standing::NotRun(_)));
        (DOUBT, "UNDECIDED", why)
    } else {
        (GOOD, "YES", "as far as a program can tell".to_owned())
    };
    let counts: Vec<String> = ["passed", "failed", "not-run", "by-hand", "not-claimed"]
        .into_iter()
        .filter_map(|standing| {
            let count = readiness.count(standing);
            let word = standing.replace('-', " ");
            (count > 0 || standing == "failed").then(|| format!("{count} {word}"))
        })
        .collect();
    let rows = readiness.rows.len();
    let mut shown = format!(
        "{} {} {}\n",
        pad(&paint(BOLD, "ready for Okta's suites and plan:"), 33),
        pad(&paint(style, word), 10),
        paint(DIM, &why)
    );
    shown.push_str(&hang(
        "  rows     ",
        &format!("{rows}: {}", counts.join(", ")),
        width,
        2,
    ));
    if !whole {
        return shown;
    }
    shown.push_str(&hang(
        "  claimed  ",
        &names(readiness.claims.iter()),
        width,
        3,
    ));
    let others = names(readiness.claims.others());
    if !others.is_empty() {
        let text = format!("{others} (--claim FEATURE adds one, --without takes one away)");
        shown.push_str(&hang("  not      ", &text, width, 3));
    }
    shown
}

/// The first of the preconditions, suites and rows that stand so.
fn named(readiness: &Readiness, stands: fn(&Standing) -> bool) -> String {
    let preconditions = readiness.preconditions.iter();
    let preconditions = preconditions.map(|p| (p.id, &p.standing));
    let answers = readiness.suites.iter().chain(&readiness.rows);
    let answers = answers.map(|answer| (answer.row.case, &answer.standing));
    let names: Vec<String> = preconditions
        .chain(answers)
        .filter(|(_, standing)| stands(standing))
        .map(|(id, _)| id.to_owned())
        .collect();
    list(&names, NAMED)
}

fn names(features: impl Iterator<Item = Feature>) -> String {
    let names: Vec<&str> = features.map(Feature::as_str).collect();
    names.join(", ")
}

/// What this table does not replace.
fn still_wanted(readiness: &Readiness, width: usize) -> String {
    let mut shown = hang("", PRE_FLIGHT, width, 3);
    shown.push_str("To submit, Okta still wants\n");
    for wanted in readiness.still_wanted() {
        shown.push_str(&hang("  - ", wanted, width, 3));
    }
    shown
}

fn titled(title: &str, rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("{}\n{rows}", paint(BOLD, title))
}
