//! Commands that are there to be copied.

use std::borrow::Cow;

use crate::engine::outcome::RunResult;

use super::text::printable;

/// A word of a command as a POSIX shell takes it.
#[must_use]
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
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
