//! No secret leaves the program, in whatever form a target repeats it: a lying target, a whole run, and a search of
//! everything that the run has said and written.

#[path = "judge/bench.rs"]
#[allow(dead_code)]
mod bench;
#[path = "support/echo.rs"]
mod echo;
#[path = "support/program.rs"]
#[allow(dead_code)]
mod program;

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use scim_conform::cli::last_run::{self, LastRuns};
use scim_conform::engine::event::{Event, Listener};
use scim_conform::engine::outcome::RunResult;
use scim_conform::engine::settings::{Reach, Settings};
use scim_conform::exchange::{Body, HeaderText, Request, Sending, Transport};
use scim_conform::oin::{Claims, Readiness};
use scim_conform::okta::App;
use scim_conform::okta::request::{Agent, Client};
use scim_conform::report::plan::AtEnd;
use scim_conform::report::{
    Closing, Terminal, TerminalOptions, Verbosity, csv, explain, json, junit,
};
use scim_conform::secret::Secret;
use scim_conform::server::{InProcess, Policy, Tenant};
use scim_conform::snapshot::{
    Name, RunNames, SnapshotFile, Store, Tolerance, Transcript, Writing, compare,
};
use serde_json::json;

use bench::Bench;
use echo::{Echo, Spoiled, assert_nowhere};
use program::{Done, command};

/// What formats escape, and what looks like an escape.
const TOKEN: &str = "t0k/En+x==&<q>\"a'b\\c%2Fd~9";
const CONSTANT: &str = "Pä55w/rd+constant";
const USER_AND_PASSWORD: &str = "svc-okta:b4s!c/Pa55+wörd";

/// Answers as the reference server does, and then repeats secrets.
struct Liar {
    tenant: InProcess,
    echo: Arc<Echo>,
}

impl Transport for Liar {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            self.echo.hear(request.body.as_deref().unwrap_or_default());
            let mut exchange = self.tenant.send(request).await;
            if let Ok(response) = &mut exchange.outcome {
                let mut answer = Spoiled {
                    status: response.status,
                    reason: String::new(),
                    headers: std::mem::take(&mut response.headers),
                    body: response.body.bytes.to_vec(),
                };
                self.echo.spoil(&mut answer);
                response.status = answer.status;
                let encoding = answer
                    .headers
                    .iter()
                    .find(|(name, _)| name == "Content-Encoding");
                let encoding = encoding.map(|(_, value)| value.clone());
                response.headers = answer.headers;
                response.body = Body::read(Bytes::from(answer.body), encoding.as_deref());
            }
            exchange
        })
    }
}

/// What a terminal was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<u8>>>);

impl Write for Told {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Both(Arc<Terminal>, Told);

impl Listener for Both {
    fn on(&self, event: &Event<'_>) {
        self.0.on(event);
        let _ = write!(self.1.clone(), "{event:?}");
    }
}

fn options() -> TerminalOptions {
    TerminalOptions {
        extent: scim_conform::report::Extent::Whole,
        width: 200,
        verbosity: Verbosity::Verbose,
        progress: false,
        at_end: AtEnd::Removed,
    }
}

/// Every file below a folder, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    found
}

