//! How the known-good server conducts itself.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, ENTERPRISE, TOKEN, user};

#[test]
fn a_custom_app_provisions_changes_and_deactivates() {
    let okta = Client::good();
    assert_eq!(okta.get("/Users?startIndex=1&count=2").total(), 0);
    assert_eq!(okta.find("/Users", "userName", "ada@x.test").total(), 0);
    let created = okta
        .post("/Users", user("ada@x.test"))
        .expect(StatusCode::CREATED);
    let id = created.id();
    let target = format!("/Users/{id}");
    let location = format!("https://scim.example.test/scim/v2{target}");
    assert_eq!(created.header("location"), Some(location.as_str()));
    assert_eq!(created.text("/meta/location"), location);
    assert_eq!(
        created.header("content-type"),
        Some("application/scim+json")
    );
    assert_eq!(created.header("etag"), Some(created.text("/meta/version")));
    assert!(created.json.get("password").is_none());

    let found = okta.find("/Users", "userName", "ADA@x.test");
    assert_eq!(
        (found.total(), found.text("/Resources/0/id")),
        (1, id.as_str())
    );

    let mut profile = okta.get(&target).json;
    profile["userName"] = json!("ada.king@x.test");
    profile["emails"][0]["value"] = json!("ada.king@x.test");
    profile["groups"] = json!([]);
    let changed = okta.put(&target, profile).expect(StatusCode::OK);
    assert_eq!(changed.id(), id);
    assert_eq!(okta.find("/Users", "userName", "ada@x.test").total(), 0);
    assert_eq!(
        okta.find("/Users", "userName", "ada.king@x.test")
            .text("/Resources/0/id"),
        id
    );
    assert_eq!(
        okta.find("/Users", "emails.value", "Ada.King@x.test")
            .total(),
        1
    );

    let mut profile = okta.get(&target).json;
    profile["active"] = json!(false);
    okta.put(&target, profile).expect(StatusCode::OK);
    let seen = okta.get(&target).expect(StatusCode::OK);
    assert_eq!(seen.json["active"], json!(false));
    assert_eq!(
        okta.find("/Users", "userName", "ada.king@x.test").total(),
        1
    );
    let conflict = okta.post("/Users", user("ADA.KING@X.test"));
    assert_eq!(
        (conflict.status(), conflict.text("/scimType")),
        (409, "uniqueness")
    );
    assert_eq!(conflict.text("/status"), "409");
}

