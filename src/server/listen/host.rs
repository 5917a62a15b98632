//! Under which names this machine may be asked for.

use std::net::Ipv4Addr;

use http::{HeaderMap, Uri, header};

/// What a request says it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Addressed {
    /// This machine, by a name or an address that always means it.
    Here,
    /// Nobody: only a client older than HTTP/1.1, which is no browser, leaves the name out (RFC 9112, 3.2).
    Nobody,
    /// Another name. One that resolves to this machine is how a page in a browser would reach a port here (DNS
    /// rebinding).
    Elsewhere,
}

/// The host that a request names; the target of the request line wins over the header (RFC 9112, 3.2.2).
pub(in crate::server) fn addressed(uri: &Uri, headers: &HeaderMap) -> Addressed {
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (uri.authority(), named.next(), named.next()) {
        (Some(authority), ..) => authority.as_str(),
        (None, None, _) => return Addressed::Nobody,
        (None, Some(only), None) => only.to_str().unwrap_or_default(),
        (None, Some(_), Some(_)) => return Addressed::Elsewhere,
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let is_here = name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    if is_here {
        Addressed::Here
    } else {
        Addressed::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_here() {
        let table = [
            ("127.0.0.1:8081", true),
            ("127.0.0.2", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:8081", true),
            ("rebound.example.com:8081", false),
            ("127.0.0.1.example.com", false),
            ("localhost:8081.example.com", false),
            ("localhost.example.com", false),
            ("user@localhost", false),
            ("0.0.0.0:8081", false),
            ("192.0.2.1", false),
            ("[::]", false),
            ("", false),
        ];
        for (name, here) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, name.parse().unwrap());
            let found = addressed(&Uri::from_static("/"), &headers);
            assert_eq!(found == Addressed::Here, here, "{name}");
            assert_ne!(found, Addressed::Nobody, "{name}");
        }
        let foreign = Uri::from_static("http://rebound.example.com/");
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost".parse().unwrap());
        assert_eq!(addressed(&foreign, &headers), Addressed::Elsewhere);
        headers.append(header::HOST, "rebound.example.com".parse().unwrap());
        assert_eq!(
            addressed(&Uri::from_static("/"), &headers),
            Addressed::Elsewhere
        );
        let none = addressed(&Uri::from_static("/"), &HeaderMap::new());
        assert_eq!(none, Addressed::Nobody);
    }
}
