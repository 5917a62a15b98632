use scim_conform::engine::{event::*, outcome::*, plan, run, settings::*};
use scim_conform::exchange::*;
use scim_conform::okta::{App, Behaviour, request::Client};
use scim_conform::scenario::{Context, catalog::Catalog, select::select};
use std::sync::Arc;
use std::time::Duration;
struct Quiet;
impl Listener for Quiet {
    fn on(&self, _: &Event<'_>) {}
}
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let base = BaseUrl::parse(&args[1]).unwrap();
    let checks: Vec<&str> = scim_conform::check::ALL.iter().map(|m| m.id).collect();
    let cat = match Catalog::embedded(Context { checks: &checks }) {
        Ok(c) => c,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    let sel: Vec<String> = args[2..].to_vec();
    let scen: Vec<_> = select(cat.scenarios(), &sel)
        .unwrap()
        .into_iter()
        .cloned()
        .map(Arc::new)
        .collect();
    let t = Pooled::new(scim_conform::exchange::Settings::new(base.clone())).unwrap();
    let token = scim_conform::secret::Secret::new("test-token");
    let settings = Arc::new(scim_conform::engine::settings::Settings {
        target: TargetInfo {
            url: base.to_string(),
            embedded: false,
            faults: vec![],
        },
        reach: Reach::Shared(Arc::new(t)),
        client: Client {
            authorization: Some(HeaderText::Secret(scim_conform::secret::Secret::new(
                "Bearer test-token",
            ))),
            extra: vec![],
        },
        credentials: vec![token],
        apps: App::ALL.to_vec(),
        variants: vec![],
        run_id: scim_conform::engine::cast::run_id(),
        seed: 1,
        settle: Duration::from_millis(500),
        patience: Duration::from_secs(30),
        concurrency: 4,
        rate: None,
        max_users: None,
        max_foreign_users: 200,
        email: None,
        user_attributes: vec![],
        cleanup: Cleanup::Delete,
        ledger: None,
        strict_rfc: false,
    });
    let (plan, parts) = plan::plan(plan::parts(&scen, &settings.apps, None), &settings);
    let r = run::run(
        settings,
        Arc::new(Behaviour::embedded().unwrap()),
        &plan,
        parts,
        Arc::new(Quiet),
        std::future::pending(),
    )
    .await
    .unwrap();
    for f in &r.findings {
        println!(
            "{} {:7} {} [{}] x{} {:?}\n   sent  {}\n   want  {}\n   got   {}  {}\n   sees  {:?}\n   at    {}\n   then  {:?}",
            f.id,
            f.level,
            f.check.id,
            f.facet,
            f.at.len(),
            f.kind,
            f.sent,
            f.wanted,
            f.got,
            f.pointer,
            f.okta_admin_sees,
            f.at.iter()
                .map(|a| format!(
                    "{}/{}/{}",
                    a.scenario,
                    a.app.map_or("probe", |a| a.as_str()),
                    a.step
                ))
                .take(4)
                .collect::<Vec<_>>()
                .join(", "),
            f.consequences
        );
    }
    for s in &r.scenarios {
        if let scim_conform::verdict::Outcome::NotRun(w) = &s.outcome {
            println!("NOT RUN {} {:?}: {w}", s.id, s.app);
        }
    }
    println!(
        "{:?} {} exchanges in {:?}; left {} broken {:?}; passed {} failed {}",
        r.verdicts,
        r.exchanges,
        r.duration,
        r.left_behind.len(),
        r.broken,
        r.count("passed"),
        r.count("failed")
    );
}
