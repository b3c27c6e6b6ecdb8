//! Jobs in memory.

mod admission;
mod budget;
mod contents;
mod deliveries;
mod due;
mod keys;
mod listing;
mod mirror_backlog;
mod port;
mod secrets;
mod snapshot;
mod sweeps;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::{Event, Job};
use batchway_domain::ports::{Clock, KeyRecord};
use batchway_domain::security::ApiKey;

use contents::Contents;

pub use snapshot::StoreSnapshot;

/// A job store that keeps everything in memory, and is also its own register of keys
/// ([`ApiKeys`](batchway_domain::ports::ApiKeys)), history of runs
/// ([`RunHistory`](batchway_domain::ports::RunHistory)), budget of calls
/// ([`CallBudget`](batchway_domain::ports::CallBudget)), ledger of sweeps
/// ([`SweepLedger`](batchway_domain::ports::SweepLedger)), outbox of webhooks
/// ([`WebhookOutbox`](batchway_domain::ports::WebhookOutbox)), keeper of their secrets
/// ([`WebhookSecrets`](batchway_domain::ports::WebhookSecrets)) and, where it is asked to be,
/// backlog of a mirror ([`MirrorBacklog`](batchway_domain::ports::MirrorBacklog)).
///
/// It keeps every promise of its ports but that of surviving its process.
pub struct MemoryJobStore {
    clock: Arc<dyn Clock>,
    kept_since: Timestamp,
    contents: Mutex<Contents>,
}

impl MemoryJobStore {
    /// An empty store that goes by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            kept_since: clock.now(),
            clock,
            contents: Mutex::default(),
        }
    }

    /// The same store, which from now on keeps in mind what has changed since it was mirrored.
    #[must_use]
    pub fn with_mirror_backlog(self) -> Self {
        self.contents().behind.keep();
        self
    }

    /// Makes a key for a user and registers it. Keys come out the same each time.
    ///
    /// # Panics
    /// Where `name` is not a user name.
    pub fn register_user(&self, name: &str) -> ApiKey {
        let user: UserName = name.parse().expect("a test gives a valid user name");
        let mut contents = self.contents();
        let mut entropy = [0x5a; ApiKey::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&(contents.keys.len() as u64).to_be_bytes());
        let key = ApiKey::new(&user, entropy);
        contents.keys.push(KeyRecord {
            digest: key.digest(),
            user,
            created_at: self.clock.now(),
            revoked_at: None,
        });
        key
    }

    /// A job as it is now, whoever owns it.
    pub fn job(&self, id: &JobId) -> Option<Job> {
        self.contents().job(id).cloned()
    }

    /// Every job, in the order of ids.
    pub fn all_jobs(&self) -> Vec<Job> {
        let contents = self.contents();
        contents
            .jobs
            .values()
            .map(|kept| kept.job.clone())
            .collect()
    }

    /// Every event of a job, in order.
    pub fn events_of(&self, id: &JobId) -> Vec<Event> {
        let contents = self.contents();
        let tenants = contents.tenants.values();
        tenants
            .flat_map(|tenant| tenant.events.values())
            .filter(|event| event.job == *id)
            .cloned()
            .collect()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents
            .lock()
            .expect("no call panics while it holds the contents")
    }
}

impl fmt::Debug for MemoryJobStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryJobStore")
            .field("jobs", &self.contents().jobs.len())
            .finish_non_exhaustive()
    }
}
