//! The frame rule: after a write, touched places hold what was sent and everything else is as it was.
//! States are compared as JSON; how a server gets from one to the other is not modelled here.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::okta::request::Set;
use crate::okta::selector::Selector;

/// A difference between what must be and what is.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A touched place does not hold what was sent; Okta needs it, or it is stale.
    NotApplied {
        /// Where.
        at: String,
        /// What was sent.
        wanted: Value,
        /// What is there.
        got: Option<Value>,
    },
    /// None of several touched places has changed.
    Ignored {
        /// Where, for example.
        at: String,
        /// What was sent there.
        wanted: Value,
        /// What is there, as before.
        got: Option<Value>,
    },
    /// An optional attribute is not kept as it was sent.
    Dropped {
        /// Where.
        at: String,
        /// What was sent.
        wanted: Value,
        /// What is there.
        got: Option<Value>,
    },
    /// An attribute that was to be cleared still holds its value.
    NotCleared {
        /// Where.
        at: String,
        /// What is there.
        got: Value,
    },
    /// The same letters in another case.
    Case {
        /// Where.
        at: String,
        /// What was sent.
        wanted: Value,
        /// What is there.
        got: Value,
    },
    /// The same text in another Unicode form.
    Unicode {
        /// Where.
        at: String,
        /// What was sent.
        wanted: Value,
        /// What is there.
        got: Value,
    },
    /// The same text without the blanks at its ends.
    Trimmed {
        /// Where.
        at: String,
        /// What was sent.
        wanted: Value,
        /// What is there.
        got: Value,
    },
    /// Something that the write did not touch has changed.
    Untouched {
        /// Where.
        at: String,
        /// What was there.
        was: Value,
        /// What is there.
        got: Option<Value>,
    },
}

/// Places that Okta needs to work; every other attribute is optional for a service provider.
pub const ESSENTIAL: [&str; 6] = [
    "userName",
    "name.givenName",
    "name.familyName",
    "emails[primary eq true].value",
    "active",
    "displayName",
];

/// The service provider fills it in from the manager's account (RFC 7643, 4.3: readOnly), whatever Okta sends.
const READ_ONLY: &str = ":manager.displayName";

fn is_essential(at: &str, is_user: bool) -> bool {
    // displayName is what a group is called, but only decoration on a user.
    ESSENTIAL.contains(&at) && !(is_user && at == "displayName")
}

/// Compares `after` with what `sets` and `before` demand. `is_user` tells users from groups.
#[must_use]
pub fn compare(
    before: Option<&Value>,
    after: &Value,
    sets: &[Set],
    is_user: bool,
) -> Vec<Difference> {
    let mut differences = touched(before, after, sets, is_user);
    if let Some(before) = before {
        differences.extend(untouched(before, after, sets, is_user));
    }
    whole_extensions(differences, after)
}

fn touched(before: Option<&Value>, after: &Value, sets: &[Set], is_user: bool) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut changed = 0;
    let mut stale = Vec::new();
    for set in sets {
        let at = set.at.to_string();
        let got = present(set.at.read(after));
        let was = before.and_then(|b| present(set.at.read(b)));
        if set.value.is_null() {
            if let Some(got) = got {
                differences.push(Difference::NotCleared {
                    at,
                    got: got.clone(),
                });
            }
            continue;
        }
        let is_change = before.is_some() && was != Some(&set.value);
        changed = usize::from(is_change).saturating_add(changed);
        let Some(difference) = one(&set.at, &set.value, got, is_user) else {
            continue;
        };
        let respelt = matches!(
            difference,
            Difference::Case { .. } | Difference::Unicode { .. } | Difference::Trimmed { .. }
        );
        if is_change && got == was && !respelt && (was.is_some() || is_essential(&at, is_user)) {
            stale.push((at, set.value.clone(), got.cloned()));
        } else {
            differences.push(difference);
        }
    }
    let all_ignored = stale.len() >= 2 && stale.len() == changed;
    for (n, (at, wanted, got)) in stale.into_iter().enumerate() {
        match (all_ignored, n) {
            (true, 0) => differences.push(Difference::Ignored { at, wanted, got }),
            (true, _) => {}
            (false, _) => differences.push(Difference::NotApplied { at, wanted, got }),
        }
    }
    differences
}

