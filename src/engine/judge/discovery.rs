//! What a server says about itself, against what Okta needs of it and against what the run has seen.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::catalogue::discovery;
use crate::check::{Seen, what};
use crate::okta::Evidence;
use crate::okta::body::USER;
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Document, EntitlementType, Intent, Resource};
use crate::verdict::Origin;

use super::super::session::{Context, Place, Sent, Session, observer_call};
use super::good;

/// Most characters of a description (Okta: Build a SCIM 2.0 server with entitlements).
const LONGEST_DESCRIPTION: usize = 1000;

/// A document that a job has read.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Read {
    /// Which.
    pub(in crate::engine) document: Document,
    /// The exchange.
    pub(in crate::engine) sent: Sent,
    /// How we know that Okta reads it.
    pub(in crate::engine) evidence: Evidence,
}

impl Read {
    fn resources(&self) -> &[Value] {
        good(&self.sent.exchange)
            .and_then(|json| json.get("Resources"))
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

impl Session {
    /// Looks at what "Import User Schema" or entitlement management has read to its end.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub(in crate::engine) async fn judge_discovery(
        &self,
        read: &[Read],
        for_entitlements: bool,
        place: &Place,
    ) -> Result<(), NotSent> {
        let of = |document: &Document| read.iter().find(|read| read.document == *document);
        let (Some(types), Some(schemas)) = (of(&Document::ResourceTypes), of(&Document::Schemas))
        else {
            return Ok(());
        };
        self.must_have(types, &["name", "endpoint", "schema"], place);
        self.must_have(schemas, &["id"], place);
        if for_entitlements {
            return self.judge_entitlements(types, read, place).await;
        }
        self.must_describe_users(types, schemas, place);
        self.must_describe_extensions(types, schemas, place);
        self.must_have_announced_types(schemas, place);
        Ok(())
    }

    fn sees(&self, seen: Seen, read: &Read, place: &Place) {
        self.observe(
            seen,
            &Context::new(place, &read.sent, Vec::new(), read.evidence),
        );
    }

    /// Each element of a document has these texts.
    fn must_have(&self, read: &Read, keys: &[&str], place: &Place) {
        let is_text = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        };
        let missing = read.resources().iter().enumerate().find_map(|(n, one)| {
            let key = keys.iter().find(|key| !is_text(one.get(**key)))?;
            Some((n, *key, what(one.get(*key).unwrap_or(&Value::Null))))
        });
        if let Some((n, key, got)) = missing {
            let seen = Seen::new(&discovery::PARSES, format!("a text as {key}"), got)
                .facet(read.document.path().trim_start_matches('/'))
                .at(format!("/Resources/{n}/{key}"));
            self.sees(seen, read, place);
        }
    }

    fn must_describe_users(&self, types: &Read, schemas: &Read, place: &Place) {
        if user_type(types).is_none() {
            let wanted = "a resource type with the core User schema";
            let seen = Seen::new(&discovery::USER_SCHEMA, wanted, "none").facet("resource-type");
            self.sees(seen, types, place);
        }
        let has_attributes = schema(schemas, USER)
            .and_then(|user| user.get("attributes"))
            .and_then(Value::as_array)
            .is_some_and(|attributes| !attributes.is_empty());
        if !has_attributes {
            let wanted = "the core User schema with its attributes";
            let seen = Seen::new(&discovery::USER_SCHEMA, wanted, "none").facet("schema");
            self.sees(seen, schemas, place);
        }
    }

