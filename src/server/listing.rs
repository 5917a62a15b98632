//! Lists and look-ups: filter, then page (RFC 7644, 3.4.2).

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::answer::{Answer, Problem, SCIM_JSON};
use super::evaluate::{self, Matching, Test};
use super::index::{Indexed, Rank};
use super::limits::MOST_SEARCHED;
use super::projection::Projection;
use super::request::Query;
use super::resource::{self, Context, render};
use super::resource_type::{Kind, ResourceType};
use super::sort::Order;
use super::store::{Record, Shared, Store, Turns};
use crate::scim::{AttributePath, Comparison, ErrorType, Filter, Literal, urn};

/// So many records are looked at before others get a turn at the store.
pub(super) const AT_ONCE: usize = 1000;

/// A search that looks at more records than this keeps its thread busy for a while.
const QUICK: usize = 10_000;

/// `GET /Users`, `POST /Users/.search`, and the same of other types.
pub(super) fn list(
    context: Context<'_>,
    shared: &Shared,
    kind: Kind,
    query: &Query,
) -> Result<Answer, Problem> {
    let policy = context.policy;
    let filter = match &query.filter {
        Some(text) => policy.filter(kind, parse(context.resource_type(kind), text)?),
        None => None,
    };
    let order = Order::of(query)?;
    let mut turns = Turns::new(shared);
    if filter.is_none() && order.is_none() && !policy.changes_lists() {
        let store = turns.store();
        let total = store.of(kind).len();
        let window = policy.window_of(kind, query, total);
        let page = store.of(kind).page(window.offset, window.limit);
        let page = page.map(|record| (kind, record)).collect();
        return Ok(respond(context, store, query, total, page));
    }
    let mut found = Search::new(context, kind, filter.as_ref()).run(&mut turns)?;
    if filter.is_some()
        && let Some(limit) = policy.searched_page()
    {
        let searched = turns.store().of(kind).page(0, limit);
        let searched: Vec<Rank> = searched.map(|record| record.rank).collect();
        found.retain(|(_, rank)| searched.contains(rank));
    }
    let found = policy.arrange(found, query);
    Ok(page_of(context, turns, query, order.as_ref(), found))
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
    shared: &Shared,
    query: &Query,
) -> Result<Answer, Problem> {
    let order = Order::of(query)?;
    let mut turns = Turns::new(shared);
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let filter = match &query.filter {
            Some(text) => Some(parse(context.resource_type(kind), text)?),
            None => None,
        };
        found.extend(Search::new(context, kind, filter.as_ref()).run(&mut turns)?);
    }
    Ok(page_of(context, turns, query, order.as_ref(), found))
}

/// Sorts, then cuts the page out.
fn page_of(
    context: Context<'_>,
    mut turns: Turns<'_>,
    query: &Query,
    order: Option<&Order>,
    mut found: Vec<(Kind, Rank)>,
) -> Answer {
    if let Some(order) = order {
        found = unhurried(found.len(), || order.sort(context, &mut turns, &found));
    }
    let total = found.len();
    let window = context.policy.window(query, total);
    let page = found.iter().skip(window.offset).take(window.limit);
    let store = turns.store();
    let page = page.filter_map(|(kind, rank)| Some((*kind, store.of(*kind).at(*rank)?)));
    respond(context, store, query, total, page.collect())
}

fn parse(of: ResourceType, text: &str) -> Result<Filter, Problem> {
    let filter = Filter::parse(text).map_err(|problem| {
        Problem::bad_request(ErrorType::InvalidFilter, format!("filter: {problem}"))
    })?;
    evaluate::check(of, &filter)?;
    Ok(filter)
}

/// Finds what fulfils a filter and may be seen, in the order of creation.
///
/// A long search lets others have the store in between. What they change meanwhile may or may
/// not be found, as between two pages (RFC 7644, 3.4.2.4).
struct Search<'a> {
    context: Context<'a>,
    of: ResourceType,
    filter: Option<&'a Filter>,
    test: Option<Test<'a>>,
    matching: Matching,
    /// What the filter looks at, once it looks.
    names: OnceCell<BTreeSet<&'static str>>,
    /// Comparisons that it makes with one value of each.
    terms: usize,
    /// Comparisons that are left.
    left: Cell<usize>,
}

impl<'a> Search<'a> {
    fn new(context: Context<'a>, kind: Kind, filter: Option<&'a Filter>) -> Self {
        Self {
            context,
            of: context.resource_type(kind),
            filter,
            test: filter.map(Test::of),
            matching: context.policy.matching(),
            names: OnceCell::new(),
            terms: filter.map_or(0, evaluate::comparisons),
            left: Cell::new(MOST_SEARCHED),
        }
    }

