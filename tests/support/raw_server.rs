//! A server made of bytes: it records what comes in and writes what it is told, valid or not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// One thing to do in answer to a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Write these bytes.
    Write(Vec<u8>),
    /// Write one byte at a time with this pause in between.
    Trickle(Vec<u8>, Duration),
    /// Write these bytes again and again until the peer closes.
    Forever(Vec<u8>),
    /// Close the connection.
    Close,
    /// Keep silent, and the connection open.
    Hang,
}

/// Writes a whole response and keeps the connection.
pub(crate) fn write(response: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Write(response.into())]
}

/// Writes these bytes and closes.
pub(crate) fn write_and_close(bytes: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Write(bytes.into()), Step::Close]
}

/// A response with a JSON body.
pub(crate) fn json(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/scim+json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A request as it came, and on which connection (counted from 0).
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) text: String,
}

/// Listens on a port of its own until it is dropped.
pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    listener: JoinHandle<()>,
}

impl RawServer {
    /// The n-th request gets the n-th answer, later ones the last.
    pub(crate) async fn start(answers: Vec<Vec<Step>>) -> Self {
        Self::listen(answers, None).await
    }

    /// The same behind TLS.
    pub(crate) async fn start_tls(
        answers: Vec<Vec<Step>>,
        config: Arc<rustls::ServerConfig>,
    ) -> Self {
        Self::listen(answers, Some(TlsAcceptor::from(config))).await
    }

    async fn listen(answers: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let answers = Arc::new(answers);
        let listener = tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((tcp, _)) = listener.accept().await {
                tcp.set_nodelay(true).expect("an option of every socket");
                let (record, answers) = (Arc::clone(&record), Arc::clone(&answers));
                tokio::spawn(accept(tcp, tls.clone(), connection, record, answers));
                connection += 1;
            }
        });
        Self {
            address,
            seen,
            listener,
        }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic in the server").clone()
    }

    /// The text of the only request.
    pub(crate) fn only_request(&self) -> String {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].text.clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn accept(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    connection: usize,
    record: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Vec<Vec<Step>>>,
) {
    match tls {
        None => converse(tcp, connection, &record, &answers).await,
        Some(acceptor) => {
            // A refused handshake is what some tests are about; the client tells of it.
            if let Ok(stream) = acceptor.accept(tcp).await {
                converse(stream, connection, &record, &answers).await;
            }
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    connection: usize,
    record: &Mutex<Vec<Seen>>,
    answers: &[Vec<Step>],
) {
    while let Some(text) = read_request(&mut stream).await {
        let number = {
            let mut seen = record.lock().expect("no panic in the server");
            seen.push(Seen { connection, text });
            seen.len() - 1
        };
        let answer = answers.get(number).or(answers.last()).expect("an answer");
        for step in answer {
            // An error means that the client has closed, as it may.
            if perform(&mut stream, step).await.is_err() {
                return;
            }
        }
    }
}

async fn perform<S: AsyncWrite + Unpin>(stream: &mut S, step: &Step) -> std::io::Result<()> {
    match step {
        Step::Write(bytes) => {
            stream.write_all(bytes).await?;
            stream.flush().await
        }
        Step::Trickle(bytes, pause) => {
            for byte in bytes {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(*pause).await;
            }
            Ok(())
        }
        Step::Forever(bytes) => loop {
            stream.write_all(bytes).await?;
        },
        Step::Close => {
            stream.shutdown().await?;
            Err(std::io::ErrorKind::ConnectionAborted.into())
        }
        Step::Hang => std::future::pending().await,
    }
}

/// Reads one request with its body; none at the end of the connection.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(text) = complete(&bytes) {
            return Some(text);
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn complete(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    if head.contains("\r\nTransfer-Encoding: chunked\r\n") {
        return body.ends_with("\r\n0\r\n\r\n").then_some(text);
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().expect("a length"));
    (body.len() >= length).then_some(text)
}
