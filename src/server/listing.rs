//! Lists and look-ups: filter, then page (RFC 7644, 3.4.2).

use std::sync::RwLockReadGuard;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::answer::{Answer, Problem, SCIM_JSON};
use super::evaluate::{self, Matching};
use super::index::{Indexed, Rank};
use super::projection::Projection;
use super::request::Query;
use super::resource::{self, Context, render};
use super::route::Kind;
use super::store::{Record, Shared, Store};
use crate::scim::{AttributePath, Comparison, ErrorType, Filter, Literal, urn};

/// So many records are looked at before others get a turn at the store.
const AT_ONCE: usize = 1000;

/// A search that looks at more records than this keeps its thread busy for a while.
const QUICK: usize = 10_000;

/// Most comparisons of one search: a filter's terms times the records that no index rules
/// out. More is answered `tooMany` (RFC 7644, 3.12).
const MOST_COMPARISONS: usize = 20_000_000;

/// `GET /Users`, `GET /Groups`.
pub(super) fn list(
    context: Context<'_>,
    shared: &Shared,
    kind: Kind,
    query: &Query,
) -> Result<Answer, Problem> {
    let policy = context.policy;
    let filter = match &query.filter {
        Some(text) => policy.filter(kind, parse(kind, text)?),
        None => None,
    };
    let store = shared.read();
    if filter.is_none() && !policy.changes_lists() {
        let total = store.of(kind).len();
        let window = policy.window(query, total);
        let page = store.of(kind).page(window.offset, window.limit);
        return Ok(respond(context, &store, kind, query, total, page));
    }
    let search = Search::new(context, kind, filter.as_ref());
    let (mut found, store) = search.run(shared, store)?;
    if filter.is_some()
        && let Some(limit) = policy.searched_page()
    {
        let searched: Vec<Rank> = store.of(kind).page(0, limit).map(rank_of).collect();
        found.retain(|rank| searched.contains(rank));
    }
    let found = policy.arrange(found, query);
    let total = found.len();
    let window = policy.window(query, total);
    let page = found.iter().skip(window.offset).take(window.limit);
    let page = page.filter_map(|rank| store.of(kind).at(*rank));
    Ok(respond(context, &store, kind, query, total, page))
}

fn rank_of(record: &Record) -> Rank {
    record.rank
}

fn parse(kind: Kind, text: &str) -> Result<Filter, Problem> {
    let filter = Filter::parse(text).map_err(|problem| {
        Problem::bad_request(ErrorType::InvalidFilter, format!("filter: {problem}"))
    })?;
    evaluate::check(kind, &filter)?;
    Ok(filter)
}

/// Finds what fulfils a filter and may be seen.
struct Search<'a> {
    context: Context<'a>,
    kind: Kind,
    filter: Option<&'a Filter>,
    matching: Matching,
    /// What the filter looks at.
    names: Vec<&'static str>,
}

impl<'a> Search<'a> {
    fn new(context: Context<'a>, kind: Kind, filter: Option<&'a Filter>) -> Self {
        let names = filter.map(|filter| evaluate::names(kind, filter));
        Self {
            context,
            kind,
            filter,
            matching: context.policy.matching(),
            names: names.into_iter().flatten().collect(),
        }
    }

