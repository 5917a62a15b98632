//! Applies PATCH operations to a resource's attributes (RFC 7644, 3.5.2).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::answer::Problem;
use super::evaluate::{self, Test};
use super::ingest;
use super::limits;
use super::resource_type::ResourceType;
use crate::scim::schema::{Attribute, Kind as Type, Mutability, Schema};
use crate::scim::{AttributePath, Comparison, ErrorType, Filter, Literal, PatchPath, urn};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

/// One operation of a PATCH request.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) op: Op,
    /// None: the resource itself.
    pub(super) path: Option<PatchPath>,
    pub(super) value: Option<Value>,
}

/// Reads the body of a PATCH request. Keys and operators are read without case.
pub(super) fn read(body: &Map<String, Value>) -> Result<Vec<Operation>, Problem> {
    let syntax = |detail: &str| Problem::bad_request(ErrorType::InvalidSyntax, detail);
    if let Some(schemas) = get(body, "schemas")
        && !schemas
            .as_array()
            .is_some_and(|urns| urns.iter().any(|u| u == urn::PATCH_OP))
    {
        return Err(syntax("schemas must hold the PatchOp URN"));
    }
    let operations = get(body, "Operations")
        .and_then(Value::as_array)
        .filter(|operations| !operations.is_empty())
        .ok_or_else(|| syntax("Operations must be an array with at least one operation"))?;
    limits::check_count(operations.len())?;
    operations
        .iter()
        .map(|operation| {
            let operation = operation
                .as_object()
                .ok_or_else(|| syntax("An operation must be an object"))?;
            read_operation(operation)
        })
        .collect()
}

fn read_operation(operation: &Map<String, Value>) -> Result<Operation, Problem> {
    let name = get(operation, "op").and_then(Value::as_str);
    let op = match name.map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Op::Add,
        Some("replace") => Op::Replace,
        Some("remove") => Op::Remove,
        _ => {
            return Err(Problem::bad_request(
                ErrorType::InvalidSyntax,
                "op must be add, replace or remove",
            ));
        }
    };
    let path = match get(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(PatchPath::parse(text).map_err(|problem| {
            Problem::bad_request(ErrorType::InvalidPath, format!("path: {problem}"))
        })?),
        Some(_) => return Err(invalid_path("path must be a string")),
    };
    let value = get(operation, "value").cloned();
    match op {
        Op::Remove if path.is_none() => Err(Problem::bad_request(
            ErrorType::NoTarget,
            "remove needs a path",
        )),
        Op::Add | Op::Replace if value.is_none() => {
            Err(Problem::invalid_value("add and replace need a value"))
        }
        _ => Ok(Operation { op, path, value }),
    }
}

fn get<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// Where an operation acts.
struct Target {
    schema: &'static Schema,
    attribute: &'static Attribute,
    elements: Option<Filter>,
    sub: Option<&'static Attribute>,
}

/// Applies one operation; `attributes` may be left half changed when it fails.
pub(super) fn apply(
    of: ResourceType,
    attributes: &mut Map<String, Value>,
    operation: &Operation,
) -> Result<(), Problem> {
    let value = operation.value.as_ref().unwrap_or(&Value::Null);
    let Some(path) = &operation.path else {
        return apply_object(of, attributes, operation.op, value);
    };
    match whole_schema(of, path) {
        Some(schema) if schema.urn == of.schema().urn => {
            apply_object(of, attributes, operation.op, value)
        }
        Some(extension) if operation.op == Op::Remove => {
            attributes.shift_remove(extension.urn);
            Ok(())
        }
        Some(extension) => apply_extension(of, attributes, operation.op, extension, value),
        None => {
            let target = resolve(of, path)?;
            let sub_is_read_only = target
                .sub
                .is_some_and(|sub| sub.mutability == Mutability::ReadOnly);
            if target.attribute.mutability == Mutability::ReadOnly || sub_is_read_only {
                return Err(Problem::bad_request(
                    ErrorType::Mutability,
                    format!("{path} is read-only"),
                ));
            }
            if operation.op == Op::Remove {
                remove(of, attributes, &target)
            } else {
                set(of, attributes, operation.op, &target, value)
            }
        }
    }
}