/// Whether something was to change, and none of it has.
#[must_use]
pub fn is_ignored(before: Option<&Value>, after: &Value, sets: &[Set]) -> bool {
    let Some(before) = before else { return false };
    let mut changes = sets
        .iter()
        .filter(|set| !is_same(&set.value, set.at.read(before)))
        .peekable();
    changes.peek().is_some()
        && changes.all(|set| present(set.at.read(after)) == present(set.at.read(before)))
}

/// Whether a value is there already; nothing, an empty text and an empty array are the same.
#[must_use]
pub fn is_same(wanted: &Value, there: Option<&Value>) -> bool {
    present(Some(wanted)) == present(there)
}

/// Whether the answer to a write shows another value at a touched place than was sent and is stored. What the
/// answer leaves out it does not contradict, and what is not stored as sent is judged by that.
#[must_use]
pub fn contradicts(answer: &Value, stored: &Value, set: &Set, is_user: bool) -> bool {
    let at = set.at.to_string();
    let Some(shown) = present(set.at.read(answer)) else {
        return false;
    };
    let Some(stored) = present(set.at.read(stored)) else {
        return false;
    };
    is_essential(&at, is_user)
        && one(&set.at, &set.value, Some(stored), is_user).is_none()
        && matches!(
            one(&set.at, stored, Some(shown), is_user),
            Some(Difference::NotApplied { .. })
        )
}

/// What is missing of an extension that is gone altogether is one difference: the extension.
fn whole_extensions(differences: Vec<Difference>, after: &Value) -> Vec<Difference> {
    let gone = |difference: &Difference| {
        let urn = extension_of(difference.at())?;
        let kept = after
            .get(urn)
            .and_then(Value::as_object)
            .is_some_and(|e| e.values().any(|v| present(Some(v)).is_some()));
        (!kept).then(|| (urn.to_owned(), std::mem::discriminant(difference)))
    };
    let all: Vec<_> = differences.iter().map(gone).collect();
    let mut kept: Vec<Difference> = Vec::with_capacity(differences.len());
    for (n, mut difference) in differences.into_iter().enumerate() {
        if let Some(Some(extension)) = all.get(n) {
            let first = all
                .iter()
                .position(|other| other.as_ref() == Some(extension));
            if first != Some(n) {
                continue;
            }
            difference.move_to(&extension.0);
        }
        kept.push(difference);
    }
    kept
}

/// The URN of the extension that a place is in.
fn extension_of(at: &str) -> Option<&str> {
    let (urn, attribute) = at.rsplit_once(":User:")?;
    let extension = at.strip_suffix(attribute)?.strip_suffix(':')?;
    (urn.starts_with("urn:") && !attribute.is_empty()).then_some(extension)
}

impl Difference {
    /// Where it is.
    #[must_use]
    pub fn at(&self) -> &str {
        match self {
            Self::NotApplied { at, .. }
            | Self::Ignored { at, .. }
            | Self::Dropped { at, .. }
            | Self::NotCleared { at, .. }
            | Self::Case { at, .. }
            | Self::Unicode { at, .. }
            | Self::Trimmed { at, .. }
            | Self::Untouched { at, .. } => at,
        }
    }

