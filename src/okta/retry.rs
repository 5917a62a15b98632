//! When Okta tries again: only after 429 (Okta's SCIM concept page, "Rate limits", 2026-03-18).

use std::time::Duration;

/// Okta's wait when `Retry-After` is missing, a date, or no whole number.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(300);
/// After so many 429 in a row the task has failed for good.
pub const ATTEMPTS: u32 = 10;

/// How long Okta waits after the `attempt`th 429 in a row (from 1), or `None` when it gives up.
/// Whole seconds of `Retry-After` are honoured; the wait doubles with each further 429.
#[must_use]
pub fn wait(attempt: u32, retry_after: Option<&str>) -> Option<Duration> {
    if attempt == 0 || attempt >= ATTEMPTS {
        return None;
    }
    let first = retry_after
        .map(str::trim)
        .filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|t| t.parse().ok())
        .map_or(DEFAULT_WAIT, Duration::from_secs);
    first.checked_mul(2_u32.checked_pow(attempt.saturating_sub(1))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_seconds_are_honoured_and_each_further_429_doubles() {
        let table = [
            (1, Some("2"), Some(2)),
            (3, Some("2"), Some(8)),
            (1, None, Some(300)),
            (1, Some("1.5"), Some(300)),
            (1, Some("Wed, 21 Oct 2026 07:28:00 GMT"), Some(300)),
            (2, Some("-1"), Some(600)),
            (9, Some("1"), Some(256)),
            (10, Some("1"), None),
        ];
        for (attempt, header, seconds) in table {
            assert_eq!(
                wait(attempt, header),
                seconds.map(Duration::from_secs),
                "{attempt} {header:?}"
            );
        }
    }
}
