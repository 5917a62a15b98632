//! `serve`: the reference server until Ctrl-C.

mod access_log;
mod extensions;
mod greeting;
mod port_file;
mod state_file;

use std::pin::pin;
use std::time::Duration;

use crate::defect;
use crate::report::file;
use crate::secret::Secret;
use crate::server::{DEFAULT_SEED, Freedom, Options, Policy, Server, Tls};

use super::super::backend::{Refusal, Talk};
use super::super::error::tell_defects;
use super::super::settings::{Certificate, ServeSettings};
use super::super::signals::interrupted;
use super::drive::{chaos, policy};
use super::{usage, world};
use access_log::AccessLog;
use greeting::{Greeting, Protection};
use port_file::PortFile;
use state_file::StateFile;

/// How soon a failure of this tool itself is told.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

pub(super) async fn serve(settings: &ServeSettings, talk: Talk) -> Result<(), Refusal> {
    // From here on a signal ends the server in order, however early it comes.
    let mut interrupted = pin!(interrupted());
    let early = std::future::poll_fn(|context| {
        std::task::Poll::Ready(interrupted.as_mut().poll(context).is_ready())
    });
    if early.await {
        return Ok(());
    }
    let log = settings.log.map(|form| AccessLog::begin(form, talk));
    let options = Options {
        port: settings.port,
        token: settings.access.token().cloned(),
        policy: freely(policy(&settings.faults)?, settings),
        resource_types: extensions::load(&settings.extensions)?,
        me: settings.me.clone(),
        chaos: settings.chaos.map(chaos),
        tls: settings.tls.as_ref().map(tls).transpose()?,
        compress: true,
        observer: log.as_ref().map(AccessLog::observer),
        admin_port: settings.admin_port,
        ..Options::default()
    };
    let bound = Server::bind(options).await.map_err(|e| {
        world(
            &e,
            Some("choose another port with --port, or --port 0 for a free one"),
        )
    })?;
    let tenant = bound
        .tenant("")
        .ok_or_else(|| world(&"the server has no tenant", None))?;
    let state = settings
        .state
        .as_deref()
        .map(|path| StateFile::open(path, &tenant))
        .transpose()?;
    if let Some(users) = settings.seed_users {
        let users = usize::try_from(users).unwrap_or(usize::MAX);
        tenant.populate(users, None, DEFAULT_SEED);
    }
    let running = bound.serve();
    let greeting = Greeting {
        settings,
        base_url: &running.base_url(),
        admin: running.admin_address(),
        holds: tenant.holds(),
        protection: Protection::of(settings),
    };
    // With nowhere to talk to, serving goes on.
    let _ = greeting.tell(&mut talk());
    let port_file = settings
        .port_file
        .as_deref()
        .map(|path| PortFile::write(path, running.address(), running.admin_address()))
        .transpose()?;
    let keeper = state.map(|state| state.keep(tenant, talk));
    tokio::select! {
        () = interrupted => {}
        () = tell_of_defects(talk) => {}
    }
    drop(port_file);
    running.stop().await;
    let kept = match keeper {
        Some(keeper) => keeper.stop().await,
        None => Ok(()),
    };
    if let Some(log) = log {
        log.end().await;
    }
    kept
}

/// Tells what fails of this tool itself while the server goes on. Never completes.
async fn tell_of_defects(talk: Talk) {
    loop {
        tokio::time::sleep(TOLD_WITHIN).await;
        // With nowhere to talk to, serving goes on.
        let _ = tell_defects(&defect::uncaught(), &mut talk());
    }
}

/// The policy with what a server may do differently.
fn freely(policy: Policy, settings: &ServeSettings) -> Policy {
    if settings.patch_without_content {
        policy.with_freedom(Freedom::PatchNoContent)
    } else {
        policy
    }
}

fn tls(certificate: &Certificate) -> Result<Tls, Refusal> {
    match certificate {
        Certificate::Files { certificate, key } => Tls::from_files(certificate, key).map_err(|e| {
            usage(
                &e,
                Some("give PEM files: --tls-cert certificate.pem --tls-key key.pem"),
            )
        }),
        Certificate::SelfSigned(path) => {
            let (tls, pem) = Tls::self_signed().map_err(|e| world(&e, None))?;
            file::write(path, &pem).map_err(|e| world(&e, None))?;
            Ok(tls)
        }
    }
}

/// The token as a person copies it; the only place that shows one.
fn shown(token: &Secret) -> &str {
    token.expose()
}
