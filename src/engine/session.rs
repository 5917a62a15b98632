//! One scenario under one app: sends calls, guards other people's accounts, records, and collects observations.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::{connection, sequence};
use crate::check::frame::NO_MEMBERS;
use crate::check::wire::{self, Purpose};
use crate::exchange::{Body, Exchange, InCommon, Kept, Leave, Method, Request, Transport};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Client, Intent, Resource};
use crate::okta::{App, Evidence, Variants, retry};
use crate::secret::Secret;
use crate::verdict::{At, CheckMeta, Observation, Origin, Recorded};

use super::book::{self, Book, Subject};
use super::bounds::{self, Repeats};
use super::listed;
use super::masking;
use super::passwords::Passwords;
use super::target::Run;

/// A scenario under one app, shared by its lines.
pub struct Session {
    /// The run.
    pub run: Arc<Run>,
    /// The way to the target.
    pub transport: Arc<dyn Transport>,
    /// Makes requests.
    pub client: Client,
    /// Scenario id.
    pub scenario: String,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// Credentials that must not come back.
    pub credentials: Vec<Secret>,
    /// What differs from the default, where nobody knows how Okta behaves.
    pub variants: Variants,
    /// What the ids of its exchanges begin with.
    prefix: char,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recorded: Vec<Recorded>,
    in_common: InCommon,
    observations: Vec<Observation>,
    repeats: Repeats,
    book: Book,
    password_after: &'static str,
}

/// Where in a scenario something happens.
#[derive(Clone, Debug)]
pub struct Place {
    /// The step, as `3 push-profile ada`.
    pub step: String,
    /// The case row.
    pub case: Option<String>,
    /// What findings of this row are about.
    pub facet: Option<String>,
    /// A refusal is a limitation.
    pub may_refuse: bool,
}

/// An exchange that has been sent and recorded.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The exchange as it was.
    pub exchange: Exchange,
    /// Its id in the record.
    pub id: String,
    /// Whether looking at it alone showed an error.
    pub broken: bool,
}

/// What an observation needs beside what was seen.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Where.
    pub place: &'a Place,
    /// The exchange that shows it.
    pub sent: &'a Sent,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// How we know that Okta sends what caused it.
    pub evidence: Evidence,
    /// What Okta sent, when that is not the exchange that shows it.
    pub cause: Option<&'a Request>,
    /// What the Okta admin sees.
    pub admin_sees: Option<String>,
    /// An honest refusal where the scenario allows one.
    pub refusal: bool,
    /// Data is lost or mixed up.
    pub loses_data: bool,
    /// It shows in an answer whatever the row of a table is about.
    pub in_any_row: bool,
}

impl<'a> Context<'a> {
    /// A context without anything special.
    #[must_use]
    pub fn new(
        place: &'a Place,
        sent: &'a Sent,
        subjects: Vec<Subject>,
        evidence: Evidence,
    ) -> Self {
        Self {
            place,
            sent,
            subjects,
            evidence,
            cause: None,
            admin_sees: None,
            refusal: false,
            loses_data: false,
            in_any_row: false,
        }
    }

    /// The same, of something that is lost or mixed up, whatever is known about the request.
    #[must_use]
    pub fn losing_data(self) -> Self {
        Self {
            loses_data: true,
            ..self
        }
    }
}

impl Session {
    /// A session without history.
    #[must_use]
    pub fn new(
        run: Arc<Run>,
        transport: Arc<dyn Transport>,
        client: Client,
        scenario: String,
        app: Option<App>,
        credentials: Vec<Secret>,
    ) -> Self {
        let state = Mutex::new(State {
            in_common: InCommon::within(Arc::clone(run.keep())),
            password_after: "create",
            ..State::default()
        });
        Self {
            run,
            transport,
            client,
            scenario,
            app,
            credentials,
            variants: Variants::NONE,
            prefix: 'E',
            state,
        }
    }

    /// The same under variants of Okta's behaviour.
    #[must_use]
    pub fn under(self, variants: Variants) -> Self {
        Self { variants, ..self }
    }

    /// The session with the second tenant of the same scenario, whose exchanges are `B1`, `B2`, …
    #[must_use]
    pub fn with_second_tenant(self) -> Self {
        Self {
            prefix: 'B',
            ..self
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the books.
    pub fn with_book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.state().book)
    }

    /// A password that will be sent: it is masked in the record from now on.
    pub fn hide(&self, password: &Secret, sent_by: &'static str) {
        let mut state = self.state();
        self.run.hide(password);
        state.password_after = sent_by;
    }

