//! The order that a query asks for (RFC 7644, 3.4.2.3).

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Problem;
use super::evaluate;
use super::fold;
use super::request::Query;
use super::resource::{Context, render};
use super::resource_type::Kind;
use super::store::{Record, Store};
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

    /// Puts records into this order; those with one value stay as they are.
    pub(super) fn sort<'s>(
        &self,
        context: Context<'_>,
        store: &Store,
        records: Vec<(Kind, &'s Record)>,
    ) -> Vec<(Kind, &'s Record)> {
        let mut keyed: Vec<_> = records
            .into_iter()
            .map(|(kind, record)| (self.key(context, store, kind, record), kind, record))
            .collect();
        keyed.sort_by(|(left, ..), (right, ..)| {
            let ordering = left.partial_cmp(right).unwrap_or(Ordering::Equal);
            if self.descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        keyed
            .into_iter()
            .map(|(_, kind, record)| (kind, record))
            .collect()
    }

    fn key(&self, context: Context<'_>, store: &Store, kind: Kind, record: &Record) -> Key {
        let of = context.resource_type(kind);
        let resource = render(context, store, kind, record);
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
