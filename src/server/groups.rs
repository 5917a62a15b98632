//! Creating and changing groups and their members (RFC 7644, 3.3, 3.5.1 and 3.5.2).

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::answer::{Answer, Problem};
use super::evaluate::{self, Test};
use super::index::Indexed;
use super::ingest;
use super::limits;
use super::membership::{Change, Member, Members};
use super::patch::{self, Op, Operation};
use super::policy::{Repeated, Unknown};
use super::request::Incoming;
use super::resource::{self, Context};
use super::resource_type::Kind;
use super::rules;
use super::store::{Id, Record, Store};
use super::users::restore;
use crate::scim::schema::Mutability;
use crate::scim::{ErrorType, Filter, PatchPath, schema};

const KIND: Kind = Kind::Group;
const MEMBERS: &str = "members";

/// A PATCH of a larger group is answered 204, as RFC 7644, 3.5.2 leaves free: a change that
/// names one member must not cost by all of them. A query for `attributes` or
/// `excludedAttributes` is answered 200 with what it asks for.
const MOST_MEMBERS_IN_ANSWER: usize = 1000;

/// `POST /Groups`: files a new group; its id. RFC 7643, 4.2 leaves open whether two groups may have one name. Okta, which
/// creates without a lookup while "Import Groups" is on, needs 409 to link what exists.
pub(super) fn insert(
    context: Context<'_>,
    store: &mut Store,
    body: &Map<String, Value>,
) -> Result<Id, Problem> {
    let mut attributes = ingest::resource(context.resource_type(KIND), body)?;
    attributes.shift_remove(MEMBERS);
    let name = display_name(&attributes)?;
    rules::check(context.resource_type(KIND), store, None, None, &attributes)?;
    let members = members_of(context, store, body)?.unwrap_or_default();
    let namesake = store.of(KIND).lookup(Indexed::DisplayName, name).next();
    if let Some(id) = namesake.map(|namesake| namesake.id.clone()) {
        if context.policy.overwrites_namesake_groups() {
            store.remove(KIND, &id);
            return Ok(file(store, id, attributes, members));
        }
        if context.policy.refuses_namesake_groups() {
            return Err(Problem::conflict(format!("A group {name} exists already")));
        }
    }
    let id = context.policy.new_id(KIND, store, &attributes);
    Ok(file(store, id, attributes, members))
}

fn file(store: &mut Store, id: Id, attributes: Map<String, Value>, members: Vec<Member>) -> Id {
    let mut journal = Vec::new();
    let mut record = Record::new(id.clone(), attributes);
    for member in members {
        record.members.insert(member, &mut journal);
    }
    store.of_mut(KIND).insert(record);
    store.follow(&id, &journal);
    id
}

/// `PUT /Groups/{id}`: without `members` the members stay (RFC 7644, 3.5.1 leaves the
/// choice; emptying a group is the costlier mistake), `[]` removes them all.
pub(super) fn replace(
    context: Context<'_>,
    store: &mut Store,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let body = incoming.object()?;
    let id = resource::changeable(context.policy, store, KIND, id, &incoming.headers)?;
    let mut attributes = ingest::resource(context.resource_type(KIND), body)?;
    attributes.shift_remove(MEMBERS);
    display_name(&attributes)?;
    let of = context.resource_type(KIND);
    let old = resource::visible(context.policy, store, KIND, &id)?
        .attributes
        .to_map();
    rules::keep_unshown(of, &old, &mut attributes);
    rules::check(of, store, Some(&id), Some(&old), &attributes)?;
    let mut members = members_of(context, store, body)?;
    if members.is_none() && context.policy.absent_members_are_none() {
        members = Some(Vec::new());
    }
    let mut journal = Vec::new();
    if let Some(members) = members {
        set_members(store, &id, members, &mut journal);
    }
    commit(context, store, &id, &old, attributes, &journal, incoming)
}

