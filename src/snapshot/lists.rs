//! What of a list belongs to a scenario: its own people and groups. Who else is there, and on which page, is another
//! matter in every run: other scenarios create and delete meanwhile, and the target has a life of its own.
//!
//! - An import follows the pages to their end. It becomes one list, of the scenario's own, and its counts are relative
//!   to them.
//! - A look-up by something that only this run knows shows the scenario's own, and counts are relative to them as well.
//! - Any other list is a glimpse of whoever is there. Nothing of it belongs to the scenario but its form.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::exchange::{Exchange, Method, percent_decode};
use crate::verdict::{Origin, Recorded, Row};

use super::aliases::{Aliases, Kind, SOME_ID, rows};
use super::order::step_number;

/// What stands for the resources of a list that shows whoever is there.
const WHOEVER: &str = "<whoever is there>";
/// What stands for a count of them.
const COUNT: &str = "<count>";
const COUNT_AS_TEXT: &str = "<count, a text>";
/// What stands for one of a crowd in an import that shows not all of it.
const ONE_OF_CROWD: &str = "<one of the crowd>";
/// What stands for all of a resource that is not of the scenario, but its id.
const ANOTHERS: &str = "<a resource of others>";

/// Exchanges with their answers opened.
pub(super) type Opened<'a> = (&'a Recorded, Exchange);

/// Makes one exchange of the pages of each import, and leaves out of every list what is not the scenario's own.
/// Exchanges of one step must stand together, in order.
pub(super) fn relative<'a>(
    exchanges: Vec<Opened<'a>>,
    row: Option<&Row>,
    aliases: &Aliases<'_>,
) -> Vec<Opened<'a>> {
    let Some(row) = row else { return exchanges };
    let mut out: Vec<Opened<'a>> = Vec::new();
    let mut import: Option<Import<'a>> = None;
    let mut was_glimpse = false;
    for (recorded, mut exchange) in exchanges {
        if let Some(open) = &mut import {
            if open.takes(recorded, &exchange) {
                continue;
            }
            out.extend(import.take().map(|done| done.finish(aliases)));
        }
        match Import::begin(recorded, &exchange) {
            Some(begun) => import = Some(begun),
            None => {
                if was_glimpse && asks_for_what_was_shown(recorded, row) {
                    hide_whoever(&mut exchange);
                } else {
                    was_glimpse = leave_others_out(&mut exchange, aliases);
                }
                out.push((recorded, exchange));
            }
        }
    }
    out.extend(import.map(|done| done.finish(aliases)));
    out
}

/// The pages of an import, so far.
struct Import<'a> {
    recorded: &'a Recorded,
    first: Exchange,
    kind: Kind,
    rows: Vec<Value>,
    /// `totalResults` as the last page has it.
    total: Option<Value>,
    /// `itemsPerPage` of a page that does not hold so many.
    per_page: Option<Value>,
}

impl<'a> Import<'a> {
    fn begin(recorded: &'a Recorded, exchange: &Exchange) -> Option<Self> {
        let imports = recorded.origin == Origin::Okta
            && recorded
                .job
                .as_ref()
                .is_some_and(|job| job.starts_with("import"));
        let kind = Kind::of_target(&exchange.request.target).filter(|_| imports)?;
        let page = page(exchange)?;
        let mut import = Self {
            recorded,
            first: exchange.clone(),
            kind,
            rows: Vec::new(),
            total: None,
            per_page: None,
        };
        import.add(page);
        Some(import)
    }

    /// Whether the exchange is the next page; then it is taken.
    fn takes(&mut self, recorded: &Recorded, exchange: &Exchange) -> bool {
        let place = |r: &Recorded| {
            (
                r.case.clone(),
                r.step.clone(),
                r.job.clone(),
                r.slot.clone(),
            )
        };
        let endpoint = |target: &str| target.split('?').next().map(str::to_owned);
        let is_next = place(recorded) == place(self.recorded)
            && endpoint(&exchange.request.target) == endpoint(&self.first.request.target)
            && exchange.status() == self.first.status();
        match page(exchange).filter(|_| is_next) {
            Some(page) => {
                self.add(page);
                true
            }
            None => false,
        }
    }

