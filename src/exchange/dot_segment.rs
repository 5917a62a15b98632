//! Path segments that a server takes for "here" and "one level up".
//!
//! An id from a target may be `..`, and no percent-encoding helps: RFC 3986, 6.2.2.2 makes `%2e` and `.` the same. Sent
//! behind `/Users/`, it turns a write to one user into a write to somewhere else.

use super::SendError;
use super::percent::percent_decode;

/// The first segment of a target's path that means another level (RFC 3986, 5.2.4).
pub(super) fn dot_segment(target: &str) -> Option<&str> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // Some servers, and every URL parser of a browser, read a backslash as a slash.
    path.split(['/', '\\'])
        .find(|segment| matches!(percent_decode(segment).as_str(), "." | ".."))
}

/// Refuses a target that would leave the place at which it stands.
pub(super) fn refuse_dot_segment(target: &str) -> Result<(), SendError> {
    match dot_segment(target) {
        None => Ok(()),
        Some(segment) => Err(SendError::Unsendable {
            reason: format!(
                "its path has the segment \"{segment}\", by which a server goes to another resource"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_level_up_is_seen() {
        for target in [
            "/Users/..",
            "/Users/.",
            "/Users/../Groups",
            "/Users/%2e%2e",
            "/Users/%2E.?x=y",
            "/Users/.%2e#z",
            "/Users/%2e",
            "/Users/a/..",
            "/Users\\..\\Groups",
            "..",
        ] {
            assert!(dot_segment(target).is_some(), "{target}");
        }
        for target in [
            "/Users/...",
            "/Users/a..b",
            "/Users/.hidden",
            "/Users?filter=..",
            "/Users/%252e%252e",
            "/Users/..%3B%2F",
            "/Users/",
            "",
        ] {
            assert_eq!(dot_segment(target), None, "{target}");
        }
    }
}
