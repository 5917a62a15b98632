//! Secrets in a request's query that are told by their place.

use super::spelling::plain;
use crate::secret::MASK;

/// Query parameters whose values are secrets, whoever sends them.
const SECRET_PARAMETERS: [&str; 6] = [
    "access_token",
    "api_key",
    "apikey",
    "key",
    "password",
    "token",
];

/// A path and query without the values that are secrets: of parameters with such names, and of a filter on the
/// password.
#[must_use]
pub fn without_secret_values(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let pairs = query.split('&').map(|pair| {
        let Some((name, value)) = pair.split_once('=') else {
            return pair.to_owned();
        };
        let (plain_name, plain_value) = (lower(name), lower(value));
        let is_secret = SECRET_PARAMETERS.contains(&plain_name.as_str())
            || plain_name == "filter" && plain_value.contains("password")
            // What cannot be read cannot be judged.
            || [&plain_name, &plain_value].iter().any(|text| text.contains('\u{fffd}'));
        if is_secret {
            format!("{name}={MASK}")
        } else {
            pair.to_owned()
        }
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn lower(text: &str) -> String {
    plain(text).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_parameters_are_hidden() {
        let table = [
            (
                "/Users?filter=userName%20eq%20%22ada%22&count=1",
                "/Users?filter=userName%20eq%20%22ada%22&count=1",
            ),
            ("/Users?filter=pass%57ord+eq+%22x%22", "/Users?filter=***"),
            (
                "/Users?Access%5FToken=abc&count=1",
                "/Users?Access%5FToken=***&count=1",
            ),
            ("/Users?%ff=1", "/Users?%ff=***"),
            ("/Users", "/Users"),
        ];
        for (target, shown) in table {
            assert_eq!(without_secret_values(target), shown);
        }
    }
}
