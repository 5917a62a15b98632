//! The comparisons of Runscope, with its casts
//! (<https://api.blazemeter.com/runscope/#assertions>, `runscope.com/docs/api-testing/assertions`).

use serde_json::Value;

/// A comparison of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Runscope's own")]
pub enum Comparison {
    Empty,
    NotEmpty,
    Equal,
    NotEqual,
    Contains,
    DoesNotContain,
    HasKey,
    HasValue,
    IsNull,
    IsANumber,
    EqualNumber,
    IsLessThan,
    IsLessThanOrEqual,
    IsGreaterThan,
    IsGreaterThanOrEqual,
}

/// All of them with the words of an export, and of a message.
const WORDS: [(Comparison, &str, &str); 15] = [
    (Comparison::Empty, "empty", "is empty"),
    (Comparison::NotEmpty, "not_empty", "is not empty"),
    (Comparison::Equal, "equal", "equals"),
    (Comparison::NotEqual, "not_equal", "does not equal"),
    (Comparison::Contains, "contains", "contains"),
    (
        Comparison::DoesNotContain,
        "does_not_contain",
        "does not contain",
    ),
    (Comparison::HasKey, "has_key", "has the key"),
    (Comparison::HasValue, "has_value", "has the value"),
    (Comparison::IsNull, "is_null", "is null"),
    (Comparison::IsANumber, "is_a_number", "is a number"),
    (Comparison::EqualNumber, "equal_number", "equals the number"),
    (Comparison::IsLessThan, "is_less_than", "is less than"),
    (
        Comparison::IsLessThanOrEqual,
        "is_less_than_or_equal",
        "is less than or equal to",
    ),
    (
        Comparison::IsGreaterThan,
        "is_greater_than",
        "is greater than",
    ),
    (
        Comparison::IsGreaterThanOrEqual,
        "is_greater_than_or_equal",
        "is greater than or equal to",
    ),
];

impl Comparison {
    /// The comparison of that name in an export.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let row = WORDS.iter().find(|(_, word, _)| *word == name)?;
        Some(row.0)
    }

    /// The comparison in the words of a message: `is less than`.
    #[must_use]
    pub fn words(self) -> &'static str {
        let row = WORDS.iter().find(|(comparison, ..)| *comparison == self);
        row.map_or("", |(_, _, words)| words)
    }

    /// Whether the comparison has nothing to compare with.
    #[must_use]
    pub fn stands_alone(self) -> bool {
        matches!(
            self,
            Self::Empty | Self::NotEmpty | Self::IsNull | Self::IsANumber
        )
    }

    /// Whether the value that was found fulfils the assertion; `None` is a path that leads
    /// nowhere, which fulfils only what asks for nothing.
    #[must_use]
    pub fn holds(self, actual: Option<&Value>, wanted: &str) -> bool {
        let Some(actual) = actual else {
            return matches!(self, Self::Empty | Self::NotEqual | Self::DoesNotContain);
        };
        let numbers = || number(actual).zip(wanted.trim().parse::<f64>().ok());
        match self {
            Self::Empty => is_empty(actual),
            Self::NotEmpty => !is_empty(actual),
            Self::Equal => text(actual) == wanted,
            Self::NotEqual => text(actual) != wanted,
            Self::Contains => text(actual).contains(wanted),
            Self::DoesNotContain => !text(actual).contains(wanted),
            Self::HasKey => actual.get(wanted).is_some(),
            Self::HasValue => has_value(actual, wanted),
            Self::IsNull => actual.is_null(),
            Self::IsANumber => number(actual).is_some(),
            // Casts of JSON numbers that are written alike are exactly equal.
            Self::EqualNumber => numbers().is_some_and(|(a, w)| (a - w).abs() < f64::EPSILON),
            Self::IsLessThan => numbers().is_some_and(|(a, w)| a < w),
            Self::IsLessThanOrEqual => numbers().is_some_and(|(a, w)| a <= w),
            Self::IsGreaterThan => numbers().is_some_and(|(a, w)| a > w),
            Self::IsGreaterThanOrEqual => numbers().is_some_and(|(a, w)| a >= w),
        }
    }
}

/// Null and `""`; by the letter of the documentation `[]`, `0` and `false` are not empty.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// The value as a string: what is not one is cast first.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The value as a number: strings are cast.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

fn has_value(value: &Value, wanted: &str) -> bool {
    let is = |value: &Value| text(value) == wanted;
    match value {
        Value::Array(elements) => elements.iter().any(is),
        Value::Object(object) => object.values().any(is),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comparisons_cast_as_runscope_does() {
        let table = [
            ("not_empty", json!(false), "", true),
            ("not_empty", json!(0), "", true),
            ("not_empty", json!([]), "", true),
            ("not_empty", json!(""), "", false),
            ("not_empty", json!(null), "", false),
            ("empty", json!(null), "", true),
            ("equal", json!(true), "true", true),
            ("equal", json!(404), "404", true),
            ("equal", json!("404"), "404", true),
            ("equal", json!("Ada"), "ada", false),
            ("not_equal", json!(1), "2", true),
            ("contains", json!(["urn:a:User"]), "urn:a", true),
            ("does_not_contain", json!("abc"), "b", false),
            ("has_value", json!(["urn:a:User"]), "urn:a", false),
            ("has_value", json!(["urn:a"]), "urn:a", true),
            ("has_value", json!({"k": "v"}), "v", true),
            ("has_value", json!("v"), "v", false),
            ("has_key", json!({"k": "v"}), "k", true),
            ("is_null", json!(null), "", true),
            ("is_a_number", json!("1"), "", true),
            ("is_a_number", json!("one"), "", false),
            ("is_a_number", json!("NaN"), "", false),
            ("equal_number", json!("200"), "200", true),
            ("equal_number", json!(200), "200.0", true),
            ("equal_number", json!(true), "1", false),
            ("is_less_than", json!(599), "600", true),
            ("is_less_than", json!(600), "600", false),
            ("is_less_than_or_equal", json!(600), "600", true),
            ("is_greater_than", json!(2), "1", true),
            ("is_greater_than_or_equal", json!(1), "2", false),
        ];
        for (name, actual, wanted, expected) in table {
            let comparison = Comparison::from_name(name).unwrap();
            assert_eq!(
                comparison.holds(Some(&actual), wanted),
                expected,
                "{name} {actual} {wanted}"
            );
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_fulfils_nothing_positive() {
        for (comparison, name, _) in WORDS {
            let negative = ["empty", "not_equal", "does_not_contain"].contains(&name);
            assert_eq!(comparison.holds(None, "x"), negative, "{name}");
        }
        assert_eq!(Comparison::from_name("roughly"), None);
    }
}
