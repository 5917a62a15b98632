//! What a run is going to do, before it does it.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::exchange::Method;
use crate::okta::App;
use crate::okta::request::Resource;
use crate::scenario::{Action, OktaAction, Requirement, Risk, Scenario, Step};

use super::outcome::Plan;
use super::settings::{Cleanup, Reach, Settings};

/// A scenario under one app.
#[derive(Clone, Debug)]
pub struct Part {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The app; none for a probe.
    pub app: Option<App>,
    /// Its number in the run, part of its names.
    pub ordinal: usize,
    /// The other kinds of app to which Okta sends exactly the same in it: what it shows, it shows for them as well.
    pub also: Vec<App>,
}

impl Part {
    /// Whether its scenario needs a tenant without users.
    #[must_use]
    pub fn needs_nobody(&self) -> bool {
        let empty = Requirement::Allowed(Risk::EmptyTenant);
        self.scenario.requires.contains(&empty)
    }

    /// Whether it writes what Okta would not: some of that stays in the target until the clean-up, and a server that has
    /// taken it may answer everybody otherwise.
    #[must_use]
    pub fn writes_odd_things(&self) -> bool {
        fn writes(step: &Step) -> bool {
            match &step.action {
                Action::Request(request) => request.method.is_write(),
                Action::Together(steps) => steps.iter().any(writes),
                _ => false,
            }
        }
        self.scenario.probe && self.scenario.steps.iter().any(writes)
    }

    /// The scenario as it is carried out: once, or once for each of the sizes when it scales.
    #[must_use]
    pub fn sized(&self, sizes: &[u32]) -> Vec<Arc<Scenario>> {
        if !self.scenario.scales {
            return vec![Arc::clone(&self.scenario)];
        }
        sizes
            .iter()
            .map(|size| Arc::new(self.scenario.sized(*size)))
            .collect()
    }
}

/// The plan, and the parts of it that will run.
#[must_use]
pub fn plan(parts: Vec<Part>, settings: &Settings) -> (Plan, Vec<Part>) {
    let mut plan = Plan {
        target: settings.target.clone(),
        scenarios: Vec::new(),
        not_run: Vec::new(),
        users: 0,
        groups: 0,
        requests: 0,
        lasts: None,
        example_login: format!("ada.{}0000@example.com", settings.run_id),
        example_group: format!("Crew {}0000", settings.run_id),
        run_id: settings.run_id.clone(),
    };
    if let Some(pattern) = &settings.email {
        plan.example_login = pattern.replace("{}", &format!("ada.{}0000", settings.run_id));
    }
    let mut running = Vec::new();
    for part in parts {
        let sized = part.sized(&settings.scale);
        let users = sized.iter().map(|scenario| users(scenario)).sum();
        match obstacle(&part, settings).or_else(|| too_many(users, plan.users, settings)) {
            Some(reason) => plan
                .not_run
                .push((part.scenario.id.clone(), part.app, reason)),
            None if is_the_same_again(&part, running.last(), settings) => {
                plan.scenarios.push((part.scenario.id.clone(), part.app));
                let before = running.last_mut().map(|before: &mut Part| &mut before.also);
                before
                    .zip(part.app)
                    .into_iter()
                    .for_each(|(also, app)| also.push(app));
            }
            None => {
                plan.users += users;
                plan.groups += sized.iter().map(|scenario| groups(scenario)).sum::<u64>();
                plan.requests += sized.iter().map(|scenario| requests(scenario)).sum::<u64>();
                plan.scenarios.push((part.scenario.id.clone(), part.app));
                running.push(part);
            }
        }
    }
    if matches!(settings.reach, Reach::Shared(_)) && settings.cleanup != Cleanup::Nothing {
        // Whose it is, is read before each is removed.
        plan.requests += 2 * (plan.users + plan.groups);
    }
    // What lists everything runs alone, and last.
    running.sort_by_key(|p| p.scenario.exclusive);
    (plan, running)
}

