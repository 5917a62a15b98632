//! Holds the direction of dependencies between modules, and a few habits of the sources, by reading them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All modules.
const EVERYTHING: &[&str] = &["*"];

/// What each module below `src/` may name of the others: a module, or one item of it. Nothing points up, and
/// nobody but the command line names the reference server, so that the judge never certifies its own logic.
///
/// A file in the place of a module has a rule of its own.
const MAY_NAME: [(&str, &[&str]); 23] = [
    ("defect", &[]),
    ("secret", &[]),
    ("scim", &[]),
    ("embedded", &[]),
    ("suggest", &[]),
    // Whatever leaves the program goes through it, so everybody may name it, and it names nobody's types.
    ("redact", &["secret"]),
    ("document", &["redact", "secret", "suggest"]),
    ("exchange", &["redact", "secret"]),
    ("okta", &["embedded", "exchange", "secret"]),
    // A scenario says what an admin does, not what Okta sends for it.
    (
        "scenario",
        &[
            "document",
            "embedded",
            "exchange::Leave",
            "exchange::Method",
            "okta::App",
            // How it is known that Okta sends a literal request.
            "okta::Evidence",
            "okta::Variant",
            // How Okta's profile editor names a place in a resource.
            "okta::selector::Selector",
            "suggest",
        ],
    ),
    ("verdict", &["exchange", "okta", "scenario"]),
    (
        "check",
        &["exchange", "okta", "redact", "secret", "verdict"],
    ),
    (
        "snapshot",
        &[
            "exchange", "okta", "redact", "scenario", "secret", "verdict",
        ],
    ),
    (
        "engine",
        &[
            "check", "defect", "document", "embedded", "exchange", "okta", "redact", "scenario",
            "scim", "secret", "snapshot", "verdict",
        ],
    ),
    (
        "oin",
        &["engine", "exchange", "okta", "scenario", "verdict"],
    ),
    (
        "report",
        &[
            "check", "engine", "exchange", "oin", "okta", "redact", "scenario", "secret",
            "snapshot", "suggest", "verdict",
        ],
    ),
    // It judges as a run does, and sends nothing.
    (
        "recording",
        &[
            "check",
            "engine::conclude",
            "engine::judge",
            "engine::outcome",
            "exchange",
            "okta",
            "redact",
            "scenario::ScenarioId",
            "scim",
            "secret",
            "verdict",
        ],
    ),
    // It passes bytes on and writes them down; what they mean, `recording` says.
    (
        "recorder",
        &["defect", "exchange", "recording::har", "redact", "secret"],
    ),
    // Okta's published suites, judged as their runner judges: none of our own checks.
    ("runscope", &["exchange", "redact", "secret"]),
    ("server", &["defect", "redact", "scim", "secret", "suggest"]),
    // Without a socket the reference server is reached by a transport like the others.
    ("server/in_process.rs", &["exchange", "scim", "secret"]),
    ("cli", EVERYTHING),
    ("main.rs", EVERYTHING),
];

/// A longer file has more than one job. Unit tests at its end do not count.
const MOST_LINES: usize = 900;

/// Files that are longer, and how long they may become until they are split.
const LONGER: [(&str, usize); 1] = [
    // A table: one entry a fault.
    ("server/faults/table.rs", 1300),
];

/// Names that say nothing about the job of a module.
const EMPTY_NAMES: [&str; 7] = [
    "common", "helper", "helpers", "manager", "misc", "util", "utils",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the project, as paths from it with `/` between the names.
fn files(folder: &str) -> Vec<(String, PathBuf)> {
    fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
        for entry in fs::read_dir(folder).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                let names: Vec<&str> = path
                    .strip_prefix(root)
                    .expect("below the root")
                    .iter()
                    .map(|name| name.to_str().expect("a name in UTF-8"))
                    .collect();
                found.push((names.join("/"), path));
            }
        }
    }
    let root = root().join(folder);
    let mut found = Vec::new();
    if root.is_dir() {
        collect(&root, &root, &mut found);
    }
    found.sort();
    found
}

/// The Rust sources of the package with their texts.
fn sources() -> Vec<(String, String)> {
    let sources: Vec<_> = files("src")
        .into_iter()
        .filter(|(name, _)| name.ends_with(".rs"))
        .map(|(name, path)| (name, fs::read_to_string(path).expect("a source in UTF-8")))
        .collect();
    assert!(sources.len() > 50, "only {} sources found", sources.len());
    sources
}

