//! One isolated SCIM service provider: a store, a token, a policy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Map, Value};

use super::answer::{Answer, PLAIN_JSON, Problem, SCIM_JSON};
use super::chaos::{Chaos, Storm};
use super::faults::amend::amend;
use super::faults::rewrite::{self, Asked};
use super::faults::{Fault, refuse, seldom};
use super::index::Indexed;
use super::policy::Policy;
use super::request::Incoming;
use super::resource::{self, Context};
use super::resource_type::{Kind, ResourceTypes};
use super::route::Route;
use super::store::{Id, Shared, Store};
use super::{bulk, discovery, entitlements, groups, listing, users};
use crate::secret::Secret;

/// A service provider that can be called without a socket; share it in an `Arc`.
#[derive(Debug)]
pub struct Tenant {
    store: Shared,
    token: Option<Secret>,
    conduct: RwLock<Arc<Conduct>>,
    base_url: String,
    types: ResourceTypes,
    me: Option<String>,
    requests: AtomicU64,
    writes: AtomicU64,
    /// Counts what may have changed the store.
    changes: AtomicU64,
}

/// What can be switched while requests are served; each keeps the one that it began with.
#[derive(Debug, Default)]
struct Conduct {
    policy: Policy,
    storm: Option<Storm>,
}

/// One request to a tenant, under the policy that it began with.
struct Serving<'a> {
    tenant: &'a Tenant,
    policy: &'a Policy,
}

/// Why a seed was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the seed is not a valid resource: {detail}")]
pub struct SeedError {
    detail: String,
    taken: bool,
}

impl SeedError {
    /// Whether there is somebody of that name already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.taken
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Problem> for SeedError {
    fn from(problem: Problem) -> Self {
        Self {
            taken: problem.status == StatusCode::CONFLICT,
            detail: problem.detail,
        }
    }
}

/// Files a new resource with these attributes.
pub(super) type Insert = fn(Context<'_>, &mut Store, &Map<String, Value>) -> Result<Id, Problem>;

impl Tenant {
    /// An empty service provider. Without a token it serves everybody.
    #[must_use]
    pub fn new(token: Option<Secret>, policy: Policy) -> Self {
        Self {
            store: Shared::default(),
            token,
            conduct: RwLock::new(Arc::new(Conduct {
                policy,
                storm: None,
            })),
            base_url: "http://localhost/scim/v2".to_owned(),
            types: ResourceTypes::default(),
            me: None,
            requests: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            changes: AtomicU64::new(0),
        }
    }

    /// The same under another base URL, which shows in `meta.location` and `Location`.
    #[must_use]
    pub fn with_base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        let without_slash = self.base_url.trim_end_matches('/').len();
        self.base_url.truncate(without_slash);
        self
    }

    /// The same with other resource types.
    #[must_use]
    pub fn with_resource_types(mut self, types: ResourceTypes) -> Self {
        self.types = types;
        self
    }

    /// The same with a token that belongs to the user of that name, who answers at `/Me`.
    #[must_use]
    pub fn with_me(mut self, user_name: Option<String>) -> Self {
        self.me = user_name;
        self
    }

    /// What `meta.location` begins with; without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How this service provider behaves from the next request on.
    pub fn set_policy(&self, policy: Policy) {
        self.switch(|conduct| Conduct {
            policy,
            storm: conduct.storm.clone(),
        });
    }

    /// How this service provider behaves.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.conduct().policy.clone()
    }

    /// Disturbs answers from the next request on, which counts as the first; `None` ends it.
    pub fn set_chaos(&self, chaos: Option<Chaos>) {
        self.switch(|conduct| Conduct {
            policy: conduct.policy.clone(),
            storm: chaos.map(Storm::new),
        });
    }

    /// How answers are disturbed, if they are.
    #[must_use]
    pub fn chaos(&self) -> Option<Chaos> {
        self.conduct().storm.as_ref().map(Storm::chaos)
    }

