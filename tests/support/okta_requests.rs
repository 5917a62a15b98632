//! Requests as Okta's client forms them, and the transports that carry them.

use std::net::SocketAddr;
use std::time::Duration;

use scim_conform::exchange::{
    BaseUrl, HeaderText, Method, Pooled, ProxyChoice, Request, Settings, Tapped, Transport,
};
use scim_conform::secret::Secret;

/// A token that no output may contain.
pub(crate) const TOKEN: &str = "t0ken-for-tests";

/// A request with Okta's headers.
pub(crate) fn request(method: Method, target: &str, body: Option<&str>) -> Request {
    let plain = |name: &str, value: &str| (name.to_owned(), HeaderText::Plain(value.to_owned()));
    let mut headers = vec![
        plain("Accept", "application/scim+json"),
        plain("Accept-Charset", "utf-8"),
    ];
    if method != Method::Get {
        headers.push(plain(
            "Content-Type",
            "application/scim+json; charset=utf-8",
        ));
    }
    headers.push(plain("User-Agent", "Okta SCIM Client 1.0.0"));
    headers.push((
        "Authorization".to_owned(),
        HeaderText::Secret(Secret::new(format!("Bearer {TOKEN}"))),
    ));
    Request {
        method,
        target: target.to_owned(),
        headers,
        body: body.map(|text| text.to_owned().into()),
    }
}

/// `GET /Users?startIndex=1&count=1`.
pub(crate) fn get() -> Request {
    request(Method::Get, "/Users?startIndex=1&count=1", None)
}

/// Settings for a server on this machine, short bounds, no proxy.
pub(crate) fn settings(scheme: &str, address: SocketAddr) -> Settings {
    let base = BaseUrl::parse(&format!("{scheme}://{address}/scim/v2")).expect("a base URL");
    let mut settings = Settings::new(base);
    settings.proxy = ProxyChoice::None;
    settings.idle_timeout = Duration::from_secs(10);
    settings.total_timeout = Duration::from_secs(20);
    settings
}

/// Both transports, with their names for messages.
pub(crate) fn both(settings: &Settings) -> [(&'static str, Box<dyn Transport>); 2] {
    [
        (
            "pooled",
            Box::new(Pooled::new(settings.clone()).expect("pooled")),
        ),
        (
            "tapped",
            Box::new(Tapped::new(settings.clone()).expect("tapped")),
        ),
    ]
}
