//! Pages of a caller's jobs.

use batchway_domain::job::Job;
use batchway_domain::ports::{JobPage, JobQuery, ReadError};
use batchway_domain::security::KeyDigest;
use fred::types::Value;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::envelope::{ID_PREFIX, open, status_letter};
use crate::reply::{array, bytes};
use crate::script::Script;

/// No page is longer: Redis does nothing else meanwhile.
const LONGEST_PAGE: usize = 1000;

impl Core {
    /// One more than asked for is read, to know whether there is a next page.
    pub(crate) async fn list(
        &self,
        key: &KeyDigest,
        query: &JobQuery,
    ) -> Result<JobPage, ReadError> {
        let limit = query.limit.min(LONGEST_PAGE);
        let answer = self.read_page(key, query, limit).await?;
        let found = answer.len() - 1;
        let mut jobs = Vec::with_capacity(found.min(limit));
        for value in answer.into_iter().skip(1).take(limit) {
            jobs.push(open(&bytes(value, "a job")?)?);
        }
        let last = jobs.last().filter(|_| found > limit);
        let next = last.map(|job: &Job| job.id.clone());
        Ok(JobPage { jobs, next })
    }

    /// How many entries of the index were read, then the values of the jobs.
    async fn read_page(
        &self,
        key: &KeyDigest,
        query: &JobQuery,
        limit: usize,
    ) -> Result<Vec<Value>, ReadError> {
        let user = self.caller(key).await?;
        let place = self.keyspace.of_shard(key.shard);
        let keys = [place.api_keys(), place.jobs(), place.index(&user)];
        let status = query.status.map(|status| vec![status_letter(status)]);
        let job_type = query.job_type.as_ref().map(|name| name.as_str());
        let ids = query.ids();
        let arguments = vec![
            argument(key.sha256),
            argument(user.as_str()),
            argument(without_prefix(&ids.start)),
            argument(without_prefix(&ids.end)),
            number(limit + 1),
            argument(status.unwrap_or_default()),
            argument(job_type.unwrap_or_default()),
        ];
        let answer = self.link.run(Script::List, &keys, arguments).await?;
        let answer = array(answer, "a page of jobs")?;
        if answer.is_empty() {
            return Err(ReadError::Unauthorized);
        }
        Ok(answer)
    }

    /// How many entries of the index a page costs.
    #[cfg(test)]
    pub(crate) async fn entries_read(&self, key: &KeyDigest, query: &JobQuery) -> usize {
        let answer = self.read_page(key, query, query.limit).await.unwrap();
        answer[0].as_u64().unwrap().try_into().unwrap()
    }
}

fn without_prefix(id: &str) -> &str {
    id.strip_prefix(ID_PREFIX).unwrap_or(id)
}
