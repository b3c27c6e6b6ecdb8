//! What one history is like: drawn once, at its beginning.

use std::time::Duration;

use crate::dice::Dice;
use crate::network::Service;

/// The shape of a history.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) replicas: usize,
    pub(crate) jobs: u64,
    /// How long there are faults.
    pub(crate) foul_for: Duration,
    /// Of a thousand jobs, how many are of a type without a gate.
    pub(crate) ungated: u64,
    /// Of a thousand jobs, how many are cancelled.
    pub(crate) cancelled: u64,
    /// Of a thousand attempts, how many lose their machine.
    pub(crate) machines_lost: u64,
    /// How far the replicas' clocks may be off.
    pub(crate) skew: Duration,
    /// How long a submission may be unseen by ListJobs, and by DescribeJobs.
    pub(crate) list_lag: Duration,
    pub(crate) describe_lag: Duration,
    /// Of a thousand submissions, how many are not shown for minutes.
    pub(crate) hidden: u64,
    /// Of a thousand attempts, how many never start.
    pub(crate) not_started: u64,
    /// How long a job is RUNNABLE.
    pub(crate) runnable_for: Duration,
    /// The longest that a job waits for a machine after that.
    pub(crate) longest_queue: Duration,
    /// The longest that a program works.
    pub(crate) longest_run: Duration,
    /// Whether replicas are killed, and whether they are paused.
    pub(crate) kills: bool,
    pub(crate) pauses: bool,
    /// Whether the feed of events works at all.
    pub(crate) has_feed: bool,
    /// Of a thousand events, how many are lost; as many come twice.
    pub(crate) events_lost: u64,
    /// How often something happens to the world as a whole, on average.
    pub(crate) trouble_every: Duration,
    /// Between a thing and nothing: how bad the network is, of a thousand requests.
    badness: u64,
}

/// Of a thousand requests, how many have this fate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) lost: u64,
    pub(crate) reply_lost: u64,
    pub(crate) stalled: u64,
}

impl Plan {
    pub(crate) fn draw(dice: &Dice) -> Self {
        let has_ungated = dice.happens(250);
        // A job without a gate that is in doubt is settled only after a quarter of an hour.
        let foul_for = if has_ungated {
            dice.millis(60_000, 1_500_000)
        } else {
            dice.millis(20_000, dice.pick(&[200_000, 800_000]))
        };
        Self {
            replicas: usize::try_from(dice.between(1, 3)).unwrap_or(3),
            jobs: dice.between(1, 4),
            foul_for,
            ungated: if has_ungated { 600 } else { 0 },
            cancelled: dice.pick(&[0, 300, 700]),
            machines_lost: dice.pick(&[0, 50, 200]),
            skew: dice.millis(0, 8_000),
            list_lag: dice.millis(0, 50_000),
            describe_lag: dice.pick(&[0, 0, 3, 20]).into_seconds(),
            // Without a gate nothing but the list tells that a job was accepted.
            hidden: if has_ungated {
                0
            } else {
                dice.pick(&[0, 0, 100, 400])
            },
            not_started: dice.pick(&[0, 0, 100]),
            runnable_for: dice.pick(&[0, 2, 30]).into_seconds(),
            longest_queue: dice.pick(&[5, 30, 90]).into_seconds(),
            longest_run: dice.pick(&[5, 20, 60]).into_seconds(),
            kills: dice.happens(700),
            pauses: dice.happens(400),
            has_feed: dice.happens(700),
            events_lost: dice.pick(&[0, 100, 500]),
            trouble_every: dice.pick(&[20, 60, 300]).into_seconds(),
            badness: dice.pick(&[0, 10, 50, 150]),
        }
        .perhaps_with_late_answers(dice)
    }

    /// Now and then little goes wrong but that answers are read much too late, of jobs that are not
    /// shown meanwhile: among many other faults that would hardly ever come together.
    fn perhaps_with_late_answers(self, dice: &Dice) -> Self {
        if self.ungated > 0 || !dice.happens(150) {
            return self;
        }
        Self {
            foul_for: dice.millis(500_000, 800_000),
            hidden: 500,
            kills: false,
            pauses: true,
            badness: dice.pick(&[0, 10]),
            trouble_every: Duration::from_secs(300),
            longest_queue: Duration::from_secs(90),
            ..self
        }
    }

    pub(crate) fn rates_of(&self, service: Service) -> Rates {
        let bad = self.badness;
        match service {
            Service::Store => Rates {
                lost: bad / 4,
                reply_lost: bad / 4,
                stalled: 0,
            },
            Service::SubmitJob => Rates {
                lost: bad,
                reply_lost: bad * 2,
                stalled: bad,
            },
            Service::Artifacts | Service::Batch | Service::Feed | Service::Gateway => Rates {
                lost: bad,
                reply_lost: bad,
                stalled: 0,
            },
        }
    }
}

trait IntoSeconds {
    fn into_seconds(self) -> Duration;
}

impl IntoSeconds for u64 {
    fn into_seconds(self) -> Duration {
        Duration::from_secs(self)
    }
}
