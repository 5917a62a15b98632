//! Faults and freedoms in how a resource looks, alone or in a list.

use serde_json::{Map, Value, json};

use crate::scim::urn;
use crate::server::faults::Fault;
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::resource_type::Kind;

/// How a resource looks, alone or in a list.
pub(super) fn shape(policy: &Policy, kind: Kind, resource: &mut Map<String, Value>) {
    match kind {
        Kind::User => user_shape(policy, resource),
        Kind::Group => group_shape(policy, resource),
        Kind::Role | Kind::Entitlement => {
            if policy.has(Fault::EntitlementNameMissing) {
                resource.shift_remove("displayName");
            }
        }
    }
    if policy.has(Fault::IdAsNumber)
        && let Some(id) = resource.get_mut("id")
        && let Some(number) = id.as_str().and_then(|text| text.parse::<u64>().ok())
    {
        *id = number.into();
    }
    if policy.has(Fault::SchemasMissing) {
        resource.shift_remove("schemas");
    }
    if policy.has(Fault::ResourceTypeWrong)
        && let Some(named) = resource
            .get_mut("meta")
            .and_then(|meta| meta.get_mut("resourceType"))
    {
        *named = format!("{}s", kind.name()).into();
    }
    if let Some(location) = resource
        .get_mut("meta")
        .and_then(|meta| meta.get_mut("location"))
    {
        let path = location.as_str().map(path_of).unwrap_or_default();
        if policy.has(Fault::LocationOfAnotherHost) {
            *location = format!("http://scim-backend.internal:8080{path}").into();
        }
        if policy.takes(Freedom::RelativeLocation) {
            *location = path.into();
        }
    }
    if policy.takes(Freedom::NoMeta) {
        resource.shift_remove("meta");
    }
}

/// What follows the host in a URL.
pub(in crate::server::faults) fn path_of(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    match after_scheme.split_once('/') {
        Some((_, path)) => format!("/{path}"),
        None => String::new(),
    }
}

fn user_shape(policy: &Policy, user: &mut Map<String, Value>) {
    if policy.has(Fault::NameMissing) {
        user.shift_remove("name");
    }
    if policy.has(Fault::NamePartsNull) {
        user.insert(
            "name".into(),
            json!({"givenName": null, "familyName": null}),
        );
    }
    if policy.has(Fault::NamePlaceholders)
        && let Some(name) = user.get_mut("name").and_then(Value::as_object_mut)
    {
        for part in ["givenName", "familyName"] {
            name.insert(part.into(), "N/A".into());
        }
    }
    if policy.has(Fault::EmailsAsObject)
        && let Some(emails) = user.get_mut("emails")
        && let Some(first) = emails.as_array().and_then(|all| all.first())
    {
        *emails = first.clone();
    }
    if policy.has(Fault::TwoPrimaryEmails)
        && let Some(emails) = user.get_mut("emails").and_then(Value::as_array_mut)
        && let [only] = emails.as_slice()
    {
        let mut second = only.clone();
        if let Some(second) = second.as_object_mut() {
            second.insert("type".into(), "other".into());
        }
        emails.push(second);
    }
    if let Some(active) = user.get("active").and_then(Value::as_bool) {
        if policy.has(Fault::ActiveAsString) {
            user.insert("active".into(), active.to_string().into());
        }
        if policy.has(Fault::ActiveAsNumber) {
            user.insert("active".into(), u8::from(active).into());
        }
        if policy.has(Fault::ActiveMissingWhenFalse) && !active {
            user.shift_remove("active");
        }
    }
    if policy.has(Fault::ExtensionUnderWrongKey)
        && let Some(extension) = user.shift_remove(urn::ENTERPRISE_USER)
    {
        user.insert(
            "urn:scim:schemas:extension:enterprise:1.0".into(),
            extension,
        );
    }
    if policy.has(Fault::FormattedNameShown)
        && let Some(formatted) = user.get("name").and_then(|name| name.get("formatted"))
    {
        let formatted = formatted.clone();
        user.insert("displayName".into(), formatted);
    }
    free_user_shape(policy, user);
}

fn free_user_shape(policy: &Policy, user: &mut Map<String, Value>) {
    if policy.takes(Freedom::ExtraAttributes) {
        user.insert(
            "photos".into(),
            json!([{"value": "https://cdn.example.com/1.png", "type": "photo"}]),
        );
        if let Some(name) = user.get_mut("name").and_then(Value::as_object_mut) {
            let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
            let formatted = format!("{} {}", part("givenName"), part("familyName"));
            name.insert("formatted".into(), formatted.trim().into());
        }
    }
    if policy.takes(Freedom::OptionalAttributesDropped) {
        for name in ["locale", "displayName", "groups"] {
            user.shift_remove(name);
        }
        let emails = user.get_mut("emails").and_then(Value::as_array_mut);
        for email in emails
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            email.shift_remove("type");
        }
    }
    if policy.takes(Freedom::NullForAbsent) {
        for name in ["nickName", "title", "userType", "timezone", "phoneNumbers"] {
            user.entry(name).or_insert(Value::Null);
        }
    }
}

fn group_shape(policy: &Policy, group: &mut Map<String, Value>) {
    let empty = group
        .get("members")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    if policy.has(Fault::MembersAsStrings)
        && let Some(members) = group.get_mut("members").and_then(Value::as_array_mut)
    {
        for member in members {
            let id = member.get("value").cloned();
            *member = id.unwrap_or_default();
        }
    }
    if policy.takes(Freedom::MembersHidden) {
        group.insert("members".into(), json!([]));
    }
    if policy.takes(Freedom::EmptyMembersOmitted) && empty {
        group.shift_remove("members");
    }
    if policy.takes(Freedom::NullForAbsent) {
        group.entry("externalId").or_insert(Value::Null);
    }
}
