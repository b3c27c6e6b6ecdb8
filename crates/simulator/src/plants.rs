//! Bugs on purpose: each is a mistake that a gateway like this one could have, planted into what
//! surrounds its code or into its state machine. A simulator that lets one of them pass is worth
//! nothing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::Machine;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::job::machine::{GateReading, Observation, Transition, observe};
use batchway_domain::job::{Absence, CancelCause, Job, JobState, Rules};

use crate::world::World;

macro_rules! plants {
    ($($(#[doc = $doc:literal])* $plant:ident = $name:literal,)*) => {
        /// A mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Plant {
            $($(#[doc = $doc])* $plant,)*
        }

        impl Plant {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$plant,)*];

            /// Its name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$plant => $name,)* }
            }

            /// What is wrong.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$plant => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

plants! {
    /// A SubmitJob without an answer is sent again by the SDK, up to three times.
    SdkRetries = "sdk-retries",
    /// Sendings are not told apart: what an old one hears counts as the present one's, and a new
    /// claim forgets that an earlier one is in doubt.
    NoEpoch = "no-epoch",
    /// A record is written over whatever is there, be it newer than what was read.
    NoCompareAndSet = "no-compare-and-set",
    /// The store answers before its disk has it, and is killed now and then.
    NoBarrier = "no-barrier",
    /// One look-up by name that finds nothing proves that nothing was accepted.
    ResolveAtOnce = "resolve-at-once",
    /// Whatever bears the name is ours, whoever submitted it and with which request.
    AdoptByNameOnly = "adopt-by-name-only",
    /// The resolver adopts the oldest copy that it finds, whatever the gate says.
    IgnoreGate = "ignore-gate",
    /// The gate is written over by whoever comes later.
    UnconditionalGate = "unconditional-gate",
    /// An id that comes under an old epoch is dropped.
    LateIdDropped = "late-id-dropped",
    /// What is said of another copy of the try moves the job.
    LosersEvent = "losers-event",
    /// A job whose owner wants it stopped is sent again when it turns out not to have been sent.
    ResendAfterCancel = "resend-after-cancel",
    /// A description without the job means that it is lost.
    TrustEmptyDescribe = "trust-empty-describe",
    /// Jobs are stopped by CancelJob.
    CancelJob = "cancel-job",
    /// A stop whose request was taken is never asked for again.
    StopOnce = "stop-once",
    /// A job is cancelled as soon as its owner asks for it.
    CancelledAtOnce = "cancelled-at-once",
    /// A sweep takes the jobs of another deployment for its own.
    SweepOthers = "sweep-others",
    /// Copies that must not go on are forgotten.
    SurplusForgotten = "surplus-forgotten",
    /// An answer that never came counts as a request that was never made.
    NoAnswerMeansNothing = "no-answer-means-nothing",
    /// A request is accepted although the store did not say so.
    AcceptedBeforeStored = "accepted-before-stored",
    /// Idempotency keys are not looked at.
    KeyIgnored = "key-ignored",
    /// The backend's word for success is enough, whether there are results or not.
    NoManifestNeeded = "no-manifest-needed",
    /// A try that fails is made again, also where its owner wants it stopped.
    RetryUnderCancel = "retry-under-cancel",
}

impl fmt::Display for Plant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Plant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.iter().map(|plant| plant.name());
        Self::ALL
            .iter()
            .find(|plant| plant.name() == text)
            .copied()
            .ok_or_else(|| {
                let names: Vec<&str> = names().collect();
                format!("there are {}", names.join(", "))
            })
    }
}

impl World {
    /// The state machine of this history's gateways.
    pub(crate) fn machine(self: &Arc<Self>) -> Machine {
        match self.plant {
            None => Machine::default(),
            Some(plant) => Machine::new(move |job, observation, rules, now| {
                decide_wrongly(plant, job, observation, rules, now)
            }),
        }
    }
}

fn decide_wrongly(
    plant: Plant,
    job: &Job,
    observation: &Observation,
    rules: &Rules,
    now: Timestamp,
) -> Option<Transition> {
    let (mut job, mut observation) = (job.clone(), observation.clone());
    let cancelled_at = job.cancel_requested_at;
    match (plant, &mut observation) {
        (
            Plant::NoEpoch,
            Observation::SubmitAccepted { epoch, .. }
            | Observation::SubmitRefused { epoch, .. }
            | Observation::SubmitHeld { epoch, .. }
            | Observation::SubmitDidNotHappen { epoch, .. }
            | Observation::SubmitUnknown { epoch },
        ) => *epoch = job.current_try.epoch,
        (Plant::LateIdDropped, Observation::SubmitAccepted { epoch, .. })
            if *epoch != job.current_try.epoch
                || !matches!(job.state, JobState::Submitting { .. }) =>
        {
            return None;
        }
        (Plant::IgnoreGate, Observation::LookedUp { found, gate }) => {
            if let Some(oldest) = found.first() {
                *gate = GateReading::Admitted(oldest.clone());
            }
        }
        (Plant::ResendAfterCancel, Observation::LookedUp { .. }) => {
            job.cancel_requested_at = None;
        }
        (Plant::RetryUnderCancel, Observation::Described { .. }) => {
            job.cancel_requested_at = None;
        }
        (Plant::TrustEmptyDescribe, Observation::Absent { by_name, .. }) => {
            *by_name = Some(false);
            believe_lost(&mut job, now);
        }
        (Plant::NoManifestNeeded, Observation::Described { manifest, .. }) => {
            manifest.get_or_insert(ProgramEnd::Exited { code: 0 });
        }
        (Plant::CancelledAtOnce, Observation::CancelRequested) if !job.status().is_terminal() => {
            return cancel_at_once(&job, rules, now);
        }
        _ => {}
    }
    let mut transition = observe(&job, &observation, rules, now)?;
    if transition.job.cancel_requested_at.is_none() {
        transition.job.cancel_requested_at = cancelled_at;
    }
    if plant == Plant::NoEpoch && matches!(observation, Observation::Claimed { .. }) {
        transition.job.current_try.in_doubt = false;
    }
    if plant == Plant::SurplusForgotten {
        transition.job.surplus.clear();
    }
    Some(transition)
}

fn believe_lost(job: &mut Job, now: Timestamp) {
    if let JobState::Submitted { absence, .. } | JobState::Running { absence, .. } = &mut job.state
    {
        *absence = Some(Absence {
            since: now.minus(Rules::LOST_AFTER + Duration::from_secs(1)),
            answers: Rules::LOST_AFTER_ANSWERS,
        });
    }
}

/// As if nothing of it had been sent.
fn cancel_at_once(job: &Job, rules: &Rules, now: Timestamp) -> Option<Transition> {
    let mut unsent = job.clone();
    unsent.current_try.in_doubt = false;
    unsent.candidates.clear();
    unsent.state = JobState::Accepted {
        not_before: now,
        waiting: None,
    };
    let transition = observe(&unsent, &Observation::CancelRequested, rules, now)?;
    let is_cancelled = transition.job.state
        == JobState::Cancelled {
            cause: CancelCause::Requested,
        };
    is_cancelled.then_some(transition)
}
