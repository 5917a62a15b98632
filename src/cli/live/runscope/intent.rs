//! What a request of an exported test would change, before it is sent.

use serde_json::Value;

use crate::exchange::{Method, Request, percent_decode};

/// Headers by which a request of one method is taken for one of another.
const OVERRIDES: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// The attributes that name a resource, the one that counts first.
const NAMES: [&str; 2] = ["userName", "displayName"];

/// One thing that a request would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Make a resource at this endpoint, under this name.
    Create {
        endpoint: String,
        name: Option<String>,
    },
    /// Change or delete one that is there; `name` is the one that it gets.
    Write {
        endpoint: String,
        id: String,
        name: Option<String>,
        deletes: bool,
    },
}

/// What a request would change; nothing for one that reads.
///
/// # Errors
/// When that cannot be told, so that it may be anybody's: in the words of a reason.
pub(super) fn changes(request: &Request) -> Result<Vec<Change>, String> {
    let overrides = request.headers.iter().any(|(name, _)| {
        OVERRIDES
            .iter()
            .any(|override_| name.eq_ignore_ascii_case(override_))
    });
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    if overrides || query.to_ascii_lowercase().contains("_method=") {
        return Err("it asks to be taken for a request of another method".to_owned());
    }
    if !request.method.is_write() {
        return Ok(Vec::new());
    }
    let body = request.body.as_deref().unwrap_or_default();
    let body = serde_json::from_slice::<Value>(body).ok();
    let segments = segments(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if request.method == Method::Post {
        match segments.as_slice() {
            [.., last] if *last == ".search" => return Ok(Vec::new()),
            [bulk] if bulk.eq_ignore_ascii_case("Bulk") => return operations(body.as_ref()),
            _ => {}
        }
    }
    change(request.method, &segments, body.as_ref()).map(|change| vec![change])
}

/// The segments of a path, unescaped: a server does the same before it looks.
fn segments(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(percent_decode).collect()
}

fn change(method: Method, segments: &[&str], body: Option<&Value>) -> Result<Change, String> {
    let named = body.and_then(name);
    let in_body = body.and_then(|body| field(body, "id"));
    let in_body = in_body.filter(|id| !id.is_null() && *id != "");
    match (method, segments) {
        (_, [endpoint, ..]) if endpoint.eq_ignore_ascii_case("Me") => {
            Err("it would change whoever the token belongs to".to_owned())
        }
        (Method::Post, [endpoint]) => match in_body {
            Some(_) => Err("it names the id of what it makes, which may be somebody's".to_owned()),
            None => Ok(Change::Create {
                endpoint: endpoint.to_ascii_lowercase(),
                name: named,
            }),
        },
        (_, [endpoint, id, ..]) => {
            if in_body.is_some_and(|in_body| in_body != id) {
                return Err("its body is about another resource than its URL".to_owned());
            }
            Ok(Change::Write {
                endpoint: endpoint.to_ascii_lowercase(),
                id: (*id).to_owned(),
                name: named,
                deletes: method == Method::Delete,
            })
        }
        _ => Err("it does not say which resource it would change".to_owned()),
    }
}

/// The operations of a bulk request (RFC 7644, 3.7). What refers to a resource that the same request makes is no change
/// of one that is there.
fn operations(body: Option<&Value>) -> Result<Vec<Change>, String> {
    let unknown = || "its operations cannot be read".to_owned();
    let all = body.and_then(|body| field(body, "Operations"));
    let all = all.and_then(Value::as_array).ok_or_else(unknown)?;
    let mut changes = Vec::new();
    for operation in all {
        let text = |key| field(operation, key).and_then(Value::as_str);
        let method = text("method").ok_or_else(unknown)?;
        let method = [Method::Post, Method::Put, Method::Patch, Method::Delete]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(method))
            .ok_or_else(unknown)?;
        let path = text("path").ok_or_else(unknown)?;
        if path.contains(['?', '#', ':']) && !path.contains("bulkId:") {
            return Err(unknown());
        }
        let segments = segments(path);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let made_here = segments
            .get(1)
            .and_then(|id| id.strip_prefix("bulkId:"))
            .is_some_and(|id| makes(all, id));
        if !made_here {
            changes.push(change(method, &segments, field(operation, "data"))?);
        }
    }
    Ok(changes)
}

/// Whether one of the operations makes what goes by that `bulkId`.
fn makes(operations: &[Value], id: &str) -> bool {
    operations.iter().any(|operation| {
        let text = |key| field(operation, key).and_then(Value::as_str);
        text("bulkId") == Some(id)
            && text("method").is_some_and(|method| method.eq_ignore_ascii_case("POST"))
    })
}

/// The name that a resource, or a PATCH of one, gives.
pub(super) fn name(resource: &Value) -> Option<String> {
    let own = || {
        let mut names = NAMES.iter();
        names.find_map(|key| field(resource, key)?.as_str())
    };
    let operations = || {
        let operations = field(resource, "Operations")?.as_array()?;
        operations.iter().find_map(|operation| {
            let value = field(operation, "value")?;
            let path = field(operation, "path").and_then(Value::as_str);
            match path.and_then(|path| path.rsplit(':').next()) {
                Some(path) if NAMES.iter().any(|key| key.eq_ignore_ascii_case(path)) => {
                    value.as_str()
                }
                Some(_) => None,
                None => NAMES.iter().find_map(|key| field(value, key)?.as_str()),
            }
        })
    };
    own().or_else(operations).map(str::to_owned)
}

