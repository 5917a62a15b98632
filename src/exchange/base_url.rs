//! The base URL of a SCIM server, as an Okta admin types it into "SCIM connector base URL".

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// Okta's own limit for a base URL, in characters.
const OKTA_MAX_LENGTH: usize = 1024;

/// Endpoints below a base URL (RFC 7644, 3.2) that are often pasted along with it.
const ENDPOINTS: [&str; 7] = [
    "users",
    "groups",
    "schemas",
    "resourcetypes",
    "serviceproviderconfig",
    "me",
    "bulk",
];

/// An `http` or `https` URL without user, query, fragment and trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    authority: String,
    path: String,
    warnings: Vec<BaseUrlWarning>,
}

/// Why a text is not a base URL. No variant repeats a user or a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Nothing was given.
    #[error(
        "the base URL is empty; give the URL in front of /Users, such as https://scim.example.com/scim/v2"
    )]
    Empty,
    /// `scim.example.com/v2`.
    #[error("the base URL has no scheme; did you mean {suggestion}?")]
    MissingScheme {
        /// The same text with a scheme.
        suggestion: String,
    },
    /// `ftp://`, `file://`.
    #[error("the base URL's scheme is {scheme}; SCIM needs http or https")]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// A blank or control character inside.
    #[error(
        "the base URL contains a blank or a line break at character {at}; remove it or write %20"
    )]
    Blank {
        /// 1-based, in characters.
        at: usize,
    },
    /// `https://user:password@host`.
    #[error(
        "the base URL contains a user name or password, which would show up in reports; use a token or an Authorization header instead"
    )]
    UserInfo,
    /// `?x=y`.
    #[error("the base URL has a query; remove everything from the question mark on")]
    Query,
    /// `#x`.
    #[error("the base URL has a fragment; remove everything from the # on")]
    Fragment,
    /// The URL of an endpoint.
    #[error("the base URL ends in /{endpoint}, which Okta appends itself; use {suggestion}")]
    Endpoint {
        /// The last path segment.
        endpoint: String,
        /// The URL without it.
        suggestion: String,
    },
    /// Anything else that no URL may be.
    #[error("this is not a URL: {reason}")]
    Invalid {
        /// The parser's words.
        reason: String,
    },
}

/// Something about a base URL that Okta refuses or that often is a mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlWarning {
    /// Okta takes only HTTPS; without TLS the token travels readable.
    #[error(
        "http:// to a host that is not this machine: the token travels unencrypted, and Okta accepts only https://"
    )]
    Plain,
    /// Okta refuses an underscore in the base URL.
    #[error("the base URL contains an underscore, which Okta refuses")]
    Underscore,
    /// Longer than 1024 characters.
    #[error("the base URL has {length} characters; Okta accepts 1024")]
    Long {
        /// In characters.
        length: usize,
    },
    /// No `/v2` in the path (RFC 7644, 3.13 leaves that open).
    #[error(
        "the path does not contain /v2; that is allowed, but check that this is the SCIM 2.0 address"
    )]
    NoVersion,
}

impl BaseUrl {
    /// Reads a base URL; blanks around it and slashes at its end are dropped.
    ///
    /// # Errors
    /// [`BaseUrlError`] says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        refuse_by_look(text)?;
        let mut url = Url::parse(text).map_err(|error| BaseUrlError::Invalid {
            reason: error.to_string(),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlError::UnknownScheme {
                scheme: url.scheme().to_owned(),
            });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::UserInfo);
        }
        if url.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let authority = match (url.host_str(), url.port()) {
            (None, _) => {
                return Err(BaseUrlError::Invalid {
                    reason: "no host".to_owned(),
                });
            }
            (Some(host), None) => host.to_owned(),
            (Some(host), Some(port)) => format!("{host}:{port}"),
        };
        let mut base = Self {
            url,
            authority,
            path,
            warnings: Vec::new(),
        };
        base.refuse_endpoint()?;
        base.warnings = base.find_warnings();
        Ok(base)
    }

    fn refuse_endpoint(&self) -> Result<(), BaseUrlError> {
        let Some((front, last)) = self.path.rsplit_once('/') else {
            return Ok(());
        };
        if !ENDPOINTS.contains(&last.to_ascii_lowercase().as_str()) {
            return Ok(());
        }
        Err(BaseUrlError::Endpoint {
            endpoint: last.to_owned(),
            suggestion: format!("{}://{}{front}", self.url.scheme(), self.authority),
        })
    }

    fn find_warnings(&self) -> Vec<BaseUrlWarning> {
        let mut warnings = Vec::new();
        if !self.is_https() && !self.is_loopback() {
            warnings.push(BaseUrlWarning::Plain);
        }
        let text = self.to_string();
        if text.contains('_') {
            warnings.push(BaseUrlWarning::Underscore);
        }
        let length = text.chars().count();
        if length > OKTA_MAX_LENGTH {
            warnings.push(BaseUrlWarning::Long { length });
        }
        let is_version = |segment: &str| segment.to_ascii_lowercase().starts_with("v2");
        if !self.path.split('/').any(is_version) {
            warnings.push(BaseUrlWarning::NoVersion);
        }
        warnings
    }

    /// The absolute URL of `target` (such as `/Users?count=1`), nothing in it changed.
    #[must_use]
    pub fn join(&self, target: &str) -> String {
        format!(
            "{}://{}{}{target}",
            self.url.scheme(),
            self.authority,
            self.path
        )
    }

    /// `target` below this base as it stands in a request line: path and query.
    #[must_use]
    pub fn origin_form(&self, target: &str) -> String {
        let form = format!("{}{target}", self.path);
        // RFC 9112, 3.2.1: an empty path is sent as "/".
        if form.starts_with('/') {
            form
        } else {
            format!("/{form}")
        }
    }

    /// Host and, unless it is the scheme's own, port: the value of `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host alone; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.url.host_str().unwrap_or_default();
        host.strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port, given or the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// The path without a slash at its end; empty for a server's root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether TLS is used.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the host is this machine: `localhost` (RFC 6761, 6.3) or a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }

    /// What Okta would refuse, and what is unusual.
    #[must_use]
    pub fn warnings(&self) -> &[BaseUrlWarning] {
        &self.warnings
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.join(""))
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a URL parser would accept, repair or blame wrongly.
fn refuse_by_look(text: &str) -> Result<(), BaseUrlError> {
    if text.is_empty() {
        return Err(BaseUrlError::Empty);
    }
    if let Some(at) = text
        .chars()
        .position(|c| c.is_whitespace() || c.is_control())
    {
        return Err(BaseUrlError::Blank {
            at: at.saturating_add(1),
        });
    }
    let Some((_, rest)) = text.split_once("://") else {
        let rest = text.trim_start_matches('/');
        let authority = authority_of(rest);
        if authority.contains('@') {
            return Err(BaseUrlError::UserInfo);
        }
        let scheme = if is_loopback(host_of(authority)) {
            "http"
        } else {
            "https"
        };
        return Err(BaseUrlError::MissingScheme {
            suggestion: format!("{scheme}://{rest}"),
        });
    };
    // Before parsing, because a parser's complaint about a port may quote the password.
    if authority_of(rest).contains('@') {
        return Err(BaseUrlError::UserInfo);
    }
    Ok(())
}

