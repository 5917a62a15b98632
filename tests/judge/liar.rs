//! A target that lies: it hands out wrong ids, shows strangers in the place of others, swaps and reuses ids, loses
//! answers. Only a read by id tells the truth about whose an id is, when it answers at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng};
use scim_conform::exchange::{
    Body, Exchange, Method, Request, Response, SendError, Sending, Transport,
};
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};
use serde_json::{Value, json};

use crate::bench::TOKEN;

/// What is in the store of a tenant, whoever may see it.
pub(crate) fn stored(tenant: &Tenant) -> Vec<Value> {
    let state: Value = serde_json::from_str(&tenant.state().0).unwrap();
    let of = |kind: &str| state[kind].as_array().cloned().unwrap_or_default();
    let all = of("users").into_iter().chain(of("groups"));
    let flat = all.map(|mut kept| {
        let attributes = kept["attributes"].take();
        let kept = kept.as_object_mut().unwrap();
        kept.extend(attributes.as_object().cloned().unwrap());
        Value::Object(kept.clone())
    });
    flat.collect()
}

/// Login or group name.
pub(crate) fn name_of(resource: &Value) -> &str {
    let name = resource.get("userName").or(resource.get("displayName"));
    name.and_then(Value::as_str).unwrap_or_default()
}

/// A tenant in which others live.
pub(crate) fn with_strangers(policy: Policy) -> Arc<Tenant> {
    let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy);
    let mut ids = Vec::new();
    for n in 0..4 {
        let name = format!("stranger{n}@elsewhere.test");
        let user = json!({
            "userName": name,
            "name": {"givenName": "Sam", "familyName": "Stranger"},
            "emails": [{"primary": true, "value": name, "type": "work"}],
            "active": n != 3,
        });
        ids.push(tenant.seed_user(&user).unwrap());
    }
    for n in 0..2 {
        let members: Vec<_> = ids.iter().map(|id| json!({"value": id})).collect();
        let group = json!({"displayName": format!("Strangers {n}"), "members": members});
        tenant.seed_group(&group).unwrap();
    }
    Arc::new(tenant)
}

/// The target.
pub(crate) struct Liar {
    tenant: InProcess,
    store: Arc<Tenant>,
    model: Mutex<Model>,
}

