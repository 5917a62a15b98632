//! Faults and freedoms that change an answer after a request was served rightly.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Fault, seldom};
use crate::scim::urn;
use crate::server::answer::{Answer, Payload, SCIM_JSON, WireEffect};
use crate::server::freedoms::Freedom;
use crate::server::policy::Policy;
use crate::server::request::Incoming;
use crate::server::resource_type::Kind;
use crate::server::route::Route;

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = "<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>";

/// What was asked, as far as it could be read.
pub(in crate::server) struct Asked<'a> {
    pub(in crate::server) method: &'a Method,
    pub(in crate::server) route: Option<&'a Route>,
    pub(in crate::server) authorization: Option<&'a str>,
    pub(in crate::server) incoming: Option<&'a Incoming>,
    /// How many users there are.
    pub(in crate::server) users: u32,
}

impl Asked<'_> {
    fn kind(&self) -> Option<Kind> {
        self.route.and_then(Route::kind)
    }

    fn filters(&self) -> bool {
        self.incoming
            .is_some_and(|incoming| incoming.query.filter.is_some())
    }

    fn sent(&self, name: &str) -> Option<&Value> {
        self.incoming?.body.as_ref()?.get(name)
    }
}

/// The answer as this server sends it.
pub(in crate::server) fn answer(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    if policy.is_known_good() {
        return answer;
    }
    if answer.status.is_client_error() || answer.status.is_server_error() {
        answer = error(policy, asked, answer);
    } else if is_list(&answer) && asked.kind().is_some() {
        answer = list(policy, asked, answer);
    } else if asked.kind().is_some() {
        answer = resource(policy, asked, answer);
    }
    seldom::answer(policy, asked.incoming, &mut answer);
    message(policy, asked, answer)
}

fn is_list(answer: &Answer) -> bool {
    answer
        .object()
        .is_some_and(|body| body.contains_key("totalResults"))
}

fn total(answer: &Answer) -> Option<u64> {
    answer.object()?.get("totalResults")?.as_u64()
}

fn list(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let count = asked.incoming.and_then(|incoming| incoming.query.count);
    let governed = matches!(asked.kind(), Some(Kind::Role | Kind::Entitlement));
    // The faults of lists were reported for users and groups.
    if !governed
        && total(&answer) == Some(0)
        && let Some(other) = empty_list(policy, asked)
    {
        return other;
    }
    if let Some(kind) = asked.kind()
        && let Some(body) = answer.object_mut()
    {
        if policy.has(Fault::ListCrashesOnIncompleteUser) && kind == Kind::User && incomplete(body)
        {
            return Answer::json(
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({"schemas": [urn::ERROR], "status": "500", "detail": "null"}),
            );
        }
        let resources = body.get_mut("Resources").and_then(Value::as_array_mut);
        for resource in resources
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            shape(policy, kind, resource);
        }
        if !governed {
            list_body(policy, kind, asked.filters(), count, body);
        }
    }
    answer
}

/// What stands in the place of a list without hits.
fn empty_list(policy: &Policy, asked: &Asked<'_>) -> Option<Answer> {
    let ok = |body| Some(Answer::json(StatusCode::OK, body));
    let not_found = |detail: &str| {
        let body = json!({"schemas": [urn::ERROR], "status": "404", "detail": detail});
        Some(Answer::json(StatusCode::NOT_FOUND, body))
    };
    if policy.has(Fault::EmptyListAsArray) {
        return ok(json!([]));
    }
    if policy.has(Fault::EmptyListAsEmptyBody) {
        return Some(Answer::empty(StatusCode::OK));
    }
    if policy.has(Fault::EmptyListAsNull) {
        return ok(Value::Null);
    }
    if policy.has(Fault::EmptyStore404) && !asked.filters() {
        return not_found("No users");
    }
    if policy.takes(Freedom::LookupMissNotFound) && asked.filters() {
        return not_found("No match");
    }
    None
}

fn incomplete(body: &Map<String, Value>) -> bool {
    let resources = body.get("Resources").and_then(Value::as_array);
    let named = |user: &Value| user.pointer("/name/givenName").is_some();
    resources.is_some_and(|users| !users.iter().all(named))
}