fn authority_of(rest: &str) -> &str {
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

fn host_of(authority: &str) -> &str {
    if let Some(v6) = authority.strip_prefix('[') {
        return v6.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse(text).expect(text)
    }

    #[test]
    fn the_parts_of_a_base_url() {
        let cases = [
            (
                "https://Scim.Example.test/scim/v2/",
                "scim.example.test",
                443,
                "/scim/v2",
            ),
            (
                " http://localhost:8080/scim/v2//\n",
                "localhost:8080",
                8080,
                "/scim/v2",
            ),
            ("http://127.0.0.1:80", "127.0.0.1", 80, ""),
            ("https://[::1]:8443/v2", "[::1]:8443", 8443, "/v2"),
            (
                "https://bücher.example/v2",
                "xn--bcher-kva.example",
                443,
                "/v2",
            ),
        ];
        for (text, authority, port, path) in cases {
            let base = base(text);
            assert_eq!(
                (base.authority(), base.port(), base.path()),
                (authority, port, path),
                "{text}"
            );
        }
        assert_eq!(base("https://[::1]/v2").host(), "::1");
    }

    #[test]
    fn a_target_is_appended_verbatim() {
        let base = base("https://scim.example.test/scim/v2/");
        let target = "/Users?filter=a%20eq%20%22b%22&x='";
        assert_eq!(
            base.join(target),
            format!("https://scim.example.test/scim/v2{target}")
        );
        assert_eq!(base.origin_form(target), format!("/scim/v2{target}"));
        assert_eq!(
            super::BaseUrl::parse("http://[::1]")
                .expect("valid")
                .origin_form("?a"),
            "/?a"
        );
    }

    #[test]
    fn mistakes_get_a_hint() {
        let cases = [
            ("  ", "the base URL is empty"),
            (
                "scim.example.test/v2",
                "did you mean https://scim.example.test/v2?",
            ),
            (
                "localhost:8080/scim",
                "did you mean http://localhost:8080/scim?",
            ),
            ("//[::1]:80/v2", "did you mean http://[::1]:80/v2?"),
            ("ftp://scim.example.test", "scheme is ftp"),
            ("https://scim.example.test/my scim", "at character 29"),
            ("https://scim.example.test/v2?a=b", "has a query"),
            ("https://scim.example.test/v2?", "has a query"),
            ("https://scim.example.test/v2#top", "has a fragment"),
            (
                "https://scim.example.test/v2/Users/",
                "use https://scim.example.test/v2",
            ),
            (
                "https://scim.example.test/serviceproviderconfig",
                "use https://scim.example.test",
            ),
            ("https://", "not a URL"),
            ("https://scim.example.test:99999/v2", "not a URL"),
        ];
        for (text, hint) in cases {
            let error = BaseUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "https://ada:hunter2@scim.example.test/v2",
            "ada:hunter2@scim.example.test/v2",
            "https://ada:hunter2@scim.example.test:port/v2",
            "https://hunter2@scim.example.test",
            "https://@scim.example.test",
        ] {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error, BaseUrlError::UserInfo, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn warnings_name_what_okta_refuses() {
        let cases: [(&str, &[BaseUrlWarning]); 7] = [
            ("https://scim.example.test/scim/v2", &[]),
            ("http://localhost:1/v2", &[]),
            ("http://[::1]:1/v2", &[]),
            ("http://127.9.9.9/v2.0", &[]),
            ("http://10.0.0.1/v2", &[BaseUrlWarning::Plain]),
            (
                "https://my_host.example.test/v2",
                &[BaseUrlWarning::Underscore],
            ),
            (
                "https://scim.example.test/scim",
                &[BaseUrlWarning::NoVersion],
            ),
        ];
        for (text, warnings) in cases {
            assert_eq!(base(text).warnings(), warnings, "{text}");
        }
        let long = format!("https://scim.example.test/{}/v2", "a".repeat(1100));
        assert_eq!(
            base(&long).warnings(),
            [BaseUrlWarning::Long { length: long.len() }]
        );
    }
}
