//! The people and groups of a scenario, filled in: an org that is ready to act.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "numbers of our own, within tables of our own"
)]

use std::collections::BTreeSet;

use fake::Fake;
use fake::faker::name::en::LastName;
use indexmap::IndexMap;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde_json::Value;
use uuid::Uuid;

use crate::okta::body::Profile;
use crate::okta::org::{Group, Org, Person, Pushed, Status};
use crate::okta::{App, Variants};
use crate::scenario::placeholder::{self, Template};
use crate::scenario::{Case, Email, GroupSpec, PersonSpec, Scenario};
use crate::secret::Secret;

/// What names are made from.
#[derive(Clone, Debug)]
pub struct Naming<'a> {
    /// What `{run}` stands for.
    pub run: &'a str,
    /// Decides generated names.
    pub seed: u64,
    /// Pattern for e-mail addresses; `{}` stands for the part before the `@`.
    pub email: Option<&'a str>,
    /// Constants for attributes that the target demands.
    pub attributes: &'a [(String, Value)],
}

/// The org of a scenario, before its first step.
#[must_use]
pub fn org(scenario: &Scenario, case: Option<&Case>, app: App, naming: &Naming<'_>) -> Org {
    let mut people = IndexMap::new();
    for n in 1..=scenario.crowd {
        let key = format!("crowd-{n}");
        people.insert(
            key.clone(),
            person(&key, &PersonSpec::default(), scenario, naming),
        );
    }
    for (key, spec) in &scenario.people {
        let row = case.and_then(|c| c.people.get(key));
        let spec = row.map_or_else(|| spec.clone(), |row| overlaid(spec, row));
        people.insert(key.clone(), person(key, &spec, scenario, naming));
    }
    let mut groups = IndexMap::new();
    for (key, spec) in &scenario.groups {
        let row = case.and_then(|c| c.groups.get(key));
        let name = row.and_then(|r| r.name.as_ref()).or(spec.name.as_ref());
        let members = row
            .and_then(|r| r.members.as_ref())
            .or(spec.members.as_ref());
        groups.insert(
            key.clone(),
            Group {
                name: fill(
                    name.unwrap_or(&format!("{} {{run}}", capitalised(key))),
                    naming.run,
                ),
                members: members.into_iter().flatten().cloned().collect(),
                link: None,
                pushed: Pushed::default(),
            },
        );
    }
    Org {
        app,
        import_groups: case
            .and_then(|case| case.import_groups)
            .unwrap_or_else(|| scenario.import_groups.is_on(app)),
        variants: Variants::NONE,
        people,
        groups,
    }
}

fn overlaid(spec: &PersonSpec, row: &PersonSpec) -> PersonSpec {
    let mut all = spec.clone();
    all.login = row.login.clone().or(all.login);
    all.email = row.email.clone().or(all.email);
    all.first_name = row.first_name.clone().or(all.first_name);
    all.last_name = row.last_name.clone().or(all.last_name);
    all.attributes.extend(row.attributes.clone());
    all
}

fn person(key: &str, spec: &PersonSpec, scenario: &Scenario, naming: &Naming<'_>) -> Person {
    let default_login = format!("{key}.{{run}}@example.com");
    let login = address(
        &fill(spec.login.as_deref().unwrap_or(&default_login), naming.run),
        naming.email,
    );
    let email = match &spec.email {
        Some(Email::Address(text)) => address(&fill(text, naming.run), naming.email),
        Some(Email::Same) => login.clone(),
        // Without a word about it the e-mail is the login, or made from it.
        None if login.contains('@') => login.clone(),
        None => address(&format!("{key}.{}@example.com", naming.run), naming.email),
    };
    let first = spec
        .first_name
        .as_ref()
        .map_or_else(|| capitalised(key), |n| fill(n, naming.run));
    let last = spec.last_name.as_ref().map_or_else(
        || family_name(key, scenario, naming.seed),
        |n| fill(n, naming.run),
    );
    let mut profile = Profile::new();
    profile.insert("firstName".into(), first.clone().into());
    profile.insert("lastName".into(), last.clone().into());
    profile.insert("email".into(), email.into());
    profile.insert("emailType".into(), "work".into());
    profile.insert("displayName".into(), format!("{first} {last}").into());
    profile.insert("locale".into(), "en-US".into());
    for (name, value) in naming.attributes {
        profile.insert(name.clone(), value.clone());
    }
    for (name, value) in &spec.attributes {
        profile.insert(name.clone(), filled(value, naming.run));
    }
    // Nothing was pushed yet, so there is nothing to clear.
    profile.retain(|_, value| !value.is_null());
    Person {
        okta_id: okta_id(),
        login,
        profile,
        password: password(),
        status: Status::Active,
        link: None,
    }
}

