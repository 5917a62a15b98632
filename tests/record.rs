//! `record` over real sockets: bytes pass as they are, and what is written holds no secret, no person, and all that
//! passed, however the recorder ends.

#[path = "support/certificates.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod certificates;
#[path = "support/echo.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod echo;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certificates::Authority;
use flate2::Compression;
use flate2::write::GzEncoder;
use program::{Done, Serving, TOKEN, command};
use scim_conform::exchange::{BaseUrl, ProxyChoice, Settings};
use scim_conform::recorder::{IfThere, Options, PeopleAs, Recorder, StartError, Tally};
use scim_conform::recording::har::{self, Answer, Content, Entry};
use scim_conform::redact::Aliases;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Longer than anything here takes, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a target does on a connection.
#[derive(Clone)]
enum Move {
    /// Waits until so many bytes have come since the last move of this kind.
    Read(usize),
    Write(Vec<u8>),
    /// Waits until the test says so.
    Wait(Arc<Notify>),
    Close,
    Reset,
    /// Keeps silent, and the connection open.
    Hang,
}

/// A target made of bytes. The n-th connection follows the n-th script, later ones the last.
struct Target {
    address: SocketAddr,
    /// What came on each connection.
    got: Arc<Mutex<Vec<Vec<u8>>>>,
    listener: JoinHandle<()>,
}

