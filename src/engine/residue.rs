//! What is still at the target when everything is removed that the run knows of.
//!
//! A create may have made something without telling its id: its answer did not come, could not be read, or showed the
//! resource of others. All names of a run hold its id, so what it has made can be found by them.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::cleanup::{clean_up, place};
use super::guard::name_shown;
use super::judge::names_it;
use super::ledger::Unresolved;
use super::outcome::{LeftBehind, Presence};
use super::session::{Session, observer_call};
use super::settings::Cleanup;

/// Resources of a page, as Okta's imports ask for them.
const PAGE: u64 = 100;
/// Pages that are read of a list: a tenant may hold any number of others.
const MOST_PAGES: usize = 50;
/// Names that are looked up, and how many at the same time.
const MOST_NAMES: usize = 500;
const AT_ONCE: usize = 8;
/// What could not be removed at first, and is tried once more.
const MOST_TRIED_AGAIN: usize = 200;

/// Why nobody can say whether a name is there.
const RENAMED: &str =
    "it had this name once, and a read of it shows another one now, so it was not deleted";
const CONTRADICTORY: &str = "a list shows it under this name, and a read of it has shown another one, so it was not deleted";
const NOT_REMOVED: &str = "it was not removed";
const NO_ID: &str = "its create gave this run no id of its own";

/// Looks for what creates have made without telling its id, and removes it; then says what remains of everything.
///
/// 1. Names without a known id are looked up, when a write has had its time to become visible.
/// 2. The lists of users and groups are read, for any name of the run.
/// 3. What was found is removed, if a read of it shows that it is the run's own.
/// 4. What no clean-up has tried is removed, and what it could not remove for reasons that pass is tried once more.
/// 5. A name is absent when neither look-up nor list shows it. What nobody can tell is left behind, perhaps.
pub async fn remove_rest(
    session: &Session,
    how: Cleanup,
    told: Vec<LeftBehind>,
) -> Vec<LeftBehind> {
    let is_reachable = session.run.gone().is_none() && how != Cleanup::Nothing;
    let mut complete = Complete::default();
    let mut left: Vec<LeftBehind> = told;
    if is_reachable {
        let unclear = session.ledger.unresolved();
        if unclear.iter().any(|one| !one.refused) {
            // What was made just now may not be visible yet.
            session.run.pause(session.run.settle).await;
        }
        look_up_names(session, |one| !one.not_found || !one.refused).await;
        for resource in [Resource::User, Resource::Group] {
            if session.ledger.has_sent(resource) {
                let whole = walk(session, resource).await.unwrap_or(false);
                complete.note(resource, whole);
            }
        }
        let once_more = worth_another_try(session, &left);
        let stays = clean_up(session, &once_more, how).await;
        left.retain(|one| {
            kind(one.resource).is_none_or(|k| !once_more.contains(&(k, one.id.clone())))
        });
        left.extend(stays);
    }
    for (resource, id, name) in session.ledger.known() {
        let is_told = left
            .iter()
            .any(|one| one.resource == resource.as_str() && one.id == id);
        if !is_told {
            left.push(LeftBehind {
                resource: resource.as_str(),
                id,
                name,
                presence: Presence::Perhaps,
                reason: NOT_REMOVED.to_owned(),
                is_undeletable: false,
            });
        }
    }
    let contradictory = session.ledger.contradictory();
    left.extend(
        contradictory
            .into_iter()
            .map(|(resource, id, name)| LeftBehind {
                resource: resource.as_str(),
                id,
                name,
                presence: Presence::Perhaps,
                reason: CONTRADICTORY.to_owned(),
                is_undeletable: false,
            }),
    );
    for unresolved in session.ledger.unresolved() {
        let Unresolved {
            resource,
            name,
            not_found,
            refused,
        } = unresolved;
        if let Some(id) = session.ledger.revoked(resource, &name) {
            left.push(LeftBehind {
                resource: resource.as_str(),
                id,
                name,
                presence: Presence::Perhaps,
                reason: RENAMED.to_owned(),
                is_undeletable: false,
            });
            continue;
        }
        let seen_nowhere = not_found && (refused || complete.is(resource));
        if seen_nowhere || (name.is_empty() && refused) {
            session.ledger.absent(resource, &name);
            continue;
        }
        left.push(LeftBehind {
            resource: resource.as_str(),
            id: "unknown".to_owned(),
            name,
            presence: Presence::Perhaps,
            reason: NO_ID.to_owned(),
            is_undeletable: false,
        });
    }
    left
}

