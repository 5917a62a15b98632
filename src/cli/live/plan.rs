//! What a run that follows a plan asks the target first.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::ledger::Ledger;
use crate::engine::session::Session;
use crate::engine::settings::{Reach, Settings};
use crate::engine::target::Run;
use crate::exchange::BaseUrl;
use crate::oin::Precondition;
use crate::oin::precondition::{self, TokenForm};
use crate::verdict::Recorded;

use super::super::settings::{Credentials, TargetChoice};

/// The tenant of the embedded server in which the suites would run.
pub(super) const TENANT: &str = "before-the-suites";

/// What was asked, and what came of it.
#[derive(Default)]
pub(super) struct Asked {
    /// What must hold.
    pub(super) preconditions: Vec<Precondition>,
    /// The exchanges, for the report.
    pub(super) exchanges: Vec<Recorded>,
}

/// Asks for what must hold before Okta's suites are run. Only reads.
pub(super) async fn ask(settings: &Settings, target: &TargetChoice, base: &BaseUrl) -> Asked {
    let run = Run::new(
        &settings.run_id,
        &settings.target.url,
        Ledger::default(),
        settings.settle,
        settings.patience,
        settings.rate,
    );
    run.hide_credentials(&settings.credentials);
    let transport = match &settings.reach {
        Reach::Shared(transport) => Arc::clone(transport),
        Reach::Isolated(each) => each(TENANT),
    };
    let session = Session::new(
        run,
        transport,
        settings.client.clone(),
        precondition::PLACE.to_owned(),
        None,
        settings.credentials.clone(),
    );
    let mut preconditions = precondition::check(&session, base, token_form(target)).await;
    for one in &mut preconditions {
        one.seen = session.run.secrets.owned(std::mem::take(&mut one.seen));
    }
    let (exchanges, _) = session.finish();
    Asked {
        preconditions,
        exchanges,
    }
}

fn token_form(target: &TargetChoice) -> TokenForm {
    let credentials = match target {
        TargetChoice::Embedded { .. } => return TokenForm::Bearer,
        TargetChoice::Remote(remote) => &remote.credentials,
    };
    let scheme = |value: &str| value.split(' ').next().unwrap_or_default().to_lowercase();
    match credentials {
        Credentials::Anonymous => TokenForm::None,
        Credentials::Bearer(_) => TokenForm::Bearer,
        Credentials::Basic(_) => TokenForm::Basic,
        Credentials::Header(value) => match &*scheme(value.expose()) {
            "basic" => TokenForm::Basic,
            "bearer" => TokenForm::Bearer,
            _ => TokenForm::Header,
        },
    }
}

/// The user that a tenant needs before the suites are run in it.
pub(super) fn first_user() -> Value {
    json!({"userName": "first@example.com", "name": {"givenName": "First", "familyName": "User"},
        "emails": [{"value": "first@example.com", "type": "work", "primary": true}], "active": true})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::{Network, Remote};
    use crate::secret::Secret;

    #[test]
    fn the_form_of_a_token_is_told_without_the_token() {
        let header = |value| Credentials::Header(Secret::new(value));
        for (credentials, form) in [
            (Credentials::Anonymous, TokenForm::None),
            (Credentials::Bearer(Secret::new("t")), TokenForm::Bearer),
            (Credentials::Basic(Secret::new("a:b")), TokenForm::Basic),
            (header("t0ken"), TokenForm::Header),
            (header("Basic YTpi"), TokenForm::Basic),
            (header("bearer t0ken"), TokenForm::Bearer),
        ] {
            let remote = Remote {
                base: "https://a.test".into(),
                credentials,
                headers: vec![],
                network: Network::default(),
            };
            assert_eq!(token_form(&TargetChoice::Remote(Box::new(remote))), form);
        }
    }
}
