//! One mistake in a file, and the place where the mistakes of a file are gathered.

use std::fmt;
use std::sync::Arc;

use super::{Source, Span};

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file loads, but probably does not mean what its author thinks.
    Warning,
    /// The file does not load.
    Error,
}

/// One mistake, with its place and what to do about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    source: Arc<Source>,
    span: Span,
    message: String,
    hint: Option<String>,
}

impl Diagnostic {
    /// A mistake that keeps the file from loading.
    #[must_use]
    pub fn error(source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, source, &span, message.into())
    }

    fn new(severity: Severity, source: &Arc<Source>, span: &Span, message: String) -> Self {
        Self {
            severity,
            source: Arc::clone(source),
            // A mark over many lines says less than one on the line where it begins.
            span: source.first_line(span),
            message,
            hint: None,
        }
    }

    /// Adds what to do about it.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes it is about, within one line.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// What is wrong: lower case, no full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Debug for Diagnostic {
    /// Leaves the text of the file out: it may hold what must not be printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.position(self.span.start);
        write!(
            f,
            "{:?} {}:{line}:{column} {:?} ({:?})",
            self.severity,
            self.source.name(),
            self.message,
            self.hint
        )
    }
}

/// How many mistakes are told for one file: who has mended those checks again, and each costs a look at the whole file.
const MOST: usize = 100;

/// The mistakes found in one file so far.
#[derive(Debug)]
pub struct Diagnostics {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    /// Takes the place of mistakes that are not told any more.
    more: Option<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    #[must_use]
    pub fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            found: Vec::new(),
            more: None,
        }
    }

    /// Whether further mistakes go untold.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.more.is_some()
    }

    /// Adds a mistake that keeps the file from loading.
    pub fn error(&mut self, span: &Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, span, message.into())
    }

    /// Adds a mistake that does not.
    pub fn warning(&mut self, span: &Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, span, message.into())
    }

    fn add(&mut self, severity: Severity, span: &Span, message: String) -> &mut Diagnostic {
        let new = Diagnostic::new(severity, &self.source, span, message);
        // A value behind an anchor is read once for each alias; its mistake is told once.
        let known = self
            .found
            .iter()
            .position(|old| old.span == new.span && old.message == new.message);
        let at = match known {
            Some(at) => at,
            None if self.found.len() < MOST => {
                self.found.push(new);
                self.found.len().saturating_sub(1)
            }
            None => {
                let before = self.more.take().map(|more| more.severity);
                let severity = before.map_or(new.severity, |before| before.max(new.severity));
                return self.more.insert(Diagnostic { severity, ..new });
            }
        };
        // It is there, or was just put there.
        #[allow(clippy::indexing_slicing)]
        &mut self.found[at]
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether anything keeps the file from loading.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found
            .iter()
            .chain(&self.more)
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All mistakes in the order of their places.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| diagnostic.span.start);
        if let Some(more) = self.more {
            self.found.push(Diagnostic {
                message: format!("more than {MOST} mistakes in one file"),
                hint: Some("mend those above, and check again".to_owned()),
                ..more
            });
        }
        self.found
    }
}
