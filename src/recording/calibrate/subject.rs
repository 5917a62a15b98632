//! What Okta knew when it sent a job, read off what it sent.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use serde_json::Value;

use crate::okta::app::Mapped;
use crate::okta::body::{Member, Profile};
use crate::okta::request::{MemberChange, Resource};
use crate::okta::task::{GroupCard, PersonCard, Subject};
use crate::secret::Secret;

use super::super::actions::{Action, body_of, change_of};
use super::super::recognise::{Act, name_in};
use super::super::traffic::Captured;

/// The user or group of an action.
#[must_use]
pub(super) fn of(
    action: &Action,
    captured: &[Captured],
    acts: &[Act],
    mapping: &[Mapped],
) -> Subject {
    let acts: Vec<&Act> = action
        .requests
        .iter()
        .filter_map(|n| acts.get(*n))
        .collect();
    let captured: Vec<&Captured> = action
        .requests
        .iter()
        .filter_map(|n| captured.get(*n))
        .collect();
    match action.about {
        None => Subject::App,
        Some(Resource::User) => Subject::Person(person(&acts, &captured, mapping)),
        Some(Resource::Group) => Subject::Group(group(&acts, &captured)),
    }
}

/// The id that requests name.
fn link(acts: &[&Act]) -> Option<String> {
    let began_with_a_search = matches!(
        acts.first(),
        Some(Act::LookUp { .. } | Act::Search { .. } | Act::Create { .. })
    );
    let id = acts.iter().find_map(|act| match act {
        Act::Read { id, .. }
        | Act::Put { id, .. }
        | Act::Patch { id, .. }
        | Act::Delete { id, .. } => Some(id.clone()),
        _ => None,
    });
    id.filter(|_| !began_with_a_search)
}

fn looked_up(acts: &[&Act]) -> Option<String> {
    acts.iter().find_map(|act| match act {
        Act::LookUp { name, .. } => Some(name.clone()),
        _ => None,
    })
}

fn person(acts: &[&Act], captured: &[&Captured], mapping: &[Mapped]) -> PersonCard {
    let bodies = || acts.iter().rev().filter_map(|act| body_of(act));
    let text = |key: &str| bodies().find_map(|body| Some(body.get(key)?.as_str()?.to_owned()));
    let mut profile = Profile::new();
    if let Some(body) = bodies().next() {
        let mut reads = acts.iter().zip(captured).rev();
        let base = reads.find_map(|(act, one)| match act {
            Act::Read { .. } => one.good(),
            _ => None,
        });
        for mapped in mapping {
            let sent = mapped.to.read(body).filter(|value| !value.is_null());
            let was = base.and_then(|base| mapped.to.read(base));
            match (sent, was.filter(|was| !was.is_null())) {
                (Some(value), _) => drop(profile.insert(mapped.from.clone(), value.clone())),
                // It was cleared.
                (None, Some(_)) => drop(profile.insert(mapped.from.clone(), Value::Null)),
                (None, None) => {}
            }
        }
    }
    for set in acts
        .iter()
        .filter_map(|act| change_of(act))
        .flat_map(|change| &change.sets)
    {
        if let Some(mapped) = mapping.iter().find(|mapped| mapped.to == set.at) {
            profile.insert(mapped.from.clone(), set.value.clone());
        }
    }
    let login = looked_up(acts).or_else(|| text("userName"));
    let in_patch = || {
        let mut changes = acts.iter().filter_map(|act| change_of(act));
        let password = changes.find_map(|change| change.value("password").cloned());
        password.and_then(|password| password.as_str().map(str::to_owned))
    };
    let password = text("password").or_else(in_patch).unwrap_or_default();
    PersonCard {
        key: "user".to_owned(),
        okta_id: text("externalId").unwrap_or_default(),
        login: login.unwrap_or_default(),
        name: String::new(),
        profile,
        password: Secret::new(password),
        link: link(acts),
    }
}

