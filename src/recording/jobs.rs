//! Which job of Okta's each recorded request belongs to, from what stands around it.
//!
//! Jobs for different people interleave, so they are told apart by whom they are about.

use std::collections::HashMap;

use serde_json::Value;

use crate::okta::App;
use crate::okta::reading::{self, Match};
use crate::okta::request::{MemberChange, Resource};

use super::patch::pushed;
use super::recognise::Act;
use super::traffic::Captured;

/// How long after its last request a job may still send one. Okta's come within a second of each other.
const PAUSE: i64 = 30_000;

/// A request in its job: names of the files and slots in `scenarios/okta`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The job.
    pub job: &'static str,
    /// The request within it.
    pub slot: &'static str,
}

const fn place(job: &'static str, slot: &'static str) -> Place {
    Place { job, slot }
}

/// Requests that are part of no job that is known.
pub(super) const OTHER: Place = place("other", "other");

/// A job that may send more.
struct Open {
    job: &'static str,
    until: i64,
    inactive: bool,
    woken: bool,
}

type Key = (Resource, String);

/// Finds out.
#[derive(Default)]
struct Sorter {
    /// By id.
    open: HashMap<Key, Open>,
    /// GETs that the next write to the same id explains.
    reads: HashMap<Key, usize>,
    /// When the last page of users was asked for as a test of the connection.
    probed: Option<i64>,
}

/// The place of each request.
#[must_use]
pub(super) fn sort(captured: &[Captured], acts: &[Act]) -> Vec<Place> {
    let mut sorter = Sorter::default();
    let mut places: Vec<Place> = Vec::with_capacity(captured.len());
    for (n, (one, act)) in captured.iter().zip(acts).enumerate() {
        let found = if one.from_okta {
            sorter.place(n, one, act, captured, &mut places)
        } else {
            OTHER
        };
        places.push(found);
    }
    places
}

impl Sorter {
    fn place(
        &mut self,
        n: usize,
        one: &Captured,
        act: &Act,
        all: &[Captured],
        places: &mut [Place],
    ) -> Place {
        match act {
            Act::LookUp { resource, .. } => {
                let job = assignment(*resource);
                if let (Some(response), true) = (one.exchange.response(), one.got_whole)
                    && let Match::One { id, active } = reading::look_up(response)
                {
                    self.begin(*resource, &id, job, one, !active);
                }
                place(job, "find")
            }
            Act::Create { resource, .. } => {
                let job = assignment(*resource);
                if let Some(id) = one.good().and_then(reading::id_of)
                    && *resource == Resource::Group
                {
                    self.begin(*resource, &id, job, one, false);
                }
                place(job, "create")
            }
            Act::Page {
                resource,
                start,
                count,
            } => self.page(*resource, *start, *count, one),
            Act::Read { resource, id } => {
                let key = (*resource, id.clone());
                self.reads.insert(key.clone(), n);
                match self.open(&key, one) {
                    Some(open) if open.inactive && !open.woken => place(open.job, "get-inactive"),
                    Some(open) => place(open.job, "get"),
                    None => OTHER,
                }
            }
            Act::Put { resource, id, body } => {
                let key = (*resource, id.clone());
                let read = self.reads.remove(&key);
                let base = read.and_then(|n| all.get(n)).and_then(Captured::good);
                let found = self.put(&key, body.as_ref(), base, one);
                self.explain(read, found, places);
                found
            }
            Act::Patch {
                resource,
                id,
                change,
            } => {
                let key = (*resource, id.clone());
                let read = self.reads.remove(&key);
                let found = match (resource, change) {
                    (_, None) => OTHER,
                    (Resource::User, Some(change)) => {
                        let active = change.value("active").and_then(Value::as_bool);
                        match active {
                            Some(false) => place("deactivate", "deactivate"),
                            Some(true) if change.sets.len() == 1 => self.wake(&key, one),
                            _ if change.password => place("sync-password", "password"),
                            _ => place("push-profile", "push"),
                        }
                    }
                    (Resource::Group, Some(change)) => {
                        self.group(&key, change.members.as_ref(), n, one, places)
                    }
                };
                self.explain(read, found, places);
                found
            }
            Act::Delete {
                resource: Resource::Group,
                ..
            } => place("delete-group", "delete"),
            Act::Search { .. } | Act::Delete { .. } | Act::Other => OTHER,
        }
    }

    fn begin(
        &mut self,
        resource: Resource,
        id: &str,
        job: &'static str,
        one: &Captured,
        inactive: bool,
    ) {
        self.open.insert(
            (resource, id.to_owned()),
            Open {
                job,
                until: one.end.saturating_add(PAUSE),
                inactive,
                woken: false,
            },
        );
    }

