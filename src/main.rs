//! The `scim-conform` command.

use std::process::ExitCode;

use scim_conform::cli::{self, Live};

fn main() -> ExitCode {
    cli::main(&Live::of_process())
}
