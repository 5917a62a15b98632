//! The file that Runscope exports.

use std::time::Duration;

use serde_json::Value;

use super::compare::{Comparison, text};
use super::script::Script;
use super::variables;
use crate::exchange::Method;

/// Most bytes of a file; Okta's have 20 KB.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The longest that one pause takes, however it is scaled; Okta's longest has 40 s.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// What a step may hold that would change its request, and that is not played; empty it means nothing.
const NOT_PLAYED: [&str; 7] = [
    "args",
    "auth",
    "binary_body",
    "form",
    "graphql_body",
    "multipart_form",
    "params",
];

/// A test.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What it is called.
    pub name: String,
    /// Its steps in order; skipped ones are left out.
    pub steps: Vec<Step>,
    /// How many are left out.
    pub skipped: u64,
}

/// A step of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Sends a request and judges the answer.
    Request(Box<Call>),
    /// Waits.
    Pause(Duration),
}

/// A request and what is said about its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What a person called it, or the request line.
    pub title: String,
    /// The method.
    pub method: Method,
    /// The URL, with variables, and unencoded.
    pub url: String,
    /// Headers, with variables.
    pub headers: Vec<(String, String)>,
    /// The body, with variables.
    pub body: Option<String>,
    /// What must hold of the answer.
    pub assertions: Vec<Assertion>,
    /// What is kept of the answer.
    pub captures: Vec<Capture>,
    /// What is computed from the answer.
    pub script: Option<ScriptUse>,
    /// A script that is not understood would change the request before it is sent.
    pub is_prepared: bool,
}

/// A script of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptUse {
    /// It is understood.
    Known(Script),
    /// It is not, and what it would say is open.
    Unknown,
}

/// What must hold of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// What is looked at.
    pub source: Source,
    /// How it is compared.
    pub comparison: Comparison,
    /// What with; with variables.
    pub wanted: String,
}

/// What is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The variable that gets the value.
    pub name: String,
    /// Where the value is.
    pub source: Source,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The status code.
    Status,
    /// Milliseconds until the answer was complete.
    Time,
    /// Bytes of the body.
    Size,
    /// The body as text.
    Text,
    /// A header.
    Header(String),
    /// What a path finds in the body.
    Json(String),
}

/// What is wrong with a file, or not supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// A page around the file, or in its place.
    #[error("a web page, not JSON")]
    Html,
    /// Another kind of file.
    #[error("{0}, not a test that was exported from Runscope or BlazeMeter")]
    Foreign(&'static str),
    /// It sends nothing.
    #[error("the test has no request")]
    Nothing,
    /// JSON, but no test.
    #[error("{at}: {problem}")]
    Shape {
        /// Where: `steps[3].method`.
        at: String,
        /// What is wrong there.
        problem: String,
    },
    /// A test, but one with something that is not played.
    #[error("{at}: {what} is not supported")]
    Unsupported {
        /// Where: `steps[3].method`.
        at: String,
        /// What.
        what: String,
    },
}

impl ExportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Html => "download the raw file; GitHub has a button for that",
            Self::Unsupported { .. } => {
                "it would need Runscope itself; skip the step there and export the test again"
            }
            Self::Json(_) | Self::Foreign(_) | Self::Nothing | Self::Shape { .. } => {
                "give a test that Runscope or BlazeMeter exported as JSON; Okta publishes its own"
            }
        }
    }
}

type Read<T> = Result<T, ExportError>;

fn wrong<T>(at: &str, problem: impl Into<String>) -> Read<T> {
    Err(ExportError::Shape {
        at: at.to_owned(),
        problem: problem.into(),
    })
}

fn unsupported<T>(at: &str, what: impl Into<String>) -> Read<T> {
    Err(ExportError::Unsupported {
        at: at.to_owned(),
        what: what.into(),
    })
}

impl Export {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is not an export, or has a kind of step, comparison or source that is not
    /// supported.
    pub fn parse(json: &str) -> Read<Self> {
        let json = json.trim_start_matches('\u{feff}').trim_start();
        if json.starts_with('<') {
            return Err(ExportError::Html);
        }
        let root: Value =
            serde_json::from_str(json).map_err(|problem| ExportError::Json(problem.to_string()))?;
        let Some(steps) = root.get("steps").and_then(Value::as_array) else {
            return Err(ExportError::Foreign(kind_of(&root)));
        };
        let mut read = Vec::new();
        let mut skipped = 0;
        for (place, step) in steps.iter().enumerate() {
            if step.get("skipped") == Some(&Value::Bool(true)) {
                skipped = u64::saturating_add(skipped, 1);
            } else {
                read.push(read_step(step, &format!("steps[{place}]"))?);
            }
        }
        let name = root.get("name").and_then(Value::as_str);
        let export = Self {
            name: name.unwrap_or("Untitled test").to_owned(),
            steps: read,
            skipped,
        };
        if export.calls().next().is_none() {
            return Err(ExportError::Nothing);
        }
        Ok(export)
    }

