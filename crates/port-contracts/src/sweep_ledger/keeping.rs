//! Since when a store keeps jobs, and what is there after its process died.

use std::time::Duration;

use batchway_domain::Timestamp;

use super::{SweepLedgerFixture, orphan, queue};

/// A new store has been keeping jobs since it began, by its own clock; that time never changes,
/// whatever happens to the store.
pub async fn a_store_keeps_jobs_since_it_began(fixture: &dyn SweepLedgerFixture) {
    let since = kept_since(fixture).await;
    // The fixture's clock stands still.
    assert_eq!(since, fixture.now());
    fixture.advance(Duration::from_secs(3600));
    assert_eq!(kept_since(fixture).await, since);
    fixture.reopen().await;
    if fixture.capabilities().durable {
        assert_eq!(kept_since(fixture).await, since);
    } else {
        assert!(
            kept_since(fixture).await > since,
            "an empty store has kept nothing"
        );
    }
}

/// Everything that was answered with `Ok` is there after the store is opened again. A store that
/// does not promise that is empty, and not half full.
pub async fn what_was_acknowledged_is_there_again(fixture: &dyn SweepLedgerFixture) {
    let ledger = fixture.ledger();
    let now = fixture.now();
    let swept = ledger.record_sweep(&queue("standard"), now).await;
    swept.expect("the store answers");
    for serial in 1..=3 {
        let noted = ledger.note_orphan(&orphan(serial, now)).await;
        noted.expect("the store answers");
    }
    let forgotten = orphan(2, now);
    let forgotten = ledger
        .forget_orphan(&forgotten.backend, &forgotten.id)
        .await;
    forgotten.expect("the store answers");

    fixture.reopen().await;

    let ledger = fixture.ledger();
    let swept = ledger.swept_until(&queue("standard")).await;
    let swept = swept.expect("the store is read");
    let orphans = ledger.orphans().await.expect("the store is read");
    if fixture.capabilities().durable {
        assert_eq!(swept, Some(now));
        assert_eq!(orphans, [orphan(1, now), orphan(3, now)]);
    } else {
        assert_eq!((swept, orphans.len()), (None, 0));
    }
}

async fn kept_since(fixture: &dyn SweepLedgerFixture) -> Timestamp {
    let since = fixture.ledger().kept_since().await;
    since.expect("the store is read")
}
