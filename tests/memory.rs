//! What a user costs in memory. By itself, because it measures the process.

#![cfg(target_os = "linux")]

use std::fs;

use scim_conform::server::{Policy, Tenant};
use serde_json::json;

/// Resident bytes of this process (proc(5)).
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes.unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn oktas_default_user_takes_less_than_two_kibibytes() {
    const USERS: usize = 20_000;
    let tenant = Tenant::new(None, Policy::default());
    let before = resident();
    for n in 0..USERS {
        let name = format!("ada.byron.{n}@example.com");
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "name": {"givenName": "Ada", "familyName": format!("Byron {n}")},
            "emails": [{"primary": true, "value": name, "type": "work"}],
            "displayName": format!("Ada Byron {n}"),
            "locale": "en-US",
            "externalId": format!("00u{n:017}"),
            "groups": [],
            "password": "9fKq2LwX",
            "active": true,
        });
        tenant.seed_user(&user).unwrap();
    }
    let cost = (resident() - before) / USERS;
    assert!(cost < 2048, "{cost} bytes");
}
