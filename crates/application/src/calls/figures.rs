//! How many calls looking at jobs takes, by their number: the pace and the bucket of reads as they
//! are, over jobs that do nothing but grow older. Run with `--no-capture` it prints the table.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::Settlement;
use batchway_domain::ports::{CallLimit, TokenBucket};

use super::{IDS_PER_LOOK, shared_out};
use crate::rules::pace_of;

/// What AWS Batch is taken to allow for everything but SubmitJob.
const OTHERS: CallLimit = CallLimit {
    per_second: 40.0,
    burst: 10,
};

const MINUTE: i64 = 60_000;

/// How long the loop rests at least where no call is left.
const LEAST_REST: Duration = Duration::from_millis(50);

/// How long a job of a steady load is in its state.
const LIFE: i64 = 60 * MINUTE;

struct Load {
    reads: CallLimit,
    bucket: TokenBucket,
    /// When each job is due, and since when it is as it is.
    due: BinaryHeap<Reverse<(i64, i64)>>,
}

/// What a minute took.
#[derive(Debug, Default)]
struct Minute {
    calls: usize,
    looks: usize,
    /// How late the latest look was, in milliseconds.
    late: i64,
}

impl Load {
    /// Jobs that have been as they are since these times.
    fn new(since: impl Iterator<Item = i64>) -> Self {
        let (_, reads) = shared_out(OTHERS);
        Self {
            reads,
            bucket: TokenBucket::full(reads, 0),
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

    /// A second of one replica's watch loop: rounds, until nothing is due or no call is left.
    fn second(&mut self, now: i64, lives: i64, minute: &mut Minute) {
        let is_due = |load: &Self| matches!(load.due.peek(), Some(Reverse((at, _))) if *at <= now);
        let at = Timestamp::from_millis(now);
        let mut time = now;
        while is_due(self) && time < now + 1000 {
            let grant = self.bucket.take(self.reads, 1, time);
            if grant.tokens == 0 {
                let rest = grant.next_in.max(LEAST_REST);
                time += i64::try_from(rest.as_millis()).unwrap();
                continue;
            }
            minute.calls += 1;
            for _ in 0..IDS_PER_LOOK {
                if !is_due(self) {
                    break;
                }
                let Some(Reverse((was_due, since))) = self.due.pop() else {
                    break;
                };
                minute.looks += 1;
                minute.late = minute.late.max(now - was_due);
                // One that has lived its time makes room for a new one.
                let since = if now - since >= lives { now } else { since };
                let pace = pace_of(Settlement::AWS_BATCH);
                let next = pace.next(Timestamp::from_millis(since), at);
                self.due.push(Reverse((next.as_millis(), since)));
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
    for (jobs, expected) in [(1000_i64, 70), (10_000, 240), (100_000, 1830)] {
        let mut load = Load::new((0..jobs).map(|number| -(number * LIFE / jobs)));
        let minutes = load.minutes(15, LIFE);
        let last = &minutes[5..];
        let calls = last.iter().map(|minute| minute.calls).sum::<usize>() / last.len();
        let looks = last.iter().map(|minute| minute.looks).sum::<usize>() / last.len();
        let late = last.iter().map(|minute| minute.late).max().unwrap();
        println!("{jobs:>7}: {calls:>5} calls, {looks:>7} looks, at most {late} ms late");
        assert!(calls <= expected, "{jobs} jobs take {calls} calls a minute");
        assert!(last.iter().all(|minute| minute.calls <= most_calls()));
        assert!(late <= 10_000, "{jobs} jobs: {late} ms late");
    }
}

#[test]
fn a_load_that_comes_all_at_once_is_looked_at_later_and_settles() {
    println!("jobs that all began at once: calls a minute, minute by minute");
    for jobs in [1000_usize, 10_000, 100_000] {
        let mut load = Load::new(std::iter::repeat_n(0, jobs));
        let minutes = load.minutes(20, i64::MAX);
        let calls: Vec<usize> = minutes.iter().map(|minute| minute.calls).collect();
        let late: Vec<i64> = minutes.iter().map(|minute| minute.late / 1000).collect();
        println!("{jobs:>7}: {calls:?}, late by seconds {late:?}");
        assert!(
            calls.iter().all(|calls| *calls <= most_calls()),
            "{calls:?}"
        );
        // Even at the worst none waits longer than all of them take together.
        assert!(late.iter().all(|late| *late <= 60), "{late:?}");
    }
}
