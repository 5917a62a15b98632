//! What Okta is doing, told while it is recorded: each admin action once, when nothing more of it comes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::okta::{Behaviour, LoadError};

use super::actions::{self, Action};
use super::calibrate::line;
use super::har::{Entry, header};
use super::recognise;
use super::traffic::{self, Base, Capture, Captured};
use super::url;

/// An action is over when nothing of it came for so long, in milliseconds. Requests of a job follow each other within
/// a second; what comes later is told as another action.
const QUIET: i64 = 5_000;
/// Exchanges that wait to be told. Beyond them the first are told as they are.
const MOST: usize = 5_000;

/// An admin action, or requests that are none that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the admin did, in the words of the job; none when no job is known that sends this.
    pub title: Option<String>,
    /// Its requests, each with what it was answered: `PUT /Users/{id} 200`.
    pub requests: Vec<String>,
    /// All of them were answered 2xx, or a look-up was.
    pub is_well: bool,
}

/// Watches a recording grow.
#[derive(Debug)]
pub struct Watch {
    behaviour: Behaviour,
    base: Option<Base>,
    first: Option<Timestamp>,
    waiting: Vec<Captured>,
    /// Okta has said who it is.
    okta_seen: bool,
}

impl Watch {
    /// Watches the traffic with a server; `base` is its base URL, where the path says it.
    ///
    /// # Errors
    /// When this build's own description of Okta cannot be read.
    pub fn new(base: &str) -> Result<Self, LoadError> {
        let split = url::split(base, None);
        Ok(Self {
            behaviour: Behaviour::embedded()?,
            base: split.map(|(origin, path)| (origin, path.trim_end_matches('/').to_owned())),
            first: None,
            waiting: Vec::new(),
            okta_seen: false,
        })
    }

    /// An entry has come. Says whether it is part of the SCIM traffic.
    pub fn add(&mut self, entry: Entry) -> bool {
        let first = *self
            .first
            .get_or_insert_with(|| entry.started.unwrap_or_else(Timestamp::now));
        let base = self.base_of(&entry);
        let captured = base.map(|base| traffic::capture(entry, &base, Some(first)));
        let Some(Capture::Got(one)) = captured else {
            return false;
        };
        self.okta_seen |= one.from_okta;
        self.waiting.push(*one);
        true
    }

    /// The base URL that was given, or else what stands before the endpoint of the entry.
    fn base_of(&self, entry: &Entry) -> Option<Base> {
        let (origin, target) = url::split(&entry.url, header(&entry.headers, "host"))?;
        let path = url::path(&target);
        let found = || {
            let end = url::base_length(path)?;
            Some((origin.clone(), path.get(..end)?.to_owned()))
        };
        let given = self
            .base
            .as_ref()
            .filter(|(_, base)| url::below(path, base).is_some_and(url::is_endpoint));
        // The recorder may have called the target by another name.
        given
            .map(|(_, base)| (origin.clone(), base.clone()))
            .or_else(found)
    }

    /// Actions that are over at that time, each for the first time.
    pub fn over(&mut self, now: Timestamp) -> Vec<Seen> {
        let now = self.first.map_or(0, |first| {
            now.as_millisecond().saturating_sub(first.as_millisecond())
        });
        let is_full = self.waiting.len() > MOST;
        self.tell(|last| is_full || last.saturating_add(QUIET) <= now)
    }

    /// All that has not been told.
    pub fn rest(&mut self) -> Vec<Seen> {
        self.tell(|_| true)
    }

    /// How many exchanges wait to be told.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn tell(&mut self, is_over: impl Fn(i64) -> bool) -> Vec<Seen> {
        if self.okta_seen {
            self.waiting.retain(|one| one.from_okta);
        }
        // Answers come in another order than requests.
        self.waiting.sort_by_key(|one| one.start);
        let acts: Vec<_> = self
            .waiting
            .iter()
            .map(|one| recognise::act(&one.exchange.request, one.sent_whole))
            .collect();
        let mut told = BTreeSet::new();
        let mut seen = Vec::new();
        for action in actions::of(&self.waiting, &acts) {
            let of: Vec<&Captured> = action
                .requests
                .iter()
                .filter_map(|n| self.waiting.get(*n))
                .collect();
            if of.iter().map(|one| one.end).max().is_some_and(&is_over) {
                seen.push(self.seen(&action, &of));
                told.extend(action.requests);
            }
        }
        let mut place = 0_usize;
        self.waiting.retain(|_| {
            let is_told = told.contains(&place);
            place = place.saturating_add(1);
            !is_told
        });
        seen
    }

    fn seen(&self, action: &Action, requests: &[&Captured]) -> Seen {
        let job = action.job.and_then(|job| self.behaviour.jobs.get(job).ok());
        let answer = |one: &&Captured| match one.exchange.status() {
            Some(status) => status.to_string(),
            None => "no answer".to_owned(),
        };
        Seen {
            title: job.map(|job| job.title.clone()),
            requests: requests
                .iter()
                .map(|one| format!("{} {}", line(&one.exchange.request), answer(one)))
                .collect(),
            is_well: requests.iter().all(|one| one.is_success()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::har;

    fn entries() -> Vec<Entry> {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/recordings/okta-2026-oin.har"
        );
        let text = std::fs::read(file).unwrap();
        let mut entries = Vec::new();
        har::read(&text, |entry| entries.push(entry)).unwrap();
        entries
    }

    #[test]
    fn each_action_is_told_once_when_it_is_over() {
        for base in [
            "https://scim.acme.example/scim/v2",
            "https://scim.acme.example",
        ] {
            let mut watch = Watch::new(base).unwrap();
            let mut told = Vec::new();
            for entry in entries() {
                told.extend(watch.over(entry.started.unwrap()));
                assert!(watch.add(entry));
            }
            told.extend(watch.rest());
            assert_eq!((told.len(), watch.waiting()), (25, 0));
            assert!(told.iter().all(|seen| seen.title.is_some()));
            assert_eq!(told[0].requests, ["GET /Users 401"]);
            assert!(!told[0].is_well);
            let assigned = told
                .iter()
                .find(|seen| seen.title.as_deref() == Some("Assign a user"));
            assert_eq!(
                assigned.unwrap().requests,
                ["GET /Users?filter=… 200", "POST /Users 201"]
            );
        }
    }

    #[test]
    fn what_is_no_scim_is_not_told() {
        let mut watch = Watch::new("https://scim.acme.example/scim/v2").unwrap();
        let mut other = entries().remove(0);
        other.url = "https://scim.acme.example/healthz".to_owned();
        assert!(!watch.add(other));
        assert_eq!(watch.rest(), []);
    }
}
