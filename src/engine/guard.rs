//! The ownership guard: every write passes here before it is sent, and every answer before it is used.
//!
//! What may be written to is decided in [`super::ownership`]. Here a request is understood (what would it write to?),
//! the proof is fetched where it is missing or older than the last write, and answers are turned into signs.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::guard;
use crate::exchange::{Exchange, Method, Request, percent_decode};
use crate::okta::drive::NotSent;
use crate::okta::reading::{self, Match};
use crate::okta::request::{Call, Intent, Resource};
use crate::verdict::Origin;

use super::book::Subject;
use super::ledger::Identity;
use super::ownership::{self, Denied, LastRead, Permit, Standing, Write};
use super::session::{Context, Place, Sent, Session, observer_call};
use super::target::Settling;

/// Header fields by which some servers take a request for one of another method.
const OVERRIDES: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// What a request would write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Nothing, or nothing that is there.
    Nothing,
    /// A new resource of that name; empty where it has none.
    New(Resource, String),
    /// The resource of that id.
    One(Resource, String),
    /// It cannot be told: `/Me`, `/Bulk`, a whole collection, a path with dots.
    Unclear,
}

/// What a call would write to, or for a GET, what it reads.
pub(super) fn aim(call: &Call) -> Aim {
    match &call.intent {
        Intent::Create { resource, name, .. } => Aim::New(*resource, name.clone()),
        Intent::Read { resource, id }
        | Intent::Update { resource, id, .. }
        | Intent::Delete { resource, id } => Aim::One(*resource, id.clone()),
        Intent::LookUp { .. } | Intent::List { .. } | Intent::Discover(_) => Aim::Nothing,
        Intent::Literal => aim_of(&call.request),
    }
}

fn aim_of(request: &Request) -> Aim {
    let is_read = matches!(request.method, Method::Get | Method::Head);
    let overridden =
        |(name, _): &(String, _)| OVERRIDES.iter().any(|o| name.eq_ignore_ascii_case(o));
    if request.headers.iter().any(overridden) {
        return Aim::Unclear;
    }
    let path = request.target.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(percent_decode)
        .collect();
    let kind = segments.first().and_then(|first| {
        [Resource::User, Resource::Group]
            .into_iter()
            .find(|resource| resource.endpoint().trim_start_matches('/') == first)
    });
    match (kind, segments.as_slice()) {
        (_, segments)
            if segments
                .iter()
                .any(|s| matches!(s.as_str(), "." | ".." | "")) =>
        {
            Aim::Unclear
        }
        (Some(_), [_]) if is_read => Aim::Nothing,
        (Some(resource), [_]) if request.method == Method::Post => {
            Aim::New(resource, name_sent(request, resource))
        }
        (_, [.., last]) if request.method == Method::Post && last == ".search" => Aim::Nothing,
        (Some(resource), [_, id]) => Aim::One(resource, id.clone()),
        // A server that knows this endpoint may do anything there.
        (None, [only]) if request.method == Method::Post && only != "Bulk" && only != "Me" => {
            Aim::Nothing
        }
        _ if is_read => Aim::Nothing,
        _ => Aim::Unclear,
    }
}

/// The name in the body of a create.
fn name_sent(request: &Request, resource: Resource) -> String {
    let body = request.body.as_deref();
    let body = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    body.as_ref()
        .and_then(|body| name_shown(body, resource))
        .unwrap_or_default()
        .to_owned()
}

/// The name that a representation shows; attribute names do not depend on letter case (RFC 7643, 2.1).
pub(super) fn name_shown(resource: &Value, kind: Resource) -> Option<&str> {
    let attributes = resource.as_object()?;
    let exact = attributes.get(kind.name_attribute());
    let other = || {
        let mut all = attributes.iter();
        all.find(|(key, _)| key.eq_ignore_ascii_case(kind.name_attribute()))
            .map(|(_, value)| value)
    };
    exact
        .or_else(other)?
        .as_str()
        .filter(|name| !name.is_empty())
}

impl Session {
    /// Lets a call pass that harms nobody, and notes in the ledger what it may make or remove.
    ///
    /// 1. A create is noted before it is sent: from then on something may be there.
    /// 2. A write to an id needs the proof that it is the run's own. A read with no write of the scenario after it is
    ///    proof; otherwise it is read now.
    /// 3. What cannot be understood is not sent.
    ///
    /// # Errors
    /// Why it does not go out.
    pub(super) async fn admit(
        &self,
        call: &Call,
        origin: Origin,
        place: &Place,
    ) -> Result<(), NotSent> {
        if !call.request.method.is_write() {
            return Ok(());
        }
        if self.run.is_stopped() && origin != Origin::Cleanup {
            return Err(NotSent::Stopped(self.run.why_stopped()));
        }
        match aim(call) {
            Aim::Nothing => Ok(()),
            Aim::Unclear => Err(NotSent::NotOurs),
            Aim::New(resource, name) => {
                self.note_name_sent(resource, &name);
                self.ledger.sending(resource, &name).map_err(|why| {
                    self.run.cannot_note(why);
                    NotSent::Stopped(self.run.why_stopped())
                })
            }
            Aim::One(resource, id) => {
                let permitted = self.prove(call, resource, &id, origin, place).await?;
                match permitted {
                    Ok(Permit { .. }) if call.request.method == Method::Delete => {
                        self.ledger.deleting(resource, &id);
                        Ok(())
                    }
                    Ok(Permit { .. }) => Ok(()),
                    Err(Denied::Foreign) => Err(NotSent::NotOurs),
                    Err(Denied::Unproven) => Err(NotSent::Unproven),
                }
            }
        }
    }

