//! Admin actions out of recorded requests: which requests belong together, and which job they are.
//!
//! Okta runs jobs for different users and groups side by side, and those for one of them one after the other. So the
//! requests are put into a chain for each user and group, and the chain is cut where one job ends.

use std::collections::HashMap;

use serde_json::Value;

use crate::okta::reading::{self, Match};
use crate::okta::request::{MemberChange, Resource};

use super::jobs::Place;
use super::patch::Change;
use super::recognise::Act;
use super::traffic::Captured;
use super::url;

/// How long after its last request a job may still send one, in milliseconds. Okta's come within a second of each other.
const PAUSE: i64 = 30_000;

/// What belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action {
    /// The job that sends it; none when none is known.
    pub job: Option<&'static str>,
    /// Its requests, in their order: places in the recording.
    pub requests: Vec<usize>,
    /// Users or groups, and which; none of the app itself.
    pub about: Option<Resource>,
}

/// What a request is, as far as it decides where a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    FoundNone,
    FoundActive,
    FoundInactive,
    Create,
    Read,
    /// It is not there any more, or cannot be read: the job ends.
    ReadRefused,
    PutOff,
    PutPassword,
    /// A user goes back exactly as the read has shown.
    PutSame,
    Put,
    PatchOn,
    PatchOff,
    PatchPassword,
    PatchName,
    PatchMembers,
    PatchAll,
    PatchOther,
    Delete,
}

/// The body of a recorded request, when all of it is known.
pub(super) fn body_of(act: &Act) -> Option<&Value> {
    match act {
        Act::Create { body, .. } | Act::Put { body, .. } => body.as_ref(),
        _ => None,
    }
}

/// What a recorded PATCH changes.
pub(super) fn change_of(act: &Act) -> Option<&Change> {
    match act {
        Act::Patch { change, .. } => change.as_ref(),
        _ => None,
    }
}

/// What a change of a group, or its push as a whole, has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupChange {
    /// It has another name.
    pub renamed: bool,
    /// Members have come.
    pub added: bool,
    /// Members have left.
    pub removed: bool,
}

impl Action {
    /// The places of its requests in the job, by the names of the slots.
    pub(super) fn places(&self, acts: &[Act]) -> Vec<(usize, Place)> {
        let Some(job) = self.job else {
            return Vec::new();
        };
        let (mut reads, mut puts) = (0_usize, 0_usize);
        let of = |n: &usize| -> Option<(usize, Place)> {
            let slot = match acts.get(*n)? {
                Act::LookUp { .. } | Act::Search { .. } => "find",
                Act::Create { .. } => "create",
                Act::Delete { .. } => "delete",
                Act::Read { .. } => {
                    reads = reads.saturating_add(1);
                    match (job, reads) {
                        ("push-group", _) => "get",
                        (_, 1) => "exists",
                        (_, 2) => "get",
                        _ => "get-again",
                    }
                }
                Act::Put { .. } => {
                    puts = puts.saturating_add(1);
                    match (job, puts) {
                        ("push-group", _) => "put",
                        (_, 1) => "name",
                        _ => "members",
                    }
                }
                Act::Patch { change, .. } => match change {
                    Some(change) if change.members.is_some() => "members",
                    _ => "name",
                },
                _ => return None,
            };
            Some((*n, Place { job, slot }))
        };
        self.requests.iter().filter_map(of).collect()
    }

    /// What of a group it has changed: what its requests say, beside what the first read has shown.
    pub(super) fn group_change(&self, captured: &[Captured], acts: &[Act]) -> GroupChange {
        let shown = self.requests.iter().find_map(|n| {
            let is_read = matches!(acts.get(*n), Some(Act::Read { .. }));
            captured.get(*n).filter(|_| is_read)?.good()
        });
        let ids = |group: &Value| -> Vec<String> {
            let members = group.get("members").and_then(Value::as_array);
            let members = members.into_iter().flatten();
            members
                .filter_map(|member| Some(member.get("value")?.as_str()?.to_owned()))
                .collect()
        };
        let was: Vec<String> = shown.map(ids).unwrap_or_default();
        let name = shown.and_then(|group| group.get("displayName"));
        let mut change = GroupChange::default();
        let mut last = None;
        for act in self.requests.iter().filter_map(|n| acts.get(*n)) {
            if let Some(body) = body_of(act) {
                change.renamed |= name.is_some() && body.get("displayName") != name;
                last = Some(ids(body));
            }
            let Some(patch) = change_of(act) else {
                continue;
            };
            let new = patch.value("displayName");
            change.renamed |= new.is_some() && name.is_some() && new != name;
            match &patch.members {
                Some(MemberChange::Replace(all)) => last = Some(all.iter().cloned().collect()),
                Some(MemberChange::Delta { remove, add }) => {
                    change.added |= !add.is_empty();
                    change.removed |= !remove.is_empty();
                }
                None => {}
            }
        }
        if let Some(last) = last {
            change.added |= last.iter().any(|id| !was.contains(id));
            change.removed |= was.iter().any(|id| !last.contains(id));
        }
        change
    }
}

