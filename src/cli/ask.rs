//! Asking before something is written to, or removed from, somebody's server.

use std::io::{self, BufRead, Write};

use crate::engine::outcome::Plan;
use crate::report::plan::{AtEnd, at_most};
use crate::report::text::printable;

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1024;

/// Why there is no consent.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there to answer.
    #[error("this writes to {target}, and there is no terminal to ask on")]
    NoTerminal {
        /// The target.
        target: String,
    },
    /// The answer was not yes.
    #[error("not started, nothing was sent that changes anything")]
    Declined,
    /// Ctrl-C was the answer.
    #[error("interrupted, nothing was sent that changes anything")]
    Interrupted,
    /// The terminal failed.
    #[error("cannot ask: {0}")]
    Io(#[from] io::Error),
}

impl AskError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoTerminal { .. } => Some("add --yes if that is what you want"),
            Self::Declined | Self::Interrupted | Self::Io(_) => None,
        }
    }
}

/// The question before a run.
#[must_use]
pub fn run_question(plan: &Plan, at_end: AtEnd, target: &str) -> String {
    let end = match at_end {
        AtEnd::Removed => "and removes them at the end",
        AtEnd::Deactivated => "and at the end removes the groups and deactivates the users",
        AtEnd::Kept => "and leaves them there",
    };
    format!(
        "This creates {} and {} at {} {end}. Continue?",
        at_most(plan.users, "user"),
        at_most(plan.groups, "group"),
        printable(target)
    )
}

/// Asks until somebody says yes or no. An empty answer, and the end of the input, are a no.
///
/// # Errors
/// [`AskError::Declined`] on a no, [`AskError::Io`] when the terminal fails.
pub fn ask(
    question: &str,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<(), AskError> {
    loop {
        write!(output, "{question} [y/N] ")?;
        output.flush()?;
        let mut answer = String::new();
        let read = io::Read::take(&mut *input, LONGEST).read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(()),
            "" | "n" | "no" => {
                if read == 0 {
                    writeln!(output)?;
                }
                return Err(AskError::Declined);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::outcome::TargetInfo;

    fn answer(input: &str) -> (Result<(), AskError>, String) {
        let mut output = Vec::new();
        let result = ask("Go?", &mut input.as_bytes(), &mut output);
        (result, String::from_utf8(output).unwrap())
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for input in ["y\n", "YES\n", " y \r\n", "what?\ny\n"] {
            assert!(answer(input).0.is_ok(), "{input:?}");
        }
        for input in ["", "\n", "n\n", "No\n", "what?\n", "yess"] {
            assert!(
                matches!(answer(input).0, Err(AskError::Declined)),
                "{input:?}"
            );
        }
    }

    #[test]
    fn it_asks_again_when_it_does_not_understand() {
        assert_eq!(answer("hm\nn\n").1, "Go? [y/N] Go? [y/N] ");
    }

    #[test]
    fn an_endless_answer_ends() {
        let (result, _) = answer(&"x".repeat(10_000));
        assert!(matches!(result, Err(AskError::Declined)));
    }

    #[test]
    fn the_question_says_what_will_happen() {
        let plan = Plan {
            target: TargetInfo {
                url: "https://scim.example.test/v2".into(),
                embedded: false,
                faults: vec![],
                chaos: None,
            },
            scenarios: vec![],
            not_run: vec![],
            users: 12,
            groups: 1,
            requests: 100,
            lasts: None,
            example_login: String::new(),
            example_group: String::new(),
            run_id: String::new(),
        };
        assert_eq!(
            run_question(&plan, AtEnd::Removed, "https://a.test/v2"),
            "This creates up to 12 users and 1 group at https://a.test/v2 and removes them at \
             the end. Continue?"
        );
    }
}