struct Model {
    random: ChaCha8Rng,
    /// Of a hundred answers, how many lie.
    rate: u32,
    /// Look-ups and lists never lie.
    has_honest_lists: bool,
    /// Writes that have reached a stranger.
    harm: Vec<String>,
    /// What went over the wire, for whoever has to understand a case.
    log: Vec<String>,
    /// What an id leads to, where that is not the resource that was made under it.
    leads_to: HashMap<String, String>,
    /// The id that a resource shows, where it is another one than it was made under.
    shown_as: HashMap<String, String>,
    strangers: Vec<(&'static str, Value)>,
    own: Vec<(&'static str, String)>,
}

impl Liar {
    /// A liar before `tenant`.
    pub(crate) fn new(
        tenant: Arc<Tenant>,
        seed: u64,
        rate: u32,
        has_honest_lists: bool,
    ) -> Arc<Self> {
        let kind = |resource: &Value| match resource.get("userName") {
            Some(_) => "/Users",
            None => "/Groups",
        };
        let strangers = stored(&tenant);
        let strangers = strangers.into_iter().map(|one| (kind(&one), one));
        Arc::new(Self {
            model: Mutex::new(Model {
                random: ChaCha8Rng::seed_from_u64(seed),
                rate,
                has_honest_lists,
                harm: Vec::new(),
                log: Vec::new(),
                leads_to: HashMap::new(),
                shown_as: HashMap::new(),
                strangers: strangers.collect(),
                own: Vec::new(),
            }),
            tenant: InProcess::new(Arc::clone(&tenant)),
            store: tenant,
        })
    }

    /// Writes that have reached a stranger.
    pub(crate) fn harm(&self) -> Vec<String> {
        self.model.lock().unwrap().harm.clone()
    }

    /// What went over the wire.
    pub(crate) fn log(&self) -> String {
        self.model.lock().unwrap().log.join("\n")
    }

    /// The stranger that a request would write to: name, and how it is stored. A record that a fault of the server has given a name of
    /// the run belongs to nobody any more: no read can tell it from the run's own.
    fn stranger_written_to(&self, request: &Request) -> Option<(String, Value)> {
        let id = id_in(&request.target).filter(|_| request.method.is_write())?;
        let is_stranger = {
            let model = self.model.lock().unwrap();
            let mut ids = model.strangers.iter().map(|(_, one)| &one["id"]);
            ids.any(|stranger| stranger == id)
        };
        let there = is_stranger.then(|| self.stored_as(&id.into()))??;
        let name = name_of(&there).to_owned();
        let is_named_so = name.to_lowercase().contains("stranger");
        is_named_so.then_some((name, there))
    }

    fn stored_as(&self, id: &Value) -> Option<Value> {
        let mut all = stored(&self.store).into_iter();
        all.find(|one| one["id"] == *id)
    }

    /// The id under which a resource of the store is known outside.
    pub(crate) fn outer(&self, inner: &str) -> String {
        let model = self.model.lock().unwrap();
        let shown = model.shown_as.get(inner);
        shown.map_or_else(|| inner.to_owned(), String::clone)
    }
}

impl Transport for Liar {
    fn send<'a>(&'a self, request: Request) -> Sending<'a> {
        Box::pin(async move {
            let sent = request.clone();
            let inner = self.model.lock().unwrap().inwards(request);
            let stranger = self.stranger_written_to(&inner);
            let mut exchange = self.tenant.send(inner).await;
            let mut model = self.model.lock().unwrap();
            // Okta writes to what has disappeared. What the store refuses, or says is not there, it leaves as it was.
            if let Some((stranger, before)) = stranger
                && self.stored_as(&before["id"]).as_ref() != Some(&before)
            {
                model
                    .harm
                    .push(format!("{} {} to {stranger}", sent.method, sent.target));
            }
            model.outwards(&sent, &mut exchange);
            let truth = short(&exchange);
            model.distort(&sent, &mut exchange);
            let told = short(&exchange);
            let line = format!("{} {} -> {told}", sent.method, sent.target);
            model.log.push(if truth == told {
                line
            } else {
                format!("{line}, in truth {truth}")
            });
            exchange.request = sent;
            exchange
        })
    }
}

fn short(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Ok(response) => {
            let text = String::from_utf8_lossy(&response.body.bytes).into_owned();
            let start: String = text.chars().take(160).collect();
            format!("{} {start}", response.status)
        }
        Err(error) => error.to_string(),
    }
}

fn kind_of(target: &str) -> Option<&'static str> {
    ["/Users", "/Groups"]
        .into_iter()
        .find(|kind| target.starts_with(kind))
}

/// The id in a path, if it has one.
fn id_in(target: &str) -> Option<&str> {
    let path = target.split('?').next()?;
    let id = path.strip_prefix(kind_of(path)?)?.strip_prefix('/')?;
    (!id.is_empty()).then_some(id)
}

fn json_of(exchange: &Exchange) -> Option<Value> {
    let response = exchange.response().filter(|r| r.is_success())?;
    response.json().filter(|json| json.is_object()).cloned()
}

fn answer(exchange: &mut Exchange, status: u16, json: &Value) {
    exchange.outcome = Ok(Response {
        status,
        headers: vec![("Content-Type".into(), "application/scim+json".into())],
        body: Body::read(Bytes::from(json.to_string()), None),
    });
}

impl Model {
    fn lies(&mut self) -> bool {
        let rate = self.rate;
        self.random.random_range(0..100) < rate
    }

    fn pick(&mut self, among: usize) -> usize {
        self.random.random_range(0..among.max(1))
    }

    fn stranger(&mut self, kind: &str) -> Value {
        let of_kind: Vec<Value> = self
            .strangers
            .iter()
            .filter(|(k, _)| *k == kind)
            .map(|(_, one)| one.clone())
            .collect();
        let index = self.pick(of_kind.len());
        let mut stranger = of_kind[index].clone();
        let id = stranger["id"].as_str().unwrap_or_default();
        if let Some(shown) = self.shown_as.get(id) {
            stranger["id"] = shown.as_str().into();
        }
        stranger
    }