/// `PATCH /Groups/{id}`
pub(super) fn modify(
    context: Context<'_>,
    store: &mut Store,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let operations = patch::read(incoming.object()?)?;
    let id = resource::changeable(context.policy, store, KIND, id, &incoming.headers)?;
    let group = resource::visible(context.policy, store, KIND, &id)?;
    let added = operations
        .iter()
        .filter_map(|o| o.value.as_ref()?.as_array());
    let added: usize = added.map(Vec::len).sum();
    limits::check_paths(&operations, group.members.len().saturating_add(added))?;
    let old = group.attributes.to_map();
    let mut attributes = old.clone();
    let mut journal = Vec::new();
    if context.policy.reads_stale_members() && operations.iter().any(is_about_members) {
        fall_behind(store, &id, &mut journal);
    }
    let applied = operations
        .into_iter()
        .try_for_each(|operation| {
            apply(
                context,
                store,
                &id,
                &mut attributes,
                operation,
                &mut journal,
            )
        })
        .and_then(|()| display_name(&attributes).map(|_| ()))
        .and_then(|()| {
            let of = context.resource_type(KIND);
            rules::check(of, store, Some(&id), Some(&old), &attributes)
        });
    if let Err(problem) = applied {
        if context.policy.keeps_what_was_applied() {
            commit(context, store, &id, &old, attributes, &journal, incoming)?;
        } else if let Some(record) = store.of_mut(KIND).get_mut(&id) {
            record.members.undo(journal);
        }
        return Err(problem);
    }
    commit(context, store, &id, &old, attributes, &journal, incoming)
}

/// Puts the members back to where they were before the last PATCH.
fn fall_behind(store: &mut Store, id: &Id, journal: &mut Vec<Change>) {
    let Some(record) = store.of_mut(KIND).get_mut(id) else {
        return;
    };
    let now: Vec<Member> = record.members.iter().cloned().collect();
    let Some(before) = record.members_before.replace(now) else {
        return;
    };
    set_members(store, id, before, journal);
}

fn is_about_members(operation: &Operation) -> bool {
    match &operation.path {
        Some(
            PatchPath::Attribute(path)
            | PatchPath::Elements {
                attribute: path, ..
            },
        ) => path.is(MEMBERS),
        Some(_) | None => false,
    }
}

/// Takes over attributes, and what the journal says about members.
fn commit(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    old: &Map<String, Value>,
    mut attributes: Map<String, Value>,
    journal: &[Change],
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let policy = context.policy;
    store.follow(id, journal);
    for frozen in policy.frozen(KIND, &incoming.method, old, &attributes) {
        restore(&mut attributes, old, frozen);
    }
    let changes = *old != attributes;
    if changes {
        let stale = policy.stale_indexes();
        store.of_mut(KIND).set_attributes(id, attributes, stale);
    }
    if changes || !journal.is_empty() {
        if let Some(record) = store.of_mut(KIND).get_mut(id) {
            if policy.lists_first_names() {
                let name = old.get("displayName").and_then(Value::as_str);
                let first = record.first_name.take().or(name.map(str::to_owned));
                record.first_name = first;
            }
            record.touch();
        }
    } else if policy.refuses_no_change() {
        return Err(resource::no_change());
    }
    let record = resource::visible(policy, store, KIND, id)?;
    let query = &incoming.query;
    if incoming.method == Method::PATCH
        && record.members.len() > MOST_MEMBERS_IN_ANSWER
        && query.attributes.is_empty()
        && query.excluded_attributes.is_empty()
    {
        return Ok(resource::no_content(record));
    }
    Ok(resource::answer(
        context,
        store,
        KIND,
        record,
        StatusCode::OK,
        query,
    ))
}

fn display_name(attributes: &Map<String, Value>) -> Result<&str, Problem> {
    attributes
        .get("displayName")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Problem::invalid_value("displayName is required"))
}

/// The members that a body names; `None` when it does not speak of members.
fn members_of(
    context: Context<'_>,
    store: &Store,
    body: &Map<String, Value>,
) -> Result<Option<Vec<Member>>, Problem> {
    let key = body.keys().find(|key| key.eq_ignore_ascii_case(MEMBERS));
    match key.and_then(|key| body.get(key)) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read_members(context, store, value).map(Some),
    }
}

