//! Calls a tenant without a socket, with Okta's headers.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use scim_conform::exchange::{SpaceAs, query_value};
use scim_conform::secret::Secret;
use scim_conform::server::{Policy, Tenant};
use serde_json::{Value, json};

/// The token of every tenant in these tests.
pub(crate) const TOKEN: &str = "test-token-3f9c";

/// The URN of the enterprise extension.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A client of one tenant.
pub(crate) struct Client {
    pub(crate) tenant: Arc<Tenant>,
}

/// An answer, with its body read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn id(&self) -> String {
        match &self.json["id"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.json["totalResults"].as_u64().unwrap_or(u64::MAX)
    }

    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.response.status(), status, "{}", self.json);
        self
    }
}

impl Client {
    pub(crate) fn new(policy: Policy) -> Self {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy);
        let tenant = tenant.with_base_url("https://scim.example.test/scim/v2/");
        Self {
            tenant: Arc::new(tenant),
        }
    }

    pub(crate) fn good() -> Self {
        Self::new(Policy::default())
    }

    pub(crate) fn send(&self, method: Method, target: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("Accept", "application/scim+json")
            .header("Authorization", format!("Bearer {TOKEN}"));
        if body.is_some() {
            request = request.header("Content-Type", "application/scim+json; charset=utf-8");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string()));
        self.raw(request.body(bytes.unwrap_or_default()).unwrap())
    }

    pub(crate) fn raw(&self, request: Request<Bytes>) -> Answer {
        let response = self.tenant.handle(request);
        let json = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        Answer { response, json }
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, None)
    }

    pub(crate) fn post(&self, target: &str, body: Value) -> Answer {
        self.send(Method::POST, target, Some(body))
    }

    pub(crate) fn put(&self, target: &str, body: Value) -> Answer {
        self.send(Method::PUT, target, Some(body))
    }

    pub(crate) fn patch(&self, target: &str, operations: Value) -> Answer {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.send(Method::PATCH, target, Some(body))
    }

    pub(crate) fn delete(&self, target: &str) -> Answer {
        self.send(Method::DELETE, target, None)
    }

    /// Okta's look-up.
    pub(crate) fn find(&self, endpoint: &str, attribute: &str, value: &str) -> Answer {
        let filter = format!("{attribute} eq {}", Value::from(value));
        self.get(&format!(
            "{endpoint}?filter={}&startIndex=1&count=100",
            encode(&filter)
        ))
    }

    pub(crate) fn create_user(&self, name: &str) -> String {
        self.post("/Users", user(name))
            .expect(StatusCode::CREATED)
            .id()
    }

    pub(crate) fn create_group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "members": members});
        self.post("/Groups", body).expect(StatusCode::CREATED).id()
    }

    /// The ids of a group's members.
    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let answer = self.get(&format!("/Groups/{group}"));
        let members = answer.json["members"].as_array().cloned();
        let members = members.unwrap_or_default().into_iter();
        members
            .map(|member| member["value"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

/// The body of Okta's POST of a user.
pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"primary": true, "value": name, "type": "work"}],
        "displayName": "Ada Byron",
        "locale": "en-US",
        "externalId": format!("00u{name}"),
        "groups": [],
        "password": "9fKq2LwX",
        "active": true,
    })
}

/// Okta's encoding: everything but unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    query_value(text, SpaceAs::Percent)
}
