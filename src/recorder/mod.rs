//! A reverse proxy that records: it stands in front of a vendor's server, passes everything through, and keeps what
//! passed as an HTTP archive for `judge` and `calibrate`.
//!
//! - `relay` and `directions` move the bytes, as they are; `head`, `framing` and `inbox` find out where messages begin and end.
//! - `mask` hides credentials, passwords and people before anything is written; `entry` makes an entry of what is left.
//! - `har_file` keeps the archive whole, whenever the process ends.
//!
//! What a client has got whole is in the file, however the recorder ends: the last piece of an answer goes on after
//! its entry was written.

mod archive;
mod budget;
mod directions;
mod entry;
mod framing;
mod har_file;
mod head;
mod inbox;
mod mask;
mod passage;
mod refusal;
mod relay;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::exchange::{Dialler, Settings, SettingsError};

use self::archive::Archive;
use self::budget::Budget;
use self::har_file::HarFile;
use self::mask::Mask;
use self::refusal::Refusal;
use self::relay::Relay;

pub use self::archive::{Event, Observer, Tally};
pub use self::har_file::{FileError, IfThere};
pub use self::mask::PeopleAs;

/// Connections of clients at one time. Each has one to the target: of a recorder that is its own target, in however
/// roundabout a way, this is the end.
const CONNECTIONS: usize = 200;
/// How long exchanges that are under way may take when the recorder stops.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// How to record.
#[derive(Debug)]
pub struct Options {
    /// The server behind the recorder, and how to reach it.
    pub target: Settings,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The file.
    pub file: PathBuf,
    /// What to do with a file that is there.
    pub if_there: IfThere,
    /// What stands for people.
    pub people: PeopleAs,
    /// `Host` goes on as it came, in place of the name of the target.
    pub keeps_host: bool,
}

/// Why a recorder does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's words.
        reason: io::Error,
    },
    /// It would be its own target.
    #[error("the target is the recorder itself")]
    Itself,
    /// The target cannot be reached in that way.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A recorder that has its port and its file.
pub struct Recorder {
    listener: TcpListener,
    address: SocketAddr,
    relay: Arc<Relay>,
    entries: usize,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Takes the port, then opens the file.
    ///
    /// # Errors
    /// [`StartError`]; a file that was there is as it was.
    pub async fn bind(options: Options, observer: Observer) -> Result<Self, StartError> {
        let dialler = Dialler::new(options.target)?.for_http_1_1();
        let failed = |reason| StartError::Listen {
            address: options.listen,
            reason,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if leads_to(&dialler, address).await {
            return Err(StartError::Itself);
        }
        let mask = Mask::new(options.people);
        let file = HarFile::open(&options.file, mask.shows_people(), options.if_there)?;
        let entries = file.entries();
        let base = dialler.settings().base.path().to_owned();
        let relay = Relay {
            dialler,
            keeps_host: options.keeps_host,
            budget: Budget::default(),
            archive: Arc::new(Archive::new(file, mask, &base, observer)),
        };
        Ok(Self {
            listener,
            address,
            relay: Arc::new(relay),
            entries,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many entries the file has already.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// Records until `stop` completes; then lets exchanges under way come to their end, for a while.
    ///
    /// # Errors
    /// When the file cannot be brought to the disk.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<Tally, FileError> {
        let (stops, stopping) = watch::channel(false);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            // Finished connections are let go of, so that the set does not grow.
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            let Ok((client, _)) = accepted else {
                // No file descriptor is free, most likely: give the others time to end.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let relay = Arc::clone(&self.relay);
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    connections.spawn(serve(relay, client, stopping.clone(), place));
                }
                Err(_) => {
                    relay.archive.count_refusal(503);
                    connections.spawn(turn_away(client));
                }
            }
        }
        drop(self.listener);
        // The receivers are gone only when all connections are.
        let _ = stops.send(true);
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(STOP_WAIT, ended).await;
        connections.shutdown().await;
        self.relay.archive.end()
    }
}

async fn serve(
    relay: Arc<Relay>,
    client: TcpStream,
    stopping: watch::Receiver<bool>,
    place: OwnedSemaphorePermit,
) {
    relay::serve(&relay, client, stopping).await;
    drop(place);
}

/// Too many are there already.
async fn turn_away(client: TcpStream) {
    let detail = format!("{CONNECTIONS} connections are open; is the target the recorder itself?");
    relay::answer_once(client, &Refusal::new(503, detail)).await;
}

/// Whether the target is the address itself, by any name that this machine has for it.
async fn leads_to(dialler: &Dialler, address: SocketAddr) -> bool {
    let base = &dialler.settings().base;
    if base.port() != address.port() {
        return false;
    }
    let Ok(found) = tokio::net::lookup_host((base.host(), base.port())).await else {
        return false;
    };
    let (here, mut found) = (address.ip().to_canonical(), found);
    found.any(|other| {
        let other = other.ip().to_canonical();
        other == here || here.is_unspecified() && is_of_this_machine(other)
    })
}

/// Whether an address is of this machine: then one can listen on it.
fn is_of_this_machine(address: std::net::IpAddr) -> bool {
    address.is_loopback() || std::net::TcpListener::bind((address, 0)).is_ok()
}
