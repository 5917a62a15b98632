//! What a literal request would mean if Okta sent it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::exchange::{Method, percent_decode};
use crate::okta::request::{Intent, MemberChange, Resource};

/// What a literal request would mean if Okta sent it.
pub(super) fn shape(method: Method, target: &str, body: Option<&str>) -> Intent {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // Another way of writing it asks for the same.
    let path = format!("/{}", path.trim_matches('/'));
    let path = path.as_str();
    let resource = if path.starts_with(Resource::Group.endpoint()) {
        Resource::Group
    } else {
        Resource::User
    };
    let is_collection = path == resource.endpoint();
    let id = percent_decode(path.rsplit('/').next().unwrap_or_default());
    match method {
        Method::Get if is_collection && query.contains("filter=") => Intent::LookUp {
            resource,
            name: String::new(),
        },
        Method::Get | Method::Head if is_collection => {
            let parameter = |name: &str| {
                let mut parameters = query.split('&').filter_map(|one| one.split_once('='));
                parameters
                    .find(|(key, _)| *key == name)
                    .and_then(|(_, value)| value.parse().ok())
                    .unwrap_or_default()
            };
            Intent::List {
                resource,
                start_index: parameter("startIndex"),
                count: parameter("count"),
            }
        }
        Method::Post if is_collection => Intent::Create {
            resource,
            name: body.and_then(|b| name_in(b, resource)).unwrap_or_default(),
            sent: Value::Null,
            sets: Vec::new(),
            members: BTreeSet::new(),
        },
        Method::Get => Intent::Read { resource, id },
        Method::Put | Method::Patch => Intent::Update {
            resource,
            id,
            name: None,
            base: None,
            sets: Vec::new(),
            members: body
                .filter(|b| b.contains("\"members\""))
                .map(|_| MemberChange::Replace(BTreeSet::new())),
        },
        Method::Delete => Intent::Delete { resource, id },
        _ => Intent::Literal,
    }
}

fn name_in(body: &str, resource: Resource) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get(resource.name_attribute())
        .and_then(Value::as_str)
        .map(str::to_owned)
}
