//! Measures the store: admissions a second by number of concurrent callers, and how long pages
//! and claims take with a thousand jobs and with many.
//!
//! ```sh
//! cargo run --release -p batchway-job-store-sqlite --example million_jobs -- 1000000 FOLDER
//! ```
//!
//! The file is made in the folder (the present one unless given), so that its disk is what is
//! measured, and removed at the end.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints figures, and stops where it can't"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::machine::{self, Observation};
use batchway_domain::job::{Job, JobStatus, Lane};
use batchway_domain::ports::{
    ApiKeys, Clock, DueRequest, JobCommit, JobQuery, JobStore, KeyRecord,
};
use batchway_domain::security::{ApiKey, KeyDigest};
use batchway_job_store_sqlite::SqliteJobStore;
use batchway_port_contracts::specimens;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many times each kind of call is timed.
const SAMPLES: usize = 200;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let jobs: u64 = arguments.next().map_or(1_000_000, |n| n.parse().unwrap());
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let folder = tempfile::tempdir_in(folder).unwrap();
    let bench = Arc::new(Bench::open(&folder.path().join("jobs.sqlite")).await);

    bench.grow_to(1_000).await;
    bench.latencies().await;
    for callers in [1, 16, 64] {
        bench.admissions_per_second(callers).await;
    }
    bench.grow_to(jobs).await;
    bench.latencies().await;
    for callers in [1, 16, 64] {
        bench.admissions_per_second(callers).await;
    }
}

/// A clock that moves on by a millisecond each time it is looked at.
#[derive(Debug)]
struct TickingClock(AtomicI64);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Bench {
    store: SqliteJobStore,
    clock: Arc<TickingClock>,
    serial: AtomicU64,
    many: Tenant,
    few: Tenant,
    rare: Job,
}

struct Tenant {
    user: UserName,
    key: KeyDigest,
}

impl Tenant {
    async fn register(store: &SqliteJobStore, name: &str) -> Self {
        let user: UserName = name.parse().unwrap();
        let key = ApiKey::new(&user, [1; ApiKey::ENTROPY_BYTES]).digest();
        let record = KeyRecord {
            digest: key,
            user: user.clone(),
            created_at: Timestamp::EPOCH,
            revoked_at: None,
        };
        store.register(&record).await.unwrap();
        Self { user, key }
    }
}

impl Bench {
    /// A store with two tenants. The first job of the one is cancelled: a rare one to look for.
    async fn open(file: &std::path::Path) -> Self {
        let clock = Arc::new(TickingClock(AtomicI64::new(1_772_366_400_000)));
        let store = SqliteJobStore::open(file, clock.clone()).unwrap();
        let many = Tenant::register(&store, "many").await;
        let few = Tenant::register(&store, "few").await;
        let first = specimens::new_job(&many.user, clock.now(), 0);
        let admission = specimens::admission(first);
        let rare = store.admit(&many.key, admission).await.unwrap().job;
        let bench = Self {
            store,
            clock,
            serial: AtomicU64::new(1),
            many,
            few,
            rare,
        };
        bench
            .observe(&bench.rare, &Observation::CancelRequested)
            .await;
        for _ in 0..10 {
            bench.admit(&bench.few).await;
        }
        bench
    }

    fn admitted(&self) -> u64 {
        self.serial.load(Ordering::Relaxed)
    }

    async fn admit(&self, tenant: &Tenant) -> JobId {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let job = specimens::new_job(&tenant.user, self.clock.now(), serial);
        let mut admission = specimens::admission(job);
        admission.limits.queued = u64::MAX;
        self.store
            .admit(&tenant.key, admission)
            .await
            .unwrap()
            .job
            .id
    }

    async fn observe(&self, job: &Job, observation: &Observation) {
        let now = self.clock.now();
        let moved = machine::observe(job, observation, &specimens::rules(), now).unwrap();
        let commit = JobCommit {
            job: moved.job,
            expected_version: job.version,
            operation: u128::from(self.clock.now().as_millis().unsigned_abs()),
            events: moved.events,
        };
        self.store.commit(commit).await.unwrap();
    }

    /// So many callers, each admitting one job after the other, until there are so many jobs.
    async fn admit_with(self: &Arc<Self>, callers: u64, until: u64) {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let bench = Arc::clone(self);
            tasks.spawn(async move {
                while bench.admitted() < until {
                    bench.admit(&bench.many).await;
                }
            });
        }
        tasks.join_all().await;
    }

    async fn admissions_per_second(self: &Arc<Self>, callers: u64) {
        let (jobs, commits) = (self.admitted(), self.store.commits());
        let start = Instant::now();
        self.admit_with(callers, jobs + 500 + 300 * callers).await;
        let seconds = start.elapsed().as_secs_f64();
        let (jobs, commits) = (self.admitted() - jobs, self.store.commits() - commits);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (rate, batch) = (jobs as f64 / seconds, jobs as f64 / commits as f64);
        println!("{callers:>4} callers: {rate:>7.0} admissions a second, {batch:.1} a commit");
    }

    async fn grow_to(self: &Arc<Self>, jobs: u64) {
        let start = Instant::now();
        self.admit_with(512, jobs).await;
        println!("{} jobs, after {:.1?}", self.admitted(), start.elapsed());
    }

    async fn latencies(&self) {
        let queued = Some(JobStatus::Queued);
        let cancelled = Some(JobStatus::Cancelled);
        let job_type = Some(self.rare.job_type.clone());
        let pages = [
            ("first page", None, None, None),
            ("page by status", queued, None, None),
            ("page by rare status", cancelled, None, None),
            ("page by type and rare status", cancelled, job_type, None),
            (
                "last page",
                None,
                None,
                Some(self.rare.created_at.plus(Duration::from_millis(20))),
            ),
        ];
        for (name, status, job_type, created_before) in pages {
            let query = JobQuery {
                limit: 20,
                status,
                job_type,
                created_before,
                ..JobQuery::default()
            };
            time(name, async || {
                JobStore::list(&self.store, &self.many.key, &query)
                    .await
                    .unwrap();
            })
            .await;
        }
        time("one job", async || {
            self.store
                .find(&self.many.key, &self.rare.id)
                .await
                .unwrap();
        })
        .await;
        let request = DueRequest {
            lane: Lane::Dispatch(specimens::backend()),
            limit: 100,
            lease: Duration::from_millis(1),
            created_before: None,
        };
        time("claim of 100", async || {
            let taken = self.store.take_due(&request).await.unwrap();
            assert!(taken.len() == 100 && taken.iter().any(|job| job.user == self.few.user));
        })
        .await;
        time("admission", async || {
            self.admit(&self.many).await;
        })
        .await;
    }
}

async fn time(name: &str, call: impl AsyncFn()) {
    let mut spans = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let start = Instant::now();
        call().await;
        spans.push(start.elapsed());
    }
    spans.sort_unstable();
    let (median, slow) = (spans[SAMPLES / 2], spans[SAMPLES * 99 / 100]);
    println!("  {name:<30} median {median:>10.1?}   99% {slow:>10.1?}");
}