    /// Everything that was sent so far, with the step that sent it; what was large of it unread.
    #[must_use]
    pub fn recorded(&self) -> Vec<(String, Sent)> {
        let state = self.state();
        let recorded = state.recorded.iter().map(|one| {
            let sent = Sent {
                exchange: one.exchange.open_if_small(),
                id: one.id.clone(),
                broken: false,
            };
            (one.step.clone(), sent)
        });
        recorded.collect()
    }

    /// Takes everything out at the end.
    pub fn finish(&self) -> (Vec<Recorded>, Vec<Observation>) {
        let mut state = self.state();
        let mut recorded = std::mem::take(&mut state.recorded);
        // It stays until the end of the run.
        recorded.shrink_to_fit();
        (recorded, std::mem::take(&mut state.observations))
    }

    /// Sends a call, waits for throttling to end, looks at the exchange alone, and records it.
    ///
    /// # Errors
    /// When the run is being stopped, or the target asks for more patience than the run has.
    pub async fn perform(
        &self,
        call: &Call,
        origin: Origin,
        place: &Place,
    ) -> Result<Sent, NotSent> {
        let mut throttled = 0;
        let mut waited = std::time::Duration::ZERO;
        loop {
            if self.run.is_stopped() && origin != Origin::Cleanup {
                return Err(NotSent::Stopped(self.run.why_stopped()));
            }
            self.run.turn().await;
            self.run.count();
            let exchange = self.transport.send(call.request.clone()).await;
            if origin != Origin::Cleanup {
                self.run.note_reached(&exchange);
            }
            let sent = self.record(call, exchange, origin, place);
            let Some(response) = sent.exchange.response().filter(|r| r.status == 429) else {
                self.note_ids(&call.intent, &sent.exchange);
                return Ok(sent);
            };
            throttled += 1;
            let header = response.header("retry-after").map(str::to_owned);
            let seen = Seen::new(
                &connection::THROTTLED,
                "whole seconds in Retry-After, if it must be",
                header
                    .as_ref()
                    .map_or("429 without Retry-After".to_owned(), |h| {
                        format!("429, Retry-After: {h}")
                    }),
            );
            let facet = match header.as_deref().map(|h| h.trim().parse::<u64>()) {
                Some(Ok(_)) => "",
                Some(Err(_)) => "retry-after-not-in-seconds",
                None => "no-retry-after",
            };
            self.observe(
                seen.facet(facet),
                &Context::new(place, &sent, Vec::new(), Evidence::Documented),
            );
            let wait = retry::wait(throttled, header.as_deref());
            match wait.filter(|w| waited + *w <= self.run.patience) {
                Some(wait) => {
                    waited += wait;
                    self.run.pause(wait).await;
                }
                None => {
                    let asked =
                        wait.map_or("for ever".to_owned(), |w| format!("{} s", w.as_secs()));
                    return Err(NotSent::Throttled(format!(
                        "the target answers 429; Okta would now wait {asked}"
                    )));
                }
            }
        }
    }

