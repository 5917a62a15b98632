//! `docs/openapi.json`, the description of the reference server: it is what the schemas in the program say, and it
//! names the paths and methods that the server has. With `UPDATE_DOCS=1` it is written anew.

use bytes::Bytes;
use http::Request;
use scim_conform::server::{Policy, Tenant};
use serde_json::Value;

#[path = "support/openapi.rs"]
mod openapi;

#[test]
fn the_description_is_that_of_the_program() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let wanted = serde_json::to_string_pretty(&openapi::document()).unwrap() + "\n";
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found.replace("\r\n", "\n") == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "docs/openapi.json is out of date; UPDATE_DOCS=1 cargo test --test openapi writes it anew"
    );
    std::fs::write(path, wanted).unwrap();
}

/// A method that no path has is refused with those that it has.
#[test]
fn the_methods_of_every_path_are_those_of_the_server() {
    let tenant = Tenant::new(None, Policy::default());
    let document = openapi::document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let mut described: Vec<String> = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
            .map(|key| key.to_uppercase())
            .collect();
        if described.contains(&"GET".to_owned()) {
            described.push("HEAD".to_owned());
        }
        described.sort_unstable();
        let target = path.replace("{id}", "x");
        let request = Request::builder().method("BREW").uri(&target);
        let answer = tenant.handle(request.body(Bytes::new()).unwrap());
        assert_eq!(answer.status(), 405, "{path}");
        let allow = answer.headers()["allow"].to_str().unwrap();
        let mut allowed: Vec<&str> = allow.split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(allowed, described, "{path}");
    }
}

/// Every reference in the description leads somewhere.
#[test]
fn no_reference_is_broken() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(elements) => elements.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = openapi::document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
