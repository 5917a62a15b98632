//! What must never come back: a password, a credential, in whatever form.

use serde_json::Value;

use super::Purpose;
use crate::check::Seen;
use crate::check::catalogue::secret;
use crate::exchange::{Exchange, HeaderText, Request, Response};
use crate::redact::{Held, Redactor, SHORTEST, passwords};
use crate::secret::Secret;

pub(super) fn secrets(
    exchange: &Exchange,
    response: &Response,
    purpose: &Purpose<'_>,
    seen: &mut Vec<Seen>,
) {
    let headers = held_by_headers(response, purpose.secrets);
    let body = purpose.secrets.held(&response.body.bytes);
    let under_its_name = response.json().and_then(password_in);
    if let Some(pointer) = under_its_name {
        seen.push(
            Seen::new(&secret::PASSWORD, "no password", "a password")
                .facet(purpose.password_after)
                .at(pointer),
        );
    } else if (headers.password || body.password) && !is_sent_elsewhere(exchange, purpose.secrets) {
        let got = place("a password that was sent", headers.password);
        seen.push(Seen::new(&secret::PASSWORD, "no password", got).facet(purpose.password_after));
    }
    // Also a wrong token: it is somebody's, and may differ from the right one by a slip.
    let (headers, body) = match sent_and_unknown(&exchange.request, purpose.secrets) {
        Some(other) => (
            headers.credential || held_by_headers(response, &other).credential,
            body.credential || other.held(&response.body.bytes).credential,
        ),
        None => (headers.credential, body.credential),
    };
    if headers || body {
        seen.push(Seen::new(
            &secret::TOKEN,
            "no credentials",
            place("the token", headers),
        ));
    }
}

fn place(what: &str, in_header: bool) -> String {
    let place = if in_header {
        "in a header"
    } else {
        "in the body"
    };
    format!("{what}, {place}")
}

fn held_by_headers(response: &Response, secrets: &Redactor) -> Held {
    let mut held = Held::default();
    for text in response
        .headers
        .iter()
        .flat_map(|(name, value)| [name, value])
    {
        let here = secrets.held(text.as_bytes());
        held.credential |= here.credential;
        held.password |= here.password;
    }
    held
}

/// The credentials of the request, when they are not those of the run.
fn sent_and_unknown(request: &Request, secrets: &Redactor) -> Option<Redactor> {
    let sent = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .filter_map(|(_, value)| value.expose().rsplit(' ').next())
        .find(|credential| credential.len() >= SHORTEST && !secrets.knows(credential))?;
    let other = Redactor::new();
    other.add_credential(&Secret::new(sent));
    Some(other)
}

/// Whether the request holds a password in another place than a password's: a constant may be an ordinary word, and
/// what comes back is then the other place.
fn is_sent_elsewhere(exchange: &Exchange, secrets: &Redactor) -> bool {
    let request = &exchange.request;
    let plain = request.headers.iter().filter_map(|(_, value)| match value {
        HeaderText::Plain(text) => Some(text.as_str()),
        HeaderText::Secret(_) => None,
    });
    let mut texts = plain.chain([request.target.as_str()]);
    if texts.any(|text| secrets.held(text.as_bytes()).password) {
        return true;
    }
    let sent = request.body.as_deref();
    let sent = sent.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    sent.is_some_and(|mut sent| {
        passwords::hide(&mut sent);
        secrets.held(sent.to_string().as_bytes()).password
    })
}

/// Where the first password is among the resources of an answer.
fn password_in(json: &Value) -> Option<String> {
    resources(json).find_map(|(pointer, resource)| {
        let mut attributes = resource.as_object()?.iter();
        let (name, _) = attributes
            .find(|(name, value)| name.eq_ignore_ascii_case("password") && !value.is_null())?;
        Some(format!("{pointer}/{name}"))
    })
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
