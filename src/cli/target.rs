//! From flags and environment to a target: which one, and how to reach it.
//!
//! No message here repeats a value that may hold a secret.

use std::path::{Path, PathBuf};

use http::{HeaderName, HeaderValue};

use crate::exchange::HeaderText;
use crate::secret::Secret;

use super::args::{AuthForm, RunArgs, RunscopeArgs, TargetArgs};
use super::environment::{self, Environment, NotUnicode};
use super::settings::{Chance, Credentials, Network, Proxy, Remote, TargetChoice};
use super::token_command::{self, TokenCommandError};

/// Headers that the client sets itself.
const OWN_HEADERS: [&str; 6] = [
    "authorization",
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
];

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// `CI` is set and nobody said what to test.
    #[error("no target is given, and CI is set")]
    NoTargetInCi,
    /// A command that needs a server got none.
    #[error("no target is given")]
    NoTarget,
    /// Set, but empty.
    #[error("{name} is set but empty")]
    Empty {
        /// The option or the variable.
        name: &'static str,
    },
    /// Not text.
    #[error(transparent)]
    NotUnicode(#[from] NotUnicode),
    /// An option about a server, without a server.
    #[error("{option} is for a target, and none is given")]
    OnlyForTarget {
        /// The option.
        option: &'static str,
    },
    /// A fault for somebody else's server.
    #[error("{option} is for the built-in server, but SCIM_CONFORM_TARGET names another one")]
    FaultOfTarget {
        /// The option.
        option: &'static str,
    },
    /// The second tenant is the first one.
    #[error("the second tenant has the same URL and the same token as the target")]
    SameTenant,
    /// A token with a control character inside.
    #[error("the token holds a line break, a blank or another character that no header can carry")]
    TokenCharacters,
    /// `Bearer Bearer`.
    #[error("the token starts with the word Bearer, which --auth bearer adds itself")]
    DoubleBearer,
    /// `--auth header` or `--auth basic` and nothing to send.
    #[error("--auth {form} needs a token")]
    NoToken {
        /// `header` or `basic`.
        form: &'static str,
    },
    /// No colon.
    #[error("--auth basic needs a token of the form user:password")]
    NotBasic,
    /// The token command failed.
    #[error(transparent)]
    Command(#[from] TokenCommandError),
    /// Not `Name: value`.
    #[error("header number {number} is not of the form 'Name: value'")]
    Header {
        /// 1-based.
        number: usize,
    },
    /// A header that the client sets itself.
    #[error("the header {name} cannot be set")]
    OwnHeader {
        /// Its name.
        name: String,
    },
    /// A file that is not there.
    #[error("{option}: there is no file {}", path.display())]
    NoFile {
        /// The option.
        option: &'static str,
        /// The path.
        path: PathBuf,
    },
}

impl TargetError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoTargetInCi => {
                "give --target or SCIM_CONFORM_TARGET; --embedded runs against the built-in server"
            }
            Self::NoTarget => "give --target or SCIM_CONFORM_TARGET",
            Self::Empty { name } if name.contains("TOKEN") => {
                "a CI secret that this job may not read is empty; without a token, unset it"
            }
            Self::Empty { .. } => "give a URL such as https://scim.acme.io/v2, or unset it",
            Self::OnlyForTarget { .. } => "add --target or SCIM_CONFORM_TARGET",
            Self::FaultOfTarget { .. } => "add --embedded, or unset SCIM_CONFORM_TARGET",
            Self::SameTenant => "give it a token of its own in SCIM_CONFORM_OTHER_TOKEN",
            Self::TokenCharacters => "look for a blank or a line break within the token",
            Self::DoubleBearer => "leave the word out, or use --auth header",
            Self::NoToken { .. } => "give SCIM_CONFORM_TOKEN or --token-cmd",
            Self::NotBasic => "the user name and the password are joined by a colon",
            Self::Header { .. } => "write --header 'X-Tenant: acme'",
            Self::OwnHeader { name } if name.eq_ignore_ascii_case("authorization") => {
                "use --auth header and SCIM_CONFORM_TOKEN"
            }
            Self::OwnHeader { .. } => "it is part of how the request is sent",
            Self::Command(error) => return error.hint(),
            Self::NotUnicode(_) | Self::NoFile { .. } => return None,
        })
    }
}

/// The target of a run.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn of_run(args: &RunArgs, env: &Environment) -> Result<TargetChoice, TargetError> {
    let wrong = Wrong {
        faults: &args.fault,
        chaos: args.chaos.map(|seed| Chance {
            seed,
            percent: args.chaos_rate,
        }),
    };
    choice(args.embedded, &wrong, &args.target, env)
}