    fn run(&self, turns: &mut Turns<'_>) -> Result<Vec<(Kind, Rank)>, Problem> {
        let store = turns.store();
        let indexed = self
            .filter
            .filter(|_| self.matching == Matching::Caseless)
            .and_then(|filter| Hits::of(store, self.of, filter))
            .map(|hits| (hits.exact, hits.ranks.collect::<Vec<Rank>>()));
        let ranks = if let Some((exact, ranks)) = indexed {
            let known = exact || self.context.policy.trusts_indexes();
            if known && self.context.policy.is_known_good() {
                ranks
            } else {
                unhurried(ranks.len(), || self.look_at(&ranks, known, turns))?
            }
        } else {
            let searched = store.of(self.of.kind).len();
            if self.terms.saturating_mul(searched) > MOST_SEARCHED {
                // Not worth beginning.
                self.count(searched)?;
            }
            unhurried(searched, || self.look_at_all(turns))?
        };
        let found = ranks.into_iter().map(|rank| (self.of.kind, rank));
        Ok(found.collect())
    }

    /// Counts comparisons with so many values, and refuses too many.
    fn count(&self, values: usize) -> Result<(), Problem> {
        let left = self
            .left
            .get()
            .checked_sub(self.terms.saturating_mul(values));
        self.left.set(left.unwrap_or(0));
        if left.is_some() {
            return Ok(());
        }
        Err(Problem::bad_request(
            ErrorType::TooMany,
            format!(
                "The filter would make more than {MOST_SEARCHED} comparisons; use fewer terms, or compare \
                 userName, externalId, emails.value, displayName or id by eq"
            ),
        ))
    }

    fn look_at_all(&self, turns: &mut Turns<'_>) -> Result<Vec<Rank>, Problem> {
        let mut found = Vec::new();
        let mut next = Rank::MIN;
        loop {
            let store = turns.store();
            let mut last = None;
            for record in store.of(self.of.kind).from(next).take(AT_ONCE) {
                last = Some(record.rank);
                if self.is_listed(record) && self.is_fulfilled(store, record)? {
                    found.push(record.rank);
                }
            }
            match last {
                Some(last) => next = last.saturating_add(1),
                None => return Ok(found),
            }
            turns.over();
        }
    }

    /// Looks at the records of these ranks; `known` if they are known to fulfil the filter.
    fn look_at(
        &self,
        ranks: &[Rank],
        known: bool,
        turns: &mut Turns<'_>,
    ) -> Result<Vec<Rank>, Problem> {
        let mut found = Vec::new();
        for (turn, ranks) in ranks.chunks(AT_ONCE).enumerate() {
            if turn > 0 {
                turns.over();
            }
            let store = turns.store();
            for record in ranks.iter().filter_map(|r| store.of(self.of.kind).at(*r)) {
                if self.is_listed(record) && (known || self.is_fulfilled(store, record)?) {
                    found.push(record.rank);
                }
            }
        }
        Ok(found)
    }

    fn is_listed(&self, record: &Record) -> bool {
        self.context.policy.lists(record, self.filter.is_some())
    }

    fn is_fulfilled(&self, store: &Store, record: &Record) -> Result<bool, Problem> {
        let (Some(filter), Some(test)) = (self.filter, &self.test) else {
            return Ok(true);
        };
        let names = self.names.get_or_init(|| evaluate::names(self.of, filter));
        let wanted = |name: &str| names.contains(name);
        let resource = render(self.context, store, self.of.kind, record, wanted);
        let values = resource.values();
        let values = values.map(|value| value.as_array().map_or(1, Vec::len));
        self.count(values.max().unwrap_or(1).max(1))?;
        Ok(test.resource(self.matching, self.of, &resource))
    }
}

/// Does what takes long without keeping the thread's other connections waiting.
fn unhurried<T>(records: usize, search: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    if records > QUICK && flavor.is_ok_and(|flavor| flavor == RuntimeFlavor::MultiThread) {
        return tokio::task::block_in_place(search);
    }
    search()
}

/// What an index knows of a filter: a search there costs the same in a store of ten and of a
/// million.
struct Hits<'s> {
    /// Outside of these nothing can fulfil the filter; lowest first.
    ranks: Box<dyn Iterator<Item = Rank> + 's>,
    /// All of them fulfil it.
    exact: bool,
}