/// The module at the top of the crate that a file belongs to.
fn module(file: &str) -> &str {
    file.split_once('/')
        .map_or(file.trim_end_matches(".rs"), |(module, _)| module)
}

/// The text with comments and the content of literals blanked out.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hashes = rest
            .strip_prefix('r')
            .map(|r| r.len() - r.trim_start_matches('#').len());
        let raw = hashes.filter(|&n| rest[1 + n..].starts_with('"') && !code.ends_with(is_word));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = 1 + hashes + 1;
            rest[start..]
                .find(&end)
                .map_or(rest.len(), |at| start + at + end.len())
        } else if first == '"' {
            literal(rest, '"').unwrap_or(rest.len())
        } else if first == '\'' {
            // Otherwise it starts the name of a lifetime.
            literal(rest, '\'')
                .filter(|&end| rest[1..].starts_with('\\') || rest[..end].chars().count() == 3)
                .unwrap_or(0)
        } else {
            0
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of a quoted literal, its quotes included.
fn literal(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Paths from the root of the crate that a source names, groups of `use` taken apart.
fn named(file: &str, text: &str) -> BTreeSet<String> {
    let code = code(text);
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = stem.split('/').count();
    let to_root = "super::".repeat(depth);
    let mut named = BTreeSet::new();
    for start in ["crate::", "scim_conform::", to_root.as_str()] {
        for (at, _) in code.match_indices(start) {
            if !code[..at].ends_with(|c| is_word(c) || c == ':') {
                branches(&code[at + start.len()..], "", &mut named);
            }
        }
    }
    named
}

/// Reads one tree of a `use`, or a plain path, and gives back what follows it.
fn branches<'t>(text: &'t str, prefix: &str, named: &mut BTreeSet<String>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = branches(rest, prefix, named).trim_start();
            // An alias belongs to the branch before it.
            rest = rest.trim_start_matches(|c: char| is_word(c) || c.is_whitespace());
            match rest.strip_prefix(',') {
                Some(next) if !next.trim_start().starts_with('}') => rest = next,
                Some(next) => return next.trim_start().strip_prefix('}').unwrap_or(next),
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (word, rest) = if text.starts_with('*') {
        text.split_at(1)
    } else {
        text.split_at(end)
    };
    let path = match prefix {
        "" => word.to_owned(),
        prefix => format!("{prefix}::{word}"),
    };
    let more = rest.trim_start().strip_prefix("::").map(str::trim_start);
    match more.filter(|more| more.starts_with(|c| is_word(c) || c == '{' || c == '*')) {
        Some(more) => branches(more, &path, named),
        None => {
            named.insert(path);
            rest
        }
    }
}

/// What a file names and must not.
fn violations(file: &str, text: &str, modules: &BTreeSet<String>) -> Vec<String> {
    let own = module(file);
    let rule = |name: &str| {
        MAY_NAME
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, may)| *may)
    };
    let Some(may) = rule(file).or_else(|| rule(own)) else {
        return vec![format!("src/{file} belongs to no module of the table")];
    };
    named(file, text)
        .into_iter()
        .filter(|path| {
            let first = path.split("::").next().unwrap_or_default();
            modules.contains(first) && first != own
        })
        .filter(|path| {
            !may.iter().any(|allowed| {
                *allowed == "*"
                    || path
                        .strip_prefix(allowed)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            })
        })
        .map(|path| format!("src/{file} names crate::{path}"))
        .collect()
}

fn modules() -> BTreeSet<String> {
    sources()
        .iter()
        .filter(|(file, _)| file != "main.rs" && file != "lib.rs")
        .map(|(file, _)| module(file).to_owned())
        .collect()
}

#[test]
fn modules_name_only_what_stands_below_them() {
    let modules = modules();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|(file, _)| file != "lib.rs")
        .flat_map(|(file, text)| violations(file, text, &modules))
        .collect();
    assert!(
        wrong.is_empty(),
        "against the direction of dependencies (see MAY_NAME):\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_table_is_about_modules_that_exist_and_has_no_circle() {
    let (files, modules) = (sources(), modules());
    for (name, may) in MAY_NAME {
        let exists = modules.contains(name) || files.iter().any(|(file, _)| file == name);
        assert!(exists, "{name} does not exist");
        for allowed in may.iter().filter(|allowed| **allowed != "*") {
            let below = module(allowed.split("::").next().unwrap_or(allowed));
            assert!(
                modules.contains(below),
                "{name} may name {allowed}: no such module"
            );
        }
    }

    // Whoever names only what is settled is settled, too.
    let mut settled = BTreeSet::new();
    loop {
        let before = settled.len();
        for (name, may) in MAY_NAME.iter().filter(|(_, may)| *may != EVERYTHING) {
            let below = |allowed: &&str| allowed.split("::").next().unwrap_or_default().to_owned();
            if may.iter().map(below).all(|m| settled.contains(&m)) {
                settled.insert((*name).to_owned());
            }
        }
        if settled.len() == before {
            break;
        }
    }
    for (name, may) in MAY_NAME {
        assert!(
            may == EVERYTHING || settled.contains(name),
            "{name} is in a circle"
        );
        assert!(
            may == EVERYTHING || !may.iter().any(|a| ["cli", "server"].contains(a)),
            "{name} names the command line or the reference server"
        );
    }
}