/// The target of an exported test.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn of_export(
    args: &RunscopeArgs,
    env: &Environment,
) -> Result<TargetChoice, TargetError> {
    let wrong = Wrong {
        faults: &args.fault,
        chaos: None,
    };
    choice(args.embedded, &wrong, &args.target, env)
}

/// What is to be wrong with the built-in server.
struct Wrong<'a> {
    faults: &'a [String],
    chaos: Option<Chance>,
}

impl Wrong<'_> {
    /// The option that asks for it.
    fn option(&self) -> Option<&'static str> {
        if self.faults.is_empty() {
            self.chaos.map(|_| "--chaos")
        } else {
            Some("--fault")
        }
    }
}

/// The server that was named, or the built-in one.
fn choice(
    on_embedded: bool,
    wrong: &Wrong<'_>,
    args: &TargetArgs,
    env: &Environment,
) -> Result<TargetChoice, TargetError> {
    let embedded = || TargetChoice::Embedded {
        faults: wrong.faults.to_vec(),
        chaos: wrong.chaos,
    };
    if on_embedded {
        refuse_without_target(args)?;
        return Ok(embedded());
    }
    match (base(args, env)?, wrong.option()) {
        (Some(_), Some(option)) => Err(TargetError::FaultOfTarget { option }),
        (Some(base), None) => Ok(TargetChoice::Remote(Box::new(remote(base, args, env)?))),
        (None, None) if env.is_ci() => Err(TargetError::NoTargetInCi),
        (None, _) => {
            refuse_without_target(args)?;
            Ok(embedded())
        }
    }
}

/// The second tenant, if there is one: at the same URL unless another one is given, and with a token of its own.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn other_of_run(
    args: &RunArgs,
    env: &Environment,
    target: &TargetChoice,
) -> Result<Option<Box<Remote>>, TargetError> {
    let TargetChoice::Remote(target) = target else {
        let given = [
            ("--other-target", args.other_target.is_some()),
            ("--other-token", args.other_token.is_some()),
            ("--hook", args.hook.is_some()),
        ];
        return match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(TargetError::OnlyForTarget { option }),
            None => Ok(None),
        };
    };
    let base = match &args.other_target {
        Some(base) => Some(("--other-target", base.clone())),
        None => env
            .text(environment::OTHER_TARGET)?
            .map(|base| (environment::OTHER_TARGET, base)),
    };
    if let Some((name, _)) = base.as_ref().filter(|(_, base)| base.trim().is_empty()) {
        return Err(TargetError::Empty { name });
    }
    let token = match &args.other_token {
        Some(token) => Some(("the TOKEN of --other-token", token.expose().to_owned())),
        None => env
            .text(environment::OTHER_TOKEN)?
            .map(|token| (environment::OTHER_TOKEN, token)),
    };
    let token = match token {
        Some((name, token)) if token.trim().is_empty() => return Err(TargetError::Empty { name }),
        Some((_, token)) => Some(checked(&token)?),
        None => None,
    };
    if base.is_none() && token.is_none() {
        return Ok(None);
    }
    let other = Remote {
        base: base.map_or_else(|| target.base.clone(), |(_, base)| base),
        credentials: match token {
            Some(token) => form(args.target.auth, token)?,
            None => Credentials::Anonymous,
        },
        ..(**target).clone()
    };
    if other.base.trim_end_matches('/') == target.base.trim_end_matches('/')
        && other.credentials == target.credentials
    {
        return Err(TargetError::SameTenant);
    }
    Ok(Some(Box::new(other)))
}

/// A target that must be a server.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn required(args: &TargetArgs, env: &Environment) -> Result<Remote, TargetError> {
    let base = base(args, env)?.ok_or(TargetError::NoTarget)?;
    remote(base, args, env)
}

/// The base URL; the flag wins over the environment.
fn base(args: &TargetArgs, env: &Environment) -> Result<Option<String>, TargetError> {
    let (name, base) = match &args.target {
        Some(base) => ("--target", Some(base.clone())),
        None => (environment::TARGET, env.text(environment::TARGET)?),
    };
    match base {
        Some(base) if base.trim().is_empty() => Err(TargetError::Empty { name }),
        base => Ok(base),
    }
}

/// An option about a server would be ignored without one; more likely the server was forgotten.
fn refuse_without_target(args: &TargetArgs) -> Result<(), TargetError> {
    let given = [
        ("--token", args.token.is_some()),
        ("--token-cmd", args.token_cmd.is_some()),
        ("--auth", args.auth != AuthForm::Bearer),
        ("--header", !args.header.is_empty()),
        ("--ca", args.ca.is_some()),
        ("--client-cert", args.client_cert.is_some()),
        ("--proxy", args.proxy.is_some()),
        ("--insecure", args.insecure),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(TargetError::OnlyForTarget { option }),
        None => Ok(()),
    }
}

