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

/// Where jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// One Redis, shared by three gateways.
    Redis,
    /// The file of a gateway that is alone.
    Sqlite,
}

/// A Redis and the proxy before it.
#[derive(Debug)]
struct Redis {
    server: Arc<RedisServer>,
    proxy: FaultProxy,
}

/// Three gateways on one Redis, each part behind a proxy of its own; or one gateway on a file.
#[derive(Debug)]
pub(crate) struct Stage {
    replicas: Vec<Arc<Replica>>,
    redis: Option<Redis>,
    aws: Option<Aws>,
    folder: Option<TempDir>,
}

impl Stage {
    /// Gateways that take jobs and send none.
    pub(crate) async fn of_admissions(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed, Store::Redis)?;
        let host = Ipv4Addr::LOCALHOST;
        stage
            .start_replicas(&[], &["--no-worker"], seed, host)
            .await?;
        Ok(stage)
    }

    /// Gateways that run jobs on AWS Batch, with their results in S3.
    pub(crate) async fn of_jobs(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed, Store::Redis)?;
        stage.aws = Some(Aws::start(seed).await?);
        stage.start_with_jobs(seed, Ipv4Addr::LOCALHOST).await?;
        Ok(stage)
    }

    /// The same with jobs in containers.
    pub(crate) async fn of_containers(seed: u64) -> Outcome<Self> {
        let mut stage = Self::empty(seed, Store::Redis)?;
        let folder = stage.folder().join(SHARED);
        let aws = Aws::start_containers(seed, &folder, &stage.deployment()).await?;
        stage.aws = Some(aws);
        stage.start_with_jobs(seed, Ipv4Addr::UNSPECIFIED).await?;
        Ok(stage)
    }

    /// Gateways that run jobs as processes, few at once, with these further variables.
    pub(crate) async fn of_processes(
        seed: u64,
        store: Store,
        variables: &[(&str, String)],
    ) -> Outcome<Self> {
        let mut stage = Self::empty(seed, store)?;
        let types = stage.folder().join("job-types.toml");
        std::fs::write(&types, job_types::OF_PROCESSES)?;
        let mut variables = variables.to_vec();
        variables.push(("BATCHWAY_JOB_TYPES", types.display().to_string()));
        let host = Ipv4Addr::LOCALHOST;
        stage.start_replicas(&variables, &[], seed, host).await?;
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
        format!("chaos{}", self.link(Link::Redis).port())
    }

    fn empty(seed: u64, store: Store) -> Outcome<Self> {
        let folder = TempDir::with_prefix("batchway-chaos-")?;
        std::fs::create_dir(folder.path().join(SHARED))?;
        let redis = match store {
            Store::Redis => Some(Redis::start(seed)?),
            Store::Sqlite => None,
        };
        Ok(Self {
            replicas: Vec::new(),
            redis,
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
        let mut common = vec![
            ("BATCHWAY_SECRET", SECRET.to_owned()),
            ("BATCHWAY_LOG", "info".to_owned()),
        ];
        let number_of_replicas = match &self.redis {
            Some(redis) => {
                common.extend(redis.variables());
                REPLICAS
            }
            None => 1,
        };
        for number in 1..=number_of_replicas {
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

    /// The server, where jobs are kept in one.
    pub(crate) fn redis(&self) -> &Arc<RedisServer> {
        &self.on_redis().server
    }

    fn on_redis(&self) -> &Redis {
        self.redis.as_ref().expect("this stage has a Redis")
    }

    /// The proxy before a server.
    pub(crate) fn link(&self, link: Link) -> &FaultProxy {
        match link {
            Link::Batch => &self.aws().to_batch,
            Link::Redis => &self.on_redis().proxy,
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
        let mut all = Counters::default();
        if let Some(redis) = &self.redis {
            all += redis.proxy.counters();
        }
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

impl Redis {
    fn start(seed: u64) -> Outcome<Self> {
        let server = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
        Ok(Self {
            proxy: FaultProxy::start(on_this_machine(server.port()), seed)?,
            server: Arc::new(server),
        })
    }

    /// What a gateway has to be told.
    fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", self.proxy.port().to_string()),
            ("BATCHWAY_REDIS_DURABILITY", "fsync".to_owned()),
        ]
    }
}

pub(crate) fn on_this_machine(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Where nobody listens: port 0 can't be connected to.
fn nowhere() -> SocketAddr {
    on_this_machine(0)
}
