//! How what requests take grows with the number of people, as a table.

use std::time::Duration;

use crate::engine::growth::Growth;
use crate::okta::App;

use super::palette::{BOLD, DIM, DOUBT, paint};
use super::text::{self, hang, pad, printable, width_of};

/// A line for each kind of request that Okta or a probe sends, under its scenario.
#[must_use]
pub(crate) fn table(all: &[Growth], width: usize) -> String {
    let mut shown = String::new();
    let mut scenario = String::new();
    for growth in all {
        if shown.is_empty() {
            shown = format!("{}\n", paint(BOLD, "What it costs as people get more"));
        }
        let app = growth.app.map_or("probe", App::as_str);
        let heading = format!("{} ({app})", growth.scenario);
        if heading != scenario {
            shown.push_str(&hang("  ", &printable(&heading), width, usize::MAX));
            scenario = heading;
        }
        shown.push_str(&line(growth, width));
    }
    shown
}

/// `    3 push-group crew, find   100: 2 ms   1000: 3 ms   x1.2`
fn line(growth: &Growth, width: usize) -> String {
    let what = printable(&growth.step).into_owned() + ", " + &printable(&growth.request);
    let mut points: Vec<String> = growth
        .points
        .iter()
        .map(|point| format!("{} {}", point.size, took(point.median)))
        .collect();
    if let Some((longer, larger)) = growth.factors() {
        let factor = format!("x{longer:.1} for x{larger:.0}");
        let style = if growth.is_linear() { DOUBT } else { DIM };
        points.push(paint(style, &factor));
    }
    let column = 36.min(width / 2);
    let first = format!("    {}  ", pad(&what, column.max(width_of(&what))));
    hang(&first, &points.join("   "), width, usize::MAX)
}

/// `0.8 ms`: a good answer takes less than a whole one.
fn took(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        return format!("{:.1} ms", time.as_secs_f64() * 1e3);
    }
    text::duration(time)
}
