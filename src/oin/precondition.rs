//! What must hold before Okta's suites are run: else they fail for reasons that no scenario shows.
//!
//! The suites read the first user that a target lists, whoever that is, and want names and an address in it. Nothing
//! of that user is repeated here but which attributes are missing.

use std::net::IpAddr;

use serde_json::Value;

use crate::engine::session::{Place, Session, observer_call};
use crate::exchange::{BaseUrl, BaseUrlWarning, Exchange, HeaderText, Request};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::Standing;

/// What the exchanges are recorded under.
pub const PLACE: &str = "before Okta's suites";
/// What the suites send in the place of a token.
const NO_TOKEN: &str = "non-token";
/// RFC 7644, 3.12.
const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Places in the first listed user that must not be empty; `id` is asked for besides.
const WANTED: [(&str, &str); 6] = [
    ("id", "/id"),
    ("userName", "/userName"),
    ("name.givenName", "/name/givenName"),
    ("name.familyName", "/name/familyName"),
    ("active", "/active"),
    ("emails[0].value", "/emails/0/value"),
];

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// A word for it, for ever: `first-user`.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How it stands; a failed one has no findings.
    pub standing: Standing,
    /// What was seen.
    pub seen: String,
    /// What to do; empty when there is nothing.
    pub to_do: &'static str,
}

/// How the token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// `Authorization: Bearer`.
    Bearer,
    /// Another value of the header.
    Header,
    /// HTTP Basic.
    Basic,
    /// None is sent.
    None,
}

/// Looks at the address and the token, and asks the target.
pub async fn check(session: &Session, base: &BaseUrl, token: TokenForm) -> Vec<Precondition> {
    let first_user = first_user(session).await;
    let wrong_token = match &first_user.standing {
        // Who does not answer need not be asked again.
        Standing::NotRun(why) => without_answer(why),
        _ => wrong_token(session).await,
    };
    vec![address(base), token_form(token), wrong_token, first_user]
}

fn address(base: &BaseUrl) -> Precondition {
    let about = |standing, seen: &str, to_do| Precondition {
        id: "base-url",
        title: "Base URL",
        standing,
        seen: seen.to_owned(),
        to_do,
    };
    if !base.is_https() && is_at_home(base) {
        return about(
            Standing::ByHand,
            "http, on a network of your own",
            "The URL that you submit must be https and hold no underscore.",
        );
    }
    let wrong = base.warnings().iter().find(|warning| match warning {
        BaseUrlWarning::Plain | BaseUrlWarning::Underscore | BaseUrlWarning::Long { .. } => true,
        BaseUrlWarning::NoVersion => false,
    });
    match wrong {
        Some(BaseUrlWarning::Plain) => about(
            Standing::Failed(Vec::new()),
            "not https",
            "Serve it over https; Okta takes nothing else.",
        ),
        Some(warning) => about(
            Standing::Failed(Vec::new()),
            &warning.to_string(),
            "Offer another base URL.",
        ),
        None => about(Standing::Passed, "https, no underscore", ""),
    }
}

/// Whether it is an address that Okta could not reach, and so one that nobody submits.
fn is_at_home(base: &BaseUrl) -> bool {
    let host = base.host();
    let named = [".local", ".internal", ".test"];
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => {
            base.is_loopback()
                || !host.contains('.')
                || named
                    .iter()
                    .any(|end| host.to_ascii_lowercase().ends_with(end))
        }
    }
}

fn token_form(form: TokenForm) -> Precondition {
    let (standing, seen, to_do) = match form {
        TokenForm::Bearer => (Standing::Passed, "sent as Bearer", ""),
        TokenForm::Header => (Standing::Passed, "sent as the whole header", ""),
        TokenForm::Basic => (
            Standing::Failed(Vec::new()),
            "HTTP Basic",
            "Take a token in the Authorization header, or OAuth 2: new submissions cannot use Basic.",
        ),
        TokenForm::None => (
            Standing::Failed(Vec::new()),
            "none was given",
            "Give SCIM_CONFORM_TOKEN. A target that needs none cannot be submitted.",
        ),
    };
    Precondition {
        id: "token",
        title: "Token",
        standing,
        seen: seen.to_owned(),
        to_do,
    }
}

