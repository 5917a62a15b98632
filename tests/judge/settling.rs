//! A server may take its time, and the run waits for it, within bounds. In real time, unlike the matrix.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::{self, Bench, TOKEN};
use scim_conform::engine::settings::Reach;
use scim_conform::exchange::Transport;
use scim_conform::secret::Secret;
use scim_conform::server::{Fault, InProcess, Policy, Tenant};

async fn findings(fault: Fault, settle: Duration) -> Vec<String> {
    let policy = Policy::default().with_fault(fault);
    let reach = Reach::Isolated(Arc::new(move |_: &str| -> Arc<dyn Transport> {
        let tenant = Tenant::new(Some(Secret::new(TOKEN)), policy.clone());
        Arc::new(InProcess::new(Arc::new(tenant)))
    }));
    bench::lines(
        &Bench::new(&["users/create-minimal"])
            .play(reach, settle)
            .await,
    )
}

#[tokio::test]
async fn what_becomes_visible_in_time_is_a_note() {
    assert_eq!(
        findings(Fault::LookupLags, Duration::from_secs(5)).await,
        ["state/lag note ×1 (custom, oin)"]
    );
}

#[tokio::test]
async fn what_never_becomes_visible_is_an_error_after_the_bound() {
    assert_eq!(
        findings(Fault::CreatedNeverFound, Duration::from_millis(100)).await,
        ["lookup/finds-user [after-create] error ×1 (custom, oin)"]
    );
}
