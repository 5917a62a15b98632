//! What the README and the pages below `docs/` tell people to type works, and shows what they say it shows.

#[path = "support/generated.rs"]
mod generated;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use program::Done;
use scim_conform::cli::exit::Exit;
use scim_conform::server::Fault;

const PAGES: [&str; 13] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/writing-scenarios.md",
    "docs/requirements.md",
    "docs/what-okta-sends.md",
    "docs/checks.md",
    "docs/faults.md",
    "docs/reference-server.md",
    "docs/admin-contract.md",
    "docs/oin.md",
    "docs/judging-recordings.md",
    "docs/messages.md",
    "docs/okta-suites.md",
];

/// The run id of the session in the README, so that it can be repeated.
const SESSION: &str = "rdemo1";

/// Runs the binary with an empty environment and a folder for its state that is removed afterwards.
fn run(arguments: &[&str]) -> Done {
    let state = tempfile::tempdir().unwrap();
    Done::of(program::command(state.path(), arguments))
}

/// Blocks of code of one language, as they stand.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = generated::text(page);
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Arguments of every `scim-conform` in the console blocks of a page.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = blocks(page, "console");
    let lines = blocks.iter().flat_map(|block| block.lines());
    lines
        .filter_map(|line| line.strip_prefix("$ "))
        .filter_map(|line| {
            let words = words(line);
            let (program, rest) = words.split_first()?;
            match (program.as_str(), rest) {
                ("scim-conform", rest) => Some(rest.to_vec()),
                ("cargo", [run, _, dashes, rest @ ..]) if run == "run" && dashes == "--" => {
                    Some(rest.to_vec())
                }
                ("cargo" | "export" | "UPDATE_DOCS=1" | "git", _) => None,
                (variable, _) if variable.starts_with("SCIM_CONFORM_OKTA_SUITES=") => None,
                _ => panic!("{page}: what is {line}?"),
            }
        })
        .collect()
}

/// Words of a command line; quotes hold blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn words_are_read_as_a_shell_reads_them() {
    assert_eq!(words("a 'b c'  \"\" d'e'"), ["a", "b c", "", "de"]);
}

#[test]
fn every_command_is_one_that_the_program_takes() {
    let mut seen = 0;
    for page in PAGES {
        for command in commands(page) {
            let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            arguments.push("--help");
            let done = run(&arguments);
            assert_eq!(done.code, 0, "{page}: {command:?}: {}", done.talk);
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
}

/// Examples of the help, as (where, arguments).
fn examples() -> Vec<(String, Vec<String>)> {
    let mut examples = Vec::new();
    for command in [
        "",
        "run",
        "serve",
        "scenarios",
        "explain",
        "judge",
        "runscope",
        "sweep",
    ] {
        let arguments: Vec<&str> = command
            .split(' ')
            .filter(|w| !w.is_empty())
            .chain(["--help"])
            .collect();
        let help = run(&arguments).out;
        let lines = help
            .lines()
            .filter_map(|line| line.split_once("  scim-conform "));
        examples.extend(lines.map(|(_, rest)| (arguments.join(" "), words(rest))));
    }
    assert!(examples.len() > 15, "only {} examples", examples.len());
    examples
}

#[test]
fn every_example_in_the_help_is_a_command() {
    for (place, example) in examples() {
        let mut arguments: Vec<&str> = example.iter().map(String::as_str).collect();
        arguments.push("--help");
        assert_eq!(run(&arguments).code, 0, "{place}: {example:?}");
        names_exist(&place, &example);
    }
}

/// What a command names - faults, scenarios, messages - exists, too.
#[test]
fn every_name_in_a_command_exists() {
    for page in PAGES {
        for command in commands(page) {
            names_exist(page, &command);
        }
    }
}

fn names_exist(place: &str, command: &[String]) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    for pair in words.windows(2) {
        if let ["--fault", name] = pair {
            assert!(Fault::from_name(name).is_ok(), "{place}: {name}");
        }
    }
    let of_the_reader = words.contains(&"--scenarios");
    let tried = match words.as_slice() {
        ["explain", "F1"] => vec![],
        ["explain", ..] => vec![words],
        ["scenarios", "list" | "show", ..] if !of_the_reader => vec![words],
        ["run", rest @ ..] if !of_the_reader => {
            let names = rest.iter().take_while(|word| !word.starts_with("--"));
            names.map(|name| vec!["scenarios", "list", name]).collect()
        }
        _ => vec![],
    };
    for tried in tried {
        let done = run(&tried);
        assert_eq!(done.code, 0, "{place}: {tried:?}: {}", done.talk);
    }
}

/// The README shows what its command really prints; how long it took and how often it had to look again may differ.
#[test]
fn the_session_in_the_readme_is_real() {
    let session = &commands("README.md")[0];
    let mut arguments: Vec<&str> = session.iter().map(String::as_str).collect();
    let line = arguments.join(" ");
    arguments.extend(["--run-id", SESSION]);
    let out = run(&arguments).out;
    let told = out.split("\n\nNext\n").next().unwrap();
    let wanted = format!("```console\n$ scim-conform {line}\n{told}\n```\n");
    generated::holds("README.md", "session", &wanted, without_times);
}

/// The text without the number of exchanges and their time.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("), ") {
        Some((before, after)) if after.contains(" exchanges in ") => format!("{before})\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// The README, the help and the code agree on the exit codes.
#[test]
fn the_exit_codes_are_those_of_the_program() {
    let help = run(&["--help"]).out;
    let listed = help.split("Exit codes:\n").nth(1).expect("exit codes");
    let rows: Vec<(u8, &str)> = listed
        .lines()
        .map_while(|line| line.trim().split_once(' '))
        .map(|(code, meaning)| (code.parse().unwrap(), meaning.trim()))
        .collect();
    let codes: Vec<u8> = rows.iter().map(|(code, _)| *code).collect();
    let known = [
        Exit::Success,
        Exit::Findings,
        Exit::Usage,
        Exit::Undecided,
        Exit::Interrupted,
    ];
    assert_eq!(codes, known.map(|exit| exit as u8));
    let mut table = "| exit code | meaning |\n| --- | --- |\n".to_owned();
    for (code, meaning) in rows {
        table.push_str(&format!("| {code} | {meaning} |\n"));
    }
    generated::holds("README.md", "exit codes", &table, str::to_owned);
}

/// Links within the repository lead to files.
#[test]
fn links_lead_somewhere() {
    for page in PAGES {
        let text = generated::text(page);
        let folder = generated::path(page).parent().unwrap().to_owned();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap();
            assert!(folder.join(file).exists(), "{page} links to {target}");
        }
    }
}
