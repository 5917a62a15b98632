//! `/ServiceProviderConfig` against what the scenario that read it has seen.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::discovery;
use crate::exchange::{Exchange, Method, Response};
use crate::okta::Evidence;

use super::super::session::{Context, Place, Session};
use super::good;

/// Where it stands (RFC 7644, 4).
const PATH: &str = "/ServiceProviderConfig";

impl Session {
    /// Compares the flags of a configuration that was read with the exchanges around it. Okta never reads it, so
    /// whatever it says is no more than worth knowing.
    pub(in crate::engine) fn judge_configuration(&self) {
        let recorded = self.recorded();
        let read = recorded
            .iter()
            .find(|(_, sent)| path_of(&sent.exchange) == PATH && good(&sent.exchange).is_some());
        let Some((step, sent)) = read else { return };
        let Some(configuration) = good(&sent.exchange) else {
            return;
        };
        let place = Place {
            step: step.clone(),
            case: None,
            facet: None,
            may_refuse: false,
        };
        let exchanges: Vec<&Exchange> = recorded.iter().map(|(_, sent)| &sent.exchange).collect();
        for (flag, works) in [
            ("patch", patches(&exchanges)),
            ("filter", filters(&exchanges)),
            ("etag", tags(&exchanges)),
        ] {
            let says = configuration.pointer(&format!("/{flag}/supported"));
            let (Some(says), Some(works)) = (says.and_then(Value::as_bool), works) else {
                continue;
            };
            if says != works {
                let wanted = format!("{works}, as this run has seen");
                let seen = Seen::new(&discovery::HONEST, wanted, says.to_string())
                    .facet(flag)
                    .at(format!("/{flag}/supported"));
                let context = Context::new(&place, sent, Vec::new(), Evidence::Documented);
                self.observe(seen, &context);
            }
        }
    }
}

fn path_of(exchange: &Exchange) -> &str {
    let target = exchange.request.target.as_str();
    target.split('?').next().unwrap_or_default()
}

/// Whether one of several does work; none when nothing was tried, or the answers say nothing.
fn verdict<'e>(
    exchanges: impl Iterator<Item = &'e Exchange>,
    works: impl Fn(&Response) -> bool,
) -> Option<bool> {
    let answers: Vec<&Response> = exchanges.filter_map(Exchange::response).collect();
    if answers.iter().any(|answer| works(answer)) {
        return Some(true);
    }
    let refused = |answer: &&Response| matches!(answer.status, 400 | 403 | 404 | 405 | 501);
    (!answers.is_empty() && answers.iter().all(refused)).then_some(false)
}

fn patches(exchanges: &[&Exchange]) -> Option<bool> {
    let patches = exchanges
        .iter()
        .copied()
        .filter(|e| e.request.method == Method::Patch);
    verdict(patches, Response::is_success)
}

fn filters(exchanges: &[&Exchange]) -> Option<bool> {
    let filters = exchanges
        .iter()
        .copied()
        .filter(|e| e.request.target.contains("?filter="));
    verdict(filters, Response::is_success)
}

/// A version, in the header or in `meta`, of a user that was read (RFC 7644, 3.14).
fn tags(exchanges: &[&Exchange]) -> Option<bool> {
    let reads = exchanges.iter().copied().filter(|e| {
        e.request.method == Method::Get && path_of(e).starts_with("/Users/") && good(e).is_some()
    });
    let answers: Vec<&Response> = reads.filter_map(Exchange::response).collect();
    let tagged = |answer: &&Response| {
        let version = answer.json().and_then(|user| user.pointer("/meta/version"));
        answer.header("etag").is_some() || version.is_some()
    };
    (!answers.is_empty()).then(|| answers.iter().any(tagged))
}