/// How long so many requests will take, when each is answered after `latency`: as many are under way as the user allows,
/// but not at every moment.
#[must_use]
pub fn lasts(requests: u64, latency: Duration, settings: &Settings) -> Duration {
    const SHARE_OF_LANES: f64 = 0.65;
    #[allow(clippy::cast_precision_loss, reason = "about so many")]
    let (requests, lanes) = (requests as f64, settings.concurrency.max(1) as f64);
    let by_latency = requests * latency.as_secs_f64() / (lanes * SHARE_OF_LANES).max(1.0);
    let by_rate = settings.rate.map_or(0.0, |rate| requests / rate.max(1e-3));
    Duration::try_from_secs_f64(by_latency.max(by_rate)).unwrap_or(Duration::MAX)
}

/// Whether `before` plays the same scenario for another kind of app, with the same requests.
fn is_the_same_again(part: &Part, before: Option<&Part>, settings: &Settings) -> bool {
    let same = before.is_some_and(|before| before.scenario.id == part.scenario.id);
    let required = |required: &Requirement| matches!(required, Requirement::Variant(_));
    let has_variants = !settings.variants.is_empty()
        || !part.scenario.variants.is_empty()
        || part.scenario.requires.iter().any(required);
    same && !has_variants && is_the_same_for_all_apps(&part.scenario)
}

/// Whether a step makes groups that Okta knows without a push of its own.
fn links_groups(step: &Step) -> bool {
    matches!(step.action, Action::Seed { linked: true, .. })
}

/// Whether Okta sends exactly the same in a scenario, whichever kind of app it is: creates, links, profile pushes and
/// imports of users. It differs where users are deactivated, and in everything about groups.
#[must_use]
pub fn is_the_same_for_all_apps(scenario: &Scenario) -> bool {
    fn is_the_same(step: &Step) -> bool {
        let action = match &step.action {
            Action::Okta(
                OktaAction::TestConnection
                | OktaAction::Assign(_)
                | OktaAction::PushProfile(_)
                | OktaAction::Suspend(_)
                | OktaAction::ImportUsers,
            )
            | Action::Change { .. }
            | Action::Observe(_)
            | Action::Seed { .. } => true,
            Action::Together(steps) => steps.iter().all(is_the_same),
            Action::Okta(_) | Action::Request(_) | Action::Outside(_) => false,
        };
        action && step.only.is_none()
    }
    // Whoever is linked while a group of hers is pushed, is followed by a push of that group.
    let has_pushed_groups = !scenario.groups.is_empty() && scenario.steps.iter().any(links_groups);
    !has_pushed_groups && scenario.steps.iter().all(is_the_same)
}

/// Users that a scenario creates under one app, over all its rows, at most: its people, and those whom its literal
/// requests may make.
#[must_use]
pub fn users(scenario: &Scenario) -> u64 {
    let rows = scenario.cases.len().max(1) as u64;
    let literal: u64 = scenario.steps.iter().map(literal_users).sum();
    rows * (scenario.people.len() as u64 + u64::from(scenario.crowd) + literal)
}

fn literal_users(step: &Step) -> u64 {
    let once = match &step.action {
        Action::Request(request) => {
            let path = request.path.split('?').next().unwrap_or_default();
            let is_create = path.trim_end_matches('/') == Resource::User.endpoint();
            u64::from(request.method == Method::Post && is_create)
        }
        Action::Together(steps) => steps.iter().map(literal_users).sum(),
        _ => 0,
    };
    once * u64::from(step.times.max(1))
}

fn groups(scenario: &Scenario) -> u64 {
    scenario.cases.len().max(1) as u64 * scenario.groups.len() as u64
}

/// A rough number: an assignment takes four requests and a write two more to read it back.
fn requests(scenario: &Scenario) -> u64 {
    let rows = scenario.cases.len().max(1) as u64;
    let steps: u64 = scenario
        .steps
        .iter()
        .map(|s| step_requests(s) * u64::from(s.times.max(1)))
        .sum();
    rows * steps
}

