//! What is due, and whose turn it is.

use std::collections::{HashMap, VecDeque};

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::DueRequest;

use super::contents::{Contents, KeptJob};

impl Contents {
    pub(super) fn take_due(&mut self, request: &DueRequest, now: Timestamp) -> Vec<Job> {
        let mut ids = self.due(request, now);
        let is_turn = request.created_before.is_none();
        if is_turn && matches!(request.lane, Lane::Dispatch(_)) {
            ids = self.by_turns(ids, request.limit);
        }
        ids.truncate(request.limit);
        let put_off_to = now.plus(request.lease);
        ids.iter()
            .filter_map(|id| {
                let kept = self.jobs.get_mut(id)?;
                kept.due_at = kept.due_at.max(put_off_to);
                Some(kept.job.clone())
            })
            .collect()
    }

    /// All that the request means, the longest due first.
    fn due(&self, request: &DueRequest, now: Timestamp) -> Vec<JobId> {
        let is_meant = |kept: &KeptJob| match request.created_before {
            Some(time) => kept.job.created_at < time,
            None => kept.due_at <= now,
        };
        let mut due: Vec<(Timestamp, &JobId)> = self
            .jobs
            .values()
            .filter(|kept| is_meant(kept) && kept.job.due().lane == request.lane)
            .map(|kept| (kept.due_at, &kept.job.id))
            .collect();
        due.sort();
        due.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// The next is always of the tenant whose last turn is the longest ago.
    fn by_turns(&mut self, ids: Vec<JobId>, limit: usize) -> Vec<JobId> {
        let mut queues: HashMap<UserName, VecDeque<(usize, JobId)>> = HashMap::new();
        for (place, id) in ids.into_iter().enumerate() {
            if let Some(job) = self.job(&id) {
                let queue = queues.entry(job.user.clone()).or_default();
                queue.push_back((place, id));
            }
        }
        let mut taken = Vec::new();
        while taken.len() < limit {
            let next = queues
                .iter()
                .filter_map(|(user, queue)| Some((user, queue.front()?.0)))
                .min_by_key(|(user, place)| (self.last_turn(user), *place));
            let Some(user) = next.map(|(user, _)| user.clone()) else {
                break;
            };
            self.turns += 1;
            self.tenant(&user).last_turn = self.turns;
            let queue = queues.get_mut(&user);
            taken.extend(queue.and_then(VecDeque::pop_front).map(|(_, id)| id));
        }
        taken
    }

    fn last_turn(&self, user: &UserName) -> u64 {
        self.tenants.get(user).map_or(0, |tenant| tenant.last_turn)
    }
}
