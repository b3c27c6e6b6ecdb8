//! Hears from the event feed which jobs have changed at their backend, and has those looked at.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{ChangedJob, EventFeed, FeedEvent, Receipt};
use futures_util::future::join_all;

use super::{Loop, Report, is_followed};
use crate::Application;
use crate::calls::CallError;
use crate::causes::WithCauses;

/// Listens to the feed. What an event says is never taken as true: the backend is asked. So it
/// does no harm that events come twice, late, or in another order.
#[derive(Debug)]
pub struct Listen {
    application: Application,
    feed: Arc<dyn EventFeed>,
}

impl Listen {
    pub(super) fn new(application: Application, feed: Arc<dyn EventFeed>) -> Self {
        Self { application, feed }
    }

    /// The receipt, once nothing would be lost if the event never came again.
    async fn look_after(&self, event: FeedEvent) -> Result<Receipt, CallError> {
        if let Some(changed) = &event.job {
            self.heed(changed).await?;
        }
        Ok(event.receipt)
    }

    async fn heed(&self, changed: &ChangedJob) -> Result<(), CallError> {
        let ChangedJob { backend_id, name } = changed;
        if name.deployment != self.application.settings().deployment {
            return Ok(());
        }
        let Some(job) = self.application.jobs().load(&name.job).await? else {
            return Ok(());
        };
        if is_followed(&job, backend_id) {
            return Ok(self.application.pull_look_forward(&job).await?);
        }
        let Some(calls) = self.application.calls_to(&job.backend) else {
            return Ok(());
        };
        // Anyone can give a job our name. One that is not shown yet, the sweep finds.
        if !calls.is_marked(backend_id, &name.deployment).await? {
            return Ok(());
        }
        let seen = Observation::CopySeen {
            try_number: name.number,
            backend_id: backend_id.clone(),
        };
        if let Some(job) = self.application.apply(job, &seen).await?
            && job.surplus.contains(backend_id)
        {
            // A job that waits to be sent is watched by nobody.
            self.application.stop_what_must(calls, &job).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Loop for Listen {
    fn name(&self) -> String {
        "listen".to_owned()
    }

    /// Only between two that heard nothing: the feed itself waits for events.
    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn run_once(&self) -> Report {
        let events = tokio::select! {
            biased;
            // What was not heard to its end comes again, here or elsewhere.
            () = self.application.0.draining.cancelled() => return Report::default(),
            events = self.feed.receive() => events,
        };
        let events = match events {
            Ok(events) => events,
            Err(error) => return Report::failed(&WithCauses(&error)),
        };
        let taken = events.len();
        let results = join_all(events.into_iter().map(|event| self.look_after(event))).await;
        let mut receipts = Vec::with_capacity(taken);
        let mut failure = None;
        for result in results {
            match result {
                Ok(receipt) => receipts.push(receipt),
                // It comes again, by when there may be calls again.
                Err(error) if error.was_turned_away() => {}
                Err(error) => failure = Some(WithCauses(&error).to_string()),
            }
        }
        if !receipts.is_empty()
            && let Err(error) = self.feed.settle(receipts).await
        {
            failure = Some(WithCauses(&error).to_string());
        }
        Report {
            taken,
            more: taken > 0,
            failure,
            ..Report::default()
        }
    }
}
