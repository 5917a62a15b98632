//! What a delete leaves behind.

use crate::check::Seen;
use crate::check::catalogue::{error, lookup, state};
use crate::okta::Evidence;
use crate::okta::drive::NotSent;
use crate::okta::reading::Match;
use crate::okta::request::{Intent, Resource};

use super::super::answers::Look;
use super::super::book::Subject;
use super::super::session::{Context, Place, Session, observer_call};
use super::super::target::Settling;
use super::{Write, good, is_success, status_word};

impl Session {
    pub(super) async fn judge_delete(
        &self,
        resource: Resource,
        id: &str,
        write: Write<'_>,
    ) -> Result<(), NotSent> {
        if write.sent.exchange.response().is_none() && !is_success(&write.sent.exchange) {
            return self.deleted_without_answer(resource, id, write).await;
        }
        if !is_success(&write.sent.exchange) {
            return Ok(());
        }
        self.must_be_gone(resource, id, write.place, write.call.evidence)
            .await
    }

    /// Whether it was deleted: by Okta, or behind Okta's back.
    pub(super) fn is_gone(&self, resource: Resource, id: &str) -> bool {
        self.with_book(|book| book.get(resource, id).is_some_and(|account| account.gone))
    }

    /// What was deleted answers 404, whatever is asked of it: Okta would go on believing that it is there.
    pub(super) fn judge_gone(&self, resource: Resource, id: &str, write: Write<'_>) {
        if !is_success(&write.sent.exchange) || !self.is_gone(resource, id) {
            return;
        }
        let method = write.call.request.method;
        let subjects = vec![Subject::Resource(resource, id.to_owned())];
        let context = self.context(write, write.sent, subjects);
        let seen = Seen::new(&error::NOT_FOUND, "404", status_word(&write.sent.exchange));
        self.observe(
            seen.facet(format!("{method} deleted {}", resource.word())),
            &context,
        );
    }

    /// 404 by id, nothing by name.
    ///
    /// # Errors
    /// When the run is being stopped.
    pub async fn must_be_gone(
        &self,
        resource: Resource,
        id: &str,
        place: &Place,
        evidence: Evidence,
    ) -> Result<(), NotSent> {
        let name = self
            .with_book(|b| b.get(resource, id).map(|a| a.name.clone()))
            .unwrap_or_default();
        let subjects = vec![
            Subject::Resource(resource, id.to_owned()),
            Subject::name(resource, &name),
        ];
        let mut settling = Settling::new(self.run.settle_for("delete"));
        let sent = loop {
            // Nothing is known about the shape of what is not there.
            let call = observer_call(self.client.read(resource, id), Intent::Literal);
            let sent = self.observed(call, Look::Fresh, place).await?;
            if sent.exchange.status() == Some(404) || !settling.again().await {
                break sent;
            }
        };
        let context = Context::new(place, &sent, subjects.clone(), evidence);
        let there = good(&sent.exchange).is_some_and(|json| {
            json.get(resource.name_attribute())
                .is_some_and(|n| !n.is_null())
        });
        let wanted = "404 after the delete";
        if there {
            self.run.never_settled("delete");
            let seen = Seen::new(&state::IGNORED, wanted, status_word(&sent.exchange))
                .facet(format!("delete {}", resource.word()));
            self.observe(seen, &context);
            return Ok(());
        }
        if sent.exchange.status().is_some_and(|s| s != 404 && s != 410) {
            let seen = Seen::new(&error::NOT_FOUND, wanted, status_word(&sent.exchange))
                .facet(format!("deleted {}", resource.word()));
            self.observe(seen, &context);
        }
        self.with_book(|b| {
            if let Some(account) = b.get_mut(resource, id) {
                account.gone = true;
            }
        });
        let (found, sent) = self.find(resource, &name, Look::Fresh, place).await?;
        if matches!(&found, Match::One { id: found, .. } if found == id) {
            let seen = Seen::new(
                &lookup::FORMER_NAME,
                "totalResults 0 after the delete",
                "the deleted one",
            )
            .facet(format!("deleted {}", resource.word()));
            self.observe(seen, &Context::new(place, &sent, subjects, evidence));
        }
        Ok(())
    }
}
