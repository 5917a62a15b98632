//! As much of an Okta org as the CRUD suite calls: its management API, and behind it what Okta sends to the app.

use std::sync::Arc;

use bytes::Bytes;
use scim_conform::exchange::{
    Body, Exchange, HeaderText, Method, Request, Response, Sending, Timing, Transport,
};
use scim_conform::okta::body::Profile;
use scim_conform::okta::drive::{self, Line, NotSent};
use scim_conform::okta::org::{AdminAction, Org, Person, Status};
use scim_conform::okta::request::{Agent, Call, Client};
use scim_conform::okta::{App, Behaviour, Variants};
use scim_conform::secret::Secret;
use scim_conform::server::InProcess;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::bench::TOKEN;

/// Where the org and its target lie: two folders of one place, because a test plays against one.
pub(super) const PLACE: &str = "http://localhost";
/// The org.
pub(super) const ORG: &str = "http://localhost/org";
/// The target.
pub(super) const TARGET: &str = "http://localhost/scim/v2";

const ADA: &str = "ada";

/// An org with one app, whose target is in this process.
pub(super) struct Okta {
    behaviour: Arc<Behaviour>,
    org: Mutex<Org>,
    target: InProcess,
    client: Client,
}

struct Wire<'a>(&'a InProcess);

impl Line for Wire<'_> {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        Ok(self.0.send(call.request).await)
    }
}

impl Okta {
    pub(super) fn new(app: App, behaviour: Arc<Behaviour>, target: InProcess) -> Self {
        Self {
            behaviour,
            org: Mutex::new(Org {
                app,
                import_groups: false,
                people: indexmap::IndexMap::new(),
                groups: indexmap::IndexMap::new(),
                variants: Variants::NONE,
            }),
            target,
            client: Client {
                agent: Agent::Okta,
                authorization: Some(HeaderText::Secret(Secret::new(format!("Bearer {TOKEN}")))),
                extra: vec![],
            },
        }
    }

    /// What the admin does, and the job that it starts. Okta answers before it knows what came of it.
    async fn act(&self, org: &mut Org, action: AdminAction<'_>) {
        let Some(task) = org.act(&action) else { return };
        let job = self.behaviour.jobs.get(task.job).unwrap();
        let settings = drive::Settings {
            app: org.app,
            variants: org.variants,
            apps: &self.behaviour.apps,
            client: &self.client,
            import_groups: org.import_groups,
        };
        let mut wire = Wire(&self.target);
        let done = drive::run(job, &task.subject, &settings, &mut wire).await;
        org.apply(&done.effects);
    }

    async fn manage(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let mut org = self.org.lock().await;
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, &segments[..]) {
            (Method::Get, ["apps", _]) => {}
            (Method::Post, ["users"]) => {
                org.people.insert(ADA.to_owned(), person(&body["profile"]));
            }
            (Method::Put, ["users", _]) => {
                let now = person(&body["profile"]);
                let ada = org.people.get_mut(ADA).unwrap();
                (ada.login, ada.profile) = (now.login, now.profile);
                self.act(&mut org, AdminAction::PushProfile(ADA)).await;
            }
            (Method::Post, ["users", _, "lifecycle", "deactivate"]) => {
                self.act(&mut org, AdminAction::Deactivate(ADA)).await;
            }
            // Nothing is sent until there is an assignment again.
            (Method::Post, ["users", _, "lifecycle", "activate"]) => {
                org.people.get_mut(ADA).unwrap().status = Status::Active;
            }
            (Method::Post, ["apps", _, "users"]) => {
                self.act(&mut org, AdminAction::Assign(ADA)).await;
            }
            (Method::Delete, ["apps", _, "users", _]) => {
                self.act(&mut org, AdminAction::Unassign(ADA)).await;
                return (204, Value::Null);
            }
            _ => panic!("{method} {path}: the suite calls something else"),
        }
        (200, json!({"id": "00u4k2m9qZTn1RsWx5d7"}))
    }

    async fn exchange(&self, request: Request) -> Exchange {
        if let Some(rest) = request.target.strip_prefix("/scim/v2") {
            let target = rest.to_owned();
            return self.target.send(Request { target, ..request }).await;
        }
        let path = request.target.strip_prefix("/org/api/v1").unwrap();
        let path = path.split('?').next().unwrap_or_default();
        let body = request.body.as_deref();
        let body = body.map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
        let (status, answer) = self.manage(request.method, path, &body).await;
        Exchange {
            outcome: Ok(Response {
                status,
                headers: vec![],
                body: Body::read(Bytes::from(answer.to_string()), None),
            }),
            request,
            timing: Timing::default(),
        }
    }
}

impl Transport for Okta {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(self.exchange(request))
    }
}

fn person(profile: &Value) -> Person {
    let mut attributes: Profile = profile
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let login = attributes.shift_remove("login").unwrap();
    attributes.insert("emailType".to_owned(), "work".into());
    let name = format!("{} {}", profile["firstName"], profile["lastName"]).replace('"', "");
    attributes.insert("displayName".to_owned(), name.into());
    attributes.insert("locale".to_owned(), "en-US".into());
    Person {
        okta_id: "00u4k2m9qZTn1RsWx5d7".to_owned(),
        login: login.as_str().unwrap().to_owned(),
        profile: attributes,
        password: Secret::new("9fKq2LwX"),
        status: Status::Active,
        link: None,
    }
}
