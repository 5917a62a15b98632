//! The redactor as a whole, against encoders that know nothing of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

fn redactor(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::new();
    for secret in secrets {
        redactor.add_credential(&Secret::new(*secret));
    }
    redactor
}

fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn units(
    text: &str,
    escape: impl Fn(u16) -> String,
    which: impl Fn(usize, char) -> bool,
) -> String {
    let mut written = String::new();
    for (n, c) in text.chars().enumerate() {
        if which(n, c) {
            written.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| escape(*unit)));
        } else {
            written.push_str(&json_string(&c.to_string()));
        }
    }
    written
}

fn percent(text: &str, escape: impl Fn(u8) -> String, which: impl Fn(usize, u8) -> bool) -> String {
    let mut written = Vec::new();
    for (n, byte) in text.bytes().enumerate() {
        // A percent sign that stays would begin an escape.
        if which(n, byte) || !byte.is_ascii() || b"%+".contains(&byte) {
            written.extend(escape(byte).bytes());
        } else {
            written.push(byte);
        }
    }
    String::from_utf8(written).unwrap()
}

fn html(text: &str, escape: impl Fn(char) -> String) -> String {
    text.chars().map(escape).collect()
}

fn named(c: char) -> String {
    match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        '\'' => "&#39;".into(),
        '/' => "&sol;".into(),
        '+' => "&plus;".into(),
        '=' => "&equals;".into(),
        'é' => "&eacute;".into(),
        c => c.into(),
    }
}

/// Every form of a secret, however odd.
fn forms(secret: &str) -> Vec<String> {
    let upper = |byte: u8| format!("%{byte:02X}");
    let lower = |byte: u8| format!("%{byte:02x}");
    let reserved = |_: usize, byte: u8| !byte.is_ascii_alphanumeric();
    let mut forms = vec![
        secret.to_owned(),
        json_string(secret),
        json_string(secret).replace('/', "\\/"),
        json_string(&json_string(secret)),
        json_string(&json_string(secret).replace('/', "\\/")).replace('/', "\\/"),
        units(secret, |unit| format!("\\u{unit:04x}"), |_, _| true),
        units(secret, |unit| format!("\\u{unit:04X}"), |_, _| true),
        units(
            secret,
            |unit| format!("\\u{unit:04X}"),
            |_, c| !c.is_ascii_alphanumeric(),
        ),
        units(secret, |unit| format!("\\u{unit:04x}"), |n, _| n % 3 == 0),
        json_string(&units(secret, |unit| format!("\\u{unit:04x}"), |_, _| true)),
        percent(secret, upper, reserved),
        percent(secret, lower, reserved),
        percent(secret, upper, |_, _| true),
        percent(secret, lower, |n, _| n % 2 == 0),
        percent(secret, upper, reserved).replace("%20", "+"),
        percent(&percent(secret, upper, reserved), upper, reserved),
        percent(&percent(secret, lower, |_, _| true), lower, |_, _| true),
        json_string(&html(secret, named)),
        html(secret, named),
        html(secret, |c| format!("&#{};", u32::from(c))),
        html(secret, |c| format!("&#x{:x};", u32::from(c))),
        html(secret, |c| format!("&#x{:04X};", u32::from(c))),
        html(&html(secret, named), named),
        percent(&json_string(secret).replace('/', "\\/"), upper, reserved),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
    ];
    for before in ["", "u", "us", "user:"] {
        for behind in ["", "!", "!!"] {
            let text = format!("{before}{secret}{behind}");
            forms.extend(
                [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|a| a.encode(&text)),
            );
            forms.push(STANDARD.encode(&text).replace('/', "\\/"));
            forms.push(percent(&STANDARD.encode(&text), upper, reserved));
        }
    }
    forms
}

/// A secret as somebody may have it: letters, what formats escape, what is not ASCII.
fn secrets() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => proptest::char::range('0', 'z').prop_filter("a letter", char::is_ascii_alphanumeric),
        3 => prop::sample::select(r#"/+=&<>"'\%-_.~:@!#$*(){}[]|^`;,?"#.chars().collect::<Vec<_>>()),
        1 => prop::sample::select("éßŁ日😀 ".chars().collect::<Vec<_>>()),
    ];
    let characters = prop::collection::vec(character, 8..40);
    characters
        .prop_map(|chars| chars.into_iter().collect::<String>().trim().to_owned())
        .prop_filter("long enough", |text| {
            text.chars().filter(char::is_ascii_alphanumeric).count() >= 6
        })
}

fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z ]{0,12}",
        1 => prop::sample::select(vec!["\\", "\\u", "\\u00", "%", "%2", "&", "&#", "&amp", "+", "…", "é", "{\"a\":\"", "%25", "\\\\"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_form_is_hidden_wherever_it_stands(secret in secrets(), before in texts(), behind in texts()) {
        let redactor = redactor(&[&secret]);
        for form in forms(&secret) {
            let text = format!("{before}{form}{behind}");
            let hidden = redactor.text(&text);
            prop_assert!(hidden.contains("***"), "{secret:?} as {form:?} in {text:?}");
            prop_assert!(!hidden.contains(&form), "{secret:?} as {form:?} in {text:?} is {hidden:?}");
            prop_assert!(redactor.held(text.as_bytes()).credential);
            // What stands around it stays, but for a character that base64 mixes with it.
            let kept = before.len().saturating_sub(1);
            prop_assert!(hidden.as_bytes().starts_with(&before.as_bytes()[..kept.min(hidden.len())]) || before.contains(['\\', '%', '&']), "{text:?} is {hidden:?}");
        }
    }

    #[test]
    fn a_text_without_it_stays(secret in secrets(), text in any::<String>(), more in texts()) {
        let text = text + &more;
        prop_assume!(!text.contains(&secret));
        let redactor = redactor(&[&secret]);
        prop_assert_eq!(redactor.text(&text), text.as_str());
        prop_assert_eq!(redactor.held(text.as_bytes()), Held::default());
    }

    #[test]
    fn json_stays_json_and_says_the_rest(secret in secrets(), before in texts(), behind in texts()) {
        let redactor = redactor(&[&secret]);
        let value = serde_json::json!({"schemas": ["urn:x"], "detail": format!("{before}{secret}{behind}"), "n": 17});
        for text in [value.to_string(), value.to_string().replace('/', "\\/"), format!("{value:#}")] {
            let hidden = redactor.json_bytes(text.as_bytes()).unwrap();
            let hidden: serde_json::Value = serde_json::from_slice(&hidden).unwrap();
            prop_assert!(!hidden["detail"].as_str().unwrap().contains(&secret), "{hidden}");
            prop_assert_eq!((&hidden["schemas"], &hidden["n"]), (&value["schemas"], &value["n"]));
        }
    }
}

#[test]
fn what_stands_around_a_secret_stays() {
    let secret = "p/ss \"wörd\"+Ł7";
    let redactor = redactor(&[secret]);
    for form in forms(secret) {
        let text = format!("<{form}>, again {form}");
        let hidden = redactor.text(&text);
        let stars = hidden.matches("***").count();
        assert!(
            hidden.starts_with('<') && hidden.contains(">, again ") && stars == 2,
            "{form}: {hidden}"
        );
    }
}

#[test]
fn a_header_value_hides_its_credentials() {
    let redactor = redactor(&["Bearer abcdefgh12", "Basic YWRhOmh1bnRlcjItaHVudGVyMg=="]);
    for (text, wanted) in [
        ("token abcdefgh12 is wrong", "token *** is wrong"),
        ("no hunter2-hunter2 here", "no *** here"),
        ("no ada:hunter2-hunter2 here", "no *** here"),
        ("Basic YWRhOmh1bnRlcjItaHVudGVyMg==", "Basic ***"),
        ("Bearer is a scheme", "Bearer is a scheme"),
    ] {
        assert_eq!(redactor.text(text), wanted);
    }
}

#[test]
fn a_secret_with_a_stand_in_is_told_from_others_and_shown_nowhere() {
    let redactor = redactor(&["plain-secret"]);
    redactor.add_credential_as(&Secret::new("Bearer tok-1234567"), "***-a");
    redactor.add_password_as(&Secret::new("p/ssw0rd+"), "***-b");
    // What is known already keeps its stand-in.
    redactor.add_credential_as(&Secret::new("plain-secret"), "***-c");
    for (text, wanted) in [
        ("tok-1234567, again tok-1234567", "***-a, again ***-a"),
        ("p\\/ssw0rd+ and p%2Fssw0rd%2B", "***-b and ***-b"),
        ("plain-secret", "***"),
    ] {
        assert_eq!(redactor.text(text), wanted);
    }
    assert!(redactor.held(b"tok-1234567").credential);
}

#[test]
fn short_words_are_no_secrets() {
    let redactor = redactor(&["test", "abc", "", "12345"]);
    let text = "the latest test, abc: 12345, dGVzdA==, 74657374";
    assert_eq!(redactor.text(text), text);
    assert_eq!(redactor.held(text.as_bytes()), Held::default());
}

#[test]
fn secrets_that_overlap_or_touch_are_all_hidden() {
    let redactor = redactor(&[
        "passwords",
        "passwords-and-more",
        "more-to-come",
        "aA123459",
    ]);
    for (text, wanted) in [
        ("passwords-and-more|passwordspasswords", "***|******"),
        ("passwords-and-more-to-come!", "***!"),
        ("é passwords é", "é *** é"),
        ("passwor", "passwor"),
        ("aaA123459", "a***"),
        ("łaA123459ł", "ł***ł"),
        // This program has cut it off; its beginning is not to be shown either.
        ("\"passwo… of 17", "\"***… of 17"),
        ("pass… of 17", "pass… of 17"),
    ] {
        assert_eq!(redactor.text(text), wanted);
    }
    assert_eq!(redactor.held("\"passwo…".as_bytes()), Held::default());
}

#[test]
fn kinds_are_told_apart() {
    let redactor = redactor(&["a-token-of-ours"]);
    redactor.add_password(&Secret::new("aA123459"));
    let held = |text: &str| redactor.held(text.as_bytes());
    assert_eq!(
        held("a-token-of-ours"),
        Held {
            credential: true,
            password: false
        }
    );
    assert_eq!(
        held("aA12345%39"),
        Held {
            credential: false,
            password: true
        }
    );
    assert!(held("a-token-of-ours aA123459").any());
    assert!(!held("a-token aA12345").any());
    assert!(redactor.knows("aA123459") && !redactor.knows("aA12345"));
}

/// Names of headers and hosts lose their case on the way; what is left tells too much, but is not the secret.
#[test]
fn a_secret_in_another_case_is_hidden_and_no_finding() {
    let redactor = redactor(&["aBcDeF-123/x", "Swordfish"]);
    for (text, wanted) in [
        ("x-abcdef-123/x", "x-***"),
        ("ABCDEF-123%2FX", "***"),
        ("swordfish", "swordfish"),
    ] {
        assert_eq!(redactor.text(text), wanted);
        assert_eq!(redactor.held(text.as_bytes()), Held::default());
    }
    redactor.add_credential(&Secret::new("abcdef-123/x"));
    assert!(redactor.held(b"abcdef-123/x").credential);
}

#[test]
fn clones_share_what_they_know_and_show_none_of_it() {
    let first = Redactor::new();
    let second = first.clone();
    first.add_credential(&Secret::new("hunter2-hunter2"));
    assert_eq!(second.text("hunter2-hunter2"), "***");
    assert!(!format!("{second:?}").contains("hunter2"));
}

/// Bodies at the limit, hundreds of secrets, texts made to be slow: each byte is looked at a bounded number of times,
/// or this does not end.
#[test]
fn the_largest_bodies_are_searched() {
    const LARGEST: usize = 16 * 1024 * 1024;
    let redactor = Redactor::new();
    for n in 0..500 {
        redactor.add_password(&Secret::new(format!("aA{n:05}9")));
    }
    for secret in [
        "aaaaaaaaaaaaaaaaaaaaaaaab",
        "eyJhbGciOiJIUzI1NiJ9.abc/def+ghi=",
    ] {
        redactor.add_credential(&Secret::new(secret));
    }
    let list = r#"{"id":"2819c223-7f76-453a-919d-413861904646","userName":"ada.byron@example.com","x":"\u65e5%20"},"#;
    // What begins like a secret everywhere takes longer, so there is less of it.
    let slow = [
        "a",
        "aA0001",
        "%61",
        "\\u0061",
        "\\",
        "\\\\/",
        "%25",
        "&amp;",
        "%%41",
        "eyJhbGciOiJIUzI1NiJ9.abc",
    ];
    for (unit, size) in [(list, LARGEST)]
        .into_iter()
        .chain(slow.map(|unit| (unit, LARGEST / 32)))
    {
        let mut text = unit.repeat(size / unit.len());
        text.push_str(" aA%30%30%34978");
        assert_eq!(redactor.bytes(text.as_bytes()), None, "{unit}");
        text.push_str(" aA%30%30497\\u0039");
        let hidden = redactor.bytes(text.as_bytes());
        let hidden = hidden.map(|hidden| hidden.ends_with(b"78 ***"));
        assert_eq!(hidden, Some(true), "{unit}");
    }
}