    /// The ranks of what is found, in the order of creation.
    ///
    /// A long search lets others have the store in between. What they change meanwhile may or
    /// may not be found, as between two pages (RFC 7644, 3.4.2.4).
    fn run<'s>(
        &self,
        shared: &'s Shared,
        store: RwLockReadGuard<'s, Store>,
    ) -> Result<(Vec<Rank>, RwLockReadGuard<'s, Store>), Problem> {
        let indexed = self
            .filter
            .filter(|_| self.matching == Matching::Caseless)
            .and_then(|filter| Hits::of(&store, self.kind, filter))
            .map(|hits| (hits.exact, hits.ranks.collect::<Vec<Rank>>()));
        let Some((exact, ranks)) = indexed else {
            let searched = store.of(self.kind).len();
            self.refuse_too_many(searched)?;
            return Ok(unhurried(searched, || self.scan(shared, store)));
        };
        let known = exact || self.context.policy.trusts_indexes();
        if known && self.context.policy.is_known_good() {
            return Ok((ranks, store));
        }
        self.refuse_too_many(ranks.len())?;
        Ok(unhurried(ranks.len(), || {
            self.look_at(&ranks, known, shared, store)
        }))
    }

    fn refuse_too_many(&self, searched: usize) -> Result<(), Problem> {
        let terms = self.filter.map_or(0, evaluate::comparisons);
        if terms.saturating_mul(searched) <= MOST_COMPARISONS {
            return Ok(());
        }
        Err(Problem::bad_request(
            ErrorType::TooMany,
            format!(
                "The filter's {terms} terms and {searched} resources make more than {MOST_COMPARISONS} comparisons; \
                 ask for userName, externalId, emails.value, displayName or id by eq, or use fewer terms"
            ),
        ))
    }

    /// Looks at every record.
    fn scan<'s>(
        &self,
        shared: &'s Shared,
        mut store: RwLockReadGuard<'s, Store>,
    ) -> (Vec<Rank>, RwLockReadGuard<'s, Store>) {
        let mut found = Vec::new();
        let mut next = Rank::MIN;
        loop {
            let mut last = None;
            for record in store.of(self.kind).from(next).take(AT_ONCE) {
                last = Some(record.rank);
                if self.is_listed(record) && self.is_fulfilled(&store, record) {
                    found.push(record.rank);
                }
            }
            match last {
                Some(last) => next = last + 1,
                None => return (found, store),
            }
            drop(store);
            store = shared.read();
        }
    }

    /// Looks at the records of these ranks; `known` if they are known to fulfil the filter.
    fn look_at<'s>(
        &self,
        ranks: &[Rank],
        known: bool,
        shared: &'s Shared,
        mut store: RwLockReadGuard<'s, Store>,
    ) -> (Vec<Rank>, RwLockReadGuard<'s, Store>) {
        let mut found = Vec::new();
        for (turn, ranks) in ranks.chunks(AT_ONCE).enumerate() {
            if turn > 0 {
                drop(store);
                store = shared.read();
            }
            let records = ranks
                .iter()
                .filter_map(|rank| store.of(self.kind).at(*rank));
            let records = records.filter(|record| {
                self.is_listed(record) && (known || self.is_fulfilled(&store, record))
            });
            found.extend(records.map(rank_of));
        }
        (found, store)
    }

    fn is_listed(&self, record: &Record) -> bool {
        self.context.policy.lists(record, self.filter.is_some())
    }

    fn is_fulfilled(&self, store: &Store, record: &Record) -> bool {
        let Some(filter) = self.filter else {
            return true;
        };
        let wanted = |name: &str| self.names.contains(&name);
        let resource = render(self.context, store, self.kind, record, wanted);
        evaluate::resource(self.matching, self.kind, &resource, filter)
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
    fn of(store: &'s Store, kind: Kind, filter: &Filter) -> Option<Self> {
        match filter {
            Filter::And(terms) => {
                let hits = terms.iter().filter_map(|term| Self::of(store, kind, term));
                narrowest(hits.collect())
            }
            Filter::Or(terms) => {
                let hits = terms.iter().map(|term| Self::of(store, kind, term));
                union(hits.collect::<Option<Vec<Self>>>()?, store.of(kind).len())
            }
            Filter::Compare(path, Comparison::Eq, Literal::Text(value)) => {
                equals(store, kind, path, value)
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
                equals(store, kind, &path, value)
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

fn equals<'s>(store: &'s Store, kind: Kind, path: &AttributePath, value: &str) -> Option<Hits<'s>> {
    if evaluate::schema_of(kind, path)?.urn != kind.schema().urn {
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

fn respond<'s>(
    context: Context<'_>,
    store: &Store,
    kind: Kind,
    query: &Query,
    total: usize,
    page: impl Iterator<Item = &'s Record>,
) -> Answer {
    let start_index = query.start_index.unwrap_or(1).max(1);
    let projection = Projection::of(kind, query);
    if !context.writes_text(&projection) {
        let resources = page.map(|record| {
            let wanted = |name: &str| projection.wants(name);
            let mut resource = render(context, store, kind, record, wanted);
            projection.apply(&mut resource);
            Value::Object(resource)
        });
        let list = response(total, start_index, resources.collect());
        return Answer::json(StatusCode::OK, list);
    }
    let page: Vec<&Record> = page.collect();
    let mut out = format!(
        r#"{{"schemas":["{}"],"totalResults":{total},"startIndex":{start_index},"itemsPerPage":{},"Resources":["#,
        urn::LIST_RESPONSE,
        page.len(),
    )
    .into_bytes();
    out.reserve(page.len() * resource::USUAL_SIZE);
    for (place, record) in page.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        resource::write(context, store, kind, record, &mut out);
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
