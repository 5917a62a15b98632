//! Whether a value has the shape that its place demands. Only such a value gets a stable name;
//! anything else stays as it is, so that a snapshot shows the mistake.

use std::ops::RangeInclusive;

/// Whether `text` is an xsd:dateTime, which RFC 7643, 2.3.5 demands of a `dateTime` value.
pub(super) fn is_date_time(text: &str) -> bool {
    text.split_once('T')
        .is_some_and(|(date, time)| is_date(date) && is_time(time))
}

fn is_date(text: &str) -> bool {
    let mut parts = text.strip_prefix('-').unwrap_or(text).split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    year.len() >= 4 && all_digits(year) && two_digits(month, 1..=12) && two_digits(day, 1..=31)
}

/// `hh:mm:ss`, an optional fraction, an optional zone.
fn is_time(text: &str) -> bool {
    let clock = if let Some(clock) = text.strip_suffix('Z') {
        clock
    } else if let Some((clock, zone)) = text.rsplit_once(['+', '-']) {
        if !is_zone(zone) {
            return false;
        }
        clock
    } else {
        text
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':');
    let (Some(hour), Some(minute), Some(second), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    two_digits(hour, 0..=24)
        && two_digits(minute, 0..=59)
        && two_digits(second, 0..=59)
        && !fraction.is_empty()
        && all_digits(fraction)
}

fn is_zone(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(hour, minute)| two_digits(hour, 0..=14) && two_digits(minute, 0..=59))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn two_digits(text: &str, range: RangeInclusive<u8>) -> bool {
    text.len() == 2 && all_digits(text) && text.parse().is_ok_and(|n| range.contains(&n))
}

/// Whether `text` is an entity tag (RFC 9110, 8.8.3), which `meta.version` must be
/// (RFC 7643, 3.1): a quoted text, perhaps with `W/` before it.
pub(super) fn is_entity_tag(text: &str) -> bool {
    text.strip_prefix("W/")
        .unwrap_or(text)
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .is_some_and(|opaque| !opaque.contains('"'))
}

/// Whether `token` is the id of a user (`00u...`) or a group (`00g...`) in an Okta org.
pub(super) fn is_okta_id(token: &str) -> bool {
    token.len() == 20
        && (token.starts_with("00u") || token.starts_with("00g"))
        && token.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times() {
        for good in [
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:00:00.123Z",
            "2026-03-01T10:00:00+02:00",
            "2026-03-01T10:00:00.5-14:00",
            "2026-03-01T10:00:00",
            "-0044-03-15T24:00:00Z",
        ] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in [
            "2026-03-01 10:00:00",
            "2026-03-01",
            "2026-13-01T10:00:00Z",
            "2026-3-1T10:00:00Z",
            "2026-03-01T10:00Z",
            "2026-03-01T10:00:00.Z",
            "2026-03-01T10:00:00+0200",
            "1772359200",
            "T",
            "",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn entity_tags() {
        assert!(is_entity_tag("W/\"3694e05e9dff590\""));
        assert!(is_entity_tag("\"1\""));
        for bad in ["1", "W/1", "\"", "\"a", "\"a\"b\"", ""] {
            assert!(!is_entity_tag(bad), "{bad}");
        }
    }

    #[test]
    fn okta_ids() {
        assert!(is_okta_id("00u4k2m9qZTn1RsWx5d7"));
        assert!(is_okta_id("00g4k2m9qZTn1RsWx5d7"));
        assert!(!is_okta_id("00u4k2m9qZTn1RsWx5d"));
        assert!(!is_okta_id("00a4k2m9qZTn1RsWx5d7"));
    }
}