async fn wrong_token(session: &Session) -> Precondition {
    let mut request = session.client.list(Resource::User, 1, 1);
    let value = HeaderText::Plain(NO_TOKEN.to_owned());
    request
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    request.headers.push(("Authorization".to_owned(), value));
    match send(session, request, Intent::Literal).await {
        Err(why) => without_answer(&why),
        Ok(exchange) => {
            let (standing, seen) = refusal(&exchange);
            about_wrong_token(standing, seen)
        }
    }
}

fn without_answer(why: &str) -> Precondition {
    about_wrong_token(Standing::NotRun(why.to_owned()), why.to_owned())
}

fn about_wrong_token(standing: Standing, seen: String) -> Precondition {
    Precondition {
        id: "wrong-token",
        title: "Wrong token",
        to_do: match standing {
            Standing::Failed(_) => {
                "Answer with 401 and a SCIM error (RFC 7644, 3.12), before anything else is looked at."
            }
            _ => "",
        },
        standing,
        seen,
    }
}

/// Step 11 of the SPEC suite: 401, and an error with its schema, `status` and `detail`.
fn refusal(exchange: &Exchange) -> (Standing, String) {
    let failed = |seen: String| (Standing::Failed(Vec::new()), seen);
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(error) => return (Standing::NotRun(error.to_string()), error.to_string()),
    };
    let answered = format!("{} {}", response.status, reading::reason(response.status));
    if response.status != 401 {
        return failed(format!("answered {answered}"));
    }
    let Some(body) = response.json() else {
        return failed("answered 401 without a SCIM error".to_owned());
    };
    let mut missing = Vec::new();
    if !has(body, "/detail") {
        missing.push("detail");
    }
    if !matches!(body.get("status"), Some(Value::String(s)) if s == "401")
        && body.get("status").and_then(Value::as_u64) != Some(401)
    {
        missing.push("status 401");
    }
    let schemas = body.get("schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|s| s.iter().any(|s| s == ERROR_SCHEMA)) {
        missing.push("the schema of an error");
    }
    if missing.is_empty() {
        (Standing::Passed, "401 with a SCIM error".to_owned())
    } else {
        failed(format!("answered 401 without {}", missing.join(", ")))
    }
}

async fn first_user(session: &Session) -> Precondition {
    let (standing, seen) = match look_at_first_user(session).await {
        Ok(seen) => (Standing::Passed, seen),
        Err(Missing::Unknown(why)) => (Standing::NotRun(why.clone()), why),
        Err(Missing::Known(seen)) => (Standing::Failed(Vec::new()), seen),
    };
    Precondition {
        id: "first-user",
        title: "First listed user",
        to_do: match standing {
            Standing::Failed(_) => {
                "Have a user in the tenant before Okta's suites run there, and give every user both names, active and an e-mail."
            }
            _ => "",
        },
        standing,
        seen,
    }
}

/// What the first listed user lacks.
enum Missing {
    /// This.
    Known(String),
    /// There was no answer.
    Unknown(String),
}

/// Steps 1 and 2 of the SPEC suite: the first user of the list, and the same one read by id.
async fn look_at_first_user(session: &Session) -> Result<String, Missing> {
    let list = Intent::List {
        resource: Resource::User,
        start_index: 1,
        count: 1,
    };
    let request = session.client.list(Resource::User, 1, 1);
    let page = answer(session, request, list).await?;
    let Some(first) = page.pointer("/Resources/0") else {
        return Err(Missing::Known("the list shows nobody".to_owned()));
    };
    complete(first, "in the list")?;
    let id = reading::id_of(first).unwrap_or_default();
    let request = session.client.read(Resource::User, &id);
    let read = Intent::Read {
        resource: Resource::User,
        id: id.clone(),
    };
    let one = answer(session, request, read).await?;
    complete(&one, "when read by id")?;
    if reading::id_of(&one).as_deref() != Some(&id) {
        return Err(Missing::Known("has another id when read by id".to_owned()));
    }
    Ok("has all that the suites read".to_owned())
}

/// Sends, and gives back the body of a 200.
async fn answer(session: &Session, request: Request, intent: Intent) -> Result<Value, Missing> {
    let exchange = send(session, request, intent)
        .await
        .map_err(Missing::Unknown)?;
    match &exchange.outcome {
        Err(error) => Err(Missing::Unknown(error.to_string())),
        Ok(response) if response.status != 200 => {
            let reason = reading::reason(response.status);
            let line = format!("answered {} {reason}, not 200", response.status);
            Err(Missing::Known(line))
        }
        Ok(response) => match &response.body.json {
            Ok(value) => Ok(Value::clone(value)),
            Err(why) => Err(Missing::Known(format!("answered 200, but {why}"))),
        },
    }
}

