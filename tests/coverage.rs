//! What the catalogue covers: the plan it was made by, public reports of failures, and faults; and `docs/coverage.md`,
//! which is made from that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use scim_conform::check;
use scim_conform::scenario::catalog::Catalog;
use scim_conform::scenario::{Context, Scenario};
use scim_conform::server::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[path = "support/generated.rs"]
mod generated;

/// One row of the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    id: String,
    title: String,
    tags: Vec<String>,
    families: Vec<String>,
    #[serde(default)]
    reports: Vec<u32>,
    #[serde(default)]
    scenarios: Vec<String>,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    tests: Vec<String>,
    out_of_reach: Option<String>,
}

/// A public report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    n: u32,
    family: String,
    at: Vec<String>,
}

/// A scenario that no row asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Also {
    scenario: String,
    why: String,
}

/// The families of failures, in the order of how many projects were reported for them.
const FAMILIES: [(&str, &str); 23] = [
    ("PROFILE", "Attributes of a profile"),
    ("MEMBERS", "Members of groups"),
    ("LOOKUP", "Look-ups that find nobody, or somebody else"),
    ("CHARS", "Special characters"),
    ("ACTIVE", "Active and inactive"),
    ("SECUR", "Tenants, lock-outs, secrets"),
    ("REPROV", "Somebody is there already, or comes back"),
    ("LIST", "Lists and paging"),
    ("SHAPE", "The shape of resources"),
    ("RENAME", "Login and e-mail change"),
    ("PATHLESS", "PATCH without a path"),
    ("ERRORS", "Errors, and success that is none"),
    ("STALE", "Members who are unknown, or there already"),
    ("MEDIA", "Media types"),
    ("CONNECT", "Setting up"),
    ("CONCUR", "Many at once, and repeated requests"),
    ("META", "Locations and versions"),
    ("GNAME", "Groups: name, look-up, deletion"),
    ("SCALE", "Large groups, slow answers, limits"),
    ("PUTMODE", "PUT of users"),
    ("DISCO", "Discovery and entitlements"),
    ("ATOMIC", "PATCH, all or nothing"),
    ("IMPORT", "Imports"),
];

/// Tags that say what it means when a scenario fails.
const CONSEQUENCES: [&str; 7] = [
    "oin",
    "production",
    "rfc",
    "scale",
    "robustness",
    "security",
    "entra",
];

/// Those of which a scenario has one: whom its failure hurts.
const MEANINGS: [&str; 5] = ["oin", "production", "rfc", "scale", "entra"];

fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = generated::text(name);
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn rows() -> Vec<Row> {
    read("tests/coverage/catalogue.yaml")
}

fn reports() -> Vec<Report> {
    read("tests/coverage/reports.yaml")
}

fn scenarios() -> Vec<Scenario> {
    let checks: Vec<&str> = check::ALL.iter().map(|c| c.id).collect();
    let catalog = Catalog::embedded(Context { checks: &checks }).unwrap();
    catalog.scenarios().to_vec()
}

/// The names of all test functions.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        test_names(&generated::path(folder), &mut found);
    }
    found
}

fn test_names(folder: &Path, found: &mut BTreeSet<String>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            test_names(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                let signature = line.strip_prefix("async ").unwrap_or(line);
                if let Some(rest) = signature.strip_prefix("fn ").filter(|_| is_test) {
                    found.insert(rest.split('(').next().unwrap().to_owned());
                }
                is_test = line.starts_with("#[test]")
                    || line.starts_with("#[tokio::test")
                    || is_test && line.starts_with("#[");
            }
        }
    }
}

#[test]
fn every_row_of_the_plan_has_a_home() {
    let scenarios: BTreeSet<String> = scenarios().into_iter().map(|s| s.id.0).collect();
    let checks: BTreeSet<&str> = check::ALL.iter().map(|c| c.id).collect();
    let tests = tests();
    let rows = rows();
    assert_eq!(rows.len(), 120);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "an id stands twice");
    let mut missing = Vec::new();
    for row in &rows {
        let wrong = |what: &str, name: &str| format!("{}: there is no {what} {name}", row.id);
        missing.extend(
            row.scenarios
                .iter()
                .filter(|id| !scenarios.contains(*id))
                .map(|id| wrong("scenario", id)),
        );
        missing.extend(
            row.checks
                .iter()
                .filter(|id| !checks.contains(id.as_str()))
                .map(|id| wrong("check", id)),
        );
        missing.extend(
            row.tests
                .iter()
                .filter(|name| !tests.contains(*name))
                .map(|name| wrong("test", name)),
        );
        if row.scenarios.is_empty() && row.tests.is_empty() && row.out_of_reach.is_none() {
            missing.push(format!("{} has no home", row.id));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_scenario_is_there_for_a_row_or_says_why() {
    let also: Vec<Also> = read("tests/coverage/also.yaml");
    let rows = rows();
    let of_rows: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.scenarios.iter().map(String::as_str))
        .collect();
    let mut unclaimed: Vec<String> = scenarios()
        .into_iter()
        .map(|scenario| scenario.id.0)
        .filter(|id| !of_rows.contains(id.as_str()))
        .collect();
    unclaimed.sort();
    let mut listed: Vec<&str> = also.iter().map(|one| one.scenario.as_str()).collect();
    listed.sort_unstable();
    assert_eq!(unclaimed, listed);
    for one in &also {
        assert!(one.why.ends_with('.'), "{}", one.scenario);
    }
}

#[test]
fn every_report_is_met_by_a_row() {
    let rows = rows();
    let met: BTreeSet<u32> = rows.iter().flat_map(|row| row.reports.clone()).collect();
    let reports = reports();
    let numbers: BTreeSet<u32> = reports.iter().map(|report| report.n).collect();
    assert_eq!(numbers, (1..=175).collect());
    assert_eq!(met, numbers);
    let known: BTreeSet<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
    for report in &reports {
        assert!(known.contains(report.family.as_str()), "{}", report.family);
        assert!(!report.at.is_empty(), "{}", report.n);
        assert!(report.at.iter().all(|url| url.starts_with("https://")));
    }
    for row in &rows {
        for family in &row.families {
            assert!(known.contains(family.as_str()), "{}: {family}", row.id);
        }
    }
}

#[test]
fn every_scenario_and_row_says_what_a_failure_means() {
    let has_one = |tags: &[String]| tags.iter().any(|t| CONSEQUENCES.contains(&t.as_str()));
    let without: Vec<String> = scenarios()
        .into_iter()
        .filter(|scenario| !has_one(&scenario.tags))
        .map(|scenario| scenario.id.0)
        .collect();
    assert_eq!(without, Vec::<String>::new());
    for scenario in scenarios() {
        let means = |tag: &&String| MEANINGS.contains(&tag.as_str());
        let said = scenario.tags.iter().filter(means).count();
        assert_eq!(said, 1, "{}", scenario.id.0);
    }
    for row in rows() {
        assert!(has_one(&row.tags), "{}", row.id);
    }
}

fn codes(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" ")
}