    /// Sends one of Okta's calls, whose answer is not read, and records it.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn perform_unread(
        &self,
        call: &Call,
        leave: Leave,
        place: &Place,
    ) -> Result<Sent, NotSent> {
        if self.run.is_stopped() {
            return Err(NotSent::Stopped(self.run.why_stopped()));
        }
        self.run.turn().await;
        self.run.count();
        let request = call.request.clone();
        let exchange = self.transport.send_and_leave(request, leave).await;
        self.run.note_reached(&exchange);
        Ok(self.record(call, exchange, Origin::Okta, place))
    }

    fn record(&self, call: &Call, mut exchange: Exchange, origin: Origin, place: &Place) -> Sent {
        let people = self.with_book(|book| book.existing(Resource::User).count());
        bounds::unread_if_too_large(&mut exchange, &call.intent, people);
        let credentials: Vec<String> = self
            .credentials
            .iter()
            .map(|c| c.expose().to_owned())
            .collect();
        let mut seen = wire::look(
            &exchange,
            &Purpose {
                intent: &call.intent,
                credentials: &credentials,
                password_after: self.state().password_after,
                probe: origin == Origin::Probe,
                authority: self.run.authority.as_deref(),
            },
        );
        seen.retain(|s| !self.is_anothers(&call.intent, &exchange, &s.pointer));
        let broken = seen
            .iter()
            .any(|s| s.check.level == crate::verdict::Level::Error);
        let mut masked = exchange.clone();
        self.mask(&mut masked);
        let id = {
            let mut state = self.state();
            let id = format!("{}{}", self.prefix, state.recorded.len() + 1);
            let exchange = Kept::sharing(masked, &mut state.in_common);
            state.recorded.push(Recorded {
                id: id.clone(),
                step: place.step.clone(),
                origin,
                job: call.job.clone(),
                slot: call.slot.clone(),
                evidence: (origin == Origin::Okta).then_some(call.evidence),
                case: place.case.clone(),
                exchange,
            });
            id
        };
        let sent = Sent {
            exchange,
            id,
            broken,
        };
        let subjects = subjects_of(&call.intent);
        for seen in seen {
            let context = Context {
                in_any_row: true,
                // What has leaked is out, however the request came about.
                loses_data: seen.check.id.starts_with("secret/"),
                ..Context::new(place, &sent, subjects.clone(), call.evidence)
            };
            self.observe(seen, &context);
        }
        sent
    }

    /// Whether a place in a list is about what another scenario made: a probe may just have spoiled it, and that
    /// scenario says so itself.
    fn is_anothers(&self, intent: &Intent, exchange: &Exchange, pointer: &str) -> bool {
        let Intent::List { resource, .. } = intent else {
            return false;
        };
        let Some(one) = exchange
            .response()
            .and_then(|r| r.json())
            .and_then(|list| listed::resource_at(list, pointer))
        else {
            return false;
        };
        let id = reading::id_of(one).unwrap_or_default();
        let by_run =
            listed::is_named_by_run(one, &self.run.run_id) || self.run.ledger.owns(*resource, &id);
        by_run && self.with_book(|book| book.get(*resource, &id).is_none())
    }

    /// Ids in answers that are not ours belong to somebody else from now on. A name with the run's own id in it is
    /// ours, even while nobody knows the id: the answer to its create may have been lost.
    fn note_ids(&self, intent: &Intent, exchange: &Exchange) {
        let resource = match intent {
            Intent::LookUp { resource, .. }
            | Intent::List { resource, .. }
            | Intent::Read { resource, .. } => *resource,
            _ => return,
        };
        let Some(json) = exchange.response().and_then(|r| r.json()) else {
            return;
        };
        let listed = json.get("Resources").and_then(Value::as_array);
        for one in listed
            .into_iter()
            .flatten()
            .chain(listed.is_none().then_some(json))
        {
            if let Some(id) = reading::id_of(one).filter(|_| !self.named_by_us(one, resource)) {
                self.run.ledger.saw(resource, &id);
            }
        }
    }

    /// Whether a resource carries a name of this run.
    #[must_use]
    pub fn named_by_us(&self, resource: &Value, kind: Resource) -> bool {
        resource
            .get(kind.name_attribute())
            .and_then(Value::as_str)
            .is_some_and(|name| self.is_name_of_run(name))
    }

    /// Whether a name holds the run's id, so that nobody else has it.
    #[must_use]
    pub fn is_name_of_run(&self, name: &str) -> bool {
        name.to_ascii_lowercase().contains(&self.run.run_id)
    }

    /// Takes passwords and other people's data out of what is kept.
    fn mask(&self, exchange: &mut Exchange) {
        {
            let passwords = self.run.passwords();
            if let Some(body) = &mut exchange.request.body
                && let Some(hidden) = passwords.hide(body)
            {
                *body = hidden;
            }
            if let Ok(response) = &mut exchange.outcome
                && let Some(hidden) = passwords.hide(&response.body.bytes)
            {
                let oddities = std::mem::take(&mut response.body.oddities);
                response.body = Body::read(hidden, None);
                response.body.oddities = oddities;
            }
            if let Ok(response) = &mut exchange.outcome {
                for (_, value) in &mut response.headers {
                    *value = passwords.hide_in(std::mem::take(value));
                }
            }
        }
        masking::strangers(
            exchange,
            &self.run.ledger,
            &self.run.run_id,
            &self.run.foreign_names,
        );
    }

    /// Notes an observation and finds its cause.
    pub fn observe(&self, seen: Seen, context: &Context<'_>) {
        let mut state = self.state();
        if !state.repeats.may_tell(seen.check.id, &seen.facet) {
            return;
        }
        let lost_members = seen.got == NO_MEMBERS;
        let follows = book::follows(seen.check)
            .then(|| state.book.cause(seen.check, &context.subjects))
            .flatten()
            .filter(|cause| {
                let cause = state.observations.get(*cause);
                cause.is_none_or(|cause| !refuses_by_itself(&seen, context.sent, cause.check))
            });
        let guessed = book::rests_on_escapes(seen.check, &context.subjects);
        let row = self.row(&seen, context);
        let sent = describe(
            context.cause.unwrap_or(&context.sent.exchange.request),
            &self.run.passwords(),
        );
        // A server may put a secret into the words that an administrator would see.
        let hidden = |text: String| bounds::short(self.run.passwords().hide_in(text));
        let observation = Observation {
            check: seen.check,
            facet: seen.facet,
            row,
            general: seen.general,
            at: At {
                scenario: self.scenario.clone(),
                app: self.app,
                step: context.place.step.clone(),
                exchange: Some(context.sent.id.clone()),
            },
            sent,
            wanted: hidden(seen.wanted),
            got: hidden(seen.got),
            pointer: bounds::short(seen.pointer),
            evidence: if guessed {
                Evidence::Inferred
            } else {
                context.evidence
            },
            okta_admin_sees: context
                .admin_sees
                .clone()
                .filter(|t| !t.is_empty())
                .map(hidden),
            refusal: context.refusal,
            loses_data: context.loses_data && !guessed,
            follows,
        };
        let index = state.observations.len();
        state.observations.push(observation);
        let cause = follows.unwrap_or(index);
        if lost_members {
            state.book.lose_members(&context.subjects, cause);
        } else if book::spoils(seen.check) && !context.refusal {
            state.book.spoil(&context.subjects, cause);
        }
    }

    /// The row, when the observation may be about it, and else the scenario where it allows a refusal: at the end of
    /// the run it is known whether it is.
    fn row(&self, seen: &Seen, context: &Context<'_>) -> Option<String> {
        let may_be = book::spoils(seen.check) && !context.in_any_row;
        let row = context.place.facet.clone().filter(|_| may_be);
        row.or_else(|| {
            let about = self.scenario.rsplit('/').next().map(str::to_owned);
            about.filter(|_| context.refusal && seen.general.is_empty())
        })
    }
}

