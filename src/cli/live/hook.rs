//! A command of the user's that acts in the product behind Okta's back: one operation of the admin contract on its
//! standard input, the answer on its standard output (`docs/admin-contract.md`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::engine::insider::{Insider, Performing};

use super::super::shell::{self, OnTerminal};

/// How long an operation may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer. Bytes.
const LONGEST: usize = 1024 * 1024;

/// The command, and whether it has ever given no answer.
pub(super) struct Hook {
    command: String,
    failed: AtomicBool,
}

impl Hook {
    pub(super) fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            failed: AtomicBool::new(false),
        }
    }

    /// Whether an operation got no answer.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    async fn answer(&self, operation: &Value) -> Result<Value, String> {
        let input = format!("{operation}\n");
        let terminal = OnTerminal::Silent;
        let output = shell::output(&self.command, input.as_bytes(), LONGEST, terminal);
        let ended = tokio::time::timeout(PATIENCE, output).await;
        let ended =
            ended.map_err(|_| format!("the hook did not end within {} s", PATIENCE.as_secs()))?;
        let (status, output) = ended.map_err(|error| format!("the hook: {error}"))?;
        match serde_json::from_slice::<Value>(&output) {
            Ok(answer @ Value::Object(_)) => Ok(answer),
            // What it printed may be anything, also a secret, so it is not repeated.
            _ if !status.success() => Err(format!("the hook failed ({status})")),
            _ if output.is_empty() => Err("the hook printed no answer".to_owned()),
            _ => Err("the hook printed something that is no JSON object".to_owned()),
        }
    }
}

impl Insider for Hook {
    fn perform<'a>(&'a self, operation: &'a Value) -> Performing<'a> {
        Box::pin(async move {
            let answer = self.answer(operation).await;
            self.failed.fetch_or(answer.is_err(), Ordering::SeqCst);
            answer
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;

    use super::*;

    async fn answer(command: &str) -> Result<Value, String> {
        Hook::new(command)
            .perform(&json!({"operation": "delete-user", "id": "7"}))
            .await
    }

    #[tokio::test]
    async fn a_hook_reads_an_operation_and_prints_an_answer() {
        let echo = r#"read -r line; printf '{"ok":true,"got":%s}' "$line""#;
        assert_eq!(
            answer(echo).await.unwrap(),
            json!({"ok": true, "got": {"operation": "delete-user", "id": "7"}})
        );
        // An answer counts, whatever the exit code.
        let refused = r#"echo '{"ok":false,"error":"not-found","message":"-"}'; exit 1"#;
        assert_eq!(answer(refused).await.unwrap()["error"], "not-found");
    }

    #[tokio::test]
    async fn a_hook_that_gives_no_answer_says_why_and_shows_nothing() {
        let table = [
            (
                "echo swordfish",
                "the hook printed something that is no JSON object",
            ),
            ("echo swordfish; exit 3", "the hook failed (exit status: 3)"),
            ("true", "the hook printed no answer"),
            ("head -c 2000000 /dev/zero", "the hook: it prints too much"),
        ];
        for (command, wanted) in table {
            assert_eq!(answer(command).await.unwrap_err(), wanted, "{command}");
        }
    }
}