    /// What users carry is announced; what is announced is described.
    fn must_describe_extensions(&self, types: &Read, schemas: &Read, place: &Place) {
        let Some(user) = user_type(types) else { return };
        let announced: BTreeSet<String> = user
            .get("schemaExtensions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|extension| extension.get("schema")?.as_str())
            .map(str::to_ascii_lowercase)
            .collect();
        let carried = self.with_book(|book| {
            let users = book.existing(Resource::User);
            let states = users.filter_map(|account| account.state.as_ref()?.as_object());
            let keys = states.flat_map(|user| user.keys());
            let urns = keys.filter(|key| key.to_ascii_lowercase().starts_with("urn:"));
            urns.cloned().collect::<BTreeSet<String>>()
        });
        let hidden = carried
            .iter()
            .find(|urn| !announced.contains(&urn.to_ascii_lowercase()) && !is(urn, USER));
        if let Some(urn) = hidden {
            let wanted = format!("{urn}, which users of this run have");
            let seen = Seen::new(&discovery::SCHEMA_EXTENSIONS, wanted, "it is not there")
                .facet("not-announced")
                .at("/Resources");
            self.sees(seen, types, place);
        }
        let undescribed = announced.iter().find(|urn| schema(schemas, urn).is_none());
        if let Some(urn) = undescribed {
            let wanted = format!("the schema {urn}, which /ResourceTypes announces");
            let seen = Seen::new(&discovery::SCHEMA_EXTENSIONS, wanted, "no such schema")
                .facet("not-described")
                .at("/Resources");
            self.sees(seen, schemas, place);
        }
    }

    /// Values of this run's users have the types that the schema says.
    fn must_have_announced_types(&self, schemas: &Read, place: &Place) {
        let attributes = schema(schemas, USER)
            .and_then(|user| user.get("attributes"))
            .and_then(Value::as_array);
        for attribute in attributes.into_iter().flatten() {
            let Some(name) = attribute.get("name").and_then(Value::as_str) else {
                continue;
            };
            let other = self.with_book(|book| {
                let users = book.existing(Resource::User);
                let values = users.filter_map(|account| account.state.as_ref()?.get(name));
                let mut values = values.filter(|value| !value.is_null());
                values.find(|value| !fits(value, attribute)).map(what)
            });
            if let Some(got) = other {
                let seen = Seen::new(&discovery::ATTRIBUTE_TYPES, announced(attribute), got)
                    .facet(name)
                    .at("/Resources");
                self.sees(seen, schemas, place);
            }
        }
    }

    async fn judge_entitlements(
        &self,
        types: &Read,
        read: &[Read],
        place: &Place,
    ) -> Result<(), NotSent> {
        let governed = reading::entitlement_types(types.resources());
        if governed.is_empty() {
            let wanted = "one with Okta's Role or Entitlement schema, and its endpoint as a path";
            let seen = Seen::new(&discovery::ENTITLEMENT_TYPES, wanted, "none").at("/Resources");
            self.sees(seen, types, place);
        }
        for of in &governed {
            let pages: Vec<&Read> = read
                .iter()
                .filter(|read| matches!(&read.document, Document::Entitlements { of: one, .. } if one == of))
                .collect();
            self.judge_entitlement_pages(of, &pages, place).await?;
        }
        Ok(())
    }

    async fn judge_entitlement_pages(
        &self,
        of: &EntitlementType,
        pages: &[&Read],
        place: &Place,
    ) -> Result<(), NotSent> {
        let Some(last) = pages
            .last()
            .filter(|_| pages.iter().all(|p| !p.sent.broken))
        else {
            return Ok(());
        };
        let odd = pages
            .iter()
            .flat_map(|page| page.resources().iter().map(move |one| (page, one)))
            .find_map(|(page, one)| Some((page, oddity(one, of)?)));
        if let Some((page, (facet, wanted))) = odd {
            let seen = Seen::new(&discovery::ENTITLEMENTS, wanted, "another or none")
                .facet(facet)
                .at("/Resources");
            self.sees(seen, page, place);
        }
        let held: usize = pages.iter().map(|page| page.resources().len()).sum();
        let total = total(&last.sent);
        if total != Some(held as u64) {
            let got = total.map_or("no totalResults".to_owned(), |total| total.to_string());
            let seen = Seen::new(&discovery::COUNTS, held.to_string(), got)
                .facet("total")
                .at("/totalResults");
            self.sees(seen, last, place);
        }
        if held > 1 {
            self.must_take_count(of, last.evidence, place).await?;
        }
        Ok(())
    }

    /// As Okta's suite asks: one on a page.
    async fn must_take_count(
        &self,
        of: &EntitlementType,
        evidence: Evidence,
        place: &Place,
    ) -> Result<(), NotSent> {
        let document = Document::Entitlements {
            of: of.clone(),
            start_index: 1,
            count: 1,
        };
        let request = self.client.discover(&document, self.variants);
        let call = Call {
            evidence,
            ..observer_call(request, Intent::Discover(document.clone()))
        };
        let sent = self.perform(&call, Origin::Observe, place).await?;
        let read = Read {
            document,
            sent,
            evidence,
        };
        let held = read.resources().len();
        if held > 1 {
            let seen = Seen::new(&discovery::COUNTS, "1 with count=1", held.to_string())
                .facet("count")
                .at("/Resources");
            self.sees(seen, &read, place);
        }
        Ok(())
    }
}

fn is(urn: &str, other: &str) -> bool {
    urn.eq_ignore_ascii_case(other)
}

/// The resource type of users.
fn user_type(types: &Read) -> Option<&Value> {
    let has_schema = |one: &&Value| {
        one.get("schema")
            .and_then(Value::as_str)
            .is_some_and(|urn| is(urn, USER))
    };
    types.resources().iter().find(has_schema)
}

/// The schema of that URN.
fn schema<'r>(schemas: &'r Read, urn: &str) -> Option<&'r Value> {
    let has_id = |one: &&Value| {
        one.get("id")
            .and_then(Value::as_str)
            .is_some_and(|id| is(id, urn))
    };
    schemas.resources().iter().find(has_id)
}

