//! The `scim-conform` command.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use scim_conform::cli;
use scim_conform::cli::backend::{Backend, Consent, Driven, Refusal, SweepConsent, Swept};
use scim_conform::cli::settings::{RunSettings, ServeSettings, SweepSettings};
use scim_conform::engine::event::Listener;
use scim_conform::scenario::Scenario;

fn main() -> ExitCode {
    cli::main(&Unwired)
}

/// Stands where the engine will be wired in.
struct Unwired;

impl Unwired {
    fn refuse<T>() -> Result<T, Refusal> {
        Err(Refusal::World {
            problem: "this build has no engine".to_owned(),
            hint: None,
        })
    }
}

impl Backend for Unwired {
    fn drive(
        &self,
        _: &RunSettings,
        _: Arc<dyn Listener>,
        _: Consent<'_>,
    ) -> Result<Driven, Refusal> {
        Self::refuse()
    }

    fn catalogue(&self, _: Option<&Path>) -> Result<Vec<Scenario>, Refusal> {
        Self::refuse()
    }

    fn serve(&self, _: &ServeSettings, _: &mut dyn Write) -> Result<(), Refusal> {
        Self::refuse()
    }

    fn sweep(&self, _: &SweepSettings, _: SweepConsent<'_>) -> Result<Swept, Refusal> {
        Self::refuse()
    }
}
