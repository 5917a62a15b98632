//! Many resources, large ones, and requests that ask for too much.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, TOKEN, encode};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What Okta sends for a new user, when nobody has changed the mappings
/// (<https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/>).
fn default_user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{name}@example.com"),
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"primary": true, "value": format!("{name}@example.com"), "type": "work"}],
        "displayName": "Ada Byron",
        "locale": "en-US",
        "externalId": "00u4k2m9qZTn1RsWx5d7",
        "groups": [],
        "password": "9fKq2LwX",
        "active": true,
    })
}

fn with_emails(count: usize) -> Value {
    let emails = (0..count).map(|n| json!({"value": format!("{n}@x.test"), "type": "work"}));
    json!({"userName": "many", "emails": emails.collect::<Vec<_>>()})
}

#[test]
fn the_answer_to_oktas_default_user_is_below_two_kibibytes() {
    let okta = Client::good();
    let created = okta.post("/Users", default_user("ada.byron"));
    assert_eq!(created.status(), 201);
    assert!(created.response.body().len() < 2048);
}

#[test]
fn pages_follow_the_order_of_creation_when_many_have_left() {
    let okta = Client::good();
    let mut ids: Vec<String> = (0..1500)
        .map(|n| okta.tenant.seed_user(&json!({"userName": format!("u{n}")})))
        .collect::<Result<_, _>>()
        .unwrap();
    for id in ids.extract_if(.., |id| id.ends_with(['1', '2', 'a', 'b', 'c'])) {
        assert!(okta.tenant.remove_user(&id));
    }
    let pages: Vec<String> = (1..=ids.len())
        .step_by(70)
        .map(|start| okta.get(&format!("/Users?startIndex={start}&count=70")))
        .inspect(|page| assert_eq!(page.total(), ids.len() as u64))
        .flat_map(|page| {
            page.json["Resources"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter_map(|user| user["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(pages, ids);
    let past = okta.get(&format!("/Users?startIndex={}", ids.len() + 1));
    assert_eq!(
        (past.total(), &past.json["Resources"]),
        (ids.len() as u64, &json!([]))
    );
}

#[test]
fn a_patch_of_a_large_group_is_answered_without_its_members() {
    let okta = Client::good();
    let seed = |n: usize| okta.tenant.seed_user(&json!({"userName": format!("u{n}")}));
    let ids: Vec<String> = (0..1002).map(|n| seed(n).unwrap()).collect();
    let members = ids.iter().map(|id| json!({"value": id}));
    let mut members: Vec<Value> = members.collect();
    let last = members.split_off(1000);
    let group = json!({"displayName": "Everybody", "members": members});
    let group = okta.tenant.seed_group(&group).unwrap();
    let target = format!("/Groups/{group}");
    let add = |member: &Value| json!([{"op": "add", "path": "members", "value": [member]}]);
    let remove =
        |id: &str| json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);

    okta.patch(&target, remove(&ids[0])).expect(StatusCode::OK);
    let shown = okta.patch(&target, add(&last[0])).expect(StatusCode::OK);
    assert_eq!(shown.json["members"].as_array().map(Vec::len), Some(1000));

    let large = okta
        .patch(&target, add(&last[1]))
        .expect(StatusCode::NO_CONTENT);
    assert!(large.response.body().is_empty());
    let seen = okta.get(&target);
    assert_eq!(seen.header("etag"), large.header("etag"));
    assert_eq!(seen.json["members"].as_array().map(Vec::len), Some(1001));

    // Who asks for certain attributes is answered with them (RFC 7644, 3.5.2).
    let asked = okta
        .patch(
            &format!("{target}?excludedAttributes=members"),
            remove(&ids[1]),
        )
        .expect(StatusCode::OK);
    assert_eq!(asked.text("/displayName"), "Everybody");
    assert!(asked.json.get("members").is_none());

    okta.send(Method::DELETE, &format!("/Users/{}", ids[2]), None)
        .expect(StatusCode::NO_CONTENT);
    let seen = okta.get(&target);
    assert_eq!(seen.json["members"].as_array().map(Vec::len), Some(999));
    let found = okta.find("/Groups", "members.value", &ids[3]);
    assert_eq!(
        (found.total(), found.text("/Resources/0/id")),
        (1, group.as_str())
    );
}

#[test]
fn what_asks_for_too_much_is_refused() {
    let okta = Client::good();
    let user = okta
        .post("/Users", with_emails(1000))
        .expect(StatusCode::CREATED)
        .id();
    let target = format!("/Users/{user}");
    let before = okta.get(&target).json;
    let one = json!({"op": "replace", "path": "title", "value": "x"});
    let terms = vec!["type eq \"x\""; 200].join(" or ");
    let many_terms = json!({"op": "remove", "path": format!("emails[{terms}]")});
    let long = json!({"op": "replace", "path": "emails.display", "value": "x".repeat(2000)});
    let more = json!({"op": "add", "path": "emails", "value": {"value": "one more"}});
    let large = json!({"op": "add", "path": "title", "value": "x".repeat(1024 * 1024)});
    let table = [
        (vec![one.clone(); 1000], 200, ""),
        (vec![one; 1001], 413, "1001 operations"),
        (vec![many_terms.clone(); 5], 200, ""),
        (vec![many_terms; 6], 413, "1200 terms"),
        (vec![long], 413, "larger than 1048576 bytes"),
        (vec![more], 413, "1001 values"),
        (vec![large], 413, "larger than 1048576 bytes"),
    ];
    for (operations, status, detail) in table {
        let answer = okta.patch(&target, Value::from(operations));
        assert_eq!(answer.status(), status, "{detail} {}", answer.json);
        assert!(answer.text("/detail").contains(detail), "{}", answer.json);
    }
    assert_eq!(okta.get(&target).json["emails"], before["emails"]);
    assert_eq!(okta.post("/Users", with_emails(1001)).status(), 413);
}

#[test]
fn a_filter_of_many_terms_is_answered_or_refused() {
    let okta = Client::good();
    let ids: Vec<String> = (0..300)
        .map(|n| {
            okta.tenant
                .seed_user(&json!({"userName": format!("u{n}")}))
                .unwrap()
        })
        .collect();
    let join = |terms: Vec<String>| encode(&terms.join(" or "));
    let known = join(ids.iter().map(|id| format!("id eq \"{id}\"")).collect());
    assert_eq!(okta.get(&format!("/Users?filter={known}")).total(), 300);
    let scanned = join((0..700).map(|n| format!("title eq \"{n}\"")).collect());
    assert_eq!(okta.get(&format!("/Users?filter={scanned}")).total(), 0);

    for n in 0..30 {
        let mut user = with_emails(1000);
        user["userName"] = json!(format!("many{n}"));
        okta.tenant.seed_user(&user).unwrap();
    }
    let scanned = join((0..700).map(|n| format!("emails co \"{n}\"")).collect());
    let refused = okta.get(&format!("/Users?filter={scanned}"));
    assert_eq!(
        (refused.status(), refused.text("/scimType")),
        (400, "tooMany")
    );
}

#[test]
fn deep_and_wide_bodies_are_answered_with_scim_errors() {
    let okta = Client::good();
    let send = |method: Method, target: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("Content-Type", "application/scim+json");
        okta.raw(request.body(Bytes::from(body)).unwrap())
    };
    let user = okta.create_user("ada@x.test");
    let user = format!("/Users/{user}");
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let patch =
        |operations: &str| format!(r#"{{"schemas":["{PATCH_OP}"],"Operations":{operations}}}"#);
    let wide = format!("[{}]", vec!["{}"; 200_000].join(","));
    let keys = (0..100_000).map(|n| format!(r#""k{n}":0"#));
    let keys = keys.collect::<Vec<_>>().join(",");
    let table = [
        (Method::POST, "/Users", nested(100_000), 400),
        (
            Method::POST,
            "/Users",
            format!(r#"{{"userName":"b","x":{}}}"#, nested(120)),
            201,
        ),
        (
            Method::POST,
            "/Users",
            format!(r#"{{"userName":"c","x":{}}}"#, nested(128)),
            400,
        ),
        (
            Method::POST,
            "/Users",
            format!(r#"{{"userName":"d",{keys}}}"#),
            201,
        ),
        (Method::PATCH, &user, patch(&wide), 413),
        (Method::PATCH, &user, patch(&nested(50)), 400),
        (
            Method::PATCH,
            &user,
            patch(&format!(
                r#"[{{"op":"add","path":"emails","value":{wide}}}]"#
            )),
            200,
        ),
        (
            Method::PATCH,
            &user,
            patch(&format!(r#"[{{"op":"add","value":{{{keys}}}}}]"#)),
            200,
        ),
        (
            Method::PATCH,
            &user,
            patch(&format!(
                r#"[{{"op":"add","path":"{}","value":1}}]"#,
                "a".repeat(20_000)
            )),
            400,
        ),
    ];
    for (method, target, body, status) in table {
        let shown: String = body.chars().take(60).collect();
        let answer = send(method, target, body);
        assert_eq!(answer.status(), status, "{shown} {}", answer.json);
        if status >= 400 {
            assert_eq!(answer.text("/status"), status.to_string(), "{shown}");
        }
    }
}
