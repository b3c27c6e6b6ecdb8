//! What was begun is ended, whatever happened: jobs that go on are cancelled, the key of this run is
//! revoked.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use batchway_client::{Client, Error};
use batchway_domain::ports::{ApiKeys, Clock, Entropy, KeyRecord};
use batchway_domain::security::ApiKey;
use tokio::time::timeout;

use super::course::Seen;
use super::trouble::Trouble;
use super::visitor::{Request, post};
use crate::entropy::SystemEntropy;
use crate::system_clock::SystemClock;

/// Whose jobs they are.
pub(super) const USER: &str = "smoke";

/// For one answer of a gateway that may have gone.
const ANSWER: Duration = Duration::from_secs(30);
/// For a stop at AWS Batch, which ends a container half a minute after it asked it to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that has to be ended.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: Mutex<Vec<Sent>>,
    key: OnceLock<TemporaryKey>,
}

/// A request that may have started a job.
#[derive(Clone, Debug)]
struct Sent {
    request: Request,
    /// `None` as long as there was no answer.
    job_id: Option<String>,
}

impl Ledger {
    /// Before it is sent.
    pub(super) fn sent(&self, request: &Request) {
        self.entries().push(Sent {
            request: request.clone(),
            job_id: None,
        });
    }

    pub(super) fn accepted(&self, request: &Request, job_id: &str) {
        let mut entries = self.entries();
        let entry = entries.iter_mut().find(|sent| sent.is(request));
        if let Some(entry) = entry {
            entry.job_id = Some(job_id.to_owned());
        }
    }

    /// No job comes of it.
    pub(super) fn refused(&self, request: &Request) {
        self.entries().retain(|sent| !sent.is(request));
    }

    /// Makes a key and registers it. From then on it is revoked at the end, also where nobody
    /// waited for the answer.
    pub(super) async fn make_key(&self, keys: Arc<dyn ApiKeys>) -> Result<&ApiKey, Trouble> {
        let temporary = self.key.get_or_init(|| TemporaryKey::new(keys));
        temporary.register().await?;
        Ok(&temporary.key)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sent {
    fn is(&self, request: &Request) -> bool {
        self.request.idempotency_key == request.idempotency_key
    }
}

/// A key for this run alone.
#[derive(Debug)]
struct TemporaryKey {
    key: ApiKey,
    keys: Arc<dyn ApiKeys>,
}

impl TemporaryKey {
    fn new(keys: Arc<dyn ApiKeys>) -> Self {
        let entropy: &dyn Entropy = &SystemEntropy;
        let user = USER.parse().expect("the name follows the rule");
        Self {
            key: ApiKey::new(&user, entropy.bytes()),
            keys,
        }
    }

    async fn register(&self) -> Result<(), Trouble> {
        let record = KeyRecord {
            digest: self.key.digest(),
            user: USER.parse().expect("the name follows the rule"),
            created_at: SystemClock.now(),
            revoked_at: None,
        };
        self.keys.register(&record).await.map_err(|error| {
            Trouble::new(
                format!("no key could be made: {error}"),
                "batchway doctor looks at the store",
            )
        })
    }

    async fn revoke(&self) -> Result<(), Trouble> {
        let short = self.key.digest().short();
        match self.keys.revoke(&short, SystemClock.now()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::new(
                format!("the key {short} of this run could not be revoked: {error}"),
                format!("batchway keys revoke {short}"),
            )),
        }
    }
}

/// Ends all of it, as far as it can be ended; tells of all that could not.
pub(super) async fn clean_up(
    ledger: &Ledger,
    client: Option<&Client>,
) -> Result<Seen<()>, Trouble> {
    let mut done = Vec::new();
    let mut troubles = Vec::new();
    let sent = ledger.entries().clone();
    if let Some(client) = client {
        for ended in end_jobs(client, &sent).await {
            match ended {
                Ok(None) => {}
                Ok(Some(job)) => done.push(format!("{job} cancelled")),
                Err(trouble) => troubles.push(trouble),
            }
        }
    }
    if let Some(key) = ledger.key.get() {
        match key.revoke().await {
            Ok(()) => done.push("the key revoked".to_owned()),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() {
        let words = match done.is_empty() {
            true => "nothing was left".to_owned(),
            false => done.join(", "),
        };
        return Ok(Seen::new(words, ()));
    }
    let all = |part: fn(&Trouble) -> &str| {
        let parts: Vec<&str> = troubles.iter().map(part).collect();
        parts.join("; ")
    };
    Err(Trouble::new(
        all(|trouble| &trouble.what),
        all(|trouble| &trouble.mend),
    ))
}

/// All are asked to stop before any is waited for.
async fn end_jobs(client: &Client, sent: &[Sent]) -> Vec<Result<Option<String>, Trouble>> {
    let mut asked = Vec::new();
    for one in sent {
        asked.push(ask_to_stop(client, one).await);
    }
    let mut ended = Vec::new();
    for one in asked {
        ended.push(match one {
            Ok(Some(job)) => wait_until_stopped(client, job).await,
            other => other,
        });
    }
    ended
}

/// The job, unless it has ended anyway.
async fn ask_to_stop(client: &Client, sent: &Sent) -> Result<Option<String>, Trouble> {
    let key = &sent.request.idempotency_key;
    let job = match &sent.job_id {
        Some(job) => job.clone(),
        // Its answer was lost: asked once more, the gateway says which job it is.
        None => match within(ANSWER, post(client, &sent.request)).await {
            Ok(submitted) => submitted.into_inner().job_id,
            Err(Trouble { what, mend }) => {
                let what = format!("whether {key} started a job is not known: {what}");
                return Err(Trouble::new(what, mend));
            }
        },
    };
    let left = |trouble: Trouble| left_running(&job, &trouble.what);
    let seen = client.get_job().job_id(&job).send();
    if within(ANSWER, seen).await.map_err(left)?.status.has_ended() {
        return Ok(None);
    }
    let asked = client.cancel_job().job_id(&job).send();
    within(ANSWER, asked).await.map_err(left)?;
    Ok(Some(job))
}

async fn wait_until_stopped(client: &Client, job: String) -> Result<Option<String>, Trouble> {
    match within(PATIENCE, client.wait_until_ended(&job)).await {
        Ok(_) => Ok(Some(job)),
        Err(trouble) => Err(left_running(&job, &trouble.what)),
    }
}

/// The clean-up ends, also where the gateway does not answer.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Trouble> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| Trouble::of(&error)),
        Err(_) => Err(Trouble::new(
            format!("not done within {} s", limit.as_secs()),
            "see whether the gateway still runs, and read its log",
        )),
    }
}

/// The gateway goes on with a stop that was asked for, and nobody waits for it any more.
fn left_running(job: &str, why: &str) -> Trouble {
    Trouble::new(
        format!("{job} may still run: {why}"),
        format!("POST /api/v1/jobs/{job}/cancel with a key of the same user"),
    )
}