fn remote(base: String, args: &TargetArgs, env: &Environment) -> Result<Remote, TargetError> {
    let headers = args.header.iter().enumerate();
    Ok(Remote {
        base,
        credentials: credentials(args, env)?,
        headers: headers
            .map(|(index, text)| header(text, index.saturating_add(1)))
            .collect::<Result<_, _>>()?,
        network: network(args)?,
    })
}

fn credentials(args: &TargetArgs, env: &Environment) -> Result<Credentials, TargetError> {
    let token = token(args, env)?;
    match (args.auth, token) {
        (AuthForm::Bearer, None) => Ok(Credentials::Anonymous),
        (AuthForm::Header, None) => Err(TargetError::NoToken { form: "header" }),
        (AuthForm::Basic, None) => Err(TargetError::NoToken { form: "basic" }),
        (auth, Some(token)) => form(auth, token),
    }
}

/// A token in the form in which it is sent.
fn form(auth: AuthForm, token: Secret) -> Result<Credentials, TargetError> {
    match auth {
        AuthForm::Bearer => {
            let scheme = token.expose().get(..7).unwrap_or_default();
            if scheme.eq_ignore_ascii_case("bearer ") {
                return Err(TargetError::DoubleBearer);
            }
            if token.expose().contains(char::is_whitespace) {
                return Err(TargetError::TokenCharacters);
            }
            Ok(Credentials::Bearer(token))
        }
        AuthForm::Header => Ok(Credentials::Header(token)),
        AuthForm::Basic if token.expose().contains(':') => Ok(Credentials::Basic(token)),
        AuthForm::Basic => Err(TargetError::NotBasic),
    }
}

/// The token: of the flag, else of the command, else of the environment. Blanks and line breaks
/// around it are dropped, as files and commands end with one.
fn token(args: &TargetArgs, env: &Environment) -> Result<Option<Secret>, TargetError> {
    let (name, token) = if let Some(token) = &args.token {
        ("--token", Some(token.expose().to_owned()))
    } else if let Some(command) = &args.token_cmd {
        return checked(token_command::run(command)?.expose()).map(Some);
    } else {
        (environment::TOKEN, env.text(environment::TOKEN)?)
    };
    let Some(token) = token else {
        return Ok(None);
    };
    if token.trim().is_empty() {
        let name = if name == "--token" {
            "the TOKEN of --token"
        } else {
            name
        };
        return Err(TargetError::Empty { name });
    }
    checked(&token).map(Some)
}

fn checked(token: &str) -> Result<Secret, TargetError> {
    let token = token.trim();
    // What no header value can hold (RFC 9110, 5.5).
    HeaderValue::from_str(token).map_err(|_| TargetError::TokenCharacters)?;
    Ok(Secret::new(token))
}

/// One `Name: value`. Its value may be a key, so it is a secret.
fn header(text: &Secret, number: usize) -> Result<(String, HeaderText), TargetError> {
    let wrong = TargetError::Header { number };
    let Some((name, value)) = text.expose().split_once(':') else {
        return Err(wrong);
    };
    let (name, value) = (name.trim(), value.trim());
    if HeaderName::try_from(name).is_err() || HeaderValue::from_str(value).is_err() {
        return Err(wrong);
    }
    if OWN_HEADERS.contains(&&*name.to_ascii_lowercase()) {
        return Err(TargetError::OwnHeader {
            name: name.to_owned(),
        });
    }
    Ok((name.to_owned(), HeaderText::Secret(Secret::new(value))))
}

