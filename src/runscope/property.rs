//! The JavaScript-like paths of Runscope: `Resources[0].emails[0].value`.

use serde_json::Value;

/// What a path finds; `None` when there is nothing. The empty path is the whole value.
///
/// A negative index counts from the end.
#[must_use]
pub fn find<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut found = value;
    let mut rest = path.trim();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            found = element(found, index.trim())?;
            rest = after;
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (key, after) = name.split_at(end);
            found = found.get(key)?;
            rest = after;
        }
    }
    Some(found)
}

fn element<'v>(value: &'v Value, index: &str) -> Option<&'v Value> {
    let quoted = index
        .strip_prefix(['"', '\''])
        .and_then(|inner| inner.strip_suffix(['"', '\'']));
    if let Some(key) = quoted {
        return value.get(key);
    }
    let elements = value.as_array()?;
    let index: i64 = index.parse().ok()?;
    let place = if index < 0 {
        elements
            .len()
            .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(index).ok()?
    };
    elements.get(place)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let body =
            json!({"Resources": [{"id": "a"}, {"id": "b", "urn:x.y": {"z": 1}}], "total": 2});
        let table = [
            ("total", Some(json!(2))),
            ("Resources[0].id", Some(json!("a"))),
            ("Resources[-1].id", Some(json!("b"))),
            ("Resources[1]['urn:x.y'].z", Some(json!(1))),
            ("Resources[2].id", None),
            ("Resources[-3]", None),
            ("Resources.id", None),
            ("Resources[", None),
            ("Resources[0]..id", None),
            ("total.x", None),
            ("", Some(body.clone())),
        ];
        for (path, expected) in table {
            assert_eq!(find(&body, path), expected.as_ref(), "{path}");
        }
    }
}
