//! Where jobs run and leave their results: AWS, as far as a run needs it.

mod containers;
mod fake;

use std::path::Path;

use batchway_fault_proxy::FaultProxy;
use batchway_test_servers::Moto;

pub(crate) use containers::Containers;
pub(crate) use fake::FakeBatch;

use crate::Outcome;
use crate::books::BatchJob;
use crate::bucket::Bucket;
use crate::stage::on_this_machine;

const QUEUE: &str = "live2-job-queue";
const DEFINITION: &str = "live2-simulation";
const BUCKET: &str = "live2-artifacts";
const REGION: &str = "eu-central-1";

/// AWS Batch and S3, each behind a proxy.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) batch: Batch,
    pub(crate) to_batch: FaultProxy,
    pub(crate) bucket: Bucket,
    /// Between gateways and S3; runners go straight there.
    pub(crate) to_s3: FaultProxy,
    _moto: Moto,
}

/// Who plays AWS Batch.
#[derive(Debug)]
pub(crate) enum Batch {
    /// This project's fake: jobs are processes, and it can have bad days itself.
    Fake(FakeBatch),
    /// moto: jobs are containers.
    Containers(Containers),
}

impl Aws {
    /// Jobs as processes.
    pub(crate) async fn start(seed: u64) -> Outcome<Self> {
        let moto = Moto::start();
        let fake = FakeBatch::start(seed, &moto.url()).await?;
        Ok(Self {
            to_batch: FaultProxy::start(fake.address(), seed)?,
            batch: Batch::Fake(fake),
            bucket: Bucket::create(&moto.url(), BUCKET).await?,
            to_s3: FaultProxy::start(on_this_machine(moto.port()), seed)?,
            _moto: moto,
        })
    }

    /// Jobs as containers, which can write into a folder of this machine.
    pub(crate) async fn start_containers(
        seed: u64,
        folder: &Path,
        deployment: &str,
    ) -> Outcome<Self> {
        let containers = Containers::engine();
        let moto = Moto::start();
        let containers = containers.with(&moto, folder, deployment).await?;
        Ok(Self {
            to_batch: FaultProxy::start(on_this_machine(moto.port()), seed)?,
            batch: Batch::Containers(containers),
            bucket: Bucket::create(&moto.url(), BUCKET).await?,
            to_s3: FaultProxy::start(on_this_machine(moto.port()), seed)?,
            _moto: moto,
        })
    }

    /// What a gateway has to be told.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = credentials("of-the-service");
        variables.extend([
            ("AWS_ENDPOINT_URL", url_of(&self.to_s3)),
            ("AWS_ENDPOINT_URL_BATCH", url_of(&self.to_batch)),
            ("AWS_BATCH_JOB_QUEUE", QUEUE.to_owned()),
            ("AWS_BATCH_JOB_DEFINITION", DEFINITION.to_owned()),
            ("AWS_S3_BUCKET", BUCKET.to_owned()),
        ]);
        variables
    }

    /// Every job that AWS Batch ever accepted.
    pub(crate) async fn jobs(&self) -> Outcome<Vec<BatchJob>> {
        match &self.batch {
            Batch::Fake(fake) => Ok(fake.jobs()),
            Batch::Containers(containers) => containers.jobs().await,
        }
    }

    /// The fake, where it is one.
    pub(crate) fn fake(&self) -> Option<&FakeBatch> {
        match &self.batch {
            Batch::Fake(fake) => Some(fake),
            Batch::Containers(_) => None,
        }
    }
}

fn credentials(who: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ACCESS_KEY_ID", who.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", who.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
    ]
}

fn url_of(proxy: &FaultProxy) -> String {
    format!("http://{}", proxy.address())
}