    /// Serves one request, whose path is relative to the base URL. What no HTTP message can
    /// say about the answer is a [`super::WireEffect`] among the response's extensions.
    pub fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let conduct = self.conduct();
        let serving = Serving {
            tenant: self,
            policy: &conduct.policy,
        };
        match &conduct.storm {
            None => serving.handle(request),
            Some(storm) => storm.pass(|| serving.handle(request)),
        }
    }

    /// The answer to a request that may not come in, whatever its body is; `None` lets it in.
    pub(super) fn turn_away(&self, head: &Parts) -> Option<Response<Bytes>> {
        let conduct = self.conduct();
        let serving = Serving {
            tenant: self,
            policy: &conduct.policy,
        };
        let authorization = text(&head.headers, header::AUTHORIZATION);
        serving.authorise(authorization).err()?;
        let refuse = || serving.handle(Request::from_parts(head.clone(), Bytes::new()));
        Some(match &conduct.storm {
            None => refuse(),
            Some(storm) => storm.pass(refuse),
        })
    }

    /// Puts a user in as if it had been there before SCIM; its id.
    ///
    /// # Errors
    /// When the attributes are not those of a user, or the userName is taken.
    pub fn seed_user(&self, attributes: &Value) -> Result<String, SeedError> {
        self.seed(Kind::User, attributes, users::insert)
    }

    /// Puts a group in as if it had been there before SCIM; its id.
    ///
    /// # Errors
    /// When the attributes are not those of a group, or a member does not exist.
    pub fn seed_group(&self, attributes: &Value) -> Result<String, SeedError> {
        self.seed(Kind::Group, attributes, groups::insert)
    }

    /// Puts a role in, for Okta to govern; its id.
    ///
    /// # Errors
    /// When the attributes are not those of a role.
    pub fn seed_role(&self, attributes: &Value) -> Result<String, SeedError> {
        self.seed(Kind::Role, attributes, |context, store, body| {
            entitlements::insert(context, store, Kind::Role, body)
        })
    }

    /// Puts an entitlement in, for Okta to govern; its id.
    ///
    /// # Errors
    /// When the attributes are not those of an entitlement.
    pub fn seed_entitlement(&self, attributes: &Value) -> Result<String, SeedError> {
        self.seed(Kind::Entitlement, attributes, |context, store, body| {
            entitlements::insert(context, store, Kind::Entitlement, body)
        })
    }

    /// Deletes a user as an administrator of the service would; whether there was one.
    pub fn remove_user(&self, id: &str) -> bool {
        self.write().remove(Kind::User, id).is_some()
    }

    /// Deletes a group as an administrator of the service would; whether there was one.
    pub fn remove_group(&self, id: &str) -> bool {
        self.write().remove(Kind::Group, id).is_some()
    }

    /// Takes out every user and every group, and counts requests anew.
    pub fn clear(&self) {
        *self.write() = Store::default();
        self.requests.store(0, Ordering::Relaxed);
        self.writes.store(0, Ordering::Relaxed);
    }

    fn seed(&self, kind: Kind, attributes: &Value, insert: Insert) -> Result<String, SeedError> {
        let Some(attributes) = attributes.as_object() else {
            return Err(Problem::invalid_value("not a JSON object").into());
        };
        let conduct = self.conduct();
        let context = self.context(&conduct.policy);
        let mut store = self.write();
        let id = insert(context, &mut store, attributes)?;
        if let Some(record) = store.of_mut(kind).get_mut(&id) {
            record.seeded = true;
        }
        Ok(id.to_string())
    }

    /// What an operation needs beside the store.
    pub(super) fn context<'a>(&'a self, policy: &'a Policy) -> Context<'a> {
        Context {
            policy,
            base_url: &self.base_url,
            types: &self.types,
        }
    }

    fn conduct(&self) -> Arc<Conduct> {
        let conduct = self.conduct.read();
        Arc::clone(&conduct.unwrap_or_else(PoisonError::into_inner))
    }

    fn switch(&self, next: impl FnOnce(&Conduct) -> Conduct) {
        let mut conduct = self.conduct.write().unwrap_or_else(PoisonError::into_inner);
        *conduct = Arc::new(next(&conduct));
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read()
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Store> {
        let store = self.store.write();
        // Under the lock: who reads the store sees the number that belongs to it.
        self.changes.fetch_add(1, Ordering::Relaxed);
        store
    }

    /// A number that is another one once the store may have changed.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}

impl Serving<'_> {
    fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let method = request.method().clone();
        let path = request.uri().path();
        let route = Route::of(path).or_else(|| {
            let below = path.trim_start_matches('/').split_once('/');
            below
                .filter(|_| self.policy.has(Fault::AnyPathServed))
                .and_then(|(_, below)| Route::of(below))
        });
        let authorization = text(request.headers(), header::AUTHORIZATION).map(str::to_owned);
        let plain_json = wants_plain_json(request.headers());
        let mut incoming = None;
        let served = self
            .authorise(authorization.as_deref())
            .map_err(Box::from)
            .and_then(|()| self.serve(request, route.clone(), &mut incoming));
        let asked = Asked {
            method: &method,
            route: route.as_ref(),
            authorization: authorization.as_deref(),
            incoming: incoming.as_ref(),
            users: self.users(),
        };
        let answer = served.unwrap_or_else(|refused| *refused);
        let mut response = rewrite::answer(self.policy, &asked, answer).into_response();
        if plain_json
            && let Some(media_type) = response.headers_mut().get_mut(header::CONTENT_TYPE)
            && media_type == SCIM_JSON
        {
            *media_type = HeaderValue::from_static(PLAIN_JSON);
        }
        response
    }

    fn context(&self) -> Context<'_> {
        self.tenant.context(self.policy)
    }

    /// How many users there are; only a fault wants to know.
    fn users(&self) -> u32 {
        if self.policy.is_known_good() {
            return 0;
        }
        u32::try_from(self.read().of(Kind::User).len()).unwrap_or(u32::MAX)
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.tenant.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Store> {
        self.tenant.write()
    }

    /// `Authorization: Bearer <token>` (RFC 6750, 2.1).
    fn authorise(&self, authorization: Option<&str>) -> Result<(), Problem> {
        let Some(token) = &self.tenant.token else {
            return Ok(());
        };
        let has = |fault| self.policy.has(fault);
        if let Some(text) = authorization
            && text.ends_with(token.expose())
            && seldom::fails_on_spelling(self.policy, text)
        {
            return Err(Problem::internal("null"));
        }
        let granted = match authorization {
            None => has(Fault::MissingTokenAccepted),
            Some(_) if has(Fault::AnyTokenAccepted) => true,
            Some(text) => match text.split_once(' ') {
                Some((scheme, given)) => {
                    let bearer = scheme.eq_ignore_ascii_case("Bearer");
                    given.trim() == token.expose() && (bearer || has(Fault::BareTokenAccepted))
                }
                None => text == token.expose() && has(Fault::BareTokenAccepted),
            },
        };
        if granted {
            return Ok(());
        }
        let detail = if authorization.is_some() {
            "The token is not valid"
        } else {
            "A token is needed: Authorization: Bearer <token>"
        };
        Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
    }

    fn serve(
        &self,
        mut request: Request<Bytes>,
        route: Option<Route>,
        kept: &mut Option<Incoming>,
    ) -> Result<Answer, Box<Answer>> {
        self.limit_rate()?;
        let path = request.uri().path();
        seldom::by_line(self.policy, request.method(), path)?;
        let route = route.ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                format!("There is no endpoint {path}"),
            )
        })?;
        refuse::by_head(
            self.context(),
            request.method(),
            path,
            &route,
            request.headers(),
        )?;
        seldom::by_headers(self.policy, request.headers())?;
        seldom::read_body(self.policy, &mut request);
        if route == Route::Bulk {
            bulk::check_size(request.body().len())?;
        }
        let mut incoming = Incoming::read(request, route)?;
        if self.policy.is_known_good() {
            return Ok(self.dispatch(&incoming)?);
        }
        *kept = Some(incoming.clone());
        if let Some(answer) = refuse::instead(self.policy, &self.read(), &incoming)? {
            return Ok(answer);
        }
        if let Some(answer) = seldom::instead(self.policy, &self.read(), &incoming)? {
            return Ok(answer);
        }
        amend(self.policy, &mut incoming);
        seldom::amend(self.policy, &mut incoming);
        let nth = self.count_write(&incoming.method);
        if nth && self.policy.has(Fault::EveryThirdWrite500) {
            return Err(Problem::internal("Optimistic lock failed").into());
        }
        let answer = self.dispatch(&incoming)?;
        if nth && self.policy.has(Fault::EveryThirdWriteStored500) {
            return Err(Problem::internal("Gateway failed").into());
        }
        Ok(answer)
    }

    /// Whether this is a third write.
    fn count_write(&self, method: &Method) -> bool {
        let writes = !matches!(*method, Method::GET | Method::HEAD);
        writes
            && self
                .tenant
                .writes
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_add(1)
                .is_multiple_of(3)
    }

    fn limit_rate(&self) -> Result<(), Box<Answer>> {
        let limits =
            self.policy.has(Fault::RateLimited) || self.policy.has(Fault::RetryAfterAsDate);
        let count = self
            .tenant
            .requests
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        if !limits || !count.is_multiple_of(5) {
            return Ok(());
        }
        let answer = Answer::from(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
        ));
        if self.policy.has(Fault::RetryAfterAsDate) {
            let date = "Wed, 21 Oct 2099 07:28:00 GMT";
            return Err(Box::new(answer.with_header(header::RETRY_AFTER, date)));
        }
        Err(Box::new(answer))
    }

    fn dispatch(&self, incoming: &Incoming) -> Result<Answer, Problem> {
        let context = self.context();
        let route = &incoming.route;
        let method = match &incoming.method {
            method if *method == Method::HEAD => &Method::GET,
            method => method,
        };
        match (route, method) {
            (Route::Collection(kind), &Method::GET)
            | (Route::Search(Some(kind)), &Method::POST) => self.list(*kind, incoming),
            (Route::Root, &Method::GET) | (Route::Search(None), &Method::POST) => {
                listing::list_all(context, &self.tenant.store, &incoming.query)
            }
            (Route::Bulk, &Method::POST) => {
                bulk::bulk(context, incoming, &|incoming| self.dispatch(incoming))
            }
            (Route::Me, &Method::GET | &Method::PUT | &Method::PATCH | &Method::DELETE) => {
                self.me(incoming)
            }
            (Route::Collection(kind), &Method::POST) => self.create(*kind, incoming),
            (Route::Resource(kind, id), &Method::GET) => {
                resource::get(context, &self.read(), *kind, id, incoming)
            }
            (Route::Resource(Kind::User, id), &Method::PUT) => {
                users::replace(context, &mut self.write(), id, incoming)
            }
            (Route::Resource(Kind::User, id), &Method::PATCH) => {
                users::modify(context, &mut self.write(), id, incoming)
            }
            (Route::Resource(Kind::Group, id), &Method::PUT) => {
                groups::replace(context, &mut self.write(), id, incoming)
            }
            (Route::Resource(Kind::Group, id), &Method::PATCH) => {
                groups::modify(context, &mut self.write(), id, incoming)
            }
            (Route::Resource(kind, id), &Method::PUT | &Method::PATCH) => {
                entitlements::change(context, &mut self.write(), *kind, id, incoming)
            }
            (Route::Resource(kind, id), &Method::DELETE) => {
                resource::delete(context, &mut self.write(), *kind, id, &incoming.headers)
            }
            (route, &Method::GET) if route.is_discovery() && incoming.query.filter.is_some() => {
                // RFC 7644, 4: a filter here is refused, lest a client take all for its hits.
                let detail = "What the service provider says about itself cannot be filtered";
                Err(Problem::new(StatusCode::FORBIDDEN, detail))
            }
            (Route::ServiceProviderConfig, &Method::GET) => {
                Ok(discovery::service_provider_config(context))
            }
            (Route::ResourceTypes(id), &Method::GET) => {
                discovery::resource_types(context, id.as_deref())
            }
            (Route::Schemas(id), &Method::GET) => discovery::schemas(context, id.as_deref()),
            _ => Ok(method_not_allowed(route, &incoming.method)),
        }
    }

    fn list(&self, kind: Kind, incoming: &Incoming) -> Result<Answer, Problem> {
        let mut answer = listing::list(self.context(), &self.tenant.store, kind, &incoming.query)?;
        if self.policy.lists_first_names() && incoming.query.filter.is_none() {
            listing::show_first_names(&self.read(), &mut answer);
        }
        let missed = incoming.query.filter.is_some()
            && answer.object().and_then(|body| body.get("totalResults")) == Some(&Value::from(0));
        if missed && kind == Kind::User && self.policy.has(Fault::LookupMissAnswersStranger) {
            let query = refuse::first_of_all(&incoming.query);
            return listing::list(self.context(), &self.tenant.store, kind, &query);
        }
        Ok(answer)
    }

    /// `/Me`: the user whom the token belongs to, under the user's own URL as well
    /// (RFC 7644, 3.11).
    fn me(&self, incoming: &Incoming) -> Result<Answer, Problem> {
        let Some(name) = &self.tenant.me else {
            return Err(Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                "The token belongs to no user",
            ));
        };
        let id = self
            .read()
            .of(Kind::User)
            .lookup(Indexed::UserName, name)
            .next()
            .map(|record| record.id.clone())
            .ok_or_else(|| Problem::not_found("Me"))?;
        let answer = self.dispatch(&Incoming {
            route: Route::Resource(Kind::User, id.to_string()),
            ..incoming.clone()
        })?;
        let location = resource::location(self.context(), Kind::User, &id);
        Ok(answer.with_header(header::LOCATION, location))
    }

    fn create(&self, kind: Kind, incoming: &Incoming) -> Result<Answer, Problem> {
        let context = self.context();
        let mut store = self.write();
        let id = match refuse::stranger(self.policy, &store, incoming) {
            Some(id) => id,
            None => {
                let body = incoming.object()?;
                match kind {
                    Kind::User => users::insert(context, &mut store, body)?,
                    Kind::Group => groups::insert(context, &mut store, body)?,
                    Kind::Role | Kind::Entitlement => {
                        entitlements::insert(context, &mut store, kind, body)?
                    }
                }
            }
        };
        let record = resource::visible(self.policy, &store, kind, &id)?;
        let (created, query) = (StatusCode::CREATED, &incoming.query);
        Ok(resource::answer(
            context, &store, kind, record, created, query,
        ))
    }
}

fn method_not_allowed(route: &Route, method: &Method) -> Answer {
    let detail = format!("{method} is not allowed here");
    Answer::from(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail))
        .with_header(header::ALLOW, route.methods())
}

/// Whether the client takes `application/json`, but not SCIM's own media type (RFC 7644, 3.1).
fn wants_plain_json(headers: &HeaderMap) -> bool {
    let mut plain = false;
    for value in headers.get_all(header::ACCEPT) {
        let ranges = value.to_str().unwrap_or_default().split(',');
        for range in ranges.map(|range| range.split(';').next().unwrap_or_default().trim()) {
            let is = |media_type: &str| range.eq_ignore_ascii_case(media_type);
            if is(SCIM_JSON) || is("application/*") || is("*/*") {
                return false;
            }
            plain |= is(PLAIN_JSON);
        }
    }
    plain
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
