//! Recordings made from runs: what a proxy in front of a server would have written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scim_conform::exchange::Exchange;
use scim_conform::verdict::{Origin, ScenarioResult};
use serde_json::{Value, json};

/// The base URL in front of the targets.
pub(crate) const BASE: &str = "https://scim.example.test/v2";

/// What Okta sent in a scenario. An administrator takes a while between two steps; requests of a job follow each
/// other at once. None when nothing was sent.
pub(crate) fn of(scenario: &ScenarioResult) -> Option<Value> {
    let mut clock = 0;
    let mut step = None;
    let mut entries = Vec::new();
    for recorded in scenario
        .exchanges
        .iter()
        .filter(|e| e.origin == Origin::Okta)
    {
        if step.as_ref().is_some_and(|before| *before != recorded.step) {
            clock += 5_000;
        }
        step = Some(recorded.step.clone());
        entries.push(entry(&recorded.exchange.open(), clock));
        clock += 200;
    }
    (!entries.is_empty()).then(|| archive(entries))
}

/// A HAR of these entries.
pub(crate) fn archive(entries: Vec<Value>) -> Value {
    json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}})
}

/// An exchange as an entry, begun so many milliseconds after noon.
pub(crate) fn entry(exchange: &Exchange, clock: u64) -> Value {
    let headers = |fields: Vec<(String, String)>| -> Vec<Value> {
        fields
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect()
    };
    let sent = exchange.request.headers.iter();
    let sent = sent
        .map(|(name, value)| (name.clone(), value.expose().to_owned()))
        .collect();
    let mut request = json!({
        "method": exchange.request.method.as_str(),
        "url": format!("{BASE}{}", exchange.request.target),
        "httpVersion": "HTTP/1.1",
        "headers": headers(sent),
        "queryString": [], "cookies": [], "headersSize": -1,
        "bodySize": exchange.request.body.as_ref().map_or(0, |body| body.len()),
    });
    if let Some(body) = &exchange.request.body {
        request["postData"] =
            json!({"mimeType": "application/scim+json", "text": String::from_utf8_lossy(body)});
    }
    let response = match &exchange.outcome {
        Ok(answer) => {
            let mut content = json!({"size": answer.body.bytes.len(), "mimeType": answer.header("content-type").unwrap_or_default()});
            match std::str::from_utf8(&answer.body.bytes) {
                Ok(text) => content["text"] = text.into(),
                Err(_) => {
                    content["text"] = STANDARD.encode(&answer.body.bytes).into();
                    content["encoding"] = "base64".into();
                }
            }
            json!({
                "status": answer.status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": headers(answer.headers.clone()), "content": content, "redirectURL": "",
                "headersSize": -1, "bodySize": answer.body.bytes.len(),
            })
        }
        Err(error) => {
            json!({"status": 0, "headers": [], "content": {}, "_error": error.to_string()})
        }
    };
    let millis = exchange.timing.total.as_millis().min(60_000) as u64;
    json!({
        "startedDateTime": format!("2026-03-01T12:{:02}:{:02}.{:03}Z", clock / 60_000 % 60, clock / 1000 % 60, clock % 1000),
        "time": millis, "request": request, "response": response, "cache": {},
        "timings": {"send": 0, "wait": millis, "receive": 0},
    })
}
