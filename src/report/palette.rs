//! The few colours of the terminal. Every text also reads without them.
//!
//! Texts are made with colour codes in them; the stream they are written to
//! ([`anstream::AutoStream`]) removes the codes where they are not wanted
//! (`NO_COLOR`, `CLICOLOR`, `--color never`, a pipe).

use anstyle::{AnsiColor, Style};

use crate::verdict::Level;

/// Names of lines, things of less weight.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// Good.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Bad.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Doubtful.
pub(crate) const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
/// Commands to type.
pub(crate) const COMMAND: Style = AnsiColor::Cyan.on_default();

/// The colour of a level.
pub(crate) const fn of(level: Level) -> Style {
    match level {
        Level::Error => BAD,
        Level::Warning => DOUBT,
        Level::Note => AnsiColor::Blue.on_default().bold(),
    }
}

/// `text` in `style`.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` without colour codes.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