impl<'s> Hits<'s> {
    fn of(store: &'s Store, of: ResourceType, filter: &Filter) -> Option<Self> {
        match filter {
            Filter::And(terms) => {
                let hits = terms.iter().filter_map(|term| Self::of(store, of, term));
                narrowest(hits.collect())
            }
            Filter::Or(terms) => {
                let hits = terms.iter().map(|term| Self::of(store, of, term));
                union(
                    hits.collect::<Option<Vec<Self>>>()?,
                    store.of(of.kind).len(),
                )
            }
            Filter::Compare(path, Comparison::Eq, Literal::Text(value)) => {
                equals(store, of, path, value)
            }
            Filter::Element(path, inner) if path.sub.is_none() => {
                let Filter::Compare(sub, Comparison::Eq, Literal::Text(value)) = inner.as_ref()
                else {
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
}

/// The shortest of them, found without reading the others to their end.
fn narrowest(mut hits: Vec<Hits<'_>>) -> Option<Hits<'_>> {
    let mut read: Vec<Vec<Rank>> = hits.iter().map(|_| Vec::new()).collect();
    if hits.is_empty() {
        return None;
    }
    loop {
        for (hits, read) in hits.iter_mut().zip(&mut read) {
            match hits.ranks.next() {
                Some(rank) => read.push(rank),
                None => {
                    return Some(Hits {
                        ranks: Box::new(std::mem::take(read).into_iter()),
                        exact: false,
                    });
                }
            }
        }
    }
}

/// All of them, unless reading every record is less work.
fn union(hits: Vec<Hits<'_>>, records: usize) -> Option<Hits<'_>> {
    let exact = hits.iter().all(|hits| hits.exact);
    let most = records.saturating_add(hits.len());
    let ranks = hits.into_iter().flat_map(|hits| hits.ranks);
    let mut ranks: Vec<Rank> = ranks.take(most).collect();
    if ranks.len() == most {
        return None;
    }
    ranks.sort_unstable();
    ranks.dedup();
    let ranks = Box::new(ranks.into_iter());
    Some(Hits { ranks, exact })
}

fn equals<'s>(
    store: &'s Store,
    of: ResourceType,
    path: &AttributePath,
    value: &str,
) -> Option<Hits<'s>> {
    let kind = of.kind;
    if evaluate::schema_of(of, path)?.urn != kind.schema().urn {
        return None;
    }
    let sub = path.sub.as_deref().map(str::to_ascii_lowercase);
    let name = path.name.to_ascii_lowercase();
    let indexed = match (kind, name.as_str(), sub.as_deref()) {
        (Kind::Group, "members", None | Some("value")) => {
            let ranks = Box::new(store.ranks_of_groups_of(value));
            return Some(Hits { ranks, exact: true });
        }
        (_, "id", None) => Indexed::Id,
        (_, "externalid", None) => Indexed::ExternalId,
        (_, "displayname", None) => Indexed::DisplayName,
        (Kind::User, "username", None) => Indexed::UserName,
        (Kind::User, "emails", None | Some("value")) => Indexed::Email,
        _ => return None,
    };
    let ranks = Box::new(store.of(kind).ranks(indexed, value));
    Some(Hits { ranks, exact: true })
}

fn respond(
    context: Context<'_>,
    store: &Store,
    query: &Query,
    total: usize,
    page: Vec<(Kind, &Record)>,
) -> Answer {
    let start_index = query.start_index.unwrap_or(1).max(1);
    let projections = Kind::ALL.map(|kind| Projection::of(context.resource_type(kind), query));
    let projected = |kind: Kind| projections.iter().find(|p| p.of.kind == kind);
    if projections.iter().all(|p| context.writes_text(p)) {
        return written(context, store, total, start_index, &page);
    }
    let resources = page.into_iter().filter_map(|(kind, record)| {
        let projection = projected(kind)?;
        let wanted = |name: &str| projection.wants(name);
        let mut resource = render(context, store, kind, record, wanted);
        projection.apply(&mut resource);
        Some(Value::Object(resource))
    });
    let list = response(total, start_index, resources.collect());
    Answer::json(StatusCode::OK, list)
}

/// The same as [`response`] of whole resources, written without a tree.
fn written(
    context: Context<'_>,
    store: &Store,
    total: usize,
    start_index: i64,
    page: &[(Kind, &Record)],
) -> Answer {
    let mut out = format!(
        r#"{{"schemas":["{}"],"totalResults":{total},"startIndex":{start_index},"itemsPerPage":{},"Resources":["#,
        urn::LIST_RESPONSE,
        page.len(),
    )
    .into_bytes();
    out.reserve(page.len().saturating_mul(resource::USUAL_SIZE));
    for (place, (kind, record)) in page.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        resource::write(context, store, *kind, record, &mut out);
    }
    out.extend_from_slice(b"]}");
    Answer::raw(StatusCode::OK, SCIM_JSON, out)
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
