//! The file that Runscope exports.

use std::time::Duration;

use serde_json::Value;

use super::compare::{Comparison, text};
use super::script::Script;
use super::variables;
use crate::exchange::Method;

/// Most bytes of a file; Okta's have 20 KB.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// A test.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What it is called.
    pub name: String,
    /// Its steps in order; skipped ones are left out.
    pub steps: Vec<Step>,
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
    /// JSON, but no test.
    #[error("{at}: {problem}")]
    Shape {
        /// Where: `steps[3].method`.
        at: String,
        /// What is wrong there.
        problem: String,
    },
}

type Read<T> = Result<T, ExportError>;

fn wrong<T>(at: &str, problem: impl Into<String>) -> Read<T> {
    Err(ExportError::Shape {
        at: at.to_owned(),
        problem: problem.into(),
    })
}

impl Export {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is not an export, or has a kind of step, comparison or source that is not
    /// supported.
    pub fn parse(json: &str) -> Read<Self> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let root: Value =
            serde_json::from_str(json).map_err(|problem| ExportError::Json(problem.to_string()))?;
        let Some(steps) = root.get("steps").and_then(Value::as_array) else {
            return wrong(
                "steps",
                "is missing: this is no test that was exported from Runscope or BlazeMeter",
            );
        };
        let mut read = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            if step.get("skipped") != Some(&Value::Bool(true)) {
                read.push(read_step(step, &format!("steps[{place}]"))?);
            }
        }
        let name = root.get("name").and_then(Value::as_str);
        Ok(Self {
            name: name.unwrap_or("Untitled test").to_owned(),
            steps: read,
        })
    }

    /// The requests in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().filter_map(|step| match step {
            Step::Request(call) => Some(call.as_ref()),
            Step::Pause(_) => None,
        })
    }

    /// How long its pauses are.
    #[must_use]
    pub fn pauses(&self) -> Duration {
        let pauses = self.steps.iter().map(|step| match step {
            Step::Pause(time) => *time,
            Step::Request(_) => Duration::ZERO,
        });
        pauses.sum()
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
        Some(other) => wrong(
            &format!("{at}.step_type"),
            format!("{other:?} is not supported; request and pause are"),
        ),
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
            return wrong(
                &format!("{at}.method"),
                format!("{other:?} is not supported"),
            );
        }
    };
    let Some(url) = text("url").filter(|url| !url.is_empty()) else {
        return wrong(&format!("{at}.url"), "is missing");
    };
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
        script: scripts(before.collect(), after.collect()),
    })
}

/// The one script that says something; a script before the request could change it.
fn scripts(before: Vec<&str>, after: Vec<&str>) -> Option<ScriptUse> {
    let unknown_before = before
        .iter()
        .any(|text| Script::of(text) != Some(Script::Empty));
    let mut said = None;
    for script in after.into_iter().map(Script::of) {
        match script {
            Some(Script::Empty) => {}
            Some(script) if said.is_none() => said = Some(ScriptUse::Known(script)),
            _ => return Some(ScriptUse::Unknown),
        }
    }
    if unknown_before {
        return Some(ScriptUse::Unknown);
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
        return wrong(
            &format!("{at}.comparison"),
            format!("{name:?} is not supported"),
        );
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
            return wrong(
                &format!("{at}.source"),
                format!("{named:?} is not supported"),
            );
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
        assert_eq!(export.pauses(), Duration::from_secs(5));
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
                "steps[0].step_type: \"subtest\" is not supported; request and pause are",
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
        ];
        for (steps, expected) in table {
            assert_eq!(parsed(steps).unwrap_err().to_string(), expected);
        }
        assert!(matches!(Export::parse("{"), Err(ExportError::Json(_))));
        assert!(
            Export::parse("[]")
                .unwrap_err()
                .to_string()
                .starts_with("steps: is missing")
        );
    }
}
