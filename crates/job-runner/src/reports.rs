//! Signs of life: to the gateway, or where there is no way there, to the artifact store.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::job::BackendId;
use batchway_domain::ports::ArtifactStore;
use batchway_domain::runner::{RunnerOrder, RunnerReport};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::configuration::{Configuration, GatewayAccess};
use crate::content::written_by;
use crate::progress::LastProgress;
use crate::stopping::{StopCause, StopSwitch};

/// Between two reports, where there is news.
const NEWS_EVERY: Duration = Duration::from_secs(1);
/// Between two reports, where there is none.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);
/// Between two objects in the artifact store.
const STORED_EVERY: Duration = Duration::from_secs(15);
/// After an attempt that failed; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// One report, from the name look-up to the last byte of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// What the last report may take, as the end of the run waits for it.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(2);

/// What came of a report.
enum Answer {
    Order(RunnerOrder),
    /// The gateway does not want to hear from us again.
    Unwanted,
    Nothing,
}

/// Reports as long as there is somebody who hears what the program says.
pub(crate) struct Reporter {
    backend_id: BackendId,
    attempt: u32,
    progress: watch::Receiver<LastProgress>,
    /// What the gateway was last told.
    told: LastProgress,
    gateway: Option<Gateway>,
    store: Arc<dyn ArtifactStore>,
    heartbeat: ArtifactKey,
    stop: StopSwitch,
}

#[derive(Clone)]
struct Gateway {
    agent: ureq::Agent,
    url: String,
    authorization: String,
}

impl Reporter {
    pub(crate) fn new(
        configuration: &Configuration,
        store: Arc<dyn ArtifactStore>,
        progress: watch::Receiver<LastProgress>,
        stop: StopSwitch,
    ) -> Self {
        Self {
            backend_id: configuration.backend_id.clone(),
            attempt: configuration.attempt,
            progress,
            told: LastProgress::default(),
            gateway: configuration.gateway.as_ref().map(Gateway::new),
            store,
            heartbeat: configuration.folder.heartbeat(configuration.try_number),
            stop,
        }
    }

    /// Reports, first at once, until the program will say nothing more; then its last words, where
    /// they were not told yet. A program that fails at once says why in them.
    pub(crate) async fn run(mut self) {
        let mut progress = self.progress.clone();
        tokio::select! {
            biased;
            _ = progress.wait_for(|_| false) => {}
            () = self.report_for_ever() => {}
        }
        let report = self.report();
        if let Some(gateway) = self.gateway.take()
            && self.told != said_in(&report)
        {
            // Without them the run ends as well.
            let _ = tokio::time::timeout(LAST_WORDS_TIMEOUT, gateway.post(report)).await;
        }
    }

    async fn report_for_ever(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(gateway) = self.gateway.clone() else {
                self.store_heartbeat().await;
                tokio::time::sleep(STORED_EVERY).await;
                continue;
            };
            let report = self.report();
            let said = said_in(&report);
            match gateway.post(report).await {
                Answer::Order(order) => {
                    self.told = said;
                    pause = FIRST_PAUSE;
                    self.obey(order);
                    self.until_due().await;
                }
                Answer::Unwanted => self.gateway = None,
                Answer::Nothing => {
                    self.without_gateway(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    /// Waits until there is news, or a sign of life is due.
    async fn until_due(&mut self) {
        tokio::time::sleep(NEWS_EVERY).await;
        let quiet = HEARTBEAT_EVERY - NEWS_EVERY;
        // Where the sender is gone, so is this.
        let _ = tokio::time::timeout(quiet, self.progress.changed()).await;
    }

    /// Lets some time pass, and leaves signs of life in the store meanwhile.
    async fn without_gateway(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        self.store_heartbeat().await;
        while Instant::now() + STORED_EVERY < until {
            tokio::time::sleep(STORED_EVERY).await;
            self.store_heartbeat().await;
        }
        tokio::time::sleep_until(until).await;
    }

    fn report(&mut self) -> RunnerReport {
        let last = self.progress.borrow_and_update().clone();
        RunnerReport {
            backend_id: self.backend_id.clone(),
            attempt: self.attempt,
            progress: last.fraction,
            message: last.message,
        }
    }

    fn obey(&self, order: RunnerOrder) {
        if order.stop {
            self.stop.stop(StopCause::Gateway);
        }
    }

    async fn store_heartbeat(&mut self) {
        let report = encode(&self.report());
        let content = written_by(move |output| output.write_all(&report));
        // The next one may come through.
        let _ = self.store.put(&self.heartbeat, content).await;
    }
}

fn said_in(report: &RunnerReport) -> LastProgress {
    LastProgress {
        fraction: report.progress,
        message: report.message.clone(),
    }
}

fn encode(report: &RunnerReport) -> Vec<u8> {
    serde_json::to_vec(report).expect("a report holds only text and numbers")
}

impl Gateway {
    fn new(access: &GatewayAccess) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Self {
            agent,
            url: format!("{}/api/v1/runner/reports", access.url),
            authorization: format!("Bearer {}", access.token),
        }
    }

    async fn post(self, report: RunnerReport) -> Answer {
        let posted = tokio::task::spawn_blocking(move || self.post_blocking(&report));
        posted.await.unwrap_or(Answer::Nothing)
    }

    fn post_blocking(&self, report: &RunnerReport) -> Answer {
        let sent = self
            .agent
            .post(&self.url)
            .header("authorization", &self.authorization)
            .header("content-type", "application/json")
            .send(&encode(report)[..]);
        let Ok(mut answer) = sent else {
            return Answer::Nothing;
        };
        let status = answer.status().as_u16();
        let order = answer
            .body_mut()
            .with_config()
            .limit(64 * 1024)
            .read_to_vec()
            .ok()
            .and_then(|body| serde_json::from_slice::<RunnerOrder>(&body).ok());
        match (order, status) {
            (Some(order), 200..=299) => Answer::Order(order),
            // A refusal may bear the order that it is a consequence of.
            (Some(order), _) if order.stop => Answer::Order(order),
            (_, 401 | 403 | 404 | 410) => Answer::Unwanted,
            _ => Answer::Nothing,
        }
    }
}
