//! Creating and changing users (RFC 7644, 3.3, 3.5.1 and 3.5.2).

use http::StatusCode;
use serde_json::{Map, Value};

use super::answer::{Answer, Problem};
use super::index::Indexed;
use super::membership::Member;
use super::patch::{self, Operation};
use super::policy::{Duplicate, Moment, Policy, Rename};
use super::request::{Incoming, Query};
use super::resource::{self, Context};
use super::resource_type::Kind;
use super::store::{Id, Record, Store};
use super::{fold, ingest, limits, rules};
use crate::scim::ErrorType;
use crate::secret::Secret;

const KIND: Kind = Kind::User;

/// `POST /Users`: files a new user; its id.
pub(super) fn insert(
    context: Context<'_>,
    store: &mut Store,
    body: &Map<String, Value>,
) -> Result<Id, Problem> {
    let mut attributes = ingest::resource(context.resource_type(KIND), body)?;
    let password = take_password(&mut attributes);
    let name = user_name(&attributes)?.to_owned();
    attributes.entry("active").or_insert(Value::Bool(true));
    rules::check(context.resource_type(KIND), store, None, None, &attributes)?;
    if let Some(other) = taken_by(context, store, &attributes, None, Moment::Create) {
        match context.policy.on_duplicate_user(store, &other) {
            Duplicate::Refuse => {
                if context.policy.refused_create_strips_owner() {
                    strip(store, &other);
                }
                return Err(name_taken(&name));
            }
            Duplicate::CreateAnother => {}
            Duplicate::Overwrite => {
                store.of_mut(KIND).set_attributes(&other, attributes, &[]);
                return Ok(other);
            }
        }
    }
    refuse_equal(context.policy, store, &attributes)?;
    let chosen = body.get("id").and_then(Value::as_str);
    let id = match chosen.filter(|_| context.policy.takes_ids_from_clients()) {
        Some(id) => {
            store.remove(KIND, id);
            id.into()
        }
        None => context.policy.new_id(KIND, store, &attributes),
    };
    let mut record = Record::new(id.clone(), attributes);
    record.password = password;
    store.of_mut(KIND).insert(record);
    Ok(id)
}

/// Takes the e-mail addresses from a user.
fn strip(store: &mut Store, id: &Id) {
    if let Some(record) = store.of(KIND).get(id) {
        let mut attributes = record.attributes.to_map();
        attributes.shift_remove("emails");
        store.of_mut(KIND).set_attributes(id, attributes, &[]);
    }
}

/// Refuses a new user whom this server takes for another one, beyond an equal userName.
fn refuse_equal(
    policy: &Policy,
    store: &Store,
    attributes: &Map<String, Value>,
) -> Result<(), Problem> {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str);
    if policy.unique_external_ids()
        && let Some(id) = text("externalId")
        && store
            .of(KIND)
            .lookup(Indexed::ExternalId, id)
            .next()
            .is_some()
    {
        return Err(Problem::conflict("SCIM User externalId already exists"));
    }
    if policy.ignores_accents()
        && let Some(name) = text("userName")
    {
        let plain = fold::without_accents(name);
        let mut names = store
            .of(KIND)
            .iter()
            .filter_map(|user| user.text("userName"));
        if names.any(|other| fold::without_accents(&other) == plain) {
            return Err(name_taken(name));
        }
    }
    Ok(())
}

/// `PUT /Users/{id}`: attributes that are not sent are cleared, but for `active` and the
/// password. Leaving them out must neither unlock an account nor lock it.
pub(super) fn replace(
    context: Context<'_>,
    store: &mut Store,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let body = incoming.object()?;
    let id = resource::changeable(context.policy, store, KIND, id, &incoming.headers)?;
    let old = resource::visible(context.policy, store, KIND, &id)?;
    let mut attributes = ingest::resource(context.resource_type(KIND), body)?;
    let old = old.attributes.to_map();
    if let Some(active) = old.get("active") {
        attributes.entry("active").or_insert(active.clone());
    }
    rules::keep_unshown(context.resource_type(KIND), &old, &mut attributes);
    if context.policy.put_merges() {
        for (name, value) in old {
            attributes.entry(name).or_insert(value);
        }
    }
    let answer = commit(context, store, &id, attributes, incoming)?;
    if context.policy.reads_groups_of_users() {
        follow_groups(store, &id, body);
    }
    Ok(answer)
}

