//! Proxies that open tunnels, and remember what they were asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a proxy is asked for a tunnel.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    /// `CONNECT host:port` (RFC 9110, 9.3.6).
    Connect,
    /// The same, but the answer is 407.
    ConnectRefused,
    /// SOCKS version 5 without authentication (RFC 1928).
    Socks5,
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    listener: JoinHandle<()>,
}

impl Proxy {
    /// Starts to listen.
    pub(crate) async fn start(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let record = Arc::clone(&record);
                tokio::spawn(async move {
                    match protocol {
                        Protocol::Connect => http(client, &record, true).await,
                        Protocol::ConnectRefused => http(client, &record, false).await,
                        Protocol::Socks5 => socks5(client, &record).await,
                    }
                });
            }
        });
        Self {
            address,
            asked,
            listener,
        }
    }

    /// What it was asked for, in the protocol's own words.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic in the proxy").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn http(mut client: TcpStream, record: &Mutex<Vec<String>>, willing: bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("a whole request"));
    }
    let head = String::from_utf8(head).expect("text");
    let target = head.split(' ').nth(1).expect("a target").to_owned();
    record.lock().expect("no panic").push(head);
    if willing {
        client
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .await
            .expect("open");
        tunnel(client, &target).await;
    } else {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        client.write_all(answer).await.expect("open");
    }
}

async fn socks5(mut client: TcpStream, record: &Mutex<Vec<String>>) {
    let mut hello = [0; 2];
    client.read_exact(&mut hello).await.expect("a greeting");
    let mut methods = vec![0; usize::from(hello[1])];
    client.read_exact(&mut methods).await.expect("methods");
    client.write_all(&[5, 0]).await.expect("open");
    let mut request = [0; 10];
    client
        .read_exact(&mut request)
        .await
        .expect("a request with an IPv4 address");
    let [5, 1, 0, 1, a, b, c, d, high, low] = request else {
        panic!("not CONNECT to IPv4: {request:?}");
    };
    let target = format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]));
    record.lock().expect("no panic").push(target.clone());
    client
        .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .expect("open");
    tunnel(client, &target).await;
}

async fn tunnel(mut client: TcpStream, target: &str) {
    let mut server = TcpStream::connect(target).await.expect("the target");
    // Either side may end it at any time.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
