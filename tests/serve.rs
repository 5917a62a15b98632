//! `serve` through the front door: what it says, what it writes, and how it stops.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use scim_conform::exchange::{
    BaseUrl, Exchange, HeaderText, Pem, Pooled, ProxyChoice, Request, Settings, Transport as _,
};
use serde_json::{Value, json};

/// Longer than anything here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(30);

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-conform"));
    command
        .env_clear()
        .env("SCIM_CONFORM_STATE", folder.join("runs"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// A server in a process of its own, which listens.
struct Serving {
    process: Child,
    folder: std::path::PathBuf,
    ports: Vec<u16>,
}

impl Serving {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    fn start_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let talk = fs::File::create(folder.join("talk")).unwrap();
        let port_file = folder.join("port");
        let mut process = command(folder, &["serve", "--port", "0", "--port-file", "port"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(talk)
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !port_file.exists() {
            let ended = process.try_wait().unwrap();
            let talk = fs::read_to_string(folder.join("talk")).unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{talk}");
            sleep(Duration::from_millis(5));
        }
        let ports = fs::read_to_string(&port_file).unwrap();
        Self {
            process,
            folder: folder.to_owned(),
            ports: ports
                .split_whitespace()
                .map(|p| p.parse().unwrap())
                .collect(),
        }
    }

    fn talk(&self) -> String {
        fs::read_to_string(self.folder.join("talk")).unwrap()
    }

    /// The token that it made.
    fn token(&self) -> String {
        let talk = self.talk();
        let line = talk
            .lines()
            .find_map(|l| l.trim().strip_prefix("export SCIM_CONFORM_TOKEN="));
        line.expect("a token to copy").to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    /// Ends it in order; its exit code.
    fn stop(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let began = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not stop");
            sleep(Duration::from_millis(5));
        }
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn send(&self, target: &str, token: &str, body: Option<Value>) -> Exchange {
        let base = format!("http://127.0.0.1:{}/scim/v2", self.ports[0]);
        send(&base, None, target, token, body)
    }

    fn create(&self, name: &str, token: &str) -> Option<u16> {
        let body = json!({"userName": name, "password": "hush-hush"});
        self.send("/Users", token, Some(body)).status()
    }

    fn users(&self, token: &str) -> u64 {
        let exchange = self.send("/Users?startIndex=1&count=1", token, None);
        let list = exchange
            .response()
            .expect("an answer")
            .json()
            .unwrap()
            .clone();
        list["totalResults"].as_u64().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(base: &str, ca: Option<&Path>, target: &str, token: &str, body: Option<Value>) -> Exchange {
    use scim_conform::exchange::Method;
    let settings = Settings {
        proxy: ProxyChoice::None,
        ca: ca
            .map(|path| Pem::read(path).unwrap())
            .into_iter()
            .collect(),
        ..Settings::new(BaseUrl::parse(base).unwrap())
    };
    let media_type = "application/scim+json".to_owned();
    let request = Request {
        method: if body.is_some() {
            Method::Post
        } else {
            Method::Get
        },
        target: target.to_owned(),
        headers: vec![
            ("Accept".to_owned(), HeaderText::Plain(media_type.clone())),
            (
                "User-Agent".to_owned(),
                HeaderText::Plain("test".to_owned()),
            ),
            ("Content-Type".to_owned(), HeaderText::Plain(media_type)),
            (
                "Authorization".to_owned(),
                HeaderText::Plain(format!("Bearer {token}")),
            ),
        ],
        body: body.map(|body| body.to_string().into_bytes().into()),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { Pooled::new(settings).unwrap().send(request).await })
}

fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = command(folder, &["serve", "--port", "0"])
        .args(arguments)
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_start_makes_a_token_and_a_port_file_and_a_stop_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let mut server = Serving::start(folder.path(), &["--admin-port", "0"]);
        assert_eq!(
            server.ports.len(),
            2,
            "the port, and that of the admin face"
        );
        let token = server.token();
        assert_eq!(server.send("/Users", &token, None).status(), Some(200));
        assert_eq!(server.send("/Users", "another", None).status(), Some(401));
        let talk = server.talk();
        assert_eq!(talk.matches(&token).count(), 1, "{talk}");
        let admin = format!("http://127.0.0.1:{}/", server.ports[1]);
        assert!(talk.contains(&admin), "{talk}");
        assert!(
            talk.lines().all(|line| line.chars().count() <= 80),
            "{talk}"
        );
        assert_eq!(server.stop(signal), Some(0), "{}", server.talk());
        assert!(!folder.path().join("port").exists());
    }
}

#[test]
fn a_given_token_is_never_shown_and_open_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("SCIM_CONFORM_TOKEN", "swordfish-0123")];
    let server = Serving::start_with(folder.path(), &["--log"], &variables);
    assert_eq!(
        server
            .send("/Users?x=swordfish-0123", "swordfish-0123", None)
            .status(),
        Some(200)
    );
    assert!(!server.talk().contains("swordfish"), "{}", server.talk());
    drop(server);
    let _ = fs::remove_file(folder.path().join("port"));
    let server = Serving::start(folder.path(), &["--open"]);
    assert_eq!(server.send("/Users", "whatever", None).status(), Some(200));
}

#[test]
fn schemas_and_me_and_empty_answers_are_options() {
    let folder = tempfile::tempdir().unwrap();
    let schema = json!({"id": "urn:acme:badge:1.0:User", "attributes": [{"name": "number", "type": "integer"}]});
    let file = folder.path().join("badge.json");
    std::fs::write(&file, schema.to_string()).unwrap();
    let options = [
        "--open",
        "--extension",
        "badge.json",
        "--me",
        "ada",
        "--patch-response",
        "204",
    ];
    let server = Serving::start(folder.path(), &options);
    let announced = server.send("/Schemas/urn:acme:badge:1.0:User", "", None);
    assert_eq!(announced.status(), Some(200));
    let ada = json!({"userName": "ada", "urn:acme:badge:1.0:User": {"number": 7}});
    assert_eq!(server.send("/Users", "", Some(ada)).status(), Some(201));
    let me = server.send("/Me", "", None);
    let me = me.response().unwrap().json().unwrap().clone();
    assert_eq!(me["urn:acme:badge:1.0:User"]["number"], json!(7));
    let (exit, talk) = refused(folder.path(), &["--extension", "none.json"]);
    assert_eq!(exit, 2, "{talk}");
    assert!(talk.contains("--extension none.json"), "{talk}");
}

#[test]
fn the_log_has_a_line_for_every_request_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for (form, shown) in [
        (
            "--log",
            "GET /scim/v2/Users?filter=userName%20eq%20%22ada%22 200",
        ),
        (
            "--log=json",
            r#""target":"/scim/v2/Users?filter=userName%20eq%20%22ada%22""#,
        ),
    ] {
        let mut server = Serving::start(folder.path(), &[form]);
        let token = server.token();
        assert_eq!(server.create("ada", &token), Some(201));
        server.send("/Users?filter=userName%20eq%20%22ada%22", &token, None);
        server.stop("TERM");
        let talk = server.talk();
        assert!(talk.contains(shown), "{talk}");
        assert!(talk.contains("POST"), "{talk}");
        assert!(
            !talk.contains("hush") && talk.matches(&token).count() == 1,
            "{talk}"
        );
    }
}

#[test]
fn users_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.json");
    let arguments = [
        "--state",
        "users.json",
        "--token",
        "t",
        "--seed-users",
        "40",
    ];
    let mut server = Serving::start(folder.path(), &arguments);
    assert!(
        server.talk().contains("It holds 40 users and 2 groups."),
        "{}",
        server.talk()
    );
    assert_eq!(server.create("ada", "t"), Some(201));
    assert_eq!(server.stop("TERM"), Some(0));
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("\"ada\"") && !text.contains("hush"),
        "no password is kept"
    );
    let server = Serving::start(folder.path(), &arguments);
    assert_eq!(server.users("t"), 41, "who was seeded is not seeded again");
}