impl Target {
    async fn start(scripts: Vec<Vec<Move>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&got);
        let listener = tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                all.lock().unwrap().push(Vec::new());
                let script = scripts.get(number).or(scripts.last()).unwrap().clone();
                tokio::spawn(perform(stream, script, number, Arc::clone(&all)));
            }
        });
        Self {
            address,
            got,
            listener,
        }
    }

    /// One connection, on which each request gets its answer.
    async fn answering(exchanges: &[(&[u8], &[u8])]) -> Self {
        let script = exchanges.iter().flat_map(|(request, answer)| {
            [Move::Read(request.len()), Move::Write(answer.to_vec())]
        });
        let end = [Move::Hang];
        Self::start(vec![script.chain(end).collect()]).await
    }

    fn got(&self) -> Vec<Vec<u8>> {
        self.got.lock().unwrap().clone()
    }

    /// What came on the only connection.
    fn only(&self) -> Vec<u8> {
        let got = self.got();
        assert_eq!(got.len(), 1);
        got[0].clone()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn perform(
    mut stream: TcpStream,
    script: Vec<Move>,
    number: usize,
    all: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let mut wanted = 0;
    for one in script {
        match one {
            Move::Read(length) => {
                wanted += length;
                while all.lock().unwrap()[number].len() < wanted {
                    let mut buffer = [0; 4096];
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => {
                            all.lock().unwrap()[number].extend_from_slice(&buffer[..count])
                        }
                    }
                }
            }
            Move::Write(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Move::Wait(notify) => notify.notified().await,
            Move::Close => return,
            Move::Reset => return stream.set_zero_linger().unwrap(),
            Move::Hang => {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
                return;
            }
        }
    }
}

/// A recorder in this process.
struct Rig {
    address: SocketAddr,
    file: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Tally>,
    _folder: tempfile::TempDir,
}

fn settings(base: &str) -> Settings {
    Settings {
        proxy: ProxyChoice::None,
        ..Settings::new(BaseUrl::parse(base).unwrap())
    }
}

fn options(base: &str, file: &Path) -> Options {
    Options {
        target: settings(base),
        listen: ([127, 0, 0, 1], 0).into(),
        file: file.to_owned(),
        if_there: IfThere::GoOn,
        people: PeopleAs::Aliases(Aliases::new(b"a key of the tests")),
        keeps_host: false,
    }
}

impl Rig {
    async fn before(target: SocketAddr) -> Self {
        Self::with(&format!("http://{target}/scim/v2"), |_| {}).await
    }

    async fn with(base: &str, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("okta.har");
        let mut options = options(base, &file);
        change(&mut options);
        let recorder = Recorder::bind(options, Box::new(|_| ())).await.unwrap();
        let address = recorder.address();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            recorder.run(stopped).await.unwrap()
        });
        Self {
            address,
            file,
            stop: Some(stop),
            task,
            _folder: folder,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, and gives what comes until the recorder closes.
    async fn ask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut client = self.connect().await;
        client.write_all(bytes).await.unwrap();
        let mut got = Vec::new();
        let read = client.read_to_end(&mut got);
        // What a reset leaves is what came before it.
        let _ = tokio::time::timeout(PATIENCE, read).await.expect("an end");
        got
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    /// The file as any program reads it.
    fn raw(&self) -> Vec<Value> {
        let archive: Value = serde_json::from_str(&self.text()).unwrap();
        archive["log"]["entries"].as_array().unwrap().clone()
    }

    fn entries(&self) -> Vec<Entry> {
        entries(self.text().as_bytes())
    }

    async fn end(mut self) -> (Tally, String) {
        let _ = self.stop.take().unwrap().send(());
        let tally = tokio::time::timeout(PATIENCE, &mut self.task).await;
        let tally = tally.expect("it stops").unwrap();
        (tally, std::fs::read_to_string(&self.file).unwrap())
    }
}

fn entries(text: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    har::read(text, |entry| entries.push(entry)).unwrap();
    entries
}

async fn read_exactly(client: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut got = vec![0; length];
    let read = client.read_exact(&mut got);
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("an answer")
        .unwrap();
    got
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// As chunks of so many bytes.
fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in body.chunks(size) {
        bytes.extend_from_slice(format!("{:x};q=\"a\"\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\nX-Trailer: z\r\n\r\n");
    bytes
}

fn names(message: &Value) -> Vec<&str> {
    let headers = message["headers"].as_array().unwrap();
    headers
        .iter()
        .map(|h| h["name"].as_str().unwrap())
        .collect()
}

const LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;

/// Five requests, sent at once on one connection, and their answers: what is odd about each of them passes.
#[tokio::test]
async fn bytes_pass_unchanged_in_both_directions() {
    // The target is called by its own name here, so that not even Host changes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let create = chunks(br#"{"userName":"ada@x.test"}"#, 7);
    let binary: Vec<u8> = (0..=255).collect();
    let packed = gzip(LIST);
    let requests: Vec<Vec<u8>> = vec![
        format!("GET /scim/v2/Users?filter=userName%20eq%20%22x%22&&a HTTP/1.1\r\nhOsT: {host}\r\nX-oDD:   v \t \r\nx-odd: 2\r\naccept:*/*\r\nACCEPT-encoding: gzip\r\n\r\n").into_bytes(),
        [format!("\r\nPOST /scim/v2/Users HTTP/1.1\r\nHost:{host}\r\ntransfer-ENCODING: chunked\r\n\r\n").as_bytes(), &create].concat(),
        format!("HEAD /scim/v2/Users HTTP/1.1\nHost: {host}\n\n").into_bytes(),
        [format!("PUT /elsewhere HTTP/1.1\r\nHost: {host}\r\nContent-Length: 256\r\n\r\n").as_bytes(), &binary].concat(),
        format!("pAtCh /scim/v2/Users/7 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").into_bytes(),
    ];
    let answers: Vec<Vec<u8>> = vec![
        [b"HTTP/1.1 200 \r\nx-B: 1\r\nX-a: 2\r\nX-B:3\r\nContent-Encoding: gzip\r\nContent-type: application/scim+json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunks(&packed, 11)].concat(),
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".to_vec(),
        b"HTTP/1.0 204 No Content\r\nConnection: Keep-Alive\r\nDate: never\r\n\r\n".to_vec(),
        [b"HTTP/1.1 200 OK\n\n".to_vec(), binary.clone()].concat(),
    ];
    let mut script: Vec<Move> = requests
        .iter()
        .zip(&answers)
        .flat_map(|(request, answer)| [Move::Read(request.len()), Move::Write(answer.clone())])
        .collect();
    script.push(Move::Close);
    let target = Target::start_at(&host, script).await;
    let rig = Rig::before(target.address).await;
    let got = rig.ask(&requests.concat()).await;
    assert_eq!(got, answers.concat());
    assert_eq!(target.only(), requests.concat());

    let raw = rig.raw();
    assert_eq!(raw.len(), 5);
    assert_eq!(
        names(&raw[0]["request"]),
        ["hOsT", "X-oDD", "x-odd", "accept", "ACCEPT-encoding"]
    );
    assert_eq!(
        names(&raw[0]["response"]),
        [
            "x-B",
            "X-a",
            "X-B",
            "Content-Encoding",
            "Content-type",
            "Transfer-Encoding"
        ]
    );
    // Decoded for the archive alone.
    assert_eq!(raw[0]["response"]["content"]["text"], LIST);
    assert_eq!(raw[0]["response"]["bodySize"], packed.len());
    let body: Value =
        serde_json::from_str(raw[1]["request"]["postData"]["text"].as_str().unwrap()).unwrap();
    assert!(body["userName"].as_str().unwrap().ends_with("@example.com"));
    let status = |entry: &Value| entry["response"]["status"].clone();
    let statuses: Vec<Value> = raw.iter().map(status).collect();
    assert_eq!(statuses, [200, 201, 200, 204, 200]);
    let started: Vec<&str> = raw
        .iter()
        .map(|e| e["startedDateTime"].as_str().unwrap())
        .collect();
    assert!(started.is_sorted(), "{started:?}");
    for entry in &raw {
        let timings = entry["timings"].as_object().unwrap().values();
        let parts: f64 = timings.map(|part| part.as_f64().unwrap().max(0.0)).sum();
        let time = entry["time"].as_f64().unwrap();
        assert!((parts - time).abs() < 0.01 && time >= 0.0, "{entry}");
    }
    let (tally, _) = rig.end().await;
    assert_eq!((tally.kept, tally.unanswered, tally.lost), (5, 0, 0));
}

impl Target {
    /// At an address that was looked for before, for one connection.
    async fn start_at(address: &str, script: Vec<Move>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(vec![Vec::new()]));
        let all = Arc::clone(&got);
        let listener = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            perform(stream, script, 0, all).await;
            std::future::pending().await
        });
        Self {
            address,
            got,
            listener,
        }
    }
}

const GET: &[u8] =
    b"GET /scim/v2/Users HTTP/1.1\r\nA: b\r\nHost: scim.example.test\r\nC: d\r\n\r\n";
const OK: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn host_alone_is_rewritten_unless_it_is_to_be_kept() {
    for keeps_host in [false, true] {
        let target = Target::start(vec![vec![
            Move::Read(40),
            Move::Write(OK.to_vec()),
            Move::Hang,
        ]])
        .await;
        let base = format!("http://{}/scim/v2", target.address);
        let rig = Rig::with(&base, |options| options.keeps_host = keeps_host).await;
        let mut client = rig.connect().await;
        client.write_all(GET).await.unwrap();
        assert_eq!(read_exactly(&mut client, OK.len()).await, OK);
        let text = String::from_utf8(GET.to_vec()).unwrap();
        let there = target.address.to_string();
        let wanted = match keeps_host {
            true => text.clone(),
            false => text.replace("scim.example.test", &there),
        };
        assert_eq!(String::from_utf8(target.only()).unwrap(), wanted);
        let entry = rig.raw().remove(0);
        // The URL names the server as it was called, which is what its own URLs are made of.
        let named = if keeps_host {
            "scim.example.test"
        } else {
            &there
        };
        assert_eq!(
            entry["request"]["url"],
            format!("http://{named}/scim/v2/Users")
        );
        assert_eq!(entry["request"]["headers"][1]["value"], "scim.example.test");
    }
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_gets_its_answer_first() {
    let head = b"POST /scim/v2/Users HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let go_on = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    let target = Target::answering(&[(head, go_on), (b"{}", OK)]).await;
    let rig = Rig::before(target.address).await;
    let mut client = rig.connect().await;
    client.write_all(head).await.unwrap();
    assert_eq!(read_exactly(&mut client, go_on.len()).await, go_on);
    client.write_all(b"{}").await.unwrap();
    assert_eq!(read_exactly(&mut client, OK.len()).await, OK);
    assert_eq!(target.only(), [&head[..], b"{}"].concat());
    let entry = &rig.raw()[0];
    assert_eq!(entry["response"]["status"], 200);
    assert_eq!(entry["request"]["postData"]["text"], "{}");
}

/// The target waits for the client to have got the first half before it sends the second.
#[tokio::test]
async fn long_answers_and_requests_stream() {
    const HALF: usize = 2 * 1024 * 1024;
    let got_half = Arc::new(Notify::new());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * HALF).into_bytes();
    let (first, second) = (vec![b'a'; HALF], vec![b'b'; HALF]);
    let request =
        format!("PUT /scim/v2/Users/7 HTTP/1.1\r\nContent-Length: {HALF}\r\n\r\n").into_bytes();
    let script = vec![
        Move::Read(request.len() + HALF),
        Move::Write([head.clone(), first.clone()].concat()),
        Move::Wait(Arc::clone(&got_half)),
        Move::Write(second.clone()),
        Move::Hang,
    ];
    let target = Target::start(vec![script]).await;
    let rig = Rig::before(target.address).await;
    let mut client = rig.connect().await;
    client
        .write_all(&[request, vec![b'c'; HALF]].concat())
        .await
        .unwrap();
    let got = read_exactly(&mut client, head.len() + HALF).await;
    assert!(got == [head, first].concat());
    assert_eq!(rig.raw().len(), 0, "what is under way is not in the file");
    got_half.notify_one();
    assert!(read_exactly(&mut client, HALF).await == second);
    let entry = &rig.raw()[0];
    assert_eq!(entry["response"]["bodySize"], 2 * HALF);
    assert_eq!(entry["request"]["bodySize"], HALF);
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_whole_passes() {
    let refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let head = b"POST /scim/v2/Users HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nbegin";
    let script = vec![
        Move::Read(head.len()),
        Move::Write(refused.to_vec()),
        Move::Hang,
    ];
    let target = Target::start(vec![script.clone(), script]).await;
    let rig = Rig::before(target.address).await;
    let mut client = rig.connect().await;
    client.write_all(head).await.unwrap();
    assert_eq!(read_exactly(&mut client, refused.len()).await, refused);
    let entry = &rig.raw()[0];
    assert_eq!(entry["response"]["status"], 413);
    assert_eq!(entry["request"]["bodySize"], 5);
    // One that was asked first sends no body at all, and is not waited for.
    let waits =
        b"POST /scim/v2/Users HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
    assert_eq!(rig.ask(waits).await, refused);
}

/// What a target says without being asked, and that it closes, the client hears as if it were connected itself.
#[tokio::test]
async fn what_the_target_does_unasked_reaches_the_client() {
    let none = b"HTTP/1.1 204 No Content\r\n\r\n";
    let closes = Arc::new(Notify::new());
    let script = vec![
        Move::Read(GET.len()),
        Move::Write([&none[..], b"surplus"].concat()),
        Move::Wait(Arc::clone(&closes)),
        Move::Write(b"more".to_vec()),
        Move::Close,
    ];
    let target = Target::start(vec![script]).await;
    let base = format!("http://{}/scim/v2", target.address);
    let rig = Rig::with(&base, |options| options.keeps_host = true).await;
    let mut client = rig.connect().await;
    client.write_all(GET).await.unwrap();
    let first = [&none[..], b"surplus"].concat();
    assert_eq!(read_exactly(&mut client, first.len()).await, first);
    closes.notify_one();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"more");
    let [entry] = &rig.entries()[..] else {
        panic!("one entry");
    };
    let Answer::Came { has_surplus, .. } = &entry.answer else {
        panic!("{entry:?}");
    };
    assert!(has_surplus);
}

/// An answer of the recorder's own: its status and its text.
fn refusal(answer: &[u8]) -> (u16, String) {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect(&text);
    assert!(
        head.to_ascii_lowercase().contains("connection: close"),
        "{text}"
    );
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], status.to_string());
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.starts_with("scim-conform record, not the server: "));
    (status, detail.to_owned())
}

