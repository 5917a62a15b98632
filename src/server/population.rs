//! Generated users and groups, as a tenant that has been used for a while holds them: the same
//! for the same seed.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "numbers of our own, within tables of our own"
)]

use fake::Fake as _;
use fake::faker::name::en::{FirstName, LastName};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::index::Indexed;
use super::policy::Policy;
use super::resource::Context;
use super::resource_type::Kind;
use super::store::{Id, Store};
use super::tenant::{Insert, Tenant};
use super::{groups, users};
use crate::scim::urn;

/// The seed when none is given.
pub const DEFAULT_SEED: u64 = 1;

/// Users that can be seeded by one call.
pub const MOST_USERS: usize = 10_000_000;

const DEPARTMENTS: [(&str, &str); 10] = [
    ("Engineering", "Software Engineer"),
    ("Sales", "Account Executive"),
    ("Support", "Support Engineer"),
    ("Finance", "Accountant"),
    ("Marketing", "Campaign Manager"),
    ("Legal", "Counsel"),
    ("Operations", "Operations Analyst"),
    ("Product", "Product Manager"),
    ("Security", "Security Analyst"),
    ("People", "Recruiter"),
];

const REGIONS: [&str; 5] = ["EMEA", "Americas", "APAC", "Nordics", "Remote"];

/// Groups for so many users unless told otherwise: one for every 20, at most 50.
fn sensible_groups(users: usize) -> usize {
    users.div_ceil(20).min(DEPARTMENTS.len() * REGIONS.len())
}

/// What came of seeding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Users that are new.
    pub users: usize,
    /// Groups that are new.
    pub groups: usize,
}

impl Tenant {
    /// Puts generated users and groups in as if they had been there before SCIM. Every user is
    /// in one group. Who is there already, by userName or displayName, stays as is, so that the
    /// same call twice changes nothing.
    ///
    /// `groups`: how many; one for every 20 users and at most 50 when not given.
    pub fn populate(&self, users: usize, groups: Option<usize>, seed: u64) -> Seeded {
        let users = users.min(MOST_USERS);
        let groups = groups.unwrap_or_else(|| sensible_groups(users)).min(users);
        let policy = Policy::default();
        let context = self.context(&policy);
        let mut seeded = Seeded::default();
        let mut members = vec![Vec::new(); groups];
        for number in 0..users {
            let (user, department) = user(seed, number);
            let mut store = self.write();
            let Ok((id, is_new)) = put(context, &mut store, Kind::User, &user) else {
                continue;
            };
            seeded.users += usize::from(is_new);
            // People of one department share its groups as long as there are enough of them.
            let group = department + DEPARTMENTS.len() * (number % REGIONS.len());
            if let Some(members) = group.checked_rem(groups).and_then(|g| members.get_mut(g)) {
                members.push(json!({"value": *id}));
            }
        }
        for (number, members) in members.into_iter().enumerate() {
            let group = json!({"displayName": group_name(number), "members": members});
            let mut store = self.write();
            let Value::Object(group) = group else {
                continue;
            };
            let put = put(context, &mut store, Kind::Group, &group);
            seeded.groups += usize::from(put.is_ok_and(|(_, is_new)| is_new));
        }
        seeded
    }
}

/// Files a user or a group, unless one of that name is there: its id, and whether it is new.
fn put(
    context: Context<'_>,
    store: &mut Store,
    kind: Kind,
    attributes: &Map<String, Value>,
) -> Result<(Id, bool), Problem> {
    let (name, indexed, insert): (_, _, Insert) = match kind {
        Kind::User => ("userName", Indexed::UserName, users::insert),
        _ => ("displayName", Indexed::DisplayName, groups::insert),
    };
    let value = attributes.get(name).and_then(Value::as_str);
    if let Some(record) = value.and_then(|value| store.of(kind).lookup(indexed, value).next()) {
        return Ok((record.id.clone(), false));
    }
    let id = insert(context, store, attributes)?;
    if let Some(record) = store.of_mut(kind).get_mut(&id) {
        record.seeded = true;
    }
    Ok((id, true))
}

