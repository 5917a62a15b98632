//! The order that a query asks for (RFC 7644, 3.4.2.3).

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Problem;
use super::evaluate;
use super::fold;
use super::index::Rank;
use super::listing::AT_ONCE;
use super::request::Query;
use super::resource::{Context, render};
use super::resource_type::Kind;
use super::store::{Record, Store, Turns};
use crate::scim::AttributePath;
use crate::scim::schema::Kind as Type;

/// What a query sorts by.
pub(super) struct Order {
    by: AttributePath,
    descending: bool,
}

/// What a resource is sorted by. Resources without a value come last, and first in
/// descending order.
#[derive(Debug, PartialEq, PartialOrd)]
enum Key {
    Bool(bool),
    Number(f64),
    Time(Timestamp),
    Text(String),
    Missing,
}

impl Order {
    /// The order of a query, if it asks for one.
    pub(super) fn of(query: &Query) -> Result<Option<Self>, Problem> {
        let Some(text) = &query.sort_by else {
            return Ok(None);
        };
        let by = AttributePath::parse(text)
            .map_err(|problem| Problem::invalid_value(format!("sortBy: {problem}")))?;
        Ok(Some(Self {
            by,
            descending: query.descending,
        }))
    }

    /// Puts what was found into this order; resources with one value stay as they are.
    pub(super) fn sort(
        &self,
        context: Context<'_>,
        turns: &mut Turns<'_>,
        found: &[(Kind, Rank)],
    ) -> Vec<(Kind, Rank)> {
        let mut keyed = Vec::with_capacity(found.len());
        for (turn, found) in found.chunks(AT_ONCE).enumerate() {
            if turn > 0 {
                turns.over();
            }
            let store = turns.store();
            keyed.extend(found.iter().map(|(kind, rank)| {
                let record = store.of(*kind).at(*rank);
                let key = record.map(|record| self.key(context, store, *kind, record));
                (key.unwrap_or(Key::Missing), (*kind, *rank))
            }));
        }
        keyed.sort_by(|(left, _), (right, _)| {
            let ordering = left.partial_cmp(right).unwrap_or(Ordering::Equal);
            if self.descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        keyed.into_iter().map(|(_, found)| found).collect()
    }

    fn key(&self, context: Context<'_>, store: &Store, kind: Kind, record: &Record) -> Key {
        let of = context.resource_type(kind);
        let Some(name) = evaluate::name_of(of, &self.by) else {
            return Key::Missing;
        };
        let resource = render(context, store, kind, record, |wanted| wanted == name);
        let Some((attribute, value)) = evaluate::representative(of, &resource, &self.by) else {
            return Key::Missing;
        };
        match value {
            Value::Bool(value) => Key::Bool(*value),
            Value::Number(number) => number.as_f64().map_or(Key::Missing, Key::Number),
            Value::String(text) if attribute.kind == Type::DateTime => {
                text.parse().map_or(Key::Missing, Key::Time)
            }
            Value::String(text) if attribute.case_exact => Key::Text(text.clone()),
            Value::String(text) => Key::Text(fold::key(text)),
            _ => Key::Missing,
        }
    }
}
