use bytes::Bytes;

use super::*;
use crate::exchange::{Body, HeaderText, Method, Timing};
use crate::okta::request::{Agent, Client, Resource};
use crate::secret::Secret;

const MEDIA_TYPE: (&str, &str) = ("Content-Type", "application/scim+json");

fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, SendError> {
    let headers = headers
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Ok(Response {
        status,
        headers: headers.collect(),
        body: Body::read(Bytes::copy_from_slice(body.as_bytes()), None),
    })
}

fn exchange(method: Method, outcome: Result<Response, SendError>) -> Exchange {
    let client = Client {
        agent: Agent::Okta,
        authorization: Some(HeaderText::Plain("Bearer s3cret-token".to_owned())),
        extra: Vec::new(),
    };
    Exchange {
        request: client.request(method, "/Users".to_owned(), None),
        outcome,
        timing: Timing::default(),
    }
}

/// What is seen of an exchange, as `check [facet]`.
fn seen_of(exchange: &Exchange, intent: &Intent, probe: bool) -> Vec<String> {
    let purpose = Purpose {
        intent,
        secrets: &Redactor::new(),
        password_after: "create",
        probe,
        authority: Some("scim.example.test"),
    };
    look(exchange, &purpose)
        .iter()
        .map(|s| format!("{} [{}]", s.check.id, s.facet))
        .collect()
}

fn seen(method: Method, outcome: Result<Response, SendError>, intent: &Intent) -> Vec<String> {
    seen_of(&exchange(method, outcome), intent, false)
}

fn read() -> Intent {
    Intent::Read {
        resource: Resource::User,
        id: "1".to_owned(),
    }
}

fn look_up() -> Intent {
    Intent::LookUp {
        resource: Resource::User,
        name: "ada".to_owned(),
    }
}

#[test]
fn plain_json_is_right_for_who_accepts_nothing_else() {
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1"}"#;
    let plain = [("Content-Type", "application/json; charset=utf-8")];
    let table = [
        ("application/json", false),
        ("Application/JSON;q=0.9", false),
        ("application/scim+json", true),
        ("application/json, application/scim+json", true),
    ];
    for (accept, warned) in table {
        let mut exchange = exchange(Method::Get, answered(200, &plain, user));
        exchange
            .request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("accept"));
        let accept_header = ("Accept".to_owned(), HeaderText::Plain(accept.to_owned()));
        exchange.request.headers.push(accept_header);
        let found = seen_of(&exchange, &read(), false);
        let found = found
            .iter()
            .any(|seen| seen.starts_with("envelope/media-type"));
        assert_eq!(found, warned, "{accept}");
    }
}

#[test]
fn an_answer_that_does_not_come_is_named_by_how() {
    let host = || "scim.example.test".to_owned();
    let reason = || "why".to_owned();
    let limit = Duration::from_secs(60);
    let table = [
        (SendError::Dns { host: host() }, "connect"),
        (
            SendError::Connect {
                host: host(),
                reason: reason(),
            },
            "connect",
        ),
        (SendError::Tls { reason: reason() }, "tls"),
        (SendError::Closed { reason: reason() }, "closed"),
        (SendError::TimedOut { limit }, "timed-out"),
        (SendError::TooLarge { limit: 1 }, "too-large"),
        (SendError::NotHttp { reason: reason() }, "not-http"),
    ];
    for (error, facet) in table {
        assert_eq!(
            seen(Method::Get, Err(error), &read()),
            [format!("connection/answers [{facet}]")]
        );
    }
    let ours = SendError::Unsendable { reason: reason() };
    assert!(seen(Method::Get, Err(ours), &read()).is_empty());
}

#[test]
fn what_a_value_no_longer_shows() {
    let table = [
        (BodyOddity::ByteOrderMark, "envelope/byte-order-mark []"),
        (
            BodyOddity::DuplicateKey("/id".into()),
            "envelope/duplicate-keys []",
        ),
        (BodyOddity::BodyAfterNoContent, "envelope/body-after-204 []"),
        (
            BodyOddity::BadEncoding("gzip".into()),
            "envelope/content-encoding []",
        ),
    ];
    for (oddity, wanted) in table {
        let mut outcome = answered(204, &[], "");
        if let Ok(response) = &mut outcome {
            response.body.oddities.push(oddity);
        }
        assert_eq!(seen(Method::Patch, outcome, &Intent::Literal), [wanted]);
    }
}

