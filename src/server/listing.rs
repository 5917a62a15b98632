//! Lists and look-ups: filter, then page (RFC 7644, 3.4.2).

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Problem};
use super::evaluate::{self, Matching};
use super::projection;
use super::request::Query;
use super::resource::{Context, render};
use super::resource_type::{Kind, ResourceType};
use super::sort::Order;
use super::store::{Collection, Id, Indexed, Record, Store};
use crate::scim::{AttributePath, Comparison, ErrorType, Filter, Literal, urn};

/// `GET /Users`, `POST /Users/.search`, and the same of other types.
pub(super) fn list(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    query: &Query,
) -> Result<Answer, Problem> {
    let filter = match &query.filter {
        Some(text) => context
            .policy
            .filter(kind, parse(context.resource_type(kind), text)?),
        None => None,
    };
    let order = Order::of(query)?;
    let records = match &filter {
        None if !context.policy.changes_lists() && order.is_none() => {
            let total = store.of(kind).len();
            let window = context.policy.window(query, total);
            let page = store.of(kind).page(window.offset, window.limit);
            let page = page.map(|record| (kind, record)).collect();
            return Ok(respond(context, store, query, total, page));
        }
        None => listed(context, store, kind, None),
        Some(filter) => {
            let mut records = listed(context, store, kind, Some(filter));
            if let Some(limit) = context.policy.searched_page() {
                let searched: Vec<Id> = store.of(kind).page(0, limit).map(id_of).collect();
                records.retain(|record| searched.contains(&record.id));
            }
            records
        }
    };
    let records = context.policy.arrange(records, query);
    let records = records.into_iter().map(|record| (kind, record)).collect();
    Ok(page_of(context, store, query, order.as_ref(), records))
}

/// Shows the groups of a list under the names that they were created with.
pub(super) fn show_first_names(store: &Store, answer: &mut Answer) {
    let body = answer.object_mut();
    let groups = body.and_then(|body| body.get_mut("Resources").and_then(Value::as_array_mut));
    for group in groups
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        let id = group.get("id").and_then(Value::as_str);
        let record = id.and_then(|id| store.of(Kind::Group).get(id));
        if let Some(name) = record.and_then(|record| record.first_name.clone()) {
            group.insert("displayName".into(), name.into());
        }
    }
}

/// `GET /`, `POST /.search`: resources of every type (RFC 7644, 3.4.2.1).
pub(super) fn list_all(
    context: Context<'_>,
    store: &Store,
    query: &Query,
) -> Result<Answer, Problem> {
    let order = Order::of(query)?;
    let mut records = Vec::new();
    for kind in Kind::ALL {
        let filter = match &query.filter {
            Some(text) => Some(parse(context.resource_type(kind), text)?),
            None => None,
        };
        let found = listed(context, store, kind, filter.as_ref());
        records.extend(found.into_iter().map(|record| (kind, record)));
    }
    Ok(page_of(context, store, query, order.as_ref(), records))
}

/// Sorts, then cuts the page out.
fn page_of(
    context: Context<'_>,
    store: &Store,
    query: &Query,
    order: Option<&Order>,
    mut records: Vec<(Kind, &Record)>,
) -> Answer {
    if let Some(order) = order {
        records = order.sort(context, store, records);
    }
    let total = records.len();
    let window = context.policy.window(query, total);
    let page = records.into_iter().skip(window.offset).take(window.limit);
    respond(context, store, query, total, page.collect())
}

fn id_of(record: &Record) -> Id {
    record.id.clone()
}

fn parse(of: ResourceType, text: &str) -> Result<Filter, Problem> {
    let filter = Filter::parse(text).map_err(|problem| {
        Problem::bad_request(ErrorType::InvalidFilter, format!("filter: {problem}"))
    })?;
    evaluate::check(of, &filter)?;
    Ok(filter)
}

