//! The literal requests of probes.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::check;
use crate::check::Seen;
use crate::check::catalogue::{certification, connection, create, error, guard, lookup, sequence};
use crate::exchange::{HeaderText, Method, Request};
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Intent, Resource};
use crate::scenario::placeholder::{Template, Value as Placeholder};
use crate::scenario::{Expect, LiteralRequest, Shows, TokenForm, Wanted};
use crate::secret::Secret;
use crate::verdict::{CheckMeta, Origin};

use super::super::book::Subject;
use super::super::guard::{self as ownership_guard, Aim};
use super::super::judge::{refusal_of, status_word};
use super::super::session::{Context, Place, Sent, Session, observer_call};
use super::shape::shape;
use super::untouched::Untouched;
use super::{BrokenOff, Running, broken_off, wanted};

/// An id that no server has issued, for probes of unknown resources.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A literal request on its way.
pub(super) struct Prepared<'r> {
    request: &'r LiteralRequest,
    /// What it would mean if Okta sent it.
    shape: Intent,
    call: Call,
    /// The tenant that it goes to.
    session: Arc<Session>,
    /// What must stand in the body, filled in before an answer changes what placeholders stand for.
    wanted: Vec<(String, Wanted)>,
    before: Vec<Untouched>,
}

impl Prepared<'_> {
    /// What it would write to.
    pub(super) fn aim(&self) -> Aim {
        ownership_guard::aim(&self.call)
    }
}