    /// Something is lost or mixed up: more than an optional attribute that is not kept, not cleared, or kept in another
    /// spelling.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        !matches!(
            self,
            Self::Dropped { .. }
                | Self::NotCleared { .. }
                | Self::Unicode { .. }
                | Self::Trimmed { .. }
        )
    }

    fn move_to(&mut self, place: &str) {
        match self {
            Self::NotApplied { at, .. }
            | Self::Ignored { at, .. }
            | Self::Dropped { at, .. }
            | Self::NotCleared { at, .. }
            | Self::Case { at, .. }
            | Self::Unicode { at, .. }
            | Self::Trimmed { at, .. }
            | Self::Untouched { at, .. } => place.clone_into(at),
        }
    }
}

/// Null, an empty text and an empty array mean the same as absent (RFC 7643, 2.5).
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|v| match v {
        Value::Null => false,
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        _ => true,
    })
}

fn one(
    selector: &Selector,
    wanted: &Value,
    got: Option<&Value>,
    is_user: bool,
) -> Option<Difference> {
    let at = selector.to_string();
    if present(Some(wanted)).is_none() && got.is_none()
        || got == Some(wanted)
        || at.ends_with(READ_ONLY)
        || got.is_some_and(|got| same_roles(&at, wanted, got))
    {
        return None;
    }
    let essential = is_essential(&at, is_user);
    if let (Value::String(a), Some(Value::String(b))) = (wanted, got) {
        let (wanted, got) = (wanted.clone(), Value::from(b.as_str()));
        if a.nfc().eq(b.nfc()) {
            return Some(Difference::Unicode { at, wanted, got });
        }
        if a.trim() == b.trim() {
            return Some(Difference::Trimmed { at, wanted, got });
        }
        if a.to_lowercase() == b.to_lowercase() {
            // Only the login is compared exactly, by Okta's certification suite.
            return (at == "userName" || !is_user).then_some(Difference::Case { at, wanted, got });
        }
    }
    // A boolean as text or number is the business of the check for its type.
    if wanted.is_boolean()
        && let Some(got) = got
        && loosely_boolean(got) == wanted.as_bool()
    {
        return None;
    }
    let (wanted, got) = (wanted.clone(), got.cloned());
    Some(if essential {
        Difference::NotApplied { at, wanted, got }
    } else {
        Difference::Dropped { at, wanted, got }
    })
}

/// Okta's template sends roles as texts, RFC 7643 (4.1.2) has objects: whoever turns one into the other keeps them.
fn same_roles(at: &str, wanted: &Value, got: &Value) -> bool {
    let values = |roles: &Value| -> Option<BTreeSet<String>> {
        let roles = roles.as_array()?.iter();
        let value = |role: &Value| {
            role.get("value")
                .unwrap_or(role)
                .as_str()
                .map(str::to_owned)
        };
        roles.map(value).collect()
    };
    at == "roles" && values(wanted).is_some_and(|wanted| values(got) == Some(wanted))
}

fn loosely_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(s) => s.to_ascii_lowercase().parse().ok(),
        Value::Number(n) => n.as_u64().map(|n| n != 0),
        _ => None,
    }
}

/// Attributes that only a client changes (RFC 7643, 4.1 and 4.3). Others may be the server's own business.
const USER_ATTRIBUTES: [&str; 16] = [
    "userName",
    "externalId",
    "name",
    "displayName",
    "nickName",
    "profileUrl",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "active",
    "emails",
    "phoneNumbers",
    "addresses",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
];
const GROUP_ATTRIBUTES: [&str; 2] = ["displayName", "externalId"];

fn untouched(before: &Value, after: &Value, sets: &[Set], is_user: bool) -> Vec<Difference> {
    let touched: BTreeSet<String> = sets.iter().map(|s| s.at.to_string()).collect();
    let names_touched = sets
        .iter()
        .any(|s| matches!(s.at.attribute(), "name" | "userName"));
    let attributes: &[&str] = if is_user {
        &USER_ATTRIBUTES
    } else {
        &GROUP_ATTRIBUTES
    };
    let mut differences = Vec::new();
    for attribute in attributes {
        let Some(was) = present(before.get(attribute)) else {
            continue;
        };
        // Servers derive it from the name.
        if *attribute == "displayName" && is_user && names_touched {
            continue;
        }
        walk(
            attribute,
            was,
            after.get(attribute),
            &touched,
            &mut differences,
        );
    }
    differences
}

