use serde_json::json;

use super::*;

fn set(at: &str, value: Value) -> Set {
    let (urn, path) = match at.rsplit_once(':') {
        Some((urn, path)) => (Some(urn.to_owned()), path),
        None => (None, at),
    };
    let at: Selector = path.parse().unwrap();
    Set {
        at: at.within(urn),
        value,
    }
}

fn user() -> Value {
    json!({"id": "1", "userName": "ada@example.com", "active": true, "title": "Engineer",
        "name": {"givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron"},
        "emails": [{"value": "ada@example.com", "primary": true, "type": "work"}, {"value": "home@example.com", "type": "home"}],
        "meta": {"lastModified": "2026-01-01T00:00:00Z"}})
}

fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut user = user();
    edit(&mut user);
    user
}

fn kinds(differences: &[Difference]) -> Vec<String> {
    differences
        .iter()
        .map(|d| match d {
            Difference::NotApplied { at, .. } => format!("not-applied {at}"),
            Difference::Ignored { at, .. } => format!("ignored {at}"),
            Difference::Dropped { at, .. } => format!("dropped {at}"),
            Difference::NotCleared { at, .. } => format!("not-cleared {at}"),
            Difference::Case { at, .. } => format!("case {at}"),
            Difference::Unicode { at, .. } => format!("unicode {at}"),
            Difference::Trimmed { at, .. } => format!("trimmed {at}"),
            Difference::Untouched { at, .. } => format!("untouched {at}"),
        })
        .collect()
}

#[test]
fn roles_are_kept_as_texts_or_as_objects() {
    let differs = |wanted: serde_json::Value, got: serde_json::Value| {
        let at: Selector = "roles".parse().unwrap();
        one(&at, &wanted, Some(&got), true).is_some()
    };
    let texts = json!(["admin", "editor"]);
    let objects = json!([{"value": "editor", "primary": true}, {"value": "admin"}]);
    assert!(!differs(texts.clone(), objects.clone()));
    assert!(!differs(objects.clone(), texts.clone()));
    assert!(differs(texts.clone(), json!([{"value": "admin"}])));
    assert!(differs(texts, json!("admin")));
    assert!(differs(objects, json!([1, 2])));
}

#[test]
fn a_deactivation_touches_active_alone() {
    let sets = [set("active", json!(false))];
    let table: [(&str, Value, &[&str]); 7] = [
        ("right", edited(|u| u["active"] = json!(false)), &[]),
        ("ignored", user(), &["not-applied active"]),
        (
            "as text is the type check's",
            edited(|u| u["active"] = json!("false")),
            &[],
        ),
        (
            "e-mail lost",
            edited(|u| {
                u["active"] = json!(false);
                u["emails"] = json!([]);
            }),
            &["untouched emails"],
        ),
        (
            "one e-mail lost",
            edited(|u| {
                u["active"] = json!(false);
                u["emails"].as_array_mut().unwrap().pop();
            }),
            &["untouched emails"],
        ),
        (
            "name lost",
            edited(|u| {
                u["active"] = json!(false);
                u["name"] = json!({"givenName": "Ada"});
            }),
            &["untouched name.familyName"],
        ),
        (
            "meta, formatted, extra",
            edited(|u| {
                u["active"] = json!(false);
                u["meta"] = json!({});
                u["name"]["formatted"] = json!("x");
                u["extra"] = json!(1);
            }),
            &[],
        ),
    ];
    for (what, after, wanted) in table {
        assert_eq!(
            kinds(&compare(Some(&user()), &after, &sets, true)),
            wanted,
            "{what}"
        );
    }
}

#[test]
fn a_profile_push() {
    let sets = [
        set("userName", json!("king@example.com")),
        set("name.familyName", json!("King")),
        set("emails.^[primary==true].value", json!("king@example.com")),
        set("title", json!("Countess")),
    ];
    let right = edited(|u| {
        u["userName"] = json!("king@example.com");
        u["name"]["familyName"] = json!("King");
        u["emails"][0]["value"] = json!("king@example.com");
        u["title"] = json!("Countess");
    });
    let but = |edit: fn(&mut Value)| {
        let mut user = right.clone();
        edit(&mut user);
        user
    };
    let table: [(&str, Value, &[&str]); 8] = [
        ("right", right.clone(), &[]),
        ("all ignored", user(), &["ignored userName"]),
        (
            "title stale",
            but(|u| u["title"] = json!("Engineer")),
            &["not-applied title"],
        ),
        (
            "title dropped",
            but(|u| u["title"] = Value::Null),
            &["dropped title"],
        ),
        (
            "login lower case",
            but(|u| u["userName"] = json!("KING@example.com")),
            &["case userName"],
        ),
        (
            "e-mail in another case",
            but(|u| u["emails"][0]["value"] = json!("KING@example.com")),
            &[],
        ),
        (
            "name mangled",
            but(|u| u["name"]["familyName"] = json!("K?ng")),
            &["not-applied name.familyName"],
        ),
        (
            "e-mails reordered",
            but(|u| u["emails"].as_array_mut().unwrap().reverse()),
            &[],
        ),
    ];
    for (what, after, wanted) in table {
        assert_eq!(
            kinds(&compare(Some(&user()), &after, &sets, true)),
            wanted,
            "{what}"
        );
    }
}

