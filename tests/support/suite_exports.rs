//! Exports as Runscope writes them, with the requests and assertions of Okta's SPEC and CRUD suites in our own words.

use serde_json::{Value, json};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A step in the making.
struct Request(Value);

impl Request {
    fn new(method: &str, title: &str, path: &str) -> Self {
        Self(json!({
            "step_type": "request",
            "skipped": false,
            "note": title,
            "method": method,
            "url": format!("{{{{SCIMBaseURL}}}}{path}"),
            "auth": {}, "multipart_form": [], "form": {},
            "headers": {}, "assertions": [], "variables": [], "scripts": [""], "before_scripts": [],
        }))
    }

    fn read(title: &str, path: &str) -> Self {
        Self::read_as("{{auth}}", title, path)
    }

    fn read_as(authorization: &str, title: &str, path: &str) -> Self {
        let mut request = Self::new("GET", title, path);
        request.0["headers"] = json!({
            "Accept": ["application/scim+json"],
            "Accept-Charset": ["utf-8"],
            "Authorization": [authorization],
            "Content-Type": ["application/scim+json; charset=utf-8"],
            "User-Agent": ["OKTA SCIM Integration"],
        });
        request
    }

    fn create(title: &str) -> Self {
        let mut request = Self::new("POST", title, "/Users");
        request.0["headers"] = json!({
            "Accept": ["application/scim+json; charset=utf-8"],
            "Authorization": ["{{auth}}"],
            "Content-Type": ["application/json"],
        });
        let person = json!({
            "schemas": [USER],
            "userName": "{{randomUsername}}",
            "name": {"givenName": "{{randomGivenName}}", "familyName": "{{randomFamilyName}}"},
            "emails": [{"primary": true, "value": "{{randomEmail}}", "type": "work"}],
            "displayName": "{{randomGivenName}} {{randomFamilyName}}",
            "active": true,
        });
        request.0["body"] = person.to_string().into();
        request
    }

    fn must(
        mut self,
        source: &str,
        property: &str,
        comparison: &str,
        value: impl Into<Value>,
    ) -> Self {
        let assertion = json!({"source": source, "property": property, "comparison": comparison, "value": value.into()});
        self.0["assertions"].as_array_mut().unwrap().push(assertion);
        self
    }

    fn status(self, status: u16) -> Self {
        self.must("response_status", "", "equal_number", status)
    }

    fn json(self, property: &str, comparison: &str, value: &str) -> Self {
        self.must("response_json", property, comparison, value)
    }

    fn filled(self, properties: &[&str]) -> Self {
        properties.iter().fold(self, |request, property| {
            request.json(property, "not_empty", "")
        })
    }

    fn schema(self, schema: &str) -> Self {
        self.json("schemas", "has_value", schema)
    }

    fn keeps(mut self, name: &str, property: &str) -> Self {
        let variable = json!({"source": "response_json", "name": name, "property": property});
        self.0["variables"].as_array_mut().unwrap().push(variable);
        self
    }
}

/// What Okta computes from the list of groups: as it is written, it holds for anything that is JSON.
const GROUPS: &str = "var list = JSON.parse(response.body);\n\
    var number = list.totalResults;\n\
    var groups = list.Resources;\n\
    var fine = false;\n\
    if (number === 0)\n\
        assert(\"none yet\", \"no group\");\n\
    else if (number >= 1 && Array.isArray(groups)) {\n\
        fine = true;\n\
        assert.ok(fine, \"groups\");\n\
        log(fine);\n\
    }\n";

