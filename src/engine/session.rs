//! One scenario under one app: sends calls, guards other people's accounts, records, and collects observations.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::check::Seen;
use crate::check::catalogue::{connection, sequence};
use crate::check::frame::NO_MEMBERS;
use crate::check::wire::{self, Purpose};
use crate::exchange::{
    self, Exchange, InCommon, Kept, Leave, Method, Request, SendError, Transport,
};
use crate::okta::drive::NotSent;
use crate::okta::reading;
use crate::okta::request::{Call, Client, Intent, Resource};
use crate::okta::{App, Evidence, Variants, retry};
use crate::redact::passwords;
use crate::scenario::{Circumstance, Scenario};
use crate::secret::Secret;
use crate::verdict::{At, CheckMeta, Observation, Origin, Recorded, Row, Script};

use super::answers::Answers;
use super::book::{self, Book, Subject};
use super::bounds::{self, Repeats};
use super::ledger::Ledger;
use super::listed;
use super::masking;
use super::ownership::LastRead;
use super::requests_told;
use super::target::Run;

/// Most resources that are removed at the same time.
const REMOVALS_AT_ONCE: usize = 16;

/// A scenario under one app, shared by its lines.
pub struct Session {
    /// The run.
    pub run: Arc<Run>,
    /// What the run has made in the tenant that this scenario works in.
    pub ledger: Arc<Ledger>,
    /// The way to the target.
    pub transport: Arc<dyn Transport>,
    /// Makes the requests that Okta does not send.
    pub client: Client,
    /// Makes Okta's requests.
    pub okta: Client,
    /// Scenario id.
    pub scenario: String,
    /// What the file of the scenario says about how it is to be judged.
    pub header: Header,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// What differs from the default, where nobody knows how Okta behaves.
    pub variants: Variants,
    /// Resources that are removed at the same time. Between the proof of one and its deletion, others are deleted.
    pub removals_at_once: usize,
    /// Creates of users that it has sent.
    pub(super) users_sent: AtomicU64,
    /// What the ids of its exchanges begin with.
    prefix: char,
    /// While several jobs run: creates go out side by side, every other write alone with its proof.
    writing: RwLock<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recorded: Vec<Recorded>,
    in_common: InCommon,
    observations: Vec<Observation>,
    repeats: Repeats,
    book: Book,
    /// Answers that still hold.
    answers: Answers,
    /// What reads by id have shown since the scenario's last write.
    last_reads: HashMap<(Resource, String), LastRead>,
    /// Names of creates that the scenario has sent.
    names_sent: HashSet<(Resource, String)>,
    /// Several writes are under way, and what was read before them counts for all.
    is_racing: bool,
    /// Several jobs of Okta's are running.
    is_side_by_side: bool,
    password_after: &'static str,
    script: Script,
}