/// What fulfils the filter and may be seen, in the order of creation.
fn listed<'s>(
    context: Context<'_>,
    store: &'s Store,
    kind: Kind,
    filter: Option<&Filter>,
) -> Vec<&'s Record> {
    let policy = context.policy;
    let collection = store.of(kind);
    let visible = |record: &&Record| policy.lists(record, filter.is_some());
    let Some(filter) = filter else {
        return collection.iter().filter(visible).collect();
    };
    let matching = policy.matching();
    let fulfils = |record: &&Record| {
        let resource = render(context, store, kind, record);
        evaluate::resource(matching, context.resource_type(kind), &resource, filter)
    };
    let indexed = (matching == Matching::Caseless)
        .then(|| candidates(store, context.resource_type(kind), filter))
        .flatten();
    let Some(ids) = indexed else {
        return collection.iter().filter(visible).filter(fulfils).collect();
    };
    let found = records(collection, &ids);
    let found = found.into_iter().filter(visible);
    if policy.trusts_indexes() {
        return found.collect();
    }
    found.filter(fulfils).collect()
}

fn records<'s>(collection: &'s Collection, ids: &[Id]) -> Vec<&'s Record> {
    let mut records: Vec<&Record> = ids.iter().filter_map(|id| collection.get(id)).collect();
    records.sort_by_key(|record| record.rank);
    records
}

/// Records outside of which nothing can fulfil the filter, if an index knows them. What an
/// index knows costs the same in a store of ten and of a hundred thousand.
fn candidates(store: &Store, of: ResourceType, filter: &Filter) -> Option<Vec<Id>> {
    match filter {
        Filter::And(terms) => terms.iter().find_map(|term| candidates(store, of, term)),
        Filter::Compare(path, Comparison::Eq, Literal::Text(value)) => {
            equals(store, of, path, value)
        }
        Filter::Element(path, inner) if path.sub.is_none() => {
            let Filter::Compare(sub, Comparison::Eq, Literal::Text(value)) = inner.as_ref() else {
                return None;
            };
            let path = AttributePath {
                sub: Some(sub.name.clone()),
                ..path.clone()
            };
            equals(store, of, &path, value)
        }
        _ => None,
    }
}

fn equals(store: &Store, of: ResourceType, path: &AttributePath, value: &str) -> Option<Vec<Id>> {
    let kind = of.kind;
    if evaluate::schema_of(of, path)?.urn != kind.schema().urn {
        return None;
    }
    let collection = store.of(kind);
    let sub = path.sub.as_deref().map(str::to_ascii_lowercase);
    let name = path.name.to_ascii_lowercase();
    let indexed = match (kind, name.as_str(), sub.as_deref()) {
        (_, "id", None) => return Some(collection.get(value).map(id_of).into_iter().collect()),
        (Kind::Group, "members", None | Some("value")) => {
            return Some(store.groups_of(value).map(id_of).collect());
        }
        (_, "externalid", None) => Indexed::ExternalId,
        (_, "displayname", None) => Indexed::DisplayName,
        (Kind::User, "username", None) => Indexed::UserName,
        (Kind::User, "emails", None | Some("value")) => Indexed::Email,
        _ => return None,
    };
    Some(collection.lookup(indexed, value).to_vec())
}

fn respond(
    context: Context<'_>,
    store: &Store,
    query: &Query,
    total: usize,
    page: Vec<(Kind, &Record)>,
) -> Answer {
    let resources: Vec<Value> = page
        .into_iter()
        .map(|(kind, record)| {
            let mut resource = render(context, store, kind, record);
            projection::apply(context.resource_type(kind), &mut resource, query);
            Value::Object(resource)
        })
        .collect();
    Answer::json(
        StatusCode::OK,
        response(total, query.start_index.unwrap_or(1).max(1), resources),
    )
}

/// A list response; `itemsPerPage` is what this answer holds.
pub(super) fn response(total: usize, start_index: i64, resources: Vec<Value>) -> Value {
    json!({
        "schemas": [urn::LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}
