//! Diagnostics the way `rustc` shows its own: place, excerpt, mark, advice.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::redact::starred;

/// How diagnostics are to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether ANSI colours are written.
    pub color: bool,
    /// Columns of the terminal; longer lines of an excerpt are cut around the mark.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            color: false,
            width: 80,
        }
    }
}

/// The diagnostics as text, one after the other with a blank line between them.
/// Whatever in an excerpt looks like a credential is hidden.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], look: Look) -> String {
    let renderer = if look.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(look.width);
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| one(diagnostic, &renderer))
        .collect();
    shown.join("\n\n")
}

fn one(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(printable(diagnostic.message()));
    let source = diagnostic.source();
    let mut group = Group::with_title(title);
    if source.text().is_empty() {
        group = group.element(Origin::path(printable(source.name())));
    } else {
        group = group.element(
            Snippet::source(starred(source.text()))
                .path(printable(source.name()))
                .annotation(AnnotationKind::Primary.span(diagnostic.span())),
        );
    }
    if let Some(advice) = diagnostic.advice() {
        group = group.element(Level::HELP.message(printable(advice)));
    }
    renderer.render(&[group])
}

/// Names and values in messages come from the file: no control character reaches the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}
