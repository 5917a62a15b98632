//! The command line: arguments in; text, files and an exit code out.
//!
//! [`main`] is all that the binary calls. What does the work stands behind [`backend::Backend`];
//! everything else here can be tested without a server.

use std::process::ExitCode;

use clap::Parser as _;

use crate::defect::{self, Phase};

mod args;
pub mod ask;
pub mod backend;
mod calibrate;
pub mod environment;
pub mod error;
pub mod exit;
mod explain;
mod judge;
pub mod last_run;
mod live;
mod plan;
mod record;
mod repeat;
mod reports;
mod run;
pub mod runscope;
mod scenarios;
pub mod selection;
mod serve;
pub mod settings;
mod shell;
mod signals;
mod streams;
mod sweep;
pub mod target;
#[cfg(test)]
pub(crate) mod testing;
pub mod token_command;
pub mod values;
pub(crate) mod variants;

use args::{Cli, Command};
use backend::Backend;
use environment::Environment;
use error::CliError;
use exit::Exit;
use streams::Streams;

pub use live::Live;

/// Reads the arguments of the process, does what they say, and tells an error where there is
/// one.
#[must_use]
pub fn main(backend: &dyn Backend) -> ExitCode {
    defect::collect();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and the version arrive here, too, and go to the standard output.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            // With nowhere to write to, the exit code must do.
            let _ = error.print();
            return exit.into();
        }
    };
    let mut streams = Streams::of_process(cli.color);
    let person = streams.person;
    let ended = defect::caught_now(|| {
        let env = Environment::of_process();
        match execute(&cli, &env, backend, &mut streams) {
            Ok(exit) => exit,
            Err(error) => {
                let _ = error.tell(&mut (person.talk)());
                error.exit()
            }
        }
    });
    let (exit, panic) = match ended {
        Ok(exit) => (exit, None),
        Err(panic) => (Exit::Undecided, Some(panic)),
    };
    let mut panics = defect::uncaught();
    panics.extend(panic);
    // With nobody to tell it to, the exit code must do.
    let _ = error::tell_defects(&panics, &mut (person.talk)());
    exit.with_defect(!panics.is_empty()).into()
}

fn execute(
    cli: &Cli,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Run(args) => run::execute(args, env, backend, streams),
        Command::Runscope(args) => runscope::execute(args, env, backend, streams),
        Command::Serve(args) => serve::execute(args, env, backend, streams),
        Command::Scenarios(command) => {
            defect::plant(Phase::Scenarios);
            scenarios::execute(command, backend, streams)
        }
        Command::Explain(args) => {
            defect::plant(Phase::Explain);
            explain::execute(args, env, streams)
        }
        Command::Judge(args) => {
            defect::plant(Phase::Judge);
            judge::execute(args, env, streams)
        }
        Command::Record(args) => record::execute(args, env, streams),
        Command::Calibrate(args) => {
            defect::plant(Phase::Judge);
            calibrate::execute(args, streams)
        }
        Command::Sweep(args) => sweep::execute(args, env, backend, streams),
    }
}
