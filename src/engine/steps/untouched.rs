//! What a literal request must leave alone.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check;
use crate::check::Seen;
use crate::check::catalogue::state;
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::request::Resource;
use crate::scenario::{Expect, LiteralRequest};

use super::super::book::Subject;
use super::super::judge;
use super::super::session::{Context, Place, Sent};
use super::Running;

/// A resource that a request must leave alone, as it was before.
pub(super) struct Untouched {
    resource: Resource,
    id: String,
    state: Value,
    members: BTreeSet<String>,
}

impl Running<'_> {
    pub(super) fn states_of(&self, expect: &Expect) -> Vec<Untouched> {
        let session = &*self.stage.session;
        let untouched = expect.unchanged.iter().filter_map(|key| {
            let resource = if self.org.groups.contains_key(key) {
                Resource::Group
            } else {
                Resource::User
            };
            let id = self.last_id(key)?;
            session.with_book(|b| {
                let state = b.get(resource, &id)?.state.clone()?;
                Some(Untouched {
                    resource,
                    id: id.clone(),
                    members: check::frame::members(&state)
                        .unwrap_or_default()
                        .into_iter()
                        .collect(),
                    state,
                })
            })
        });
        untouched.collect()
    }

    /// Compares what must be as it was with how it is now.
    pub(super) async fn must_be_untouched(
        &self,
        request: &LiteralRequest,
        before: &[Untouched],
        sent: &Sent,
        place: &Place,
    ) -> Result<(), NotSent> {
        let session = &*self.stage.session;
        let expect = &request.expect;
        for Untouched {
            resource,
            id,
            state,
            members,
        } in before
        {
            let resource = *resource;
            let now = session
                .get_as(resource, id, place, request.evidence)
                .await?;
            let Some((_, now)) = now else {
                continue;
            };
            let there: BTreeSet<String> = check::frame::members(&now)
                .unwrap_or_default()
                .into_iter()
                .collect();
            let at = match judge::changed(state, &now, resource) {
                Some((at, ..)) => at,
                None if resource == Resource::Group && there != *members => "members".to_owned(),
                None => continue,
            };
            let refused = sent.exchange.status().is_some_and(|s| s >= 400);
            let (meta, facet) = if refused {
                let facet = format!("{} {}", request.method, resource.word());
                (&state::REFUSAL, facet)
            } else {
                let Some(meta) = check::find(&expect.check) else {
                    continue;
                };
                (
                    meta,
                    expect
                        .facet
                        .clone()
                        .unwrap_or_else(|| "overwritten".to_owned()),
                )
            };
            let subjects = vec![Subject::Resource(resource, id.clone())];
            let context = Context {
                loses_data: true,
                ..Context::new(place, sent, subjects, Evidence::Documented)
            };
            let wanted = format!("the {} as it was", resource.word());
            let seen = Seen::new(meta, wanted, format!("{at} is another"));
            session.observe(seen.facet(facet).at(at), &context);
            session.with_book(|book| {
                if let Some(account) = book.get_mut(resource, id) {
                    account.state = Some(now);
                    account.members = there;
                }
            });
        }
        Ok(())
    }
}
