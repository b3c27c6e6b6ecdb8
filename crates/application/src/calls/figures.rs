//! How many calls looking at jobs takes, by their number: the pace, the stretch and the bucket
//! of reads as they are, over jobs that do nothing but grow older. Run with `--no-capture` it
//! prints the table.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use batchway_domain::Timestamp;
use batchway_domain::job::{Pace, Settlement};
use batchway_domain::ports::{CallLimit, TokenBucket};

use super::{IDS_PER_LOOK, shared_out, stretch::Stretch};
use crate::rules::pace_of;

/// What AWS Batch is taken to allow for everything but SubmitJob.
const OTHERS: CallLimit = CallLimit {
    per_second: 40.0,
    burst: 40,
};

const MINUTE: i64 = 60_000;

/// How long a job of a steady load is in its state.
const LIFE: i64 = 60 * MINUTE;

struct Load {
    reads: CallLimit,
    bucket: TokenBucket,
    stretch: Stretch,
    /// When each job is due, and since when it is as it is.
    due: BinaryHeap<Reverse<(i64, i64)>>,
}

/// What a minute took.
#[derive(Debug, Default)]
struct Minute {
    calls: usize,
    looks: usize,
    put_off: usize,
    stretch: u32,
}

impl Load {
    /// Jobs that have been as they are since these times.
    fn new(since: impl Iterator<Item = i64>) -> Self {
        let (_, reads) = shared_out(OTHERS);
        Self {
            reads,
            bucket: TokenBucket::full(reads, 0),
            stretch: Stretch::default(),
            // Spread over their pace, as they are once they have been looked at.
            due: since
                .enumerate()
                .map(|(number, since)| {
                    let rest = (-since / 10).clamp(2000, MINUTE);
                    let share = i64::try_from(number * 7919 % 1000).unwrap();
                    Reverse((rest * share / 1000, since))
                })
                .collect(),
        }
    }

    fn pace(&self) -> Pace {
        Pace {
            stretch: self.stretch.factor(),
            ..pace_of(Settlement::AWS_BATCH)
        }
    }

    /// A second of one replica's watch loop: rounds, until nothing is due or no call is left.
    fn second(&mut self, now: i64, lives: i64, minute: &mut Minute) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < IDS_PER_LOOK
                && let Some(Reverse((at, since))) = self.due.peek().copied()
                && at <= now
            {
                self.due.pop();
                batch.push(since);
            }
            if batch.is_empty() {
                return;
            }
            let at = Timestamp::from_millis(now);
            let granted = self.bucket.take(self.reads, 1, now).tokens == 1;
            let pace = self.pace();
            if granted {
                self.stretch.enough(at);
                minute.calls += 1;
                minute.looks += batch.len();
            } else {
                self.stretch.too_little(at);
                minute.put_off += batch.len();
            }
            for since in &batch {
                // One that has lived its time makes room for a new one.
                let since = if now - since >= lives { now } else { *since };
                let next = if granted {
                    pace.next(Timestamp::from_millis(since), at).as_millis()
                } else {
                    at.plus(pace.shortest * pace.stretch).as_millis()
                };
                self.due.push(Reverse((next, since)));
            }
            if !granted {
                return;
            }
        }
    }

    fn minutes(&mut self, count: i64, lives: i64) -> Vec<Minute> {
        (0..count)
            .map(|number| {
                let mut minute = Minute::default();
                for second in 0..60 {
                    self.second(number * MINUTE + second * 1000, lives, &mut minute);
                }
                minute.stretch = self.stretch.factor();
                minute
            })
            .collect()
    }
}

/// What one minute may take: what comes in, and what has been saved up.
fn most_calls() -> usize {
    let (_, reads) = shared_out(OTHERS);
    30 * 60 + reads.burst as usize
}

#[test]
fn a_steady_load_of_any_size_stays_within_what_may_be_read() {
    println!("jobs of an hour each, at any age: calls a minute");
    for (jobs, expected) in [(1000_i64, 60), (10_000, 220), (100_000, 1750)] {
        let mut load = Load::new((0..jobs).map(|number| -(number * LIFE / jobs)));
        let minutes = load.minutes(15, LIFE);
        let last = &minutes[5..];
        let calls = last.iter().map(|minute| minute.calls).sum::<usize>() / last.len();
        let looks = last.iter().map(|minute| minute.looks).sum::<usize>() / last.len();
        let stretch = last.iter().map(|minute| minute.stretch).max().unwrap();
        println!("{jobs:>7}: {calls:>5} calls, {looks:>7} looks, stretched {stretch}");
        assert!(calls <= expected, "{jobs} jobs take {calls} calls a minute");
        assert!(last.iter().all(|minute| minute.calls <= most_calls()));
        // None is looked at more seldom than every four minutes on average.
        assert!(looks * 4 >= usize::try_from(jobs).unwrap(), "{looks} looks");
    }
}

#[test]
fn a_load_that_comes_all_at_once_is_stretched_until_it_fits() {
    println!("jobs that all began at once: calls a minute, minute by minute");
    for jobs in [1000_usize, 10_000, 100_000] {
        let mut load = Load::new(std::iter::repeat_n(0, jobs));
        let minutes = load.minutes(12, i64::MAX);
        let calls: Vec<usize> = minutes.iter().map(|minute| minute.calls).collect();
        let stretch: Vec<u32> = minutes.iter().map(|minute| minute.stretch).collect();
        println!("{jobs:>7}: {calls:?}, stretched {stretch:?}");
        assert!(
            calls.iter().all(|calls| *calls <= most_calls()),
            "{calls:?}"
        );
        // It settles: nothing is turned away for ever.
        let last = minutes.last().unwrap();
        assert!(last.put_off * 20 < last.looks, "{last:?}");
        assert!(last.looks * 16 >= jobs, "{last:?}");
    }
}
