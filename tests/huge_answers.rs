//! What a target that answers without measure costs: the memory of the real program, from outside.

#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "support/program.rs"]
mod program;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scim_conform::secret::Secret;
use scim_conform::server::{Policy, Tenant};
use serde_json::{Value, json};

use program::{TOKEN, command};

/// Resident bytes at most. Kept whole, what is answered here would be many times as much.
const BOUND: u64 = 900_000_000;

/// Makes more of an answer's body; the number tells one answer from the other.
type Swell = fn(Value, u64) -> String;

/// One long text in every answer.
fn long_text(mut body: Value, number: u64) -> String {
    body["padding"] = format!("{number}{}", "x".repeat(15_500_000)).into();
    body.to_string()
}

/// Five million empty lists.
fn many_values(body: Value, number: u64) -> String {
    let text = body.to_string();
    let open = text.strip_suffix('}').unwrap_or("{\"a\":1");
    format!(
        r#"{open},"padding":[{number}{}]}}"#,
        ",[]".repeat(5_000_000)
    )
}

/// As many values as are read, each in an object of its own.
fn many_objects(body: Value, number: u64) -> String {
    let text = body.to_string();
    let open = text.strip_suffix('}').unwrap_or("{\"a\":1");
    format!(
        r#"{open},"padding":[{number}{}]}}"#,
        r#",{"a":1}"#.repeat(240_000)
    )
}

/// Lists of 400,000 rows, whatever was asked for.
fn many_rows(mut body: Value, number: u64) -> String {
    if let Some(rows) = body.get_mut("Resources").and_then(Value::as_array_mut) {
        let first = number * 1_000_000;
        rows.extend((first..first + 400_000).map(|n| json!({"id": n.to_string()})));
    }
    body.to_string()
}

/// Lists of 20,000 users.
fn large_pages(mut body: Value, number: u64) -> String {
    if body.get("totalResults").is_some() {
        let rows = (0..20_000).map(|n| {
            let name = format!("u{number}.{n}@corp.example");
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("{number}-{n}"),
                "userName": name, "active": true, "name": {"givenName": "Ada", "familyName": "Byron"},
                "emails": [{"value": name, "primary": true, "type": "work"}]})
        });
        body["Resources"] = rows.collect();
        body["totalResults"] = 2_000.into();
    }
    body.to_string()
}

/// A service provider that means well but for the size of what it says.
struct Target {
    tenant: Tenant,
    swell: Swell,
    answered: AtomicU64,
}

impl Target {
    fn start(swell: Swell) -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::new(Self {
            tenant: Tenant::new(Some(Secret::new(TOKEN)), Policy::default()),
            swell,
            answered: AtomicU64::new(0),
        });
        let serving = Arc::clone(&target);
        // Both kinds of threads end with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.converse(stream));
            }
        });
        (target, address)
    }

    /// Answers until the peer closes.
    fn converse(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let mut words = line.split(' ');
            let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
            let mut request = http::Request::builder()
                .method(method.as_str())
                .uri(target.strip_prefix("/scim/v2")?);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).ok()?;
                let Some((name, value)) = line.trim_end().split_once(": ") else {
                    break;
                };
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.parse().ok()?;
                }
                request = request.header(name, value);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let answer = self.tenant.handle(request.body(Bytes::from(body)).ok()?);
            let (head, body) = answer.into_parts();
            let number = self.answered.fetch_add(1, Ordering::Relaxed);
            let body = match serde_json::from_slice(&body) {
                // The first answer is that to the pre-flight.
                Ok(json) if number > 0 => (self.swell)(json, number).into_bytes(),
                _ => body.to_vec(),
            };
            let mut text = format!("HTTP/1.1 {}\r\n", head.status);
            for (name, value) in head
                .headers
                .iter()
                .filter(|(name, _)| *name != "content-length")
            {
                text += &format!("{name}: {}\r\n", value.to_str().ok()?);
            }
            text += &format!("content-length: {}\r\n\r\n", body.len());
            stream.write_all(text.as_bytes()).ok()?;
            stream.write_all(&body).ok()?;
        }
    }
}

/// The most memory that a process has had, in bytes (proc(5)); none once it has ended.
fn high_water(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Waits for the end of a run; what it took at most. A run that takes more is ended, so that the machine lives on.
fn watch(mut process: Child) -> u64 {
    let mut most = 0;
    loop {
        most = high_water(process.id()).unwrap_or(0).max(most);
        if process.try_wait().unwrap().is_some() {
            return most;
        }
        if most > 2 * BOUND {
            process.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn run(state: &Path, address: SocketAddr, scenarios: &[&str]) -> (u64, Value) {
    let report = state.join("report.json");
    let url = format!("http://{address}/scim/v2");
    let wish = format!("json={}", report.display());
    let fixed = [
        "run",
        "--yes",
        "-q",
        "--settle",
        "20ms",
        "--concurrency",
        "2",
        "--target",
        &url,
        "--report",
        &wish,
    ];
    let mut command = command(state, &[&fixed, scenarios].concat());
    command.env("SCIM_CONFORM_TOKEN", TOKEN);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let most = watch(process.unwrap());
    let text = fs::read_to_string(&report).expect("the run has ended in order");
    (most, serde_json::from_str(&text).unwrap())
}

/// Every answer of a report that was cut.
fn cut(report: &Value) -> Vec<&Value> {
    let scenarios = report["scenarios"].as_array().unwrap().iter();
    let exchanges = scenarios.flat_map(|s| s["exchanges"].as_array().unwrap());
    let answers = exchanges.map(|exchange| &exchange["response"]);
    answers
        .filter(|answer| !answer["body_cut"].is_null())
        .collect()
}

fn holds(swell: Swell, scenarios: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (target, address) = Target::start(swell);
    let (most, report) = run(folder.path(), address, scenarios);
    let answered = target.answered.load(Ordering::Relaxed);
    assert!(
        most > 0 && most < BOUND,
        "{most} bytes after {answered} answers"
    );
    report
}

#[test]
fn long_texts_are_kept_by_their_beginning() {
    let report = holds(
        long_text,
        &["users/create", "groups/push", "rename/login-only"],
    );
    let cut = cut(&report);
    assert!(cut.len() > 25, "{}", cut.len());
    for answer in &cut {
        assert!(answer["body_cut"]["bytes"].as_u64().unwrap() > 15_500_000);
        assert_eq!(answer["body_cut"]["sha256"].as_str().unwrap().len(), 64);
        assert!(answer["body"].as_str().unwrap().len() <= 1024);
    }
    assert!(report["summary"]["cut"].as_u64().unwrap() >= cut.len() as u64);
}

#[test]
fn answers_of_millions_of_values_are_not_read() {
    let report = holds(many_values, &["users/create"]);
    let told = report["findings"].to_string();
    assert!(
        told.contains("more than 500 thousand JSON values"),
        "{told}"
    );
}

#[test]
fn values_below_the_bound_are_let_go_of() {
    holds(
        many_objects,
        &["users/create", "groups/push", "rename/login-only"],
    );
}

#[test]
fn lists_of_hundreds_of_thousands_are_not_read() {
    holds(many_rows, &["users/create", "imports/users"]);
}

#[test]
fn pages_are_looked_at_one_by_one() {
    holds(large_pages, &["imports/users"]);
}