    /// The requests in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().filter_map(|step| match step {
            Step::Request(call) => Some(call.as_ref()),
            Step::Pause(_) => None,
        })
    }

    /// How long its pauses are in all, when each takes `scale` times its length.
    #[must_use]
    pub fn pauses(&self, scale: f64) -> Duration {
        let pauses = self.steps.iter().map(|step| match step {
            Step::Pause(time) => scaled(*time, scale),
            Step::Request(_) => Duration::ZERO,
        });
        pauses.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The variables that somebody must give: used by a step, and kept by none before it.
    #[must_use]
    pub fn inputs(&self) -> Vec<String> {
        let mut kept: Vec<&str> = Vec::new();
        let mut inputs: Vec<String> = Vec::new();
        for call in self.calls() {
            for name in call.texts().flat_map(variables::names) {
                if !kept.contains(&name) && !inputs.iter().any(|input| input == name) {
                    inputs.push(name.to_owned());
                }
            }
            kept.extend(call.captures.iter().map(|capture| capture.name.as_str()));
        }
        inputs
    }
}

impl Call {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter().map(|(_, value)| value.as_str());
        let wanted = self
            .assertions
            .iter()
            .map(|assertion| assertion.wanted.as_str());
        std::iter::once(self.url.as_str())
            .chain(headers)
            .chain(self.body.as_deref())
            .chain(wanted)
    }
}

/// A pause of `scale` times its length, and never longer than [`LONGEST_PAUSE`].
#[must_use]
pub fn scaled(pause: Duration, scale: f64) -> Duration {
    Duration::try_from_secs_f64(pause.as_secs_f64() * scale)
        .unwrap_or(LONGEST_PAUSE)
        .min(LONGEST_PAUSE)
}

/// What a JSON file is that is no export.
fn kind_of(root: &Value) -> &'static str {
    let has = |pointer: &str| root.pointer(pointer).is_some();
    if has("/info/schema") || has("/info/_postman_id") {
        "a Postman collection"
    } else if has("/log/entries") {
        "a HAR file"
    } else if has("/openapi") || has("/swagger") {
        "a description of an API"
    } else if has("/0/steps") {
        "a list of tests"
    } else {
        "JSON without steps"
    }
}

fn read_step(step: &Value, at: &str) -> Read<Step> {
    match step.get("step_type").and_then(Value::as_str) {
        Some("request") => Ok(Step::Request(Box::new(read_call(step, at)?))),
        Some("pause") => {
            let seconds = step.get("duration").and_then(Value::as_f64);
            let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            match time {
                Some(time) => Ok(Step::Pause(time)),
                None => wrong(&format!("{at}.duration"), "must be a number of seconds"),
            }
        }
        Some(other) => unsupported(&format!("{at}.step_type"), format!("{other:?}")),
        None => wrong(&format!("{at}.step_type"), "is missing"),
    }
}

fn read_call(step: &Value, at: &str) -> Read<Call> {
    let text = |name: &str| step.get(name).and_then(Value::as_str);
    let method = match text("method").unwrap_or("GET") {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "HEAD" => Method::Head,
        "OPTIONS" => Method::Options,
        other => {
            return unsupported(&format!("{at}.method"), format!("{other:?}"));
        }
    };
    let Some(url) = text("url").filter(|url| !url.is_empty()) else {
        return wrong(&format!("{at}.url"), "is missing");
    };
    if let Some(name) = NOT_PLAYED
        .iter()
        .find(|name| says_something(step.get(**name)))
    {
        return unsupported(&format!("{at}.{name}"), "what stands there");
    }
    let body = text("body")
        .or(text("data"))
        .filter(|body| !body.is_empty());
    let title = text("note").map(str::trim).filter(|note| !note.is_empty());
    let assertions = list(step, "assertions");
    let assertions = assertions
        .enumerate()
        .map(|(place, assertion)| read_assertion(assertion, &format!("{at}.assertions[{place}]")));
    let mut captures = Vec::new();
    for (place, variable) in list(step, "variables").enumerate() {
        // An export may hold a row that was left empty.
        let name = variable.get("name").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            captures.push(Capture {
                name: name.to_owned(),
                source: read_source(variable, &format!("{at}.variables[{place}]"))?,
            });
        }
    }
    let before = list(step, "before_scripts").filter_map(Value::as_str);
    let after = list(step, "scripts").filter_map(Value::as_str);
    Ok(Call {
        title: title.map_or_else(|| format!("{method} {url}"), str::to_owned),
        method,
        url: url.to_owned(),
        headers: read_headers(step),
        body: body.map(str::to_owned),
        assertions: assertions.collect::<Read<_>>()?,
        captures,
        script: script(after),
        is_prepared: is_prepared(before),
    })
}

