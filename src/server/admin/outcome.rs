//! What came of an operation.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::server::answer::Problem;
use crate::suggest;

/// Why an operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    /// A word for programs.
    pub(super) error: &'static str,
    /// A sentence for people.
    pub(super) message: String,
}

/// The fields of a good answer beside `ok`.
pub(super) type Outcome = Result<Map<String, Value>, Refused>;

impl Refused {
    fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        let known = super::operation::OUTSIDE
            .iter()
            .chain(&super::operation::OWN)
            .copied();
        let hint = suggest::question(&suggest::closest(name, known));
        let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "unknown-operation",
            format!("there is no operation {name:?}{hint}"),
        )
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        match problem.status {
            StatusCode::CONFLICT => Self::conflict(problem.detail),
            StatusCode::NOT_FOUND => Self::not_found(problem.detail),
            _ => Self::bad_request(problem.detail),
        }
    }
}

/// The JSON answer, and the status of an HTTP answer that carries it.
pub(super) fn to_json(outcome: Outcome) -> (StatusCode, Value) {
    match outcome {
        Ok(fields) => {
            let mut answer = Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
            answer.extend(fields);
            (StatusCode::OK, answer.into())
        }
        Err(refused) => {
            let answer = json!({"ok": false, "error": refused.error, "message": refused.message});
            (refused.status, answer)
        }
    }
}
