//! Jobs that their backend has: submitted and running.

use std::time::Duration;

use super::commands::{ENVIRONMENTS, QUOTAS, describe, queue_ahead};
use super::waiting_codes::mends_of;
use super::{Case, Finding, Mend, Obstacle, Reach, sentence};
use crate::Timestamp;
use crate::job::{Absence, Rules, WaitingReason};
use crate::ports::Capacity;

/// How long a machine takes to start at most, in the usual course: a few minutes on EC2.
const STARTS_WITHIN: Duration = Duration::from_secs(5 * 60);

/// How long a stop takes at most, in the usual course: half a minute of grace and a look.
const STOPS_WITHIN: Duration = Duration::from_secs(2 * 60);

/// After how long without a sign of life a runner is said to be silent. It gives one every few
/// seconds, and where it can't reach the gateway one is read from the artifact store within a
/// minute.
const SILENT_AFTER: Duration = Duration::from_secs(2 * 60);

impl Case<'_> {
    /// The backend has it, and its program does not run.
    pub(super) fn submitted(
        self,
        waiting: Option<&WaitingReason>,
        absence: Option<Absence>,
    ) -> Finding {
        if let Some(finding) = self.out_of_sight(absence) {
            return finding;
        }
        if let Some(WaitingReason { code, message }) = waiting {
            let summary = format!("The job waits at its backend: {}", sentence(message));
            let mends = self.seen.obstacles.mends().chain(mends_of(code));
            return Finding::new(code, summary, mends.collect());
        }
        if let Some(obstacle) = self.seen.obstacles.blocking() {
            return self.blocked_by(obstacle);
        }
        if self.seen.room == Some(Capacity::Queue) {
            self.not_flagged()
        } else {
            let summary = "The job was started, and its program does not run yet: its runner asks \
                           whether it may work, and fetches what the program needs.";
            let mends = vec![
                Mend::none_needed("Wait some seconds; large inputs take longer."),
                Mend::by_operator(
                    "If it goes on, read runner.log in the job's folder below runs/.",
                ),
            ];
            Finding::new("starting", summary, mends)
        }
    }

    fn blocked_by(self, obstacle: &Obstacle) -> Finding {
        let summary = format!(
            "The job waits at its backend, which can start none: {}",
            sentence(&obstacle.message)
        );
        let rest = self.seen.obstacles.mends();
        let rest = rest.filter(|mend| *mend != obstacle.mend);
        let mends = std::iter::once(obstacle.mend.clone()).chain(rest);
        Finding::new(&obstacle.code, summary, mends.collect())
    }

    /// In a queue of AWS Batch that says nothing of why.
    fn not_flagged(self) -> Finding {
        let is_new = self.now.since(self.job.state_since) < STARTS_WITHIN;
        let starts = Mend::none_needed(
            "Wait: a start takes half a minute on Fargate and some minutes on EC2.",
        );
        let mut mends = Vec::from_iter(is_new.then_some(starts));
        mends.extend(self.seen.obstacles.mends());
        mends.push(Mend {
            command: queue_ahead(self.job),
            ..Mend::by_operator(
                "See which jobs stand before it: AWS Batch tells a reason for the first job of a \
                 queue only, and the others wait behind it without one.",
            )
        });
        if self.seen.obstacles.unseen.is_some() {
            mends.push(
                Mend::by_operator(
                    "See whether its queue and their compute environments are enabled and valid, \
                     and maxvCpus is not below what the job asks for.",
                )
                .command(ENVIRONMENTS),
            );
        }
        mends.extend(where_nothing_is_flagged());
        let summary = if is_new {
            "AWS Batch has the job and has not started it yet, and gives no reason."
        } else {
            "AWS Batch has the job, has not started it for minutes, and gives no reason."
        };
        Finding::new("not_flagged", summary, mends)
    }

    /// Its program runs.
    pub(super) fn running(self, absence: Option<Absence>) -> Finding {
        if let Some(finding) = self.out_of_sight(absence) {
            return finding;
        }
        let progress = &self.job.progress;
        let last_sign = progress.heartbeat_at.unwrap_or(self.job.state_since);
        let last_sign = last_sign.max(self.job.state_since);
        if self.rules.gated && self.now.since(last_sign) >= SILENT_AFTER {
            return self.silent(last_sign);
        }
        let mut summary = format!(
            "The job has been running since {}, and says that it is at {} percent",
            self.job.state_since, progress.percent
        );
        if let Some(message) = &progress.message {
            summary = format!("{summary}: {message}");
        }
        if !self.rules.gated {
            summary = format!(
                "The job has been running since {}. Its image has no runner, so that nothing is \
                 known of its progress",
                self.job.state_since
            );
        }
        Finding::new("running", sentence(&summary), Vec::new())
    }

    fn silent(self, last_sign: Timestamp) -> Finding {
        let summary = format!(
            "The job's program runs, as far as its backend knows, and its runner has given no sign \
             of life since {last_sign}."
        );
        let mut mends = vec![
            Mend::by_operator(
                "See whether the job can reach the gateway at BATCHWAY_PUBLIC_URL, or else the \
                 artifact store.",
            ),
            Mend::by_owner(
                "Read what it wrote last. A program that hangs is ended by its job type's timeout, \
                 or by a cancel.",
            ),
        ];
        mends.extend(self.look_at_aws());
        Finding::new("silent", summary, mends)
    }

    /// What hides all else, or is more than all else: nobody sees the job, or it is to stop.
    fn out_of_sight(self, absence: Option<Absence>) -> Option<Finding> {
        if self.seen.reach == Reach::NoBackend {
            return Some(self.no_backend());
        }
        if let Some(since) = self.job.backend_unreachable_since {
            let summary = format!(
                "Since {since} the job's backend can't be asked. The job itself may well go on: \
                 its status is what it was before."
            );
            let mends = self.mends_of_silence();
            return Some(Finding::new("backend_unreachable", summary, mends));
        }
        if let Some(absence) = absence {
            return Some(self.absent(absence));
        }
        if let Some(asked_at) = self.job.cancel_requested_at {
            return Some(self.stopping(asked_at));
        }
        (self.seen.reach == Reach::Elsewhere && self.is_unseen()).then(|| self.elsewhere())
    }

    /// Whether nobody has looked at it for longer than anyone waits between two looks.
    fn is_unseen(self) -> bool {
        let seen_at = self.job.last_checked_at.unwrap_or(self.job.state_since);
        self.now.since(seen_at) >= SILENT_AFTER
    }

    fn absent(self, Absence { since, answers }: Absence) -> Finding {
        let until = since.plus(Rules::LOST_AFTER);
        let summary = format!(
            "Since {since} the job's backend has been answering without it, {answers} times so \
             far. It counts as lost from {until} on, unless it turns up or left its results."
        );
        let mut mends = vec![
            Mend::none_needed("Wait: answers may lag behind what runs."),
            Mend::by_operator(
                "See whether the gateway looks into the account, the region or the folder that the \
                 job was sent to.",
            ),
        ];
        mends.extend(self.look_at_aws());
        Finding::new("absent", summary, mends)
    }

    fn stopping(self, asked_at: Timestamp) -> Finding {
        let summary = format!(
            "The job is to be stopped since {asked_at}, and something of it runs still, or may."
        );
        let mut mends = vec![Mend::none_needed(
            "Wait: a program has its time to end by itself, and the gateway asks again until it \
             has ended.",
        )];
        if self.now.since(asked_at) >= STOPS_WITHIN {
            mends.push(Mend::by_operator(
                "Look for \"could not stop a copy\" in the gateway's log: mostly \
                 batch:TerminateJob is not allowed, or, on one machine, a process hangs in the \
                 kernel (state D in ps). See that a gateway runs.",
            ));
            mends.extend(self.look_at_aws());
        }
        Finding::new("stopping", summary, mends)
    }

    fn elsewhere(self) -> Finding {
        let seen_at = self.job.last_checked_at.unwrap_or(self.job.state_since);
        let summary = format!(
            "The job was sent from another machine, account or region, and no gateway there has \
             looked at it since {seen_at}."
        );
        let mends = vec![Mend::by_operator(
            "Start the gateway there. What a machine had that has not been heard of for half an \
             hour is started again elsewhere, if its type has tries left.",
        )];
        Finding::new("elsewhere", summary, mends)
    }

    /// What helps where a backend does not answer.
    pub(super) fn mends_of_silence(self) -> Vec<Mend> {
        vec![
            Mend::none_needed(
                "Wait: nothing is called failed for it, and the gateway asks again within a minute.",
            ),
            Mend::by_operator(
                "Mend credentials, rights, clock or network: \"the backend could not be asked\" in \
                 the gateway's log says which.",
            )
            .command("batchway doctor"),
        ]
    }

    /// AWS Batch's own words, where the job is there.
    pub(super) fn look_at_aws(self) -> Option<Mend> {
        let is_there = self.seen.room == Some(Capacity::Queue);
        let command = describe(self.job).filter(|_| is_there)?;
        Some(Mend::by_operator("See what AWS Batch says of it.").command(command))
    }
}

/// What AWS Batch never tells of: user guide, "Troubleshooting: jobs stuck in RUNNABLE".
fn where_nothing_is_flagged() -> [Mend; 4] {
    [
        Mend::by_operator(
            "See whether the account's quota is reached: a new account has 6 vCPUs of Fargate on \
             demand, and EC2 has quotas of its own.",
        )
        .command(QUOTAS),
        Mend::by_operator(
            "See whether the subnets of the compute environment have a way to ECS and ECR: a NAT \
             gateway, public addresses, or endpoints in the VPC.",
        ),
        Mend::by_operator(
            "On EC2, ask for less memory than an instance has: its agent needs some of it.",
        ),
        Mend::by_operator(
            "See whether the job definition wants a consumable resource of which none is left.",
        ),
    ]
}