/// What comes after all the literals and comments of a source is still seen.
#[test]
fn every_source_is_read_to_its_end() {
    for (file, text) in sources() {
        let named = named(&file, &format!("{text}\nuse crate::last;\n"));
        assert!(named.contains("last"), "src/{file}");
    }
}

/// A guard that sees nothing guards nothing.
#[test]
fn a_path_is_seen_however_it_is_written() {
    let text = r###"
        //! Not [`crate::server`].
        use crate::{okta::{App, body::{self, Built as B}}, exchange::*, secret};
        use crate::verdict as v; /* crate::cli */
        const QUOTES: (char, char, &str) = ('"', '\'', "crate::report \" crate::report");
        const RAW: &str = r#"crate::engine " "#;
        fn long<'a>(x: &'a crate::check::Context<'a>) -> super::super::scim::Urn { crate::snapshot::compare::<u8>(x) }
        use scim_conform::document::Node; use other_crate::scenario; use super::scenario;
    "###;
    let named: Vec<String> = named("engine/run.rs", text).into_iter().collect();
    assert_eq!(
        named,
        [
            "check::Context",
            "document::Node",
            "exchange::*",
            "okta::App",
            "okta::body::Built",
            "okta::body::self",
            "scim::Urn",
            "secret",
            "snapshot::compare",
            "verdict",
        ]
    );
    let modules = modules();
    let wrong = |file, text| violations(file, text, &modules);
    assert_eq!(
        wrong("engine/run.rs", "use crate::server::Tenant;"),
        ["src/engine/run.rs names crate::server::Tenant"]
    );
    assert_eq!(
        wrong("scenario/mod.rs", "use crate::okta::{App, Variants};"),
        ["src/scenario/mod.rs names crate::okta::Variants"]
    );
    assert_eq!(
        wrong("secret.rs", "use super::okta;"),
        ["src/secret.rs names crate::okta"]
    );
    assert_eq!(
        wrong("server/in_process.rs", "use crate::exchange::Body;").len(),
        0
    );
    assert_eq!(
        wrong("server/route.rs", "use crate::exchange::Body;").len(),
        1
    );
    assert_eq!(wrong("novelty/mod.rs", "").len(), 1);
}

#[test]
fn no_file_is_too_long() {
    for (file, text) in sources() {
        let lines = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        let most = LONGER
            .iter()
            .find(|(name, _)| *name == file)
            .map_or(MOST_LINES, |(_, most)| *most);
        assert!(
            lines <= most,
            "src/{file} has {lines} lines, more than {most}: split it"
        );
    }
}

#[test]
fn every_name_says_something() {
    for folder in ["src", "tests"] {
        for (file, _) in files(folder) {
            let empty = file
                .split('/')
                .map(|name| name.split('.').next().unwrap_or_default())
                .find(|name| EMPTY_NAMES.contains(name));
            assert_eq!(empty, None, "{folder}/{file}: name it after its job");
        }
    }
}

/// Sources cite what everybody can read.
#[test]
fn nothing_names_a_place_on_one_machine() {
    // In pieces, so that this file does not name them itself.
    let places = [concat!("/wo", "rk/"), concat!("shared/", "facts")];
    let folders = [
        "src",
        "scenarios",
        "snapshots",
        "tests",
        "docs",
        "benches",
        "examples",
    ];
    let mut count = 0;
    for folder in folders {
        for (file, path) in files(folder) {
            let bytes = fs::read(path).expect("a file that can be read");
            let text = String::from_utf8_lossy(&bytes);
            for place in places {
                assert!(!text.contains(place), "{folder}/{file} names {place}");
            }
            count += 1;
        }
    }
    assert!(count > 200, "only {count} files found");
}