/// Attribute names are case-insensitive (RFC 7643, 2.1).
pub(super) fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let mut members = object.as_object()?.iter();
    members
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::exchange::HeaderText;

    fn request(method: Method, target: &str, body: &Value) -> Request {
        Request {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: (!body.is_null()).then(|| Bytes::from(body.to_string())),
        }
    }

    fn create(endpoint: &str, name: Option<&str>) -> Change {
        Change::Create {
            endpoint: endpoint.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    fn write(endpoint: &str, id: &str, name: Option<&str>, deletes: bool) -> Change {
        Change::Write {
            endpoint: endpoint.to_owned(),
            id: id.to_owned(),
            name: name.map(str::to_owned),
            deletes,
        }
    }

    #[test]
    fn what_a_request_would_change_is_told_by_its_line_and_its_body() {
        use Method::{Delete, Get, Options, Patch, Post, Put};
        let none = Value::Null;
        let ada = json!({"userName": "ada", "displayName": "Ada"});
        let renamed =
            json!({"Operations": [{"op": "replace", "path": "userName", "value": "bea"}]});
        let whole = json!({"operations": [{"op": "replace", "value": {"USERNAME": "bea"}}]});
        let table = [
            (Get, "/Users/1", &none, Some(vec![])),
            (Options, "/Users", &none, Some(vec![])),
            (Post, "/Users/.search", &ada, Some(vec![])),
            (Post, "/.search", &ada, Some(vec![])),
            (
                Post,
                "/Users",
                &ada,
                Some(vec![create("users", Some("ada"))]),
            ),
            (
                Post,
                "//Users/?x=y",
                &none,
                Some(vec![create("users", None)]),
            ),
            (
                Post,
                "/Roles",
                &json!({"displayName": "R"}),
                Some(vec![create("roles", Some("R"))]),
            ),
            (
                Put,
                "/users/1",
                &ada,
                Some(vec![write("users", "1", Some("ada"), false)]),
            ),
            (
                Put,
                "/Users/a%2Fb?x",
                &none,
                Some(vec![write("users", "a/b", None, false)]),
            ),
            (
                Patch,
                "/Users/1",
                &renamed,
                Some(vec![write("users", "1", Some("bea"), false)]),
            ),
            (
                Patch,
                "/Users/1",
                &whole,
                Some(vec![write("users", "1", Some("bea"), false)]),
            ),
            (
                Delete,
                "/Users/1",
                &none,
                Some(vec![write("users", "1", None, true)]),
            ),
            (
                Post,
                "/Users/1/activate",
                &none,
                Some(vec![write("users", "1", None, false)]),
            ),
            (
                Put,
                "/Users/1",
                &json!({"ID": "1"}),
                Some(vec![write("users", "1", None, false)]),
            ),
            (Put, "/Users/1", &json!({"id": "2"}), None),
            (Post, "/Users", &json!({"id": "2", "userName": "ada"}), None),
            (Delete, "/Users", &none, None),
            (Delete, "/Users?filter=x", &none, None),
            (Patch, "/Me", &none, None),
            (Delete, "/me/", &none, None),
            (Delete, "/", &none, None),
            (Post, "", &none, None),
            (Get, "/Users/1?_method=DELETE", &none, None),
        ];
        for (method, target, body, expected) in table {
            let found = changes(&request(method, target, body));
            assert_eq!(found.ok(), expected, "{method} {target}");
        }
        for name in [
            "X-HTTP-Method-Override",
            "x-http-method",
            "X-Method-Override",
        ] {
            let mut hidden = request(Get, "/Users/1", &none);
            let value = HeaderText::Plain("DELETE".to_owned());
            hidden.headers.push((name.to_owned(), value));
            assert!(changes(&hidden).is_err(), "{name}");
        }
    }

    #[test]
    fn a_bulk_request_is_what_its_operations_are() {
        let found = |operations: Value| {
            let body = json!({"Operations": operations});
            changes(&request(Method::Post, "/Bulk", &body)).ok()
        };
        let post =
            json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "ada"}});
        let to_it = json!({"method": "PATCH", "path": "/Users/bulkId:a", "data": {}});
        assert_eq!(
            found(json!([post, to_it])),
            Some(vec![create("users", Some("ada"))])
        );
        assert_eq!(
            found(json!([to_it])),
            Some(vec![write("users", "bulkId:a", None, false)])
        );
        let delete = json!({"METHOD": "delete", "path": "Users/1"});
        assert_eq!(
            found(json!([delete])),
            Some(vec![write("users", "1", None, true)])
        );
        for odd in [
            json!([{"method": "MERGE", "path": "/Users/1"}]),
            json!([{"method": "DELETE"}]),
            json!([{"method": "DELETE", "path": "http://host/Users/1"}]),
            json!([{"method": "DELETE", "path": "/Users"}]),
            json!([{"method": "PUT", "path": "/Users/1", "data": {"id": "2"}}]),
            json!("DELETE"),
        ] {
            assert_eq!(found(odd.clone()), None, "{odd}");
        }
        assert!(changes(&request(Method::Post, "/bulk/", &Value::Null)).is_err());
    }
}
