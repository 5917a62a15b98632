//! What `serve` says once it listens: where, for whom, and commands to copy.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use crate::report::text::{count, printable};
use crate::server::Holding;

use super::super::super::settings::{Access, Certificate, ServeSettings};
use super::shown;

/// The parts of the greeting.
pub(super) struct Greeting<'a> {
    pub(super) settings: &'a ServeSettings,
    pub(super) base_url: &'a str,
    pub(super) admin: Option<SocketAddr>,
    pub(super) holds: Holding,
    pub(super) protection: Protection<'a>,
}

/// How a client comes to trust the server.
pub(super) enum Protection<'a> {
    /// HTTP, or a certificate that others vouch for.
    Nothing,
    /// By this file.
    Trust(&'a Path),
}

impl<'a> Protection<'a> {
    pub(super) fn of(settings: &'a ServeSettings) -> Self {
        match &settings.tls {
            Some(Certificate::SelfSigned(path)) => Self::Trust(path),
            Some(Certificate::Files { .. }) | None => Self::Nothing,
        }
    }

    /// An option of a command, on a line of its own.
    fn option(&self, name: &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Trust(path) => format!("{name} {} \\\n    ", quoted(path)),
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-~:\\".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

impl Greeting<'_> {
    pub(super) fn tell(&self, talk: &mut dyn Write) -> io::Result<()> {
        let guarded = match &self.settings.access {
            Access::Open => "without a token",
            Access::Given(_) => "with the token that was given",
            Access::Made(_) => "with a new token",
        };
        writeln!(
            talk,
            "The reference server listens, {guarded}; Ctrl-C stops it."
        )?;
        writeln!(talk, "{}", self.base_url)?;
        self.tell_content(talk)?;
        writeln!(talk, "\nTo use it:")?;
        if let Access::Made(token) = &self.settings.access {
            writeln!(talk, "  export SCIM_CONFORM_TOKEN={}", shown(token))?;
        }
        let trust = &self.protection;
        writeln!(
            talk,
            "  curl {}{}{}/Users",
            trust.option("--cacert"),
            self.bearer(),
            self.base_url
        )?;
        writeln!(
            talk,
            "  scim-conform run {}--target {}",
            trust.option("--ca"),
            self.base_url
        )?;
        if let Some(admin) = self.admin {
            writeln!(talk, "\nBehind Okta's back, with the same token:")?;
            writeln!(
                talk,
                "  curl {}--json '{{\"operation\":\"list-operations\"}}' \\\n    http://{admin}/",
                self.bearer()
            )?;
        }
        writeln!(talk)?;
        talk.flush()
    }

    /// The curl option, on a line of its own.
    fn bearer(&self) -> &'static str {
        match self.settings.access {
            Access::Open => "",
            Access::Given(_) | Access::Made(_) => {
                "-H \"Authorization: Bearer $SCIM_CONFORM_TOKEN\" \\\n    "
            }
        }
    }

    fn tell_content(&self, talk: &mut dyn Write) -> io::Result<()> {
        let Holding { users, groups } = self.holds;
        if users > 0 || groups > 0 {
            writeln!(
                talk,
                "It holds {} and {}.",
                count(users as u64, "user"),
                count(groups as u64, "group")
            )?;
        }
        if let Some(path) = &self.settings.state {
            let path = path.display().to_string();
            writeln!(talk, "It keeps them in {}.", printable(&path))?;
        }
        let faults = &self.settings.faults;
        if !faults.is_empty() {
            writeln!(talk, "Switched wrong: {}.", faults.join(", "))?;
        }
        if let Some(chaos) = self.settings.chaos {
            writeln!(
                talk,
                "It disturbs {} % of its answers; the seed is {}.",
                chaos.percent, chaos.seed
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::Chance;
    use crate::cli::values::LogForm;
    use crate::report::text::width_of;
    use crate::secret::Secret;

    fn settings(access: Access) -> ServeSettings {
        ServeSettings {
            port: 0,
            port_file: None,
            admin_port: None,
            tls: None,
            access,
            seed_users: None,
            state: None,
            extensions: vec![],
            me: None,
            patch_without_content: false,
            faults: vec![],
            chaos: None,
            log: None,
        }
    }

    fn told(settings: &ServeSettings, base_url: &str, users: usize) -> String {
        let mut talk = Vec::new();
        let greeting = Greeting {
            settings,
            base_url,
            admin: settings
                .admin_port
                .map(|port| ([127, 0, 0, 1], port).into()),
            holds: Holding {
                users,
                groups: users / 20,
            },
            protection: Protection::of(settings),
        };
        greeting.tell(&mut talk).unwrap();
        let told = String::from_utf8(talk).unwrap();
        for line in told.lines() {
            assert!(width_of(line) <= 80, "{line}");
        }
        told
    }

    #[test]
    fn a_new_token_is_shown_once_and_a_given_one_never() {
        let made = Secret::new("5d0c5bf5f0b64e2e9d0f4bb6e6c0b2b7");
        let told_made = told(
            &settings(Access::Made(made.clone())),
            "http://127.0.0.1:8080/scim/v2",
            0,
        );
        insta::assert_snapshot!(told_made, @r#"
        The reference server listens, with a new token; Ctrl-C stops it.
        http://127.0.0.1:8080/scim/v2

        To use it:
          export SCIM_CONFORM_TOKEN=5d0c5bf5f0b64e2e9d0f4bb6e6c0b2b7
          curl -H "Authorization: Bearer $SCIM_CONFORM_TOKEN" \
            http://127.0.0.1:8080/scim/v2/Users
          scim-conform run --target http://127.0.0.1:8080/scim/v2
        "#);
        let given = told(&settings(Access::Given(made)), "http://127.0.0.1:1/x", 0);
        assert!(!given.contains("5d0c5b"));
        assert!(given.contains("with the token that was given"));
        let open = told(&settings(Access::Open), "http://127.0.0.1:1/x", 0);
        assert!(!open.contains("TOKEN") && open.contains("without a token"));
    }

    #[test]
    fn all_that_is_switched_on_is_said() {
        let full = ServeSettings {
            admin_port: Some(65_535),
            tls: Some(Certificate::SelfSigned("it's here.pem".into())),
            state: Some("users.json".into()),
            faults: vec!["page-cap-50".to_owned()],
            chaos: Some(Chance {
                seed: 7,
                percent: 10,
            }),
            log: Some(LogForm::Text),
            ..settings(Access::Made(Secret::new(
                "5d0c5bf5f0b64e2e9d0f4bb6e6c0b2b7",
            )))
        };
        insta::assert_snapshot!(told(&full, "https://127.0.0.1:65535/scim/v2", 500), @r#"
        The reference server listens, with a new token; Ctrl-C stops it.
        https://127.0.0.1:65535/scim/v2
        It holds 500 users and 25 groups.
        It keeps them in users.json.
        Switched wrong: page-cap-50.
        It disturbs 10 % of its answers; the seed is 7.

        To use it:
          export SCIM_CONFORM_TOKEN=5d0c5bf5f0b64e2e9d0f4bb6e6c0b2b7
          curl --cacert 'it'\''s here.pem' \
            -H "Authorization: Bearer $SCIM_CONFORM_TOKEN" \
            https://127.0.0.1:65535/scim/v2/Users
          scim-conform run --ca 'it'\''s here.pem' \
            --target https://127.0.0.1:65535/scim/v2

        Behind Okta's back, with the same token:
          curl -H "Authorization: Bearer $SCIM_CONFORM_TOKEN" \
            --json '{"operation":"list-operations"}' \
            http://127.0.0.1:65535/
        "#);
    }
}