#[test]
fn a_kill_leaves_a_whole_state() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.json");
    let _ = fs::remove_file(&file);
    let mut stored = 0;
    for round in 0..3 {
        let _ = fs::remove_file(folder.path().join("port"));
        let arguments = ["--state", "users.json", "--token", "t"];
        let mut server = Serving::start(folder.path(), &arguments);
        assert_eq!(server.users("t"), stored, "round {round}");
        let began = Instant::now();
        // Writes go on until one has reached the file; then it is killed in the middle of more.
        for n in 0.. {
            assert_eq!(server.create(&format!("u{round}-{n}"), "t"), Some(201));
            let saved = fs::read_to_string(&file).unwrap();
            if saved.contains(&format!("\"u{round}-")) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "changes are not saved");
        }
        server.kill();
        let saved: Value = serde_json::from_slice(&fs::read(&file).unwrap()).expect("whole JSON");
        let now = saved["users"].as_array().unwrap().len() as u64;
        assert!(now > stored, "what was saved once is not lost");
        stored = now;
    }
}

#[test]
fn a_broken_state_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.json");
    for broken in [
        "",
        "{\"format\":1,\"users\":[{\"id\"",
        "{\"format\":9,\"users\":[],\"groups\":[]}",
    ] {
        fs::write(&file, broken).unwrap();
        let (code, talk) = refused(folder.path(), &["--state", "users.json"]);
        assert_eq!(code, 2, "{talk}");
        assert!(
            talk.starts_with("error: users.json cannot be loaded: "),
            "{talk}"
        );
        assert!(talk.contains("hint: the file is left as it is"), "{talk}");
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }
}

