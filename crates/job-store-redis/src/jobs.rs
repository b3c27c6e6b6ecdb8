//! Reading, changing and forgetting jobs.

use std::sync::Arc;

use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{CommitError, JobCommit, ReadError, StoreError};
use batchway_domain::security::KeyDigest;
use fred::types::Value;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::deliveries::{new_delivery, outbox_keys, receiver_of};
use crate::envelope::{head, index_rest, open};
use crate::events::packed_event;
use crate::keyspace::Key;
use crate::packing::pack_record;
use crate::reply::{array, integer, optional_bytes, text, unexpected};
use crate::runs::run_of;
use crate::script::Script;

impl Core {
    pub(crate) async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        let place = self.keyspace.of_shard(key.shard);
        let arguments = vec![argument(key.sha256), argument(id.as_str())];
        let keys = [place.api_keys(), place.jobs()];
        let answer = self.link.run(Script::Find, &keys, arguments).await?;
        let mut answer = array(answer, "a job")?.into_iter();
        let Some(user) = answer.next() else {
            return Err(ReadError::Unauthorized);
        };
        let user = text(user, "a user")?;
        let value = optional_bytes(answer.next().unwrap_or(Value::Null), "a job")?;
        let job = value.as_ref().map(open).transpose()?;
        // Somebody else's job of the same shard looks like one that never was.
        Ok(job.filter(|job| job.user.as_str() == user))
    }

    pub(crate) async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let jobs = self.keyspace.of_shard(id.shard()).jobs();
        let value = self
            .link
            .read("HGET", &jobs, vec![argument(id.as_str())])
            .await?;
        optional_bytes(value, "a job")?
            .as_ref()
            .map(open)
            .transpose()
    }

    pub(crate) async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        let params = self.keyspace.of_shard(id.shard()).params();
        let value = self
            .link
            .read("HGET", &params, vec![argument(id.as_str())])
            .await?;
        match value {
            Value::Null => Ok(None),
            value => Ok(Some(text(value, "the params of a job")?.into())),
        }
    }

    pub(crate) async fn commit(&self, commit: &JobCommit) -> Result<(), CommitError> {
        let job = &commit.job;
        let due = job.due();
        let mut arguments = vec![
            self.time.argument(),
            argument(job.id.as_str()),
            argument(job.user.as_str()),
            argument(commit.expected_version.to_be_bytes()),
            argument(head(job, commit.operation)),
            argument(pack_record(&job.encode())),
            argument(index_rest(job)),
            number(due.at.as_millis()),
        ];
        let run = run_of(job);
        arguments.push(
            run.as_ref()
                .map_or_else(|| argument(""), |run| argument(&run.entry)),
        );
        arguments.push(run.map_or_else(|| argument(""), |run| number(run.ended_at)));
        arguments.push(self.is_mirrored());
        arguments.push(number(commit.events.len()));
        for event in &commit.events {
            arguments.push(argument(packed_event(event)?));
        }
        let mut keys = self.moving_keys(job);
        let deliveries = commit.deliveries();
        if !deliveries.is_empty() {
            keys.extend(outbox_keys(self.keyspace.of_shard(job.id.shard())));
            arguments.extend(receiver_of(job));
            arguments.extend(deliveries.iter().flat_map(new_delivery));
        }
        keys.extend(self.mirror_key(job.id.shard()));
        self.change(Script::Commit, &keys, &job.id, arguments).await
    }

    pub(crate) async fn remove(
        &self,
        id: &JobId,
        expected_version: u64,
    ) -> Result<(), CommitError> {
        let job = self.load(id).await?.ok_or(CommitError::NotFound)?;
        let place = self.keyspace.of_shard(id.shard());
        let mut keys = self.moving_keys(&job);
        keys.extend([place.params(), place.idempotency(), place.removed(id)]);
        let mut arguments = vec![
            self.time.argument(),
            argument(id.as_str()),
            argument(job.user.as_str()),
            argument(expected_version.to_be_bytes()),
            argument(index_rest(&job)),
            run_of(&job).map_or_else(|| argument(""), |run| argument(run.entry)),
            argument(self.operations.next().to_be_bytes()),
            self.is_mirrored(),
        ];
        if let Some(receiver) = receiver_of(&job) {
            keys.extend(outbox_keys(place));
            arguments.push(receiver);
        }
        keys.extend(self.mirror_key(id.shard()));
        self.change(Script::Remove, &keys, id, arguments).await
    }

    /// Every key that a change of this job can touch.
    fn moving_keys(&self, job: &Job) -> Vec<Key> {
        let place = self.keyspace.of_shard(job.id.shard());
        let lanes = [
            Lane::Dispatch(job.backend.clone()),
            Lane::Resolve(job.backend.clone()),
            Lane::Watch(job.backend.clone()),
            Lane::Remove,
        ];
        let mut keys = vec![
            place.jobs(),
            place.counts(),
            place.index(&job.user),
            place.events(&job.user),
        ];
        keys.extend(lanes.iter().map(|lane| place.due(lane)));
        keys.extend([
            place.turns(&job.backend),
            place.ages(&job.backend),
            place.runs(&job.job_type),
        ]);
        keys
    }

    async fn change(
        &self,
        script: Script,
        keys: &[Key],
        id: &JobId,
        arguments: Vec<Value>,
    ) -> Result<(), CommitError> {
        const WHAT: &str = "a change";
        let answer = self.link.run(script, keys, arguments).await?;
        let mut answer = array(answer, WHAT)?.into_iter();
        let letter = answer.next().ok_or_else(|| unexpected(WHAT))?;
        match text(letter, WHAT)?.as_str() {
            "K" => {}
            "C" => return Err(CommitError::Conflict),
            "N" => return Err(CommitError::NotFound),
            _ => return Err(unexpected(WHAT).into()),
        }
        if let Some(queued) = answer.next() {
            let queued = integer(queued, "a count of jobs")?;
            self.outlook.backlog.saw_queued(id.shard(), queued);
        }
        self.outlook.touch(id.shard());
        Ok(self.barrier(id.shard()).await?)
    }
}
