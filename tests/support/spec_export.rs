//! An export as Runscope writes one, with the requests and assertions of Okta's SPEC suite in our own words.

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
    let steps: Vec<Value> = steps
        .into_iter()
        .flat_map(|(request, pause)| {
            [
                request.0,
                json!({"step_type": "pause", "skipped": pause == 0, "duration": pause}),
            ]
        })
        .collect();
    json!({"version": "1.0", "name": "An equivalent of Okta's SPEC suite", "steps": steps})
        .to_string()
}
