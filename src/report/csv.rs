//! The table of a plan as CSV (RFC 4180), to keep beside Okta's own sheet.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula. Some cells hold what a target has
//! said, so such a cell begins with an apostrophe (OWASP, "CSV Injection").

use crate::oin::{Answer, Area, Class, Precondition, Readiness};

use super::text::printable;

/// The columns; further ones may be added behind them.
const COLUMNS: [&str; 8] = [
    "case",
    "area",
    "title",
    "result",
    "reason",
    "by hand",
    "scenarios",
    "findings",
];

/// The table: what must hold before the suites, what they look at, and every row of the plan.
#[must_use]
pub fn render(readiness: &Readiness) -> String {
    let mut text = record(&COLUMNS.map(str::to_owned));
    for one in &readiness.preconditions {
        text.push_str(&record(&precondition(one)));
    }
    for answer in readiness.suites.iter().chain(&readiness.rows) {
        text.push_str(&record(&row(answer)));
    }
    text
}

fn precondition(one: &Precondition) -> [String; 8] {
    [
        one.id.to_owned(),
        "Before Okta's suites".to_owned(),
        one.title.to_owned(),
        one.standing.word().to_owned(),
        one.seen.clone(),
        one.to_do.to_owned(),
        String::new(),
        String::new(),
    ]
}

fn row(answer: &Answer) -> [String; 8] {
    let Answer { row, standing } = answer;
    let area: Area = row.area;
    let reason = standing
        .reason()
        .map_or_else(|| stand_in(row.class), str::to_owned);
    [
        row.case.to_owned(),
        area.to_string(),
        row.title.to_owned(),
        standing.word().to_owned(),
        reason,
        row.by_hand.to_owned(),
        row.class.scenarios().join(" "),
        standing.findings().join(" "),
    ]
}

/// What stands for a fixture in a run.
fn stand_in(class: Class) -> String {
    match class {
        Class::Fixture(stand_in) => format!("here: {stand_in}"),
        Class::Wire(_) | Class::NothingSent(_) | Class::ByHand => String::new(),
    }
}

/// One line, ended as RFC 4180 has it.
fn record(cells: &[String; 8]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| field(cell)).collect();
    cells.join(",") + "\r\n"
}

fn field(text: &str) -> String {
    let text = printable(text);
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.into_owned()
    };
    if text.contains([',', '"', '\r', '\n']) || formula {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_is_never_a_formula() {
        for (text, cell) in [
            ("C9290", "C9290"),
            ("a, b", "\"a, b\""),
            ("says \"no\"", "\"says \"\"no\"\"\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@sum", "\"'@sum\""),
            ("two\r\nlines", "two\\r\\nlines"),
            ("", ""),
        ] {
            assert_eq!(field(text), cell, "{text}");
        }
    }
}
