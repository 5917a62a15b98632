//! The program in a process of its own, with nothing around it but what a test gives it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use scim_conform::exchange::{BaseUrl, HeaderText, Pooled, ProxyChoice, Settings, Transport as _};
use scim_conform::okta::request::{Agent, Client, Resource};

/// A token that no output may contain.
pub(crate) const TOKEN: &str = "swordfish-0123456789";

/// Longer than anything here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(300);

/// A command line. Its environment is empty but for the place where it keeps what it must remember.
pub(crate) fn command(state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-conform"));
    command
        .env_clear()
        .env("SCIM_CONFORM_STATE", state)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

impl Done {
    /// Runs a command to its end.
    pub(crate) fn of(command: Command) -> Self {
        Self::with_input(command, "")
    }

    /// Runs a command to its end; `input` is its standard input.
    pub(crate) fn with_input(command: Command, input: impl Into<Vec<u8>>) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = assert_cmd::Command::from_std(command)
            .timeout(PATIENCE)
            .write_stdin(input)
            .output()
            .unwrap();
        let done = Self {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            talk: String::from_utf8(stderr).unwrap(),
        };
        assert!(!done.talk.contains("panicked"), "{}", done.talk);
        done
    }

    /// Everything that it said.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.talk)
    }
}

/// The reference server as a process of its own.
pub(crate) struct Serving {
    process: Child,
    pub(crate) url: String,
    /// Host and port of the admin face, where it has one.
    pub(crate) admin: Option<String>,
}

impl Serving {
    /// Starts a server that wants `token`; `options` are further ones of `serve`.
    pub(crate) fn start(state: &Path, token: &str, options: &[&str]) -> Self {
        let fixed = ["serve", "--port", "0", "--token", token];
        let mut process = command(state, &[&fixed, options].concat())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut urls = told.map_while(Result::ok).filter_map(|line| {
            let line = line.trim();
            line.starts_with("http://").then(|| line.to_owned())
        });
        let url = urls.next().expect("it says where it listens");
        let admin = options.contains(&"--admin-port").then(|| {
            let other = urls.find(|other| !other.starts_with(&url));
            let url = other.expect("it says where its admin face is");
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            address.to_owned()
        });
        Self {
            process,
            url,
            admin,
        }
    }

    /// How many users there are behind [`TOKEN`], asked by the tool's own client.
    pub(crate) fn users(&self) -> u64 {
        let settings = Settings {
            proxy: ProxyChoice::None,
            ..Settings::new(BaseUrl::parse(&self.url).unwrap())
        };
        let client = Client {
            agent: Agent::Own,
            authorization: Some(HeaderText::Plain(format!("Bearer {TOKEN}"))),
            extra: vec![],
        };
        let list = client.list(Resource::User, 1, 2);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let exchange = runtime.block_on(async { Pooled::new(settings).unwrap().send(list).await });
        let list = exchange.response().unwrap().json().unwrap();
        list["totalResults"].as_u64().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
