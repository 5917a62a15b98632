//! A hook for `scim-conform run --hook`: passes each operation on to an HTTP service, such as the admin face of the
//! reference server.
//!
//! ```sh
//! scim-conform run --target URL --hook 'http_hook 127.0.0.1:8081'
//! ```
//!
//! The operation comes as one line on standard input, and the answer goes to standard output
//! (`docs/admin-contract.md`). The token is taken from `SCIM_CONFORM_TOKEN`. Plain HTTP with nothing but the standard
//! library, so that it is easy to follow; what speaks HTTP in your own product will do as well.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match pass_on() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // What a hook writes here is shown to whoever runs the scenarios.
            let _ = writeln!(std::io::stderr(), "http_hook: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn pass_on() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: http_hook HOST:PORT")?;
    let token = std::env::var("SCIM_CONFORM_TOKEN").unwrap_or_default();
    let mut operation = String::new();
    std::io::stdin().read_to_string(&mut operation)?;

    let mut service = TcpStream::connect(&address)
        .map_err(|problem| format!("cannot reach {address}: {problem}"))?;
    service.set_read_timeout(Some(PATIENCE))?;
    let length = operation.len();
    write!(
        service,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{operation}"
    )?;
    let mut answer = String::new();
    service.read_to_string(&mut answer)?;
    // The service closes the connection after its answer, and does not send it in chunks.
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("the answer is no HTTP")?;
    std::io::stdout().write_all(body.as_bytes())?;
    Ok(())
}
