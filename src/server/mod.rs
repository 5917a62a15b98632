//! The reference SCIM 2.0 service provider: known good, with faults that can be switched on.
//!
//! [`Tenant::handle`] is the whole server without a socket; [`Server`] puts it on a loopback
//! port, [`InProcess`] behind the seam of Okta's client. Only the command line and tests may
//! name this module: the judge never certifies with what it judges by.
//!
//! A request goes through `route`, `request`, `faults::refuse` and `faults::amend`, one of `users`, `groups`,
//! `listing`, `discovery`, and `faults::rewrite`. `evaluate` decides filters, `patch` applies
//! PATCH, `ingest` takes values into the schema's shape, `store` keeps them: as text
//! (`attributes`), by what can be looked up (`index`), in the order of creation (`ranks`).

mod admin;
mod answer;
mod attributes;
mod bulk;
mod chaos;
mod discovery;
mod entitlements;
mod evaluate;
mod faults;
mod fold;
mod freedoms;
mod groups;
mod in_process;
mod index;
mod ingest;
mod limits;
mod listen;
mod listing;
mod membership;
mod object;
mod patch;
mod policy;
mod population;
mod projection;
mod ranks;
mod request;
mod resource;
mod resource_type;
mod route;
mod rules;
mod sort;
mod state;
mod store;
mod tenant;
mod tls;
mod traffic;
mod users;

pub use answer::WireEffect;
pub use chaos::{Chaos, DEFAULT_RATE};
pub use faults::{Family, Fault, UnknownName};
pub use freedoms::Freedom;
pub use in_process::InProcess;
pub use listen::{Bound, Limits, Mode, Options, Running, Server, StartError};
pub use policy::Policy;
pub use population::{DEFAULT_SEED, MOST_USERS, Seeded};
pub use resource_type::{ExtensionError, ResourceTypes};
pub use state::{Holding, StateError};
pub use tenant::{SeedError, Tenant};
pub use tls::{Tls, TlsError};
pub use traffic::{Entry, Observer};