#[tokio::test]
async fn a_target_that_dies_is_a_502_and_an_entry_that_says_so() {
    let request = |move_: Vec<Move>| [vec![Move::Read(40)], move_].concat();
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"Resources\":[".to_vec();
    let cases: Vec<(&str, Vec<Move>, &str)> = vec![
        (
            "closed",
            request(vec![Move::Close]),
            "the connection was closed",
        ),
        (
            "reset",
            request(vec![Move::Reset]),
            "the connection was closed",
        ),
        (
            "closed at once",
            vec![Move::Close],
            "the connection was closed",
        ),
        (
            "half a header section",
            request(vec![
                Move::Write(b"HTTP/1.1 200 OK\r\nContent".to_vec()),
                Move::Close,
            ]),
            "the connection was closed",
        ),
        (
            "noise",
            request(vec![Move::Write(b"220 smtp\r\n\r\n".to_vec()), Move::Hang]),
            "not valid HTTP",
        ),
        (
            "another protocol",
            request(vec![
                Move::Write(b"HTTP/1.1 101 Switching\r\n\r\n".to_vec()),
                Move::Hang,
            ]),
            "not valid HTTP",
        ),
        (
            "silent",
            request(vec![Move::Hang]),
            "no complete answer within",
        ),
    ];
    for (name, script, words) in cases {
        let target = Target::start(vec![script]).await;
        let base = format!("http://{}/scim/v2", target.address);
        let is_silent = name == "silent";
        let rig = Rig::with(&base, |options| {
            if is_silent {
                options.target.idle_timeout = Duration::from_millis(300);
            }
        })
        .await;
        let (status, detail) = refusal(&rig.ask(GET).await);
        assert_eq!(status, 502, "{name}");
        assert!(detail.contains(words), "{name}: {detail}");
        failed(&rig, name, words);
    }
    // The client has a part of the answer, so it gets no other one.
    let target = Target::start(vec![request(vec![Move::Write(half.clone()), Move::Close])]).await;
    let rig = Rig::before(target.address).await;
    assert_eq!(rig.ask(GET).await, half);
    failed(&rig, "half", "after 14 bytes of the body");
    assert_eq!(rig.raw()[0]["response"]["status"], 200);
    // Without a length, only a break tells the client that something is missing.
    let open = b"HTTP/1.1 200 OK\r\n\r\n{\"Resources\":[".to_vec();
    let target = Target::start(vec![request(vec![Move::Write(open), Move::Reset])]).await;
    let rig = Rig::before(target.address).await;
    let mut client = rig.connect().await;
    client.write_all(GET).await.unwrap();
    let read = client.read_to_end(&mut Vec::new()).await;
    assert_eq!(
        read.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    failed(&rig, "open", "the connection was closed");
    // Nobody listens there, and HEAD has no body.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let rig = Rig::before(address).await;
    let (status, detail) = refusal(&rig.ask(GET).await);
    assert_eq!(status, 502);
    assert!(
        detail.contains(&format!("cannot connect to {address}")),
        "{detail}"
    );
    failed(&rig, "refused", "cannot connect");
    let head = rig.ask(b"HEAD /scim/v2/Users HTTP/1.1\r\n\r\n").await;
    assert!(head.starts_with(b"HTTP/1.1 502 ") && head.ends_with(b"\r\n\r\n"));
    let (tally, _) = rig.end().await;
    assert_eq!((tally.kept, tally.unanswered), (2, 2));
}

/// The only entry, or the last one, has no whole answer, and says why.
fn failed(rig: &Rig, name: &str, words: &str) {
    let raw = rig.raw().pop().unwrap();
    assert!(
        raw["response"]["_error"].as_str().unwrap().contains(words),
        "{name}: {raw}"
    );
    let entry = rig.entries().pop().unwrap();
    let Answer::Failed(why) = entry.answer else {
        panic!("{name}: {entry:?}");
    };
    assert!(why.contains(words), "{name}: {why}");
}

/// A client that goes away is told on to the target, and its exchange is none of the server's failures.
#[tokio::test]
async fn a_client_that_goes_away_is_not_the_target_s_fault() {
    let target = Target::start(vec![vec![Move::Hang]]).await;
    let rig = Rig::before(target.address).await;
    let mut client = rig.connect().await;
    client.write_all(GET).await.unwrap();
    while target.got().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(client);
    // The target hears of it: otherwise nothing would come to an end here.
    while rig.raw().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    failed(&rig, "gone", "client disconnected before it had the answer");
    // Within its request.
    let mut client = rig.connect().await;
    client
        .write_all(b"POST /scim/v2/Users HTTP/1.1\r\nContent-Length: 9\r\n\r\nbegin")
        .await
        .unwrap();
    drop(client);
    while rig.raw().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    failed(
        &rig,
        "half",
        "client disconnected before its request was whole",
    );
    let (tally, _) = rig.end().await;
    assert_eq!((tally.kept, tally.unanswered), (2, 2));
    // One that only says that it has nothing more to say gets its answer.
    let target = Target::answering(&[(GET, OK)]).await;
    let base = format!("http://{}/scim/v2", target.address);
    let rig = Rig::with(&base, |options| options.keeps_host = true).await;
    let mut client = rig.connect().await;
    client.write_all(GET).await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, OK);
}

