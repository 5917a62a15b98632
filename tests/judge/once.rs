//! Scenarios in which Okta sends the same to both kinds of app are played once. That it is the same is held here.

use std::sync::Arc;
use std::time::Duration;

use scim_conform::engine::ledger::NAME_TAIL;
use scim_conform::engine::plan::is_the_same_for_all_apps;
use scim_conform::engine::settings::Reach;
use scim_conform::exchange::Transport;
use scim_conform::okta::App;
use scim_conform::scenario::Scenario;
use scim_conform::secret::Secret;
use scim_conform::server::{InProcess, Policy, Tenant};
use scim_conform::snapshot::{RunNames, Transcript};

use crate::bench::{self, Bench, TOKEN};

/// What goes over the wire in each of the scenarios, as one kind of app.
fn transcripts(bench: &Bench, app: App) -> Vec<(String, String)> {
    let reach = Reach::Isolated(Arc::new(|_: &str| -> Arc<dyn Transport> {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), Policy::default());
        Arc::new(InProcess::new(Arc::new(tenant)))
    }));
    let mut settings = bench::settings(reach, Duration::ZERO);
    settings.apps = vec![app];
    let (_, result) = bench::on_virtual_time(bench.play_by(settings));
    let names = RunNames {
        run_id: result.run_id.clone(),
        tail: NAME_TAIL,
        base_url: result.target.url.clone(),
        host: "localhost".to_owned(),
    };
    let each = result.scenarios.iter();
    each.map(|scenario| {
        let transcript = Transcript::of(scenario, &names);
        (scenario.id.0.clone(), format!("{transcript:#?}"))
    })
    .collect()
}

#[test]
fn what_is_played_once_is_the_same_for_each_kind_of_app() {
    let whole = Bench::new(&[]);
    let is_once = |scenario: &&Arc<Scenario>| {
        !scenario.probe && scenario.apps.len() > 1 && is_the_same_for_all_apps(scenario)
    };
    let once: Vec<_> = whole.scenarios().iter().filter(is_once).cloned().collect();
    assert!(once.len() > 30, "{}", once.len());
    let bench = whole.with(once);
    let (custom, oin) = (
        transcripts(&bench, App::Custom),
        transcripts(&bench, App::Oin),
    );
    assert_eq!(custom.len(), oin.len());
    for (custom, oin) in custom.into_iter().zip(oin) {
        assert_eq!(custom, oin);
    }
}
