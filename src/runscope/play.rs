//! Sends the steps of an export and decides their assertions.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::compare::{self, Comparison};
use super::export::{Assertion, Call, Export, ScriptUse, Source, Step, scaled};
use super::property;
use super::variables::{self, Variables};
use crate::exchange::{
    Exchange, HeaderText, Request, Response, SendError, SpaceAs, Timing, Transport, query_value,
};
use crate::redact::{Redactor, passwords};
use crate::secret::Secret;

/// How long a request that is under way is waited for after an interruption: who knows the answer can clean up.
const GRACE: Duration = Duration::from_secs(1);

/// Characters of a value that are shown.
const MOST_SHOWN: usize = 200;

/// Where and how an export is played.
pub struct Stage<'a> {
    /// Reaches the target.
    pub transport: &'a dyn Transport,
    /// The target's base URL, without a slash at the end: what `{{SCIMBaseURL}}` stands for.
    pub base: &'a str,
    /// Headers of every request, beside those of the export.
    pub extra: &'a [(String, HeaderText)],
    /// Takes secrets out of what is shown.
    pub redactor: &'a Redactor,
    /// Pauses take this many times their length.
    pub pause_scale: f64,
}

/// A future that an [`Audience`] returns.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who follows a play.
pub trait Audience: Send {
    /// Whether a request may be sent; else why not.
    fn admit<'a>(&'a mut self, _: &'a Request) -> Waiting<'a, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// An exchange has ended; nothing is decided yet.
    fn answered<'a>(&'a mut self, exchange: &'a Exchange) -> Waiting<'a, ()>;

    /// A request is decided.
    fn decided(&mut self, played: &Played);
}

/// What became of one request of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// From 1, counting requests alone.
    pub number: usize,
    /// What the export calls it.
    pub title: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Until the answer was complete.
    pub took: Duration,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every assertion holds.
    Passed,
    /// These do not.
    Failed(Vec<Flaw>),
    /// What could be decided holds, but something could not be.
    Open(String),
    /// It was not sent.
    NotRun(String),
}

/// An assertion that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What must hold: `Resources[0].id is not empty`.
    pub wanted: String,
    /// What came.
    pub got: String,
}

/// How a play has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Performance {
    /// The requests in order.
    pub played: Vec<Played>,
    /// It was stopped before its end.
    pub stopped: bool,
}

/// Plays an export until its end, or until `stop` completes: then the request that is under way is waited for
/// briefly, and nothing more is sent.
pub async fn play(
    export: &Export,
    mut variables: Variables,
    stage: &Stage<'_>,
    audience: &mut dyn Audience,
    stop: impl Future<Output = ()>,
) -> Performance {
    let mut stop = std::pin::pin!(stop);
    let mut performance = Performance::default();
    for step in &export.steps {
        let call = match step {
            Step::Pause(time) => {
                tokio::select! {
                    () = tokio::time::sleep(scaled(*time, stage.pause_scale)) => continue,
                    () = &mut stop => performance.stopped = true,
                }
                break;
            }
            Step::Request(call) => call,
        };
        let number = performance.played.len().saturating_add(1);
        let prepared = match prepare(call, &variables, stage) {
            Ok(request) => audience.admit(&request).await.map(|()| request),
            Err(reason) => Err(reason),
        };
        let played = match prepared {
            Ok(request) => {
                let (exchange, stopped) = send(stage, request, stop.as_mut()).await;
                audience.answered(&exchange).await;
                if stopped {
                    performance.stopped = true;
                    break;
                }
                judge(number, call, &mut variables, stage, &exchange)
            }
            Err(reason) => Played {
                number,
                title: shown(&call.title, stage.redactor),
                outcome: Outcome::NotRun(shown(&reason, stage.redactor)),
                status: None,
                took: Duration::ZERO,
            },
        };
        audience.decided(&played);
        performance.played.push(played);
    }
    performance
}

/// Sends a request; whether the play was stopped meanwhile.
async fn send(
    stage: &Stage<'_>,
    request: Request,
    stop: impl Future<Output = ()>,
) -> (Exchange, bool) {
    let under_way = request.clone();
    let mut sending = stage.transport.send(request);
    tokio::select! {
        exchange = &mut sending => return (exchange, false),
        () = stop => {}
    }
    let late = tokio::time::timeout(GRACE, sending).await;
    let exchange = late.unwrap_or(Exchange {
        request: under_way,
        outcome: Err(SendError::TimedOut { limit: GRACE }),
        timing: Timing::default(),
    });
    (exchange, true)
}