fn step_requests(step: &Step) -> u64 {
    match &step.action {
        Action::Okta(
            OktaAction::Assign(keys)
            | OktaAction::Unassign(keys)
            | OktaAction::Deactivate(keys)
            | OktaAction::Reactivate(keys)
            | OktaAction::PushProfile(keys)
            | OktaAction::SyncPassword(keys),
        ) => 5 * keys.len() as u64,
        Action::Okta(OktaAction::Suspend(_)) | Action::Change { .. } => 0,
        Action::Okta(_) => 8,
        Action::Observe(observes) => 2 * observes.len() as u64,
        Action::Request(_) | Action::Outside(_) => 1,
        Action::Seed { keys, .. } => keys.len() as u64,
        Action::Together(steps) => steps
            .iter()
            .map(|step| step_requests(step) * u64::from(step.times.max(1)))
            .sum(),
    }
}

fn obstacle(part: &Part, settings: &Settings) -> Option<String> {
    for requirement in &part.scenario.requires {
        let missing = match requirement {
            Requirement::Variant(variant) => {
                let on = settings.as_required || settings.variants.contains(variant);
                (!on).then(|| format!("nobody has recorded it; try it with --variant {variant}"))
            }
            Requirement::WithoutVariant(variant) => settings
                .variants
                .contains(variant)
                .then(|| format!("means something else under --variant {variant}")),
            Requirement::Claim(claim) => (!settings.claims.contains(claim)).then(|| {
                format!(
                    "only for a server that {}; if yours does, say --claim {}",
                    claim.has(),
                    claim.as_str()
                )
            }),
            Requirement::Outside => settings.insider.is_none().then(|| {
                "needs something done in your product behind Okta's back; --hook CMD lets it (docs/admin-contract.md)"
                    .to_owned()
            }),
            Requirement::OtherTarget => settings.other.is_none().then(|| {
                "needs a second tenant; name it with --other-target URL and its token".to_owned()
            }),
            Requirement::Allowed(risk) => {
                let alone = matches!(settings.reach, Reach::Isolated(_));
                let allowed = settings.allowed.contains(risk) || alone && risk.is_harmless_alone();
                (!allowed)
                    .then(|| format!("{}; allow it with --allow {}", risk.stake(), risk.as_str()))
            }
        };
        if missing.is_some() {
            return missing;
        }
    }
    None
}

/// Why a scenario may not make its users, when those before it make so many.
fn too_many(users: u64, before: u64, settings: &Settings) -> Option<String> {
    let needs = || match users {
        1 => "needs 1 user".to_owned(),
        _ => format!("needs {users} users"),
    };
    if let Some(most) = settings.max_users.filter(|most| users > *most) {
        return Some(format!("{}; raise --max-users (now {most})", needs()));
    }
    if let Some(most) = settings.max_users_at_once.filter(|most| users > *most) {
        return Some(format!(
            "{} at a time; raise --max-users-at-once (now {most})",
            needs()
        ));
    }
    let most = settings.max_users.filter(|most| before + users > *most)?;
    Some(format!(
        "the scenarios before it make all the users that may be made; raise --max-users (now {most})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::scenario::Context;
    use crate::scenario::catalog::Catalog;

    #[test]
    fn probes_that_write_are_told_from_those_that_read() {
        let checks: Vec<_> = check::ALL.iter().map(|check| check.id).collect();
        let catalog = Catalog::embedded(Context { checks: &checks }).unwrap();
        let odd = |id: &str| {
            let scenario = catalog.scenarios().iter().find(|s| s.id.0 == id);
            let part = Part {
                scenario: Arc::new(scenario.expect("it is there").clone()),
                app: None,
                ordinal: 0,
                also: Vec::new(),
            };
            part.writes_odd_things()
        };
        for id in ["errors/malformed-bodies", "profile/empty-values"] {
            assert!(odd(id), "{id}");
        }
        for id in [
            "users/other-identifiers",
            "users/create",
            "rename/login-and-email",
        ] {
            assert!(!odd(id), "{id}");
        }
    }
}