    fn add(&mut self, page: &Map<String, Value>) {
        let before = self.rows.len();
        self.rows.extend(rows(page).cloned());
        let shown = self.rows.len().saturating_sub(before);
        if let Some(total) = page.get("totalResults") {
            self.total = Some(total.clone());
        }
        let per_page = page.get("itemsPerPage");
        if let Some(per_page) = per_page.filter(|n| n.as_u64() != Some(shown as u64)) {
            self.per_page.get_or_insert_with(|| per_page.clone());
        }
    }

    fn finish(self, aliases: &Aliases<'_>) -> Opened<'a> {
        let mut exchange = self.first;
        let seen = self.rows.len();
        let crowd = self
            .rows
            .iter()
            .filter(|row| aliases.is_of_crowd(self.kind, row));
        // A crowd is created at once. Whom of it a part shows, hangs on who came first.
        let is_cut = crowd.count() < aliases.crowd(self.kind);
        let own: Vec<Value> = self
            .rows
            .into_iter()
            .filter(|row| aliases.is_own(self.kind, row))
            .map(|row| match is_cut && aliases.is_of_crowd(self.kind, &row) {
                true => ONE_OF_CROWD.into(),
                false => row,
            })
            .collect();
        let shown = own.len();
        change(&mut exchange, |list| {
            if let Some(per_page) = list.get_mut("itemsPerPage") {
                *per_page = self.per_page.unwrap_or_else(|| shown.into());
            }
            if let (Some(total), Some(last)) = (list.get_mut("totalResults"), self.total) {
                *total = less(&last, seen.saturating_sub(shown));
            }
            set_rows(list, own);
        });
        (self.recorded, exchange)
    }
}

/// The list of an answer that shows one.
fn page(exchange: &Exchange) -> Option<&Map<String, Value>> {
    let response = exchange.response().filter(|r| r.is_success())?;
    let list = response.json()?.as_object()?;
    let is_list = list
        .iter()
        .any(|(key, rows)| key.eq_ignore_ascii_case("Resources") && rows.is_array());
    (is_list || list.contains_key("totalResults")).then_some(list)
}

/// Whether a request takes from the answer before what it asks for.
fn asks_for_what_was_shown(recorded: &Recorded, row: &Row) -> bool {
    step_number(&recorded.step).is_some_and(|step| row.as_shown.contains(&step))
}

/// Leaves others out of one answer. Whether it is no more than a glimpse of whoever is there.
fn leave_others_out(exchange: &mut Exchange, aliases: &Aliases<'_>) -> bool {
    let target = &exchange.request.target;
    let kind = Kind::of_target(target);
    if kind.is_none() && !is_root(target) {
        return false;
    }
    let Some(list) = page(exchange) else {
        if let Some(kind) = kind {
            hide_anothers(exchange, kind, aliases);
        }
        return false;
    };
    let asked = asked_for(exchange);
    let shown = rows(list).count();
    let own: Vec<Value> = rows(list)
        .filter(|row| {
            let kind = kind.or_else(|| Kind::of_resource(row));
            kind.is_some_and(|kind| aliases.is_own(kind, row))
        })
        .cloned()
        .collect();
    let others = shown.saturating_sub(own.len());
    let is_look_up = asked.contains("filter") && aliases.speaks_of_own(&asked);
    let total = list.get("totalResults").and_then(Value::as_u64);
    let is_whole = total.is_some_and(|total| total <= shown as u64);
    match (is_look_up, others) {
        (true, 0) => false,
        // The filter was not obeyed, and everybody is shown.
        (true, _) if is_whole => {
            change(exchange, |list| {
                if let Some(total) = list.get_mut("totalResults") {
                    *total = less(total, others);
                }
                if let Some(per_page) = list.get_mut("itemsPerPage")
                    && per_page.as_u64() == Some(shown as u64)
                {
                    *per_page = less(per_page, others);
                }
                set_rows(list, own);
            });
            false
        }
        _ => {
            change(exchange, glimpse);
            true
        }
    }
}

/// Whether a request is about resources of all kinds (RFC 7644, 3.4.2.1 and 3.4.3).
fn is_root(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    ["", ".search"].contains(&path.trim_matches('/'))
}

/// Everything a request asks for: its query, and the body of a search (RFC 7644, 3.4.3).
fn asked_for(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let mut asked = percent_decode(query);
    if let Some(body) = request
        .body
        .as_ref()
        .filter(|_| request.method == Method::Post)
    {
        asked.push_str(&String::from_utf8_lossy(body));
    }
    asked
}

fn glimpse(list: &mut Map<String, Value>) {
    for key in ["totalResults", "itemsPerPage"] {
        match list.get_mut(key) {
            Some(count @ Value::Number(_)) => *count = COUNT.into(),
            Some(count @ Value::String(_)) => *count = COUNT_AS_TEXT.into(),
            _ => {}
        }
    }
    set_rows(list, vec![WHOEVER.into()]);
}

fn set_rows(list: &mut Map<String, Value>, rows: Vec<Value>) {
    let found = list
        .iter_mut()
        .find(|(key, rows)| key.eq_ignore_ascii_case("Resources") && rows.is_array());
    if let Some((_, old)) = found {
        *old = rows.into();
    }
}

/// A count without `others`, as a number or a text as it was.
fn less(count: &Value, others: usize) -> Value {
    let others = i64::try_from(others).unwrap_or(i64::MAX);
    match count {
        Value::Number(number) => match number.as_i64() {
            Some(n) => n.saturating_sub(others).into(),
            None => count.clone(),
        },
        Value::String(text) => match text.parse::<i64>() {
            Ok(n) => n.saturating_sub(others).to_string().into(),
            Err(_) => count.clone(),
        },
        _ => count.clone(),
    }
}

/// A resource of others that was answered instead of one's own, or because a probe took whichever came first: that it
/// came is to be seen, and nothing of it.
fn hide_anothers(exchange: &mut Exchange, kind: Kind, aliases: &Aliases<'_>) {
    let response = exchange.response().filter(|r| r.is_success());
    let Some(resource) = response.and_then(|r| r.json()) else {
        return;
    };
    let is_resource = resource.get("id").is_some() && resource.get("detail").is_none();
    if !is_resource || aliases.is_own(kind, resource) {
        return;
    }
    change(exchange, |resource| {
        let id = resource.get("id").cloned();
        resource.clear();
        resource.extend(id.map(|id| ("id".to_owned(), id)));
        resource.insert(ANOTHERS.to_owned(), Value::Null);
    });
}

/// The same of whoever came first in a glimpse of those who are there: one's own, if nobody else is.
fn hide_whoever(exchange: &mut Exchange) {
    if Kind::of_target(&exchange.request.target).is_some()
        && let Some((endpoint, _)) = exchange.request.target.rsplit_once('/')
    {
        exchange.request.target = format!("{endpoint}/{SOME_ID}");
    }
    if exchange.response().is_none_or(|r| !r.is_success()) {
        return;
    }
    change(exchange, |resource| {
        if let Some(id) = resource.get_mut("id").filter(|id| id.is_string()) {
            *id = SOME_ID.into();
        }
        resource.retain(|key, _| key == "id");
        resource.insert(ANOTHERS.to_owned(), Value::Null);
    });
}

/// Changes the body of an answer that is an object.
fn change(exchange: &mut Exchange, how: impl FnOnce(&mut Map<String, Value>)) {
    let Ok(response) = &mut exchange.outcome else {
        return;
    };
    let Ok(json) = &mut response.body.json else {
        return;
    };
    if let Some(object) = Arc::make_mut(json).as_object_mut() {
        how(object);
    }
    response.body.bytes = Bytes::new();
}

#[cfg(test)]
mod tests;
