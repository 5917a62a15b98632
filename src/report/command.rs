//! Commands that are there to be copied.

use std::borrow::Cow;

use crate::engine::outcome::RunResult;

use super::palette::{COMMAND, paint};
use super::text::{printable, width_of};

/// A word of a command as a POSIX shell takes it.
#[must_use]
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// A command with `indent` blanks before it, in lines of at most `width` columns that a shell takes as one: it is broken
/// before an option, behind a backslash.
#[must_use]
pub(crate) fn lines(command: &str, indent: usize, width: usize) -> String {
    let blanks = " ".repeat(indent);
    let mut shown = String::new();
    let mut line = String::new();
    for word in words(command) {
        // A blank before it, and a blank and a backslash behind the last of a line.
        let with = width_of(&line)
            .saturating_add(width_of(word))
            .saturating_add(indent)
            .saturating_add(3);
        if !line.is_empty() && with > width {
            shown.push_str(&format!("{blanks}{} \\\n", paint(COMMAND, &line)));
            line = "  ".to_owned();
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    shown.push_str(&format!("{blanks}{}\n", paint(COMMAND, &line)));
    shown
}

/// The parts of a command between which it may be broken: the command itself, and each option with its value.
fn words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = command;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|text| text.find(" --")) {
        let at = at.saturating_add(from);
        let (before, behind) = rest.split_at(at);
        if before.matches('\'').count() % 2 == 0 {
            words.push(before);
            rest = behind.trim_start();
            from = 0;
        } else {
            // It stands within a quoted value.
            from = at.saturating_add(1);
        }
    }
    words.push(rest);
    words
}

/// Options by which a target is reached; `sweep` has them, too.
const REACHING: [&str; 8] = [
    "--target",
    "--auth",
    "--header",
    "--ca",
    "--client-cert",
    "--proxy",
    "--no-proxy",
    "--insecure",
];

/// The options that a repetition of a run needs, with a blank before each.
#[must_use]
pub(crate) fn repeating(run: &RunResult) -> String {
    behind(options(run).iter())
}

/// Those of them by which its target is reached.
#[must_use]
pub(crate) fn reaching(run: &RunResult) -> String {
    let options = options(run);
    let reaching = options.iter().filter(|option| {
        let name = option.split(' ').next().unwrap_or_default();
        REACHING.contains(&name)
    });
    behind(reaching)
}

fn behind<'o>(options: impl Iterator<Item = &'o String>) -> String {
    options
        .map(|option| format!(" {}", printable(option)))
        .collect()
}

/// What the run was told, or where nobody has said, what it knows itself.
fn options(run: &RunResult) -> Vec<String> {
    if !run.options.is_empty() {
        return run.options.clone();
    }
    let mut options = Vec::new();
    if !run.target.embedded {
        options.push(format!("--target {}", quoted(&run.target.url)));
    }
    options.extend(run.variants.iter().map(|one| format!("--variant {one}")));
    let faults = run.target.faults.iter();
    options.extend(faults.map(|fault| format!("--fault {fault}")));
    options.extend(run.target.chaos.clone());
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_is_broken_before_an_option() {
        let command =
            "scim-conform run a/b --app oin --hook 'x --y z' --target https://scim.test/v2";
        let shown = super::super::palette::plain(&lines(command, 2, 40));
        assert_eq!(
            shown,
            "  scim-conform run a/b --app oin \\\n    --hook 'x --y z' \\\n    --target https://scim.test/v2\n"
        );
        assert!(shown.lines().all(|line| line.len() <= 40));
        let joined: Vec<&str> = shown.split_whitespace().filter(|w| *w != "\\").collect();
        assert_eq!(joined.join(" "), command);
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_not_take_it_as_it_is() {
        let table = [
            (
                "https://scim.acme.io:8443/v2",
                "https://scim.acme.io:8443/v2",
            ),
            ("qa+{}@acme.io", "'qa+{}@acme.io'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("", "''"),
        ];
        for (word, wanted) in table {
            assert_eq!(quoted(word), wanted);
        }
    }
}
