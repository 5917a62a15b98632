//! What RFC 7644 offers beyond what Okta uses: search, sorting, bulk, `/Me`, extensions.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use scim_conform::scim::schema::Schema;
use scim_conform::server::{Policy, ResourceTypes, Tenant};
use serde_json::{Value, json};

use super::client::{Client, TOKEN, user};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BADGE: &str = "urn:acme:badge:1.0:User";

fn names(list: &Value) -> Vec<&str> {
    let resources = list["Resources"].as_array().expect("a list");
    let name = |resource: &'_ Value| -> Option<String> {
        let name = resource.get("userName").or(resource.get("displayName"))?;
        name.as_str().map(str::to_owned)
    };
    resources
        .iter()
        .map(|resource| {
            assert!(name(resource).is_some());
            resource["userName"]
                .as_str()
                .or(resource["displayName"].as_str())
                .unwrap_or_default()
        })
        .collect()
}

fn with_users(users: &[&str]) -> Client {
    let client = Client::good();
    for name in users {
        client
            .post("/Users", user(name))
            .expect(StatusCode::CREATED);
    }
    client
}

#[test]
fn lists_are_sorted_without_case_and_missing_values_come_last() {
    let client = with_users(&["bob@x.test", "Ada@x.test", "cy@x.test"]);
    let id = client
        .find("/Users", "userName", "cy@x.test")
        .text("/Resources/0/id")
        .to_owned();
    let title =
        json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "Dr"}]});
    client
        .send(Method::PATCH, &format!("/Users/{id}"), Some(title))
        .expect(StatusCode::OK);
    let table = [
        ("sortBy=userName", ["Ada@x.test", "bob@x.test", "cy@x.test"]),
        (
            "sortBy=USERNAME&sortOrder=descending",
            ["cy@x.test", "bob@x.test", "Ada@x.test"],
        ),
        ("sortBy=title", ["cy@x.test", "bob@x.test", "Ada@x.test"]),
        (
            "sortBy=title&sortOrder=descending",
            ["bob@x.test", "Ada@x.test", "cy@x.test"],
        ),
        ("sortBy=emails", ["Ada@x.test", "bob@x.test", "cy@x.test"]),
        (
            "sortBy=meta.created",
            ["bob@x.test", "Ada@x.test", "cy@x.test"],
        ),
        ("sortBy=shoeSize", ["bob@x.test", "Ada@x.test", "cy@x.test"]),
    ];
    for (query, expected) in table {
        let list = client
            .get(&format!("/Users?{query}"))
            .expect(StatusCode::OK);
        assert_eq!(names(&list.json), expected, "{query}");
    }
    let page = client.get("/Users?sortBy=userName&startIndex=2&count=1");
    assert_eq!(names(&page.json), ["bob@x.test"]);
    assert_eq!(page.total(), 3);
    client
        .get("/Users?sortBy=userName&sortOrder=up")
        .expect(StatusCode::BAD_REQUEST);
    client
        .get("/Users?sortBy=a.b.c")
        .expect(StatusCode::BAD_REQUEST);
}

#[test]
fn a_search_is_a_query_in_a_body() {
    let client = with_users(&["bob@x.test", "ada@x.test"]);
    client
        .post("/Groups", json!({"displayName": "Crew"}))
        .expect(StatusCode::CREATED);
    let search = |path: &str, mut body: Value| {
        body["schemas"] = json!([SEARCH]);
        client.post(path, body)
    };
    let found = search(
        "/Users/.search",
        json!({"filter": "userName sw \"A\"", "attributes": ["userName"], "count": 10, "startIndex": 1}),
    )
    .expect(StatusCode::OK);
    assert_eq!(names(&found.json), ["ada@x.test"]);
    assert!(found.json.pointer("/Resources/0/emails").is_none());
    let all = search("/.search", json!({"sortBy": "displayName"})).expect(StatusCode::OK);
    assert_eq!(all.total(), 3);
    let everything = client
        .get("/?filter=meta.resourceType%20eq%20%22Group%22")
        .expect(StatusCode::OK);
    assert_eq!(names(&everything.json), ["Crew"]);

    let bad = |body: Value| {
        client
            .post("/.search", body)
            .expect(StatusCode::BAD_REQUEST)
    };
    bad(json!({"filter": "userName pr"}));
    bad(json!({"schemas": [SEARCH], "filter": 7}));
    bad(json!({"schemas": [SEARCH], "attributes": "userName"}));
    bad(json!({"schemas": [SEARCH], "count": "10"}));
    let get = client
        .get("/Users/.search")
        .expect(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get.header("allow"), Some("POST"));
}

