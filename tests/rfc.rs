//! The corpus of RFC 7643 and RFC 7644: what their sections say about a service provider, as data below
//! `tests/rfc/`, one file a section, played against the reference server.
//!
//! A file `7644-3.5.2.3-patch-replace.yaml` has cases; each says in a sentence what the section demands, names the
//! resources of `given.yaml` that are there before, and lists requests with what their answers must be. A text
//! `<ada>` stands for the id of the resource given as `ada`; `<base>` for the base URL; `<ada:etag>` for the version
//! with which it was created. In an expected body, `<any>` is any value but null.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Request, Response};
use indexmap::IndexMap;
use scim_conform::exchange::path_segment;
use scim_conform::secret::Secret;
use scim_conform::server::{Policy, Tenant};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const TOKEN: &str = "corpus-token-71d4";
const BASE: &str = "https://scim.example.test/scim/v2";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What one section says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// `RFC 7644, 3.5.2.3`
    section: String,
    title: String,
    cases: Vec<Case>,
}

/// One thing that a section says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    /// Resources of `given.yaml` that are created before, in this order.
    #[serde(default)]
    given: Vec<String>,
    /// Filters, and which of the given resources fulfil them.
    #[serde(default)]
    filters: IndexMap<String, Vec<String>>,
    /// The userName of the user whom the token belongs to.
    me: Option<String>,
    /// Where the filters are tried.
    #[serde(default = "users")]
    at: String,
    #[serde(default)]
    steps: Vec<Step>,
}

fn users() -> String {
    "/Users".to_owned()
}

/// A request, and what its answer must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// `PATCH /Users/<ada>`
    send: String,
    /// Parameters, not yet encoded.
    #[serde(default)]
    query: IndexMap<String, String>,
    /// Headers beside the token; `null` leaves one out.
    #[serde(default)]
    headers: IndexMap<String, Option<String>>,
    /// A body as JSON.
    body: Option<Value>,
    /// Operations of a PATCH body.
    operations: Option<Value>,
    /// A body that is not JSON.
    raw: Option<String>,
    status: u16,
    #[serde(rename = "scimType")]
    scim_type: Option<String>,
    /// What the body must hold: members of objects, and all elements of arrays in any order.
    has: Option<Value>,
    /// JSON pointers to what the body must not have.
    #[serde(default)]
    lacks: Vec<String>,
    /// Headers of the answer; `null` for one that must not be there.
    #[serde(default)]
    header: IndexMap<String, Option<String>>,
    /// Names of the resources that a list holds, in any order.
    found: Option<Vec<String>>,
    /// The same in this order.
    ordered: Option<Vec<String>>,
    /// Names for what the answer holds at a JSON pointer.
    #[serde(default)]
    keep: IndexMap<String, String>,
}

/// A resource that can be given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    at: String,
    body: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rfc")
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The files of sections, by name.
fn sections() -> BTreeMap<String, Section> {
    let entries = fs::read_dir(folder()).expect("tests/rfc can be read");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name in UTF-8"));
    names
        .filter(|name| name.starts_with("764"))
        .map(|name| (name.clone(), read(&folder().join(name))))
        .collect()
}

#[test]
fn the_reference_server_does_what_every_section_says() {
    let given: BTreeMap<String, Given> = read(&folder().join("given.yaml"));
    let (mut cases, mut failures) = (0, Vec::new());
    for (file, section) in sections() {
        for case in &section.cases {
            cases += 1;
            if let Err(problem) = Play::new(&given, case).run(case) {
                failures.push(format!(
                    "{} ({file})\n  {}\n  {problem}",
                    section.section, case.says
                ));
            }
        }
    }
    assert!(cases > 250, "only {cases} cases were found");
    assert!(
        failures.is_empty(),
        "{} of {cases} cases fail:\n\n{}\n",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Each section from RFC 7643, 2 to 8 and RFC 7644, 2 to 4 has a file, or a reason why it needs none.
#[test]
fn no_section_is_forgotten() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Contents {
        /// Sections that have a file.
        cases: Vec<String>,
        /// The others, with the reason.
        no_cases: BTreeMap<String, String>,
    }
    let contents: Contents = read(&folder().join("contents.yaml"));
    assert!(contents.no_cases.values().all(|reason| !reason.is_empty()));
    let sections = sections();
    for (file, section) in &sections {
        let number = section.section.trim_start_matches("RFC ");
        let prefix = number.replace(", ", "-") + "-";
        assert!(file.starts_with(&prefix), "{file} is about {number}");
        assert!(!section.title.is_empty() && !section.cases.is_empty());
    }
    let with_file: BTreeSet<_> = sections.values().map(|s| s.section.clone()).collect();
    let wanted: BTreeSet<_> = contents.cases.iter().cloned().collect();
    assert_eq!(with_file, wanted);
    assert!(contents.no_cases.keys().all(|s| !with_file.contains(s)));
}

/// One case on a tenant of its own.
struct Play<'g> {
    tenant: Tenant,
    given: &'g BTreeMap<String, Given>,
    /// What `<name>` stands for.
    names: BTreeMap<String, String>,
}