/// The request of a step, or why it cannot be sent.
fn prepare(call: &Call, variables: &Variables, stage: &Stage<'_>) -> Result<Request, String> {
    if call.is_prepared {
        return Err("a script would change the request first, and none is run here".to_owned());
    }
    let headers = call.headers.iter().map(|(_, value)| value.as_str());
    let texts = std::iter::once(call.url.as_str())
        .chain(headers)
        .chain(call.body.as_deref());
    let open = texts
        .flat_map(variables::names)
        .find(|name| !variables.has(name));
    if let Some(name) = open {
        return Err(format!(
            "{{{{{name}}}}} has no value: no earlier step found it"
        ));
    }
    let url = variables.fill(&call.url);
    let target = below(&url, stage.base).ok_or_else(|| elsewhere(call, &url, stage.base))?;
    let mut headers: Vec<(String, HeaderText)> = call
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), header(name, variables.fill(value), stage)))
        .collect();
    // Clients that ask for nothing say so; without it no request can be sent.
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("accept"))
    {
        headers.push(("Accept".to_owned(), HeaderText::Plain("*/*".to_owned())));
    }
    headers.extend(stage.extra.iter().cloned());
    let body = call.body.as_ref().map(|body| variables.fill(body));
    if let Some(body) = &body {
        hide_passwords(body, stage.redactor);
    }
    Ok(Request {
        method: call.method,
        target: encoded(target),
        headers,
        body: body.map(Bytes::from),
    })
}

/// Whatever is sent as a password is in nothing that is shown from now on.
fn hide_passwords(body: &str, redactor: &Redactor) {
    match serde_json::from_str::<Value>(body) {
        Ok(value) => passwords::find(&value)
            .into_iter()
            .for_each(|password| redactor.add_password(&Secret::new(password))),
        Err(_) => passwords::find_in_text(body)
            .into_iter()
            .for_each(|password| redactor.add_password(&Secret::new(password))),
    }
}

/// What follows the base URL.
fn below<'u>(url: &'u str, base: &str) -> Option<&'u str> {
    let rest = url.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

/// Why a URL is not at the target. It is told as it stands in the export: its variables may hold what is secret.
fn elsewhere(call: &Call, url: &str, base: &str) -> String {
    let named = call.url.split(['?', '#']).next().unwrap_or_default();
    if url.starts_with(base) {
        format!("{named} is not below the target: a slash is missing after its base URL")
    } else {
        format!("{named} is not at the target; what calls Okta itself needs an Okta org")
    }
}

/// A header; its value is a secret when its name says so.
fn header(name: &str, value: String, stage: &Stage<'_>) -> HeaderText {
    const SECRET: [&str; 6] = ["auth", "cookie", "key", "password", "secret", "token"];
    let name = name.to_ascii_lowercase();
    if !SECRET.iter().any(|word| name.contains(word)) {
        return HeaderText::Plain(value);
    }
    // A server may repeat what follows the scheme alone.
    if let Some((_, credentials)) = value.split_once(' ') {
        stage
            .redactor
            .add_credential(&Secret::new(credentials.trim()));
    }
    let secret = Secret::new(value);
    stage.redactor.add_credential(&secret);
    HeaderText::Secret(secret)
}

/// Encodes the values of a query as Okta does. An export holds them as somebody typed them.
fn encoded(target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let Some((path, query)) = target.split_once('?') else {
        return target.replace(' ', "%20");
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.contains('%') => {
            format!("{name}={}", query_value(value, SpaceAs::Percent))
        }
        _ => pair.replace(' ', "%20"),
    });
    let pairs: Vec<String> = pairs.collect();
    format!("{}?{}", path.replace(' ', "%20"), pairs.join("&"))
}