fn walk(
    at: &str,
    was: &Value,
    got: Option<&Value>,
    touched: &BTreeSet<String>,
    out: &mut Vec<Difference>,
) {
    if touched.contains(at)
        || at == "name.formatted"
        || at.ends_with(READ_ONLY)
        || present(Some(was)).is_none()
    {
        return;
    }
    match was {
        Value::Object(object) => {
            // An extension's URN is followed by a colon, everything below an attribute by a dot.
            let separator = if at.starts_with("urn:") && at.ends_with(":User") {
                ':'
            } else {
                '.'
            };
            for (key, was) in object {
                if key != "$ref" {
                    walk(
                        &format!("{at}{separator}{key}"),
                        was,
                        got.and_then(|g| g.get(key)),
                        touched,
                        out,
                    );
                }
            }
        }
        Value::Array(elements) => array(at, elements, got, touched, out),
        _ => {
            if present(got) != Some(was) && !same_boolean(was, got) {
                out.push(Difference::Untouched {
                    at: at.to_owned(),
                    was: was.clone(),
                    got: got.cloned(),
                });
            }
        }
    }
}

fn same_boolean(was: &Value, got: Option<&Value>) -> bool {
    got.is_some_and(|g| {
        loosely_boolean(was).is_some() && loosely_boolean(was) == loosely_boolean(g)
    })
}

/// Elements are the same when their `value` is; the one that a selector edits may have any.
fn array(
    at: &str,
    was: &[Value],
    got: Option<&Value>,
    touched: &BTreeSet<String>,
    out: &mut Vec<Difference>,
) {
    let edited = touched
        .iter()
        .filter(|t| t.starts_with(&format!("{at}[")))
        .count()
        > 0;
    let got = got.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let value = |v: &Value| v.get("value").unwrap_or(v).clone();
    let missing: Vec<&Value> = was
        .iter()
        .filter(|w| !got.iter().any(|g| value(g) == value(w)))
        .collect();
    // Which element a selector edits is Okta's choice; more than it can have edited must not be gone.
    let allowed = if edited {
        was.len()
            .min(1)
            .max(was.iter().filter(|w| w.get("value").is_none()).count())
    } else {
        0
    };
    if missing.len() > allowed && got.len() < was.len() {
        out.push(Difference::Untouched {
            at: at.to_owned(),
            was: Value::from(was.to_vec()),
            got: (!got.is_empty()).then(|| Value::from(got.to_vec())),
        });
    } else if !edited && !missing.is_empty() && was.iter().all(|w| w.get("value").is_some()) {
        out.push(Difference::Untouched {
            at: at.to_owned(),
            was: Value::from(was.to_vec()),
            got: (!got.is_empty()).then(|| Value::from(got.to_vec())),
        });
    }
}

/// What is got when a group shows no members at all; whether they are lost or hidden is concluded at the end of a run.
pub const NO_MEMBERS: &str = "no members";

/// So many members, as reports say it.
#[must_use]
pub fn so_many_members(number: usize) -> String {
    match number {
        1 => "1 member".to_owned(),
        _ => format!("{number} members"),
    }
}

/// The ids in `members`, or `None` when the group does not show any.
#[must_use]
pub fn members(group: &Value) -> Option<Vec<String>> {
    group
        .get("members")
        .and_then(Value::as_array)
        .map(|members| {
            members
                .iter()
                .filter_map(|m| match m.get("value").unwrap_or(m) {
                    Value::String(id) => Some(id.clone()),
                    Value::Number(id) => Some(id.to_string()),
                    _ => None,
                })
                .collect()
        })
}

#[cfg(test)]
mod tests;