impl Running<'_> {
    /// Sends a literal request and compares its answer with what is expected.
    pub(super) async fn literal(
        &mut self,
        request: &LiteralRequest,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        if let (Err(missing), false) = (self.is_complete(request), self.troubled) {
            // What it builds on did not come, which is seen there. The requests after it can do without it.
            self.left_out.get_or_insert(missing);
            return Ok(());
        }
        let prepared = self.prepare(request)?;
        let sent = self.send_prepared(&prepared, place).await?;
        self.judge_prepared(&prepared, &sent, place).await
    }

    /// Makes a literal request ready to be sent.
    pub(super) fn prepare<'r>(
        &self,
        request: &'r LiteralRequest,
    ) -> Result<Prepared<'r>, BrokenOff> {
        if self.troubled {
            return Err(BrokenOff(
                "what this probe needs could not be made".to_owned(),
            ));
        }
        let session = self.session_of(request)?;
        let target = self.fill(&request.path)?;
        let body = request.body.as_ref().map(|b| self.fill(b)).transpose()?;
        let mut to_send = session.client.request(
            request.method,
            target.clone(),
            body.clone().map(|b| Bytes::from(b.trim_end().to_owned())),
        );
        for (name, value) in &request.headers {
            let value = HeaderText::Plain(self.fill(value)?);
            to_send
                .headers
                .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            // The media types stay in their place, before the user agent.
            let at = to_send
                .headers
                .iter()
                .position(|(n, _)| n == "User-Agent")
                .unwrap_or(0);
            to_send.headers.insert(at, (name.clone(), value));
        }
        apply_token(&mut to_send.headers, request.token);
        if request.method == Method::Head {
            // Some servers answer HEAD with a body, which would be taken for the answer to the next request.
            let close = HeaderText::Plain("close".to_owned());
            to_send.headers.push(("Connection".to_owned(), close));
        }
        let shape = shape(request.method, &target, body.as_deref());
        // A probe says itself what must come back; only lists and creates have a shape of their own.
        let intent = match &shape {
            Intent::LookUp { .. } | Intent::Create { .. } => shape.clone(),
            Intent::List {
                start_index, count, ..
            } if request.method == Method::Get && *start_index > 0 && *count > 0 => shape.clone(),
            _ => Intent::Literal,
        };
        let call = Call {
            evidence: request.evidence,
            ..observer_call(to_send, intent)
        };
        self.guard_literal(&call)?;
        Ok(Prepared {
            request,
            shape,
            call,
            session,
            wanted: self.wanted(&request.expect)?,
            before: self.states_of(&request.expect),
        })
    }

    pub(super) async fn send_prepared(
        &self,
        prepared: &Prepared<'_>,
        place: &Place,
    ) -> Result<Sent, BrokenOff> {
        let sent = prepared
            .session
            .perform(&prepared.call, Origin::Probe, place);
        sent.await.map_err(broken_off)
    }

    /// Compares the answer with what is expected, and takes what was made for the run's own.
    pub(super) async fn judge_prepared(
        &mut self,
        prepared: &Prepared<'_>,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let answer = sent.exchange.response();
        self.last = answer.and_then(|answer| answer.json()).cloned();
        self.claim_literal(prepared, sent, place)?;
        let request = prepared.request;
        if self.judge_literal(prepared, sent, place) {
            self.must_be_untouched(request, &prepared.before, sent, place)
                .await
                .map_err(broken_off)?;
            self.judge_success(request, sent, place).await?;
        }
        self.learn_changed(prepared, sent, place).await
    }

    /// A literal request may have changed an account in ways that its author did not say, and what Okta sends next must
    /// not be blamed for them.
    async fn learn_changed(
        &self,
        prepared: &Prepared<'_>,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let Intent::Update {
            resource: Resource::User,
            id,
            ..
        } = &prepared.shape
        else {
            return Ok(());
        };
        let is_success = sent.exchange.response().is_some_and(|r| r.is_success());
        let expect = &prepared.request.expect;
        let keys = expect
            .shows
            .iter()
            .map(|(Shows::Values { key, .. } | Shows::Members { key, .. })| key);
        let is_read = keys
            .chain(&expect.unchanged)
            .any(|key| self.last_id(key).as_ref() == Some(id));
        if !is_success || is_read || prepared.request.to_other {
            return Ok(());
        }
        let evidence = prepared.request.evidence;
        let learned = self.learn_as(Resource::User, id, place, evidence).await;
        learned.map(drop)
    }

    /// Whether everything is there that the placeholders of a request stand for.
    fn is_complete(&self, request: &LiteralRequest) -> Result<(), BrokenOff> {
        let texts = [Some(&request.path), request.body.as_ref()];
        for text in texts.into_iter().flatten().chain(request.headers.values()) {
            self.fill(text)?;
        }
        self.wanted(&request.expect).map(|_| ())
    }

    /// What must stand in the body, with what the placeholders stand for.
    fn wanted(&self, expect: &Expect) -> Result<Vec<(String, Wanted)>, BrokenOff> {
        let fill = |value: &Value| match value {
            Value::String(text) => self.fill(text).map(Value::String),
            other => Ok(other.clone()),
        };
        let filled = expect.body.iter().map(|(pointer, wanted)| {
            let wanted = match wanted {
                Wanted::Equal(value) => Wanted::Equal(fill(value)?),
                Wanted::Among(values) => {
                    Wanted::Among(values.iter().map(fill).collect::<Result<_, _>>()?)
                }
                Wanted::OneOf(_) | Wanted::Type(_) | Wanted::Present(_) => wanted.clone(),
            };
            Ok((pointer.clone(), wanted))
        });
        filled.collect()
    }

    /// The tenant that a request goes to.
    fn session_of(&self, request: &LiteralRequest) -> Result<Arc<Session>, BrokenOff> {
        if !request.to_other {
            return Ok(Arc::clone(&self.stage.session));
        }
        let other = self.stage.other.as_ref().map(Arc::clone);
        other.ok_or_else(|| BrokenOff("there is no second tenant".to_owned()))
    }

    /// A probe, too, changes only what the run has made; whether it is still so, is proven when it is sent.
    fn guard_literal(&self, call: &Call) -> Result<(), BrokenOff> {
        let Request { method, target, .. } = &call.request;
        let is_harmless = match ownership_guard::aim(call) {
            _ if !method.is_write() => true,
            Aim::Nothing | Aim::New(..) => true,
            Aim::Unclear => false,
            Aim::One(_, id) => id == NOBODY || self.ids.values().flatten().any(|own| *own == id),
        };
        if is_harmless {
            return Ok(());
        }
        Err(BrokenOff(format!(
            "{method} {target} would change something that this run did not make"
        )))
    }

    /// Notes what a probe has created, unless it was handed somebody else's.
    fn claim_literal(
        &mut self,
        prepared: &Prepared<'_>,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let Prepared {
            request,
            shape,
            session,
            ..
        } = prepared;
        let Intent::Create { resource, name, .. } = shape else {
            return Ok(());
        };
        let (resource, name) = (*resource, name.as_str());
        let Some(response) = sent.exchange.response().filter(|r| r.is_success()) else {
            return Ok(());
        };
        let Some(id) = response.json().and_then(reading::id_of) else {
            let context = Context {
                in_any_row: true,
                ..Context::new(
                    place,
                    sent,
                    vec![Subject::name(resource, name)],
                    Evidence::Documented,
                )
            };
            let got = format!("{} without an id", status_word(&sent.exchange));
            let seen = Seen::new(&create::RETURNS, "the new resource", got);
            if !sent.broken {
                session.observe(seen.facet(resource.word()), &context);
            }
            return Ok(());
        };
        // A server that takes the id from the client is what such a probe is about.
        let body = sent.exchange.request.body.as_ref();
        let chosen = body
            .and_then(|body| serde_json::from_slice::<Value>(body).ok())
            .and_then(|body| reading::id_of(&body));
        if chosen.is_some_and(|chosen| chosen == id) {
            return Ok(());
        }
        if name.is_empty() {
            // A read may still show whose it is.
            session.ledger.named(resource, &id, name);
            return Ok(());
        }
        if let Some(got) = session.whose(resource, &id, name, sent) {
            let context = Context {
                loses_data: true,
                ..Context::new(
                    place,
                    sent,
                    vec![Subject::name(resource, name)],
                    Evidence::Documented,
                )
            };
            let seen = Seen::new(
                &guard::SOMEBODY_ELSE,
                "a new resource with the name that was sent",
                got,
            );
            session.observe(
                seen.facet(format!("create {}", resource.word())).at("/id"),
                &context,
            );
            return Err(broken_off(NotSent::NotOurs));
        }
        if !session.ledger.knows(resource, &id) {
            session.ledger.named(resource, &id, name);
            session.with_book(|b| b.open(resource, &id, name));
        }
        if let Some(key) = &request.expect.creates {
            self.ids.entry(key.clone()).or_default().push(id.clone());
            if let Some(person) = self.org.people.get_mut(key) {
                person.link = Some(id);
            } else if let Some(group) = self.org.groups.get_mut(key) {
                group.link = Some(id);
            }
        }
        Ok(())
    }

    /// Whether to look on: the answer is as expected, or a refusal of another kind. What is not expected is observed.
    fn judge_literal(&self, prepared: &Prepared<'_>, sent: &Sent, place: &Place) -> bool {
        let request = prepared.request;
        let expect = &request.expect;
        let Some(meta) = check::find(&expect.check) else {
            return true;
        };
        let facet = self.facet_of(expect, place);
        let Some(seen) = unexpected(prepared, sent, (meta, facet)) else {
            return sent.exchange.response().is_some();
        };
        // Somebody else's id may stand in the path.
        let shown = request.path.contains("{last:").then(|| Request {
            target: request.path.clone(),
            ..sent.exchange.request.clone()
        });
        let subjects = match &prepared.shape {
            Intent::Update { resource, id, .. } | Intent::Delete { resource, id } => {
                prepared.session.with_book(|b| b.subjects(*resource, id))
            }
            _ => Vec::new(),
        };
        let context = Context {
            in_any_row: true,
            cause: shown.as_ref(),
            ..Context::new(place, sent, subjects, request.evidence)
        };
        prepared.session.observe(seen, &context);
        sent.exchange.status().is_some_and(|status| status >= 400)
    }

    /// What a mismatch is about.
    pub(super) fn facet_of(&self, expect: &Expect, place: &Place) -> String {
        let default = self.stage.scenario.id.0.rsplit('/').next();
        let own = expect.facet.clone().or_else(|| place.facet.clone());
        own.unwrap_or_else(|| default.unwrap_or_default().to_owned())
    }

    /// A text of a step, where all placeholders make sense.
    pub(super) fn fill(&self, text: &str) -> Result<String, BrokenOff> {
        let template = Template::parse(text).map_err(|e| BrokenOff(e.to_string()))?;
        template.fill(|value| match value {
            Placeholder::Run => Ok(self.stage.naming.run.to_owned()),
            Placeholder::Id(key) => self
                .last_id(key)
                .ok_or_else(|| BrokenOff(format!("{key} has no id at the target"))),
            Placeholder::Login(key) => self
                .org
                .people
                .get(key)
                .map(|p| p.login.clone())
                .ok_or_else(|| BrokenOff(format!("nobody is called {key}"))),
            Placeholder::Name(key) => self
                .org
                .groups
                .get(key)
                .map(|g| g.name.clone())
                .ok_or_else(|| BrokenOff(format!("no group is called {key}"))),
            Placeholder::Last(pointer) => {
                let last = self.last.as_ref().and_then(|last| last.pointer(pointer));
                match last {
                    Some(Value::String(text)) => Ok(text.clone()),
                    Some(other) => Ok(other.to_string()),
                    None => Err(BrokenOff(format!("the answer before has no {pointer}"))),
                }
            }
            Placeholder::Seen(key, pointer) => {
                let id = self.last_id(key).unwrap_or_default();
                let resource = if self.org.people.contains_key(key) {
                    Resource::User
                } else {
                    Resource::Group
                };
                let seen = self.stage.session.with_book(|b| {
                    b.get(resource, &id)
                        .and_then(|a| a.state.as_ref())
                        .and_then(|s| s.pointer(pointer))
                        .map(|v| match v {
                            Value::String(text) => text.clone(),
                            other => other.to_string(),
                        })
                });
                seen.ok_or_else(|| {
                    BrokenOff(format!("the target's answer about {key} has no {pointer}"))
                })
            }
        })
    }
}

