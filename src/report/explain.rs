//! Pages that explain: a check, a finding of the last run, or a message of Okta's.

pub mod faults;
pub mod message;

use crate::oin::{Area, Class, Row};
use crate::okta::variant::VariantMeta;
use crate::verdict::{CheckMeta, Level, Origin};

use super::command;
use super::finding::{consequences, evidence_words, got, kind_word, labelled, sender};
use super::kept::KeptFinding;
use super::palette::{self, BOLD, COMMAND, DIM, paint};
use super::text::{count, hang, pad, printable, width_of};
use crate::suggest;

use message::Message;

/// Places of a finding that are listed before the rest is only counted.
const PLACES: usize = 12;

/// The page of a check, with colour codes.
#[must_use]
pub fn check(meta: &CheckMeta, width: usize) -> String {
    let level = match meta.level {
        Level::Error => "an error: it breaks Okta, or loses or mixes up data",
        Level::Warning => "a warning: Okta copes, a norm is broken",
        Level::Note => "a note: worth knowing",
    };
    let mut shown = hang(
        &format!("{}  ", paint(BOLD, meta.id)),
        &printable(meta.title),
        width,
        usize::MAX,
    );
    shown.push_str(&hang(
        "",
        &format!("{level} ({}).", kind_word(meta.kind)),
        width,
        usize::MAX,
    ));
    section(&mut shown, "Why Okta cares", meta.why, width);
    example(&mut shown, "An answer that passes", meta.passing);
    example(&mut shown, "An answer that fails", meta.failing);
    section(&mut shown, "What to do", meta.fix, width);
    shown.push_str(&see_it(&[meta], width));
    if !meta.norms.is_empty() {
        shown.push_str(&format!("\n{}\n", paint(BOLD, "Where it stands")));
        for norm in meta.norms {
            shown.push_str(&hang("  ", norm, width, usize::MAX));
        }
    }
    shown
}

/// How to see a check trip: the built-in server with a fault.
fn see_it(checks: &[&CheckMeta], width: usize) -> String {
    const FAULTS: usize = 4;
    let mut names: Vec<&str> = Vec::new();
    // One of each check in turn, so that the likeliest cause is not all there is.
    let of_checks: Vec<Vec<&str>> = checks.iter().map(|c| faults::that_trip(c.id)).collect();
    for turn in 0..FAULTS {
        for name in of_checks.iter().filter_map(|of| of.get(turn)) {
            if !names.contains(name) && names.len() < FAULTS {
                names.push(name);
            }
        }
    }
    let Some(first) = names.first() else {
        return String::new();
    };
    let mut shown = format!("\n{}\n", paint(BOLD, "See it happen"));
    let command = format!("scim-conform run --fault {first}");
    shown.push_str(&format!("  {}\n", paint(COMMAND, &command)));
    if let [_, others @ ..] = names.as_slice()
        && !others.is_empty()
    {
        let text = format!("also with {}", others.join(", "));
        shown.push_str(&hang("  ", &paint(DIM, &text), width, usize::MAX));
    }
    shown
}

/// A fault of the reference server.
#[derive(Clone, Copy, Debug)]
pub struct FaultPage<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is right.
    pub right: &'a str,
    /// What happens instead.
    pub wrong: &'a str,
    /// Where it was seen.
    pub seen_at: &'a str,
}

/// The page of a fault: what it does, and the checks that see it.
#[must_use]
pub fn fault(page: &FaultPage<'_>, width: usize) -> String {
    let first = format!("{}  ", paint(BOLD, page.name));
    let mut shown = hang(&first, "a fault of the reference server", width, usize::MAX);
    section(&mut shown, "What is right", page.right, width);
    section(&mut shown, "What happens instead", page.wrong, width);
    let checks: Vec<&'static CheckMeta> = faults::tripped_by(page.name)
        .into_iter()
        .filter_map(crate::check::find)
        .collect();
    if !checks.is_empty() {
        shown.push_str(&format!("\n{}\n", paint(BOLD, "Checks that see it")));
        for line in choices(&checks, width.saturating_sub(2)).lines() {
            shown.push_str(&format!("  {line}\n"));
        }
    }
    shown.push_str(&format!("\n{}\n", paint(BOLD, "See it happen")));
    let command = format!("scim-conform run --fault {}", page.name);
    shown.push_str(&format!("  {}\n", paint(COMMAND, &command)));
    section(&mut shown, "Where it was seen", page.seen_at, width);
    shown
}

/// The page of a scenario: what it is about, and how to look at it and run it.
#[must_use]
pub fn scenario(id: &str, title: &str, why: &str, width: usize) -> String {
    let first = format!("{}  ", paint(BOLD, id));
    let mut shown = hang(&first, &printable(title), width, usize::MAX);
    section(&mut shown, "Why it matters", why.trim(), width);
    shown.push_str(&format!(
        "\n{}\n",
        paint(BOLD, "See what it sends, and run it")
    ));
    for command in ["scenarios show", "run"] {
        let command = format!("scim-conform {command} {}", printable(id));
        shown.push_str(&format!("  {}\n", paint(COMMAND, &command)));
    }
    shown
}