fn total(sent: &Sent) -> Option<u64> {
    let page = sent.exchange.response().map(reading::page)?;
    page.ok().map(|page| page.total)
}

/// What a role or an entitlement lacks: the facet, and what is wanted.
fn oddity(one: &Value, of: &EntitlementType) -> Option<(&'static str, String)> {
    let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
    if reading::id_of(one).is_none() {
        return Some(("id", "an id".to_owned()));
    }
    if text("displayName").is_empty() {
        return Some(("display-name", "a displayName".to_owned()));
    }
    if !of.is_role && text("type") != of.name {
        return Some(("type", format!("type {}", of.name)));
    }
    let long = text("description").chars().count() > LONGEST_DESCRIPTION;
    long.then(|| {
        (
            "description",
            format!("at most {LONGEST_DESCRIPTION} characters as description"),
        )
    })
}

/// What a schema says of an attribute, in words.
fn announced(attribute: &Value) -> String {
    let word = attribute.get("type").and_then(Value::as_str);
    let many = attribute.get("multiValued") == Some(&Value::Bool(true));
    format!(
        "{}{}",
        word.unwrap_or("string"),
        if many { ", several" } else { "" }
    )
}

/// Whether a value has the type that its schema says (RFC 7643, 2.3 and 7). Elements of arrays are not looked into:
/// Okta itself sends roles as texts.
fn fits(value: &Value, attribute: &Value) -> bool {
    let many = attribute.get("multiValued") == Some(&Value::Bool(true));
    if many {
        return value.is_array();
    }
    let word = attribute.get("type").and_then(Value::as_str);
    match word.unwrap_or("string").to_ascii_lowercase().as_str() {
        "string" | "datetime" | "binary" | "reference" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" | "decimal" => value.is_number(),
        "complex" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_their_announcement() {
        let table = [
            (json!(true), json!({"type": "boolean"}), true),
            (json!("true"), json!({"type": "boolean"}), false),
            (json!(true), json!({"type": "string"}), false),
            (json!("x"), json!({}), true),
            (json!(["x"]), json!({"type": "string"}), false),
            (
                json!(["admin"]),
                json!({"type": "complex", "multiValued": true}),
                true,
            ),
            (
                json!({}),
                json!({"type": "complex", "multiValued": true}),
                false,
            ),
            (json!({}), json!({"type": "complex"}), true),
            (json!(1), json!({"type": "integer"}), true),
            (json!([]), json!({"type": "of my own"}), true),
        ];
        for (value, attribute, wanted) in table {
            assert_eq!(fits(&value, &attribute), wanted, "{value} {attribute}");
        }
    }

    #[test]
    fn a_role_and_an_entitlement_want_different_things() {
        let of = |is_role| EntitlementType {
            name: "License".to_owned(),
            endpoint: "/Licenses".to_owned(),
            is_role,
        };
        let long = "x".repeat(1001);
        let table = [
            (json!({"id": "1", "displayName": "A"}), true, None),
            (json!({"displayName": "A"}), true, Some("id")),
            (
                json!({"id": "1", "displayName": ""}),
                true,
                Some("display-name"),
            ),
            (json!({"id": "1", "displayName": "A"}), false, Some("type")),
            (
                json!({"id": "1", "displayName": "A", "type": "License"}),
                false,
                None,
            ),
            (
                json!({"id": "1", "displayName": "A", "description": long}),
                true,
                Some("description"),
            ),
        ];
        for (one, is_role, wanted) in table {
            let found = oddity(&one, &of(is_role)).map(|(facet, _)| facet);
            assert_eq!(found, wanted, "{one}");
        }
    }
}
