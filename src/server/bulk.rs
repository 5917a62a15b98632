//! Several operations in one request (RFC 7644, 3.7).

use std::collections::{HashMap, HashSet};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Payload, Problem};
use super::request::{self, Incoming, Query};
use super::resource::{Context, location};
use super::route::Route;
use crate::scim::{ErrorType, urn};

/// Most operations in one request; announced as `bulk.maxOperations`.
pub(super) const MAX_OPERATIONS: usize = 1000;
/// Most bytes of one request; announced as `bulk.maxPayloadSize`.
pub(super) const MAX_PAYLOAD_SIZE: usize = 1024 * 1024;

/// What stands before the bulkId where an id is not known yet.
const PREFIX: &str = "bulkId:";

/// Refuses a request that is too large to be read.
pub(super) fn check_size(bytes: usize) -> Result<(), Problem> {
    if bytes > MAX_PAYLOAD_SIZE {
        return Err(too_large(format!(
            "The size of the bulk operation exceeds the maxPayloadSize ({MAX_PAYLOAD_SIZE})"
        )));
    }
    Ok(())
}

fn too_large(detail: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// Serves one operation as if it had come alone.
pub(super) type Serve<'a> = &'a dyn Fn(&Incoming) -> Result<Answer, Problem>;

/// `POST /Bulk`
pub(super) fn bulk(
    context: Context<'_>,
    incoming: &Incoming,
    serve: Serve<'_>,
) -> Result<Answer, Problem> {
    let body = incoming.object()?;
    let schemas = body.get("schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|urns| urns.iter().any(|named| named == urn::BULK_REQUEST)) {
        return Err(syntax("schemas must hold the BulkRequest URN"));
    }
    let operations = body
        .get("Operations")
        .and_then(Value::as_array)
        .ok_or_else(|| syntax("Operations must be an array"))?;
    if operations.len() > MAX_OPERATIONS {
        return Err(too_large(format!(
            "The number of operations exceeds the maxOperations ({MAX_OPERATIONS})"
        )));
    }
    let fail_on_errors = match body.get("failOnErrors") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            request::whole(value)
                .and_then(|most| u64::try_from(most).ok())
                .ok_or_else(|| Problem::invalid_value("failOnErrors must be an integer"))?,
        ),
    };
    let job = Job {
        context,
        serve,
        ids: HashMap::new(),
        repeated: HashSet::new(),
        created: HashMap::new(),
    };
    let answers = job.run(operations, fail_on_errors)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"schemas": [urn::BULK_RESPONSE], "Operations": answers}),
    ))
}

fn syntax(detail: &str) -> Problem {
    Problem::bad_request(ErrorType::InvalidSyntax, detail)
}

/// One operation of the request.
struct Operation {
    method: Method,
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
    /// The bulkIds that `path` and `data` refer to.
    needs: Vec<String>,
}

impl Operation {
    fn read(operation: &Value) -> Result<Self, Problem> {
        let text = |name: &str| match operation.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(syntax(&format!("{name} must be a string"))),
        };
        let method = text("method")?.map(|name| name.to_ascii_uppercase());
        let method = match method.as_deref() {
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("DELETE") => Method::DELETE,
            _ => return Err(syntax("method must be POST, PUT, PATCH or DELETE")),
        };
        let path = text("path")?.ok_or_else(|| syntax("An operation needs a path"))?;
        let bulk_id = text("bulkId")?;
        if method == Method::POST && bulk_id.as_deref().is_none_or(str::is_empty) {
            return Err(syntax("POST needs a bulkId"));
        }
        let data = operation
            .get("data")
            .filter(|data| !data.is_null())
            .cloned();
        if method != Method::DELETE && data.is_none() {
            return Err(syntax("POST, PUT and PATCH need data"));
        }
        if data.as_ref().is_some_and(|data| !data.is_object()) {
            return Err(syntax("data must be an object"));
        }
        let mut needs = Vec::new();
        needs.extend(path.split('/').filter_map(reference));
        if let Some(data) = &data {
            references(data, &mut needs);
        }
        Ok(Self {
            method,
            path,
            bulk_id,
            version: text("version")?,
            data,
            needs,
        })
    }
}

fn reference(text: &str) -> Option<String> {
    text.strip_prefix(PREFIX).map(str::to_owned)
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(reference(text)),
        Value::Array(elements) => elements.iter().for_each(|e| references(e, found)),
        Value::Object(object) => object.values().for_each(|v| references(v, found)),
        _ => {}
    }
}

/// What a bulkId stands for.
#[derive(Clone, Debug)]
enum Outcome {
    /// The id of the resource that was created.
    Id(String),
    /// Its operation failed, or there is none.
    Failed,
}