/// Plays the whole catalogue against the liar, and writes everything that a run can write into `folder`.
fn play(
    echo: &Arc<Echo>,
    authorization: &str,
    credentials: &[&str],
    ledger: &Path,
    folder: &Path,
) -> (RunResult, Vec<(String, String)>) {
    let told = Told::default();
    let terminal = Arc::new(Terminal::new(options(), Box::new(told.clone())));
    let tenant = Arc::new(Tenant::new(None, Policy::default()));
    let liar = Arc::new(Liar {
        tenant: InProcess::new(tenant),
        echo: Arc::clone(echo),
    });
    let settings = Settings {
        client: Client {
            agent: Agent::Okta,
            authorization: Some(HeaderText::Secret(Secret::new(authorization))),
            extra: Vec::new(),
        },
        credentials: credentials.iter().map(|text| Secret::new(*text)).collect(),
        user_attributes: vec![("password".to_owned(), json!(CONSTANT))],
        max_foreign_users: u64::MAX,
        ledger: Some(ledger.to_owned()),
        ..bench::settings(Reach::Shared(liar as Arc<dyn Transport>), Duration::ZERO)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let listener = Arc::new(Both(Arc::clone(&terminal), told.clone()));
    let (_, result) = runtime.block_on(Bench::new(&[]).play_to(settings, listener));
    assert!(result.exchanges > 1_000, "{} exchanges", result.exchanges);
    let readiness = Readiness::of(&result, &App::ALL, Claims::default(), Vec::new());
    let mut text = Vec::new();
    let closing = Closing {
        plan: Some(readiness),
        ..Closing::default()
    };
    terminal.finish(&result, &closing, &mut text).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let readiness = closing.plan.as_ref();
    write("report.json", &json::render(&result, None, readiness));
    write("report.xml", &junit::render(&result, None).unwrap());
    write("plan.csv", &readiness.map(csv::render).unwrap());
    let store = Store::new(folder.join("snapshots"), Writing::Accept);
    for scenario in result
        .scenarios
        .iter()
        .filter(|scenario| !scenario.exchanges.is_empty())
    {
        let names = RunNames {
            run_id: result.run_id.clone(),
            tail: 4,
            base_url: result.target.url.clone(),
            host: "localhost".to_owned(),
        };
        let name = Name {
            app: scenario.app,
            scenario: scenario.id.0.clone(),
        };
        let transcript = Transcript::of(scenario, &names);
        let checked = store.check(&name, &scenario.title, &transcript).unwrap();
        // What was written is read back as it was.
        let written = std::fs::read_to_string(checked.written.unwrap()).unwrap();
        let read = SnapshotFile::parse(&written).unwrap().transcript().unwrap();
        assert_eq!(read.render(), transcript.render());
        let compared = compare(&read, &transcript, Tolerance::Own);
        assert!(
            compared.differences.is_empty(),
            "{}: {:?}",
            scenario.id,
            compared.differences
        );
    }
    let mut runs = LastRuns::default();
    runs.remember("target", &result);
    last_run::save(&folder.join("last-run.json"), &runs).unwrap();
    let explained: Vec<String> = runs
        .latest()
        .unwrap()
        .findings
        .iter()
        .map(|finding| explain::finding(finding, None, 200))
        .collect();
    let mut outputs = files(folder);
    outputs.push(("explain".to_owned(), explained.concat()));
    outputs.push(("the terminal".to_owned(), String::from_utf8(text).unwrap()));
    outputs.push((
        "the talk".to_owned(),
        String::from_utf8_lossy(&told.0.lock().unwrap()).into_owned(),
    ));
    outputs.push(("the result".to_owned(), format!("{result:?}")));
    if ledger.exists() {
        outputs.extend(files(ledger.parent().unwrap()));
    }
    (result, outputs)
}

/// The judge has seen that secrets come back, and says so.
fn assert_found(result: &RunResult) {
    for id in ["secret/token-returned", "secret/password-returned"] {
        let found = result.findings.iter().any(|finding| finding.check.id == id);
        assert!(found, "{id}");
    }
}

#[test]
fn a_token_that_is_repeated_in_every_form_stands_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let ledgers = tempfile::tempdir().unwrap();
    let echo = Arc::new(Echo::new(&[TOKEN, CONSTANT]));
    let ledger = ledgers.path().join("run.jsonl");
    let (result, outputs) = play(
        &echo,
        &format!("Bearer {TOKEN}"),
        &[TOKEN],
        &ledger,
        folder.path(),
    );
    assert_found(&result);
    echo.assert_every_place();
    assert_nowhere(&echo.secrets(), &outputs);
}

