//! Jobs that no backend has, or may have: accepted, submitting, unresolved.

use std::time::Duration;

use super::waiting_codes::mends_of;
use super::{Case, Finding, Mend, Reach, sentence};
use crate::Timestamp;
use crate::job::{Settlement, WaitingReason};
use crate::ports::Capacity;

/// How long a job may be due before it is told that perhaps nobody works.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

impl Case<'_> {
    /// Recorded, and to be sent.
    pub(super) fn accepted(
        self,
        not_before: Timestamp,
        waiting: Option<&WaitingReason>,
    ) -> Finding {
        if self.seen.reach == Reach::NoBackend {
            return self.no_backend();
        }
        if let Some(WaitingReason { code, message }) = waiting {
            let summary = format!("The job waits to be sent: {}", sentence(message));
            return Finding::new(code, summary, mends_of(code));
        }
        if not_before > self.now {
            return self.put_off(not_before);
        }
        if self.seen.room == Some(Capacity::Slots(0)) {
            return slots_full();
        }
        self.due_since(not_before)
    }

    /// It has another time to wait for: after a failed try, or after a sending that had no effect.
    fn put_off(self, not_before: Timestamp) -> Finding {
        let last = self.job.attempts.last();
        let failure = last.and_then(|attempt| attempt.failure.as_ref());
        let again = format!("it is sent again at {not_before}");
        let Some(failure) = failure else {
            let summary = format!(
                "The job could not be sent a moment ago, through no fault of its own, and {again}."
            );
            return Finding::new(
                "put_off",
                summary,
                vec![
                    Mend::none_needed("Wait: nothing was sent, and nothing is lost."),
                    Mend::by_operator(
                        "If it goes on, look for \"could not hand the job over\" in the gateway's \
                         log: too many calls, or the network.",
                    )
                    .command("batchway doctor"),
                ],
            );
        };
        let summary = format!(
            "Try {} of the job failed, and {again} as try {}. {}",
            last.map_or(0, |attempt| attempt.try_number),
            self.job.current_try.number,
            sentence(&failure.message)
        );
        let mut mends = vec![Mend::none_needed(
            "Wait: the next try goes on from the last checkpoint, where its program writes any.",
        )];
        // What its owner is told first is mostly to submit it again, which is what happens anyway.
        let of_failure = self.mends_of_failure(failure).into_iter();
        mends.extend(of_failure.filter(|mend| mend.advice != failure.class.remedy()));
        Finding::new("retry", summary, mends)
    }

    /// Nothing keeps it, so that its turn comes at once, or nobody gives it any.
    fn due_since(self, not_before: Timestamp) -> Finding {
        let waits = self.now.since(not_before);
        if waits < TAKEN_WITHIN {
            return Finding::new(
                "turn",
                "The job waits for its turn to be given to its backend.",
                vec![Mend::none_needed(
                    "Wait: users take turns, and within a user the oldest job comes first.",
                )],
            );
        }
        let summary = format!(
            "The job has been due for {} seconds, and nobody has sent it to its backend.",
            waits.as_secs()
        );
        Finding::new(
            "not_taken",
            summary,
            vec![
                Mend::by_operator(
                    "See that somebody works: batchway serve, or batchway worker beside batchway \
                     serve --no-worker, on the same store.",
                ),
                Mend::by_operator(
                    "Look for \"a round failed\" of dispatch in the gateway's log, and for calls \
                     that AWS takes no more of. Where many jobs wait, each has its turn.",
                )
                .command("batchway doctor"),
            ],
        )
    }

    /// Somebody holds the right to send it.
    pub(super) fn submitting(self, lease_until: Timestamp) -> Finding {
        let (cause, summary) = if lease_until > self.now {
            let summary = format!(
                "The job is being sent to its backend. If that does not become known by \
                 {lease_until}, it is looked up by its name."
            );
            ("submitting", summary)
        } else {
            let summary = format!(
                "The job was being sent to its backend until {lease_until}, by a gateway that has \
                 not said how that went; it is looked up by its name next."
            );
            ("sender_gone", summary)
        };
        let mut mends = vec![Mend::none_needed("Wait some seconds.")];
        if cause == "sender_gone" {
            mends.push(Mend::by_operator(
                "See that a gateway runs: the one that sent it was killed, or the store is away.",
            ));
        }
        Finding::new(cause, summary, mends)
    }

    /// It may have been sent.
    pub(super) fn unresolved(self, since: Timestamp, first_empty_at: Option<Timestamp>) -> Finding {
        if self.seen.reach == Reach::NoBackend {
            return self.no_backend();
        }
        let doubt = "Whether the backend took the job is not known, after a kill or a lost reply";
        if let Some(since) = self.job.backend_unreachable_since {
            let summary = format!(
                "{doubt}, and since {since} the backend can't be asked. It is never sent twice."
            );
            return Finding::new("backend_unreachable", summary, self.mends_of_silence());
        }
        let until = self.resolved_by(since, first_empty_at);
        let summary = format!(
            "{doubt}. It is looked up by its name, and sent again only once it is certain that \
             there is none: by {until} at the latest, if the backend answers."
        );
        let advice = "Wait: sooner, nothing proves that there is no job, and a second one would \
                      run beside the first.";
        Finding::new("unresolved", summary, vec![Mend::none_needed(advice)])
    }

    /// When looking in vain will have proven that there is nothing, should all looks be in vain.
    fn resolved_by(self, since: Timestamp, first_empty_at: Option<Timestamp>) -> Timestamp {
        let longest = self.rules.pace.longest;
        let Settlement::After {
            quiet,
            spread,
            ungated,
            ..
        } = self.rules.settlement
        else {
            return self.job.next_check_at.max(self.now).plus(longest);
        };
        let quiet = if self.rules.gated {
            quiet
        } else {
            quiet.max(ungated)
        };
        let first = first_empty_at.unwrap_or_else(|| since.plus(quiet).plus(longest));
        first.plus(spread).plus(longest).max(self.now)
    }

    /// The gateway was started without what the job is to run on.
    pub(super) fn no_backend(self) -> Finding {
        let backend = &self.job.backend;
        Finding::new(
            "backend_missing",
            format!("The job belongs to the backend {backend}, which this gateway does not have."),
            vec![Mend::by_operator(format!(
                "Configure {backend} again, or start the doctor where the gateway starts, with the \
                 same environment and .env."
            ))],
        )
    }
}

fn slots_full() -> Finding {
    Finding::new(
        "slots_full",
        "The job waits for room: as many jobs run on this machine as may run at once.",
        vec![
            Mend::none_needed("Wait: the next job starts as soon as one ends."),
            Mend::by_owner("Cancel jobs that are no longer wanted."),
            Mend::by_operator(
                "Raise BATCHWAY_PROCESS_CONCURRENCY if the machine has room, and restart the \
                 gateway; what runs goes on.",
            ),
        ],
    )
}