fn complete(user: &Value, place: &str) -> Result<(), Missing> {
    let missing: Vec<&str> = WANTED
        .iter()
        .filter(|(_, pointer)| !has(user, pointer))
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("has no {} {place}", missing.join(", "));
    Err(Missing::Known(line))
}

/// What the suites call not empty: it is there, and neither null nor an empty text.
fn has(value: &Value, pointer: &str) -> bool {
    value
        .pointer(pointer)
        .is_some_and(|v| !v.is_null() && v.as_str() != Some(""))
}

async fn send(session: &Session, request: Request, intent: Intent) -> Result<Exchange, String> {
    let place = Place {
        step: PLACE.to_owned(),
        case: None,
        facet: None,
        may_refuse: false,
    };
    let call = observer_call(request, intent);
    match session.perform(&call, Origin::Preflight, &place).await {
        Ok(sent) => Ok(sent.exchange),
        Err(NotSent::Throttled(why)) => Err(why),
        Err(_) => Err("the run was interrupted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::engine::ledger::Ledger;
    use crate::engine::target::Run;
    use crate::exchange::{Body, Response, SendError, Sending, Timing, Transport};
    use crate::okta::request::{Agent, Client};

    /// What a target says to a list, to a read and to a wrong token.
    #[derive(Clone)]
    struct Says {
        list: (u16, Value),
        read: (u16, Value),
        wrong: (u16, Value),
    }

    impl Transport for Says {
        fn send<'a>(&'a self, request: Request) -> Sending<'a> {
            let is_wrong = request
                .headers
                .iter()
                .any(|(_, value)| value.expose() == NO_TOKEN);
            let (status, body) = match &*request.target {
                _ if is_wrong => &self.wrong,
                "/Users?startIndex=1&count=1" => &self.list,
                _ => &self.read,
            };
            let response = Response {
                status: *status,
                headers: vec![],
                body: Body::read(Bytes::from(body.to_string()), None),
            };
            Box::pin(std::future::ready(Exchange {
                request,
                outcome: Ok(response),
                timing: Timing::default(),
            }))
        }
    }

    struct Nobody;

    impl Transport for Nobody {
        fn send<'a>(&'a self, request: Request) -> Sending<'a> {
            let outcome = Err(SendError::Dns {
                host: "a.test".into(),
            });
            Box::pin(std::future::ready(Exchange {
                request,
                outcome,
                timing: Timing::default(),
            }))
        }
    }

    fn good() -> Says {
        let user = json!({"id": "1", "userName": "ann", "active": false, "name": {"givenName": "Ann",
            "familyName": "Lee"}, "emails": [{"value": "ann@example.com"}]});
        let error = json!({"schemas": [ERROR_SCHEMA], "status": "401", "detail": "no"});
        Says {
            list: (200, json!({"totalResults": 1, "Resources": [user.clone()]})),
            read: (200, user),
            wrong: (401, error),
        }
    }

    /// `id standing: seen` of what the target was asked.
    fn asked(transport: impl Transport + 'static) -> Vec<String> {
        let second = Duration::from_secs(1);
        let base = BaseUrl::parse("https://a.test/v2").unwrap();
        let run = Run::new(
            "r",
            "https://a.test/v2",
            Ledger::default(),
            second,
            second,
            None,
        );
        let client = Client {
            agent: Agent::Okta,
            authorization: Some(HeaderText::Plain("Bearer t".into())),
            extra: vec![],
        };
        let transport = Arc::new(transport);
        let session = Session::new(run, transport, client, PLACE.into(), None, vec![]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let all = runtime.block_on(check(&session, &base, TokenForm::Bearer));
        let (exchanges, _) = session.finish();
        assert!(exchanges.iter().all(|e| e.origin == Origin::Preflight));
        all.iter()
            .skip(2)
            .map(|p| {
                assert_eq!(
                    p.to_do.is_empty(),
                    !matches!(p.standing, Standing::Failed(_))
                );
                format!("{} {}: {}", p.id, p.standing.as_str(), p.seen)
            })
            .collect()
    }

    #[test]
    fn a_complete_user_and_a_whole_refusal_pass() {
        assert_eq!(
            asked(good()),
            [
                "wrong-token passed: 401 with a SCIM error",
                "first-user passed: has all that the suites read",
            ]
        );
    }

    /// Makes a good target say something else.
    type Change = fn(&mut Says);

    #[test]
    fn what_the_first_user_lacks_is_named() {
        let with = |change: Change| {
            let mut says = good();
            change(&mut says);
            asked(says).pop().unwrap()
        };
        let cases: [(Change, &str); 6] = [
            (
                |s| s.list.1 = json!({"totalResults": 0, "Resources": []}),
                "first-user failed: the list shows nobody",
            ),
            (
                |s| {
                    s.list.1["Resources"][0]["name"] = json!({"givenName": ""});
                    s.list.1["Resources"][0]["active"] = Value::Null;
                },
                "first-user failed: has no name.givenName, name.familyName, active in the list",
            ),
            (
                |s| s.read.1["emails"] = json!([]),
                "first-user failed: has no emails[0].value when read by id",
            ),
            (
                |s| s.read.1["id"] = json!("2"),
                "first-user failed: has another id when read by id",
            ),
            (
                |s| s.read.0 = 404,
                "first-user failed: answered 404 Not Found, not 200",
            ),
            (
                |s| s.list.0 = 500,
                "first-user failed: answered 500 Internal Server Error, not 200",
            ),
        ];
        for (change, wanted) in cases {
            assert_eq!(with(change), wanted);
        }
    }

    #[test]
    fn a_wrong_token_is_refused_with_a_whole_error() {
        let with = |status, body| {
            let says = Says {
                wrong: (status, body),
                ..good()
            };
            asked(says).remove(0)
        };
        let schema = json!([ERROR_SCHEMA]);
        for (status, body, wanted) in [
            (
                401,
                json!({"schemas": schema, "status": 401, "detail": "no"}),
                "passed: 401 with a SCIM error",
            ),
            (
                401,
                json!({"message": "no"}),
                "failed: answered 401 without detail, status 401, the schema of an error",
            ),
            (
                401,
                json!({"schemas": schema, "status": "401", "detail": ""}),
                "failed: answered 401 without detail",
            ),
            (403, json!({}), "failed: answered 403 Forbidden"),
            (200, json!({}), "failed: answered 200 OK"),
        ] {
            assert_eq!(with(status, body), format!("wrong-token {wanted}"));
        }
    }

    #[test]
    fn who_does_not_answer_is_not_asked_again() {
        assert_eq!(
            asked(Nobody),
            [
                "wrong-token not-run: cannot find the host a.test",
                "first-user not-run: cannot find the host a.test",
            ]
        );
    }

    #[test]
    fn only_an_address_that_okta_could_reach_can_be_wrong() {
        for (url, standing, seen) in [
            ("https://scim.acme.io/v2", "passed", "https, no underscore"),
            (
                "https://scim.acme.io/scim_v2",
                "failed",
                "the base URL contains an underscore, which Okta refuses",
            ),
            ("http://scim.acme.io/v2", "failed", "not https"),
            (
                "http://127.0.0.1:8080/scim_v2",
                "by-hand",
                "http, on a network of your own",
            ),
            (
                "http://my_app:80/v2",
                "by-hand",
                "http, on a network of your own",
            ),
            (
                "http://10.0.0.7/v2",
                "by-hand",
                "http, on a network of your own",
            ),
            (
                "http://[fd00::1]/v2",
                "by-hand",
                "http, on a network of your own",
            ),
            (
                "http://scim.acme.internal",
                "by-hand",
                "http, on a network of your own",
            ),
            ("http://8.8.8.8/v2", "failed", "not https"),
        ] {
            let one = address(&BaseUrl::parse(url).unwrap());
            assert_eq!(
                (one.standing.as_str(), &*one.seen),
                (standing, seen),
                "{url}"
            );
        }
    }

    #[test]
    fn a_submission_needs_a_token_that_is_not_basic() {
        for (form, standing) in [
            (TokenForm::Bearer, "passed"),
            (TokenForm::Header, "passed"),
            (TokenForm::Basic, "failed"),
            (TokenForm::None, "failed"),
        ] {
            assert_eq!(token_form(form).standing.as_str(), standing, "{form:?}");
        }
    }
}