    fn inwards(&mut self, mut request: Request) -> Request {
        for (outer, inner) in &self.leads_to {
            if id_in(&request.target) == Some(outer.as_str()) {
                request.target = request.target.replacen(outer.as_str(), inner, 1);
                break;
            }
        }
        if let Some(body) = &request.body {
            let mut text = String::from_utf8_lossy(body).into_owned();
            // By way of a mark, since two ids may lead to each other.
            for outer in self.leads_to.keys() {
                text = text.replace(outer.as_str(), &format!("<{outer}>"));
            }
            for (outer, inner) in &self.leads_to {
                text = text.replace(&format!("<{outer}>"), inner);
            }
            request.body = Some(text.into());
        }
        request
    }

    fn outwards(&mut self, sent: &Request, exchange: &mut Exchange) {
        if sent.method == Method::Post
            && let (Some(kind), Some(made)) = (kind_of(&sent.target), json_of(exchange))
            && let Some(id) = made["id"].as_str()
        {
            self.own.push((kind, id.to_owned()));
        }
        let Ok(response) = &mut exchange.outcome else {
            return;
        };
        let mut text = String::from_utf8_lossy(&response.body.bytes).into_owned();
        for inner in self.shown_as.keys() {
            text = text.replace(inner.as_str(), &format!("<{inner}>"));
        }
        for (inner, outer) in &self.shown_as {
            text = text.replace(&format!("<{inner}>"), outer);
        }
        response.body = Body::read(Bytes::from(text), None);
    }

    fn distort(&mut self, sent: &Request, exchange: &mut Exchange) {
        let Some(kind) = kind_of(&sent.target) else {
            return;
        };
        match (sent.method, id_in(&sent.target)) {
            (Method::Get, Some(id)) => self.distort_read(kind, id, exchange),
            (Method::Get, None) => self.distort_list(kind, exchange),
            (method, id) if method.is_write() => {
                let id = id.map(str::to_owned);
                self.distort_write(kind, id.as_deref(), exchange);
                if self.lies() {
                    self.swap(kind);
                }
                if let (Method::Delete, Some(id)) = (method, id.filter(|_| self.lies())) {
                    self.reuse(kind, &id);
                }
            }
            _ => {}
        }
    }

    /// It shows what is there, or nothing that can be read.
    fn distort_read(&mut self, kind: &str, id: &str, exchange: &mut Exchange) {
        if !self.lies() {
            return;
        }
        let is_reused = self.leads_to.contains_key(id);
        match self.pick(6) {
            0 => answer(exchange, 503, &json!({"status": "503"})),
            1 if !is_reused => answer(exchange, 404, &json!({"status": "404"})),
            2 => exchange.outcome = Err(closed()),
            3 => answer(exchange, 200, &json!([])),
            4 => {
                // Somebody else's id, in the right answer.
                if let Some(mut json) = json_of(exchange) {
                    json["id"] = self.stranger(kind)["id"].clone();
                    answer(exchange, 200, &json);
                }
            }
            _ => {
                if let Some(mut json) = json_of(exchange) {
                    for attribute in ["userName", "displayName", "emails", "externalId"] {
                        json.as_object_mut().unwrap().remove(attribute);
                    }
                    answer(exchange, 200, &json);
                }
            }
        }
    }

    fn distort_write(&mut self, kind: &str, id: Option<&str>, exchange: &mut Exchange) {
        if !self.lies() {
            return;
        }
        let stranger = self.stranger(kind);
        let json = json_of(exchange);
        match (self.pick(9), json) {
            (0, Some(mut json)) => {
                json["id"] = stranger["id"].clone();
                answer(exchange, 200, &json);
            }
            (1, Some(_)) => answer(exchange, 201, &stranger),
            (2, Some(_)) => answer(exchange, 201, &json!({"id": stranger["id"]})),
            (3, Some(mut json)) => {
                json.as_object_mut().unwrap().remove("id");
                answer(exchange, 201, &json);
            }
            (4, Some(mut json)) => {
                let known: Vec<_> = self.own.iter().filter(|(k, _)| *k == kind).collect();
                if let Some((_, other)) = known.first() {
                    json["id"] = other.as_str().into();
                    answer(exchange, 200, &json);
                }
            }
            (5, _) => exchange.outcome = Err(closed()),
            (6, _) => answer(exchange, 500, &json!({"status": "500"})),
            (7, _) => answer(exchange, 409, &stranger),
            (_, Some(_)) => answer(exchange, 200, &json!({})),
            (_, None) if id.is_none() => answer(exchange, 201, &stranger),
            (_, None) => answer(exchange, 200, &stranger),
        }
    }

