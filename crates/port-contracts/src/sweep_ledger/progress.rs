//! How far sweeps have come.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::Queue;

use super::{SweepLedgerFixture, queue};
use crate::concurrency::all_at_once;

const MINUTE: Duration = Duration::from_secs(60);

/// A queue that was never swept has no time.
pub async fn a_queue_that_was_never_swept_has_no_time(fixture: &dyn SweepLedgerFixture) {
    assert_eq!(swept_until(fixture, &queue("standard")).await, None);
}

/// The beginning of a completed sweep is told to the millisecond, and a later one takes its place.
pub async fn a_completed_sweep_is_told(fixture: &dyn SweepLedgerFixture) {
    let standard = queue("standard");
    let first = fixture.now().plus(Duration::from_millis(7));
    for began_at in [first, first.plus(Duration::from_millis(1))] {
        record(fixture, &standard, began_at).await;
        assert_eq!(swept_until(fixture, &standard).await, Some(began_at));
    }
}

/// A sweep that began earlier than one that is known takes nothing back, however late it is told.
pub async fn an_earlier_sweep_takes_nothing_back(fixture: &dyn SweepLedgerFixture) {
    let standard = queue("standard");
    let began_at = fixture.now();
    record(fixture, &standard, began_at).await;
    fixture.advance(MINUTE);
    for earlier in [
        began_at.minus(Duration::from_millis(1)),
        began_at.minus(MINUTE),
        Timestamp::EPOCH,
        began_at,
    ] {
        record(fixture, &standard, earlier).await;
        assert_eq!(swept_until(fixture, &standard).await, Some(began_at));
    }
}

/// Each queue has its own time, also where names differ in little.
pub async fn queues_are_kept_apart(fixture: &dyn SweepLedgerFixture) {
    let names = ["standard", "Standard", "standard ", "standard/1", ""];
    let began_at = fixture.now();
    for (minutes, name) in (0..).zip(names) {
        let swept = began_at.plus(MINUTE * minutes);
        record(fixture, &queue(name), swept).await;
    }
    for (minutes, name) in (0..).zip(names) {
        let swept = swept_until(fixture, &queue(name)).await;
        assert_eq!(swept, Some(began_at.plus(MINUTE * minutes)), "{name:?}");
    }
    assert_eq!(swept_until(fixture, &queue("other")).await, None);
}

/// Of sweeps that are told at the same time, the latest stays.
pub async fn of_concurrent_sweeps_the_latest_stays(fixture: &dyn SweepLedgerFixture) {
    let began_at = fixture.now();
    let records: Vec<_> = (0..20)
        .map(|minutes| {
            let ledger = fixture.ledger();
            let swept = began_at.plus(MINUTE * (minutes * 7 % 20));
            async move { ledger.record_sweep(&queue("standard"), swept).await }
        })
        .collect();
    for recorded in all_at_once(records).await {
        recorded.expect("the store answers");
    }
    let latest = swept_until(fixture, &queue("standard")).await;
    assert_eq!(latest, Some(began_at.plus(MINUTE * 19)));
}

async fn swept_until(fixture: &dyn SweepLedgerFixture, queue: &Queue) -> Option<Timestamp> {
    let swept = fixture.ledger().swept_until(queue).await;
    swept.expect("the store is read")
}

async fn record(fixture: &dyn SweepLedgerFixture, queue: &Queue, began_at: Timestamp) {
    let recorded = fixture.ledger().record_sweep(queue, began_at).await;
    recorded.expect("the store answers");
}
