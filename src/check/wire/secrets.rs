//! What must never come back: a password, a credential.

use serde_json::Value;

use super::Purpose;
use crate::check::Seen;
use crate::check::catalogue::secret;
use crate::exchange::{Exchange, Response};

pub(super) fn secrets(
    exchange: &Exchange,
    response: &Response,
    purpose: &Purpose<'_>,
    seen: &mut Vec<Seen>,
) {
    if let Some(json) = response.json() {
        for (pointer, resource) in resources(json) {
            if resource.get("password").is_some_and(|p| !p.is_null()) {
                seen.push(
                    Seen::new(&secret::PASSWORD, "no password", "a password")
                        .facet(purpose.password_after)
                        .at(format!("{pointer}/password")),
                );
                break;
            }
        }
    }
    // Also a wrong token: it is somebody's, and may differ from the right one by a slip.
    let sent = exchange
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .filter_map(|(_, value)| value.expose().rsplit(' ').next());
    let text = String::from_utf8_lossy(&response.body.bytes);
    let known = purpose.credentials.iter().map(String::as_str);
    for credential in known.chain(sent).filter(|c| c.len() >= 6) {
        let in_header = response.headers.iter().any(|(_, v)| v.contains(credential));
        if in_header || text.contains(credential) {
            seen.push(Seen::new(
                &secret::TOKEN,
                "no credentials",
                if in_header {
                    "the token, in a header"
                } else {
                    "the token, in the body"
                },
            ));
            break;
        }
    }
}

/// Every resource in an answer: the elements of a list, or the answer itself.
fn resources(json: &Value) -> impl Iterator<Item = (String, &Value)> {
    let listed = json.get("Resources").and_then(Value::as_array);
    let single = if listed.is_none() {
        Some((String::new(), json))
    } else {
        None
    };
    listed
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, r)| (format!("/Resources/{i}"), r))
        .chain(single)
}
