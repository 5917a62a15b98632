//! Certificates for servers and clients, made on the spot.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use scim_conform::exchange::Pem;

/// A certificate with its key.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    /// Signed by itself.
    pub(crate) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, key }
    }

    /// The certificate alone.
    pub(crate) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// Certificate and key in one text.
    pub(crate) fn identity_pem(&self) -> Pem {
        Pem::new(
            "client.pem",
            self.certificate.pem() + &self.key.serialize_pem(),
        )
    }

    /// The private key's text.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A server that shows this certificate to everybody.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.der();
        Arc::new(
            builder()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("a server"),
        )
    }

    /// A server that also sends the certificate of `authority`, as it should of one between it and a root.
    pub(crate) fn server_with(&self, authority: &Authority) -> Arc<ServerConfig> {
        let (mut chain, key) = self.der();
        chain.push(authority.0.der().clone());
        Arc::new(
            builder()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("a server"),
        )
    }

    /// A server that also demands a certificate of `authority`.
    pub(crate) fn server_demanding(&self, authority: &Authority) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.0.der().clone()).expect("a CA");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .expect("a verifier");
        let (chain, key) = self.der();
        Arc::new(
            builder()
                .with_client_cert_verifier(verifier)
                .with_single_cert(chain, key)
                .expect("a server"),
        )
    }

    fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key");
        (vec![self.certificate.der().clone()], key)
    }
}

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(Self::params("Test Authority"), key).expect("a CA"))
    }

    /// One that this one vouches for.
    pub(crate) fn between(&self) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = Self::params("Test Intermediate");
        Self(CertifiedIssuer::signed_by(params, key, &self.0).expect("a CA"))
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        // Not rcgen's default, which a self-signed certificate has, too.
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    /// A certificate for a server or a client of this name.
    pub(crate) fn issue(&self, name: &str) -> Identity {
        self.issue_for(name, 1975, 4096)
    }

    /// The same for the years from `first` up to the beginning of `last`.
    pub(crate) fn issue_for(&self, name: &str, first: i32, last: i32) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.not_before = date_time_ymd(first, 1, 1);
        params.not_after = date_time_ymd(last, 1, 1);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate, key }
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> Pem {
        Pem::new("ca.pem", self.0.pem())
    }
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
}
