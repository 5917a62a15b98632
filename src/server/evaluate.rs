//! Decides whether a resource fulfils a filter (RFC 7644, 3.4.2.2).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::answer::Problem;
use super::fold;
use super::ingest;
use super::resource_type::ResourceType;
use crate::scim::schema::{Attribute, Kind as Type, Schema};
use crate::scim::{AttributePath, Comparison, ErrorType, Filter, Literal};

/// How strings are compared when the schema says that case does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Matching {
    /// Canonical caseless match.
    #[default]
    Caseless,
    /// Byte by byte.
    Exact,
    /// `eq` is fulfilled by every longer text, too.
    Prefix,
    /// A dot in the filter stands for any character.
    DotIsAny,
}

/// What the names in a filter refer to.
#[derive(Clone, Copy)]
enum Scope<'v> {
    Resource(ResourceType, &'v Map<String, Value>),
    Element(&'static Attribute, &'v Value),
}

/// The values behind a path.
struct Found<'v> {
    attribute: &'static Attribute,
    values: Vec<&'v Value>,
}

/// A filter made ready for many values: its texts are folded once, not anew for each value that they are compared with.
pub(super) enum Test<'f> {
    All(Vec<Test<'f>>),
    Any(Vec<Test<'f>>),
    Not(Box<Test<'f>>),
    Present(&'f AttributePath),
    Compare(&'f AttributePath, Comparison, Wanted<'f>),
    Element(&'f AttributePath, Box<Test<'f>>),
}

/// What a filter compares with.
pub(super) enum Wanted<'f> {
    Null,
    Bool(bool),
    Number(&'f Number),
    Text {
        exact: &'f str,
        folded: Cow<'f, str>,
    },
}

impl<'f> Test<'f> {
    pub(super) fn of(filter: &'f Filter) -> Self {
        match filter {
            Filter::And(terms) => Self::All(terms.iter().map(Self::of).collect()),
            Filter::Or(terms) => Self::Any(terms.iter().map(Self::of).collect()),
            Filter::Not(inner) => Self::Not(Box::new(Self::of(inner))),
            Filter::Present(path) => Self::Present(path),
            Filter::Compare(path, operator, literal) => {
                Self::Compare(path, *operator, Wanted::of(literal))
            }
            Filter::Element(path, inner) => Self::Element(path, Box::new(Self::of(inner))),
        }
    }

    /// Whether `resource`, as it would be answered, fulfils the filter.
    pub(super) fn resource(
        &self,
        matching: Matching,
        of: ResourceType,
        resource: &Map<String, Value>,
    ) -> bool {
        fulfils(matching, Scope::Resource(of, resource), self)
    }

    /// Whether one element of a multi-valued attribute fulfils what stands in the brackets.
    pub(super) fn element(&self, attribute: &'static Attribute, element: &Value) -> bool {
        fulfils(Matching::Caseless, Scope::Element(attribute, element), self)
    }
}

impl<'f> Wanted<'f> {
    fn of(literal: &'f Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Number(number) => Self::Number(number),
            Literal::Text(exact) => Self::Text {
                exact,
                folded: fold::folded(exact),
            },
        }
    }
}

/// The attributes and extensions of a resource that a filter looks at: all else is no matter
/// to it.
pub(super) fn names(of: ResourceType, filter: &Filter) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    visit(filter, &mut |path| names.extend(name_of(of, path)));
    names
}

/// The attribute or extension of a resource that a path starts with.
pub(super) fn name_of(of: ResourceType, path: &AttributePath) -> Option<&'static str> {
    if let Some(extension) = whole_extension(of, path) {
        return Some(extension.urn);
    }
    let schema = schema_of(of, path)?;
    if schema.urn != of.schema().urn {
        return Some(schema.urn);
    }
    schema.attribute(&path.name).map(|attribute| attribute.name)
}

/// The extension that a path names as a whole: by its text, the URN of a schema looks like an
/// attribute.
fn whole_extension(of: ResourceType, path: &AttributePath) -> Option<&'static Schema> {
    path.urn.as_ref()?;
    of.extension(&path.to_string())
}

/// How many comparisons a filter makes with one resource, at most.
pub(super) fn comparisons(filter: &Filter) -> usize {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().map(comparisons).sum(),
        Filter::Not(inner) | Filter::Element(_, inner) => comparisons(inner),
        Filter::Present(_) | Filter::Compare(..) => 1,
    }
}

/// Calls `see` with every path that starts at the resource.
fn visit(filter: &Filter, see: &mut impl FnMut(&AttributePath)) {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            terms.iter().for_each(|term| visit(term, see));
        }
        Filter::Not(inner) => visit(inner, see),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Element(path, _) => see(path),
    }
}