/// Whether a refusal has nothing to do with a look-up that went wrong before: the request names its resource by id, and
/// the status does not speak of what is there.
fn refuses_by_itself(seen: &Seen, sent: &Sent, cause: &CheckMeta) -> bool {
    let is_refusal = [sequence::REFUSED.id, sequence::SERVER_ERROR.id].contains(&seen.check.id);
    let by_id = matches!(
        sent.exchange.request.method,
        Method::Put | Method::Patch | Method::Delete
    );
    let status = sent.exchange.status().unwrap_or_default();
    let is_about_the_state = matches!(status, 404 | 409 | 410 | 412);
    is_refusal && by_id && !is_about_the_state && cause.id.starts_with("lookup/")
}

/// What an exchange is about.
#[must_use]
pub fn subjects_of(intent: &Intent) -> Vec<Subject> {
    match intent {
        Intent::LookUp { resource, name } | Intent::Create { resource, name, .. } => {
            vec![Subject::name(*resource, name)]
        }
        Intent::Read { resource, id }
        | Intent::Update { resource, id, .. }
        | Intent::Delete { resource, id } => {
            vec![Subject::Resource(*resource, id.clone())]
        }
        Intent::List { resource, .. } => vec![Subject::List(*resource)],
        Intent::Discover(_) | Intent::Literal => Vec::new(),
    }
}

/// A call of the judge's own.
#[must_use]
pub fn observer_call(request: Request, intent: Intent) -> Call {
    Call {
        job: None,
        slot: None,
        evidence: Evidence::Recorded,
        request,
        intent,
    }
}

/// A request in a line: method, target, and the start of the body; passwords masked.
fn describe(request: &Request, passwords: &Passwords) -> String {
    const MOST: usize = 240;
    let mut text = format!("{} {}", request.method, request.target);
    if let Some(body) = &request.body {
        let hidden = passwords.hide(body);
        text.push(' ');
        text.push_str(&String::from_utf8_lossy(hidden.as_ref().unwrap_or(body)));
    }
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether a call would change something that is there already, and what.
#[must_use]
pub fn changes(call: &Call) -> Option<(Resource, &str)> {
    match &call.intent {
        Intent::Update { resource, id, .. } | Intent::Delete { resource, id } => {
            Some((*resource, id))
        }
        _ => None,
    }
}
