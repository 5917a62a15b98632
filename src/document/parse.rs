//! YAML text to a tree of [`Node`]s, within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{
    self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, Tag,
};

use super::{Diagnostics, Entry, Kind, MAX_BYTES, Node, Source, Span};

/// How deep lists and mappings may stand in each other, also by way of aliases.
const MAX_DEPTH: usize = 64;

/// How many values a file may hold once every alias is replaced by what it stands for.
const MAX_NODES: usize = 50_000;

/// How many bytes of text those values may hold together: a short alias can stand for a long text, so their number
/// alone bounds nothing.
const MAX_TEXT: usize = 4 * MAX_BYTES;

/// What to do about a file that is too large once its aliases are replaced.
const SHORTEN: &str = "use fewer or shorter aliases, or split the file";

/// Reads the one YAML document of `source`.
///
/// What is wrong lands in `diagnostics`. The tree is `None` only when the text is not YAML,
/// holds no document, or exceeds the bounds; a tree with duplicate keys (the first one
/// stands) or unknown aliases (null) is returned, so that the mistakes behind are found too.
pub fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::new(diagnostics);
    for next in Parser::new_from_str_with_options(source.text(), options) {
        let taken = match next {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => {
                builder.syntax(&error);
                Err(Stop)
            }
        };
        if taken.is_err() {
            return None;
        }
    }
    builder.finish()
}

/// The file cannot be read any further; why is already reported.
struct Stop;

/// A list or mapping whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        places: HashMap<String, usize>,
        key: Option<PendingKey>,
    },
}

/// A key whose value has not come yet.
enum PendingKey {
    Good(String, Span),
    /// Reported already: its value is read and dropped.
    Bad,
}

struct Builder<'d> {
    diagnostics: &'d mut Diagnostics,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    text: usize,
}

impl<'d> Builder<'d> {
    fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            diagnostics,
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            nodes: 0,
            text: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, span: &YamlSpan) -> Result<(), Stop> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) => return self.document(&place),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(Size::of_text(&text), &place)?;
                let kind = self.scalar(&text, style, tag.as_deref(), &place);
                self.complete(Node { span: place, kind }, Some(&text), anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &place);
                self.start(place, anchor, Content::Sequence(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &place);
                let content = Content::Mapping {
                    entries: Vec::new(),
                    places: HashMap::new(),
                    key: None,
                };
                self.start(place, anchor, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&place)?,
            Event::Alias(target) => self.alias(target, &place)?,
            Event::UnresolvedAlias(name) => {
                let message = format!("there is no anchor `&{name}` above this alias");
                self.diagnostics.error(&place, message);
                let kind = Kind::Null;
                self.complete(Node { span: place, kind }, None, 0)?;
            }
            _ => {}
        }
        // What is not told need not be found.
        if self.diagnostics.is_full() {
            return Err(Stop);
        }
        Ok(())
    }

    fn document(&mut self, place: &Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents > 1 {
            let mistake = self.diagnostics.error(place, "a second YAML document");
            mistake.hint("a file holds one document: remove the line `---`");
            return Err(Stop);
        }
        Ok(())
    }

    fn start(&mut self, place: Span, anchor: usize, content: Content) -> Result<(), Stop> {
        self.count(Size::of_text(""), &place)?;
        if self.open.len() >= MAX_DEPTH {
            return self.too_deep(&place);
        }
        let start = place.start;
        self.open.push(Open {
            start,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self, place: &Span) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = open.start..place.end.max(open.start);
        let kind = match open.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping { entries, .. } => Kind::Mapping(entries),
        };
        self.complete(Node { span, kind }, None, open.anchor)
    }

    fn alias(&mut self, target: usize, place: &Span) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&target) else {
            let message = "an alias inside the value that it stands for";
            self.diagnostics.error(place, message);
            return Err(Stop);
        };
        let size = Size::of(node);
        if self.open.len() + size.depth > MAX_DEPTH {
            return self.too_deep(place);
        }
        let node = node.clone();
        self.count(size, place)?;
        let text = match &node.kind {
            Kind::String(text) => Some(text.clone()),
            _ => None,
        };
        self.complete(node, text.as_deref(), 0)
    }

    /// Puts a finished value where it belongs. `text` is what a scalar reads as when it is a key.
    fn complete(&mut self, mut node: Node, text: Option<&str>, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            // A second copy, and within other anchors a third: it counts like one that an alias makes.
            self.count(Size::of(&node), &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping {
                entries,
                places,
                key,
            } => match key.take() {
                None => {
                    *key = Some(new_key(node, text, entries, places, self.diagnostics));
                }
                Some(PendingKey::Bad) => {}
                Some(PendingKey::Good(name, key_span)) => {
                    if node.span.is_empty() {
                        node.span = key_span.clone();
                    }
                    places.insert(name.clone(), entries.len());
                    entries.push(Entry {
                        key: name,
                        key_span,
                        value: node,
                    });
                }
            },
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &Span) -> Kind {
        let is_text = tag.is_some_and(|tag| tag.core_suffix() == Some("str"));
        if !is_text {
            self.refuse_tag(tag, at);
        }
        if is_text || style != ScalarStyle::Plain {
            return Kind::String(text.to_owned());
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            _ => serde_json::from_str(text)
                .map_or_else(|_| Kind::String(text.to_owned()), Kind::Number),
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, at: &Span) {
        if tag.is_some() {
            let mistake = self.diagnostics.error(at, "YAML tags have no meaning here");
            mistake.hint("remove the word that starts with `!`, or put the text in quotes");
        }
    }

    fn count(&mut self, size: Size, at: &Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(size.nodes);
        self.text = self.text.saturating_add(size.text);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file, aliases included");
            self.diagnostics.error(at, message).hint(SHORTEN);
            return Err(Stop);
        }
        if self.text > MAX_TEXT {
            let message = format!(
                "more than {} MiB of text in one file, aliases included",
                MAX_TEXT >> 20
            );
            self.diagnostics.error(at, message).hint(SHORTEN);
            return Err(Stop);
        }
        Ok(())
    }

    fn too_deep(&mut self, at: &Span) -> Result<(), Stop> {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        self.diagnostics.error(at, message);
        Err(Stop)
    }

    fn syntax(&mut self, error: &ScanError) {
        let text = self.diagnostics.source().text();
        let offset = error.marker().byte_offset().unwrap_or(text.len());
        let start = text.floor_char_boundary(offset);
        let length = text
            .get(start..)
            .and_then(|rest| rest.chars().next())
            .filter(|c| !c.is_control())
            .map_or(0, char::len_utf8);
        let (message, hint) = explain(error.kind(), text, start);
        let mistake = self.diagnostics.error(&(start..start + length), message);
        if let Some(hint) = hint {
            mistake.hint(hint);
        }
    }

    fn place(&self, span: &YamlSpan) -> Span {
        let end = self.diagnostics.source().text().len();
        span.byte_range().unwrap_or(end..end)
    }

    fn finish(self) -> Option<Node> {
        if self.root.is_none() {
            let mistake = self.diagnostics.error(&(0..0), "the file is empty");
            mistake.hint("comments and blanks alone are no document");
        }
        self.root
    }
}

