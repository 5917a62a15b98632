//! The secrets of a run, found in every form in which a server may repeat them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::needles::{Edge, Needles};
use crate::secret::{MASK, Secret};

/// A text with fewer bytes is no secret: it stands in ordinary words, and hiding it would garble every answer.
pub const SHORTEST: usize = 6;

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It lets somebody in: a token, a password of the client, the value of a header.
    Credential,
    /// The password of a user, which was sent or will be.
    Password,
}

/// Which kinds of secrets a text holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// A credential.
    pub credential: bool,
    /// A password.
    pub password: bool,
}

impl Held {
    /// Whether it holds any.
    #[must_use]
    pub fn any(self) -> bool {
        self.credential || self.password
    }
}

/// All secrets of a run. Clones share them.
///
/// Types and masks keep secrets out of outputs in the first place; this catches what a server repeats. A secret is
/// found as it is, with any of its characters escaped as JSON, URLs and HTML do it, also one within the other
/// (`spelling.rs`), in base64 and base64url, alone or within something longer (`user:token`), and in hexadecimal
/// digits.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

struct Known {
    kinds: HashMap<Box<str>, Kind>,
    needles: Needles<Tag>,
    /// What is shown in the place of secrets: the first of all that have no stand-in of their own.
    stand_ins: Vec<Box<str>>,
}

/// What a needle says of what it finds.
#[derive(Clone, Copy)]
struct Tag {
    kind: Kind,
    /// It is the secret. In another case it is none, but tells too much of it.
    is_it: bool,
    /// The place of its stand-in.
    stand_in: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            kinds: HashMap::new(),
            needles: Needles::new(SHORTEST),
            stand_ins: vec![MASK.into()],
        }
    }
}

impl Redactor {
    /// Knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        // Secrets are only ever added, so a panic elsewhere does not spoil them.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A password that was sent, or will be.
    pub fn add_password(&self, password: &Secret) {
        self.add(password.expose(), Kind::Password, 0);
    }

    /// The same, with a text of its own to be shown in its place.
    pub fn add_password_as(&self, password: &Secret, stand_in: &str) {
        self.add(password.expose(), Kind::Password, self.stand_in(stand_in));
    }

    /// What lets somebody in, alone or as the value of an `Authorization` header: then its scheme is left aside, and
    /// from Basic credentials the pair and its password are taken as well.
    pub fn add_credential(&self, secret: &Secret) {
        self.credential(secret, 0);
    }

    /// The same, with a text of its own to be shown in its place.
    pub fn add_credential_as(&self, secret: &Secret, stand_in: &str) {
        self.credential(secret, self.stand_in(stand_in));
    }

    fn stand_in(&self, text: &str) -> usize {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let there = known.stand_ins.iter().rposition(|one| **one == *text);
        there.unwrap_or_else(|| {
            known.stand_ins.push(text.into());
            known.stand_ins.len() - 1
        })
    }

