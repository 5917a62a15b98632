//! URLs of recorded requests: where the SCIM base ends, and what the parts say.

use crate::exchange::percent_decode;

/// Endpoints that a base URL is found by.
const RESOURCES: [&str; 2] = ["Users", "Groups"];
/// Further endpoints below a base URL (RFC 7644, 3.2; entitlements of Okta).
const OTHERS: [&str; 9] = [
    ".search",
    "Bulk",
    "Entitlements",
    "Me",
    "ResourceTypes",
    "Roles",
    "Schemas",
    "ServiceProviderConfig",
    "ServiceProviderConfigs",
];

/// A URL in two: scheme, host and port in lower case, without the port that goes without saying; path and query as
/// they are. A bare path gets its host from `host`.
#[must_use]
pub(super) fn split(url: &str, host: Option<&str>) -> Option<(String, String)> {
    let (scheme, authority, rest) = match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            (scheme.to_ascii_lowercase(), authority, rest)
        }
        None if url.starts_with('/') => ("https".to_owned(), host.unwrap_or_default(), url),
        None => return None,
    };
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let authority = authority.to_ascii_lowercase();
    let default = if scheme == "http" { ":80" } else { ":443" };
    let authority = authority.strip_suffix(default).unwrap_or(&authority);
    let rest = rest.split('#').next().unwrap_or_default();
    Some((format!("{scheme}://{authority}"), rest.to_owned()))
}

/// The path of a target.
#[must_use]
pub(super) fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Where the base path ends in a path such as `/scim/v2/Users/7`: before an endpoint that at most one segment
/// follows.
#[must_use]
pub(super) fn base_length(path: &str) -> Option<usize> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut at = path.len();
    for _ in 0..2 {
        let start = path.get(..at)?.rfind('/')?;
        let segment = path.get(start.saturating_add(1)..at)?;
        if RESOURCES.contains(&segment) {
            return Some(start);
        }
        at = start;
    }
    None
}

/// Whether a target below a base is an endpoint of SCIM.
#[must_use]
pub(super) fn is_endpoint(target: &str) -> bool {
    let first = path(target).split('/').nth(1).unwrap_or_default();
    RESOURCES.contains(&first) || OTHERS.contains(&first)
}

/// What follows `base` (a path without a slash at its end), if the target is below it.
#[must_use]
pub(super) fn below<'t>(target: &'t str, base: &str) -> Option<&'t str> {
    target
        .strip_prefix(base)
        .filter(|rest| rest.starts_with('/'))
}

/// A part of a query, decoded; a plus sign is a blank, as in forms.
#[must_use]
pub(super) fn query_text(text: &str) -> String {
    percent_decode(&text.replace('+', " "))
}

/// The parameters of a target's query, decoded.
#[must_use]
pub(super) fn parameters(target: &str) -> Vec<(String, String)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (query_text(name), query_text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_ends_before_its_endpoint() {
        let table = [
            ("/scim/v2/Users", Some("/scim/v2")),
            ("/scim/v2/Users/", Some("/scim/v2")),
            ("/scim/v2/Users/7", Some("/scim/v2")),
            ("/Groups/7", Some("")),
            ("/scim/v2/Users/Users", Some("/scim/v2/Users")),
            ("/scim/v2/Users/7/photo", None),
            ("/scim/v2/users/7", None),
            ("/scim/v2/Schemas", None),
            ("", None),
            ("/", None),
        ];
        for (path, wanted) in table {
            assert_eq!(base_length(path).map(|end| &path[..end]), wanted, "{path}");
        }
    }

    #[test]
    fn a_url_is_compared_in_one_form() {
        let table = [
            (
                "HTTPS://Scim.Example.test:443/v2/Users?x#y",
                "https://scim.example.test",
                "/v2/Users?x",
            ),
            ("http://u:p@h:80/Users", "http://h", "/Users"),
            ("https://h:8443", "https://h:8443", ""),
            ("/v2/Users", "https://other.test", "/v2/Users"),
        ];
        for (url, origin, rest) in table {
            let (got, target) = split(url, Some("other.test")).unwrap();
            assert_eq!((got.as_str(), target.as_str()), (origin, rest), "{url}");
        }
        assert_eq!(split("data:text/plain,x", None), None);
    }

    #[test]
    fn parameters_are_decoded() {
        let target = "/Users?filter=userName+eq%20%22a%2Bb%40x%22&startIndex=1&bare&%zz=%2";
        let parameters = parameters(target);
        let pairs: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("filter", "userName eq \"a+b@x\""),
                ("startIndex", "1"),
                ("bare", ""),
                ("%zz", "%2")
            ]
        );
    }

    #[test]
    fn what_is_below_a_base() {
        assert_eq!(below("/scim/v2/Users?x", "/scim/v2"), Some("/Users?x"));
        assert_eq!(below("/scim/v20/Users", "/scim/v2"), None);
        assert_eq!(below("/Users", ""), Some("/Users"));
        assert!(is_endpoint("/Schemas?x") && is_endpoint("/Users/7") && !is_endpoint("/health"));
    }
}