/// Reads members, one or an array of them; each must exist.
fn read_members(
    context: Context<'_>,
    store: &Store,
    value: &Value,
) -> Result<Vec<Member>, Problem> {
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut members = Vec::with_capacity(elements.len());
    for element in ingest::elements_of(&schema::MEMBERS, elements)? {
        let id = element
            .get("value")
            .and_then(Value::as_str)
            .ok_or_else(|| Problem::invalid_value("A member needs a value"))?;
        let Some((kind, id)) = store.member(id) else {
            match context.policy.on_unknown_member() {
                Unknown::Refuse => {
                    return Err(Problem::invalid_value(format!(
                        "Member {id} does not exist"
                    )));
                }
                Unknown::Crash => return Err(Problem::internal("null")),
                Unknown::Skip => continue,
            }
        };
        if context.policy.ignores_inactive_members()
            && store
                .of(kind)
                .get(&id)
                .is_some_and(|record| !record.is_active())
        {
            continue;
        }
        let text = |name: &str| element.get(name).and_then(Value::as_str).map(Box::from);
        members.push(Member {
            value: id,
            display: text("display"),
            reference: text("$ref"),
            kind: kind.name(),
        });
    }
    Ok(members)
}

fn set_members(store: &mut Store, id: &Id, members: Vec<Member>, journal: &mut Vec<Change>) {
    let Some(record) = store.of_mut(KIND).get_mut(id) else {
        return;
    };
    let wanted: std::collections::HashSet<Id> =
        members.iter().map(|member| member.value.clone()).collect();
    record
        .members
        .remove_where(|member| !wanted.contains(&member.value), journal);
    for member in members {
        record.members.insert(member, journal);
    }
}

/// Applies one operation: to the members by themselves, to the rest by the common rules.
fn apply(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    attributes: &mut Map<String, Value>,
    mut operation: Operation,
    journal: &mut Vec<Change>,
) -> Result<(), Problem> {
    let selection = match &operation.path {
        None => {
            let value = operation.value.as_mut().and_then(Value::as_object_mut);
            if let Some(object) = value {
                let key = object.keys().find(|key| key.eq_ignore_ascii_case(MEMBERS));
                let members = key.cloned().and_then(|key| object.shift_remove(&key));
                if members.is_none() && context.policy.absent_members_are_none() {
                    set_members(store, id, Vec::new(), journal);
                }
                change_members(context, store, id, operation.op, None, members, journal)?;
            }
            return patch::apply(context.resource_type(KIND), attributes, &operation);
        }
        Some(PatchPath::Attribute(path)) if path.is(MEMBERS) => None,
        Some(PatchPath::Elements {
            attribute,
            filter,
            sub: None,
        }) if attribute.is(MEMBERS) => Some(filter.clone()),
        Some(PatchPath::Attribute(path)) if path.name.eq_ignore_ascii_case(MEMBERS) => {
            return Err(immutable());
        }
        Some(PatchPath::Elements {
            attribute,
            filter,
            sub: Some(sub),
        }) if attribute.is(MEMBERS) => {
            let (filter, sub) = (filter.clone(), sub.clone());
            return change_sub_attribute(store, id, &filter, &sub, operation, journal);
        }
        Some(_) => return patch::apply(context.resource_type(KIND), attributes, &operation),
    };
    if let Some(filter) = &selection {
        evaluate::check_element(&schema::MEMBERS, filter)?;
    }
    let value = operation.value;
    if value.is_none() && operation.op == Op::Remove {
        remove_members(store, id, selection.as_ref(), journal);
        return Ok(());
    }
    change_members(
        context,
        store,
        id,
        operation.op,
        selection.as_ref(),
        value,
        journal,
    )
}

/// The members that a filter selects.
fn selected(members: &Members, filter: &Filter) -> Vec<Member> {
    match limits::value_of(filter) {
        Some(id) => members.get(id).cloned().into_iter().collect(),
        None => {
            let test = Test::of(filter);
            let selected = members.iter();
            let selected =
                selected.filter(|member| test.element(&schema::MEMBERS, &member.to_json()));
            selected.cloned().collect()
        }
    }
}