    fn credential(&self, secret: &Secret, stand_in: usize) {
        let text = secret.expose().trim();
        let scheme = text
            .split_once(' ')
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest.trim()));
        let (is_basic, credential) = match scheme {
            Some((scheme, rest)) if ["bearer", "basic", "token"].contains(&&*scheme) => {
                (scheme == "basic", rest)
            }
            _ => (false, text),
        };
        self.add(credential, Kind::Credential, stand_in);
        let pair = STANDARD_NO_PAD
            .decode(credential.trim_end_matches('='))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|pair| is_basic && pair.contains(':'));
        if let Some(pair) = pair {
            self.add(&pair, Kind::Credential, stand_in);
            if let Some((_, password)) = pair.split_once(':') {
                self.add(password, Kind::Credential, stand_in);
            }
        }
    }

    fn add(&self, text: &str, kind: Kind, stand_in: usize) {
        if text.len() < SHORTEST || self.known().kinds.get(text) == Some(&kind) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.kinds.contains_key(text) {
            return;
        }
        known.kinds.insert(text.into(), kind);
        let is_it = Tag {
            kind,
            is_it: true,
            stand_in,
        };
        for (form, edge) in forms(text) {
            known.needles.add(form.as_bytes(), edge, is_it);
        }
        let like_it = Tag {
            is_it: false,
            ..is_it
        };
        for form in in_another_case(text) {
            known.needles.add(form.as_bytes(), Edge::default(), like_it);
        }
    }

    /// Whether this very text is known.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        self.known().kinds.contains_key(text)
    }

    /// Which kinds of secrets stand in it, whole.
    #[must_use]
    pub fn held(&self, text: &[u8]) -> Held {
        let mut held = Held::default();
        self.known().needles.search(text, &mut |hit| {
            match hit.tag.kind {
                _ if hit.is_cut || !hit.tag.is_it => {}
                Kind::Credential => held.credential = true,
                Kind::Password => held.password = true,
            }
            !(held.credential && held.password)
        });
        held
    }

    /// The text with `***`, or its stand-in, for every secret in it.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.bytes(text.as_bytes()) {
            Some(hidden) => Cow::Owned(String::from_utf8_lossy(&hidden).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// Hides every secret in a text of its own.
    #[must_use]
    pub fn owned(&self, text: String) -> String {
        match self.bytes(text.as_bytes()) {
            Some(hidden) => String::from_utf8_lossy(&hidden).into_owned(),
            None => text,
        }
    }

    /// The bytes with `***`, or its stand-in, for every secret in them, or none when there is nothing to hide.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let known = self.known();
        let places = places(&known, bytes);
        let last = places.last()?.0.end;
        let mut hidden = Vec::with_capacity(bytes.len());
        let mut kept = 0;
        for (place, stand_in) in places {
            hidden.extend_from_slice(bytes.get(kept..place.start).unwrap_or_default());
            let shown = known.stand_ins.get(stand_in).map_or(MASK, |text| &**text);
            hidden.extend_from_slice(shown.as_bytes());
            kept = place.end;
        }
        hidden.extend_from_slice(bytes.get(last..).unwrap_or_default());
        Some(hidden)
    }
}

/// Where something is to be hidden, and behind which stand-in; places that touch each other stay apart, those that
/// overlap are one.
fn places(known: &Known, bytes: &[u8]) -> Vec<(Range<usize>, usize)> {
    let mut hits = known.needles.find(bytes);
    hits.sort_by_key(|hit| hit.start);
    let mut places: Vec<(Range<usize>, usize)> = Vec::new();
    for hit in hits {
        match places.last_mut() {
            Some((last, _)) if hit.start < last.end => last.end = last.end.max(hit.end),
            _ => places.push((hit.start..hit.end, hit.tag.stand_in)),
        }
    }
    places
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// A secret whose case was changed on its way, as libraries do it to the names of headers and hosts. An ordinary word is
/// left alone: it would be hidden wherever it begins a sentence.
fn in_another_case(text: &str) -> Vec<String> {
    let mixes =
        text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic());
    let cases = [text.to_ascii_lowercase(), text.to_ascii_uppercase()];
    cases
        .into_iter()
        .filter(|case| mixes && case != text)
        .collect()
}

/// What is looked for, to find a secret: escapes are undone on the way.
fn forms(text: &str) -> Vec<(String, Edge)> {
    let mut forms = vec![(text.to_owned(), Edge::default())];
    for before in 0..3 {
        // What stands before it decides how its bytes fall upon base64's groups of six bits.
        let mut padded = vec![0; before];
        padded.extend_from_slice(text.as_bytes());
        for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&padded);
            // Characters that hold bits of what stands before it, and one that may hold bits of what follows.
            let begins = (before * 8).div_ceil(6);
            let ends = padded.len() * 8 / 6;
            let edge = Edge {
                base64: true,
                before: before > 0,
                behind: padded.len() * 8 % 6 > 0,
            };
            let core = encoded.get(begins..ends).unwrap_or_default().to_owned();
            forms.push((core, edge));
        }
    }
    let hex = |digits: fn(u8) -> String| text.bytes().map(digits).collect::<String>();
    forms.push((hex(|byte| format!("{byte:02x}")), Edge::default()));
    forms.push((hex(|byte| format!("{byte:02X}")), Edge::default()));
    // Without a character that differs, both alphabets give the same.
    forms.dedup();
    forms
}
