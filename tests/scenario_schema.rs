//! The JSON Schema of scenario files says what the reader says.
//!
//! `UPDATE_DOCS=1 cargo test --test scenario_schema` writes `docs/scenario.schema.json` anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boon::{Compiler, SchemaIndex, Schemas};
use scim_conform::document::{self, Diagnostics, Source};
use scim_conform::scenario::{Context, ScenarioId, read, schema};
use scim_conform::server::{Policy, Tenant};
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn checks() -> Vec<&'static str> {
    scim_conform::check::ALL
        .iter()
        .map(|meta| meta.id)
        .collect()
}

fn compiled() -> (Schemas, SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler
        .add_resource("scenario.schema.json", schema(&checks()))
        .unwrap();
    let index = compiler.compile("scenario.schema.json", &mut schemas);
    let index = index.unwrap_or_else(|error| panic!("{error:#}"));
    (schemas, index)
}

/// A file as JSON, as far as it is YAML, and whether the reader takes it.
fn load(path: &Path) -> (Option<Value>, bool) {
    let Ok(source) = Source::read("file.yaml", &fs::read(path).unwrap()) else {
        return (None, false);
    };
    let source: Arc<Source> = source;
    let mut diagnostics = Diagnostics::new(&source);
    let json = document::parse(&source, &mut diagnostics).map(|node| node.to_json());
    let id = ScenarioId("tests/one".to_owned());
    let mut diagnostics = Diagnostics::new(&source);
    let checks = checks();
    let taken = read(id, &source, Context { checks: &checks }, &mut diagnostics).is_some();
    (json, taken)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let (schemas, index) = compiled();
    let mut all = Vec::new();
    files(&root().join("scenarios"), &mut all);
    all.retain(|path| !path.starts_with(root().join("scenarios/okta")));
    files(&root().join("tests/scenarios/good"), &mut all);
    assert!(all.len() > 90);
    for path in all {
        let (json, taken) = load(&path);
        assert!(taken, "{}", path.display());
        if let Err(error) = schemas.validate(&json.unwrap(), index) {
            panic!("{}: {error:#}", path.display());
        }
    }
}

/// Broken files whose shape is right: what is wrong is what they mean, which no schema can say.
const ONLY_MEANING: [&str; 5] = [
    "duplicate-key",
    "import-not-exclusive",
    "missing-run",
    "probe-without-request",
    "real-domain",
];

#[test]
fn what_has_a_wrong_shape_the_schema_refuses() {
    let (schemas, index) = compiled();
    let mut all = Vec::new();
    files(&root().join("tests/scenarios/bad"), &mut all);
    all.sort();
    let passes: Vec<String> = all
        .iter()
        .filter_map(|path| {
            let json = load(path).0?;
            let stem = path.file_stem()?.to_str()?.to_owned();
            schemas.validate(&json, index).is_ok().then_some(stem)
        })
        .collect();
    assert_eq!(passes, ONLY_MEANING);
}

#[test]
fn the_schema_knows_every_field_that_the_reader_knows() {
    let step = |step: &str| format!("title: t\npeople: [ada]\ngroups: [crew]\nsteps: [{step}]");
    let request =
        r#"request: {method: GET, path: /x, zzz: 1, expect: {status: 200, check: error/body}}"#;
    let expect =
        r#"request: {method: GET, path: /x, expect: {status: 200, check: error/body, zzz: 1}}"#;
    let table = [
        ("title: t\nsteps: []\nzzz: 1".to_owned(), "/properties"),
        (step("{zzz: 1}"), "/$defs/step/properties"),
        (step(&format!("{{{request}}}")), "/$defs/request/properties"),
        (
            step(&format!("{{{expect}}}")),
            "/$defs/request/properties/expect/properties",
        ),
        (step("{okta: {zzz: ada}}"), "/$defs/okta/oneOf/1/properties"),
        (step("{outside: {zzz: ada}}"), "/$defs/outside/properties"),
        (
            step("{observe: {ada: {zzz: 1}}}"),
            "/$defs/observe/additionalProperties/anyOf/1/properties",
        ),
        (
            step("{observe: {crew: {zzz: 1}}}"),
            "/$defs/observe/additionalProperties/anyOf/2/properties",
        ),
        (
            "title: t\ncases: [{id: a, zzz: 1}]\nsteps: []".to_owned(),
            "/$defs/case/properties",
        ),
        (
            "title: t\npeople: {ada: {zzz: a}}\nsteps: []".to_owned(),
            "/$defs/person/properties",
        ),
        (
            "title: t\ngroups: {crew: {zzz: a}}\nsteps: []".to_owned(),
            "/$defs/group/properties",
        ),
    ];
    let schema = schema(&checks());
    for (text, pointer) in table {
        let source = Source::read("file.yaml", text.as_bytes()).unwrap();
        let mut diagnostics = Diagnostics::new(&source);
        let checks = checks();
        let id = ScenarioId("tests/one".to_owned());
        let _ = read(id, &source, Context { checks: &checks }, &mut diagnostics);
        let said = document::render(&diagnostics.into_sorted(), document::Look::default());
        let offered = said
            .split("zzz`")
            .nth(1)
            .and_then(|rest| rest.split("there is: ").nth(1))
            .and_then(|rest| rest.lines().next())
            .unwrap_or_else(|| panic!("{pointer}: {said}"));
        let mut offered: Vec<&str> = offered.split(", ").collect();
        let mut known: Vec<&str> = schema
            .pointer(pointer)
            .and_then(Value::as_object)
            .unwrap_or_else(|| panic!("{pointer}"))
            .keys()
            .map(String::as_str)
            .collect();
        if pointer.contains("okta") {
            // These stand alone, without a name.
            let alone = schema.pointer("/$defs/okta/oneOf/0/enum").unwrap();
            known.extend(alone.as_array().unwrap().iter().filter_map(Value::as_str));
        }
        offered.sort_unstable();
        known.sort_unstable();
        assert_eq!(offered, known, "{pointer}");
    }
}

/// Scenarios and the reference server keep to one contract without knowing each other.
#[test]
fn an_outside_step_names_the_operations_that_a_service_can_offer() {
    let schema = schema(&checks());
    let steps = schema.pointer("/$defs/outside/properties").unwrap();
    let steps = steps.as_object().unwrap().keys().map(String::as_str);
    let tenant = Tenant::new(None, Policy::default());
    let offered = tenant.perform(&json!({"operation": "list-operations"}));
    let offered: Vec<&str> = offered["operations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let named: Vec<&str> = ["list-operations"].into_iter().chain(steps).collect();
    assert_eq!(offered, named);
}

#[test]
fn the_shipped_schema_is_the_one_that_the_command_prints() {
    let path = root().join("docs/scenario.schema.json");
    let text = format!("{:#}\n", schema(&checks()));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        shipped, text,
        "UPDATE_DOCS=1 cargo test --test scenario_schema writes it anew"
    );
}
