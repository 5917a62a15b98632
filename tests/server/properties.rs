//! What holds after any sequence of requests.

use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::client::{Client, encode};

/// Texts that are the same to some comparisons, and trouble to others.
const TEXTS: [&str; 9] = [
    "Ada",
    "ADA",
    "Straße",
    "STRASSE",
    "e\u{301}",
    "\u{e9}",
    "\u{130}",
    "q\"\\uo/te",
    " \u{1f980}\u{0}",
];

/// One request; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Step {
    Create(Value),
    Replace(usize, Value),
    Change(usize, Vec<Value>),
    Delete(usize),
    Join(usize, Vec<usize>),
    Leave(usize, usize),
    DeleteGroup(usize),
}

fn text() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(TEXTS.to_vec())
}

fn email() -> impl Strategy<Value = Value> {
    let kind = proptest::sample::select(vec!["work", "home"]);
    (text(), kind, any::<bool>()).prop_map(
        |(value, kind, primary)| json!({"value": value, "type": kind, "primary": primary}),
    )
}

fn user() -> impl Strategy<Value = Value> {
    let emails = proptest::collection::vec(email(), 0..3);
    (text(), text(), text(), emails).prop_map(|(name, external, display, emails)| {
        json!({"userName": name, "externalId": external, "displayName": display, "emails": emails})
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = proptest::sample::select(vec!["add", "replace", "remove"]);
    let path = proptest::sample::select(vec![
        Value::Null,
        json!("userName"),
        json!("displayName"),
        json!("name.familyName"),
        json!("emails"),
        json!("emails.value"),
        json!("emails[type eq \"work\"]"),
        json!("emails[type eq \"home\"].value"),
        json!("emails[primary eq true].primary"),
        json!("emails[not (value pr)]"),
        json!("id"),
        json!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
        json!("nothing"),
    ]);
    let value = prop_oneof![
        text().prop_map(Value::from),
        email(),
        proptest::collection::vec(email(), 0..3).prop_map(Value::from),
        user(),
        Just(Value::Null),
        Just(json!(true)),
        Just(json!({"emails[type eq \"work\"].value": "x", "name.givenName": "y"})),
    ];
    (op, path, value).prop_map(|(op, path, value)| {
        let mut operation = json!({"op": op, "value": value});
        if !path.is_null() {
            operation["path"] = path;
        }
        operation
    })
}

fn step() -> impl Strategy<Value = Step> {
    let one = 0..6_usize;
    prop_oneof![
        4 => user().prop_map(Step::Create),
        2 => (one.clone(), user()).prop_map(|(n, user)| Step::Replace(n, user)),
        5 => (one.clone(), proptest::collection::vec(operation(), 1..4))
            .prop_map(|(n, operations)| Step::Change(n, operations)),
        1 => one.clone().prop_map(Step::Delete),
        2 => (one.clone(), proptest::collection::vec(one.clone(), 0..4))
            .prop_map(|(group, users)| Step::Join(group, users)),
        1 => (one.clone(), one.clone()).prop_map(|(group, user)| Step::Leave(group, user)),
        1 => one.prop_map(Step::DeleteGroup),
    ]
}

struct Play {
    okta: Client,
    users: Vec<String>,
    groups: Vec<String>,
}

impl Play {
    fn new() -> Self {
        let okta = Client::good();
        let groups = ["Ada", "Stra\u{df}e", "\u{e9}"].map(|name| okta.create_group(name, &[]));
        Self {
            okta,
            users: Vec::new(),
            groups: groups.into(),
        }
    }

    fn take(&mut self, step: Step) {
        let chosen = |from: &[String], n: usize| from.get(n % from.len().max(1)).cloned();
        match step {
            Step::Create(user) => {
                let created = self.okta.post("/Users", user);
                if created.status() == 201 {
                    self.users.push(created.id());
                }
            }
            Step::Replace(n, user) => {
                if let Some(id) = chosen(&self.users, n) {
                    self.changed(&id, |okta| okta.put(&format!("/Users/{id}"), user).status());
                }
            }
            Step::Change(n, operations) => {
                if let Some(id) = chosen(&self.users, n) {
                    self.changed(&id, |okta| {
                        let target = format!("/Users/{id}");
                        okta.patch(&target, Value::from(operations)).status()
                    });
                }
            }
            Step::Delete(n) => {
                if let Some(id) = chosen(&self.users, n) {
                    self.okta
                        .send(Method::DELETE, &format!("/Users/{id}"), None);
                    self.users.retain(|other| *other != id);
                }
            }
            Step::Join(group, users) => {
                if let Some(group) = chosen(&self.groups, group) {
                    let members = users.iter().filter_map(|n| chosen(&self.users, *n));
                    let members: Vec<Value> = members.map(|id| json!({"value": id})).collect();
                    let add = json!([{"op": "add", "path": "members", "value": members}]);
                    self.okta.patch(&format!("/Groups/{group}"), add);
                }
            }
            Step::Leave(group, user) => {
                if let (Some(group), Some(user)) =
                    (chosen(&self.groups, group), chosen(&self.users, user))
                {
                    let path = format!("members[value eq \"{user}\"]");
                    let remove = json!([{"op": "remove", "path": path}]);
                    self.okta.patch(&format!("/Groups/{group}"), remove);
                }
            }
            Step::DeleteGroup(n) => {
                if let Some(id) = chosen(&self.groups, n) {
                    self.okta
                        .send(Method::DELETE, &format!("/Groups/{id}"), None);
                    self.groups.retain(|other| *other != id);
                }
            }
        }
    }

    /// A change is done whole or not at all.
    fn changed(&self, id: &str, change: impl FnOnce(&Client) -> u16) {
        let target = format!("/Users/{id}");
        let before = self.okta.get(&target).json;
        let status = change(&self.okta);
        let after = self.okta.get(&target).json;
        if status >= 400 {
            assert_eq!(before, after);
        }
        let emails = after["emails"].as_array();
        let primaries = emails.into_iter().flatten();
        assert!(
            primaries.filter(|email| email["primary"] == true).count() <= 1,
            "{after}"
        );
    }

    fn ids(&self, endpoint: &str, filter: &str) -> Vec<String> {
        let found = self
            .okta
            .get(&format!("{endpoint}?filter={}", encode(filter)))
            .json;
        let ids: Vec<String> = found["Resources"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|resource| resource["id"].to_string())
            .collect();
        assert_eq!(found["totalResults"], ids.len(), "{found}");
        ids
    }

    /// An index finds what reading every resource finds.
    fn check_indexes(&self) {
        let mut filters = Vec::new();
        for text in TEXTS.map(Value::from) {
            filters.push(format!("userName eq {text}"));
            filters.push(format!("externalId eq {text}"));
            filters.push(format!("emails eq {text}"));
            filters.push(format!("emails[value eq {text}]"));
            filters.push(format!("displayName eq {text} and userName sw \"a\""));
            filters.push(format!("displayName eq {text} and emails.value eq {text}"));
            filters.push(format!("userName eq {text} or emails.value eq {text}"));
        }
        filters.extend(
            self.users
                .iter()
                .map(|id| format!("id eq \"{id}\" or title pr")),
        );
        for filter in filters {
            // No index answers a negation.
            let read = self.ids("/Users", &format!("not (not ({filter}))"));
            assert_eq!(self.ids("/Users", &filter), read, "{filter}");
        }
        for id in &self.users {
            let filter = format!("members.value eq \"{id}\"");
            let read = self.ids("/Groups", &format!("not (not ({filter}))"));
            assert_eq!(self.ids("/Groups", &filter), read);
            let user = self.okta.get(&format!("/Users/{id}")).json;
            let groups = user["groups"].as_array().into_iter().flatten();
            let groups: Vec<String> = groups.map(|group| group["value"].to_string()).collect();
            assert_eq!(groups, read);
        }
    }

    /// No two users have one name; a taken one is refused.
    fn check_names(&self) {
        for text in TEXTS {
            let holders = self.ids("/Users", &format!("userName eq {}", Value::from(text)));
            assert!(holders.len() <= 1, "{text}: {holders:?}");
            let refused = self.okta.post("/Users", json!({"userName": text})).status() == 409;
            assert_eq!(refused, !holders.is_empty(), "{text}");
        }
    }

    /// What is written as text says, byte for byte, what is built as a tree.
    fn check_texts(&self) {
        let users = self.users.iter().map(|id| format!("/Users/{id}?"));
        let groups = self.groups.iter().map(|id| format!("/Groups/{id}?"));
        let lists = ["/Users?".to_owned(), "/Groups?".to_owned(), "/?".to_owned()];
        for target in users.chain(groups).chain(lists) {
            let text = self.okta.get(&target).response;
            let tree = self
                .okta
                .get(&format!("{target}excludedAttributes=nickName"))
                .response;
            assert_eq!(text.body(), tree.body(), "{target}");
            assert_eq!(text.headers(), tree.headers(), "{target}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn indexes_names_and_texts_hold_after_any_requests(
        steps in proptest::collection::vec(step(), 1..24)
    ) {
        let mut play = Play::new();
        for step in steps {
            play.take(step);
        }
        play.check_indexes();
        play.check_texts();
        play.check_names();
    }
}
