//! Imports: everybody, once, and nothing past the end.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::list;
use crate::check::frame;
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Page};
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::super::book::Subject;
use super::super::session::{Context, Place, Sent, Session, observer_call};
use super::{is_success, show};

/// What Okta asks for with every page of an import.
const PAGE: u64 = 100;

impl Session {
    /// An import must see every account of the scenario exactly once, and nothing past the end.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn judge_import(
        &self,
        resource: Resource,
        pages: &[Sent],
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let Some(last) = pages.last() else {
            return Ok(());
        };
        if pages.iter().any(|p| p.broken || !is_success(&p.exchange)) {
            return Ok(());
        }
        let read: Vec<Page<'_>> = pages
            .iter()
            .filter_map(|p| p.exchange.response())
            .filter_map(|r| reading::page(r).ok())
            .collect();
        let mut times: HashMap<String, usize> = HashMap::new();
        for id in read
            .iter()
            .flat_map(|p| p.resources)
            .filter_map(reading::id_of)
        {
            let times = times.entry(id).or_default();
            *times = usize::saturating_add(*times, 1);
        }
        let complete = self.everybody(resource, &times, last, place, evidence);
        let repeated = times.values().filter(|n| **n > 1).count();
        if repeated > 0 {
            let seen = Seen::new(
                &list::REPEATS,
                "each once",
                format!("{repeated} more than once"),
            )
            .facet(resource.word());
            self.observe(seen, &self.about_the_list(resource, last, place, evidence));
        }
        self.rows_must_be_current(resource, &read, last, place, evidence);
        let total = read.last().map_or(0, |p| p.total);
        if complete && repeated == 0 {
            self.total_must_fit(resource, &read, last, place, evidence);
        }
        self.past_the_end(resource, total, place, evidence).await
    }

    fn about_the_list<'a>(
        &self,
        resource: Resource,
        last: &'a Sent,
        place: &'a Place,
        evidence: Evidence,
    ) -> Context<'a> {
        Context {
            loses_data: true,
            ..Context::new(place, last, vec![Subject::List(resource)], evidence)
        }
    }

    /// Whether all of ours are there.
    fn everybody(
        &self,
        resource: Resource,
        times: &HashMap<String, usize>,
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) -> bool {
        let ours: Vec<String> =
            self.with_book(|b| b.existing(resource).map(|a| a.id.clone()).collect());
        let missing: Vec<Subject> = ours
            .iter()
            .filter(|id| !times.contains_key(*id))
            .map(|id| Subject::Resource(resource, id.clone()))
            .collect();
        if missing.is_empty() {
            return true;
        }
        let got = format!("{} are missing", missing.len());
        let mut context = self.about_the_list(resource, last, place, evidence);
        // When something is known about each of them, that is the cause.
        if self.with_book(|b| b.all_spoiled(&missing)) {
            context.subjects = missing;
        }
        let wanted = format!("all {} of this run's {}s", ours.len(), resource.word());
        let seen = Seen::new(&list::COMPLETE, wanted, got).facet(resource.word());
        self.observe(seen, &context);
        false
    }

    /// A list shows each of ours as its own URL does: name, and for people what Okta needs to match them.
    fn rows_must_be_current(
        &self,
        resource: Resource,
        pages: &[Page<'_>],
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) {
        let current: HashMap<String, Value> = self.with_book(|book| {
            let read = book.existing(resource);
            read.filter_map(|a| Some((a.id.clone(), a.state.clone()?)))
                .collect()
        });
        let listed = pages.iter().flat_map(|page| page.resources);
        for one in listed {
            let Some(id) = reading::id_of(one) else {
                continue;
            };
            let stale = current
                .get(&id)
                .and_then(|current| stale(resource, current, one));
            let Some((at, wanted, got)) = stale else {
                continue;
            };
            let context = Context {
                subjects: vec![Subject::Resource(resource, id)],
                ..self.about_the_list(resource, last, place, evidence)
            };
            let seen = Seen::new(&list::CURRENT, wanted, got);
            self.observe(seen.facet(resource.word()).at(at), &context);
        }
    }

    /// `totalResults` is what the pages hold together. Less on a page than Okta asks for is the business of
    /// completeness: others may be missing, too.
    fn total_must_fit(
        &self,
        resource: Resource,
        pages: &[Page<'_>],
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) {
        let held: u64 = pages.iter().map(|p| p.resources.len() as u64).sum();
        let Some((end, full)) = pages.split_last() else {
            return;
        };
        let short = full.iter().any(|p| (p.resources.len() as u64) < PAGE);
        let (check, facet) = match end.total.cmp(&held) {
            Ordering::Less => (&list::TOTAL, "too-low"),
            Ordering::Greater if !short => (&list::TOTAL_TOO_HIGH, resource.word()),
            Ordering::Equal | Ordering::Greater => return,
        };
        let seen = Seen::new(check, held.to_string(), end.total.to_string())
            .facet(facet)
            .at("/totalResults");
        self.observe(seen, &self.about_the_list(resource, last, place, evidence));
    }

    async fn past_the_end(
        &self,
        resource: Resource,
        total: u64,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let start_index = total.saturating_add(1);
        let request = self.client.list(resource, start_index, PAGE);
        let intent = Intent::List {
            resource,
            start_index,
            count: PAGE,
        };
        let call = crate::okta::request::Call {
            evidence,
            ..observer_call(request, intent)
        };
        self.perform(&call, Origin::Observe, place)
            .await
            .map(|_| ())
    }
}

/// The first place where a row of a list differs from the resource's own answer: where, what is there, what the row
/// shows. Whether the address is the same is left to the resource: a list may show another one first.
fn stale(
    resource: Resource,
    current: &Value,
    row: &Value,
) -> Option<(&'static str, String, String)> {
    let places: &[&str] = match resource {
        Resource::User => &[
            "/userName",
            "/name/givenName",
            "/name/familyName",
            "/active",
        ],
        Resource::Group => &["/displayName"],
    };
    let differs = places
        .iter()
        .find(|at| !frame::is_same(row.pointer(at).unwrap_or(&Value::Null), current.pointer(at)));
    let no_address = || {
        let has = |one: &Value| {
            let emails = one.get("emails").and_then(Value::as_array);
            emails.is_some_and(|emails| !emails.is_empty())
        };
        (resource == Resource::User && has(current) && !has(row)).then_some(&"/emails")
    };
    let at = differs.or_else(no_address)?;
    let shown = |one: &Value| show(one.pointer(at));
    Some((at, shown(current), shown(row)))
}