    /// The job that is going on with that id.
    fn open(&mut self, key: &Key, one: &Captured) -> Option<&mut Open> {
        let open = self
            .open
            .get_mut(key)
            .filter(|open| one.start <= open.until)?;
        open.until = one.end.saturating_add(PAUSE);
        Some(open)
    }

    fn wake(&mut self, key: &Key, one: &Captured) -> Place {
        if let Some(open) = self.open(key, one) {
            open.woken = true;
        }
        place("assign", "wake")
    }

    /// The GET before a write belongs to its job.
    fn explain(&self, read: Option<usize>, found: Place, places: &mut [Place]) {
        let Some(place) = read.and_then(|n| places.get_mut(n)) else {
            return;
        };
        if *place == OTHER && found != OTHER {
            *place = self::place(found.job, "get");
        }
    }

    fn put(
        &mut self,
        key: &Key,
        body: Option<&Value>,
        base: Option<&Value>,
        one: &Captured,
    ) -> Place {
        if key.0 == Resource::Group {
            return match self.open.remove(key) {
                Some(open) if one.start <= open.until => place("push-group", "put"),
                _ => place("update-group", "put"),
            };
        }
        let Some(body) = body else { return OTHER };
        let flag = |user: &Value| user.get("active").and_then(Value::as_bool);
        let was = base.and_then(flag);
        let only_state = base.is_some_and(|base| {
            let sets = pushed(body, Some(base));
            matches!(sets.as_slice(), [set] if set.at.attribute() == "active")
        });
        if flag(body) == Some(false) && was != Some(false) {
            return place("deactivate", "deactivate");
        }
        let carries = |user: &Value| user.get("password").is_some_and(|p| !p.is_null());
        if carries(body) && base.is_some_and(|base| !carries(base)) {
            return place("sync-password", "password");
        }
        match self.open(key, one) {
            Some(open) if only_state && open.inactive && !open.woken => {
                open.woken = true;
                place("assign", "wake")
            }
            Some(_) => {
                self.open.remove(key);
                place("assign", "push")
            }
            None if only_state && was == Some(false) => place("assign", "wake"),
            None => place("push-profile", "push"),
        }
    }

    fn group(
        &mut self,
        key: &Key,
        members: Option<&MemberChange>,
        n: usize,
        one: &Captured,
        places: &mut [Place],
    ) -> Place {
        let job = self.open(key, one).map_or("update-group", |open| open.job);
        match members {
            None => place(job, "name"),
            Some(MemberChange::Delta { .. }) => place(job, "members"),
            Some(MemberChange::Replace(_)) => {
                // The name goes before the members.
                if let Some(before) = n.checked_sub(1).and_then(|n| places.get_mut(n))
                    && *before == place("update-group", "name")
                {
                    *before = place("push-group-now", "name");
                }
                place("push-group-now", "members")
            }
        }
    }

    fn page(&mut self, resource: Resource, start: u64, count: u64, one: &Captured) -> Place {
        match (resource, start, count) {
            (Resource::User, 1, 1 | 2) => {
                self.probed = Some(one.end);
                place("test-connection", "probe-users")
            }
            (Resource::Group, 1, _)
                if self
                    .probed
                    .take()
                    .is_some_and(|at| one.start <= at.saturating_add(PAUSE / 6)) =>
            {
                place("test-connection", "probe-groups")
            }
            (Resource::User, ..) => place("import-users", "pages"),
            (Resource::Group, ..) => place("import-groups", "pages"),
        }
    }
}

fn assignment(resource: Resource) -> &'static str {
    match resource {
        Resource::User => "assign",
        Resource::Group => "push-group",
    }
}

/// The kinds of app that have sent this: only what one kind alone sends tells.
#[must_use]
pub(super) fn apps(acts: &[Act], places: &[Place]) -> Vec<App> {
    let of = |(act, place): (&Act, &Place)| match (act, place.job) {
        (Act::Patch { .. }, job) if job != "other" && place.slot != "push" => Some(App::Oin),
        (Act::Put { resource, .. }, job) if *resource == Resource::Group || job == "deactivate" => {
            Some(App::Custom)
        }
        (Act::Put { .. }, "assign") if place.slot == "wake" => Some(App::Custom),
        _ => None,
    };
    let mut apps: Vec<App> = acts.iter().zip(places).filter_map(of).collect();
    apps.sort_unstable();
    apps.dedup();
    apps
}