/// `PATCH /Users/{id}`
pub(super) fn modify(
    context: Context<'_>,
    store: &mut Store,
    id: &str,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let operations = patch::read(incoming.object()?)?;
    limits::check_paths(&operations, limits::MOST_VALUES)?;
    let id = resource::changeable(context.policy, store, KIND, id, &incoming.headers)?;
    let old = resource::visible(context.policy, store, KIND, &id)?;
    let mut attributes = old.attributes.to_map();
    let keeps = context.policy.keeps_what_was_applied();
    for operation in &operations {
        let before = keeps.then(|| attributes.clone());
        if let Err(problem) = apply(context, &mut attributes, operation) {
            if let Some(before) = before {
                commit(context, store, &id, before, incoming)?;
            }
            return Err(problem);
        }
    }
    commit(context, store, &id, attributes, incoming)
}

fn apply(
    context: Context<'_>,
    attributes: &mut Map<String, Value>,
    operation: &Operation,
) -> Result<(), Problem> {
    if operation.path.is_none() && context.policy.value_is_whole_resource() {
        attributes.retain(|name, _| name == "userName");
    }
    patch::apply(context.resource_type(KIND), attributes, operation)
}

/// Checks the new attributes as a whole and takes them over, all or none.
fn commit(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    mut attributes: Map<String, Value>,
    incoming: &Incoming,
) -> Result<Answer, Problem> {
    let policy = context.policy;
    let password = take_password(&mut attributes);
    let name = user_name(&attributes)?.to_owned();
    let before = resource::visible(policy, store, KIND, id)?.clone();
    let old = before.attributes.to_map();
    let of = context.resource_type(KIND);
    rules::check(of, store, Some(id), Some(&old), &attributes)?;
    for frozen in policy.frozen(KIND, &incoming.method, &old, &attributes) {
        restore(&mut attributes, &old, frozen);
    }
    if taken_by(context, store, &attributes, Some(id), Moment::Update).is_some() {
        return Err(name_taken(&name));
    }
    if policy.keeps_last_administrator() && locks_out(store, id, &old, &attributes) {
        let detail = "The last administrator cannot be deactivated";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let old_name = old.get("userName").and_then(Value::as_str);
    if old_name.map(fold::key) != Some(fold::key(&name)) {
        refuse_rename(context, store, id, &attributes)?;
    }
    let query = &incoming.query;
    if policy.loses_changes() {
        let mut never_stored = before;
        never_stored.attributes = attributes.into();
        return Ok(ok(context, store, &never_stored, query));
    }
    let changes = old != attributes || password.is_some();
    if !changes && policy.refuses_no_change() {
        return Err(resource::no_change());
    }
    let renews = policy.renews_id(&old, &attributes);
    if changes {
        let stale = policy.stale_indexes();
        store.of_mut(KIND).set_attributes(id, attributes, stale);
        if let Some(record) = store.of_mut(KIND).get_mut(id) {
            record.password = password.or(record.password.take());
            record.touch();
        }
    }
    let id = if renews {
        renew(context, store, id)
    } else {
        id.clone()
    };
    let inactive = store
        .of(KIND)
        .get(&id)
        .is_some_and(|record| !record.is_active());
    if inactive && policy.deactivation_reaches_local_accounts() {
        deactivate_local_accounts(store);
    }
    if inactive && policy.deactivation_leaves_groups() {
        store.leave_groups(&id);
    }
    if policy.answers_state_before() {
        return Ok(ok(context, store, &before, query));
    }
    let record = store.of(KIND).get(&id).unwrap_or(&before);
    Ok(ok(context, store, record, query))
}

/// Whether nobody who is active would be an administrator any more.
fn locks_out(store: &Store, id: &Id, old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
    let leaves = is_active(old) && !is_active(new);
    leaves
        && is_administrator(old)
        && !store.of(KIND).iter().any(|other| {
            other.id != *id && other.is_active() && is_administrator(&other.attributes.to_map())
        })
}

fn is_active(user: &Map<String, Value>) -> bool {
    user.get("active") != Some(&Value::Bool(false))
}

/// Who has the role `administrator`: SCIM does not say what a role means (RFC 7643, 4.1.2), this server does.
fn is_administrator(user: &Map<String, Value>) -> bool {
    let roles = user.get("roles").and_then(Value::as_array);
    roles
        .into_iter()
        .flatten()
        .any(|role| role.get("value").and_then(Value::as_str) == Some("administrator"))
}

fn deactivate_local_accounts(store: &mut Store) {
    let users = store.of(KIND).iter();
    let local: Vec<Id> = users
        .filter(|user| user.seeded && user.is_active())
        .map(|user| user.id.clone())
        .collect();
    for id in local {
        let Some(user) = store.of(KIND).get(&id) else {
            continue;
        };
        let mut attributes = user.attributes.to_map();
        attributes.insert("active".into(), false.into());
        store.of_mut(KIND).set_attributes(&id, attributes, &[]);
    }
}

/// Refuses another userName, if this server does.
fn refuse_rename(
    context: Context<'_>,
    store: &mut Store,
    id: &Id,
    attributes: &Map<String, Value>,
) -> Result<(), Problem> {
    let refusal = Problem::bad_request(ErrorType::Mutability, "userName cannot be changed");
    match context.policy.on_rename() {
        Rename::Accept => Ok(()),
        Rename::Refuse => Err(refusal),
        Rename::RefuseHalfway => {
            let mut others = attributes.clone();
            if let Some(old) = store.of(KIND).get(id) {
                restore(&mut others, &old.attributes.to_map(), "userName");
            }
            store.of_mut(KIND).set_attributes(id, others, &[]);
            Err(refusal)
        }
    }
}

fn ok(context: Context<'_>, store: &Store, record: &Record, query: &Query) -> Answer {
    resource::answer(context, store, KIND, record, StatusCode::OK, query)
}

/// Gives an attribute its former value back.
pub(super) fn restore(new: &mut Map<String, Value>, old: &Map<String, Value>, name: &str) {
    match old.get(name) {
        Some(value) => new.insert(name.into(), value.clone()),
        None => new.shift_remove(name),
    };
}

fn user_name(attributes: &Map<String, Value>) -> Result<&str, Problem> {
    attributes
        .get("userName")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Problem::invalid_value("userName is required"))
}

