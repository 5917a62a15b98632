//! A job of ours, carried out with the answers that the recorded one has met.

use crate::exchange::{Exchange, Request};
use crate::okta::Variants;
use crate::okta::drive::{self, Line, NotSent};
use crate::okta::job::Job;
use crate::okta::request::{Call, Client};
use crate::okta::task::Subject;

use super::super::actions::Action;
use super::super::traffic::Captured;
use super::Bench;

/// What no recording holds any more.
const ENDED: &str = "the recording has no answer to it";

/// Answers with what was recorded, one after the other.
struct Recorded<'a> {
    answers: std::slice::Iter<'a, &'a Captured>,
    sent: Vec<Request>,
}

impl Line for Recorded<'_> {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        self.sent.push(call.request.clone());
        let Some(one) = self.answers.next() else {
            return Err(NotSent::Stopped(ENDED));
        };
        Ok(Exchange {
            request: call.request,
            ..one.exchange.clone()
        })
    }
}

/// What our Okta sends in the place of `recorded`.
#[must_use]
pub(super) fn replay(
    job: &Job,
    subject: &Subject,
    bench: &Bench<'_>,
    action: &Action,
    recorded: &[&Captured],
    variants: Variants,
) -> Vec<Request> {
    let client = Client::default();
    let looks_up = recorded.first().is_some_and(|one| {
        let target = &one.exchange.request.target;
        target.starts_with("/Groups") && target.contains("filter=")
    });
    let import_groups = match action.job {
        Some("push-group") => !looks_up,
        _ => true,
    };
    let settings = drive::Settings {
        app: bench.app,
        variants,
        apps: &bench.behaviour.apps,
        client: &client,
        import_groups,
    };
    let mut line = Recorded {
        answers: recorded.iter(),
        sent: Vec::new(),
    };
    // Nothing in it waits: every answer is there.
    let driven = drive::run(job, subject, &settings, &mut line);
    let _ = futures_util::FutureExt::now_or_never(driven);
    line.sent
}