/// The page of a row of Okta's test plan: what shows it here, and what is left to a person.
#[must_use]
pub fn row(row: &Row, width: usize) -> String {
    let first = format!("{}  ", paint(BOLD, row.case));
    let mut shown = hang(&first, row.title, width, usize::MAX);
    let features: Vec<&str> = row.features.iter().map(|f| f.as_str()).collect();
    let claimed = match features.as_slice() {
        [] => "always counts".to_owned(),
        _ => format!("counts for those who claim {}", features.join(", ")),
    };
    let place = match row.area {
        Area::Suites => format!("What Okta's suites look at; {claimed}."),
        area => format!("Okta's test plan, {area}; {claimed}."),
    };
    shown.push_str(&hang("", &place, width, usize::MAX));
    let what = match row.class {
        Class::Wire(_) => "these scenarios show it".to_owned(),
        Class::NothingSent(_) => "Okta must send nothing; these scenarios try it".to_owned(),
        Class::Fixture(stand_in) => format!("it sets up other rows; {stand_in}"),
        Class::ByHand => "no SCIM request shows it".to_owned(),
    };
    section(&mut shown, "Here", &what, width);
    for id in row.class.scenarios() {
        shown.push_str(&format!("    {id}\n"));
    }
    section(&mut shown, "By hand", row.by_hand, width);
    shown.push_str(&format!("\n{}\n", paint(BOLD, "See how it stands")));
    let mut commands = vec!["scim-conform run --plan oin --target URL".to_owned()];
    if let [first, ..] = row.class.scenarios() {
        commands.push(format!("scim-conform run {first} --target URL"));
    }
    for command in commands {
        shown.push_str(&format!("  {}\n", paint(COMMAND, &command)));
    }
    shown
}

/// The page of a variant: what nobody knows, and how to try it.
#[must_use]
pub fn variant(meta: &VariantMeta, width: usize) -> String {
    let first = format!("{}  ", paint(BOLD, meta.name));
    let about = "a variant: something of Okta that nobody has shown";
    let mut shown = hang(&first, about, width, usize::MAX);
    section(&mut shown, "What it means", meta.meaning, width);
    section(
        &mut shown,
        "On the wire",
        &meta.wire.replace('`', ""),
        width,
    );
    section(
        &mut shown,
        "How it is known",
        &format!(
            "{}; docs/what-okta-sends.md names the source",
            meta.evidence
        ),
        width,
    );
    shown.push_str(&format!("\n{}\n", paint(BOLD, "Be such an Okta")));
    let command = format!("scim-conform run --variant {} --target URL", meta.name);
    shown.push_str(&format!("  {}\n", paint(COMMAND, &command)));
    shown
}

/// Everything kept of a finding; its check's page follows when the check is still known.
#[must_use]
pub fn finding(finding: &KeptFinding, meta: Option<&CheckMeta>, width: usize) -> String {
    let level = finding.level.as_str().to_uppercase();
    let first = format!(
        "{} {}  ",
        paint(BOLD, &finding.id),
        paint(palette::of(finding.level), &level)
    );
    let mut shown = hang(&first, &printable(&finding.title), width, usize::MAX);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            shown.push_str(&labelled(label, value, width, usize::MAX));
        }
    };
    line("check", &format!("{} ({})", finding.check, finding.facet));
    line("kind", kind_word(finding.kind));
    line(sender(finding.sent_by), &finding.sent);
    let shown_by = finding.shown_by.as_deref().unwrap_or_default();
    line(sender(Origin::Observe), shown_by);
    line("wanted", &finding.wanted);
    line("got", &got(&finding.got, &finding.pointer));
    line(
        "admin sees",
        finding.okta_admin_sees.as_deref().unwrap_or_default(),
    );
    line("evidence", evidence_words(finding.evidence));
    for one in &finding.consequences {
        line("then", &consequences(std::slice::from_ref(one)));
    }
    places(&mut shown, finding, width);
    if let Some(exchange) = &finding.exchange {
        shown.push_str(&format!("\n{}\n", paint(BOLD, "The exchange")));
        for text in exchange.lines() {
            shown.push_str(&hang("  ", &printable(text), width, usize::MAX));
        }
    }
    if let Some(repeat) = &finding.repeat {
        shown.push_str(&format!(
            "\n{}\n{}",
            paint(BOLD, "Repeat it"),
            command::lines(&printable(repeat), 2, width)
        ));
    }
    if let Some(meta) = meta {
        shown.push('\n');
        shown.push_str(&check(meta, width));
    }
    shown
}

