//! What of an exchange may be written to a file, and what is written in the place of the rest.
//!
//! Credentials and passwords never are; what stands for them tells only which are the same, so that `judge` still sees
//! one that comes back. People have aliases unless they are to be kept: the same text has the same alias, in a body, a
//! URL or a filter, so that a look-up, a create and the answers to both still fit together.

mod fields;
mod json;
mod url;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::redact::{Aliases, People, Redactor, prose};
use crate::secret::{MASK, Secret};

pub(super) use json::Kind;
pub(super) use url::is_public;

/// Texts about people that are remembered, to be found in errors. Beyond them no text of an error is kept.
const MOST_PEOPLE: usize = 200_000;

/// What stands for people.
#[derive(Clone, Debug)]
pub enum PeopleAs {
    /// Aliases of this key.
    Aliases(Aliases),
    /// Themselves.
    Shown,
}

/// Hides what must not be written.
pub(super) struct Mask {
    people: PeopleAs,
    /// Of a key that ends with the process: a password could be guessed by who has the key.
    of_secrets: Aliases,
    secrets: Redactor,
    known: People,
}

impl Mask {
    pub(super) fn new(people: PeopleAs) -> Self {
        let mut key = [0; 32];
        // Without randomness no TLS would work either; then all secrets look the same.
        let is_random = SystemRandom::new().fill(&mut key).is_ok();
        debug_assert!(is_random);
        Self {
            people,
            of_secrets: Aliases::new(&key),
            secrets: Redactor::new(),
            known: People::default(),
        }
    }

    /// Whether people are written as they are.
    pub(super) fn shows_people(&self) -> bool {
        matches!(self.people, PeopleAs::Shown)
    }

    /// From now on a credential is hidden wherever it stands; what stands for it.
    pub(super) fn credential(&self, text: &str) -> String {
        let stand_in = self.of_secrets.secret(text);
        self.secrets
            .add_credential_as(&Secret::new(text), &stand_in);
        stand_in
    }

    /// The same of a password.
    fn password(&self, text: &str) -> String {
        let stand_in = self.of_secrets.secret(text);
        self.secrets.add_password_as(&Secret::new(text), &stand_in);
        stand_in
    }

    /// What stands for a text about a person.
    fn alias_of(&self, text: &str) -> String {
        match &self.people {
            PeopleAs::Aliases(aliases) => aliases.text(text),
            PeopleAs::Shown => text.to_owned(),
        }
    }

    /// What stands for a number about a person.
    fn number(&self, digits: &str) -> String {
        match &self.people {
            PeopleAs::Aliases(aliases) => aliases.number(digits).to_string(),
            PeopleAs::Shown => digits.to_owned(),
        }
    }

    /// Remembers a text about a person, to know it again where a server writes for people.
    fn learn(&mut self, key: &str, text: &str) {
        if self.shows_people() || self.known.count() > MOST_PEOPLE {
            return;
        }
        self.known.learn(text);
        if [
            "givenname",
            "familyname",
            "formatted",
            "displayname",
            "display",
        ]
        .iter()
        .any(|name| key.eq_ignore_ascii_case(name))
        {
            text.split_whitespace()
                .for_each(|word| self.known.learn(word));
        }
    }

    /// A text that a server has written for people.
    fn prose(&self, text: &str) -> String {
        match &self.people {
            PeopleAs::Shown => text.to_owned(),
            PeopleAs::Aliases(_) if self.known.count() > MOST_PEOPLE => MASK.to_owned(),
            PeopleAs::Aliases(aliases) => prose(text, &self.known, &|text| aliases.text(text)),
        }
    }

    /// The phrase behind a status.
    pub(super) fn reason(&self, status: u16, text: &str) -> String {
        let known = http::StatusCode::from_u16(status).ok();
        let known = known.and_then(|status| status.canonical_reason());
        match known.is_some_and(|known| known.eq_ignore_ascii_case(text)) {
            true => text.to_owned(),
            false => self.hidden(self.prose(text)),
        }
    }

    /// A text without any secret that is known.
    pub(super) fn hidden(&self, text: String) -> String {
        self.secrets.owned(text)
    }

    /// The same of bytes; JSON stays JSON.
    pub(super) fn hidden_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.secrets.json_bytes(&bytes).unwrap_or(bytes)
    }
}

/// Whether the name of a parameter or an attribute says that its value is a credential.
fn names_credential(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let ends = [
        "token",
        "secret",
        "apikey",
        "assertion",
        "authorization",
        "cookie",
        "passphrase",
        "passwd",
        "password",
        "credential",
        "credentials",
    ];
    ends.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn mask(shows_people: bool) -> Mask {
        Mask::new(match shows_people {
            true => PeopleAs::Shown,
            false => PeopleAs::Aliases(Aliases::new(b"a key")),
        })
    }

    #[test]
    fn a_credential_is_told_by_its_name() {
        for name in [
            "Authorization",
            "X-Api-Key",
            "access_token",
            "clientSecret",
            "Set-Cookie",
            "id_token",
        ] {
            assert!(names_credential(name), "{name}");
        }
        for name in [
            "userName",
            "authenticationSchemes",
            "Accept",
            "externalId",
            "zipCode",
            "countryCode",
        ] {
            assert!(!names_credential(name), "{name}");
        }
    }
}
