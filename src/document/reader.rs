//! Typed reading of a [`Node`]: what is wrong is reported, and reading goes on.

use std::ops::RangeInclusive;

use crate::suggest;

use super::{Diagnostics, Entry, Kind, Node, Span};

impl Node {
    /// The text, or a report that `what` wants one.
    pub fn text(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&str> {
        if let Kind::String(text) = &self.kind {
            return Some(text);
        }
        let mistake = self.wanted(what, "a text", diagnostics);
        match &self.kind {
            Kind::Number(_) | Kind::Bool(_) => {
                mistake.hint("put it in quotes");
            }
            Kind::Mapping(entries) if matches!(&entries[..], [only] if only.value.kind == Kind::Null) =>
            {
                mistake.hint("a text that starts with a placeholder needs quotes: \"{run}\"");
            }
            _ => {}
        }
        None
    }

    /// The truth value, or a report that `what` wants one.
    pub fn truth(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        if let Kind::Bool(value) = self.kind {
            return Some(value);
        }
        self.wanted(what, "`true` or `false`", diagnostics);
        None
    }

    /// The whole number within `range`, or a report that `what` wants one.
    pub fn whole(
        &self,
        what: &str,
        range: RangeInclusive<u64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<u64> {
        let number = match &self.kind {
            Kind::Number(number) => number.as_u64(),
            _ => None,
        };
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(number);
        }
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let message = match &self.kind {
            Kind::Number(number) => format!("`{what}` wants {wanted}, but this is {number}"),
            _ => format!("`{what}` wants {wanted}, but this is {}", self.describe()),
        };
        diagnostics.error(&self.span, message);
        None
    }

    /// The items of a list, or a report that `what` wants one.
    pub fn items(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Self]> {
        if let Kind::Sequence(items) = &self.kind {
            return Some(items);
        }
        self.wanted(what, "a list", diagnostics);
        None
    }

    /// The items of a list, or the value itself as the only item.
    #[must_use]
    pub fn one_or_many(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The entries of a mapping, or a report that `what` wants one.
    pub fn entries(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Entry]> {
        if let Kind::Mapping(entries) = &self.kind {
            return Some(entries);
        }
        self.wanted(what, "a mapping", diagnostics);
        None
    }

    fn wanted<'d>(
        &self,
        what: &str,
        wanted: &str,
        diagnostics: &'d mut Diagnostics,
    ) -> &'d mut super::Diagnostic {
        let found = self.describe();
        let message = format!("`{what}` wants {wanted}, but this is {found}");
        diagnostics.error(&self.span, message)
    }
}

/// The fields of a mapping. Each is taken by name; [`Fields::finish`] reports those
/// that nobody asked for.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: &'n [Entry],
    span: Span,
    what: &'n str,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of `node`, or a report that `what` wants a mapping.
    pub fn of(node: &'n Node, what: &'n str, diagnostics: &mut Diagnostics) -> Option<Self> {
        Some(Self {
            entries: node.entries(what, diagnostics)?,
            span: node.span.clone(),
            what,
            known: Vec::new(),
        })
    }

    /// Where the mapping stands.
    #[must_use]
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The entry of that name, if there is one.
    pub fn entry(&mut self, name: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// The value of that name, if there is one.
    pub fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The value of that name, or a report that it is missing.
    pub fn require(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<&'n Node> {
        let found = self.take(name);
        if found.is_none() {
            let message = format!("`{}` lacks the field `{name}`", self.what);
            diagnostics.error(&self.span, message);
        }
        found
    }

    /// The text of that name; `None` when it is absent or no text.
    pub fn text(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        self.take(name)?.text(name, diagnostics)
    }

    /// The truth value of that name; `false` when it is absent.
    pub fn flag(&mut self, name: &'static str, diagnostics: &mut Diagnostics) -> bool {
        self.take(name)
            .and_then(|node| node.truth(name, diagnostics))
            .unwrap_or(false)
    }

    /// Reports every field that was not asked for.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in self.entries {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let message = format!("unknown field `{}` in `{}`", entry.key, self.what);
            let mistake = diagnostics.error(&entry.key_span, message);
            if let Some(hint) = suggest::or_all(&entry.key, self.known.iter().copied()) {
                mistake.hint(hint);
            }
        }
    }
}