/// Applies a `change:` to a person; returns whether the login changed.
pub fn change_person(person: &mut Person, spec: &PersonSpec, naming: &Naming<'_>) {
    if let Some(login) = &spec.login {
        person.login = address(&fill(login, naming.run), naming.email);
    }
    match &spec.email {
        Some(Email::Same) => {
            person
                .profile
                .insert("email".into(), person.login.as_str().into());
        }
        Some(Email::Address(text)) => {
            person.profile.insert(
                "email".into(),
                address(&fill(text, naming.run), naming.email).into(),
            );
        }
        None => {}
    }
    let named = spec.first_name.is_some() || spec.last_name.is_some();
    if let Some(name) = &spec.first_name {
        person
            .profile
            .insert("firstName".into(), fill(name, naming.run).into());
    }
    if let Some(name) = &spec.last_name {
        person
            .profile
            .insert("lastName".into(), fill(name, naming.run).into());
    }
    if named {
        let display = person.display_name();
        person.profile.insert("displayName".into(), display.into());
    }
    for (name, value) in &spec.attributes {
        person
            .profile
            .insert(name.clone(), filled(value, naming.run));
    }
}

/// Applies a `change:` to a group.
pub fn change_group(group: &mut Group, spec: &GroupSpec, run: &str) {
    if let Some(name) = &spec.name {
        group.name = fill(name, run);
    }
    if let Some(members) = &spec.members {
        group.members = members.iter().cloned().collect::<BTreeSet<_>>();
    }
}

/// A text of the header of a scenario, where only `{run}` makes sense.
#[must_use]
pub fn fill(text: &str, run: &str) -> String {
    let filled = Template::parse(text).ok().and_then(|t| {
        t.fill(|value| match value {
            placeholder::Value::Run => Ok(run.to_owned()),
            _ => Err(()),
        })
        .ok()
    });
    filled.unwrap_or_else(|| text.replace("{run}", run))
}

fn filled(value: &Value, run: &str) -> Value {
    match value {
        Value::String(text) => fill(text, run).into(),
        Value::Array(values) => values.iter().map(|v| filled(v, run)).collect(),
        other => other.clone(),
    }
}

/// An address by the user's pattern, if there is one.
fn address(text: &str, pattern: Option<&str>) -> String {
    match (text.rsplit_once('@'), pattern) {
        (Some((local, _)), Some(pattern)) => pattern.replace("{}", local),
        _ => text.to_owned(),
    }
}

fn capitalised(key: &str) -> String {
    let mut chars = key.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// A plain family name: one random stream a person, so that another person in a scenario shifts nobody's name.
/// Special characters are the business of hand-written tables, never of chance.
fn family_name(key: &str, scenario: &Scenario, seed: u64) -> String {
    let stream = format!("{}/{key}", scenario.id)
        .bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mut random = ChaCha8Rng::seed_from_u64(stream);
    loop {
        let name: String = LastName().fake_with_rng(&mut random);
        if name.bytes().all(|b| b.is_ascii_alphabetic()) {
            return name;
        }
    }
}

/// `00u` and seventeen letters and digits; random, so that two runs never share an externalId.
fn okta_id() -> String {
    format!("00u{}", random_text(17))
}

/// What Okta sends as a placeholder: eight letters and digits, one of each kind (recorded).
#[must_use]
pub fn password() -> Secret {
    Secret::new(format!("aA{}9", random_text(5)))
}

/// A run id: a letter and five letters or digits.
#[must_use]
pub fn run_id() -> String {
    format!("r{}", random_text(5).to_ascii_lowercase())
}

fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // Two fixed nibbles of a v4 UUID are passed over with its middle bytes.
        for byte in Uuid::new_v4()
            .as_bytes()
            .iter()
            .enumerate()
            .filter(|(i, _)| !matches!(i, 6 | 8))
            .map(|(_, b)| *b)
        {
            if text.len() < length && byte < 248 {
                text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_have_their_length_and_differ() {
        assert_eq!(okta_id().len(), 20);
        assert_ne!(okta_id(), okta_id());
        let password = password();
        assert!(password.expose().bytes().any(|b| b.is_ascii_digit()));
        assert_eq!(password.expose().len(), 8);
    }

    #[test]
    fn addresses_follow_the_user_s_pattern() {
        assert_eq!(
            address("ada+x@example.com", Some("qa+{}@acme.io")),
            "qa+ada+x@acme.io"
        );
        assert_eq!(address("00u1", Some("qa+{}@acme.io")), "00u1");
        assert_eq!(address("a@example.com", None), "a@example.com");
    }
}
