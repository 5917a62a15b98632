//! Okta's requests, as both kinds of app send them, played against a tenant; the transcript
//! shows what a policy changes.

use std::collections::HashMap;

use bytes::Bytes;
use http::{Method, Request};
use scim_conform::server::{Policy, WireEffect};
use serde_json::{Value, json};

use super::client::{Client, ENTERPRISE, TOKEN, encode, user};

/// Plays everything and writes down what comes back, with ids as aliases.
pub(crate) fn transcript(policy: Policy) -> Vec<String> {
    let mut play = Play::new(policy.clone());
    play.connect();
    play.users_of_a_custom_app();
    play.users_of_a_catalogue_app();
    play.look_ups();
    play.groups_of_a_custom_app();
    play.groups_of_a_catalogue_app();
    play.refusals();
    let mut lines = play.lines;
    for scene in [
        Play::import,
        Play::stranger,
        Play::look_up_among_many,
        Play::big_group,
        Play::newcomers,
    ] {
        let mut play = Play::new(policy.clone());
        scene(&mut play);
        lines.extend(play.lines);
    }
    lines
}

struct Play {
    okta: Client,
    lines: Vec<String>,
    aliases: HashMap<String, String>,
}

impl Play {
    fn new(policy: Policy) -> Self {
        Self {
            okta: Client::new(policy),
            lines: Vec::new(),
            aliases: HashMap::new(),
        }
    }

    fn note(&mut self, method: Method, target: &str, body: Option<Value>) -> Value {
        let answer = self.okta.send(method.clone(), target, body);
        let shown = self.shown(&answer.response);
        let line = format!("{method} {} -> {shown}", self.masked(target));
        self.lines.push(line);
        answer.json
    }

    fn shown(&mut self, response: &http::Response<Bytes>) -> String {
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let effect = response.extensions().get::<WireEffect>();
        let names = [
            "content-type",
            "location",
            "www-authenticate",
            "retry-after",
        ];
        let headers = names.map(|name| {
            let value = response.headers().get(name);
            format!("{:?}", value.map(|v| String::from_utf8_lossy(v.as_bytes())))
        });
        let status = response.status().as_u16();
        self.masked(&format!("{status} {headers:?} {text} {effect:?}"))
    }

