//! Okta's jobs, carried out against a server made of bytes.

use scim_conform::exchange::{Exchange, HeaderText, Transport};
use scim_conform::okta::body::{Member, Profile};
use scim_conform::okta::drive::{self, Done, Line, NotSent};
use scim_conform::okta::request::{Agent, Call, Client};
use scim_conform::okta::task::{GroupCard, PersonCard, Subject};
use scim_conform::okta::{App, Behaviour, Variants};
use scim_conform::secret::Secret;
use serde_json::Value;

use super::okta_requests::{TOKEN, both, settings};
use super::raw_server::{RawServer, Step, json, write};

/// Sends every call as it is.
struct Wire<'a>(&'a dyn Transport);

impl Line for Wire<'_> {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        Ok(self.0.send(call.request).await)
    }
}

/// An app of an org, and how it behaves.
pub(crate) struct Okta {
    pub(crate) app: App,
    pub(crate) behaviour: Behaviour,
    pub(crate) import_groups: bool,
    pub(crate) variants: Variants,
}

impl Okta {
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            behaviour: Behaviour::embedded().expect("behaviour that can be read"),
            import_groups: app == App::Oin,
            variants: Variants::NONE,
        }
    }

    /// Runs a job through both transports. There must be exactly as many requests as answers, and the
    /// transports must not differ.
    pub(crate) async fn run(&self, job: &str, subject: &Subject, answers: &[Vec<u8>]) -> Told {
        let server_answers: Vec<Vec<Step>> = answers.iter().cloned().map(write).collect();
        let mut told = None;
        for name in ["pooled", "tapped"] {
            let server = RawServer::start(server_answers.clone()).await;
            let transport = both(&settings("http", server.address))
                .into_iter()
                .find_map(|(n, transport)| (n == name).then_some(transport))
                .expect("a transport of that name");
            let done = self.drive(job, subject, transport.as_ref()).await;
            let host = server.address.to_string();
            let requests: Vec<String> = server
                .seen()
                .into_iter()
                .map(|seen| shown(&seen.text, &host))
                .collect();
            assert_eq!(
                requests.len(),
                answers.len(),
                "{name}: {done:#?}\n{requests:#?}"
            );
            let this = Told { requests, done };
            match &told {
                None => told = Some(this),
                Some(first) => assert_eq!(first, &this, "{name} differs"),
            }
        }
        told.expect("one of the transports")
    }

    async fn drive(&self, job: &str, subject: &Subject, transport: &dyn Transport) -> Done {
        let client = Client {
            agent: Agent::Okta,
            authorization: Some(HeaderText::Secret(Secret::new(format!("Bearer {TOKEN}")))),
            extra: Vec::new(),
        };
        let settings = drive::Settings {
            app: self.app,
            variants: self.variants,
            apps: &self.behaviour.apps,
            client: &client,
            import_groups: self.import_groups,
        };
        let job = self.behaviour.jobs.get(job).expect("a job of that name");
        drive::run(job, subject, &settings, &mut Wire(transport)).await
    }
}

/// What went over the wire, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// Every request as it came, lines ended by LF, the port taken out.
    pub(crate) requests: Vec<String>,
    pub(crate) done: Done,
}

impl Told {
    /// `GET /Users/7b1c`, for tests that are about which requests there are.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.requests
            .iter()
            .map(|text| {
                let line = text.lines().next().expect("a request line");
                line.strip_suffix(" HTTP/1.1").expect("HTTP/1.1")
            })
            .collect()
    }

    /// The bodies of the requests that have one.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.requests
            .iter()
            .filter_map(|text| text.split_once("\n\n"))
            .filter(|(_, body)| !body.is_empty())
            .map(|(_, body)| serde_json::from_str(body).expect("JSON"))
            .collect()
    }

    /// What the admin sees; empty when all went well, too.
    pub(crate) fn admin_sees(&self) -> &str {
        self.done
            .trouble
            .as_ref()
            .map_or("", |trouble| trouble.admin_sees.as_str())
    }
}

/// A request for reading: what a snapshot would hide, such as CRLF and the length, is asserted here.
fn shown(text: &str, host: &str) -> String {
    let (head, body) = text.split_once("\r\n\r\n").expect("a header section");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{head:?}");
    assert!(!body.contains(['\r', '\n']), "compact JSON: {body:?}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |value| value.parse().expect("a number"));
    assert_eq!(body.len(), length, "Content-Length counts bytes");
    assert!(head.contains(&format!("\r\nHost: {host}\r\n")), "{head:?}");
    format!("{}\n\n{body}", head.replace("\r\n", "\n")).replace(host, "{host}")
}

/// `200 OK` with this body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    json("200 OK", body)
}

/// `204 No Content`.
pub(crate) fn no_content() -> Vec<u8> {
    b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
}

/// A SCIM error (RFC 7644, 3.12).
pub(crate) fn error(status: &str, detail: &str) -> Vec<u8> {
    let (code, _) = status.split_once(' ').expect("a code and a phrase");
    let body = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": code,
        "detail": detail,
    });
    json(status, &body.to_string())
}

/// A ListResponse that claims `total`.
pub(crate) fn list(total: u64, resources: &[&str]) -> Vec<u8> {
    ok(&format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{total},"startIndex":1,"itemsPerPage":{},"Resources":[{}]}}"#,
        resources.len(),
        resources.join(",")
    ))
}

/// The answer of a look-up that finds nobody.
pub(crate) fn nobody() -> Vec<u8> {
    list(0, &[])
}

/// Łucja O’Neil, whose names need more than one byte a character.
pub(crate) fn person(link: Option<&str>) -> PersonCard {
    let mut profile = Profile::new();
    for (attribute, value) in [
        ("login", "ada.o'neil+x@example.com"),
        ("firstName", "Łucja"),
        ("lastName", "O’Neil 😀"),
        ("email", "ada.o'neil+x@example.com"),
        ("emailType", "work"),
        ("displayName", "Łucja O’Neil \"Lu\""),
        ("locale", "en-US"),
        ("title", "Engineer"),
        ("department", "R&D"),
        ("managerValue", "00u9"),
    ] {
        profile.insert(attribute.to_owned(), value.into());
    }
    PersonCard {
        key: "ada".to_owned(),
        okta_id: "00u4k2m9qZTn1RsWx5d7".to_owned(),
        login: "ada.o'neil+x@example.com".to_owned(),
        name: "Łucja O’Neil 😀".to_owned(),
        profile,
        password: Secret::new("9fKq2LwX"),
        link: link.map(str::to_owned),
    }
}

/// A group with these members, of whom those in `pushed` were sent before.
pub(crate) fn group(
    name: &str,
    link: Option<&str>,
    members: &[Member],
    pushed: &[&str],
) -> GroupCard {
    GroupCard {
        key: "crew".to_owned(),
        name: name.to_owned(),
        members: members.to_vec(),
        pushed: pushed.iter().map(|id| (*id).to_owned()).collect(),
        keep: std::collections::BTreeSet::new(),
        link: link.map(str::to_owned),
    }
}
