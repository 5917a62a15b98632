//! Faults that change what a request says before it is served.

use http::Method;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::Fault;
use super::body::{idle, operations_mut, primary_address};
use crate::scim::urn;
use crate::server::policy::Policy;
use crate::server::request::Incoming;
use crate::server::resource_type::Kind;

/// Changes what a request says.
pub(in crate::server) fn amend(policy: &Policy, incoming: &mut Incoming) {
    if let Some(filter) = &mut incoming.query.filter {
        if policy.has(Fault::PlusDecodedAsBlank) {
            *filter = filter.replace('+', " ");
        }
        if policy.has(Fault::ApostropheDropped) {
            *filter = filter.replace('\'', "");
        }
        if policy.has(Fault::ValuesTrimmed) {
            *filter = trimmed(filter);
        }
    }
    let kind = incoming.route.kind();
    let method = incoming.method.clone();
    if kind == Some(Kind::User) && method == Method::PUT && policy.has(Fault::UserPutIgnored) {
        incoming.method = Method::GET;
    }
    let Some(body) = incoming.body.as_mut().and_then(Value::as_object_mut) else {
        return;
    };
    let patch = method == Method::PATCH;
    if patch && policy.has(Fault::UnknownOperationAccepted) {
        accept_unknown_operations(body);
    }
    match kind {
        Some(Kind::User) if patch => amend_user_patch(policy, body),
        Some(Kind::User) if !patch => amend_user(policy, &method, body),
        Some(Kind::Group) if !patch => amend_group(policy, &method, body),
        Some(Kind::Group) => amend_group_patch(policy, body),
        _ => {}
    }
    if !patch || policy.has(Fault::ValuesTrimmed) {
        body.values_mut()
            .for_each(|value| amend_text(policy, value));
    }
}

/// The filter without blanks at the ends of its value.
fn trimmed(filter: &str) -> String {
    let value = filter.split_once('"').and_then(|(path, rest)| {
        let value = rest.strip_suffix('"')?;
        Some(format!("{path}\"{}\"", value.trim()))
    });
    value.unwrap_or_else(|| filter.to_owned())
}

fn accept_unknown_operations(body: &mut Map<String, Value>) {
    for operation in operations_mut(body) {
        let op = operation.get("op").and_then(Value::as_str);
        let op = op.unwrap_or_default().to_ascii_lowercase();
        if !["add", "remove", "replace"].contains(&op.as_str()) {
            idle(operation);
        }
    }
}

fn amend_user_patch(policy: &Policy, body: &mut Map<String, Value>) {
    if !policy.has(Fault::PathLessExtensionIgnored) {
        return;
    }
    for operation in operations_mut(body) {
        if !operation.contains_key("path")
            && let Some(value) = operation.get_mut("value").and_then(Value::as_object_mut)
        {
            value.shift_remove(urn::ENTERPRISE_USER);
        }
    }
}

fn amend_user(policy: &Policy, method: &Method, body: &mut Map<String, Value>) {
    let put = *method == Method::PUT;
    if policy.has(Fault::LoginTakenFromEmail)
        && let Some(address) = primary_address(body)
    {
        body.insert("userName".into(), address.into());
    }
    if policy.has(Fault::UserNameLowerCased)
        && let Some(name) = body.get("userName").and_then(Value::as_str)
    {
        let name = name.to_lowercase();
        body.insert("userName".into(), name.into());
    }
    if policy.has(Fault::ExternalIdDropped) {
        body.shift_remove("externalId");
    }
    if put && policy.has(Fault::UserPutDropsExtension) {
        body.shift_remove(urn::ENTERPRISE_USER);
    }
    if policy.has(Fault::ManagerDropped)
        && let Some(extension) = body.get_mut(urn::ENTERPRISE_USER)
        && let Some(extension) = extension.as_object_mut()
    {
        extension.shift_remove("manager");
    }
    let Some(name) = body.get_mut("name").and_then(Value::as_object_mut) else {
        return;
    };
    if put && policy.has(Fault::UserPutDropsFamilyName) {
        name.shift_remove("familyName");
    }
    if policy.has(Fault::NameCutAtApostrophe) {
        for part in name.values_mut() {
            let cut = part.as_str().and_then(|text| text.split('\'').next());
            if let Some(cut) = cut {
                *part = Value::from(cut);
            }
        }
    }
    if policy.has(Fault::FormattedNameShown) && !name.contains_key("formatted") {
        let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
        let formatted = format!("{} {}", part("givenName"), part("familyName"));
        name.insert("formatted".into(), formatted.into());
    }
}