    /// Ids become aliases in the order of their first appearance, times a word.
    fn masked(&mut self, text: &str) -> String {
        let mut masked = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some(id) = rest.get(..36).filter(|start| is_uuid(start)) {
                let alias = format!("<{}>", self.aliases.len());
                masked.push_str(self.aliases.entry(id.to_owned()).or_insert(alias));
                rest = &rest[36..];
            } else if rest.get(..24).is_some_and(is_time) {
                masked.push_str("<time>");
                rest = &rest[24..];
            } else {
                masked.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        masked
    }

    fn get(&mut self, target: &str) -> Value {
        self.note(Method::GET, target, None)
    }

    fn find(&mut self, endpoint: &str, attribute: &str, value: &str) -> Value {
        let filter = encode(&format!("{attribute} eq {}", Value::from(value)));
        self.get(&format!(
            "{endpoint}?filter={filter}&startIndex=1&count=100"
        ))
    }

    fn patch(&mut self, target: &str, operations: Value) -> Value {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.note(Method::PATCH, target, Some(body))
    }

    /// Okta's PUT: the answer of the GET before, changed.
    fn put(&mut self, target: &str, change: impl FnOnce(&mut Value)) {
        let mut body = self.get(target);
        if body.is_object() {
            change(&mut body);
        }
        self.note(Method::PUT, target, Some(body));
        self.get(target);
    }

    fn create(&mut self, body: Value) -> String {
        let name = body["userName"].as_str().unwrap_or_default().to_owned();
        let created = self.note(Method::POST, "/Users", Some(body));
        let found = self.find("/Users", "userName", &name);
        let id = match &created["id"] {
            Value::Null => found.pointer("/Resources/0/id").unwrap_or(&Value::Null),
            id => id,
        };
        format!("/Users/{}", encode(&id_text(id)))
    }

    fn create_group(&mut self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| member(id)).collect();
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "members": members});
        let created = self.note(Method::POST, "/Groups", Some(body));
        self.find("/Groups", "displayName", name);
        format!("/Groups/{}", encode(&id_text(&created["id"])))
    }

    fn connect(&mut self) {
        self.get("/Users?startIndex=1&count=2");
        self.get("/Groups?startIndex=1&count=100");
        self.get("/ServiceProviderConfig");
        for header in [None, Some("Bearer wrong"), Some(TOKEN)] {
            let mut request = Request::get("/Users?startIndex=1&count=2");
            if let Some(header) = header {
                request = request.header("Authorization", header);
            }
            let answer = self.okta.raw(request.body(Bytes::new()).unwrap());
            let shown = self.shown(&answer.response);
            self.lines.push(format!("{header:?} -> {shown}"));
        }
    }

    fn users_of_a_custom_app(&mut self) {
        let mut ada = user("Ada.Byron@x.test");
        ada[ENTERPRISE] =
            json!({"department": "Ops", "manager": {"value": "00u9", "displayName": "Lena"}});
        ada["urn:okta:acme:1.0:user:custom"] = json!({"badge": "7"});
        let target = self.create(ada.clone());
        self.get(&target);
        self.note(Method::POST, "/Users", Some(ada));
        self.put(&target, |ada| {
            ada["title"] = json!("Dr");
            ada["displayName"] = json!("Ada King");
            ada["name"]["familyName"] = json!("King");
            ada["groups"] = json!([]);
        });
        self.put(&target, |ada| {
            if let Some(ada) = ada.as_object_mut() {
                ada.shift_remove("title");
            }
        });
        self.put(&target, |ada| ada["nickName"] = json!(""));
        self.put(&target, |ada| ada["title"] = json!("Dr ".repeat(100)));
        self.put(&target, |ada| set_address(ada, "king@x.test"));
        self.put(&target, |ada| {
            ada["userName"] = json!("Ada.King@x.test");
            set_address(ada, "Ada.King@x.test");
        });
        self.find("/Users", "userName", "Ada.Byron@x.test");
        self.find("/Users", "userName", "Ada.King@x.test");
        self.put(&target, |ada| ada["active"] = json!(false));
        self.find("/Users", "userName", "Ada.King@x.test");
        self.note(Method::POST, "/Users", Some(user("Ada.King@x.test")));
        self.put(&target, |ada| ada["active"] = json!(true));
    }

    fn users_of_a_catalogue_app(&mut self) {
        let target = self.create(user("bob@x.test"));
        let replace = |value: Value| json!([{"op": "replace", "value": value}]);
        self.patch(&target, replace(json!({"active": false})));
        self.get(&target);
        self.find("/Users", "userName", "bob@x.test");
        self.patch(&target, replace(json!({"active": true})));
        self.get(&target);
        self.patch(&target, replace(json!({"id": "x", "active": true})));
        self.patch(&target, replace(json!({"password": "n3wS3cret"})));
        self.put(&target, |bob| bob["userName"] = json!("ADA.king@x.test"));
    }

    fn look_ups(&mut self) {
        for name in [
            "plus+tag@x.test",
            "o'neil@x.test",
            "oxneil@x.test",
            "o\"quote@x.test",
            "back\\slash@x.test",
            "łódź@x.test",
            "no-mail",
            "(paren)@x.test",
            "a.b@x.test",
            " blank ",
            "e\u{301}@x.test",
            "🦀@x.test",
            "MiXed@x.test",
        ] {
            let mut body = user(name);
            body["name"]["familyName"] = json!("O'Neil");
            self.create(body);
        }
        for name in [
            "mixed@x.test",
            "o'neil@x.test",
            "a.b@x.tes",
            "oxneil.x.test",
            "nobody@x.test",
        ] {
            self.find("/Users", "userName", name);
        }
        let mut twin = user("twin@x.test");
        set_address(&mut twin, "mixed@x.test");
        twin["roles"] = json!(["admin"]);
        twin["title"] = json!("x".repeat(65));
        let twin = self.create(twin);
        self.put(&twin, |twin| {
            twin["userName"] = json!("twin.2@x.test");
            twin["title"] = json!("short");
        });
        let mut untitled = user("null@x.test");
        untitled["title"] = Value::Null;
        self.create(untitled);
        self.create(user("MIXED@x.test"));
        let mut nameless = user("nameless@x.test");
        nameless.as_object_mut().unwrap().shift_remove("name");
        self.create(nameless);
        self.get("/Users?startIndex=1&count=100");
    }

    fn groups_of_a_custom_app(&mut self) {
        let ids: Vec<String> = (0..25)
            .map(|n| self.seed(&format!("g{n}@x.test")))
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.create_group(" blank ", &[]);
        let target = self.create_group("Night Shift", &ids[..2]);
        self.get(&target);
        self.put(&target, |group| {
            group["members"] = ids.iter().map(|id| member(id)).collect();
        });
        self.put(&target, |group| {
            group["displayName"] = json!("Day: Shift & Co");
            if let Some(group) = group.as_object_mut() {
                group.shift_remove("members");
            }
        });
        self.find("/Groups", "displayName", "Night Shift");
        self.find("/Groups", "displayName", "Day: Shift & Co");
        self.put(&target, |group| {
            group["members"] = json!([{"value": ids[0], "display": null}]);
        });
        self.create_group("Day-Shift", &[]);
        self.create_group("day-shift", &[]);
        self.create_group("Day: Shift", &[]);
        let user = format!("/Users/{}", encode(ids[0]));
        self.put(&user, |user| user["groups"] = json!([]));
        self.put(&user, |user| user["active"] = json!(false));
        self.get(&target);
        self.note(Method::DELETE, &target, None);
        self.get(&target);
        self.find("/Groups", "displayName", "Day: Shift & Co");
    }

    fn groups_of_a_catalogue_app(&mut self) {
        let ids: Vec<String> = (0..4).map(|n| self.seed(&format!("p{n}@x.test"))).collect();
        let target = self.create_group("Pushed", &[]);
        let replace = |value: Value| json!([{"op": "replace", "value": value}]);
        let replace_members =
            |members: Value| json!([{"op": "replace", "path": "members", "value": members}]);
        let add = |ids: &[String]| {
            let members: Vec<Value> = ids.iter().map(|id| member(id)).collect();
            json!({"op": "add", "path": "members", "value": members})
        };
        let remove = format!("members[value eq \"{}\"]", ids[0]);
        let unknown = ["nobody".to_owned()];
        for operations in [
            replace(json!({"id": "1", "displayName": "Pushed"})),
            json!([add(&ids[..2])]),
            json!([add(&ids[1..3])]),
            json!([{"op": "remove", "path": remove}]),
            replace(json!({"displayName": "Renamed"})),
            replace_members(json!([member(&ids[3])])),
            replace(json!({"members": [member(&ids[0])]})),
            json!([add(&ids[1..2]), add(&unknown)]),
            replace_members(json!([])),
        ] {
            self.patch(&target, operations);
            self.get(&target);
        }
        self.find("/Groups", "displayName", "Renamed");
        self.note(Method::DELETE, &target, None);
    }

    fn refusals(&mut self) {
        self.get("/Users/00000000-0000-4000-8000-000000000000");
        self.get("/Users/unknown");
        self.note(Method::POST, "/Users", Some(json!({"name": {}})));
    }

    /// Pages of 100, and what comes behind the last one.
    fn import(&mut self) {
        for n in 0..103 {
            self.seed(&format!("u{n}@x.test"));
        }
        for start in [1, 101, 201] {
            self.get(&format!("/Users?startIndex={start}&count=100"));
        }
    }

    /// Somebody was there before.
    fn stranger(&mut self) {
        self.seed("stranger@x.test");
        self.find("/Users", "userName", "new@x.test");
        self.create(user("new@x.test"));
        self.find("/Users", "userName", "stranger@x.test");
    }

    fn look_up_among_many(&mut self) {
        for n in 0..101 {
            self.seed(&format!("s{n}@x.test"));
        }
        self.find("/Users", "userName", "s100@x.test");
    }

    fn big_group(&mut self) {
        let ids: Vec<String> = (0..60)
            .map(|n| self.seed(&format!("b{n}@x.test")))
            .collect();
        let target = self.create_group("Big", &[]);
        let members: Vec<Value> = ids.iter().map(|id| member(id)).collect();
        self.patch(
            &target,
            json!([{"op": "add", "path": "members", "value": members}]),
        );
        self.get(&target);
    }

    /// Who comes after somebody alike, back under another login, or into a group that is there already.
    fn newcomers(&mut self) {
        let mut eve = user("eve@x.test");
        eve["externalId"] = json!("00u7");
        if let Some(eve) = eve.as_object_mut() {
            eve.shift_remove("displayName");
        }
        let target = self.create(eve.clone());
        let value = json!({"title": "Dr", ENTERPRISE: {"department": "Ops"}});
        self.patch(&target, json!([{"op": "replace", "value": value}]));
        self.get(&target);
        self.put(&target, |eve| eve["displayName"] = json!("Eve"));
        eve["userName"] = json!("eve.king@x.test");
        set_address(&mut eve, "eve.king@x.test");
        self.create(eve);
        self.create(user("zoë@x.test"));
        self.create(user("zoe@x.test"));
        let group = self.create_group("Dawn", &[]);
        let replace = |value: Value| json!([{"op": "replace", "value": value}]);
        self.patch(&group, replace(json!({"displayName": "Dusk"})));
        self.get("/Groups?startIndex=1&count=100");
        let id = self.seed("late@x.test");
        self.patch(
            &group,
            json!([{"op": "add", "path": "members", "value": [member(&id)]}]),
        );
    }

    /// A user who is there under every policy, and whose making is not written down.
    fn seed(&self, name: &str) -> String {
        let seeded = self.okta.tenant.seed_user(&user(name));
        seeded.unwrap_or_else(|problem| panic!("{name}: {problem}"))
    }
}

fn member(id: &str) -> Value {
    json!({"value": id, "display": "somebody@x.test"})
}

fn id_text(id: &Value) -> String {
    match id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-')
        && bytes.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
}

/// `2026-01-02T03:04:05.006Z`
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.starts_with(b"20") && bytes[10] == b'T' && bytes[19] == b'.' && bytes.ends_with(b"Z")
}

fn set_address(user: &mut Value, address: &str) {
    if let Some(value) = user.pointer_mut("/emails/0/value") {
        *value = json!(address);
    }
}
