//! The header section of a request, exactly as Okta sends it, for every transport.

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};

use super::{BaseUrl, HeaderText, Request, SendError};

/// More response headers than this are refused as no HTTP response.
pub(super) const MAX_HEADERS: usize = 128;

/// The transfer coding of a body whose length is not announced (RFC 9112, 7.1).
const CHUNKED: &str = "chunked";

impl Request {
    /// Whether the body goes out in chunks (RFC 9112, 7.1), which Okta itself never does.
    #[must_use]
    pub fn is_chunked(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case(TRANSFER_ENCODING.as_str())
                && value.expose().eq_ignore_ascii_case(CHUNKED)
        })
    }

    /// All headers in the order in which they go to the wire.
    ///
    /// Recorded order: the request's own (`Accept` … `Authorization`), then `Content-Length` if
    /// there is a body of known length, `Host`, `Connection`, `Accept-Encoding`. A header that the request
    /// brings along itself is not added a second time.
    #[must_use]
    pub fn wire_headers(&self, base: &BaseUrl) -> Vec<(String, HeaderText)> {
        let body = self.body.as_ref().filter(|_| !self.is_chunked());
        let length = body.map(|body| body.len().to_string());
        let added = [
            (CONTENT_LENGTH, "Content-Length", length),
            (HOST, "Host", Some(base.authority().to_owned())),
            (CONNECTION, "Connection", Some("Keep-Alive".to_owned())),
            (
                ACCEPT_ENCODING,
                "Accept-Encoding",
                Some("gzip,deflate".to_owned()),
            ),
        ];
        let mut headers = self.headers.clone();
        for (name, spelt, value) in added {
            let own = self
                .headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name.as_str()));
            if let (false, Some(value)) = (own, value) {
                headers.push((spelt.to_owned(), HeaderText::Plain(value)));
            }
        }
        headers
    }
}

/// [`Request::wire_headers`] in the form that HTTP libraries take; iterating it yields the
/// same order.
pub(super) fn header_map(request: &Request, base: &BaseUrl) -> Result<HeaderMap, SendError> {
    let mut map = HeaderMap::new();
    for (name, value) in request.wire_headers(base) {
        let unsendable = |what: &str| SendError::Unsendable {
            reason: format!("the header {name:?} has {what}"),
        };
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unsendable("a character that no header name may have"))?;
        let mut text = HeaderValue::from_bytes(value.expose().as_bytes())
            .map_err(|_| unsendable("a line break or control character in its value"))?;
        text.set_sensitive(matches!(value, HeaderText::Secret(_)));
        map.append(key, text);
    }
    Ok(map)
}

/// Response headers as text; bytes that are not UTF-8 become U+FFFD.
pub(super) fn header_texts(map: &HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect()
}