#[tokio::test]
async fn a_target_behind_tls_is_reached_and_a_wrong_certificate_is_a_502() {
    let authority = Authority::new();
    let mut server = (*authority.issue("localhost").server()).clone();
    // It would rather speak HTTP/2.
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let spoken = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&spoken);
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            heard.lock().unwrap().push(protocol);
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(OK).await;
            let _ = stream.shutdown().await;
        }
    });
    let base = format!("https://localhost:{port}/scim/v2");
    let rig = Rig::with(&base, |options| options.target.ca = vec![authority.pem()]).await;
    let mut client = rig.connect().await;
    client.write_all(GET).await.unwrap();
    assert_eq!(read_exactly(&mut client, OK.len()).await, OK);
    assert_eq!(*spoken.lock().unwrap(), [Some(b"http/1.1".to_vec())]);
    assert_eq!(rig.raw()[0]["request"]["url"], format!("{base}/Users"));
    let rig = Rig::with(&base, |_| {}).await;
    let (status, detail) = refusal(&rig.ask(GET).await);
    assert_eq!(status, 502);
    assert!(detail.contains("TLS failed: "), "{detail}");
    failed(&rig, "untrusted", "TLS failed");
    let rig = Rig::with(&base, |options| options.target.insecure = true).await;
    assert!(rig.ask(GET).await.starts_with(OK));
    serving.abort();
}

#[tokio::test]
async fn what_is_no_request_for_the_target_is_refused_and_counted() {
    let target = Target::start(vec![vec![Move::Hang]]).await;
    let rig = Rig::before(target.address).await;
    let long = format!(
        "GET /scim/v2/Users HTTP/1.1\r\nA: {}\r\n\r\n",
        "b".repeat(200_000)
    );
    let cases: [(&[u8], u16, &str); 11] = [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            400,
            "plain HTTP",
        ),
        (b"\x00\xff\xfe garbage", 400, "not an HTTP request"),
        (
            b"EHLO mail.example.test\r\n\r\n",
            400,
            "not an HTTP request",
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
        (
            b"GET http://elsewhere.test/ HTTP/1.1\r\n\r\n",
            400,
            "must be a path",
        ),
        (
            b"CONNECT elsewhere.test:443 HTTP/1.1\r\n\r\n",
            405,
            "CONNECT",
        ),
        (
            b"GET /scim/v2/Users HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            501,
            "Upgrade",
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "where the body ends",
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            400,
            "not one number",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            400,
            "more than one Host",
        ),
        (long.as_bytes(), 431, "longer than"),
    ];
    for (bytes, wanted, words) in cases {
        let (status, detail) = refusal(&rig.ask(bytes).await);
        assert_eq!(status, wanted, "{detail}");
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(target.got().len(), 0, "the target has heard of none");
    // A chunk that is none comes when the target has heard of the request already.
    let broken = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(refusal(&rig.ask(broken).await).0, 400);
    let (tally, text) = rig.end().await;
    let refused: Vec<(u16, usize)> = tally.refused.into_iter().collect();
    assert_eq!(refused, [(400, 7), (405, 1), (431, 1), (501, 1), (505, 1)]);
    let [entry] = &entries(text.as_bytes())[..] else {
        panic!("one entry: {text}");
    };
    assert!(matches!(&entry.answer, Answer::Failed(why) if why.contains("client disconnected")));
}

#[tokio::test]
async fn a_recorder_that_is_its_own_target_comes_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("okta.har");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for (host, listen) in [
        ("localhost", [127, 0, 0, 1]),
        ("127.0.0.1", [127, 0, 0, 1]),
        ("127.0.0.1", [0, 0, 0, 0]),
    ] {
        let mut options = options(&format!("http://{host}:{port}/scim/v2"), &file);
        options.listen = (listen, port).into();
        let refused = Recorder::bind(options, Box::new(|_| ())).await.unwrap_err();
        assert!(matches!(refused, StartError::Itself), "{refused}");
        assert!(!file.exists());
    }
    // In a roundabout way: the target is a forwarder, as a tunnel is one, that leads back.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rig = Rig::before(listener.local_addr().unwrap()).await;
    let back = rig.address;
    let forwarding = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut other = TcpStream::connect(back).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut other).await;
            });
        }
    });
    let answer = rig
        .ask(b"GET /scim/v2/Users HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    let (status, detail) = refusal(&answer);
    assert_eq!(status, 503);
    assert!(
        detail.contains("is the target the recorder itself?"),
        "{detail}"
    );
    forwarding.abort();
}

