//! A recording beside our Okta, as text.

use std::fmt::Write as _;

use crate::okta::App;
use crate::recording::calibrate::{Calibration, Compared, Outcome};

use crate::report::text::{count, hang, pad, printable};

/// Columns of what came of an action.
const WORD: usize = 10;
/// Lines of one difference.
const MOST_LINES: usize = 4;

/// The summary for people.
pub(super) fn render(calibration: &Calibration, width: usize) -> String {
    let app = match calibration.app {
        App::Custom => "an app from the App Integration Wizard (custom)",
        App::Oin => "an app from Okta's catalogue or a template (oin)",
    };
    let mut text = String::new();
    let what = format!(
        "{}: {} of Okta's, compared with {app}",
        printable(&calibration.base),
        count(calibration.requests as u64, "request"),
    );
    text.push_str(&hang("", &what, width, 3));
    text.push('\n');
    for action in &calibration.actions {
        text.push_str(&told(action, width));
    }
    let equal = calibration.equal();
    let _ = write!(
        text,
        "\n{} of {} as replayed here\n",
        equal,
        count(calibration.actions.len() as u64, "action")
    );
    text.push_str(&advice(calibration, width));
    text
}

fn told(action: &Compared, width: usize) -> String {
    let word = match &action.outcome {
        Outcome::Equal => "equal",
        Outcome::Variant(_) => "variant",
        Outcome::Differs(_) => "differs",
        Outcome::Unknown => "unknown",
    };
    let title = action.action.as_deref().unwrap_or("no job sends this");
    let mut text = hang(
        &pad(word, WORD),
        &format!("{title}: {}", places(action)),
        width,
        MOST_LINES,
    );
    let mut more = |line: &str| {
        text.push_str(&hang(&pad("", WORD), &printable(line), width, MOST_LINES));
    };
    match &action.outcome {
        Outcome::Equal => {}
        Outcome::Variant(variant) => more(&format!("as under --variant {variant}")),
        Outcome::Unknown => more(&action.sent.join(", ")),
        Outcome::Differs(differences) => {
            more(&action.sent.join(", "));
            differences.iter().for_each(|one| more(&one.to_string()));
        }
    }
    text
}

/// `entries 4 to 6`.
fn places(action: &Compared) -> String {
    match (action.entries.first(), action.entries.last()) {
        (Some(first), Some(last)) if first != last => {
            let together = action
                .entries
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a.checked_add(1) == Some(*b)));
            let from = format!("entries {first} to {last}");
            match together {
                true => from,
                false => format!("{from}, among others"),
            }
        }
        (Some(only), _) => format!("entry {only}"),
        _ => String::new(),
    }
}

/// What to do about it.
fn advice(calibration: &Calibration, width: usize) -> String {
    let mut variants: Vec<&str> = Vec::new();
    let mut is_new = false;
    for action in &calibration.actions {
        match &action.outcome {
            Outcome::Equal => {}
            Outcome::Variant(variant) if variants.contains(&variant.as_str()) => {}
            Outcome::Variant(variant) => variants.push(variant),
            Outcome::Differs(_) | Outcome::Unknown => is_new = true,
        }
    }
    let mut text = String::new();
    if !variants.is_empty() {
        let options: Vec<String> = variants
            .iter()
            .map(|variant| format!("--variant {variant}"))
            .collect();
        let line = format!("{} makes a run send what was recorded", options.join(" "));
        text.push_str(&hang("next: ", &line, width, MOST_LINES));
    }
    if is_new {
        let line = "what differs may be news: --unordered, if the recorder sorts keys; else please open an issue with the output of --report json=FILE, which holds no value of anybody";
        text.push_str(&hang("next: ", line, width, MOST_LINES));
    }
    text
}