#[test]
fn unicode_forms_are_told_from_damage() {
    let sets = [set("name.givenName", json!("Jose\u{301}"))];
    let after = |name: &str| json!({"name": {"givenName": name}});
    assert_eq!(
        kinds(&compare(None, &after("Jose\u{301}"), &sets, true)),
        Vec::<String>::new()
    );
    assert_eq!(
        kinds(&compare(None, &after("Jos\u{e9}"), &sets, true)),
        ["unicode name.givenName"]
    );
    assert_eq!(
        kinds(&compare(None, &after("Jose"), &sets, true)),
        ["not-applied name.givenName"]
    );
}

#[test]
fn spelling_is_told_from_loss_also_when_it_is_pushed_again() {
    let sets = [set("name.givenName", json!("Jose\u{301} "))];
    let state = |name: &str| json!({"name": {"givenName": name}});
    let table = [
        ("José", "unicode name.givenName"),
        ("Jose\u{301}", "trimmed name.givenName"),
    ];
    for (stored, wanted) in table {
        let sets = if stored == "José" {
            [set("name.givenName", json!("Jose\u{301}"))]
        } else {
            sets.clone()
        };
        let there = state(stored);
        for before in [None, Some(&there)] {
            assert_eq!(kinds(&compare(before, &there, &sets, true)), [wanted]);
        }
    }
}

#[test]
fn an_extension_that_is_gone_is_one_difference() {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let inside = |at: &str, value: Value| {
        let mut set = set(at, value);
        set.at.namespace = Some(urn.to_owned());
        set
    };
    let sets = [
        inside("department", json!("Sales")),
        inside("manager.value", json!("7")),
    ];
    assert_eq!(
        kinds(&compare(None, &json!({}), &sets, true)),
        [format!("dropped {urn}")]
    );
    let without_manager = json!({urn: {"department": "Sales"}});
    assert_eq!(
        kinds(&compare(None, &without_manager, &sets, true)),
        [format!("dropped {urn}:manager.value")]
    );
    let before = json!({urn: {"department": "Sales", "manager": {"value": "7"}}});
    assert_eq!(
        kinds(&compare(Some(&before), &json!({}), &[], true)),
        [format!("untouched {urn}")]
    );
}

#[test]
fn ignored_as_a_whole() {
    let sets = [set("title", json!("Countess")), set("active", json!(true))];
    let change = |title: &str| edited(|u| u["title"] = json!(title));
    assert!(is_ignored(Some(&user()), &user(), &sets));
    assert!(!is_ignored(Some(&user()), &change("Countess"), &sets));
    assert!(!is_ignored(Some(&user()), &change("Lady"), &sets));
    assert!(!is_ignored(None, &user(), &sets));
    assert!(
        !is_ignored(Some(&change("Countess")), &change("Countess"), &sets),
        "nothing was to change"
    );
}

#[test]
fn an_answer_contradicts_only_what_it_shows() {
    let sets = [set("active", json!(true)), set("title", json!("Countess"))];
    let stored = json!({"active": true, "title": "Countess"});
    let table = [
        (json!({"active": false, "title": "Countess"}), true),
        (json!({"active": true}), false),
        (json!({"active": "true"}), false),
        (json!({"active": true, "title": "Lady"}), false),
        (json!({}), false),
    ];
    for (answer, wanted) in table {
        let wrong = sets.iter().any(|s| contradicts(&answer, &stored, s, true));
        assert_eq!(wrong, wanted, "{answer}");
    }
}

#[test]
fn cleared_means_absent_null_or_empty() {
    let sets = [set("title", Value::Null)];
    for gone in [json!({}), json!({"title": null}), json!({"title": ""})] {
        assert_eq!(
            kinds(&compare(Some(&json!({"title": "x"})), &gone, &sets, true)),
            Vec::<String>::new()
        );
    }
    let kept = json!({"title": "x"});
    assert_eq!(
        kinds(&compare(Some(&kept), &kept, &sets, true)),
        ["not-cleared title"]
    );
}

#[test]
fn members_of_any_shape() {
    assert_eq!(members(&json!({})), None);
    assert_eq!(members(&json!({"members": null})), None);
    assert_eq!(
        members(&json!({"members": [{"value": "a"}, {"value": 7}, {}]})),
        Some(vec!["a".into(), "7".into()])
    );
}