#[test]
fn a_catalogue_app_pushes_groups_by_patch() {
    let okta = Client::good();
    let (ada, bob, eve) = (
        okta.create_user("ada@x.test"),
        okta.create_user("bob@x.test"),
        okta.create_user("eve@x.test"),
    );
    let group = okta.create_group("Night \"Shift\" \\ Łódź", &[]);
    let target = format!("/Groups/{group}");
    let found = okta.find("/Groups", "displayName", "night \"shift\" \\ łódź");
    assert_eq!(found.text("/Resources/0/id"), group);
    okta.patch(&target, json!([{"op": "replace", "value": {"id": group, "displayName": "Night \"Shift\" \\ Łódź"}}]))
        .expect(StatusCode::OK);
    okta.patch(
        &target,
        json!([{"op": "add", "path": "members", "value": [
        {"value": ada, "display": "ada@x.test"}, {"value": bob, "display": "bob@x.test"}]}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.members(&group), [ada.clone(), bob.clone()]);
    assert_eq!(
        okta.get(&format!("/Users/{ada}")).text("/groups/0/value"),
        group
    );
    okta.patch(
        &target,
        json!([
        {"op": "remove", "path": format!("members[value eq \"{ada}\"]")},
        {"op": "add", "path": "members", "value": [{"value": eve, "display": "eve@x.test"}]}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.members(&group), [bob.clone(), eve.clone()]);
    assert_eq!(okta.get(&format!("/Users/{ada}")).json["groups"], json!([]));
    okta.patch(
        &target,
        json!([{"op": "replace", "path": "members", "value": [{"value": ada}]}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.members(&group), [ada.as_str()]);
    okta.patch(
        &target,
        json!([{"op": "replace", "value": {"id": group, "displayName": "Day"}}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.members(&group), [ada.as_str()]);
    okta.patch(
        &target,
        json!([{"op": "replace", "value": {"members": []}}]),
    )
    .expect(StatusCode::OK);
    assert!(okta.members(&group).is_empty());
    okta.delete(&target).expect(StatusCode::NO_CONTENT);
    okta.get(&target).expect(StatusCode::NOT_FOUND);
    assert_eq!(okta.find("/Groups", "displayName", "Day").total(), 0);
}

#[test]
fn a_refused_patch_changes_nothing() {
    let okta = Client::good();
    let (ada, bob) = (okta.create_user("ada"), okta.create_user("bob"));
    let group = okta.create_group("G", &[&ada]);
    let before = okta.get(&format!("/Groups/{group}")).json;
    let refused = okta.patch(
        &format!("/Groups/{group}"),
        json!([
            {"op": "replace", "path": "displayName", "value": "H"},
            {"op": "remove", "path": format!("members[value eq \"{ada}\"]")},
            {"op": "add", "path": "members", "value": [{"value": bob}, {"value": "nobody"}]},
        ]),
    );
    assert_eq!(
        (refused.status(), refused.text("/scimType")),
        (400, "invalidValue")
    );
    assert_eq!(okta.get(&format!("/Groups/{group}")).json, before);
    assert_eq!(okta.get(&format!("/Users/{bob}")).json["groups"], json!([]));
    let before = okta.get(&format!("/Users/{ada}")).json;
    let refused = okta.patch(
        &format!("/Users/{ada}"),
        json!([{"op": "replace", "value": {"active": false}}, {"op": "replace", "path": "userName", "value": "BOB"}]),
    );
    assert_eq!(refused.status(), 409);
    assert_eq!(okta.get(&format!("/Users/{ada}")).json, before);
}

#[test]
fn a_write_that_changes_nothing_keeps_the_version() {
    let okta = Client::good();
    let id = okta.create_user("ada");
    let target = format!("/Users/{id}");
    let before = okta.get(&target).json;
    okta.put(&target, before.clone()).expect(StatusCode::OK);
    okta.patch(
        &target,
        json!([{"op": "replace", "value": {"active": true}}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.get(&target).json, before);
    let group = okta.create_group("G", &[&id]);
    let target = format!("/Groups/{group}");
    let before = okta.get(&target).json;
    okta.patch(
        &target,
        json!([{"op": "add", "path": "members", "value": [{"value": id}]}]),
    )
    .expect(StatusCode::OK);
    okta.patch(
        &target,
        json!([{"op": "remove", "path": "members[value eq \"nobody\"]"}]),
    )
    .expect(StatusCode::OK);
    assert_eq!(okta.get(&target).json, before);
}

#[test]
fn deleting_a_user_ends_the_memberships() {
    let okta = Client::good();
    let (ada, bob) = (okta.create_user("ada"), okta.create_user("bob"));
    let group = okta.create_group("G", &[&ada, &bob]);
    okta.delete(&format!("/Users/{ada}"))
        .expect(StatusCode::NO_CONTENT);
    assert_eq!(okta.members(&group), [bob]);
    okta.get(&format!("/Users/{ada}"))
        .expect(StatusCode::NOT_FOUND);
    okta.delete(&format!("/Users/{ada}"))
        .expect(StatusCode::NOT_FOUND);
    okta.create_user("ada");
}

#[test]
fn values_come_back_as_they_were_sent() {
    let okta = Client::good();
    for name in [
        "o'neil+x&y#%/?@x.test",
        "e\u{301}le\u{300}ve",
        " blank ",
        "Łukasz 🦀",
        "a\"b\\c",
        "ſ",
    ] {
        let mut body = user(name);
        body["name"]["familyName"] = json!(name);
        body["roles"] = json!(["admin", "editor"]);
        body[ENTERPRISE] =
            json!({"department": name, "manager": {"value": "00u9", "displayName": "Lena"}});
        let id = okta
            .post("/Users", body.clone())
            .expect(StatusCode::CREATED)
            .id();
        let seen = okta.get(&format!("/Users/{id}")).json;
        for pointer in [
            "/userName",
            "/name",
            "/emails",
            "/roles",
            "/externalId",
            "/active",
        ] {
            assert_eq!(
                seen.pointer(pointer),
                body.pointer(pointer),
                "{name} {pointer}"
            );
        }
        assert_eq!(seen[ENTERPRISE], body[ENTERPRISE]);
        assert_eq!(seen["schemas"].as_array().unwrap().len(), 2);
        let found = okta.find("/Users", "userName", name);
        assert_eq!(
            (found.total(), found.text("/Resources/0/id")),
            (1, id.as_str()),
            "{name}"
        );
    }
}

#[test]
fn pages_add_up() {
    let okta = Client::good();
    let ids: Vec<String> = (0..7)
        .map(|n| okta.create_user(&format!("u{n}@x.test")))
        .collect();
    let mut seen = Vec::new();
    for (start, returned) in [(1, 3), (4, 3), (7, 1), (10, 0)] {
        let page = okta.get(&format!("/Users?startIndex={start}&count=3"));
        assert_eq!(page.total(), 7);
        assert_eq!(page.json["startIndex"], json!(start));
        assert_eq!(page.json["itemsPerPage"], json!(returned));
        let users = page.json["Resources"].as_array().unwrap();
        seen.extend(
            users
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(seen, ids);
    assert_eq!(
        okta.get("/Users?startIndex=0&count=-1").json["itemsPerPage"],
        json!(0)
    );
    assert_eq!(okta.get("/Users").json["itemsPerPage"], json!(7));
    let page = okta.get("/Users?filter=userName%20sw%20%22U%22&startIndex=6&count=100");
    assert_eq!(
        (page.total(), page.json["itemsPerPage"].as_u64()),
        (7, Some(2))
    );
    okta.get("/Users?count=many")
        .expect(StatusCode::BAD_REQUEST);
}

#[test]
fn look_ups_of_groups_go_by_name_and_by_member() {
    let okta = Client::good();
    let ada = okta.create_user("ada");
    let group = okta.create_group("Crew", &[&ada]);
    okta.create_group("Other", &[]);
    for (attribute, value) in [
        ("displayName", "CREW"),
        ("members", ada.as_str()),
        ("members.value", ada.as_str()),
        ("id", group.as_str()),
    ] {
        let found = okta.find("/Groups", attribute, value);
        assert_eq!(
            (found.total(), found.text("/Resources/0/id")),
            (1, group.as_str()),
            "{attribute}"
        );
    }
    assert_eq!(okta.find("/Groups", "displayName", "cre").total(), 0);
}

#[test]
fn refusals_are_scim_errors() {
    let okta = Client::good();
    let id = okta.create_user("ada");
    let user = format!("/Users/{id}");
    let table = [
        (Method::GET, "/Users/unknown", None, 404, ""),
        (Method::GET, "/Nothing", None, 404, ""),
        (Method::GET, "/", None, 200, ""),
        (Method::DELETE, "/Users", None, 405, ""),
        (Method::POST, &user, Some(json!({})), 405, ""),
        (
            Method::POST,
            "/Users",
            Some(json!([])),
            400,
            "invalidSyntax",
        ),
        (Method::POST, "/Users", None, 400, "invalidSyntax"),
        (
            Method::POST,
            "/Users",
            Some(json!({"name": {}})),
            400,
            "invalidValue",
        ),
        (
            Method::POST,
            "/Users",
            Some(json!({"userName": ""})),
            400,
            "invalidValue",
        ),
        (
            Method::POST,
            "/Groups",
            Some(json!({"displayName": "x", "members": [{"value": "?"}]})),
            400,
            "invalidValue",
        ),
        (
            Method::POST,
            "/Groups",
            Some(json!({"displayName": "x", "members": [{}]})),
            201,
            "",
        ),
        (
            Method::POST,
            "/Groups",
            Some(json!({"members": []})),
            400,
            "invalidValue",
        ),
        (
            Method::GET,
            "/Users?filter=userName%20is%20%22x%22",
            None,
            400,
            "invalidFilter",
        ),
        (
            Method::GET,
            "/Users?filter=active%20gt%20true",
            None,
            400,
            "invalidFilter",
        ),
        (
            Method::PUT,
            "/Users/unknown",
            Some(json!({"userName": "x"})),
            404,
            "",
        ),
        (
            Method::PATCH,
            &user,
            Some(json!({"schemas": ["urn:x"], "Operations": [{"op": "replace", "value": {}}]})),
            400,
            "invalidSyntax",
        ),
    ];
    for (method, target, body, status, kind) in table {
        let line = format!("{method} {target}");
        let answer = okta.send(method, target, body);
        assert_eq!(answer.status(), status, "{line} {}", answer.json);
        if status >= 400 {
            assert_eq!(answer.text("/status"), status.to_string(), "{line}");
            assert_eq!(
                answer.text("/schemas/0"),
                "urn:ietf:params:scim:api:messages:2.0:Error"
            );
            assert_eq!(answer.text("/scimType"), kind, "{line}");
            assert!(!answer.text("/detail").is_empty(), "{line}");
        }
    }
    assert_eq!(
        okta.delete("/Users").header("allow"),
        Some("GET, HEAD, POST")
    );
}

#[test]
fn tokens_media_types_and_entity_tags_are_minded() {
    let okta = Client::good();
    let id = okta.create_user("ada");
    let version = okta
        .get(&format!("/Users/{id}"))
        .text("/meta/version")
        .to_owned();
    let send = |method: &str, headers: &[(&str, &str)], body: &'static str| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/Users/{id}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        okta.raw(request.body(Bytes::from_static(body.as_bytes())).unwrap())
    };
    let bearer = format!("bearer {TOKEN}");
    let auth = ("Authorization", bearer.as_str());
    for headers in [
        vec![],
        vec![("Authorization", TOKEN)],
        vec![("Authorization", "Bearer x")],
        vec![("Authorization", "Basic x")],
    ] {
        let answer = send("GET", &headers, "");
        assert_eq!(answer.status(), 401);
        assert!(answer.header("www-authenticate").is_some());
        assert!(!answer.json.to_string().contains(TOKEN));
    }
    assert_eq!(send("GET", &[auth], "").status(), 200);
    assert_eq!(
        send("GET", &[auth, ("Accept", "text/html")], "").status(),
        200
    );
    let body = r#"{"userName":"ada"}"#;
    assert_eq!(
        send("PUT", &[auth, ("Content-Type", "text/plain")], body).status(),
        415
    );
    assert_eq!(send("PUT", &[auth], body).status(), 415);
    let json = ("Content-Type", "application/json");
    assert_eq!(
        send("PUT", &[auth, json, ("If-Match", "W/\"7\"")], body).status(),
        412
    );
    assert_eq!(
        send("PUT", &[auth, json, ("If-Match", &version)], body).status(),
        200
    );
    assert_eq!(send("PUT", &[auth, json], "{").status(), 400);
    assert_eq!(
        send("GET", &[auth, ("If-None-Match", "*")], "").status(),
        304
    );
}

#[test]
fn discovery_describes_the_schemas() {
    let okta = Client::good();
    let config = okta
        .get("/ServiceProviderConfig")
        .expect(StatusCode::OK)
        .json;
    assert_eq!(config["patch"]["supported"], json!(true));
    let schemas = okta.get("/Schemas").expect(StatusCode::OK);
    assert_eq!(schemas.total(), 5);
    let target = format!("/Schemas/{}", schemas.text("/Resources/0/id"));
    let schema = okta.get(&target).expect(StatusCode::OK).json;
    assert_eq!(schema, schemas.json["Resources"][0]);
    let password = schema["attributes"].as_array().unwrap().iter();
    let password = password.clone().find(|a| a["name"] == "password").unwrap();
    assert_eq!(password["returned"], json!("never"));
    let kinds = okta.get("/ResourceTypes").json;
    assert_eq!(
        kinds["Resources"][0]["schemaExtensions"][0]["schema"],
        json!(ENTERPRISE)
    );
    okta.get("/ResourceTypes/Group").expect(StatusCode::OK);
    okta.get("/ResourceTypes/Device")
        .expect(StatusCode::NOT_FOUND);
}

#[test]
fn seeds_are_there_before_scim_and_go_behind_its_back() {
    let okta = Client::good();
    let id = okta
        .tenant
        .seed_user(&json!({"userName": "old@x.test"}))
        .unwrap();
    assert_eq!(
        okta.find("/Users", "userName", "old@x.test")
            .text("/Resources/0/id"),
        id
    );
    assert!(
        okta.tenant
            .seed_user(&json!({"userName": "OLD@x.test"}))
            .is_err()
    );
    assert!(okta.tenant.seed_user(&Value::Null).is_err());
    let group = okta
        .tenant
        .seed_group(&json!({"displayName": "Old", "members": [{"value": id}]}));
    let group = group.unwrap();
    assert!(okta.tenant.remove_user(&id) && !okta.tenant.remove_user(&id));
    assert!(okta.members(&group).is_empty());
    assert!(okta.tenant.remove_group(&group));
    assert_eq!(okta.get("/Groups").total(), 0);
}

#[test]
fn projections_leave_out_what_is_not_asked_for() {
    let okta = Client::good();
    let id = okta.create_user("ada");
    let user = okta
        .get(&format!("/Users/{id}?attributes=userName,name.givenName"))
        .json;
    assert_eq!(
        user,
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id,
            "userName": "ada", "name": {"givenName": "Ada"}})
    );
    let group = okta.create_group("G", &[&id]);
    let group = okta
        .get(&format!("/Groups/{group}?excludedAttributes=members"))
        .json;
    assert!(group.get("members").is_none() && group.get("displayName").is_some());
}