#[test]
fn discovery_is_read_only_and_cannot_be_filtered() {
    let client = Client::good();
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        client.get(path).expect(StatusCode::OK);
        client
            .get(&format!("{path}?filter=id%20pr"))
            .expect(StatusCode::FORBIDDEN);
        client
            .post(path, json!({}))
            .expect(StatusCode::METHOD_NOT_ALLOWED);
    }
    let types = client.get("/ResourceTypes");
    assert_eq!(types.total(), 4);
    client.get("/ResourceTypes/Role").expect(StatusCode::OK);
    client
        .get("/Schemas/urn:okta:scim:schemas:core:1.0:Entitlement")
        .expect(StatusCode::OK);
}

#[test]
fn the_media_type_is_the_one_that_the_client_knows() {
    let client = Client::good();
    let table = [
        (None, "application/scim+json"),
        (Some("application/scim+json"), "application/scim+json"),
        (Some("application/json"), "application/json"),
        (
            Some("text/html, Application/JSON;q=0.9"),
            "application/json",
        ),
        (
            Some("application/json, application/scim+json;q=0.1"),
            "application/scim+json",
        ),
        (Some("*/*"), "application/scim+json"),
        (Some("text/html"), "application/scim+json"),
    ];
    for (accept, expected) in table {
        for path in ["/Users", "/Users/none"] {
            let mut request = Request::get(path).header("Authorization", format!("Bearer {TOKEN}"));
            if let Some(accept) = accept {
                request = request.header("Accept", accept);
            }
            let answer = client
                .tenant
                .handle(request.body(Bytes::new()).expect("a request"));
            let media_type = answer.headers().get("content-type").expect("a media type");
            assert_eq!(media_type, expected, "{accept:?} {path}");
        }
    }
}

#[test]
fn a_write_minds_if_none_match() {
    let client = with_users(&["ada@x.test"]);
    let found = client.find("/Users", "userName", "ada@x.test");
    let delete = |tag: &str| {
        let request = Request::delete(format!("/Users/{}", found.text("/Resources/0/id")))
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("If-None-Match", tag);
        client
            .tenant
            .handle(request.body(Bytes::new()).expect("a request"))
            .status()
    };
    assert_eq!(delete("*"), StatusCode::PRECONDITION_FAILED);
    assert_eq!(delete("W/\"1\""), StatusCode::PRECONDITION_FAILED);
    assert_eq!(delete("W/\"2\""), StatusCode::NO_CONTENT);
}

