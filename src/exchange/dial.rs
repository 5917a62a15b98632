//! A connection to a target, and nothing said on it yet: TCP, and TLS where the target wants it. No proxy is ever used.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bounds::Bounds;
use super::failure::{Peer, Stage};
use super::{SendError, Settings, SettingsError, tls};

/// A protocol for ALPN (RFC 7301, 6).
const HTTP_1_1: &[u8] = b"http/1.1";

/// A stream of bytes both ways.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

/// Connects to one target as its settings say.
#[derive(Clone)]
pub struct Dialler {
    settings: Settings,
    tls: Arc<ClientConfig>,
}

impl std::fmt::Debug for Dialler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialler")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Dialler {
    /// Sets up TLS; connects to nobody yet.
    ///
    /// # Errors
    /// [`SettingsError`] for certificates and keys that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            tls: Arc::new(tls::client_config(&settings)?),
            settings,
        })
    }

    /// The same, and a server that speaks several versions of HTTP is asked for HTTP/1.1.
    #[must_use]
    pub fn for_http_1_1(mut self) -> Self {
        Arc::make_mut(&mut self.tls).alpn_protocols = vec![HTTP_1_1.to_vec()];
        self
    }

    /// How the target is reached.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whom the messages are about.
    pub(super) fn peer(&self) -> Peer<'_> {
        Peer {
            base: &self.settings.base,
            proxy: None,
        }
    }

    /// Connects, within the bounds of the settings.
    ///
    /// # Errors
    /// [`SendError`], in words for people.
    pub async fn dial(&self) -> Result<Box<dyn Wire>, SendError> {
        self.dial_within(&Bounds::start(&self.settings)).await
    }

    /// Why a connection to the target was lost, in words for people; none stands for an end without an error.
    #[must_use]
    pub fn lost(&self, error: Option<&std::io::Error>, body: Option<usize>) -> SendError {
        let stage = body.map_or(Stage::Head, Stage::Body);
        let ended = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        self.peer().diagnose(error.unwrap_or(&ended), stage)
    }

    pub(super) async fn dial_within(&self, bounds: &Bounds) -> Result<Box<dyn Wire>, SendError> {
        let (base, peer) = (&self.settings.base, self.peer());
        let failed = |error: std::io::Error| peer.diagnose(&error, Stage::Connecting);
        let addresses: Vec<_> = bounds
            .within(tokio::net::lookup_host((base.host(), base.port())))
            .await?
            .map_err(|_| peer.unknown_host())?
            .collect();
        let tcp = bounds
            .within(TcpStream::connect(&addresses[..]))
            .await?
            .map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        if !base.is_https() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(base.host().to_owned()).map_err(|_| SendError::Tls {
            reason: "the host name is not one that a certificate can have".to_owned(),
        })?;
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        let stream = bounds
            .within(tls.connect(name, tcp))
            .await?
            .map_err(failed)?;
        Ok(Box::new(stream))
    }
}
