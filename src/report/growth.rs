//! How what requests take grows with the number of people, as a table.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::growth::Growth;
use crate::okta::App;

use super::palette::{BOLD, DIM, DOUBT, paint};
use super::text::{self, hang, pad, printable, width_of};

/// Columns of one number.
const CELL: usize = 9;
/// Columns of the factor, and of what stands before a request.
const FACTOR: usize = 9;
const INDENT: usize = 4;

/// A table for each scenario: a line for each kind of request that Okta or a probe sends, a column for each size.
#[must_use]
pub(crate) fn table(all: &[Growth], width: usize) -> String {
    let mut shown = String::new();
    for of_one in all.chunk_by(|a, b| (&a.scenario, a.app) == (&b.scenario, b.app)) {
        if shown.is_empty() {
            shown = format!("{}\n", paint(BOLD, "What it costs as people get more"));
        }
        let sizes: BTreeSet<u32> = of_one
            .iter()
            .flat_map(|growth| growth.points.iter().map(|point| point.size))
            .collect();
        let most = width.saturating_sub(INDENT + sizes.len() * CELL + FACTOR);
        let names = of_one.iter().map(|growth| width_of(&name(growth)));
        let column = names.filter(|columns| *columns <= most).max().unwrap_or(0);
        shown.push_str(&heading(of_one, &sizes, column, width));
        for growth in of_one {
            shown.push_str(&line(growth, &sizes, column, width));
        }
    }
    shown
}

/// `  scale/look-up (oin)             100     1000  x10`
fn heading(of_one: &[Growth], sizes: &BTreeSet<u32>, column: usize, width: usize) -> String {
    let Some(first) = of_one.first() else {
        return String::new();
    };
    let app = first.app.map_or("probe", App::as_str);
    let scenario = printable(&format!("{} ({app})", first.scenario)).into_owned();
    let mut numbers: String = sizes.iter().map(|size| right(&size.to_string())).collect();
    if let (Some(least), Some(most)) = (sizes.first(), sizes.last())
        && least < most
    {
        numbers.push_str(&format!(
            "  {}",
            factor(f64::from(*most) / f64::from(*least))
        ));
    }
    let room = INDENT + column;
    if width_of(&scenario) + 2 <= room {
        return format!("  {}{}\n", pad(&scenario, room - 2), paint(DIM, &numbers));
    }
    let shown = hang("  ", &scenario, width, usize::MAX);
    format!("{shown}{}{}\n", " ".repeat(room), paint(DIM, &numbers))
}

/// `    3 push-group crew, find    2.0 ms   2.4 ms  x1.2`
fn line(growth: &Growth, sizes: &BTreeSet<u32>, column: usize, width: usize) -> String {
    let mut shown = String::new();
    let mut what = name(growth);
    if width_of(&what) > column {
        shown.push_str(&hang("    ", &what, width, usize::MAX));
        what.clear();
    }
    shown.push_str(&format!("    {}", pad(&what, column)));
    for size in sizes {
        let point = growth.points.iter().find(|point| point.size == *size);
        shown.push_str(&right(
            &point.map_or("-".to_owned(), |point| took(point.median)),
        ));
    }
    if let Some((longer, _)) = growth.factors() {
        let style = if growth.is_linear() { DOUBT } else { DIM };
        shown.push_str(&format!("  {}", paint(style, &factor(longer))));
    }
    shown.push('\n');
    shown
}

/// The step and the request: `3 push-group crew, find`.
fn name(growth: &Growth) -> String {
    printable(&format!("{}, {}", growth.step, growth.request)).into_owned()
}

/// At the right of its column.
fn right(cell: &str) -> String {
    format!("{cell:>CELL$}")
}

/// How many times as much: `x10`, `x1.2`.
fn factor(times: f64) -> String {
    if times >= 10.0 {
        format!("x{times:.0}")
    } else {
        format!("x{times:.1}").replace(".0", "")
    }
}

/// `0.8 ms`: a good answer takes less than a whole one.
fn took(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        return format!("{:.1} ms", time.as_secs_f64() * 1e3);
    }
    text::duration(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::growth::Point;
    use crate::scenario::ScenarioId;

    fn growth(app: App, step: &str, request: &str, points: &[(u32, u64)]) -> Growth {
        let points = points
            .iter()
            .map(|(size, micros)| Point::sample(*size, Duration::from_micros(*micros)));
        Growth {
            scenario: ScenarioId("scale/push-group".to_owned()),
            app: Some(app),
            step: step.to_owned(),
            request: request.to_owned(),
            points: points.collect(),
        }
    }

    #[test]
    fn numbers_stand_below_their_sizes() {
        let all = [
            growth(
                App::Custom,
                "2 push-group crew",
                "find",
                &[(100, 600), (1000, 600)],
            ),
            growth(
                App::Custom,
                "2 push-group crew",
                "put",
                &[(100, 9_100), (1000, 109_000)],
            ),
            growth(
                App::Custom,
                "4 push-group-now crew",
                "get",
                &[(1000, 12_000)],
            ),
            growth(
                App::Oin,
                "1 test-connection",
                "probe",
                &[(100, 500), (1000, 1_250_000)],
            ),
            growth(
                App::Oin,
                "3 a step whose name is so long that there is no room for numbers beside it",
                "find",
                &[(100, 500), (1000, 700)],
            ),
        ];
        let shown = anstream::adapter::strip_str(&table(&all, 80)).to_string();
        insta::assert_snapshot!(shown, @"
        What it costs as people get more
          scale/push-group (custom)         100     1000  x10
            2 push-group crew, find      0.6 ms   0.6 ms  x1
            2 push-group crew, put       9.1 ms   109 ms  x12
            4 push-group-now crew, get        -    12 ms
          scale/push-group (oin)          100     1000  x10
            1 test-connection, probe   0.5 ms    1.3 s  x2500
            3 a step whose name is so long that there is no room for numbers beside it,
            find
                                       0.5 ms   0.7 ms  x1.4
        ");
        assert!(shown.lines().all(|line| width_of(line) <= 80));
    }
}