/// The actions of a recording, in the order of their first requests.
#[must_use]
pub(super) fn of(captured: &[Captured], acts: &[Act]) -> Vec<Action> {
    let (chains, app) = chains(captured, acts);
    let mut actions = Vec::new();
    for (resource, chain) in chains {
        for part in at_pauses(&chain, captured) {
            cut(resource, &part, captured, acts, &mut actions);
        }
    }
    about_the_app(&app, captured, acts, &mut actions);
    actions.sort_by_key(|action| action.requests.first().copied());
    actions
}

type Chain = (Resource, Vec<usize>);

/// The requests about each user and group, and those about the app.
fn chains(captured: &[Captured], acts: &[Act]) -> (Vec<Chain>, Vec<usize>) {
    let mut chains: Vec<Chain> = Vec::new();
    let mut by_id: HashMap<(Resource, String), usize> = HashMap::new();
    let mut by_name: HashMap<(Resource, String), usize> = HashMap::new();
    let mut app = Vec::new();
    for (n, (one, act)) in captured.iter().zip(acts).enumerate() {
        let mut chain_of = |known: Option<usize>, resource: Resource| {
            let at = known.unwrap_or_else(|| {
                chains.push((resource, Vec::new()));
                chains.len().saturating_sub(1)
            });
            if let Some((_, chain)) = chains.get_mut(at) {
                chain.push(n);
            }
            at
        };
        let searched = searched_for(one, act);
        match act {
            Act::LookUp { resource, .. } | Act::Search { resource } if searched.is_some() => {
                let name = (*resource, searched.unwrap_or_default());
                let found = one.exchange.response().map(reading::look_up);
                let id = match found {
                    Some(Match::One { id, .. }) => Some((*resource, id)),
                    _ => None,
                };
                let known = id.as_ref().and_then(|id| by_id.get(id)).copied();
                let at = chain_of(known, *resource);
                if let Some(id) = id {
                    by_id.insert(id, at);
                }
                by_name.insert(name, at);
            }
            Act::Create {
                resource,
                name,
                body,
            } => {
                // It follows the look-up of the name, if there was one; under some variants, that of the address.
                let address = || {
                    let email = body.as_ref()?.pointer("/emails/0/value")?;
                    email.as_str().map(str::to_lowercase)
                };
                let name = name.as_ref().map(|name| name.to_lowercase());
                let known = name
                    .and_then(|name| by_name.remove(&(*resource, name)))
                    .or_else(|| by_name.remove(&(*resource, address()?)));
                let at = chain_of(known, *resource);
                if let Some(id) = one.good().and_then(reading::id_of) {
                    by_id.insert((*resource, id), at);
                }
            }
            Act::Read { resource, id }
            | Act::Put { resource, id, .. }
            | Act::Patch { resource, id, .. }
            | Act::Delete { resource, id } => {
                let key = (*resource, id.clone());
                let at = chain_of(by_id.get(&key).copied(), *resource);
                by_id.insert(key, at);
            }
            Act::LookUp { .. } | Act::Page { .. } | Act::Search { .. } | Act::Other => app.push(n),
        }
    }
    (chains, app)
}

/// The value that a look-up compares with, in lower case: of a filter with one comparison.
fn searched_for(one: &Captured, act: &Act) -> Option<String> {
    match act {
        Act::LookUp { name, .. } => Some(name.to_lowercase()),
        Act::Search { .. } => {
            let parameters = url::parameters(&one.exchange.request.target);
            let mut filters = parameters.into_iter();
            let (_, filter) = filters.find(|(name, _)| name == "filter")?;
            let (_, value) = filter.split_once(" eq \"")?;
            let value = value.strip_suffix('"')?;
            (!value.contains('"')).then(|| value.to_lowercase())
        }
        _ => None,
    }
}

/// A chain in parts between which Okta had nothing to do with it.
fn at_pauses(chain: &[usize], captured: &[Captured]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut until = i64::MIN;
    for n in chain {
        let Some(one) = captured.get(*n) else {
            continue;
        };
        match parts.last_mut() {
            Some(part) if one.start <= until => part.push(*n),
            _ => parts.push(vec![*n]),
        }
        until = one.end.saturating_add(PAUSE);
    }
    parts
}