/// Refuses comparisons that RFC 7644 refuses: boolean and binary values have no order.
pub(super) fn check(of: ResourceType, filter: &Filter) -> Result<(), Problem> {
    check_order(&|path| attribute_of(of, path), filter)
}

/// The same for what stands in the brackets behind a multi-valued attribute, where names that
/// are no sub-attributes of it are refused, too: a PATCH would silently do nothing.
pub(super) fn check_element(attribute: &'static Attribute, filter: &Filter) -> Result<(), Problem> {
    check_names(attribute, filter)?;
    check_order(&|path| attribute.sub_attribute(&path.name), filter)
}

fn check_names(attribute: &Attribute, filter: &Filter) -> Result<(), Problem> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms
            .iter()
            .try_for_each(|term| check_names(attribute, term)),
        Filter::Not(inner) => check_names(attribute, inner),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Element(path, _) => {
            let known = path.urn.is_none() && path.sub.is_none();
            if known && attribute.sub_attribute(&path.name).is_some() {
                return Ok(());
            }
            Err(Problem::bad_request(
                ErrorType::InvalidFilter,
                format!("{path} is no sub-attribute of {}", attribute.name),
            ))
        }
    }
}

/// Finds the attribute that a path in a filter speaks of.
type Find<'a> = &'a dyn Fn(&AttributePath) -> Option<&'static Attribute>;

fn check_order(find: Find<'_>, filter: &Filter) -> Result<(), Problem> {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            terms.iter().try_for_each(|term| check_order(find, term))
        }
        Filter::Not(inner) => check_order(find, inner),
        Filter::Element(path, inner) => match find(path) {
            Some(attribute) => check_order(&|path| attribute.sub_attribute(&path.name), inner),
            None => Ok(()),
        },
        Filter::Compare(
            path,
            operator @ (Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le),
            _,
        ) => match find(path) {
            Some(attribute) if matches!(attribute.kind, Type::Boolean | Type::Binary) => {
                Err(Problem::bad_request(
                    ErrorType::InvalidFilter,
                    format!("{path} cannot be compared by {}", operator.as_str()),
                ))
            }
            _ => Ok(()),
        },
        Filter::Compare(..) | Filter::Present(_) => Ok(()),
    }
}

fn fulfils(matching: Matching, scope: Scope<'_>, test: &Test<'_>) -> bool {
    match test {
        Test::All(terms) => terms.iter().all(|term| fulfils(matching, scope, term)),
        Test::Any(terms) => terms.iter().any(|term| fulfils(matching, scope, term)),
        Test::Not(inner) => !fulfils(matching, scope, inner),
        Test::Present(path) => match scope.extension(path) {
            Some(extension) => is_assigned(extension),
            None => scope
                .find(path)
                .is_some_and(|found| found.values.iter().any(|value| is_assigned(value))),
        },
        Test::Compare(path, operator, wanted) => {
            let found = scope.find(path);
            let assigned = found.as_ref().is_some_and(|found| !found.values.is_empty());
            match (operator, wanted) {
                (Comparison::Eq, Wanted::Null) => !assigned,
                (Comparison::Ne, Wanted::Null) => assigned,
                (Comparison::Ne, _) if !assigned => true,
                _ => found.is_some_and(|found| {
                    let attribute = found.attribute;
                    let mut values = found.values.into_iter();
                    values.any(|value| compare(matching, attribute, value, *operator, wanted))
                }),
            }
        }
        Test::Element(path, inner) => scope.find(path).is_some_and(|found| {
            let attribute = found.attribute;
            let mut elements = found.values.into_iter();
            elements.any(|value| fulfils(matching, Scope::Element(attribute, value), inner))
        }),
    }
}

impl<'v> Scope<'v> {
    /// The extension that a path names as a whole.
    fn extension(self, path: &AttributePath) -> Option<&'v Value> {
        match self {
            Self::Resource(of, resource) => resource.get(whole_extension(of, path)?.urn),
            Self::Element(..) => None,
        }
    }

    fn find(self, path: &AttributePath) -> Option<Found<'v>> {
        match self {
            Self::Resource(of, resource) => {
                let (schema, object) = match schema_of(of, path)? {
                    schema if schema.urn == of.schema().urn => (schema, Some(resource)),
                    schema => (schema, resource.get(schema.urn).and_then(Value::as_object)),
                };
                let attribute = schema.attribute(&path.name)?;
                let value = object.and_then(|object| object.get(attribute.name));
                Self::descend(attribute, path.sub.as_deref(), value)
            }
            Self::Element(attribute, element) => {
                let sub = attribute.sub_attribute(&path.name)?;
                let value = match element {
                    Value::Object(object) => object.get(sub.name),
                    // `roles: ["admin"]`: the element is its own value.
                    other => (sub.name == "value").then_some(other),
                };
                Some(Found {
                    attribute: sub,
                    values: value.into_iter().collect(),
                })
            }
        }
    }

    /// The values of an attribute, element by element, and of their sub-attribute.
    fn descend(
        attribute: &'static Attribute,
        sub: Option<&str>,
        value: Option<&'v Value>,
    ) -> Option<Found<'v>> {
        let elements: Vec<&Value> = match value {
            Some(Value::Array(elements)) => elements.iter().collect(),
            other => other.into_iter().collect(),
        };
        let Some(sub) = sub else {
            return Some(Found {
                attribute,
                values: elements,
            });
        };
        let sub = attribute.sub_attribute(sub)?;
        let values = elements
            .into_iter()
            .filter_map(|element| match element {
                Value::Object(object) => object.get(sub.name),
                other => (sub.name == "value").then_some(other),
            })
            .collect();
        Some(Found {
            attribute: sub,
            values,
        })
    }
}