fn new_key(
    node: Node,
    text: Option<&str>,
    entries: &[Entry],
    places: &HashMap<String, usize>,
    diagnostics: &mut Diagnostics,
) -> PendingKey {
    let Some(text) = text.filter(|_| node.kind != Kind::Null) else {
        let message = format!("a key must be a text, but this is {}", node.describe());
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint("a text that starts with `{` or `[` needs quotes");
        return PendingKey::Bad;
    };
    if text == "<<" {
        let mistake = diagnostics.error(&node.span, "merge keys are not supported");
        mistake.hint("write the values out, or use an alias for a whole value");
        return PendingKey::Bad;
    }
    if let Some(first) = places.get(text).and_then(|at| entries.get(*at)) {
        let line = diagnostics.source().position(first.key_span.start).0;
        let message = format!("`{text}` stands here a second time");
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint(format!("the first one is on line {line}; keep one of them"));
        return PendingKey::Bad;
    }
    PendingKey::Good(text.to_owned(), node.span)
}

/// What a value takes.
#[derive(Clone, Copy, Default)]
struct Size {
    /// The number of values in it, itself included.
    nodes: usize,
    /// The bytes of all texts and keys in it.
    text: usize,
    /// How deep they stand.
    depth: usize,
}

impl Size {
    fn of_text(text: &str) -> Self {
        Self {
            nodes: 1,
            text: text.len(),
            depth: 0,
        }
    }

    /// The depth, and with it this recursion, is bounded by [`MAX_DEPTH`].
    fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Sequence(items) => items
                .iter()
                .map(Self::of)
                .fold(Self::default(), Self::and)
                .enclosed(),
            Kind::Mapping(entries) => entries
                .iter()
                .map(|entry| {
                    let value = Self::of(&entry.value);
                    let text = value.text.saturating_add(entry.key.len());
                    Self { text, ..value }
                })
                .fold(Self::default(), Self::and)
                .enclosed(),
            Kind::String(text) => Self::of_text(text),
            _ => Self::of_text(""),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            text: self.text.saturating_add(other.text),
            depth: self.depth.max(other.depth),
        }
    }

    fn enclosed(self) -> Self {
        Self {
            nodes: self.nodes + 1,
            depth: self.depth + 1,
            ..self
        }
    }
}

/// The parser's complaint in words for somebody who does not know YAML's grammar.
fn explain(kind: &ErrorKind, text: &str, offset: usize) -> (String, Option<&'static str>) {
    let hint = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => {
            let message = "a tab where YAML allows only spaces".to_owned();
            return (message, Some("indent with spaces"));
        }
        ErrorKind::RecursionLimitExceeded => {
            return (format!("nested deeper than {MAX_DEPTH} levels"), None);
        }
        _ if starts_with_placeholder(text, offset) => {
            Some("a text that starts with a placeholder needs quotes: \"{run}-ada\"")
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            Some("a comma or a closing bracket is missing before this, or a text needs quotes")
        }
        ErrorKind::UnclosedFlowCollection { .. } => Some("close it, or put the text in quotes"),
        ErrorKind::UnclosedQuotedScalar => Some("close the quotes"),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("write `\\\\` for one backslash, or use single quotes")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            Some("look at the indentation of this line and of the one above")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            Some("a `:` is missing here, or a text with `: ` in it needs quotes")
        }
        _ => None,
    };
    (format!("not valid YAML: {kind}"), hint)
}

