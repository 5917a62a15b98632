//! Every exchange of a run as an HTTP archive ([HAR 1.2]), for the network view of a browser and other tools.
//!
//! Secrets and what belongs to others is masked, as in every report. An archive has no place for a scenario, so each
//! entry tells it in fields of its own, which begin with an underscore.
//!
//! [HAR 1.2]: http://www.softwareishard.com/blog/har-12-spec/

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::outcome::RunResult;
use crate::exchange::{Exchange, Request, Response};
use crate::okta::App;
use crate::redact::characters;
use crate::verdict::Recorded;

/// The archive as JSON text, an exchange a line.
#[must_use]
pub fn render(run: &RunResult) -> String {
    let creator = json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")});
    let mut text = format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[");
    let around = run.around.iter().map(|one| (None, one));
    let all = run.scenarios.iter().flat_map(|scenario| {
        let place = (scenario.id.0.as_str(), scenario.app);
        scenario.exchanges.iter().map(move |one| (Some(place), one))
    });
    let mut separator = "\n";
    for (place, recorded) in all.chain(around) {
        let entry = Entry::of(run, place, recorded, &recorded.exchange.open());
        text.push_str(separator);
        // Serialising to memory fails only on map keys that are not strings; there are none.
        text.push_str(&serde_json::to_string(&entry).unwrap_or_default());
        separator = ",\n";
    }
    text.push_str("\n]}}\n");
    characters::json(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    /// When the run began: an exchange keeps how long it took, not when it was.
    started_date_time: &'a str,
    time: f64,
    request: Value,
    response: Value,
    cache: Value,
    timings: Timings,
    #[serde(rename = "_scenario")]
    scenario: Option<&'a str>,
    #[serde(rename = "_app")]
    app: Option<App>,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_step")]
    step: &'a str,
    #[serde(rename = "_case")]
    case: Option<&'a str>,
    #[serde(rename = "_origin")]
    origin: crate::verdict::Origin,
}

#[derive(Serialize)]
struct Timings {
    /// -1: on a connection that was open already.
    connect: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl<'a> Entry<'a> {
    fn of(
        run: &'a RunResult,
        place: Option<(&'a str, Option<App>)>,
        recorded: &'a Recorded,
        exchange: &Exchange,
    ) -> Self {
        let timing = &exchange.timing;
        let millis = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        let received = timing.total.saturating_sub(timing.first_byte);
        Self {
            started_date_time: &run.started,
            time: millis(timing.total),
            request: request(&run.target.url, &exchange.request),
            response: match &exchange.outcome {
                Ok(answer) => response(answer),
                Err(error) => no_response(&error.to_string()),
            },
            cache: json!({}),
            timings: Timings {
                connect: timing.connect.map_or(-1.0, millis),
                send: 0.0,
                wait: millis(timing.first_byte),
                receive: millis(received),
            },
            scenario: place.map(|(scenario, _)| scenario),
            app: place.and_then(|(_, app)| app),
            id: &recorded.id,
            step: &recorded.step,
            case: recorded.case.as_deref(),
            origin: recorded.origin,
        }
    }
}

fn header(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

fn request(base: &str, request: &Request) -> Value {
    let headers: Vec<Value> = request
        .headers
        .iter()
        // The text for display, in which a secret is masked.
        .map(|(name, value)| header(name, &value.to_string()))
        .collect();
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let query: Vec<Value> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            header(name, value)
        })
        .collect();
    let mut shown = json!({
        "method": request.method.as_str(),
        "url": format!("{}{}", base.trim_end_matches('/'), request.target),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": query,
        "headersSize": -1,
        "bodySize": request.body.as_ref().map_or(0, |body| body.len()),
    });
    if let Some(body) = &request.body
        && let Some(shown) = shown.as_object_mut()
    {
        let kind = request
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let kind = kind.map_or(String::new(), |(_, value)| value.to_string());
        let text = String::from_utf8_lossy(body);
        shown.insert(
            "postData".to_owned(),
            json!({"mimeType": kind, "text": text}),
        );
    }
    shown
}

fn response(response: &Response) -> Value {
    let headers = response.headers.iter();
    let headers: Vec<Value> = headers.map(|(name, value)| header(name, value)).collect();
    let bytes = &response.body.bytes;
    let kind = response.header("content-type").unwrap_or_default();
    let mut content = json!({"size": bytes.len(), "mimeType": kind});
    if let Some(content) = content.as_object_mut() {
        match std::str::from_utf8(bytes) {
            Ok(text) => content.insert("text".to_owned(), text.into()),
            Err(_) => {
                content.insert("encoding".to_owned(), "base64".into());
                content.insert("text".to_owned(), STANDARD.encode(bytes).into())
            }
        };
    }
    json!({
        "status": response.status,
        "statusText": crate::okta::reading::reason(response.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "content": content,
        "redirectURL": response.header("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": bytes.len(),
    })
}

/// What browsers write when no answer came.
fn no_response(error: &str) -> Value {
    json!({
        "status": 0,
        "statusText": "",
        "httpVersion": "",
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
        "_error": error,
    })
}