/// The value that stands for a resource when it is sorted: of several the primary one, or
/// the first (RFC 7644, 3.4.2.3), and of a complex one its `value`.
pub(super) fn representative<'v>(
    of: ResourceType,
    resource: &'v Map<String, Value>,
    path: &AttributePath,
) -> Option<(&'static Attribute, &'v Value)> {
    let whole = AttributePath {
        sub: None,
        ..path.clone()
    };
    let found = Scope::Resource(of, resource).find(&whole)?;
    let primary = found.values.iter().find(|value| ingest::is_primary(value));
    let value = *primary.or(found.values.first())?;
    let Some(object) = value.as_object() else {
        return Some((found.attribute, value));
    };
    let sub = path.sub.as_deref().unwrap_or("value");
    let sub = found.attribute.sub_attribute(sub)?;
    Some((sub, object.get(sub.name)?))
}

/// The schema that a path speaks of; `None` for one that the resource cannot have.
pub(super) fn schema_of(of: ResourceType, path: &AttributePath) -> Option<&'static Schema> {
    match &path.urn {
        None => Some(of.schema()),
        Some(urn) => of.schema_named(urn),
    }
}

fn attribute_of(of: ResourceType, path: &AttributePath) -> Option<&'static Attribute> {
    let attribute = schema_of(of, path)?.attribute(&path.name)?;
    match &path.sub {
        None => Some(attribute),
        Some(sub) => attribute.sub_attribute(sub),
    }
}

/// Not null, not empty (RFC 7644, table 3, `pr`).
fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }
}

fn compare(
    matching: Matching,
    attribute: &Attribute,
    value: &Value,
    operator: Comparison,
    wanted: &Wanted<'_>,
) -> bool {
    // `emails co "@example.com"` speaks of the elements' `value` (RFC 7644, figure 3).
    if let Value::Object(object) = value {
        let inner = attribute.sub_attribute("value").zip(object.get("value"));
        return inner.is_some_and(|(sub, value)| compare(matching, sub, value, operator, wanted));
    }
    let ordering = match (value, wanted) {
        (Value::Bool(left), Wanted::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Wanted::Number(right)) => left
            .as_f64()
            .zip(right.as_f64())
            .and_then(|(left, right)| left.partial_cmp(&right)),
        (Value::String(left), Wanted::Text { exact, folded }) => {
            if attribute.kind == Type::DateTime {
                date_time(left)
                    .zip(date_time(exact))
                    .map(|(l, r)| l.cmp(&r))
            } else {
                let as_it_is = attribute.case_exact || matching == Matching::Exact;
                return if as_it_is {
                    compare_texts(matching, left, operator, exact)
                } else {
                    compare_texts(matching, &fold::folded(left), operator, folded)
                };
            }
        }
        _ => None,
    };
    match operator {
        Comparison::Eq => ordering == Some(Ordering::Equal),
        Comparison::Ne => ordering != Some(Ordering::Equal),
        Comparison::Gt => ordering == Some(Ordering::Greater),
        Comparison::Ge => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Lt => ordering == Some(Ordering::Less),
        Comparison::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Co | Comparison::Sw | Comparison::Ew => false,
    }
}

/// Compares two texts, both as they are or both folded.
fn compare_texts(matching: Matching, value: &str, operator: Comparison, wanted: &str) -> bool {
    match operator {
        Comparison::Eq => equal(matching, value, wanted),
        Comparison::Ne => !equal(matching, value, wanted),
        Comparison::Co => value.contains(wanted),
        Comparison::Sw => value.starts_with(wanted),
        Comparison::Ew => value.ends_with(wanted),
        Comparison::Gt => value > wanted,
        Comparison::Ge => value >= wanted,
        Comparison::Lt => value < wanted,
        Comparison::Le => value <= wanted,
    }
}