fn list_body(
    policy: &Policy,
    kind: Kind,
    filters: bool,
    count: Option<i64>,
    body: &mut Map<String, Value>,
) {
    let returned = body
        .get("Resources")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if policy.has(Fault::UserReturnedTwice) && filters && kind == Kind::User && returned == 1 {
        if let Some(users) = body.get_mut("Resources").and_then(Value::as_array_mut) {
            users.extend_from_within(..);
        }
        body.insert("totalResults".into(), 2.into());
        body.insert("itemsPerPage".into(), 2.into());
    }
    if policy.has(Fault::TotalIsPageSize) {
        body.insert("totalResults".into(), returned.into());
    }
    if policy.has(Fault::TotalTooLow)
        && !filters
        && let Some(total) = body.get("totalResults").and_then(Value::as_u64)
    {
        body.insert("totalResults".into(), total.saturating_sub(1).into());
    }
    if policy.has(Fault::TotalTooHigh)
        && !filters
        && let Some(total) = body.get("totalResults").and_then(Value::as_u64)
    {
        body.insert("totalResults".into(), (total + 1).into());
    }
    if policy.has(Fault::ItemsPerPageEchoed)
        && let Some(count) = count
    {
        body.insert("itemsPerPage".into(), count.into());
    }
    if policy.has(Fault::CountersAsStrings) {
        for name in ["totalResults", "startIndex", "itemsPerPage"] {
            if let Some(counter) = body.get_mut(name) {
                *counter = counter.to_string().into();
            }
        }
    }
    if policy.has(Fault::ListSchemaWrong) {
        body.insert("schemas".into(), json!([kind.schema().urn]));
    }
    if policy.has(Fault::EmptyListWithoutResources) && returned == 0 {
        body.shift_remove("Resources");
    }
    if policy.has(Fault::LowerCaseResources)
        && let Some(resources) = body.shift_remove("Resources")
    {
        body.insert("resources".into(), resources);
    }
}

fn resource(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let Some(kind) = asked.kind() else {
        return answer;
    };
    let created = answer.status == StatusCode::CREATED;
    let patched = *asked.method == Method::PATCH;
    if created && policy.has(Fault::CreateAnswers200) {
        answer.status = StatusCode::OK;
    }
    if let Some(body) = answer.object_mut() {
        shape(policy, kind, body);
        echoes(policy, asked, kind, created, body);
    }
    let empty = match kind {
        Kind::User => policy.has(Fault::CreateAnswersEmpty),
        Kind::Group => policy.has(Fault::GroupCreateAnswersEmpty),
        Kind::Role | Kind::Entitlement => false,
    };
    if created && empty {
        answer.body = Payload::Empty;
    }
    if created && policy.takes(Freedom::NoLocationHeader) {
        answer.headers.retain(|(name, _)| *name != header::LOCATION);
    }
    if patched && policy.takes(Freedom::PatchNoContent) {
        answer = Answer::empty(StatusCode::NO_CONTENT);
    }
    let deleted_group = *asked.method == Method::DELETE && kind == Kind::Group;
    if deleted_group && policy.takes(Freedom::GroupDeleteWithBody) {
        answer = Answer::json(StatusCode::OK, json!({}));
    }
    answer
}

/// What an answer repeats, or fails to repeat, of its own request.
fn echoes(
    policy: &Policy,
    asked: &Asked<'_>,
    kind: Kind,
    created: bool,
    body: &mut Map<String, Value>,
) {
    let patched = *asked.method == Method::PATCH;
    if created && kind == Kind::User {
        if policy.has(Fault::CreateWithoutId) {
            body.shift_remove("id");
        }
        if policy.has(Fault::CreateAnswersInactive) {
            body.insert("active".into(), false.into());
        }
        if policy.has(Fault::PasswordEchoedOnCreate)
            && let Some(password) = asked.sent("password")
        {
            body.insert("password".into(), password.clone());
        }
    }
    if *asked.method == Method::PUT
        && policy.has(Fault::RenameEchoedNotStored)
        && let Some(name) = asked.sent("userName")
    {
        body.insert("userName".into(), name.clone());
    }
    if patched && policy.has(Fault::PatchEchoesPatchSchema) {
        body.insert("schemas".into(), json!([urn::PATCH_OP]));
    }
    if patched
        && policy.has(Fault::PasswordEchoedOnPatch)
        && let Some(password) = patched_password(asked)
    {
        body.insert("password".into(), password);
    }
}

fn patched_password(asked: &Asked<'_>) -> Option<Value> {
    let operations = asked.sent("Operations")?.as_array()?;
    operations.iter().find_map(|operation| {
        let value = operation.get("value")?;
        let by_path = operation.get("path").and_then(Value::as_str) == Some("password");
        if by_path {
            return Some(value.clone());
        }
        value.get("password").cloned()
    })
}