fn network(args: &TargetArgs) -> Result<Network, TargetError> {
    for (option, path) in [("--ca", &args.ca), ("--client-cert", &args.client_cert)] {
        if let Some(path) = path.as_deref().filter(|path: &&Path| !path.is_file()) {
            return Err(TargetError::NoFile {
                option,
                path: path.to_owned(),
            });
        }
    }
    let proxy = match (&args.proxy, args.no_proxy) {
        (Some(url), _) => Proxy::Url(url.clone()),
        (None, true) => Proxy::Direct,
        (None, false) => Proxy::System,
    };
    Ok(Network {
        ca: args.ca.clone(),
        client_cert: args.client_cert.clone(),
        insecure: args.insecure,
        proxy,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn choose(
        line: &str,
        env: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> Result<TargetChoice, String> {
        let words = ["scim-conform", "run"]
            .into_iter()
            .chain(line.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        let Command::Run(args) = cli.command else {
            unreachable!("run was given");
        };
        of_run(&args, &Environment::of(env)).map_err(|e| e.to_string())
    }

    fn remote_of(choice: TargetChoice) -> Remote {
        match choice {
            TargetChoice::Remote(remote) => *remote,
            TargetChoice::Embedded { .. } => panic!("embedded"),
        }
    }

    #[test]
    fn a_target_is_never_chosen_by_accident() {
        let embedded = Ok(TargetChoice::Embedded {
            faults: vec![],
            chaos: None,
        });
        let faulty = Ok(TargetChoice::Embedded {
            faults: vec!["x".into()],
            chaos: None,
        });
        let none: [(&str, &str); 0] = [];
        assert_eq!(choose("", none), embedded);
        assert_eq!(choose("--fault x", [("CI", "true")]), faulty);
        assert_eq!(choose("--embedded", [("CI", "true")]), embedded);
        assert_eq!(
            choose("--embedded", [("SCIM_CONFORM_TARGET", "")]),
            embedded
        );
        let cases = [
            ("", ("CI", "true"), "no target is given, and CI is set"),
            (
                "",
                ("SCIM_CONFORM_TARGET", ""),
                "SCIM_CONFORM_TARGET is set but empty",
            ),
            ("--target=", ("CI", ""), "--target is set but empty"),
            (
                "--token x",
                ("CI", ""),
                "--token is for a target, and none is given",
            ),
            (
                "--fault x",
                ("SCIM_CONFORM_TARGET", "https://a.test"),
                "--fault is for the built-in server, but SCIM_CONFORM_TARGET names another one",
            ),
        ];
        for (line, variable, message) in cases {
            assert_eq!(choose(line, [variable]), Err(message.to_owned()), "{line}");
        }
        assert!(choose("--embedded --target https://a.test", none).is_err());
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let env = [
            ("SCIM_CONFORM_TARGET", "https://env.test"),
            ("SCIM_CONFORM_TOKEN", "from-env"),
        ];
        let remote = remote_of(choose("", env).unwrap());
        assert_eq!(remote.base, "https://env.test");
        assert_eq!(
            remote.credentials,
            Credentials::Bearer(Secret::new("from-env"))
        );
        let remote = remote_of(choose("--target https://flag.test --token flag", env).unwrap());
        assert_eq!(remote.base, "https://flag.test");
        assert_eq!(remote.credentials, Credentials::Bearer(Secret::new("flag")));
    }

    #[test]
    fn tokens_are_checked_without_being_shown() {
        let with = |line: &str, token| {
            choose(
                &format!("--target https://a.test {line}"),
                [("SCIM_CONFORM_TOKEN", token)],
            )
            .map(|choice| remote_of(choice).credentials)
        };
        let ok = [
            ("", " abc\n", Credentials::Bearer(Secret::new("abc"))),
            (
                "--auth header",
                "Key abc",
                Credentials::Header(Secret::new("Key abc")),
            ),
            (
                "--auth basic",
                "u:p w",
                Credentials::Basic(Secret::new("u:p w")),
            ),
        ];
        for (line, token, credentials) in ok {
            assert_eq!(with(line, token), Ok(credentials));
        }
        let wrong = [
            ("", "", "SCIM_CONFORM_TOKEN is set but empty"),
            (
                "",
                "Bearer swordfish",
                "the token starts with the word Bearer",
            ),
            ("", "sword fish", "the token holds a line break"),
            (
                "--auth header",
                "sword\nfish",
                "the token holds a line break",
            ),
            (
                "--auth basic",
                "swordfish",
                "--auth basic needs a token of the form",
            ),
        ];
        for (line, token, message) in wrong {
            let error = with(line, token).unwrap_err();
            assert!(error.starts_with(message), "{error}");
            assert!(!error.contains("fish"), "{error}");
        }
        let anonymous = choose("--target https://a.test", []).unwrap();
        assert_eq!(remote_of(anonymous).credentials, Credentials::Anonymous);
    }

    #[test]
    fn headers_are_secret_and_checked() {
        let with = |header: &str| {
            choose(&format!("--target https://a.test --header={header}"), [])
                .map(|choice| remote_of(choice).headers)
        };
        let secret = HeaderText::Secret(Secret::new("acme"));
        assert_eq!(with("X-Tenant:acme"), Ok(vec![("X-Tenant".into(), secret)]));
        for header in [
            "swordfish",
            "X\u{7}:swordfish",
            "authorization:swordfish",
            ":swordfish",
        ] {
            let error = with(header).unwrap_err();
            assert!(!error.contains("swordfish"), "{error}");
        }
    }

    #[test]
    fn a_missing_certificate_file_is_named() {
        let error = choose("--target https://a.test --ca no/such.pem", []).unwrap_err();
        assert_eq!(error, "--ca: there is no file no/such.pem");
    }
}
