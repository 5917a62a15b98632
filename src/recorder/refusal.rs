//! Answers of the recorder's own, where there is none of the target to pass on.

use serde_json::json;

/// An answer of our own. The connection ends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// As bytes: a SCIM error (RFC 7644, 3.12), whose text says who made it.
    pub(super) fn bytes(&self, to_head: bool) -> Vec<u8> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": format!("scim-conform record, not the server: {}", self.detail),
        })
        .to_string();
        let (status, reason) = (self.status, reason(self.status));
        let length = body.len();
        let mut bytes = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: application/scim+json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        if !to_head {
            bytes.push_str(&body);
        }
        bytes.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_scim_error_and_names_its_maker() {
        let refusal = Refusal::new(502, "cannot connect to \"a\"");
        let text = String::from_utf8(refusal.bytes(false)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["status"], "502");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.starts_with("scim-conform record, not the server: cannot"));
        assert!(
            String::from_utf8(refusal.bytes(true))
                .unwrap()
                .ends_with("\r\n\r\n")
        );
    }
}
