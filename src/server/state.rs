//! A tenant's users and groups as a text that survives the process (format 1).
//!
//! Passwords are not in it: the server never compares one, so it need not remember any.

use jiff::Timestamp;
use serde::ser::{SerializeSeq as _, SerializeStruct as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::ingest;
use super::membership::Member;
use super::policy::Policy;
use super::resource_type::{Kind, ResourceType};
use super::store::{Record, Store};
use super::tenant::Tenant;

/// The version of the text.
const FORMAT: u32 = 1;

/// Attributes that are kept elsewhere, or not at all.
const NOT_ATTRIBUTES: [&str; 5] = ["id", "meta", "groups", "members", "password"];

/// Why a text is not the state of a tenant.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is no JSON, or JSON of another shape.
    #[error("it is not the state of a server: {0}")]
    Shape(#[from] serde_json::Error),
    /// It was written by another version of this program.
    #[error("its format is {0}, and this version reads format {FORMAT}")]
    Format(u32),
    /// A resource in it cannot be one.
    #[error("{kind} number {number} ({id}): {problem}")]
    Resource {
        /// `User` or `Group`.
        kind: &'static str,
        /// Its place in the list, from 1.
        number: usize,
        /// Its id.
        id: String,
        /// What is wrong.
        problem: String,
    },
}

/// How much is in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Users.
    pub users: usize,
    /// Groups.
    pub groups: usize,
}

impl Tenant {
    /// Users and groups as a text, and a number that is another one once they may have changed.
    #[must_use]
    pub fn state(&self) -> (String, u64) {
        let store = self.read();
        let changes = self.changes();
        // Maps with text keys always serialize.
        let text = serde_json::to_string(&Whole(&store)).unwrap_or_default();
        (text, changes)
    }

    /// How many users and groups there are.
    #[must_use]
    pub fn holds(&self) -> Holding {
        let store = self.read();
        Holding {
            users: store.of(Kind::User).len(),
            groups: store.of(Kind::Group).len(),
        }
    }

    /// The number of [`Tenant::state`] without the text.
    #[must_use]
    pub fn state_number(&self) -> u64 {
        self.changes()
    }

    /// Puts a state in the place of all users and groups.
    ///
    /// # Errors
    /// [`StateError`]; then nothing has changed.
    pub fn restore(&self, text: &[u8]) -> Result<Holding, StateError> {
        let state: State = serde_json::from_slice(text)?;
        if state.format != FORMAT {
            return Err(StateError::Format(state.format));
        }
        let restored = Holding {
            users: state.users.len(),
            groups: state.groups.len(),
        };
        let mut store = Store::default();
        for (kind, all) in [
            (Kind::User, &state.users),
            (Kind::Group, &state.groups),
            (Kind::Role, &state.roles),
            (Kind::Entitlement, &state.entitlements),
        ] {
            file(self, &mut store, kind, all)?;
        }
        // Members after all groups: a group may hold groups.
        for group in state.groups {
            join(&mut store, &group);
        }
        *self.write() = store;
        Ok(restored)
    }
}

#[derive(Deserialize)]
struct State {
    format: u32,
    users: Vec<Kept>,
    groups: Vec<Kept>,
    #[serde(default)]
    roles: Vec<Kept>,
    #[serde(default)]
    entitlements: Vec<Kept>,
}

/// One resource.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    attributes: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<KeptMember>,
    created: String,
    modified: String,
    version: u64,
    /// SCIM did not create it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    local: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMember {
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display: Option<Box<str>>,
    #[serde(default, rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
}

/// A store, written resource by resource.
struct Whole<'a>(&'a Store);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut whole = serializer.serialize_struct("State", 5)?;
        whole.serialize_field("format", &FORMAT)?;
        whole.serialize_field("users", &All(self.0, Kind::User))?;
        whole.serialize_field("groups", &All(self.0, Kind::Group))?;
        whole.serialize_field("roles", &All(self.0, Kind::Role))?;
        whole.serialize_field("entitlements", &All(self.0, Kind::Entitlement))?;
        whole.end()
    }
}

struct All<'a>(&'a Store, Kind);

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(None)?;
        for record in self.0.of(self.1).iter().filter(|record| !record.ghost) {
            all.serialize_element(&kept(record))?;
        }
        all.end()
    }
}

fn kept(record: &Record) -> Kept {
    let members = record.members.iter().map(|member| KeptMember {
        value: member.value.to_string(),
        display: member.display.clone(),
        reference: member.reference.clone(),
    });
    Kept {
        id: record.id.to_string(),
        attributes: record.attributes.to_map(),
        members: members.collect(),
        created: record.created.to_string(),
        modified: record.modified.to_string(),
        version: record.version,
        local: record.seeded,
    }
}

