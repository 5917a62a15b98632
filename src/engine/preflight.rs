//! The one request before a run: is there a SCIM server, and does it let us in? A bad answer here is no finding;
//! after a good one every bad answer is evidence.

use crate::exchange::{Exchange, NotJson, SendError};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Intent, Resource};
use crate::verdict::Origin;

use super::outcome::Broken;
use super::session::{Place, Session, observer_call};

/// Asks for two users, as Okta's connection test does, and counts those who are there.
///
/// # Errors
/// What is wrong and what to do.
pub async fn check(session: &Session) -> Result<u64, Broken> {
    let place = Place {
        step: "pre-flight".to_owned(),
        case: None,
        facet: None,
        may_refuse: false,
    };
    let request = session.okta.list(Resource::User, 1, 2);
    let call = observer_call(
        request,
        Intent::List {
            resource: Resource::User,
            start_index: 1,
            count: 2,
        },
    );
    let sent = session
        .perform(&call, Origin::Preflight, &place)
        .await
        .map_err(|why| match why {
            NotSent::Throttled(why) => broken(&why, "run again later, or slower with --rate"),
            _ => Broken::Interrupted,
        })?;
    // A redirect, or what the network says, may repeat what was sent.
    judge(&sent.exchange).map_err(|broken| match broken {
        Broken::Preflight { problem, hint } => Broken::Preflight {
            problem: session.run.secrets.owned(problem),
            hint,
        },
        other => other,
    })
}

fn broken(problem: &str, hint: &str) -> Broken {
    Broken::Preflight {
        problem: problem.to_owned(),
        hint: hint.to_owned(),
    }
}

fn judge(exchange: &Exchange) -> Result<u64, Broken> {
    let response = match &exchange.outcome {
        Err(error) => return Err(broken(&error.to_string(), network_hint(error))),
        Ok(response) => response,
    };
    let status = response.status;
    let line = format!("GET /Users answered {status} {}", reading::reason(status));
    let hint = match status {
        200..=299 => match &response.body.json {
            Ok(json) if json.is_string() || json.is_number() || json.is_boolean() => {
                return Err(broken(
                    "GET /Users answered JSON that is no SCIM list",
                    "check that the URL is the SCIM base URL, such as https://example.com/scim/v2",
                ));
            }
            Ok(_) | Err(NotJson::Empty) => {
                return Ok(reading::page(response).map(|p| p.total).unwrap_or_default());
            }
            Err(why) => {
                return Err(broken(
                    &format!("GET /Users answered {status}, but {why}"),
                    "check that the URL is the SCIM base URL, not a web page; it often ends in /scim/v2",
                ));
            }
        },
        401 | 403 if !has_credentials(exchange) => {
            "no token was sent; give it in SCIM_CONFORM_TOKEN"
        }
        401 | 403 => {
            "check the token in SCIM_CONFORM_TOKEN; --auth header sends it without \"Bearer \", --auth basic takes user:password"
        }
        300..=399 => {
            let to = response.header("location").unwrap_or("another place");
            return Err(broken(
                &format!("{line} to {to}"),
                "use the URL it redirects to, if that is the SCIM base URL; Okta does not follow redirects",
            ));
        }
        404 => {
            "check the URL: it must be the base below which /Users and /Groups lie; it often ends in /scim/v2"
        }
        429 => "the target limits requests; run again later, or slower with --rate",
        500..=599 => "look into the target's log; if a proxy answers, the target is down",
        _ => "check the URL and the token",
    };
    Err(broken(&line, hint))
}

fn has_credentials(exchange: &Exchange) -> bool {
    let headers = &exchange.request.headers;
    headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

fn network_hint(error: &SendError) -> &'static str {
    match error {
        SendError::Dns { .. } => "check the host name in the URL, and the proxy variables",
        SendError::Connect { .. } => "is the target running, and is the port right?",
        SendError::Tls { .. } => {
            "Okta connects only where a public authority vouches for the host, and the server sends the whole chain; for a private authority use --ca FILE, for a test server --insecure, for plain HTTP write http://"
        }
        SendError::TimedOut { .. } => {
            "the target accepts connections but does not answer; look into its log, or raise --timeout"
        }
        SendError::TooLarge { .. } => {
            "the target sends more than a page of two users; check the URL"
        }
        SendError::Closed { .. } | SendError::NotHttp { .. } => {
            "check the port, and whether it speaks https"
        }
        // The pre-flight loses no answer.
        SendError::AnswerLost { .. } | SendError::Unsendable { .. } => "check the URL",
    }
}