fn equal(matching: Matching, value: &str, wanted: &str) -> bool {
    match matching {
        Matching::Caseless | Matching::Exact => value == wanted,
        Matching::Prefix => value.starts_with(wanted),
        Matching::DotIsAny => {
            value.chars().count() == wanted.chars().count()
                && value
                    .chars()
                    .zip(wanted.chars())
                    .all(|(found, pattern)| pattern == '.' || found == pattern)
        }
    }
}

fn date_time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resource_type::{Kind, ResourceTypes};
    use super::*;

    fn user() -> ResourceType {
        ResourceTypes::default().get(Kind::User)
    }

    fn ada() -> Map<String, Value> {
        let Value::Object(ada) = json!({
            "id": "a1", "userName": "Ada.Byron@example.com", "externalId": "00uX",
            "name": {"familyName": "O'Neil-Łukasz"}, "active": true, "nickName": "",
            "emails": [
                {"value": "ada@example.com", "type": "work", "primary": true},
                {"value": "ada@home.test", "type": "home"},
            ],
            "roles": ["admin"],
            "meta": {"lastModified": "2026-01-02T03:04:05.006Z"},
            crate::scim::urn::ENTERPRISE_USER: {"department": "Ops", "manager": {"value": "7"}},
        }) else {
            unreachable!()
        };
        ada
    }

    #[test]
    fn filters_are_evaluated_by_the_schema() {
        let table = [
            (r#"userName eq "ADA.BYRON@example.com""#, true),
            (r#"username EQ "ada.byron@example.com""#, true),
            (r#"userName eq "ada.byron""#, false),
            (r#"externalId eq "00uX""#, true),
            (r#"externalId eq "00ux""#, false),
            (r#"id eq "A1""#, false),
            (r#"name.familyName eq "o'neil-łukasz""#, true),
            (r#"name.familyName co "NEIL""#, true),
            (r#"userName sw "ada" and userName ew ".COM""#, true),
            ("active eq true", true),
            ("active eq false", false),
            (r#"active eq "true""#, false),
            ("title pr", false),
            ("nickName pr", false),
            ("emails pr", true),
            (r#"title ne "x""#, true),
            (r#"userName ne "ada.byron@example.com""#, false),
            ("title eq null", true),
            ("userName eq null", false),
            (r#"emails co "@home""#, true),
            (r#"emails.value eq "ADA@home.test""#, true),
            (r#"emails.type eq "other""#, false),
            (r#"emails[type eq "work" and value co "@home"]"#, false),
            (r#"emails[type eq "home" and value co "@home"]"#, true),
            (r#"roles eq "ADMIN""#, true),
            (r#"roles[value eq "admin"]"#, true),
            (r#"not (userName pr)"#, false),
            (r#"title pr or active eq true"#, true),
            (
                r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "ops""#,
                true,
            ),
            (
                r#"URN:IETF:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "7""#,
                true,
            ),
            (
                r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada""#,
                true,
            ),
            (r#"urn:example:unknown:userName pr"#, false),
            (r#"meta.lastModified gt "2026-01-02T04:04:05+02:00""#, true),
            (r#"meta.lastModified le "2026-01-02T03:04:05.006Z""#, true),
            (r#"shoeSize eq 7"#, false),
        ];
        for (text, expected) in table {
            let filter = Filter::parse(text).unwrap();
            assert_eq!(
                Test::of(&filter).resource(Matching::Caseless, user(), &ada()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_text_is_folded_when_the_filter_is_made_ready_and_not_for_each_value() {
        // Each of these marks has to be put into its canonical place among all others.
        let marks = "\u{323}\u{301}".repeat(2000);
        let value = format!("Q{}", "\u{301}\u{323}".repeat(2000));
        let filter = Filter::parse(&format!("nickName eq \"q{marks}\"")).unwrap();
        let Filter::Compare(.., literal) = &filter else {
            panic!("{filter:?}");
        };
        let Wanted::Text { folded, .. } = Wanted::of(literal) else {
            panic!("{literal:?}");
        };
        assert!(!folded.is_ascii() && folded == fold::key(&value));
        let test = Test::of(&filter);
        let mut ada = ada();
        for (nick_name, expected) in [(value.as_str(), true), ("q", false), ("", false)] {
            ada.insert("nickName".to_owned(), nick_name.into());
            assert_eq!(test.resource(Matching::Caseless, user(), &ada), expected);
            assert!(!test.resource(Matching::Exact, user(), &ada));
        }
    }

    #[test]
    fn booleans_have_no_order() {
        let filter = Filter::parse("title pr or not (active gt false)").unwrap();
        let problem = check(user(), &filter).unwrap_err();
        assert_eq!(problem.kind, Some(ErrorType::InvalidFilter));
        assert!(check(user(), &Filter::parse(r#"userName gt "a""#).unwrap()).is_ok());
    }
}
