//! What a user of the gateway does, over the SDK.

use std::convert::Infallible;
use std::time::Duration;

use batchway_client::types::{Job, JobStatus, SubmitJobRequest, SubmittedJob};
use batchway_client::{CarriesProblem, Client, Error, ResponseValue};
use batchway_domain::ports::Entropy;
use data_encoding::HEXLOWER;
use indicatif::ProgressBar;
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::Errand;
use super::address::Address;
use super::clean_up::Ledger;
use super::course::Seen;
use super::trouble::{Trouble, root_of};
use crate::configuration::{Configuration, Secret};
use crate::entropy::SystemEntropy;
use crate::failure::Failure;

/// What is sent before there is a key. `/readyz` needs none.
const NO_KEY: &str = "none";

/// So many lost answers in a row are borne.
const PATIENCE: u32 = 5;
/// The pause after the first of them; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at a job that is waited for, for the line on a terminal.
const NEWS: Duration = Duration::from_secs(3);

/// Before the gateway's door: nothing is known of it but its address.
#[derive(Debug)]
pub(super) struct Doorstep<'a> {
    pub(super) address: Address,
    pub(super) configuration: &'a Configuration,
    pub(super) key: Option<&'a Secret>,
    client: Client,
}

impl<'a> Doorstep<'a> {
    pub(super) fn at(address: Address, errand: &'a Errand) -> Result<Self, Failure> {
        let key = errand.key.as_ref();
        let client = Client::new(&address.url, key.map_or(NO_KEY, Secret::reveal))
            .map_err(Failure::misconfigured)?;
        Ok(Self {
            address,
            configuration: &errand.configuration,
            key,
            client,
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.address.url
    }

    /// Whether the gateway answers and can serve requests.
    pub(super) async fn knock(&self) -> Result<Seen<()>, Trouble> {
        match self.client.check_readiness().send().await {
            Ok(_) => Ok(Seen::new("ready", ())),
            Err(Error::CommunicationError(error)) => Err(Trouble::new(
                format!("no gateway answers at {}: {}", self.url(), root_of(&error)),
                self.address.advice(self.answers_behind().await),
            )),
            Err(error) => Err(match error.problem() {
                Some(problem) if !problem.reasons.is_empty() => Trouble::new(
                    format!("the gateway is not ready: {}", problem.reasons.join("; ")),
                    "batchway doctor looks at what it stands on",
                ),
                _ => Trouble::of(&error),
            }),
        }
    }

    async fn answers_behind(&self) -> bool {
        let Some(Ok(client)) = self.address.behind().map(|url| Client::new(url, NO_KEY)) else {
            return false;
        };
        let answered = client.check_health().send().await;
        answered.is_ok()
    }
}

/// What is asked of the gateway, and the name under which it is asked once.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) idempotency_key: String,
    pub(super) body: SubmitJobRequest,
}

impl Request {
    /// A simulation, under a name that was never used.
    pub(super) fn new(params: Map<String, Value>) -> Self {
        let entropy: &dyn Entropy = &SystemEntropy;
        let name = HEXLOWER.encode(&entropy.bytes::<16>());
        Self {
            idempotency_key: format!("smoke-{name}"),
            body: SubmitJobRequest {
                idempotency_key: None,
                job_type: "run_simulation".to_owned(),
                params,
                webhook_url: None,
            },
        }
    }
}

/// Sends a request until it is answered: under its idempotency key it starts one job however often
/// it arrives.
pub(super) async fn submit(
    client: &Client,
    ledger: &Ledger,
    request: &Request,
) -> Result<SubmittedJob, Trouble> {
    ledger.sent(request);
    let mut failures = 0;
    loop {
        let error = match post(client, request).await {
            Ok(submitted) => {
                ledger.accepted(request, &submitted.job_id);
                return Ok(submitted.into_inner());
            }
            Err(error) => error,
        };
        // Until the one before it has ended there may be no room for another.
        let is_full = error.status().is_some_and(|status| status == 429);
        if !error.is_retryable() || (!is_full && failures >= PATIENCE) {
            if is_certain_refusal(&error) {
                ledger.refused(request);
            }
            return Err(Trouble::of(&error));
        }
        sleep(FIRST_PAUSE * 2_u32.pow(failures.min(PATIENCE))).await;
        failures += 1;
    }
}

pub(super) async fn post(
    client: &Client,
    request: &Request,
) -> Result<ResponseValue<SubmittedJob>, Error> {
    client
        .submit_job()
        .idempotency_key(&request.idempotency_key)
        .body(request.body.clone())
        .send()
        .await
}

/// Whether the gateway said no. Anything else leaves open what became of the request.
fn is_certain_refusal(error: &Error) -> bool {
    error.problem().is_some()
        && error
            .status()
            .is_some_and(|status| status.is_client_error() && status != 408)
}

/// The job at its end. A terminal shows meanwhile what it does, or why it waits.
pub(super) async fn wait_for_end(
    client: &Client,
    job_id: &str,
    spinner: &ProgressBar,
) -> Result<Job, Trouble> {
    tokio::select! {
        ended = client.wait_until_ended(job_id) => ended.map_err(|error| Trouble::of(&error)),
        never = show_news(client, job_id, spinner) => match never {},
    }
}

async fn show_news(client: &Client, job_id: &str, spinner: &ProgressBar) -> Infallible {
    if spinner.is_hidden() {
        std::future::pending::<()>().await;
    }
    loop {
        sleep(NEWS).await;
        // What can't be asked now is no news.
        if let Ok(job) = client.get_job().job_id(job_id).send().await {
            spinner.set_message(news_of(&job));
        }
    }
}

fn news_of(job: &Job) -> String {
    let word = match (job.status, &job.waiting_reason) {
        (JobStatus::Queued, Some(reason)) => format!("queued: {}", reason.message),
        (JobStatus::Running, _) => format!("running, {} %", job.progress),
        (status, _) => status.to_string(),
    };
    format!("{} {word}", job.job_id)
}