/// A user as a server answers her, with all that tells who she is.
fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "u-quimby-1", "externalId": "00uQuimby7x", "userName": "ada.quimby@corp.test",
        "name": {"givenName": "Ada", "familyName": "Quimby", "formatted": "Dr. Ada Quimby"},
        "displayName": "Ada Quimby", "nickName": "Adalina", "active": true,
        "emails": [{"value": "ada.quimby@corp.test", "type": "work", "primary": true}],
        "phoneNumbers": [{"value": "+49 170 5550199", "type": "mobile"}],
        "addresses": [{"streetAddress": "12 Quimby Lane", "locality": "Quimbyville", "type": "work"}],
        "employeeNumber": 5550199,
        "groups": [{"value": "g-quimby", "display": "Quimby's Crew", "$ref": "../Groups/g-quimby"}],
        "meta": {"resourceType": "User", "location": "https://corp.test/scim/v2/Users/u-quimby-1", "version": "W/\"quimby-3\""}
    })
}

/// Whatever of her must not be in a file that is passed on.
const PEOPLE: [&str; 10] = [
    "ada",
    "quimby",
    "adalina",
    "5550199",
    "170 555",
    "corp.test\"",
    "00u",
    "ortega",
    "00uQuimby7x",
    "dr.",
];

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/scim+json\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{line} HTTP/1.1\r\nUser-Agent: Okta SCIM Client 1.0.0\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A recorder through which these requests have passed, and their answers unchanged.
async fn passed(exchanges: &[(Vec<u8>, Vec<u8>)], keeps_people: bool) -> Rig {
    let pairs: Vec<(&[u8], &[u8])> = exchanges
        .iter()
        .map(|(sent, came)| (&sent[..], &came[..]))
        .collect();
    let target = Target::answering(&pairs).await;
    let base = format!("http://{}/scim/v2", target.address);
    let rig = Rig::with(&base, |options| {
        if keeps_people {
            options.people = PeopleAs::Shown;
        }
    })
    .await;
    let mut client = rig.connect().await;
    for (sent, came) in exchanges {
        client.write_all(sent).await.unwrap();
        assert!(read_exactly(&mut client, came.len()).await == *came);
    }
    rig
}

#[tokio::test]
async fn people_have_aliases_that_fit_together_unless_they_are_to_be_kept() {
    let user = ada().to_string();
    let list = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1, "Resources": [ada()]}).to_string();
    let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        {"op": "remove", "path": "members[value eq \"u-quimby-1\"]"},
        {"op": "add", "path": "members", "value": [{"value": "u-quimby-1", "display": "ada.quimby@corp.test"}]},
    ]})
    .to_string();
    let taken = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"userName ADA.QUIMBY@corp.test is taken by Bob Ortega"}"#;
    let exchanges = [
        (
            request(
                "GET /scim/v2/Users?filter=userName%20eq%20%22ada.quimby%40corp.test%22&startIndex=1&count=100",
                "",
                "",
            ),
            answer("200 OK", "", &list),
        ),
        (
            request("POST /scim/v2/Users", "", &user),
            answer("409 Conflict", "", taken),
        ),
        (
            request(
                "GET /scim/v2/Users/u-quimby-1",
                "X-Forwarded-For: 192.0.2.7\r\n",
                "",
            ),
            answer(
                "200 OK",
                "Location: https://corp.test/scim/v2/Users/u-quimby-1\r\nETag: W/\"quimby-3\"\r\nX-User: Ada\r\n",
                &user,
            ),
        ),
        (
            request("PATCH /scim/v2/Groups/g-quimby", "", &patch),
            answer("204 Ada Quimby", "", ""),
        ),
        (
            request("GET /scim/v2/Users/x", "", ""),
            answer("502 Bad Gateway", "", "<html>Ada Quimby's server is down"),
        ),
        (
            request("GET /who/ada.quimby@corp.test?name=Quimby", "", ""),
            answer("404 Not Found", "", "Quimby"),
        ),
    ];
    for keeps in [false, true] {
        let rig = passed(&exchanges, keeps).await;
        let text = rig.text();
        let lower = text.to_lowercase();
        if keeps {
            for person in [
                "ada.quimby@corp.test",
                "+49 170 5550199",
                "u-quimby-1",
                "Bob Ortega",
            ] {
                assert!(text.contains(person), "{person}");
            }
            continue;
        }
        for person in PEOPLE {
            assert!(
                !lower.contains(&person.to_lowercase()),
                "{person} in {text}"
            );
        }
        let raw = rig.raw();
        let sent = |n: usize| {
            serde_json::from_str::<Value>(raw[n]["request"]["postData"]["text"].as_str().unwrap())
                .unwrap()
        };
        let came = |n: usize| {
            serde_json::from_str::<Value>(raw[n]["response"]["content"]["text"].as_str().unwrap())
                .unwrap()
        };
        // She is the same in the filter, in what was found, in what was sent, in the URL and in the group.
        let found = &came(0)["Resources"][0];
        assert_eq!(*found, sent(1));
        assert_eq!(*found, came(2));
        let (login, id) = (
            found["userName"].as_str().unwrap(),
            found["id"].as_str().unwrap(),
        );
        let url = |n: usize| raw[n]["request"]["url"].as_str().unwrap();
        let escaped = login.replace('@', "%40");
        assert!(
            url(0).ends_with(&format!(
                "/Users?filter=userName%20eq%20%22{escaped}%22&startIndex=1&count=100"
            )),
            "{}",
            url(0)
        );
        assert!(url(2).ends_with(&format!("/Users/{id}")));
        assert_eq!(
            found["meta"]["location"],
            format!("https://corp.test/scim/v2/Users/{id}")
        );
        let operations = &sent(3)["Operations"];
        assert_eq!(operations[0]["path"], format!("members[value eq \"{id}\"]"));
        assert_eq!(
            operations[1]["value"][0],
            json!({"value": id, "display": login})
        );
        assert_eq!(
            found["emails"][0],
            json!({"value": login, "type": "work", "primary": true})
        );
        let detail = came(1)["detail"].as_str().unwrap().to_owned();
        assert!(
            detail
                .to_lowercase()
                .starts_with(&format!("username {login} is taken by ")),
            "{detail}"
        );
        assert_eq!(
            (&came(1)["scimType"], &came(1)["status"]),
            (&json!("uniqueness"), &json!("409"))
        );
        assert_eq!(found["active"], true);
    }
}

/// What formats escape, and what looks like an escape.
const CREDENTIAL: &str = "t0k/En+x==&<q>~a'b%2Fd-9";
const PASSWORD: &str = "Pä55w/rd+constant";

