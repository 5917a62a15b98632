//! HTTPS for the listener: a certificate from files, or one made on the spot.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Names under which a server on the loopback address is reached.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate with its key, ready to be shown to clients.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// The key stays out of every output.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("{} holds no {what} in PEM: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// Certificate and key cannot be used together.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(String),
}

impl Tls {
    /// From a certificate, with its chain behind it, and its private key, each in a PEM file.
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not belong together.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let no = |file: &Path, what, reason: String| TlsError::File {
            file: file.to_owned(),
            what,
            reason,
        };
        let no_certificate = |reason| no(certificate, "certificate", reason);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|e| no_certificate(e.to_string()))?;
        if chain.is_empty() {
            return Err(no_certificate("none found".to_owned()));
        }
        let key =
            PrivateKeyDer::from_pem_file(key).map_err(|e| no(key, "private key", e.to_string()))?;
        Self::new(chain, key)
    }

    /// A new certificate for the loopback address, signed by itself, with its PEM text for those
    /// who are to trust it. The key is never written.
    ///
    /// # Errors
    /// When none can be made.
    pub fn self_signed() -> Result<(Self, String), TlsError> {
        let made = || -> Result<_, rcgen::Error> {
            let key = KeyPair::generate()?;
            let names = LOOPBACK.map(str::to_owned);
            let mut params = CertificateParams::new(names)?;
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, "scim-conform serve");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            Ok((params.self_signed(&key)?, key))
        };
        let (certificate, key) = made().map_err(|e| TlsError::Unusable(e.to_string()))?;
        let pem = certificate.pem();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let tls = Self::new(vec![certificate.der().clone()], key.into())?;
        Ok((tls, pem))
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let unusable = |e: rustls::Error| TlsError::Unusable(e.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// The handshake.
    pub(super) async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(Arc::clone(&self.0)).accept(stream).await
    }
}
