//! Sends the steps of an export and decides their assertions.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::compare::{self, Comparison};
use super::export::{Assertion, Call, Export, ScriptUse, Source, Step};
use super::property;
use super::variables::{self, Variables};
use crate::exchange::{
    Exchange, HeaderText, Method, Request, Response, Scrubber, SpaceAs, Transport, query_value,
};
use crate::secret::Secret;

/// Where and how an export is played.
pub struct Stage<'a> {
    /// Reaches the target.
    pub transport: &'a dyn Transport,
    /// The target's base URL, without a slash at the end: what `{{SCIMBaseURL}}` stands for.
    pub base: &'a str,
    /// Headers of every request, beside those of the export.
    pub extra: &'a [(String, HeaderText)],
    /// Takes secrets out of what is shown.
    pub scrubber: &'a Scrubber,
    /// Pauses take this many times their length.
    pub pause_scale: f64,
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

/// A user or group that a step created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// `/Users`
    pub endpoint: String,
    /// The id in the answer.
    pub id: String,
}

/// Everything that a play leaves behind.
#[derive(Debug, Default)]
pub struct Performance {
    /// The requests in order.
    pub played: Vec<Played>,
    /// What exists now and did not before.
    pub created: Vec<Created>,
}

/// Plays an export; `hear` is told of each request when it is decided, `made` of each
/// resource as soon as it exists.
pub async fn play(
    export: &Export,
    mut variables: Variables,
    stage: &Stage<'_>,
    performance: &mut Performance,
    mut hear: impl FnMut(&Played),
) {
    for step in &export.steps {
        match step {
            Step::Pause(time) => {
                tokio::time::sleep(time.mul_f64(stage.pause_scale.clamp(0.0, 100.0))).await;
            }
            Step::Request(call) => {
                let number = performance.played.len() + 1;
                let played = match prepare(call, &variables, stage) {
                    Ok(request) => {
                        let endpoint = request.target.clone();
                        let exchange = stage.transport.send(request).await;
                        performance.created.extend(created(&endpoint, &exchange));
                        judge(number, call, &mut variables, stage, &exchange)
                    }
                    Err(reason) => Played {
                        number,
                        title: call.title.clone(),
                        outcome: Outcome::NotRun(reason),
                        status: None,
                        took: Duration::ZERO,
                    },
                };
                hear(&played);
                performance.played.push(played);
            }
        }
    }
}

/// The request of a step, or why it cannot be sent.
fn prepare(call: &Call, variables: &Variables, stage: &Stage<'_>) -> Result<Request, String> {
    let url = variables.fill(&call.url);
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
    let target = url
        .strip_prefix(stage.base)
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .ok_or_else(|| {
            let shown = url.split(['?', '#']).next().unwrap_or_default();
            format!("{shown} is not at the target; a step that calls Okta needs an Okta org")
        })?;
    let mut headers: Vec<(String, HeaderText)> = call
        .headers
        .iter()
        .map(|(name, value)| {
            let value = variables.fill(value);
            let secret = name.eq_ignore_ascii_case("authorization");
            let value = if secret {
                HeaderText::Secret(Secret::new(value))
            } else {
                HeaderText::Plain(value)
            };
            (name.clone(), value)
        })
        .collect();
    headers.extend(stage.extra.iter().cloned());
    Ok(Request {
        method: call.method,
        target: encoded(target),
        headers,
        body: call
            .body
            .as_ref()
            .map(|body| Bytes::from(variables.fill(body))),
    })
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

fn created(target: &str, exchange: &Exchange) -> Option<Created> {
    let endpoint = target.split('?').next().unwrap_or_default();
    let creates = exchange.request.method == Method::Post
        && ["/Users", "/Groups"].contains(&endpoint.trim_end_matches('/'));
    let response = exchange
        .response()
        .filter(|response| creates && response.status == 201)?;
    let body: Value = json(response)?;
    let id = body.get("id")?.as_str()?.to_owned();
    Some(Created {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        id,
    })
}

fn json(response: &Response) -> Option<Value> {
    serde_json::from_slice(&response.body.bytes).ok()
}

fn judge(
    number: usize,
    call: &Call,
    variables: &mut Variables,
    stage: &Stage<'_>,
    exchange: &Exchange,
) -> Played {
    let took = exchange.timing.total;
    let title = call.title.clone();
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(problem) => {
            let flaw = Flaw {
                wanted: "an answer".to_owned(),
                got: stage.scrubber.scrub(&problem.to_string()).into_owned(),
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
        json: json(response),
        took,
    };
    let mut flaws: Vec<Flaw> = call
        .assertions
        .iter()
        .filter_map(|assertion| answer.flaw(assertion, variables, stage.scrubber))
        .collect();
    let mut open = None;
    match call.script {
        Some(ScriptUse::Known(script)) if !script.holds(answer.json.as_ref()) => flaws.push(Flaw {
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
    json: Option<Value>,
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
            Source::Json(path) => property::find(self.json.as_ref()?, path).cloned(),
        }
    }

    fn flaw(
        &self,
        assertion: &Assertion,
        variables: &Variables,
        scrubber: &Scrubber,
    ) -> Option<Flaw> {
        let wanted = variables.fill(&assertion.wanted);
        let value = self.value(&assertion.source);
        if assertion.comparison.holds(value.as_ref(), &wanted) {
            return None;
        }
        let got = match value {
            Some(value) => value.to_string(),
            None if self.json.is_none() && matches!(assertion.source, Source::Json(_)) => {
                "a body that is not JSON".to_owned()
            }
            None => "nothing".to_owned(),
        };
        Some(Flaw {
            wanted: scrubber
                .scrub(&said(&assertion.source, assertion.comparison, &wanted))
                .into_owned(),
            got: scrubber.scrub(&got).into_owned(),
        })
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
mod tests {
    use super::encoded;

    #[test]
    fn queries_are_encoded_as_okta_does() {
        let table = [
            ("/Users?count=1&startIndex=1", "/Users?count=1&startIndex=1"),
            (
                "/Users?filter=userName eq \"a+b@x.test\"",
                "/Users?filter=userName%20eq%20%22a%2Bb%40x.test%22",
            ),
            ("/Users?filter=userName%20pr", "/Users?filter=userName%20pr"),
            ("/Groups", "/Groups"),
            ("/a b?c d", "/a%20b?c%20d"),
        ];
        for (typed, sent) in table {
            assert_eq!(encoded(typed), sent);
        }
    }
}
