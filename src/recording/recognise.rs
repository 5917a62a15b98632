//! What a recorded request is: the other way round from [`crate::okta::body`], which makes them.
//!
//! What is not understood is never guessed: a write that is not known is one after which nothing is known.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::exchange::{Method, Request, percent_decode};
use crate::okta::request::{Intent, Resource};
use crate::scim::{Comparison, Filter, Literal};

use super::patch::{Change, change};
use super::url;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Find by the name that Okta knows one by.
    LookUp {
        /// Users or groups.
        resource: Resource,
        /// The name.
        name: String,
    },
    /// Another filter.
    Search {
        /// Users or groups.
        resource: Resource,
    },
    /// A page of all.
    Page {
        /// Users or groups.
        resource: Resource,
        /// 1-based.
        start: u64,
        /// Asked page size.
        count: u64,
    },
    /// One, by its id.
    Read {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
    },
    /// A new one.
    Create {
        /// User or group.
        resource: Resource,
        /// Its name, when it is known.
        name: Option<String>,
        /// What was sent, when it is known.
        body: Option<Value>,
    },
    /// A whole resource in place of another.
    Put {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
        /// What was sent, when it is known.
        body: Option<Value>,
    },
    /// Some of it.
    Patch {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
        /// What it changes, when all of it is understood.
        change: Option<Change>,
    },
    /// Away with it.
    Delete {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
    },
    /// Discovery, bulk, anything else.
    Other,
}

impl Act {
    /// What the checks of a single exchange take it for.
    #[must_use]
    pub(super) fn intent(&self) -> Intent {
        match self {
            Self::LookUp { resource, name } => Intent::LookUp {
                resource: *resource,
                name: name.clone(),
            },
            Self::Search { resource } => Intent::LookUp {
                resource: *resource,
                name: String::new(),
            },
            Self::Page {
                resource,
                start,
                count,
            } => Intent::List {
                resource: *resource,
                start_index: *start,
                count: *count,
            },
            Self::Read { resource, id } => Intent::Read {
                resource: *resource,
                id: id.clone(),
            },
            Self::Create { resource, name, .. } => Intent::Create {
                resource: *resource,
                name: name.clone().unwrap_or_default(),
                sent: Value::Null,
                sets: Vec::new(),
                members: BTreeSet::new(),
            },
            Self::Put { resource, id, .. } => Intent::Update {
                resource: *resource,
                id: id.clone(),
                name: None,
                base: None,
                sets: Vec::new(),
                members: None,
            },
            Self::Patch {
                resource,
                id,
                change,
            } => Intent::Update {
                resource: *resource,
                id: id.clone(),
                name: None,
                base: None,
                sets: Vec::new(),
                members: change.as_ref().and_then(|change| change.members.clone()),
            },
            Self::Delete { resource, id } => Intent::Delete {
                resource: *resource,
                id: id.clone(),
            },
            Self::Other => Intent::Literal,
        }
    }
}

/// What `request` asks for. `whole`: all of its body is known.
#[must_use]
pub(super) fn act(request: &Request, whole: bool) -> Act {
    let path = url::path(&request.target);
    let mut segments = path
        .split('/')
        .skip(1)
        .filter(|segment| !segment.is_empty());
    let resource = match segments.next() {
        Some("Users") => Resource::User,
        Some("Groups") => Resource::Group,
        _ => return Act::Other,
    };
    let id = segments.next().map(percent_decode);
    if segments.next().is_some() {
        return Act::Other;
    }
    let body = request
        .body
        .as_ref()
        .filter(|_| whole)
        .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        .filter(Value::is_object);
    match (request.method, id) {
        // A part of a resource is not judged as a whole one.
        (Method::Get, _) if asks_for_parts(&request.target) => Act::Other,
        (Method::Get, None) => list(resource, &request.target),
        (Method::Get, Some(id)) => Act::Read { resource, id },
        (Method::Post, None) => Act::Create {
            resource,
            name: body.as_ref().and_then(|body| name_in(body, resource)),
            body,
        },
        (Method::Put, Some(id)) => Act::Put { resource, id, body },
        (Method::Patch, Some(id)) => Act::Patch {
            resource,
            change: body.as_ref().and_then(|body| change(body, resource)),
            id,
        },
        (Method::Delete, Some(id)) => Act::Delete { resource, id },
        _ => Act::Other,
    }
}

/// The login of a user, or the name of a group.
#[must_use]
pub(super) fn name_in(resource: &Value, kind: Resource) -> Option<String> {
    let name = resource.get(kind.name_attribute())?.as_str()?;
    (!is_blotted(name)).then(|| name.to_owned())
}