/// Whether a part of a step that may be left empty is not.
fn says_something(part: Option<&Value>) -> bool {
    match part {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Object(object)) => !object.is_empty(),
        Some(Value::Array(elements)) => !elements.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// Whether a script that is not understood comes before the request.
fn is_prepared<'t>(mut scripts: impl Iterator<Item = &'t str>) -> bool {
    scripts.any(|text| Script::of(text) != Some(Script::Empty))
}

/// The one script that says something about the answer.
fn script<'t>(scripts: impl Iterator<Item = &'t str>) -> Option<ScriptUse> {
    let mut said = None;
    for script in scripts.map(Script::of) {
        match script {
            Some(Script::Empty) => {}
            Some(script) if said.is_none() => said = Some(ScriptUse::Known(script)),
            _ => return Some(ScriptUse::Unknown),
        }
    }
    said
}

fn list<'v>(step: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    let elements = step.get(name).and_then(Value::as_array);
    elements.into_iter().flatten()
}

/// `{"Accept": ["a", "b"]}`, or a bare text in the place of the array.
fn read_headers(step: &Value) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let object = step.get("headers").and_then(Value::as_object);
    for (name, values) in object.into_iter().flatten() {
        match values {
            Value::Array(values) => {
                headers.extend(values.iter().map(|value| (name.clone(), text(value))));
            }
            Value::Null => {}
            single => headers.push((name.clone(), text(single))),
        }
    }
    headers
}

fn read_assertion(assertion: &Value, at: &str) -> Read<Assertion> {
    let name = assertion.get("comparison").and_then(Value::as_str);
    let name = name.unwrap_or_default();
    let Some(comparison) = Comparison::from_name(name) else {
        return unsupported(&format!("{at}.comparison"), format!("{name:?}"));
    };
    let wanted = match assertion.get("value") {
        None | Some(Value::Null) => String::new(),
        Some(value) => text(value),
    };
    Ok(Assertion {
        source: read_source(assertion, at)?,
        comparison,
        wanted,
    })
}

