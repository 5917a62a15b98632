//! Whoever does things behind Okta's back: somebody in the product itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

/// What comes of an operation, later.
pub type Performing<'a> = Pin<Box<dyn Future<Output = Result<Value, String>> + Send + 'a>>;

/// Carries out operations of the admin contract (`docs/admin-contract.md`) at one tenant.
pub trait Insider: Send + Sync {
    /// Does what `operation` says; the answer is an object with `ok`. The error is for people: why there is no answer.
    fn perform<'a>(&'a self, operation: &'a Value) -> Performing<'a>;
}

/// The insider of the tenant of that name.
pub type TenantInsider = Arc<dyn Fn(&str) -> Arc<dyn Insider> + Send + Sync>;
