//! The `scim-conform` command.

use std::process::ExitCode;

use scim_conform::cli::{self, Live};

/// A run makes and drops millions of small texts: a quarter of its time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main(&Live::of_process())
}
