//! When loops run: each period, when nudged, at once while there is more, later while they fail.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use batchway_application::loops::{Loop, Report, drive};
use batchway_memory_adapters::SeededEntropy;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::scene::{MINUTE, SECOND};

const PERIOD: Duration = Duration::from_secs(10);

/// A loop that notes when its rounds begin.
struct Noted {
    rounds: Mutex<Vec<Instant>>,
    nudge: Notify,
    /// How long a round takes.
    takes: Duration,
    /// What the rounds report, by their number from 0.
    report: fn(usize) -> Report,
}

impl Noted {
    fn new(report: fn(usize) -> Report) -> Self {
        Self {
            rounds: Mutex::default(),
            nudge: Notify::new(),
            takes: Duration::ZERO,
            report,
        }
    }

    /// Drives it for this long; answers the times between its rounds.
    async fn rests_within(&self, time: Duration) -> Vec<Duration> {
        let entropy = SeededEntropy::default();
        let endless = drive(self, &entropy, CancellationToken::new());
        assert!(timeout(time, endless).await.is_err(), "it has no end");
        let rounds = self.rounds.lock().unwrap();
        rounds.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

#[async_trait]
impl Loop for Noted {
    fn name(&self) -> String {
        "noted".to_owned()
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn run_once(&self) -> Report {
        let number = {
            let mut rounds = self.rounds.lock().unwrap();
            rounds.push(Instant::now());
            rounds.len() - 1
        };
        sleep(self.takes).await;
        (self.report)(number)
    }

    async fn nudged(&self) {
        self.nudge.notified().await;
    }
}

fn failed() -> Report {
    Report {
        failure: Some("it broke".to_owned()),
        ..Report::default()
    }
}

/// Whether a rest is this long, give or take a tenth.
fn is_about(rest: Duration, expected: Duration) -> bool {
    (expected.mul_f64(0.89)..=expected.mul_f64(1.11)).contains(&rest)
}

#[tokio::test(start_paused = true)]
async fn a_round_each_period_more_or_less() {
    let rests = Noted::new(|_| Report::default())
        .rests_within(10 * MINUTE)
        .await;
    assert!((54..=66).contains(&rests.len()));
    assert!(rests.iter().all(|rest| is_about(*rest, PERIOD)));
    assert!(rests.windows(2).any(|two| two[0] != two[1]), "with jitter");
}

#[tokio::test(start_paused = true)]
async fn a_nudge_ends_a_rest() {
    let work = Noted::new(|_| Report::default());
    let nudges = async {
        sleep(2 * SECOND).await;
        work.nudge.notify_one();
    };
    let (rests, ()) = tokio::join!(work.rests_within(PERIOD), nudges);
    assert_eq!(rests, [2 * SECOND]);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_rest_while_there_is_more() {
    let rests = Noted::new(|number| Report {
        more: number < 3,
        ..Report::default()
    })
    .rests_within(PERIOD + 2 * SECOND)
    .await;
    assert_eq!(rests[..3], [Duration::ZERO; 3]);
    assert!(is_about(rests[3], PERIOD));
}

#[tokio::test(start_paused = true)]
async fn rests_grow_while_rounds_fail_and_nudges_do_not_end_them() {
    let work = Noted::new(|number| match number {
        0..4 => Report {
            more: true,
            ..failed()
        },
        _ => Report::default(),
    });
    work.nudge.notify_one();
    let rests = work.rests_within(4 * MINUTE).await;
    let expected = [20, 30, 30, 30, 0, 10, 10].map(|seconds| seconds * SECOND);
    for (rest, expected) in rests.iter().zip(expected) {
        assert!(is_about(*rest, expected), "{rests:?}");
    }
    assert!(rests.len() >= expected.len());
}

#[tokio::test(start_paused = true)]
async fn a_round_that_is_on_is_finished_first() {
    let mut work = Noted::new(|_| Report {
        more: true,
        ..Report::default()
    });
    work.takes = 5 * SECOND;
    let drain = CancellationToken::new();
    let entropy = SeededEntropy::default();
    let began = Instant::now();
    let stop = async {
        sleep(7 * SECOND).await;
        drain.cancel();
    };
    tokio::join!(drive(&work, &entropy, drain.clone()), stop);
    assert_eq!(began.elapsed(), 10 * SECOND);
    assert_eq!(work.rounds.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_a_rest() {
    let work = Noted::new(|_| Report::default());
    let drain = CancellationToken::new();
    let entropy = SeededEntropy::default();
    let began = Instant::now();
    let stop = async {
        sleep(SECOND).await;
        drain.cancel();
    };
    tokio::join!(drive(&work, &entropy, drain.clone()), stop);
    assert_eq!(began.elapsed(), SECOND);
    drive(&work, &entropy, drain).await;
    assert_eq!(work.rounds.lock().unwrap().len(), 1, "none after it");
}

#[tokio::test(start_paused = true)]
async fn a_round_that_says_how_long_to_rest_is_left_alone_so_long() {
    let rest = Duration::from_millis(400);
    let work = Noted::new(|number| Report {
        more: true,
        rest: (number == 0).then_some(Duration::from_millis(400)),
        ..Report::default()
    });
    work.nudge.notify_one();
    let mut work = work;
    work.takes = SECOND;
    let rests = work.rests_within(4 * SECOND).await;
    assert!(is_about(rests[0] - SECOND, rest), "{rests:?}");
    assert_eq!(rests[1], SECOND, "and then on");
}
