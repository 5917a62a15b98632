//! What the README and the pages below `docs/` tell people to type works, and shows what they say it shows.

#[path = "support/generated.rs"]
mod generated;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use program::Done;
use scim_conform::cli::exit::Exit;
use scim_conform::server::Fault;

/// Every page that people read, from the top of the repository.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "fuzz/README.md",
    ]
    .map(str::to_owned)
    .into();
    for entry in std::fs::read_dir(generated::path("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages.sort();
    assert!(pages.len() > 15, "only {pages:?}");
    pages
}

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

/// Lines that a reader types: those after `$ ` in console blocks, all of shell blocks. A line that ends in `\` goes on.
fn typed(page: &str) -> Vec<String> {
    let consoles = blocks(page, "console");
    let consoles = consoles.iter().flat_map(|block| block.lines());
    let typed = consoles.filter_map(|line| line.trim_start().strip_prefix("$ "));
    let mut lines: Vec<String> = typed.map(str::to_owned).collect();
    for block in blocks(page, "sh") {
        let whole = block.replace("\\\n", " ");
        lines.extend(whole.lines().map(str::to_owned));
    }
    lines
}

/// Arguments of every `scim-conform` of a page, in its blocks of commands and within its sentences.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for line in typed(page) {
        let mut words = words(&line);
        let stops = ["#", "&", "|", "2>", "<", "<<"];
        if let Some(end) = words.iter().position(|word| stops.contains(&word.as_str())) {
            words.truncate(end);
        }
        let Some((program, rest)) = words.split_first() else {
            continue;
        };
        match (program.as_str(), rest) {
            ("scim-conform", rest) => commands.push(rest.to_vec()),
            ("cargo", [run, _, dashes, rest @ ..]) if run == "run" && dashes == "--" => {
                commands.push(rest.to_vec());
            }
            ("cargo" | "export" | "git" | "curl" | "until" | "kill" | "rustup", _) => {}
            (variable, _)
                if variable
                    .split_once('=')
                    .is_some_and(|(name, _)| is_variable(name)) => {}
            (program, _) if program.contains('/') => {
                assert!(
                    generated::path(program).exists(),
                    "{page}: what is {program}?"
                );
            }
            _ => panic!("{page}: what is {line}?"),
        }
    }
    let text = without_blocks(&generated::text(page));
    for code in text.split('`').skip(1).step_by(2) {
        // What is between the backticks may be broken over two lines.
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(rest) = code.strip_prefix("scim-conform ") {
            commands.push(words(rest));
        }
    }
    commands
}

fn is_variable(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
}

/// The text of a page without its blocks of code, whose contents are no Markdown.
fn without_blocks(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.map(|line| format!("{line}\n")).collect()
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
    for page in &pages() {
        for command in commands(page) {
            let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            if is_pattern(&arguments) {
                continue;
            }
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
    for page in &pages() {
        for command in commands(page) {
            names_exist(page, &command);
        }
    }
}

/// Whether a command is told in general: `explain CHECK`, `--fault NAME`.
fn is_pattern(words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| ["ID", "CHECK", "NAME"].contains(word))
}

fn names_exist(place: &str, command: &[String]) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    if is_pattern(&words) {
        return;
    }
    for pair in words.windows(2) {
        if let ["--fault", name] = pair {
            assert!(Fault::from_name(name).is_ok(), "{place}: {name}");
        }
    }
    let of_the_reader = words.contains(&"--scenarios");
    let tried = match words.as_slice() {
        // A finding of a run of the reader's, or of a report.
        ["explain", "F1", ..] => vec![],
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

/// The text without the number of exchanges, their time, and the ids that the server makes up.
fn without_times(text: &str) -> String {
    let mut parts = text.split("/Users/");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '-');
        masked.push_str("/Users/ID");
        masked.push_str(rest);
    }
    let lines = masked.lines().map(|line| match line.split_once("), ") {
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

/// Links within the repository lead to files, and to headings in them.
#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in &pages() {
        let text = without_blocks(&generated::text(page));
        let folder = generated::path(page).parent().unwrap().to_owned();
        let inline = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let named = text
            .lines()
            .filter(|line| line.starts_with('['))
            .filter_map(|line| Some(line.split_once("]: ")?.1));
        for target in inline.chain(named).filter(|target| !target.contains("://")) {
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let led_to = if file.is_empty() {
                generated::path(page)
            } else {
                folder.join(file)
            };
            assert!(led_to.exists(), "{page} links to {target}");
            if !anchor.is_empty() {
                let there = std::fs::read_to_string(&led_to).unwrap();
                assert!(
                    anchors(&there).iter().any(|known| known == anchor),
                    "{page} links to {target}, and there is no such heading"
                );
            }
        }
    }
    assert!(seen > 100, "only {seen} links were found");
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let text = without_blocks(text);
    let headings = text
        .lines()
        .filter(|line| line.trim_start_matches('#').starts_with(' ') && line.starts_with('#'));
    headings
        .map(|line| {
            let kept = line
                .trim_start_matches(['#', ' '])
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.flat_map(char::to_lowercase)
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// Files and folders of the repository that a page names in backticks exist.
#[test]
fn files_that_are_named_exist() {
    const FOLDERS: [&str; 8] = [
        "src/",
        "tests/",
        "docs/",
        "scenarios/",
        "benches/",
        "examples/",
        "fuzz/",
        "snapshots/",
    ];
    let mut seen = 0;
    for page in &pages() {
        // The changelog tells of files that have gone since.
        if page == "CHANGELOG.md" {
            continue;
        }
        let text = without_blocks(&generated::text(page));
        for name in text.split('`').skip(1).step_by(2) {
            let name = name.split(' ').next().unwrap();
            let of_ours = FOLDERS.iter().any(|folder| name.starts_with(folder));
            let pattern =
                name.contains(['*', '{', '<']) || name.bytes().any(|b| b.is_ascii_uppercase());
            if !of_ours || pattern {
                continue;
            }
            seen += 1;
            assert!(generated::path(name).exists(), "{page} names {name}");
        }
    }
    assert!(seen > 30, "only {seen} files were named");
}