/// Whether somebody has taken the value out of the recording: then it cannot be compared.
fn is_blotted(text: &str) -> bool {
    text.is_empty() || text.contains("***") || text.to_ascii_lowercase().contains("redacted")
}

fn asks_for_parts(target: &str) -> bool {
    url::parameters(target)
        .iter()
        .any(|(name, _)| matches!(name.as_str(), "attributes" | "excludedAttributes"))
}

fn list(resource: Resource, target: &str) -> Act {
    let parameters = url::parameters(target);
    let value = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let number = |name: &str, default| value(name).and_then(|n| n.parse().ok()).unwrap_or(default);
    let Some(filter) = value("filter") else {
        return Act::Page {
            resource,
            start: number("startIndex", 1).max(1),
            count: number("count", 100),
        };
    };
    match Filter::parse(filter) {
        Ok(Filter::Compare(attribute, Comparison::Eq, Literal::Text(name)))
            if attribute.is(resource.name_attribute()) && !is_blotted(&name) =>
        {
            Act::LookUp { resource, name }
        }
        _ => Act::Search { resource },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn of(method: Method, target: &str, body: Option<&str>) -> Act {
        let request = Request {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: body.map(|body| Bytes::copy_from_slice(body.as_bytes())),
        };
        act(&request, true)
    }

    fn word(act: &Act) -> String {
        match act {
            Act::LookUp { resource, name } => format!("look-up {} {name}", resource.word()),
            Act::Search { resource } => format!("search {}", resource.word()),
            Act::Page {
                resource,
                start,
                count,
            } => format!("page {} {start} {count}", resource.word()),
            Act::Read { resource, id } => format!("read {} {id}", resource.word()),
            Act::Create {
                resource,
                name,
                body,
            } => {
                format!("create {} {name:?} {}", resource.word(), body.is_some())
            }
            Act::Put { resource, id, body } => {
                format!("put {} {id} {}", resource.word(), body.is_some())
            }
            Act::Patch {
                resource,
                id,
                change,
            } => {
                format!("patch {} {id} {}", resource.word(), change.is_some())
            }
            Act::Delete { resource, id } => format!("delete {} {id}", resource.word()),
            Act::Other => "other".to_owned(),
        }
    }

    #[test]
    fn requests_are_told_apart() {
        let get = |target| word(&of(Method::Get, target, None));
        let table = [
            (
                "/Users?filter=userName%20eq%20%22ada%40x.test%22&startIndex=1&count=100",
                "look-up user ada@x.test",
            ),
            (
                "/Users?filter=userName+eq+%22a%5C%22b%22",
                "look-up user a\"b",
            ),
            (
                "/Groups?filter=displayName%20eq%20%22Crew%22",
                "look-up group Crew",
            ),
            ("/Users?filter=emails.value%20eq%20%22ada%22", "search user"),
            ("/Users?filter=userName%20sw%20%22ada%22", "search user"),
            ("/Users?filter=userName%20eq%20%22***%22", "search user"),
            ("/Users?filter=%22", "search user"),
            ("/Users?startIndex=101&count=100", "page user 101 100"),
            ("/Groups?startIndex=x", "page group 1 100"),
            ("/Users/a%2Fb", "read user a/b"),
            ("/Users/7?attributes=id", "other"),
            ("/Users/7/photo", "other"),
            ("/Schemas", "other"),
            ("/", "other"),
        ];
        for (target, wanted) in table {
            assert_eq!(get(target), wanted, "{target}");
        }
    }

    #[test]
    fn writes_are_told_apart() {
        let table = [
            (
                Method::Post,
                "/Users",
                Some(r#"{"userName":"ada"}"#),
                "create user Some(\"ada\") true",
            ),
            (Method::Post, "/Users", Some("[]"), "create user None false"),
            (Method::Post, "/Users", None, "create user None false"),
            (
                Method::Put,
                "/Users/7",
                Some(r#"{"active":false}"#),
                "put user 7 true",
            ),
            (
                Method::Patch,
                "/Users/7",
                Some(r#"{"Operations":[{"op":"replace","value":{"active":false}}]}"#),
                "patch user 7 true",
            ),
            (Method::Patch, "/Users/7", Some("{"), "patch user 7 false"),
            (Method::Delete, "/Groups/7", None, "delete group 7"),
            (Method::Post, "/Users/.search", Some("{}"), "other"),
            (Method::Post, "/Bulk", Some("{}"), "other"),
        ];
        for (method, target, body, wanted) in table {
            assert_eq!(word(&of(method, target, body)), wanted, "{method} {target}");
        }
    }
}