/// The suite, with the seconds of its pauses.
pub(crate) fn spec() -> String {
    let profile = [
        "name.familyName",
        "name.givenName",
        "userName",
        "active",
        "emails[0].value",
    ];
    let listed = profile.map(|path| format!("Resources[0].{path}"));
    let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    let names = |request: Request| {
        request
            .json("name.familyName", "equal", "{{randomFamilyName}}")
            .json("name.givenName", "equal", "{{randomGivenName}}")
            .json("userName", "equal", "{{randomUsername}}")
    };
    let capitals = "/Users?filter=userName eq \"{{randomUsernameCaps}}\"";
    let mut groups = Request::read("groups are served", "/Groups")
        .status(200)
        .must("response_time", "", "is_less_than", 600);
    groups.0["scripts"] = json!([GROUPS]);
    let steps = [
        (
            Request::read("the first user is complete", "/Users?count=1&startIndex=1")
                .status(200)
                .schema(LIST)
                .filled(&["Resources", "Resources[0].id"])
                .filled(&listed)
                .json("itemsPerPage", "is_a_number", "")
                .json("startIndex", "is_a_number", "")
                .json("totalResults", "is_a_number", "")
                .keeps("ISVUserid", "Resources[0].id"),
            5,
        ),
        (
            Request::read("it is found by its id", "/Users/{{ISVUserid}}")
                .status(200)
                .filled(&["id"])
                .filled(&profile)
                .json("id", "equal", "{{ISVUserid}}"),
            5,
        ),
        (
            Request::read(
                "nobody is found by a name",
                "/Users?filter=userName eq \"{{InvalidUserEmail}}\"",
            )
            .status(200)
            .schema(LIST)
            .json("totalResults", "equal", "0"),
            5,
        ),
        (
            Request::read(
                "nobody is found by an id",
                "/Users/{{UserIdThatDoesNotExist}}",
            )
            .status(404)
            .filled(&["detail"])
            .schema(ERROR),
            5,
        ),
        (
            Request::read(
                "the new person is not there",
                "/Users?filter=userName eq \"{{randomEmail}}\"",
            )
            .status(200)
            .schema(LIST)
            .json("totalResults", "equal_number", "0"),
            5,
        ),
        (
            names(Request::create("a person is created"))
                .status(201)
                .json("active", "equal", "true")
                .filled(&["id"])
                .json("schemas", "contains", USER)
                .keeps("idUserOne", "id")
                .keeps("randomUserEmail", "emails[0].value"),
            5,
        ),
        (
            names(Request::read("the person is there", "/Users/{{idUserOne}}")).status(200),
            10,
        ),
        (Request::create("the person is refused").status(409), 5),
        (
            Request::read("capitals do no harm", capitals).status(200),
            5,
        ),
        (groups, 5),
        (
            Request::read_as("no-scheme", "who has no token stays out", capitals)
                .status(401)
                .filled(&["detail"])
                .json("status", "equal", "401")
                .schema(ERROR),
            5,
        ),
        (
            Request::read("nobody is found by another id", "/Users/00817390264510037")
                .status(404)
                .filled(&["detail"])
                .json("status", "equal", "404")
                .schema(ERROR),
            0,
        ),
    ];
    exported("An equivalent of Okta's SPEC suite", steps.into())
}

/// A file with these requests, each with the seconds of the pause after it.
fn exported(name: &str, steps: Vec<(Request, u32)>) -> String {
    let steps: Vec<Value> = steps
        .into_iter()
        .flat_map(|(request, pause)| {
            [
                request.0,
                json!({"step_type": "pause", "skipped": pause == 0, "duration": pause}),
            ]
        })
        .collect();
    json!({"version": "1.0", "name": name, "steps": steps}).to_string()
}

/// A call of an Okta org, whose answer need only have this status.
fn org(method: &str, title: &str, path: &str, body: &Value, status: u16) -> Request {
    let mut request = Request::new(method, title, "");
    request.0["url"] = format!("{{{{oktaOrgUrl}}}}/api/v1{path}").into();
    request.0["headers"] = json!({
        "Accept": ["application/json"],
        "Authorization": ["SSWS {{oktaToken}}"],
        "Content-Type": ["application/json"],
    });
    if !body.is_null() {
        request.0["body"] = body.to_string().into();
    }
    request.status(status)
}