/// What is not as the request expects it: the status, the total, something in the body, the time.
fn unexpected(
    prepared: &Prepared<'_>,
    sent: &Sent,
    (meta, facet): (&'static CheckMeta, String),
) -> Option<Seen> {
    let Prepared { request, shape, .. } = prepared;
    let expect = &request.expect;
    // Okta's suite fails whatever the cause is, and that is said beside the cause.
    let is_suite = meta.id == certification::SUITE.id;
    let Some(status) = sent.exchange.status() else {
        let seen = Seen::new(meta, "an answer", "none").facet(facet);
        return is_suite.then_some(seen);
    };
    if !expect.status.is_empty() && !expect.status.iter().any(|s| s.matches(status)) {
        let words: Vec<String> = expect.status.iter().map(ToString::to_string).collect();
        // Who fails over a name that somebody has does not give it away.
        let (meta, facet) = if meta.id == sequence::NAME_TAKEN.id && status >= 500 {
            (&error::CLIENT_MISTAKE, "taken-login".to_owned())
        } else {
            (meta, facet)
        };
        let seen = Seen::new(meta, words.join(" or "), status_word(&sent.exchange)).facet(facet);
        return Some(match general(request, shape, status) {
            Some((check, facet)) if !is_suite => seen.or(check, facet),
            _ => seen,
        });
    }
    let page = sent.exchange.response().map(reading::page);
    // What cannot be read was seen as such, and a refusal that is allowed has no total.
    let can_count = !sent.broken && status < 400;
    if let (Some(wanted), Some(page), true) = (expect.total, page, can_count) {
        match page.map(|p| p.total) {
            Ok(total) if total == wanted => {}
            Ok(total) => return Some(wrong_total(meta, facet, shape, wanted, total)),
            Err(_) => {
                let wanted = format!("totalResults {wanted}");
                return Some(Seen::new(meta, wanted, "no readable list").facet(facet));
            }
        }
    }
    // A body that cannot be read was seen as such.
    let unmet = wanted::body(&prepared.wanted, &sent.exchange)
        .filter(|_| is_suite || !sent.broken)
        .or_else(|| wanted::time(expect.within, &sent.exchange))?;
    let seen = Seen::new(meta, unmet.wanted, unmet.got).facet(facet);
    Some(seen.at(unmet.pointer))
}

/// What a refusal is when Okta's own requests of that kind are refused alike: then the probe's peculiarity has
/// nothing to do with it. Requests with another token are refused on purpose.
fn general(
    request: &LiteralRequest,
    shape: &Intent,
    status: u16,
) -> Option<(&'static CheckMeta, String)> {
    let right = matches!(
        request.token,
        TokenForm::Right | TokenForm::LowerCase | TokenForm::TwoBlanks
    );
    if !right || *shape == Intent::Literal {
        return None;
    }
    match status {
        300..400 => Some((&connection::REDIRECTS, request.method.to_string())),
        400.. => Some(refusal_of(request.method, shape, None, status)),
        _ => None,
    }
}

/// Too few, or too many: who is never found, or always, is so for any name.
fn wrong_total(
    meta: &'static CheckMeta,
    facet: String,
    shape: &Intent,
    wanted: u64,
    total: u64,
) -> Seen {
    let seen = Seen::new(
        meta,
        format!("totalResults {wanted}"),
        format!("totalResults {total}"),
    );
    let Intent::LookUp { resource, .. } = shape else {
        return seen.facet(facet);
    };
    let finds = match resource {
        Resource::User => &lookup::FINDS_USER,
        Resource::Group => &lookup::FINDS_GROUP,
    };
    if total < wanted {
        return seen.facet(facet).or(finds, "after-create");
    }
    if *meta != lookup::NOBODY {
        return seen.facet(facet).or(&lookup::ONLY_EXACT, resource.word());
    }
    // Somebody is found where there is nobody.
    let facet = if facet == resource.word() {
        facet
    } else {
        format!("{}/{facet}", resource.word())
    };
    Seen {
        check: &lookup::ONLY_EXACT,
        ..seen
    }
    .facet(facet)
    .or(&lookup::ONLY_EXACT, resource.word())
}

fn apply_token(headers: &mut Vec<(String, HeaderText)>, form: TokenForm) {
    let mut respell = |spell: fn(&str) -> String| {
        for (_, value) in headers.iter_mut().filter(|(n, _)| n == "Authorization") {
            *value = HeaderText::Secret(Secret::new(spell(value.expose())));
        }
    };
    let value = match form {
        TokenForm::Right => return,
        TokenForm::None => {
            headers.retain(|(name, _)| name != "Authorization");
            return;
        }
        TokenForm::Wrong => "Bearer wrong-token-of-scim-conform",
        TokenForm::Empty => "Bearer ",
        TokenForm::Malformed => "scim-conform",
        TokenForm::Bare => {
            return respell(|sent| sent.rsplit(' ').next().unwrap_or_default().to_owned());
        }
        TokenForm::LowerCase => {
            return respell(|sent| match sent.split_once(' ') {
                Some((scheme, token)) => format!("{} {token}", scheme.to_lowercase()),
                None => sent.to_owned(),
            });
        }
        TokenForm::TwoBlanks => return respell(|sent| sent.replacen(' ', "  ", 1)),
    };
    let value = HeaderText::Plain(value.to_owned());
    match headers.iter_mut().find(|(name, _)| name == "Authorization") {
        Some((_, old)) => *old = value,
        None => headers.push(("Authorization".to_owned(), value)),
    }
}