fn group(acts: &[&Act], captured: &[&Captured]) -> GroupCard {
    let bodies: Vec<&Value> = acts.iter().filter_map(|act| body_of(act)).collect();
    let in_body = bodies
        .iter()
        .rev()
        .find_map(|body| name_in(body, Resource::Group));
    let in_patch = || {
        let mut changes = acts.iter().filter_map(|act| change_of(act));
        let name = changes.find_map(|change| change.value("displayName").cloned());
        name.and_then(|name| name.as_str().map(str::to_owned))
    };
    let name = in_body.or_else(in_patch).or_else(|| looked_up(acts));
    let changes: Vec<&MemberChange> = acts
        .iter()
        .filter_map(|act| change_of(act)?.members.as_ref())
        .collect();
    let sent = all_sent(captured);
    let known = |id: &String| {
        let sent = sent.iter().rfind(|member| member.id == *id).cloned();
        sent.unwrap_or_else(|| Member {
            id: id.clone(),
            display: None,
        })
    };
    let mut members: Vec<Member> = match bodies.last() {
        Some(body) => members_of(body),
        None => Vec::new(),
    };
    let mut pushed: IndexSet<String> = IndexSet::new();
    for change in changes {
        match change {
            MemberChange::Replace(all) => members = in_order(&sent, all),
            MemberChange::Delta { remove, add } => {
                pushed.extend(as_sent(captured, remove));
                let new = in_order(&sent, add);
                let missing = new
                    .into_iter()
                    .filter(|new| members.iter().all(|known| known.id != new.id));
                members.extend(missing.collect::<Vec<_>>());
            }
        }
    }
    let members: Vec<Member> = members.iter().map(|member| known(&member.id)).collect();
    let reads_again = matches!(
        acts,
        [
            Act::Read { .. },
            Act::Read { .. },
            Act::Put { .. },
            Act::Read { .. },
            ..
        ]
    );
    let is_put = acts.iter().any(|act| matches!(act, Act::Put { .. }));
    if is_put && !reads_again {
        // Nobody has come or left, or the job does not say.
        pushed = members.iter().map(|member| member.id.clone()).collect();
    } else if is_put && members.is_empty() {
        pushed.insert("another".to_owned());
    }
    GroupCard {
        key: "group".to_owned(),
        name: name.unwrap_or_default(),
        members,
        pushed,
        keep: BTreeSet::new(),
        link: link(acts),
    }
}

/// The members of a body, in its order.
fn members_of(body: &Value) -> Vec<Member> {
    let listed = body.get("members").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|member| {
            let text = |key: &str| member.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Member {
                id: text("value")?,
                display: text("display"),
            })
        })
        .collect()
}

/// Those who leave, in the order in which they were sent: the path of each removal names one.
fn as_sent(captured: &[&Captured], removed: &BTreeSet<String>) -> Vec<String> {
    let bodies: Vec<String> = captured
        .iter()
        .filter_map(|one| one.exchange.request.body.as_deref())
        .map(|body| String::from_utf8_lossy(body).into_owned())
        .collect();
    let place = |id: &String| {
        let of = |(n, body): (usize, &String)| body.find(id.as_str()).map(|at| (n, at));
        bodies.iter().enumerate().find_map(of)
    };
    let mut all: Vec<String> = removed.iter().cloned().collect();
    all.sort_by_key(place);
    all
}

/// Every member that a request has named, with how it was called.
fn all_sent(captured: &[&Captured]) -> Vec<Member> {
    let mut all = Vec::new();
    for one in captured {
        let body = one.exchange.request.body.as_deref();
        let body = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let Some(body) = body else { continue };
        all.extend(members_of(&body));
        let operations = body.get("Operations").and_then(Value::as_array);
        for operation in operations.into_iter().flatten() {
            let value = operation.get("value");
            let members = match value {
                Some(Value::Array(_)) => serde_json::json!({"members": value}),
                Some(object) => object.clone(),
                None => continue,
            };
            all.extend(members_of(&members));
        }
    }
    all
}

/// Those of `ids`, in the order in which they were sent.
fn in_order(sent: &[Member], ids: &BTreeSet<String>) -> Vec<Member> {
    let mut all: Vec<Member> = Vec::new();
    for member in sent.iter().filter(|member| ids.contains(&member.id)) {
        if all.iter().all(|known| known.id != member.id) {
            all.push(member.clone());
        }
    }
    all
}