/// A target repeats the token and a password in every form, at many places, in three kinds of body.
#[tokio::test]
async fn no_secret_is_in_the_file_in_whatever_form_it_comes_back() {
    let create = json!({"userName": "ada", "password": PASSWORD}).to_string();
    let authorization = format!(
        "Authorization: Bearer {CREDENTIAL}\r\nCookie: sid={CREDENTIAL}1\r\nX-Api-Key: {CREDENTIAL}2\r\n"
    );
    let mut exchanges = Vec::new();
    for secret in [CREDENTIAL, PASSWORD] {
        for form in echo::forms(secret).into_values() {
            let quoted = Value::from(form.as_str()).to_string();
            let header = match form.is_ascii() && !form.contains(['\r', '\n']) {
                true => format!(
                    "X-Echo: {form}\r\nServer: acme {form}\r\nLocation: https://x.test/v2/Users/{form}\r\n"
                ),
                false => String::new(),
            };
            let error = format!(
                r#"{{"schemas":["{form_safe}"],"status":"400","detail":{quoted},"{form_safe}":1}}"#,
                form_safe = form.replace(['"', '\\'], "")
            );
            let sent = request("POST /scim/v2/Users", &authorization, &create);
            exchanges.push((sent.clone(), answer("400 Bad Request", &header, &error)));
            exchanges.push((
                sent.clone(),
                answer("200 OK", &header, &format!("<p>{form}</p>")),
            ));
            exchanges.push((
                sent,
                answer(
                    "200 OK",
                    "",
                    &format!("{{\"id\":\"1\",\"title\":{quoted},\"x\":[{quoted}"),
                ),
            ));
        }
    }
    for keeps in [false, true] {
        let rig = passed(&exchanges, keeps).await;
        let text = rig.text();
        assert_eq!(rig.raw().len(), exchanges.len());
        let mut outputs = vec![("the file".to_owned(), text.clone())];
        // Also in what the texts of the archive hold, which is escaped once more in the file.
        for entry in rig.raw() {
            let texts = [
                &entry["request"]["postData"]["text"],
                &entry["response"]["content"]["text"],
                &entry["request"]["url"],
            ];
            for text in texts.into_iter().filter_map(Value::as_str) {
                outputs.push(("an entry".to_owned(), text.to_owned()));
            }
        }
        echo::assert_nowhere(&[CREDENTIAL, PASSWORD].map(str::to_owned), &outputs);
        // Token, key and password of each request, and what the answer has repeated.
        let told = text.matches("***-").count();
        assert!(
            !keeps || told > 4 * exchanges.len(),
            "only {told} stand-ins"
        );
        assert!(text.contains("Bearer ***-"), "that there was one is told");
    }
}