    fn distort_list(&mut self, kind: &str, exchange: &mut Exchange) {
        if self.has_honest_lists || !self.lies() {
            return;
        }
        let Some(mut list) = json_of(exchange) else {
            return;
        };
        let stranger = self.stranger(kind);
        let attribute = if kind == "/Users" {
            "userName"
        } else {
            "displayName"
        };
        let rows = list["Resources"].as_array().cloned().unwrap_or_default();
        let rows = match self.pick(7) {
            0 => vec![stranger],
            1 => rows.into_iter().chain([stranger]).collect(),
            // The right name, and a stranger's id.
            2 => rows
                .into_iter()
                .map(|mut row| {
                    row["id"] = stranger["id"].clone();
                    row
                })
                .collect(),
            // A stranger's name, and the right id.
            3 => rows
                .into_iter()
                .map(|mut row| {
                    row[attribute] = stranger[attribute].clone();
                    row
                })
                .collect(),
            4 => Vec::new(),
            5 => return answer(exchange, 500, &json!({"status": "500"})),
            _ => return exchange.outcome = Err(closed()),
        };
        list["totalResults"] = rows.len().into();
        list["Resources"] = rows.into();
        answer(exchange, 200, &list);
    }

    /// From now on the id of one of the run leads to a stranger, and the other way round.
    fn swap(&mut self, kind: &str) {
        let own: Vec<String> = self
            .own
            .iter()
            .filter(|(k, _)| *k == kind)
            .map(|(_, id)| id.clone())
            .collect();
        if own.is_empty() {
            return;
        }
        let own = own[self.pick(own.len())].clone();
        let strangers: Vec<String> = self
            .strangers
            .iter()
            .filter(|(k, _)| *k == kind)
            .filter_map(|(_, one)| one["id"].as_str().map(str::to_owned))
            .collect();
        let stranger = strangers[self.pick(strangers.len())].clone();
        let touched = [&own, &stranger];
        let is_free =
            |id: &&String| !self.shown_as.contains_key(*id) && !self.leads_to.contains_key(*id);
        if !touched.iter().all(is_free) {
            return;
        }
        self.log
            .push(format!("from now on {own} and {stranger} are swapped"));
        for (a, b) in [(&own, &stranger), (&stranger, &own)] {
            self.leads_to.insert(a.clone(), b.clone());
            self.shown_as.insert(a.clone(), b.clone());
        }
    }

    /// The id of what was deleted leads to a stranger.
    fn reuse(&mut self, kind: &str, id: &str) {
        let stranger = self
            .strangers
            .iter()
            .find(|(k, _)| *k == kind)
            .and_then(|(_, one)| one["id"].as_str().map(str::to_owned));
        let is_free = !self.leads_to.contains_key(id) && !self.shown_as.contains_key(id);
        if let Some(stranger) = stranger.filter(|s| is_free && !self.shown_as.contains_key(s)) {
            self.log
                .push(format!("from now on {id} leads to {stranger}"));
            self.leads_to.insert(id.to_owned(), stranger.clone());
            self.shown_as.insert(stranger, id.to_owned());
        }
    }
}

fn closed() -> SendError {
    SendError::Closed {
        reason: "no answer came".to_owned(),
    }
}

/// A liar that also has faults of its own now and then.
pub(crate) fn policy(random: &mut ChaCha8Rng) -> Policy {
    if random.random_range(0..3) > 0 {
        return Policy::default();
    }
    let fault = Fault::ALL[random.random_range(0..Fault::ALL.len())];
    Policy::default().with_fault(fault)
}

/// Longer than no wait at all, so that what is repeated is repeated.
pub(crate) const SETTLE: Duration = Duration::from_millis(50);
