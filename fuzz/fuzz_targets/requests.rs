//! Requests to the reference server, one after the other. None makes it fail, each refusal is a
//! SCIM error, and what it lists it also finds.
//!
//! An input is made of requests with a line `---` in between: method and target on the first
//! line, the body below. `{id}` stands for the id of what was created last.

#![no_main]

use bytes::Bytes;
use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use scim_conform::server::{Policy, Tenant};
use serde_json::Value;

/// More requests say nothing new, and cost time.
const MOST_REQUESTS: usize = 12;

fuzz_target!(|input: &str| {
    let tenant = Tenant::new(None, Policy::default());
    let mut id = String::from("nobody");
    for text in input.split("\n---\n").take(MOST_REQUESTS) {
        let Some(request) = request(&text.replace("{id}", &id)) else {
            continue;
        };
        let response = tenant.handle(request);
        check(&response, input);
        if response.status() == 201
            && let Some(created) = json(&response)["id"].as_str()
        {
            id = created.to_owned();
        }
    }
    check_index(&tenant);
});

fn request(text: &str) -> Option<Request<Bytes>> {
    let (line, body) = text.split_once('\n').unwrap_or((text, ""));
    let (method, target) = line.split_once(' ')?;
    let request = Request::builder().method(method).uri(target);
    let request = request.header("Content-Type", "application/scim+json");
    request.body(Bytes::copy_from_slice(body.as_bytes())).ok()
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_default()
}

fn check(response: &Response<Bytes>, input: &str) {
    let status = response.status();
    assert!(!status.is_server_error() || status == 501, "{status} to {input}");
    if status.is_client_error() {
        let body = json(response);
        assert_eq!(body["status"].as_str(), Some(status.as_str()), "{input}");
    }
}

/// Every user on the first page is found by the userName, and no two have one name.
fn check_index(tenant: &Tenant) {
    let get = |target: &str| {
        let request = Request::builder().uri(target).body(Bytes::new());
        request.map_or(Value::Null, |request| json(&tenant.handle(request)))
    };
    let users = get("/Users");
    for user in users["Resources"].as_array().into_iter().flatten() {
        let name = user["userName"].to_string();
        let name: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        // A name may be longer than a filter can be.
        if name.len() > 8000 {
            continue;
        }
        let found = get(&format!("/Users?filter=userName%20eq%20{name}"));
        let scanned = get(&format!("/Users?filter=not%20(userName%20ne%20{name})"));
        assert_eq!(found["totalResults"], 1, "{user}");
        assert_eq!(found, scanned);
        assert_eq!(found["Resources"][0], *user);
    }
}
