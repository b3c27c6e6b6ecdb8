//! Our runner in its container: the gate, the work, reports, the manifest.

use std::time::Duration;

use batchway_domain::artifacts::{ArtifactKey, GateEntry, JobFolder, Manifest, ProgramEnd};
use batchway_domain::identity::TryName;
use batchway_domain::ports::{ArtifactError, ArtifactStore, Created};
use batchway_domain::runner::{RunnerReport, exit_codes};
use batchway_domain::security::JobToken;
use batchway_fake_aws_batch::Exit;
use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Container, Order, Told};
use crate::artifacts::ArtifactsLink;
use crate::clients::ask;
use crate::setting;

/// How often a runner tries to reach the artifact store before it gives up.
const PATIENCE: u32 = 8;

/// How often a runner says that it lives.
const REPORTS_EVERY: Duration = Duration::from_secs(10);

/// Our runner, as far as the gateway has to do with it.
impl Container {
    pub(super) async fn run_the_runner(&mut self, name: &TryName) -> Exit {
        match self.pass_the_gate(name).await {
            Ok(None) => {}
            Ok(Some(exit)) => return exit,
            Err(Told) => return Exit::with_code(exit_codes::STOPPED),
        }
        self.world.begins_to_work(&name.job, &self.id, true);
        let dies = self.world.dice.happens(self.world.plan.machines_lost);
        if dies && !self.world.weather.is_fair() {
            let (world, id) = (self.world.clone(), self.id.clone());
            let after = self.run_time();
            tokio::spawn(async move {
                sleep(after).await;
                world.lose_machine_of(&id);
            });
        }
        let (end, code) = self.work(name).await;
        self.world.truth().works_no_more(&name.job, &self.id);
        self.finish(name, end, code).await
    }

    async fn pass_the_gate(&mut self, name: &TryName) -> Result<Option<Exit>, Told> {
        let key = folder(name).gate(name.number);
        let entry = GateEntry::Admitted {
            backend_id: self.id.clone(),
        };
        let encoded = Bytes::from(entry.encode());
        let store = ArtifactsLink::new(self.world.clone());
        for _ in 0..PATIENCE {
            match store.create(&key, encoded.clone()).await {
                Ok(Created::Won) => return Ok(None),
                Ok(Created::AlreadyThere) => match self.read_gate(&store, name, &entry).await {
                    Ok(exit) => return Ok(exit),
                    Err(_unavailable) => {}
                },
                Err(_unavailable) => {}
            }
            let pause = self.world.dice.millis(500, 4_000);
            self.wait(pause).await?;
        }
        Ok(Some(Exit::with_code(exit_codes::GATE_UNREACHABLE)))
    }

    /// What stands in the gate: `None` where this copy may go on.
    async fn read_gate(
        &self,
        store: &ArtifactsLink,
        name: &TryName,
        ours: &GateEntry,
    ) -> Result<Option<Exit>, ArtifactError> {
        let folder = folder(name);
        let found = content(store, &folder.gate(name.number)).await?;
        if GateEntry::decode(&found).as_ref() != Some(ours) {
            return Ok(Some(Exit::with_code(exit_codes::GATE_CLOSED)));
        }
        match content(store, &folder.manifest(name.number)).await {
            Ok(manifest) => {
                let end = Manifest::decode(&manifest).map(|manifest| manifest.end);
                Ok(Some(Exit::with_code(match end {
                    Some(ProgramEnd::Exited { code }) => code,
                    _ => exit_codes::STOPPED,
                })))
            }
            Err(ArtifactError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Works until it is done, or told to stop from either side.
    async fn work(&mut self, name: &TryName) -> (ProgramEnd, i32) {
        let run = self.run_time();
        let (lasts, exit) = self.fate(run);
        let done_at = Instant::now() + lasts;
        loop {
            let next_report = Instant::now() + REPORTS_EVERY;
            tokio::select! {
                biased;
                _ = self.ordered.wait_for(|order| *order >= Order::Terminate) => {
                    return (ProgramEnd::Stopped, exit_codes::STOPPED);
                }
                () = sleep_until(done_at) => {
                    let code = exit.code.unwrap_or(1);
                    return (ProgramEnd::Exited { code }, code);
                }
                () = sleep_until(next_report) => {}
            }
            let report = self.report(name);
            let is_told = tokio::select! {
                biased;
                () = sleep_until(done_at) => false,
                told = report => told,
            };
            if is_told {
                return (ProgramEnd::Stopped, exit_codes::STOPPED_BY_GATEWAY);
            }
        }
    }

    /// Says that it lives, and hears whether it is to stop.
    fn report(&self, name: &TryName) -> impl Future<Output = bool> + Send + 'static {
        let token = JobToken {
            job: name.job.clone(),
            try_number: name.number,
            expires_at: self.world.now().plus(Duration::from_secs(24 * 3600)),
        };
        let token = token.sign(&setting::secrets());
        let report = RunnerReport {
            backend_id: self.id.clone(),
            attempt: self.attempt,
            progress: Some(0.5),
            message: None,
        };
        let world = self.world.clone();
        async move {
            let answer = ask(&world, move |application| {
                async move { application.report_progress(&token, report).await }.boxed()
            });
            matches!(answer.await, Some(Ok(order)) if order.stop)
        }
    }

    /// Leaves results and the manifest, the manifest last.
    async fn finish(&self, name: &TryName, end: ProgramEnd, code: i32) -> Exit {
        let manifest = Manifest {
            version: Manifest::VERSION,
            backend_id: self.id.clone(),
            attempt: self.attempt,
            end,
            message: None,
            started_at: None,
            stopped_at: self.world.now(),
            objects: Vec::new(),
        };
        let store = ArtifactsLink::new(self.world.clone());
        let (key, encoded) = (
            folder(name).manifest(name.number),
            Bytes::from(manifest.encode()),
        );
        for _ in 0..PATIENCE {
            if store.create(&key, encoded.clone()).await.is_ok() {
                sleep(self.world.dice.millis(0, 2_000)).await;
                return Exit::with_code(code);
            }
            sleep(self.world.dice.millis(500, 4_000)).await;
        }
        Exit::with_code(exit_codes::RESULTS_NOT_STORED)
    }
}

fn folder(name: &TryName) -> JobFolder {
    JobFolder::new(&setting::environment(), &setting::user(), &name.job)
}

async fn content(store: &ArtifactsLink, key: &ArtifactKey) -> Result<Vec<u8>, ArtifactError> {
    let read = store.read(key, None).await?;
    let pieces: Vec<Bytes> =
        read.content
            .try_collect()
            .await
            .map_err(|source| ArtifactError::Unavailable {
                reason: "reading broke off".to_owned(),
                source: Some(source.into()),
            })?;
    Ok(pieces.concat())
}