struct Job<'a> {
    context: Context<'a>,
    serve: Serve<'a>,
    ids: HashMap<String, Outcome>,
    /// Places of operations whose bulkId is that of an earlier one (RFC 7644, 3.7).
    repeated: HashSet<usize>,
    /// By place: the path of what was created before all its references were known.
    created: HashMap<usize, String>,
}

impl Job<'_> {
    /// Carries out the operations, those that refer to others after these; the answers in
    /// the order of the request.
    fn run(
        mut self,
        operations: &[Value],
        fail_on_errors: Option<u64>,
    ) -> Result<Vec<Value>, Problem> {
        let operations = operations
            .iter()
            .map(Operation::read)
            .collect::<Result<Vec<_>, _>>()?;
        let mut answers: Vec<Option<Value>> = vec![None; operations.len()];
        let mut waiting: Vec<usize> = (0..operations.len()).collect();
        let mut errors = 0;
        let defined = self.define(&operations);
        for need in operations.iter().flat_map(|operation| &operation.needs) {
            if !defined.contains(need.as_str()) {
                self.ids.insert(need.clone(), Outcome::Failed);
            }
        }
        while !waiting.is_empty() && fail_on_errors.is_none_or(|most| errors < most.max(1)) {
            let ready = waiting
                .iter()
                .position(|place| operations.get(*place).is_some_and(|o| self.is_ready(o)));
            // Without one that is ready, those left refer to each other in a circle.
            let place = waiting.remove(ready.unwrap_or(0));
            let Some(operation) = operations.get(place) else {
                continue;
            };
            let answer = self.carry_out(place, operation);
            let failed = answer.status.is_client_error() || answer.status.is_server_error();
            errors = u64::from(failed).saturating_add(errors);
            if let Some(slot) = answers.get_mut(place) {
                *slot = Some(self.report(operation, answer));
            }
        }
        for (place, operation) in operations.iter().enumerate() {
            self.complete(place, operation, &mut answers);
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// The bulkIds that the request defines. Who defines one again is a failure of its own.
    fn define<'o>(&mut self, operations: &'o [Operation]) -> HashSet<&'o str> {
        let mut defined = HashSet::new();
        for (place, operation) in operations.iter().enumerate() {
            if operation.method == Method::POST
                && let Some(bulk_id) = &operation.bulk_id
                && !defined.insert(bulk_id.as_str())
            {
                self.repeated.insert(place);
            }
        }
        defined
    }

    fn is_ready(&self, operation: &Operation) -> bool {
        operation.needs.iter().all(|id| self.ids.contains_key(id))
    }

    fn carry_out(&mut self, place: usize, operation: &Operation) -> Answer {
        if self.repeated.contains(&place) {
            return syntax("The bulkId is that of another operation").into();
        }
        let unknown = operation
            .needs
            .iter()
            .find(|id| matches!(self.ids.get(*id), Some(Outcome::Failed)));
        let served = match unknown {
            Some(id) => Err(Problem::new(
                StatusCode::CONFLICT,
                format!("{PREFIX}{id} was not created"),
            )),
            None => self.serve(place, operation),
        };
        let answer = served.unwrap_or_else(Answer::from);
        if let Some(bulk_id) = &operation.bulk_id
            && operation.method == Method::POST
        {
            let outcome = match &answer.id {
                Some(id) if answer.status == StatusCode::CREATED => Outcome::Id(id.to_string()),
                _ => Outcome::Failed,
            };
            self.ids.insert(bulk_id.clone(), outcome);
        }
        answer
    }

    fn serve(&mut self, place: usize, operation: &Operation) -> Result<Answer, Problem> {
        let open = operation
            .needs
            .iter()
            .find(|id| !self.ids.contains_key(*id));
        let data = operation.data.as_ref();
        let Some(open) = open else {
            return self.send(
                operation,
                &operation.path,
                data.map(|data| self.resolved(data)),
            );
        };
        // A circle: what can be created without the reference is completed afterwards.
        if operation.method != Method::POST {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                format!("{PREFIX}{open} cannot be resolved"),
            ));
        }
        let partial = data.and_then(|data| self.without_open(data));
        let answer = self.send(operation, &operation.path, partial)?;
        if let Some(id) = &answer.id {
            let id = super::route::percent_encode(id);
            self.created
                .insert(place, format!("{}/{id}", operation.path));
        }
        Ok(answer)
    }

    fn send(
        &self,
        operation: &Operation,
        path: &str,
        data: Option<Value>,
    ) -> Result<Answer, Problem> {
        let path = path.split('/').map(|segment| {
            match self.ids.get(&reference(segment).unwrap_or_default()) {
                Some(Outcome::Id(id)) => super::route::percent_encode(id),
                _ => segment.to_owned(),
            }
        });
        let path = path.collect::<Vec<_>>().join("/");
        let route = Route::of(&path).filter(|route| match operation.method {
            Method::POST => matches!(route, Route::Collection(_)),
            _ => matches!(route, Route::Resource(..)),
        });
        let route = route.ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                format!("{} cannot be sent to {path}", operation.method),
            )
        })?;
        let mut headers = HeaderMap::new();
        if let Some(version) = &operation.version {
            let version = HeaderValue::try_from(version)
                .map_err(|_| Problem::invalid_value("version is no entity tag"))?;
            headers.insert(header::IF_MATCH, version);
        }
        (self.serve)(&Incoming {
            method: operation.method.clone(),
            route,
            query: Query::default(),
            headers,
            body: data,
        })
    }

    /// The data with ids in the place of bulkIds.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match reference(text).and_then(|id| self.ids.get(&id)) {
                Some(Outcome::Id(id)) => Value::from(id.as_str()),
                _ => value.clone(),
            },
            Value::Array(elements) => elements.iter().map(|e| self.resolved(e)).collect(),
            Value::Object(object) => {
                let resolved = object.iter().map(|(k, v)| (k.clone(), self.resolved(v)));
                Value::Object(resolved.collect())
            }
            other => other.clone(),
        }
    }

    /// The data without the elements and attributes that refer to what does not exist yet.
    fn without_open(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) => match reference(text) {
                Some(id) if !self.ids.contains_key(&id) => None,
                _ => Some(self.resolved(value)),
            },
            Value::Array(elements) => {
                let kept = elements.iter().filter_map(|e| self.element_without_open(e));
                Some(kept.collect())
            }
            Value::Object(object) => {
                let kept = object.iter();
                let kept = kept.filter_map(|(k, v)| Some((k.clone(), self.without_open(v)?)));
                Some(Value::Object(kept.collect()))
            }
            other => Some(other.clone()),
        }
    }

    /// An element that lost its reference says nothing any more.
    fn element_without_open(&self, element: &Value) -> Option<Value> {
        let mut needs = Vec::new();
        references(element, &mut needs);
        let open = needs.iter().any(|id| !self.ids.contains_key(id));
        (!open).then(|| self.resolved(element))
    }

    /// Sends the whole data of what was created without a part of it.
    fn complete(&mut self, place: usize, operation: &Operation, answers: &mut [Option<Value>]) {
        let Some(path) = self.created.remove(&place) else {
            return;
        };
        let whole = Operation {
            method: Method::PUT,
            path: path.clone(),
            bulk_id: operation.bulk_id.clone(),
            version: None,
            data: None,
            needs: Vec::new(),
        };
        let data = operation.data.as_ref().map(|data| self.resolved(data));
        let unresolved = operation
            .needs
            .iter()
            .any(|id| !matches!(self.ids.get(id), Some(Outcome::Id(_))));
        let served = if unresolved {
            Err(Problem::new(
                StatusCode::CONFLICT,
                "Created without the references that could not be resolved",
            ))
        } else {
            self.send(&whole, &path, data)
        };
        let Some(Some(answer)) = answers.get_mut(place) else {
            return;
        };
        match (served, answer.as_object_mut()) {
            (Ok(done), Some(report)) => {
                if let Some(version) = version_of(&done) {
                    report.insert("version".into(), version);
                }
            }
            (Err(problem), Some(report)) => {
                report.insert("status".into(), problem.status.as_str().into());
                if let Payload::Json(error) = Answer::from(problem).body {
                    report.insert("response".into(), error);
                }
            }
            (_, None) => {}
        }
    }

    /// One element of the answer.
    fn report(&self, operation: &Operation, answer: Answer) -> Value {
        let mut report = Map::new();
        let failed = answer.status.is_client_error() || answer.status.is_server_error();
        report.insert("method".into(), operation.method.as_str().into());
        if let Some(bulk_id) = &operation.bulk_id {
            report.insert("bulkId".into(), bulk_id.as_str().into());
        }
        if let Some(location) = self.location(operation, &answer) {
            report.insert("location".into(), location.into());
        }
        if let Some(version) = version_of(&answer) {
            report.insert("version".into(), version);
        }
        report.insert("status".into(), answer.status.as_str().into());
        if failed && let Payload::Json(error) = answer.body {
            report.insert("response".into(), error);
        }
        Value::Object(report)
    }

    fn location(&self, operation: &Operation, answer: &Answer) -> Option<String> {
        if let Some(location) = answer.header(&header::CONTENT_LOCATION) {
            return Some(location.to_owned());
        }
        match Route::of(&operation.path)? {
            Route::Resource(kind, id) => Some(location(self.context, kind, &id)),
            _ => None,
        }
    }
}

fn version_of(answer: &Answer) -> Option<Value> {
    answer.header(&header::ETAG).map(Value::from)
}