/// Whether the line of `offset` or the one above has an unquoted value that begins
/// with a placeholder.
fn starts_with_placeholder(text: &str, offset: usize) -> bool {
    let before = text.get(..offset).unwrap_or(text);
    let rest = text.get(offset..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("");
    let mut above = before.rsplit('\n');
    let here = format!("{}{line}", above.next().unwrap_or(""));
    [here.as_str(), above.next().unwrap_or("")]
        .iter()
        .any(|line| {
            line.match_indices(": {").any(|(at, open)| {
                let inside = line.get(at + open.len()..).unwrap_or("");
                inside.split_once('}').is_some_and(|(name, after)| {
                    !after.is_empty()
                        && name
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
                })
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let source = Source::new("test.yaml", text);
        let mut diagnostics = Diagnostics::new(&source);
        let tree = parse(&source, &mut diagnostics);
        let found = diagnostics.into_sorted();
        assert_eq!(tree.is_none(), !found.is_empty(), "{found:?}");
        let told = found.iter().map(|found| {
            let line = found.source().position(found.span().start).0;
            let hint = found.advice().unwrap_or_default();
            format!("{line}: {} ({hint})", found.message())
        });
        told.collect()
    }

    /// A list of `times` aliases.
    fn list(alias: &str, times: usize) -> String {
        format!("[{}]", vec![alias; times].join(", "))
    }

    #[test]
    fn what_aliases_stand_for_is_counted_by_its_text_too() {
        let long = "x".repeat(500_000);
        let key = "k".repeat(1000);
        let too_long = "more than 4 MiB of text in one file, aliases included \
                        (use fewer or shorter aliases, or split the file)";
        let table = [
            // The text itself, behind an alias.
            (format!("a: &a {long}\nb: {}", list("*a", 35_000)), 2),
            // In a list, in a map, and as a key.
            (format!("a: &a [{long}]\nb: {}", list("*a", 100)), 2),
            (format!("a: &a {{k: {long}}}\nb: {}", list("*a", 100)), 2),
            (format!("a: &a {{{key}: 1}}\nb: {}", list("*a", 10_000)), 2),
            // An alias as a key, in one map after the other.
            (format!("a: &a {long}\nb: {}", list("{*a : 1}", 100)), 2),
            // An alias of aliases.
            (
                format!(
                    "a: &a {long}\nb: &b {}\nc: &c {}\nd: {}",
                    list("*a", 2),
                    list("*b", 2),
                    list("*c", 2)
                ),
                3,
            ),
            // Anchors within anchors: each is a copy of all that stands in it, and nobody uses one.
            (
                format!("a: &a [&b [&c [&d [&e [&f [&g [&h [&i {long}]]]]]]]]"),
                1,
            ),
        ];
        for (text, line) in table {
            assert_eq!(mistakes(&text), [format!("{line}: {too_long}")]);
        }
    }

    #[test]
    fn what_aliases_stand_for_is_counted_by_its_values() {
        let many = "more than 50000 values in one file, aliases included \
                    (use fewer or shorter aliases, or split the file)";
        let map = (0..1000).map(|n| format!("k{n}: 1")).collect::<Vec<_>>();
        let table = [
            format!("a: &a {{{}}}\nb: {}", map.join(", "), list("*a", 100)),
            format!("a: 1\nb: [{}]", vec!["1"; 60_000].join(",")),
            format!("a: 1\nb: {}", list("&a []", 30_000)),
            format!(
                "a: 1\nb: {}{}{}",
                "&x [".repeat(60),
                list("1", 2000),
                "]".repeat(60)
            ),
        ];
        for text in table {
            assert_eq!(mistakes(&text), [format!("2: {many}")]);
        }
        let lists = (1..12).map(|n| format!("a{n}: &a{n} {}", list(&format!("*a{}", n - 1), 9)));
        let laughs = format!("a0: &a0 lol\n{}", lists.collect::<Vec<_>>().join("\n"));
        assert_eq!(mistakes(&laughs), [format!("6: {many}")]);
    }

    #[test]
    fn aliases_within_bounds_are_what_they_stand_for() {
        let text = format!("a: &a {}\nb: {}", "x".repeat(1000), list("*a", 1000));
        assert_eq!(mistakes(&text), [""; 0]);
        assert_eq!(
            mistakes("a: &a {b: *a}"),
            ["1: an alias inside the value that it stands for ()"]
        );
    }

    #[test]
    fn of_many_mistakes_the_first_hundred_are_told() {
        let text = format!("a: 1\nb: {}", list("!x 1", 40_000));
        let found = mistakes(&text);
        assert_eq!(found.len(), 101);
        let last = found.last().map(String::as_str);
        assert_eq!(
            last,
            Some("2: more than 100 mistakes in one file (mend those above, and check again)")
        );
    }
}