fn token(n: usize, before: Option<usize>, captured: &[Captured], acts: &[Act]) -> Option<Token> {
    let (one, act) = (captured.get(n)?, acts.get(n)?);
    Some(match act {
        Act::LookUp { .. } | Act::Search { .. } => {
            match one.exchange.response().map(reading::look_up) {
                Some(Match::One { active: true, .. }) => Token::FoundActive,
                Some(Match::One { active: false, .. }) => Token::FoundInactive,
                _ => Token::FoundNone,
            }
        }
        Act::Create { .. } => Token::Create,
        Act::Read { .. } if one.is_success() => Token::Read,
        Act::Read { .. } => Token::ReadRefused,
        Act::Delete { .. } => Token::Delete,
        Act::Put {
            resource: Resource::Group,
            ..
        } => Token::Put,
        Act::Put { .. } => {
            let body = body_of(act);
            let base = before
                .and_then(|n| captured.get(n))
                .and_then(Captured::good);
            let flag = |user: Option<&Value>| user?.get("active").and_then(Value::as_bool);
            let carries = |user: Option<&Value>| user.is_some_and(|u| u.get("password").is_some());
            if carries(body) && !carries(base) {
                Token::PutPassword
            } else if flag(body) == Some(false) && flag(base) != Some(false) {
                Token::PutOff
            } else if body.is_some() && body == base {
                Token::PutSame
            } else {
                Token::Put
            }
        }
        Act::Patch { resource, .. } => {
            let change = change_of(act)?;
            let active = change.value("active").and_then(Value::as_bool);
            match (resource, active, &change.members) {
                (Resource::User, Some(true), _) => Token::PatchOn,
                (Resource::User, Some(false), _) => Token::PatchOff,
                (Resource::User, None, _) if change.password => Token::PatchPassword,
                (Resource::User, None, _) => Token::PatchOther,
                (Resource::Group, _, None) => Token::PatchName,
                (Resource::Group, _, Some(MemberChange::Delta { .. })) => Token::PatchMembers,
                (Resource::Group, _, Some(MemberChange::Replace(_))) => Token::PatchAll,
            }
        }
        Act::Page { .. } | Act::Other => return None,
    })
}

/// Cuts a part of a chain into jobs, from its beginning: the longest job that fits is taken.
fn cut(
    resource: Resource,
    part: &[usize],
    captured: &[Captured],
    acts: &[Act],
    actions: &mut Vec<Action>,
) {
    let before = std::iter::once(None).chain(part.iter().copied().map(Some));
    let tokens: Vec<Option<Token>> = part
        .iter()
        .zip(before)
        .map(|(n, before)| token(*n, before, captured, acts))
        .collect();
    let mut at: usize = 0;
    while let Some(rest) = tokens.get(at..).filter(|rest| !rest.is_empty()) {
        let known: Vec<Token> = rest.iter().map_while(|token| *token).collect();
        let (job, length) = match resource {
            Resource::User => of_user(&known),
            Resource::Group => of_group(&known),
        }
        .map_or((None, 1), |(job, length)| (Some(job), length));
        let end = at.saturating_add(length.max(1));
        let requests = part.get(at..end).unwrap_or_default().to_vec();
        actions.push(Action {
            job,
            requests,
            about: Some(resource),
        });
        at = end;
    }
}

/// The job that the requests of a user begin with, and how many of them are its.
fn of_user(tokens: &[Token]) -> Option<(&'static str, usize)> {
    use Token::{
        Create, FoundActive, FoundInactive, FoundNone, PatchOff, PatchOn, PatchOther,
        PatchPassword, Put, PutOff, PutPassword, PutSame, Read, ReadRefused,
    };
    Some(match tokens {
        [FoundNone, Create, ..] => ("assign", 2),
        [FoundInactive, Read, Put, Read, Put | PutSame, ..] => ("assign", 5),
        [FoundInactive, Read, PatchOn, Read, Put | PutSame, ..]
        | [FoundActive, Read, PutSame, Read, Put | PutSame, ..] => ("assign", 5),
        [
            FoundInactive | FoundActive,
            PatchOn,
            Read,
            Put | PutSame,
            ..,
        ] => ("assign", 4),
        [FoundInactive | FoundActive, Read, Put | PutSame, ..] => ("assign", 3),
        [FoundNone | FoundActive | FoundInactive, ..] => ("assign", 1),
        [Read, PutOff, ..] | [Read, PatchOff, ..] => ("deactivate", 2),
        [PatchOff, ..] => ("deactivate", 1),
        [Read, PutPassword, ..] | [Read, PatchPassword, ..] => ("sync-password", 2),
        [PatchPassword, ..] => ("sync-password", 1),
        [Read, Put | PutSame, ..] => ("push-profile", 2),
        [ReadRefused, ..] => ("push-profile", 1),
        [PatchOther, ..] => ("push-profile", 1),
        _ => return None,
    })
}

