//! Which resources an exported test has made: only these are changed, and only these are cleaned up.
//!
//! A resource is the test's own when a POST was answered with 2xx, an id that stood in no answer before, and a read of
//! that id shows the name that was sent. Whatever else an answer may hand out belongs to somebody. It is read again
//! before each DELETE: ids may be given to others meanwhile.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use crate::engine::ledger::{Identity, Ledger};
use crate::engine::outcome::{LeftBehind, Presence};
use crate::exchange::{Exchange, Method, Request, Transport, path_segment};
use crate::okta::reading;
use crate::okta::request::{Client, Resource};
use crate::runscope::play::{Audience, Played, Waiting};

use super::super::super::backend::Heard;
use super::intent::{self, Change};

/// How often a resource that was just made is read before it counts as not there, and the pause in between: some
/// servers show it a moment later.
const LOOKS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(200);

/// How many ids, and how many names, of others are remembered.
const MOST_SEEN: usize = 200_000;

/// An endpoint in lower case, and an id there.
type Key = (String, String);

/// Follows a play, passes on what is decided, and lets nothing be sent that would change what is not the test's own.
pub(super) struct Claims<'a> {
    ledger: &'a Ledger,
    way: Sight<'a>,
    hear: &'a mut (dyn FnMut(Heard<'_>) + Send),
    /// Whether the user wants everything to be sent.
    changes_others: bool,
    /// What is the test's own, under the names that it has given it; the last one is what it should be called now.
    own: HashMap<Key, Vec<String>>,
    /// Ids, and names, that stood in answers and are not the test's own.
    others: HashSet<Key>,
    names_of_others: HashSet<Key>,
    /// What the test has deleted itself.
    deleted: HashSet<Key>,
    unclear: Vec<LeftBehind>,
}

/// What a test leaves when it has ended.
pub(super) struct Estate {
    /// What is its own, for the clean-up to remove.
    pub(super) ids: HashSet<(Resource, String)>,
    /// What perhaps is, but cannot be told from somebody else's, or cannot be removed.
    pub(super) left: Vec<LeftBehind>,
    /// Whether the ledger has something of that which a later sweep can look at again.
    pub(super) is_open: bool,
}

/// How to look at the target.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) client: &'a Client,
}

/// What a look at an id shows.
enum Look {
    /// It is called so.
    Ours,
    /// It has another name, or none.
    Other,
    /// It is not there, or cannot be read.
    Unseen,
}

impl Sight<'_> {
    /// Reads a resource by its id.
    async fn look(self, (endpoint, id): &Key, names: &[String]) -> Look {
        let target = format!("/{}/{}", spelled(endpoint), path_segment(id));
        let request = self.client.request(Method::Get, target, None);
        let exchange = self.transport.send(request).await;
        let response = exchange.response().filter(|response| response.is_success());
        let Some(found) = response.and_then(|response| response.json()) else {
            return Look::Unseen;
        };
        let is_it = reading::id_of(found).as_deref() == Some(id);
        let shown = intent::name(found);
        let is_named_so = shown.is_some_and(|shown| {
            let mut names = names.iter();
            names.any(|name| name.eq_ignore_ascii_case(&shown))
        });
        if is_it && is_named_so {
            Look::Ours
        } else {
            Look::Other
        }
    }

    /// The same of what was just made.
    async fn look_patiently(self, key: &Key, names: &[String]) -> Look {
        for _ in 1..LOOKS {
            match self.look(key, names).await {
                Look::Unseen => tokio::time::sleep(BETWEEN).await,
                found => return found,
            }
        }
        self.look(key, names).await
    }
}

