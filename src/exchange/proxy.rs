//! Through which proxy requests go.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::{BaseUrl, SettingsError};
use crate::secret::Secret;

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Which proxy is used. A proxy URL may hold a user and a password, so it is a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or the settings of
    /// macOS and Windows) say.
    #[default]
    Environment,
    /// Connect directly, whatever the environment says.
    None,
    /// This one.
    Url {
        /// `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`.
        url: Secret,
        /// Hosts to reach directly, in the syntax of `NO_PROXY`; may be empty.
        except: String,
    },
}

impl ProxyChoice {
    /// An explicit proxy; `except` has the syntax of `NO_PROXY`.
    ///
    /// # Errors
    /// [`SettingsError::Proxy`] when `url` is no URL of a proxy.
    pub fn url(url: &str, except: impl Into<String>) -> Result<Self, SettingsError> {
        let refuse = |reason: String| Err(SettingsError::Proxy { reason });
        let url = url.trim();
        let full = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let parsed = match reqwest::Url::parse(&full) {
            Ok(parsed) => parsed,
            Err(error) => return refuse(error.to_string()),
        };
        if !SCHEMES.contains(&parsed.scheme()) {
            return refuse(format!("its scheme is {}", parsed.scheme()));
        }
        if parsed.host_str().is_none_or(str::is_empty) {
            return refuse("it has no host".to_owned());
        }
        Ok(Self::Url {
            url: Secret::new(full),
            except: except.into(),
        })
    }

    /// The proxy for requests to `base`, without user and password.
    pub(super) fn for_target(&self, base: &BaseUrl) -> Option<String> {
        let proxy = self.intercept(base)?;
        let uri = proxy.uri();
        Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
    }

    /// The user and password for the proxy for `base`, as secrets that must not be shown.
    pub(super) fn secrets(&self, base: &BaseUrl) -> Vec<Secret> {
        let Some(proxy) = self.intercept(base) else {
            return Vec::new();
        };
        let basic = proxy.basic_auth().and_then(|value| value.to_str().ok());
        let raw = proxy.raw_auth().map(|(_, password)| password);
        basic.into_iter().chain(raw).map(Secret::new).collect()
    }

    fn intercept(&self, base: &BaseUrl) -> Option<Intercept> {
        let matcher = match self {
            Self::None => return None,
            Self::Environment => Matcher::from_system(),
            Self::Url { url, except } => Matcher::builder()
                .all(url.expose().to_owned())
                .no(except.clone())
                .build(),
        };
        let target: Uri = base.join("/").parse().ok()?;
        matcher.intercept(&target)
    }

    /// Whether the proxy for `base` itself speaks TLS.
    pub(super) fn needs_tls(&self, base: &BaseUrl) -> bool {
        self.for_target(base)
            .is_some_and(|url| url.starts_with("https:"))
    }

    /// Puts the choice into an HTTP client.
    pub(super) fn apply(
        &self,
        client: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, SettingsError> {
        match self {
            Self::Environment => Ok(client),
            Self::None => Ok(client.no_proxy()),
            Self::Url { url, except } => {
                let proxy =
                    reqwest::Proxy::all(url.expose()).map_err(|_| SettingsError::Proxy {
                        reason: "it is not a URL of a proxy".to_owned(),
                    })?;
                Ok(client.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(except))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> BaseUrl {
        BaseUrl::parse(url).expect(url)
    }

    #[test]
    fn an_explicit_proxy_with_exceptions() {
        let choice = ProxyChoice::url("proxy.test:3128", "other.test, .intern.test,10.0.0.0/8")
            .expect("valid");
        let cases = [
            ("https://scim.example.test/v2", true),
            ("https://other.test/v2", false),
            ("https://a.intern.test/v2", false),
            ("http://10.1.2.3/v2", false),
            ("http://11.1.2.3/v2", true),
        ];
        for (url, proxied) in cases {
            let expected = proxied.then(|| "http://proxy.test:3128".to_owned());
            assert_eq!(choice.for_target(&target(url)), expected, "{url}");
        }
        assert_eq!(
            ProxyChoice::None.for_target(&target("http://a.test/v2")),
            None
        );
    }

    #[test]
    fn the_password_of_a_proxy_is_never_shown() {
        let choice = ProxyChoice::url("http://ada:hunter2@proxy.test:3128", "").expect("valid");
        let shown = choice.for_target(&target("http://a.test/v2"));
        assert_eq!(shown.as_deref(), Some("http://proxy.test:3128"));
        assert!(!format!("{choice:?}").contains("hunter2"));
        // RFC 7617: `ada:hunter2`.
        let basic = Secret::new("Basic YWRhOmh1bnRlcjI=");
        assert_eq!(choice.secrets(&target("http://a.test/v2")), [basic]);
        let socks = ProxyChoice::url("socks5://ada:hunter2@proxy.test", "").expect("valid");
        let password = Secret::new("hunter2");
        assert_eq!(socks.secrets(&target("http://a.test/v2")), [password]);
        assert_eq!(ProxyChoice::None.secrets(&target("http://a.test/v2")), []);
        for wrong in [
            "gopher://ada:hunter2@proxy.test",
            "http://ada:hunter2@proxy.test:x",
            "http://",
        ] {
            let error = ProxyChoice::url(wrong, "").expect_err(wrong);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
