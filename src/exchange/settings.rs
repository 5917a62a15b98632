//! How a target is reached: trust, client certificate, proxy and bounds.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::body::BODY_LIMIT;
use super::{BaseUrl, ProxyChoice};
use crate::secret::Secret;

/// Everything that a networked transport needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server under test.
    pub base: BaseUrl,
    /// CA certificates trusted in addition to the system's and the bundled ones.
    pub ca: Vec<Pem>,
    /// Certificate and private key, together in one PEM text, shown to servers that ask.
    pub client_identity: Option<Pem>,
    /// Through which proxy, if any.
    pub proxy: ProxyChoice,
    /// Accept any certificate. The connection is still encrypted, but its peer is unknown.
    pub insecure: bool,
    /// What would be wrong with the certificates, where any is accepted.
    pub doubts: Doubts,
    /// The longest wait for the next piece of an answer. Connecting and the whole header
    /// section count as one piece each. Okta gives up after 60 s without data.
    pub idle_timeout: Duration,
    /// The longest time for one exchange, however steadily bytes trickle in.
    pub total_timeout: Duration,
    /// The most bytes of a body, before and after content decoding.
    pub body_limit: usize,
}

impl Settings {
    /// Okta's own bounds, the proxy from the environment, public trust only.
    #[must_use]
    pub fn new(base: BaseUrl) -> Self {
        Self {
            base,
            ca: Vec::new(),
            client_identity: None,
            proxy: ProxyChoice::Environment,
            insecure: false,
            doubts: Doubts::default(),
            idle_timeout: Duration::from_secs(60),
            total_timeout: Duration::from_secs(120),
            body_limit: BODY_LIMIT,
        }
    }

    /// What must not be shown of the proxy that requests to the target go through.
    #[must_use]
    pub fn proxy_secrets(&self) -> Vec<Secret> {
        self.proxy.secrets(&self.base)
    }

    /// The proxy that requests to the target go through, without user and password; none for
    /// a direct connection.
    #[must_use]
    pub fn proxy_in_use(&self) -> Option<String> {
        self.proxy.for_target(&self.base)
    }
}

/// The largest file of certificates or keys that is read, in bytes: all roots of the world have a few hundred KB.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why a certificate would be refused that was accepted on demand. Copies know the same.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<OnceLock<String>>);

impl Doubts {
    /// The first reason; none when there was none, or nobody looked.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    pub(super) fn note(&self, reason: String) {
        // One reason is enough.
        let _ = self.0.set(reason);
    }
}

/// The content of a PEM file (RFC 7468) and where it came from. Prints as its origin only,
/// since it may hold a private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    origin: String,
    bytes: Vec<u8>,
}

impl Pem {
    /// Wraps PEM text; `origin` is how error messages call it, usually the file's name.
    pub fn new(origin: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            origin: origin.into(),
            bytes: bytes.into(),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`SettingsError::Unreadable`] with the file's name and the system's reason.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |reason: String| SettingsError::Unreadable {
            file: path.display().to_string(),
            reason,
        };
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(unreadable("it has more than 16 MiB".to_owned()));
        }
        Ok(Self::new(path.display().to_string(), bytes))
    }

    /// How error messages call it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pem").field(&self.origin).finish()
    }
}

/// Why a transport cannot be set up. Each text names the file and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// Its name.
        file: String,
        /// The system's words.
        reason: String,
    },
    /// No certificate in it.
    #[error("{file} holds no certificate in PEM format (-----BEGIN CERTIFICATE-----){hint}")]
    NoCertificate {
        /// Its name.
        file: String,
        /// What it seems to be instead, and what to do; or nothing.
        hint: &'static str,
    },
    /// A certificate that cannot be used.
    #[error("the certificate in {file} cannot be used: {reason}")]
    BadCertificate {
        /// The file's name.
        file: String,
        /// The library's words.
        reason: String,
    },
    /// No private key beside the client certificate.
    #[error(
        "{file} holds no private key; put the certificate and its key (-----BEGIN PRIVATE KEY-----) into one file"
    )]
    NoPrivateKey {
        /// The file's name.
        file: String,
    },
    /// The private key has a passphrase.
    #[error(
        "the private key in {file} is encrypted; decrypt it first: openssl pkey -in {file} -out decrypted.pem"
    )]
    EncryptedKey {
        /// The file's name.
        file: String,
    },
    /// Key and certificate do not belong together, or the key is of an unknown kind.
    #[error("the client certificate in {file} cannot be used with its key: {reason}")]
    BadIdentity {
        /// The file's name.
        file: String,
        /// The library's words.
        reason: String,
    },
    /// The proxy URL is wrong. It is not repeated, as it may hold a password.
    #[error("the proxy cannot be used: {reason}; write it like http://proxy.example.com:3128")]
    Proxy {
        /// What is wrong.
        reason: String,
    },
    /// The HTTP library refuses.
    #[error("cannot set up the HTTP client: {reason}")]
    Client {
        /// The library's words.
        reason: String,
    },
}
