//! The text of a file and where in it an offset lies.

use std::ops::Range;
use std::sync::Arc;

use super::Diagnostic;

/// Bytes from and to (exclusive) within a [`Source`].
pub type Span = Range<usize>;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// One file: the name it is reported under, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
}

impl Source {
    /// A source with this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Arc::new(Self {
            name: name.into(),
            text,
            lines,
        })
    }

    /// A source from the bytes of a file.
    ///
    /// # Errors
    ///
    /// More than [`MAX_BYTES`], or not UTF-8.
    pub fn read(name: impl Into<String>, bytes: &[u8]) -> Result<Arc<Self>, Diagnostic> {
        if bytes.len() > MAX_BYTES {
            let source = Self::new(name, "");
            let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
            return Err(Diagnostic::error(&source, 0..0, message));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => {
                let at = error.valid_up_to();
                let source = Self::new(name, String::from_utf8_lossy(bytes));
                // The replacement character begins where the invalid bytes did.
                let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
                let mut diagnostic = Diagnostic::error(&source, span, "this is not UTF-8");
                diagnostic.hint("save the file as UTF-8");
                Err(diagnostic)
            }
        }
    }

    /// The name that diagnostics show: a path relative to the catalogue, or as the user gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 1-based line and column of a byte offset; columns count characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let end = self.text.floor_char_boundary(offset);
        let column = self
            .text
            .get(start..end)
            .map_or(0, |before| before.chars().count());
        (line, column + 1)
    }

    /// The part of `span` that lies on its first line, on character boundaries.
    pub(super) fn first_line(&self, span: &Span) -> Span {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.ceil_char_boundary(span.end).max(start);
        let within = self.text.get(start..end).unwrap_or("");
        let line = within.split(['\n', '\r']).next().unwrap_or("");
        start..start + line.trim_end().len()
    }
}
