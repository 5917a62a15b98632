//! Answers every request with one body and does nothing else.
//!
//! Usage: `bare BYTES`. It prints the port on which it listens, and ends when its standard input
//! closes.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let bytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let body: &'static str = "x".repeat(bytes.unwrap_or(0)).leak();
    let answer = move || async move { ([(CONTENT_TYPE, "application/scim+json")], body) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    tokio::spawn(async {
        // Even a caller that is killed leaves no server behind: its end of the pipe closes with it.
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        std::process::exit(0);
    });
    axum::serve(listener, Router::new().fallback(answer)).await
}
