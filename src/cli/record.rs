//! `record`: from arguments to settings, and what is said at the end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::recorder::Tally;
use crate::report::file;
use crate::report::text::{count, printable};

use super::args::RecordArgs;
use super::environment::{self, Environment};
use super::error::CliError;
use super::exit::Exit;
use super::last_run;
use super::live;
use super::settings::{Network, Proxy};
use super::streams::Streams;
use super::target::TargetError;

/// What `record` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordSettings {
    /// The base URL of the server behind the recorder, as given.
    pub(crate) target: String,
    /// How to reach it.
    pub(crate) network: Network,
    /// How long it may be silent.
    pub(crate) timeout: Duration,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The recording.
    pub(crate) out: PathBuf,
    /// Begin it anew, whatever is in the file.
    pub(crate) overwrite: bool,
    /// Write people as they are.
    pub(crate) keep_people: bool,
    /// Pass `Host` on as it came.
    pub(crate) keep_host: bool,
    /// Where the key of aliases is kept, so that a person has the same alias in all recordings of this machine.
    pub(crate) state: Option<PathBuf>,
}

/// Records until interrupted.
///
/// # Errors
/// [`CliError`], when it cannot.
pub(crate) fn execute(
    args: &RecordArgs,
    env: &Environment,
    streams: &mut Streams,
) -> Result<Exit, CliError> {
    let settings = settings(args, env)?;
    file::check(&settings.out)?;
    let tally = live::record(&settings, streams.person.talk, streams.can_show_progress)?;
    let text = summary(&tally, &settings.out);
    streams.print(&text)?;
    Ok(Exit::Success.with_failure(tally.lost > 0))
}

fn settings(args: &RecordArgs, env: &Environment) -> Result<RecordSettings, CliError> {
    let (name, target) = match &args.target {
        Some(target) => ("--target", Some(target.clone())),
        None => (environment::TARGET, env.text(environment::TARGET)?),
    };
    let target = match target {
        Some(target) if target.trim().is_empty() => return Err(TargetError::Empty { name }.into()),
        Some(target) => target,
        None => return Err(TargetError::NoTarget.into()),
    };
    Ok(RecordSettings {
        target,
        network: Network {
            ca: args.ca.clone(),
            client_cert: args.client_cert.clone(),
            insecure: args.insecure,
            proxy: Proxy::Direct,
        },
        timeout: args.timeout,
        listen: args.listen,
        out: args.out.clone(),
        overwrite: args.overwrite,
        keep_people: args.keep_people,
        keep_host: args.keep_host,
        state: last_run::folder(env).ok(),
    })
}

/// `127.0.0.1:8888`, `localhost:8888`, `[::1]:8888`, or a port alone.
///
/// # Errors
/// A sentence on what to write.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:8888".to_owned())
}

/// What came of it, and what to do next.
fn summary(tally: &Tally, out: &Path) -> String {
    let file = out.display().to_string();
    let file = printable(&file);
    let mut lines = Vec::new();
    let kept = count(tally.kept as u64, "exchange");
    let before = tally.entries.saturating_sub(tally.kept);
    lines.push(match before {
        0 => format!("recorded {kept} in {file}"),
        before => format!("recorded {kept} in {file}, after {before} that were there"),
    });
    if tally.unanswered > 0 {
        lines.push(format!(
            "{} of them without a whole answer of the server",
            tally.unanswered
        ));
    }
    if tally.lost > 0 {
        lines.push(format!(
            "{} passed, and could not be written",
            count(tally.lost as u64, "exchange")
        ));
    }
    for (status, number) in &tally.refused {
        lines.push(format!(
            "{} refused with {status}, and the server did not hear of it",
            count(*number as u64, "request")
        ));
    }
    if tally.entries > 0 {
        let file = quoted(&file);
        lines.push(String::new());
        lines.push(format!("scim-conform judge {file}"));
        lines.push("    what went wrong between Okta and your server".to_owned());
        lines.push(format!("scim-conform calibrate {file}"));
        lines.push("    whether Okta sends what is replayed here".to_owned());
    }
    lines.join("\n") + "\n"
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-~:\\".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser as _;

    use super::super::args::{Cli, Command};
    use super::*;

    fn settings_of(line: &str, env: &Environment) -> Result<RecordSettings, String> {
        let words = ["scim-conform", "record"];
        let words = words.into_iter().chain(line.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        let Command::Record(args) = cli.command else {
            unreachable!("record was given");
        };
        settings(&args, env).map_err(|e| e.to_string())
    }

    #[test]
    fn the_target_is_of_the_flag_or_of_the_environment() {
        let env = Environment::of([("SCIM_CONFORM_TARGET", "https://env.test/v2")]);
        let of = |line: &str, env| settings_of(line, env).map(|settings| settings.target);
        assert_eq!(of("", &env).as_deref(), Ok("https://env.test/v2"));
        let flag = of("--target https://flag.test", &env);
        assert_eq!(flag.as_deref(), Ok("https://flag.test"));
        let none = Environment::default();
        assert_eq!(of("", &none), Err("no target is given".to_owned()));
        let empty = of("--target=", &none);
        assert_eq!(empty, Err("--target is set but empty".to_owned()));
    }

    #[test]
    fn an_address_is_given_whole_or_as_a_port() {
        for (text, wanted) in [
            ("127.0.0.1:0", Ok("127.0.0.1:0")),
            ("localhost:81", Ok("127.0.0.1:81")),
            ("81", Ok("127.0.0.1:81")),
            ("[::1]:81", Ok("[::1]:81")),
            ("0.0.0.0:81", Ok("0.0.0.0:81")),
            ("host:81", Err(())),
            ("127.0.0.1", Err(())),
            ("", Err(())),
        ] {
            let shown = address(text).map(|address| address.to_string());
            assert_eq!(shown.as_deref().map_err(|_| ()), wanted, "{text}");
        }
    }

    #[test]
    fn the_end_says_what_came_of_it_and_what_to_do() {
        let tally = Tally {
            entries: 7,
            kept: 5,
            unanswered: 1,
            lost: 2,
            refused: BTreeMap::from([(400, 1)]),
        };
        insta::assert_snapshot!(summary(&tally, Path::new("my okta.har")), @r"
        recorded 5 exchanges in my okta.har, after 2 that were there
        1 of them without a whole answer of the server
        2 exchanges passed, and could not be written
        1 request refused with 400, and the server did not hear of it

        scim-conform judge 'my okta.har'
            what went wrong between Okta and your server
        scim-conform calibrate 'my okta.har'
            whether Okta sends what is replayed here
        ");
        let nothing = summary(&Tally::default(), Path::new("okta.har"));
        assert_eq!(nothing, "recorded 0 exchanges in okta.har\n");
    }
}
