//! `serve`: from arguments to settings.

use std::path::PathBuf;

use uuid::Uuid;

use crate::report::file;
use crate::report::text::{hang, printable};
use crate::secret::Secret;
use crate::server::{Family, Fault};

use super::args::ServeArgs;
use super::backend::Backend;
use super::environment::{self, Environment};
use super::error::CliError;
use super::exit::Exit;
use super::settings::{Access, Certificate, Chance, ServeSettings};
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
    if let Some(family) = args.list_faults {
        let text = faults(family, streams.width);
        streams.print(&text)?;
        return Ok(Exit::Success);
    }
    let settings = settings(args, env)?;
    backend.serve(&settings, streams.person.talk)?;
    Ok(Exit::Success)
}

/// The faults, all or of one family, with what is right, what is wrong, and where it was seen; and how many.
fn faults(family: Option<Family>, width: usize) -> String {
    let mut shown = String::new();
    let asked = |fault: &Fault| family.is_none_or(|family| fault.family() == family);
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(asked).collect();
    for fault in &faults {
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
    let families = Family::ALL.map(Family::name).join(", ");
    let more = match family {
        Some(_) => String::new(),
        None => format!("; --list-faults FAMILY shows those of one family: {families}"),
    };
    let count = format!("{} faults{more}", faults.len());
    shown.push_str(&hang("", &count, width, 2));
    shown
}

fn settings(args: &ServeArgs, env: &Environment) -> Result<ServeSettings, CliError> {
    let certificate = |(certificate, key): (&PathBuf, &PathBuf)| Certificate::Files {
        certificate: certificate.clone(),
        key: key.clone(),
    };
    let from_files = args.tls_cert.as_ref().zip(args.tls_key.as_ref());
    let self_signed = args.tls_self_signed.clone().map(Certificate::SelfSigned);
    for path in [&args.port_file, &args.state, &args.tls_self_signed] {
        path.as_deref().map_or(Ok(()), file::check)?;
    }
    let needs_two = Fault::TenantsNotApart.name();
    if args.fault.iter().any(|fault| fault == needs_two) {
        return Err(CliError::FaultOfTwoTenants(needs_two));
    }
    Ok(ServeSettings {
        port: args.port,
        port_file: args.port_file.clone(),
        admin_port: args.admin_port,
        tls: from_files.map(certificate).or(self_signed),
        access: access(args, env)?,
        seed_users: args.seed_users,
        state: args.state.clone(),
        extensions: args.extension.clone(),
        me: args.me.clone(),
        patch_without_content: args.patch_response == "204",
        faults: args.fault.clone(),
        chaos: args.chaos.map(|seed| Chance {
            seed,
            percent: args.chaos_rate,
        }),
        log: args.log,
    })
}

/// Who may call: whoever has the token of the flag, of the environment, or a new one.
fn access(args: &ServeArgs, env: &Environment) -> Result<Access, CliError> {
    if args.open {
        return Ok(Access::Open);
    }
    let (name, token) = match &args.token {
        Some(token) => ("the TOKEN of --token", Some(token.clone())),
        None => (
            environment::TOKEN,
            env.text(environment::TOKEN)?.map(Secret::new),
        ),
    };
    match token {
        // An empty token would let everybody in where somebody meant to keep them out.
        Some(token) if token.expose().trim().is_empty() => Err(TargetError::Empty { name }.into()),
        Some(token) => Ok(Access::Given(token)),
        None => Ok(Access::Made(Secret::new(
            Uuid::new_v4().simple().to_string(),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::{Cli, Command};
    use super::*;

    fn args(more: &[&str]) -> ServeArgs {
        let all = [&["scim-conform", "serve"], more].concat();
        match Cli::try_parse_from(all).map(|cli| cli.command) {
            Ok(Command::Serve(args)) => args,
            _ => panic!("{more:?}"),
        }
    }

    #[test]
    fn faults_are_listed_all_or_by_family() {
        let one = faults(Some(Family::Auth), 60);
        assert!(one.starts_with("unauthorized-as-html\n  right  "), "{one}");
        assert!(!one.contains("page-cap-20"));
        assert!(one.ends_with("\n\n9 faults\n"), "{one}");
        let all = faults(None, 60);
        let count = format!("\n\n{} faults; --list-faults FAMILY", Fault::ALL.len());
        assert!(
            all.contains("page-cap-20\n") && all.contains(&count),
            "{all}"
        );
        let is_url = |line: &str| line.trim_start().starts_with("http");
        for text in [&one, &all] {
            assert!(
                text.lines().all(|l| l.chars().count() <= 60 || is_url(l)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_fault_that_would_show_nothing_is_refused() {
        let line = ["--open", "--fault", "tenants-not-apart"];
        let refused = settings(&args(&line), &Environment::default()).map(|_| ());
        let hint = refused.unwrap_err().hint().unwrap();
        assert!(hint.starts_with("scim-conform run --fault tenants-not-apart"));
    }

    #[test]
    fn an_empty_token_lets_nobody_in_by_mistake() {
        let empty = Environment::of([("SCIM_CONFORM_TOKEN", "")]);
        assert!(settings(&args(&[]), &empty).is_err());
        assert!(settings(&args(&["--token", " "]), &Environment::default()).is_err());
    }

    #[test]
    fn the_token_is_of_the_flag_or_of_the_environment_or_a_new_one() {
        let env = Environment::of([("SCIM_CONFORM_TOKEN", "env")]);
        let access = |more: &[&str], env| settings(&args(more), env).unwrap().access;
        let given = |text: &str| Access::Given(Secret::new(text));
        assert_eq!(access(&["--token", "flag"], &env), given("flag"));
        assert_eq!(access(&[], &env), given("env"));
        assert_eq!(access(&["--open"], &env), Access::Open);
        let none = Environment::default();
        let made = access(&[], &none);
        assert!(made.token().unwrap().expose().len() >= 32);
        assert_ne!(made, access(&[], &none), "each start has its own");
    }
}