/// That something comes back which must not is seen in the file all the same.
#[tokio::test]
async fn a_secret_that_comes_back_is_still_found_by_judge() {
    let state = tempfile::tempdir().unwrap();
    let headers = "Authorization: Bearer swordfish-0123\r\n";
    let create =
        json!({"schemas": [], "userName": "ada@x.test", "password": "Secr3t-0123"}).to_string();
    let came = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"7","userName":"ada@x.test","active":true,"nickName":"Secr3t-0123","title":"swordfish-0123"}"#;
    let sent = request("POST /scim/v2/Users", headers, &create);
    let came = answer("201 Created", "", came);
    let target = Target::answering(&[(&sent, &came)]).await;
    let base = format!("http://{}/scim/v2", target.address);
    let rig = Rig::with(&base, |options| options.people = PeopleAs::Shown).await;
    let mut client = rig.connect().await;
    client.write_all(&sent).await.unwrap();
    assert_eq!(read_exactly(&mut client, came.len()).await, came);
    drop(client);
    let file = rig.file.to_str().unwrap().to_owned();
    let done =
        tokio::task::spawn_blocking(move || Done::of(command(state.path(), &["judge", &file])))
            .await
            .unwrap();
    assert_eq!(done.code, 1, "{}", done.all());
    for words in [
        "a password that was sent, in the body",
        "the token, in the body",
    ] {
        assert!(
            done.out
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains(words),
            "{}",
            done.out
        );
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_kept_and_other_bodies_are_as_they_are() {
    let latin = b"{\"userName\":\"Zo\xeb\",\"active\":true}";
    let image = b"\x89PNG\r\n\x1a\n\0\xff";
    let of = |kind: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let brotli = of("Content-Encoding: br", b"\x0b\x02\x80secret\x03");
    let broken = of("Content-Encoding: gzip", &gzip(LIST)[..20]);
    let other = of("Content-Type: image/png", image);
    let text = of("Content-Type: application/scim+json", latin);
    let answers = [brotli, broken, other, text];
    let sent = request("GET /scim/v2/Users/7", "", "");
    let pairs: Vec<(&[u8], &[u8])> = answers.iter().map(|came| (&sent[..], &came[..])).collect();
    let target = Target::answering(&pairs).await;
    let base = format!("http://{}/scim/v2", target.address);
    let rig = Rig::with(&base, |options| options.people = PeopleAs::Shown).await;
    let mut client = rig.connect().await;
    for came in &answers {
        client.write_all(&sent).await.unwrap();
        assert_eq!(read_exactly(&mut client, came.len()).await, *came);
    }
    let content = |n: usize| rig.raw()[n]["response"]["content"].clone();
    for n in [0, 1] {
        assert_eq!(
            (&content(n)["text"], &content(n)["_recorded"]),
            (&Value::Null, &json!("none"))
        );
        assert!(
            content(n)["comment"]
                .as_str()
                .unwrap()
                .contains("cannot be decoded")
        );
    }
    for n in [2, 3] {
        assert_eq!(content(n)["encoding"], "base64", "{}", content(n));
    }
    let entries = rig.entries();
    let body = |n: usize| match &entries[n].answer {
        Answer::Came { content, .. } => content.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((body(0), body(1)), (Content::Missing, Content::Missing));
    assert_eq!(body(2).bytes(), image);
    assert_eq!(body(3).bytes(), latin);
}

#[tokio::test]
async fn a_recording_is_gone_on_with_and_nothing_else_is_lost() {
    let sent = request("GET /scim/v2/Users/u-quimby-1", "", "");
    let came = answer("200 OK", "", &ada().to_string());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("okta.har");
    let mut urls = Vec::new();
    for round in 1..=2 {
        let target = Target::answering(&[(&sent, &came)]).await;
        let base = format!("http://{}/scim/v2", target.address);
        let rig = Rig::with(&base, |options| options.file.clone_from(&file)).await;
        let mut client = rig.connect().await;
        client.write_all(&sent).await.unwrap();
        read_exactly(&mut client, came.len()).await;
        drop(client);
        let _ = rig.stop.map(|stop| stop.send(()));
        let tally = rig.task.await.unwrap();
        assert_eq!((tally.kept, tally.entries), (1, round));
        let text = std::fs::read(&file).unwrap();
        urls = entries(&text).into_iter().map(|entry| entry.url).collect();
    }
    let ids: Vec<&str> = urls
        .iter()
        .map(|url| url.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(ids[0], ids[1], "of one key, the same alias");
}

/// The recorder as a process of its own.
struct Recording {
    process: Child,
    url: String,
    talk: BufReader<std::process::ChildStderr>,
}

impl Recording {
    fn start(state: &Path, target: &str, more: &[&str]) -> Self {
        let fixed = ["record", "--target", target, "--listen", "127.0.0.1:0"];
        let mut command = command(state, &[&fixed, more].concat());
        command.current_dir(state);
        Self::of(command)
    }

    fn of(mut command: std::process::Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut talk = BufReader::new(process.stderr.take().unwrap());
        let mut url = String::new();
        while !url.starts_with("http://") {
            url.clear();
            assert!(
                talk.read_line(&mut url).unwrap() > 0,
                "it says where it listens"
            );
        }
        Self {
            process,
            url: url.trim().to_owned(),
            talk,
        }
    }

    fn address(&self) -> String {
        let rest = self.url.trim_start_matches("http://");
        rest.split('/').next().unwrap().to_owned()
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        let id = i32::try_from(self.process.id()).unwrap();
        let id = nix::unistd::Pid::from_raw(id);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    }

    /// Its exit code, what it printed, and the rest of its talk.
    fn wait(mut self) -> (i32, String, String) {
        let (mut out, mut talk) = (String::new(), String::new());
        self.process
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.talk.read_to_string(&mut talk).unwrap();
        assert!(!talk.contains("panicked"), "{talk}");
        (self.process.wait().unwrap().code().unwrap_or(-1), out, talk)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_run_through_the_recorder_is_judged_and_compared_like_one_of_okta_s() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let recording = Recording::start(state.path(), &serving.url, &[]);
    let scenarios = [
        "users/create",
        "lifecycle/rehire",
        "lifecycle/deactivate",
        "profile/update",
        "rename/login-and-email",
        "groups/push",
        "groups/add-and-remove",
        "groups/rename",
        "imports/users",
    ];
    let fixed = [
        "run",
        "--yes",
        "--app",
        "oin",
        "--settle",
        "100ms",
        "--target",
        &recording.url,
    ];
    let mut run = command(state.path(), &[&fixed[..], &scenarios].concat());
    run.env("SCIM_CONFORM_TOKEN", TOKEN);
    let run = Done::of(run);
    assert_eq!(run.code, 0, "{}", run.all());
    recording.interrupt();
    let (code, out, talk) = recording.wait();
    assert_eq!(code, 0, "{out}{talk}");
    assert!(out.contains("scim-conform judge okta.har\n"), "{out}");
    assert!(out.contains("scim-conform calibrate okta.har\n"), "{out}");
    for seen in [
        "Assign a user: GET /Users?filter=… 200, POST /Users 201",
        "Deactivate a user: ",
        "Push a group: ",
    ] {
        assert!(talk.contains(seen), "{seen}: {talk}");
    }
    let file = state.path().join("okta.har");
    let text = std::fs::read_to_string(&file).unwrap();
    echo::assert_nowhere(&[TOKEN.to_owned()], &[("the file".to_owned(), text)]);
    let file = file.to_str().unwrap();
    let judged = Done::of(command(state.path(), &["judge", file]));
    assert_eq!(judged.code, 0, "{}", judged.all());
    assert!(judged.out.contains("NO FAULT SEEN"), "{}", judged.out);
    let compared = Done::of(command(state.path(), &["calibrate", file]));
    assert_eq!(compared.code, 0, "{}", compared.all());
    assert!(
        compared.out.contains("actions as replayed here"),
        "{}",
        compared.out
    );
}

/// A target in this process that answers every request, whatever it is, until it is dropped; the last one it leaves.
struct Endless(std::net::TcpListener);

impl Endless {
    fn start(silent_for: &'static str) -> (String, JoinHandleOfThread) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let server = Self(listener);
        (url, std::thread::spawn(move || server.serve(silent_for)))
    }

    fn serve(self, silent_for: &str) {
        for stream in self.0.incoming() {
            let mut stream = stream.unwrap();
            let silent_for = silent_for.to_owned();
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    text.extend_from_slice(&buffer[..count]);
                    while let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
                        let head: Vec<u8> = text.drain(..end + 4).collect();
                        if String::from_utf8_lossy(&head).contains(&silent_for) {
                            continue;
                        }
                        if stream
                            .write_all(&answer("200 OK", "", &ada().to_string()))
                            .is_err()
                        {
                            return;
                        }
                    }
                }
            });
        }
    }
}

type JoinHandleOfThread = std::thread::JoinHandle<()>;

/// Asks on a connection of its own, and reads the whole answer.
fn ask(stream: &mut std::net::TcpStream, path: &str) {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nUser-Agent: Okta SCIM Client 1.0.0\r\n\r\n"
    )
    .unwrap();
    let wanted = answer("200 OK", "", &ada().to_string());
    let mut got = vec![0; wanted.len()];
    stream.read_exact(&mut got).unwrap();
    assert!(got == wanted);
}

#[test]
fn whatever_a_client_has_got_is_in_the_file_of_a_recorder_that_is_killed() {
    const EACH: usize = 40;
    let (target, _serving) = Endless::start("/silent");
    for round in 0..5 {
        let state = tempfile::tempdir().unwrap();
        let mut recording = Recording::start(state.path(), &target, &[]);
        let address = recording.address();
        let clients: Vec<_> = (0..3)
            .map(|client| {
                let address = address.clone();
                std::thread::spawn(move || {
                    let mut stream = std::net::TcpStream::connect(address).unwrap();
                    for n in 0..EACH {
                        ask(&mut stream, &format!("/scim/v2/Users/{client}-{n}"));
                    }
                    // One more is under way.
                    write!(stream, "GET /scim/v2/silent HTTP/1.1\r\n\r\n").unwrap();
                    stream
                })
            })
            .collect();
        let open: Vec<_> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        recording.process.kill().unwrap();
        recording.process.wait().unwrap();
        drop(open);
        let text = std::fs::read(state.path().join("okta.har")).unwrap();
        let archive: Value = serde_json::from_slice(&text).unwrap();
        let kept = archive["log"]["entries"].as_array().unwrap().len();
        assert_eq!(kept, 3 * EACH, "round {round}");
        assert_eq!(entries(&text).len(), 3 * EACH);
        // Another recorder goes on with it.
        let recording = Recording::start(state.path(), &target, &[]);
        let mut stream = std::net::TcpStream::connect(recording.address()).unwrap();
        ask(&mut stream, "/scim/v2/Users/7");
        drop(recording);
        let text = std::fs::read(state.path().join("okta.har")).unwrap();
        assert_eq!(entries(&text).len(), 3 * EACH + 1);
    }
}