    async fn prove(
        &self,
        call: &Call,
        resource: Resource,
        id: &str,
        origin: Origin,
        place: &Place,
    ) -> Result<Result<Permit, Denied>, NotSent> {
        let write = match call.request.method {
            Method::Delete => Write::Delete,
            _ => Write::Change,
        };
        let decide = |last| {
            let standing = self.ledger.standing(resource, id);
            match ownership::permit(standing, write, last) {
                Err(Denied::Unproven) if origin == Origin::Probe => {
                    ownership::permit_probe(standing, last)
                }
                decided => decided,
            }
        };
        if let Some(last) = self.last_read(resource, id)
            && let Ok(permit) = decide(last)
        {
            return Ok(Ok(permit));
        }
        if self.ledger.knows_as_foreign(resource, id) {
            return Ok(Err(Denied::Foreign));
        }
        let (sent, last) = self.look(resource, id, origin, place).await?;
        let decided = decide(last);
        if decided == Err(Denied::Foreign) && origin != Origin::Cleanup {
            let seen = Seen::new(
                &guard::SOMEBODY_ELSE,
                "the resource that Okta is linked to",
                "a resource of another name",
            );
            let subjects = vec![Subject::Resource(resource, id.to_owned())];
            let context = Context {
                cause: Some(&call.request),
                ..Context::new(place, &sent, subjects, call.evidence)
            };
            let facet = format!("linked {}", resource.word());
            self.observe(seen.facet(facet), &context.losing_data());
        }
        Ok(decided)
    }

    /// Reads a resource until the answer says whose it is, or the wait is over.
    pub(super) async fn look(
        &self,
        resource: Resource,
        id: &str,
        origin: Origin,
        place: &Place,
    ) -> Result<(Sent, LastRead), NotSent> {
        // It is no part of what the scenario observes.
        let origin = match origin {
            Origin::Cleanup => Origin::Cleanup,
            _ => Origin::Setup,
        };
        // Nothing is known about the shape of what may not be there.
        let request = self.client.read(resource, id);
        let call = observer_call(request, Intent::Literal);
        let kind = format!("ownership {}", resource.word());
        let mut settling = Settling::new(self.run.settle_for(&kind));
        loop {
            let sent = self.dispatch(&call, origin, place).await?;
            let last = self.last_read(resource, id).unwrap_or(LastRead::Unclear);
            let standing = self.ledger.standing(resource, id);
            let is_decided = match last {
                LastRead::Ours => true,
                // What was just made may not be visible yet.
                LastRead::NotThere => standing != Standing::Named,
                LastRead::Unclear => standing == Standing::Foreign,
            };
            if is_decided {
                return Ok((sent, last));
            }
            if !settling.again().await {
                self.run.never_settled(&kind);
                return Ok((sent, last));
            }
        }
    }

    /// Takes from an answer what it tells of ids: whose they are, what is gone, which names are not there.
    pub(super) fn note_answer(&self, call: &Call, exchange: &Exchange) {
        if call.request.method.is_write() {
            let aim = aim(call);
            self.forget_last_reads(match &aim {
                Aim::One(resource, id) => Some((*resource, id.clone())),
                _ => None,
            });
            if let Aim::New(resource, name) = aim
                && let Some(status @ 400..500) = exchange.status()
            {
                self.ledger.refused(resource, &name);
                if status == 409 {
                    self.ledger.taken(resource, &name);
                }
            }
            return;
        }
        if call.request.method != Method::Get {
            return;
        }
        match aim(call) {
            Aim::One(resource, id) => self.note_read(resource, &id, exchange),
            _ => self.note_listed(call, exchange),
        }
    }

    fn note_read(&self, resource: Resource, id: &str, exchange: &Exchange) {
        let response = exchange.response();
        let shown = response.filter(|r| r.is_success()).and_then(|r| r.json());
        let last = match shown {
            Some(json) => {
                let identity = self.identify(resource, id, json);
                self.ledger.shown(resource, id, identity);
                // What stays behind is told by the name under which people find it now.
                if let Some(name) = name_shown(json, resource)
                    && identity == Identity::Ours
                    && self.ledger.is_marked(name)
                {
                    self.ledger.renamed(resource, id, name);
                }
                match identity {
                    Identity::Ours if !self.ledger.knows_as_foreign(resource, id) => LastRead::Ours,
                    _ => LastRead::Unclear,
                }
            }
            None if matches!(exchange.status(), Some(404 | 410)) => {
                self.ledger.not_there(resource, id);
                LastRead::NotThere
            }
            None => LastRead::Unclear,
        };
        self.note_last_read(resource, id, last);
    }

