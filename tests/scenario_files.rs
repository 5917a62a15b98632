//! Every shipped scenario loads; every broken one says what is wrong, and where.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use scim_conform::document::{Diagnostics, Look, Source, render};
use scim_conform::embedded;
use scim_conform::scenario::catalog::Catalog;
use scim_conform::scenario::{Context, Scenario, ScenarioId, read};

/// The checks that scenario files may name.
static CHECKS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    scim_conform::check::ALL
        .iter()
        .map(|meta| meta.id)
        .collect()
});

fn context() -> Context<'static> {
    Context { checks: &CHECKS }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What is said about a file, and what was read from it.
fn load(name: &str, bytes: &[u8]) -> (Option<Scenario>, String) {
    let source = match Source::read(name, bytes) {
        Ok(source) => source,
        Err(diagnostic) => return (None, render(&[diagnostic], Look::default())),
    };
    let mut diagnostics = Diagnostics::new(&source);
    let id = ScenarioId("tests/one".to_owned());
    let scenario = read(id, &source, context(), &mut diagnostics);
    (
        scenario,
        render(&diagnostics.into_sorted(), Look::default()),
    )
}

#[test]
fn shipped_files_load_without_a_warning() {
    let catalog = Catalog::embedded(context()).unwrap_or_else(|error| panic!("{error}"));
    let warnings = render(catalog.warnings(), Look::default());
    assert_eq!(warnings, "");
    assert_eq!(catalog.scenarios().len(), embedded::SCENARIOS.len());
}

#[test]
fn the_folder_and_the_binary_hold_the_same_catalogue() {
    let embedded = Catalog::embedded(context()).unwrap();
    let folder = Catalog::from_folder(&root().join("scenarios"), context()).unwrap();
    assert_eq!(embedded.scenarios(), folder.scenarios());
}

#[test]
fn the_examples_of_the_manual_load() {
    let manual = fs::read_to_string(root().join("docs/writing-scenarios.md")).unwrap();
    let examples: Vec<&str> = manual
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(examples.len(), 6);
    for example in examples {
        assert_eq!(load("manual", example.as_bytes()).1, "");
    }
}

#[test]
fn titles_and_reasons_tell_the_scenarios_apart() {
    let catalog = Catalog::embedded(context()).unwrap();
    let mut titles = HashSet::new();
    for scenario in catalog.scenarios() {
        assert!(titles.insert(&scenario.title), "{}", scenario.id);
        assert!(!scenario.why.is_empty(), "{}", scenario.id);
        assert!(!scenario.tags.is_empty(), "{}", scenario.id);
    }
}