#[test]
fn lists() {
    let urn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    let list = |rest: &str| format!(r#"{{"schemas":["{urn}"],{rest}}}"#);
    let ada =
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true}"#;
    let table: [(String, &[&str]); 11] = [
        (
            list(r#""totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]"#),
            &[],
        ),
        (
            list(&format!(r#""totalResults":1,"Resources":[{ada}]"#)),
            &[],
        ),
        (list(r#""totalResults":0"#), &["list/resources []"]),
        (list(r#""Resources":[]"#), &["list/readable []"]),
        (
            list(r#""totalResults":0,"Resources":{}"#),
            &["list/readable []"],
        ),
        (
            list(r#""totalResults":1,"Resources":[]"#),
            &["list/readable [announced-but-absent]"],
        ),
        (
            list(r#""totalResults":"0","startIndex":"1","Resources":[]"#),
            &["list/counters []"],
        ),
        (
            list(r#""totalresults":0,"resources":[]"#),
            &["list/key-case []"],
        ),
        (
            list(&format!(r#""totalResults":2,"Resources":[{ada},{ada}]"#)),
            &["list/repeats [in-one-answer]"],
        ),
        (
            list(&format!(
                r#""totalResults":0,"itemsPerPage":9,"Resources":[{ada}]"#
            )),
            &["list/items-per-page []", "list/total-results [too-low]"],
        ),
        ("[]".to_owned(), &["list/readable []"]),
    ];
    for (body, wanted) in table {
        let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &look_up());
        assert_eq!(found, wanted, "{body}");
    }
}

#[test]
fn past_the_end_there_is_nothing() {
    let urn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    let page = Intent::List {
        resource: Resource::User,
        start_index: 101,
        count: 100,
    };
    let table: [(&str, &[&str]); 3] = [
        (r#""totalResults":2"#, &[]),
        (
            r#""totalResults":2,"itemsPerPage":100,"Resources":[]"#,
            &["list/items-per-page-past-the-end []"],
        ),
        (
            r#""totalResults":2,"Resources":[{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true}]"#,
            &["list/past-the-end []"],
        ),
    ];
    for (rest, wanted) in table {
        let body = format!(r#"{{"schemas":["{urn}"],{rest}}}"#);
        let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &page);
        assert_eq!(found, wanted, "{body}");
    }
}

#[test]
fn the_shape_of_a_user() {
    let urn = r#""schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]"#;
    let table: [(&str, &[&str]); 9] = [
        (r#""id":"1","active":true"#, &[]),
        (r#""id":1,"active":true"#, &["resource/id [user]"]),
        (r#""active":true"#, &["resource/id [user]"]),
        (r#""id":"1","active":"true""#, &["resource/active []"]),
        (r#""id":"1""#, &["resource/active []"]),
        (
            r#""id":"1","active":true,"emails":{}"#,
            &["resource/emails []"],
        ),
        (
            r#""id":"1","active":true,"emails":[{"primary":true},{"primary":true}]"#,
            &["resource/primary []"],
        ),
        (
            r#""id":"1","active":true,"meta":{"resourceType":"Users","location":"/Users/1"}"#,
            &["resource/resource-type [user]"],
        ),
        (
            r#""id":"1","active":true,"meta":{"location":"http://internal:8080/Users/1"}"#,
            &["resource/location []"],
        ),
    ];
    for (rest, wanted) in table {
        let body = format!("{{{urn},{rest}}}");
        let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], &body), &read());
        assert_eq!(found, wanted, "{body}");
    }
}

#[test]
fn errors_have_a_body() {
    let urn = "urn:ietf:params:scim:api:messages:2.0:Error";
    let table: [(String, &[&str]); 6] = [
        (
            format!(r#"{{"schemas":["{urn}"],"status":"404","detail":"no"}}"#),
            &[],
        ),
        (
            format!(r#"{{"schemas":["{urn}"],"status":404,"detail":"no"}}"#),
            &[],
        ),
        (
            format!(r#"{{"schemas":["{urn}"],"status":"400","detail":"no"}}"#),
            &["error/status []"],
        ),
        (r#"{"detail":"no"}"#.to_owned(), &["error/body [shape]"]),
        (String::new(), &["error/body [empty]"]),
        ("<html>".to_owned(), &["error/body [not-json]"]),
    ];
    for (body, wanted) in table {
        assert_eq!(
            seen(Method::Get, answered(404, &[], &body), &read()),
            wanted,
            "{body}"
        );
    }
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","active":true,"password":"x"}"#;
    let found = seen(Method::Get, answered(200, &[MEDIA_TYPE], body), &read());
    assert_eq!(found, ["secret/password-returned [create]"]);
    let echo = ("X-Echo", "Bearer s3cret-token");
    let found = seen(Method::Get, answered(204, &[echo], ""), &Intent::Literal);
    assert!(
        found.contains(&"secret/token-returned []".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_redirect_is_a_probe_s_own_business() {
    let exchange = exchange(Method::Post, answered(302, &[("Location", "/login")], ""));
    assert_eq!(
        seen_of(&exchange, &Intent::Literal, false),
        ["connection/redirects [POST]"]
    );
    assert!(seen_of(&exchange, &Intent::Literal, true).is_empty());
}

#[test]
fn a_second_is_slow() {
    let mut exchange = exchange(Method::Get, answered(404, &[], r#"{"detail":"no"}"#));
    exchange.timing.total = Duration::from_millis(999);
    assert!(!seen_of(&exchange, &read(), false).contains(&"connection/slow []".to_owned()));
    exchange.timing.total = Duration::from_secs(1);
    assert!(seen_of(&exchange, &read(), false).contains(&"connection/slow []".to_owned()));
}

#[test]
fn the_authority_of_a_url() {
    let table = [
        (
            "https://scim.example.test/v2/Users/1",
            Some("scim.example.test"),
        ),
        (
            "https://scim.example.test:443/v2",
            Some("scim.example.test"),
        ),
        ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
        ("http://user:pw@h.test:80?x", Some("h.test")),
        ("/v2/Users/1", None),
        ("http://", None),
    ];
    for (url, wanted) in table {
        assert_eq!(authority_of(url), wanted, "{url}");
    }
}

/// What is seen of an answer that holds `text`, in a body or a header, where these secrets are known.
fn leaks(sent: &str, text: &str, in_header: bool) -> Vec<String> {
    let secrets = Redactor::new();
    secrets.add_credential(&Secret::new("Bearer s3cret-token/17"));
    secrets.add_password(&Secret::new("aAhunter29"));
    let detail = serde_json::json!({"detail": if in_header { "" } else { text }}).to_string();
    let header = if in_header { text } else { "" };
    let mut exchange = exchange(
        Method::Post,
        answered(400, &[MEDIA_TYPE, ("X-Said", header)], &detail),
    );
    exchange.request.headers = vec![(
        "Authorization".to_owned(),
        HeaderText::Secret(Secret::new("Bearer s3cret-token/17")),
    )];
    exchange.request.body = Some(Bytes::copy_from_slice(sent.as_bytes()));
    let purpose = Purpose {
        intent: &Intent::Literal,
        secrets: &secrets,
        password_after: "create",
        probe: false,
        authority: None,
    };
    let seen = look(&exchange, &purpose);
    let seen = seen
        .iter()
        .filter(|seen| seen.check.id.starts_with("secret/"));
    seen.map(|seen| format!("{}: {}", seen.check.id, seen.got))
        .collect()
}

#[test]
fn a_secret_that_comes_back_is_seen_in_every_form() {
    let sent = r#"{"userName":"ada","password":"aAhunter29"}"#;
    for token in [
        "s3cret-token/17",
        "s3cret-token\\/17",
        "s3cret-token%2F17",
        "s3cret-token&#47;17",
        "dXNlcjpzM2NyZXQtdG9rZW4vMTc=",
        "7333637265742d746f6b656e2f3137",
    ] {
        let body = ["secret/token-returned: the token, in the body"];
        assert_eq!(
            leaks(sent, &format!("you sent {token}"), false),
            body,
            "{token}"
        );
        let header = ["secret/token-returned: the token, in a header"];
        assert_eq!(leaks(sent, token, true), header, "{token}");
    }
    for password in ["aAhunter29", "aA%68unter29", "YUFodW50ZXIyOQ=="] {
        let body = ["secret/password-returned: a password that was sent, in the body"];
        assert_eq!(leaks(sent, password, false), body, "{password}");
    }
    // A constant may be an ordinary word: what comes back is then what was sent in another place.
    let twice = r#"{"userName":"aAhunter29@x.test","password":"aAhunter29"}"#;
    let none: [&str; 0] = [];
    assert_eq!(leaks(twice, "aAhunter29@x.test is taken", false), none);
    for harmless in ["s3cret-token", "aAhunter2", "a user"] {
        assert_eq!(leaks(sent, harmless, false), none, "{harmless}");
    }
}