/// The right to write, while several jobs run.
enum Turn<'a> {
    Create { _guard: RwLockReadGuard<'a, ()> },
    Change { _guard: RwLockWriteGuard<'a, ()> },
}

/// What the file of a scenario says about how it is to be judged; its name says nothing.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// What is special about it.
    pub circumstances: Vec<Circumstance>,
    /// What a refusal that it allows is about, beside the request.
    pub about: Option<String>,
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
        run.hide_credentials(&credentials);
        let state = Mutex::new(State {
            in_common: InCommon::within(Arc::clone(run.keep())),
            password_after: "create",
            ..State::default()
        });
        Self {
            ledger: Arc::clone(&run.ledger),
            run,
            transport,
            client: client.own(),
            okta: client,
            scenario,
            header: Header::default(),
            app,
            variants: Variants::NONE,
            removals_at_once: REMOVALS_AT_ONCE,
            users_sent: AtomicU64::new(0),
            prefix: 'E',
            writing: RwLock::new(()),
            state,
        }
    }

    /// The same in a tenant that no other scenario works in, where an id may mean something else than elsewhere.
    #[must_use]
    pub fn in_tenant_of_its_own(self) -> Self {
        Self {
            ledger: Arc::new(Ledger::of_run(&self.run.run_id)),
            ..self
        }
    }

    /// The same, where no more than so many requests are under way.
    #[must_use]
    pub fn at_once(self, requests: usize) -> Self {
        Self {
            removals_at_once: requests.clamp(1, REMOVALS_AT_ONCE),
            ..self
        }
    }

    /// The same, judged as the file of its scenario says.
    #[must_use]
    pub fn of(self, scenario: &Scenario) -> Self {
        let header = Header {
            circumstances: scenario.circumstances.clone(),
            about: scenario.about.clone(),
        };
        Self { header, ..self }
    }

    /// Whether its scenario is in these circumstances.
    #[must_use]
    pub fn is_in(&self, circumstance: Circumstance) -> bool {
        self.header.circumstances.contains(&circumstance)
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

    /// A session of the same scenario, for one row of its table: rows are played side by side, and none of them knows
    /// what another does.
    #[must_use]
    pub fn for_row(&self) -> Self {
        let state = State {
            in_common: InCommon::within(Arc::clone(self.run.keep())),
            password_after: "create",
            ..State::default()
        };
        Self {
            run: Arc::clone(&self.run),
            ledger: Arc::clone(&self.ledger),
            transport: Arc::clone(&self.transport),
            client: self.client.clone(),
            okta: self.okta.clone(),
            scenario: self.scenario.clone(),
            header: self.header.clone(),
            app: self.app,
            variants: self.variants,
            removals_at_once: self.removals_at_once,
            users_sent: AtomicU64::new(0),
            prefix: self.prefix,
            writing: RwLock::new(()),
            state: Mutex::new(state),
        }
    }

    /// Takes over what a row has shown and made, as if it had been played by this session after everything so far.
    pub fn take_in(&self, row: &Self) {
        let theirs = std::mem::take(&mut *row.state());
        let users = row.users_sent.load(Ordering::Relaxed);
        self.users_sent.fetch_add(users, Ordering::Relaxed);
        let mut state = self.state();
        let (exchanges, observations) = (state.recorded.len(), state.observations.len());
        let prefix = self.prefix;
        let id = |n: usize| format!("{prefix}{}", exchanges.saturating_add(n).saturating_add(1));
        let renumbered = |old: &String| {
            let index = theirs.recorded.iter().position(|one| one.id == *old);
            index.map_or_else(|| old.clone(), id)
        };
        let observed = theirs.observations.into_iter().map(|mut observation| {
            let at = &mut observation.at.exchange;
            *at = at.as_ref().map(renumbered);
            let follows = observation.follows;
            observation.follows = follows.map(|index| index.saturating_add(observations));
            observation
        });
        state.observations.extend(observed.collect::<Vec<_>>());
        let recorded = theirs.recorded.into_iter().enumerate();
        let recorded = recorded.map(|(n, one)| Recorded { id: id(n), ..one });
        state.recorded.extend(recorded);
        state.names_sent.extend(theirs.names_sent);
        state.book.take_in(theirs.book);
        state.script.rows.extend(theirs.script.rows);
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
        self.run.secrets.add_password(password);
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

    /// Notes who has played in a row.
    pub fn note_row(&self, row: Row) {
        self.state().script.rows.push(row);
    }

    /// Who has played, row by row.
    #[must_use]
    pub fn script(&self) -> Script {
        self.state().script.clone()
    }

    /// Takes everything out at the end.
    pub fn finish(&self) -> (Vec<Recorded>, Vec<Observation>) {
        let mut state = self.state();
        let mut recorded = std::mem::take(&mut state.recorded);
        // It stays until the end of the run.
        recorded.shrink_to_fit();
        (recorded, std::mem::take(&mut state.observations))
    }

    /// Sends a call that harms nobody, waits for throttling to end, looks at the exchange alone, and records it.
    ///
    /// # Errors
    /// When it could harm others, the run is being stopped, or the target asks for more patience than the run has.
    pub async fn perform(
        &self,
        call: &Call,
        origin: Origin,
        place: &Place,
    ) -> Result<Sent, NotSent> {
        let _turn = self.turn(call).await;
        self.admit(call, origin, place).await?;
        self.dispatch(call, origin, place).await
    }

    /// Waits, while several jobs run, until nothing is written between the proof of a write and the write itself.
    async fn turn(&self, call: &Call) -> Option<Turn<'_>> {
        if !self.state().is_side_by_side {
            return None;
        }
        match call.request.method {
            Method::Get | Method::Head | Method::Options => None,
            Method::Post => Some(Turn::Create {
                _guard: self.writing.read().await,
            }),
            _ => Some(Turn::Change {
                _guard: self.writing.write().await,
            }),
        }
    }

    /// From now on several jobs run, or no more.
    pub(super) fn set_side_by_side(&self, is_side_by_side: bool) {
        self.state().is_side_by_side = is_side_by_side;
    }

    /// Sends a call that was admitted, or changes nothing.
    pub(super) async fn dispatch(
        &self,
        call: &Call,
        origin: Origin,
        place: &Place,
    ) -> Result<Sent, NotSent> {
        let mut throttled = 0;
        let mut waited = std::time::Duration::ZERO;
        loop {
            let exchange = self.send(call, origin).await?;
            let sent = self.receive(call, exchange, origin, place);
            if let Err(SendError::AnswerLost { .. }) = sent.exchange.outcome {
                self.lose_dropped(call);
                return Err(NotSent::Stopped(self.run.why_stopped()));
            }
            let Some(response) = sent.exchange.response().filter(|r| r.status == 429) else {
                return Ok(sent);
            };
            throttled = u32::saturating_add(throttled, 1);
            let header = response.header("retry-after").map(str::to_owned);
            self.observe_throttling(&sent, header.as_deref(), place);
            let wait = retry::wait(throttled, header.as_deref());
            // Whatever the target asks for: a sum that is too large is more patience than anybody has.
            let in_all = wait.and_then(|wait| waited.checked_add(wait));
            match wait.zip(in_all.filter(|in_all| *in_all <= self.run.patience)) {
                Some((wait, in_all)) => {
                    waited = in_all;
                    self.run.wait(wait, origin).await?;
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

    fn observe_throttling(&self, sent: &Sent, header: Option<&str>, place: &Place) {
        let got = header.map_or("429 without Retry-After".to_owned(), |h| {
            format!("429, Retry-After: {h}")
        });
        let wanted = "whole seconds in Retry-After, if it must be";
        let seen = Seen::new(&connection::THROTTLED, wanted, got);
        let facet = match header.map(|h| h.trim().parse::<u64>()) {
            Some(Ok(_)) => "",
            Some(Err(_)) => "retry-after-not-in-seconds",
            None => "no-retry-after",
        };
        let context = Context::new(place, sent, Vec::new(), Evidence::Documented);
        self.observe(seen.facet(facet), &context);
    }

    /// Sends reads whose answers will be asked for next, all at once. One that is refused is sent again then.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub(super) async fn look_ahead(&self, calls: Vec<Call>, place: &Place) -> Result<(), NotSent> {
        let calls: Vec<Call> = calls
            .into_iter()
            .filter(|call| self.held(&call.request).is_none())
            .collect();
        if self.is_racing() || calls.len() < 2 {
            return Ok(());
        }
        let sending = calls.iter().map(|call| self.send(call, Origin::Observe));
        let exchanges = join_all(sending).await;
        // In the order of the calls, whichever answer came first.
        for (call, exchange) in calls.iter().zip(exchanges) {
            let sent = self.receive(call, exchange?, Origin::Observe, place);
            if let Some(response) = sent.exchange.response().filter(|r| r.status == 429) {
                self.observe_throttling(&sent, response.header("retry-after"), place);
            }
        }
        Ok(())
    }

    /// Takes from an answer what it tells, and records it.
    pub(super) fn receive(
        &self,
        call: &Call,
        exchange: Exchange,
        origin: Origin,
        place: &Place,
    ) -> Sent {
        self.note_answer(call, &exchange);
        let sent = self.record(call, exchange, origin, place);
        self.hold(&sent);
        sent
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
        self.admit(call, Origin::Okta, place).await?;
        let exchange = self.send_unread(call, leave).await?;
        self.note_answer(call, &exchange);
        Ok(self.record(call, exchange, Origin::Okta, place))
    }

    fn record(&self, call: &Call, mut exchange: Exchange, origin: Origin, place: &Place) -> Sent {
        self.learn_passwords(&exchange.request);
        let people = self.with_book(|book| book.existing(Resource::User).count());
        bounds::unread_if_too_large(&mut exchange, &call.intent, people);
        let mut seen = wire::look(
            &exchange,
            &Purpose {
                intent: &call.intent,
                secrets: &self.run.secrets,
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
            let id = format!("{}{}", self.prefix, state.recorded.len().saturating_add(1));
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
            listed::is_named_by_run(one, &self.run.run_id) || self.ledger.knows(*resource, &id);
        by_run && self.with_book(|book| book.get(*resource, &id).is_none())
    }

    /// An answer to a read holds until the scenario writes.
    fn hold(&self, sent: &Sent) {
        let mut state = self.state();
        if sent.exchange.request.method == Method::Get && !state.is_racing {
            state.answers.note(sent);
        }
    }

    /// What a read of a resource by its id has shown, if that still holds.
    pub(super) fn known(&self, resource: Resource, id: &str) -> Option<Sent> {
        self.held(&self.client.read(resource, id))
    }

    /// The answer to a request that still holds.
    pub(super) fn held(&self, request: &Request) -> Option<Sent> {
        let state = self.state();
        let is_plain = request.method == Method::Get && !state.is_racing;
        is_plain.then(|| state.answers.known(&request.target))?
    }

    /// A create of this name is about to be sent.
    pub(super) fn note_name_sent(&self, resource: Resource, name: &str) {
        self.state().names_sent.insert((resource, name.to_owned()));
    }

    /// Whether the scenario has sent a create of this name.
    #[must_use]
    pub fn has_sent(&self, resource: Resource, name: &str) -> bool {
        let key = (resource, name.to_owned());
        self.state().names_sent.contains(&key)
    }

    /// What a read by id has shown since the last write of the scenario.
    pub(super) fn last_read(&self, resource: Resource, id: &str) -> Option<LastRead> {
        let key = (resource, id.to_owned());
        self.state().last_reads.get(&key).copied()
    }

    pub(super) fn note_last_read(&self, resource: Resource, id: &str, last: LastRead) {
        let key = (resource, id.to_owned());
        self.state().last_reads.insert(key, last);
    }

    /// Whatever was read may be another now. In a race only what was written to: the others were read just before it.
    pub(super) fn forget_last_reads(&self, written: Option<(Resource, String)>) {
        let mut state = self.state();
        state.answers.forget();
        match written {
            Some(key) if state.is_racing => drop(state.last_reads.remove(&key)),
            None if state.is_racing => {}
            _ => state.last_reads.clear(),
        }
    }

    /// Whether several writes are under way.
    pub(super) fn is_racing(&self) -> bool {
        self.state().is_racing
    }

    /// From now on several writes are under way, or no more.
    pub(super) fn set_racing(&self, is_racing: bool) {
        let mut state = self.state();
        state.is_racing = is_racing;
        state.answers.forget();
        if !is_racing {
            state.last_reads.clear();
        }
    }

    /// Whether a name can only be of this run.
    #[must_use]
    pub fn is_name_of_run(&self, name: &str) -> bool {
        self.ledger.is_marked(name)
    }

    /// Whatever is sent as a password is one, also a constant of the user's and one of a literal request.
    fn learn_passwords(&self, request: &Request) {
        let sent = request.body.as_deref();
        if let Some(sent) = sent.and_then(|body| serde_json::from_slice::<Value>(body).ok()) {
            for password in passwords::find(&sent) {
                self.run.secrets.add_password(&Secret::new(password));
            }
        }
    }

    /// Takes secrets and other people's data out of what is kept. Whose a resource is, its id tells as it came.
    fn mask(&self, exchange: &mut Exchange) {
        masking::strangers(
            exchange,
            &self.ledger,
            &self.run.run_id,
            &self.run.foreign_names,
        );
        exchange::redact(exchange, &self.run.secrets);
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
        let told = requests_told::told(&state.recorded, context, &self.run.secrets);
        // A server may put a secret into the words that an administrator would see.
        let hidden = |text: String| bounds::short(self.run.secrets.owned(text));
        let observation = Observation {
            check: seen.check,
            facet: hidden(seen.facet),
            row,
            general: seen.general,
            at: At {
                scenario: self.scenario.clone(),
                app: self.app,
                step: context.place.step.clone(),
                exchange: Some(context.sent.id.clone()),
            },
            sent: told.sent,
            sent_by: told.sent_by,
            shown_by: told.shown_by,
            wanted: hidden(seen.wanted),
            got: hidden(seen.got),
            pointer: hidden(seen.pointer),
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
            is_of_another_provider: self.is_in(Circumstance::AnotherProvider),
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

    /// The row, when the observation may be about it, and else what the scenario is about, where it allows a refusal: at
    /// the end of the run it is known whether it is.
    fn row(&self, seen: &Seen, context: &Context<'_>) -> Option<String> {
        let may_be = book::spoils(seen.check) && !context.in_any_row;
        let row = context.place.facet.clone().filter(|_| may_be);
        row.or_else(|| {
            let about = self.header.about.clone();
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
        reads_next: false,
    }
}