/// How a resource looks, alone or in a list.
fn shape(policy: &Policy, kind: Kind, resource: &mut Map<String, Value>) {
    match kind {
        Kind::User => user_shape(policy, resource),
        Kind::Group => group_shape(policy, resource),
        Kind::Role | Kind::Entitlement => {
            if policy.has(Fault::EntitlementNameMissing) {
                resource.shift_remove("displayName");
            }
        }
    }
    if policy.has(Fault::IdAsNumber)
        && let Some(id) = resource.get_mut("id")
        && let Some(number) = id.as_str().and_then(|text| text.parse::<u64>().ok())
    {
        *id = number.into();
    }
    if policy.has(Fault::SchemasMissing) {
        resource.shift_remove("schemas");
    }
    if policy.has(Fault::ResourceTypeWrong)
        && let Some(named) = resource
            .get_mut("meta")
            .and_then(|meta| meta.get_mut("resourceType"))
    {
        *named = format!("{}s", kind.name()).into();
    }
    if let Some(location) = resource
        .get_mut("meta")
        .and_then(|meta| meta.get_mut("location"))
    {
        let path = location.as_str().map(path_of).unwrap_or_default();
        if policy.has(Fault::LocationOfAnotherHost) {
            *location = format!("http://scim-backend.internal:8080{path}").into();
        }
        if policy.takes(Freedom::RelativeLocation) {
            *location = path.into();
        }
    }
    if policy.takes(Freedom::NoMeta) {
        resource.shift_remove("meta");
    }
}

/// What follows the host in a URL.
pub(super) fn path_of(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    match after_scheme.split_once('/') {
        Some((_, path)) => format!("/{path}"),
        None => String::new(),
    }
}

fn user_shape(policy: &Policy, user: &mut Map<String, Value>) {
    if policy.has(Fault::NameMissing) {
        user.shift_remove("name");
    }
    if policy.has(Fault::NamePartsNull) {
        user.insert(
            "name".into(),
            json!({"givenName": null, "familyName": null}),
        );
    }
    if policy.has(Fault::NamePlaceholders)
        && let Some(name) = user.get_mut("name").and_then(Value::as_object_mut)
    {
        for part in ["givenName", "familyName"] {
            name.insert(part.into(), "N/A".into());
        }
    }
    if policy.has(Fault::EmailsAsObject)
        && let Some(emails) = user.get_mut("emails")
        && let Some(first) = emails.as_array().and_then(|all| all.first())
    {
        *emails = first.clone();
    }
    if policy.has(Fault::TwoPrimaryEmails)
        && let Some(emails) = user.get_mut("emails").and_then(Value::as_array_mut)
        && let [only] = emails.as_slice()
    {
        let mut second = only.clone();
        if let Some(second) = second.as_object_mut() {
            second.insert("type".into(), "other".into());
        }
        emails.push(second);
    }
    if let Some(active) = user.get("active").and_then(Value::as_bool) {
        if policy.has(Fault::ActiveAsString) {
            user.insert("active".into(), active.to_string().into());
        }
        if policy.has(Fault::ActiveAsNumber) {
            user.insert("active".into(), u8::from(active).into());
        }
        if policy.has(Fault::ActiveMissingWhenFalse) && !active {
            user.shift_remove("active");
        }
    }
    if policy.has(Fault::ExtensionUnderWrongKey)
        && let Some(extension) = user.shift_remove(urn::ENTERPRISE_USER)
    {
        user.insert(
            "urn:scim:schemas:extension:enterprise:1.0".into(),
            extension,
        );
    }
    if policy.has(Fault::FormattedNameShown)
        && let Some(formatted) = user.get("name").and_then(|name| name.get("formatted"))
    {
        let formatted = formatted.clone();
        user.insert("displayName".into(), formatted);
    }
    free_user_shape(policy, user);
}

fn free_user_shape(policy: &Policy, user: &mut Map<String, Value>) {
    if policy.takes(Freedom::ExtraAttributes) {
        user.insert(
            "photos".into(),
            json!([{"value": "https://cdn.example.com/1.png", "type": "photo"}]),
        );
        if let Some(name) = user.get_mut("name").and_then(Value::as_object_mut) {
            let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
            let formatted = format!("{} {}", part("givenName"), part("familyName"));
            name.insert("formatted".into(), formatted.trim().into());
        }
    }
    if policy.takes(Freedom::OptionalAttributesDropped) {
        for name in ["locale", "displayName", "groups"] {
            user.shift_remove(name);
        }
        let emails = user.get_mut("emails").and_then(Value::as_array_mut);
        for email in emails
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            email.shift_remove("type");
        }
    }
    if policy.takes(Freedom::NullForAbsent) {
        for name in ["nickName", "title", "userType", "timezone", "phoneNumbers"] {
            user.entry(name).or_insert(Value::Null);
        }
    }
}