fn judge(
    number: usize,
    call: &Call,
    variables: &mut Variables,
    stage: &Stage<'_>,
    exchange: &Exchange,
) -> Played {
    let took = exchange.timing.total;
    let title = shown(&call.title, stage.redactor);
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(problem) => {
            let flaw = Flaw {
                wanted: "an answer".to_owned(),
                got: shown(&problem.to_string(), stage.redactor),
            };
            return Played {
                number,
                title,
                outcome: Outcome::Failed(vec![flaw]),
                status: None,
                took,
            };
        }
    };
    let answer = Answer {
        response,
        json: response.json(),
        took,
    };
    let mut flaws: Vec<Flaw> = call
        .assertions
        .iter()
        .filter_map(|assertion| answer.flaw(assertion, variables, stage.redactor))
        .collect();
    let mut open = None;
    match call.script {
        Some(ScriptUse::Known(script)) if !script.holds(answer.json) => flaws.push(Flaw {
            wanted: "the body is JSON, as the step's script needs it".to_owned(),
            got: "something else".to_owned(),
        }),
        Some(ScriptUse::Unknown) => {
            open = Some(
                "the step's script is not of a form that is known, so it was not run".to_owned(),
            );
        }
        _ => {}
    }
    for capture in &call.captures {
        match answer.value(&capture.source) {
            Some(value) => variables.set(&capture.name, compare::text(&value)),
            // Without it, the steps that need it say so.
            None => flaws.push(Flaw {
                wanted: format!("{} is there, to be kept", described(&capture.source)),
                got: "nothing".to_owned(),
            }),
        }
    }
    let outcome = match (flaws.is_empty(), open) {
        (false, _) => Outcome::Failed(flaws),
        (true, Some(reason)) => Outcome::Open(reason),
        (true, None) => Outcome::Passed,
    };
    Played {
        number,
        title,
        outcome,
        status: Some(response.status),
        took,
    }
}

/// An answer, as assertions look at it.
struct Answer<'a> {
    response: &'a Response,
    json: Option<&'a Value>,
    took: Duration,
}

impl Answer<'_> {
    fn value(&self, source: &Source) -> Option<Value> {
        match source {
            Source::Status => Some(self.response.status.into()),
            Source::Time => u64::try_from(self.took.as_millis()).ok().map(Value::from),
            Source::Size => Some(self.response.body.bytes.len().into()),
            Source::Text => Some(
                String::from_utf8_lossy(&self.response.body.bytes)
                    .into_owned()
                    .into(),
            ),
            Source::Header(name) => self.response.header(name).map(Value::from),
            Source::Json(path) => property::find(self.json?, path).cloned(),
        }
    }

    fn flaw(
        &self,
        assertion: &Assertion,
        variables: &Variables,
        redactor: &Redactor,
    ) -> Option<Flaw> {
        let wanted = variables.fill(&assertion.wanted);
        let value = self.value(&assertion.source);
        if assertion.comparison.holds(value.as_ref(), &wanted) {
            return None;
        }
        let got = match value {
            Some(value) => described_value(&assertion.source, &value),
            None if self.json.is_none() && matches!(assertion.source, Source::Json(_)) => {
                "a body that is not JSON".to_owned()
            }
            None => "nothing".to_owned(),
        };
        Some(Flaw {
            wanted: shown(
                &said(&assertion.source, assertion.comparison, &wanted),
                redactor,
            ),
            got: shown(&got, redactor),
        })
    }
}

/// A text as it may be shown: without secrets, and its start only when it is long.
fn shown(text: &str, redactor: &Redactor) -> String {
    let hidden = redactor.text(text);
    match hidden.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", hidden.get(..end).unwrap_or_default()),
        None => hidden.into_owned(),
    }
}

/// A value that was found. What may be about other people of the target is told by its kind alone.
fn described_value(source: &Source, value: &Value) -> String {
    let others = match source {
        Source::Json(path) => path.trim_start().starts_with("Resources"),
        Source::Text => true,
        Source::Status | Source::Time | Source::Size | Source::Header(_) => false,
    };
    match value {
        Value::String(text) if others && !text.is_empty() => {
            format!("a text of {} characters", text.chars().count())
        }
        Value::Array(elements) if others => format!("an array of {}", elements.len()),
        Value::Object(object) => format!("an object of {}", object.len()),
        other => other.to_string(),
    }
}

fn described(source: &Source) -> String {
    match source {
        Source::Status => "status".to_owned(),
        Source::Time => "time in ms".to_owned(),
        Source::Size => "size in bytes".to_owned(),
        Source::Text => "body".to_owned(),
        Source::Header(name) => format!("header {name}"),
        Source::Json(path) if path.is_empty() => "body".to_owned(),
        Source::Json(path) => path.clone(),
    }
}

fn said(source: &Source, comparison: Comparison, wanted: &str) -> String {
    let (source, words) = (described(source), comparison.words());
    if comparison.stands_alone() {
        format!("{source} {words}")
    } else {
        format!("{source} {words} {wanted}")
    }
}

#[cfg(test)]
mod tests;