/// The schema that a path names as a whole. The URN of an extension that was loaded from a
/// file looks like an attribute.
fn whole_schema(of: ResourceType, path: &PatchPath) -> Option<&'static Schema> {
    match path {
        PatchPath::Schema(known) => of.schema_named(known),
        PatchPath::Attribute(path) if path.urn.is_some() => of.schema_named(&path.to_string()),
        _ => None,
    }
}

/// A path-less operation: each key of the value is an attribute, a dotted path, a schema's
/// URN, or a URN with an attribute. Read-only and unknown ones are ignored, as in a PUT.
fn apply_object(
    of: ResourceType,
    attributes: &mut Map<String, Value>,
    op: Op,
    value: &Value,
) -> Result<(), Problem> {
    let object = value
        .as_object()
        .ok_or_else(|| Problem::invalid_value("Without a path, the value must be an object"))?;
    for (key, value) in object {
        let Ok(path) = PatchPath::parse(key) else {
            continue;
        };
        match whole_schema(of, &path) {
            Some(schema) if schema.urn == of.schema().urn => {
                apply_object(of, attributes, op, value)?;
            }
            Some(extension) => apply_extension(of, attributes, op, extension, value)?,
            None => {
                if let Ok(target) = resolve(of, &path)
                    && target.attribute.mutability != Mutability::ReadOnly
                {
                    set(of, attributes, op, &target, value)?;
                }
            }
        }
    }
    Ok(())
}

fn apply_extension(
    of: ResourceType,
    attributes: &mut Map<String, Value>,
    op: Op,
    extension: &'static Schema,
    value: &Value,
) -> Result<(), Problem> {
    if value.is_null() {
        attributes.shift_remove(extension.urn);
        return Ok(());
    }
    let object = value
        .as_object()
        .ok_or_else(|| Problem::invalid_value(format!("{} must be an object", extension.urn)))?;
    for (key, value) in object {
        let path = AttributePath::parse(&format!("{}:{key}", extension.urn));
        if let Ok(path) = path
            && let Ok(target) = resolve(of, &PatchPath::Attribute(path))
        {
            set(of, attributes, op, &target, value)?;
        }
    }
    Ok(())
}

fn resolve(of: ResourceType, path: &PatchPath) -> Result<Target, Problem> {
    let (attribute_path, elements, sub) = match path {
        PatchPath::Attribute(path) => (path, None, path.sub.as_ref()),
        PatchPath::Elements {
            attribute,
            filter,
            sub,
        } if attribute.sub.is_none() => (attribute, Some(filter.clone()), sub.as_ref()),
        _ => return Err(invalid_path(format!("{path} names no attribute"))),
    };
    let unknown = || invalid_path(format!("{path} names no attribute of a {}", of.name()));
    let schema = evaluate::schema_of(of, attribute_path).ok_or_else(unknown)?;
    let attribute = schema.attribute(&attribute_path.name).ok_or_else(unknown)?;
    let sub = match sub {
        Some(name) => Some(attribute.sub_attribute(name).ok_or_else(unknown)?),
        None => None,
    };
    if let Some(filter) = &elements {
        if !attribute.multi_valued {
            return Err(invalid_path(format!(
                "{path}: not a multi-valued attribute"
            )));
        }
        evaluate::check_element(attribute, filter)?;
    }
    Ok(Target {
        schema,
        attribute,
        elements,
        sub,
    })
}

/// The object that holds the target; an extension's is made when it is missing.
fn container<'a>(
    of: ResourceType,
    attributes: &'a mut Map<String, Value>,
    schema: &Schema,
) -> Option<&'a mut Map<String, Value>> {
    if schema.urn == of.schema().urn {
        return Some(attributes);
    }
    attributes
        .entry(schema.urn)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
}

/// An extension without attributes is no extension (RFC 7643, 3.3).
fn drop_if_empty(attributes: &mut Map<String, Value>, schema: &Schema) {
    if attributes
        .get(schema.urn)
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        attributes.shift_remove(schema.urn);
    }
}

fn set(
    of: ResourceType,
    attributes: &mut Map<String, Value>,
    op: Op,
    target: &Target,
    value: &Value,
) -> Result<(), Problem> {
    if let Some(holder) = container(of, attributes, target.schema) {
        if target.attribute.multi_valued {
            set_elements(holder, op, target, value)?;
        } else if let Some(sub) = target.sub {
            set_sub_attribute(holder, target.attribute, sub, value)?;
        } else if target.attribute.kind == Type::Complex && !value.is_null() {
            merge(holder, target.attribute, value)?;
        } else {
            put(
                holder,
                target.attribute.name,
                ingest::value_of(target.attribute, value)?,
            );
        }
    }
    drop_if_empty(attributes, target.schema);
    Ok(())
}