#[test]
fn basic_credentials_that_are_repeated_in_every_form_stand_nowhere() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let ledgers = tempfile::tempdir().unwrap();
    let pair = base64::engine::general_purpose::STANDARD.encode(USER_AND_PASSWORD);
    let (_, password) = USER_AND_PASSWORD.split_once(':').unwrap();
    let echo = Arc::new(Echo::new(&[USER_AND_PASSWORD, password, &pair]));
    let header = format!("Basic {pair}");
    let ledger = ledgers.path().join("run.jsonl");
    let (result, outputs) = play(&echo, &header, &[&header], &ledger, folder.path());
    assert_found(&result);
    echo.assert_every_place();
    assert_nowhere(&echo.secrets(), &outputs);
}

/// Control characters, what turns the direction of text, what nobody sees, and what is no character.
const STEERING: &str =
    "\u{7f}\u{85}\u{9b}\u{200b}\u{200d}\u{202e}\u{2066}\u{feff}\u{fffe}\u{ffff}\u{e0001}\u{1b}";

#[test]
fn no_file_holds_what_steers_a_terminal_or_breaks_a_parser() {
    let folder = tempfile::tempdir().unwrap();
    let ledgers = tempfile::tempdir().unwrap();
    let echo = Arc::new(Echo::saying(STEERING));
    let ledger = ledgers.path().join("run.jsonl");
    let (_, outputs) = play(
        &echo,
        "Bearer of-the-reference",
        &[],
        &ledger,
        folder.path(),
    );
    echo.assert_every_place();
    for (name, text) in &outputs {
        // How Rust shows a value for debugging is nothing that leaves the program, and a joiner may be shown to people.
        let is_file = Path::new(name).is_absolute();
        let is_debug = ["the result", "the talk"].contains(&name.as_str());
        let may = |c: char| match c {
            '\n' | '\r' => true,
            '\u{200d}' => !is_file || name.ends_with(".xml") || name.ends_with(".csv"),
            // The terminal's own colours.
            '\u{1b}' => !is_file,
            c => !STEERING.contains(c) && !c.is_control(),
        };
        if !is_debug && let Some(at) = text.find(|c| !may(c)) {
            let (start, c) = (
                text.floor_char_boundary(at.saturating_sub(100)),
                text[at..].chars().next(),
            );
            panic!("{name} holds {c:?}: {:?}", &text[start..at]);
        }
        // XML 1.0, 2.2.
        let in_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(
            !name.ends_with(".xml") || text.chars().all(in_xml),
            "{name}"
        );
    }
    // In JSON the value is the same.
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let headers = report["scenarios"].as_array().unwrap().iter();
    let headers = headers
        .flat_map(|scenario| scenario["exchanges"].as_array().unwrap())
        .flat_map(|exchange| {
            exchange["response"]["headers"]
                .as_array()
                .into_iter()
                .flatten()
        });
    let said = format!("sent {STEERING}!");
    assert!(
        headers
            .into_iter()
            .any(|header| header["value"] == said.as_str())
    );
}

/// The liar behind a socket.
struct Listening {
    url: String,
    stop: Arc<std::sync::atomic::AtomicBool>,
}

impl Listening {
    fn start(echo: &Arc<Echo>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let tenant = Arc::new(Tenant::new(None, Policy::default()));
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (echo, stopped) = (Arc::clone(echo), Arc::clone(&stop));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                let (echo, tenant) = (Arc::clone(&echo), Arc::clone(&tenant));
                std::thread::spawn(move || serve(&client, &echo, &tenant));
            }
        });
        Self { url, stop }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        let address = self
            .url
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap();
        let _ = TcpStream::connect(address);
    }
}

