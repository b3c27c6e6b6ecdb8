//! Everything that a run stands on.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use batchway_fault_proxy::{Counters, FaultProxy};
use batchway_test_servers::RedisServer;
use futures_util::future::try_join_all;
use tempfile::TempDir;

use crate::Outcome;
use crate::aws::{Aws, Batch};
use crate::job_types;
use crate::ledger::Ledger;
use crate::replica::Replica;

const REPLICAS: u8 = 3;
/// The part of a run's folder into which jobs write.
const SHARED: &str = "jobs";
/// Signs what replicas share.
const SECRET: &str = "a secret that is the same on all replicas of a run";

/// What a proxy stands before: each has its own bad weather.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    Batch,
    Redis,
    S3,
}

/// Three gateways on one Redis, each part behind a proxy of its own.
#[derive(Debug)]
pub(crate) struct Stage {
    replicas: Vec<Arc<Replica>>,
    redis: Arc<RedisServer>,
    to_redis: FaultProxy,
    aws: Option<Aws>,
    folder: Option<TempDir>,
}

impl Stage {
    /// Gateways that take jobs and send none.
    pub(crate) async fn of_admissions(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed)?;
        let host = Ipv4Addr::LOCALHOST;
        stage
            .start_replicas(&[], &["--no-worker"], seed, host)
            .await?;
        Ok(stage)
    }

    /// Gateways that run jobs on AWS Batch, with their results in S3.
    pub(crate) async fn of_jobs(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed)?;
        stage.aws = Some(Aws::start(seed).await?);
        stage.start_with_jobs(seed, Ipv4Addr::LOCALHOST).await?;
        Ok(stage)
    }

    /// The same with jobs in containers.
    pub(crate) async fn of_containers(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed)?;
        let folder = stage.folder().join(SHARED);
        let aws = Aws::start_containers(seed, &folder, &stage.deployment()).await?;
        stage.aws = Some(aws);
        stage.start_with_jobs(seed, Ipv4Addr::UNSPECIFIED).await?;
        Ok(stage)
    }

    async fn start_with_jobs(&mut self, seed: u64, host: Ipv4Addr) -> Outcome<()> {
        let types = self.folder().join("job-types.toml");
        std::fs::write(&types, job_types::file(self.ledger().path()))?;
        let mut variables = self.aws().variables();
        variables.extend([
            ("BATCHWAY_JOB_TYPES", types.display().to_string()),
            ("BATCHWAY_DEPLOYMENT", self.deployment()),
        ]);
        self.start_replicas(&variables, &[], seed, host).await
    }

    /// A name that no other run on this machine has.
    fn deployment(&self) -> String {
        format!("chaos{}", self.to_redis.port())
    }

    fn empty(seed: u64) -> Outcome<Self> {
        let folder = TempDir::with_prefix("batchway-chaos-")?;
        std::fs::create_dir(folder.path().join(SHARED))?;
        let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
        Ok(Self {
            to_redis: FaultProxy::start(on_this_machine(redis.port()), seed)?,
            replicas: Vec::new(),
            redis: Arc::new(redis),
            aws: None,
            folder: Some(folder),
        })
    }

    async fn start_replicas(
        &mut self,
        variables: &[(&str, String)],
        options: &[&str],
        seed: u64,
        host: Ipv4Addr,
    ) -> Outcome<()> {
        let common = [
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", self.to_redis.port().to_string()),
            ("BATCHWAY_REDIS_DURABILITY", "fsync".to_owned()),
            ("BATCHWAY_SECRET", SECRET.to_owned()),
            ("BATCHWAY_LOG", "info".to_owned()),
        ];
        for number in 1..=REPLICAS {
            let front = FaultProxy::start_on(host, nowhere(), seed.wrapping_add(number.into()))?;
            let variables = common
                .iter()
                .chain(variables)
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            let folder = self.folder().join(format!("replica-{number}"));
            let replica = Replica::new(front, folder, variables, options)?;
            self.replicas.push(Arc::new(replica));
        }
        // The first alone settles what a store's first gateway does.
        self.replicas[0].start().await?;
        try_join_all(self.replicas[1..].iter().map(|replica| replica.start())).await?;
        Ok(())
    }

    pub(crate) fn replicas(&self) -> &[Arc<Replica>] {
        &self.replicas
    }

    pub(crate) fn redis(&self) -> &Arc<RedisServer> {
        &self.redis
    }

    /// The proxy before a server.
    pub(crate) fn link(&self, link: Link) -> &FaultProxy {
        match link {
            Link::Batch => &self.aws().to_batch,
            Link::Redis => &self.to_redis,
            Link::S3 => &self.aws().to_s3,
        }
    }

    /// Where jobs run, on a stage [of jobs](Self::of_jobs).
    pub(crate) fn aws(&self) -> &Aws {
        self.aws.as_ref().expect("jobs run on this stage")
    }

    /// What the programs of jobs write down.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::in_folder(&self.folder().join(SHARED))
    }

    /// What works for a job at this moment, in a few words each.
    pub(crate) fn at_work_for(&self, job: &str) -> Outcome<Vec<String>> {
        if let Batch::Containers(containers) = &self.aws().batch {
            let running = containers.running(job).into_iter();
            return Ok(running.map(|id| format!("container {id}")).collect());
        }
        let runs = self.ledger().alive(job)?.into_iter();
        let pids = runs.map(|run| format!("process {} of try {}", run.process.pid, run.try_number));
        Ok(pids.collect())
    }

    /// What the proxies before the servers did.
    pub(crate) fn faults(&self) -> Counters {
        let mut all = self.to_redis.counters();
        if let Some(aws) = &self.aws {
            all += aws.to_batch.counters();
            all += aws.to_s3.counters();
        }
        all
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder
            .as_ref()
            .expect("it is only given away at the end")
            .path()
    }

    /// What went wrong with the gateways themselves, in a sentence each.
    pub(crate) fn crashes(&self) -> Vec<String> {
        self.replicas
            .iter()
            .flat_map(|replica| replica.crashes())
            .collect()
    }

    /// The last words of starts that failed.
    pub(crate) fn failed_starts(&self) -> Vec<String> {
        let replicas = self.replicas.iter();
        replicas
            .flat_map(|replica| replica.failed_starts().clone())
            .collect()
    }

    /// Ends everything that nobody else holds. Its logs stay if something is wrong; then this
    /// says where.
    pub(crate) fn end(stage: Arc<Self>, is_wrong: bool) -> Option<PathBuf> {
        let folder = Arc::into_inner(stage)?.folder.take()?;
        is_wrong.then(|| folder.keep())
    }
}

pub(crate) fn on_this_machine(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Where nobody listens: port 0 can't be connected to.
fn nowhere() -> SocketAddr {
    on_this_machine(0)
}