fn take_password(attributes: &mut Map<String, Value>) -> Option<Secret> {
    match attributes.shift_remove("password") {
        Some(Value::String(text)) => Some(Secret::new(text)),
        _ => None,
    }
}

fn name_taken(name: &str) -> Problem {
    Problem::conflict(format!("userName {name} is already in use"))
}

/// Another user who has the name, compared without case (RFC 7643, 4.1.1).
fn taken_by(
    context: Context<'_>,
    store: &Store,
    attributes: &Map<String, Value>,
    own: Option<&Id>,
    moment: Moment,
) -> Option<Id> {
    let name = attributes.get("userName").and_then(Value::as_str)?;
    let own_name = own
        .and_then(|id| store.of(KIND).get(id))
        .and_then(|record| record.text("userName"));
    if own_name.is_some_and(|own| fold::key(&own) == fold::key(name)) {
        return None;
    }
    let named = store.of(KIND).lookup(Indexed::UserName, name);
    let mailed = context
        .policy
        .unique_emails()
        .then(|| addresses(attributes));
    let mailed = mailed.into_iter().flatten();
    let mailed = mailed.flat_map(|address| store.of(KIND).lookup(Indexed::Email, address));
    named
        .chain(mailed)
        .map(|record| &record.id)
        .find(|id| Some(*id) != own && context.policy.collides(store, id, name, moment))
        .cloned()
}

fn addresses(attributes: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let emails = attributes.get("emails").and_then(Value::as_array);
    emails
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value").and_then(Value::as_str))
}

/// Files the user again under a new id.
fn renew(context: Context<'_>, store: &mut Store, id: &Id) -> Id {
    let Some(mut record) = store.remove(KIND, id) else {
        return id.clone();
    };
    record.id = context
        .policy
        .new_id(KIND, store, &record.attributes.to_map());
    let id = record.id.clone();
    store.of_mut(KIND).insert(record);
    id
}

/// Makes the user's memberships what `groups` says.
fn follow_groups(store: &mut Store, id: &Id, body: &Map<String, Value>) {
    let Some(groups) = body.get("groups").and_then(Value::as_array) else {
        return;
    };
    store.leave_groups(id);
    for group in groups {
        let Some(group) = group.get("value").and_then(Value::as_str) else {
            continue;
        };
        let mut journal = Vec::new();
        if let Some(record) = store.of_mut(Kind::Group).get_mut(group) {
            let member = Member {
                value: id.clone(),
                display: None,
                reference: None,
                kind: KIND.name(),
            };
            record.members.insert(member, &mut journal);
        }
        store.follow(group, &journal);
    }
}