fn put(holder: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            holder.insert(name.into(), value);
        }
        None => {
            holder.shift_remove(name);
        }
    }
}

fn set_sub_attribute(
    holder: &mut Map<String, Value>,
    attribute: &Attribute,
    sub: &Attribute,
    value: &Value,
) -> Result<(), Problem> {
    let value = ingest::value_of(sub, value)?;
    let object = holder
        .entry(attribute.name)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(object) = object.as_object_mut() {
        put(object, sub.name, value);
        if object.is_empty() {
            holder.shift_remove(attribute.name);
        }
    }
    Ok(())
}

/// A complex value names the sub-attributes to change; the others stay (RFC 7644, 3.5.2.3).
fn merge(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    value: &Value,
) -> Result<(), Problem> {
    let object = value
        .as_object()
        .ok_or_else(|| Problem::invalid_value(format!("{} must be an object", attribute.name)))?;
    for (name, value) in object {
        if let Some(sub) = attribute.sub_attribute(name) {
            set_sub_attribute(holder, attribute, sub, value)?;
        }
    }
    Ok(())
}

fn set_elements(
    holder: &mut Map<String, Value>,
    op: Op,
    target: &Target,
    value: &Value,
) -> Result<(), Problem> {
    let attribute = target.attribute;
    let mut elements = take_elements(holder, attribute);
    let changed = match (&target.elements, target.sub) {
        (None, None) => {
            let new = match value {
                Value::Null => Vec::new(),
                Value::Array(new) => ingest::elements_of(attribute, new)?,
                single => ingest::elements_of(attribute, std::slice::from_ref(single))?,
            };
            if op == Op::Replace {
                elements.clear();
            }
            let added = append(&mut elements, new);
            limits::check_values(attribute.name, elements.len())?;
            added
        }
        (selection, sub) => {
            change_selected(&mut elements, op, attribute, selection.as_ref(), sub, value)?
        }
    };
    demote_other_primaries(&mut elements, &changed);
    if ingest::primaries(&elements) > 1 {
        return Err(Problem::invalid_value(format!(
            "{} has more than one primary value",
            attribute.name
        )));
    }
    elements.retain(|element| element.as_object().is_none_or(|object| !object.is_empty()));
    let rest = (!elements.is_empty()).then_some(Value::Array(elements));
    put(holder, attribute.name, rest);
    Ok(())
}

fn take_elements(holder: &mut Map<String, Value>, attribute: &Attribute) -> Vec<Value> {
    match holder.get_mut(attribute.name) {
        Some(Value::Array(elements)) => std::mem::take(elements),
        _ => Vec::new(),
    }
}

/// Appends what is not there yet (RFC 7644, 3.5.2.1); which places were added, in order.
fn append(elements: &mut Vec<Value>, mut new: Vec<Value>) -> Vec<usize> {
    let former: HashSet<&Value> = elements.iter().collect();
    new.retain(|element| !former.contains(element));
    let start = elements.len();
    elements.append(&mut new);
    (start..elements.len()).collect()
}

