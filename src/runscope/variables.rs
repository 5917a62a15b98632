//! `{{name}}` in an export, and the values that Okta's guide makes up.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

/// Values by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The variables that the guide to Okta's SPEC suite sets before its first request: a
    /// person nobody has, and an id nobody has.
    #[must_use]
    pub fn of_the_guide(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let given = format!("Runscope{}", digits(&mut random));
        let family = format!(
            "{}{}{}",
            letters(&mut random, b'A', 1),
            letters(&mut random, b'a', 8),
            digits(&mut random)
        );
        let email = format!("{given}{family}@example.com");
        let mut variables = Self::default();
        for (name, value) in [
            ("randomUsernameCaps", email.to_uppercase()),
            ("randomUsername", email.clone()),
            ("randomEmail", email),
            ("randomGivenName", given),
            ("randomFamilyName", family),
            ("InvalidUserEmail", "abcdefgh@example.com".to_owned()),
            (
                "UserIdThatDoesNotExist",
                "010101001010101011001010101011".to_owned(),
            ),
        ] {
            variables.set(name, value);
        }
        variables
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Whether a variable has a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text with the values of its variables; names without a value stay as they are.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, inner, after)) = next(rest) {
            filled.push_str(before);
            match self.0.get(inner.trim()) {
                Some(value) => filled.push_str(value),
                None => {
                    filled.push_str("{{");
                    filled.push_str(inner);
                    filled.push_str("}}");
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

/// The names of the variables in a text.
#[must_use]
pub fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, inner, after)) = next(rest) {
        names.push(inner.trim());
        rest = after;
    }
    names
}

/// What stands before the next variable, its name, and what stands behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once("{{")?;
    let (inner, after) = opened.split_once("}}")?;
    // "{{{name}}" opens at the last two braces.
    match inner.rfind("{{") {
        None => Some((before, inner, after)),
        Some(at) => {
            let start = before.len() + 2 + at;
            Some((text.get(..start)?, inner.get(at + 2..)?, after))
        }
    }
}

fn digits(random: &mut impl Rng) -> String {
    (0..3)
        .map(|_| char::from(b'0' + random.random_range(0..10)))
        .collect()
}

fn letters(random: &mut impl Rng, first: u8, count: usize) -> String {
    (0..count)
        .map(|_| char::from(first + random.random_range(0..26)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_for_names() {
        let mut variables = Variables::default();
        variables.set("base", "https://x.test");
        variables.set("id", "7");
        let filled = variables.fill("{{base}}/Users/{{ id }}?a={{unknown}}&b={{");
        assert_eq!(filled, "https://x.test/Users/7?a={{unknown}}&b={{");
        assert_eq!(names("{{a}} {{ b }} {c} {{{{d}}"), ["a", "b", "d"]);
        assert_eq!(variables.fill("{{x{{id}}"), "{{x7");
    }

    #[test]
    fn the_person_of_the_guide_is_made_as_the_guide_says() {
        let variables = Variables::of_the_guide(1);
        let email = variables.fill("{{randomEmail}}");
        assert_eq!(variables.fill("{{randomUsername}}"), email);
        assert_eq!(
            variables.fill("{{randomUsernameCaps}}"),
            email.to_uppercase()
        );
        let name = variables.fill("{{randomGivenName}}{{randomFamilyName}}@example.com");
        assert_eq!(name, email);
        assert_eq!(
            variables.fill("{{randomGivenName}}").len(),
            "Runscope".len() + 3
        );
        assert_ne!(email, Variables::of_the_guide(2).fill("{{randomEmail}}"));
        assert_eq!(variables, Variables::of_the_guide(1));
    }
}