#[test]
fn the_page_of_coverage_is_that_of_the_catalogue() {
    let rows = rows();
    let mut page = String::from(
        "\n| row | what it is about | tags | scenarios | checks and tests |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in &rows {
        let mut homes = codes(&row.checks);
        if !row.tests.is_empty() {
            let tests = codes(&row.tests);
            homes = format!("{homes} {tests}").trim().to_owned();
        }
        if let Some(why) = &row.out_of_reach {
            let space = if homes.is_empty() { "" } else { "<br>" };
            write!(homes, "{space}Out of reach: {why}").unwrap();
        }
        writeln!(
            page,
            "| {} | {} | {} | {} | {homes} |",
            row.id,
            row.title,
            row.tags.join(", "),
            codes(&row.scenarios)
        )
        .unwrap();
    }
    page.push('\n');
    generated::holds("docs/coverage.md", "rows", &page, str::to_owned);
}

#[test]
fn the_page_of_coverage_sorts_scenarios_by_families() {
    let (rows, reports) = (rows(), reports());
    let mut page =
        String::from("\n| what failed | public reports | scenarios |\n| --- | ---: | --- |\n");
    for (family, title) in FAMILIES {
        let count = reports.iter().filter(|r| r.family == family).count();
        // A row that stands for everything would put its scenarios everywhere.
        let about = rows
            .iter()
            .filter(|row| row.families.len() < FAMILIES.len())
            .filter(|row| row.families.iter().any(|f| f == family));
        let scenarios: BTreeSet<String> = about.flat_map(|row| row.scenarios.clone()).collect();
        let scenarios: Vec<String> = scenarios.into_iter().collect();
        writeln!(page, "| {title} | {count} | {} |", codes(&scenarios)).unwrap();
    }
    page.push('\n');
    generated::holds("docs/coverage.md", "families", &page, str::to_owned);
}

/// What a fault was seen as, from the reviewed snapshot of all faults against the whole catalogue.
fn seen_as() -> BTreeMap<String, Vec<String>> {
    let text = generated::text("tests/snapshots/judge__matrix__what_each_fault_is_seen_as.snap");
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut fault = String::new();
    for line in text.lines() {
        match line.strip_prefix("  ") {
            Some(finding) => {
                let mut words = finding.split(' ');
                let check = words.next().unwrap_or_default().to_owned();
                let level = finding
                    .split(' ')
                    .find(|word| matches!(*word, "error" | "warning" | "note"));
                let checks = seen.entry(fault.clone()).or_default();
                if let Some(level) = level.filter(|_| check.contains('/')) {
                    let entry = format!("`{check}` {level}");
                    if !checks.contains(&entry) {
                        checks.push(entry);
                    }
                }
            }
            None => line
                .split(':')
                .next()
                .unwrap_or_default()
                .clone_into(&mut fault),
        }
    }
    seen
}

#[test]
fn the_page_of_coverage_says_what_sees_each_fault() {
    let seen = seen_as();
    let mut page =
        String::from("\n| fault | what the server does | seen as |\n| --- | --- | --- |\n");
    for fault in Fault::ALL {
        let checks = seen.get(fault.name()).map(|checks| checks.join(", "));
        let checks = checks.filter(|checks| !checks.is_empty());
        let checks = checks.unwrap_or_else(|| panic!("{fault} is not in the snapshot"));
        let wrong = fault.wrong().replace('|', "\\|");
        writeln!(page, "| `{fault}` | {wrong} | {checks} |").unwrap();
    }
    page.push('\n');
    generated::holds("docs/coverage.md", "faults", &page, str::to_owned);
}
