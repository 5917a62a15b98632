//! One description of a resource, as a tree or as text.

use serde::Serialize;
use serde_json::{Map, Value};

use super::attributes::Attributes;

/// Takes the members of a JSON object, in their order.
pub(super) trait Object {
    /// Whether a member of that name is wanted.
    fn wants(&self, name: &str) -> bool;

    /// Takes a member, which is wanted.
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T);

    /// Takes those attributes that are wanted.
    fn put_attributes(&mut self, attributes: &Attributes);
}

/// An object as a tree, of which parts may be left out.
pub(super) struct Tree<W> {
    wanted: W,
    pub(super) object: Map<String, Value>,
}

impl<W: Fn(&str) -> bool> Tree<W> {
    pub(super) fn new(wanted: W) -> Self {
        Self {
            wanted,
            object: Map::new(),
        }
    }
}

impl<W: Fn(&str) -> bool> Object for Tree<W> {
    fn wants(&self, name: &str) -> bool {
        (self.wanted)(name)
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        // What is put here are texts and lists of texts: they have a tree.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.object.insert(name.to_owned(), value);
    }

    fn put_attributes(&mut self, attributes: &Attributes) {
        self.object.extend(attributes.pick(&self.wanted));
    }
}

/// A whole object as text; it costs a fraction of a tree.
pub(super) struct Text<'o> {
    out: &'o mut Vec<u8>,
    started: bool,
}

impl<'o> Text<'o> {
    /// Starts an object behind what is in `out`.
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            started: false,
        }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            self.out.push(b',');
        }
    }

    fn write<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Writing to memory does not fail, and neither do texts and lists of texts.
        let _ = serde_json::to_writer(&mut *self.out, value);
    }
}

impl Object for Text<'_> {
    fn wants(&self, _name: &str) -> bool {
        true
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.separate();
        self.write(name);
        self.out.push(b':');
        self.write(value);
    }

    fn put_attributes(&mut self, attributes: &Attributes) {
        let inner = attributes.inner_json();
        if !inner.is_empty() {
            self.separate();
            self.out.extend_from_slice(inner.as_bytes());
        }
    }
}
