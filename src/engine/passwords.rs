//! The passwords and credentials of a run, which must be in nothing that it keeps.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use bytes::Bytes;

use crate::secret::{MASK, Secret};

/// Passwords that were sent, or will be.
#[derive(Default)]
pub struct Passwords {
    all: Vec<Secret>,
    /// First two bytes of any of them: a large import is searched for hundreds of passwords, and hardly any
    /// place in it begins like one.
    starts: Vec<[u8; 2]>,
}

impl Passwords {
    /// One more. An empty one hides nothing.
    pub fn add(&mut self, password: &Secret) {
        let Some(start) = start(password.expose().as_bytes()) else {
            return;
        };
        if !self.starts.contains(&start) {
            self.starts.push(start);
        }
        self.all.push(password.clone());
    }

    /// The text without any of them, or `None` when there is none in it.
    #[must_use]
    pub fn hide(&self, bytes: &Bytes) -> Option<Bytes> {
        let mut hidden: Option<Vec<u8>> = None;
        let mut at = 0;
        let mut kept = 0;
        while let Some(rest) = bytes.get(at..) {
            let Some(next) = self.next_start(rest) else {
                break;
            };
            let found = rest.get(next..).and_then(|here| self.at_start_of(here));
            at += next;
            match found {
                Some(length) => {
                    let hidden = hidden.get_or_insert_default();
                    hidden.extend_from_slice(bytes.get(kept..at).unwrap_or_default());
                    hidden.extend_from_slice(MASK.as_bytes());
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        let mut hidden = hidden?;
        hidden.extend_from_slice(bytes.get(kept..).unwrap_or_default());
        Some(hidden.into())
    }

    /// The same for a text.
    #[must_use]
    pub fn hide_in(&self, text: String) -> String {
        let bytes = Bytes::from(text);
        let hidden = self.hide(&bytes).unwrap_or(bytes);
        String::from_utf8_lossy(&hidden).into_owned()
    }

    fn next_start(&self, bytes: &[u8]) -> Option<usize> {
        bytes
            .windows(2)
            .position(|two| self.starts.iter().any(|start| start == two))
    }

    /// The length of the longest password that `bytes` begin with.
    fn at_start_of(&self, bytes: &[u8]) -> Option<usize> {
        self.all
            .iter()
            .map(|password| password.expose().as_bytes())
            .filter(|password| bytes.starts_with(password))
            .map(<[u8]>::len)
            .max()
    }
}

fn start(password: &[u8]) -> Option<[u8; 2]> {
    password.get(..2)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(passwords: &[&str], text: &str) -> Option<String> {
        let mut all = Passwords::default();
        for password in passwords {
            all.add(&Secret::new(*password));
        }
        all.hide(&Bytes::copy_from_slice(text.as_bytes()))
            .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn every_place_is_hidden_and_nothing_else() {
        let table = [
            (
                &["aA123459"][..],
                "a aA123459 b aA123459",
                Some("a *** b ***"),
            ),
            (&["aA123459"], "aA12345", None),
            (&["aA123459"], "aaA123459", Some("a***")),
            (&["aA1", "aA123459"], "aA123459!", Some("***!")),
            (&["aA1", "bB2"], "bB2aA1", Some("******")),
            (&["aA1"], "łaA1ł", Some("ł***ł")),
            (&[], "aA1", None),
            (&[""], "aA1", None),
        ];
        for (passwords, text, wanted) in table {
            assert_eq!(
                hidden(passwords, text).as_deref(),
                wanted,
                "{passwords:?} in {text}"
            );
        }
    }
}
