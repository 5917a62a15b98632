//! gzip for answers, where a client asks for it and it is worth it (RFC 9110, 8.4.1.3 and 12.5.3).

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, Response, header};

/// What fits into one packet is not compressed.
pub(super) const WORTH_IT: usize = 1_400;

/// Whether a request wants its answer compressed. `None`: whatever it says, the answer to this
/// method is not.
pub(super) fn wanted(method: &Method, headers: &HeaderMap) -> Option<bool> {
    (method != Method::HEAD).then(|| accepts_gzip(headers))
}

/// The weight of `gzip`, or else that of `*`, is more than nothing.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for coding in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = parameters
                .split(';')
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
                .map_or(1.0, |(_, q)| q.trim().parse::<f32>().unwrap_or(0.0));
            let name = name.trim();
            if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                return weight > 0.0;
            }
            any = any || name == "*" && weight > 0.0;
        }
    }
    any
}

/// Whether the answer depends on what encodings the client takes.
pub(super) fn is_worth_it(answer: &Response<Bytes>) -> bool {
    answer.body().len() >= WORTH_IT && !answer.headers().contains_key(header::CONTENT_ENCODING)
}

/// Compresses an answer, and says so.
pub(super) fn compress(mut answer: Response<Bytes>) -> Response<Bytes> {
    let Some(bytes) = gzip(answer.body()) else {
        return answer;
    };
    *answer.body_mut() = bytes;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_ask_for_it() {
        let table = [
            (&[][..], false),
            (&["gzip"], true),
            (&["gzip,deflate"], true),
            (&["deflate, GZIP ; q=0.5"], true),
            (&["br", "x-gzip"], true),
            (&["identity"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["gzip;q=0.0"], false),
            (&["gzip;q=nonsense"], false),
        ];
        for (values, accepted) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(accepts_gzip(&headers), accepted, "{values:?}");
        }
    }
}