#[test]
fn wrong_usage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("junk.pem"), "junk").unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["--token", ""], "the TOKEN of --token is set but empty"),
        (&["--token", "secret-x", "--open"], "cannot be used with"),
        (&["--chaos-rate", "5"], "--chaos"),
        (
            &["--chaos", "1", "--chaos-rate", "101"],
            "write a whole number from 1 to 100",
        ),
        (&["--tls-cert", "junk.pem"], "--tls-key"),
        (
            &["--tls-cert", "junk.pem", "--tls-key", "junk.pem"],
            "junk.pem holds no certificate in PEM",
        ),
        (
            &["--state", "no/such/users.json"],
            "there is no folder no/such",
        ),
        (&["--port-file", "."], "is a folder, not a file"),
        (&["--fault", "page-cap-5"], "did you mean page-cap-50"),
    ];
    for (arguments, expected) in cases {
        let (code, talk) = refused(folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?} {talk}");
        assert!(talk.contains(expected), "{arguments:?} {talk}");
        assert!(!talk.contains("secret-x"));
    }
}

#[test]
fn https_with_a_certificate_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Serving::start(
        folder.path(),
        &["--tls-self-signed", "ca.pem", "--token", "t"],
    );
    let ca = folder.path().join("ca.pem");
    let pem = fs::read_to_string(&ca).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("KEY"));
    for host in ["127.0.0.1", "localhost"] {
        let base = format!("https://{host}:{}/scim/v2", server.ports[0]);
        assert_eq!(
            send(&base, Some(&ca), "/Users", "t", None).status(),
            Some(200),
            "{host}"
        );
        assert_eq!(
            send(&base, None, "/Users", "t", None).status(),
            None,
            "nobody else trusts it"
        );
    }
    let target = format!("https://127.0.0.1:{}/scim/v2", server.ports[0]);
    let run = command(
        folder.path(),
        &["run", "connection", "--yes", "--target", &target],
    )
    .args(["--ca", "ca.pem", "--token", "t"])
    .output()
    .unwrap();
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn a_demo_can_be_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "run",
        "users/create",
        "--chaos",
        "3",
        "--chaos-rate",
        "100",
        "--settle",
        "0",
    ];
    let run = command(folder.path(), &arguments).output().unwrap();
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!([1, 3].contains(&run.status.code().unwrap()), "{out}");
    let other = [("SCIM_CONFORM_TARGET", "https://scim.example.test")];
    let run = command(folder.path(), &["run", "--chaos", "3"])
        .envs(other)
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(
        talk.contains("--chaos is for the built-in server"),
        "{talk}"
    );
    assert_eq!(run.status.code(), Some(2));
}