/// The same of a group that is kept; a change of none of them has no target.
fn targets(store: &Store, id: &Id, filter: &Filter) -> Result<Vec<Member>, Problem> {
    let group = store.of(KIND).get(id);
    let selected = group.map(|group| selected(&group.members, filter));
    selected
        .filter(|selected| !selected.is_empty())
        .ok_or_else(|| {
            Problem::bad_request(ErrorType::NoTarget, "No value of members matches the path")
        })
}

/// `members[…].display`: all that can be changed of a member.
fn change_sub_attribute(
    store: &mut Store,
    id: &Id,
    filter: &Filter,
    sub: &str,
    operation: Operation,
    journal: &mut Vec<Change>,
) -> Result<(), Problem> {
    evaluate::check_element(&schema::MEMBERS, filter)?;
    let sub = schema::MEMBERS
        .sub_attribute(sub)
        .ok_or_else(|| patch::invalid_path(format!("{sub} is no sub-attribute of members")))?;
    let members = targets(store, id, filter)?;
    if sub.mutability != Mutability::ReadWrite {
        return Err(immutable());
    }
    let value = match (operation.op, &operation.value) {
        (Op::Remove, _) | (_, None) => None,
        (_, Some(value)) => {
            limits::check_copies(value, members.len())?;
            ingest::value_of(sub, value)?
        }
    };
    let display = value.as_ref().and_then(Value::as_str);
    if let Some(record) = store.of_mut(KIND).get_mut(id) {
        for member in members {
            let display = display.map(Box::from);
            record.members.alter(Member { display, ..member }, journal);
        }
    }
    Ok(())
}

/// RFC 7643, 8.7.1: the sub-attributes of a member are immutable.
fn immutable() -> Problem {
    Problem::bad_request(
        ErrorType::Mutability,
        "A member cannot be changed; remove it and add another",
    )
}

fn change_members(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    op: Op,
    selection: Option<&Filter>,
    value: Option<Value>,
    journal: &mut Vec<Change>,
) -> Result<(), Problem> {
    if let Some(filter) = selection {
        targets(store, id, filter)?;
        return Err(immutable());
    }
    let members = match value {
        None => return Ok(()),
        Some(Value::Null) => Vec::new(),
        // A remove whose value lists members means these, not all; Entra ID sends it.
        Some(value) => read_members(context, store, &value)?,
    };
    match op {
        Op::Replace => set_members(store, id, members, journal),
        Op::Add => add_members(context, store, id, members, journal)?,
        Op::Remove => {
            if let Some(record) = store.of_mut(KIND).get_mut(id) {
                for member in members {
                    record.members.remove(&member.value, journal);
                }
            }
        }
    }
    Ok(())
}

/// Adding who is there already changes nothing (RFC 7644, 3.5.2.1).
fn add_members(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    members: Vec<Member>,
    journal: &mut Vec<Change>,
) -> Result<(), Problem> {
    let Some(record) = store.of_mut(KIND).get_mut(id) else {
        return Ok(());
    };
    for member in members {
        if !record.members.contains(&member.value) {
            record.members.insert(member, journal);
            continue;
        }
        match context.policy.on_repeated_member() {
            Repeated::Accept => record.members.insert(member, journal),
            Repeated::AddAgain => record.members.insert_again(member),
            Repeated::Refuse => {
                return Err(Problem::conflict(format!(
                    "{} is a member already",
                    member.value
                )));
            }
        }
    }
    Ok(())
}

fn remove_members(
    store: &mut Store,
    id: &Id,
    selection: Option<&Filter>,
    journal: &mut Vec<Change>,
) {
    let Some(record) = store.of_mut(KIND).get_mut(id) else {
        return;
    };
    match selection {
        None => record.members.remove_where(|_| true, journal),
        Some(filter) => {
            for member in selected(&record.members, filter) {
                record.members.remove(&member.value, journal);
            }
        }
    }
}
