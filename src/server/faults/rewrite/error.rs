//! Faults and freedoms of refusals.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Asked, HTML, PAGE, internal};
use crate::server::answer::{Answer, Payload};
use crate::server::faults::Fault;
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::resource_type::Kind;
use crate::server::route::Route;

pub(super) fn error(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    match answer.status {
        StatusCode::UNAUTHORIZED => answer = unauthorized(policy, asked, answer),
        StatusCode::NOT_FOUND => answer = not_found(policy, asked, answer),
        StatusCode::CONFLICT => {
            if policy.has(Fault::Duplicate500) && asked.kind() == Some(Kind::User) {
                return internal("duplicate key value violates unique constraint");
            }
            if policy.takes(Freedom::ConflictWithoutType)
                && let Some(body) = answer.object_mut()
            {
                body.shift_remove("scimType");
            }
        }
        StatusCode::BAD_REQUEST
            if policy.has(Fault::MalformedFilter500)
                && says(&answer, "scimType", "invalidFilter") =>
        {
            return internal("Unexpected end of input");
        }
        StatusCode::BAD_REQUEST
            if policy.has(Fault::MalformedJson500) && asked.incoming.is_none() =>
        {
            return internal("Unexpected end of JSON input");
        }
        StatusCode::BAD_REQUEST if policy.takes(Freedom::UnprocessableContent) => {
            answer.status = StatusCode::UNPROCESSABLE_ENTITY;
            if let Some(body) = answer.object_mut() {
                body.insert("status".into(), "422".into());
            }
        }
        _ => {}
    }
    if !(answer.status.is_client_error() || answer.status.is_server_error()) {
        return answer;
    }
    error_body(policy, answer)
}

fn says(answer: &Answer, key: &str, value: &str) -> bool {
    answer
        .object()
        .and_then(|body| body.get(key))
        .and_then(Value::as_str)
        == Some(value)
}

fn error_body(policy: &Policy, mut answer: Answer) -> Answer {
    if policy.has(Fault::ErrorsAsHtml500) {
        return Answer::raw(StatusCode::INTERNAL_SERVER_ERROR, HTML, PAGE);
    }
    let Some(body) = answer.object_mut() else {
        return answer;
    };
    if policy.takes(Freedom::NumericErrorStatus)
        && let Some(status) = body.get_mut("status")
        && let Some(number) = status.as_str().and_then(|text| text.parse::<u16>().ok())
    {
        *status = number.into();
    }
    if policy.has(Fault::ErrorStatusWrong) {
        body.insert("status".into(), "500".into());
    }
    if policy.takes(Freedom::DetailOnlyErrors) {
        body.retain(|name, _| name == "detail");
    }
    if policy.has(Fault::ErrorsNested) {
        let inner = std::mem::take(body);
        body.insert("response".into(), Value::Object(inner));
    }
    if policy.has(Fault::ErrorsAsPlainText) {
        let detail = body.get("detail").and_then(Value::as_str);
        let detail = Bytes::from(detail.unwrap_or("error").to_owned());
        answer.body = Payload::Raw("text/plain; charset=utf-8", detail);
    }
    answer
}

fn unauthorized(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    if policy.has(Fault::UnauthorizedAsHtml) {
        return Answer::raw(StatusCode::UNAUTHORIZED, HTML, PAGE);
    }
    if policy.has(Fault::UnauthorizedAsRedirect) {
        return Answer::empty(StatusCode::FOUND).with_header(header::LOCATION, "/login");
    }
    if policy.has(Fault::UnauthorizedAs500) {
        return internal("null");
    }
    if policy.takes(Freedom::EmptyUnauthorized) {
        return Answer::empty(StatusCode::UNAUTHORIZED);
    }
    if policy.has(Fault::TokenEchoedInError)
        && let Some(token) = asked.authorization
        && let Some(body) = answer.object_mut()
    {
        body.insert("detail".into(), format!("Invalid token {token}").into());
    }
    answer
}

fn not_found(policy: &Policy, asked: &Asked<'_>, answer: Answer) -> Answer {
    let Some(Route::Resource(kind, id)) = asked.route else {
        return answer;
    };
    if policy.has(Fault::NotFoundAs200Null) {
        return Answer::json(StatusCode::OK, Value::Null);
    }
    if policy.has(Fault::NotFoundAs500) {
        return internal("null");
    }
    if policy.has(Fault::UnknownIdAnswersEmptyUser) && *asked.method == Method::GET {
        let body = json!({"schemas": [kind.schema().urn], "id": id});
        return Answer::json(StatusCode::OK, body);
    }
    if policy.takes(Freedom::HtmlNotFoundForOddIds) && uuid::Uuid::parse_str(id).is_err() {
        return Answer::raw(StatusCode::NOT_FOUND, HTML, PAGE);
    }
    answer
}
