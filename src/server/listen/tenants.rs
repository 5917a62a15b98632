//! The tenants of one server, by the path of a request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

use super::Mode;
use crate::secret::Secret;
use crate::server::answer::Problem;
use crate::server::chaos::Chaos;
use crate::server::policy::Policy;
use crate::server::resource_type::ResourceTypes;
use crate::server::route::{percent_decode, percent_encode};
use crate::server::tenant::Tenant;

/// Tenants that one server makes; more names are answered 503.
const MOST_TENANTS: usize = 10_000;

/// What every tenant begins with.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) token: Option<Secret>,
    pub(super) policy: Policy,
    pub(super) chaos: Option<Chaos>,
    pub(super) resource_types: ResourceTypes,
    pub(super) me: Option<String>,
}

/// The tenants by name; the single one has the empty name.
#[derive(Debug)]
pub(super) struct Tenants {
    /// `http://127.0.0.1:PORT`
    origin: String,
    pub(super) mode: Mode,
    base_path: String,
    template: Template,
    by_name: Mutex<HashMap<String, Arc<Tenant>>>,
}

impl Tenants {
    pub(super) fn new(
        scheme: &str,
        address: SocketAddr,
        mode: Mode,
        base_path: String,
        template: Template,
    ) -> Self {
        Self {
            origin: format!("{scheme}://{address}"),
            mode,
            base_path,
            template,
            by_name: Mutex::default(),
        }
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn base_url(&self, name: Option<&str>) -> String {
        let (origin, path) = (&self.origin, &self.base_path);
        match name.filter(|name| !name.is_empty()) {
            None => format!("{origin}{path}"),
            Some(name) => format!("{origin}/{}{path}", percent_encode(name)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<Tenant>> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = by_name.get(name) {
            return Some(Arc::clone(tenant));
        }
        if by_name.len() >= MOST_TENANTS {
            return None;
        }
        let Template {
            token,
            policy,
            chaos,
            resource_types,
            me,
        } = self.template.clone();
        let tenant = Tenant::new(token, policy)
            .with_base_url(self.base_url(Some(name)))
            .with_resource_types(resource_types)
            .with_me(me);
        tenant.set_chaos(chaos.map(|chaos| chaos.of_tenant(name)));
        let tenant = Arc::new(tenant);
        by_name.insert(name.to_owned(), Arc::clone(&tenant));
        Some(tenant)
    }

    pub(super) fn remove(&self, name: &str) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(name);
    }

    /// The tenant that a path names, and the rest of the path.
    pub(super) fn of_path<'p>(&self, path: &'p str) -> Result<(Arc<Tenant>, &'p str), Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::NOT_FOUND,
                format!(
                    "There is no endpoint {path}; SCIM begins at {}",
                    self.base_url(None)
                ),
            )
        };
        let (name, rest) = match self.mode {
            Mode::Single => (String::new(), path),
            Mode::PerScenario => {
                let inner = path.strip_prefix('/').unwrap_or(path);
                let (name, _) = inner.split_once('/').ok_or_else(unknown)?;
                let rest = inner.get(name.len()..).unwrap_or_default();
                (percent_decode(name, false).ok_or_else(unknown)?, rest)
            }
        };
        let rest = rest
            .strip_prefix(self.base_path.as_str())
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or_else(unknown)?;
        let full = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many tenants");
        Ok((self.get(&name).ok_or_else(full)?, rest))
    }
}