/// The same of a group.
fn of_group(tokens: &[Token]) -> Option<(&'static str, usize)> {
    use Token::{
        Create, Delete, FoundActive, FoundInactive, FoundNone, PatchAll, PatchMembers, PatchName,
        Put, Read, ReadRefused,
    };
    let is_members = |token: &Token| *token == PatchMembers;
    let and_members = |n: usize| {
        let more = tokens.iter().skip(n).take_while(|token| is_members(token));
        n.saturating_add(more.count())
    };
    let found = |token: &Token| matches!(token, FoundActive | FoundInactive);
    // A look-up and a create, either of them, begin the push of a group.
    let begun = match tokens {
        [FoundNone, Create, ..] => 2,
        [Create, ..] => 1,
        [first, ..] if found(first) => 1,
        [FoundNone, ..] => return Some(("push-group", 1)),
        _ => 0,
    };
    if begun > 0 {
        let is_found = tokens.first().is_some_and(found);
        let length = match tokens.get(begun..).unwrap_or_default() {
            [Read, Put, ..] => begun.saturating_add(2),
            [Read, PatchName, ..] if is_found => and_members(begun.saturating_add(2)),
            [PatchName, ..] => and_members(begun.saturating_add(1)),
            _ => and_members(begun),
        };
        return Some(("push-group", length));
    }
    Some(match tokens {
        [ReadRefused, ..] => ("update-group", 1),
        [Read, ReadRefused, ..] => ("update-group", 2),
        [Read, Delete, ..] => ("delete-group", 2),
        [Delete, ..] => ("delete-group", 1),
        [Read, Read, Put, Put, ..] => ("push-group-now", 4),
        // The next action would begin with two reads.
        [Read, Read, Put, Read, Put, ..] => ("update-group", 5),
        [Read, Read, Put, ..] => ("update-group", 3),
        [Read, Put, ..] => ("update-group", 2),
        [Read, PatchName, PatchAll, ..] => ("push-group-now", and_members(3)),
        [PatchName, PatchAll, ..] | [Read, PatchAll, ..] => ("push-group-now", and_members(2)),
        [PatchAll, ..] => ("push-group-now", and_members(1)),
        [Read, PatchName, ..] => ("update-group", and_members(2)),
        [PatchName, ..] => ("update-group", and_members(1)),
        [Read, PatchMembers, ..] => ("update-group", and_members(1)),
        [PatchMembers, ..] => ("update-group", and_members(0)),
        _ => return None,
    })
}

/// Tests of the connection, saves, imports.
fn about_the_app(app: &[usize], captured: &[Captured], acts: &[Act], actions: &mut Vec<Action>) {
    let mut at: usize = 0;
    let act = |at: usize| app.get(at).and_then(|n| acts.get(*n));
    let is_next = |at: usize| {
        let pair = app.get(at).zip(app.get(at.saturating_add(1)));
        let pair = pair.and_then(|(a, b)| captured.get(*a).zip(captured.get(*b)));
        pair.is_some_and(|(a, b)| b.start <= a.end.saturating_add(PAUSE / 6))
    };
    while let Some(first) = act(at) {
        let (job, length) = match first {
            Act::Page {
                resource: Resource::User,
                start: 1,
                count: 1 | 2,
            } => match act(at.saturating_add(1)) {
                Some(Act::Page {
                    resource: Resource::Group,
                    start: 1,
                    ..
                }) if is_next(at) => (Some("save-integration"), 2),
                _ => (Some("test-connection"), 1),
            },
            Act::Page {
                resource,
                start: 1,
                count: 100,
            } => {
                let mut length: usize = 1;
                while let Some(Act::Page {
                    resource: other,
                    start,
                    ..
                }) = act(at.saturating_add(length))
                    && other == resource
                    && *start > 2
                {
                    length = length.saturating_add(1);
                }
                let job = match resource {
                    Resource::User => "import-users",
                    Resource::Group => "import-groups",
                };
                (Some(job), length)
            }
            _ => (None, 1),
        };
        let end = at.saturating_add(length);
        actions.push(Action {
            job,
            requests: app.get(at..end).unwrap_or_default().to_vec(),
            about: None,
        });
        at = end;
    }
}
