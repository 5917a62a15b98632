use std::time::Duration;

use super::*;

/// The header on the wire, and the texts that are hidden.
fn said(credentials: &Credentials) -> (Option<String>, Vec<String>) {
    let (header, secrets) = authorization(credentials);
    assert!(
        header
            .iter()
            .all(|h| matches!(h, HeaderText::Secret(_)) && h.to_string() == "***"),
        "{credentials:?}"
    );
    (
        header.map(|h| h.expose().to_owned()),
        secrets.iter().map(|s| s.expose().to_owned()).collect(),
    )
}

#[test]
fn every_form_of_credentials_is_sent_as_it_should_and_hidden() {
    let secret = |text: &str| Secret::new(text);
    // Credentials, the header, what is hidden.
    let table: [(Credentials, Option<&str>, &[&str]); 8] = [
        (Credentials::Anonymous, None, &[]),
        (
            Credentials::Bearer(secret("s3cret")),
            Some("Bearer s3cret"),
            &["s3cret"],
        ),
        // RFC 7617, 2: the example there.
        (
            Credentials::Basic(secret("Aladdin:open sesame")),
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            &[
                "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
                "Aladdin:open sesame",
                "open sesame",
            ],
        ),
        (
            Credentials::Basic(secret("ada:pass:word")),
            Some("Basic YWRhOnBhc3M6d29yZA=="),
            &["YWRhOnBhc3M6d29yZA==", "ada:pass:word", "pass:word"],
        ),
        (
            Credentials::Basic(secret("password-alone")),
            Some("Basic cGFzc3dvcmQtYWxvbmU="),
            &["cGFzc3dvcmQtYWxvbmU=", "password-alone", "password-alone"],
        ),
        (
            Credentials::Header(secret("s3cret")),
            Some("s3cret"),
            &["s3cret"],
        ),
        (
            Credentials::Header(secret("Token s3cret")),
            Some("Token s3cret"),
            &["s3cret"],
        ),
        (
            Credentials::Header(secret("Key id-17 s3cret")),
            Some("Key id-17 s3cret"),
            &["id-17 s3cret", "id-17", "s3cret"],
        ),
    ];
    for (credentials, header, hidden) in table {
        let (sent, secrets) = said(&credentials);
        assert_eq!(sent.as_deref(), header, "{credentials:?}");
        assert_eq!(secrets, hidden, "{credentials:?}");
    }
}

fn remote(network: Network) -> Remote {
    Remote {
        base: "https://scim.example.test/v2".to_owned(),
        credentials: Credentials::Anonymous,
        headers: vec![
            (
                "X-Api-Key".to_owned(),
                HeaderText::Secret(Secret::new("k3y")),
            ),
            ("X-Tenant".to_owned(), HeaderText::Plain("seven".to_owned())),
        ],
        network,
    }
}

fn reached(network: Network, tap: bool) -> Result<Reached, String> {
    reach(&remote(network), Duration::from_secs(1), tap).map_err(|refusal| {
        assert!(matches!(refusal, Refusal::Usage { .. }), "{refusal:?}");
        refusal.to_string()
    })
}

#[test]
fn a_target_is_reached_with_its_headers_and_their_secrets() {
    let direct = Network {
        proxy: Proxy::Direct,
        ..Network::default()
    };
    for tap in [false, true] {
        let reached = reached(direct.clone(), tap).unwrap();
        assert_eq!(reached.base.to_string(), "https://scim.example.test/v2");
        assert_eq!(reached.client.extra.len(), 2);
        assert!(reached.client.authorization.is_none());
        assert_eq!(reached.secrets, [Secret::new("k3y")]);
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    let prose = text("prose.pem", "this is no certificate");
    let broken = text(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    // Root certificates, client certificate, what the message says beside the file's name.
    let table = [
        (Some(&missing), None, "cannot read"),
        (Some(&prose), None, "holds no certificate in PEM format"),
        (Some(&broken), None, "cannot be used"),
        (None, Some(&missing), "cannot read"),
        (None, Some(&prose), "holds no"),
    ];
    for (ca, client_cert, problem) in table {
        let network = Network {
            ca: ca.cloned(),
            client_cert: client_cert.cloned(),
            proxy: Proxy::Direct,
            ..Network::default()
        };
        for tap in [false, true] {
            let told = reached(network.clone(), tap).err().unwrap();
            let file = ca.or(client_cert).unwrap().display().to_string();
            assert!(
                told.contains(problem) && told.contains(&file),
                "{problem}: {told}"
            );
        }
    }
}

#[test]
fn proxies_are_taken_or_refused_without_a_word_of_their_password() {
    let by = |url: &str| Network {
        proxy: Proxy::Url(Secret::new(url)),
        ..Network::default()
    };
    assert!(reached(by("http://proxy.example.test:3128"), false).is_ok());
    for url in ["ftp://u:pa55@proxy.example.test", "http://u:pa55@"] {
        let told = reached(by(url), false).err().unwrap();
        assert!(
            told.contains("the proxy cannot be used") && !told.contains("pa55"),
            "{told}"
        );
    }
    // Who watches the bytes must be the one who is connected.
    let told = reached(by("http://u:pa55@proxy.example.test:3128"), true)
        .err()
        .unwrap();
    assert!(
        told.contains("--tap") && told.contains("proxy.example.test") && !told.contains("pa55"),
        "{told}"
    );
}
