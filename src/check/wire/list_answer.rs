//! A list: its keys, its counts, and the resources in it.

use std::collections::HashSet;

use serde_json::Value;

use super::resource_shape::resource_shape;
use crate::check::catalogue::list;
use crate::check::{Seen, what};
use crate::okta::request::Resource;
use crate::verdict::Level;

/// How much is told of one list: a page may have hundreds of thousands of rows, all of them odd in the same way.
const MOST_SEEN: usize = 1000;

pub(super) fn list_answer(
    json: &Value,
    kind: Option<Resource>,
    page: Option<(u64, u64)>,
    authority: Option<&str>,
    seen: &mut Vec<Seen>,
) {
    let wanted = "a ListResponse";
    let Some(object) = json.as_object() else {
        seen.push(Seen::new(&list::READABLE, wanted, what(json)));
        return;
    };
    list_keys(object, seen);
    let total = counter(object, "totalResults").and_then(Value::as_u64);
    if counter(object, "totalResults").is_none() {
        seen.push(
            Seen::new(&list::READABLE, wanted, "an object without totalResults")
                .at("/totalResults"),
        );
        return;
    }
    let listed = object
        .get("schemas")
        .and_then(Value::as_array)
        .is_some_and(|s| {
            s.iter()
                .any(|s| s == "urn:ietf:params:scim:api:messages:2.0:ListResponse")
        });
    if !listed {
        seen.push(
            Seen::new(&list::SCHEMAS, "the ListResponse URN", "another or none").at("/schemas"),
        );
    }
    let past_the_end = page.is_some_and(|(start, _)| total.is_some_and(|t| start > t));
    let found = match counter(object, "Resources") {
        Some(Value::Array(found)) => found.as_slice(),
        None | Some(Value::Null) if total == Some(0) => {
            seen.push(
                Seen::new(&list::RESOURCES, "Resources: []", "no Resources").at("/Resources"),
            );
            &[]
        }
        // Past the end there may be none.
        None if past_the_end => &[],
        None => {
            seen.push(Seen::new(&list::READABLE, "an array", "no Resources").at("/Resources"));
            return;
        }
        Some(other) => {
            seen.push(Seen::new(&list::READABLE, "an array", what(other)).at("/Resources"));
            return;
        }
    };
    // Okta takes one page of all without resources for an empty one, but stops at such an answer to a look-up.
    if let Some(total) = total.filter(|t| *t > 0 && found.is_empty() && page.is_none()) {
        seen.push(
            Seen::new(
                &list::READABLE,
                "the resources that totalResults announces",
                format!("totalResults {total} and Resources []"),
            )
            .facet("announced-but-absent")
            .at("/Resources"),
        );
    }
    let mut ids = HashSet::new();
    if found
        .iter()
        .filter_map(crate::okta::reading::id_of)
        .any(|id| !ids.insert(id))
    {
        seen.push(
            Seen::new(
                &list::REPEATS,
                "each once",
                "the same one twice in one answer",
            )
            .facet("in-one-answer")
            .at("/Resources"),
        );
    }
    counts(object, found.len() as u64, total, page, seen);
    // Roles and entitlements have a shape of their own.
    let Some(kind) = kind else { return };
    for (i, resource) in found.iter().enumerate() {
        let before = seen.len();
        resource_shape(resource, kind, &format!("/Resources/{i}"), authority, seen);
        // One bad element says it all; one that is merely odd does not.
        let new = seen.get(before..).unwrap_or_default();
        if new.iter().any(|s| s.check.level == Level::Error) || seen.len() > MOST_SEEN {
            break;
        }
    }
}

/// A key of a list answer, as in the RFC or in lower case, which Okta reads, too.
fn counter<'v>(object: &'v serde_json::Map<String, Value>, key: &str) -> Option<&'v Value> {
    object
        .get(key)
        .or_else(|| object.get(&key.to_ascii_lowercase()))
}

/// Spelling and types of the keys. One of them wrong is all of them wrong: they come from one place.
fn list_keys(object: &serde_json::Map<String, Value>, seen: &mut Vec<Seen>) {
    let lower: Vec<&str> = ["totalResults", "startIndex", "itemsPerPage", "Resources"]
        .into_iter()
        .filter(|key| !object.contains_key(*key) && object.contains_key(&key.to_ascii_lowercase()))
        .collect();
    if let Some(first) = lower.first() {
        seen.push(
            Seen::new(
                &list::KEYS,
                lower.join(", "),
                lower.join(", ").to_lowercase(),
            )
            .at(format!("/{}", first.to_ascii_lowercase())),
        );
    }
    let wrong: Vec<&str> = ["totalResults", "startIndex", "itemsPerPage"]
        .into_iter()
        .filter(|key| counter(object, key).is_some_and(|value| !value.is_u64()))
        .collect();
    if let Some(first) = wrong.first() {
        let got = counter(object, first).map_or_else(String::new, what);
        seen.push(
            Seen::new(
                &list::COUNTERS,
                "numbers",
                format!("{got} in {}", wrong.join(", ")),
            )
            .at(format!("/{first}")),
        );
    }
}

fn counts(
    object: &serde_json::Map<String, Value>,
    found: u64,
    total: Option<u64>,
    page: Option<(u64, u64)>,
    seen: &mut Vec<Seen>,
) {
    let past_the_end = page.is_some_and(|(start, _)| total.is_some_and(|t| start > t));
    if let Some(per_page) = counter(object, "itemsPerPage").and_then(Value::as_u64)
        && per_page != found
    {
        let check = if past_the_end && found == 0 {
            &list::ITEMS_PAST_THE_END
        } else {
            &list::ITEMS_PER_PAGE
        };
        seen.push(Seen::new(check, found.to_string(), per_page.to_string()).at("/itemsPerPage"));
    }
    let Some(total) = total else { return };
    if found > total {
        seen.push(
            Seen::new(&list::TOTAL, format!("at least {found}"), total.to_string())
                .facet("too-low")
                .at("/totalResults"),
        );
    }
    if past_the_end && found > 0 {
        let (start, _) = page.unwrap_or_default();
        seen.push(
            Seen::new(
                &list::PAST_THE_END,
                format!("no resources from startIndex {start} of {total}"),
                format!("{found} resources"),
            )
            .at("/Resources"),
        );
    }
}