/// An endpoint as servers spell it: some mind the letter case.
fn spelled(endpoint: &str) -> String {
    match kind(endpoint) {
        Some(kind) => kind.endpoint().trim_start_matches('/').to_owned(),
        None => {
            let mut letters = endpoint.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

/// What this tool knows how to remove.
fn kind(endpoint: &str) -> Option<Resource> {
    [Resource::User, Resource::Group].into_iter().find(|kind| {
        kind.endpoint()
            .trim_start_matches('/')
            .eq_ignore_ascii_case(endpoint)
    })
}

fn word(endpoint: &str) -> &'static str {
    kind(endpoint).map_or("resource", Resource::word)
}

impl<'a> Claims<'a> {
    /// Nothing is made yet.
    pub(super) fn new(
        ledger: &'a Ledger,
        way: Sight<'a>,
        changes_others: bool,
        hear: &'a mut (dyn FnMut(Heard<'_>) + Send),
    ) -> Self {
        Self {
            ledger,
            way,
            hear,
            changes_others,
            own: HashMap::new(),
            others: HashSet::new(),
            names_of_others: HashSet::new(),
            deleted: HashSet::new(),
            unclear: Vec::new(),
        }
    }

    /// What the test leaves: of its own, what is still called as the test has called it.
    pub(super) async fn finish(mut self) -> Estate {
        let mut ids = HashSet::new();
        let mut is_open = false;
        for (key, names) in std::mem::take(&mut self.own) {
            let name = names.last().cloned().unwrap_or_default();
            let look = self.way.look(&key, &names).await;
            if matches!(look, Look::Unseen) && self.deleted.contains(&key) {
                if let Some(kind) = kind(&key.0) {
                    self.ledger.release(kind, &key.1);
                }
                continue;
            }
            let why = match (kind(&key.0), look) {
                (Some(kind), Look::Ours) => {
                    ids.insert((kind, key.1));
                    continue;
                }
                (None, _) => "this tool removes users and groups alone",
                (_, Look::Other) => {
                    "it is not called any more as the test has called it, so it was left alone"
                }
                (_, Look::Unseen) => {
                    is_open = true;
                    "its id shows nothing any more, so it may be there"
                }
            };
            self.left(&key.0, key.1.clone(), &name, why);
        }
        Estate {
            ids,
            left: self.unclear,
            is_open,
        }
    }

    /// Why something may not be sent, if it may not.
    async fn refuses(&mut self, request: &Request) -> Option<String> {
        let changes = match intent::changes(request) {
            Ok(changes) => changes,
            Err(why) => return Some(why),
        };
        for change in &changes {
            match change {
                Change::Create { endpoint, name } => {
                    let name = name.as_deref().unwrap_or_default().to_lowercase();
                    if self.names_of_others.contains(&(endpoint.clone(), name)) {
                        return Some(format!(
                            "it would make a {} under the name of one that the test did not create",
                            word(endpoint)
                        ));
                    }
                }
                Change::Write {
                    endpoint,
                    id,
                    deletes,
                    ..
                } => {
                    let key = (endpoint.clone(), id.clone());
                    let not_own = || {
                        format!(
                            "it would change a {} that the test did not create",
                            word(endpoint)
                        )
                    };
                    let Some(names) = self.own.get(&key) else {
                        return Some(not_own());
                    };
                    // What is gone cannot be harmed: that a second DELETE finds nobody may be what the test is about.
                    if *deletes && matches!(self.way.look(&key, names).await, Look::Other) {
                        return Some(not_own());
                    }
                }
            }
        }
        None
    }

    /// Notes what a request may make, before it is sent: whoever ends this program then finds it in the ledger.
    ///
    /// # Errors
    /// When it cannot be noted: the request must not go out.
    fn note_creates(&self, request: &Request) -> Result<(), String> {
        for (kind, name) in creates(request) {
            self.ledger.sending(kind, &name).map_err(|why| {
                format!("the list of what this test creates cannot be written: {why}")
            })?;
        }
        Ok(())
    }

    /// What was answered, is told when the test ends; until then a create without an answer stays noted.
    fn note_answered(&self, exchange: &Exchange) {
        if exchange.response().is_some() {
            for (kind, name) in creates(&exchange.request) {
                self.ledger.absent(kind, &name);
            }
        }
    }

    /// Takes note of the names that the test has given to its own, and of what it has deleted. A name of somebody else's
    /// proves nothing.
    fn changed(&mut self, exchange: &Exchange) {
        let is_done = exchange
            .response()
            .is_some_and(|response| response.is_success());
        if !is_done {
            return;
        }
        for change in intent::changes(&exchange.request).unwrap_or_default() {
            let Change::Write {
                endpoint,
                id,
                name,
                deletes,
            } = change
            else {
                continue;
            };
            let key = (endpoint, id);
            if deletes && self.own.contains_key(&key) {
                self.deleted.insert(key);
            } else if let Some(name) = name
                && !self
                    .names_of_others
                    .contains(&(key.0.clone(), name.to_lowercase()))
                && let Some(names) = self.own.get_mut(&key)
            {
                names.retain(|known| *known != name);
                if let Some(kind) = kind(&key.0) {
                    self.ledger.renamed(kind, &key.1, &name);
                }
                names.push(name);
            }
        }
    }

    /// What an answer to a POST makes the test's own.
    async fn made(&mut self, exchange: &Exchange) {
        let request = &exchange.request;
        let Ok(changes) = intent::changes(request) else {
            return;
        };
        let creates: Vec<(String, Option<String>)> = changes
            .into_iter()
            .filter_map(|change| match change {
                Change::Create { endpoint, name } => Some((endpoint, name)),
                Change::Write { .. } => None,
            })
            .collect();
        let response = match exchange.response() {
            Some(response) if response.is_success() => response,
            // It says that it has made nothing.
            Some(response) if response.status < 500 => return,
            Some(_) => {
                for (endpoint, name) in &creates {
                    let name = name.as_deref().unwrap_or("?");
                    let why = "the answer was an error of the server, so it may be there";
                    self.left(endpoint, "?".to_owned(), name, why);
                }
                return;
            }
            None => {
                for (endpoint, name) in &creates {
                    let name = name.as_deref().unwrap_or("?");
                    let why = "no answer came, so it may be there";
                    self.left(endpoint, "?".to_owned(), name, why);
                }
                return;
            }
        };
        let answer = response.json();
        let results = answer
            .filter(|_| is_bulk(request))
            .and_then(|answer| intent::field(answer, "Operations"))
            .and_then(Value::as_array);
        if is_bulk(request) {
            let ids = results.into_iter().flatten().filter_map(made_by_operation);
            let mut ids: Vec<Key> = ids.collect();
            for (endpoint, name) in creates {
                let at = ids.iter().position(|(of, _)| *of == endpoint);
                let id = at.map(|at| ids.remove(at).1);
                self.claim(endpoint, id, name).await;
            }
            return;
        }
        for (endpoint, name) in creates {
            let id = answer.and_then(reading::id_of).filter(|id| !id.is_empty());
            self.claim(endpoint, id, name).await;
        }
    }

    async fn claim(&mut self, endpoint: String, id: Option<String>, name: Option<String>) {
        let shown = name.clone().unwrap_or_else(|| "?".to_owned());
        let Some(id) = id else {
            let why = "the answer has no id to remove it by";
            return self.left(&endpoint, "?".to_owned(), &shown, why);
        };
        let key = (endpoint, id);
        if self.own.contains_key(&key) {
            return;
        }
        let names: Vec<String> = name.into_iter().collect();
        let handed_out = "the answer handed out another resource, which was left alone";
        if self.others.contains(&key) {
            return self.left(&key.0, "?".to_owned(), &shown, handed_out);
        }
        match self.way.look_patiently(&key, &names).await {
            Look::Ours => {
                if let Some(kind) = kind(&key.0) {
                    self.ledger.named(kind, &key.1, &shown);
                    self.ledger.shown(kind, &key.1, Identity::Ours);
                }
                self.own.insert(key, names);
            }
            Look::Other => self.left(&key.0, "?".to_owned(), &shown, handed_out),
            Look::Unseen => {
                let why = "its id shows nothing, so it may be there";
                self.left(&key.0, key.1.clone(), &shown, why);
            }
        }
    }

    fn left(&mut self, endpoint: &str, id: String, name: &str, reason: &str) {
        self.unclear.push(LeftBehind {
            resource: kind(endpoint).map_or("resource", Resource::as_str),
            id,
            name: name.to_owned(),
            presence: Presence::Perhaps,
            reason: reason.to_owned(),
            is_undeletable: false,
        });
    }

    /// Whatever an answer shows that is not the test's own belongs to somebody.
    fn saw(&mut self, exchange: &Exchange) {
        let path = exchange
            .request
            .target
            .split('?')
            .next()
            .unwrap_or_default();
        let endpoint = path.trim_start_matches('/').split('/').next();
        let endpoint = endpoint.unwrap_or_default().to_ascii_lowercase();
        let Some(json) = exchange.response().and_then(|response| response.json()) else {
            return;
        };
        let listed = intent::field(json, "Resources").and_then(Value::as_array);
        for one in listed.into_iter().flatten().chain([json]) {
            let Some(id) = reading::id_of(one) else {
                continue;
            };
            let key = (endpoint.clone(), id);
            if self.own.contains_key(&key) || self.others.len() >= MOST_SEEN {
                continue;
            }
            if let Some(kind) = kind(&endpoint) {
                self.ledger.saw(kind, &key.1);
            }
            self.others.insert(key);
            if let Some(name) = intent::name(one) {
                let name = name.to_lowercase();
                self.names_of_others.insert((endpoint.clone(), name));
            }
        }
    }
}

