//! How attempts end, and what follows.

use std::sync::Arc;

use super::Account;
use super::agenda::Alarm;
use super::arns::Arns;
use super::ids::Ids;
use super::jobs::{Host, JobKey, OpenAttempt, Reason, StopCause};
use super::machine_room::{Exit, Signal, Stop};
use super::retry::{self, Evidence};
use crate::wire::{AttemptContainerDetail, AttemptDetail, JobStatus};

const CONTAINER_EXITED: &str = "Essential container in task exited";
const TASK_FAILED_TO_START: &str = "Task failed to start";
const TIMED_OUT: &str = "Job attempt duration exceeded timeout";
const SPOT_INTERRUPTION: &str = "Your Spot Task was interrupted.";
pub(super) const QUEUE_DELETED: &str = "Job queue deleted";

pub(super) fn new_host(ids: &mut Ids, arns: &Arns) -> Host {
    Host {
        instance_id: ids.instance(),
        container_instance_arn: arns.ecs("container-instance", &ids.task()),
    }
}

impl Account {
    /// The container of the open attempt ended.
    pub(super) fn end_attempt(&mut self, key: JobKey, exit: Exit) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let Some(attempt) = &job.attempt else { return };
        // What never heard of its stop ended by itself.
        let cause = match &attempt.stop {
            Some(_) if exit.code == Some(0) && !attempt.is_signalled => None,
            cause => cause.clone(),
        };
        let has_succeeded =
            exit.code == Some(0) && matches!(cause, None | Some(StopCause::SpotInterruption));
        let status_reason: Reason = match cause {
            _ if has_succeeded => CONTAINER_EXITED.into(),
            Some(StopCause::Terminated) => job.stop_reason().unwrap_or_default(),
            Some(StopCause::TimedOut) => TIMED_OUT.into(),
            Some(StopCause::SpotInterruption) => SPOT_INTERRUPTION.into(),
            Some(StopCause::QueueDeleted) => QUEUE_DELETED.into(),
            None => own_end(&exit, attempt),
        };
        if has_succeeded {
            self.close_attempt(key, &exit, status_reason.clone());
            self.move_to(key, JobStatus::Succeeded, Some(status_reason));
        } else {
            let is_final = !matches!(cause, None | Some(StopCause::SpotInterruption));
            self.fail_attempt(key, &exit, status_reason, is_final);
        }
    }

    /// The attempt's host is gone, and the container with it.
    pub(super) fn lose_attempt(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let Some(attempt) = &job.attempt else { return };
        if attempt.is_taken {
            self.stops.push(Stop {
                job_id: Arc::clone(&job.id),
                attempt: attempt.number,
                signal: Signal::Kill,
            });
        }
        let status_reason: Reason = match (&attempt.stop, &attempt.host) {
            (Some(StopCause::Terminated), _) => job.stop_reason().unwrap_or_default(),
            (Some(StopCause::TimedOut), _) => TIMED_OUT.into(),
            (Some(StopCause::QueueDeleted), _) => QUEUE_DELETED.into(),
            (_, Some(host)) => {
                format!("Host EC2 (instance {}) terminated.", host.instance_id).into()
            }
            (_, None) => SPOT_INTERRUPTION.into(),
        };
        let is_final = matches!(
            attempt.stop,
            Some(StopCause::Terminated | StopCause::TimedOut | StopCause::QueueDeleted)
        );
        self.fail_attempt(key, &Exit::default(), status_reason, is_final);
    }

    /// FAILED, or another attempt.
    fn fail_attempt(&mut self, key: JobKey, exit: &Exit, status_reason: Reason, is_final: bool) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let Some(attempt) = &job.attempt else { return };
        let evidence = Evidence {
            exit_code: exit.code,
            reason: exit.reason.as_deref(),
            status_reason: Some(&status_reason),
        };
        let strategy = &job.spec.retry_strategy;
        let is_repeated = !is_final && retry::is_repeated(strategy, attempt.number, evidence);
        self.close_attempt(key, exit, status_reason.clone());
        if is_repeated {
            self.move_to(key, JobStatus::Runnable, None);
        } else {
            self.move_to(key, JobStatus::Failed, Some(status_reason));
        }
    }

    /// Lists the open attempt among those that have ended.
    fn close_attempt(&mut self, key: JobKey, exit: &Exit, status_reason: Reason) {
        let now = self.now;
        self.set_alarm(key, Alarm::Attempt, None);
        self.set_alarm(key, Alarm::Step, None);
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        let Some(attempt) = job.attempt.take() else {
            return;
        };
        let ran = attempt.started_at.is_some();
        job.attempts.push(AttemptDetail {
            container: AttemptContainerDetail {
                container_instance_arn: attempt.host.map(|host| host.container_instance_arn),
                task_arn: Some(attempt.task_arn),
                exit_code: exit.code,
                reason: exit.reason.as_deref().map(Arc::from),
                log_stream_name: ran.then_some(attempt.log_stream_name),
                network_interfaces: [],
            },
            started_at: attempt.started_at.map(|at| at.0),
            stopped_at: now.0,
            status_reason,
        });
    }

    /// Tells the container to end, and kills it after the grace. An attempt that nobody has taken
    /// ends at once; `false` if there is no attempt.
    pub(super) fn stop_attempt(&mut self, key: JobKey, cause: StopCause) -> bool {
        let Some(job) = self.jobs.get_mut(key) else {
            return false;
        };
        let Some(attempt) = &mut job.attempt else {
            return false;
        };
        if attempt.stop.is_some() {
            // The first cause decides, except that a user's word outlasts Spot's.
            if attempt.stop == Some(StopCause::SpotInterruption) {
                attempt.stop = Some(cause);
            }
            return true;
        }
        attempt.stop = Some(cause);
        if !attempt.is_taken {
            self.end_attempt(key, Exit::default());
            return true;
        }
        self.stops.push(Stop {
            job_id: Arc::clone(&job.id),
            attempt: attempt.number,
            signal: Signal::Terminate,
        });
        let kill_at = self.now.plus(self.settings.stop_grace);
        self.set_alarm(key, Alarm::Attempt, Some(kill_at));
        true
    }

    /// The attempt ran into its timeout, or its grace is over.
    pub(super) fn limit_attempt(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        match &job.attempt {
            Some(attempt) if attempt.stop.is_some() => self.stops.push(Stop {
                job_id: Arc::clone(&job.id),
                attempt: attempt.number,
                signal: Signal::Kill,
            }),
            Some(_) => {
                self.stop_attempt(key, StopCause::TimedOut);
            }
            None => {}
        }
    }
}

/// What Batch says of a container that nobody stopped.
fn own_end(exit: &Exit, attempt: &OpenAttempt) -> Reason {
    match (&exit.reason, exit.code) {
        (_, Some(_)) => CONTAINER_EXITED.into(),
        // ECS says it of the container on EC2, and of the task on Fargate.
        (Some(reason), None) if attempt.host.is_none() || is_about_task(reason) => {
            reason.clone().into()
        }
        (_, None) => TASK_FAILED_TO_START.into(),
    }
}

fn is_about_task(reason: &str) -> bool {
    reason.starts_with("ResourceInitializationError")
}
