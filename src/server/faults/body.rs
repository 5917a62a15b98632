//! What faults look for in the body of a request.

use serde_json::{Map, Value};

pub(super) fn operations(body: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let operations = body.get("Operations").and_then(Value::as_array);
    operations
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

pub(super) fn operations_mut(
    body: &mut Map<String, Value>,
) -> impl Iterator<Item = &mut Map<String, Value>> {
    let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
    operations
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// Makes an operation do nothing.
pub(super) fn idle(operation: &mut Map<String, Value>) {
    operation.shift_remove("path");
    operation.insert("op".into(), "add".into());
    operation.insert("value".into(), Value::Object(Map::new()));
}

pub(super) fn primary_address(body: &Map<String, Value>) -> Option<String> {
    let emails = body.get("emails")?.as_array()?;
    let primary = emails
        .iter()
        .find(|email| email.get("primary") == Some(&Value::Bool(true)));
    let address = primary.or_else(|| emails.first())?.get("value")?;
    address.as_str().map(str::to_owned)
}