fn read_source(object: &Value, at: &str) -> Read<Source> {
    let property = object.get("property").and_then(Value::as_str);
    let property = property.unwrap_or_default().to_owned();
    Ok(match object.get("source").and_then(Value::as_str) {
        Some("response_status") => Source::Status,
        Some("response_time") => Source::Time,
        Some("response_size") => Source::Size,
        Some("response_text") => Source::Text,
        Some("response_headers") => Source::Header(property),
        Some("response_json") => Source::Json(property),
        other => {
            let named = other.unwrap_or("nothing");
            return unsupported(&format!("{at}.source"), format!("{named:?}"));
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(steps: Value) -> Read<Export> {
        Export::parse(&json!({"name": "Test", "steps": steps}).to_string())
    }

    #[test]
    fn a_test_is_read() {
        let export = parsed(json!([
            {"step_type": "request", "method": "POST", "url": "{{base}}/Users", "note": " Create ", "skipped": false,
             "headers": {"Accept": ["a/b"], "Authorization": "{{auth}}"}, "body": "{\"userName\": \"{{name}}\"}",
             "assertions": [{"source": "response_status", "comparison": "equal_number", "value": 201}],
             "variables": [{"source": "response_json", "name": "id", "property": "id"}, {"source": "response_json", "name": null}],
             "scripts": [""]},
            {"step_type": "pause", "duration": 5},
            {"step_type": "pause", "duration": 99, "skipped": true},
            {"step_type": "request", "method": "GET", "url": "{{base}}/Users/{{id}}", "scripts": ["assert.fail()"]},
        ]))
        .unwrap();
        assert_eq!(export.pauses(1.0), Duration::from_secs(5));
        assert_eq!(export.skipped, 1);
        assert_eq!(export.inputs(), ["base", "auth", "name"]);
        let calls: Vec<&Call> = export.calls().collect();
        assert_eq!(calls[0].title, "Create");
        assert_eq!(
            calls[0].headers[1],
            ("Authorization".to_owned(), "{{auth}}".to_owned())
        );
        assert_eq!(calls[0].assertions[0].wanted, "201");
        assert_eq!((calls[0].captures.len(), calls[0].script), (1, None));
        assert_eq!(calls[1].title, "GET {{base}}/Users/{{id}}");
        assert_eq!(calls[1].script, Some(ScriptUse::Unknown));
    }

    #[test]
    fn what_cannot_be_run_is_named_with_its_place() {
        let request = |more: Value| {
            let mut step = json!({"step_type": "request", "url": "x"});
            step.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!([step])
        };
        let table = [
            (
                json!([{"step_type": "subtest"}]),
                "steps[0].step_type: \"subtest\" is not supported",
            ),
            (
                json!([{"step_type": "pause"}]),
                "steps[0].duration: must be a number of seconds",
            ),
            (json!([{}]), "steps[0].step_type: is missing"),
            (
                json!([{"step_type": "request"}]),
                "steps[0].url: is missing",
            ),
            (
                request(json!({"method": "TRACE"})),
                "steps[0].method: \"TRACE\" is not supported",
            ),
            (
                request(
                    json!({"assertions": [{"source": "response_status", "comparison": "matches"}]}),
                ),
                "steps[0].assertions[0].comparison: \"matches\" is not supported",
            ),
            (
                request(json!({"variables": [{"name": "x", "source": "response_xml"}]})),
                "steps[0].variables[0].source: \"response_xml\" is not supported",
            ),
            (
                request(json!({"auth": {"auth_type": "basic"}, "form": {}})),
                "steps[0].auth: what stands there is not supported",
            ),
            (
                request(json!({"binary_body": [], "graphql_body": null, "form": {"a": ["b"]}})),
                "steps[0].form: what stands there is not supported",
            ),
            (json!([]), "the test has no request"),
            (
                json!([{"step_type": "pause", "duration": 1}]),
                "the test has no request",
            ),
        ];
        for (steps, expected) in table {
            assert_eq!(parsed(steps).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        let table = [
            (
                "{",
                "not JSON: EOF while parsing an object at line 1 column 1",
            ),
            ("", "not JSON: EOF while parsing a value at line 1 column 0"),
            ("\u{feff} <!DOCTYPE html>", "a web page, not JSON"),
            ("[]", "JSON without steps, not"),
            ("7", "JSON without steps, not"),
            (r#"{"steps": {}}"#, "JSON without steps, not"),
            (
                r#"{"info": {"schema": "v2.1"}, "item": []}"#,
                "a Postman collection, not",
            ),
            (r#"{"log": {"entries": []}}"#, "a HAR file, not"),
            (r#"{"openapi": "3.1.0"}"#, "a description of an API, not"),
            (r#"[{"steps": []}]"#, "a list of tests, not"),
        ];
        for (text, expected) in table {
            let told = Export::parse(text).unwrap_err();
            assert!(told.to_string().starts_with(expected), "{told}");
            assert!(!told.hint().is_empty());
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(Export::parse(&deep), Err(ExportError::Json(_))));
    }

    #[test]
    fn no_pause_is_endless() {
        let table = [
            (5.0, 0.0, 0),
            (5.0, 2.0, 10),
            (1e18, 100.0, 600),
            (40.0, 100.0, 600),
        ];
        for (seconds, scale, expected) in table {
            let pause = json!({"step_type": "pause", "duration": seconds});
            let request = json!({"step_type": "request", "url": "x"});
            let export = parsed(json!([request, pause])).unwrap();
            assert_eq!(export.pauses(scale), Duration::from_secs(expected));
        }
        for seconds in [json!(-1), json!(1e300), json!("5"), json!(null)] {
            let told = parsed(json!([{"step_type": "pause", "duration": seconds}])).unwrap_err();
            assert_eq!(
                told.to_string(),
                "steps[0].duration: must be a number of seconds"
            );
        }
    }

    #[test]
    fn a_script_that_would_change_the_request_is_noticed() {
        let prepared = |script: &str| {
            let step = json!({"step_type": "request", "url": "x", "before_scripts": [script]});
            parsed(json!([step]))
                .unwrap()
                .calls()
                .all(|call| call.is_prepared)
        };
        assert!(prepared("variables.set('a', 1)"));
        assert!(!prepared(" // nothing"));
    }
}