/// A look at the target, which must find something.
fn look(title: &str, path: &str) -> Request {
    let mut request = Request::new("GET", title, "");
    request.0["url"] = format!("{{{{SCIMUrl}}}}{path}").into();
    request.0["headers"] =
        json!({"Accept": ["application/scim+json"], "Authorization": ["{{SCIMAuth}}"]});
    request.status(200)
}

/// The other suite. Its third request and every second one after it are looks at the target.
pub(crate) fn crud() -> String {
    let assigned = |first_name: &str| {
        json!({
            "id": "{{okta_add_userid}}",
            "scope": "USER",
            "credentials": {"userName": "{{okta_user_email}}"},
            "profile": {
                "familyName": "{{okta_user_lastname}}",
                "givenName": first_name,
                "emailType": "work",
                "email": "{{okta_user_email}}",
            },
        })
    };
    let profile = |first_name: &str| {
        json!({
            "firstName": first_name,
            "lastName": "{{okta_user_lastname}}",
            "email": "{{okta_user_email}}",
            "login": "{{okta_user_email}}",
        })
    };
    let mut hired = profile("{{okta_user_firstname}}");
    hired["title"] = "{{okta_user_title}}".into();
    hired["primaryPhone"] = "{{okta_user_primaryphone}}".into();
    let hired = json!({"profile": hired, "credentials": {"password": {"value": "9fKq2LwX"}}});
    let renamed = json!({"profile": profile("{{okta_user_firstname_update}}")});
    let (app, user) = ("/apps/{{oktaAppId}}", "/users/{{okta_add_userid}}");
    let users_of_app = "/apps/{{oktaAppId}}/users";
    let of_app = "/apps/{{oktaAppId}}/users/{{okta_add_userid}}";
    let lifecycle = |to: &str| format!("{user}/lifecycle/{to}");
    let none = Value::Null;
    let by_id = "/Users/{{scim_id}}";
    let active = |request: Request, state: &str| request.json("active", "equal", state);
    let first = "{{okta_user_firstname}}";
    let update = "{{okta_user_firstname_update}}";
    let steps = vec![
        (org("GET", "the app is there", app, &none, 200), 0),
        (
            org(
                "POST",
                "somebody is hired",
                "/users?activate=true",
                &hired,
                200,
            )
            .keeps("okta_add_userid", "id"),
            0,
        ),
        (
            org("POST", "and assigned", users_of_app, &assigned(first), 200),
            20,
        ),
        (
            look(
                "the account is there",
                "/Users?filter=userName eq \"{{okta_user_email}}\"",
            )
            .json("Resources[0].userName", "equal", "{{okta_user_email}}")
            .json(
                "Resources[0].emails[0].value",
                "equal",
                "{{okta_user_email}}",
            )
            .json(
                "Resources[0].name.familyName",
                "equal",
                "{{okta_user_lastname}}",
            )
            .json("Resources[0].name.givenName", "equal", first)
            .keeps("scim_id", "Resources[0].id"),
            0,
        ),
        (org("PUT", "and renamed", user, &renamed, 200), 20),
        (
            look("the new name is there", by_id).json("name.givenName", "equal", update),
            0,
        ),
        (
            org("POST", "and leaves", &lifecycle("deactivate"), &none, 200),
            20,
        ),
        (active(look("the account is closed", by_id), "false"), 0),
        (
            org("POST", "and comes back", &lifecycle("activate"), &none, 200),
            0,
        ),
        (
            org(
                "POST",
                "and is assigned again",
                users_of_app,
                &assigned(update),
                200,
            ),
            20,
        ),
        (active(look("the account is open", by_id), "true"), 40),
        (org("DELETE", "and is unassigned", of_app, &none, 204), 40),
        (
            active(look("the account is closed again", by_id), "false"),
            0,
        ),
    ];
    exported("An equivalent of Okta's CRUD suite", steps)
}
