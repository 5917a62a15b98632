//! One TLS configuration for both networked transports.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::failure::tls_reason;
use super::settings::Doubts;
use super::verifier::Explaining;
use super::{Pem, Settings, SettingsError};

/// Roots, client certificate and verification as the settings say.
///
/// The system's roots are merged with the bundled ones, so that a static binary in an empty
/// image can speak TLS. Neither is loaded when nothing will speak TLS: that takes longer than
/// all the rest of starting up.
pub(super) fn client_config(settings: &Settings) -> Result<ClientConfig, SettingsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::Client {
            reason: error.to_string(),
        })?;
    let mut roots = RootCertStore::empty();
    for pem in &settings.ca {
        add_ca(&mut roots, pem)?;
    }
    let speaks_tls = settings.base.is_https() || settings.proxy.needs_tls(&settings.base);
    if speaks_tls {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        // A machine without a store, or with a broken entry in it, still has the bundled roots.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let roots = Arc::new(roots);
    let builder = if settings.insecure {
        let any = AnyCertificate {
            strict: Explaining::new(roots, Arc::clone(&provider)),
            doubts: settings.doubts.clone(),
            provider,
        };
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(any))
    } else {
        match Explaining::new(Arc::clone(&roots), provider) {
            Some(verifier) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier)),
            // Nothing will speak TLS.
            None => builder.with_root_certificates(roots),
        }
    };
    match &settings.client_identity {
        None => Ok(builder.with_no_client_auth()),
        Some(pem) => {
            let chain = certificates(pem)?;
            let key = private_key(pem)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| SettingsError::BadIdentity {
                    file: pem.origin().to_owned(),
                    reason: error.to_string(),
                })
        }
    }
}

fn add_ca(roots: &mut RootCertStore, pem: &Pem) -> Result<(), SettingsError> {
    for certificate in certificates(pem)? {
        roots
            .add(certificate)
            .map_err(|error| SettingsError::BadCertificate {
                file: pem.origin().to_owned(),
                reason: error.to_string(),
            })?;
    }
    Ok(())
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let certificates = CertificateDer::pem_slice_iter(pem.bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| SettingsError::BadCertificate {
            file: pem.origin().to_owned(),
            reason: error.to_string(),
        })?;
    if certificates.is_empty() {
        return Err(SettingsError::NoCertificate {
            file: pem.origin().to_owned(),
            hint: hint(pem.bytes()),
        });
    }
    Ok(certificates)
}

/// What a file without PEM certificates often is.
fn hint(bytes: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(bytes);
    if bytes.is_empty() {
        "; it is empty"
    } else if text.contains("PRIVATE KEY-----") {
        "; it holds a private key only: put the certificate into the same file"
    } else if bytes.starts_with(b"\x30") {
        // DER and PKCS #12 both start with an ASN.1 SEQUENCE.
        "; it looks binary: convert it with `openssl x509 -inform der` or `openssl pkcs12 -nodes`"
    } else {
        ""
    }
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, SettingsError> {
    let file = || pem.origin().to_owned();
    let text = String::from_utf8_lossy(pem.bytes());
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.contains("Proc-Type: 4,ENCRYPTED")
    {
        return Err(SettingsError::EncryptedKey { file: file() });
    }
    PrivateKeyDer::from_pem_slice(pem.bytes())
        .map_err(|_| SettingsError::NoPrivateKey { file: file() })
}

/// Accepts every certificate, because the user asked for that, and notes what Okta would mind. The
/// handshake's signature is still checked, so the peer does own the key it shows.
#[derive(Debug)]
struct AnyCertificate {
    strict: Option<Explaining>,
    doubts: Doubts,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.strict.as_ref().map(|strict| {
            strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        });
        if let Some(Err(error)) = verified {
            self.doubts.note(tls_reason(&error));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
