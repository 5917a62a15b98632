//! Why a certificate is not trusted, in more words than the library has.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// Why nobody vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// It has signed itself.
    SelfSigned,
    /// It came without the certificates between it and an authority.
    Alone,
    /// It came with so many others, and they lead to nobody who is trusted.
    WithOthers(usize),
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfSigned => {
                f.write_str("the certificate is self-signed, so nobody vouches for it")
            }
            Self::Alone => f.write_str(
                "the certificate came alone, and nobody who is trusted here has issued it: the \
                 server does not send the intermediate certificates, or its authority is private",
            ),
            Self::WithOthers(count) => write!(
                f,
                "the certificate and those sent with it ({count}) lead to no authority that is \
                 trusted here: the authority is private, or the chain is not the right one",
            ),
        }
    }
}

impl std::error::Error for Untrusted {}

/// Verifies as the library does, and looks twice at a certificate from an unknown issuer.
#[derive(Debug)]
pub(super) struct Explaining {
    inner: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

impl Explaining {
    /// Trusts `roots`; none when they are empty.
    pub(super) fn new(roots: Arc<RootCertStore>, provider: Arc<CryptoProvider>) -> Option<Self> {
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        Some(Self {
            inner: inner.build().ok()?,
            provider,
        })
    }

    fn look_again(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Untrusted {
        if self.vouches_for_itself(certificate, now) {
            Untrusted::SelfSigned
        } else if others.is_empty() {
            Untrusted::Alone
        } else {
            Untrusted::WithOthers(others.len())
        }
    }

    /// Whether the certificate would be right if it were an authority's.
    fn vouches_for_itself(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let mut itself = RootCertStore::empty();
        let added = itself.add(certificate.clone().into_owned());
        let algorithms = self.provider.signature_verification_algorithms.all;
        added.is_ok()
            && ParsedCertificate::try_from(certificate).is_ok_and(|parsed| {
                verify_server_cert_signed_by_trust_anchor(&parsed, &itself, &[], now, algorithms)
                    .is_ok()
            })
    }
}

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let why = self.look_again(end_entity, intermediates, now);
                CertificateError::Other(OtherError(Arc::new(why))).into()
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
