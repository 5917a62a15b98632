//! `record`: the recorder until Ctrl-C, and somebody who watches it.

mod alias_key;
mod view;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use crate::exchange::{BaseUrl, ProxyChoice, Settings};
use crate::recorder::{FileError, IfThere, Options, PeopleAs, Recorder, StartError, Tally};
use crate::redact::Aliases;
use crate::report::text::{count, printable};

use super::super::backend::{Refusal, Talk};
use super::super::error::tell;
use super::super::record::RecordSettings;
use super::super::signals::interrupts;
use super::{network, usage, world};
use view::View;

/// Records until the first interruption; the second one leaves what is still under way.
///
/// # Errors
/// [`Refusal`], when it cannot record, or when the second interruption came.
pub(super) async fn record(
    settings: &RecordSettings,
    talk: Talk,
    on_terminal: bool,
) -> Result<Tally, Refusal> {
    let mut interrupts = interrupts();
    let base = BaseUrl::parse(&settings.target).map_err(|e| usage(&e, None))?;
    let mut target = Settings::new(base.clone());
    target.idle_timeout = settings.timeout;
    target.total_timeout = settings.timeout;
    network(&settings.network, &mut target)?;
    target.proxy = ProxyChoice::None;
    let people = match settings.keep_people {
        true => PeopleAs::Shown,
        false => PeopleAs::Aliases(Aliases::new(&alias_key::of(settings.state.as_deref()))),
    };
    let options = Options {
        target,
        listen: settings.listen,
        file: settings.out.clone(),
        if_there: match settings.overwrite {
            true => IfThere::Overwrite,
            false => IfThere::GoOn,
        },
        people,
        keeps_host: settings.keep_host,
    };
    let view = View::of(&base.to_string(), &settings.out, talk, on_terminal)
        .map_err(|e| world(&e, Some("this is a defect of this build; please report it")))?;
    let recorder = Recorder::bind(options, view.observer())
        .await
        .map_err(|e| refusal(&e))?;
    let greeting = Greeting {
        settings,
        base: &base,
        address: recorder.address(),
        entries: recorder.entries(),
    };
    // With nowhere to talk to, recording goes on.
    let _ = greeting.tell(&mut talk());
    let watching = view.begin();
    let mut first = interrupts.clone();
    let tally = tokio::select! {
        tally = recorder.run(first.first()) => tally,
        () = interrupts.second() => {
            watching.end().await;
            return Err(Refusal::Interrupted);
        }
    };
    watching.end().await;
    tally.map_err(|e| world(&e, None))
}

fn refusal(error: &StartError) -> Refusal {
    match error {
        StartError::Listen { .. } => world(
            error,
            Some("choose another port with --listen, or 127.0.0.1:0 for a free one"),
        ),
        StartError::Itself => usage(
            error,
            Some("--target is your server; clients call the address of --listen in its place"),
        ),
        StartError::Settings(_) => usage(error, None),
        StartError::File(file) => {
            let hint = match file {
                FileError::NotOurs { .. } | FileError::NotRegular { .. } => {
                    "it is left as it is; choose another file with --out, or --overwrite it"
                }
                FileError::OtherPeople {
                    shows_people: true, ..
                } => "add --keep-people, or choose another file with --out",
                FileError::OtherPeople { .. } => {
                    "leave out --keep-people, or choose another file with --out"
                }
                FileError::InUse { .. } | FileError::TooLarge { .. } => {
                    "choose another file with --out; judge and calibrate read several together"
                }
                FileError::Io { .. } => "choose another file with --out",
            };
            usage(error, Some(hint))
        }
    }
}

/// What is said once it listens.
struct Greeting<'a> {
    settings: &'a RecordSettings,
    base: &'a BaseUrl,
    address: SocketAddr,
    entries: usize,
}

impl Greeting<'_> {
    fn tell(&self, talk: &mut dyn Write) -> io::Result<()> {
        let Self {
            settings,
            base,
            address,
            entries,
        } = self;
        let file = shown(&settings.out);
        writeln!(
            talk,
            "Recording what passes to {base}; Ctrl-C stops it.\nhttp://{address}{}",
            base.path()
        )?;
        match entries {
            0 => writeln!(talk, "into {file}")?,
            n => writeln!(
                talk,
                "into {file}, which has {} already",
                count(*n as u64, "exchange")
            )?,
        }
        match settings.keep_people {
            false => writeln!(
                talk,
                "Tokens and passwords are hidden, people have aliases."
            )?,
            true => writeln!(talk, "Tokens and passwords are hidden; people are not.")?,
        }
        if !address.ip().is_loopback() {
            let text = format!(
                "whoever reaches {address} reaches your server; it is not encrypted, and asks for no token of its own"
            );
            tell(talk, "warning", &text)?;
        }
        if settings.network.insecure {
            tell(talk, "warning", "any certificate of the server is accepted")?;
        }
        writeln!(talk)?;
        talk.flush()
    }
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::settings::Network;

    #[test]
    fn the_greeting_says_where_into_what_and_what_is_dangerous() {
        let mut settings = RecordSettings {
            target: "https://scim.acme.io/scim/v2".into(),
            network: Network::default(),
            timeout: Duration::from_secs(120),
            listen: ([127, 0, 0, 1], 8888).into(),
            out: "okta.har".into(),
            overwrite: false,
            keep_people: false,
            keep_host: false,
            state: None,
        };
        let base = BaseUrl::parse(&settings.target).unwrap();
        let told = |settings: &RecordSettings, entries| {
            let mut talk = Vec::new();
            let greeting = Greeting {
                settings,
                base: &base,
                address: settings.listen,
                entries,
            };
            greeting.tell(&mut talk).unwrap();
            console::strip_ansi_codes(&String::from_utf8(talk).unwrap()).into_owned()
        };
        insta::assert_snapshot!(told(&settings, 0), @r"
        Recording what passes to https://scim.acme.io/scim/v2; Ctrl-C stops it.
        http://127.0.0.1:8888/scim/v2
        into okta.har
        Tokens and passwords are hidden, people have aliases.
        ");
        settings.listen = ([0, 0, 0, 0], 8888).into();
        settings.keep_people = true;
        settings.network.insecure = true;
        insta::assert_snapshot!(told(&settings, 3), @r"
        Recording what passes to https://scim.acme.io/scim/v2; Ctrl-C stops it.
        http://0.0.0.0:8888/scim/v2
        into okta.har, which has 3 exchanges already
        Tokens and passwords are hidden; people are not.
        warning: whoever reaches 0.0.0.0:8888 reaches your server; it is not encrypted, and asks for no token of its own
        warning: any certificate of the server is accepted
        ");
    }
}