/// Where a finding was seen.
fn places(shown: &mut String, finding: &KeptFinding, width: usize) {
    if finding.at.is_empty() {
        return;
    }
    let times = count(finding.at.len() as u64, "time");
    shown.push_str(&format!("\n{}\n", paint(BOLD, &format!("Seen {times}"))));
    for at in finding.at.iter().take(PLACES) {
        let mut place = at.scenario.clone();
        if let Some(app) = at.app {
            place.push_str(&format!(" ({app})"));
        }
        place.push_str(&format!(", step {}", at.step));
        if let Some(exchange) = &at.exchange {
            place.push_str(&format!(", {exchange}"));
        }
        shown.push_str(&hang("  ", &printable(&place), width, 2));
    }
    if let Some(more) = finding.at.len().checked_sub(PLACES).filter(|n| *n > 0) {
        shown.push_str(&format!("  {}\n", paint(DIM, &format!("and {more} more"))));
    }
}

fn section(shown: &mut String, heading: &str, text: &str, width: usize) {
    if text.is_empty() {
        return;
    }
    shown.push_str(&format!("\n{}\n", paint(BOLD, heading)));
    for paragraph in text.lines() {
        shown.push_str(&hang("  ", &printable(paragraph), width, usize::MAX));
    }
}

/// An example as it stands: it is code, so its lines are not broken.
fn example(shown: &mut String, heading: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    shown.push_str(&format!("\n{}\n", paint(BOLD, heading)));
    for line in text.lines() {
        shown.push_str(&format!("  {}\n", printable(line)));
    }
}

/// What `explain` found for the words it was given.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// One check.
    Check(&'static CheckMeta),
    /// Messages of Okta's: what it was doing, and what came back.
    Messages(Vec<&'static Message>),
    /// Several checks speak of these words.
    Several(Vec<&'static CheckMeta>),
    /// None does; perhaps one of these was meant.
    None {
        /// Ids of checks.
        suggestions: Vec<&'static str>,
    },
}

/// Finds the check of that id, else the messages of Okta's that the text holds, else the checks whose texts
/// contain all its words.
#[must_use]
pub fn find(text: &str, checks: &[&'static CheckMeta]) -> Found {
    let wanted = text.trim().to_lowercase();
    if let Some(meta) = checks.iter().find(|meta| meta.id == wanted) {
        return Found::Check(meta);
    }
    if checks.iter().all(|meta| meta.title != wanted) {
        let messages = message::of(&wanted);
        if !messages.is_empty() {
            return Found::Messages(messages);
        }
    }
    let words: Vec<&str> = wanted
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .collect();
    let speaks = |meta: &CheckMeta| {
        let all = [meta.id, meta.title, meta.why, meta.fix]
            .join(" ")
            .to_lowercase();
        !words.is_empty() && words.iter().all(|word| all.contains(word))
    };
    let found: Vec<_> = checks.iter().copied().filter(|meta| speaks(meta)).collect();
    match found.as_slice() {
        [] => Found::None {
            suggestions: suggest::closest(&wanted, checks.iter().map(|meta| meta.id)),
        },
        [one] => Found::Check(one),
        _ => Found::Several(found),
    }
}

/// What messages of Okta's mean, and the checks that find the cause.
#[must_use]
pub fn messages(messages: &[&'static Message], width: usize) -> String {
    let mut shown = String::new();
    for message in messages {
        if !shown.is_empty() {
            shown.push('\n');
        }
        shown.push_str(&hang(
            "Okta: ",
            &paint(BOLD, message.text),
            width,
            usize::MAX,
        ));
        shown.push_str(&hang("  ", message.meaning, width, usize::MAX));
        shown.push_str(&format!(
            "\n  {}\n",
            paint(BOLD, "Checks that find the cause")
        ));
        for line in choices(message.checks, width.saturating_sub(4)).lines() {
            shown.push_str(&format!("    {line}\n"));
        }
        for line in see_it(message.checks, width.saturating_sub(2)).lines() {
            shown.push_str(&format!("  {line}\n").replace("  \n", "\n"));
        }
        let command = format!("scim-conform run {} --target URL", message.run);
        shown.push_str(&format!(
            "\n  {}\n",
            paint(BOLD, "See whether your server has it")
        ));
        shown.push_str(&format!("    {}\n", paint(COMMAND, &command)));
        shown.push_str(&format!(
            "\n  {}\n",
            paint(BOLD, "Where the message is known from")
        ));
        shown.push_str(&hang("    ", message.source, width, usize::MAX));
    }
    shown
}

/// A list of checks, an id and a title a line, in columns.
#[must_use]
pub fn choices(checks: &[&'static CheckMeta], width: usize) -> String {
    let column = checks.iter().map(|meta| width_of(meta.id)).max();
    let mut shown = String::new();
    for meta in checks {
        let id = pad(meta.id, column.unwrap_or_default());
        let first = format!("{}  ", paint(BOLD, &id));
        shown.push_str(&hang(&first, meta.title, width, 2));
    }
    shown
}
