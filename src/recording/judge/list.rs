//! Imports: what their pages add up to.

use std::collections::BTreeMap;

use crate::check::Seen;
use crate::check::catalogue::list;
use crate::okta::reading;
use crate::okta::request::Resource;

use super::super::recognise::{Act, name_in};
use super::super::traffic::Captured;
use super::look_up::is_there;
use super::read::Form;
use super::{About, Judge, resource_of};

/// What Okta asks for with every page of an import, and steps by, whatever came back.
const PAGE: u64 = 100;
/// So many may have been removed in the app between two requests.
const REMOVED: usize = 2;

impl Judge<'_> {
    pub(super) fn page(
        &mut self,
        n: usize,
        one: &Captured,
        resource: Resource,
        (start, count): (u64, u64),
    ) {
        let Some(page) = one
            .exchange
            .response()
            .filter(|r| one.got_whole && r.is_success())
            .and_then(|r| reading::page(r).ok())
        else {
            self.imports.remove(&resource);
            return;
        };
        let total = page.total;
        let listed: Vec<_> = page.resources.to_vec();
        for shown in &listed {
            let Some(id) = reading::id_of(shown) else {
                continue;
            };
            self.shown(n, one, (resource, &id), shown, Form::Listed);
            let account = self.book.entry(resource, &id);
            account.gone = false;
            if let Some(name) = name_in(shown, resource) {
                account.call(&name, one.end);
            }
        }
        if !one.from_okta || count != PAGE {
            return;
        }
        let pages = self.imports.entry(resource).or_default();
        if start == 1 {
            pages.clear();
        } else if (pages.len() as u64).saturating_mul(PAGE).saturating_add(1) != start {
            self.imports.remove(&resource);
            return;
        }
        pages.push(n);
        if start.saturating_add(PAGE) > total {
            let pages = self.imports.remove(&resource).unwrap_or_default();
            self.import(resource, &pages, total);
        }
    }

    /// An import that was read to its end.
    fn import(&mut self, resource: Resource, pages: &[usize], total: u64) {
        let (Some(first), Some(last)) = (pages.first().copied(), pages.last().copied()) else {
            return;
        };
        if self.is_disturbed(resource, first, last) {
            return;
        }
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut short = 0;
        for n in pages {
            let Some(response) = self
                .captured
                .get(*n)
                .and_then(|one| one.exchange.response())
            else {
                return;
            };
            let Ok(page) = reading::page(response) else {
                return;
            };
            for id in page.resources.iter().filter_map(reading::id_of) {
                let times = times.entry(id).or_default();
                *times = usize::saturating_add(*times, 1);
            }
            if *n != last {
                short = PAGE
                    .saturating_sub(page.resources.len() as u64)
                    .saturating_add(short);
            }
        }
        let word = resource.word();
        let held: u64 = times.values().map(|n| *n as u64).sum();
        let lost = About {
            loses_data: true,
            ..About::default()
        };
        let repeated = times.values().filter(|n| **n > 1).count();
        if repeated > 0 {
            let got = format!("{repeated} more than once");
            let seen = Seen::new(&list::REPEATS, "each once", got).facet(word);
            self.observe(last, seen, lost.clone());
        }
        if short > 0 && held < total {
            let wanted = format!("all {total}: pages of {PAGE}, as asked for");
            let got = format!(
                "shorter pages: {} are on none of them",
                total.saturating_sub(held)
            );
            let seen = Seen::new(&list::COMPLETE, wanted, got).facet(word);
            self.observe(last, seen, lost.clone());
        } else if held < total && repeated == 0 {
            let seen = Seen::new(&list::TOTAL_TOO_HIGH, held.to_string(), total.to_string());
            self.observe(last, seen.facet(word).at("/totalResults"), lost.clone());
        } else if held > total && repeated == 0 {
            let seen = Seen::new(&list::TOTAL, held.to_string(), total.to_string());
            self.observe(
                last,
                seen.facet("too-low").at("/totalResults"),
                lost.clone(),
            );
        }
        if short == 0 {
            self.everybody(resource, &times, first, last, lost);
        }
    }

    /// Everybody whom the recording has shown shortly before is in the list.
    fn everybody(
        &mut self,
        resource: Resource,
        times: &BTreeMap<String, usize>,
        first: usize,
        last: usize,
        about: About,
    ) {
        let Some(begin) = self.captured.get(first).map(|one| one.start) else {
            return;
        };
        let there: Vec<&str> = self
            .book
            .existing(resource)
            .filter(|(_, account)| account.seen < begin && is_there(account, begin))
            .map(|(id, _)| id)
            .collect();
        let missing: Vec<&str> = there
            .iter()
            .copied()
            .filter(|id| !times.contains_key(*id))
            .collect();
        // Somebody in the app may have removed one or two.
        let back = missing
            .iter()
            .any(|id| self.is_seen_later(resource, id, last));
        if missing.is_empty() || !(back || missing.len() > REMOVED) {
            return;
        }
        let missing = missing.len();
        let wanted = format!("the {} {}s seen before", there.len(), resource.word());
        let got = format!("{missing} are missing");
        let seen = Seen::new(&list::COMPLETE, wanted, got).facet(resource.word());
        self.observe(last, seen, about);
    }

    /// Whether anything was written to such resources while the pages were read.
    fn is_disturbed(&self, resource: Resource, first: usize, last: usize) -> bool {
        let all = self.captured.iter().zip(self.acts);
        let count = last.saturating_sub(first).saturating_add(1);
        all.skip(first).take(count).any(|(one, act)| {
            one.exchange.request.method.is_write()
                && resource_of(act).is_none_or(|kind| kind == resource)
        }) || matches!(self.acts.get(first), Some(Act::Other))
    }
}