#[test]
fn me_is_the_user_of_the_token() {
    let client = Client::good();
    client.get("/Me").expect(StatusCode::NOT_IMPLEMENTED);
    let tenant = Tenant::new(None, Policy::default()).with_me(Some("ada@x.test".to_owned()));
    let client = Client {
        tenant: Arc::new(tenant),
    };
    client.get("/Me").expect(StatusCode::NOT_FOUND);
    let created = client
        .post("/Users", user("Ada@x.test"))
        .expect(StatusCode::CREATED);
    let me = client.get("/Me").expect(StatusCode::OK);
    assert_eq!(me.id(), created.id());
    assert_eq!(me.header("location"), Some(created.text("/meta/location")));
    let title =
        json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "Dr"}]});
    client
        .send(Method::PATCH, "/Me", Some(title))
        .expect(StatusCode::OK);
    let seen = client.get(&format!("/Users/{}", created.id()));
    assert_eq!(seen.text("/title"), "Dr");
    client
        .send(Method::DELETE, "/Me", None)
        .expect(StatusCode::NO_CONTENT);
    client.get("/Me").expect(StatusCode::NOT_FOUND);
    client
        .post("/Me", user("x@x.test"))
        .expect(StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn roles_and_entitlements_are_resources() {
    let client = Client::good();
    for (endpoint, kind) in [("/Roles", "Role"), ("/Entitlements", "Entitlement")] {
        let schema = format!("urn:okta:scim:schemas:core:1.0:{kind}");
        let body = json!({"schemas": [schema], "displayName": "Editor", "description": "May edit"});
        let created = client.post(endpoint, body).expect(StatusCode::CREATED);
        assert_eq!(created.text("/schemas/0"), schema);
        assert_eq!(created.text("/meta/resourceType"), kind);
        let list = client.get(&format!("{endpoint}?count=1&startIndex=1"));
        assert_eq!(
            (list.total(), list.json["itemsPerPage"].as_u64()),
            (1, Some(1))
        );
        let target = format!("{endpoint}/{}", created.id());
        let rename = json!({"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"displayName": "Writer"}}]});
        client
            .send(Method::PATCH, &target, Some(rename))
            .expect(StatusCode::OK);
        assert_eq!(client.find(endpoint, "displayName", "writer").total(), 1);
        assert_eq!(client.find(endpoint, "displayName", "Editor").total(), 0);
        client
            .put(&target, json!({"displayName": ""}))
            .expect(StatusCode::BAD_REQUEST);
        client
            .post(endpoint, json!({}))
            .expect(StatusCode::BAD_REQUEST);
        client
            .send(Method::DELETE, &target, None)
            .expect(StatusCode::NO_CONTENT);
        client.get(&target).expect(StatusCode::NOT_FOUND);
    }
}

fn bulk(client: &Client, fail_on_errors: Option<u64>, operations: Value) -> Value {
    let mut body = json!({"schemas": [BULK], "Operations": operations});
    if let Some(most) = fail_on_errors {
        body["failOnErrors"] = json!(most);
    }
    let answer = client.post("/Bulk", body).expect(StatusCode::OK);
    answer.json["Operations"].clone()
}

fn statuses(answers: &Value) -> Vec<&str> {
    let answers = answers.as_array().expect("operations");
    answers
        .iter()
        .map(|answer| answer["status"].as_str().expect("a status is a string"))
        .collect()
}

#[test]
fn a_bulk_resolves_references_forwards_and_backwards() {
    let client = Client::good();
    let answers = bulk(
        &client,
        None,
        json!([
            {"method": "POST", "path": "/Groups", "bulkId": "crew",
             "data": {"displayName": "Crew", "members": [{"value": "bulkId:ada"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "ada", "data": user("ada@x.test")},
            {"method": "PATCH", "path": "/Users/bulkId:ada",
             "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "Dr"}]}},
        ]),
    );
    assert_eq!(statuses(&answers), ["201", "201", "200"]);
    assert_eq!(answers[0]["bulkId"], "crew");
    assert_eq!(answers[0]["version"], "W/\"1\"");
    let id = client.find("/Users", "userName", "ada@x.test");
    assert_eq!(id.text("/Resources/0/title"), "Dr");
    assert_eq!(id.text("/Resources/0/groups/0/display"), "Crew");
    assert_eq!(
        answers[1]["location"],
        id.text("/Resources/0/meta/location")
    );
}

#[test]
fn a_bulk_resolves_a_circle() {
    let client = Client::good();
    let group = |name: &str, member: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": name,
            "data": {"displayName": name, "members": [{"value": format!("bulkId:{member}")}]}})
    };
    let answers = bulk(
        &client,
        None,
        json!([group("a", "b"), group("b", "a"), group("self", "self")]),
    );
    assert_eq!(statuses(&answers), ["201", "201", "201"]);
    for (name, member) in [("a", "b"), ("b", "a"), ("self", "self")] {
        let group = client.find("/Groups", "displayName", name);
        let member = client.find("/Groups", "displayName", member);
        assert_eq!(
            group.text("/Resources/0/members/0/value"),
            member.text("/Resources/0/id")
        );
    }
}

#[test]
fn a_bulk_goes_on_after_an_error_unless_told_otherwise() {
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"title": "nameless"}},
        {"method": "POST", "path": "/Groups", "bulkId": "2",
         "data": {"displayName": "Crew", "members": [{"value": "bulkId:1"}]}},
        {"method": "DELETE", "path": "/Users/none"},
        {"method": "POST", "path": "/Schemas", "bulkId": "3", "data": {}},
        {"method": "POST", "path": "/Groups", "bulkId": "4",
         "data": {"displayName": "Crew", "members": [{"value": "bulkId:nowhere"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "5", "data": user("ada@x.test")},
    ]);
    let answers = bulk(&Client::good(), None, operations.clone());
    assert_eq!(
        statuses(&answers),
        ["400", "409", "404", "404", "409", "201"]
    );
    assert_eq!(answers[0]["response"]["scimType"], "invalidValue");
    let stopped = bulk(&Client::good(), Some(2), operations);
    assert_eq!(statuses(&stopped), ["400", "409"]);
}

#[test]
fn a_bulk_minds_versions_and_limits() {
    let client = with_users(&["ada@x.test"]);
    let id = client
        .find("/Users", "userName", "ada@x.test")
        .text("/Resources/0/id")
        .to_owned();
    let answers = bulk(
        &client,
        None,
        json!([
            {"method": "DELETE", "path": format!("/Users/{id}"), "version": "W/\"7\""},
            {"method": "DELETE", "path": format!("/Users/{id}"), "version": "W/\"1\""},
        ]),
    );
    assert_eq!(statuses(&answers), ["412", "204"]);
    let one = json!({"method": "DELETE", "path": "/Users/1"});
    let many = json!({"schemas": [BULK], "Operations": vec![one; 1001]});
    client
        .post("/Bulk", many)
        .expect(StatusCode::PAYLOAD_TOO_LARGE);
    let huge = json!({"schemas": [BULK], "Operations": [], "padding": "x".repeat(1024 * 1024)});
    client
        .post("/Bulk", huge)
        .expect(StatusCode::PAYLOAD_TOO_LARGE);
    for bad in [
        json!({"Operations": []}),
        json!({"schemas": [BULK]}),
        json!({"schemas": [BULK], "Operations": [{"method": "GET", "path": "/Users"}]}),
        json!({"schemas": [BULK], "Operations": [{"method": "POST", "path": "/Users", "data": {}}]}),
        json!({"schemas": [BULK], "Operations": [], "failOnErrors": "1"}),
    ] {
        client.post("/Bulk", bad).expect(StatusCode::BAD_REQUEST);
    }
}

fn with_badges() -> Client {
    let schema = Schema::from_document(&json!({
        "id": BADGE, "name": "Badge",
        "attributes": [
            {"name": "number", "required": true, "uniqueness": "server", "mutability": "immutable"},
            {"name": "pin", "mutability": "writeOnly", "returned": "never"},
            {"name": "photo", "returned": "request"},
            {"name": "issued", "type": "dateTime", "mutability": "readOnly"},
            {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "required": true}, {"name": "type"}]},
        ],
    }))
    .expect("a schema");
    let types = ResourceTypes::default()
        .with_extension(schema)
        .expect("a new schema");
    let tenant = Tenant::new(None, Policy::default()).with_resource_types(types);
    Client {
        tenant: Arc::new(tenant),
    }
}

fn badged(name: &str, badge: Value) -> Value {
    let mut user = user(name);
    user[BADGE] = badge;
    user
}

#[test]
fn an_extension_from_a_file_is_announced_and_kept() {
    let client = with_badges();
    client
        .get(&format!("/Schemas/{BADGE}"))
        .expect(StatusCode::OK);
    let of_user = client.get("/ResourceTypes/User");
    assert_eq!(of_user.text("/schemaExtensions/1/schema"), BADGE);
    let badge = json!({"number": "7", "pin": "1234", "photo": "p", "issued": "x", "doors": [{"value": "A", "type": "main"}]});
    let created = client
        .post("/Users", badged("ada@x.test", badge))
        .expect(StatusCode::CREATED);
    assert_eq!(created.json["schemas"][1], BADGE);
    assert_eq!(
        created.json[BADGE],
        json!({"number": "7", "doors": [{"value": "A", "type": "main"}]})
    );
    let target = format!("/Users/{}", created.id());
    let photo = client.get(&format!("{target}?attributes={BADGE}:photo"));
    assert_eq!(photo.json[BADGE], json!({"photo": "p"}));
    let pin = client.get(&format!("{target}?attributes={BADGE}:pin"));
    assert_eq!(pin.json.pointer(&format!("/{BADGE}/pin")), None);
    let by_number = client.get(&format!("/Users?filter={BADGE}:number%20eq%20%227%22"));
    assert_eq!(by_number.total(), 1);

    // A client that puts back what it read clears neither the photo nor the PIN.
    let read = client.get(&target).json;
    client.put(&target, read).expect(StatusCode::OK);
    let photo = client.get(&format!("{target}?attributes={BADGE}:photo"));
    assert_eq!(photo.json[BADGE], json!({"photo": "p"}));
    let by_pin = client.get(&format!("/Users?filter={BADGE}:pin%20eq%20%221234%22"));
    assert_eq!(by_pin.total(), 1);
}

#[test]
fn an_extension_from_a_file_is_enforced() {
    let client = with_badges();
    let refuse = |badge: Value, status| {
        let answer = client
            .post("/Users", badged("eve@x.test", badge))
            .expect(status);
        answer.text("/scimType").to_owned()
    };
    assert_eq!(
        refuse(json!({"photo": "p"}), StatusCode::BAD_REQUEST),
        "invalidValue"
    );
    assert_eq!(
        refuse(json!({"number": 7}), StatusCode::BAD_REQUEST),
        "invalidValue"
    );
    assert_eq!(
        refuse(
            json!({"number": "7", "doors": [{"type": "x"}]}),
            StatusCode::BAD_REQUEST
        ),
        "invalidValue"
    );
    let ada = client
        .post("/Users", badged("ada@x.test", json!({"number": "a7"})))
        .expect(StatusCode::CREATED);
    assert_eq!(
        refuse(json!({"number": "A7"}), StatusCode::CONFLICT),
        "uniqueness"
    );
    let target = format!("/Users/{}", ada.id());
    let patch = |operation: Value| {
        client.send(
            Method::PATCH,
            &target,
            Some(json!({"schemas": [PATCH], "Operations": [operation]})),
        )
    };
    let changed = patch(json!({"op": "replace", "path": format!("{BADGE}:number"), "value": "8"}));
    assert_eq!(
        changed.expect(StatusCode::BAD_REQUEST).text("/scimType"),
        "mutability"
    );
    let door = json!({"op": "add", "path": format!("{BADGE}:doors"), "value": [{"value": "B"}]});
    patch(door).expect(StatusCode::OK);
    let sub = json!({"op": "replace", "path": format!("{BADGE}:doors[value eq \"b\"].type"), "value": "side"});
    assert_eq!(
        patch(sub).expect(StatusCode::OK).json[BADGE]["doors"],
        json!([{"value": "B", "type": "side"}])
    );
    let whole = json!({"op": "replace", "path": BADGE, "value": {"doors": [{"value": "C"}]}});
    assert_eq!(
        patch(whole).expect(StatusCode::OK).json[BADGE]["doors"],
        json!([{"value": "C"}])
    );
    patch(json!({"op": "remove", "path": BADGE})).expect(StatusCode::OK);
    assert!(client.get(&target).json.get(BADGE).is_none());
}