/// The users and groups that a request would make, and their names.
fn creates(request: &Request) -> Vec<(Resource, String)> {
    let changes = intent::changes(request).unwrap_or_default().into_iter();
    changes
        .filter_map(|change| match change {
            Change::Create { endpoint, name } => Some((kind(&endpoint)?, name.unwrap_or_default())),
            Change::Write { .. } => None,
        })
        .collect()
}

fn is_bulk(request: &Request) -> bool {
    let path = request.target.split('?').next().unwrap_or_default();
    path.trim_matches('/').eq_ignore_ascii_case("Bulk")
}

/// What a successful operation of a bulk answer has made: the last two segments of its location (RFC 7644, 3.7).
fn made_by_operation(operation: &Value) -> Option<Key> {
    let text = |key| intent::field(operation, key).and_then(Value::as_str);
    let posts = text("method").is_some_and(|method| method.eq_ignore_ascii_case("POST"));
    let mut segments = text("location")?.trim_end_matches('/').rsplit('/');
    let id = crate::exchange::percent_decode(segments.next()?);
    let endpoint = segments.next()?.to_ascii_lowercase();
    posts.then_some((endpoint, id))
}

impl Audience for Claims<'_> {
    fn admit<'b>(&'b mut self, request: &'b Request) -> Waiting<'b, Result<(), String>> {
        Box::pin(async move {
            if !self.changes_others
                && let Some(why) = self.refuses(request).await
            {
                return Err(format!("{why}; --change-others sends it"));
            }
            self.note_creates(request)
        })
    }

    fn answered<'b>(&'b mut self, exchange: &'b Exchange) -> Waiting<'b, ()> {
        Box::pin(async move {
            let is_search = exchange.request.target.contains(".search");
            self.changed(exchange);
            if exchange.request.method == Method::Post && !is_search {
                self.made(exchange).await;
            } else {
                self.saw(exchange);
            }
            self.note_answered(exchange);
        })
    }

    fn decided(&mut self, played: &Played) {
        (self.hear)(Heard::Decided(played));
    }
}

#[cfg(test)]
mod tests;