/// `Engineering EMEA`, and with a number from the 51st on.
fn group_name(number: usize) -> String {
    let department = DEPARTMENTS[number % DEPARTMENTS.len()].0;
    let region = REGIONS[number / DEPARTMENTS.len() % REGIONS.len()];
    match number / (DEPARTMENTS.len() * REGIONS.len()) {
        0 => format!("{department} {region}"),
        round => format!("{department} {region} {}", round + 1),
    }
}

/// The attributes that Okta's default mapping sends, and the number of the department.
fn user(seed: u64, number: usize) -> (Map<String, Value>, usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number as u64);
    let given: String = FirstName().fake_with_rng(&mut random);
    let family: String = LastName().fake_with_rng(&mut random);
    let department = random.random_range(0..DEPARTMENTS.len());
    let (department_name, title) = DEPARTMENTS[department];
    let login = format!("{given}.{family}.{}@example.com", number + 1).to_lowercase();
    let login: String = login.chars().filter(|c| !"' ".contains(*c)).collect();
    // Some have left: imports and look-ups must cope with inactive accounts.
    let active = random.random_range(0..20) > 0;
    let okta_id: String = (0..17).map(|_| alphanumeric(&mut random)).collect();
    let user = json!({
        "userName": login,
        "externalId": format!("00u{okta_id}"),
        "name": {"givenName": given, "familyName": family},
        "displayName": format!("{given} {family}"),
        "emails": [{"value": login, "type": "work", "primary": true}],
        "phoneNumbers": [{"value": format!("+1-555-{:07}", number % 10_000_000), "type": "work"}],
        "title": title,
        "locale": "en-US",
        "active": active,
        urn::ENTERPRISE_USER: {
            "employeeNumber": format!("{:06}", number + 1),
            "department": department_name,
        },
    });
    match user {
        Value::Object(user) => (user, department),
        _ => (Map::new(), department),
    }
}

fn alphanumeric(random: &mut ChaCha8Rng) -> char {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char::from(ALPHABET[random.random_range(0..ALPHABET.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_people_for_ever() {
        let (user, _) = user(DEFAULT_SEED, 41);
        insta::assert_snapshot!(serde_json::to_string_pretty(&user).unwrap(), @r#"
        {
          "userName": "dina.kuhn.42@example.com",
          "externalId": "00ujaRIiEGroA2ZjaiV9",
          "name": {
            "givenName": "Dina",
            "familyName": "Kuhn"
          },
          "displayName": "Dina Kuhn",
          "emails": [
            {
              "value": "dina.kuhn.42@example.com",
              "type": "work",
              "primary": true
            }
          ],
          "phoneNumbers": [
            {
              "value": "+1-555-0000041",
              "type": "work"
            }
          ],
          "title": "Accountant",
          "locale": "en-US",
          "active": true,
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": "000042",
            "department": "Finance"
          }
        }
        "#);
    }

    #[test]
    fn seeding_twice_changes_nothing() {
        let tenant = Tenant::new(None, Policy::default());
        let seeded = tenant.populate(100, None, 7);
        assert_eq!(
            seeded,
            Seeded {
                users: 100,
                groups: 5
            }
        );
        assert_eq!(tenant.populate(100, None, 7), Seeded::default());
        let store = tenant.read();
        let members = store
            .of(Kind::Group)
            .iter()
            .map(|g| g.members.iter().count());
        assert_eq!(members.sum::<usize>(), 100, "everybody is in one group");
        let inactive = store
            .of(Kind::User)
            .iter()
            .filter(|u| !u.is_active())
            .count();
        assert!((1..20).contains(&inactive), "{inactive}");
        let largest = store
            .of(Kind::User)
            .iter()
            .map(|u| u.attributes.inner_json().len());
        assert!(largest.max().unwrap() < 2048);
    }

    #[test]
    fn groups_have_names_of_their_own() {
        let names: std::collections::BTreeSet<String> = (0..120).map(group_name).collect();
        assert_eq!(names.len(), 120);
        assert_eq!(
            Tenant::new(None, Policy::default()).populate(0, Some(3), 1),
            Seeded::default()
        );
    }
}