#[cfg(unix)]
#[test]
fn the_first_interruption_lets_an_exchange_end_and_the_second_leaves() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let goes_on = Arc::new(Notify::new());
    let sent = request("GET /scim/v2/Users/7", "", "");
    let came = answer("200 OK", "", "{}");
    let script = vec![
        Move::Read(sent.len()),
        Move::Wait(Arc::clone(&goes_on)),
        Move::Write(came.clone()),
        Move::Hang,
    ];
    let target = runtime.block_on(Target::start(vec![script]));
    let url = format!("http://{}/scim/v2", target.address);
    let state = tempfile::tempdir().unwrap();
    let recording = Recording::start(state.path(), &url, &["--out", "monday.har"]);
    let mut client = std::net::TcpStream::connect(recording.address()).unwrap();
    client.write_all(&sent).unwrap();
    while target
        .got()
        .first()
        .is_none_or(|got| got.len() < sent.len())
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    recording.interrupt();
    // It listens no more, and waits for the answer.
    while std::net::TcpStream::connect(recording.address()).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    goes_on.notify_one();
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert_eq!(got, came);
    let (code, out, _) = recording.wait();
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("recorded 1 exchange in monday.har"), "{out}");

    let recording = Recording::start(state.path(), &url, &["--out", "tuesday.har"]);
    let mut client = std::net::TcpStream::connect(recording.address()).unwrap();
    client.write_all(&sent).unwrap();
    while target.got().len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    recording.interrupt();
    while std::net::TcpStream::connect(recording.address()).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that follows at once may be an echo of the first, so there are several.
    let id = recording.process.id().to_string();
    let again = std::thread::spawn(move || {
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(100));
            let id = nix::unistd::Pid::from_raw(id.parse().unwrap());
            if nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).is_err() {
                return;
            }
        }
    });
    let (code, _, talk) = recording.wait();
    assert_eq!(code, 130, "{talk}");
    again.join().unwrap();
    let text = std::fs::read(state.path().join("tuesday.har")).unwrap();
    assert_eq!(entries(&text), []);
}

fn refused(state: &Path, more: &[&str]) -> Done {
    let mut all = vec!["record"];
    for fixed in [
        ["--target", "http://127.0.0.1:9/scim/v2"],
        ["--listen", "127.0.0.1:0"],
    ] {
        if !more.contains(&fixed[0]) {
            all.extend(fixed);
        }
    }
    all.extend(more);
    let mut command = command(state, &all);
    command.current_dir(state);
    Done::of(command)
}

#[test]
fn a_file_that_cannot_be_had_is_refused_before_anything_passes() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("notes.har"), "notes").unwrap();
    std::fs::write(
        state.path().join("proxy.har"),
        r#"{"log":{"version":"1.2","creator":{"name":"proxy"},"entries":[]}}"#,
    )
    .unwrap();
    for (more, words) in [
        (&["--out", "no/such.har"][..], "there is no folder no"),
        (&["--out", "."], ". is a folder, not a file"),
        (&["--out", "notes.har"], "notes.har holds something else"),
        (
            &["--out", "proxy.har"],
            "choose another file with --out, or --overwrite it",
        ),
        (&["--ca", "none.pem"], "cannot read none.pem"),
        (&["--listen", "nowhere"], "write an address and a port"),
        (
            &["--target", "scim.acme.io"],
            "did you mean https://scim.acme.io",
        ),
        (
            &["--target", "https://scim.acme.io/v2/Users"],
            "use https://scim.acme.io/v2",
        ),
    ] {
        let done = refused(state.path(), more);
        assert_eq!(done.code, 2, "{more:?} {}", done.all());
        assert!(done.talk.contains(words), "{more:?} {}", done.talk);
    }
    assert_eq!(
        std::fs::read_to_string(state.path().join("notes.har")).unwrap(),
        "notes"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = refused(state.path(), &["--listen", &address]);
    assert_eq!(done.code, 3, "{}", done.all());
    assert!(
        done.talk.contains(&format!("cannot listen on {address}")),
        "{}",
        done.talk
    );
    // Only on demand.
    let recording = Recording::start(
        state.path(),
        "http://127.0.0.1:9/v2",
        &["--out", "notes.har", "--overwrite"],
    );
    drop(recording);
    let text = std::fs::read(state.path().join("notes.har")).unwrap();
    assert_eq!(entries(&text), []);
}

/// Files of this process may grow to so many bytes and no further, as on a disk that is full.
#[cfg(target_os = "linux")]
const ROOM: &str = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_stops_nobody_and_leaves_the_archive_whole() {
    let (target, _serving) = Endless::start("/silent");
    let state = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", ROOM, env!("CARGO_BIN_EXE_scim-conform")])
        .args(["record", "--target", &target, "--listen", "127.0.0.1:0"])
        .env_clear()
        .env("SCIM_CONFORM_STATE", state.path())
        .current_dir(state.path())
        .stdin(Stdio::null());
    let recording = Recording::of(command);
    let mut client = std::net::TcpStream::connect(recording.address()).unwrap();
    for n in 0..20 {
        ask(&mut client, &format!("/scim/v2/Users/{n}"));
    }
    drop(client);
    recording.interrupt();
    let (code, out, talk) = recording.wait();
    assert_eq!(code, 3, "{out}{talk}");
    assert!(talk.contains("warning: cannot write okta.har"), "{talk}");
    assert_eq!(talk.matches("warning").count(), 1, "{talk}");
    let text = std::fs::read(state.path().join("okta.har")).unwrap();
    let archive: Value = serde_json::from_slice(&text).unwrap();
    let kept = archive["log"]["entries"].as_array().unwrap().len();
    assert!((1..20).contains(&kept), "{kept}");
    assert!(out.contains(&format!("recorded {kept} exchanges")), "{out}");
    assert!(
        out.contains(&format!(
            "{} exchanges passed, and could not be written",
            20 - kept
        )),
        "{out}"
    );
}