    /// Whose the resource is that a read by `id` shows. One that gives itself another id proves nothing.
    fn identify(&self, resource: Resource, id: &str, shown: &Value) -> Identity {
        if reading::id_of(shown).is_some_and(|other| other != id) {
            return Identity::Nameless;
        }
        let name = name_shown(shown, resource);
        match self.ledger.identify(resource, id, name) {
            // Its e-mail or external id is the run's own as well.
            Identity::Nameless if self.is_marked(shown) => Identity::Ours,
            identity => identity,
        }
    }

    fn is_marked(&self, shown: &Value) -> bool {
        let external = shown.get("externalId").into_iter();
        let emails = shown.get("emails").and_then(Value::as_array);
        let emails = emails.into_iter().flatten().filter_map(|e| e.get("value"));
        external
            .chain(emails)
            .filter_map(Value::as_str)
            .any(|text| self.ledger.is_marked(text))
    }

    /// Ids in a list under other names belong to others. A name of the run is the run's, also while nobody knows its
    /// id: the answer to its create may have been lost.
    fn note_listed(&self, call: &Call, exchange: &Exchange) {
        let resource = match &call.intent {
            Intent::LookUp { resource, .. } | Intent::List { resource, .. } => *resource,
            _ => return,
        };
        let Some(response) = exchange.response() else {
            return;
        };
        if let Intent::LookUp { resource, name } = &call.intent
            && (response.is_success() || response.status == 404)
            && reading::look_up(response) == Match::None
        {
            self.ledger.not_found(*resource, name);
        }
        let listed = response.json().and_then(|json| json.get("Resources"));
        for one in listed.and_then(Value::as_array).into_iter().flatten() {
            let (Some(id), Some(name)) = (reading::id_of(one), name_shown(one, resource)) else {
                continue;
            };
            if !self.ledger.is_marked(name) && !self.has_run_id(name) {
                self.ledger.saw(resource, &id);
            }
        }
    }

    /// Whether a name holds the run's id: it may be of a scenario that has not read its own answer yet.
    fn has_run_id(&self, name: &str) -> bool {
        name.to_ascii_lowercase().contains(&self.run.run_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::HeaderText;

    fn literal(method: Method, target: &str, body: Option<&str>) -> Call {
        let request = Request {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: body.map(|body| body.to_owned().into()),
        };
        observer_call(request, Intent::Literal)
    }

    #[test]
    fn what_a_request_would_write_to() {
        let one = |id: &str| Aim::One(Resource::User, id.to_owned());
        let table = [
            (Method::Put, "/Users/7", one("7")),
            (Method::Patch, "/Users/7/", one("7")),
            (Method::Patch, "/Users/7?attributes=id", one("7")),
            (Method::Delete, "/Users/a%2Fb", one("a/b")),
            (Method::Get, "/Users/7", one("7")),
            (Method::Post, "/Users/7", one("7")),
            (
                Method::Delete,
                "/Groups/7",
                Aim::One(Resource::Group, "7".into()),
            ),
            (
                Method::Post,
                "/Users",
                Aim::New(Resource::User, String::new()),
            ),
            (Method::Post, "/Users/.search", Aim::Nothing),
            (Method::Post, "/.search", Aim::Nothing),
            (Method::Post, "/Nothings", Aim::Nothing),
            (Method::Get, "/Users", Aim::Nothing),
            (Method::Get, "/Schemas", Aim::Nothing),
            // Whose these are cannot be told.
            (Method::Delete, "/Users", Aim::Unclear),
            (Method::Delete, "/Users/", Aim::Unclear),
            (Method::Delete, "/Users/..", Aim::Unclear),
            (Method::Delete, "/Users/%2e%2E/Users/7", Aim::Unclear),
            (Method::Put, "/Users//7", Aim::Unclear),
            (Method::Delete, "/Users/7/extra", Aim::Unclear),
            (Method::Patch, "/Me", Aim::Unclear),
            (Method::Post, "/Bulk", Aim::Unclear),
            (Method::Delete, "/Roles/7", Aim::Unclear),
        ];
        for (method, target, wanted) in table {
            assert_eq!(
                aim(&literal(method, target, None)),
                wanted,
                "{method} {target}"
            );
        }
        let body = json!({"username": "ada"}).to_string();
        let create = literal(Method::Post, "/Users", Some(&body));
        assert_eq!(aim(&create), Aim::New(Resource::User, "ada".into()));
        let mut overridden = create;
        overridden.request.headers.push((
            "X-HTTP-Method-Override".into(),
            HeaderText::Plain("DELETE".into()),
        ));
        assert_eq!(aim(&overridden), Aim::Unclear);
    }
}
