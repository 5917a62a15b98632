//! The admin face: what a test does to the server from outside of SCIM.
//!
//! Every operation is a JSON object, and so is its answer; `docs/admin-contract.md` is the
//! contract. The part of it in `outside` can be fulfilled by any service; the rest is about the
//! reference server itself.

mod face;
mod operation;
mod outcome;
mod outside;

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::chaos::Chaos;
use super::faults::Fault;
use super::policy::Policy;
use super::population::{DEFAULT_SEED, MOST_USERS};
use super::tenant::Tenant;
use super::traffic::{Entry, RequestLog};
pub(super) use face::Face;
use operation::Operation;
use outcome::{Outcome, Refused};
use outside::Which;

/// The version of the contract.
const CONTRACT: u32 = 1;

impl Tenant {
    /// Carries out an operation of the contract behind the back of SCIM clients; the answer,
    /// which has `"ok": true` or says why not. Operations on the server itself are refused.
    pub fn perform(&self, operation: &Value) -> Value {
        let outcome = Operation::read(operation).and_then(|operation| perform(self, operation));
        outcome::to_json(outcome).1
    }
}

/// One of the operations that any service can offer.
fn perform(tenant: &Tenant, operation: Operation) -> Outcome {
    match operation {
        Operation::ListOperations {} => Ok(listed(&operation::OUTSIDE)),
        Operation::CreateUser { user } => outside::created(tenant.seed_user(&user.into())),
        Operation::UpdateUser {
            id,
            user_name,
            changes,
        } => outside::update(tenant, &Which::user(id, user_name), changes),
        Operation::DeleteUser { id, user_name } => {
            outside::delete(tenant, &Which::user(id, user_name))
        }
        Operation::CreateGroup { group } => outside::created(tenant.seed_group(&group.into())),
        Operation::UpdateGroup {
            id,
            display_name,
            changes,
        } => outside::update(tenant, &Which::group(id, display_name), changes),
        Operation::AddMembers {
            id,
            display_name,
            members,
        } => outside::add_members(tenant, &Which::group(id, display_name), &members),
        Operation::RemoveMembers {
            id,
            display_name,
            members,
        } => outside::remove_members(tenant, &Which::group(id, display_name), &members),
        Operation::DeleteGroup { id, display_name } => {
            outside::delete(tenant, &Which::group(id, display_name))
        }
        _ => Err(Refused::bad_request(
            "this operation is for the admin face of a server",
        )),
    }
}

fn listed(names: &[&str]) -> Map<String, Value> {
    object(json!({"contract": CONTRACT, "operations": names}))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// One tenant with everything that its admin may look at and switch.
#[derive(Debug)]
pub(super) struct Admin {
    tenant: Arc<Tenant>,
    log: Arc<RequestLog>,
    /// How it behaved at the start: what a reset goes back to.
    policy: Policy,
    chaos: Option<Chaos>,
}

impl Admin {
    pub(super) fn new(tenant: Arc<Tenant>, log: Arc<RequestLog>) -> Self {
        Self {
            policy: tenant.policy(),
            chaos: tenant.chaos(),
            tenant,
            log,
        }
    }

    /// Carries out any operation: the status of an HTTP answer, and the answer.
    pub(super) fn perform(&self, operation: &Value) -> (StatusCode, Value) {
        let outcome = Operation::read(operation).and_then(|operation| self.outcome(operation));
        outcome::to_json(outcome)
    }

    fn outcome(&self, operation: Operation) -> Outcome {
        match operation {
            Operation::ListOperations {} => {
                Ok(listed(&[&operation::OUTSIDE[..], &operation::OWN].concat()))
            }
            Operation::Seed {
                users,
                groups,
                seed,
            } => self.seed(users, groups, seed),
            Operation::Dump {} => Ok(outside::dump(&self.tenant)),
            Operation::Reset {} => {
                self.tenant.clear();
                self.tenant.set_policy(self.policy.clone());
                self.tenant.set_chaos(self.chaos);
                self.log.clear();
                Ok(Map::new())
            }
            Operation::ListFaults {} => Ok(self.faults()),
            Operation::SetFaults { faults } => self.set_faults(&faults),
            Operation::SetChaos { seed, rate } => self.set_chaos(seed, rate),
            Operation::ListRequests { after } => {
                let (entries, seen) = self.log.after(after.unwrap_or(0));
                let entries: Vec<Value> = entries.iter().map(Entry::to_json).collect();
                Ok(object(json!({"requests": entries, "seen": seen})))
            }
            Operation::ClearRequests {} => {
                self.log.clear();
                Ok(Map::new())
            }
            other => perform(&self.tenant, other),
        }
    }

    fn seed(&self, users: usize, groups: Option<usize>, seed: Option<u64>) -> Outcome {
        if users > MOST_USERS {
            return Err(Refused::bad_request(format!(
                "seed: at most {MOST_USERS} users"
            )));
        }
        let seeded = self
            .tenant
            .populate(users, groups, seed.unwrap_or(DEFAULT_SEED));
        Ok(object(
            json!({"users": seeded.users, "groups": seeded.groups}),
        ))
    }

    fn faults(&self) -> Map<String, Value> {
        let policy = self.tenant.policy();
        let on: Vec<&str> = policy.faults().iter().map(|fault| fault.name()).collect();
        let known: Vec<Value> = Fault::ALL
            .iter()
            .map(|fault| json!({"name": fault.name(), "right": fault.right(), "wrong": fault.wrong()}))
            .collect();
        object(json!({"on": on, "known": known}))
    }

    fn set_faults(&self, names: &[String]) -> Outcome {
        // The freedoms stay; they are no faults.
        let freedoms = self.tenant.policy();
        let policy = freedoms
            .freedoms()
            .iter()
            .fold(Policy::default(), |policy, freedom| {
                policy.with_freedom(*freedom)
            });
        let policy = names.iter().try_fold(policy, |policy, name| {
            let fault = Fault::from_name(name).map_err(|e| Refused::not_found(e.to_string()))?;
            Ok::<_, Refused>(policy.with_fault(fault))
        })?;
        let on: Vec<&str> = policy.faults().iter().map(|fault| fault.name()).collect();
        let answer = object(json!({"on": on}));
        self.tenant.set_policy(policy);
        Ok(answer)
    }

    fn set_chaos(&self, seed: Option<u64>, rate: u8) -> Outcome {
        if rate > 100 {
            return Err(Refused::bad_request("set-chaos: rate is 0 to 100 percent"));
        }
        let seed = seed.or_else(|| Some(self.tenant.chaos()?.seed()));
        let seed = seed.unwrap_or(DEFAULT_SEED);
        let chaos = (rate > 0).then(|| Chaos::new(seed, rate));
        self.tenant.set_chaos(chaos);
        Ok(object(json!({"seed": seed, "rate": rate})))
    }
}
