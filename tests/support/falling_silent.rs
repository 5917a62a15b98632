//! A proxy that falls silent: after so many requests it takes every further one, and answers none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Listens until the process ends.
pub(crate) struct FallingSilent {
    /// The base URL that stands for the one behind it.
    pub(crate) url: String,
    seen: Arc<AtomicUsize>,
}

impl FallingSilent {
    /// Stands before `behind`, a base URL such as `http://127.0.0.1:8081/scim/v2`, and passes on `most` requests.
    pub(crate) fn before(behind: &str, most: usize) -> Self {
        let (authority, path) = behind
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .expect("a base URL");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/{path}", listener.local_addr().expect("bound"));
        let (seen, authority) = (Arc::new(AtomicUsize::new(0)), authority.to_owned());
        let counted = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (counted, authority) = (Arc::clone(&counted), authority.clone());
                // A client that goes away ends its thread.
                thread::spawn(move || pass_on(client, &authority, most, &counted));
            }
        });
        Self { url, seen }
    }

    /// Requests that have come.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Waits until it has fallen silent, and somebody waits for an answer.
    pub(crate) fn wait_until_silent(&self, most: usize) {
        while self.seen() <= most {
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

fn pass_on(mut client: TcpStream, authority: &str, most: usize, seen: &AtomicUsize) -> Option<()> {
    let request = request(&mut client)?;
    if seen.fetch_add(1, Ordering::SeqCst) >= most {
        // Until the client has enough of it.
        let _ = client.read(&mut [0]);
        return None;
    }
    let mut server = TcpStream::connect(authority).ok()?;
    server.write_all(&request).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()
}

/// One whole request, which asks for the connection to be closed after its answer.
fn request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().expect("a length"));
            if bytes.len() >= at + 4 + length {
                let close = b"\r\nConnection: close";
                bytes.splice(at..at, close.iter().copied());
                return Some(bytes);
            }
        }
        let count = client.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}
