//! `serve`: from arguments to settings.

use crate::report::text::{hang, printable};
use crate::secret::Secret;
use crate::server::Fault;

use super::args::ServeArgs;
use super::backend::Backend;
use super::environment::{self, Environment};
use super::error::CliError;
use super::exit::Exit;
use super::settings::ServeSettings;
use super::streams::Streams;
use super::target::TargetError;

/// Serves until interrupted.
///
/// # Errors
/// [`CliError`], when it cannot.
pub(crate) fn execute(
    args: &ServeArgs,
    env: &Environment,
    backend: &dyn Backend,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    if args.list_faults {
        let text = faults(streams.width);
        streams.print(&text)?;
        return Ok(Exit::Success);
    }
    let settings = settings(args, env)?;
    backend.serve(&settings, &mut (streams.person.talk)())?;
    Ok(Exit::Success)
}

/// Every fault with what is right, what is wrong, and where it was seen.
fn faults(width: usize) -> String {
    let mut shown = String::new();
    for fault in Fault::ALL.iter().copied() {
        shown.push_str(fault.name());
        shown.push('\n');
        for (label, text) in [
            ("right  ", fault.right()),
            ("wrong  ", fault.wrong()),
            ("seen   ", fault.url()),
        ] {
            shown.push_str(&hang(&format!("  {label}"), &printable(text), width, 2));
        }
        shown.push('\n');
    }
    shown
}

fn settings(args: &ServeArgs, env: &Environment) -> Result<ServeSettings, CliError> {
    let (name, token) = match &args.token {
        Some(token) => ("the TOKEN of --token", Some(token.clone())),
        None => (
            environment::TOKEN,
            env.text(environment::TOKEN)?.map(Secret::new),
        ),
    };
    // An empty token would let everybody in where somebody meant to keep them out.
    if token
        .as_ref()
        .is_some_and(|token| token.expose().trim().is_empty())
    {
        return Err(TargetError::Empty { name }.into());
    }
    Ok(ServeSettings {
        port: args.port,
        token,
        faults: args.fault.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(token: Option<&str>) -> ServeArgs {
        ServeArgs {
            port: 0,
            list_faults: false,
            token: token.map(Secret::new),
            fault: vec![],
        }
    }

    #[test]
    fn an_empty_token_lets_nobody_in_by_mistake() {
        let empty = Environment::of([("SCIM_CONFORM_TOKEN", "")]);
        assert!(settings(&args(None), &empty).is_err());
        assert!(settings(&args(Some(" ")), &Environment::default()).is_err());
    }

    #[test]
    fn the_token_is_of_the_flag_or_of_the_environment() {
        let env = Environment::of([("SCIM_CONFORM_TOKEN", "env")]);
        let token = |args: &ServeArgs, env: &Environment| settings(args, env).unwrap().token;
        assert_eq!(token(&args(Some("flag")), &env), Some(Secret::new("flag")));
        assert_eq!(token(&args(None), &env), Some(Secret::new("env")));
        assert_eq!(token(&args(None), &Environment::default()), None);
    }
}
