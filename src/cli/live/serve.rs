//! `serve`: the reference server until Ctrl-C.

use std::io::Write;

use crate::server::{Options, Server};

use super::super::backend::Refusal;
use super::super::settings::ServeSettings;
use super::drive::policy;
use super::{interrupted, world};

pub(super) async fn serve(settings: &ServeSettings, talk: &mut dyn Write) -> Result<(), Refusal> {
    let options = Options {
        port: settings.port,
        token: settings.token.clone(),
        policy: policy(&settings.faults)?,
        ..Options::default()
    };
    let running = Server::start(options).await.map_err(|e| {
        world(
            &e,
            Some("choose another port with --port, or --port 0 for a free one"),
        )
    })?;
    let guarded = if settings.token.is_some() {
        "with the token that was given"
    } else {
        "without a token"
    };
    // With nowhere to talk to, serving goes on.
    let _ = writeln!(
        talk,
        "The reference server listens, {guarded}; Ctrl-C stops it."
    );
    let _ = writeln!(talk, "{}", running.base_url());
    let _ = talk.flush();
    interrupted().await;
    running.stop().await;
    Ok(())
}
