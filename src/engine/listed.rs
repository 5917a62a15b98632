//! Whose the resources in a list are. Scenarios run at the same time, so a list may show what another one is making,
//! even before that one has read its own 201.

use serde_json::Value;

use super::masking;

/// Whether the resource carries the run's id in its name. Nobody could know that id before the run, so such a
/// resource is not somebody else's, also when the ledger does not have it yet.
#[must_use]
pub fn is_named_by_run(resource: &Value, run_id: &str) -> bool {
    resource
        .as_object()
        .is_some_and(|r| masking::has_our_name(r, run_id))
}

/// The resource of a list (RFC 7644, section 3.4.2) into which a JSON pointer (RFC 6901) leads.
#[must_use]
pub fn resource_at<'a>(list: &'a Value, pointer: &str) -> Option<&'a Value> {
    let index = pointer.strip_prefix("/Resources/")?.split('/').next()?;
    list.get("Resources")?.get(index.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_run_is_told_by_its_id_in_the_name() {
        for (resource, expected) in [
            (json!({"userName": "ada.rabc120000@example.com"}), true),
            (json!({"userName": "ADA.RABC120000@EXAMPLE.COM"}), true),
            (json!({"displayName": "Crew rabc120000"}), true),
            (json!({"userName": "ada@example.com"}), false),
            (json!({"id": "rabc12", "userName": 7}), false),
            (json!("rabc12"), false),
        ] {
            assert_eq!(is_named_by_run(&resource, "rabc12"), expected, "{resource}");
        }
    }

    #[test]
    fn a_pointer_leads_into_one_resource() {
        let list = json!({"Resources": [{"id": "1"}, {"id": "2"}]});
        let id = |pointer| resource_at(&list, pointer).map(|r| &r["id"]);
        assert_eq!(id("/Resources/1/active"), Some(&json!("2")));
        assert_eq!(id("/Resources/0"), Some(&json!("1")));
        for nowhere in [
            "/Resources",
            "/Resources/2",
            "/Resources/x/id",
            "/totalResults",
            "",
        ] {
            assert_eq!(id(nowhere), None, "{nowhere}");
        }
    }
}
