//! AWS Batch of a history: one account with one queue and one definition, and what may happen to
//! its jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use batchway_domain::identity::TryName;
use batchway_domain::job::BackendId;
use batchway_fake_aws_batch::wire::{
    ComputeResourcesType, CreateComputeEnvironment, CreateJobQueue, RegisterJobDefinition,
    SubmitJob,
};
use batchway_fake_aws_batch::{Account, Millis, Pace, Settings};

use crate::plan::Plan;
use crate::setting;
use crate::world::World;

pub(crate) const DEPLOYMENT_TAG: &str = "batchway:deployment";
pub(crate) const HASH_TAG: &str = "batchway:request-hash";
pub(crate) const RUNNER_TAG: &str = "batchway:runner";

const ENVIRONMENT: &str = "live2-environment";

pub(crate) fn open(seed: u64, plan: &Plan) -> Account {
    let millis = |span: std::time::Duration| Millis(i64::try_from(span.as_millis()).unwrap_or(0));
    let mut account = Account::new(Settings {
        seed,
        list_lag: millis(plan.list_lag),
        describe_lag: millis(plan.describe_lag),
        pace: Pace {
            submitted: Millis(200),
            pending: Millis(200),
            runnable: millis(plan.runnable_for),
            starting: Millis(500),
        },
        ..Settings::default()
    });
    let now = Millis::ZERO;
    let environment = CreateComputeEnvironment::managed(ENVIRONMENT, ComputeResourcesType::Spot);
    let queue = CreateJobQueue::new(setting::QUEUE, ENVIRONMENT);
    let definition = RegisterJobDefinition::ec2(setting::DEFINITION, "image");
    account
        .create_compute_environment(&environment, now)
        .expect("a valid environment");
    account
        .create_job_queue(&queue, now)
        .expect("a valid queue");
    account
        .register_job_definition(&definition, now)
        .expect("a valid definition");
    account
}

impl World {
    pub(crate) fn millis(&self) -> Millis {
        use batchway_domain::ports::Clock;
        Millis(self.clock.now().as_millis())
    }

    /// A step of the account. What it says has changed is known at once to those who know the
    /// truth, and some time to the gateways.
    pub(crate) fn in_account<T>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Account, Millis) -> T,
    ) -> T {
        let answer = self.move_account(step);
        self.account_changed.notify_waiters();
        answer
    }

    /// The same by the one who waits for changes.
    pub(crate) fn move_account<T>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Account, Millis) -> T,
    ) -> T {
        let (answer, events) = {
            let mut account = self.account();
            let answer = step(&mut account, self.millis());
            (answer, account.take_events())
        };
        for event in events {
            let id = BackendId(event.job.job_id.to_string());
            self.truth().note_status(&id, event.job.status);
            self.tell_of(&event.job);
        }
        answer
    }

    fn alive_copies(&self) -> Vec<(BackendId, TryName)> {
        let truth = self.truth();
        let alive = truth.alive_copies();
        alive.map(|(id, name)| (id.clone(), name.clone())).collect()
    }

    pub(crate) fn nothing_is_alive(&self) -> bool {
        self.alive_copy().is_none()
    }

    pub(crate) fn alive_copy(&self) -> Option<BackendId> {
        self.truth().alive_copies().next().map(|(id, _)| id.clone())
    }

    /// A machine goes away under one of the jobs, or is taken back.
    pub(crate) fn lose_a_machine(self: &Arc<Self>) {
        let alive = self.alive_copies();
        if alive.is_empty() {
            return;
        }
        let index = self.dice.below(alive.len() as u64);
        let (id, _) = &alive[usize::try_from(index).unwrap_or(0)];
        self.lose_machine_of(id);
    }

    pub(crate) fn lose_machine_of(self: &Arc<Self>, id: &BackendId) {
        let is_reclaimed = self.dice.happens(500);
        self.containers().kill(id);
        let had_one = self.in_account(|account, now| {
            if is_reclaimed {
                account.reclaim_spot(&id.0, now)
            } else {
                account.lose_host(&id.0, now)
            }
        });
        if had_one {
            self.trace(|| format!("{id} loses its machine"));
        }
    }

    /// The backend loses every trace of a job, and its container with it.
    pub(crate) fn lose_a_job(self: &Arc<Self>) {
        let alive = self.alive_copies();
        if alive.is_empty() || !self.dice.happens(300) {
            return;
        }
        let index = self.dice.below(alive.len() as u64);
        let (id, _) = &alive[usize::try_from(index).unwrap_or(0)];
        self.trace(|| format!("{id} vanishes"));
        self.truth().vanish(id.clone());
        self.containers().kill(id);
        self.in_account(|account, _| account.vanish(&id.0));
    }

    /// Now and then a job is not shown for much longer than any list should lag behind. With a
    /// gate, that may cost a second copy, and never a second effect.
    pub(crate) fn hide_for_a_while(&self, account: &mut Account, id: &BackendId, now: Millis) {
        let left = self.plan.foul_for.saturating_sub(self.clock.elapsed());
        let left = u64::try_from(left.as_millis()).unwrap_or(0);
        if left > 0 && self.dice.happens(self.plan.hidden) {
            let longest = self.dice.pick(&[60_000, 600_000]);
            let hidden_for = self.dice.between(longest / 2, longest).min(left);
            account.hide(
                &id.0,
                now.plus(Millis(i64::try_from(hidden_for).unwrap_or(0))),
            );
        }
    }

    /// Somebody else's jobs that look like ours: a deployment with a copy of our store, and one
    /// who tried our name with a request of his own.
    pub(crate) fn have_someone_copy_a_job(self: &Arc<Self>) {
        let alive = self.alive_copies();
        let Some((_, name)) = alive.first() else {
            return;
        };
        let is_other_deployment = self.dice.happens(500);
        let name = if is_other_deployment {
            TryName {
                deployment: setting::other_deployment(),
                ..name.clone()
            }
        } else {
            name.clone()
        };
        let hash = if is_other_deployment { "same" } else { "other" };
        let tags = [
            (DEPLOYMENT_TAG, setting::other_deployment().to_string()),
            (HASH_TAG, hash.to_owned()),
        ];
        let request = SubmitJob {
            job_name: name.to_string(),
            job_queue: setting::QUEUE.to_owned(),
            job_definition: setting::DEFINITION.to_owned(),
            tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
            ..SubmitJob::default()
        };
        let submitted = self.in_account(|account, now| account.submit_job(&request, now));
        if let Ok(job) = submitted {
            self.trace(|| format!("{} is somebody else's {name}", job.job_id));
            self.truth().add_foreign(BackendId(job.job_id.to_string()));
        }
    }
}

pub(crate) fn tags(pairs: [(&str, String); 3]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value)).into()
}
