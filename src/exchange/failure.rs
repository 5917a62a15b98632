//! From the error chains of the libraries below to a [`SendError`] that a user understands.

use std::error::Error;
use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::verifier::Untrusted;
use super::{BaseUrl, SendError};

/// What a server that knows only older versions of TLS looks like.
const TOO_OLD: PeerIncompatible = PeerIncompatible::ServerDoesNotSupportTls12Or13;

/// How far an exchange had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// TCP or TLS was not ready.
    Connecting,
    /// The request was on its way, or its answer's header section.
    Head,
    /// The header section had come, and so many bytes of the body.
    Body(usize),
}

/// Whom the failure is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer<'a> {
    /// The target.
    pub(super) base: &'a BaseUrl,
    /// The proxy in front of it, without user and password.
    pub(super) proxy: Option<&'a str>,
}

impl Peer<'_> {
    /// Whom the connection goes to, for messages.
    fn connected_to(&self) -> String {
        match self.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => format!("{}:{}", self.base.host(), self.base.port()),
        }
    }

    /// The host name was not found.
    pub(super) fn unknown_host(&self) -> SendError {
        let host = match self.proxy {
            Some(proxy) => format!("of the proxy {proxy}"),
            None => self.base.host().to_owned(),
        };
        SendError::Dns { host }
    }

    /// Finds the link of an error's chain that says most.
    pub(super) fn diagnose(&self, error: &(dyn Error + 'static), stage: Stage) -> SendError {
        let chain: Vec<_> = causes(error).collect();
        chain
            .iter()
            .find_map(|cause| self.by_type(*cause, stage))
            .unwrap_or_else(|| {
                let last = chain
                    .last()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                self.by_stage(last, stage)
            })
    }

    fn by_type(&self, cause: &(dyn Error + 'static), stage: Stage) -> Option<SendError> {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(SendError::Tls {
                reason: tls_reason(error),
            });
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            return self.by_http(error, stage);
        }
        if let Some(error) = cause.downcast_ref::<io::Error>()
            && error
                .get_ref()
                .is_none_or(|inner| !inner.is::<rustls::Error>())
        {
            return self.by_io(error, stage);
        }
        // hyper-util's type for this is private; its text starts the same in every case. With
        // something below it, that says more.
        let text = cause.to_string();
        let reason = text.strip_prefix("tunnel error: ")?;
        cause.source().is_none().then(|| SendError::Connect {
            host: format!("{}:{}", self.base.host(), self.base.port()),
            reason: format!("{} did not open a tunnel: {reason}", self.connected_to()),
        })
    }

    fn by_http(&self, error: &hyper::Error, stage: Stage) -> Option<SendError> {
        if error.is_parse_too_large() {
            return Some(SendError::NotHttp {
                reason: "too many or too long headers".to_owned(),
            });
        }
        if error.is_parse() {
            let hint = if self.base.is_https() {
                ""
            } else {
                "; does this port want https://?"
            };
            return Some(SendError::NotHttp {
                reason: format!("{error}{hint}"),
            });
        }
        if error.is_incomplete_message() {
            return Some(self.by_stage(String::new(), stage));
        }
        None
    }

    fn by_io(&self, error: &io::Error, stage: Stage) -> Option<SendError> {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        match (error.kind(), stage) {
            (UnexpectedEof, Stage::Connecting) if self.base.is_https() => Some(SendError::Tls {
                reason: "the server closed the connection during the handshake".to_owned(),
            }),
            (InvalidData | InvalidInput, Stage::Body(_)) => Some(SendError::NotHttp {
                reason: error.to_string(),
            }),
            (UnexpectedEof, _) => Some(self.by_stage(String::new(), stage)),
            // Wrappers say less than what they wrap.
            (Other, _) => None,
            _ => Some(self.by_stage(error.to_string(), stage)),
        }
    }

    fn by_stage(&self, reason: String, stage: Stage) -> SendError {
        let after = |what: String| SendError::Closed {
            reason: if reason.is_empty() {
                what
            } else {
                format!("{what}: {reason}")
            },
        };
        match stage {
            Stage::Connecting => SendError::Connect {
                host: self.connected_to(),
                reason: if reason.is_empty() {
                    "closed at once".to_owned()
                } else {
                    reason
                },
            },
            Stage::Head => after("before a complete header section came".to_owned()),
            Stage::Body(count) => after(format!("after {count} bytes of the body")),
        }
    }
}

/// An error and everything below it. `io::Error::source` skips the error that it wraps, so
/// that one is looked up by hand.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |current: &&'a (dyn Error + 'static)| {
        let current: &'a (dyn Error + 'static) = *current;
        match current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => current.source(),
        }
    })
}

pub(super) fn tls_reason(error: &rustls::Error) -> String {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(certificate) => certificate_reason(certificate),
        Tls::InvalidMessage(_) => {
            "the server did not answer in TLS; is this a port for http://?".to_owned()
        }
        Tls::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server demands a client certificate".to_owned()
        }
        Tls::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied),
        ) => format!("the server refused the client certificate ({alert:?})"),
        Tls::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the server does not serve this host name (UnrecognisedName)".to_owned()
        }
        Tls::AlertReceived(AlertDescription::ProtocolVersion) | Tls::PeerIncompatible(TOO_OLD) => {
            "the server speaks no version of TLS from 1.2 on; older ones are not safe any more"
                .to_owned()
        }
        Tls::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server accepts no cipher and no version of TLS (1.2, 1.3) that is offered here"
                .to_owned()
        }
        Tls::AlertReceived(alert) => format!("the server ended the handshake ({alert:?})"),
        Tls::PeerIncompatible(why) => format!("no common protocol version or cipher ({why:?})"),
        other => other.to_string(),
    }
}

fn certificate_reason(error: &CertificateError) -> String {
    match error {
        CertificateError::Other(why) if why.0.is::<Untrusted>() => why.0.to_string(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate belongs to another host ({error})")
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate has expired ({})", day(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!(
                "the certificate is not valid yet, only from {} on",
                day(*not_before)
            )
        }
        other => format!("the certificate is not valid: {other}"),
    }
}

/// `2026-11-22`.
fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s after 1970"),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