fn amend_group(policy: &Policy, method: &Method, body: &mut Map<String, Value>) {
    let put = *method == Method::PUT;
    if put && policy.has(Fault::GroupPutMembersIgnored)
        || !put && policy.has(Fault::GroupCreateDropsMembers)
    {
        body.shift_remove("members");
    }
    if put
        && policy.has(Fault::GroupPutCappedAt20)
        && let Some(members) = body.get_mut("members").and_then(Value::as_array_mut)
    {
        members.truncate(20);
    }
    if policy.has(Fault::MemberTypeRequired)
        && let Some(members) = body.get_mut("members").and_then(Value::as_array_mut)
    {
        members.retain(|member| member.get("type").is_some());
    }
    if policy.has(Fault::GroupNameRewritten)
        && let Some(name) = body.get("displayName").and_then(Value::as_str)
    {
        let plain = |c: char| {
            if c.is_alphanumeric() || c == ' ' {
                c
            } else {
                '_'
            }
        };
        let name: String = name.chars().map(plain).collect();
        body.insert("displayName".into(), name.into());
    }
}

fn amend_group_patch(policy: &Policy, body: &mut Map<String, Value>) {
    for operation in operations_mut(body) {
        amend_group_operation(policy, operation);
    }
}

fn amend_group_operation(policy: &Policy, operation: &mut Map<String, Value>) {
    let op = operation.get("op").and_then(Value::as_str);
    let path = operation.get("path").and_then(Value::as_str);
    let empty = operation.get("value") == Some(&Value::Array(Vec::new()));
    let nothing = match (op, path) {
        (Some("add"), Some("members")) => {
            if policy.has(Fault::AddReplacesMembers) {
                operation.insert("op".into(), "replace".into());
            }
            if let Some(members) = operation.get_mut("value").and_then(Value::as_array_mut) {
                if policy.has(Fault::MemberTypeRequired) {
                    members.retain(|member| member.get("type").is_some());
                }
                if policy.has(Fault::MemberBatchCappedAt50) {
                    members.truncate(50);
                }
            }
            false
        }
        (Some("remove"), Some(path)) if path.starts_with("members[") => {
            if policy.has(Fault::RemoveOneRemovesAll) {
                operation.insert("path".into(), "members".into());
            }
            policy.has(Fault::MemberRemovalIgnored)
        }
        (Some("replace"), Some("members")) => {
            policy.has(Fault::MembersReplaceIgnored)
                || empty && policy.has(Fault::EmptyMembersReplaceIgnored)
        }
        (_, None) => {
            if let Some(value) = operation.get_mut("value").and_then(Value::as_object_mut) {
                if policy.has(Fault::PathLessMembersIgnored) {
                    value.shift_remove("members");
                }
                if policy.has(Fault::GroupPathLessRenameIgnored) {
                    value.shift_remove("displayName");
                }
            }
            false
        }
        _ => false,
    };
    if nothing {
        idle(operation);
    }
}

/// Changes every text in a value, as a lossy column would.
fn amend_text(policy: &Policy, value: &mut Value) {
    match value {
        Value::String(text) => {
            if policy.has(Fault::ValuesTrimmed) {
                *text = text.trim().to_owned();
            }
            if policy.has(Fault::ValuesCutAt255) {
                *text = text.chars().take(255).collect();
            }
            if policy.has(Fault::NfcNormalised) {
                *text = text.nfc().collect();
            }
            if policy.has(Fault::NonBmpReplaced) {
                *text = replace_above(text, '\u{ffff}');
            }
            if policy.has(Fault::Latin1Only) {
                *text = replace_above(text, '\u{ff}');
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|e| amend_text(policy, e)),
        Value::Object(object) => object.values_mut().for_each(|v| amend_text(policy, v)),
        _ => {}
    }
}

fn replace_above(text: &str, highest: char) -> String {
    let kept = |c: char| if c > highest { '?' } else { c };
    text.chars().map(kept).collect()
}
