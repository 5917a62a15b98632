//! Imports: everybody, once, and nothing past the end.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

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

/// What the pages of an import have shown. They are looked at as they come: together they have no bound, so none of
/// them is kept but the last.
#[derive(Default)]
pub struct Imported {
    last: Option<Sent>,
    /// A page was refused or could not be read: nothing can be said about all of them together.
    spoiled: bool,
    /// `totalResults` of the last page.
    total: u64,
    /// Rows of all pages.
    held: u64,
    /// Rows of the last page.
    on_last: u64,
    /// A page before the last had less than Okta asks for.
    short: bool,
    /// Hashes of the ids that were there, and of those that were there more than once.
    ids: HashSet<u64>,
    repeated: HashSet<u64>,
    hasher: RandomState,
    /// The rows of the scenario's own.
    ours: Vec<(String, Value)>,
}

/// The most rows of the scenario's own that are looked at: a list that repeats itself says nothing new.
const MOST_OURS: usize = 20_000;

impl Imported {
    /// One more page; `is_ours` tells the ids of the scenario's own.
    pub fn add(&mut self, page: &Sent, is_ours: impl Fn(&str) -> bool) {
        self.last = Some(page.clone());
        let Some(response) = page.exchange.response().filter(|_| {
            let good = !page.broken && is_success(&page.exchange);
            self.spoiled |= !good;
            good
        }) else {
            self.spoiled = true;
            return;
        };
        let Ok(Page { total, resources }) = reading::page(response) else {
            return;
        };
        self.short |= self.held > 0 && self.on_last < PAGE;
        self.total = total;
        self.on_last = resources.len() as u64;
        self.held = self.held.saturating_add(self.on_last);
        for row in resources {
            let Some(id) = reading::id_of(row) else {
                continue;
            };
            let hash = self.hasher.hash_one(&id);
            if !self.ids.insert(hash) {
                self.repeated.insert(hash);
            }
            if self.ours.len() < MOST_OURS && is_ours(&id) {
                self.ours.push((id, row.clone()));
            }
        }
    }

    fn has(&self, id: &str) -> bool {
        self.ids.contains(&self.hasher.hash_one(id))
    }
}

impl Session {
    /// Takes note of a page that Okta has read.
    pub fn note_page(&self, imported: &mut Imported, resource: Resource, page: &Sent) {
        self.with_book(|book| imported.add(page, |id| book.get(resource, id).is_some()));
    }

    /// An import must see every account of the scenario exactly once, and nothing past the end.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn judge_import(
        &self,
        resource: Resource,
        pages: &Imported,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let Some(last) = pages.last.as_ref().filter(|_| !pages.spoiled) else {
            return Ok(());
        };
        let complete = self.everybody(resource, pages, last, place, evidence);
        let repeated = pages.repeated.len();
        if repeated > 0 {
            let seen = Seen::new(
                &list::REPEATS,
                "each once",
                format!("{repeated} more than once"),
            )
            .facet(resource.word());
            self.observe(seen, &self.about_the_list(resource, last, place, evidence));
        }
        self.rows_must_be_current(resource, pages, last, place, evidence);
        if complete && repeated == 0 {
            self.total_must_fit(resource, pages, last, place, evidence);
        }
        self.past_the_end(resource, pages.total, place, evidence)
            .await
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
        pages: &Imported,
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) -> bool {
        let ours: Vec<String> =
            self.with_book(|b| b.existing(resource).map(|a| a.id.clone()).collect());
        let missing: Vec<Subject> = ours
            .iter()
            .filter(|id| !pages.has(id))
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
        pages: &Imported,
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) {
        let current: HashMap<String, Value> = self.with_book(|book| {
            let read = book.existing(resource);
            read.filter_map(|a| Some((a.id.clone(), a.state.clone()?)))
                .collect()
        });
        for (id, one) in &pages.ours {
            let stale = current
                .get(id)
                .and_then(|current| stale(resource, current, one));
            let Some((at, wanted, got)) = stale else {
                continue;
            };
            let context = Context {
                subjects: vec![Subject::Resource(resource, id.clone())],
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
        pages: &Imported,
        last: &Sent,
        place: &Place,
        evidence: Evidence,
    ) {
        let held = pages.held;
        let (check, facet) = match pages.total.cmp(&held) {
            Ordering::Less => (&list::TOTAL, "too-low"),
            Ordering::Greater if !pages.short => (&list::TOTAL_TOO_HIGH, resource.word()),
            Ordering::Equal | Ordering::Greater => return,
        };
        let seen = Seen::new(check, held.to_string(), pages.total.to_string())
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
