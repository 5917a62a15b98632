//! Requests of Okta's that were refused.

use crate::check::Seen;
use crate::engine::judge::{is_honest, refusal_of, status_word};
use crate::okta::reading;
use crate::okta::request::Resource;

use super::super::recognise::Act;
use super::super::traffic::Captured;
use super::{About, Judge, credentials, kind, resource_of};

impl Judge<'_> {
    pub(super) fn refused(&mut self, n: usize, one: &Captured, act: &Act) {
        let Some(status) = one.exchange.status().filter(|status| *status >= 400) else {
            return;
        };
        if status == 401 {
            self.judged.unauthorised = self.judged.unauthorised.saturating_add(1);
        }
        if resource_of(act).is_none() || self.is_right(one, act, status) {
            return;
        }
        let place = self
            .places
            .get(n)
            .copied()
            .unwrap_or(super::super::jobs::OTHER);
        let intent = act.intent();
        let method = one.exchange.request.method;
        let (check, facet) = refusal_of(method, &intent, Some(place.slot), status);
        let seen = Seen::new(check, "2xx", status_word(&one.exchange)).facet(facet);
        // Who takes other requests of this kind refuses this one for what it holds.
        let for_its_content = self.succeeded.contains(&kind(one, act, place));
        let refusal = (is_honest(status) || status == 404) && for_its_content;
        let follows = self.cause_of_refusal(n);
        let error = reading::failure(&one.exchange);
        self.observe(
            n,
            seen,
            About {
                error: Some(error),
                refusal: refusal && follows.is_none(),
                follows,
                ..About::default()
            },
        );
    }

    /// Whether the refusal is what must come, or what somebody else may have brought about.
    fn is_right(&self, one: &Captured, act: &Act, status: u16) -> bool {
        match (act, status) {
            // Credentials that never worked are wrong ones, as far as anybody can tell.
            (_, 401) => !self.authorised.contains(&credentials(one)),
            (Act::LookUp { .. }, 404) => one
                .exchange
                .response()
                .is_some_and(|r| reading::look_up(r) == reading::Match::None),
            // While "Import Groups" is on, Okta creates a group without a look-up, whoever has its name.
            (
                Act::Create {
                    resource: Resource::Group,
                    ..
                },
                409,
            ) => true,
            // What is gone is gone: Okta itself, or somebody in the app, has removed it. That it is gone too early
            // was seen when it was read.
            (Act::Read { .. } | Act::Delete { .. }, 404 | 410) => true,
            (Act::Put { resource, id, .. } | Act::Patch { resource, id, .. }, 404 | 410) => {
                self.is_unknown(*resource, id)
            }
            _ => false,
        }
    }

    /// Whether nothing shows that the resource should be there.
    fn is_unknown(&self, resource: Resource, id: &str) -> bool {
        self.book
            .get(resource, id)
            .is_none_or(|account| account.gone || account.name.is_none())
    }
}