impl<'g> Play<'g> {
    fn new(given: &'g BTreeMap<String, Given>, case: &Case) -> Self {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), Policy::default());
        Self {
            tenant: tenant.with_base_url(BASE).with_me(case.me.clone()),
            given,
            names: BTreeMap::from([("base".to_owned(), BASE.to_owned())]),
        }
    }

    fn run(&mut self, case: &Case) -> Result<(), String> {
        for name in &case.given {
            self.give(name);
        }
        if case.filters.is_empty() && case.steps.is_empty() {
            return Err("nothing is sent".to_owned());
        }
        for (filter, found) in &case.filters {
            let step: Step = serde_json::from_value(json!({
                "send": format!("GET {}", case.at), "query": {"filter": filter}, "status": 200, "found": found,
            }))
            .expect("a step");
            self.step(&step).map_err(|e| format!("{filter}: {e}"))?;
        }
        for (n, step) in case.steps.iter().enumerate() {
            self.step(step)
                .map_err(|e| format!("step {}, {}: {e}", n + 1, step.send))?;
        }
        Ok(())
    }

    fn give(&mut self, name: &str) {
        let given = self.given.get(name);
        let given = given.unwrap_or_else(|| panic!("given.yaml has no {name}"));
        let body = self.filled_in(&given.body).to_string();
        let request = Request::post(&given.at)
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("Content-Type", "application/scim+json")
            .body(body.into());
        let answer = self.tenant.handle(request.expect("a request"));
        assert_eq!(answer.status(), 201, "{name}: {:?}", answer.body());
        let created: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let text = |pointer: &str| created.pointer(pointer).and_then(Value::as_str);
        self.names
            .insert(name.to_owned(), text("/id").expect("an id").to_owned());
        if let Some(etag) = text("/meta/version") {
            self.names.insert(format!("{name}:etag"), etag.to_owned());
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let answer = self.send(step)?;
        let mut shown = String::from_utf8_lossy(answer.body()).into_owned();
        if let Some((end, _)) = shown.char_indices().nth(1200) {
            shown.truncate(end);
        }
        if answer.status() != step.status {
            let status = answer.status();
            return Err(format!("wanted {}, got {status}: {shown}", step.status));
        }
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        self.expected(step, &answer, &body)
            .map_err(|problem| format!("{problem}\n  got {shown}"))?;
        for (name, pointer) in &step.keep {
            let text = body.pointer(pointer).and_then(Value::as_str);
            let text = text.ok_or_else(|| format!("nothing at {pointer}: {shown}"))?;
            self.names.insert(name.clone(), text.to_owned());
        }
        Ok(())
    }

    fn send(&self, step: &Step) -> Result<Response<Bytes>, String> {
        let line = self.filled(&step.send);
        let (method, target) = line.split_once(' ').ok_or("send: METHOD /path")?;
        let query: Vec<String> = step
            .query
            .iter()
            .map(|(name, value)| {
                format!(
                    "{}={}",
                    path_segment(name),
                    path_segment(&self.filled(value))
                )
            })
            .collect();
        let target = match query.as_slice() {
            [] => target.to_owned(),
            pairs => format!("{target}?{}", pairs.join("&")),
        };
        let body = match (&step.body, &step.operations, &step.raw) {
            (Some(body), None, None) => Some(self.filled_in(body).to_string()),
            (None, Some(operations), None) => {
                let operations = self.filled_in(operations);
                Some(json!({"schemas": [PATCH_OP], "Operations": operations}).to_string())
            }
            (None, None, raw) => raw.clone(),
            _ => return Err("one of body, operations and raw".to_owned()),
        };
        let mut headers = IndexMap::from([("Authorization", Some(format!("Bearer {TOKEN}")))]);
        if body.is_some() {
            headers.insert("Content-Type", Some("application/scim+json".to_owned()));
        }
        for (name, value) in &step.headers {
            headers.insert(name, value.as_deref().map(|value| self.filled(value)));
        }
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(body.unwrap_or_default().into());
        Ok(self.tenant.handle(request.map_err(|e| e.to_string())?))
    }

    fn expected(&self, step: &Step, answer: &Response<Bytes>, body: &Value) -> Result<(), String> {
        if step.status >= 400 {
            is_error(step, body)?;
        }
        if let Some(wanted) = &step.has {
            let wanted = self.filled_in(wanted);
            holds(body, &wanted).map_err(|at| format!("wanted {wanted}, differs at {at}"))?;
        }
        for pointer in &step.lacks {
            if body.pointer(&self.filled(pointer)).is_some() {
                return Err(format!("{pointer} must not be there"));
            }
        }
        for (name, wanted) in &step.header {
            let got = answer.headers().get(name).and_then(|v| v.to_str().ok());
            let wanted = wanted.as_deref().map(|wanted| self.filled(wanted));
            let same = match wanted.as_deref() {
                Some("<any>") => got.is_some(),
                wanted => wanted == got,
            };
            if !same {
                return Err(format!("header {name}: wanted {wanted:?}, got {got:?}"));
            }
        }
        if let Some(names) = step.found.as_ref().or(step.ordered.as_ref()) {
            self.lists(names, step.ordered.is_some(), body)?;
        }
        Ok(())
    }

    /// Holds that a list response has exactly the resources of these names.
    fn lists(&self, names: &[String], ordered: bool, body: &Value) -> Result<(), String> {
        let resources = body["Resources"].as_array().map_or(&[][..], Vec::as_slice);
        let mut got: Vec<&str> = resources
            .iter()
            .map(|resource| {
                let id = resource["id"].as_str().unwrap_or_default();
                let name = self.names.iter().find(|(_, value)| value.as_str() == id);
                name.map_or("?", |(name, _)| name)
            })
            .collect();
        let mut wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        if !ordered {
            got.sort_unstable();
            wanted.sort_unstable();
        }
        if got != wanted {
            return Err(format!("wanted {wanted:?}, found {got:?}"));
        }
        Ok(())
    }

    /// The text with names replaced by what they stand for.
    fn filled(&self, text: &str) -> String {
        self.names
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("<{name}>"), value)
            })
    }

    fn filled_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled(text).into(),
            Value::Array(elements) => elements.iter().map(|e| self.filled_in(e)).collect(),
            Value::Object(object) => object
                .iter()
                .map(|(name, value)| (self.filled(name), self.filled_in(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

/// RFC 7644, 3.12: every refusal has this shape, whatever it refuses.
fn is_error(step: &Step, body: &Value) -> Result<(), String> {
    if step.send.starts_with("HEAD ") {
        return Ok(());
    }
    let wanted = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": step.status.to_string(),
        "detail": "<any>",
    });
    holds(body, &wanted).map_err(|at| format!("not a SCIM error at {at}"))?;
    let kind = body["scimType"].as_str();
    if step.scim_type.as_deref() != kind {
        return Err(format!(
            "wanted scimType {:?}, got {kind:?}",
            step.scim_type
        ));
    }
    Ok(())
}

/// Whether `value` holds what is `wanted`; where it does not.
fn holds(value: &Value, wanted: &Value) -> Result<(), String> {
    match (value, wanted) {
        (value, Value::String(text)) if text == "<any>" && !value.is_null() => Ok(()),
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().try_for_each(|(name, wanted)| {
                let value = value.get(name).unwrap_or(&Value::Null);
                holds(value, wanted).map_err(|at| format!("/{name}{at}"))
            })
        }
        (Value::Array(values), Value::Array(wanted)) if values.len() == wanted.len() => {
            let mut rest: Vec<&Value> = values.iter().collect();
            for wanted in wanted {
                let place = rest.iter().position(|value| holds(value, wanted).is_ok());
                let place = place.ok_or_else(|| format!("/-: no {wanted}"))?;
                rest.remove(place);
            }
            Ok(())
        }
        _ if value == wanted => Ok(()),
        _ => Err(format!(": {value} is not {wanted}")),
    }
}