fn group_shape(policy: &Policy, group: &mut Map<String, Value>) {
    let empty = group
        .get("members")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    if policy.has(Fault::MembersAsStrings)
        && let Some(members) = group.get_mut("members").and_then(Value::as_array_mut)
    {
        for member in members {
            let id = member.get("value").cloned();
            *member = id.unwrap_or_default();
        }
    }
    if policy.takes(Freedom::MembersHidden) {
        group.insert("members".into(), json!([]));
    }
    if policy.takes(Freedom::EmptyMembersOmitted) && empty {
        group.shift_remove("members");
    }
    if policy.takes(Freedom::NullForAbsent) {
        group.entry("externalId").or_insert(Value::Null);
    }
}

fn error(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
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

fn internal(detail: &str) -> Answer {
    Answer::json(
        StatusCode::INTERNAL_SERVER_ERROR,
        json!({"schemas": [urn::ERROR], "status": "500", "detail": detail}),
    )
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

/// Media type, bytes and transport.
fn message(policy: &Policy, asked: &Asked<'_>, mut answer: Answer) -> Answer {
    let success = answer.status.is_success();
    let one = success && matches!(asked.route, Some(Route::Resource(..)));
    let read = one && *asked.method == Method::GET;
    if read && policy.has(Fault::HtmlWith200) {
        return Answer::raw(StatusCode::OK, HTML, PAGE);
    }
    if let Some(bytes) = faulty_json(policy, read, &answer) {
        answer.body = Payload::Raw(SCIM_JSON, bytes);
    }
    if success && policy.has(Fault::JsonLabelledHtml) && !matches!(answer.body, Payload::Empty) {
        answer.headers.push((header::CONTENT_TYPE, HTML.into()));
    }
    if policy.takes(Freedom::PlainJsonMediaType) && !matches!(answer.body, Payload::Empty) {
        answer
            .headers
            .push((header::CONTENT_TYPE, "application/json".into()));
    }
    if read && policy.has(Fault::ContentEncodingWrong) {
        answer
            .headers
            .push((header::CONTENT_ENCODING, "gzip".into()));
    }
    let changed = matches!(*asked.method, Method::PATCH | Method::DELETE);
    if changed && success && policy.has(Fault::BodyAfterNoContent) {
        let body = match answer.body {
            Payload::Json(value) => Bytes::from(value.to_string()),
            _ => Bytes::from_static(b"{}"),
        };
        return Answer::empty(StatusCode::NO_CONTENT)
            .with_wire(WireEffect::BodyAfterNoContent(body));
    }
    let created_user = answer.status == StatusCode::CREATED && asked.kind() == Some(Kind::User);
    if created_user && policy.has(Fault::ConnectionClosedAfterCreate) {
        return answer.with_wire(WireEffect::CloseWithoutAnswer);
    }
    if created_user && policy.has(Fault::CreateAnsweredTooLate) {
        return answer.with_wire(WireEffect::Delay(Duration::from_secs(70)));
    }
    if policy.has(Fault::SlowByMember) && asked.kind() == Some(Kind::Group) {
        let members = answer.object().map_or(0, members_shown);
        return answer.with_wire(WireEffect::Delay(Duration::from_millis(20) * members));
    }
    if asked.filters() && policy.has(Fault::SlowByUser) {
        return answer.with_wire(WireEffect::Delay(Duration::from_millis(5) * asked.users));
    }
    if read && policy.has(Fault::BodyCutShort) {
        return answer.with_wire(WireEffect::TruncateBody);
    }
    if asked.filters() && policy.has(Fault::SlowAnswers) {
        return answer.with_wire(WireEffect::Delay(Duration::from_millis(1500)));
    }
    answer
}

/// Members in an answer: of one group, or of all groups of a list.
fn members_shown(body: &Map<String, Value>) -> u32 {
    let length = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
    let groups = body.get("Resources").and_then(Value::as_array);
    let listed: usize = groups
        .into_iter()
        .flatten()
        .map(|group| length(group.get("members")))
        .sum();
    u32::try_from(listed + length(body.get("members"))).unwrap_or(u32::MAX)
}

/// The body as bytes, when they are not what a JSON writer makes.
fn faulty_json(policy: &Policy, one: bool, answer: &Answer) -> Option<Bytes> {
    let Payload::Json(value) = &answer.body else {
        return None;
    };
    if policy.has(Fault::ByteOrderMark) {
        return Some(Bytes::from(format!("\u{feff}{value}")));
    }
    if !one {
        return None;
    }
    let text = value.to_string();
    if policy.has(Fault::JsonCutShort) {
        let middle = text.floor_char_boundary(text.len() / 2);
        return text.get(..middle).map(|half| Bytes::from(half.to_owned()));
    }
    if policy.has(Fault::DuplicateKeys) {
        let rest = text.strip_prefix('{')?;
        return Some(Bytes::from(format!("{{\"id\":\"0\",{rest}")));
    }
    None
}
