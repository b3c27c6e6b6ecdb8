//! Reading and writing the gate of a try.

use batchway_domain::artifacts::{ArtifactKey, GateEntry, Manifest};
use batchway_domain::job::machine::GateReading;
use batchway_domain::job::{BackendId, Job};
use batchway_domain::ports::{ArtifactError, Created};
use bytes::Bytes;
use futures_util::TryStreamExt;

use crate::Application;

/// The most that is read of a gate: an entry is far smaller.
const MAX_GATE_BYTES: usize = 16 * 1024;

/// The most that is read of a manifest: enough for a hundred thousand results.
const MAX_MANIFEST_BYTES: usize = 32 * 1024 * 1024;

impl Application {
    /// What stands in the gate of the job's present try.
    pub(crate) async fn read_gate(&self, job: &Job) -> Result<GateReading, ArtifactError> {
        if !self.rules_of(job).gated {
            return Ok(GateReading::NoGate);
        }
        let key = job.folder().gate(job.current_try.number);
        let Some(bytes) = self.read_small(&key, MAX_GATE_BYTES).await? else {
            return Ok(GateReading::Open);
        };
        match GateEntry::decode(&bytes) {
            Some(GateEntry::Admitted { backend_id }) => Ok(GateReading::Admitted(backend_id)),
            Some(GateEntry::Cancelled { .. }) => Ok(GateReading::Cancelled),
            None => Err(unreadable(&key)),
        }
    }

    /// Settles an open gate: shut where the job is cancelled, otherwise in favour of the oldest
    /// candidate, if there is any. Whoever was first, the gate is read again.
    pub(crate) async fn settle_gate(
        &self,
        job: &Job,
        oldest: Option<&BackendId>,
    ) -> Result<GateReading, ArtifactError> {
        let reading = self.read_gate(job).await?;
        if reading != GateReading::Open {
            return Ok(reading);
        }
        if job.cancel_requested_at.is_some() {
            return self.write_gate(job, &self.shut()).await;
        }
        let Some(backend_id) = oldest else {
            return Ok(reading);
        };
        let entry = GateEntry::Admitted {
            backend_id: backend_id.clone(),
        };
        self.write_gate(job, &entry).await
    }

    /// Has no copy of the present try start any more, unless one was admitted before.
    pub(crate) async fn shut_gate(&self, job: &Job) -> Result<GateReading, ArtifactError> {
        match self.read_gate(job).await? {
            GateReading::Open => self.write_gate(job, &self.shut()).await,
            settled => Ok(settled),
        }
    }

    fn shut(&self) -> GateEntry {
        GateEntry::Cancelled {
            deployment: self.settings().deployment.clone(),
        }
    }

    /// Writes into a gate that is open; whoever was first, answers what stands there then.
    async fn write_gate(&self, job: &Job, entry: &GateEntry) -> Result<GateReading, ArtifactError> {
        let key = job.folder().gate(job.current_try.number);
        match self
            .artifacts()
            .create(&key, Bytes::from(entry.encode()))
            .await?
        {
            Created::Won | Created::AlreadyThere => self.read_gate(job).await,
        }
    }

    /// The manifest of the job's present try; `None` where there is none.
    pub(crate) async fn read_manifest(&self, job: &Job) -> Result<Option<Manifest>, ArtifactError> {
        let key = job.folder().manifest(job.current_try.number);
        match self.read_small(&key, MAX_MANIFEST_BYTES).await? {
            None => Ok(None),
            Some(bytes) => Manifest::decode(&bytes)
                .map(Some)
                .ok_or_else(|| unreadable(&key)),
        }
    }

    /// The whole of a small object; `None` where there is none.
    pub(crate) async fn read_small(
        &self,
        key: &ArtifactKey,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, ArtifactError> {
        let mut read = match self.artifacts().read(key, None).await {
            Ok(read) => read,
            Err(ArtifactError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        while let Some(piece) =
            read.content
                .try_next()
                .await
                .map_err(|source| ArtifactError::Unavailable {
                    reason: format!("reading {key} broke off"),
                    source: Some(source.into()),
                })?
        {
            bytes.extend_from_slice(&piece);
            if bytes.len() > limit {
                return Err(unreadable(key));
            }
        }
        Ok(Some(bytes))
    }
}

fn unreadable(key: &ArtifactKey) -> ArtifactError {
    ArtifactError::Unavailable {
        reason: format!("{key} is not what the runner writes"),
        source: None,
    }
}