#[test]
fn broken_files_say_what_is_wrong_and_where() {
    let folder = root().join("tests/scenarios/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 25);
    for path in files {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let (scenario, said) = load(&format!("bad/{stem}.yaml"), &fs::read(&path).unwrap());
        assert_eq!(scenario, None, "{stem}");
        insta::assert_snapshot!(format!("bad@{stem}"), said);
    }
}

#[test]
fn good_files_become_what_they_say() {
    for stem in ["married", "probe", "scales"] {
        let path = root().join(format!("tests/scenarios/good/{stem}.yaml"));
        let (scenario, said) = load(stem, &fs::read(path).unwrap());
        assert_eq!(said, "", "{stem}");
        insta::assert_debug_snapshot!(format!("good@{stem}"), scenario.unwrap());
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_parsed() {
    let (scenario, said) = load("big.yaml", &vec![b' '; 2_000_000]);
    assert_eq!(scenario, None);
    insta::assert_snapshot!(said, @r"
    error: the file is larger than 1 MiB
    --> big.yaml
    ");
}

#[test]
fn colours_are_there_only_when_asked_for() {
    let source = Source::new("x.yaml", "titel: x\n");
    let mut diagnostics = Diagnostics::new(&source);
    read(
        ScenarioId("x".to_owned()),
        &source,
        context(),
        &mut diagnostics,
    );
    let found = diagnostics.into_sorted();
    let plain = render(&found, Look::default());
    let look = Look {
        color: true,
        width: 80,
    };
    assert!(!plain.contains('\u{1b}'));
    assert!(render(&found, look).contains('\u{1b}'));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const GOOD: &str = "title: T\nsteps: [okta: test-connection]\n";

#[test]
fn a_folder_tells_the_mistakes_of_all_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("a/good.yaml"), GOOD);
    write(&at("a/Bad Name.yaml"), GOOD);
    write(&at("a/other.yml"), GOOD);
    write(&at("b/no-steps.yaml"), "title: T\n");
    fs::write(at("b/latin.yaml"), b"title: caf\xe9\n").unwrap();
    write(&at("okta/jobs.yaml"), "requests: []\n");
    write(&at("vendors/acme.yaml"), "claims: []\n");
    write(&at(".hidden.yaml"), "- no\n");
    write(&at("README.md"), "# no\n");
    let error = Catalog::from_folder(folder.path(), context()).unwrap_err();
    let shown = error
        .to_string()
        .replace(folder.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(shown.replace('\\', "/"), @r"
    error: scenario files end in `.yaml`, not `.yml`
    --> DIR/a/other.yml

    error: `a/Bad Name` cannot be the id of a scenario
     --> DIR/a/Bad Name.yaml:1:1
      |
    1 | title: T
      | ^
      |
      = help: name files and folders in lower-case letters, digits and `-`

    error: this is not UTF-8
     --> DIR/b/latin.yaml:1:11
      |
    1 | title: caf�
      |           ^
      |
      = help: save the file as UTF-8

    error: `scenario` lacks the field `steps`
     --> DIR/b/no-steps.yaml:1:1
      |
    1 | title: T
      | ^^^^^^^^
    ");
}

#[test]
fn a_folder_with_scenarios_only_loads() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("b/two.yaml"), GOOD);
    write(&folder.path().join("one.yaml"), GOOD);
    write(&folder.path().join("okta/jobs.yaml"), "requests: []\n");
    let catalog = Catalog::from_folder(folder.path(), context()).unwrap();
    let ids: Vec<&str> = catalog.scenarios().iter().map(|one| &*one.id.0).collect();
    assert_eq!(ids, ["b/two", "one"]);
}

#[test]
fn an_empty_or_missing_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Catalog::from_folder(folder.path(), context()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("there is no scenario in this folder")
    );
    let error = Catalog::from_folder(&folder.path().join("no"), context()).unwrap_err();
    assert!(error.to_string().contains("cannot read the folder"));
    let file = folder.path().join("one.yaml");
    write(&file, GOOD);
    let error = Catalog::from_folder(&file, context()).unwrap_err();
    assert!(error.to_string().contains("this is a file"));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a/one.yaml"), GOOD);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("a/dangling.yaml")).unwrap();
    let error = Catalog::from_folder(folder.path(), context()).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1);
    assert!(error.to_string().contains("cannot read the file"));
    fs::remove_file(folder.path().join("a/dangling.yaml")).unwrap();
    let catalog = Catalog::from_folder(folder.path(), context()).unwrap();
    assert_eq!(catalog.scenarios().len(), 1);
}

/// What may never end is not begun.
#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("one.yaml"), GOOD);
    std::os::unix::fs::symlink("/dev/null", folder.path().join("two.yaml")).unwrap();
    let error = Catalog::from_folder(folder.path(), context()).unwrap_err();
    assert!(error.to_string().contains("this is no regular file"));
}

/// Lines of which scenario files are made, so that random files get past the YAML parser.
fn line() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("title: T"),
        Just("people: {ada: {login: \"a.{run}@x.test\"}}"),
        Just("groups: [crew]"),
        Just("crowd: 3"),
        Just("probe: true"),
        Just("steps:"),
        Just("- okta: {assign: ada}"),
        Just("- okta: {push-group: crew}"),
        Just("- observe: {crew: [ada, crowd]}"),
        Just("- request: {method: GET, path: /x, expect: {status: 4xx}}"),
        Just("- change: &a {ada: {title: ~}}"),
        Just("- *a"),
        Just("- together: [{okta: test-connection}]"),
        Just("  may-refuse: true"),
        Just("cases: [{id: a}, {id: a}]"),
        Just("\t"),
    ];
    prop_oneof![9 => words.prop_map(str::to_owned), 1 => ".*"]
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        load("x.yaml", &bytes);
    }

    #[test]
    fn texts_never_panic(text in "(?s)[\\PC\\n\\t{}\\[\\]&*!|>%@:\\-\"'#]{0,200}") {
        load("x.yaml", text.as_bytes());
    }

    #[test]
    fn lines_never_panic(lines in proptest::collection::vec(line(), 0..30)) {
        load("x.yaml", lines.join("\n").as_bytes());
    }

    #[test]
    fn a_damaged_file_never_panics(
        file in 0..embedded::SCENARIOS.len(),
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
    ) {
        let mut bytes = embedded::SCENARIOS[file].1.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = with;
        load("x.yaml", &bytes);
    }
}