/// Serves one connection until its end.
fn serve(client: &TcpStream, echo: &Echo, tenant: &Tenant) -> Option<()> {
    let mut input = BufReader::new(client);
    loop {
        let mut line = String::new();
        input
            .read_line(&mut line)
            .ok()
            .filter(|length| *length > 0)?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut message = http::Request::builder().method(method.as_str()).uri(
            target
                .strip_prefix("/scim/v2")
                .filter(|rest| !rest.is_empty())
                .unwrap_or("/"),
        );
        let mut length = 0;
        loop {
            let mut line = String::new();
            input.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
            message = message.header(name, value.trim());
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).ok()?;
        echo.hear(&body);
        let (parts, bytes) = tenant
            .handle(message.body(Bytes::from(body)).ok()?)
            .into_parts();
        let header =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut answer = Spoiled {
            status: parts.status.as_u16(),
            reason: "As Said".to_owned(),
            headers: parts
                .headers
                .iter()
                .map(|(n, v)| (n.to_string(), header(v)))
                .collect(),
            body: bytes.to_vec(),
        };
        echo.spoil(&mut answer);
        let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason);
        for (name, value) in &answer.headers {
            if !name.eq_ignore_ascii_case("content-length") {
                text += &format!("{name}: {value}\r\n");
            }
        }
        let has_body = method != "HEAD" && !matches!(answer.status, 204 | 304);
        if has_body {
            text += &format!("Content-Length: {}\r\n", answer.body.len());
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        bytes.extend(answer.body.iter().filter(|_| has_body));
        { client }.write_all(&bytes).ok()?;
    }
}

/// Through the front door: the program itself, real sockets, its files in folders of their own.
#[test]
fn the_program_shows_and_writes_no_form_of_a_secret() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let echo = Arc::new(Echo::new(&[TOKEN, CONSTANT]));
    let target = Listening::start(&echo);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (json, junit, csv) = (path("r.json"), path("r.xml"), path("r.csv"));
    let constant = format!("password={CONSTANT}");
    let mut outputs = Vec::new();
    let mut run = |arguments: &[&str]| {
        echo.begin();
        let fixed = [
            "--target",
            &target.url,
            "--yes",
            "--settle",
            "0s",
            "--tap",
            "--no-proxy",
            "--user-attribute",
            &constant,
        ];
        let mut command = command(state.path(), &[arguments, &fixed].concat());
        command.env("SCIM_CONFORM_TOKEN", TOKEN);
        let done = Done::of(command);
        outputs.push((format!("{arguments:?}"), done.all()));
        done.code
    };
    let reports = [format!("json={json}"), format!("junit={junit}")];
    let snapshots = path("snapshots");
    std::fs::create_dir(&snapshots).unwrap();
    let code = run(&[
        "run",
        "users",
        "lifecycle",
        "profile",
        "groups",
        "imports",
        "connection",
        "--cleanup",
        "none",
        "--diff",
        "-v",
        "--report",
        &reports[0],
        "--report",
        &reports[1],
        "--snapshots",
        &snapshots,
    ]);
    assert_eq!(code, 1, "{outputs:?}");
    assert!(
        state.path().join("ledgers").is_dir(),
        "what was left behind is remembered"
    );
    let plan = format!("csv={csv}");
    run(&["run", "--plan", "oin", "--report", &plan]);
    outputs.extend(files(state.path()));
    outputs.extend(files(folder.path()));
    for finding in 1..=30 {
        let finding = format!("F{finding}");
        outputs.push((
            finding.clone(),
            Done::of(command(state.path(), &["explain", &finding])).all(),
        ));
    }
    echo.begin();
    let sweep = ["sweep", "--target", &target.url, "--yes", "--no-proxy"];
    let mut sweep = command(state.path(), &sweep);
    sweep.env("SCIM_CONFORM_TOKEN", TOKEN);
    outputs.push(("sweep".to_owned(), Done::of(sweep).all()));
    for wanted in [
        "r.json",
        "r.xml",
        "r.csv",
        "last-run.json",
        ".jsonl",
        ".snap",
    ] {
        assert!(
            outputs.iter().any(|(name, _)| name.contains(wanted)),
            "{wanted} was written"
        );
    }
    let report = std::fs::read_to_string(&json).unwrap();
    assert!(
        report.contains("secret/token-returned") && report.contains("secret/password-returned")
    );
    echo.assert_every_place();
    assert_nowhere(&echo.secrets(), &outputs);
}