fn file(tenant: &Tenant, store: &mut Store, kind: Kind, all: &[Kept]) -> Result<(), StateError> {
    let policy = Policy::default();
    let of = tenant.context(&policy).resource_type(kind);
    for (index, kept) in all.iter().enumerate() {
        let wrong = |problem: String| StateError::Resource {
            kind: kind.name(),
            number: index.saturating_add(1),
            id: kept.id.clone(),
            problem,
        };
        if kept.id.is_empty() || store.of(kind).get(&kept.id).is_some() {
            return Err(wrong("its id is empty or taken".to_owned()));
        }
        let time = |name: &str, text: &str| {
            let time: Result<Timestamp, _> = text.parse();
            time.map_err(|_| wrong(format!("{name} is no time: {text:?}")))
        };
        let mut record = Record::new(
            kept.id.as_str().into(),
            attributes(of, kept).map_err(wrong)?,
        );
        record.created = time("created", &kept.created)?;
        record.modified = time("modified", &kept.modified)?;
        record.version = kept.version;
        record.seeded = kept.local;
        store.of_mut(kind).insert(record);
    }
    Ok(())
}

/// The attributes, of the schema's types: a file may have been edited by hand.
fn attributes(of: ResourceType, kept: &Kept) -> Result<Map<String, Value>, String> {
    let name = match of.kind {
        Kind::User => "userName",
        Kind::Group | Kind::Role | Kind::Entitlement => "displayName",
    };
    let mut attributes = kept.attributes.clone();
    let elsewhere = |name: &str| NOT_ATTRIBUTES.iter().any(|n| n.eq_ignore_ascii_case(name));
    attributes.retain(|name, _| !elsewhere(name));
    ingest::resource(of, &attributes).map_err(|problem| problem.detail)?;
    match attributes.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(attributes),
        _ => Err(format!("{name} is missing")),
    }
}

/// Members who are not there are passed over.
fn join(store: &mut Store, group: &Kept) {
    let mut journal = Vec::new();
    for member in &group.members {
        let Some((kind, value)) = store.member(&member.value) else {
            continue;
        };
        if let Some(record) = store.of_mut(Kind::Group).get_mut(&group.id) {
            let member = Member {
                value,
                display: member.display.clone(),
                reference: member.reference.clone(),
                kind: kind.name(),
            };
            record.members.insert(member, &mut journal);
        }
    }
    store.follow(&group.id, &journal);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::Policy;

    fn tenant() -> Tenant {
        Tenant::new(None, Policy::default())
    }

    #[test]
    fn what_is_restored_is_what_was_there() {
        let first = tenant();
        first.populate(60, None, 3);
        let ada = first
            .seed_user(&json!({"userName": "Ada\u{301}", "password": "sw0rdfish"}))
            .unwrap();
        let inner = first
            .seed_group(
                &json!({"displayName": "Inner", "members": [{"value": ada, "display": "A"}]}),
            )
            .unwrap();
        first
            .seed_group(&json!({"displayName": "Outer", "members": [{"value": inner}]}))
            .unwrap();
        let (text, number) = first.state();
        assert_eq!(number, first.state_number());
        assert!(!text.contains("sw0rdfish"), "no password is kept");
        let second = tenant();
        let restored = second.restore(text.as_bytes()).unwrap();
        assert_eq!((restored.users, restored.groups), (61, 5));
        assert_eq!(second.state().0, text);
        let store = second.read();
        assert_eq!(store.groups_of(&ada).count(), 1);
        assert_eq!(store.groups_of(&inner).count(), 1);
    }

    #[test]
    fn a_broken_state_is_refused_and_changes_nothing() {
        let user = |change: Value| {
            let mut user = json!({"id": "1", "attributes": {"userName": "ada"},
                "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "version": 1});
            user.as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            json!({"format": 1, "users": [user], "groups": []}).to_string()
        };
        assert!(tenant().restore(user(json!({})).as_bytes()).is_ok());
        let twice = user(json!({})).replace("[{", "[{\"id\":\"1\",\"attributes\":{\"userName\":\"b\"},\"created\":\"2026-01-01T00:00:00Z\",\"modified\":\"2026-01-01T00:00:00Z\",\"version\":1},{");
        let table = [
            (String::new(), "not the state"),
            ("{\"format\":1,\"users\":[".to_owned(), "EOF"),
            ("[]".to_owned(), "not the state"),
            ("{\"format\":1}".to_owned(), "users"),
            (
                json!({"format": 2, "users": [], "groups": []}).to_string(),
                "format is 2",
            ),
            (user(json!({"id": ""})), "id is empty or taken"),
            (twice, "User number 2 (1): its id is empty or taken"),
            (user(json!({"attributes": {}})), "userName is missing"),
            (
                user(json!({"attributes": {"userName": 7}})),
                "userName must be string",
            ),
            (user(json!({"created": "yesterday"})), "created is no time"),
            (user(json!({"extra": 1})), "extra"),
        ];
        for (text, problem) in table {
            let tenant = tenant();
            tenant.seed_user(&json!({"userName": "old"})).unwrap();
            let before = tenant.state();
            let error = tenant.restore(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
            assert_eq!(tenant.state(), before);
        }
    }

    #[test]
    fn a_password_in_an_edited_file_is_not_taken_for_an_attribute() {
        let text = json!({"format": 1, "groups": [], "users": [{"id": "1",
            "attributes": {"userName": "ada", "password": "sw0rdfish"},
            "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "version": 1}]});
        let tenant = tenant();
        tenant.restore(text.to_string().as_bytes()).unwrap();
        assert!(!tenant.state().0.contains("sw0rdfish"));
    }
}