/// Everything that no clean-up has tried yet, and some of what one could not remove for reasons that pass.
fn worth_another_try(session: &Session, told: &[LeftBehind]) -> HashSet<(Resource, String)> {
    let tried: HashMap<_, _> = told
        .iter()
        .filter_map(|one| Some(((kind(one.resource)?, one.id.clone()), one.presence)))
        .collect();
    let known = session.ledger.known().into_iter();
    let (untried, tried_before): (Vec<_>, Vec<_>) = known
        .map(|(resource, id, _)| (resource, id))
        .partition(|key| !tried.contains_key(key));
    let passing = tried_before
        .into_iter()
        .filter(|key| tried.get(key) == Some(&Presence::Perhaps));
    untried
        .into_iter()
        .chain(passing.take(MOST_TRIED_AGAIN))
        .collect()
}

/// Looks for what the creates of one scenario have made without telling its id. Others may be at work.
pub async fn find_sent(session: &Session) {
    look_up_names(session, |one| {
        !one.not_found && session.has_sent(one.resource, &one.name)
    })
    .await;
}

/// Which lists were read to their end.
#[derive(Default)]
struct Complete(Vec<Resource>);

impl Complete {
    fn note(&mut self, resource: Resource, whole: bool) {
        if whole {
            self.0.push(resource);
        }
    }

    fn is(&self, resource: Resource) -> bool {
        self.0.contains(&resource)
    }
}

fn kind(word: &str) -> Option<Resource> {
    [Resource::User, Resource::Group]
        .into_iter()
        .find(|resource| resource.as_str() == word)
}

/// Looks up some of the names without a known id, and takes over what is there.
async fn look_up_names(session: &Session, wanted: impl Fn(&Unresolved) -> bool) {
    let names = session.ledger.unresolved();
    let names = names
        .into_iter()
        .filter(|one| !one.name.is_empty() && wanted(one))
        .take(MOST_NAMES);
    let looking = names.map(|one| async move {
        // What cannot be looked up stays unresolved, and is told.
        let _ = look_up_one(session, one.resource, &one.name).await;
    });
    stream::iter(looking)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
}

async fn look_up_one(session: &Session, resource: Resource, name: &str) -> Result<(), NotSent> {
    let intent = Intent::LookUp {
        resource,
        name: name.to_owned(),
    };
    let request = session.client.look_up(resource, name, session.variants);
    let call = observer_call(request, intent);
    let sent = session.perform(&call, Origin::Cleanup, &place()).await?;
    let Some(response) = sent.exchange.response().filter(|r| r.is_success()) else {
        return Ok(());
    };
    let named = rows_of(response.json())
        .iter()
        .filter(|row| names_it(row, resource, name));
    let named: Vec<&Value> = named.collect();
    let are_known = named
        .iter()
        .all(|row| reading::id_of(row).is_some_and(|id| session.ledger.knows(resource, &id)));
    if !named.is_empty() && are_known {
        // All that has this name has come from other creates.
        session.ledger.not_found(resource, name);
    }
    take_over(session, resource, named.into_iter()).await
}

fn rows_of(list: Option<&Value>) -> &[Value] {
    list.and_then(|list| list.get("Resources").or_else(|| list.get("resources")))
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Takes over the rows that have a name of the run, and that it does not know yet.
async fn take_over(
    session: &Session,
    resource: Resource,
    rows: impl Iterator<Item = &Value>,
) -> Result<(), NotSent> {
    for row in rows {
        let (Some(id), Some(name)) = (reading::id_of(row), name_shown(row, resource)) else {
            continue;
        };
        let is_settled = session.ledger.knows(resource, &id) || session.ledger.keeps(resource, &id);
        if !session.is_name_of_run(name) || is_settled {
            continue;
        }
        if session.ledger.knows_as_foreign(resource, &id) {
            session.ledger.listed_as_ours(resource, &id, name);
            continue;
        }
        session
            .adopt(resource, &id, name, Origin::Cleanup, &place())
            .await?;
    }
    Ok(())
}

/// Reads the list, and takes over what has a name of the run; whether it was read to its end.
async fn walk(session: &Session, resource: Resource) -> Result<bool, NotSent> {
    let mut start_index: u64 = 1;
    for _ in 0..MOST_PAGES {
        let intent = Intent::List {
            resource,
            start_index,
            count: PAGE,
        };
        let call = observer_call(session.client.list(resource, start_index, PAGE), intent);
        let sent = session.perform(&call, Origin::Cleanup, &place()).await?;
        let answer = sent.exchange.response().filter(|r| r.is_success());
        let Some(Ok(page)) = answer.map(reading::page) else {
            return Ok(false);
        };
        take_over(session, resource, page.resources.iter()).await?;
        let shown = page.resources.len() as u64;
        start_index = start_index.saturating_add(shown);
        if start_index > page.total {
            return Ok(true);
        }
        if shown == 0 {
            return Ok(false);
        }
    }
    Ok(false)
}