/// Changes the elements that the path selects; which places were changed, lowest first.
fn change_selected(
    elements: &mut Vec<Value>,
    op: Op,
    attribute: &'static Attribute,
    selection: Option<&Filter>,
    sub: Option<&'static Attribute>,
    value: &Value,
) -> Result<Vec<usize>, Problem> {
    let test = selection.map(Test::of);
    let mut selected: Vec<usize> = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| {
            let test = test.as_ref();
            test.is_none_or(|test| test.element(attribute, element))
        })
        .map(|(place, _)| place)
        .collect();
    if selected.is_empty() {
        let made = match (op, selection) {
            (Op::Add, Some(filter)) => element_from(attribute, filter),
            _ => None,
        };
        selected.push(elements.len());
        elements.push(Value::Object(made.ok_or_else(|| {
            Problem::bad_request(
                ErrorType::NoTarget,
                format!("No value of {} matches the path", attribute.name),
            )
        })?));
    }
    limits::check_copies(value, selected.len())?;
    for place in &selected {
        let Some(Value::Object(element)) = elements.get_mut(*place) else {
            return Err(Problem::invalid_value(format!(
                "A value of {} has no sub-attributes",
                attribute.name
            )));
        };
        match (sub, value.as_object()) {
            (Some(sub), _) => put(element, sub.name, ingest::value_of(sub, value)?),
            // RFC 7644, 3.5.2.3: the values that match are replaced, not merged.
            (None, Some(_)) if op == Op::Replace => {
                let replaced = ingest::complex(attribute, value)?;
                *element = match replaced {
                    Some(Value::Object(object)) => object,
                    _ => Map::new(),
                };
            }
            (None, Some(object)) => {
                for (name, value) in object {
                    if let Some(sub) = attribute.sub_attribute(name) {
                        put(element, sub.name, ingest::value_of(sub, value)?);
                    }
                }
            }
            (None, None) => {
                return Err(Problem::invalid_value(format!(
                    "A value of {} must be an object",
                    attribute.name
                )));
            }
        }
    }
    Ok(selected)
}

/// The element that `[type eq "work"]` describes; `None` when it describes none exactly.
fn element_from(attribute: &Attribute, filter: &Filter) -> Option<Map<String, Value>> {
    let mut element = Map::new();
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        single => std::slice::from_ref(single),
    };
    for term in terms {
        let Filter::Compare(path, Comparison::Eq, literal) = term else {
            return None;
        };
        let value = match literal {
            Literal::Text(text) => Value::from(text.as_str()),
            Literal::Bool(value) => Value::from(*value),
            _ => return None,
        };
        let sub = attribute.sub_attribute(&path.name)?;
        element.insert(sub.name.into(), value);
    }
    Some(element)
}

/// A new primary value makes the former one secondary (RFC 7644, 3.5.2).
fn demote_other_primaries(elements: &mut [Value], changed: &[usize]) {
    let promoted = changed
        .iter()
        .any(|place| elements.get(*place).is_some_and(ingest::is_primary));
    if !promoted {
        return;
    }
    for (place, element) in elements.iter_mut().enumerate() {
        // The places are in order.
        if changed.binary_search(&place).is_err()
            && ingest::is_primary(element)
            && let Some(object) = element.as_object_mut()
        {
            object.insert("primary".into(), Value::Bool(false));
        }
    }
}

fn remove(
    of: ResourceType,
    attributes: &mut Map<String, Value>,
    target: &Target,
) -> Result<(), Problem> {
    if target.attribute.required && target.elements.is_none() && target.sub.is_none() {
        return Err(Problem::bad_request(
            ErrorType::Mutability,
            format!(
                "{} is required and cannot be removed",
                target.attribute.name
            ),
        ));
    }
    if let Some(holder) = container(of, attributes, target.schema) {
        remove_from(holder, target);
    }
    drop_if_empty(attributes, target.schema);
    Ok(())
}

/// Removing what is not there changes nothing and is no error: Okta repeats removals.
fn remove_from(holder: &mut Map<String, Value>, target: &Target) {
    let attribute = target.attribute;
    let name = attribute.name;
    let test = target.elements.as_ref().map(Test::of);
    let selects = |element: &Value| {
        let test = test.as_ref();
        test.is_none_or(|test| test.element(attribute, element))
    };
    let emptied = match (holder.get_mut(name), target.sub) {
        (None, _) => false,
        (Some(Value::Array(elements)), None) => {
            elements.retain(|element| !selects(element));
            elements.is_empty()
        }
        (Some(Value::Array(elements)), Some(sub)) => {
            for element in elements.iter_mut().filter(|element| selects(element)) {
                if let Some(object) = element.as_object_mut() {
                    object.shift_remove(sub.name);
                }
            }
            elements.retain(|element| element.as_object().is_none_or(|object| !object.is_empty()));
            elements.is_empty()
        }
        (Some(Value::Object(object)), Some(sub)) => {
            object.shift_remove(sub.name);
            object.is_empty()
        }
        (Some(_), _) => true,
    };
    if emptied {
        holder.shift_remove(name);
    }
}

/// 400 `invalidPath`.
pub(super) fn invalid_path(detail: impl Into<String>) -> Problem {
    Problem::bad_request(ErrorType::InvalidPath, detail)
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
